"""Where the rows of a table are: cells or shapes to points in EPSG:4326, each with a status."""

from __future__ import annotations

import re
import unicodedata
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from servicecircle import _values
from servicecircle._checks import name_some
from servicecircle._said import Said, count, join, say
from servicecircle._vocabulary import fold, read_vocabulary
from servicecircle.coordinates import SYSTEMS, System, near_mainland, to_wgs84
from servicecircle.coordinates.detect import Ground, as_degrees, detect_on
from servicecircle.errors import CrsError, CrsWarning, InputError

if TYPE_CHECKING:
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from servicecircle.tables import Table

    Floats = NDArray[np.float64]
    Bools = NDArray[np.bool_]

Coordinates = Literal["auto", "wgs84", "gcj02", "bd09"]

_CHOICES = say(
    'Say coordinates="wgs84" (GPS, OpenStreetMap, Tianditu), "gcj02" (Amap, Tencent) or "bd09" '
    "(Baidu)",
    '请写明 coordinates="wgs84"（GPS、OpenStreetMap、天地图）、"gcj02"（高德、腾讯）'
    '或 "bd09"（百度）',
)
_UNCLEAR = (
    (
        "{source} does not say which system its coordinates are in, and the streets do not tell. "
        "{reason}. {choices}."
    ),
    "{source} 未注明坐标系，由街道也无法判定。{reason}。{choices}。",
)
_LARGEST_LON, _LARGEST_LAT = 180.0, 90.0
_LARGEST_METRES = 1e8
_PAIR = re.compile(r"[,;、/\s]+")


@dataclass
class _Rows:
    """Where the rows of a table are, in the file's own system, and what is wrong with them."""

    lon: Floats
    lat: Floats
    status: NDArray[np.object_]
    reason: NDArray[np.object_]
    declared: System | None = None

    @property
    def ok(self) -> Bools:
        return np.asarray(self.status == "ok", dtype=bool)

    def mark(self, rows: Bools, status: str, reason: str) -> None:
        """Give rows that are ok so far a status and a reason."""
        rows = rows & self.ok
        self.status[rows], self.reason[rows] = status, reason


def locate(
    table: Table, coordinates: Coordinates, ground: Ground | None = None
) -> gpd.GeoDataFrame:
    """Give every row of a table a point in EPSG:4326, or a status and a reason."""
    rows = _from_cells(table) if table.geometry is None else _from_shapes(table, coordinates)
    if ground is not None and table.geometry is None:
        _set_right(table, rows, ground, swap=coordinates == "auto")
    _judge(table, rows)
    systems = _systems(table, coordinates, rows, ground)
    points = np.full(len(rows.lon), None, dtype=object)
    used = [system for system in SYSTEMS if (rows.ok & (systems == system)).any()]
    for system in used:
        here = rows.ok & (systems == system)
        lon, lat = to_wgs84((rows.lon[here], rows.lat[here]), system)
        points[here] = shapely.points(np.column_stack([lon, lat]))
    frame = table.frame.drop(columns=["lon", "lat", "lonlat", "datum"], errors="ignore")
    frame = frame.assign(
        status=pd.Series(rows.status, index=frame.index, dtype="str"),
        reason=pd.Series(rows.reason, index=frame.index, dtype="str"),
    )
    places = gpd.GeoDataFrame(frame, geometry=points, crs=4326)
    shared = rows.ok & pd.DataFrame({"lon": rows.lon, "lat": rows.lat}).duplicated().to_numpy()
    notes = [*table.notes, *table.losses]
    if shared.any():
        said = say(
            "{rows} at the very place of an earlier one",
            "{rows}与前面的某行位置完全相同",
            rows=count(shared, "row"),
        )
        notes.append(said)
    places.attrs = {"source": table.source, "coordinates": ", ".join(used), "notes": notes}
    return places


