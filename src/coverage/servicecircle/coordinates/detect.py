"""Telling which system coordinates are in, by how the points lie on the streets.

Shops and offices stand beside streets: seldom on the carriageway, seldom in the middle of a
block. Points read in a wrong system are moved by 400 to 1,400 m and lie anywhere. Each
hypothesis is weighed by that, by buildings and by districts, and only a clear winner is named.
"""

from __future__ import annotations

from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely

from servicecircle._said import join, say
from servicecircle._vocabulary import fold
from servicecircle.coordinates.convert import SYSTEMS, System, near_mainland, to_wgs84
from servicecircle.coordinates.street_odds import FAR, StreetOdds, street_metres
from servicecircle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Sequence

    from numpy.typing import ArrayLike, NDArray

    from servicecircle.networks import WalkNetwork

    Floats = NDArray[np.float64]
    Places = gpd.GeoDataFrame | gpd.GeoSeries | tuple[ArrayLike, ArrayLike]

Order = Literal["lonlat", "latlon"]

# Natural log odds that a point is real; about 70 % of real places lie in a building against 25 %
# of moved ones, and 98 % in the district that their row names against 90 %
_IN_BUILDING, _NOT_IN_BUILDING = 1.0, -0.7
_IN_DISTRICT, _NOT_IN_DISTRICT = 0.1, -1.6

_NEAR = 30.0
_SURE = 0.8  # share of resamples that the winner must win
_SURE_BARE = 0.95  # the same where only streets for cars are drawn
_CLEAR = 4.0  # log odds by which it must beat the others
_REAL = -0.25  # mean log odds per point below which no hypothesis looks like real places
_RESAMPLES = 400
_BLOCK = 250.0  # metres; points of one block are no independent evidence
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
        likelier) and, with buildings, ``in_buildings`` (share), with districts
        ``in_district`` (share of the points in the district that they name).
    order : {"lonlat", "latlon"}
        Whether longitude and latitude are swapped.
    crs : str or None
        For coordinates in metres: the projected CRS that fits; ``system`` is then that of
        the degrees they stand for.
    reason : str
        The same in a sentence.
    """

    system: System | None
    confidence: float
    evidence: pd.DataFrame
    order: Order
    crs: str | None
    reason: str

    def __repr__(self) -> str:
        found = ", ".join(name for name in (self.crs, self.system or "unsure") if name)
        return f"<Detection: {found}. {self.reason}>"

    def _repr_html_(self) -> str:
        return str(self.evidence.to_html(float_format="{:.2f}".format))


@dataclass(frozen=True)
class Ground:
    """What points are laid on: streets and, where known, buildings and districts.

    Attributes
    ----------
    network : WalkNetwork
        The streets.
    buildings, districts : geopandas.GeoDataFrame, optional
        Outlines with a CRS, truly placed; districts with a column ``name``, else named by
        their index.
    """

    network: WalkNetwork
    buildings: gpd.GeoDataFrame | None = None
    districts: gpd.GeoDataFrame | None = None

    def outlines(self) -> shapely.STRtree | None:
        """Index the outlines of the buildings, in the network's CRS."""
        if self.buildings is None:
            return None
        return shapely.STRtree(self.buildings.geometry.to_crs(self.network.crs).to_numpy())

    def named(self) -> dict[str, shapely.Geometry]:
        """Return the outline of every district by its folded name, in the network's CRS."""
        if self.districts is None:
            return {}
        shapes = self.districts.geometry.to_crs(self.network.crs)
        names = self.districts.get("name", shapes.index.to_series())
        kept = pd.DataFrame({"name": names.to_numpy(), "shape": shapes.to_numpy()}).dropna()
        return {
            fold(str(name)): shapely.union_all(some["shape"].to_numpy())
            for name, some in kept.groupby("name")
        }


