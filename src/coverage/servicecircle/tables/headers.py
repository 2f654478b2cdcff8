"""Header rows: where they are, what each header means, what stands in its brackets."""

from __future__ import annotations

import re
import unicodedata
from functools import cache
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from servicecircle._checks import name_some
from servicecircle._said import count, say
from servicecircle._values import read_number
from servicecircle._vocabulary import fold, read_vocabulary
from servicecircle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from servicecircle._files import Sheet

# A row is the header if it holds this many headers that we know; looked for in the first rows
KNOWN_HEADERS = 2
HEADER_ROWS = 10

_BRACKETS = re.compile(r"[(\[【〔](.*?)[)\]】〕]")
_PLACES = ("lon", "lat", "lonlat")


def canonical(header: str) -> str | None:
    """Return our name for a header, or None: ``canonical("职工人数") == "workers"``."""
    strong, weak = synonyms()
    for text in _spellings(header):
        if text in strong or text in weak:
            return strong.get(text) or weak[text]
    return None


def header_system(header: str) -> str | None:
    """Return the coordinate system a header names: ``header_system("经度(高德)") == "gcj02"``."""
    found = _system_pattern().search(fold(header))
    return None if found is None else _system_names()[found[0]]


def in_brackets(header: str) -> list[str]:
    """Return what stands in a header's brackets, such as its unit."""
    return _BRACKETS.findall(unicodedata.normalize("NFKC", header))


@cache
def synonyms() -> tuple[dict[str, str], dict[str, str]]:
    """Return folded headers → our names: those that always mean it, and those that may."""
    strong: dict[str, str] = {}
    weak: dict[str, str] = {}
    for name, entry in read_vocabulary("headers").items():
        strong |= {fold(text): name for text in [*entry["zh"], *entry["en"]]}
        weak |= {fold(text): name for text in entry.get("weak", [])}
    return strong, weak


@cache
def _system_names() -> dict[str, str]:
    systems = read_vocabulary("values")["systems"].items()
    return {fold(text): system for system, texts in systems for text in texts}


@cache
def _system_pattern() -> re.Pattern[str]:
    names = sorted(_system_names(), key=len, reverse=True)
    return re.compile("|".join(map(re.escape, names)))


def _spellings(header: str) -> list[str]:
    """Fold a header as it stands, without its brackets, and (places) without its system."""
    folded = fold(header)
    bare = _BRACKETS.sub("", folded)
    place = _system_pattern().sub("", bare)
    strong, weak = synonyms()
    named = place != bare and (strong.get(place) or weak.get(place)) in _PLACES
    return [folded, bare, place] if named else [folded, bare]


def split_header(sheet: Sheet, given: Mapping[str, str]) -> tuple[list[str], pd.DataFrame]:
    """Find the header below titles and blank rows; map files have theirs already."""
    if sheet.header is not None:
        return sheet.header, sheet.cells
    rows = [list(map(label, row)) for row in sheet.cells.head(HEADER_ROWS + 1).to_numpy(object)]
    first = _header_row(rows, given)
    upper, lower = _header_span(rows, first)
    title = [text for row in rows[:upper] for text in row if text]
    if title:
        said = say(
            "title above the header: {some}", "表头上方的标题：{some}", some=name_some(title, 3)
        )
        sheet.notes.append(said)
    header = rows[upper]
    if lower > upper:
        header = _merge_rows(rows[upper], rows[lower])
        sheet.notes.append(say("header of two rows, read as one", "两行表头，合并读取"))
    _fill_merged(sheet, header, lower)
    return header, sheet.cells.iloc[lower + 1 :].reset_index(drop=True)


