"""plan_tour: check what is asked for, solve it, and write the tour."""

from __future__ import annotations

import math
import re
import time
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from servicecircle._checks import check_ids, check_places, check_weights, name_some
from servicecircle._kernel.cover import whole_weights
from servicecircle._sentences import not_placed
from servicecircle.errors import InputError
from servicecircle.mobile._days import open_table, read_days
from servicecircle.mobile._routes import ROUNDING, Day
from servicecircle.mobile._solve import Task, solve_tour
from servicecircle.mobile._travel import given_minutes, straight_minutes
from servicecircle.mobile.plan import TourPlan
from servicecircle.reach import Reach, id_order
from servicecircle.scores import LANGUAGES, together
from servicecircle.siting.plan import gap_between

if TYPE_CHECKING:
    from collections.abc import Iterable

    from servicecircle.mobile._solve import Drive

HOUR = 60.0
_FULL_DAY = 24
UNUSABLE = ("no_geometry", "bad_coordinates", "bad_number")  # off the streets is no fault here
_WHY = {
    "no_workers": ("Nobody is entered as working there.", "没有填写在岗职工，未安排。"),
    "not_open": ("Not open on any day of the tour.", "巡回期间没有施工日。"),
    "too_far": (
        "A stop there and the driving do not fit into one day.",
        "停靠时间加往返车程超过一天的工作时间。",
    ),
    "no_time": (
        "No time is left on its days: it goes to sites that serve more workers together.",
        "施工期内车辆时间已排满，优先安排合计职工更多的工地。",
    ),
}


def plan_tour(
    sites: gpd.GeoDataFrame,
    *,
    days: Iterable[object],
    vehicles: int = 1,
    hours: float = 8.0,
    stop_hours: float | str = 3.0,
    stops_a_day: int | None = None,
    stops_a_site: int = 1,
    depot: gpd.GeoDataFrame | None = None,
    speed: float = 25.0,
    detour: float = 1.4,
    travel: pd.DataFrame | Reach | None = None,
    weight: str = "workers",
    first_day: str = "first_day",
    last_day: str = "last_day",
    open_days: str = "open_days",
    start: str = "08:00",
    time_limit: float = 30.0,
) -> TourPlan:
    """Say which mobile home 流动职工之家 stops at which construction site on which day.

    Serves the most workers: each site counts once, at its first stop. Of such tours it takes
    one with the most workers at second stops, and so on up to ``stops_a_site``; of these one
    with the fewest vehicle days, then the least driving, then the soonest.

    Parameters
    ----------
    sites : geopandas.GeoDataFrame
        Construction sites, the index is the id: workers, and the days on which each is
        open; a blank day does not limit. Rows with a bad status are not planned.
    days : iterable of dates
        The days of the tour: dates or texts, e.g. ``pd.bdate_range("2026-05-04", periods=10)``.
    vehicles : int
        How many there are; all alike.
    hours : float
        Length of a working day: from leaving the depot until the return to it; without a
        depot from the first arrival to the last departure.
    stop_hours : float or str
        How long a vehicle stays, or the column of sites that says so.
    stops_a_day : int, optional
        Stops of a vehicle a day at most, on top of what the hours allow.
    stops_a_site : int
        Stops at a site at most, each on another day.
    depot : geopandas.GeoDataFrame, optional
        One row: where all vehicles start and end each day. Without it a vehicle stays
        overnight where it is and starts the next day anywhere.
    speed, detour : float
        Driving: straight line × ``detour`` at ``speed`` km/h, rounded up to whole minutes.
        Both defaults are our choice.
    travel : pandas.DataFrame or Reach, optional
        Minutes from row to column (ids of sites and depot), used instead; a missing or
        infinite pair cannot be driven within a day.
    weight : str
        Column of workers.
    first_day, last_day, open_days : str
        Columns of the first and last day, or of a list of days (a month alone counts from its
        first or to its last day); of these names, one that is no column does not limit.
    start : str
        When the day begins, ``"HH:MM"``.
    time_limit : float
        Seconds for the search.

    Returns
    -------
    TourPlan

    Raises
    ------
    CrsError, InputError
        A table has no CRS or repeated ids; a day, a number or a column is wrong; vehicles
        without a depot could not move between two sites in one night.

    Notes
    -----
    Every set of sites that one vehicle can serve in a day is listed in its quickest order
    (Held & Karp 1962) and HiGHS chooses among them, as in set packing. Where there are too
    many, only the quickest are tried, and the bound is that of a program that ignores
    driving.

    Examples
    --------
    >>> tour = plan_tour(sites, days=pd.bdate_range("2026-05-04", periods=10))  # doctest: +SKIP
    >>> tour.timetable()  # doctest: +SKIP
    """
    asked: dict[str, Any] = {
        "vehicles": vehicles, "hours": hours, "stop_hours": stop_hours,
        "stops_a_day": stops_a_day, "stops_a_site": stops_a_site, "speed": speed, "detour": detour,
        "weight": weight, "first_day": first_day, "last_day": last_day, "open_days": open_days,
        "start": start, "time_limit": time_limit,
    }  # fmt: skip
    return _plan(_read(sites, days, depot, travel, asked), depot, asked)


