"""The p-median on a dense table of costs: interchange, and a Lagrangian bound."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

if TYPE_CHECKING:
    from servicecircle._kernel.cover import Bools, Floats, Ints

PATIENCE = 20  # steps without progress before the step shrinks
SHRINK = 0.6
SLOWEST = 1e-5
SHAKES = 40  # rounds of shaking after the first descent


class Priced(NamedTuple):
    """A lower bound, the sites that the relaxation opens, and what turning each round adds."""

    bound: float
    top: Bools
    regret: Floats


def interchange(cost: Floats, far: Floats, p: int, seed: int, deadline: float) -> Ints:
    """Find good sites by swaps (Whitaker 1983), shaken a few times.

    ``cost`` (m, n): of serving row i from site j; ``far`` (n,): of not serving it.
    """
    random = np.random.default_rng(seed)
    opened = _greedy(cost, far, p)
    opened, best = _descend(cost, far, opened, deadline)
    for _ in range(SHAKES if p < len(cost) else 0):
        if time.monotonic() > deadline:
            break
        out = random.choice(p, size=min(p, 3), replace=False)
        closed = np.setdiff1d(np.arange(len(cost)), opened)
        swapped = opened.copy()
        swapped[out[: len(closed)]] = random.choice(
            closed, min(len(out), len(closed)), replace=False
        )
        again, value = _descend(cost, far, swapped, deadline)
        if value < best:
            opened, best = again, value
    return np.sort(opened)


def _greedy(cost: Floats, far: Floats, p: int) -> Ints:
    nearest = far.copy()
    opened: list[int] = []
    for _ in range(p):
        gain = np.maximum(nearest - cost, 0.0).sum(axis=1)
        gain[opened] = -1.0
        opened.append(int(np.argmax(gain)))
        nearest = np.minimum(nearest, cost[opened[-1]])
    return np.array(opened, dtype=np.int64)


def _descend(cost: Floats, far: Floats, opened: Ints, deadline: float) -> tuple[Ints, float]:
    """Make the best swap for each entering site in turn until none helps."""
    opened, p, better = opened.copy(), len(opened), True
    while better and time.monotonic() < deadline:
        better = False
        for j in np.setdiff1d(np.arange(len(cost)), opened):
            table = np.vstack([cost[opened], far])
            two = np.partition(table, 1, axis=0)[:2]
            owner = np.argmin(table, axis=0)
            entering = cost[j]
            won = np.maximum(two[0] - entering, 0.0).sum()
            lost = np.maximum(np.minimum(two[1], entering) - two[0], 0.0)
            loss = np.bincount(owner, lost, minlength=p + 1)[:p]
            leaving = int(np.argmin(loss))
            if won - loss[leaving] > 1e-9 * max(1.0, far.sum()):
                opened[leaving], better = j, True
    return opened, float(np.minimum(far, cost[opened].min(axis=0)).sum())


def descend(cost: Floats, far: Floats, p: int, target: float, deadline: float) -> Floats:
    """Improve the rows' multipliers by subgradient steps (Cornuéjols, Fisher & Nemhauser 1977)."""
    u = np.minimum(np.sort(cost, axis=0)[min(1, len(cost) - 1)], far)
    best_u, best, pace, idle = u, -np.inf, 1.0, 0
    while pace > SLOWEST and time.monotonic() < deadline:
        short = np.minimum(cost - u, 0.0)
        worth = short.sum(axis=1)
        opened = np.argpartition(worth, p - 1)[:p]
        bound = float(u.sum() + worth[opened].sum())
        idle = 0 if bound > best + 1e-4 * max(target - best, 0.0) else idle + 1
        if bound > best:
            best, best_u = bound, u
        slope = 1.0 - (short[opened] < 0).sum(axis=0)
        slope[(u >= far) & (slope > 0)] = 0.0
        length = slope @ slope
        if best > target or length == 0:
            break
        if idle >= PATIENCE:
            pace, idle, u = pace * SHRINK, 0, best_u
            continue
        u = np.minimum(u + pace * (1.01 * target - bound) / length * slope, far)
    return np.asarray(best_u)


def price(cost: Floats, far: Floats, p: int, multipliers: Floats) -> Priced:
    """Evaluate the bound at ``multipliers``; valid whatever they are."""
    u = np.minimum(multipliers, far)
    worth = np.minimum(cost - u, 0.0).sum(axis=1)
    order = np.argsort(worth, kind="stable")
    top = np.zeros(len(worth), dtype=bool)
    top[order[:p]] = True
    last = worth[order[p - 1]]
    following = worth[order[p]] if p < len(worth) else np.inf
    bound = float(u.sum() + worth[top].sum()) - 1e-9 * float(far.sum())
    return Priced(bound, top, np.where(top, following - worth, worth - last))
