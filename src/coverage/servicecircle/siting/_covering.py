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
    """Rows of demand that a plan can still win.

    ``table``: rows × (candidates by id, then stations if they have a capacity), 0/1.
    ``of``: the row of every place by ``demand_order``, -1 where it left. ``weight``: units.
    ``base``: how many stations cover it already, below ``need``. ``total``, ``fixed``:
    units of all demand and of that already covered.
    """

    table: sparse.csr_array
    of: Ints
    weight: Floats
    base: Ints
    need: int
    total: float
    fixed: float
    groups: tuple[Group, ...]


def demand_of(problem: Problem, *, merge: bool = True) -> Demand:
    """Gather the demand: what is fixed, what is out of reach, and the rest in rows."""
    table, asked = problem.table, problem.asked
    n = len(table.candidates)
    minutes = table.reach.minutes[:, table.demand_order]
    pattern = sparse.csr_array(
        (np.ones(minutes.nnz, np.int8), minutes.indices, minutes.indptr), shape=minutes.shape
    )
    mine = pattern[:n][problem.by_id]
    stations = pattern[n:]
    need = 2 if asked.backup else 1
    if asked.capacity:
        mine = sparse.csr_array(sparse.vstack([mine, stations]))
        base = np.zeros(len(table.units), np.int64)
    else:
        base = np.minimum(np.asarray(stations.sum(axis=0, dtype=np.int64)), need)
    labels = _labels(table, asked.floor, asked.fair_by)
    rows = sparse.csr_array(mine.T)
    usable = np.zeros(mine.shape[0], bool)
    usable[problem.usable] = usable[n:] = True
    degree = np.asarray(rows @ usable.astype(np.int64))
    live = (table.units > 0) & (base < need) & (base + degree >= need)
    marks = [base, *(codes for _, _, codes in labels)]
    of, first = _merged(mine, table.units, live, marks, merge=merge)
    weight = np.bincount(of[live], table.units[live], minlength=len(first)).astype(float)
    fixed = (base >= need) & (table.units > 0)
    groups = tuple(_groups(table, labels, asked.floor, of, fixed))
    total = float(table.units.sum())
    return Demand(
        sparse.csr_array(rows[first].astype(float)), of, weight, base[first], need,
        total, float(table.units[fixed].sum()), groups,
    )  # fmt: skip


def _merged(
    mine: sparse.csr_array, units: Ints, live: Bools, marks: list[Ints], *, merge: bool
) -> tuple[Ints, Ints]:
    """Merge live rows with the same sites and marks; return where each went, and one of each."""
    at, of = np.flatnonzero(live), np.full(len(units), -1, np.int64)
    if not merge or len(at) == 0:
        of[at] = np.arange(len(at))
        return of, at
    _, code = np.unique(np.column_stack(marks), axis=0, return_inverse=True)
    code = np.asarray(code).ravel()
    extra = sparse.csr_array(
        (np.ones(len(code), np.int8), (code, np.arange(len(code)))),
        shape=(int(code.max()) + 1, len(code)),
    )
    group, first = same_rows(cover_from(sparse.csr_array(sparse.vstack([mine, extra])), units), at)
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


def minutes_by_row(problem: Problem) -> tuple[sparse.csc_array, Floats]:
    """Minutes candidates (by id) × demand, and today's to the nearest station (inf if none)."""
    table = problem.table
    n = len(table.candidates)
    both = table.reach.minutes[:, table.demand_order]
    stations = both[n:].tocoo()
    today = np.full(len(table.units), np.inf)
    np.minimum.at(today, stations.col, stations.data.astype(float))
    mine = sparse.csr_array(both[:n][problem.by_id]).astype(float).tocsc()
    mine.sort_indices()
    return mine, today
