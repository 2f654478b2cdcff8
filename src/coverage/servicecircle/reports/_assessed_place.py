"""Parts of a pre-assessment: where a candidate is, how far it reaches, and the result."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from servicecircle._said import in_both, in_chinese
from servicecircle._sentences import count_text, percent_text
from servicecircle._vocabulary import read_vocabulary
from servicecircle.areas import service_areas
from servicecircle.coordinates import from_wgs84
from servicecircle.reports._headings import told
from servicecircle.standards import (
    check_standard,
    kind_label,
    known_word,
    place_names,
    site_amenities,
)
from servicecircle.standards.check import four_conveniences

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd

    from servicecircle.siting import SitePlan
    from servicecircle.standards import Standard

    Items = Iterator[tuple[str, str]]

ALTERNATIVES = 200  # metres
STREET_FRONT = 30.0  # metres; our choice, a proxy
GIVEN = {
    "address": "地址 Address",
    "district": "所属区 District",
    "street_town": "街道 Sub-district",
    "subdistrict": "街道 Sub-district",
    "community": "社区 Community",
    "grid_id": "网格 Grid cell",
    "floor": "楼层 Floor",
    "area_m2": "面积(平方米) Area (m²)",
    "area": "面积(平方米) Area (m²)",
    "hours": "开放时间 Hours",
    "open_to_public": "对外开放 Open to the public",
    "access": "开放对象 Who may come in",
    "amenities": "设施 Amenities",
    "owner": "产权单位 Owner",
    "owner_consent": "业主同意 Owner's consent",
    "tenure": "场地性质 Tenure",
    "rent": "租金(元/年) Rent (yuan a year)",
    "cost": "投入(元) Cost (yuan)",
    "annual_cost": "运行经费(元/年) Running cost (yuan a year)",
    "in_kind_value": "实物折价(元) In kind (yuan)",
    "in_kind_area_m2": "无偿面积(平方米) Area in kind (m²)",
    "capacity": "容纳人数 Capacity",
}
ASK = "待核实 check on site"
ANSWERS = {True: "✓ 符合 yes", False: "✗ 不符合 no"}
MARKS = {True: "✓", False: "✗"}


@dataclass(frozen=True)
class Ground:
    """A plan, and what is worked out once for all its sheets."""

    plan: SitePlan
    points: gpd.GeoSeries
    metric: gpd.GeoSeries
    amenities: pd.DataFrame
    conveniences: pd.DataFrame
    circles: dict[Any, pd.DataFrame]
    checks: pd.DataFrame | None
    districts: gpd.GeoDataFrame | None
    streets: str

    def reached(self, key: Any, minutes: float) -> np.ndarray:
        """Mark the demand within so many minutes of a candidate."""
        table = self.plan.reach.minutes
        (row,) = self.plan.reach.facility_ids.get_indexer(pd.Index([key]))
        cells = slice(table.indptr[row], table.indptr[row + 1])
        near = table.indices[cells][table.data[cells] <= np.float32(minutes)]
        inside = np.zeros(table.shape[1], dtype=bool)
        inside[near] = True
        return inside

    def circle(self, key: Any) -> pd.DataFrame:
        """Return the walking circles of a candidate, the smallest first; none without streets."""
        return self.circles.get(key, pd.DataFrame())

    @cached_property
    def demand(self) -> pd.DataFrame:
        """Today's demand without its places."""
        return pd.DataFrame(
            self.plan.today.demand.drop(columns=self.plan.today.demand.geometry.name)
        )

    @cached_property
    def rows_of(self) -> dict[str, dict[Any, Any]]:
        """Rows of the demand by group, and by industry, where these are there."""
        return {
            column: self.demand.groupby(column).indices if column in self.demand else {}
            for column in ("group", "industry")
        }


def ground_of(
    plan: SitePlan,
    keys: pd.Index,
    standard: Standard | str | None,
    districts: gpd.GeoDataFrame | None,
) -> Ground:
    """Work out what all sheets need."""
    asked = plan.candidates.loc[keys]
    points = plan.candidates.geometry.representative_point()
    metric = points.to_crs(points.estimate_utm_crs()) if len(points) else points
    circles: dict[Any, pd.DataFrame] = {}
    if plan.network is not None and len(keys):
        minutes = sorted({5.0, *map(float, plan.coverage.minutes)})
        speed = plan.coverage.speed
        drawn = service_areas(plan.network, asked[["geometry"]], minutes=minutes, speed=speed)
        circles = dict(iter(drawn.groupby("facility")))
    amenities = site_amenities(asked)
    return Ground(
        plan,
        points.to_crs(4326),
        metric,
        amenities,
        four_conveniences(amenities),
        circles,
        None if standard is None else check_standard(asked, standard),
        districts,
        _streets(plan),
    )


