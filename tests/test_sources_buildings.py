"""Workers from buildings: outline × levels ÷ floor area per worker, by use."""

from __future__ import annotations

import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pyogrio
import pyproj
import pytest
import shapely

import servicecircle as sc
from made_osm import METRES, SOUTH, WEST, MadeOsm
from servicecircle._vocabulary import read_vocabulary
from servicecircle.errors import CrsError, InputError, InputWarning
from servicecircle.sources._ground import shared_ground
from servicecircle.sources._osm import read_objects

GEOD = pyproj.Geod(ellps="WGS84")
USES = read_vocabulary("worker_sources")["uses"]


def quietly(*args, **options):
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        return sc.demand_from_buildings(*args, **options)


@pytest.fixture(scope="module")
def nanjing(shared_data):
    return quietly(shared_data / "streets" / "nanjing_core.osm.pbf", year=2021)


def test_every_building_of_nanjing_is_there_as_published(nanjing):
    assert len(nanjing) == 1276
    assert nanjing.index.is_unique
    assert nanjing["workers"].sum() > 0
    assert (nanjing["year"] == 2021).all()


@pytest.mark.parametrize(("name", "buildings"), [("monaco", 23_379), ("helsinki", 536)])
def test_buildings_of_other_cities_are_there_as_published(shared_data, name, buildings):
    assert len(quietly(shared_data / "streets" / f"{name}.osm.pbf")) == buildings


def test_outlines_are_those_that_gdal_reads_with_their_geodesic_area(shared_data, nanjing):
    path = shared_data / "streets" / "nanjing_core.osm.pbf"
    gdal = pyogrio.read_dataframe(path, layer="multipolygons", where="building IS NOT NULL")
    way = gdal["osm_way_id"]
    ids = ("w" + way).where(way.notna(), "r" + gdal["osm_id"].fillna(""))
    shapes = pd.Series(gdal.geometry.to_numpy(), index=ids)
    drawn = nanjing[nanjing["footprint_m2"].notna()]
    assert set(drawn.index) == set(ids)
    turned = shapely.orient_polygons(shapes[drawn.index].to_numpy())
    area = [GEOD.geometry_area_perimeter(shape)[0] for shape in turned]
    np.testing.assert_allclose(drawn["footprint_m2"], area, rtol=1e-4)
    inside = shapely.intersects(shapes[drawn.index].to_numpy(), drawn.geometry.to_numpy())
    assert inside.all()


def test_workers_are_floor_area_over_area_per_worker(nanjing):
    ok = nanjing[nanjing["status"] == "ok"]
    working = ok[ok["use"].map(lambda use: "area_per_worker" in USES.get(use, {}))]
    per_worker = working["use"].map({use: e.get("area_per_worker") for use, e in USES.items()})
    own = working["footprint_m2"] - working["shared_m2"]
    expected = own.where(own >= 1, 0.0) * working["levels"] / per_worker
    np.testing.assert_allclose(working["workers"], expected)
    rest = ok.drop(working.index)
    assert (rest["workers"] == 0).all()
    assert set(rest.loc[rest["counted_in"].isna(), "use"]) <= {"residential", "none"}


def test_use_comes_from_the_nearest_evidence(tmp_path):
    town = MadeOsm()
    plain = town.square(0, 0, 20, building="office")
    tagged = town.square(100, 0, 20, building="yes", amenity="school")
    with_firm = town.square(200, 0, 20, building="yes")
    town.point(210, 10, office="company", name="甲")
    low_shop = town.square(300, 0, 20, building="yes", **{"building:levels": "2"})
    town.point(310, 10, shop="convenience")
    tower = town.square(400, 0, 20, building="yes", **{"building:levels": "20"})
    town.point(410, 10, shop="convenience")
    town.square(490, -10, 60, landuse="commercial")
    in_zone = town.square(500, 0, 20, building="yes")
    town.square(580, -20, 100, amenity="school")
    town.square(570, -40, 200, landuse="residential")
    on_grounds = town.square(600, 0, 20, building="yes")
    home = town.square(700, 0, 20, building="yes")
    roof = town.square(900, 0, 20, building="roof")
    metro = town.square(495, 20, 20, building="yes", layer="-1")
    found = quietly(town.write(tmp_path))
    assert found["use"].to_dict() == {
        plain: "office",
        tagged: "education",
        with_firm: "office",
        low_shop: "retail",
        tower: "not known",
        in_zone: "office",
        on_grounds: "education",
        home: "residential",
        roof: "none",
        metro: "not known",
    }
    assert found["use_from"].to_dict() == {
        plain: "building",
        tagged: "tags",
        with_firm: "places inside",
        low_shop: "places inside",
        tower: "not known",
        in_zone: "area around",
        on_grounds: "area around",
        home: "area around",
        roof: "building",
        metro: "not known",
    }
    assert found.loc[plain, "group"] == "office"
    assert pd.isna(found.loc[home, "group"])


