"""Sentences that reach a planner's file: written once in English, carried along in Chinese."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any, Self

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Sequence

_MEASURES = {
    "row": "行",
    "cell": "个单元格",
    "shape": "个图形",
    "estimate": "个估计数",
}
# Reasons in the tables that readers return, which stay plain English text there
_REASONS = {
    "no coordinates": "没有坐标",
    "no geometry": "没有图形",
    "coordinates are not numbers": "坐标不是数字",
    "coordinates are infinite": "坐标是无穷大",
    "coordinates are 0, 0": "坐标为 0, 0",
    "longitude and latitude look swapped": "经度与纬度似乎颠倒",
    "longitude is beyond 180 or latitude beyond 90": "经度超过 180 或纬度超过 90",
    "the outline is missing or cut by the extract": "轮廓缺失或被数据边界截断",
    "workers: the use of the building is not known": "人数：建筑用途不明",
    "workers: no number": "人数：没有数字",
    "workers: (.+) is not a number": r"人数：\1 不是数字",
    "workers: (.+) is negative": r"人数：\1 为负数",
    "workers: (.+) is not finite": r"人数：\1 不是有限的数",
}


class Said(str):
    """A sentence in English that carries the same in Chinese.

    It is the English text wherever a text is wanted; `in_chinese` finds the other.

    Attributes
    ----------
    zh : str
        The Chinese sentence.
    """

    __slots__ = ("zh",)

    zh: str

    def __new__(cls, english: str, chinese: str) -> Self:
        """Put both together."""
        both = super().__new__(cls, english)
        both.zh = chinese
        return both

    def __getnewargs__(self) -> tuple[str, str]:  # type: ignore[override]
        """Keep the Chinese in copies and between processes."""
        return str(self), self.zh


def say(english: str, chinese: str, **figures: Any) -> Said:
    """Fill a sentence in both languages; what was itself said in both is put in as such.

    Examples
    --------
    >>> note = say("{rows} left out", "略去 {rows}", rows=count(3, "row"))
    >>> note, note.zh
    ('3 rows left out', '略去 3 行')
    """
    other = {name: in_chinese(figure) for name, figure in figures.items()}
    return Said(english.format(**figures), chinese.format(**other))


def in_chinese(text: Any) -> Any:
    """Return the Chinese of what was said in both languages; anything else as it is."""
    return text.zh if isinstance(text, Said) else text


def in_both(text: Any, between: str = " ") -> Any:
    """Write Chinese and English one after the other; anything else stays as it is."""
    return f"{text.zh}{between}{text}" if isinstance(text, Said) else text


def join(parts: Sequence[str], english: str, chinese: str) -> Said:
    """Join texts in both languages."""
    return Said(english.join(parts), chinese.join(map(in_chinese, parts)))


def reason_said(reason: Any) -> Any:
    """Add the Chinese to the reason that a reader gave for a row; others stay as they are."""
    if not isinstance(reason, str):
        return reason
    for pattern, chinese in _REASONS.items():
        if re.fullmatch(pattern, reason):
            return Said(reason, re.sub(pattern, chinese, reason))
    return reason


def count(rows: Any, noun: str) -> Said:
    """Count what is true: "1 row" or "3 rows", "3 行"."""
    number = int(np.sum(rows))
    plural = noun if number == 1 else f"{noun}s"
    return Said(f"{number:,} {plural}", f"{number:,} {_MEASURES[noun]}")
