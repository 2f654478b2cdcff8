"""A scene as plain data for the page: figures, columns and coded geometry."""

from __future__ import annotations

import json
import math
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from servicecircle._text import clean_text
from servicecircle.coordinates import from_wgs84
from servicecircle.maps._basemap import tiles_of
from servicecircle.maps._gains import RUNNER_UP_METRES
from servicecircle.maps._ground import BORDER_TOLERANCE, borders, make_ground
from servicecircle.maps._outlines import (
    Outliner,
    coordinates,
    encode_line,
    encode_polygons,
    label_place,
)
from servicecircle.maps._tables import FLAGS, SAID
from servicecircle.standards import group_label, kind_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from servicecircle.maps._ground import Ground
    from servicecircle.maps._scene import Circle, Scene

MOST_IN_SENTENCE = 600
BIG_DOTS = 40  # district names keep away from the largest gaps
HOME = "职工之家"
Numbers = list[float | int | None]


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
        "tiles": tiles_of(scene.basemap, bounds),
        "minutes": [_short(value) for value in scene.minutes],
        "speed": _short(scene.speed),
        "title": clean_text(scene.title),
        "date": clean_text(scene.date),
        "language": scene.language,
        "notice": _pair(scene.notice),
        "hasPlan": scene.has_plan,
        "infeasible": scene.status == "infeasible",
        "conflicts": [_pair(conflict) for conflict in scene.conflicts],
        "emptyReason": _pair(scene.empty_reason),
        "runnerUpMetres": RUNNER_UP_METRES,
        "source": _source(scene, demand),
        "walk": scene.walk,
        "near": _near(scene),
        "notes": [clean_text(note, MOST_IN_SENTENCE) for note in scene.notes],
        "bounds": bounds,
        "groups": [_group(group) for group in groups],
        "figures": {
            "all": figures.of(),
            "groups": [figures.of(group=group) for group in groups],
        },
        "districts": _districts(scene, districts, figures, groups),
        "ground": _ground(scene, ground, districts),
        "areas": _areas(scene),
        "demand": _demand(scene, demand, groups, districts),
        "stations": _packed(_stations(scene, groups)),
        "sites": _packed(_sites(scene, groups)),
        "candidates": _packed(_candidates(scene, groups)),
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
        return [_short(math.fsum(part.to_numpy()[rows])) for part in self.parts]


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


def _short(value: object, decimals: int = 2) -> float | int | None:
    """Return a number without needless digits; missing becomes ``None``."""
    number = float("nan") if value is None else float(value)  # type: ignore[arg-type]
    if not math.isfinite(number):
        return None
    number = round(number, decimals)
    return int(number) if number.is_integer() else number


def _numbers(values: Iterable[object], decimals: int = 2) -> Numbers:
    return [_short(value, decimals) for value in values]


def _pair(pair: Sequence[str] | None) -> list[str] | None:
    return None if pair is None else [clean_text(part, MOST_IN_SENTENCE) for part in pair]


def _texts(values: Iterable[object]) -> list[str]:
    return [clean_text(value) for value in values]


def _degrees(scene: Scene, shapes: Iterable[BaseGeometry]) -> NDArray[np.object_]:
    series = gpd.GeoSeries(list(shapes), crs=scene.crs)
    return np.asarray(series.to_crs(4326), dtype=object)


def _places(frame: gpd.GeoDataFrame) -> str:
    return encode_line(coordinates(frame.to_crs(4326)))


def _polygons(scene: Scene, area: BaseGeometry | None) -> list[list[str]]:
    if area is None or area.is_empty:
        return []
    return encode_polygons(_degrees(scene, [area])[0])


def _drawn(scene: Scene) -> BaseGeometry:
    """Everything but the streets, as one shape."""
    frames = (scene.demand, scene.stations, scene.sites)
    points = [shapely.MultiPoint(coordinates(frame)) for frame in frames]
    return shapely.union_all([*points, *scene.areas.values()])


