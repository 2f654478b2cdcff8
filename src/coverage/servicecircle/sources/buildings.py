"""Workers from buildings: outline × levels ÷ floor area per worker, by use."""

from __future__ import annotations

import re
import warnings
from functools import cache
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from servicecircle import _values
from servicecircle._checks import name_some
from servicecircle._said import Said, join, reason_said, say
from servicecircle._vocabulary import fold, read_vocabulary
from servicecircle.errors import InputError, InputWarning
from servicecircle.sources._ground import LEAST, shared_ground
from servicecircle.sources._osm import objects_of
from servicecircle.sources._rows import amounts, demand_rows, listed, percent, proxy_note
from servicecircle.sources._tags import Rule, any_of, first_match, keys_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    from numpy.typing import NDArray

EQUAL_AREA = 6933  # cylindrical equal-area projection of the WGS-84 ellipsoid
MOST_LEVELS = 200
NOT_KNOWN = "not known"
LEVELS_FROM = ("stated", "height", "assumed")
USE_FROM = {
    "given": "用户给定",
    "building": "建筑标签",
    "tags": "其他标签",
    "places inside": "内部场所",
    "area around": "所在区域",
    NOT_KNOWN: "不明",
}
_OWN_TAGS = ("name", "building", "building:levels", "height", "layer", "location")
_UNIT = re.compile(r"\s*(?:m|米)\s*$")


def demand_from_buildings(
    path_or_frame: str | Path | gpd.GeoDataFrame,
    *,
    use: str | None = None,
    levels: str | None = None,
    floor_area_per_worker: Mapping[str, float] | float | None = None,
    levels_by_use: Mapping[str, float] | None = None,
    clip: object = None,
    year: int | None = None,
) -> gpd.GeoDataFrame:
    """Estimate how many people work in every building, from its size and use.

    Workers = outline (m²) × levels ÷ floor area per worker. It is a proxy: no figure in it
    is a count of people.

    Parameters
    ----------
    path_or_frame : str, Path or GeoDataFrame
        An OpenStreetMap file, a place name as in `candidates_from_osm`, or a frame of
        outlines (OSMnx's features too). Places and areas without ``building`` in such a
        frame tell what the buildings are used for.
    use, levels : str, optional
        Columns of a frame with the use (a key such as "office", or its Chinese name) and
        the number of levels. Default: OpenStreetMap's tags.
    floor_area_per_worker : mapping or float, optional
        m² of gross floor area per worker, by use or for all uses in which somebody works.
        Default: round figures of our own choice. Give ``"not known"`` a figure to count
        people in buildings of unknown use as well.
    levels_by_use : mapping, optional
        Levels assumed where a building states neither levels nor height.
    clip : tuple, polygon or GeoDataFrame, optional
        Only what touches it; (west, south, east, north) or a polygon in degrees.
    year : int, optional
        Year of the data, where the file does not say.

    Returns
    -------
    GeoDataFrame
        One point inside every building, EPSG:4326, indexed by ``w45``, ``r6`` (or the
        frame's index): ``use``, ``use_from`` ("given", "building", "tags", "places
        inside", "area around", "not known"), ``levels``, ``levels_from`` ("stated",
        "height", "assumed"), ``footprint_m2``, ``shared_m2`` (the part of it that counts in
        another outline), ``counted_in`` (the outline that takes most of that),
        ``floor_area_m2``, ``workers``, ``group``, ``counts``, ``source``, ``year``,
        ``status``, ``reason``. Buildings of unknown use have NaN workers and the status
        "bad_number"; those without an outline "no_geometry". ``.attrs["notes"]`` says what
        was assumed.

    Raises
    ------
    InputError
        The file cannot be read, a column is missing, or a figure is not above 0.
    NetworkError
        A place could not be downloaded.

    Notes
    -----
    ``building=yes`` is the most frequent value in China. The use of such a building is
    taken from its own tags, else from the places inside it (the most frequent use), else
    from the area around it (``landuse``, the grounds of a school). Shops inside tell
    nothing about a tower: they make a building a shop only up to two levels.

    Ground that several outlines cover (a tower on its podium, a building inside another,
    one drawn twice) counts once: in an outline of known use before others, in one that
    states its levels or height before others, then in the smallest.

    Examples
    --------
    >>> workers = demand_from_buildings(
    ...     "city.osm.pbf", floor_area_per_worker={"office": 18}
    ... )  # doctest: +SKIP
    """
    objects, keep = _objects(path_or_frame, clip)
    has = objects["building"].notna()
    buildings, context = objects[has], objects[~has]
    table = pd.DataFrame(buildings.drop(columns=[*keep[1:], buildings.geometry.name]))
    table["use"], table["use_from"] = _uses(buildings, context, use)
    assumed = amounts(_standard("levels"), levels_by_use, "levels_by_use")
    table["levels"], table["levels_from"] = _levels(buildings, table["use"], levels, assumed)
    shapes = buildings.geometry.to_numpy()
    outline = np.isin(shapely.get_type_id(shapes), (3, 6)) & ~shapely.is_empty(shapes)
    _measure(table, buildings, outline)
    per_worker = _per_worker(floor_area_per_worker)
    _count(table, per_worker, outline)
    notes = [*_notes(table, per_worker, assumed), *_say_shared(table)]
    points = shapely.point_on_surface(shapes)
    points[~outline] = None
    rows = demand_rows(
        table,
        points,
        counts="floor area",
        source=str(objects.attrs["source"]),
        year=year or objects.attrs["year"],
        notes=notes,
    )
    _warn(rows)
    return rows


