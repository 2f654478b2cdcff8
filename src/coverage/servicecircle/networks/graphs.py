"""networkx graphs to street lines and back."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyproj
import shapely

from servicecircle._checks import name_some
from servicecircle._kernel.search import FAR
from servicecircle._said import say
from servicecircle.errors import NetworkError, NetworkWarning
from servicecircle.networks.lines import StreetLines, keep_segments
from servicecircle.networks.profile import Profile
from servicecircle.networks.rules import street_rules, tags_for

ONEWAY = ("oneway", "oneway:foot", "oneway:bicycle")
SAME = 1e-3  # metres between the lengths of the two directions of one street
NO = frozenset({"no", "false", "none", "nan", ""})

if TYPE_CHECKING:
    import networkx as nx

    from servicecircle.networks.walk_network import WalkNetwork


def lines_from_graph(graph: nx.Graph[Any], profile: Profile | None = None) -> StreetLines:
    """Turn the edges of a graph into lines that join at its nodes.

    Raises
    ------
    NetworkError
        No CRS, no edges, nodes without place, or lengths that are no numbers.
    """
    crs = graph.graph.get("crs")
    if crs is None:
        raise NetworkError('The graph has no CRS. Set it, e.g. `graph.graph["crs"] = 4326`.')
    if not graph.number_of_edges():
        raise NetworkError("The graph has no edges.")
    ids = list(graph.nodes)
    number = {node: i for i, node in enumerate(ids)}
    places = _places(graph, ids)
    shapes, rows, lengths = [], [], []
    seen: dict[tuple[object, ...], list[float]] = {}
    wrong = []
    for u, v, data in graph.edges(data=True):
        ends = number[u], number[v]
        coords = _coordinates(data, places[ends[0]], places[ends[1]])
        if data.get("reversed") is True:  # drawn against the way it came from
            ends, coords = ends[::-1], coords[::-1]
        metres = _length(data)
        if metres is None:
            wrong.append((u, v))
            continue
        known = seen.setdefault(_street_key(ends, coords, data), [])
        if any(abs(metres - other) < SAME or np.isnan(metres - other) for other in known):
            continue
        known.append(metres)
        shapes.append((ends, coords))
        rows.append(data)
        lengths.append(metres)
    if wrong:
        raise NetworkError(
            f"{len(wrong)} edges have a length that is no number or negative: {name_some(wrong)}."
        )
    _warn_of_lengths(np.isnan(lengths).sum(), rows)
    lines = _to_lines(shapes, rows, lengths, _crs(crs), profile or Profile())
    return _with_node_data(lines, graph, ids, profile or Profile())


def _warn_of_lengths(lacking: int, rows: list[dict[str, Any]]) -> None:
    if lacking:
        said = say(
            "{n} of {every} edges have no `length` in metres and are measured along their line; "
            "edges have {columns}.",
            "{every} 条边中有 {n} 条没有以米计的 `length`，按线形量取；边上有 {columns}。",
            n=lacking,
            every=len(rows),
            columns=sorted(set().union(*rows)),
        )
        warnings.warn(said, NetworkWarning, stacklevel=4)


def _crs(given: object) -> pyproj.CRS:
    try:
        return pyproj.CRS.from_user_input(given)
    except pyproj.exceptions.CRSError as error:
        raise NetworkError(f"The graph's CRS {given!r} is not known ({error}).") from error


def _with_node_data(
    lines: StreetLines, graph: nx.Graph[Any], ids: list[Any], profile: Profile
) -> StreetLines:
    """Add what the nodes say: ``elevation`` (as OSMnx writes it) or ``ele``, and signals."""
    nodes = [graph.nodes[node] for node in ids]
    known = lines.vertex < len(ids)
    at = lines.vertex[known]
    height, wait = np.full(len(lines.vertex), np.nan), np.zeros(len(lines.vertex))
    told = pd.Series([node.get("elevation", node.get("ele")) for node in nodes], dtype=object)
    height[known] = pd.to_numeric(told, errors="coerce").to_numpy(float)[at]
    signals = ["traffic_signals" in (n.get("highway"), n.get("crossing")) for n in nodes]
    wait[known] = np.where(np.array(signals)[at], profile.waiting_metres, 0.0)
    return lines._replace(height=height, wait=wait)


def _places(graph: nx.Graph[Any], ids: list[Any]) -> np.ndarray:
    try:
        places = np.array([(graph.nodes[n]["x"], graph.nodes[n]["y"]) for n in ids], dtype=float)
    except (KeyError, TypeError, ValueError):
        lost = [n for n in ids if not {"x", "y"} <= set(graph.nodes[n])]
        raise NetworkError(
            f"Every node needs the numbers `x` and `y`; {len(lost)} lack them: {name_some(lost)}."
        ) from None
    return places


def _coordinates(data: dict[str, Any], start: np.ndarray, stop: np.ndarray) -> np.ndarray:
    """Vertices of an edge from its first to its last node."""
    shape = data.get("geometry")
    if shape is None:
        return np.stack([start, stop])
    coords = shapely.get_coordinates(shape)
    if np.hypot(*(coords[0] - start)) > np.hypot(*(coords[-1] - start)):
        coords = coords[::-1]
    return coords


def _street_key(
    ends: tuple[int, int], coords: np.ndarray, data: dict[str, Any]
) -> tuple[object, ...]:
    """Equal for two edges that are one street in both directions.

    Parallel streets differ by their lengths, one-way streets that face each other by ends.
    """
    middle = coords.sum(axis=0) / len(coords)
    directed = any(str(data.get(key, "no")).lower() not in NO for key in ONEWAY)
    pair = ends if directed else tuple(sorted(ends))
    return (directed, *pair, len(coords), *np.round(middle, 7).tolist())


def _length(data: dict[str, Any]) -> float | None:
    """Return the edge's length in metres, NaN where it has none, or None where it is wrong."""
    if "length" not in data:
        return np.nan
    try:
        metres = float(data["length"])
    except (TypeError, ValueError):
        return None
    return metres if np.isfinite(metres) and metres >= 0 else None


