"""Who is covered: sums by hand, odd rows, groups and districts."""

from __future__ import annotations

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest
import shapely

import town
from cities import City
from servicecircle.coverage import measure_coverage
from servicecircle.errors import CrsError, InputError, UnsnappedWarning
from servicecircle.networks import read_network
from servicecircle.reach import Reach, walk_times

# ten steps of 50 m between letters: 500 m, 6 min 40 s
LINE = "A---------B---------C---------D---------E"


@pytest.fixture
def line(tmp_path):
    city = City(LINE)
    network = city.network(tmp_path)
    workers = city.places("ABCDE").assign(
        workers=[10.0, 20.0, 30.0, 40.0, 50.0], group=["x", "x", "y", "y", "y"]
    )
    return city, network, workers


def test_sums_by_hand(line):
    city, network, workers = line
    found = measure_coverage(network, city.places("BC"), workers, minutes=[5, 7, 15])
    assert found.demand["facility"].tolist() == ["B", "B", "C", "C", "C"]
    expected = [20 / 3, 0, 0, 20 / 3, 40 / 3]
    assert np.allclose(found.demand["minutes"], expected, rtol=1e-3)
    assert found.demand["band"].tolist() == [7, 5, 5, 7, 15]
    table = found.summary()
    assert table["covered"].tolist() == [50, 100, 150]
    assert table["workers"].tolist() == [150, 150, 150]
    assert table["covered_twice"].tolist() == [0, 50, 100]
    assert table.loc[15, "share"] == 1.0
    assert table.loc[15, "p90_minutes"] == pytest.approx(40 / 3, rel=1e-3)
    assert table.loc[7, "mean_minutes"] == pytest.approx((10 + 40) * 20 / 3 / 100, rel=1e-3)
    assert np.isnan(table.loc[5, "median_minutes"])  # most are not covered within 5
    assert found.gaps.index.tolist() == []
    assert found.facilities["workers"].tolist() == [100, 150]
    assert found.facilities["workers_alone"].tolist() == [0, 50]


def test_exactly_at_the_cutoff_is_covered(line):
    city, network, workers = line
    edge = float(walk_times(network, city.places("A"), workers).to_frame()["minutes"].max())
    reach = measure_coverage(network, city.places("A"), workers, minutes=edge)
    assert reach.demand["covered"].sum() == 3 - (edge < 40 / 3 - 0.01)
    less = measure_coverage(network, city.places("A"), workers, minutes=edge - 1 / 750)
    assert less.demand["covered"].sum() == reach.demand["covered"].sum() - 1


def test_by_group_and_by_district(line):
    city, network, workers = line
    found = measure_coverage(network, city.places("A"), workers, minutes=[5, 7])
    groups = found.by("group")
    assert groups.loc["x", ["workers", "covered", "uncovered"]].tolist() == [30, 30, 0]
    assert groups.loc["y", "share"] == 0
    assert groups["share_5"].tolist() == [pytest.approx(1 / 3), 0]
    west = shapely.box(116.9, 29, city.place("B").x + 1e-4, 31)
    areas = gpd.GeoDataFrame(index=["west"], geometry=[west], crs=4326)
    districts = found.by(areas.to_crs(3857))
    assert districts.loc["west", "workers"] == 30
    assert districts[districts.index.isna()]["workers"].tolist() == [120]
    with pytest.raises(InputError, match="no column 'trade'"):
        found.by("trade")


def test_bad_rows_stay_and_count_in_no_sum(line):
    city, network, workers = line
    workers = workers.assign(status="ok")
    workers.loc["E", ["workers", "status"]] = [np.nan, "bad_number"]
    workers.loc["lost"] = [7.0, None, "x", "no_geometry"]
    found = measure_coverage(network, city.places("C"), workers, minutes=15)
    assert found.demand.loc["E", "status"] == "bad_number"
    assert found.demand["status"].tolist()[-1] == "no_geometry"
    assert len(found.demand) == 6
    assert found.summary()["workers"].tolist() == [100]
    assert found.share == 1.0


def test_unsnapped_people_stay_in_the_denominator(line):
    city, network, workers = line
    workers.loc["E", "geometry"] = city.place("E", north=150.0)
    with pytest.warns(UnsnappedWarning, match="'E'"):
        found = measure_coverage(network, city.places("D"), workers, minutes=15)
    assert found.summary()["workers"].tolist() == [150]
    assert found.share == pytest.approx(90 / 150)


