"""The covering kernels, compared with enumeration, plain loops and scipy."""

from __future__ import annotations

import time
from concurrent.futures import ThreadPoolExecutor
from itertools import combinations

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from scipy import optimize, sparse

from servicecircle._kernel import cover as covers
from servicecircle._kernel import program
from servicecircle._kernel.cover import cover_from, dominated, reduce_cover, whole_weights
from servicecircle._kernel.cover_bound import descend, price
from servicecircle._kernel.cover_search import (
    Rules,
    at_most,
    copy_state,
    empty_state,
    fill,
    search,
    settle,
    turn,
)
from servicecircle._kernel.milp import solve_cover
from servicecircle.siting._solve import CoverSolver, _Rest


def random_problem(seed, most_sites=9, most_rows=14):
    rng = np.random.default_rng(seed)
    m, n = int(rng.integers(1, most_sites + 1)), int(rng.integers(1, most_rows + 1))
    table = rng.random((m, n)) < rng.uniform(0.05, 0.6)
    weight = rng.integers(0, 20, n)
    return table, weight


def city(seed, n, m, radius):
    """Clustered places on a unit square; sites cover what lies within the radius."""
    rng = np.random.default_rng(seed)
    centres = rng.uniform(0, 1, (8, 2))
    demand = centres[rng.integers(8, size=n)] + rng.normal(0, 0.1, (n, 2))
    sites = centres[rng.integers(8, size=m)] + rng.normal(0, 0.1, (m, 2))
    table = np.hypot(*(sites[:, None] - demand[None]).transpose(2, 0, 1)) <= radius
    return table, rng.integers(1, 100, n)


def cover_of(table, weight):
    return cover_from(sparse.csr_array(table.astype(np.int8)), np.asarray(weight))


def covered(table, weight, sites):
    return int(weight[table[list(sites)].any(axis=0)].sum()) if len(sites) else 0


def best_value(table, weight, n_open):
    """Enumerate every set of sites."""
    n_open = min(n_open, len(table))
    return max(covered(table, weight, sites) for sites in combinations(range(len(table)), n_open))


def scipy_value(table, weight, n_open):
    """Solve the textbook model with scipy's own solver."""
    m, n = table.shape
    links = sparse.hstack([-sparse.csr_array(table.T.astype(float)), sparse.eye_array(n)])
    most = sparse.csr_array(np.concatenate([np.ones(m), np.zeros(n)])[None])
    found = optimize.milp(
        np.concatenate([np.zeros(m), -weight.astype(float)]),
        constraints=optimize.LinearConstraint(
            sparse.vstack([links, most]), -np.inf, np.concatenate([np.zeros(n), [n_open]])
        ),
        integrality=np.concatenate([np.ones(m), np.zeros(n)]),
        bounds=(0, 1),
        options={"mip_rel_gap": 0.0},
    )
    assert found.status == 0
    return round(-found.fun)


def solver_for(table, weight, n_open, **options):
    cover = cover_of(table, weight)
    settings_ = {"time_limit": 60.0, "gap": 0.0, "seed": 0} | options
    return CoverSolver(cover, at_most(n_open, len(table)), n_open, **settings_)


@pytest.mark.parametrize("seed", range(400))
def test_proved_value_is_the_best_of_all_sets(seed):
    table, weight = random_problem(seed)
    n_open = 1 + seed % len(table)
    answer = solver_for(table, weight, n_open).run()
    assert answer.status == "proved"
    assert answer.value == answer.bound == best_value(table, weight, n_open)
    assert len(answer.sites) <= n_open
    assert covered(table, weight, answer.sites) == answer.value


@pytest.mark.parametrize(("seed", "n_open"), [(1, 5), (2, 8), (3, 12), (4, 20)])
def test_mid_size_value_equals_scipy(seed, n_open):
    table, weight = city(seed, 400, 60, 0.08)
    answer = solver_for(table, weight, n_open).run()
    assert answer.status == "proved"
    assert answer.value == scipy_value(table, weight, n_open)


