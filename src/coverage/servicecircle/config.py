"""plan.toml: the settings of one plan, checked before anything is read or computed."""

import tomllib
from pathlib import Path
from typing import Annotated, Any, Literal

from pydantic import (
    AfterValidator,
    BaseModel,
    BeforeValidator,
    ConfigDict,
    Field,
    StrictInt,
    ValidationError,
    ValidationInfo,
    model_validator,
)

from servicecircle._checks import check_minutes, check_speed
from servicecircle.errors import InputError
from servicecircle.networks.profile import Mode
from servicecircle.standards import standard

AIMS = ("most_covered", "fewest_sites", "least_walking", "shortest_worst", "fairest")


def _beside_config(path: Path, info: ValidationInfo) -> Path:
    folder = Path((info.context or {}).get("folder", "."))
    return folder / path.expanduser()


def _known_standard(name: str, info: ValidationInfo) -> str:
    if name.endswith(".toml"):
        name = str(_beside_config(Path(name), info))
    standard(name)
    return name


def _one_or_two_aims(given: Any) -> str | tuple[str, ...]:
    aims = [given] if isinstance(given, str) else given
    if not isinstance(aims, list | tuple) or not 0 < len(aims) <= 2 or set(aims) - set(AIMS):  # noqa: PLR2004
        raise ValueError(f"must be one of {list(AIMS)}, or two of them")
    return given if isinstance(given, str) else tuple(aims)


def _minutes_asked(given: Any, info: ValidationInfo) -> tuple[float, ...]:
    """Take the minutes given, else those the preset states, else 10 and 15."""
    preset = info.data.get("preset")
    stated = standard(preset).minutes if given is None and preset else given
    return check_minutes(stated or (10.0, 15.0) if given is None else given)


FilePath = Annotated[Path, AfterValidator(_beside_config)]
Preset = Annotated[str, AfterValidator(_known_standard)]
Minutes = Annotated[tuple[float, ...], BeforeValidator(_minutes_asked)]
Speed = Annotated[float, BeforeValidator(check_speed)]
Share = Annotated[float, Field(ge=0, le=1)]
Aim = Annotated[str | tuple[str, ...], BeforeValidator(_one_or_two_aims)]
Heights = Literal["ele"] | FilePath


class _Part(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True, allow_inf_nan=False)


class Inputs(_Part):
    """``[inputs]``: files, read from the folder of plan.toml.

    ``coordinates`` is the system of the tables; ``keep`` names, by table, the columns of no
    known meaning to carry along (of a large CSV none are by default);
    ``districts_coordinates`` is that of the district outlines, needed in mainland China.
    ``vintage`` says from when the data is;
    ``note`` and ``note_en`` say what readers must know about it, on the map and in the
    workbook. ``elevation`` is a raster of ground heights, or "ele" for those of the nodes.
    """

    network: FilePath
    elevation: Heights | None = None
    demand: FilePath
    candidates: FilePath
    stations: FilePath | None = None
    districts: FilePath | None = None
    coordinates: Literal["auto", "wgs84", "gcj02", "bd09"] = "auto"
    keep: dict[Literal["demand", "candidates", "stations"], tuple[str, ...]] = {}
    districts_coordinates: Literal["wgs84", "gcj02", "bd09"] | None = None
    vintage: str = ""
    note: str = ""
    note_en: str = ""


class Standard(_Part):
    """``[standard]``: minutes of walking that count as served, and how people walk.

    ``speed`` is in km/h, by default the usual one of ``mode``; the other keys are the
    keywords of ``read_network``.

    ``preset`` is a programme such as "fujian", or a ``.toml`` file of your own; its minutes,
    where it states some, hold unless ``minutes`` is given.
    """

    preset: Preset | None = None
    minutes: Minutes = Field(default=None, validate_default=True)
    speed: Speed | None = None
    mode: Mode = "walk"
    steps: float = 1.0
    signals: float = 0.0
    squares: bool = True
    private: bool = True
    max_access: float | None = None

    @property
    def rules(self) -> dict[str, Any]:
        """Keywords of ``read_network``."""
        return self.model_dump(exclude={"preset", "minutes", "speed"})


