"""Drawn cities through the whole pipeline: file, rules, network, minutes.

Every column of a drawing is half a minute of walking (37.5 m) and every row one minute,
so the expected minutes are counted on the drawing.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import geopandas as gpd
import networkx as nx
import numpy as np
import pytest

from cities import City
from servicecircle.areas import reached_streets, service_areas
from servicecircle.errors import InputError, NetworkWarning, UnsnappedWarning
from servicecircle.networks import network_from_osmnx, read_network
from servicecircle.reach import walk_times

if TYPE_CHECKING:
    from servicecircle.networks import WalkNetwork

# affine 3 has a new operator that rasterio does not use yet
pytestmark = pytest.mark.filterwarnings("ignore:Use `@` matmul:PendingDeprecationWarning")
MINUTE = 75.0
HALF_MINUTE = 37.5 * 0.9996  # metres of the map's projection for 37.5 m on the ground
NEVER = np.inf
SQUARE = {"highway": "pedestrian", "area": "yes"}
SIDEWALK = {"highway": "footway", "footway": "sidewalk"}
CROSSING = {"highway": "footway", "footway": "crossing"}


class Scenario(NamedTuple):
    """A drawing, what its parts are, and the minutes from one letter to another."""

    name: str
    drawing: str
    minutes: dict[str, float]
    tags: dict[str, dict[str, str]] | None = None
    options: dict[str, object] | None = None
    areas: dict[str, dict[str, str]] | None = None


STREET = "A---B---C"
BLOCK = """
A---B---C
|       |
D-------E
"""
PLAZA = """
E-A   B

  D   C-F
"""
UNDERPASS = """
  C---E
  |   |
A-+---B
  |
  D
"""
CARRIAGEWAYS = """
A---B---C
        |
D---E---F
"""
HILL = {"A": {"ele": "0"}, "B": {"ele": "15"}, "C": {"ele": "0"}}
UP, DOWN = 2 * np.exp(3.5 * 0.1), 2 * np.exp(0)  # Tobler: slopes of +10 % and -10 %


def way(**tags: str) -> dict[str, dict[str, str]]:
    """Give the street between B and C some tags; ``oneway_foot`` is ``oneway:foot``."""
    return {"BC": {key.replace("oneway_", "oneway:"): value for key, value in tags.items()}}


SCENARIOS = [
    Scenario("a straight street", STREET, {"AC": 4, "CA": 4, "AB": 2, "AA": 0}),
    Scenario("round a block the shorter way", BLOCK, {"AC": 4, "AE": 6, "DC": 6, "BD": 4}),
    Scenario(
        "a river with one bridge",
        """
A-----B
      |
C-----D
""",
        {"AC": 8, "BD": 2, "AD": 5},
    ),
    Scenario(
        "a river with two bridges",
        """
A-----B-C
|     |
D-----E-F
""",
        {"AD": 2, "CF": 4, "BE": 2},
    ),
    Scenario(
        "a river without bridge",
        """
A-----B

C---D
""",
        {"AB": 3, "AC": NEVER, "CA": NEVER, "CD": NEVER},
    ),
    Scenario(
        "a tunnel under a street does not meet it",
        UNDERPASS,
        {"AB": 3, "DC": 4, "AC": 7, "AD": 11},
        {"AB": {"tunnel": "yes"}},
    ),
    Scenario(
        "a bridge over a street does not meet it", UNDERPASS, {"AC": 7}, {"AB": {"bridge": "yes"}}
    ),
    Scenario("a junction is where streets meet", UNDERPASS.replace("+", "X"), {"AC": 3, "AD": 3}),
    Scenario(
        "a dead end is walked in and out",
        """
  C
  |
A-B-D
""",
        {"AC": 3, "CD": 3, "CA": 3},
    ),
    Scenario(
        "neighbouring dead ends are far apart",
        """
A   B
|   |
C---D
""",
        {"AB": 6},
    ),
    Scenario("a square is crossed", PLAZA, {"EF": 2 + 8**0.5, "EB": 3}, areas={"ABCD": SQUARE}),
    Scenario(
        "a square whose inside is not walked",
        PLAZA,
        {"EF": 6},
        options={"squares": False},
        areas={"ABCD": SQUARE},
    ),
    Scenario(
        "a ring that is no area is not crossed",
        PLAZA,
        {"EF": 6},
        areas={"ABCD": {"highway": "pedestrian"}},
    ),
    Scenario(
        "a closed square is not crossed",
        PLAZA,
        {"EF": NEVER},
        areas={"ABCD": SQUARE | {"foot": "no"}},
    ),
    Scenario(
        "a square with a fountain is crossed round its corner",
        """
