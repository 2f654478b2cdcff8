"""The planner's rules as rows ``low ≤ Σ amount · open ≤ high`` over the candidates."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any, cast

import numpy as np
import pandas as pd
from pyproj import Geod
from scipy.spatial import cKDTree

from servicecircle._checks import name_some
from servicecircle._kernel.cover import whole_weights
from servicecircle.errors import InputError, ModelError, ModelWarning
from servicecircle.reach import id_order

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import geopandas as gpd

    from servicecircle._kernel.cover import Bools, Ints
    from servicecircle.scores import SiteTable
    from servicecircle.siting.plan import Asked

Groups = str | tuple[tuple[object, ...], ...]

EARTH = 6_371_008.8  # m; only to look for pairs, which the ellipsoid then decides
WGS84 = Geod(ellps="WGS84")


@dataclass(frozen=True)
class Limit:
    """One rule over the candidates in the order of their ids.

    ``rule`` and ``what`` name it; ``sites``, ``amounts``: who counts how much; ``counted``:
    what existing stations already add; ``scale``: units per unit that the planner wrote.
    """

    rule: str
    what: str
    sites: Ints
    amounts: Ints
    low: float
    high: float
    counted: int = 0
    scale: float = 1.0


@dataclass(frozen=True)
class Problem:
    """What to decide, with the candidates in the order of their ids.

    ``by_id``: the caller's position of each. ``required``, ``free``: positions that must,
    and may, open. ``limits``: every rule over them.
    """

    table: SiteTable
    asked: Asked
    by_id: Ints
    required: Ints
    free: Ints
    limits: tuple[Limit, ...]

    @property
    def usable(self) -> Ints:
        """Positions that may be open in a plan."""
        return np.union1d(self.required, self.free)

    def ids(self, sites: Ints) -> tuple[object, ...]:
        """Ids of the candidates at these positions."""
        return tuple(self.table.candidates.index[self.by_id[sites]])


def problem_of(table: SiteTable, asked: Asked) -> Problem:
    """Put the candidates in the order of their ids and write every rule over them."""
    ids, by_id = table.candidates.index, id_order(table.candidates.index)
    required, forbidden = ids.isin(asked.required), ids.isin(asked.forbidden)
    if (required & forbidden).any():
        raise ModelError(
            "These ids are both `required` and `forbidden`: "
            f"{name_some(ids[required & forbidden])}. Take them out of one of the two."
        )
    ok = (table.status == "ok").to_numpy()
    if (required & ~ok).any():
        warnings.warn(
            "Required sites that cannot be reached on foot open but cover nobody: "
            f"{name_some(ids[required & ~ok])}.",
            ModelWarning,
            stacklevel=4,
        )
    usable = required | (ok & ~forbidden)
    limits = tuple(_limits(table, asked, by_id, usable))
    closed = [one.sites for one in limits if one.rule == "cost"]
    shut = np.zeros(len(ids), dtype=bool)
    shut[np.concatenate([np.zeros(0, np.int64), *closed])] = True
    free = np.flatnonzero((usable & ~required)[by_id] & ~shut)
    return Problem(table, asked, by_id, np.flatnonzero(required[by_id]), free, limits)


def _limits(table: SiteTable, asked: Asked, by_id: Ints, usable: Bools) -> Iterator[Limit]:
    candidates = table.candidates.iloc[by_id]
    every = np.arange(len(by_id))
    if asked.n_open is not None:
        yield Limit("n_open", "", every, np.ones(len(every), np.int64), -np.inf, asked.n_open)
    if asked.budget is not None:
        yield from _budget(candidates, asked, usable[by_id])
    stations: Any = {"existing": table.existing, "count_existing": asked.count_existing}
    for rule, wanted in (("at_least", asked.at_least), ("at_most", asked.at_most)):
        for column, numbers in (wanted or {}).items():
            yield from _numbers(rule, column, numbers, candidates, **stations)
    if asked.exclusive is not None:
        yield from _exclusive(candidates, cast("Groups", asked.exclusive))
    if asked.min_spacing:
        yield from _spacing(candidates, table.existing, asked.min_spacing, usable[by_id])


def _budget(candidates: gpd.GeoDataFrame, asked: Asked, usable: Bools) -> Iterator[Limit]:
    if asked.cost not in candidates.columns:
        raise ModelError(
            f"`budget` needs a column of costs, but `candidates` has no {asked.cost!r}. "
            "Name it with `cost=`."
        )
    cost = pd.to_numeric(candidates[asked.cost], errors="coerce").to_numpy(float, na_value=np.nan)
    unknown = ~(np.isfinite(cost) & (cost >= 0))
    if (unknown & usable).any():
        warnings.warn(
            f"{int((unknown & usable).sum())} candidates have no valid cost and stay closed: "
            f"{name_some(candidates.index[unknown & usable])}.",
            ModelWarning,
            stacklevel=6,
        )
    for j in np.flatnonzero(unknown):
        yield Limit("cost", "", np.array([j]), np.ones(1, np.int64), -np.inf, 0)
    budget = cast("float", asked.budget)
    known = np.flatnonzero(~unknown)
    units, scale = whole_weights(cost[known])
    high = np.floor(budget * scale * (1 + 1e-12))
    if len(known) and not (cost[known][usable[known]] <= budget).any() and usable.any():
        warnings.warn(
            f"`budget` is {budget:g}, below the cheapest site "
            f"({cost[known][usable[known]].min(initial=np.inf):g}): nothing can open.",
            ModelWarning,
            stacklevel=6,
        )
    yield Limit("budget", "", known, units, -np.inf, high, scale=scale)


def _numbers(
    rule: str,
    column: str,
    numbers: int | Mapping[object, int],
    candidates: gpd.GeoDataFrame,
    *,
    existing: gpd.GeoDataFrame,
    count_existing: bool,
) -> Iterator[Limit]:
    """At least, or at most, so many sites for values of a column."""
    if column not in candidates.columns:
        raise ModelError(f"`{rule}` names the column {column!r}, which `candidates` does not have.")
    there = count_existing and len(existing) > 0
    if there and column not in existing.columns:
        raise ModelError(
            f"`{rule}` counts existing stations, but `existing` has no column {column!r}. "
            "Add it, or pass `count_existing=False`."
        )
    values = candidates[column]
    stations = existing[column] if there else pd.Series([], dtype=object)
    known = pd.unique(pd.concat([values.astype(object), stations.astype(object)]).dropna())
    wanted = numbers if isinstance(numbers, Mapping) else dict.fromkeys(known, numbers)
    unknown = [value for value in wanted if value not in set(known)]
    if unknown:
        raise ModelError(
            f"`{rule}` names {name_some(unknown)} in {column!r}, which occur nowhere; there are "
            f"{name_some(known)}."
        )
    for value, number in wanted.items():
        sites = np.flatnonzero((values == value).to_numpy(dtype=bool, na_value=False))
        counted = int((stations == value).sum())
        low, high = (
            (number - counted, np.inf) if rule == "at_least" else (-np.inf, number - counted)
        )
        if low > 0 or rule == "at_most":
            amounts = np.ones(len(sites), np.int64)
            high = max(high, 0)  # stations already above the limit stay: nothing may be added
            yield Limit(rule, f"{column} = {value}", sites, amounts, low, high, counted)


def _exclusive(candidates: gpd.GeoDataFrame, exclusive: Groups) -> Iterator[Limit]:
    """At most one of each group of candidates."""
    if isinstance(exclusive, str):
        if exclusive not in candidates.columns:
            raise ModelError(f"`exclusive` names the column {exclusive!r}, which is not there.")
        groups = candidates.groupby(exclusive, dropna=True, observed=True).indices
        parts = [(str(value), np.sort(at)) for value, at in groups.items()]
    else:
        parts = []
        for group in exclusive:
            at = candidates.index.get_indexer(pd.Index(list(group), dtype=candidates.index.dtype))
            if (at < 0).any():
                raise ModelError(f"`exclusive` has unknown ids in {name_some(group)}.")
            parts.append(("", np.sort(at)))
    for what, sites in parts:
        if len(sites) > 1:
            yield Limit("exclusive", what, sites, np.ones(len(sites), np.int64), -np.inf, 1)


def _spacing(
    candidates: gpd.GeoDataFrame, existing: gpd.GeoDataFrame, metres: float, usable: Bools
) -> Iterator[Limit]:
    """At most one of sites that are all nearer to each other than ``metres``."""
    here, there = _lonlat(candidates), _lonlat(existing)
    one, two = _near(here, there, metres)
    for j in np.unique(one):
        yield Limit("min_spacing", "existing", np.array([j]), np.ones(1, np.int64), -np.inf, 0)
    shut = np.zeros(len(candidates), dtype=bool)
    shut[one] = True
    one, two = _near(here, here, metres)
    keep = (one < two) & ~shut[one] & ~shut[two] & usable[one] & usable[two]
    for sites in cliques(len(candidates), one[keep], two[keep]):
        yield Limit("min_spacing", "", sites, np.ones(len(sites), np.int64), -np.inf, 1)


def cliques(n: int, one: Ints, two: Ints) -> Iterator[Ints]:
    """Cover the pairs by groups in which all are paired: fewer and stronger rows."""
    friends: list[set[int]] = [set() for _ in range(n)]
    for a, b in zip(one.tolist(), two.tolist(), strict=True):
        friends[a].add(b)
        friends[b].add(a)
    left = set(zip(one.tolist(), two.tolist(), strict=True))
    for a, b in sorted(left):
        if (a, b) not in left:
            continue
        group, common = [a, b], friends[a] & friends[b]
        while common:
            nearest = min(common)
            group.append(nearest)
            common = common & friends[nearest]
        group.sort()
        left.difference_update((x, y) for k, x in enumerate(group) for y in group[k + 1 :])
        yield np.array(group)


def _lonlat(frame: gpd.GeoDataFrame) -> np.ndarray:
    points = frame.geometry.representative_point() if len(frame) else frame.geometry
    points = points.to_crs(4326) if frame.crs is not None else points
    return np.column_stack([points.x, points.y]).reshape(-1, 2).astype(float)


def _near(first: np.ndarray, second: np.ndarray, metres: float) -> tuple[Ints, Ints]:
    """Pairs less than so many metres apart (geodesic)."""
    rows, columns = (np.flatnonzero(np.isfinite(part).all(axis=1)) for part in (first, second))
    if not len(rows) or not len(columns):
        return np.zeros(0, np.int64), np.zeros(0, np.int64)
    trees = [cKDTree(_on_sphere(part)) for part in (first[rows], second[columns])]
    pairs = trees[0].sparse_distance_matrix(trees[1], 1.01 * metres + 1.0, output_type="coo_matrix")
    one, two = rows[pairs.row], columns[pairs.col]
    apart = WGS84.inv(first[one, 0], first[one, 1], second[two, 0], second[two, 1])[2]
    near = np.asarray(apart) < metres
    return one[near], two[near]


def _on_sphere(lonlat: np.ndarray) -> np.ndarray:
    lon, lat = np.radians(lonlat).T
    return EARTH * np.column_stack(
        [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]
    )


def check_groups(exclusive: str | Iterable[Iterable[object]] | None) -> object:
    """Check what is mutually exclusive: a column, or groups of ids."""
    if exclusive is None or isinstance(exclusive, str):
        return exclusive
    groups = tuple(exclusive)
    if any(isinstance(group, str) for group in groups):
        raise InputError(
            "`exclusive` must be a column name or a list of groups of ids, e.g. "
            '`exclusive=[("C001", "C002")]`.'
        )
    return tuple(tuple(group) for group in groups)