def _to_lines(
    shapes: list[tuple[tuple[int, int], np.ndarray]],
    rows: list[dict[str, Any]],
    lengths: list[float],
    crs: pyproj.CRS,
    profile: Profile,
) -> StreetLines:
    counts = np.array([len(coords) for _, coords in shapes])
    offsets = np.concatenate([[0], np.cumsum(counts)])
    xy = np.concatenate([coords for _, coords in shapes])
    lonlat = np.stack(
        pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform(*xy.T), axis=1
    )
    if not np.isfinite(lonlat).all():
        raise NetworkError("Some nodes or edges have coordinates that do not fit the graph's CRS.")
    ends = np.array([pair for pair, _ in shapes], dtype=np.int64)
    vertex = np.arange(len(xy), dtype=np.int64) + ends.max() + 1
    vertex[offsets[:-1]], vertex[offsets[1:] - 1] = ends.T
    columns = [key for key in tags_for(profile) if any(key in row for row in rows)]
    table = pd.DataFrame({key: [row.get(key) for row in rows] for key in columns}, dtype=object)
    rules = street_rules(table.reindex(range(len(rows))), profile)
    tags, unknown = rules.drop(columns="walkable"), np.full(len(xy), np.nan)
    lines = StreetLines(
        lonlat, vertex, offsets, tags, np.array(lengths, float), unknown, np.zeros(len(xy))
    )
    walkable = rules["walkable"].to_numpy()
    if not walkable.any():
        raise NetworkError(f"The graph has no edge for the mode {profile.mode!r}.")
    return keep_segments(lines, np.repeat(walkable, counts)[:-1])


def to_networkx(network: WalkNetwork) -> nx.MultiDiGraph[Any]:
    """Build the graph that ``WalkNetwork.to_networkx`` describes."""
    import networkx as nx

    graph: nx.MultiDiGraph[Any] = nx.MultiDiGraph(crs=network.crs.to_string())
    graph.add_nodes_from(
        (node, {"x": float(x), "y": float(y)}) for node, (x, y) in enumerate(network.node_xy)
    )
    shapes = network.streets.geometry.to_numpy()
    for street, (first, last) in enumerate(network.ends.tolist()):
        along, against = network.street_cost[street].tolist()
        data = {"street": street, "length": float(network.metres[street])}
        if along < FAR:
            graph.add_edge(first, last, cost=along, geometry=shapes[street], **data)
        if against < FAR:
            graph.add_edge(last, first, cost=against, geometry=shapes[street].reverse(), **data)
    return graph