def detect_coordinates(
    points: Places,
    network: WalkNetwork,
    *,
    buildings: gpd.GeoDataFrame | None = None,
    districts: gpd.GeoDataFrame | None = None,
    district: Sequence[object] | str = "district",
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
    districts : geopandas.GeoDataFrame, optional
        Outlines as from `read_districts`, truly placed: points should lie in the district
        that their row names.
    district : str or sequence, optional
        The column of ``points`` with the name of the district, or the names themselves;
        used with ``districts``.

    Returns
    -------
    Detection
        With ``system`` None rather than a guess where the evidence is not clear, as with
        few points, or points all in one block.

    Raises
    ------
    InputError
        ``points`` is of another type, or the names are not as many as the points.

    Notes
    -----
    The log odds of being a real place are added up over the points for every hypothesis:
    by distance to four classes of street, to any street and to a junction, by how much
    street lies around, by buildings and districts. The winner must lead by 4, with points of
    one block of 250 m counting as the root of their number, win 80 % of 400 resamples of
    those blocks (bootstrap, Efron 1979, with a fixed seed; 95 % where ways on foot are not
    drawn), and look like real places.

    Examples
    --------
    >>> detect_coordinates(stations, streets).system  # doctest: +SKIP
    'gcj02'
    """
    x, y = _arrays(points)
    names = _names(points, district, len(x)) if districts is not None else None
    return detect_on(x, y, Ground(network, buildings, districts), names)


def detect_on(x: Floats, y: Floats, ground: Ground, names: Sequence[object] | None) -> Detection:
    """Tell the system of arrays of coordinates, with the district that each point names."""
    known = np.isfinite(x) & np.isfinite(y) & ~((x == 0) & (y == 0))
    rows = _thin(np.flatnonzero(known))
    if not len(rows):
        return _unsure(say("There is no usable point", "没有可用的点"))
    network = ground.network
    lon, lat, order, crs = as_degrees(x[rows], y[rows], network)
    if crs is None and _looks_metric(x[rows], y[rows]):
        none = "The coordinates are metres in no projection tried", "坐标是米，但不合任何试过的投影"
        return _unsure(say(*none))
    if _near_streets(lon, lat, network) < 0.5:  # noqa: PLR2004
        few = (
            "Fewer than half of the points lie in the area of the streets",
            "在街道范围内的点不到一半",
        )
        return _unsure(say(*few))
    if not near_mainland(lon, lat).any():
        found = _outside(lon, lat, network)
    else:
        where = None if names is None else np.asarray(names, dtype=object)[rows]
        found = _weigh(lon, lat, ground, where)
    said = [found.reason]
    if order == "latlon":
        said.insert(0, say("Longitude and latitude are swapped", "经度与纬度颠倒"))
    if crs is not None:
        metric = "The coordinates are metres in {crs}", "坐标是 {crs} 的米制坐标"
        said.insert(0, say(*metric, crs=crs))
    return replace(found, order=order, crs=crs, reason=join(said, ". ", "。"))


def as_degrees(
    x: Floats, y: Floats, network: WalkNetwork
) -> tuple[Floats, Floats, Order, str | None]:
    """Return longitude and latitude by where the streets are.

    Swapped pairs are exchanged and metres brought to degrees; what was done is the order and
    the CRS returned. Coordinates that fit neither way come back as they are.
    """
    if _looks_metric(x, y):
        for crs in _projections(network):
            move = pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform
            with np.errstate(invalid="ignore"):
                lon, lat = move(x, y)
            if _near_streets(lon, lat, network) > 0.5:  # noqa: PLR2004
                return lon, lat, "lonlat", crs
    elif _near_streets(y, x, network) > 2 * _near_streets(x, y, network):
        return y, x, "latlon", None
    return x, y, "lonlat", None


def _looks_metric(x: Floats, y: Floats) -> bool:
    big = (np.abs(x) > _LARGEST_DEGREE) & (np.abs(y) > _LARGEST_DEGREE)
    return bool(big.mean() > 0.5) if len(x) else False  # noqa: PLR2004


def _arrays(points: Places) -> tuple[Floats, Floats]:
    if isinstance(points, (gpd.GeoDataFrame, gpd.GeoSeries)):
        series = points.geometry
        if series.crs is not None and not series.crs.is_geographic:
            series = series.to_crs(4326)
        inner = gpd.GeoSeries(series.where(~series.is_empty)).representative_point()
        return np.array(inner.x, dtype=np.float64), np.array(inner.y, dtype=np.float64)
    if isinstance(points, (tuple, list)) and len(points) == 2:  # noqa: PLR2004 (x, y)
        x, y = (np.asarray(values, dtype=float) for values in points)
        if x.shape == y.shape:
            return x, y
    raise InputError("`points` must be a GeoDataFrame, a GeoSeries or a pair of equal arrays.")


def _names(points: Places, district: Sequence[object] | str, count: int) -> Sequence[object] | None:
    if isinstance(district, str):
        if isinstance(points, gpd.GeoDataFrame) and district in points.columns:
            return list(points[district])
        return None
    if len(district) != count:
        raise InputError(f"`district` names {len(district)} districts for {count} points.")
    return district


def _thin(rows: NDArray[np.intp]) -> NDArray[np.intp]:
    """Take points evenly, so that a long table costs no more than a short one."""
    return rows[:: -(-len(rows) // _MOST_POINTS) or 1]


def _unsure(reason: str) -> Detection:
    none = pd.DataFrame(
        columns=["median_metres", "share_30m", "support"], index=pd.Index([], name="hypothesis")
    )
    return Detection(None, 0.0, none, "lonlat", None, reason)


def _near_streets(lon: Floats, lat: Floats, network: WalkNetwork) -> float:
    west, south, east, north = network.bounds
    inside = (lon > west - _MARGIN) & (lon < east + _MARGIN)
    inside &= (lat > south - _MARGIN) & (lat < north + _MARGIN)
    return float(inside.mean()) if len(inside) else 0.0


def _evidence(rows: dict[str, Floats], **columns: dict[str, float]) -> pd.DataFrame:
    frame = pd.DataFrame(
        {
            "median_metres": {name: float(np.median(metres)) for name, metres in rows.items()},
            "share_30m": {name: float((metres <= _NEAR).mean()) for name, metres in rows.items()},
        }
    ).rename_axis("hypothesis")
    given = {name: pd.Series(values) for name, values in columns.items() if values}
    return frame.assign(**given)


def _weigh(x: Floats, y: Floats, ground: Ground, names: NDArray[np.object_] | None) -> Detection:
    streets, outlines = StreetOdds(ground.network), ground.outlines()
    areas = {} if names is None else ground.named()
    folded = [fold(str(name)) for name in (names if areas and names is not None else [])]
    project = pyproj.Transformer.from_crs(4326, ground.network.crs, always_xy=True).transform
    metres, odds, housed, homed = {}, {}, {}, {}
    for system in SYSTEMS:
        xy = np.column_stack(project(*to_wgs84((x, y), system)))
        odds[system], metres[str(system)] = streets.weigh(xy)
        if outlines is not None:
            hit = _is_inside(xy, outlines)
            odds[system] += np.where(hit, _IN_BUILDING, _NOT_IN_BUILDING)
            housed[str(system)] = float(hit.mean())
        home, told = _at_home(xy, folded, areas)
        if told.any():
            odds[system] += np.where(told, np.where(home, _IN_DISTRICT, _NOT_IN_DISTRICT), 0.0)
            homed[str(system)] = float(home[told].mean())
    support = {str(system): float(value.mean()) for system, value in odds.items()}
    evidence = _evidence(metres, support=support, in_buildings=housed, in_district=homed)
    blocks = np.unique(np.floor(xy / _BLOCK), axis=0, return_inverse=True)[1].ravel()
    return _decide(odds, blocks, evidence, _SURE_BARE if streets.is_bare else _SURE)


def _decide(
    odds: dict[System, Floats],
    blocks: NDArray[np.intp],
    evidence: pd.DataFrame,
    least: float = _SURE,
) -> Detection:
    best = max(odds, key=lambda system: float(odds[system].sum()))
    rivals = [odds[best] - odds[system] for system in odds if system != best]
    sums = np.array([np.bincount(blocks, rival) for rival in rivals])
    count = sums.shape[1]
    draws = np.random.default_rng(0).multinomial(count, np.full(count, 1 / count), _RESAMPLES)
    confidence = float((draws @ sums.T > 0).all(axis=1).mean())
    lead = float((sums / np.sqrt(np.bincount(blocks))).sum(axis=1).min())
    row = evidence.loc[best]
    said = say(
        "Read as {best}, {points:,} points lie a median of {metres:.0f} m from a street, "
        "{share:.0%} of them within {near:.0f} m; it wins {confidence:.1%} of resamples",
        "按 {best} 读取，{points:,} 个点到街道的距离中位数为 {metres:.0f} 米，其中 {share:.0%} 在 "
        "{near:.0f} 米以内；在 {confidence:.1%} 的重抽样中胜出",
        best=best,
        points=len(blocks),
        metres=row["median_metres"],
        share=row["share_30m"],
        near=_NEAR,
        confidence=confidence,
    )
    sure = confidence >= least and lead >= _CLEAR and row["support"] > _REAL
    if not sure or count < _FEWEST_BLOCKS or row["median_metres"] >= FAR:
        unclear = say("{said}: not clear enough", "{said}：不够明确", said=said)
        return Detection(None, confidence, evidence, "lonlat", None, unclear)
    return Detection(best, confidence, evidence, "lonlat", None, said)


def _is_inside(xy: Floats, outlines: shapely.STRtree) -> NDArray[np.bool_]:
    hit = np.zeros(len(xy), dtype=bool)
    hit[outlines.query(shapely.points(xy), predicate="intersects")[0]] = True
    return hit


def _at_home(
    xy: Floats, names: list[str], areas: dict[str, shapely.Geometry]
) -> tuple[NDArray[np.bool_], NDArray[np.bool_]]:
    """Tell which points lie in the district they name, and which name one that is drawn."""
    home, told = np.zeros(len(xy), dtype=bool), np.zeros(len(xy), dtype=bool)
    for name in set(names) & set(areas):
        here = np.array([one == name for one in names])
        told |= here
        home[here] = shapely.intersects_xy(areas[name], xy[here])
    return home, told


def _outside(x: Floats, y: Floats, network: WalkNetwork) -> Detection:
    project = pyproj.Transformer.from_crs(4326, network.crs, always_xy=True).transform
    metres = street_metres(np.column_stack(project(x, y)), network.index)
    evidence = _evidence({"wgs84": metres}, support={"wgs84": np.nan})
    return Detection(
        "wgs84",
        1.0,
        evidence,
        "lonlat",
        None,
        say("Outside mainland China all systems are the same", "中国大陆以外各坐标系一致"),
    )


def _projections(network: WalkNetwork) -> list[str]:
    west, _, east, _ = network.bounds
    lon = (west + east) / 2
    codes = [network.crs.to_epsg() or network.crs.to_string(), 3857]
    three, six = round(lon / 3) - 25, int(lon // 6) + 1 - 13
    for (numbered, plain), zone, zones in zip(_CGCS2000, (three, six), (21, 11), strict=True):
        if 0 <= zone < zones:
            codes += [numbered + zone, plain + zone]
    return [f"EPSG:{code}" if isinstance(code, int) else code for code in codes]
