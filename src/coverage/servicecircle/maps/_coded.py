"""Plain values for the page: short numbers, cleaned text, coded places, packed columns."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np

from servicecircle._text import clean_text
from servicecircle.maps._outlines import coordinates, encode_line, encode_polygons

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from servicecircle.maps._scene import Scene

MOST_IN_SENTENCE = 600
Numbers = list[float | int | None]


def short(value: object, decimals: int = 2) -> float | int | None:
    """Return a number without needless digits; missing becomes ``None``."""
    number = float("nan") if value is None else float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        return None
    number = round(number, decimals)
    return int(number) if number.is_integer() else number


def numbers(values: Iterable[object], decimals: int = 2) -> Numbers:
    return [short(value, decimals) for value in values]


def pair(pair: Sequence[str] | None) -> list[str] | None:
    return None if pair is None else [clean_text(part, MOST_IN_SENTENCE) for part in pair]


def texts(values: Iterable[object]) -> list[str]:
    return [clean_text(value) for value in values]


def degrees(scene: Scene, shapes: Iterable[BaseGeometry]) -> NDArray[np.object_]:
    series = gpd.GeoSeries(list(shapes), crs=scene.crs)
    return np.asarray(series.to_crs(4326), dtype=object)


def places(frame: gpd.GeoDataFrame) -> str:
    return encode_line(coordinates(frame.to_crs(4326)))


def polygons(scene: Scene, area: BaseGeometry | None) -> list[list[str]]:
    if area is None or area.is_empty:
        return []
    return encode_polygons(degrees(scene, [area])[0])


def packed(columns: dict[str, Any]) -> dict[str, Any]:
    """Write a column of few different values as those and a number per row, of one as that."""
    return {
        name: column if isinstance(column, str) else pack(column)
        for name, column in columns.items()
    }


def pack(column: list[Any]) -> Any:
    keys = list(map(repr, column))
    different = {key: index for index, key in enumerate(dict.fromkeys(keys))}
    if 2 * len(different) > len(column):
        return column
    values = dict(zip(keys, column, strict=True))
    if len(different) == 1:
        return {"values": column[:1]}
    return {
        "values": [values[key] for key in different],
        "rows": [different[key] for key in keys],
    }
