"""Station and candidate tables: files to a GeoDataFrame in EPSG:4326, every row with a status."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Literal, get_args

import numpy as np
import pandas as pd

from servicecircle._checks import MOST_NAMED
from servicecircle._locate import Coordinates, in_file, locate
from servicecircle._said import Said, count, join, reason_said, say
from servicecircle.coordinates import check_system
from servicecircle.coordinates.detect import Ground
from servicecircle.errors import InputError, InputWarning
from servicecircle.standards.words import known_word
from servicecircle.tables import RepeatedIds, Table, read_table
from servicecircle.tables.columns import called

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import geopandas as gpd

    from servicecircle.networks import WalkNetwork

OnBad = Literal["report", "raise", "drop"]


def read_sites(
    path: str | Path,
    *,
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
    """Read a table of stations or candidates.

    Parameters
    ----------
    path : str or Path
        .csv, .xlsx, .xls, .geojson, .gpkg or .parquet. Chinese and English headers are
        understood; polygons are taken at a point inside them.
    coordinates : {"auto", "wgs84", "gcj02", "bd09"}
        The system of the coordinates. "auto" takes what the file declares (its CRS, a
        column 坐标系, or a header such as 经度(高德)); without that, places outside mainland
        China are WGS-84, and places inside need ``network=`` or are refused.
    network : WalkNetwork, optional
        With "auto": the streets by which the system of places inside mainland China is
        told (see `detect_coordinates`), swapped columns are exchanged, and the projection
        of metres is found; a `CrsWarning` says what was done and why.
    districts, buildings : geopandas.GeoDataFrame, optional
        Outlines, truly placed, that help to tell the system: as from `read_districts`, with
        a column 区县 in the table, and of buildings. Used with ``network``.
    columns : mapping, optional
        Our column name → header in the file, for headers we do not know.
    encoding : str, optional
        Of a CSV. Default: UTF-8, else GB18030.
    sheet : str, optional
        Of a workbook. Default: the sheet with most headers we know.
    keep : sequence of str, optional
        Headers that we do not know whose columns are carried along. Default: all; of a CSV
        above 64 MB none (with a warning), so that no more than what is needed is held.
    on_bad : {"report", "raise", "drop"}
        What to do with rows that cannot be placed: keep them with a status and warn, raise,
        or drop them and warn.
    repeated_ids : {"raise", "suffix"}
        Refuse ids that repeat, or call the later rows "S01-2", "S01-3" … and warn.

    Returns
    -------
    GeoDataFrame
        Point geometry in EPSG:4326, indexed by ``id`` (text), rows in the file's order:
        ``name``, ``address``, ``kind``, ``district``, ``capacity``, ``cost`` … where the
        file has them, all other columns untouched, then ``status`` ("ok", "no_geometry",
        "bad_coordinates"), ``reason`` (missing where ok) and ``geometry`` (None where not
        ok). ``.attrs`` holds ``source``, ``coordinates`` and ``notes``.

    Raises
    ------
    CrsError
        The system of the coordinates is not known, or they are metres.
    InputError
        The file cannot be read, has no coordinates, repeats an id, has longitude and
        latitude swapped throughout, or (``on_bad="raise"``) holds bad rows.

    Examples
    --------
    >>> stations = read_sites("stations.csv", coordinates="gcj02")  # doctest: +SKIP
    """
    check_choices(coordinates, on_bad)
    table = read_table(
        path,
        columns=columns,
        encoding=encoding,
        sheet=sheet,
        keep=keep,
        repeated_ids=repeated_ids,
    )
    return finish(
        locate(table, coordinates, ground_of(network, buildings, districts)), table, on_bad
    )


def ground_of(
    network: WalkNetwork | None,
    buildings: gpd.GeoDataFrame | None,
    districts: gpd.GeoDataFrame | None,
) -> Ground | None:
    """Put together what the coordinates of a table are told by."""
    if network is None and (buildings is not None or districts is not None):
        raise InputError("`buildings` and `districts` need `network=`: streets decide first.")
    return None if network is None else Ground(network, buildings, districts)


def in_use(stations: pd.DataFrame) -> np.ndarray:
    """Tell which stations serve anybody today: not those closed, and not those only planned.

    Parameters
    ----------
    stations : geopandas.GeoDataFrame
        ``state`` with the planners' words (停用, 拟建, ``"closed"`` …), ``closed`` and
        ``open`` (yes or no) count where they are there; what they do not say is in use.

    Returns
    -------
    numpy.ndarray
        (n,) bool.
    """
    out = np.zeros(len(stations), dtype=bool)
    for column, shut in (("closed", True), ("open", False)):
        if column in stations.columns:
            out |= stations[column].isin([shut]).to_numpy(dtype=bool)
    if "state" in stations.columns:
        words = [known_word("state", word) in ("closed", "planned") for word in stations["state"]]
        out |= np.array(words, dtype=bool)
    return ~out


def check_choices(coordinates: object, on_bad: object) -> None:
    """Check the keywords that `read_sites` and `read_demand` share."""
    if coordinates != "auto":
        check_system(coordinates, "coordinates")
    if on_bad not in get_args(OnBad):
        raise InputError(f'`on_bad` must be "report", "raise" or "drop", not {on_bad!r}.')


def finish(places: gpd.GeoDataFrame, table: Table, on_bad: OnBad) -> gpd.GeoDataFrame:
    """Warn about what was lost in reading, and keep, refuse or drop the bad rows."""
    unread = [
        say(
            "{name}: {cells} taken as missing: {reasons}",
            "{name}：{cells}按缺失处理：{reasons}",
            name=called(table, name),
            cells=count(len(why), "cell"),
            reasons=_reasons(pd.Series(why, dtype=object)),
        )
        for name, why in table.unreadable.items()
    ]
    for loss in [*table.losses, *unread]:
        warnings.warn(in_file(table.source, loss), InputWarning, stacklevel=3)
    places.attrs["notes"] += unread
    bad = places[places["status"] != "ok"]
    if bad.empty:
        return places
    message = say(
        "{bad} of {rows} rows of {source} cannot be used: {reasons}.",
        "{source} 的 {rows} 行中有 {bad} 行不可用：{reasons}。",
        bad=len(bad),
        rows=len(places),
        source=table.source,
        reasons=_reasons(bad["reason"]),
    )
    if on_bad == "raise":
        raise InputError(f'{message} Mend them, or read with on_bad="report".')
    done = say("They are dropped.", "这些行已去掉。")
    if on_bad == "report":
        done = say("They are kept with their status.", "这些行保留，并注明状态。")
    warnings.warn(join([message, done], " ", ""), InputWarning, stacklevel=3)
    places.attrs["notes"].append(message)
    return places[places["status"] == "ok"] if on_bad == "drop" else places


def _reasons(reasons: pd.Series) -> Said:
    """Write the first few ids with their reasons."""
    named = [
        say("{i!r} ({why})", "{i!r}（{why}）", i=i, why=reason_said(why))
        for i, why in reasons.head(MOST_NAMED).items()
    ]
    rest = len(reasons) - MOST_NAMED
    if rest > 0:
        named.append(say("… {rest} more", "… 另 {rest} 个", rest=rest))
    return join(named, ", ", "，")
