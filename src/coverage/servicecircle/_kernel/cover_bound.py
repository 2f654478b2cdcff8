"""An upper bound for covering problems by Lagrangian relaxation, and what it rules out.

Relaxed is the rule "a row counts only if an open site covers it", with a multiplier
between 0 and the row's weight. For any multipliers u the bound is
``Σ (w − u) + the n_open largest Σ u over a site's rows`` (Galvão & ReVelle 1996).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit
from scipy import sparse

if TYPE_CHECKING:
    from servicecircle._kernel.cover import Bools, Cover, Floats, Ints

SMOOTH = 0.1  # share of the newest subgradient in the direction (volume algorithm)
PATIENCE = 40  # steps without progress before the step shrinks
SHRINK = 0.7
SLOWEST = 1e-5
LOOK = 200  # steps between two looks at the clock


class Priced(NamedTuple):
    """A bound at given multipliers, with what forcing each site in or out would cost."""

    bound: float
    top: Bools  # the sites that the relaxation opens
    regret: Floats  # how far the bound falls if a site's choice is turned round


def rounding_error(cover: Cover) -> float:
    """Return more than a float sum of this problem's weights can be off."""
    return 1e-6 + 1e-12 * float(cover.weight.sum())


def start_multipliers(cover: Cover, count: Ints) -> Floats:
    """Multipliers from a plan: full weight where nobody covers, none where several do."""
    share = np.where(count == 0, 1.0, np.where(count == 1, 0.7, 0.0))
    return np.asarray(share * cover.weight, dtype=np.float64)


def price(cover: Cover, n_open: int, multipliers: Floats) -> Priced:
    """Evaluate the bound at ``multipliers``; valid whatever they are."""
    u = np.clip(multipliers, 0.0, cover.weight)
    worth = _table(cover) @ u
    order = np.argsort(-worth, kind="stable")
    top = np.zeros(len(worth), dtype=bool)
    top[order[:n_open]] = True
    last = worth[order[n_open - 1]] if 0 < n_open <= len(worth) else np.inf
    following = worth[order[n_open]] if n_open < len(worth) else 0.0
    bound = float((cover.weight - u).sum() + worth[top].sum()) + rounding_error(cover)
    return Priced(bound, top, np.where(top, worth - following, last - worth))


class Descent(NamedTuple):
    """Where subgradient steps stand; changed in place.

    ``now``, ``best``: multipliers; ``direction``: smoothed subgradient; ``memo``: the best
    bound, the pace and the steps since it last fell.
    """

    now: Floats
    best: Floats
    direction: Floats
    memo: Floats


def descend(
    cover: Cover, n_open: int, start: Floats, *, target: float, steps: int, deadline: float
) -> Floats:
    """Improve multipliers by smoothed subgradient steps (Polyak 1969; Barahona & Anbil 2000).

    Stops when the bound is less than one unit above ``target`` (a plan's value), when the
    steps have died down, or at ``deadline`` (of :func:`time.monotonic`).
    """
    first = np.clip(start, 0.0, cover.weight)
    memo = np.array([np.inf, 1.0, 0.0])
    descent = Descent(first, first.copy(), np.zeros(len(first)), memo)
    for done in range(0, steps, LOOK):
        more = _step(cover, n_open, descent, target, min(LOOK, steps - done))
        if not more or time.monotonic() > deadline:
            break
    return descent.best


@njit(cache=True, nogil=True)
def cheapest(worth: Floats, p: int) -> Bools:
    """Mark the p smallest; ties go to the smaller position."""
    edge = _in_order(worth.copy(), p - 1)
    out: Bools = worth < edge
    room = p - int(out.sum())
    for j in range(worth.size):
        if room > 0 and worth[j] == edge:
            out[j] = True
            room -= 1
    return out


@njit(cache=True, nogil=True)
def _in_order(values: Floats, k: int) -> float:
    """Find the value that sorting would put at place k (Hoare 1961); changes ``values``.

    numpy's own partition takes numba four seconds to compile.
    """
    low, high = 0, values.size - 1
    while low < high:
        pivot, i, j = values[(low + high) // 2], low, high
        while i <= j:
            while values[i] < pivot:
                i += 1
            while values[j] > pivot:
                j -= 1
            if i <= j:
                values[i], values[j] = values[j], values[i]
                i, j = i + 1, j - 1
        if j < k < i:
            break
        low, high = (low, j) if k <= j else (i, high)
    return float(values[k])


@njit(cache=True, nogil=True)
def _step(cover: Cover, n_open: int, descent: Descent, target: float, steps: int) -> bool:
    """Make some steps; return whether more of them can help."""
    u, best_u, direction, memo = descent
    worth = np.empty(cover.site_ptr.size - 1)
    times = np.empty(u.size, dtype=np.int64)
    for _ in range(steps):
        bound = _relax(cover, n_open, u, worth, times)
        memo[2] = 0.0 if bound < memo[0] - 1e-4 * (memo[0] - target) else memo[2] + 1.0
        if bound < memo[0]:
            memo[0] = bound
            for i in range(u.size):
                best_u[i] = u[i]
        if memo[0] < target + 1.0 or memo[1] < SLOWEST:
            return False
        if memo[2] >= PATIENCE:
            memo[1], memo[2] = memo[1] * SHRINK, 0.0
            for i in range(u.size):
                u[i], direction[i] = best_u[i], 0.0
            continue
        length = 0.0
        for i in range(u.size):
            new = times[i] - (1.0 if u[i] < cover.weight[i] else 0.0)
            direction[i] = SMOOTH * new + (1.0 - SMOOTH) * direction[i]
            outward = u[i] <= 0.0 if direction[i] > 0.0 else u[i] >= cover.weight[i]
            length += 0.0 if outward else direction[i] ** 2
        if length < 1e-9:
            return False
        size = memo[1] * (bound - target) / length
        for i in range(u.size):
            u[i] = min(max(u[i] - size * direction[i], 0.0), cover.weight[i])
    return True


@njit(cache=True, nogil=True)
def _relax(cover: Cover, n_open: int, u: Floats, worth: Floats, times: Ints) -> float:
    """Open the sites of most worth at the multipliers; count how often each row is covered."""
    for j in range(worth.size):
        worth[j] = 0.0
        for e in range(cover.site_ptr[j], cover.site_ptr[j + 1]):
            worth[j] -= u[cover.site_rows[e]]
    bound = float(cover.weight.sum()) - float(u.sum())
    for i in range(times.size):
        times[i] = 0
    for site in np.flatnonzero(cheapest(worth, n_open)):
        bound -= worth[site]
        for e in range(cover.site_ptr[site], cover.site_ptr[site + 1]):
            times[cover.site_rows[e]] += 1
    return bound


def _table(cover: Cover) -> sparse.csr_array:
    """Sites × rows as floats, for products."""
    ones = np.ones(len(cover.site_rows))
    return sparse.csr_array((ones, cover.site_rows, cover.site_ptr), shape=cover.shape)
