"""Rows of the scene: workplaces, stations, sites and candidates with what the map says of them."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd

from servicecircle.maps._coded import MOST_IN_SENTENCE
from servicecircle.maps._gains import group_sums, object_series, within_reach
from servicecircle.maps._tables import fill_districts, in_metres, text_column

if TYPE_CHECKING:
    import pyproj

    from servicecircle.coverage import Coverage
    from servicecircle.maps._scene import Pair

COUNTED = ("ok", "unsnapped", "island")
UNKNOWN: Pair = (
    "此处距街道过远或坐标有误，未计算。",
    "Too far from a street, or bad coordinates: not computed.",
)


def demand_rows(
    today: Coverage, after: Coverage, crs: pyproj.CRS, zones: gpd.GeoDataFrame | None
) -> gpd.GeoDataFrame:
    """Return every workplace with its minutes before and after."""
    frame = after.demand
    outer = max(after.minutes)
    workers = pd.to_numeric(frame[after.weight], errors="coerce").astype(float)
    before = today.demand["minutes"].astype(float)
    walk = frame["minutes"].astype(float)
    table = {
        "workers": workers.where(frame["status"].isin(COUNTED)),
        "group": text_column(frame, "group"),
        "district": text_column(frame, "district"),
        "status": frame["status"],
        "today": before.where(before <= outer),
        "plan": walk.where(walk <= outer),
        "site": 0,
    }
    points = in_metres(frame, crs).geometry.to_numpy()
    made = gpd.GeoDataFrame(table, geometry=points, index=frame.index, crs=crs)
    return fill_districts(made, zones)


def station_rows(
    stations: gpd.GeoDataFrame,
    today: Coverage,
    demand: gpd.GeoDataFrame,
    inner: float,
) -> gpd.GeoDataFrame:
    """Add to the stations of a coverage, as `place_table` gives them, whom they reach."""
    workers = demand["workers"].fillna(0.0).to_numpy()
    everyone = np.ones(len(demand), dtype=bool)
    outer = within_reach(today.reach, max(today.minutes))
    return stations.assign(
        workers=today.facilities["workers"].to_numpy(dtype=float),
        alone=today.facilities["workers_alone"].to_numpy(dtype=float),
        inner=np.asarray(within_reach(today.reach, inner) @ workers),
        groups=group_sums(outer, demand, everyone).to_numpy(),
    )[~stations.geometry.is_empty]


def site_rows(table: gpd.GeoDataFrame, sites: gpd.GeoDataFrame | None = None) -> gpd.GeoDataFrame:
    """Add what is said of every site of a plan."""
    if sites is None:
        sites = table
    return table.assign(
        gain=_number(sites, "gain"),
        workers=_number(sites, "workers"),
        groups=object_series(({} for _ in table.index), table.index),
        runner_up=None,
        runner_gain=np.nan,
        reason_zh=text_column(sites, "reason_zh", MOST_IN_SENTENCE),
        reason_en=text_column(sites, "reason_en", MOST_IN_SENTENCE),
    )


def candidate_rows(
    table: gpd.GeoDataFrame, candidates: gpd.GeoDataFrame | None = None
) -> gpd.GeoDataFrame:
    """Add what the plan says of every candidate; one not computed carries a note."""
    if candidates is None:
        candidates = table
    usable = (table["status"] == "ok").tolist()
    return table.assign(
        **{name: _number(candidates, name) for name in ("gain", "workers", "rank")},
        left=_number(candidates, "gain_after"),
        site=_number(candidates, "order").fillna(0).astype(int),
        groups=object_series(({} for _ in usable), table.index),
        note=object_series((None if ok else UNKNOWN for ok in usable), table.index),
    )


def _number(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame.columns:
        return pd.Series(np.nan, index=frame.index)
    return pd.to_numeric(frame[name], errors="coerce").astype(float)
