"""Fit the log odds by which `detect_coordinates` weighs distances to streets.

Real places against the same places moved by 450 and 570 m in twelve directions; logistic
regression with a ridge of 0.05, every city and kind of place with the same weight.

    python benchmarks/fit_street_odds.py FOLDER_OF_EXTRACTS
"""

from __future__ import annotations

import sys
from pathlib import Path
from typing import TYPE_CHECKING

import numpy as np
import osmium
import pyproj
import shapely

from servicecircle import read_network
from servicecircle.coordinates.detect import _STEPS, _distances, _street_classes

if TYPE_CHECKING:
    from servicecircle.networks.nearest_street import StreetIndex

EXTRACTS = ("nanjing_core.osm.pbf", "shenzhen_nanshan.osm", "monaco.osm.pbf",
            "helsinki.osm.pbf", "porto_alegre.osm.pbf")  # fmt: skip
MOVES, RIDGE, MOST, FEWEST = (450.0, 570.0), 0.05, 800, 50


def places(path: Path) -> list[np.ndarray]:
    """Return the centres of buildings, and shops, offices and amenities, in degrees."""
    buildings, points = [], []
    for item in osmium.FileProcessor(str(path)).with_locations():
        if item.is_node() and {"shop", "amenity", "office"} & {tag.k for tag in item.tags}:
            points.append((item.location.lon, item.location.lat))
        elif item.is_way() and "building" in item.tags:
            ring = [(n.location.lon, n.location.lat) for n in item.nodes if n.location.valid()]
            if len(ring) > 3:
                buildings.append(shapely.Polygon(ring).centroid.coords[0])
    return [np.array(kind) for kind in (buildings, points) if len(kind) >= FEWEST]


def features(indexes: list[StreetIndex], xy: np.ndarray) -> np.ndarray:
    """One column per class of street and step of distance."""
    columns = len(_STEPS) + 1
    table = np.zeros((len(xy), columns * len(indexes)))
    for place, index in enumerate(indexes):
        step = np.searchsorted(_STEPS, _distances(np.ascontiguousarray(xy), index), side="right")
        table[np.arange(len(xy)), columns * place + step] = 1
    return table


def main(folder: str) -> None:
    """Print the odds, three classes of street × twelve steps."""
    generator = np.random.default_rng(1)
    rows, real, weight = [], [], []
    for name in EXTRACTS:
        network = read_network(Path(folder) / name)
        indexes = _street_classes(network)
        project = pyproj.Transformer.from_crs(4326, network.crs, always_xy=True).transform
        for lonlat in places(Path(folder) / name):
            xy = np.column_stack(project(*lonlat.T))
            xy = xy[generator.permutation(len(xy))[:MOST]]
            angles = np.arange(12) * np.pi / 6
            steps = [r * np.array([np.cos(a), np.sin(a)]) for r in MOVES for a in angles]
            for move, truth in [(np.zeros(2), 1.0), *((step, 0.0) for step in steps)]:
                rows.append(features(indexes, xy + move))
                real.append(np.full(len(xy), truth))
                weight.append(np.full(len(xy), 1 / len(xy) / (1 if truth else len(steps))))
    x = np.column_stack([np.ones(sum(map(len, rows))), np.vstack(rows)])
    y, w = np.concatenate(real), np.concatenate(weight)
    ridge = np.r_[1e-6, np.full(x.shape[1] - 1, RIDGE)]
    odds = np.zeros(x.shape[1])
    for _ in range(25):
        p = 1 / (1 + np.exp(-x @ odds))
        slope = x.T @ (w * (y - p)) - ridge * odds * np.r_[0, np.ones(len(odds) - 1)]
        odds += np.linalg.solve((x * (w * p * (1 - p))[:, None]).T @ x + np.diag(ridge), slope)
    print(odds[1:].reshape(3, -1).round(2))


if __name__ == "__main__":
    main(sys.argv[1])
