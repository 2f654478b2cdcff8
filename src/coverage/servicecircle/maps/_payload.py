"""A scene as plain data for the page: figures, columns and coded geometry."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from servicecircle._text import clean_text
from servicecircle.maps._basemap import tiles_of
from servicecircle.maps._coded import (
    Numbers,
    degrees,
    pack,
    packed,
    pair,
    polygons,
    short,
    texts,
)
from servicecircle.maps._columns import (
    candidate_columns,
    demand_columns,
    site_columns,
    station_columns,
)
from servicecircle.maps._gains import RUNNER_UP_METRES
from servicecircle.maps._ground import BORDER_TOLERANCE, borders, make_ground
from servicecircle.maps._outlines import Outliner, coordinates, encode_line, label_place
from servicecircle.standards import group_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    import pandas as pd
    from shapely.geometry.base import BaseGeometry

    from servicecircle.maps._ground import Ground
    from servicecircle.maps._scene import Scene

BIG_DOTS = 40  # district names keep away from the largest gaps


def make_payload(scene: Scene) -> dict[str, Any]:
    """Return the page's data; every string in it is one cleaned line of text."""
    demand = _usable(scene.demand)
    groups = _names(demand["group"])
    districts = _district_names(scene, demand)
    figures = _Figures(scene, demand, groups)
    ground = make_ground(
        scene.streets,
        None if scene.districts is None else scene.districts.geometry.union_all(),
        _drawn(scene),
        scene.water,
    )
    bounds = _bounds(scene, ground)
    return {
        **_said(scene),
        "tiles": tiles_of(scene.basemap, bounds),
        "source": _source(scene, demand),
        "walk": scene.walk,
        "near": _near(scene),
        "bounds": bounds,
        "groups": [_group(group) for group in groups],
        "figures": {
            "all": figures.of(),
            "groups": [figures.of(group=group) for group in groups],
        },
        "districts": _districts(scene, districts, figures, groups),
        "ground": _ground(scene, ground, districts),
        "areas": _areas(scene),
        "demand": demand_columns(scene, demand, groups, districts),
        "stations": packed(station_columns(scene, groups)),
        "sites": packed(site_columns(scene, groups)),
        "candidates": packed(candidate_columns(scene, groups)),
    }


def _said(scene: Scene) -> dict[str, Any]:
    """Return what the scene says of itself, in words and single numbers."""
    return {
        "minutes": [short(value) for value in scene.minutes],
        "speed": short(scene.speed),
        "title": clean_text(scene.title),
        "date": clean_text(scene.date),
        "language": scene.language,
        "notice": pair(scene.notice),
        "notes": [pair(note) for note in scene.notes],
        "hasPlan": scene.has_plan,
        "infeasible": scene.status == "infeasible",
        "years": None if scene.years is None else [pair(year) for year in scene.years],
        "standard": _standard(scene),
        "conflicts": [pair(conflict) for conflict in scene.conflicts],
        "emptyReason": pair(scene.empty_reason),
        "runnerUpMetres": RUNNER_UP_METRES,
    }


def _standard(scene: Scene) -> dict[str, Any] | None:
    """Return the standard's name and its rules, in the order of each place's answers."""
    if scene.standard is None:
        return None
    rules = scene.standard.rules
    return {
        "name": pair((scene.standard.zh, scene.standard.en)),
        "rules": [pair(rule) for rule in zip(rules["zh"], rules["en"], strict=True)],
    }


class _Figures:
    """Sums of workers: all, today inner and outer, plan inner and outer."""

    def __init__(self, scene: Scene, demand: gpd.GeoDataFrame, groups: Sequence[str]) -> None:
        inner = scene.minutes[0]
        workers = demand["workers"]
        parts = {"workers": workers}
        for when in ("today", "plan"):
            parts[f"{when} inner"] = workers.where(demand[when] <= inner, 0.0)
            parts[when] = workers.where(demand[when].notna(), 0.0)
        self.parts = list(parts.values())
        self.group, self.district = demand["group"], demand["district"]
        self.groups = groups

    def of(self, *, group: str | None = None, district: str | None = None) -> Numbers:
        rows = np.ones(len(self.group), dtype=bool)
        if group is not None:
            rows &= (self.group == group).to_numpy()
        if district is not None:
            rows &= (self.district == district).to_numpy()
        return [short(math.fsum(part.to_numpy()[rows])) for part in self.parts]


def _group(text: str) -> list[str]:
    """Full names, then short ones for the chips."""
    return [
        clean_text(group_label(text, language, short=short))
        for short in (False, True)
        for language in ("zh", "en")
    ]


