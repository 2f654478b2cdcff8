"""Service areas (服务圈): what can be reached on foot, as polygons and as streets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from contourpy import FillType, contour_generator

from servicecircle._checks import check_minutes
from servicecircle._compile import announce_compilation
from servicecircle._kernel.batch import in_threads, join_ragged
from servicecircle._kernel.field import field_of_all, fields
from servicecircle._kernel.lines import cut_lines
from servicecircle._kernel.search import FAR, reach_nodes, spread
from servicecircle.networks.places import JoinedPlaces, join_places
from servicecircle.reach import cutoff_decimetres, decimetres_per_minute, graph_towards

if TYPE_CHECKING:
    from collections.abc import Iterator, Sequence

    from servicecircle._kernel.field import Raster
    from servicecircle._kernel.search import Graph, Places
    from servicecircle.networks import WalkNetwork

ORIGINS_AT_ONCE = 64
Towards = Literal["facility", "demand"]


def service_areas(
    network: WalkNetwork,
    facilities: gpd.GeoDataFrame,
    *,
    minutes: float | Sequence[float] = (10, 15),
    speed: float = 4.5,
    dissolve: bool = False,
    towards: Towards = "facility",
) -> gpd.GeoDataFrame:
    """Draw the area within so many minutes' walk of every facility, or of the whole set.

    Parameters
    ----------
    network : WalkNetwork
        The streets.
    facilities : geopandas.GeoDataFrame
        Places with a CRS; the index is the id.
    minutes : float or sequence of float
        Cutoffs (≤ counts as within); the areas of one facility nest.
    speed : float
        Walking speed in km/h.
    dissolve : bool
        One area per cutoff for the whole set instead of one per facility.
    towards : {"facility", "demand"}
        Who walks; matters only where a footway is one-way.

    Returns
    -------
    geopandas.GeoDataFrame
        In the facilities' CRS, one row per facility and cutoff: ``facility``,
        ``minutes``, ``geometry`` (MultiPolygon, empty where nothing is reached),
        ``area_km2`` (measured in the network's CRS), ``snap_metres`` (facility to its
        street), ``status``. With ``dissolve`` one row per cutoff; ``facility`` and
        ``snap_metres`` are missing.

    Raises
    ------
    CrsError, InputError
        A table has no CRS or repeated ids; minutes or speed are out of range.

    Notes
    -----
    The area is a level of the field of walking costs on the network's raster of nearest
    streets: it follows the same rule by which demand points are counted.
    """
    cutoffs = check_minutes(minutes)
    per_minute = decimetres_per_minute(speed)
    levels = [cutoff_decimetres(cutoff, per_minute) for cutoff in cutoffs]
    graph = graph_towards(network, towards)
    joined = join_places(network, facilities, "facilities")
    announce_compilation()
    if dissolve:
        windows: Iterator[Window] = iter([_whole_field(network, graph, joined, levels[-1])])
    else:
        windows = _fields(network.raster, graph, joined.origins(graph), levels[-1])
    areas = _Areas()
    for window in windows:
        for level in levels:
            areas.add(window, level)
    shapes = areas.build()
    ids = pd.Index([pd.NA]) if dissolve else facilities.index
    snap = np.full(1, np.nan) if dissolve else joined.metres
    status = np.array(["ok"], dtype=object) if dissolve else joined.status
    repeat = len(cutoffs)
    frame = {
        "facility": ids.repeat(repeat),
        "minutes": np.tile(cutoffs, len(ids)),
        "geometry": _to_crs(shapes, network.crs, facilities.crs),
        "area_km2": shapely.area(shapes) / 1e6,
        "snap_metres": np.repeat(snap, repeat),
        "status": np.repeat(status, repeat),
    }
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=facilities.crs)


class Window(NamedTuple):
    """Costs on a part of the raster: ``x``, ``y`` cell centres, ``cost`` decimetres."""

    x: np.ndarray
    y: np.ndarray
    cost: np.ndarray
    step: float


def _fields(raster: Raster, graph: Graph, origins: Places, cutoff: int) -> Iterator[Window]:
    """Cost field of every origin, in their order."""
    order = np.arange(len(origins.street), dtype=np.int64)
    for first in range(0, len(order), 2 * ORIGINS_AT_ONCE):
        batch = order[first : first + 2 * ORIGINS_AT_ONCE]
        parts = in_threads(
            lambda part: fields(graph, origins, part, raster, cutoff), batch, chunk=ORIGINS_AT_ONCE
        )
        for boxes, values in parts:
            done = 0
            for row, column, height, width in boxes.tolist():
                cost = values[done : done + height * width].reshape(height, width)
                done += height * width
                yield _window(raster, row, column, cost)


def _window(raster: Raster, row: int, column: int, cost: np.ndarray) -> Window:
    height, width = cost.shape
    x = raster.west + raster.size * np.arange(column, column + width)
    y = raster.south + raster.size * np.arange(row, row + height)
    return Window(x, y, cost, raster.size * 10)


def _whole_field(network: WalkNetwork, graph: Graph, joined: JoinedPlaces, cutoff: int) -> Window:
    """Cost to the nearest of all facilities, on the part of the raster that is reached."""
    raster = network.raster
    places = joined.take(np.argsort(joined.street, kind="stable"))
    places = places.take(np.flatnonzero(places.street >= 0))
    origins = places.origins(graph)
    ends = network.ends[origins.street]
    seeds = np.concatenate([ends[:, 0], ends[:, 1]])
    costs = np.concatenate([origins.at_first, origins.at_last]) + np.tile(origins.access, 2)
    labels = np.tile(np.arange(len(ends), dtype=np.int32), 2)
    dist, _ = spread(graph, seeds, costs, labels, cutoff)
    on_street = np.searchsorted(origins.street, np.arange(len(network.ends) + 1))
    field = field_of_all(graph, origins, on_street, dist, raster)
    rows = np.flatnonzero((field <= cutoff).any(axis=1))
    columns = np.flatnonzero((field <= cutoff).any(axis=0))
    if not rows.size:
        return Window(np.empty(0), np.empty(0), np.empty((0, 0), np.int32), raster.size * 10)
    south, west = rows[0] - 1, columns[0] - 1
    cost = np.pad(field, 1, constant_values=FAR)[south + 1 : rows[-1] + 3, west + 1 : columns[-1] + 3]
    return _window(raster, south, west, cost)


class _Areas:
    """Multipolygons collected as flat coordinates and offsets."""

    def __init__(self) -> None:
        self._points: list[np.ndarray] = []
        self._rings = [0]
        self._polygons = [0]
        self._areas = [0]

    def add(self, window: Window, level: int) -> None:
        """Add the area within ``level`` decimetres (closed)."""
        if window.cost.size:
            # linear along streets, half way where the nearest street changes
            height = np.clip((window.cost - (level + 0.5)) / window.step, -1.0, 1.0)
            lines = contour_generator(
                window.x, window.y, height, name="serial", fill_type=FillType.OuterOffset
            )
            for points, offsets in zip(*lines.filled(-2.0, 0.0), strict=True):
                self._points.append(points)
                self._rings.extend((offsets[1:].astype(np.int64) + self._rings[-1]).tolist())
                self._polygons.append(len(self._rings) - 1)
        self._areas.append(len(self._polygons) - 1)

    def build(self) -> np.ndarray:
        """Return one MultiPolygon per area."""
        points = np.concatenate([*self._points, np.empty((0, 2))])
        offsets = (np.array(self._rings), np.array(self._polygons), np.array(self._areas))
        return shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, points, offsets)


def _to_crs(shapes: np.ndarray, source: pyproj.CRS, target: pyproj.CRS) -> np.ndarray:
    project = pyproj.Transformer.from_crs(source, target, always_xy=True).transform
    points = shapely.get_coordinates(shapes)
    return shapely.set_coordinates(shapes.copy(), np.stack(project(*points.T), axis=1))


def reached_streets(
    network: WalkNetwork,
    facilities: gpd.GeoDataFrame,
    *,
    minutes: float = 15,
    speed: float = 4.5,
    towards: Towards = "facility",
) -> gpd.GeoDataFrame:
    """List the pieces of street within ``minutes`` of every facility, cut at the cutoff.

    Parameters
    ----------
    network, facilities, speed, towards
        As in :func:`service_areas`.
    minutes : float
        The cutoff (≤ counts as within).

    Returns
    -------
    geopandas.GeoDataFrame
        In the facilities' CRS: ``facility``, ``street`` (row of ``network.streets``),
        ``minutes_from``, ``minutes_to`` and ``geometry`` (LineString that leads away
        from the facility). Minutes grow evenly along a piece.
    """
    (cutoff,) = check_minutes(minutes)
    per_minute = decimetres_per_minute(speed)
    limit = cutoff_decimetres(cutoff, per_minute)
    graph = graph_towards(network, towards)
    joined = join_places(network, facilities, "facilities")
    origins = joined.origins(graph)
    order = np.argsort(origins.street, kind="stable")
    announce_compilation()
    parts = in_threads(lambda part: reach_nodes(graph, origins, part, limit), order)
    indptr, values = join_ragged(parts, order)
    rows = [
        _street_pieces(graph, origins, joined.fraction, k, values[0][a:b], values[1][a:b], limit)
        for k, (a, b) in enumerate(zip(indptr[:-1], indptr[1:], strict=True))
        if origins.street[k] >= 0
    ]
    table = np.concatenate([*rows, np.empty((0, 6))])
    street = table[:, 1].astype(np.int64)
    points, ends = cut_lines(
        network.shape_xy, network.shape_offsets, street, table[:, 2], table[:, 3]
    )
    lines = shapely.from_ragged_array(shapely.GeometryType.LINESTRING, points, (ends,))
    frame = {
        "facility": facilities.index.take(table[:, 0].astype(np.int64)),
        "street": street,
        "minutes_from": table[:, 4] / per_minute,
        "minutes_to": np.minimum(table[:, 5] / per_minute, cutoff),
        "geometry": _to_crs(lines, network.crs, facilities.crs),
    }
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=facilities.crs)


def _street_pieces(
    graph: Graph,
    origins: Places,
    fraction: np.ndarray,
    k: int,
    nodes: np.ndarray,
    costs: np.ndarray,
    limit: int,
) -> np.ndarray:
    """Reached parts of streets of one origin: k, street, from, to, cost from, cost to."""
    dist = dict(zip(nodes.tolist(), costs.tolist(), strict=True))
    arcs = np.concatenate([np.arange(graph.indptr[n], graph.indptr[n + 1]) for n in nodes] or [[]])
    own = origins.street[k]
    streets = np.unique(graph.arc_street[arcs.astype(np.int64)])
    streets = streets[streets != own]
    far = np.array([[dist.get(n, FAR) for n in pair] for pair in graph.ends[streets].tolist()])
    far = far.reshape(-1, 2)
    first, last = (dist.get(int(n), FAR) for n in graph.ends[own])
    at, here = fraction[k], origins.access[k]
    low = np.concatenate([np.zeros(len(streets)), [0.0, at]])
    high = np.concatenate([np.ones(len(streets)), [at, 1.0]])
    from_low = np.concatenate([far[:, 0], [first, here]])
    from_high = np.concatenate([far[:, 1], [here, last]])
    street = np.concatenate([streets, [own, own]])
    along, against = graph.street_cost[street].T * (high - low)
    up = _share_reached(from_low, along, limit)
    down = _share_reached(from_high, against, limit)
    both = up + down >= 1.0
    meet = (from_high + against - from_low) / np.maximum(along + against, 1e-9)
    meet = np.clip(meet, 0.0, 1.0)
    up, down = np.where(both, meet, up), np.where(both, 1.0 - meet, down)
    size = high - low
    who = np.full(len(street), k)
    rising = np.stack([who, street, low, low + up * size, from_low, from_low + up * along], axis=1)
    falling = np.stack(
        [who, street, high, high - down * size, from_high, from_high + down * against], axis=1
    )
    pieces = np.concatenate([rising, falling])
    return pieces[np.abs(pieces[:, 3] - pieces[:, 2]) > 0.0]


def _share_reached(cost: np.ndarray, whole: np.ndarray, limit: int) -> np.ndarray:
    """Share of a street that can be walked from one end with what is left of the cutoff."""
    left = np.maximum(limit - cost, 0.0)
    free = (whole <= 0) & (cost <= limit)
    return np.where(free, 1.0, np.minimum(1.0, left / np.maximum(whole, 1e-9)))
