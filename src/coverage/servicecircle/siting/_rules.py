"""The planner's rules as rows ``low ≤ Σ amount · open ≤ high`` over the sites."""

from __future__ import annotations

import warnings
from collections.abc import Mapping
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from servicecircle._checks import name_some
from servicecircle._kernel.cover import whole_weights
from servicecircle._said import say
from servicecircle._values import yes_no
from servicecircle.errors import ModelError, ModelWarning
from servicecircle.reach import id_order
from servicecircle.scores import together
from servicecircle.sites import in_use
from servicecircle.siting._spacing import cliques, near_in_metres, near_on_foot
from servicecircle.siting._words import value_of_column
from servicecircle.siting._worth import Worth, worth_of

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import geopandas as gpd

    from servicecircle._kernel.cover import Bools, Floats, Ints
    from servicecircle.networks import WalkNetwork
    from servicecircle.reach import Reach
    from servicecircle.scores import SiteTable
    from servicecircle.siting._solve import Progress
    from servicecircle.siting._spacing import Pairs
    from servicecircle.siting.plan import Asked

Groups = str | tuple[tuple[object, ...], ...]


@dataclass(frozen=True)
class Limit:
    """One rule over the sites.

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
class Places:
    """Who may open or close, by position.

    Of ``n`` candidates and ``k`` stations the first ``n`` positions are the candidates in
    the order of their ids, the next ``k`` the stations, the last ``k`` their upgrades.
    ``by_id``: the caller's row of each candidate. ``required``, ``free``: candidates that
    must, and may, open. ``closable``: stations that may close. ``upgrades``: those that may
    be made. ``preferred``: candidates that go first among plans of equal value.
    """

    by_id: Ints
    stations: int
    required: Ints
    free: Ints
    closable: Ints
    upgrades: Ints
    preferred: Ints


@dataclass(frozen=True)
class Problem:
    """What to decide: the places, every rule over them, and what covering them counts for.

    ``progress`` is called with seconds, value and bound in the planner's units.
    """

    table: SiteTable
    asked: Asked
    places: Places
    limits: tuple[Limit, ...]
    worth: Worth
    progress: Progress | None = None

    @property
    def by_id(self) -> Ints:
        """The caller's row of each candidate, in the order of ids."""
        return self.places.by_id

    @property
    def required(self) -> Ints:
        """Candidates that must open."""
        return self.places.required

    @property
    def free(self) -> Ints:
        """Candidates that may open."""
        return self.places.free

    @property
    def n_places(self) -> int:
        """Candidates and stations."""
        return len(self.places.by_id) + self.places.stations

    @property
    def usable(self) -> Ints:
        """Positions that are decided or must open: candidates, closable stations, upgrades."""
        parts = self.required, self.free, self.places.closable, self.places.upgrades
        return np.unique(np.concatenate(parts))

    @property
    def fixed(self) -> Ints:
        """Stations that stay open whatever the plan."""
        stations = np.arange(len(self.by_id), self.n_places)
        return np.setdiff1d(stations, self.places.closable)

    def told(self, unit: float, base: float = 0.0) -> Progress | None:
        """Return the callback for a solver whose values times ``unit`` come on top of ``base``."""
        tell = self.progress
        if tell is None:
            return None
        return lambda seconds, value, bound: tell(seconds, base + unit * value, base + unit * bound)

    def ids(self, sites: Ints) -> tuple[object, ...]:
        """Ids of the places at these positions."""
        n = len(self.by_id)
        new, old = sites[sites < n], (sites[sites >= n] - n) % max(self.places.stations, 1)
        return (
            *self.table.candidates.index[self.by_id[new]],
            *self.table.existing.index[np.unique(old)],
        )