def _streets(plan: SitePlan) -> str:
    """Say how complete the streets are."""
    if plan.network is None:
        return ""
    quality = plan.network.quality()["value"]
    loose, footways = quality["on islands"], quality["footways"]
    text = f"{quality['streets']:,.0f} km；孤立 on islands {loose:.1%}，"
    return text + f"步行道 footways {footways:.1%}"


def place_of(ground: Ground, key: Any) -> Items:
    """Say where a candidate is and what it offers 建设地点."""
    row = ground.plan.candidates.loc[key]
    yield "编号 Id", str(key)
    yield "名称 Name", str(in_both(place_names(ground.plan.candidates.loc[[key]]).iloc[0]))
    if "kind" in row:
        yield "类型 Kind", f"{kind_label(row['kind'], 'zh')} {kind_label(row['kind'], 'en')}"
    yield from _given(row)
    yield "临街 Street front", _street_front(ground, key)
    yield from _amenities(ground, key)
    yield from _coordinates(ground, key)
    yield from _data_quality(ground, key)


def _coordinates(ground: Ground, key: Any) -> Items:
    point: Any = ground.points[ground.points.index == key].iloc[0]
    if point is None or point.is_empty:
        yield "经纬度 lon, lat", ASK
        return
    lon, lat = map(np.asarray, from_wgs84((np.array([point.x]), np.array([point.y])), "gcj02"))
    yield "WGS-84 经纬度 lon, lat", f"{point.x:.6f}, {point.y:.6f}"
    yield "GCJ-02 经纬度 lon, lat", f"{lon[0]:.6f}, {lat[0]:.6f}"


def _given(row: pd.Series) -> Items:
    for column, item in GIVEN.items():
        if column not in row:
            continue
        key = known_word(column, row[column]) if column in ("tenure", "access") else None
        if key is None:
            yield item, said(row[column])
        else:
            entry = read_vocabulary("tenures" if column == "tenure" else "access")[key]
            yield item, f"{entry['zh']} {entry['en']}"


def _street_front(ground: Ground, key: Any) -> str:
    """Say what the table says, else how near the street is."""
    answer = ground.plan.candidates.loc[key].get("street_front")
    circle = ground.circle(key)
    if not missing(answer):
        return said(answer) + "（登记 as listed）"
    if circle.empty or np.isnan(circle["snap_metres"].iloc[0]):
        return ASK
    metres = float(circle["snap_metres"].iloc[0])
    near = ANSWERS[bool(metres <= STREET_FRONT)]
    return f"{near}（按距街道 {metres:.0f} m 推测，限 {STREET_FRONT:.0f} m；measured proxy）"


def _amenities(ground: Ground, key: Any) -> Items:
    entries = read_vocabulary("amenities")
    nine = [name for name, entry in entries.items() if entry.get("listed")]
    answers = ground.amenities.loc[key, nine]
    there = answers.index[answers.fillna(value=False).to_numpy(dtype=bool)]
    lacking = answers.index[~answers.fillna(value=True).to_numpy(dtype=bool)]
    unknown = int(answers.isna().sum())
    counted = f"{len(there)}/9" + (f"，{unknown} 项{ASK}" if unknown else "")
    yield "九项设施 Of the nine amenities", counted
    yield "已有 There", "、".join(entries[name]["zh"] for name in there) or "无 none"
    yield "缺少 Missing", "、".join(entries[name]["zh"] for name in lacking) or "无 none"
    four = read_vocabulary("conveniences")
    marks = [
        f"{four[name]['zh']}{MARKS.get(answer, '?')}"
        for name, answer in ground.conveniences.loc[key].items()
    ]
    yield "四便利 Four conveniences", " ".join(marks)


def _data_quality(ground: Ground, key: Any) -> Items:
    status = ground.plan.candidates.loc[key, "status"]
    if status != "ok":
        yield "数据状态 Status", told(status)
    circle = ground.circle(key)
    if not circle.empty:
        metres = circle["snap_metres"].iloc[0]
        yield "距街道 To its street", f"{metres:.0f} m" if np.isfinite(metres) else ASK
    source = ground.plan.candidates.attrs.get("coordinates")
    if source:
        yield "坐标来源 Coordinates read as", str(source)
    if ground.streets:
        yield "路网 Streets", ground.streets


def range_of(ground: Ground, key: Any) -> Items:
    """Say how far a candidate reaches, and what else is there 辐射范围."""
    plan, row = ground.plan, ground.plan.candidates.loc[key]
    circle = ground.circle(key)
    for minutes, km2 in zip(circle.get("minutes", ()), circle.get("area_km2", ()), strict=True):
        ideal = np.pi * (minutes * plan.coverage.speed / 60) ** 2
        text = f"{km2:.2f} km²，为直线圆的 {km2 / ideal:.0%} of the compass circle"
        yield f"{minutes:g} 分钟服务圈 walking circle", text
    yield "最近站点 Nearest station", _nearest(plan, row)
    if "anchors" in row:
        named = row["anchors"]
        yield (
            "锚点 Anchors within reach",
            "无 none" if isinstance(named, str) and not named else said(named),
        )
    yield "与现有站点重复 Overlap with stations", percent_text(float(row["overlap"]))
    names = _crossed(ground, key)
    if names is not None:
        many = f"跨 {len(names)} 个区 crosses" if len(names) > 1 else "不跨界 crosses none"
        yield "跨区 District lines", f"{many}：{'、'.join(names) or '–'}"


