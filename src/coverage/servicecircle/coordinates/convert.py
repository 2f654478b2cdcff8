"""Conversion between WGS-84, GCJ-02 and BD-09: exact, vectorised, the same outside China."""

from __future__ import annotations

from functools import cache
from typing import TYPE_CHECKING, Any, Literal, TypeVar, cast, get_args

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from servicecircle._vocabulary import read_vocabulary
from servicecircle.errors import CrsError, InputError

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import ArrayLike, NDArray

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]
    Shift = Callable[[Floats, Floats], tuple[Floats, Floats]]

System = Literal["wgs84", "gcj02", "bd09"]
Places = TypeVar("Places", gpd.GeoDataFrame, gpd.GeoSeries, tuple["ArrayLike", "ArrayLike"])

SYSTEMS: tuple[System, ...] = get_args(System)

# Krasovsky 1940
_AXIS = 6_378_245.0
_FLATNESS = 0.00669342162296594323

# BD-09 turns and stretches GCJ-02 about (0, 0) by a wave of this frequency
_BAIDU_WAVE = 3000 * np.pi / 180

# 5 passes end below 1e-8 m (GCJ-02) and 1e-6 m (BD-09)
_PASSES = 5

# Degrees between vertices of a line, so that its chord is within 0.1 m of the true curve
_VERTEX_SPACING = {"gcj02": 0.01, "bd09": 0.002}

# No shift is larger than this many degrees (1.4 km)
_LARGEST_SHIFT = 0.02


def to_wgs84(places: Places, source: System) -> Places:
    """Convert coordinates from GCJ-02 or BD-09 to WGS-84.

    Parameters
    ----------
    places : GeoDataFrame, GeoSeries, or (lon, lat)
        Geometry of any kind, or a pair of equally long arrays of degrees. A CRS label is
        not believed about the datum: projected coordinates are first brought to longitude
        and latitude, then shifted.
    source : {"wgs84", "gcj02", "bd09"}
        The system the coordinates are in.

    Returns
    -------
    GeoDataFrame, GeoSeries, or (lon, lat)
        The same kind as ``places``, same index, in EPSG:4326; arrays are float64 degrees.
        Points outside mainland China, missing and infinite ones are unchanged. Long lines
        get more vertices, because the shift bends them; heights are left out of what is shifted.

    Raises
    ------
    CrsError
        ``source`` is not one of the three systems.
    InputError
        ``places`` is of another type, or the arrays differ in length.

    Notes
    -----
    The inverse is a fixed-point iteration, exact to 1e-6 m. Hong Kong, Macau and Taiwan
    count as outside. Within a shift's length of the border a point of either side may be
    meant; the one inside mainland China is taken.

    Examples
    --------
    >>> lon, lat = to_wgs84(([116.422640], [39.930301]), "gcj02")
    >>> round(float(lon[0]), 4), round(float(lat[0]), 4)
    (116.4164, 39.9289)
    """
    check_system(source, "source")
    return _convert(places, source, _inverses()[source], 4326)


def from_wgs84(places: Places, target: System) -> Places:
    """Convert WGS-84 coordinates to GCJ-02 or BD-09, e.g. for pasting into a phone map.

    Parameters
    ----------
    places : GeoDataFrame, GeoSeries, or (lon, lat)
        Geometry with a CRS, or a pair of equally long arrays of degrees.
    target : {"wgs84", "gcj02", "bd09"}
        The system wanted.

    Returns
    -------
    GeoDataFrame, GeoSeries, or (lon, lat)
        The same kind as ``places``, same index. GCJ-02 and BD-09 have no EPSG code, so
        the result carries no CRS: no tool can then take it for WGS-84.

    Raises
    ------
    CrsError
        ``target`` is not one of the three systems, or the geometry has no CRS.
    InputError
        ``places`` is of another type, or the arrays differ in length.

    Examples
    --------
    >>> lon, lat = from_wgs84(([116.4164], [39.9289]), "gcj02")
    >>> round(float(lon[0]), 6), round(float(lat[0]), 6)
    (116.42264, 39.930301)
    """
    check_system(target, "target")
    if isinstance(places, (gpd.GeoDataFrame, gpd.GeoSeries)) and places.crs is None:
        raise CrsError("`places` has no CRS. Set it, e.g. `places.set_crs(4326)`.")
    crs = 4326 if target == "wgs84" else None
    return _convert(places, target, {"wgs84": _same, "gcj02": _mars, "bd09": _baidu}[target], crs)


