"""Words, amenities and rules of the programmes; checks against them."""

from __future__ import annotations

import math

import pandas as pd
import pytest

import servicecircle as sc
from servicecircle._vocabulary import read_vocabulary
from servicecircle.errors import InputError
from servicecircle.standards import PRESETS, known_word, read_amenities, site_amenities

# Key → words, copied by hand from the planners' documents
AMENITIES = {
    "seats": "座椅 桌椅 椅子 沙发 茶几 休息区 座位",
    "water_dispenser": "饮水机 饮水 饮用水 免费饮水 喝水 热水 开水 桶装水 电(烧)水壶 直饮水",
    "microwave": "微波炉 热饭 加热饭菜 微波加热 餐食加热",
    "charging_inflation": "充电充气工具 手机充电 充电器 充电宝 充电插排 充电桩 电动车充电 打气筒 "
    "车辆打气 充气泵 充电",
    "repair_tools": "简易维修工具 工具箱 维修箱 修车工具 车辆简易维修 电动车维修",
    "rain_gear": "雨具 雨伞 雨衣 爱心伞",
    "first_aid": "急救箱 急救药箱 应急药品箱 应急药箱 医药箱 药箱 常用药 创可贴 绷带 碘伏",
    "vending_machine": "自动售货机 售货机 无人售货 自助售货",
    "wifi": "无线WiFi 无线网 无线网络 WIFI Wi-Fi 免费上网 ＷｉＦｉ",
    "toilet": "如厕 厕所 卫生间 洗手间 卫生厕所",
    "air_conditioning": "空调",
    "heating": "暖气 取暖",
    "fridge": "冰箱",
    "tv": "电视",
    "lockers": "储物柜",
    "books": "书报 报刊 图书 阅读",
    "parking": "停车 免费停车",
    "aed": "AED 除颤仪",
    "shower": "洗浴",
    "haircut": "理发",
    "coffee": "咖啡",
    "meals": "供餐 平价工作餐 优惠就餐",
}
WORDS = {
    ("station_type", "outdoor_station"): "暖心驿站 爱心驿站 户外劳动者服务站点 户外劳动者站点 "
    "劳动者驿站 工会驿站 劳动者休息驿站",
    ("station_type", "water_point"): "免费饮水站点",
    ("station_type", "shared_home"): "共享职工之家 职工共享之家 共享之家",
    ("station_type", "public_area_home"): "公共区域职工之家",
    ("station_type", "in_firm_home"): "企业内部职工之家 职工之家 职工小家",
    ("station_type", "mobile_home"): "流动共享职工之家 流动型共享职工之家 流动型",
    ("station_type", "driver_haven"): "司机港湾 货车司机驿站",
    ("station_type", "rest_room"): "职工休息室",
    ("station_type", "nursing_room"): "母婴关爱室 妈妈小屋",
    ("station_type", "union_service_station"): "工会服务站 职工服务中心",
    ("station_type", "park"): "园区型",
    ("station_type", "building"): "楼宇型",
    ("station_type", "community"): "社区型",
    ("station_type", "business_district"): "商圈型",
    ("station_type", "comprehensive"): "综合型",
    ("station_type", "host"): "主体型",
    ("station_type", "innovative"): "创新型",
    ("setting", "town"): "镇街 村居",
    ("setting", "region"): "区域型",
    ("setting", "trade"): "行业型",
    ("setting", "street"): "街道 临街",
    ("setting", "construction_site"): "工地",
    ("setting", "logistics"): "物流基地",
    ("setting", "historic_street"): "历史文化街区",
    ("setting", "airport"): "机场",
    ("setting", "expressway"): "高速路口",
    ("state", "existing"): "已建 在用",
    ("state", "upgrade"): "改造 提升",
    ("state", "new"): "新建",
    ("state", "planned"): "拟建 规划",
    ("state", "closed"): "关闭 停用 撤销",
    ("access", "public"): "对外开放 面向社会",
    ("access", "members"): "会员",
    ("access", "unit_only"): "仅本单位 内部",
    ("access", "restricted"): "限制区域",
}
MARKS = {"FJ", "FZ", "XM", "QZ", "CP", "MY", "DC", "BJ", "LN", "PUB", "derived", "CHOICE"}


