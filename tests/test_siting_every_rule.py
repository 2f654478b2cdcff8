"""Every aim with every rule, against all sets there are, on more than a thousand small towns."""

from __future__ import annotations

import math
import random
import warnings
from itertools import chain, combinations, permutations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
from scipy.optimize import Bounds, LinearConstraint, milp

from servicecircle.errors import ModelWarning
from servicecircle.reach import Reach
from servicecircle.scores import site_table
from servicecircle.siting._asked import check_asked
from servicecircle.siting._plain import greedy
from servicecircle.siting._rules import problem_of
from servicecircle.siting._solve import compile_kernels
from servicecircle.siting._stages import solve
from servicecircle.siting.plan import Asked

CUTOFF = 15.0
MINUTES = (7.0, 15.0)
AIMS = ("most_covered", "fewest_sites", "least_walking", "shortest_worst", "fairest")
LARGER_IS_BETTER = ("most_covered", "fairest")
SLACK = 1e-6


def table_of(rows, prefix):
    index = pd.Index([f"{prefix}{j}" for j in range(len(rows))], dtype=object)
    columns = ("x", "zone", "cost", "capacity", "house", "keen", "closes", "closing_cost", "after")
    columns += ("upgrade_cost", "workers", "group")
    frame = pd.DataFrame(rows, columns=list(columns), index=index)
    points = gpd.points_from_xy(
        frame.pop("x").fillna(114.0).astype(float), np.full(len(rows), 30.5)
    )
    return gpd.GeoDataFrame(frame, geometry=points, crs=4326)


class Town:
    """A made-up town: candidates, stations, demand, and who walks how long to whom."""

    def __init__(self, draw, *, small):
        m, n, k = draw.randint(1, 4 if small else 5), draw.randint(2, 6), draw.randint(0, 2)
        self.sites = table_of([self._place(draw) for _ in range(m)], "s")
        self.sites["zone"] = [*"AB", *self.sites["zone"]][:m] if m > 1 else ["A"]
        self.stations = table_of([self._place(draw) for _ in range(k)], "x")
        self.demand = table_of(
            [{"workers": draw.randint(0, 9), "group": "gh"[i % 2]} for i in range(n)], "p"
        )
        choices = [math.inf, math.inf, 0.0, 3.5, 7.0, 12.0, 15.0]
        self.walk = np.array([[draw.choice(choices) for _ in range(n)] for _ in range(m + k)])
        facility, point = np.nonzero(np.isfinite(self.walk))
        places = self.sites.index.append(self.stations.index)
        pairs = {
            "facility": places[facility],
            "demand": self.demand.index[point],
            "minutes": self.walk[facility, point],
        }
        self.reach = Reach.from_frame(
            pd.DataFrame(pairs), facility_ids=places, demand_ids=self.demand.index, cutoff=CUTOFF
        )

    @staticmethod
    def _place(draw):
        return {
            "x": draw.choice([114.0, 114.002, 114.004, 114.02]),
            "zone": draw.choice(["A", "B", None]),
            "cost": draw.randint(0, 5),
            "capacity": draw.randint(0, 15),
            "house": draw.choice(["h1", "h2", None]),
            "keen": draw.choice([True, False]),
            "closes": draw.choice([True, False]),
            "closing_cost": draw.randint(-3, 3),
            "after": draw.choice([None, 10, 20]),
            "upgrade_cost": draw.randint(0, 4),
        }


RULES = {
    "n_open": [0, 1, 2, 3],
    "budget": [0, 3, 6, 10],
    "at_least": [{"zone": 1}, {"zone": {"A": 2}}],
    "at_most": [{"zone": 1}, {"zone": 2}],
    "min_spacing": [100.0, 250.0],
    "exclusive": ["house"],
    "floor": [{"group": 0.5}, {"group": {"g": 1.0}}],
    "max_minutes": [4.0, 7.0, 12.0],
    "backup": [True],
    "closable": ["closes"],
    "prefer": ["keen"],
    "required": [("s0",)],
    "forbidden": [("s1",)],
    "capacity": ["capacity"],
    "group_weights": [{"g": 2}, {"h": 0}, {"g": 0.7}],
    "decay": [(1.0, 0.5), (0.8, 0.0), "linear", "gaussian"],
}