def test_levels_are_stated_or_from_height_or_assumed(tmp_path):
    town = MadeOsm()
    cells = {
        town.square(0, 0, 10, building="office", **{"building:levels": "8"}): (8, "stated"),
        town.square(30, 0, 10, building="office", **{"building:levels": "2.5"}): (2.5, "stated"),
        town.square(60, 0, 10, building="office", height="35 m"): (10, "height"),
        town.square(90, 0, 10, building="office", height="1"): (1, "height"),
        town.square(120, 0, 10, building="retail"): (2, "assumed"),
        town.square(150, 0, 10, building="retail", **{"building:levels": "many"}): (2, "assumed"),
        town.square(180, 0, 10, building="retail", **{"building:levels": "99999"}): (2, "assumed"),
        town.square(210, 0, 10, building="retail", **{"building:levels": "0"}): (2, "assumed"),
    }
    found = quietly(town.write(tmp_path))
    got = list(zip(found["levels"], found["levels_from"], strict=True))
    assert dict(zip(found.index, got, strict=True)) == cells


def test_a_courtyard_is_no_floor(tmp_path):
    town = MadeOsm()
    block = town.with_hole(0, 0, 40, 20, building="office", **{"building:levels": "5"})
    found = quietly(town.write(tmp_path), floor_area_per_worker={"office": 10})
    assert found.loc[block, "footprint_m2"] == pytest.approx(1200, rel=2e-3)
    assert found.loc[block, "workers"] == pytest.approx(600, rel=2e-3)


def test_a_building_inside_another_counts_once(tmp_path):
    town = MadeOsm()
    mall = town.square(0, 0, 40, building="retail", **{"building:levels": "4"})
    tower = town.square(10, 10, 20, building="office", **{"building:levels": "30"})
    kiosk = town.square(32, 32, 6, building="yes")
    again = town.square(100, 0, 20, building="office", **{"building:levels": "2"})
    twin = town.square(100, 0, 20, building="office", **{"building:levels": "2"})
    found = quietly(town.write(tmp_path), floor_area_per_worker=10)
    ground = (found["footprint_m2"] - found["shared_m2"]).round()
    assert ground[[mall, tower, kiosk]].tolist() == pytest.approx([1200, 400, 0], rel=2e-3)
    assert sorted(ground[[again, twin]]) == pytest.approx([0, 400], rel=2e-3)
    assert found.loc[[mall, kiosk], "counted_in"].tolist() == [tower, mall]
    assert found.loc[[mall, tower], "workers"].tolist() == pytest.approx([480, 1200], rel=2e-3)
    assert (found["status"] == "ok").all()
    assert found.loc[kiosk, "workers"] == 0


@pytest.mark.parametrize("seed", range(5))
def test_ground_under_several_outlines_adds_up_to_their_union(seed):
    generator = np.random.default_rng(seed)
    corners, sides = generator.uniform(0, 120, (60, 2)), generator.uniform(5, 60, (60, 2))
    shapes = shapely.box(*corners.T, *(corners + sides).T)
    shapes[40:45] = shapes[:5]
    shapes[45:50] = shapely.affinity.scale(shapely.MultiPolygon(shapes[5:6]), 0.5, 0.5)
    rank = generator.integers(0, 3, 60).astype(float)
    shared = shared_ground(shapes, rank)
    own = shapely.area(shapes) - shared.area
    assert own.sum() == pytest.approx(shapely.union_all(shapes).area, abs=5)
    order = np.lexsort((np.arange(60), shapely.area(shapes), rank))
    taken = shapely.Polygon()
    for at in order:  # one after the other, each takes what nobody has yet
        assert own[at] == pytest.approx(shapes[at].difference(taken).area, abs=5)
        taken = taken.union(shapes[at])
        if shared.area[at] > 60:
            gaps = shapely.area(
                shapely.intersection(shapes[order[: list(order).index(at)]], shapes[at])
            )
            taker = list(order).index(shared.taker[at])
            assert gaps[taker] == pytest.approx(gaps.max())


