"""The planner's map without a browser: its figures, outlines, safety and weight."""

from __future__ import annotations

import base64
import hashlib
import html
import json
import re
import shutil
import subprocess
from pathlib import Path

import folium
import folium.plugins
import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import town
from hostile import CHANNELS, LINKS, PAYLOADS, hostile_map
from servicecircle import _notebook
from servicecircle._said import say
from servicecircle.coverage import measure_coverage
from servicecircle.errors import InputError, InputWarning
from servicecircle.maps import (
    _page,
    _plots,
    _size,
    map_coverage,
    map_plan,
    pictures,
    plot_coverage,
    plot_plan,
    save_map,
    save_png,
)
from servicecircle.maps._gather import scene_of_coverage
from servicecircle.maps._ground import make_ground, street_class
from servicecircle.maps._minutes import LETTERS, encode_levels
from servicecircle.maps._near import names_of_gaps
from servicecircle.maps._outlines import Outliner, encode_line, encode_polygons, label_place
from servicecircle.networks import read_network
from servicecircle.samples import wuhan
from servicecircle.siting import choose_sites
from servicecircle.standards import check_standard, standard

pytestmark = pytest.mark.filterwarnings("ignore::servicecircle.errors.ServiceCircleWarning")
ASSETS = Path(__file__).resolve().parents[1] / "src/coverage/servicecircle/_assets/map"


@pytest.fixture(scope="module")
def network(tmp_path_factory):
    folder = tmp_path_factory.mktemp("town")
    town.write_town(folder)
    return read_network(folder / "streets.geojson")


@pytest.fixture(scope="module")
def plan(network):
    stations, workers = town.stations(), town.workers()
    return choose_sites(
        network, town.shops(), workers, existing=stations, n_open=2, minutes=[5, 10]
    )


@pytest.fixture(scope="module")
def demo():
    """Plan the demo city; return its districts as well."""
    from servicecircle.demand import read_demand
    from servicecircle.sites import read_sites

    city = wuhan()
    kind = city.coordinates
    network = read_network(city.streets)
    stations = read_sites(city.stations, coordinates=kind)
    workers = read_demand(city.workers, coordinates=kind)
    shops = read_sites(city.shops, coordinates=kind)
    found = choose_sites(
        network, shops, workers, existing=stations, n_open=12, minutes=[10, 15], time_limit=20
    )
    return found, gpd.read_file(city.districts)


@pytest.fixture(scope="module")
def demo_map(demo):
    found, districts = demo
    return map_plan(found, districts=districts)


def data_of(made):
    """Read back what the page is given, from the finished document."""
    text = made.get_root().render()
    return json.loads(re.search(r'id="servicecircle-data">(.*?)</script>', text, re.DOTALL)[1])


def decode(text):
    """Read a Google polyline, written from Google's description, not from our encoder."""
    numbers, value, shift = [], 0, 0
    for character in text:
        chunk = ord(character) - 63
        value |= (chunk & 31) << shift
        shift += 5
        if chunk < 32:
            numbers.append(~(value >> 1) if value & 1 else value >> 1)
            value, shift = 0, 0
    return np.cumsum(np.reshape(numbers, (-1, 2)), axis=0)[:, ::-1] / 1e5


def decode_area(coded):
    return shapely.MultiPolygon(
        [shapely.Polygon(decode(rings[0]), [decode(hole) for hole in rings[1:]]) for rings in coded]
    )


def column(columns, name):
    packed = columns[name]
    if isinstance(packed, list):
        return packed
    rows = packed.get("rows", [0] * len(decode(columns["at"])))
    return [packed["values"][row] for row in rows]


# Figures


def test_the_headline_figures_are_those_of_the_plan(plan):
    workers, today_inner, today, plan_inner, after = data_of(map_plan(plan))["figures"]["all"]
    before, later = plan.today.summary(), plan.coverage.summary()
    assert [workers, workers] == [before["workers"].iloc[-1], later["workers"].iloc[-1]]
    assert [today_inner, today] == before["covered"].tolist()
    assert [plan_inner, after] == later["covered"].tolist()
    assert after == plan.value


def test_the_figures_of_groups_and_districts_are_those_of_the_coverage(demo, demo_map):
    found, _ = demo
    data = data_of(demo_map)
    by_group = found.coverage.by("group")
    names = sorted(found.demand["group"].dropna().unique())
    assert [row[4] for row in data["figures"]["groups"]] == by_group.loc[names, "covered"].tolist()
    by_district = found.coverage.by("district")
    for district in data["districts"]:
        assert district["figures"][0][0] == by_district.loc[district["zh"], "workers"]
        assert district["figures"][0][4] == by_district.loc[district["zh"], "covered"]


