"""The tables of the page as columns: workplaces, stations, sites and candidates."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np

from servicecircle._text import clean_text
from servicecircle.coordinates import from_wgs84
from servicecircle.maps._coded import Numbers, degrees, numbers, pair, places, short, texts
from servicecircle.maps._outlines import Outliner, coordinates, encode_line, encode_polygons
from servicecircle.maps._tables import FLAGS, SAID
from servicecircle.standards import kind_label

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd
    import pandas as pd

    from servicecircle.maps._scene import Scene

HOME = "职工之家"


def demand_columns(
    scene: Scene, demand: gpd.GeoDataFrame, groups: Sequence[str], districts: Sequence[str]
) -> dict[str, Any]:
    # In the order of their places the coded steps are short.
    points = coordinates(demand)
    cell = np.floor(points / 500)
    demand = demand.iloc[np.lexsort((points[:, 1], cell[:, 0], cell[:, 1]))]
    return {
        "at": places(demand),
        "workers": numbers(demand["workers"], 1),
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
    kinds = {value: _kind(value) for value in frame["kind"].unique()}
    return {
        "at": places(frame),
        **_gcj02(frame),
        "id": texts(frame.index),
        "name": texts(frame["name"]),
        "kind": [kinds[value] for value in frame["kind"]],
        "district": texts(frame["district"]),
        "photo": frame["photo"].tolist(),
        "rules": frame["rules"].tolist(),
        **{name: frame[name].tolist() for name in (*SAID, *FLAGS)},
    }


def _gcj02(frame: gpd.GeoDataFrame) -> dict[str, str]:
    """Return the places as Amap and Tencent count them; nothing outside mainland China."""
    wgs84 = coordinates(frame.to_crs(4326))
    shifted = np.column_stack(from_wgs84((wgs84[:, 0], wgs84[:, 1]), "gcj02"))
    return {} if np.array_equal(shifted, wgs84) else {"gcj": encode_line(shifted)}


def _kind(value: object) -> list[str] | None:
    text = clean_text(value)
    return [kind_label(text, "zh"), kind_label(text, "en")] if text else None


def _groups(frame: gpd.GeoDataFrame, groups: Sequence[str]) -> list[Numbers]:
    return [numbers(row.get(group, 0.0) for group in groups) for row in frame["groups"]]


def _circles(scene: Scene, name: str, frame: gpd.GeoDataFrame) -> dict[str, Any]:
    """Write the walking areas, inner and outer, of the places that have one."""
    found = {row: scene.circles.get((name, key)) for row, key in enumerate(frame.index)}
    drawn = {row: one for row, one in found.items() if one and not one.outer.is_empty}
    areas = [area for circle in drawn.values() for area in (circle.inner, circle.outer)]
    simple = degrees(scene, Outliner(coordinates(scene.demand)).simplify_all(areas))
    coded = [encode_polygons(area) for area in simple]
    circles = dict(zip(drawn, zip(coded[::2], coded[1::2], strict=True), strict=True))
    return {
        "circle": [list(circles[row]) if row in circles else None for row in found],
        "area": [None if one is None else short(one.area_km2, 3) for one in found.values()],
    }


def station_columns(scene: Scene, groups: Sequence[str]) -> dict[str, Any]:
    frame = scene.stations
    home = [
        HOME in f"{name}{kind}" for name, kind in zip(frame["name"], frame["kind"], strict=True)
    ]
    return {
        **_common(frame),
        "home": home,
        "closed": frame["closed"].astype(bool).tolist(),
        "gone": frame["gone"].tolist() if "gone" in frame.columns else [False] * len(frame),
        "workers": numbers(frame["workers"]),
        "inner": numbers(frame["inner"]),
        "alone": numbers(frame["alone"]),
        "groups": _groups(frame, groups),
        **_circles(scene, "station", frame),
    }


def site_columns(scene: Scene, groups: Sequence[str]) -> dict[str, Any]:
    frame = scene.sites
    reasons = zip(frame["reason_zh"], frame["reason_en"], strict=True)
    order = {key: index for index, key in enumerate(scene.candidates.index)}
    return {
        **_common(frame),
        "gain": numbers(frame["gain"]),
        "workers": numbers(frame["workers"]),
        "groups": _groups(frame, groups),
        "reason": [pair(reason) if any(reason) else None for reason in reasons],
        "runnerUp": [order.get(key) for key in frame["runner_up"]],
        "runnerGain": numbers(frame["runner_gain"]),
        **_circles(scene, "site", frame),
    }


def candidate_columns(scene: Scene, groups: Sequence[str]) -> dict[str, Any]:
    frame = scene.candidates
    return {
        **_common(frame),
        "gain": numbers(frame["gain"]),
        "left": numbers(frame["left"]),
        "workers": numbers(frame["workers"]),
        "rank": numbers(frame["rank"]),
        "site": frame["site"].astype(int).tolist(),
        "groups": _groups(frame, groups),
        "note": [pair(note) for note in frame["note"]],
        **_circles(scene, "candidate", frame),
    }
