"""Each aim as a sum over columns that a program makes small, and its exact value."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd
from scipy import sparse

from servicecircle.siting._covering import minutes_by_row, nearest_walks
from servicecircle.siting._model import NONE, Model, row_of
from servicecircle.siting._worth import within_each

if TYPE_CHECKING:
    from collections.abc import Callable

    from servicecircle._kernel.cover import Floats, Ints
    from servicecircle._kernel.program import Outcome
    from servicecircle.siting._rules import Problem

SENT = 1e-6  # of a place's workers: less is what floats cannot tell from nobody


class Goal(NamedTuple):
    """``constant + Σ cost · column``, to be made small.

    ``sign · that / scale`` is the aim's value; values differ by multiples of ``step``.
    """

    columns: Ints
    cost: Floats
    constant: float
    sign: float = 1.0
    scale: float = 1.0
    step: float = 0.0


NO_GOAL = Goal(NONE, np.zeros(0), 0.0)


def most_covered(model: Model, *, first: bool) -> Goal:  # noqa: ARG001 – all goals are called alike
    """Maximal covering (Church & ReVelle 1974), gradual with a decay (Berman & Krass 2002)."""
    demand, served, _, assigned = model.cover()
    worth = model.problem.worth
    if model.problem.asked.capacity:
        decays = model.problem.asked.decay
        cost = -_worth_of_pairs(model) / demand.need if decays else -demand.worth
        columns = assigned if decays else served
        return Goal(columns, cost, 0.0, -1.0, worth.scale)
    step = 1.0 / worth.scale
    return Goal(served, -demand.worth, -demand.fixed_worth, -1.0, worth.scale, step)


def fewest_sites(model: Model, *, first: bool) -> Goal:
    """Set covering (Toregas et al. 1971), or the share asked for; as second aim it only counts."""
    if first:
        add_requirement(model)
    new = np.union1d(model.problem.required, model.problem.free)
    return Goal(model.columns_of(new), np.ones(len(new)), 0.0, step=1.0)


def add_requirement(model: Model) -> None:
    """Cover everybody whom any candidate can, or the share asked for."""
    demand = model.cover().demand
    share, capacity = model.problem.asked.share, model.problem.asked.capacity
    if share is not None:
        model.serve(share)
    elif capacity:
        model.serve_all()
    else:
        places = model.usable[model.usable < model.problem.n_places]
        held = demand.workers > 0
        table = sparse.csr_array(demand.table[held][:, places])
        low = demand.need - demand.base[held]
        model.program.add_rows([(model.columns_of(places), table)], low, np.inf)


def least_walking(model: Model, *, first: bool) -> Goal:  # noqa: ARG001
    """Add up the minutes to the nearest: the p-median (Hakimi 1964).

    Under ``backup`` the mean of the two nearest (fault-tolerant, Swamy & Shmoys 2008).
    """
    problem = model.problem
    scale = problem.worth.place_scale
    if not problem.asked.capacity:
        return Goal(*walking_columns(model), scale=scale)
    demand, _, pairs, assigned = model.cover()
    saved = (model.minutes_of_pairs() - problem.table.reach.cutoff) / demand.need
    constant = float(problem.worth.places.sum()) * problem.table.reach.cutoff
    return Goal(assigned, demand.worth[pairs.row] * saved, constant, scale=scale)


def fairest(model: Model, *, first: bool) -> Goal:  # noqa: ARG001
    """Lift the smallest share."""
    demand, served = model.cover()[:2]
    share = model.program.add_columns(1)
    for one in demand.groups:
        if one.column == model.problem.asked.fair_by and one.total > 0:
            blocks = [(served[one.rows], row_of(demand.workers[one.rows] / one.total))]
            blocks.append((share, row_of(np.array([-1.0]))))
            model.program.add_rows(blocks, -one.fixed / one.total, np.inf)
    return Goal(share, -np.ones(1), 0.0, -1.0)


def prefer(model: Model, *, first: bool) -> Goal:  # noqa: ARG001
    """Open what is preferred, keep stations, upgrade no more than is needed."""
    places = model.problem.places
    preferred = np.intersect1d(places.preferred, model.usable)
    columns = model.columns_of(np.concatenate([preferred, places.closable, places.upgrades]))
    cost = -np.ones(len(columns))
    cost[len(columns) - len(places.upgrades) :] = 1.0 / (len(places.upgrades) + 1)
    return Goal(columns, cost, 0.0, -1.0)


GOALS: dict[str, Callable[..., Goal]] = {
    "most_covered": most_covered,
    "fewest_sites": fewest_sites,
    "least_walking": least_walking,
    "fairest": fairest,
    "prefer": prefer,
}


def hold(model: Model, aim: str, value: float, *, first: bool) -> None:
    """Let no later aim make this one worse."""
    if aim == "shortest_worst":
        model.walk_within(value)
        return
    goal = GOALS[aim](model, first=first)
    limit = goal.sign * value * goal.scale - goal.constant
    size = max(1.0, float(np.abs(goal.cost).max(initial=0.0)))
    tolerance = 0.5 * goal.step * goal.scale or 1e-7 * max(1.0, abs(limit))
    row = row_of(goal.cost / size)
    model.program.add_rows([(goal.columns, row)], -np.inf, (limit + tolerance) / size)


def walking_columns(model: Model) -> tuple[Ints, Floats, float]:
    """Add "so many too few within this step" per row and step; return them, costs, what is certain.

    The radius formulation of the p-median (Cornuéjols, Nemhauser & Wolsey 1980), for the mean
    of the walks to the ``need`` nearest.
    """
    problem = model.problem
    need, units = problem.asked.need, problem.worth.places.astype(float)
    places = model.usable[model.usable < problem.n_places]
    far, (row, walk, site) = _steps_of_walks(problem, places)
    new_row, new = np.ones((2, len(row)), bool)
    new_row[1:] = row[1:] != row[:-1]
    new[1:] = new_row[1:] | (walk[1:] != walk[:-1])
    first, of, at = new_row[new], row[new], walk[new]
    step, count = np.cumsum(new) - 1, len(at)
    following = np.append(at[1:], 0.0)
    last = np.append(first[1:], np.ones(min(len(first), 1), bool))
    following[last] = far[-1][of[last]]
    opens = site >= 0
    table = sparse.csr_array(
        (np.ones(opens.sum()), (step[opens], site[opens])), shape=(count, len(places))
    )
    missing = model.program.add_columns(count, upper=float(need))
    low = need * first - np.bincount(step[~opens], minlength=count)
    blocks = [(missing, _chain(first)), (model.columns_of(places), table)]
    model.program.add_rows(blocks, low.astype(float), np.inf)
    certain = far.sum(axis=0)
    certain[of[first]] = need * at[first]
    return missing, units[of] * (following - at) / need, float(units @ certain) / need


def _steps_of_walks(problem: Problem, places: Ints) -> tuple[Floats, tuple[Ints, Floats, Ints]]:
    """Return the walks to stations that stay, and by row and minutes who comes within reach.

    Sites are numbered as in ``places``; -1 is a station, nearer than the farthest that counts.
    """
    minutes, _ = minutes_by_row(problem)
    cutoff = problem.table.reach.cutoff
    far = np.minimum(nearest_walks(minutes, problem.fixed, problem.asked.need), cutoff)
    pairs = sparse.csr_array(minutes[places]).tocoo()
    near = np.flatnonzero(pairs.data < far[-1][pairs.col])
    kept, point = np.nonzero(far[:-1] < far[-1])
    site = np.concatenate([pairs.row[near], np.full(len(point), -1)])
    row = np.concatenate([pairs.col[near], point])
    walk = np.concatenate([pairs.data[near], far[kept, point]])
    heavy = np.flatnonzero(problem.worth.places[row] > 0)
    order = heavy[np.lexsort((site[heavy], walk[heavy], row[heavy]))]
    return far, (row[order], walk[order], site[order])


def _chain(first: np.ndarray) -> sparse.csr_array:
    """Each step less the one before it in its row."""
    count, back = len(first), np.flatnonzero(~first)
    values = np.concatenate([np.ones(count), -np.ones(len(back))])
    rows = np.concatenate([np.arange(count), back])
    columns = np.concatenate([np.arange(count), back - 1])
    return sparse.csr_array((values, (rows, columns)), shape=(count, count))


def _worth_of_pairs(model: Model) -> Floats:
    demand, _, pairs, _ = model.cover()
    worth, place = model.problem.worth, np.flatnonzero(demand.of >= 0)
    near = model.minutes_of_pairs() <= worth.limits.astype(np.float32)[:, None]
    return np.asarray((near * worth.units[:, place[pairs.row]]).sum(axis=0), float)


def value_of(
    model: Model | None, problem: Problem, aim: str, outcome: Outcome | None, sites: Ints
) -> float:
    """Count the aim's value in the planner's units."""
    shared = aim in ("most_covered", "least_walking", "fairest")
    if shared and problem.asked.capacity and model is not None and outcome is not None:
        return _value_with_room(model, aim, outcome)
    return VALUES[aim](problem, sites)


def _value_with_room(model: Model, aim: str, outcome: Outcome) -> float:
    """With capacity the value is what the program says: who goes where."""
    values, _, _ = outcome
    demand, served = model.cover()[:2]
    if values is None:
        return math.nan
    if aim == "fairest":
        level = np.minimum(values[served], 1.0) * demand.workers
        shares = [
            float((one.fixed + level[one.rows].sum()) / one.total)
            for one in demand.groups
            if one.column == model.problem.asked.fair_by and one.total > 0
        ]
        return min(shares, default=math.nan)
    goal = most_covered(model, first=True) if aim == "most_covered" else None
    goal = goal or least_walking(model, first=True)
    return goal.sign * (goal.constant + float(goal.cost @ values[goal.columns])) / goal.scale


def served_by(model: Model, values: Floats) -> Floats | None:
    """Units that each place serves, if places have a capacity."""
    if model.covering is None or not model.problem.asked.capacity:
        return None
    demand, _, pairs, assigned = model.covering
    units = demand.workers[pairs.row] * values[assigned]
    return np.bincount(pairs.col, units, model.problem.n_places).astype(np.float64)


def _times(problem: Problem, sites: Ints) -> Ints:
    """How many open places are within each limit of each place: limits × demand."""
    limits = problem.worth.limits
    minutes, _ = minutes_by_row(problem)
    pattern = within_each(sparse.csr_array(minutes.tocsr()[_open(problem, sites)]), limits)
    return np.asarray(pattern.sum(axis=0, dtype=np.int64)).reshape(len(limits), -1)


def _open(problem: Problem, sites: Ints) -> Ints:
    """Places that are open in this plan: stations that stay, and what it opens or keeps."""
    return np.concatenate([problem.fixed, sites[sites < problem.n_places]])


def _walks(problem: Problem, sites: Ints) -> Floats:
    """Minutes to the nearest open places, as many as a covered worker needs: need × demand."""
    minutes, _ = minutes_by_row(problem)
    return nearest_walks(minutes, _open(problem, sites), problem.asked.need)


def covered_worth(problem: Problem, sites: Ints) -> float:
    """Add up what the covered count for (covered twice, under ``backup``)."""
    won = problem.worth.units[_times(problem, sites) >= problem.asked.need]
    return float(won.sum()) / problem.worth.scale


def smallest_share(problem: Problem, sites: Ints) -> float:
    """Smallest share covered of any value of the column to be fair by; NaN without workers."""
    covered = _times(problem, sites)[-1] >= problem.asked.need
    table = problem.table
    groups = table.demand[problem.asked.fair_by].iloc[table.demand_order].to_numpy()
    units = pd.DataFrame({"workers": table.units, "won": np.where(covered, table.units, 0)})
    sums = units.groupby(groups, sort=False).sum()
    return float((sums["won"] / sums["workers"].where(sums["workers"] > 0)).min())


def walking(problem: Problem, sites: Ints) -> float:
    """Worker-minutes to the nearest (mean of two, under ``backup``); nobody there: the cutoff."""
    walks = np.minimum(_walks(problem, sites), problem.table.reach.cutoff)
    return float(problem.worth.places @ walks.mean(axis=0)) / problem.worth.place_scale


def _number(problem: Problem, sites: Ints) -> float:
    return float((sites < len(problem.by_id)).sum())


def _liked(problem: Problem, sites: Ints) -> float:
    """Preferred sites and kept stations."""
    kept = np.union1d(problem.places.preferred, problem.places.closable)
    return float(np.isin(sites, kept).sum())


def worst(problem: Problem, sites: Ints) -> float:
    """Longest walk (to the second nearest, under ``backup``) of all that any plan can serve.

    Infinite if somebody is not served.
    """
    reached = np.isfinite(_walks(problem, problem.usable)[-1])
    heavy = reached & (problem.table.units > 0)
    return float(_walks(problem, sites)[-1][heavy].max(initial=0.0))


def longest_served(model: Model, values: Floats) -> float:
    """Longest walk that anybody is sent on, with capacity."""
    sent = values[model.cover().assigned] > SENT
    return float(model.minutes_of_pairs()[sent].max(initial=0.0))


VALUES: dict[str, Callable[[Problem, Ints], float]] = {
    "most_covered": covered_worth,
    "fewest_sites": _number,
    "least_walking": walking,
    "shortest_worst": worst,
    "fairest": smallest_share,
    "prefer": _liked,
}
