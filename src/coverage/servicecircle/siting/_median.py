"""The p-median with no rule but the number of sites: search, bounds, fixing, proof."""

from __future__ import annotations

import time
from dataclasses import dataclass, field, replace
from functools import cache
from heapq import heappop, heappush
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from servicecircle._kernel import median
from servicecircle._kernel import median_bound as bounds
from servicecircle.siting._covering import minutes_by_row
from servicecircle.siting._solve import Answer, random_state

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from servicecircle._kernel.cover import Bools, Ints
    from servicecircle._kernel.median import Walks
    from servicecircle.siting._rules import Problem
    from servicecircle.siting._solve import Progress, Status

STEPS = 400  # subgradient steps between two looks at the clock
ROUNDS = 20  # of local search between two looks at the clock
IDLE_ROUNDS = 400  # without progress before local search stops
SEARCH_SHARE = 0.3  # of the time limit
NODE_STEPS = 60  # subgradient steps of a node of the tree, repeated while they fix sites
NODE_LOOPS = 4
NODE_PACE = 0.3
MOST_WAITING = 500  # nodes; beyond that those near the leaves go first


@dataclass
class MedianSolver:
    """One run of the pipeline for "serve everybody at least cost from p sites".

    ``step``: costs of plans are multiples of it (0: of nothing); ``progress`` is called with
    seconds, cost and bound.
    """

    walks: Walks
    p: int
    time_limit: float
    gap: float
    seed: int
    step: float = 0.0
    progress: Progress | None = None
    best: Ints = field(init=False)
    value: float = np.inf
    bound: float = -np.inf
    started: float = field(init=False)
    random: NDArray[np.uint64] = field(init=False)

    def run(self) -> Answer:
        """Search and prove until done or out of time."""
        self.started = time.monotonic()
        self.random = random_state(self.seed)
        rest = _Rest(self.walks, self.p, np.arange(self.walks.shape[0]), np.zeros(0, np.int64))
        opened = np.zeros(len(rest.sites), bool)
        median.fill(rest.walks, opened, rest.p)
        median.interchange(rest.walks, opened)
        self._offer(rest, opened)
        rest.multipliers = bounds.start_multipliers(rest.walks, opened)
        while not self._done(rest):
            before, value, bound = len(rest.sites), self.value, self.bound
            self._search(rest)
            self._bound(rest)
            raised = self.bound > bound + 0.1 * (value - bound)
            if len(rest.sites) > 0.9 * before and self.value == value and not raised:
                break
        if not self._done(rest):
            self._prove(rest)
        status = self._status()
        self._tell()
        return Answer(np.sort(self.best), self.value, self.bound, status)

    def _tolerance(self) -> float:
        """Below this the bound is the value: under one step, or what floats cannot tell."""
        return max(0.999 * self.step, 1e-9 * self.value, 1e-12)

    def _status(self) -> Status:
        if self.value - self.bound < self._tolerance():
            self.bound = self.value
            return "proved"
        return "gap" if self.value - self.bound <= self.gap * self.value else "time_limit"

    def _left(self) -> float:
        return self.started + self.time_limit - time.monotonic()

    def _done(self, rest: _Rest) -> bool:
        if self._closed(rest):
            self._raise(self.value)
        return self._enough()

    def _enough(self) -> bool:
        distance = self.value - self.bound
        close = distance < self._tolerance() or distance <= self.gap * self.value
        return close or self._left() <= 0

    def _closed(self, rest: _Rest) -> bool:
        """Whether nothing is left to decide; if so, take the plan."""
        if rest.p > 0 and len(rest.sites) > rest.p:
            return False
        self._offer(rest, np.ones(len(rest.sites) if rest.p > 0 else 0, bool))
        return True

    def _offer(self, rest: _Rest, opened: Bools) -> None:
        """Keep a plan if it costs less; its cost is counted on the whole problem."""
        sites = np.concatenate([rest.inside, rest.sites[: len(opened)][opened]])
        chosen = np.zeros(self.walks.shape[0], bool)
        chosen[sites] = True
        value = float(median.nearest_open(self.walks, chosen).cost.sum())
        if value < self.value:
            self.best, self.value = sites, value

    def _raise(self, bound: float) -> None:
        """Take note of a bound on every plan that is better than the best."""
        self.bound = max(self.bound, min(bound, self.value))
        self._tell()

    def _tell(self) -> None:
        if self.progress is not None:
            self.progress(self.time_limit - self._left(), self.value, self.bound)

    def _start(self, rest: _Rest) -> Bools:
        """Return the best plan as far as what is fixed allows."""
        opened = np.isin(rest.sites, self.best)
        median.fill(rest.walks, opened, rest.p)
        return opened

    def _search(self, rest: _Rest) -> None:
        best = self._start(rest)
        opened, idle, top = best.copy(), 0, np.inf
        until = SEARCH_SHARE * self.time_limit
        while idle < IDLE_ROUNDS and self._left() > self.time_limit - until:
            value = median.search(rest.walks, opened, best, ROUNDS, self.random)
            idle, top = (0 if value < top else idle + ROUNDS), value
            if value - self.bound < self._tolerance():
                break
        self._offer(rest, best)

    def _bound(self, rest: _Rest) -> None:
        """Raise the bound by Lagrangian steps, then fix what it decides."""
        pace, before = 1.0, -np.inf
        while not self._done(rest):
            rest.multipliers = bounds.descend(
                rest.walks, rest.p, rest.multipliers, self.value, STEPS, pace
            )
            priced = bounds.price(rest.walks, rest.p, rest.multipliers)
            self._raise(priced.bound)
            if self.bound < before + 0.02 * (self.value - self.bound):
                break
            before, pace = self.bound, pace / 2
        if not self._done(rest):
            hopeless = priced.bound + priced.regret > self.value - self._tolerance()
            rest.fix(hopeless & priced.top, hopeless & ~priced.top)

    def _prove(self, rest: _Rest) -> None:
        """Branch on sites, the least bound first (Beasley 1985)."""
        waiting, born = [(self.bound, 0, rest)], 0
        while waiting and not self._enough():
            self._raise(waiting[0][0])
            bound, _, node = heappop(waiting) if len(waiting) < MOST_WAITING else waiting.pop()
            site, bound = self._branch_on(node, bound)
            if site is None:
                continue
            for inside in (True, False):
                born += 1
                heappush(waiting, (bound, born, node.with_site(site, inside=inside)))
        if not waiting:
            self._raise(self.value)

    def _branch_on(self, node: _Rest, bound: float) -> tuple[int | None, float]:
        """Bound a node and fix what that decides; return the site to branch on, if any."""
        for k in range(NODE_LOOPS):
            if self._closed(node):
                return None, bound
            node.multipliers = bounds.descend(
                node.walks, node.p, node.multipliers, self.value, NODE_STEPS, NODE_PACE / 2**k
            )
            priced = bounds.price(node.walks, node.p, node.multipliers)
            bound = max(bound, priced.bound)
            if bound > self.value - self._tolerance():
                return None, bound
            undecided = priced.bound + priced.regret <= self.value - self._tolerance()
            if undecided.all():
                break
            node.fix(~undecided & priced.top, ~undecided & ~priced.top)
        if self._closed(node):
            return None, bound
        priced = bounds.price(node.walks, node.p, node.multipliers)
        return int(np.argmin(np.where(priced.top, priced.regret, np.inf))), bound


