"""A mixed-integer program put together block by block and minimised by HiGHS."""

from __future__ import annotations

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal, NamedTuple

import highspy
import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from servicecircle._kernel.cover import Floats, Ints

    Block = tuple[Ints, sparse.csr_array]
    Start = tuple[Ints, Floats]
    Watch = Callable[[float, float], object]

Ended = Literal["optimal", "infeasible", "stopped"]

PAUSE = 0.5  # seconds between two calls of a watch
MENDING = 5.0  # seconds for making a start keep the rows
DOUBT = 5.0  # seconds for looking again where HiGHS 1.15's presolve may be wrong: mixed programs
RESCUE = 10.0  # seconds for any plan at all, after the time limit has struck
EXACT = 1e-9
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
        self.columns = [(cost, *self._columns()[1:])]

    def solve(
        self,
        *,
        seconds: float,
        gap: float = 0.0,
        start: Start | None = None,
        step: float = 0.0,
        constant: float = 0.0,
        watch: Watch | None = None,
    ) -> Outcome:
        """Minimise, from values of some columns that are known to be a good start.

        Costs of plans differ by ``step`` at least, if that is known; ``constant`` belongs to
        the cost; ``watch`` is called with the best cost and the bound while HiGHS works.
        If the time ends before any values are found, some more seconds go into finding some.
        """
        lp, scale = self._lp(constant)
        start = None if start is None else self._mended(start, min(seconds, MENDING))
        solver = quiet_solver(seconds, gap, max(1e-7, 0.999 * step * scale))
        _pass(solver, lp, start)
        run_watched(solver, None if watch is None else lambda v, b: watch(v / scale, b / scale))
        outcome = _outcome(solver, scale)
        if outcome.values is None and outcome.ended == "stopped":
            return outcome._replace(values=_any_values(lp, start))
        if outcome.ended == "infeasible" and not self._columns()[3].all():
            again = quiet_solver(min(seconds, DOUBT), gap, max(1e-7, 0.999 * step * scale))
            again.setOptionValue("presolve", "off")
            _pass(again, lp, start)
            again.run()
            outcome = max(outcome, _outcome(again, scale), key=lambda one: one.values is not None)
        return outcome

    def _mended(self, start: Start, seconds: float) -> Start:
        """Change as few values as makes every row hold that is over these columns alone."""
        columns, values = start
        mine = np.zeros(self.n_columns, bool)
        mine[columns] = True
        matrix = self._matrix()
        alone = np.diff(matrix[:, ~mine].tocsr().indptr) == 0
        part = sparse.csr_array(matrix.tocsr()[alone][:, columns])
        low, high = (np.concatenate(ends)[alone] for ends in zip(*self.limits, strict=True))
        sums = part @ values
        if ((sums >= low - EXACT) & (sums <= high + EXACT)).all():
            return start
        _, lower, upper, whole = (part[columns] for part in self._columns())
        near = Program()
        bounds = {"lower": lower, "upper": upper, "whole": whole}
        near.add_columns(len(columns), cost=1.0 - 2.0 * values, **bounds)
        near.add_rows([(np.arange(len(columns)), part)], low, high)
        found = near.solve(seconds=seconds).values
        return start if found is None else (columns, np.rint(found))

    def _columns(self) -> tuple[Floats, ...]:
        """Return cost, lower and upper bound of every column, and whether it is whole."""
        return tuple(np.concatenate(part) for part in zip(*self.columns, strict=True))

    def _matrix(self) -> sparse.csc_array:
        rows, places, values = [], [], []
        for first, columns, table in self.blocks:
            rows.append(first + table.row)
            places.append(columns[table.col])
            values.append(table.data)
        return sparse.csc_array(
            (_joined(values), (_joined(rows), _joined(places))), shape=(self.n_rows, self.n_columns)
        )

    def _lp(self, constant: float) -> tuple[highspy.HighsLp, float]:
        """Write the program for HiGHS; return it and by what its costs were multiplied."""
        cost, lower, upper, whole = self._columns()
        scale = LARGEST_COST / max(LARGEST_COST, float(np.abs(cost).max(initial=0.0)))
        matrix = self._matrix()
        lp = highspy.HighsLp()
        lp.num_col_, lp.num_row_ = self.n_columns, self.n_rows
        lp.col_cost_, lp.col_lower_, lp.col_upper_ = cost * scale, lower, upper
        lp.offset_ = constant * scale
        lp.row_lower_ = _joined([low for low, _ in self.limits]).astype(float)
        lp.row_upper_ = _joined([high for _, high in self.limits]).astype(float)
        lp.a_matrix_.format_ = highspy.MatrixFormat.kColwise
        lp.a_matrix_.start_, lp.a_matrix_.index_ = matrix.indptr, matrix.indices
        lp.a_matrix_.value_ = matrix.data.astype(float)
        kinds = highspy.HighsVarType
        lp.integrality_ = [kinds.kInteger if one else kinds.kContinuous for one in whole]
        return lp, scale