@dataclass(frozen=True)
class _Work:
    """What was read: sites with their status, and by site workers, open days, a vehicle's day.

    ``starts`` are the hours at which the days begin.
    """

    sites: gpd.GeoDataFrame
    workers: np.ndarray
    opened: np.ndarray
    day: Day
    days: pd.DatetimeIndex
    starts: pd.DatetimeIndex


def _read(
    sites: gpd.GeoDataFrame,
    days: Iterable[object],
    depot: gpd.GeoDataFrame | None,
    travel: pd.DataFrame | Reach | None,
    asked: dict[str, Any],
) -> _Work:
    clock = _check_numbers(asked)
    check_places(sites, "sites")
    span = read_days(days)
    opened = open_table(sites, span, asked["first_day"], asked["last_day"], asked["open_days"])
    workers = check_weights(sites, asked["weight"], "sites")
    frame = sites.assign(status=_status(sites))
    workers = np.where(frame["status"] == "ok", workers, 0.0)
    day = _day(frame, depot, travel, asked)
    return _Work(frame, workers, opened & (workers > 0)[:, None], day, span, span + clock)


def _plan(work: _Work, depot: gpd.GeoDataFrame | None, asked: dict[str, Any]) -> TourPlan:
    began = time.monotonic()
    order = id_order(work.sites.index)
    units, scale = whole_weights(work.workers)
    day = work.day.take(order)
    task = Task(units[order], work.opened[order], asked["vehicles"], asked["stops_a_site"], day)
    answer = solve_tour(task, seconds=asked["time_limit"])
    stops = _stops(work, [drive._replace(sites=order[drive.sites]) for drive in answer.drives])
    value, bound = answer.value / scale, answer.bound / scale
    return TourPlan(
        stops=stops,
        sites=_served(work.sites, stops),
        unserved=_unserved(work, stops),
        depot=depot,
        days=work.days,
        value=value,
        bound=bound,
        optimality_gap=gap_between(value, bound),
        status=answer.status,
        seconds=time.monotonic() - began,
        parameters=asked,
    )


def _check_numbers(asked: dict[str, Any]) -> pd.Timedelta:
    """Check the numbers; return the hour at which a day begins."""
    for name in ("vehicles", "stops_a_day", "stops_a_site"):
        value = asked[name]
        if value is None and name == "stops_a_day":
            continue
        if isinstance(value, bool) or not isinstance(value, int | np.integer) or value < 1:
            raise InputError(f"`{name}` must be a whole number from 1; got {value!r}.")
    for name, least in (("hours", 0), ("speed", 0), ("time_limit", 0), ("detour", 1)):
        value = asked[name]
        number = isinstance(value, int | float | np.number)
        if not number or not least <= value < math.inf or value == 0:
            above = f"from {least}" if least else "above 0"
            raise InputError(f"`{name}` must be a number {above}; got {value!r}.")
    if asked["hours"] > _FULL_DAY:
        raise InputError(f"`hours` must be at most {_FULL_DAY}; got {asked['hours']!r}.")
    if not re.fullmatch(r"([01]?\d|2[0-3]):[0-5]\d", str(asked["start"])):
        raise InputError(f"`start` must be a time such as '08:00'; got {asked['start']!r}.")
    return pd.Timedelta(f"{asked['start']}:00")


def _status(sites: gpd.GeoDataFrame) -> np.ndarray:
    """Keep what a reader found wrong; say which rows have no place."""
    own = sites.get("status", pd.Series("ok", index=sites.index))
    own = own.where(own.isin(UNUSABLE), "ok")
    placed = sites.geometry.notna() & ~sites.geometry.is_empty
    finite = np.isfinite(sites.geometry.bounds).all(axis=1)
    found = np.select(
        [own != "ok", ~placed, ~finite], [own, "no_geometry", "bad_coordinates"], "ok"
    )
    return found.astype(object)


