"""Each aim as a program over sites and demand, its exact value, and its bound."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from servicecircle.siting._covering import Demand, Group, demand_of, minutes_by_row
from servicecircle.siting._median import is_plain, plain_median
from servicecircle.siting._model import Model, Rule, row_of
from servicecircle.siting._solve import Answer

if TYPE_CHECKING:
    from servicecircle._kernel.cover import Ints
    from servicecircle._kernel.program import Outcome
    from servicecircle.siting._rules import Problem

HALF = 0.5  # a whole column is 1 above it
NONE = np.zeros(0, dtype=np.int64)


def solve_program(problem: Problem, start: Ints) -> Answer:
    """Solve the aim under every rule; value and bound in the planner's units."""
    deadline = time.monotonic() + problem.asked.time_limit
    ways = {
        "most_covered": _most_covered,
        "fewest_sites": _fewest_sites,
        "least_walking": _least_walking,
        "shortest_worst": _shortest_worst,
        "fairest": _fairest,
    }
    return ways[problem.asked.aim](problem, start, deadline)


def run(model: Model, start: Ints, deadline: float) -> tuple[Outcome, Ints]:
    """Solve the program; return the outcome and the open sites."""
    if model.program.n_columns == 0:
        model.program.add_columns(1, whole=True)
    opened = np.isin(model.usable, np.union1d(start, model.problem.required)).astype(float)
    left = max(deadline - time.monotonic(), 0.0)
    first = (model.sites, opened) if len(model.sites) else None
    outcome = model.program.solve(seconds=left, gap=model.problem.asked.gap, start=first)
    if outcome.values is None:
        return outcome, NONE
    return outcome, model.usable[outcome.values[model.sites] > HALF]


def _answer(
    found: tuple[Outcome, Ints], value: float, bound: float, gap: float, *, step: float = 0.0
) -> Answer:
    """Judge value and bound; values differ by multiples of ``step``, if there is one."""
    outcome, sites = found
    if outcome.ended == "infeasible":
        return Answer(NONE, math.nan, math.nan, "infeasible")
    if outcome.values is None:
        return Answer(NONE, math.nan, bound, "time_limit")
    tolerance = max(0.999 * step, 1e-6 * max(1.0, abs(value)))
    if abs(bound - value) < tolerance:
        return Answer(sites, value, value, "proved")
    close = abs(bound - value) <= gap * abs(value) + 1e-9
    return Answer(sites, value, bound, "gap" if close else "time_limit")


def covered_units(demand: Demand, sites: Ints) -> float:
    """Units covered (twice, under ``backup``) by stations and these sites."""
    times = np.asarray(demand.table[:, sites].sum(axis=1)) + demand.base
    return demand.fixed + float(demand.weight[times >= demand.need].sum())


def _served(problem: Problem, demand: Demand, served: Ints, found: tuple[Outcome, Ints]) -> float:
    outcome, sites = found
    if outcome.values is None:
        return math.nan
    if problem.asked.capacity:
        return demand.fixed + float(demand.weight @ outcome.values[served])
    return covered_units(demand, sites)


def covering_model(problem: Problem, *, soft: bool = False) -> tuple[Model, Demand, Ints]:
    """Sites, rules, coverage and floors, shared by every aim but the walking ones."""
    demand = demand_of(problem, merge=problem.asked.split or not problem.asked.capacity)
    model = Model(problem, soft)
    model.start()
    served = model.cover(demand)
    model.floors(demand, served)
    return model, demand, served


def _most_covered(problem: Problem, start: Ints, deadline: float) -> Answer:
    model, demand, served = covering_model(problem)
    model.costs(served, -demand.weight)
    found = run(model, start, deadline)
    scale = problem.table.scale
    value = _served(problem, demand, served, found)
    bound = min(demand.fixed - found[0].bound, demand.fixed + float(demand.weight.sum()))
    step = 0.0 if problem.asked.capacity else 1.0 / scale
    return _answer(found, value / scale, bound / scale, problem.asked.gap, step=step)


def fewest_model(problem: Problem, *, soft: bool = False) -> Model:
    """Build the smallest number of sites that cover everything, or the share asked for."""
    model, demand, served = covering_model(problem, soft=soft)
    share, capacity = problem.asked.share, problem.asked.capacity
    if share is None and not capacity:
        table = sparse.csr_array(demand.table[:, model.usable])
        model.program.add_rows([(model.sites, table)], demand.need - demand.base, np.inf)
    else:
        whole = demand.fixed + demand.weight.sum()
        wanted = whole if share is None else np.ceil(share * demand.total - 1e-6)
        rule = Rule("share", "", NONE, wanted - demand.fixed, np.inf, demand.fixed, demand.total)
        model.add_rule(rule, [(served, row_of(demand.weight))])
    return model


