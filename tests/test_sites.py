"""Station and candidate tables: every row comes back, placed or with the reason why not."""

from __future__ import annotations

import csv
import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st
from pyproj import Geod

from servicecircle.coordinates import from_wgs84
from servicecircle.errors import CrsError, CrsWarning, InputError, InputWarning, ServiceCircleError
from servicecircle.sites import read_sites

GEOD = Geod(ellps="WGS84")
WUHAN = (114.2906, 30.5846)
HEADER = "编号,名称,经度,纬度\n"
GOOD = "s1,江汉路站,114.2906,30.5846\ns2,武昌站,114.3100,30.5300\ns3,汉口站,114.2500,30.6200\n"


def write(folder, text, name="stations.csv", encoding="utf-8"):
    path = folder / name
    path.write_text(text, encoding=encoding)
    return path


def off(point, lon, lat):
    return GEOD.inv(point.x, point.y, lon, lat)[2]


def test_a_good_table_has_ids_points_and_ok_everywhere(tmp_path):
    sites = read_sites(write(tmp_path, HEADER + GOOD), coordinates="wgs84")
    assert isinstance(sites, gpd.GeoDataFrame)
    assert sites.crs == 4326
    assert sites.index.tolist() == ["s1", "s2", "s3"]
    assert sites.index.name == "id"
    assert list(sites.columns) == ["name", "status", "reason", "geometry"]
    assert (sites["status"] == "ok").all()
    assert sites["reason"].isna().all()
    assert sites.geometry["s1"].equals(shapely.Point(WUHAN))
    assert sites.attrs == {"source": "stations.csv", "coordinates": "wgs84", "notes": []}


@pytest.mark.parametrize("system", ["wgs84", "gcj02", "bd09"])
@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030"])
def test_coordinates_in_any_system_land_on_the_same_place(tmp_path, system, encoding):
    lon, lat = (float(v[0]) for v in from_wgs84(([WUHAN[0]], [WUHAN[1]]), system))
    path = write(tmp_path, f"{HEADER}s1,江汉路站,{lon!r},{lat!r}\n", encoding=encoding)
    sites = read_sites(path, coordinates=system)
    assert off(sites.geometry["s1"], *WUHAN) < 0.01
    assert sites["name"]["s1"] == "江汉路站"


BAD_ROWS = {
    "blank": (",", "no_geometry", "no coordinates"),
    "dash": ("-,/", "no_geometry", "no coordinates"),
    "half": ("114.3,", "bad_coordinates", "coordinates are not numbers"),
    "nan": ("nan,30.5", "bad_coordinates", "coordinates are not numbers"),
    "text": ("武昌,30.5", "bad_coordinates", "coordinates are not numbers"),
    "infinite": ("inf,30.5", "bad_coordinates", "coordinates are infinite"),
    "zero": ("0,0", "bad_coordinates", "coordinates are 0, 0"),
    "zeros": ("0.000,0.0", "bad_coordinates", "coordinates are 0, 0"),
    "swapped": ("30.5,114.3", "bad_coordinates", "longitude and latitude look swapped"),
    "swapped in the west": ("43.8,87.6", "bad_coordinates", "longitude and latitude look swapped"),
    "latitude 91": ("114.3,91", "bad_coordinates", "longitude is beyond 180 or latitude beyond 90"),
    "longitude 181": ("181,30", "bad_coordinates", "longitude is beyond 180 or latitude beyond 90"),
    "huge": ("1e300,1e300", "bad_coordinates", "longitude is beyond 180 or latitude beyond 90"),
}


@pytest.mark.parametrize(("cells", "status", "reason"), BAD_ROWS.values(), ids=BAD_ROWS)
def test_a_bad_row_is_kept_named_and_not_placed(tmp_path, cells, status, reason):
    path = write(tmp_path, f"{HEADER}bad,坏站,{cells}\n{GOOD}")
    with pytest.warns(InputWarning, match=rf"1 of 4 rows of stations.csv .*'bad' \({reason}\)"):
        sites = read_sites(path, coordinates="gcj02")
    assert sites.index.tolist() == ["bad", "s1", "s2", "s3"]
    assert sites["status"].tolist() == [status, "ok", "ok", "ok"]
    assert sites["reason"]["bad"] == reason
    assert sites.geometry["bad"] is None
    assert sites.geometry[["s1", "s2", "s3"]].is_valid.all()
    assert reason in sites.attrs["notes"][0]


