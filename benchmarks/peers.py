"""The engines: each turns the same arrays into a function from origins to a count of pairs.

Every function finds all nodes within 15 minutes of every origin, with their costs.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
from streets import MINUTES_15, reach_nodes

if TYPE_CHECKING:
    from collections.abc import Callable

    from streets import Arcs

    Engine = Callable[[np.ndarray], int]

CUTOFF_METRES = MINUTES_15 / 10


def servicecircle(arcs: Arcs) -> Engine:
    graph = arcs.graph()
    reach_nodes(graph, np.zeros(1, np.int32))

    def run(origins: np.ndarray) -> int:
        return len(reach_nodes(graph, origins)[1])

    return run


def scipy_limit(arcs: Arcs) -> Engine:
    from scipy.sparse import csr_array
    from scipy.sparse.csgraph import dijkstra

    count = len(arcs.xy)
    # parallel arcs: scipy would add them up
    order = np.lexsort((arcs.cost, arcs.heads, arcs.tails))
    tails, heads, cost = arcs.tails[order], arcs.heads[order], arcs.cost[order].astype(float)
    first = np.ones(len(order), bool)
    first[1:] = (tails[1:] != tails[:-1]) | (heads[1:] != heads[:-1])
    matrix = csr_array((cost[first], (tails[first], heads[first])), shape=(count, count))

    def run(origins: np.ndarray) -> int:
        found = 0
        for origin in origins.tolist():
            dist = dijkstra(matrix, indices=origin, limit=MINUTES_15)
            found += len(np.flatnonzero(np.isfinite(dist)))
        return found

    return run


def networkx_graph(arcs: Arcs) -> Any:
    import networkx as nx

    graph = nx.DiGraph()
    graph.add_nodes_from(range(len(arcs.xy)))
    order = np.argsort(-arcs.cost, kind="stable")  # of parallel arcs the shortest stays
    tails, heads, cost = (a[order].tolist() for a in (arcs.tails, arcs.heads, arcs.cost))
    graph.add_weighted_edges_from(zip(tails, heads, cost, strict=True))
    return graph


def networkx_cutoff(arcs: Arcs) -> Engine:
    import networkx as nx

    graph, lengths = networkx_graph(arcs), nx.single_source_dijkstra_path_length

    def run(origins: np.ndarray) -> int:
        return sum(len(lengths(graph, origin, cutoff=MINUTES_15)) for origin in origins.tolist())

    return run


def rustworkx_visitor(arcs: Arcs) -> Engine:
    import rustworkx as rx
    from rustworkx.visit import DijkstraVisitor, StopSearch

    graph = rx.PyDiGraph()
    graph.add_nodes_from(range(len(arcs.xy)))
    cost = arcs.cost.astype(float).tolist()
    graph.add_edges_from(list(zip(arcs.tails.tolist(), arcs.heads.tolist(), cost, strict=True)))

    class Within(DijkstraVisitor):  # type: ignore[misc]
        """Stops at the first node beyond the cutoff."""

        def __init__(self) -> None:
            self.found: list[tuple[int, float]] = []

        def discover_vertex(self, node: int, cost: float) -> None:
            if cost > MINUTES_15:
                raise StopSearch
            self.found.append((node, cost))

    def run(origins: np.ndarray) -> int:
        found = 0
        for origin in origins.tolist():
            visitor = Within()
            rx.dijkstra_search(graph, [origin], lambda weight: weight, visitor)
            found += len(visitor.found)
        return found

    return run


def pandana_range(arcs: Arcs) -> Engine:
    import pandana
    import pandas as pd

    x, y = (pd.Series(column) for column in arcs.xy.T)
    tails, heads = pd.Series(arcs.tails), pd.Series(arcs.heads)
    weights = pd.DataFrame({"metres": arcs.cost / 10})
    network = pandana.Network(x, y, tails, heads, weights, twoway=False)

    def run(origins: np.ndarray) -> int:
        return len(network.nodes_in_range(origins.tolist(), CUTOFF_METRES))

    return run


def cityseer_tree(arcs: Arcs) -> Engine:
    from cityseer import rustalgos

    network = rustalgos.graph.NetworkStructure()
    network.set_is_directed(True)
    for node, (x, y) in enumerate(arcs.xy.tolist()):
        network.add_street_node(node, x, y, live=True, weight=1.0)
    for arc, (a, b, cost) in enumerate(
        zip(arcs.tails.tolist(), arcs.heads.tolist(), arcs.cost.tolist(), strict=True)
    ):
        straight = float(np.hypot(*(arcs.xy[a] - arcs.xy[b])))
        if straight > 0:
            (ax, ay), (bx, by) = arcs.xy[a].tolist(), arcs.xy[b].tolist()
            wkt = f"LINESTRING ({ax} {ay}, {bx} {by})"
            network.add_street_edge(a, b, arc, a, b, wkt, max(cost, 1) / 10 / straight)
    network.validate()

    def run(origins: np.ndarray) -> int:
        return sum(
            len(network.dijkstra_tree_shortest(origin, int(CUTOFF_METRES), 1.0)[0])
            for origin in origins.tolist()
        )

    return run


def osmnx_ego(arcs: Arcs) -> Engine:
    import networkx as nx

    graph = nx.MultiDiGraph(networkx_graph(arcs))

    def run(origins: np.ndarray) -> int:
        return sum(
            len(nx.ego_graph(graph, origin, radius=MINUTES_15, distance="weight"))
            for origin in origins.tolist()
        )

    return run


OURS = "servicecircle"
ENGINES: dict[str, Callable[[Arcs], Engine]] = {
    OURS: servicecircle,
    "scipy `dijkstra(limit=)`": scipy_limit,
    "rustworkx, stopping visitor": rustworkx_visitor,
    "networkx with cutoff": networkx_cutoff,
    "pandana `nodes_in_range`": pandana_range,
    "cityseer `dijkstra_tree_shortest`": cityseer_tree,
    "OSMnx recipe: `ego_graph`": osmnx_ego,
}
BIG = ("servicecircle", "scipy `dijkstra(limit=)`", "rustworkx, stopping visitor",
       "networkx with cutoff")  # fmt: skip
FEWER = {"cityseer `dijkstra_tree_shortest`": 5, "OSMnx recipe: `ego_graph`": 10}