def _fill_merged(sheet: Sheet, header: Sequence[str], above: int) -> None:
    """Give all rows of a cell merged downwards its text; a number stays with the first row."""
    cells, filled = sheet.cells.to_numpy(dtype=object, copy=True), 0
    held = sheet.cells.notna().any(axis=1).to_numpy()
    for first, last, column in sheet.merged:
        text = cells[first, column]
        one = first <= above or not isinstance(text, str) or canonical(header[column]) == "id"
        if one or read_number(text) is not None:
            continue
        rows = np.flatnonzero(held[: last + 1])
        rows = rows[rows > first]
        cells[rows, column] = text
        filled += len(rows)
    if filled:
        sheet.cells = pd.DataFrame(cells, columns=sheet.cells.columns)
        said = say(
            "merged cells: {some} given the text that stands in the first row",
            "合并单元格：{some}填入首行的文字",
            some=count(filled, "cell"),
        )
        sheet.notes.append(said)


def known_headers(row: Sequence[str], given: Mapping[str, str]) -> int:
    """Count the different columns of ours that a row of cells names."""
    told = set(map(fold, given.values()))
    names = {canonical(text) or (text if fold(text) in told else None) for text in row if text}
    return len(names - {None})


def _header_row(rows: list[list[str]], given: Mapping[str, str]) -> int:
    for place, row in enumerate(rows[:HEADER_ROWS]):
        if known_headers(row, given) >= KNOWN_HEADERS:
            return place
    return 0


def _header_span(rows: list[list[str]], first: int) -> tuple[int, int]:
    """Tell whether the header goes on in the row above or below, as merged cells make it."""
    form = first and any(re.search("[:：]", text) for text in rows[first - 1])  # 填报单位：…
    if first and not form and _spans(rows[first - 1], rows[first]):
        return first - 1, first
    below = rows[first + 1] if first + 1 < len(rows) else []
    if below and _spans(rows[first], below) and known_headers(below, {}):
        words = all(not re.search(r"\d", text) for text in below if text)
        if words:
            return first, first + 1
    return first, first


def _spans(upper: Sequence[str], lower: Sequence[str]) -> bool:
    """Two header rows fit if each fills some column that the other leaves blank."""
    pairs = list(zip(upper, lower, strict=True))
    return any(a and not b for a, b in pairs) and any(b and not a for a, b in pairs)


def _merge_rows(upper: Sequence[str], lower: Sequence[str]) -> list[str]:
    """Make one header of two: a known lower header alone, else both; units are inherited."""
    header, parent = [], ""
    for above, below in zip(upper, lower, strict=True):
        parent = above or (parent if below else "")
        if not below:
            header.append(above)
            parent = ""
        elif canonical(below):
            unit = "".join(f"({text})" for text in in_brackets(parent))
            header.append(below if in_brackets(below) else below + unit)
        else:
            header.append(f"{parent} {below}".strip())
    return header


def label(cell: object) -> str:
    """Return a cell of the header row as one line of text."""
    text = "" if cell is None or cell != cell else str(cell)  # noqa: PLR0124 (NaN)
    return " ".join(text.split())


def recognise(header: list[str], given: Mapping[str, str], sheet: Sheet) -> dict[int, str]:
    """Return position → our name, from what the caller says, then strong, then weak synonyms."""
    strong, weak = synonyms()
    found = _given_columns(header, given)
    if sheet.geometry is not None:
        places = {*_PLACES, "datum"} - set(found.values())
        strong, weak = ({k: v for k, v in s.items() if v not in places} for s in (strong, weak))
    for words in (strong, weak):
        taken = set(found.values())
        for place, text in enumerate(header):
            names = [words[s] for s in _spellings(text) if s in words]
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
        found[find_header(header, text)] = name
    return found


def find_header(header: list[str], text: str) -> int:
    """Return the position of a header as written, nearly so, or by our name for it."""
    spellings: tuple[Any, ...] = (str, fold, canonical)
    for spelling in spellings:
        wanted = spelling(text)
        for place, title in enumerate(header):
            if title and wanted is not None and spelling(title) == wanted:
                return place
    raise InputError(f"There is no column {text!r}; there are {[h for h in header if h]}.")
