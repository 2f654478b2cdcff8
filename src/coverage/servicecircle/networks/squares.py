"""Squares: pedestrian areas are walked across, from entrance to entrance."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
import pandas as pd
import shapely

from servicecircle.networks.lines import StreetLines

SQUARES = frozenset({"pedestrian", "footway"})
FEWEST = 2  # entrances, to go from one to the other
ACROSS = "square"  # the `highway` of our ways across, which are no mapped streets
MOST_POINTS = 16  # of one square; more entrances are thinned evenly
DETOUR = 1.1  # a way less than this much shorter than two others is not worth a street
SMALL = 30.0  # metres from corner to corner of the box: walked round, not across
METRES_PER_DEGREE = 111_320.0
BATCH = 512  # squares at once: what bounds the memory


class Square(NamedTuple):
    """A pedestrian area: its ring lines and the row of ``tags`` that describes it."""

    lines: tuple[int, ...]
    row: int


class _Corners(NamedTuple):
    """Corners of polygons; the area lies to the left of the way round.

    ``xy`` (c, 2) degrees; ``before`` and ``after`` (c,): the neighbours in ``xy``;
    ``polygon`` (c,); ``vertex`` (c,): their place in the lines, -1 where there is none.
    """

    xy: np.ndarray
    before: np.ndarray
    after: np.ndarray
    polygon: np.ndarray
    vertex: np.ndarray


class _Rings(NamedTuple):
    """Ring lines of squares: ``vertex`` (k,) their vertices, ``ring`` and ``square`` of each."""

    vertex: np.ndarray
    ring: np.ndarray
    square: np.ndarray


def cross_squares(lines: StreetLines, squares: list[Square]) -> StreetLines:
    """Add the straight ways between the entrances of squares that stay inside them.

    An entrance is a vertex of the outline that another street shares. Ways bend round
    corners that stick into the square (the reduced visibility graph: Lozano-Pérez and
    Wesley 1979).
    """
    shared = _shared(lines)
    found, rows = [np.empty((0, 2), np.int64)], [np.empty(0, np.int64)]
    for first in range(0, len(squares), BATCH):
        batch = squares[first : first + BATCH]
        rings = _worth_crossing(lines.lonlat, _rings(lines, batch), shared)
        if rings.vertex.size:
            ways, square = _ways_across(lines.lonlat, rings, shared)
            found.append(ways)
            rows.append(np.array([square.row for square in batch])[square])
    return _add_ways(lines, np.concatenate(found), np.concatenate(rows))


def _rings(lines: StreetLines, squares: list[Square]) -> _Rings:
    line = np.concatenate([square.lines for square in squares])
    square = np.repeat(np.arange(len(squares)), [len(square.lines) for square in squares])
    counts = np.diff(lines.offsets)[line]
    at = _ranges(lines.offsets[line], counts)
    return _Rings(at, np.repeat(np.arange(len(line)), counts), np.repeat(square, counts))


def _ranges(start: np.ndarray, counts: np.ndarray) -> np.ndarray:
    """Count on from every ``start``, one range after the other."""
    begin = np.cumsum(counts) - counts
    ranges: np.ndarray = np.repeat(start - begin, counts) + np.arange(int(counts.sum()))
    return ranges


def _worth_crossing(lonlat: np.ndarray, rings: _Rings, shared: np.ndarray) -> _Rings:
    """Keep the squares that have two entrances and are not small."""
    first = np.flatnonzero(np.diff(rings.square, prepend=-1))
    places = lonlat[rings.vertex]
    extent = np.maximum.reduceat(places, first) - np.minimum.reduceat(places, first)
    extent[:, 0] *= np.cos(np.radians(places[first, 1]))
    large = np.hypot(*extent.T) * METRES_PER_DEGREE >= SMALL
    worth = large & (np.add.reduceat(shared[rings.vertex].astype(int), first) >= FEWEST)
    keep = worth[rings.square]
    return _Rings(*(column[keep] for column in rings))


def _shared(lines: StreetLines) -> np.ndarray:
    """Tell which vertices more than one line has, (k,) bool."""
    first, last = lines.offsets[:-1], lines.offsets[1:] - 1
    place = lines.vertex.copy()
    closed = last[place[first] == place[last]]
    place[closed] = -1 - np.arange(len(closed))  # the end of a ring is its beginning
    shared = pd.Series(place).duplicated(keep=False).to_numpy(copy=True)
    shared[closed] = shared[first[lines.vertex[first] == lines.vertex[last]]]
    return shared


def _ways_across(
    lonlat: np.ndarray, rings: _Rings, shared: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Find the ways across squares: pairs of vertices (w, 2), and the square of each."""
    polygons, square = _polygons(lonlat, rings)
    corners = _corners(polygons, square, lonlat, rings)
    entrance = (corners.vertex >= 0) & shared[corners.vertex]
    inward = _cross(corners.xy - corners.xy[corners.before], _ahead(corners)) < 0
    enough = np.bincount(corners.polygon, entrance, len(polygons)) >= FEWEST
    use = np.concatenate(
        [
            _thin(np.flatnonzero(some & enough[corners.polygon]), corners.polygon)
            for some in (entrance, inward & ~entrance & (corners.vertex >= 0))
        ]
    )
    use = use[np.argsort(corners.polygon[use], kind="stable")]
    i, j = (use[k] for k in _pairs(corners.polygon[use]))
    useful = (entrance[i] | _touches(corners, i, j)) & (entrance[j] | _touches(corners, j, i))
    i, j = i[useful], j[useful]
    beside = (corners.after[i] == j) | (corners.before[i] == j)
    inside = beside.copy()
    shapely.prepare(polygons)
    ways = shapely.linestrings(np.stack([corners.xy[i], corners.xy[j]], axis=1)[~beside])
    inside[~beside] = shapely.covers(polygons[corners.polygon[i[~beside]]], ways)
    i, j, beside = i[inside], j[inside], beside[inside]
    keep = ~beside & ~_nearly_as_short(corners, i, j)
    i, j = i[keep], j[keep]
    return np.stack([corners.vertex[i], corners.vertex[j]], axis=1), square[corners.polygon[i]]


