"""Outlines of what is reached on a raster of walking costs (marching squares), compiled.

Between two cells of one street the outline runs where the cost passes the level; where
the nearest street changes it runs there, which the raster knows. Cells that touch only at
a corner are not joined. Vertices are dropped as long as the outline stays within ``SLACK``
of them (sleeve fitting, Zhao and Saalfeld 1997): on the outer side for the largest level,
on the inner side for the smallest and not at all between, so that levels nest.
"""

from __future__ import annotations

import numpy as np
from numba import njit

from servicecircle._kernel import compiled
from servicecircle._kernel.grow import taller

EAST, NORTH, WEST, SOUTH = 0, 1, 2, 3
WHOLE = 128  # flag of cells whose street is covered alike everywhere; they have no cost
COVERS = 127
RIM = 0.02  # of a cell: how close an outline comes to a cell's centre
SLACK = 0.1  # metres


def _turns() -> np.ndarray:
    """Which side an outline leaves a square by, for each case of its corners and heading.

    Corners count 1, 2, 4, 8 from the south-west against the clock; the inside lies to
    the left; left turns come first.
    """
    table = np.zeros((16, 4), np.int64)
    for case in range(16):
        a, b, c, d = (bool(case & bit) for bit in (1, 2, 4, 8))
        leaves = {EAST: c and not b, NORTH: d and not c, WEST: a and not d, SOUTH: b and not a}
        for heading in range(4):
            ways = [(heading + turn) % 4 for turn in (1, 0, 3)]
            table[case, heading] = next((way for way in ways if leaves[way]), 0)
    return table


TURNS = _turns()


@njit(inline="always")
def _crossing(inside, cost, cell, stays, step, level, least, first, second, upward):
    """Where the outline crosses the way from a cell to its east or north neighbour (0–1).

    ``step`` is a cell's width in decimetres; ``least`` tells cells within the level.
    """
    from_first = (inside[first] & COVERS) >= least
    here, there = (first, second) if from_first else (second, first)
    side = (NORTH if upward else EAST) + (0 if from_first else 2)
    stay = stays[cell[here], side]
    t = min(stay / 254.0, 1.0)
    if (inside[here] & WHOLE) == 0:
        left = (level + 0.5 - cost[here]) / step  # cells that the rest of the cutoff walks
        if stay < 255 or inside[there] == 0:
            t = min(left, t)
        elif inside[there] & WHOLE or cost[there] - cost[here] > 2.0 * step:
            t = min(left, 0.5)  # the street bends back: a far part of it
        else:
            t = (level + 0.5 - cost[here]) / (cost[there] - cost[here])
    t = min(1.0 - RIM, max(RIM, t))
    return t if from_first else 1.0 - t


@compiled
def _follow(
    inside, cost, cell, stays, step, level, least, width, at, number, ring_of, points, n_points
):
    """Trace the ring that crosses the way from cell ``at`` to its east neighbour, in cells.

    Returns the end of its points, or -1 where ``points`` is too small, and the ring's
    westernmost such crossing.
    """
    room = points.shape[0] - 1
    first, west, column_west = n_points, at, at % width
    row, column = at // width, at % width
    heading = NORTH
    if (inside[at] & COVERS) < least:
        heading, row = SOUTH, row - 1
    while n_points < room:
        a = row * width + column
        case = (inside[a] & COVERS) >= least
        case += 2 * ((inside[a + 1] & COVERS) >= least)
        case += 4 * ((inside[a + width + 1] & COVERS) >= least)
        case += 8 * ((inside[a + width] & COVERS) >= least)
        heading = TURNS[case, heading]
        er, ec = row + (heading == NORTH), column + (heading == EAST)
        edge = er * width + ec
        upward = (heading & 1) == 0
        other = edge + (width if upward else 1)
        t = _crossing(inside, cost, cell, stays, step, level, least, edge, other, upward)
        points[n_points, 0] = ec + (0.0 if upward else t)
        points[n_points, 1] = er + (t if upward else 0.0)
        n_points += 1
        if not upward:
            ring_of[edge] = number
            if ec < column_west:
                west, column_west = edge, ec
            if edge == at:
                points[n_points, 0], points[n_points, 1] = points[first, 0], points[first, 1]
                return n_points + 1, west
        row += int(heading == NORTH) - int(heading == SOUTH)
        column += int(heading == EAST) - int(heading == WEST)
    return -1, west


