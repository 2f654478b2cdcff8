"""What a report holds: the frames of a result, arranged for readers."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pandas as pd

from servicecircle._said import Said, reason_said
from servicecircle.areas import service_areas
from servicecircle.districts import area_of
from servicecircle.reports._assessment import assessments
from servicecircle.reports._figures import figures_sheet
from servicecircle.reports._headings import NONE
from servicecircle.reports._parameters import credit_of, notes_of, parameters_of
from servicecircle.reports._what_if import by_speed, if_lost
from servicecircle.reports._workbook import Block, Sheet
from servicecircle.siting import SitePlan
from servicecircle.standards import check_standard, place_names

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from servicecircle.coverage import Coverage
    from servicecircle.networks import WalkNetwork
    from servicecircle.standards import Standard

FIRST = (
    "order", "rank", "id", "name", "kind", "district", "address", "gain", "covered_after",
    "share_after", "loss", "standard", "score", "gain_after", "workers", "workers_alone",
    "overlap", "group", "covered", "site", "minutes", "nearest_station", "nearest_minutes",
    "mean_minutes", "main_group", "reason_zh", "reason_en", "status", "reason", "standard_zh",
    "standard_en", "photo",
)  # fmt: skip
DISTRICT_NAMES = ("name", "district", "名称", "所属区", "行政区", "区县")  # as on the map
MOST_IDS = 10
WIDE = 64  # room for sentences


def sheets_of(
    result: SitePlan | Coverage,
    districts: gpd.GeoDataFrame | None,
    about: Mapping[str, object],
    rules: Standard | str | None = None,
    *,
    every: bool = False,
) -> tuple[Sheet, ...]:
    """Arrange a result as sheets; ``every`` candidate is assessed, or the plan's sites."""
    if isinstance(result, SitePlan):
        plan, today, coverage = result, result.today, result.coverage
    else:
        plan, today, coverage = None, result, result
    summary = _summary(plan, today, coverage, districts)
    lines = (*_headline(plan, coverage), *notes_of(about))
    small = credit_of(result, about, "zh"), credit_of(result, about, "en")
    sheets = [Sheet("摘要", "Summary", summary, lines, small)]
    if plan:
        ranked = plan.candidates.sort_values("rank", na_position="last", kind="stable")
        sheets += [
            _sheet("sites", "建议新站", "Suggested sites", _checked(plan.sites, rules)),
            _sheet("candidates", "候选点排名", "Candidates ranked", _checked(ranked, rules)),
        ]
    sheets += [
        _sheet("stations", "现有站点", "Stations today", _checked(today.facilities, rules)),
        _sheet("gaps", "盲区", "Gaps", _gaps(plan, today, coverage)),
        *_crossed(plan, today, coverage, districts),
        _what_if(plan, today),
        figures_sheet(plan, today, _areas(coverage, districts), rules),
        *_assessed(plan, rules, districts, every=every),
    ]
    table = Block("parameters", "参数与来源", "Parameters", parameters_of(result, about))
    return (*sheets, Sheet("参数与来源", "Parameters and sources", (table,), widest=WIDE))


def foot_of(result: SitePlan | Coverage, about: Mapping[str, object]) -> str:
    """Return what stands at the foot of every printed page."""
    return " | ".join((*notes_of(about), credit_of(result, about, "en")))


def _checked(frame: gpd.GeoDataFrame, rules: Standard | str | None) -> gpd.GeoDataFrame:
    """Add whether each place meets a standard (✓, ✗, ? for check on site), and in words."""
    if rules is None:
        return frame
    checks = check_standard(frame, rules)
    marks = {True: "✓", False: "✗"}
    return frame.assign(
        standard=[marks.get(passed, "?") for passed in checks["passed"]],
        standard_zh=checks["sentence_zh"],
        standard_en=checks["sentence_en"],
    )


def _what_if(plan: SitePlan | None, today: Coverage) -> Sheet:
    coverage = plan.coverage if plan else today
    speeds = by_speed(today, plan.coverage if plan else None)
    lost = if_lost(coverage, plan.sites.index if plan else coverage.facilities.index[:0])
    blocks = [Block("by_speed", "步行速度不同时", "At other walking speeds", speeds)]
    title = "若失去一个站点", "If one station is lost"
    blocks.append(Block("if_lost", *title, lost if plan else lost.drop(columns="new")))
    return Sheet("敏感性", "Sensitivity", tuple(one for one in blocks if len(one.frame)))