def test_nothing_and_nobody(line):
    city, network, workers = line
    none = measure_coverage(network, city.places("A").iloc[:0], workers, minutes=[10, 15])
    assert none.share == 0
    assert none.demand["facility"].isna().all()
    nobody = measure_coverage(network, city.places("A"), workers.iloc[:0])
    assert np.isnan(nobody.share)
    assert nobody.summary()["workers"].tolist() == [0]
    zero = measure_coverage(network, city.places("A"), workers.assign(workers=0.0))
    assert np.isnan(zero.share)
    assert "–" in repr(zero)


@pytest.mark.parametrize("bad", [-1.0, np.inf, np.nan])
def test_bad_weights_are_named(line, bad):
    city, network, workers = line
    workers.loc["C", "workers"] = bad
    with pytest.raises(InputError, match="'C'"):
        measure_coverage(network, city.places("A"), workers)


def test_wrong_tables_are_refused(line):
    city, network, workers = line
    with pytest.raises(InputError, match="no column 'people'"):
        measure_coverage(network, city.places("A"), workers, weight="people")
    with pytest.raises(CrsError):
        measure_coverage(network, city.places("A").set_crs(None, allow_override=True), workers)
    with pytest.raises(InputError, match="unique"):
        measure_coverage(network, city.places("A"), workers.set_axis(list("AABCD")))


def test_a_reach_gives_the_same_coverage_as_the_network(line):
    city, network, workers = line
    stations = city.places("BD")
    reach = walk_times(network, city.places("ABCDE"), workers, cutoff=20)
    direct = measure_coverage(network, stations, workers, minutes=[7, 15])
    given = measure_coverage(reach, stations, workers, minutes=[7, 15])
    pd.testing.assert_frame_equal(direct.demand, given.demand)
    pd.testing.assert_frame_equal(direct.facilities, given.facilities)
    assert given.network is None
    with pytest.raises(InputError, match="computed to 20"):
        measure_coverage(reach, stations, workers, minutes=30)
    with pytest.raises(InputError, match="'Z'"):
        measure_coverage(reach, stations.rename(index={"B": "Z"}), workers)


def test_frames_are_not_changed(line):
    city, network, workers = line
    stations, before = city.places("B"), workers.copy()
    measure_coverage(network, stations, workers)
    pd.testing.assert_frame_equal(workers, before)
    assert list(stations.columns) == ["workers", "geometry"]


def test_reach_travels_through_a_file_and_a_frame(line, tmp_path):
    city, network, workers = line
    reach = walk_times(
        network, city.places("AC").rename_axis("站点"), workers.rename_axis("id"), cutoff=10
    )
    reach.save(tmp_path / "reach.parquet")
    again = Reach.open(tmp_path / "reach.parquet")
    for index in ("facility_ids", "demand_ids"):
        pd.testing.assert_index_equal(getattr(again, index), getattr(reach, index))
    for status in ("facility_status", "demand_status"):
        pd.testing.assert_series_equal(
            getattr(again, status), getattr(reach, status), check_dtype=False
        )
    assert (again.minutes != reach.minutes).nnz == 0
    assert again.minutes.nnz == reach.minutes.nnz == 5  # a walk of 0 minutes is stored
    table = reach.to_frame()
    back = Reach.from_frame(
        table, facility_ids=reach.facility_ids, demand_ids=reach.demand_ids, cutoff=10
    )
    pd.testing.assert_frame_equal(back.to_frame(), table)
    pd.testing.assert_frame_equal(back.nearest(), reach.nearest())


@pytest.mark.parametrize("ids", [[("a", 1)], [pd.Timestamp("2026-11-22")]])
def test_ids_that_would_not_come_back_are_not_saved(tmp_path, ids):
    rows = pd.Index(ids, tupleize_cols=False)
    frame = pd.DataFrame({"facility": rows, "demand": ["x"], "minutes": [1.0]})
    reach = Reach.from_frame(frame, facility_ids=rows)
    with pytest.raises(InputError, match="text or numbers"):
        reach.save(tmp_path / "reach.parquet")
    assert not list(tmp_path.iterdir())


def test_reach_from_a_bad_frame_is_refused():
    frame = pd.DataFrame({"facility": ["a"], "demand": ["d"], "minutes": [np.nan]})
    with pytest.raises(InputError, match="numbers"):
        Reach.from_frame(frame)
    with pytest.raises(InputError, match="minutes"):
        Reach.from_frame(frame.drop(columns="minutes"))
    with pytest.raises(InputError, match="'d'"):
        Reach.from_frame(frame.assign(minutes=1.0), demand_ids=pd.Index(["e"]))