def test_bad_rows_may_be_refused_or_dropped(tmp_path):
    path = write(tmp_path, f"{HEADER}bad,坏站,0,0\n{GOOD}")
    with pytest.raises(InputError, match=r"1 of 4 rows of stations.csv cannot be used: 'bad'"):
        read_sites(path, coordinates="gcj02", on_bad="raise")
    with pytest.warns(InputWarning, match="'bad' .* They are dropped"):
        sites = read_sites(path, coordinates="gcj02", on_bad="drop")
    assert sites.index.tolist() == ["s1", "s2", "s3"]


def test_all_bad_rows_come_in_one_warning_with_the_first_five_named(tmp_path):
    path = write(tmp_path, HEADER + "".join(f"b{i},x,,\n" for i in range(9)) + GOOD)
    with pytest.warns(InputWarning) as caught:
        read_sites(path, coordinates="gcj02")
    assert len(caught) == 1
    assert "9 of 12 rows" in str(caught[0].message)
    assert "'b4' (no coordinates), … 4 more" in str(caught[0].message)
    assert caught[0].filename == __file__


def test_a_table_with_latitude_and_longitude_swapped_throughout_is_refused(tmp_path):
    path = write(tmp_path, "id,经度,纬度\na,30.5,114.3\nb,30.4,114.2\n")
    with pytest.raises(InputError, match=r"swapped in all rows.*'lon': '纬度', 'lat': '经度'"):
        read_sites(path, coordinates="gcj02")
    sites = read_sites(path, coordinates="wgs84", columns={"lon": "纬度", "lat": "经度"})
    assert sites.geometry["a"].equals(shapely.Point(114.3, 30.5))


@pytest.mark.parametrize("system", ["auto", "wgs84"])
def test_metres_are_refused(tmp_path, system):
    path = write(tmp_path, "id,x,y\na,500000,3400000\nb,500100,3400100\n")
    with pytest.raises(CrsError, match="look like metres"):
        read_sites(path, coordinates=system)


def test_chinese_coordinates_are_never_guessed(tmp_path):
    with pytest.raises(CrsError, match=r'3 of 3 places.*"wgs84".*"gcj02".*"bd09"'):
        read_sites(write(tmp_path, HEADER + GOOD))


@pytest.mark.parametrize(
    "place", [(-51.2, -30.05), (126.98, 37.57), (114.16, 22.28), (2.35, 48.86), (179.9, -17.0)]
)
def test_outside_mainland_china_auto_means_wgs84(tmp_path, place):
    sites = read_sites(write(tmp_path, f"id,lon,lat\na,{place[0]},{place[1]}\n"))
    assert sites.geometry["a"].equals(shapely.Point(place))
    assert sites.attrs["coordinates"] == "wgs84"


def test_auto_asks_even_where_only_the_shifted_point_is_inside(tmp_path):
    # just across the Shenzhen river: with GCJ-02 this would be a place in Shenzhen
    with pytest.raises(CrsError, match="does not say"):
        read_sites(write(tmp_path, "id,lon,lat\na,114.1200,22.5285\n"))


def test_a_column_may_say_the_system_row_by_row(tmp_path):
    lines = ["编号,坐标,坐标系"]
    systems = {"高德": "gcj02", "BD-09": "bd09", "GPS": "wgs84", "cgcs2000": "wgs84"}
    for name, system in systems.items():
        lon, lat = (float(v[0]) for v in from_wgs84(([WUHAN[0]], [WUHAN[1]]), system))
        lines.append(f'{name},"{lon!r},{lat!r}",{name}')
    sites = read_sites(write(tmp_path, "\n".join(lines)))
    assert [off(point, *WUHAN) < 0.01 for point in sites.geometry] == [True] * 4
    assert sites.attrs["coordinates"] == "wgs84, gcj02, bd09"
    assert "坐标系" not in sites.columns