@pytest.mark.parametrize("name", ["nanjing_core.osm.pbf", "helsinki.osm.pbf"])
def test_counted_ground_of_a_city_is_the_union_of_its_outlines(shared_data, name):
    found = quietly(shared_data / "streets" / name)
    frame = read_objects(shared_data / "streets" / name, ["building"], ["building"])
    shapes = frame.to_crs(6933).geometry
    shapes = shapes[shapes.geom_type == "MultiPolygon"].make_valid()
    union = shapely.union_all(shapes.to_numpy()).area
    assert (found["footprint_m2"] - found["shared_m2"]).sum() == pytest.approx(union, rel=1e-5)
    assert found["footprint_m2"].sum() > union * 1.01


def test_unknown_use_counts_nobody_and_says_so(tmp_path):
    town = MadeOsm()
    unknown = town.square(0, 0, 30, building="yes")
    cut = town.cut_way(100, 0, building="office")
    point = town.point(200, 0, building="office")
    path = town.write(tmp_path)
    with pytest.warns(InputWarning, match="3 of 3 buildings count nobody"):
        found = sc.demand_from_buildings(path)
    assert found["status"].to_dict() == {
        unknown: "bad_number",
        cut: "no_geometry",
        point: "no_geometry",
    }
    assert found["workers"].isna().all()
    assert found.loc[unknown, "reason"] == "workers: the use of the building is not known"
    assert found.geometry[[cut, point]].isna().all()
    counted = quietly(path, floor_area_per_worker={"not known": 90})
    assert counted.loc[unknown, "workers"] == pytest.approx(900 * 3 / 90, rel=2e-3)
    assert counted.loc[unknown, "status"] == "ok"


def test_a_planners_own_outlines_with_chinese_columns():
    boxes = [shapely.box(WEST + x, SOUTH, WEST + x + 20, SOUTH + 20) for x in (0, 100, 200)]
    table = {"用途": ["办公", "住宅", "工业"], "层数": ["10", "6层", 3], "备注": ["a", "b", "c"]}
    frame = gpd.GeoDataFrame(table, index=[7, 3, 5], geometry=boxes, crs=METRES)
    before = frame.copy()
    found = quietly(frame, use="用途", levels="层数", year=2024, floor_area_per_worker=20)
    assert found.index.tolist() == [7, 3, 5]
    assert found["备注"].tolist() == ["a", "b", "c"]
    assert found["workers"].tolist() == pytest.approx([200, 0, 60], rel=2e-3)
    assert found["use_from"].tolist() == ["given"] * 3
    assert found.crs == 4326
    assert frame.equals(before)


def test_features_as_osmnx_gives_them():
    index = pd.MultiIndex.from_tuples([("way", 5), ("node", 9)], names=["element", "id"])
    lon, lat = 114.3, 30.55
    shapes = [
        shapely.box(lon, lat, lon + 0.0003, lat + 0.0003),
        shapely.Point(lon + 1e-4, lat + 1e-4),
    ]
    table = {"building": ["yes", None], "office": [None, "company"], "name": ["A", "B"]}
    found = quietly(gpd.GeoDataFrame(table, index=index, geometry=shapes, crs=4326))
    assert found.index.tolist() == ["w5"]
    assert found["use"].tolist() == ["office"]


def test_notes_say_what_was_assumed(nanjing):
    notes = "\n".join(nanjing.attrs["notes"])
    assert "100% of" in notes
    assert "proxy" in notes
    assert "office 25" in notes
    assert "chosen, not measured" in notes
    assert "assumed" in notes
    assert "18 outlines share 21,577 m² of ground with others: it counts once" in notes
    assert "1,276 buildings count nobody" in notes
    assert nanjing["counts"].eq("floor area").all()


def test_the_missing_year_is_mentioned(tmp_path):
    town = MadeOsm()
    town.square(0, 0, 30, building="office")
    path = town.write(tmp_path)
    assert any("which year" in note for note in quietly(path).attrs["notes"])
    assert not any("which year" in note for note in quietly(path, year=2020).attrs["notes"])


def test_nothing_inside_the_clip_is_an_empty_table(tmp_path):
    town = MadeOsm()
    town.square(0, 0, 30, building="office")
    whole = quietly(town.write(tmp_path))
    none = quietly(town.write(tmp_path), clip=(0, 0, 1, 1))
    assert len(none) == 0
    assert list(none.columns) == list(whole.columns)
    assert none.crs == 4326