def test_gains_by_group_add_up_to_each_sites_gain(demo, demo_map):
    found, _ = demo
    sites = data_of(demo_map)["sites"]
    assert column(sites, "gain") == found.sites["gain"].tolist()
    assert [sum(row) for row in column(sites, "groups")] == found.sites["gain"].tolist()


def test_places_marked_for_a_site_sum_to_its_gain(demo, demo_map):
    found, _ = demo
    demand = data_of(demo_map)["demand"]
    sums = np.bincount(demand["site"], weights=demand["workers"])[1:]
    assert sums.tolist() == found.sites["gain"].tolist()


def test_stations_carry_the_figures_of_the_coverage(demo, demo_map):
    found, _ = demo
    stations = data_of(demo_map)["stations"]
    placed = found.today.facilities[found.today.facilities["status"] != "no_geometry"]
    assert column(stations, "workers") == placed["workers"].tolist()
    assert column(stations, "alone") == placed["workers_alone"].tolist()


def test_runners_up_lie_within_400_metres_and_gain_no_more_than_their_site(demo, demo_map):
    found, _ = demo
    data = data_of(demo_map)
    places = found.sites.geometry.to_crs(32650)
    others = decode(data["candidates"]["at"])
    for place, index, gain, own in zip(
        places,
        column(data["sites"], "runnerUp"),
        column(data["sites"], "runnerGain"),
        column(data["sites"], "gain"),
        strict=True,
    ):
        if index is None:
            continue
        other = gpd.GeoSeries([shapely.Point(others[index])], crs=4326).to_crs(32650)[0]
        assert place.distance(other) <= 402
        assert 0 < gain <= own


# Map against table


def test_every_workplace_is_inside_or_outside_the_drawn_area_as_the_table_says(demo, demo_map):
    found, _ = demo
    data = data_of(demo_map)
    at = decode(data["demand"]["at"])
    for area, digits, least in (("outer", "12", 1), ("inner", "2", 1)):
        drawn = decode_area(data["areas"][area])
        inside = shapely.contains_xy(shapely.make_valid(drawn), at)
        covered = np.isin(list(data["demand"]["today"]), list(digits))
        assert covered.sum() > least
        assert (inside == covered).mean() >= 0.995
    assert found.coverage.share > found.today.share


def test_outlines_are_as_true_to_the_table_as_the_areas_they_come_from(demo, demo_map):
    found, _ = demo
    from servicecircle.areas import service_areas

    exact = service_areas(
        found.network, found.today.facilities, minutes=15, dissolve=True
    ).geometry.iloc[0]
    at = decode(data_of(demo_map)["demand"]["at"])
    drawn = shapely.make_valid(decode_area(data_of(demo_map)["areas"]["outer"]))
    different = shapely.contains_xy(drawn, at) != shapely.contains_xy(exact, at)
    assert different.sum() <= 2  # coordinates on the map are rounded to a metre


def test_a_hole_with_a_workplace_is_kept_and_an_empty_one_is_not():
    hole = [(100, 100), (120, 100), (120, 120), (100, 120)]
    empty = [(300, 300), (320, 300), (320, 320), (300, 320)]
    area = shapely.MultiPolygon(
        [shapely.Polygon([(0, 0), (500, 0), (500, 500), (0, 500)], [hole, empty])]
    )
    drawn = Outliner(np.array([[110.0, 110.0]])).simplify(area)
    assert shapely.get_num_interior_rings(drawn.geoms[0]) == 1
    assert not drawn.contains(shapely.Point(110, 110))
    assert drawn.contains(shapely.Point(310, 310))


def test_a_small_part_with_a_workplace_is_kept_and_an_empty_one_is_not():
    parts = shapely.MultiPolygon([shapely.box(0, 0, 20, 20), shapely.box(100, 0, 120, 20)])
    drawn = Outliner(np.array([[10.0, 10.0]])).simplify(parts)
    assert len(drawn.geoms) == 1
    assert drawn.contains(shapely.Point(10, 10))


