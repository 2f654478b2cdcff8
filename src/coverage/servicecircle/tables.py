"""Files to frames: encodings, header rows, Chinese and English headers, cells as people type them.

Nothing here knows about coordinates: `sites` and `demand` go on from the `Table`.
"""

from __future__ import annotations

import logging
import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from servicecircle import _values
from servicecircle._checks import STATUSES, check_ids, name_some
from servicecircle._files import Sheet, open_sheet
from servicecircle._vocabulary import fold, read_vocabulary
from servicecircle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import geopandas as gpd
    from numpy.typing import ArrayLike

_LOG = logging.getLogger(__name__)

# A row is the header if it holds this many headers that we know; looked for in the first rows
_KNOWN_HEADERS = 2
_HEADER_ROWS = 10

_BRACKETS = re.compile(r"[(\[【〔](.*?)[)\]】〕]")
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
    """

    source: str
    frame: pd.DataFrame
    geometry: gpd.GeoSeries | None
    headers: dict[str, str]
    unreadable: dict[str, dict[str, str]] = field(default_factory=dict)
    notes: list[str] = field(default_factory=list)
    losses: list[str] = field(default_factory=list)

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

    Returns
    -------
    Table
        Ids are text; a table without ids gets its row numbers.

    Raises
    ------
    InputError
        The file cannot be read, two headers mean the same column, or ids repeat.
    """
    sheet = open_sheet(path, encoding)
    notes, losses = sheet.notes, list[str]()
    header, frame = _split_header(sheet, columns or {})
    known = _recognise(header, columns or {}, sheet)
    frame, geometry = _clean_rows(frame, sheet.geometry, header, losses)
    frame, personal = _rename(frame, header, known)
    if personal:
        losses.append(f"columns with personal data were left out: {name_some(personal)}")
    headers = {name: header[place] for place, name in known.items() if name != "personal"}
    frame = _index_by_id(frame, headers, notes, sheet.source)
    if geometry is not None:
        geometry = geometry.set_axis(frame.index)
    table = Table(sheet.source, frame, geometry, headers, {}, notes, losses)
    _type_columns(table)
    for note in notes:
        _LOG.info("%s: %s", sheet.source, note)
    return table


def count(rows: ArrayLike, noun: str) -> str:
    """Count what is true: ``"1 cell"``, ``"3 cells"``."""
    number = int(np.sum(rows))
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def canonical(header: str) -> str | None:
    """Return our name for a header, or None: ``canonical("职工人数") == "workers"``."""
    strong, weak = _synonyms()
    for text in _spellings(header):
        if text in strong or text in weak:
            return strong.get(text) or weak[text]
    return None


@cache
def _synonyms() -> tuple[dict[str, str], dict[str, str]]:
    strong: dict[str, str] = {}
    weak: dict[str, str] = {}
    for name, entry in read_vocabulary("headers").items():
        strong |= {fold(text): name for text in [*entry["zh"], *entry["en"]]}
        weak |= {fold(text): name for text in entry.get("weak", [])}
    return strong, weak


def _spellings(header: str) -> tuple[str, str]:
    """Fold a header as it stands, and without what it says in brackets."""
    folded = fold(header)
    return folded, _BRACKETS.sub("", folded)


def _split_header(sheet: Sheet, given: Mapping[str, str]) -> tuple[list[str], pd.DataFrame]:
    """Find the header row below titles and blank rows; map files have theirs already."""
    if sheet.header is not None:
        return sheet.header, sheet.cells
    known = set(map(fold, given.values()))
    first = 0
    for row in range(min(len(sheet.cells), _HEADER_ROWS)):
        cells = [text for text in map(_label, sheet.cells.iloc[row]) if text]
        names = {canonical(text) or (text if fold(text) in known else None) for text in cells}
        if len(names - {None}) >= _KNOWN_HEADERS:
            first = row
            break
    if first:
        title = [text for text in map(_label, sheet.cells.iloc[:first].to_numpy().ravel()) if text]
        sheet.notes.append(f"title above the header: {name_some(title, 3)}")
    header = [_label(cell) for cell in sheet.cells.iloc[first]]
    return header, sheet.cells.iloc[first + 1 :].reset_index(drop=True)


def _label(cell: object) -> str:
    text = "" if cell is None or cell is pd.NA or cell != cell else str(cell)  # noqa: PLR0124 (NaN)
    return " ".join(text.split())


