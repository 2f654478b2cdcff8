"""Minutes of driving between places: straight line × a factor, or given."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import pyproj

from servicecircle._checks import name_some
from servicecircle.errors import InputError
from servicecircle.reach import Reach

if TYPE_CHECKING:
    import geopandas as gpd


def straight_minutes(places: gpd.GeoSeries, *, speed: float, detour: float) -> np.ndarray:
    """Return minutes between places: geodesic metres × ``detour`` at ``speed`` km/h."""
    points = places.representative_point().to_crs(4326)
    lon, lat = points.x.to_numpy(), points.y.to_numpy()
    rows, columns = np.triu_indices(len(points), 1)
    _, _, metres = pyproj.Geod(ellps="WGS84").inv(lon[rows], lat[rows], lon[columns], lat[columns])
    minutes = np.zeros((len(points), len(points)))
    minutes[rows, columns] = minutes[columns, rows] = metres * detour * 60 / (speed * 1000)
    return minutes


def given_minutes(travel: pd.DataFrame | Reach, ids: pd.Index) -> np.ndarray:
    """Return the given minutes in the order of the ids; infinite where none are given.

    A vehicle takes the quicker way through another place where there is one.
    """
    if isinstance(travel, Reach):
        table = travel.select(ids, ids).minutes.tocoo()
        minutes = np.full(table.shape, np.inf)
        minutes[table.row, table.col] = table.data
    else:
        unknown = ids[~ids.isin(travel.index) | ~ids.isin(travel.columns)]
        if len(unknown):
            raise InputError(
                f"`travel` lacks {len(unknown)} ids among its rows or columns: "
                f"{name_some(unknown)}."
            )
        numbers = travel.loc[ids, ids].apply(pd.to_numeric, errors="coerce")
        minutes = numbers.to_numpy(dtype=float, na_value=np.inf, copy=True)
        minutes[np.isnan(minutes)] = np.inf
    np.fill_diagonal(minutes, 0.0)
    if (minutes < 0).any():
        raise InputError("`travel` holds negative minutes.")
    for via in range(len(minutes)):  # Floyd–Warshall
        np.minimum(minutes, minutes[:, [via]] + minutes[[via], :], out=minutes)
    return minutes
