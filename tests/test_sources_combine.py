"""Several sources put together, laid against known totals, gathered into cells."""

from __future__ import annotations

import math
import sys
import warnings

import geopandas as gpd
import h3
import numpy as np
import pandas as pd
import pytest
import shapely
from hypothesis import given
from hypothesis import strategies as st

import servicecircle as sc
from made_osm import METRES, SOUTH, WEST
from servicecircle.errors import CrsError, InputError, InputWarning


def people(rows, *, counts=None, source=None, prefix="w"):
    """Make a demand table of (x, y, workers, group, district), in metres."""
    table = pd.DataFrame(rows, columns=["x", "y", "workers", "group", "district"])
    table.index = pd.Index([f"{prefix}{i}" for i in range(len(table))], name="id")
    points = gpd.points_from_xy(WEST + table["x"], SOUTH + table["y"])
    frame = gpd.GeoDataFrame(table.drop(columns=["x", "y"]), geometry=points, crs=METRES)
    frame["workers"] = frame["workers"].astype(float)
    if counts:
        frame["counts"] = counts
    frame.attrs = {"source": source} if source else {}
    return frame.to_crs(4326)


OFFICES = [
    (0, 0, 100, "office", "甲区"),
    (500, 0, 300, "office", "甲区"),
    (5000, 0, 50, "office", "乙区"),
]
RIDERS = [(100, 500, 10, "rider", "甲区"), (5100, 500, 30, "rider", "乙区")]


def test_all_rows_come_back_with_their_numbers():
    both = sc.combine_demand(people(OFFICES), people(RIDERS, prefix="r"))
    assert both.index.tolist() == ["w0", "w1", "w2", "r0", "r1"]
    assert both["workers"].tolist() == [100, 300, 50, 10, 30]
    assert both.crs == 4326


def test_ids_that_repeat_get_the_number_of_their_table():
    both = sc.combine_demand(people(OFFICES), people(RIDERS))
    assert both.index.tolist() == ["1/w0", "1/w1", "1/w2", "2/w0", "2/w1"]


def test_totals_per_district_are_met_exactly():
    both = sc.combine_demand(
        people(OFFICES), people(RIDERS, prefix="r"), totals={"甲区": 1000, "乙区": 40}
    )
    sums = both.groupby("district")["workers"].sum()
    assert sums["甲区"] == pytest.approx(1000, rel=1e-12)
    assert sums["乙区"] == pytest.approx(40, rel=1e-12)
    assert both["workers_before"].tolist() == [100, 300, 50, 10, 30]
    np.testing.assert_allclose(both["workers"], both["workers_before"] * both["factor"])


def test_totals_per_district_and_group_leave_the_others_alone():
    totals = pd.Series({("甲区", "office"): 80, ("乙区", "rider"): 60})
    both = sc.combine_demand(people(OFFICES), people(RIDERS, prefix="r"), totals=totals)
    assert both["workers"].tolist() == pytest.approx([20, 60, 50, 10, 60])
    assert any("60 workers lie in no district or group" in note for note in both.attrs["notes"])


@given(
    st.lists(st.floats(0, 1e6), min_size=1, max_size=30),
    st.lists(st.floats(1, 1e7), min_size=3, max_size=3),
    st.randoms(use_true_random=False),
)
def test_any_totals_are_met(workers, totals, chance):
    districts = ["甲", "乙", "丙"]
    rows = [(i, i, w, "office", chance.choice(districts)) for i, w in enumerate(workers)]
    rows += [(i, i, 1.0, "office", name) for i, name in enumerate(districts)]
    known = dict(zip(districts, totals, strict=True))
    both = sc.combine_demand(people(rows), totals=known)
    for name, total in known.items():
        part = both.loc[both["district"] == name, "workers"]
        assert math.fsum(part) == pytest.approx(total, rel=1e-12)


def test_rows_that_are_not_ok_stay_and_count_nobody():
    frame = people(OFFICES)
    frame["status"] = ["ok", "bad_number", "ok"]
    frame.loc["w1", "workers"] = np.nan
    both = sc.combine_demand(frame, totals={"甲区": 70})
    assert both.loc["w0", "workers"] == pytest.approx(70)
    assert math.isnan(both.loc["w1", "workers"])


