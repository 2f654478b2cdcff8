"""District outlines: from public packages they are GCJ-02."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd
import pytest
import shapely

import servicecircle as sc
from servicecircle.errors import CrsError, InputError, InputWarning

SQUARE = shapely.box(0, 50, 1, 51)


def write(path, shapes, crs=4326, **columns):
    gpd.GeoDataFrame(columns, geometry=list(shapes), crs=crs).to_file(path)
    return path


@pytest.mark.shared
def test_districts_of_nanjing_come_to_lie_on_openstreetmaps_own_lines(shared_data):
    nodes = [
        (node.location.lon, node.location.lat)
        for way in osmium.FileProcessor(
            str(shared_data / "streets" / "nanjing_core.osm.pbf")
        ).with_locations()
        if way.is_way() and way.tags.get("boundary") == "administrative"
        for node in way.nodes
        if node.location.valid()
    ]
    assert len(nodes) > 90
    own = gpd.GeoSeries(gpd.points_from_xy(*np.array(nodes).T), crs=4326).to_crs(32650)
    medians = {}
    for system in ("wgs84", "gcj02"):
        folder = shared_data / "districts" / "gcj02"
        parts = [
            sc.read_districts(folder / f"{code}.geojson", coordinates=system)
            for code in (320102, 320104, 320106)
        ]
        lines = pd.concat([part.geometry for part in parts]).to_crs(32650).boundary.union_all()
        medians[system] = own.distance(lines).median()
    assert 150 < medians["wgs84"] < 250
    assert medians["gcj02"] < 10


@pytest.mark.shared
def test_the_datum_of_chinese_outlines_must_be_said(shared_data):
    path = shared_data / "districts" / "gcj02" / "320102.geojson"
    with pytest.raises(CrsError, match=r'Amap .* are coordinates="gcj02"'):
        sc.read_districts(path)
    with pytest.raises(CrsError, match="`coordinates` must be"):
        sc.read_districts(path, coordinates="mars")


def test_outlines_elsewhere_are_taken_as_they_are(tmp_path):
    path = write(tmp_path / "d.gpkg", [SQUARE], 区县=["甲区"], 编号=["01"])
    districts = sc.read_districts(path)
    assert districts.index.tolist() == ["01"]
    assert districts["name"].tolist() == ["甲区"]
    assert districts.crs == 4326
    assert districts.geometry.iloc[0].equals(SQUARE)


def test_a_bow_tie_is_repaired_and_said(tmp_path):
    bow = shapely.Polygon([(0, 50), (1, 51), (1, 50), (0, 51)])
    path = write(tmp_path / "d.gpkg", [bow], id=["b"])
    with pytest.warns(InputWarning, match=r"1 outlines crossed themselves .*\['b'\]"):
        districts = sc.read_districts(path)
    assert districts.is_valid.all()


def test_outlines_that_overlap_are_named(tmp_path):
    path = write(tmp_path / "d.gpkg", [SQUARE, shapely.box(0.5, 50, 2, 51)], id=["a", "b"])
    with pytest.warns(InputWarning, match="1 pairs of outlines overlap.*'a and b'"):
        sc.read_districts(path)


def test_neighbours_that_only_touch_do_not_overlap(tmp_path):
    path = write(tmp_path / "d.gpkg", [SQUARE, shapely.box(1, 50, 2, 51)], id=["a", "b"])
    assert len(sc.read_districts(path)) == 2


def test_tables_and_points_are_no_outlines(tmp_path):
    table = tmp_path / "t.csv"
    table.write_text("id,name\n1,a\n", encoding="utf-8")
    with pytest.raises(InputError, match="holds no outlines"):
        sc.read_districts(table)
    points = write(tmp_path / "p.gpkg", [shapely.Point(0, 50)], id=["a"])
    with pytest.raises(InputError, match="holds no polygons"):
        sc.read_districts(points)
