"""District outlines: from public packages they are GCJ-02 and must be moved before use."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Literal

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from servicecircle import _values
from servicecircle._checks import check_places, crs_of, name_some
from servicecircle._said import say
from servicecircle.coordinates import System, check_system, near_mainland, to_wgs84
from servicecircle.errors import CrsError, InputError, InputWarning
from servicecircle.tables import read_table

if TYPE_CHECKING:
    from pathlib import Path

_OVERLAP_M2 = 10_000.0  # 1 ha; slivers along shared lines are no overlap


def read_districts(
    path: str | Path,
    *,
    coordinates: Literal["wgs84", "gcj02", "bd09"] | None = None,
    name: str | None = None,
) -> gpd.GeoDataFrame:
    """Read district or sub-district outlines and bring them to WGS-84.

    Parameters
    ----------
    path : str or Path
        .geojson, .gpkg or .parquet with polygons.
    coordinates : {"wgs84", "gcj02", "bd09"}, optional
        The system they were drawn in. Must be said for mainland China, where the CRS a file
        declares cannot be believed: outlines of public packages come from Amap (GCJ-02)
        but are labelled WGS-84.
    name : str, optional
        Column with the names. Default: the one we know (区县, name …).

    Returns
    -------
    GeoDataFrame
        Indexed by ``id``, polygons in EPSG:4326, with ``name`` where known and
        the file's other columns. Bow-ties are repaired with an `InputWarning`, which also
        names districts that overlap.

    Raises
    ------
    CrsError
        The outlines lie in mainland China and ``coordinates`` is not given.
    InputError
        The file cannot be read, or holds no polygons.

    Notes
    -----
    Measured in Nanjing: as delivered a median of 201 m from OpenStreetMap's lines, 8 m after
    conversion. A station near a district line changes its district if this is missed.

    Examples
    --------
    >>> districts = read_districts("districts.geojson", coordinates="gcj02")  # doctest: +SKIP
    """
    if coordinates is not None:
        check_system(coordinates, "coordinates")
    table = read_table(path, columns=None if name is None else {"name": name})
    if table.geometry is None:
        raise InputError(f"{table.source} holds no outlines. Use .geojson, .gpkg or .parquet.")
    shapes = gpd.GeoSeries(table.geometry)
    if shapes.crs is not None:
        shapes = shapes.to_crs(4326)
    areas = shapes.geom_type.isin(["Polygon", "MultiPolygon"])
    if not areas.any():
        raise InputError(f"{table.source} holds no polygons, only {sorted(set(shapes.geom_type))}.")
    shapes = _repaired(gpd.GeoSeries(shapes[areas]), table.source)
    shapes = _with_area(shapes, table.source)
    system = _system(shapes, coordinates, table.source)
    outlines = gpd.GeoSeries(to_wgs84(shapes, system))
    frame = table.frame.loc[shapes.index]
    if "name" not in frame.columns and "district" in frame.columns:
        frame = frame.assign(name=_values.texts(frame["district"]))
    districts = gpd.GeoDataFrame(frame, geometry=outlines.to_numpy(), crs=4326)
    districts.attrs = {"source": table.source, "coordinates": system, "notes": [*table.notes]}
    warn_of_overlaps(districts.geometry, table.source)
    return districts


def area_of(
    places: gpd.GeoDataFrame, areas: gpd.GeoDataFrame, column: str | None = None
) -> pd.Series:
    """Say in which district, sub-district, community or grid cell each place lies.

    Parameters
    ----------
    places : geopandas.GeoDataFrame
        Places with a CRS; of lines and areas a point inside counts.
    areas : geopandas.GeoDataFrame
        Polygons with a CRS, any other than the places' too.
    column : str, optional
        The column of ``areas`` to return. Default: their ids.

    Returns
    -------
    pandas.Series
        The places' index; the first area that holds each place (its border belongs to it),
        missing where none does.

    Raises
    ------
    CrsError, InputError
        A table has no CRS or repeated ids, or the column is missing.

    Examples
    --------
    >>> shops["community"] = area_of(shops, communities, "name")  # doctest: +SKIP
    """
    check_places(areas, "areas")
    crs_of(places, "places")
    if column is not None and column not in areas.columns:
        raise InputError(f"`areas` has no column {column!r}; it has {list(areas.columns)}.")
    points = places.geometry.representative_point().to_crs(crs_of(areas, "areas"))
    point, area = areas.sindex.query(points, predicate="intersects")
    _warn_of_several(points, areas, point)
    first = pd.Series(area, index=point).groupby(level=0).min()
    names = areas.index if column is None else pd.Index(areas[column])
    label = pd.Series(pd.NA, index=places.index, dtype=object, name=column or areas.index.name)
    label.iloc[first.index.to_numpy()] = names.take(first.to_numpy())
    return label


def _warn_of_several(points: gpd.GeoSeries, areas: gpd.GeoDataFrame, found: np.ndarray) -> None:
    """Name the places inside several areas; on a border between two it is not meant."""
    if np.unique(found).size == found.size:
        return
    inside = np.bincount(areas.sindex.query(points, predicate="within")[0], minlength=len(points))
    several = points.index[inside > 1]
    if len(several):
        said = say(
            "The areas overlap: {n} places lie in more than one and count for the first: {some}.",
            "区域互有重叠：{n} 个地点落在多个区域内，按第一个计：{some}。",
            n=len(several),
            some=name_some(several),
        )
        warnings.warn(said, InputWarning, stacklevel=3)


def _system(shapes: gpd.GeoSeries, coordinates: System | None, source: str) -> System:
    if coordinates is not None:
        return coordinates
    inner = shapes.representative_point()
    if near_mainland(np.array(inner.x), np.array(inner.y)).any():
        raise CrsError(
            f"{source} lies in mainland China, where a file's CRS does not tell its datum: "
            'outlines from Amap (most public packages) are coordinates="gcj02", those from '
            'OpenStreetMap or a survey "wgs84". Say which.'
        )
    return "wgs84"


def _repaired(shapes: gpd.GeoSeries, source: str) -> gpd.GeoSeries:
    """Repair bow-ties and say by how much the area changed."""
    broken = ~shapes.is_valid
    if not broken.any():
        return shapes
    mended = shapes.where(~broken, gpd.GeoSeries(make_areas_valid(shapes.to_numpy()), shapes.index))
    crs = mended.estimate_utm_crs() if mended.crs is not None else None
    km2 = mended.to_crs(crs).area[broken].sum() / 1e6 if crs is not None else float("nan")
    said = say(
        "{source}: {n} outlines crossed themselves and were repaired (now {km2:.2f} km2): {some}.",
        "{source}：{n} 个轮廓自相交，已修复（现为 {km2:.2f} 平方公里）：{some}。",
        source=source,
        n=int(broken.sum()),
        km2=km2,
        some=name_some(shapes.index[broken]),
    )
    warnings.warn(said, InputWarning, stacklevel=3)
    return mended


def make_areas_valid(shapes: np.ndarray) -> np.ndarray:
    """Repair polygons; what is left of one without an area is empty."""
    valid = shapely.make_valid(shapes, method="structure", keep_collapsed=False)
    return np.asarray(valid, dtype=object)


def _with_area(shapes: gpd.GeoSeries, source: str) -> gpd.GeoSeries:
    """Drop outlines without any area and name them."""
    flat = shapely.area(shapes.to_numpy()) == 0
    if flat.any():
        said = say(
            "{source}: {n} outlines have no area and are left out: {some}.",
            "{source}：{n} 个轮廓没有面积，已略去：{some}。",
            source=source,
            n=int(flat.sum()),
            some=name_some(shapes.index[flat]),
        )
        warnings.warn(said, InputWarning, stacklevel=3)
    return gpd.GeoSeries(shapes[~flat])


def warn_of_overlaps(districts: gpd.GeoSeries, source: str) -> None:
    """Name the pairs of outlines that share more than a margin."""
    metric = districts.to_crs(districts.estimate_utm_crs())
    first, second = metric.sindex.query(metric, predicate="intersects")
    box = metric.bounds.to_numpy()
    least = np.minimum(box[first, 2:], box[second, 2:]) - np.maximum(
        box[first, :2], box[second, :2]
    )
    pairs = (first < second) & (least.prod(axis=1) > _OVERLAP_M2)
    first, second = first[pairs], second[pairs]
    shared = metric.iloc[first].intersection(metric.iloc[second], align=False).area.to_numpy()
    wide = shared > _OVERLAP_M2
    if wide.any():
        names = [
            f"{districts.index[a]} and {districts.index[b]}"
            for a, b in zip(first[wide], second[wide], strict=True)
        ]
        said = say(
            "{source}: {n} pairs of outlines overlap, so places there may count twice: {some}.",
            "{source}：{n} 对轮廓相互重叠，其中的地点可能重复计入：{some}。",
            source=source,
            n=int(wide.sum()),
            some=name_some(names),
        )
        warnings.warn(said, InputWarning, stacklevel=3)
