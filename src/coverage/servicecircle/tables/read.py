"""Reading a table of places from a file."""

from __future__ import annotations

import logging
from dataclasses import dataclass, field
from itertools import chain
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np
import pandas as pd

from servicecircle import _values
from servicecircle._checks import STATUSES, check_ids, name_some
from servicecircle._files import open_sheet
from servicecircle._said import count, say
from servicecircle._vocabulary import fold, read_vocabulary
from servicecircle.errors import InputError
from servicecircle.tables.columns import type_columns, unused
from servicecircle.tables.headers import (
    KNOWN_HEADERS,
    find_header,
    header_system,
    known_headers,
    recognise,
    split_header,
    synonyms,
)

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import geopandas as gpd

    from servicecircle._files import Sheet

_LOG = logging.getLogger(__name__)

RepeatedIds = Literal["raise", "suffix"]
_CONTROL = r"[\x00-\x08\x0b\x0c\x0e-\x1f\x7f]"
_REMARK = "(备注|注|说明|填报人|填报单位|制表人?|审核人?|note|notes):"  # at the foot of a table
_OURS = ("status", "reason", "geometry")


@dataclass(frozen=True)
class Table:
    """A table as understood.

    Attributes
    ----------
    source : str
        Name of the file.
    frame : pandas.DataFrame
        Indexed by id (text). Known columns under our names and types, the others untouched.
    geometry : GeoSeries or None
        What a map file gave, same index, in the CRS that it declares.
    headers : dict
        Our name → header in the file.
    unreadable : dict
        Number column → id → why its cell counts as missing.
    notes, losses : list of str
        What was understood; what was left out or could not be read.
    system : str or None
        The coordinate system that the headers of the coordinates name, as in ``经度(高德)``.
    raw : pandas.DataFrame
        The cells of the same rows and columns as they stand in the file.
    """

    source: str
    frame: pd.DataFrame
    geometry: gpd.GeoSeries | None
    headers: dict[str, str]
    unreadable: dict[str, dict[str, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)
    system: str | None = None
    raw: pd.DataFrame = field(default_factory=pd.DataFrame)

    @property
    def columns(self) -> list[str]:
        """Headers as the file has them, for messages."""
        return [
            str(self.headers.get(name, name))
            for name in ("id", *self.frame.columns)
            if name != "id" or "id" in self.headers
        ]


def read_table(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
    keep: Sequence[str] | None = None,
    repeated_ids: RepeatedIds = "raise",
) -> Table:
    """Read a table of places and say what was understood.

    Parameters
    ----------
    path : str or Path
        .csv, .xlsx, .xls, .geojson, .gpkg or .parquet on this computer.
    columns : mapping, optional
        Our column name → header in the file, where the header is not one we know, e.g.
        ``{"workers": "上班人数"}``.
    encoding : str, optional
        Of a CSV. Default: UTF-8, else GB18030.
    sheet : str, optional
        Of a workbook (or layer of a map file). Default: the one with most headers we know.
    keep : sequence of str, optional
        Headers that we do not know whose columns are carried along. Default: all; of a CSV
        above 64 MB none, so that no more than the columns needed is held.
    repeated_ids : {"raise", "suffix"}
        Refuse ids that repeat, or call the later rows "S01-2", "S01-3" … and say so.

    Returns
    -------
    Table
        Ids are text; a table without ids gets its row numbers.

    Raises
    ------
    InputError
        The file cannot be read, two headers mean the same column, or ids repeat.
    """
    given = columns or {}
    opened = open_sheet(path, encoding, sheet, lambda row: known_headers(row, given))
    notes, losses = opened.notes, list[str]()
    header, frame = split_header(opened, given)
    known = recognise(header, given, opened)
    held = _choose_columns(header, known, keep, opened, losses)
    geometry = opened.geometry
    if geometry is None:
        frame = _clean_rows(chain([frame], opened.rest), header, held, losses)
    else:
        frame = frame.iloc[:, held]
    frame = _rename(frame, held, header, known)
    headers = {name: header[place] for place, name in known.items() if name != "personal"}
    frame = _without_control_characters(frame, losses)
    frame = _index_by_id(frame, headers, notes)
    frame = _with_single_ids(frame, opened.source, repeated_ids, losses)
    if geometry is not None:
        geometry = geometry.set_axis(frame.index)
    named = {header_system(headers[n]) for n in ("lon", "lat", "lonlat") if n in headers} - {None}
    system = named.pop() if len(named) == 1 else None
    table = Table(
        opened.source, frame, geometry, headers, {}, notes, losses, system, frame.copy(deep=False)
    )
    type_columns(table)
    for note in notes:
        _LOG.info("%s: %s", opened.source, note)
    return table


def _choose_columns(
    header: list[str],
    known: dict[int, str],
    keep: Sequence[str] | None,
    opened: Sheet,
    losses: list[str],
) -> list[int]:
    """Return the places of the columns that are held: never those with personal data."""
    if isinstance(keep, str):
        raise InputError(f"`keep` must be a list of headers, not {keep!r}.")
    personal = [header[place] for place, name in known.items() if name == "personal"]
    if personal:
        said = say(
            "columns with personal data were left out: {some}",
            "含个人信息的列已略去：{some}",
            some=name_some(personal),
        )
        losses.append(said)
    others = [place for place in range(len(header)) if place not in known]
    kept = [find_header(header, text) for text in keep or ()]
    if keep is None and not opened.large:
        kept = others
    left = [header[place] for place in others if place not in kept and header[place]]
    if left:
        said = say("columns left out: {some}", "略去的列：{some}", some=name_some(left))
        if keep is None:
            why = say(
                "{said}, as the file is large; `keep=` carries them along",
                "{said}，因为文件很大；用 `keep=` 可以保留",
                said=said,
            )
            losses.append(why)
        else:
            opened.notes.append(said)
    ours = {place for place, name in known.items() if name != "personal"}
    return sorted(ours.union(kept) - (set(known) - ours))


def _clean_rows(
    blocks: Iterable[pd.DataFrame], header: list[str], held: list[int], losses: list[str]
) -> pd.DataFrame:
    """Put blocks together, without blank rows, repeated headers, totals, and columns not held."""
    kept: list[pd.DataFrame] = []
    totals: list[str] = []
    again = feet = 0
    for block in blocks:
        if block.empty:
            kept.append(block.iloc[:, held])
            continue
        cells = block.to_numpy(dtype=object, na_value="")
        filled = cells != ""
        first = cells[np.arange(len(cells)), filled.argmax(axis=1)]
        folded = pd.Series([fold(str(cell)).strip(":。") for cell in first])
        total = folded.isin(read_vocabulary("values")["totals"]).to_numpy()
        foot = folded.str.match(_REMARK).to_numpy()
        header_again = ((cells == np.array(header)) & filled).sum(axis=1) >= KNOWN_HEADERS
        totals += first[total].tolist()
        again += int(header_again.sum())
        feet += int(foot.sum())
        kept.append(block.iloc[:, held][filled.any(axis=1) & ~total & ~header_again & ~foot])
    if totals:
        said = say(
            "{rows} of totals left out: {some}",
            "略去 {rows}合计：{some}",
            rows=count(len(totals), "row"),
            some=name_some(totals),
        )
        losses.append(said)
    if again:
        said = say(
            "header repeated in {rows}, left out",
            "表头重复 {rows}，已略去",
            rows=count(again, "row"),
        )
        losses.append(said)
    if feet:
        said = say("{rows} of remarks left out", "略去 {rows}备注", rows=count(feet, "row"))
        losses.append(said)
    return pd.concat(kept, ignore_index=True)


def _rename(
    frame: pd.DataFrame, held: list[int], header: list[str], known: dict[int, str]
) -> pd.DataFrame:
    """Give known columns our names, make the others unique."""
    used = {*_OURS, *known.values()}
    names: dict[Any, str] = {}
    for column, place in zip(frame.columns, held, strict=True):
        if place in known:
            names[column] = known[place]
        elif header[place] or frame[column].notna().any():
            names[column] = unused(header[place] or f"column {place + 1}", used)
            used.add(names[column])
    kept = frame[list(names)].set_axis(list(names.values()), axis=1)
    if "state" in kept and set(kept["state"].dropna().unique()) <= {*STATUSES, ""}:
        kept = kept.drop(columns=["state", "reason (2)"], errors="ignore")  # our own output
    return kept


def _without_control_characters(frame: pd.DataFrame, losses: list[str]) -> pd.DataFrame:
    """Strip characters that no screen shows and no workbook holds; line breaks stay."""
    clean = {}
    for name in frame.columns:
        cells = frame[name]
        if cells.dtype == object:
            cells = cells.where(cells.map(lambda cell: isinstance(cell, str))).astype("str")
        elif not pd.api.types.is_string_dtype(cells.dtype):
            continue
        hit = cells.str.contains(_CONTROL, regex=True, na=False)
        if hit.any():
            clean[name] = frame[name].mask(hit, cells.str.replace(_CONTROL, "", regex=True))
            said = say(
                "{name!r}: control characters left out of {cells}",
                "{name!r}：已去掉 {cells}中的控制字符",
                name=name,
                cells=count(hit, "cell"),
            )
            losses.append(said)
    return frame.assign(**clean)


def _with_single_ids(
    frame: pd.DataFrame, source: str, repeated: RepeatedIds, losses: list[str]
) -> pd.DataFrame:
    """Refuse ids that repeat, or number the later ones."""
    if repeated not in get_args(RepeatedIds):
        raise InputError(f'`repeated_ids` must be "raise" or "suffix", not {repeated!r}.')
    again = frame.index.duplicated()
    if repeated == "raise" or not again.any():
        check_ids(frame.index, source)
        return frame
    taken, ids = set(frame.index), list(frame.index)
    for row in np.flatnonzero(again):
        number = 2
        while f"{ids[row]}-{number}" in taken:
            number += 1
        ids[row] = f"{ids[row]}-{number}"
        taken.add(ids[row])
    named = name_some([ids[row] for row in np.flatnonzero(again)])
    said = say(
        "ids repeat in {rows}, which are now called {named}",
        "编号重复 {rows}，现改称 {named}",
        rows=count(again, "row"),
        named=named,
    )
    losses.append(said)
    return frame.set_axis(pd.Index(ids, name="id", dtype=frame.index.dtype), axis=0)


def _index_by_id(frame: pd.DataFrame, headers: dict[str, str], notes: list[str]) -> pd.DataFrame:
    """Move the ids, as text, to the index; make them from row numbers where there are none."""
    ids = _values.texts(frame["id"]) if "id" in frame else None
    if ids is not None and fold(headers["id"]) in synonyms()[1] and not ids.is_unique:
        said = say(
            "{header!r} repeats, so it is not taken for an id",
            "{header!r} 有重复，不作编号",
            header=headers["id"],
        )
        notes.append(said)
        frame = frame.rename(columns={"id": headers.pop("id")})
        ids = None
    rows = pd.Series(np.arange(1, len(frame) + 1), index=frame.index).astype("str")
    if ids is None:
        said = say("no column of ids: rows are numbered from '1'", "没有编号列：从 1 起按行编号")
        notes.append(said)
        index = pd.Index(rows, name="id")
    else:
        if ids.isna().any():
            said = say(
                "{rows} without an id, called 'row-<number>'",
                "{rows}没有编号，称为 'row-<行号>'",
                rows=count(ids.isna(), "row"),
            )
            notes.append(said)
        index = pd.Index(ids.where(ids.notna(), "row-" + rows), name="id")
    return frame.drop(columns="id", errors="ignore").set_axis(index, axis=0)


__all__ = ["RepeatedIds", "Table", "read_table"]
