"""Candidates from OpenStreetMap: kinds, names, addresses, floors, façades, doubles."""

from __future__ import annotations

import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import servicecircle as sc
from made_osm import METRES, SOUTH, WEST, MadeOsm
from servicecircle._said import in_chinese
from servicecircle._vocabulary import read_vocabulary
from servicecircle.errors import InputError, NetworkWarning
from servicecircle.standards import place_names

# The table of domain knowledge, written out again: tags, and the name where one is required.
KINDS = {
    "convenience_store": ["shop=convenience"],
    "fuel_station": ["amenity=fuel"],
    "bank_branch": ["amenity=bank"],
    "estate_agency": [
        "office=estate_agent",
        "shop=real_estate",
        "office=real_estate",
        "amenity=real_estate",
        "shop=estate_agent",
    ],
    "street_shop": ["shop=bakery", "shop=anything_at_all"],
    "restaurant": ["amenity=restaurant", "amenity=fast_food", "amenity=cafe", "amenity=food_court"],
    "supermarket": ["shop=supermarket"],
    "mall": [
        "shop=mall",
        "shop=department_store",
        "amenity=marketplace",
        "building=retail",
        "landuse=retail",
    ],
    "office_building": [
        "building=office",
        "building=commercial",
        "landuse=commercial",
        "amenity=coworking_space",
        "office=coworking",
    ],
    "industrial_park": ["landuse=industrial", "building=industrial", "man_made=works"],
    "creative_park": ["landuse=commercial;name=东湖软件园"],
    "logistics_base": [
        "building=warehouse",
        "amenity=post_depot",
        "landuse=industrial;industrial=depot;name=汉口物流园",
    ],
    "construction_site": ["landuse=construction", "building=construction"],
    "community_centre": ["amenity=community_centre", "amenity=social_centre"],
    "party_mass_centre": [
        "amenity=community_centre;name=江岸区党群服务中心",
        "office=government;name=社区党群活动中心",
    ],
    "convenience_centre": ["amenity=townhall;name=便民服务中心", "office=government;name=政务大厅"],
    "union_station": ["office=union"],
    "cultural_palace": [
        "amenity=arts_centre;name=工人文化宫",
        "amenity=theatre;name=文化宫剧场",
        "amenity=community_centre;name=第二文化宫",
    ],
    "elderly_station": ["amenity=social_facility;social_facility:for=senior"],
    "fire_station": ["amenity=fire_station"],
    "coach_station": ["amenity=bus_station"],
    "park_green": ["leisure=park"],
    "square": ["place=square"],
    "sports_venue": [
        "leisure=sports_centre",
        "leisure=sports_hall",
        "leisure=stadium",
        "leisure=fitness_centre",
    ],
    "medical": ["amenity=hospital", "amenity=clinic"],
    "exhibition": ["amenity=exhibition_centre", "tourism=museum", "tourism=gallery"],
    "historic_street": ["highway=pedestrian;name=吉庆街"],
    "expressway_exit": [
        "highway=motorway_junction",
        "barrier=toll_booth",
        "highway=services",
        "highway=rest_area",
    ],
    "airport": ["aeroway=aerodrome", "aeroway=apron", "aeroway=hangar", "aeroway=terminal"],
    "public_toilet": ["amenity=toilets"],
    "waste_transfer": ["amenity=waste_transfer_station"],
    "library_room": ["amenity=library"],
    "telecom_shop": ["shop=mobile_phone", "office=telecommunication"],
    "post_office": ["amenity=post_office"],
}
NO_KIND = [
    "shop=vacant",
    "shop=no",
    "amenity=social_facility",
    "office=government;name=税务局",
    "amenity=theatre;name=人民剧院",
    "highway=pedestrian",
    "building=yes",
    "amenity=bench",
]


ANCHORS = {"construction_site", "square", "historic_street", "expressway_exit", "airport"}


def tags_of(text):
    return dict(pair.split("=", 1) for pair in text.split(";"))


