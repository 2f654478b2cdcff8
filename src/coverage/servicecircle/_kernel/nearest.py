"""The nearest street of places and of raster cells, exact, compiled.

Places and cells use the same arithmetic: equal distances go to the smaller street, so a
place and the cell it lies in never disagree by rounding.
"""

from __future__ import annotations

import numpy as np

from servicecircle._kernel import compiled


@compiled
def _foot(x, y, ax, ay, bx, by):
    """Squared distance from a point to a segment and the place of its foot (0–1)."""
    dx, dy = bx - ax, by - ay
    size = dx * dx + dy * dy
    t = 0.0
    if size > 0.0:
        t = min(1.0, max(0.0, ((x - ax) * dx + (y - ay) * dy) / size))
    ex, ey = x - (ax + t * dx), y - (ay + t * dy)
    return ex * ex + ey * ey, t


@compiled
def bin_segments(segments, x0, y0, size, columns, rows):
    """Sort segments (k, 4) float64 into square bins; returns CSR ``start`` and ``members``."""
    start = np.zeros(rows * columns + 1, np.int64)
    members = np.empty(0, np.int32)
    for fill in range(2):
        for s in range(segments.shape[0]):
            west = int((min(segments[s, 0], segments[s, 2]) - x0) // size)
            east = int((max(segments[s, 0], segments[s, 2]) - x0) // size)
            south = int((min(segments[s, 1], segments[s, 3]) - y0) // size)
            north = int((max(segments[s, 1], segments[s, 3]) - y0) // size)
            for row in range(south, north + 1):
                for column in range(west, east + 1):
                    cell = row * columns + column
                    if fill:
                        start[cell] -= 1
                        members[start[cell]] = s
                    else:
                        start[cell] += 1
        if not fill:
            start = np.cumsum(start)
            members = np.empty(start[-1], np.int32)
    return start, members


@compiled
def snap_points(points, segments, street, span, start, members, x0, y0, size, columns, rows, limit):
    """Find the nearest street of every point within ``limit`` metres.

    ``span`` (k, 2): the fraction of its street at which each segment begins and ends.
    Returns ``street`` (-1 where none), ``fraction`` along it (0–1), ``distance`` (m, inf
    where none).
    """
    count = points.shape[0]
    nearest = np.full(count, -1, np.int32)
    fraction, distance = np.zeros(count), np.full(count, np.inf)
    for i in range(count):
        x, y = points[i, 0], points[i, 1]
        column, row = int((x - x0) // size), int((y - y0) // size)
        best, ring = limit * limit, 0
        while True:
            for r in range(max(0, row - ring), min(rows, row + ring + 1)):
                edge = r == row - ring or r == row + ring
                step = 1 if edge else max(1, 2 * ring)
                for c in range(column - ring, column + ring + 1, step):
                    if c < 0 or c >= columns:
                        continue
                    cell = r * columns + c
                    for entry in range(start[cell], start[cell + 1]):
                        s = members[entry]
                        d2, t = _foot(
                            x, y, segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
                        )
                        at = span[s, 0] + t * (span[s, 1] - span[s, 0])
                        if d2 > best or (
                            d2 == best
                            and nearest[i] >= 0
                            and (
                                street[s] > nearest[i]
                                or (street[s] == nearest[i] and at >= fraction[i])
                            )
                        ):
                            continue
                        best, nearest[i], fraction[i] = d2, street[s], at
            # everything nearer than this has been looked at
            inside = min(
                x - (x0 + (column - ring) * size),
                x0 + (column + ring + 1) * size - x,
                y - (y0 + (row - ring) * size),
                y0 + (row + ring + 1) * size - y,
            )
            if inside * inside > best or inside > limit:
                break
            ring += 1
        if nearest[i] >= 0:
            distance[i] = np.sqrt(best)
    return nearest, fraction, distance


@compiled
def _stay(segments, own, other, x0, y0, x1, y1, limit):
    """How far the way between two points stays with a segment, in 1/254 of the way.

    It leaves it where segment ``other`` comes nearer or, with ``other`` -1, where the
    segment is farther than ``limit``.
    """
    a, b = segments[own], segments[other]
    low, high = 0.0, 1.0
    for _ in range(8):
        t = 0.5 * (low + high)
        x, y = x0 + t * (x1 - x0), y0 + t * (y1 - y0)
        bound = limit * limit
        if other >= 0:
            bound = _foot(x, y, b[0], b[1], b[2], b[3])[0]
        if _foot(x, y, a[0], a[1], a[2], a[3])[0] < bound:
            low = t
        else:
            high = t
    return int(0.5 * (low + high) * 254.0 + 0.5)


@compiled
def raster_strip(segments, street, span, x0, y0, cell, columns, rows, limit):
    """Find the nearest street of every cell centre in a strip of the raster.

    ``x0``, ``y0`` is the centre of the strip's first cell; its first and last rows only
    serve their neighbours. Returns for the cells within ``limit`` metres of a street:
    ``cells`` (row · columns + column, the second row being 0), ``street``, ``fraction``,
    ``distance`` and ``stay`` (k, 4) uint8: how far the way to the next cell east, north,
    west and south stays with the same street, in 1/254 of the way; 255 all the way.
    """
    best = np.full(rows * columns, limit * limit)
    nearest = np.full(rows * columns, -1, np.int32)
    fraction = np.zeros(rows * columns, np.float32)
    for s in range(segments.shape[0]):
        ax, ay, bx, by = segments[s]
        west = max(0, int(np.ceil((min(ax, bx) - limit - x0) / cell)))
        east = min(columns - 1, int(np.floor((max(ax, bx) + limit - x0) / cell)))
        south = max(0, int(np.ceil((min(ay, by) - limit - y0) / cell)))
        north = min(rows - 1, int(np.floor((max(ay, by) + limit - y0) / cell)))
        for row in range(south, north + 1):
            y = y0 + row * cell
            for column in range(west, east + 1):
                d2, t = _foot(x0 + column * cell, y, ax, ay, bx, by)
                i = row * columns + column
                if d2 < best[i] or (d2 == best[i] and nearest[i] < 0):
                    best[i], nearest[i] = d2, s
                    fraction[i] = span[s, 0] + t * (span[s, 1] - span[s, 0])
    cells = columns + np.nonzero(nearest[columns : (rows - 1) * columns] >= 0)[0]
    found = nearest[cells]
    stay = np.full((cells.size, 4), 255, np.uint8)
    for k in range(cells.size):
        i, s = cells[k], found[k]
        row, column = i // columns, i % columns
        x, y = x0 + column * cell, y0 + row * cell
        for side in range(4):
            dx, dy = ((1, 0), (0, 1), (-1, 0), (0, -1))[side]
            other = -1
            if 0 <= column + dx < columns:
                other = nearest[i + dx + dy * columns]
            if other < 0 or street[other] != street[s]:
                x1, y1 = x + dx * cell, y + dy * cell
                stay[k, side] = _stay(segments, s, other, x, y, x1, y1, limit)
    return cells - columns, street[found], fraction[cells], np.sqrt(best[cells]), stay
