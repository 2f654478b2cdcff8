"""Telling which system coordinates are in, by how the points lie on the streets.

Shops and offices stand beside streets: seldom on the carriageway, seldom in the middle of a
block. Points read in a wrong system are moved by 400 to 1,400 m and lie anywhere. Each
hypothesis is weighed by that, and only a clear winner is named.
"""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from servicecircle.coordinates.convert import SYSTEMS, System, near_mainland, to_wgs84
from servicecircle.errors import InputError

if TYPE_CHECKING:
    from numpy.typing import ArrayLike, NDArray

    from servicecircle.networks import WalkNetwork
    from servicecircle.networks.nearest_street import StreetIndex

    Floats = NDArray[np.float64]
    Places = gpd.GeoDataFrame | gpd.GeoSeries | tuple[ArrayLike, ArrayLike]

# Natural log odds that a point is a real place and not one moved by 300 to 600 m, by the metres
# to the nearest wide street, street for cars, and street of any kind. Logistic regression on
# shops, offices, amenities and buildings of the five extracts named in docs/coordinates.md
_STEPS = np.array([1.5, 3, 5, 8, 12, 18, 27, 40, 60, 100, 200])
_ODDS = np.array(
    [
        [-0.48, -0.20, -0.28, 0.02, 0.03, 0.00, -0.01, 0.37, 0.41, 0.26, 0.09, -0.20],
        [-1.19, -0.81, -0.52, -0.03, 0.67, 0.60, 0.74, 0.68, 0.58, 0.45, -0.16, -1.02],
        [1.23, 0.12, 0.48, 0.43, 0.21, 0.28, 0.05, -0.02, -0.29, -0.60, -1.01, -0.86],
    ]
)
_IN_BUILDING, _NOT_IN_BUILDING = 1.0, -0.7  # about 70 % of real places against 25 % of moved ones
_WIDE = ("motorway", "trunk", "primary", "secondary")
_CAR = (*_WIDE, "tertiary", "residential", "unclassified", "living_street", "road")

_FAR = 250.0  # metres; beyond, the street file may just end, so a point says nothing
_NEAR = 30.0
_SURE = 0.95  # share of resamples that the winner must win
_RESAMPLES = 400
_BLOCK = 250.0  # metres; points of one block are resampled together
_FEWEST_BLOCKS = 6
_MOST_POINTS = 2_000
_LARGEST_DEGREE = 180.0
_MARGIN = 0.05  # degrees around the streets
_CGCS2000 = (
    (4513, 4534),
    (4491, 4502),
)  # first EPSG codes: 3° and 6° zones, with and without number


@dataclass(frozen=True, repr=False)
class Detection:
    """Which system coordinates are in, and why.

    Attributes
    ----------
    system : {"wgs84", "gcj02", "bd09"} or None
        The system; None where the points do not tell.
    confidence : float
        Share of resamples of the points in which this system wins (0–1).
    evidence : pandas.DataFrame
        Indexed by ``hypothesis``: ``median_metres`` to the nearest street, ``share_30m``
        of the points within 30 m of one, ``support`` (mean log odds per point; higher is
        likelier) and, with buildings, ``in_buildings`` (share).
    order : {"lonlat", "latlon"}
        Whether longitude and latitude are swapped.
    crs : str or None
        For coordinates in metres: the projected CRS that fits.
    reason : str
        The same in a sentence.
    """

    system: System | None
    confidence: float
    evidence: pd.DataFrame
    order: Literal["lonlat", "latlon"]
    crs: str | None
    reason: str

    def __repr__(self) -> str:
        return f"<Detection: {self.system or self.crs or 'unsure'}. {self.reason}>"

    def _repr_html_(self) -> str:
        return str(self.evidence.to_html(float_format="{:.2f}".format))


