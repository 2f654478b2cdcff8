"""A lower bound for the p-median by Lagrangian relaxation, and what it rules out.

Relaxed is the rule "every row is served once", with a multiplier u from 0 to ``far`` per row.
For any multipliers the bound is ``Σ u + the p smallest Σ min(cost − u, 0)`` (Cornuéjols,
Fisher & Nemhauser 1977).
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

from servicecircle._kernel.cover_bound import cheapest
from servicecircle._kernel.median import nearest_open

if TYPE_CHECKING:
    from servicecircle._kernel.cover import Bools, Floats
    from servicecircle._kernel.median import Walks

PATIENCE = 20  # steps without progress before the step shrinks
SHRINK = 0.7
SLOWEST = 1e-4
SMOOTH = 0.6  # share of the newest subgradient in the direction


class Priced(NamedTuple):
    """A lower bound, the sites that the relaxation opens, and what turning each round adds."""

    bound: float
    top: Bools
    regret: Floats


def start_multipliers(walks: Walks, opened: Bools) -> Floats:
    """Multipliers from a plan: midway between a row's nearest and second open site."""
    now = nearest_open(walks, opened)
    return np.asarray((now.cost + now.second) / 2)


@njit(cache=True, nogil=True)
def _worths(walks: Walks, u: Floats, worth: Floats) -> None:
    """Sum up what opening each site saves (≤ 0) at the multipliers."""
    worth[:] = 0.0
    for i in range(u.size):
        for e in range(walks.row_ptr[i], walks.row_ptr[i + 1]):
            if walks.row_cost[e] >= u[i]:
                break
            worth[walks.row_sites[e]] += walks.row_cost[e] - u[i]


@njit(cache=True, nogil=True)
def _turn(walks: Walks, u: Floats, opened: Bools, direction: Floats) -> float:
    """Blend the newest subgradient into the direction; return its squared length."""
    length = 0.0
    for i in range(u.size):
        slope = 1.0
        for e in range(walks.row_ptr[i], walks.row_ptr[i + 1]):
            if walks.row_cost[e] >= u[i]:
                break
            if opened[walks.row_sites[e]]:
                slope -= 1.0
        direction[i] = SMOOTH * slope + (1.0 - SMOOTH) * direction[i]
        if u[i] >= walks.far[i] and direction[i] > 0.0:
            direction[i] = 0.0
        length += direction[i] ** 2
    return length


@njit(cache=True, nogil=True)
def descend(walks: Walks, p: int, start: Floats, target: float, steps: int, pace: float) -> Floats:
    """Improve multipliers by smoothed subgradient steps (Polyak 1969).

    Stops when the bound meets ``target`` (a plan's cost) or the steps have died down.
    """
    u, best_u, best, idle = start.copy(), start.copy(), -np.inf, 0
    worth, direction = np.zeros(walks.site_ptr.size - 1), np.zeros(u.size)
    for _ in range(steps):
        _worths(walks, u, worth)
        opened = cheapest(worth, p)
        bound = u.sum() + worth[opened].sum()
        idle = 0 if bound > best + 1e-4 * max(target - best, 0.0) else idle + 1
        if bound > best:
            best = bound
            best_u[:] = u
        if best >= target or pace < SLOWEST:
            break
        if idle >= PATIENCE:
            pace, idle = pace * SHRINK, 0
            u[:] = best_u
            direction[:] = 0.0
            continue
        length = _turn(walks, u, opened, direction)
        if length < 1e-12:
            break
        size = pace * (1.001 * target - bound) / length
        for i in range(u.size):
            u[i] = min(max(u[i] + size * direction[i], 0.0), walks.far[i])
    return best_u


def price(walks: Walks, p: int, multipliers: Floats) -> Priced:
    """Evaluate the bound at ``multipliers``; valid whatever they are."""
    u = np.minimum(multipliers, walks.far)
    worth = np.zeros(walks.shape[0])
    _worths(walks, u, worth)
    order = np.argsort(worth, kind="stable")
    top = np.zeros(len(worth), dtype=bool)
    top[order[:p]] = True
    last = worth[order[p - 1]] if p > 0 else -np.inf
    following = worth[order[p]] if p < len(worth) else 0.0
    bound = float(u.sum() + worth[top].sum()) - 1e-10 * float(walks.far.sum())
    return Priced(bound, top, np.where(top, following - worth, worth - last))
