"""Walking areas as the map draws them: lighter, but never at odds with the table.

A part or a hole is left out only where no workplace lies in it, and a line is made
simpler only as far as no workplace changes sides.
"""

from __future__ import annotations

from itertools import pairwise
from typing import TYPE_CHECKING

import numpy as np
import shapely

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    Floats = NDArray[np.float64]
    Shapes = NDArray[np.object_]

TOLERANCE = 6.0  # metres: half a cell of the areas' raster
POLYGON = shapely.GeometryType.POLYGON
LEAST_PART = 1500.0  # square metres
LEAST_HOLE = 2500.0
SLIVER = 6.0  # metres: what is narrower is opened away
DECIMALS = 1e5
FIVE_BITS = np.arange(0, 35, 5)  # shifts: more than 180 degrees need


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
    zigzag = np.where(steps < 0, ~(steps << 1), steps << 1).reshape(-1, 1)
    rest = zigzag >> FIVE_BITS
    signs = (rest & 0x1F) + np.where(rest > 0x1F, 0x20, 0) + 63  # noqa: PLR2004 - more follow
    written = (rest > 0) | (FIVE_BITS == 0)
    text: str = signs[written].astype(np.uint8).tobytes().decode("ascii")
    return text


def encode_polygons(area: BaseGeometry) -> list[list[str]]:
    """Write polygons in longitude/latitude as coded rings: outer first, then holes."""
    coded = []
    for part in shapely.get_parts(area):
        if shapely.get_type_id(part) != POLYGON or part.is_empty:
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
        return self.simplify_all([area])[0]

    def simplify_all(self, areas: Sequence[BaseGeometry]) -> list[shapely.MultiPolygon]:
        """Do so with many areas at once."""
        parts, owner = shapely.get_parts(np.asarray(areas, dtype=object), return_index=True)
        kept = (shapely.area(parts) >= LEAST_PART) | self._holds(parts)
        parts, owner = self._without_holes(parts[kept]), owner[kept]
        left = np.arange(len(parts))
        whole, simple = parts, parts.copy()
        for tolerance in (TOLERANCE, TOLERANCE / 2, TOLERANCE / 4):
            tried = shapely.simplify(whole[left], tolerance)
            good = (shapely.get_type_id(tried) == POLYGON) & ~shapely.is_empty(tried)
            good &= ~self._differ(whole[left], tried)
            simple[left[good]] = tried[good]
            left = left[~good]
        ends = np.searchsorted(owner, np.arange(len(areas) + 1))
        return [shapely.MultiPolygon(simple[start:end].tolist()) for start, end in pairwise(ends)]

    def _without_holes(self, parts: Shapes) -> Shapes:
        """Fill the small holes that nobody works in."""
        rings, owner = shapely.get_rings(parts, return_index=True)
        inner = np.concatenate([[False], owner[1:] == owner[:-1]])[: len(rings)]
        holes = shapely.polygons(rings[inner])
        dropped = ~((shapely.area(holes) >= LEAST_HOLE) | self._holds(holes))
        filled = parts.copy()
        for part in np.unique(owner[inner][dropped]):
            kept = holes[(owner[inner] == part) & ~dropped]
            filled[part] = shapely.Polygon(parts[part].exterior, [one.exterior for one in kept])
        return filled

    def _holds(self, areas: Shapes) -> NDArray[np.bool_]:
        """Tell for each area whether a workplace lies in it."""
        area, _ = self.tree.query(areas, predicate="intersects")
        return np.isin(np.arange(len(areas)), area)

    def _differ(self, before: Shapes, after: Shapes) -> NDArray[np.bool_]:
        """Tell for each pair whether it holds different workplaces."""
        pairs = [self.tree.query(areas, predicate="intersects") for areas in (before, after)]
        many = max(len(self.tree.geometries), 1)
        held, now = (area * many + place for area, place in pairs)
        return np.isin(np.arange(len(before)), np.setxor1d(held, now, assume_unique=True) // many)

    def added(self, after: BaseGeometry, before: BaseGeometry) -> BaseGeometry:
        """Return what ``after`` adds to ``before``; slivers under 6 m without a workplace go."""
        new = _polygons(shapely.difference(after, before))
        grown = shapely.buffer(shapely.buffer(new, -SLIVER / 2), SLIVER / 2, join_style="mitre")
        opened = shapely.intersection(grown, new)
        lost = shapely.get_parts(shapely.difference(new, opened))
        lost = lost[shapely.area(lost) > 0]
        return _polygons(shapely.union_all([opened, *lost[self._holds(lost)]]))


def _polygons(area: BaseGeometry) -> shapely.MultiPolygon:
    parts = shapely.get_parts(area)
    return shapely.MultiPolygon(parts[shapely.get_type_id(parts) == POLYGON].tolist())


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
