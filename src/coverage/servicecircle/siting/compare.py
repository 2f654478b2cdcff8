"""Plans changed, compared and shaken: what if, side by side, how stable."""

from __future__ import annotations

from dataclasses import fields
from typing import TYPE_CHECKING, Any

import pandas as pd

from servicecircle._checks import name_some
from servicecircle.coverage import coverage_of
from servicecircle.errors import InputError, ModelError
from servicecircle.scores import together
from servicecircle.siting.choose import choose_sites
from servicecircle.siting.plan import Asked

if TYPE_CHECKING:
    from collections.abc import Iterable, Iterator

    import geopandas as gpd

    from servicecircle.coverage import Coverage
    from servicecircle.siting.plan import SitePlan


def what_if(
    plan: SitePlan, *, without: Iterable[object] = (), with_: Iterable[object] = ()
) -> Coverage:
    """Say who is covered if some sites or stations close and other candidates open.

    Parameters
    ----------
    plan : SitePlan
        A plan.
    without : iterable of ids
        Sites of the plan, or existing stations, that are not there.
    with_ : iterable of ids
        Candidates that open as well.

    Returns
    -------
    Coverage
        With ``.summary()``, ``.by()`` and ``.gaps``, to lay beside ``plan.coverage``.

    Raises
    ------
    ModelError
        An id is not in the plan, or not among the candidates.

    Examples
    --------
    >>> what_if(plan, without=["C003"], with_=["C017"]).share  # doctest: +SKIP
    """
    closed, opened = _ids(without, "without"), _ids(with_, "with_")
    facilities = together(plan.kept, plan.sites)
    _known(closed, facilities.index, "`without` has ids that are not in the plan")
    _known(opened, plan.candidates.index, "`with_` has ids that are not candidates")
    kept = facilities[~facilities.index.isin(closed)]
    new = plan.candidates[plan.candidates.index.isin(opened)]
    changed = together(kept, new[~new.index.isin(kept.index)])
    asked = plan.parameters
    return coverage_of(
        plan.reach.select(changed.index),
        changed,
        _plain_demand(plan),
        minutes=plan.coverage.minutes,
        speed=plan.coverage.speed,
        weight=str(asked["weight"]),
        network=plan.network,
    )


def compare_plans(first: SitePlan, second: SitePlan) -> pd.DataFrame:
    """Lay two plans side by side.

    Parameters
    ----------
    first, second : SitePlan
        Two plans for the same demand.

    Returns
    -------
    pandas.DataFrame
        Indexed by measure: ``sites``, ``workers``, ``covered``, ``share``,
        ``covered_twice``, ``mean_minutes``, ``p90_minutes``, ``smallest_share`` (of any
        district, where there are districts), ``cost`` (of opening, closing and upgrading,
        where known), ``sites_in_both``; columns ``first``, ``second``, ``change``.
    """
    both = first.sites.index.intersection(second.sites.index)
    table = pd.DataFrame({"first": _measures(first), "second": _measures(second)})
    table.loc["sites_in_both"] = float(len(both))
    table["change"] = table["second"] - table["first"]
    return table.rename_axis("measure")


def stability(plan: SitePlan, *, by: float = 0.1, time_limit: float = 10.0) -> pd.DataFrame:
    """Choose again with speed, cutoff and group weights moved, and see which sites stay.

    Parameters
    ----------
    plan : SitePlan
        A plan made from a network; of one made from a `Reach` only shorter cutoffs are
        tried, because longer walks are not known.
    by : float
        How far to move each, 0.1 for ±10 %.
    time_limit : float
        Seconds for each new plan.

    Returns
    -------
    pandas.DataFrame
        Indexed by candidate, those in most variants first: ``in_plan``, one column of
        true and false per variant ("speed -10%", "weight 骑手 +10%" …), and ``stays``,
        the share of variants that open it.

    Raises
    ------
    InputError
        ``by`` is not between 0 and 1.
    """
    if not 0 < by < 1:
        raise InputError(f"`by` must be between 0 and 1, e.g. 0.1; got {by!r}.")
    chosen = pd.DataFrame(index=plan.candidates.index)
    for name, changes in _variants(plan, by):
        again = _choose_again(plan, time_limit, changes)
        chosen[name] = chosen.index.isin(again.sites.index)
    stays = chosen.mean(axis=1)
    chosen.insert(0, "in_plan", chosen.index.isin(plan.sites.index))
    chosen["stays"] = stays
    kept = chosen[chosen["in_plan"] | (stays > 0)]
    return kept.sort_values("stays", ascending=False, kind="stable")