def areas_of(result: SitePlan | Coverage) -> tuple[Block, ...]:
    """Return the walking areas as layers; none without streets."""
    plan = result if isinstance(result, SitePlan) else None
    today: Coverage = plan.today if plan else result  # type: ignore[assignment]
    if today.network is None:
        return ()
    blocks = (
        Block("area_plan", "方案服务圈", "Area with the plan", _area(plan.coverage, today.network))
        if plan
        else None,
        Block("area_today", "现状服务圈", "Area today", _area(today, today.network)),
    )
    return tuple(block for block in blocks if block)


def _area(coverage: Coverage, network: WalkNetwork) -> gpd.GeoDataFrame:
    places = coverage.facilities[coverage.facilities["status"] == "ok"]
    drawn = service_areas(
        network, places, minutes=coverage.minutes, speed=coverage.speed, dissolve=True
    )
    return drawn.sort_values("minutes", ascending=False)[["minutes", "area_km2", "geometry"]]


def _crossed(
    plan: SitePlan | None,
    today: Coverage,
    coverage: Coverage,
    districts: gpd.GeoDataFrame | None,
) -> list[Sheet]:
    """Return every group in every district, where the demand says both."""
    demand = coverage.demand
    named = "district" in demand.columns
    if "group" not in demand.columns or (districts is None and not named):
        return []
    area = demand["district"] if named else pd.Series(pd.NA, index=demand.index, dtype=object)
    if districts is not None:
        area = area_of(demand, _named(districts))
    both = pd.MultiIndex.from_arrays([area.fillna(NONE), demand["group"].fillna(NONE)])
    workers = demand[coverage.weight].fillna(0.0).to_numpy(dtype=float)
    table = pd.DataFrame({"workers": workers}).set_axis(demand.index)
    if plan:
        table["covered_before"] = workers * today.demand["covered"].to_numpy(dtype=bool)
    table["covered_after" if plan else "covered"] = workers * demand["covered"].to_numpy(bool)
    sums = table.groupby([both.get_level_values(0), both.get_level_values(1)]).sum()
    for name in [column for column in sums.columns if column.startswith("covered")]:
        share = (sums[name] / sums["workers"]).where(sums["workers"] > 0)
        sums[name.replace("covered", "share", 1)] = share
    if plan:
        sums["added"] = sums["covered_after"] - sums["covered_before"]
    made = sums.rename_axis(["district", "group"]).reset_index()
    block = Block("by_district_and_group", "各区各人群", "District by group", made)
    return [Sheet("各区各人群", "District by group", (block,))]


def _assessed(
    plan: SitePlan | None,
    rules: Standard | str | None,
    districts: gpd.GeoDataFrame | None,
    *,
    every: bool,
) -> list[Sheet]:
    if plan is None or (plan.candidates if every else plan.sites).empty:
        return []
    tables = assessments(plan, rules, districts, every=every)
    return [Sheet("前期评估表", "Pre-assessment", tables, widest=WIDE, apart=True)]


def _sheet(layer: str, zh: str, en: str, frame: gpd.GeoDataFrame) -> Sheet:
    return Sheet(zh, en, (Block(layer, zh, en, _in_order(frame)),))


