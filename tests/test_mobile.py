"""Mobile homes: against every possible tour on small cases, and what a timetable must keep."""

from __future__ import annotations

import re
from itertools import combinations, pairwise, permutations

import geopandas as gpd
import networkx as nx
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given, settings
from hypothesis import strategies as st

import servicecircle as sc
import town
from servicecircle.errors import CrsError, InputError
from servicecircle.mobile._routes import Day, day_routes
from servicecircle.mobile._solve import Task, solve_tour
from servicecircle.reach import Reach

MAY = pd.date_range("2026-05-04", periods=5)


def sites_at(xy, workers, **columns):
    """Sites so many metres from a corner near Quanzhou."""
    points = gpd.points_from_xy([x for x, _ in xy], [y for _, y in xy], crs=32650)
    names = [f"工地{k}" for k in range(len(xy))]
    frame = gpd.GeoDataFrame({"name": names, "workers": workers, **columns}, geometry=points)
    frame.geometry = frame.geometry.translate(670_000, 2_750_000)
    return frame.set_index(pd.Index([f"G{k}" for k in range(len(xy))], name="id")).to_crs(4326)


def depot_at(x, y):
    frame = sites_at([(x, y)], [0])[["geometry"]]
    return frame.set_index(pd.Index(["depot"]))


# --- against every possible tour ---


@st.composite
def cases(draw):
    n = draw(st.integers(1, 4))
    ids = [f"G{k}" for k in range(n)]
    with_depot = draw(st.booleans())
    places = [*ids, "depot"] if with_depot else ids
    minutes = draw(
        st.lists(st.integers(0, 200), min_size=len(places) ** 2, max_size=len(places) ** 2)
    )
    travel = pd.DataFrame(np.reshape(minutes, (len(places),) * 2), places, places)
    days = draw(st.integers(1, 3))
    opened = draw(st.lists(st.lists(st.integers(0, days - 1)), min_size=n, max_size=n))
    return {
        "ids": ids,
        "workers": draw(st.lists(st.integers(1, 9), min_size=n, max_size=n)),
        "stop": draw(st.lists(st.sampled_from([1, 2, 3]), min_size=n, max_size=n)),
        "travel": travel,
        "days": days,
        "opened": [sorted(set(one)) or list(range(days)) for one in opened],
        "vehicles": draw(st.integers(1, 2)),
        "visits": draw(st.integers(1, 2)),
        "hours": draw(st.sampled_from([3, 5, 8])),
        "stops_a_day": draw(st.sampled_from([None, 1, 2])),
    }


def best_by_hand(case):
    """Try everything: workers at first stops, at second stops, −vehicle days, −driving."""
    graph = nx.DiGraph()
    for a in case["travel"].index:
        for b in case["travel"].columns:
            graph.add_edge(a, b, weight=0 if a == b else case["travel"].loc[a, b])
    way = dict(nx.all_pairs_dijkstra_path_length(graph))
    ends = "depot" in case["travel"].index
    most = case["stops_a_day"] or len(case["ids"])
    stop = dict(zip(case["ids"], case["stop"], strict=True))

    def driving(route):
        legs = sum(way[a][b] for a, b in pairwise(route))
        return legs + (way["depot"][route[0]] + way[route[-1]]["depot"] if ends else 0)

    def quickest(some):
        times = [
            driving(route)
            for route in permutations(some)
            if driving(route) + 60 * sum(stop[one] for one in route) <= 60 * case["hours"]
        ]
        return min(times, default=None) if len(some) <= most else None

    subsets = [s for r in range(len(case["ids"]) + 1) for s in combinations(case["ids"], r)]
    single = {
        frozenset(some): (1, quickest(some))
        for some in subsets
        if some and quickest(some) is not None
    }
    one_day = {frozenset(): (0, 0), **single}
    for first in list(single) if case["vehicles"] > 1 else []:
        for second in single:
            if not first & second:
                both = 2, single[first][1] + single[second][1]
                one_day[first | second] = min(both, one_day.get(first | second, both))
    states = {(0,) * len(case["ids"]): (0, 0)}
    for day in range(case["days"]):
        here = {one for one, when in zip(case["ids"], case["opened"], strict=True) if day in when}
        after = {}
        for state, cost in states.items():
            for served, more in one_day.items():
                then = tuple(c + (one in served) for one, c in zip(case["ids"], state, strict=True))
                if served <= here and max(then) <= case["visits"]:
                    total = cost[0] + more[0], cost[1] + more[1]
                    after[then] = min(total, after.get(then, total))
        states = after
    return max(
        (
            *(
                sum(w for w, c in zip(case["workers"], state, strict=True) if c >= nth)
                for nth in range(1, case["visits"] + 1)
            ),
            -cost[0],
            -cost[1],
        )
        for state, cost in states.items()
    )


