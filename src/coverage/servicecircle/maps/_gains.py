"""What each candidate adds at each step of the plan, by group: sparse sums over reach."""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from servicecircle.reach import ones_of

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd
    from numpy.typing import NDArray
    from scipy import sparse

    from servicecircle.reach import Reach

RUNNER_UP_METRES = 400


def within_reach(reach: Reach, limit: float) -> sparse.csr_array:
    """Within reach or not, as 1 and 0: facilities × demand."""
    table = reach.within(min(limit, reach.cutoff)).minutes
    return ones_of(table).astype(np.float64)


def group_sums(
    pattern: sparse.csr_array, demand: gpd.GeoDataFrame, counts: NDArray[np.bool_]
) -> pd.Series:
    """Return a dict by group of the marked places' workers that each facility reaches."""
    workers = demand["workers"].fillna(0.0).to_numpy() * counts
    groups = demand["group"].to_numpy()
    names = sorted({name for name in groups if name})
    sums = [np.asarray(pattern @ (workers * (groups == name))) for name in names]
    return object_series(
        {name: float(column[row]) for name, column in zip(names, sums, strict=True) if column[row]}
        for row in range(pattern.shape[0])
    )


def object_series(values: Iterable[object], index: pd.Index | None = None) -> pd.Series:
    """Return a column of Python objects."""
    return pd.Series(list(values), index=index, dtype=object)


class Gains:
    """Which candidate reaches which place, and what that adds at each step of the plan.

    ``left`` are the places that no station covers when the first site opens, where that is not
    as today: a plan may close stations first.
    """

    def __init__(
        self,
        reach: Reach,
        candidates: gpd.GeoDataFrame,
        sites: gpd.GeoDataFrame,
        demand: gpd.GeoDataFrame,
        left: NDArray[np.bool_] | None = None,
    ) -> None:
        self.candidates, self.sites, self.demand = candidates, sites, demand
        self.reach = reach
        self.pattern = within_reach(reach, reach.cutoff)
        self.workers = demand["workers"].fillna(0.0).to_numpy()
        self.uncovered = demand["today"].isna().to_numpy()
        self.left = self.uncovered if left is None else left
        self.rows: list[int] = candidates.index.get_indexer(sites.index).tolist()
        self.steps = self._steps()

    def _steps(self) -> list[NDArray[np.bool_]]:
        """Places still uncovered before each opening, and after the last one."""
        left = self.left
        steps = [left]
        for row in self.rows:
            left = left.copy()
            left[self.pattern.indices[slice(*self.pattern.indptr[row : row + 2])]] = False
            steps.append(left)
        return steps

    def of_steps(self) -> list[float]:
        """Return the workers whom each site newly covers when it opens."""
        steps = pairwise(self.steps)
        return [float(self.workers[before & ~after].sum()) for before, after in steps]

    def by_gain(self) -> Gains:
        """Return the same with the sites in the order of what each adds alone, and that gain."""
        order = np.argsort(-self._gain(self.uncovered)[self.rows], kind="stable")
        sites = self.sites.iloc[order]
        table = Gains(self.reach, self.candidates, sites, self.demand)
        table.sites = sites.assign(gain=table.of_steps())
        return table

    def first_site(self) -> NDArray[np.int64]:
        """Return the opening number of the site that newly covers each place, or 0."""
        number = np.zeros(len(self.demand), dtype=np.int64)
        for order, (before, after) in enumerate(pairwise(self.steps), 1):
            number[before & ~after] = order
        return number

    def describe_sites(self) -> gpd.GeoDataFrame:
        """Add to the sites who is newly covered, by group, and the runner-up."""
        groups = [
            group_sums(self.pattern[[row]], self.demand, self.steps[step])[0]
            for step, row in enumerate(self.rows)
        ]
        runners = [self._runner_up(step) for step in range(len(self.rows))]
        return self.sites.assign(
            groups=object_series(groups, self.sites.index),
            runner_up=object_series((key for key, _ in runners), self.sites.index),
            runner_gain=[gain for _, gain in runners],
        )

    def _runner_up(self, step: int) -> tuple[object, float]:
        """Find the best other candidate within 400 m, opened in place of this site."""
        place = self.sites.geometry.iloc[step]
        near = shapely.dwithin(self.candidates.geometry.to_numpy(), place, RUNNER_UP_METRES)
        near[self.rows] = False
        gains = self._gain(self.steps[step])
        gains[~near] = 0.0
        if not len(gains) or gains.max() <= 0:
            return None, float("nan")
        best = int(np.argmax(gains))
        return self.candidates.index[best], float(gains[best])

    def _gain(self, counts: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.asarray(self.pattern @ (self.workers * counts))

    def describe_candidates(self) -> gpd.GeoDataFrame:
        """Add to the candidates whom each alone would newly cover, by group."""
        made = self.candidates.assign(
            groups=group_sums(self.pattern, self.demand, self.uncovered).to_numpy()
        )
        return made[~made.geometry.is_empty]
