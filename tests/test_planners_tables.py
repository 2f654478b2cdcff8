"""Tables of the planners' documents, row by row: shifts of coordinates, groups, codes."""

from __future__ import annotations

import math

import numpy as np
import pandas as pd
import pyproj
import pytest

import servicecircle as sc
from servicecircle._vocabulary import read_vocabulary
from servicecircle.standards import group_label, known_word, read_amenities
from servicecircle.tables import read_table

# City: place, shift to GCJ-02 (m, bearing) and to BD-09 (m), then per cent of a circle of
# 750, 800, 1,125 and 1,200 m that is still right, GCJ-02 and BD-09
SHIFTS = {
    "Dongcheng": ((116.4164, 39.9289), 554, 74, 1367, (54, 3), (57, 7), (69, 28), (71, 32)),
    "Miyun": ((116.8430, 40.3760), 527, 76, 1327, (56, 5), (59, 8), (70, 30), (72, 33)),
    "Shenyang": ((123.4315, 41.8057), 576, 62, 1395, (52, 2), (55, 5), (68, 26), (70, 30)),
    "Dalian": ((121.6147, 38.9140), 436, 79, 1230, (63, 9), (66, 13), (75, 34), (77, 38)),
    "Panjin": ((122.0707, 41.1199), 516, 63, 1341, (57, 4), (60, 8), (71, 29), (73, 33)),
    "Fuzhou": ((119.2965, 26.0745), 591, 126, 1177, (51, 12), (54, 16), (67, 37), (69, 40)),
    "Xiamen": ((118.0894, 24.4798), 583, 120, 1224, (52, 9), (55, 13), (67, 34), (69, 38)),
    "Quanzhou": ((118.6757, 24.8741), 561, 125, 1173, (53, 12), (56, 16), (69, 37), (70, 40)),
    "Chiping": ((116.2550, 36.5807), 504, 87, 1290, (58, 6), (61, 10), (72, 31), (73, 35)),
}
RADII = (750, 800, 1125, 1200)
GROUPS = {
    "courier": "amenity=post_depot amenity=parcel_locker building=warehouse",
    "rider": "amenity=restaurant amenity=fast_food amenity=cafe shop=mall",
    "ride_hailing": "amenity=taxi",
    "taxi": "amenity=taxi amenity=fuel amenity=charging_station",
    "truck": "highway=motorway_junction highway=services highway=rest_area",
    "sanitation": "highway=* amenity=waste_transfer_station amenity=toilets",
    "security": "building=office building=commercial building=retail",
    "property": "highway=residential",
    "cleaner": "building=office building=retail",
    "construction": "landuse=construction",
    "factory": "landuse=industrial man_made=works",
    "park": "landuse=industrial landuse=commercial",
    "office": "building=office building=commercial",
    "market": "amenity=marketplace shop=*",
    "airport": "aeroway=*",
    "micro_firm": "",
    "new_form": "",
    "flexible": "",
    "migrant": "",
    "residents": "building=residential building=apartments",
    "visitors": "tourism=*",
}
ROOMS = {
    "meeting": "共享会议室 会议室",
    "mediation": "劳动争议调解室 多元化解工作室 维权工作室",
    "mind": "心理解压室 心理咨询室 心灵驿站 职工心理驿站",
    "nursing": "母婴关爱室 妈妈小屋",
    "library": "职工书屋 阅览室 电子阅览室",
    "yoga": "瑜伽室",
    "gym": "健身房 智能健身舱",
    "table_tennis": "乒乓球室",
    "badminton": "羽毛球馆",
    "billiards": "台球室",
    "dance": "舞蹈室",
    "pool": "泳池",
    "chess": "棋牌室",
    "calligraphy": "书法绘画室",
    "music": "器乐室",
    "training": "培训室 职工讲堂",
    "family": "亲子活动室",
    "cinema": "职工影吧",
    "hall": "职工会堂 路演台",
    "innovation": "劳模创新工作室 匠心工作室",
    "matchmaking": "红娘工作室",
    "jobs": "就业介绍",
    "exhibition": "展示区",
    "discussion": "议事区",
    "join_union": "入会",
    "legal_aid": "法律援助",
    "counselling": "心理咨询",
    "childcare": "托管班",
    "meals": "供餐",
    "haircut": "理发",
    "vehicle_repair": "车辆维修",
    "fuel_discount": "加油优惠",
    "parking": "停车",
    "government_services": "政务服务",
    "job_fair": "招聘会",
    "booking": "场地预约",
    "mutual_aid": "医疗互助",
    "reception": "接待办事",
    "provide": "提供服务",
    "events": "开展活动",
}
CODES = {
    "东城区": "110101", "密云区": "110118", "和平区": "210102", "铁西区": "210106",
    "沈北新区": "210113", "中山区": "210202", "兴隆台区": "211103", "海沧区": "350205",
    "湖里区": "350206", "鲤城区": "350502", "石狮市": "350581", "南安市": "350583",
    "茌平区": "371503", "街道": "110101001000", "社区": "110101001001",
}  # fmt: skip