def _objects(path_or_frame: object, clip: object) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Return buildings and what tells their use, and the tags kept."""
    flat = [rule for some in _rules().values() for rule in some]
    keep = [*_OWN_TAGS, *sorted(keys_of(flat))]
    if isinstance(path_or_frame, gpd.GeoDataFrame) and "building" not in path_or_frame.columns:
        path_or_frame = path_or_frame.assign(building="yes")
    keys = {"building", *keys_of(flat)}
    wanted = any_of([Rule((("building", "*"),)), *flat])
    return objects_of(path_or_frame, keys, keep, wanted=wanted, clip=clip), keep


def _per_worker(given: Mapping[str, float] | float | None) -> dict[str, float]:
    """m² per worker by use; the use that is not known has one only if the user gives it."""
    standard = _standard("area_per_worker")
    if given is None or isinstance(given, (int, float)):
        return amounts(standard, given, "floor_area_per_worker")
    over = amounts(standard | {NOT_KNOWN: np.nan}, given, "floor_area_per_worker")
    return {use: value for use, value in over.items() if value == value}  # noqa: PLR0124 – NaN


@cache
def _rules() -> dict[str, list[Rule]]:
    """Tags that tell a use, in the order of the uses."""
    uses = read_vocabulary("worker_sources")["uses"]
    return {use: [Rule.read(text) for text in entry["tags"]] for use, entry in uses.items()}


def _standard(figure: str) -> dict[str, float]:
    """Return a figure of every use that has one."""
    sources = read_vocabulary("worker_sources")
    found = {use: e[figure] for use, e in sources["uses"].items() if figure in e}
    return found | ({NOT_KNOWN: sources["levels_unknown"]} if figure == "levels" else {})


def _uses(
    buildings: gpd.GeoDataFrame, context: gpd.GeoDataFrame, column: str | None
) -> tuple[pd.Series, pd.Series]:
    """Find the use of every building and what it is known from."""
    if column is not None:
        found = _given_uses(buildings, column)
        evidence = [(found, "given")]
    else:
        evidence = [
            (_by_building(buildings), "building"),
            (first_match(buildings, _plain_rules()), "tags"),
            (_by_inside(buildings, context), "places inside"),
            (_by_area(buildings, context), "area around"),
        ]
    use = np.full(len(buildings), NOT_KNOWN, dtype=object)
    known_from = use.copy()
    for found, name in reversed(evidence):
        has = pd.notna(found)
        use[has], known_from[has] = found[has], name
    index = buildings.index
    return pd.Series(use, index, dtype="str"), pd.Series(known_from, index, dtype="str")


def _plain_rules() -> dict[str, list[Rule]]:
    """Rules for the building's own tags: `landuse` on a building says what lies around it."""
    return {
        use: [rule for rule in some if rule.tags[0][0] != "landuse"]
        for use, some in _rules().items()
    }


def _given_uses(buildings: gpd.GeoDataFrame, column: str) -> NDArray[np.object_]:
    if column not in buildings.columns:
        raise InputError(f"`path_or_frame` has no column {column!r}; name the use with `use=`.")
    meaning = {
        fold(name): use
        for use, entry in read_vocabulary("worker_sources")["uses"].items()
        for name in (use, entry["zh"], entry["en"])
    }
    cells = buildings[column].astype("str")
    unknown = [cell for cell in cells.dropna().unique() if fold(cell) not in meaning]
    if unknown:
        raise InputError(
            f"`{column}` holds uses that are not known: {name_some(unknown)}. Known are "
            f"{sorted(read_vocabulary('worker_sources')['uses'])} and their Chinese names."
        )
    found = [None if pd.isna(cell) else meaning[fold(cell)] for cell in cells]
    return np.array(found, dtype=object)


def _by_building(buildings: gpd.GeoDataFrame) -> NDArray[np.object_]:
    uses = read_vocabulary("worker_sources")["uses"]
    meaning = {value: use for use, entry in uses.items() for value in entry["building"]}
    found = [meaning.get(value) for value in buildings["building"]]
    return np.array(found, dtype=object)


