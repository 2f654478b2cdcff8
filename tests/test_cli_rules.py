"""The planner's rules on the command line and in plan.toml, in a made-up town."""

import json

import pandas as pd
import pytest

import town
from servicecircle.cli import main

RULES = {
    "aim": ["most_covered", "least_walking"],
    "n_open": 2,
    "decay": [1.0, 0.5],
    "group_weights": {"factory": 2},
    "budget": 9,
    "at_least": {"side": {"east": 1}},
    "at_most": {"side": 2},
    "min_spacing": 250,
    "min_spacing_minutes": 3,
    "exclusive": "building",
    "floor": {"group": 0.1},
    "max_minutes": 3,
    "closable": "may close",
    "closing_cost": "closing",
    "prefer": "keen",
    "required": ["C2"],
    "forbidden": ["C3"],
    "time_limit": 20,
}
OPTIONS = [
    "--aim",
    "most_covered",
    "--aim",
    "least_walking",
    "--n-open",
    "2",
    "--decay",
    "1,0.5",
    "--group-weight",
    "factory=2",
    "--budget",
    "9",
    "--at-least",
    "side:east=1",
    "--at-most",
    "side=2",
    "--min-spacing",
    "250",
    "--min-spacing-minutes",
    "3",
    "--exclusive",
    "building",
    "--floor",
    "group=0.1",
    "--max-minutes",
    "3",
    "--closing-cost",
    "closing",
    "--prefer",
    "keen",
    "--required",
    "C2",
    "--forbidden",
    "C3",
    "--time-limit",
    "20",
    "--minutes",
    "5",
    "--minutes",
    "10",
]


@pytest.fixture
def config(tmp_path):
    """Write the town with every column that a rule may name."""
    config = town.write_town(tmp_path)
    shops = pd.read_csv(tmp_path / "shops.csv")
    shops["side"] = ["east", "east", "west", "east", "west"]
    shops["cost"] = [4, 3, 2, 4, 1]
    shops["building"] = ["b1", "b2", "b3", "b1", "b4"]
    shops["keen"] = ["否", "否", "是", "是", "否"]
    shops["capacity"] = 300
    shops.to_csv(tmp_path / "shops.csv", index=False)
    stations = pd.read_csv(tmp_path / "stations.csv")
    stations = stations.assign(side="west", closing=1, capacity=80, after=160, upgrade_cost=2)
    stations["may close"] = "是"
    stations.to_csv(tmp_path / "stations.csv", index=False)
    return config


def write_rules(config, rules):
    lines = [f"{name} = {_toml(value)}" for name, value in rules.items()]
    text = town.PLAN.replace("n_open = 2", "\n".join(lines))
    config.write_text(text, encoding="utf-8")


def _toml(value):
    if isinstance(value, dict):
        return "{ " + ", ".join(f'"{key}" = {_toml(one)}' for key, one in value.items()) + " }"
    return json.dumps(value, ensure_ascii=False)


def flags(config):
    files = ("network", "streets.geojson", "stations", "stations.csv", "demand", "workers.csv")
    files += ("candidates", "shops.csv")
    pairs = zip(files[::2], files[1::2], strict=True)
    named = [[f"--{name}", str(config.parent / file)] for name, file in pairs]
    return [*(text for pair in named for text in pair), "--coordinates", "wgs84"]


def test_plan_toml_and_the_options_of_site_ask_the_same(config, capsys):
    write_rules(config, RULES)
    assert main(["plan", str(config), "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)["plan"]
    assert main(["site", *flags(config), *OPTIONS, "--closable", "may close", "--json"]) == 0
    site = json.loads(capsys.readouterr().out)
    assert plan["status"] == site["status"] == "proved"
    assert plan["value"] == site["value"]
    ids = [row["id"] for row in plan["sites"]]
    assert ids == [row["id"] for row in site["rows"]]
    assert "C2" in ids
    assert "C3" not in ids
    assert [row["aim"] for row in plan["aims"]] == ["most_covered", "least_walking", "prefer"]


def test_a_full_station_is_upgraded_rather_than_another_opened(config, capsys):
    rules = {"n_open": 1, "budget": 2, "capacity": "capacity", "upgradable": "after"}
    write_rules(config, rules | {"forbidden": ["C3", "C5"]})
    assert main(["plan", str(config), "--json"]) == 0
    plan = json.loads(capsys.readouterr().out)["plan"]
    assert plan["status"] == "proved"
    assert plan["sites"] == []
    assert plan["stations"] == [{"id": "S1", "action": "upgraded"}]


@pytest.mark.parametrize(
    ("option", "said"),
    [
        (["--at-least", "district"], "name=number"),
        (["--at-most", "side=1.5"], "whole number"),
        (["--floor", "group=much"], "needs numbers"),
        (["--at-most", "side=1", "--at-most", "side:east=1"], "both"),
        (["--aim", "best"], "must be one of"),
        (["--decay", "0.5,1"], "falling"),
        (["--closable", "nowhere"], "nowhere"),
        (["--prefer", "name"], "yes or no"),
    ],
)
def test_rules_that_cannot_be_read_are_one_line(config, capsys, option, said):
    assert main(["site", *flags(config), "--n-open", "2", *option]) == 2
    said_on_screen = capsys.readouterr().err.strip().splitlines()
    assert said in said_on_screen[-1]


def test_rules_in_the_way_are_told(config, capsys):
    write_rules(config, {"n_open": 1, "at_least": {"side": 2}})
    assert main(["plan", str(config)]) == 0
    assert "No plan keeps all rules" in capsys.readouterr().out
