"""Workers gathered into the cells of a grid (网格)."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from servicecircle._checks import check_places, check_weights
from servicecircle._said import say
from servicecircle.errors import InputError
from servicecircle.networks.assemble import local_crs
from servicecircle.sources._rows import counted

if TYPE_CHECKING:
    from numpy.typing import NDArray

FINEST_H3 = 15


def to_grid(
    frame: gpd.GeoDataFrame, size: float = 250, *, h3: int | None = None
) -> gpd.GeoDataFrame:
    """Gather demand points into square cells, one row per cell and worker group.

    Parameters
    ----------
    frame : GeoDataFrame
        Demand with ``workers`` and, where known, ``group``.
    size : float
        Side of a cell in metres. Cells begin at whole multiples of it in the UTM zone of
        the data, so that the same place is in the same cell in every table of that zone.
    h3 : int, optional
        Resolution (0–15) of Uber's hexagons instead; needs the package ``h3``.

    Returns
    -------
    GeoDataFrame
        EPSG:4326, sorted by cell, indexed by the cell's id, or ``cell:group`` where the
        frame has groups: ``grid_id``, ``group``, ``workers``, ``places`` (rows gathered),
        ``status`` "ok". The geometry is the place of the cell that lies nearest to the
        workers' mean: a real place, which can be joined to a street. Rows that are not ok
        are left out and counted in ``.attrs["notes"]``; draw the cells themselves with
        `grid_cells`.

    Raises
    ------
    InputError
        ``size`` is not above 0, or ``h3`` is not a resolution or not installed.

    Notes
    -----
    A square cell's id is EPSG code, size, column and row: ``32650-250-2675-14184``.
    """
    check_weights(check_places(frame, "frame"), "workers", "frame")
    if not isinstance(size, (int, float)) or not math.isfinite(size) or size <= 0:
        raise InputError(f"`size` must be above 0 m; got {size!r}.")
    table, xy, lost = _placed(frame)
    crs = local_crs(shapely.get_coordinates(table.geometry.to_numpy())) if len(table) else 4326
    metres = _coordinates(table.geometry.to_crs(crs))
    cells = _squares(metres, size, crs) if h3 is None else _hexagons(xy, h3)
    rows = pd.DataFrame(
        {"grid_id": pd.Series(cells, dtype="str"), "workers": counted(table)}
    ).assign(
        group=frame["group"].to_numpy()[~lost] if "group" in frame else "",
        x=metres[:, 0],
        y=metres[:, 1],
        at=np.arange(len(table)),
    )
    out = _gathered(rows, xy, grouped="group" in frame)
    out.attrs = {
        "source": frame.attrs.get("source", "the table given"),
        "notes": [
            *frame.attrs.get("notes", []),
            *_notes(len(table), out["grid_id"].nunique(), int(lost.sum())),
        ],
    }
    return out


def grid_cells(grid: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Draw the cells of a grid, with the workers of all groups together.

    Parameters
    ----------
    grid : GeoDataFrame
        What `to_grid` returned.

    Returns
    -------
    GeoDataFrame
        EPSG:4326 polygons indexed by ``grid_id``: ``workers``, ``places``.
    """
    sums = grid.groupby("grid_id")[["workers", "places"]].sum()
    return gpd.GeoDataFrame(sums, geometry=[_outline(i) for i in sums.index], crs=4326)


def _notes(rows: int, cells: int, lost: int) -> list[str]:
    notes: list[str] = [
        say(
            "gathered {rows:,} rows into {cells:,} cells",
            "{rows:,} 行归并为 {cells:,} 个网格",
            rows=rows,
            cells=cells,
        )
    ]
    if lost:
        said = say(
            "{lost:,} rows without a place or number left out",
            "略去 {lost:,} 行没有位置或人数的数据",
            lost=lost,
        )
        notes.append(said)
    return notes


def _placed(
    frame: gpd.GeoDataFrame,
) -> tuple[gpd.GeoDataFrame, NDArray[np.float64], NDArray[np.bool_]]:
    """Rows with a place and a number as points in degrees, and which are lost."""
    lost = frame.geometry.isna().to_numpy() | frame.geometry.is_empty.to_numpy()
    lost |= frame["workers"].isna().to_numpy()
    if "status" in frame:
        lost |= ~frame["status"].isin(["ok", "unsnapped", "island"]).to_numpy()
    kept = frame[~lost].to_crs(4326)
    points = shapely.point_on_surface(kept.geometry.to_numpy())
    table = gpd.GeoDataFrame(
        {"workers": kept["workers"], "status": "ok"}, geometry=points, crs=4326
    )
    return table, _coordinates(table.geometry), lost


def _coordinates(points: gpd.GeoSeries) -> NDArray[np.float64]:
    return shapely.get_coordinates(points.to_numpy()).reshape(-1, 2)


def _squares(metres: NDArray[np.float64], size: float, crs: object) -> list[str]:
    column, row = np.floor(metres / size).astype(np.int64).T
    zone = getattr(crs, "to_epsg", lambda: 0)()
    return [f"{zone}-{size:g}-{i}-{j}" for i, j in zip(column, row, strict=True)]


def _hexagons(lonlat: NDArray[np.float64], resolution: int) -> list[str]:
    try:
        import h3
    except ImportError:
        raise InputError('Hexagons need h3: `python -m pip install "servicecircle[h3]"`.') from None
    if isinstance(resolution, bool) or resolution not in range(FINEST_H3 + 1):
        raise InputError(f"`h3` must be a resolution from 0 to {FINEST_H3}; got {resolution!r}.")
    return [h3.latlng_to_cell(lat, lon, resolution) for lon, lat in lonlat]


def _gathered(
    table: pd.DataFrame, lonlat: NDArray[np.float64], *, grouped: bool
) -> gpd.GeoDataFrame:
    """Sum up every cell (and group) and choose the place that stands for it."""
    table["group"] = table["group"].fillna("").astype("str")
    keys = ["grid_id", "group"]
    share = table["workers"].where(table.groupby(keys)["workers"].transform("sum") > 0, 1.0)
    mean = table.assign(w=share, x=table["x"] * share, y=table["y"] * share)
    mean = mean.groupby(keys)[["w", "x", "y"]].transform("sum")
    gap = np.hypot(table["x"] - mean["x"] / mean["w"], table["y"] - mean["y"] / mean["w"])
    nearest = table.assign(gap=gap).sort_values([*keys, "gap", "at"]).drop_duplicates(keys)
    sums = table.groupby(keys)["workers"].agg(workers="sum", places="size").reset_index()
    ids = sums["grid_id"] + (":" + sums["group"]).where(sums["group"] != "", "")
    sums.index = pd.Index(ids, name="id", dtype="str")
    if not grouped:
        sums = sums.drop(columns="group")
    points = shapely.points(lonlat[nearest["at"].to_numpy()])
    return gpd.GeoDataFrame(sums.assign(status="ok"), geometry=points, crs=4326)


def _outline(cell: str) -> Any:
    if "-" not in cell:
        import h3

        return shapely.Polygon([(lon, lat) for lat, lon in h3.cell_to_boundary(cell)])
    zone, size, column, row = cell.split("-", 3)
    west, south, side = int(column) * float(size), int(row) * float(size), float(size)
    square = shapely.box(west, south, west + side, south + side)
    return gpd.GeoSeries([square], crs=int(zone)).to_crs(4326).iloc[0]
