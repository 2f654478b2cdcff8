"""One aim after the other, each with those before it held at their values."""

from __future__ import annotations

import math
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from servicecircle.siting._center import Tried, halve, plain_center
from servicecircle.siting._goals import (
    GOALS,
    NO_GOAL,
    add_requirement,
    hold,
    longest_served,
    served_by,
    value_of,
    worst,
)
from servicecircle.siting._median import is_plain, plain_median
from servicecircle.siting._model import NONE, Model
from servicecircle.siting._plain import covers_only, preference_counts, solve_cover_plan
from servicecircle.siting._solve import Answer

if TYPE_CHECKING:
    from collections.abc import Callable, Sequence

    from servicecircle._kernel.cover import Floats, Ints
    from servicecircle._kernel.program import Outcome
    from servicecircle.siting._goals import Goal
    from servicecircle.siting._rules import Problem

HALF = 0.5  # a whole column is 1 above it
FIRST_SHARE = 0.7  # of the time limit for the first aim, if there are several


class Held(NamedTuple):
    """An aim and the value that later aims may not spoil."""

    aim: str
    value: float


@dataclass(frozen=True)
class Assigned(Answer):
    """An answer that says how many units each place serves, by position."""

    served: Floats


@dataclass(frozen=True)
class Solution:
    """Open sites (positions) and the answer of every aim in turn."""

    sites: Ints
    answers: tuple[tuple[str, Answer], ...]
    served: Floats | None = None  # workers by position, with capacity

    @property
    def first(self) -> Answer:
        """The answer of the first aim."""
        return self.answers[0][1]


def solve(problem: Problem, start: Ints) -> Solution:
    """Solve the aims in turn; a later aim only chooses among plans equal in the earlier."""
    begun, limit = time.monotonic(), problem.asked.time_limit
    aims = _aims(problem)
    sites, held, answers = start, list[Held](), list[tuple[str, Answer]]()
    last: Answer | None = None
    for k, aim in enumerate(aims):
        share = FIRST_SHARE if k == 0 and len(aims) > 1 else 1.0
        answer = _solve_aim(problem, aim, held, sites, begun + share * limit)
        if k and _spoils(problem, held, answer):
            break
        answers.append((aim, answer))
        if not math.isnan(answer.value):
            last, sites = answer, answer.sites
            held.append(Held(aim, answer.value))
        elif not held:
            break
    served = last.served / problem.table.scale if isinstance(last, Assigned) else None
    return Solution(NONE if last is None else sites, tuple(answers), served)


def _aims(problem: Problem) -> tuple[str, ...]:
    """Return the aims in turn; preferences come last unless the search already counts them."""
    places, aims = problem.places, problem.asked.aims
    wished = len(places.preferred) or len(places.closable) or len(places.upgrades)
    counted = aims == ("most_covered",) and covers_only(problem) and preference_counts(problem)
    return (*aims, "prefer") if wished and not counted else aims


def _spoils(problem: Problem, held: Sequence[Held], answer: Answer) -> bool:
    """Whether a later aim made an earlier one worse, beyond what floats cannot tell."""
    if problem.asked.capacity or math.isnan(answer.value):
        return False
    for aim, value in held:
        now = value_of(None, problem, aim, None, answer.sites)
        worse = value - now if aim in ("most_covered", "fairest") else now - value
        if worse > 1e-6 * max(1.0, abs(value)):
            return True
    return False


def _solve_aim(
    problem: Problem, aim: str, held: Sequence[Held], start: Ints, deadline: float
) -> Answer:
    if not held:
        if aim == "most_covered" and covers_only(problem):
            return solve_cover_plan(problem, deadline - time.monotonic())
        if aim == "least_walking" and _median_fits(problem):
            return plain_median(problem, deadline)
        if aim == "shortest_worst" and covers_only(problem):
            return plain_center(problem, deadline)
    if aim == "shortest_worst":
        return _shortest_worst(problem, held, start, deadline)
    model = model_of(problem, held)
    goal = GOALS[aim](model, first=not held)
    model.costs(goal.columns, goal.cost)
    found = run(model, start, deadline, goal)
    value = math.nan
    if found[0].values is not None:
        value = value_of(model, problem, aim, *found)
    return _with_served(model, _answer(problem, aim, found, value, goal), found[0].values)


def _with_served(model: Model, answer: Answer, values: Floats | None) -> Answer:
    """Say how many each place serves, if places have a capacity."""
    served = None if values is None else served_by(model, values)
    return answer if served is None else Assigned(**vars(answer), served=served)


