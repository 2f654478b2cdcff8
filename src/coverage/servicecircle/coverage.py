"""Who is covered, by whom, and who is not."""

from __future__ import annotations

import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from servicecircle._checks import (
    check_minutes,
    check_places,
    check_weights,
    name_some,
)
from servicecircle._notebook import with_map
from servicecircle._said import say
from servicecircle.access import own_only
from servicecircle.districts import area_of
from servicecircle.errors import InputError, InputWarning
from servicecircle.hours import open_at, read_holidays, read_moment
from servicecircle.reach import Reach, keep_pairs, reach_of
from servicecircle.sites import in_use

if TYPE_CHECKING:
    import datetime as dt
    from collections.abc import Iterable, Sequence

    import geopandas as gpd

    from servicecircle.networks import WalkNetwork


@dataclass(frozen=True, repr=False)
class Coverage:
    """Who is within how many minutes' walk of a facility.

    Attributes
    ----------
    demand : geopandas.GeoDataFrame
        The caller's rows and ``facility`` (nearest within the largest minutes, or
        missing), ``minutes`` (walk to it), ``band`` (smallest of the asked minutes that
        covers the point, or missing), ``covered`` (within the largest) and ``status``.
    facilities : geopandas.GeoDataFrame
        The caller's rows and ``workers`` (within the largest minutes),
        ``workers_alone`` (of these, covered by no other facility) and ``status``.
    minutes : tuple of float
        The asked cutoffs, rising.
    speed : float
        Walking speed in km/h.
    weight : str
        The column of ``demand`` that was summed.
    reach : Reach
        The minutes behind the numbers.
    network : WalkNetwork or None
        The streets, when the coverage was computed from them.
    at : datetime.datetime or None
        The moment that was asked for; then ``facilities`` has a column ``open``.
    """

    demand: gpd.GeoDataFrame
    facilities: gpd.GeoDataFrame
    minutes: tuple[float, ...]
    speed: float
    weight: str
    reach: Reach
    network: WalkNetwork | None = None
    at: dt.datetime | None = None

    def __repr__(self) -> str:
        share = "–" if np.isnan(self.share) else f"{self.share:.1%}"
        return (
            f"<Coverage: {len(self.facilities):,} facilities cover {share} of "
            f"{self._weights.sum():,.0f} {self.weight} within {self.minutes[-1]:g} minutes>"
        )

    def _repr_html_(self) -> str:
        return with_map(self, self.summary().to_html(), "map_coverage")

    @property
    def _weights(self) -> np.ndarray:
        return _counted(self.demand, self.weight)

    @property
    def hours_unknown(self) -> pd.Index:
        """Ids of the facilities whose opening hours are unknown, when a moment was asked for."""
        if "open" not in self.facilities.columns:
            return self.facilities.index[:0]
        return self.facilities.index[self.facilities["open"].isna()]

    @property
    def gaps(self) -> gpd.GeoDataFrame:
        """The demand points that are not covered within the largest minutes."""
        return self.demand[~self.demand["covered"]]

    @property
    def share(self) -> float:
        """Share of the weight covered within the largest minutes; NaN where there is none."""
        return _share(float(self._weights[self.demand["covered"]].sum()), self._weights.sum())

    def summary(self) -> pd.DataFrame:
        """Return one row per cutoff.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``minutes``: ``workers`` (all), ``covered``, ``share``,
            ``covered_twice`` (within reach of two facilities or more), and of the walk
            to the nearest facility ``mean_minutes`` (of those covered), ``median_minutes``
            and ``p90_minutes`` (of all; missing where that many are not covered).
        """
        weights = self._weights
        walk = self.demand["minutes"].to_numpy(dtype=float, na_value=np.nan)
        rows = []
        for limit in self.minutes:
            inside = walk <= np.float32(limit)
            twice = self.reach.within(limit).minutes
            times = np.bincount(twice.indices, minlength=len(weights))
            near = np.where(inside, walk, np.inf)
            rows.append(
                {
                    "workers": weights.sum(),
                    "covered": weights[inside].sum(),
                    "share": _share(weights[inside].sum(), weights.sum()),
                    "covered_twice": weights[times > 1].sum(),
                    "mean_minutes": _mean(walk[inside], weights[inside]),
                    "median_minutes": _quantile(near, weights, 0.5),
                    "p90_minutes": _quantile(near, weights, 0.9),
                }
            )
        return pd.DataFrame(rows, index=pd.Index(self.minutes, name="minutes"))

    def by(self, by: str | gpd.GeoDataFrame) -> pd.DataFrame:
        """Return the same per group or district.

        Parameters
        ----------
        by : str or geopandas.GeoDataFrame
            A column of ``demand``, or areas: a point counts for the first area that holds
            it, and points in none are the row with a missing label. Areas without points
            are there too, so that empty grid cells can be listed.

        Returns
        -------
        pandas.DataFrame
            Indexed by group or area id: ``workers``, one ``share_<minutes>`` per cutoff,
            ``covered``, ``uncovered``, ``share`` (within the largest minutes), ``places``.
        """
        label = self._labels(by)
        walk = self.demand["minutes"].to_numpy(dtype=float, na_value=np.nan)
        weights = self._weights
        table = pd.DataFrame({"workers": weights, "places": 1}, index=self.demand.index)
        for limit in self.minutes:
            table[f"share_{limit:g}"] = weights * (walk <= np.float32(limit))
        sums = table.groupby(label.to_numpy(), dropna=False, sort=True).sum()
        if not isinstance(by, str):
            outside = sums[sums.index.isna()]
            sums = pd.concat([sums.reindex(by.index, fill_value=0), outside])
        total = sums["workers"].to_numpy()
        covered = sums[f"share_{self.minutes[-1]:g}"].copy()
        for limit in self.minutes:
            column = f"share_{limit:g}"
            sums[column] = np.divide(
                sums[column], total, out=np.full(len(total), np.nan), where=total > 0
            )
        sums["covered"], sums["uncovered"] = covered, total - covered
        sums["share"] = sums[f"share_{self.minutes[-1]:g}"]
        sums.index.name = by if isinstance(by, str) else by.index.name or "area"
        return sums

    def _labels(self, by: str | gpd.GeoDataFrame) -> pd.Series:
        if isinstance(by, str):
            if by not in self.demand.columns:
                raise InputError(
                    f"`demand` has no column {by!r}; it has {list(map(str, self.demand.columns))}."
                )
            return self.demand[by]
        return area_of(self.demand, by)


