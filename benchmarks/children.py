"""Jobs that are measured in a process of their own; each prints one line of JSON."""

from __future__ import annotations

import json
import logging
import sys
import time
from pathlib import Path
from typing import Any

from harness import peak_mb


def import_time() -> dict[str, Any]:
    start = time.perf_counter()
    import servicecircle

    found = {"wall": time.perf_counter() - start, "name": servicecircle.__name__}
    import servicecircle.areas
    import servicecircle.siting

    return found


def kernels(streets: str) -> dict[str, Any]:
    """Measure CPU seconds by which the first use of everything compiled exceeds the second."""
    import numpy as np
    from streets import beside_streets

    from servicecircle.areas import reached_streets, service_areas
    from servicecircle.networks import read_network
    from servicecircle.reach import walk_times
    from servicecircle.siting import choose_sites

    logging.disable()
    times: dict[str, list[float]] = {"circles": [], "siting": []}
    for seed in (1, 2):
        start = time.process_time()
        network = read_network(streets)
        sites, demand = (beside_streets(network, k, seed=seed) for k in (40, 400))
        reach = walk_times(network, sites, demand)
        service_areas(network, sites)
        service_areas(network, sites, dissolve=True)
        reached_streets(network, sites)
        times["circles"].append(time.process_time() - start)
        start = time.process_time()
        choose_sites(reach, sites, demand, n_open=5)
        times["siting"].append(time.process_time() - start)
    return {name: float(-np.diff(pair)[0]) for name, pair in times.items()}


def read_ours(streets: str) -> dict[str, Any]:
    from servicecircle.networks import read_network

    before, cpu = time.perf_counter(), time.process_time()
    network = read_network(streets)
    return {
        "wall": time.perf_counter() - before,
        "cpu": time.process_time() - cpu,
        "size": f"{len(network.node_xy):,} junctions, {len(network.ends):,} streets",
    }


def read_pyrosm(streets: str) -> dict[str, Any]:
    import pyrosm

    before, cpu = time.perf_counter(), time.process_time()
    source = pyrosm.OSM(streets)
    nodes, edges = source.get_network(network_type="walking", nodes=True)
    tables = time.perf_counter() - before, time.process_time() - cpu
    source.to_graph(nodes, edges, graph_type="networkx")
    return {
        "wall": time.perf_counter() - before,
        "cpu": time.process_time() - cpu,
        "tables_wall": tables[0],
        "tables_cpu": tables[1],
        "size": f"{len(nodes):,} nodes, {len(edges):,} edges",
    }


def reach_memory(engine: str, arrays: str) -> dict[str, Any]:
    """Build one engine and find 100 reach sets; without a name, only load the arrays."""
    from peers import ENGINES
    from streets import Arcs, pick

    arcs = Arcs.open(arrays)
    if engine:
        ENGINES[engine](arcs)(pick(arcs, 100))
    return {}


def scale(source: str, candidates: str, demand: str) -> dict[str, Any]:
    """Score many candidates against much demand; the network is there already."""
    from streets import beside_streets, composite

    from servicecircle.networks import read_network
    from servicecircle.reach import walk_times
    from servicecircle.scores import score_sites

    network = composite(source) if source.endswith(".npz") else read_network(source)
    shops = beside_streets(network, int(candidates), seed=1)
    workers = beside_streets(network, int(demand), seed=2)
    held, before = peak_mb(), time.perf_counter()
    reach = walk_times(network, shops, workers)
    routed = time.perf_counter() - before
    scored = score_sites(reach, shops, workers)
    return {
        "wall": time.perf_counter() - before,
        "routed": routed,
        "nodes": len(network.node_xy),
        "pairs": int(reach.minutes.nnz),
        "gain": float(scored["gain"].max()),
        "held": held,
    }


JOBS = {
    job.__name__: job for job in (import_time, kernels, read_ours, read_pyrosm, reach_memory, scale)
}

if __name__ == "__main__":
    sys.path.insert(0, str(Path(__file__).resolve().parent))
    answer = JOBS[sys.argv[1]](*sys.argv[2:])
    print(json.dumps(answer | {"peak": peak_mb()}), flush=True)