@compiled
def _thin(points, first, last, to_left, to_right):
    """Drop vertices of a closed ring in place; return its new end.

    The outline may pass ``to_left`` and ``to_right`` metres beside a dropped vertex.

    From an anchor, all directions that pass within ``SLACK`` of every vertex so far form
    a sleeve; a vertex is kept where the next one leaves it.
    """
    kept = first + 1
    ax, ay = points[first, 0], points[first, 1]
    lx = ly = rx = ry = reach = 0.0
    for i in range(first + 1, last):
        dx, dy = points[i, 0] - ax, points[i, 1] - ay
        far = np.sqrt(dx * dx + dy * dy)
        if reach > 0.0 and (far < reach or rx * dy - ry * dx < 0.0 or dx * ly - dy * lx < 0.0):
            ax, ay = points[i - 1, 0], points[i - 1, 1]
            points[kept, 0], points[kept, 1] = ax, ay
            kept += 1
            dx, dy = points[i, 0] - ax, points[i, 1] - ay
            far, reach = np.sqrt(dx * dx + dy * dy), 0.0
        nx, ny = -dy / far, dx / far
        x, y = dx + to_left * nx, dy + to_left * ny
        if reach == 0.0 or x * ly - y * lx > 0.0:
            lx, ly = x, y
        x, y = dx - to_right * nx, dy - to_right * ny
        if reach == 0.0 or rx * y - ry * x > 0.0:
            rx, ry = x, y
        reach = far
    points[kept, 0], points[kept, 1] = points[last - 1, 0], points[last - 1, 1]
    return kept + 1


@compiled
def _finish(points, first, last, x, y, size, to_left, to_right):
    """Turn a ring of cells into metres, thin it, and say whether it is a hole."""
    for i in range(first, last):
        points[i, 0] = x + size * points[i, 0]
        points[i, 1] = y + size * points[i, 1]
    if to_left + to_right > 0.0:
        last = _thin(points, first, last, to_left, to_right)
    area, ax, ay = 0.0, points[first, 0], points[first, 1]
    for i in range(first, last - 1):
        area += (points[i, 0] - ax) * (points[i + 1, 1] - ay)
        area -= (points[i, 1] - ay) * (points[i + 1, 0] - ax)
    return last, area < 0.0


@compiled
def _crossings(inside, least):
    """List the cells that an outline parts from their east neighbour, row by row.

    Eight cells are looked at together, since most have no outline; counted first, since an
    array that grows in a loop costs more than the loop.
    """
    size = inside.size
    covers, wanted = np.uint8(COVERS), np.uint8(least)
    within = np.zeros(size + 1, np.uint8)
    for i in range(size):
        within[i] = np.uint8(np.uint8(inside[i] & covers) >= wanted)
    changes = np.zeros(size // 8 * 8 + 8, np.uint8)
    count = 0
    for i in range(size):
        changes[i] = within[i] ^ within[i + 1]
    for i in range(size):
        count += changes[i]
    found, filled = np.empty(count, np.int32), 0
    words = changes.view(np.uint64)
    for word in range(words.size):
        if words[word] == 0:
            continue
        for i in range(8 * word, 8 * word + 8):
            if changes[i]:
                found[filled] = i
                filled += 1
    return found


@compiled
def trace_areas(window, raster, levels, j, area, ring_of, points, n_points, rings, n_rings):
    """Append the rings of all cells within ``levels[j]`` to ``points`` and ``rings``.

    ``ring_of`` (cells) holds ring numbers, from 1; those of earlier areas are smaller.
    """
    width, size, first_ring = window.width, raster.size, n_rings
    x, y = raster.west + size * window.column, raster.south + size * window.row
    inside, cost, cell = window.inside, window.cost, window.cell
    least = 1 + levels.size - j
    to_right = SLACK if j == levels.size - 1 else 0.0  # the inside lies to the left
    to_left = SLACK if j == 0 and levels.size > 1 else 0.0
    starts = _crossings(inside, least)
    for at in starts:
        if ring_of[at] > first_ring:
            continue
        if n_rings == rings.shape[0]:
            rings = taller(rings, 2 * n_rings)
        end = -1
        while end < 0:
            end, west = _follow(
                inside, cost, cell, raster.stay, 10.0 * size, levels[j], least, width,
                at, n_rings + 1, ring_of, points, n_points,
            )  # fmt: skip
            if end < 0:
                points = taller(points, 2 * n_points)
        n_points, hole = _finish(points, n_points, end, x, y, size, to_left, to_right)
        rings[n_rings, 0], rings[n_rings, 1] = n_points, area
        rings[n_rings, 2], rings[n_rings, 3] = west, int(hole)
        n_rings += 1
    _find_shells(starts, ring_of, rings, first_ring, n_rings)
    return points, n_points, rings, n_rings


@compiled
def _find_shells(starts, ring_of, rings, first, last):
    """Replace every ring's westernmost crossing by the number of its shell.

    The crossing west of a hole belongs to its shell, or to another hole of that shell.
    """
    shell = np.empty(last - first, np.int64)
    for k in range(first, last):
        ring = k
        while rings[ring, 3] == 1:
            ring = ring_of[starts[np.searchsorted(starts, rings[ring, 2]) - 1]] - 1
        shell[k - first] = ring
    for k in range(first, last):
        rings[k, 2] = shell[k - first]
