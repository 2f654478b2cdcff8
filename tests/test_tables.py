"""Files to frames: encodings, headers, numbers and answers as planners write them."""

from __future__ import annotations

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

from servicecircle import _values
from servicecircle.errors import InputError
from servicecircle.tables import canonical, read_table

# Our name → headers, copied by hand from the planners' documents
HEADERS = {
    "id": "编号 站点编号 唯一编码 编码 代码 序号 id code no",
    "name": "名称 站点名称 门店名称 店名 单位名称 企业名称 驿站名称 职工之家名称 楼宇名称 园区名称 "
    "项目名称 小区名称 站名称 工地名称 name title",
    "address": "地址 详细地址 具体位置 位置 所在地 门牌 address addr",
    "lon": "经度 东经 X x坐标 lng lon longitude x",
    "lat": "纬度 北纬 Y y坐标 lat latitude y",
    "lonlat": "经纬度 坐标 坐标点 定位 location coord coords",
    "datum": "坐标系 坐标系统 坐标类型 crs datum coord_type",
    "province": "省 省(份) 省份",
    "city": "市 城市",
    "district": "区县 区(县) 县区 所属区 行政区 adname",
    "street_town": "街道 乡镇 镇街 街镇 所属街道 乡镇街道 town township",
    "community": "社区 村(社区) 村居 居委会 community",
    "grid_id": "网格 网格编号 网格名称 grid",
    "adcode": "区划代码 行政区划代码 adcode towncode",
    "kind": "场所类型 业态 场所性质 POI类型 类别 type typecode category",
    "station_type": "类型 站点类型 驿站类型 职工之家类型 建设类型",
    "state": "状态 建设状态 使用状态 建设情况 status",
    "open_to_public": "是否对外开放 对外开放 开放对象 服务对象 开放范围 public",
    "street_front": "是否临街 临街 沿街",
    "floor": "楼层 所在楼层 层 floor level",
    "area_m2": "面积 建筑面积 使用面积 场地面积 面积(㎡) 面积(平方米) 平米 area",
    "capacity": "容纳人数 可容纳 接待能力 capacity",
    "seats": "座位数 座椅",
    "workers": "职工人数 从业人数 从业人员 员工数 在岗人数 用工人数 人数 职工数 employees staff "
    "workers",
    "members": "会员数 工会会员 会员人数 members",
    "residents": "居民数 常住人口 户籍人口 人口 population",
    "firms": "企业数 入驻企业 商户数 店铺数 firms shops",
    "industry": "行业 产业 所属行业 产业工会 行业类别 industry",
    "group": "人群 群体 服务人群 职工类型 group",
    "weight": "权重 优先级 weight",
    "hours": "营业时间 开放时间 服务时间 运营时间 开放时段 opening_hours hours",
    "amenities": "配套设施 服务设施 设施设备 硬件设施 服务内容 便民设施 设备 facilities",
    "water_dispenser": "饮水机",
    "microwave": "微波炉",
    "first_aid": "急救箱",
    "rain_gear": "雨具",
    "vending_machine": "自动售货机",
    "repair_tools": "维修工具",
    "toilet": "卫生间",
    "wifi": "WiFi",
    "charging_inflation": "充电",
    "rooms": "功能室 功能区",
    "services": "服务项目",
    "owner": "产权单位 业主 owner",
    "manager": "物业公司 建设单位 承办单位",
    "owner_consent": "是否同意 意向 业主意愿 合作意向",
    "tenure": "权属 场地来源 是否免费 场地性质",
    "rent": "租金 年租金 房租 rent",
    "cost": "建设成本 建设资金 投入 投入(万元) 预算 投资 改造费用 cost capex",
    "annual_cost": "运行成本 运营经费 年度经费 opex",
    "in_kind_value": "折价",
    "in_kind_area_m2": "无偿提供面积 免费场地",
    "subsidy": "补助 拨补 补贴 专项资金",
    "tax": "税收 年税收 纳税",
    "tax_over_100m": "税收超亿元(是/否)",
    "required": "必选 必须建设",
    "excluded": "排除 不予考虑",
    "visits": "服务人次 客流 人流量 接待人次 日均人次 visits",
    "events": "活动场次 场次 events",
    "satisfaction": "满意度 职工满意度 satisfaction",
    "opened_on": "建成时间 挂牌时间 启用时间",
    "last_inspected": "检查时间 巡检日期",
    "issues": "存在问题 问题清单 整改情况",
    "has_sign": "是否挂牌 标识 统一标识",
    "note": "备注 说明 note",
    "personal": "联系人 联系电话 手机 负责人 身份证",
}


