"""choose_sites: check what is asked for, solve it, and write the plan."""

from __future__ import annotations

import math
import time
import warnings
from dataclasses import fields
from typing import TYPE_CHECKING, Any, Literal

import numpy as np
from scipy import sparse

from servicecircle._checks import check_minutes
from servicecircle._kernel.cover import Cover, Floats, Ints, cover_from, select
from servicecircle._kernel.cover_search import at_most, empty_state, fill, turn
from servicecircle._said import say
from servicecircle.errors import ModelWarning
from servicecircle.reach import Reach
from servicecircle.scores import WEIGHTS, nearest_station, score_table, site_table
from servicecircle.siting._asked import check_asked
from servicecircle.siting._conflicts import find_conflicts
from servicecircle.siting._covering import minutes_by_place
from servicecircle.siting._frames import Found, write_plan
from servicecircle.siting._plain import covers_only, greedy
from servicecircle.siting._rules import problem_of
from servicecircle.siting._solve import compile_kernels
from servicecircle.siting._stages import solve
from servicecircle.siting._worth import within_each
from servicecircle.siting.plan import Asked

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping, Sequence

    import geopandas as gpd

    from servicecircle.networks import WalkNetwork
    from servicecircle.siting._rules import Problem
    from servicecircle.siting.plan import SitePlan

Aim = Literal["most_covered", "fewest_sites", "least_walking", "shortest_worst", "fairest"]


