"""The commands that compute: the whole plan, or one step of it."""

import shutil
from pathlib import Path
from typing import Annotated, Literal

import typer

from servicecircle.cli._app import app
from servicecircle.cli._inputs import (
    check_folder,
    check_target,
    require_joined,
    rules_of,
    speed_on,
)
from servicecircle.cli._options import (
    AsJson,
    Candidates,
    Demand,
    MaybeStations,
    Minutes,
    Network,
    Out,
    Preset,
    Speed,
    StatedMinutes,
    Stations,
    Tables,
    Walking,
    takes_tables,
    takes_walking,
)
from servicecircle.cli._outputs import LAYERS, RESULTS, write_layer, write_result
from servicecircle.cli._screen import steps
from servicecircle.cli._show import print_json, print_plan, print_rows, with_names

BEST = ["name", "gain", "overlap", "score", "rank", "standard_passed"]


@app.command(epilog="Example: servicecircle plan data/wuhan/plan.toml")
def plan(
    config: Annotated[Path, typer.Argument(help="plan.toml: inputs, standard, plan, output.")],
    *,
    out: Annotated[
        Path | None, typer.Option(help="Folder to write instead of the one set.")
    ] = None,
    as_json: AsJson = False,
) -> None:
    """选址方案 Choose the sites to open: map, workbook, GeoPackage and summary in one folder."""
    from servicecircle.cli._plan import make_plan
    from servicecircle.config import read_config

    summary, files = make_plan(read_config(config), out)
    if as_json:
        print_json(summary)
    else:
        print_plan(summary, files)


@app.command(epilog="Example: servicecircle demo --out demo")
def demo(
    *,
    out: Annotated[Path, typer.Option(help="Folder for the demo city and its plan.")] = Path(
        "servicecircle-demo"
    ),
    as_json: AsJson = False,
) -> None:
    """示例城市 Copy the demo city into a folder, ready to be changed, and plan its stations."""
    from servicecircle.samples import wuhan

    check_folder(out)
    out.mkdir(parents=True, exist_ok=True)
    for file in wuhan().files:
        if not (out / file.name).exists():  # what was changed there stays
            shutil.copyfile(file, out / file.name)
    plan(out / "plan.toml", as_json=as_json)


@app.command(
    epilog="Example: servicecircle areas --network streets.parquet --stations stations.csv "
    "--coordinates gcj02 --out circles.gpkg"
)
@takes_tables
@takes_walking
def areas(
    network: Network,
    stations: Stations,
    out: Annotated[Path, typer.Option(help=".gpkg or .geojson")],
    *,
    minutes: Minutes = [10, 15],  # noqa: B006
    speed: Speed = None,
    dissolve: Annotated[bool, typer.Option(help="One area for the whole set.")] = False,
    towards: Annotated[
        Literal["facility", "demand"],
        typer.Option(help="Who walks: people to the station, or from it (slopes, one-way)."),
    ] = "facility",
    as_json: AsJson = False,
    tables: Tables,
    walking: Walking,
) -> None:
    """服务圈 Draw what is within so many minutes' walk of every station."""
    walking.check({"network": network, "stations": stations})
    check_target(out, LAYERS)
    reader = tables.reader()
    with steps(3) as step:
        step("读取 reading")
        streets = walking.read(network)
        places = reader.places(stations, "stations", streets)
        step("步行计算 walking")
        from servicecircle.areas import service_areas

        circles = service_areas(
            streets,
            places,
            minutes=minutes,
            speed=speed_on(streets, speed),
            dissolve=dissolve,
            towards=towards,
        )
        require_joined(circles, "stations", streets.max_access)
        step("写出 writing")
        write_layer(circles, out)
    shown = circles.groupby("minutes")["area_km2"].agg(["size", "sum", "median"])
    shown.columns = ["areas", "km2_summed", "km2_median"]
    print_rows(shown.reset_index(), {"out": str(out)}, as_json=as_json)


@app.command(
    epilog="Example: servicecircle coverage --network streets.parquet --stations stations.csv "
    "--demand workers.csv --coordinates gcj02 --out today.html"
)
@takes_tables
@takes_walking
def coverage(
    network: Network,
    stations: Stations,
    demand: Demand,
    *,
    out: Out = None,
    minutes: Minutes = [10, 15],  # noqa: B006
    speed: Speed = None,
    as_json: AsJson = False,
    tables: Tables,
    walking: Walking,
) -> None:
    """覆盖情况 Measure who is covered by the stations; --out .html, .xlsx, .docx or .gpkg."""
    walking.check({"network": network, "stations": stations, "demand": demand})
    if out:
        check_target(out, RESULTS)
    reader = tables.reader()
    with steps(3) as step:
        step("读取 reading")
        streets = walking.read(network)
        people = reader.people(demand, streets)
        places = reader.places(stations, "stations", streets)
        step("步行计算 walking")
        from servicecircle.coverage import measure_coverage

        result = measure_coverage(
            streets, places, people, minutes=minutes, speed=speed_on(streets, speed)
        )
        require_joined(result.demand, "demand", streets.max_access)
        require_joined(result.facilities, "stations", streets.max_access)
        step("写出 writing")
        write_result(result, out)
    print_rows(result.summary().reset_index(), {"out": str(out)} if out else {}, as_json=as_json)


@app.command(
    epilog="Example: servicecircle score --network streets.parquet --candidates shops.xlsx "
    "--demand workers.csv --stations stations.csv --coordinates gcj02 --out scores.gpkg"
)
@takes_tables
@takes_walking
def score(
    network: Network,
    candidates: Candidates,
    demand: Demand,
    out: Annotated[Path, typer.Option(help=".gpkg or .geojson")],
    *,
    stations: MaybeStations = None,
    minutes: StatedMinutes = None,
    speed: Speed = None,
    preset: Preset = None,
    as_json: AsJson = False,
    tables: Tables,
    walking: Walking,
) -> None:
    """候选点评分 Say what each candidate alone would add, and rank them."""
    files = {"network": network, "candidates": candidates, "demand": demand, "stations": stations}
    walking.check(files)
    check_target(out, LAYERS)
    reader, rules = tables.reader(), rules_of(preset)
    with steps(3) as step:
        step("读取 reading")
        streets = walking.read(network)
        shops, people, today = reader.tables(candidates, demand, stations, streets)
        step("步行与评分 walking and scoring")
        from servicecircle.scores import score_sites

        ranked = score_sites(
            streets,
            shops,
            people,
            existing=today,
            minutes=minutes if minutes is not None else (rules and rules.minutes) or 15,
            speed=speed_on(streets, speed),
            standard=rules,
        )
        require_joined(ranked, "candidates", streets.max_access)
        step("写出 writing")
        ranked = ranked.sort_values("rank", na_position="last").reset_index(names="id")
        write_layer(ranked, out)
    best = with_names(ranked.head(10)).filter(["id", *BEST])
    print_rows(best, {"out": str(out)}, as_json=as_json)