def write(folder, text, name="table.csv", encoding="utf-8"):
    path = folder / name
    path.write_text(text, encoding=encoding)
    return path


@pytest.mark.parametrize(
    ("name", "header"), [(name, h) for name, line in HEADERS.items() for h in line.split()]
)
def test_every_header_of_the_planners_documents_is_understood(name, header):
    assert canonical(header) == name
    assert canonical(f" {header.upper()} ") == name
    assert canonical(header.translate({i: i + 0xFEE0 for i in range(0x21, 0x7F)})) == name


@pytest.mark.parametrize("header", ["天气", "", "workers2", "负责"])
def test_unknown_headers_mean_nothing(header):
    assert canonical(header) is None


@pytest.mark.parametrize(
    ("text", "value", "how"),
    [
        ("1200", 1200, "exact"),
        ("1,200", 1200, "exact"),
        ("1，200", 1200, "exact"),
        ("１２００", 1200, "exact"),
        ("1 200", 1200, "exact"),
        ("1,234,567.5", 1234567.5, "exact"),
        ("1.2万", 12_000, "exact"),
        ("2.3亿", 230_000_000, "exact"),
        ("约300人", 300, "about"),
        ("300左右", 300, "about"),
        ("200-300", 250, "range"),
        ("200～300", 250, "range"),
        ("200—300", 250, "range"),
        ("1-2万", 15_000, "range"),
        ("≥500", 500, "at least"),
        ("500以上", 500, "at least"),
        ("500+", 500, "at least"),
        ("300余", 300, "at least"),
        ("300多", 300, "at least"),
        ("300余人", 300, "at least"),
        ("30余万", 300_000, "at least"),
        ("5000余家", 5000, "at least"),
        ("不到8", 8, "less than"),
        ("<8", 8, "less than"),
        ("近300", 300, "less than"),
        ("一百余", 100, "at least"),
        ("三百", 300, "exact"),
        ("两千", 2000, "exact"),
        ("十二", 12, "exact"),
        ("一百零五", 105, "exact"),
        ("2万", 20_000, "exact"),
        ("1200㎡", 1200, "exact"),
        ("1200㎡(含地下)", 1200, "exact"),
        ("35名", 35, "exact"),
        ("0", 0, "exact"),
        ("-", np.nan, "exact"),
        ("待定", np.nan, "exact"),
        ("", np.nan, "exact"),
    ],
)
def test_numbers_are_read_as_people_write_them(text, value, how):
    assert _values.read_number(text) == pytest.approx((value, how), nan_ok=True)
    column = _values.numbers(pd.Series([text]))
    np.testing.assert_array_equal(column.amounts, [value])
    assert column.inexact[0] == (how != "exact")
    assert not column.unreadable[0]


@pytest.mark.parametrize(
    "text", ["abc", "很多", "1,20", "二三", "-5", "inf", "-inf", "3人5人", "1e999"]
)
def test_what_is_no_count_is_unreadable(text):
    column = _values.numbers(pd.Series([text]))
    assert np.isnan(column.amounts[0])
    assert column.unreadable[0]


@pytest.mark.parametrize(
    ("answer", "texts"),
    [
        (True, "是 有 √ ✓ ✔ 对 开放 已 Y yes true 1 临街 Ｙ ＹＥＳ"),
        (False, "否 无 没有 × ✗ x - 不 未 不开放 N no false 0 Ｎ"),
        (None, "/ — 未知 待定 不详"),
    ],
)
def test_yes_no_and_unknown_are_told_apart(answer, texts):
    answers, unreadable = _values.yes_no(pd.Series([*texts.split()]))
    assert not unreadable.any()
    assert answers.isna().all() if answer is None else (answers == answer).all()


def test_neither_yes_nor_no_is_unreadable():
    answers, unreadable = _values.yes_no(pd.Series(["大概", None, "是"]))
    assert unreadable.tolist() == [True, False, False]
    assert answers.isna().tolist() == [True, True, False]