@pytest.mark.parametrize(
    ("key", "word"), [(key, word) for key, line in AMENITIES.items() for word in line.split()]
)
def test_every_way_to_write_an_amenity_is_understood(key, word):
    assert set(read_amenities(word).present) == {key}
    assert read_amenities(word).unknown == ()


@pytest.mark.parametrize(
    ("column", "key", "word"),
    [(column, key, word) for (column, key), line in WORDS.items() for word in line.split()],
)
def test_every_word_for_a_station_is_understood(column, key, word):
    assert known_word(column, word) == key


@pytest.mark.parametrize("word", ["天气", None, 3.5])
def test_unknown_words_mean_nothing(word):
    assert known_word("kind", word) is None


@pytest.mark.parametrize(
    ("text", "present", "absent"),
    [
        ("无线WiFi", {"wifi": None}, set()),
        ("无障碍", {"accessible": None}, set()),
        ("无人值守", {"unattended": None}, set()),
        ("无微波炉", {}, {"microwave"}),
        ("暂无", {}, set()),
        ("微波炉(损坏)", {}, {"microwave"}),
        ("微波炉（待配）", {}, {"microwave"}),
        ("拟配急救箱", {}, {"first_aid"}),
        ("饮水机待配", {}, {"water_dispenser"}),
        ("微波炉1台", {"microwave": 1}, set()),
        ("座椅２０把", {"seats": 20}, set()),
        ("2台饮水机", {"water_dispenser": 2}, set()),
        ("微波炉0台", {}, {"microwave"}),
    ],
)
def test_lists_of_amenities_are_read_as_people_write_them(text, present, absent):
    read = read_amenities(text)
    assert read.present == present
    assert read.absent == absent


@pytest.mark.parametrize(
    "text", ["微波炉 雨伞\n药箱；厕所", "微波炉,雨伞，药箱/厕所", "微波炉和雨伞及药箱、厕所。"]
)
def test_every_separator_parts_a_list(text):
    assert set(read_amenities(text).present) == {"microwave", "rain_gear", "first_aid", "toilet"}


def test_brackets_are_notes_and_and_so_on_leaves_the_rest_open():
    assert read_amenities("卫生间(共用)").notes == {"toilet": "共用"}
    assert read_amenities("如厕(步行50米公厕)").notes["toilet"].startswith("off-site")
    assert read_amenities("饮水机、微波炉等").has("toilet") is None
    assert read_amenities("饮水机、微波炉").has("toilet") is False
    assert read_amenities("饮水机、微波炉等").has("microwave") is True
    assert read_amenities("无微波炉等").has("microwave") is False
    assert read_amenities(None).has("toilet") is None
    assert read_amenities("秋千、饮水机").unknown == ("秋千",)


@pytest.mark.parametrize(
    ("text", "strict"),
    [("手机充电", False), ("充电宝、打气筒", True), ("充电充气工具", True), ("打气筒", False)],
)
def test_charging_alone_is_enough_unless_both_are_asked_for(text, strict):
    assert "charging_inflation" in read_amenities(text).present
    assert ("charging_inflation" in read_amenities(text, strict=True).present) is strict


def test_a_check_may_ask_for_both_charging_and_inflating():
    site = pd.DataFrame({"amenities": ["充电宝、微波炉、雨伞、药箱"]})
    assert sc.check_standard(site, "miyun")["amenities"].item()
    assert not sc.check_standard(site, "miyun", strict_amenities=True)["amenities"].item()


def test_an_amenitys_own_column_goes_before_the_list():
    sites = pd.DataFrame(
        {
            "amenities": ["饮水机", "饮水机、微波炉", None],
            "microwave": pd.array([True, False, None], "boolean"),
            "seats": [12.0, 0.0, math.nan],
        }
    )
    found = site_amenities(sites)
    assert found["microwave"].tolist() == [True, False, pd.NA]
    assert found["seats"].tolist() == [True, False, pd.NA]
    assert found["water_dispenser"].tolist() == [True, True, pd.NA]
    assert found["wifi"].tolist() == [False, False, pd.NA]


