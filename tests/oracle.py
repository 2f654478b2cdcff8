"""An independent calculation of walking minutes, with osmium, shapely and networkx only.

Every OpenStreetMap node is a graph node, nothing is simplified, costs are floats, and
places split the very segment they are joined to.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import networkx as nx
import numpy as np
import osmium
import pyproj
import shapely

if TYPE_CHECKING:
    from pathlib import Path

OUT = {
    "abandoned",
    "bus_guideway",
    "busway",
    "construction",
    "disused",
    "elevator",
    "emergency_bay",
    "escape",
    "motorway",
    "motorway_link",
    "no",
    "planned",
    "proposed",
    "raceway",
    "razed",
    "rest_area",
    "services",
    "trailhead",
    "traffic_island",
    "via_ferrata",
}
MAY = {"yes", "designated", "permissive", "destination", "customers", "official"}


def may_walk(tags) -> bool:
    foot, access = tags.get("foot"), tags.get("access")
    if tags.get("highway") in OUT or foot == "no":
        return False
    if access == "no" and foot not in MAY and foot not in {"private", "residents"}:
        return False
    return tags.get("motorroad") != "yes" or foot in MAY


class Oracle:
    """Raw streets of an OpenStreetMap file as a networkx graph with metres."""

    def __init__(self, path: Path, crs: pyproj.CRS) -> None:
        geod = pyproj.Geod(ellps="WGS84")
        graph, degrees = nx.Graph(), {}
        ways = osmium.FileProcessor(str(path)).with_locations()
        for way in ways.with_filter(osmium.filter.KeyFilter("highway")):
            if not way.is_way() or not may_walk(way.tags):
                continue
            nodes = [n if n.location.valid() else None for n in way.nodes]
            for a, b in pairwise(nodes):
                if a is None or b is None or a.ref == b.ref:
                    continue
                degrees[a.ref] = (a.location.lon, a.location.lat)
                degrees[b.ref] = (b.location.lon, b.location.lat)
                metres = geod.inv(*degrees[a.ref], *degrees[b.ref])[2]
                if not graph.has_edge(a.ref, b.ref) or graph[a.ref][b.ref]["m"] > metres:
                    graph.add_edge(a.ref, b.ref, m=metres)
        parts = [graph.subgraph(part).copy() for part in nx.connected_components(graph)]
        parts.sort(key=lambda part: -part.size(weight="m"))
        self.graph = nx.compose_all(
            [part for i, part in enumerate(parts) if i == 0 or part.size(weight="m") >= 2000]
        )
        project = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform
        self.xy = {node: np.array(project(*degrees[node])) for node in self.graph}
        self.edges = list(self.graph.edges)
        self.lines = shapely.linestrings([[self.xy[a], self.xy[b]] for a, b in self.edges])
        self.tree = shapely.STRtree(self.lines)

    def join(self, xy: np.ndarray, limit: float = 100.0):
        """Edge, share of it and distance of the nearest street of a point, or None."""
        found = self.tree.query_nearest(shapely.Point(xy), max_distance=limit)
        if not len(found):
            return None
        edge = int(found.min())
        share = self.lines[edge].project(shapely.Point(xy), normalized=True)
        return edge, float(share), float(self.lines[edge].distance(shapely.Point(xy)))

    def metres(self, origin, targets, cutoff: float) -> list[float]:
        """Walk from one joined place to others, in metres; inf beyond the cutoff."""
        if origin is None:
            return [np.inf] * len(targets)
        graph = self.graph.copy()
        names = []
        on_edge: dict[int, list[tuple[float, object]]] = {}
        for i, place in enumerate([origin, *targets]):
            if place is not None:
                on_edge.setdefault(place[0], []).append((place[1], ("place", i)))
            names.append(("place", i))
        for edge, stops in on_edge.items():
            a, b = self.edges[edge]
            whole = self.graph[a][b]["m"]
            graph.remove_edge(a, b)
            line = [(0.0, a), *sorted(stops, key=lambda stop: stop[0]), (1.0, b)]
            for (f, u), (g, v) in pairwise(line):
                graph.add_edge(u, v, m=(g - f) * whole)
        found = nx.single_source_dijkstra_path_length(graph, names[0], cutoff=cutoff, weight="m")
        return [
            found.get(name, np.inf) + origin[2] + place[2] if place is not None else np.inf
            for name, place in zip(names[1:], targets, strict=True)
        ]
