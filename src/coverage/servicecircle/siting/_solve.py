"""The best set of sites on arrays: reductions, search, bounds, fixing, proof.

The order of the steps follows what they cost: each either improves the plan, lowers the
bound, or makes the rest smaller, and all stop as soon as the two meet.
"""

from __future__ import annotations

import time
from collections.abc import Callable
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import sparse

from servicecircle._kernel import cover as covers
from servicecircle._kernel import cover_bound as bounds
from servicecircle._kernel import cover_search as searches
from servicecircle._kernel.milp import Solved, solve_cover

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from servicecircle._kernel.cover import Bools, Cover, Floats, Ints
    from servicecircle._kernel.cover_search import Rules, State

Status = Literal["proved", "gap", "time_limit", "infeasible"]
Progress = Callable[[float, float, float], object]  # seconds, value, bound

ROUGH_STEPS = 400
STEPS = 6000
ROUNDS = 50  # of local search between two looks at the clock
ROUGH_ROUNDS = 1000
IDLE_ROUNDS = 20_000  # without progress before local search stops
PATIENT_ROUNDS = 200_000  # where nothing else is left to do
SEARCH_SHARE = 0.4  # of the time limit
SOLVER_ERROR = 1e-4  # of a unit: what the solver's own bound may be too low
MOST_PAIRS = 500_000  # above this HiGHS needs minutes for the first relaxation


def random_state(seed: int) -> NDArray[np.uint64]:
    """Return the state of the kernels' random numbers."""
    drawn = np.random.SeedSequence(seed).generate_state(1, np.uint64)
    return drawn | np.uint64(1)  # xorshift must not start at 0


@dataclass(frozen=True)
class Answer:
    """Open sites (positions), the weight they cover, an upper bound, and the status."""

    sites: Ints
    value: float
    bound: float
    status: Status


@dataclass
class _Rest:
    """What is still open to decide: a smaller problem that only a better plan can win."""

    cover: Cover
    rules: Rules
    n_open: int
    sites: Ints  # positions in the whole problem
    inside: Ints  # sites fixed open
    base: int  # weight that those cover
    multipliers: Floats

    def keep(self, cover: Cover, sites: Ints, row_of: Ints) -> None:
        """Take over a smaller cover; ``row_of`` says where the rows went."""
        live = row_of >= 0
        summed = np.bincount(row_of[live], self.multipliers[live], minlength=cover.shape[1])
        self.multipliers = summed.astype(np.float64)
        self.rules = searches.select_rules(self.rules, sites)
        self.cover, self.sites = cover, self.sites[sites]

    def fix(self, inside: Bools, outside: Bools) -> None:
        """Open some sites for good and leave out others."""
        covered = np.zeros(self.cover.shape[1], dtype=bool)
        covered[self.cover.site_rows[np.repeat(inside, np.diff(self.cover.site_ptr))]] = True
        self.base += int(self.cover.weight[covered].sum())
        self.inside = np.concatenate([self.inside, self.sites[inside]])
        self.n_open -= int(inside.sum())
        self.rules = searches.use_up(self.rules, np.flatnonzero(inside))
        sites, rows = np.flatnonzero(~inside & ~outside), np.flatnonzero(~covered)
        row_of = np.where(covered, -1, np.cumsum(~covered) - 1)
        self.keep(covers.select(self.cover, sites, rows), sites, row_of)


