"""choose_sites: check what is asked for, solve it, and write the plan."""

from __future__ import annotations

import math
import time
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np

from servicecircle._checks import check_minutes, name_some
from servicecircle._kernel.cover import Cover, Ints, cover_from, select
from servicecircle._kernel.cover_search import at_most, empty_state, fill, turn
from servicecircle.errors import InputError, ModelError, ModelWarning
from servicecircle.reach import Reach, id_order
from servicecircle.scores import (
    WEIGHTS,
    SiteTable,
    nearest_station,
    score_table,
    site_table,
)
from servicecircle.siting._frames import Found, write_plan
from servicecircle.siting._solve import Answer, CoverSolver, compile_kernels
from servicecircle.siting.plan import Asked

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import geopandas as gpd
    import pandas as pd

    from servicecircle.networks import WalkNetwork
    from servicecircle.siting.plan import SitePlan

AIMS = ("most_covered",)


@dataclass(frozen=True)
class _Problem:
    """What to decide, with the candidates in the order of their ids.

    ``by_id``: the caller's position of each. ``cover``: what they reach that no station
    covers today. ``required``, ``free``: positions that must, and may, open.
    """

    cover: Cover
    by_id: Ints
    n_open: int
    required: Ints
    free: Ints


def choose_sites(
    network: WalkNetwork | Reach,
    candidates: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    *,
    existing: gpd.GeoDataFrame | None = None,
    minutes: float | Sequence[float] = 15,
    speed: float = 4.5,
    weight: str = "workers",
    aim: Literal["most_covered"] = "most_covered",
    n_open: int | None = None,
    required: Iterable[object] = (),
    forbidden: Iterable[object] = (),
    time_limit: float = 30.0,
    gap: float = 0.0,
    seed: int = 0,
) -> SitePlan:
    """Choose the set of sites that together cover the most workers.

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
    aim : {"most_covered"}
        Cover the most workers with at most ``n_open`` new sites (MCLP).
    n_open : int
        At most this many new sites. Sites that add nobody are left out, unless more are
        allowed than there are candidates: then all open.
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
        No ``n_open``; unknown ids; an id both required and forbidden.

    Warns
    -----
    ModelWarning
        More sites are allowed than there are; a required site reaches nobody.

    Notes
    -----
    The maximal covering location problem of Church & ReVelle (1974). Exact reductions,
    greedy filling, swaps and iterated local search give the plan; Lagrangian and linear
    relaxations the bound; reduced costs fix what is decided; HiGHS decides the rest.

    Examples
    --------
    >>> plan = choose_sites(streets, shops, workers, existing=stations, n_open=12)  # doctest: +SKIP
    >>> plan.sites[["order", "gain", "reason_en"]]  # doctest: +SKIP
    """
    _check_run(aim, time_limit, gap, seed)
    bands = check_minutes(minutes)
    table = site_table(
        network, candidates, demand, existing, minutes=bands, speed=speed, weight=weight
    )
    asked = Asked(
        aim=aim,
        n_open=_check_n_open(n_open),
        required=_check_ids(required, "required", table.candidates.index),
        forbidden=_check_ids(forbidden, "forbidden", table.candidates.index),
        minutes=bands,
        speed=speed,
        weight=weight,
        time_limit=time_limit,
        gap=gap,
        seed=seed,
    )
    problem = _problem(table, asked)
    compile_kernels()
    started = time.monotonic()
    answer = _solve(problem, time_limit, gap, seed)
    order, gains, further = _opening_order(problem, answer)
    found = Found(answer, order, gains, further, time.monotonic() - started)
    scored = score_table(table, nearest_station(network, table, speed), WEIGHTS)
    return write_plan(table, scored, found, asked, None if isinstance(network, Reach) else network)


def _problem(table: SiteTable, asked: Asked) -> _Problem:
    """Put the candidates in the order of their ids and mark what may open."""
    ids, by_id = table.candidates.index, id_order(table.candidates.index)
    required = ids.isin(asked.required)
    forbidden = ids.isin(asked.forbidden)
    if (required & forbidden).any():
        raise ModelError(
            "These ids are both `required` and `forbidden`: "
            f"{name_some(ids[required & forbidden])}. Take them out of one of the two."
        )
    ok = (table.status == "ok").to_numpy()
    if (required & ~ok).any():
        warnings.warn(
            "Required sites that cannot be reached on foot open but cover nobody: "
            f"{name_some(ids[required & ~ok])}.",
            ModelWarning,
            stacklevel=3,
        )
    cover = cover_from(table.within[by_id], np.where(table.covered, 0, table.units))
    free = np.flatnonzero((ok & ~required & ~forbidden)[by_id])
    chosen = np.flatnonzero(required[by_id])
    usable = len(free) + len(chosen)
    if asked.n_open > usable:
        warnings.warn(
            f"`n_open` is {asked.n_open} but only {usable} candidates may open: all of them do.",
            ModelWarning,
            stacklevel=3,
        )
    return _Problem(cover, by_id, asked.n_open, chosen, free)


