"""On which days a site is open, from the dates that a table gives."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from servicecircle import _values
from servicecircle._checks import name_some
from servicecircle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

USUAL = ("first_day", "last_day", "open_days")
_APART = re.compile(r"[、，,;；\s]+")
_MONTH = r"\d{4}\s*[年./-]\s*\d{1,2}\s*月?"


def read_days(days: Iterable[object]) -> pd.DatetimeIndex:
    """Return the days of the tour in order, without repeats."""
    if isinstance(days, str):
        raise InputError(f"`days` must be a list of days, e.g. `days=[{days!r}]`.")
    cells = pd.Series(list(days), dtype=object)
    found, unreadable = _values.dates(cells)
    unreadable = unreadable | found.isna().to_numpy()
    if unreadable.any():
        raise InputError(f"`days` holds what is no day: {name_some(cells[unreadable])}.")
    if found.empty:
        raise InputError(
            '`days` is empty; give the days of the tour, e.g. pd.bdate_range("2026-05-04", '
            "periods=10)."
        )
    return pd.DatetimeIndex(found.unique()).sort_values()


def open_table(
    sites: pd.DataFrame, days: pd.DatetimeIndex, first: str, last: str, listed: str
) -> np.ndarray:
    """Tell which sites are open on which days: bool, sites × days.

    A list of days goes before the first and the last; a blank cell does not limit, nor does a
    usual column that is not there.
    """
    missing = [name for name in (first, last, listed) if name not in (*USUAL, *sites.columns)]
    if missing:
        raise InputError(
            f"`sites` has no columns {missing}; it has {list(map(str, sites.columns))}. Name those "
            "of the days with `first_day=`, `last_day=`, `open_days=`."
        )
    opens, closes = _read(sites, first), _read(sites, last, month_ends=True)
    wrong = (opens > closes).to_numpy()
    if wrong.any():
        raise InputError(
            f"`sites`: {first!r} is after {last!r} in {int(wrong.sum())} rows: "
            f"{name_some(sites.index[wrong])}."
        )
    late = opens.isna().to_numpy()[:, None] | (opens.to_numpy()[:, None] <= days.to_numpy())
    soon = closes.isna().to_numpy()[:, None] | (closes.to_numpy()[:, None] >= days.to_numpy())
    table: np.ndarray = late & soon
    if listed in sites.columns:
        for row, cell in enumerate(sites[listed].array):
            named = _listed(cell, listed, sites.index[row])
            table[row] = days.isin(named) if len(named) else table[row]
    return table


def _read(sites: pd.DataFrame, column: str, *, month_ends: bool = False) -> pd.Series:
    if column not in sites.columns:
        return pd.Series(pd.NaT, index=sites.index, dtype="datetime64[s]")
    found, unreadable = _values.dates(sites[column])
    if unreadable.any():
        raise InputError(
            f"`sites[{column!r}]` holds what is no day in {int(unreadable.sum())} rows: "
            f"{name_some(sites.index[unreadable])}. Write 2026-05-04 or 2026年5月4日."
        )
    if month_ends:
        months = _values.texts(sites[column]).str.fullmatch(_MONTH).fillna(value=False)
        found = found.where(~months.astype(bool), found + pd.offsets.MonthEnd(0))
    return found


def _listed(cell: object, column: str, key: object) -> pd.Series:
    """Read a cell of several days: a list, or text parted by commas."""
    parts = list(cell) if isinstance(cell, list | tuple | np.ndarray | pd.Index) else [cell]
    parts = [
        piece
        for part in parts
        for piece in (filter(None, _APART.split(part)) if isinstance(part, str) else [part])
    ]
    found, unreadable = _values.dates(pd.Series(parts, dtype=object))
    if unreadable.any():
        raise InputError(f"`sites.loc[{key!r}, {column!r}]` holds what is no day: {parts}.")
    return found.dropna()