def _nearest(plan: SitePlan, row: pd.Series) -> str:
    if plan.existing.empty:
        return "尚无站点 none today"
    if pd.isna(row["nearest_station"]):
        return f"超过 {plan.coverage.minutes[-1]:g} 分钟 min"
    minutes = float(row["nearest_minutes"])
    metres = minutes * plan.coverage.speed * 1000 / 60
    return f"{row['nearest_station']}，{minutes:.0f} 分钟 min，{metres:,.0f} m"


def _crossed(ground: Ground, key: Any) -> list[str] | None:
    """Name the districts that the largest circle, or the workers within it, lie in."""
    circle = ground.circle(key)
    if ground.districts is not None and not circle.empty:
        areas = ground.districts.to_crs(circle.crs)
        hit = areas.geometry.intersects(circle.geometry.iloc[-1])
        column = next((name for name in ("name", "district") if name in areas.columns), None)
        names = areas.index[hit] if column is None else areas.loc[hit, column]
        return [str(name) for name in names]
    demand = ground.demand
    if "district" not in demand.columns:
        return None
    inside = ground.reached(key, ground.plan.coverage.minutes[-1])
    return sorted(map(str, demand.loc[inside, "district"].dropna().unique()))


def result_of(ground: Ground, key: Any) -> Items:
    """Say what a candidate adds, whether it meets the rules, and who could stand in."""
    row, sites = ground.plan.candidates.loc[key], ground.plan.sites
    yield "单独新增覆盖 Newly covered on its own", _amount(row["gain"])
    site = sites.loc[key] if key in sites.index else None
    if site is None:
        yield (
            "方案 Plan",
            f"未入选；方案后还可新增 not in it; would add {_amount(row['gain_after'])}",
        )
    else:
        yield "新增覆盖 Newly covered in the plan", _amount(site["gain"])
        yield "次序 Opens as number", str(site["order"])
        if isinstance(site["needed_for"], str):
            yield "为满足的要求 Needed for", site["needed_for"]
    yield "单独得分与排名 Score and rank on its own", _score(row)
    reasons = row if site is None else site
    yield "理由", str(reasons["reason_zh"])
    yield "Reason", str(reasons["reason_en"])
    if ground.checks is not None:
        yield "标准核对", str(ground.checks.loc[key, "sentence_zh"])
        yield "Standard", str(ground.checks.loc[key, "sentence_en"])
    yield f"{ALTERNATIVES} 米内其他候选点 Alternatives within", _alternatives(ground, key)
    if site is not None and not missing(site["runner_up"]):
        fewer = f"{site['runner_up']}（{-site['runner_up_loss']:+,.0f}）"
        yield "替补 Runner-up", fewer


def _score(row: pd.Series) -> str:
    """Write a score with its parts and the rank."""
    if missing(row["score"]):
        return "–"
    names = {
        "gain": "新增",
        "overlap": "不重复",
        "access": "步行",
        "cost": "投入",
        "standard": "达标",
    }
    parts = [
        f"{zh} {row[f'points_{name}']:.1f}"
        for name, zh in names.items()
        if f"points_{name}" in row and not missing(row[f"points_{name}"])
    ]
    return f"{row['score']:.1f}（{'，'.join(parts)}），第 {float(row['rank']):.0f} 名"


def _alternatives(ground: Ground, key: Any) -> str:
    plan = ground.plan
    near = shapely.dwithin(ground.metric.to_numpy(), ground.metric.loc[key], ALTERNATIVES)
    near &= ~plan.candidates.index.isin([*plan.sites.index, key])
    gains = plan.candidates["gain"][near].nlargest(3)
    named = place_names(plan.candidates.loc[gains.index]).map(in_chinese)
    told = [
        f"{name} ({_amount(gain)})" for name, gain in zip(named, gains, strict=True) if gain > 0
    ]
    return "；".join(told) or "无 none"


def _amount(value: Any) -> str:
    return "–" if missing(value) else f"+{count_text(float(value))}"


def said(value: object) -> str:
    """Write what a table says in one cell."""
    if isinstance(value, list | tuple):
        return "、".join(map(str, value)) or ASK
    if missing(value):
        return ASK
    if isinstance(value, bool | np.bool_):
        return ANSWERS[bool(value)]
    return f"{value:,g}" if isinstance(value, float) else str(value) or ASK


def missing(value: object) -> bool:
    """Tell whether a cell says nothing."""
    return value is None or value is pd.NA or value != value  # noqa: PLR0124 - NaN