@dataclass
class CoverSolver:
    """One run of the pipeline for "cover the most weight, opening at most n_open".

    ``rules`` holds every limit, the number of sites included; ``drop_dominated`` says
    whether a site inside another's may be dropped under them. ``progress`` is called with
    seconds, value and bound. With ``enough`` the run ends once so much is covered, or
    proved to be out of reach.
    """

    cover: Cover
    rules: Rules
    n_open: int
    time_limit: float
    gap: float
    seed: int
    drop_dominated: bool = True
    progress: Progress | None = None
    enough: int | None = None
    best: Ints = field(default_factory=lambda: np.zeros(0, dtype=np.int64))
    value: int = 0
    bound: float = np.inf
    deadline: float = field(init=False)
    random: NDArray[np.uint64] = field(init=False)

    def run(self) -> Answer:
        """Search and prove until done or out of time."""
        self.deadline = time.monotonic() + self.time_limit
        self.random = random_state(self.seed)
        m, n = self.cover.shape
        none = np.zeros(0, dtype=np.int64)
        rest = _Rest(
            self.cover, self.rules, min(self.n_open, m), np.arange(m), none, 0, np.zeros(n)
        )
        self._shrink(rest)
        state = self._greedy(rest)
        rest.multipliers = bounds.start_multipliers(rest.cover, state.times)
        steps: tuple[Callable[[_Rest], None], ...] = (
            self._bound_roughly,
            self._search_roughly,
            self._bound,
            self._relax,
            self._search,
            self._prove,
        )
        for step in steps:
            if self._done(rest):
                break
            step(rest)
        status = self._status()
        self._tell()
        return Answer(np.sort(self.best), self.value, self.bound, status)

    def _tolerance(self) -> float:
        """Below this a bound is the value: under one unit, or what floats cannot tell."""
        return max(1.0 - 1e-9, 1e-9 * self.value)

    def _status(self) -> Status:
        if self.bound - self.value < self._tolerance():
            self.bound = self.value
            return "proved"
        close = self.bound - self.value <= self.gap * self.value
        return "gap" if close else "time_limit"

    def _late(self) -> bool:
        return time.monotonic() > self.deadline

    def _done(self, rest: _Rest) -> bool:
        if rest.n_open <= 0 or rest.cover.shape[1] == 0:
            self._settle(rest)
        distance = self.bound - self.value
        told = self.enough is not None and not self.value < self.enough <= self.bound
        close = distance < self._tolerance() or distance <= self.gap * self.value
        return told or close or self._late()

    def _settle(self, rest: _Rest) -> None:
        """Nothing is left to decide: only the sites fixed open can be a better plan."""
        if (rest.rules.limit >= 0).all():
            self._offer(rest.inside)
        self._lower(float(self.value))

    def _lower(self, bound: float) -> None:
        """Take note of a bound on every plan that is better than the best."""
        self.bound = min(self.bound, max(bound, float(self.value)))
        self._tell()

    def _tell(self) -> None:
        if self.progress is not None:
            seconds = self.time_limit - (self.deadline - time.monotonic())
            self.progress(seconds, self.value, self.bound)

    def _offer(self, sites: Ints) -> None:
        """Keep a plan if it covers strictly more; its value is counted on the whole problem."""
        rows = [
            self.cover.site_rows[self.cover.site_ptr[j] : self.cover.site_ptr[j + 1]] for j in sites
        ]
        reached = np.unique(np.concatenate(rows)) if rows else np.zeros(0, dtype=np.int64)
        value = int(self.cover.weight[reached].sum())
        if value > self.value:
            self.best, self.value = np.asarray(sites, dtype=np.int64), value
            self._tell()

    def _shrink(self, rest: _Rest) -> None:
        small = covers.reduce_cover(rest.cover, drop_dominated=self.drop_dominated)
        rest.keep(small.cover, small.sites, small.row_of)
        rest.n_open = min(rest.n_open, len(rest.sites))
        self._lower(rest.base + float(rest.cover.weight.sum()))

    def _greedy(self, rest: _Rest) -> State:
        state = self._start(rest, np.zeros(len(rest.sites), dtype=bool))
        searches.settle(rest.cover, rest.rules, state)
        self._offer(np.concatenate([rest.inside, rest.sites[state.chosen]]))
        return state

    def _start(self, rest: _Rest, wanted: Bools) -> State:
        """Open the wanted sites as far as they fit beside the fixed ones, then fill up greedily."""
        state = searches.empty_state(rest.cover, rest.rules)
        for j in np.flatnonzero(wanted):
            if searches.fits(rest.rules, state.slack, int(j), -1):
                searches.turn(rest.cover, rest.rules, state, int(j), 1)
        searches.fill(rest.cover, rest.rules, state, 0.0, self.random)
        return state

    def _search_roughly(self, rest: _Rest) -> None:
        self._search(rest, ROUGH_ROUNDS)

    def _search(
        self, rest: _Rest, idle_rounds: int = IDLE_ROUNDS, share: float = SEARCH_SHARE
    ) -> None:
        state = self._start(rest, np.isin(rest.sites, self.best))
        best = searches.copy_state(state)
        top = 0
        until, idle = min(time.monotonic() + share * self.time_limit, self.deadline), 0
        while idle < idle_rounds and time.monotonic() < until:
            before = top
            top = searches.search(rest.cover, rest.rules, state, best, ROUNDS, self.random)
            idle = 0 if top > before else idle + ROUNDS
            if top > before:
                self._offer(np.concatenate([rest.inside, rest.sites[best.chosen]]))
            if rest.base + top + self._tolerance() > self.bound:
                break

    def _bound_roughly(self, rest: _Rest) -> None:
        self._bound(rest, ROUGH_STEPS)

    def _bound(self, rest: _Rest, steps: int = STEPS) -> None:
        """Lower the bound by Lagrangian steps, fix what it decides, and shrink; repeat."""
        while not self._done(rest):
            rest.multipliers = bounds.descend(
                rest.cover,
                rest.n_open,
                rest.multipliers,
                target=float(self.value - rest.base),
                steps=steps,
                deadline=self.deadline,
            )
            before = len(rest.sites)
            self._fix(rest)
            if len(rest.sites) > 0.9 * before:
                return

    def _fix(self, rest: _Rest) -> None:
        """Fix every site whose other choice cannot lead to a better plan (reduced costs)."""
        priced = bounds.price(rest.cover, rest.n_open, rest.multipliers)
        self._lower(rest.base + priced.bound)
        hopeless = rest.base + priced.bound - priced.regret < self.value + self._tolerance()
        inside, outside = hopeless & priced.top, hopeless & ~priced.top
        if not hopeless.any() or self._done(rest):
            return
        rest.fix(inside, outside)
        self._shrink(rest)

    def _relax(self, rest: _Rest) -> None:
        """Take the prices of the linear program as multipliers."""
        if len(rest.cover.site_rows) > MOST_PAIRS:
            return
        solved = self._highs(rest, relaxed=True)
        before = bounds.price(rest.cover, rest.n_open, rest.multipliers).bound
        if bounds.price(rest.cover, rest.n_open, solved.prices).bound < before:
            rest.multipliers = solved.prices
        self._fix(rest)

    def _prove(self, rest: _Rest) -> None:
        """Let HiGHS decide the rest, from the best plan; search on where that is too large."""
        if len(rest.cover.site_rows) > MOST_PAIRS:
            self._search(rest, PATIENT_ROUNDS, 1.0)
            return
        solved = self._highs(rest, relaxed=False)
        if solved.chosen is not None:
            self._offer(np.concatenate([rest.inside, rest.sites[solved.chosen]]))
        self._lower(rest.base + solved.bound + SOLVER_ERROR)

    def _highs(self, rest: _Rest, *, relaxed: bool) -> Solved:
        start = self._start(rest, np.isin(rest.sites, self.best))
        seconds = self.deadline - time.monotonic()
        return solve_cover(
            rest.cover,
            rest.rules,
            start=start.chosen,
            seconds=seconds,
            gap=self.gap,
            relaxed=relaxed,
            watch=lambda _, bound: self._lower(rest.base + bound + SOLVER_ERROR),
        )


@cache
def compile_kernels() -> None:
    """Compile (or load) every kernel before the clock of a time limit starts."""
    table = sparse.csr_array(np.eye(3, dtype=np.int8)[:, [0, 0, 1, 2]])
    cover = covers.cover_from(table, np.ones(4, dtype=np.int64))
    rules, random = searches.at_most(1, 3), np.ones(1, dtype=np.uint64)
    CoverSolver(cover, rules, 1, time_limit=1.0, gap=0.0, seed=0).run()
    state, best = searches.empty_state(cover, rules), searches.empty_state(cover, rules)
    searches.search(cover, rules, state, best, 1, random)
    prices = bounds.start_multipliers(cover, state.times)
    bounds.descend(cover, 1, prices, target=0.0, steps=1, deadline=0.0)
