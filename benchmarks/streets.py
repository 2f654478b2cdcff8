"""Street graphs as the arrays that every engine gets, and our own search over them."""

from __future__ import annotations

import importlib.util
from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import shapely
from numba import njit

from servicecircle._kernel.search import FAR, SHIFT, Graph, _search
from servicecircle.networks import WalkNetwork
from servicecircle.networks.assemble import components, morton

if TYPE_CHECKING:
    from pathlib import Path
    from types import ModuleType

MINUTES_10, MINUTES_15 = 7_500, 11_250  # decimetres at 4.5 km/h
METRIC = pyproj.CRS.from_epsg(32650)


class Arcs(NamedTuple):
    """A street graph: CSR ``indptr``, ``heads``, ``cost`` (int32 decimetres), ``xy`` (metres)."""

    indptr: np.ndarray
    heads: np.ndarray
    cost: np.ndarray
    xy: np.ndarray

    @property
    def tails(self) -> np.ndarray:
        """Node that each arc leaves."""
        return np.repeat(np.arange(len(self.xy), dtype=np.int32), np.diff(self.indptr))

    def graph(self) -> Graph:
        """Return what our kernel takes."""
        nothing = np.empty((0, 2), np.int32)
        return Graph(self.indptr, self.heads, self.cost, self.heads, nothing, nothing, 1000)

    def save(self, path: Path) -> None:
        """Write the arrays."""
        np.savez(path, **self._asdict())

    @classmethod
    def open(cls, path: str | Path) -> Arcs:
        """Read what ``save`` wrote."""
        with np.load(path) as arrays:
            return cls(**arrays)


def arcs_of(network: WalkNetwork) -> Arcs:
    """Take the passable arcs of a network."""
    keep = network.cost < FAR
    indptr = np.concatenate([[0], np.cumsum(keep)])[network.indptr].astype(np.int32)
    return Arcs(indptr, network.heads[keep], network.cost[keep], network.node_xy)


def load_bench(shared: Path) -> ModuleType:
    """Import the loader that lies with the shared data."""
    path = shared / "data" / "tools" / "load_bench.py"
    spec = importlib.util.spec_from_file_location("load_bench", path)
    if spec is None or spec.loader is None:
        raise FileNotFoundError(path)
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


def composite_arrays(shared: Path, cache: Path) -> Path:
    """Write Porto and the seven cities of neatnet, side by side, to one file."""
    target = cache / "composite.npz"
    if not target.exists():
        loader = load_bench(shared)
        porto = shared / "data" / "streets" / "porto_portugal.osm.pbf"
        streets = loader.load_union(porto, loader.download_neatnet(cache))
        partial = cache / "partial.npz"
        np.savez(partial, **streets._asdict())
        partial.rename(target)
    return target


def composite(path: str | Path) -> WalkNetwork:
    """Make a network of bare arrays: straight streets, no tags, sorted along a curve."""
    with np.load(path) as arrays:
        xy, ends = arrays["xy"], np.stack([arrays["source"], arrays["target"]], axis=1)
        metres = arrays["length"]
    curve = np.argsort(morton(xy), kind="stable")
    rank = np.empty(len(curve), np.int32)
    rank[curve] = np.arange(len(curve), dtype=np.int32)
    xy, ends = xy[curve], rank[ends]
    order = np.lexsort((ends.max(axis=1), ends.min(axis=1)))
    ends, metres = np.ascontiguousarray(ends[order]), metres[order]
    cost = np.floor(metres * 10 + 0.5).astype(np.int32)
    return WalkNetwork(
        crs=METRIC,
        node_xy=xy,
        ends=ends,
        street_cost=np.stack([cost, cost], axis=1),
        metres=metres,
        shape_xy=xy[ends].reshape(-1, 2),
        shape_offsets=np.arange(len(ends) + 1, dtype=np.int64) * 2,
        tags=pd.DataFrame({name: np.full(len(ends), "") for name in ("highway", "name", "access")}),
        component=components(ends, len(xy)),
        source={"file": "composite of eight cities"},
    )


