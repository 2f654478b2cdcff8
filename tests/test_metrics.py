"""Figures that planners quote, against sums written out and published numbers."""

from __future__ import annotations

from itertools import combinations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import servicecircle as sc
from servicecircle.errors import InputError
from servicecircle.measures.metrics import CRITERIA, weighted_gini

PAIRS = [("A", "p", 5.0), ("A", "q", 14.0), ("B", "q", 3.0), ("B", "r", 15.0), ("C", "q", 9.0)]
E = np.exp(-0.5)
WORKERS = {"p": 100.0, "q": 40.0, "r": 60.0, "far": 200.0}


@pytest.fixture
def coverage():
    def places(ids, **columns):
        points = gpd.points_from_xy(range(len(ids)), [0] * len(ids))
        return gpd.GeoDataFrame(columns, geometry=points, crs=4326, index=pd.Index(ids, name="id"))

    stations = places(["A", "B", "C", "D"], capacity=[20, 10, np.nan, 5])
    people = places(
        list(WORKERS), workers=list(WORKERS.values()), district=["甲", "甲", "乙", "乙"]
    )
    frame = pd.DataFrame(PAIRS, columns=["facility", "demand", "minutes"])
    reach = sc.Reach.from_frame(frame, facility_ids=stations.index, demand_ids=people.index)
    return sc.measure_coverage(reach, stations, people, minutes=15)


@pytest.mark.parametrize("seed", range(5))
def test_the_gini_is_the_double_sum(seed):
    generator = np.random.default_rng(seed)
    x, w = generator.random(9), generator.random(9)
    double = sum(w[a] * w[b] * abs(x[a] - x[b]) for a in range(9) for b in range(9))
    mean = (x * w).sum() / w.sum()
    assert weighted_gini(x, w) == pytest.approx(double / (2 * w.sum() ** 2 * mean))


def test_equity_of_districts(coverage):
    found = sc.equity(coverage, "district").iloc[0]  # 甲 140 of 140, 乙 60 of 260
    assert found["least"] == pytest.approx(60 / 260)
    assert found[["least_at", "most", "most_at"]].tolist() == ["乙", 1, "甲"]
    # 2 · 140 · 260 · (1 − 60/260) / (2 · 400² · 1/2)
    assert found["gini"] == pytest.approx(140 * 260 * (1 - 60 / 260) / (400**2 / 2))


def test_one_district_is_equal_and_nobody_covered_is_not_known(coverage):
    whole = gpd.GeoDataFrame(geometry=[shapely.box(-1, -1, 9, 1)], crs=4326)
    assert sc.equity(coverage, whole)["gini"].item() == 0
    lost = coverage.demand.assign(share="x").iloc[[3]]
    alone = sc.measure_coverage(coverage.reach, coverage.facilities, lost)
    assert np.isnan(sc.equity(alone, "share")["gini"].item())
    assert sc.equity(alone, "share")["least"].item() == 0


def test_places_per_worker_in_two_steps(coverage):
    found = sc.access_ratio(coverage)
    # A reaches 140 workers with 20 places, B 100 with 10; C says no capacity, D reaches nobody
    assert found.attrs["facilities"].to_dict() == pytest.approx(
        {"A": 20 / 140, "B": 10 / 100, "C": np.nan, "D": np.nan}, nan_ok=True
    )
    assert found["places_per_worker"].to_dict() == pytest.approx(
        {"p": 20 / 140, "q": 20 / 140 + 10 / 100, "r": 10 / 100, "far": 0}
    )
    near = sc.access_ratio(coverage, minutes=10)
    assert near.loc["q", "places_per_worker"] == pytest.approx(10 / 40)
    with pytest.raises(InputError, match="no column 'seats'"):
        sc.access_ratio(coverage, capacity="seats")


def test_a_long_walk_counts_less_along_a_bell(coverage):
    bell = {(a, b): (np.exp(-((t / 15) ** 2) / 2) - E) / (1 - E) for a, b, t in PAIRS}
    ratio = {
        j: places / sum(WORKERS[i] * f for (a, i), f in bell.items() if a == j)
        for j, places in {"A": 20, "B": 10}.items()
    }
    found = sc.access_ratio(coverage, decay="gaussian")["places_per_worker"]
    for i in WORKERS:
        assert found[i] == pytest.approx(sum(r * bell.get((j, i), 0) for j, r in ratio.items()))
    with pytest.raises(InputError, match="`decay` must be"):
        sc.access_ratio(coverage, decay="linear")


def test_overlap_of_pairs_is_shared_by_either(coverage):
    reached = {"A": {"p", "q"}, "B": {"q", "r"}, "C": {"q"}}
    expected = {}
    for one, other in combinations(reached, 2):
        both, either = reached[one] & reached[other], reached[one] | reached[other]
        expected[one, other] = sum(map(WORKERS.get, both)) / sum(map(WORKERS.get, either))
    found = sc.pair_overlap(coverage)
    pairs = zip(found["first"], found["second"], strict=True)
    assert dict(zip(pairs, found["overlap"], strict=True)) == pytest.approx(expected)
    assert found["overlap"].is_monotonic_decreasing


