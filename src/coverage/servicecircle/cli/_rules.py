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

    n_open: Annotated[int | None, typer.Option(help="最多新开 At most this many new sites.")] = None
    aim: Annotated[
        Texts,
        typer.Option(
            help="目标 most_covered, fewest_sites, least_walking, shortest_worst or fairest; a "
            "second one chooses among plans equal in the first."
        ),
    ] = None
    share: Annotated[
        float | None, typer.Option(help="目标覆盖率 For fewest_sites: of all workers.")
    ] = None
    fair_by: Annotated[
        str | None, typer.Option(help="公平的依据 For fairest: a column of workers.")
    ] = None
    decay: Annotated[
        str | None,
        typer.Option(
            help="步行折减 What a covered worker counts: linear, gaussian, or 1,0.5 per minutes."
        ),
    ] = None
    group_weight: Annotated[
        Texts, typer.Option(help="人群权重 How much a group counts: 骑手=2.")
    ] = None
    budget: Annotated[float | None, typer.Option(help="预算 What new sites may cost together.")] = (
        None
    )
    cost: Annotated[str, typer.Option(help="投入所在列 Column of costs.")] = "cost"
    at_least: Annotated[Texts, typer.Option(help=f"至少 Fewest sites {NUMBERS}")] = None
    at_most: Annotated[Texts, typer.Option(help=f"至多 Most sites {NUMBERS}")] = None
    count_existing: Annotated[
        bool, typer.Option(help="计入现有站点 Today's stations count in these.")
    ] = True
    min_spacing: Annotated[float | None, typer.Option(help="间距(米) Metres between sites.")] = None
    min_spacing_minutes: Annotated[
        float | None, typer.Option(help="间距(步行分钟) Minutes on foot between sites.")
    ] = None
    exclusive: Annotated[
        str | None, typer.Option(help="互斥 Column: at most one new site per value, e.g. building.")
    ] = None
    floor: Annotated[
        Texts, typer.Option(help="覆盖率下限 Least share covered: group=0.6, or group:骑手=0.6.")
    ] = None
    max_minutes: Annotated[
        float | None,
        typer.Option(help="最远步行(分钟) Nobody who can be reached so soon walks longer."),
    ] = None
    backup: Annotated[
        bool, typer.Option("--backup", help="双重覆盖 Two stations within reach.")
    ] = False
    capacity: Annotated[
        str | None, typer.Option(help="容量所在列 Column: workers a site serves.")
    ] = None
    split: Annotated[
        bool, typer.Option(help="可分配到多站 A place's workers may go to several.")
    ] = True
    closable: Annotated[
        str | None, typer.Option(help="可关闭的站点 Column of stations, yes or no: may close.")
    ] = None
    closing_cost: Annotated[str, typer.Option(help="关闭费用列 Column: what closing costs.")] = (
        "closing_cost"
    )
    upgradable: Annotated[
        str | None, typer.Option(help="升级后容量列 Column of stations: capacity after an upgrade.")
    ] = None
    upgrade_cost: Annotated[str, typer.Option(help="升级费用列 Column: what it costs.")] = (
        "upgrade_cost"
    )
    prefer: Annotated[
        str | None,
        typer.Option(help="优先选用 Column of candidates, yes or no: first among equals."),
    ] = None
    required: Annotated[
        Texts, typer.Option(help="必须开设 Id that must open; may be given again.")
    ] = None
    forbidden: Annotated[Texts, typer.Option(help="不得开设 Id that must not open.")] = None
    time_limit: Annotated[
        float, typer.Option(help="计算时限(秒) Seconds for searching and proving.")
    ] = 30.0
    gap: Annotated[float, typer.Option(help="允许的差距 Stop when proved within this share.")] = 0.0
    seed: Annotated[int, typer.Option(help="随机种子 For the local search.")] = 0

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
