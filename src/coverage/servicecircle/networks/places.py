"""Places joined to a network: each at its nearest street, at that very point."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyproj
import shapely

from servicecircle._checks import STATUSES, check_places, crs_of, name_some
from servicecircle._kernel.search import FAR, Graph, Places
from servicecircle._said import say
from servicecircle.errors import InputError, InputWarning, UnsnappedWarning

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from servicecircle.networks.walk_network import WalkNetwork

GIVEN = frozenset(STATUSES) - {"ok", "unsnapped", "island"}  # statuses that a reader has set


class JoinedPlaces(NamedTuple):
    """Places of a table at their streets, in the table's order.

    ``xy`` (k, 2) float64 metres in the network's CRS; ``street`` (k,) int32, -1 where not
    joined; ``fraction`` (k,) along it; ``metres`` (k,) off it, NaN where not joined;
    ``status`` (k,) text.
    """

    xy: np.ndarray
    street: np.ndarray
    fraction: np.ndarray
    metres: np.ndarray
    status: np.ndarray

    def origins(self, graph: Graph) -> Places:
        """Where searches begin: costs from the place to the ends of its street."""
        along, against = self._costs(graph)
        return self._places(_share(self.fraction, against), _rest(self.fraction, along))

    def targets(self, graph: Graph) -> Places:
        """Where searches arrive: costs from the ends of the street to the place."""
        along, against = self._costs(graph)
        return self._places(_share(self.fraction, along), _rest(self.fraction, against))

    def take(self, rows: np.ndarray) -> JoinedPlaces:
        """Return some of the places, in the order given."""
        return JoinedPlaces(*(column[rows] for column in self))

    def _costs(self, graph: Graph) -> tuple[np.ndarray, np.ndarray]:
        if not len(graph.street_cost):
            nothing = np.full(len(self.street), FAR)
            return nothing, nothing
        along, against = graph.street_cost[np.maximum(self.street, 0)].T
        return along, against

    def _places(self, at_first: np.ndarray, at_last: np.ndarray) -> Places:
        access = np.floor(np.nan_to_num(self.metres) * 10.0 + 0.5).astype(np.int32)
        return Places(self.street, at_first, at_last, access, self.xy)


def _share(fraction: np.ndarray, cost: np.ndarray) -> np.ndarray:
    part = np.floor(fraction * cost + 0.5)
    return np.where(cost >= FAR, FAR, part).astype(np.int32)


def _rest(fraction: np.ndarray, cost: np.ndarray) -> np.ndarray:
    return np.where(cost >= FAR, FAR, cost - _share(fraction, cost)).astype(np.int32)


def join_places(network: WalkNetwork, frame: gpd.GeoDataFrame, name: str) -> JoinedPlaces:
    """Join every row of a table to its nearest walkable street within ``max_access``.

    Rows that a reader has marked as bad keep their status; polygons are taken at a point
    inside them. What could not be joined is named in one warning.
    """
    frame = check_places(frame, name)
    shapes = frame.geometry.to_numpy()
    status = _given_status(frame)
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    status[empty & (status == "ok")] = "no_geometry"
    points = shapes.copy()
    areas = np.flatnonzero(shapely.get_type_id(shapes) > shapely.GeometryType.POINT)
    points[areas] = shapely.point_on_surface(shapes[areas])
    given = np.stack([shapely.get_x(points), shapely.get_y(points)], axis=1)
    xy = np.full(given.shape, np.nan)
    use = np.flatnonzero((status == "ok") & np.isfinite(given).all(axis=1))
    project = pyproj.Transformer.from_crs(frame.crs, network.crs, always_xy=True).transform
    xy[use] = np.stack(project(*given[use].T), axis=1)
    bad = (status == "ok") & ~np.isfinite(xy).all(axis=1)
    bad |= _swapped(network, frame, given, status, name)
    status[bad] = "bad_coordinates"
    xy[bad] = np.nan
    places = _nearest(network, xy, status)
    _warn_unsnapped(network, frame.index, places.status, name)
    return places


def _given_status(frame: gpd.GeoDataFrame) -> np.ndarray:
    status = np.full(len(frame), "ok", dtype=object)
    if "status" in frame.columns:
        told = frame["status"].isin(GIVEN).to_numpy()
        status[told] = frame["status"].to_numpy(dtype=object)[told]
    return status


def _nearest(network: WalkNetwork, xy: np.ndarray, status: np.ndarray) -> JoinedPlaces:
    limit = network.max_access
    use = np.flatnonzero(status == "ok")
    street = np.full(len(xy), -1, np.int32)
    fraction, metres = np.zeros(len(xy)), np.full(len(xy), np.nan)
    street[use], fraction[use], metres[use] = network.index.nearest(xy[use], limit)
    lost = use[street[use] < 0]
    metres[lost] = np.nan
    if lost.size:
        near_island = network.island_index.nearest(xy[lost], limit)[0] >= 0
        status[lost] = np.where(near_island, "island", "unsnapped")
    return JoinedPlaces(np.nan_to_num(xy), street, fraction, metres, status)


def _swapped(
    network: WalkNetwork, frame: gpd.GeoDataFrame, given: np.ndarray, status: np.ndarray, name: str
) -> np.ndarray:
    """Find points whose longitude and latitude look exchanged; most of them raises."""
    nothing = np.zeros(len(given), bool)
    if not crs_of(frame, name).is_geographic or not len(given):
        return nothing
    west, south, east, north = network.bounds
    x, y = given.T
    inside = (x >= west) & (x <= east) & (y >= south) & (y <= north)
    turned = (y >= west) & (y <= east) & (x >= south) & (x <= north)
    swapped: np.ndarray = (status == "ok") & turned & ~inside
    if not swapped.any():
        return nothing
    text = say(
        "{n} of {every} rows of `{name}` look as if longitude and latitude were exchanged: {some}.",
        "`{name}` 的 {every} 行中有 {n} 行的经度与纬度似乎颠倒：{some}。",
        n=int(swapped.sum()),
        every=len(given),
        name=name,
        some=name_some(frame.index[swapped]),
    )
    if swapped.sum() * 2 > (status == "ok").sum():
        raise InputError(text + " Exchange the two columns.")
    said = say("{text} They are left out.", "{text}这些行未计入。", text=text)
    warnings.warn(said, InputWarning, stacklevel=5)
    return swapped


def _warn_unsnapped(network: WalkNetwork, ids: pd.Index, status: np.ndarray, name: str) -> None:
    far = (status == "unsnapped") | (status == "island")
    if far.any():
        said = say(
            "{n} of {every} places of `{name}` lie more than {metres:g} m from any connected "
            "street and count as not covered: {some}.",
            "`{name}` 的 {every} 个地点中有 {n} 个距相连的街道超过 {metres:g} 米，"
            "按未覆盖计：{some}。",
            n=int(far.sum()),
            every=len(ids),
            name=name,
            metres=network.max_access,
            some=name_some(ids[far]),
        )
        warnings.warn(said, UnsnappedWarning, stacklevel=4)
