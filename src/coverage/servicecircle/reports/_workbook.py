"""Sheets to an Excel workbook: text stays text, headers stay in sight."""

from __future__ import annotations

import math
import re
import unicodedata
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import xlsxwriter

from servicecircle._said import in_both, say
from servicecircle._text import safe_link
from servicecircle.coordinates import from_wgs84
from servicecircle.errors import InputError, InputWarning
from servicecircle.reports import EXCEL_ROWS
from servicecircle.reports._headings import ROW_STATUSES, heading, told
from servicecircle.standards import group_label, kind_label

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

MOST_ROWS = EXCEL_ROWS
MOST_COLUMNS = 16_384
LONGEST_TEXT = 32_767
NARROWEST, WIDEST, WIDEST_STACKED = 8, 44, 32
LINE_HEIGHT = 15
ROWS_FOR_WIDTH = 300
MOST_WRAPPED = 60  # rows; a longer list is for filtering, one line a row
LARGE = 1000  # beyond, a column shows no decimals
PRINTED_WIDTH = 240  # what can still be read on A3; columns farther right stay on the screen

# What XML 1.0 forbids, and halves of surrogate pairs.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_PERCENT = re.compile(r"^share(_|$)|^overlap$|gap$")
_DEGREES = ("lon", "lat", "lon_gcj02", "lat_gcj02")
GAINS = ("gain", "gain_after", "added", "workers_alone")
BAR = {"type": "data_bar"}  # as of 2007: other programs read these as well
NUMBERS = {"min_type": "num", "max_type": "num"}
_WRAPPED = ("reason_zh", "reason_en", "mend_zh", "mend_en", "ids", "value")
_TOLD = ("status", "rule", "group", "main_group", "kind", "question")
_LABELS = {"group": group_label, "main_group": group_label, "kind": kind_label}


@dataclass(frozen=True)
class Block:
    """One table: the layer it is in a GeoPackage, its headings, and its rows."""

    layer: str
    zh: str
    en: str
    frame: pd.DataFrame


@dataclass(frozen=True)
class Sheet:
    """One sheet: a single table with filters, or several below each other and a heading."""

    zh: str
    en: str
    blocks: tuple[Block, ...]
    lines: tuple[str, ...] = ()
    small: tuple[str, ...] = ()  # below the lines, in small print
    widest: int = 0  # of a column; by the kind of sheet if 0
    apart: bool = False  # each table on an upright page of its own


def check_size(sheets: tuple[Sheet, ...]) -> None:
    """Refuse tables that do not fit a sheet, before anything is written."""
    for sheet in sheets:
        rows = sum(len(block.frame) + 3 for block in sheet.blocks)
        columns = max(len(block.frame.columns) + 5 for block in sheet.blocks)
        if rows > MOST_ROWS or columns > MOST_COLUMNS:
            raise InputError(
                f"The sheet {sheet.en!r} would have {rows:,} rows and {columns:,} columns; Excel "
                f"holds {MOST_ROWS:,} and {MOST_COLUMNS:,}. Write a .gpkg instead."
            )


