"""Opening hours: Chinese phrases to OpenStreetMap syntax, and what is open when.

``read_hours("早9点到晚8点,周一休息").osm == "Tu-Su 09:00-20:00"``. What a phrase does not say
is unknown, never closed.
"""

from __future__ import annotations

import datetime as dt
import re
from dataclasses import dataclass
from functools import cache, lru_cache
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from servicecircle import _values
from servicecircle._checks import name_some
from servicecircle._hours_text import translate
from servicecircle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterable

    from numpy.typing import NDArray
    from opening_hours import OpeningHours

DAYS = ("Mo", "Tu", "We", "Th", "Fr", "Sa", "Su")

# A week of early summer without a public holiday stands for "every week"
PLAIN_MONDAY = dt.datetime(2025, 6, 9)  # noqa: DTZ001 (local time, as the phrases are)

_MOMENT = re.compile(
    r"(?P<day>[A-Za-z]+|[周星期礼拜]+[一二三四五六日天])\s*(?P<clock>\d{1,2}:\d{2})"
)
_CHINESE_DAYS = {sign: day for day, sign in enumerate("一二三四五六日")} | {"天": 6}


@dataclass(frozen=True)
class Hours:
    """Opening hours as understood.

    Attributes
    ----------
    text : str
        What the table says.
    osm : str or None
        The same in OpenStreetMap's ``opening_hours`` syntax; None where unknown.
    note : str
        What was assumed, or why the hours are not known.
    """

    text: str
    osm: str | None
    note: str = ""

    def is_open(
        self, moment: dt.datetime, holidays: frozenset[dt.date] = frozenset()
    ) -> bool | None:
        """Tell whether it is open at a moment of local time; None where unknown.

        A moment on one of ``holidays`` counts as a public holiday.
        """
        if self.osm is None:
            return None
        rules = _rules(self.osm)
        if moment.date() in holidays:
            moment = dt.datetime.combine(_like_holiday(moment.date()), moment.time())
        return None if rules.is_unknown(moment) else bool(rules.is_open(moment))

    def weekly(self) -> float | None:
        """Hours open in a plain week of June; None where unknown or not the same every week."""
        if self.osm is None or "[" in self.osm:
            return None
        return sum(_open_hours(self.osm))


def read_hours(text: object) -> Hours:
    """Read opening hours: a Chinese phrase, or OpenStreetMap syntax as it stands.

    Parameters
    ----------
    text : str
        Such as ``"24小时"``, ``"工作日9时至17时"``, ``"Mo-Fr 09:00-17:00"``.

    Returns
    -------
    Hours
        With ``osm`` None where nothing, or nothing certain, is said.

    Notes
    -----
    早, 上午 and 凌晨 keep the hour, 下午 and 晚 add twelve below twelve; a range that runs
    backwards in the morning ("9-8点") is left unknown. Without days, every day is meant;
    without public holidays, only the day itself counts: no calendar of make-up working days
    (调休) or whole holiday weeks is known.

    Examples
    --------
    >>> read_hours("周一至周六 8:00-18:00").osm
    'Mo-Sa 08:00-18:00'
    >>> read_hours("预约开放").osm is None
    True
    """
    if not isinstance(text, str) or not text.strip():
        return Hours("", None)
    return _read(text)


@lru_cache(maxsize=20_000)
def _read(text: str) -> Hours:
    osm, note = translate(text)
    if osm is not None and not _valid(osm):
        return Hours(text, None, note)
    return Hours(text, osm, note)


def weekly_hours(cells: pd.Series) -> pd.Series:
    """Return the hours per plain week of every cell; missing where unknown."""
    values = [read_hours(cell).weekly() for cell in cells]
    return pd.Series(values, index=cells.index, dtype=float, name="week_hours")


def open_at(
    cells: pd.Series, moment: dt.datetime, holidays: frozenset[dt.date] = frozenset()
) -> pd.Series:
    """Tell which of several opening hours are open at a moment; missing where unknown."""
    answers = {cell: read_hours(cell).is_open(moment, holidays) for cell in cells.dropna().unique()}
    return pd.Series([answers.get(cell) for cell in cells], index=cells.index, dtype="boolean")


def open_between(cells: pd.Series, start: str | dt.datetime, end: str | dt.datetime) -> pd.Series:
    """Tell which share of a time slot several opening hours are open.

    Parameters
    ----------
    cells : pandas.Series
        Opening hours in Chinese or as OpenStreetMap writes them, e.g. ``shops["hours"]``.
    start, end : str or datetime.datetime
        The slot, e.g. ``"Tue 17:30"`` and ``"Tue 20:30"``; the end is later than the start.

    Returns
    -------
    pandas.Series
        The cells' index: 0–1, in steps of a quarter of an hour; missing where the hours are
        not known.

    Raises
    ------
    InputError
        A moment cannot be read, or the end is not later.

    Examples
    --------
    >>> open_between(pd.Series(["24小时", "8:00-19:00"]), "Tue 17:30", "Tue 20:30").tolist()
    [1.0, 0.5]
    """
    first, last = read_moment(start), read_moment(end)
    if not first < last:
        raise InputError(f"The slot from {start} to {end} has no length.")
    quarters = pd.date_range(first, last, freq="15min", inclusive="left")
    opened = [open_at(cells, moment.to_pydatetime()) for moment in quarters]
    shares = pd.concat(opened, axis=1).astype("Float64").mean(axis=1, skipna=False)
    return shares.astype(float).rename("open_between")


