"""Service areas (服务圈): what can be reached on foot, as polygons and as streets."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from servicecircle._checks import check_minutes, crs_of
from servicecircle._compile import announce_compilation
from servicecircle._kernel.batch import in_threads, join_ragged, part_sizes
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
    per_minute = decimetres_per_minute(speed)
    levels = np.array([cutoff_decimetres(cutoff, per_minute) for cutoff in cutoffs])
    graph = graph_towards(network, towards)
    joined = join_places(network, facilities, "facilities")
    announce_compilation()
    draw = _shapes_of_all if dissolve else _shapes_of_each
    shapes = draw(network, graph, joined, levels)
    ids = pd.Index([pd.NA]) if dissolve else facilities.index
    snap = np.full(1, np.nan) if dissolve else joined.metres
    status = np.array(["ok"], dtype=object) if dissolve else joined.status
    repeat = len(cutoffs)
    area = shapely.area(shapes) / 1e6
    radius_km = np.tile(cutoffs, len(ids)) * speed / 60
    compass = np.where(radius_km > 0, np.pi * radius_km**2, np.nan)
    joinable = np.repeat((status == "ok") & (not dissolve), repeat)
    frame = {
        "facility": ids.repeat(repeat),
        "minutes": np.tile(cutoffs, len(ids)),
        "geometry": _to_crs(shapes, network.crs, crs_of(facilities, "facilities")),
        "area_km2": area,
        "reach_ratio": np.where(joinable, area / compass, np.nan),
        "snap_metres": np.repeat(snap, repeat),
        "status": np.repeat(status, repeat),
    }
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=facilities.crs)


def _shapes_of_each(
    network: WalkNetwork, graph: Graph, joined: JoinedPlaces, levels: np.ndarray
) -> np.ndarray:
    """MultiPolygons of every place and level, place by place, in the network's CRS."""
    origins, raster = joined.origins(graph), network.raster
    order = np.argsort(origins.street, kind="stable")
    parts = in_threads(lambda part: areas_of_each(graph, origins, part, raster, levels), order)
    shapes = [
        _multipolygons(points, rings, len(levels) * count)
        for (points, rings), count in zip(parts, part_sizes(len(order)), strict=True)
    ]
    drawn = np.concatenate([*shapes, np.empty(0, object)]).reshape(-1, len(levels))
    in_order = np.empty_like(drawn)
    in_order[order] = drawn
    return in_order.ravel()


def _shapes_of_all(
    network: WalkNetwork, graph: Graph, joined: JoinedPlaces, levels: np.ndarray
) -> np.ndarray:
    """MultiPolygon of the whole set for every level, in the network's CRS."""
    places = joined.take(np.argsort(joined.street, kind="stable"))
    places = places.take(np.flatnonzero(places.street >= 0))
    origins = places.origins(graph)
    ends = network.ends[origins.street]
    seeds = np.concatenate([ends[:, 0], ends[:, 1]])
    costs = np.concatenate([origins.at_first, origins.at_last]) + np.tile(origins.access, 2)
    labels = np.tile(np.arange(len(ends), dtype=np.int32), 2)
    dist, _ = spread(graph, seeds, costs, labels, int(levels[-1]))
    on_street = np.searchsorted(origins.street, np.arange(len(network.ends) + 1))
    points, rings = areas_of_all(graph, origins, on_street, dist, network.raster, levels)
    return _multipolygons(points, rings, len(levels))


def _multipolygons(points: np.ndarray, rings: np.ndarray, areas: int) -> np.ndarray:
    """Put traced rings together: shells first, each followed by its holes."""
    stop, area, polygon, hole = rings.T
    start = np.concatenate([[0], stop[:-1]])
    order = np.lexsort((hole, polygon, area))
    counts = (stop - start)[order]
    ring_ends = np.concatenate([[0], np.cumsum(counts)])
    at = np.repeat(start[order] - ring_ends[:-1], counts) + np.arange(ring_ends[-1])
    shells = np.flatnonzero(hole[order] == 0)
    polygon_ends = np.append(shells, len(order))
    area_ends = np.searchsorted(area[order][shells], np.arange(areas + 1))
    offsets = (ring_ends, polygon_ends, area_ends)
    return shapely.from_ragged_array(shapely.GeometryType.MULTIPOLYGON, points[at], offsets)


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
    parts = in_threads(
        lambda part: pieces_of_each(graph, origins, joined.fraction, part, limit), order
    )
    _, (table,) = join_ragged(parts, order) if parts else (None, (np.empty((0, 6)),))
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
        "geometry": _to_crs(lines, network.crs, crs_of(facilities, "facilities")),
    }
    return gpd.GeoDataFrame(frame, geometry="geometry", crs=facilities.crs)
