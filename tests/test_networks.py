"""Reading streets: every format, the walking rules, damaged files."""

from __future__ import annotations

import bz2
import gzip
import shutil
import warnings
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import osmium
import osmnx
import pandas as pd
import pyproj
import pytest
import shapely

from cities import City
from servicecircle.errors import CacheError, CrsError, InputError, NetworkError, NetworkWarning
from servicecircle.networks import network_from_osmnx, read_network
from servicecircle.networks.profile import Profile
from servicecircle.networks.scan import Scan
from servicecircle.reach import walk_times

BLOCK = """
A---B---C
|   |   |
D---E---F
|   |   |
G---H---I
"""


@pytest.fixture
def city() -> City:
    return City(BLOCK)


def minutes(network, a, b) -> float:
    reach = walk_times(network, a, b, cutoff=60)
    return float(reach.minutes.todense()[0, 0]) if reach.minutes.nnz else np.inf


def test_junctions_and_lengths_are_those_of_the_drawing(city, tmp_path):
    network = city.network(tmp_path)
    assert len(network.node_xy) == 8 + 1 - 4  # the four corners are no junctions
    assert len(network.ends) == 8
    assert network.metres.sum() == pytest.approx(12 * 200 / 0.9996, rel=1e-4)
    assert network.shape_xy.shape[0] == 8 * 2 + 4  # corners stay in the geometry


@pytest.mark.parametrize("suffix", [".osm", ".osm.gz", ".osm.bz2", ".osm.pbf"])
def test_every_osm_format_gives_the_same_network(city, tmp_path, suffix):
    plain = city.network(tmp_path)
    path = tmp_path / f"again{suffix}"
    text = city.osm().encode()
    if suffix == ".osm.pbf":
        import osmium

        with osmium.SimpleWriter(path) as writer:
            for item in osmium.FileProcessor(tmp_path / "city.osm"):
                writer.add(item)
    else:
        pack = {".osm": bytes, ".osm.gz": gzip.compress, ".osm.bz2": bz2.compress}[suffix]
        path.write_bytes(pack(text))
    again = read_network(path)
    np.testing.assert_allclose(again.node_xy, plain.node_xy, atol=0.02)
    assert again.ends.tolist() == plain.ends.tolist()
    assert np.abs(again.street_cost - plain.street_cost).max() <= 1


@pytest.mark.parametrize(
    ("tags", "walkable"),
    [
        ({"highway": "motorway"}, False),
        ({"highway": "motorway_link"}, False),
        ({"highway": "construction"}, False),
        ({"highway": "proposed"}, False),
        ({"highway": "steps"}, True),
        ({"highway": "footway"}, True),
        ({"highway": "cycleway"}, True),
        ({"highway": "trunk"}, True),
        ({"highway": "residential", "foot": "no"}, False),
        ({"highway": "residential", "access": "no"}, False),
        ({"highway": "residential", "access": "no", "foot": "yes"}, True),
        ({"highway": "service", "access": "private"}, True),
        ({"highway": "trunk", "motorroad": "yes"}, False),
        ({"highway": "residential", "oneway": "yes"}, True),
    ],
)
def test_walking_rules(tmp_path, tags, walkable):
    city = City("A---B---C", {"BC": tags})
    network = city.network(tmp_path, max_access=60)
    assert network.metres.sum() == pytest.approx(400 if walkable else 200, rel=1e-3)


def test_names_come_through_with_all_their_signs(tmp_path):
    """Objects come from osmium as text, in which some signs are escaped."""
    name = "a b,c=d%25%汉街@é\N{NEXT LINE}|\t\"'&<>\\"
    network = City("A---B---C", {"BC": {"name": name, "highway": "my, street"}}).network(tmp_path)
    assert set(network.tags["name"]) == {"", name}
    assert set(network.tags["highway"]) == {"residential", "my, street"}


def test_a_file_may_be_read_in_many_parts(shared_data, monkeypatch):
    whole = read_network(shared_data / "streets" / "nanjing_core.osm.pbf")
    monkeypatch.setattr("servicecircle.networks.scan.MOST_TEXT", 1000)
    parts = read_network(shared_data / "streets" / "nanjing_core.osm.pbf")
    for array in ("node_xy", "ends", "street_cost", "metres", "shape_xy"):
        assert np.array_equal(getattr(whole, array), getattr(parts, array)), array


