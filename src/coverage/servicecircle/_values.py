"""Cells as people type them: numbers, yes and no, degrees."""

from __future__ import annotations

import datetime as dt
import re
import unicodedata
from dataclasses import dataclass
from functools import cache
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from servicecircle._vocabulary import fold, read_vocabulary

if TYPE_CHECKING:
    from numpy.typing import NDArray

Reading = Literal["exact", "about", "range", "at least", "less than"]

_ARABIC = r"(?:\d{1,3}(?:,\d{3})+|\d+)(?:\.\d+)?"
_CHINESE = "[零〇一二两三四五六七八九十百千]+"


def _amount_named(name: str) -> str:
    return rf"(?P<{name}>{_ARABIC}|{_CHINESE})(?P<{name}_more>[余多])?(?P<{name}_unit>[千万亿]*)"


_NUMBER = re.compile(
    r"(?P<before>大约|约|近|不到|不足|少于|小于|至少|不少于|大于|超过|超|逾|≈|<=|>=|[<>≤≥~])?"
    + _amount_named("low")
    + rf"(?:[-~—–至到]+{_amount_named('high')})?"
    r"(?P<more>[余多])?(?:人次|平方米|平米|m2|[人名家个元户处座位间次])*"
    r"(?P<end>左右|上下|及?以上|以下|以内|\+)?"
)
_NOTE = re.compile(r"\([^()]*\)$")
_DEGREES = re.compile(
    r"(?P<side>东经|西经|北纬|南纬|[EWNS])?(?P<sign>-)?(?P<degrees>\d+(?:\.\d+)?)(?:°|度|:|$|(?=[EWNS]))"
    r"(?:(?P<minutes>\d+(?:\.\d+)?)(?:'|′|分|:|$))?"
    r"(?:(?P<seconds>\d+(?:\.\d+)?)(?:\"|″|''|′′|秒|$))?"
    r"(?P<end>[EWNS])?"
)
_FLOOR = re.compile(
    r"(?P<below>负|地下|b|-)?(?P<low>首|底|\d{1,3}|[一二三四五六七八九十]+)[层楼f]*"
    r"(?:[-~—–至到](?P<below2>负|地下|b|-)?(?P<high>\d{1,3}|[一二三四五六七八九十]+)[层楼f]*)?"
)
_DATE = re.compile(
    r"(?P<year>\d{4})(?:[-年./](?P<month>\d{1,2})(?:[-月./](?P<day>\d{1,2})日?)?月?|年)?(?: .*)?"
)
_COMPACT = 8  # 20230501
_EIGHT_DIGITS = re.compile(r"(\d{4})(\d{2})(\d{2})")
_SERIAL = re.compile(r"\d{5}(?:\.\d+)?")
_FIRST_SERIAL, _LAST_SERIAL = 20_000, 80_000  # 1954 to 2119
_SERIAL_ZERO = dt.date(1899, 12, 30)
_AT_LEAST = {"至少", "不少于", "大于", "超过", "超", "逾", ">", ">=", "≥", "以上", "及以上", "+"}
_LESS_THAN = {"近", "不到", "不足", "少于", "小于", "<", "<=", "≤", "以下", "以内"}
_DIGITS = {sign: value for value, sign in enumerate("零一二三四五六七八九")} | {"〇": 0, "两": 2}
_POWERS = {"十": 10, "百": 100, "千": 1000, "万": 10_000, "亿": 100_000_000}


@dataclass(frozen=True)
class Numbers:
    """A column read as numbers: ``amounts`` (NaN where none), and how each cell was read.

    ``low`` and ``high`` are the ends of ranges, elsewhere the amount itself.
    """

    amounts: NDArray[np.float64]
    inexact: NDArray[np.bool_]
    unreadable: NDArray[np.bool_]
    low: NDArray[np.float64]
    high: NDArray[np.float64]


def texts(cells: pd.Series) -> pd.Series:
    """Return cells as trimmed text: 1.0 becomes "1", blanks become missing."""
    if pd.api.types.is_string_dtype(cells.dtype) and cells.dtype != object:
        trimmed = cells.str.strip()
        return trimmed.where(trimmed != "")
    written = [_text(cell) for cell in cells.array]
    return pd.Series(written, index=cells.index, name=cells.name, dtype="str")


