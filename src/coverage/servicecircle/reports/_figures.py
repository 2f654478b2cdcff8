"""Figures and checks of a result: shares, fairness, quotas, money, overlap, smaller areas."""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from servicecircle._sentences import share_text
from servicecircle.errors import InputError
from servicecircle.measures.costs import plan_costs
from servicecircle.measures.metrics import equity, pair_overlap, per_ten_thousand, within_metres
from servicecircle.measures.quotas import check_quotas
from servicecircle.reports._headings import NONE
from servicecircle.reports._workbook import Block, Sheet
from servicecircle.scores import together
from servicecircle.standards import ensure_standard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping

    import geopandas as gpd

    from servicecircle.coverage import Coverage
    from servicecircle.siting import SitePlan
    from servicecircle.standards import Standard

AREAS = {"street_town": "按街道", "community": "按社区", "grid_id": "按网格", "industry": "按行业"}
MOST_PAIRS = 20


def figures_sheet(
    plan: SitePlan | None,
    today: Coverage,
    districts: str | gpd.GeoDataFrame | None,
    rules: Standard | str | None,
) -> Sheet:
    """Return the sheet of figures and checks."""
    blocks = [Block("figures", "指标", "Figures", _figures(plan, today, districts))]
    if plan is not None:
        blocks.append(Block("costs", "现金与实物投入", "Cash and in kind", plan_costs(plan)))
    blocks += _quotas(plan, today, rules)
    blocks += _by_area(plan, today)
    pairs = pair_overlap(plan.coverage if plan else today).head(MOST_PAIRS)
    if len(pairs):
        title = "重叠最多的站点", "Stations that serve the same workers"
        blocks.append(Block("pair_overlap", *title, pairs))
    return Sheet("指标与核对", "Figures and checks", tuple(blocks))


def _figures(
    plan: SitePlan | None, today: Coverage, districts: str | gpd.GeoDataFrame | None
) -> pd.DataFrame:
    """One row per figure, before and after the plan, shares with what they are shares of."""
    before = dict(_values(today, districts))
    after = before if plan is None else dict(_values(plan.coverage, districts))
    names = list(dict.fromkeys([*before, *after]))
    table = pd.DataFrame({"question": names, "before": [before.get(n, "–") for n in names]})
    if plan is not None:
        table["after"] = [after.get(n, "–") for n in names]
    return table.rename(columns={} if plan else {"before": "value"})


def _values(
    coverage: Coverage, districts: str | gpd.GeoDataFrame | None
) -> Iterator[tuple[str, str]]:
    for minutes, row in coverage.summary().iterrows():
        covered, twice = float(row["covered"]), float(row["covered_twice"])
        limit = f"{minutes:g} 分钟"
        yield f"{limit}覆盖率 share covered", share_text(covered, float(row["workers"]), "en")
        yield f"{limit}重复覆盖率 covered twice", share_text(twice, covered, "en")
    try:
        near = within_metres(coverage)
        yield "最后一公里 within 1 km on foot", _percent(near)
    except InputError:  # the walk was not followed that far
        pass
    each = per_ten_thousand(coverage)
    yield "每万人站点数 stations per 10,000", "–" if np.isnan(each) else f"{each:.2f}"
    if districts is not None:
        fair = equity(coverage, districts).iloc[0]
        yield (
            "覆盖率最低的区 least covered district",
            f"{NONE if pd.isna(fair['least_at']) else fair['least_at']} {_percent(fair['least'])}",
        )
        gini = fair["gini"]
        yield "各区差距 Gini of districts", "–" if np.isnan(gini) else f"{gini:.3f}"


def _percent(share: float) -> str:
    return "–" if np.isnan(share) else f"{share:.1%}"


def _quotas(
    plan: SitePlan | None, today: Coverage, rules: Standard | str | None
) -> Iterator[Block]:
    """Check what the plan was asked for per unit, or the quotas of a standard."""
    asked = dict(cast("Mapping[str, int]", plan.parameters["at_least"]) or {}) if plan else {}
    if rules is not None:
        asked = ensure_standard(rules).at_least | asked
    places = together(plan.kept, plan.sites) if plan else today.facilities
    known = {column: least for column, least in asked.items() if column in places.columns}
    if not known:
        return
    table = check_quotas(places, known, units=_units(plan, today, list(known)))
    table = table.sort_values("missing", ascending=False, kind="stable")
    lacking, extra = int((table["missing"] > 0).sum()), table.attrs["extra_sites"]
    title = "配额核对：全部达到", "Quotas: all are met"
    if lacking:
        title = (
            f"配额核对：{lacking} 个单位不足，至少再建 {extra} 个",
            f"Quotas: {lacking} units have too few, {extra} more sites are needed",
        )
    yield Block("quotas", *title, table)


def _units(plan: SitePlan | None, today: Coverage, columns: list[str]) -> pd.DataFrame:
    """Return the units that occur among stations, candidates and workers."""
    frames = [today.facilities, today.demand, *([plan.candidates] if plan else [])]
    rows = [pd.DataFrame(one.reindex(columns=columns)) for one in frames if len(one)]
    units = pd.concat(rows) if rows else pd.DataFrame(columns=columns)
    return units.drop_duplicates().dropna(how="all")


def _by_area(plan: SitePlan | None, today: Coverage) -> Iterator[Block]:
    """Lay coverage before and after beside each other for every column of smaller areas."""
    for column, zh in AREAS.items():
        if column not in today.demand.columns:
            continue
        before = today.by(column)
        table = before[["workers", "places", "covered", "uncovered", "share"]]
        if plan is not None:
            after = plan.coverage.by(column)
            table = before[["workers", "places"]].assign(
                covered_before=before["covered"],
                share_before=before["share"],
                covered_after=after["covered"],
                share_after=after["share"],
                added=after["covered"] - before["covered"],
            )
        yield Block(f"by_{column}", zh, f"By {column}", table.reset_index())