def test_nodes_and_ways_are_those_that_osmium_lists(shared_data):
    path = shared_data / "streets" / "monaco.osm.pbf"
    scan = Scan(path, Profile())
    file = osmium.FileProcessor(path, osmium.osm.NODE | osmium.osm.WAY).with_locations()
    ways = [
        (way.id, way.tags.get("name", ""), [(node.ref, node.x, node.y) for node in way.nodes])
        for way in file.with_filter(osmium.filter.KeyFilter("highway"))
        if way.is_way() and len(way.nodes) > 1
    ]
    count = len(ways)
    assert list(zip(scan.ids[:count], scan.names[:count], strict=True)) == [way[:2] for way in ways]
    nodes = np.array([node for *_, found in ways for node in found])
    assert np.array_equal(scan.refs[: len(nodes)], nodes[:, 0])
    assert np.array_equal(np.rint(scan.lonlat[: len(nodes)] * 1e7), nodes[:, 1:])
    assert np.array_equal(np.diff(scan.offsets)[:count], [len(found) for *_, found in ways])


def test_private_ways_are_kept_and_marked(tmp_path):
    network = City("A---B---C", {"BC": {"access": "private"}}).network(tmp_path)
    assert sorted(network.streets["access"]) == ["", "private"]


def test_car_one_way_does_not_bind_walkers(tmp_path):
    city = City("A---B", {"AB": {"oneway": "yes"}})
    network = city.network(tmp_path)
    there = minutes(network, city.places("A"), city.places("B"))
    back = minutes(network, city.places("B"), city.places("A"))
    assert there == back == pytest.approx(200 / 75, rel=1e-3)


@pytest.mark.parametrize(("value", "to_a", "to_b"), [("yes", False, True), ("-1", True, False)])
def test_one_way_for_feet_is_honoured(tmp_path, value, to_a, to_b):
    city = City("A---B", {"AB": {"oneway:foot": value}})
    network = city.network(tmp_path)
    a, b = city.places("A"), city.places("B")
    assert np.isfinite(minutes(network, a, b)) == to_a  # walking to the facility A
    assert np.isfinite(minutes(network, b, a)) == to_b


def test_crossing_ways_join_only_at_shared_nodes(tmp_path):
    lines = [shapely.LineString([(0, 0), (400, 0)]), shapely.LineString([(200, -200), (200, 200)])]
    frame = gpd.GeoDataFrame(geometry=lines, crs=32650).translate(500_000, 3_300_000)
    frame.to_file(tmp_path / "cross.gpkg")
    network = read_network(tmp_path / "cross.gpkg")
    assert len(network.node_xy) == 4
    assert len(np.unique(network.component)) == 2


@pytest.mark.parametrize("suffix", ["gpkg", "geojson", "parquet"])
def test_street_lines_join_where_their_ends_meet(tmp_path, city, suffix):
    known = city.network(tmp_path)
    frame = known.streets.to_crs(4326)[["highway", "geometry"]]
    path = tmp_path / f"lines.{suffix}"
    frame.to_parquet(path) if suffix == "parquet" else frame.to_file(path)
    network = read_network(path)
    assert len(network.node_xy) == len(known.node_xy)
    assert network.metres.sum() == pytest.approx(known.metres.sum(), rel=1e-6)


@pytest.mark.parametrize("crs", [3857, 32649, 4490])
def test_minutes_are_the_same_in_every_crs(tmp_path, city, crs):
    """Web Mercator draws these streets 15 % too long, the next zone a little."""
    known = city.network(tmp_path)
    known.streets.to_crs(crs)[["highway", "geometry"]].to_file(tmp_path / "lines.gpkg")
    network = read_network(tmp_path / "lines.gpkg")
    places = city.places("AI").to_crs(crs)
    found = minutes(network, places.iloc[:1], places.iloc[1:])
    assert found == pytest.approx(4 * 200 / 0.9996 / 75, abs=0.003)