@pytest.fixture(scope="module")
def everything(tmp_path_factory):
    """One object of every tag of every kind, far from each other."""
    town, expected = MadeOsm(), {}
    rows = [(kind, text) for kind, texts in KINDS.items() for text in texts]
    for i, (kind, text) in enumerate(rows + [(None, text) for text in NO_KIND]):
        place = (i % 10 * 500, i // 10 * 500)
        expected[town.point(*place, **tags_of(text))] = kind
        if "landuse" in text or "building" in text:
            expected[town.square(place[0] + 200, place[1], 40, **tags_of(text))] = kind
    return town.write(tmp_path_factory.mktemp("osm")), expected


def test_the_vocabulary_holds_every_kind_of_the_table():
    assert set(KINDS) == set(read_vocabulary("venue_kinds"))


def test_every_tag_gives_its_kind_and_nothing_else_is_found(everything):
    path, expected = everything
    found = sc.candidates_from_osm(path, kinds=list(KINDS))
    assert found["kind"].to_dict() == {i: kind for i, kind in expected.items() if kind}
    assert (found["status"] == "ok").all()


def test_places_that_host_nobody_are_suggested_only_by_name(everything):
    path, expected = everything
    found = sc.candidates_from_osm(path)
    assert set(KINDS) - set(found["kind"]) == ANCHORS
    assert found["kind"].to_dict() == {
        i: kind for i, kind in expected.items() if kind and kind not in ANCHORS
    }
    named = sc.candidates_from_osm(path, kinds=["机场", "广场"])
    assert set(named["kind"]) == {"airport", "square"}


def test_a_venue_without_a_name_is_called_by_its_kind_and_street(tmp_path):
    town = MadeOsm()
    town.line([(0, 0), (3000, 0)], highway="residential", name="珠江路")
    town.line([(0, 500), (1000, 500)], highway="residential")
    near = town.point(200, 10, shop="convenience")
    brand = town.point(300, 10, shop="convenience", brand="罗森")
    named = town.point(400, 10, shop="convenience", name="好又来")
    addressed = town.point(500, 10, amenity="bank", **{"addr:street": "中山路"})
    far = town.point(200, 490, amenity="bank")
    path = town.write(tmp_path)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NetworkWarning)
        network = sc.read_network(path)
    found = sc.candidates_from_osm(path, network=network)
    assert found["name"].dropna().to_dict() == {named: "好又来"}  # nothing is invented
    told = place_names(found).map(in_chinese)
    assert told.to_dict() == {
        near: "便利店（无名，珠江路）",
        brand: "罗森",
        named: "好又来",
        addressed: "银行网点（无名，中山路）",
        far: "银行网点（无名）",
    }
    assert place_names(found)[near] == "Convenience store (no name, 珠江路)"
    assert in_chinese(place_names(sc.candidates_from_osm(path))[near]) == "便利店（无名）"


def test_a_table_of_the_planners_own_is_called_likewise(tmp_path):
    table = tmp_path / "shops.csv"
    table.write_text(
        "编号,名称,类别,地址,经度,纬度\nA,,药店,中山路 3 号,2.3,48.8\nB,,,,2.3,48.9\n", "utf-8"
    )
    shops = sc.read_sites(table)
    assert shops["name"].isna().all()
    assert place_names(shops).map(in_chinese).tolist() == ["药店（无名，中山路 3 号）", "B"]


@pytest.mark.parametrize("kind", sorted(KINDS))
def test_one_kind_alone_is_found(everything, kind):
    path, expected = everything
    found = sc.candidates_from_osm(path, kinds=[kind])
    assert set(found["kind"]) == {kind}
    own = {i for i, of in expected.items() if of == kind}
    assert own <= set(found.index)


def test_kinds_may_be_named_in_chinese_or_english(everything):
    path, _ = everything
    found = sc.candidates_from_osm(path, kinds=["银行网点", "Petrol station", "房产中介"])
    assert set(found["kind"]) == {"bank_branch", "fuel_station", "estate_agency"}
    with pytest.raises(InputError, match="'茶馆' is not known"):
        sc.candidates_from_osm(path, kinds=["茶馆"])
    with pytest.raises(InputError, match="list"):
        sc.candidates_from_osm(path, kinds="银行")


def test_a_convenience_store_is_a_street_shop_where_only_those_are_asked_for(everything):
    path, expected = everything
    store = next(i for i, kind in expected.items() if kind == "convenience_store")
    assert sc.candidates_from_osm(path).loc[store, "kind"] == "convenience_store"
    shops = sc.candidates_from_osm(path, kinds=["street_shop"])
    assert shops.loc[store, "kind"] == "street_shop"


@pytest.mark.parametrize(
    ("tags", "address"),
    [
        ({"addr:full": "长江路333号"}, "长江路333号"),
        (
            {"addr:city": "武汉市", "addr:district": "江岸区", "addr:street": "解放大道",
             "addr:housenumber": "1208"},
            "武汉市江岸区解放大道1208号",
        ),
        ({"addr:street": "科技路", "addr:housenumber": "2-4"}, "科技路2-4"),
        (
            {"addr:city": "Helsinki", "addr:street": "Mikonkatu", "addr:housenumber": "18"},
            "Mikonkatu 18, Helsinki",
        ),
        ({"addr:city": "武汉市"}, None),
        ({}, None),
    ],
)  # fmt: skip
def test_addresses_are_written_as_people_write_them(tmp_path, tags, address):
    town = MadeOsm()
    town.point(0, 0, shop="bakery", **tags)
    found = sc.candidates_from_osm(town.write(tmp_path))["address"].iloc[0]
    assert (None if pd.isna(found) else found) == address