def test_districts_are_filled_in_from_areas():
    frame = people([(*row[:4], None) for row in OFFICES])
    areas = gpd.GeoDataFrame(
        {"name": ["甲区", "乙区"]},
        geometry=[
            shapely.box(WEST + x - 900, SOUTH - 900, WEST + x + 900, SOUTH + 900) for x in (0, 5000)
        ],
        crs=METRES,
    )
    both = sc.combine_demand(frame, districts=areas, totals={"甲区": 800})
    assert both["district"].tolist() == ["甲区", "甲区", "乙区"]
    assert both["workers"].tolist() == pytest.approx([200, 600, 50])
    by_index = sc.combine_demand(frame, districts=areas.set_index("name"))
    assert by_index["district"].tolist() == ["甲区", "甲区", "乙区"]


@pytest.mark.parametrize(
    ("totals", "message"),
    [
        ({"丙区": 5}, "'丙区' has no rows"),
        ({"甲区": -1}, "not negative"),
        ({"甲区": float("nan")}, "finite"),
        ({"甲区": 5, ("甲区", "office"): 3}, "names rows twice"),
    ],
)
def test_totals_that_cannot_be_met_are_named(totals, message):
    with pytest.raises(InputError, match=message):
        sc.combine_demand(people(OFFICES), totals=totals)


def test_tables_that_cannot_be_combined_are_refused():
    with pytest.raises(InputError, match="at least one"):
        sc.combine_demand()
    with pytest.raises(CrsError, match=r"frames\[1\]"):
        sc.combine_demand(people(OFFICES), people(RIDERS).set_crs(None, allow_override=True))
    with pytest.raises(InputError, match="no column 'workers'"):
        sc.combine_demand(people(OFFICES).drop(columns="workers"))
    assert len(sc.combine_demand(people([]))) == 0


def test_people_near_the_same_group_of_another_source_are_reported():
    first = people(OFFICES, counts="floor area", source="buildings")
    second = people(
        [(20, 0, 7, "office", "甲区"), (540, 0, 9, "office", "甲区"), (0, 5, 99, "rider", "甲区")],
        counts="places",
        source="places",
        prefix="p",
    )
    with pytest.warns(InputWarning, match="counted twice: 7 office of places"):
        both = sc.combine_demand(first, second)
    assert both.attrs["overlaps"] == [
        {
            "first": "buildings (floor area)",
            "second": "places (places)",
            "group": "office",
            "rows": 1,
            "workers": 7.0,
        }
    ]
    first["footprint_m2"] = math.pi * 20**2  # its edge is 20 m from the middle
    with pytest.warns(InputWarning, match="16 office"):
        sc.combine_demand(first, second)


def test_residents_and_umbrella_groups_are_reported():
    homes = people([(0, 0, 5, "residents", "甲区")], counts="residents", prefix="h")
    with pytest.warns(InputWarning, match="residents"):
        sc.combine_demand(people(RIDERS), homes)
    new = people([(0, 0, 5, "new_form", "甲区")], prefix="n")
    with pytest.warns(InputWarning, match="new_form includes rider"):
        sc.combine_demand(people(RIDERS), new)


def test_the_share_of_proxies_is_said():
    counted = people(OFFICES, source="list.xlsx")
    guessed = people(RIDERS, counts="places", source="osm", prefix="r")
    notes = sc.combine_demand(counted, guessed).attrs["notes"]
    assert "list.xlsx: 450 from workers (92%)" in notes
    assert "8% of 490 come from proxies, not from counts" in notes


def test_inputs_are_not_changed():
    frame = people(OFFICES)
    before = frame.copy()
    sc.combine_demand(frame, totals={"甲区": 5})
    sc.to_grid(frame)
    assert frame.equals(before)


# grid


def random_people(n=3000):
    chance = np.random.default_rng(7)
    rows = zip(
        chance.uniform(0, 9000, n),
        chance.uniform(0, 6000, n),
        chance.integers(0, 50, n),
        chance.choice(["office", "rider"], n),
        ["甲区"] * n,
        strict=True,
    )
    return people(list(rows))


