"""most_covered under upper limits: the covering search, and greedy filling for all else."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from servicecircle._kernel.cover import MOST_UNITS, Cover, Floats, Ints, cover_from
from servicecircle._kernel.cover_search import Rules, empty_state, fill
from servicecircle.siting._covering import minutes_by_place
from servicecircle.siting._solve import Answer, CoverSolver
from servicecircle.siting._worth import within_each

if TYPE_CHECKING:
    from servicecircle.siting._rules import Problem


def covers_only(problem: Problem) -> bool:
    """Whether only the covering of places, and upper limits over candidates, matter."""
    asked = problem.asked
    rules = asked.floor or asked.backup or asked.capacity or asked.max_minutes is not None
    decided = len(problem.places.closable) + len(problem.places.upgrades)
    return not rules and not decided and all(limit.low <= 0 for limit in problem.limits)


def preference_counts(problem: Problem) -> bool:
    """Whether weights leave room to count preferred sites behind them."""
    size = len(problem.places.preferred) + 1
    return bool(float(problem.worth.units.sum()) * size < MOST_UNITS)


def solve_cover_plan(problem: Problem, seconds: float) -> Answer:
    """Open what is required, then the best of the rest."""
    scale, free = problem.worth.scale, problem.free
    limit = rules_of(problem).limit
    if (limit < 0).any():
        return Answer(np.zeros(0, np.int64), math.nan, math.nan, "infeasible")
    cover, base = left_to_cover(problem, problem.worth.limits, problem.worth.units.ravel())
    if _only_number(problem) and limit[0] > len(free):
        value = (base + _won(cover)) / scale
        return Answer(problem.usable, value, value, "proved")
    preferred = np.isin(free, problem.places.preferred)
    preferred &= preference_counts(problem)
    times = int(preferred.sum()) + 1
    solver = cover_solver(problem, _with_preference(cover, preferred), seconds)
    solver.progress = problem.told(1 / (scale * times), base / scale)
    best = solver.run()
    value, bound = (base + best.value // times) / scale, (base + best.bound // times) / scale
    status = "proved" if value == bound else best.status
    return Answer(np.union1d(problem.required, free[best.sites]), value, bound, status)


def _only_number(problem: Problem) -> bool:
    return len(problem.limits) == 1 and problem.limits[0].rule == "n_open"


def cover_solver(
    problem: Problem,
    cover: Cover,
    seconds: float,
    *,
    gap: float | None = None,
    enough: int | None = None,
) -> CoverSolver:
    """Prepare the search for the free sites that cover most under the problem's limits."""
    rules = rules_of(problem)
    return CoverSolver(
        cover,
        rules,
        _most(rules),
        time_limit=max(seconds, 0.0),
        gap=problem.asked.gap if gap is None else gap,
        seed=problem.asked.seed,
        drop_dominated=_only_number(problem),
        enough=enough,
    )


def left_to_cover(problem: Problem, limits: Floats, units: Ints) -> tuple[Cover, int]:
    """Set apart what stations and required sites cover within each limit.

    Returns the free sites over the rest of the units, and the units won.
    """
    pattern = within_each(minutes_by_place(problem), limits)
    opened = np.concatenate([problem.fixed, problem.required])
    done = np.asarray(pattern[opened].sum(axis=0, dtype=np.int64)) > 0
    free = sparse.csr_array(pattern[problem.free])
    return cover_from(free, np.where(done, 0, units)), int(units[done].sum())


def _won(cover: Cover) -> int:
    return int(cover.weight[np.diff(cover.row_ptr) > 0].sum())


def _with_preference(cover: Cover, preferred: np.ndarray) -> Cover:
    """Make one unit more than all preferred sites, each of which wins one by opening."""
    sites = np.flatnonzero(preferred)
    if not len(sites):
        return cover
    table = sparse.csr_array(
        (np.ones(len(cover.site_rows), np.int8), cover.site_rows, cover.site_ptr),
        shape=cover.shape,
    )
    own = sparse.csr_array(
        (np.ones(len(sites), np.int8), (sites, np.arange(len(sites)))),
        shape=(cover.shape[0], len(sites)),
    )
    weight = np.concatenate([cover.weight * (len(sites) + 1), np.ones(len(sites), np.int64)])
    return cover_from(sparse.csr_array(sparse.hstack([table, own])), weight)


def rules_of(problem: Problem) -> Rules:
    """Upper limits over the free sites, with the room that what must, or does, stay open leaves."""
    limits = [limit for limit in problem.limits if np.isfinite(limit.high)]
    rows: Ints = np.repeat(np.arange(len(limits)), [len(limit.sites) for limit in limits])
    none: Ints = np.zeros(0, np.int64)
    sites: Ints = np.concatenate([none, *(limit.sites for limit in limits)])
    amounts: Ints = np.concatenate([none, *(limit.amounts for limit in limits)])
    shape = (problem.n_places + problem.places.stations, len(limits))
    table = sparse.coo_array((amounts, (sites, rows)), shape=shape).tocsr()
    opened = np.concatenate([problem.required, problem.places.closable])
    taken: Ints = np.asarray(table[opened].sum(axis=0))
    mine = sparse.csr_array(table[problem.free])
    mine.eliminate_zeros()
    room = np.array([limit.high for limit in limits], dtype=np.int64) - taken
    return Rules(mine.indptr.astype(np.int64), mine.indices.astype(np.int32), mine.data, room)


def _most(rules: Rules) -> int:
    """How many sites can be open at most under any one rule that all of them count in."""
    n = len(rules.ptr) - 1
    most = n
    for row, limit in enumerate(rules.limit):
        amounts = rules.amount[rules.row == row]
        if len(amounts) == n:
            most = min(most, int((np.cumsum(np.sort(amounts)) <= limit).sum()))
    return most


def greedy(problem: Problem) -> Ints:
    """Fill up by gain under the upper limits: where a program may start from."""
    cover, _ = left_to_cover(problem, problem.worth.limits, problem.worth.units.ravel())
    rules = rules_of(problem)
    order, _ = fill(cover, rules, empty_state(cover, rules), 0.0, np.ones(1, dtype=np.uint64))
    return problem.free[order]
