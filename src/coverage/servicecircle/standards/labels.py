"""The names of worker groups and venue kinds in two languages."""

from __future__ import annotations

from functools import cache
from typing import Any, Literal

import pandas as pd

from servicecircle._said import Said, say
from servicecircle._text import clean_text
from servicecircle._vocabulary import fold, read_vocabulary
from servicecircle.errors import InputError
from servicecircle.standards.words import known_word

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


def place_names(places: pd.DataFrame) -> pd.Series:
    """Return what to call places on a map or in a list; those without a name by their kind.

    Parameters
    ----------
    places : pandas.DataFrame
        With ``name``, ``brand``, ``kind``, ``street`` and ``address`` where they are known.

    Returns
    -------
    pandas.Series
        (n,) texts, same index: the name as it stands, else the brand, else the kind with
        无名 ("no name") and the street or address, in English and (``.zh``) Chinese, else
        the id.

    Examples
    --------
    >>> shops = pd.DataFrame({"kind": ["便利店"], "street": ["珠江路"]})
    >>> place_names(shops).iloc[0].zh
    '便利店（无名，珠江路）'
    """
    cells = {
        column: [clean_text(cell) for cell in places[column]]
        if column in places.columns
        else [""] * len(places)
        for column in ("name", "brand", "kind", "street", "address")
    }
    own = places["name"] if "name" in places.columns else cells["name"]
    rows = zip(places.index, own, *cells.values(), strict=True)
    told = [
        (cell if name else brand) or (_nameless(kind, street or address) if kind else str(key))
        for key, cell, name, brand, kind, street, address in rows
    ]
    return pd.Series(told, index=places.index, dtype=object)


def _nameless(kind: str, where: str) -> Said:
    return say(
        "{kind} (no name, {where})" if where else "{kind} (no name)",
        "{kind}（无名，{where}）" if where else "{kind}（无名）",
        kind=Said(kind_label(kind, "en"), kind_label(kind, "zh")),
        where=where,
    )


def _label(vocabulary: str, text: Any, language: Language, *, short: bool) -> str:
    if language not in {"en", "zh"}:
        raise InputError(f'`language` must be "en" or "zh", not {language!r}.')
    if not isinstance(text, str):
        return "" if pd.isna(text) else str(text)
    key = _keys(vocabulary).get(fold(text))
    if key is None and vocabulary == "venue_kinds":
        key = known_word("kind", text)
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