def still_right(metres: float, radius: float) -> float:
    """Share of a circle that lies in an equal circle so many metres away, in per cent."""
    half = metres / (2 * radius)
    return 100 * 2 / math.pi * (math.acos(half) - half * math.sqrt(1 - half**2)) if half < 1 else 0


@pytest.mark.parametrize("city", SHIFTS)
def test_a_datum_that_is_ignored_moves_a_place_and_its_circle_as_measured(city):
    (lon, lat), gcj_metres, bearing, bd_metres, *rights = SHIFTS[city]
    geod = pyproj.Geod(ellps="WGS84")
    metres = {}
    for system in ("gcj02", "bd09"):
        moved = sc.from_wgs84((np.array([lon]), np.array([lat])), system)
        azimuth, _, metres[system] = geod.inv(lon, lat, moved[0][0], moved[1][0])
        if system == "gcj02":
            assert azimuth % 360 == pytest.approx(bearing, abs=1)
    # the documents measured on a sphere
    assert metres["gcj02"] == pytest.approx(gcj_metres, rel=0.005)
    assert metres["bd09"] == pytest.approx(bd_metres, rel=0.005)
    for radius, (gcj, bd) in zip(RADII, rights, strict=True):
        assert still_right(metres["gcj02"], radius) == pytest.approx(gcj, abs=1)
        assert still_right(metres["bd09"], radius) == pytest.approx(bd, abs=1)


def test_shifts_over_the_mainland_are_about_400_m_and_at_most_679():
    lon, lat = np.random.default_rng(0).uniform([75, 20], [130, 50], (20_000, 2)).T
    moved = sc.from_wgs84((lon, lat), "gcj02")
    metres = pyproj.Geod(ellps="WGS84").inv(lon, lat, *moved)[2]
    inside = metres > 1  # outside the mainland nothing moves
    assert np.mean(metres[inside]) == pytest.approx(400, abs=30)
    assert np.median(metres[inside]) == pytest.approx(414, abs=30)
    assert metres.max() <= 680


@pytest.mark.parametrize(("key", "tags"), GROUPS.items())
def test_a_group_of_workers_is_looked_for_where_the_documents_say(key, tags):
    entry = read_vocabulary("groups")[key]
    assert sorted(entry["osm"]) == sorted(tags.split())
    assert known_word("group", group_label(key, "zh")) == key


@pytest.mark.parametrize(
    ("key", "word"), [(key, word) for key, line in ROOMS.items() for word in line.split()]
)
def test_rooms_and_services_are_read_alone_and_in_a_list(key, word):
    assert set(read_amenities(word).present) == {key}
    listed = read_amenities(f"雨伞、{word}1间、无线WiFi等")
    assert set(listed.present) == {"rain_gear", key, "wifi"}
    assert listed.open_ended


def test_only_one_group_is_ours_and_priority_groups_are_those_of_the_texts():
    entries = read_vocabulary("groups")
    assert set(entries) - set(GROUPS) == {"unit"}
    first = {key for key, entry in entries.items() if entry.get("priority")}
    assert first == {"micro_firm", "new_form", "flexible"}
    assert entries["new_form"]["includes"] == ["courier", "rider", "ride_hailing", "truck"]


def test_codes_of_districts_sub_districts_and_communities_stay_text(tmp_path):
    path = tmp_path / "codes.csv"
    table = pd.DataFrame({"名称": list(CODES), "区划代码": list(CODES.values())})
    table.rename_axis("编号").to_csv(path)
    assert read_table(path).frame["adcode"].tolist() == list(CODES.values())
