"""From results to the scene: who walks where, what each place adds, which areas to draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from servicecircle.maps._drawn import DrawnAreas
from servicecircle.maps._gains import Gains, within_reach
from servicecircle.maps._minutes import minutes_grid
from servicecircle.maps._near import names_of_gaps
from servicecircle.maps._rows import candidate_rows, demand_rows, site_rows, station_rows
from servicecircle.maps._scene import Scene
from servicecircle.maps._tables import (
    data_notes,
    data_source,
    district_table,
    fill_districts,
    made_up,
    place_table,
)
from servicecircle.sites import in_use

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from servicecircle.coverage import Coverage
    from servicecircle.maps._scene import Pair
    from servicecircle.networks import WalkNetwork
    from servicecircle.siting import SitePlan
    from servicecircle.standards import Standard

WHOLE = 3  # from so many minutes on, two thirds are rounded to whole minutes
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
    standard: Standard | None = None,
    circles: bool = True,
    **page: Any,
) -> Scene:
    """Gather what a map of today shows."""
    stage = Stage(coverage, districts, water)
    demand = demand_rows(coverage, coverage, stage.crs, stage.zones)
    stations = stage.stations(coverage, demand, standard)
    opened = serving(coverage)
    drawn = stage.draw.of_all(opened, areas)
    nothing = place_table(coverage.facilities.iloc[:0], stage.crs)
    return Scene(
        **stage.shown(coverage, demand),
        **said(page, coverage.demand, coverage.facilities),
        demand=demand,
        stations=stations,
        sites=site_rows(nothing),
        candidates=candidate_rows(nothing),
        areas=drawn,
        circles=stage.draw.circles("station", usable(coverage.facilities)) if circles else {},
        walk=stage.walk(coverage, opened, None, drawn["outer"]) if circles else None,
        standard=standard,
    )


def scene_of_plan(
    plan: SitePlan,
    *,
    districts: gpd.GeoDataFrame | None,
    water: gpd.GeoDataFrame | None,
    areas: gpd.GeoDataFrame | None,
    plan_areas: gpd.GeoDataFrame | None,
    standard: Standard | None = None,
    circles: bool = True,
    **page: Any,
) -> Scene:
    """Gather what a map of a plan shows: today, the sites, and what they change."""
    today, after = plan.today, plan.coverage
    stage = Stage(after, districts, water)
    demand = demand_rows(today, after, stage.crs, stage.zones)
    table = _gains(plan, stage, demand, standard)
    sites, candidates = table.describe_sites(), table.describe_candidates()
    stations, opened = stage.stations(today, demand, standard), serving(today)
    stations = stations.assign(gone=~stations.index.isin(plan.kept.index))
    everyone = together(opened[opened.index.isin(plan.kept.index)], plan.sites)
    then = stage.draw.of_all(everyone, plan_areas)["outer"]
    runners = plan.candidates.loc[sites["runner_up"].dropna().unique()]
    alone = {"station": usable(today.facilities), "site": plan.sites, "candidate": runners}
    return Scene(
        **stage.shown(after, demand),
        **said(page, plan.demand, plan.existing, plan.candidates),
        demand=demand.assign(site=table.first_site()),
        stations=stations,
        sites=sites,
        candidates=candidates,
        areas={**stage.draw.of_all(opened, areas), "plan": then},
        circles=stage.draw.circles_of(alone) if circles else {},
        walk=stage.walk(after, opened, everyone, then) if circles else None,
        has_plan=True,
        status=plan.status,
        conflicts=_conflicts(plan),
        empty_reason=_empty_reason(candidates, stage.minutes[1]),
        standard=standard,
    )


class Stage:
    """What every map shows of the same coverage: its CRS, cutoffs, streets and districts."""

    def __init__(
        self,
        coverage: Coverage,
        districts: gpd.GeoDataFrame | None,
        water: gpd.GeoDataFrame | None,
    ) -> None:
        self.network, self.speed = coverage.network, coverage.speed
        self.minutes = cutoffs(coverage.minutes)
        self.crs = _metric_crs(self.network, coverage.demand)
        self.zones = district_table(districts, self.crs)
        self.water = _water(water, self.crs)
        self.draw = DrawnAreas(self.network, self.crs, self.minutes, self.speed)
        self.streets = None if self.network is None else self.network.streets

    def places(self, frame: gpd.GeoDataFrame, standard: Standard | None) -> gpd.GeoDataFrame:
        """Return the rows as cards need them, in a district each."""
        return fill_districts(place_table(frame, self.crs, standard), self.zones)

    def stations(
        self, coverage: Coverage, demand: gpd.GeoDataFrame, standard: Standard | None
    ) -> gpd.GeoDataFrame:
        """Return the coverage's stations and whom they reach."""
        places = self.places(coverage.facilities, standard)
        return station_rows(places, coverage, demand, self.minutes[0])

    def walk(
        self,
        coverage: Coverage,
        before: gpd.GeoDataFrame,
        after: gpd.GeoDataFrame | None,
        area: BaseGeometry,
    ) -> dict[str, Any] | None:
        """Return the minutes on a grid over everything that is within reach."""
        (degrees,) = gpd.GeoSeries([area], crs=self.crs).to_crs(4326)
        limit = max(coverage.minutes)
        return minutes_grid(self.network, before, after, degrees, limit=limit, speed=coverage.speed)

    def shown(self, coverage: Coverage, demand: gpd.GeoDataFrame) -> dict[str, Any]:
        """Return what the scene takes from here, and what the source line says of the data."""
        return {
            "crs": self.crs,
            "minutes": self.minutes,
            "speed": self.speed,
            "streets": self.streets,
            "districts": self.zones,
            "water": self.water,
            "max_access": 100.0 if self.network is None else self.network.max_access,
            "near": names_of_gaps(demand, coverage.demand, self.streets),
            "data_source": data_source(coverage.demand),
            "notes": data_notes(coverage.demand),
        }


