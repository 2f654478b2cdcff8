"""The columns of a table, cell by cell: numbers, shares, dates, floors, yes and no."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from servicecircle import _values
from servicecircle._checks import name_some
from servicecircle._hours_text import AS_HOST
from servicecircle._vocabulary import fold, read_vocabulary
from servicecircle.hours import read_hours
from servicecircle.tables.headers import in_brackets

if TYPE_CHECKING:
    from collections.abc import Callable

    from servicecircle.tables.read import Table


def type_columns(table: Table) -> None:
    """Turn the cells of known columns into numbers, yes/no, dates and text."""
    vocabulary = read_vocabulary("headers")
    readers: dict[str, Callable[[Table, str], None]] = {
        "number": _set_numbers,
        "boolean": _set_yes_no,
        "access": _set_access,
        "amenity": _set_amenity,
        "percent": _set_shares,
        "date": _set_dates,
        "floor": _set_floors,
        "text": _set_text,
        "keep": _set_plain,
    }
    for name in list(table.frame.columns):
        kind = vocabulary[name]["type"] if name in table.headers else "keep"
        if kind in readers:
            readers[kind](table, name)
    if {"hours", "host_hours"} <= set(table.frame.columns):
        _take_host_hours(table)


def _take_host_hours(table: Table) -> None:
    """Put the host's hours where a station's are said to be the same (与门店同步)."""
    hours, host = table.frame["hours"], table.frame["host_hours"]
    same = hours.map(lambda cell: read_hours(cell).note == AS_HOST) & host.notna()
    if same.any():
        table.frame["hours"] = hours.mask(same, host)
        table.notes.append(f"`hours`: {count(same, 'row')} as its host: the host's hours are taken")


def count(rows: Any, noun: str) -> str:
    """Count what is true: ``"1 cell"``, ``"3 cells"``."""
    number = int(np.sum(rows))
    return f"{number:,} {noun}" if number == 1 else f"{number:,} {noun}s"


def unused(name: str, used: set[str]) -> str:
    """Return a column name that is not taken: ``"name"``, ``"name (2)"`` …."""
    free, number = name, 2
    while free in used:
        free, number = f"{name} ({number})", number + 1
    return free


def _set_text(table: Table, name: str) -> None:
    table.frame[name] = _values.texts(table.frame[name])


def _set_plain(table: Table, name: str) -> None:
    table.frame[name] = _plain(table.frame[name])


def _set_numbers(table: Table, name: str) -> None:
    cells = table.frame[name]
    read = _values.numbers(cells)
    if read.inexact.any():
        examples = name_some(cells[read.inexact], 3)
        table.notes.append(f"`{name}`: {count(read.inexact, 'estimate')}: {examples}")
    _note_unreadable(table, name, cells[read.unreadable])
    scale = _scale(table, name)
    table.frame[name] = read.amounts * scale
    ranges = read.low != read.high
    if (ranges & ~np.isnan(read.low)).any():
        for end, bound in (("low", read.low), ("high", read.high)):
            table.frame[unused(f"{name}_{end}", set(table.frame.columns))] = bound * scale
        table.notes.append(
            f"`{name}`: ranges count with their middle; `{name}_low`, `{name}_high` keep the ends"
        )


def _note_unreadable(table: Table, name: str, wrong: pd.Series) -> None:
    if len(wrong):
        table.unreadable[name] = {str(i): _why(cell) for i, cell in wrong.items()}


def _scale(table: Table, name: str) -> float:
    units = read_vocabulary("values")["units"]
    header = table.headers[name]
    factors = [units[unit] for unit in in_brackets(header) if unit in units]
    if factors:
        table.notes.append(f"`{name}`: {header!r} is multiplied by {factors[0]:g}")
    return float(factors[0]) if factors else 1.0


def _why(cell: object) -> str:
    try:
        value = float(str(cell))
    except ValueError:
        return f"{str(cell)!r} is not a number"
    return f"{value:g} is negative" if value < 0 else f"{value:g} is not finite"


def _set_shares(table: Table, name: str) -> None:
    cells = table.frame[name]
    read = _values.shares(cells)
    table.frame[name] = read.amounts
    if read.inexact.any():
        table.notes.append(
            f"`{name}`: {count(read.inexact, 'cell')} above 1 without a sign read as per cent: "
            f"{name_some(cells[read.inexact], 3)}"
        )
    one = (read.amounts == 1.0) & ~_values.texts(cells).str.contains("[%％]", na=False).to_numpy()
    if one.any():
        table.losses.append(
            f"`{name}`: {count(one, 'cell')} of exactly 1 taken as 100 %, not 1 %: "
            f"{name_some(table.frame.index[one], 3)}"
        )
    wrong = cells[read.unreadable]
    if len(wrong):
        table.unreadable[name] = {str(i): f"{str(c)!r} is not a share" for i, c in wrong.items()}


def _set_dates(table: Table, name: str) -> None:
    cells = table.frame[name]
    days, unreadable = _values.dates(cells)
    table.frame[name] = days
    wrong = cells[unreadable]
    if len(wrong):
        table.unreadable[name] = {str(i): f"{str(c)!r} is not a date" for i, c in wrong.items()}


def _set_floors(table: Table, name: str) -> None:
    cells = _values.texts(table.frame[name])
    read = cells.map(_values.floors, na_action="ignore")
    unread = cells.notna() & read.isna()
    unread &= ~cells.map(_values.is_unknown, na_action="ignore").eq(True)  # noqa: FBT003
    if unread.any():
        table.notes.append(
            f"`{name}`: {count(unread, 'cell')} kept as they stand: {name_some(cells[unread], 3)}"
        )
    table.frame[name] = read.where(~unread, cells).astype("str")


def _set_access(table: Table, name: str) -> None:
    """Read who may come in; words finer than yes and no are kept as `access`."""
    words = _values.texts(table.frame[name])
    plain = set(map(fold, read_vocabulary("values")["plain_answers"]))
    folded = words.map(fold, na_action="ignore")
    _set_yes_no(table, name)
    finer = (folded.notna() & ~folded.isin(list(plain))).any()
    if name in table.headers and finer and "access" not in table.frame:
        table.frame["access"] = words


def _set_yes_no(table: Table, name: str) -> None:
    """Read a yes/no column; if most of its cells say something else, it keeps its header."""
    cells = table.frame[name]
    answers, unreadable = _values.yes_no(cells)
    filled = _values.texts(cells).notna().sum()
    if unreadable.sum() * 2 > filled:
        header = unused(table.headers.pop(name), set(table.frame.columns))
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


def _set_amenity(table: Table, name: str) -> None:
    """Read one amenity's own column: yes/no, or how many there are (kept as words otherwise)."""
    cells = table.frame[name]
    _, neither = _values.yes_no(cells)
    if not neither.any():
        _set_yes_no(table, name)
        return
    read = _values.numbers(cells)
    if read.unreadable.any():
        _set_text(table, name)
    else:
        table.frame[name] = read.amounts


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
