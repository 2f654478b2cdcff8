"""The commands about tables alone: what one is understood to say, and the check-up."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from servicecircle._said import in_chinese
from servicecircle.cli._app import app
from servicecircle.cli._inputs import check_files, check_target, speed_on
from servicecircle.cli._options import (
    AsJson,
    Minutes,
    Out,
    Preset,
    Speed,
    Stations,
    Tables,
    Walking,
    takes_tables,
    takes_walking,
)
from servicecircle.cli._screen import steps
from servicecircle.cli._show import print_json, print_rows
from servicecircle.errors import InputError

if TYPE_CHECKING:
    import geopandas as gpd

    from servicecircle.coverage import Coverage
    from servicecircle.measures.audit import Audit

AUDIT_SUFFIXES = (".xlsx", ".gpkg")


@app.command(epilog="Example: servicecircle describe workers.xlsx")
def describe(
    table: Annotated[Path, typer.Argument(help="A table of stations, candidates or workers.")],
    *,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of a CSV, if not told by itself.")] = None,
    as_json: AsJson = False,
) -> None:
    """读懂表格 Say what a table is understood to mean, column by column."""
    from servicecircle.tables import describe_table

    check_files({"table": table})
    said = describe_table(table, sheet=sheet, encoding=encoding)
    if as_json:
        facts: dict[str, object] = {"rows": said.rows}
        for name, texts in (("notes", said.notes), ("losses", said.losses)):
            facts |= {name: texts, f"{name}_zh": [in_chinese(text) for text in texts]}
        print_json({"columns": said.columns.to_dict("records"), **facts})
    else:
        typer.echo(repr(said))


@app.command(
    epilog="Example: servicecircle audit --stations stations.csv --coordinates gcj02 "
    "--network streets.parquet --demand workers.csv --standard miyun --out audit.xlsx"
)
@takes_tables
@takes_walking
def audit(
    stations: Stations,
    *,
    network: Annotated[Path | None, typer.Option(help="Streets, to count whom they reach.")] = None,
    demand: Annotated[Path | None, typer.Option(help="Table of places with workers.")] = None,
    preset: Preset = None,
    out: Out = None,
    minutes: Minutes = [10, 15],  # noqa: B006
    speed: Speed = None,
    as_json: AsJson = False,
    tables: Tables,
    walking: Walking,
) -> None:
    """体检 Check up on today's stations; --out .xlsx or .gpkg."""
    walking.check({"stations": stations, "network": network, "demand": demand})
    if out:
        check_target(out, AUDIT_SUFFIXES)
    if demand and not network:
        raise InputError("--demand needs --network: who is reached is counted along the streets.")
    reader = tables.reader()
    with steps(3) as step:
        step("读取 reading")
        streets = walking.read(network) if network else None
        places = reader.places(stations, "stations", streets)
        people = reader.people(demand, streets) if demand else None
        step("核对 checking")
        from servicecircle.coverage import measure_coverage
        from servicecircle.measures.audit import audit_stations

        reached: Coverage | None = None
        if streets is not None and people is not None:
            reached = measure_coverage(
                streets, places, people, minutes=minutes, speed=speed_on(streets, speed)
            )
        done = audit_stations(places, reached, preset)
        step("写出 writing")
        if out:
            _write_audit(done, places, out)
    _print_audit(done, {"out": str(out)} if out else {}, as_json=as_json)


def _print_audit(done: "Audit", more: dict[str, str], *, as_json: bool) -> None:
    found = done.stations.loc[done.stations["findings"] > 0, ["findings", "findings_zh"]]
    if as_json:
        summary = done.summary().reset_index().to_dict("records")
        print_json({"rows": found.reset_index().to_dict("records"), "summary": summary} | more)
        return
    print_rows(done.summary().reset_index(), {}, as_json=False)
    print_rows(found.reset_index(), more, as_json=False)


def _write_audit(done: "Audit", places: "gpd.GeoDataFrame", path: Path) -> None:
    """Write the stations with their answers, and the sums."""
    import geopandas as gpd
    import pandas as pd

    from servicecircle._store import write_atomically
    from servicecircle.reports._geopackage import write_geopackage
    from servicecircle.reports._workbook import Block, Sheet, check_size, write_workbook

    kept = [name for name in ("name", "district", "address", "status") if name in places.columns]
    told = gpd.GeoDataFrame(
        pd.concat([places[kept], done.stations], axis=1), geometry=places.geometry
    )
    blocks = (
        Block("audit", "体检", "Check-up", told.reset_index(names="id")),
        Block("questions", "汇总", "Questions", done.summary().reset_index()),
    )
    sheets = tuple(Sheet(one.zh, one.en, (one,)) for one in blocks)
    check_size(sheets)
    with write_atomically(path) as temporary:
        if path.suffix.lower() == ".gpkg":
            write_geopackage(sheets, (), temporary, "workers")
        else:
            write_workbook(sheets, temporary, f"体检 {done.day.isoformat()}")
