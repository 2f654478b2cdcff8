"""A plan as a mixed-integer program: the sites, the rules over them, who is covered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from servicecircle._kernel.program import Program
from servicecircle.errors import ModelError
from servicecircle.siting._covering import demand_of, minutes_by_row
from servicecircle.siting._rules import numbers_of

if TYPE_CHECKING:
    from collections.abc import Sequence

    from servicecircle._kernel.cover import Floats, Ints
    from servicecircle._kernel.program import Block
    from servicecircle.siting._covering import Demand
    from servicecircle.siting._rules import Problem


@dataclass(frozen=True)
class Rule:
    """A rule that may turn out to be the one in the way."""

    rule: str
    what: str
    sites: Ints
    low: float
    high: float
    counted: float = 0.0
    scale: float = 1.0


class Covering(NamedTuple):
    """Demand, its columns, and with capacity those of "this row goes to this site".

    ``pairs``: rows × places that may serve them, in the order of ``assigned``.
    """

    demand: Demand
    served: Ints
    pairs: sparse.coo_array
    assigned: Ints


@dataclass
class Model:
    """The program of one problem while it is built.

    ``sites``: columns of the positions that may open (``usable``); ``at``: the place of every
    position among them, or -1. With ``soft`` every rule may be broken; ``broken`` lists the
    rules and their slack columns.
    """

    problem: Problem
    soft: bool = False
    program: Program = field(default_factory=Program)
    broken: list[tuple[Rule, int, float]] = field(default_factory=list)
    usable: Ints = field(init=False)
    at: Ints = field(init=False)
    sites: Ints = field(init=False)
    covering: Covering | None = None

    def __post_init__(self) -> None:
        """Add the sites and every rule."""
        problem = self.problem
        self.usable = problem.usable
        must = np.isin(self.usable, problem.required).astype(float)
        self.sites = self.program.add_columns(len(self.usable), lower=must, whole=True)
        self.at = np.full(problem.n_places + problem.places.stations, -1)
        self.at[self.usable] = np.arange(len(self.usable))
        for limit in problem.limits:
            here = self.at[limit.sites] >= 0
            row = row_of(limit.amounts[here])
            ends = limit.low, limit.high, limit.counted, limit.scale
            rule = Rule(limit.rule, limit.what, limit.sites, *ends)
            self.add_rule(rule, [(self.sites[self.at[limit.sites[here]]], row)])
        if problem.asked.floor:
            self._floors()
        if problem.asked.max_minutes is not None:
            self.walk_within(problem.asked.max_minutes, only_near=True)

    def columns_of(self, positions: Ints) -> Ints:
        """Columns of sites that may open."""
        return self.sites[self.at[positions]]

    def add_rule(self, rule: Rule, blocks: Sequence[Block]) -> None:
        """Add one row, breakable if the model is soft."""
        parts = list(blocks)
        size = max(abs(rule.low) if np.isfinite(rule.low) else abs(rule.high), 1.0)
        for sign, end in ((1.0, rule.low), (-1.0, rule.high)):
            if self.soft and np.isfinite(end) and rule.rule != "upgrade":
                column = self.program.add_columns(1, cost=1.0 / size, upper=np.inf)
                parts.append((column, row_of(np.array([sign]))))
                self.broken.append((rule, int(column[0]), sign))
        self.program.add_rows(parts, rule.low, rule.high)

    def cover(self) -> Covering:
        """Add, once, the columns "how much of this row is covered"."""
        if self.covering is None:
            asked = self.problem.asked
            merge = not asked.capacity or (
                asked.split and self.problem.worth.plain and asked.aims == ("most_covered",)
            )
            demand = demand_of(self.problem, merge=merge)
            served = self.program.add_columns(len(demand.worth), whole=demand.need > 1)
            if asked.capacity:
                self.covering = self._assign(demand, served)
            else:
                none: Ints = np.zeros(0, np.int64)
                self.covering = Covering(demand, served, sparse.coo_array((0, 0)), none)
                self._reach(demand, served)
        return self.covering

    def _reach(self, demand: Demand, served: Ints) -> None:
        places = self.usable[self.usable < self.problem.n_places]
        table = sparse.csr_array(-demand.table[:, places])
        needed = sparse.csr_array(demand.need * sparse.eye_array(len(served)))
        blocks = [(served, needed), (self.columns_of(places), table)]
        self.program.add_rows(blocks, -np.inf, demand.base.astype(float))

    def _assign(self, demand: Demand, served: Ints) -> Covering:
        """Send the workers of each row to places with room; ``served`` is what arrives."""
        pairs = demand.table.tocoo()
        whole = not self.problem.asked.split
        assigned = self.program.add_columns(len(pairs.row), whole=whole)
        ones, order = np.ones(len(pairs.row)), np.arange(len(pairs.row))
        total = sparse.csr_array((ones, (pairs.row, order)), shape=(len(served), len(order)))
        eye = sparse.csr_array(-sparse.eye_array(len(served)))
        self.program.add_rows([(assigned, total), (served, eye)], 0.0, 0.0)
        self._fill_rooms(demand, pairs, assigned)
        mine = np.flatnonzero(self.at[pairs.col] >= 0)
        link = sparse.csr_array(
            (-np.ones(len(mine)), (np.arange(len(mine)), self.at[pairs.col[mine]])),
            shape=(len(mine), len(self.sites)),
        )
        eye = sparse.csr_array(sparse.eye_array(len(mine)))
        self.program.add_rows([(assigned[mine], eye), (self.sites, link)], -np.inf, 0.0)
        return Covering(demand, served, pairs, assigned)

    def _fill_rooms(self, demand: Demand, pairs: sparse.coo_array, assigned: Ints) -> None:
        """Nobody is served beyond the capacity of what is open, and of what is upgraded."""
        room, extra = _rooms(self.problem)
        n, k = len(self.problem.by_id), self.problem.places.stations
        load = sparse.csr_array(
            (demand.workers[pairs.row], (pairs.col, np.arange(len(pairs.row)))),
            shape=(n + k, len(pairs.row)),
        )
        limited = np.flatnonzero(np.isfinite(room))
        decided = self.at[limited] >= 0
        rows, places = np.flatnonzero(decided), limited[decided]
        upgrade = np.where(limited >= n, limited + k, 0)
        more = np.flatnonzero((limited >= n) & (self.at[upgrade] >= 0))
        table = sparse.csr_array(
            (
                -np.concatenate([room[places], extra[limited[more]]]),
                (
                    np.concatenate([rows, more]),
                    np.concatenate([self.at[places], self.at[upgrade[more]]]),
                ),
            ),
            shape=(len(limited), len(self.sites)),
        )
        high = np.where(decided, 0.0, room[limited])
        self.program.add_rows([(assigned, load[limited]), (self.sites, table)], -np.inf, high)

    def _floors(self) -> None:
        """Add the minimum shares of groups and districts."""
        demand, served = self.cover()[:2]
        for group in demand.groups:
            low = np.ceil(group.share * group.total - 1e-6) - group.fixed
            if group.share <= 0 or low <= 0:
                continue
            rule = Rule(
                "floor", f"{group.column} = {group.value}", np.zeros(0, np.int64), low, np.inf,
                group.fixed, group.total,
            )  # fmt: skip
            self.add_rule(rule, [(served[group.rows], row_of(demand.workers[group.rows]))])

    def walk_within(self, limit: float, *, only_near: bool = False) -> None:
        """Let nobody whom a place reaches walk longer; ``only_near``: whom it reaches so soon."""
        minutes, today = minutes_by_row(self.problem)
        places = self.usable[self.usable < self.problem.n_places]
        table = sparse.csc_array(minutes[places])
        limit = float(np.float32(limit))
        near = table.data <= limit
        soon = np.diff(np.concatenate([[0], np.cumsum(near)])[table.indptr]) > 0
        reached = soon if only_near else np.diff(table.indptr) > 0
        rows = np.flatnonzero((today > limit) & reached & (self.problem.table.units > 0))
        part = table[:, rows].tocoo()
        near = part.data <= limit
        cover = sparse.csr_array(
            (np.ones(near.sum()), (part.col[near], part.row[near])), shape=(len(rows), len(places))
        )
        self.program.add_rows([(self.columns_of(places), cover)], 1.0, np.inf)

    def costs(self, columns: Ints, cost: Floats | float) -> None:
        """Give columns their cost; a soft model only counts what is broken."""
        if not self.soft:
            every = np.concatenate([part[0] for part in self.program.columns])
            every[columns] = cost
            self.program.set_costs(every)


def row_of(values: Floats | Ints) -> sparse.csr_array:
    """One row of a table."""
    return sparse.csr_array(np.asarray(values, float)[None, :])


def _rooms(problem: Problem) -> tuple[Floats, Floats]:
    """Capacity of candidates by id, then stations, and what upgrades add, in units.

    A missing capacity is without limit.
    """
    table, column = problem.table, str(problem.asked.capacity)
    if column not in table.candidates.columns:
        raise ModelError(f"`capacity` names the column {column!r}, which `candidates` lacks.")
    parts = []
    for frame in (table.candidates.iloc[problem.by_id], table.existing):
        raw = frame.get(column, pd.Series(np.nan, index=frame.index))
        values = pd.to_numeric(raw, errors="coerce").to_numpy(float, na_value=np.nan)
        if (values < 0).any():
            raise ModelError(f"Capacities in {column!r} must not be negative.")
        parts.append(np.where(np.isnan(values), np.inf, values * table.scale))
    room, extra = np.concatenate(parts), np.zeros(problem.n_places)
    if len(problem.places.upgrades):
        rows = problem.places.upgrades - problem.n_places
        after = numbers_of(table.existing, str(problem.asked.upgradable), "upgradable", "existing")
        n = len(problem.by_id)
        more = after[rows] * table.scale - room[n + rows]
        extra[n + rows] = np.where(np.isfinite(more), np.maximum(more, 0.0), 0.0)
    return room, extra
