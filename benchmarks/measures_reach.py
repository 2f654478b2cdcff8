"""Measures of reach: speed, memory, exactness, threads."""

from __future__ import annotations

import os
import sys
import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import shapely
from harness import HERE, Section, Target, fresh, interleave, ratio, say
from numba import njit
from peers import BIG, ENGINES, FEWER, OURS
from scipy import sparse
from scipy.sparse.csgraph import dijkstra
from streets import (
    MINUTES_10,
    MINUTES_15,
    arcs_of,
    at_nodes,
    beside_streets,
    pick,
    pick_joined,
)

from servicecircle._kernel.batch import in_threads
from servicecircle._kernel.field import areas_of_each
from servicecircle._kernel.search import reach_targets
from servicecircle.networks import read_network
from servicecircle.networks.places import join_places
from servicecircle.reach import walk_times

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    import geopandas as gpd
    from bench import Bench
    from streets import Arcs

    from servicecircle.networks import WalkNetwork

SCIPY, NETWORKX = "scipy `dijkstra(limit=)`", "networkx with cutoff"
ARITHMETIC = "arithmetic alone, for comparison"
REAL = ("nanjing_core", "monaco", "porto_alegre", "porto_city_core")


def _reach_rows(
    arcs: Arcs, names: Iterable[str], count: int, memory: dict[str, str]
) -> tuple[list[tuple[object, ...]], dict[str, float]]:
    """Time the engines that are installed on one graph; microseconds an origin."""
    origins = pick(arcs, count)
    jobs: dict[str, Callable[[], int]] = {}
    rows: list[tuple[object, ...]] = []
    sizes, pairs = {}, {}
    for name in names:
        mine = origins[:: FEWER.get(name, 1)]
        try:
            engine = ENGINES[name](arcs)
            pairs[name] = engine(mine[:20])
        except Exception as error:  # noqa: BLE001 – a peer that fails is named, the others go on
            rows.append((name, f"failed: {error}".splitlines()[0], "", "", ""))
            continue
        jobs[name], sizes[name] = partial(engine, mine), len(mine)
        say(f"  {name} is ready")
    seconds = interleave(jobs)
    each = {name: seconds[name] / sizes[name] * 1e6 for name in jobs}
    shown = [
        (
            name,
            f"{each[name]:,.1f}",
            ratio(each[name], each[OURS]),
            f"{pairs[name]:,}" if sizes[name] == count else "",
            memory.get(name, ""),
        )
        for name in jobs
    ]
    return shown + rows, each


def _memory(bench: Bench, arcs: Arcs) -> dict[str, str]:
    """Peak memory of every engine, in a process of its own."""
    path = bench.cache / "arcs.npz"
    arcs.save(path)
    found = {}
    for name in ("", *ENGINES):
        try:
            found[name] = f"{fresh('reach_memory', name, path)['peak']:,.0f}"
        except RuntimeError as error:
            found[name] = f"– ({error})"
        say(f"  memory of {name or 'the arrays alone'}: {found[name]} MB")
    return found


HEADER = ("engine", "CPU µs per origin", "against ours", "pairs, first 20 origins", "peak MB")


def reach_sets(bench: Bench) -> Section:
    arcs = arcs_of(bench.ways)
    memory = _memory(bench, arcs)
    rows, each = _reach_rows(arcs, ENGINES, bench.few(1000, 100), memory)
    targets = [
        Target(
            f"reach sets, {len(arcs.xy):,} nodes, against {name}",
            f"≥ {wanted} ×",
            ratio(each[name], each[OURS]),
            each[name] >= wanted * each[OURS],
        )
        for name, wanted in ((SCIPY, 9), (NETWORKX, 25))
    ]
    return Section(
        f"Reach sets in {bench.city}: every node within 15 minutes, with costs",
        HEADER,
        rows,
        (
            (
                f"{len(arcs.xy):,} nodes, {len(arcs.heads):,} arcs (ways only, no walks across "
                "squares); the same arrays and the same sorted origins for all. OSMnx and "
                "cityseer get a part of the origins. Peak memory: a fresh process that builds the "
                f"engine and answers 100 origins; {memory['']} MB of each is numba, geopandas and "
                "the arrays. cityseer rounds its own way; the counts of all others must be equal."
            ),
            "Valhalla answers with polygons, not with sets: see the circles.",
        ),
        tuple(targets),
    )


