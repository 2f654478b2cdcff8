"""Which rule needs a site: without it a minimum would be missed, or it must open."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING

import pandas as pd

from servicecircle._said import in_chinese
from servicecircle.sites import in_use
from servicecircle.siting._words import value_of_column

if TYPE_CHECKING:
    import geopandas as gpd

    from servicecircle.siting.plan import Asked

WORDS = {
    "en": (" It must open.", " It is needed for at least {} in {}."),
    "zh": ("该点为必选。", "为满足{1}至少 {0} 个的要求而必需。"),
}


def rules_needing(
    sites: gpd.GeoDataFrame, kept: gpd.GeoDataFrame, asked: Asked
) -> list[list[tuple[str, int]]]:
    """Return what needs each site: ``("district = 鼓楼区", 1)``, or ``("", 0)`` if required."""
    must = set(asked.required)
    needing = [[("", 0)] if site in must else [] for site in sites.index]
    for column, wanted in (asked.at_least or {}).items():
        values = sites[column]
        there = values
        if asked.count_existing and column in kept.columns:
            there = pd.concat([values, kept[column][in_use(kept)]])
        have = there.value_counts()
        for rules, value in zip(needing, values, strict=True):
            if pd.isna(value):
                continue
            least = wanted.get(value, 0) if isinstance(wanted, Mapping) else wanted
            if have[value] <= least:
                rules.append((value_of_column(column, value), int(least)))
    return needing


def as_text(rules: list[tuple[str, int]]) -> str | None:
    """Write the rules that need a site in one cell; nothing where none does."""
    texts = ["required" if not what else f"{what} ≥ {least}" for what, least in rules]
    return "; ".join(texts) or None


def as_sentence(rules: list[tuple[str, int]], language: str) -> str:
    """Say which rules need a site."""
    must, without = WORDS[language]
    named = in_chinese if language == "zh" else str
    return "".join(without.format(least, named(what)) if what else must for what, least in rules)