def _fewest_sites(problem: Problem, start: Ints, deadline: float) -> Answer:
    model = fewest_model(problem)
    model.costs(model.sites, 1.0)
    found = run(model, start, deadline)
    bound = max(math.ceil(max(found[0].bound, 0) - 1e-6), 0) if found[0].values is not None else 0
    return _answer(found, float(len(found[1])), float(bound), problem.asked.gap, step=1.0)


def _fairest(problem: Problem, start: Ints, deadline: float) -> Answer:
    column = problem.asked.fair_by
    model, demand, served = covering_model(problem)
    share = model.program.add_columns(1)
    groups = [one for one in demand.groups if one.column == column and one.total > 0]
    for one in groups:
        blocks = [(served[one.rows], row_of(demand.weight[one.rows] / one.total))]
        blocks.append((share, row_of(np.array([-1.0]))))
        model.program.add_rows(blocks, -one.fixed / one.total, np.inf)
    model.costs(share, -1.0)
    found = run(model, start, deadline)
    if found[0].values is None or not groups:
        return _answer(found, math.nan, math.nan, problem.asked.gap)
    bound = min(-found[0].bound, 1.0)
    least = _least_share(problem, demand, groups, served, found)
    second, demand, served = covering_model(problem)  # of these plans the one that covers most
    for one in groups:
        row = [(served[one.rows], row_of(demand.weight[one.rows]))]
        second.program.add_rows(row, (least - 1e-9) * one.total - one.fixed - 1e-6, np.inf)
    second.costs(served, -demand.weight)
    again = run(second, found[1], deadline)
    if again[0].values is not None:
        found = (again[0], again[1])
        least = max(least, _least_share(problem, demand, groups, served, again))
    return _answer(found, least, bound, problem.asked.gap)


def _least_share(
    problem: Problem, demand: Demand, groups: list[Group], served: Ints, found: tuple[Outcome, Ints]
) -> float:
    outcome, sites = found
    if problem.asked.capacity and outcome.values is not None:
        level = np.minimum(outcome.values[served], 1.0)
    else:
        times = np.asarray(demand.table[:, sites].sum(axis=1)) + demand.base
        level = (times >= demand.need).astype(float)
    units = level * demand.weight
    return min(float((one.fixed + units[one.rows].sum()) / one.total) for one in groups)


def _least_walking(problem: Problem, start: Ints, deadline: float) -> Answer:
    if problem.asked.capacity:
        return _least_walking_with_room(problem, start, deadline)
    if is_plain(problem):
        return plain_median(problem, deadline)
    if problem.asked.floor:
        model = covering_model(problem)[0]
    else:
        model = Model(problem)
        model.start()
    constant = walking_columns(model)
    found = run(model, start, deadline)
    value = walking(problem, found[1]) if found[0].values is not None else math.nan
    bound = (constant + found[0].bound) / problem.table.scale
    return _answer(found, value, bound, problem.asked.gap)


def walking_columns(model: Model) -> float:
    """Add "nobody within this step" per row and step; return the cost that is certain.

    The radius formulation of the p-median (Cornuéjols, Nemhauser & Wolsey 1980).
    """
    problem = model.problem
    minutes, today = minutes_by_row(problem)
    far = np.minimum(today, problem.table.reach.cutoff)
    pairs = sparse.csr_array(minutes[model.usable]).tocoo()
    units = problem.table.units.astype(float)
    keep = (pairs.data < far[pairs.col]) & (units[pairs.col] > 0)
    site, row, time_ = pairs.row[keep], pairs.col[keep], pairs.data[keep]
    order = np.lexsort((site, time_, row))
    site, row, time_ = site[order], row[order], time_[order]
    new_row = np.ones(len(row), bool)
    new_row[1:] = row[1:] != row[:-1]
    new = new_row.copy()
    new[1:] |= time_[1:] != time_[:-1]
    step = np.cumsum(new) - 1
    first = new_row[new]
    of, at = row[new], time_[new]
    following = np.append(at[1:], 0.0)
    last = np.append(first[1:], np.ones(min(len(first), 1), bool))
    following[last] = far[of[last]]
    missed = model.program.add_columns(len(at))
    count = len(at)
    back = np.flatnonzero(~first)
    chain = sparse.csr_array(
        (
            np.concatenate([np.ones(count), -np.ones(len(back))]),
            (
                np.concatenate([np.arange(count), back]),
                np.concatenate([np.arange(count), back - 1]),
            ),
        ),
        shape=(count, count),
    )
    opens = sparse.csr_array((np.ones(len(site)), (step, site)), shape=(count, len(model.usable)))
    model.program.add_rows([(missed, chain), (model.sites, opens)], first.astype(float), np.inf)
    model.costs(missed, units[of] * (following - at))
    nearest = far.copy()
    nearest[of[first]] = at[first]
    return float(units @ nearest)


