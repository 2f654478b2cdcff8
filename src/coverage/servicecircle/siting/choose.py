"""choose_sites: check what is asked for, solve it, and write the plan."""

from __future__ import annotations

import math
import time
import warnings
from typing import TYPE_CHECKING, Literal

import numpy as np
from scipy import sparse

from servicecircle._checks import check_minutes
from servicecircle._kernel.cover import Cover, Ints, cover_from, select
from servicecircle._kernel.cover_search import Rules, at_most, empty_state, fill, turn
from servicecircle.errors import ModelWarning
from servicecircle.reach import Reach
from servicecircle.scores import WEIGHTS, nearest_station, score_table, site_table
from servicecircle.siting._aims import solve_program
from servicecircle.siting._asked import check_asked
from servicecircle.siting._conflicts import find_conflicts
from servicecircle.siting._frames import Found, write_plan
from servicecircle.siting._rules import Problem, problem_of
from servicecircle.siting._solve import Answer, CoverSolver, compile_kernels
from servicecircle.siting.plan import Asked

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence

    import geopandas as gpd

    from servicecircle.networks import WalkNetwork
    from servicecircle.siting.plan import SitePlan

Aim = Literal["most_covered", "fewest_sites", "least_walking", "shortest_worst", "fairest"]


def choose_sites(
    network: WalkNetwork | Reach,
    candidates: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    *,
    existing: gpd.GeoDataFrame | None = None,
    minutes: float | Sequence[float] = 15,
    speed: float = 4.5,
    weight: str = "workers",
    aim: Aim = "most_covered",
    n_open: int | None = None,
    budget: float | None = None,
    cost: str = "cost",
    at_least: Mapping[str, int | Mapping[object, int]] | None = None,
    at_most: Mapping[str, int | Mapping[object, int]] | None = None,
    count_existing: bool = True,
    min_spacing: float | None = None,
    exclusive: str | Iterable[Iterable[object]] | None = None,
    floor: Mapping[str, float | Mapping[object, float]] | None = None,
    share: float | None = None,
    backup: bool = False,
    capacity: str | None = None,
    split: bool = True,
    fair_by: str | None = None,
    required: Iterable[object] = (),
    forbidden: Iterable[object] = (),
    time_limit: float = 30.0,
    gap: float = 0.0,
    seed: int = 0,
) -> SitePlan:
    """Choose the best set of sites under the planner's rules, with proof.

    Parameters
    ----------
    network : WalkNetwork or Reach
        The streets, or walking times already computed, which must hold the candidates and
        the existing stations among their facilities.
    candidates : geopandas.GeoDataFrame
        Places that could host a station. Rows whose status is not ``ok`` are never chosen
        unless required.
    demand : geopandas.GeoDataFrame
        Places with workers.
    existing : geopandas.GeoDataFrame, optional
        Today's stations: they stay open, and whom they cover counts once.
    minutes : float or sequence of float
        The cutoff (``≤`` is within). Of several the largest decides; the others are bands
        in the coverage.
    speed : float
        Walking speed in km/h.
    weight : str
        The column of ``demand`` that counts workers.
    aim : {"most_covered", "fewest_sites", "least_walking", "shortest_worst", "fairest"}
        ``most_covered``: the most workers (MCLP). ``fewest_sites``: the fewest new sites
        that cover all whom any candidate can (LSCP), or the ``share`` asked for.
        ``least_walking``: the fewest worker-minutes to the nearest place; a point with
        nobody within the cutoff counts the cutoff (p-median). ``shortest_worst``: the
        shortest longest walk of all that can be reached (p-center). ``fairest``: the
        largest smallest share over the values of ``fair_by``, then the most workers.
    n_open : int
        At most this many new sites. ``most_covered`` leaves out sites that add nobody,
        unless more are allowed than there are candidates: then all open.
    budget, cost : float and str
        What the new sites may cost together, and the candidates' column of costs. Without
        a valid cost a candidate stays closed.
    at_least, at_most : mapping
        Numbers of sites per value of a column: ``{"district": 1}`` for every value, or
        ``{"district": {"江岸区": 2}}``. Existing stations count unless
        ``count_existing=False``.
    min_spacing : float
        Metres in a straight line between new sites, and between them and existing ones.
    exclusive : str or iterable of groups of ids
        At most one new site of each value of a column (two shops of one building), or of
        each group.
    floor : mapping
        Least share covered of groups of demand: ``{"group": 0.6}`` for every value, or
        ``{"group": {"骑手": 0.6}}``.
    share : float
        For ``fewest_sites``: the share of all workers to cover.
    backup : bool
        Only places with two facilities within the cutoff count as covered.
    capacity : str
        Column of candidates and existing stations: workers each can serve (missing: any
        number). Workers of one place may go to several sites unless ``split=False``.
    fair_by : str
        For ``fairest``: a column of ``demand``, e.g. ``"district"`` (the default).
    required, forbidden : iterable of ids
        Candidates that must, or must not, be in the plan.
    time_limit : float
        Seconds for searching and proving. The best plan found is always returned.
    gap : float
        Stop when the plan is proved to lie within this share of the best, e.g. 0.01.
    seed : int
        For the local search. The same inputs and seed give the same plan, as long as the
        time limit does not strike.

    Returns
    -------
    SitePlan
        With ``status``, ``value``, ``bound`` and ``optimality_gap``.

    Raises
    ------
    CrsError, InputError
        A table has no CRS, repeated ids or bad weights; a number is out of range.
    ModelError
        No ``n_open`` and no ``budget``; unknown ids, columns or values; an id both required
        and forbidden; rules that have no meaning together.

    Warns
    -----
    ModelWarning
        More sites are allowed than there are; a required site reaches nobody; the budget
        is below the cheapest site; candidates without a cost.

    Notes
    -----
    Maximal covering (Church & ReVelle 1974), set covering (Toregas et al. 1971), p-median
    and p-center (Hakimi 1964). For ``most_covered`` exact reductions, greedy filling, swaps
    and iterated local search give the plan; Lagrangian and linear relaxations the bound;
    reduced costs fix what is decided; HiGHS decides the rest, and all other aims.

    Examples
    --------
    >>> plan = choose_sites(streets, shops, workers, existing=stations, n_open=12)  # doctest: +SKIP
    >>> plan.sites[["order", "gain", "reason_en"]]  # doctest: +SKIP
    """
    bands = check_minutes(minutes)
    table = site_table(
        network, candidates, demand, existing, minutes=bands, speed=speed, weight=weight
    )
    asked = Asked(
        aim=aim,
        n_open=n_open,
        required=required,  # type: ignore[arg-type]  # checked below
        forbidden=forbidden,  # type: ignore[arg-type]
        minutes=bands,
        speed=speed,
        weight=weight,
        time_limit=time_limit,
        gap=gap,
        seed=seed,
        budget=budget,
        cost=cost,
        at_least=at_least,
        at_most=at_most,
        count_existing=count_existing,
        min_spacing=min_spacing,
        exclusive=exclusive,
        floor=floor,
        share=share,
        backup=backup,
        capacity=capacity,
        split=split,
        fair_by="district" if aim == "fairest" and fair_by is None else fair_by,
    )
    asked = check_asked(asked, table.candidates.index)
    problem = problem_of(table, asked)
    scored = score_table(table, nearest_station(network, table, speed), WEIGHTS)
    found = _solve(problem)
    return write_plan(table, scored, found, asked, None if isinstance(network, Reach) else network)