@pytest.mark.parametrize(
    ("level", "floor", "ground"),
    [
        ("0", "1", True),
        ("1", "2", False),
        ("-1", "-1", False),
        ("-1;0", "-1;1", True),
        ("0;1;2", "1;2;3", True),
        ("0-3", "1;2;3;4", True),
        ("-2--1", None, None),
        ("44", "45", False),
        ("一层", None, None),
        ("0-99999999999", None, None),
        (None, None, None),
    ],
)
def test_levels_become_floors(tmp_path, level, floor, ground):
    town = MadeOsm()
    town.point(0, 0, shop="bakery", **({} if level is None else {"level": level}))
    row = sc.candidates_from_osm(town.write(tmp_path)).iloc[0]
    assert (None if pd.isna(row["floor"]) else row["floor"]) == floor
    assert (None if pd.isna(row["ground_floor"]) else row["ground_floor"]) == ground


def test_hours_brand_and_access_are_kept(tmp_path):
    town = MadeOsm()
    town.point(0, 0, shop="bakery", opening_hours="Mo-Su 08:00-20:00", brand="甲", name="甲店")
    town.point(90, 0, shop="bakery", access="private")
    found = sc.candidates_from_osm(town.write(tmp_path))
    assert found["hours"].tolist()[0] == "Mo-Su 08:00-20:00"
    assert found["brand"].tolist()[0] == "甲"
    assert found["open_to_public"].isna().tolist() == [True, False]
    assert not found["open_to_public"].iloc[1]


# one venue mapped twice


def test_a_point_inside_its_own_building_is_one_venue_that_keeps_what_both_know(tmp_path):
    town = MadeOsm()
    area = town.square(0, 0, 50, amenity="bank", name="工商银行")
    point = town.point(25, 25, amenity="bank", name="工商银行", opening_hours="24/7")
    other = town.point(30, 30, amenity="bank", name="农业银行")
    cash = town.point(20, 20, shop="convenience", name="工商银行")
    found = sc.candidates_from_osm(town.write(tmp_path))
    assert set(found.index) == {area, other, cash}
    assert found.loc[area, "hours"] == "24/7"
    assert found.loc[area, "also"] == point
    assert pd.isna(found.loc[other, "also"])


def test_a_nameless_zone_around_several_buildings_is_no_venue_of_its_own(tmp_path):
    town = MadeOsm()
    zone = town.square(0, 0, 300, landuse="commercial")
    towers = [town.square(x, 100, 40, building="office", name=f"大厦{x}") for x in (50, 200)]
    found = sc.candidates_from_osm(town.write(tmp_path), kinds=["office_building"])
    assert found.index.tolist() == towers
    assert found.loc[towers[0], "also"] == zone


def test_points_of_one_name_close_together_are_one_venue(tmp_path):
    town = MadeOsm()
    first = town.point(0, 0, shop="bakery", name="面包房")
    town.point(20, 0, shop="bakery", name="面包房")
    far = town.point(60, 0, shop="bakery", name="面包房")
    nameless = [town.point(x, 300, shop="bakery") for x in (0, 1)]
    found = sc.candidates_from_osm(town.write(tmp_path))
    assert set(found.index) == {first, far, *nameless}


def test_ids_are_those_of_openstreetmap_and_do_not_depend_on_what_else_is_read(shared_data):
    path = shared_data / "streets" / "helsinki.osm.pbf"
    whole = sc.candidates_from_osm(path)
    banks = sc.candidates_from_osm(path, kinds=["bank_branch"])
    assert whole.index.is_unique
    assert whole.index.str.fullmatch(r"[nwr]\d+").all()
    assert set(banks.index) == set(whole.index[whole["kind"] == "bank_branch"])


# façades


@pytest.fixture
def street(tmp_path):
    town = MadeOsm()
    town.line([(0, 0), (1000, 0)], highway="residential", name="中山路")
    town.ids = {
        "deep": town.square(100, 20, 400, shop="mall", name="大商场"),
        "near": town.point(600, 29, shop="bakery"),
        "behind": town.point(700, 35, shop="bakery"),
    }
    path = town.write(tmp_path)
    return path, sc.read_network(path), town.ids


