"""What a result rests on: parameters, rows and sources, named in Chinese and English."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from servicecircle import __version__
from servicecircle._said import Said, in_both
from servicecircle.reports._headings import told
from servicecircle.siting import SitePlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    from servicecircle._sentences import Language
    from servicecircle.coverage import Coverage

CREDIT = "© OpenStreetMap contributors (ODbL)"
ITEMS = {
    "minutes": ("步行时间上限（分钟）", "Walking limit (minutes)"),
    "speed (km/h)": ("步行速度（公里/小时）", "Walking speed (km/h)"),
    "aim": ("目标", "Aim"),
    "n_open": ("最多新开站点数", "New sites at most"),
    "required": ("必须开设", "Must open"),
    "forbidden": ("不得开设", "Must not open"),
    "weight": ("人数所在列", "Column of workers"),
    "time_limit": ("计算时限（秒）", "Time limit (s)"),
    "gap": ("允许的最优性差距", "Optimality gap allowed"),
    "seed": ("随机种子", "Seed"),
    "budget": ("预算", "Budget"),
    "cost": ("投入所在列", "Column of costs"),
    "at_least": ("至少", "At least"),
    "at_most": ("至多", "At most"),
    "count_existing": ("计入现有站点", "Today's stations count"),
    "min_spacing": ("最小间距（米）", "Spacing at least (m)"),
    "min_spacing_minutes": ("最小间距（步行分钟）", "Spacing at least (minutes on foot)"),
    "decay": ("按步行时间折减", "Worth by the walk"),
    "group_weights": ("各类职工权重", "Weights of groups"),
    "max_minutes": ("最远步行（分钟）", "Longest walk (minutes)"),
    "closable": ("可关闭的站点", "Stations that may close"),
    "closing_cost": ("关闭费用所在列", "Column of closing costs"),
    "upgradable": ("升级后容量所在列", "Column of capacity once upgraded"),
    "upgrade_cost": ("升级费用所在列", "Column of upgrade costs"),
    "prefer": ("优先选用", "First among equals"),
    "exclusive": ("互斥", "Exclude each other"),
    "floor": ("覆盖率下限", "Least share"),
    "share": ("目标覆盖率", "Share wanted"),
    "backup": ("要求双重覆盖", "Two stations each"),
    "capacity": ("容量所在列", "Column of capacity"),
    "split": ("同一地点可分配到多站", "A place may be split"),
    "fair_by": ("公平的依据", "Fair by"),
    "score weights": ("评分权重", "Score weights"),
    "max_access (m)": ("离街道最远（米）", "Off the street at most (m)"),
    "vintage": ("数据时点", "Data from"),
    "coordinates read as": ("坐标系", "Coordinates read as"),
    "made on": ("制作日期", "Made on"),
    "note": ("说明", "Note (Chinese)"),
    "note_en": ("说明（英文）", "Note"),
    "standard": ("服务标准", "Standard"),
    "streets: attribution": ("街道数据署名", "Attribution"),
    "servicecircle": ("软件版本", "Software version"),
}
# Of no meaning unless the other one was asked for
BELONGS = {
    "cost": "budget",
    "closing_cost": "closable",
    "upgrade_cost": "upgradable",
    "split": "capacity",
}
TABLES = {
    "demand": "职工",
    "stations": "现有站点",
    "candidates": "候选点",
    "streets": "街道",
    "network": "街道",
    "districts": "区界",
    "elevation": "高程",
    "file": "文件",
    "rows": "行数",
    "source": "来源",
    "year": "年份",
    "coordinates": "坐标系",
    "rules": "步行规则",
    "ways": "道路数",
    "nodes": "节点数",
    "missing_nodes": "缺失的节点",
    "squares": "步行广场",
    "closed_gates": "关闭的门",
    "vintage": "数据时点",
    "note": "读取说明",
}


def item_label(item: str, language: Language) -> str:
    """Name an item in one language; one we do not know keeps its own name."""
    if item in ITEMS:
        return ITEMS[item][language == "en"]
    if language == "en":
        return item[:1].upper() + item[1:]
    parts = []
    for part in item.split(": "):
        word, _, number = part.partition(" ")
        parts.append(f"{TABLES.get(word, word)}{number}")
    return "：".join(parts)


def parameters_of(result: SitePlan | Coverage, about: Mapping[str, object]) -> pd.DataFrame:
    """Return ``item_zh``, ``item`` and ``value``: all that was set, read and assumed."""
    plan = result if isinstance(result, SitePlan) else None
    coverage: Coverage = plan.coverage if plan else result  # type: ignore[assignment]
    rows: dict[str, object] = {"minutes": coverage.minutes, "speed (km/h)": coverage.speed}
    if plan:
        idle = {name for name, of in BELONGS.items() if not plan.parameters.get(of)}
        asked = plan.parameters.items()
        rows |= {name: value for name, value in asked if name not in {"speed", *idle}}
        rows["score weights"] = plan.candidates.attrs.get("weights", "")
    tables = _tables(plan, coverage)
    rows |= {f"rows: {name}": _statuses(frame) for name, frame in tables.items()}
    if coverage.network is not None:
        rows["max_access (m)"] = coverage.network.max_access
        rows |= {f"streets: {key}": value for key, value in coverage.network.source.items()}
        rows["streets: attribution"] = CREDIT
    rows |= _notes(tables)
    rows |= about
    rows["servicecircle"] = __version__
    values = {item: _joined(value) for item, value in rows.items()}
    values = {item: value for item, value in values.items() if value}
    return pd.DataFrame(
        {
            "item_zh": [item_label(item, "zh") for item in values],
            "item": list(values),
            "value": list(values.values()),
        }
    )


def credit_of(result: SitePlan | Coverage, about: Mapping[str, object], language: Language) -> str:
    """Say in one line what every page must carry: data, speed, cutoffs, seed, version."""
    plan = result if isinstance(result, SitePlan) else None
    coverage: Coverage = plan.coverage if plan else result  # type: ignore[assignment]
    limits = ", ".join(f"{limit:g}" for limit in coverage.minutes)
    seed = None if plan is None else plan.parameters["seed"]
    words = (
        ("数据", "步行", "分钟", "种子", "制作")
        if language == "zh"
        else ("data", "walking", "minutes", "seed", "made")
    )
    parts = [
        f"{words[0]} {about['vintage']}" if about.get("vintage") else "",
        f"{words[1]} {coverage.speed:g} km/h",
        f"{limits} {words[2]}",
        "" if seed is None else f"{words[3]} {seed}",
        f"{words[4]} {about['made on']}" if about.get("made on") else "",
        f"servicecircle {__version__}",
        "" if coverage.network is None else CREDIT.removesuffix(" (ODbL)"),
    ]
    return " | ".join(part for part in parts if part)


def notes_of(about: Mapping[str, object]) -> tuple[str, ...]:
    """Return what readers must know: in Chinese, and in English where it was given too."""
    texts = (str(about.get(name) or "") for name in ("note", "note_en"))
    return tuple(text for text in texts if text)


def _notes(tables: Mapping[str, pd.DataFrame]) -> dict[str, object]:
    """Return where each table comes from, and what was assumed when it was read or estimated."""
    rows: dict[str, object] = {}
    for table, frame in tables.items():
        for key in ("source", "year", "coordinates"):
            if frame.attrs.get(key):
                rows[f"{table}: {key}"] = frame.attrs[key]
        for number, note in enumerate(frame.attrs.get("notes", ()), start=1):
            rows[f"{table}: note {number}"] = note
    return rows


def _tables(plan: SitePlan | None, coverage: Coverage) -> dict[str, pd.DataFrame]:
    if not plan:
        return {"demand": coverage.demand, "stations": coverage.facilities}
    return {
        "demand": coverage.demand,
        "stations": plan.today.facilities,
        "candidates": plan.candidates,
    }


def _statuses(frame: pd.DataFrame) -> str:
    counts = frame["status"].value_counts()
    said = ", ".join(f"{told(name)}: {n}" for name, n in counts.items())
    return f"{len(frame)} ({said})" if said else "0"


def _joined(value: Any) -> str:
    """Write a value in one cell; what was not asked for is empty."""
    if isinstance(value, Said):
        return str(in_both(value, "\n"))
    if isinstance(value, dict):
        parts = {key: _joined(part) for key, part in value.items()}
        return ", ".join(f"{key}: {part}" for key, part in parts.items() if part)
    if isinstance(value, tuple | list | set | frozenset):
        return ", ".join(_joined(part) for part in value)
    if value is None:
        return ""
    if isinstance(value, bool):
        return "✓" if value else "✗"
    return f"{value:.4g}" if isinstance(value, float) else told(value)