def said(page: dict[str, Any], *frames: gpd.GeoDataFrame) -> dict[str, Any]:
    """Return the caller's words for the page; data that is made up is said to be."""
    return {**page, "notice": page.get("notice") or made_up(*frames)}


def serving(coverage: Coverage) -> gpd.GeoDataFrame:
    """Return the stations that count: on the streets, in use, and open at the moment asked for."""
    stations = usable(coverage.facilities[in_use(coverage.facilities)])
    return stations if coverage.at is None else stations[stations["open"].eq(other=True)]


def _metric_crs(network: WalkNetwork | None, demand: gpd.GeoDataFrame) -> pyproj.CRS:
    if network is not None:
        return network.crs
    crs = pyproj.CRS(demand.crs)
    if crs.is_projected or demand.empty:
        return crs if crs.is_projected else pyproj.CRS(3857)
    return pyproj.CRS(demand.estimate_utm_crs())


def _water(water: gpd.GeoDataFrame | None, crs: pyproj.CRS) -> BaseGeometry | None:
    if water is None or water.empty:
        return None
    return shapely.make_valid(water.geometry.to_crs(crs).union_all())


def usable(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the rows that were placed on a street."""
    return frame[frame["status"] == "ok"]


def together(first: gpd.GeoDataFrame, second: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Return the places of both."""
    places = [*first.geometry, *second.geometry.to_crs(pyproj.CRS(first.crs))]
    return gpd.GeoDataFrame(geometry=places, index=range(len(places)), crs=first.crs)


def _gains(
    plan: SitePlan, stage: Stage, demand: gpd.GeoDataFrame, standard: Standard | None
) -> Gains:
    """Return what sites and candidates add, in the plan's own order and from where it starts."""
    sites = site_rows(stage.places(plan.sites, standard), plan.sites)
    candidates = candidate_rows(stage.places(plan.candidates, standard), plan.candidates)
    reach = plan.reach.select(plan.candidates.index, plan.demand.index)
    return Gains(reach.within(stage.minutes[1]), candidates, sites, demand, _left(plan))


def _left(plan: SitePlan) -> NDArray[np.bool_]:
    """Mark the places that no station which stays covers: the plan's gains start from there."""
    kept = plan.today.reach.select(plan.kept.index, plan.demand.index)
    reached = within_reach(kept, max(plan.today.minutes))
    return np.asarray(reached.sum(axis=0) == 0).ravel()


def _conflicts(plan: SitePlan) -> list[Pair]:
    return [
        (f"{row['reason_zh']}{row['mend_zh']}", f"{row['reason_en']} {row['mend_en']}")
        for row in plan.conflicts.to_dict("records")
    ]


def _empty_reason(candidates: gpd.GeoDataFrame, limit: float) -> Pair | None:
    if candidates["gain"].sum() > 0:
        return None
    return NO_CANDIDATE[0].format(limit), NO_CANDIDATE[1].format(limit)