@pytest.mark.parametrize(
    ("text", "value"),
    [
        ("116.4", 116.4),
        ("116°24′30″", 116 + 24 / 60 + 30 / 3600),
        ("116°24'30\"E", 116 + 24 / 60 + 30 / 3600),
        ("东经116度24分", 116.4),
        ("北纬39°54′", 39.9),
        ("S33.5", -33.5),
        ("33°30′S", -33.5),
        ("-51.2", -51.2),
        ("１１６．４", 116.4),
        ("abc", np.nan),
        ("", np.nan),
    ],
)
def test_degrees_are_read_in_both_notations(text, value):
    np.testing.assert_allclose(_values.degrees(pd.Series([text])), [value])


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "gbk", "utf-16"])
def test_encodings_are_told_apart(tmp_path, encoding):
    text = "编号,名称,区县\n001,江汉路站,江汉区\n" + "".join(
        f"{i},驿站第{i}号,武昌区\n" for i in range(300)
    )
    table = read_table(write(tmp_path, text, encoding=encoding))
    assert table.frame.index[0] == "001"
    assert table.frame.loc["299", "name"] == "驿站第299号"
    assert list(table.frame.columns) == ["name", "district"]
    said = [note for note in table.notes if note.startswith("read as")]
    assert bool(said) == (encoding in {"gb18030", "gbk", "utf-16"})


def test_a_named_encoding_is_followed(tmp_path):
    path = write(tmp_path, "id,名稱\n1,臺北站\n", encoding="big5")
    table = read_table(path, encoding="big5", columns={"name": "名稱"})
    assert table.frame["name"].tolist() == ["臺北站"]


@pytest.mark.parametrize("encoding", ["utf-8", "klingon"])
def test_a_wrong_encoding_is_an_error(tmp_path, encoding):
    path = write(tmp_path, "编号,名称\n1,站\n", encoding="gb18030")
    with pytest.raises(InputError, match=f"table.csv cannot be read as {encoding}"):
        read_table(path, encoding=encoding)


def test_bytes_that_are_no_text_are_an_error(tmp_path):
    path = tmp_path / "table.csv"
    path.write_bytes(b"id,lon\n\xff\xff\xff,1\n")
    with pytest.raises(InputError, match="neither utf-8-sig nor gb18030"):
        read_table(path)


@pytest.mark.parametrize("sign", [",", ";", "\t", "|"])
def test_other_delimiters_and_line_breaks_in_cells(tmp_path, sign):
    text = sign.join(["id", "name", "开放时间"]) + "\n"
    text += sign.join(["a", '"甲, 乙; 丙"', '"8:30-11:00\n13:30-17:00"']) + "\n"
    table = read_table(write(tmp_path, text))
    assert table.frame.loc["a", "name"] == "甲, 乙; 丙"
    assert table.frame.loc["a", "hours"] == "8:30-11:00\n13:30-17:00"


def test_ids_and_codes_keep_their_leading_zeros(tmp_path):
    table = read_table(write(tmp_path, "编号,区划代码,楼层\n001,010102,1\n002,110101001001,B1\n"))
    assert table.frame.index.tolist() == ["001", "002"]
    assert table.frame["adcode"].tolist() == ["010102", "110101001001"]
    assert table.frame["floor"].tolist() == ["1", "-1"]


def test_unknown_columns_are_carried_along_untouched(tmp_path):
    table = read_table(write(tmp_path, "id,天气,楼龄,天气\na,晴,007,雨\n"))
    assert table.frame.loc["a"].to_dict() == {"天气": "晴", "楼龄": "007", "天气 (2)": "雨"}


def test_title_above_and_totals_below_are_left_out(tmp_path):
    text = (
        "某街道企业职工情况表,,,\n(2024年),,,\n编号,单位名称,职工人数,备注\n1,甲,10,\n,,,\n"
        "2,乙,20,合计见下\n编号,单位名称,职工人数,备注\n小计,,30,\n3,丙,5,\n"
        "合 计,,35,\n总计：,,35,\n"
    )
    table = read_table(write(tmp_path, text))
    assert table.frame["workers"].to_dict() == {"1": 10, "2": 20, "3": 5}
    assert "title" in table.notes[0]
    assert table.losses == [
        "3 rows of totals left out: ['小计', '合 计', '总计：']",
        "header repeated in 1 row, left out",
    ]


def test_personal_data_is_left_out_and_named(tmp_path):
    table = read_table(write(tmp_path, "id,名称,联系人,联系电话\na,站,张三,13800000000\n"))
    assert list(table.frame.columns) == ["name"]
    assert table.losses == ["columns with personal data were left out: ['联系人', '联系电话']"]
    assert "138" not in str(table)


