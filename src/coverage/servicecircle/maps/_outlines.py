"""Walking areas as the map draws them: lighter, but never at odds with the table.

A part or a hole is left out only where no workplace lies in it, and a line is made
simpler only as far as no workplace changes sides.
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Floats = NDArray[np.float64]

TOLERANCE = 6.0  # metres: half a cell of the areas' raster
LEAST_PART = 1500.0  # square metres
LEAST_HOLE = 2500.0
SLIVER = 6.0  # metres: what is narrower is opened away
DECIMALS = 1e5


def coordinates(frame: gpd.GeoDataFrame) -> Floats:
    """Return (n, 2) of the frame's points, without empty ones."""
    found: Floats = shapely.get_coordinates(np.asarray(frame.geometry, dtype=object))
    return found


def encode_line(places: Floats) -> str:
    """Write (n, 2) longitudes and latitudes as a Google polyline of 5 decimals.

    Source: Google's "Encoded Polyline Algorithm Format". Latitude comes first.
    """
    whole = np.rint(np.asarray(places, dtype=float)[:, ::-1] * DECIMALS).astype(np.int64)
    steps = np.diff(whole, axis=0, prepend=np.zeros((1, 2), dtype=np.int64))
    zigzag = np.where(steps < 0, ~(steps << 1), steps << 1).ravel().tolist()
    text = []
    for step in zigzag:
        rest = step
        while rest >= 0x20:  # noqa: PLR2004 - five bits a character
            text.append(chr((0x20 | (rest & 0x1F)) + 63))
            rest >>= 5
        text.append(chr(rest + 63))
    return "".join(text)


def encode_polygons(area: BaseGeometry) -> list[list[str]]:
    """Write polygons in longitude/latitude as coded rings: outer first, then holes."""
    coded = []
    for part in shapely.get_parts(area):
        if shapely.get_type_id(part) != shapely.GeometryType.POLYGON or part.is_empty:
            continue
        rings = shapely.get_rings(part)
        coded.append([encode_line(shapely.get_coordinates(ring)[:-1]) for ring in rings])
    return coded


class Outliner:
    """Simplifies areas around a fixed set of workplaces.

    Parameters
    ----------
    places : (n, 2) array
        Metres, in the CRS of the areas.
    """

    def __init__(self, places: Floats) -> None:
        points = shapely.points(np.asarray(places, dtype=float).reshape(-1, 2))
        self.tree = shapely.STRtree(np.atleast_1d(np.asarray(points, dtype=object)))

    def simplify(self, area: BaseGeometry) -> BaseGeometry:
        """Return the area with fewer corners, small empty parts and small empty holes."""
        parts = [self._part(part) for part in shapely.get_parts(area)]
        return shapely.MultiPolygon([part for part in parts if part is not None])

    def _part(self, part: shapely.Polygon) -> shapely.Polygon | None:
        if part.area < LEAST_PART and not self._holds(part):
            return None
        holes = [hole for hole in part.interiors if self._keep_hole(hole)]
        whole = shapely.Polygon(part.exterior, holes)
        inside = self._inside(whole)
        for tolerance in (TOLERANCE, TOLERANCE / 2, TOLERANCE / 4):
            simple = shapely.simplify(whole, tolerance)
            if not isinstance(simple, shapely.Polygon) or simple.is_empty:
                continue
            if np.array_equal(self._inside(simple), inside):
                return simple
        return whole

    def _keep_hole(self, ring: shapely.LinearRing) -> bool:
        hole = shapely.Polygon(ring)
        return hole.area >= LEAST_HOLE or self._holds(hole)

    def _holds(self, area: BaseGeometry) -> bool:
        return self._inside(area).size > 0

    def _inside(self, area: BaseGeometry) -> NDArray[np.int64]:
        return np.sort(self.tree.query(area, predicate="intersects"))

    def added(self, after: BaseGeometry, before: BaseGeometry) -> BaseGeometry:
        """Return what ``after`` adds to ``before``; slivers under 6 m without a workplace go."""
        new = _polygons(shapely.difference(after, before))
        grown = shapely.buffer(shapely.buffer(new, -SLIVER / 2), SLIVER / 2, join_style="mitre")
        opened = shapely.intersection(grown, new)
        lost = shapely.get_parts(shapely.difference(new, opened))
        kept = [part for part in lost if part.area > 0 and self._holds(part)]
        return _polygons(shapely.union_all([opened, *kept]))


def _polygons(area: BaseGeometry) -> shapely.MultiPolygon:
    parts = shapely.get_parts(area)
    return shapely.MultiPolygon(
        parts[shapely.get_type_id(parts) == shapely.GeometryType.POLYGON].tolist()
    )


def label_place(
    area: BaseGeometry, avoid: Sequence[tuple[float, float]] | Floats, *, steps: int = 24
) -> tuple[float, float] | None:
    """Find the place inside ``area`` that is farthest from its border and from ``avoid``.

    Metres in, metres out; ``None`` for an empty area. The border counts double, since a
    name is wider than a dot.
    """
    if area.is_empty:
        return None
    west, south, east, north = area.bounds
    grid = np.stack(
        np.meshgrid(
            np.linspace(west, east, steps + 2)[1:-1], np.linspace(south, north, steps + 2)[1:-1]
        ),
        axis=-1,
    ).reshape(-1, 2)
    grid = grid[shapely.contains_xy(area, grid)]
    if not len(grid):
        inner = area.representative_point()
        return inner.x, inner.y
    points = shapely.points(grid)
    room = shapely.distance(shapely.boundary(area), points) / 2
    if len(avoid):
        marks = shapely.multipoints(np.asarray(avoid, dtype=float).reshape(-1, 2))
        room = np.minimum(room, shapely.distance(marks, points))
    x, y = grid[int(np.argmax(room))].tolist()
    return x, y