def _from_cells(table: Table) -> _Rows:
    """Read longitude and latitude from two columns, or from one that holds both."""
    frame = table.frame
    if {"lon", "lat"} <= set(frame.columns):
        pair = frame["lon"], frame["lat"]
    elif "lonlat" in frame.columns:
        pair = _split_pairs(frame["lonlat"])
    else:
        lacking = [name for name in ("lon", "lat") if name not in frame.columns]
        raise InputError(
            say(
                "{source} has no column for {lacking} (经度, 纬度); it has {columns}. Name it, "
                "e.g. columns={{'lon': '…', 'lat': '…'}}.",
                "{source} 没有经纬度列（{lacking}）；现有的列为 {columns}。请指明，例如 "
                "columns={{'lon': '…', 'lat': '…'}}。",
                source=table.source,
                lacking=join(lacking, " and ", "、"),
                columns=table.columns,
            )
        )
    lon, lat = (_values.degrees(cells).copy() for cells in pair)
    rows = _all_ok(lon, lat)
    rows.mark(_blank(pair[0]) & _blank(pair[1]), "no_geometry", "no coordinates")
    return rows


def _all_ok(lon: Floats, lat: Floats) -> _Rows:
    return _Rows(
        lon, lat, np.full(len(lon), "ok", dtype=object), np.full(len(lon), None, dtype=object)
    )


def _blank(cells: pd.Series) -> Bools:
    blank = cells.isna()
    if not pd.api.types.is_numeric_dtype(cells.dtype):
        text = _values.texts(cells)
        blank = text.isna() | text.isin(["-", "/", "—"])
    return blank.to_numpy(dtype=bool)


def _split_pairs(cells: pd.Series) -> tuple[pd.Series, pd.Series]:
    """Split "116.404,39.915" or "39.915,116.404"; the order that any row proves goes for all."""
    text = _values.texts(cells).map(
        lambda cell: unicodedata.normalize("NFKC", cell).strip("()[] "), na_action="ignore"
    )
    halves = text.str.split(_PAIR, n=1, expand=True, regex=True).reindex(columns=[0, 1])
    first, second = halves[0], halves[1]
    a, b = _values.degrees(first), _values.degrees(second)
    lat_first = (np.abs(b) > _LARGEST_LAT) & ~(np.abs(a) > _LARGEST_LAT)
    lon_first = (np.abs(a) > _LARGEST_LAT) & ~(np.abs(b) > _LARGEST_LAT)
    swap = lat_first | (~lon_first & (lat_first.sum() > lon_first.sum()))
    return first.where(~swap, second), second.where(~swap, first)


def _from_shapes(table: Table, coordinates: Coordinates) -> _Rows:
    """Read longitude and latitude from geometry, reprojected if its CRS is another one."""
    geometry = gpd.GeoSeries(table.geometry)
    if geometry.crs is None and coordinates == "auto":
        raise CrsError(
            say(
                "{source} declares no CRS. {choices}, or set its CRS.",
                "{source} 未声明坐标系。{choices}，或在文件中设定坐标系。",
                source=table.source,
                choices=_CHOICES,
            )
        )
    shapes = geometry.to_numpy(copy=True)
    missing = shapely.is_missing(shapes) | shapely.is_empty(shapes)
    shapes[missing] = None
    wide = ~missing & (shapely.get_type_id(shapes) != shapely.GeometryType.POINT)
    if wide.any():
        shapes[wide] = [_point_inside(shape) for shape in shapes[wide]]
        said = say(
            "{shapes} other than points, taken at a point on it",
            "{shapes}不是点，取其中一点",
            shapes=count(wide, "shape"),
        )
        table.notes.append(said)
    points = gpd.GeoSeries(shapes, crs=geometry.crs)
    if points.crs is not None:
        points = points.to_crs(4326)
    rows = _all_ok(np.array(points.x), np.array(points.y))
    rows.mark(missing, "no_geometry", "no geometry")
    rows.declared = None if geometry.crs is None else "wgs84"
    return rows


def _point_inside(shape: BaseGeometry) -> BaseGeometry:
    """Return a point on a shape; a bow-tie is mended first, a NaN corner gives a NaN point."""
    if not np.isfinite(shapely.get_coordinates(shape)).all():
        return shapely.Point(np.nan, np.nan)
    return shapely.point_on_surface(shapely.make_valid(shape))