def _solve(problem: Problem) -> Found:
    """Solve by the covering pipeline where it fits, else as a program."""
    compile_kernels()
    started = time.monotonic()
    table = problem.table
    cover = cover_from(table.within[problem.by_id], np.where(table.covered, 0, table.units))
    asked = problem.asked
    _warn_of_plenty(problem)
    plain = asked.aim == "most_covered" and not (asked.floor or asked.backup or asked.capacity)
    if plain and all(limit.low <= 0 for limit in problem.limits):
        answer = _most_covered(problem, cover)
    else:
        answer = solve_program(problem, _greedy(problem, cover))
    order, gains, further = _opening_order(problem, cover, answer.sites, drop=plain)
    conflicts = find_conflicts(problem) if answer.status == "infeasible" else []
    return Found(answer, order, gains, further, time.monotonic() - started, conflicts)


def _warn_of_plenty(problem: Problem) -> None:
    n_open, usable = problem.asked.n_open, len(problem.usable)
    if n_open is not None and n_open > usable and len(problem.limits) == 1:
        warnings.warn(
            f"`n_open` is {n_open} but only {usable} candidates may open: all of them do.",
            ModelWarning,
            stacklevel=4,
        )


def _rules(problem: Problem) -> Rules:
    """Upper limits over the free sites, with the room that the required ones leave."""
    limits = [limit for limit in problem.limits if np.isfinite(limit.high)]
    rows: Ints = np.repeat(np.arange(len(limits)), [len(limit.sites) for limit in limits])
    none: Ints = np.zeros(0, np.int64)
    sites: Ints = np.concatenate([none, *(limit.sites for limit in limits)])
    amounts: Ints = np.concatenate([none, *(limit.amounts for limit in limits)])
    shape = (len(problem.by_id), len(limits))
    table = sparse.coo_array((amounts, (sites, rows)), shape=shape).tocsr()
    taken: Ints = np.asarray(table[problem.required].sum(axis=0))
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


