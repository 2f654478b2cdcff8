"""From positions and units back to the planner's tables."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from servicecircle._sentences import count_text, percent_text
from servicecircle.coverage import Coverage, coverage_of
from servicecircle.reach import ones_of
from servicecircle.scores import SiteTable, together
from servicecircle.siting._conflicts import Conflict, out_of_reach
from servicecircle.siting._needed import as_sentence, as_text, rules_needing
from servicecircle.siting.plan import Asked, SitePlan, gap_between

if TYPE_CHECKING:
    import geopandas as gpd

    from servicecircle._kernel.cover import Bools, Floats, Ints
    from servicecircle.networks import WalkNetwork
    from servicecircle.siting._solve import Answer


RUNNER_UP = 200.0  # m
MIN_KNEE = 3  # points a curve needs to bend
IN_THE_PLAN = {
    "en": " Number {} to open: adds {}, coverage then {}; {} depend on it alone.",
    "zh": "第 {} 个开设：新增 {} 人，覆盖率达 {}；{} 人只靠它覆盖。",
}


@dataclass(frozen=True)
class Found:
    """What was solved.

    ``answers``: value and bound of each aim in turn. Gains are in units of weight.
    ``order``: positions of the sites as they open. ``gains``: what each adds. ``further``:
    what every candidate would add afterwards. ``kept``, ``upgraded``: rows of stations.
    ``served``: workers by candidates and stations, if they have a capacity.
    """

    answers: tuple[tuple[str, Answer], ...]
    order: Ints
    gains: Ints
    further: Ints
    kept: Ints
    upgraded: Ints
    served: Floats | None
    seconds: float
    conflicts: list[Conflict]


def write_plan(
    table: SiteTable,
    scored: gpd.GeoDataFrame,
    found: Found,
    asked: Asked,
    network: WalkNetwork | None,
) -> SitePlan:
    """Put the plan together."""
    total = float(table.units.sum() / table.scale)
    existing = _existing(table, found, asked)
    kept = existing.iloc[found.kept]
    today = int(table.units[_reached(table, found.kept)].sum())
    covered = np.concatenate([[today], today + np.cumsum(found.gains)]) / table.scale
    share = covered / total if total > 0 else np.full(len(covered), math.nan)
    sites = _sites(table, found, covered[1:], share[1:])
    first = found.answers[0][1]
    return SitePlan(
        sites=_strengths(table, scored, sites, found, asked),
        candidates=_candidates(table, scored, found),
        existing=existing,
        today=_coverage(table, existing, asked, network),
        coverage=_coverage(table, together(kept, sites), asked, network),
        status=first.status,
        value=first.value,
        bound=first.bound,
        optimality_gap=gap_between(first.value, first.bound),
        aims=_aims(found),
        seconds=found.seconds,
        curve=_curve(sites, covered, share),
        conflicts=_conflicts(table, found.conflicts),
        parameters=vars(asked).copy(),
        reach=table.reach,
        network=network,
    )


def _aims(found: Found) -> pd.DataFrame:
    names = pd.Index([aim for aim, _ in found.answers], name="aim")
    rows = [
        (one.value, one.bound, gap_between(one.value, one.bound), one.status)
        for _, one in found.answers
    ]
    return pd.DataFrame(rows, names, columns=["value", "bound", "optimality_gap", "status"])


def _existing(table: SiteTable, found: Found, asked: Asked) -> gpd.GeoDataFrame:
    """Today's stations, with what happens to each where something may."""
    existing = table.existing
    if found.served is not None:
        existing = existing.assign(served=found.served[len(table.candidates) :])
    if not asked.closable and asked.upgradable is None:
        return existing
    action = np.full(len(table.existing), "closes", dtype=object)
    action[found.kept] = "stays"
    action[found.upgraded] = "upgraded"
    return existing.assign(action=action)


def _reached(table: SiteTable, stations: Ints) -> Bools:
    """Demand by id that these stations cover."""
    minutes = table.reach.minutes[:, table.demand_order][len(table.candidates) + stations]
    reached = np.zeros(len(table.units), dtype=bool)
    reached[sparse.csr_array(minutes).indices] = True
    return reached


def _sites(table: SiteTable, found: Found, covered: Floats, share: Floats) -> gpd.GeoDataFrame:
    sites = table.candidates.iloc[found.order].copy()
    sites["order"] = np.arange(1, len(sites) + 1)
    sites["gain"] = found.gains / table.scale
    sites["covered_after"], sites["share_after"] = covered, share
    if found.served is not None:
        sites["served"] = found.served[found.order]
    return sites


def _reasons(scored: gpd.GeoDataFrame, sites: gpd.GeoDataFrame, language: str) -> list[str]:
    """Say what is known of the place, and what it does in this plan: its three figures."""
    figures = sites["order"], sites["gain"], sites["share_after"], sites["loss"]
    alone = scored.loc[sites.index, f"reason_{language}"]
    return [
        reason
        + IN_THE_PLAN[language].format(k, count_text(gain), percent_text(share), count_text(loss))
        for reason, k, gain, share, loss in zip(alone, *figures, strict=True)
    ]


