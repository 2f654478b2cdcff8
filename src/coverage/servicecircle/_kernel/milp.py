"""The covering problem as a mixed-integer program for HiGHS, on arrays."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import highspy
import numpy as np
from scipy import sparse

from servicecircle._kernel.program import quiet_solver, run_watched

if TYPE_CHECKING:
    from servicecircle._kernel.cover import Bools, Cover, Floats
    from servicecircle._kernel.cover_search import Rules
    from servicecircle._kernel.program import Watch

MOST_EXACT = 1e9  # totals up to here go to the solver as they are


class Solved(NamedTuple):
    """What HiGHS found: the open sites (or None), an upper bound, and the row prices."""

    chosen: Bools | None
    bound: float
    prices: Floats


def solve_cover(
    cover: Cover,
    rules: Rules,
    *,
    start: Bools,
    seconds: float,
    gap: float,
    relaxed: bool = False,
    watch: Watch | None = None,
) -> Solved:
    """Maximise the covered weight under the rules, from a first plan.

    Variables are the sites (0 or 1) and the rows (0 to 1, held by ``row ≤ Σ its sites``).

    Parameters
    ----------
    start : bool array, (m,)
        A plan that keeps the rules.
    seconds, gap : float
        Time limit, and the relative optimality gap at which to stop.
    relaxed : bool
        Let sites be fractions and solve by interior point: a bound and prices only.
    watch : callable, optional
        Called with the best value and the bound while HiGHS works.
    """
    n = cover.shape[1]
    total = float(cover.weight.sum())
    scale = min(1.0, MOST_EXACT / max(total, 1.0))
    solver = quiet_solver(seconds, gap, max(1e-6, 0.999 * scale))  # under one unit: no better
    solver.passModel(_program(cover, rules, scale, whole=not relaxed))
    if relaxed:
        solver.setOptionValue("solver", "ipx")
        solver.setOptionValue("run_crossover", "off")
    else:
        solution = highspy.HighsSolution()
        covered = np.zeros(n)
        covered[cover.site_rows[np.repeat(start, np.diff(cover.site_ptr))]] = 1.0
        solution.col_value = [*start.astype(float), *covered]
        solver.setSolution(solution)
    run_watched(solver, None if watch is None else lambda v, b: watch(v / scale, b / scale))
    return _read(solver, cover, total, scale, relaxed=relaxed)


def _program(cover: Cover, rules: Rules, scale: float, *, whole: bool) -> highspy.HighsLp:
    m, n = cover.shape
    table = sparse.csr_array(
        (-np.ones(len(cover.row_sites)), cover.row_sites, cover.row_ptr), shape=(n, m)
    )
    limits = sparse.csr_array(
        (rules.amount.astype(float), rules.row, rules.ptr), shape=(m, len(rules.limit))
    )
    no_rows = sparse.csr_array((len(rules.limit), n))
    rows = [sparse.hstack([table, sparse.eye_array(n)]), sparse.hstack([limits.T, no_rows])]
    matrix = sparse.csc_array(sparse.vstack(rows))
    program = highspy.HighsLp()
    program.num_col_, program.num_row_ = m + n, n + len(rules.limit)
    program.sense_ = highspy.ObjSense.kMaximize
    program.col_cost_ = np.concatenate([np.zeros(m), cover.weight * scale])
    program.col_lower_, program.col_upper_ = np.zeros(m + n), np.ones(m + n)
    program.row_lower_ = np.full(program.num_row_, -highspy.kHighsInf)
    program.row_upper_ = np.concatenate([np.zeros(n), rules.limit.astype(float)])
    program.a_matrix_.format_ = highspy.MatrixFormat.kColwise
    program.a_matrix_.start_ = matrix.indptr
    program.a_matrix_.index_ = matrix.indices
    program.a_matrix_.value_ = matrix.data
    if whole:
        kinds = highspy.HighsVarType
        program.integrality_ = [kinds.kInteger] * m + [kinds.kContinuous] * n
    return program


def _read(
    solver: highspy.Highs, cover: Cover, total: float, scale: float, *, relaxed: bool
) -> Solved:
    m, n = cover.shape
    info, solution = solver.getInfo(), solver.getSolution()
    prices = np.zeros(n)
    if relaxed:
        if solution.dual_valid:
            prices = np.abs(np.asarray(solution.row_dual[:n])) / scale
        return Solved(None, total, prices)
    chosen = None
    if solution.value_valid and len(solution.col_value) == m + n:
        chosen = np.asarray(solution.col_value[:m]) > 0.5
    bound = info.mip_dual_bound / scale
    return Solved(chosen, bound if np.isfinite(bound) else total, prices)