def detect_coordinates(
    points: Places, network: WalkNetwork, *, buildings: gpd.GeoDataFrame | None = None
) -> Detection:
    """Tell which system the coordinates of places are in, from how they lie on the streets.

    Parameters
    ----------
    points : GeoDataFrame, GeoSeries, or (x, y)
        Points of real places, as they stand in the table. A CRS label is not believed
        about the datum.
    network : WalkNetwork
        The streets around them.
    buildings : geopandas.GeoDataFrame, optional
        Outlines of buildings with a CRS (WGS-84 or a projection of it): most places lie
        inside one, which tells much more than the streets alone.

    Returns
    -------
    Detection
        With ``system`` None rather than a guess where the evidence is not clear, as with
        few points, or points all in one block.

    Raises
    ------
    InputError
        ``points`` is of another type.

    Notes
    -----
    Log odds by distance to three classes of street are summed over the points for every
    hypothesis; the points are then resampled 400 times by blocks of 250 m (bootstrap, Efron
    1979, with a fixed seed), and the winner must win 95 % of the time.

    Examples
    --------
    >>> detect_coordinates(stations, streets).system  # doctest: +SKIP
    'gcj02'
    """
    x, y = _arrays(points)
    known = np.isfinite(x) & np.isfinite(y) & ~((x == 0) & (y == 0))
    x, y = _thin(x[known]), _thin(y[known])
    if not len(x):
        return _unsure("There is no usable point.")
    if ((np.abs(x) > _LARGEST_DEGREE) & (np.abs(y) > _LARGEST_DEGREE)).mean() > 0.5:  # noqa: PLR2004
        return _in_metres(x, y, network)
    order: Literal["lonlat", "latlon"] = "lonlat"
    if _near_streets(y, x, network) > 2 * _near_streets(x, y, network):
        x, y, order = y, x, "latlon"
    if _near_streets(x, y, network) < 0.5:  # noqa: PLR2004
        return _unsure("Fewer than half of the points lie in the area of the streets.")
    if not near_mainland(x, y).any():
        return _outside(x, y, network, order)
    return _weigh(x, y, network, buildings, order)


def _arrays(points: Places) -> tuple[Floats, Floats]:
    if isinstance(points, (gpd.GeoDataFrame, gpd.GeoSeries)):
        series = points.geometry
        if series.crs is not None and not series.crs.is_geographic:
            series = series.to_crs(4326)
        known = series[~(series.is_empty | series.isna())]
        inner = gpd.GeoSeries(known).representative_point()
        return np.array(inner.x, dtype=np.float64), np.array(inner.y, dtype=np.float64)
    if isinstance(points, (tuple, list)) and len(points) == 2:  # noqa: PLR2004 (x, y)
        x, y = (np.asarray(values, dtype=float) for values in points)
        if x.shape == y.shape:
            return x, y
    raise InputError("`points` must be a GeoDataFrame, a GeoSeries or a pair of equal arrays.")


def _thin(values: Floats) -> Floats:
    """Take points evenly, so that a long table costs no more than a short one."""
    step = -(-len(values) // _MOST_POINTS) if len(values) else 1
    return values[::step]


def _unsure(reason: str, evidence: pd.DataFrame | None = None) -> Detection:
    none = pd.DataFrame(
        columns=["median_metres", "share_30m", "support"], index=pd.Index([], name="hypothesis")
    )
    return Detection(None, 0.0, none if evidence is None else evidence, "lonlat", None, reason)


def _near_streets(lon: Floats, lat: Floats, network: WalkNetwork) -> float:
    west, south, east, north = network.bounds
    inside = (lon > west - _MARGIN) & (lon < east + _MARGIN)
    inside &= (lat > south - _MARGIN) & (lat < north + _MARGIN)
    return float(inside.mean())


def _distances(xy: Floats, index: StreetIndex) -> Floats:
    street, _, metres = index.nearest(xy, _FAR)
    return np.where(street < 0, _FAR, metres)


def _evidence(
    rows: dict[str, Floats], support: dict[str, float], inside: dict[str, float] | None = None
) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "median_metres": {name: float(np.median(metres)) for name, metres in rows.items()},
            "share_30m": {name: float((metres <= _NEAR).mean()) for name, metres in rows.items()},
            "support": support,
        }
    ).rename_axis("hypothesis")
    return frame if not inside else frame.assign(in_buildings=pd.Series(inside))


def _weigh(
    x: Floats,
    y: Floats,
    network: WalkNetwork,
    buildings: gpd.GeoDataFrame | None,
    order: Literal["lonlat", "latlon"],
) -> Detection:
    indexes = _street_classes(network)
    project = pyproj.Transformer.from_crs(4326, network.crs, always_xy=True).transform
    metres, odds, inside = {}, {}, {}
    outlines = None if buildings is None else _outlines(buildings, network)
    for system in SYSTEMS:
        xy = np.column_stack(project(*to_wgs84((x, y), system)))
        near = [_distances(xy, index) for index in indexes]
        metres[str(system)] = near[-1]
        steps = [np.searchsorted(_STEPS, one, side="right") for one in near]
        weighed = np.sum([_ODDS[i][step] for i, step in enumerate(steps)], axis=0)
        odds[system] = np.where(near[-1] < _FAR, weighed, 0.0)
        if outlines is not None:
            hit = _is_inside(xy, outlines)
            odds[system] += np.where(hit, _IN_BUILDING, _NOT_IN_BUILDING)
            inside[str(system)] = float(hit.mean())
    support = {str(system): float(value.mean()) for system, value in odds.items()}
    evidence = _evidence(metres, support, inside)
    blocks = np.unique(np.floor(xy / _BLOCK), axis=0, return_inverse=True)[1].ravel()
    return _decide(odds, blocks, evidence, order)