@pytest.mark.parametrize(
    "stage", ["_bound_roughly", "_bound", "_relax", "_search", "_search_roughly"]
)
def test_every_stage_may_fail_to_help_and_the_proof_still_holds(stage, monkeypatch):
    monkeypatch.setattr(CoverSolver, stage, lambda _self, _rest, *_: None)
    table, weight = city(5, 300, 50, 0.1)
    answer = solver_for(table, weight, 6).run()
    assert answer.status == "proved"
    assert answer.value == scipy_value(table, weight, 6)


def test_no_time_still_gives_the_greedy_plan_with_a_true_bound():
    table, weight = city(6, 400, 80, 0.07)
    answer = solver_for(table, weight, 10, time_limit=0.0).run()
    best = scipy_value(table, weight, 10)
    assert (1 - 1 / np.e) * best <= answer.value <= best <= answer.bound
    assert answer.status == "time_limit"


def test_a_wide_gap_stops_early_and_says_so():
    table, weight = city(7, 400, 80, 0.07)
    answer = solver_for(table, weight, 20, gap=0.5).run()
    assert answer.status == "gap"
    assert answer.value < scipy_value(table, weight, 20) <= answer.bound <= 1.5 * answer.value


@pytest.mark.parametrize("seed", range(60))
def test_reductions_keep_the_best_value(seed):
    table, weight = random_problem(seed, most_sites=8, most_rows=30)
    small = reduce_cover(cover_of(table, weight), drop_dominated=True)
    m, n = small.cover.shape
    left = np.zeros((m, n), bool)
    left[np.repeat(np.arange(m), np.diff(small.cover.site_ptr)), small.cover.site_rows] = True
    for n_open in range(1, len(table) + 1):
        value = best_value(left, small.cover.weight, n_open) if m else 0
        assert value == best_value(table, weight, n_open)
    assert len(np.unique(left, axis=1).T) == n  # no two rows are alike
    for row, kept in enumerate(small.row_of):
        if kept >= 0:
            assert (table[small.sites, row] == left[:, kept]).all()
    kept = small.row_of >= 0
    totals = np.bincount(small.row_of[kept], weight[kept], minlength=n)
    assert (totals == small.cover.weight).all()


@pytest.mark.parametrize("seed", range(60))
def test_dominated_sites_are_those_inside_another(seed):
    table, _ = random_problem(seed)
    rows = [frozenset(np.flatnonzero(site)) for site in table]
    expected = [
        not mine or any(mine < other or (mine == other and j < i) for j, other in enumerate(rows))
        for i, mine in enumerate(rows)
    ]
    assert dominated(cover_of(table, np.ones(table.shape[1], int))).tolist() == expected


def test_rows_whose_hashes_collide_are_kept_apart(monkeypatch):
    real = covers._row_hashes

    def collide_at_first(cover, rows, salt):
        hashes = real(cover, rows, salt)
        return np.zeros_like(hashes) if salt == 0 else hashes

    monkeypatch.setattr(covers, "_row_hashes", collide_at_first)
    table = np.array([[1, 1, 0, 0], [0, 1, 1, 1]], bool)
    small = reduce_cover(cover_of(table, [1, 2, 4, 8]), drop_dominated=False)
    assert sorted(small.cover.weight) == [1, 2, 12]


def test_order_of_rows_does_not_change_the_reduced_problem():
    table, weight = city(8, 200, 30, 0.1)
    shuffled = np.random.default_rng(0).permutation(200)
    one = reduce_cover(cover_of(table, weight), drop_dominated=True).cover
    other = reduce_cover(cover_of(table[:, shuffled], weight[shuffled]), drop_dominated=True).cover
    for left, right in zip(one, other, strict=True):
        assert (left == right).all()


@pytest.mark.parametrize("seed", range(40))
def test_greedy_takes_the_largest_gain_and_ties_go_to_the_first(seed):
    table, weight = random_problem(seed)
    cover, rules = cover_of(table, weight), at_most(4, len(table))
    order, value = fill(cover, rules, empty_state(cover, rules), 0.0, np.ones(1, np.uint64))
    chosen = []
    while len(chosen) < 4:
        gains = [covered(table, weight, [*chosen, j]) for j in range(len(table))]
        if max(gains) == covered(table, weight, chosen):
            break
        chosen.append(int(np.argmax(gains)))
    assert order.tolist() == chosen
    assert value == covered(table, weight, chosen)