def _polygons(lonlat: np.ndarray, rings: _Rings) -> tuple[np.ndarray, np.ndarray]:
    """Build the valid polygons of squares, and return the square of each."""
    first = np.flatnonzero(np.diff(rings.ring, prepend=-1))
    shapes = shapely.linestrings(lonlat[rings.vertex], indices=_renumber(rings.ring))
    of_ring = rings.square[first]
    areas = shapely.build_area(shapely.multilinestrings(shapes, indices=_renumber(of_ring)))
    polygons, area = shapely.get_parts(areas, return_index=True)
    square = of_ring[np.diff(of_ring, prepend=-1) > 0][area]
    valid = shapely.is_valid(polygons)
    return shapely.orient_polygons(polygons[valid]), square[valid]


def _renumber(sorted_: np.ndarray) -> np.ndarray:
    numbers: np.ndarray = np.cumsum(np.diff(sorted_, prepend=sorted_[:1]) > 0)
    return numbers


def _corners(
    polygons: np.ndarray, square: np.ndarray, lonlat: np.ndarray, rings: _Rings
) -> _Corners:
    outlines, of_outline = shapely.get_rings(polygons, return_index=True)
    xy, outline = shapely.get_coordinates(outlines, return_index=True)
    keep = np.diff(outline, append=-1) == 0  # the last corner is the first
    xy, outline = xy[keep], outline[keep]
    counts = np.bincount(outline, minlength=len(outlines))
    last = np.cumsum(counts)[outline] - 1
    here = np.arange(len(xy))
    first = last - counts[outline] + 1
    before = np.where(here == first, last, here - 1)
    after = np.where(here == last, first, here + 1)
    polygon = of_outline[outline]
    return _Corners(xy, before, after, polygon, _find(xy, square[polygon], lonlat, rings))


