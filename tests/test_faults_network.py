"""Networks and numbers that are wrong: rows 27 to 50 of docs/faults.md."""

from __future__ import annotations

import inspect
import math
import os
from itertools import pairwise

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely

import servicecircle as sc
import town
from cities import City
from servicecircle.errors import (
    InputError,
    InputWarning,
    NetworkError,
    NetworkWarning,
    UnsnappedWarning,
)


def chain(*edges, crs=32650):
    """Make a graph of edges (from, to, attributes), its nodes 100 m apart from west to east."""
    graph = nx.MultiDiGraph(crs=crs)
    names = dict.fromkeys(end for edge in edges for end in edge[:2])
    for k, name in enumerate(names):
        graph.add_node(name, x=town.WEST + 100 * k, y=town.SOUTH)
    for start, end, data in edges:
        graph.add_edge(start, end, **data)
    return graph


def minutes_between(network, a, b):
    """Walk from node to node, numbered from west to east of `chain`."""
    at = [shapely.Point(town.WEST + 100 * k, town.SOUTH) for k in (a, b)]
    places = gpd.GeoDataFrame({"workers": 1.0}, index=["a", "b"], geometry=at, crs=32650)
    return float(sc.walk_times(network, places, places, cutoff=60).minutes.todense()[0, 1])


@pytest.mark.parametrize("length", [math.nan, math.inf, -1.0, "long", None, [5.0]])
def test_an_edge_without_a_usable_length_is_named(length):
    """Faults 27, 28, 31."""
    graph = chain((0, 1, {"length": length}), (1, 2, {"length": 100.0}))
    with pytest.raises(NetworkError, match=r"1 edges have a length.*\[\(0, 1\)\]"):
        sc.network_from_osmnx(graph)


def test_lengths_as_text_are_numbers_and_none_is_not_one():
    """Faults 29, 31: networkx would take 1 for the missing length."""
    graph = chain((0, 1, {"length": "150"}), (1, 2, {}))
    with pytest.warns(NetworkWarning, match="1 of 2 edges have no `length`"):
        network = sc.network_from_osmnx(graph)
    assert network.metres.sum() == pytest.approx(150 + 100, rel=1e-3)


def test_a_graph_whose_lengths_have_another_name_says_what_it_has():
    """Faults 30."""
    graph = chain((0, 1, {"lenght": 70.0}), (1, 2, {"lenght": 70.0}))
    with pytest.warns(NetworkWarning, match=r"2 of 2 edges.*\['lenght'\]"):
        network = sc.network_from_osmnx(graph)
    assert network.metres.sum() == pytest.approx(200, rel=1e-3)


def test_a_street_of_no_length_is_kept_and_costs_nothing():
    """Faults 32."""
    edges = [(0, 1, {"length": 75.0}), (1, 2, {"length": 0.0}), (2, 3, {"length": 75.0})]
    network = sc.network_from_osmnx(chain(*edges))
    assert minutes_between(network, 0, 3) == 2.0


def test_a_loop_changes_no_way():
    """Faults 33."""
    plain = [(0, 1, {"length": 75.0}), (1, 2, {"length": 75.0})]
    network = sc.network_from_osmnx(chain(*plain, (1, 1, {"length": 10.0})))
    assert minutes_between(network, 0, 2) == 2.0


def test_of_parallel_edges_the_shorter_counts():
    """Faults 34: not their sum, as in a matrix."""
    lengths = ((0, 1, 75.0), (1, 2, 750.0), (1, 2, 150.0), (2, 3, 75.0))
    network = sc.network_from_osmnx(chain(*((a, b, {"length": m}) for a, b, m in lengths)))
    assert minutes_between(network, 0, 3) == pytest.approx(1 + 150 / 75 + 1)


def test_a_station_on_an_island_reaches_its_island_and_no_number_elsewhere(tmp_path):
    """Faults 36, 40."""
    city = City("\n".join(["A" + "-" * 50 + "B", "", "", "", "", "C---D"]))
    network = city.network(tmp_path)
    with pytest.warns(UnsnappedWarning, match=r"\['C', 'D'\]"):
        found = sc.measure_coverage(network, city.places("A"), city.places("BCD"), minutes=60)
    assert found.demand["status"].to_dict() == {"B": "ok", "C": "island", "D": "island"}
    assert found.demand["minutes"][["C", "D"]].isna().all()
    assert found.share == pytest.approx(1 / 3)
    kept = city.network(tmp_path).quality()
    assert kept.loc["on islands", "value"] == pytest.approx(200 / 2750, rel=0.01)


def test_an_edge_to_a_node_without_a_place_is_refused():
    """Faults 37."""
    graph = chain((0, 1, {"length": 100.0}))
    graph.add_edge(1, "nowhere", length=5.0)
    with pytest.raises(NetworkError, match=r"1 lack them: \['nowhere'\]"):
        sc.network_from_osmnx(graph)


def test_a_node_that_stands_twice_in_a_file_is_one_junction(tmp_path):
    """Faults 38: with the place that osmium gives it, and no length counted twice."""
    city = City("A---B---C\n    |\n    D")
    text = city.osm()
    whole = city.network(tmp_path)
    start = text.index('<node id="2"')
    node = text[start : text.index("</node>", start) + len("</node>")]
    (tmp_path / "twice.osm").write_text(text.replace(node, node + node), encoding="utf-8")
    again = sc.read_network(tmp_path / "twice.osm")
    assert len(again.node_xy) == len(whole.node_xy) == 4
    assert again.metres.tolist() == whole.metres.tolist()