@pytest.mark.parametrize(
    ("name", "minutes", "at_least"),
    [
        ("fujian", (10,), {"district": 1, "industry": 1}),
        ("fuzhou", (10,), {"district": 1, "industry": 1}),
        ("xiamen", (10,), {}),
        ("quanzhou", (10,), {}),
        ("chiping", (15,), {}),
        ("miyun", (), {}),
        ("dongcheng", (), {"street_town": 1, "community": 1}),
        ("beijing", (), {}),
        ("liaoning", (), {}),
    ],
)
def test_every_programme_is_a_preset(name, minutes, at_least):
    rules = sc.standard(name)
    assert rules.minutes == minutes
    assert rules.rings == (minutes or (10, 15))
    assert rules.at_least == at_least
    assert set(rules.rules["source"]) <= MARKS
    assert set(rules.quotas["source"]) <= MARKS
    assert set(rules.facts["source"]) <= MARKS
    assert rules.facts["key"].is_unique
    assert len(rules.summary()) == len(rules.rules) + len(rules.quotas)
    assert name in repr(rules)


@pytest.mark.parametrize(
    ("name", "key", "value"),
    [
        ("fujian", "homes", 300), ("fujian", "leveraged_funds", 186e6),
        ("fujian", "free_space", 192_000), ("fuzhou", "homes", 34), ("xiamen", "money", 22.6e6),
        ("xiamen", "visits", 550_000), ("quanzhou", "mobile_workers", 20_000),
        ("chiping", "new_stations", 12), ("miyun", "stations", 242),
        ("miyun", "public_stations", 189), ("miyun", "home_units", 267),
        ("dongcheng", "stations", 644), ("dongcheng", "communities", 182),
        ("beijing", "stations", 9650), ("beijing", "nursing_rooms", 2020),
        ("liaoning", "buildings", 47), ("liaoning", "industrial_workers", 1.1e6),
    ],
)  # fmt: skip
def test_presets_carry_the_figures_of_their_texts(name, key, value):
    assert sc.standard(name).facts.set_index("key")["value"][key] == value


def test_derived_figures_are_the_arithmetic_of_the_others():
    facts = {name: sc.standard(name).facts.set_index("key")["value"] for name in PRESETS}
    fujian, xiamen, miyun = facts["fujian"], facts["xiamen"], facts["miyun"]
    assert fujian["leverage"] == pytest.approx(fujian["leveraged_funds"] / fujian["own_funds"])
    assert fujian["area_per_home"] == fujian["free_space"] / fujian["homes"]
    assert xiamen["cost_per_home"] == xiamen["money"] / xiamen["homes"]
    assert xiamen["cost_per_visit"] == pytest.approx(xiamen["money"] / xiamen["visits"], abs=0.05)
    assert miyun["public_share"] == pytest.approx(189 / 242, abs=5e-4)
    assert miyun["home_rate"] == pytest.approx(247 / 267, abs=5e-4)


def test_the_nine_listed_amenities_are_nine():
    listed = [k for k, entry in read_vocabulary("amenities").items() if entry.get("listed")]
    assert len(listed) == 9


def test_a_flat_column_of_types_fills_class_setting_and_model():
    homes = pd.DataFrame(
        {
            "station_type": ["园区型", "创新型", "流动型", "综合型", "爱心驿站", "天气", None],
            "setting": [None, "社区型", None, "楼宇", None, None, "商圈"],
        }
    )
    found = sc.station_types(homes)
    assert found[["station_class", "setting", "model"]].fillna("").to_numpy().tolist() == [
        ["", "park", ""],
        ["", "community", "innovative"],
        ["mobile_home", "", ""],
        ["", "building", ""],
        ["outdoor_station", "", ""],
        ["", "", ""],
        ["", "business_district", ""],
    ]
    assert sc.station_types(pd.DataFrame(index=["x"]))["model"].isna().all()
    assert "station_class" not in homes


