"""Workers from places, streets and rasters."""

from __future__ import annotations

import sys

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import servicecircle as sc
from made_osm import METRES, SOUTH, WEST, MadeOsm
from servicecircle._vocabulary import read_vocabulary
from servicecircle.errors import CrsError, InputError

rasterio = pytest.importorskip("rasterio")

FIGURES = read_vocabulary("worker_sources")


def town_of_places(folder):
    town = MadeOsm()
    ids = {
        "restaurant": town.point(0, 0, amenity="restaurant", name="甲"),
        "fast_food": town.point(50, 0, amenity="fast_food"),
        "both": town.point(100, 0, amenity="restaurant;cafe"),
        "shop": town.point(150, 0, shop="bakery"),
        "gone": town.point(200, 0, shop="vacant"),
        "market": town.square(300, 0, 30, amenity="marketplace"),
        "site": town.square(400, 0, 100, landuse="construction"),
        "depot": town.point(600, 0, amenity="post_depot"),
        "taxi": town.point(650, 0, amenity="taxi"),
        "mall": town.square(700, 0, 40, building="retail", shop="mall", name="乙广场"),
        "again": town.point(710, 10, shop="mall", name="乙广场"),
    }
    return town.write(folder), ids


def test_places_count_workers_of_their_groups(tmp_path):
    path, ids = town_of_places(tmp_path)
    found = sc.demand_from_pois(path)
    workers = found["workers"].round(6).to_dict()
    assert workers[f"{ids['restaurant']}:rider"] == 2
    assert workers[f"{ids['fast_food']}:rider"] == 3
    assert workers[f"{ids['both']}:rider"] == 2
    assert workers[f"{ids['shop']}:market"] == 3
    assert workers[f"{ids['market']}:market"] == pytest.approx(900 / 15, rel=2e-3)
    assert workers[f"{ids['site']}:construction"] == pytest.approx(10_000 / 200, rel=2e-3)
    assert workers[f"{ids['depot']}:courier"] == 20
    assert workers[f"{ids['taxi']}:taxi"] == 5
    assert workers[f"{ids['mall']}:rider"] == 15
    assert workers[f"{ids['mall']}:market"] == pytest.approx(1600 / 40, rel=2e-3)
    assert len(found) == 10
    assert "2 places were mapped twice" in " ".join(found.attrs["notes"])


def test_only_the_groups_asked_for_and_with_the_users_figures(tmp_path):
    path, ids = town_of_places(tmp_path)
    riders = sc.demand_from_pois(path, groups=["rider"], workers_per_place={"restaurant": 10})
    assert set(riders["group"]) == {"rider"}
    assert riders.loc[f"{ids['restaurant']}:rider", "workers"] == 10
    sites = sc.demand_from_pois(
        path, groups=["construction"], area_per_worker={"construction_site": 50}
    )
    assert sites["workers"].sum() == pytest.approx(200, rel=2e-3)
    assert "construction_site 50" in " ".join(sites.attrs["notes"])


def test_wrong_groups_and_figures_are_named(tmp_path):
    path, _ = town_of_places(tmp_path)
    with pytest.raises(InputError, match="`groups`"):
        sc.demand_from_pois(path, groups=["骑手"])
    with pytest.raises(InputError, match="`groups`"):
        sc.demand_from_pois(path, groups="rider")
    with pytest.raises(InputError, match="workers_per_place"):
        sc.demand_from_pois(path, workers_per_place={"bar": 1})


def test_a_file_without_places_gives_an_empty_table(tmp_path):
    town = MadeOsm()
    town.square(0, 0, 10, building="yes")
    assert len(sc.demand_from_pois(town.write(tmp_path))) == 0


def test_restaurants_of_helsinki_are_counted_as_published(shared_data):
    found = sc.demand_from_pois(shared_data / "streets" / "helsinki.osm.pbf", groups=["rider"])
    # 214 nodes with amenity=restaurant; the others are ways or have two values
    assert found["place"].value_counts()["restaurant"] == pytest.approx(214, abs=2)
    assert found["year"].unique().tolist() == [2019]


# streets


@pytest.fixture
def grid(tmp_path):
    town = MadeOsm()
    town.line([(0, 0), (1000, 0)], highway="primary", name="大道")
    town.line([(1000, 0), (1000, 250)], highway="residential")
    town.line([(0, 0), (0, 500)], highway="footway")
    return sc.read_network(town.write(tmp_path))


def test_cleaners_follow_street_length_by_class(grid):
    found = sc.demand_from_streets(grid, metres_per_worker={"primary": 500, "residential": 100})
    lengths = grid.streets.groupby("highway")["length"].sum()
    by_class = found.groupby("highway")["workers"].sum()
    assert by_class["primary"] == pytest.approx(lengths["primary"] / 500)
    assert by_class["residential"] == pytest.approx(lengths["residential"] / 100)
    assert set(found["highway"]) == {"primary", "residential"}
    assert found["metres"].max() <= 100
    assert set(found["group"]) == {"sanitation"}


def test_points_lie_evenly_on_their_street(grid):
    found = sc.demand_from_streets(grid, metres_per_worker=100).to_crs(grid.crs)
    lines = grid.streets.geometry
    street = found.index.str.extract(r"s(\d+)-", expand=False).astype(int)
    for place, i in zip(found.geometry, street, strict=True):
        assert place.distance(lines[i]) < 0.01
    primary = found[found["highway"] == "primary"]
    steps = np.diff(np.sort(primary.geometry.x))
    np.testing.assert_allclose(steps, primary["metres"].iloc[0], rtol=2e-3)


