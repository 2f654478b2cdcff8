"""Options that several commands have."""

import dataclasses
import functools
import inspect
from collections.abc import Callable
from dataclasses import asdict, dataclass
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer

from servicecircle.cli._inputs import Reader, check_files
from servicecircle.errors import InputError

if TYPE_CHECKING:
    from servicecircle.networks import WalkNetwork

Network = Annotated[
    Path, typer.Option(help="街道 Streets: .osm.pbf, .osm, .parquet, a saved network …")
]
Stations = Annotated[Path, typer.Option(help="现有站点表 Table of today's stations.")]
MaybeStations = Annotated[
    Path | None, typer.Option("--stations", help="现有站点表 Table of today's stations.")
]
Demand = Annotated[Path, typer.Option(help="职工表 Table of places with workers.")]
Candidates = Annotated[
    Path, typer.Option(help="候选点表 Table of places that could host a station.")
]
Minutes = Annotated[
    list[float], typer.Option(help="步行分钟 Minutes of walking; may be given twice.")
]
StatedMinutes = Annotated[
    float | None,
    typer.Option(help="步行分钟 Minutes of walking; default: the standard's, else 15."),
]
Speed = Annotated[
    float | None, typer.Option(help="速度 km/h; default 4.5 walking, 12 cycle, 15 ebike.")
]
Preset = Annotated[
    str | None,
    typer.Option("--standard", help="服务标准 fujian, miyun … or a .toml file of your own."),
]
AsJson = Annotated[
    bool, typer.Option("--json", help="以 JSON 输出 Print the summary as JSON on stdout.")
]
Out = Annotated[Path | None, typer.Option(help="输出文件 File to write.")]


@dataclass(frozen=True)
class Walking:
    """The rules that streets are read by: the keywords of ``read_network``.

    A saved network keeps those it was built with.
    """

    mode: Annotated[
        Literal["walk", "cycle", "ebike"], typer.Option(help="出行方式 Who moves over the streets.")
    ] = "walk"
    steps: Annotated[float, typer.Option(help="台阶慢几倍 How many times slower steps are.")] = 1.0
    signals: Annotated[
        float, typer.Option(help="红绿灯等候秒数 Seconds of waiting at each traffic signal.")
    ] = 0.0
    squares: Annotated[bool, typer.Option(help="直穿广场 Cross pedestrian squares straight.")] = (
        True
    )
    private: Annotated[bool, typer.Option(help="可走内部道路 Use streets with access=private.")] = (
        True
    )
    elevation: Annotated[
        str | None, typer.Option(help="高程 Raster of ground heights, or ele: slopes then count.")
    ] = None
    max_access: Annotated[
        float | None,
        typer.Option(help="离街道最远米数 Metres a place may lie off its street; default 100."),
    ] = None

    def read(self, path: Path) -> "WalkNetwork":
        """Read a network that is there."""
        from servicecircle.networks import read_network

        self.check({"network": path})
        return read_network(path, **self.given())

    def given(self) -> dict[str, Any]:
        """Return the rules that were given; the others are left to the network."""
        return {name: value for name, value in asdict(self).items() if value != _DEFAULTS[name]}

    def check(self, files: dict[str, Path | None]) -> None:
        """Refuse files that are not there, the heights among them."""
        heights = Path(self.elevation) if self.elevation not in (None, "ele") else None
        check_files(files | {"elevation": heights})


_DEFAULTS = asdict(Walking())
TABLES = ("demand", "candidates", "stations")


@dataclass(frozen=True)
class Tables:
    """How tables are read."""

    coordinates: Annotated[
        Literal["auto", "wgs84", "gcj02", "bd09"],
        typer.Option(help="坐标系 System of the tables: gcj02 is Amap's, bd09 Baidu's."),
    ] = "auto"
    keep: Annotated[
        list[str] | None,
        typer.Option(
            help="保留列 Column of no known meaning to carry along from a large CSV, by table: "
            "candidates:门头宽度, demand:…, stations:…; may be given again."
        ),
    ] = None

    def reader(self) -> Reader:
        """Return what reads tables so."""
        kept: dict[str, list[str]] = {}
        for text in self.keep or ():
            table, colon, column = text.partition(":")
            if table not in TABLES or not colon or not column:
                raise InputError(f"--keep must read like candidates:门头宽度, not {text!r}.")
            kept.setdefault(table, []).append(column)
        return Reader(self.coordinates, kept)


def takes(name: str, options: type) -> Callable[[Callable[..., None]], Callable[..., None]]:
    """Give a command with the argument ``name`` one option for each field of a dataclass."""

    def decorate(command: Callable[..., None]) -> Callable[..., None]:
        rules = [
            inspect.Parameter(
                field.name,
                inspect.Parameter.KEYWORD_ONLY,
                default=field.default,
                annotation=field.type,
            )
            for field in dataclasses.fields(options)
        ]
        own = inspect.signature(command).parameters

        @functools.wraps(command)
        def run(**given: Any) -> None:
            held = options(**{rule.name: given.pop(rule.name) for rule in rules})
            command(**given, **{name: held})

        shown = [*(own[one] for one in own if one != name), *rules]
        run.__signature__ = inspect.Signature(  # type: ignore[attr-defined]
            [one.replace(kind=inspect.Parameter.KEYWORD_ONLY) for one in shown]
        )
        run.__annotations__ = {one.name: one.annotation for one in shown}
        return run

    return decorate


takes_walking = takes("walking", Walking)
takes_tables = takes("tables", Tables)
