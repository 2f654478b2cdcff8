"""The columns of a table, cell by cell: numbers, shares, dates, floors, yes and no."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from servicecircle import _values
from servicecircle._checks import name_some
from servicecircle._hours_text import AS_HOST
from servicecircle._said import Said, count, say
from servicecircle._vocabulary import fold, read_vocabulary
from servicecircle.hours import read_hours
from servicecircle.tables.headers import in_brackets

if TYPE_CHECKING:
    from collections.abc import Callable

    from numpy.typing import NDArray

    from servicecircle.tables.read import Table

_OWN_UNIT = re.compile("[万亿元人亩]|平方米|平米|m2|㎡")


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
        said = say(
            "{name}: {rows} as its host: the host's hours are taken",
            "{name}：{rows}写明与依托单位同步，按依托单位的时间计",
            name=called(table, "hours"),
            rows=count(same, "row"),
        )
        table.notes.append(said)


def called(table: Table, name: str) -> Said:
    """Name a column: by our name in English, by the file's own header in Chinese."""
    return Said(f"`{name}`", f"“{table.headers.get(name, name)}”")


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
        said = say(
            "{name}: {estimates}: {examples}",
            "{name}：{estimates}：{examples}",
            name=called(table, name),
            estimates=count(read.inexact, "estimate"),
            examples=examples,
        )
        table.notes.append(said)
    _note_unreadable(table, name, cells[read.unreadable])
    scale = _scale(table, name, cells)
    table.frame[name] = read.amounts * scale
    ranges = read.low != read.high
    if (ranges & ~np.isnan(read.low)).any():
        for end, bound in (("low", read.low), ("high", read.high)):
            table.frame[unused(f"{name}_{end}", set(table.frame.columns))] = bound * scale
        said = say(
            "{name}: ranges count with their middle; `{ours}_low`, `{ours}_high` keep the ends",
            "{name}：区间按中值计；两端保留在 `{ours}_low` 和 `{ours}_high` 列",
            name=called(table, name),
            ours=name,
        )
        table.notes.append(said)


def _note_unreadable(table: Table, name: str, wrong: pd.Series) -> None:
    if len(wrong):
        table.unreadable[name] = {str(i): _why(cell) for i, cell in wrong.items()}


def _scale(table: Table, name: str, cells: pd.Series) -> NDArray[np.float64]:
    """Return the factor of each cell: the header's unit, unless the cell names its own."""
    units = read_vocabulary("values")["units"]
    header = table.headers[name]
    factors = [units[unit] for unit in in_brackets(header) if unit in units]
    if not factors:
        return np.ones(len(cells))
    own = _values.texts(cells).str.contains(_OWN_UNIT, na=False).to_numpy(dtype=bool)
    said = say(
        "{name}: {header!r} is multiplied by {factor:g}",
        "{name}：{header!r} 已乘以 {factor:g}",
        name=called(table, name),
        header=header,
        factor=factors[0],
    )
    table.notes.append(said)
    if own.any():
        said = say(
            "{name}: {some} with a unit of their own, taken as they say",
            "{name}：{some}自带单位，按单元格的单位计",
            name=called(table, name),
            some=count(own, "cell"),
        )
        table.notes.append(said)
    return np.where(own, 1.0, float(factors[0]))


def _why(cell: object) -> str:
    try:
        value = float(str(cell))
    except ValueError:
        return say("{cell!r} is not a number", "{cell!r} 不是数字", cell=str(cell))
    if value < 0:
        return say("{value:g} is negative", "{value:g} 为负数", value=value)
    return say("{value:g} is not finite", "{value:g} 不是有限的数", value=value)


def _set_shares(table: Table, name: str) -> None:
    cells = table.frame[name]
    read = _values.shares(cells)
    table.frame[name] = read.amounts
    if read.inexact.any():
        said = say(
            "{name}: {cells} above 1 without a sign read as per cent: {some}",
            "{name}：{cells}大于 1 且没有百分号，按百分数读取：{some}",
            name=called(table, name),
            cells=count(read.inexact, "cell"),
            some=name_some(cells[read.inexact], 3),
        )
        table.notes.append(said)
    one = (read.amounts == 1.0) & ~_values.texts(cells).str.contains("[%％]", na=False).to_numpy()
    if one.any():
        said = say(
            "{name}: {cells} of exactly 1 taken as 100 %, not 1 %: {some}",
            "{name}：{cells}恰为 1，按 100 % 而非 1 % 读取：{some}",
            name=called(table, name),
            cells=count(one, "cell"),
            some=name_some(table.frame.index[one], 3),
        )
        table.losses.append(said)
    wrong = cells[read.unreadable]
    if len(wrong):
        table.unreadable[name] = {
            str(i): say("{cell!r} is not a share", "{cell!r} 不是比例", cell=str(cell))
            for i, cell in wrong.items()
        }


def _set_dates(table: Table, name: str) -> None:
    cells = table.frame[name]
    days, unreadable = _values.dates(cells)
    table.frame[name] = days
    wrong = cells[unreadable]
    if len(wrong):
        table.unreadable[name] = {
            str(i): say("{cell!r} is not a date", "{cell!r} 不是日期", cell=str(cell))
            for i, cell in wrong.items()
        }


def _set_floors(table: Table, name: str) -> None:
    cells = _values.texts(table.frame[name])
    read = cells.map(_values.floors, na_action="ignore")
    unread = cells.notna() & read.isna()
    unread &= ~cells.map(_values.is_unknown, na_action="ignore").eq(True)  # noqa: FBT003
    if unread.any():
        said = say(
            "{name}: {cells} kept as they stand: {some}",
            "{name}：{cells}保留原文：{some}",
            name=called(table, name),
            cells=count(unread, "cell"),
            some=name_some(cells[unread], 3),
        )
        table.notes.append(said)
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
        said = say(
            "{header!r} is no yes/no column and stays as it is",
            "{header!r} 不是“是/否”列，保留原样",
            header=header,
        )
        table.notes.append(said)
        table.frame[name] = _plain(cells)
        table.frame.columns = pd.Index([header if c == name else c for c in table.frame.columns])
        return
    table.frame[name] = answers
    if unreadable.any():
        said = say(
            "{name}: {cells} neither yes nor no, taken as unknown: {some}",
            "{name}：{cells}既非“是”也非“否”，按未知处理：{some}",
            name=called(table, name),
            cells=count(unreadable, "cell"),
            some=name_some(cells[unreadable], 3),
        )
        table.losses.append(said)


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
