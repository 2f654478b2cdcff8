"""The nearest street of places and of raster cells, exact, compiled.

Places and cells use the same arithmetic: equal distances go to the smaller street, so a
place and the cell it lies in never disagree by rounding. The callers give the arrays that
the answers are written to: what numpy does need not be compiled.
"""

from __future__ import annotations

import numpy as np

from servicecircle._kernel import compiled


@compiled
def _foot(x, y, segments, s):
    """Squared distance from a point to segment ``s`` and the place of its foot (0–1)."""
    ax, ay = segments[s, 0], segments[s, 1]
    dx, dy = segments[s, 2] - ax, segments[s, 3] - ay
    size = dx * dx + dy * dy
    t = 0.0
    if size > 0.0:
        t = min(1.0, max(0.0, ((x - ax) * dx + (y - ay) * dy) / size))
    ex, ey = x - (ax + t * dx), y - (ay + t * dy)
    return ex * ex + ey * ey, t


@compiled
def _look(first, last, members, x, y, best, segments, street, span, i, nearest, fraction):
    """Look at the segments of one bin for place ``i``; return the squared distance now."""
    for entry in range(first, last):
        s = members[entry]
        d2, t = _foot(x, y, segments, s)
        if d2 > best:
            continue
        at = span[s, 0] + t * (span[s, 1] - span[s, 0])
        later = street[s] > nearest[i] or (street[s] == nearest[i] and at >= fraction[i])
        if d2 == best and nearest[i] >= 0 and later:
            continue
        best, nearest[i], fraction[i] = d2, street[s], at
    return best


@compiled
def snap_points(
    rows, points, segments, street, span, start, members, x0, y0, size, columns, limit,
    nearest, fraction, distance,
):  # fmt: skip
    """Find the nearest street of the ``points`` in ``rows`` within ``limit`` metres.

    ``segments`` (k, 4) lie in square bins (CSR ``start``, ``members``); ``span`` (k, 2):
    the fraction of its street at which each begins and ends. Written where there is one:
    ``nearest`` street, ``fraction`` along it (0–1), ``distance`` (m).
    """
    tall = (start.size - 1) // columns
    for i in rows:
        x, y = points[i, 0], points[i, 1]
        column, row = int((x - x0) // size), int((y - y0) // size)
        best, ring, inside = limit * limit, 0, 0.0
        # everything nearer than ``inside`` has been looked at
        while inside * inside <= best and inside <= limit:
            for r in range(max(0, row - ring), min(tall, row + ring + 1)):
                edge = r == row - ring or r == row + ring
                step = 1 if edge else max(1, 2 * ring)
                for c in range(column - ring, column + ring + 1, step):
                    if c < 0 or c >= columns:
                        continue
                    b = r * columns + c
                    best = _look(
                        start[b], start[b + 1], members, x, y, best, segments, street, span, i,
                        nearest, fraction,
                    )  # fmt: skip
            east, north = x - (x0 + column * size), y - (y0 + row * size)
            inside = ring * size + min(east, size - east, north, size - north)
            ring += 1
        if nearest[i] >= 0:
            distance[i] = np.sqrt(best)


@compiled
def nearest_cells(segments, span, x0, y0, cell, columns, rows, limit, best, nearest, fraction):
    """Find the nearest segment of every cell centre in a strip of the raster.

    ``x0``, ``y0`` is the centre of the first cell. ``best`` (rows · columns) holds the
    squared ``limit`` and gets the squared distance, ``nearest`` -1 and the segment,
    ``fraction`` the place along its street.
    """
    for s in range(segments.shape[0]):
        ax, ay, bx, by = segments[s, 0], segments[s, 1], segments[s, 2], segments[s, 3]
        west = max(0, int(np.ceil((min(ax, bx) - limit - x0) / cell)))
        east = min(columns - 1, int(np.floor((max(ax, bx) + limit - x0) / cell)))
        south = max(0, int(np.ceil((min(ay, by) - limit - y0) / cell)))
        north = min(rows - 1, int(np.floor((max(ay, by) + limit - y0) / cell)))
        for row in range(south, north + 1):
            y = y0 + row * cell
            for column in range(west, east + 1):
                d2, t = _foot(x0 + column * cell, y, segments, s)
                i = row * columns + column
                if d2 < best[i] or (d2 == best[i] and nearest[i] < 0):
                    best[i], nearest[i] = d2, s
                    fraction[i] = span[s, 0] + t * (span[s, 1] - span[s, 0])


@compiled
def _stay(segments, own, other, x0, y0, dx, dy, limit):
    """How far the way from a point to a next one stays with a segment, in 1/254 of the way.

    It leaves it where segment ``other`` comes nearer or, with ``other`` -1, where the
    segment is farther than ``limit``.
    """
    low, high = 0.0, 1.0
    for _ in range(8):
        t = 0.5 * (low + high)
        x, y = x0 + t * dx, y0 + t * dy
        bound = limit * limit
        if other >= 0:
            bound = _foot(x, y, segments, other)[0]
        if _foot(x, y, segments, own)[0] < bound:
            low = t
        else:
            high = t
    return int(0.5 * (low + high) * 254.0 + 0.5)


@compiled
def cell_stays(cells, nearest, segments, street, x0, y0, cell, columns, limit, stay):
    """Write how far the way to the next cell east, north, west and south stays.

    ``stay`` (k, 4) uint8 holds 255, all the way with the same street, and gets 1/254 of
    the way elsewhere; ``cells`` (k,) of the strip that ``nearest`` belongs to.
    """
    for k in range(cells.size):
        i, s = cells[k], nearest[cells[k]]
        row, column = i // columns, i % columns
        x, y = x0 + column * cell, y0 + row * cell
        for side in range(4):
            forward = 1 if side < 2 else -1
            dx, dy = (forward, 0) if side % 2 == 0 else (0, forward)
            other = -1
            if 0 <= column + dx < columns:
                other = nearest[i + dx + dy * columns]
            if other < 0 or street[other] != street[s]:
                stay[k, side] = _stay(segments, s, other, x, y, dx * cell, dy * cell, limit)