def open_in_week(
    cells: pd.Series,
    monday: dt.datetime = PLAIN_MONDAY,
    holidays: frozenset[dt.date] = frozenset(),
) -> NDArray[np.bool_]:
    """Return (rows, 168) bool: open at half past each hour of a week, Monday first.

    Unknown hours count as closed.
    """
    texts = cells.dropna().unique()
    rows = {cell: _week(read_hours(cell).osm, monday, holidays) for cell in texts}
    closed = np.zeros(168, dtype=bool)
    return np.array([rows.get(cell, closed) for cell in cells], dtype=bool).reshape(-1, 168)


def read_moment(at: str | dt.datetime) -> dt.datetime:
    """Read a moment: a datetime, ``"Tue 22:30"``, ``"周二 22:30"`` or ``"2025-10-02 09:00"``.

    A day of the week means that day of a plain week in June.

    Raises
    ------
    InputError
        It is none of these.
    """
    if isinstance(at, dt.datetime):
        return at.replace(tzinfo=None)
    match = _MOMENT.fullmatch(at.strip().replace("：", ":")) if isinstance(at, str) else None
    try:
        if match is None:
            return dt.datetime.fromisoformat(at).replace(tzinfo=None)
        clock = dt.datetime.strptime(match["clock"], "%H:%M")  # noqa: DTZ007 (local time)
        return PLAIN_MONDAY + dt.timedelta(
            _day(match["day"]), hours=clock.hour, minutes=clock.minute
        )
    except (TypeError, ValueError):
        raise InputError(
            f'`at` must be a moment such as "Tue 22:30", "周二 22:30" or a datetime, not {at!r}.'
        ) from None


def read_holidays(holidays: Iterable[dt.date | str] | None) -> frozenset[dt.date]:
    """Read a list of days: dates, or texts such as ``"2026-10-01"`` or ``"2026年10月1日"``.

    Raises
    ------
    InputError
        One is no day.
    """
    if isinstance(holidays, str):
        raise InputError(f"`holidays` must be a list of days, not the text {holidays!r}.")
    given = list(holidays or [])
    days, unreadable = _values.dates(pd.Series(given, dtype=object))
    wrong = unreadable | days.isna().to_numpy()
    if wrong.any():
        said = name_some([day for day, bad in zip(given, wrong, strict=True) if bad])
        raise InputError(f'`holidays` must be days such as "2026-10-01"; these are not: {said}.')
    return frozenset(day.date() for day in days)


def _day(name: str) -> int:
    if name[-1] in _CHINESE_DAYS:
        return _CHINESE_DAYS[name[-1]]
    return [day.casefold() for day in DAYS].index(name[:2].casefold())


@cache
def _rules(osm: str) -> OpeningHours:
    from opening_hours import OpeningHours

    return OpeningHours(osm, country="CN")


def _valid(osm: str) -> bool:
    import opening_hours

    return bool(opening_hours.validate(osm))


def _open_hours(osm: str) -> list[float]:
    end = PLAIN_MONDAY + dt.timedelta(days=7)
    return [
        (min(until or end, end) - since).total_seconds() / 3600
        for since, until, state, _ in _rules(osm).intervals(PLAIN_MONDAY, end)
        if str(state) == "open"
    ]


@cache
def _week(osm: str | None, monday: dt.datetime, holidays: frozenset[dt.date]) -> NDArray[np.bool_]:
    hours = np.zeros(168, dtype=bool)
    if osm is not None:
        half, said = monday + dt.timedelta(minutes=30), Hours(osm, osm)
        moments = [half + dt.timedelta(hours=hour) for hour in range(168)]
        hours[:] = [bool(said.is_open(moment, holidays)) for moment in moments]
    return hours


def _like_holiday(day: dt.date) -> dt.date:
    """Return a public holiday that the evaluator knows: same weekday, nearest time of year."""
    same = [known for known in _known_holidays() if known.weekday() == day.weekday()]
    season = day.timetuple().tm_yday
    apart = [abs(known.timetuple().tm_yday - season) for known in same]
    return min(zip([min(days, 366 - days) for days in apart], same, strict=True))[1]


@cache
def _known_holidays() -> tuple[dt.date, ...]:
    """List the days from 2010 to 2029 that count as PH in China."""
    rules, first = _rules("PH open"), dt.datetime(2010, 1, 1, 12)  # noqa: DTZ001 (local time)
    days = (first + dt.timedelta(days=number) for number in range(20 * 365))
    return tuple(day.date() for day in days if rules.is_open(day))
