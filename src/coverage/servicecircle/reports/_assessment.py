"""Pre-assessment sheets (前期评估表): one block of items and values per suggested site."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from servicecircle._sentences import count_text, percent_text
from servicecircle.areas import service_areas
from servicecircle.coordinates import from_wgs84
from servicecircle.reports._workbook import Block
from servicecircle.standards import check_standard, group_label, kind_label

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd

    from servicecircle.siting import SitePlan
    from servicecircle.standards import Standard

ALTERNATIVES = 200  # metres
GIVEN = {
    "address": "地址 Address",
    "district": "所属区 District",
    "subdistrict": "街道 Sub-district",
    "community": "社区 Community",
    "floor": "楼层 Floor",
    "street_front": "临街 Street front",
    "area": "面积(平方米) Area (m²)",
    "hours": "开放时间 Hours",
    "open_to_public": "对外开放 Open to the public",
    "amenities": "设施 Amenities",
    "owner_consent": "业主同意 Owner's consent",
    "tenure": "场地性质 Tenure",
    "cost": "投入(元) Cost (yuan)",
    "capacity": "容纳人数 Capacity",
}
ASK = "待核实 check on site"
ANSWERS = {True: "✓ 符合 yes", False: "✗ 不符合 no"}
PLACE, RANGE, PEOPLE, RESULT = (
    "建设地点 Location",
    "辐射范围 Range",
    "覆盖人群 People",
    "结论 Result",
)


def assessments(plan: SitePlan, rules: Standard | str | None) -> tuple[Block, ...]:
    """Return one table per site: part, item, value."""
    asked = plan.candidates.loc[plan.sites.index]
    checks = None if rules is None else check_standard(asked, rules)
    circles = _circles(plan)
    blocks = []
    for order, key in enumerate(plan.sites.index, start=1):
        rows = [
            *((PLACE, *row) for row in _location(plan, key)),
            *((RANGE, *row) for row in _range(plan, key, circles)),
            *((PEOPLE, *row) for row in _people(plan, key)),
            *((RESULT, *row) for row in _result(plan, key, checks)),
        ]
        name = str(asked.loc[key].get("name", key))
        table = pd.DataFrame(rows, columns=["part", "item", "value"])
        blocks.append(Block(f"assessment_{order}", f"{order}. {name}", "", table))
    return tuple(blocks)


def _location(plan: SitePlan, key: Any) -> Iterator[tuple[str, str]]:
    row = plan.candidates.loc[key]
    yield "编号 Id", str(key)
    yield "名称 Name", str(row.get("name", key))
    if "kind" in row:
        yield "类型 Kind", f"{kind_label(row['kind'], 'zh')} {kind_label(row['kind'], 'en')}"
    for column, item in GIVEN.items():
        if column in row:
            yield item, _said(row[column])
    point: Any = plan.candidates.geometry[plan.candidates.index == key].to_crs(4326).iloc[0]
    lon, lat = map(np.asarray, from_wgs84((np.array([point.x]), np.array([point.y])), "gcj02"))
    yield "WGS-84 经纬度 lon, lat", f"{point.x:.6f}, {point.y:.6f}"
    yield "GCJ-02 经纬度 lon, lat", f"{lon[0]:.6f}, {lat[0]:.6f}"


def _circles(plan: SitePlan) -> gpd.GeoDataFrame | None:
    """Draw the walking areas of all sites; ``None`` where the plan knows no streets."""
    if plan.network is None or plan.sites.empty:
        return None
    minutes = sorted({5.0, *map(float, plan.coverage.minutes)})
    return service_areas(
        plan.network, plan.sites[["geometry"]], minutes=minutes, speed=plan.coverage.speed
    )


def _range(plan: SitePlan, key: Any, circles: gpd.GeoDataFrame | None) -> Iterator[tuple[str, str]]:
    row = plan.candidates.loc[key]
    if circles is not None:
        own = circles[circles["facility"] == key]
        for minutes, km2 in zip(own["minutes"], own["area_km2"], strict=True):
            ideal = np.pi * (minutes * plan.coverage.speed / 60) ** 2
            text = f"{km2:.2f} km²，为直线圆的 {km2 / ideal:.0%} of the compass circle"
            yield f"{minutes:g} 分钟服务圈 walking circle", text
        yield "距街道 To its street", f"{own['snap_metres'].iloc[0]:.0f} m"
    if pd.notna(row["nearest_station"]):
        text = f"{row['nearest_station']}，{row['nearest_minutes']:.0f} 分钟 min"
    else:
        text = f"超过 {plan.coverage.minutes[-1]:g} 分钟 min"
    yield "最近站点 Nearest station", text
    if "anchors" in row:
        named = row["anchors"]
        yield (
            "锚点 Anchors within reach",
            "无 none" if isinstance(named, str) and not named else _said(named),
        )
    yield "与现有站点重复 Overlap with stations", percent_text(float(row["overlap"]))


def _people(plan: SitePlan, key: Any) -> Iterator[tuple[str, str]]:
    today = plan.today.demand
    workers = today[plan.today.weight].to_numpy(dtype=float, na_value=0.0)
    gap = ~today["covered"].to_numpy(dtype=bool)
    groups = today["group"] if "group" in today.columns else pd.Series("", index=today.index)
    for minutes in plan.coverage.minutes:
        near = plan.reach.within(minutes).select(pd.Index([key]), today.index).minutes
        inside = np.zeros(len(today), dtype=bool)
        inside[near.indices] = True
        yield (
            f"{minutes:g} 分钟内职工 workers within",
            (
                f"{count_text(float(workers[inside].sum()))}，其中未覆盖 not yet covered "
                f"{count_text(float(workers[inside & gap].sum()))}"
            ),
        )
        if minutes != plan.coverage.minutes[-1]:
            continue
        for name, rows in groups.groupby(groups).indices.items():
            part = np.zeros(len(today), dtype=bool)
            part[rows] = True
            if name and (inside & part).any():
                yield (
                    f"　{group_label(name, 'zh')} {group_label(name, 'en')}",
                    (
                        f"{count_text(float(workers[inside & part].sum()))}，其中未覆盖 not yet "
                        f"covered {count_text(float(workers[inside & part & gap].sum()))}"
                    ),
                )


def _result(plan: SitePlan, key: Any, checks: pd.DataFrame | None) -> Iterator[tuple[str, str]]:
    row, site = plan.candidates.loc[key], plan.sites.loc[key]
    yield "新增覆盖 Newly covered in the plan", f"+{count_text(float(site['gain']))}"
    yield "单独得分与排名 Score and rank on its own", f"{row['score']:.1f}，{_whole(row['rank'])}"
    yield "理由", str(site["reason_zh"])
    yield "Reason", str(site["reason_en"])
    if checks is not None:
        yield "标准核对", str(checks.loc[key, "sentence_zh"])
        yield "Standard", str(checks.loc[key, "sentence_en"])
    yield f"{ALTERNATIVES} 米内其他候选点 Alternatives within", _alternatives(plan, key)


def _alternatives(plan: SitePlan, key: Any) -> str:
    places = plan.candidates.geometry.to_crs(plan.candidates.estimate_utm_crs())
    near = shapely.dwithin(places.to_numpy(), places.loc[key], ALTERNATIVES)
    near &= ~plan.candidates.index.isin(plan.sites.index)
    others = plan.candidates[near].nlargest(3, "gain")
    named = others["name"] if "name" in others.columns else others.index
    told = [
        f"{name} (+{count_text(float(gain))})"
        for name, gain in zip(named, others["gain"], strict=True)
        if gain > 0
    ]
    return "；".join(told) or "无 none"


def _said(value: object) -> str:
    if isinstance(value, list | tuple):
        return "、".join(map(str, value)) or ASK
    if value is None or value is pd.NA or value != value:  # noqa: PLR0124 - NaN
        return ASK
    if isinstance(value, bool | np.bool_):
        return ANSWERS[bool(value)]
    return f"{value:,g}" if isinstance(value, float) else str(value) or ASK


def _whole(value: Any) -> str:
    return "–" if pd.isna(value) else f"{float(value):.0f}"
