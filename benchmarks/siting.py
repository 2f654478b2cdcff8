"""Choosing sites beside spopt and plain HiGHS, on seeded cities and OR-Library files.

    python benchmarks/siting.py --out docs/benchmarks-siting.md --instances FOLDER

Each method runs in a process of its own, so that memory is its own, and is stopped a minute
after its limit. ``--only`` makes a part anew (``10k-1k``, ``blocks``, ``spopt``, ``pmed``,
``pmedcap`` or several); the other figures are kept beside the page as JSON.
"""

from __future__ import annotations

import argparse
import json
import os
import platform
import resource
import subprocess
import sys
import time
import warnings
from datetime import UTC, datetime
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from siting_instances import KINDS, SIZES, instance

from servicecircle._kernel.cover import cover_from
from servicecircle._kernel.cover_search import at_most
from servicecircle._kernel.milp import solve_cover
from servicecircle.siting._solve import CoverSolver, compile_kernels

if TYPE_CHECKING:
    from collections.abc import Iterator

    from scipy import sparse

METHODS = ("servicecircle", "HiGHS", "spopt")
FILES = {"pmed": range(1, 21), "pmedcap": range(1, 11)}
MEMORY = 0.7  # of the machine's, for one run
EARLY = 60.0  # seconds after which a target wants the gap

HEAD = """# Choosing sites, measured

Made by `python benchmarks/siting.py`; what each figure means is below its table.
"""
COVERING = """
## Targets, servicecircle

| what | target | blocks | spread |
|---|---|---|---|
{targets}

## Most workers covered (MCLP), {seconds:g} s each

| city | size | pairs | method | status | value | bound | gap | CPU s | wall s | MB |
|---|---|---|---|---|---|---|---|---|---|---|
"""
NOTES = """
Size: demand × candidates. Both kinds of city come from `benchmarks/siting_instances.py`, seed 1:
in `blocks` centres are compact and workplaces as unequal as firms, in `spread` centres run into
each other and many plans are almost equally good. HiGHS: the textbook program through highspy, one
thread. spopt: `MCLP.from_cost_matrix` with HiGHS through PuLP. Seconds are from arrays in memory to
the answer, model building included; kernels are compiled before. MB: peak of the process, in which
Python and its libraries take about 200. A dash: no plan a minute after the limit, or out of memory.
Why `spread` is not proved: [decisions/006-proof-of-siting.md](decisions/006-proof-of-siting.md).
"""
MEDIANS = """
## Least walking (p-median): OR-Library, {seconds:g} s each

{summary}

| file | published | value | bound | status | gap | CPU s |
|---|---|---|---|---|---|---|
"""


class Run(NamedTuple):
    """What one method made of one problem."""

    status: str
    value: float
    bound: float
    cpu: float
    wall: float
    megabytes: float = 0.0
    pairs: int = 0
    early: float | None = None  # the gap after a minute


def ours(table: sparse.csr_array, weight: np.ndarray, n_open: int, seconds: float) -> Run:
    compile_kernels()
    clocks = time.process_time(), time.perf_counter()
    rules, cover = at_most(n_open, table.shape[0]), cover_from(table, weight)
    early = [float("inf")]

    def watch(passed: float, value: float, bound: float) -> None:
        if passed <= EARLY and value:
            early[0] = bound / value - 1

    solver = CoverSolver(cover, rules, n_open, seconds, gap=0.0, seed=0, progress=watch)
    found = solver.run()
    return _run(found.status, found.value, found.bound, clocks)._replace(early=early[0])


def plain_highs(table: sparse.csr_array, weight: np.ndarray, n_open: int, seconds: float) -> Run:
    clocks = time.process_time(), time.perf_counter()
    cover, rules = cover_from(table, weight), at_most(n_open, table.shape[0])
    nothing = np.zeros(table.shape[0], dtype=bool)
    solved = solve_cover(cover, rules, start=nothing, seconds=seconds, gap=0.0)
    value = 0.0
    if solved.chosen is not None:
        reached = np.asarray(table[np.flatnonzero(solved.chosen)].sum(axis=0)) > 0
        value = float(weight[reached].sum())
    status = "proved" if solved.bound - value < 1 else "time_limit"
    return _run(status, value, solved.bound, clocks)


def with_spopt(table: sparse.csr_array, weight: np.ndarray, n_open: int, seconds: float) -> Run:
    import pulp
    from spopt.locate import MCLP

    clocks = time.process_time(), time.perf_counter()
    model = MCLP.from_cost_matrix(
        1.0 - table.toarray().T, weight, service_radius=0.5, p_facilities=n_open
    )
    left = seconds - (time.perf_counter() - clocks[1])
    model.solve(pulp.HiGHS(msg=False, timeLimit=max(left, 1.0)), results=False)
    status = "proved" if model.problem.sol_status == pulp.LpSolutionOptimal else "time_limit"
    solver = getattr(model.problem, "solverModel", None)
    bound = solver.getInfo().mip_dual_bound if solver is not None else float("nan")
    return _run(status, float(model.problem.objective.value()), abs(bound), clocks)