def test_an_unknown_system_in_the_column_is_refused(tmp_path):
    path = write(tmp_path, "id,lon,lat,坐标系\na,114.3,30.5,火箭\n")
    with pytest.raises(CrsError, match="'火箭'"):
        read_sites(path)


def test_the_callers_word_wins_over_the_column_and_says_so(tmp_path):
    path = write(tmp_path, "id,lon,lat,坐标系\na,114.3,30.5,BD09\n")
    with pytest.warns(CrsWarning, match="1 rows declare another system"):
        sites = read_sites(path, coordinates="wgs84")
    assert sites.geometry["a"].equals(shapely.Point(114.3, 30.5))


@pytest.mark.parametrize(
    ("cell", "place"),
    [
        ("114.3,30.5", (114.3, 30.5)),
        ("30.5，114.3", (114.3, 30.5)),
        ("(114.3 30.5)", (114.3, 30.5)),
        ("114°18′、30°30′", (114.3, 30.5)),
    ],
)
def test_both_coordinates_in_one_cell(tmp_path, cell, place):
    path = write(tmp_path, f'id,经纬度\na,"{cell}"\n')
    sites = read_sites(path, coordinates="wgs84")
    assert sites.geometry["a"].distance(shapely.Point(place)) < 1e-9


def test_the_order_that_one_pair_proves_goes_for_the_whole_column(tmp_path):
    path = write(tmp_path, 'id,经纬度\na,"30.5,114.3"\nb,"43.8,87.6"\nc,"39.5,76.0"\n')
    sites = read_sites(path, coordinates="wgs84")
    assert sites.geometry["b"].equals(shapely.Point(87.6, 43.8))
    assert sites.geometry["c"].equals(shapely.Point(76.0, 39.5))


def test_a_location_text_beside_coordinates_is_left_alone(tmp_path):
    sites = read_sites(write(tmp_path, "id,lon,lat,location\na,2.3,48.8,by the gate\n"))
    assert sites["location"]["a"] == "by the gate"


def test_a_missing_column_is_named_with_those_present(tmp_path):
    path = write(tmp_path, "编号,经度,人数\na,114.3,5\n")
    with pytest.raises(InputError, match=r"no column for lat .*'编号', '经度', '人数'"):
        read_sites(path, coordinates="gcj02")


def test_without_ids_rows_are_numbered_and_it_is_said(tmp_path):
    sites = read_sites(write(tmp_path, "name,lon,lat\nx,1,2\ny,3,4\n"))
    assert sites.index.tolist() == ["1", "2"]
    assert sites.attrs["notes"] == ["no column of ids: rows are numbered from '1'"]


@pytest.mark.parametrize("suffix", ["csv", "xlsx", "geojson", "gpkg", "parquet"])
def test_an_empty_table_gives_a_defined_empty_result(tmp_path, suffix):
    path = tmp_path / f"empty.{suffix}"
    frame = gpd.GeoDataFrame(
        {"id": pd.Series(dtype=str), "容纳人数": pd.Series(dtype=float)}, geometry=[], crs=4326
    )
    if suffix in {"csv", "xlsx"}:
        path.write_text("id,lon,lat,容纳人数\n", encoding="utf-8")
        cells = pd.DataFrame(columns=["id", "lon", "lat", "容纳人数"])
        cells.to_excel(path, index=False) if suffix == "xlsx" else None
    else:
        frame.to_parquet(path) if suffix == "parquet" else frame.to_file(path)
    sites = read_sites(path)
    assert isinstance(sites, gpd.GeoDataFrame)
    assert sites.empty
    assert sites.crs == 4326
    known = [] if suffix == "geojson" else ["capacity"]  # an empty GeoJSON has no columns
    assert list(sites.columns) == [*known, "status", "reason", "geometry"]
    assert all(pd.api.types.is_float_dtype(sites[name]) for name in known)


