"""Places that could host a station, from OpenStreetMap."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from servicecircle._said import say
from servicecircle._vocabulary import fold, read_vocabulary
from servicecircle.errors import InputError
from servicecircle.sources._osm import objects_of
from servicecircle.sources._same import same_venues
from servicecircle.sources._tags import Rule, any_of, first_match, keys_of

if TYPE_CHECKING:
    from collections.abc import Sequence
    from pathlib import Path

    from numpy.typing import NDArray

    from servicecircle.networks import WalkNetwork

STREET_FRONT = 30.0  # metres; our choice, as no programme text gives one
NAMED_STREET = 60.0  # metres; a street farther off does not say where a venue is
_ADDRESS = ("province", "city", "district", "subdistrict", "street", "housenumber", "unit")
_TAGS = (
    "name",
    "brand",
    "opening_hours",
    "level",
    "access",
    "addr:full",
    *(f"addr:{part}" for part in _ADDRESS),
)
_LEVELS = re.compile(r"(?P<low>-?\d{1,3})(?:-(?P<high>\d{1,3}))?")


def candidates_from_osm(
    path_or_frame: str | Path | gpd.GeoDataFrame,
    *,
    kinds: Sequence[str] | None = None,
    network: WalkNetwork | None = None,
    clip: object = None,
) -> gpd.GeoDataFrame:
    """List the shops, banks, petrol stations, community centres … that could host a station.

    OpenStreetMap is thin on shops in China: planners' own lists come first, this fills in.

    Parameters
    ----------
    path_or_frame : str, Path or GeoDataFrame
        An OpenStreetMap file; a place name that Nominatim knows ("Gulou, Nanjing"), which is
        downloaded through OSMnx and its cache; or a frame with tags as columns, such as
        ``osmnx.features_from_place(place, tags)`` returns.
    kinds : sequence of str, optional
        Kinds of venue: keys ("bank_branch") or names in either language ("银行网点").
        Default: all kinds that can host a station; those that only draw workers
        ("construction_site", "square", "historic_street", "expressway_exit", "airport")
        are there when named.
    network : WalkNetwork, optional
        Measures the way from the façade (or point) to the nearest walkable street.
    clip : tuple, polygon or GeoDataFrame, optional
        Only what touches it; (west, south, east, north) or a polygon in degrees.

    Returns
    -------
    GeoDataFrame
        EPSG:4326 points indexed by ``n123``, ``w45``, ``r6``: ``name`` (missing where the
        map has none; maps and reports then call the place by its kind and street), ``kind``,
        ``address``, ``street`` (of the address, else with a network the nearest one that
        has a name), ``hours`` (``opening_hours`` as it is), ``brand``, ``level`` (as it
        is), ``floor`` ("1" is the ground floor, "-1" the first basement, "1;2" both of
        two), ``ground_floor`` (missing where not known), ``open_to_public`` (false for
        ``access=private``, else missing), ``also`` (ids of the same venue mapped again),
        ``status``, ``reason``; with a network ``street_metres`` and ``street_front`` (at
        most 30 m: a proxy, and said so in ``street_front_from``). A venue drawn as an area
        stands at a point inside it; with a network, at the point of its outline nearest
        to a street.

    Raises
    ------
    InputError
        The file cannot be read, or a kind is not known.
    NetworkError
        A place could not be downloaded.

    Examples
    --------
    >>> shops = candidates_from_osm("city.osm.pbf", kinds=["便利店"])  # doctest: +SKIP
    """
    rules = _rules(kinds)
    flat = [rule for some in rules.values() for rule in some]
    keys = keys_of(flat)
    keep = [*_TAGS, *sorted(keys.difference(_TAGS))]
    objects = objects_of(path_or_frame, keys, keep, wanted=any_of(flat), clip=clip)
    kind = first_match(objects, rules)
    objects, kind = objects[pd.notna(kind)], kind[pd.notna(kind)]
    stands = same_venues(objects, kind)
    first = stands == np.arange(len(objects))
    venues = _filled(objects, stands)[first]
    out = _columns(venues, kind[first])
    out["also"] = _others(objects.index, stands)[first]
    out = gpd.GeoDataFrame(out, geometry=venues.geometry.to_numpy(), crs=4326)
    out = _placed(out) if network is None else _at_streets(out, network)
    notes = _notes(out, int((~first).sum()), measured=network is not None)
    out.attrs = {"source": objects.attrs["source"], "year": objects.attrs["year"], "notes": notes}
    return out


def _notes(out: gpd.GeoDataFrame, again: int, *, measured: bool) -> list[str]:
    notes: list[str] = [
        say(
            "{n:,} places of {kinds} kinds from OpenStreetMap; {nameless:,} have no name",
            "来自 OpenStreetMap 的 {n:,} 处场所，共 {kinds} 类；其中 {nameless:,} 处没有名称",
            n=len(out),
            kinds=out["kind"].nunique(),
            nameless=int(out["name"].isna().sum()),
        )
    ]
    if again:
        said = say(
            "{n:,} were mapped twice and are named in `also`",
            "{n:,} 处被重复绘制，编号列在 `also` 中",
            n=again,
        )
        notes.append(said)
    if measured:
        said = say(
            "street_front is measured: outline or point within {metres:g} m of a walkable street "
            "(a proxy, our choice)",
            "“临街”为测算：轮廓或点距可步行街道不超过 {metres:g} 米（替代指标，由本软件选定）",
            metres=STREET_FRONT,
        )
        notes.append(said)
    return notes


def _rules(kinds: Sequence[str] | None) -> dict[str, list[Rule]]:
    """Return the tags of the kinds asked for."""
    entries = read_vocabulary("venue_kinds")
    if kinds is None:
        chosen = [key for key, entry in entries.items() if entry.get("host", True)]
    else:
        chosen = [_key(kind, entries) for kind in _list(kinds)]
    return {
        key: [Rule.read(text, entries[key].get("osm_name")) for text in entries[key]["osm"]]
        for key in chosen
    }


def _list(kinds: Sequence[str]) -> Sequence[str]:
    if isinstance(kinds, str) or not all(isinstance(kind, str) for kind in kinds):
        raise InputError(f"`kinds` must be a list of texts; got {kinds!r}.")
    return kinds


def _key(text: str, entries: dict[str, Any]) -> str:
    for key, entry in entries.items():
        names = (key, entry["zh"], entry["en"], *entry["synonyms"])
        if fold(text) in map(fold, names):
            return key
    raise InputError(f"`kinds`: {text!r} is not known. Known are {list(entries)}.")


def _filled(objects: gpd.GeoDataFrame, stands: NDArray[np.intp]) -> gpd.GeoDataFrame:
    """Give the rows that stand for a venue what only its other rows know."""
    first_known = objects[list(_TAGS)].groupby(stands).first()
    own = objects[list(_TAGS)].reset_index(drop=True)
    filled = own.combine_first(first_known).set_axis(objects.index)
    return objects.assign(**{tag: filled[tag] for tag in _TAGS})


def _others(index: pd.Index, stands: NDArray[np.intp]) -> pd.Series:
    """Ids of the rows for which each row stands, parted by commas."""
    other = np.flatnonzero(stands != np.arange(len(stands)))
    named = pd.Series(index[other].astype("str"), index=index[stands[other]], dtype="str")
    joined = named.groupby(level=0).agg(", ".join)
    return joined.reindex(index).astype("str")


def _columns(venues: gpd.GeoDataFrame, kind: NDArray[np.object_]) -> pd.DataFrame:
    levels = [_floors(text) for text in venues["level"]]
    private = venues["access"].isin(["private", "no"])
    return pd.DataFrame(
        {
            "name": venues["name"],
            "kind": pd.Series(kind, venues.index, dtype="str"),
            "address": _addresses(venues),
            "street": venues["addr:street"],
            "district": venues["addr:district"],
            "hours": venues["opening_hours"],
            "brand": venues["brand"],
            "level": venues["level"],
            "floor": pd.array([";".join(map(str, f)) or None for f in levels], dtype="str"),
            "ground_floor": pd.array([1 in f if f else pd.NA for f in levels], dtype="boolean"),
            "open_to_public": private.map({True: False}).astype("boolean"),
        },
        index=venues.index,
    )


def _floors(level: object) -> list[int]:
    """Read OpenStreetMap's levels (0 is the ground) as floors (1 is the ground, none is 0)."""
    found: list[int] = []
    for part in str(level).split(";"):
        match = _LEVELS.fullmatch(part.strip())
        if match is None:
            return []
        low = int(match["low"])
        found += range(low, max(low, int(match["high"] or low)) + 1)
    return [number + 1 if number >= 0 else number for number in found]