E-A       B
    P   Q

    S   R
  D       C-F
""",
        {"EF": 2 + 2 * 10**0.5},
        areas={"ABCD/PQRS": SQUARE},
    ),
    Scenario(
        "a square with a corner in the way",
        """
      A B-G

E-D   C
  F     H
""",
        {"EG": 1 + 2 + 1 + 5**0.5},
        areas={"ABHFDC": SQUARE},
    ),
    Scenario(
        "streets beside a square do not enter it",
        """
E-A   B-G
  |
H-D   C-F
""",
        {"EG": 4, "EH": 4},
        areas={"ABCD": SQUARE},
    ),
    Scenario(
        "a square drawn crosswise is not crossed",
        PLAZA,
        {"EF": 2 + 8**0.5, "EB": 3 + 8**0.5},
        areas={"ACBD": SQUARE},
    ),
    Scenario(
        "two squares are crossed one after the other",
        """
E-A   B   G

  D   C   H-F
""",
        {"EF": 2 + 8**0.5 + 2},
        areas={"ABCD": SQUARE, "BGHC": SQUARE},
    ),
    Scenario("a tunnel joins at its ends", STREET, {"AC": 4}, way(tunnel="yes")),
    Scenario("a ferry line drawn as a street", BLOCK, {"BC": 10}, way(highway="ferry")),
    Scenario(
        "sidewalks and crossings drawn on their own",
        """
S---X---T
    |
A---M---B
    |
U---Y---V
""",
        {"SV": 8, "AB": 4, "SA": 6, "ST": 4},
        {
            **dict.fromkeys(("SX", "XT", "UY", "YV"), SIDEWALK),
            **dict.fromkeys(("XM", "MY"), CROSSING),
            **{side: {"sidewalk": "separate", "foot": "use_sidepath"} for side in ("AM", "MB")},
        },
    ),
    Scenario("a street for visitors only", BLOCK, {"BC": 2}, way(access="no", foot="destination")),
    Scenario("a platform is walked", BLOCK, {"BC": 2}, way(highway="platform")),
    Scenario(
        "a way private for walkers", BLOCK, {"BC": 10}, way(foot="private"), {"private": False}
    ),
    Scenario(
        "signals on both carriageways",
        """
A---B---C
    |
D---E---F
""",
        {"AD": 8, "CF": 8, "AC": 5},
        {side: {"highway": "crossing", "crossing": "traffic_signals"} for side in "BE"},
        {"signals": 60},
    ),
    Scenario(
        "up a hill that is one-way for feet",
        STREET,
        {"AB": UP, "BA": NEVER},
        HILL | {"AB": {"oneway:foot": "yes"}},
        {"elevation": "ele"},
    ),
    Scenario(
        "steps on a hill take the slower of the two rules",
        STREET,
        {"BC": 2.4, "CB": UP},
        HILL | way(highway="steps"),
        {"elevation": "ele", "steps": 1.2},
    ),
    Scenario("steps count as streets by default", STREET, {"AC": 4}, way(highway="steps")),
    Scenario("slow steps", STREET, {"AC": 8, "CA": 8}, way(highway="steps"), {"steps": 3}),
    Scenario(
        "slow steps are walked round",
        BLOCK,
        {"AC": 8, "BC": 10},
        way(highway="steps"),
        {"steps": 10},
    ),
    Scenario("a private compound is walked", STREET, {"AC": 4}, way(access="private")),
    Scenario(
        "a private compound that is left out",
        STREET,
        {"AC": NEVER, "AB": 2},
        way(access="private"),
        {"private": False},
    ),
    Scenario(
        "a private road where walking is allowed",
        STREET,
        {"AC": 4},
        way(access="private", foot="yes"),
        {"private": False},
    ),
    Scenario("a motorway is not walked", BLOCK, {"BC": 10}, way(highway="motorway")),
    Scenario("a slip road is not walked", BLOCK, {"BC": 10}, way(highway="motorway_link")),
    Scenario("a motor road is not walked", BLOCK, {"BC": 10}, way(motorroad="yes")),
    Scenario(
        "a motor road with a pavement", BLOCK, {"BC": 2}, way(motorroad="yes", foot="designated")
    ),
    Scenario("a street being built", BLOCK, {"BC": 10}, way(highway="construction")),
    Scenario("a ferry is not walked", BLOCK, {"BC": 10}, way(highway="service", route="ferry")),
    Scenario("no walkers", BLOCK, {"BC": 10}, way(foot="no")),
    Scenario("no access", BLOCK, {"BC": 10}, way(access="no")),
    Scenario("no access but for walkers", BLOCK, {"BC": 2}, way(access="no", foot="yes")),
    Scenario("a cycleway is walked", BLOCK, {"BC": 2}, way(highway="cycleway")),
    Scenario("a corridor is walked", BLOCK, {"BC": 2}, way(highway="corridor")),
    Scenario("sidewalks mapped separately", BLOCK, {"BC": 2}, way(sidewalk="separate")),
    Scenario("a one-way street for cars", BLOCK, {"BC": 2, "CB": 2}, way(oneway="yes")),
    Scenario("one-way for feet", BLOCK, {"BC": 2, "CB": 10}, way(oneway_foot="yes")),
    Scenario("one-way for feet, backwards", BLOCK, {"BC": 10, "CB": 2}, way(oneway_foot="-1")),
    Scenario(
        "a dual carriageway is crossed at its end", CARRIAGEWAYS, {"AD": 10, "BE": 6, "CF": 2}
    ),
    Scenario(
        "a dual carriageway with a crossing",
        """
