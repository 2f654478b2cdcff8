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

if TYPE_CHECKING:
    from pathlib import Path

MOST_ROWS = 1_048_576
MOST_COLUMNS = 16_384
LONGEST_TEXT = 32_767
NARROWEST, WIDEST = 8, 44
ROWS_FOR_WIDTH = 300

# What XML 1.0 forbids, and halves of surrogate pairs.
_CONTROL = re.compile("[\x00-\x08\x0b\x0c\x0e-\x1f\ud800-\udfff\ufffe\uffff]")

ZH = {
    "id": "编号", "name": "名称", "address": "地址", "district": "所属区", "kind": "类型",
    "group": "人群", "workers": "职工人数", "workers_alone": "独有覆盖", "status": "数据状态",
    "lon": "经度", "lat": "纬度", "lon_gcj02": "经度(高德)", "lat_gcj02": "纬度(高德)",
    "order": "开设次序", "gain": "新增覆盖", "overlap": "重复覆盖", "score": "得分",
    "rank": "排名", "nearest_station": "最近站点", "nearest_minutes": "步行分钟",
    "reason_zh": "理由", "reason_en": "理由(英文)", "covered_after": "累计覆盖",
    "share_after": "累计覆盖率", "facility": "最近设施", "minutes": "分钟", "band": "圈层",
    "covered": "已覆盖", "share": "覆盖率", "covered_before": "现覆盖", "share_before": "现覆盖率",
    "added": "新增", "covered_twice": "两处以上覆盖", "mean_minutes": "平均分钟",
    "median_minutes": "中位分钟", "p90_minutes": "九成以内分钟", "hours": "开放时间",
    "amenities": "配套设施", "open_to_public": "对外开放", "cost": "投入(元)",
    "capacity": "容纳人数", "n_sites": "新站数", "item": "项目", "value": "数值",
    "note": "说明", "table": "数据表", "rows": "行数", "file": "文件",
}  # fmt: skip

_PERCENT = re.compile(r"^share|_share$|gap$")
_DEGREES = ("lon", "lat", "lon_gcj02", "lat_gcj02")
_COUNTS = (
    "workers", "workers_alone", "gain", "overlap", "covered", "covered_before", "covered_after",
    "added", "covered_twice", "rows", "cost",
)  # fmt: skip


@dataclass(frozen=True)
class Block:
    """One table: the layer it is in a GeoPackage, its headings, and its rows."""

    layer: str
    zh: str
    en: str
    frame: pd.DataFrame


@dataclass(frozen=True)
class Sheet:
    """One sheet: a single table with filters, or several below each other."""

    zh: str
    en: str
    blocks: tuple[Block, ...]


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
        self.title = book.add_format({"bold": True, "font_size": 13})
        header = {"bold": True, "text_wrap": True, "valign": "top", "bg_color": "#E2DFD8"}
        self.header = book.add_format(header)
        formats = {"percent": "0.0%", "degrees": "0.000000", "count": "#,##0", "decimal": "0.0"}
        self.formats = {kind: book.add_format({"num_format": f}) for kind, f in formats.items()}

    def add(self, sheet: Sheet, note: str) -> None:
        """Add one sheet."""
        page = self.book.add_worksheet(f"{sheet.zh} {sheet.en}"[:31])
        page.set_landscape()
        page.fit_to_pages(1, 0)
        page.set_footer("&L" + self.clean(note)[:200].replace("&", "&&") + "&R&P / &N")
        widths: dict[int, float] = {}
        row, alone = 0, len(sheet.blocks) == 1
        for block in sheet.blocks:
            frame = flat_frame(block.frame)
            if not alone:
                page.write_string(row, 0, f"{block.zh} {block.en}", self.title)
                row += 1
            self._table(page, frame, row, widths)
            if alone and len(frame.columns):
                page.freeze_panes(1, 2)
                page.autofilter(0, 0, max(len(frame), 1), len(frame.columns) - 1)
            row += len(frame) + 2
        for column, width in widths.items():
            page.set_column(column, column, min(max(width + 2, NARROWEST), WIDEST))

    def _table(self, page: Any, frame: pd.DataFrame, top: int, widths: dict[int, float]) -> None:
        for column, name in enumerate(frame.columns):
            text = self.clean(heading(name))
            page.write_string(top, column, text, self.header)
            cells = frame.iloc[:, column].tolist()
            style = self.formats.get(number_kind(str(name), frame.iloc[:, column]))
            for row, value in enumerate(cells, start=top + 1):
                self._cell(page, row, column, value, style)
            shown = [*text.split("\n"), *map(_as_shown, cells[:ROWS_FOR_WIDTH])]
            widths[column] = max(widths.get(column, 0), *map(text_width, shown))
        page.set_row(top, 32)

    def _cell(self, page: Any, row: int, column: int, value: Any, style: Any) -> None:
        if isinstance(value, bool | np.bool_):
            page.write_boolean(row, column, bool(value))
        elif isinstance(value, int | float | np.number):
            if math.isfinite(value):
                page.write_number(row, column, value, style)
        elif not _missing(value):
            page.write_string(row, column, self.clean(str(value)))

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
    places = {"lon": lon, "lat": lat, "lon_gcj02": lon_gcj02, "lat_gcj02": lat_gcj02}
    return table.drop(columns=places.keys(), errors="ignore").assign(**places)


def heading(name: object) -> str:
    """Write a column's heading in Chinese and English; other names stay as they are."""
    zh = ZH.get(str(name))
    return f"{zh}\n{name}" if zh else str(name)


def number_kind(name: str, values: pd.Series) -> str:
    """Choose a number format from a column's name."""
    if _PERCENT.search(name):
        return "percent"
    if name in _DEGREES:
        return "degrees"
    if name in _COUNTS or name.endswith("_count"):
        return "count"
    return "decimal" if pd.api.types.is_float_dtype(values) else "general"


def text_width(text: str) -> int:
    """Count the columns a text takes; Chinese characters take two."""
    return sum(2 if unicodedata.east_asian_width(c) in "WF" else 1 for c in text)


def _as_shown(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.1f}" if math.isfinite(value) else ""
    return "" if _missing(value) else str(value)


def _missing(value: Any) -> bool:
    return value is None or value is pd.NA or value is pd.NaT or value != value  # noqa: PLR0124
