"""The published figures that reports may quote: signs, programmes and dates are kept."""

from __future__ import annotations

import re

import pytest

import servicecircle as sc
from servicecircle.standards import PRESETS

# Programme, key → the line of the planners' document, copied by hand
QUOTED = {
    ("Miyun district, Beijing", "stations"): "242 stations",
    ("Miyun district, Beijing", "public_stations"): "189 stations",
    ("Miyun district, Beijing", "chain_stations"): "21 stations",
    ("Miyun district, Beijing", "shop_area"): "20 m2",
    ("Dongcheng district, Beijing", "stations"): "644 stations",
    ("Dongcheng district, Beijing", "per_community"): "3.5 stations",
    ("Dongcheng district, Beijing", "smallest_room"): "<8 m2",
    ("Beijing", "stations"): "9,650 stations",
    ("Beijing", "public_area_homes"): "14 homes",
    ("Beijing", "demonstration_homes"): "145 homes",
    ("Beijing", "nursing_rooms"): "2,020 rooms",
    ("Fujian province", "homes"): "≥300 homes",
    ("Fujian province", "own_funds"): "4,000,000 yuan",
    ("Fujian province", "leveraged_funds"): "186,000,000 yuan",
    ("Fujian province", "free_space"): "192,000 m2",
    ("Fuzhou", "homes"): "34 homes",
    ("Xiamen", "cost_per_visit"): "41.1 yuan",
    ("Xiamen", "staff"): "≈<100 people",
    ("Quanzhou", "district_workers"): "≥30,000 people",
    ("Quanzhou", "visits_per_event"): "≥318 visits",
    ("Chiping district", "new_stations"): "12 stations",
    ("Chiping district", "driver_visits"): "≥450 visits",
    ("Liaoning province", "park_workers"): "≥10,000 people",
    ("Liaoning province", "event_people"): "≈<300 people",
    ("China", "stations"): "186,100 stations",
    ("China", "visits_a_day"): "2,310,000 visits a day",
    ("Binzhou", "stations"): "292 stations",
    ("Ya'an, development zone", "money_each"): "26,700 yuan",
    ("Quanzhou, Taiwanese investment zone", "station_area"): "13.5 m2",
}


@pytest.fixture(scope="module")
def figures():
    return sc.benchmarks().set_index(["programme", "key"])


@pytest.mark.parametrize(("key", "text"), QUOTED.items())
def test_a_figure_is_quoted_with_its_sign_programme_and_date(figures, key, text):
    row = figures.loc[key]
    second = ", second-hand" if row["source"] == "PUB" else ""
    assert row["quotation"] == f"{text} ({key[0]}, {row['date']}{second})"
    assert row["date"]


def test_every_figure_of_every_programme_is_there_once(figures):
    assert figures.index.is_unique
    assert len(figures) == sum(len(sc.standard(name).facts) for name in PRESETS) + 18


@pytest.mark.parametrize("name", PRESETS)
def test_odd_near_and_less_than_are_never_made_exact(name):
    for fact in sc.standard(name).facts.to_dict("records"):
        original, sign = fact["original"], fact["sign"]
        if re.search(r"[\d百千万][余多]|^超", original) and not isinstance(fact["value"], str):
            assert sign == "≥", fact
        if original.startswith("近"):
            assert sign == "≈<", fact
        if original.startswith("不到") and not re.search("[余多]", original):
            assert sign == "<", fact


def test_a_standard_says_when_its_text_was_written_and_how_it_spreads_stations():
    fujian = sc.standard("fujian")
    assert fujian.date == "2019-09 to about 2021-01"
    assert fujian.layout.startswith("grid-based 网格化")
