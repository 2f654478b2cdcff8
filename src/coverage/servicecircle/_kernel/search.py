"""Bounded shortest-path searches over a CSR street graph, compiled.

Costs are int32 decimetres; ``FAR`` means "not passable" or "not reached". Entries wait
in coarse buckets of 64 decimetres and are expanded again when they improve inside their
bucket, so the answers are exact whatever the bucket width.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np

from servicecircle._kernel import compiled
from servicecircle._kernel.grow import longer, taller

FAR = 2**29  # two of them still fit into int32
SHIFT = 6


class Graph(NamedTuple):
    """Street graph in the direction of search.

    ``indptr`` (n+1), ``heads``, ``cost``, ``arc_street`` (arcs): CSR of the nodes.
    ``ends`` (m, 2): first and last node of every street. ``street_cost`` (m, 2): along
    the street and against it. All int32. ``off_street``: decimetres that may be walked
    off the streets at once.
    """

    indptr: np.ndarray
    heads: np.ndarray
    cost: np.ndarray
    arc_street: np.ndarray
    ends: np.ndarray
    street_cost: np.ndarray
    off_street: int


class Places(NamedTuple):
    """Places joined to streets, in the direction of search.

    ``street`` (k,) int32, -1 where not joined; ``at_first``, ``at_last`` (k,) int32: cost
    between the place's foot on the street and the street's two ends; ``access`` (k,)
    int32: cost between the place and its foot; ``xy`` (k, 2) float64 metres.
    """

    street: np.ndarray
    at_first: np.ndarray
    at_last: np.ndarray
    access: np.ndarray
    xy: np.ndarray


@compiled
def _search(graph, seeds, seed_costs, cutoff, dist, touched, heads, entries):
    """Spread from the seeds; leave costs in ``dist``; return the touched count and entries.

    Entries grow between searches: an array that may be another one at every step of a loop
    is counted at every step, which doubles the time.
    """
    while True:
        n_touched = _walk_out(graph, seeds, seed_costs, cutoff, dist, touched, heads, entries)
        if n_touched >= 0:
            return n_touched, entries
        entries = taller(entries, 0)


@compiled
def _walk_out(graph, seeds, seed_costs, cutoff, dist, touched, heads, entries):
    """Return the touched count, or -1, with all as it was, where ``entries`` are too few."""
    n_touched = 0
    free = 0
    for i in range(seeds.size):
        node, cost = seeds[i], seed_costs[i]
        if cost <= cutoff and cost < dist[node]:
            if dist[node] == FAR:
                touched[n_touched] = node
                n_touched += 1
            dist[node] = cost
            entries[free, 0], entries[free, 1] = node, cost
            entries[free, 2] = heads[cost >> SHIFT]
            heads[cost >> SHIFT] = free
            free += 1
    for bucket in range((cutoff >> SHIFT) + 1):
        while heads[bucket] >= 0:
            entry = heads[bucket]
            heads[bucket] = entries[entry, 2]
            node, cost = entries[entry, 0], entries[entry, 1]
            if dist[node] != cost:
                continue
            for arc in range(graph.indptr[node], graph.indptr[node + 1]):
                head, new = graph.heads[arc], cost + graph.cost[arc]
                if new > cutoff or new >= dist[head]:
                    continue
                if dist[head] == FAR:
                    touched[n_touched] = head
                    n_touched += 1
                dist[head] = new
                if free == entries.shape[0]:
                    for t in range(n_touched):
                        dist[touched[t]] = FAR
                    for b in range(heads.size):
                        heads[b] = -1
                    return -1
                entries[free, 0], entries[free, 1] = head, new
                entries[free, 2] = heads[new >> SHIFT]
                heads[new >> SHIFT] = free
                free += 1
    return n_touched


@compiled
def _on_own_street(graph, origins, k, at_first, at_last, access, x, y):
    """Cost from origin ``k`` to a place on its own street, not over the street's ends.

    The shorter of the way along the street and, where it is short enough to be walked off
    the streets, the straight line.
    """
    street = origins.street[k]
    along, against = graph.street_cost[street, 0], graph.street_cost[street, 1]
    best = FAR
    if along < FAR and origins.at_last[k] + at_first >= along:
        best = origins.at_last[k] + at_first - along
    if against < FAR and origins.at_first[k] + at_last >= against:
        best = min(best, origins.at_first[k] + at_last - against)
    best += origins.access[k] + access
    if along >= FAR or against >= FAR:  # the straight line may not run against a one-way
        return best
    dx, dy = origins.xy[k, 0] - x, origins.xy[k, 1] - y
    straight = int(np.floor(10.0 * np.sqrt(dx * dx + dy * dy) + 0.5))
    return min(best, straight) if straight <= graph.off_street else best


@compiled
def _seed(graph, origins, k, seeds, seed_costs):
    """Write the two seeds of origin ``k``."""
    street = origins.street[k]
    seeds[0], seeds[1] = graph.ends[street, 0], graph.ends[street, 1]
    seed_costs[0] = min(FAR, origins.at_first[k] + origins.access[k])
    seed_costs[1] = min(FAR, origins.at_last[k] + origins.access[k])


@compiled
def streets_at(graph, own, touched, n_touched, seen, mark, streets):
    """List the street ``own`` and those at the touched nodes, once each; return their count.

    Streets listed are ``mark`` in ``seen`` (m,).
    """
    seen[own], streets[0], count = mark, own, 1
    for t in range(n_touched):
        for arc in range(graph.indptr[touched[t]], graph.indptr[touched[t] + 1]):
            street = graph.arc_street[arc]
            if seen[street] != mark:
                seen[street], streets[count] = mark, street
                count += 1
    return count


@compiled
def reach_targets(graph, origins, order, targets, on_street, cutoff):
    """Find the targets within ``cutoff`` of every origin.

    ``targets`` are sorted by street; ``on_street`` (m+1,) int64 points to those of each.
    Returns ``counts`` per origin of ``order``, then target positions and costs, ragged.
    """
    n, m = graph.indptr.size - 1, graph.ends.shape[0]
    dist = np.full(n, FAR, np.int32)
    touched = np.empty(n, np.int32)
    seen, streets = np.full(m, -1, np.int32), np.empty(m, np.int32)
    heads = np.full((cutoff >> SHIFT) + 1, -1, np.int32)
    entries = np.empty((4096, 3), np.int32)
    seeds, seed_costs = np.empty(2, np.int32), np.empty(2, np.int32)
    counts = np.zeros(order.size, np.int64)
    found, costs = np.empty(4096, np.int32), np.empty(4096, np.int32)
    filled = np.int64(0)  # a literal 0 would compile twice
    for i in range(order.size):
        k = order[i]
        own = origins.street[k]
        if own < 0:
            continue
        _seed(graph, origins, k, seeds, seed_costs)
        n_touched, entries = _search(
            graph, seeds, seed_costs, cutoff, dist, touched, heads, entries
        )
        n_streets = streets_at(graph, own, touched, n_touched, seen, i, streets)
        needed = filled
        for s in range(n_streets):
            needed += on_street[streets[s] + 1] - on_street[streets[s]]
        if needed > found.size:
            found, costs = longer(found, needed), longer(costs, needed)
        before = filled
        for s in range(n_streets):
            filled = _add_targets(
                graph, origins, k, streets[s], dist, targets, on_street, cutoff,
                found, costs, filled,
            )  # fmt: skip
        for t in range(n_touched):
            dist[touched[t]] = FAR
        counts[i] = filled - before
    return counts, found[:filled], costs[:filled]


@compiled
def _add_targets(graph, origins, k, street, dist, targets, on_street, cutoff, found, costs, filled):
    """Add the targets on a reached street that are within ``cutoff`` of origin ``k``."""
    at_first, at_last = dist[graph.ends[street, 0]], dist[graph.ends[street, 1]]
    own = origins.street[k]
    for j in range(on_street[street], on_street[street + 1]):
        cost = min(at_first + targets.at_first[j], at_last + targets.at_last[j])
        cost += targets.access[j]
        if street == own:
            at, back = np.int64(targets.at_first[j]), np.int64(targets.at_last[j])
            access = np.int64(targets.access[j])
            x, y = targets.xy[j, 0], targets.xy[j, 1]
            cost = min(cost, _on_own_street(graph, origins, k, at, back, access, x, y))
        if cost <= cutoff:
            found[filled], costs[filled] = j, cost
            filled += 1
    return filled


def spread(graph: Graph, seeds: np.ndarray, seed_costs: np.ndarray, cutoff: int) -> np.ndarray:
    """Spread from all seeds (k,) at once.

    Returns ``dist`` (n,) int32: the cost from the nearest seed, ``FAR`` where none is
    within ``cutoff``.
    """
    n = graph.indptr.size - 1
    dist, touched = np.full(n, FAR, np.int32), np.empty(n, np.int32)
    heads = np.full((cutoff >> SHIFT) + 1, -1, np.int32)
    entries = np.empty((2 * (n + seeds.size), 3), np.int32)
    _search(graph, seeds, seed_costs, cutoff, dist, touched, heads, entries)
    return dist