def test_a_line_is_not_simplified_across_a_workplace():
    notch = shapely.Polygon(
        [(0, 0), (100, 0), (100, 100), (52, 100), (50, 95), (48, 100), (0, 100)]
    )
    in_the_notch = np.array([[50.0, 98.0]])
    drawn = Outliner(in_the_notch).simplify(shapely.MultiPolygon([notch]))
    assert not drawn.contains(shapely.Point(50, 98))
    assert (
        Outliner(np.empty((0, 2)))
        .simplify(shapely.MultiPolygon([notch]))
        .contains(shapely.Point(50, 98))
    )


def test_slivers_of_the_added_area_go_unless_someone_works_there():
    before, after = shapely.box(0, 0, 100, 100), shapely.box(0, 0, 104, 200)
    free = Outliner(np.empty((0, 2))).added(after, before)
    kept = Outliner(np.array([[102.0, 50.0]])).added(after, before)
    assert not free.contains(shapely.Point(102, 50))
    assert kept.contains(shapely.Point(102, 50))
    assert free.contains(shapely.Point(50, 150))


# Ground


def test_encoding_gives_the_published_example():
    places = [(-120.2, 38.5), (-120.95, 40.7), (-126.453, 43.252)]
    assert encode_line(np.array(places)) == "_p~iF~ps|U_ulLnnqC_mqNvxq`@"


def test_coded_polygons_read_back_within_half_a_metre():
    area = shapely.box(114.1, 30.5, 114.2, 30.6).difference(
        shapely.box(114.12, 30.52, 114.13, 30.53)
    )
    back = decode_area(encode_polygons(area))
    assert back.symmetric_difference(area).area < 1e-6
    assert shapely.get_num_interior_rings(back.geoms[0]) == 1


@pytest.mark.parametrize(
    ("highway", "expected"),
    [
        ("trunk_link", 0),
        ("primary", 0),
        ("tertiary", 1),
        ("footway", 2),
        (["secondary", "x"], 1),
        (None, 2),
    ],
)
def test_streets_fall_into_three_classes(highway, expected):
    assert street_class(highway) == expected


def test_a_river_between_streets_is_left_without_streets_and_a_park_is_not():
    lines = [shapely.LineString([(0, y), (3000, y)]) for y in (0, 100, 200, 1200, 1300)]
    lines += [shapely.LineString([(x, 0), (x, 200)]) for x in range(0, 3001, 100)]
    streets = gpd.GeoDataFrame(geometry=lines, crs=32650)
    ground = make_ground(streets, shapely.box(0, 0, 3000, 1300), shapely.box(0, 0, 1, 1), None)
    assert ground.voids.contains(shapely.Point(1500, 700))
    assert not ground.voids.intersects(shapely.Point(1500, 150))
    assert len(ground.streets[1]) > 0


def test_a_name_stands_inside_its_district_away_from_the_marks():
    area = shapely.box(0, 0, 1000, 400)
    x, y = label_place(area, [(500, 200)])
    assert area.contains(shapely.Point(x, y))
    assert shapely.Point(x, y).distance(shapely.Point(500, 200)) > 150
    assert label_place(shapely.Polygon(), []) is None


# The file


@pytest.fixture(scope="module")
def saved(plan, tmp_path_factory):
    path = tmp_path_factory.mktemp("maps") / "new folder" / "plan.html"
    assert save_map(map_plan(plan, districts=town.districts()), path) == path
    return path.read_text(encoding="utf-8")


def test_an_offline_map_links_nothing_from_another_host(saved):
    hosts = set(re.findall(r"https?://([\w.]+)", saved))
    # Namespaces, the licence, credits in Leaflet's comments, and the name of a shop.
    assert hosts <= {
        *("www.w3.org", "www.openstreetmap.org", "leafletjs.com"),
        *("bugzilla.mozilla.org", "bugs.chromium.org", "example.org"),
    }
    assert not re.search(r"<(link|img|iframe)\b|<script[^>]+src=|@import|url\(\s*[\"']?http", saved)


def test_the_policy_allows_exactly_the_scripts_of_the_page(saved):
    policy = re.search(r'Content-Security-Policy" content="([^"]+)"', saved)[1]
    assert "default-src 'none'" in policy
    assert "unsafe-inline" not in policy.split("script-src")[1].split(";")[0]
    scripts = re.findall(r"<script>(.*?)</script>", saved, re.DOTALL)
    digests = [
        base64.b64encode(hashlib.sha256(code.encode()).digest()).decode() for code in scripts
    ]
    assert len(scripts) >= 3
    assert set(re.findall(r"'sha256-([^']+)'", policy)) == set(digests)
    assert saved.index("Content-Security-Policy") < saved.index("<script")