def _most_covered(problem: Problem, cover: Cover) -> Answer:
    """Open what is required, then the best of the rest."""
    table, free = problem.table, problem.free
    today, scale = int(table.units[table.covered].sum()), table.scale
    rules = _rules(problem)
    if (rules.limit < 0).any():
        return Answer(np.zeros(0, np.int64), math.nan, math.nan, "infeasible")
    state = _opened(cover, problem.required)
    base = today + int(cover.weight[state > 0].sum())
    only_number = len(problem.limits) == 1 and problem.limits[0].rule == "n_open"
    if only_number and rules.limit[0] > len(free):
        value = (today + int(cover.weight[_opened(cover, problem.usable) > 0].sum())) / scale
        return Answer(problem.usable, value, value, "proved")
    rest = cover._replace(weight=np.where(state > 0, 0, cover.weight))
    rest = select(rest, free, np.arange(cover.shape[1]))
    asked = problem.asked
    best = CoverSolver(
        rest,
        rules,
        _most(rules),
        time_limit=asked.time_limit,
        gap=asked.gap,
        seed=asked.seed,
        drop_dominated=only_number,
    ).run()
    value, bound = (base + best.value) / scale, (base + best.bound) / scale
    return Answer(np.union1d(problem.required, free[best.sites]), value, bound, best.status)


def _greedy(problem: Problem, cover: Cover) -> Ints:
    """Fill up by gain under the upper limits: where the program may start from."""
    rules = _rules(problem)
    state = _opened(cover, problem.required)
    rest = cover._replace(weight=np.where(state > 0, 0, cover.weight))
    rest = select(rest, problem.free, np.arange(cover.shape[1]))
    order, _ = fill(rest, rules, empty_state(rest, rules), 0.0, np.ones(1, dtype=np.uint64))
    return problem.free[order]


def _opened(cover: Cover, sites: Ints) -> Ints:
    """How many of the sites cover each row."""
    parts = [cover.site_rows[cover.site_ptr[j] : cover.site_ptr[j + 1]] for j in sites]
    return np.bincount(np.concatenate([np.zeros(0, np.int32), *parts]), minlength=cover.shape[1])


def _opening_order(
    problem: Problem, cover: Cover, chosen: Ints, *, drop: bool
) -> tuple[Ints, Ints, Ints]:
    """Order the chosen sites by their further gain; those without any last, by id.

    Returns the caller's positions, their gains, and (by the caller's position) what every
    candidate would add once all are open. With ``drop`` sites that add nobody and that no
    rule needs are left out.
    """
    part = select(cover, chosen, np.arange(cover.shape[1]))
    rules = at_most(len(chosen), len(chosen))
    order, _ = fill(part, rules, empty_state(part, rules), 0.0, np.ones(1, dtype=np.uint64))
    useful = chosen[order]
    useless = np.setdiff1d(chosen, useful)
    n_open = problem.asked.n_open
    if drop and (n_open is None or n_open <= len(problem.usable)):
        useless = _needed(problem, useful, useless)
    opened = np.concatenate([useful, useless])
    rules = at_most(len(opened), cover.shape[0])
    state = empty_state(cover, rules)
    gains = np.array([turn(cover, rules, state, j, 1) for j in opened], dtype=np.int64)
    further = np.empty(cover.shape[0], dtype=np.int64)
    further[problem.by_id] = state.gain
    return problem.by_id[opened], gains, further


def _needed(problem: Problem, useful: Ints, useless: Ints) -> Ints:
    """Keep those that are required or without which a minimum is missed."""
    kept = useless
    for j in np.setdiff1d(useless, problem.required)[::-1]:
        fewer = np.setdiff1d(kept, [j])
        opened = np.concatenate([useful, fewer])
        met = [
            limit.amounts[np.isin(limit.sites, opened)].sum() >= limit.low
            for limit in problem.limits
        ]
        kept = fewer if all(met) else kept
    return kept