def test_parallel_streets_count_by_the_shorter(tmp_path):
    points = [(0, 0), (300, 0)]
    detour = [(0, 0), (150, 200), (300, 0)]
    frame = gpd.GeoDataFrame(
        geometry=[shapely.LineString(points), shapely.LineString(detour)], crs=32650
    ).translate(500_000, 3_300_000)
    frame.to_file(tmp_path / "two.gpkg")
    network = read_network(tmp_path / "two.gpkg")
    ends = gpd.GeoDataFrame(
        geometry=gpd.points_from_xy([500_000, 500_300], [3_300_000] * 2), crs=32650
    )
    assert minutes(network, ends.iloc[:1], ends.iloc[1:]) == pytest.approx(300 / 0.9996 / 75, 1e-3)


def test_clipped_extract_keeps_its_valid_parts(tmp_path, city):
    text = city.osm()
    lost = next(line for line in text.splitlines() if 'node id="5"' in line)  # E, the middle
    path = tmp_path / "clipped.osm"
    path.write_text(text.replace(lost, ""), encoding="utf-8")
    with pytest.warns(NetworkWarning, match="lacks"):
        network = read_network(path)
    assert network.metres.sum() == pytest.approx(8 * 200, rel=1e-3)


def test_file_without_most_of_its_nodes_is_refused(tmp_path, city):
    lines = [x for x in city.osm().splitlines() if "<node" not in x or 'id="1"' in x]
    path = tmp_path / "cut.osm"
    path.write_text("\n".join(lines), encoding="utf-8")
    with pytest.raises(NetworkError, match="lacks"):
        read_network(path)


@pytest.mark.parametrize(
    "content", [b"", b"<html>not found</html>", b"\x00\x00\x00\x0d\x0a\x09OSM"]
)
def test_damaged_pbf_is_one_clear_error(tmp_path, content):
    path = tmp_path / "bad.osm.pbf"
    path.write_bytes(content)
    with pytest.raises(NetworkError, match=r"bad\.osm\.pbf"):
        read_network(path)


def test_truncated_pbf_is_one_clear_error(tmp_path, shared_data):
    whole = (shared_data / "streets" / "nanjing_core.osm.pbf").read_bytes()
    path = tmp_path / "cut.osm.pbf"
    path.write_bytes(whole[: len(whole) * 2 // 3])
    with pytest.raises(NetworkError, match=r"cut\.osm\.pbf"):
        read_network(path)


def test_entities_in_xml_are_refused(tmp_path):
    path = tmp_path / "bomb.osm"
    path.write_text(
        '<?xml version="1.0"?><!DOCTYPE o [<!ENTITY a "aaaa">]><osm version="0.6">&a;</osm>'
    )
    with pytest.raises(NetworkError):
        read_network(path)


def test_missing_file_unknown_kind_and_urls(tmp_path):
    with pytest.raises(InputError, match="no file"):
        read_network(tmp_path / "nowhere.osm.pbf")
    (tmp_path / "streets.doc").write_text("x")
    with pytest.raises(InputError, match="no known kind"):
        read_network(tmp_path / "streets.doc")
    with pytest.raises(InputError, match="not a file on this computer"):
        read_network("https://example.org/city.osm.pbf")


def test_lines_without_crs_are_refused(tmp_path):
    frame = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (1, 1)])])
    frame.to_parquet(tmp_path / "bare.parquet")
    with pytest.raises(NetworkError, match="no CRS"):
        read_network(tmp_path / "bare.parquet")


@pytest.mark.parametrize("clip", ["bounds", "polygon", "frame"])
def test_clip_keeps_what_touches_the_inside(tmp_path, city, clip):
    a, e = city.place("A"), city.place("E")
    box = shapely.box(a.x - 1e-4, e.y - 1e-4, e.x + 1e-4, a.y + 1e-4)
    given = {
        "bounds": box.bounds,
        "polygon": box,
        "frame": gpd.GeoDataFrame(geometry=[box], crs=4326),
    }[clip]
    network = city.network(tmp_path, clip=given)
    assert network.metres.sum() == pytest.approx(8 * 200, rel=1e-3)
    with pytest.raises(NetworkError, match="inside `clip`"):
        city.network(tmp_path, clip=(0.0, 0.0, 1.0, 1.0))
    with pytest.raises(InputError, match="west < east"):
        city.network(tmp_path, clip=(1.0, 0.0, 0.0, 1.0))


