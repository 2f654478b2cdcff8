"""What counts: decay, weights of groups, two aims, preferences; and what a plan says of it."""

from __future__ import annotations

import numpy as np
import pytest

import town as grid
from servicecircle.errors import InputError, ModelError
from servicecircle.networks import read_network
from servicecircle.siting import choose_sites
from test_siting import FIVE, WORKERS, world

NEAR_AND_FAR = {"near": ["1"], "far": ["2"]}


def town():
    """One candidate near 10 workers, one far from 15; ids of demand are the sites' numbers."""
    reach, candidates, demand, _ = world(NEAR_AND_FAR, {"1": 10, "2": 15})
    reach.minutes.data[:] = [4.0, 12.0]
    return reach, candidates, demand


def test_without_decay_every_covered_worker_counts_one():
    assert list(choose_sites(*town(), n_open=1).sites.index) == ["far"]


def test_near_workers_count_more_with_a_value_for_each_cutoff():
    plan = choose_sites(*town(), n_open=1, minutes=[5, 15], decay=[1, 0.5])
    assert list(plan.sites.index) == ["near"]
    assert (plan.value, plan.status) == (10, "proved")
    assert plan.sites.loc["near", "gain"] == 10
    both = choose_sites(*town(), n_open=2, minutes=[5, 15], decay=[1, 0.5])
    assert both.value == 17.5
    assert both.coverage.summary()["covered"].tolist() == [10, 25]


@pytest.mark.parametrize(
    ("decay", "value"),
    [
        ("linear", 10 * (1 - 3 / 15) + 15 * (1 - 11 / 15)),
        (
            "gaussian",
            sum(
                workers * (np.exp(-((begun / 15) ** 2) / 2) - np.exp(-0.5)) / (1 - np.exp(-0.5))
                for workers, begun in ((10, 3), (15, 11))
            ),
        ),
    ],
)
def test_named_decays_count_the_whole_minutes_before_the_walk_ends(decay, value):
    plan = choose_sites(*town(), n_open=2, decay=decay)
    assert plan.value == pytest.approx(value, rel=1e-8)
    assert plan.status == "proved"


@pytest.mark.parametrize("decay", ["steep", [1.0, 0.5], [0.5, 0.6], [0.0], [1.2], 3])
def test_a_decay_that_does_not_fall_or_does_not_fit_is_refused(decay):
    with pytest.raises(InputError, match="`decay`"):
        choose_sites(*town(), n_open=1, decay=decay)


def test_weights_of_groups_move_the_plan_but_gains_stay_in_workers():
    reach, candidates, demand = town()
    demand["group"] = ["rider", "clerk"]
    plan = choose_sites(reach, candidates, demand, n_open=1, group_weights={"rider": 2})
    assert list(plan.sites.index) == ["near"]
    assert plan.value == 20
    assert plan.sites.loc["near", "gain"] == 10
    assert plan.coverage.share == 0.4


@pytest.mark.parametrize(
    ("rules", "said"),
    [
        ({"group_weights": {"nobody": 2}}, "nobody"),
        ({"group_weights": {"rider": 2}, "aim": "shortest_worst"}, "belongs to"),
        ({"decay": "linear", "aim": "least_walking"}, "belongs to"),
        ({"aim": ("most_covered", "most_covered")}, "two of them"),
        ({"aim": ("most_covered", "best")}, "two of them"),
        ({"max_minutes": 20}, "above the cutoff"),
        ({"upgradable": "after"}, "capacity"),
        ({"min_spacing_minutes": 3}, "needs the streets"),
        ({"prefer": ["nowhere"]}, "nowhere"),
        ({"prefer": "nowhere"}, "nowhere"),
        ({"closable": ["nowhere"]}, "nowhere"),
    ],
)
def test_what_means_nothing_is_refused(rules, said):
    reach, candidates, demand = town()
    demand["group"] = "rider"
    with pytest.raises(ModelError, match=said):
        choose_sites(reach, candidates, demand, n_open=1, **rules)


