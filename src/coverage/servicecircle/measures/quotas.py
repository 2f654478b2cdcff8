"""Is there a station in every unit that should have one, and how many more it takes."""

from __future__ import annotations

from collections.abc import Mapping
from typing import TYPE_CHECKING, cast

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import optimize, sparse

from servicecircle.districts import area_of
from servicecircle.errors import InputError
from servicecircle.sites import in_use
from servicecircle.standards import Standard, ensure_standard

if TYPE_CHECKING:
    from pathlib import Path

    Least = Mapping[str, int | Mapping[object, int]]


def check_quotas(
    stations: pd.DataFrame,
    quotas: Standard | str | Path | Least,
    *,
    units: pd.DataFrame | None = None,
) -> pd.DataFrame:
    """Count the stations of every unit that should have one, and list what is missing.

    Parameters
    ----------
    stations : pandas.DataFrame
        Today's stations, or those of a plan; closed and only planned ones do not count.
    quotas : Standard, str, Path or mapping
        A standard with quotas (``"dongcheng"``), or numbers as `choose_sites` takes them:
        ``{"street_town": 1, "community": 1}`` or ``{"district": {"鼓楼区": 2}}``.
    units : pandas.DataFrame, optional
        The smallest units, one a row, with the quotas' columns: the 182 communities, each
        with its sub-district. With polygons, stations belong where they lie; else by their
        own columns. Default: the units that occur among the stations.

    Returns
    -------
    pandas.DataFrame
        One row per unit: ``column``, ``unit``, ``at_least``, ``stations`` and ``missing``
        (how many more are needed), in the order of ``units``. ``.attrs["extra_sites"]``:
        the fewest new stations that would fill every quota, wherever they may stand.

    Raises
    ------
    CrsError, InputError
        A number or a column is wrong, or polygons come without stations' places or a CRS.

    Notes
    -----
    The fewest new stations are the solution of a covering program over the rows of
    ``units``: a station in a community also counts for its sub-district.

    Examples
    --------
    >>> checked = check_quotas(stations, "dongcheng", units=communities)  # doctest: +SKIP
    >>> checked[checked["missing"] > 0], checked.attrs["extra_sites"]  # doctest: +SKIP
    """
    least = quotas if isinstance(quotas, Mapping) else ensure_standard(quotas).at_least
    _check_numbers(least)
    there = stations[in_use(stations)]
    known = there if units is None else units
    _check_columns(known, least, "stations" if units is None else "units")
    parts = [_count(there, units, known, column, number) for column, number in least.items()]
    columns = ["column", "unit", "at_least", "stations", "missing"]
    out = pd.concat(parts, ignore_index=True) if parts else pd.DataFrame(columns=columns)
    out.attrs["extra_sites"] = _fewest(out, known)
    return out


def _check_numbers(least: Least) -> None:
    for column, number in least.items():
        for one in number.values() if isinstance(number, Mapping) else [number]:
            if not isinstance(one, int | np.integer) or one < 0:
                raise InputError(f"`quotas[{column!r}]` must be whole numbers from 0; got {one!r}.")


def _check_columns(frame: pd.DataFrame, least: Least, name: str) -> None:
    lost = [column for column in least if column not in frame.columns]
    if lost:
        raise InputError(f"`{name}` has no column {lost}; it has {list(map(str, frame.columns))}.")


def _count(
    stations: pd.DataFrame,
    units: pd.DataFrame | None,
    known: pd.DataFrame,
    column: str,
    number: int | Mapping[object, int],
) -> pd.DataFrame:
    """Count the stations per unit of one column."""
    if isinstance(units, gpd.GeoDataFrame):
        if not isinstance(stations, gpd.GeoDataFrame):
            raise InputError("`units` are areas, but `stations` have no places to lie in them.")
        own = area_of(stations, units, column)
    else:
        _check_columns(stations, {column: 1}, "stations")
        own = stations[column]
    wanted = number if isinstance(number, Mapping) else None
    names = pd.Index(known[column].dropna().unique() if wanted is None else list(wanted))
    have = own.value_counts().reindex(names, fill_value=0).to_numpy(dtype=int)
    asked = np.array([number] * len(names) if wanted is None else list(wanted.values()), dtype=int)
    return pd.DataFrame(
        {
            "column": column,
            "unit": names.to_numpy(dtype=object),
            "at_least": asked,
            "stations": have,
            "missing": np.maximum(asked - have, 0),
        }
    )


def _fewest(checked: pd.DataFrame, known: pd.DataFrame) -> int:
    """Solve for the fewest new stations, each in one row of the units."""
    lacking = checked[checked["missing"] > 0]
    if lacking.empty:
        return 0
    columns = list(dict.fromkeys(checked["column"]))
    spots = known[columns].drop_duplicates()
    holds = np.array(
        [
            (spots[row.column] == row.unit).to_numpy(dtype=bool, na_value=False)
            for row in lacking.itertuples()
        ]
    )
    nowhere = ~holds.any(axis=1)  # named in a quota, in no row: a station of its own each
    need = lacking["missing"].to_numpy()
    apart = int(need[nowhere].sum())
    if nowhere.all():
        return apart
    rows = optimize.LinearConstraint(
        sparse.csr_array(holds[~nowhere].astype(float)), need[~nowhere]
    )
    whole = np.ones(len(spots), dtype=np.int64)
    found = optimize.milp(whole.astype(float), constraints=rows, integrality=whole)
    return apart + round(cast("float", found.fun))
