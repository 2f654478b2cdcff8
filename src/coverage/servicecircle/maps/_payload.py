"""A scene as plain data for the page: figures, columns and coded geometry."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import shapely

from servicecircle._text import clean_text
from servicecircle.maps._ground import borders, make_ground
from servicecircle.maps._outlines import Outliner, encode_line, encode_polygons, label_place
from servicecircle.standards import group_label, kind_label

if TYPE_CHECKING:
    from collections.abc import Iterable, Sequence

    import pandas as pd
    from numpy.typing import NDArray

    from servicecircle.maps._ground import Ground
    from servicecircle.maps._scene import Circle, Scene

RUNNER_UP_METRES = 400
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
    return {
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
        "bounds": _bounds(scene, ground),
        "groups": [[group_label(group, "zh"), group_label(group, "en")] for group in groups],
        "figures": {
            "all": figures.of(),
            "groups": [figures.of(group=group) for group in groups],
        },
        "districts": _districts(scene, districts, figures, groups),
        "ground": _ground(scene, ground, districts),
        "areas": _areas(scene),
        "demand": _demand(scene, demand, groups, districts),
        "stations": _stations(scene, groups),
        "sites": _sites(scene, groups),
        "candidates": _candidates(scene, groups),
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


def _usable(demand: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Rows with a place and a number; the others are in the source line only."""
    bad = demand["status"].isin(["no_geometry", "bad_coordinates", "bad_number"])
    return demand[~bad & demand["workers"].notna() & ~demand.geometry.is_empty]


def _names(column: pd.Series) -> list[str]:
    return sorted(value for value in column.unique() if value)


def _short(value: object, decimals: int = 2) -> float | int | None:
    """A number without needless digits; missing becomes ``None``."""
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


def _degrees(scene: Scene, shapes: Iterable[shapely.Geometry]) -> NDArray[np.object_]:
    series = gpd.GeoSeries(list(shapes), crs=scene.crs)
    return series.to_crs(4326).to_numpy()


def _places(scene: Scene, frame: gpd.GeoDataFrame) -> str:
    points = frame.geometry.to_crs(4326)
    return encode_line(np.column_stack([points.x, points.y]))


def _polygons(scene: Scene, area: shapely.Geometry | None) -> list[list[str]]:
    if area is None or area.is_empty:
        return []
    return encode_polygons(_degrees(scene, [area])[0])


def _drawn(scene: Scene) -> shapely.Geometry:
    frames = (scene.demand, scene.stations, scene.sites)
    points = [frame.geometry[~frame.geometry.is_empty].union_all() for frame in frames]
    shapes = [*points, *scene.areas.values()]
    return shapely.union_all([shape for shape in shapes if not shape.is_empty])


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
        "land": _polygons(scene, ground.land),
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
        if scene.districts is not None:
            simple = shapely.simplify(area, 8.0)
            shape["rings"] = _polygons(scene, simple)
        shapes.append(shape)
    return shapes


def _district_area(scene: Scene, index: int, name: str) -> shapely.Geometry:
    if scene.districts is not None:
        return scene.districts.geometry.iloc[index]
    members = scene.demand[scene.demand["district"] == name].geometry
    return members[~members.is_empty].union_all().convex_hull


def _big_gaps(scene: Scene) -> gpd.GeoDataFrame:
    left = scene.demand[scene.demand["plan"].isna() & ~scene.demand.geometry.is_empty]
    return left.nlargest(BIG_DOTS, "workers")


def _areas(scene: Scene) -> dict[str, list[list[str]]]:
    places = scene.demand.geometry[~scene.demand.geometry.is_empty]
    outliner = Outliner(shapely.get_coordinates(places.to_numpy()))
    empty = shapely.MultiPolygon()
    inner, outer = scene.areas.get("inner", empty), scene.areas.get("outer", empty)
    added = outliner.added(scene.areas["plan"], outer) if "plan" in scene.areas else empty
    shapes = {"inner": inner, "outer": outer, "added": added}
    return {key: _polygons(scene, outliner.simplify(area)) for key, area in shapes.items()}


def _demand(
    scene: Scene, demand: gpd.GeoDataFrame, groups: Sequence[str], districts: Sequence[str]
) -> dict[str, Any]:
    # In the order of their places the coded steps are short.
    points = shapely.get_coordinates(demand.geometry.to_numpy())
    cell = np.floor(points / 500) if len(points) else points
    order = np.lexsort((points[:, 1], cell[:, 0], cell[:, 1])) if len(points) else []
    demand = demand.iloc[order]
    return {
        "at": _places(scene, demand),
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


def _common(scene: Scene, frame: gpd.GeoDataFrame) -> dict[str, Any]:
    return {
        "at": _places(scene, frame),
        "id": _texts(frame.index),
        "name": _texts(frame["name"]),
        "kind": [_kind(value) for value in frame["kind"]],
        "district": _texts(frame["district"]),
        "conditions": [
            [{key: clean_text(text) for key, text in condition.items()} for condition in conditions]
            for conditions in frame["conditions"]
        ],
    }


def _kind(value: object) -> list[str] | None:
    text = clean_text(value)
    return [kind_label(text, "zh"), kind_label(text, "en")] if text else None


def _groups(frame: gpd.GeoDataFrame, groups: Sequence[str]) -> list[Numbers]:
    return [_numbers(row.get(group, 0.0) for group in groups) for row in frame["groups"]]


def _circles(scene: Scene, name: str, frame: gpd.GeoDataFrame) -> dict[str, Any]:
    circles = [scene.circles.get((name, key)) for key in frame.index]
    return {
        "circle": [_circle(scene, circle) for circle in circles],
        "area": [None if circle is None else _short(circle.area_km2, 3) for circle in circles],
    }


def _circle(scene: Scene, circle: Circle | None) -> list[list[list[str]]] | None:
    if circle is None or circle.outer.is_empty:
        return None
    places = scene.demand.geometry[~scene.demand.geometry.is_empty]
    near = places[shapely.dwithin(places.to_numpy(), circle.outer, 100.0)]
    outliner = Outliner(shapely.get_coordinates(near.to_numpy()))
    return [_polygons(scene, outliner.simplify(area)) for area in (circle.inner, circle.outer)]


def _stations(scene: Scene, groups: Sequence[str]) -> dict[str, Any]:
    frame = scene.stations
    home = [
        HOME in f"{name}{kind}" for name, kind in zip(frame["name"], frame["kind"], strict=True)
    ]
    return {
        **_common(scene, frame),
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
        **_common(scene, frame),
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
        **_common(scene, frame),
        "gain": _numbers(frame["gain"]),
        "left": _numbers(frame["left"]),
        "workers": _numbers(frame["workers"]),
        "rank": _numbers(frame["rank"]),
        "site": frame["site"].astype(int).tolist(),
        "groups": _groups(frame, groups),
        "note": [_pair(note) for note in frame["note"]],
        **_circles(scene, "candidate", frame),
    }
