"""Squares: pedestrian areas are walked across, from entrance to entrance."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
import shapely

from servicecircle.networks.lines import StreetLines

if TYPE_CHECKING:
    from collections.abc import Iterable

SQUARES = frozenset({"pedestrian", "footway"})
FEWEST = 2  # entrances, to go from one to the other
ACROSS = "square"  # the `highway` of our ways across, which are no mapped streets
MOST_POINTS = 16  # of one square; more entrances are thinned evenly
DETOUR = 1.1  # a way less than this much shorter than two others is not worth a street
SMALL = 30.0  # metres from corner to corner of the box: walked round, not across
METRES_PER_DEGREE = 111_320.0


class Square(NamedTuple):
    """A pedestrian area: its ring lines and the row of ``tags`` that describes it."""

    lines: tuple[int, ...]
    row: int


class _Corners(NamedTuple):
    """Vertices of a polygon's rings, with their neighbours; the area lies to the left."""

    here: np.ndarray
    before: np.ndarray
    after: np.ndarray


def cross_squares(lines: StreetLines, squares: Iterable[Square]) -> StreetLines:
    """Add the straight ways between the entrances of squares that stay inside them.

    An entrance is a vertex of the outline that another street shares. Ways bend round
    corners that stick into the square (the reduced visibility graph: Lozano-Pérez and
    Wesley 1979).
    """
    shared = _shared(lines)
    found, rows = [np.empty((0, 2), np.int64)], []
    for square in squares:
        at = np.concatenate(
            [np.arange(lines.offsets[i], lines.offsets[i + 1]) for i in square.lines]
        )
        if shared[at].sum() < FEWEST or _is_small(lines.lonlat[at]):
            continue
        count = np.array([lines.offsets[i + 1] - lines.offsets[i] for i in square.lines])
        rings = shapely.linestrings(
            lines.lonlat[at], indices=np.repeat(np.arange(len(count)), count)
        )
        area = shapely.build_area(shapely.multilinestrings(rings))
        places = dict(zip(map(tuple, lines.lonlat[at].tolist()), at.tolist(), strict=True))
        for polygon in shapely.get_parts(area):
            ways = _ways_across(polygon, places, shared)
            found.append(ways)
            rows += [square.row] * len(ways)
    return _add_ways(lines, np.concatenate(found), rows)


def _is_small(lonlat: np.ndarray) -> bool:
    extent = np.ptp(lonlat, axis=0) * (np.cos(np.radians(lonlat[0, 1])), 1.0)
    return float(np.hypot(*extent)) * METRES_PER_DEGREE < SMALL


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
    polygon: shapely.Polygon,
    places: dict[tuple[float, ...], int],
    shared: np.ndarray,
) -> np.ndarray:
    """Find the ways across one polygon: pairs of positions in ``shared`` (w, 2)."""
    nothing = np.empty((0, 2), np.int64)
    if not polygon.is_valid:
        return nothing
    corners = _corners(shapely.orient_polygons(polygon))
    at = np.array([places.get(tuple(place), -1) for place in corners.here.tolist()])
    entrance = (at >= 0) & shared[at]
    inward = _cross(corners.here - corners.before, corners.after - corners.here) < 0
    if entrance.sum() < FEWEST:
        return nothing
    use = np.concatenate(
        [_thin(np.flatnonzero(entrance)), _thin(np.flatnonzero(inward & ~entrance))]
    )
    use = use[at[use] >= 0]
    i, j = (use[k] for k in np.triu_indices(len(use), 1))
    useful = (entrance[i] | _touches(corners, i, j)) & (entrance[j] | _touches(corners, j, i))
    i, j = i[useful], j[useful]
    shapely.prepare(polygon)
    ways = shapely.linestrings(np.stack([corners.here[i], corners.here[j]], axis=1))
    inside = shapely.covers(polygon, ways)
    i, j = i[inside], j[inside]
    beside = _same(corners.after[i], corners.here[j]) | _same(corners.before[i], corners.here[j])
    keep = ~beside & ~_nearly_as_short(corners.here, i, j)
    found: np.ndarray = np.stack([at[i], at[j]], axis=1)[keep]
    return found


def _nearly_as_short(places: np.ndarray, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Tell which ways are hardly shorter than two other ways, one after the other."""
    points, number = np.unique(np.concatenate([i, j]), return_inverse=True)
    a, b = number[: len(i)], number[len(i) :]
    metres = places[points] * (np.cos(np.radians(places[0, 1])), 1.0)
    length = np.full((len(points), len(points)), np.inf)
    length[a, b] = length[b, a] = np.hypot(*(metres[a] - metres[b]).T)
    own = length[a, b]
    legs = np.maximum(length[a], length[b]) < own[:, None]  # shorter ones only: something stays
    detour = np.where(legs, length[a] + length[b], np.inf).min(axis=1, initial=np.inf)
    nearly: np.ndarray = np.less_equal(detour, DETOUR * own)
    return nearly


def _corners(polygon: shapely.Polygon) -> _Corners:
    rings = [shapely.get_coordinates(ring)[:-1] for ring in shapely.get_rings(polygon)]
    return _Corners(
        np.concatenate(rings),
        np.concatenate([np.roll(ring, 1, axis=0) for ring in rings]),
        np.concatenate([np.roll(ring, -1, axis=0) for ring in rings]),
    )


def _cross(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    product: np.ndarray = a[:, 0] * b[:, 1] - a[:, 1] * b[:, 0]
    return product


def _touches(corners: _Corners, i: np.ndarray, j: np.ndarray) -> np.ndarray:
    """Tell whether the way between two corners only touches the outline at corner ``i``."""
    way = corners.here[j] - corners.here[i]
    before = _cross(way, corners.before[i] - corners.here[i])
    after = _cross(way, corners.after[i] - corners.here[i])
    touches: np.ndarray = before * after >= 0.0
    return touches


def _same(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    same: np.ndarray = (a == b).all(axis=1)
    return same


def _thin(positions: np.ndarray) -> np.ndarray:
    if len(positions) <= MOST_POINTS:
        return positions
    thinned: np.ndarray = positions[np.linspace(0, len(positions) - 1, MOST_POINTS).astype(int)]
    return thinned


def _add_ways(lines: StreetLines, ways: np.ndarray, rows: list[int]) -> StreetLines:
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
