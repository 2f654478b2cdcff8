"""Standards of the programmes as readable files, and users' own."""

from __future__ import annotations

import tomllib
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import pandas as pd

from servicecircle._vocabulary import read_vocabulary
from servicecircle.errors import InputError

PRESETS = (
    "fujian", "fuzhou", "xiamen", "quanzhou", "chiping", "miyun", "dongcheng", "beijing",
    "liaoning",
)  # fmt: skip

RINGS = (10.0, 15.0)  # our choice, without pass or fail

# Check → type of its value
CHECKS: dict[str, type | tuple[type, ...]] = {
    "min_amenities": int,
    "convenience": str,
    "has_amenity": str,
    "street_front": bool,
    "floor": int,
    "open_to_public": bool,
    "open_24h": bool,
    "min_week_hours": (int, float),
    "min_area_m2": (int, float),
    "min_capacity": (int, float),
    "min_satisfaction": float,
    "has_sign": bool,
    "kinds": list,
}

_FACTS = ["key", "value", "unit", "sign", "en", "source", "original"]


@dataclass(frozen=True, repr=False)
class Standard:
    """What a programme asks of its stations.

    Attributes
    ----------
    name, zh, en : str
        Short name, and the programme in Chinese and English.
    source : str
        Mark of the programme's text.
    date : str
        When the text was written, or what its counts refer to.
    layout : str
        How the programme spreads its stations, in words.
    minutes : tuple of float
        The service circle; empty where the text states none (then both rings are shown
        and nothing passes or fails by them).
    rules : pandas.DataFrame
        Conditions on a single site: ``check``, ``value``, ``zh``, ``en``, ``source``,
        ``original``, indexed by the rule's id.
    quotas : pandas.DataFrame
        Conditions on the whole set: at least so many per value of a ``column``.
    facts : pandas.DataFrame
        Every other figure of the text, with its sign (``≥`` for "odd", ``≈<`` for "just
        under") and source; for reports, never computed with.
    """

    name: str
    zh: str
    en: str
    source: str
    date: str
    layout: str
    minutes: tuple[float, ...]
    rules: pd.DataFrame
    quotas: pd.DataFrame
    facts: pd.DataFrame

    def __repr__(self) -> str:
        circle = "/".join(f"{m:g}" for m in self.minutes) or "no stated"
        return f"<Standard {self.name}: {self.en}, {circle} minutes, {len(self.rules)} rules>"

    @property
    def at_least(self) -> dict[str, int]:
        """The quotas as `choose_sites` takes them: ``{"district": 1}``."""
        pairs = zip(self.quotas["column"], self.quotas["at_least"], strict=True)
        return {str(column): int(least) for column, least in pairs}

    @property
    def rings(self) -> tuple[float, ...]:
        """The minutes to show: the service circle, or both usual rings where none is stated."""
        return self.minutes or RINGS

    def summary(self) -> pd.DataFrame:
        """Return rules and quotas under each other, with their sources."""
        quotas = self.quotas.rename(columns={"at_least": "value"}).assign(check="at_least")
        return pd.concat([self.rules.reset_index(), quotas], ignore_index=True)


def standard(name: str | Path) -> Standard:
    """Return a programme's standard, or one of your own from a TOML file.

    Parameters
    ----------
    name : str or Path
        One of "fujian", "fuzhou", "xiamen", "quanzhou", "chiping", "miyun", "dongcheng",
        "beijing", "liaoning", or the path of a ``.toml`` file written like theirs.

    Returns
    -------
    Standard

    Raises
    ------
    InputError
        There is no such preset or file, or the file holds a rule that is not known.

    Examples
    --------
    >>> standard("miyun")
    <Standard miyun: Miyun district, Beijing, no stated minutes, 4 rules>
    """
    if str(name) in PRESETS:
        return _build(read_vocabulary(f"standards/{name}"), str(name))
    path = Path(name)
    if path.suffix != ".toml":
        raise InputError(
            f"There is no standard {str(name)!r}; there are {list(PRESETS)}, or give the path of "
            "a .toml file of your own."
        )
    try:
        text = path.read_text(encoding="utf-8-sig")
        return _build(tomllib.loads(text), path.name)
    except OSError:
        raise InputError(f"There is no file {str(path)!r}.") from None
    except (tomllib.TOMLDecodeError, UnicodeDecodeError) as error:
        raise InputError(f"{path.name} is not a TOML file: {error}.") from None


def _build(text: dict[str, Any], source: str) -> Standard:
    rules = [_check_rule(rule, source) for rule in text.get("rules", [])]
    index = pd.Index([rule["id"] for rule in rules], name="rule", dtype="object")
    if not index.is_unique:
        raise InputError(f"{source} names a rule twice: {list(index[index.duplicated()])}.")
    columns = ["check", "value", "zh", "en", "source", "original"]
    minutes = text.get("minutes", [])
    if not isinstance(minutes, list) or not all(isinstance(m, (int, float)) for m in minutes):
        raise InputError(f"{source}: `minutes` must be a list of numbers, not {minutes!r}.")
    return Standard(
        name=str(text.get("name", source.removesuffix(".toml"))),
        zh=str(text.get("zh", text.get("name", source))),
        en=str(text.get("en", text.get("name", source))),
        source=str(text.get("source", "user")),
        date=str(text.get("text_date", "")),
        layout=str(text.get("layout", "")),
        minutes=tuple(map(float, minutes)),
        rules=pd.DataFrame([[r[c] for c in columns] for r in rules], index, columns),
        quotas=_frame(
            text.get("quotas", []), ["column", "at_least", "zh", "en", "source", "original"], source
        ),
        facts=_frame(text.get("facts", []), _FACTS, source),
    )


def _check_rule(rule: dict[str, Any], source: str) -> dict[str, Any]:
    check, value = rule.get("check"), rule.get("value")
    if check not in CHECKS:
        raise InputError(f"{source}: there is no check {check!r}; there are {sorted(CHECKS)}.")
    kind = CHECKS[check]
    if not isinstance(value, kind) or (isinstance(value, bool) and kind is not bool):
        raise InputError(f"{source}: the value of {check!r} cannot be {value!r}.")
    known = {"convenience": "conveniences", "has_amenity": "amenities"}.get(check)
    if known and value not in read_vocabulary(known):
        raise InputError(
            f"{source}: {check!r} cannot be {value!r}; known are {sorted(read_vocabulary(known))}."
        )
    wording = f"{check} = {value}"
    defaults = {"id": check, "zh": wording, "en": wording, "source": "user", "original": ""}
    return defaults | rule


def _frame(rows: list[dict[str, Any]], columns: list[str], source: str) -> pd.DataFrame:
    needed = columns[:2]
    for row in rows:
        if not set(needed) <= set(row):
            raise InputError(f"{source}: {row!r} lacks {sorted(set(needed) - set(row))}.")
    return pd.DataFrame([{c: row.get(c, "") for c in columns} for row in rows], columns=columns)
