"""The pieces of street that are within reach, cut where the cost runs out, compiled."""

from __future__ import annotations

import numpy as np

from servicecircle._kernel import compiled
from servicecircle._kernel.grow import taller
from servicecircle._kernel.search import FAR, SHIFT, _search, _seed


@compiled
def _add(rows, n_rows, k, street, low, high, at_low, at_high, along, against, cutoff):
    """Add the reached parts of a stretch of street, from its low and from its high end.

    ``low`` and ``high`` are fractions of the street, ``at_low`` and ``at_high`` the costs
    there, ``along`` and ``against`` the cost of the stretch both ways. ``rows`` has room
    for two more. Returns the number of rows now.
    """
    up = down = 0.0
    if at_low <= cutoff and along < FAR:
        up = 1.0 if along <= cutoff - at_low else (cutoff - at_low) / along
    if at_high <= cutoff and against < FAR:
        down = 1.0 if against <= cutoff - at_high else (cutoff - at_high) / against
    if up + down > 1.0 and along + against > 0.0:
        # the walks from both ends meet; where only one may be walked it has the whole
        meet = up
        if along < FAR and against < FAR:
            meet = (at_high + against - at_low) / (along + against)
        up = min(up, max(1.0 - down, meet))
        down = min(down, 1.0 - up)
    size = high - low
    for way in range(2):
        share, start, cost, whole = up, low, at_low, along
        if way:
            share, start, cost, whole, size = down, high, at_high, against, -size
        if share * abs(size) <= 0.0:
            continue
        rows[n_rows, 0], rows[n_rows, 1] = k, street
        rows[n_rows, 2], rows[n_rows, 3] = start, start + share * size
        rows[n_rows, 4], rows[n_rows, 5] = cost, cost + share * whole
        n_rows += 1
    return n_rows


@compiled
def _add_own(rows, n_rows, graph, k, street, at, here, dist, cutoff):
    """Add the pieces of an origin's own street on either side of it, as ``_add`` does."""
    along, against = float(graph.street_cost[street, 0]), float(graph.street_cost[street, 1])
    first, last = float(dist[graph.ends[street, 0]]), float(dist[graph.ends[street, 1]])
    for side in range(2):
        low, high, at_low, at_high = 0.0, at, first, here
        if side:
            low, high, at_low, at_high = at, 1.0, here, last
        size = high - low
        up = float(FAR) if along >= FAR else along * size
        down = float(FAR) if against >= FAR else against * size
        n_rows = _add(rows, n_rows, k, street, low, high, at_low, at_high, up, down, cutoff)
    return n_rows


@compiled
def _add_others(rows, n_rows, graph, k, nodes, dist, seen, mark, cutoff):
    """Add the pieces of all streets at the reached ``nodes`` that are not ``mark`` in ``seen``."""
    for node in nodes:
        for arc in range(graph.indptr[node], graph.indptr[node + 1]):
            street = graph.arc_street[arc]
            if seen[street] == mark:
                continue
            seen[street] = mark
            first, last = float(dist[graph.ends[street, 0]]), float(dist[graph.ends[street, 1]])
            along = float(graph.street_cost[street, 0])
            against = float(graph.street_cost[street, 1])
            n_rows = _add(rows, n_rows, k, street, 0.0, 1.0, first, last, along, against, cutoff)
    return n_rows


@compiled
def _room(rows, n_rows, graph, nodes):
    """Return ``rows`` with room for the own street and all streets at ``nodes``."""
    needed = n_rows + 4
    for node in nodes:
        needed += 2 * (graph.indptr[node + 1] - graph.indptr[node])
    return taller(rows, needed) if needed > rows.shape[0] else rows


@compiled
def pieces_of_each(graph, origins, fraction, order, cutoff):
    """Find the reached pieces of street of every origin.

    Returns ``counts`` per origin of ``order`` and ``rows`` (p, 6) float64: origin,
    street, from and to (fractions of the street, leading away from the origin), cost at
    both (decimetres).
    """
    n, m = graph.indptr.size - 1, graph.ends.shape[0]
    dist = np.full(n, FAR, np.int32)
    touched = np.empty(n, np.int32)
    seen = np.full(m, -1, np.int32)
    heads = np.full((cutoff >> SHIFT) + 1, -1, np.int32)
    entries = np.empty((4096, 3), np.int32)
    seeds, seed_costs = np.empty(2, np.int32), np.empty(2, np.int32)
    counts = np.zeros(order.size, np.int64)
    rows, n_rows = np.empty((4096, 6)), np.int64(0)  # a literal 0 would compile twice
    for i in range(order.size):
        k = order[i]
        own = origins.street[k]
        if own < 0:
            continue
        before = n_rows
        _seed(graph, origins, k, seeds, seed_costs)
        n_touched, entries = _search(
            graph, seeds, seed_costs, cutoff, dist, touched, heads, entries
        )
        nodes = touched[:n_touched]
        rows = _room(rows, n_rows, graph, nodes)
        seen[own] = i
        here = float(origins.access[k])
        n_rows = _add_own(rows, n_rows, graph, k, own, fraction[k], here, dist, cutoff)
        n_rows = _add_others(rows, n_rows, graph, k, nodes, dist, seen, i, cutoff)
        for node in nodes:
            dist[node] = FAR
        counts[i] = n_rows - before
    return counts, rows[:n_rows]
