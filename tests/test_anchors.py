"""Anchors by name: what each place reaches, on through plan and report, and driver havens."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import servicecircle as sc
import town
from servicecircle.errors import CrsError, InputError
from servicecircle.reach import Reach

HAVEN = """
zh = "司机港湾"
en = "Driver haven"
minutes = [15]

[[rules]]
check = "has_amenity"
value = "parking"
"""


@pytest.fixture(scope="module")
def streets(tmp_path_factory):
    path = tmp_path_factory.mktemp("town") / "streets.geojson"
    town.streets().to_file(path, driver="GeoJSON")
    return sc.read_network(path)


def anchors():
    """Four named places and one without a name, east of the corner on the first street."""
    names = ["服装城 A1", "纺织城 A2", "广场 A3", "园区 A4", "工地 A5"]
    frame = town.places(names, [(100, 0), (500, 0), (900, 0), (2200, 2400), (300, 0)])
    frame["name"] = ["服装城", "纺织城", None, "园区", "工地"]
    return frame


def test_names_come_nearest_first_with_the_walk_to_the_nearest(streets):
    shops = town.places(["a B1", "b B2", "c B3"], [(400, 0), (0, 2400), (2400, 2400)])
    found = sc.reached_anchors(streets, shops, anchors(), minutes=8)
    assert found["anchors"].tolist() == ["纺织城、工地、服装城、A3", "", "园区"]
    assert found["anchor_count"].tolist() == [4, 0, 1]
    assert found["nearest_anchor"].tolist()[::2] == ["A2", "A4"]
    assert pd.isna(found["nearest_anchor"].iloc[1])
    np.testing.assert_allclose(
        found["nearest_anchor_minutes"], [100 / 75, np.nan, 200 / 75], atol=0.01
    )
    assert found.index.equals(shops.index)
    assert found.crs == shops.crs
    assert list(shops.columns) == ["name", "geometry"]
    at_five = sc.reached_anchors(streets, shops, anchors(), minutes=100 / 75)
    assert at_five["anchors"].tolist() == ["纺织城、工地", "", ""]


def test_every_anchor_within_reach_is_named_and_no_other(streets):
    rng = np.random.default_rng(3)
    at = [tuple(one) for one in rng.uniform(0, 2400, (40, 2)).round()]
    shops = town.places([f"shop S{k}" for k in range(40)], at)
    sites = town.places(
        [f"site P{k}" for k in range(25)], [tuple(one) for one in rng.uniform(0, 2400, (25, 2))]
    )
    pairs = sc.walk_times(streets, shops, sites, cutoff=10).to_frame()
    found = sc.reached_anchors(streets, shops, sites, minutes=10)
    for key, row in found.iterrows():
        near = pairs[pairs["facility"] == key].sort_values(["minutes", "demand"])
        assert row["anchors"] == "、".join(sites.loc[near["demand"], "name"])
        assert row["anchor_count"] == len(near)
        if len(near):
            assert row["nearest_anchor"] == near["demand"].iloc[0]
            assert row["nearest_anchor_minutes"] == near["minutes"].iloc[0]
    assert found["anchor_count"].sum() == len(pairs) > 100


def test_an_anchor_with_a_blank_name_is_called_by_its_id():
    shops = town.places(["a B1"], [(0, 0)])
    frame = pd.DataFrame({"facility": "B1", "demand": ["A1", "A2"], "minutes": [3.0, 4.0]})
    reach = Reach.from_frame(frame, demand_ids=anchors().index, cutoff=15)
    found = sc.reached_anchors(reach, shops, anchors().assign(name=[" ", "甲 ", None, "乙", "丙"]))
    assert found.loc["B1", "anchors"] == "A1、甲"


def test_a_place_that_cannot_be_placed_has_no_answer(streets):
    shops = town.places(["a B1", "b B2"], [(400, 0), (9_000, 0)])
    with pytest.warns(sc.errors.UnsnappedWarning):
        found = sc.reached_anchors(streets, shops, anchors())
    assert found.loc["B2", ["anchors", "anchor_count", "nearest_anchor"]].isna().all()
    none = sc.reached_anchors(streets, shops.iloc[:1], anchors().iloc[:0])
    assert none["anchor_count"].tolist() == [0]
    empty = sc.reached_anchors(streets, shops.iloc[:0], anchors())
    assert empty["anchors"].tolist() == []


def test_a_reach_or_other_names_will_do():
    shops = town.places(["a B1"], [(0, 0)])
    frame = pd.DataFrame({"facility": "B1", "demand": ["A2", "A1"], "minutes": [4.0, 4.0]})
    reach = Reach.from_frame(frame, demand_ids=anchors().index, cutoff=15)
    found = sc.reached_anchors(reach, shops, anchors().assign(简称="甲"), name="简称")
    assert found.loc["B1", "anchors"] == "甲、甲"
    assert found.loc["B1", "nearest_anchor"] == "A1"  # ties by id
    assert sc.reached_anchors(reach, shops, anchors(), name="x").loc["B1", "anchors"] == "A1、A2"
    with pytest.raises(InputError, match="computed to 15"):
        sc.reached_anchors(reach, shops, anchors(), minutes=20)
    with pytest.raises(CrsError, match="`anchors` has no CRS"):
        sc.reached_anchors(reach, shops, anchors().set_crs(None, allow_override=True))


@pytest.mark.filterwarnings("ignore:1 texts held control characters")
def test_anchors_go_along_into_the_plan_and_the_assessment(streets, tmp_path):
    shops = sc.reached_anchors(streets, town.shops(), anchors(), minutes=14)
    near = shops[shops["nearest_anchor_minutes"] <= 14]
    assert 0 < len(near) < len(shops)
    workers = town.workers()
    plan = sc.choose_sites(streets, near, workers, existing=town.stations(), minutes=10, n_open=2)
    assert len(plan.sites) > 0
    assert plan.sites["anchors"].to_dict() == near["anchors"].loc[plan.sites.index].to_dict()
    ranked = sc.score_sites(streets, near, workers, minutes=10)
    assert ranked["anchor_count"].equals(near["anchor_count"])
    sc.write_report(plan, tmp_path / "plan.xlsx")
    sheets = pd.read_excel(tmp_path / "plan.xlsx", sheet_name=None, header=None, engine="calamine")
    text = {name: "\n".join(sheet.map(str).to_numpy().ravel()) for name, sheet in sheets.items()}
    assessment = next(one for name, one in text.items() if "评估" in name)
    assert "锚点" in assessment
    for names in plan.sites["anchors"]:
        assert names in assessment
    assert any("锚点" in one for name, one in text.items() if "建议" in name)


# --- driver havens 司机港湾 ---


def havens_of(streets, homes, exits, rules, *, km):
    """As in docs/siting.md."""
    near = sc.reached_anchors(streets.with_access(500), homes, exits, minutes=km, speed=60)
    near = near[near["anchor_count"] > 0]
    passed = sc.check_standard(near, rules)["passed"]
    return near[passed.fillna(value=False)]


def test_homes_near_an_exit_with_parking_are_driver_havens(streets, tmp_path):
    rules = tmp_path / "haven.toml"
    rules.write_text(HAVEN, encoding="utf-8")
    corner = gpd.points_from_xy([town.WEST - 300], [town.SOUTH], crs=town.METRES)
    tags = {"highway": ["motorway_junction"], "name": ["茌平北"]}
    exits = sc.candidates_from_osm(
        gpd.GeoDataFrame(tags, geometry=corner, index=["n1"]).to_crs(4326), kinds=["高速路口"]
    )
    assert exits["kind"].tolist() == ["expressway_exit"]
    homes = town.places(
        ["home H1", "home H2", "home H3", "home H4"], [(0, 400), (0, 600), (600, 0), (2400, 2400)]
    )
    homes["amenities"] = ["免费停车、饮水机", "饮水机、座椅", "停车场、热水", "停车"]
    found = havens_of(streets, homes, exits, rules, km=1)
    assert found.index.tolist() == ["H1", "H3"]  # 0.3 km to the street, then 0.4 and 0.6
    assert found["anchors"].tolist() == ["茌平北", "茌平北"]
    np.testing.assert_allclose(found["nearest_anchor_minutes"], [0.7, 0.9], atol=0.002)
    assert havens_of(streets, homes, exits, rules, km=5.5).index.tolist() == ["H1", "H3", "H4"]


@pytest.mark.filterwarnings("ignore::servicecircle.errors.ServiceCircleWarning")
def test_havens_of_a_real_city_lie_within_the_distance(shared_data, tmp_path):
    rules = tmp_path / "haven.toml"
    rules.write_text(HAVEN, encoding="utf-8")
    path = shared_data / "streets" / "shenzhen_nanshan.osm"
    streets = sc.read_network(path)
    exits = sc.candidates_from_osm(path, kinds=["expressway_exit"])
    homes = sc.candidates_from_osm(path, kinds=["restaurant", "bank_branch", "fuel_station"])
    homes["amenities"] = ["停车、饮水机" if k % 2 else "饮水机" for k in range(len(homes))]
    found = havens_of(streets, homes, exits, rules, km=1.5)
    assert 0 < len(found) < len(homes) / 2
    near = found.to_crs(streets.crs).sjoin_nearest(exits.to_crs(streets.crs), distance_col="metres")
    assert near["metres"].max() <= 1_500
    assert (found["nearest_anchor_minutes"] <= 1.5).all()
    assert found["amenities"].str.contains("停车").all()
