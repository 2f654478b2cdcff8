"""choose_sites: the best set, proved, whatever the order of the rows."""

from __future__ import annotations

import math
from itertools import combinations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

from servicecircle.errors import InputError, ModelError, ModelWarning
from servicecircle.networks import read_network
from servicecircle.reach import Reach
from servicecircle.siting import choose_sites


def places(ids, **columns):
    """Make a table of places; only the ids matter to a plan made from a reach."""
    ids = list(ids)
    points = gpd.points_from_xy(114.0 + 0.001 * np.arange(len(ids)), np.full(len(ids), 30.5))
    return gpd.GeoDataFrame(columns, index=pd.Index(ids, dtype=object), geometry=points, crs=4326)


def world(covers, workers, existing=None, minutes=5.0):
    """Build the inputs from {candidate: demand it covers} and {demand: workers}."""
    existing = existing or {}
    pairs = [
        (facility, point, minutes)
        for facility, points in {**covers, **existing}.items()
        for point in points
    ]
    candidates, stations = places(covers), places(existing)
    demand = places(workers, workers=[float(w) for w in workers.values()])
    reach = Reach.from_frame(
        pd.DataFrame(pairs, columns=["facility", "demand", "minutes"]),
        facility_ids=candidates.index.append(stations.index),
        demand_ids=demand.index,
        cutoff=15,
    )
    return reach, candidates, demand, stations


FIVE = {"a": ["1", "2"], "b": ["2", "3"], "c": ["3", "4"], "d": ["5"], "e": ["1", "5"]}
WORKERS = {"1": 10, "2": 20, "3": 30, "4": 5, "5": 7, "6": 100}


def value_of(covers, workers, sites):
    return sum(workers[point] for point in {p for site in sites for p in covers[site]})


@st.composite
def worlds(draw):
    points = [f"p{i}" for i in range(draw(st.integers(1, 9)))]
    sites = [f"s{i}" for i in range(draw(st.integers(1, 7)))]
    some = st.lists(st.sampled_from(points), unique=True)
    weights = draw(st.sampled_from([st.integers(0, 9), st.floats(0, 9)]))
    covers = {site: draw(some) for site in sites}
    existing = {f"x{i}": draw(some) for i in range(draw(st.integers(0, 2)))}
    workers = {point: draw(weights) for point in points}
    ids = st.lists(st.sampled_from(sites), unique=True, max_size=2)
    required = draw(ids)
    forbidden = [site for site in draw(ids) if site not in required]
    free = len(sites) - len(forbidden)
    n_open = draw(st.integers(len(required), free)) if free else 0
    return covers, workers, existing, required, forbidden, n_open


@settings(max_examples=80)
@given(worlds())
def test_plan_is_the_best_of_all_allowed_sets(case):
    covers, workers, existing, required, forbidden, n_open = case
    reach, candidates, demand, stations = world(covers, workers, existing)
    plan = choose_sites(
        reach, candidates, demand,
        existing=stations, n_open=n_open, required=required, forbidden=forbidden,
    )  # fmt: skip
    everything = {**covers, **existing}
    free = [site for site in covers if site not in {*required, *forbidden}]
    best = max(
        value_of(everything, workers, [*existing, *required, *more])
        for k in range(n_open - len(required) + 1)
        for more in combinations(free, k)
    )
    assert plan.status == "proved"
    assert plan.value == pytest.approx(best, rel=1e-9)
    assert plan.bound == plan.value
    assert plan.optimality_gap == 0
    chosen = set(plan.sites.index)
    assert set(required) <= chosen <= set(covers) - set(forbidden)
    assert len(chosen) <= n_open
    assert plan.value == pytest.approx(value_of(everything, workers, [*existing, *chosen]))


@settings(max_examples=60)
@given(worlds())
def test_figures_of_a_plan_fit_together(case):
    covers, workers, existing, required, forbidden, n_open = case
    reach, candidates, demand, stations = world(covers, workers, existing)
    plan = choose_sites(
        reach, candidates, demand,
        existing=stations, n_open=n_open, required=required, forbidden=forbidden,
    )  # fmt: skip
    sites, total = plan.sites, sum(workers.values())
    opened = list(existing)
    for site, gain, after in zip(sites.index, sites["gain"], sites["covered_after"], strict=True):
        before = value_of({**covers, **existing}, workers, opened)
        opened.append(site)
        now = value_of({**covers, **existing}, workers, opened)
        assert gain == pytest.approx(now - before, abs=1e-6)
        assert after == pytest.approx(now, abs=1e-6)
    assert (np.diff(sites["gain"]) <= 1e-9).all()
    assert sites["order"].tolist() == list(range(1, len(sites) + 1))
    assert plan.curve["covered"].iloc[-1] == pytest.approx(plan.value)
    covered = plan.coverage.summary()["covered"].iloc[-1]
    assert covered == pytest.approx(plan.value, abs=1e-6)
    assert plan.curve["covered"].iloc[0] == pytest.approx(
        plan.today.summary()["covered"].iloc[-1], abs=1e-6
    )
    if total > 0:
        assert plan.coverage.share == pytest.approx(plan.value / total)
        assert plan.curve["share"].iloc[-1] == pytest.approx(plan.value / total)
    else:
        assert plan.curve["share"].isna().all()


