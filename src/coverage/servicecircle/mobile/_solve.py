"""Which of the possible days to drive: a program for HiGHS, on arrays."""

from __future__ import annotations

import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal, NamedTuple

import numpy as np
from scipy import sparse

from servicecircle._kernel.program import Program
from servicecircle.mobile._routes import ROUNDING, Bools, Day, Floats, Ints, day_routes

if TYPE_CHECKING:
    from servicecircle._kernel.program import Outcome

Status = Literal["proved", "gap", "time_limit"]

MOST_DRIVES = 30_000  # possible vehicle days that go into the program
LEAST_SECONDS = 1.0  # for what comes after the time limit has struck
TIDYING = 10.0  # seconds for fewer days and less driving
EARLIER = 1e-3  # minutes of driving that a day sooner is worth, to break ties


@dataclass(frozen=True)
class Task:
    """What is to be served: whole units of workers, open days, vehicles, one vehicle's day.

    Sites run in the order of their ids; ``opened`` is sites × days; a site gets up to
    ``stops_a_site`` stops, on different days.
    """

    units: Ints
    opened: Bools
    vehicles: int
    stops_a_site: int
    day: Day
    most_drives: int = MOST_DRIVES


class Drive(NamedTuple):
    """One vehicle's day: positions of the day, the vehicle, and the sites in driving order."""

    day: int
    vehicle: int
    sites: Ints


@dataclass(frozen=True)
class Answer:
    """The days driven, units served, and the most that could be."""

    drives: list[Drive]
    value: int
    bound: int
    status: Status


@dataclass(frozen=True)
class Choices:
    """Every vehicle day that may be driven; days on which the same sites are open are one group.

    ``table`` is sites × choices, ``days`` the positions of each group's days.
    """

    routes: list[Ints]
    driving: Floats
    group: Ints
    table: sparse.csr_array
    days: list[Ints]
    complete: bool


@dataclass(frozen=True)
class Model:
    """The program: columns of the choices, and for every n of the sites with n stops."""

    task: Task
    choices: Choices
    program: Program
    taken: Ints
    nth: list[Ints]

    def stops(self, chosen: Ints) -> Ints:
        """How often each site is served."""
        return np.asarray(self.choices.table[:, chosen].sum(axis=1), dtype=np.int64)

    def served(self, chosen: Ints, nth: int) -> int:
        """Units at sites with at least so many stops."""
        return int(self.task.units[self.stops(chosen) >= nth].sum())

    def solve(self, columns: Ints, cost: Floats, chosen: Ints, ends: float, step: float) -> Outcome:
        """Minimise the cost of some columns, from what is chosen so far."""
        costs = np.zeros(self.program.n_columns)
        costs[columns] = cost
        self.program.set_costs(costs)
        values = np.zeros(self.program.n_columns)
        values[self.taken[chosen]] = 1.0
        for n, columns_of_sites in enumerate(self.nth, start=1):
            values[columns_of_sites] = self.stops(chosen) >= n
        seconds = max(ends - time.monotonic(), LEAST_SECONDS)
        everything = np.arange(self.program.n_columns)
        return self.program.solve(seconds=seconds, start=(everything, values), step=step)


def solve_tour(task: Task, *, seconds: float) -> Answer:
    """Serve the most workers; then second stops, and so on; then fewest days, least driving."""
    ends = time.monotonic() + seconds
    model = _model(task, _choices(task))
    chosen = _greedy(model)
    total = bound = int(task.units.sum())
    ended = True
    for n, columns in enumerate(model.nth, start=1):
        if model.served(chosen, n) < total:
            out = model.solve(columns, -task.units.astype(float), chosen, ends, step=1.0)
            chosen = max(chosen, _chosen(model, out, chosen), key=lambda one: model.served(one, n))
            if n == 1:
                bound, ended = _bound(model, out, ends), out.ended == "optimal"
        _keep(model, columns, model.served(chosen, n))
    value = model.served(chosen, 1)
    status: Status = "proved" if bound <= value else "gap" if ended else "time_limit"
    drives = _arranged(model, _tidied(model, chosen, ends))
    return Answer(drives, value, max(bound, value), status)


