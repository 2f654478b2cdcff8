"""From results to the scene: who walks where, what each place adds, which areas to draw."""

from __future__ import annotations

from collections import ChainMap
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from servicecircle.maps._drawn import DrawnAreas
from servicecircle.maps._gains import Gains, group_sums, object_series, within_reach
from servicecircle.maps._minutes import minutes_grid
from servicecircle.maps._near import names_of_gaps
from servicecircle.maps._scene import Scene
from servicecircle.maps._tables import (
    data_notes,
    data_source,
    district_table,
    fill_districts,
    in_metres,
    made_up,
    place_table,
    text_column,
)

if TYPE_CHECKING:
    from collections.abc import Sequence

    from shapely.geometry.base import BaseGeometry

    from servicecircle.coverage import Coverage
    from servicecircle.maps._scene import Pair
    from servicecircle.networks import WalkNetwork
    from servicecircle.siting import SitePlan

WHOLE = 3  # from so many minutes on, two thirds are rounded to whole minutes
COUNTED = ("ok", "unsnapped", "island")
UNKNOWN: Pair = (
    "此处距街道过远或坐标有误，未计算。",
    "Too far from a street, or bad coordinates: not computed.",
)
NO_CANDIDATE: Pair = ("盲区 {0:g} 分钟内没有候选点", "no candidate within {0:g} minutes of a gap")


def cutoffs(minutes: Sequence[float]) -> tuple[float, float]:
    """Return the inner and outer cutoff to draw: the two largest, or two thirds of the one."""
    outer = max(minutes)
    smaller = [value for value in minutes if value < outer]
    return (max(smaller) if smaller else round(outer * 2 / 3, 1 if outer < WHOLE else 0), outer)


def scene_of_coverage(
    coverage: Coverage,
    *,
    districts: gpd.GeoDataFrame | None,
    water: gpd.GeoDataFrame | None,
    areas: gpd.GeoDataFrame | None,
    circles: bool = True,
    **page: Any,
) -> Scene:
    """Gather what a map of today shows."""
    minutes = cutoffs(coverage.minutes)
    crs = _metric_crs(coverage.network, coverage.demand)
    zones = district_table(districts, crs)
    demand = _demand_table(coverage, coverage, crs, zones)
    stations = _station_table(coverage, demand, minutes[0], crs, zones)
    draw = DrawnAreas(coverage.network, crs, minutes, coverage.speed)
    page.setdefault("notice", None)
    page["notice"] = page["notice"] or made_up(coverage.demand, coverage.facilities)
    drawn = draw.of_all(_usable(coverage.facilities), areas)
    nothing = place_table(coverage.facilities.iloc[:0], crs)
    return Scene(
        crs=crs,
        minutes=minutes,
        speed=coverage.speed,
        demand=demand,
        stations=stations,
        sites=_site_columns(nothing),
        candidates=_candidate_columns(nothing),
        areas=drawn,
        circles=draw.circles("station", _usable(coverage.facilities)) if circles else {},
        streets=_streets(coverage.network),
        max_access=_max_access(coverage.network),
        **_said_of(coverage, stations),
        near=names_of_gaps(demand, coverage.demand, _streets(coverage.network)),
        walk=_walk(coverage, None, drawn["outer"], crs) if circles else None,
        districts=zones,
        water=_water(water, crs),
        **page,
    )


def scene_of_plan(
    plan: SitePlan,
    *,
    districts: gpd.GeoDataFrame | None,
    water: gpd.GeoDataFrame | None,
    areas: gpd.GeoDataFrame | None,
    plan_areas: gpd.GeoDataFrame | None,
    circles: bool = True,
    **page: Any,
) -> Scene:
    """Gather what a map of a plan shows: today, the sites, and what they change."""
    today, after = plan.today, plan.coverage
    minutes, speed = cutoffs(after.minutes), after.speed
    network = after.network
    crs = _metric_crs(network, after.demand)
    zones = district_table(districts, crs)
    demand = _demand_table(today, after, crs, zones)
    sites = _site_columns(fill_districts(place_table(plan.sites, crs), zones), plan.sites)
    candidates = fill_districts(place_table(plan.candidates, crs), zones)
    candidates = _candidate_columns(candidates, plan.candidates)
    reach = plan.reach.select(plan.candidates.index, plan.demand.index).within(minutes[1])
    table = Gains(reach, candidates, sites, demand)
    demand = demand.assign(site=table.first_site())
    sites = table.describe_sites()
    candidates = table.describe_candidates()
    stations = _station_table(today, demand, minutes[0], crs, zones)
    stations_placed = _usable(today.facilities)
    everyone = _together(stations_placed, plan.sites)
    draw = DrawnAreas(network, crs, minutes, speed)
    drawn = draw.of_all(stations_placed, areas)
    drawn["plan"] = draw.of_all(everyone, plan_areas)["outer"]
    runners = plan.candidates.loc[sites["runner_up"].dropna().unique()]
    drawn_alone = {"station": stations_placed, "site": plan.sites, "candidate": runners}
    rings = [draw.circles(name, rows) for name, rows in drawn_alone.items() if circles]
    page["notice"] = page.get("notice") or made_up(plan.demand, plan.existing, plan.candidates)
    return Scene(
        crs=crs,
        minutes=minutes,
        speed=speed,
        demand=demand,
        stations=stations,
        sites=sites,
        candidates=candidates,
        areas=drawn,
        circles=dict(ChainMap(*rings)),
        streets=_streets(network),
        max_access=_max_access(network),
        **_said_of(after, stations),
        near=names_of_gaps(demand, after.demand, _streets(network)),
        walk=_walk(today, plan.sites, drawn["plan"], crs) if circles else None,
        districts=zones,
        water=_water(water, crs),
        has_plan=True,
        status=plan.status,
        conflicts=_conflicts(plan),
        empty_reason=_empty_reason(candidates, minutes[1]),
        **page,
    )