def numbers(cells: pd.Series) -> Numbers:
    """Read counts and amounts: ``1,200``, ``1.2万``, ``约300人``, ``200-300``, ``三百``.

    A range gives its middle, "at least" and "less than" give their bound; all three and
    "about" are marked inexact. Negative and infinite numbers count as unreadable.
    """
    if pd.api.types.is_numeric_dtype(cells.dtype) and not pd.api.types.is_bool_dtype(cells.dtype):
        values = cells.to_numpy(dtype=float, na_value=np.nan)
        inexact = np.zeros(len(values), dtype=bool)
        wrong = (values < 0) | np.isinf(values)
        values = np.where(wrong, np.nan, values)
        return Numbers(values, inexact, wrong, values, values)
    text = texts(cells)
    values = pd.to_numeric(text, errors="coerce").to_numpy(dtype=float, na_value=np.nan).copy()
    inexact = np.zeros(len(values), dtype=bool)
    unreadable = np.zeros(len(values), dtype=bool)
    left = np.isnan(values) & text.notna().to_numpy()
    codes, cells_left = pd.factorize(text[left])
    read = [read_number(cell) for cell in cells_left]
    ends = [
        _ends(cell) if one is not None and one[1] == "range" else (np.nan, np.nan)
        for cell, one in zip(cells_left, read, strict=True)
    ]
    found = np.array([np.nan if one is None else one[0] for one in read], dtype=float)
    values[left] = found[codes]
    inexact[left] = np.array([one is not None and one[1] != "exact" for one in read], bool)[codes]
    unreadable[left] = np.array([one is None for one in read], dtype=bool)[codes]
    wrong = (values < 0) | np.isinf(values)
    values[wrong] = np.nan
    low, high = values.copy(), values.copy()
    bounds = np.array(ends, dtype=float).reshape(-1, 2)[codes]
    ranged = ~np.isnan(bounds[:, 0])
    low[np.flatnonzero(left)[ranged]] = bounds[ranged, 0]
    high[np.flatnonzero(left)[ranged]] = bounds[ranged, 1]
    return Numbers(values, inexact, unreadable | wrong, low, high)


def read_number(text: str) -> tuple[float, Reading] | None:
    """Read one cell; NaN where it says that nothing is known, None where it is unreadable."""
    if is_unknown(text) or fold(text) == "-":
        return np.nan, "exact"
    part = _match_number(text)
    if part is None:
        return None
    try:
        return _reading(part)
    except ValueError:
        return None


def _ends(text: str) -> tuple[float, float]:
    """Return both ends of a cell that is a range."""
    part = _match_number(text)
    if part is None:
        return np.nan, np.nan
    low = _amount(part["low"], part["low_unit"] or part["high_unit"])
    return low, _amount(part["high"], part["high_unit"])


def _match_number(text: str) -> dict[str, str] | None:
    plain = unicodedata.normalize("NFKC", text).replace(" ", "").replace("，", ",")
    match = _NUMBER.fullmatch(_NOTE.sub("", plain))
    return None if match is None else match.groupdict()


def _reading(part: dict[str, str]) -> tuple[float, Reading]:
    if part["high"]:
        low = _amount(part["low"], part["low_unit"] or part["high_unit"])
        return (low + _amount(part["high"], part["high_unit"])) / 2, "range"
    low = _amount(part["low"], part["low_unit"])
    marks = {part["before"], part["end"]}
    if part["low_more"] or part["more"] or marks & _AT_LEAST:
        return low, "at least"
    if marks & _LESS_THAN:
        return low, "less than"
    return low, "exact" if marks == {None} else "about"


def shares(cells: pd.Series) -> Numbers:
    """Read shares between 0 and 1: ``85%``, ``0.85``, and ``85`` as per cent (marked inexact)."""
    text = texts(cells)
    signed = text.str.contains("[%％]", na=False).to_numpy(dtype=bool)
    read = numbers(text.str.replace("[%％]", "", regex=True))
    percent = signed | (read.amounts > 1)
    amounts = np.where(percent, read.amounts / 100, read.amounts)
    wrong = amounts > 1
    amounts[wrong] = np.nan
    implied = percent & ~signed & ~wrong
    return Numbers(amounts, implied, read.unreadable | wrong, amounts, amounts)


def dates(cells: pd.Series) -> tuple[pd.Series, NDArray[np.bool_]]:
    """Read days: ``2023年5月``, ``2023.5.1``, ``2023/05/01``, Excel's serial numbers, dates.

    A month counts as its first day. Also tells which cells were unreadable.
    """
    days = [_day(cell) for cell in cells.array]
    blank = texts(cells)
    blank = blank.isna() | blank.map(is_unknown, na_action="ignore").eq(True)  # noqa: FBT003
    read = pd.Series(pd.to_datetime(pd.Index(days)), index=cells.index, name=cells.name)
    return read.astype("datetime64[s]"), (read.isna() & ~blank).to_numpy(dtype=bool)


