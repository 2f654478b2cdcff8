"""Places that are wrong: rows 1 to 26 of docs/faults.md."""

from __future__ import annotations

import warnings

import geopandas as gpd
import numpy as np
import pandas as pd
import pyproj
import pytest
import shapely

import servicecircle as sc
import town
from servicecircle.errors import CrsError, InputError, InputWarning, NetworkError, UnsnappedWarning


def covered(demand, **options):
    return sc.measure_coverage(
        town.network(), town.stations(), demand, **{"minutes": [5, 10]} | options
    )


def with_first_at(shape, frame=None):
    """Put the first workplace somewhere else."""
    frame = town.workers() if frame is None else frame
    shapes = frame.geometry.to_numpy(copy=True)
    shapes[0] = shape
    return frame.set_geometry(gpd.GeoSeries(shapes, frame.index, crs=frame.crs))


def in_degrees():
    return town.workers().to_crs(4326)


@pytest.mark.parametrize(
    "at", [(np.nan, 30.6), (114.3, np.inf), (-np.inf, np.nan), (1e300, 1e300), (114.3, 91.0)]
)
def test_one_place_with_impossible_coordinates_is_named_and_stops_nobody(at):
    """Faults 1, 2, 12, 16."""
    people = with_first_at(shapely.Point(*at), in_degrees())
    with pytest.warns(InputWarning, match=r"1 of 49 rows of `demand`.*\['W0'\]"):
        found = covered(people)
    assert found.demand["status"].value_counts().to_dict() == {"ok": 48, "bad_coordinates": 1}
    alone = covered(town.workers().iloc[1:])
    pd.testing.assert_frame_equal(found.summary(), alone.summary())


@pytest.mark.parametrize("shape", [None, shapely.Point(), shapely.Polygon()])
def test_a_row_without_geometry_keeps_its_place_in_the_table(shape):
    """Faults 3."""
    with pytest.warns(InputWarning, match="'W0'"):
        found = covered(with_first_at(shape))
    assert found.demand.index.equals(town.workers().index)
    assert found.demand["status"].iloc[0] == "no_geometry"


def test_what_a_reader_has_named_is_not_named_again(tmp_path):
    """Faults 1: one warning for one bad row."""
    table = town.table(town.workers())
    table.loc[0, "lon"] = np.nan
    table.to_csv(tmp_path / "workers.csv", index=False)
    with pytest.warns(InputWarning, match="'W0'"):
        people = sc.read_demand(tmp_path / "workers.csv", coordinates="wgs84")
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        assert covered(people).demand["status"].iloc[0] == "bad_coordinates"


def test_degrees_that_are_called_metres_are_refused():
    """Faults 5."""
    people = in_degrees().set_crs(town.METRES, allow_override=True)
    with pytest.raises(CrsError, match=r"holds degrees such as .*set_crs\(4326"):
        covered(people)


def test_metres_that_are_called_degrees_are_refused():
    """Faults 8."""
    stations = town.stations().set_crs(4326, allow_override=True)
    with pytest.raises(CrsError, match="said to be in degrees"):
        sc.service_areas(town.network(), stations)


def test_metres_near_the_origin_of_their_own_crs_are_metres(tmp_path):
    """Faults 5: a local grid may begin in the town."""
    local = pyproj.CRS.from_proj4("+proj=tmerc +lat_0=30.62 +lon_0=114.3 +ellps=WGS84")
    frame = gpd.GeoDataFrame(geometry=[shapely.LineString([(0, 0), (3000, 0)])], crs=local)
    frame.to_parquet(tmp_path / "street.parquet")
    network = sc.read_network(tmp_path / "street.parquet")
    place = gpd.GeoDataFrame(index=["a"], geometry=[shapely.Point(50, 5)], crs=local)
    assert sc.service_areas(network, place, minutes=5)["status"].tolist() == ["ok"]


@pytest.mark.parametrize("at", [(121.5, 31.2), (114.3, 90.0), (0.0, 0.0), (180.0, 30.0)])
def test_a_place_far_from_every_street_is_never_covered(at):
    """Faults 6, 14: Shanghai, the pole, the null island and the date line are not snapped."""
    with pytest.warns(UnsnappedWarning, match=r"1 of 49.*100 m.*\['W0'\]"):
        found = covered(with_first_at(shapely.Point(*at), in_degrees()), minutes=120)
    row = found.demand.iloc[0]
    assert (row["status"], row["covered"]) == ("unsnapped", False)
    assert np.isnan(row["minutes"])
    assert found.summary()["workers"].iloc[0] == town.workers()["workers"].sum()


