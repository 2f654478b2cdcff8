"""Worker tables: files to demand points with a number of workers, group and district."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import shapely

from servicecircle._locate import Coordinates, locate
from servicecircle._said import say
from servicecircle.districts import make_areas_valid, warn_of_overlaps
from servicecircle.errors import InputError
from servicecircle.sites import OnBad, check_choices, finish, ground_of
from servicecircle.tables import RepeatedIds, Table, read_table

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from servicecircle.networks import WalkNetwork


_NO_WORKERS = (
    (
        "{source} has no column with the number of workers (职工人数); it has {columns}. Name it, "
        "e.g. weight='…'."
    ),
    "{source} 没有职工人数列；现有的列为 {columns}。请指明，例如 weight='…'。",
)


def read_demand(
    path: str | Path,
    *,
    weight: str | None = None,
    group: str | None = None,
    coordinates: Coordinates = "auto",
    network: WalkNetwork | None = None,
    districts: gpd.GeoDataFrame | None = None,
    buildings: gpd.GeoDataFrame | None = None,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    keep: Sequence[str] | None = None,
    on_bad: OnBad = "report",
    repeated_ids: RepeatedIds = "raise",
) -> gpd.GeoDataFrame:
    """Read a table of places where people work.

    Parameters
    ----------
    path : str or Path
        .csv, .xlsx, .xls, .geojson, .gpkg or .parquet. Chinese and English headers are
        understood; polygons are taken at a point inside them.
    weight : str, optional
        Header of the number of workers. Default: the one we know (职工人数, workers …).
    group : str, optional
        Header of the worker group. Default: the one we know (人群, group …).
    coordinates : {"auto", "wgs84", "gcj02", "bd09"}
        The system of the coordinates, as in `read_sites`.
    network : WalkNetwork, optional
        The streets by which "auto" tells the system, as in `read_sites`.
    districts, buildings : geopandas.GeoDataFrame, optional
        Outlines that help to tell it, as in `read_sites`.
    columns : mapping, optional
        Our column name → header in the file, for headers we do not know.
    encoding : str, optional
        Of a CSV. Default: UTF-8, else GB18030.
    sheet : str, optional
        Of a workbook. Default: the sheet with most headers we know.
    keep : sequence of str, optional
        Unknown headers whose columns are carried along, as in `read_sites`.
    on_bad : {"report", "raise", "drop"}
        What to do with rows that have no usable place or number, as in `read_sites`.
    repeated_ids : {"raise", "suffix"}
        Refuse ids that repeat, or call the later rows "S01-2", "S01-3" … and warn.

    Returns
    -------
    GeoDataFrame
        As from `read_sites`, with ``workers`` (float ≥ 0) and, where the file has them,
        ``group`` and ``district``. A row whose number is missing, negative or unreadable
        has the status "bad_number" and NaN workers.

    Raises
    ------
    CrsError
        The system of the coordinates is not known, or they are metres.
    InputError
        As from `read_sites`, or there is no column of workers.

    Examples
    --------
    >>> workers = read_demand("workers.csv", coordinates="gcj02")  # doctest: +SKIP
    """
    check_choices(coordinates, on_bad)
    told = {"workers": weight, "group": group}
    given = dict(columns or {}) | {name: text for name, text in told.items() if text is not None}
    table = read_table(
        path,
        columns=given,
        encoding=encoding,
        sheet=sheet,
        keep=keep,
        repeated_ids=repeated_ids,
    )
    if not table.columns:  # a GeoJSON without features has no columns either
        table.frame["workers"] = pd.Series(dtype=float)
    if "workers" not in table.frame.columns:
        raise InputError(say(*_NO_WORKERS, source=table.source, columns=table.columns))
    places = locate(table, coordinates, ground_of(network, buildings, districts))
    _warn_of_shared_ground(table)
    _mark_bad_numbers(places, table)
    return finish(places, table, on_bad)


def _warn_of_shared_ground(table: Table) -> None:
    """Areas that overlap may count the same people twice."""
    if table.geometry is None or table.geometry.crs is None:
        return
    shapes = table.geometry.to_numpy()
    wide = shapely.area(shapes) > 0
    if wide.any():
        areas, crs = make_areas_valid(shapes[wide]), table.geometry.crs
        warn_of_overlaps(gpd.GeoSeries(areas, table.geometry.index[wide], crs=crs), table.source)


def _mark_bad_numbers(places: gpd.GeoDataFrame, table: Table) -> None:
    bad = places["workers"].isna() & (places["status"] == "ok")
    why = table.unreadable.pop("workers", {})
    places.loc[bad, "status"] = "bad_number"
    places.loc[bad, "reason"] = [f"workers: {why.get(i, 'no number')}" for i in places.index[bad]]