@dataclass
class _Rest:
    """What is still open to decide: a smaller problem that only a better plan can win."""

    walks: Walks
    p: int
    sites: Ints  # positions in the whole problem
    inside: Ints  # sites fixed open
    multipliers: NDArray[np.float64] = field(default_factory=lambda: np.zeros(0))

    def fix(self, inside: Bools, outside: Bools) -> None:
        """Open some sites for good and leave out others."""
        self.walks = median.settle(self.walks, inside, outside)
        self.multipliers = np.minimum(self.multipliers, self.walks.far)
        self.inside = np.concatenate([self.inside, self.sites[inside]])
        self.p -= int(inside.sum())
        self.sites = self.sites[~inside & ~outside]

    def with_site(self, site: int, *, inside: bool) -> _Rest:
        """Return the same with one more site open, or closed, for good."""
        one, none = np.zeros((2, len(self.sites)), bool)
        one[site] = True
        other = replace(self)
        other.fix(one if inside else none, none if inside else one)
        return other


@cache
def compile_kernels() -> None:
    """Compile (or load) every kernel before the clock of a time limit starts."""
    cost = np.arange(16.0).reshape(4, 4)
    site, row = np.indices(cost.shape).reshape(2, -1)
    walks = median.walks_from(site, row, cost.ravel(), np.full(4, 20.0), 4)
    MedianSolver(walks, 2, time_limit=0.0, gap=0.0, seed=0).run()
    opened = np.array([True, True, False, False])
    median.search(walks, opened, opened.copy(), 1, random_state(0))
    bounds.price(walks, 2, bounds.descend(walks, 2, walks.far, 20.0, 1, 1.0))


def is_plain(problem: Problem) -> bool:
    """Whether only the number of sites is limited, so that own search and bounds serve."""
    n_open, asked = problem.asked.n_open, problem.asked
    plain = len(problem.limits) == 1 and n_open is not None and not asked.floor
    return plain and n_open is not None and n_open >= len(problem.required)


def plain_median(problem: Problem, deadline: float) -> Answer:
    """Solve "least walking" where only the number of sites is limited."""
    minutes, today = minutes_by_row(problem)
    far = np.minimum(today, problem.table.reach.cutoff)
    must = sparse.csr_array(minutes[problem.required]).tocoo()
    np.minimum.at(far, must.col, must.data)
    units = problem.table.units.astype(float)
    heavy = np.flatnonzero(units > 0)
    pairs = sparse.csr_array(minutes[problem.free][:, heavy]).tocoo()
    cost, far = pairs.data * units[heavy[pairs.col]], (far * units)[heavy]
    walks = median.walks_from(pairs.row, pairs.col, cost, far, len(problem.free))
    costs = np.concatenate([walks.site_cost, far])
    asked, scale = problem.asked, problem.table.scale
    p = min(int(asked.n_open or 0) - len(problem.required), len(problem.free))
    seconds = deadline - time.monotonic()
    compile_kernels()
    found = MedianSolver(
        walks,
        p,
        time_limit=seconds,
        gap=asked.gap,
        seed=asked.seed,
        step=float((costs == np.rint(costs)).all()),
        progress=problem.told(1 / scale),
    ).run()
    sites = np.union1d(problem.required, problem.free[found.sites])
    return Answer(sites, found.value / scale, found.bound / scale, found.status)