def big_world(seed=0, n=300, m=40):
    rng = np.random.default_rng(seed)
    spots, sites = rng.uniform(0, 10, (n, 2)), rng.uniform(0, 10, (m, 2))
    workers = {f"w{i:03}": int(w) for i, w in enumerate(rng.integers(0, 30, n))}
    near = np.hypot(*(sites[:, None] - spots[None]).transpose(2, 0, 1)) < 1.5
    covers = {f"c{j:02}": [f"w{i:03}" for i in np.flatnonzero(near[j])] for j in range(m)}
    existing = {key: covers.pop(key) for key in ("c00", "c01", "c02")}
    return world(covers, workers, existing)


@pytest.mark.parametrize("seed", range(4))
def test_plan_does_not_depend_on_the_order_of_rows(seed):
    reach, candidates, demand, stations = big_world()
    plan = choose_sites(reach, candidates, demand, existing=stations, n_open=6)
    other = choose_sites(
        reach,
        candidates.sample(frac=1, random_state=seed),
        demand.sample(frac=1, random_state=seed),
        existing=stations.sample(frac=1, random_state=seed),
        n_open=6,
    )
    pd.testing.assert_frame_equal(other.sites, plan.sites, check_exact=True)
    pd.testing.assert_frame_equal(other.curve, plan.curve, check_exact=True)
    pd.testing.assert_frame_equal(
        other.candidates.loc[candidates.index], plan.candidates, check_exact=True
    )
    assert (other.value, other.bound) == (plan.value, plan.bound)


def test_same_seed_gives_the_same_plan_and_arguments_are_not_changed():
    reach, candidates, demand, stations = big_world(1)
    before = [frame.copy() for frame in (candidates, demand, stations)]
    one = choose_sites(reach, candidates, demand, existing=stations, n_open=5, seed=7)
    two = choose_sites(reach, candidates, demand, existing=stations, n_open=5, seed=7)
    pd.testing.assert_frame_equal(one.sites, two.sites)
    for frame, copy in zip((candidates, demand, stations), before, strict=True):
        pd.testing.assert_frame_equal(frame, copy)


def test_ties_go_to_the_smaller_id():
    reach, candidates, demand, _ = world({"z": ["1"], "b": ["1"], "m": ["1"]}, {"1": 4})
    assert list(choose_sites(reach, candidates, demand, n_open=1).sites.index) == ["b"]


def test_ids_of_mixed_kinds_are_allowed():
    reach, candidates, demand, _ = world({7: ["1"], "b": ["2"], "001": []}, {"1": 4, "2": 5})
    assert list(choose_sites(reach, candidates, demand, n_open=2).sites.index) == ["b", 7]


def test_places_at_the_door_of_a_site_are_covered():
    reach, candidates, demand, _ = world({"a": ["1"]}, {"1": 4}, minutes=0.0)
    plan = choose_sites(reach, candidates, demand, n_open=1, minutes=0)
    assert plan.value == 4


def test_places_exactly_at_the_cutoff_are_covered_in_plan_and_coverage():
    reach, candidates, demand, _ = world({"a": ["1"]}, {"1": 4}, minutes=14.1)
    plan = choose_sites(reach, candidates, demand, n_open=1, minutes=[10, 14.1])
    assert plan.value == 4
    assert plan.coverage.summary()["covered"].tolist() == [0, 4]
    assert plan.demand["covered"].all()
    assert plan.coverage.by("workers")["covered"].tolist() == [4]


def test_value_counts_today_and_the_new_sites_together():
    reach, candidates, demand, stations = world(FIVE, WORKERS, {"old": ["3", "4"]})
    plan = choose_sites(reach, candidates, demand, existing=stations, n_open=1)
    assert list(plan.sites.index) == ["a"]
    assert plan.value == 65
    assert plan.sites.loc["a", "gain"] == 30
    assert plan.sites.loc["a", "share_after"] == 65 / 172
    assert plan.today.share == 35 / 172
    assert plan.demand.loc["1", "facility"] == "a"
    assert plan.demand.loc["3", "facility"] == "old"
    assert plan.candidates.loc["d", ["gain", "gain_after"]].tolist() == [7, 7]
    assert plan.candidates.loc["b", ["gain", "gain_after"]].tolist() == [20, 0]
    assert plan.candidates.loc["a", "order"] == 1
    assert pd.isna(plan.candidates.loc["b", "order"])