def check_system(system: Any, name: str) -> System:
    """Return the name of a coordinate system, or raise `CrsError`."""
    if system not in SYSTEMS:
        raise CrsError(
            f'`{name}` must be "wgs84" (GPS, OpenStreetMap, Tianditu), "gcj02" (Amap, Tencent) '
            f'or "bd09" (Baidu), not {system!r}.'
        )
    known: System = system
    return known


@cache
def mainland() -> shapely.MultiPolygon:
    """Return the outline inside which coordinates are shifted (see the data file)."""
    outline = read_vocabulary("mainland")
    land = shapely.multipolygons([shapely.polygons(ring) for ring in outline["rings"]])
    for hole in outline["holes"]:
        land = shapely.difference(land, shapely.polygons(hole))
    shapely.prepare(land)
    return cast("shapely.MultiPolygon", land)


def near_mainland(lon: Floats, lat: Floats) -> Bools:
    """Tell which points may lie in mainland China, in whichever of the systems they are."""
    west, south, east, north = _wide_box()
    near = (lon >= west) & (lon <= east) & (lat >= south) & (lat <= north)
    points = shapely.points(lon[near], lat[near])
    near[near] = shapely.dwithin(mainland(), points, _LARGEST_SHIFT)
    return cast("Bools", near)


def _wide_box() -> Floats:
    return shapely.bounds(mainland()) + np.array([-1, -1, 1, 1]) * _LARGEST_SHIFT


def _degrees(values: ArrayLike) -> Floats:
    try:
        return np.asarray(values, dtype=np.float64)
    except (TypeError, ValueError):
        raise InputError(f"Longitude and latitude must be numbers; got {values!r:.80}.") from None


def _convert(places: Places, system: System, shift: Shift, crs: int | None) -> Places:
    if isinstance(places, gpd.GeoDataFrame):
        geometry = _convert_series(places.geometry, system, shift, crs)
        return _with_geometry(places, geometry)
    if isinstance(places, gpd.GeoSeries):
        return _convert_series(places, system, shift, crs)
    if isinstance(places, (tuple, list)) and len(places) == 2:  # noqa: PLR2004 (lon, lat)
        lon, lat = (_degrees(values) for values in places)
        if lon.shape != lat.shape:
            raise InputError(
                f"Longitude and latitude differ in length: {lon.shape} and {lat.shape}."
            )
        return cast("Places", shift(lon, lat))
    raise InputError(
        "Give a GeoDataFrame, a GeoSeries or a pair (longitudes, latitudes), "
        f"not {type(places).__name__}."
    )


def _with_geometry(frame: gpd.GeoDataFrame, geometry: gpd.GeoSeries) -> gpd.GeoDataFrame:
    table = pd.DataFrame(frame).copy()
    table[frame.geometry.name] = geometry
    converted = gpd.GeoDataFrame(table, geometry=frame.geometry.name, crs=geometry.crs)
    converted.attrs = dict(frame.attrs)
    return converted


def _convert_series(
    series: gpd.GeoSeries, system: System, shift: Shift, crs: int | None
) -> gpd.GeoSeries:
    degrees = series if series.crs is None else series.to_crs(4326)
    shapes = degrees.to_numpy(copy=True)
    if system != "wgs84":
        near = _finite(shapes)
        near[near] = shapely.dwithin(mainland(), shapes[near], _LARGEST_SHIFT)
        dense = shapely.segmentize(shapes[near], _VERTEX_SPACING[system])
        shapes[near] = shapely.transform(dense, _on_columns(shift), include_z=False)
    return gpd.GeoSeries(shapes, index=series.index, name=series.name, crs=crs)


def _finite(shapes: NDArray[np.object_]) -> Bools:
    """Tell which shapes have only finite coordinates; GEOS refuses the others."""
    points, owner = shapely.get_coordinates(shapes, return_index=True)
    finite = np.ones(len(shapes), dtype=np.bool_)
    finite[owner[~np.isfinite(points).all(axis=1)]] = False
    return finite


