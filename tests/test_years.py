"""Opening a plan over years: order, money and the coverage after each year."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import servicecircle as sc
from servicecircle.errors import InputError, ModelError, ModelWarning
from servicecircle.reach import Reach

pytestmark = pytest.mark.filterwarnings("ignore:.*find no room")

COSTS = {"C1": 9.0, "C2": 10.0, "C3": 5.0, "C4": 1.0, "C5": np.nan}
# what each candidate reaches: C1 10+20+30, C2 30+40, C3 50, C4 6, C5 5; S1 100, S2 2
PAIRS = {
    "C1": ["w10", "w20", "w30"],
    "C2": ["w30", "w40"],
    "C3": ["w50"],
    "C4": ["w6"],
    "C5": ["w5"],
    "S1": ["w100"],
    "S2": ["w2"],
}


def places(ids, **columns):
    points = gpd.points_from_xy(np.linspace(114.3, 114.4, len(ids)), [30.6] * len(ids))
    return gpd.GeoDataFrame(columns, index=pd.Index(ids, name="id"), geometry=points, crs=4326)


def made_plan(n_open=5, **options):
    workers = sorted({one for some in PAIRS.values() for one in some})
    demand = places(workers, workers=[float(one[1:]) for one in workers], patch="一片")
    rows = [(one, w, 5.0) for one, some in PAIRS.items() for w in some]
    frame = pd.DataFrame(rows, columns=["facility", "demand", "minutes"])
    reach = Reach.from_frame(frame, demand_ids=demand.index, cutoff=15)
    candidates = places(list(COSTS), cost=list(COSTS.values()))
    existing = places(["S1", "S2"])
    return sc.choose_sites(
        reach, candidates, demand, existing=existing, minutes=[10, 15], n_open=n_open, **options
    )


def test_years_follow_the_opening_order():
    plan = made_plan()
    staged = sc.open_by_year(plan, n_open={2027: 2, 2026: 1, 2028: 4})
    assert staged.sites["year"].tolist() == [2026, 2027, 2027, 2028, 2028]
    assert staged.sites.index.equals(plan.sites.index)
    for name in ("order", "gain", "covered_after", "share_after"):
        np.testing.assert_allclose(staged.sites[name].astype(float), plan.sites[name].astype(float))
    expected = {
        "opened": [1, 2, 2],
        "open_sites": [1, 3, 5],
        "gain": [70.0, 80.0, 11.0],
        "covered": [172.0, 252.0, 263.0],
        "cost": [10.0, 14.0, 1.0],
    }
    for name, values in expected.items():
        assert staged.years[name].tolist() == values, name
    assert staged.years["share"].tolist() == [one / 263 for one in expected["covered"]]
    assert staged.years.index.tolist() == [2026, 2027, 2028]
    assert staged.years.loc[2028, "share"] == plan.coverage.share


def test_coverage_after_each_year_is_that_of_the_sites_open_by_then():
    plan = made_plan()
    staged = sc.open_by_year(plan, n_open={2026: 1, 2027: 2})
    for year, row in staged.years.iterrows():
        open_now = staged.sites.index[staged.sites["year"] <= year]
        measured = sc.measure_coverage(
            plan.reach,
            pd.concat([plan.existing, plan.candidates.loc[open_now]]),
            plan.today.demand.drop(columns=["facility", "minutes", "band", "covered"]),
            minutes=[10, 15],
        )
        coverage = staged.coverage(year)
        pd.testing.assert_frame_equal(coverage.summary(), measured.summary())
        assert coverage.share == pytest.approx(row["share"])
        assert measured.summary().iloc[-1]["covered"] == row["covered"]
    before, after = staged.coverage(2026), staged.coverage(2027)
    assert (
        after.by("patch").loc["一片", "covered"] - before.by("patch").loc["一片", "covered"] == 80
    )
    with pytest.raises(InputError, match="one of \\[2026, 2027\\]"):
        staged.coverage(2030)


def test_a_site_too_dear_for_what_is_left_waits_and_cheaper_ones_go_first():
    plan = made_plan()
    assert plan.sites.index.tolist() == ["C2", "C3", "C1", "C4", "C5"]
    with pytest.warns(ModelWarning, match="1 of 5 sites .* \\['C5'\\]"):
        staged = sc.open_by_year(plan, budget={2026: 9, 2027: 9, 2028: 10})
    years = staged.sites["year"]
    assert years.dropna().to_dict() == {"C3": 2026, "C4": 2026, "C1": 2027, "C2": 2028}
    assert pd.isna(years["C5"])
    assert staged.sites.index.tolist() == ["C3", "C4", "C1", "C2", "C5"]
    assert staged.sites["gain"].iloc[:4].tolist() == [50, 6, 60, 40]
    assert staged.sites["order"].iloc[:4].tolist() == [1, 2, 3, 4]
    assert staged.years["cost"].tolist() == [6, 9, 10]
    assert (staged.years["cost"] <= [9, 9, 10]).all()
    assert "Number 3 to open: adds 60" in staged.sites.loc["C1", "reason_en"]
    assert staged.sites.loc["C1", "reason_en"].endswith(" Opens in 2027.")
    assert staged.sites.loc["C1", "reason_zh"].endswith("2027 年开设。")
    assert "第 3 个开设：新增 60 人" in staged.sites.loc["C1", "reason_zh"]
    assert "to open" not in staged.sites.loc["C5", "reason_en"]
    assert plan.sites.loc["C1", "order"] == 3


def test_number_and_budget_hold_together():
    staged = sc.open_by_year(made_plan(), n_open={1: 1, 2: 9}, budget={1: 99, 2: 5})
    assert staged.sites["year"].dropna().to_dict() == {"C2": 1, "C3": 2}
    assert "2 new sites in 2 years lift coverage from 38.8% to 84.4%" in repr(staged)


def test_closing_stations_are_closed_from_the_first_year_on():
    plan = made_plan(n_open=1, closable=["S2"])
    assert plan.existing["action"].to_dict() == {"S1": "stays", "S2": "closes"}
    staged = sc.open_by_year(plan, n_open={2026: 1, 2027: 1})
    assert staged.years["covered"].tolist() == [170, 220]
    assert "S2" not in staged.coverage(2026).facilities.index


def test_a_year_in_which_nothing_opens_stays_in_the_table():
    staged = sc.open_by_year(made_plan(), n_open={2026: 0, 2027: 5, 2028: 5})
    assert staged.years["opened"].tolist() == [0, 5, 0]
    assert staged.years["cost"].tolist() == [0, 25, 0]
    assert staged.coverage(2026).share == pytest.approx(102 / 263)


def test_a_plan_without_sites_has_its_years(recwarn):
    staged = sc.open_by_year(made_plan(n_open=0), n_open={2026: 4}, budget={2026: 10})
    assert staged.sites.empty
    assert staged.years.loc[2026].to_dict() == {
        "opened": 0,
        "open_sites": 0,
        "cost": 0,
        "gain": 0,
        "covered": 102,
        "share": 102 / 263,
    }
    assert not [one for one in recwarn if "find no room" in str(one.message)]


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({}, "Give `n_open="),
        ({"n_open": {}}, "Years must be whole numbers"),
        ({"n_open": {"2026": 3}}, "Years must be whole numbers"),
        ({"n_open": {2026: 1, "2027": 3}}, "Years must be whole numbers .* \\['2027'\\]"),
        ({"n_open": {2026: 1.5}}, "`n_open\\[2026\\]` must be"),
        ({"n_open": {2026: "4"}}, "`n_open\\[2026\\]` must be"),
        ({"n_open": {2026: -1}}, "`n_open\\[2026\\]` must be"),
        ({"budget": {2026: float("inf")}}, "`budget\\[2026\\]` must be"),
        ({"n_open": {2026: 1}, "budget": {2027: 1}}, "different years"),
    ],
)
def test_wrong_years_are_named(given, message):
    with pytest.raises(InputError, match=message):
        sc.open_by_year(made_plan(), **given)


def test_plans_without_costs_or_sites_are_refused():
    plan = made_plan(cost="price")
    with pytest.raises(InputError, match="no column 'price'"):
        sc.open_by_year(plan, budget={2026: 9})
    broken = made_plan(required=["C1", "C2"], exclusive=[["C1", "C2"]])
    assert broken.status == "infeasible"
    with pytest.raises(ModelError, match="infeasible"):
        sc.open_by_year(broken, n_open={2026: 9})
