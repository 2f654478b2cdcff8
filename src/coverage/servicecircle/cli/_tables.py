"""The commands about tables alone: what one is understood to say, and the check-up."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from servicecircle.cli import _commands as shared
from servicecircle.cli._inputs import check_files, check_target
from servicecircle.cli._screen import steps
from servicecircle.errors import InputError

if TYPE_CHECKING:
    import geopandas as gpd

    from servicecircle.audit import Audit
    from servicecircle.coverage import Coverage

AUDIT_SUFFIXES = (".xlsx", ".gpkg")


@shared.app.command(epilog="Example: servicecircle describe workers.xlsx")
def describe(
    table: Annotated[Path, typer.Argument(help="A table of stations, candidates or workers.")],
    *,
    sheet: Annotated[str | None, typer.Option(help="Sheet of a workbook.")] = None,
    encoding: Annotated[str | None, typer.Option(help="Of a CSV, if not told by itself.")] = None,
    as_json: shared.AsJson = False,
) -> None:
    """Say what a table is understood to mean, column by column."""
    from servicecircle.tables import describe_table

    check_files({"table": table})
    said = describe_table(table, sheet=sheet, encoding=encoding)
    if as_json:
        facts = {"rows": said.rows, "notes": said.notes, "losses": said.losses}
        shared.print_json({"columns": said.columns.to_dict("records"), **facts})
    else:
        typer.echo(repr(said))


@shared.app.command(
    epilog="Example: servicecircle audit --stations stations.csv --coordinates gcj02 "
    "--network streets.parquet --demand workers.csv --standard miyun --out audit.xlsx"
)
def audit(
    stations: shared.Stations,
    *,
    network: Annotated[Path | None, typer.Option(help="Streets, to count whom they reach.")] = None,
    demand: Annotated[Path | None, typer.Option(help="Table of places with workers.")] = None,
    preset: shared.Preset = None,
    out: shared.Out = None,
    coordinates: shared.System = "auto",
    minutes: shared.Minutes = [10, 15],  # noqa: B006
    speed: shared.Speed = 4.5,
    as_json: shared.AsJson = False,
) -> None:
    """Check up on today's stations 体检; --out .xlsx or .gpkg."""
    check_files({"stations": stations, "network": network, "demand": demand})
    if out:
        check_target(out, AUDIT_SUFFIXES)
    if demand and not network:
        raise InputError("--demand needs --network: who is reached is counted along the streets.")
    with steps(3) as step:
        step("reading")
        streets = shared.read_streets(network) if network else None
        places = shared.read_places(stations, coordinates, "stations", streets)
        people = shared.read_people(demand, coordinates, streets) if demand else None
        step("checking")
        from servicecircle.audit import audit_stations
        from servicecircle.coverage import measure_coverage

        reached: Coverage | None = None
        if streets is not None and people is not None:
            reached = measure_coverage(streets, places, people, minutes=minutes, speed=speed)
        done = audit_stations(places, reached, preset)
        step("writing")
        if out:
            _write_audit(done, places, out)
    found = done.stations.loc[done.stations["findings"] > 0, ["findings", "findings_zh"]]
    more = {"out": str(out)} if out else {}
    if as_json:
        summary = done.summary().reset_index().to_dict("records")
        shared.print_json(
            {"rows": found.reset_index().to_dict("records"), "summary": summary} | more
        )
        return
    shared.print_rows(done.summary().reset_index(), {}, as_json=False)
    shared.print_rows(found.reset_index(), more, as_json=False)


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
