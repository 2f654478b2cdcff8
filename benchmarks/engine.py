"""Measure reach and circles against their peers and write the report.

    python benchmarks/engine.py --shared ../shared --out docs/benchmarks.md
    python benchmarks/engine.py --shared ../shared --quick

Needs the extra ``bench``; a peer that is not installed is named and left out. Everything
is measured in turn, round after round, best of three, in CPU seconds of the process: trust
the ratios of one run, not the seconds.
"""

from __future__ import annotations

import argparse
import contextlib
import os
import platform
import sys
import tempfile
import time
import warnings
from datetime import UTC, datetime
from pathlib import Path

sys.path.insert(0, str(Path(__file__).resolve().parent))

from bench import Bench
from harness import Section, Target, fresh, say, table, versions
from measures_areas import circles, fits, snapping, whole_set
from measures_chain import reading, scale, starting
from measures_reach import exactness, reach_demand, reach_sets, reach_sets_composite, threads

MEASURES = {
    "reach": reach_sets,
    "composite": reach_sets_composite,
    "demand": reach_demand,
    "circles": circles,
    "quality": fits,
    "snapping": snapping,
    "set": whole_set,
    "reading": reading,
    "start": starting,
    "threads": threads,
    "scale": scale,
    "exactness": exactness,
}
SLOW = ("composite",)  # left out of a quick run


def run(bench: Bench, names: list[str]) -> tuple[list[Section], list[str]]:
    """Run the measures; one that fails is told and does not stop the others."""
    sections, failed = [], []
    for name in names:
        say(name)
        try:
            sections.append(MEASURES[name](bench))
        except Exception as error:  # noqa: BLE001 – ten minutes of results must not be lost
            failed.append(f"{name}: {type(error).__name__}: {error}")
            say(f"  FAILED {failed[-1]}")
    return sections, failed


def machine() -> str:
    """Describe the machine and how busy it is."""
    load = ", ".join(f"{value:.1f}" for value in os.getloadavg())
    return f"{os.cpu_count()} cores, {platform.machine()}, {platform.system()}; load {load}"


def report(bench: Bench, sections: list[Section], failed: list[str], busy: str) -> str:
    """Write the page."""
    targets = [target for section in sections for target in section.targets]
    kind = "A quick run: the numbers below prove nothing." if bench.quick else "A full run."
    parts = [
        "# Benchmarks of reach and circles",
        (
            "Written by `benchmarks/engine.py`; run it again with\n\n"
            "```\npip install -e '.[test,bench]'\n"
            "python benchmarks/engine.py --shared ../shared --out docs/benchmarks.md\n```"
        ),
        (
            f"{kind} {datetime.now(UTC):%Y-%m-%d}. All engines get the same arrays in the same "
            "run; rounds are interleaved, the best of three counts (once if it takes over 8 s), "
            "in CPU seconds of the "
            "process unless a table says otherwise. Trust the ratios, not the seconds."
        ),
        f"Machine: {busy} at the start; {machine()} at the end.",
        f"Versions: {versions()}.",
        (
            "Streets © OpenStreetMap contributors. Choosing sites is measured in "
            "[benchmarks-siting.md](benchmarks-siting.md)."
        ),
        f"## Targets: {sum(target.met for target in targets)} of {len(targets)} met in this run",
        table(("what", "target", "measured", "met"), map(_target_row, targets)),
    ]
    for section in sections:
        parts += [f"## {section.title}", table(section.header, section.rows), *section.notes]
    if failed:
        parts += ["## Not measured", "\n".join(f"* {line}" for line in failed)]
    return "\n\n".join(parts) + "\n"


def _target_row(target: Target) -> tuple[str, str, str, str]:
    return target.what, target.wanted, target.measured, "yes" if target.met else "**no**"


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True, help="folder with data/streets")
    parser.add_argument("--out", type=Path, help="Markdown file to write (default: print)")
    parser.add_argument("--cache", type=Path, help="folder for downloads")
    parser.add_argument("--quick", action="store_true", help="small city, few origins")
    parser.add_argument("--only", nargs="+", choices=MEASURES, help="some measures")
    given = parser.parse_args()
    cache = given.cache or Path(tempfile.gettempdir()) / "servicecircle-benchmarks"
    cache.mkdir(parents=True, exist_ok=True)
    bench = Bench(given.shared.resolve(), cache, given.quick)
    names = given.only or [name for name in MEASURES if not (given.quick and name in SLOW)]
    warnings.simplefilter("ignore")
    busy, start = machine(), time.perf_counter()
    say("compiling, unless it was done before")
    with contextlib.suppress(RuntimeError):
        fresh("kernels", bench.streets / "nanjing_core.osm.pbf")
    page = report(bench, *run(bench, names), busy)
    if given.out:
        given.out.write_text(page, encoding="utf-8")
    else:
        print(page)
    say(f"done in {time.perf_counter() - start:.0f} s")


if __name__ == "__main__":
    main()