def problem_of(
    table: SiteTable,
    asked: Asked,
    network: WalkNetwork | Reach,
    progress: Progress | None = None,
) -> Problem:
    """Put the candidates in the order of their ids and write every rule over them."""
    by_id = id_order(table.candidates.index)
    required, forbidden = (
        np.asarray(table.candidates.index[by_id].isin(ids))
        for ids in (asked.required, asked.forbidden)
    )
    ok = (table.status == "ok").to_numpy()[by_id]
    _check_required(table.candidates.index[by_id], required, forbidden, ok)
    candidates = table.candidates.iloc[by_id]
    n, k = len(by_id), len(table.existing)
    closable = np.flatnonzero(chosen_rows(table.existing, asked.closable, "closable", "existing"))
    places = Places(
        by_id,
        k,
        np.flatnonzero(required),
        np.flatnonzero(~required & ok & ~forbidden),
        n + closable,
        n + k + _upgrades(table, asked),
        np.flatnonzero(chosen_rows(candidates, asked.prefer, "prefer", "candidates")),
    )
    limits = tuple(_limits(table, asked, places, network))
    closed = [np.zeros(0, np.int64), *(one.sites for one in limits if one.rule == "cost")]
    free = np.setdiff1d(places.free, np.concatenate(closed))
    places = replace(places, free=free)
    return Problem(table, asked, places, limits, worth_of(table, asked), progress)


def _check_required(ids: pd.Index, required: Bools, forbidden: Bools, ok: Bools) -> None:
    if (required & forbidden).any():
        raise ModelError(
            "These ids are both `required` and `forbidden`: "
            f"{name_some(ids[required & forbidden])}. Take them out of one of the two."
        )
    if (required & ~ok).any():
        said = say(
            "Required sites that cannot be reached on foot open but cover nobody: {some}.",
            "以下必选点步行无法到达，虽开设但不覆盖任何人：{some}。",
            some=name_some(ids[required & ~ok]),
        )
        warnings.warn(said, ModelWarning, stacklevel=4)


def chosen_rows(frame: gpd.GeoDataFrame, wanted: object, name: str, table: str) -> Bools:
    """Mark the rows that a column of yes and no, or a list of ids, names."""
    if not isinstance(wanted, str):
        ids = tuple(cast("Iterable[object]", wanted))
        unknown = [one for one in ids if one not in frame.index]
        if unknown:
            raise ModelError(f"`{name}` has ids that are not in `{table}`: {name_some(unknown)}.")
        return np.asarray(frame.index.isin(ids))
    if wanted not in frame.columns:
        raise ModelError(f"`{name}` names the column {wanted!r}, which `{table}` does not have.")
    answers, unreadable = yes_no(frame[wanted])
    if unreadable.any():
        raise ModelError(
            f"`{name}` needs yes or no in the column {wanted!r}; these rows have neither: "
            f"{name_some(frame.index[unreadable])}."
        )
    return answers.fillna(value=False).to_numpy(dtype=bool)


def _upgrades(table: SiteTable, asked: Asked) -> Ints:
    """Rows of the stations that can serve more once upgraded."""
    if asked.upgradable is None:
        return np.zeros(0, np.int64)
    after = numbers_of(table.existing, asked.upgradable, "upgradable", "existing")
    return np.flatnonzero(np.isfinite(after))


def numbers_of(frame: gpd.GeoDataFrame, column: str, name: str, table: str) -> Floats:
    """Numbers of a column, NaN where none is given."""
    if column not in frame.columns:
        raise ModelError(f"`{name}` names the column {column!r}, which `{table}` lacks.")
    values = pd.to_numeric(frame[column], errors="coerce")
    return values.to_numpy(dtype=float, na_value=np.nan)


