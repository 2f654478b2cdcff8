"""score_sites: what each candidate alone would add, and why."""

from __future__ import annotations

import math

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from servicecircle._sentences import count_text, site_sentence
from servicecircle.errors import CrsError, InputError
from servicecircle.networks import read_network
from servicecircle.reach import Reach
from servicecircle.scores import score_sites

PARTS = ["points_gain", "points_overlap", "points_access"]


def places(ids, **columns):
    points = gpd.points_from_xy(114.0 + 0.001 * np.arange(len(ids)), np.full(len(ids), 30.5))
    return gpd.GeoDataFrame(columns, index=list(ids), geometry=points, crs=4326)


@pytest.fixture
def town():
    """Give three candidates, one station, four workplaces, and minutes between them."""
    pairs = [
        ("a", "1", 5.0), ("a", "2", 10.0), ("a", "3", 15.0),
        ("b", "3", 0.0), ("b", "4", 3.0),
        ("old", "3", 1.0), ("old", "4", 15.0),
        ("a", "4", 15.5),
    ]  # fmt: skip
    candidates, stations = places(["a", "b", "c"]), places(["old"])
    demand = places(
        ["1", "2", "3", "4"],
        workers=[10.0, 30.0, 20.0, 5.0],
        group=["外卖员", "快递员", "外卖员", None],
    )
    reach = Reach.from_frame(
        pd.DataFrame(pairs, columns=["facility", "demand", "minutes"]),
        facility_ids=pd.Index(["a", "b", "c", "old"]),
        demand_ids=demand.index,
    )
    return reach, candidates, demand, stations


def test_figures_are_those_on_paper(town):
    reach, candidates, demand, stations = town
    scored = score_sites(reach, candidates, demand, existing=stations)
    assert scored["workers"].tolist() == [60, 25, 0]
    assert scored["gain"].tolist() == [40, 0, 0]
    assert scored["overlap"].tolist()[:2] == [20 / 60, 1.0]
    assert math.isnan(scored.loc["c", "overlap"])
    assert scored.loc["a", "mean_minutes"] == (10 * 5 + 30 * 10) / 40
    assert scored.loc["a", "main_group"] == "快递员"
    assert scored["main_group"].isna().tolist() == [False, True, True]
    assert scored["rank"].tolist() == [1, 2, 3]


def test_score_is_the_sum_of_its_parts_and_the_weights_are_kept(town):
    reach, candidates, demand, stations = town
    scored = score_sites(reach, candidates, demand, existing=stations)
    weights = scored.attrs["weights"]
    assert sum(weights.values()) == pytest.approx(100)
    assert list(weights) == ["gain", "overlap", "access"]
    np.testing.assert_allclose(scored[PARTS].sum(axis=1), scored["score"])
    assert scored["score"].between(0, 100).all()
    assert scored.loc["a", "points_gain"] == weights["gain"]
    assert scored.loc["a", "points_overlap"] == pytest.approx(weights["overlap"] * 2 / 3)
    assert scored.loc["a", "points_access"] == pytest.approx(weights["access"] * (1 - 8.75 / 15))
    assert scored.loc["b", PARTS].tolist() == [0, 0, 0]


def test_weights_can_be_changed_singly(town):
    reach, candidates, demand, _ = town
    scored = score_sites(reach, candidates, demand, weights={"overlap": 0, "access": 0})
    assert scored.attrs["weights"] == {"gain": 100, "overlap": 0, "access": 0}
    np.testing.assert_allclose(scored["score"], [100, 100 * 25 / 60, 0])


def test_a_cost_column_earns_points_for_the_cheap(town):
    reach, candidates, demand, _ = town
    candidates["cost"] = [4000.0, 0.0, math.nan]
    scored = score_sites(reach, candidates, demand)
    points = scored.attrs["weights"]["cost"]
    assert scored["points_cost"].tolist() == [0, points, 0]


