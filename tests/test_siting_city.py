"""Capacity at the size of a city: the demo's four districts."""

from __future__ import annotations

import warnings

import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.sparse.csgraph import maximum_flow

from servicecircle.demand import read_demand
from servicecircle.networks import read_network
from servicecircle.reach import walk_times
from servicecircle.samples import wuhan
from servicecircle.sites import read_sites
from servicecircle.siting import choose_sites


@pytest.fixture(scope="module")
def city():
    demo = wuhan()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")
        streets = read_network(demo.streets)
        shops, stations = (
            read_sites(path, coordinates="gcj02").assign(capacity=room)
            for path, room in ((demo.shops, 600), (demo.stations, 500))
        )
        workers = read_demand(demo.workers, coordinates="gcj02")
        reach = walk_times(streets, pd.concat([shops, stations]), workers, cutoff=15)
    return reach, shops, workers, stations


def most_served(reach, places, workers):
    """Flow from the workers through the places within reach to their capacities."""
    part = reach.select(places.index).minutes.tocoo()
    n, m = len(workers), len(places)
    heads = np.concatenate([np.zeros(n), 1 + part.col, 1 + n + np.arange(m)]).astype(np.int32)
    tails = np.concatenate([1 + np.arange(n), 1 + n + part.row, np.full(m, 1 + n + m)])
    counted = workers["workers"].where(workers["status"] == "ok", 0).to_numpy(int)
    room = np.concatenate([counted, counted[part.col], places["capacity"].to_numpy(int)])
    size = (n + m + 2, n + m + 2)
    graph = sparse.csr_array((room.astype(np.int32), (heads, tails.astype(np.int32))), shape=size)
    return maximum_flow(sparse.csr_matrix(graph), 0, n + m + 1).flow_value


@pytest.mark.filterwarnings("ignore::servicecircle.errors.ServiceCircleWarning")
def test_a_citys_stations_serve_as_many_as_a_maximum_flow_can_send(city):
    reach, shops, workers, stations = city
    plan = choose_sites(
        reach, shops, workers, existing=stations, n_open=12, capacity="capacity", gap=0.01
    )
    assert plan.status in ("proved", "gap")
    assert len(plan.sites) <= 12
    places = pd.concat([plan.sites, plan.existing])
    assert plan.value == pytest.approx(most_served(reach, places, workers), rel=1e-6)
    assert places["served"].sum() == pytest.approx(plan.value)
    assert (places["served"] <= places["capacity"] + 1e-6).all()
    today = most_served(reach, stations, workers)
    assert today < plan.value <= plan.bound <= today + 12 * 600