def test_the_same_plan_gives_the_same_bytes(plan, tmp_path):
    for name in ("a", "b"):
        save_map(map_plan(plan), tmp_path / name)
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_saving_twice_and_showing_in_a_notebook_change_nothing(plan, tmp_path):
    made = map_plan(plan)
    save_map(made, tmp_path / "a")
    shown = made._repr_html_()
    assert "iframe" in shown
    assert "ServiceCircle.start" in shown
    save_map(made, tmp_path / "b")
    assert (tmp_path / "a").read_bytes() == (tmp_path / "b").read_bytes()


def test_an_online_map_links_leaflet_with_the_digest_of_our_copy(plan, tmp_path):
    save_map(map_plan(plan), tmp_path / "online.html", offline=False)
    text = (tmp_path / "online.html").read_text(encoding="utf-8")
    assert re.search(r'leaflet@1\.9\.4/dist/leaflet\.js" integrity="sha256-', text)
    assert len(text) < 200_000


def test_the_demo_map_weighs_less_than_900_kilobytes(demo_map, tmp_path):
    save_map(demo_map, tmp_path / "demo.html")
    assert (tmp_path / "demo.html").stat().st_size <= 900_000


def test_a_folder_that_cannot_be_made_is_said(plan, tmp_path):
    (tmp_path / "file").write_text("")
    with pytest.raises(InputError, match="Cannot write"):
        save_map(map_plan(plan), tmp_path / "file" / "map.html")


def test_a_layer_of_ones_own_that_needs_another_host_is_warned_of(plan, tmp_path):
    made = map_plan(plan)
    made.add_child(folium.plugins.HeatMap([[30.6, 114.3]]))
    with pytest.warns(InputWarning, match="other hosts"):
        save_map(made, tmp_path / "map.html")


def test_another_folium_map_is_refused(tmp_path):
    with pytest.raises(InputError, match="map_coverage"):
        save_map(folium.Map(), tmp_path / "x.html")
    assert not (tmp_path / "x.html").exists()


def test_a_language_we_do_not_speak_is_refused(plan):
    with pytest.raises(InputError, match="language"):
        map_plan(plan, language="fr")


def test_districts_without_names_are_refused(plan):
    nameless = town.districts().drop(columns="name")
    with pytest.raises(InputError, match="names"):
        map_plan(plan, districts=nameless)


# Text


@pytest.fixture(scope="module", params=PAYLOADS.values(), ids=PAYLOADS.keys())
def hostile(request, tmp_path_factory):
    made = hostile_map(tmp_path_factory.mktemp("hostile"), request.param)
    return request.param, made, made.get_root().render()


def test_text_arrives_literally_in_every_channel(hostile):
    payload, _, page = hostile
    data = re.search(r'id="servicecircle-data">(.*?)</script>', page, re.DOTALL)[1]
    strings = set(_strings(json.loads(data)))
    for channel in CHANNELS:
        words = {"station": "station ", "site": "shop ", "candidate": "shop "}.get(
            channel, f"{channel} "
        )
        assert any(text.startswith(words) and text.endswith(payload) for text in strings), channel


def test_hostile_text_appears_nowhere_in_the_page_as_it_was_typed(hostile):
    payload, made, page = hostile
    assert "50337" not in page
    assert "50337" not in made._repr_html_()
    if set("<{`&") & set(payload):
        assert payload not in page
        assert payload not in html.unescape(made._repr_html_())


def _strings(value):
    if isinstance(value, str):
        yield value
    elif isinstance(value, dict):
        for part in value.values():
            yield from _strings(part)
    elif isinstance(value, list):
        for part in value:
            yield from _strings(part)


def test_our_scripts_never_turn_text_into_html_or_code():
    forbidden = re.compile(
        r"innerHTML|outerHTML|insertAdjacentHTML|document\.write|\beval\(|new Function"
    )
    found = [path.name for path in ASSETS.glob("*.js") if forbidden.search(path.read_text("utf-8"))]
    assert found == []


def test_our_scripts_hold_no_template_marks_and_no_closing_tag():
    for path in ASSETS.iterdir():
        text = path.read_text("utf-8")
        assert "</script" not in text
        assert "</style" not in text


# Empty states


def plan_with(network, stations, shops, workers):
    return choose_sites(network, shops, workers, existing=stations, n_open=2, minutes=[5, 10])