def test_two_headers_for_one_column_are_refused_by_name(tmp_path):
    path = write(tmp_path, "id,职工人数,员工数\na,1,2\n")
    with pytest.raises(InputError, match="'职工人数' and '员工数' both mean `workers`"):
        read_table(path)
    table = read_table(path, columns={"workers": "员工数"})
    assert table.frame.loc["a"].to_dict() == {"职工人数": "1", "workers": 2.0}


def test_a_serial_number_gives_way_to_a_real_id(tmp_path):
    table = read_table(write(tmp_path, "序号,编号,名称\n1,W7,甲\n2,W8,乙\n"))
    assert table.frame.index.tolist() == ["W7", "W8"]
    assert table.frame["序号"].tolist() == ["1", "2"]


def test_a_serial_number_that_starts_again_is_no_id(tmp_path):
    table = read_table(write(tmp_path, "序号,名称\n1,甲\n2,乙\n1,丙\n"))
    assert table.frame.index.tolist() == ["1", "2", "3"]
    assert table.frame["序号"].tolist() == ["1", "2", "1"]
    assert any("repeats" in note for note in table.notes)


def test_repeated_ids_are_refused_by_name(tmp_path):
    with pytest.raises(InputError, match=r"table.csv.*2 occur more than once: \['a', 'b'\]"):
        read_table(write(tmp_path, "编号,名称\na,1\nb,2\na,3\nb,4\nc,5\n"))


def test_a_row_without_an_id_gets_one_that_says_so(tmp_path):
    table = read_table(write(tmp_path, "编号,名称\na,甲\n,乙\n"))
    assert table.frame.index.tolist() == ["a", "row-2"]


def test_columns_may_be_named_by_header_or_by_our_name(tmp_path):
    path = write(tmp_path, "id,上班人数,纬度值,经度值\na,7,30,114\n")
    table = read_table(path, columns={"workers": "上班人数", "latitude": "纬度值", "lon": "经度值"})
    assert table.frame.loc["a", "workers"] == 7
    assert {"lon", "lat"} <= set(table.frame.columns)
    assert read_table(path, columns={"name": "id"}).frame.loc["1", "name"] == "a"


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"workers": "没有"}, "no column '没有'; there are .'id', '名称'."),
        ({"salary": "名称"}, "'salary', which is none of our columns"),
        ({"personal": "名称"}, "'personal', which is none of our columns"),
    ],
)
def test_columns_that_do_not_exist_are_refused(tmp_path, columns, message):
    with pytest.raises(InputError, match=message):
        read_table(write(tmp_path, "id,名称\na,甲\n"), columns=columns)


def test_units_in_the_header_scale_the_numbers(tmp_path):
    table = read_table(write(tmp_path, "id,投入（万元）,面积(亩),租金(元)\na,2.5,3,100\n"))
    assert table.frame.loc["a"].to_dict() == pytest.approx(
        {"cost": 25_000, "area_m2": 2000, "rent": 100}
    )
    assert len([note for note in table.notes if "multiplied" in note]) == 2


def test_numbers_that_cannot_be_read_are_missing_and_named(tmp_path):
    table = read_table(write(tmp_path, "id,容纳人数\na,约20\nb,很多\nc,-3\nd,\n"))
    assert table.frame["capacity"].isna().tolist() == [False, True, True, True]
    assert table.unreadable == {"capacity": {"b": "'很多' is not a number", "c": "-3 is negative"}}
    assert "`capacity`: 1 estimate: ['约20']" in table.notes


def test_a_column_that_is_no_yes_or_no_keeps_its_words(tmp_path):
    table = read_table(
        write(tmp_path, "id,服务对象,是否临街\na,快递员,是\nb,骑手,大概\nc,居民,否\n")
    )
    assert table.frame["服务对象"].tolist() == ["快递员", "骑手", "居民"]
    assert table.frame["street_front"].tolist() == [True, pd.NA, False]
    assert table.losses == ["`street_front`: 1 cell neither yes nor no, taken as unknown: ['大概']"]