def question(draw, aims, names):
    """Draw the rules of one question; those that mean nothing with its aims are left out."""
    rules = {name: draw.choice(RULES[name]) for name in names}
    if "most_covered" not in aims and aims != ("fairest",):
        rules.pop("decay", None)
        if "least_walking" not in aims:
            rules.pop("group_weights", None)
    if "capacity" in rules:
        rules["split"] = draw.choice([True, True, False])
        if draw.random() < 0.5:
            rules["upgradable"] = "after"
    if "fewest_sites" in aims:
        rules["share"] = draw.choice([None, 0.5, 0.9])
    if not {"n_open", "budget"} & set(rules) and aims[0] != "fewest_sites":
        rules["n_open"] = draw.randint(0, 4)
    if "fairest" in aims:
        rules["fair_by"] = "group"
    return {name: value for name, value in rules.items() if value is not None}


def asked_of(town, aims, rules):
    given = {"forbidden": (), "required": (), **rules}
    given["forbidden"] = [one for one in given["forbidden"] if one in town.sites.index]
    aim = aims[0] if len(aims) == 1 else aims
    asked = Asked(
        aim=aim, minutes=MINUTES, speed=4.5, weight="workers",
        time_limit=20.0, gap=0.0, seed=0, **{"n_open": None, **given},
    )  # fmt: skip
    return check_asked(asked, town.sites)