def _decide(
    odds: dict[System, Floats],
    blocks: NDArray[np.intp],
    evidence: pd.DataFrame,
    order: Literal["lonlat", "latlon"],
) -> Detection:
    best = max(odds, key=lambda system: float(odds[system].sum()))
    rivals = [odds[best] - odds[system] for system in odds if system != best]
    sums = np.array([np.bincount(blocks, rival) for rival in rivals])
    count = sums.shape[1]
    draws = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), _RESAMPLES)
    confidence = float((draws @ sums.T > 0).all(axis=1).mean())
    row = evidence.loc[best]
    said = (
        f"Read as {best}, {len(blocks):,} points lie a median of {row['median_metres']:.0f} m from "
        f"a street, {row['share_30m']:.0%} of them within {_NEAR:.0f} m; it wins "
        f"{confidence:.1%} of resamples"
    )
    sure = confidence >= _SURE and count >= _FEWEST_BLOCKS and row["median_metres"] < _FAR
    if not sure:
        return Detection(None, confidence, evidence, order, None, f"{said}: not clear enough")
    return Detection(best, confidence, evidence, order, None, said)


def _street_classes(network: WalkNetwork) -> list[StreetIndex]:
    """Return the indexes of wide streets, streets for cars, and all streets."""
    kind = network.tags["highway"].astype(str).str.removesuffix("_link")
    whole = network.index
    parts = []
    for kinds in (_WIDE, _CAR):
        kept = kind.isin(kinds).to_numpy()[whole.street[whole.members]]
        start = np.concatenate([[0], np.cumsum(kept)])[whole.start].astype(whole.start.dtype)
        parts.append(whole._replace(start=start, members=whole.members[kept]))
    return [*parts, whole]


def _outlines(buildings: gpd.GeoDataFrame, network: WalkNetwork) -> shapely.STRtree:
    return shapely.STRtree(buildings.geometry.to_crs(network.crs).to_numpy())


def _is_inside(xy: Floats, outlines: shapely.STRtree) -> NDArray[np.bool_]:
    hit = np.zeros(len(xy), dtype=bool)
    hit[outlines.query(shapely.points(xy), predicate="intersects")[0]] = True
    return hit


def _outside(
    x: Floats, y: Floats, network: WalkNetwork, order: Literal["lonlat", "latlon"]
) -> Detection:
    project = pyproj.Transformer.from_crs(4326, network.crs, always_xy=True).transform
    metres = _distances(np.column_stack(project(x, y)), network.index)
    evidence = _evidence({"wgs84": metres}, {"wgs84": np.nan})
    return Detection(
        "wgs84", 1.0, evidence, order, None, "Outside mainland China all systems are the same"
    )


def _in_metres(x: Floats, y: Floats, network: WalkNetwork) -> Detection:
    """Find the projected CRS in which points in metres lie on the streets."""
    metres = {}
    for crs in _projections(network):
        move = pyproj.Transformer.from_crs(crs, network.crs, always_xy=True).transform
        with np.errstate(invalid="ignore"):
            xy = np.column_stack(move(x, y))
        xy[~np.isfinite(xy)] = 1e9
        metres[crs] = _distances(xy, network.index)
    evidence = _evidence(metres, dict.fromkeys(metres, np.nan))
    close = evidence[evidence["median_metres"] < _FAR].sort_values("median_metres")
    if close.empty:
        return _unsure("The coordinates are metres in no projection tried", evidence)
    crs = str(close.index[0])
    return Detection(None, 1.0, evidence, "lonlat", crs, f"The coordinates are metres in {crs}")


def _projections(network: WalkNetwork) -> list[str]:
    west, _, east, _ = network.bounds
    lon = (west + east) / 2
    codes = [network.crs.to_epsg() or network.crs.to_string(), 3857]
    three, six = round(lon / 3) - 25, int(lon // 6) + 1 - 13
    for (numbered, plain), zone, zones in zip(_CGCS2000, (three, six), (21, 11), strict=True):
        if 0 <= zone < zones:
            codes += [numbered + zone, plain + zone]
    return [f"EPSG:{code}" if isinstance(code, int) else code for code in codes]