def _bounds(scene: Scene, ground: Ground) -> list[list[float]]:
    inner = ground.window if scene.districts is None else scene.districts.geometry.union_all()
    west, south, east, north = _degrees(scene, [inner])[0].bounds
    return [[round(south, 5), round(west, 5)], [round(north, 5), round(east, 5)]]


def _source(scene: Scene, demand: gpd.GeoDataFrame) -> dict[str, Any]:
    far = demand[demand["status"].isin(["unsnapped", "island"])]
    return {
        "places": len(demand),
        "unsnapped": len(far),
        "unsnappedWorkers": _short(math.fsum(far["workers"])),
        "maxAccess": _short(scene.max_access),
        "data": clean_text(scene.data_source),
        "closedCounted": scene.closed_counted,
        "candidates": len(scene.candidates),
        "candidatesAll": scene.candidates_all or len(scene.candidates),
    }


def _near(scene: Scene) -> dict[str, Any]:
    places = [shapely.Point(x, y) for _, x, y in scene.near]
    names = _texts(name for name, *_ in scene.near)
    return {
        "at": encode_line(shapely.get_coordinates(_degrees(scene, places))),
        "name": _pack(names),
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
        "land": _polygons(scene, shapely.simplify(ground.land, BORDER_TOLERANCE)),
        "veil": frame is not None,
        "voids": _polygons(scene, ground.voids),
        "streets": [
            [encode_line(shapely.get_coordinates(line)) for line in _degrees(scene, lines)]
            for lines in ground.streets
        ],
        "districts": _district_shapes(scene, names),
        "borders": []
        if frame is None
        else [
            encode_line(shapely.get_coordinates(line))
            for line in _degrees(scene, borders(frame.geometry))
        ],
        "labels": [_label(label) for label in scene.labels],
    }