# One line per subject: what is served, aim, number and cost, where, who, stations, search.
# fmt: off
def choose_sites(
    network: WalkNetwork | Reach, candidates: gpd.GeoDataFrame, demand: gpd.GeoDataFrame, *,
    existing: gpd.GeoDataFrame | None = None, minutes: float | Sequence[float] = 15,
    speed: float = 4.5, weight: str = "workers",
    group_weights: Mapping[object, float] | None = None,
    decay: Literal["linear", "gaussian"] | Sequence[float] | None = None,
    aim: Aim | tuple[Aim, Aim] = "most_covered", share: float | None = None,
    fair_by: str | None = None, n_open: int | None = None,
    budget: float | None = None, cost: str = "cost",
    required: str | Iterable[object] = (), forbidden: str | Iterable[object] = (),
    prefer: str | Iterable[object] = (),
    at_least: Mapping[str, int | Mapping[object, int]] | None = None,
    at_most: Mapping[str, int | Mapping[object, int]] | None = None, count_existing: bool = True,
    min_spacing: float | None = None, min_spacing_minutes: float | None = None,
    exclusive: str | Iterable[Iterable[object]] | None = None,
    floor: Mapping[str, float | Mapping[object, float]] | None = None,
    max_minutes: float | None = None, backup: bool = False,
    capacity: str | None = None, split: bool = True,
    closable: str | Iterable[object] = (), closing_cost: str = "closing_cost",
    upgradable: str | None = None, upgrade_cost: str = "upgrade_cost",
    time_limit: float = 30.0, gap: float = 0.0, seed: int = 0,
    progress: Callable[[float, float, float], object] | None = None,
) -> SitePlan:
    # fmt: on
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
        Today's stations: they stay open unless ``closable``, and whom they cover counts once.
    minutes : float or sequence of float
        The cutoff (``≤`` is within). Of several the largest decides; the others are bands
        in the coverage, and the steps of a ``decay``.
    speed : float
        Walking speed in km/h.
    weight : str
        The column of ``demand`` that counts workers.
    group_weights : mapping
        How much a worker of each value of ``demand["group"]`` counts in ``most_covered`` and
        ``least_walking``, e.g. ``{"rider": 2}``; others count 1. Gains and shares stay in
        workers.
    decay : {"linear", "gaussian"} or sequence of float
        What a covered worker counts in ``most_covered``, by the walk to the nearest: one
        falling value per cutoff (``minutes=(10, 15), decay=(1, 0.5)``); ``"linear"`` from 1
        at the door to 0 at the cutoff; ``"gaussian"`` alike along a bell. The named ones
        count the whole minutes before the walk ends. Default: 1 up to the cutoff.
    aim : {"most_covered", "fewest_sites", "least_walking", "shortest_worst", "fairest"}
        ``most_covered``: the most workers (MCLP). ``fewest_sites``: the fewest new sites
        that cover all whom any candidate can (LSCP), or the ``share`` asked for.
        ``least_walking``: the fewest worker-minutes to the nearest place; a point with
        nobody within the cutoff counts the cutoff (p-median). ``shortest_worst``: the
        shortest longest walk of all that can be reached (p-center). ``fairest``: the
        largest smallest share over the values of ``fair_by``, then the most workers. Two
        aims, e.g. ``("most_covered", "least_walking")``: the second chooses among the plans
        that are best by the first; ``fewest_sites`` as the second only counts sites.
    share : float
        For ``fewest_sites``: the share of all workers to cover.
    fair_by : str
        For ``fairest``: a column of ``demand``, e.g. ``"district"`` (the default).
    n_open : int
        At most this many new sites; a station that closes makes room for one more.
        ``most_covered`` leaves out sites that add nobody, unless more are allowed than there
        are candidates: then all open.
    budget, cost : float and str
        What the new sites may cost together, and the candidates' column of costs. Without
        a valid cost a candidate stays closed.
    required, forbidden : str or iterable of ids
        Candidates (a column of yes and no, or ids) that must, or must not, be in the plan.
    prefer : str or iterable of ids
        Candidates (a column of yes and no, or ids) that go first among plans of equal value,
        e.g. venues that the union already has.
    at_least, at_most : mapping
        Numbers of sites per value of a column: ``{"district": 1}`` for every value, or
        ``{"district": {"江岸区": 2}}``; any column that candidates and stations share, a grid
        cell too. Existing stations count unless ``count_existing=False``.
    min_spacing : float
        Metres in a straight line between new sites, and between them and existing ones.
    min_spacing_minutes : float
        The same in minutes on foot; needs the network.
    exclusive : str or iterable of groups of ids
        At most one new site of each value of a column (two shops of one building), or of
        each group.
    floor : mapping
        Least share covered of groups of demand: ``{"group": 0.6}`` for every value, or
        ``{"group": {"骑手": 0.6}}``.
    max_minutes : float
        Whomever a station or candidate reaches within so many minutes must have an open
        place within them (a p-median with a maximum).
    backup : bool
        Only places with two facilities within the cutoff count as covered. Then
        ``least_walking`` adds up the mean of the walks to the two nearest (one that is
        missing counts the cutoff), ``shortest_worst`` and ``decay`` look at the second
        nearest.
    capacity : str
        Column of candidates and existing stations: workers each can serve (missing: any
        number). Workers of one place may go to several sites unless ``split=False``. Walks
        are those to where there is room; ``shortest_worst`` needs room for everybody. With
        ``backup`` a worker takes room at two places, and of a ``decay`` each counts half.
    closable, closing_cost : str or iterable of ids, and str
        Stations (a column of yes and no, or ids) that may close, and their column of what
        that costs (negative: what it saves; missing: nothing), which counts in the budget.
    upgradable, upgrade_cost : str
        Column of ``existing`` with the capacity after an upgrade (missing: cannot be), and
        the column of what that costs. A station that serves nobody before it is refitted is
        a candidate.
    time_limit : float
        Seconds for searching and proving. The best plan found is always returned.
    gap : float
        Stop when the plan is proved to lie within this share of the best, e.g. 0.01.
    seed : int
        For the local search. The same inputs and seed give the same plan, as long as the
        time limit does not strike.
    progress : callable
        Called now and then with seconds, value and bound.

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
    Maximal covering (Church & ReVelle 1974), gradual with a decay (Berman & Krass 2002), set
    covering (Toregas et al. 1971), p-median and p-center (Hakimi 1964), closing stations
    (Wang et al. 2003). ``backup``: Hogan & ReVelle 1986; with capacity Pirkul & Schilling
    1989; p-center to the second nearest (Krumke 1995), p-median to two (Swamy & Shmoys 2008).
    ``"gaussian"``: (exp(−t²/2T²) − exp(−½)) / (1 − exp(−½)) (Dai 2010).
    For ``most_covered`` exact reductions, greedy filling, swaps and iterated local search give
    the plan; Lagrangian and linear relaxations the bound; reduced costs fix what is decided;
    HiGHS decides the rest, and all other aims.

    Examples
    --------
    >>> plan = choose_sites(streets, shops, workers, existing=stations, n_open=12)  # doctest: +SKIP
    >>> plan.sites[["order", "gain", "reason_en"]]  # doctest: +SKIP
    """
    given = dict(locals())
    bands = check_minutes(minutes)
    table = site_table(
        network, candidates, demand, existing, minutes=bands, speed=speed, weight=weight
    )
    given |= {"minutes": bands, "fair_by": _fair_by(aim, fair_by)}
    asked = Asked(**{one.name: given[one.name] for one in fields(Asked)})
    asked = check_asked(asked, table.candidates)
    problem = problem_of(table, asked, network, progress)
    scored = score_table(table, nearest_station(network, table, speed), WEIGHTS)
    found = _solve(problem)
    return write_plan(table, scored, found, asked, None if isinstance(network, Reach) else network)


def _fair_by(aim: Any, fair_by: str | None) -> str | None:
    fair = aim == "fairest" or (not isinstance(aim, str) and "fairest" in aim)
    return "district" if fair and fair_by is None else fair_by


def _solve(problem: Problem) -> Found:
    """Solve, then put the sites in order."""
    compile_kernels()
    started = time.monotonic()
    _warn_of_plenty(problem)
    solution = solve(problem, greedy(problem))
    n = len(problem.by_id)
    new = solution.sites[solution.sites < n]
    settled = solution.first.status != "infeasible"
    planned = not math.isnan(solution.first.value)
    closes = np.setdiff1d(problem.places.closable, solution.sites) - n
    upgrades = np.intersect1d(problem.places.upgrades, solution.sites) - problem.n_places
    closes = closes if planned else closes[:0]
    kept = np.setdiff1d(np.arange(problem.places.stations), closes)
    order, gains, further = _opening_order(problem, new, kept)
    conflicts = [] if settled else find_conflicts(problem)
    seconds = time.monotonic() - started
    served = _by_row(problem, solution.served)
    found = order, gains, further, kept, upgrades, served
    return Found(solution.answers, *found, seconds, conflicts)


def _by_row(problem: Problem, served: Floats | None) -> Floats | None:
    """Put candidates in the caller's order; stations follow."""
    if served is None:
        return None
    n = len(problem.by_id)
    out = served.copy()
    out[problem.by_id] = served[:n]
    return out