def _least_walking_with_room(problem: Problem, start: Ints, deadline: float) -> Answer:
    demand = demand_of(problem, merge=False)
    model = Model(problem)
    model.start()
    served = model.cover(demand)
    model.floors(demand, served)
    cutoff, table = problem.table.reach.cutoff, problem.table
    pairs = model.pairs(demand)
    place = np.flatnonzero(demand.of >= 0)
    n = len(table.candidates)
    ordered = np.concatenate([problem.by_id, np.arange(n, table.reach.minutes.shape[0])])
    minutes = sparse.csr_array(table.reach.minutes[:, table.demand_order][ordered])
    walk = np.asarray(minutes[pairs.col, place[pairs.row]], float).ravel()
    model.costs(model.assigned, demand.weight[pairs.row] * (walk - cutoff))
    found = run(model, start, deadline)
    constant = demand.total * cutoff
    value = math.nan
    if found[0].values is not None:
        sent = found[0].values[model.assigned]
        value = constant + float((demand.weight[pairs.row] * (walk - cutoff)) @ sent)
    scale = table.scale
    return _answer(found, value / scale, (constant + found[0].bound) / scale, problem.asked.gap)


def walking(problem: Problem, sites: Ints) -> float:
    """Worker-minutes to the nearest open place; nobody within the cutoff counts the cutoff."""
    minutes, today = minutes_by_row(problem)
    nearest = np.minimum(today, problem.table.reach.cutoff)
    mine = sparse.csr_array(minutes[sites]).tocoo()
    np.minimum.at(nearest, mine.col, mine.data)
    return float(problem.table.units @ nearest) / problem.table.scale


def worst(problem: Problem, sites: Ints) -> float:
    """Longest walk of anybody whom a station or a usable candidate reaches (inf if unserved)."""
    minutes, today = minutes_by_row(problem)
    nearest = today.copy()
    mine = sparse.csr_array(minutes[sites]).tocoo()
    np.minimum.at(nearest, mine.col, mine.data)
    reached = np.isfinite(today)
    reached[sparse.csr_array(minutes[problem.usable]).indices] = True
    return float(nearest[reached & (problem.table.units > 0)].max(initial=0.0))


def within_model(problem: Problem, limit: float, *, soft: bool = False) -> Model:
    """Every reachable worker within so many minutes."""
    minutes, today = minutes_by_row(problem)
    if problem.asked.floor:
        model, _, _ = covering_model(problem, soft=soft)
    else:
        model = Model(problem, soft)
        model.start()
    table = sparse.csc_array(minutes[model.usable])
    reached = np.diff(table.indptr) > 0
    rows = np.flatnonzero((today > limit) & reached & (problem.table.units > 0))
    part = table[:, rows].tocoo()
    near = part.data <= limit
    cover = sparse.csr_array(
        (np.ones(near.sum()), (part.col[near], part.row[near])), shape=(len(rows), table.shape[0])
    )
    model.program.add_rows([(model.sites, cover)], 1.0, np.inf)
    return model


def _shortest_worst(problem: Problem, start: Ints, deadline: float) -> Answer:
    """Halve the possible worst walks until the smallest is found (Minieka 1970)."""
    minutes, today = minutes_by_row(problem)
    usable = sparse.csc_array(minutes[problem.usable])
    heavy = problem.table.units > 0
    times = np.unique(np.concatenate([[0.0], usable.data, today[np.isfinite(today) & heavy]]))
    best = today.copy()
    pairs = usable.tocoo()
    np.minimum.at(best, pairs.col, pairs.data)
    least = float(best[np.isfinite(best) & heavy].max(initial=0.0))
    low, high = int(np.searchsorted(times, least)), len(times) - 1
    found, value = None, math.inf
    while low <= high:
        middle = high if found is None else (low + high) // 2
        outcome, sites = run(within_model(problem, float(times[middle])), start, deadline)
        if outcome.values is not None:
            found, value = sites, worst(problem, sites)
            high = int(np.searchsorted(times, value)) - 1
        elif outcome.ended == "infeasible" and found is None:
            return Answer(NONE, math.nan, math.nan, "infeasible")
        elif outcome.ended == "infeasible":
            low = middle + 1
        else:
            break
    bound = float(times[min(low, len(times) - 1)])
    if found is None:
        return Answer(NONE, math.nan, bound, "time_limit")
    if low > high or bound >= value:
        return Answer(found, value, value, "proved")
    return Answer(found, value, bound, "time_limit")