def _run(status: str, value: float, bound: float, clocks: tuple[float, float]) -> Run:
    cpu, wall = time.process_time() - clocks[0], time.perf_counter() - clocks[1]
    return Run(status, float(value), float(bound), cpu, wall)


def median(name: str, folder: Path, seconds: float) -> Run:
    """Solve a p-median file through the public function."""
    sys.path.insert(0, str(Path(__file__).resolve().parents[1] / "tests"))
    from servicecircle.siting import _median, choose_sites
    from test_siting_published import capacitated_inputs, p_median_inputs

    warnings.simplefilter("ignore")
    options = {"aim": "least_walking", "time_limit": seconds}
    if name.startswith("pmedcap"):
        number = name.removeprefix("pmedcap")
        reach, sites, demand, p = capacitated_inputs(folder / "pmedcap" / f"pmedcap1_{number}.txt")
        options |= {"capacity": "capacity", "split": False}
    else:
        reach, sites, demand, p = p_median_inputs(folder / "pmed" / f"{name}.txt")
    compile_kernels()
    _median.compile_kernels()
    clocks = time.process_time(), time.perf_counter()
    plan = choose_sites(reach, sites, demand, n_open=p, minutes=reach.cutoff, **options)
    return _run(plan.status, plan.value, plan.bound, clocks)


def one(method: str, what: str, kind: str, folder: Path | None, seconds: float) -> None:
    """Run one method in this process and print what came out."""
    most = int(MEMORY * os.sysconf("SC_PAGE_SIZE") * os.sysconf("SC_PHYS_PAGES"))
    resource.setrlimit(resource.RLIMIT_AS, (most, most))
    if folder is not None:
        run = median(what, folder, seconds)
    else:
        table, weight = instance(SIZES[what], 1, kind)
        solve = dict(zip(METHODS, (ours, plain_highs, with_spopt), strict=True))[method]
        run = solve(table, weight, SIZES[what].n_open, seconds)._replace(pairs=table.nnz)
    megabytes = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss / 1024
    print(json.dumps(run._replace(megabytes=megabytes)))


def in_a_process(key: str, seconds: float, folder: Path | None) -> Run | None:
    """Run one line of a table elsewhere; nothing if it does not end in time."""
    command = [sys.executable, __file__, "--one", *key.split(), "--seconds", str(seconds)]
    if folder is not None:
        command += ["--instances", str(folder)]
    environment = {**os.environ, "OMP_NUM_THREADS": "1", "OPENBLAS_NUM_THREADS": "1"}
    try:
        done = subprocess.run(
            command, capture_output=True, text=True, timeout=seconds + 60, check=True,
            env=environment,
        )  # fmt: skip
        return Run(*json.loads(done.stdout.splitlines()[-1]))
    except (subprocess.TimeoutExpired, IndexError):
        return None
    except subprocess.CalledProcessError as error:
        print(f"{key}: {error.stderr.splitlines()[-1:]}", file=sys.stderr)
        return None


def lines(asked: argparse.Namespace) -> Iterator[tuple[str, float, Path | None]]:
    """Every line of both tables: its key, its limit, where its file lies."""
    for kind in KINDS[::-1]:
        for size in SIZES:
            for method in METHODS:
                yield f"{method} {size} {kind}", asked.seconds, None
    for family, numbers in FILES.items() if asked.instances else ():
        for number in numbers:
            key = f"servicecircle {family}{number} {family}"
            yield key, min(asked.seconds, 60.0), asked.instances


def target_rows(runs: dict[str, Run | None]) -> Iterator[str]:
    """Hold our runs against the targets, one column a kind of city."""
    wanted = (
        ("100k-100", "proved, ≤ 10 s CPU", lambda run: _proved_within(run, 10.0)),
        ("10k-1k", "proved, ≤ 15 s CPU", lambda run: _proved_within(run, 15.0)),
        ("50k-5k", f"gap ≤ 2 % after {EARLY:g} s", _close_early),
    )
    for size, target, judge in wanted:
        mine = [runs.get(f"servicecircle {size} {kind}") for kind in KINDS[::-1]]
        cells = [judge(run) if run else "–" for run in mine]
        yield f"| {size} | {target} | {' | '.join(cells)} |"


def _proved_within(run: Run, seconds: float) -> str:
    if run.status != "proved":
        return f"**no**: gap {_gap(run)} after {run.wall:.0f} s"
    return f"{'yes' if run.cpu <= seconds else '**no**'}: {run.cpu:.1f} s"