def _day(
    sites: gpd.GeoDataFrame,
    depot: gpd.GeoDataFrame | None,
    travel: pd.DataFrame | Reach | None,
    asked: dict[str, Any],
) -> Day:
    """Work out what a vehicle's day allows, in minutes."""
    stop = _stop_minutes(sites, asked["stop_hours"])
    usable = (sites["status"] == "ok").to_numpy()
    places = sites.loc[usable, [sites.geometry.name]]
    if depot is not None:
        check_places(depot, "depot")
        if len(depot) != 1 or (_status(depot) != "ok").any():
            raise InputError(f"`depot` must be one row with a place; got {len(depot)} rows.")
        own = depot[[depot.geometry.name]]
        if travel is None:  # else the table of minutes tells it by its id
            own = own.set_axis(pd.Index(["depot"]))
        places = together(places, own)
        if travel is not None:
            check_ids(places.index, "sites and depot")
    if travel is None:
        ways = straight_minutes(places.geometry, speed=asked["speed"], detour=asked["detour"])
    else:
        ways = given_minutes(travel, places.index)
    ways = np.ceil(ways - ROUNDING)  # a timetable has whole minutes
    length, n = HOUR * asked["hours"], int(usable.sum())
    between = np.full((len(sites), len(sites)), np.inf)
    between[np.ix_(usable, usable)] = ways[:n, :n]
    out, back = np.zeros(len(sites)), np.zeros(len(sites))
    if depot is not None:
        out[usable], back[usable] = ways[n, :n], ways[:n, n]
    else:
        _check_nights(places.index, ways, length)
    most = int((length + ROUNDING) // stop.min(initial=length))
    return Day(between, out, back, stop, length, min(most, asked["stops_a_day"] or most))


def _stop_minutes(sites: gpd.GeoDataFrame, stop_hours: float | str) -> np.ndarray:
    """Return the minutes of a stop at every site."""
    if isinstance(stop_hours, str):
        stop = check_weights(sites, stop_hours, "sites")
        wrong = stop <= 0
    else:
        stop = np.full(len(sites), float(stop_hours))
        wrong = ~((stop > 0) & np.isfinite(stop))
    wrong &= (sites["status"] == "ok").to_numpy()
    if wrong.any():
        raise InputError(
            f"`stop_hours` must be above 0; {int(wrong.sum())} sites have none: "
            f"{name_some(sites.index[wrong])}."
        )
    return np.where(stop > 0, stop, 1.0) * HOUR


def _check_nights(ids: pd.Index, ways: np.ndarray, length: float) -> None:
    """Without a depot, every drive that is known must fit into a night."""
    night = _FULL_DAY * HOUR - length
    known = np.where(np.isfinite(ways), ways, 0.0)
    if known.size and known.max() > night:
        row, column = np.unravel_index(known.argmax(), known.shape)
        raise InputError(
            f"From {ids[int(row)]!r} to {ids[int(column)]!r} it is {known.max() / HOUR:.1f} hours, "
            f"more than the {night / HOUR:g} between two working days. Give a `depot`, or plan "
            "them apart."
        )


def _stops(work: _Work, drives: list[Drive]) -> gpd.GeoDataFrame:
    """Write one row per stop, with its times."""
    sites, day = work.sites, work.day
    rows: list[tuple[object, ...]] = []
    for drive in drives:
        clock, before = work.starts[drive.day], -1
        for site in drive.sites:
            driving = float(day.out[site] if before < 0 else day.between[before, site])
            arrive = clock + pd.Timedelta(minutes=driving)
            clock, before = arrive + pd.Timedelta(minutes=day.stop[site]), site
            rows.append((drive.vehicle + 1, work.days[drive.day], arrive, clock, site, driving))
    out = pd.DataFrame(rows, columns=["vehicle", "day", "arrive", "leave", "at", "driving"])
    out = out.astype(dict.fromkeys(["day", "arrive", "leave"], "datetime64[s]"))
    out = out.sort_values(["arrive", "vehicle"], kind="stable", ignore_index=True)
    at = out.pop("at").to_numpy(dtype=np.int64)
    out.insert(4, "site", sites.index[at])
    if "name" in sites.columns:
        out.insert(5, "name", sites["name"].to_numpy()[at])
    out["workers"] = work.workers[at]
    out["visit"] = out.groupby("site").cumcount() + 1
    out["cumulative"] = out["workers"].where(out["visit"] == 1, 0.0).cumsum()
    places = sites.iloc[at].geometry.representative_point().to_numpy()
    return gpd.GeoDataFrame(out, geometry=places, crs=sites.crs)


def _served(sites: gpd.GeoDataFrame, stops: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Say how often, and on which day first, each site is served."""
    found = stops.groupby("site")["day"].agg(["size", "min"]).reindex(sites.index)
    stops_there = found["size"].fillna(0).astype("int64")
    return sites.assign(stops=stops_there, first_stop=found["min"].astype("datetime64[s]"))


def _unserved(work: _Work, stops: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """List the sites without a stop, and say why."""
    status = work.sites["status"]
    closed = ~work.opened.any(axis=1)
    far = work.day.alone() > work.day.length + ROUNDING
    reason = np.select(
        [status != "ok", work.workers <= 0, closed, far],
        [status, "no_workers", "not_open", "too_far"],
        "no_time",
    )
    out = work.sites.assign(reason=reason)[~work.sites.index.isin(stops["site"])]
    for place, language in enumerate(LANGUAGES):
        out[f"reason_{language}"] = [
            _WHY[why][place] if why in _WHY else not_placed(why, language) for why in out["reason"]
        ]
    return out
