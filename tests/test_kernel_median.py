"""The p-median kernels, compared with enumeration, plain loops and scipy."""

from __future__ import annotations

from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, sparse

from servicecircle._kernel import median_bound as bounds
from servicecircle._kernel.median import fill, interchange, nearest_open, search, settle, walks_from
from servicecircle.siting import _median
from servicecircle.siting._median import MedianSolver


def random_table(seed, most_sites=8, most_rows=12):
    """Draw costs (inf where a site cannot serve) and what staying unserved costs."""
    rng = np.random.default_rng(seed)
    m, n = int(rng.integers(1, most_sites + 1)), int(rng.integers(1, most_rows + 1))
    cost = rng.integers(0, 30, (m, n)).astype(float)
    cost[rng.random((m, n)) < rng.uniform(0, 0.7)] = np.inf
    return cost, rng.integers(5, 40, n).astype(float)


def walks_of(cost, far):
    site, row = np.nonzero(np.isfinite(cost))
    return walks_from(site, row, cost[site, row], far, len(cost))


def total(cost, far, sites):
    return float(np.minimum(far, cost[list(sites)].min(axis=0, initial=np.inf)).sum())


def least(cost, far, p):
    return min(total(cost, far, sites) for sites in combinations(range(len(cost)), p))


def town(seed, m, n):
    """Costs of walks between places on a square, longer ones left out."""
    rng = np.random.default_rng(seed)
    sites, rows = rng.uniform(0, 1, (m, 2)), rng.uniform(0, 1, (n, 2))
    walk = np.rint(100 * np.hypot(*(sites[:, None] - rows[None]).transpose(2, 0, 1)))
    workers = rng.integers(1, 9, n)
    return np.where(walk <= 40, walk, np.inf) * workers, 40.0 * workers


def scipy_least(cost, far, p):
    """Solve the textbook model: who goes where, with scipy's own solver."""
    m, n = cost.shape
    site, row = np.nonzero(np.isfinite(cost))
    k = len(site)
    once = sparse.csr_array((np.ones(k), (row, m + np.arange(k))), shape=(n, m + k))
    link = sparse.csr_array(
        (
            np.concatenate([np.ones(k), -np.ones(k)]),
            (np.tile(np.arange(k), 2), np.concatenate([m + np.arange(k), site])),
        ),
        shape=(k, m + k),
    )
    number = sparse.csr_array((np.ones(m), (np.zeros(m, int), np.arange(m))), shape=(1, m + k))
    found = optimize.milp(
        np.concatenate([np.zeros(m), cost[site, row] - far[row]]),
        constraints=optimize.LinearConstraint(
            sparse.vstack([once, link, number]), -np.inf, [*np.ones(n), *np.zeros(k), p]
        ),
        integrality=np.concatenate([np.ones(m), np.zeros(k)]),
        bounds=(0, 1),
        options={"mip_rel_gap": 0.0},
    )
    assert found.status == 0
    return round(found.fun + far.sum())


def solver_for(cost, far, p, **options):
    settings_ = {"time_limit": 60.0, "gap": 0.0, "seed": 0, "step": 1.0} | options
    return MedianSolver(walks_of(cost, far), p, **settings_)


@pytest.mark.parametrize("seed", range(500))
def test_proved_cost_is_the_least_of_all_sets(seed):
    cost, far = random_table(seed)
    p = 1 + seed % len(cost)
    answer = solver_for(cost, far, p).run()
    assert answer.status == "proved"
    assert answer.value == answer.bound == least(cost, far, p) == total(cost, far, answer.sites)
    assert len(answer.sites) <= p


@pytest.mark.parametrize(("seed", "p"), [(1, 3), (2, 6), (3, 12), (4, 20)])
def test_mid_size_cost_equals_scipy(seed, p):
    cost, far = town(seed, 50, 150)
    answer = solver_for(cost, far, p).run()
    assert (answer.status, answer.value) == ("proved", scipy_least(cost, far, p))


@pytest.mark.parametrize("stage", ["_search", "_bound"])
def test_every_stage_may_fail_to_help_and_the_proof_still_holds(stage, monkeypatch):
    monkeypatch.setattr(MedianSolver, stage, lambda _self, _rest: None)
    cost, far = town(5, 40, 120)
    assert solver_for(cost, far, 5).run().value == scipy_least(cost, far, 5)


def test_no_time_still_gives_the_interchanged_plan_with_a_true_bound():
    cost, far = town(6, 60, 200)
    answer = solver_for(cost, far, 8, time_limit=0.0).run()
    assert answer.bound <= scipy_least(cost, far, 8) <= answer.value
    assert (answer.status, len(answer.sites)) == ("time_limit", 8)


def test_progress_closes_in_on_the_answer():
    heard = []
    cost, far = town(7, 60, 200)
    answer = solver_for(cost, far, 6, progress=lambda *said: heard.append(said)).run()
    seconds, values, lower = np.array(heard).T
    assert (np.diff(seconds) >= 0).all()
    assert (np.diff(values) <= 0).all()
    assert (np.diff(lower) >= 0).all()
    assert lower[-1] == values[-1] == answer.value


