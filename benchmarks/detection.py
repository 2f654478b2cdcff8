"""How often `detect_coordinates` is right: random samples of real places on five extracts.

Monaco, Helsinki and Porto Alegre are laid on Chinese ground, so that the shift applies. Every
city is told twice: with the weights as they stand, which were fitted on all five, and with
weights fitted on the four other cities.

    python benchmarks/detection.py FOLDER_OF_DATA [SAMPLES A SYSTEM AND CITY]
"""

# ruff: noqa: SLF001 – the rule itself is measured, on odds worked out once
from __future__ import annotations

import sys
import warnings
from pathlib import Path

import numpy as np
import pyproj

ROOT = Path(__file__).resolve().parents[1]
sys.path.append(str(ROOT / "tests"))

import fit_street_odds  # noqa: E402

import test_detect as cities  # noqa: E402
from servicecircle.coordinates import (  # noqa: E402
    SYSTEMS,
    detect,
    from_wgs84,
    street_odds,
    to_wgs84,
)
from servicecircle.coordinates.street_odds import StreetOdds  # noqa: E402

SIZES = {"20": (20, 20), "20-200": (20, 200)}


def odds_of(folder: Path, name: str) -> tuple[np.ndarray, np.ndarray, np.ndarray, np.ndarray]:
    """Log odds (true system × read as × place), the same for buildings, metres, blocks."""
    network, lonlat, buildings = cities.city(folder, name)
    streets, outlines = StreetOdds(network), detect.Ground(network, buildings).outlines()
    project = pyproj.Transformer.from_crs(4326, network.crs, always_xy=True).transform
    shape = len(SYSTEMS), len(SYSTEMS), len(lonlat)
    odds, housed, metres = np.zeros(shape), np.zeros(shape), np.zeros(shape)
    blocks = []
    for i, true in enumerate(SYSTEMS):
        given = from_wgs84((lonlat[:, 0], lonlat[:, 1]), true)
        for j, read in enumerate(SYSTEMS):
            xy = np.column_stack(project(*to_wgs84(given, read)))
            odds[i, j], metres[i, j] = streets.weigh(xy)
            inside = detect._is_inside(xy, outlines)
            housed[i, j] = np.where(inside, detect._IN_BUILDING, detect._NOT_IN_BUILDING)
        corner = np.floor(xy / detect._BLOCK)
        blocks.append(np.unique(corner, axis=0, return_inverse=True)[1].ravel())
    return odds, housed, metres, np.array(blocks)


def count(
    odds: np.ndarray, metres: np.ndarray, blocks: np.ndarray, sizes: tuple[int, int], samples: int
) -> np.ndarray:
    """Right, unsure and wrong, one row per true system."""
    generator = np.random.default_rng(2026)
    told = np.zeros((len(SYSTEMS), 3), int)
    for i, true in enumerate(SYSTEMS):
        for _ in range(samples):
            size = min(int(generator.integers(sizes[0], sizes[1] + 1)), odds.shape[2])
            rows = generator.choice(odds.shape[2], size, replace=False)
            part = {system: odds[i, j, rows] for j, system in enumerate(SYSTEMS)}
            near = {str(system): metres[i, j, rows] for j, system in enumerate(SYSTEMS)}
            support = {str(system): float(one.mean()) for system, one in part.items()}
            block = np.unique(blocks[i, rows], return_inverse=True)[1].ravel()
            found = detect._decide(part, block, detect._evidence(near, support=support)).system
            told[i, 0 if found == true else 1 if found is None else 2] += 1
    return told


def main(folder: str, samples: str = "200") -> None:
    """Print right / unsure / wrong by city, weights, size of sample, evidence and true system."""
    warnings.simplefilter("ignore")
    own = street_odds.ODDS
    for name in cities.CITIES:
        left_out = fit_street_odds.fit(Path(folder) / "streets", name).round(2)
        for fitted, weights in (("on all", own), ("on others", left_out)):
            street_odds.ODDS = weights
            odds, housed, metres, blocks = odds_of(Path(folder), name)
            for said, sizes in SIZES.items():
                for evidence, values in (("streets", odds), ("+ buildings", odds + housed)):
                    told = count(values, metres, blocks, sizes, int(samples))
                    each = "  ".join(
                        f"{s} {a}/{b}/{c}" for s, (a, b, c) in zip(SYSTEMS, told, strict=True)
                    )
                    every = "/".join(map(str, told.sum(axis=0)))
                    line = f"{name:22} {fitted:9} {said:6} {evidence:11} {every:12} {each}"
                    print(line, flush=True)


if __name__ == "__main__":
    main(*sys.argv[1:])
