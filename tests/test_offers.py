"""Amap's types, headings of reports and the calendar, row by row of the planners' documents."""

from __future__ import annotations

import calendar
import datetime as dt

import pandas as pd
import pytest

import servicecircle as sc
from servicecircle._vocabulary import read_vocabulary
from servicecircle.errors import InputError
from servicecircle.standards import kind_label, known_word

# As in Amap's result lists: three levels of text
AMAP = {
    "购物服务;便民商店/便利店;便民商店/便利店": "convenience_store",
    "购物服务;便民商店/便利店;7-ELEVEn便利店": "convenience_store",
    "汽车服务;加油站;中国石化": "fuel_station",
    "金融保险服务;银行;中国工商银行": "bank_branch",
    "生活服务;中介机构;中介机构": "estate_agency",
    "购物服务;家电电子卖场;手机销售": "street_shop",
    "购物服务;超级市场;家乐福": "supermarket",
    "购物服务;商场;购物中心": "mall",
    "购物服务;商场;普通商场": "mall",
    "餐饮服务;中餐厅;湖北菜": "restaurant",
    "餐饮服务;咖啡厅;咖啡厅|餐饮服务;餐饮相关场所;餐饮相关": "restaurant",
    "商务住宅;楼宇;商务写字楼": "office_building",
    "商务住宅;产业园区;产业园区": "industrial_park",
    "交通设施服务;长途汽车站;长途汽车站": "coach_station",
    "风景名胜;公园广场;公园": "park_green",
    "风景名胜;公园广场;城市广场": "square",
    "风景名胜;公园广场;公园内部设施": "park_green",
    "科教文化服务;博物馆;博物馆": "exhibition",
}


@pytest.mark.parametrize(("text", "kind"), AMAP.items())
def test_amaps_types_are_kinds(text, kind):
    assert known_word("kind", text) == kind
    assert kind_label(text, "zh") == read_vocabulary("venue_kinds")[kind]["zh"]


@pytest.mark.parametrize("text", ["住宿服务;宾馆酒店;宾馆酒店", "银行附近;x", ";"])
def test_other_types_of_amap_mean_nothing(text):
    assert known_word("kind", text) is None


@pytest.mark.parametrize(
    ("key", "words"),
    [("own", "自有 自有产权"), ("free", "免费 无偿提供 是 借用"), ("rented", "租赁 租用 否")],
)
def test_terms_of_a_space_are_own_free_or_rented(key, words):
    assert {known_word("tenure", word) for word in words.split()} == {key}


def test_a_home_is_listed_under_the_three_positions():
    homes = pd.DataFrame(
        {
            "rooms": ["瑜伽室、健身房、会议室", None, "培训室"],
            "amenities": ["咖啡、饮水机、充电宝、药箱", "微波炉(损坏)", None],
        },
        index=["a", "b", "c"],
    )
    found = sc.offers(homes)
    assert found.columns.tolist() == ["综合活动阵地", "公共活动阵地", "生活服务阵地"]
    life = "咖啡、饮水机、充电充气工具、急救箱"
    assert found.loc["a"].tolist() == ["瑜伽室、健身房", "共享会议室", life]
    assert found.loc["b"].isna().all()
    assert found.loc["c", "公共活动阵地"] == "培训室"
    english = sc.offers(pd.DataFrame({"services": ["入会、理发"]}), "functions", language="en")
    assert english.iloc[0].tolist()[:2] == ["Joining the union", "Haircuts"]
    assert sc.offers(pd.DataFrame({"name": ["x"]})).isna().all(axis=None)
    with pytest.raises(InputError, match="no grouping 'colour'"):
        sc.offers(homes, "colour")


def test_every_word_of_a_heading_is_a_room_service_or_amenity():
    known = {key for name in ("amenities", "rooms", "services") for key in read_vocabulary(name)}
    for headings in read_vocabulary("groupings").values():
        for heading in headings.values():
            assert {*heading["named"], *heading["by"]} <= known
            assert not set(heading["named"]) & set(heading["by"])


def test_the_calendar_of_a_year_has_weeks_months_last_fridays_quarters_and_a_year():
    found = sc.service_calendar("2026-01-01", "2026-12-31")
    days = found.groupby("what_en")["day"].apply(list)
    fridays = [
        max(week[calendar.FRIDAY] for week in calendar.monthcalendar(2026, month))
        for month in range(1, 13)
    ]
    assert days["Free haircuts"] == [dt.date(2026, m + 1, d) for m, d in enumerate(fridays)]
    assert len(days["Counsellor on duty"]) == 52
    assert len(days["Event for micro firms, riders, couriers, drivers"]) == 12
    ends = [dt.date(2026, 3, 31), dt.date(2026, 6, 30), dt.date(2026, 9, 30), dt.date(2026, 12, 31)]
    assert days["Committee reports; satisfaction is asked"] == ends
    assert days["Yearly appraisal and subsidy"] == [dt.date(2026, 12, 31)]
    assert found["day"].is_monotonic_increasing
    assert sc.service_calendar("2026-12-29", "2026-12-29").empty
    with pytest.raises(InputError, match="must be days"):
        sc.service_calendar("soon", "later")