def test_a_town_without_stations_has_a_plan_and_no_area_today(network):
    data = data_of(
        map_plan(plan_with(network, town.stations().iloc[:0], town.shops(), town.workers()))
    )
    assert data["areas"]["outer"] == []
    assert data["areas"]["added"] != []
    assert data["figures"]["all"][2] == 0


def test_candidates_that_add_nobody_are_said_to(network):
    far = town.places(["shop C9"], [(5000.0, 5000.0)])
    data = data_of(map_plan(plan_with(network, town.stations(), far, town.workers())))
    assert data["sites"]["at"] == ""
    assert data["emptyReason"][1] == "no candidate within 10 minutes of a gap"


def test_an_infeasible_plan_shows_its_conflicts_and_no_pins(network):
    stations, shops, workers = town.stations(), town.shops(), town.workers()
    refused = choose_sites(
        network, shops, workers, existing=stations, n_open=1, required=["C1", "C2"], minutes=[5, 10]
    )
    data = data_of(map_plan(refused))
    assert data["infeasible"]
    assert data["sites"]["at"] == ""
    assert len(data["conflicts"]) >= 1


def test_a_map_without_workers_still_shows_the_areas(network):
    today = measure_coverage(network, town.stations(), town.workers().iloc[:0], minutes=[5, 10])
    data = data_of(map_coverage(today))
    assert data["source"]["places"] == 0
    assert data["areas"]["outer"] != []


def test_a_map_with_everyone_covered_has_no_gap(network):
    near = town.workers().loc[["W1", "W8"]]
    data = data_of(map_coverage(measure_coverage(network, town.stations(), near, minutes=10)))
    assert set(data["demand"]["today"]) <= {"1", "2"}
    assert data["minutes"] == [7, 10]


def test_workers_far_from_streets_are_in_the_source_line(network):
    far = pd.concat(
        [town.workers(), town.places(["firm W99"], [(9000.0, 9000.0)]).assign(workers=7.0)]
    )
    data = data_of(map_coverage(measure_coverage(network, town.stations(), far, minutes=[5, 10])))
    assert data["source"]["unsnapped"] == 1
    assert data["source"]["unsnappedWorkers"] == 7
    assert data["figures"]["all"][0] == far["workers"].sum()


def test_rows_without_a_place_or_a_number_draw_nothing_and_break_nothing(network):
    workers = town.workers().assign(status="ok")
    workers.loc["W1", "status"] = "bad_number"
    workers.loc["W2", ["status", "geometry"]] = ["no_geometry", None]
    stations = pd.concat([town.stations(), town.places(["station S2"], [(0.0, 0.0)])]).assign(
        status="ok"
    )
    stations.loc["S2", ["status", "geometry"]] = ["no_geometry", None]
    made = map_coverage(measure_coverage(network, stations, workers, minutes=[5, 10]))
    assert len(decode(data_of(made)["demand"]["at"])) == len(workers) - 2


def test_a_reach_without_streets_takes_the_areas_it_is_given(network):
    from servicecircle.areas import service_areas
    from servicecircle.reach import walk_times

    stations, workers = town.stations(), town.workers()
    reach = walk_times(network, stations, workers, cutoff=10)
    areas = service_areas(network, stations, minutes=[5, 10], dissolve=True)
    today = measure_coverage(reach, stations, workers, minutes=[5, 10])
    data = data_of(map_coverage(today, areas=areas))
    assert data["areas"]["inner"] != []
    assert data["ground"]["streets"] == [[], [], []]
    with pytest.raises(InputError, match="minutes"):
        map_coverage(today, areas=areas.drop(columns="minutes"))


# Scripts


@pytest.mark.skipif(shutil.which("node") is None, reason="needs node")
def test_the_scripts_pass_their_own_tests():
    tests = sorted((Path(__file__).parent / "js").glob("*.test.js"))
    node = str(shutil.which("node"))
    done = subprocess.run([node, "--test", *tests], capture_output=True, text=True, check=False)
    assert done.returncode == 0, done.stdout[-4000:]


def test_the_scripts_pass_eslint_and_prettier():
    root = ASSETS.parents[4]
    if shutil.which("node") is None or not (root / "node_modules/eslint").is_dir():
        pytest.skip("eslint and prettier are not installed: `npm ci`")
    ours = ["src", "tests", "eslint.config.mjs"]
    for tool in (["eslint/bin/eslint.js"], ["prettier/bin/prettier.cjs", "--check"]):
        command = ["node", f"node_modules/{tool[0]}", *tool[1:], *ours]
        done = subprocess.run(command, cwd=root, capture_output=True, text=True, check=False)
        assert done.returncode == 0, done.stdout + done.stderr


