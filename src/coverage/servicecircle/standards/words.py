"""Words of planners' tables: kinds, classes, settings, and lists of amenities."""

from __future__ import annotations

import re
import unicodedata
from dataclasses import dataclass, field
from functools import cache, lru_cache
from typing import TYPE_CHECKING

from servicecircle._vocabulary import fold, read_vocabulary

if TYPE_CHECKING:
    import pandas as pd

# Column → the data files whose words it may hold; a flat 类型 fills any of the station's columns
VOCABULARIES = {
    "kind": ("venue_kinds",),
    "group": ("groups",),
    "station_type": ("station_classes", "settings", "models"),
    "station_class": ("station_classes",),
    "setting": ("settings",),
    "model": ("models",),
    "state": ("states",),
    "access": ("access",),
    "tenure": ("tenures",),
}

_OUTSIDE_BRACKETS = r"(?![^(]*\))"
_SEPARATORS = re.compile(rf"(?:[、,;/。\n\r\s+]|和|及(?!其)){_OUTSIDE_BRACKETS}")
_BRACKET = re.compile(r"\(([^()]*)\)")
_AND_SO_ON = re.compile(r"等(?:设施|设备|服务|基础服务设施)?$")
_COUNT = re.compile(r"^(?P<head>.*?)[x×*]?(?P<n>\d+)(?:台套|[台把张个套部组只件条盏间处])?$")
_COUNT_FIRST = re.compile(r"^(?P<n>\d+)(?:台套|[台把张个套部组只件条盏间处])(?P<head>.+)$")
_NOT_THERE = re.compile(r"^(?:暂?无|没有|未配|未设|缺|待配|拟配|待安装|计划|拟增|取消)")
_BROKEN = re.compile(r"损坏|故障|坏|待修|维修中|停用|待配|拟配|未配|暂缺|计划")
_BROKEN_END = re.compile(r"(?:待配|拟配|未配|待安装|损坏|故障|已坏|暂缺|维修中|停用)$")
_OFF_SITE = re.compile(r"步行|附近|公厕|室外|\d+\s*(?:m|米)")
_NOTHING = {"无", "没有", "暂无", "none", "no"}


@dataclass(frozen=True)
class Amenities:
    """A list of amenities as understood.

    Attributes
    ----------
    present : dict
        Key → how many (None where the text does not count them).
    absent : frozenset of str
        Keys that are said to be missing, broken or still planned.
    open_ended : bool
        The list ends with 等 (etc.) or is blank: what it does not name may be there.
    notes : dict
        Key → what stands in brackets, "off-site" where it is elsewhere.
    partial : frozenset of str
        Keys of which only one half is named (charging without inflation).
    unknown : tuple of str
        Words that are not known.
    """

    present: dict[str, int | None] = field(default_factory=dict)
    absent: frozenset[str] = frozenset()
    open_ended: bool = False
    notes: dict[str, str] = field(default_factory=dict)
    partial: frozenset[str] = frozenset()
    unknown: tuple[str, ...] = ()

    def has(self, key: str) -> bool | None:
        """Tell whether an amenity is there; None where the text leaves it open."""
        if key in self.present:
            return True
        return None if self.open_ended and key not in self.absent else False


def known_word(column: str, text: object) -> str | None:
    """Return our key for a word of one of the planners' columns, or None.

    Examples
    --------
    >>> known_word("kind", "银行"), known_word("station_type", "园区型")
    ('bank_branch', 'park')
    """
    if not isinstance(text, str):
        return None
    for vocabulary in VOCABULARIES[column]:
        key = _keys(vocabulary).get(fold(text))
        if key is not None:
            return key
    return _amap_kind(text) if column == "kind" and ";" in text else None


def as_keys(cells: pd.Series, column: str) -> pd.Series:
    """Bring the words of a planners' column to our keys; what we do not know stays."""
    if column not in VOCABULARIES:
        return cells
    return cells.map(lambda word: known_word(column, word) or word)


def _amap_kind(text: str) -> str | None:
    """Read a type of Amap's result lists: ``购物服务;便民商店/便利店;便民商店/便利店``.

    The finest of its parts that we know decides, else the longest type that it begins with.
    """
    parts = text.split("|", maxsplit=1)[0].split(";")
    for part in reversed(parts):
        if (key := _keys("venue_kinds").get(fold(part))) is not None:
            return key
    begun = [f"{';'.join(parts[:n])};" for n in range(len(parts), 0, -1)]
    known = _amap_types()
    return next((known[start] for start in begun if start in known), None)


@cache
def _amap_types() -> dict[str, str]:
    """Return the beginnings of Amap's types → the first kind that they mean."""
    types: dict[str, str] = {}
    for key, entry in read_vocabulary("venue_kinds").items():
        if "amap" in entry:
            types.setdefault(entry["amap"].removesuffix("*").rstrip(";") + ";", key)
    return types


@cache
def _keys(vocabulary: str) -> dict[str, str]:
    keys: dict[str, str] = {}
    for key, entry in read_vocabulary(vocabulary).items():
        for name in [key, entry["zh"], entry["en"], *entry["synonyms"]]:
            keys.setdefault(fold(name), key)
    return keys