def _recognise(header: list[str], given: Mapping[str, str], sheet: Sheet) -> dict[int, str]:
    """Return position → our name, from what the caller says, then strong, then weak synonyms."""
    strong, weak = _synonyms()
    found = _given_columns(header, given)
    if sheet.geometry is not None:
        places = {"lon", "lat", "lonlat", "datum"} - set(found.values())
        strong, weak = ({k: v for k, v in s.items() if v not in places} for s in (strong, weak))
    for synonyms in (strong, weak):
        taken = set(found.values())
        for place, text in enumerate(header):
            names = [synonyms[s] for s in _spellings(text) if s in synonyms]
            if place in found or not names or (names[0] in taken and names[0] != "personal"):
                continue
            twin = [header[p] for p, name in found.items() if name == names[0]]
            if twin and names[0] != "personal":
                raise InputError(
                    f"In {sheet.source} the headers {twin[0]!r} and {text!r} both mean "
                    f"`{names[0]}`. Say which one: columns={{{names[0]!r}: {text!r}}}."
                )
            found[place] = names[0]
    if {"lon", "lat"} <= set(found.values()):  # then "location" is a text of its own
        found = {place: name for place, name in found.items() if name != "lonlat"}
    return found


def _given_columns(header: list[str], given: Mapping[str, str]) -> dict[int, str]:
    found: dict[int, str] = {}
    for key, text in given.items() if header else ():
        name = key if key in read_vocabulary("headers") else canonical(key)
        if name is None or name == "personal":
            raise InputError(
                f"`columns` names {key!r}, which is none of our columns: "
                f"{sorted(set(read_vocabulary('headers')) - {'personal'})}."
            )
        found[_find_header(header, text)] = name
    return found


def _find_header(header: list[str], text: str) -> int:
    """Return the position of a header as written, nearly so, or by our name for it."""
    for spelling in (str, fold, canonical):
        wanted = spelling(text)
        for place, label in enumerate(header):
            if label and wanted is not None and spelling(label) == wanted:
                return place
    raise InputError(f"There is no column {text!r}; there are {[h for h in header if h]}.")


def _clean_rows(
    frame: pd.DataFrame, geometry: gpd.GeoSeries | None, header: list[str], losses: list[str]
) -> tuple[pd.DataFrame, gpd.GeoSeries | None]:
    """Leave out blank rows, repeated headers and totals; map files have none of these."""
    if geometry is not None or frame.empty:
        return frame, geometry
    cells = frame.to_numpy(dtype=object, na_value="")
    filled = cells != ""
    kept = filled.any(axis=1)
    frame, cells, filled = frame[kept], cells[kept], filled[kept]
    first = pd.Series(cells[np.arange(len(cells)), filled.argmax(axis=1)], index=frame.index)
    folded = first.map(lambda cell: fold(str(cell)).strip(":。"))
    totals = folded.isin(read_vocabulary("values")["totals"])
    again = pd.Series((cells == np.array(header)).sum(axis=1) >= _KNOWN_HEADERS, index=frame.index)
    if totals.any():
        losses.append(f"{count(totals, 'row')} of totals left out: {name_some(first[totals])}")
    if again.any():
        losses.append(f"header repeated in {count(again, 'row')}, left out")
    return frame[~totals & ~again].reset_index(drop=True), None


def _rename(
    frame: pd.DataFrame, header: list[str], known: dict[int, str]
) -> tuple[pd.DataFrame, list[str]]:
    """Give known columns our names, make the others unique, leave personal data out."""
    personal = [header[place] for place, name in known.items() if name == "personal"]
    used = {*_OURS, *known.values()}
    names: dict[Any, str] = {}
    for place, column in enumerate(frame.columns):
        if place in known:
            names[column] = known[place]
        elif header[place] or frame[column].notna().any():
            label = header[place] or f"column {place + 1}"
            names[column] = _unused(label, used)
            used.add(names[column])
    kept = frame[list(names)].set_axis(list(names.values()), axis=1)
    kept = kept.drop(columns="personal", errors="ignore")
    if "state" in kept and set(kept["state"].dropna().unique()) <= {*STATUSES, ""}:
        kept = kept.drop(columns=["state", "reason (2)"], errors="ignore")  # our own output
    return kept, personal


