"""OpenStreetMap tags written as text, such as ``shop=*`` or ``office=government~党群``."""

from __future__ import annotations

import re
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Mapping

    from numpy.typing import NDArray

GONE = ("no", "vacant", "disused", "abandoned", "demolished", "closed")


@dataclass(frozen=True)
class Rule:
    """Tags that must all be there (``*``: any value) and a pattern that the name must match."""

    tags: tuple[tuple[str, str], ...]
    name: str | None = None

    @classmethod
    def read(cls, text: str, name: str | None = None) -> Rule:
        """Read ``key=value[&key=value…][~name]``."""
        tags, _, pattern = text.partition("~")
        pairs = [tuple(tag.split("=", 1)) for tag in tags.split("&")]
        return cls(tuple((key, value) for key, value in pairs), pattern or name)

    @property
    def rank(self) -> int:
        """How special it is: 0 with a name, 1 with a value, 2 with any value."""
        if self.name:
            return 0
        return 2 if any(value == "*" for _, value in self.tags) else 1

    def matches(self, frame: pd.DataFrame) -> NDArray[np.bool_]:
        """Tell which rows it fits; a tag may hold several values parted by ``;``."""
        fits = np.ones(len(frame), dtype=bool)
        for key, value in self.tags:
            cells = frame[key]
            if value == "*":
                fits &= (cells.notna() & ~cells.isin(GONE)).to_numpy(dtype=bool)
            else:
                pattern = rf"(?:^|;)\s*{re.escape(value)}\s*(?:;|$)"
                fits &= cells.str.contains(pattern, na=False).to_numpy(dtype=bool)
        if self.name:
            fits &= frame["name"].str.contains(self.name, na=False).to_numpy(dtype=bool)
        return fits


def keys_of(rules: Iterable[Rule]) -> set[str]:
    """List the keys that the rules look at."""
    return {key for rule in rules for key, _ in rule.tags}


def any_of(rules: Iterable[Rule]) -> Callable[[Mapping[str, str]], bool]:
    """Return a quick test of an object's tags that lets through all that a rule could fit."""
    first: dict[str, set[str]] = {}
    for rule in rules:
        key, value = rule.tags[0]
        first.setdefault(key, set()).add(value)
    everything = frozenset(key for key, values in first.items() if "*" in values)

    def might(tags: Mapping[str, str]) -> bool:
        for key, values in first.items():
            value = tags.get(key)
            if value is not None and (key in everything or value in values or ";" in value):
                return True
        return False

    return might


def first_match(frame: pd.DataFrame, rules: Mapping[str, Iterable[Rule]]) -> NDArray[np.object_]:
    """Return for every row the key of the most special rule that fits, None where none does.

    Among equals the order of ``rules`` decides.
    """
    found = np.full(len(frame), None, dtype=object)
    ranked = [(rule.rank, key, rule) for key, some in rules.items() for rule in some]
    for _, key, rule in sorted(ranked, key=lambda entry: entry[0]):
        open_rows = pd.isna(found)
        found[open_rows & rule.matches(frame)] = key
    return found