def test_the_second_aim_chooses_among_the_best_by_the_first():
    covers = {"a": ["1"], "b": ["1"]}
    reach, candidates, demand, _ = world(covers, {"1": 10})
    reach.minutes.data[:] = [9.0, 4.0]
    assert list(choose_sites(reach, candidates, demand, n_open=1).sites.index) == ["a"]
    plan = choose_sites(reach, candidates, demand, n_open=1, aim=("most_covered", "least_walking"))
    assert list(plan.sites.index) == ["b"]
    assert plan.aims["value"].to_dict() == {"most_covered": 10, "least_walking": 40}
    assert (plan.aims["status"] == "proved").all()


def test_fewest_sites_as_second_aim_leaves_out_what_adds_nothing_to_the_first():
    plan = choose_sites(*town(), n_open=2, aim=("shortest_worst", "fewest_sites"), minutes=13)
    assert plan.aims["value"].to_dict() == {"shortest_worst": 12, "fewest_sites": 2}
    reach, candidates, demand, _ = world({"a": ["1"], "b": ["1"]}, {"1": 10})
    plan = choose_sites(reach, candidates, demand, n_open=2, aim=("least_walking", "fewest_sites"))
    assert len(plan.sites) == 1


@pytest.mark.parametrize("prefer", [["c"], "keen"])
def test_among_plans_of_equal_value_the_preferred_goes_first(prefer):
    reach, candidates, demand, _ = world({"a": ["1"], "b": ["1"], "c": ["1"]}, {"1": 4})
    candidates["keen"] = ["no", "no", "yes"]
    plan = choose_sites(reach, candidates, demand, n_open=1, prefer=prefer)
    assert list(plan.sites.index) == ["c"]
    assert (plan.value, plan.status) == (4, "proved")


def test_a_preferred_site_that_covers_less_or_nobody_is_not_taken():
    covers = {"a": ["1"], "b": ["1"], "c": []}
    reach, candidates, demand, _ = world({**covers, "d": ["2"]}, {"1": 4, "2": 3})
    plan = choose_sites(reach, candidates, demand, n_open=1, prefer=["d"])
    assert list(plan.sites.index) == ["a"]
    plan = choose_sites(reach, candidates, demand, n_open=3, prefer=["b", "c"])
    assert list(plan.sites.index) == ["b", "d"]


def test_nobody_who_could_be_near_walks_farther_than_the_maximum():
    covers = {"a": ["1", "2"], "b": ["2"]}
    reach, candidates, demand, _ = world(covers, {"1": 10, "2": 1})
    reach.minutes.data[:] = [2.0, 14.0, 5.0]
    options = {"aim": "least_walking", "n_open": 1}
    assert list(choose_sites(reach, candidates, demand, **options).sites.index) == ["a"]
    plan = choose_sites(reach, candidates, demand, **options, max_minutes=6)
    assert plan.status == "infeasible"
    assert plan.conflicts.iloc[0]["rule"] == "n_open"
    assert "n_open=2" in plan.conflicts.iloc[0]["mend_en"]
    options["n_open"] = 2
    plan = choose_sites(reach, candidates, demand, **options, max_minutes=6)
    assert set(plan.sites.index) == {"a", "b"}


def test_reasons_say_what_the_site_does_in_the_plan():
    plan = choose_sites(*world(FIVE, WORKERS)[:3], n_open=3)
    for _, site in plan.sites.iterrows():
        share = f"{100 * site['share_after']:.1f}%"
        for part in (f"Number {site['order']} ", f"adds {site['gain']:.0f}", share):
            assert part in site["reason_en"]
        assert f"{site['loss']:.0f} depend on it alone" in site["reason_en"]
        assert f"新增 {site['gain']:.0f} 人" in site["reason_zh"]
        assert f"{site['loss']:.0f} 人只靠它覆盖" in site["reason_zh"]