def _set_right(table: Table, rows: _Rows, ground: Ground, *, swap: bool) -> None:
    """Bring metres to degrees and exchange swapped pairs where the streets tell, and say so."""
    given = rows.ok & np.isfinite(rows.lon) & np.isfinite(rows.lat)
    lon, lat, order, crs = as_degrees(rows.lon[given], rows.lat[given], ground.network)
    if crs is not None:
        said = say(
            "the coordinates are metres in {crs}, by where the streets are, and are converted",
            "坐标是 {crs} 的米制坐标（依街道判断），已换算",
            crs=crs,
        )
    elif order == "latlon" and swap:
        said = say(
            "longitude and latitude are swapped, by where the streets are, and are exchanged",
            "经度与纬度颠倒（依街道判断），已对调",
        )
    else:
        return
    rows.lon[given], rows.lat[given] = lon, lat
    table.notes.append(said)
    warnings.warn(in_file(table.source, said), CrsWarning, stacklevel=4)


def _judge(table: Table, rows: _Rows) -> None:
    """Mark rows whose coordinates cannot be right; refuse tables that are wrong throughout."""
    lon, lat, given = rows.lon, rows.lat, rows.ok
    _refuse_metres(table, lon[given], lat[given])
    with np.errstate(invalid="ignore"):
        swapped = (np.abs(lat) > _LARGEST_LAT) & (np.abs(lat) <= _LARGEST_LON)
        swapped &= np.abs(lon) <= _LARGEST_LAT
        outside = (np.abs(lon) > _LARGEST_LON) | (np.abs(lat) > _LARGEST_LAT)
    bad = "bad_coordinates"
    rows.mark(np.isnan(lon) | np.isnan(lat), bad, "coordinates are not numbers")
    rows.mark(np.isinf(lon) | np.isinf(lat), bad, "coordinates are infinite")
    rows.mark((lon == 0) & (lat == 0), bad, "coordinates are 0, 0")
    swapped |= _swapped_in_china(lon, lat, rows.ok & ~swapped & ~outside)
    rows.mark(swapped, bad, "longitude and latitude look swapped")
    rows.mark(outside, bad, "longitude is beyond 180 or latitude beyond 90")
    if (given & swapped).any() and not rows.ok.any():
        raise InputError(
            say(
                "{source}: longitude and latitude look swapped in all rows. Mend the headers, or "
                "say columns={{'lon': {lat!r}, 'lat': {lon!r}}}.",
                "{source}：所有行的经度与纬度似乎颠倒。请更正表头，或写明 "
                "columns={{'lon': {lat!r}, 'lat': {lon!r}}}。",
                source=table.source,
                lat=table.headers.get("lat", "…"),
                lon=table.headers.get("lon", "…"),
            )
        )


def _refuse_metres(table: Table, lon: Floats, lat: Floats) -> None:
    with np.errstate(invalid="ignore"):
        metres = (np.abs(lon) > _LARGEST_LON) & (np.abs(lat) > _LARGEST_LON)
        metres &= (np.abs(lon) < _LARGEST_METRES) & (np.abs(lat) < _LARGEST_METRES)
    if len(lon) and metres.sum() * 2 > len(lon):
        raise CrsError(
            say(
                "{source}: the coordinates look like metres (e.g. {lon:g}, {lat:g}), not degrees. "
                "Give `network=` to have their projection found, save the table as GeoPackage with "
                "its CRS, or convert it to longitude and latitude.",
                "{source}：坐标似乎是米（如 {lon:g}, {lat:g}），而不是度。请给出 `network=` "
                "以判定投影，或另存为带坐标系的 GeoPackage，或换算成经纬度。",
                source=table.source,
                lon=lon[metres][0],
                lat=lat[metres][0],
            )
        )


def _swapped_in_china(lon: Floats, lat: Floats, ok: Bools) -> Bools:
    """Find rows outside mainland China that lie inside it once swapped, where others lie inside.

    West of 90° E a swapped pair is still a pair of valid numbers.
    """
    here, there = ok & near_mainland(lon, lat), ok & near_mainland(lat, lon)
    if here.any() and here.sum() * 2 < ok.sum():
        return np.zeros(len(lon), dtype=bool)
    return there & ~here


