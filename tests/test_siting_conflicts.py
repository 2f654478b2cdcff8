"""Rules that exclude each other are named, with the smallest change that mends them."""

from __future__ import annotations

import random
import re

import pandas as pd
import pytest

from servicecircle.errors import ModelError, ModelWarning
from servicecircle.siting import choose_sites
from servicecircle.siting._conflicts import Conflict, find_conflicts
from test_siting import FIVE, WORKERS, world
from test_siting_every_rule import AIMS, Oracle, Town, asked_of, question, solved


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
    assert plan.summary()["served"].item() == plan.sites["served"].sum() == 36
    assert "serving 36 workers" in repr(plan)


def conflicts_of(town, asked):
    """Solve, and name what is in the way; nothing where nothing is."""
    problem, found = solved(town, asked)
    broken = find_conflicts(problem) if found.first.status == "infeasible" else []
    return pd.DataFrame(broken, columns=Conflict._fields)


def by_value(town, wanted):
    """Write one number for every zone or group as a number for each."""
    column, numbers = next(iter(wanted.items()))
    frames = (town.demand,) if column == "group" else (town.sites, town.stations)
    known = {value for frame in frames for value in frame[column] if isinstance(value, str)}
    return {column: dict(numbers) if isinstance(numbers, dict) else dict.fromkeys(known, numbers)}


def relaxed(town, rules, conflicts):
    """Do what the sentences say would mend it; None where they leave a choice."""
    rules = dict(rules)
    for row in conflicts.to_dict("records"):
        name, mend = row["rule"], row["mend_en"]
        number = re.search(r"[\d.]+(?<!\.)", mend)
        if name == "max_minutes" and "Leave out" in mend:
            del rules[name]
        elif name in ("n_open", "budget", "max_minutes", "share"):
            rules[name] = float(number[0])
        elif name in ("at_least", "at_most", "floor"):
            column, value = re.search(r"(zone|group) = (\w+)", row["reason_en"]).groups()
            rules[name] = by_value(town, rules[name])
            rules[name][column][value] = float(number[0])
        else:
            return None
    return rules


@pytest.mark.parametrize("aim", AIMS)
def test_what_the_plan_says_would_mend_it_does(aim):
    draw, mended = random.Random(aim), set()  # noqa: S311
    numeric = ["n_open", "budget", "at_least", "at_most", "floor", "max_minutes", "backup"]
    for _ in range(30):
        town = Town(draw, small=True)
        names = draw.sample(numeric, 4)
        rules = question(draw, (aim,), names)
        asked = asked_of(town, (aim,), rules)
        broken = conflicts_of(town, asked)
        changed = relaxed(town, rules, broken)
        if broken.empty:
            continue
        assert changed != rules, (rules, broken.to_dict("records"))
        if changed is not None:
            again = asked_of(town, (aim,), changed)
            assert Oracle(town, again).best()[0] is not None, (rules, changed)
            mended |= {name for name in rules if changed.get(name) != rules[name]}
    assert {"n_open", "floor", "max_minutes"} <= mended


def test_the_longest_walk_is_relaxed_no_further_than_needed():
    draw, seen = random.Random(8), 0  # noqa: S311
    for _ in range(100):
        town = Town(draw, small=True)
        rules = {"n_open": draw.choice([1, 2]), "max_minutes": draw.choice([4.0, 7.0])}
        broken = conflicts_of(town, asked_of(town, ("most_covered",), rules))
        if set(broken["rule"]) != {"max_minutes"}:
            continue
        seen += 1
        limit = relaxed(town, rules, broken)["max_minutes"]
        for fewer in range(int(rules["max_minutes"]) + 1, int(limit)):
            asked = asked_of(town, ("most_covered",), rules | {"max_minutes": float(fewer)})
            assert Oracle(town, asked).best()[0] is None, (rules, limit, fewer)
    assert seen > 3


def test_a_longest_walk_that_cannot_be_kept_is_named_with_the_places():
    reach, sites, demand, _ = world({"a": ["1", "2"], "b": ["2"]}, {"1": 10, "2": 1})
    reach.minutes.data[:] = [2.0, 6.3, 5.0]
    options = {"aim": "least_walking", "n_open": 1, "required": ["a"]}
    plan = choose_sites(reach, sites, demand, **options, max_minutes=6)
    (row,) = plan.conflicts.to_dict("records")
    assert (row["rule"], row["rule_zh"], row["ids"]) == ("max_minutes", "最长步行时间", ("2",))
    assert row["mend_en"] == "Raise `max_minutes` to 6.3."
    assert row["mend_zh"] == "把最长步行时间放宽到 6.3 分钟。"
    again = choose_sites(reach, sites, demand, **options, max_minutes=6.3)
    assert again.status == "proved"


def test_without_room_for_all_the_missing_room_is_named():
    reach, sites, demand, _ = world({"a": ["1"], "b": ["2"]}, {"1": 10, "2": 20})
    sites["capacity"] = [10.0, 15.0]
    options = {"capacity": "capacity", "n_open": 2}
    plan = choose_sites(reach, sites, demand, aim="shortest_worst", **options)
    (row,) = plan.conflicts.to_dict("records")
    assert row["rule"] == "capacity"
    assert row["reason_en"] == "30 workers must find room, but only 25 can."
    assert "5 人" in row["mend_zh"]
    sites["capacity"] += 5
    assert choose_sites(reach, sites, demand, aim="shortest_worst", **options).value == 5


def test_chinese_sentences_hold_no_english():
    seen = set()
    for rules in (
        {"n_open": 2, "at_least": {"zone": 1}},
        {"budget": 5, "at_least": {"zone": 1}},
        {"n_open": 5, "at_least": {"zone": {"C": 3}}},
        {"n_open": 5, "floor": {"group": {"i": 0.5}}},
        {"n_open": 5, "required": ["a", "b"], "exclusive": [("a", "b")]},
        {"n_open": 5, "required": ["a", "b"], "min_spacing": 1e5},
        {"n_open": 1, "required": ["a", "b"]},
        {"aim": "fewest_sites", "share": 0.9},
        {"n_open": 5, "required": ["a"], "at_most": {"zone": {"A": 0}}},
    ):
        for row in choose_sites(*town(), **rules).conflicts.to_dict("records"):
            seen.add(row["rule"])
            text = "".join(row[name] for name in ("rule_zh", "reason_zh", "mend_zh"))
            assert not re.search(r"[A-Za-z]{2,}", text), text
    assert seen >= {"budget", "at_least", "at_most", "floor", "exclusive", "min_spacing", "share"}
