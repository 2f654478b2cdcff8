"""Heights of street vertices from a raster of ground heights (DEM)."""

from __future__ import annotations

import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import pyproj

from servicecircle._said import say
from servicecircle.errors import CrsError, InputError, NetworkWarning

if TYPE_CHECKING:
    from servicecircle.networks.lines import StreetLines

# By suffix, so that no other format leads to another file or address
DRIVERS = {".hgt": "SRTMHGT", ".asc": "AAIGrid"}
OWN_HEIGHTS = "ele"  # instead of a raster: the heights that the nodes carry


def add_heights(lines: StreetLines, elevation: str | None) -> StreetLines:
    """Give every vertex the height that ``elevation`` says."""
    if elevation is None:
        return lines._replace(height=np.full(len(lines.vertex), np.nan))
    if elevation != OWN_HEIGHTS:
        lines = lines._replace(height=raster_heights(elevation, lines.lonlat))
    unknown = 1.0 - float(np.isfinite(lines.height).mean())
    if unknown > 0 and elevation != OWN_HEIGHTS:
        said = say(
            "{file!r} says nothing of {unknown:.1%} of the street vertices; streets without any "
            "height count as level.",
            "{file!r} 不含 {unknown:.1%} 的街道节点的高程；没有高程的街道按平路计。",
            file=Path(elevation).name,
            unknown=unknown,
        )
        warnings.warn(said, NetworkWarning, stacklevel=4)
    elif unknown == 1.0:
        raise InputError('`elevation="ele"`: no node carries a height.')
    return lines


def raster_heights(path: str, lonlat: np.ndarray) -> np.ndarray:
    """Interpolate the first band of a raster between its four nearest cells.

    Parameters
    ----------
    path : str
        A GeoTIFF, .hgt or .asc, heights in metres.
    lonlat : numpy.ndarray
        (k, 2) degrees WGS84.

    Returns
    -------
    numpy.ndarray
        (k,) metres, NaN outside the raster and beside cells without data.
    """
    try:
        import rasterio
        from rasterio.windows import Window
    except ModuleNotFoundError:
        raise InputError(
            "Reading heights needs rasterio: `pip install servicecircle[raster]`."
        ) from None
    if "://" in path or path.startswith("/vsi") or not Path(path).is_file():
        raise InputError(f"`elevation`: there is no local file {path!r}.")
    try:
        raster = rasterio.open(path, driver=DRIVERS.get(Path(path).suffix.lower(), "GTiff"))
    except rasterio.errors.RasterioIOError as error:
        raise InputError(f"{Path(path).name!r} cannot be read as a raster ({error}).") from error
    with raster:
        if raster.crs is None:
            raise CrsError(f"{Path(path).name!r} has no CRS.")
        project = pyproj.Transformer.from_crs(4326, raster.crs.to_wkt(), always_xy=True).transform
        x, y = project(*lonlat.T)
        at = ~raster.transform  # to columns and rows; cell centres lie half a cell further
        column = at.a * x + at.b * y + at.c - 0.5
        row = at.d * x + at.e * y + at.f - 0.5
        here = (column > -1) & (column < raster.width) & (row > -1) & (row < raster.height)
        if not here.any():
            return np.full(len(lonlat), np.nan)
        west, north = (max(0, int(np.floor(a[here].min()))) for a in (column, row))
        east = min(raster.width, int(column[here].max()) + 2)
        south = min(raster.height, int(row[here].max()) + 2)
        window = Window(west, north, east - west, south - north)
        cells = raster.read(1, window=window, masked=True).astype(float).filled(np.nan)
    return np.where(here, _bilinear(cells, column - west, row - north), np.nan)


def _bilinear(cells: np.ndarray, column: np.ndarray, row: np.ndarray) -> np.ndarray:
    last_row, last_column = cells.shape[0] - 1, cells.shape[1] - 1
    column, row = np.clip(column, 0, last_column), np.clip(row, 0, last_row)
    c, r = np.floor(column).astype(int), np.floor(row).astype(int)
    right, down = np.minimum(c + 1, last_column), np.minimum(r + 1, last_row)
    u, v = column - c, row - r
    upper = cells[r, c] + u * (cells[r, right] - cells[r, c])
    lower = cells[down, c] + u * (cells[down, right] - cells[down, c])
    height: np.ndarray = upper + v * (lower - upper)
    return height