@pytest.mark.parametrize("weights", [{"charm": 1}, {"gain": -1}, {"gain": math.inf}])
def test_bad_weights_of_the_score_are_refused(town, weights):
    reach, candidates, demand, _ = town
    with pytest.raises(InputError, match="weights"):
        score_sites(reach, candidates, demand, weights=weights)


def test_caller_gets_own_rows_back_unchanged(town):
    reach, candidates, demand, stations = town
    candidates["note"] = ["x", "y", "z"]
    before = candidates.copy()
    scored = score_sites(reach, candidates, demand, existing=stations)
    pd.testing.assert_frame_equal(candidates, before)
    pd.testing.assert_frame_equal(pd.DataFrame(scored[before.columns]), pd.DataFrame(before))
    assert scored.crs == candidates.crs


def test_order_of_rows_changes_nothing(town):
    reach, candidates, demand, stations = town
    demand["workers"] = [0.1, 0.2, 0.7, 1 / 3]
    scored = score_sites(reach, candidates, demand, existing=stations)
    other = score_sites(reach, candidates[::-1], demand[::-1], existing=stations)
    pd.testing.assert_frame_equal(other.loc[scored.index], scored, check_exact=True)


def test_equal_scores_rank_by_id(town):
    reach, _, demand, _ = town
    pairs = pd.DataFrame(
        {"facility": ["z", "k", "b"], "demand": ["1", "1", "1"], "minutes": [2.0, 2.0, 2.0]}
    )
    reach = Reach.from_frame(pairs, demand_ids=demand.index, cutoff=15)
    scored = score_sites(reach, places(["z", "k", "b"]), demand)
    assert scored["rank"].to_dict() == {"b": 1, "k": 2, "z": 3}


def test_rows_that_are_not_ok_are_kept_without_figures(town):
    reach, candidates, demand, stations = town
    candidates["status"] = ["ok", "ok", "bad_coordinates"]
    scored = score_sites(reach, candidates, demand, existing=stations)
    assert scored["status"].tolist() == ["ok", "ok", "bad_coordinates"]
    assert scored.loc["c", ["workers", "gain", "score", "rank"]].isna().all()
    assert scored.loc["c", "reason_zh"] == "坐标无效，未计入。"
    assert scored.loc["c", "reason_en"] == "The coordinates are not valid; not counted."


def test_largest_of_several_minutes_decides(town):
    reach, candidates, demand, _ = town
    assert score_sites(reach, candidates, demand, minutes=[5, 10])["workers"].tolist() == [
        40,
        25,
        0,
    ]
    assert score_sites(reach, candidates, demand, minutes=0)["workers"].tolist() == [0, 20, 0]


def test_without_workers_or_candidates_the_score_is_defined(town):
    reach, candidates, demand, _ = town
    scored = score_sites(reach, candidates, demand.assign(workers=0.0))
    assert scored["score"].tolist() == [0, 0, 0]
    empty = score_sites(reach, candidates[:0], demand)
    assert len(empty) == 0
    assert {"score", "rank", "reason_zh"} <= set(empty.columns)


def test_tables_are_checked_at_the_door(town):
    reach, candidates, demand, stations = town
    with pytest.raises(CrsError, match="candidates"):
        score_sites(reach, candidates.set_crs(None, allow_override=True), demand)
    with pytest.raises(InputError, match="unique"):
        score_sites(reach, candidates, pd.concat([demand, demand]))
    with pytest.raises(InputError, match="share 1 ids"):
        score_sites(reach, candidates, demand, existing=stations.rename(index={"old": "a"}))
    with pytest.raises(InputError, match="facilities"):
        score_sites(reach, candidates.rename(index={"c": "d"}), demand)