def _metric_crs(network: WalkNetwork | None, demand: gpd.GeoDataFrame) -> pyproj.CRS:
    if network is not None:
        return network.crs
    crs = pyproj.CRS(demand.crs)
    if crs.is_projected or demand.empty:
        return crs if crs.is_projected else pyproj.CRS(3857)
    return pyproj.CRS(demand.estimate_utm_crs())


def _streets(network: WalkNetwork | None) -> gpd.GeoDataFrame | None:
    return None if network is None else network.streets


def _max_access(network: WalkNetwork | None) -> float:
    return 100.0 if network is None else network.max_access


def _walk(
    today: Coverage, sites: gpd.GeoDataFrame | None, area: BaseGeometry, crs: pyproj.CRS
) -> dict[str, Any] | None:
    """Minutes on a grid over everything that is within reach."""
    (degrees,) = gpd.GeoSeries([area], crs=crs).to_crs(4326)
    limit, speed = max(today.minutes), today.speed
    stations = _usable(today.facilities)
    return minutes_grid(today.network, stations, sites, degrees, limit=limit, speed=speed)


def _said_of(coverage: Coverage, stations: gpd.GeoDataFrame) -> dict[str, Any]:
    """Return what the source line says of the data."""
    return {
        "data_source": data_source(coverage.demand),
        "notes": data_notes(coverage.demand),
        "closed_counted": int((stations["closed"] & (stations["workers"] > 0)).sum()),
    }


def _water(water: gpd.GeoDataFrame | None, crs: pyproj.CRS) -> BaseGeometry | None:
    if water is None or water.empty:
        return None
    return shapely.make_valid(water.geometry.to_crs(crs).union_all())


def _demand_table(
    today: Coverage, after: Coverage, crs: pyproj.CRS, zones: gpd.GeoDataFrame | None
) -> gpd.GeoDataFrame:
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


def _station_table(
    today: Coverage,
    demand: gpd.GeoDataFrame,
    inner: float,
    crs: pyproj.CRS,
    zones: gpd.GeoDataFrame | None,
) -> gpd.GeoDataFrame:
    table = fill_districts(place_table(today.facilities, crs), zones)
    workers = demand["workers"].fillna(0.0).to_numpy()
    everyone = np.ones(len(demand), dtype=bool)
    outer = within_reach(today.reach, max(today.minutes))
    return table.assign(
        workers=today.facilities["workers"].to_numpy(dtype=float),
        alone=today.facilities["workers_alone"].to_numpy(dtype=float),
        inner=np.asarray(within_reach(today.reach, inner) @ workers),
        groups=group_sums(outer, demand, everyone).to_numpy(),
    )[~table.geometry.is_empty]


def _site_columns(
    table: gpd.GeoDataFrame, sites: gpd.GeoDataFrame | None = None
) -> gpd.GeoDataFrame:
    if sites is None:
        sites = table
    return table.assign(
        gain=_number(sites, "gain"),
        workers=_number(sites, "workers"),
        groups=object_series(({} for _ in table.index), table.index),
        runner_up=None,
        runner_gain=np.nan,
        reason_zh=text_column(sites, "reason_zh"),
        reason_en=text_column(sites, "reason_en"),
    )


def _candidate_columns(
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


def _usable(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    return frame[frame["status"] == "ok"]


def _together(first: gpd.GeoDataFrame, second: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    places = [*first.geometry, *second.geometry.to_crs(pyproj.CRS(first.crs))]
    return gpd.GeoDataFrame(geometry=places, index=range(len(places)), crs=first.crs)


def _conflicts(plan: SitePlan) -> list[Pair]:
    return [
        (f"{row['reason_zh']}{row['mend_zh']}", f"{row['reason_en']} {row['mend_en']}")
        for row in plan.conflicts.to_dict("records")
    ]


def _empty_reason(candidates: gpd.GeoDataFrame, limit: float) -> Pair | None:
    if candidates["gain"].sum() > 0:
        return None
    return NO_CANDIDATE[0].format(limit), NO_CANDIDATE[1].format(limit)
