"""Coverage over a week: what is open in each of its 168 hours."""

from __future__ import annotations

import datetime as dt
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from servicecircle._checks import check_cutoff, check_places, check_weights
from servicecircle.coverage import check_hours, warn_of_hours
from servicecircle.errors import InputError
from servicecircle.hours import (
    DAYS,
    PLAIN_MONDAY,
    open_in_week,
    read_holidays,
    read_hours,
    read_moment,
)
from servicecircle.reach import Reach, ones_of, reach_of
from servicecircle.sites import in_use

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd

    from servicecircle.networks import WalkNetwork

_HOURS = 168
_COUNTED = ("ok", "unsnapped", "island")


def coverage_week(
    network: WalkNetwork | Reach,
    facilities: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    *,
    minutes: float = 15,
    speed: float = 4.5,
    weight: str = "workers",
    by: str | None = None,
    shift: str | None = None,
    week: str | dt.date | None = None,
    holidays: Iterable[dt.date | str] | None = None,
) -> pd.DataFrame:
    """Share of workers with an open facility in reach, for every hour of a week.

    Parameters
    ----------
    network : WalkNetwork or Reach
        The streets, or the walking minutes computed from them before.
    facilities, demand : geopandas.GeoDataFrame
        Places with a CRS; ``facilities`` has a column ``hours``.
    minutes : float
        The cutoff (≤ counts as covered).
    speed : float
        Walking speed in km/h.
    weight : str
        Column of ``demand`` with the number of workers.
    by : str, optional
        A column of ``demand``, such as ``"group"``: shares per value of it.
    shift : str, optional
        A column of ``demand`` that says when its people are there, written as opening
        hours are; then each hour counts only those. What cannot be read is always there.
    week : str or datetime.date, optional
        A day of the week wanted, such as "2026-10-01". Default: a plain week in June.
    holidays : iterable of datetime.date or str, optional
        Days of that week that count as public holidays, for facilities and shifts.

    Returns
    -------
    pandas.DataFrame
        Seven rows (Mo … Su) × 24 columns (hours 0 … 23, each as at half past); with ``by``
        indexed by its value and the day. Missing where nobody is there. ``.attrs``:
        ``minutes``, ``hours_unknown`` (ids of the facilities that count as closed because
        their hours are not known).

    Raises
    ------
    CrsError, InputError
        As from `measure_coverage`, or a column is missing.

    Notes
    -----
    Without ``week``, public holidays and seasons are not in it; make-up working days (调休)
    never are.

    Examples
    --------
    >>> coverage_week(streets, stations, workers, by="group")  # doctest: +SKIP
    """
    limit = check_cutoff(minutes)
    check_places(facilities, "facilities")
    check_places(demand, "demand")
    for column in (by, shift):
        if column is not None and column not in demand.columns:
            raise InputError(
                f"`demand` has no column {column!r}; it has {list(map(str, demand.columns))}."
            )
    weights = check_weights(demand, weight, "demand")
    hours, monday, closed_days = check_hours(facilities), _monday(week), read_holidays(holidays)
    reach = reach_of(network, facilities, demand, cutoff=limit, speed=speed)
    weights = np.where(reach.demand_status.isin(_COUNTED), weights, 0.0)
    present = _present(demand, shift, monday, closed_days)
    opened = open_in_week(hours, monday, closed_days) & in_use(facilities)[:, None]
    inside = _inside(reach, opened)
    labels = _labels(demand, by)
    there = _sums(labels, weights, present)
    shares = _sums(labels, weights, present & inside) / there.where(there > 0)
    return _as_week(shares, by, limit, _unknown_hours(hours))


def _inside(reach: Reach, opened: np.ndarray) -> np.ndarray:
    """(demand, 168) bool: is an open facility within reach? Equal hours are worked out once."""
    pattern = ones_of(reach.minutes).astype(np.int32).T.tocsr()
    states, which = np.unique(opened.T, axis=0, return_inverse=True)
    reached = np.asarray(pattern @ states.T.astype(np.int32)) > 0
    inside: np.ndarray = reached[:, which.ravel()]
    return inside


def _monday(week: str | dt.date | None) -> dt.datetime:
    """Return the first hour of the week that holds a day."""
    if week is None:
        return PLAIN_MONDAY
    day = read_moment(str(week))
    return dt.datetime.combine(day.date(), dt.time()) - dt.timedelta(days=day.weekday())


def _present(
    demand: gpd.GeoDataFrame, shift: str | None, monday: dt.datetime, holidays: frozenset[dt.date]
) -> np.ndarray:
    if shift is None:
        return np.ones((len(demand), _HOURS), dtype=bool)
    known = np.array([read_hours(cell).osm is not None for cell in demand[shift]], dtype=bool)
    present: np.ndarray = open_in_week(demand[shift], monday, holidays) | ~known[:, None]
    return present


def _labels(demand: gpd.GeoDataFrame, by: str | None) -> pd.Index:
    return pd.Index(["all"] * len(demand) if by is None else demand[by])


def _sums(labels: pd.Index, weights: np.ndarray, mask: np.ndarray) -> pd.DataFrame:
    """Weight per label and hour where the mask holds."""
    codes, names = pd.factorize(labels, sort=True, use_na_sentinel=False)
    rows = sparse.csr_array(
        (weights, (codes, np.arange(len(codes)))), shape=(len(names), len(codes))
    )
    return pd.DataFrame(np.asarray(rows @ mask.astype(float)), index=pd.Index(names))


def _unknown_hours(hours: pd.Series) -> list[object]:
    unknown = [i for i, cell in hours.items() if read_hours(cell).osm is None]
    warn_of_hours(unknown, len(hours))
    return list(unknown)


def _as_week(
    shares: pd.DataFrame, by: str | None, minutes: float, unknown: list[object]
) -> pd.DataFrame:
    cells = shares.to_numpy().reshape(-1, 24)
    index: pd.Index = pd.Index(DAYS, name="day")
    if by is not None:
        index = pd.MultiIndex.from_product([shares.index, DAYS], names=[by, "day"])
    elif not len(shares):
        cells = np.full((7, 24), np.nan)
    week = pd.DataFrame(cells, index=index, columns=pd.RangeIndex(24, name="hour"))
    week.attrs = {"minutes": minutes, "hours_unknown": unknown}
    return week