def _addresses(venues: gpd.GeoDataFrame) -> pd.Series:
    """Write addresses: as given, else from parts; a city alone is no address."""
    parts = venues[[f"addr:{part}" for part in _ADDRESS]].fillna("")
    parts = parts.set_axis(list(_ADDRESS), axis=1)
    street, number = parts["street"].str.strip(), parts["housenumber"].str.strip()
    known = (street + number) != ""
    large = parts["province"] + parts["city"] + parts["district"] + parts["subdistrict"]
    sign = pd.Series("号", parts.index).where(number.str.isdigit(), "")
    chinese = large + street + number + sign + parts["unit"]
    other = (street + " " + number + " " + parts["unit"]).str.strip()
    other += (", " + parts["city"]).where(parts["city"] != "", "")
    is_chinese = (large + parts["street"]).str.contains("[\u4e00-\u9fff]")
    written = chinese.where(is_chinese, other).where(known)
    return venues["addr:full"].fillna(written)


def _placed(out: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Put every venue at a point inside it, and say which have none."""
    points = out.set_geometry(shapely.point_on_surface(out.geometry.to_numpy()), crs=4326)
    lost = points.geometry.isna()
    status = pd.Series(np.where(lost, "no_geometry", "ok"), out.index, dtype="str")
    reason = pd.Series(None, out.index, dtype="str")
    reason[lost] = "the outline is missing or cut by the extract"
    columns = [*out.columns.drop("geometry"), "status", "reason", "geometry"]
    return points.assign(status=status, reason=reason)[columns]


def _at_streets(out: gpd.GeoDataFrame, network: WalkNetwork) -> gpd.GeoDataFrame:
    """Measure to the nearest walkable street, and put areas at the outline nearest to it."""
    shapes = out.geometry.to_crs(network.crs).to_numpy()
    streets = network.streets.geometry.to_numpy()[~network.is_island]
    row, street = shapely.STRtree(streets).query_nearest(shapes, all_matches=False)
    lines = shapely.shortest_line(shapes[row], streets[street])
    metres = np.full(len(out), np.nan)
    metres[row] = shapely.length(lines)
    moved = out.geometry.to_numpy(copy=True)
    starts = gpd.GeoSeries(shapely.get_point(lines, 0), crs=network.crs).to_crs(4326)
    area = shapely.area(shapes[row]) > 0
    moved[row[area]] = starts.to_numpy()[area]
    near = pd.Series(metres <= STREET_FRONT, out.index, dtype="boolean")
    names = _nearest_names(shapes, network)
    measured = out.set_geometry(moved, crs=4326).assign(
        street=out["street"].where(out["street"].notna(), names),
        street_metres=metres,
        street_front=near.mask(np.isnan(metres)),
        street_front_from="measured",
    )
    return _placed(measured)


def _nearest_names(shapes: NDArray[np.object_], network: WalkNetwork) -> NDArray[np.object_]:
    """Return the name of the nearest street that has one within 60 m, else None."""
    names = network.tags["name"].to_numpy(dtype=object)
    told = np.array([isinstance(name, str) and bool(name) for name in names], dtype=bool)
    at = np.flatnonzero(told & ~network.is_island)
    streets = network.streets.geometry.to_numpy()[at]
    found = np.full(len(shapes), None, dtype=object)
    row, street = shapely.STRtree(streets).query_nearest(
        shapes, max_distance=NAMED_STREET, all_matches=False
    )
    found[row] = names[at[street]]
    return found
