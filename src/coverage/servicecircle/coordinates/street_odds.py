"""How likely points are to be real places, by where they lie among the streets."""

from __future__ import annotations

from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from scipy.spatial import KDTree

    from servicecircle.networks import WalkNetwork
    from servicecircle.networks.nearest_street import StreetIndex

    Floats = NDArray[np.float64]

FAR = 250.0  # metres; beyond, the street file may just end, so a point says nothing

_WIDE = ("motorway", "trunk", "primary", "secondary")
_CAR = ("tertiary", "residential", "unclassified", "living_street", "road")
_SERVICE = ("service",)
_ON_FOOT = (
    *("footway", "path", "pedestrian", "steps", "cycleway", "track", "square", "platform"),
    *("trail", "corridor"),
)
_CLASSES = (_WIDE, _CAR, _SERVICE, _ON_FOOT)
METRE_STEPS = np.array([1.5, 3, 5, 8, 12, 18, 27, 40, 60, 100, 200])
# Length of street within 60 m and within 150 m, over that within 600 m
SHARE_STEPS = np.array(
    [
        [0.004, 0.009, 0.013, 0.018, 0.022, 0.029, 0.036, 0.045, 0.056, 0.067, 0.09],
        [0.02, 0.04, 0.06, 0.08, 0.1, 0.13, 0.16, 0.2, 0.25, 0.3, 0.4],
    ]
)
_AROUND = (60.0, 150.0, 600.0)
_SPACING = 20.0  # metres between the points that stand for a street's length

# Natural log odds that a point is a real place and not one moved by 450 to 900 m: by the metres
# to the nearest wide street, other street for cars, service road, way on foot, street of any kind
# and junction, and by the share of street length close by. See benchmarks/fit_street_odds.py
ODDS = np.array(
    [
        [-1.47, -0.82, -0.88, -0.06, 0.32, 0.21, 0.36, 0.76, 0.81, 0.48, 0.29, -0.01],
        [-0.93, -1.05, -0.49, 0.1, 0.74, 0.38, 0.54, 0.44, 0.4, 0.34, 0.07, -0.54],
        [1.02, -0.16, -0.25, -0.57, -0.09, 0.09, -0.1, -0.0, 0.13, 0.07, -0.05, -0.09],
        [0.99, 0.57, 0.51, 0.27, -0.02, -0.06, -0.1, -0.47, -0.48, -0.42, -0.57, -0.23],
        [0.13, -0.53, 0.07, 0.2, 0.09, 0.25, 0.13, 0.45, 0.18, 0.07, -0.42, -0.62],
        [0.66, -0.09, 0.11, 0.45, 0.45, 0.5, 0.24, 0.01, -0.12, -0.16, -0.4, -1.65],
        [-0.51, -0.39, -0.23, -0.15, 0.02, -0.01, 0.03, 0.45, 0.19, 0.32, -0.04, 0.31],
        [-1.02, -0.68, -0.49, -0.09, -0.11, -0.0, 0.23, 0.45, 0.35, 0.72, 0.62, 0.01],
    ]
)
# The same where ways on foot and service roads are not drawn: wide streets, streets for cars and
# streets of any kind
BARE_ODDS = np.array(
    [
        [-0.48, -0.20, -0.28, 0.02, 0.03, 0.00, -0.01, 0.37, 0.41, 0.26, 0.09, -0.20],
        [-1.19, -0.81, -0.52, -0.03, 0.67, 0.60, 0.74, 0.68, 0.58, 0.45, -0.16, -1.02],
        [1.23, 0.12, 0.48, 0.43, 0.21, 0.28, 0.05, -0.02, -0.29, -0.60, -1.01, -0.86],
    ]
)
_BARE = 0.05  # share of street length in ways on foot and service roads below which there are none


class StreetOdds:
    """Weighs points by the streets of a network, in its CRS."""

    def __init__(self, network: WalkNetwork) -> None:
        self.network = network

    def weigh(self, xy: Floats) -> tuple[Floats, Floats]:
        """Return the log odds of points (k, 2) and their metres to the nearest street.

        Points farther than 250 m from any street have odds of 0: they say nothing.
        """
        steps, metres = self.steps(xy)
        if self.is_bare:
            wide, car, near = steps[:, 0], steps[:, :2].min(axis=1), steps[:, len(_CLASSES)]
            odds = BARE_ODDS[0, wide] + BARE_ODDS[1, car] + BARE_ODDS[2, near]
        else:
            odds = ODDS[np.arange(len(ODDS)), steps].sum(axis=1)
        return np.where(metres < FAR, odds, 0.0), metres

    def steps(self, xy: Floats) -> tuple[NDArray[np.intp], Floats]:
        """Return the step (k, 8) of every measure, and the metres to the nearest street."""
        near = [street_metres(xy, index) for index in (*self._classes, self.network.index)]
        measures = [*near, self._junctions.query(xy)[0]]
        steps: list[NDArray[np.intp]] = [
            np.asarray(np.searchsorted(METRE_STEPS, one, side="right")) for one in measures
        ]
        inner, middle, outer = (
            self._lengths.query_ball_point(xy, radius, return_length=True) for radius in _AROUND
        )
        for count, bounds in zip((inner, middle), SHARE_STEPS, strict=True):
            share = (count + 0.5) / (outer + 5.0)
            steps.append(np.asarray(np.searchsorted(bounds, share, side="right")))
        return np.column_stack(steps), near[-1]

    @cached_property
    def is_bare(self) -> bool:
        """Tell whether ways on foot and service roads are missing, so that less is known."""
        fine = self.network.tags["highway"].isin((*_SERVICE, *_ON_FOOT)).to_numpy()
        metres = self.network.metres
        return bool(metres[fine].sum() < _BARE * metres.sum())

    @cached_property
    def _classes(self) -> list[StreetIndex]:
        kind = self.network.tags["highway"].astype(str).str.removesuffix("_link")
        whole = self.network.index
        parts = []
        for kinds in _CLASSES:
            kept = kind.isin(kinds).to_numpy()[whole.street[whole.members]]
            start = np.concatenate([[0], np.cumsum(kept)])[whole.start].astype(whole.start.dtype)
            parts.append(whole._replace(start=start, members=whole.members[kept]))
        return parts

    @cached_property
    def _junctions(self) -> KDTree:
        from scipy.spatial import KDTree

        streets = np.bincount(self.network.ends.ravel(), minlength=len(self.network.node_xy))
        return KDTree(self.network.node_xy[streets > 2])  # noqa: PLR2004

    @cached_property
    def _lengths(self) -> KDTree:
        """Points along the streets, one for every 20 m begun."""
        from scipy.spatial import KDTree

        first, last = np.hsplit(self.network.index.segments, 2)
        count = np.ceil(np.hypot(*(last - first).T) / _SPACING).astype(int)
        of = np.repeat(np.arange(len(count)), count)
        part = np.arange(len(of)) - np.repeat(np.cumsum(count) - count, count)
        along = ((part + 0.5) / count[of])[:, None]
        return KDTree(first[of] * (1 - along) + last[of] * along)


def street_metres(xy: Floats, index: StreetIndex) -> Floats:
    """Return the metres to the nearest street of an index, at most 250."""
    street, _, metres = index.nearest(xy, FAR)
    return np.where(street < 0, FAR, metres)
