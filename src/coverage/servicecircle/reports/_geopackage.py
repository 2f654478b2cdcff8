"""The same tables as layers of a GeoPackage."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import pyogrio

from servicecircle._said import in_both
from servicecircle.reports._styles import layer_styles

if TYPE_CHECKING:
    from pathlib import Path

    from servicecircle.reports._workbook import Block, Sheet

# Names that GeoPackage or GDAL keep for themselves.
_TAKEN = ("fid", "geom", "ogc_fid")


def write_geopackage(
    sheets: tuple[Sheet, ...], areas: tuple[Block, ...], path: Path, weight: str
) -> None:
    """Write every table as a layer in WGS84, with styles; tables without places lie beside."""
    tables = (block for sheet in sheets for block in sheet.blocks)
    # Sheets to be read are for the workbook; a GeoPackage would list a table per site.
    layers = [*areas, *(one for one in tables if not one.layer.startswith("assessment_"))]
    # The first layer makes the file; a spatial one makes GDAL write the usual tables.
    layers.sort(key=lambda block: not isinstance(block.frame, gpd.GeoDataFrame))
    for number, block in enumerate(layers):
        frame = _plain(block.frame)
        kind = None
        if isinstance(frame, gpd.GeoDataFrame):
            frame = frame.to_crs(4326)
            kinds = set(frame.geom_type.dropna())
            kind = "Point" if kinds <= {"Point"} else "Unknown"
            kind = "MultiPolygon" if kinds == {"MultiPolygon"} else kind
        pyogrio.write_dataframe(
            frame,
            path,
            layer=block.layer,
            driver="GPKG",
            append=number > 0,
            geometry_type=kind,
            layer_options={"DESCRIPTION": f"{block.zh} {block.en}"},
        )

    spatial = [block for block in layers if isinstance(block.frame, gpd.GeoDataFrame)]
    styles = layer_styles({block.layer: block.frame for block in spatial}, weight)
    if len(styles):
        pyogrio.write_dataframe(
            styles,
            path,
            layer="layer_styles",
            driver="GPKG",
            append=True,
            layer_options={"FID": "id"},
        )


def _plain(frame: pd.DataFrame) -> pd.DataFrame:
    """Give columns names that differ whatever their case, and cells of one kind each."""
    out = frame.copy()
    names, seen = [], set(_TAKEN)
    for name in map(str, out.columns):
        unique = name
        while unique.lower() in seen:
            unique += "_"
        seen.add(unique.lower())
        names.append(unique)
    geometry = frame.geometry.name if isinstance(frame, gpd.GeoDataFrame) else None
    renamed = dict(zip(out.columns, names, strict=True))
    renamed = {old: new for old, new in renamed.items() if old != geometry}
    out = out.rename(columns=renamed)
    for name in renamed.values():
        kind = out[name].dtype
        zoned = isinstance(kind, pd.DatetimeTZDtype)
        if zoned or (kind.kind in "Om" and not isinstance(kind, pd.StringDtype)):
            out[name] = out[name].map(
                lambda value: None if value is None else str(in_both(value)), na_action="ignore"
            )
    return out