class Oracle:
    """All plans, tried one by one."""

    def __init__(self, town, asked):
        self.town, self.asked = town, asked
        self.m, self.k = len(town.sites), len(town.stations)
        self.site, self.old = (
            {**frame.drop(columns="geometry").to_dict("list"), "x": list(frame.geometry.x)}
            for frame in (town.sites, town.stations)
        )
        self.ids = list(town.sites.index)
        self.workers = town.demand["workers"].to_numpy(float)
        self.n, self.need = len(self.workers), 2 if asked.backup else 1
        self.groups = town.demand["group"].to_numpy()
        weights = asked.group_weights or {}
        self.worth = self.workers * [weights.get(group, 1.0) for group in self.groups]
        closes = town.stations["closes"].to_numpy(bool)
        self.closable = np.flatnonzero(closes) if asked.closable else []
        upgradable = asked.upgradable and town.stations["after"].notna().to_numpy()
        self.upgradable = np.flatnonzero(upgradable) if asked.upgradable else []

    def plans(self):
        """Every set of open candidates, of closed stations, of upgrades."""

        def subsets(items):
            return chain.from_iterable(combinations(items, r) for r in range(len(items) + 1))

        for new in subsets(range(self.m)):
            for closed in subsets(self.closable):
                for up in subsets([j for j in self.upgradable if j not in closed]):
                    yield new, closed, up

    def kept(self, closed):
        return [j for j in range(self.k) if j not in closed]

    def rows(self, new, closed):
        return [*new, *(self.m + j for j in self.kept(closed))]

    def allowed(self, new, closed, up):
        asked = self.asked
        ids = {self.ids[j] for j in new}
        if not set(asked.required) <= ids or ids & set(asked.forbidden):
            return False
        if asked.n_open is not None and len(new) > asked.n_open + len(closed):
            return False
        spent = sum(self.site["cost"][j] for j in new)
        spent += sum(self.old["closing_cost"][j] for j in closed)
        spent += sum(self.old["upgrade_cost"][j] for j in up)
        if asked.budget is not None and spent > asked.budget:
            return False
        houses = [self.site["house"][j] for j in new if isinstance(self.site["house"][j], str)]
        if asked.exclusive and len(set(houses)) < len(houses):
            return False
        return self._counts(new, closed) and self._apart(new, closed)

    def _counts(self, new, closed):
        zones = [self.site["zone"][j] for j in new]
        old = [self.old["zone"][j] for j in self.kept(closed)]
        fixed = [self.old["zone"][j] for j in range(self.k) if j not in set(self.closable)]
        known = {zone for zone in self.site["zone"] + self.old["zone"] if isinstance(zone, str)}
        for name, sign in (("at_least", -1), ("at_most", 1)):
            for wanted in (getattr(self.asked, name) or {}).values():
                numbers = wanted if isinstance(wanted, dict) else dict.fromkeys(known, wanted)
                for zone, number in numbers.items():
                    count = zones.count(zone) + old.count(zone)
                    limit = max(number, fixed.count(zone)) if sign > 0 else number
                    if sign * count > sign * limit:
                        return False
        return True

    def _apart(self, new, closed):
        if not self.asked.min_spacing:
            return True
        x = [self.site["x"][j] for j in new]
        old = [self.old["x"][j] for j in self.kept(closed)]
        metre = 1 / 95_900  # of a degree of longitude at 30.5° N, near enough for these places
        pairs = [*combinations(x, 2), *((a, b) for a in x for b in old)]
        return all(abs(a - b) > self.asked.min_spacing * metre for a, b in pairs)

    def walks(self, new, closed):
        """Walk that makes a place covered: to the nearest, or with backup to the second."""
        return self.nearest(new, closed)[-1]

    def nearest(self, new, closed):
        """Give the walks to as many places as a covered worker needs, rising."""
        rows = np.vstack([self.town.walk[self.rows(new, closed)], np.full((2, self.n), math.inf)])
        return np.sort(rows, axis=0)[: self.need]

    def value_by_walk(self, walk):
        """Say what a worker counts at the end of such a walk."""
        decay, inside = self.asked.decay, walk <= CUTOFF
        if decay is None:
            return inside.astype(float)
        if isinstance(decay, tuple):
            return np.where(walk <= MINUTES[0], decay[0], np.where(inside, decay[1], 0.0))
        begun = np.maximum(np.ceil(np.where(inside, walk, 0)) - 1, 0) / CUTOFF
        bell = (np.exp(-(begun**2) / 2) - np.exp(-0.5)) / (1 - np.exp(-0.5))
        return np.where(inside, 1 - begun if decay == "linear" else bell, 0.0)

    def near_enough(self, new, closed):
        """Nobody whom some place reaches within `max_minutes` has none so near."""
        limit = self.asked.max_minutes
        if limit is None:
            return True
        possible = (self.town.walk[self.usable()] <= limit).any(axis=0) & (self.workers > 0)
        nearest = self.town.walk[self.rows(new, closed)].min(axis=0, initial=math.inf)
        return bool((nearest[possible] <= limit).all())

    def usable(self):
        """Whatever may be open in some plan."""
        sites = [j for j in range(self.m) if self.ids[j] not in self.asked.forbidden]
        return [*sites, *range(self.m, self.m + self.k)]

    def reachable(self):
        return np.isfinite(self.town.walk[self.usable()]).sum(axis=0) >= self.need

    def shares(self, level):
        for group in sorted(set(self.groups)):
            mine = self.groups == group
            if self.workers[mine].sum() > 0:
                yield group, (level * self.workers)[mine].sum() / self.workers[mine].sum()

    def floors(self):
        wanted = (self.asked.floor or {}).get("group", {})
        return wanted if isinstance(wanted, dict) else dict.fromkeys(self.groups, wanted)

    def values(self, new, closed, up):
        """Value of every aim in turn, smaller is better; None where a rule is missed."""
        if not self.near_enough(new, closed):
            return None
        if self.asked.capacity:
            return self.values_with_room(new, closed, up)
        walk = self.walks(new, closed)
        covered = (walk <= CUTOFF).astype(float)
        shares = dict(self.shares(covered))
        if any(shares.get(group, 1) < low - SLACK for group, low in self.floors().items()):
            return None
        if not self.enough(covered):
            return None
        out = []
        for aim in self.asked.aims:
            if aim == "most_covered":
                out.append(-float(self.worth @ self.value_by_walk(walk)))
            elif aim == "fewest_sites":
                out.append(len(new))
            elif aim == "least_walking":
                walks = np.minimum(self.nearest(new, closed), CUTOFF)
                out.append(float(self.worth @ walks.mean(axis=0)))
            elif aim == "fairest":
                out.append(-min(shares.values(), default=math.nan))
            else:
                heavy = self.reachable() & (self.workers > 0)
                out.append(float(walk[heavy].max(initial=0.0)))
                if math.isinf(out[0]):
                    return None
        return out

    def enough(self, level):
        """Whether `fewest_sites`, as the first aim, is satisfied."""
        if self.asked.aims[0] != "fewest_sites":
            return True
        share = self.asked.share
        wanted = self.workers[self.reachable()].sum()
        wanted = wanted if share is None else share * self.workers.sum()
        return (level * self.workers).sum() >= wanted - SLACK

    def values_with_room(self, new, closed, up):
        """Solve one program per aim: how many of each place go to which pair of sites (or one)."""
        rows = self.rows(new, closed)
        walk = self.town.walk[rows]
        room = [float(self.site["capacity"][j]) for j in new]
        for j in self.kept(closed):
            own, after = float(self.old["capacity"][j]), self.old["after"][j]
            room.append(max(own, float(after)) if j in up else own)
        ways = self.ways(walk)
        place = np.array([point for point, _ in ways], int)
        count = len(ways)
        sums, load = np.zeros((self.n, count + 1)), np.zeros((len(rows), count + 1))
        sums[place, np.arange(count)] = 1
        for way, (point, sites) in enumerate(ways):
            load[list(sites), way] = self.workers[point]
        limits = [LinearConstraint(sums, -np.inf, 1), LinearConstraint(load, -np.inf, room)]
        level = np.append(self.workers[place] * self.whole([sites for _, sites in ways]), 0.0)
        limits += self.floor_rows(level, place)
        if self.asked.aims[0] == "fewest_sites":
            share = self.asked.share
            wanted = self.workers[self.reachable()].sum()
            wanted = wanted if share is None else math.ceil(share * self.workers.sum() - SLACK)
            limits.append(LinearConstraint(level[None], wanted, np.inf))
        minutes = [np.array([walk[site, point] for site in sites]) for point, sites in ways]
        return self._solve_rooms(limits, place, minutes, level, len(new))

    def ways(self, walk):
        """Every place with every set of sites that its workers may be sent to."""
        sizes = {self.need} | ({1} if "least_walking" in self.asked.aims else set())
        if self.asked.decay is not None:
            sizes = {self.need}
        return [
            (point, sites)
            for point in range(self.n)
            for size in sorted(sizes)
            for sites in combinations(np.flatnonzero(np.isfinite(walk[:, point])), size)
        ]

    def floor_rows(self, level, place):
        rows = []
        for group in sorted(set(self.groups)):
            mine = self.groups == group
            total = self.workers[mine].sum()
            if total > 0:
                part = level * np.append(mine[place], 0)
                low = math.ceil(self.floors().get(group, 0) * total - SLACK)
                rows.append(LinearConstraint(part[None], low, np.inf))
                part = part / total
                part[-1] = -1.0
                if "fairest" in self.asked.aims:
                    rows.append(LinearConstraint(part[None], 0, np.inf))
        return rows

    def _solve_rooms(self, limits, place, minutes, level, size):
        worth, need, count = self.worth[place], self.need, len(place)
        walked = np.array([(one - CUTOFF).sum() / need for one in minutes])
        value = np.array([self.value_by_walk(one).sum() / need for one in minutes])
        goals = {
            "most_covered": (-worth * value * self.whole(minutes), 0.0, 0.0),
            "least_walking": (worth * walked, 0.0, CUTOFF * self.worth.sum()),
            "fairest": (np.zeros(count), -1.0, 0.0),
            "fewest_sites": (np.zeros(count), 0.0, float(size)),
        }
        whole = np.append(np.full(count, 0 if self.asked.split else 1), 0)
        limits, out = [one for one in limits if one.A.shape[0]], []
        upper = np.ones(count + 1)
        for k, aim in enumerate(self.asked.aims):
            if aim == "shortest_worst":
                longest = self._shortest(limits, minutes, level, whole, upper)
                if math.isinf(longest):
                    return None if k == 0 else [*out, *[math.inf] * (len(self.asked.aims) - k)]
                out.append(longest)
                continue
            cost, share, constant = goals[aim]
            row = np.append(cost, share)
            found = milp(row, integrality=whole, bounds=Bounds(0, upper), constraints=limits)
            if found.x is None:
                return None
            out.append(found.fun + constant)
            limits = [*limits, LinearConstraint(row[None], -np.inf, found.fun + 1e-7)]
        return out

    def _shortest(self, limits, minutes, level, whole, upper):
        """Try every longest walk; keep the columns within the first that serves everybody."""
        wanted = self.workers[self.reachable()].sum()
        limits.append(LinearConstraint(level[None], wanted - SLACK, np.inf))
        longest = np.append([one.max() for one in minutes], 0.0)
        for limit in np.unique(longest):
            ends = np.where(longest <= limit, 1.0, 0.0)
            found = milp(
                np.zeros(len(ends)), integrality=whole, bounds=Bounds(0, ends), constraints=limits
            )
            if found.x is not None:
                upper[:] = ends
                return float(limit)
        return math.inf

    def whole(self, ways):
        """Whether each way covers, as backup means it."""
        return np.array([len(one) == self.need for one in ways], float)

    def best(self):
        """Smallest values in turn, and what plans there are with just these."""
        found = [
            (values, plan)
            for plan in self.plans()
            if self.allowed(*plan) and (values := self.values(*plan)) is not None
        ]
        if not found or any(math.isnan(value) for value in found[0][0]):
            return (found[0][0] if found else None), []
        for k in range(len(self.asked.aims)):
            least = min(values[k] for values, _ in found)
            found = [one for one in found if one[0][k] <= least + SLACK]
        return found[0][0], [plan for _, plan in found]


