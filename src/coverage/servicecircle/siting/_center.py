"""shortest_worst: the smallest walk within which everybody can have an open site (p-center).

The walks that may be the longest are halved until the smallest is found (Minieka 1970).
"""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, Generic, NamedTuple, TypeVar

import numpy as np
from scipy import sparse

from servicecircle.siting._covering import minutes_by_row, nearest_walks
from servicecircle.siting._goals import worst
from servicecircle.siting._model import NONE
from servicecircle.siting._plain import cover_solver, left_to_cover, rules_of
from servicecircle.siting._solve import Answer

if TYPE_CHECKING:
    from collections.abc import Callable

    from servicecircle._kernel.cover import Floats, Ints
    from servicecircle.siting._rules import Problem
    from servicecircle.siting._solve import Status

Found = TypeVar("Found")


class Tried(NamedTuple, Generic[Found]):
    """What trying one walk gave: a plan and its longest walk, a proof that none is, or neither."""

    found: Found | None
    worst: float = math.inf
    refuted: bool = False


class Halved(NamedTuple, Generic[Found]):
    """The best plan, its longest walk, a lower bound, and how it ended."""

    found: Found | None
    value: float
    bound: float
    status: Status


def halve(problem: Problem, within: Callable[[float], Tried[Found]]) -> Halved[Found]:
    """Find the smallest walk for which ``within`` finds a plan."""
    times, low = _possible_worsts(problem)
    high, best = len(times) - 1, Tried[Found](None)
    while low <= high:
        middle = high if best.found is None else (low + high) // 2
        tried = within(float(times[middle]))
        if tried.found is not None:
            best, high = tried, int(np.searchsorted(times, tried.worst)) - 1
        elif not tried.refuted:
            break
        elif best.found is None:
            return Halved(None, math.nan, math.nan, "infeasible")
        else:
            low = middle + 1
    bound = float(times[min(low, len(times) - 1)])
    if best.found is None:
        return Halved(None, math.nan, bound, "time_limit")
    if low > high or bound >= best.worst:
        return Halved(best.found, best.worst, best.worst, "proved")
    return Halved(best.found, best.worst, bound, "time_limit")


def plain_center(problem: Problem, deadline: float) -> Answer:
    """Solve it where only upper limits matter: can the best cover within a walk hold everybody."""
    if (rules_of(problem).limit < 0).any():
        return Answer(NONE, math.nan, math.nan, "infeasible")
    minutes, today = minutes_by_row(problem)
    ever = np.minimum(today, nearest_walks(minutes, problem.usable)[0])
    heads = (np.isfinite(ever) & (problem.table.units > 0)).astype(np.int64)

    def within(limit: float) -> Tried[Ints]:
        cover, won = left_to_cover(problem, np.array([limit]), heads)
        left = int(heads.sum()) - won
        seconds = deadline - time.monotonic()
        answer = cover_solver(problem, cover, seconds, gap=0.0, enough=left).run()
        if answer.value < left:
            return Tried(None, refuted=answer.bound < left)
        sites = np.union1d(problem.required, problem.free[answer.sites])
        return Tried(sites, worst(problem, sites))

    halved = halve(problem, within)
    sites = NONE if halved.found is None else halved.found
    return Answer(sites, halved.value, halved.bound, halved.status)


def _possible_worsts(problem: Problem) -> tuple[Floats, int]:
    """List the walks that may be the longest, rising, and the place of the least possible."""
    minutes, _ = minutes_by_row(problem)
    heavy = problem.table.units > 0
    places = np.union1d(problem.fixed, problem.usable[problem.usable < problem.n_places])
    walks = sparse.csc_array(minutes[places])[:, heavy].data
    times = np.unique(np.concatenate([[0.0], walks]))
    return times, int(np.searchsorted(times, worst(problem, problem.usable)))
