"""The cost field of an origin on the network's raster of nearest streets, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from servicecircle._kernel import compiled
from servicecircle._kernel.contour import WHOLE, trace_areas
from servicecircle._kernel.search import (
    FAR,
    SHIFT,
    Graph,
    Places,
    _on_own_street,
    _search,
    _seed,
    streets_at,
)


class Raster(NamedTuple):
    """Cells within reach of a street, sorted by their nearest street, in runs along a row.

    ``runs`` (r, 3) int32: row, first column and length; ``run_start`` (m+1,) int64: the
    runs of each street; ``start`` (m+1,) int64: its cells. Of each cell: ``fraction``
    float32 along the street, ``access`` uint16 decimetres off it and ``stay`` (k, 4)
    uint8: how far the way to the next cell east, north, west and south stays with the
    same street, in 1/254; 255 all the way. ``box`` (m, 5) int32: first row, last row,
    first column, last column and largest access of each street's cells. ``west``,
    ``south``: centre of row 0, column 0 in metres; ``size``: cell width in metres;
    ``rows``, ``columns``: extent.
    """

    runs: np.ndarray
    run_start: np.ndarray
    start: np.ndarray
    fraction: np.ndarray
    access: np.ndarray
    stay: np.ndarray
    box: np.ndarray
    west: float
    south: float
    size: float
    rows: int
    columns: int


class Window(NamedTuple):
    """A part of the raster with a rim that is not reached; cells row by row.

    ``inside`` (uint8): 0 where nothing is known, else 1 + the number of levels that
    cover the cell, + ``WHOLE`` where they cover all of its street. Where it is not 0:
    ``cell`` (int32), the number of the raster's cell; where it is below ``WHOLE``:
    ``cost`` (int32 decimetres). ``row``, ``column``: of its first cell in the raster.
    """

    inside: np.ndarray
    cost: np.ndarray
    cell: np.ndarray
    width: int
    row: int
    column: int


@compiled
def _share(fraction, cost):
    """Cost of a fraction of a street, rounded to a whole decimetre."""
    return FAR if cost >= FAR else int(np.floor(fraction * cost + 0.5))


@compiled
def _draw(graph, raster, streets, dist, window, levels):
    """Write the cells of streets that are reached over their ends.

    One function with plain arrays: a call per street costs more than its cells.
    """
    inside, costs, cell = window.inside, window.cost, window.cell
    runs, run_start, start, box = raster.runs, raster.run_start, raster.start, raster.box
    fraction, off_street = raster.fraction, raster.access
    ends, street_cost = graph.ends, graph.street_cost
    width, south, west = window.width, window.row, window.column
    for s in range(streets.size):
        street = streets[s]
        at_first, at_last = dist[ends[street, 0]], dist[ends[street, 1]]
        along, against = street_cost[street, 0], street_cost[street, 1]
        low, high = min(at_first, at_last), FAR
        if along == against and max(at_first, at_last, along) < FAR:
            # nowhere is farther than where the walks from both ends meet
            high = (at_first + at_last + along + 1) // 2 + box[street, 4]
        covers = sure = 1
        for j in range(levels.size):
            covers += low <= levels[j]
            sure += high <= levels[j]
        alike, value, i = covers == sure, WHOLE + covers, start[street]
        for r in range(run_start[street], run_start[street + 1]):
            first_cell = (runs[r, 0] - south) * width + runs[r, 1] - west
            if alike:
                for c in range(first_cell, first_cell + runs[r, 2]):
                    inside[c], cell[c] = value, i
                    i += 1
                continue
            for c in range(first_cell, first_cell + runs[r, 2]):
                first = _share(fraction[i], along)
                last = FAR if against >= FAR else against - _share(fraction[i], against)
                cost = min(FAR, min(at_first + first, at_last + last) + int(off_street[i]))
                covers = 1
                for j in range(levels.size):
                    covers += cost <= levels[j]
                inside[c], costs[c], cell[c] = covers, cost, i
                i += 1


@compiled
def _draw_own(graph, raster, street, dist, origins, members, window, levels):
    """Write the cells of a street with ``members`` of the origins on it."""
    at_first, at_last = dist[graph.ends[street, 0]], dist[graph.ends[street, 1]]
    along, against = graph.street_cost[street, 0], graph.street_cost[street, 1]
    i = raster.start[street]
    for r in range(raster.run_start[street], raster.run_start[street + 1]):
        row, column = raster.runs[r, 0], raster.runs[r, 1]
        for c in range(column, column + raster.runs[r, 2]):
            first = _share(raster.fraction[i], along)
            last = FAR if against >= FAR else against - _share(raster.fraction[i], against)
            access = np.int64(raster.access[i])  # as in `reach_targets`: compiled once
            x, y = raster.west + c * raster.size, raster.south + row * raster.size
            cost = min(FAR, min(at_first + first, at_last + last) + access)
            for j in range(members.size):
                direct = _on_own_street(graph, origins, members[j], first, last, access, x, y)
                cost = min(cost, direct)
            at = (row - window.row) * window.width + c - window.column
            covers = 1
            for j in range(levels.size):
                covers += cost <= levels[j]
            window.inside[at] = covers
            window.cost[at], window.cell[at] = cost, i
            i += 1


@compiled
def _box(raster, streets):
    """Return first row and column, height and width of a frame round all cells of the streets."""
    south, north, west, east = 1 << 30, -1, 1 << 30, -1
    for s in streets:
        if raster.start[s] < raster.start[s + 1]:
            south, north = min(south, raster.box[s, 0]), max(north, raster.box[s, 1])
            west, east = min(west, raster.box[s, 2]), max(east, raster.box[s, 3])
    if north < 0:
        return 0, 0, 0, 0
    return south - 1, west - 1, north - south + 3, east - west + 3


@compiled
def areas_of_each(graph, origins, order, raster, levels):
    """Trace the areas within every level (rising, decimetres) around every origin.

    Returns ``points`` (q, 2) metres and ``rings`` (r, 4) int64: end in ``points``, place
    in ``order`` · levels + level, polygon of that area, hole or not.
    """
    n, m = graph.indptr.size - 1, graph.ends.shape[0]
    dist, touched = np.full(n, FAR, np.int32), np.empty(n, np.int32)
    seen, streets = np.full(m, -1, np.int32), np.empty(m, np.int32)
    heads = np.full((levels[-1] >> SHIFT) + 1, -1, np.int32)
    entries = np.empty((4096, 3), np.int32)
    seeds, seed_costs = np.empty(2, np.int32), np.empty(2, np.int32)
    points, rings = np.empty((4096, 2)), np.empty((64, 4), np.int64)
    n_points = n_rings = np.int64(0)  # a literal 0 would compile twice
    room = 1
    inside, ring_of = np.zeros(room, np.uint8), np.zeros(room, np.int32)
    cost, cell = np.empty(room, np.int32), np.empty(room, np.int32)
    for i in range(order.size):
        k = order[i]
        if origins.street[k] < 0:
            continue
        _seed(graph, origins, k, seeds, seed_costs)
        n_touched, entries = _search(
            graph, seeds, seed_costs, levels[-1], dist, touched, heads, entries
        )
        found = streets_at(graph, origins.street[k], touched, n_touched, seen, i, streets)
        south, west, height, width = _box(raster, streets[:found])
        size = height * width
        if size:
            if size > room:
                room = 2 * size
                inside, ring_of = np.empty(room, np.uint8), np.zeros(room, np.int32)
                cost, cell = np.empty(room, np.int32), np.empty(room, np.int32)
            inside[:size] = 0
            window = Window(inside[:size], cost[:size], cell[:size], width, south, west)
            _draw(graph, raster, streets[:found], dist, window, levels)
            _draw_own(
                graph, raster, origins.street[k], dist, origins, order[i : i + 1], window, levels
            )
            for j in range(levels.size):
                points, n_points, rings, n_rings = trace_areas(
                    window, raster, levels, j, i * levels.size + j, ring_of,
                    points, n_points, rings, n_rings,
                )  # fmt: skip
        for t in range(n_touched):
            dist[touched[t]] = FAR
    return points[:n_points], rings[:n_rings]


def areas_of_all(
    graph: Graph,
    origins: Places,
    on_street: np.ndarray,
    dist: np.ndarray,
    raster: Raster,
    levels: np.ndarray,
) -> tuple[np.ndarray, np.ndarray]:
    """Trace the areas within every level of the nearest of all origins.

    ``origins`` are sorted by street, ``on_street`` (m+1,) points to those of each street;
    ``dist`` (n,) comes from ``spread``. Returns as ``areas_of_each``, for one place.
    """
    ends = dist[graph.ends].min(axis=1)
    streets = np.flatnonzero((ends < FAR) | (np.diff(on_street) > 0)).astype(np.int32)
    width, size = raster.columns + 2, (raster.rows + 2) * (raster.columns + 2)
    cost, cell = np.empty(size, np.int32), np.empty(size, np.int32)
    window = Window(np.zeros(size, np.uint8), cost, cell, width, -1, -1)
    everybody = np.arange(origins.street.size)
    areas: tuple[np.ndarray, np.ndarray] = _areas_of_streets(
        graph, origins, on_street, dist, raster, levels, window, streets, everybody
    )
    return areas


@compiled
def _areas_of_streets(graph, origins, on_street, dist, raster, levels, window, streets, everybody):
    """Draw the ``streets`` in the ``window`` and trace the areas."""
    _draw(graph, raster, streets, dist, window, levels)
    for street in streets:
        members = everybody[on_street[street] : on_street[street + 1]]
        if members.size:
            _draw_own(graph, raster, street, dist, origins, members, window, levels)
    ring_of = np.zeros(window.inside.size, np.int32)
    points, rings = np.empty((4096, 2)), np.empty((64, 4), np.int64)
    n_points = n_rings = np.int64(0)  # a literal 0 would compile twice
    for j in range(levels.size):
        points, n_points, rings, n_rings = trace_areas(
            window, raster, levels, j, j, ring_of, points, n_points, rings, n_rings
        )
    return points[:n_points], rings[:n_rings]
