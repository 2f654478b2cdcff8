"""The programmes' acceptance paragraphs, sentence by sentence, at the sizes that they state."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import big_town
import servicecircle as sc
from servicecircle.measures.metrics import CRITERIA
from servicecircle.standards import known_word

CONVENIENT = "微波炉、饮水机、座椅、卫生间"


def within(reach, facilities, demand, minutes):
    """Who reaches what, as a dense table of yes and no."""
    table = reach.select(facilities.index, demand.index).to_frame()
    near = table[table["minutes"] <= minutes]
    out = np.zeros((len(facilities), len(demand)), dtype=bool)
    rows = facilities.index.get_indexer(near["facility"])
    out[rows, demand.index.get_indexer(near["demand"])] = True
    return out


@pytest.fixture(scope="module")
def city(tmp_path_factory):
    return big_town.read_city(tmp_path_factory.mktemp("city"), 40)


@pytest.fixture(scope="module")
def people():
    rng = np.random.default_rng(1)
    xy = rng.uniform(0, 8000, (600, 2))
    demand = big_town.places(
        xy,
        "W",
        workers=rng.integers(1, 200, 600).astype(float),
        industry=rng.choice(["快递", "餐饮", "制造", "环卫"], 600),
    )
    demand["district"] = sc.area_of(demand, counties()).map("县{}".format)
    return demand


def counties():
    return big_town.areas(3, 2, 40)


@pytest.fixture(scope="module")
def province(city, people):
    """Six counties, four industries, a grid; idle venues stand beside new ones."""
    rng = np.random.default_rng(2)
    xy = rng.uniform(0, 8000, (60, 2))
    venues = big_town.places(
        np.concatenate([xy, xy[:30] + np.array([0, 0.5]), rng.uniform(0, 8000, (10, 2))]),
        "V",
        idle=[False] * 60 + [True] * 40,
        industry=rng.choice(["快递", "餐饮", "制造", "环卫"], 100),
    )
    venues["cost"] = np.where(venues["idle"], 0.0, 200_000.0)
    venues["in_kind_area_m2"] = np.where(venues["idle"], 600.0, 0.0)
    venues["district"] = sc.area_of(venues, counties()).map("县{}".format)
    reach = sc.walk_times(city, venues, people, cutoff=10)
    rules = sc.standard("fujian")
    plan = sc.choose_sites(
        reach, venues, people, minutes=rules.minutes, n_open=14, at_least=rules.at_least,
        prefer="idle",
    )  # fmt: skip
    return venues, reach, plan


def masks(venues):
    return [
        (venues[column] == value).to_numpy(dtype=float)
        for column in ("district", "industry")
        for value in sorted(venues[column].unique())
    ]


# Fujian


def test_fujian_the_plan_covers_the_most_that_its_rules_allow(province, people):
    venues, reach, plan = province
    table = within(reach, venues, people, 10)
    best = big_town.most_covered(table, people["workers"].to_numpy(), 14, masks(venues))
    assert plan.status == "proved"
    assert plan.value == pytest.approx(best)


def test_fujian_existing_and_idle_venues_go_before_new_ones(province, people):
    venues, reach, plan = province
    table = within(reach, venues, people, 10)
    idle = venues["idle"].to_numpy(dtype=float)
    weights = people["workers"].to_numpy()
    most = big_town.most_covered(table, weights, 14, masks(venues), score=idle, held=plan.value)
    assert plan.sites["idle"].sum() == pytest.approx(most)


def test_fujian_every_county_and_every_industry_has_one(province):
    venues, _, plan = province
    for column in ("district", "industry"):
        assert set(plan.sites[column]) == set(venues[column])


def test_fujian_coverage_per_grid_cell_lists_the_empty_ones(province, people):
    plan = province[2]
    cells = big_town.areas(16, 16, 40)
    found = plan.coverage.by(cells)
    reached = people[plan.coverage.demand["covered"]].sjoin(cells, predicate="within")
    served = set(reached["index_right"])
    assert found.index.tolist() == cells.index.tolist()
    assert set(found.index[found["covered"] == 0]) == set(cells.index) - served
    assert found.loc[found["workers"] == 0, "share"].isna().all()


def test_fujian_the_plan_says_which_rule_forced_which_site(province):
    sites = province[2].sites
    for site, row in sites.iterrows():
        for column in ("district", "industry"):
            alone = (sites[column] == row[column]).sum() == 1
            assert (f"{column} = {row[column]} ≥ 1" in str(row["needed_for"])) == alone, site
    assert sites["needed_for"].notna().any()


def test_fujian_the_plan_says_what_cash_and_what_area_in_kind_it_uses(province):
    plan = province[2]
    row = sc.plan_costs(plan).iloc[0]
    free = plan.sites["idle"].sum()
    assert row["cost"] == 200_000 * (len(plan.sites) - free)
    assert row["in_kind_area_m2"] == 600 * free
    assert row["free_sites"] == free
    assert row["cost_per_worker"] == pytest.approx(row["cost"] / plan.value)


# Fuzhou


def test_fuzhou_34_homes_meet_both_rules(people, province):
    venues, reach, _ = province
    rules = sc.standard("fuzhou")
    plan = sc.choose_sites(
        reach, venues, people, minutes=rules.minutes, n_open=34, at_least=rules.at_least
    )
    assert plan.status == "proved"
    assert len(plan.sites) <= 34
    checked = sc.check_quotas(plan.sites, rules, units=venues)
    assert (checked["missing"] == 0).all()
    assert len(checked) == 6 + 4


def test_fuzhou_a_group_without_a_feasible_candidate_is_named(province, people):
    venues, reach, _ = province
    shut = venues.index[venues["district"] == "县5"]
    plan = sc.choose_sites(
        reach, venues, people, minutes=10, n_open=34, at_least={"district": 1}, forbidden=shut
    )
    assert plan.status == "infeasible"
    conflict = plan.conflicts[plan.conflicts["rule"] == "at_least"].iloc[0]
    assert "县5" in conflict["reason_zh"]
    assert set(conflict["ids"]) == set(shut)


def test_fuzhou_uncovered_small_firms_come_with_the_nearest_town_or_community_venue(city, province):
    plan = province[2]
    firms = plan.coverage.gaps[["workers", "geometry"]]
    venues = big_town.places(np.array([[500, 500], [7500, 7500], [4000, 4000]]), "T")
    nearest = sc.walk_times(city, venues, firms, cutoff=120).nearest()
    assert nearest.index.tolist() == firms.index.tolist()
    metres = firms.to_crs(32650)
    spots = venues.to_crs(32650).geometry
    for firm, row in nearest.iterrows():
        point = metres.geometry[firm]
        blocks = spots.map(lambda s, p=point: abs(s.x - p.x) + abs(s.y - p.y))
        # along the streets at least as far as across the blocks (UTM is 0.1 % long here)
        assert 0.998 * blocks.min() <= row["minutes"] * 75 <= blocks.min() + 2 * big_town.STEP
        assert blocks[row["facility"]] <= blocks.min() + 2 * big_town.STEP


# Xiamen


def hundred_homes():
    kinds = ["园区型", "楼宇型", "社区型", "商圈型", "主体型", "综合型"]
    homes = pd.DataFrame({"station_type": [kinds[k % 6] for k in range(100)]})
    homes["cost"] = 226_000.0
    homes["visits"] = 5500.0
    homes.loc[[0, 6], "cost"] = None
    homes.loc[3, "visits"] = None
    return homes


def test_xiamen_100_homes_are_grouped_by_the_six_types():
    found = sc.home_figures(hundred_homes(), by="station_type")
    six = ["park", "building", "community", "business_district", "host", "comprehensive"]
    assert set(found.index) == {*six, "all", "Xiamen 2020"}
    assert found.loc["all", "homes"] == 100
    assert found.loc[six, "homes"].sum() == 100


def test_xiamen_cost_per_home_and_visit_stand_beside_the_benchmark_line():
    found = sc.home_figures(hundred_homes(), by="station_type").round(1)
    asked = ["cost_per_home", "cost_per_visit", "visits_per_home"]
    assert found.loc["Xiamen 2020", asked].tolist() == [226_000, 41.1, 5500]
    assert found.loc["building", asked].tolist() == [226_000, 41.1, 5500]


def test_xiamen_missing_values_are_counted_not_guessed():
    found = sc.home_figures(hundred_homes(), by="station_type")
    assert found.loc["park", ["cost_missing", "visits_missing"]].tolist() == [2, 0]
    assert found.loc["business_district", ["cost_missing", "visits_missing"]].tolist() == [0, 1]
    assert found.loc["all", "cost"] == 98 * 226_000


# Quanzhou (mobile homes and anchors have their own tests)


def test_quanzhou_the_review_ranks_six_criteria_with_weights_printed():
    stations = pd.DataFrame(
        {
            "area_m2": [1400, 1500], "visits": [35_000, 20_000], "cooperation": [0.8, 0.9],
            "quality": ["90%", "80%"], "effect": [0.7, 0.9], "satisfaction": ["95%", "84%"],
        },
        index=["四季家园", "服装城"],
    )  # fmt: skip
    found = sc.annual_review(stations)
    first = (1400 / 1500 + 1 + 0.8 + 0.9 + 0.7 + 0.95) / 6
    assert found.loc["四季家园", "score"] == pytest.approx(100 * first)
    assert found["rank"].tolist() == [1, 2]
    assert found.attrs["weights"] == pytest.approx(dict.fromkeys(CRITERIA, 1 / 6))


# Chiping


@pytest.fixture(scope="module")
def chiping(city, people):
    rng = np.random.default_rng(3)
    shops = big_town.places(
        rng.uniform(0, 8000, (160, 2)),
        "C",
        street_front=rng.random(160) < 0.75,
        amenities=rng.choice([CONVENIENT, "饮水机、座椅", f"{CONVENIENT}、急救箱"], 160),
    )
    stations = big_town.places(rng.uniform(0, 8000, (8, 2)), "S")
    demand = people.assign(
        community=sc.area_of(people, big_town.areas(5, 4, 40)).map("社区{}".format)
    )
    street = shops[shops["street_front"]]
    plan = sc.choose_sites(city, street, demand, existing=stations, minutes=15, n_open=12)
    return street, stations, demand, plan


def test_chiping_12_street_stations_win_the_most_not_yet_covered(chiping):
    shops, stations, demand, plan = chiping
    old = within(plan.reach, stations, demand, 15).any(axis=0)
    table = within(plan.reach, shops, demand, 15)
    best = big_town.most_covered(table, np.where(old, 0, demand["workers"]), 12, [])
    assert len(plan.sites) == 12
    assert plan.sites["street_front"].all()
    assert plan.status == "proved"
    assert plan.sites["gain"].sum() == pytest.approx(best)


def test_chiping_each_chosen_venue_is_checked_for_all_four_conveniences(chiping):
    sites = chiping[3].sites
    checks = sc.check_standard(sites, "chiping")[["hot_food", "water", "rest", "toilet"]]
    assert checks.notna().all(axis=None)
    assert (checks.all(axis=1) == sites["amenities"].str.startswith(CONVENIENT)).all()


def test_chiping_coverage_is_shown_before_and_after_per_community(chiping):
    *_, demand, plan = chiping
    before, after = plan.today.by("community"), plan.coverage.by("community")
    covered = demand["workers"].where(plan.coverage.demand["covered"], 0.0)
    by_hand = covered.groupby(demand["community"]).sum()
    assert after["covered"].to_dict() == by_hand.to_dict()
    assert (after["covered"] - before["covered"]).sum() == pytest.approx(plan.sites["gain"].sum())
    assert len(after) == 20


def test_chiping_the_scorecard_flags_satisfaction_under_85_percent():
    homes = pd.DataFrame({"satisfaction": ["84.9%", "85%", None, 0.2]})
    found = sc.audit_stations(homes)
    assert found.stations["unsatisfied"].tolist() == [True, False, pd.NA, True]
    assert found.stations["findings_zh"].str.contains("满意度低于85%").tolist() == [
        True, False, False, True,
    ]  # fmt: skip
    assert found.summary().loc["unsatisfied", "unknown"] == 1


# Miyun


def register_of_242():
    rng = np.random.default_rng(4)
    return big_town.places(
        rng.uniform(0, 8000, (242, 2)), "M", open_to_public=["是"] * 189 + ["否"] * 53, unit=None
    )


def test_miyun_every_candidate_venue_gets_a_pre_assessment_in_three_blocks(chiping):
    shops, *_, plan = chiping
    sheets = sc.pre_assessment(plan, standard="miyun")
    assert set(sheets["site"]) == set(shops.index)
    blocks = sheets.groupby("site")["part"].unique().map(lambda parts: [p[:4] for p in parts])
    assert blocks.map(lambda parts: parts[:3] == ["建设地点", "辐射范围", "覆盖人群"]).all()
    assert (sheets["item"] == "标准核对").sum() == len(shops)


def test_miyun_the_norm_prints_pass_or_the_exact_missing_items():
    venues = pd.DataFrame(
        {
            "street_front": pd.array([True, True, False], "boolean"),
            "floor": ["一层", "1F", "2层"],
            "open_to_public": ["是", "是", "是"],
            "amenities": ["座椅、饮水机、微波炉、雨具", "座椅、饮水机、WiFi", "座椅、药箱等"],
        }
    )
    checks = sc.check_standard(venues, "miyun")
    assert checks["sentence_zh"].tolist() == [
        "✓ 全部符合。",
        (
            "✗ 不符合:九项基础设施至少四项"
            "(缺微波炉、充电充气工具、简易维修工具、雨具、急救箱、自动售货机)。"
        ),
        "✗ 不符合:临街、一层。? 需现场核实:九项基础设施至少四项。",
    ]


def test_miyun_the_register_says_242_stations_189_public_78_1_percent():
    row = sc.audit_stations(register_of_242()).summary().loc["open_to_public"]
    assert row["sentence_en"] == "189 of 242 = 78.1%"
    assert row["sentence_zh"] == "共 242 个，其中 189 个（78.1%）"


def test_miyun_only_the_189_count_toward_public_coverage(city, people):
    register = register_of_242()
    public = sc.measure_coverage(city, register, people.assign(unit=None), unit="unit")
    alone = sc.measure_coverage(city, register.iloc[:189], people)
    assert public.share == alone.share < sc.measure_coverage(city, register, people).share
    assert (public.facilities["workers"].iloc[189:] == 0).all()


def test_miyun_the_home_rate_is_247_of_267_and_the_20_are_listed():
    units = pd.DataFrame({"members": [50] * 267 + [49] * 9, "has_home": "是"})
    units = units.sample(frac=1, random_state=5).set_index("单位" + units.index.astype(str))
    without = units.index[units["members"] >= 50][::13][:20]
    units.loc[[*without, *units.index[units["members"] < 50]], "has_home"] = "否"
    row = sc.home_rate(units).iloc[0]
    assert row["sentence_en"] == "247 of 267 = 92.5%"
    assert row["without"] == tuple(without)


# Dongcheng


@pytest.fixture(scope="module")
def dongcheng():
    """17 sub-districts of 182 communities; 644 stations leave some of both without one."""
    communities = big_town.areas(14, 13, 40)
    communities["community"] = [f"社区{k}" for k in range(182)]
    communities["street_town"] = [f"街道{k * 17 // 182}" for k in range(182)]
    rng = np.random.default_rng(6)
    without = {"街道16", "社区3", "社区50", "社区51"}
    spots = communities[~communities["street_town"].isin(without)]
    spots = spots[~spots["community"].isin(without)].sample(644, replace=True, random_state=6)
    inside = spots.to_crs(32650).centroid
    xy = shapely.get_coordinates(inside) - big_town.CORNER
    stations = big_town.places(xy + rng.uniform(-200, 200, (644, 2)), "D")
    stations["hours"] = rng.choice(["早9点一直开到晚8点,除了周一休息", "24小时", "8:00-18:00"], 644)
    stations["amenities"] = "饮水机"
    return communities, stations


def lacking(communities, stations):
    """Count by geometry alone which units hold no station."""
    joined = stations.sjoin(communities, predicate="within")
    return [
        unit
        for column in ("street_town", "community")
        for unit in communities[column].unique()
        if unit not in set(joined[column])
    ]


def test_dongcheng_the_units_without_a_station_are_listed_exactly(dongcheng):
    communities, stations = dongcheng
    table = sc.check_quotas(stations, "dongcheng", units=communities)
    assert len(table) == 17 + 182
    missing = table[table["missing"] > 0]["unit"].tolist()
    assert missing == lacking(communities, stations)
    assert {"街道16", "社区3", "社区50", "社区51"} <= set(missing)


def test_dongcheng_the_fewest_extra_sites_are_those_that_a_plan_opens(dongcheng):
    communities, stations = dongcheng
    table = sc.check_quotas(stations, "dongcheng", units=communities)
    venues = communities.set_geometry(communities.to_crs(32650).centroid.to_crs(4326))
    venues = venues.set_axis([f"V{k}" for k in range(182)])
    old = stations.assign(
        community=sc.area_of(stations, communities, "community"),
        street_town=sc.area_of(stations, communities, "street_town"),
    )
    people = big_town.places(np.array([[100.0, 100.0]]), "W", workers=[1.0])
    reach = sc.Reach.from_frame(
        pd.DataFrame(columns=["facility", "demand", "minutes"]),
        facility_ids=venues.index.append(old.index), demand_ids=people.index, cutoff=15,
    )  # fmt: skip
    plan = sc.choose_sites(
        reach, venues, people, existing=old, aim="fewest_sites", share=0,
        at_least=sc.standard("dongcheng").at_least,
    )  # fmt: skip
    assert plan.status == "proved"
    assert plan.value == table.attrs["extra_sites"]
    opened = pd.concat([old[["geometry"]], plan.sites[["geometry"]]])
    assert not lacking(communities, opened)


@pytest.mark.parametrize(
    ("moment", "open_ones"),
    [("Tue 20:30", {"24小时"}), ("Mon 12:00", {"24小时", "8:00-18:00"})],
)
def test_dongcheng_at_half_past_eight_or_on_monday_the_50_m2_space_covers_nobody(
    city, people, dongcheng, moment, open_ones
):
    stations = dongcheng[1]
    found = sc.measure_coverage(city, stations, people, minutes=3, at=moment)
    closed = ~stations["hours"].isin(open_ones)
    assert (found.facilities.loc[closed, "workers"] == 0).all()
    assert found.share == sc.measure_coverage(city, stations[~closed], people, minutes=3).share
    noon = sc.measure_coverage(city, stations, people, minutes=3, at="Tue 12:00")
    assert noon.share > found.share > 0


def test_dongcheng_644_stations_are_evaluated_in_one_call(city, people, dongcheng):
    stations = dongcheng[1]
    coverage = sc.measure_coverage(city, stations, people)
    found = sc.audit_stations(stations, coverage, "dongcheng").stations
    assert found.index.tolist() == stations.index.tolist()
    assert found["standard"].all()
    assert (found["workers"] == coverage.facilities["workers"]).all()


# Beijing


@pytest.fixture(scope="module")
def beijing(tmp_path_factory):
    """9,650 stations, four chains of venues and 5,000 places of work in a city of 12 km."""
    streets = big_town.read_city(tmp_path_factory.mktemp("beijing"), 60)
    rng = np.random.default_rng(7)
    centre = np.clip(rng.normal(6000, 1500, (9650, 2)), 0, 12_000)
    stations = big_town.places(centre, "B")
    stations["hours"] = np.where(np.arange(9650) < 40, "24小时", "8:00-20:00")
    shops = big_town.places(rng.uniform(0, 12_000, (1200, 2)), "K")
    shops["kind"] = rng.choice(["便利店", "加油站", "银行网点", "房屋中介"], 1200)
    people = big_town.places(rng.uniform(0, 12_000, (5000, 2)), "W")
    people["workers"] = rng.integers(1, 100, 5000).astype(float)
    people["patch"] = sc.area_of(people, big_town.areas(4, 4, 60)).map("片{}".format)
    everything = pd.concat([shops, stations])
    reach = sc.walk_times(streets, everything, people, cutoff=15)
    return stations, shops, people, reach


def test_beijing_9650_stations_and_four_chains_are_scored_in_one_batch(beijing):
    stations, shops, people, reach = beijing
    ranked = sc.score_sites(reach, shops, people, existing=stations)
    today = sc.measure_coverage(reach.select(stations.index), stations, people)
    uncovered = ~today.demand["covered"].to_numpy()
    gain = within(reach, shops, people, 15) @ np.where(uncovered, people["workers"], 0)
    assert ranked["gain"].to_numpy() == pytest.approx(gain)
    assert 0 < today.share < 1
    assert ranked["gain"].max() > 0
    assert len(stations) == 9650


def test_beijing_each_trade_says_how_many_workers_it_adds(beijing):
    stations, shops, people, reach = beijing
    found = sc.gain_by(reach, shops, people, existing=stations)
    today = sc.measure_coverage(reach.select(stations.index), stations, people)
    total = people["workers"].sum()
    for word, key in {
        "便利店": "convenience_store", "加油站": "fuel_station", "银行网点": "bank_branch",
        "房屋中介": "estate_agency",
    }.items():  # fmt: skip
        both = pd.concat([stations, shops[shops["kind"] == word]])
        after = sc.measure_coverage(reach.select(both.index), both, people)
        assert found.loc[key, "gain"] == pytest.approx(total * (after.share - today.share))
        assert found.loc[key, "candidates"] == (shops["kind"] == word).sum()


def test_beijing_coverage_at_night_depends_on_the_24_hour_homes_only(beijing):
    stations, _, people, reach = beijing
    ours = reach.select(stations.index)
    homes = stations[stations["hours"] == "24小时"]
    night = sc.measure_coverage(ours, stations, people, at="Tue 03:00")
    alone = sc.measure_coverage(ours.select(homes.index), homes, people)
    assert night.share == alone.share < sc.measure_coverage(ours, stations, people).share
    daytime = stations["hours"] != "24小时"
    assert (night.facilities.loc[daytime, "workers"] == 0).all()
    without = sc.measure_coverage(ours, stations.assign(hours="8:00-20:00"), people, at="Tue 03:00")
    assert without.share == 0
    week = sc.coverage_week(ours, stations, people)
    assert week.loc["Tu", 3] == pytest.approx(night.share)
    assert week.loc["Tu", 12] > week.loc["Tu", 3]


def test_beijing_a_patch_of_townships_is_a_grouping_column(beijing):
    stations, _, people, reach = beijing
    found = sc.measure_coverage(reach.select(stations.index), stations, people).by("patch")
    assert found["workers"].to_dict() == people.groupby("patch")["workers"].sum().to_dict()


# Liaoning


def test_liaoning_closed_homes_are_ranked_by_whom_opening_them_newly_covers(city, people):
    rng = np.random.default_rng(8)
    homes = big_town.places(rng.uniform(0, 8000, (30, 2)), "H")
    homes["open_to_public"] = pd.array([True] * 10 + [False] * 20, "boolean")
    homes["unit"] = [None] * 10 + [f"厂{k}" for k in range(20)]
    workers = people.assign(unit=rng.choice([f"厂{k}" for k in range(40)], len(people)))
    found = sc.openness_effect(city, homes, workers)
    today = sc.measure_coverage(city, homes, workers, unit="unit")
    total = workers["workers"].sum()
    assert found["gain"].is_monotonic_decreasing
    for home in found.index[[0, 7, 19]]:
        opened = homes.assign(open_to_public=homes["open_to_public"] | (homes.index == home))
        after = sc.measure_coverage(city, opened, workers, unit="unit")
        assert found.loc[home, "gain"] == pytest.approx(total * (after.share - today.share))


@pytest.fixture(scope="module")
def park(tmp_path_factory):
    """Draw a gated park: private internal roads lead from the gate to the works."""
    ways = {
        ((0, 0), (500, 0)): ("residential", ""),
        ((500, 0), (3000, 0)): ("residential", ""),
        ((500, 0), (500, 300)): ("service", "private"),
        ((500, 300), (900, 300)): ("service", "private"),
    }
    lines = [np.add(ends, big_town.CORNER) for ends in ways]
    streets = gpd.GeoDataFrame(geometry=[shapely.LineString(line) for line in lines], crs=32650)
    streets["highway"], streets["access"] = zip(*ways.values(), strict=True)
    path = tmp_path_factory.mktemp("park") / "park.geojson"
    streets.to_crs(4326).to_file(path, driver="GeoJSON")
    return sc.read_network(path)


def test_liaoning_a_park_home_has_20_to_30_places_per_1000_and_is_too_small(park):
    home = big_town.places(np.array([[500, 150], [2900, 0]]), "H")
    home["capacity"] = ["200-300", "200-300"]
    works = big_town.places(np.array([[900, 300], [700, 300]]), "W", workers=[6000.0, 4000.0])
    coverage = sc.measure_coverage(park, home, works)
    places = sc.access_ratio(coverage).attrs["facilities"]
    assert 1000 * places["H0000"] == pytest.approx(25)
    assert 20 <= 1000 * places["H0000"] <= 30
    found = sc.audit_stations(home, coverage).stations
    assert found.loc["H0000", "capacity_use"] == 40
    assert "辐射职工多于容纳人数" in found.loc["H0000", "findings_zh"]
    assert "辐射职工多于容纳人数" not in found.loc["H0001", "findings_zh"]


def test_liaoning_private_roads_inside_a_park_stay_walkable(park):
    home = big_town.places(np.array([[500, 0]]), "H")
    works = big_town.places(np.array([[900, 300]]), "W", workers=[10_000.0])
    walked = sc.walk_times(park, home, works, cutoff=15).to_frame()
    assert walked["minutes"].item() * 75 == pytest.approx(700, rel=0.002)


def test_liaoning_an_airside_room_counts_its_own_staff_on_the_internal_network(park):
    room = big_town.places(np.array([[500, 290]]), "R", access=["限制区域(机坪等)"], unit=["机场"])
    people = big_town.places(
        np.array([[700, 300], [900, 310], [560, 300]]), "W",
        workers=[20.0, 10.0, 500.0], unit=["机场", "机场", "市民"],
    )  # fmt: skip
    found = sc.measure_coverage(park, room, people, unit="unit")
    assert found.facilities["workers"].item() == 30
    assert found.demand["covered"].tolist() == [True, True, False]
    assert sc.measure_coverage(park, room, people).facilities["workers"].item() == 530


@pytest.fixture(scope="module")
def zhongshan(tmp_path_factory):
    """47 buildings with tax class, willingness and free space, as a spreadsheet."""
    rng = np.random.default_rng(9)
    points = big_town.places(rng.uniform(0, 8000, (47, 2)), "B").geometry
    table = pd.DataFrame(
        {
            "编号": [f"B{k:02d}" for k in range(47)],
            "楼宇名称": [f"大厦{k}" for k in range(47)],
            "税收超亿元(是/否)": ["是"] * 26 + ["否"] * 20 + [None],
            "业主意愿": rng.choice(["是", "否"], 47),
            "是否免费": rng.choice(["是", "否"], 47),
            "经度": points.x.to_numpy(),
            "纬度": points.y.to_numpy(),
        }
    )
    path = tmp_path_factory.mktemp("zhongshan") / "楼宇.csv"
    table.to_csv(path, index=False, encoding="gb18030")
    return sc.read_sites(path, coordinates="wgs84")


def test_liaoning_47_buildings_come_out_ranked_with_reasons(city, people, zhongshan):
    ranked = sc.score_sites(city, zhongshan, people)
    assert sorted(ranked["rank"]) == list(range(1, 48))
    assert ranked["reason_zh"].str.startswith("15 分钟内有 ").all()
    assert ranked["owner_consent"].notna().all()
    assert {known_word("tenure", word) for word in ranked["tenure"]} == {"free", "rented"}
    best = ranked.sort_values("rank").iloc[0]
    assert best["gain"] == ranked["gain"].max()


def test_liaoning_a_filter_on_tax_gives_26_rows(zhongshan):
    assert len(zhongshan) == 47
    assert len(zhongshan[zhongshan["tax_over_100m"].fillna(value=False)]) == 26
