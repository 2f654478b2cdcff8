"""Demand as the programs see it: rows that count alike merged, groups, what is fixed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd
from scipy import sparse

from servicecircle._checks import name_some
from servicecircle._kernel.cover import cover_from, same_rows
from servicecircle.errors import ModelError
from servicecircle.siting._worth import within_each

if TYPE_CHECKING:
    from servicecircle._kernel.cover import Bools, Floats, Ints
    from servicecircle.scores import SiteTable
    from servicecircle.siting._rules import Problem


@dataclass(frozen=True)
class Group:
    """Demand of one value of a column: its units, those already covered, and its rows."""

    column: str
    value: object
    share: float
    total: float
    fixed: float
    rows: Ints


@dataclass(frozen=True)
class Demand:
    """Rows of demand that a plan can still win: places, within one or several limits.

    ``table``: rows × (candidates by id, then stations), 0/1; stations that always stay
    are left out unless they have a capacity. ``of``: the row of every place (within the
    last limit), -1 where it left. ``worth``: what covering a row counts for, ``workers``:
    how many it holds, in units; a row within a smaller limit holds nobody. ``base``: how many
    stations cover it already, below ``need``. ``reachable``: rows that can be covered; others
    are here only because one room, of the two of ``backup``, shortens a walk. ``total``,
    ``fixed``: units of all workers and of those already covered; ``fixed_worth``: what is won
    already.
    """

    table: sparse.csr_array
    of: Ints
    worth: Floats
    workers: Floats
    base: Ints
    need: int
    reachable: Bools
    total: float
    fixed: float
    fixed_worth: float
    groups: tuple[Group, ...]


def demand_of(problem: Problem, *, merge: bool = True) -> Demand:
    """Gather the demand: what is fixed, what is out of reach, and the rest in rows."""
    table, asked = problem.table, problem.asked
    need = asked.need
    limits = problem.worth.limits[-1:] if asked.capacity else problem.worth.limits
    pattern = within_each(minutes_by_place(problem), limits)
    levels, n = len(limits), len(table.units)
    worth = problem.worth.places if asked.capacity else problem.worth.units.ravel()
    workers = np.concatenate([np.zeros((levels - 1) * n, np.int64), table.units])
    base = np.zeros(levels * n, np.int64)
    if not asked.capacity:
        base = np.minimum(np.asarray(pattern[problem.fixed].sum(axis=0, dtype=np.int64)), need)
    counted = np.zeros(problem.n_places, bool)
    counted[problem.usable[problem.usable < problem.n_places]] = True
    if asked.capacity:
        counted[problem.fixed] = True
    mine = pattern.copy()
    mine.data = np.repeat(counted, np.diff(pattern.indptr)).astype(np.int8)
    mine.eliminate_zeros()
    degree = np.asarray(mine.sum(axis=0, dtype=np.int64))
    least = 1 if asked.one_room_counts else need
    live = (np.maximum(worth, workers) > 0) & (base < need) & (base + degree >= least)
    labels = _labels(table, asked.floor, asked.fair_by)
    marks = [base, *(_on_last(codes, levels) for _, _, codes in labels)]
    of, first = _merged(mine, live, marks, merge=merge)
    fixed = base >= need
    groups = tuple(_groups(table, labels, asked.floor, of[-n:], fixed[-n:]))
    rows = sparse.csr_array(sparse.csr_array(mine.T)[first].astype(float))
    held, won = (np.bincount(of[live], part[live], len(first)) for part in (workers, worth))
    return Demand(
        rows, of[-n:], won.astype(float), held.astype(float), base[first], need,
        (base + degree >= need)[first], float(table.units.sum()), float(workers[fixed].sum()),
        float(worth[fixed].sum()), groups,
    )  # fmt: skip


def _on_last(codes: Ints, levels: int) -> Ints:
    """Spread groups over the limits: they matter within the last only."""
    return np.concatenate([np.full((levels - 1) * len(codes), -1), codes])


def _merged(
    mine: sparse.csr_array, live: Bools, marks: list[Ints], *, merge: bool
) -> tuple[Ints, Ints]:
    """Merge live rows with the same sites and marks; return where each went, and one of each."""
    at, of = np.flatnonzero(live), np.full(len(live), -1, np.int64)
    if not merge or len(at) == 0:
        of[at] = np.arange(len(at))
        return of, at
    _, code = np.unique(np.column_stack(marks), axis=0, return_inverse=True)
    code = np.asarray(code).ravel()
    extra = sparse.csr_array(
        (np.ones(len(code), np.int8), (code, np.arange(len(code)))),
        shape=(int(code.max()) + 1, len(code)),
    )
    cover = cover_from(sparse.csr_array(sparse.vstack([mine, extra])), live.astype(np.int64))
    group, first = same_rows(cover, at)
    of[at] = group
    return of, first


def _labels(
    table: SiteTable, floor: object, fair_by: str | None
) -> list[tuple[str, pd.Index, Ints]]:
    """Code the columns of demand that have floors, or that must be treated fairly."""
    columns = [*cast("dict[str, object]", floor), *([fair_by] if fair_by else [])]
    out = []
    for column in dict.fromkeys(columns):
        if column not in table.demand.columns:
            raise ModelError(
                f"`demand` has no column {column!r}; it has {list(map(str, table.demand.columns))}."
            )
        codes, values = pd.factorize(table.demand[column].iloc[table.demand_order], sort=False)
        out.append((column, pd.Index(values), codes.astype(np.int64)))
    return out


def _groups(
    table: SiteTable,
    labels: list[tuple[str, pd.Index, Ints]],
    floor: object,
    of: Ints,
    fixed: Bools,
) -> list[Group]:
    out = []
    for column, values, codes in labels:
        wanted = cast("dict[str, object]", floor).get(column, 0.0)
        if isinstance(wanted, dict):
            unknown = [value for value in wanted if value not in values]
            if unknown:
                raise ModelError(
                    f"`floor` names {name_some(unknown)} in {column!r}, which occur nowhere; "
                    f"there are {name_some(values)}."
                )
        for code, value in enumerate(values):
            share = wanted.get(value, 0.0) if isinstance(wanted, dict) else wanted
            mine = codes == code
            rows = np.unique(of[mine & (of >= 0)])
            total, done = (float(table.units[mark].sum()) for mark in (mine, mine & fixed))
            out.append(Group(column, value, float(cast("float", share)), total, done, rows))
    return out


def minutes_by_place(problem: Problem) -> sparse.csr_array:
    """Minutes of candidates by id, then stations × demand by id."""
    table = problem.table
    stations = np.arange(len(problem.by_id), problem.n_places)
    rows = np.concatenate([problem.by_id, stations])
    return sparse.csr_array(table.reach.minutes[:, table.demand_order][rows])


def minutes_by_row(problem: Problem) -> tuple[sparse.csc_array, Floats]:
    """Minutes places × demand, and to the nearest station that stays (inf if there is none)."""
    by_row = minutes_by_place(problem).astype(float).tocsc()
    by_row.sort_indices()
    return by_row, nearest_walks(by_row, problem.fixed)[0]


def nearest_walks(minutes: sparse.csc_array, places: Ints, count: int = 1) -> Floats:
    """Minutes to the nearest of these places, the second nearest …: count × demand, rising.

    Infinite where there are fewer.
    """
    walks = sparse.csc_array(minutes[places]).tocoo()
    order = np.lexsort((walks.data, walks.col))
    point, walk = walks.col[order], walks.data[order]
    rank = np.arange(len(point)) - np.searchsorted(point, point)
    near = rank < count
    out = np.full((count, minutes.shape[1]), np.inf)
    out[rank[near], point[near]] = walk[near]
    return out