def test_saved_network_opens_equal_and_by_memory_map(tmp_path, city):
    network = city.network(tmp_path)
    network.save(tmp_path / "saved")
    again = read_network(tmp_path / "saved")
    for name in (
        "node_xy",
        "ends",
        "street_cost",
        "shape_xy",
        "component",
        "indptr",
        "heads",
        "cost",
    ):
        assert np.array_equal(getattr(again, name), getattr(network, name)), name
    assert all(np.array_equal(x, y) for x, y in zip(again.raster, network.raster, strict=True))
    pd.testing.assert_frame_equal(again.tags, network.tags)
    assert again.crs == network.crs
    assert isinstance(again.node_xy.base, np.memmap)
    assert again.max_access == 100
    assert read_network(tmp_path / "saved", max_access=50).max_access == 50
    network.with_access(60).save(tmp_path / "near")
    near = read_network(tmp_path / "near")
    assert near.max_access == 60
    assert "raster" in vars(near)  # as saved, not built again


def test_saving_again_replaces_and_a_damaged_folder_is_refused(tmp_path, city):
    network = city.network(tmp_path)
    network.save(tmp_path / "saved")
    network.save(tmp_path / "saved")
    assert not list(tmp_path.glob(".writing*"))
    shutil.copytree(tmp_path / "saved", tmp_path / "torn")
    (tmp_path / "torn" / "node_xy.npy").write_bytes(b"\x93NUMPY")
    with pytest.raises(CacheError, match="torn"):
        read_network(tmp_path / "torn")
    (tmp_path / "other").mkdir()
    (tmp_path / "other" / "letter.txt").write_text("keep me")
    with pytest.raises(InputError, match="not a saved network"):
        network.save(tmp_path / "other")
    with pytest.raises(CacheError, match="other"):
        read_network(tmp_path / "other")


def grid_graph() -> nx.MultiDiGraph:
    """Make a graph as OSMnx does: both directions, lengths in metres."""
    graph = nx.MultiDiGraph(crs="EPSG:4326")
    for node, (x, y) in {1: (114.30, 30.50), 2: (114.302, 30.50), 3: (114.302, 30.502)}.items():
        graph.add_node(node, x=x, y=y)
    for u, v, metres in ((1, 2, 192.0), (2, 3, 221.0)):
        graph.add_edge(u, v, length=metres, highway="residential", oneway=False, reversed=False)
        graph.add_edge(v, u, length=metres, highway="residential", oneway=False, reversed=True)
    return graph


def test_osmnx_graph_keeps_its_lengths_and_counts_both_directions_once():
    network = network_from_osmnx(grid_graph())
    assert network.metres.sum() == pytest.approx(192 + 221)
    assert len(network.ends) == 1  # 2 is no junction


def test_graphml_written_by_osmnx(tmp_path):
    graph = grid_graph()
    osmnx.save_graphml(graph, tmp_path / "city.graphml")
    network = read_network(tmp_path / "city.graphml")
    assert network.metres.sum() == pytest.approx(413)


@pytest.mark.parametrize("length", [float("nan"), -3.0, "long"])
def test_edges_with_bad_lengths_are_named(length):
    graph = grid_graph()
    graph.add_edge(3, 1, length=length)
    with pytest.raises(NetworkError, match=r"\(3, 1\)"):
        network_from_osmnx(graph)


def test_length_as_text_and_missing_length():
    graph = grid_graph()
    graph.edges[1, 2, 0]["length"] = "192"
    del graph.edges[2, 3, 0]["length"]
    with pytest.warns(NetworkWarning, match="1 of 2 edges have no `length`"):
        network = network_from_osmnx(graph)
    drawn = pyproj.Geod(ellps="WGS84").inv(114.302, 30.50, 114.302, 30.502)[2]
    assert network.metres.sum() == pytest.approx(192 + drawn)