def test_a_progress_that_raises_ends_the_search():
    def stop(*_):
        raise KeyboardInterrupt

    cost, far = town(7, 60, 200)
    with pytest.raises(KeyboardInterrupt):
        solver_for(cost, far, 6, progress=stop).run()


@pytest.mark.parametrize("seed", range(60))
def test_settled_sites_leave_the_same_costs(seed):
    cost, far = random_table(seed)
    rng = np.random.default_rng(seed)
    kind = rng.integers(0, 3, len(cost))
    left = settle(walks_of(cost, far), kind == 1, kind == 2)
    free, always = np.flatnonzero(kind == 0), np.flatnonzero(kind == 1)
    assert left.shape == (len(free), len(far))
    opened = rng.random(len(free)) < 0.5
    both = [*always, *free[opened]]
    assert nearest_open(left, opened).cost.sum() == total(cost, far, both)


@pytest.mark.parametrize("seed", range(60))
def test_filling_takes_the_best_change_each_time(seed):
    cost, far = random_table(seed)
    p = 1 + seed % len(cost)
    rng = np.random.default_rng(seed)
    opened = rng.random(len(cost)) < 0.5
    sites = set(np.flatnonzero(opened))
    fill(walks_of(cost, far), opened, p)
    while len(sites) > p:
        sites = min((sites - {j} for j in sorted(sites)), key=lambda s: total(cost, far, s))
    while len(sites) < p:
        others = sorted(set(range(len(cost))) - sites)
        sites = min((sites | {j} for j in others), key=lambda s: total(cost, far, s))
    assert set(np.flatnonzero(opened)) == sites


@pytest.mark.parametrize("seed", range(60))
def test_after_the_interchange_no_single_swap_helps(seed):
    cost, far = random_table(seed, most_sites=12)
    p = 1 + seed % len(cost)
    opened = np.arange(len(cost)) < p
    value = interchange(walks_of(cost, far), opened)
    sites = set(np.flatnonzero(opened))
    assert value == total(cost, far, sites)
    for leaving in sites:
        for entering in set(range(len(cost))) - sites:
            assert total(cost, far, sites - {leaving} | {entering}) >= value


@pytest.mark.parametrize("seed", range(30))
def test_shaking_keeps_the_number_and_never_loses_the_best(seed):
    cost, far = random_table(seed, most_sites=12)
    p = 1 + seed % len(cost)
    best = np.arange(len(cost)) < p
    before, opened = total(cost, far, range(p)), best.copy()
    value = search(walks_of(cost, far), opened, best, 20, np.full(1, 99, np.uint64))
    assert opened.sum() == best.sum() == p
    assert least(cost, far, p) <= value == total(cost, far, np.flatnonzero(best)) <= before


@settings(max_examples=80)
@given(st.integers(0, 10_000), st.integers(1, 5), st.floats(-0.5, 1.5))
def test_bound_is_never_above_the_least_whatever_the_multipliers(seed, p, level):
    cost, far = random_table(seed)
    p = min(p, len(cost))
    walks, rng = walks_of(cost, far), np.random.default_rng(seed)
    any_prices = far * rng.uniform(level - 0.5, level + 0.5, len(far))
    best = least(cost, far, p)
    assert bounds.price(walks, p, any_prices).bound <= best
    steps = bounds.descend(walks, p, np.clip(any_prices, 0, far), best + 1, 50, 1.0)
    assert bounds.price(walks, p, steps).bound <= best


@pytest.mark.parametrize("seed", range(40))
def test_regret_bounds_what_turning_a_choice_round_can_reach(seed):
    cost, far = random_table(seed)
    p = 1 + seed % len(cost)
    rng = np.random.default_rng(seed)
    priced = bounds.price(walks_of(cost, far), p, rng.uniform(0, 1, len(far)) * far)
    for j in range(len(cost)):
        others = [
            total(cost, far, sites)
            for k in range(p + 1)
            for sites in combinations(range(len(cost)), k)
            if (j in sites) != priced.top[j]
        ]
        assert min(others, default=np.inf) >= priced.bound + priced.regret[j]


@pytest.mark.parametrize("seed", range(200))
def test_the_tree_alone_finds_the_least_of_all_sets(seed, monkeypatch):
    monkeypatch.setattr(MedianSolver, "_search", lambda *_: None)
    monkeypatch.setattr(MedianSolver, "_bound", lambda *_: None)
    monkeypatch.setattr(_median, "MOST_WAITING", seed % 5 + 1)
    cost, far = random_table(seed, most_sites=10)
    p = 1 + seed % len(cost)
    answer = solver_for(cost, far, p).run()
    assert answer.status == "proved"
    assert answer.value == least(cost, far, p) == total(cost, far, answer.sites)