def test_workbooks_are_read_with_their_types(tmp_path):
    path = tmp_path / "table.xlsx"
    frame = pd.DataFrame(
        {
            "编号": [1, 2, 3],
            "名称": ["甲", "乙", None],
            "楼龄": [3, 4.5, None],
            "杂": [1, "a", None],
            "建于": [dt.datetime(2024, 1, i) for i in (1, 2, 3)],  # noqa: DTZ001 (as Excel)
            "区划代码": [110101001001, 110101001002, 110101001003],
        }
    )
    with pd.ExcelWriter(path) as book:
        pd.DataFrame([["填表说明"], ["请勿改动"]]).to_excel(
            book, sheet_name="说明", index=False, header=False
        )
        frame.to_excel(book, sheet_name="数据", index=False, startrow=2)
    table = read_table(path)
    assert table.frame.index.tolist() == ["1", "2", "3"]
    assert table.frame["name"].tolist()[:2] == ["甲", "乙"]
    assert table.frame["楼龄"].tolist()[:2] == [3, 4.5]
    assert table.frame["杂"].tolist()[:2] == ["1", "a"]
    assert table.frame["adcode"].tolist()[0] == "110101001001"
    assert table.frame["name"].isna().tolist() == [False, False, True]
    assert any("'数据', not ['说明']" in note for note in table.notes)


def test_map_files_keep_their_geometry_beside_the_table(tmp_path):
    frame = gpd.GeoDataFrame(
        {"编号": ["a", "b"], "经度": [1.0, 2.0], "职工人数": [5, 6]},
        geometry=[shapely.Point(1, 2), None],
        crs=4326,
    )
    for name in ("t.geojson", "t.gpkg", "t.parquet"):
        path = tmp_path / name
        frame.to_parquet(path) if name.endswith("parquet") else frame.to_file(path)
        table = read_table(path)
        assert table.frame["workers"].to_dict() == {"a": 5, "b": 6}
        assert table.frame["经度"].tolist() == [1.0, 2.0]
        assert table.geometry is not None
        assert table.geometry.index.tolist() == ["a", "b"]
        assert table.geometry.crs == 4326


def test_a_geopackage_with_several_layers_says_which_is_read(tmp_path):
    path = tmp_path / "t.gpkg"
    for layer, number in (("stations", 1), ("shops", 2)):
        gpd.GeoDataFrame(
            {"id": [f"{layer}{number}"]}, geometry=[shapely.Point(1, 2)], crs=4326
        ).to_file(path, layer=layer)
    table = read_table(path)
    assert table.frame.index.tolist() == ["stations1"]
    assert "read the layer 'stations', not ['shops']" in table.notes


@pytest.mark.parametrize(
    "path",
    [
        "https://example.com/stations.csv",
        "/vsicurl/http://example.com/a.geojson",
        "/vsizip/a.zip/a.csv",
    ],
)
def test_only_files_on_this_computer_are_read(path):
    with pytest.raises(InputError, match="not a file on this computer"):
        read_table(path)


@pytest.mark.parametrize(
    ("name", "content", "message"),
    [
        ("t.vrt", "<OGRVRTDataSource/>", "not a table we read"),
        ("t.geojson", "<OGRVRTDataSource/>", "is not a .geojson file inside"),
        ("t.gpkg", '{"type":"FeatureCollection"}', "is not a .gpkg file inside"),
        ("t.gpkg", "SQLite format 3\0 and no more", "t.gpkg cannot be read"),
        ("t.geojson", '{"type":"FeatureCollection","features":[{', "t.geojson cannot be read"),
        ("t.parquet", "PAR1", "cannot be read as Parquet"),
        ("t.xlsx", "<html>", "cannot be read as a workbook"),
        ("t.xls", "<html>", "cannot be read as a workbook"),
        ("t.shp", "", "shapefile.*GeoPackage"),
        ("t.pickle", "", "not a table we read"),
        ("t", "", "without a suffix"),
        ("t.csv", "", "is empty"),
        ("t.csv", "id,name\n" + "a,b\n" * 60 + "a,b,c,d\n", "Expected 2 fields in line 62, saw 4"),
    ],
)
def test_files_that_are_not_what_they_seem_are_refused(tmp_path, name, content, message):
    with pytest.raises(InputError, match=message) as caught:
        read_table(write(tmp_path, content, name))
    assert "\n" not in str(caught.value)


def test_missing_files_and_folders_are_refused(tmp_path):
    with pytest.raises(InputError, match="There is no file"):
        read_table(tmp_path / "nothing.csv")
    with pytest.raises(InputError, match="is a folder"):
        read_table(tmp_path)


def test_paths_may_hold_chinese_blanks_and_quotes(tmp_path):
    folder = tmp_path / "数据 '24\" 年"
    folder.mkdir()
    table = read_table(write(folder, "编号,名称\n1,甲\n", "驿站 表.csv"))
    assert table.source == "驿站 表.csv"