def solved(town, asked):
    compile_kernels()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", ModelWarning)
        table = site_table(
            town.reach, town.sites, town.demand, town.stations,
            minutes=MINUTES, speed=4.5, weight="workers",
        )  # fmt: skip
        problem = problem_of(table, asked, town.reach)
    return problem, solve(problem, greedy(problem))


def check(town, aims, rules):
    """Compare one answer with all the plans there are."""
    if "required" in rules and "n_open" in rules:
        rules["n_open"] = max(rules["n_open"], 1)
    asked = asked_of(town, aims, rules)
    oracle = Oracle(town, asked)
    best, equals = oracle.best()
    problem, found = solved(town, asked)
    what = (aims, rules, [(aim, answer) for aim, answer in found.answers])
    if best is None:
        assert found.first.status == "infeasible", what
        return "infeasible"
    if any(math.isnan(value) for value in best):
        return "nobody"
    names = [aim for aim, _ in found.answers]
    assert names[: len(asked.aims)] == list(asked.aims), what
    for value, (aim, answer) in zip(best, found.answers, strict=False):
        if math.isinf(value):  # as second aim it may be out of reach
            assert answer.status == "infeasible", what
            break
        sign = -1 if aim in LARGER_IS_BETTER else 1
        assert answer.status == "proved", what
        assert answer.value == pytest.approx(sign * value, abs=1e-5), (what, best)
        assert answer.bound == answer.value
    check_plan(oracle, problem, found, equals, what)
    return "proved"


