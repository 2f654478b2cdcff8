"""Measures of files, start-up and a whole city's scores, each in a fresh process."""

from __future__ import annotations

import tempfile
from typing import TYPE_CHECKING

from harness import Section, Target, fresh, ratio, say

if TYPE_CHECKING:
    from bench import Bench


def reading(bench: Bench) -> Section:
    """Compare a pbf file read by us and by pyrosm; open a saved network."""
    saved = bench.cache / "saved"
    bench.porto.save(saved)
    ours = [fresh("read_ours", bench.city_file) for _ in range(2)]
    opened = [fresh("read_ours", saved) for _ in range(3)]
    best, quick = (min(runs, key=lambda run: run["cpu"]) for runs in (ours, opened))
    rows = [
        ("ours", f"{best['cpu']:.2f}", f"{best['wall']:.2f}", f"{best['peak']:,.0f}", best["size"]),
        (
            "ours, saved network",
            f"{quick['cpu']:.3f}",
            f"{quick['wall']:.3f}",
            f"{quick['peak']:,.0f}",
            "",
        ),
    ]
    targets = [
        Target("a saved network opens", "≤ 0.2 s", f"{quick['cpu']:.3f} s CPU", quick["cpu"] <= 0.2)
    ]
    try:
        other = fresh("read_pyrosm", bench.city_file)
    except RuntimeError as error:
        rows.append(("pyrosm", f"not measured: {error}", "", "", ""))
    else:
        peak = f"{other['peak']:,.0f}"
        tables = f"{other['tables_cpu']:.2f}", f"{other['tables_wall']:.2f}", peak, other["size"]
        rows.append(("pyrosm, tables of nodes and edges", *tables))
        rows.append(
            ("pyrosm, networkx graph", f"{other['cpu']:.2f}", f"{other['wall']:.2f}", "", "")
        )
        for what, key in (("tables", "tables_cpu"), ("graph", "cpu")):
            gain = ratio(other[key], best["cpu"])
            met = other[key] >= 4 * best["cpu"]
            targets.append(Target(f"pbf to network against pyrosm's {what}", "≥ 4 ×", gain, met))
    return Section(
        f"{bench.city}: pbf to network, and a saved network",
        ("way", "CPU s", "wall s", "peak MB", "result"),
        rows,
        ("Imports are not in the seconds, but in the memory. Walk rules differ a little.",),
        tuple(targets),
    )


def starting(bench: Bench) -> Section:
    """Measure import, first compilation, later starts."""
    nanjing = bench.streets / "nanjing_core.osm.pbf"
    wall = min(fresh("import_time")["wall"] for _ in range(3))
    with tempfile.TemporaryDirectory() as empty:
        first = fresh("kernels", nanjing, NUMBA_CACHE_DIR=empty)
        say("  compiled")
        later = fresh("kernels", nanjing, NUMBA_CACHE_DIR=empty)
    rows = [
        ("`import servicecircle`, wall", f"{wall:.3f}"),
        ("first compilation: networks, circles, reach (CPU)", f"{first['circles']:.1f}"),
        ("first compilation: siting (CPU)", f"{first['siting']:.1f}"),
        ("later start: networks, circles, reach (CPU)", f"{later['circles']:.2f}"),
        ("later start: siting (CPU)", f"{later['siting']:.2f}"),
    ]
    compiled, started = (sum(run[k] for k in ("circles", "siting")) for run in (first, later))
    return Section(
        "Start-up",
        ("what", "s"),
        rows,
        (
            (
                "Compilation and later start: CPU seconds by which the first use of everything "
                "compiled exceeds the second in the same process, with an empty and a filled "
                "cache."
            ),
        ),
        (
            Target("import", "≤ 0.5 s", f"{wall:.3f} s", wall <= 0.5),
            Target("first compilation of all kernels", "≤ 10 s", f"{compiled:.1f} s",
                   compiled <= 10),
            Target("later starts", "≤ 1 s", f"{started:.2f} s", started <= 1),
        ),
    )  # fmt: skip


def scale(bench: Bench) -> Section:
    """Score ten thousand candidates against half a million places."""
    saved = bench.cache / "saved"
    if not saved.exists():
        bench.porto.save(saved)
    size = bench.few((10_000, 500_000), (500, 20_000))
    sources = {bench.city: saved}
    if not bench.quick:
        sources["composite of eight cities"] = bench.composite_file
    rows, targets = [], []
    for name, source in sources.items():
        seen = fresh("scale", source, *size)
        rows.append(
            (name, f"{seen['nodes']:,}", f"{seen['pairs']:,}", f"{seen['routed']:.1f}",
             f"{seen['wall']:.1f}", f"{seen['peak']:,.0f}", f"{seen['held']:,.0f}")
        )  # fmt: skip
        met = seen["wall"] <= 10 and seen["peak"] <= 2048
        told = f"{seen['wall']:.1f} s, {seen['peak']:,.0f} MB"
        targets.append(Target(f"{size[0]:,} × {size[1]:,}, {name}", "≤ 10 s, ≤ 2 GB", told, met))
        say(f"  {name}: {told}")
    return Section(
        f"{size[0]:,} candidates × {size[1]:,} places with workers, 15 minutes",
        ("network", "nodes", "pairs", "`walk_times`, wall s", "with `score_sites`", "peak MB",
         "of it before"),
        rows,
        (("Candidates and places lie evenly along the streets. Porto's nodes are junctions: its "
         "file has 304,070 nodes on walkable ways."),),
        tuple(targets),
    )  # fmt: skip
