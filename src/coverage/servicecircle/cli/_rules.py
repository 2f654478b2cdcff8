"""Options for what is asked of a plan: the keywords of ``choose_sites``."""

from dataclasses import asdict, dataclass
from typing import Annotated, Any

import typer

from servicecircle.errors import InputError

Texts = list[str] | None
NUMBERS = "per value of a column: district=1, or district:江岸区=2; may be given again."


@dataclass(frozen=True)
class Rules:
    """What is asked of a plan."""

    n_open: Annotated[int | None, typer.Option(help="At most this many new sites.")] = None
    aim: Annotated[
        Texts,
        typer.Option(
            help="most_covered, fewest_sites, least_walking, shortest_worst or fairest; a "
            "second one chooses among plans equal in the first."
        ),
    ] = None
    share: Annotated[float | None, typer.Option(help="For fewest_sites: of all workers.")] = None
    fair_by: Annotated[str | None, typer.Option(help="For fairest: a column of workers.")] = None
    decay: Annotated[
        str | None,
        typer.Option(help="What a covered worker counts: linear, gaussian, or 1,0.5 per minutes."),
    ] = None
    group_weight: Annotated[Texts, typer.Option(help="How much a group counts: 骑手=2.")] = None
    budget: Annotated[float | None, typer.Option(help="What new sites may cost together.")] = None
    cost: Annotated[str, typer.Option(help="Column of costs.")] = "cost"
    at_least: Annotated[Texts, typer.Option(help=f"Fewest sites {NUMBERS}")] = None
    at_most: Annotated[Texts, typer.Option(help=f"Most sites {NUMBERS}")] = None
    count_existing: Annotated[bool, typer.Option(help="Today's stations count in these.")] = True
    min_spacing: Annotated[float | None, typer.Option(help="Metres between sites.")] = None
    min_spacing_minutes: Annotated[
        float | None, typer.Option(help="Minutes on foot between sites.")
    ] = None
    exclusive: Annotated[
        str | None, typer.Option(help="Column: at most one new site per value, e.g. building.")
    ] = None
    floor: Annotated[
        Texts, typer.Option(help="Least share covered: group=0.6, or group:骑手=0.6.")
    ] = None
    max_minutes: Annotated[
        float | None, typer.Option(help="Nobody who can be reached so soon walks longer.")
    ] = None
    backup: Annotated[bool, typer.Option("--backup", help="Two stations within reach.")] = False
    capacity: Annotated[str | None, typer.Option(help="Column: workers a site serves.")] = None
    split: Annotated[bool, typer.Option(help="A place's workers may go to several.")] = True
    closable: Annotated[
        str | None, typer.Option(help="Column of stations, yes or no: may close.")
    ] = None
    closing_cost: Annotated[str, typer.Option(help="Column: what closing costs.")] = "closing_cost"
    upgradable: Annotated[
        str | None, typer.Option(help="Column of stations: capacity after an upgrade.")
    ] = None
    upgrade_cost: Annotated[str, typer.Option(help="Column: what it costs.")] = "upgrade_cost"
    prefer: Annotated[
        str | None, typer.Option(help="Column of candidates, yes or no: first among equals.")
    ] = None
    required: Annotated[Texts, typer.Option(help="Id that must open; may be given again.")] = None
    forbidden: Annotated[Texts, typer.Option(help="Id that must not open.")] = None
    time_limit: Annotated[float, typer.Option(help="Seconds for searching and proving.")] = 30.0
    gap: Annotated[float, typer.Option(help="Stop when proved within this share.")] = 0.0
    seed: Annotated[int, typer.Option(help="For the local search.")] = 0

    def keywords(self) -> dict[str, Any]:
        """Return the keywords of ``choose_sites`` that were given."""
        given = {name: value for name, value in asdict(self).items() if value is not None}
        weights = given.pop("group_weight", [])
        if weights:
            given["group_weights"] = dict(_pair(text, "group-weight") for text in weights)
        for name, number in (("at_least", int), ("at_most", int), ("floor", float)):
            if name in given:
                given[name] = _by_column(given[name], name.replace("_", "-"), number)
        if "aim" in given:
            given["aim"] = given["aim"][0] if len(given["aim"]) == 1 else tuple(given["aim"])
        if "," in given.get("decay", ""):
            given["decay"] = [_number(part, "decay") for part in given["decay"].split(",")]
        for name in ("closable", "prefer", "required", "forbidden"):
            given.setdefault(name, ())
        return given


def _by_column(texts: list[str], name: str, number: type[int] | type[float]) -> dict[str, Any]:
    """Read ``district=1`` and ``district:江岸区=2``."""
    rules: dict[str, Any] = {}
    for text in texts:
        key, value = _pair(text, name)
        if number is int and value != int(value):
            raise InputError(f"--{name} must be a whole number, not {text!r}.")
        column, _, one = key.partition(":")
        if not one:
            rules[column] = number(value)
        elif isinstance(rules.setdefault(column, {}), dict):
            rules[column][one] = number(value)
        else:
            raise InputError(f"--{name} {column!r} is given both for all values and for {one!r}.")
    return rules


def _pair(text: str, name: str) -> tuple[str, float]:
    key, equals, value = text.rpartition("=")
    if not equals or not key:
        raise InputError(f"--{name} must read like name=number, not {text!r}.")
    return key, _number(value, name)


def _number(text: str, name: str) -> float:
    try:
        return float(text)
    except ValueError:
        raise InputError(f"--{name} needs numbers, not {text!r}.") from None