def _usable(demand: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Rows with a place and a number; the others are in the source line only."""
    bad = demand["status"].isin(["no_geometry", "bad_coordinates", "bad_number"])
    return demand[~bad & demand["workers"].notna() & ~demand.geometry.is_empty]


def _names(column: pd.Series) -> list[str]:
    return sorted(value for value in column.unique() if value)


def _drawn(scene: Scene) -> BaseGeometry:
    """Everything but the streets, as far as its hull."""
    frames = (scene.demand, scene.stations, scene.sites)
    points = [shapely.MultiPoint(coordinates(frame)) for frame in frames]
    hulls = shapely.convex_hull([*points, *scene.areas.values()])
    return shapely.GeometryCollection(hulls.tolist())


def _bounds(scene: Scene, ground: Ground) -> list[list[float]]:
    inner = ground.window if scene.districts is None else scene.districts.geometry.union_all()
    west, south, east, north = degrees(scene, [inner])[0].bounds
    return [[round(south, 5), round(west, 5)], [round(north, 5), round(east, 5)]]


def _source(scene: Scene, demand: gpd.GeoDataFrame) -> dict[str, Any]:
    far = demand[demand["status"].isin(["unsnapped", "island"])]
    return {
        "places": len(demand),
        "unsnapped": len(far),
        "unsnappedWorkers": short(math.fsum(far["workers"])),
        "maxAccess": short(scene.max_access),
        "data": clean_text(scene.data_source),
        "candidates": len(scene.candidates),
        "candidatesAll": scene.candidates_all or len(scene.candidates),
    }


def _near(scene: Scene) -> dict[str, Any]:
    places = [shapely.Point(x, y) for _, x, y in scene.near]
    names = texts(name for name, *_ in scene.near)
    return {
        "at": encode_line(shapely.get_coordinates(degrees(scene, places))),
        "name": pack(names),
    }


def _district_names(scene: Scene, demand: gpd.GeoDataFrame) -> list[str]:
    if scene.districts is not None:
        return [clean_text(name) for name in scene.districts["name"]]
    return _names(demand["district"])


def _districts(
    scene: Scene, names: Sequence[str], figures: _Figures, groups: Sequence[str]
) -> list[dict[str, Any]]:
    english = (
        {} if scene.districts is None else dict(zip(names, scene.districts["name_en"], strict=True))
    )
    stations = scene.stations[~scene.stations["closed"]]["district"]
    return [
        {
            "zh": name,
            "en": clean_text(english.get(name)),
            "stations": int((stations == name).sum()),
            "sites": int((scene.sites["district"] == name).sum()),
            "figures": [
                figures.of(district=name),
                *[figures.of(district=name, group=group) for group in groups],
            ],
        }
        for name in names
    ]


def _ground(scene: Scene, ground: Ground, names: Sequence[str]) -> dict[str, Any]:
    frame = scene.districts
    return {
        "land": polygons(scene, shapely.simplify(ground.land, BORDER_TOLERANCE)),
        "veil": frame is not None,
        "voids": polygons(scene, ground.voids),
        "streets": [
            [encode_line(shapely.get_coordinates(line)) for line in degrees(scene, lines)]
            for lines in ground.streets
        ],
        "districts": _district_shapes(scene, names),
        "borders": []
        if frame is None
        else [
            encode_line(shapely.get_coordinates(line))
            for line in degrees(scene, borders(frame.geometry))
        ],
        "labels": [_label(label) for label in scene.labels],
    }


def _label(label: Any) -> dict[str, Any]:
    longitude, latitude = label["at"]
    return {
        "zh": clean_text(label["text"]),
        "en": clean_text(label.get("text_en")),
        "at": [round(float(latitude), 5), round(float(longitude), 5)],
        "turn": short(label.get("turn", 0)),
    }


def _district_shapes(scene: Scene, names: Sequence[str]) -> list[dict[str, Any]]:
    shapes = []
    english = [""] * len(names) if scene.districts is None else scene.districts["name_en"]
    marks = np.concatenate(
        [
            shapely.get_coordinates(frame.geometry.to_numpy())
            for frame in (scene.sites, scene.stations, _big_gaps(scene))
        ]
    )
    for index, (name, other) in enumerate(zip(names, english, strict=True)):
        area = _district_area(scene, index, name)
        at = label_place(area, marks)
        shape: dict[str, Any] = {"zh": name, "en": clean_text(other)}
        if at is not None:
            (point,) = degrees(scene, [shapely.Point(at)])
            shape["at"] = [round(point.y, 5), round(point.x, 5)]
        shapes.append(shape)
    return shapes


def _district_area(scene: Scene, index: int, name: str) -> BaseGeometry:
    if scene.districts is not None:
        area: BaseGeometry = scene.districts.geometry.iloc[index]
        return area
    return shapely.MultiPoint(
        coordinates(scene.demand[scene.demand["district"] == name])
    ).convex_hull


def _big_gaps(scene: Scene) -> gpd.GeoDataFrame:
    left = scene.demand[scene.demand["plan"].isna() & ~scene.demand.geometry.is_empty]
    return left.nlargest(BIG_DOTS, "workers")


def _areas(scene: Scene) -> dict[str, list[list[str]]]:
    outliner = Outliner(coordinates(scene.demand))
    empty = shapely.MultiPolygon()
    inner, outer = scene.areas.get("inner", empty), scene.areas.get("outer", empty)
    added = outliner.added(scene.areas["plan"], outer) if "plan" in scene.areas else empty
    shapes = {"inner": inner, "outer": outer, "added": added}
    if scene.years is not None or ("gone" in scene.stations and scene.stations["gone"].any()):
        shapes["lost"] = outliner.added(outer, scene.areas["plan"])
        shapes["kept"] = shapely.difference(outer, shapes["lost"])
    return {key: polygons(scene, outliner.simplify(area)) for key, area in shapes.items()}