def test_tables_in_different_crs_give_the_same_figures():
    """Faults 9."""
    same = covered(town.workers()).summary()
    pd.testing.assert_frame_equal(covered(in_degrees()).summary(), same)
    pd.testing.assert_frame_equal(covered(town.workers().to_crs(3857)).summary(), same)


def test_a_spacing_is_metres_whatever_the_crs_of_the_tables():
    """Faults 10."""
    plans = [
        sc.choose_sites(
            town.network(), shops, town.workers(), n_open=3, minutes=10, min_spacing=900
        )
        for shops in (town.shops(), town.shops().to_crs(4326))
    ]
    metric = plans[0].sites.geometry
    apart = metric.apply(lambda place: metric.distance(place).drop_duplicates().nsmallest(2).max())
    assert (apart >= 900).all()
    assert plans[0].sites.index.equals(plans[1].sites.index)


@pytest.mark.parametrize(
    "clip", [(114, 30, 115, 91), (179, 30, 181, 31), shapely.box(114, 30, 115, 91)]
)
def test_a_clip_beyond_the_globe_is_refused(tmp_path, clip):
    """Faults 12, 13."""
    town.write_town(tmp_path)
    with pytest.raises(InputError, match="±180° and ±90°"):
        sc.read_network(tmp_path / "streets.geojson", clip=clip)


def lines(folder, *coordinates, crs=4326):
    shapes = [shapely.LineString(pairs) for pairs in coordinates]
    gpd.GeoDataFrame(geometry=shapes, crs=crs).to_parquet(folder / "lines.parquet")
    return sc.read_network(folder / "lines.parquet")


def test_streets_on_both_sides_of_the_date_line_are_refused(tmp_path):
    """Faults 13: Fiji's island of Taveuni; on one side of the line all is well."""
    west, east = [(179.98, -16.8), (180.0, -16.8)], [(-180.0, -16.8), (-179.98, -16.8)]
    with pytest.raises(NetworkError, match="date line"):
        lines(tmp_path, west, east)
    assert lines(tmp_path, west).crs.to_epsg() == 32760
    assert lines(tmp_path, east).crs.to_epsg() == 32701


def test_streets_at_the_pole_are_refused(tmp_path):
    """Faults 14."""
    with pytest.raises(NetworkError, match="near the poles"):
        lines(tmp_path, [(0, 89.99), (90, 89.999)])


@pytest.mark.parametrize("pairs", [[(0, 89.0), (0, 91)], [(240_000, 3e6), (240_100, 3e6)]])
def test_streets_that_are_no_degrees_are_refused(tmp_path, pairs):
    """Faults 8, 12."""
    with pytest.raises(NetworkError, match="no longitudes and latitudes"):
        lines(tmp_path, pairs)


@pytest.mark.parametrize("metres", [-1, np.nan, np.inf, "far"])
def test_distances_must_be_finite_and_not_negative(metres):
    """Faults 15."""
    with pytest.raises(InputError, match="max_access"):
        town.network().with_access(metres)
    with pytest.raises(InputError, match="min_spacing"):
        sc.choose_sites(town.network(), town.shops(), town.workers(), n_open=2, min_spacing=metres)


def test_text_as_coordinates_is_named(tmp_path):
    """Faults 17."""
    with pytest.raises(InputError, match=r"must be numbers.*'here'"):
        sc.to_wgs84((["here"], [30.6]), "gcj02")
    table = tmp_path / "t.csv"
    table.write_text("id,lon,lat\nA,114.3,30.6\nB,here,there\n", encoding="utf-8")
    with pytest.warns(InputWarning, match="'B'"):
        sites = sc.read_sites(table, coordinates="wgs84")
    assert sites["status"].tolist() == ["ok", "bad_coordinates"]


def test_empty_tables_give_defined_results():
    """Faults 19."""
    network, nobody = town.network(), town.workers().iloc[:0]
    empty = sc.measure_coverage(network, town.stations().iloc[:0], nobody)
    assert np.isnan(empty.share)
    assert set(empty.demand.columns) >= {"facility", "minutes", "band", "covered", "status"}
    ranked = sc.score_sites(network, town.shops().iloc[:0], nobody)
    assert (len(ranked), ranked.crs) == (0, town.shops().crs)
    assert {"gain", "score", "rank", "reason_zh"} <= set(ranked.columns)
    assert sc.choose_sites(network, town.shops(), nobody, n_open=1).status == "proved"