A---B---C
    |   |
D---E---F
""",
        {"AD": 6, "BE": 2},
    ),
    Scenario(
        "parallel ways between two junctions count by the shorter",
        """
C---D
|   |
A---B
""",
        {"AB": 2, "CB": 4},
    ),
    Scenario(
        "a signal",
        STREET,
        {"AC": 4.5, "AB": 2.25, "BB": 0},
        {"B": {"highway": "traffic_signals"}},
        {"signals": 30},
    ),
    Scenario(
        "a crossing with signals",
        STREET,
        {"AC": 5, "CA": 5},
        {"B": {"highway": "crossing", "crossing": "traffic_signals"}},
        {"signals": 60},
    ),
    Scenario(
        "signals cost nothing unless asked",
        STREET,
        {"AC": 4},
        {"B": {"highway": "traffic_signals"}},
    ),
    Scenario(
        "a zebra has no signal", STREET, {"AC": 4}, {"B": {"highway": "crossing"}}, {"signals": 60}
    ),
    Scenario("uphill and downhill", STREET, {"AB": UP, "BA": DOWN}, HILL, {"elevation": "ele"}),
    Scenario("over a hill", STREET, {"AC": UP + DOWN, "CA": UP + DOWN}, HILL, {"elevation": "ele"}),
    Scenario("a hill that is not looked at", STREET, {"AB": 2, "BA": 2}, HILL),
    Scenario(
        "ways with one known height are level",
        STREET,
        {"AC": 4, "CA": 4},
        {"A": {"ele": "0"}, "C": {"ele": "30 m"}},
        {"elevation": "ele"},
    ),
    Scenario("a gate is passed", STREET, {"AC": 4}, {"B": {"barrier": "gate"}}),
    Scenario("a locked gate is not", BLOCK, {"AC": 8}, {"B": {"barrier": "gate", "locked": "yes"}}),
    Scenario(
        "a gate barred to walkers", BLOCK, {"AC": 8}, {"B": {"barrier": "gate", "foot": "no"}}
    ),
    Scenario(
        "a gate for walkers only",
        BLOCK,
        {"AC": 4},
        {"B": {"barrier": "gate", "access": "no", "foot": "yes"}},
    ),
    Scenario(
        "a private gate is passed",
        BLOCK,
        {"AC": 4},
        {"B": {"barrier": "gate", "access": "private"}},
    ),
    Scenario(
        "a private gate that is left out",
        BLOCK,
        {"AC": 8},
        {"B": {"barrier": "gate", "access": "private"}},
        {"private": False},
    ),
    Scenario(
        "cyclists obey one-way", BLOCK, {"BC": 2, "CB": 10}, way(oneway="yes"), {"mode": "cycle"}
    ),
    Scenario(
        "cyclists against one-way",
        BLOCK,
        {"CB": 2},
        way(oneway="yes", oneway_bicycle="no"),
        {"mode": "cycle"},
    ),
    Scenario(
        "a contraflow lane",
        BLOCK,
        {"CB": 2},
        way(oneway="yes", cycleway="opposite_lane"),
        {"mode": "cycle"},
    ),
    Scenario(
        "one-way backwards for cyclists",
        BLOCK,
        {"BC": 10, "CB": 2},
        way(oneway="-1"),
        {"mode": "ebike"},
    ),
    Scenario(
        "a roundabout is one-way",
        BLOCK,
        {"BC": 2, "CB": 10},
        way(junction="roundabout"),
        {"mode": "ebike"},
    ),
    Scenario("no riding on steps", BLOCK, {"BC": 10}, way(highway="steps"), {"mode": "ebike"}),
    Scenario("no riding on footways", BLOCK, {"BC": 10}, way(highway="footway"), {"mode": "ebike"}),
    Scenario(
        "a footway open to cyclists",
        BLOCK,
        {"BC": 2},
        way(highway="footway", bicycle="yes"),
        {"mode": "cycle"},
    ),
    Scenario(
        "a street barred to cyclists", BLOCK, {"BC": 10}, way(bicycle="no"), {"mode": "cycle"}
    ),
    Scenario(
        "a cycleway barred to e-bikes",
        BLOCK,
        {"BC": 10},
        way(highway="cycleway", electric_bicycle="no"),
        {"mode": "ebike"},
    ),
    Scenario(
        "a turnstile stops riders",
        BLOCK,
        {"AC": 8},
        {"B": {"barrier": "turnstile"}},
        {"mode": "cycle"},
    ),
    Scenario(
        "a square is no short cut for riders",
        PLAZA,
        {"EF": NEVER},
        areas={"ABCD": SQUARE},
        options={"mode": "cycle"},
    ),
]


def minutes(network: WalkNetwork, start: gpd.GeoDataFrame, stop: gpd.GeoDataFrame) -> float:
    """Walk from the only row of one table to that of another."""
    reach = walk_times(network, stop, start, cutoff=60)
    return float(reach.minutes.data[0]) if reach.minutes.nnz else NEVER


@pytest.mark.filterwarnings("ignore:This network is for mode")  # minutes at walking pace in all
@pytest.mark.filterwarnings("ignore::servicecircle.errors.UnsnappedWarning")
@pytest.mark.parametrize("scenario", SCENARIOS, ids=[s.name.replace(" ", "-") for s in SCENARIOS])
def test_minutes_in_a_drawn_city(scenario, tmp_path):
    city = City(scenario.drawing, scenario.tags, scenario.areas, step=HALF_MINUTE)
    network = city.network(tmp_path, **(scenario.options or {}))
    for (start, stop), expected in scenario.minutes.items():
        found = minutes(network, city.places(start), city.places(stop))
        assert found == pytest.approx(expected, abs=0.003), (start, stop)


@pytest.mark.filterwarnings("ignore:This network is for mode")  # minutes at walking pace in all
@pytest.mark.filterwarnings("ignore::servicecircle.errors.UnsnappedWarning")
@pytest.mark.parametrize("scenario", SCENARIOS, ids=[s.name.replace(" ", "-") for s in SCENARIOS])
def test_the_map_of_a_drawn_city_says_the_same(scenario, tmp_path):
    """A letter lies in the circle exactly if it is within the minutes, a cell aside."""
    city = City(scenario.drawing, scenario.tags, scenario.areas, step=HALF_MINUTE)
    network = city.network(tmp_path, **(scenario.options or {}))
    for (start, stop), expected in scenario.minutes.items():
        if expected == NEVER or expected < 1:
            continue
        for limit, inside in ((expected + 0.3, True), (expected - 0.3, False)):
            area = service_areas(network, city.places(stop), minutes=limit).geometry.iloc[0]
            assert area.contains(city.place(start)) == inside, (start, stop, limit)


@pytest.mark.parametrize("mode", ["walk", "cycle", "ebike"])
def test_every_mode_has_its_usual_speed(tmp_path, mode):
    network = City(STREET).network(tmp_path, mode=mode)
    assert (network.mode, network.speed) == (mode, {"walk": 4.5, "cycle": 12, "ebike": 15}[mode])


def test_all_pairs_of_a_grid_are_walked_as_counted(tmp_path):
    rows = ["ABCDE", "FGHIJ", "KLMNO", "PQRST"]
    drawing = "\n".join(
        "-".join(row) + "\n" + " ".join("|" * 5) for row in rows[:-1]
    ) + "\n" + "-".join(rows[-1])  # fmt: skip
    city = City(drawing, step=HALF_MINUTE)
    places = city.places("".join(rows))
    found = walk_times(city.network(tmp_path), places, places, cutoff=60).minutes.todense()
    at = np.array([(x / 2, y) for x, y in city.letters.values()])
    assert np.abs(found - np.abs(at[:, None] - at[None]).sum(axis=2)).max() < 0.005


def test_clipped_extract_loses_only_what_lacks_its_nodes(tmp_path):
    city = City(BLOCK, step=HALF_MINUTE)
    lines = city.osm().splitlines()
    path = tmp_path / "clipped.osm"
    path.write_text("\n".join(line for line in lines if '<node id="2"' not in line))
    with pytest.warns(NetworkWarning, match="lacks") as told:
        network = read_network(path)
    assert told[0].filename == __file__  # where the user called
    assert minutes(network, city.places("A"), city.places("C")) == pytest.approx(8, abs=0.005)


def test_long_street_is_cut_where_the_minutes_run_out(tmp_path):
    city = City("A" + "-" * 59 + "B", step=HALF_MINUTE)  # half an hour
    found = reached_streets(city.network(tmp_path), city.places("A"), minutes=15)
    assert found["minutes_to"].max() == pytest.approx(15, abs=0.001)
    assert found.to_crs(32650).length.sum() == pytest.approx(15 * MINUTE * 0.9996, abs=0.3)


def test_places_on_the_same_street_do_not_walk_to_its_end(tmp_path):
    city = City("A" + "-" * 39 + "B", step=HALF_MINUTE)
    network = city.network(tmp_path)
    two = city.places("AB", A=(300 * 0.9996, 0), B=(-600 * 0.9996, 0))
    assert minutes(network, two[:1], two[1:]) == pytest.approx(8, abs=0.005)


def test_places_facing_each_other_walk_straight(tmp_path):
    city = City("A" + "-" * 39 + "B", step=HALF_MINUTE)
    network = city.network(tmp_path)
    two = gpd.GeoDataFrame(
        geometry=[city.place("A", 300, 20), city.place("A", 330, -20)], index=["a", "b"], crs=4326
    )
    assert minutes(network, two[:1], two[1:]) == pytest.approx(50 / MINUTE, abs=0.005)


def exact_street(metres: float) -> WalkNetwork:
    """Make a street whose length is given, not drawn."""
    graph = nx.MultiGraph(crs="EPSG:32650")
    graph.add_node(0, x=500_000.0, y=3_300_000.0)
    graph.add_node(1, x=500_700.0, y=3_300_000.0)
    graph.add_edge(0, 1, length=metres)
    return network_from_osmnx(graph)


@pytest.mark.parametrize(("metres", "reached"), [(750.0, True), (750.04, True), (750.06, False)])
def test_a_place_exactly_at_the_cutoff_is_within_it(metres, reached):
    ends = gpd.GeoDataFrame(
        geometry=gpd.points_from_xy([500_000, 500_700], [3_300_000] * 2), crs=32650
    )
    reach = walk_times(exact_street(metres), ends[:1], ends[1:], cutoff=10)
    assert bool(reach.minutes.nnz) == reached


@pytest.mark.parametrize(("off", "status"), [(99.9, "ok"), (100.1, "unsnapped")])
@pytest.mark.filterwarnings("ignore::servicecircle.errors.UnsnappedWarning")
def test_max_access_is_the_farthest_a_place_may_lie_off_its_street(off, status):
    ends = gpd.GeoDataFrame(
        geometry=gpd.points_from_xy([500_000, 500_700], [3_300_000, 3_300_000 + off]), crs=32650
    )
    network = exact_street(700.0)
    reach = walk_times(network, ends[:1], ends[1:])
    assert reach.demand_status.tolist() == [status]
    if status == "ok":
        assert reach.minutes.data[0] == pytest.approx((700 + off) / MINUTE, abs=0.005)


def test_island_is_told_apart_from_far_away(tmp_path):
    city = City("A" + "-" * 60 + "B\n\n\n\nC-D", step=HALF_MINUTE)
    places = city.places("ABC")
    places.loc["far", ["workers", "geometry"]] = [1.0, city.place("A", 0, 400)]
    with pytest.warns(UnsnappedWarning, match="2 of 4"):
        reach = walk_times(city.network(tmp_path), places[:1], places)
    assert reach.demand_status.tolist() == ["ok", "ok", "island", "unsnapped"]


@pytest.mark.parametrize(
    "options",
    [
        {"mode": "fly"},
        {"steps": 0.5},
        {"steps": "slow"},
        {"signals": -1},
        {"signals": float("nan")},
        {"private": "no"},
        {"squares": 2},
        {"mode": "ebike", "elevation": "ele"},
        {"mode": "cycle", "elevation": "ele"},
        {"elevation": "ele"},
        {"elevation": "nowhere.tif"},
    ],
)
def test_rules_out_of_range_are_refused(tmp_path, options):
    with pytest.raises(InputError, match=str(list(options)[-1])):
        City(STREET).network(tmp_path, **options)


def tilted_raster(path, *, rise: float, hole: bool = False) -> str:
    """Write a raster that rises to the east by ``rise`` metres a metre."""
    rasterio = pytest.importorskip("rasterio")
    size, count = 10.0, 200
    x = (np.arange(count) + 0.5) * size - 500
    cells = np.tile((x * rise).astype("float32"), (count, 1))
    if hole:
        cells[:, count // 2 :] = -9999
    shape = rasterio.transform.from_origin(499_500, 3_301_000, size, size)
    options = {"driver": "GTiff", "width": count, "height": count, "count": 1, "crs": 32650}
    with rasterio.open(
        path, "w", dtype="float32", transform=shape, nodata=-9999, **options
    ) as file:
        file.write(cells, 1)
    return str(path)


def test_slopes_come_from_a_raster_of_heights(tmp_path):
    dem = tilted_raster(tmp_path / "dem.tif", rise=0.1 * 1.0004)  # a tenth per metre on the ground
    city = City(STREET, step=HALF_MINUTE)
    network = city.network(tmp_path, elevation=dem)
    a, c = city.places("A"), city.places("C")
    assert minutes(network, a, c) == pytest.approx(4 * np.exp(0.35), abs=0.005)
    assert minutes(network, c, a) == pytest.approx(4, abs=0.005)
    away = walk_times(network, a, c, towards="demand", cutoff=60).minutes.data[0]
    assert away == pytest.approx(4 * np.exp(0.35), abs=0.005)


def test_circles_on_a_hill_know_who_walks(tmp_path):
    """From the top it is 2 minutes down, from below 2.8 up."""
    city = City(STREET, HILL, step=HALF_MINUTE)
    network = city.network(tmp_path, elevation="ele")
    inside = [
        service_areas(network, city.places("B"), minutes=2.4, towards=towards)
        .geometry.iloc[0]
        .contains(city.place("A"))
        for towards in ("facility", "demand")
    ]
    assert inside == [False, True]


def test_bridges_do_not_follow_the_ground(tmp_path):
    """The ground below a bridge goes down and up; the bridge does not."""
    dem = tilted_raster(tmp_path / "dem.tif", rise=0.1)
    drawing = """