def _choices(task: Task) -> Choices:
    opened, days = _groups(task)
    levels, complete = day_routes(task.day, opened, task.most_drives // max(len(days), 1) + 1)
    routes: list[Ints] = []
    driving, group = [np.zeros(0)], [np.zeros(0, dtype=np.int64)]
    for level in levels:
        row, where = np.nonzero(opened[level.sites].all(axis=1))
        routes += list(level.sites[row])
        driving.append(level.driving[row])
        group.append(where)
    ends = np.cumsum([0, *map(len, routes)])
    sites = np.concatenate([*routes, np.zeros(0, dtype=np.int64)])
    table = sparse.csc_array(
        (np.ones(len(sites)), sites, ends), shape=(len(task.units), len(routes))
    )
    return Choices(
        routes,
        np.concatenate(driving),
        np.concatenate(group),
        sparse.csr_array(table),
        days,
        complete,
    )


def _groups(task: Task) -> tuple[Bools, list[Ints]]:
    """Put days on which the same sites are open together; not where sites get several stops."""
    if task.stops_a_site > 1:
        return task.opened, [np.array([day]) for day in range(task.opened.shape[1])]
    _, first, which = np.unique(task.opened, axis=1, return_index=True, return_inverse=True)
    order = np.argsort(first)
    days = [np.flatnonzero(which.ravel() == one) for one in order]
    return task.opened[:, first[order]], days


def _model(task: Task, choices: Choices) -> Model:
    program, n, m = Program(), len(task.units), len(choices.routes)
    taken = program.add_columns(m, whole=True)
    nth = [program.add_columns(n, whole=True) for _ in range(task.stops_a_site)]
    ones = (np.ones(m), (choices.group, np.arange(m)))
    groups = sparse.csr_array(ones, shape=(len(choices.days), m))
    room = task.vehicles * np.array([len(days) for days in choices.days], dtype=float)
    program.add_rows([(taken, groups)], 0.0, room)
    less = [(columns, -sparse.eye_array(n, format="csr")) for columns in nth]
    program.add_rows([(taken, choices.table), *less], 0.0, 0.0)
    if task.stops_a_site > 1:
        site, choice = choices.table.nonzero()
        once = (np.ones(len(site)), (site * len(choices.days) + choices.group[choice], choice))
        daily = sparse.csr_array(once, shape=(n * len(choices.days), m))
        program.add_rows([(taken, daily)], 0.0, 1.0)
    return Model(task, choices, program, taken, nth)


def _greedy(model: Model) -> Ints:
    """Drive the day with the most workers not yet served, again and again."""
    task, choices = model.task, model.choices
    by_choice = sparse.csr_array(choices.table.T)
    room = task.vehicles * np.array([len(days) for days in choices.days], dtype=np.int64)
    gains = by_choice @ task.units
    chosen: list[int] = []
    while len(gains) and gains.max() > 0:
        best = int(gains.argmax())
        chosen.append(best)
        room[choices.group[best]] -= 1
        visited = np.zeros(len(task.units))
        visited[choices.routes[best]] = 1.0
        gains[(by_choice @ visited > 0) | (room[choices.group] == 0)] = 0
    return np.sort(np.array(chosen, dtype=np.int64))


def _chosen(model: Model, out: Outcome, before: Ints) -> Ints:
    if out.values is None:
        return before
    return np.flatnonzero(out.values[model.taken] > 0.5)  # noqa: PLR2004 - of 0 or 1


def _bound(model: Model, out: Outcome, ends: float) -> int:
    """Units that no tour can exceed."""
    exact = model.choices.complete and np.isfinite(out.bound)
    most = -out.bound if exact else _looser(model, ends)
    total = int(model.task.units.sum())
    return total if np.isinf(most) else min(total, int(np.floor(most * (1 + 1e-9) + 1e-6)))


def _looser(model: Model, ends: float) -> float:
    """Bound the units served when only hours and stops of each day count, not the ways."""
    task, days, program = model.task, model.choices.days, Program()
    n, alone = len(task.units), task.day.alone() <= task.day.length + ROUNDING
    opened = task.opened[:, [one[0] for one in days]] & alone[:, None]
    site, group = np.nonzero(opened)
    stops = program.add_columns(len(site))
    served = program.add_columns(n, cost=-task.units, whole=True)
    by_site = sparse.csr_array((np.ones(len(site)), (site, np.arange(len(site)))), (n, len(site)))
    program.add_rows([(stops, by_site), (served, -sparse.eye_array(n, format="csr"))], 0.0, np.inf)
    room = task.vehicles * np.array([len(one) for one in days], dtype=float)
    for used, most in ((task.day.stop[site], task.day.length), (np.ones(len(site)), task.day.most)):
        each = sparse.csr_array((used, (group, np.arange(len(site)))), (len(days), len(site)))
        program.add_rows([(stops, each)], 0.0, room * most + ROUNDING)
    return -program.solve(seconds=max(ends - time.monotonic(), LEAST_SECONDS), step=1.0).bound


def _keep(model: Model, columns: Ints, served: int) -> None:
    """Let no later aim serve fewer."""
    largest = max(int(model.task.units.max(initial=0)), 1)
    row = sparse.csr_array(model.task.units[None, :] / largest)
    model.program.add_rows([(columns, row)], (served - 0.5) / largest, np.inf)


def _tidied(model: Model, chosen: Ints, ends: float) -> Ints:
    """Drive on the fewest days; of such tours the least; of such the soonest."""
    choices, m = model.choices, len(model.taken)
    ends = min(ends, time.monotonic() + TIDYING)
    chosen = _chosen(model, model.solve(model.taken, np.ones(m), chosen, ends, step=1.0), chosen)
    model.program.add_rows([(model.taken, sparse.csr_array(np.ones((1, m))))], 0.0, len(chosen))
    first = np.array([days[0] for days in choices.days], dtype=float)
    cost = choices.driving + EARLIER * first[choices.group]
    return _chosen(model, model.solve(model.taken, cost, chosen, ends, step=0.0), chosen)


def _arranged(model: Model, chosen: Ints) -> list[Drive]:
    """Give every choice a day of its group and a vehicle; the most workers go first."""
    task, choices = model.task, model.choices
    units = [int(task.units[choices.routes[one]].sum()) for one in chosen]
    drives = []
    for group, days in enumerate(choices.days):
        mine = [k for k in range(len(chosen)) if choices.group[chosen[k]] == group]
        for k, one in enumerate(sorted(mine, key=lambda k: (-units[k], chosen[k]))):
            day, vehicle = days[k // task.vehicles], k % task.vehicles
            drives.append(Drive(int(day), vehicle, choices.routes[chosen[one]]))
    return sorted(drives, key=lambda drive: (drive.day, drive.vehicle))
