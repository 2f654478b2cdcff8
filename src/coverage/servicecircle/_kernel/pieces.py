"""The pieces of street that are within reach, cut where the cost runs out, compiled."""

from __future__ import annotations

import numpy as np

from servicecircle._kernel import compiled
from servicecircle._kernel.search import FAR, SHIFT, _search, _seed


@compiled
def _add(rows, n_rows, k, street, low, high, at_low, at_high, along, against, cutoff):
    """Add the reached parts of a stretch of street, from its low and from its high end.

    ``low`` and ``high`` are fractions of the street, ``at_low`` and ``at_high`` the costs
    there, ``along`` and ``against`` the cost of the stretch both ways.
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
        share = down if way else up
        if share * size <= 0.0:
            continue
        if n_rows == rows.shape[0]:
            larger = np.empty((2 * n_rows, 6))
            larger[:n_rows] = rows
            rows = larger
        rows[n_rows, 0], rows[n_rows, 1] = k, street
        if way:
            rows[n_rows, 2], rows[n_rows, 3] = high, high - down * size
            rows[n_rows, 4], rows[n_rows, 5] = at_high, at_high + down * against
        else:
            rows[n_rows, 2], rows[n_rows, 3] = low, low + up * size
            rows[n_rows, 4], rows[n_rows, 5] = at_low, at_low + up * along
        n_rows += 1
    return rows, n_rows


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
    entries = np.empty((1024, 3), np.int32)
    seeds, seed_costs = np.empty(2, np.int32), np.empty(2, np.int32)
    counts = np.zeros(order.size, np.int64)
    rows, n_rows = np.empty((4096, 6)), 0
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
        seen[own] = i
        at, here = fraction[k], origins.access[k]
        along, against = graph.street_cost[own, 0], graph.street_cost[own, 1]
        first, last = dist[graph.ends[own, 0]], dist[graph.ends[own, 1]]
        along_first = FAR if along >= FAR else along * at
        against_first = FAR if against >= FAR else against * at
        along_last = FAR if along >= FAR else along * (1.0 - at)
        against_last = FAR if against >= FAR else against * (1.0 - at)
        rows, n_rows = _add(
            rows, n_rows, k, own, 0.0, at, first, here, along_first, against_first, cutoff
        )
        rows, n_rows = _add(
            rows, n_rows, k, own, at, 1.0, here, last, along_last, against_last, cutoff
        )
        for t in range(n_touched):
            for arc in range(graph.indptr[touched[t]], graph.indptr[touched[t] + 1]):
                street = graph.arc_street[arc]
                if seen[street] == i:
                    continue
                seen[street] = i
                first, last = dist[graph.ends[street, 0]], dist[graph.ends[street, 1]]
                along = float(graph.street_cost[street, 0])
                against = float(graph.street_cost[street, 1])
                rows, n_rows = _add(
                    rows, n_rows, k, street, 0.0, 1.0, first, last, along, against, cutoff
                )
        for t in range(n_touched):
            dist[touched[t]] = FAR
        counts[i] = n_rows - before
    return counts, rows[:n_rows]
