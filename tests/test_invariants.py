"""What must hold of reach on any street graph, tried on small graphs drawn by Hypothesis.

The graphs are multigraphs with parallel edges, loops, edges of no length and one-way
streets; lengths are given in decimetres, so that every comparison is exact.
"""

from __future__ import annotations

import dataclasses
import os
import subprocess
import sys
from typing import NamedTuple
from unittest import mock

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from servicecircle._kernel import batch
from servicecircle._kernel.search import FAR, spread
from servicecircle.areas import service_areas
from servicecircle.networks import WalkNetwork, network_from_osmnx
from servicecircle.networks.nearest_street import StreetIndex
from servicecircle.reach import walk_times

pytestmark = pytest.mark.filterwarnings("ignore::servicecircle.errors.UnsnappedWarning")
SPACING = 400.0  # metres between the places of a grid that nodes are drawn on
PER_MINUTE = 750  # decimetres
few = settings(max_examples=40)


class Town(NamedTuple):
    """Nodes 0…n-1 on a grid and edges (from, to, decimetres, one-way)."""

    nodes: int
    edges: tuple[tuple[int, int, int, bool], ...]

    def graph(self, *, scale: int = 1, order: list[int] | None = None, names=str) -> nx.MultiGraph:
        """Make a graph whose edges have names of their own, so that none are merged."""
        graph = nx.MultiDiGraph(crs="EPSG:32650")
        for node in range(self.nodes):
            graph.add_node(names(node), x=x_of(node), y=y_of(node))
        edges = list(self.edges)
        for i in order or range(len(edges)):
            u, v, decimetres, oneway = edges[i]
            tags = {"highway": "footway", "name": f"{i}"}
            tags |= {"oneway:foot": "yes"} if oneway else {}
            graph.add_edge(names(u), names(v), length=scale * decimetres / 10, **tags)
        return graph

    def network(self, **options) -> WalkNetwork:
        return without_islands(network_from_osmnx(self.graph(**options)))


def x_of(node: int) -> float:
    return 500_000 + SPACING * (node % 4) + 7.0 * node


