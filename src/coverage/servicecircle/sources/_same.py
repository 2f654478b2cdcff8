"""One venue, mapped more than once: a point inside its own building, a place drawn twice."""

from __future__ import annotations

from collections import defaultdict
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    import geopandas as gpd
    from numpy.typing import NDArray

NEAR = 30.0  # metres between two points of one name and kind
_DEGREE = 111_320.0


def same_venues(places: gpd.GeoDataFrame, kind: NDArray[np.object_]) -> NDArray[np.intp]:
    """Return for every row the position of the row that stands for its venue.

    Rows of one kind are one venue where a point lies inside an area of the same name, or
    of which one has no name; an area that holds several others of its kind is only the
    ground they stand on and goes with the first of them. Points of one kind and name
    within 30 m are one venue too.

    Parameters
    ----------
    places : GeoDataFrame
        EPSG:4326, with ``name``.
    kind : numpy.ndarray
        (n,) kind of every row.
    """
    stands = np.arange(len(places))
    name = places["name"].fillna("").to_numpy(dtype=object)
    inside: dict[int, list[int]] = defaultdict(list)
    for inner, outer in _contained(places):
        if kind[inner] == kind[outer]:
            inside[outer].append(inner)
    for outer, some in inside.items():
        named = [i for i in some if name[i] and name[i] == name[outer]]
        free = [i for i in some if not name[i] or not name[outer]]
        if named:
            _merge(stands, named, outer)
        elif len(free) == 1:
            _merge(stands, free, outer)
        elif free and not name[outer]:
            _merge(stands, [outer], free[0])
    _twins(places, kind, name, stands)
    return np.array([_stand_in(stands, at) for at in range(len(stands))], dtype=np.intp)


def _stand_in(stands: NDArray[np.intp], at: int) -> int:
    while stands[at] != at:
        at = int(stands[at])
    return at


def _merge(stands: NDArray[np.intp], rows: list[int], into: int) -> None:
    """Let ``into`` stand for rows and for all that they stand for; never in a circle."""
    for row in rows:
        stands[_stand_in(stands, row)] = _stand_in(stands, into)


def _contained(places: gpd.GeoDataFrame) -> list[tuple[int, int]]:
    """List (inner, outer): a point inside a place lies within a larger area."""
    shapes = places.geometry.to_numpy()
    points = shapely.point_on_surface(shapes)
    size = shapely.area(shapes)
    inner, outer = shapely.STRtree(shapes).query(points, predicate="intersects")
    larger = size[outer] > size[inner]
    return sorted(zip(inner[larger].tolist(), outer[larger].tolist(), strict=True))


def _twins(
    places: gpd.GeoDataFrame,
    kind: NDArray[np.object_],
    name: NDArray[np.object_],
    stands: NDArray[np.intp],
) -> None:
    """Let the first of several points of one kind and name within 30 m stand for them."""
    is_point = (places.geom_type == "Point").to_numpy() & (stands == np.arange(len(stands)))
    shapes = places.geometry.to_numpy()
    at = np.flatnonzero(is_point & np.not_equal(name, ""))
    table = pd.DataFrame({"at": at, "kind": kind[at], "name": name[at]})
    for _, rows in table.groupby(["kind", "name"])["at"]:
        if len(rows) < 2:  # noqa: PLR2004
            continue
        lon, lat = shapely.get_coordinates(shapes[rows]).T
        xy = np.column_stack([lon * np.cos(np.radians(lat.mean())), lat]) * _DEGREE
        for later in range(1, len(rows)):
            gaps = np.hypot(*(xy[:later] - xy[later]).T)
            if (gaps <= NEAR).any():
                _merge(stands, [rows.iloc[later]], rows.iloc[int(np.argmax(gaps <= NEAR))])