def test_several_minutes_give_bands_and_the_largest_decides():
    reach, candidates, demand, _ = world(FIVE, WORKERS, minutes=8.0)
    plan = choose_sites(reach, candidates, demand, n_open=2, minutes=[5, 15])
    assert plan.value == 67
    assert plan.coverage.summary()["covered"].tolist() == [0, 67]


@pytest.mark.parametrize(("n_open", "status"), [(0, "proved"), (np.int64(0), "proved")])
def test_no_sites_may_open_is_an_empty_plan_proved(n_open, status):
    reach, candidates, demand, _ = world(FIVE, WORKERS)
    plan = choose_sites(reach, candidates, demand, n_open=n_open)
    assert (plan.status, len(plan.sites), plan.value, plan.bound) == (status, 0, 0, 0)
    assert plan.optimality_gap == 0
    assert {"order", "gain", "covered_after", "reason_zh"} <= set(plan.sites.columns)
    assert plan.sites.crs == candidates.crs


@pytest.mark.parametrize("n_open", [-1, 1.5, math.nan, math.inf, "3"])
def test_number_of_sites_must_be_whole_and_not_negative(n_open):
    reach, candidates, demand, _ = world(FIVE, WORKERS)
    with pytest.raises(InputError, match="n_open"):
        choose_sites(reach, candidates, demand, n_open=n_open)


def test_number_of_sites_is_needed():
    reach, candidates, demand, _ = world(FIVE, WORKERS)
    with pytest.raises(ModelError, match="n_open=12"):
        choose_sites(reach, candidates, demand)


def test_more_sites_than_candidates_opens_all_with_a_warning():
    reach, candidates, demand, _ = world({**FIVE, "f": []}, WORKERS)
    with pytest.warns(ModelWarning, match="only 6 candidates"):
        plan = choose_sites(reach, candidates, demand, n_open=9)
    assert set(plan.sites.index) == set("abcdef")
    assert (plan.status, plan.value) == ("proved", 72)


def test_sites_that_add_nobody_stay_closed():
    reach, candidates, demand, _ = world(FIVE, WORKERS)
    plan = choose_sites(reach, candidates, demand, n_open=5)
    assert plan.value == 72
    assert (plan.sites["gain"] > 0).all()
    assert len(plan.sites) == 3


def test_more_required_than_may_open_is_infeasible_and_names_them():
    reach, candidates, demand, stations = world(FIVE, WORKERS, {"old": ["1"]})
    plan = choose_sites(reach, candidates, demand, existing=stations, n_open=1, required=["d", "a"])
    assert plan.status == "infeasible"
    assert len(plan.sites) == 0
    assert math.isnan(plan.value)
    assert math.isnan(plan.optimality_gap)
    rule = plan.conflicts.iloc[0]
    assert rule["rule"] == "required"
    assert rule["ids"] == ("d", "a")
    assert "2" in rule["reason_zh"]
    assert plan.coverage.share == plan.today.share > 0
    assert "infeasible" in repr(plan)


def test_required_and_forbidden_at_once_is_an_error():
    reach, candidates, demand, _ = world(FIVE, WORKERS)
    with pytest.raises(ModelError, match="'c'"):
        choose_sites(reach, candidates, demand, n_open=2, required=["a", "c"], forbidden=["c"])


@pytest.mark.parametrize("rule", ["required", "forbidden"])
def test_unknown_ids_are_named(rule):
    reach, candidates, demand, _ = world(FIVE, WORKERS)
    with pytest.raises(ModelError, match="'nowhere'"):
        choose_sites(reach, candidates, demand, n_open=2, **{rule: ["a", "nowhere"]})
    with pytest.raises(InputError, match="must be a list"):
        choose_sites(reach, candidates, demand, n_open=2, **{rule: "a"})


def test_required_and_forbidden_may_be_columns_of_yes_and_no():
    reach, candidates, demand, _ = world(FIVE, WORKERS)
    candidates["必选"] = ["", "", "", "是", "否"]
    candidates["never"] = [False, True, False, False, False]
    plan = choose_sites(reach, candidates, demand, n_open=2, required="必选", forbidden="never")
    same = choose_sites(reach, candidates, demand, n_open=2, required=["d"], forbidden=["b"])
    assert set(plan.sites.index) == set(same.sites.index) >= {"d"}
    with pytest.raises(ModelError, match="'e'"):
        choose_sites(reach, candidates.assign(必选="是"), demand, n_open=5, required="必选",
                     forbidden=["e"])  # fmt: skip


