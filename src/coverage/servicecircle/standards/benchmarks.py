"""The published figures that a report may quote, always with programme and date."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from servicecircle._vocabulary import read_vocabulary
from servicecircle.standards.presets import PRESETS, standard

if TYPE_CHECKING:
    from collections.abc import Mapping

_COLUMNS = ["programme", "programme_zh", "date", "key", "value", "sign", "unit", "en", "source"]


def benchmarks() -> pd.DataFrame:
    """Return the figures of the programmes' texts, and of other public pages, to quote.

    Returns
    -------
    pandas.DataFrame
        One row per figure: ``programme``, ``programme_zh``, ``date`` (of the text),
        ``key``, ``value``, ``sign`` ("≥" where a text says 余 or 多, "≈<" for 近, "<" for
        不到), ``unit``, ``en`` (what it counts), ``source`` (mark of the text; "derived":
        arithmetic on its numbers; "PUB": another public page, read second-hand) and
        ``quotation``, a line that names programme and date.

    Notes
    -----
    None of them is a target; the texts state counts as of a date.

    Examples
    --------
    >>> figures = benchmarks()
    >>> figures[(figures["programme"] == "Fujian province") & (figures["key"] == "homes")][
    ...     "quotation"
    ... ].item()
    '≥300 homes (Fujian province, 2019-09 to about 2021-01)'
    """
    parts = []
    for name in PRESETS:
        preset = standard(name)
        named = {"programme": preset.en, "programme_zh": preset.zh, "date": preset.date}
        parts.append(preset.facts.assign(**named))
    pages = pd.DataFrame(read_vocabulary("public_figures")["figures"])
    pages = pages.rename(columns={"place": "programme", "place_zh": "programme_zh"})
    parts.append(pages.assign(source="PUB"))
    out = pd.concat([part[_COLUMNS] for part in parts], ignore_index=True)
    return out.assign(quotation=[_quoted(row) for row in out.to_dict("records")])


def _quoted(row: Mapping[Any, Any]) -> str:
    value = row["value"]
    amount = str(value) if isinstance(value, str) else f"{value:,.10g}"
    sign = "" if row["sign"] == "=" else row["sign"]
    second = ", second-hand" if row["source"] == "PUB" else ""
    figure = " ".join(part for part in (f"{sign}{amount}", row["unit"]) if part)
    return f"{figure} ({row['programme']}, {row['date']}{second})"
