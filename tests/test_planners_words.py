"""Every word of the planners' documents for groups, venues, classes and settings means its key."""

from __future__ import annotations

import pytest

from servicecircle.standards.words import known_word, read_amenities

WORDS = {
    "group": {
        "courier": "快递员 快递小哥",
        "rider": "外卖骑手 配送员 外卖小哥",
        "ride_hailing": "网约车司机",
        "taxi": "出租车司机",
        "truck": "货车司机",
        "sanitation": "环卫工人 环卫职工",
        "security": "保安",
        "property": "平房物业人员",
        "cleaner": "清洗保洁",
        "construction": "建设工地 建筑工人",
        "factory": "产业工人",
        "park": "园区职工",
        "office": "楼宇职工",
        "market": "商户",
        "airport": "机场职工",
        "micro_firm": "小微企业 小散杂企业",
        "new_form": "新就业形态 新业态",
        "flexible": "灵活就业 平台就业",
        "migrant": "务工人员 农民工",
        "residents": "居民 群众",
        "visitors": "游客",
    },
    "kind": {
        "convenience_store": "便利店",
        "fuel_station": "加油站",
        "bank_branch": "银行网点",
        "estate_agency": "房屋中介 房地产经纪门店",
        "street_shop": "临街店铺",
        "restaurant": "餐厅",
        "mall": "大型商场 服装城",
        "office_building": "商务楼宇 写字楼",
        "industrial_park": "产业园区 工业园区",
        "creative_park": "创意产业园 软件园 文创园",
        "logistics_base": "物流基地 快递物流园",
        "party_mass_centre": "党群服务中心 党群活动中心",
        "convenience_centre": "便民服务中心 政务服务中心",
        "union_station": "工会服务站 职工服务中心",
        "elderly_station": "社区养老驿站",
        "waste_transfer": "环卫转运站",
        "library_room": "城市书房 职工书屋",
        "telecom_shop": "通信营业厅",
        "post_office": "邮政网点",
    },
    "station_class": {
        "outdoor_station": "暖心驿站 爱心驿站 户外劳动者服务站点 劳动者驿站 工会驿站"
        " 劳动者休息驿站",
        "water_point": "免费饮水站点",
        "shared_home": "共享职工之家 职工共享之家 共享之家",
        "public_area_home": "公共区域职工之家",
        "in_firm_home": "企业内部职工之家 职工之家 职工小家",
        "mobile_home": "流动共享职工之家 流动型共享职工之家",
        "driver_haven": "司机港湾 货车司机驿站",
        "rest_room": "职工休息室",
        "nursing_room": "母婴关爱室 妈妈小屋",
    },
    "state": {
        "existing": "已建 在用",
        "upgrade": "改造 提升",
        "new": "新建",
        "planned": "拟建 规划",
        "closed": "关闭 停用 撤销",
    },
}
AMENITIES = {
    "seats": "桌椅 椅子 沙发 茶几 休息区 座位",
    "water_dispenser": "饮水 饮用水 免费饮水 喝水 热水 开水 桶装水 电水壶 烧水壶 直饮水",
    "microwave": "热饭 加热饭菜 微波加热 餐食加热",
    "charging_inflation": "手机充电 充电器 充电宝 充电插排 充电桩 电动车充电 打气筒 车辆打气"
    " 充气泵",
    "repair_tools": "工具箱 维修箱 修车工具 车辆简易维修 电动车维修",
    "rain_gear": "雨伞 雨衣 爱心伞",
    "first_aid": "急救药箱 应急药品箱 应急药箱 医药箱 药箱 常用药 创可贴 绷带 碘伏",
    "vending_machine": "售货机 无人售货 自助售货",
    "wifi": "无线网 无线网络 WIFI Wi-Fi 免费上网 无线WiFi",
    "toilet": "如厕 厕所 卫生间 洗手间 卫生厕所",
}


@pytest.mark.parametrize(
    ("column", "key", "word"),
    [
        (column, key, word)
        for column, keys in WORDS.items()
        for key, line in keys.items()
        for word in line.split()
    ],
)
def test_every_word_means_its_key(column, key, word):
    assert known_word(column, word) == key


@pytest.mark.parametrize(
    ("key", "word"), [(key, word) for key, line in AMENITIES.items() for word in line.split()]
)
def test_every_amenity_means_its_key_and_can_be_denied(key, word):
    assert set(read_amenities(word).present) >= {key}
    assert read_amenities(f"{word}(损坏)").present.keys().isdisjoint({key})


def test_coffee_alone_is_no_water():
    assert "water_dispenser" not in read_amenities("咖啡").present
