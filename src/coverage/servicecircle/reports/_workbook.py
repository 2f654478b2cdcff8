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

from servicecircle.coordinates import from_wgs84
from servicecircle.errors import InputError, InputWarning
from servicecircle.reports import EXCEL_ROWS
from servicecircle.reports._headings import heading

if TYPE_CHECKING:
    from pathlib import Path

MOST_ROWS = EXCEL_ROWS
MOST_COLUMNS = 16_384
LONGEST_TEXT = 32_767
NARROWEST, WIDEST, WIDEST_STACKED = 8, 44, 22
LINE_HEIGHT = 15
ROWS_FOR_WIDTH = 300

# What XML 1.0 forbids, and halves of surrogate pairs.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

_PERCENT = re.compile(r"^share|^overlap$|gap$")
_DEGREES = ("lon", "lat", "lon_gcj02", "lat_gcj02")
GAINS = ("gain", "gain_after", "added", "workers_alone")
BAR = {"type": "data_bar"}  # as of 2007: other programs read these as well
NUMBERS = {"min_type": "num", "max_type": "num"}
_WRAPPED = ("reason_zh", "reason_en", "mend_zh", "mend_en", "ids", "value")


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
    widest: int = 0  # of a column; by the kind of sheet if 0


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


def write_workbook(sheets: tuple[Sheet, ...], path: Path, note: str) -> None:
    """Write the sheets; ``note`` stands at the foot of every printed page."""
    options = {"strings_to_formulas": False, "strings_to_urls": False, "strings_to_numbers": False}
    with xlsxwriter.Workbook(str(path), options) as book:
        writer = _Writer(book)
        for sheet in sheets:
            writer.add(sheet, note)
    if writer.mended:
        warnings.warn(
            f"{writer.mended} texts held control characters or more than {LONGEST_TEXT:,} "
            "characters; the workbook holds them mended or cut.",
            InputWarning,
            stacklevel=4,
        )


class _Writer:
    """Puts frames on sheets, cell by cell, with one format per kind of column."""

    def __init__(self, book: xlsxwriter.Workbook) -> None:
        self.book = book
        self.mended = 0
        self.title = book.add_format({"bold": True, "font_size": 12})
        self.line = book.add_format({"bold": True, "font_size": 16})
        header = {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E2DFD8"}
        self.header = book.add_format(header | {"indent": 1})
        self.header_right = book.add_format(header | {"align": "right"})
        numbers = {"percent": "0.0%", "degrees": "0.000000", "whole": "#,##0", "decimal": "0.0"}
        self.formats = {
            kind: book.add_format({"num_format": number, "valign": "top"})
            for kind, number in numbers.items()
        }
        self.odd = book.add_format({"bg_color": "#F6D5D0", "font_color": "#8A1C12"})
        self.formats["text"] = book.add_format({"valign": "top", "indent": 1})
        self.formats["wrapped"] = book.add_format({"valign": "top", "indent": 1, "text_wrap": True})

    def add(self, sheet: Sheet, note: str) -> None:
        """Add one sheet."""
        page = self.book.add_worksheet(f"{sheet.zh} {sheet.en}"[:31])
        page.set_landscape()
        page.set_paper(8)  # A3
        page.fit_to_pages(1, 0)
        page.set_footer("&L" + self.clean(note)[:200].replace("&", "&&") + "&R&P / &N")
        for row, line in enumerate(sheet.lines):
            page.write_string(row, 0, self.clean(line), self.line)
            page.set_row(row, 1.6 * LINE_HEIGHT)
        row = len(sheet.lines) + 1 if sheet.lines else 0
        alone = len(sheet.blocks) == 1
        widest = sheet.widest or (WIDEST if alone else WIDEST_STACKED)
        widths: dict[int, int] = {}
        for block in sheet.blocks:
            frame = flat_frame(block.frame)
            if not alone:
                page.write_string(row, 0, f"{block.zh} {block.en}", self.title)
                row += 1
            self._table(page, frame, row, widths, widest)
            if alone:
                page.repeat_rows(0)
                page.freeze_panes(1, 3)
                page.autofilter(0, 0, max(len(frame), 1), len(frame.columns) - 1)
            row += len(frame) + 2
        for column, width in widths.items():
            page.set_column(column, column, min(max(width + 3, NARROWEST), widest))

    def _table(
        self, page: Any, frame: pd.DataFrame, top: int, widths: dict[int, int], widest: int
    ) -> None:
        heights = np.ones(len(frame), dtype=int)
        for column, name in enumerate(map(str, frame.columns)):
            text = self.clean(heading(name))
            cells = frame.iloc[:, column].tolist()
            kind = number_kind(name, frame.iloc[:, column])
            is_text = kind in ("text", "wrapped")
            page.write_string(top, column, text, self.header if is_text else self.header_right)
            self._mark(page, name, kind, (top + 1, column, top + len(cells), column))
            for row, value in enumerate(cells, start=top + 1):
                self._cell(page, row, column, value, self.formats[kind])
            if kind == "wrapped":
                lines = [math.ceil(text_width(_as_shown(cell)) / (widest - 3)) for cell in cells]
                heights = np.maximum(heights, np.array(lines, dtype=int))
            width = 10 if kind == "degrees" else column_width(text, cells)
            widths[column] = max(widths.get(column, 0), width)
        page.set_row(top, 2.2 * LINE_HEIGHT)
        for row in np.flatnonzero(heights > 1).tolist():
            page.set_row(top + 1 + row, float(heights[row]) * LINE_HEIGHT)

    def _mark(self, page: Any, name: str, kind: str, cells: tuple[int, int, int, int]) -> None:
        """Add bars to gains and shares, and a colour to rows that could not be used."""
        if cells[0] > cells[2]:
            return
        if name == "status":
            rule = {"type": "cell", "criteria": "!=", "value": '"ok"', "format": self.odd}
        elif kind == "percent" and name.startswith("share"):
            rule = BAR | {"bar_color": "#8ACABC", "min_value": 0, "max_value": 1} | NUMBERS
        elif name in GAINS:
            rule = BAR | {"bar_color": "#E9A95C", "min_value": 0, "min_type": "num"}
        else:
            return
        page.conditional_format(*cells, rule)

    def _cell(self, page: Any, row: int, column: int, value: Any, style: Any) -> None:
        if isinstance(value, bool | np.bool_):
            page.write_string(row, column, "✓" if value else "✗", style)
        elif isinstance(value, int | float | np.number):
            if math.isfinite(value):
                page.write_number(row, column, value, style)
        elif not _missing(value):
            page.write_string(row, column, self.clean(str(value)), style)

    def clean(self, text: str) -> str:
        """Take out what a workbook cannot hold, and count how often."""
        good = _CONTROL.sub("", text)[:LONGEST_TEXT]
        self.mended += good != text
        return good


def flat_frame(frame: pd.DataFrame) -> pd.DataFrame:
    """Turn ids into a column and points into WGS84 and GCJ-02 columns."""
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
    return "whole" if (numbers == np.round(numbers)).all() else "decimal"


def column_width(title: str, cells: list[Any]) -> int:
    """Choose a width from the heading and the first cells."""
    shown = [*title.split("\n"), *map(_as_shown, cells[:ROWS_FOR_WIDTH])]
    return max(map(text_width, shown))


def text_width(text: str) -> int:
    """Count the columns a text takes; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _as_shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.1f}" if math.isfinite(value) else ""
    return "" if _missing(value) else str(value)


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or value != value  # noqa: PLR0124