def _limits(
    table: SiteTable, asked: Asked, places: Places, network: WalkNetwork | Reach
) -> Iterator[Limit]:
    candidates, n = table.candidates.iloc[places.by_id], len(places.by_id)
    if asked.n_open is not None:
        yield _number(asked.n_open, n, places.closable)
    if asked.budget is not None:
        yield from _budget(table, asked, places)
    for rule, wanted in (("at_least", asked.at_least), ("at_most", asked.at_most)):
        for column, numbers in (wanted or {}).items():
            yield from _numbers(rule, column, numbers, table, places, counts=asked.count_existing)
    if asked.exclusive is not None:
        yield from _exclusive(candidates, cast("Groups", asked.exclusive))
    if asked.min_spacing or asked.min_spacing_minutes:
        yield from _spacings(table, asked, places, network)
    for upgrade in places.upgrades:
        station = upgrade - places.stations
        if station in places.closable:
            one = np.array([1, -1])
            yield Limit("upgrade", "", np.array([upgrade, station]), one, -np.inf, 0)


def _number(n_open: int, n: int, closable: Ints) -> Limit:
    """At most so many new sites; a station that closes makes room for one more."""
    sites = np.concatenate([np.arange(n), closable])
    high = n_open + len(closable)
    return Limit("n_open", "", sites, np.ones(len(sites), np.int64), -np.inf, high, -len(closable))


def _budget(table: SiteTable, asked: Asked, places: Places) -> Iterator[Limit]:
    candidates = table.candidates.iloc[places.by_id]
    if asked.cost not in candidates.columns:
        raise ModelError(
            f"`budget` needs a column of costs, but `candidates` has no {asked.cost!r}. "
            "Name it with `cost=`."
        )
    cost = numbers_of(candidates, asked.cost, "cost", "candidates")
    unknown = ~(np.isfinite(cost) & (cost >= 0))
    usable = np.isin(np.arange(len(cost)), [*places.required, *places.free])
    _warn_of_costs(candidates, cost, unknown, usable, cast("float", asked.budget))
    for j in np.flatnonzero(unknown):
        yield Limit("cost", "", np.array([j]), np.ones(1, np.int64), -np.inf, 0)
    known = np.flatnonzero(~unknown)
    closing = _station_costs(table, asked.closing_cost, places.closable - len(cost))
    upgrading = _station_costs(table, asked.upgrade_cost, places.upgrades - len(cost))
    units, scale = whole_weights(np.abs(np.concatenate([cost[known], closing, upgrading])))
    saved = slice(len(known), len(known) + len(closing))
    units[saved] *= -np.sign(closing).astype(np.int64)  # what an open station does not cost
    counted = int(-units[saved].sum())
    high = np.floor(cast("float", asked.budget) * scale * (1 + 1e-12)) - counted
    sites = np.concatenate([known, places.closable, places.upgrades])
    yield Limit("budget", "", sites, units, -np.inf, high, counted, scale)


def _station_costs(table: SiteTable, column: str, rows: Ints) -> Floats:
    """Costs of closing, or upgrading, stations; a missing one is 0."""
    if column not in table.existing.columns:
        return np.zeros(len(rows))
    values = numbers_of(table.existing, column, "cost", "existing")
    return np.nan_to_num(values[rows % max(len(table.existing), 1)])


def _warn_of_costs(
    candidates: gpd.GeoDataFrame, cost: Floats, unknown: Bools, usable: Bools, budget: float
) -> None:
    if (unknown & usable).any():
        said = say(
            "{n} candidates have no valid cost and stay closed: {some}.",
            "{n} 个候选点没有有效的投入金额，不予开设：{some}。",
            n=int((unknown & usable).sum()),
            some=name_some(candidates.index[unknown & usable]),
        )
        warnings.warn(said, ModelWarning, stacklevel=6)
    priced = cost[~unknown & usable]
    if len(priced) and not (priced <= budget).any():
        said = say(
            "`budget` is {budget:g}, below the cheapest site ({cheapest:g}): nothing can open.",
            "预算为 {budget:g}，低于最便宜的候选点（{cheapest:g}），无法开设任何站点。",
            budget=budget,
            cheapest=priced.min(),
        )
        warnings.warn(said, ModelWarning, stacklevel=6)


