"""Today's stations that may close or be made larger."""

from __future__ import annotations

import pytest

from servicecircle.errors import ModelWarning
from servicecircle.siting import choose_sites, what_if
from test_siting import world

WORKERS = {"1": 10, "2": 20, "3": 30}


def town(**columns):
    """Put an old station at the least of three places; candidates at the other two."""
    reach, sites, demand, stations = world({"b": ["2"], "c": ["3"]}, WORKERS, {"x": ["1"]})
    sites["cost"] = 5.0
    for name, value in columns.items():
        stations[name] = value
    return reach, sites, demand, {"existing": stations}


def test_stations_stay_unless_they_may_close():
    reach, sites, demand, stations = town()
    plan = choose_sites(reach, sites, demand, **stations, n_open=1)
    assert list(plan.sites.index) == ["c"]
    assert "action" not in plan.existing.columns
    assert len(plan.kept) == 1


@pytest.mark.parametrize("closable", [["x"], "old"])
def test_a_closed_station_makes_room_for_one_more(closable):
    reach, sites, demand, stations = town(old="是")
    plan = choose_sites(reach, sites, demand, **stations, n_open=1, closable=closable)
    assert plan.existing["action"].to_dict() == {"x": "closes"}
    assert list(plan.sites.index) == ["c", "b"]
    assert plan.value == 50
    assert len(plan.kept) == 0
    assert "(1 close)" in repr(plan)
    assert plan.today.summary()["covered"].iloc[-1] == 10
    assert plan.coverage.summary()["covered"].iloc[-1] == 50
    assert plan.curve["covered"].tolist() == [0, 30, 50]
    assert plan.summary()["covered_today"].item() == 10
    assert plan.demand.loc["1", "covered"] == False  # noqa: E712
    assert what_if(plan, without=["b"]).summary()["covered"].iloc[-1] == 30


def test_of_equal_plans_the_one_that_keeps_stations_is_taken():
    reach, sites, demand, stations = town()
    plan = choose_sites(reach, sites, demand, **stations, n_open=2, closable=["x"])
    assert plan.existing["action"].to_dict() == {"x": "stays"}
    assert plan.value == 60


def test_closing_costs_and_savings_count_in_the_budget():
    rules = {"budget": 5, "closable": ["x"]}
    reach, sites, demand, stations = town(closing_cost=-5.0)
    plan = choose_sites(reach, sites, demand, **stations, **rules)
    assert plan.value == 50
    reach, sites, demand, stations = town(closing_cost=1.0)
    plan = choose_sites(reach, sites, demand, **stations, **rules)
    assert plan.value == 40
    assert plan.existing["action"].to_dict() == {"x": "stays"}


def test_an_upgraded_station_serves_more():
    reach, sites, demand, stations = world({"b": ["2"]}, WORKERS, {"x": ["1", "3"]})
    sites["cost"], sites["capacity"] = 5.0, 15.0
    stations["capacity"], stations["after"], stations["upgrade_cost"] = 10.0, 35.0, 4.0
    options = {"existing": stations, "capacity": "capacity", "upgradable": "after"}
    plan = choose_sites(reach, sites, demand, **options, budget=5)
    assert plan.existing["action"].to_dict() == {"x": "upgraded"}
    assert (plan.value, len(plan.sites)) == (35, 0)
    plan = choose_sites(reach, sites, demand, **options, budget=9)
    assert plan.value == 50
    with pytest.warns(ModelWarning, match="below the cheapest"):
        plan = choose_sites(reach, sites, demand, **options, budget=3)
    assert plan.existing["action"].to_dict() == {"x": "stays"}
    assert plan.value == 10


def test_closing_mends_what_a_maximum_forbids():
    reach, sites, demand, stations = town(kind="k")
    sites["kind"] = "k"
    rules = {"n_open": 2, "at_most": {"kind": 1}}
    stays = choose_sites(reach, sites, demand, **stations, **rules)
    assert len(stays.sites) == 0
    moved = choose_sites(reach, sites, demand, **stations, **rules, closable=["x"])
    assert list(moved.sites.index) == ["c"]
    assert moved.value == 30


def test_no_station_closes_when_no_plan_is_found():
    reach, sites, demand, stations = town(kind="k")
    sites["kind"] = "k"
    rules = {"n_open": 0, "at_least": {"kind": 3}, "closable": ["x"]}
    plan = choose_sites(reach, sites, demand, **stations, **rules)
    assert plan.status == "infeasible"
    assert plan.existing["action"].to_dict() == {"x": "stays"}
    assert plan.conflicts.iloc[0]["rule"] == "at_least"
    assert plan.conflicts.iloc[0]["mend_en"].startswith("Ask for 1")


@pytest.mark.parametrize("word", ["停用", "拟建"])
def test_a_station_that_is_not_in_use_counts_in_no_rule(word):
    reach, sites, demand, stations = town(state=word)
    sites["district"], stations["existing"]["district"] = "east", "east"
    rules = {"n_open": 2, "at_most": {"district": 1}, "min_spacing": 1e6}
    plan = choose_sites(reach, sites, demand, **stations, **rules)
    without = choose_sites(reach, sites, demand, **rules)
    assert plan.value == without.value == 30
    assert list(plan.sites.index) == list(without.sites.index) == ["c"]
    assert plan.today.share == 0
    assert list(plan.existing.index) == ["x"]
