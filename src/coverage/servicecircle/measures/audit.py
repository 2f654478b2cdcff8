"""The yearly check-up 体检 of today's stations, and the figures that programmes quote of them."""

from __future__ import annotations

import datetime as dt
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd

from servicecircle import _values
from servicecircle._sentences import share_text
from servicecircle.errors import InputError
from servicecircle.hours import weekly_hours
from servicecircle.sites import in_use
from servicecircle.standards.check import (
    check_standard,
    four_conveniences,
    listed_amenities,
    site_amenities,
)
from servicecircle.standards.words import known_word

if TYPE_CHECKING:
    from pathlib import Path

    from servicecircle.coverage import Coverage
    from servicecircle.standards import Standard

LEAST_SATISFACTION = 0.85  # CP
LEAST_AMENITIES = 4  # MY
LEAST_MEMBERS = 50  # MY; BJ asks 100
_FULL_WEEK = 168
# No programme states a least area: sizes are only told apart (m²)
_AREAS = (0.0, 10.0, 50.0, 500.0, np.inf)
_AREA_CLASSES = ("<10", "10–50", "50–500", "≥500")

# Finding → English, Chinese
_FINDINGS = {
    "closed": ("is closed", "已停用"),
    "few_amenities": ("has fewer than 4 of the 9 listed amenities", "九项设施不足四项"),
    "no_conveniences": ("lacks one of the four conveniences", "四便利不全"),
    "no_sign": ("has no sign", "未挂牌"),
    "never_inspected": ("was never inspected", "从未检查"),
    "old_inspection": ("was not inspected for a year", "一年以上未检查"),
    "unsatisfied": ("has satisfaction below 85 %", "满意度低于85%"),
    "too_small": ("has more workers in reach than places", "辐射职工多于容纳人数"),
    "hours_unknown": ("has no readable opening hours", "开放时间不明"),
    "off_standard": ("fails the standard", "不符合服务标准"),
}
_DEFECTS = tuple(name for name in _FINDINGS if name not in {"too_small", "hours_unknown"})
_YEAR_DAYS = 365


@dataclass(frozen=True, repr=False)
class Audit:
    """The check-up of a set of stations.

    Attributes
    ----------
    stations : pandas.DataFrame
        The stations' index: ``open`` (in use), ``open_to_public``, ``week_hours``,
        ``open_24h``, ``amenities`` (of the nine), ``amenities_unknown``,
        ``enough_amenities`` (≥ 4), ``four_conveniences``, ``has_sign``, ``inspected_days``
        (missing: never), ``satisfaction``, ``unsatisfied`` (< 85 %), ``capacity``,
        ``area_class`` ("<10", "10–50", "50–500" or "≥500" m²),
        ``workers`` and ``workers_alone`` (from a coverage), ``capacity_use`` (workers to
        whom it is the nearest ÷ capacity), ``standard`` (passes it), ``findings``
        (how many), ``findings_en``, ``findings_zh``. Everything is missing where the table
        does not say.
    day : datetime.date
        The day that inspections were counted to.
    """

    stations: pd.DataFrame
    day: dt.date

    def __repr__(self) -> str:
        bad = int((self.stations["findings"] > 0).sum())
        return f"<Audit of {len(self.stations):,} stations: {bad:,} with findings>"

    def _repr_html_(self) -> str:
        return str(self.summary().to_html(na_rep="–"))

    def summary(self) -> pd.DataFrame:
        """Return one row per question, with numerator and denominator.

        Returns
        -------
        pandas.DataFrame
            Indexed by question: ``yes``, ``no``, ``unknown`` (stations), ``share`` = yes ÷
            (yes + no + unknown), missing where nothing is known, and ``sentence_en``,
            ``sentence_zh`` with numerator and denominator. All but the first question are
            asked of the stations that are neither closed nor only planned.
        """
        questions = {
            "open": "open",
            "open_to_public": "open_to_public",
            "open_24h": "open_24h",
            "enough_amenities": "enough_amenities",
            "four_conveniences": "four_conveniences",
            "has_sign": "has_sign",
            "unsatisfied": "unsatisfied",
            "standard": "standard",
        }
        in_use = self.stations[self.stations["open"].fillna(value=True)]
        rows = {
            name: _tally((self.stations if name == "open" else in_use)[column])
            for name, column in questions.items()
        }
        return pd.DataFrame.from_dict(rows, orient="index").rename_axis("question")