def test_a_map_that_would_be_too_large_becomes_an_overview_that_says_so(plan, monkeypatch):
    monkeypatch.setattr(_size, "MOST_MEGABYTES", 0.01)
    monkeypatch.setattr(_size, "MOST_CANDIDATES", 1)
    with pytest.warns(InputWarning, match="An overview of"):
        data = data_of(map_plan(plan))
    drawn = set(column(data["candidates"], "id"))
    assert set(plan.sites.index) <= drawn
    assert len(drawn) == data["source"]["candidates"] < len(plan.candidates)
    assert data["source"]["candidatesAll"] == len(plan.candidates)


def test_a_large_map_is_not_put_into_a_notebook(plan, monkeypatch):
    made = map_plan(plan)
    assert "<iframe" in made._repr_html_()
    monkeypatch.setattr(_page, "MOST_IN_NOTEBOOK", 0.001)
    assert "<iframe" not in made._repr_html_()
    assert len(made._repr_html_()) < 500


def test_results_show_their_table_and_a_small_map_in_a_notebook(plan):
    for result in (plan, plan.today):
        shown = result._repr_html_()
        assert shown.startswith("<table")
        assert shown.count("<iframe") == 1
        assert len(shown.encode()) < 5e6


def test_results_without_streets_or_too_large_show_their_table_only(plan, monkeypatch):
    bare = measure_coverage(plan.today.reach, plan.existing, town.workers(), minutes=[5, 10])
    assert "<iframe" not in bare._repr_html_()
    monkeypatch.setattr(_notebook, "MOST_PLACES", 10)
    shown = plan._repr_html_()
    assert "<table" in shown
    assert "<iframe" not in shown
    assert "map_plan(…)" in shown


def test_the_source_line_says_what_was_assumed_about_the_workers(network):
    workers = town.workers()
    said = say("{n} rows left out", "略去 {n} 行", n=3)
    notes = ["half work", "half work", said]
    workers.attrs = {"source": "WorldPop", "year": 2020, "notes": notes}
    today = measure_coverage(network, town.stations(), workers, minutes=[5, 10])
    data = data_of(map_coverage(today))
    assert data["source"]["data"] == "WorldPop 2020"
    assert data["notes"] == [["half work", "half work"], ["略去 3 行", "3 rows left out"]]


@pytest.mark.parametrize(
    ("column", "value"), [("closed", True), ("state", "停用"), ("state", "拟建"), ("open", False)]
)
def test_stations_that_the_table_calls_closed_are_drawn_as_closed(network, column, value):
    stations = town.stations().assign(**{column: value})
    made = map_coverage(measure_coverage(network, stations, town.workers(), minutes=[5, 10]))
    data = data_of(made)
    assert data["stations"]["closed"] == [True]
    assert data["areas"]["outer"] == []
    assert data["figures"]["all"][2] == 0


def test_a_station_that_the_plan_closes_is_drawn_so_and_its_area_is_lost(network):
    stations, shops = town.stations(), town.shops()
    rules = {"existing": stations, "minutes": [5, 10], "n_open": 1, "closable": stations.index}
    plan = choose_sites(network, shops, town.workers(), **rules)
    assert plan.existing["action"].tolist() == ["closes"]
    data = data_of(map_plan(plan))
    assert data["stations"]["gone"] == [True]
    years = measure_coverage(network, plan.sites, town.workers(), minutes=[5, 10])
    other = data_of(map_coverage(years, before=plan.today))["areas"]
    assert data["areas"]["lost"] == other["lost"] != []
    assert data["areas"]["added"] == other["added"] != []


def test_gains_of_sites_that_replace_a_closing_station_are_those_of_the_plan(network):
    stations, shops = town.shops().iloc[:1].set_axis(["S"]), town.shops().iloc[1:]
    rules = {"existing": stations, "minutes": [5, 10], "n_open": 1, "closable": stations.index}
    plan = choose_sites(network, shops, town.workers(), **rules)
    uncovered = plan.today.demand.loc[~plan.today.demand["covered"], "workers"].sum()
    assert plan.existing["action"].tolist() == ["closes"]
    assert plan.sites["gain"].sum() > uncovered - plan.coverage.gaps["workers"].sum()
    data = data_of(map_plan(plan))
    gains = plan.sites["gain"].tolist()
    assert [sum(row) for row in column(data["sites"], "groups")] == gains
    marked = np.bincount(data["demand"]["site"], weights=data["demand"]["workers"])
    assert marked[1:].tolist() == gains


