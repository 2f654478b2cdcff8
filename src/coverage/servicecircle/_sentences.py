"""Sentences about sites in English and Chinese; figures in, text out."""

from __future__ import annotations

import math
from typing import Literal

Language = Literal["en", "zh"]

FEW = 10  # below this, fractions of a worker are shown

_NOT_PLACED = {
    "unsnapped": (
        "Too far from any street to be reached on foot; not counted.",
        "距最近的街道太远，步行无法到达，未计入。",
    ),
    "island": (
        "On streets that join no others; not counted.",
        "所在街道与其他街道不相连，未计入。",
    ),
    "no_geometry": ("No location is given; not counted.", "没有位置信息，未计入。"),
    "bad_coordinates": ("The coordinates are not valid; not counted.", "坐标无效，未计入。"),
    "bad_number": ("A number is not valid; not counted.", "数值无效，未计入。"),
}


def count_text(value: float) -> str:
    """Write a number of workers: 4,237; small fractions keep one decimal."""
    return f"{value:,.1f}" if value < FEW and value != round(value) else f"{value:,.0f}"


def percent_text(share: float) -> str:
    """Write a share as 56.8%, or – where there is none."""
    return "–" if math.isnan(share) else f"{100 * share:.1f}%"


def share_text(part: float, whole: float, language: Language) -> str:
    """Write a share with what it is a share of: 247 of 267 = 92.5%."""
    share = percent_text(part / whole if whole > 0 else math.nan)
    if language == "zh":
        return f"共 {count_text(whole)} 个，其中 {count_text(part)} 个（{share}）"
    return f"{count_text(part)} of {count_text(whole)} = {share}"


def not_placed(status: str, language: Language) -> str:
    """Say why a place has no figures."""
    english, chinese = _NOT_PLACED.get(status, _NOT_PLACED["bad_number"])
    return english if language == "en" else chinese


def site_sentence(
    language: Language,
    *,
    minutes: float,
    workers: float,
    gain: float,
    group: str = "",
    nearest: float | None = None,
) -> str:
    """Say whom a site reaches, how many of them are new, and how far the next station is.

    ``nearest`` is the walk in minutes to the nearest station, NaN beyond ``minutes``,
    ``None`` if it is not known or there is none.
    """
    write = _english if language == "en" else _chinese
    return write(f"{minutes:g}", workers, gain, group, nearest)


def _chinese(minutes: str, workers: float, gain: float, group: str, nearest: float | None) -> str:
    if workers <= 0:
        text = f"{minutes} 分钟内没有职工"
    else:
        text = f"{minutes} 分钟内有 {count_text(workers)} 名职工，"
        if gain <= 0:
            text += "目前都已有驿站"
        elif gain >= workers:
            text += "目前都没有驿站"
        else:
            text += f"其中 {count_text(gain)} 人目前没有驿站"
        text += f"，以{group}为主" if group and gain > 0 else ""
    if nearest is None:
        return text + "。"
    if math.isnan(nearest):
        return text + f"；最近的驿站步行超过 {minutes} 分钟。"
    walk = "不到 1 分钟" if nearest < 1 else f" {nearest:.0f} 分钟"
    return text + f"；最近的驿站步行{walk}。"


def _english(minutes: str, workers: float, gain: float, group: str, nearest: float | None) -> str:
    if workers <= 0:
        text = f"No workers are within {minutes} minutes"
    else:
        who = "1 worker is" if workers == 1 else f"{count_text(workers)} workers are"
        text = f"{who} within {minutes} minutes; "
        if gain <= 0:
            text += "all have a station already"
        elif gain >= workers:
            text += "none has a station yet"
        else:
            text += f"{count_text(gain)} of them {'has' if gain == 1 else 'have'} no station yet"
        text += f" (mostly {_small(group)})" if group and gain > 0 else ""
    if nearest is None:
        return text + "."
    if math.isnan(nearest):
        return text + f"; the nearest station is more than {minutes} minutes away."
    walk = (
        "less than a minute" if nearest < 1 else f"{nearest:.0f} minute{'s' * (round(nearest) > 1)}"
    )
    return text + f"; the nearest station is {walk} away."


def _small(label: str) -> str:
    """Write a label inside a sentence: "Couriers" small, "IT staff" as it is."""
    return label[:1].lower() + label[1:] if label[1:2].islower() else label