def _pass(solver: highspy.Highs, lp: highspy.HighsLp, start: Start | None) -> None:
    solver.passModel(lp)
    if start is not None:
        solver.setSolution(len(start[0]), start[0].astype(np.int32), start[1])


def _outcome(solver: highspy.Highs, scale: float) -> Outcome:
    status, info = solver.getModelStatus(), solver.getInfo()
    kinds = highspy.HighsModelStatus
    if status in (kinds.kInfeasible, kinds.kUnboundedOrInfeasible):
        return Outcome(None, np.inf, "infeasible")
    values = np.asarray(solver.getSolution().col_value)
    found = info.primal_solution_status == highspy.SolutionStatus.kSolutionStatusFeasible
    bound = info.mip_dual_bound / scale if np.isfinite(info.mip_dual_bound) else -np.inf
    ended: Ended = "optimal" if status == kinds.kOptimal else "stopped"
    return Outcome(values if found else None, bound, ended)


def _any_values(lp: highspy.HighsLp, start: Start | None) -> Floats | None:
    """Look for any values that keep every row, near the start, whatever they cost."""
    cost = np.zeros(lp.num_col_)
    if start is not None:
        cost[start[0]] = 1.0 - 2.0 * start[1]
    lp.col_cost_, lp.offset_ = cost, 0.0
    solver = quiet_solver(RESCUE, 0.0, 1e-7)
    solver.setOptionValue("mip_max_improving_sols", 1)
    _pass(solver, lp, start)
    solver.run()
    return _outcome(solver, 1.0).values


def _joined(parts: list[np.ndarray]) -> np.ndarray:
    return np.concatenate([np.zeros(0, dtype=np.int64), *parts])


def quiet_solver(seconds: float, gap: float, least: float) -> highspy.Highs:
    """Return HiGHS on one thread; differences of cost up to ``least`` do not matter."""
    solver = highspy.Highs()
    options: dict[str, bool | float | str] = {
        "output_flag": False,
        "parallel": "off",
        "threads": 1,
        "time_limit": max(seconds, 0.0),
        "mip_rel_gap": gap,
        "mip_abs_gap": least,
        "mip_feasibility_tolerance": 1e-7,
        "primal_feasibility_tolerance": 1e-8,
    }
    for name, value in options.items():
        solver.setOptionValue(name, value)
    return solver


def run_watched(solver: highspy.Highs, watch: Watch | None) -> None:
    """Run HiGHS and tell of value and bound; what ``watch`` raises stops the run and is raised."""
    raised: list[BaseException] = []
    heard = [time.monotonic()]

    def tell(event: highspy.HighsCallbackEvent) -> None:
        try:
            if watch is not None and time.monotonic() > heard[0] + PAUSE:
                heard[0] = time.monotonic()
                watch(event.data_out.mip_primal_bound, event.data_out.mip_dual_bound)
        except BaseException as error:  # noqa: BLE001 – must not cross the solver's own frames
            raised.append(error)
        if raised:
            event.interrupt()

    if watch is not None:
        solver.cbMipInterrupt.subscribe(tell)
    solver.run()
    if raised:
        raise raised[0]
