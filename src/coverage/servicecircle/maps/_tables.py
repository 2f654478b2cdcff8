"""Tables as the map needs them: metres, points, text columns, conditions for the card."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import shapely

from servicecircle._checks import check_places
from servicecircle._text import clean_text
from servicecircle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping

    import pyproj

    from servicecircle.maps._scene import Pair

DISTRICT_NAMES = ("name", "district", "名称", "所属区", "行政区", "区县")
MADE_UP: Pair = ("示例：数据为虚构", "Made-up data")


def in_metres(frame: gpd.GeoDataFrame, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """Project to ``crs``; areas and lines become a point inside them, missing ones empty."""
    points = frame.geometry.to_crs(crs)
    points = points.where(points.notna(), shapely.Point())
    usable = ~points.is_empty & points.is_valid
    points = points.where(usable, shapely.Point())
    other = usable & (points.geom_type != "Point")
    return frame.set_geometry(points.where(~other, points.representative_point()))


def text_column(frame: pd.DataFrame, name: str) -> pd.Series:
    """Return a column as clean text, "" where it is missing."""
    if name not in frame.columns:
        return pd.Series("", index=frame.index, dtype=object)
    return pd.Series([clean_text(value) for value in frame[name]], index=frame.index, dtype=object)


def place_table(frame: gpd.GeoDataFrame, crs: pyproj.CRS) -> gpd.GeoDataFrame:
    """Return name, kind, district, closed and conditions of sites, stations or candidates."""
    placed = in_metres(frame, crs)
    names = text_column(frame, "name")
    ids = pd.Series([clean_text(key) for key in frame.index], index=frame.index, dtype=object)
    table = {
        "name": names.where(names != "", ids),
        "kind": text_column(frame, "kind"),
        "district": text_column(frame, "district"),
        "closed": _flag(frame, "closed").fillna(value=False).astype(bool),
        "conditions": [_conditions(row) for row in frame.to_dict("records")],
        "status": frame["status"] if "status" in frame.columns else "ok",
    }
    return gpd.GeoDataFrame(table, geometry=placed.geometry.to_numpy(), index=frame.index, crs=crs)


def _flag(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame.columns:
        return pd.Series(pd.NA, index=frame.index, dtype="boolean")
    return (
        frame[name].map(lambda value: value if isinstance(value, bool) else pd.NA).astype("boolean")
    )


def _conditions(row: Mapping[str, object]) -> list[dict[str, str]]:
    """What the table says of a place; what it does not say is to be checked, never a pass."""
    said = [
        _text_condition(row, "hours", "开放", "Open"),
        _text_condition(row, "amenities", "设施", "Amenities"),
        _yes_condition(
            row, "open_to_public", ("对外开放", "不对外开放"), ("Open to all", "Not open to all")
        ),
        _yes_condition(
            row,
            "owner_consent",
            ("业主同意", "业主不同意"),
            ("Owner agrees", "Owner does not agree"),
        ),
    ]
    return [condition for condition in said if condition is not None]


def _text_condition(
    row: Mapping[str, object], column: str, zh: str, en: str
) -> dict[str, str] | None:
    if column not in row:
        return None
    value = row[column]
    text = "、".join(map(str, value)) if isinstance(value, list | tuple) else clean_text(value)
    if not text:
        return {"mark": "unknown", "zh": f"{zh}：待核实", "en": f"{en}: to be checked"}
    return {"mark": "plain", "zh": f"{zh}：{text}", "en": f"{en}: {text}"}


def _yes_condition(
    row: Mapping[str, object], column: str, zh: Pair, en: Pair
) -> dict[str, str] | None:
    if column not in row:
        return None
    value = row[column]
    if pd.api.types.is_scalar(value) and pd.notna(value) and value in (True, False):
        at = 0 if value else 1
        return {"mark": "no" if at else "yes", "zh": zh[at], "en": en[at]}
    return {"mark": "unknown", "zh": f"{zh[0]}：待核实", "en": f"{en[0]}: to be checked"}


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
