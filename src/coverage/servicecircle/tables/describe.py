"""What a table is understood to say, column by column, before anything is computed."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from servicecircle import _values
from servicecircle._said import in_chinese
from servicecircle._vocabulary import read_vocabulary
from servicecircle.hours import read_hours
from servicecircle.standards.words import known_word, read_amenities
from servicecircle.tables.read import Table, read_table

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping
    from pathlib import Path

_EXAMPLES = 3
_MOST_WORDS = 2_000  # different texts of one column that are looked up
_WORDS = ("kind", "group", "station_type", "station_class", "setting", "model", "state", "access")
_LISTS = ("amenities", "rooms", "services")


@dataclass(frozen=True, repr=False)
class TableDescription:
    """What a table is understood to say.

    Attributes
    ----------
    source : str
        Name of the file.
    rows : int
        Number of rows that are kept.
    columns : pandas.DataFrame
        One row per column of the file, in its order: ``column`` (the header),
        ``understood_as`` (our name, missing where the column is carried along untouched),
        ``examples`` (cells as they stand), ``converted`` (the same cells as understood),
        ``not_understood`` (cells that could not be read, each once).
    notes, losses : list of str
        What was understood; what was left out or could not be read.
    """

    source: str
    rows: int
    columns: pd.DataFrame
    notes: list[str]
    losses: list[str]

    def __repr__(self) -> str:
        rows, columns = f"{self.rows:,}", len(self.columns)
        lines = [f"{self.source}: {rows} rows, {columns} columns（{rows} 行 {columns} 列）"]
        for row in self.columns.to_dict("records"):
            name = (
                "carried along 原样保留" if pd.isna(row["understood_as"]) else row["understood_as"]
            )
            shown = _shown(row["examples"], row["converted"])
            lines.append(f"  {row['column']} → {name}: {shown}")
            if row["not_understood"]:
                lost = ", ".join(row["not_understood"][:_EXAMPLES])
                lines.append(f"      not understood 未读懂: {lost}")
        for texts, english, chinese in (
            (self.notes, "note", "说明"),
            (self.losses, "lost", "注意"),
        ):
            for text in texts:
                lines += [f"  {chinese}：{in_chinese(text)}", f"  {english}: {text}"]
        return "\n".join(lines)

    def _repr_html_(self) -> str:
        frame = self.columns.assign(
            examples=self.columns["examples"].map("; ".join),
            converted=self.columns["converted"].map("; ".join),
            not_understood=self.columns["not_understood"].map("; ".join),
        )
        return str(frame.to_html(index=False, na_rep="–"))

    def summary(self) -> pd.DataFrame:
        """Return ``columns``."""
        return self.columns.copy()


def describe_table(
    path: str | Path,
    *,
    columns: Mapping[str, str] | None = None,
    encoding: str | None = None,
    sheet: str | None = None,
) -> TableDescription:
    """Say what a table is understood to mean, column by column, before anything is computed.

    Parameters
    ----------
    path : str or Path
        As for `read_sites` and `read_demand`.
    columns : mapping, optional
        Our column name → header in the file, to correct what was understood wrongly.
    encoding, sheet : str, optional
        Of a CSV; of a workbook.

    Returns
    -------
    TableDescription
        Its repr is meant to be read; ``.columns`` is the same as a frame.

    Raises
    ------
    InputError
        The file cannot be read, two headers mean the same column, or ids repeat.

    Examples
    --------
    >>> describe_table("stations.xlsx")  # doctest: +SKIP
    stations.xlsx: 40 rows, 9 columns
      编号 → id: S01, S02, S03
      开放时间 → hours: 24小时 = 24/7, 8:00-20:00 = Mo-Su 08:00-20:00
    """
    table = read_table(path, columns=columns, encoding=encoding, sheet=sheet)
    rows = [_describe(table, name) for name in table.raw.columns]
    if "id" in table.headers:
        ids = list(map(str, table.raw.index[:_EXAMPLES]))
        rows.insert(0, _row(table.headers["id"], "id", ids, ids, []))
    frame = pd.DataFrame(rows, columns=list(_row("", "", [], [], [])))
    return TableDescription(table.source, len(table.frame), frame, [*table.notes], [*table.losses])


def _row(
    column: str, name: str | None, examples: list[str], converted: list[str], lost: list[str]
) -> dict[str, Any]:
    return {
        "column": column,
        "understood_as": name,
        "examples": examples,
        "converted": converted,
        "not_understood": lost,
    }


def _describe(table: Table, name: str) -> dict[str, Any]:
    cells = _values.texts(table.raw[name])
    filled = cells[cells.notna()].drop_duplicates().head(_MOST_WORDS)
    examples = [_short(text) for text in filled.head(_EXAMPLES)]
    if name not in table.headers:
        return _row(name, None, examples, examples, [])
    read, lost = _reader(table, name)(filled)
    return _row(table.headers[name], name, examples, read[:_EXAMPLES], [_short(t) for t in lost])


def _reader(table: Table, name: str) -> Callable[[pd.Series], tuple[list[str], list[str]]]:
    """Return how the different cells of a column are read: converted, not understood."""
    if name == "hours":
        return _as_hours
    if name in _LISTS:
        return _as_list
    if name in _WORDS:
        return lambda cells: _as_word(cells, name)
    if read_vocabulary("headers")[name]["type"] == "place":
        return _as_place if name in {"lon", "lat"} else _as_it_is
    return lambda cells: _as_frame(table, name, cells)


def _as_hours(cells: pd.Series) -> tuple[list[str], list[str]]:
    read = [read_hours(text) for text in cells]
    lost = [t for t, h in zip(cells, read, strict=True) if h.osm is None and not h.note]
    return [h.osm or f"unknown ({h.note})" if h.osm or h.note else "?" for h in read], lost


def _as_list(cells: pd.Series) -> tuple[list[str], list[str]]:
    read = [read_amenities(text) for text in cells]
    lost = [word for one in read for word in one.unknown]
    return [", ".join(one.present) or "none" for one in read], list(dict.fromkeys(lost))


def _as_word(cells: pd.Series, name: str) -> tuple[list[str], list[str]]:
    keys = [known_word(name, text) for text in cells]
    lost = [text for text, key in zip(cells, keys, strict=True) if key is None]
    return [key or "?" for key in keys], lost


def _as_place(cells: pd.Series) -> tuple[list[str], list[str]]:
    read = _values.degrees(cells)
    lost = [t for t, v in zip(cells, read, strict=True) if np.isnan(v)]
    return [f"{value:.6f}" for value in read], [t for t in lost if not _values.is_unknown(t)]


def _as_it_is(cells: pd.Series) -> tuple[list[str], list[str]]:
    return [_short(text) for text in cells], []


def _as_frame(table: Table, name: str, cells: pd.Series) -> tuple[list[str], list[str]]:
    if name not in table.frame.columns:
        return [], []
    read = [_plain(table.frame.loc[row, name]) for row in cells.index[:_EXAMPLES]]
    text = _values.texts(table.raw[name])
    silent = text[text.notna() & table.frame[name].isna()].drop_duplicates()
    return read, [t for t in silent if t != "-" and not _values.is_unknown(t)]


def _plain(value: Any) -> str:
    if pd.isna(value):
        return "–"
    if isinstance(value, pd.Timestamp):
        return value.date().isoformat()
    if isinstance(value, (bool, np.bool_)):
        return "yes" if value else "no"
    return f"{value:g}" if isinstance(value, float) else _short(str(value))


def _short(text: str) -> str:
    line = " ".join(text.split())
    return line if len(line) <= 40 else line[:39] + "…"  # noqa: PLR2004


def _shown(examples: list[str], converted: list[str]) -> str:
    pairs = [
        said if said == read else f"{said} = {read}"
        for said, read in zip(examples, converted, strict=False)
    ]
    return ", ".join(pairs) or "empty"