def test_reasons_name_the_main_group_in_both_languages(town):
    reach, candidates, demand, stations = town
    scored = score_sites(reach, candidates, demand, existing=stations)
    assert scored.loc["a", "reason_zh"] == (
        "15 分钟内有 60 名职工，其中 40 人目前没有驿站，以快递员为主。"
    )
    assert scored.loc["a", "reason_en"] == (
        "60 workers are within 15 minutes; 40 of them have no station yet (mostly couriers)."
    )
    assert scored.loc["b", "reason_zh"] == "15 分钟内有 25 名职工，目前都已有驿站。"
    assert scored.loc["c", "reason_en"] == "No workers are within 15 minutes."


@pytest.mark.parametrize(
    ("nearest", "chinese", "english"),
    [
        (math.nan, "步行超过 15 分钟。", "is more than 15 minutes away."),
        (6.4, "步行 6 分钟。", "is 6 minutes away."),
        (1.2, "步行 1 分钟。", "is 1 minute away."),
        (0.2, "步行不到 1 分钟。", "is less than a minute away."),
    ],
)
def test_sentences_say_how_far_the_next_station_is(nearest, chinese, english):
    figures = {"minutes": 15.0, "workers": 4620.0, "gain": 4237.0, "nearest": nearest}
    zh = site_sentence("zh", **figures, group="快递物流")
    en = site_sentence("en", **figures, group="Couriers")
    assert zh == (
        "15 分钟内有 4,620 名职工，其中 4,237 人目前没有驿站，以快递物流为主；最近的驿站" + chinese
    )
    assert en.endswith("(mostly couriers); the nearest station " + english)


def test_sentences_for_one_worker_and_for_all_new():
    figures = {"minutes": 10.0, "workers": 1.0, "gain": 1.0}
    assert site_sentence("zh", **figures) == "10 分钟内有 1 名职工，目前都没有驿站。"
    assert (
        site_sentence("en", **figures) == "1 worker is within 10 minutes; none has a station yet."
    )
    assert [count_text(value) for value in (4237.4, 0.4, 12.6, 3.0)] == ["4,237", "0.4", "13", "3"]


@pytest.fixture(scope="module")
def road(tmp_path_factory):
    """Build one straight street of 3 km, west to east."""
    line = shapely.LineString([(500_000, 3_380_000), (503_000, 3_380_000)])
    path = tmp_path_factory.mktemp("road") / "road.gpkg"
    gpd.GeoDataFrame({"highway": ["residential"]}, geometry=[line], crs=32650).to_file(path)
    return read_network(path)


def along(ids, metres, **columns):
    points = [shapely.Point(500_000 + metre, 3_380_000) for metre in metres]
    return gpd.GeoDataFrame(columns, index=list(ids), geometry=points, crs=32650)


def test_nearest_station_is_the_walk_along_the_street(road):
    candidates = along("abc", [150, 900, 2900])
    stations = along(["s1", "s2"], [600, 1250])
    demand = along(["w1", "w2"], [0, 2950], workers=[8.0, 4.0])
    scored = score_sites(road, candidates, demand, existing=stations)
    assert scored["nearest_station"].tolist()[:2] == ["s1", "s1"]
    assert scored["nearest_minutes"].tolist()[:2] == pytest.approx([6, 4], abs=0.02)
    assert scored.loc["c", ["nearest_station", "nearest_minutes"]].isna().all()
    assert (
        scored.loc["a", "reason_zh"]
        == "15 分钟内有 8 名职工，目前都已有驿站；最近的驿站步行 6 分钟。"
    )
    assert scored.loc["c", "reason_en"] == (
        "4 workers are within 15 minutes; none has a station yet; "
        "the nearest station is more than 15 minutes away."
    )


def test_reach_and_network_give_the_same_figures(road):
    from servicecircle.reach import walk_times

    candidates = along("abc", [150, 900, 2900])
    demand = along(["w1", "w2", "w3"], [0, 2950, 1000], workers=[8.0, 4.0, 1.0])
    straight = score_sites(road, candidates, demand)
    again = score_sites(walk_times(road, candidates, demand), candidates, demand)
    pd.testing.assert_frame_equal(straight, again)