def _systems(
    table: Table, coordinates: Coordinates, rows: _Rows, ground: Ground | None
) -> NDArray[np.object_]:
    """Return the coordinate system of every row; refuse to guess."""
    told = _told_by_column(table)
    silent = np.array([system is None for system in told], dtype=bool)
    if coordinates != "auto":
        against = rows.ok & ~silent & (told != coordinates)
        if against.any():
            said = say(
                "{source}: {n} rows declare another system than coordinates={system!r}, which is "
                "followed.",
                "{source}：{n} 行声明的坐标系与 coordinates={system!r} 不同，以后者为准。",
                source=table.source,
                n=int(against.sum()),
                system=coordinates,
            )
            warnings.warn(said, CrsWarning, stacklevel=4)
        return np.full(len(told), coordinates, dtype=object)
    if rows.declared is not None:
        return np.full(len(told), rows.declared, dtype=object)
    doubtful = rows.ok & silent & near_mainland(rows.lon, rows.lat)
    if doubtful.any():
        told[silent] = _detected(table, rows, doubtful, ground)
    told[silent & (told == None)] = "wgs84"  # noqa: E711 (element by element)
    return told


def _detected(table: Table, rows: _Rows, doubtful: Bools, ground: Ground | None) -> System:
    """Tell the system from the streets and say so, or refuse to guess."""
    if ground is None:
        raise CrsError(
            say(
                "{source} does not say which system its coordinates are in, and {n} of {every} "
                "places lie in mainland China, where a wrong guess moves them by 400 to 1,400 m. "
                "{choices}, give `network=` to have it told from the streets, or add a column "
                "坐标系.",
                "{source} 未注明坐标系，而 {every} 个地点中有 {n} 个在中国大陆，猜错会偏移 400 至 "
                "1,400 米。{choices}，或给出 `network=` 由街道判定，或增加“坐标系”一列。",
                source=table.source,
                n=int(doubtful.sum()),
                every=len(doubtful),
                choices=_CHOICES,
            )
        )
    names = table.frame["district"][doubtful].tolist() if "district" in table.frame else None
    found = detect_on(rows.lon[doubtful], rows.lat[doubtful], ground, names)
    if found.system is None:
        raise CrsError(say(*_UNCLEAR, source=table.source, reason=found.reason, choices=_CHOICES))
    said = say(
        "{source}: coordinates detected as {system}. {reason}. If that is wrong, say "
        'coordinates="wgs84", "gcj02" or "bd09".',
        "{source}：判定坐标系为 {system}。{reason}。如不对，请写明 "
        'coordinates="wgs84"、"gcj02" 或 "bd09"。',
        source=table.source,
        system=found.system,
        reason=found.reason,
    )
    table.notes.append(said)
    warnings.warn(said, CrsWarning, stacklevel=5)
    return found.system


def in_file(source: str, text: str) -> Said:
    """Put the name of a file before what is said of it."""
    return say("{source}: {text}.", "{source}：{text}。", source=source, text=text)


def _told_by_column(table: Table) -> NDArray[np.object_]:
    told = np.full(len(table.frame), table.system, dtype=object)
    if "datum" not in table.frame.columns:
        return told
    names = read_vocabulary("values")["systems"]
    meaning = {fold(text): system for system, texts in names.items() for text in texts}
    cells = _values.texts(table.frame["datum"])
    folded = cells.map(fold, na_action="ignore")
    unknown = cells[cells.notna() & ~folded.isin(list(meaning))]
    if len(unknown):
        raise CrsError(
            f"{table.source}: the column {table.headers['datum']!r} names systems that are not "
            f"known: {name_some(unknown.unique())}. Use WGS84, GCJ02 or BD09."
        )
    filled = cells.notna().to_numpy(dtype=bool)
    told[filled] = [meaning[text] for text in folded[filled]]
    return told