def test_required_sites_open_even_if_they_add_nobody():
    reach, candidates, demand, stations = world(FIVE, WORKERS, {"old": ["5"]})
    plan = choose_sites(reach, candidates, demand, existing=stations, n_open=2, required=["d"])
    assert list(plan.sites.index) == ["b", "d"]
    assert plan.sites["gain"].tolist() == [50, 0]


def test_candidates_that_cannot_be_reached_never_open():
    reach, candidates, demand, _ = world(FIVE, WORKERS)
    candidates["status"] = ["ok", "bad_coordinates", "ok", "ok", "ok"]
    plan = choose_sites(reach, candidates, demand, n_open=2, forbidden=["c"])
    assert "b" not in plan.sites.index
    assert plan.candidates.loc["b", "status"] == "bad_coordinates"
    with pytest.warns(ModelWarning, match="'b'"):
        choose_sites(reach, candidates, demand, n_open=2, required=["b"])


def test_demand_that_nobody_can_cover_is_listed():
    reach, candidates, demand, _ = world(FIVE, WORKERS)
    plan = choose_sites(reach, candidates, demand, n_open=1)
    (row,) = plan.conflicts.to_dict("records")
    assert (row["rule"], row["ids"]) == ("out_of_reach", ("6",))
    assert "100 名职工" in row["reason_zh"]
    assert plan.status == "proved"


def test_without_workers_shares_are_missing_and_nothing_divides_by_zero():
    reach, candidates, demand, _ = world(FIVE, dict.fromkeys(WORKERS, 0))
    plan = choose_sites(reach, candidates, demand, n_open=2)
    assert (plan.status, plan.value, plan.bound, plan.optimality_gap) == ("proved", 0, 0, 0)
    assert len(plan.sites) == 0
    assert plan.curve["share"].isna().all()
    assert "–" in repr(plan)


@pytest.mark.parametrize("workers", [math.nan, -1.0, math.inf])
def test_bad_weights_are_refused_and_named(workers):
    reach, candidates, demand, _ = world(FIVE, WORKERS)
    demand.loc["2", "workers"] = workers
    with pytest.raises(InputError, match="'2'"):
        choose_sites(reach, candidates, demand, n_open=2)


def test_empty_tables_give_an_empty_plan():
    reach, candidates, demand, _ = world({}, WORKERS)
    with pytest.warns(ModelWarning, match="only 0 candidates"):
        plan = choose_sites(reach, candidates, demand, n_open=2)
    assert (plan.status, len(plan.sites), plan.value) == ("proved", 0, 0)
    reach, candidates, demand, _ = world({"a": [], "b": []}, {})
    plan = choose_sites(reach, candidates, demand, n_open=2)
    assert (plan.status, len(plan.sites), plan.value) == ("proved", 0, 0)


def test_a_place_cannot_be_candidate_and_existing():
    reach, candidates, demand, _ = world(FIVE, WORKERS)
    with pytest.raises(InputError, match="'a'"):
        choose_sites(reach, candidates, demand, existing=candidates.loc[["a"]], n_open=1)


@pytest.mark.parametrize(
    ("options", "error", "word"),
    [
        ({"time_limit": -1}, InputError, "time_limit"),
        ({"gap": math.nan}, InputError, "gap"),
        ({"seed": 0.5}, InputError, "seed"),
        ({"aim": "best"}, ModelError, "most_covered"),
        ({"minutes": 16}, InputError, "16"),
        ({"weight": "people"}, InputError, "people"),
    ],
)
def test_bad_options_are_refused_with_the_cure(options, error, word):
    reach, candidates, demand, _ = world(FIVE, WORKERS)
    with pytest.raises(error, match=word):
        choose_sites(reach, candidates, demand, n_open=1, **options)


def test_without_time_the_greedy_plan_comes_with_its_gap():
    reach, candidates, demand, _ = big_world(3, n=500, m=80)
    stopped = choose_sites(reach, candidates, demand, n_open=9, time_limit=0)
    best = choose_sites(reach, candidates, demand, n_open=9)
    assert best.status == "proved"
    assert stopped.status == "time_limit"
    assert (1 - 1 / math.e) * best.value <= stopped.value <= best.value <= stopped.bound
    assert stopped.optimality_gap == pytest.approx(stopped.bound / stopped.value - 1)


