"""The demo city is what data/SOURCES.md says it is."""

import csv
import importlib.util
import json
from types import ModuleType

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely
from geopandas.testing import assert_geodataframe_equal

from servicecircle.coordinates import to_wgs84
from servicecircle.samples import wuhan

METRES = 32650
FAR_WORKERS = {"W1500", "W2251", "W2712"}
FAR_SHOPS = {"C251", "C556"}


@pytest.fixture(scope="module")
def workers() -> pd.DataFrame:
    return pd.read_csv(wuhan().workers, encoding="gb18030", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def stations() -> pd.DataFrame:
    return pd.read_csv(wuhan().stations, encoding="utf-8-sig", dtype=str, keep_default_na=False)


@pytest.fixture(scope="module")
def shops() -> pd.DataFrame:
    return pd.read_excel(wuhan().shops, dtype=str, keep_default_na=False, engine="openpyxl")


@pytest.fixture(scope="module")
def streets() -> gpd.GeoDataFrame:
    return gpd.read_parquet(wuhan().streets)


def metres(table: pd.DataFrame) -> gpd.GeoSeries:
    """Rows with sound coordinates, brought from GCJ-02 to metres."""
    lon, lat = (pd.to_numeric(table[name], errors="coerce") for name in ("经度", "纬度"))
    sound = lon.between(110, 120) & lat.between(25, 35)
    x, y = to_wgs84((lon[sound].to_numpy(), lat[sound].to_numpy()), "gcj02")
    ids = table.loc[sound, "编号"].to_numpy()
    return gpd.GeoSeries(gpd.points_from_xy(x, y), index=ids, crs=4326).to_crs(METRES)


def test_tables_have_the_promised_sizes_and_unique_ids(workers, stations, shops):
    assert (len(workers), len(stations), len(shops)) == (3000, 41, 600)
    for table in (workers, stations, shops):
        assert table["编号"].is_unique
    assert workers["人群"].nunique() == 5
    assert workers["所属区"].nunique() == shops["所属区"].nunique() == 4


def test_every_made_up_row_says_so(workers, stations, shops):
    for table, name in ((workers, "单位名称"), (stations, "站点名称"), (shops, "门店名称")):
        assert table["备注"].str.contains("虚构示例 synthetic").all()
        assert table[name].str.startswith("示例").all()
    zones = json.loads(wuhan().districts.read_text(encoding="utf-8"))["features"]
    assert [zone["properties"]["synthetic"] for zone in zones] == [True] * 4


@pytest.mark.parametrize(
    ("table", "far"), [("workers", FAR_WORKERS), ("stations", set()), ("shops", FAR_SHOPS)]
)
def test_places_lie_beside_real_streets_once_shifted_back(request, streets, table, far):
    places = metres(request.getfixturevalue(table))
    street = shapely.STRtree(streets.geometry.to_numpy())
    _, away = street.query_nearest(places.to_numpy(), return_distance=True, all_matches=False)
    assert set(places.index[away > 100]) == far
    assert away[~places.index.isin(far)].max() < 60.5


def test_without_the_shift_the_places_would_lie_off_the_streets(workers, streets):
    lon, lat = (pd.to_numeric(workers[name], errors="coerce") for name in ("经度", "纬度"))
    raw = gpd.GeoSeries(gpd.points_from_xy(lon, lat), crs=4326)[lon > 100].to_crs(METRES)
    assert metres(workers).iloc[0].distance(raw.iloc[0]) > 400
    street = shapely.STRtree(streets.geometry.to_numpy())
    _, away = street.query_nearest(raw.to_numpy(), return_distance=True, all_matches=False)
    assert np.median(away) > 20


def test_the_faults_are_the_ones_that_are_listed(workers, stations, shops, root):
    said = (root / "data" / "SOURCES.md").read_text(encoding="utf-8")
    found = set(workers["编号"]) - set(metres(workers).index)
    found |= set(stations["编号"]) - set(metres(stations).index)
    found |= set(shops["编号"]) - set(metres(shops).index)
    counts = pd.to_numeric(workers["职工人数"], errors="coerce")
    costs = pd.to_numeric(shops["投入(万元)"], errors="coerce")
    found |= set(workers["编号"][counts.isna()]) | set(shops["编号"][costs.isna()])
    assert len(found) == 13
    assert all(fault in said for fault in found | FAR_WORKERS | FAR_SHOPS)


def test_zones_cover_the_places_and_do_not_overlap(workers):
    zones = gpd.read_file(wuhan().districts).to_crs(METRES)
    places = metres(workers).drop(list(FAR_WORKERS))
    assert places.within(zones.union_all()).all()
    assert zones.area.sum() == pytest.approx(zones.union_all().area, rel=1e-9)
    hits = gpd.sjoin(gpd.GeoDataFrame(geometry=places), zones, predicate="within")
    given = workers.set_index("编号")["所属区"]
    assert (hits["district"] == given[hits.index]).all()


def test_the_streets_are_small_and_cross_the_river_on_bridges_only(streets):
    assert wuhan().streets.stat().st_size < 1_500_000
    assert list(streets.columns) == ["highway", "geometry"]
    middle = [(114.304, 30.588), (114.311, 30.600)]
    tunnels = gpd.GeoSeries([shapely.LineString(middle)], crs=4326).to_crs(METRES)[0]
    assert not streets.intersects(tunnels).any()
    second_bridge = [(114.311, 30.600), (114.329, 30.623)]
    bridge = gpd.GeoSeries([shapely.LineString(second_bridge)], crs=4326).to_crs(METRES)[0]
    assert streets.intersects(bridge).any()


def script(root) -> ModuleType:
    spec = importlib.util.spec_from_file_location("make_wuhan", root / "data" / "make_wuhan.py")
    assert spec is not None
    assert spec.loader is not None
    module = importlib.util.module_from_spec(spec)
    spec.loader.exec_module(module)
    return module


@pytest.mark.shared
def test_the_script_makes_the_same_files_again(root, shared_data, tmp_path):
    script(root).make(shared_data / "streets" / "wuhan_streets.parquet", tmp_path)
    for name in ("workers.csv", "stations.csv", "districts.geojson"):
        assert (tmp_path / name).read_bytes() == (wuhan().plan.parent / name).read_bytes(), name
    made = gpd.read_parquet(tmp_path / "streets.parquet")
    assert_geodataframe_equal(made, gpd.read_parquet(wuhan().streets))
    again = pd.read_excel(tmp_path / "shops.xlsx", engine="openpyxl")
    pd.testing.assert_frame_equal(again, pd.read_excel(wuhan().shops, engine="openpyxl"))


def test_the_script_names_no_machine_path(root):
    text = (root / "data" / "make_wuhan.py").read_text(encoding="utf-8")
    assert "/home" not in text
    assert "/tmp" not in text  # noqa: S108


def test_csv_files_are_well_formed():
    for path, encoding in ((wuhan().workers, "gb18030"), (wuhan().stations, "utf-8-sig")):
        with path.open(encoding=encoding, newline="") as lines:
            rows = list(csv.reader(lines))
        assert len({len(row) for row in rows}) == 1
