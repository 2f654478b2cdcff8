"""Choosing sites beside plain HiGHS and spopt, on seeded problems and OR-Library files.

    python benchmarks/siting.py --seconds 120 --pmed FOLDER > table.md

Each method runs in a process of its own, so that memory is its own. spopt is left out where
it is not installed; sizes it cannot build within the limit show a dash.
"""

from __future__ import annotations

import argparse
import json
import resource
import subprocess
import sys
import time

import numpy as np
from siting_instances import SIZES, instance

from servicecircle._kernel.cover import cover_from
from servicecircle._kernel.cover_search import at_most
from servicecircle._kernel.milp import solve_cover
from servicecircle.siting._solve import CoverSolver, compile_kernels

METHODS = ("servicecircle", "HiGHS", "spopt")


def ours(size: str, seconds: float) -> tuple[float, float, float]:
    table, weight = instance(SIZES[size], 1)
    compile_kernels()
    started = time.perf_counter()
    n_open, cover = SIZES[size].n_open, cover_from(table, weight)
    rules = at_most(n_open, table.shape[0])
    answer = CoverSolver(cover, rules, n_open, time_limit=seconds, gap=0.0, seed=0).run()
    return answer.value, answer.bound, time.perf_counter() - started


def plain_highs(size: str, seconds: float) -> tuple[float, float, float]:
    table, weight = instance(SIZES[size], 1)
    started = time.perf_counter()
    cover = cover_from(table, weight)
    rules = at_most(SIZES[size].n_open, table.shape[0])
    nothing = np.zeros(table.shape[0], dtype=bool)
    solved = solve_cover(cover, rules, start=nothing, seconds=seconds, gap=0.0)
    value = 0.0
    if solved.chosen is not None:
        reached = np.asarray(table[np.flatnonzero(solved.chosen)].sum(axis=0)) > 0
        value = float(weight[reached].sum())
    return value, solved.bound, time.perf_counter() - started


def with_spopt(size: str, seconds: float) -> tuple[float, float, float]:
    import pulp
    from spopt.locate import MCLP

    table, weight = instance(SIZES[size], 1)
    started = time.perf_counter()
    far = 1.0 - table.toarray().T
    model = MCLP.from_cost_matrix(far, weight, service_radius=0.5, p_facilities=SIZES[size].n_open)
    left = seconds - (time.perf_counter() - started)
    model.solve(pulp.HiGHS(msg=False, timeLimit=max(left, 1.0)))
    return float(model.problem.objective.value()), float("nan"), time.perf_counter() - started


def one(method: str, size: str, seconds: float) -> None:
    """Run one method and print a line of JSON."""
    run = dict(zip(METHODS, (ours, plain_highs, with_spopt), strict=True))[method]
    value, bound, spent = run(size, seconds)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps([float(value), float(bound), spent, megabytes]))


def covering_table(seconds: float) -> None:
    print("| size | method | value | bound | optimality gap | seconds | MB |")
    print("|---|---|---|---|---|---|---|")
    for size in SIZES:
        for method in METHODS:
            command = [sys.executable, __file__, "--one", method, size, "--seconds", str(seconds)]
            try:
                done = subprocess.run(
                    command, capture_output=True, text=True, timeout=2 * seconds + 60, check=True
                )
                value, bound, spent, megabytes = json.loads(done.stdout.splitlines()[-1])
            except (subprocess.SubprocessError, IndexError):
                print(f"| {size} | {method} | – | – | – | – | – |", flush=True)
                continue
            gap = f"{bound / value - 1:.2%}" if value and bound == bound else "–"  # noqa: PLR0124
            figures = f"{value:,.0f} | {bound:,.0f} | {gap} | {spent:.1f} | {megabytes:.0f}"
            print(f"| {size} | {method} | {figures} |", flush=True)


def median_table(folder: str, seconds: float) -> None:
    """Solve pmed 1–20 and lay them beside the published optima."""
    import warnings
    from pathlib import Path

    import pandas as pd

    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    from servicecircle.siting import choose_sites
    from test_siting_published import p_median_inputs

    warnings.simplefilter("ignore")
    best = pd.read_csv(Path(folder) / "optima.csv", index_col="instance")["p_median"]
    print("\n| file | published | value | bound | status | seconds |\n|---|---|---|---|---|---|")
    for name, published in best.items():
        reach, sites, demand, p = p_median_inputs(Path(folder) / f"{name}.txt")
        options = {"minutes": reach.cutoff, "time_limit": seconds}
        plan = choose_sites(reach, sites, demand, aim="least_walking", n_open=p, **options)
        figures = f"{plan.value:,.0f} | {plan.bound:,.1f} | {plan.status} | {plan.seconds:.1f}"
        print(f"| {name} | {published:,} | {figures} |", flush=True)


def main() -> None:
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--pmed", help="folder of pmed1.txt … and optima.csv, 60 s each")
    parser.add_argument("--one", nargs=2, metavar=("METHOD", "SIZE"), help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        one(*asked.one, asked.seconds)
        return
    covering_table(asked.seconds)
    if asked.pmed:
        median_table(asked.pmed, 60.0)


if __name__ == "__main__":
    main()
