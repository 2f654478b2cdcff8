"""Outlines of what is reached on a raster of walking costs (marching squares), compiled.

Between two cells of one street the outline runs where the cost passes the level; between
cells of different streets it runs where the nearest street changes, which the raster
knows. Levels of one field therefore nest. Inside cells that touch only at a corner are
not joined.
"""

from __future__ import annotations

import numpy as np
from numba import njit

EAST, NORTH, WEST, SOUTH = 0, 1, 2, 3
RIM = 1.0 / 512.0  # outlines keep off the cell centres, so that rings never touch


@njit(cache=True, nogil=True)
def _crossing(cost, cell, raster, level, row, column, upward):
    """Where the outline crosses the way from a cell to its east or north neighbour (0–1)."""
    row2, column2 = (row + 1, column) if upward else (row, column + 1)
    side = NORTH if upward else EAST
    from_first = cost[row, column] <= level
    here, there = cell[row, column], cell[row2, column2]
    low, high = cost[row, column], cost[row2, column2]
    if not from_first:
        low, high, here, there, side = high, low, there, here, side + 2
    step = 10.0 * raster.size
    left = (level + 0.5 - low) / step  # cells that the rest of the cutoff still walks
    if there < 0 or raster.street[here] != raster.street[there]:
        t = min(left, raster.stay[here, side] / 255.0)
    elif high - low > 2.0 * step:  # a street that bends back: its far part is not reached
        t = min(left, 0.5)
    else:
        t = (level + 0.5 - low) / (high - low)
    t = min(1.0 - RIM, max(RIM, t))
    return t if from_first else 1.0 - t


@njit(cache=True, nogil=True)
def _exit(cost, level, row, column, heading):
    """Which side an outline leaves a square of four cells by; left turns first."""
    a, b = cost[row, column] <= level, cost[row, column + 1] <= level
    d, c = cost[row + 1, column] <= level, cost[row + 1, column + 1] <= level
    for turn in (1, 0, 3):
        way = (heading + turn) % 4
        if (
            (way == EAST and c and not b)
            or (way == NORTH and d and not c)
            or (way == WEST and a and not d)
            or (way == SOUTH and b and not a)
        ):
            return way
    return -1  # not reached: every outline that enters a square leaves it


@njit(cache=True, nogil=True)
def _add_point(points, n_points, first, x, y):
    """Append a point; one that only continues a straight run replaces the last."""
    if n_points - first >= 2:
        ax, ay = points[n_points - 2]
        bx, by = points[n_points - 1]
        if abs((bx - ax) * (y - ay) - (by - ay) * (x - ax)) < 1e-9:
            points[n_points - 1, 0], points[n_points - 1, 1] = x, y
            return points, n_points
    if n_points == points.shape[0]:
        larger = np.empty((2 * n_points, 2))
        larger[:n_points] = points
        points = larger
    points[n_points, 0], points[n_points, 1] = x, y
    return points, n_points + 1


@njit(cache=True, nogil=True)
def trace_areas(cost, cell, window, raster, level, area, points, n_points, rings, n_rings):
    """Append the rings of all cells within ``level`` to ``points`` and ``rings``.

    A ring's first crossing in the order of rows enters it: from outside for a shell, from
    inside for a hole, whose shell is that of the crossing before it in the row.
    """
    height, width = cost.shape
    ring_of = np.full(height * width, -1, np.int32)
    shell = np.empty(height * width // 2 + 1, np.int32)
    first_ring, shells = n_rings, 0
    for row in range(1, height - 1):
        before = -1
        for column in range(width - 1):
            inside = cost[row, column] <= level
            if inside == (cost[row, column + 1] <= level):
                continue
            if ring_of[row * width + column] < 0:
                if n_rings == rings.shape[0]:
                    larger = np.empty((2 * n_rings, 4), np.int64)
                    larger[:n_rings] = rings
                    rings = larger
                number = n_rings - first_ring
                if inside:
                    shell[number] = shell[before]
                else:
                    shell[number] = shells
                    shells += 1
                begin = n_points
                heading = NORTH if inside else SOUTH
                r, c = row if inside else row - 1, column
                while True:
                    way = _exit(cost, level, r, c, heading)
                    er, ec = r + (way == NORTH), c + (way == EAST)
                    upward = way == EAST or way == WEST
                    t = _crossing(cost, cell, raster, level, er, ec, upward)
                    x = raster.west + raster.size * (window[1] + ec + (0.0 if upward else t))
                    y = raster.south + raster.size * (window[0] + er + (t if upward else 0.0))
                    points, n_points = _add_point(points, n_points, begin, x, y)
                    if not upward:
                        ring_of[er * width + ec] = number
                        if er == row and ec == column:
                            break
                    r += (way == NORTH) - (way == SOUTH)
                    c += (way == EAST) - (way == WEST)
                    heading = way
                points, n_points = _add_point(
                    points, n_points, begin + 1, points[begin, 0], points[begin, 1]
                )
                rings[n_rings, 0], rings[n_rings, 1] = n_points, area
                rings[n_rings, 2], rings[n_rings, 3] = shell[number], int(inside)
                n_rings += 1
            before = ring_of[row * width + column]
    return points, n_points, rings, n_rings
