"""Circles and reached streets: shapes known on paper, order, nesting, odd input."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pytest
import shapely

from cities import City
from servicecircle.areas import reached_streets, service_areas
from servicecircle.errors import CrsError, InputError, InputWarning, UnsnappedWarning
from servicecircle.networks import read_network

METRES = 32650


@pytest.fixture(scope="module")
def grid(tmp_path_factory):
    """Read a perfect grid of 100 m blocks, 41 × 41 streets, from street lines."""
    at = np.arange(41) * 100.0
    lines = [shapely.LineString([(x, y), (x + 100, y)]) for x in at[:-1] for y in at]
    lines += [shapely.LineString([(x, y), (x, y + 100)]) for x in at for y in at[:-1]]
    frame = gpd.GeoDataFrame(geometry=lines, crs=METRES).translate(500_000, 3_300_000)
    path = tmp_path_factory.mktemp("grid") / "grid.parquet"
    gpd.GeoDataFrame(geometry=frame).to_parquet(path)
    return read_network(path)


def at(*points: tuple[float, float]) -> gpd.GeoDataFrame:
    x, y = np.array(points, float).T
    ids = [f"f{i}" for i in range(len(points))]
    return gpd.GeoDataFrame(
        index=ids, geometry=gpd.points_from_xy(500_000 + x, 3_300_000 + y), crs=METRES
    )


def test_reach_in_a_perfect_grid_is_a_diamond(grid):
    """On paper: |x| + |y| ≤ r along streets of a grid (the 'Simpson desert')."""
    areas = service_areas(grid, at((2000, 2000)), minutes=[10, 15]).set_index("minutes")
    for minutes in (10, 15):
        radius = minutes * 75 * 0.9996  # the grid is drawn in UTM, whose scale here is 0.9996
        area = areas.geometry[minutes]
        x, y = shapely.get_coordinates(area).T - np.array([[502_000], [3_302_000]])
        tips = [x.max(), -x.min(), y.max(), -y.min()]
        assert np.allclose(tips, radius, atol=3)
        assert areas["reach_ratio"][minutes] == pytest.approx(2 / np.pi, rel=0.08)
        assert area.area == pytest.approx(diamond_area(radius), rel=0.003)
        assert (np.abs(x) + np.abs(y)).max() < radius + 10


def diamond_area(radius: float) -> float:
    """Count half-metre squares: walk to the nearest street of the grid, then along it."""
    x, y = np.meshgrid(*[np.arange(0.25, radius, 0.5)] * 2)
    block_x, block_y = np.round(x / 100) * 100, np.round(y / 100) * 100
    off_x, off_y = np.abs(x - block_x), np.abs(y - block_y)
    nearer = off_x < off_y
    cost = np.where(nearer, block_x, x) + np.where(nearer, y, block_y) + np.minimum(off_x, off_y)
    return 4 * 0.25 * float((cost <= radius).sum())


def test_street_length_reached_in_a_perfect_grid(grid):
    """From a junction with r = 7.5 blocks: closed form of the streets inside the diamond."""
    found = reached_streets(grid, at((2000, 2000)), minutes=10, speed=4.5 / 0.9996)
    blocks = 7.5
    # the street k blocks away is reached over 2 · (r − k) blocks, both ways, both axes
    expected = 2 * (2 * blocks + 2 * sum(2 * (blocks - k) for k in range(1, 8))) * 100
    # streets that no path enters from their far side end where the cost runs out
    assert found.length.sum() == pytest.approx(expected, rel=2e-3)
    assert found["minutes_to"].max() == pytest.approx(10, abs=1e-3)
    assert (found["minutes_from"] <= found["minutes_to"]).all()


def test_pieces_lead_away_from_the_facility_and_end_mid_street(grid):
    found = reached_streets(grid, at((2030, 2000)), minutes=1)
    ends = np.array([line.coords[-1] for line in found.geometry]) - [500_000, 3_300_000]
    assert sorted(ends[:, 0].round(0).tolist())[:1] == [1955.0]
    walked = np.abs(ends - [2030, 2000]).sum(axis=1) / 0.9996
    assert np.allclose(walked / 75, found["minutes_to"], atol=0.01)


def test_bands_nest_and_are_valid(grid):
    places = at(*np.random.default_rng(3).uniform(300, 3700, (30, 2)).tolist())
    areas = service_areas(grid, places, minutes=[3, 5, 8, 10, 15])
    assert areas.is_valid.all()
    for _, group in areas.groupby("facility"):
        for small, large in zip(group.geometry[:-1], group.geometry[1:], strict=True):
            assert small.difference(large).area < 1e-6


def test_rows_columns_and_crs_are_as_described(grid):
    places = at((500, 500), (2000, 900)).to_crs(4326)
    areas = service_areas(grid, places)
    assert list(areas.columns) == [
        "facility", "minutes", "geometry", "area_km2", "reach_ratio", "snap_metres", "status"
    ]  # fmt: skip
    assert areas["facility"].tolist() == ["f0", "f0", "f1", "f1"]
    assert areas["minutes"].tolist() == [10, 15, 10, 15]
    assert areas.crs.to_epsg() == 4326
    back = areas.to_crs(METRES)
    assert np.allclose(back.area / 1e6, areas["area_km2"], rtol=1e-6)
    assert (back.geom_type == "MultiPolygon").all()


def test_one_area_for_the_whole_set_is_the_union(grid):
    places = at((1000, 1000), (1400, 1200), (3000, 3000))
    each = service_areas(grid, places, minutes=[10, 15])
    whole = service_areas(grid, places, minutes=[10, 15], dissolve=True).set_index("minutes")
    assert len(whole) == 2
    for minutes, group in each.groupby("minutes"):
        union = group.union_all()
        assert union.symmetric_difference(whole.geometry[minutes]).area < 0.002 * union.area


def test_order_and_company_of_facilities_change_nothing(grid):
    places = at(*np.random.default_rng(4).uniform(300, 3700, (80, 2)).tolist())
    areas = service_areas(grid, places).set_index(["facility", "minutes"])["geometry"]
    turned = service_areas(grid, places.iloc[::-1]).set_index(["facility", "minutes"])["geometry"]
    alone = service_areas(grid, places.iloc[[7]]).set_index(["facility", "minutes"])["geometry"]
    assert (areas.to_wkb() == turned.reindex(areas.index).to_wkb()).all()
    assert (alone.to_wkb() == areas.loc[["f7"]].to_wkb()).all()


def test_a_failing_facility_does_not_stop_the_others(grid):
    places = at((2000, 2000), (9000, 9000), (2500, 2500))
    places.loc["none", "geometry"] = None
    with (
        pytest.warns(UnsnappedWarning, match="'f1'"),
        pytest.warns(InputWarning, match="no usable place.*'none'"),
    ):
        areas = service_areas(grid, places, minutes=10).set_index("facility")
    assert areas["status"].to_dict() == {
        "f0": "ok", "f1": "unsnapped", "f2": "ok", "none": "no_geometry"
    }  # fmt: skip
    assert areas.geometry[["f1", "none"]].is_empty.all()
    assert (areas["area_km2"][["f1", "none"]] == 0).all()
    assert (areas["area_km2"][["f0", "f2"]] > 1).all()


def test_no_facilities_give_an_empty_frame_with_the_same_columns(grid):
    nobody = at((0, 0)).iloc[:0]
    full = service_areas(grid, at((500, 500)))
    empty = service_areas(grid, nobody)
    assert len(empty) == 0
    assert list(empty.columns) == list(full.columns)
    assert empty.crs == full.crs
    whole = service_areas(grid, nobody, dissolve=True)
    assert whole.geometry.is_empty.all()
    assert len(reached_streets(grid, nobody)) == 0


def test_polygons_as_facilities_are_taken_at_a_point_inside(grid):
    hall = at((2000, 2000))
    hall["geometry"] = hall.buffer(20)
    assert service_areas(grid, hall, minutes=10)["area_km2"].iloc[0] > 1


@pytest.mark.parametrize("bad", [-1, float("nan"), float("inf"), "ten", []])
def test_minutes_out_of_range_are_refused(grid, bad):
    with pytest.raises(InputError, match="minutes"):
        service_areas(grid, at((500, 500)), minutes=bad)


@pytest.mark.parametrize("bad", [0, -4, float("nan"), "fast"])
def test_speed_out_of_range_is_refused(grid, bad):
    with pytest.raises(InputError, match="speed"):
        service_areas(grid, at((500, 500)), speed=bad)


def test_tables_without_crs_or_with_repeated_ids_are_refused(grid):
    places = at((500, 500), (600, 600))
    with pytest.raises(CrsError, match="no CRS"):
        service_areas(grid, places.set_crs(None, allow_override=True))
    with pytest.raises(InputError, match="'x'"):
        service_areas(grid, places.set_axis(["x", "x"]))
    with pytest.raises(InputError, match="GeoDataFrame"):
        service_areas(grid, places.drop(columns="geometry"))


def test_swapped_coordinates_are_told(grid):
    places = at((500, 500), (700, 700)).to_crs(4326)
    turned = gpd.GeoDataFrame(
        index=places.index,
        geometry=gpd.points_from_xy(places.geometry.y, places.geometry.x),
        crs=4326,
    )
    with pytest.raises(InputError, match="exchanged"):
        service_areas(grid, turned)


def test_river_with_one_bridge(tmp_path):
    """The far bank is 100 m away as the crow flies and 1.2 km on foot."""
    city = City(
        """
A----------B
           |
C----------D
"""
    )
    network = city.network(tmp_path)
    area = service_areas(network, city.places("A"), minutes=10)
    assert area.contains(city.place("A")).item()
    assert not area.contains(city.place("C")).item()
    assert service_areas(network, city.places("A"), minutes=20).contains(city.place("C")).item()


def test_a_slow_street_end_still_has_an_area(tmp_path):
    network = City("A---B").network(tmp_path)
    area = service_areas(network, City("A---B").places("A"), minutes=[0.5, 1])
    assert (area["area_km2"] > 0).all()


def test_walking_speed_on_a_network_for_riders_warns(tmp_path):
    city = City("A---B")
    network = city.network(tmp_path, mode="ebike")
    with pytest.warns(InputWarning, match=r"15 km/h"):
        service_areas(network, city.places("A"), minutes=1)
    assert len(service_areas(network, city.places("A"), minutes=1, speed=network.speed)) == 1