def measure_coverage(
    network: WalkNetwork | Reach,
    facilities: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    *,
    minutes: float | Sequence[float] = 15,
    speed: float = 4.5,
    weight: str = "workers",
    unit: str | None = None,
    at: str | dt.datetime | None = None,
    holidays: Iterable[dt.date | str] | None = None,
) -> Coverage:
    """Measure who is covered by the facilities and who is not.

    Parameters
    ----------
    network : WalkNetwork or Reach
        The streets, or the walking minutes computed from them before.
    facilities, demand : geopandas.GeoDataFrame
        Places with a CRS; the index is the id. Rows whose ``status`` is not ``ok`` stay
        in the result and count in no sum, except that people too far from any street
        (``unsnapped``, ``island``) count as not covered. Facilities that are closed or only
        planned, by ``state`` (停用, 拟建 …), ``closed`` or ``open``, stay too and reach nobody.
    minutes : float or sequence of float
        One or more cutoffs (≤ counts as covered).
    speed : float
        Walking speed in km/h.
    weight : str
        Column of ``demand`` with the number of workers (finite, ≥ 0).
    unit : str, optional
        Column of both tables with the unit (单位) that places and people belong to: then
        facilities not open to all, by ``open_to_public`` or ``access``, count only for
        people of their own unit. Where that is not known they count as not open, with a
        warning. Default: every facility counts for everybody.
    at : str or datetime.datetime, optional
        Count only facilities open at this moment by their ``hours``: ``"Tue 22:30"``,
        ``"周二 22:30"`` (of a plain week in June) or a datetime. Unknown hours count as
        closed, with a warning; see ``Coverage.hours_unknown``. Default: all count.
    holidays : iterable of datetime.date or str, optional
        Days that count as public holidays, such as the whole week of 1 October; used with
        a dated ``at``. Without it only the single days that the evaluator knows do.

    Returns
    -------
    Coverage

    Raises
    ------
    CrsError, InputError
        A table has no CRS or repeated ids, the weight column is missing or negative,
        minutes exceed those of a given reach, or ``at`` is no moment.
    """
    cutoffs = check_minutes(minutes)
    moment, closed_days = None if at is None else read_moment(at), read_holidays(holidays)
    check_places(facilities, "facilities")
    check_places(demand, "demand")
    check_weights(demand, weight, "demand")
    reach = reach_of(network, facilities, demand, cutoff=cutoffs[-1], speed=speed)
    reach = keep_rows(reach, in_use(facilities))
    if unit is not None:
        reach = own_only(reach, facilities, demand, unit)
    if moment is not None:
        facilities = _opened(facilities, moment, closed_days)
        reach = keep_rows(reach, facilities["open"].fillna(value=False).to_numpy(dtype=bool))
    coverage = coverage_of(
        reach,
        facilities,
        demand,
        minutes=cutoffs,
        speed=speed,
        weight=weight,
        network=None if isinstance(network, Reach) else network,
    )
    return replace(coverage, at=moment)