def _in_order(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give ids a column, put the columns that matter first, leave empty ones out."""
    name = "id" if "id" not in frame.columns else "row_id"
    out = _said_in_both(frame).reset_index(names=name)
    if frame.geometry.name != "geometry":
        out = out.rename_geometry("geometry")
    filled = [column for column in out.columns if len(out) == 0 or out[column].notna().any()]
    first = [column for column in FIRST if column in filled]
    rest = [column for column in filled if column not in {*first, "geometry"}]
    return out[[*first, *rest, "geometry"]]


def _said_in_both(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Call places without a name by their kind, and give reasons of rows in both languages."""
    out = {}
    if {"name", "kind", "brand"} & set(frame.columns):
        names = place_names(frame)
        out["name"] = names.where(names != frame.index.astype(str), None)
    if "reason" in frame.columns:
        cells = [reason_said(cell) for cell in frame["reason"]]
        out["reason"] = pd.Series(cells, index=frame.index, dtype=object)
    return frame.assign(**out)


def _conflicts(plan: SitePlan) -> pd.DataFrame:
    """Return what stands in the way, the rule in words of both languages."""
    told = plan.conflicts.assign(ids=plan.conflicts["ids"].map(_some))
    rules = zip(told.pop("rule_en"), told.pop("rule_zh"), strict=True)
    return told.assign(rule=pd.Series([Said(*pair) for pair in rules], told.index, dtype=object))


def _summary(
    plan: SitePlan | None,
    today: Coverage,
    coverage: Coverage,
    districts: gpd.GeoDataFrame | None,
) -> tuple[Block, ...]:
    blocks = [Block("coverage", "覆盖", "Coverage", _before_after(plan, today, coverage))]
    if plan:
        blocks.append(Block("plan", "方案", "Plan", plan.summary()))
        if len(plan.conflicts):
            blocks.append(Block("conflicts", "冲突与提示", "Conflicts", _conflicts(plan)))
    if "group" in coverage.demand.columns:
        blocks.append(Block("by_group", "按人群", "By group", _by(plan, today, coverage, "group")))
    areas = _areas(coverage, districts)
    if areas is not None:
        table = _by(plan, today, coverage, areas)
        blocks.append(Block("by_district", "按区", "By district", table))
    if plan:
        curve = plan.curve.reset_index(names="n_sites")
        blocks.append(Block("curve", "站点数与覆盖率", "Share by number of sites", curve))
    return tuple(blocks)


def _areas(coverage: Coverage, districts: gpd.GeoDataFrame | None) -> str | gpd.GeoDataFrame | None:
    """Return what coverage by district goes by: outlines, a column, or nothing."""
    if districts is not None:
        return _named(districts)
    return "district" if "district" in coverage.demand.columns else None


def _named(districts: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Index districts by the column of names that the map also takes."""
    column = next((name for name in DISTRICT_NAMES if name in districts.columns), None)
    return (
        districts if column is None else districts.set_index(districts[column].rename("district"))
    )


def _headline(plan: SitePlan | None, coverage: Coverage) -> tuple[str, str]:
    limit = f"{coverage.minutes[-1]:g}"
    after = _percent(coverage.share)
    if plan:
        before, n = _percent(plan.today.share), len(plan.sites)
        zh = f"新开 {n} 个站点，{limit} 分钟覆盖率由 {before} 升至 {after}"
        en = f"{n} new stations lift {limit}-minute coverage from {before} to {after}"
    else:
        zh = f"现有 {len(coverage.facilities)} 个站点，{limit} 分钟内覆盖 {after} 的职工"
        en = f"{len(coverage.facilities)} stations cover {after} of workers within {limit} minutes"
    return zh, en


def _percent(share: float) -> str:
    return "–" if pd.isna(share) else f"{share:.1%}"


def _before_after(plan: SitePlan | None, today: Coverage, coverage: Coverage) -> pd.DataFrame:
    """One row per cutoff: today beside the plan."""
    after = coverage.summary()
    if not plan:
        return after.reset_index()
    before = today.summary()
    return pd.DataFrame(
        {
            "minutes": list(after.index),
            "workers": after["workers"].to_numpy(),
            "covered_before": before["covered"].to_numpy(),
            "share_before": before["share"].to_numpy(),
            "covered_after": after["covered"].to_numpy(),
            "share_after": after["share"].to_numpy(),
            "added": (after["covered"] - before["covered"]).to_numpy(),
            "covered_twice": after["covered_twice"].to_numpy(),
            "mean_minutes": after["mean_minutes"].to_numpy(),
            "median_minutes": after["median_minutes"].to_numpy(),
            "p90_minutes": after["p90_minutes"].to_numpy(),
        }
    )


def _by(
    plan: SitePlan | None, today: Coverage, coverage: Coverage, by: str | gpd.GeoDataFrame
) -> pd.DataFrame:
    """One row per group or district: today beside the plan."""
    after = coverage.by(by)
    label = "group" if isinstance(by, str) and by == "group" else "district"
    if not plan:
        return _labelled(after, label)
    before = today.by(by)
    columns = {
        "workers": after["workers"],
        "places": after["places"],
        "covered_before": before["covered"],
        "share_before": before["share"],
        "covered_after": after["covered"],
        "share_after": after["share"],
        "added": after["covered"] - before["covered"],
    }
    return _labelled(pd.DataFrame(columns), label)


def _labelled(table: pd.DataFrame, label: str) -> pd.DataFrame:
    """Move the labels to a column; what belongs to none is called so, if it is anybody."""
    out = table.rename_axis(label).reset_index()
    out = out[out[label].notna() | (out["workers"] > 0)]
    return out.assign(**{label: out[label].astype(object).where(out[label].notna(), NONE)})


def _gaps(plan: SitePlan | None, today: Coverage, coverage: Coverage) -> gpd.GeoDataFrame:
    """Everybody without a station today, those who still have none first."""
    rows = coverage.demand.loc[today.gaps.index]
    drop = ["facility", "band"]
    if plan:
        rows = rows.assign(site=rows["facility"])
    rows = rows.drop(columns=drop if plan else [*drop, "covered", "minutes"])
    by = ["covered", coverage.weight] if plan else [coverage.weight]
    order = [True, False] if plan else [False]
    return rows.sort_values(by, ascending=order, kind="stable", na_position="last")


def _some(ids: tuple[object, ...]) -> str:
    more = f" … +{len(ids) - MOST_IDS}" if len(ids) > MOST_IDS else ""
    return ", ".join(map(str, ids[:MOST_IDS])) + more