def _unused(label: str, used: set[str]) -> str:
    name, count = label, 2
    while name in used:
        name, count = f"{label} ({count})", count + 1
    return name


def _index_by_id(
    frame: pd.DataFrame, headers: dict[str, str], notes: list[str], source: str
) -> pd.DataFrame:
    """Move the ids, as text, to the index; make them from row numbers where there are none."""
    ids = _values.texts(frame["id"]) if "id" in frame else None
    if ids is not None and fold(headers["id"]) in _synonyms()[1] and not ids.is_unique:
        notes.append(f"{headers['id']!r} repeats, so it is not taken for an id")
        frame = frame.rename(columns={"id": headers.pop("id")})
        ids = None
    rows = pd.Series(np.arange(1, len(frame) + 1), index=frame.index).astype("str")
    if ids is None:
        notes.append("no column of ids: rows are numbered from '1'")
        index = pd.Index(rows, name="id")
    else:
        if ids.isna().any():
            notes.append(f"{count(ids.isna(), 'row')} without an id, called 'row-<number>'")
        index = pd.Index(ids.where(ids.notna(), "row-" + rows), name="id")
    check_ids(index, source)
    return frame.drop(columns="id", errors="ignore").set_axis(index, axis=0)


def _type_columns(table: Table) -> None:
    """Turn the cells of known columns into numbers, yes/no and text."""
    frame = table.frame
    vocabulary = read_vocabulary("headers")
    for name in list(frame.columns):
        kind = vocabulary[name]["type"] if name in table.headers else "keep"
        if kind == "number":
            frame[name] = _numbers(table, name)
        elif kind == "boolean":
            _set_yes_no(table, name)
        elif kind == "text":
            frame[name] = _values.texts(frame[name])
        elif kind == "keep":
            frame[name] = _plain(frame[name])


def _numbers(table: Table, name: str) -> np.ndarray:
    cells = table.frame[name]
    read = _values.numbers(cells)
    if read.inexact.any():
        examples = name_some(cells[read.inexact], 3)
        table.notes.append(f"`{name}`: {count(read.inexact, 'estimate')}: {examples}")
    wrong = cells[read.unreadable]
    if len(wrong):
        table.unreadable[name] = {str(i): _why(cell) for i, cell in wrong.items()}
    return read.amounts * _scale(table, name)


def _scale(table: Table, name: str) -> float:
    units = read_vocabulary("values")["units"]
    header = unicodedata.normalize("NFKC", table.headers[name])
    factors = [units[unit] for unit in _BRACKETS.findall(header) if unit in units]
    if factors:
        table.notes.append(f"`{name}`: {table.headers[name]!r} is multiplied by {factors[0]:g}")
    return float(factors[0]) if factors else 1.0


def _why(cell: object) -> str:
    try:
        value = float(str(cell))
    except ValueError:
        return f"{str(cell)!r} is not a number"
    return f"{value:g} is negative" if value < 0 else f"{value:g} is not finite"


def _set_yes_no(table: Table, name: str) -> None:
    """Read a yes/no column; if most of its cells say something else, it keeps its header."""
    cells = table.frame[name]
    answers, unreadable = _values.yes_no(cells)
    filled = _values.texts(cells).notna().sum()
    if unreadable.sum() * 2 > filled:
        header = _unused(table.headers.pop(name), set(table.frame.columns))
        table.notes.append(f"{header!r} is no yes/no column and stays as it is")
        table.frame[name] = _plain(cells)
        table.frame.columns = pd.Index([header if c == name else c for c in table.frame.columns])
        return
    table.frame[name] = answers
    if unreadable.any():
        table.losses.append(
            f"`{name}`: {count(unreadable, 'cell')} neither yes nor no, taken as unknown: "
            f"{name_some(cells[unreadable], 3)}"
        )


def _plain(cells: pd.Series) -> pd.Series:
    """Give spreadsheet cells one type: numbers or dates where all are, else text."""
    if cells.dtype != object:
        return cells
    filled = cells[cells.notna() & (cells != "")]
    kinds = {type(cell) for cell in filled}
    if kinds and kinds <= {int, float}:
        return pd.to_numeric(cells.where(cells != ""))
    if len(kinds) == 1 and not kinds & {str, bool}:
        return cells.where(cells != "")
    return _values.texts(cells)
