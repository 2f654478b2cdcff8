"""Part of a pre-assessment: the workers that a candidate reaches, by group and time."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from servicecircle import _values
from servicecircle._sentences import count_text
from servicecircle._vocabulary import read_vocabulary
from servicecircle.hours import open_at, read_moment
from servicecircle.standards import group_label, known_word

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servicecircle.reports._assessed_place import Ground, Items

# Moments of a plain working day; the texts name no slots
SLOTS = {
    "Tue 06:00": "清晨 06:00 early morning",
    "Tue 12:00": "午间 12:00 noon",
    "Tue 18:30": "傍晚 18:30 evening",
    "Tue 23:00": "夜间 23:00 night",
}
MARKS = {True: "✓", False: "✗"}


def people_of(ground: Ground, key: Any) -> Items:
    """Say whom a candidate reaches, and how many of them have no station yet 覆盖人群."""
    plan = ground.plan
    today = ground.demand
    workers = _workers(ground)
    gap = ~today["covered"].to_numpy(dtype=bool)
    for minutes in plan.coverage.minutes:
        inside = ground.reached(key, minutes)
        yield f"{minutes:g} 分钟内职工 workers within", _both(workers, inside, gap)
    inside = ground.reached(key, plan.coverage.minutes[-1])
    for column, label in (("group", _group), ("industry", str)):
        for name, part in _parts(ground.rows_of[column], inside):
            yield f"　{label(name)}", _both(workers, part, gap)
    if "group" in today.columns:
        groups = [one for one in ground.rows_of["group"] if is_priority(one)]
        first = today["group"].isin(groups).to_numpy()
        yield "重点人群 Priority groups", _both(workers, inside & first, gap)
    yield from _members(today, workers, inside)
    yield from _slots(ground, key, workers, inside)
    capacity = _values.numbers(plan.candidates.loc[[key]].get("capacity", pd.Series([None])))
    if np.isfinite(capacity.amounts[0]) and capacity.amounts[0] > 0:
        places = float(capacity.amounts[0])
        new = float(workers[inside & gap].sum())
        text = (
            f"{count_text(places)} 个位置；未覆盖职工为其 {new / places:.1f} 倍 workers per place"
        )
        yield "容量与需求 Capacity and demand", text


def is_priority(group: object) -> bool:
    """Tell whether the programmes' texts serve a group first (小微、灵活、新就业形态)."""
    key = known_word("group", group)
    if key is None:
        return False
    entries = read_vocabulary("groups")
    first = {name for name, entry in entries.items() if entry.get("priority")}
    return key in first or any(key in entries[name].get("includes", ()) for name in first)


def _workers(ground: Ground) -> np.ndarray:
    """Weights that count in the coverage's sums."""
    today = ground.demand
    workers = today[ground.plan.today.weight].to_numpy(dtype=float, na_value=0.0)
    counted = today["status"].isin(["ok", "unsnapped", "island"]).to_numpy()
    return np.where(counted, workers, 0.0)


def _both(workers: np.ndarray, inside: np.ndarray, gap: np.ndarray) -> str:
    return (
        f"{count_text(float(workers[inside].sum()))}，其中未覆盖 not yet covered "
        f"{count_text(float(workers[inside & gap].sum()))}"
    )


def _group(name: Any) -> str:
    return f"{group_label(name, 'zh')} {group_label(name, 'en')}"


def _parts(rows_of: dict[Any, Any], inside: np.ndarray) -> Iterator[tuple[object, np.ndarray]]:
    """Mark who is reached of each group or industry."""
    for name, rows in rows_of.items():
        part = np.zeros(len(inside), dtype=bool)
        part[rows] = inside[rows]
        if name and part.any():
            yield name, part


def _members(today: pd.DataFrame, workers: np.ndarray, inside: np.ndarray) -> Items:
    """Say how many are members; not-yet-members are explicitly to be served (FJ)."""
    if "members" not in today.columns:
        return
    members = _values.numbers(today["members"]).amounts
    known = inside & np.isfinite(members)
    joined = float(members[known].sum())
    others = float(np.maximum(workers[known] - members[known], 0.0).sum())
    text = f"会员 members {count_text(joined)}，未入会 others {count_text(others)}"
    unknown = int((inside & ~np.isfinite(members)).sum())
    yield "会员与未入会 Members", text + (f"；{unknown} 处未知 unknown" if unknown else "")


def _slots(ground: Ground, key: Any, workers: np.ndarray, inside: np.ndarray) -> Items:
    """Say who is there in each time slot, and whether the candidate is open then."""
    today, row = ground.demand, ground.plan.candidates.loc[[key]]
    if "shift" not in today.columns:
        return
    for moment, item in SLOTS.items():
        when = read_moment(moment)
        there = open_at(today.loc[inside, "shift"], when).fillna(value=True)
        text = count_text(float(workers[inside][there.to_numpy(dtype=bool)].sum()))
        if "hours" in row.columns:
            answer = open_at(row["hours"], when).iloc[0]
            text += f"；开放 open {'?' if pd.isna(answer) else MARKS[bool(answer)]}"
        yield f"　{item}", text
