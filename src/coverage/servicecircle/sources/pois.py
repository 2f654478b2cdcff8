"""Workers from places: riders at restaurants, traders at markets, builders on sites."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import shapely

from servicecircle._said import say
from servicecircle._vocabulary import read_vocabulary
from servicecircle.errors import InputError
from servicecircle.sources._osm import objects_of
from servicecircle.sources._rows import amounts, demand_rows, listed, proxy_note
from servicecircle.sources._same import same_venues
from servicecircle.sources._tags import Rule, any_of, keys_of
from servicecircle.sources.buildings import EQUAL_AREA

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence
    from pathlib import Path

    import geopandas as gpd


def demand_from_pois(
    path_or_frame: str | Path | gpd.GeoDataFrame,
    *,
    groups: Sequence[str] | None = None,
    workers_per_place: Mapping[str, float] | None = None,
    area_per_worker: Mapping[str, float] | None = None,
    clip: object = None,
    year: int | None = None,
) -> gpd.GeoDataFrame:
    """Estimate workers who gather at places: riders, couriers, traders, builders, drivers.

    A place counts a fixed number of workers, or its area divided by an area per worker.
    It is a proxy: no figure in it is a count of people.

    Parameters
    ----------
    path_or_frame : str, Path or GeoDataFrame
        An OpenStreetMap file, a place name as in `candidates_from_osm`, or a frame with
        OpenStreetMap's tags as columns.
    groups : sequence of str, optional
        Only these worker groups ("rider", "courier", "market", "construction", "taxi",
        "truck", "sanitation").
    workers_per_place, area_per_worker : mapping, optional
        Workers, and m² per worker where the place is drawn as an area, by kind of place
        ("restaurant", "marketplace", "construction_site" …). Default: round figures of
        our own choice.
    clip : tuple, polygon or GeoDataFrame, optional
        Only what touches it; (west, south, east, north) or a polygon in degrees.
    year : int, optional
        Year of the data, where the file does not say.

    Returns
    -------
    GeoDataFrame
        EPSG:4326, one row per place and group, indexed by ``n123:rider``: ``name``,
        ``place`` (its kind), ``area_m2`` (where that was used), ``workers``, ``group``,
        ``counts``, ``source``, ``year``, ``status``, ``reason``. A place mapped twice (a
        point inside its own building) counts once. ``.attrs["notes"]`` says what was
        assumed.

    Raises
    ------
    InputError
        The file cannot be read, or a group, a kind of place or a figure is wrong.
    NetworkError
        A place could not be downloaded.

    Examples
    --------
    >>> riders = demand_from_pois("city.osm.pbf", groups=["rider"])  # doctest: +SKIP
    """
    kinds = _kinds(groups)
    rules = {kind: [Rule.read(text) for text in entry["tags"]] for kind, entry in kinds.items()}
    flat = [rule for some in rules.values() for rule in some]
    keys = keys_of(flat)
    objects = objects_of(
        path_or_frame, keys, ["name", *sorted(keys)], wanted=any_of(flat), clip=clip
    )
    each = amounts(_figure("workers"), workers_per_place, "workers_per_place")
    area = amounts(_figure("area_per_worker"), area_per_worker, "area_per_worker")
    parts, twice = [], 0
    for kind, found, again in _by_kind(objects, kinds, rules):
        parts.append(_rows(found, kind, kinds[kind]["group"], each[kind], area.get(kind)))
        twice += again
    table = pd.concat(parts)
    points = shapely.point_on_surface(table.pop("geometry").to_numpy())
    rows = demand_rows(
        table,
        points,
        counts="places",
        source=str(objects.attrs["source"]),
        year=year or objects.attrs["year"],
        notes=_notes(table, each, area, twice),
    )
    return rows.loc[sorted(rows.index)]


def _by_kind(
    objects: gpd.GeoDataFrame, kinds: Mapping[str, Any], rules: Mapping[str, list[Rule]]
) -> Iterator[tuple[str, gpd.GeoDataFrame, int]]:
    """Yield every kind, its places, and how many of them were mapped twice.

    A place stands for one kind of a group only, the first that fits.
    """
    drawn = objects.geometry.notna().to_numpy()
    taken = {entry["group"]: ~drawn for entry in kinds.values()}
    for kind, some in rules.items():
        fits = np.logical_or.reduce([rule.matches(objects) for rule in some])
        fits &= ~taken[kinds[kind]["group"]]
        taken[kinds[kind]["group"]] |= fits
        found = objects[fits]
        stands = same_venues(found, np.full(len(found), kind, dtype=object))
        first = stands == np.arange(len(found))
        yield kind, found[first], int((~first).sum())


def _kinds(groups: Sequence[str] | None) -> dict[str, Any]:
    kinds = read_vocabulary("worker_sources")["places"]
    if groups is None:
        return dict(kinds)
    known = sorted({entry["group"] for entry in kinds.values()})
    unknown = [group for group in groups if group not in known]
    if unknown or isinstance(groups, str):
        raise InputError(f"`groups` must be a list out of {known}; got {groups!r}.")
    return {kind: entry for kind, entry in kinds.items() if entry["group"] in groups}


def _figure(name: str) -> dict[str, float]:
    kinds = read_vocabulary("worker_sources")["places"]
    return {kind: entry[name] for kind, entry in kinds.items() if name in entry}


def _rows(
    found: gpd.GeoDataFrame, kind: str, group: str, each: float, per_worker: float | None
) -> pd.DataFrame:
    """Rows of one kind of place."""
    area = found.geometry.to_crs(EQUAL_AREA).area.to_numpy()
    use_area = (area > 0) & (per_worker is not None)
    workers = np.where(use_area, area / (per_worker or 1.0), each)
    index = pd.Index([f"{i}:{group}" for i in found.index], name=found.index.name, dtype="str")
    return pd.DataFrame(
        {
            "name": found["name"].to_numpy(),
            "place": np.full(len(found), kind, dtype=object),
            "area_m2": np.where(use_area, area, np.nan),
            "workers": workers.astype(float),
            "group": np.full(len(found), group, dtype=object),
            "geometry": found.geometry.to_numpy(),
        },
        index=index,
    ).astype({"name": "str", "place": "str", "group": "str"})


def _notes(
    table: pd.DataFrame, each: Mapping[str, float], area: Mapping[str, float], twice: int
) -> list[str]:
    total = float(table["workers"].sum())
    by_area = table["area_m2"].notna()
    notes: list[str] = [
        proxy_note(total, "places"),
        say(
            "workers per place (chosen, not measured; `workers_per_place=`): {figures}",
            "每处人数（设定值，非实测；`workers_per_place=`）：{figures}",
            figures=listed(each, table.loc[~by_area, "place"]),
        ),
    ]
    if by_area.any():
        said = say(
            "m² per worker (chosen, not measured; `area_per_worker=`): {figures}",
            "每人面积（平方米；设定值，非实测；`area_per_worker=`）：{figures}",
            figures=listed(area, table.loc[by_area, "place"]),
        )
        notes.append(said)
    if twice:
        said = say(
            "{twice:,} places were mapped twice (a point inside its building) and count once",
            "{twice:,} 处场所被绘制两次（建筑内另有一点），只计一次",
            twice=twice,
        )
        notes.append(said)
    return notes
