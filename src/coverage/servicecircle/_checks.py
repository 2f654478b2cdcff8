"""Input checks, made once at the door of every public function."""

from __future__ import annotations

import math
import warnings
from collections.abc import Hashable
from typing import TYPE_CHECKING, cast

import geopandas as gpd
import numpy as np
import pandas as pd

from servicecircle._said import Said, say
from servicecircle.errors import CrsError, InputError, InputWarning

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pyproj

STATUSES = ("ok", "unsnapped", "island", "no_geometry", "bad_coordinates", "bad_number")
LONG_MINUTES = 120
MOST_MINUTES = 1440
MOST_SPEED = 100
MOST_NAMED = 5


def name_some(ids: Iterable[object], most: int = MOST_NAMED) -> Said:
    """Write the first few ids for a message: ``['a', 'b', … 7 more]``."""
    items = list(ids)
    shown = ", ".join(repr(item) for item in items[:most])
    rest = len(items) - most
    if rest <= 0:
        return Said(f"[{shown}]", f"[{shown}]")
    return Said(f"[{shown}, … {rest} more]", f"[{shown}, … 另 {rest} 个]")


def check_places(frame: object, name: str) -> gpd.GeoDataFrame:
    """Check a table of places: a GeoDataFrame with a CRS and unique, single-level ids."""
    if not isinstance(frame, gpd.GeoDataFrame):
        msg = (
            f"`{name}` must be a GeoDataFrame with point geometry, not {type(frame).__name__}. "
            "Read tables with `read_sites` or `read_demand`."
        )
        raise InputError(msg)
    crs_of(frame, name)
    check_ids(frame.index, name)
    return frame


def crs_of(frame: gpd.GeoDataFrame, name: str) -> pyproj.CRS:
    """Return the CRS of a table; one without is refused."""
    if frame.crs is None:
        raise CrsError(
            f"`{name}` has no CRS. Set it, e.g. `{name}.set_crs(4326)` for longitude/latitude."
        )
    return frame.crs


def check_ids(index: pd.Index, name: str) -> None:
    """Refuse a MultiIndex and ids that occur more than once."""
    if isinstance(index, pd.MultiIndex):
        raise InputError(f"`{name}` must have a single-level index of ids, not a MultiIndex.")
    if not index.is_unique:
        twice = index[index.duplicated()].unique()
        raise InputError(
            f"`{name}` must have unique ids; {len(twice)} occur more than once: {name_some(twice)}."
        )


def check_minutes(minutes: float | Sequence[float]) -> tuple[float, ...]:
    """Return the cutoffs as `as_minutes` does, and warn of those that look like seconds."""
    numbers = as_minutes(minutes)
    _warn_if_long(numbers[-1])
    return numbers


def check_cutoff(minutes: float) -> float:
    """Return one cutoff, checked like those of `check_minutes`."""
    number = as_cutoff(minutes)
    _warn_if_long(number)
    return number


def _warn_if_long(minutes: float) -> None:
    if minutes > LONG_MINUTES:
        said = say(
            "`minutes` is {given:g}: more than {long} minutes of walking. Was it meant in seconds?",
            "`minutes` 为 {given:g}，步行超过 {long} 分钟。是否误用了秒？",
            given=minutes,
            long=LONG_MINUTES,
        )
        warnings.warn(said, InputWarning, stacklevel=4)


def as_cutoff(minutes: float) -> float:
    """Return one cutoff; several are refused."""
    numbers = as_minutes(minutes)
    if len(numbers) > 1:
        raise InputError(f"One number of minutes is asked for here, not {minutes!r}.")
    return numbers[0]


def as_minutes(minutes: float | Sequence[float]) -> tuple[float, ...]:
    """Return the cutoffs sorted and without repeats; each from 0 to a day."""
    values = np.atleast_1d(np.asarray(minutes, dtype=object))
    try:
        numbers = sorted({_number(value) for value in values.ravel()})
    except (TypeError, ValueError):
        raise InputError(f"`minutes` must be numbers, not {minutes!r}.") from None
    if not numbers:
        raise InputError("`minutes` is empty; give at least one cutoff, e.g. `minutes=15`.")
    bad = [value for value in numbers if not math.isfinite(value) or value < 0]
    if bad:
        raise InputError(f"`minutes` must be finite and not negative; got {bad}.")
    if numbers[-1] > MOST_MINUTES:
        raise InputError(
            f"`minutes` is {numbers[-1]:g}: more than a day of walking. Was it meant in seconds?"
        )
    return tuple(numbers)


def _number(value: object) -> float:
    """Return a number as float; True and False are none."""
    if isinstance(value, (bool, np.bool_)):
        raise TypeError(value)
    return float(cast("float", value))


def check_speed(speed: float) -> float:
    """Check a speed in km/h: above 0, and at most what no rider reaches."""
    try:
        value = _number(speed)
    except (TypeError, ValueError):
        raise InputError(f"`speed` must be a number in km/h, not {speed!r}.") from None
    if not 0 < value <= MOST_SPEED:
        raise InputError(f"`speed` must be above 0 km/h and at most {MOST_SPEED}; got {speed!r}.")
    return value


def check_weights(frame: pd.DataFrame, column: str, name: str) -> np.ndarray:
    """Return a weight column as float64; rows with missing or bad numbers count 0.

    Negative or infinite weights raise; a missing number is allowed only in rows whose
    ``status`` already says that they are not ``ok``.
    """
    if not isinstance(column, Hashable):
        raise InputError(f"`weight` must name a column of `{name}`; got {column!r:.80}.")
    if column not in frame.columns:
        raise InputError(
            f"`{name}` has no column {column!r}; it has {list(map(str, frame.columns))}. "
            "Name the column of workers with `weight=`."
        )
    values = pd.to_numeric(frame[column], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
    wrong = ~np.isfinite(values) | (values < 0)
    if "status" in frame.columns:
        wrong &= (frame["status"] == "ok").to_numpy()
    if wrong.any():
        raise InputError(
            f"`{name}[{column!r}]` must be finite and not negative; {int(wrong.sum())} rows are "
            f"not: {name_some(frame.index[wrong])}."
        )
    return np.where(np.isfinite(values) & (values > 0), values, 0.0)