def test_a_station_shut_at_the_moment_asked_for_has_no_area_and_covers_no_one(network):
    stations = town.stations().assign(hours="9:00-18:00")
    night = measure_coverage(network, stations, town.workers(), minutes=[5, 10], at="Tue 22:30")
    data = data_of(map_coverage(night))
    assert data["stations"]["closed"] == [True]
    assert data["areas"]["outer"] == []
    assert data["figures"]["all"][2] == 0


def test_cards_answer_the_standard_as_check_standard_does(network):
    stations = town.stations().assign(
        street_front=[False], amenities="饮水机、微波炉、休息座椅、充电插座"
    )
    today = measure_coverage(network, stations, town.workers(), minutes=[5, 10])
    data = data_of(map_coverage(today, standard="miyun"))
    asked = standard("miyun").rules
    assert data["standard"]["rules"] == asked[["zh", "en"]].to_numpy().tolist()
    checks = check_standard(stations, "miyun")[list(asked.index)].iloc[0]
    told = ["?" if pd.isna(held) else "y" if held else "n" for held in checks]
    assert data["stations"]["rules"] == ["".join(told)]
    assert {"y", "n", "?"} == set(told)


def test_only_https_photos_reach_the_page(network):
    links = [*LINKS, "https://photos.example/1 驿站.jpg"]
    at = town.stations().geometry.iloc[0]
    stations = gpd.GeoDataFrame(
        {"照片": links}, geometry=[at] * len(links), crs=town.stations().crs
    )
    today = measure_coverage(network, stations, town.workers(), minutes=[5, 10])
    told = column(data_of(map_coverage(today))["stations"], "photo")
    assert told == [None] * len(LINKS) + ["https://photos.example/1%20%E9%A9%BF%E7%AB%99.jpg"]


@pytest.fixture(scope="module")
def two_years(network):
    """S1 closes; three shops open as stations: the first reaches most."""
    workers = town.workers()
    opened = town.shops().iloc[:3]
    before = measure_coverage(network, town.stations(), workers, minutes=[5, 10])
    return before, measure_coverage(network, opened, workers, minutes=[5, 10])


def test_two_years_show_what_opened_closed_and_who_gained_and_lost(two_years):
    before, after = two_years
    data = data_of(map_coverage(after, before=before, years=("2024", "2025")))
    demand = after.demand
    weight = demand["workers"]
    figures = data["figures"]["all"]
    assert figures[2] == weight[before.demand["covered"]].sum()
    assert figures[4] == weight[demand["covered"]].sum()
    gained = demand["covered"] & ~before.demand["covered"]
    assert sum(data["sites"]["gain"]) == pytest.approx(weight[gained].sum())
    assert data["sites"]["gain"] == sorted(data["sites"]["gain"], reverse=True)
    assert set(data["sites"]["id"]) == set(after.facilities.index)
    assert (data["stations"]["id"], data["stations"]["gone"]) == (["S1"], [True])
    assert data["areas"]["lost"]
    assert [year[0] for year in data["years"]] == ["2024", "2025"]


def test_two_years_of_a_reach_take_the_areas_they_are_given(network, two_years):
    from servicecircle.areas import service_areas
    from servicecircle.reach import walk_times

    drawn, bare = [], []
    for year in two_years:
        places = year.facilities[["geometry"]]
        drawn.append(service_areas(network, places, minutes=[5, 10], dissolve=True))
        reach = walk_times(network, places, town.workers(), cutoff=10)
        bare.append(measure_coverage(reach, places, town.workers(), minutes=[5, 10]))
    before, after = bare
    given = {"before": before, "areas_before": drawn[0], "areas": drawn[1]}
    shown = data_of(map_coverage(after, **given))["areas"]
    streets = data_of(map_coverage(two_years[1], before=two_years[0]))["areas"]
    for key in ("inner", "outer", "added", "lost"):
        # The reach has another metric CRS than the streets: corners may round apart.
        one, other = (decode_area(areas[key]).buffer(0) for areas in (shown, streets))
        assert one.symmetric_difference(other).area <= 0.01 * other.area
        assert not other.is_empty
    with pytest.raises(InputError, match="`areas_before`"):
        map_coverage(after, areas_before=drawn[0])


