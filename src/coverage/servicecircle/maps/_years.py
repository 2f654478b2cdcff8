"""Two years beside each other: what opened, what closed, and who gained or lost by it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from servicecircle._checks import name_some
from servicecircle.errors import InputError
from servicecircle.maps._gains import Gains
from servicecircle.maps._gather import Stage, said, serving, usable
from servicecircle.maps._rows import candidate_rows, demand_rows, site_rows
from servicecircle.maps._scene import Scene

if TYPE_CHECKING:
    import geopandas as gpd

    from servicecircle.coverage import Coverage
    from servicecircle.maps._scene import Pair
    from servicecircle.standards import Standard

NAMES: tuple[Pair, Pair] = (("此前", "Before"), ("现在", "Now"))


def scene_of_years(
    before: Coverage,
    after: Coverage,
    *,
    years: tuple[str, str] | None,
    districts: gpd.GeoDataFrame | None,
    water: gpd.GeoDataFrame | None,
    areas: tuple[gpd.GeoDataFrame | None, gpd.GeoDataFrame | None],
    standard: Standard | None,
    **page: Any,
) -> Scene:
    """Gather what a map of two years shows; what opened between them takes the part of a plan."""
    check_alike(before, after)
    stage = Stage(after, districts, water)
    demand = demand_rows(before, after, stage.crs, stage.zones)
    first, then = serving(before), serving(after)
    opened = then[~then.index.isin(first.index)]
    rows = stage.places(opened, standard)
    reach = after.reach.select(opened.index, after.demand.index).within(stage.minutes[1])
    table = Gains(reach, rows, site_rows(rows, opened), demand).by_gain()
    gone = first[~first.index.isin(then.index)]
    stations = _stations(stage, before, after, demand, standard, gone=gone.index)
    drawn = stage.draw.of_all(first, areas[0])
    drawn["plan"] = stage.draw.of_all(then, areas[1])["outer"]
    kept = usable(after.facilities).drop(opened.index)
    circles = stage.draw.circles_of({"station": kept, "site": opened})
    return Scene(
        **stage.shown(after, demand),
        **said(page, after.demand, after.facilities),
        demand=demand.assign(site=table.first_site()),
        stations=stations,
        sites=table.describe_sites(),
        candidates=candidate_rows(rows.iloc[:0]),
        areas=drawn,
        circles=circles | stage.draw.circles("station", gone),
        walk=stage.walk(after, first, then, drawn["plan"].union(drawn["outer"])),
        has_plan=True,
        standard=standard,
        years=NAMES if years is None else ((years[0], ""), (years[1], "")),
    )


def check_alike(before: Coverage, after: Coverage) -> None:
    """Raise unless both were measured alike, on the same workers."""
    for name in ("minutes", "speed", "weight"):
        one, other = getattr(before, name), getattr(after, name)
        if one != other:
            raise InputError(
                f"`before` was measured with {name}={one!r}, the coverage with {other!r}; "
                "measure both alike, or the map would show that and not the stations."
            )
    odd = before.demand.index.symmetric_difference(after.demand.index)
    if len(odd) or not before.demand.index.equals(after.demand.index):
        raise InputError(
            "`before` and the coverage must be of the same workers, in the same order; measure "
            f"the earlier stations with the same table. {len(odd)} ids are in one only"
            f"{': ' + name_some(odd) if len(odd) else ''}."
        )


def _stations(
    stage: Stage,
    before: Coverage,
    after: Coverage,
    demand: gpd.GeoDataFrame,
    standard: Standard | None,
    *,
    gone: pd.Index,
) -> gpd.GeoDataFrame:
    """Return the later year's stations that were there before, and those gone since."""
    now = stage.stations(after, demand, standard)
    now = now[now.index.isin(before.facilities.index) & ~now.index.isin(gone)]
    then = stage.stations(before, demand, standard)
    then = then[then.index.isin(gone)]
    return pd.concat([now.assign(gone=False), then.assign(gone=True)])
