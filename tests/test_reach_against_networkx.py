"""Walking minutes and covered workers, compared with an independent calculation."""

from __future__ import annotations

import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from oracle import Oracle
from servicecircle.coverage import measure_coverage
from servicecircle.errors import UnsnappedWarning
from servicecircle.networks import read_network
from servicecircle.networks.places import join_places
from servicecircle.reach import walk_times

FILES = ("nanjing_core.osm.pbf", "shenzhen_nanshan.osm", "porto_alegre.osm.pbf")


def places(network, count: int, seed: int, spread: float = 40.0) -> gpd.GeoDataFrame:
    """Scatter places evenly along the streets of the middle of town, some metres off them."""
    rng = np.random.default_rng(seed)
    streets = network.streets[~network.streets["island"]]
    middle = np.median(network.node_xy, axis=0)
    streets = streets[streets.distance(shapely.Point(middle)) < 2500]
    walked = np.cumsum(streets.length)
    at = np.sort(rng.uniform(0, walked.iloc[-1], count))
    which = np.searchsorted(walked, at)
    points = streets.geometry.iloc[which].interpolate(walked.iloc[which].to_numpy() - at)
    xy = shapely.get_coordinates(points.to_numpy()) + rng.normal(0, spread, (count, 2))
    ids = [f"p{seed}-{i}" for i in range(count)]
    weight = rng.integers(1, 50, count).astype(float)
    return gpd.GeoDataFrame(
        {"workers": weight}, index=ids, geometry=gpd.points_from_xy(*xy.T), crs=network.crs
    )


@pytest.fixture(scope="module", params=FILES)
def city(request, shared_data):
    path = shared_data / "streets" / request.param
    network = read_network(path, squares=False)  # the oracle walks ways only
    return network, Oracle(path, network.crs)


def straight_line_rule(network, facilities, demand, metres):
    """Two places at the same street may walk straight to each other, up to max_access."""
    a, b = join_places(network, facilities, "a"), join_places(network, demand, "b")
    same = (a.street[:, None] == b.street[None, :]) & (a.street[:, None] >= 0)
    gap = np.hypot(*(a.xy[:, None] - b.xy[None]).transpose(2, 0, 1))
    return np.where(same & (gap <= network.max_access), np.minimum(metres, gap), metres)


@pytest.mark.filterwarnings("ignore::servicecircle.errors.UnsnappedWarning")
def test_minutes_agree_with_networkx_to_a_second(city):
    network, oracle = city
    facilities, demand = places(network, 25, 1), places(network, 120, 2)
    reach = walk_times(network, facilities, demand, cutoff=15)
    ours = np.full((25, 120), np.inf)
    pairs = reach.minutes.tocoo()
    ours[pairs.row, pairs.col] = pairs.data
    stops = [oracle.join(np.array(p.coords[0])) for p in demand.geometry]
    theirs = np.array(
        [
            oracle.metres(oracle.join(np.array(p.coords[0])), stops, 1200.0)
            for p in facilities.geometry
        ]
    )
    theirs = straight_line_rule(network, facilities, demand, theirs) / 75.0
    both = np.isfinite(ours) & (theirs <= 15)
    assert both.sum() > 200
    assert np.abs(ours[both] - theirs[both]).max() <= 1 / 60
    # what only one of the two reaches lies at the cutoff, to a second
    only_one = np.isfinite(ours) != (theirs <= 15)
    assert (np.abs(theirs[only_one] - 15) <= 1 / 60).all()


@pytest.mark.filterwarnings("ignore::servicecircle.errors.UnsnappedWarning")
def test_covered_workers_agree_with_networkx(city):
    network, oracle = city
    stations, workers = places(network, 12, 3), places(network, 150, 4)
    found = measure_coverage(network, stations, workers, minutes=[10, 15])
    stops = [oracle.join(np.array(p.coords[0])) for p in workers.geometry]
    theirs = np.array(
        [
            oracle.metres(oracle.join(np.array(p.coords[0])), stops, 1200.0)
            for p in stations.geometry
        ]
    )
    nearest = straight_line_rule(network, stations, workers, theirs).min(axis=0) / 75.0
    for limit in (10, 15):
        certain = np.abs(nearest - limit) > 1 / 60
        expected = workers["workers"][(nearest <= limit) & certain].sum()
        counted = found.demand["workers"][(found.demand["minutes"] <= limit) & certain].sum()
        assert certain.mean() > 0.97
        assert counted == expected > 0


@pytest.mark.filterwarnings("ignore::servicecircle.errors.UnsnappedWarning")
def test_the_map_does_not_contradict_the_table(city):
    from servicecircle.areas import service_areas

    network, _ = city
    stations, workers = places(network, 12, 5), places(network, 4000, 6)
    found = measure_coverage(network, stations, workers, minutes=[10, 15])
    areas = service_areas(network, stations, minutes=[10, 15], dissolve=True)
    areas = areas.set_index("minutes").geometry
    assert areas.is_valid.all()
    assert areas[10].difference(areas[15]).area < 1e-6
    points = workers.geometry.to_numpy()
    for limit in (10, 15):
        covered = (found.demand["minutes"] <= limit).to_numpy()
        inside = shapely.contains(areas[limit], points)
        edge = shapely.distance(shapely.boundary(areas[limit]), points)
        agree = inside == covered
        assert agree.mean() >= 0.995
        assert agree[edge < 150].mean() >= 0.985
        # the rest lies within a cell of the drawn edge or of the true one
        far = np.flatnonzero(~agree & (edge > np.hypot(10, 10)))
        assert all(true_edge_is_near(network, stations, points[i], limit) for i in far)
    assert 0.05 < covered.mean() < 0.99


def true_edge_is_near(network, stations, point, limit) -> bool:
    """Tell whether both covered and uncovered places lie within one cell of a point."""
    radius, turn = np.meshgrid(np.linspace(0, 14, 8), np.linspace(0, 2 * np.pi, 24))
    x, y = point.x + radius * np.cos(turn), point.y + radius * np.sin(turn)
    around = gpd.points_from_xy(x.ravel(), y.ravel())
    around = gpd.GeoDataFrame({"workers": np.ones(x.size)}, geometry=around, crs=network.crs)
    covered = measure_coverage(network, stations, around, minutes=limit).demand["covered"]
    return bool(covered.any() and not covered.all())


def test_places_far_from_streets_are_named_and_not_covered(city):
    network, _ = city
    stations = places(network, 3, 7, spread=1.0)
    far = gpd.GeoDataFrame(
        {"workers": [5.0]},
        index=["lost"],
        geometry=gpd.points_from_xy(*(network.shape_xy.max(axis=0) + 5000)[:, None]),
        crs=network.crs,
    )
    workers = pd.concat([places(network, 5, 8, spread=1.0), far])
    with pytest.warns(UnsnappedWarning, match="'lost'"):
        found = measure_coverage(network, stations, workers)
    assert found.demand.loc["lost", "status"] == "unsnapped"
    assert not found.demand.loc["lost", "covered"]
    assert np.isnan(found.demand.loc["lost", "minutes"])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnsnappedWarning)
        before = measure_coverage(network, stations, workers.drop(index="lost"))
    assert found.summary()["covered"].equals(before.summary()["covered"])
    assert found.summary().loc[15, "workers"] == before.summary().loc[15, "workers"] + 5
