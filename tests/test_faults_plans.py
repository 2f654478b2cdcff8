"""Plans, maps and files that could go wrong: rows 96 to 112 of docs/faults.md."""

from __future__ import annotations

import json
import math
import os
import re
import tomllib

import numpy as np
import pandas as pd
import pyproj
import pytest

import servicecircle as sc
import town
from servicecircle.errors import InputError, ModelError, ModelWarning, UnsnappedWarning


def plan(**options):
    asked = {"n_open": 2, "minutes": 10, "existing": town.stations()} | options
    shops = asked.pop("candidates", town.shops())
    people = asked.pop("demand", town.workers())
    return sc.choose_sites(town.network(), shops, people, **asked)


def test_whoever_nobody_can_reach_is_listed_by_id():
    """Faults 96: and is not required of the fewest sites."""
    far = town.places(["firm FAR"], [(90_000, 0)]).assign(group="office", workers=7)
    with pytest.warns(UnsnappedWarning, match="'FAR'"):
        found = plan(demand=pd.concat([town.workers(), far]), n_open=None, aim="fewest_sites")
    row = found.conflicts.set_index("rule").loc["out_of_reach"]
    assert found.status == "proved"
    assert "FAR" in row["ids"]
    assert set(row["ids"]) == set(found.coverage.gaps.index)


def test_a_plan_stopped_at_once_is_a_plan_with_its_bound():
    """Faults 97: never "optimal" without one."""
    found = plan(time_limit=0)
    assert found.status == "time_limit"
    assert len(found.sites) > 0
    assert found.bound >= plan().value >= found.value
    assert found.optimality_gap == pytest.approx((found.bound - found.value) / found.value)


@pytest.mark.parametrize("cost", [math.nan, math.inf, -1.0, "cheap"])
def test_a_cost_that_is_no_number_keeps_its_candidate_closed(cost):
    """Faults 98."""
    shops = town.shops().assign(cost=pd.Series([cost, 1.0, 1.0, 1.0, 1.0], town.shops().index))
    with pytest.warns(ModelWarning, match=r"1 candidates have no valid cost.*\['C1'\]"):
        found = plan(candidates=shops, n_open=None, budget=10)
    assert "C1" not in found.sites.index
    assert np.isfinite([found.value, found.bound]).all()


def test_a_negative_capacity_is_refused_with_its_row():
    """Faults 98."""
    shops = town.shops().assign(capacity=[1.0, -1.0, np.nan, 5.0, 5.0])
    with pytest.raises(ModelError, match=r"numbers, not negative: \['C2'\]"):
        plan(candidates=shops, capacity="capacity")


def test_a_capacity_in_words_is_no_room_without_limit():
    shops = town.shops().assign(capacity=["20", "约30人", "", None, "5"])
    with pytest.raises(ModelError, match=r"numbers, not negative: \['C2'\]"):
        plan(candidates=shops, capacity="capacity")


def test_a_budget_below_every_price_is_an_empty_plan_proved():
    """Faults 99."""
    with pytest.warns(ModelWarning, match="below the cheapest"):
        found = plan(candidates=town.shops().assign(cost=100.0), n_open=None, budget=50)
    assert (found.status, len(found.sites)) == ("proved", 0)
    assert found.value == found.bound == found.today.summary()["covered"].iloc[-1]


def test_too_many_musts_are_infeasible_and_named():
    """Faults 100."""
    found = plan(required=["C1", "C2", "C3"])
    assert found.status == "infeasible"
    assert {"C1", "C2", "C3"} <= {one for ids in found.conflicts["ids"] for one in ids}
    with pytest.raises(ModelError, match="'C1'"):
        plan(required=["C1"], forbidden=["C1"])


def test_of_equal_sites_the_smaller_id_opens_whatever_the_order():
    """Faults 101."""
    shops = town.shops().loc[["C4"]]
    twins = pd.concat([shops.rename(index={"C4": name}) for name in ("z", "b", "m")])
    for order in ([0, 1, 2], [2, 0, 1], [1, 2, 0]):
        assert plan(candidates=twins.iloc[order], n_open=1).sites.index.tolist() == ["b"]


def test_the_solver_is_no_option(root):
    """Faults 102: what plans need is always installed."""
    project = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))["project"]
    assert any(re.match("highspy", one) for one in project["dependencies"])


@pytest.mark.parametrize("aim", ["most_covered", "fewest_sites", "least_walking"])
def test_without_any_worker_shares_are_missing(aim):
    """Faults 103."""
    found = plan(demand=town.workers().assign(workers=0), aim=aim, n_open=2)
    assert found.status == "proved"
    assert math.isnan(found.coverage.share)
    assert found.coverage.summary()["share"].isna().all()