def plan_case(case):
    days = MAY[: case["days"]]
    sites = sites_at([(k, 0) for k in range(len(case["ids"]))], case["workers"])
    sites["open_days"] = [[str(days[k].date()) for k in one] for one in case["opened"]]
    sites["stop"] = case["stop"]
    return sc.plan_tour(
        sites,
        days=days,
        vehicles=case["vehicles"],
        stops_a_site=case["visits"],
        hours=case["hours"],
        stop_hours="stop",
        stops_a_day=case["stops_a_day"],
        travel=case["travel"],
        depot=depot_at(0, 0) if "depot" in case["travel"].index else None,
    )


@settings(max_examples=60)
@given(cases())
def test_no_possible_tour_serves_more_or_drives_less(case):
    tour = plan_case(case)
    stops = tour.stops
    closed = np.array(nx.floyd_warshall_numpy(graph_of(case["travel"])))
    closed = pd.DataFrame(closed, case["travel"].index, case["travel"].columns)
    last = stops.groupby(["vehicle", "day"])["site"].last()
    back = sum(closed.loc[one, "depot"] for one in last) if "depot" in closed.index else 0
    found = (
        *(
            stops.loc[stops["visit"] == nth, "workers"].sum()
            for nth in range(1, case["visits"] + 1)
        ),
        -len(last),
        -(stops["driving"].sum() + back),
    )
    assert found == best_by_hand(case)
    assert tour.status == "proved"
    assert tour.value == tour.bound == found[0]
    check_timetable(tour, case["hours"], closed)


def graph_of(travel):
    graph = nx.DiGraph()
    graph.add_nodes_from(travel.index)
    for a in travel.index:
        for b in travel.columns:
            if a != b:
                graph.add_edge(a, b, weight=travel.loc[a, b])
    return graph


def check_timetable(tour, hours, ways):
    """Nobody is in two places at once, has time to drive, and comes when a site is open."""
    for (_, day), drive in tour.stops.groupby(["vehicle", "day"]):
        clock, where = day + pd.Timedelta(hours=8), "depot" if "depot" in ways.index else None
        for stop in drive.sort_values("arrive").itertuples():
            way = 0 if where is None else ways.loc[where, stop.site]
            assert stop.driving == way
            assert stop.arrive == clock + pd.Timedelta(minutes=way)
            assert stop.leave > stop.arrive
            clock, where = stop.leave, stop.site
        home = ways.loc[where, "depot"] if "depot" in ways.index else 0
        assert clock + pd.Timedelta(minutes=home) <= day + pd.Timedelta(hours=8 + hours)
    assert not tour.stops.duplicated(["site", "day"]).any()
    named = tour.sites["open_days"].map(set) if "open_days" in tour.sites.columns else None
    for stop in tour.stops.itertuples():
        assert named is None or str(stop.day.date()) in named[stop.site]
    served = tour.stops.drop_duplicates("site")["workers"].sum()
    assert tour.value == served == tour.stops["cumulative"].max() or tour.stops.empty
    assert set(tour.unserved.index) == set(tour.sites.index) - set(tour.stops["site"])


@settings(max_examples=40)
@given(cases(), st.integers(1, 4))
def test_bound_holds_where_only_some_days_are_tried(case, most_sets):
    n = len(case["ids"])
    opened = np.array([[day in one for day in range(case["days"])] for one in case["opened"]])
    closed = np.array(nx.floyd_warshall_numpy(graph_of(case["travel"])))
    out, back = (closed[n, :n], closed[:n, n]) if len(closed) > n else (np.zeros(n), np.zeros(n))
    length = 60.0 * case["hours"]
    stop = 60.0 * np.array(case["stop"])
    day = Day(closed[:n, :n], out, back, stop, length, case["stops_a_day"] or n)
    task = Task(np.array(case["workers"]), opened, case["vehicles"], 1, day, most_sets)
    answer = solve_tour(task, seconds=5)
    best = best_by_hand({**case, "visits": 1})[0]
    assert answer.value <= best <= answer.bound
    assert (answer.status == "proved") <= (answer.value == best)