def _numbers(
    rule: str,
    column: str,
    numbers: int | Mapping[object, int],
    table: SiteTable,
    places: Places,
    *,
    counts: bool,
) -> Iterator[Limit]:
    """At least, or at most, so many sites for values of a column."""
    values, stations = _values_of(rule, column, table, places, counts=counts)
    known = pd.unique(pd.concat([values, stations]).dropna())
    wanted = numbers if isinstance(numbers, Mapping) else dict.fromkeys(known, numbers)
    unknown = [value for value in wanted if value not in set(known)]
    if unknown:
        raise ModelError(
            f"`{rule}` names {name_some(unknown)} in {column!r}, which occur nowhere; there are "
            f"{name_some(known)}."
        )
    n = len(values)
    for value, number in wanted.items():
        new = np.flatnonzero((values == value).to_numpy(dtype=bool, na_value=False))
        old = n + np.flatnonzero((stations == value).to_numpy(dtype=bool, na_value=False))
        moving = np.intersect1d(old, places.closable)
        counted = len(old) - len(moving)
        low, high = (
            (number - counted, np.inf) if rule == "at_least" else (-np.inf, number - counted)
        )
        if low > 0 or rule == "at_most":
            sites = np.concatenate([new, moving])
            high = max(high, 0)  # stations already above the limit stay: nothing may be added
            amounts = np.ones(len(sites), np.int64)
            yield Limit(rule, value_of_column(column, value), sites, amounts, low, high, counted)


def _values_of(
    rule: str, column: str, table: SiteTable, places: Places, *, counts: bool
) -> tuple[pd.Series, pd.Series]:
    """Take a column's values of the candidates by id, and of the stations if they count."""
    if column not in table.candidates.columns:
        raise ModelError(f"`{rule}` names the column {column!r}, which `candidates` does not have.")
    values = table.candidates[column].iloc[places.by_id].astype(object)
    if not counts or len(table.existing) == 0:
        return values, pd.Series([], dtype=object)
    if column not in table.existing.columns:
        raise ModelError(
            f"`{rule}` counts existing stations, but `existing` has no column {column!r}. "
            "Add it, or pass `count_existing=False`."
        )
    return values, table.existing[column].astype(object).where(in_use(table.existing), None)


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


def _spacings(
    table: SiteTable, asked: Asked, places: Places, network: WalkNetwork | Reach
) -> Iterator[Limit]:
    """Write the spacing in metres, and that in minutes, as rows."""
    candidates = table.candidates.iloc[places.by_id]
    spots = together(candidates, table.existing)
    there = np.concatenate([np.ones(len(candidates), bool), in_use(table.existing)])
    if asked.min_spacing:
        rows = np.flatnonzero(there)
        near = near_in_metres(spots.iloc[rows], asked.min_spacing)
        yield from _apart("min_spacing", near.of(rows), places)
    if asked.min_spacing_minutes:
        found = table.reach.facility_status.to_numpy()
        ok = np.concatenate([found[places.by_id], found[len(places.by_id) :]]) == "ok"
        rows = np.flatnonzero(there & ok)
        near = near_on_foot(network, spots.iloc[rows], asked.min_spacing_minutes, asked.speed)
        yield from _apart("min_spacing_minutes", near.of(rows), places)


def _apart(rule: str, near: Pairs, places: Places) -> Iterator[Limit]:
    """At most one of sites that are all too near to each other."""
    one, two = near
    n = len(places.by_id)
    fixed = (two >= n) & ~np.isin(two, places.closable)
    beside = np.unique(one[fixed & (one < n)])
    for j in beside:
        yield Limit(rule, "existing", np.array([j]), np.ones(1, np.int64), -np.inf, 0)
    live = np.concatenate([places.required, places.free, places.closable])
    live = live[~np.isin(live, beside)]
    keep = np.isin(one, live) & np.isin(two, live) & (np.minimum(one, two) < n) & (one != two)
    for sites in cliques(n + places.stations, one[keep], two[keep]):
        yield Limit(rule, "", sites, np.ones(len(sites), np.int64), -np.inf, 1)
