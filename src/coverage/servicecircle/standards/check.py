"""Checks of stations and candidates against a standard: yes, no, or not known."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd

from servicecircle import _values
from servicecircle._vocabulary import read_vocabulary
from servicecircle.errors import InputError
from servicecircle.hours import weekly_hours
from servicecircle.standards.presets import Standard, standard
from servicecircle.standards.words import is_missing, known_word, read_amenities

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

_FULL_WEEK = 168
_LISTS = ("amenities", "rooms", "services")
_YES, _NO = "✓", "✗"


def check_standard(
    sites: pd.DataFrame, rules: Standard | str | Path, *, strict_amenities: bool = False
) -> pd.DataFrame:
    """Check stations or candidates against a standard, rule by rule.

    Parameters
    ----------
    sites : pandas.DataFrame
        A table as from `read_sites`: ``amenities``, ``street_front``, ``floor``,
        ``open_to_public``, ``hours``, ``kind`` … where known.
    rules : Standard, str or Path
        A standard, the name of a preset, or the path of a TOML file.
    strict_amenities : bool
        Ask for both charging and inflating in 充电充气工具, which the text names as one.

    Returns
    -------
    pandas.DataFrame
        The sites' index; one column per rule (True, False, or missing where the table does
        not say: check on site), ``passed`` (False if any rule fails, missing if any is not
        known), ``rules_met`` (how many), and ``sentence_en`` and ``sentence_zh``.

    Raises
    ------
    InputError
        The standard is not known.

    Examples
    --------
    >>> checks = check_standard(shops, "miyun")  # doctest: +SKIP
    """
    asked = ensure_standard(rules)
    amenities = site_amenities(sites, strict=strict_amenities)
    checks = pd.DataFrame(index=sites.index)
    for name, rule in asked.rules.iterrows():
        answer = _CHECKS[rule["check"]](sites, amenities, rule["value"])
        checks[str(name)] = pd.array(answer, dtype="boolean")
    return _finish(checks, asked, amenities)


def site_amenities(sites: pd.DataFrame, *, strict: bool = False) -> pd.DataFrame:
    """Tell which amenities every site has: True, False, or missing where not known.

    Parameters
    ----------
    sites : pandas.DataFrame
        With lists in ``amenities``, ``rooms`` or ``services``, or one column per amenity
        (yes/no or how many), which goes before what a list says.
    strict : bool
        Ask for both charging and inflating (see `read_amenities`).

    Returns
    -------
    pandas.DataFrame
        The sites' index; one nullable boolean column per amenity we know.

    Notes
    -----
    An amenity that a list does not name is not there, unless the list ends with 等 (etc.)
    or is blank: then it is not known.
    """
    keys = list(read_vocabulary("amenities"))
    lists = [name for name in _LISTS if name in sites.columns]
    read = [
        [read_amenities(cell, strict=strict) for cell in _values.texts(sites[name])]
        for name in lists
    ]
    rows = [
        [_any_of([one.has(key) for one in site]) for key in keys]
        for site in zip(*read, strict=True)
    ]
    if not lists:
        rows = [[None] * len(keys) for _ in range(len(sites))]
    found = pd.DataFrame(rows, sites.index, keys, dtype="boolean")
    for key in keys:
        if key in sites.columns:
            own = _own_column(sites[key])
            found[key] = own.where(own.notna(), found[key])
    return found


def _any_of(answers: list[bool | None]) -> bool | None:
    """Put together what a site's lists say of one amenity; blank lists say nothing."""
    if True in answers:
        return True
    return False if False in answers else None


def _own_column(cells: pd.Series) -> pd.Series:
    """Read an amenity's own column: yes/no, a number, or words."""
    if pd.api.types.is_bool_dtype(cells.dtype):
        return cells.astype("boolean")
    answers, neither = _values.yes_no(cells)
    counts = _values.numbers(cells).amounts
    answers = answers.where(~neither | np.isnan(counts), counts > 0)
    words = [_from_words(text) for text in _values.texts(cells)]
    return answers.where(~(neither & np.isnan(counts)), pd.array(words, dtype="boolean"))


def _from_words(text: object) -> bool | None:
    """Read what an amenity's own column says in words, such as ``2台(损坏)``."""
    read = read_amenities(text)
    if read.present:
        return True
    return False if read.absent or is_missing(text) else None


def four_conveniences(amenities: pd.DataFrame) -> pd.DataFrame:
    """Tell which of 四便利 (hot food, water, rest, toilet) each row of amenities satisfies."""
    entries = read_vocabulary("conveniences").items()
    return pd.DataFrame(
        {key: _any_column(amenities, entry["by"]) for key, entry in entries},
        index=amenities.index,
        dtype="boolean",
    )


def listed_amenities(amenities: pd.DataFrame) -> tuple[pd.Series, pd.Series]:
    """Return how many of the nine listed amenities are there, and how many are not known."""
    nine = [key for key, entry in read_vocabulary("amenities").items() if entry.get("listed")]
    part = amenities[nine]
    return part.sum(axis=1).astype("Int64"), part.isna().sum(axis=1).astype("Int64")


def floor_is(sites: pd.DataFrame, floor: int) -> pd.Series:
    """Tell which sites have rooms on a floor (1 is the street's); missing where unknown."""
    cells = _texts(sites, "floor")
    read = cells.map(_values.floors, na_action="ignore")
    answers = [None if pd.isna(one) else str(floor) in str(one).split(";") for one in read]
    return pd.Series(answers, index=sites.index, dtype="boolean")


