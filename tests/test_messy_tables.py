"""Workbooks as sub-district offices send them, and what is said about them."""

from __future__ import annotations

import csv
import datetime as dt

import numpy as np
import pandas as pd
import pytest
from geopandas.testing import assert_geodataframe_equal
from hypothesis import given
from hypothesis import strategies as st
from openpyxl import Workbook
from pandas.testing import assert_frame_equal

import servicecircle as sc
from servicecircle import _files, _values
from servicecircle.errors import InputError, InputWarning
from servicecircle.standards import read_amenities, site_amenities
from servicecircle.tables import read_table

SIGNS = "负地下一二三层楼fB1-2、0年月日./%％万约余无等(（损坏)饮水机微波炉 "
TITLE = ["某街道户外劳动者服务站点情况表", None, None, None]


def workbook(path, sheets, merged=()):
    book = Workbook()
    book.remove(book.active)
    for name, rows in sheets.items():
        sheet = book.create_sheet(name)
        for row in rows:
            sheet.append(row)
        for span in merged:
            sheet.merge_cells(span)
    book.save(path)
    return path


def test_the_sheet_that_holds_the_table_is_found(tmp_path):
    path = workbook(
        tmp_path / "t.xlsx",
        {
            "说明": [["填表说明", "请如实填写"], ["编号", "站点编号"]],
            "汇总": [["街道", "数量"], ["甲", 3]],
            "站点": [TITLE, ["编号", "名称", "经度", "纬度"], ["01", "甲站", 1.0, 50.0]],
        },
    )
    table = read_table(path)
    assert table.frame["name"].tolist() == ["甲站"]
    assert "read the sheet '站点', not ['说明', '汇总']" in table.notes
    assert read_table(path, sheet="汇总").frame["数量"].tolist() == [3]
    assert sc.read_sites(path, sheet="站点").index.tolist() == ["01"]
    with pytest.raises(InputError, match="no sheet '数据'; it has"):
        read_table(path, sheet="数据")


