"""A plan as a mixed-integer program: the sites, the rules over them, who is covered."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from servicecircle._kernel.program import Program
from servicecircle.errors import ModelError

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


@dataclass
class Model:
    """The program of one problem while it is built.

    ``sites``: columns of the candidates that may open (positions ``usable``). With
    ``soft`` every rule may be broken; ``broken`` lists the rules and their slack columns.
    """

    problem: Problem
    soft: bool = False
    program: Program = field(default_factory=Program)
    broken: list[tuple[Rule, int, float]] = field(default_factory=list)
    usable: Ints = field(init=False)
    sites: Ints = field(init=False)
    assigned: Ints = field(init=False)  # columns "this row goes to this site", with capacity

    def start(self) -> None:
        """Add the sites and every rule over them."""
        self.usable = self.problem.usable
        must = np.isin(self.usable, self.problem.required).astype(float)
        self.sites = self.program.add_columns(len(self.usable), lower=must, whole=True)
        at = np.full(len(self.problem.by_id), -1)
        at[self.usable] = np.arange(len(self.usable))
        for limit in self.problem.limits:
            here = at[limit.sites] >= 0
            row = sparse.csr_array(limit.amounts[here].astype(float)[None, :])
            ends = limit.low, limit.high, limit.counted, limit.scale
            rule = Rule(limit.rule, limit.what, limit.sites, *ends)
            self.add_rule(rule, [(self.sites[at[limit.sites[here]]], row)])

    def add_rule(self, rule: Rule, blocks: Sequence[Block]) -> None:
        """Add one row, breakable if the model is soft."""
        parts = list(blocks)
        size = max(abs(rule.low) if np.isfinite(rule.low) else abs(rule.high), 1.0)
        for sign, end in ((1.0, rule.low), (-1.0, rule.high)):
            if self.soft and np.isfinite(end):
                column = self.program.add_columns(1, cost=1.0 / size, upper=np.inf)
                parts.append((column, row_of(np.array([sign]))))
                self.broken.append((rule, int(column[0]), sign))
        self.program.add_rows(parts, rule.low, rule.high)

    def cover(self, demand: Demand) -> Ints:
        """Add the columns "how much of this row is covered"; return them."""
        served = self.program.add_columns(len(demand.weight), whole=demand.need > 1)
        if self.problem.asked.capacity:
            self._assign(demand, served)
            return served
        table = sparse.csr_array(demand.table[:, self.usable])
        blocks = [
            (served, sparse.csr_array(demand.need * sparse.eye_array(len(served)))),
            (self.sites, sparse.csr_array(-table)),
        ]
        self.program.add_rows(blocks, -np.inf, demand.base.astype(float))
        return served

    def _assign(self, demand: Demand, served: Ints) -> None:
        """Send the workers of each row to sites with room; ``served`` is what arrives."""
        pairs = self.pairs(demand)
        whole = not self.problem.asked.split
        self.assigned = self.program.add_columns(len(pairs.row), whole=whole)
        ones, order = np.ones(len(pairs.row)), np.arange(len(pairs.row))
        shape = (len(served), len(order))
        total = sparse.csr_array((ones, (pairs.row, order)), shape=shape)
        eye = sparse.csr_array(-sparse.eye_array(len(served)))
        self.program.add_rows([(self.assigned, total), (served, eye)], 0.0, 0.0)
        room = _capacities(self.problem)
        n, m = len(self.problem.by_id), demand.table.shape[1]
        load = sparse.csr_array(
            (demand.weight[pairs.row], (pairs.col, order)), shape=(m, len(order))
        )
        finite = np.isfinite(room)
        new, old = self.usable[finite[self.usable]], np.flatnonzero(finite[n:]) + n
        columns = self.sites[np.searchsorted(self.usable, new)]
        caps = sparse.csr_array(sparse.diags_array(-room[new], shape=(len(new), len(new))))
        self.program.add_rows([(self.assigned, load[new]), (columns, caps)], -np.inf, 0.0)
        self.program.add_rows([(self.assigned, load[old])], -np.inf, room[old])
        mine = np.flatnonzero(pairs.col < n)
        place = np.searchsorted(self.usable, pairs.col[mine])
        link = sparse.csr_array(
            (-np.ones(len(mine)), (np.arange(len(mine)), place)),
            shape=(len(mine), len(self.usable)),
        )
        eye = sparse.csr_array(sparse.eye_array(len(mine)))
        self.program.add_rows([(self.assigned[mine], eye), (self.sites, link)], -np.inf, 0.0)

    def pairs(self, demand: Demand) -> sparse.coo_array:
        """Rows of demand and the sites that may serve them."""
        pairs = demand.table.tocoo()
        keep = (pairs.col >= len(self.problem.by_id)) | np.isin(pairs.col, self.usable)
        return sparse.coo_array(
            (pairs.data[keep], (pairs.row[keep], pairs.col[keep])), shape=pairs.shape
        )

    def floors(self, demand: Demand, served: Ints) -> None:
        """Add the minimum shares of groups and districts."""
        for group in demand.groups:
            low = np.ceil(group.share * group.total - 1e-6) - group.fixed
            if group.share <= 0 or low <= 0:
                continue
            rule = Rule(
                "floor", f"{group.column} = {group.value}", np.zeros(0, np.int64), low, np.inf,
                group.fixed, group.total,
            )  # fmt: skip
            self.add_rule(rule, [(served[group.rows], row_of(demand.weight[group.rows]))])

    def costs(self, columns: Ints, cost: Floats | float) -> None:
        """Give columns their cost; a soft model only counts what is broken."""
        if not self.soft:
            every = np.concatenate([part[0] for part in self.program.columns])
            every[columns] = cost
            self.program.set_costs(every)


def row_of(values: Floats) -> sparse.csr_array:
    """One row of a table."""
    return sparse.csr_array(np.asarray(values, float)[None, :])


def _capacities(problem: Problem) -> Floats:
    """Capacity of candidates by id, then stations, in units; missing is without limit."""
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
    return np.concatenate(parts)