def _solve(problem: _Problem, time_limit: float, gap: float, seed: int) -> Answer:
    """Open what is required, then the best of the rest."""
    left = problem.n_open - len(problem.required)
    if left < 0:
        return Answer(np.zeros(0, np.int64), 0, math.nan, "infeasible")
    cover, rows = problem.cover, np.arange(problem.cover.shape[1])
    state = _opened(cover, problem.required)
    base = int(cover.weight[state > 0].sum())
    if left > len(problem.free):
        everything = np.union1d(problem.required, problem.free)
        value = int(cover.weight[_opened(cover, everything) > 0].sum())
        return Answer(everything, value, float(value), "proved")
    rest = cover._replace(weight=np.where(state > 0, 0, cover.weight))
    rest = select(rest, problem.free, rows)
    rules = at_most(left, len(problem.free))
    best = CoverSolver(rest, rules, left, time_limit=time_limit, gap=gap, seed=seed).run()
    sites = np.union1d(problem.required, problem.free[best.sites])
    return Answer(sites, base + best.value, base + best.bound, best.status)


def _opened(cover: Cover, sites: Ints) -> Ints:
    """How many of the sites cover each row."""
    parts = [cover.site_rows[cover.site_ptr[j] : cover.site_ptr[j + 1]] for j in sites]
    return np.bincount(np.concatenate([np.zeros(0, np.int32), *parts]), minlength=cover.shape[1])


def _opening_order(problem: _Problem, answer: Answer) -> tuple[Ints, Ints, Ints]:
    """Order the chosen sites by their further gain; those without any last, by id.

    Returns the caller's positions, their gains, and (by the caller's position) what every
    candidate would add once all are open.
    """
    cover, chosen = problem.cover, answer.sites
    part = select(cover, chosen, np.arange(cover.shape[1]))
    rules = at_most(len(chosen), len(chosen))
    order, _ = fill(part, rules, empty_state(part, rules), 0.0, np.ones(1, dtype=np.uint64))
    useful = chosen[order]
    useless = np.setdiff1d(chosen, useful)
    if problem.n_open <= len(problem.free) + len(problem.required):
        useless = np.intersect1d(useless, problem.required)
    opened = np.concatenate([useful, useless])
    rules = at_most(len(opened), cover.shape[0])
    state = empty_state(cover, rules)
    gains = np.array([turn(cover, rules, state, j, 1) for j in opened], dtype=np.int64)
    further = np.empty(cover.shape[0], dtype=np.int64)
    further[problem.by_id] = state.gain
    return problem.by_id[opened], gains, further


def _check_run(aim: str, time_limit: float, gap: float, seed: int) -> None:
    if aim not in AIMS:
        raise ModelError(f"`aim` must be one of {list(AIMS)}; got {aim!r}.")
    for name, value in (("time_limit", time_limit), ("gap", gap), ("seed", seed)):
        if not isinstance(value, int | float | np.number) or not math.isfinite(value) or value < 0:
            raise InputError(f"`{name}` must be a finite number, not negative; got {value!r}.")
    if seed != int(seed):
        raise InputError(f"`seed` must be a whole number; got {seed!r}.")


def _check_n_open(n_open: float | None) -> int:
    if n_open is None:
        raise ModelError("`n_open` is missing: say how many sites may open, e.g. `n_open=12`.")
    whole = isinstance(n_open, int | np.integer) or (
        isinstance(n_open, float) and n_open.is_integer()
    )
    if not whole or n_open < 0:
        raise InputError(f"`n_open` must be a whole number, not negative; got {n_open!r}.")
    return int(n_open)


def _check_ids(ids: Iterable[object], name: str, known: pd.Index) -> tuple[object, ...]:
    if isinstance(ids, str):
        raise InputError(f"`{name}` must be a list of ids, e.g. `{name}=[{ids!r}]`.")
    wanted = tuple(dict.fromkeys(ids))
    unknown = [one for one in wanted if one not in known]
    if unknown:
        raise ModelError(f"`{name}` has ids that are not in `candidates`: {name_some(unknown)}.")
    return wanted
