"""Every aim with every rule, against all sets there are."""

from __future__ import annotations

import math
from itertools import combinations

import geopandas as gpd
import pandas as pd
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from pyproj import Geod

from servicecircle.reach import Reach
from servicecircle.siting import choose_sites

CUTOFF = 15.0
AIMS = ("most_covered", "fewest_sites", "least_walking", "shortest_worst", "fairest")
GEOD = Geod(ellps="WGS84")


def frame(rows, index):
    table = pd.DataFrame(rows, index=pd.Index(index, dtype=object))
    points = gpd.points_from_xy(table.pop("x"), table.pop("y"))
    return gpd.GeoDataFrame(table, geometry=points, crs=4326)


@st.composite
def towns(draw):
    """Draw a reach, candidates, demand and stations with every column a rule may name."""
    m, n, k = draw(st.integers(1, 6)), draw(st.integers(1, 7)), draw(st.integers(0, 2))
    place = st.fixed_dictionaries(
        {
            "x": st.sampled_from([114.0, 114.002, 114.004, 114.02]),
            "y": st.just(30.5),
            "zone": st.sampled_from(["A", "B", None]),
            "cost": st.integers(0, 5),
            "capacity": st.integers(0, 20),
            "house": st.sampled_from(["h1", "h2", None]),
        }
    )
    point = st.fixed_dictionaries(
        {
            "x": st.just(114.0),
            "y": st.just(30.5),
            "workers": st.integers(0, 9),
            "group": st.sampled_from(["g1", "g2"]),
        }
    )
    sites = frame([draw(place) for _ in range(m)], [f"s{j}" for j in range(m)])
    stations = frame([draw(place) for _ in range(k + 1)], [f"x{j}" for j in range(k + 1)])[:k]
    demand = frame([draw(point) for _ in range(n)], [f"p{i}" for i in range(n)])
    walk = st.sampled_from([None, 0.0, 3.0, 7.0, 15.0])
    pairs = [
        (facility, p, minutes)
        for facility in [*sites.index, *stations.index]
        for p in demand.index
        if (minutes := draw(walk)) is not None
    ]
    reach = Reach.from_frame(
        pd.DataFrame(pairs, columns=["facility", "demand", "minutes"]).astype({"minutes": float}),
        facility_ids=sites.index.append(stations.index),
        demand_ids=demand.index,
        cutoff=CUTOFF,
    )
    return reach, sites, demand, stations


RULES = {
    "n_open": st.integers(0, 5),
    "budget": st.integers(0, 10),
    "at_least": st.sampled_from([{"zone": 1}, {"zone": 2}]),
    "at_most": st.sampled_from([{"zone": 1}, {"zone": 2}]),
    "min_spacing": st.sampled_from([100.0, 250.0]),
    "exclusive": st.just("house"),
    "floor": st.sampled_from([{"group": 0.5}, {"group": 1.0}]),
    "backup": st.sampled_from([True]),
}


@st.composite
def questions(draw, aim):
    names = draw(st.lists(st.sampled_from(sorted(RULES)), unique=True, max_size=3))
    rules = {name: draw(RULES[name]) for name in names}
    if aim == "fewest_sites" and draw(st.booleans()):
        rules["share"] = draw(st.sampled_from([0.0, 0.5, 0.9]))
    if aim != "fewest_sites" and not {"n_open", "budget"} & set(rules):
        rules["n_open"] = draw(st.integers(0, 4))
    if aim == "fairest":
        rules["fair_by"] = "group"
    return rules