def test_a_struck_time_limit_gives_the_tour_found_so_far(monkeypatch):
    sites, days = quanzhou()
    best = sc.plan_tour(sites, days=days, depot=depot_at(0, 0))
    monkeypatch.setattr("servicecircle.mobile._solve.LEAST_SECONDS", 0.0)
    tour = sc.plan_tour(sites, days=days, depot=depot_at(0, 0), time_limit=1e-9)
    assert tour.status == "time_limit"
    assert 0.5 * best.value < tour.value <= best.value <= tour.bound
    assert tour.optimality_gap == (tour.bound - tour.value) / tour.value
    assert "possible" in repr(tour)


def test_columns_of_the_caller_stay():
    sites = sites_at([(0, 0)], [5], visits=[12_000], cost=[3])
    tour = sc.plan_tour(sites, days=MAY)
    assert tour.sites[["visits", "cost"]].equals(sites[["visits", "cost"]])


def test_routes_left_out_are_the_slow_ones():
    between = np.array([[0.0, 1, 9], [1, 0, 8], [9, 8, 0]])
    nothing = np.zeros(3)
    day = Day(between, nothing, nothing, np.full(3, 10.0), 40.0, 3)
    routes, complete = day_routes(day, np.ones((3, 1), dtype=bool), 3)
    assert complete
    assert [len(level.sites) for level in routes] == [3, 3, 1]
    assert routes[2].driving.tolist() == [9.0]
    some, complete = day_routes(day, np.ones((3, 1), dtype=bool), 2)
    assert not complete
    assert [np.sort(level.sites).tolist() for level in some[:2]] == [[[0], [1]], [[0, 1], [1, 2]]]


# --- what a planner asks ---


def quanzhou():
    """Forty sites with 20,000 workers in all, each open for some of four weeks."""
    rng = np.random.default_rng(7)
    days = pd.bdate_range("2026-05-04", periods=20)
    first = rng.integers(0, 18, 40)
    last = np.minimum(first + rng.integers(2, 15, 40), 19)
    workers = rng.integers(1, 100, 40)
    sites = sites_at(rng.uniform(-15_000, 15_000, (40, 2)), workers * 20_000 / workers.sum())
    sites["workers"] = sites["workers"].round()
    return sites.assign(first_day=days[first], last_day=days[last]), days


def test_one_vehicle_serves_most_of_twenty_thousand_site_workers():
    sites, days = quanzhou()
    tour = sc.plan_tour(sites, days=days, depot=depot_at(0, 0))
    row = tour.summary().iloc[0]
    assert tour.status == "proved"
    assert 0.8 < row["share"] <= 1
    assert row["served"] == tour.sites.loc[tour.sites["stops"] > 0, "workers"].sum()
    when = tour.stops.merge(sites[["first_day", "last_day"]], left_on="site", right_index=True)
    assert ((when["day"] >= when["first_day"]) & (when["day"] <= when["last_day"])).all()
    assert tour.stops["leave"].dt.hour.max() < 16
    two = sc.plan_tour(sites, days=days, depot=depot_at(0, 0), vehicles=2)
    assert two.value == sites["workers"].sum()
    assert two.unserved.empty


def test_order_of_rows_does_not_change_the_tour_and_nothing_is_written_to_the_input():
    sites, days = quanzhou()
    before = sites.copy()
    tour = sc.plan_tour(sites, days=days, depot=depot_at(0, 0))
    again = sc.plan_tour(sites.sample(frac=1, random_state=1), days=days, depot=depot_at(0, 0))
    pd.testing.assert_frame_equal(tour.stops, again.stops)
    pd.testing.assert_frame_equal(sites, before)
    assert tour.sites.index.equals(sites.index)
    assert tour.stops.crs == sites.crs


