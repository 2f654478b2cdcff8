"""Service areas (服务圈): what can be reached on foot, as polygons and as streets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from servicecircle._checks import check_cutoff, check_minutes, crs_of
from servicecircle._compile import announce_compilation
from servicecircle._kernel.batch import in_threads, join_ragged
from servicecircle._kernel.field import areas_of_all, areas_of_each
from servicecircle._kernel.lines import cut_lines
from servicecircle._kernel.pieces import pieces_of_each
from servicecircle._kernel.search import spread
from servicecircle.networks.places import JoinedPlaces, join_places
from servicecircle.reach import cutoff_decimetres, decimetres_per_minute, graph_towards

if TYPE_CHECKING:
    from collections.abc import Sequence

    from servicecircle._kernel.search import Graph
    from servicecircle.networks import WalkNetwork

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
        ``area_km2`` (measured in the network's CRS), ``reach_ratio`` (that area over the
        compass circle of the same minutes), ``snap_metres`` (facility to its street),
        ``status``. With ``dissolve`` one row per cutoff; ``facility``, ``reach_ratio``
        and ``snap_metres`` are missing.

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
    per_minute = decimetres_per_minute(speed, network)
    levels = np.array([cutoff_decimetres(cutoff, per_minute) for cutoff in cutoffs])
    graph = graph_towards(network, towards)
    joined = join_places(network, facilities, "facilities")
    announce_compilation()
    target = crs_of(facilities, "facilities")
    draw = _areas_of_all if dissolve else _areas_of_each
    shapes, square_metres = draw(network, graph, joined, levels, target)
    ids = pd.Index([pd.NA]) if dissolve else facilities.index
    snap = np.full(1, np.nan) if dissolve else joined.metres
    status = np.array(["ok"], dtype=object) if dissolve else joined.status
    repeat = len(cutoffs)
    area = square_metres / 1e6
    radius_km = np.tile(cutoffs, len(ids)) * speed / 60
    compass = np.where(radius_km > 0, np.pi * radius_km**2, np.nan)
    joinable = np.repeat((status == "ok") & (not dissolve), repeat)
    frame = {
        "facility": ids.repeat(repeat),
        "minutes": np.tile(cutoffs, len(ids)),
        "geometry": shapes,
        "area_km2": area,
        "reach_ratio": np.where(joinable, area / compass, np.nan),
        "snap_metres": np.repeat(snap, repeat),
        "status": np.repeat(status, repeat),
    }
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=target)


def _areas_of_each(
    network: WalkNetwork,
    graph: Graph,
    joined: JoinedPlaces,
    levels: np.ndarray,
    target: pyproj.CRS,
) -> tuple[np.ndarray, np.ndarray]:
    """MultiPolygons of every place and level, place by place, and their square metres."""
    origins, raster = joined.origins(graph), network.raster
    order = np.argsort(origins.street, kind="stable")

    def draw(part: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        points, rings = areas_of_each(graph, origins, part, raster, levels)
        return _multipolygons(points, rings, len(levels) * len(part), network.crs, target)

    shapes = np.empty((len(order), len(levels)), object)
    square_metres = np.empty((len(order), len(levels)))
    parts = in_threads(draw, order)
    if parts:
        shapes[order] = np.concatenate([part[0] for part in parts]).reshape(-1, len(levels))
        square_metres[order] = np.concatenate([part[1] for part in parts]).reshape(-1, len(levels))
    return shapes.ravel(), square_metres.ravel()


def _areas_of_all(
    network: WalkNetwork,
    graph: Graph,
    joined: JoinedPlaces,
    levels: np.ndarray,
    target: pyproj.CRS,
) -> tuple[np.ndarray, np.ndarray]:
    """MultiPolygon of the whole set for every level, and its square metres."""
    places = joined.take(np.argsort(joined.street, kind="stable"))
    places = places.take(np.flatnonzero(places.street >= 0))
    origins = places.origins(graph)
    ends = network.ends[origins.street]
    seeds = np.concatenate([ends[:, 0], ends[:, 1]])
    costs = np.concatenate([origins.at_first, origins.at_last]) + np.tile(origins.access, 2)
    dist = spread(graph, seeds, costs, int(levels[-1]))
    on_street = np.searchsorted(origins.street, np.arange(len(network.ends) + 1))
    points, rings = areas_of_all(graph, origins, on_street, dist, network.raster, levels)
    return _multipolygons(points, rings, len(levels), network.crs, target)


def _multipolygons(
    points: np.ndarray, rings: np.ndarray, areas: int, source: pyproj.CRS, target: pyproj.CRS
) -> tuple[np.ndarray, np.ndarray]:
    """Put traced rings together: shells first, each followed by its holes.

    Returns the polygons in ``target`` and their areas in square units of ``source``.
    """
    stop, area, polygon, hole = rings.T
    start = np.concatenate([[0], stop[:-1]])
    order = np.lexsort((hole, polygon, area))
    counts = (stop - start)[order]
    ring_ends = np.concatenate([[0], np.cumsum(counts)])
    at = np.repeat(start[order] - ring_ends[:-1], counts) + np.arange(ring_ends[-1])
    points = points[at]
    square = np.bincount(area[order], _ring_areas(points, ring_ends), areas)
    shells = np.flatnonzero(hole[order] == 0)
    polygon_ends = np.append(shells, len(order))
    area_ends = np.searchsorted(area[order][shells], np.arange(areas + 1))
    offsets = (ring_ends, polygon_ends, area_ends)
    points = _to_crs(points, source, target)
    return shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, points, offsets), square


def _ring_areas(points: np.ndarray, ring_ends: np.ndarray) -> np.ndarray:
    """Signed area of closed rings, holes negative (the shoelace formula)."""
    if not len(points):
        return np.empty(0)
    x, y = (points - points[0]).T
    cross = np.append(x[:-1] * y[1:] - x[1:] * y[:-1], 0.0)
    cross[ring_ends[1:] - 1] = 0.0  # from one ring to the next
    areas: np.ndarray = np.add.reduceat(cross, ring_ends[:-1]) / 2.0
    return areas


def _to_crs(points: np.ndarray, source: pyproj.CRS, target: pyproj.CRS) -> np.ndarray:
    project = pyproj.Transformer.from_crs(source, target, always_xy=True).transform
    return np.stack(project(*points.T), axis=1)


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
    cutoff = check_cutoff(minutes)
    per_minute = decimetres_per_minute(speed, network)
    limit = cutoff_decimetres(cutoff, per_minute)
    graph = graph_towards(network, towards)
    joined = join_places(network, facilities, "facilities")
    origins = joined.origins(graph)
    order = np.argsort(origins.street, kind="stable")
    announce_compilation()
    parts = in_threads(
        lambda part: pieces_of_each(graph, origins, joined.fraction, part, limit), order
    )
    _, (table,) = join_ragged(parts, order) if parts else (None, (np.empty((0, 6)),))
    street = table[:, 1].astype(np.int64)
    points, ends = cut_lines(
        network.shape_xy, network.shape_offsets, street, table[:, 2], table[:, 3]
    )
    target = crs_of(facilities, "facilities")
    points = _to_crs(points, network.crs, target)
    frame = {
        "facility": facilities.index.take(table[:, 0].astype(np.int64)),
        "street": street,
        "minutes_from": table[:, 4] / per_minute,
        "minutes_to": np.minimum(table[:, 5] / per_minute, cutoff),
        "geometry": shapely.from_ragged_array(shapely.GeometryType.LINESTRING, points, (ends,)),
    }
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=target)