@njit(cache=True, nogil=True)
def _reach_nodes(graph, origins, cutoff):  # type: ignore[no-untyped-def]  # noqa: ANN001, ANN202
    n = graph.indptr.size - 1
    dist, touched = np.full(n, FAR, np.int32), np.empty(n, np.int32)
    heads = np.full((cutoff >> SHIFT) + 1, -1, np.int32)
    entries = np.empty((4096, 3), np.int32)
    seeds, none = np.empty(1, np.int32), np.zeros(1, np.int32)
    counts = np.zeros(origins.size, np.int64)
    nodes, costs = np.empty(4096, np.int32), np.empty(4096, np.int32)
    filled = 0
    for i in range(origins.size):
        seeds[0] = origins[i]
        found, entries = _search(graph, seeds, none, cutoff, dist, touched, heads, entries)
        if filled + found > nodes.size:
            size = 2 * (filled + found)
            more_nodes, more_costs = np.empty(size, np.int32), np.empty(size, np.int32)
            more_nodes[:filled], more_costs[:filled] = nodes[:filled], costs[:filled]
            nodes, costs = more_nodes, more_costs
        for t in range(found):
            nodes[filled], costs[filled] = touched[t], dist[touched[t]]
            dist[touched[t]] = FAR
            filled += 1
        counts[i] = found
    return counts, nodes[:filled], costs[:filled]


def reach_nodes(
    graph: Graph, origins: np.ndarray, cutoff: int = MINUTES_15
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """List the nodes within ``cutoff`` of every origin node, with their costs, ragged."""
    answer: tuple[np.ndarray, np.ndarray, np.ndarray] = _reach_nodes(graph, origins, cutoff)
    return answer


def pick(
    arcs: Arcs, count: int, *, dense: bool = False, seed: int = 0, barred: np.ndarray | None = None
) -> np.ndarray:
    """Choose origin nodes, sorted: anywhere, or near the middle of the city.

    Near means within 2.5 km of the median node, in small extracts the nearest quarter.
    ``barred`` (n,) bool: nodes not to choose.
    """
    rng = np.random.default_rng(seed)
    usable = np.diff(arcs.indptr) > 0
    pool = np.flatnonzero(usable if barred is None else usable & ~barred)
    if dense:
        away = np.hypot(*(arcs.xy[pool] - np.median(arcs.xy, axis=0)).T)
        pool = pool[away <= min(2500.0, float(np.quantile(away, 0.25)))]
    return np.sort(rng.choice(pool, count)).astype(np.int32)


def pick_joined(
    network: WalkNetwork, count: int, *, dense: bool = False, seed: int = 0
) -> np.ndarray:
    """Choose origin nodes that do not lie on islands, to which nothing is joined."""
    barred = np.zeros(len(network.node_xy), bool)
    barred[network.ends[network.is_island]] = True
    return pick(arcs_of(network), count, dense=dense, seed=seed, barred=barred)


def at_nodes(network: WalkNetwork, nodes: np.ndarray) -> gpd.GeoDataFrame:
    """Make places at nodes."""
    points = gpd.points_from_xy(*network.node_xy[nodes].T)
    return gpd.GeoDataFrame(geometry=points, crs=network.crs)


def beside_streets(
    network: WalkNetwork, count: int, *, off: float = 30.0, seed: int = 1
) -> gpd.GeoDataFrame:
    """Scatter places with workers along the streets, some metres off them."""
    rng = np.random.default_rng(seed)
    which = rng.choice(len(network.ends), count, p=network.metres / network.metres.sum())
    lines = shapely.from_ragged_array(
        shapely.GeometryType.LINESTRING, network.shape_xy, (network.shape_offsets,)
    )
    points = shapely.line_interpolate_point(lines[which], rng.random(count), normalized=True)
    xy = shapely.get_coordinates(points) + rng.normal(0, off, (count, 2))
    workers = rng.integers(1, 50, count).astype(float)
    return gpd.GeoDataFrame(
        {"workers": workers}, geometry=gpd.points_from_xy(*xy.T), crs=network.crs
    )
