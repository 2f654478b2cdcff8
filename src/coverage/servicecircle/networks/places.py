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
from servicecircle.errors import CrsError, InputError, InputWarning, UnsnappedWarning

if TYPE_CHECKING:
    import geopandas as gpd
    import pandas as pd

    from servicecircle.networks.walk_network import WalkNetwork

NEAR = 100_000.0  # metres
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
    inside them. What could not be joined is named in one warning; a table whose numbers do
    not fit its CRS at all is refused.
    """
    frame = check_places(frame, name)
    shapes = frame.geometry.to_numpy()
    status = given_status(frame)
    empty = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    status[empty & (status == "ok")] = "no_geometry"
    points = shapes.copy()
    areas = np.flatnonzero(shapely.get_type_id(shapes) > shapely.GeometryType.POINT)
    points[areas] = _points_inside(shapes[areas])
    points[empty] = None
    given = np.stack([shapely.get_x(points), shapely.get_y(points)], axis=1)
    _check_units(network, frame, given, name)
    xy = np.full(given.shape, np.nan)
    use = np.flatnonzero((status == "ok") & np.isfinite(given).all(axis=1))
    project = pyproj.Transformer.from_crs(frame.crs, network.crs, always_xy=True).transform
    xy[use] = np.stack(project(*given[use].T), axis=1)
    swapped = _swapped(network, frame, given, status, name)
    status[(status == "ok") & ~np.isfinite(xy).all(axis=1) & ~swapped] = "bad_coordinates"
    _warn_unplaced(frame, status, name)
    status[swapped] = "bad_coordinates"
    xy[swapped] = np.nan
    places = _nearest(network, xy, status)
    _warn_unsnapped(network, frame.index, places.status, name)
    return places


def _points_inside(shapes: np.ndarray) -> np.ndarray:
    """Take a point on every shape; one with a corner that is no number has none."""
    corners, shape = shapely.get_coordinates(shapes, return_index=True)
    whole = shapes.copy()
    whole[shape[~np.isfinite(corners).all(axis=1)]] = None
    return np.asarray(shapely.point_on_surface(whole))


def _check_units(
    network: WalkNetwork, frame: gpd.GeoDataFrame, given: np.ndarray, name: str
) -> None:
    """Refuse metres that are called degrees, and degrees that are called metres."""
    known = given[np.isfinite(given).all(axis=1)]
    if not len(known):
        return
    size = np.abs(known)
    degrees = (size <= (180.0, 90.0)).all(axis=1)
    swapped = (size <= (90.0, 180.0)).all(axis=1)
    crs = crs_of(frame, name)
    if crs.is_geographic and not (degrees | swapped).any():
        raise CrsError(
            f"`{name}` is said to be in degrees ({crs.to_string()}), but holds e.g. "
            f"({known[0, 0]:g}, {known[0, 1]:g}). Set its true CRS: "
            f"`{name}.set_crs(…, allow_override=True)`."
        )
    if crs.is_projected and degrees.all() and not _near_origin(network, crs):
        raise CrsError(
            f"`{name}` is said to be in metres ({crs.to_string()}), but holds degrees such as "
            f"({known[0, 0]:g}, {known[0, 1]:g}). Set its true CRS, e.g. "
            f"`{name}.set_crs(4326, allow_override=True)`."
        )


def _near_origin(network: WalkNetwork, crs: pyproj.CRS) -> bool:
    """Tell whether streets lie where the metres of a CRS are as small as degrees."""
    to_crs = pyproj.Transformer.from_crs(network.crs, crs, always_xy=True).transform
    x, y = to_crs(*network.node_xy.T)
    near: np.bool_ = ((np.abs(x) < NEAR) & (np.abs(y) < NEAR)).any()
    return bool(near)


def _warn_unplaced(frame: gpd.GeoDataFrame, status: np.ndarray, name: str) -> None:
    """Name the rows without a usable place, unless their reader has done so."""
    told = given_status(frame) != "ok"
    lost = ((status == "no_geometry") | (status == "bad_coordinates")) & ~told
    if lost.any():
        said = say(
            "{n} of {every} rows of `{name}` have no usable place and count in no sum: {some}.",
            "`{name}` 的 {every} 行中有 {n} 行没有可用的位置，未计入合计：{some}。",
            n=int(lost.sum()),
            every=len(lost),
            name=name,
            some=name_some(frame.index[lost]),
        )
        warnings.warn(said, InputWarning, stacklevel=4)


def given_status(frame: gpd.GeoDataFrame) -> np.ndarray:
    """Return what a reader has found wrong with each row, ``ok`` where nothing."""
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
