"""The p-median as a mixed-integer program: "nobody within this step" per row and step."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from servicecircle._kernel.program import Program

if TYPE_CHECKING:
    from servicecircle._kernel.cover import Bools
    from servicecircle._kernel.median import Walks
    from servicecircle._kernel.program import Outcome, Watch


def solve_median(
    walks: Walks, p: int, start: Bools, *, seconds: float, gap: float, step: float, watch: Watch
) -> tuple[Bools | None, Outcome]:
    """Open at most ``p`` sites at least cost, from a first plan.

    The radius formulation (Cornuéjols, Nemhauser & Wolsey 1980): row i pays the difference
    to its next step unless a site up to this step is open.
    """
    m, n = walks.shape
    row = np.repeat(np.arange(n), np.diff(walks.row_ptr))
    new = np.ones(len(row), bool)
    new[1:] = (row[1:] != row[:-1]) | (walks.row_cost[1:] != walks.row_cost[:-1])
    level, of, at = np.cumsum(new) - 1, row[new], walks.row_cost[new]
    first = np.append(True, of[1:] != of[:-1])[: len(of)]
    last = np.append(first[1:], True)[: len(of)]
    following = np.where(last, walks.far[of], np.append(at[1:], 0.0)[: len(of)])
    program = Program()
    sites = program.add_columns(m, whole=True)
    missed = program.add_columns(len(of), cost=following - at)
    before = np.flatnonzero(~first)
    chain = sparse.eye_array(len(of), format="csr") - sparse.csr_array(
        (np.ones(len(before)), (before, before - 1)), shape=(len(of), len(of))
    )
    opens = sparse.csr_array((np.ones(len(row)), (level, walks.row_sites)), shape=(len(of), m))
    program.add_rows([(missed, chain), (sites, opens)], first.astype(float), np.inf)
    program.add_rows([(sites, sparse.csr_array(np.ones((1, m))))], -np.inf, p)
    least = float(walks.far.sum() - walks.far[of[first]].sum() + at[first].sum())
    outcome = program.solve(
        seconds=seconds,
        gap=gap,
        start=(sites, start.astype(float)),
        step=step,
        constant=least,
        watch=watch,
    )
    chosen = None if outcome.values is None else outcome.values[sites] > 0.5
    return chosen, outcome