class Oracle:
    """All sets, checked one by one in plain Python."""

    def __init__(self, town, aim, rules):
        self.reach, self.sites, self.demand, self.stations = town
        self.aim, self.rules = aim, rules
        table = self.reach.to_frame()
        self.walk = {(f, p): float(t) for f, p, t in table.itertuples(index=False)}
        self.need = 2 if rules.get("backup") else 1

    def covered(self, opened):
        everyone = [*self.stations.index, *opened]
        return {
            p for p in self.demand.index if sum((f, p) in self.walk for f in everyone) >= self.need
        }

    def workers(self, points):
        return float(self.demand.loc[sorted(points), "workers"].sum())

    def shares(self, opened):
        covered = self.covered(opened)
        for _, part in self.demand.groupby("group"):
            total = part["workers"].sum()
            if total > 0:
                yield self.workers(covered & set(part.index)) / total

    def spaced(self, opened):
        old = [(g.x, g.y) for g in self.stations.geometry]
        new = [(g.x, g.y) for g in self.sites.loc[list(opened)].geometry]
        pairs = [*combinations(new, 2), *((a, b) for a in new for b in old)]
        return all(GEOD.inv(*a, *b)[2] >= self.rules["min_spacing"] for a, b in pairs)

    def allowed(self, opened):
        rules, chosen = self.rules, self.sites.loc[list(opened)]
        zones = [*chosen["zone"], *self.stations["zone"]]
        known = {*self.sites["zone"].dropna(), *self.stations["zone"].dropna()}
        if len(opened) > rules.get("n_open", 99) or chosen["cost"].sum() > rules.get("budget", 99):
            return False
        if any(zones.count(z) < rules["at_least"]["zone"] for z in known if "at_least" in rules):
            return False
        for zone in known if "at_most" in rules else ():
            here = (chosen["zone"] == zone).sum()
            if here and zones.count(zone) > rules["at_most"]["zone"]:
                return False
        if "exclusive" in rules and chosen["house"].dropna().duplicated().any():
            return False
        if "min_spacing" in rules and not self.spaced(opened):
            return False
        low = rules["floor"]["group"] if "floor" in rules else 0
        return all(share >= low - 1e-9 for share in self.shares(opened))

    def value(self, opened):
        """Smaller is better; None where the aim itself is missed."""
        if self.aim == "most_covered":
            return -self.workers(self.covered(opened))
        if self.aim == "fairest":
            return -min(self.shares(opened), default=math.nan)
        everyone = [*self.stations.index, *opened]
        heavy = [p for p in self.demand.index if self.demand.loc[p, "workers"] > 0]
        walks = {p: sorted(self.walk.get((f, p), math.inf) for f in everyone) for p in heavy}
        near = {p: [*walks[p], math.inf, math.inf][: self.need] for p in heavy}
        if self.aim == "least_walking":
            mean = {p: sum(min(t, CUTOFF) for t in near[p]) / self.need for p in heavy}
            return sum(self.demand.loc[p, "workers"] * mean[p] for p in heavy)
        reachable = self.covered(self.sites.index)
        if self.aim == "fewest_sites":
            share = self.rules.get("share")
            wanted = self.workers(reachable) if share is None else share * self.demand.workers.sum()
            return len(opened) if self.workers(self.covered(opened)) >= wanted - 1e-9 else None
        worst = max((near[p][-1] for p in heavy if p in reachable), default=0.0)
        return None if math.isinf(worst) else worst

    def best(self):
        values = [
            self.value(opened)
            for k in range(len(self.sites) + 1)
            for opened in combinations(self.sites.index, k)
            if self.allowed(opened)
        ]
        return min((v for v in values if v is not None), default=None)


@pytest.mark.filterwarnings("ignore::servicecircle.errors.ModelWarning")
@pytest.mark.parametrize("aim", AIMS)
@settings(max_examples=30)
@given(data=st.data())
def test_no_allowed_set_is_better(aim, data):
    town, rules = data.draw(towns()), data.draw(questions(aim))
    reach, sites, demand, stations = town
    oracle = Oracle(town, aim, rules)
    best = oracle.best()
    plan = choose_sites(reach, sites, demand, existing=stations, aim=aim, **rules)
    if best is None:
        assert plan.status == "infeasible"
        assert math.isnan(plan.value)
        assert len(plan.sites) == 0
        return
    if math.isnan(best):
        return  # no group has anybody
    assert plan.status == "proved"
    assert plan.bound == plan.value
    assert abs(plan.value) == pytest.approx(abs(best), abs=1e-6)
    opened = list(plan.sites.index)
    assert oracle.allowed(opened)
    assert oracle.value(opened) == pytest.approx(best, abs=1e-6)
