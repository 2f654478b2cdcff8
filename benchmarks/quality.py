"""How well a circle fits the streets that are really reached, and the table."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import networkx as nx
import numpy as np
import shapely
from scipy.spatial import cKDTree

from servicecircle.areas import reached_streets, service_areas
from servicecircle.networks.places import join_places
from servicecircle.reach import walk_times

if TYPE_CHECKING:
    from collections.abc import Callable

    from servicecircle.networks import WalkNetwork

STEP = 5.0  # metres between samples
CELL = 10.0  # metres: width of a cell of the raster
BESIDE = 25.0  # metres: the recipe's buffer
NEAR = 150.0  # metres from the edge of a circle
PLACES = 300  # round every circle


class Fit(NamedTuple):
    """Recall and precision by street length."""

    recall: float
    precision: float


class Samples(NamedTuple):
    """Points along lines, each standing for some metres of line ``line``."""

    xy: np.ndarray
    metres: np.ndarray
    line: np.ndarray


def sample(lines: np.ndarray) -> Samples:
    """Cut every line into equal parts of at most ``STEP`` and take their middles."""
    length = shapely.length(lines)
    parts = np.maximum(1, np.ceil(length / STEP)).astype(int)
    line = np.repeat(np.arange(len(lines)), parts)
    rank = np.arange(len(line)) - np.repeat(np.cumsum(parts) - parts, parts)
    points = shapely.line_interpolate_point(
        lines[line], (rank + 0.5) / parts[line], normalized=True
    )
    return Samples(shapely.get_coordinates(points), (length / parts)[line], line)


class Streets(NamedTuple):
    """Samples of all streets but those of islands, to which nobody walks."""

    samples: Samples
    tree: cKDTree

    @classmethod
    def of(cls, network: WalkNetwork) -> Streets:
        """Sample the streets of a network."""
        samples = sample(network.streets.geometry.to_numpy()[~network.is_island])
        return cls(samples, cKDTree(samples.xy))

    def metres_inside(self, shape: shapely.Geometry) -> float:
        """Add up the street length inside a shape."""
        if shapely.is_empty(shape):
            return 0.0
        west, south, east, north = shapely.bounds(shape)
        middle, corner = ((west + east) / 2, (south + north) / 2), (east, north)
        near = self.tree.query_ball_point(middle, np.hypot(*np.subtract(corner, middle)))
        rows = np.asarray(near, dtype=int)
        held = shapely.contains_xy(shape, self.samples.xy[rows])
        return float(self.samples.metres[rows][held].sum())


def fit(
    network: WalkNetwork,
    streets: Streets,
    origins: gpd.GeoDataFrame,
    minutes: int,
    shapes: np.ndarray,
) -> Fit:
    """Compare drawn shapes (one an origin, network's CRS) with the streets reached."""
    pieces = reached_streets(network, origins, minutes=minutes)
    reached = sample(pieces.geometry.to_numpy())
    owner = origins.index.get_indexer(pieces["facility"])[reached.line]
    inside = drawn = 0.0
    for i, shape in enumerate(shapes):
        mine = owner == i
        held = shapely.contains_xy(shape, reached.xy[mine])
        inside += reached.metres[mine][held].sum()
        drawn += streets.metres_inside(shape)
    return Fit(float(inside / reached.metres.sum()), float(inside / drawn))


def our_shapes(network: WalkNetwork, origins: gpd.GeoDataFrame, minutes: int) -> np.ndarray:
    """Draw our circles, prepared for questions."""
    shapes: np.ndarray = service_areas(network, origins, minutes=minutes).geometry.to_numpy()
    shapely.prepare(shapes)
    return shapes


def recipe(network: WalkNetwork) -> Callable[[int, int], shapely.Geometry]:
    """Return OSMnx's recipe: the ego graph of a node, its whole edges buffered, united."""
    graph = network.to_networkx()

    def draw(node: int, minutes: int) -> shapely.Geometry:
        part = nx.ego_graph(graph, node, radius=750 * minutes, distance="cost")
        lines = [data["geometry"] for *_, data in part.edges(data=True)]
        return gpd.GeoSeries(gpd.GeoSeries(lines).buffer(BESIDE)).union_all()

    return draw


def agreement(network: WalkNetwork, origins: gpd.GeoDataFrame, seed: int = 4) -> Fit:
    """Compare circle and table among places near the edge of the 15-minute circle.

    Returns the share that agrees and the share that agrees or lies within 10 m of the edge.
    """
    shapes = our_shapes(network, origins, 15)
    rng = np.random.default_rng(seed)
    edge = shapely.boundary(shapes)
    owner = np.repeat(np.flatnonzero(~shapely.is_empty(shapes)), PLACES)
    on_edge = shapely.line_interpolate_point(edge[owner], rng.random(len(owner)), normalized=True)
    away, turn = NEAR * np.sqrt(rng.random(len(owner))), rng.random(len(owner)) * 2 * np.pi
    xy = shapely.get_coordinates(on_edge) + (away * [np.cos(turn), np.sin(turn)]).T
    places = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*xy.T), crs=network.crs)
    keep = join_places(network, places, "places").status == "ok"
    table = walk_times(network, origins, places, cutoff=15).minutes.tocoo()
    told = np.zeros(len(places), bool)
    told[table.col[table.row == owner[table.col]]] = True
    drawn = np.array(
        [shapely.contains_xy(shapes[k], x, y) for k, (x, y) in zip(owner, xy, strict=True)]
    )
    agree = told == drawn
    close = shapely.distance(edge[owner], places.geometry.to_numpy()) <= CELL
    return Fit(float(agree[keep].mean()), float((agree | close)[keep].mean()))