def test_straight_line_times_detour_at_the_speed_rounded_up():
    sites = sites_at([(0, 0), (9_000, 0)], [5, 5])
    tour = sc.plan_tour(sites, days=["2026-05-04"], speed=30, detour=1.2)
    assert tour.stops["driving"].tolist() == [0, 22]  # 10.8 km at 30 km/h: 21.6 minutes
    assert sc.plan_tour(sites, days=["2026-05-04"], hours=6).value == 5


def test_ways_may_be_given_by_a_table_or_a_reach():
    sites = sites_at([(0, 0), (1, 0), (2, 0)], [5, 6, 7])
    pairs = [("G0", "G1", 30.0), ("G1", "G0", 30.0), ("G1", "G2", 40.0), ("G2", "G1", 40.0)]
    frame = pd.DataFrame(pairs, columns=["facility", "demand", "minutes"])
    table = frame.pivot_table(index="facility", columns="demand", values="minutes")
    options = {"days": ["2026-05-04"], "hours": 12, "stop_hours": 3.0}
    by_reach = sc.plan_tour(sites, travel=Reach.from_frame(frame), **options)
    by_table = sc.plan_tour(sites, travel=table, **options)
    pd.testing.assert_frame_equal(by_reach.stops, by_table.stops)
    assert by_table.stops["driving"].sum() == 70
    assert by_table.stops["site"].tolist() in (["G0", "G1", "G2"], ["G2", "G1", "G0"])


def test_every_site_without_a_stop_says_why():
    sites = sites_at(
        [(0, 0), (100, 0), (200, 0), (300, 0), (90_000, 0), (0, 0), (0, 0), (0, 0)],
        [9, 5, 0, 8, 7, 6, 6, 6],
        first_day=["2026-05-04", None, None, "2026年6月", None, None, None, None],
        status=["ok", "unsnapped", "ok", "ok", "ok", "bad_coordinates", "ok", "ok"],
    )
    sites.loc["G6", "geometry"] = None
    sites.loc["G7", "geometry"] = shapely.Point(np.inf, 0)
    tour = sc.plan_tour(sites, days=["2026.5.4"], stops_a_day=1, depot=depot_at(0, 0))
    assert tour.stops["site"].tolist() == ["G0"]
    reasons = {"G1": "no_time", "G2": "no_workers", "G3": "not_open", "G4": "too_far"}
    reasons |= {"G5": "bad_coordinates", "G6": "no_geometry", "G7": "bad_coordinates"}
    assert tour.unserved["reason"].to_dict() == reasons
    assert tour.sites["status"].to_dict()["G6"] == "no_geometry"
    assert tour.unserved["reason_zh"].str.endswith("。").all()
    assert tour.unserved["reason_en"].str.endswith(".").all()


@pytest.mark.parametrize(
    ("columns", "served"),
    [
        ({}, [1, 2, 3, 4, 5]),
        ({"first_day": "2026-05-06"}, [3, 4, 5]),
        ({"last_day": "2026年5月6日"}, [1, 2, 3]),
        ({"last_day": "2026年5月"}, [1, 2, 3, 4, 5]),
        ({"last_day": "2026-04"}, []),
        ({"first_day": "2026.5.5", "last_day": "2026/5/7"}, [2, 3, 4]),
        ({"open_days": "2026-05-05、2026-05-08, 2026-06-01"}, [2, 5]),
        ({"open_days": "", "last_day": "2026-05-04"}, [1]),
        ({"open_days": "待定"}, [1, 2, 3, 4, 5]),
    ],
)
def test_days_of_a_site_are_read_as_tables_write_them(columns, served):
    sites = sites_at([(0, 0)], [5]).assign(**columns)
    tour = sc.plan_tour(sites, days=MAY, stops_a_site=9)
    assert tour.stops["day"].tolist() == [MAY[k - 1] for k in served]
    assert tour.stops["visit"].tolist() == list(range(1, len(served) + 1))
    assert tour.value == (5 if served else 0)
    assert tour.stops["cumulative"].tolist() == [5.0] * len(served)


def test_other_column_names_and_list_cells():
    sites = sites_at([(0, 0), (10, 0)], [5, 6]).rename(columns={"workers": "人数"})
    sites = sites.assign(开工=["2026-05-05", ""], 日期=[None, [MAY[0], MAY[4]]])
    tour = sc.plan_tour(
        sites,
        days=MAY,
        weight="人数",
        first_day="开工",
        open_days="日期",
        stops_a_site=5,
        vehicles=2,
    )
    assert tour.sites["stops"].to_dict() == {"G0": 4, "G1": 2}
    assert tour.sites["first_stop"].dt.day.to_dict() == {"G0": 5, "G1": 4}