def audit_stations(
    stations: pd.DataFrame,
    coverage: Coverage | None = None,
    standard: Standard | str | Path | None = None,
    *,
    day: dt.date | None = None,
    strict_amenities: bool = False,
) -> Audit:
    """Check up on today's stations 体检: what is missing, late, too small, or carries alone.

    Parameters
    ----------
    stations : pandas.DataFrame
        A table as from `read_sites`.
    coverage : Coverage, optional
        As from `measure_coverage` with these stations: whom they reach, and whom alone.
    standard : Standard, str or Path, optional
        A standard to check against (see `check_standard`).
    day : datetime.date, optional
        Inspections are counted to this day. Default: today.
    strict_amenities : bool
        Ask for both charging and inflating in 充电充气工具.

    Returns
    -------
    Audit

    Raises
    ------
    InputError
        The coverage holds other stations, or the standard is not known.

    Notes
    -----
    At least four of nine amenities (MY), the four conveniences (CP), satisfaction below
    85 % (CP). A finding needs a fact: what a table does not say is missing, no defect;
    only a table with a column of inspections can show a station that was never inspected.

    Examples
    --------
    >>> audit_stations(stations, today, "miyun").summary()  # doctest: +SKIP
    """
    when = day or dt.datetime.now(tz=dt.UTC).date()
    out = pd.DataFrame(index=stations.index)
    state = [known_word("state", text) for text in _column(stations, "state")]
    known = np.array([one is not None for one in state], dtype=bool)
    serving = in_use(stations)
    out["open"] = pd.Series(serving, out.index, dtype="boolean").where(known | ~serving)
    out["open_to_public"] = _yes(stations, "open_to_public")
    out["week_hours"] = weekly_hours(_column(stations, "hours"))
    out["open_24h"] = (
        (out["week_hours"] == _FULL_WEEK).astype("boolean").where(out["week_hours"].notna())
    )
    _add_amenities(out, stations, strict=strict_amenities)
    out["has_sign"] = _yes(stations, "has_sign")
    inspected = _days(stations, "last_inspected")
    out["inspected_days"] = (pd.Timestamp(when) - inspected).dt.days.astype("Int64")
    out["satisfaction"] = _number(stations, "satisfaction")
    low = (out["satisfaction"] < LEAST_SATISFACTION).astype("boolean")
    out["unsatisfied"] = low.where(out["satisfaction"].notna())
    out["capacity"] = _number(stations, "capacity")
    classes = pd.cut(_number(stations, "area_m2"), _AREAS, right=False, labels=_AREA_CLASSES)
    out["area_class"] = classes.astype("str").where(classes.notna())
    _add_workers(out, coverage)
    out["standard"] = (
        pd.array([None] * len(out), "boolean")
        if standard is None
        else check_standard(stations, standard, strict_amenities=strict_amenities)["passed"]
    )
    planned = pd.Series([one == "planned" for one in state], index=out.index)
    _add_findings(out, planned, inspections="last_inspected" in stations.columns)
    return Audit(out, when)


def home_rate(
    units: pd.DataFrame,
    *,
    members: str = "members",
    home: str = "has_home",
    at_least: float = LEAST_MEMBERS,
) -> pd.DataFrame:
    """Return the home rate 建家率: how many of the units that should have a home have one.

    Parameters
    ----------
    units : pandas.DataFrame
        One row per unit.
    members, home : str
        Columns with the number of members, and whether there is a home (yes/no).
    at_least : float
        Members from which a unit should have one (50 in Miyun, 100 in Beijing).

    Returns
    -------
    pandas.DataFrame
        One row: ``eligible``, ``with_home``, ``unknown``, ``share`` (missing where no unit
        is eligible), ``without`` (tuple of the ids without a home), ``sentence_en`` and
        ``sentence_zh`` ("247 of 267 = 92.5%").

    Raises
    ------
    InputError
        A column is missing.

    Examples
    --------
    >>> units = pd.DataFrame({"members": [60, 80, 10], "has_home": ["是", "否", "否"]})
    >>> home_rate(units)["share"].item()
    0.5
    """
    missing = sorted({members, home} - set(units.columns))
    if missing:
        raise InputError(f"`units` has no column {missing}; it has {list(units.columns)}.")
    part = units[_values.numbers(units[members]).amounts >= at_least]
    answer = _yes(part, home)
    having = int(answer.sum())
    row = {
        "eligible": len(part),
        "with_home": having,
        "unknown": int(answer.isna().sum()),
        "share": having / len(part) if len(part) else np.nan,
        "without": tuple(part.index[~answer.fillna(value=True).to_numpy(dtype=bool)]),
        "sentence_en": share_text(having, len(part), "en"),
        "sentence_zh": share_text(having, len(part), "zh"),
    }
    return pd.DataFrame([row])