@pytest.mark.parametrize("aim", ["most_covered", "fewest_sites", "least_walking", "fairest"])
def test_progress_is_told_in_the_planners_units(aim):
    covers = {f"s{j}": [f"p{i}" for i in range(40) if (i * 7 + j * 5) % 11 < 4] for j in range(20)}
    reach, candidates, demand, _ = world(covers, {f"p{i}": 1 + i % 5 for i in range(40)})
    demand["district"] = "one"
    heard = []
    plan = choose_sites(
        reach, candidates, demand, aim=aim, n_open=4 if aim != "fewest_sites" else None,
        progress=lambda *told: heard.append(told),
    )  # fmt: skip
    assert plan.status == "proved"
    assert heard or aim not in ("most_covered", "least_walking")
    for seconds, value, bound in heard:
        assert seconds >= 0
        better = value - bound if aim in ("least_walking", "fewest_sites") else bound - value
        assert better > -1e-6 or not np.isfinite(better)


def test_sites_are_minutes_on_foot_apart_on_the_streets(tmp_path):
    config = grid.write_town(tmp_path)
    streets = read_network(config.parent / "streets.geojson")
    shops, people = grid.shops(), grid.workers()
    pair = ["C1", "C4"]  # 200 m apart along one street: 2.7 minutes
    options = {"n_open": 5, "required": pair}
    near = choose_sites(streets, shops, people, **options, min_spacing_minutes=2.6)
    assert set(pair) <= set(near.sites.index)
    far = choose_sites(streets, shops, people, **options, min_spacing_minutes=2.7)
    assert far.conflicts.iloc[0]["rule"] == "min_spacing_minutes"
    assert set(far.conflicts.iloc[0]["ids"]) == set(pair)
    assert "`min_spacing_minutes`" in far.conflicts.iloc[0]["mend_en"]
    apart = choose_sites(streets, shops, people, n_open=5, min_spacing_minutes=2.7)
    assert apart.status == "proved"
    assert not set(pair) <= set(apart.sites.index)


def test_a_site_beside_a_station_on_foot_stays_closed(tmp_path):
    config = grid.write_town(tmp_path)
    streets = read_network(config.parent / "streets.geojson")
    shops, people, stations = grid.shops(), grid.workers(), grid.stations()
    stations.geometry = [shops.geometry.loc["C2"]]
    plan = choose_sites(streets, shops, people, existing=stations, n_open=5, min_spacing_minutes=2)
    assert "C2" not in plan.sites.index
    moved = choose_sites(
        streets, shops, people, existing=stations, n_open=5, min_spacing_minutes=2,
        closable=list(stations.index), required=["C2"],
    )  # fmt: skip
    assert moved.existing["action"].tolist() == ["closes"]
    assert "C2" in moved.sites.index


def test_places_without_workers_are_no_trouble():
    reach, candidates, demand = town()
    demand["workers"] = 0
    plan = choose_sites(reach, candidates, demand, n_open=1, decay="linear", prefer=["far"])
    assert (plan.value, plan.status, len(plan.sites)) == (0, "proved", 0)


def test_a_second_aim_out_of_reach_leaves_the_preferred_first():
    covers = {"a": ["1"], "b": ["1"], "c": ["2"]}
    reach, candidates, demand, _ = world(covers, {"1": 10, "2": 5})
    rules = {"aim": ("fewest_sites", "shortest_worst"), "share": 0.5}
    plan = choose_sites(reach, candidates, demand, **rules, prefer=["b"])
    assert plan.aims["status"].to_dict()["shortest_worst"] == "infeasible"
    assert list(plan.sites.index) == ["b"]


@pytest.mark.parametrize("column", ["district", "group", "any column"])
def test_the_fairest_plan_lifts_the_district_or_group_that_has_least(column):
    covers = {"a": ["2"], "b": ["3"]}
    reach, candidates, demand, stations = world(covers, {"1": 10, "2": 10, "3": 5}, {"x": ["1"]})
    demand[column] = ["east", "east", "west"]
    rules = {"existing": stations, "n_open": 1}
    assert list(choose_sites(reach, candidates, demand, **rules).sites.index) == ["a"]
    by = {} if column == "district" else {"fair_by": column}
    plan = choose_sites(reach, candidates, demand, **rules, aim="fairest", **by)
    assert list(plan.sites.index) == ["b"]
    assert plan.aims["value"].to_dict() == {"fairest": 0.5, "most_covered": 15}
