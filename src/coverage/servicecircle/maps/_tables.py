"""Tables as the map needs them: metres, points, text columns, conditions for the card."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from servicecircle._checks import check_places
from servicecircle._said import in_both, in_chinese
from servicecircle._text import MOST_CHARACTERS, clean_text, safe_link
from servicecircle.errors import InputError
from servicecircle.sites import in_use
from servicecircle.standards import check_standard, place_names

if TYPE_CHECKING:
    from collections.abc import Sequence

    import pyproj

    from servicecircle.maps._scene import Pair
    from servicecircle.standards import Standard

DISTRICT_NAMES = ("name", "district", "名称", "所属区", "行政区", "区县")
SAID = ("hours", "amenities")
FLAGS = ("street_front", "open_to_public", "owner_consent")
PHOTOS = ("photo", "照片")
MOST_IN_NOTE = 300
UNKNOWN = "?"  # to be checked on the spot: never a pass
MADE_UP: Pair = ("示例：数据为虚构", "Made-up data")


def in_metres(frame: gpd.GeoDataFrame, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """Project to ``crs``; areas and lines become a point inside them, missing ones empty."""
    points = frame.geometry.to_crs(crs)
    points = points.where(points.notna(), shapely.Point())
    usable = ~points.is_empty & points.is_valid
    points = points.where(usable, shapely.Point())
    other = usable & (points.geom_type != "Point")
    return frame.set_geometry(points.where(~other, points.representative_point()))


def text_column(frame: pd.DataFrame, name: str, most: int = MOST_CHARACTERS) -> pd.Series:
    """Return a column as clean text of at most so many characters, "" where it is missing."""
    if name not in frame.columns:
        return pd.Series("", index=frame.index, dtype=object)
    cleaned = [clean_text(value, most) for value in frame[name]]
    return pd.Series(cleaned, index=frame.index, dtype=object)


def place_table(
    frame: gpd.GeoDataFrame, crs: pyproj.CRS, standard: Standard | None = None
) -> gpd.GeoDataFrame:
    """Return what a card says of sites, stations or candidates, whatever the map is of."""
    placed = in_metres(frame, crs)
    table = {
        "name": place_names(frame).map(in_both).map(clean_text),
        "kind": text_column(frame, "kind" if "kind" in frame.columns else "station_type"),
        "district": text_column(frame, "district"),
        "closed": ~in_use(frame),
        "photo": _column(_photos(frame), frame),
        "rules": _column(_answers(frame, standard), frame),
        **{name: _column(_said(frame, name), frame) for name in SAID},
        **{name: _column(_flag(frame, name), frame) for name in FLAGS},
        "status": frame["status"] if "status" in frame.columns else "ok",
    }
    return gpd.GeoDataFrame(table, geometry=placed.geometry.to_numpy(), index=frame.index, crs=crs)


def _photos(frame: pd.DataFrame) -> list[str | None]:
    column = next((name for name in PHOTOS if name in frame.columns), None)
    return [None] * len(frame) if column is None else [safe_link(cell) for cell in frame[column]]


def _answers(frame: pd.DataFrame, standard: Standard | None) -> list[str | None]:
    """Return one sign per rule: y, n, or ? where the table does not say."""
    if standard is None or frame.empty:
        return [None] * len(frame)
    checks = check_standard(pd.DataFrame(frame), standard)[list(standard.rules.index)]
    held = checks.fillna(value=False).to_numpy(dtype=bool)
    signs = np.where(checks.isna(), UNKNOWN, np.where(held, "y", "n"))
    return ["".join(row) for row in signs]


def _column(values: Sequence[object], frame: pd.DataFrame) -> pd.Series:
    return pd.Series(list(values), index=frame.index, dtype=object)


def _flag(frame: pd.DataFrame, name: str) -> list[bool | str | None]:
    """Return yes or no as the table says; "?" where it does not, ``None`` without a column."""
    if name not in frame.columns:
        return [None] * len(frame)
    known = frame[name].isin([True, False]) & frame[name].notna()
    return [bool(value) if ok else UNKNOWN for value, ok in zip(frame[name], known, strict=True)]


def _said(frame: pd.DataFrame, name: str) -> list[str | None]:
    """Return what the table says; "?" where it says nothing, ``None`` without a column."""
    if name not in frame.columns:
        return [None] * len(frame)
    joined = ("、".join(map(str, v)) if isinstance(v, list | tuple) else v for v in frame[name])
    return [clean_text(value) or UNKNOWN for value in joined]


def district_table(districts: gpd.GeoDataFrame | None, crs: pyproj.CRS) -> gpd.GeoDataFrame | None:
    """Return ``name``, ``name_en`` and areas in metres, or ``None`` if none were given."""
    if districts is None or len(districts) == 0:
        return None
    check_places(districts, "districts")
    column = next((name for name in DISTRICT_NAMES if name in districts.columns), None)
    if column is None:
        raise InputError(
            f"`districts` has no column of names; it needs one of {list(DISTRICT_NAMES)}, "
            f"and has {list(map(str, districts.columns))}."
        )
    areas = shapely.make_valid(districts.geometry.to_crs(crs).to_numpy())
    table = {"name": text_column(districts, column), "name_en": text_column(districts, "name_en")}
    made = gpd.GeoDataFrame(table, geometry=areas, index=districts.index, crs=crs)
    polygons = made.geom_type.isin(["Polygon", "MultiPolygon"]) & ~made.is_empty
    return made[polygons] if polygons.any() else None


def fill_districts(frame: gpd.GeoDataFrame, districts: gpd.GeoDataFrame | None) -> gpd.GeoDataFrame:
    """Give the district by position to rows that name none of the drawn districts."""
    if districts is None:
        return frame
    missing = ~frame["district"].isin(set(districts["name"])) & ~frame.geometry.is_empty
    row, area = districts.sindex.query(frame.geometry[missing], predicate="intersects")
    first = pd.Series(area, index=row).groupby(level=0).min()
    found = frame["district"].copy()
    found.loc[frame.index[missing.to_numpy()][first.index]] = districts["name"].to_numpy()[first]
    return frame.assign(district=found)


def data_source(demand: pd.DataFrame) -> str:
    """Return where the workers come from, with the year where the table says it."""
    parts = (clean_text(demand.attrs.get(name)) for name in ("source", "year"))
    return " ".join(part for part in parts if part)


def data_notes(demand: pd.DataFrame) -> list[Pair]:
    """Return what was assumed or left out when the workers were read or estimated."""
    notes = demand.attrs.get("notes", ())
    pairs = [tuple(clean_text(one, MOST_IN_NOTE) for one in (in_chinese(n), n)) for n in notes]
    return [(zh, en) for zh, en in dict.fromkeys(pairs) if en]


def made_up(*frames: pd.DataFrame) -> Pair | None:
    """Return the notice for data that says of itself that it is synthetic."""
    for frame in frames:
        for column in ("note", "notes", "remark", "synthetic"):
            if column not in frame.columns or frame.empty:
                continue
            values = frame[column].astype(str).str.casefold()
            if values.str.contains("synthetic|虚构|true", regex=True).any():
                return MADE_UP
    return None