def test_a_file_without_sheets_says_so(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,name\n1,a\n", encoding="utf-8")
    with pytest.raises(InputError, match="has no sheets"):
        read_table(path, sheet="a")


def test_headers_of_two_rows_are_read_as_one(tmp_path):
    rows = [
        [*TITLE, None, None],
        ["编号", "名称", "位置", None, "人数", None],
        [None, None, "经度", "纬度", "会员数", "职工人数"],
        ["01", "甲", 1.0, 50.0, 5, 20],
    ]
    merged = ("A2:A3", "B2:B3", "C2:D2", "E2:F2")
    table = read_table(workbook(tmp_path / "t.xlsx", {"a": rows}, merged))
    assert table.frame.loc["01", ["lon", "lat", "members", "workers"]].tolist() == [1, 50, 5, 20]
    assert "header of two rows, read as one" in table.notes
    assert any("title" in note for note in table.notes)


def test_a_lower_header_keeps_its_parent_and_the_parents_unit(tmp_path):
    rows = [
        ["编号", "投入(万元)", None, "满意情况", None],
        [None, "建设成本", "补贴", "上半年", "下半年"],
        ["01", 2, 1, 80, 90],
    ]
    table = read_table(workbook(tmp_path / "t.xlsx", {"a": rows}))
    assert table.frame.loc["01"].to_dict() == {
        "cost": 20_000, "subsidy": 10_000, "满意情况 上半年": 80, "满意情况 下半年": 90,
    }  # fmt: skip


def test_a_first_row_of_data_is_no_second_header(tmp_path):
    rows = [["编号", "名称", None], ["01", None, "甲"], ["02", "乙", None]]
    table = read_table(workbook(tmp_path / "t.xlsx", {"a": rows}))
    assert table.frame.index.tolist() == ["01", "02"]


def test_ranges_count_with_their_middle_and_keep_their_ends(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,职工人数(万人)\na,2-3\nb,5\nc,\n", encoding="utf-8")
    frame = read_table(path).frame
    assert frame["workers"].tolist()[:2] == [25_000, 50_000]
    assert frame["workers_low"].tolist()[:2] == [20_000, 50_000]
    assert frame["workers_high"].tolist()[:2] == [30_000, 50_000]
    assert frame.loc["c"].isna().all()


@pytest.mark.parametrize(
    ("text", "value", "implied"),
    [("85%", 0.85, False), ("８５％", 0.85, False), ("0.85", 0.85, False), ("85", 0.85, True),
     ("100%", 1.0, False), ("1", 1.0, False), ("0", 0.0, False)],
)  # fmt: skip
def test_shares_are_read(text, value, implied):
    read = _values.shares(pd.Series([text]))
    assert read.amounts[0] == pytest.approx(value)
    assert read.inexact[0] == implied
    assert not read.unreadable[0]


@pytest.mark.parametrize("text", ["120", "150%", "好", "-3"])
def test_what_is_no_share_is_unreadable(text):
    read = _values.shares(pd.Series([text]))
    assert np.isnan(read.amounts[0])
    assert read.unreadable[0]


@pytest.mark.parametrize(
    ("cell", "day"),
    [
        ("2023年5月", dt.date(2023, 5, 1)),
        ("2023年5月7日", dt.date(2023, 5, 7)),
        ("2023.5.1", dt.date(2023, 5, 1)),
        ("2023/05/01", dt.date(2023, 5, 1)),
        ("2023-05-01 10:30:00", dt.date(2023, 5, 1)),
        ("２０２３．５", dt.date(2023, 5, 1)),
        ("2023年", dt.date(2023, 1, 1)),
        ("20230501", dt.date(2023, 5, 1)),
        ("45047", dt.date(2023, 5, 1)),
        (45047.0, dt.date(2023, 5, 1)),
        (dt.datetime(2023, 5, 1, 8), dt.date(2023, 5, 1)),  # noqa: DTZ001
        (dt.date(2023, 5, 1), dt.date(2023, 5, 1)),
    ],
)
def test_days_are_read(cell, day):
    days, unreadable = _values.dates(pd.Series([cell, None], dtype=object))
    assert days[0].date() == day
    assert days.isna().tolist() == [False, True]
    assert not unreadable.any()


@pytest.mark.parametrize("cell", ["昨天", "2023年13月", "2023-02-30", "17"])
def test_what_is_no_day_is_unreadable(cell):
    days, unreadable = _values.dates(pd.Series([cell]))
    assert days.isna().all()
    assert unreadable.all()


@pytest.mark.parametrize(
    ("text", "floors"),
    [("一层", "1"), ("1F", "1"), ("首层", "1"), ("负一层", "-1"), ("B1", "-1"), ("1-2层", "1;2"),
     ("1", "1"), ("二楼", "2"), ("地下一层", "-1"), ("B1-1层", "-1;1"), ("1、3层", "1;3"),
     ("十二层", "12"), ("夹层", None), ("二一层", None), ("未知", None)],
)  # fmt: skip
def test_floors_are_read(text, floors):
    assert _values.floors(text) == floors


def test_who_may_come_in_is_a_yes_or_no_and_keeps_its_words(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,开放范围\na,面向社会\nb,仅本单位\nc,会员\nd,未知\n", encoding="utf-8")
    frame = read_table(path).frame
    assert frame["open_to_public"].tolist() == [True, False, False, pd.NA]
    assert frame["access"].tolist() == ["面向社会", "仅本单位", "会员", "未知"]
    path.write_text("id,是否对外开放\na,是\nb,否\n", encoding="utf-8")
    assert list(read_table(path).frame.columns) == ["open_to_public"]


def test_an_amenitys_own_column_is_yes_or_no_or_a_number(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,饮水机,座位数,微波炉\na,√,12,有\nb,×,0,2台(损坏)\nc,,,\n", encoding="utf-8")
    frame = read_table(path).frame
    assert frame["water_dispenser"].tolist() == [True, False, pd.NA]
    assert frame["seats"].tolist()[:2] == [12, 0]
    assert frame["microwave"].tolist()[:2] == ["有", "2台(损坏)"]
    assert site_amenities(frame)["microwave"].tolist() == [True, False, pd.NA]


@pytest.mark.parametrize(
    ("header", "system"),
    [("经度(高德)", "gcj02"), ("百度经度", "bd09"), ("gcj02_lng", "gcj02"),
     ("经度（WGS84）", "wgs84"),
     ("GPS经度", "wgs84"), ("腾讯经度", "gcj02"), ("天地图经度", "wgs84"), ("经度", None)],
)  # fmt: skip
def test_a_header_may_name_its_system(tmp_path, header, system):
    path = tmp_path / "t.csv"
    path.write_text(f"id,{header},纬度\na,1,50\n", encoding="utf-8")
    table = read_table(path)
    assert table.headers["lon"] == header
    assert table.system == system


def test_two_pairs_of_coordinates_must_be_told_apart(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,经度(高德),纬度(高德),经度(百度),纬度(百度)\na,1,2,3,4\n", encoding="utf-8")
    with pytest.raises(InputError, match="'经度\\(高德\\)' and '经度\\(百度\\)' both mean `lon`"):
        read_table(path)
    table = read_table(path, columns={"lon": "经度(百度)", "lat": "纬度(百度)"})
    assert table.system == "bd09"
    assert table.frame["经度(高德)"].tolist() == ["1"]


@pytest.fixture
def messy(tmp_path):
    rows = [
        [*TITLE, *[None] * 6],
        ["编号", "站点名称", "开放时间", "配套设施", "职工人数", "是否临街", "满意度",
         "天气", "联系电话", "类型"],
        ["001", "甲站", "早9点到晚8点,周一休息", "饮水机、微波炉、秋千", "约300人", "是", "85",
         "晴", "139", "楼宇型"],
        ["002", "乙站", "看情况吧", "无", "很多", "也许", "92%", None, "138", "飞船"],
        ["合计", None, None, None, 300, None, None, None, None, None],
    ]  # fmt: skip
    return workbook(tmp_path / "站点.xlsx", {"站点": rows})


def test_a_table_is_described_before_anything_is_computed(messy):
    said = sc.describe_table(messy)
    rows = said.columns.set_index("column")
    assert rows["understood_as"].dropna().to_dict() == {
        "编号": "id", "站点名称": "name", "开放时间": "hours", "配套设施": "amenities",
        "职工人数": "workers", "是否临街": "street_front", "满意度": "satisfaction",
        "类型": "station_type",
    }  # fmt: skip
    assert rows.loc["开放时间", "converted"] == ["Tu-Su 09:00-20:00", "?"]
    assert rows.loc["开放时间", "not_understood"] == ["看情况吧"]
    assert rows.loc["配套设施", "converted"] == ["water_dispenser, microwave", "none"]
    assert rows.loc["配套设施", "not_understood"] == ["秋千"]
    assert rows.loc["职工人数", "converted"] == ["300", "–"]
    assert rows.loc["职工人数", "not_understood"] == ["很多"]
    assert rows.loc["是否临街", "not_understood"] == ["也许"]
    assert rows.loc["类型", "converted"] == ["building", "?"]
    assert rows.loc["满意度", "converted"] == ["0.85", "0.92"]
    assert rows["understood_as"].isna().sum() == 1
    assert said.rows == 2
    assert any("totals" in text for text in said.losses)
    assert any("personal" in text for text in said.losses)


def test_the_description_can_be_read_on_a_screen(messy):
    text = repr(sc.describe_table(messy))
    assert text.splitlines()[0] == "站点.xlsx: 2 rows, 9 columns（2 行 9 列）"
    assert "  注意：略去 1 行合计：['合计']" in text
    assert "  开放时间 → hours: 早9点到晚8点,周一休息 = Tu-Su 09:00-20:00" in text
    assert "not understood 未读懂: 秋千" in text
    assert "天气 → carried along" in text
    assert "139" not in text
    assert "<table" in sc.describe_table(messy)._repr_html_()


def test_a_description_follows_corrections(messy):
    said = sc.describe_table(messy, columns={"note": "天气"})
    assert "note" in said.columns["understood_as"].tolist()


def test_a_hundred_thousand_rows_are_read_and_checked(tmp_path):
    n = 100_000
    generator = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "编号": [f"{i:06}" for i in range(n)],
            "单位名称": [f"示例单位{i}" for i in range(n)],
            "职工人数": generator.choice(["3", "约20", "1,200", "30-50", "十二"], n),
            "经度": generator.uniform(1, 2, n).round(6),
            "纬度": generator.uniform(50, 51, n).round(6),
            "人群": generator.choice(["快递员", "外卖骑手"], n),
        }
    )
    path = tmp_path / "大表.csv"
    table.to_csv(path, index=False, encoding="gb18030")
    demand = sc.read_demand(path)
    assert len(demand) == n
    assert (demand["status"] == "ok").all()
    assert set(demand["workers"]) == {3, 20, 1200, 40, 12}


def test_hours_as_the_hosts_are_the_hosts(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text(
        "编号,经度,纬度,开放时间,门店营业时间\na,1,50,与门店同步,8:00-20:00\n"
        "b,1,50,9:00-17:00,8:00-20:00\nc,1,50,与门店同步,\n",
        encoding="utf-8",
    )
    sites = sc.read_sites(path)
    read = [sc.read_hours(cell).osm for cell in sites["hours"]]
    assert read == ["Mo-Su 08:00-20:00", "Mo-Su 09:00-17:00", None]
    assert "`hours`: 1 row as its host: the host's hours are taken" in sites.attrs["notes"]


def test_percent_of_exactly_one_is_said(tmp_path):
    path = tmp_path / "t.csv"
    path.write_text("id,经度,纬度,满意度\na,1,50,1\n", encoding="utf-8")
    with pytest.warns(InputWarning, match="exactly 1 taken as 100 %"):
        sites = sc.read_sites(path)
    assert sites["satisfaction"].item() == 1.0


@given(st.text(max_size=12) | st.text(alphabet=SIGNS, max_size=16))
def test_no_cell_breaks_a_reader(text):
    cells = pd.Series([text], dtype="str")
    _values.floors(text)
    _values.dates(cells)
    _values.shares(cells)
    _values.numbers(cells)
    read_amenities(text)


def test_repeated_ids_are_numbered_when_asked(tmp_path):
    path = tmp_path / "站点.csv"
    path.write_text(
        "编号,名称,经度,纬度\nS1,甲,7,43\nS1,乙,7,43.1\nS2,丙,7,43.2\nS1,丁,7,43.3\nS1-2,戊,7,43.4\n",
        encoding="utf-8",
    )
    with pytest.raises(InputError, match="S1"):
        sc.read_sites(path)
    with pytest.warns(InputWarning, match="ids repeat in 2 rows, which are now called"):
        sites = sc.read_sites(path, repeated_ids="suffix")
    assert sites["name"].to_dict() == {
        "S1": "甲",
        "S1-3": "乙",
        "S2": "丙",
        "S1-4": "丁",
        "S1-2": "戊",
    }
    with pytest.raises(InputError, match="`repeated_ids` must be"):
        sc.read_sites(path, repeated_ids="drop")


@pytest.mark.parametrize("suffix", [".csv", ".xlsx"])
def test_control_characters_are_left_out_and_counted(tmp_path, suffix):
    path = tmp_path / f"站点{suffix}"
    frame = pd.DataFrame(
        {"编号": ["1", "2"], "名称": ["甲\x07站\x1b", "乙\n站"], "经度": [7, 7], "纬度": [43, 44]}
    )
    if suffix == ".csv":
        frame.to_csv(path, index=False)
    else:
        frame.to_excel(path, index=False, engine="xlsxwriter")
    with pytest.warns(InputWarning, match="control characters left out of 1 cell"):
        sites = sc.read_sites(path)
    assert sites["name"].to_list() == ["甲站", "乙\n站"]


def rows_of_a_hostile_file():
    """Cells with line breaks, quotes and four-byte characters, blank rows, a total, a header."""
    rows = [["编号", "名称", "部门", "经度", "纬度", "职工人数", "手机号"]]
    for i in range(90):
        name = f'𠮷野家"{i}"\n第{i}店，{"㐀" * (i % 7)}'
        rows.append([f"{i:03}", name, f"部{i % 3}", f"{7 + i / 100}", "43", f"约{i}", "138"])
    rows[30] = [""] * 7
    rows[40] = list(rows[0])
    rows.append(["", "", "合计", "", "", "4005", ""])
    return rows


@pytest.mark.filterwarnings("ignore::servicecircle.errors.InputWarning")
@pytest.mark.parametrize("encoding", ["utf-8", "gb18030", "utf-16"])
@pytest.mark.parametrize("block", [13, 14, 17, 64])
def test_a_csv_in_pieces_is_the_csv_at_once(tmp_path, monkeypatch, encoding, block):
    path = tmp_path / "表.csv"
    with path.open("w", encoding=encoding, newline="") as file:
        csv.writer(file).writerows(rows_of_a_hostile_file())
    at_once = sc.read_demand(path, columns={"workers": "职工人数"})
    monkeypatch.setattr(_files, "_ROWS", block)
    pieces = sc.read_demand(path, columns={"workers": "职工人数"})
    assert_geodataframe_equal(pieces, at_once)
    assert pieces.attrs == at_once.attrs
    told = [row for row in rows_of_a_hostile_file()[1:-1] if row[0].isdigit()]
    assert pieces.index.tolist() == [row[0] for row in told]
    assert pieces["name"].tolist() == [row[1] for row in told]
    assert "手机号" not in pieces


def test_of_a_large_csv_only_what_is_needed_is_held(tmp_path, monkeypatch):
    path = tmp_path / "表.csv"
    with path.open("w", encoding="gb18030", newline="") as file:
        csv.writer(file).writerows(rows_of_a_hostile_file())
    monkeypatch.setattr(_files, "_LARGE", 1000)
    with pytest.warns(InputWarning) as warned:
        demand = sc.read_demand(path)
    said = "\n".join(str(warning.message) for warning in warned)
    assert "columns left out: ['部门'], as the file is large; `keep=` carries them along" in said
    assert "1 row of totals left out: ['合计']" in said  # told by a cell that is not held
    assert "部门" not in demand
    with pytest.warns(InputWarning):
        whole = sc.read_demand(path, keep=["部门"])
    assert_frame_equal(pd.DataFrame(whole.drop(columns="部门")), pd.DataFrame(demand))
    assert whole["部门"].iloc[:3].tolist() == ["部0", "部1", "部2"]


def test_keep_names_the_columns_that_are_carried_along(tmp_path):
    path = tmp_path / "表.csv"
    path.write_text("编号,经度,纬度,甲,乙\n1,7,43,a,b\n", encoding="utf-8")
    sites = sc.read_sites(path, keep=["乙"])
    assert "甲" not in sites
    assert sites["乙"].item() == "b"
    assert "columns left out: ['甲']" in sites.attrs["notes"]
    with pytest.raises(InputError, match="There is no column '丙'"):
        sc.read_sites(path, keep=["丙"])
    with pytest.raises(InputError, match="`keep` must be a list"):
        sc.read_sites(path, keep="乙")


def test_columns_without_a_header_do_not_make_a_row_a_header(tmp_path):
    path = tmp_path / "表.csv"
    path.write_text("编号,经度,纬度,,\n1,7,43,,\n2,7,44,,\n", encoding="utf-8")
    assert sc.read_sites(path).index.tolist() == ["1", "2"]