def y_of(node: int) -> float:
    return 3_300_000 + SPACING * (node // 4) + 11.0 * (node % 3)


def without_islands(network: WalkNetwork) -> WalkNetwork:
    """Join places to every part, however small."""
    return dataclasses.replace(network, island_km=0.0)


@st.composite
def towns(draw, *, oneway: bool = True) -> Town:
    nodes = draw(st.integers(2, 9))
    node = st.integers(0, nodes - 1)
    way = st.booleans() if oneway else st.just(value=False)
    edge = st.tuples(node, node, st.integers(0, 9000), way)
    edges = draw(st.lists(edge, min_size=1, max_size=16))
    return Town(nodes, tuple(edges))


def all_nodes(town: Town) -> gpd.GeoDataFrame:
    """Make a table of the nodes that have a street; each lies exactly on it."""
    used = sorted({node for u, v, *_ in town.edges for node in (u, v)})
    xy = np.array([(x_of(node), y_of(node)) for node in used])
    return gpd.GeoDataFrame(
        index=[str(node) for node in used], geometry=gpd.points_from_xy(*xy.T), crs=32650
    )


def some_places(seed: int, count: int = 12) -> gpd.GeoDataFrame:
    """Scatter places over the drawing, most of them near no street's end."""
    rng = np.random.default_rng(seed)
    xy = rng.uniform(-50, [4 * SPACING, 3 * SPACING], (count, 2)) + np.array([5e5, 3.3e6])
    return gpd.GeoDataFrame(
        index=[f"p{i}" for i in range(count)], geometry=gpd.points_from_xy(*xy.T), crs=32650
    )


def table(network: WalkNetwork, facilities, demand, cutoff=60.0, **options) -> np.ndarray:
    """Minutes as a dense table, inf beyond the cutoff."""
    reach = walk_times(network, facilities, demand, cutoff=cutoff, **options)
    found = np.full((len(facilities), len(demand)), np.inf)
    pairs = reach.minutes.tocoo()
    found[pairs.row, pairs.col] = pairs.data
    return found


def oracle_costs(town: Town, cutoff: int = 60 * PER_MINUTE) -> np.ndarray:
    graph = nx.MultiDiGraph()
    for u, v, decimetres, oneway in town.edges:
        graph.add_edge(u, v, weight=decimetres)
        if not oneway:
            graph.add_edge(v, u, weight=decimetres)
    used = sorted(graph)
    found = np.full((len(used), len(used)), np.inf)
    for i, source in enumerate(used):
        costs = nx.single_source_dijkstra_path_length(graph, source, cutoff=cutoff)
        found[i] = [costs.get(target, np.inf) for target in used]
    return found


def kernel_costs(network: WalkNetwork, town: Town, cutoff: int) -> np.ndarray:
    """Search from node to node with the kernel alone: no place has to be joined."""
    places = all_nodes(town)
    xy = np.stack([places.geometry.x, places.geometry.y], axis=1)
    gap = np.hypot(*(network.node_xy[None] - xy[:, None]).transpose(2, 0, 1))
    at = gap.argmin(axis=1)
    assert (gap.min(axis=1) < 0.01).all()
    found = np.full((len(at), len(at)), np.inf)
    for i, node in enumerate(at.astype(np.int32)):
        seeds, zero = np.array([node], np.int32), np.zeros(1, np.int32)
        dist = spread(network.away, seeds, zero, cutoff)
        found[i] = np.where(dist[at] < FAR, dist[at], np.inf)
    return found


@few
@given(towns())
def test_costs_between_junctions_equal_networkx(town):
    costs = kernel_costs(town.network(), town, 60 * PER_MINUTE)
    assert np.array_equal(costs, oracle_costs(town))


@few
@given(towns(), st.integers(1, 40))
def test_what_is_within_the_cutoff_equals_networkx(town, minutes):
    cutoff = minutes * PER_MINUTE
    costs = kernel_costs(town.network(), town, cutoff)
    assert np.array_equal(costs, oracle_costs(town, cutoff))


@few
@given(towns())
def test_reach_grows_with_the_minutes_and_nests(town):
    network, places = town.network(), some_places(1)
    whole = table(network, places, places, 40)
    for minutes in (0, 3, 10, 25):
        part = table(network, places, places, minutes)
        assert np.array_equal(part, np.where(whole <= np.float32(minutes), whole, np.inf))


@few
@given(towns(oneway=False))
def test_reach_is_symmetric_where_every_street_is_walked_both_ways(town):
    network, places = town.network(), some_places(2)
    found = table(network, places, places)
    assert np.array_equal(found, found.T)


@few
@given(towns())
def test_turning_the_direction_transposes_the_table(town):
    network, places, others = town.network(), some_places(3), some_places(4)
    there = table(network, places, others, towards="facility")
    back = table(network, others, places, towards="demand")
    assert np.array_equal(there, back.T)


@few
@given(towns())
def test_no_way_is_shorter_than_the_direct_one(town):
    costs = kernel_costs(town.network(), town, 10**6)
    via = (costs[:, :, None] + costs[None]).min(axis=1)
    assert (costs <= via).all()


@few
@given(towns(), st.randoms(use_true_random=False))
def test_names_and_order_of_streets_change_nothing(town, random):
    order = list(range(len(town.edges)))
    random.shuffle(order)
    names = list("qwertyuio")
    random.shuffle(names)
    plain, mixed = town.network(), town.network(order=order, names=names.__getitem__)
    assert np.array_equal(plain.node_xy, mixed.node_xy)
    assert np.array_equal(plain.ends, mixed.ends)
    assert np.array_equal(plain.street_cost, mixed.street_cost)
    assert np.array_equal(plain.shape_xy, mixed.shape_xy)
    places = some_places(5)
    assert np.array_equal(table(plain, places, places, 30), table(mixed, places, places, 30))


@few
@given(towns(), st.permutations(range(12)))
def test_order_of_rows_changes_nothing(town, order):
    network, places = town.network(), some_places(6)
    found = table(network, places, places)
    mixed = table(network, places.iloc[order], places.iloc[order[::-1]])
    assert np.array_equal(found[np.ix_(order, order[::-1])], mixed)


@few
@given(towns(), st.integers(1, 12))
def test_rows_may_come_in_chunks(town, size):
    network, places = town.network(), some_places(7)
    parts = [table(network, places.iloc[i : i + size], places) for i in range(0, len(places), size)]
    assert np.array_equal(np.concatenate(parts), table(network, places, places))


@few
@given(towns(), st.integers(1, 6))
def test_number_of_threads_changes_nothing(town, threads):
    network, places = town.network(), some_places(9)
    alone = table(network, places, places)
    with mock.patch.object(batch, "FEWEST", 1), mock.patch("os.cpu_count", return_value=threads):
        assert np.array_equal(alone, table(network, places, places))


@settings(max_examples=10)
@given(towns(), st.permutations(range(12)), st.integers(2, 6))
def test_circles_nest_whatever_the_order_the_chunks_and_the_threads(town, order, threads):
    network, places = town.network(), some_places(10)
    whole = service_areas(network, places, minutes=[4, 9])
    shape = whole.set_index(["facility", "minutes"]).geometry
    inner, outer = (shape.xs(minutes, level="minutes") for minutes in (4, 9))
    assert shapely.is_valid(shape.to_numpy()).all()
    assert inner.difference(outer).area.max() < 1e-3  # square metres
    mixed = places.iloc[order]
    with mock.patch.object(batch, "FEWEST", 1), mock.patch("os.cpu_count", return_value=threads):
        parts = [service_areas(network, part, minutes=[9, 4]) for part in (mixed[:5], mixed[5:])]
    again = pd.concat(parts).set_index(["facility", "minutes"]).geometry.loc[shape.index]
    assert list(again.to_wkb()) == list(shape.to_wkb())


@few
@given(towns())
def test_lengths_and_cutoff_scale_together(town):
    once, twice = town.network(), town.network(scale=3)
    costs = kernel_costs(once, town, 20 * PER_MINUTE)
    assert np.array_equal(3 * costs, kernel_costs(twice, town, 60 * PER_MINUTE))


@few
@given(towns(), st.integers(0, 8), st.integers(0, 8), st.integers(0, 9000))
def test_another_street_never_lengthens_a_way(town, u, v, decimetres):
    before = kernel_costs(town.network(), town, 10**6)
    more = Town(town.nodes, (*town.edges, (u % town.nodes, v % town.nodes, decimetres, False)))
    used = all_nodes(town).index
    rows = all_nodes(more).index.get_indexer(used)
    after = kernel_costs(more.network(), more, 10**6)[np.ix_(rows, rows)]
    assert (after <= before).all()


@few
@given(towns(), st.integers(0, 9000))
def test_loops_and_longer_parallel_streets_have_no_effect(town, decimetres):
    u, v, length, oneway = town.edges[0]
    more = Town(
        town.nodes,
        (*town.edges, (u, u, decimetres, False), (u, v, length + decimetres, oneway)),
    )
    costs = kernel_costs(town.network(), town, 10**6)
    assert np.array_equal(costs, kernel_costs(more.network(), more, 10**6))


@few
@given(towns())
def test_nearest_streets_agree_with_a_plain_search(town):
    """The binned index against every segment in turn."""
    network, places = town.network(), some_places(8)
    index = StreetIndex.of(network, islands=False)
    xy = np.stack([places.geometry.x, places.geometry.y], axis=1)
    _, _, metres = index.nearest(xy, 100.0)
    lines = shapely.linestrings(index.segments.reshape(-1, 2, 2))
    plain = shapely.distance(places.geometry.to_numpy()[:, None], lines[None]).min(axis=1)
    near = plain <= 100
    assert np.allclose(metres[near], plain[near], atol=1e-6)
    assert np.isinf(metres[plain > 100.001]).all()


ANSWERS = """
import hashlib, sys, warnings
warnings.simplefilter("ignore")
sys.path[:0] = sys.argv[1:]
from test_invariants import Town, some_places, table
from servicecircle.areas import reached_streets, service_areas
edges = ((0, 1, 4100, False), (1, 2, 4200, True), (2, 5, 7000, False), (5, 0, 9000, False),
         (0, 1, 3900, False), (5, 5, 300, False), (4, 5, 4000, False))
network, places = Town(6, edges).network(), some_places(9)
places = places.to_crs(network.crs)
shapes = [
    reached_streets(network, places, minutes=12),
    service_areas(network, places, minutes=[5, 12]),
    service_areas(network, places, minutes=[5, 12], dissolve=True),
]
answers = [table(network, places, places, 30).tobytes()]
answers += [b"".join(frame.geometry.to_wkb()) for frame in shapes]
for answer in answers:
    print(hashlib.sha256(answer).hexdigest(), len(answer))
"""


def test_compiled_and_plain_python_give_the_same_bytes(root):
    """The kernels run as they are written, without the compiler, in a second process."""
    folders = [str(root / "src" / "coverage"), str(root / "tests")]
    found = [
        subprocess.run(
            [sys.executable, "-c", ANSWERS, *folders],
            capture_output=True,
            text=True,
            check=True,
            env=os.environ | {"NUMBA_DISABLE_JIT": plain},
        ).stdout
        for plain in ("0", "1")
    ]
    assert found[0] == found[1]
    sizes = [int(line.split()[1]) for line in found[0].splitlines()]
    assert len(sizes) == 4  # minutes, streets, circles, their union
    assert min(sizes) > 300