def test_graphs_that_cannot_be_used():
    with pytest.raises(NetworkError, match="no CRS"):
        network_from_osmnx(nx.MultiDiGraph())
    with pytest.raises(NetworkError, match="no edges"):
        network_from_osmnx(nx.MultiDiGraph(crs=4326))
    graph = grid_graph()
    graph.add_edge(3, 4, length=5.0)
    with pytest.raises(NetworkError, match=r"\[4\]"):
        network_from_osmnx(graph)


def test_to_networkx_gives_the_same_shortest_paths(tmp_path, city):
    network = city.network(tmp_path)
    graph = network.to_networkx()
    assert graph.number_of_edges() == 2 * len(network.ends)
    middle = int(np.argmin(np.hypot(*(network.node_xy - network.node_xy.mean(axis=0)).T)))
    found = nx.single_source_dijkstra_path_length(graph, middle, weight="cost")
    assert max(found.values()) == pytest.approx(2000, rel=2e-3)


def test_islands_are_kept_but_not_joined(tmp_path):
    text = "\n".join(["A" + "-" * 60 + "B", "", "", "", "", "", "C---D"])
    city = City(text)
    network = city.network(tmp_path)
    assert network.is_island.sum() == 1
    assert network.quality().loc["on islands", "value"] == pytest.approx(200 / 3250, rel=0.01)
    places = city.places("AC")
    with pytest.warns(UserWarning, match="'C'"):
        reach = walk_times(network, places, places)
    assert reach.facility_status.tolist() == ["ok", "island"]


def test_quality_speaks_plainly(tmp_path, city):
    frame = city.network(tmp_path).quality()
    assert frame.loc["streets", "value"] == pytest.approx(2.4, rel=1e-3)
    assert "few footways" in frame.loc["footways", "verdict"]


def test_real_extracts_agree_with_their_published_counts(shared_data):
    """Kilometres and junction counts by data/README.md (OSMnx's walk filter, not ours)."""
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", NetworkWarning)
        network = read_network(shared_data / "streets" / "nanjing_core.osm.pbf")
    assert network.metres.sum() / 1000 == pytest.approx(82, rel=0.03)
    assert len(network.node_xy) == pytest.approx(598, rel=0.1)


def test_tables_from_geopackages_may_hold_missing_tags(tmp_path):
    frame = gpd.GeoDataFrame(
        {"highway": pd.array(["footway", pd.NA], dtype="string"), "name": [pd.NA, "a"]},
        geometry=[shapely.LineString([(117, 30), (117.01, 30)])] * 2,
        crs=4326,
    )
    frame.to_parquet(tmp_path / "lines.parquet")
    assert read_network(tmp_path / "lines.parquet").tags["highway"].tolist() == ["footway"]


def test_clip_without_crs_and_clips_that_are_no_areas(tmp_path, city):
    box = shapely.box(116, 29, 118, 31)
    with pytest.raises(CrsError, match="no CRS"):
        city.network(tmp_path, clip=gpd.GeoDataFrame(geometry=[box]))
    nothing = gpd.GeoDataFrame(geometry=[], crs=4326)
    for clip in (shapely.Point(117, 30), box.exterior, shapely.Polygon(), nothing):
        with pytest.raises(InputError, match="Polygon"):
            city.network(tmp_path, clip=clip)


@pytest.mark.parametrize("bad", ["x", None, 0, -5, float("nan"), float("inf"), 5001])
def test_max_access_out_of_range_is_refused(tmp_path, city, bad):
    network = city.network(tmp_path)
    with pytest.raises(InputError, match="max_access"):
        network.with_access(bad)
    assert network.with_access(5000).max_access == 5000


def test_graph_of_unknown_crs_is_refused():
    graph = grid_graph()
    graph.graph["crs"] = "the moon"
    with pytest.raises(NetworkError, match="the moon"):
        network_from_osmnx(graph)


def test_edge_that_is_drawn_as_a_point_keeps_its_length():
    graph = grid_graph()
    graph.add_node(4, x=114.302, y=30.502)  # a lift: up, not away
    graph.add_edge(3, 4, length=12.0, highway="steps")
    assert network_from_osmnx(graph).metres.sum() == pytest.approx(192 + 221 + 12)


