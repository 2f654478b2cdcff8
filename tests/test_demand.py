"""Worker tables: numbers, groups and districts beside the places."""

from __future__ import annotations

import math

import geopandas as gpd
import pandas as pd
import pytest
import shapely

from servicecircle.demand import read_demand
from servicecircle.errors import InputError, InputWarning

HEADER = "编号,单位名称,经度,纬度,职工人数,人群,所属区\n"
GOOD = "w1,甲,114.2906,30.5846,120,楼宇职工,江汉区\nw2,乙,114.31,30.53,35.5,快递物流,武昌区\n"


def write(folder, text, name="workers.csv", encoding="utf-8"):
    path = folder / name
    path.write_text(text, encoding=encoding)
    return path


def test_workers_groups_and_districts_are_read(tmp_path):
    demand = read_demand(write(tmp_path, HEADER + GOOD, encoding="gb18030"), coordinates="gcj02")
    assert demand["workers"].to_dict() == {"w1": 120.0, "w2": 35.5}
    assert demand["workers"].dtype == float
    assert demand["group"].tolist() == ["楼宇职工", "快递物流"]
    assert demand["district"].tolist() == ["江汉区", "武昌区"]
    assert (demand["status"] == "ok").all()
    assert demand.crs == 4326


@pytest.mark.parametrize(
    ("cell", "reason"),
    [
        ("", "workers: no number"),
        ("-", "workers: no number"),
        ("未知", "workers: no number"),
        ("很多", "workers: '很多' is not a number"),
        ("-3", "workers: -3 is negative"),
        ("inf", "workers: inf is not finite"),
        ("nan", "workers: no number"),
    ],
)
def test_a_bad_number_is_kept_with_its_place_and_reason(tmp_path, cell, reason):
    path = write(tmp_path, f"{HEADER}bad,丙,114.3,30.6,{cell},,\n{GOOD}")
    with pytest.warns(InputWarning, match="1 of 3 rows of workers.csv") as caught:
        demand = read_demand(path, coordinates="gcj02")
    assert len(caught) == 1
    assert demand["status"].tolist() == ["bad_number", "ok", "ok"]
    assert demand["reason"]["bad"] == reason
    assert math.isnan(demand["workers"]["bad"])
    assert demand.geometry["bad"] is not None


def test_nought_workers_is_a_number(tmp_path):
    demand = read_demand(write(tmp_path, "id,lon,lat,workers\na,1,2,0\n"))
    assert demand["workers"]["a"] == 0
    assert demand["status"]["a"] == "ok"


def test_a_row_without_place_and_number_says_the_place_first(tmp_path):
    path = write(tmp_path, f"{HEADER}bad,丙,,,很多,,\n{GOOD}")
    with pytest.warns(InputWarning, match="'bad' .no coordinates"):
        demand = read_demand(path, coordinates="gcj02")
    assert demand["status"]["bad"] == "no_geometry"


def test_bad_numbers_may_be_refused_or_dropped(tmp_path):
    path = write(tmp_path, f"{HEADER}bad,丙,114.3,30.6,-1,,\n{GOOD}")
    with pytest.raises(InputError, match=r"'bad' \(workers: -1 is negative\)"):
        read_demand(path, coordinates="gcj02", on_bad="raise")
    with pytest.warns(InputWarning, match="dropped"):
        demand = read_demand(path, coordinates="gcj02", on_bad="drop")
    assert demand.index.tolist() == ["w1", "w2"]


def test_weight_and_group_name_columns_that_we_do_not_know(tmp_path):
    path = write(tmp_path, "id,lon,lat,岗位,工种,职工人数\na,1,2,7,厨师,99\n")
    demand = read_demand(path, weight="岗位", group="工种")
    assert demand["workers"]["a"] == 7.0
    assert demand["group"]["a"] == "厨师"
    assert demand["职工人数"]["a"] == "99"


@pytest.mark.parametrize("weight", ["常住人口", "residents", "人口"])
def test_weight_may_be_said_in_our_words_or_theirs(tmp_path, weight):
    demand = read_demand(write(tmp_path, "id,lon,lat,常住人口\na,1,2,1.2万\n"), weight=weight)
    assert demand["workers"]["a"] == 12_000


def test_without_a_column_of_workers_those_present_are_named(tmp_path):
    path = write(tmp_path, "编号,经度,纬度,岗位\na,1,2,7\n")
    with pytest.raises(InputError, match=r"number of workers.*'编号', .*'岗位'.*weight="):
        read_demand(path)


@pytest.mark.parametrize("keyword", ["weight", "group"])
def test_a_column_that_does_not_exist_is_refused(tmp_path, keyword):
    path = write(tmp_path, HEADER + GOOD)
    with pytest.raises(InputError, match="There is no column '没有'"):
        read_demand(path, coordinates="gcj02", **{keyword: "没有"})


def test_an_empty_table_has_a_column_of_workers(tmp_path):
    demand = read_demand(write(tmp_path, "id,lon,lat,workers\n"))
    assert demand.empty
    assert demand["workers"].dtype == float
    assert demand["workers"].sum() == 0


def test_a_map_file_without_features_has_a_column_of_workers(tmp_path):
    path = write(tmp_path, '{"type":"FeatureCollection","features":[]}', "empty.geojson")
    for demand in (read_demand(path), read_demand(path, weight="jobs")):
        assert demand.empty
        assert demand["workers"].dtype == float


def test_estimates_are_used_and_noted(tmp_path):
    path = write(tmp_path, 'id,lon,lat,人数\na,1,2,约300人\nb,1,3,200-300\nc,1,4,"1,200"\n')
    demand = read_demand(path)
    assert demand["workers"].tolist() == [300, 250, 1200]
    assert "`workers`: 2 estimates: ['约300人', '200-300']" in demand.attrs["notes"]


def test_areas_of_workers_are_taken_at_a_point_inside(tmp_path):
    path = tmp_path / "parks.gpkg"
    ring = shapely.box(0, 0, 0.02, 0.02).difference(shapely.box(0.004, 0.004, 0.02, 0.016))
    gpd.GeoDataFrame({"id": ["a"], "workers": [5]}, geometry=[ring], crs=4326).to_file(path)
    demand = read_demand(path)
    assert ring.contains(demand.geometry["a"])


def test_the_other_numbers_that_cannot_be_read_are_named_apart(tmp_path):
    path = write(tmp_path, "id,lon,lat,workers,会员数\na,1,2,5,不少\n")
    with pytest.warns(InputWarning, match="`members`: 1 cell taken as missing: 'a'"):
        demand = read_demand(path)
    assert demand["status"]["a"] == "ok"
    assert pd.isna(demand["members"]["a"])


def test_the_jobs_of_porto_alegre_are_all_there(shared_data):
    path = shared_data / "demand" / "porto_alegre_hexgrid.csv"
    with pytest.warns(InputWarning, match="5 of 1227 rows"):
        demand = read_demand(path, weight="jobs")
    assert len(demand) == 1_227
    assert demand["workers"].sum() == 337_921
    assert demand["residents"].sum() == 812_935
    assert demand["status"].value_counts().to_dict() == {"ok": 1_222, "bad_number": 5}
    assert demand.index[0] == pd.read_csv(path, dtype=str)["id"][0]
    west, south, east, north = demand.total_bounds
    assert (round(west, 3), round(south, 3)) == (-51.255, -30.110)
    assert (round(east, 3), round(north, 3)) == (-51.140, -29.998)