def _any_column(frame: pd.DataFrame, columns: list[str]) -> pd.Series:
    answer = frame[columns[0]]
    for column in columns[1:]:
        answer = answer | frame[column]
    return answer


def _texts(sites: pd.DataFrame, column: str) -> pd.Series:
    if column not in sites.columns:
        return pd.Series(None, index=sites.index, dtype="str")
    return _values.texts(sites[column])


def _yes(column: str) -> Callable[..., Any]:
    def check(sites: pd.DataFrame, _: pd.DataFrame, value: bool) -> Any:  # noqa: FBT001
        if column not in sites.columns:
            return [None] * len(sites)
        answer = _own_column(sites[column])
        return answer if value else ~answer

    return check


def _at_least(column: str) -> Callable[..., Any]:
    def check(sites: pd.DataFrame, _: pd.DataFrame, value: float) -> Any:
        if column not in sites.columns:
            return [None] * len(sites)
        reader = _values.shares if column == "satisfaction" else _values.numbers
        numbers = reader(sites[column]).amounts
        return [None if np.isnan(n) else bool(n >= value) for n in numbers]

    return check


def _enough_amenities(_: pd.DataFrame, amenities: pd.DataFrame, value: int) -> Any:
    there, unknown = listed_amenities(amenities)
    return [
        True if n >= value else None if n + open_ >= value else False
        for n, open_ in zip(there, unknown, strict=True)
    ]


def _week(sites: pd.DataFrame, _: pd.DataFrame, value: float) -> Any:
    hours = weekly_hours(_texts(sites, "hours"))
    return [None if np.isnan(h) else bool(h >= value) for h in hours]


def _of_kind(sites: pd.DataFrame, _: pd.DataFrame, value: list[str]) -> Any:
    """Kinds that a text names end with "and other trades": another kind is not known to fail."""
    return [True if known_word("kind", k) in value else None for k in _texts(sites, "kind")]


def _open_all_day(sites: pd.DataFrame, amenities: pd.DataFrame, value: bool) -> Any:  # noqa: FBT001
    answers = _week(sites, amenities, _FULL_WEEK)
    return answers if value else [None if a is None else not a for a in answers]


_CHECKS: dict[str, Callable[..., Any]] = {
    "min_amenities": _enough_amenities,
    "convenience": lambda _, amenities, value: four_conveniences(amenities)[value],
    "has_amenity": lambda _, amenities, value: amenities[value],
    "street_front": _yes("street_front"),
    "floor": lambda sites, _, value: floor_is(sites, value),
    "open_to_public": _yes("open_to_public"),
    "open_24h": _open_all_day,
    "min_week_hours": _week,
    "min_area_m2": _at_least("area_m2"),
    "min_capacity": _at_least("capacity"),
    "min_satisfaction": _at_least("satisfaction"),
    "has_sign": _yes("has_sign"),
    "kinds": _of_kind,
}


def _finish(checks: pd.DataFrame, asked: Standard, amenities: pd.DataFrame) -> pd.DataFrame:
    out = checks.copy()
    unknown = checks.isna().to_numpy(dtype=bool)
    failed = ~checks.fillna(value=True).to_numpy(dtype=bool)
    verdict = [
        False if no.any() else None if open_.any() else True
        for no, open_ in zip(failed, unknown, strict=True)
    ]
    out["passed"] = pd.array(verdict, dtype="boolean")
    out["rules_met"] = (~failed & ~unknown).sum(axis=1)
    for language in ("en", "zh"):
        missing = _missing_items(amenities, language)
        wording = list(asked.rules[language])
        by_amenity = (asked.rules["check"] == "min_amenities").to_numpy()
        out[f"sentence_{language}"] = [
            _sentence(wording, no, open_, by_amenity, items, language=language)
            for no, open_, items in zip(failed, unknown, missing, strict=True)
        ]
    return out


def _missing_items(amenities: pd.DataFrame, language: str) -> list[str]:
    """Name, for every site, the listed amenities that are known not to be there."""
    nine = {k: e[language] for k, e in read_vocabulary("amenities").items() if e.get("listed")}
    comma = "、" if language == "zh" else ", "
    part = ~amenities[list(nine)].fillna(value=True).to_numpy(dtype=bool)
    names = np.array(list(nine.values()), dtype=object)
    return [comma.join(names[row]) for row in part]


def _sentence(
    wording: list[str],
    failed: np.ndarray,
    unknown: np.ndarray,
    by_amenity: np.ndarray,
    items: str,
    *,
    language: str,
) -> str:
    zh = language == "zh"
    comma, stop, colon = ("、", "。", ":") if zh else (", ", ".", ": ")
    parts = []
    if failed.any():
        said = [
            text + ((f"(缺{items})" if zh else f" (missing {items})") if amenity and items else "")
            for text, amenity in zip(
                np.array(wording, object)[failed], by_amenity[failed], strict=True
            )
        ]
        parts.append(f"{_NO} {'不符合' if zh else 'Fails'}{colon}{comma.join(said)}{stop}")
    if unknown.any():
        said = list(np.array(wording, object)[unknown])
        parts.append(f"? {'需现场核实' if zh else 'Check on site'}{colon}{comma.join(said)}{stop}")
    if not parts:
        return f"{_YES} 全部符合。" if zh else f"{_YES} Meets every rule."
    return ("" if zh else " ").join(parts)


def ensure_standard(rules: Standard | str | Path) -> Standard:
    """Return a standard, whether it is given, named, or a file."""
    if isinstance(rules, Standard):
        return rules
    if not str(rules):
        raise InputError("`standard` is empty; give the name of a preset or a .toml file.")
    return standard(rules)