def _by_inside(buildings: gpd.GeoDataFrame, context: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Return the most frequent use of the places inside; shops count in low buildings only."""
    found = np.full(len(buildings), None, dtype=object)
    points = context[context.geom_type == "Point"]
    use = first_match(points, _plain_rules())
    inside, building = _pairs(points, buildings, "intersects")
    table = pd.DataFrame({"at": building, "use": use[inside]}).dropna()
    uses = read_vocabulary("worker_sources")["uses"]
    most = table["use"].map({key: entry.get("ground_levels") for key, entry in uses.items()})
    stated = _stated_levels(buildings, None).to_numpy()[table["at"].to_numpy(dtype=int)]
    table = table[~(stated > most.to_numpy(dtype=float))]
    order = {key: place for place, key in enumerate(uses)}
    table = table.groupby(["at", "use"]).size().rename("places").reset_index()
    table["order"] = table["use"].map(order)
    table = table.sort_values(["at", "places", "order"], ascending=[True, False, True])
    first = table.drop_duplicates("at")
    found[first["at"].to_numpy(dtype=int)] = first["use"].to_numpy(dtype=object)
    return found


def _by_area(buildings: gpd.GeoDataFrame, context: gpd.GeoDataFrame) -> NDArray[np.object_]:
    """Return the use of the smallest area that holds a point inside the building."""
    found = np.full(len(buildings), None, dtype=object)
    areas = context[context.geom_type.isin(["Polygon", "MultiPolygon"])]
    use = first_match(areas, _rules())
    areas, use = areas[pd.notna(use)], use[pd.notna(use)]
    places = buildings.set_geometry(shapely.point_on_surface(buildings.geometry.to_numpy()))
    building, area = _pairs(places, areas, "intersects")
    below = buildings["layer"].str.startswith("-", na=False) | (
        buildings["location"] == "underground"
    )
    above = ~below.to_numpy(dtype=bool)[building]  # what lies around says nothing of a basement
    building, area = building[above], area[above]
    size = areas.geometry.to_crs(EQUAL_AREA).area.to_numpy()[area]
    order = np.lexsort((area, size, building))
    first, at = np.unique(building[order], return_index=True)
    found[first] = use[area[order][at]]
    return found


def _pairs(left: gpd.GeoDataFrame, right: gpd.GeoDataFrame, how: Any) -> NDArray[np.intp]:
    pairs: NDArray[np.intp] = right.sindex.query(left.geometry.to_numpy(), predicate=how)
    return pairs


def _stated_levels(buildings: gpd.GeoDataFrame, column: str | None) -> pd.Series:
    """Levels as the building states them; NaN where not, or beyond belief."""
    if column is not None and column not in buildings.columns:
        raise InputError(f"`path_or_frame` has no column {column!r}; name it with `levels=`.")
    values = _values.numbers(buildings[column or "building:levels"]).amounts
    believable = (values >= 1) & (values <= MOST_LEVELS)
    return pd.Series(np.where(believable, values, np.nan), buildings.index)


def _levels(
    buildings: gpd.GeoDataFrame, use: pd.Series, column: str | None, assumed: Mapping[str, float]
) -> tuple[pd.Series, pd.Series]:
    stated = _stated_levels(buildings, column)
    per_level = read_vocabulary("worker_sources")["metres_per_level"]
    height = _values.numbers(buildings["height"].str.replace(_UNIT, "", regex=True)).amounts
    from_height = np.clip(np.round(height / per_level), 1, None)
    from_height[from_height > MOST_LEVELS] = np.nan
    told = stated.where(stated.notna(), from_height)
    known_from = np.select(
        [stated.notna(), np.isfinite(from_height)], LEVELS_FROM[:2], LEVELS_FROM[2]
    )
    levels = told.where(told.notna(), use.map(assumed).astype(float))
    return levels.astype(float), pd.Series(known_from, buildings.index, dtype="str")


def _count(
    table: pd.DataFrame, per_worker: Mapping[str, float], outline: NDArray[np.bool_]
) -> None:
    """Fill workers, group, status and reason."""
    uses = read_vocabulary("worker_sources")["uses"]
    area = table["use"].map(per_worker).astype(float)
    nobody = table["use"].isin([use for use in uses if use not in per_worker])
    elsewhere = outline & (table["floor_area_m2"] == 0)
    workers = (table["floor_area_m2"] / area).where(~nobody & ~elsewhere, 0.0)
    unknown = area.isna() & ~nobody & ~elsewhere
    groups = {use: entry.get("group") for use, entry in uses.items()}
    table["workers"] = workers.where(outline, np.nan).astype(float)
    table["group"] = table["use"].map(groups).astype("str")
    status = np.select([~outline, unknown], ["no_geometry", "bad_number"], "ok")
    reason = pd.Series(None, index=table.index, dtype="str")
    reason[unknown] = "workers: the use of the building is not known"
    reason[~outline] = "the outline is missing or cut by the extract"
    table["status"], table["reason"] = pd.Series(status, table.index, dtype="str"), reason


def _measure(table: pd.DataFrame, buildings: gpd.GeoDataFrame, outline: NDArray[np.bool_]) -> None:
    """Fill footprint, what of it counts elsewhere, and floor area."""
    shapes = buildings.geometry.to_crs(EQUAL_AREA).to_numpy()
    table["footprint_m2"] = np.where(outline, shapely.area(shapes), np.nan)
    doubt = 2.0 * (table["use"] == NOT_KNOWN) + (table["levels_from"] == "assumed")
    shared = shared_ground(
        shapely.make_valid(shapes[outline]), doubt[outline].to_numpy(dtype=np.float64)
    )
    area, taker = np.full(len(table), np.nan), np.full(len(table), None, dtype=object)
    area[outline] = shared.area
    taker[np.flatnonzero(outline)[shared.taker >= 0]] = table.index[outline][
        shared.taker[shared.taker >= 0]
    ]
    table["shared_m2"], table["counted_in"] = area, taker
    own = (table["footprint_m2"] - table["shared_m2"]).clip(lower=0.0)
    table["floor_area_m2"] = own.where(own >= LEAST, 0.0) * table["levels"]


def _notes(
    table: pd.DataFrame, per_worker: Mapping[str, float], assumed: Mapping[str, float]
) -> list[str]:
    ok = table[table["status"] == "ok"]
    total = float(ok["workers"].sum())
    by_levels = ok.groupby("levels_from")["workers"].sum()
    by_use = ok.groupby("use_from")["workers"].sum()
    working = ok.loc[ok["workers"] > 0, "use"]
    shares = {name: percent(by_levels.get(name, 0.0), total) for name in LEVELS_FROM}
    return [
        proxy_note(total, "floor area"),
        say(
            "m² of gross floor area per worker (chosen, not measured; `floor_area_per_worker=`): "
            "{figures}",
            "每名职工的建筑面积（平方米；设定值，非实测；`floor_area_per_worker=`）：{figures}",
            figures=listed(per_worker, working),
        ),
        say(
            "levels are stated for {stated} of the workers, taken from the height for {height}, "
            "assumed for {assumed}: {figures}",
            "{stated} 的职工所在建筑写明了层数，{height} 由高度推算，{assumed} 为假定：{figures}",
            figures=listed(assumed, ok.loc[ok["levels_from"] == "assumed", "use"]),
            **shares,
        ),
        say(
            "use of buildings (and share of the workers) known from: {sources}",
            "建筑用途（及职工所占比例）的依据：{sources}",
            sources=_said_sources(table["use_from"].value_counts(), by_use, total),
        ),
    ]


def _said_sources(uses: pd.Series, by_use: pd.Series, total: float) -> Said:
    """Write what the use is known from, how often, and for which share of the workers."""
    parts = [
        say(
            "{name} {count:,} ({share})",
            "{name} {count:,}（{share}）",
            name=Said(str(name), USE_FROM[str(name)]),
            count=count,
            share=percent(by_use.get(name, 0.0), total),
        )
        for name, count in uses.items()
    ]
    return join(parts, ", ", "，")


def _say_shared(table: pd.DataFrame) -> list[str]:
    """Say how much ground lies under several outlines."""
    shared = table["shared_m2"] > 0
    if not shared.any():
        return []
    return [
        say(
            "{n:,} outlines share {area:,.0f} m² of ground with others: it counts once",
            "{n:,} 个轮廓与其他轮廓重叠 {area:,.0f} 平方米，重叠部分只计一次",
            n=int(shared.sum()),
            area=table["shared_m2"].sum(),
        )
    ]


def _warn(rows: gpd.GeoDataFrame) -> None:
    bad = rows[rows["status"] != "ok"]
    if bad.empty:
        return
    why = [
        say(
            "{count:,}: {reason}", "{count:,} 栋：{reason}", count=count, reason=reason_said(reason)
        )
        for reason, count in bad["reason"].value_counts().items()
    ]
    said = say(
        "{bad:,} of {rows:,} buildings count nobody ({why})",
        "{rows:,} 栋建筑中有 {bad:,} 栋不计人数（{why}）",
        bad=len(bad),
        rows=len(rows),
        why=join(why, ", ", "，"),
    )
    rows.attrs["notes"].append(said)
    warned = say(
        "{source}: {said}. They are kept with their status.",
        "{source}：{said}。这些行保留，并注明状态。",
        source=rows.attrs["source"],
        said=said,
    )
    warnings.warn(warned, InputWarning, stacklevel=3)
