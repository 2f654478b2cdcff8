"""What homes offer, under the headings of the programmes' reports, and what is due when."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import pandas as pd

from servicecircle import _values
from servicecircle._vocabulary import read_vocabulary
from servicecircle.errors import InputError
from servicecircle.standards.words import read_amenities

if TYPE_CHECKING:
    import datetime as dt

    from servicecircle.standards.labels import Language

LISTS = ("amenities", "rooms", "services")


def offers(
    sites: pd.DataFrame,
    by: Literal["positions", "functions"] = "positions",
    *,
    language: Language = "zh",
) -> pd.DataFrame:
    """List what each home offers under the headings of a report.

    Parameters
    ----------
    sites : pandas.DataFrame
        A table as from `read_sites`, with lists in ``amenities``, ``rooms`` or ``services``.
    by : {"positions", "functions"}
        Liaoning's three positions 三阵地 (comprehensive activities, public activities, daily
        life) or Fujian's basic functions (reception, services, activities).
    language : {"zh", "en"}
        Of headings and names.

    Returns
    -------
    pandas.DataFrame
        The sites' index; one column per heading with the names of what is there, missing
        where nothing is named.

    Raises
    ------
    InputError
        ``by`` or ``language`` is unknown.

    Notes
    -----
    The texts name a few examples per heading (yoga and gym; meetings and training; coffee,
    water, chargers, medicine); the rest is our choice, see ``groupings.toml``.

    Examples
    --------
    >>> homes = pd.DataFrame({"rooms": ["瑜伽室、会议室"], "amenities": ["饮水机"]})
    >>> offers(homes, language="en").iloc[0].tolist()
    ['Yoga room', 'Meeting room', 'Water dispenser']
    """
    headings = read_vocabulary("groupings")
    if by not in headings or language not in ("zh", "en"):
        raise InputError(f"There is no grouping {by!r} in {language!r}.")
    lists = [_values.texts(sites[name]) for name in LISTS if name in sites.columns]
    there = [
        {key for cell in cells for key in read_amenities(cell).present}
        for cells in zip(*lists, strict=True)
    ] or [set()] * len(sites)
    names = {
        key: entry[language]
        for vocabulary in reversed(LISTS)
        for key, entry in read_vocabulary(vocabulary).items()
    }
    columns = {}
    for entry in headings[by].values():
        keys = [*entry["named"], *entry["by"]]
        comma = "、" if language == "zh" else ", "
        texts = [comma.join(names[key] for key in keys if key in site) or None for site in there]
        columns[entry[language]] = pd.Series(texts, index=sites.index, dtype="str")
    return pd.DataFrame(columns, index=sites.index)


def service_calendar(first: dt.date | str, last: dt.date | str) -> pd.DataFrame:
    """List what the programmes' homes have to do between two days.

    Parameters
    ----------
    first, last : datetime.date or str
        Both days count.

    Returns
    -------
    pandas.DataFrame
        Sorted by ``day`` (the last on which it is in time): ``what_zh``, ``what_en``,
        ``original`` (the words of the text), ``source`` (its mark).

    Raises
    ------
    InputError
        A day cannot be read.

    Notes
    -----
    Weekly counsellor and quarterly report (CP), monthly event and haircuts on the last
    Friday (LN), yearly appraisal (QZ). Where the text fixes no day, the last of the week
    (Friday), month, quarter or year is given.

    Examples
    --------
    >>> service_calendar("2026-12-24", "2026-12-31")["what_en"].iloc[0]
    'Counsellor on duty'
    """
    try:
        start, end = pd.Timestamp(first), pd.Timestamp(last)
    except (ValueError, TypeError):
        raise InputError(f"{first!r} and {last!r} must be days, e.g. '2026-01-01'.") from None
    if pd.isna(start) or pd.isna(end):
        raise InputError("`first` and `last` must be days, e.g. '2026-01-01'.")
    rows = [
        (day.date(), entry["zh"], entry["en"], entry["original"], entry["source"])
        for entry in read_vocabulary("service_calendar").values()
        for day in pd.date_range(start, end, freq=entry["every"])
    ]
    columns = ["day", "what_zh", "what_en", "original", "source"]
    table = pd.DataFrame(rows, columns=columns)
    return table.sort_values("day", kind="stable", ignore_index=True)
