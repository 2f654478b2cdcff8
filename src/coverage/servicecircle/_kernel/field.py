"""The cost field of an origin on the network's raster of nearest streets, compiled."""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit

from servicecircle._kernel.search import FAR, SHIFT, _on_own_street, _search, _seed


class Raster(NamedTuple):
    """Cells within reach of a street, sorted by their nearest street.

    ``start`` (m+1,) int64: the cells of each street. ``cell`` int32: row · columns +
    column. ``fraction`` float32 along the street, ``access`` int32 decimetres. ``box``
    (m, 4) int32: first row, last row, first column, last column of each street's cells.
    ``west``, ``south``: centre of cell 0 in metres; ``size``: cell width in metres;
    ``rows``, ``columns``: extent.
    """

    start: np.ndarray
    cell: np.ndarray
    fraction: np.ndarray
    access: np.ndarray
    box: np.ndarray
    west: float
    south: float
    size: float
    rows: int
    columns: int


@njit(cache=True, nogil=True)
def _share(fraction, cost):  # noqa: ANN001, ANN202
    """Cost of a fraction of a street, rounded to a whole decimetre."""
    return FAR if cost >= FAR else int(np.floor(fraction * cost + 0.5))


@njit(cache=True, nogil=True)
def _fill_street(graph, raster, street, at_first, at_last, origins, members, window, field):  # noqa: ANN001, ANN202, PLR0917
    """Write the cost of every cell of a street into a flat window of the raster.

    ``members`` are the origins on this very street; ``window`` is first row, first
    column and width.
    """
    along, against = graph.street_cost[street, 0], graph.street_cost[street, 1]
    for i in range(raster.start[street], raster.start[street + 1]):
        first = _share(raster.fraction[i], along)
        last = FAR if against >= FAR else against - _share(raster.fraction[i], against)
        cost = min(at_first + first, at_last + last) + raster.access[i]
        row, column = raster.cell[i] // raster.columns, raster.cell[i] % raster.columns
        for k in members:
            x = raster.west + column * raster.size
            y = raster.south + row * raster.size
            direct = _on_own_street(graph, origins, k, first, last, raster.access[i], x, y)
            cost = min(cost, direct)
        field[(row - window[0]) * window[2] + column - window[1]] = min(cost, FAR)


@njit(cache=True, nogil=True)
def fields(graph, origins, order, raster, cutoff):  # noqa: ANN001, ANN201, C901, PLR0915
    """Compute the cost field around every origin, up to ``cutoff`` along the streets.

    Returns ``boxes`` (k, 4) int32: first row, first column, height, width of each window
    (height 0 where nothing is reached), and ``values`` int32, the windows' costs one
    after another in decimetres. Windows have a rim of one cell that is ``FAR``.
    """
    n, m = graph.indptr.size - 1, graph.ends.shape[0]
    dist = np.full(n, FAR, np.int32)
    touched = np.empty(n, np.int32)
    seen = np.full(m, -1, np.int32)
    streets = np.empty(m, np.int32)
    heads = np.full((cutoff >> SHIFT) + 1, -1, np.int32)
    entries = np.empty((1024, 3), np.int32)
    seeds, seed_costs = np.empty(2, np.int32), np.empty(2, np.int32)
    boxes = np.zeros((order.size, 4), np.int32)
    values = np.empty(1 << 16, np.int32)
    filled = 0
    nobody, window = np.empty(0, np.int64), np.empty(3, np.int32)
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
            height, width = north - south + 3, east - west + 3
            boxes[i] = south - 1, west - 1, height, width
            if filled + height * width > values.size:
                larger = np.empty(max(2 * values.size, filled + height * width), np.int32)
                larger[:filled] = values[:filled]
                values = larger
            field = values[filled : filled + height * width]
            field[:] = FAR
            window[0], window[1], window[2] = south - 1, west - 1, width
            for s in streets[:found]:
                at_first, at_last = dist[graph.ends[s, 0]], dist[graph.ends[s, 1]]
                members = order[i : i + 1] if s == own else nobody
                _fill_street(graph, raster, s, at_first, at_last, origins, members, window, field)
            filled += height * width
        for t in range(n_touched):
            dist[touched[t]] = FAR
    return boxes, values[:filled]


@njit(cache=True, nogil=True)
def field_of_all(graph, origins, on_street, dist, raster):  # noqa: ANN001, ANN201
    """Compute one cost field for all origins from the nodes' costs to the nearest of them.

    ``origins`` are sorted by street, ``on_street`` (m+1,) points to those of each street;
    ``dist`` (n,) comes from ``spread``. Returns (rows, columns) int32, ``FAR`` where a
    cell is far from every street or from every origin.
    """
    field = np.full(raster.rows * raster.columns, FAR, np.int32)
    window = np.array([0, 0, raster.columns], np.int32)
    everybody = np.arange(origins.street.size)
    for street in range(graph.ends.shape[0]):
        at_first, at_last = dist[graph.ends[street, 0]], dist[graph.ends[street, 1]]
        members = everybody[on_street[street] : on_street[street + 1]]
        if at_first < FAR or at_last < FAR or members.size:
            _fill_street(
                graph, raster, street, at_first, at_last, origins, members, window, field
            )
    return field.reshape(raster.rows, raster.columns)