def test_pairs_given_twice_keep_the_smaller_minutes():
    frame = pd.DataFrame({"facility": ["a", "a"], "demand": ["d", "d"], "minutes": [5.0, 3.0]})
    assert Reach.from_frame(frame).to_frame()["minutes"].tolist() == [3.0]


def test_a_given_reach_does_not_hide_what_a_reader_found_wrong(line):
    city, network, workers = line
    marked = workers.assign(status=["ok", "bad_number", "ok", "bad_coordinates", "ok"])
    marked.loc[marked.index[1], "workers"] = np.nan
    facilities = city.places("BC").assign(status=["ok", "bad_coordinates"])
    given = Reach.from_frame(
        walk_times(network, city.places("BC"), workers).to_frame(),
        demand_ids=workers.index,
        cutoff=15,
    )
    ours = measure_coverage(given, facilities, marked, minutes=[5, 15])
    true = measure_coverage(network, facilities, marked, minutes=[5, 15])
    pd.testing.assert_frame_equal(ours.summary(), true.summary())
    pd.testing.assert_frame_equal(ours.demand, true.demand)
    assert ours.facilities["status"].tolist() == ["ok", "bad_coordinates"]
    assert ours.facilities["workers"].tolist() == true.facilities["workers"].tolist()


def test_ties_go_to_the_smaller_id():
    frame = pd.DataFrame({"facility": ["b", "a"], "demand": ["d", "d"], "minutes": [3.0, 3.0]})
    assert Reach.from_frame(frame).nearest()["facility"].tolist() == ["a"]


@pytest.mark.parametrize(
    ("column", "value"), [("state", "停用"), ("closed", True), ("open", False)]
)
def test_a_facility_not_in_use_stays_and_reaches_nobody(line, column, value):
    city, network, demand = line
    facilities = city.places("BC")
    shut = facilities.index[:1]
    marked = facilities.copy()
    marked[column] = None
    marked[column] = marked[column].astype(object)
    marked.loc[shut, column] = value
    ours = measure_coverage(network, marked, demand, minutes=[5, 15])
    rest = measure_coverage(network, facilities.drop(shut), demand, minutes=[5, 15])
    pd.testing.assert_frame_equal(ours.summary(), rest.summary())
    assert list(ours.facilities.index) == list(facilities.index)
    assert ours.facilities.loc[shut, "workers"].tolist() == [0.0]


def test_the_way_to_the_street_is_rounded_to_the_nearest_decimetre():
    off = [0.0, 0.03, 0.08, 30.02, 30.08]  # metres
    people = town.places([f"firm W{k}" for k in range(5)], [(100.0, -metres) for metres in off])
    reach = walk_times(town.network(), town.stations(), people.assign(workers=1), cutoff=30)
    decimetres = reach.minutes.toarray()[0] * 750
    np.testing.assert_allclose(decimetres - decimetres[0], [0, 0, 1, 300, 301], atol=0.01)


@pytest.mark.parametrize(
    "at", [(1200, 1200), (1300, 1200), (1100, 1200), (1200, 1300), (1200, 1100)]
)
def test_every_place_is_reached_within_exactly_its_own_minutes_and_not_before(at):
    """In all directions, so that places join streets beyond the junction they are reached by."""
    station, people = town.places(["station M"], [at]), town.workers()

    def reached(decimetres):
        reach = walk_times(town.network(), station, people, cutoff=decimetres / 750)
        return set(reach.minutes.indices)

    whole = walk_times(town.network(), station, people, cutoff=60).minutes
    costs = np.rint(whole.data * 750).astype(int)
    assert len(costs) == len(people)
    for cost in np.unique(costs):
        assert reached(cost) == set(whole.indices[costs <= cost])
        assert cost == 0 or reached(cost - 1) == set(whole.indices[costs < cost])


@pytest.mark.parametrize(("wide", "decimetres"), [(100.0, 1000), (100.1, 11_001)])
def test_neighbours_at_one_street_cut_across_for_100_metres_and_no_more(tmp_path, wide, decimetres):
    street = shapely.LineString([(0, 0), (500, 0), (500, wide), (0, wide)])
    frame = gpd.GeoDataFrame(geometry=[town.placed(street)], crs=town.METRES)
    frame.to_parquet(tmp_path / "street.parquet")
    network = read_network(tmp_path / "street.parquet")
    ends = town.places(["end A", "end B"], [(0, 0), (0, wide)]).assign(workers=1)
    walk = walk_times(network, ends, ends, cutoff=60).minutes.toarray()[0, 1] * 750
    assert walk == pytest.approx(decimetres, rel=1e-3)
