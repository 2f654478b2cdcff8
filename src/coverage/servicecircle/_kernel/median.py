"""The p-median on sparse walks: interchange and an iterated local search, on arrays.

Rows of demand know the sites that serve them at less than ``far``, what staying unserved
costs. Costs are weighted already; only such pairs are kept, so a city's table stays sparse.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit
from scipy import sparse

from servicecircle._kernel.cover_search import draw

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from servicecircle._kernel.cover import Bools, Floats, Ints

    Places = NDArray[np.integer]

SHAKEN = 4  # most sites that a shake moves
RETURN = 0.005  # how far above the best a plan may rise before going back to it
EXACT = 1e-11  # of all costs: a smaller change is an error of the sums


class Walks(NamedTuple):
    """Costs of ``m`` sites for ``n`` rows, held both ways.

    ``site_ptr`` (m+1), ``site_rows``, ``site_cost``: the rows of each site. ``row_ptr`` (n+1),
    ``row_sites``, ``row_cost``: the sites of each row, the cheapest first. ``far`` (n,).
    """

    site_ptr: Ints
    site_rows: NDArray[np.int32]
    site_cost: Floats
    row_ptr: Ints
    row_sites: NDArray[np.int32]
    row_cost: Floats
    far: Floats

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of sites and of rows."""
        return len(self.site_ptr) - 1, len(self.row_ptr) - 1


class Nearest(NamedTuple):
    """For each row its nearest open site (or -1), that cost and the next open site's."""

    site: Ints
    cost: Floats
    second: Floats


def walks_from(site: Places, row: Places, cost: Floats, far: Floats, m: int) -> Walks:
    """Build the two-way form from pairs; those not cheaper than ``far`` are left out."""
    keep = cost < far[row]
    site, row, cost = site[keep], row[keep], cost[keep].astype(np.float64)
    table = sparse.csr_array((np.arange(len(site)), (site, row)), shape=(m, len(far)))
    table.sort_indices()
    order = np.lexsort((site, cost, row))
    row_ptr = np.concatenate([[0], np.cumsum(np.bincount(row, minlength=len(far)))])
    return Walks(
        table.indptr.astype(np.int64),
        table.indices.astype(np.int32),
        cost[table.data],
        row_ptr.astype(np.int64),
        site[order].astype(np.int32),
        cost[order],
        np.ascontiguousarray(far, dtype=np.float64),
    )


def settle(walks: Walks, inside: Bools, outside: Bools) -> Walks:
    """Open some sites for good and leave out others; the rest keep their order."""
    nearest = nearest_open(walks, inside)
    left = ~inside & ~outside
    site = np.repeat(np.arange(len(left)), np.diff(walks.site_ptr))
    keep = left[site]
    place = np.cumsum(left) - 1
    rows, cost = walks.site_rows[keep].astype(np.int64), walks.site_cost[keep]
    return walks_from(place[site[keep]], rows, cost, nearest.cost, int(left.sum()))


@njit(cache=True, nogil=True)
def nearest_open(walks: Walks, opened: Bools) -> Nearest:
    """Serve every row by its cheapest open sites."""
    n = walks.far.size
    site, cost, second = np.full(n, -1, dtype=np.int64), walks.far.copy(), walks.far.copy()
    for i in range(n):
        for e in range(walks.row_ptr[i], walks.row_ptr[i + 1]):
            j = walks.row_sites[e]
            if opened[j]:
                if site[i] >= 0:
                    second[i] = walks.row_cost[e]
                    break
                site[i], cost[i] = j, walks.row_cost[e]
    return Nearest(site, cost, second)