def _on_columns(shift: Shift) -> Callable[[Floats], Floats]:
    def shift_points(points: Floats) -> Floats:
        return np.column_stack(shift(points[:, 0], points[:, 1]))

    return shift_points


def _inverses() -> dict[str, Shift]:
    return {"wgs84": _same, "gcj02": _from_mars, "bd09": _from_baidu}


def _same(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    return lon.copy(), lat.copy()


def _mars(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """WGS-84 to GCJ-02 inside mainland China, elsewhere unchanged."""
    return _where_inside(lon, lat, _raw_mars)


def _baidu(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """WGS-84 to BD-09 inside mainland China, elsewhere unchanged."""
    return _where_inside(lon, lat, lambda x, y: _raw_baidu(*_raw_mars(x, y)))


def _from_mars(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    return _back_inside(lon, lat, lambda x, y: _inverse(x, y, _raw_mars))


def _from_baidu(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    def back(x: Floats, y: Floats) -> tuple[Floats, Floats]:
        return _inverse(*_inverse(x, y, _raw_baidu), _raw_mars)

    return _back_inside(lon, lat, back)


def _where_inside(lon: Floats, lat: Floats, shift: Shift) -> tuple[Floats, Floats]:
    inside = shapely.contains_xy(mainland(), lon, lat)
    x, y = lon.copy(), lat.copy()
    x[inside], y[inside] = shift(lon[inside], lat[inside])
    return x, y


def _back_inside(lon: Floats, lat: Floats, back: Shift) -> tuple[Floats, Floats]:
    near = near_mainland(lon, lat)
    x, y = lon.copy(), lat.copy()
    x[near], y[near] = back(lon[near], lat[near])
    outside = near & ~shapely.contains_xy(mainland(), x, y)
    x[outside], y[outside] = lon[outside], lat[outside]
    return x, y


def _inverse(lon: Floats, lat: Floats, shift: Shift) -> tuple[Floats, Floats]:
    """Solve shift(x, y) = (lon, lat) by fixed-point iteration."""
    x, y = lon, lat
    for _ in range(_PASSES):
        shifted_x, shifted_y = shift(x, y)
        x, y = x - (shifted_x - lon), y - (shifted_y - lat)
    return x, y


def _raw_mars(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """GCJ-02 by the published formula, wherever the point is."""
    x, y = lon - 105.0, lat - 35.0
    short_waves = 20 * np.sin(6 * np.pi * x) + 20 * np.sin(2 * np.pi * x)
    root = np.sqrt(np.abs(x))
    north = -100 + 2 * x + 3 * y + 0.2 * y * y + 0.1 * x * y + 0.2 * root
    north += (short_waves + _waves(y, (20, 40, 160, 320))) * 2 / 3
    east = 300 + x + 2 * y + 0.1 * x * x + 0.1 * x * y + 0.1 * root
    east += (short_waves + _waves(x, (20, 40, 150, 300))) * 2 / 3
    bend = 1 - _FLATNESS * np.sin(np.radians(lat)) ** 2
    meridian = _AXIS * (1 - _FLATNESS) / bend**1.5
    parallel = _AXIS / np.sqrt(bend) * np.cos(np.radians(lat))
    return lon + np.degrees(east / parallel), lat + np.degrees(north / meridian)


def _waves(value: Floats, metres: tuple[int, int, int, int]) -> Floats:
    periods = (1, 3, 12, 30)
    parts = [
        size * np.sin(np.pi * value / period) for size, period in zip(metres, periods, strict=True)
    ]
    return cast("Floats", np.sum(parts, axis=0))


def _raw_baidu(lon: Floats, lat: Floats) -> tuple[Floats, Floats]:
    """BD-09 from GCJ-02 by the published formula, wherever the point is."""
    radius = np.hypot(lon, lat) + 0.00002 * np.sin(_BAIDU_WAVE * lat)
    angle = np.arctan2(lat, lon) + 0.000003 * np.cos(_BAIDU_WAVE * lon)
    return radius * np.cos(angle) + 0.0065, radius * np.sin(angle) + 0.006
