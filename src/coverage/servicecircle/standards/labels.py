"""The names of worker groups and venue kinds in two languages."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import pandas as pd

from servicecircle._vocabulary import fold, read_vocabulary
from servicecircle.errors import InputError

Language = Literal["en", "zh"]


def group_label(text: Any, language: Language, *, short: bool = False) -> str:
    """Name a worker group in one language, whatever the table calls it.

    Parameters
    ----------
    text : str
        A key ("courier"), a name in either language, or a synonym ("快递小哥").
    language : {"en", "zh"}
        The language wanted.
    short : bool
        One short word for a chip, instead of the full name.

    Returns
    -------
    str
        The name; unknown text as it was given; "" where nothing is given.

    Examples
    --------
    >>> group_label("快递物流", "en")
    'Couriers'
    >>> group_label("office", "zh", short=True)
    '楼宇'
    """
    return _label("groups", text, language, short=short)


def kind_label(text: Any, language: Language, *, short: bool = False) -> str:
    """Name a venue kind in one language, whatever the table calls it.

    Parameters
    ----------
    text : str
        A key ("bank_branch"), a name in either language, or a synonym ("银行").
    language : {"en", "zh"}
        The language wanted.
    short : bool
        One short word for a chip, instead of the full name.

    Returns
    -------
    str
        The name; unknown text as it was given; "" where nothing is given.

    Examples
    --------
    >>> kind_label("银行", "en")
    'Bank branch'
    """
    return _label("venue_kinds", text, language, short=short)


def _label(vocabulary: str, text: Any, language: Language, *, short: bool) -> str:
    if language not in {"en", "zh"}:
        raise InputError(f'`language` must be "en" or "zh", not {language!r}.')
    if not isinstance(text, str):
        return "" if pd.isna(text) else str(text)
    key = _keys(vocabulary).get(fold(text))
    if key is None:
        return text
    entry = read_vocabulary(vocabulary)[key]
    return str(entry["short"][language] if short else entry[language])


@cache
def _keys(vocabulary: str) -> dict[str, str]:
    """Return every folded way to write an entry → its key; full names win over short ones."""
    keys: dict[str, str] = {}
    entries = read_vocabulary(vocabulary).items()
    for key, entry in entries:
        keys |= {fold(name): key for name in [key, entry["zh"], entry["en"], *entry["synonyms"]]}
    for key, entry in entries:
        for name in entry["short"].values():
            keys.setdefault(fold(name), key)
    return keys