def _strengths(
    table: SiteTable,
    scored: gpd.GeoDataFrame,
    sites: gpd.GeoDataFrame,
    found: Found,
    asked: Asked,
) -> gpd.GeoDataFrame:
    """Say what closing each site would lose, what a worker costs, and who could stand in."""
    pattern = ones_of(table.within)
    times = _reached(table, found.kept) + np.asarray(pattern[found.order].sum(axis=0))
    alone = sparse.csr_array(pattern[found.order] * (times == 1))
    sites["loss"] = np.asarray(alone @ table.units) / table.scale
    if asked.cost in sites.columns:
        cost = pd.to_numeric(sites[asked.cost], errors="coerce")
        sites["cost_per_worker"] = (cost / sites["gain"]).where(sites["gain"] > 0)
    gains = sparse.csr_array(pattern @ (alone * table.units).T)
    names, sites["runner_up_loss"] = _runners_up(table, sites, found, gains)
    sites["runner_up"] = pd.Series(names, index=sites.index, dtype=object)
    needing = rules_needing(sites, table.existing.iloc[found.kept], asked)
    sites["needed_for"] = pd.Series(map(as_text, needing), index=sites.index, dtype="str")
    for language in IN_THE_PLAN:
        rules = [as_sentence(one, language) for one in needing]
        told = _reasons(scored, sites, language)
        sites[f"reason_{language}"] = [a + b for a, b in zip(told, rules, strict=True)]
    return sites


def _runners_up(
    table: SiteTable, sites: gpd.GeoDataFrame, found: Found, gains: sparse.csr_array
) -> tuple[list[object], list[float]]:
    """Find the candidate within 200 m that loses least in place of each site."""
    spots = table.candidates.geometry.representative_point()
    if table.candidates.crs is not None and table.candidates.crs.is_geographic and len(spots):
        spots = spots.to_crs(spots.estimate_utm_crs())
    free = (table.status == "ok").to_numpy(copy=True)
    free[found.order] = False
    names: list[object] = []
    losses: list[float] = []
    for k, position in enumerate(found.order):
        near = np.flatnonzero(free & (spots.distance(spots.iloc[position]) <= RUNNER_UP).to_numpy())
        won = (gains[near][:, [k]].toarray().ravel() + found.further[near]) / table.scale
        best = int(np.argmax(won)) if len(near) else -1
        names.append(table.candidates.index[near[best]] if len(near) else pd.NA)
        losses.append(float(sites["loss"].iloc[k] - won[best]) if len(near) else math.nan)
    return names, losses


def _candidates(table: SiteTable, scored: gpd.GeoDataFrame, found: Found) -> gpd.GeoDataFrame:
    order = pd.Series(pd.NA, index=scored.index, dtype="Int64")
    order.iloc[found.order] = np.arange(1, len(found.order) + 1)
    further = np.where(scored["status"] == "ok", found.further / table.scale, np.nan)
    return scored.assign(order=order, gain_after=further)


def _coverage(
    table: SiteTable,
    facilities: gpd.GeoDataFrame,
    asked: Asked,
    network: WalkNetwork | None,
) -> Coverage:
    return coverage_of(
        table.reach.select(facilities.index),
        facilities,
        table.demand,
        minutes=asked.minutes,
        speed=asked.speed,
        weight=asked.weight,
        network=network,
    )


def _curve(sites: gpd.GeoDataFrame, covered: Floats, share: Floats) -> pd.DataFrame:
    opened = pd.Series([pd.NA, *sites.index], dtype=object)
    return pd.DataFrame(
        {
            "site": opened.to_numpy(),
            "covered": covered,
            "share": share,
            "knee": np.arange(len(covered)) == _knee(covered),
        },
        index=pd.RangeIndex(len(covered), name="n_sites"),
    )


def _knee(covered: Floats) -> int:
    """Where the curve lies farthest above the line between its ends; -1 if nowhere."""
    if len(covered) < MIN_KNEE:
        return -1
    above = covered - np.linspace(covered[0], covered[-1], len(covered))
    return int(np.argmax(above)) if above.max() > 1e-9 * max(covered[-1], 1.0) else -1


def _conflicts(table: SiteTable, broken: list[Conflict]) -> pd.DataFrame:
    """List rules that exclude each other, and demand that nobody can reach."""
    rows: list[tuple[object, ...]] = list(broken)
    reached = np.zeros(len(table.units), dtype=bool)
    reached[table.within.indices] = True
    lost = (table.units > 0) & ~reached & ~table.covered
    if lost.any():
        rows.append(out_of_reach(table, lost))
    return pd.DataFrame(rows, columns=list(Conflict._fields))
