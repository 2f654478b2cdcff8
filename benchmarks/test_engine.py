"""Ratios that must hold on a small city: ``pytest -n0 benchmarks/test_engine.py``.

Not part of the default test run. The limits are far below what a quiet machine shows
(docs/benchmarks.md), so that a busy one passes.
"""

from __future__ import annotations

from pathlib import Path

import numpy as np
import pytest
import shapely
from harness import interleave
from peers import ENGINES, OURS
from quality import recipe
from streets import arcs_of, at_nodes, pick, pick_joined

from servicecircle.areas import service_areas
from servicecircle.networks import WalkNetwork, read_network

CITY = Path(__file__).resolve().parents[2] / "shared/data/streets/porto_city_core.osm.pbf"
pytestmark = pytest.mark.filterwarnings("ignore")


@pytest.fixture(scope="module")
def city() -> WalkNetwork:
    if not CITY.exists():
        pytest.skip("the shared data is not beside the project")
    return read_network(CITY)


@pytest.mark.parametrize(
    ("peer", "factor"),
    [("networkx with cutoff", 10), ("rustworkx, stopping visitor", 5)],
)
def test_reach_sets_beat(benchmark, city, peer, factor) -> None:  # noqa: ANN001 – fixtures
    arcs = arcs_of(city)
    origins = pick(arcs, 200)
    try:
        jobs = {name: ENGINES[name](arcs) for name in (OURS, peer)}
    except ImportError as error:
        pytest.skip(f"{error.name} is not installed")
    found = {name: job(origins) for name, job in jobs.items()}
    assert found[OURS] == found[peer]
    seconds = interleave({name: lambda job=job: job(origins) for name, job in jobs.items()})
    benchmark.extra_info["ratio"] = seconds[peer] / seconds[OURS]
    benchmark(jobs[OURS], origins)
    assert seconds[peer] >= factor * seconds[OURS]


def test_circles_beat_the_recipe_of_osmnx(benchmark, city) -> None:  # noqa: ANN001 – fixtures
    nodes = pick_joined(city, 100)
    places, draw = at_nodes(city, nodes), recipe(city)
    service_areas(city, places)
    seconds = interleave(
        {
            "ours": lambda: service_areas(city, places),
            "recipe": lambda: [draw(int(node), m) for node in nodes[:2] for m in (10, 15)],
        }
    )
    benchmark.extra_info["ratio"] = seconds["recipe"] / 2 / (seconds["ours"] / 100)
    benchmark(service_areas, city, places)
    assert seconds["recipe"] / 2 >= 50 * seconds["ours"] / 100


def test_the_area_of_a_set_beats_the_union_of_its_circles(benchmark, city) -> None:  # noqa: ANN001
    places = at_nodes(city, pick_joined(city, 300))
    shapes = service_areas(city, places, minutes=15).geometry.to_numpy()
    whole = service_areas(city, places, minutes=15, dissolve=True).geometry.iloc[0]
    assert np.isclose(whole.area, shapely.union_all(shapes).area, rtol=1e-3)
    seconds = interleave(
        {
            "ours": lambda: service_areas(city, places, minutes=15, dissolve=True),
            "union": lambda: shapely.union_all(shapes),
        }
    )
    benchmark.extra_info["ratio"] = seconds["union"] / seconds["ours"]
    benchmark(service_areas, city, places, minutes=15, dissolve=True)
    assert seconds["union"] >= 5 * seconds["ours"]