def test_sums_are_conserved_per_group_and_cell():
    frame = random_people()
    cells = sc.to_grid(frame)
    assert cells["workers"].sum() == frame["workers"].sum()
    assert cells["places"].sum() == len(frame)
    by_group = cells.groupby("group")["workers"].sum()
    assert by_group.to_dict() == frame.groupby("group")["workers"].sum().to_dict()
    metres = frame.to_crs(METRES).geometry
    ids = (
        "32650-250-"
        + np.floor(metres.x / 250).astype(int).astype(str)
        + "-"
        + np.floor(metres.y / 250).astype(int).astype(str)
    )
    expected = frame["workers"].groupby(ids.to_numpy()).sum()
    pd.testing.assert_series_equal(
        cells.groupby("grid_id")["workers"].sum(),
        expected,
        check_names=False,
        check_index_type=False,
    )


def test_the_place_of_a_cell_is_a_real_place_inside_it():
    frame = random_people(500)
    cells = sc.to_grid(frame, 400)
    real = {place.wkb for place in frame.geometry}
    assert all(place.wkb in real for place in cells.geometry)
    squares = sc.grid_cells(cells).geometry
    for row in cells.itertuples():
        assert squares[row.grid_id].buffer(1e-9).contains(row.geometry)


def test_cells_are_squares_of_their_size():
    squares = sc.grid_cells(sc.to_grid(random_people(200), 500)).to_crs(METRES)
    np.testing.assert_allclose(squares.area, 250_000, rtol=1e-6)


def test_the_same_place_is_in_the_same_cell_whatever_else_is_there():
    frame = random_people(400)
    whole = sc.to_grid(frame).set_index("grid_id").index
    part = sc.to_grid(frame.iloc[150:160]).set_index("grid_id").index
    assert set(part) <= set(whole)
    turned = sc.to_grid(frame.iloc[::-1])
    assert turned["workers"].to_dict() == sc.to_grid(frame)["workers"].to_dict()


def test_a_frame_without_groups_gives_one_row_per_cell():
    cells = sc.to_grid(random_people(300).drop(columns="group"))
    assert cells.index.tolist() == cells["grid_id"].tolist()
    assert "group" not in cells


def test_rows_without_place_or_number_are_left_out_and_said():
    frame = people(OFFICES)
    frame["status"] = ["ok", "bad_number", "unsnapped"]
    frame.loc["w1", "workers"] = np.nan
    cells = sc.to_grid(frame)
    assert cells["workers"].sum() == 150
    assert any("1 rows without a place or number" in note for note in cells.attrs["notes"])
    assert len(sc.to_grid(frame.iloc[:0])) == 0
    assert len(sc.grid_cells(sc.to_grid(frame.iloc[:0]))) == 0


def test_hexagons_are_those_of_h3():
    frame = random_people(200)
    cells = sc.to_grid(frame, h3=9)
    expected = {h3.latlng_to_cell(place.y, place.x, 9) for place in frame.geometry}
    assert set(cells["grid_id"]) == expected
    assert cells["workers"].sum() == frame["workers"].sum()
    outlines = sc.grid_cells(cells)
    area = [h3.cell_area(cell, unit="m^2") for cell in outlines.index]
    np.testing.assert_allclose(outlines.to_crs(6933).area, area, rtol=1e-2)


def test_wrong_sizes_are_refused(monkeypatch):
    frame = people(OFFICES)
    for size in (0, -1, math.nan, "250"):
        with pytest.raises(InputError, match="`size`"):
            sc.to_grid(frame, size)
    for resolution in (16, -1, True, 1.5):
        with pytest.raises(InputError, match="`h3`"):
            sc.to_grid(frame, h3=resolution)
    monkeypatch.setitem(sys.modules, "h3", None)
    with pytest.raises(InputError, match=r"servicecircle\[h3\]"):
        sc.to_grid(frame, h3=9)


def test_three_sources_of_a_real_city_add_up(shared_data):
    path = shared_data / "streets" / "nanjing_core.osm.pbf"
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", InputWarning)
        parts = [
            sc.demand_from_buildings(path, year=2021),
            sc.demand_from_pois(path, year=2021),
            sc.demand_from_streets(sc.read_network(path), year=2021),
        ]
        whole = sc.combine_demand(*parts)
    ok = whole["status"] == "ok"
    total = sum(part["workers"].sum() for part in parts)
    assert whole.loc[ok, "workers"].sum() == pytest.approx(total)
    assert sc.to_grid(whole)["workers"].sum() == pytest.approx(total)
    assert [entry["group"] for entry in whole.attrs["overlaps"]] == ["market"]
