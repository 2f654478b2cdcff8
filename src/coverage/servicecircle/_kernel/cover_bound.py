"""An upper bound for covering problems by Lagrangian relaxation, and what it rules out.

Relaxed is the rule "a row counts only if an open site covers it", with a multiplier
between 0 and the row's weight. For any multipliers u the bound is
``Σ (w − u) + the n_open largest Σ u over a site's rows`` (Galvão & ReVelle 1996).
"""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from scipy import sparse

if TYPE_CHECKING:
    from servicecircle._kernel.cover import Bools, Cover, Floats, Ints

SMOOTH = 0.1  # share of the newest subgradient in the direction (volume algorithm)
PATIENCE = 25  # steps without progress before the step shrinks
SHRINK = 0.6
SLOWEST = 1e-4


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


def descend(
    cover: Cover, n_open: int, start: Floats, *, target: float, steps: int, deadline: float
) -> Floats:
    """Improve multipliers by smoothed subgradient steps (Polyak 1969; Barahona & Anbil 2000).

    Stops when the bound is less than one unit above ``target`` (a plan's value), when the
    steps have died down, or at ``deadline`` (of :func:`time.monotonic`).
    """
    table = _table(cover)
    back = table.T.tocsr()
    weight = cover.weight.astype(np.float64)
    u, best_u, best = start.copy(), start.copy(), np.inf
    direction, pace, idle = np.zeros(len(weight)), 1.0, 0
    for step in range(steps):
        worth = table @ u
        opened = np.zeros(len(worth))
        opened[np.argpartition(-worth, n_open - 1)[:n_open]] = 1.0
        bound = (weight - u).sum() + worth @ opened
        idle = 0 if bound < best - 1e-4 * (best - target) else idle + 1
        if bound < best:
            best, best_u = bound, u
        if best < target + 1.0 or pace < SLOWEST or time.monotonic() > deadline:
            break
        new = back @ opened - (u < weight)
        if step == 0 or idle >= PATIENCE:
            pace, idle, u = (pace if step == 0 else pace * SHRINK), 0, best_u
            direction = new
        else:
            direction = SMOOTH * new + (1.0 - SMOOTH) * direction
        length = direction @ direction
        if length < 1e-9:
            break
        u = np.clip(u - pace * (bound - target) / length * direction, 0.0, weight)
    return best_u


def _table(cover: Cover) -> sparse.csr_array:
    """Sites × rows as floats, for products."""
    ones = np.ones(len(cover.site_rows))
    return sparse.csr_array((ones, cover.site_rows, cover.site_ptr), shape=cover.shape)