def _median_fits(problem: Problem) -> bool:
    asked, places = problem.asked, problem.places
    easy = problem.worth.plain and asked.max_minutes is None and not asked.capacity
    easy = easy and not asked.backup and not asked.floor
    return easy and not len(places.closable) and is_plain(problem)


def model_of(problem: Problem, held: Sequence[Held] = (), *, soft: bool = False) -> Model:
    """Sites and rules, and what earlier aims have won."""
    model = Model(problem, soft)
    for k, (aim, value) in enumerate(held):
        hold(model, aim, value, first=k == 0)
    return model


def soft_model(problem: Problem) -> Model:
    """Rules that may be broken, and whatever the first aim demands by itself."""
    model = model_of(problem, soft=True)
    if problem.asked.aims[0] == "fewest_sites":
        add_requirement(model)
    if problem.asked.aims[0] == "shortest_worst":
        model.walk_within(problem.table.reach.cutoff)
    return model


def run(model: Model, start: Ints, deadline: float, goal: Goal = NO_GOAL) -> tuple[Outcome, Ints]:
    """Solve the program; return the outcome and the open sites."""
    if model.program.n_columns == 0:
        model.program.add_columns(1, whole=True)
    problem = model.problem
    known = np.concatenate([start, problem.required, problem.places.closable])
    opened = np.isin(model.usable, known).astype(float)
    left = max(deadline - time.monotonic(), 0.0)
    first = (model.sites, opened) if len(model.sites) else None
    outcome = model.program.solve(
        seconds=left,
        gap=problem.asked.gap,
        start=first,
        step=goal.step * goal.scale,
        constant=goal.constant,
        watch=_watch(problem, goal),
    )
    if outcome.values is None:
        return outcome, NONE
    return outcome, model.usable[outcome.values[model.sites] > HALF]


def _watch(problem: Problem, goal: Goal) -> Callable[[float, float], object] | None:
    """Tell the planner's callback of value and bound in the planner's units."""
    tell, begun = problem.progress, time.monotonic()
    if tell is None or goal is NO_GOAL:
        return None
    unit = goal.sign / goal.scale
    return lambda cost, bound: tell(time.monotonic() - begun, unit * cost, unit * bound)


def _answer(
    problem: Problem, aim: str, found: tuple[Outcome, Ints], value: float, goal: Goal
) -> Answer:
    """Judge the value by the program's bound."""
    outcome, sites = found
    if outcome.ended == "infeasible":
        return Answer(NONE, math.nan, math.nan, "infeasible")
    bound = goal.sign * outcome.bound / goal.scale
    if aim == "fewest_sites":
        bound = max(math.ceil(bound - 1e-6), 0) if math.isfinite(bound) else 0.0
    if aim == "most_covered":
        bound = min(bound, float(problem.worth.places.sum()) / problem.worth.place_scale)
    if aim == "fairest":
        bound = min(bound, 1.0)
    if outcome.values is None:
        return Answer(NONE, math.nan, bound, "time_limit")
    if aim == "prefer":  # counts upgrades too, which the value does not
        return Answer(sites, value, value, "proved" if outcome.ended == "optimal" else "time_limit")
    tolerance = max(0.999 * goal.step, 1e-6 * max(1.0, abs(value)))
    if goal.sign * (value - bound) < tolerance and goal.sign * (value - bound) > -tolerance:
        return Answer(sites, value, value, "proved")
    close = abs(bound - value) <= problem.asked.gap * abs(value) + 1e-9
    return Answer(sites, value, bound, "gap" if close else "time_limit")


def _shortest_worst(problem: Problem, held: Sequence[Held], start: Ints, deadline: float) -> Answer:
    def within(limit: float) -> Tried[tuple[Model, Floats, Ints]]:
        model = model_of(problem, held)
        model.walk_within(limit)
        outcome, sites = run(model, start, deadline)
        if outcome.values is None:
            return Tried(None, refuted=outcome.ended == "infeasible")
        longest = _worst_walk(model, outcome.values, sites)
        return Tried((model, outcome.values, sites), longest)

    halved = halve(problem, within)
    if halved.found is None:
        return Answer(NONE, halved.value, halved.bound, halved.status)
    model, values, sites = halved.found
    return _with_served(model, Answer(sites, *halved[1:]), values)


def _worst_walk(model: Model, values: Floats, sites: Ints) -> float:
    if model.problem.asked.capacity:
        return longest_served(model, values)
    return worst(model.problem, sites)
