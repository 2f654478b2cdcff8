"""Which places are too near to each other: in metres, or in minutes on foot."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from pyproj import Geod
from scipy.spatial import cKDTree

from servicecircle.errors import ModelError
from servicecircle.reach import Reach, walk_times

if TYPE_CHECKING:
    from collections.abc import Iterator

    import geopandas as gpd

    from servicecircle._kernel.cover import Ints
    from servicecircle.networks import WalkNetwork

EARTH = 6_371_008.8  # m; only to look for pairs, which the ellipsoid then decides
WGS84 = Geod(ellps="WGS84")


class Pairs(NamedTuple):
    """Positions of places that are too near, each pair both ways."""

    first: Ints
    second: Ints

    def of(self, rows: Ints) -> Pairs:
        """Return the same pairs as positions in a table of which the places are these rows."""
        return Pairs(rows[self.first], rows[self.second])


def near_in_metres(places: gpd.GeoDataFrame, metres: float) -> Pairs:
    """Pairs less than so many metres apart (geodesic)."""
    spots = _lonlat(places)
    rows = np.flatnonzero(np.isfinite(spots).all(axis=1))
    if not len(rows):
        return Pairs(np.zeros(0, np.int64), np.zeros(0, np.int64))
    tree = cKDTree(_on_sphere(spots[rows]))
    pairs = tree.sparse_distance_matrix(tree, 1.01 * metres + 1.0, output_type="coo_matrix")
    one, two = rows[pairs.row], rows[pairs.col]
    apart = WGS84.inv(spots[one, 0], spots[one, 1], spots[two, 0], spots[two, 1])[2]
    near = np.asarray(apart) < metres
    near &= one != two
    return Pairs(one[near], two[near])


def near_on_foot(
    network: WalkNetwork | Reach, places: gpd.GeoDataFrame, minutes: float, speed: float
) -> Pairs:
    """Pairs less than so many minutes' walk apart, one way or the other."""
    if isinstance(network, Reach):
        raise ModelError(
            "`min_spacing_minutes` needs the streets: a reach holds no walks from site to site. "
            "Pass the network, or use `min_spacing` in metres."
        )
    walks = walk_times(network, places, places, cutoff=minutes, speed=speed).minutes.tocoo()
    near = walks.data < np.float32(minutes)
    there, back = walks.row[near].astype(np.int64), walks.col[near].astype(np.int64)
    return Pairs(np.concatenate([there, back]), np.concatenate([back, there]))


def cliques(n: int, one: Ints, two: Ints) -> Iterator[Ints]:
    """Cover the pairs by groups in which all are paired: fewer and stronger rows."""
    friends: list[set[int]] = [set() for _ in range(n)]
    for a, b in zip(one.tolist(), two.tolist(), strict=True):
        friends[a].add(b)
        friends[b].add(a)
    left = {(min(pair), max(pair)) for pair in zip(one.tolist(), two.tolist(), strict=True)}
    for a, b in sorted(left):
        if (a, b) not in left:
            continue
        group, common = [a, b], friends[a] & friends[b]
        while common:
            nearest = min(common)
            group.append(nearest)
            common = common & friends[nearest]
        group.sort()
        left.difference_update((x, y) for k, x in enumerate(group) for y in group[k + 1 :])
        yield np.array(group)


def _lonlat(frame: gpd.GeoDataFrame) -> np.ndarray:
    points = frame.geometry.representative_point() if len(frame) else frame.geometry
    points = points.to_crs(4326) if frame.crs is not None else points
    return np.column_stack([points.x, points.y]).reshape(-1, 2).astype(float)


def _on_sphere(lonlat: np.ndarray) -> np.ndarray:
    lon, lat = np.radians(lonlat).T
    return EARTH * np.column_stack(
        [np.cos(lat) * np.cos(lon), np.cos(lat) * np.sin(lon), np.sin(lat)]
    )
