"""The walking areas on the map: of whole sets, and of single places."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import shapely

from servicecircle.areas import service_areas
from servicecircle.errors import InputError
from servicecircle.maps._scene import Circle

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    import pyproj
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from servicecircle.networks import WalkNetwork


@dataclass(frozen=True)
class DrawnAreas:
    """Draws areas for one map: its streets, CRS, two cutoffs and speed."""

    network: WalkNetwork | None
    crs: pyproj.CRS
    minutes: tuple[float, float]
    speed: float

    def of_all(
        self, facilities: gpd.GeoDataFrame, given: gpd.GeoDataFrame | None
    ) -> dict[str, BaseGeometry]:
        """Return the inner and outer area of a whole set: given, or drawn from the streets."""
        areas = given
        if areas is None:
            if self.network is None or facilities.empty:
                return {"inner": shapely.MultiPolygon(), "outer": shapely.MultiPolygon()}
            areas = service_areas(
                self.network, facilities, minutes=self.minutes, speed=self.speed, dissolve=True
            )
        if "minutes" not in areas.columns or areas.crs is None:
            raise InputError(
                "`areas` must have a CRS and a column 'minutes': give what "
                "`service_areas(…, dissolve=True)` returns."
            )
        shapes = np.asarray(areas.geometry.to_crs(self.crs), dtype=object)
        limits = areas["minutes"].to_numpy()
        return {
            key: _together(shapes[limits == limit])
            for key, limit in zip(("inner", "outer"), self.minutes, strict=True)
        }

    def circles_of(self, lists: Mapping[str, gpd.GeoDataFrame]) -> dict[tuple[str, object], Circle]:
        """Return the areas of every place of several lists."""
        rings = [self.circles(name, places) for name, places in lists.items()]
        return {key: circle for part in rings for key, circle in part.items()}

    def circles(self, name: str, places: gpd.GeoDataFrame) -> dict[tuple[str, object], Circle]:
        """Return the areas of every place under (list name, id); none without streets."""
        if self.network is None or places.empty:
            return {}
        drawn = service_areas(self.network, places, minutes=self.minutes, speed=self.speed)
        shapes = np.asarray(drawn.geometry.to_crs(self.crs), dtype=object)
        keys, km2 = drawn["facility"].tolist(), drawn["area_km2"].tolist()
        return {
            (name, keys[row]): Circle(
                inner=shapes[row], outer=shapes[row + 1], area_km2=km2[row + 1]
            )
            for row in range(0, len(drawn), len(self.minutes))
        }


def _together(shapes: NDArray[np.object_]) -> BaseGeometry:
    one: BaseGeometry = shapes[0] if len(shapes) == 1 else shapely.union_all(shapes)
    return one
