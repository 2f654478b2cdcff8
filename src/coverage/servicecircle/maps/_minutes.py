"""Walking minutes to the nearest station on a coarse grid, small enough to travel in the file."""

from __future__ import annotations

import math
import warnings
from itertools import groupby
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from servicecircle.errors import UnsnappedWarning
from servicecircle.reach import walk_times

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from servicecircle.networks import WalkNetwork

    Levels = NDArray[np.int64]

CELLS = (50.0, 75.0, 100.0, 150.0, 200.0)  # metres
MOST_CELLS = 150_000
MOST_CHARACTERS = 60_000
LETTERS = "ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
NONE, SAME = -1, -2
DEGREE = 111_320.0  # metres of latitude


def minutes_grid(
    network: WalkNetwork | None,
    before: gpd.GeoDataFrame,
    after: gpd.GeoDataFrame | None,
    area: BaseGeometry,
    *,
    limit: float,
    speed: float,
) -> dict[str, Any] | None:
    """Return the minutes at the middle of every cell, coded; ``None`` if it would be too much.

    Parameters
    ----------
    network : WalkNetwork or None
        Without streets there is no grid.
    before, after : GeoDataFrame
        All that serve today; and all that will, if there is a plan.
    area : geometry
        Where anything is within ``limit``, longitude and latitude.
    limit, speed : float
        Minutes; km/h.

    Notes
    -----
    A letter is a number of whole minutes (A is 0), a dot is none within ``limit``, a tilde
    in ``plan`` is the same as today; digits before a sign repeat it. Rows run from the south.
    """
    if network is None or area.is_empty or limit >= len(LETTERS):
        return None
    for metres in CELLS:
        grid = _Grid(area, metres)
        if grid.rows * grid.columns > MOST_CELLS:
            continue
        first = grid.levels(network, before, limit, speed)
        made: dict[str, Any] = {**grid.frame(), "today": encode_levels(first)}
        if after is not None:
            then = grid.levels(network, after, limit, speed)
            made["plan"] = encode_levels(np.where(then == first, SAME, then))
        if len(made["today"]) + len(made.get("plan", "")) <= MOST_CHARACTERS:
            return made
    return None


class _Grid:
    """Cells of so many metres over an area, in longitude and latitude."""

    def __init__(self, area: BaseGeometry, metres: float) -> None:
        west, south, east, north = area.bounds
        self.metres = metres
        self.high = metres / DEGREE
        self.wide = self.high / math.cos(math.radians((south + north) / 2))
        self.west, self.south = round(west, 6), round(south, 6)
        self.columns = max(1, math.ceil((east - west) / self.wide))
        self.rows = max(1, math.ceil((north - south) / self.high))
        self.area = area

    def frame(self) -> dict[str, float]:
        return {
            "west": self.west,
            "south": self.south,
            "wide": self.wide,
            "high": self.high,
            "columns": self.columns,
            "rows": self.rows,
            "metres": self.metres,
        }

    def levels(
        self, network: WalkNetwork, places: gpd.GeoDataFrame, limit: float, speed: float
    ) -> Levels:
        """Return whole minutes to the nearest place for every cell, `NONE` beyond ``limit``."""
        levels = np.full(self.rows * self.columns, NONE, dtype=np.int64)
        if places.empty:
            return levels
        x = self.west + (np.arange(self.columns) + 0.5) * self.wide
        y = self.south + (np.arange(self.rows) + 0.5) * self.high
        xx, yy = (part.ravel() for part in np.meshgrid(x, y))
        shapely.prepare(self.area)
        inside = np.flatnonzero(shapely.contains_xy(self.area, xx, yy))
        points = gpd.GeoDataFrame(
            geometry=gpd.points_from_xy(xx[inside], yy[inside]), index=inside, crs=4326
        )
        with warnings.catch_warnings():
            # A cell's middle is nobody's place: there is nothing to warn of.
            warnings.simplefilter("ignore", UnsnappedWarning)
            reach = walk_times(network, places, points, cutoff=limit, speed=speed)
        walk = reach.nearest()["minutes"].to_numpy(dtype=float, na_value=np.nan)
        known = np.isfinite(walk)
        levels[inside[known]] = np.rint(walk[known]).astype(np.int64)
        return levels


def encode_levels(levels: Iterable[int]) -> str:
    """Write levels as signs, runs with their length before them."""
    parts = []
    for level, run in groupby(np.asarray(levels).tolist()):
        sign = {NONE: ".", SAME: "~"}.get(level) or LETTERS[level]
        length = sum(1 for _ in run)
        parts.append(sign * length if length < 3 else f"{length}{sign}")  # noqa: PLR2004
    return "".join(parts)
