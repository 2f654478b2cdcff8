"""The cost field of an origin on the network's raster of nearest streets, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from servicecircle._kernel.contour import trace_areas
from servicecircle._kernel.search import FAR, SHIFT, _on_own_street, _search, _seed


class Raster(NamedTuple):
    """Cells within reach of a street, sorted by their nearest street.

    ``start`` (m+1,) int64: the cells of each street. ``cell`` int32: row · columns +
    column. ``street`` int32. ``fraction`` float32 along the street, ``access`` int32
    decimetres off it. ``stay`` (k, 4) uint8: how far the way to the next cell east, north,
    west and south stays with the same street, in 1/255. ``box`` (m, 4) int32: first row,
    last row, first column, last column of each street's cells. ``west``, ``south``:
    centre of cell 0 in metres; ``size``: cell width in metres; ``rows``, ``columns``:
    extent.
    """

    start: np.ndarray
    cell: np.ndarray
    street: np.ndarray
    fraction: np.ndarray
    access: np.ndarray
    stay: np.ndarray
    box: np.ndarray
    west: float
    south: float
    size: float
    rows: int
    columns: int


@njit(cache=True, nogil=True)
def _share(fraction, cost):
    """Cost of a fraction of a street, rounded to a whole decimetre."""
    return FAR if cost >= FAR else int(np.floor(fraction * cost + 0.5))


@njit(cache=True, nogil=True)
def _fill_street(graph, raster, street, at_first, at_last, origins, members, window, cost, cell):
    """Write the cost and the number of every cell of a street into a window.

    ``members`` are the origins on this very street; ``window`` is first row and first
    column.
    """
    along, against = graph.street_cost[street, 0], graph.street_cost[street, 1]
    for i in range(raster.start[street], raster.start[street + 1]):
        first = _share(raster.fraction[i], along)
        last = FAR if against >= FAR else against - _share(raster.fraction[i], against)
        walk = min(at_first + first, at_last + last) + raster.access[i]
        row, column = raster.cell[i] // raster.columns, raster.cell[i] % raster.columns
        for k in members:
            x = raster.west + column * raster.size
            y = raster.south + row * raster.size
            direct = _on_own_street(graph, origins, k, first, last, raster.access[i], x, y)
            walk = min(walk, direct)
        cost[row - window[0], column - window[1]] = min(walk, FAR)
        cell[row - window[0], column - window[1]] = i


@njit(cache=True, nogil=True)
def areas_of_each(graph, origins, order, raster, levels):
    """Trace the areas within every level (rising, decimetres) around every origin.

    Returns ``points`` (q, 2) metres and ``rings`` (r, 4) int64: end in ``points``, place
    in ``order`` · levels + level, polygon of that area, hole or not.
    """
    n, m = graph.indptr.size - 1, graph.ends.shape[0]
    cutoff = levels[-1]
    dist = np.full(n, FAR, np.int32)
    touched = np.empty(n, np.int32)
    seen = np.full(m, -1, np.int32)
    streets = np.empty(m, np.int32)
    heads = np.full((cutoff >> SHIFT) + 1, -1, np.int32)
    entries = np.empty((1024, 3), np.int32)
    seeds, seed_costs = np.empty(2, np.int32), np.empty(2, np.int32)
    nobody, window = np.empty(0, np.int64), np.empty(2, np.int64)
    points, rings = np.empty((4096, 2)), np.empty((64, 4), np.int64)
    n_points = n_rings = 0
    room_cost, room_cell = np.empty(1, np.int32), np.empty(1, np.int32)
    for i in range(order.size):
        k = order[i]
        own = origins.street[k]
        if own < 0:
            continue
        _seed(graph, origins, k, seeds, seed_costs)
        n_touched, entries = _search(
            graph, seeds, seed_costs, cutoff, dist, touched, heads, entries
        )
        seen[own], streets[0], found = i, own, 1
        for t in range(n_touched):
            for arc in range(graph.indptr[touched[t]], graph.indptr[touched[t] + 1]):
                street = graph.arc_street[arc]
                if seen[street] != i:
                    seen[street], streets[found] = i, street
                    found += 1
        south, north, west, east = 1 << 30, -1, 1 << 30, -1
        for s in streets[:found]:
            if raster.start[s] < raster.start[s + 1]:
                south, north = min(south, raster.box[s, 0]), max(north, raster.box[s, 1])
                west, east = min(west, raster.box[s, 2]), max(east, raster.box[s, 3])
        if north >= 0:
            height, width = north - south + 3, east - west + 3  # a rim that is not reached
            if height * width > room_cost.size:
                room_cost = np.empty(2 * height * width, np.int32)
                room_cell = np.empty(2 * height * width, np.int32)
            cost = room_cost[: height * width].reshape(height, width)
            cell = room_cell[: height * width].reshape(height, width)
            cost[:], cell[:] = FAR, -1
            window[0], window[1] = south - 1, west - 1
            for s in streets[:found]:
                at_first, at_last = dist[graph.ends[s, 0]], dist[graph.ends[s, 1]]
                members = order[i : i + 1] if s == own else nobody
                _fill_street(
                    graph, raster, s, at_first, at_last, origins, members, window, cost, cell
                )
            for j in range(levels.size):
                points, n_points, rings, n_rings = trace_areas(
                    cost, cell, window, raster, levels[j], i * levels.size + j,
                    points, n_points, rings, n_rings,
                )  # fmt: skip
        for t in range(n_touched):
            dist[touched[t]] = FAR
    return points[:n_points], rings[:n_rings]


@njit(cache=True, nogil=True)
def areas_of_all(graph, origins, on_street, dist, raster, levels):
    """Trace the areas within every level of the nearest of all origins.

    ``origins`` are sorted by street, ``on_street`` (m+1,) points to those of each street;
    ``dist`` (n,) comes from ``spread``. Returns as ``areas_of_each``, for one place.
    """
    cost = np.full((raster.rows + 2, raster.columns + 2), FAR, np.int32)
    cell = np.full((raster.rows + 2, raster.columns + 2), -1, np.int32)
    window = np.array([-1, -1])
    everybody = np.arange(origins.street.size)
    for street in range(graph.ends.shape[0]):
        at_first, at_last = dist[graph.ends[street, 0]], dist[graph.ends[street, 1]]
        members = everybody[on_street[street] : on_street[street + 1]]
        if at_first < FAR or at_last < FAR or members.size:
            _fill_street(
                graph, raster, street, at_first, at_last, origins, members, window, cost, cell
            )
    points, rings = np.empty((4096, 2)), np.empty((64, 4), np.int64)
    n_points = n_rings = 0
    for j in range(levels.size):
        points, n_points, rings, n_rings = trace_areas(
            cost, cell, window, raster, levels[j], j, points, n_points, rings, n_rings
        )
    return points[:n_points], rings[:n_rings]
