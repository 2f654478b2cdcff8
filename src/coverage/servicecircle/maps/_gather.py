"""From results to the scene: who walks where, what each place adds, which areas to draw."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import sparse

from servicecircle.areas import service_areas
from servicecircle.errors import InputError
from servicecircle.maps._scene import Circle, Scene
from servicecircle.maps._tables import (
    district_table,
    fill_districts,
    in_metres,
    made_up,
    place_table,
    text_column,
)
from servicecircle.reach import Reach, walk_times

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import pyproj
    from numpy.typing import NDArray

    from servicecircle.coverage import Coverage
    from servicecircle.maps._scene import Pair
    from servicecircle.networks import WalkNetwork
    from servicecircle.siting import SitePlan

RUNNER_UP_METRES = 400.0
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
    return (max(smaller) if smaller else round(outer * 2 / 3, 1), outer)


def scene_of_coverage(
    coverage: Coverage,
    *,
    districts: gpd.GeoDataFrame | None,
    water: gpd.GeoDataFrame | None,
    areas: gpd.GeoDataFrame | None,
    **page: Any,
) -> Scene:
    """Gather what a map of today shows."""
    minutes = cutoffs(coverage.minutes)
    crs = _metric_crs(coverage.network, coverage.demand)
    zones = district_table(districts, crs)
    demand = _demand_table(coverage, coverage, crs, zones)
    stations = _station_table(coverage, demand, minutes[0], crs, zones)
    drawn = _areas(coverage.network, coverage.facilities, minutes, coverage.speed, areas, crs)
    page.setdefault("notice", None)
    page["notice"] = page["notice"] or made_up(coverage.demand, coverage.facilities)
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
        circles=_circles(
            coverage.network, "station", coverage.facilities, minutes, coverage.speed, crs
        ),
        streets=_streets(coverage.network),
        max_access=_max_access(coverage.network),
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
    table = _Table(_candidate_reach(plan, minutes[1], speed), candidates, sites, demand)
    demand = demand.assign(site=table.first_site())
    sites = table.describe_sites()
    candidates = table.describe_candidates()
    stations = _station_table(today, demand, minutes[0], crs, zones)
    everyone = _together(today.facilities, plan.sites)
    drawn = dict(_areas(network, today.facilities, minutes, speed, areas, crs))
    drawn["plan"] = _areas(network, everyone, minutes, speed, plan_areas, crs)["outer"]
    runners = plan.candidates.loc[sites["runner_up"].dropna().unique()]
    circles = {
        **_circles(network, "station", today.facilities, minutes, speed, crs),
        **_circles(network, "site", plan.sites, minutes, speed, crs),
        **_circles(network, "candidate", runners, minutes, speed, crs),
    }
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
        circles=circles,
        streets=_streets(network),
        max_access=_max_access(network),
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
    if demand.crs is not None and demand.crs.is_projected:
        return demand.crs
    return demand.estimate_utm_crs()


def _streets(network: WalkNetwork | None) -> gpd.GeoDataFrame | None:
    return None if network is None else network.streets


def _max_access(network: WalkNetwork | None) -> float:
    return 100.0 if network is None else network.max_access


def _water(water: gpd.GeoDataFrame | None, crs: pyproj.CRS) -> shapely.Geometry | None:
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


def _pattern(reach: Reach, limit: float) -> sparse.csr_array:
    """Within reach or not, as 1 and 0: facilities × demand."""
    table = reach.within(min(limit, reach.cutoff)).minutes
    return sparse.csr_array((np.ones(table.nnz), table.indices, table.indptr), shape=table.shape)


def _group_sums(
    pattern: sparse.csr_array, demand: gpd.GeoDataFrame, counts: NDArray[np.bool_]
) -> list[dict[str, float]]:
    """Workers of the marked places that each facility reaches, by group."""
    workers = demand["workers"].fillna(0.0).to_numpy() * counts
    groups = demand["group"].to_numpy()
    names = sorted({name for name in groups if name})
    sums = [np.asarray(pattern @ (workers * (groups == name))) for name in names]
    return [
        {name: float(column[row]) for name, column in zip(names, sums, strict=True) if column[row]}
        for row in range(pattern.shape[0])
    ]


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
    outer = _pattern(today.reach, max(today.minutes))
    return table.assign(
        workers=today.facilities["workers"].to_numpy(dtype=float),
        alone=today.facilities["workers_alone"].to_numpy(dtype=float),
        inner=np.asarray(_pattern(today.reach, inner) @ workers),
        groups=_group_sums(outer, demand, everyone),
    )[~table.geometry.is_empty]


def _site_columns(
    table: gpd.GeoDataFrame, sites: gpd.GeoDataFrame | None = None
) -> gpd.GeoDataFrame:
    if sites is None:
        sites = table
    return table.assign(
        gain=_number(sites, "gain"),
        workers=_number(sites, "workers"),
        groups=[{} for _ in range(len(table))],
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
        groups=[{} for _ in usable],
        note=pd.Series([None if ok else UNKNOWN for ok in usable], index=table.index, dtype=object),
    )


def _number(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame.columns:
        return pd.Series(np.nan, index=frame.index)
    return pd.to_numeric(frame[name], errors="coerce").astype(float)


class _Table:
    """Which candidate reaches which place, and what that adds at each step of the plan."""

    def __init__(
        self,
        reach: Reach,
        candidates: gpd.GeoDataFrame,
        sites: gpd.GeoDataFrame,
        demand: gpd.GeoDataFrame,
    ) -> None:
        self.candidates, self.sites, self.demand = candidates, sites, demand
        self.pattern = _pattern(reach, reach.cutoff)
        self.workers = demand["workers"].fillna(0.0).to_numpy()
        self.uncovered = demand["today"].isna().to_numpy()
        self.rows = candidates.index.get_indexer(sites.index)
        self.steps = self._steps()

    def _reached(self, row: int) -> NDArray[np.int64]:
        ends = self.pattern.indptr
        return self.pattern.indices[ends[row] : ends[row + 1]]

    def _steps(self) -> list[NDArray[np.bool_]]:
        """Places still uncovered before each opening, and after the last one."""
        left = self.uncovered.copy()
        steps = [left]
        for row in self.rows:
            left = left.copy()
            left[self._reached(row)] = False
            steps.append(left)
        return steps

    def first_site(self) -> NDArray[np.int64]:
        """Opening number of the site that newly covers each place, or 0."""
        number = np.zeros(len(self.demand), dtype=np.int64)
        for order, (before, after) in enumerate(zip(self.steps, self.steps[1:], strict=False), 1):
            number[before & ~after] = order
        return number

    def describe_sites(self) -> gpd.GeoDataFrame:
        groups = [
            _group_sums(self.pattern[[row]], self.demand, self.steps[step])[0]
            for step, row in enumerate(self.rows)
        ]
        runners = [self._runner_up(step) for step in range(len(self.rows))]
        return self.sites.assign(
            groups=groups,
            runner_up=pd.Series([key for key, _ in runners], index=self.sites.index, dtype=object),
            runner_gain=[gain for _, gain in runners],
        )

    def _runner_up(self, step: int) -> tuple[object, float]:
        """The best other candidate within 400 m, opened in place of this site at its step."""
        place = self.sites.geometry.iloc[step]
        near = shapely.dwithin(self.candidates.geometry.to_numpy(), place, RUNNER_UP_METRES)
        near[self.rows] = False
        gains = self._gain(self.steps[step])
        gains[~near] = 0.0
        if not len(gains) or gains.max() <= 0:
            return None, float("nan")
        best = int(np.argmax(gains))
        return self.candidates.index[best], float(gains[best])

    def _gain(self, counts: NDArray[np.bool_]) -> NDArray[np.float64]:
        return np.asarray(self.pattern @ (self.workers * counts))

    def describe_candidates(self) -> gpd.GeoDataFrame:
        made = self.candidates.assign(groups=_group_sums(self.pattern, self.demand, self.uncovered))
        return made[~made.geometry.is_empty]


def _candidate_reach(plan: SitePlan, limit: float, speed: float) -> Reach:
    """Minutes of all candidates; a plan from a bare reach only knows those of its sites."""
    if plan.network is not None:
        return walk_times(plan.network, plan.candidates, plan.demand, cutoff=limit, speed=speed)
    known = plan.coverage.reach.select(plan.sites.index, plan.demand.index).within(limit)
    pairs = known.to_frame()
    return Reach.from_frame(
        pairs,
        facility_ids=plan.candidates.index,
        demand_ids=plan.demand.index,
        cutoff=limit,
    )


def _together(first: gpd.GeoDataFrame, second: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    places = [*first.geometry, *second.geometry.to_crs(first.crs)]
    return gpd.GeoDataFrame(geometry=places, index=range(len(places)), crs=first.crs)


def _areas(
    network: WalkNetwork | None,
    facilities: gpd.GeoDataFrame,
    minutes: tuple[float, float],
    speed: float,
    given: gpd.GeoDataFrame | None,
    crs: pyproj.CRS,
) -> Mapping[str, shapely.Geometry]:
    """Inner and outer area of a whole set: given, or drawn from the streets."""
    empty = shapely.MultiPolygon()
    areas = given
    if areas is None:
        if network is None or facilities.empty:
            return {"inner": empty, "outer": empty}
        areas = service_areas(network, facilities, minutes=minutes, speed=speed, dissolve=True)
    if "minutes" not in areas.columns or areas.crs is None:
        raise InputError(
            "`areas` must have a CRS and a column 'minutes', as `service_areas(…, dissolve=True)` gives."
        )
    shapes = areas.geometry.to_crs(crs)
    return {
        key: shapes[areas["minutes"] == limit].union_all() or empty
        for key, limit in zip(("inner", "outer"), minutes, strict=True)
    }


def _circles(
    network: WalkNetwork | None,
    name: str,
    places: gpd.GeoDataFrame,
    minutes: tuple[float, float],
    speed: float,
    crs: pyproj.CRS,
) -> dict[tuple[str, object], Circle]:
    if network is None or places.empty:
        return {}
    drawn = service_areas(network, places, minutes=minutes, speed=speed)
    shapes = drawn.geometry.to_crs(crs).to_numpy()
    keys, km2 = drawn["facility"].to_numpy(), drawn["area_km2"].to_numpy(dtype=float)
    return {
        (name, keys[row]): Circle(inner=shapes[row], outer=shapes[row + 1], area_km2=km2[row + 1])
        for row in range(0, len(drawn), 2)
    }


def _conflicts(plan: SitePlan) -> list[Pair]:
    return [
        (f"{row['reason_zh']}{row['mend_zh']}", f"{row['reason_en']} {row['mend_en']}")
        for row in plan.conflicts.to_dict("records")
    ]


def _empty_reason(candidates: gpd.GeoDataFrame, limit: float) -> Pair | None:
    if candidates["gain"].sum() > 0:
        return None
    return NO_CANDIDATE[0].format(limit), NO_CANDIDATE[1].format(limit)