def test_metres_do_not_depend_on_the_speed(coverage):
    assert sc.within_metres(coverage, 375) == pytest.approx(140 / 400)  # 5 minutes at 4.5 km/h
    assert sc.within_metres(coverage, 374) == pytest.approx(40 / 400)
    with pytest.raises(InputError, match="computed to 15 minutes"):
        sc.within_metres(coverage, 1200)


def test_stations_per_ten_thousand_workers(coverage):
    assert sc.per_ten_thousand(coverage) == 1e4 * 4 / 400


def test_without_workers_every_share_is_missing_never_nought(coverage):
    nobody = coverage.demand[["geometry", "workers"]].assign(workers=0.0, district="甲")
    empty = sc.measure_coverage(coverage.reach, coverage.facilities, nobody)
    assert np.isnan(sc.within_metres(empty, 375))
    assert np.isnan(sc.per_ten_thousand(empty))
    assert sc.pair_overlap(empty).empty
    fair = sc.equity(empty, "district").iloc[0]
    assert fair[["least", "most", "gini"]].isna().all()
    assert sc.access_ratio(empty).eq(0).all(axis=None)
    assert sc.access_ratio(empty).attrs["facilities"].isna().all()
    assert np.isnan(empty.share)
    assert empty.summary()[["share", "mean_minutes", "median_minutes"]].isna().all(axis=None)


def test_cost_per_newly_covered_is_missing_without_gain_and_nought_in_kind(coverage):
    shops = coverage.facilities.assign(cost=[0.0, 5000.0, 0.0, 7000.0], in_kind_area_m2=20.0)
    people = coverage.demand[["geometry", "workers"]]

    def costs(**rules):
        plan = sc.choose_sites(coverage.reach, shops, people, minutes=15, **rules)
        return sc.plan_costs(plan).iloc[0]

    in_kind = costs(n_open=1, required=["A"])
    assert in_kind[["cost", "cost_per_worker", "free_sites", "in_kind_area_m2"]].tolist() == [
        0, 0, 1, 20,
    ]  # fmt: skip
    nobody = costs(n_open=1, required=["D"])
    assert nobody["newly_covered"] == 0
    assert np.isnan(nobody["cost_per_worker"])
    paid = costs(n_open=2, required=["A", "B"], budget=6000)
    assert paid[["cost", "budget", "left"]].tolist() == [5000, 6000, 1000]
    assert paid["cost_per_worker"] == 5000 / 200


def test_homes_stand_beside_xiamens_published_figures():
    homes = pd.DataFrame(
        {
            "setting": ["园区型", "园区", "社区型", "社区型"],
            "cost": ["20万", 100_000, None, 50_000],
            "visits": [1000, 4000, 500, None],
            "own_funds": [1, 1, 1, 1],
            "other_funds": [46, 47, 46, 47],
        }
    )
    found = sc.home_figures(homes)
    assert found.loc["park", "cost_per_visit"] == 300_000 / 5000
    assert found.loc["park", "homes"] == 2
    assert np.isnan(found.loc["community", "cost_per_visit"])
    assert found.loc["all", ["cost_missing", "visits_missing"]].to_list() == [1, 1]
    assert found.loc["all", "leverage"] == 46.5  # as Fujian's 186 M : 4 M
    line = found.loc["Xiamen 2020"]
    assert line["cost_per_home"] == 226_000
    assert round(line["cost_per_visit"], 1) == 41.1
    assert line["visits_per_home"] == 5500


STATIONS = pd.DataFrame(
    {
        "area_m2": [50.0, 100.0, 25.0],
        "visits": ["1万", "5000", None],
        "cooperation": [0.5, 1.0, 0.8],
        "quality": ["80%", "90%", "70%"],
        "effect": [0.6, 0.7, 0.8],
        "satisfaction": [0.9, 0.8, 0.95],
    },
    index=["a", "b", "c"],
)


def test_a_review_is_the_weighted_mean_of_its_criteria():
    found = sc.annual_review(STATIONS, weights={"satisfaction": 5})
    a = (0.5 + 1.0 + 0.5 + 0.8 + 0.6 + 5 * 0.9) / 10
    c = (0.25 + 0.8 + 0.7 + 0.8 + 5 * 0.95) / 9
    assert found.loc["a", "score"] == pytest.approx(100 * a)
    assert found.loc["c", "score"] == pytest.approx(100 * c)
    assert found["missing"].to_dict() == {"a": "", "b": "", "c": "flow"}
    assert found.attrs["weights"]["satisfaction"] == 0.5
    order = found["score"].sort_values(ascending=False).index
    assert found["rank"].sort_values().index.to_list() == order.to_list()


def test_a_missing_criterion_may_block_the_review():
    found = sc.annual_review(STATIONS, missing="block")
    assert found["score"].notna().to_dict() == {"a": True, "b": True, "c": False}
    assert pd.isna(found.loc["c", "rank"])
    assert sc.annual_review(STATIONS.drop(columns="visits"), missing="block")["score"].isna().all()


@pytest.mark.parametrize("weights", [{"beauty": 1}, {"flow": -1}, dict.fromkeys(CRITERIA, 0)])
def test_weights_that_mean_nothing_are_refused(weights):
    with pytest.raises(InputError, match="`weights`"):
        sc.annual_review(STATIONS, weights=weights)


def test_a_table_without_any_criterion_has_no_score():
    found = sc.annual_review(pd.DataFrame({"name": ["x"]}))
    assert found["score"].isna().all()