def floors(text: str) -> str | None:
    """Read floors as OpenStreetMap writes levels, the street's being 1: ``1``, ``-1``, ``1;2``.

    Returns None where the text names none.
    """
    plain = unicodedata.normalize("NFKC", text).casefold().replace(" ", "")
    found: set[int] = set()
    for part in re.split("[、,;/和及+]", plain):
        match = _FLOOR.fullmatch(part)
        try:
            if match is None:
                return None
            low = _floor(match["low"], below=bool(match["below"]))
            last = match["high"] or match["low"]
            high = _floor(last, below=bool(match["below2" if match["high"] else "below"]))
        except ValueError:  # numerals side by side, as in 二一
            return None
        found |= set(range(min(low, high), max(low, high) + 1)) - {0}
    return ";".join(map(str, sorted(found))) if found else None


def yes_no(cells: pd.Series) -> tuple[pd.Series, NDArray[np.bool_]]:
    """Read yes and no as nullable booleans; also tell which cells were unreadable."""
    words = read_vocabulary("values")
    meaning: dict[str, bool | None] = dict.fromkeys(map(fold, words["unknown"]))
    meaning |= dict.fromkeys(map(fold, words["yes"]), True)
    meaning |= dict.fromkeys(map(fold, words["no"]), False)
    folded = texts(cells).map(fold, na_action="ignore")
    answers = [None if pd.isna(cell) else meaning.get(cell) for cell in folded]
    known = folded.isna() | folded.isin(list(meaning))
    return pd.Series(answers, index=cells.index, dtype="boolean"), ~known.to_numpy(dtype=bool)


def degrees(cells: pd.Series) -> NDArray[np.float64]:
    """Read decimal degrees and degrees-minutes-seconds; NaN where neither."""
    if pd.api.types.is_numeric_dtype(cells.dtype):
        return cells.to_numpy(dtype=float, na_value=np.nan)
    text = texts(cells)
    values = pd.to_numeric(text, errors="coerce").to_numpy(dtype=float, na_value=np.nan).copy()
    left = np.isnan(values) & text.notna().to_numpy()
    values[left] = [_angle(cell) for cell in text[left]]
    return values


def is_unknown(text: str) -> bool:
    """Tell whether a cell says that nothing is known, such as ``/``, ``—`` or ``未知``."""
    return fold(text) in _unknown_words()


@cache
def _unknown_words() -> frozenset[str]:
    return frozenset(map(fold, read_vocabulary("values")["unknown"]))


def _text(cell: object) -> str | None:
    if cell is None or cell is pd.NA or (isinstance(cell, float) and np.isnan(cell)):
        return None
    if isinstance(cell, (bool, np.bool_)):
        return "true" if cell else "false"
    if isinstance(cell, (float, np.floating)) and float(cell).is_integer():
        return f"{cell:.0f}"
    return str(cell).strip() or None


def _amount(digits: str, unit: str) -> float:
    plain = digits.replace(",", "")
    value = float(plain) if plain[0].isdigit() and plain.isascii() else float(_chinese(plain))
    for sign in unit:
        value *= _POWERS[sign]
    return round(value, 6)


def _chinese(numeral: str) -> int:
    total = digit = 0
    for sign in numeral:
        if sign in _POWERS:
            total += (digit or 1) * _POWERS[sign]
            digit = 0
        elif digit:
            msg = f"{numeral!r} puts two digits side by side"
            raise ValueError(msg)
        else:
            digit = _DIGITS[sign]
    return total + digit


def _floor(digits: str, *, below: bool) -> int:
    if digits in {"首", "底"}:
        return 1
    number = int(digits) if digits.isdigit() else _chinese(digits)
    return -number if below else number


def _day(cell: object) -> dt.date | None:
    """Return the day that a cell means, or None."""
    if isinstance(cell, dt.date):  # a datetime is a date too; NaT is none
        return None if pd.isna(cell) else dt.date(cell.year, cell.month, cell.day)
    text = _text(cell)
    if text is None:
        return None
    plain = unicodedata.normalize("NFKC", text).replace("T", " ")
    plain = _EIGHT_DIGITS.sub(r"\1-\2-\3", plain) if len(plain) == _COMPACT else plain
    match = _DATE.fullmatch(plain)
    try:
        if match is None or _SERIAL.fullmatch(plain):
            serial = int(float(plain))
            inside = _FIRST_SERIAL <= serial <= _LAST_SERIAL
            return _SERIAL_ZERO + dt.timedelta(days=serial) if inside else None
        return dt.date(int(match["year"]), int(match["month"] or 1), int(match["day"] or 1))
    except (ValueError, OverflowError):
        return None


def _angle(text: str) -> float:
    plain = unicodedata.normalize("NFKC", text).replace(" ", "").upper()
    match = _DEGREES.fullmatch(plain)
    if match is None:
        return np.nan
    whole, minutes, seconds = (float(match[n] or 0) for n in ("degrees", "minutes", "seconds"))
    value = whole + minutes / 60 + seconds / 3600
    side = match["side"] or match["end"]
    return -value if match["sign"] or side in {"西经", "南纬", "W", "S"} else value