def _close_early(run: Run) -> str:
    if run.early is None:
        return "–"
    return f"{'yes' if run.early <= 0.02 else '**no**'}: {run.early:.2%}"


def covering_rows(runs: dict[str, Run | None]) -> Iterator[str]:
    for key, run in runs.items():
        method, size, kind = key.split()
        if kind not in KINDS:
            continue
        if run is None:
            yield f"| {kind} | {size} | | {method} | – | – | – | – | – | – | – |"
            continue
        bound, gap = ("–", "–") if np.isnan(run.bound) else (f"{run.bound:,.0f}", _gap(run))
        yield (
            f"| {kind} | {size} | {run.pairs:,} | {method} | {run.status} | {run.value:,.0f} "
            f"| {bound} | {gap} | {run.cpu:.1f} | {run.wall:.1f} | {run.megabytes:.0f} |"
        )


def _gap(run: Run) -> str:
    return f"{abs(run.bound - run.value) / run.value:.2%}" if run.value else "–"


def median_rows(runs: dict[str, Run | None], folder: Path) -> tuple[str, list[str]]:
    """Lay values beside the published ones; count the equal and the proved."""
    import pandas as pd

    best = pd.read_csv(folder / "pmed" / "optima.csv", index_col="instance")["p_median"].to_dict()
    more = pd.read_csv(folder / "pmedcap" / "best_values.csv")["best_known"]
    best |= {f"pmedcap{k + 1}": value for k, value in enumerate(more)}
    rows, said = [], []
    for family in FILES:
        mine = {key.split()[1]: run for key, run in runs.items() if key.split()[2] == family}
        solved = {name: run for name, run in mine.items() if run is not None}
        equal = sum(round(run.value, 3) == best[name] for name, run in solved.items())
        proved = sum(run.status == "proved" for run in solved.values())
        worst = max((abs(run.bound - run.value) / run.value for run in solved.values()), default=0)
        said.append(
            f"{family}: {equal} of {len(mine)} equal to the published value, {proved} proved, "
            f"largest gap {worst:.2%}."
        )
        rows += [
            f"| {name} | {best[name]:,} | {run.value:,.0f} | {run.bound:,.1f} | {run.status} "
            f"| {_gap(run)} | {run.cpu:.1f} |"
            for name, run in solved.items()
        ]
    return "  \n".join(said), rows


def machine() -> str:
    model = next(
        (
            line.split(":")[1].strip()
            for line in Path("/proc/cpuinfo").read_text(encoding="utf-8").splitlines()
            if line.startswith("model name")
        ),
        platform.machine(),
    )
    return f"\n{model}, {os.cpu_count()} cores, {datetime.now(tz=UTC):%Y-%m-%d}.\n"


def write(asked: argparse.Namespace, runs: dict[str, Run | None]) -> None:
    """Write the page from all runs there are."""
    targets = "\n".join(target_rows(runs))
    parts = [HEAD, machine(), COVERING.format(seconds=asked.seconds, targets=targets)]
    parts += ["\n".join(covering_rows(runs)), "\n", NOTES]
    if asked.instances and any(key.split()[2] in FILES for key in runs):
        summary, rows = median_rows(runs, asked.instances)
        seconds = min(asked.seconds, 60.0)
        parts += [MEDIANS.format(seconds=seconds, summary=summary), "\n".join(rows), "\n"]
    asked.out.write_text("".join(parts), encoding="utf-8")


def main() -> None:
    """Read the command line, run what is asked for, write the page."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--out", type=Path, help="the page to write")
    parser.add_argument("--seconds", type=float, default=120.0)
    parser.add_argument("--instances", type=Path, help="folder that holds pmed and pmedcap")
    parser.add_argument("--only", nargs="+", default=[], help="words that a line must have")
    parser.add_argument("--one", nargs=3, help=argparse.SUPPRESS)
    asked = parser.parse_args()
    if asked.one:
        one(*asked.one, asked.instances, asked.seconds)
        return
    if asked.out is None:
        parser.error("--out is missing")
    kept = asked.out.with_suffix(".json")
    old = json.loads(kept.read_text(encoding="utf-8")) if kept.exists() else {}
    runs: dict[str, Run | None] = {}
    for key, seconds, folder in lines(asked):
        if set(asked.only) <= set(key.split()):
            print(key, file=sys.stderr, flush=True)
            runs[key] = in_a_process(key, seconds, folder)
        elif key in old:
            runs[key] = Run(*old[key]) if old[key] else None
        kept.write_text(json.dumps({**old, **runs}, indent=1) + "\n", encoding="utf-8")
        write(asked, runs)


if __name__ == "__main__":
    main()