def test_the_facade_and_not_the_middle_decides_the_street_front(street):
    path, network, ids = street
    found = sc.candidates_from_osm(path, network=network)
    assert found["street_metres"].to_dict() == pytest.approx(
        {ids["deep"]: 20, ids["near"]: 29, ids["behind"]: 35}, abs=0.1
    )
    assert found["street_front"].to_dict() == {
        ids["deep"]: True,
        ids["near"]: True,
        ids["behind"]: False,
    }
    assert set(found["street_front_from"]) == {"measured"}
    assert any("proxy" in note for note in found.attrs["notes"])


def test_with_a_network_a_deep_building_stands_at_its_facade_and_is_joined(street):
    path, network, ids = street
    without = sc.candidates_from_osm(path).to_crs(METRES)
    assert "street_front" not in without
    middle = without.geometry[ids["deep"]]
    assert middle.y - SOUTH > 100
    found = sc.candidates_from_osm(path, network=network)
    place = found.to_crs(METRES).geometry[ids["deep"]]
    assert place.y - SOUTH == pytest.approx(20, abs=0.1)
    assert WEST + 99 <= place.x <= WEST + 501
    assert sc.service_areas(network, found, minutes=5)["status"].eq("ok").all()


def test_distances_are_those_that_geopandas_measures(shared_data):
    path = shared_data / "streets" / "nanjing_core.osm.pbf"
    network = sc.read_network(path)
    found = sc.candidates_from_osm(path, network=network, kinds=["bank_branch", "restaurant"])
    points = found[found.index.str.startswith("n")]
    streets = network.streets[~network.streets["island"]]
    metres = points.to_crs(network.crs).geometry.apply(lambda at: streets.distance(at).min())
    np.testing.assert_allclose(points["street_metres"], metres, atol=1e-3)


# real extracts


def test_shops_of_nanjing_are_there_as_published(shared_data):
    path = shared_data / "streets" / "nanjing_core.osm.pbf"
    shops = sc.candidates_from_osm(path, kinds=["street_shop"])
    relations = shops.index.str.startswith("r").sum()
    doubles = shops["also"].dropna().str.split(", ").str.len().sum()
    assert len(shops) + doubles - relations == 77


def test_shops_of_helsinki_are_there_as_published(shared_data):
    path = shared_data / "streets" / "helsinki.osm.pbf"
    shops = sc.candidates_from_osm(path, kinds=["street_shop"])
    relations = shops.index.str.startswith("r").sum()
    doubles = shops["also"].dropna().str.split(", ").str.len().sum()
    assert len(shops) + doubles - relations == 512


def test_candidates_go_through_scoring(shared_data):
    path = shared_data / "streets" / "nanjing_core.osm.pbf"
    network = sc.read_network(path)
    banks = sc.candidates_from_osm(path, network=network, kinds=["bank_branch"])
    near = banks[banks["street_metres"] < 90]
    workers = gpd.GeoDataFrame(
        {"workers": 10.0}, index=["a"], geometry=[shapely.Point(118.7793, 32.0437)], crs=4326
    )
    ranked = sc.score_sites(network, near, workers)
    assert ranked.index.equals(near.index)
    assert ranked["workers"].max() == 10


def test_an_empty_town_gives_an_empty_table_with_the_same_columns(everything, tmp_path):
    path, _ = everything
    town = MadeOsm()
    town.point(0, 0, amenity="bench")
    none = sc.candidates_from_osm(town.write(tmp_path))
    assert len(none) == 0
    assert none.crs == 4326
    assert list(none.columns) == list(sc.candidates_from_osm(path).columns)


def test_a_cut_outline_keeps_the_corner_that_is_known(tmp_path):
    town = MadeOsm()
    cut = town.cut_way(0, 0, shop="mall")
    found = sc.candidates_from_osm(town.write(tmp_path))
    assert found.index.tolist() == [cut]
    assert found["status"].tolist() == ["ok"]


def test_a_frame_is_read_like_a_file(everything):
    path, _ = everything
    from servicecircle.sources._osm import read_objects

    keys = ["amenity", "shop", "name"]
    frame = read_objects(path, keys, keys)
    before = frame.copy()
    kinds = ["bank_branch", "street_shop"]
    from_frame = sc.candidates_from_osm(frame.to_crs(METRES), kinds=kinds)
    from_file = sc.candidates_from_osm(path, kinds=kinds)
    assert from_frame["kind"].to_dict() == from_file["kind"].to_dict()
    assert frame.equals(before)