def test_a_building_around_the_clip_is_kept(tmp_path):
    town = MadeOsm()
    town.square(0, 0, 1000, building="office")
    whole = quietly(town.write(tmp_path))
    x, y = whole.geometry.iloc[0].x, whole.geometry.iloc[0].y
    assert len(quietly(town.write(tmp_path), clip=(x - 1e-5, y - 1e-5, x + 1e-5, y + 1e-5))) == 1


def test_the_estimate_goes_through_coverage(nanjing, shared_data):
    network = sc.read_network(shared_data / "streets" / "nanjing_core.osm.pbf")
    station = gpd.GeoDataFrame(index=["s"], geometry=[shapely.Point(118.7793, 32.0437)], crs=4326)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        covered = sc.measure_coverage(network, station, nanjing, minutes=10)
    total = covered.summary()["workers"].iloc[0]
    assert total == pytest.approx(nanjing["workers"].sum())
    assert 0 < covered.share < 1


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"floor_area_per_worker": {"offices": 20}}, "not \\['offices'\\]"),
        ({"floor_area_per_worker": {"office": 0}}, "above 0"),
        ({"floor_area_per_worker": -1.0}, "above 0"),
        ({"floor_area_per_worker": {"office": float("nan")}}, "above 0"),
        ({"levels_by_use": {"office": float("inf")}}, "above 0"),
        ({"use": "用途"}, "no column '用途'"),
        ({"levels": "层数"}, "no column '层数'"),
        ({"clip": (1, 1, 0, 0)}, "west < east"),
    ],
)
def test_wrong_arguments_are_named(tmp_path, options, message):
    town = MadeOsm()
    town.square(0, 0, 30, building="office")
    with pytest.raises(InputError, match=message):
        sc.demand_from_buildings(town.write(tmp_path), **options)


def test_an_unknown_word_for_the_use_is_named():
    frame = gpd.GeoDataFrame({"用途": ["鬼屋"]}, geometry=[shapely.box(0, 0, 1, 1)], crs=4326)
    with pytest.raises(InputError, match="鬼屋"):
        sc.demand_from_buildings(frame, use="用途")


def test_files_that_cannot_be_read_are_refused(tmp_path, shared_data):
    whole = (shared_data / "streets" / "nanjing_core.osm.pbf").read_bytes()
    (tmp_path / "cut.osm.pbf").write_bytes(whole[: len(whole) // 2])
    (tmp_path / "text.osm").write_text("no xml at all", encoding="utf-8")
    (tmp_path / "table.csv").write_text("a,b", encoding="utf-8")
    for name, message in [
        ("cut.osm.pbf", "cannot be read"),
        ("text.osm", "cannot be read"),
        ("table.csv", "is not OpenStreetMap data"),
        ("missing.osm", "no file"),
    ]:
        with pytest.raises(InputError, match=message):
            sc.demand_from_buildings(tmp_path / name)
    with pytest.raises(InputError, match="not a file on this computer"):
        sc.demand_from_buildings("https://example.org/city.osm.pbf")
    bare = gpd.GeoDataFrame(geometry=[shapely.box(0, 0, 1, 1)])
    with pytest.raises(CrsError, match="no CRS"):
        sc.demand_from_buildings(bare)


def test_entities_in_xml_are_not_expanded(tmp_path):
    path = tmp_path / "bomb.osm"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE osm [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;&a;">]>'
        '<osm version="0.6"><node id="1" lat="1" lon="1"><tag k="building" v="&b;"/></node></osm>',
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="cannot be read"):
        sc.demand_from_buildings(path)


def test_the_budget_for_objects_is_kept(tmp_path, monkeypatch):
    from servicecircle.sources import _osm

    monkeypatch.setattr(_osm, "MOST_OBJECTS", 3)
    town = MadeOsm()
    for x in range(5):
        town.square(x * 100, 0, 30, building="office")
    with pytest.raises(InputError, match="more than 3 such objects"):
        sc.demand_from_buildings(town.write(tmp_path))


def test_every_use_has_what_it_needs_and_a_known_group():
    groups = set(read_vocabulary("groups"))
    for use, entry in USES.items():
        assert {"zh", "en", "levels", "building", "tags"} <= set(entry), use
        assert ("group" in entry) == ("area_per_worker" in entry), use
        assert entry.get("group", "office") in groups
    values = [value for entry in USES.values() for value in entry["building"]]
    assert len(values) == len(set(values))
