"""A plan as a mixed-integer program: the sites, the rules over them, who is covered."""

from __future__ import annotations

import math
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from servicecircle import _values
from servicecircle._checks import name_some
from servicecircle._kernel.program import Program
from servicecircle.errors import ModelError
from servicecircle.siting._covering import demand_of, minutes_by_row, nearest_walks
from servicecircle.siting._rules import numbers_of
from servicecircle.siting._words import value_of_column

if TYPE_CHECKING:
    from collections.abc import Sequence

    from servicecircle._kernel.cover import Floats, Ints
    from servicecircle._kernel.program import Block
    from servicecircle.siting._covering import Demand
    from servicecircle.siting._rules import Problem


NONE = np.zeros(0, dtype=np.int64)
MOST_LIMITS = 15  # that a soft model tries instead of a maximum walk


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


class Maxima(NamedTuple):
    """Longest walks that a soft model may choose from, rising, and their columns."""

    minutes: Floats
    columns: Ints


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
    maxima: Maxima | None = None

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
            self.near_within(problem.asked.max_minutes)

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
            whole = demand.need > 1 if not asked.capacity else not asked.split
            served = self.program.add_columns(len(demand.worth), whole=whole)
            if asked.capacity:
                self.covering = self._assign(demand, served)
            else:
                self.covering = Covering(demand, served, sparse.coo_array((0, 0)), NONE)
                self._reach(demand, served)
        return self.covering

    def _reach(self, demand: Demand, served: Ints) -> None:
        places = self.usable[self.usable < self.problem.n_places]
        table = sparse.csr_array(-demand.table[:, places])
        needed = sparse.csr_array(demand.need * sparse.eye_array(len(served)))
        blocks = [(served, needed), (self.columns_of(places), table)]
        self.program.add_rows(blocks, -np.inf, demand.base.astype(float))

    def _assign(self, demand: Demand, served: Ints) -> Covering:
        """Send the workers of each row to places with room; ``served`` is what arrives.

        With backup each has room at two places (Pirkul & Schilling 1989).
        """
        pairs = demand.table.tocoo()
        whole = not self.problem.asked.split
        assigned = self.program.add_columns(len(pairs.row), whole=whole)
        ones, order = np.ones(len(pairs.row)), np.arange(len(pairs.row))
        total = sparse.csr_array((ones, (pairs.row, order)), shape=(len(served), len(order)))
        eye = sparse.csr_array(sparse.eye_array(len(served)))
        sums = [(assigned, total), (served, -demand.need * eye)]
        if demand.need > 1:
            self._send_to_two(assigned, total, served, sums)
        self.program.add_rows(sums, 0.0, 0.0)
        self._fill_rooms(demand, pairs, assigned)
        mine = np.flatnonzero(self.at[pairs.col] >= 0)
        link = sparse.csr_array(
            (-np.ones(len(mine)), (np.arange(len(mine)), self.at[pairs.col[mine]])),
            shape=(len(mine), len(self.sites)),
        )
        eye = sparse.csr_array(sparse.eye_array(len(mine)))
        self.program.add_rows([(assigned[mine], eye), (self.sites, link)], -np.inf, 0.0)
        return Covering(demand, served, pairs, assigned)

    def _send_to_two(
        self, assigned: Ints, total: sparse.csr_array, served: Ints, sums: list[Block]
    ) -> None:
        """Send nobody twice to one place; add those with one room, where they count, to the sums.

        Shares of a row no larger than the whole that is sent can always be split into pairs.
        """
        eye = sparse.csr_array(sparse.eye_array(len(served)))
        back = sparse.csr_array(-total.T)
        within: list[Block] = [(assigned, sparse.csr_array(sparse.eye_array(len(assigned))))]
        within.append((served, back))
        if self.problem.asked.one_room_counts:
            single = self.program.add_columns(len(served))
            sums.append((single, -eye))
            within.append((single, back))
            self.program.add_rows([(served, eye), (single, eye)], -np.inf, 1.0)
        self.program.add_rows(within, -np.inf, 0.0)

    def minutes_of_pairs(self) -> Floats:
        """Minutes of every pair of a row and a place that may serve it (rows not merged)."""
        demand, _, pairs, assigned = self.cover()
        minutes, _ = minutes_by_row(self.problem)
        place = np.flatnonzero(demand.of >= 0)
        if not len(assigned):
            return np.zeros(0)  # looked up, no pairs at all would be a sparse table
        return np.asarray(minutes.tocsr()[pairs.col, place[pairs.row]], dtype=np.float64)

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
                "floor", value_of_column(group.column, group.value), NONE, low, np.inf,
                group.fixed, group.total or 1.0,
            )  # fmt: skip
            self.add_rule(rule, [(served[group.rows], row_of(demand.workers[group.rows]))])

    def serve(self, share: float) -> None:
        """Cover this share of all workers, today's included."""
        demand = self.cover().demand
        wanted = np.ceil(share * demand.total - 1e-6) - demand.fixed
        self._serve("share", wanted, demand.total)

    def serve_all(self) -> None:
        """Give room to everybody whom any plan can."""
        demand = self.cover().demand
        wanted = demand.workers[demand.reachable].sum()
        self._serve("capacity", wanted, self.problem.table.scale)

    def _serve(self, name: str, wanted: float, scale: float) -> None:
        demand, served = self.cover()[:2]
        rule = Rule(name, "", NONE, wanted, np.inf, demand.fixed, scale or 1.0)
        self.add_rule(rule, [(served, row_of(demand.workers))])

    def walk_within(self, limit: float) -> None:
        """Let nobody whom any plan can cover walk longer; with capacity, to where there is room."""
        if self.problem.asked.capacity:
            self.serve_all()
            far = self.cover().assigned[self.minutes_of_pairs() > np.float32(limit)]
            self.program.add_rows([(far, row_of(np.ones(len(far))))], -np.inf, 0.0)
            return
        self._open_within(limit, self.problem.table.reach.cutoff, self.problem.asked.need)

    def near_within(self, limit: float) -> None:
        """Give everybody whom a place reaches within the limit an open one within it.

        A soft model may choose a longer limit, or none.
        """
        if not self.soft:
            self._open_within(limit, limit, 1)
            return
        limits = np.append(_longer(limit, self.problem.table.reach.cutoff), np.inf)
        price = (np.append(limits[:-1], limits[-2] + limits[0] + 1) - limit) / max(limit, 1.0)
        columns = self.program.add_columns(len(limits), cost=price, whole=True)
        self.program.add_rows([(columns, row_of(np.ones(len(limits))))], 1.0, 1.0)
        for column, one in zip(columns[:-1], limits[:-1], strict=True):
            self._open_within(float(one), float(one), 1, column)
        self.maxima = Maxima(limits, columns)

    def _open_within(
        self, limit: float, reached: float, need: int, chosen: int | None = None
    ) -> None:
        """Open so many within the limit of all who could have them ``reached``, if ``chosen``."""
        minutes, _ = minutes_by_row(self.problem)
        places = self.usable[self.usable < self.problem.n_places]
        today = nearest_walks(minutes, self.problem.fixed, need)
        ever = nearest_walks(minutes, np.union1d(self.problem.fixed, places), need)[-1]
        limit, reached = float(np.float32(limit)), float(np.float32(reached))
        lacking = need - (today <= limit).sum(axis=0)
        held = self.problem.table.units > 0
        rows = np.flatnonzero((lacking > 0) & (ever <= reached) & held)
        part = sparse.csc_array(minutes[places])[:, rows].tocoo()
        near = part.data <= limit
        cover = sparse.csr_array(
            (np.ones(near.sum()), (part.col[near], part.row[near])), shape=(len(rows), len(places))
        )
        blocks = [(self.columns_of(places), cover)]
        if chosen is not None:
            blocks.append((np.array([chosen]), sparse.csr_array(-np.ones((len(rows), 1)))))
        low = lacking[rows] if chosen is None else 0.0
        self.program.add_rows(blocks, low, np.inf)

    def costs(self, columns: Ints, cost: Floats | float) -> None:
        """Give columns their cost; a soft model only counts what is broken."""
        if not self.soft:
            every = np.concatenate([part[0] for part in self.program.columns])
            every[columns] = cost
            self.program.set_costs(every)