def test_summary_and_notebook_show_the_plan():
    reach, candidates, demand, stations = world(FIVE, WORKERS, {"old": ["3", "4"]})
    candidates["name"] = ["<b>邮局</b>", *"bcde"]
    plan = choose_sites(reach, candidates, demand, existing=stations, n_open=1)
    (row,) = plan.summary().to_dict("records")
    assert (row["sites"], row["workers"], row["covered_today"], row["covered"]) == (1, 172, 35, 65)
    assert (row["status"], row["share"]) == ("proved", 65 / 172)
    assert "from 20.3% to 37.8%; proved best" in repr(plan)
    assert "<b>邮局" not in plan._repr_html_()


def test_reason_says_what_is_new_and_when_it_opens():
    reach, candidates, demand, _ = world(FIVE, WORKERS)
    plan = choose_sites(reach, candidates, demand, n_open=2)
    assert list(plan.sites.index) == ["b", "e"]
    plan = choose_sites(reach, candidates, demand, n_open=2, required=["a", "c"])
    assert list(plan.sites.index) == ["c", "a"]
    assert plan.sites.loc["c", "reason_zh"].startswith("15 分钟内有 35 名职工，目前都没有驿站。")
    plan = choose_sites(reach, candidates, demand, n_open=2, required=["a", "b"])
    assert plan.sites.loc["a", "reason_zh"] == (
        "15 分钟内有 30 名职工，目前都没有驿站。"
        "第 2 个开设：新增 10 人，覆盖率达 34.9%；10 人只靠它覆盖。该点为必选。"
    )
    assert plan.sites.loc["a", "reason_en"].endswith(
        "Number 2 to open: adds 10, coverage then 34.9%; 10 depend on it alone. It must open."
    )


def test_san_francisco_stores_as_published(shared_data):
    folder = shared_data / "sites" / "sf_stores"
    tracts = pd.read_csv(folder / "SF_demand_205_centroid_uniform_weight.csv", dtype={"NAME": str})
    walks = pd.read_csv(
        folder / "SF_network_distance_candidateStore_16_censusTract_205_new.csv",
        dtype={"DestinationName": str},
    )
    demand = places(tracts["NAME"], workers=tracts["POP2000"].to_numpy(float))
    candidates = places(walks["name"].unique())
    hundreds = walks["distance"] / 100  # 5,000 m read as 50 minutes
    reach = Reach.from_frame(
        pd.DataFrame(
            {"facility": walks["name"], "demand": walks["DestinationName"], "minutes": hundreds}
        )[hundreds <= 50],
        facility_ids=candidates.index,
        demand_ids=demand.index,
        cutoff=50,
    )
    plan = choose_sites(reach, candidates, demand, n_open=4, minutes=50)
    assert plan.status == "proved"
    assert plan.value == 875_247


def test_plan_from_streets_equals_plan_from_their_reach(tmp_path):
    line = shapely.LineString([(500_000, 3_380_000), (503_000, 3_380_000)])
    path = tmp_path / "road.gpkg"
    gpd.GeoDataFrame({"highway": ["residential"]}, geometry=[line], crs=32650).to_file(path)
    road = read_network(path)

    def along(prefix, metres, **columns):
        points = [shapely.Point(500_000 + metre, 3_380_000) for metre in metres]
        ids = [f"{prefix}{i}" for i in range(len(metres))]
        return gpd.GeoDataFrame(columns, index=ids, geometry=points, crs=32650)

    rng = np.random.default_rng(0)
    candidates = along("c", rng.uniform(0, 3000, 12)).to_crs(4326)
    stations = along("s", [200.0])
    demand = along("w", rng.uniform(0, 3000, 60), workers=rng.integers(1, 9, 60).astype(float))
    options = {"existing": stations, "n_open": 2, "minutes": [3, 6]}
    plan = choose_sites(road, candidates, demand, **options)
    other = choose_sites(plan.reach, candidates, demand, **options)
    assert plan.network is road
    assert plan.coverage.network is road
    assert other.network is None
    assert plan.status == "proved"
    same = ["order", "gain", "covered_after", "share_after"]
    pd.testing.assert_frame_equal(plan.sites[same], other.sites[same])
    metres = [frame.to_crs(32650).geometry.x.to_numpy() for frame in (candidates, demand, stations)]
    near = np.abs(metres[0][:, None] - metres[1]) <= 450.04
    old = (np.abs(metres[2][:, None] - metres[1]) <= 450.04).any(axis=0)
    workers = demand["workers"].to_numpy()
    best = max(
        workers[old | near[list(two)].any(axis=0)].sum() for two in combinations(range(12), 2)
    )
    assert plan.value == best