def write_workbook(sheets: tuple[Sheet, ...], path: Path, foot: str) -> None:
    """Write the sheets; ``foot`` stands at the foot of every printed page."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        writer = _Writer(book)
        for sheet in sheets:
            writer.add(sheet, foot)
    if writer.mended:
        said = say(
            "{n} texts held control characters or more than {most:,} characters; the workbook "
            "holds them mended or cut.",
            "{n} 处文字含控制字符或超过 {most:,} 个字符；工作簿中已清理或截短。",
            n=writer.mended,
            most=LONGEST_TEXT,
        )
        warnings.warn(said, InputWarning, stacklevel=4)


class _Writer:
    """Puts frames on sheets, cell by cell, with one format per kind of column."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.book = book
        self.mended = 0
        self.dashes = False  # for what is not available; tables with filters leave it empty
        self.title = book.add_format({"bold": True, "font_size": 12})
        self.line = book.add_format({"bold": True, "font_size": 16})
        header = {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E2DFD8"}
        self.header = book.add_format(header | {"align": "left", "indent": 1})
        self.header_right = book.add_format(header | {"align": "right"})
        numbers = {"percent": "0.0%", "degrees": "0.000000", "whole": "#,##0", "decimal": "#,##0.0"}
        self.formats = {
            kind: book.add_format({"num_format": number, "valign": "top"})
            for kind, number in numbers.items()
        }
        self.small = book.add_format({"font_size": 9, "font_color": "#565C59"})
        self.link = book.add_format({"font_color": "#0B4F9A", "underline": 1, "valign": "top"})
        self.dash = book.add_format({"align": "right", "valign": "top"})
        self.odd = book.add_format({"bg_color": "#F6D5D0", "font_color": "#8A1C12"})
        text = {"valign": "top", "align": "left", "indent": 1}  # an indent needs its side
        self.formats["text"] = book.add_format(text)
        self.formats["wrapped"] = book.add_format(text | {"text_wrap": True})

    def add(self, sheet: Sheet, foot: str) -> None:
        """Add one sheet."""
        page = self.book.add_worksheet(f"{sheet.zh} {sheet.en}"[:31])
        self._paper(page, sheet, foot)
        lines = [(line, self.line, 1.6) for line in sheet.lines]
        lines += [(line, self.small, 1.0) for line in sheet.small]
        for row, (line, style, height) in enumerate(lines):
            page.write_string(row, 0, self.clean(line), style)
            page.set_row(row, height * LINE_HEIGHT)
        row = len(lines) + 1 if lines else 0
        alone = len(sheet.blocks) == 1 and not sheet.apart
        self.dashes = not alone
        widest = sheet.widest or (WIDEST if alone else WIDEST_STACKED)
        widths: dict[int, int] = {}
        breaks = []
        for block in sheet.blocks:
            frame = flat_frame(block.frame)
            breaks.append(row)
            if not alone:
                page.write_string(row, 0, f"{block.zh} {block.en}", self.title)
                row += 1
            self._table(page, frame, row, widths, widest)
            if alone:
                page.repeat_rows(0)
                page.freeze_panes(1, min(3, len(frame.columns) - 1))
                page.autofilter(0, 0, max(len(frame), 1), len(frame.columns) - 1)
            row += len(frame) + 2
        for column, width in widths.items():
            widths[column] = min(max(width + 3, NARROWEST), widest)
            page.set_column(column, column, widths[column])
        if alone:
            read = int((np.cumsum([*widths.values()]) <= PRINTED_WIDTH).sum())
            page.print_area(0, 0, row, max(read, 1) - 1)
        if sheet.apart:
            page.set_h_pagebreaks(breaks[1:])

    def _paper(self, page: Any, sheet: Sheet, foot: str) -> None:
        if sheet.apart:
            page.set_paper(9)  # A4
        else:
            page.set_landscape()
            page.set_paper(8)  # A3
        page.fit_to_pages(1, 0)
        page.set_footer("&L&8" + self.clean(foot)[:230].replace("&", "&&") + "&R&8&P / &N")

    def _table(
        self, page: Any, frame: pd.DataFrame, top: int, widths: dict[int, int], widest: int
    ) -> None:
        heights = np.ones(len(frame), dtype=int)
        for column, name in enumerate(map(str, frame.columns)):
            text = self.clean(heading(name))
            cells = frame.iloc[:, column].tolist()
            kind = number_kind(name, frame.iloc[:, column])
            if kind == "wrapped" and len(frame) > MOST_WRAPPED:
                kind = "text"
            is_text = kind in ("text", "wrapped")
            page.write_string(top, column, text, self.header if is_text else self.header_right)
            area = (top + 1, column, top + len(cells), column)
            self._mark(page, name, kind, area, cells)
            for row, value in enumerate(cells, start=top + 1):
                if name == "photo" and (link := safe_link(value)):
                    page.write_url(row, column, link, self.link, self.clean(str(value))[:60])
                else:
                    self._cell(page, row, column, value, self.formats[kind])
            if kind == "wrapped":
                lines = [_lines(_as_shown(cell), widest - 3) for cell in cells]
                heights = np.maximum(heights, np.array(lines, dtype=int))
            width = 10 if kind == "degrees" else column_width(text, cells)
            widths[column] = max(widths.get(column, 0), width)
        page.set_row(top, 2.2 * LINE_HEIGHT)
        for row in np.flatnonzero(heights > 1).tolist():
            page.set_row(top + 1 + row, float(heights[row]) * LINE_HEIGHT)

    def _mark(
        self, page: Any, name: str, kind: str, area: tuple[int, int, int, int], cells: list[Any]
    ) -> None:
        """Add bars to gains and shares, and a colour to rows that could not be used."""
        if not cells:
            return
        rule: dict[str, Any]
        if name == "status" and set(cells) <= {told(status) for status in ROW_STATUSES}:
            rule = {"type": "cell", "criteria": "!=", "value": f'"{told("ok")}"'}
            rule |= {"format": self.odd}
        elif name == "standard":
            rule = {"type": "cell", "criteria": "==", "value": '"✗"', "format": self.odd}
        elif kind == "percent" and name.startswith("share"):
            rule = BAR | {"bar_color": "#8ACABC", "min_value": 0, "max_value": 1} | NUMBERS
        elif name in GAINS:
            rule = BAR | {"bar_color": "#E9A95C", "min_value": 0, "min_type": "num"}
        else:
            return
        page.conditional_format(*area, rule)

    def _cell(self, page: Any, row: int, column: int, value: Any, style: Any) -> None:
        if isinstance(value, bool | np.bool_):
            page.write_string(row, column, "✓" if value else "✗", style)
        elif isinstance(value, int | float | np.number):
            if math.isfinite(value):
                page.write_number(row, column, value, style)
            elif self.dashes:
                page.write_string(row, column, "–", self.dash)
        elif not _missing(value):
            page.write_string(row, column, self.clean(str(in_both(value))), style)

    def clean(self, text: str) -> str:
        """Take out what a workbook cannot hold, and count how often."""
        good = _CONTROL.sub("", text)[:LONGEST_TEXT]
        self.mended += good != text
        return good


def flat_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Write our words in both languages, and points as WGS84 and GCJ-02 columns."""
    words = {name: frame[name].map(_both(name)) for name in _TOLD if name in frame.columns}
    frame = frame.assign(**words)
    if not isinstance(frame, gpd.GeoDataFrame):
        return frame
    degrees = frame.geometry.to_crs(4326) if frame.crs else frame.geometry
    lon, lat = degrees.x.to_numpy(), degrees.y.to_numpy()
    lon_gcj02, lat_gcj02 = from_wgs84((lon, lat), "gcj02")
    table = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    places: dict[str, Any] = {
        "lon": lon,
        "lat": lat,
        "lon_gcj02": lon_gcj02,
        "lat_gcj02": lat_gcj02,
    }
    return table.drop(columns=places.keys(), errors="ignore").assign(**places)


def _both(name: str) -> Callable[[object], object]:
    """Return what writes a cell of such a column in Chinese and English."""
    label = _LABELS.get(name)

    def write(value: object) -> object:
        if _missing(value) or label is None:
            return value if _missing(value) else told(value)
        texts = dict.fromkeys((label(value, "zh"), label(value, "en")))
        return " ".join(texts)

    return write


def number_kind(name: str, values: pd.Series) -> str:
    """Choose a cell format from a column's name and numbers."""
    if _PERCENT.search(name):
        return "percent"
    if name in _DEGREES:
        return "degrees"
    if not pd.api.types.is_numeric_dtype(values) or pd.api.types.is_bool_dtype(values):
        return "wrapped" if name in _WRAPPED else "text"
    numbers = values.to_numpy(dtype=float, na_value=np.nan)
    numbers = numbers[np.isfinite(numbers)]
    large = len(numbers) > 0 and np.abs(numbers).max() >= LARGE
    return "whole" if large or (numbers == np.round(numbers)).all() else "decimal"


def column_width(title: str, cells: list[Any]) -> int:
    """Choose a width from the heading and the first cells."""
    shown = [*title.split("\n"), *map(_as_shown, cells[:ROWS_FOR_WIDTH])]
    return max(map(text_width, shown))


def _lines(text: str, width: int) -> int:
    """Count the lines that a text takes in a column."""
    return sum(math.ceil(max(text_width(part), 1) / width) for part in text.split("\n"))


def text_width(text: str) -> int:
    """Count the columns a text takes; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _as_shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.1f}" if math.isfinite(value) else ""
    return "" if _missing(value) else str(in_both(value))


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or value != value  # noqa: PLR0124
