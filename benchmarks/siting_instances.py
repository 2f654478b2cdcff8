"""Clustered covering problems of four sizes and two kinds, from a seed; run to see them solve.

    python benchmarks/siting_instances.py 10k-1k --kind blocks --seconds 60

Workplaces and candidates crowd around the same centres of a square city; a candidate
covers what lies within a radius. In a ``spread`` city few wide centres run into each other
and workplaces have 1 to 99 workers, so that many plans are almost as good as the best: the
linear relaxation lies 0.5 to 2.5 % above it. In a city of ``blocks`` centres are many and
compact, and sizes are log-normal as those of firms: it lies within 0.1 %.
"""

from __future__ import annotations

import argparse
import resource
import time
from typing import NamedTuple

import numpy as np
from scipy import sparse
from scipy.spatial import cKDTree

from servicecircle._kernel.cover import cover_from
from servicecircle._kernel.cover_search import at_most
from servicecircle.siting._solve import CoverSolver, compile_kernels


class Size(NamedTuple):
    """How large a problem is, and how far a candidate covers (the square's side is 1)."""

    demand: int
    candidates: int
    n_open: int
    radius: float


SIZES = {
    "1k-100": Size(1_000, 100, 10, 0.12),
    "10k-1k": Size(10_000, 1_000, 50, 0.05),
    "50k-5k": Size(50_000, 5_000, 200, 0.035),
    "100k-100": Size(100_000, 100, 10, 0.15),
}


KINDS = ("spread", "blocks")


def instance(size: Size, seed: int, kind: str = "spread") -> tuple[sparse.csr_array, np.ndarray]:
    """Return coverage (candidates × demand) and whole weights."""
    rng = np.random.default_rng(seed)
    per_centre, wide = (20, 0.06) if kind == "spread" else (5, 0.02)
    centres = rng.uniform(0, 1, (max(5, size.candidates // per_centre), 2))
    demand, sites = (
        centres[rng.integers(len(centres), size=count)] + rng.normal(0, wide, (count, 2))
        for count in (size.demand, size.candidates)
    )
    near = cKDTree(demand).query_ball_point(sites, size.radius, return_sorted=True)
    ends = np.cumsum([0, *(len(rows) for rows in near)])
    rows = np.concatenate([np.asarray(rows, dtype=np.int64) for rows in near])
    table = sparse.csr_array(
        (np.ones(len(rows), np.int8), rows, ends), shape=(len(near), len(demand))
    )
    if kind == "spread":
        return table, rng.integers(1, 100, size.demand)
    return table, np.maximum(1, np.rint(rng.lognormal(2.0, 1.2, size.demand))).astype(np.int64)


def main() -> None:
    """Solve one size and print what came out."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("size", choices=SIZES)
    parser.add_argument("--kind", choices=KINDS, default="spread")
    parser.add_argument("--seed", type=int, default=1)
    parser.add_argument("--seconds", type=float, default=60.0)
    asked = parser.parse_args()
    size = SIZES[asked.size]
    table, weight = instance(size, asked.seed, asked.kind)
    compile_kernels()
    started = time.perf_counter()
    cover = cover_from(table, weight)
    answer = CoverSolver(
        cover,
        at_most(size.n_open, size.candidates),
        size.n_open,
        time_limit=asked.seconds,
        gap=0.0,
        seed=0,
    ).run()
    seconds = time.perf_counter() - started
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    gap = answer.bound / answer.value - 1
    print(
        f"{asked.size} {asked.kind} ({table.nnz:,} pairs): {answer.status}, "
        f"value {answer.value:,}, bound {answer.bound:,.0f} (+{gap:.2%}), "
        f"{seconds:.1f} s, {megabytes:.0f} MB"
    )


if __name__ == "__main__":
    main()