def map_frame():
    return gpd.GeoDataFrame(
        {"编号": [1, 2, 3, 4, 5], "职工人数": [1.0, 2, 3, 4, 5]},
        geometry=[
            shapely.Point(114.3, 30.5),
            shapely.box(114.3, 30.5, 114.32, 30.52),
            None,
            shapely.Polygon([(114, 30), (114.1, 30.1), (114.1, 30), (114, 30.1)]),  # a bow-tie
            shapely.LineString([(114.3, 30.5), (114.3, 30.6)]),
        ],
        crs=4326,
    )


@pytest.mark.parametrize("crs", [4326, 32650, 3857])
@pytest.mark.parametrize("suffix", ["gpkg", "parquet"])
def test_map_files_in_any_crs_come_in_degrees(tmp_path, crs, suffix):
    path = tmp_path / f"map.{suffix}"
    frame = map_frame().to_crs(crs)
    frame.to_parquet(path) if suffix == "parquet" else frame.to_file(path)
    with pytest.warns(InputWarning, match=r"1 of 5 rows .*'3' \(no geometry\)"):
        sites = read_sites(path)
    assert sites.crs == 4326
    assert sites["status"].tolist() == ["ok", "ok", "no_geometry", "ok", "ok"]
    assert off(sites.geometry["1"], 114.3, 30.5) < 0.01
    for number in ("2", "4", "5"):
        shape = map_frame().geometry[int(number) - 1]
        assert sites.geometry[number].geom_type == "Point"
        assert shapely.make_valid(shape).buffer(1e-6).contains(sites.geometry[number])
    assert "3 shapes other than points, taken at a point on it" in sites.attrs["notes"]


def test_a_map_file_without_crs_is_refused_until_told(tmp_path):
    path = tmp_path / "map.parquet"
    map_frame().iloc[:2].set_crs(None, allow_override=True).to_parquet(path)
    with pytest.raises(CrsError, match="declares no CRS"):
        read_sites(path)
    assert off(read_sites(path, coordinates="wgs84").geometry["1"], 114.3, 30.5) < 0.01


def test_a_map_file_may_be_said_to_be_gcj02(tmp_path):
    path = tmp_path / "amap.geojson"
    mars = from_wgs84(map_frame().iloc[:2], "gcj02").set_crs(4326)
    mars.to_file(path)
    told = read_sites(path, coordinates="gcj02")
    assert off(told.geometry["1"], 114.3, 30.5) < 0.01
    taken_at_its_word = read_sites(path)
    assert off(taken_at_its_word.geometry["1"], 114.3, 30.5) > 400


def test_metres_labelled_as_degrees_are_refused(tmp_path):
    path = tmp_path / "wrong.gpkg"
    frame = map_frame().iloc[:2].to_crs(32650).set_crs(4326, allow_override=True)
    frame.to_file(path)
    with pytest.raises(CrsError, match="look like metres"):
        read_sites(path)


def test_nan_corners_in_a_map_file_are_bad_rows(tmp_path):
    corners = {"a": "[NaN, 26]", "c": "[10, 20]"}
    features = [
        f'{{"type":"Feature","properties":{{"id":"{i}"}},'
        f'"geometry":{{"type":"Point","coordinates":{c}}}}}'
        for i, c in corners.items()
    ]
    features.append(
        '{"type":"Feature","properties":{"id":"b"},"geometry":'
        '{"type":"Polygon","coordinates":[[[1,2],[2,NaN],[3,3],[1,2]]]}}'
    )
    path = write(
        tmp_path,
        '{"type":"FeatureCollection","features":[' + ",".join(features) + "]}",
        "nan.geojson",
    )
    with pytest.warns(InputWarning, match="2 of 3 rows"):
        sites = read_sites(path)
    assert sites["status"].to_dict() == {"a": "bad_coordinates", "c": "ok", "b": "bad_coordinates"}


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "parquet"])
def test_what_was_read_can_be_written_and_read_again(tmp_path, suffix):
    path = write(tmp_path, f"{HEADER}bad,坏站,0,0\n{GOOD}")
    with pytest.warns(InputWarning):
        sites = read_sites(path, coordinates="gcj02")
    again = tmp_path / f"out.{suffix}"
    sites.to_parquet(again) if suffix == "parquet" else sites.to_file(again)
    with pytest.warns(InputWarning, match="'bad' .no geometry"):
        back = read_sites(again)
    assert list(back.columns) == list(sites.columns)
    assert back.index.equals(sites.index)
    good = sites["status"] == "ok"
    assert back.geometry[good].geom_equals_exact(sites.geometry[good], 1e-6).all()


