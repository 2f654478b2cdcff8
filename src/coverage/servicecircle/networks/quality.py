"""What a network is fit for, in numbers and plain words."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from servicecircle.networks.walk_network import WalkNetwork

FOOTWAYS = ("footway", "path", "pedestrian", "steps", "living_street", "corridor", "track")
MOST_ISLANDS = 0.03
FEWEST_FOOTWAYS = 0.05
LONGEST_STREET = 5_000.0


def measure_quality(network: WalkNetwork) -> pd.DataFrame:
    """Measure a network.

    Returns
    -------
    pandas.DataFrame
        Indexed by measure; ``value``, ``unit`` and ``verdict`` (plain words, "" where the
        number needs none).
    """
    km = network.metres / 1000
    total = float(km.sum())

    def share(rows: np.ndarray | pd.Series) -> float:
        return float(km[np.asarray(rows)].sum()) / total if total else np.nan

    highway = network.tags["highway"]
    islands, footways = share(network.is_island), share(highway.isin(FOOTWAYS))
    known = bool((highway != "").any())
    parts = len(np.unique(network.component))
    longest = float(network.metres.max(initial=0.0))
    rows = {
        "streets": (total, "km", ""),
        "pieces": (len(network.ends), "", ""),
        "junctions": (len(network.node_xy), "", ""),
        "parts": (parts, "", "one connected network" if parts == 1 else ""),
        "on islands": (islands, "share of length", _islands(islands)),
        "footways": (footways, "share of length", _footways(footways, known=known)),
        "private": (share(network.tags["access"] == "private"), "share of length", ""),
        "named": (share(network.tags["name"] != ""), "share of length", ""),
        "longest piece": (longest, "m", _longest(longest)),
    }
    frame = pd.DataFrame.from_dict(rows, orient="index", columns=["value", "unit", "verdict"])
    return frame.rename_axis("measure")


def _islands(share: float) -> str:
    if share <= MOST_ISLANDS:
        return "good"
    return "many streets hang loose: places there count as not connected; read a larger extract"


def _footways(share: float, *, known: bool) -> str:
    if not known:
        return "street kinds unknown"
    if share >= FEWEST_FOOTWAYS:
        return "good"
    return "few footways are mapped: short cuts through blocks are missing, circles are cautious"


def _longest(metres: float) -> str:
    if metres <= LONGEST_STREET:
        return ""
    return "very long pieces: look whether junctions are missing"