def test_timetable_has_every_day_and_vehicle():
    sites = sites_at([(0, 0), (50, 0), (100, 0)], [5, 6, 7])
    table = sc.plan_tour(sites, days=MAY[:2], vehicles=2, start="13:30").timetable()
    assert table.index.tolist() == MAY[:2].tolist()
    assert table.columns.tolist() == [1, 2]
    lines = [line for line in "\n".join(table.to_numpy().ravel()).split("\n") if line]
    assert len(lines) == 3
    assert lines[0].startswith("13:30–16:30 工地")
    assert {line[-3:] for line in lines} == {"工地0", "工地1", "工地2"}


def test_sites_without_a_name_are_called_by_their_id():
    sites = sites_at([(0, 0), (50, 0), (100, 0)], [5, 6, 7]).assign(name=["甲", None, " "])
    tour = sc.plan_tour(sites, days=MAY[:2], vehicles=2)
    lines = [line[12:] for cell in tour.timetable().to_numpy().ravel() for line in cell.split("\n")]
    assert set(lines) - {""} == {"甲", *sites.index[1:]}


def test_no_sites_is_an_empty_tour():
    tour = sc.plan_tour(sites_at([(0, 0)], [5]).iloc[:0], days=MAY)
    assert tour.stops.empty
    assert tour.unserved.empty
    assert (tour.value, tour.bound, tour.status) == (0, 0, "proved")
    assert tour.summary().loc[0, "share"] is not None
    assert (tour.timetable() == "").all(axis=None)
    assert "0 stops" in repr(tour)


def test_fractions_of_workers_count_exactly():
    sites = sites_at([(0, 0), (10, 0), (20, 0)], [0.1, 0.2, 0.3])
    tour = sc.plan_tour(sites, days=MAY[:1])
    assert tour.value == tour.bound == 0.5
    assert tour.status == "proved"


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"vehicles": 0}, "`vehicles` must be a whole number from 1"),
        ({"stops_a_site": 1.5}, "`stops_a_site` must be a whole number"),
        ({"stops_a_day": 0}, "`stops_a_day`"),
        ({"hours": 25}, "at most 24"),
        ({"hours": float("nan")}, "`hours` must be"),
        ({"speed": 0}, "`speed` must be"),
        ({"detour": 0.9}, "`detour` must be a number from 1"),
        ({"start": "8 Uhr"}, "`start` must be a time"),
        ({"stop_hours": 0}, "`stop_hours` must be above 0"),
        ({"stop_hours": "none"}, "no column 'none'"),
        ({"days": []}, "`days` is empty"),
        ({"days": "2026-05-04"}, "must be a list of days"),
        ({"days": ["2026-05-04", "Monday"]}, "no day: ['Monday']"),
        ({"weight": "heads"}, "no column 'heads'"),
        ({"last_day": "竣工"}, "no columns ['竣工']; it has ['name', 'workers'"),
        ({"travel": pd.DataFrame([[0.0]], ["G0"], ["G0"])}, "lacks 1 ids"),
        ({"travel": pd.DataFrame(-1.0, ["G0", "G1"], ["G0", "G1"])}, "negative minutes"),
        ({"travel": pd.DataFrame(999.0, ["G0", "G1"], ["G0", "G1"])}, "Give a `depot`"),
    ],
)
def test_wrong_arguments_are_named(change, message):
    sites = sites_at([(0, 0), (10, 0)], [5, 6])
    with pytest.raises(InputError, match=re.escape(message)):
        sc.plan_tour(sites, **{"days": MAY, **change})