def test_a_class_of_the_users_own_is_swept(grid):
    found = sc.demand_from_streets(grid, metres_per_worker={"footway": 100}, group="property")
    assert found.loc[found["highway"] == "footway", "workers"].sum() == pytest.approx(5, rel=1e-2)
    assert set(found["group"]) == {"property"}
    with pytest.raises(InputError, match="above 0"):
        sc.demand_from_streets(grid, metres_per_worker={"footway": -1})


# rasters


def write_raster(path, values, *, nodata=None, crs=METRES, step=100.0):
    rows, columns = values.shape
    top = SOUTH + rows * step
    place = rasterio.Affine(step, 0, WEST, 0, -step, top)
    with rasterio.open(
        path,
        "w",
        driver="GTiff",
        height=rows,
        width=columns,
        count=1,
        dtype=values.dtype,
        crs=None if crs is None else f"EPSG:{crs}",
        transform=place,
        nodata=nodata,
    ) as out:
        out.write(values, 1)
    return path


def test_people_of_wuhan_are_those_published(shared_data):
    path = shared_data / "demand" / "wuhan_worldpop_20_59.tif"
    people = sc.demand_from_raster(path, year=2020)
    assert round(people["workers"].sum()) == 6_028_740
    assert set(people["counts"]) == {"residents"}
    assert people.attrs["notes"][0].startswith("residents, not workers")
    with rasterio.open(path) as raster:
        x, y = raster.xy(100, 300)
        value = raster.read(1)[100, 300]
    if value > 0:
        row = people.loc["r100c300"]
        assert row["workers"] == pytest.approx(value)
        assert (row.geometry.x, row.geometry.y) == pytest.approx((x, y))


def test_the_parts_of_a_raster_add_up_to_the_whole(shared_data):
    path = shared_data / "demand" / "wuhan_worldpop_20_59.tif"
    middle = 114.2700001
    west = sc.demand_from_raster(path, clip=(113, 30, middle, 31))
    east = sc.demand_from_raster(path, clip=(middle, 30, 115, 31))
    assert not set(west.index) & set(east.index)
    assert west["workers"].sum() + east["workers"].sum() == pytest.approx(6_028_740, abs=1)


def test_no_data_and_impossible_cells_are_left_out(tmp_path):
    values = np.array([[1, 2, -9999], [np.nan, 0, 4], [-3, np.inf, 5]], dtype="float32")
    people = sc.demand_from_raster(write_raster(tmp_path / "a.tif", values, nodata=-9999))
    assert people["workers"].to_dict() == {"r0c0": 1, "r0c1": 2, "r1c2": 4, "r2c2": 5}
    assert any("2 cells hold negative or infinite" in note for note in people.attrs["notes"])
    first = people.to_crs(METRES).geometry.iloc[0]
    assert (first.x, first.y) == pytest.approx((WEST + 50, SOUTH + 250), abs=0.01)


def test_rasters_that_cannot_be_used_are_refused(tmp_path):
    cells = np.ones((2, 2), dtype="float32")
    with pytest.raises(CrsError, match="no CRS"):
        sc.demand_from_raster(write_raster(tmp_path / "bare.tif", cells, crs=None))
    good = write_raster(tmp_path / "good.tif", cells)
    with pytest.raises(InputError, match="1 bands"):
        sc.demand_from_raster(good, band=2)
    (tmp_path / "cut.tif").write_bytes(good.read_bytes()[:60])
    with pytest.raises(InputError, match="cannot be read"):
        sc.demand_from_raster(tmp_path / "cut.tif")
    with pytest.raises(InputError, match="no file"):
        sc.demand_from_raster(tmp_path)
    (tmp_path / "table.csv").write_text("a,b", encoding="utf-8")
    with pytest.raises(InputError, match="not a GeoTIFF"):
        sc.demand_from_raster(tmp_path / "table.csv")
    with pytest.raises(InputError, match="not a file on this computer"):
        sc.demand_from_raster("/vsicurl/http://example.org/a.tif")
    assert len(sc.demand_from_raster(good, clip=(0, 0, 1, 1))) == 0


def test_without_rasterio_the_cure_is_named(tmp_path, monkeypatch):
    path = write_raster(tmp_path / "a.tif", np.ones((2, 2), dtype="float32"))
    monkeypatch.setitem(sys.modules, "rasterio", None)
    with pytest.raises(InputError, match=r"servicecircle\[raster\]"):
        sc.demand_from_raster(path)


def test_every_place_has_a_known_group_and_a_figure():
    groups = set(read_vocabulary("groups"))
    for place, entry in FIGURES["places"].items():
        assert entry["group"] in groups, place
        assert entry["workers"] > 0


def test_all_sources_have_the_same_last_columns(tmp_path, grid):
    path, _ = town_of_places(tmp_path)
    raster = write_raster(tmp_path / "a.tif", np.ones((2, 2), dtype="float32"))
    last = ["workers", "group", "counts", "source", "year", "status", "reason", "geometry"]
    for frame in (
        sc.demand_from_pois(path),
        sc.demand_from_streets(grid),
        sc.demand_from_raster(raster),
        sc.demand_from_buildings(path),
    ):
        assert isinstance(frame, gpd.GeoDataFrame)
        assert list(frame.columns[-8:]) == last
        assert frame["workers"].dtype == float
        assert frame["year"].dtype == pd.Int64Dtype()
        assert shapely.get_type_id(frame.geometry.to_numpy()).tolist() == [0] * len(frame)