def test_one_place_and_equal_places_have_an_area_each():
    """Faults 20."""
    one = town.stations()
    twins = pd.concat([one, one.rename(index={"S1": "S2"})])
    areas = sc.service_areas(town.network(), twins, minutes=[0.5, 5])
    assert set(areas.geom_type) == {"MultiPolygon"}
    assert (areas["area_km2"] > 0).all()
    pairs = areas.set_index(["facility", "minutes"]).geometry
    assert pairs["S1"].to_wkb().tolist() == pairs["S2"].to_wkb().tolist()


def test_a_bow_tie_of_workers_is_taken_at_a_point_inside():
    """Faults 21, 22."""
    bow = town.placed(shapely.Polygon([(0, 0), (300, 300), (300, 0), (0, 300)]))
    people = with_first_at(bow)
    found = covered(people, minutes=10)
    assert found.demand["status"].iloc[0] == "ok"
    near = covered(with_first_at(shapely.point_on_surface(bow)), minutes=10)
    assert found.demand["minutes"].iloc[0] == near.demand["minutes"].iloc[0]


def test_a_corner_that_is_no_number_is_a_bad_place():
    """Faults 23."""
    with np.errstate(invalid="ignore"):
        broken = shapely.Polygon([(town.WEST, town.SOUTH), (np.nan, 3), (town.WEST + 9, 7)])
    with pytest.warns(InputWarning, match="'W0'"):
        found = covered(with_first_at(broken))
    assert found.demand["status"].iloc[0] == "bad_coordinates"


def test_areas_that_overlap_count_a_place_once_and_say_so():
    """Faults 24."""
    west, _ = town.districts().geometry
    twice = gpd.GeoDataFrame({"name": ["a", "b"]}, geometry=[west, west], crs=4326)
    found = covered(town.workers())
    inside = found.demand.to_crs(4326).within(west).sum()
    with pytest.warns(InputWarning, match=f"overlap: {inside} places"):
        table = found.by(twice)
    assert table["workers"].sum() == town.workers()["workers"].sum()
    with warnings.catch_warnings():
        warnings.simplefilter("error")
        found.by(town.districts())  # a border through workplaces is no overlap


def areas_of_workers(folder, *shapes):
    frame = gpd.GeoDataFrame(
        {"id": [f"A{k}" for k in range(len(shapes))], "workers": 10},
        geometry=[town.placed(shape) for shape in shapes],
        crs=town.METRES,
    )
    frame.to_file(folder / "areas.gpkg")
    return sc.read_demand(folder / "areas.gpkg", coordinates="wgs84")


def test_areas_of_workers_that_overlap_are_named(tmp_path):
    """Faults 24."""
    squares = [shapely.box(x, 0, x + 300, 300) for x in (0, 200, 500)]
    with pytest.warns(InputWarning, match=r"1 pairs of outlines overlap.*'A0 and A1'"):
        areas_of_workers(tmp_path, *squares)


def test_an_area_of_workers_without_any_width_still_counts_its_people(tmp_path):
    """Faults 25."""
    sliver = shapely.Polygon([(0, 0), (100, 0), (50, 0)])
    people = areas_of_workers(tmp_path, sliver, shapely.box(400, 400, 600, 600))
    assert people["status"].tolist() == ["ok", "ok"]
    assert covered(people).summary()["workers"].tolist() == [20, 20]


def test_districts_without_an_area_are_left_out_and_named(tmp_path):
    """Faults 25."""
    flat = shapely.Polygon([(114.2, 30.6), (114.4, 30.6), (114.3, 30.6)])
    both = pd.concat(
        [town.districts(), gpd.GeoDataFrame({"name": ["线"]}, geometry=[flat], crs=4326)]
    )
    both.assign(id=["W", "E", "F"]).to_file(tmp_path / "d.gpkg")
    with (
        pytest.warns(InputWarning, match=r"no area.*\['F'\]"),
        pytest.warns(InputWarning, match="crossed themselves"),
    ):
        districts = sc.read_districts(tmp_path / "d.gpkg", coordinates="wgs84")
    assert districts.index.tolist() == ["W", "E"]