def _add_amenities(out: pd.DataFrame, stations: pd.DataFrame, *, strict: bool) -> None:
    amenities = site_amenities(stations, strict=strict)
    there, unknown = listed_amenities(amenities)
    out["amenities"], out["amenities_unknown"] = there, unknown
    out["enough_amenities"] = pd.array(
        [
            True if n >= LEAST_AMENITIES else None if n + open_ >= LEAST_AMENITIES else False
            for n, open_ in zip(there, unknown, strict=True)
        ],
        "boolean",
    )
    four = four_conveniences(amenities)
    failed = (~four.fillna(value=True)).any(axis=1).to_numpy(dtype=bool)
    met = four.fillna(value=False).all(axis=1).to_numpy(dtype=bool)
    out["four_conveniences"] = pd.array(
        [False if no else True if yes else None for no, yes in zip(failed, met, strict=True)],
        "boolean",
    )


def _add_workers(out: pd.DataFrame, coverage: Coverage | None) -> None:
    out["workers"] = out["workers_alone"] = out["capacity_use"] = np.nan
    if coverage is None:
        return
    unknown = out.index.difference(coverage.facilities.index)
    if len(unknown):
        raise InputError(f"`coverage` does not hold {len(unknown)} of the stations.")
    measured = coverage.facilities.loc[out.index]
    out["workers"], out["workers_alone"] = measured["workers"], measured["workers_alone"]
    people = coverage.demand[coverage.demand["covered"]]
    nearest = people.groupby(people["facility"])[coverage.weight].sum().reindex(out.index)
    capacity = out["capacity"].where(out["capacity"] > 0)
    out["capacity_use"] = nearest.fillna(0.0) / capacity


def _add_findings(out: pd.DataFrame, planned: pd.Series, *, inspections: bool) -> None:
    """List what was found; a missing answer is no finding."""
    never = out["inspected_days"].isna() if inspections else pd.Series(data=False, index=out.index)
    found = {
        "closed": ~out["open"].fillna(value=True) & ~planned,
        "few_amenities": ~out["enough_amenities"].fillna(value=True),
        "no_conveniences": ~out["four_conveniences"].fillna(value=True),
        "no_sign": ~out["has_sign"].fillna(value=True),
        "never_inspected": never,
        "old_inspection": (out["inspected_days"] > _YEAR_DAYS).fillna(value=False),
        "unsatisfied": out["unsatisfied"].fillna(value=False),
        "too_small": out["capacity_use"] > 1,
        "hours_unknown": out["week_hours"].isna(),
        "off_standard": ~out["standard"].fillna(value=True),
    }
    table = np.column_stack([np.asarray(mark, dtype=bool) for mark in found.values()])
    table = table.reshape(len(out), len(found))
    defects = np.array([name in _DEFECTS for name in found])
    out["findings"] = (table & defects).sum(axis=1)
    for place, language in enumerate(("en", "zh")):
        words = np.array([_FINDINGS[name][place] for name in found], dtype=object)
        comma: Literal["; ", "；"] = "; " if language == "en" else "；"
        out[f"findings_{language}"] = [comma.join(words[row]) for row in table]


def _tally(answers: pd.Series) -> dict[str, object]:
    yes, unknown = int(answers.sum()), int(answers.isna().sum())
    known = unknown < len(answers)
    return {
        "yes": yes,
        "no": len(answers) - yes - unknown,
        "unknown": unknown,
        "share": yes / len(answers) if known else np.nan,
        "sentence_en": share_text(yes, len(answers), "en") if known else "–",
        "sentence_zh": share_text(yes, len(answers), "zh") if known else "–",
    }


def _column(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame.columns:
        return pd.Series(None, index=frame.index, dtype="str")
    return _values.texts(frame[name])


def _yes(frame: pd.DataFrame, name: str) -> pd.Series:
    if name in frame.columns and pd.api.types.is_bool_dtype(frame[name].dtype):
        return frame[name].astype("boolean")
    return _values.yes_no(_column(frame, name))[0]


def _number(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame.columns:
        return pd.Series(np.nan, index=frame.index)
    reader = _values.shares if name == "satisfaction" else _values.numbers
    return pd.Series(reader(frame[name]).amounts, index=frame.index)


def _days(frame: pd.DataFrame, name: str) -> pd.Series:
    if name not in frame.columns:
        return pd.Series(pd.NaT, index=frame.index, dtype="datetime64[s]")
    return _values.dates(frame[name])[0]