def _find(xy: np.ndarray, square: np.ndarray, lonlat: np.ndarray, rings: _Rings) -> np.ndarray:
    """Find the last vertex of the square's own rings at every corner; -1 where none."""
    places = np.concatenate([lonlat[rings.vertex], xy])
    _, number = np.unique(places.view(complex), return_inverse=True)
    key = number.ravel() * (rings.square.max() + 1) + np.concatenate([rings.square, square])
    known, asked = np.split(key, [len(rings.vertex)])
    order = np.argsort(known, kind="stable")
    last = order[np.searchsorted(known[order], asked, side="right") - 1]
    return np.where(known[last] == asked, rings.vertex[last], -1)


def _pairs(polygon: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Pair everything with what follows it in the same polygon; ``polygon`` is sorted."""
    here = np.arange(len(polygon))
    following = np.searchsorted(polygon, polygon, side="right") - here - 1
    return np.repeat(here, following), _ranges(here + 1, following)


def _nearly_as_short(corners: _Corners, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Tell which ways are hardly shorter than two other ways, one after the other."""
    points, end = np.unique(np.concatenate([i, j]), return_inverse=True)
    polygon = corners.polygon[points]
    first = np.searchsorted(polygon, polygon)  # the first point of the same polygon
    width = int((np.arange(len(points)) - first).max(initial=0)) + 1
    a, b = np.split(end, 2)
    start = np.searchsorted(corners.polygon, polygon)
    squeeze = np.cos(np.radians(corners.xy[start, 1]))
    metres = corners.xy[points] * np.stack([squeeze, np.ones(len(points))], axis=1)
    own = np.hypot(*(metres[a] - metres[b]).T)
    length = np.full((len(points), width), np.inf)
    length[a, b - first[b]] = length[b, a - first[a]] = own
    legs = np.maximum(length[a], length[b]) < own[:, None]  # shorter ones only: something stays
    detour = np.where(legs, length[a] + length[b], np.inf).min(axis=1, initial=np.inf)
    nearly: np.ndarray = np.less_equal(detour, DETOUR * own)
    return nearly


def _ahead(corners: _Corners) -> np.ndarray:
    ahead: np.ndarray = corners.xy[corners.after] - corners.xy
    return ahead


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    product: np.ndarray = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return product


def _touches(corners: _Corners, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Tell whether the way between two corners only touches the outline at corner ``i``."""
    way = corners.xy[j] - corners.xy[i]
    before = _cross(way, corners.xy[corners.before[i]] - corners.xy[i])
    after = _cross(way, corners.xy[corners.after[i]] - corners.xy[i])
    touches: np.ndarray = before * after >= 0.0
    return touches


def _thin(positions: np.ndarray, polygon: np.ndarray) -> np.ndarray:
    """Thin the positions of a polygon evenly where there are too many."""
    of = polygon[positions]
    counts = np.bincount(of)
    keep = counts[of] <= MOST_POINTS
    many = np.flatnonzero(counts > MOST_POINTS)
    picks = np.linspace(0, counts[many] - 1, MOST_POINTS).astype(int)
    keep[picks + np.searchsorted(of, many)] = True
    thinned: np.ndarray = positions[keep]
    return thinned


def _add_ways(lines: StreetLines, ways: np.ndarray, rows: np.ndarray) -> StreetLines:
    if not len(ways):
        return lines
    at = ways.ravel()
    tags = lines.tags.iloc[rows].assign(
        highway=ACROSS, factor=1.0, along=True, against=True, spans=False
    )
    return StreetLines(
        np.concatenate([lines.lonlat, lines.lonlat[at]]),
        np.concatenate([lines.vertex, lines.vertex[at]]),
        np.concatenate([lines.offsets, lines.offsets[-1] + 2 * np.arange(1, len(ways) + 1)]),
        pd.concat([lines.tags, tags], ignore_index=True),
        np.concatenate([lines.length, np.full(len(ways), np.nan)]),
        np.concatenate([lines.height, lines.height[at]]),
        np.concatenate([lines.wait, lines.wait[at]]),
    )
