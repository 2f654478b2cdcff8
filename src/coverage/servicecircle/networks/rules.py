"""Who may go where: OpenStreetMap tags to rules.

Walking: car one-way is ignored and ``oneway:foot`` honoured; motorways and ferries are
out, steps and footways in; ``foot=no`` and ``access=no`` are out; ``access=private`` is
kept and marked, because gated compounds and parks are where workers are. Streets whose
sidewalks are mapped separately stay, because the crossings between those sidewalks are
often missing. Riding: one-way streets bind unless ``oneway:bicycle=no``; steps are out;
footways need a bicycle tag (OpenStreetMap wiki, Key:access).
"""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    from servicecircle.networks.profile import Profile

NEVER = frozenset(
    {
        "abandoned",
        "bus_guideway",
        "busway",
        "construction",
        "disused",
        "elevator",
        "emergency_bay",
        "escape",
        "ferry",
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
ON_FOOT_ONLY = frozenset({"corridor", "footway", "pedestrian", "platform"})
MAY = frozenset({"yes", "designated", "permissive", "destination", "customers", "official"})
CLOSED = frozenset({"no"})
PRIVATE = frozenset({"private", "residents", "employees", "delivery", "permit"})
FORWARD = frozenset({"yes", "1", "true"})
BACKWARD = frozenset({"-1", "reverse"})
ROUND = frozenset({"roundabout", "circular"})
COMMON = ("highway", "name", "access", "motorroad", "route")
SPANS = ("bridge", "tunnel")
WALKING = (*COMMON, "foot", "oneway:foot", "area")
CYCLING = (
    *COMMON,
    "vehicle",
    "bicycle",
    "electric_bicycle",
    "oneway",
    "oneway:bicycle",
    "junction",
    "cycleway",
    "cycleway:left",
    "cycleway:right",
    "cycleway:both",
)
# what a locked or barred gate is known by, and what only people get through
GATE_TAGS = ("barrier", "access", "foot", "bicycle", "electric_bicycle", "locked")
NARROW = frozenset({"full-height_turnstile", "kissing_gate", "stile", "turnstile"})


def tags_for(profile: Profile) -> tuple[str, ...]:
    """Keys that the rules look at."""
    keys = WALKING if profile.mode == "walk" else CYCLING
    return keys if profile.elevation is None else (*keys, *SPANS)


def street_rules(table: pd.DataFrame, profile: Profile) -> pd.DataFrame:
    """Apply the rules of a mode to a table of tags (one row per line).

    Parameters
    ----------
    table : pandas.DataFrame
        Any of the columns of ``tags_for(profile)`` as text; a list in a cell (OSMnx)
        counts by its first entry. Without ``highway`` every line may be used.
    profile : Profile
        Who moves.

    Returns
    -------
    pandas.DataFrame
        ``walkable``, ``highway``, ``name``, ``access`` ("private" or ""), ``along``,
        ``against`` (may it be used that way), ``factor`` (how much slower than its
        length), ``spans`` (a bridge or tunnel: off the ground).
    """
    tag = {key: _text(table, key) for key in tags_for(profile)}
    out = tag["highway"].isin(NEVER) | (tag["route"] == "ferry")
    if "highway" in table.columns:
        out |= tag["highway"] == ""
    special, may = _permission(tag, profile)
    out |= special.isin(CLOSED)
    out |= tag["access"].isin(CLOSED) & ~may & ~special.isin(PRIVATE)
    out |= (tag["motorroad"] == "yes") & ~may
    spans = pd.Series(data=False, index=table.index)
    for key in SPANS:
        if key in tag:
            spans |= ~tag[key].isin({"", "no"})
    private = (tag["access"].isin(PRIVATE) & ~may) | special.isin(PRIVATE)
    if not profile.private:
        out |= private
    if profile.mode == "walk":
        oneway = tag["oneway:foot"]
        forward, backward = oneway.isin(FORWARD), oneway.isin(BACKWARD)
    else:
        out |= (tag["highway"] == "steps") | (special == "dismount")
        out |= tag["highway"].isin(ON_FOOT_ONLY) & ~may
        forward, backward = _riding_oneway(tag)
    return pd.DataFrame(
        {
            "walkable": ~out,
            "highway": tag["highway"],
            "name": tag["name"],
            "access": np.where(private, "private", ""),
            "along": ~backward,
            "against": ~forward,
            "factor": np.where(tag["highway"] == "steps", profile.steps, 1.0),
            "spans": spans,
        }
    )


def _permission(tag: Mapping[str, pd.Series], profile: Profile) -> tuple[pd.Series, pd.Series]:
    """Return the tag that speaks of the mode, and whether it allows it."""
    if profile.mode == "walk":
        special = tag["foot"]
    else:
        special = tag["bicycle"].where(tag["bicycle"] != "", tag["vehicle"])
        if profile.mode == "ebike":
            special = tag["electric_bicycle"].where(tag["electric_bicycle"] != "", special)
    return special, special.isin(MAY)


def _riding_oneway(tag: Mapping[str, pd.Series]) -> tuple[pd.Series, pd.Series]:
    """One-way for riders: their own tag first, else that of all vehicles."""
    own, all_ = tag["oneway:bicycle"], tag["oneway"].str.lower()
    against = own == "no"
    for key in ("cycleway", "cycleway:left", "cycleway:right", "cycleway:both"):
        against |= tag[key].str.startswith("opposite")
    forward = (all_.isin(FORWARD) | (tag["junction"].isin(ROUND) & (all_ != "no"))) & ~against
    backward = all_.isin(BACKWARD) & ~against
    told = own.isin(FORWARD | BACKWARD)
    return own.isin(FORWARD) | (forward & ~told), own.isin(BACKWARD) | (backward & ~told)


def gate_is_closed(tags: Mapping[str, str], profile: Profile) -> bool:
    """Tell whether a node with ``barrier`` stops the traveller."""
    walks = profile.mode == "walk"
    special = tags.get("foot" if walks else "bicycle", "")
    if profile.mode == "ebike":
        special = tags.get("electric_bicycle", special)
    access = special or tags.get("access", "")
    if access in MAY:
        return False
    if not walks and tags.get("barrier") in NARROW:
        return True
    if access in PRIVATE:
        return not profile.private
    return access in CLOSED or tags.get("locked") == "yes"


def _text(table: pd.DataFrame, key: str) -> pd.Series:
    """Return a column as text, "" where missing."""
    if key not in table.columns:
        return pd.Series("", index=table.index, dtype=object)
    return pd.Series([_first(value) for value in table[key]], index=table.index, dtype=object)


def _first(value: object) -> str:
    if value is None:
        return ""
    if isinstance(value, str):
        return value
    if isinstance(value, list | tuple | np.ndarray):
        items: Iterable[object] = value
        return _first(next(iter(items), None))
    return "" if pd.isna(value) else str(value)  # type: ignore[call-overload]  # any scalar