@pytest.mark.parametrize("nodes", [[], [(1, {"x": 114.3, "y": 30.6})]])
def test_a_graph_without_edges_is_refused(nodes):
    """Faults 39."""
    graph = nx.MultiDiGraph(crs=4326)
    graph.add_nodes_from(nodes)
    with pytest.raises(NetworkError, match="no edges"):
        sc.network_from_osmnx(graph)


def test_a_file_without_streets_is_refused(tmp_path):
    """Faults 39."""
    (tmp_path / "nothing.osm").write_text('<osm version="0.6"></osm>', encoding="utf-8")
    with pytest.raises(NetworkError, match="no way"):
        sc.read_network(tmp_path / "nothing.osm")


def test_node_ids_may_be_anything():
    """Faults 41: beyond 2^31, negative, text, and 1 beside "1"."""
    names = [2**40, -5, "x", 1, "1"]
    edges = [(a, b, {"length": 75.0}) for a, b in pairwise(names)]
    edges.append((names[1], "side", {"length": 75.0}))
    network = sc.network_from_osmnx(chain(*edges))
    assert minutes_between(network, 0, 4) == 4.0


@pytest.mark.parametrize("number", [2**40, -7, 3])
def test_ids_of_tables_come_back_unchanged(number):
    """Faults 41."""
    people = town.workers().set_axis([f"{number}", number, *range(100, 147)], axis=0)
    found = sc.measure_coverage(town.network(), town.stations(), people)
    assert found.demand.index.tolist() == people.index.tolist()
    assert found.reach.to_frame()["demand"].isin(people.index).all()


@pytest.mark.parametrize("minutes", [-1, math.nan, math.inf, "soon", None, [], [10, -1], True])
def test_cutoffs_must_be_numbers_from_nought(minutes):
    """Faults 43, 44."""
    places = town.stations(), town.workers()
    for ask in (sc.measure_coverage, sc.service_areas):
        with pytest.raises(InputError, match="minutes"):
            ask(town.network(), *places[: 2 if ask is sc.measure_coverage else 1], minutes=minutes)
    with pytest.raises(InputError, match="minutes"):
        sc.walk_times(town.network(), *places, cutoff=minutes)


def test_a_list_where_one_cutoff_is_meant_is_told():
    """Faults 46."""
    for ask in (
        lambda: sc.walk_times(town.network(), town.stations(), town.workers(), cutoff=[5, 10]),
        lambda: sc.reached_streets(town.network(), town.stations(), minutes=[5, 10]),
    ):
        with pytest.raises(InputError, match="One number of minutes"):
            ask()


def test_within_nought_minutes_is_the_stations_own_place():
    """Faults 45."""
    people = town.workers()
    found = sc.measure_coverage(town.network(), town.stations(), people, minutes=0)
    at_door = people.geometry.distance(town.stations().geometry.iloc[0]) < 0.05
    assert at_door.sum() == 1
    assert found.demand["covered"].tolist() == at_door.tolist()


def test_cutoffs_are_sorted_and_taken_once():
    """Faults 46."""
    asked = town.network(), town.stations(), town.workers()
    mixed = sc.measure_coverage(*asked, minutes=[15, 5, 15.0, 10])
    assert mixed.minutes == (5.0, 10.0, 15.0)
    pd.testing.assert_frame_equal(
        mixed.summary(), sc.measure_coverage(*asked, minutes=(5, 10, 15)).summary()
    )


def test_seconds_instead_of_minutes_are_noticed_once():
    """Faults 47."""
    asked = town.network(), town.stations(), town.workers()
    with pytest.warns(InputWarning, match="900.*Was it meant in seconds") as told:
        sc.measure_coverage(*asked, minutes=900)
    assert len(told) == 1
    assert told[0].filename == __file__
    with pytest.raises(InputError, match="more than a day"):
        sc.measure_coverage(*asked, minutes=9000)


@pytest.mark.parametrize("speed", [0, -4.5, math.nan, math.inf, 1e9, "fast", None, True])
def test_a_speed_must_be_a_number_that_somebody_goes(speed):
    """Faults 48."""
    asked = town.network(), town.stations(), town.workers()
    for ask in (sc.measure_coverage, sc.walk_times, sc.score_sites):
        with pytest.raises(InputError, match="speed"):
            ask(*asked, speed=speed)
    with pytest.raises(InputError, match="speed"):
        sc.choose_sites(*asked, n_open=1, speed=speed)


def test_nobody_can_ask_for_a_wrong_number_of_workers(monkeypatch):
    """Faults 49: there is no such argument; threads are as many as cores."""
    public = [getattr(sc, name) for name in sc.__all__]
    words = {"workers", "threads", "n_jobs", "n_workers", "processes", "cores"}
    for function in filter(inspect.isfunction, public):
        assert not words & set(inspect.signature(function).parameters), function.__name__
    asked = town.network(), town.shops(), town.workers()
    answers = []
    for cores in (None, 1, 3):
        monkeypatch.setattr(os, "cpu_count", lambda cores=cores: cores)
        answers.append(sc.walk_times(*asked).minutes)
    for other in answers[1:]:
        assert np.array_equal(answers[0].data, other.data)
        assert np.array_equal(answers[0].indices, other.indices)


@pytest.mark.parametrize("n_open", [-1, 1.5, "2", math.nan])
def test_a_number_of_sites_must_be_whole_and_not_negative(n_open):
    """Faults 50; nought, and more than there are, are in test_siting.py."""
    with pytest.raises(InputError, match="n_open"):
        sc.choose_sites(town.network(), town.shops(), town.workers(), n_open=n_open)
