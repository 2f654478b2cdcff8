"""Homes that open to all, trades as hosts, and places for one unit, against sums by hand."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import servicecircle as sc
from servicecircle.access import open_to_all
from servicecircle.errors import InputError, InputWarning

PAIRS = [
    ("S", "a", 5.0), ("H1", "a", 3.0), ("H1", "b", 4.0), ("H1", "c", 9.0), ("H2", "c", 2.0),
    ("H2", "d", 15.0), ("H3", "e", 1.0),
]  # fmt: skip
WORKERS = {"a": 10.0, "b": 20.0, "c": 40.0, "d": 80.0, "e": 160.0, "f": 5.0}


def places(ids, **columns):
    points = gpd.points_from_xy(range(len(ids)), [0] * len(ids))
    return gpd.GeoDataFrame(columns, geometry=points, crs=4326, index=pd.Index(ids, name="id"))


@pytest.fixture
def homes():
    return places(
        ["S", "H1", "H2", "H3"],
        open_to_public=pd.array([True, False, False, False], "boolean"),
        unit=[None, "one", "two", "three"],
    )


@pytest.fixture
def people():
    units = ["one", "one", "two", None, "one", "three"]
    return places(list(WORKERS), workers=list(WORKERS.values()), unit=units)


@pytest.fixture
def reach(homes, people):
    frame = pd.DataFrame(PAIRS, columns=["facility", "demand", "minutes"])
    return sc.Reach.from_frame(frame, facility_ids=homes.index, demand_ids=people.index, cutoff=15)


def test_a_home_for_its_own_unit_covers_no_outsider(reach, homes, people):
    coverage = sc.measure_coverage(reach, homes, people, unit="unit")
    # b is of H1's unit, c of H2's; e stands before H3 but is of another unit
    assert coverage.demand["covered"].to_dict() == dict.fromkeys("abc", True) | dict.fromkeys(
        "def", False
    )
    assert coverage.facilities["workers"].to_dict() == {"S": 10, "H1": 30, "H2": 40, "H3": 0}
    assert sc.measure_coverage(reach, homes, people).share == pytest.approx(310 / 315)


def test_blank_units_are_no_common_unit_and_numbers_match_texts(reach, homes, people):
    homes = homes.assign(unit=["", 1.0, " ", "three "])
    people = people.assign(unit=["1", "", "", " ", "1", "three"])
    covered = sc.measure_coverage(reach, homes, people, unit="unit").demand["covered"]
    same = sc.measure_coverage(
        reach,
        homes.assign(unit=[None, "1", None, "three"]),
        people.assign(unit=["1", None, None, None, "1", "three"]),
        unit="unit",
    )
    assert covered.to_dict() == same.demand["covered"].to_dict()
    assert not covered["c"]  # reached only by H2, whose unit is blank as its own is


def test_opening_a_home_wins_the_outsiders_it_reaches(reach, homes, people):
    found = sc.openness_effect(reach, homes, people)
    assert found["gain"].to_dict() == {"H3": 160, "H2": 80, "H1": 0}
    assert found["rank"].to_dict() == {"H3": 1, "H2": 2, "H1": 3}
    assert found["workers"].to_dict() == {"H3": 160, "H2": 120, "H1": 70}
    assert found.attrs["together"] == 240
    for home, row in found.iterrows():
        public = homes["open_to_public"] | (homes.index == home)
        after = sc.measure_coverage(reach, homes.assign(open_to_public=public), people, unit="unit")
        before = sc.measure_coverage(reach, homes, people, unit="unit")
        assert row["gain"] == pytest.approx(315 * (after.share - before.share))


def test_access_that_is_not_known_counts_for_the_own_unit_only(reach, homes, people):
    homes["open_to_public"] = pd.array([None, False, False, False], "boolean")
    with pytest.warns(InputWarning, match=r"1 of 4 facilities it is not known.*\['S'\]"):
        coverage = sc.measure_coverage(reach, homes, people, unit="unit")
    assert coverage.facilities.loc["S", "workers"] == 0
    with pytest.raises(InputError, match="`unit` names the column 'firm', which `facilities`"):
        sc.measure_coverage(reach, homes, people, unit="firm")


def test_who_may_come_in_is_read_from_words_too():
    table = pd.DataFrame(
        {
            "open_to_public": ["是", "否", None, None, None, "不详"],
            "access": [None, "面向社会", "对外开放", "仅本单位", "机坪", "未知"],
        }
    )
    assert open_to_all(table).tolist() == [True, False, True, False, False, pd.NA]
    assert open_to_all(table[["access"]]).tolist() == [pd.NA, True, True, False, False, pd.NA]
    assert open_to_all(pd.DataFrame(index=[0])).isna().all()


def test_a_trade_wins_whom_any_of_its_venues_reaches(reach, homes, people):
    shops = homes.drop(index="S").assign(kind=["银行", "bank_branch", "便利店"])
    found = sc.gain_by(reach, shops, people, existing=homes.loc[["S"]])
    # banks reach a, b, c, d of whom a has a station; the store reaches e
    assert found.loc["bank_branch"].tolist() == [2, 150, 140, 140, pytest.approx(140 / 315)]
    assert found.loc["convenience_store"].tolist() == [1, 160, 160, 160, pytest.approx(160 / 315)]
    assert found.index.tolist() == ["convenience_store", "bank_branch"]
    two = sc.gain_by(reach, shops.assign(chain=["x", "y", "y"]), people, by="chain")
    assert two.loc["x", ["workers", "gain", "gain_only"]].tolist() == [70, 70, 30]
    with pytest.raises(InputError, match="no column 'owner'"):
        sc.gain_by(reach, shops, people, by="owner")


def test_nobody_to_win_has_no_share(reach, homes, people):
    shops = homes.assign(kind="银行")
    found = sc.gain_by(reach, shops, people.assign(workers=0.0))
    assert np.isnan(found.loc["bank_branch", "share"])
    assert sc.openness_effect(reach, homes.assign(open_to_public=True), people).empty