def _warn_of_plenty(problem: Problem) -> None:
    n_open, usable = problem.asked.n_open, len(problem.required) + len(problem.free)
    if n_open is not None and n_open > usable and len(problem.limits) == 1:
        said = say(
            "`n_open` is {n_open} but only {usable} candidates may open: all of them do.",
            "`n_open` 为 {n_open}，但可开设的候选点只有 {usable} 个，全部开设。",
            n_open=n_open,
            usable=usable,
        )
        warnings.warn(said, ModelWarning, stacklevel=4)


def _opening_order(problem: Problem, chosen: Ints, kept: Ints) -> tuple[Ints, Ints, Ints]:
    """Order the chosen sites by what they further win; those that win nothing last, by id.

    Returns the caller's positions, their gains in workers, and (by the caller's position)
    what every candidate would add once all are open. Where only covering counts, sites that
    win nothing and that no rule needs are left out.
    """
    plain = problem.asked.aims == ("most_covered",) and covers_only(problem)
    worth = _cover_after(problem, kept, problem.worth.limits, problem.worth.units)
    order = _greedy_order(worth, chosen)
    useful = chosen[order]
    useless = np.setdiff1d(chosen, useful)
    n_open = problem.asked.n_open
    if plain and (n_open is None or n_open <= len(problem.usable)):
        useless = _needed(problem, useful, useless)
    opened = np.concatenate([useful, useless])
    cover = _cover_after(problem, kept, problem.worth.limits[-1:], problem.table.units)
    rules = at_most(len(opened), cover.shape[0])
    state = empty_state(cover, rules)
    gains = np.array([turn(cover, rules, state, j, 1) for j in opened], dtype=np.int64)
    further = np.empty(cover.shape[0], dtype=np.int64)
    further[problem.by_id] = state.gain
    return problem.by_id[opened], gains, further


def _cover_after(problem: Problem, kept: Ints, limits: np.ndarray, units: Ints) -> Cover:
    """Say what candidates cover beyond the stations that stay."""
    pattern = within_each(minutes_by_place(problem), limits)
    n = len(problem.by_id)
    done = np.asarray(pattern[n + kept].sum(axis=0, dtype=np.int64)) > 0
    return cover_from(sparse.csr_array(pattern[:n]), np.where(done, 0, units.ravel()))


def _greedy_order(cover: Cover, chosen: Ints) -> Ints:
    part = select(cover, chosen, np.arange(cover.shape[1]))
    rules = at_most(len(chosen), len(chosen))
    return fill(part, rules, empty_state(part, rules), 0.0, np.ones(1, dtype=np.uint64))[0]


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
