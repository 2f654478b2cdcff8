"""What a plan says about itself, and plans beside each other."""

from __future__ import annotations

import pytest

import town as grid
from servicecircle.errors import InputError, ModelError
from servicecircle.networks import read_network
from servicecircle.siting import choose_sites, compare_plans, stability, what_if
from test_siting import FIVE, WORKERS, value_of, world


def test_loss_is_what_the_plan_covers_less_without_the_site():
    plan = choose_sites(*world(FIVE, WORKERS)[:3], n_open=3)
    sites = list(plan.sites.index)
    for site in sites:
        left = [other for other in sites if other != site]
        assert plan.sites.loc[site, "loss"] == plan.value - value_of(FIVE, WORKERS, left)
        assert what_if(plan, without=[site]).summary()["covered"].iloc[-1] == value_of(
            FIVE, WORKERS, left
        )


def test_runner_up_is_the_best_neighbour_in_place_of_the_site():
    plan = choose_sites(*world(FIVE, WORKERS)[:3], n_open=2)
    sites = list(plan.sites.index)
    for site in sites:
        left = [other for other in sites if other != site]
        near = [c for c in FIVE if c not in sites and abs(ord(c) - ord(site)) <= 2]  # 96 m apart
        best = max(value_of(FIVE, WORKERS, [*left, other]) for other in near)
        assert plan.sites.loc[site, "runner_up"] in near
        assert plan.sites.loc[site, "runner_up_loss"] == plan.value - best


def test_cost_per_worker_is_cost_over_gain():
    reach, candidates, demand, _ = world(FIVE, WORKERS)
    candidates["cost"] = 600.0
    plan = choose_sites(reach, candidates, demand, n_open=2)
    assert (plan.sites["cost_per_worker"] * plan.sites["gain"]).tolist() == [600.0, 600.0]


def test_knee_is_where_the_curve_bends():
    covers = {"a": ["1"], "b": ["2"], "c": ["3"], "d": ["4"]}
    plan = choose_sites(*world(covers, {"1": 50, "2": 40, "3": 2, "4": 1})[:3], n_open=4)
    assert plan.curve.index[plan.curve["knee"]].tolist() == [2]


def test_curve_of_equal_gains_has_no_knee():
    covers = {"a": ["1"], "b": ["2"], "c": ["3"]}
    plan = choose_sites(*world(covers, dict.fromkeys("123", 5))[:3], n_open=3)
    assert not plan.curve["knee"].any()


def test_what_if_opens_other_candidates_and_leaves_the_plan_alone():
    plan = choose_sites(*world(FIVE, WORKERS)[:3], n_open=1)
    sites = list(plan.sites.index)
    more = what_if(plan, with_=["d"])
    assert more.summary()["covered"].iloc[-1] == value_of(FIVE, WORKERS, [*sites, "d"])
    assert list(plan.sites.index) == sites


def test_what_if_closes_an_existing_station():
    reach, candidates, demand, stations = world(FIVE, WORKERS, {"x": ["6"]})
    plan = choose_sites(reach, candidates, demand, existing=stations, n_open=1)
    assert what_if(plan, without=["x"]).summary()["covered"].iloc[-1] == plan.value - 100


def test_what_if_names_unknown_ids():
    plan = choose_sites(*world(FIVE, WORKERS)[:3], n_open=1)
    with pytest.raises(ModelError, match="'nowhere'"):
        what_if(plan, without=["nowhere"])
    with pytest.raises(ModelError, match="'nowhere'"):
        what_if(plan, with_=["nowhere"])
    with pytest.raises(InputError, match="list of ids"):
        what_if(plan, without="a")


def test_two_plans_side_by_side():
    inputs = world(FIVE, WORKERS)[:3]
    small, large = (choose_sites(*inputs, n_open=n) for n in (1, 3))
    table = compare_plans(small, large)
    assert table.loc["covered", "change"] == large.value - small.value
    assert table.loc["sites"].tolist() == [1, 3, 2]
    both = set(small.sites.index) & set(large.sites.index)
    assert table.loc["sites_in_both", "first"] == len(both)


def test_cost_of_a_plan_counts_closing_and_upgrading():
    reach, sites, demand, stations = world(
        {"b": ["2"], "c": ["3"]}, {"1": 1, "2": 20, "3": 30}, {"x": ["1"], "y": ["1"]}
    )
    sites["cost"], sites["capacity"] = [5.0, 7.0], 50.0
    stations["shut"], stations["refit"] = [-2.0, None], [None, 4.0]
    stations["capacity"], stations["after"] = [0.0, 0.0], [None, 1.0]
    rules = {
        "existing": stations, "capacity": "capacity", "upgradable": "after",
        "upgrade_cost": "refit", "closing_cost": "shut", "n_open": 1,
    }  # fmt: skip
    still = choose_sites(reach, sites, demand, **rules | {"upgradable": None})
    moved = choose_sites(reach, sites, demand, **rules, closable=["x"])
    assert moved.existing["action"].tolist() == ["closes", "upgraded"]
    table = compare_plans(still, moved)
    assert table.loc["cost"].tolist() == [7.0, 5.0 + 7.0 - 2.0 + 4.0, 7.0]


def test_stability_says_which_sites_stay_when_weights_move():
    reach, candidates, demand, _ = world({"a": ["1"], "b": ["2"]}, {"1": 100, "2": 95})
    demand["group"] = ["g", "h"]
    table = stability(choose_sites(reach, candidates, demand, n_open=1))
    assert table.loc["a", "in_plan"]
    assert not table.loc["a", "weight g -10%"]
    assert table.loc["b", "weight g -10%"]
    assert not table.loc["b", "weight h -10%"]
    assert table["stays"].sum() == pytest.approx(1.0)
    with pytest.raises(InputError, match="`by`"):
        stability(choose_sites(reach, candidates, demand, n_open=1), by=2)


def test_stability_keeps_a_longest_walk_within_the_moved_cutoff():
    reach, candidates, demand, _ = world({"a": ["1"], "b": ["1"]}, {"1": 10})
    reach.minutes.data[:] = [14.0, 4.0]
    plan = choose_sites(reach, candidates, demand, n_open=1, max_minutes=15)
    assert list(plan.sites.index) == ["a"]
    assert stability(plan)["stays"].to_dict() == {"b": 1.0, "a": 0.0}  # 13.5 minutes


def test_stability_moves_speed_and_cutoff_where_there_are_streets(tmp_path):
    config = grid.write_town(tmp_path)
    streets = read_network(config.parent / "streets.geojson")
    shops, people = grid.shops(), grid.workers().drop(columns="group", errors="ignore")
    plan = choose_sites(streets, shops, people, n_open=1, minutes=[3, 6])
    table = stability(plan, by=0.5)
    for name, moved in {
        "speed -50%": {"speed": 2.25},
        "speed +50%": {"speed": 6.75},
        "minutes -50%": {"minutes": [1.5, 3]},
        "minutes +50%": {"minutes": [4.5, 9]},
    }.items():
        again = choose_sites(streets, shops, people, n_open=1, **{"minutes": [3, 6], **moved})
        assert list(table.index[table[name]]) == list(again.sites.index), name
    assert set(table.columns[1:-1]) == {"speed -50%", "speed +50%", "minutes -50%", "minutes +50%"}