def read_amenities(text: object, *, strict: bool = False) -> Amenities:
    """Read a list of amenities, rooms or services as planners write it.

    Parameters
    ----------
    text : str
        Such as ``"饮水机、微波炉1台、无线WiFi、卫生间(共用)等"``. Blank text says nothing.
    strict : bool
        Ask for both halves of 充电充气工具, which the text names as one item.

    Returns
    -------
    Amenities

    Notes
    -----
    无线WiFi, 无障碍 and 无人值守 are no negations; 无微波炉, 微波炉(损坏), 待配 and 拟配 are
    absent; 等 at the end leaves the rest open.

    Examples
    --------
    >>> sorted(read_amenities("无线WiFi、无微波炉、座椅20把").present)
    ['seats', 'wifi']
    """
    if not isinstance(text, str) or not text.strip():
        return Amenities(open_ended=True)
    found = _read_list(text)
    if not strict or not found.partial:
        return found
    present = {key: n for key, n in found.present.items() if key not in found.partial}
    return Amenities(
        present, found.absent, found.open_ended, found.notes, found.partial, found.unknown
    )


def is_missing(text: object) -> bool:
    """Tell whether a text says that a thing is broken, planned or not there."""
    return isinstance(text, str) and bool(_BROKEN.search(text) or _NOT_THERE.match(text))


@lru_cache(maxsize=20_000)
def _read_list(text: str) -> Amenities:
    plain = unicodedata.normalize("NFKC", text).strip().strip("。.;、,")
    if plain in {"/", "—", "-", "未知", "待定", "不详"}:
        return Amenities(open_ended=True)
    open_ended = bool(_AND_SO_ON.search(plain))
    present: dict[str, int | None] = {}
    notes: dict[str, str] = {}
    absent, halves, unknown = set(), set(), []
    for item in _SEPARATORS.split(_AND_SO_ON.sub("", plain)):
        if not item or item in _NOTHING:
            continue
        keys, missing, number, note, half = _read_item(item)
        if not keys:
            unknown.append(item)
        absent |= keys if missing else set()
        halves |= half
        if not missing:
            present |= dict.fromkeys(keys, number)
            notes |= dict.fromkeys(keys, note) if note else {}
    partial = {half.partition(":")[0] for half in halves}
    partial = {key for key in partial if not _whole(key, halves)}
    return Amenities(
        present,
        frozenset(absent - set(present)),
        open_ended,
        notes,
        frozenset(partial),
        tuple(unknown),
    )


def _read_item(item: str) -> tuple[set[str], bool, int | None, str, set[str]]:
    """Return the keys of one item, whether it is missing, its number, note and named halves."""
    note = "; ".join(_BRACKET.findall(item))
    bare = _BRACKET.sub("", item).strip()
    match = _COUNT.match(bare) or _COUNT_FIRST.match(bare)
    number = int(match["n"]) if match and match["head"] else None
    head = match["head"].strip() if match and match["head"] else bare
    negated = _NOT_THERE.match(head)
    missing = bool(_BROKEN.search(note) or _BROKEN_END.search(head)) or number == 0
    words = _words_in(fold(head))
    if negated and not any(fold(head).startswith(word) for word in words):
        missing = True
    keys = {_amenity_words()[word] for word in words}
    if not keys and "(" in item:
        words = _words_in(fold(item))
        keys = {_amenity_words()[word] for word in words}
    off_site = bool(note) and bool(_OFF_SITE.search(note))
    note = f"off-site: {note}" if off_site else note
    halves = {half for word in words for half in (_halves().get(word),) if half}
    return {key.partition(":")[0] for key in keys}, missing, number, note, halves


def _words_in(text: str) -> list[str]:
    """Return the longest known words of a text, none inside another."""
    words, left = [], text
    for word in _longest_first():
        if word in left:
            words.append(word)
            left = left.replace(word, "\0")
    return words


@cache
def _amenity_words() -> dict[str, str]:
    """Return every folded way to write an amenity, room or service → its key."""
    words: dict[str, str] = {}
    for vocabulary in ("amenities", "rooms", "services"):
        for key, entry in read_vocabulary(vocabulary).items():
            names = [entry["zh"], *entry["synonyms"]]
            names += [*entry.get("charging", []), *entry.get("inflation", [])]
            for name in [*names, key, entry["en"]]:
                words.setdefault(fold(name), key)
    return words


@cache
def _longest_first() -> tuple[str, ...]:
    return tuple(sorted(_amenity_words(), key=lambda word: (-len(word), word)))


@cache
def _halves() -> dict[str, str]:
    """Return words that name one half of an item → ``key:half``, the whole item ``key:``."""
    halves: dict[str, str] = {}
    for key, entry in read_vocabulary("amenities").items():
        if "charging" not in entry:
            continue
        halves |= {fold(name): f"{key}:" for name in [entry["zh"], *entry["synonyms"]]}
        for half in ("charging", "inflation"):
            halves |= {fold(name): f"{key}:{half}" for name in entry[half]}
    return halves


def _whole(key: str, halves: set[str]) -> bool:
    return f"{key}:" in halves or {f"{key}:charging", f"{key}:inflation"} <= halves
