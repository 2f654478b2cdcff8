"""The walk between two places: the same minutes as the table, street by street."""

from __future__ import annotations

from itertools import pairwise

import geopandas as gpd
import numpy as np
import pytest
import shapely

from cities import City
from servicecircle.errors import InputError, UnsnappedWarning
from servicecircle.networks import read_network
from servicecircle.reach import walk_times
from servicecircle.routes import explain

TOWN = """
A---B---C
|       |
D       F
        |
G-------H
"""
NAMES = {
    "AB": {"name": "North"}, "BC": {"name": "North"}, "CF": {"name": "East"},
    "FH": {"name": "East"}, "GH": {"name": "South", "highway": "footway"},
}  # fmt: skip


def test_a_walk_names_its_streets_in_order(tmp_path):
    city = City(TOWN, NAMES)
    network = city.network(tmp_path)
    way = explain(network, city.places("G"), city.places("A"))
    assert way["name"].tolist() == ["North", "East", "South"]
    assert way["highway"].tolist() == ["residential", "residential", "footway"]
    assert np.allclose(way["minutes"], [400 / 75, 400 / 75, 400 / 75], rtol=1e-3)
    assert way["minutes_so_far"].iloc[-1] == pytest.approx(16, rel=1e-3)
    assert way["metres"].sum() == pytest.approx(1200, rel=1e-3)
    assert "16.0 minutes" in way.attrs["en"]
    assert "步行 16.0 分钟" in way.attrs["zh"]


@pytest.mark.filterwarnings("ignore::servicecircle.errors.UnsnappedWarning")
@pytest.mark.parametrize("file", ["nanjing_core.osm.pbf", "porto_city_core.osm.pbf"])
def test_minutes_are_those_of_the_table_and_the_way_is_unbroken(shared_data, file):
    network = read_network(shared_data / "streets" / file)
    rng = np.random.default_rng(5)
    middle = np.median(network.node_xy, axis=0)
    xy = middle + rng.uniform(-600, 600, (40, 2))
    places = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*xy.T), crs=network.crs)
    reach = walk_times(network, places, places, cutoff=60)
    pairs = reach.to_frame()
    pairs = pairs[pairs["facility"] != pairs["demand"]]
    chosen = pairs.iloc[rng.choice(len(pairs), 60, replace=False)]
    for facility, demand, minutes in chosen.itertuples(index=False):
        way = explain(network, places.loc[[facility]], places.loc[[demand]])
        assert way["minutes"].sum() == pytest.approx(minutes, abs=1e-4)
        metric = way.to_crs(network.crs)
        ends = [(line.coords[0], line.coords[-1]) for line in metric.geometry]
        assert np.allclose(ends[0][0], xy[demand], atol=0.01)
        assert np.allclose(ends[-1][1], xy[facility], atol=0.01)
        for (_, stop), (start, _) in pairwise(ends):
            assert np.hypot(*np.subtract(stop, start)) < 0.02
        assert metric.length.sum() == pytest.approx(way["metres"].sum(), rel=0.002, abs=2)


def test_places_as_longitude_and_latitude(tmp_path):
    city = City(TOWN, NAMES)
    a, b = city.place("A"), city.place("B")
    way = explain(city.network(tmp_path), (b.x, b.y), (a.x, a.y))
    assert way["name"].tolist() == ["North"]
    assert way["minutes"].sum() == pytest.approx(200 / 75, rel=1e-3)


def test_two_places_of_one_street_may_walk_straight(tmp_path):
    city = City("A-------B")
    network = city.network(tmp_path)
    near = city.places("A", A=(100, 60))
    also = city.places("B", B=(-250, 60))
    way = explain(network, near, also)
    assert way["minutes"].sum() == pytest.approx(50 / 75, rel=1e-2)
    assert way["name"].tolist() == [""]


def test_no_way_is_said_in_words(tmp_path):
    text = "\n".join(["A" + "-" * 50 + "B", "", "", "C" + "-" * 50 + "D"])
    city = City(text)
    network = city.network(tmp_path)
    way = explain(network, city.places("A"), city.places("C"))
    assert way.empty
    assert "no way on foot" in way.attrs["en"]
    assert list(way.columns) == [
        "name",
        "highway",
        "metres",
        "minutes",
        "minutes_so_far",
        "geometry",
    ]


def test_wrong_places_are_refused(tmp_path):
    city = City(TOWN)
    network = city.network(tmp_path)
    with pytest.raises(InputError, match="one row"):
        explain(network, city.places("AB"), city.places("A"))
    with pytest.raises(InputError, match="unsnapped"), pytest.warns(UnsnappedWarning):
        explain(network, city.places("A", A=(-500, 0)), city.places("B"))


def test_the_geometry_follows_the_streets(tmp_path):
    city = City(TOWN, NAMES)
    network = city.network(tmp_path)
    way = explain(network, city.places("H"), city.places("B")).to_crs(network.crs)
    streets = network.streets.union_all()
    assert shapely.distance(streets, way.geometry.to_numpy()).max() < 0.1
