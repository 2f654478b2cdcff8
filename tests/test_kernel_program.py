"""Programs put together block by block, compared with enumeration and scipy."""

from __future__ import annotations

from itertools import product

import numpy as np
import pytest
from scipy import optimize, sparse

from servicecircle._kernel.program import Program


def random_program(seed, *, most=7):
    """Draw a 0/1 program in two blocks of columns, the second only in the last rows."""
    rng = np.random.default_rng(seed)
    a, b = (int(v) for v in rng.integers(2, most, 2))
    first, second = rng.integers(-3, 6, (3, a)), rng.integers(-3, 6, (2, a + b))
    table = np.vstack([np.hstack([first, np.zeros((3, b), int)]), second])
    one = rng.integers(0, 2, a + b)  # some plan that is possible
    high = table @ one + rng.integers(0, 2, 5)
    low = np.where(rng.random(5) < 0.5, high - rng.integers(0, 3, 5) - 1, -np.inf)
    cost = rng.integers(-9, 10, a + b).astype(float)
    program = Program()
    columns = [program.add_columns(k, whole=True) for k in (a, b)]
    program.add_rows([(columns[0], sparse.csr_array(first.astype(float)))], low[:3], high[:3])
    parts = [second[:, :a].astype(float), second[:, a:].astype(float)]
    blocks = [(at, sparse.csr_array(part)) for at, part in zip(columns, parts, strict=True)]
    program.add_rows(blocks, low[3:], high[3:])
    program.set_costs(cost)
    return program, cost, table, low, high, a


def allowed(table, low, high):
    plans = np.array(list(product((0, 1), repeat=table.shape[1])))
    sums = plans @ table.T
    return plans[((sums >= low) & (sums <= high)).all(axis=1)]


@pytest.mark.parametrize("seed", range(200))
def test_cost_is_the_least_of_all_plans(seed):
    program, cost, table, low, high, a = random_program(seed)
    rng = np.random.default_rng(seed)
    start = np.arange(a), rng.integers(0, 2, a).astype(float)
    outcome = program.solve(seconds=30, start=start, constant=7.0, step=1.0)
    best = (allowed(table, low, high) @ cost).min()
    assert outcome.ended == "optimal"
    assert np.rint(outcome.values) @ cost == best
    assert outcome.bound == pytest.approx(best + 7, abs=1)


@pytest.mark.parametrize("seed", range(200))
def test_without_time_some_plan_still_comes_back(seed):
    program, _, table, low, high, a = random_program(seed)
    start = np.arange(a), np.zeros(a)
    outcome = program.solve(seconds=0.0, start=start if seed % 2 else None)
    sums = table @ np.rint(outcome.values)
    assert outcome.ended in ("stopped", "optimal")
    assert ((sums >= low) & (sums <= high)).all()


@pytest.mark.parametrize("seed", range(100))
def test_a_start_is_mended_at_the_fewest_places(seed):
    program, _, table, low, high, a = random_program(seed)
    rng = np.random.default_rng(seed)
    start = rng.integers(0, 2, a)
    mended = program._mended((np.arange(a), start.astype(float)), 30.0)[1]
    near = allowed(table[:3, :a], low[:3], high[:3])
    assert mended.tolist() in near.tolist()
    assert np.abs(mended - start).sum() == np.abs(near - start).sum(axis=1).min()


def test_what_cannot_be_is_infeasible():
    program = Program()
    columns = program.add_columns(2, whole=True)
    program.add_rows([(columns, sparse.csr_array(np.ones((1, 2))))], 3.0, np.inf)
    start = columns, np.zeros(2)
    assert program.solve(seconds=9, start=start).ended == "infeasible"
    assert program.solve(seconds=9, start=start).values is None


def hard_program():
    """Subset sums that need a tree: items of many sizes, several knapsacks."""
    rng = np.random.default_rng(3)
    table = rng.integers(10, 99, (5, 40)).astype(float)
    program = Program()
    columns = program.add_columns(40, cost=-table.sum(axis=0), whole=True)
    high = np.floor(table.sum(axis=1) / 2)
    program.add_rows([(columns, sparse.csr_array(table))], -np.inf, high)
    return program, table, high


def test_watched_bounds_stay_below_what_scipy_finds():
    program, table, high = hard_program()
    heard = []
    outcome = program.solve(
        seconds=4, watch=lambda value, bound: heard.append((value, bound)), constant=1000.0
    )
    found = optimize.milp(
        -table.sum(axis=0),
        constraints=optimize.LinearConstraint(table, -np.inf, high),
        integrality=np.ones(40),
        bounds=(0, 1),
        options={"time_limit": 4},
    )
    assert heard
    for value, bound in heard:
        assert bound <= value + 1e-6
        assert bound <= found.fun + 1000 + 1e-3
    assert outcome.bound <= found.fun + 1000 + 1e-3


def test_what_a_watch_raises_stops_the_solver():
    def stop(*_):
        raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        hard_program()[0].solve(seconds=60, watch=stop)


def test_a_mixed_program_that_presolve_calls_infeasible_is_solved_all_the_same():
    """HiGHS 1.15.1 does so where integers are implied: who of four places goes to which of two."""
    table = np.zeros((12, 11))
    workers, to_first, to_second = [7, 7, 4, 3], {1: 6, 2: 8, 3: 9}, {0: 5, 1: 7, 3: 10}
    for row, sites in enumerate((to_first, to_second)):
        for place, column in sites.items():
            table[place, [1 + place, column]] = -1, 1
            table[4 + row, column] = workers[place]
    table[4, 0] = -9
    for row, column in zip((6, 7, 8), to_first.values(), strict=True):
        table[row, [0, column]] = -1, 1
    table[9, [1, 3]], table[10, [2, 4]], table[11, 1:5] = (7, 4), (7, 3), workers
    low = np.array([0.0] * 4 + [-np.inf] * 5 + [6, 5, 11])
    high = np.array([0.0] * 5 + [8.0] + [0.0] * 3 + [np.inf] * 3)
    assert len(allowed(table, low, high))
    program = Program()
    whole = np.array([True] + 4 * [False] + 6 * [True])
    columns = program.add_columns(11, lower=np.arange(11) == 0, whole=whole, cost=np.eye(11)[0])
    program.add_rows([(columns, sparse.csr_array(table))], low, high)
    outcome = program.solve(seconds=30)
    assert (outcome.ended, outcome.bound) == ("optimal", 1.0)
    assert (table @ outcome.values <= high + 1e-6).all()
    assert (table @ outcome.values >= low - 1e-6).all()