def row_of(values: Floats | Ints) -> sparse.csr_array:
    """One row of a table."""
    return sparse.csr_array(np.asarray(values, float)[None, :])


def _longer(limit: float, cutoff: float) -> Floats:
    """Limits to choose from: this one, whole minutes above it (or some steps), the cutoff."""
    whole = np.arange(math.floor(limit) + 1, cutoff)
    steps = whole if len(whole) < MOST_LIMITS else np.linspace(limit, cutoff, MOST_LIMITS)
    return np.unique([limit, *steps, cutoff])


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
        wrong = (values < 0) | (np.isnan(values) & _values.texts(raw).notna().to_numpy())
        if wrong.any():
            named = name_some(frame.index[wrong])
            raise ModelError(f"Capacities in {column!r} must be numbers, not negative: {named}.")
        parts.append(np.where(np.isnan(values), np.inf, values * table.scale))
    room, extra = np.concatenate(parts), np.zeros(problem.n_places)
    if len(problem.places.upgrades):
        rows = problem.places.upgrades - problem.n_places
        after = numbers_of(table.existing, str(problem.asked.upgradable), "upgradable", "existing")
        n = len(problem.by_id)
        more = after[rows] * table.scale - room[n + rows]
        extra[n + rows] = np.where(np.isfinite(more), np.maximum(more, 0.0), 0.0)
    return room, extra