def test_two_sites_at_one_place_are_kept_and_noted(tmp_path):
    sites = read_sites(write(tmp_path, "id,lon,lat\na,1,2\nb,1,2\n"))
    assert len(sites) == 2
    assert sites.attrs["notes"] == ["1 row at the very place of an earlier one"]


def test_the_columns_of_a_candidate_list_have_our_names_and_types(tmp_path):
    path = write(
        tmp_path,
        "店名,地址,业态,所属区,街道,社区,容纳人数,投入(万元),营业时间,配套设施,是否对外开放,状态,x,y\n"
        "甲,路1号,便利店,武昌区,水果湖街道,一社区,20,2.5,8:00-20:00,饮水机、座椅,是,拟建,2.3,48.8\n",
    )
    (row,) = read_sites(path).drop(columns="geometry").to_dict("records")
    reason = row.pop("reason")
    assert pd.isna(reason)
    assert row == {
        "name": "甲",
        "address": "路1号",
        "kind": "便利店",
        "district": "武昌区",
        "street_town": "水果湖街道",
        "community": "一社区",
        "capacity": 20.0,
        "cost": 25_000.0,
        "hours": "8:00-20:00",
        "amenities": "饮水机、座椅",
        "open_to_public": True,
        "state": "拟建",
        "status": "ok",
    }


def test_personal_data_is_left_out_with_a_warning(tmp_path):
    path = write(tmp_path, "id,lon,lat,联系电话\na,1,2,13800000000\n")
    with pytest.warns(InputWarning, match="personal data were left out: ..联系电话"):
        sites = read_sites(path)
    assert "13800000000" not in sites.to_string()


@pytest.mark.parametrize(
    ("keyword", "value"), [("coordinates", "amap"), ("on_bad", "ignore"), ("coordinates", None)]
)
def test_unknown_choices_are_refused_before_the_file_is_opened(keyword, value):
    with pytest.raises(InputError, match=f"`{keyword}` must be"):
        read_sites("no such file.csv", **{keyword: value})


CELLS = st.one_of(
    st.text(max_size=8),
    st.floats().map(str),
    st.integers(-200, 200).map(str),
    st.sampled_from(
        ["", "114.3", "30.5", "116°24′30″", "1e400", "NaN", "0", "合计", "=1+1", "{{7*7}}"]
    ),
)


@given(rows=st.lists(st.lists(CELLS, min_size=4, max_size=4), max_size=8))
def test_whatever_the_cells_hold_rows_come_back_or_a_named_error(tmp_path_factory, rows):
    path = tmp_path_factory.getbasetemp() / "fuzz.csv"
    with path.open("w", encoding="utf-8", newline="", errors="ignore") as stream:
        csv.writer(stream).writerows([["单位名称", "经度", "纬度", "容纳人数"], *rows])
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        try:
            sites = read_sites(path, coordinates="gcj02")
        except ServiceCircleError:
            return
    assert sites["status"].isin(["ok", "no_geometry", "bad_coordinates"]).all()
    ok = sites["status"] == "ok"
    assert sites.geometry[ok].is_valid.all()
    assert sites.geometry[~ok].isna().all()
    assert sites["reason"].isna().equals(ok)
    inside = sites.geometry[ok]
    assert (np.abs(inside.x) <= 180).all()
    assert (np.abs(inside.y) <= 90).all()