def _label(label: Any) -> dict[str, Any]:
    longitude, latitude = label["at"]
    return {
        "zh": clean_text(label["text"]),
        "en": clean_text(label.get("text_en")),
        "at": [round(float(latitude), 5), round(float(longitude), 5)],
        "turn": _short(label.get("turn", 0)),
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
            (point,) = _degrees(scene, [shapely.Point(at)])
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
    return {key: _polygons(scene, outliner.simplify(area)) for key, area in shapes.items()}


def _demand(
    scene: Scene, demand: gpd.GeoDataFrame, groups: Sequence[str], districts: Sequence[str]
) -> dict[str, Any]:
    # In the order of their places the coded steps are short.
    points = coordinates(demand)
    cell = np.floor(points / 500)
    demand = demand.iloc[np.lexsort((points[:, 1], cell[:, 0], cell[:, 1]))]
    return {
        "at": _places(demand),
        "workers": _numbers(demand["workers"], 1),
        "group": [groups.index(value) if value else -1 for value in demand["group"]],
        "district": [
            districts.index(value) if value in districts else -1 for value in demand["district"]
        ],
        "today": _bands(demand["today"], scene.minutes[0]),
        "plan": _bands(demand["plan"], scene.minutes[0]),
        "site": demand["site"].astype(int).tolist(),
    }


def _bands(minutes: pd.Series, inner: float) -> str:
    """One digit a place: 2 within the inner cutoff, 1 within the outer, 0 not."""
    return "".join(np.where(minutes <= inner, "2", np.where(minutes.notna(), "1", "0")).tolist())


def _common(frame: gpd.GeoDataFrame) -> dict[str, Any]:
    return {
        "at": _places(frame),
        **_gcj02(frame),
        "id": _texts(frame.index),
        "name": _texts(frame["name"]),
        "kind": [_kind(value) for value in frame["kind"]],
        "district": _texts(frame["district"]),
        **{name: frame[name].tolist() for name in (*SAID, *FLAGS)},
    }


def _gcj02(frame: gpd.GeoDataFrame) -> dict[str, str]:
    """Return the places as Amap and Tencent count them; nothing outside mainland China."""
    wgs84 = coordinates(frame.to_crs(4326))
    shifted = np.column_stack(from_wgs84((wgs84[:, 0], wgs84[:, 1]), "gcj02"))
    return {} if np.array_equal(shifted, wgs84) else {"gcj": encode_line(shifted)}


def _packed(columns: dict[str, Any]) -> dict[str, Any]:
    """Write a column of few different values as those values and a number per row."""
    return {
        name: column if isinstance(column, str) else _pack(column)
        for name, column in columns.items()
    }


def _pack(column: list[Any]) -> Any:
    keys = [json.dumps(value, sort_keys=True) for value in column]
    different = {key: index for index, key in enumerate(dict.fromkeys(keys))}
    if 2 * len(different) > len(column):
        return column
    values = dict(zip(keys, column, strict=True))
    return {
        "values": [values[key] for key in different],
        "rows": [different[key] for key in keys],
    }


def _kind(value: object) -> list[str] | None:
    text = clean_text(value)
    return [kind_label(text, "zh"), kind_label(text, "en")] if text else None


def _groups(frame: gpd.GeoDataFrame, groups: Sequence[str]) -> list[Numbers]:
    return [_numbers(row.get(group, 0.0) for group in groups) for row in frame["groups"]]


def _circles(scene: Scene, name: str, frame: gpd.GeoDataFrame) -> dict[str, Any]:
    circles = [scene.circles.get((name, key)) for key in frame.index]
    outliner = Outliner(coordinates(scene.demand))
    return {
        "circle": [_circle(scene, outliner, circle) for circle in circles],
        "area": [None if circle is None else _short(circle.area_km2, 3) for circle in circles],
    }


def _circle(
    scene: Scene, outliner: Outliner, circle: Circle | None
) -> list[list[list[str]]] | None:
    if circle is None or circle.outer.is_empty:
        return None
    return [_polygons(scene, outliner.simplify(area)) for area in (circle.inner, circle.outer)]


def _stations(scene: Scene, groups: Sequence[str]) -> dict[str, Any]:
    frame = scene.stations
    home = [
        HOME in f"{name}{kind}" for name, kind in zip(frame["name"], frame["kind"], strict=True)
    ]
    return {
        **_common(frame),
        "home": home,
        "closed": frame["closed"].astype(bool).tolist(),
        "workers": _numbers(frame["workers"]),
        "inner": _numbers(frame["inner"]),
        "alone": _numbers(frame["alone"]),
        "groups": _groups(frame, groups),
        **_circles(scene, "station", frame),
    }


def _sites(scene: Scene, groups: Sequence[str]) -> dict[str, Any]:
    frame = scene.sites
    reasons = zip(frame["reason_zh"], frame["reason_en"], strict=True)
    order = {key: index for index, key in enumerate(scene.candidates.index)}
    return {
        **_common(frame),
        "gain": _numbers(frame["gain"]),
        "workers": _numbers(frame["workers"]),
        "groups": _groups(frame, groups),
        "reason": [_pair(pair) if any(pair) else None for pair in reasons],
        "runnerUp": [order.get(key) for key in frame["runner_up"]],
        "runnerGain": _numbers(frame["runner_gain"]),
        **_circles(scene, "site", frame),
    }


def _candidates(scene: Scene, groups: Sequence[str]) -> dict[str, Any]:
    frame = scene.candidates
    return {
        **_common(frame),
        "gain": _numbers(frame["gain"]),
        "left": _numbers(frame["left"]),
        "workers": _numbers(frame["workers"]),
        "rank": _numbers(frame["rank"]),
        "site": frame["site"].astype(int).tolist(),
        "groups": _groups(frame, groups),
        "note": [_pair(note) for note in frame["note"]],
        **_circles(scene, "candidate", frame),
    }