@pytest.mark.parametrize("seed", range(40))
def test_after_swapping_no_single_swap_helps(seed):
    table, weight = city(seed, 60, 15, 0.15)
    cover, rules = cover_of(table, weight), at_most(4, 15)
    state = empty_state(cover, rules)
    start = sum(turn(cover, rules, state, j, 1) for j in range(4))
    won = settle(cover, rules, state)
    chosen = set(np.flatnonzero(state.chosen))
    value = covered(table, weight, chosen)
    assert value == start + won
    for leaving in chosen:
        for entering in set(range(15)) - chosen:
            assert covered(table, weight, chosen - {leaving} | {entering}) <= value


def budget(rng, m):
    """Draw a limit on the number, a budget, and pairs that exclude each other."""
    pairs = [pair for pair in combinations(range(m), 2) if rng.random() < 0.2]
    amount = np.zeros((2 + len(pairs), m), np.int64)
    amount[0], amount[1] = 1, rng.integers(1, 10, m)
    for k, pair in enumerate(pairs):
        amount[2 + k, list(pair)] = 1
    limit = np.array([4, 12, *[1] * len(pairs)], np.int64)
    table = sparse.csr_array(amount.T)
    rules = Rules(table.indptr.astype(np.int64), table.indices.astype(np.int32), table.data, limit)
    return amount, limit, rules


@pytest.mark.parametrize("seed", range(25))
def test_search_and_solver_keep_every_rule(seed):
    rng = np.random.default_rng(seed)
    table, weight = city(seed, 80, 10, 0.15)
    amount, limit, rules = budget(rng, 10)
    allowed = [
        sites
        for k in range(5)
        for sites in combinations(range(10), k)
        if (amount[:, list(sites)].sum(axis=1) <= limit).all()
    ]
    best = max(covered(table, weight, sites) for sites in allowed)
    cover = cover_of(table, weight)
    state = empty_state(cover, rules)
    fill(cover, rules, state, 0.0, np.ones(1, np.uint64))
    top = copy_state(state)
    value = search(cover, rules, state, top, 30, np.full(1, 99, np.uint64))
    for plan in (state, top):
        chosen = np.flatnonzero(plan.chosen)
        assert (amount[:, chosen].sum(axis=1) <= limit).all()
        assert (plan.slack == limit - amount[:, chosen].sum(axis=1)).all()
        assert (plan.times == table[chosen].sum(axis=0)).all()
    assert value == covered(table, weight, np.flatnonzero(top.chosen)) <= best
    solved = solve_cover(cover, rules, start=top.chosen, seconds=30, gap=0.0)
    assert covered(table, weight, np.flatnonzero(solved.chosen)) == best
    whole = CoverSolver(cover, rules, 4, time_limit=30, gap=0.0, seed=0, drop_dominated=False)
    assert whole.run().value == best


@settings(max_examples=80)
@given(st.integers(0, 10_000), st.integers(1, 5), st.floats(-0.5, 1.5))
def test_bound_is_never_below_the_best_whatever_the_multipliers(seed, n_open, level):
    table, weight = random_problem(seed)
    cover = cover_of(table, weight)
    rng = np.random.default_rng(seed)
    any_prices = weight * rng.uniform(level - 0.5, level + 0.5, len(weight))
    best = best_value(table, weight, n_open)
    assert price(cover, n_open, any_prices).bound >= best
    n_open = min(n_open, len(table))
    steps = descend(
        cover, n_open, np.clip(any_prices, 0, weight), target=0.0, steps=50,
        deadline=time.monotonic() + 9,
    )  # fmt: skip
    assert price(cover, n_open, steps).bound >= best


@pytest.mark.parametrize("seed", range(40))
def test_regret_bounds_what_turning_a_choice_round_can_reach(seed):
    table, weight = random_problem(seed)
    m, n_open = len(table), 1 + seed % len(table)
    rng = np.random.default_rng(seed)
    priced = price(cover_of(table, weight), n_open, rng.uniform(0, 1, len(weight)) * weight)
    for j in range(m):
        others = [
            covered(table, weight, sites)
            for k in range(n_open + 1)
            for sites in combinations(range(m), k)
            if (j in sites) != priced.top[j]
        ]
        assert max(others, default=0) <= priced.bound - priced.regret[j]