def check_plan(oracle, problem, found, equals, what):
    """Check that the plan keeps the rules, is among the best, and that none prefers more."""
    order, m, k = problem.by_id, oracle.m, oracle.k
    sites = found.sites
    new = tuple(sorted(order[sites[sites < m]]))
    closed = tuple(j for j in oracle.closable if m + j not in sites)
    up = tuple(j for j in oracle.upgradable if m + k + j in sites and j not in closed)
    assert oracle.allowed(new, closed, up), what
    assert (new, closed, up) in {(*map(tuple, plan),) for plan in equals}, what
    if oracle.asked.prefer or oracle.asked.closable:
        keen = set(np.flatnonzero(oracle.town.sites["keen"])) if oracle.asked.prefer else set()

        def liked(plan):
            return len(keen & set(plan[0])) - len(plan[1])

        best = max(liked(plan) for plan in equals)
        assert liked((new, closed, up)) >= best - (1 if up else 0), what


@pytest.mark.parametrize("aim", AIMS)
def test_every_rule_and_every_pair_of_rules_with_the_aim(aim):
    draw = random.Random(AIMS.index(aim))  # noqa: S311
    pairs = [*combinations(sorted(RULES), 2), *((name,) for name in RULES), ()]
    kinds = [
        check(Town(draw, small="capacity" in names), (aim,), question(draw, (aim,), names))
        for names in pairs
    ]
    assert kinds.count("proved") > 60


@pytest.mark.parametrize("aims", list(permutations(AIMS, 2)), ids="-then-".join)
def test_two_aims_one_after_the_other(aims):
    draw = random.Random("".join(aims))  # noqa: S311
    for _ in range(8):
        names = draw.sample(sorted(RULES), 2)
        check(Town(draw, small="capacity" in names), aims, question(draw, aims, names))


@pytest.mark.parametrize("aim", AIMS)
def test_backup_and_capacity_together_with_any_third_rule(aim):
    draw = random.Random(100 + AIMS.index(aim))  # noqa: S311
    thirds = sorted(set(RULES) - {"backup", "capacity"})
    kinds = []
    for third in [*thirds, *thirds]:
        town = Town(draw, small=True)
        for places in (town.sites, town.stations):
            places[["capacity", "after"]] *= 3
        names = ("backup", "capacity", third)
        kinds.append(check(town, (aim,), question(draw, (aim,), names)))
    assert kinds.count("proved") >= 9


@pytest.mark.parametrize("aim", AIMS)
@pytest.mark.parametrize("backup", [False, True])
def test_a_capacity_without_limit_changes_nothing(aim, backup):
    draw = random.Random(f"{aim}{backup}")  # noqa: S311
    for _ in range(6):
        town = Town(draw, small=False)
        rules = question(draw, (aim,), ("n_open",)) | {"backup": backup}
        town.sites["roomy"] = town.stations["roomy"] = math.nan
        one, two = (
            solved(town, asked_of(town, (aim,), rules | more))[1].first
            for more in ({}, {"capacity": "roomy"})
        )
        assert one.status == two.status
        assert one.value == pytest.approx(two.value, abs=1e-5, nan_ok=True)
