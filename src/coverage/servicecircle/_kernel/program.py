"""A mixed-integer program put together block by block and minimised by HiGHS."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

import highspy
import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Sequence

    from servicecircle._kernel.cover import Floats, Ints

    Block = tuple[Ints, sparse.csr_array]

Ended = Literal["optimal", "infeasible", "stopped"]

LARGEST_COST = 1e6  # costs are scaled so that the solver's tolerances mean something


class Outcome(NamedTuple):
    """Values of the columns (or None), a lower bound on the cost, and how it ended."""

    values: Floats | None
    bound: float
    ended: Ended


@dataclass
class Program:
    """Columns with costs and bounds, rows ``low ≤ Σ value · column ≤ high``."""

    n_rows: int = 0
    n_columns: int = 0
    columns: list[tuple[Floats, ...]] = field(default_factory=list)
    blocks: list[tuple[int, Ints, sparse.coo_array]] = field(default_factory=list)
    limits: list[tuple[Floats, ...]] = field(default_factory=list)

    def add_columns(self, count: int, *, cost=0.0, lower=0.0, upper=1.0, whole=False) -> Ints:
        """Add columns (numbers hold for all of them, arrays for each); return their places."""
        full = (np.broadcast_to(np.asarray(v, float), count) for v in (cost, lower, upper, whole))
        self.columns.append(tuple(full))
        self.n_columns += count
        return np.arange(self.n_columns - count, self.n_columns)

    def add_rows(self, blocks: Sequence[Block], low, high) -> None:
        """Add rows ``low ≤ Σ table @ columns ≤ high``; all tables have as many rows."""
        count = blocks[0][1].shape[0]
        for columns, table in blocks:
            self.blocks.append((self.n_rows, columns, table.tocoo()))
        full = tuple(np.broadcast_to(np.asarray(v, float), count) for v in (low, high))
        self.limits.append(full)
        self.n_rows += count

    def set_costs(self, cost: Floats) -> None:
        """Replace the cost of every column."""
        _, lower, upper, whole = (np.concatenate(part) for part in zip(*self.columns, strict=True))
        self.columns = [(cost, lower, upper, whole)]

    def solve(
        self, *, seconds: float, gap: float = 0.0, start: tuple[Ints, Floats] | None = None
    ) -> Outcome:
        """Minimise, from values of some columns that are known to be a good start."""
        cost, lower, upper, whole = (
            np.concatenate(part) for part in zip(*self.columns, strict=True)
        )
        scale = LARGEST_COST / max(LARGEST_COST, float(np.abs(cost).max(initial=0.0)))
        solver = _solver(seconds, gap)
        solver.passModel(self._lp(cost * scale, lower, upper, whole))
        if start is not None:
            solver.setSolution(len(start[0]), start[0].astype(np.int32), start[1])
        solver.run()
        status, info = solver.getModelStatus(), solver.getInfo()
        kinds = highspy.HighsModelStatus
        if status in (kinds.kInfeasible, kinds.kUnboundedOrInfeasible):
            return Outcome(None, np.inf, "infeasible")
        values = np.asarray(solver.getSolution().col_value)
        found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
        bound = info.mip_dual_bound / scale if np.isfinite(info.mip_dual_bound) else -np.inf
        ended: Ended = "optimal" if status == kinds.kOptimal else "stopped"
        return Outcome(values if found else None, bound, ended)

    def _lp(self, cost: Floats, lower: Floats, upper: Floats, whole: Floats) -> highspy.HighsLp:
        rows, places, values = [], [], []
        for first, columns, table in self.blocks:
            rows.append(first + table.row)
            places.append(columns[table.col])
            values.append(table.data)
        matrix = sparse.csc_array(
            (_joined(values), (_joined(rows), _joined(places))), shape=(self.n_rows, self.n_columns)
        )
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self.n_columns, self.n_rows
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost, lower, upper
        lp.row_lower_ = _joined([low for low, _ in self.limits]).astype(float)
        lp.row_upper_ = _joined([high for _, high in self.limits]).astype(float)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
        lp.a_matrix_.value_ = matrix.data.astype(float)
        kinds = highspy.HighsVarType
        lp.integrality_ = [kinds.kInteger if one else kinds.kContinuous for one in whole]
        return lp


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])


def _solver(seconds: float, gap: float) -> highspy.Highs:
    solver = highspy.Highs()
    options: dict[str, bool | float | str] = {
        "output_flag": False,
        "parallel": "off",
        "threads": 1,
        "time_limit": max(seconds, 0.0),
        "mip_rel_gap": gap,
        "mip_abs_gap": 1e-7,
        "mip_feasibility_tolerance": 1e-7,
        "primal_feasibility_tolerance": 1e-8,
    }
    for name, value in options.items():
        solver.setOptionValue(name, value)
    return solver