@pytest.mark.parametrize(
    ("weight", "scale"),
    [([0.0, 3.0, 12.0], 1), ([0.5, 2.0], 10), ([0.125, 2.0], 1000), ([0.0], 1), ([], 1)],
)
def test_weights_become_whole_units_without_loss(weight, scale):
    units, found = whole_weights(np.array(weight, dtype=float))
    assert found == scale
    assert (units / found == weight).all()


@given(st.lists(st.floats(0, 1e15), min_size=1, max_size=30))
def test_any_weights_keep_their_total(weight):
    values = np.array(weight)
    units, scale = whole_weights(values)
    assert units.sum() / scale == pytest.approx(values.sum(), rel=1e-9, abs=1e-280)
    assert units.sum() < 2**52


@pytest.mark.parametrize("seed", range(40))
def test_a_best_plan_that_what_is_fixed_excludes_is_thinned_to_the_rules(seed):
    rng = np.random.default_rng(seed)
    table, weight = city(seed, 80, 10, 0.15)
    amount, limit, rules = budget(rng, 10)
    cover = cover_of(table, weight)
    run = CoverSolver(cover, rules, 4, time_limit=9, gap=0.0, seed=0, drop_dominated=False)
    run.random = np.ones(1, np.uint64)
    none, every = np.zeros(0, np.int64), np.arange(10)
    rest = _Rest(cover, rules, 4, every, none, 0, np.zeros(80))
    state = run._start(rest, rng.random(10) < 0.8)
    assert (amount[:, state.chosen].sum(axis=1) <= limit).all()
    assert (state.slack >= 0).all()


def test_progress_closes_in_on_the_answer():
    heard = []
    table, weight = city(3, 500, 80, 0.09)
    answer = solver_for(table, weight, 12, progress=lambda *said: heard.append(said)).run()
    seconds, values, bounds = np.array(heard).T
    assert (np.diff(seconds) >= 0).all()
    assert (np.diff(values) >= 0).all()
    assert (np.diff(bounds) <= 0).all()
    assert bounds[-1] == values[-1] == answer.value


def test_a_progress_that_raises_ends_the_search():
    def stop(*_):
        raise KeyboardInterrupt

    table, weight = city(3, 500, 80, 0.09)
    with pytest.raises(KeyboardInterrupt):
        solver_for(table, weight, 12, progress=stop).run()


@pytest.mark.parametrize("threads", [2, 5])
def test_plans_are_the_same_on_any_number_of_threads(threads):
    problems = [(*city(seed, 400, 60, 0.08), 12) for seed in range(6)]
    alone = [solver_for(*problem).run() for problem in problems]
    with ThreadPoolExecutor(threads) as pool:
        together = list(pool.map(lambda problem: solver_for(*problem).run(), problems))
    for one, other in zip(alone, together, strict=True):
        assert one.sites.tolist() == other.sites.tolist()
        assert (one.value, one.bound, one.status) == (other.value, other.bound, other.status)


@pytest.mark.parametrize("seed", range(100))
def test_greedy_covers_at_least_its_guaranteed_share_of_the_best(seed):
    """Nemhauser, Wolsey & Fisher 1978."""
    table, weight = random_problem(seed, most_sites=10, most_rows=30)
    n_open = 1 + seed % len(table)
    cover, rules = cover_of(table, weight), at_most(n_open, len(table))
    _, value = fill(cover, rules, empty_state(cover, rules), 0.0, np.ones(1, np.uint64))
    assert value >= (1 - 1 / np.e) * best_value(table, weight, n_open)


@pytest.mark.parametrize("seed", range(5))
def test_bounds_heard_while_the_solver_works_are_never_below_the_best(seed, monkeypatch):
    monkeypatch.setattr(program, "PAUSE", -1.0)
    table, weight = city(seed, 150, 40, 0.12)
    cover, rules, heard = cover_of(table, weight), at_most(8, 40), []
    solve_cover(
        cover, rules, start=np.zeros(40, bool), seconds=30, gap=0.0,
        watch=lambda value, bound: heard.append((value, bound)),
    )  # fmt: skip
    best = scipy_value(table, weight, 8)
    assert heard
    assert all(value <= best <= bound + 1e-6 for value, bound in heard)