def reach_sets_composite(bench: Bench) -> Section:
    arcs = arcs_of(bench.composite)
    rows, each = _reach_rows(arcs, BIG, bench.few(1000, 100), {})
    return Section(
        "Reach sets in a composite of eight cities",
        HEADER[:4],
        [row[:4] for row in rows],
        (
            (
                f"{len(arcs.xy):,} nodes, {len(arcs.heads):,} arcs, unsimplified and side by "
                "side: no path crosses between cities. pandana, cityseer and OSMnx are left out "
                "for time."
            ),
        ),
        (
            Target(
                f"reach sets, {len(arcs.xy):,} nodes, against {SCIPY}",
                "≥ 25 ×",
                ratio(each[SCIPY], each[OURS]),
                each[SCIPY] >= 25 * each[OURS],
            ),
        ),
    )


def reach_demand(bench: Bench) -> Section:
    """Compare facilities × demand as a sparse table; everything at nodes, so all agree."""
    network, arcs = bench.porto, arcs_of(bench.porto)
    sites = pick_joined(network, bench.few(1000, 100), seed=5)
    demand = pick_joined(network, bench.few(100_000, 10_000), seed=6)
    tables = at_nodes(network, sites), at_nodes(network, demand)
    count = len(arcs.xy)
    matrix = sparse.csr_array((arcs.cost.astype(float), arcs.heads, arcs.indptr), (count, count))
    found: dict[str, int] = {}

    def ours() -> None:
        found[OURS] = walk_times(network, *tables, cutoff=15).minutes.nnz

    def theirs() -> None:
        found[SCIPY] = sum(
            sparse.csr_array(
                dijkstra(matrix, indices=part, limit=MINUTES_15)[:, demand] < np.inf
            ).nnz
            for part in np.array_split(sites, max(1, len(sites) // 50))
        )

    ours()
    seconds = interleave({OURS: ours, SCIPY: theirs})
    rows = [
        (name, f"{seconds[name] * 1e3:,.0f}", ratio(seconds[name], seconds[OURS]), f"{n:,}")
        for name, n in found.items()
    ]
    return Section(
        f"Reach against demand: {len(sites):,} sites × {len(demand):,} places, sparse",
        ("engine", "CPU ms in all", "against ours", "pairs"),
        rows,
        (
            (
                "Ours is `walk_times` whole: joining all places to their streets, searching, "
                "sorting. scipy gets places that are nodes already, 50 origins at once. Pairs "
                "differ where scipy adds up parallel arcs, and where places at one street may "
                "walk straight."
            ),
        ),
    )


@njit(nogil=True)
def _count_up(steps):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    """Work that no memory holds up."""
    value = 1.0
    for _ in range(steps):
        value = 1.0 / (0.5 + value)
    return value


def threads(bench: Bench) -> Section:
    """Compare two threads with one, by the clock on the wall."""
    network = bench.porto
    graph, raster = network.toward, network.raster
    nodes = pick_joined(network, bench.few(4000, 400))
    origins = join_places(network, at_nodes(network, nodes), "facilities").origins(graph)
    order = np.argsort(origins.street, kind="stable")
    levels = np.array([MINUTES_10, MINUTES_15])
    people = join_places(network, beside_streets(network, bench.few(100_000, 5_000)), "people")
    people = people.take(np.argsort(people.street, kind="stable"))
    places = people.take(np.flatnonzero(people.street >= 0)).targets(graph)
    on_street = np.searchsorted(places.street, np.arange(len(network.ends) + 1))
    kernels: dict[str, tuple[Callable[[np.ndarray], object], np.ndarray]] = {
        "circles": (lambda part: areas_of_each(graph, origins, part, raster, levels), order),
        "reach against demand": (
            lambda part: reach_targets(graph, origins, part, places, on_street, MINUTES_15),
            order,
        ),
        ARITHMETIC: (lambda part: _count_up(part.sum()), np.full(1024, bench.few(400_000, 4_000))),
    }
    _count_up(1)
    rows, targets = [], []
    for name, (kernel, todo) in kernels.items():
        best = interleave(
            {"one": partial(kernel, todo), "two": partial(in_threads, kernel, todo)},
            clock=time.perf_counter,
        )
        gain = best["one"] / best["two"]
        rows.append((name, f"{best['one']:.2f}", f"{best['two']:.2f}", f"{gain:.2f} ×"))
        if name != ARITHMETIC:
            met = gain >= 1.8
            targets.append(Target(f"two threads, {name}", "≥ 1.8 ×", f"{gain:.2f} ×", met))
    return Section(
        "Two threads against one",
        ("work", "one thread, wall s", "two, wall s", "gain"),
        rows,
        (
            (
                f"{os.cpu_count()} cores; says little when others use them. Arithmetic needs no "
                "memory and shares nothing: what it gains is what two threads can gain here."
            ),
        ),
        tuple(targets),
    )


def exactness(bench: Bench) -> Section:
    """Compare minutes with a calculation by osmium, shapely and networkx on raw streets."""
    sys.path.insert(0, str(HERE.parent / "tests"))
    from oracle import Oracle

    rows, pairs, worst = [], 0, 0.0
    for name in REAL[: bench.few(4, 1)]:
        path = bench.streets / f"{name}.osm.pbf"
        network = read_network(path, squares=False)  # the other side walks ways only
        gaps, unlike = _differences(network, Oracle(path, network.crs), bench.few(20, 5))
        rows.append((name, f"{len(gaps):,}", f"{gaps.max():.2f}", f"{np.median(gaps):.3f}", unlike))
        pairs, worst = pairs + len(gaps), max(worst, float(gaps.max()))
        say(f"  {name}: {len(gaps):,} pairs")
    return Section(
        "Largest difference to networkx",
        ("network", "pairs", "largest, m", "median, m", "reached by one only"),
        rows,
        (
            (
                "Walks between places beside the streets, up to 15 minutes. The other side reads "
                "the file itself, keeps every node, splits segments, adds floats. `Reached by "
                "one only` leaves out pairs within a metre of the cutoff."
            ),
        ),
        (
            Target(
                f"difference to networkx, {pairs:,} pairs on {len(rows)} networks",
                "≤ 1.25 m (1 s)",
                f"{worst:.2f} m",
                worst <= 1.25,
            ),
        ),
    )


def _differences(network: WalkNetwork, oracle: object, count: int) -> tuple[np.ndarray, int]:
    """Differences in metres of all pairs within reach, and pairs only one side reaches."""
    middle = shapely.Point(np.median(network.node_xy, axis=0))
    sites = beside_streets(network, 4000, seed=7)
    sites = sites[sites.distance(middle) < 700].iloc[:count]
    places = beside_streets(network, 12_000, seed=8)
    places = places[places.distance(middle) < 1200].iloc[: 20 * count]
    ours = np.full((len(sites), len(places)), np.inf)
    found = walk_times(network, sites, places).minutes.tocoo()
    ours[found.row, found.col] = found.data * 75.0
    stops = [oracle.join(np.array(p.coords[0])) for p in places.geometry]  # type: ignore[attr-defined]
    theirs = np.array(
        [
            oracle.metres(oracle.join(np.array(p.coords[0])), stops, 1200.0)  # type: ignore[attr-defined]
            for p in sites.geometry
        ]
    )
    theirs = np.minimum(theirs, _straight(network, sites, places))
    both = np.isfinite(ours) & (theirs <= 1125)
    one = (np.isfinite(ours) != (theirs <= 1125)) & (np.abs(theirs - 1125) > 1)
    return np.abs(ours - theirs)[both], int(one.sum())


def _straight(
    network: WalkNetwork, sites: gpd.GeoDataFrame, places: gpd.GeoDataFrame
) -> np.ndarray:
    """Straight walks between places of one street, up to ``max_access``; else inf."""
    a, b = join_places(network, sites, "a"), join_places(network, places, "b")
    same = (a.street[:, None] == b.street[None, :]) & (a.street[:, None] >= 0)
    gap = np.hypot(*(a.xy[:, None] - b.xy[None]).transpose(2, 0, 1))
    return np.where(same & (gap <= network.max_access), gap, np.inf)
