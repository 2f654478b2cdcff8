"""A made-up city on a perfect grid, as large as the programmes' cities, with random places."""

from __future__ import annotations

from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy import optimize, sparse

from servicecircle.networks import read_network

if TYPE_CHECKING:
    from pathlib import Path

    from servicecircle.networks import WalkNetwork

METRES = 32650
WEST, SOUTH = 240_000.0, 3_390_000.0  # in Wuhan
CORNER = np.array([WEST, SOUTH])
STEP = 200.0


def read_city(folder: Path, blocks: int) -> WalkNetwork:
    """Write and read streets: a square of so many blocks of 200 m."""
    at = np.arange(blocks + 1) * STEP
    a, b = np.meshgrid(at[:-1], at, indexing="ij")
    starts, side = np.stack([a.ravel(), b.ravel()], axis=1), np.array([STEP, 0.0])
    east = np.stack([starts, starts + side], axis=1)
    lines = shapely.linestrings(np.concatenate([east, east[:, :, ::-1]]) + CORNER)
    frame = gpd.GeoDataFrame(geometry=lines, crs=METRES).assign(highway="residential")
    path = folder / f"streets{blocks}.parquet"
    frame.to_crs(4326).to_parquet(path)
    return read_network(path)


def places(xy: np.ndarray, prefix: str, **columns: object) -> gpd.GeoDataFrame:
    """Places in metres from the city's corner, with ids such as W0007."""
    index = pd.Index([f"{prefix}{k:04d}" for k in range(len(xy))], name="id")
    points = shapely.points(np.asarray(xy, dtype=float) + CORNER)
    frame = gpd.GeoDataFrame(geometry=points, crs=METRES, index=index).assign(**columns)
    return frame.to_crs(4326)


def areas(columns: int, rows: int, blocks: int) -> gpd.GeoDataFrame:
    """Cut the city into equal rectangles, from the south-west corner eastwards."""
    x = np.linspace(-100, blocks * STEP + 100, columns + 1)
    y = np.linspace(-100, blocks * STEP + 100, rows + 1)
    boxes = [
        shapely.box(WEST + x[i], SOUTH + y[j], WEST + x[i + 1], SOUTH + y[j + 1])
        for j in range(rows)
        for i in range(columns)
    ]
    return gpd.GeoDataFrame(geometry=boxes, crs=METRES).to_crs(4326)


def most_covered(
    within: np.ndarray,
    weights: np.ndarray,
    n_open: int,
    groups: list[np.ndarray],
    *,
    score: np.ndarray | None = None,
    held: float = -1.0,
) -> float:
    """Solve maximal covering with a mixed-integer program of our own.

    ``within``: candidates × demand; ``groups``: masks of candidates of which one must open.
    With ``score`` and ``held``: the largest sum of scores among plans covering ``held``.
    """
    m, n = within.shape
    at_most = sparse.hstack([-sparse.csr_array(within.T.astype(float)), sparse.eye_array(n)])
    rows = [optimize.LinearConstraint(at_most, -np.inf, 0)]
    counts = np.array([[1.0] * m, *groups]) if groups else np.ones((1, m))
    low = np.array([0.0, *[1.0] * len(groups)])
    high = np.array([float(n_open), *[np.inf] * len(groups)])
    pad = np.zeros((len(counts), n))
    rows.append(optimize.LinearConstraint(np.hstack([counts, pad]), low, high))
    gain = np.concatenate([np.zeros(m), weights])
    aim = gain if score is None else np.concatenate([score, np.zeros(n)])
    if score is not None:
        rows.append(optimize.LinearConstraint(gain[None, :], held - 1e-6, np.inf))
    whole = np.concatenate([np.ones(m), np.zeros(n)])
    found = optimize.milp(-aim, constraints=rows, integrality=whole, bounds=optimize.Bounds(0, 1))
    return -float(found.fun)
