"""The commands about streets alone."""

from pathlib import Path
from typing import TYPE_CHECKING, Annotated

import typer

from servicecircle.cli._app import app
from servicecircle.cli._inputs import check_folder
from servicecircle.cli._options import AsJson, Walking, takes_walking
from servicecircle.cli._screen import steps
from servicecircle.cli._show import print_rows
from servicecircle.errors import InputError

if TYPE_CHECKING:
    import pandas as pd

    from servicecircle.networks import WalkNetwork

networks = typer.Typer(
    help="步行路网 Build, inspect and judge walking networks.", rich_markup_mode=None
)
app.add_typer(networks, name="network")


@networks.command(
    epilog="Example: servicecircle network build wuhan.osm.pbf --out wuhan_network "
    "--clip 114.23,30.53,114.37,30.66"
)
@takes_walking
def build(
    source: Annotated[str, typer.Argument(help="A street file, or with --place a place name.")],
    out: Annotated[Path, typer.Option(help="Folder to save the network in.")],
    *,
    place: Annotated[bool, typer.Option(help="Download SOURCE from OpenStreetMap.")] = False,
    clip: Annotated[str | None, typer.Option(help="west,south,east,north in degrees")] = None,
    as_json: AsJson = False,
    walking: Walking,
) -> None:
    """建立路网 Save a street file or a place as a network that opens at once."""
    from servicecircle.networks import download_network, read_network

    if place and clip:
        raise InputError("Give either --place or --clip.")
    walking.check({} if place else {"source": Path(source)})
    check_folder(out)
    with steps(2) as step:
        step("读取 reading")
        rules = walking.given()
        if place:
            rules.pop("squares", None)  # they are never downloaded
        found = (
            download_network(source, **rules)
            if place
            else read_network(source, clip=_box(clip), **rules)
        )
        step("写出 writing")
        found.save(out)
    print_rows(_facts(found), {"out": str(out)}, as_json=as_json)


@networks.command(epilog="Example: servicecircle network inspect data/wuhan/streets.parquet")
@takes_walking
def inspect(source: Path, *, as_json: AsJson = False, walking: Walking) -> None:
    """查看路网 Say what a street file or saved network holds."""
    found = walking.read(source)
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
@takes_walking
def quality(source: Path, *, as_json: AsJson = False, walking: Walking) -> None:
    """评价路网 Judge in plain words what a network is fit for."""
    print_rows(_facts(walking.read(source)), {}, as_json=as_json)


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


def _facts(network: "WalkNetwork") -> "pd.DataFrame":
    return network.quality().reset_index()
