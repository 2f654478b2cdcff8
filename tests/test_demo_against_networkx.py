"""The demo's covered workers, counted again with networkx and shapely only."""

from __future__ import annotations

import warnings
from itertools import pairwise

import geopandas as gpd
import networkx as nx
import numpy as np
import pyproj
import pytest
import shapely

from servicecircle import samples
from servicecircle.coverage import measure_coverage
from servicecircle.demand import read_demand
from servicecircle.networks import read_network
from servicecircle.networks.places import join_places
from servicecircle.sites import read_sites
from servicecircle.siting import choose_sites

NOT_WALKED = {"motorway", "motorway_link"}


@pytest.fixture(scope="module")
def demo():
    city = samples.wuhan()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        stations = read_sites(city.stations, coordinates=city.coordinates)
        workers = read_demand(city.workers, coordinates=city.coordinates)
        shops = read_sites(city.shops, coordinates=city.coordinates)
    return city, read_network(city.streets), stations, workers, shops


def nearest_metres(path, network, stations, workers) -> np.ndarray:
    """Metres from every worker's place to the nearest station, inf where there is none."""
    lines = gpd.read_parquet(path)
    lines = lines[~lines["highway"].isin(NOT_WALKED)]
    degrees, drawn = lines.to_crs(4326).geometry.to_numpy(), lines.to_crs(network.crs).geometry
    drawn = drawn.to_numpy()
    geod = pyproj.Geod(ellps="WGS84")
    metres = np.array([geod.geometry_length(line) for line in degrees])
    ends = [tuple(np.round(shapely.get_coordinates(line)[[0, -1]], 2).ravel()) for line in drawn]
    places = gpd.GeoSeries([*stations.geometry, *workers.geometry], crs=4326).to_crs(network.crs)
    points = places.to_numpy()
    which, line = shapely.STRtree(drawn).query_nearest(points, max_distance=100)
    home = {}
    for i, edge in zip(which.tolist(), line.tolist(), strict=True):
        home[i] = min(edge, home.get(i, edge))
    stops: dict[int, list] = {}
    access = {}
    for i, edge in home.items():
        share = float(shapely.line_locate_point(drawn[edge], points[i], normalized=True))
        stops.setdefault(edge, []).append((share, ("place", i)))
        access[i] = float(shapely.distance(drawn[edge], points[i]))
    graph = nx.MultiGraph()
    for edge, (a, b, c, d) in enumerate(ends):
        chain = [(0.0, (a, b)), *sorted(stops.get(edge, [])), (1.0, (c, d))]
        for (f, u), (g, v) in pairwise(chain):
            graph.add_edge(u, v, m=(g - f) * metres[edge])
    for i in range(len(stations)):
        if i in access:
            graph.add_edge("stations", ("place", i), m=access[i])
    found = nx.single_source_dijkstra_path_length(graph, "stations", weight="m", cutoff=2000)
    count = len(stations)
    walk = np.array(
        [
            found.get(("place", count + j), np.inf) + access.get(count + j, 0)
            for j in range(len(workers))
        ]
    )
    return np.minimum(walk, straight_lines(network, stations, workers))


def straight_lines(network, stations, workers) -> np.ndarray:
    """Metres to a station at the same street, straight, up to ``max_access``."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        a, b = join_places(network, stations, "a"), join_places(network, workers, "b")
    gap = np.hypot(*(a.xy[:, None] - b.xy[None]).transpose(2, 0, 1))
    same = (a.street[:, None] == b.street[None]) & (a.street[:, None] >= 0)
    return np.where(same & (gap <= network.max_access), gap, np.inf).min(axis=0)


@pytest.mark.filterwarnings("ignore::servicecircle.errors.ServiceCircleWarning")
def test_covered_workers_before_and_after_the_plan(demo):
    city, network, stations, workers, shops = demo
    plan = choose_sites(network, shops, workers, existing=stations, minutes=[10, 15], n_open=12)
    opened = stations.geometry.to_list() + plan.sites.geometry.to_list()
    opened = gpd.GeoDataFrame(geometry=opened, crs=4326)
    for places, coverage in ((stations, plan.today), (opened, plan.coverage)):
        walk = nearest_metres(city.streets, network, places, workers) / 75.0
        for limit in (10, 15):
            # a walk within half a second of the limit may be rounded either way
            certain = np.abs(walk - limit) > 0.5 / 60
            people = workers["workers"].where(workers["status"] == "ok", 0.0).to_numpy()
            ours = (coverage.demand["minutes"] <= limit).to_numpy()
            assert people[(walk <= limit) & certain].sum() == people[ours & certain].sum()
            unsure = people[~certain].sum()
            assert unsure < 0.003 * people.sum()
            counted = coverage.summary().loc[limit, "covered"]
            assert abs(counted - people[walk <= limit].sum()) <= unsure
    assert plan.status == "proved"


@pytest.mark.filterwarnings("ignore::servicecircle.errors.ServiceCircleWarning")
def test_stations_too_far_from_streets_reach_nobody(demo):
    _, network, stations, workers, _ = demo
    lost = stations.iloc[:1].copy()
    lost["geometry"] = [shapely.Point(114.9, 30.9)]
    assert measure_coverage(network, lost, workers).share == 0
