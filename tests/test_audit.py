"""The check-up of stations, and the figures that programmes quote."""

from __future__ import annotations

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import servicecircle as sc
from servicecircle.errors import InputError

DAY = dt.date(2025, 10, 1)


@pytest.fixture
def stations():
    return gpd.GeoDataFrame(
        {
            "state": ["在用", "停用", None],
            "open_to_public": pd.array([True, False, None], "boolean"),
            "hours": ["24小时", "工作日9时至17时", "预约"],
            "amenities": ["微波炉、饮水机、座椅、卫生间、雨具", "饮水机", None],
            "has_sign": ["是", "否", None],
            "last_inspected": ["2025年9月", "2023.5.1", None],
            "satisfaction": ["92%", "0.8", None],
            "capacity": [20.0, 5.0, np.nan],
        },
        geometry=gpd.points_from_xy([0, 1, 2], [0, 0, 0]),
        crs=4326,
        index=["a", "b", "c"],
    )


def test_every_question_is_answered_yes_no_or_not_known(stations):
    audit = sc.audit_stations(stations, standard="chiping", day=DAY)
    rows = audit.stations
    assert rows["open"].tolist() == [True, False, pd.NA]
    assert rows["open_24h"].tolist() == [True, False, pd.NA]
    assert rows["week_hours"].tolist()[:2] == [168, 40]
    assert rows["amenities"].tolist() == [4, 1, 0]
    assert rows["amenities_unknown"].tolist() == [0, 0, 9]
    assert rows["enough_amenities"].tolist() == [True, False, pd.NA]
    assert rows["four_conveniences"].tolist() == [True, False, pd.NA]
    assert rows["has_sign"].tolist() == [True, False, pd.NA]
    assert rows["inspected_days"].tolist() == [30, 884, pd.NA]
    assert rows["unsatisfied"].tolist() == [False, True, pd.NA]
    assert rows["standard"].tolist() == [True, False, pd.NA]
    assert rows["findings"].tolist() == [0, 7, 1]
    assert rows.loc["a", "findings_zh"] == ""
    assert rows.loc["c", "findings_en"] == "was never inspected; has no readable opening hours"
    assert rows.index.tolist() == ["a", "b", "c"]


def test_the_summary_counts_what_is_not_known_apart(stations):
    table = sc.audit_stations(stations, day=DAY).summary()
    assert table.loc["open", ["yes", "no", "unknown"]].tolist() == [1, 1, 1]
    counts = ["yes", "no", "unknown", "share"]  # b is closed
    assert table.loc["open_to_public", counts].tolist() == [1, 0, 1, 1 / 2]
    assert table.loc["four_conveniences", counts].tolist() == [1, 0, 1, 1 / 2]
    assert np.isnan(table.loc["standard", "share"])


def test_planned_stations_are_no_existing_ones_and_no_defect():
    table = pd.DataFrame(
        {"state": ["在用", "拟建", "停用", None], "open_to_public": [True, True, True, False]}
    )
    audit = sc.audit_stations(table, day=DAY)
    assert audit.stations["open"].tolist() == [True, False, False, pd.NA]
    assert audit.stations["findings"].tolist() == [0, 0, 1, 0]
    assert audit.summary().loc["open_to_public", "sentence_en"] == "1 of 2 = 50.0%"


def test_areas_are_only_told_apart_by_class():
    table = pd.DataFrame({"area_m2": [7.9, "20㎡", 50, "1,700", None, 499.9]})
    found = sc.audit_stations(table, day=DAY).stations["area_class"]
    assert found.fillna("–").tolist() == ["<10", "10–50", "50–500", "≥500", "–", "50–500"]


def test_a_register_of_242_with_189_public_says_78_percent():
    register = pd.DataFrame({"open_to_public": [True] * 189 + [False] * 53})
    row = sc.audit_stations(register, day=DAY).summary().loc["open_to_public"]
    assert (row["yes"], row["yes"] + row["no"]) == (189, 242)
    assert row["sentence_en"] == "189 of 242 = 78.1%"
    assert row["sentence_zh"] == "共 242 个，其中 189 个（78.1%）"


def test_home_rate_of_247_among_267_names_the_20_without():
    units = pd.DataFrame(
        {"members": [50] * 267 + [49] * 5, "has_home": ["是"] * 247 + ["否"] * 20 + ["否"] * 5},
        index=[f"u{i}" for i in range(272)],
    )
    row = sc.home_rate(units).iloc[0]
    assert (row["eligible"], row["with_home"]) == (267, 247)
    assert row["sentence_en"] == "247 of 267 = 92.5%"
    assert row["without"] == tuple(f"u{i}" for i in range(247, 267))


def test_home_rate_counts_units_from_as_many_people_as_asked():
    units = pd.DataFrame({"members": [60, 120, 300], "has_home": ["是", "否", "是"]})
    assert sc.home_rate(units)["sentence_en"].item() == "2 of 3 = 66.7%"
    assert sc.home_rate(units, at_least=100)["sentence_en"].item() == "1 of 2 = 50.0%"  # Beijing


def test_home_rate_of_nobody_is_missing_and_columns_are_needed():
    units = pd.DataFrame({"members": [5.0], "has_home": ["是"]})
    assert np.isnan(sc.home_rate(units)["share"].item())
    assert sc.home_rate(units)["sentence_en"].item() == "0 of 0 = –"
    with pytest.raises(InputError, match=r"no column \['has_home'\]"):
        sc.home_rate(units.drop(columns="has_home"))


def test_capacity_is_compared_with_the_workers_nearest_to_it(stations):
    workers = gpd.GeoDataFrame(
        {"workers": [30.0, 4.0, 9.0]},
        geometry=gpd.points_from_xy([0, 1, 2], [1, 1, 1]),
        crs=4326,
        index=["x", "y", "z"],
    )
    frame = pd.DataFrame(
        [("a", "x", 1.0), ("b", "x", 2.0), ("b", "y", 1.0)],
        columns=["facility", "demand", "minutes"],
    )
    reach = sc.Reach.from_frame(
        frame, facility_ids=stations.index, demand_ids=workers.index, cutoff=15
    )
    coverage = sc.measure_coverage(reach, stations.assign(state="在用"), workers)
    rows = sc.audit_stations(stations, coverage, day=DAY).stations
    assert rows["workers"].tolist() == [30, 34, 0]
    assert rows["workers_alone"].tolist() == [0, 4, 0]
    assert rows["capacity_use"].tolist()[:2] == [1.5, 0.8]
    assert np.isnan(rows.loc["c", "capacity_use"])
    assert "more workers in reach than places" in rows.loc["a", "findings_en"]
    with pytest.raises(InputError, match="does not hold 1"):
        sc.audit_stations(stations.rename(index={"a": "q"}), coverage, day=DAY)


def test_a_table_with_nothing_known_has_no_findings_but_unreadable_hours():
    audit = sc.audit_stations(pd.DataFrame(index=["x"]), day=DAY)
    assert audit.stations["findings"].tolist() == [0]
    assert audit.stations["findings_zh"].tolist() == ["开放时间不明"]
    assert sc.audit_stations(pd.DataFrame(index=[]), day=DAY).stations.empty
    assert "1 stations" in repr(audit)
    assert "–" in audit._repr_html_()