@njit(cache=True, nogil=True)
def fill(walks: Walks, opened: Bools, p: int) -> None:
    """Bring the number of open sites to ``p``, each time at the best change of the cost.

    ``opened`` is changed in place; ties go to the smaller position.
    """
    loss = np.zeros(opened.size)
    for _ in range(opened.sum() - p):
        _losses(nearest_open(walks, opened), loss)
        loss[~opened] = np.inf
        opened[np.argmin(loss)] = False
    cost = nearest_open(walks, opened).cost
    for _ in range(min(p, opened.size) - opened.sum()):
        most, who = -1.0, -1
        for j in range(opened.size):
            if opened[j]:
                continue
            gain = 0.0
            for e in range(walks.site_ptr[j], walks.site_ptr[j + 1]):
                gain += max(cost[walks.site_rows[e]] - walks.site_cost[e], 0.0)
            if gain > most:
                most, who = gain, j
        opened[who] = True
        for e in range(walks.site_ptr[who], walks.site_ptr[who + 1]):
            row = walks.site_rows[e]
            cost[row] = min(cost[row], walks.site_cost[e])


@njit(cache=True, nogil=True)
def interchange(walks: Walks, opened: Bools) -> float:
    """Swap sites while that saves (Whitaker 1983; Resende & Werneck 2007); return the cost.

    ``opened`` is changed in place. All swaps with one entering site cost O(its rows + p).
    """
    m = opened.size
    least = EXACT * walks.far.sum()
    loss, change = np.zeros(m), np.zeros(m)
    now = nearest_open(walks, opened)
    _losses(now, loss)
    j, idle = 0, 0
    while idle < m:
        leaving, won = -1, 0.0
        if not opened[j]:
            leaving, won = _best_swap(walks, opened, now, loss, change, j)
        idle += 1
        if leaving >= 0 and won > least:
            opened[leaving], opened[j] = False, True
            now = nearest_open(walks, opened)
            _losses(now, loss)
            idle = 0
        j = j + 1 if j + 1 < m else 0
    return float(now.cost.sum())


@njit(cache=True, nogil=True)
def _losses(now: Nearest, loss: Floats) -> None:
    """Sum up what closing each site costs: its rows go to their second nearest."""
    loss[:] = 0.0
    for i in range(now.site.size):
        if now.site[i] >= 0:
            loss[now.site[i]] += now.second[i] - now.cost[i]


@njit(cache=True, nogil=True)
def _best_swap(
    walks: Walks, opened: Bools, now: Nearest, loss: Floats, change: Floats, j: int
) -> tuple[int, float]:
    """Return which site leaves best when j enters, and what that saves."""
    gain = 0.0
    for e in range(walks.site_ptr[j], walks.site_ptr[j + 1]):
        row, cost = walks.site_rows[e], walks.site_cost[e]
        mine = now.site[row]
        if cost < now.cost[row]:
            gain += now.cost[row] - cost
            if mine >= 0:
                change[mine] -= now.second[row] - now.cost[row]
        elif cost < now.second[row]:
            change[mine] -= now.second[row] - cost
    least, leaving = np.inf, -1
    for k in range(opened.size):
        if opened[k] and loss[k] + change[k] < least:
            least, leaving = loss[k] + change[k], k
        change[k] = 0.0
    return leaving, gain - least


@njit(cache=True, nogil=True)
def search(
    walks: Walks, opened: Bools, best: Bools, rounds: int, seed: NDArray[np.uint64]
) -> float:
    """Shake and interchange for some rounds, starting from ``opened``.

    ``opened`` and ``best`` are changed in place; ``seed`` is an array of one uint64.
    Returns the cost of ``best``.
    """
    value = nearest_open(walks, opened).cost.sum()
    top = nearest_open(walks, best).cost.sum()
    least = EXACT * walks.far.sum()
    for _ in range(rounds):
        _shake(opened, seed)
        value = interchange(walks, opened)
        if value < top - least:
            top = value
            best[:] = opened
        elif value > top * (1.0 + RETURN):
            opened[:] = best
    return float(top)


@njit(cache=True, nogil=True)
def _shake(opened: Bools, seed: NDArray[np.uint64]) -> None:
    """Move a few sites anywhere."""
    inside, outside = np.flatnonzero(opened), np.flatnonzero(~opened)
    for _ in range(min(1 + int(draw(seed) * SHAKEN), inside.size, outside.size)):
        a, b = int(draw(seed) * inside.size), int(draw(seed) * outside.size)
        opened[inside[a]], opened[outside[b]] = False, True
        inside[a], outside[b] = outside[b], inside[a]