A---B---C
"""
    city = City(drawing, {"AB": {"bridge": "yes"}, "BC": {"bridge": "yes"}}, step=HALF_MINUTE)
    network = city.network(tmp_path, elevation=dem)
    there = minutes(network, city.places("A"), city.places("C"))
    assert there == pytest.approx(4 * np.exp(0.35), abs=0.02)  # from end to end it still rises


def test_where_the_raster_knows_nothing_streets_count_as_level(tmp_path):
    dem = tilted_raster(tmp_path / "dem.tif", rise=0.1, hole=True)
    city = City("A---B" + "-" * 40 + "C---D", step=HALF_MINUTE)
    with pytest.warns(NetworkWarning, match="says nothing"):
        network = city.network(tmp_path, elevation=dem)
    assert minutes(network, city.places("C"), city.places("D")) == pytest.approx(2, abs=0.005)


def test_waiting_at_signals_is_counted_at_the_speed_of_the_mode(tmp_path):
    city = City(STREET, {"B": {"highway": "traffic_signals"}}, step=HALF_MINUTE)
    network = city.network(tmp_path, mode="ebike", signals=36)
    a, c = city.places("A"), city.places("C")
    reach = walk_times(network, a, c, speed=15)
    assert reach.minutes.data[0] == pytest.approx(300 / 250 + 0.6, abs=0.002)


def test_the_square_is_walked_across_on_the_map_too(tmp_path):
    city = City(PLAZA, areas={"ABCD": SQUARE}, step=HALF_MINUTE)
    network = city.network(tmp_path)
    streets = network.streets
    middle = gpd.GeoSeries([city.place("A"), city.place("C")], crs=4326).to_crs(network.crs)
    assert streets.distance(middle.union_all().centroid).min() < 0.02
    assert (streets["highway"] == "pedestrian").sum() >= 2
