"""What a gap is called: the sub-district its workers lie in, or the nearest named street."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

from servicecircle._text import clean_text
from servicecircle.maps._ground import street_class
from servicecircle.maps._tables import text_column

if TYPE_CHECKING:
    import geopandas as gpd

CELL = 450.0  # metres: one name for each such square
FARTHEST = 300.0
SUBDISTRICTS = ("subdistrict", "街道", "所属街道", "乡镇街道")


def names_of_gaps(
    demand: gpd.GeoDataFrame, given: gpd.GeoDataFrame, streets: gpd.GeoDataFrame | None
) -> list[tuple[str, float, float]]:
    """Return (name, x, y) in the CRS of ``demand`` for the squares with uncovered workers.

    Parameters
    ----------
    demand : GeoDataFrame
        The scene's, with ``today`` and ``workers``.
    given : GeoDataFrame
        The caller's rows, which may name sub-districts.
    streets : GeoDataFrame or None
        In the same CRS, with ``name`` where known.
    """
    column = next((name for name in SUBDISTRICTS if name in given.columns), None)
    said = text_column(given, column or SUBDISTRICTS[0]).to_numpy()
    gaps = (demand["today"].isna() & ~demand.geometry.is_empty & demand["workers"].gt(0)).to_numpy()
    places = shapely.get_coordinates(demand.geometry.to_numpy()[gaps])
    if not len(places):
        return []
    table = pd.DataFrame({"x": places[:, 0], "y": places[:, 1], "said": said[gaps]})
    squares = table.groupby([table["x"] // CELL, table["y"] // CELL])
    middle = squares[["x", "y"]].mean()
    names = squares["said"].agg(lambda part: part.mode().iloc[0])
    middle["name"] = names.where(names != "", _streets(middle, streets))
    told = middle[middle["name"] != ""]
    return list(zip(told["name"], told["x"], told["y"], strict=True))


def _streets(places: pd.DataFrame, streets: gpd.GeoDataFrame | None) -> pd.Series:
    """Return the nearest street with a name; main and middle ones first, small ones else."""
    found = pd.Series("", index=places.index, dtype=object)
    if streets is None or "name" not in streets.columns:
        return found
    named = streets[streets["name"].notna() & (streets["name"].astype(str) != "")]
    if named.empty:
        return found
    small = np.full(len(named), fill_value=True)
    if "highway" in named.columns:
        small = np.array([street_class(kind) == 2 for kind in named["highway"]])  # noqa: PLR2004
    for part in (named[~small], named[small]):
        if part.empty:
            continue
        left = places[found == ""]
        points = shapely.points(left["x"].to_numpy(), left["y"].to_numpy())
        row, street = part.sindex.nearest(points, return_all=False, max_distance=FARTHEST)
        names = [clean_text(_first(name)) for name in part["name"].iloc[street]]
        told = pd.Series(names, index=left.index[row], dtype=object).reindex(found.index)
        found = found.where(found != "", told.fillna(""))
    return found


def _first(name: object) -> object:
    return name[0] if isinstance(name, list) and name else name
