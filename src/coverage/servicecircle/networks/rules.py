"""Who may walk where: OpenStreetMap tags to walking rules.

Car one-way is ignored and ``oneway:foot`` honoured; motorways are out, steps and footways
in; ``foot=no`` and ``access=no`` are out; ``access=private`` is kept and marked, because
gated compounds and parks are where workers are (OpenStreetMap wiki, Key:access).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable

NOT_FOR_WALKING = frozenset(
    {
        "abandoned",
        "bus_guideway",
        "busway",
        "construction",
        "disused",
        "elevator",
        "emergency_bay",
        "escape",
        "motorway",
        "motorway_link",
        "no",
        "planned",
        "proposed",
        "raceway",
        "razed",
        "rest_area",
        "services",
        "trailhead",
        "traffic_island",
        "via_ferrata",
    }
)
FOOT_MAY = frozenset({"yes", "designated", "permissive", "destination", "customers", "official"})
CLOSED = frozenset({"no"})
PRIVATE = frozenset({"private", "residents", "employees", "delivery", "permit"})
TAGS = ("highway", "name", "access", "foot", "oneway:foot", "motorroad")


def walking_rules(table: pd.DataFrame) -> pd.DataFrame:
    """Apply the walking rules to a table of tags (one row per line).

    Parameters
    ----------
    table : pandas.DataFrame
        Any of the columns ``highway``, ``name``, ``access``, ``foot``, ``oneway:foot``,
        ``motorroad`` as text; a list in a cell (OSMnx) counts by its first entry.
        Without ``highway`` every line is walkable.

    Returns
    -------
    pandas.DataFrame
        ``walkable``, ``highway``, ``name``, ``access`` ("private" or ""), ``along``,
        ``against``.
    """
    tag = {key: _text(table, key) for key in TAGS}
    foot_may = tag["foot"].isin(FOOT_MAY)
    out = tag["highway"].isin(NOT_FOR_WALKING)
    out |= tag["foot"].isin(CLOSED)
    out |= tag["access"].isin(CLOSED) & ~foot_may & ~tag["foot"].isin(PRIVATE)
    out |= (tag["motorroad"] == "yes") & ~foot_may
    if "highway" in table.columns:
        out |= tag["highway"] == ""
    private = (tag["access"].isin(PRIVATE) & ~foot_may) | tag["foot"].isin(PRIVATE)
    oneway = tag["oneway:foot"]
    return pd.DataFrame(
        {
            "walkable": ~out,
            "highway": tag["highway"],
            "name": tag["name"],
            "access": np.where(private, "private", ""),
            "along": oneway != "-1",
            "against": ~oneway.isin({"yes", "1", "true"}),
        }
    )


def _text(table: pd.DataFrame, key: str) -> pd.Series:
    """Return a column as text, "" where missing."""
    if key not in table.columns:
        return pd.Series("", index=table.index, dtype=object)
    return pd.Series([_first(value) for value in table[key]], index=table.index, dtype=object)


def _first(value: object) -> str:
    if isinstance(value, list | tuple | np.ndarray):
        items: Iterable[object] = value
        value = next(iter(items), None)
    return "" if value is None or value != value else str(value)  # noqa: PLR0124 – NaN
