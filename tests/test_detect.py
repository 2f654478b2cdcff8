"""Telling the coordinate system from how real places lie on real streets."""

from __future__ import annotations

from dataclasses import replace
from functools import cache

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pyproj
import pytest
import shapely

import servicecircle as sc
from servicecircle.coordinates import from_wgs84
from servicecircle.errors import CrsError, CrsWarning, InputError

pytestmark = [
    pytest.mark.shared,
    pytest.mark.filterwarnings("ignore::servicecircle.errors.NetworkWarning"),
]

# File → where the city is laid on Chinese ground, so that the shift applies; real where None
CITIES = {
    "nanjing_core.osm.pbf": None,
    "shenzhen_nanshan.osm": None,
    "monaco.osm.pbf": (114.30, 30.59),
    "helsinki.osm.pbf": (116.41, 39.92),
    "porto_alegre.osm.pbf": (119.30, 26.08),
}
SYSTEMS = ("wgs84", "gcj02", "bd09")


@cache
def city(folder, name):
    """Return a network, its shops, offices and amenities (degrees), and buildings."""
    path = folder / "streets" / name
    network = sc.read_network(path)
    places, outlines = [], []
    for item in osmium.FileProcessor(str(path)).with_locations():
        if item.is_node() and {"shop", "amenity", "office"} & {tag.k for tag in item.tags}:
            places.append((item.location.lon, item.location.lat))
        elif item.is_way() and "building" in item.tags:
            corners = [(n.location.lon, n.location.lat) for n in item.nodes if n.location.valid()]
            if len(corners) > 3:
                outlines.append(shapely.make_valid(shapely.Polygon(corners)))
    xy = np.column_stack(move(4326, network.crs)(*np.array(places).T))
    buildings = gpd.GeoSeries(outlines[:5000], crs=4326).to_crs(network.crs)
    if CITIES[name] is not None:
        crs = pyproj.CRS(32600 + int((CITIES[name][0] + 180) // 6) + 1)
        there = np.array(move(4326, crs)(*CITIES[name])) - network.shape_xy.mean(axis=0)
        network = replace(
            network, crs=crs, node_xy=network.node_xy + there, shape_xy=network.shape_xy + there
        )
        xy = xy + there
        buildings = gpd.GeoSeries(buildings.translate(*map(float, there)).to_numpy(), crs=crs)
    lonlat = np.column_stack(move(network.crs, 4326)(*xy.T))
    return network, lonlat, gpd.GeoDataFrame(geometry=buildings)


def move(source, target):
    return pyproj.Transformer.from_crs(source, target, always_xy=True).transform


def sample(lonlat, system, generator, least, most):
    size = min(int(generator.integers(least, most + 1)), len(lonlat))
    rows = generator.choice(len(lonlat), size, replace=False)
    return from_wgs84((lonlat[rows, 0], lonlat[rows, 1]), system)


@pytest.mark.parametrize("name", CITIES)
def test_random_samples_are_told_right_or_not_at_all(shared_data, name):
    network, lonlat, _ = city(shared_data, name)
    generator = np.random.default_rng(5)
    right = 0
    for system in SYSTEMS * 5:
        found = sc.detect_coordinates(sample(lonlat, system, generator, 20, 200), network)
        assert found.system in {system, None}
        right += found.system == system
    assert right >= 14  # of 15; the full count of 1,000 a system is in docs/coordinates.md


def test_buildings_tell_small_samples_apart(shared_data):
    network, lonlat, buildings = city(shared_data, "shenzhen_nanshan.osm")
    generator = np.random.default_rng(6)
    for system in SYSTEMS * 5:
        points = sample(lonlat, system, generator, 20, 20)
        found = sc.detect_coordinates(points, network, buildings=buildings)
        assert found.system == system
        assert found.evidence["in_buildings"].idxmax() == system


def test_the_evidence_is_shown(shared_data):
    network, lonlat, _ = city(shared_data, "nanjing_core.osm.pbf")
    found = sc.detect_coordinates(from_wgs84((lonlat[:, 0], lonlat[:, 1]), "gcj02"), network)
    assert found.system == "gcj02"
    assert found.order == "lonlat"
    assert found.confidence > 0.99
    assert list(found.evidence.index) == list(SYSTEMS)
    assert {"median_metres", "share_30m", "support"} <= set(found.evidence.columns)
    assert found.evidence["support"].idxmax() == "gcj02"
    assert "gcj02" in repr(found)
    assert "median_metres" in found._repr_html_()
    # the true distances, by another library
    points = gpd.GeoSeries(gpd.points_from_xy(*lonlat.T), crs=4326).to_crs(network.crs)
    streets = network.streets
    near = points.distance(streets[~streets["island"]].union_all())
    assert found.evidence.loc["gcj02", "median_metres"] == pytest.approx(near.median(), abs=0.5)


def test_swapped_coordinates_are_seen(shared_data):
    network, lonlat, _ = city(shared_data, "nanjing_core.osm.pbf")
    lon, lat = from_wgs84((lonlat[:, 0], lonlat[:, 1]), "bd09")
    found = sc.detect_coordinates((lat, lon), network)
    assert (found.order, found.system) == ("latlon", "bd09")


@pytest.mark.parametrize("crs", ["EPSG:3857", "EPSG:4549", "EPSG:32650", "EPSG:4528"])
@pytest.mark.parametrize("system", ["wgs84", "gcj02"])
def test_metres_are_seen_and_their_projection_named(shared_data, crs, system):
    network, lonlat, _ = city(shared_data, "nanjing_core.osm.pbf")
    shifted = from_wgs84((lonlat[:, 0], lonlat[:, 1]), system)
    found = sc.detect_coordinates(move(4326, crs)(*shifted), network)
    assert (found.crs, found.system) == (crs, system)
    assert found.reason.startswith(f"The coordinates are metres in {crs}")


@pytest.mark.parametrize("count", [0, 1, 3])
def test_few_points_do_not_tell(shared_data, count):
    network, lonlat, _ = city(shared_data, "nanjing_core.osm.pbf")
    assert sc.detect_coordinates((lonlat[:count, 0], lonlat[:count, 1]), network).system is None


def test_points_of_one_block_do_not_tell(shared_data):
    network, lonlat, _ = city(shared_data, "nanjing_core.osm.pbf")
    generator = np.random.default_rng(0)
    cloud = lonlat[0] + generator.normal(0, 0.0002, (200, 2))
    assert sc.detect_coordinates((cloud[:, 0], cloud[:, 1]), network).system is None


def test_points_strewn_at_random_are_not_told_wrong(shared_data):
    network, _, _ = city(shared_data, "nanjing_core.osm.pbf")
    generator = np.random.default_rng(1)
    for system in SYSTEMS * 5:
        lon, lat = generator.uniform(118.768, 118.797, 60), generator.uniform(32.035, 32.052, 60)
        found = sc.detect_coordinates(from_wgs84((lon, lat), system), network)
        assert found.system in {None, system}


def test_points_of_another_city_are_no_evidence(shared_data):
    network, lonlat, _ = city(shared_data, "nanjing_core.osm.pbf")
    found = sc.detect_coordinates((lonlat[:, 0] + 3, lonlat[:, 1]), network)
    assert found.system is None
    assert "area of the streets" in found.reason


def test_outside_mainland_china_nothing_has_to_be_told(shared_data):
    network = sc.read_network(shared_data / "streets" / "porto_alegre.osm.pbf")
    table = pd.read_csv(shared_data / "sites" / "porto_alegre_points_of_interest.csv")
    found = sc.detect_coordinates((table["lon"], table["lat"]), network)
    assert (found.system, found.confidence) == ("wgs84", 1.0)


def test_frames_are_taken_as_well_as_arrays(shared_data):
    network, lonlat, _ = city(shared_data, "nanjing_core.osm.pbf")
    points = gpd.GeoDataFrame(geometry=gpd.points_from_xy(*lonlat.T), crs=4326)
    for given in (
        points,
        points.geometry,
        points.to_crs(32650),
        points.set_crs(None, allow_override=True),
    ):
        assert sc.detect_coordinates(given, network).system == "wgs84"
    with pytest.raises(InputError, match="`points` must be"):
        sc.detect_coordinates([1, 2, 3], network)


def table_of(lonlat, folder, rows=150):
    table = pd.DataFrame({"编号": range(rows), "经度": lonlat[0][:rows], "纬度": lonlat[1][:rows]})
    path = folder / "站点.csv"
    table.to_csv(path, index=False)
    return path


def test_a_reader_with_streets_detects_converts_and_says_so(shared_data, tmp_path):
    network, lonlat, _ = city(shared_data, "nanjing_core.osm.pbf")
    path = table_of(from_wgs84((lonlat[:, 0], lonlat[:, 1]), "gcj02"), tmp_path)
    with pytest.warns(
        CrsWarning, match="站点.csv: coordinates detected as gcj02.*median.*say coord"
    ):
        sites = sc.read_sites(path, network=network)
    assert sites.attrs["coordinates"] == "gcj02"
    np.testing.assert_allclose(sites.geometry.x, lonlat[:150, 0], atol=1e-7)


def squares(lonlat, network):
    """Four districts about the middle of the places, drawn truly."""
    west, south, east, north = network.bounds
    x, y = np.median(lonlat, axis=0) + 1e-6  # on none of the places
    boxes = {
        "甲区": shapely.box(west, y, x, north),
        "乙区": shapely.box(x, y, east, north),
        "丙区": shapely.box(west, south, x, y),
        "丁区": shapely.box(x, south, east, y),
    }
    return gpd.GeoDataFrame({"name": list(boxes)}, geometry=list(boxes.values()), crs=4326)


def test_districts_that_rows_name_are_evidence(shared_data, tmp_path):
    network, lonlat, _ = city(shared_data, "nanjing_core.osm.pbf")
    districts = squares(lonlat, network)
    names = [
        districts["name"][districts.contains(shapely.Point(*place))].iloc[0] for place in lonlat
    ]
    lon, lat = from_wgs84((lonlat[:, 0], lonlat[:, 1]), "gcj02")
    found = sc.detect_coordinates((lon, lat), network, districts=districts, district=names)
    assert found.system == "gcj02"
    assert found.evidence.loc["gcj02", "in_district"] == 1.0
    assert found.evidence["in_district"].idxmax() == "gcj02"
    # so few places that the streets alone do not tell
    few = np.random.default_rng(4).choice(len(lonlat), 11, replace=False)
    alone = sc.detect_coordinates((lon[few], lat[few]), network)
    told = sc.detect_coordinates(
        (lon[few], lat[few]), network, districts=districts, district=[names[i] for i in few]
    )
    lead = [one.evidence["support"].nlargest(2).diff().iloc[-1] for one in (told, alone)]
    assert lead[0] < lead[1]
    path = tmp_path / "站点.csv"
    table = pd.DataFrame({"编号": range(len(lon)), "经度": lon, "纬度": lat, "区县": names})
    table.to_csv(path, index=False)
    with pytest.warns(CrsWarning, match="detected as gcj02"):
        sites = sc.read_sites(path, network=network, districts=districts)
    np.testing.assert_allclose(sites.geometry.x, lonlat[:, 0], atol=1e-7)


def test_names_must_be_as_many_as_points(shared_data):
    network, lonlat, _ = city(shared_data, "nanjing_core.osm.pbf")
    with pytest.raises(InputError, match="names 1 districts for"):
        sc.detect_coordinates(
            (lonlat[:, 0], lonlat[:, 1]),
            network,
            districts=squares(lonlat, network),
            district=["甲区"],
        )


def test_a_reader_with_buildings_tells_few_rows(shared_data, tmp_path):
    network, lonlat, buildings = city(shared_data, "nanjing_core.osm.pbf")
    rows = np.random.default_rng(11).choice(len(lonlat), 20, replace=False)
    path = table_of(from_wgs84((lonlat[rows, 0], lonlat[rows, 1]), "bd09"), tmp_path, 20)
    with pytest.warns(CrsWarning, match="detected as bd09"):
        sites = sc.read_sites(path, network=network, buildings=buildings)
    np.testing.assert_allclose(sites.geometry.x, lonlat[rows, 0], atol=1e-7)
    with pytest.raises(InputError, match="need `network=`"):
        sc.read_sites(path, buildings=buildings)


def test_a_reader_with_streets_exchanges_swapped_columns_and_says_so(shared_data, tmp_path):
    network, lonlat, _ = city(shared_data, "nanjing_core.osm.pbf")
    lon, lat = from_wgs84((lonlat[:, 0], lonlat[:, 1]), "gcj02")
    path = table_of((lat, lon), tmp_path)
    with (
        pytest.warns(CrsWarning, match="站点.csv: longitude and latitude are swapped"),
        pytest.warns(CrsWarning, match="detected as gcj02"),
    ):
        sites = sc.read_sites(path, network=network)
    np.testing.assert_allclose(sites.geometry.x, lonlat[:150, 0], atol=1e-7)
    with pytest.raises(InputError, match="look swapped in all rows"):
        sc.read_sites(path, coordinates="gcj02", network=network)


@pytest.mark.parametrize("coordinates", ["auto", "wgs84"])
def test_a_reader_with_streets_converts_metres_and_says_so(shared_data, tmp_path, coordinates):
    network, lonlat, _ = city(shared_data, "nanjing_core.osm.pbf")
    path = table_of(move(4326, 4549)(*lonlat.T), tmp_path)
    with pytest.warns(CrsWarning) as said:
        sites = sc.read_sites(path, network=network, coordinates=coordinates)
    assert "the coordinates are metres in EPSG:4549" in str(said[0].message)
    assert len(said) == (2 if coordinates == "auto" else 1)  # and the system that was detected
    assert all(one.filename == __file__ for one in said)
    np.testing.assert_allclose(sites.geometry.x, lonlat[:150, 0], atol=1e-7)
    with pytest.raises(CrsError, match="look like metres"):
        sc.read_sites(path, coordinates=coordinates)


def test_a_reader_refuses_when_the_streets_do_not_tell(shared_data, tmp_path):
    network, lonlat, _ = city(shared_data, "nanjing_core.osm.pbf")
    path = table_of(lonlat.T, tmp_path, rows=3)
    with pytest.raises(CrsError, match=r"the streets do not tell.*Say coordinates="):
        sc.read_sites(path, network=network)
    with pytest.raises(CrsError, match="give `network=`"):
        sc.read_sites(path)


def test_a_system_named_in_the_header_is_believed(shared_data, tmp_path):
    _, lonlat, _ = city(shared_data, "nanjing_core.osm.pbf")
    lon, lat = from_wgs84((lonlat[:5, 0], lonlat[:5, 1]), "bd09")
    path = tmp_path / "t.csv"
    pd.DataFrame({"id": range(5), "百度经度": lon, "纬度（BD09）": lat}).to_csv(path, index=False)
    sites = sc.read_sites(path)
    assert sites.attrs["coordinates"] == "bd09"
    np.testing.assert_allclose(sites.geometry.y, lonlat[:5, 1], atol=1e-7)
