"""Fair timing, fresh processes and the tables of the report."""

from __future__ import annotations

import json
import os
import platform
import resource
import subprocess
import sys
import time
from importlib.metadata import PackageNotFoundError, version
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

HERE = Path(__file__).resolve().parent
ROUNDS = 3
LONG = 8.0  # seconds: what takes longer runs once
PACKAGES = (
    "servicecircle", "numpy", "scipy", "numba", "shapely", "geopandas", "networkx", "osmnx",
    "rustworkx", "pandana", "cityseer", "pyrosm", "osmium",
)  # fmt: skip


class Target(NamedTuple):
    """Something to hold, and what this run saw."""

    what: str
    wanted: str
    measured: str
    met: bool


class Section(NamedTuple):
    """One table of the report."""

    title: str
    header: tuple[str, ...]
    rows: list[tuple[Any, ...]]
    notes: tuple[str, ...] = ()
    targets: tuple[Target, ...] = ()


def say(text: str) -> None:
    """Print progress at once."""
    print(f"[{time.perf_counter() - START:6.1f} s] {text}", flush=True)


START = time.perf_counter()


def interleave(
    jobs: Mapping[str, Callable[[], object]],
    *,
    rounds: int = ROUNDS,
    clock: Callable[[], float] = time.process_time,
) -> dict[str, float]:
    """Run all jobs in turn, round after round; return the best seconds of each."""
    best = dict.fromkeys(jobs, float("inf"))
    for turn in range(rounds):
        for name, job in jobs.items():
            if turn and best[name] > LONG:
                continue
            before = clock()
            job()
            best[name] = min(best[name], clock() - before)
    return best


def peak_mb() -> float:
    """Largest memory of this process since it began, in MB.

    ``ru_maxrss`` of a child begins with its parent's peak on Linux, ``VmHWM`` does not.
    """
    status = Path("/proc/self/status")
    if status.exists():
        line = next(row for row in status.read_text().splitlines() if row.startswith("VmHWM"))
        return int(line.split()[1]) / 1024
    used = resource.getrusage(resource.RUSAGE_SELF).ru_maxrss
    return used / (2**20 if sys.platform == "darwin" else 2**10)


def fresh(job: str, *given: object, **environment: str) -> dict[str, Any]:
    """Run a job of ``children.py`` in a process of its own; return what it measured."""
    command = [sys.executable, "-W", "ignore", str(HERE / "children.py"), job, *map(str, given)]
    done = subprocess.run(
        command, env=os.environ | environment, capture_output=True, text=True, check=False
    )
    if done.returncode:
        raise RuntimeError((done.stderr.strip().splitlines() or ["no message"])[-1])
    answer: dict[str, Any] = json.loads(
        next(row for row in done.stdout.splitlines() if row.startswith("{"))
    )
    return answer


def versions() -> str:
    """List the versions of everything measured."""
    found = [f"Python {platform.python_version()}"]
    for name in PACKAGES:
        try:
            found.append(f"{name} {version(name)}")
        except PackageNotFoundError:
            found.append(f"{name} not installed")
    return ", ".join(found)


def table(header: Iterable[str], rows: Iterable[Iterable[Any]]) -> str:
    """Write a Markdown table."""
    head = [str(name) for name in header]
    lines = ["| " + " | ".join(head) + " |", "|" + "---|" * len(head)]
    lines += ["| " + " | ".join(map(str, row)) + " |" for row in rows]
    return "\n".join(lines)


def ratio(other: float, ours: float) -> str:
    """Say how many times faster ours is."""
    return f"{other / ours:,.1f} ×"