def shops():
    return pd.DataFrame(
        {
            "amenities": ["饮水机、微波炉、雨具、WiFi", "饮水机、微波炉等", None, "饮水机"],
            "street_front": pd.array([True, None, True, False], "boolean"),
            "floor": ["1", "1-2层", None, "B1"],
            "open_to_public": ["是", "是", None, "否"],
        },
        index=["a", "b", "c", "d"],
    )


def test_a_check_tells_yes_no_and_not_known_apart():
    checks = sc.check_standard(shops(), "miyun")
    assert checks["amenities"].tolist() == [True, pd.NA, pd.NA, False]
    assert checks["street_front"].tolist() == [True, pd.NA, True, False]
    assert checks["ground_floor"].tolist() == [True, True, pd.NA, False]
    assert checks["open_to_public"].tolist() == [True, True, pd.NA, False]
    assert checks["passed"].tolist() == [True, pd.NA, pd.NA, False]
    assert checks["rules_met"].tolist() == [4, 2, 1, 0]
    assert checks.index.tolist() == ["a", "b", "c", "d"]
    assert checks.loc["a", "sentence_zh"] == "✓ 全部符合。"
    assert "需现场核实" in checks.loc["b", "sentence_zh"]
    assert "missing Seats, Microwave" in checks.loc["d", "sentence_en"]


def test_the_four_conveniences_are_all_needed():
    sites = pd.DataFrame(
        {
            "amenities": ["热饭、喝水、休息、如厕", "微波炉、饮水机、座椅", "饮水机、座椅、卫生间"],
            "services": [None, None, "平价工作餐"],
        }
    )
    checks = sc.check_standard(sites, "chiping")
    four = checks[["hot_food", "water", "rest", "toilet"]]
    assert four.all(axis=1).tolist() == [True, False, True]
    assert checks["satisfaction"].isna().all()


def test_an_empty_table_and_one_without_columns_can_be_checked():
    assert sc.check_standard(shops().iloc[:0], "miyun").empty
    bare = sc.check_standard(pd.DataFrame(index=["x"]), "miyun")
    assert bare["passed"].tolist() == [pd.NA]


def test_users_write_standards_of_their_own(tmp_path):
    path = tmp_path / "ours.toml"
    path.write_text(
        'zh = "我区"\nminutes = [10]\n'
        '[[rules]]\nid = "night"\ncheck = "min_week_hours"\nvalue = 100\nzh = "夜间"\n'
        '[[rules]]\ncheck = "has_amenity"\nvalue = "aed"\n'
        '[[quotas]]\ncolumn = "district"\nat_least = 2\n',
        encoding="utf-8",
    )
    ours = sc.standard(path)
    assert ours.at_least == {"district": 2}
    sites = pd.DataFrame(
        {"hours": ["24小时", "9:00-17:00", "预约"], "amenities": ["AED", "AED", ""]}
    )
    checks = sc.check_standard(sites, ours)
    assert checks["night"].tolist() == [True, False, pd.NA]
    assert checks["has_amenity"].tolist() == [True, True, pd.NA]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ('[[rules]]\ncheck = "nice"\nvalue = 1\n', "there is no check 'nice'"),
        ('[[rules]]\ncheck = "floor"\nvalue = true\n', "value of 'floor' cannot be True"),
        ('[[rules]]\ncheck = "convenience"\nvalue = "sun"\n', "cannot be 'sun'"),
        ('[[rules]]\ncheck = "floor"\nvalue = 1\n' * 2, "names a rule twice"),
        ('minutes = "ten"\n', "`minutes` must be a list"),
        ("[[quotas]]\nat_least = 1\n", "lacks ."),
        ("][", "is not a TOML file"),
    ],
)
def test_a_standard_that_cannot_be_used_is_refused(tmp_path, text, message):
    path = tmp_path / "ours.toml"
    path.write_text(text, encoding="utf-8")
    with pytest.raises(InputError, match=message):
        sc.standard(path)


def test_a_standard_that_does_not_exist_is_refused(tmp_path):
    with pytest.raises(InputError, match="There is no standard 'atlantis'; there are"):
        sc.standard("atlantis")
    with pytest.raises(InputError, match="There is no file"):
        sc.standard(tmp_path / "none.toml")