@pytest.mark.parametrize("order", [(5.0, 3.0), (3.0, 5.0)])
def test_parallel_edges_drawn_alike_count_by_the_shorter(order):
    graph = nx.MultiGraph(crs="EPSG:32650")
    graph.add_node(0, x=500_000.0, y=3_300_000.0)
    graph.add_node(1, x=500_003.0, y=3_300_000.0)
    for metres in order:
        graph.add_edge(0, 1, length=metres, name=str(metres))
    network = network_from_osmnx(graph)
    assert sorted(network.metres) == [3.0, 5.0]
    costs = nx.single_source_dijkstra_path_length(network.to_networkx(), 0, weight="cost")
    assert costs[1] == 30


def test_damage_inside_a_saved_file_is_noticed(tmp_path, city):
    city.network(tmp_path).save(tmp_path / "saved")
    file = tmp_path / "saved" / "street_cost.npy"
    content = bytearray(file.read_bytes())
    content[-3] ^= 1
    file.write_bytes(content)
    with pytest.raises(CacheError, match=r"damaged: \['street_cost\.npy'\]"):
        read_network(tmp_path / "saved")


def test_large_files_are_checked_in_samples_and_by_size(tmp_path):
    from servicecircle.networks.saved import SAMPLE, _fingerprint

    file = tmp_path / "large.npy"
    file.write_bytes(bytes(5_000_000))
    whole = _fingerprint(file)
    for at in (0, SAMPLE - 1, 4_999_999):
        content = bytearray(5_000_000)
        content[at] = 1
        file.write_bytes(content)
        assert _fingerprint(file) != whole
    file.write_bytes(bytes(4_999_999))
    assert _fingerprint(file) != whole


def test_network_saved_by_another_version_says_so(tmp_path, city):
    city.network(tmp_path).save(tmp_path / "saved")
    head = tmp_path / "saved" / "network.json"
    head.write_text(head.read_text().replace("servicecircle-network-2", "servicecircle-network-1"))
    with pytest.raises(CacheError, match="build it again"):
        read_network(tmp_path / "saved")


def test_failed_save_brings_the_old_network_back(tmp_path, city, monkeypatch):
    network = city.network(tmp_path)
    network.save(tmp_path / "saved")
    rename = Path.rename

    def full(self, target):
        if self.name == "new":
            raise OSError("no space left on device")
        return rename(self, target)

    monkeypatch.setattr(Path, "rename", full)
    with pytest.raises(OSError, match="no space"):
        network.with_access(50).save(tmp_path / "saved")
    assert read_network(tmp_path / "saved").max_access == 100
    assert sorted(path.name for path in tmp_path.iterdir()) == ["city.osm", "saved"]


def test_saved_network_keeps_its_rules(tmp_path):
    city = City("A---B", {"AB": {"highway": "steps"}})
    city.network(tmp_path, steps=2).save(tmp_path / "saved")
    assert read_network(tmp_path / "saved").street_cost.max() == pytest.approx(4002, abs=2)
    assert read_network(tmp_path / "saved", steps=2).source["rules"]["steps"] == 2
    with pytest.raises(InputError, match="'steps'"):
        read_network(tmp_path / "saved", steps=3)
    with pytest.raises(InputError, match="'mode'"):
        read_network(tmp_path / "saved", mode="ebike")


def test_nodes_of_a_graph_may_carry_heights_and_signals():
    graph = grid_graph()
    for node, height in {1: 0.0, 2: 0.0, 3: 22.1}.items():
        graph.nodes[node]["elevation"] = height
    graph.nodes[2]["highway"] = "traffic_signals"
    network = network_from_osmnx(graph, elevation="ele", signals=60)
    start = np.argmin(np.abs(network.node_xy[:, 0] - network.node_xy[:, 0].min()))
    top = np.argmax(network.node_xy[:, 1])
    walk = nx.shortest_path_length(network.to_networkx(), int(start), int(top), weight="cost")
    assert walk == pytest.approx(10 * (192 + 75 + 221 * np.exp(0.35)), abs=2)