def _opened(
    facilities: gpd.GeoDataFrame, moment: dt.datetime, holidays: frozenset[dt.date]
) -> gpd.GeoDataFrame:
    """Add whether each facility is open, and warn of those of which it is not known."""
    out = facilities.assign(open=open_at(check_hours(facilities), moment, holidays))
    warn_of_hours(list(out.index[out["open"].isna()]), len(out))
    return out


def warn_of_hours(unknown: Sequence[object], every: int) -> None:
    """Warn of facilities whose hours cannot be read."""
    if unknown:
        said = say(
            "{n} of {every} facilities have no readable opening hours and count as closed: {some}.",
            "{every} 个站点中有 {n} 个没有可读的开放时间，按关闭计：{some}。",
            n=len(unknown),
            every=every,
            some=name_some(unknown),
        )
        warnings.warn(said, InputWarning, stacklevel=4)


def check_hours(facilities: gpd.GeoDataFrame) -> pd.Series:
    """Return the column of opening hours, or raise."""
    if "hours" not in facilities.columns:
        raise InputError(
            "`facilities` has no column 'hours' (开放时间), so it is not known what is open when; "
            f"it has {list(map(str, facilities.columns))}."
        )
    return facilities["hours"]


def keep_rows(reach: Reach, kept: np.ndarray) -> Reach:
    """Return a reach in which facilities that are not kept reach nobody."""
    of_row = np.repeat(kept, np.diff(reach.minutes.indptr))
    return replace(reach, minutes=keep_pairs(reach.minutes, of_row))


def coverage_of(
    reach: Reach,
    facilities: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    *,
    minutes: tuple[float, ...],
    speed: float,
    weight: str,
    network: WalkNetwork | None,
) -> Coverage:
    """Build the coverage of checked tables from their reach."""
    near = reach.nearest()
    walk = near["minutes"].to_numpy()
    bands = np.full(len(walk), np.nan)
    for limit in reversed(minutes):
        bands[walk <= np.float32(limit)] = limit
    people = demand.assign(
        facility=near["facility"],
        minutes=walk,
        band=bands,
        covered=walk <= np.float32(minutes[-1]),
        status=reach.demand_status,
    )
    weights = _counted(people, weight)
    table = reach.within(minutes[-1]).minutes
    reached = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
    alone = np.bincount(table.indices, minlength=table.shape[1]) == 1
    weighed = weights[table.indices]
    rows = facilities.assign(
        workers=np.bincount(reached, weighed, table.shape[0]),
        workers_alone=np.bincount(reached, weighed * alone[table.indices], table.shape[0]),
        status=reach.facility_status,
    )
    return Coverage(people, rows, minutes, speed, weight, reach, network)


def _counted(demand: pd.DataFrame, weight: str) -> np.ndarray:
    """Weights that count in sums: 0 for rows that a reader has marked as bad."""
    values = check_weights(demand, weight, "demand")
    counted = demand["status"].isin(["ok", "unsnapped", "island"]).to_numpy()
    return np.where(counted, values, 0.0)


def _share(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")


def _mean(values: np.ndarray, weights: np.ndarray) -> float:
    return float(np.average(values, weights=weights)) if weights.sum() > 0 else float("nan")


def _quantile(values: np.ndarray, weights: np.ndarray, share: float) -> float:
    """Smallest value with at least ``share`` of the weight at or below it; NaN if infinite."""
    if weights.sum() <= 0:
        return float("nan")
    order = np.argsort(values, kind="stable")
    heaped = np.cumsum(weights[order])
    at = int(np.searchsorted(heaped, share * heaped[-1] * (1 - 1e-12)))
    value = float(values[order][at])
    return value if np.isfinite(value) else float("nan")