def test_wrong_tables_are_named():
    sites = sites_at([(0, 0), (10, 0)], [5, 6])
    with pytest.raises(InputError, match="after 'last_day' in 1 rows: \\['G1'\\]"):
        sc.plan_tour(
            sites.assign(first_day=["", "2026-05-05"], last_day=["", "2026-05-04"]), days=MAY
        )
    with pytest.raises(InputError, match="no day in 1 rows: \\['G0'\\]"):
        sc.plan_tour(sites.assign(first_day=["soon", ""]), days=MAY)
    with pytest.raises(InputError, match="'G1', 'open_days'"):
        sc.plan_tour(sites.assign(open_days=["", "2026-05-05、often"]), days=MAY)
    with pytest.raises(InputError, match="`depot` must be one row"):
        sc.plan_tour(sites, days=MAY, depot=sites)
    nowhere = depot_at(0, 0).set_geometry([None], crs=4326)
    with pytest.raises(InputError, match="`depot` must be one row with a place"):
        sc.plan_tour(sites, days=MAY, depot=nowhere)
    ways = pd.DataFrame(1.0, index=sites.index, columns=sites.index)
    with pytest.raises(InputError, match="unique ids"):
        sc.plan_tour(sites, days=MAY, depot=sites.iloc[:1], travel=ways)
    assert len(sc.plan_tour(sites, days=MAY, depot=sites.iloc[:1]).stops) == len(sites)
    with pytest.raises(CrsError, match="no CRS"):
        sc.plan_tour(sites.set_crs(None, allow_override=True), days=MAY)


# --- the picture ---


@pytest.fixture
def drawn():
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="matplotlib is not installed")
    pyplot.switch_backend("agg")
    yield pyplot
    pyplot.close("all")


@pytest.mark.usefixtures("drawn")
def test_picture_shows_every_stop_once_and_where_it_is():
    sites = sites_at([(0, 0), (3000, 0), (0, 3000), (9000, 9000)], [50, 60, 70, 1])
    sites.loc["G1", "name"] = "$工地$"
    tour = sc.plan_tour(
        sites, days=MAY[:2], vehicles=2, stops_a_day=1, hours=4, depot=depot_at(0, 0)
    )
    assert len(tour.unserved) == 1
    figure = sc.plot_tour(tour, title="五月", language="zh")
    left, right = figure.axes
    bars = [bar for bar in right.patches if bar.get_width() > 0]
    assert len(bars) == len(tour.stops) == 3
    at = sorted((bar.get_x(), bar.get_width()) for bar in bars)
    hours = (tour.stops["arrive"] - tour.stops["day"]) / pd.Timedelta(hours=1)
    np.testing.assert_allclose(at, sorted((hour, 3.0) for hour in hours))
    rows = {round(bar.get_y() + bar.get_height() / 2) for bar in bars}
    assert rows == {MAY.get_loc(day) for day in tour.stops["day"]}
    assert [text.get_text() for text in right.get_yticklabels()] == ["05-04 周一", "05-05 周二"]
    labels = [text.get_text() for text in left.get_legend().get_texts()]
    assert labels[0] == "未安排的工地"
    assert labels[-1] == "停车场"
    shown = sum(len(part.get_offsets()) for part in left.collections)
    assert shown == 4 + 1  # sites and the depot
    named = {text.get_text() for text in left.texts}
    assert named == {"工地0", r"\$工地\$", "工地2", "工地3"}
    assert figure.get_suptitle().startswith(
        "五月\n2 辆车停靠 3 站，服务 3 个工地的 180 名职工（99.4%）"
    )
    figure.canvas.draw()


@pytest.mark.usefixtures("drawn")
def test_picture_in_english_over_streets_and_of_nothing(tmp_path):
    town.streets().to_file(tmp_path / "streets.geojson", driver="GeoJSON")
    streets = sc.read_network(tmp_path / "streets.geojson")
    sites = town.places(["site A", "site B"], [(100, 0), (900, 0)]).assign(workers=[5, 6])
    tour = sc.plan_tour(sites, days=MAY[:1])
    figure = sc.plot_tour(tour, network=streets, language="en")
    assert "2 stops of 1 vehicles serve 11 workers at 2 sites (100.0%), proved" in (
        figure.get_suptitle()
    )
    lines = max(figure.axes[0].collections, key=lambda part: len(part.get_paths()))
    assert len(lines.get_paths()) == len(streets.streets)
    figure.canvas.draw()
    nothing = sc.plan_tour(sites.iloc[:0], days=MAY)
    sc.plot_tour(nothing).canvas.draw()
    with pytest.raises(InputError, match="`language` must be"):
        sc.plot_tour(tour, language="fr")