def _variants(plan: SitePlan, by: float) -> Iterator[tuple[str, dict[str, Any]]]:
    speed, minutes = plan.coverage.speed, plan.coverage.minutes
    signs = (-1, 1) if plan.network is not None else (-1,)
    for sign in signs:
        share = f"{sign * by:+.0%}"
        if plan.network is not None:
            yield f"speed {share}", {"speed": speed * (1 + sign * by)}
        yield f"minutes {share}", {"minutes": tuple(m * (1 + sign * by) for m in minutes)}
    if "group" in plan.demand.columns:
        weight = str(plan.parameters["weight"])
        demand = _plain_demand(plan)
        for group in demand["group"].dropna().unique():
            for sign in (-1, 1):
                moved = demand.copy()
                mine = moved["group"] == group
                moved[weight] = moved[weight].astype(float)
                moved.loc[mine, weight] *= 1 + sign * by
                yield f"weight {group} {sign * by:+.0%}", {"demand": moved}


def _choose_again(plan: SitePlan, time_limit: float, changes: dict[str, Any]) -> SitePlan:
    asked = {one.name: plan.parameters[one.name] for one in fields(Asked)}
    demand = changes.pop("demand", _plain_demand(plan))
    options: dict[str, Any] = {**asked, "time_limit": time_limit, **changes}
    if options["max_minutes"] is not None:  # no longer than the moved cutoff
        options["max_minutes"] = min(options["max_minutes"], options["minutes"][-1])
    source = plan.reach if plan.network is None else plan.network
    candidates = plan.candidates.drop(columns=["order", "gain_after"])
    return choose_sites(source, candidates, demand, existing=plan.existing, **options)


def _plain_demand(plan: SitePlan) -> gpd.GeoDataFrame:
    """Take the demand without the columns of its coverage."""
    found = ["facility", "minutes", "band", "covered", "facilities_within"]
    return plan.demand.drop(columns=[name for name in found if name in plan.demand.columns])


def _measures(plan: SitePlan) -> pd.Series:
    last = plan.coverage.summary().iloc[-1]
    names = ["workers", "covered", "share", "covered_twice", "mean_minutes", "p90_minutes"]
    out = {"sites": float(len(plan.sites)), **{name: float(last[name]) for name in names}}
    if "district" in plan.demand.columns:
        out["smallest_share"] = float(plan.coverage.by("district")["share"].min())
    costs = [*_stated(plan.sites, str(plan.parameters["cost"])), *station_costs(plan)]
    if costs:
        out["cost"] = sum(costs)
    return pd.Series(out, dtype=float)


def station_costs(plan: SitePlan) -> Iterator[float]:
    """Add up what closing and what upgrading today's stations costs, where known."""
    action = plan.existing.get("action", pd.Series("stays", plan.existing.index))
    for name, done in (("closing_cost", "closes"), ("upgrade_cost", "upgraded")):
        yield from _stated(plan.existing[action == done], str(plan.parameters[name]))


def _stated(rows: pd.DataFrame, column: str) -> Iterator[float]:
    if column in rows.columns:
        yield float(pd.to_numeric(rows[column], errors="coerce").sum())


def _ids(ids: Iterable[object], name: str) -> list[object]:
    if isinstance(ids, str):
        raise InputError(f"`{name}` must be a list of ids, e.g. `{name}=[{ids!r}]`.")
    return list(ids)


def _known(ids: list[object], known: pd.Index, fault: str) -> None:
    unknown = [one for one in ids if one not in known]
    if unknown:
        raise ModelError(f"{fault}: {name_some(unknown)}.")
