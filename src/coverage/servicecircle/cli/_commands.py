"""The commands and their options."""

import json
from collections.abc import Mapping
from pathlib import Path
from typing import TYPE_CHECKING, Annotated, Any, Literal

import typer
from rich.console import Console
from rich.table import Table

from servicecircle import __version__
from servicecircle.cli._inputs import check_files, check_target, require_joined, require_rows
from servicecircle.cli._screen import steps
from servicecircle.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

# Newer typers carry a click of their own: take the class from where both have it.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]

AREA_SUFFIXES = (".gpkg", ".geojson")
COVERAGE_SUFFIXES = (".xlsx", ".gpkg", ".html")
SCORE_SUFFIXES = (".gpkg", ".geojson")

WIDE = 200

app = typer.Typer(
    help="服务圈 Where workers' service stations should go: walking circles, coverage, sites.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)
networks = typer.Typer(help="Build, inspect and judge walking networks.", rich_markup_mode=None)
app.add_typer(networks, name="network")

Network = Annotated[Path, typer.Option(help="Streets: .osm.pbf, .osm, .parquet, a saved network …")]
Stations = Annotated[Path, typer.Option(help="Table of today's stations.")]
MaybeStations = Annotated[
    Path | None, typer.Option("--stations", help="Table of today's stations.")
]
Demand = Annotated[Path, typer.Option(help="Table of places with workers.")]
Candidates = Annotated[Path, typer.Option(help="Table of places that could host a station.")]
System = Annotated[
    Literal["auto", "wgs84", "gcj02", "bd09"],
    typer.Option("--coordinates", help="System of the tables: gcj02 is Amap's, bd09 Baidu's."),
]
Minutes = Annotated[list[float], typer.Option(help="Minutes of walking; may be given twice.")]
Speed = Annotated[float, typer.Option(help="Walking speed in km/h.")]
Preset = Annotated[
    str | None, typer.Option("--standard", help="fujian, miyun … or a .toml file of your own.")
]
AsJson = Annotated[bool, typer.Option("--json", help="Print the summary as JSON on stdout.")]
Out = Annotated[Path | None, typer.Option(help="File to write.")]


@app.callback(invoke_without_command=True)
def _top(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,  # noqa: FBT002
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit


@app.command(epilog="Example: servicecircle plan data/wuhan/plan.toml")
def plan(
    config: Annotated[Path, typer.Argument(help="plan.toml: inputs, standard, plan, output.")],
    *,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write instead of the one set.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """Choose the sites to open: map, workbook, GeoPackage and summary in one folder."""
    from servicecircle.cli._plan import make_plan
    from servicecircle.config import read_config

    summary, folder = make_plan(read_config(config), out)
    if as_json:
        print_json(summary)
        return
    _print_coverage(summary["coverage_before"], summary["coverage_after"])
    console = _stdout()
    console.print(_proof(summary["plan"]))
    for name in ("map.html", "plan.xlsx", "plan.gpkg", "summary.json"):
        console.print(f"  {folder / name}", soft_wrap=True)


@app.command(
    epilog="Example: servicecircle areas --network streets.parquet --stations stations.csv "
    "--coordinates gcj02 --out circles.gpkg"
)
def areas(
    network: Network,
    stations: Stations,
    out: Annotated[Path, typer.Option(help=".gpkg or .geojson")],
    *,
    coordinates: System = "auto",
    minutes: Minutes = [10, 15],  # noqa: B006
    speed: Speed = 4.5,
    dissolve: Annotated[bool, typer.Option(help="One area for the whole set.")] = False,
    as_json: AsJson = False,
) -> None:
    """Draw what is within so many minutes' walk of every station."""
    check_files({"network": network, "stations": stations})
    check_target(out, AREA_SUFFIXES)
    with steps(3) as step:
        step("reading")
        streets = read_streets(network)
        places = read_places(stations, coordinates, "stations", streets)
        step("walking")
        from servicecircle.areas import service_areas

        circles = service_areas(streets, places, minutes=minutes, speed=speed, dissolve=dissolve)
        require_joined(circles, "stations", streets.max_access)
        step("writing")
        _write_layer(circles, out)
    shown = circles.groupby("minutes")["area_km2"].agg(["size", "sum", "median"])
    shown.columns = ["areas", "km2_summed", "km2_median"]
    print_rows(shown.reset_index(), {"out": str(out)}, as_json=as_json)


@app.command(
    epilog="Example: servicecircle coverage --network streets.parquet --stations stations.csv "
    "--demand workers.csv --coordinates gcj02 --out today.html"
)
def coverage(
    network: Network,
    stations: Stations,
    demand: Demand,
    *,
    out: Out = None,
    coordinates: System = "auto",
    minutes: Minutes = [10, 15],  # noqa: B006
    speed: Speed = 4.5,
    as_json: AsJson = False,
) -> None:
    """Measure who is covered by the stations; --out .html, .xlsx or .gpkg."""
    check_files({"network": network, "stations": stations, "demand": demand})
    if out:
        check_target(out, COVERAGE_SUFFIXES)
    with steps(3) as step:
        step("reading")
        streets = read_streets(network)
        people = read_people(demand, coordinates, streets)
        places = read_places(stations, coordinates, "stations", streets)
        step("walking")
        from servicecircle.coverage import measure_coverage

        result = measure_coverage(streets, places, people, minutes=minutes, speed=speed)
        require_joined(result.demand, "demand", streets.max_access)
        require_joined(result.facilities, "stations", streets.max_access)
        step("writing")
        _write_result(result, out)
    print_rows(result.summary().reset_index(), {"out": str(out)} if out else {}, as_json=as_json)


@app.command(
    epilog="Example: servicecircle score --network streets.parquet --candidates shops.xlsx "
    "--demand workers.csv --stations stations.csv --coordinates gcj02 --out scores.gpkg"
)
def score(
    network: Network,
    candidates: Candidates,
    demand: Demand,
    out: Annotated[Path, typer.Option(help=".gpkg or .geojson")],
    *,
    stations: MaybeStations = None,
    coordinates: System = "auto",
    minutes: Annotated[
        float | None, typer.Option(help="Minutes of walking; default: the standard's, else 15.")
    ] = None,
    speed: Speed = 4.5,
    preset: Preset = None,
    as_json: AsJson = False,
) -> None:
    """Say what each candidate alone would add, and rank them."""
    check_files(
        {"network": network, "candidates": candidates, "demand": demand, "stations": stations}
    )
    check_target(out, SCORE_SUFFIXES)
    from servicecircle.standards import standard

    rules = standard(preset) if preset else None
    stated = rules.minutes if rules else ()
    with steps(3) as step:
        step("reading")
        streets = read_streets(network)
        tables = _read_tables(candidates, demand, stations, coordinates, streets)
        step("walking and scoring")
        from servicecircle.scores import score_sites

        ranked = score_sites(
            streets,
            *tables[:2],
            existing=tables[2],
            minutes=minutes if minutes is not None else stated or 15,
            speed=speed,
            standard=rules,
        )
        require_joined(ranked, "candidates", streets.max_access)
        step("writing")
        _write_layer(ranked.sort_values("rank", na_position="last").reset_index(names="id"), out)
    names = ["name", "gain", "overlap", "score", "rank", "standard_passed"]
    best = ranked.nsmallest(10, "rank")[[name for name in names if name in ranked.columns]]
    print_rows(best.reset_index(names="id"), {"out": str(out)}, as_json=as_json)


@app.command(
    epilog="Example: servicecircle site --network streets.parquet --candidates shops.xlsx "
    "--demand workers.csv --stations stations.csv --coordinates gcj02 --n-open 12 --out plan.xlsx"
)
def site(
    network: Network,
    candidates: Candidates,
    demand: Demand,
    n_open: Annotated[int, typer.Option(help="At most this many new sites.")],
    *,
    stations: MaybeStations = None,
    out: Out = None,
    coordinates: System = "auto",
    minutes: Minutes = [10, 15],  # noqa: B006
    speed: Speed = 4.5,
    time_limit: Annotated[float, typer.Option(help="Seconds for searching and proving.")] = 30,
    seed: Annotated[int, typer.Option(help="For the local search.")] = 0,
    as_json: AsJson = False,
) -> None:
    """Choose the set of sites that together cover the most; --out .html, .xlsx or .gpkg."""
    check_files(
        {"network": network, "candidates": candidates, "demand": demand, "stations": stations}
    )
    if out:
        check_target(out, COVERAGE_SUFFIXES)
    with steps(3) as step:
        step("reading")
        streets = read_streets(network)
        shops, people, existing = _read_tables(candidates, demand, stations, coordinates, streets)
        step("walking and choosing")
        from servicecircle.siting import choose_sites

        result = choose_sites(
            streets,
            shops,
            people,
            existing=existing,
            minutes=minutes,
            speed=speed,
            n_open=n_open,
            time_limit=time_limit,
            seed=seed,
        )
        require_joined(result.demand, "demand", streets.max_access)
        require_joined(result.candidates, "candidates", streets.max_access)
        step("writing")
        _write_result(result, out)
    names = ["order", "name", "gain", "covered_after", "share_after"]
    sites = result.sites[[name for name in names if name in result.sites.columns]]
    more = result.summary().iloc[0].to_dict() | ({"out": str(out)} if out else {})
    print_rows(sites.reset_index(names="id"), more, as_json=as_json)


@networks.command(
    epilog="Example: servicecircle network build wuhan.osm.pbf --out wuhan_network "
    "--clip 114.23,30.53,114.37,30.66"
)
def build(
    source: Annotated[str, typer.Argument(help="A street file, or with --place a place name.")],
    out: Annotated[Path, typer.Option(help="Folder to save the network in.")],
    *,
    place: Annotated[bool, typer.Option(help="Download SOURCE from OpenStreetMap.")] = False,
    clip: Annotated[str | None, typer.Option(help="west,south,east,north in degrees")] = None,
    as_json: AsJson = False,
) -> None:
    """Save a street file or a place as a network that opens at once."""
    from servicecircle.cli._inputs import check_folder
    from servicecircle.networks import download_network, read_network

    if place and clip:
        raise InputError("Give either --place or --clip.")
    if not place:
        check_files({"source": Path(source)})
    check_folder(out)
    with steps(2) as step:
        step("reading")
        found = download_network(source) if place else read_network(source, clip=_box(clip))
        step("writing")
        found.save(out)
    print_rows(_facts(found), {"out": str(out)}, as_json=as_json)


@networks.command(epilog="Example: servicecircle network inspect data/wuhan/streets.parquet")
def inspect(source: Path, *, as_json: AsJson = False) -> None:
    """Say what a street file or saved network holds."""
    found = read_streets(source)
    west, south, east, north = found.bounds
    facts = {
        "crs": found.crs.to_string(),
        "west": west,
        "south": south,
        "east": east,
        "north": north,
    }
    kinds = found.streets.groupby("highway")["length"].agg(["size", "sum"]).sort_values("sum")
    kinds = kinds[::-1].reset_index()
    kinds.columns = ["highway", "streets", "metres"]
    print_rows(kinds, facts | found.source, as_json=as_json)


@networks.command(epilog="Example: servicecircle network quality data/wuhan/streets.parquet")
def quality(source: Path, *, as_json: AsJson = False) -> None:
    """Judge in plain words what a network is fit for."""
    print_rows(_facts(read_streets(source)), {}, as_json=as_json)


def read_streets(path: Path) -> Any:
    """Read a network that is there."""
    from servicecircle.networks import read_network

    check_files({"network": path})
    return read_network(path)


def read_places(path: Path, coordinates: Any, name: str, network: Any = None) -> Any:
    """Read a table of sites that has rows."""
    from servicecircle.sites import read_sites

    frame = read_sites(path, coordinates=coordinates, network=network)
    require_rows(frame, name, path)
    return frame


def read_people(path: Path, coordinates: Any, network: Any) -> Any:
    """Read a table of workers that has rows."""
    from servicecircle.demand import read_demand

    frame = read_demand(path, coordinates=coordinates, network=network)
    require_rows(frame, "demand", path)
    return frame


def _read_tables(
    candidates: Path, demand: Path, stations: Path | None, coordinates: Any, network: Any
) -> Any:
    shops = read_places(candidates, coordinates, "candidates", network)
    people = read_people(demand, coordinates, network)
    today = read_places(stations, coordinates, "stations", network) if stations else None
    return shops, people, today


def _box(text: str | None) -> tuple[float, ...] | None:
    if text is None:
        return None
    try:
        west, south, east, north = map(float, text.split(","))
    except ValueError:
        raise InputError(
            f"--clip must be west,south,east,north in degrees, not {text!r}."
        ) from None
    return west, south, east, north


def _write_layer(frame: Any, path: Path) -> None:
    """Write places or areas; GeoJSON is always WGS84."""
    from servicecircle._store import write_atomically

    drivers = {".gpkg": "GPKG", ".geojson": "GeoJSON"}
    with write_atomically(path) as temporary:
        frame.to_crs(4326).to_file(temporary, driver=drivers[path.suffix.lower()])


def _write_result(result: Any, path: Path | None) -> None:
    if path is None:
        return
    if path.suffix.lower() != ".html":
        from servicecircle.reports import write_report

        write_report(result, path)
        return
    from servicecircle.maps import map_coverage, map_plan, save_map
    from servicecircle.siting import SitePlan

    save_map(map_plan(result) if isinstance(result, SitePlan) else map_coverage(result), path)


def _facts(network: Any) -> "pd.DataFrame":
    facts: pd.DataFrame = network.quality().reset_index()
    return facts


def _stdout() -> Console:
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = WIDE  # a file or a pipe has no edge to fold at
    return console


def print_rows(rows: "pd.DataFrame", facts: Mapping[Any, Any], *, as_json: bool) -> None:
    """Print rows and single facts as a table, or all as JSON."""
    if as_json:
        print_json({"rows": rows.to_dict("records"), **facts})
        return
    table = Table(*map(str, rows.columns), box=None, header_style="bold")
    for row in rows.to_numpy(dtype=object):
        table.add_row(*map(_short, row))
    console = _stdout()
    console.print(table)
    for name, value in facts.items():
        console.print(f"{name}: {_short(value)}", soft_wrap=True)


def print_json(data: dict[str, Any]) -> None:
    """Print figures; what is missing is null."""
    from servicecircle.cli._plan import json_ready

    typer.echo(json.dumps(json_ready(data), ensure_ascii=False, indent=2, allow_nan=False))


def _print_coverage(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    table = Table(
        "minutes", "workers", "covered today", "with the plan", box=None, header_style="bold"
    )
    for old, new in zip(before, after, strict=True):
        table.add_row(
            f"{new['minutes']:g}",
            f"{new['workers']:,.0f}",
            f"{old['covered']:,.0f} ({_percent(old['share'])})",
            f"{new['covered']:,.0f} ({_percent(new['share'])})",
        )
    _stdout().print(table)


def _proof(plan: dict[str, Any]) -> str:
    n = len(plan["sites"])
    if plan["status"] == "infeasible":
        return "No plan keeps all rules: " + "; ".join(c["reason"] for c in plan["conflicts"])
    if plan["status"] == "proved":
        return f"{n} new sites; proved: no set of as many covers more."
    return f"{n} new sites; the best possible covers at most {plan['optimality_gap']:.2%} more."


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".") if value == value else "–"  # noqa: PLR0124
    return "–" if value is None else str(value)
