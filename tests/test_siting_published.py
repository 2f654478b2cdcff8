"""Numbers that others have published for the same problems."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy import sparse
from scipy.sparse.csgraph import dijkstra

from servicecircle.reach import Reach
from servicecircle.siting import choose_sites

# lengths stand for minutes here
pytestmark = pytest.mark.filterwarnings("ignore:`minutes` is")


def places(ids, **columns):
    points = gpd.points_from_xy(np.full(len(ids), 114.0), np.full(len(ids), 30.5))
    return gpd.GeoDataFrame(columns, index=pd.Index(ids, dtype=object), geometry=points, crs=4326)


def reach_from(minutes, sites, demand):
    """Make a reach of a full table, sites × demand."""
    pairs = pd.DataFrame(
        {
            "facility": np.repeat(sites.index, len(demand)),
            "demand": np.tile(demand.index, len(sites)),
            "minutes": minutes.ravel(),
        }
    )
    return Reach.from_frame(
        pairs, facility_ids=sites.index, demand_ids=demand.index, cutoff=float(minutes.max()) + 1
    )


def p_median(path):
    """Read an OR-Library graph: the last of repeated edges counts; every node is both."""
    (n, _, p), *edges = (
        list(map(int, line.split())) for line in path.read_text().splitlines() if line.strip()
    )
    table = np.zeros((n, n))
    for i, j, cost in edges:
        table[i - 1, j - 1] = table[j - 1, i - 1] = cost
    return dijkstra(sparse.csr_array(table), directed=False), p


def p_median_inputs(path):
    minutes, p = p_median(path)
    sites = places([f"s{j:03}" for j in range(len(minutes))])
    demand = places([f"p{j:03}" for j in range(len(minutes))], workers=1.0)
    reach = reach_from(minutes, sites, demand)
    return reach, sites, demand, p


@pytest.mark.parametrize("name", [f"pmed{k}" for k in range(1, 21)])
def test_least_walking_is_the_published_optimum(shared_data, name):
    folder = shared_data / "instances" / "pmed"
    best = pd.read_csv(folder / "optima.csv", index_col="instance")["p_median"]
    reach, sites, demand, p = p_median_inputs(folder / f"{name}.txt")
    plan = choose_sites(
        reach, sites, demand, aim="least_walking", n_open=p, minutes=reach.cutoff, time_limit=120
    )
    assert plan.status == "proved"
    assert plan.value == best[name]


@pytest.mark.parametrize(
    ("name", "radius"),
    [("pmed1", 127), ("pmed2", 98), ("pmed3", 93), ("pmed6", 84), ("pmed11", 59), ("pmed16", 47)],
)
def test_shortest_worst_is_the_published_radius(shared_data, name, radius):
    reach, sites, demand, p = p_median_inputs(shared_data / "instances" / "pmed" / f"{name}.txt")
    plan = choose_sites(
        reach, sites, demand, aim="shortest_worst", n_open=p, minutes=reach.cutoff, time_limit=120
    )
    assert plan.status == "proved"
    assert plan.value == radius


def capacitated_inputs(path):
    """Read an OR-Library plane; its sum is not weighted by demand, so walks are divided by it."""
    numbers = np.array(path.read_text().split(), dtype=float)
    n, p, room = (int(v) for v in numbers[2:5])
    table = numbers[5:].reshape(n, 4)
    far = np.floor(np.hypot(*(table[:, None, 1:3] - table[None, :, 1:3]).transpose(2, 0, 1)))
    sites = places([f"s{j:02}" for j in range(n)], capacity=room)
    demand = places([f"p{j:02}" for j in range(n)], workers=table[:, 3])
    return reach_from(far / table[:, 3], sites, demand), sites, demand, p


LONG = (8, 10)  # to prove


@pytest.mark.parametrize("number", range(1, 11))
def test_least_walking_with_capacity_is_the_published_optimum(shared_data, number):
    name, folder = f"pmedcap1_{number}", shared_data / "instances" / "pmedcap"
    best = pd.read_csv(folder / "best_values.csv", index_col="instance").loc[name, "best_known"]
    reach, sites, demand, p = capacitated_inputs(folder / f"{name}.txt")
    plan = choose_sites(
        reach, sites, demand,
        aim="least_walking", n_open=p, minutes=reach.cutoff, capacity="capacity", split=False,
        time_limit=2 if number in LONG else 120,
    )  # fmt: skip
    assert plan.bound - 1e-3 <= best <= plan.value + 1e-3
    if number not in LONG:
        assert plan.status == "proved"
        assert plan.value == pytest.approx(best, abs=1e-3)


@pytest.fixture
def san_francisco(shared_data):
    folder = shared_data / "sites" / "sf_stores"
    tracts = pd.read_csv(folder / "SF_demand_205_centroid_uniform_weight.csv", dtype={"NAME": str})
    walks = pd.read_csv(
        folder / "SF_network_distance_candidateStore_16_censusTract_205_new.csv",
        dtype={"DestinationName": str},
    )
    demand = places(tracts["NAME"], workers=tracts["POP2000"].to_numpy(float))
    sites = places(walks["name"].unique())
    table = walks.set_axis(["minutes", "facility", "demand", "workers"], axis=1)
    table["minutes"] /= 100  # 5,000 m read as 50 minutes
    reach = Reach.from_frame(table, facility_ids=sites.index, demand_ids=demand.index)
    return reach, sites, demand


@pytest.mark.parametrize(
    ("aim", "minutes", "value"),
    [
        ("most_covered", 50.0, 875_247),
        ("least_walking", None, 28_482_682.597),
        ("shortest_worst", None, 74.0306),
    ],
)
def test_san_francisco_stores_as_published(san_francisco, aim, minutes, value):
    reach = san_francisco[0]
    plan = choose_sites(*san_francisco, aim=aim, n_open=4, minutes=minutes or reach.cutoff)
    assert plan.status == "proved"
    assert plan.value == pytest.approx(value, rel=1e-6)


def test_san_francisco_needs_eight_stores(san_francisco):
    plan = choose_sites(*san_francisco, aim="fewest_sites", minutes=50)
    assert (plan.status, plan.value, len(plan.sites)) == ("proved", 8, 8)
