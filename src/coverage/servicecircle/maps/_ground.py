"""The ground of the map, without tiles: streets by class, land, large areas without streets."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import contourpy
import numpy as np
import shapely
from scipy import ndimage

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Floats = NDArray[np.float64]

MAIN = ("trunk", "primary")
MIDDLE = ("secondary", "tertiary")
BEYOND = 700.0  # metres of streets shown outside the districts
STREET_TOLERANCE = 2.75
VOID_METRES = 100.0  # farther than this from every street …
VOID_AREA = 250_000.0  # … on more than this, in square metres
VOID_GROWN = 60.0
VOID_CELL = 20.0
BORDER_TOLERANCE = 8.0


@dataclass(frozen=True)
class Ground:
    """Geometry under the marks, metres."""

    window: BaseGeometry
    land: BaseGeometry
    voids: BaseGeometry
    streets: tuple[list[shapely.LineString], ...]  # main, middle, small


def street_class(highway: object) -> int:
    """Return 0 for main streets, 1 for middle ones, 2 for all else."""
    kind = highway[0] if isinstance(highway, list) and highway else highway
    stem = str(kind).removesuffix("_link")
    if stem in MAIN:
        return 0
    return 1 if stem in MIDDLE else 2


def make_ground(
    streets: gpd.GeoDataFrame | None,
    districts: BaseGeometry | None,
    drawn: BaseGeometry,
    water: BaseGeometry | None,
) -> Ground:
    """Cut, sort and simplify the streets, and find the large areas without any.

    Parameters
    ----------
    streets : GeoDataFrame or None
        Street pieces in metres, with ``highway`` where known.
    districts : geometry or None
        Union of the districts: the land of the plan.
    drawn : geometry
        Everything else on the map; sets the window where there are no districts.
    water : geometry or None
        Given water, drawn like the voids.
    """
    if drawn.is_empty and streets is not None and not streets.empty:
        drawn = shapely.box(*streets.total_bounds)  # nobody and nothing to show but streets
    middle = districts if districts is not None else drawn.convex_hull
    window = middle.buffer(BEYOND).simplify(50)
    land = middle if districts is not None else window
    empty = shapely.MultiPolygon()
    if streets is None or streets.empty:
        return Ground(window, land, water or empty, ([], [], []))
    lines = streets.geometry.to_numpy()
    near = shapely.intersects(lines, window)
    hull = shapely.MultiLineString(_line_parts(lines[near]).tolist()).convex_hull.buffer(50)
    known = shapely.intersection(window, hull)  # beyond its streets nothing is known
    land = land if districts is not None else known
    voids = _voids(lines[near], known)
    if water is not None:
        voids = shapely.union(voids, shapely.intersection(water, window))
    return Ground(window, land, voids, _by_class(streets, near, window))


def _by_class(
    streets: gpd.GeoDataFrame, near: NDArray[np.bool_], window: BaseGeometry
) -> tuple[list[shapely.LineString], ...]:
    lines = streets.geometry.to_numpy()[near]
    across = ~shapely.covered_by(lines, window)
    lines = lines.copy()
    lines[across] = shapely.intersection(lines[across], window)
    if "highway" in streets.columns:
        classes = np.array([street_class(kind) for kind in streets["highway"].to_numpy()[near]])
    else:
        classes = np.ones(len(lines), dtype=int)
    return tuple(_merged(lines[classes == one]) for one in range(3))


def _merged(lines: NDArray[np.object_]) -> list[shapely.LineString]:
    merged = shapely.line_merge(shapely.MultiLineString(_line_parts(lines).tolist()))
    simple = shapely.simplify(shapely.get_parts(merged), STREET_TOLERANCE)
    return [line for line in simple if not line.is_empty]


def _line_parts(lines: NDArray[np.object_]) -> NDArray[np.object_]:
    parts = np.asarray(shapely.get_parts(shapely.get_parts(lines)), dtype=object)
    kept: NDArray[np.object_] = parts[shapely.get_type_id(parts) == shapely.GeometryType.LINESTRING]
    return kept


def _voids(lines: NDArray[np.object_], window: BaseGeometry) -> BaseGeometry:
    """Areas more than 100 m from any street and above 0.25 km², grown back by 60 m."""
    west, south, east, north = window.bounds
    shape = (int((north - south) / VOID_CELL) + 2, int((east - west) / VOID_CELL) + 2)
    corners = shapely.get_coordinates(shapely.segmentize(lines, VOID_CELL / 2))
    cells = ((corners - (west, south)) / VOID_CELL).astype(int)
    inside = ((cells >= 0) & (cells < (shape[1], shape[0]))).all(axis=1)
    street = np.zeros(shape, dtype=bool)
    street[cells[inside, 1], cells[inside, 0]] = True
    if not street.any():
        return shapely.MultiPolygon()
    far = ndimage.distance_transform_edt(~street, sampling=VOID_CELL) > VOID_METRES
    parts, count = ndimage.label(far)
    sizes = np.bincount(parts.ravel(), minlength=count + 1) * VOID_CELL**2
    sizes[0] = 0
    large = (sizes > VOID_AREA)[parts]
    if not large.any():
        return shapely.MultiPolygon()
    grown = ndimage.distance_transform_edt(~large, sampling=VOID_CELL)
    x, y = (np.arange(cells, dtype=np.float64) + 0.5 for cells in shape[::-1])
    area = _filled(west + x * VOID_CELL, south + y * VOID_CELL, grown, VOID_GROWN)
    return shapely.intersection(shapely.simplify(area, VOID_CELL / 2), window)


def _filled(x: Floats, y: Floats, values: Floats, limit: float) -> BaseGeometry:
    generator = contourpy.contour_generator(x, y, values, fill_type=contourpy.FillType.OuterOffset)
    parts = []
    for corners, ends in zip(*generator.filled(-1.0, limit), strict=True):
        outer, *holes = np.split(corners, ends[1:-1])
        parts.append(shapely.Polygon(outer, holes))
    return shapely.make_valid(shapely.MultiPolygon(parts))


def borders(districts: gpd.GeoSeries) -> list[shapely.LineString]:
    """Return every border once, simplified alike on both sides."""
    simple = shapely.simplify(
        shapely.line_merge(shapely.union_all(shapely.boundary(districts.to_numpy()))),
        BORDER_TOLERANCE,
    )
    return list(shapely.get_parts(simple))
