"""Fit the log odds by which `detect_coordinates` weighs where points lie among the streets.

Real places against the same places moved by 450, 570 and 900 m in eight directions; logistic
regression with a ridge, every city with the same weight, shops, offices and amenities with three
times that of buildings' centres.

    python benchmarks/fit_street_odds.py FOLDER_OF_EXTRACTS [EXTRACT LEFT OUT]
"""

from __future__ import annotations

import sys
from functools import cache
from pathlib import Path

import numpy as np
import osmium
import pyproj
import shapely

from servicecircle import read_network
from servicecircle.coordinates.street_odds import ODDS, StreetOdds

EXTRACTS = ("nanjing_core.osm.pbf", "shenzhen_nanshan.osm", "monaco.osm.pbf",
            "helsinki.osm.pbf", "porto_alegre.osm.pbf")  # fmt: skip
MOVES, RIDGE, MOST, FEWEST = (450.0, 570.0, 900.0), 0.01, 800, 50
SHOPS, BUILDINGS = 1.0, 0.3


def places(path: Path) -> list[tuple[float, np.ndarray]]:
    """Return shops, offices and amenities, and centres of buildings, in degrees, with weights."""
    buildings, points = [], []
    for item in osmium.FileProcessor(str(path)).with_locations():
        if item.is_node() and {"shop", "amenity", "office"} & {tag.k for tag in item.tags}:
            points.append((item.location.lon, item.location.lat))
        elif item.is_way() and "building" in item.tags:
            ring = [(n.location.lon, n.location.lat) for n in item.nodes if n.location.valid()]
            if len(ring) > 3:
                buildings.append(shapely.Polygon(ring).centroid.coords[0])
    kinds = (SHOPS, np.unique(points, axis=0)), (BUILDINGS, np.array(buildings))
    return [(weight, kind) for weight, kind in kinds if len(kind) >= FEWEST]


def features(streets: StreetOdds, xy: np.ndarray) -> np.ndarray:
    """One column per measure and step."""
    steps, _ = streets.steps(np.ascontiguousarray(xy))
    table = np.zeros((len(xy), ODDS.size))
    for measure, step in enumerate(steps.T):
        table[np.arange(len(xy)), ODDS.shape[1] * measure + step] = 1
    return table


@cache
def examples(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return measures of real and moved places of one city, which are real, and their weights."""
    generator = np.random.default_rng(1)
    rows, real, weight = [], [], []
    angles = np.arange(8) * np.pi / 4
    steps = [r * np.array([np.cos(a + r), np.sin(a + r)]) for r in MOVES for a in angles]
    network = read_network(path)
    streets = StreetOdds(network)
    project = pyproj.Transformer.from_crs(4326, network.crs, always_xy=True).transform
    for share, lonlat in places(path):
        xy = np.column_stack(project(*lonlat.T))
        xy = xy[generator.permutation(len(xy))[:MOST]]
        for move, truth in [(np.zeros(2), 1.0), *((step, 0.0) for step in steps)]:
            rows.append(features(streets, xy + move))
            real.append(np.full(len(xy), truth))
            weight.append(np.full(len(xy), share / len(xy) / (1 if truth else len(steps))))
    return np.vstack(rows), np.concatenate(real), np.concatenate(weight)


def fit(folder: Path, left_out: str = "") -> np.ndarray:
    """Return the odds, one row per measure."""
    some = [examples(folder / name) for name in EXTRACTS if name != left_out]
    return regression(*(np.concatenate(part) for part in zip(*some, strict=True)))


def regression(x: np.ndarray, y: np.ndarray, w: np.ndarray) -> np.ndarray:
    """Logistic regression by Newton's steps, without its constant."""
    x = np.column_stack([np.ones(len(x)), x])
    ridge = np.r_[1e-6, np.full(x.shape[1] - 1, RIDGE)]
    odds = np.zeros(x.shape[1])
    for _ in range(25):
        p = 1 / (1 + np.exp(-x @ odds))
        slope = x.T @ (w * (y - p)) - ridge * odds * np.r_[0, np.ones(len(odds) - 1)]
        odds += np.linalg.solve((x * (w * p * (1 - p))[:, None]).T @ x + np.diag(ridge), slope)
    return odds[1:].reshape(ODDS.shape)


def main(folder: str, left_out: str = "") -> None:
    """Print the odds as they stand in street_odds.py."""
    print(np.array2string(fit(Path(folder), left_out).round(2), separator=", "))


if __name__ == "__main__":
    main(*sys.argv[1:])
