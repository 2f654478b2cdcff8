"""The pre-assessment sheet's three blocks, item by item, and the sheet of figures and checks."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely

import servicecircle as sc
import town
from servicecircle.errors import InputError
from servicecircle.reports._assessed_people import is_priority


@pytest.fixture(scope="module")
def streets(tmp_path_factory):
    path = tmp_path_factory.mktemp("town") / "streets.geojson"
    town.streets().to_file(path, driver="GeoJSON")
    return sc.read_network(path)


def shops():
    return town.shops().assign(
        name=["便利店甲", "银行乙", "中介丙", "加油站丁", "便利店戊"],
        kind=["便利店", "银行", "中介机构", "加油站", "便利店"],
        street_town="一街道",
        area_m2=[20.0, None, 50.0, 12.5, 8.0],
        floor=["1", "1", "2", None, "1"],
        street_front=pd.array([True, None, True, False, True], "boolean"),
        open_to_public=pd.array([True, True, None, True, False], "boolean"),
        access=["对外开放", "面向社会", None, "公众", "仅会员"],
        amenities=[
            "座椅、饮水机、微波炉、雨具、卫生间",
            "饮水机等",
            None,
            "饮水机、卫生间",
            "座椅",
        ],
        hours=["24小时", "8:00-18:00", None, "24小时", "预约"],
        tenure=["免费", "租赁", "自有", "是", None],
        cost=[0.0, 50_000.0, 20_000.0, 0.0, None],
        in_kind_area_m2=[20.0, None, None, 12.5, None],
        owner_consent=pd.array([True, False, None, True, True], "boolean"),
        capacity=[10, 5, None, 20, 0],
    )


def people():
    workers = town.workers()
    return workers.assign(
        group=["快递员", "楼宇职工", "灵活就业"] * 16 + ["环卫工人"],
        industry=["物流", "商务"] * 24 + ["环卫"],
        members=workers["workers"] // 2,
        shift=["9:00-17:00"] * 40 + ["22:00-6:00"] * 9,
        community=["东" if k % 2 else "西" for k in range(49)],
    )


@pytest.fixture(scope="module")
def plan(streets):
    return sc.choose_sites(
        streets, shops(), people(), existing=town.stations().assign(street_town="二街道"),
        minutes=[5, 10], n_open=2, at_least={"street_town": 1},
    )  # fmt: skip


@pytest.fixture(scope="module")
def sheets(plan):
    return sc.pre_assessment(plan, standard="miyun", districts=town.districts())


def item(sheets, site, start):
    found = sheets[(sheets["site"] == site) & sheets["item"].str.strip().str.startswith(start)]
    return found["value"].iloc[0]


def test_every_candidate_has_the_three_blocks_those_of_the_plan_first(plan, sheets):
    assert set(sheets["site"]) == set(shops().index)
    assert sheets["site"].drop_duplicates().tolist()[:2] == plan.sites.index.tolist()
    for _, rows in sheets.groupby("site"):
        parts = rows["part"].drop_duplicates().tolist()
        assert [part.split()[0] for part in parts] == ["建设地点", "辐射范围", "覆盖人群", "结论"]


@pytest.mark.parametrize(
    ("start", "value"),
    [
        ("编号", "C1"),
        ("名称", "便利店甲"),
        ("类型", "便利店 Convenience store"),
        ("街道", "一街道"),
        ("面积", "20"),
        ("楼层", "1"),
        ("临街", "✓ 符合 yes（登记 as listed）"),
        ("对外开放", "✓ 符合 yes"),
        ("开放对象", "对外开放 Open to all"),
        ("开放时间", "24小时"),
        ("业主同意", "✓ 符合 yes"),
        ("场地性质", "无偿提供 Free of charge"),
        ("投入", "0"),
        ("无偿面积", "20"),
        ("容纳人数", "10"),
        ("九项设施", "4/9"),
        ("已有", "座椅、饮水机、微波炉、雨具"),
        ("缺少", "充电充气工具、简易维修工具、急救箱、自动售货机、无线WiFi"),
        ("四便利", "热饭✓ 喝水✓ 休息✓ 如厕✓"),
        ("标准核对", "✓ 全部符合。"),
    ],
)
def test_location_says_what_the_table_says(sheets, start, value):
    assert item(sheets, "C1", start) == value


@pytest.mark.parametrize(
    ("site", "start", "value"),
    [
        ("C2", "九项设施", "1/9，8 项待核实 check on site"),
        ("C2", "四便利", "热饭? 喝水✓ 休息? 如厕?"),
        ("C2", "面积", "待核实 check on site"),
        ("C4", "四便利", "热饭✗ 喝水✓ 休息✗ 如厕✓"),
        ("C3", "开放时间", "待核实 check on site"),
        ("C5", "开放对象", "会员 Members"),
    ],
)
def test_what_is_not_known_is_to_be_checked_on_site(sheets, site, start, value):
    assert item(sheets, site, start) == value


def test_a_street_front_that_is_not_listed_is_measured_and_called_a_proxy(sheets):
    assert item(sheets, "C2", "临街") == "✓ 符合 yes（按距街道 0 m 推测，限 30 m；measured proxy）"
    assert item(sheets, "C4", "临街") == "✗ 不符合 no（登记 as listed）"


def test_places_and_data_quality_are_written(sheets):
    lon, lat = map(float, item(sheets, "C1", "WGS-84").split(", "))
    spot = town.shops().to_crs(4326).geometry["C1"]
    assert (lon, lat) == pytest.approx((spot.x, spot.y), abs=1e-6)
    moved = sc.from_wgs84((np.array([spot.x]), np.array([spot.y])), "gcj02")
    assert item(sheets, "C1", "GCJ-02") == f"{moved[0][0]:.6f}, {moved[1][0]:.6f}"
    assert item(sheets, "C1", "距街道") == "0 m"
    assert item(sheets, "C1", "路网").startswith("62 km；孤立 on islands 0.0%")


def test_the_circles_are_those_of_a_grid_and_cross_districts(plan, sheets):
    drawn = sc.service_areas(plan.network, plan.candidates.loc[["C1"]], minutes=[5, 10])
    for minutes, km2 in zip(drawn["minutes"], drawn["area_km2"], strict=True):
        ideal = np.pi * (minutes * 0.075) ** 2
        text = item(sheets, "C1", f"{minutes:g} 分钟服务圈")
        assert text.startswith(f"{km2:.2f} km²，为直线圆的 {km2 / ideal:.0%}")
    # 800 m and 600 m off the line between the districts, 750 m are walked
    assert item(sheets, "C5", "跨区") == "不跨界 crosses none：西区"
    assert item(sheets, "C1", "跨区") == "跨 2 个区 crosses：西区、东区"


def test_workers_are_those_within_the_walk_by_group_industry_and_members(plan, sheets):
    table, demand = plan.reach.to_frame(), people()
    gap = ~plan.today.demand["covered"]
    for site in shops().index:
        near = table[(table["facility"] == site) & (table["minutes"] <= 10)]["demand"]
        inside = demand.index.isin(near)

        def both(rows):
            every, new = (demand["workers"][mask].sum() for mask in (rows, rows & gap))
            return f"{every:,.0f}，其中未覆盖 not yet covered {new:,.0f}"

        assert item(sheets, site, "10 分钟内职工") == both(inside)
        assert item(sheets, site, "快递员") == both(inside & (demand["group"] == "快递员"))
        assert item(sheets, site, "物流") == both(inside & (demand["industry"] == "物流"))
        first = demand["group"].isin(["快递员", "灵活就业"])
        assert item(sheets, site, "重点人群") == both(inside & first)
        members = demand["members"][inside].sum()
        others = demand["workers"][inside].sum() - members
        assert (
            item(sheets, site, "会员")
            == f"会员 members {members:,.0f}，未入会 others {others:,.0f}"
        )


def test_each_time_slot_counts_who_is_there_and_whether_the_place_is_open(plan, sheets):
    table, demand = plan.reach.to_frame(), people()
    near = table[(table["facility"] == "C2") & (table["minutes"] <= 10)]["demand"]
    day = demand["shift"] == "9:00-17:00"
    inside = demand.index.isin(near)
    noon, night = (demand["workers"][inside & rows].sum() for rows in (day, ~day))
    assert item(sheets, "C2", "午间") == f"{noon:,.0f}；开放 open ✓"
    assert item(sheets, "C2", "夜间") == f"{night:,.0f}；开放 open ✗"
    assert item(sheets, "C5", "午间").endswith("开放 open ?")


def test_capacity_is_set_against_workers_without_a_station(plan, sheets):
    gain = plan.candidates.loc["C1", "gain"]
    text = item(sheets, "C1", "容量与需求")
    assert text == f"10 个位置；未覆盖职工为其 {gain / 10:.1f} 倍 workers per place"
    assert not ((sheets["site"] == "C5") & sheets["item"].str.startswith("容量与需求")).any()


def test_the_result_has_score_with_parts_rank_reason_and_needs(plan, sheets):
    best = plan.candidates["rank"].astype(float).idxmin()
    assert item(sheets, best, "单独得分").endswith("第 1 名")
    assert "（新增 " in item(sheets, best, "单独得分")
    chosen = plan.sites.index[0]
    assert item(sheets, chosen, "新增覆盖") == f"+{plan.sites.loc[chosen, 'gain']:,.0f}"
    assert item(sheets, chosen, "理由") == plan.sites.loc[chosen, "reason_zh"]
    left = plan.candidates.index.difference(plan.sites.index)[0]
    assert item(sheets, left, "方案").startswith("未入选")


@pytest.mark.parametrize(
    ("group", "first"),
    [("外卖骑手", True), ("小微企业", True), ("新业态", True), ("环卫工人", False), (None, False)],
)
def test_priority_groups_are_small_firms_flexible_and_new_form_workers(group, first):
    assert is_priority(group) is first


def test_unknown_ids_are_refused_and_a_reach_alone_is_enough(plan):
    with pytest.raises(InputError, match=r"no candidates: \['Z9'\]"):
        sc.pre_assessment(plan, ["Z9"])
    bare = sc.choose_sites(
        plan.reach, shops(), people(), existing=town.stations(), minutes=10, n_open=1
    )
    told = sc.pre_assessment(bare, ["C1"])
    assert not told["item"].str.contains("服务圈").any()
    assert item(told, "C1", "临街") == "✓ 符合 yes（登记 as listed）"


@pytest.mark.filterwarnings("ignore::servicecircle.errors.InputWarning")
def test_a_candidate_without_a_place_is_to_be_checked_on_site(streets):
    venues = shops()
    venues.loc["C5", "geometry"] = None
    plan = sc.choose_sites(streets, venues, people(), minutes=10, n_open=1)
    told = sc.pre_assessment(plan, ["C5"], standard="miyun")
    assert item(told, "C5", "经纬度") == "待核实 check on site"
    assert item(told, "C5", "数据状态") == "没有坐标 no_geometry"
    assert item(told, "C5", "10 分钟内职工") == "0，其中未覆盖 not yet covered 0"
    assert item(told, "C5", "单独得分") == "–"


def test_the_workbook_holds_a_sheet_for_every_candidate_when_asked(plan, tmp_path):
    sc.write_report(plan, tmp_path / "all.xlsx", assess="candidates", rules="miyun")
    page = openpyxl.load_workbook(tmp_path / "all.xlsx")["前期评估表 Pre-assessment"]
    titles = [str(row[0]) for row in page.iter_rows(values_only=True) if row[0]]
    for name in shops()["name"]:
        assert sum(title.endswith(f". {name} ") for title in titles) == 1
    with pytest.raises(InputError, match="`assess` must be"):
        sc.write_report(plan, tmp_path / "all.xlsx", assess="none")


@pytest.fixture(scope="module")
def figures(plan, tmp_path_factory):
    path = tmp_path_factory.mktemp("out") / "plan.xlsx"
    sc.write_report(plan, path, districts=town.districts(), rules="dongcheng")
    page = openpyxl.load_workbook(path)["指标与核对 Figures and checks"]
    return [row for row in page.iter_rows(values_only=True) if any(row)]


def test_figures_say_shares_with_numerator_and_denominator(plan, figures):
    said = {row[0]: row[1:3] for row in figures}
    before, after = (one.summary().loc[10] for one in (plan.today, plan.coverage))
    assert said["10 分钟覆盖率 share covered"] == tuple(
        f"{r['covered']:,.0f} of {r['workers']:,.0f} = {r['share']:.1%}" for r in (before, after)
    )
    assert said["10 分钟重复覆盖率 covered twice"][0].startswith("0 of ")
    each = 1e4 * 3 / people()["workers"].sum()
    assert said["每万人站点数 stations per 10,000"][1] == f"{each:.2f}"
    shares = plan.coverage.by(town.districts().set_index("name"))["share"]
    least = said["覆盖率最低的区 least covered district"][1]
    assert least == f"{shares.idxmin()} {shares.min():.1%}"
    assert said["各区差距 Gini of districts"][1] != "–"


def test_figures_say_cash_and_in_kind_quotas_and_smaller_areas(plan, figures):
    titles = [str(row[0]) for row in figures]
    at = titles.index("现金与实物投入 Cash and in kind")
    assert figures[at + 2][0] == plan.sites["cost"].sum()
    quota = next(k for k, title in enumerate(titles) if title.startswith("配额核对"))
    rows = {row[1]: row[3] for row in figures[quota + 2 : quota + 4]}
    assert rows == {"一街道": len(plan.sites), "二街道": 1}
    assert titles[quota] == "配额核对：全部达到 Quotas: all are met"
    area = titles.index("按社区 By community")
    added = {row[0]: row[-1] for row in figures[area + 2 : area + 4] if row}
    assert set(added) == {"东", "西"}


def test_a_town_without_anybody_has_no_shares(streets, tmp_path):
    nobody = people().assign(workers=0.0)
    coverage = sc.measure_coverage(streets, town.stations(), nobody, minutes=10)
    sc.write_report(coverage, tmp_path / "today.xlsx")
    page = openpyxl.load_workbook(tmp_path / "today.xlsx")["指标与核对 Figures and checks"]
    said = {row[0]: row[1] for row in page.iter_rows(values_only=True) if row[0]}
    assert said["10 分钟覆盖率 share covered"] == "0 of 0 = –"
    assert said["10 分钟重复覆盖率 covered twice"] == "0 of 0 = –"
    assert said["每万人站点数 stations per 10,000"] == "–"


def test_units_without_a_station_are_said_before_anything_else(plan, tmp_path):
    workers = people().assign(street_town=["一街道", "三街道", "四街道"] * 16 + ["一街道"])
    bare = sc.choose_sites(plan.reach, shops(), workers, minutes=10, n_open=1)
    sc.write_report(bare, tmp_path / "plan.xlsx", rules="dongcheng")
    page = openpyxl.load_workbook(tmp_path / "plan.xlsx")["指标与核对 Figures and checks"]
    rows = [row for row in page.iter_rows(values_only=True) if any(row)]
    at = next(k for k, row in enumerate(rows) if str(row[0]).startswith("配额核对"))
    assert rows[at][0].startswith("配额核对：2 个单位不足，至少再建 2 个")
    assert [row[1] for row in rows[at + 2 : at + 5]] == ["三街道", "四街道", "一街道"]


def test_districts_are_named_where_circles_are_not_drawn(plan):
    workers = people().assign(district="全区")
    bare = sc.choose_sites(plan.reach, shops(), workers, minutes=10, n_open=1)
    told = sc.pre_assessment(bare, ["C1"])
    assert item(told, "C1", "跨区") == "不跨界 crosses none：全区"
    assert item(told, "C1", "最近站点") == "尚无站点 none today"


def test_areas_of_sites_are_read_at_a_point_inside(streets):
    boxes = shops().to_crs(town.METRES)
    boxes = boxes.set_geometry(boxes.buffer(20, cap_style="square"))
    plan = sc.choose_sites(streets, boxes, people(), minutes=10, n_open=1)
    lon = float(item(sc.pre_assessment(plan, ["C1"]), "C1", "WGS-84").split(",")[0])
    assert lon == pytest.approx(town.shops().to_crs(4326).geometry["C1"].x, abs=1e-5)
    assert isinstance(boxes, gpd.GeoDataFrame)
    assert all(isinstance(one, shapely.Polygon) for one in boxes.geometry)