class Choice(_Part):
    """``[plan]``: what is asked of the set of new sites.

    The keys are the keywords of ``choose_sites``, e.g. ``at_least = { district = 1 }``;
    ``n_open`` is "at most"; ``required`` and ``forbidden`` are ids of candidates, or a column
    of yes and no;
    ``time_limit`` is in seconds; ``gap`` is the optimality gap at which the search may stop.
    """

    n_open: Annotated[StrictInt, Field(ge=0)] | None
    aim: Aim = "most_covered"
    decay: Literal["linear", "gaussian"] | tuple[Share, ...] | None = None
    group_weights: dict[str, Annotated[float, Field(ge=0)]] | None = None
    budget: Annotated[float, Field(ge=0)] | None = None
    cost: str = "cost"
    at_least: dict[str, StrictInt | dict[str, StrictInt]] = {}
    at_most: dict[str, StrictInt | dict[str, StrictInt]] = {}
    count_existing: bool = True
    min_spacing: Annotated[float, Field(ge=0)] | None = None
    min_spacing_minutes: Annotated[float, Field(ge=0)] | None = None
    exclusive: str | tuple[tuple[str, ...], ...] | None = None
    floor: dict[str, float | dict[str, float]] = {}
    max_minutes: Annotated[float, Field(ge=0)] | None = None
    share: Share | None = None
    backup: bool = False
    capacity: str | None = None
    split: bool = True
    closable: str | tuple[str, ...] = ()
    closing_cost: str = "closing_cost"
    upgradable: str | None = None
    upgrade_cost: str = "upgrade_cost"
    prefer: str | tuple[str, ...] = ()
    fair_by: str | None = None
    required: str | tuple[str, ...] = ()
    forbidden: str | tuple[str, ...] = ()
    time_limit: Annotated[float, Field(gt=0)] = 30.0
    gap: Annotated[float, Field(ge=0, lt=1)] = 0.0
    seed: Annotated[StrictInt, Field(ge=0)] = 0

    @model_validator(mode="before")
    @classmethod
    def _number_may_be_missing(cls, data: Any) -> Any:
        """Let a budget, or the aim of few sites, stand for the number of sites."""
        known = isinstance(data, dict) and (
            "budget" in data or "fewest_sites" in str(data.get("aim"))
        )
        return {"n_open": None, **data} if known else data


class Label(_Part):
    """A name on the map, e.g. of a river; ``at`` is (longitude, latitude), WGS84."""

    text: str
    at: tuple[float, float]
    text_en: str = ""
    turn: float = 0.0


class Output(_Part):
    """``[output]``: the folder to write, beside plan.toml, and how the map reads.

    ``document`` asks for a Word document in each language too.
    """

    folder: FilePath = Field(default=Path("plan"), validate_default=True)
    title: str = ""
    language: Literal["zh", "en", "both"] = "both"
    document: bool = False
    labels: tuple[Label, ...] = ()


class Settings(_Part):
    """Everything in plan.toml, with all paths made relative to its folder."""

    inputs: Inputs
    plan: Choice
    output: Output
    standard: Standard = Standard()


def read_config(path: str | Path) -> Settings:
    """Read the settings of a plan from a TOML file.

    Parameters
    ----------
    path : str or Path
        A TOML file with the tables ``[inputs]`` (network, stations, demand, candidates,
        districts, coordinates, keep, districts_coordinates, vintage, note, note_en),
        ``[standard]`` (preset, minutes, speed in km/h, and the walking rules of
        ``read_network``), ``[plan]`` (the keywords of
        ``choose_sites``, e.g. aim, n_open, budget, at_least, time_limit in seconds, seed)
        and ``[output]`` (folder, title, language, document, labels).

    Returns
    -------
    Settings
        Frozen; paths are relative to the folder of ``path``.

    Raises
    ------
    InputError
        The file is missing or not TOML, or a setting is unknown, missing or wrong; all
        faults are named at once.

    Examples
    --------
    >>> from servicecircle.samples import wuhan
    >>> read_config(wuhan().plan).plan.n_open
    12
    """
    path = Path(path)
    try:
        data = tomllib.loads(path.read_text(encoding="utf-8-sig"))
    except OSError as error:
        raise InputError(f"Cannot read {str(path)!r}: {error.strerror or error}.") from error
    except UnicodeDecodeError as error:
        raise InputError(f"{str(path)!r} is not UTF-8 text. Save it as UTF-8.") from error
    except tomllib.TOMLDecodeError as error:
        raise InputError(f"{str(path)!r} is not valid TOML: {error}.") from error
    try:
        # Pydantic checks a default only where its table stands.
        return Settings.model_validate({"output": {}, **data}, context={"folder": path.parent})
    except ValidationError as error:
        faults = "; ".join(_in_words(fault) for fault in error.errors())
        raise InputError(f"{str(path)!r}: {faults}.") from error


def _in_words(fault: Any) -> str:
    table, *rest = (str(part) for part in fault["loc"])
    place = f"[{table}] {'.'.join(rest)}".rstrip()
    if fault["type"] == "extra_forbidden":
        return f"{place} is not a known setting"
    if fault["type"] == "missing":
        return f"{place} is missing"
    message = str(fault["msg"]).removeprefix("Value error, ").rstrip(".")
    return f"{place} = {fault['input']!r}: {message}"