def test_more_people_than_places_are_served_in_part():
    """Faults 104."""
    shops = town.shops().assign(capacity=20.0)
    found = plan(candidates=shops, existing=None, capacity="capacity")
    assert found.status == "proved"
    assert found.value == 40.0
    assert found.sites["served"].tolist() == [20.0, 20.0]
    assert found.coverage.summary()["covered"].iloc[-1] > 40


def test_a_plan_is_the_same_on_any_number_of_cores(monkeypatch):
    """Faults 105."""
    plans = []
    for cores in (1, 2, 7):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        plans.append(plan())
    for other in plans[1:]:
        pd.testing.assert_frame_equal(
            pd.DataFrame(plans[0].sites), pd.DataFrame(other.sites), check_exact=True
        )
        pd.testing.assert_frame_equal(
            pd.DataFrame(plans[0].demand), pd.DataFrame(other.demand), check_exact=True
        )


@pytest.mark.parametrize("stations", [0, 1])
@pytest.mark.parametrize("people", [0, 49])
@pytest.mark.parametrize("name", ["map.html", "report.xlsx", "report.gpkg"])
def test_empty_layers_are_written(tmp_path, stations, people, name):
    """Faults 106."""
    found = sc.measure_coverage(
        town.network(), town.stations().iloc[:stations], town.workers().iloc[:people]
    )
    if name == "map.html":
        sc.save_map(sc.map_coverage(found), tmp_path / name)
    else:
        sc.write_report(found, tmp_path / name)
    assert (tmp_path / name).stat().st_size > 1000


def test_a_hundred_thousand_workplaces_are_a_light_map(tmp_path):
    """Faults 107: folium's markers cost 20.7 MB for a fifth of them."""
    random = np.random.default_rng(0)
    count, side = 100_000, town.STEP * town.BLOCKS
    xy = random.uniform(0, side, (count, 2)).round(1)
    people = town.places([f"firm W{k}" for k in range(count)], list(map(tuple, xy)))
    people = people.drop(columns="name").assign(workers=1)
    found = sc.measure_coverage(town.network(), town.stations(), people, minutes=[5, 10])
    sc.save_map(sc.map_coverage(found), tmp_path / "map.html")
    assert (tmp_path / "map.html").stat().st_size < 3_000_000


def test_a_key_of_tiles_is_in_no_file_and_no_text_unless_asked(tmp_path):
    """Faults 110."""
    found = sc.measure_coverage(town.network(), town.stations(), town.workers())
    drawn = sc.map_coverage(found, basemap="tianditu")
    sc.save_map(drawn, tmp_path / "asked.html", tile_key="K3Y-0F-0URS")
    sc.save_map(drawn, tmp_path / "plain.html")
    assert "K3Y-0F-0URS" in (tmp_path / "asked.html").read_text(encoding="utf-8")
    assert "K3Y-0F-0URS" not in (tmp_path / "plain.html").read_text(encoding="utf-8")
    assert "K3Y-0F-0URS" not in repr(drawn) + drawn._repr_html_()


def test_missing_numbers_in_a_map_are_valid_json(tmp_path):
    """Faults 111."""
    shops = town.shops().assign(area=np.nan, floor=[1.0, np.nan, np.inf, -np.inf, pd.NA])
    found = plan(candidates=shops, demand=town.workers().assign(note=np.nan))
    sc.save_map(sc.map_plan(found), tmp_path / "map.html")
    text = (tmp_path / "map.html").read_text(encoding="utf-8")
    blocks = re.findall(r'<script type="application/json"[^>]*>(.*?)</script>', text, re.DOTALL)
    assert blocks

    def refuse(constant):
        raise AssertionError(constant)

    for block in blocks:
        json.loads(block, parse_constant=refuse)


@pytest.mark.parametrize("name", ["map.html", "report.xlsx", "reach.parquet", "network"])
def test_a_missing_folder_is_made(tmp_path, name):
    """Faults 112; one that cannot be made is refused."""
    found = sc.measure_coverage(town.network(), town.stations(), town.workers())

    def write(folder):
        path = folder / name
        if name == "map.html":
            sc.save_map(sc.map_coverage(found), path)
        elif name == "report.xlsx":
            sc.write_report(found, path)
        else:
            (found.reach if name == "reach.parquet" else found.network).save(path)

    write(tmp_path / "new" / "deep")
    assert (tmp_path / "new" / "deep" / name).exists()
    (tmp_path / "file").write_text("x", encoding="utf-8")
    with pytest.raises(InputError, match="Cannot write"):
        write(tmp_path / "file")


@pytest.mark.parametrize(("more", "count"), [(-1e-6, 2), (1e-6, 1)])
def test_spacing_is_measured_on_the_globe(more, count):
    shops = town.shops().loc[["C1", "C2"]]
    (a, b) = shops.to_crs(4326).geometry
    metres = pyproj.Geod(ellps="WGS84").inv(a.x, a.y, b.x, b.y)[2]
    assert len(plan(candidates=shops, min_spacing=metres + more).sites) == count
