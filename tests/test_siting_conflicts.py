"""Rules that exclude each other are named, with the smallest change that mends them."""

from __future__ import annotations

import pytest

from servicecircle.errors import ModelError, ModelWarning
from servicecircle.siting import choose_sites
from test_siting import FIVE, WORKERS, world


def town():
    reach, sites, demand, _ = world(FIVE, WORKERS)
    sites["zone"] = ["A", "A", "B", "B", "C"]
    sites["cost"] = [4.0, 3.0, 2.0, 5.0, 1.0]
    demand["group"] = ["g", "g", "h", "h", "h", "i"]
    return reach, sites, demand


@pytest.mark.parametrize(
    ("rules", "rule", "number"),
    [
        ({"n_open": 2, "at_least": {"zone": 1}}, "n_open", "n_open=3"),
        ({"budget": 5, "at_least": {"zone": 1}}, "budget", "6"),
        ({"n_open": 5, "at_least": {"zone": {"C": 3}}}, "at_least", "1"),
        ({"n_open": 5, "floor": {"group": {"i": 0.5}}}, "floor", "0"),
    ],
)
def test_the_rule_and_its_mending_are_named(rules, rule, number):
    plan = choose_sites(*town(), **rules)
    row = plan.conflicts.set_index("rule").loc[rule]
    assert plan.status == "infeasible"
    assert number in row["mend_en"]
    assert row["reason_zh"]


def test_a_budget_below_the_cheapest_site_is_an_empty_plan_proved():
    with pytest.warns(ModelWarning, match="below the cheapest"):
        plan = choose_sites(*town(), budget=0.5)
    assert (plan.status, len(plan.sites), plan.value) == ("proved", 0, 0)


@pytest.mark.parametrize(
    "rules",
    [
        {"at_least": {"nowhere": 1}},
        {"at_least": {"zone": {"Z": 1}}},
        {"floor": {"nowhere": 0.5}},
        {"exclusive": "nowhere"},
        {"exclusive": [("a", "zz")]},
        {"capacity": "nowhere"},
        {"share": 0.5},
    ],
)
def test_unknown_or_meaningless_rules_are_refused(rules):
    with pytest.raises(ModelError):
        choose_sites(*town(), n_open=2, **rules)


def test_nobody_is_served_beyond_capacity():
    reach, sites, demand = town()
    sites["capacity"] = [12.0, 12.0, 12.0, 3.0, 3.0]
    plan = choose_sites(reach, sites, demand, n_open=3, capacity="capacity")
    assert (plan.status, plan.value) == ("proved", 36.0)
