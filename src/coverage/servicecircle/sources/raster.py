"""People from a raster: one point per cell. They live there; where they work it does not say."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyproj
import shapely

from servicecircle._files import local_file
from servicecircle._said import say
from servicecircle.errors import CrsError, InputError
from servicecircle.networks.lines import clip_area
from servicecircle.sources._rows import demand_rows

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import NDArray

MOST_CELLS = 50_000_000
_SUFFIXES = (".tif", ".tiff")


def demand_from_raster(
    path: str | Path,
    *,
    clip: object = None,
    year: int | None = None,
    band: int = 1,
    group: str = "residents",
) -> gpd.GeoDataFrame:
    """Read people per cell from a population raster, such as WorldPop's.

    Such rasters say where people *live*. No public raster says where they work in a
    Chinese city: use this as a secondary weight, or for residents.

    Parameters
    ----------
    path : str or Path
        A GeoTIFF of people per cell.
    clip : tuple, polygon or GeoDataFrame, optional
        Only cells with their centre inside; (west, south, east, north) or a polygon in
        degrees.
    year : int, optional
        Year of the data; rasters do not say.
    band : int
        Band of the file, from 1.
    group : str
        The group that the people are.

    Returns
    -------
    GeoDataFrame
        EPSG:4326, the centre of every cell with people, indexed by ``r12c34`` (row and
        column of the raster, from 0): ``workers`` (the people), ``group``, ``counts``
        ("residents"), ``source``, ``year``, ``status``, ``reason``. Cells without data or
        with nobody are left out; negative cells are too, and are counted in
        ``.attrs["notes"]``.

    Raises
    ------
    InputError
        rasterio is not installed, the file cannot be read, the band is not there, or more
        than 50 million cells are asked for.
    CrsError
        The raster has no CRS.

    Examples
    --------
    >>> people = demand_from_raster("wuhan_worldpop_20_59.tif", year=2020)  # doctest: +SKIP
    """
    file = _local_raster(path)
    area = None if clip is None else clip_area(clip)
    cells, row, column, lon, lat, crs = _read(file, area, band)
    project = pyproj.Transformer.from_crs(crs, 4326, always_xy=True).transform
    lon, lat = project(lon, lat)
    here = np.ones(len(cells), dtype=bool)
    if area is not None:
        shapely.prepare(area)
        here = shapely.contains_xy(area, lon, lat)
    wrong = here & ((cells < 0) | np.isinf(cells))
    keep = here & (cells > 0) & np.isfinite(cells)
    index = [f"r{i}c{j}" for i, j in zip(row[keep], column[keep], strict=True)]
    table = pd.DataFrame(
        {"workers": cells[keep].astype(float), "group": group},
        index=pd.Index(index, name="id", dtype="str"),
    ).astype({"group": "str"})
    return demand_rows(
        table,
        shapely.points(np.column_stack([lon[keep], lat[keep]])),
        counts="residents",
        source=file.name,
        year=year,
        notes=_notes(table, int((here & ~keep & ~wrong).sum()), int(wrong.sum())),
    )


def _notes(table: pd.DataFrame, empty: int, wrong: int) -> list[str]:
    notes: list[str] = [
        say(
            "residents, not workers: {people:,.0f} people where they live",
            "是居民而非职工：{people:,.0f} 人，位置为居住地",
            people=table["workers"].sum(),
        ),
        say(
            "{n:,} cells with people; {empty:,} without data or people are left out",
            "{n:,} 个有人的格子；{empty:,} 个无数据或无人的格子略去",
            n=len(table),
            empty=empty,
        ),
    ]
    if wrong:
        said = say(
            "{wrong:,} cells hold negative or infinite numbers and are left out",
            "{wrong:,} 个格子的数值为负或无穷大，已略去",
            wrong=wrong,
        )
        notes.append(said)
    return notes


def _local_raster(path: str | Path) -> Path:
    file = local_file(path)
    if file.suffix.lower() not in _SUFFIXES:
        raise InputError(f"{file.name!r} is not a GeoTIFF ({', '.join(_SUFFIXES)}).")
    return file


def _read(file: Path, area: shapely.Geometry | None, band: int) -> tuple[Any, ...]:
    """Return values (NaN where no data), rows, columns, x, y of the cells, and the CRS."""
    try:
        import rasterio
    except ImportError:
        raise InputError(
            'Rasters need rasterio: `python -m pip install "servicecircle[raster]"`.'
        ) from None
    try:
        with rasterio.open(file, driver="GTiff") as raster:
            if raster.crs is None:
                raise CrsError(f"{file.name!r} has no CRS; set it with `gdal_edit.py -a_srs`.")
            if not 1 <= band <= raster.count:
                raise InputError(f"{file.name!r} has {raster.count} bands; `band` is {band!r}.")
            window = _window(raster, area)
            if window.width * window.height > MOST_CELLS:
                raise InputError(
                    f"{file.name!r}: more than {MOST_CELLS:,} cells. Read a part of it with "
                    "`clip=(west, south, east, north)`."
                )
            values = raster.read(band, window=window, masked=True).astype(np.float64)
            row, column = _cells(window, values.shape)
            to = raster.transform
            x = to.a * (column + 0.5) + to.b * (row + 0.5) + to.c
            y = to.d * (column + 0.5) + to.e * (row + 0.5) + to.f
            crs = pyproj.CRS.from_wkt(raster.crs.to_wkt())
    except rasterio.errors.RasterioError as error:
        reason = " ".join(str(error).split()).rstrip(".")
        raise InputError(f"{file.name!r} cannot be read as a GeoTIFF: {reason}.") from None
    return values.filled(np.nan).ravel(), row, column, x, y, crs


def _window(raster: Any, area: Any) -> Any:
    """Return the part of a raster around an area in degrees, a cell wider on every side."""
    from rasterio.windows import Window, from_bounds

    whole = Window(0, 0, raster.width, raster.height)
    if area is None:
        return whole
    project = pyproj.Transformer.from_crs(4326, raster.crs.to_wkt(), always_xy=True)
    part = from_bounds(*project.transform_bounds(*area.bounds), transform=raster.transform)
    west, north = np.floor((part.col_off, part.row_off)).astype(int) - 1
    east = int(np.ceil(part.col_off + part.width)) + 1
    south = int(np.ceil(part.row_off + part.height)) + 1
    columns = np.clip([west, east], 0, raster.width)
    rows = np.clip([north, south], 0, raster.height)
    return Window(columns[0], rows[0], columns[1] - columns[0], rows[1] - rows[0])


def _cells(window: Any, shape: tuple[int, int]) -> tuple[NDArray[np.int64], NDArray[np.int64]]:
    row, column = np.indices(shape)
    return row.ravel() + int(window.row_off), column.ravel() + int(window.col_off)