def test_two_years_without_a_change_have_no_area_gained_or_lost(two_years):
    before, _ = two_years
    data = data_of(map_coverage(before, before=before))
    assert data["areas"]["added"] == data["areas"]["lost"] == []
    assert data["sites"]["id"]["rows"] == []
    assert data["figures"]["all"][1:3] == data["figures"]["all"][3:5]


def test_two_years_of_other_workers_or_another_speed_are_refused(network, two_years):
    _, after = two_years
    fewer = measure_coverage(network, town.stations(), town.workers().iloc[1:], minutes=[5, 10])
    with pytest.raises(InputError, match=r"same workers.*1 ids.*'W0'"):
        map_coverage(after, before=fewer)
    slow = measure_coverage(network, town.stations(), town.workers(), minutes=[5, 10], speed=4)
    with pytest.raises(InputError, match=r"speed=4(\.0)?, the coverage with 4.5"):
        map_coverage(after, before=slow)


def test_gaps_are_named_by_sub_district_else_by_the_nearest_named_street(network):
    streets = network.streets.assign(name=None)
    streets.loc[streets.index[0], "name"] = "长江路"
    workers = town.workers()
    scene = scene_of_coverage(
        measure_coverage(network, town.stations(), workers, minutes=[5, 10]),
        districts=None, water=None, areas=None,
    )  # fmt: skip
    street = streets.geometry.iloc[0]
    for name, x, y in names_of_gaps(scene.demand, workers, streets):
        assert name == "长江路"
        assert street.distance(shapely.Point(x, y)) <= 300
    said = names_of_gaps(scene.demand, workers.assign(街道="汉正街"), streets)
    assert {name for name, *_ in said} == {"汉正街"}


@pytest.mark.parametrize("signs", [[-1] * 5 + [0, 1, 2] + [-2] * 2, [51], []])
def test_levels_are_written_as_runs(signs):
    text = encode_levels(signs)
    read = [
        sign for length, sign in re.findall(r"(\d*)([A-Za-z.~])", text)
        for _ in range(int(length or 1))
    ]  # fmt: skip
    letters = {".": -1, "~": -2}
    assert [letters.get(sign, LETTERS.find(sign)) for sign in read] == signs


def test_plots_show_finding_sites_in_order_and_legend(plan):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    axes = plot_plan(plan, districts=town.districts(), language="en")
    share = f"{plan.curve['share'].iloc[-1]:.1%}"
    assert share in axes.get_title(loc="left")
    numbers = [text.get_text() for text in axes.texts]
    assert {"1", "2"} <= set(numbers)
    legend = [text.get_text() for text in axes.get_legend().get_texts()]
    assert "suggested site, in order" in legend
    matplotlib.pyplot.close(axes.figure)


def test_a_plot_without_a_chinese_font_says_how_to_get_one(plan, monkeypatch):
    matplotlib = pytest.importorskip("matplotlib")
    matplotlib.use("Agg")
    monkeypatch.setattr(_plots, "FONTS", ("No Such Font",))
    with pytest.warns(InputWarning, match="fonts-noto-cjk"):
        axes = plot_coverage(plan.today, language="en")
    matplotlib.pyplot.close(axes.figure)


def test_a_picture_of_the_map_has_the_size_asked_for(plan, tmp_path):
    if next(filter(None, pictures._found(pictures.BROWSERS)), None) is None:
        pytest.skip("no Chromium is installed")
    path = save_png(map_plan(plan), tmp_path / "new" / "map.png", size=(800, 600))
    header = path.read_bytes()[:24]
    assert header[1:4] == b"PNG"
    assert (int.from_bytes(header[16:20]), int.from_bytes(header[20:24])) == (800, 600)


def test_a_picture_without_a_browser_says_what_to_install(plan, tmp_path, monkeypatch):
    monkeypatch.setattr(pictures, "BROWSERS", ("no-such-browser",))
    with pytest.raises(InputError, match="apt install chromium"):
        save_png(map_plan(plan), tmp_path / "map.png")
    with pytest.raises(InputError, match="`size`"):
        save_png(map_plan(plan), tmp_path / "map.png", size=(10, 10))


def test_unknown_tiles_and_a_key_without_tiles_are_refused(plan, tmp_path):
    with pytest.raises(InputError, match="`basemap`"):
        map_plan(plan, basemap="google")
    with pytest.raises(InputError, match="`tile_key`"):
        save_map(map_plan(plan), tmp_path / "map.html", tile_key="x")
