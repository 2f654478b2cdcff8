"""Tables and texts that are wrong: rows 51 to 67 of docs/faults.md."""

from __future__ import annotations

import datetime as dt

import geopandas as gpd
import numpy as np
import openpyxl
import pandas as pd
import pytest

import servicecircle as sc
import town
from servicecircle.errors import InputError, InputWarning

HEADER = "id,经度,纬度,职工人数\n"


def read(folder, text, encoding="utf-8"):
    path = folder / "workers.csv"
    path.write_bytes(text.encode(encoding))
    return sc.read_demand(path, coordinates="wgs84")


def covered(demand, **options):
    return sc.measure_coverage(town.network(), town.stations(), demand, **options)


def test_ids_with_and_without_leading_noughts_are_two(tmp_path):
    """Faults 52."""
    people = read(tmp_path, HEADER + "001,114.3,30.6,3\n1,114.3,30.6,4\n010,114.3,30.6,5\n")
    assert people["workers"].to_dict() == {"001": 3.0, "1": 4.0, "010": 5.0}


@pytest.mark.parametrize("encoding", ["utf-8", "utf-8-sig", "gb18030", "utf-16"])
def test_a_table_is_the_same_in_every_encoding(tmp_path, encoding):
    """Faults 53, 54: 㐂 and 𠮷 are in GB18030 only; the encoding taken is said."""
    people = read(tmp_path, "id,名称,经度,纬度,职工人数\n㐂,汉口𠮷店,114.3,30.6,3\n", encoding)
    assert people["name"].to_dict() == {"㐂": "汉口𠮷店"}
    said = "".join(people.attrs["notes"])
    assert (encoding in said) == (not encoding.startswith("utf-8"))


def test_full_width_figures_are_figures(tmp_path):
    """Faults 54."""
    people = read(tmp_path, HEADER + 'A,１１４．３,30.6,"１，２００"\n')
    assert people["workers"].tolist() == [1200.0]
    assert people.geometry.iloc[0].x == pytest.approx(114.3, abs=0.01)


@pytest.mark.parametrize("weight", [-5, np.inf, -np.inf, np.nan, None, "many"])
def test_a_weight_that_is_no_number_of_people_is_refused_with_its_row(weight):
    """Faults 55, 56, 57, 98."""
    people = town.workers()
    people["workers"] = people["workers"].astype(object)
    people.loc["W7", "workers"] = weight
    with pytest.raises(InputError, match=r"1 rows are not: \['W7'\]"):
        covered(people)
    with pytest.raises(InputError, match=r"\['W7'\]"):
        sc.choose_sites(town.network(), town.shops(), people, n_open=1)


def test_a_missing_weight_column_is_named_with_those_there():
    """Faults 55."""
    with pytest.raises(InputError, match=r"no column 'people'; it has \['name'.*'workers'\]"):
        covered(town.workers(), weight="people")


@pytest.mark.parametrize("weight", [[1, 2, 3], np.ones(3), pd.Series([1.0])])
def test_weights_are_a_column_so_that_they_cannot_be_too_few(weight):
    """Faults 58."""
    with pytest.raises(InputError, match="must name a column of `demand`"):
        covered(town.workers(), weight=weight)


def pair(minutes):
    frame = pd.DataFrame(
        {"facility": ["a", "b"], "demand": ["x", "x"], "minutes": [minutes, 7.0]}, index=["r", "s"]
    )
    return sc.Reach.from_frame(frame)


@pytest.mark.parametrize("minutes", [np.nan, -1.0, "soon", None])
def test_minutes_that_are_no_numbers_do_not_enter_a_reach(minutes):
    """Faults 59."""
    with pytest.raises(InputError, match=r"1 rows are not: \['r'\]"):
        pair(minutes)


def test_the_search_itself_gives_numbers_only():
    """Faults 59."""
    minutes = sc.walk_times(town.network(), town.shops(), town.workers(), cutoff=30).minutes.data
    assert np.isfinite(minutes).all()
    assert (minutes >= 0).all()


def test_infinite_minutes_mean_out_of_reach():
    """Faults 60."""
    reach = pair(np.inf)
    assert reach.minutes.nnz == 1
    assert reach.nearest()["facility"].to_dict() == {"x": "b"}
    assert reach.cutoff == 7.0


def with_times(frame):
    """Add what spreadsheets hold: days, moments, times of day, periods."""
    moment = pd.Timestamp("2026-11-22 08:30")
    return frame.assign(
        opened=moment,
        seen=moment.tz_localize("Asia/Shanghai"),
        at=dt.time(8, 30),
        day=dt.date(2026, 11, 22),
        lasted=pd.Timedelta(hours=1),
        quarter=pd.Period("2026Q4"),
    )


@pytest.mark.parametrize("name", ["map.html", "report.xlsx", "report.gpkg"])
def test_moments_go_into_every_file(tmp_path, name):
    """Faults 61."""
    found = sc.measure_coverage(
        town.network(), with_times(town.stations()), with_times(town.workers()), minutes=[5, 10]
    )
    if name.endswith("html"):
        sc.save_map(sc.map_coverage(found), tmp_path / name)
    else:
        sc.write_report(found, tmp_path / name)
    if name.endswith("xlsx"):
        book = openpyxl.load_workbook(tmp_path / name)
        cells = {str(cell.value) for sheet in book for row in sheet for cell in row}
        assert any("2026-11-22 08:30" in cell for cell in cells)
    if name.endswith("gpkg"):
        assert "2026-11-22" in str(gpd.read_file(tmp_path / name, layer="stations")["opened"][0])


def test_opening_hours_that_cannot_be_read_are_unknown_not_closed():
    """Faults 66."""
    stations = town.stations().assign(hours="看情况")
    with pytest.warns(InputWarning, match=r"no readable opening hours.*\['S1'\]"):
        found = sc.measure_coverage(town.network(), stations, town.workers(), at="Tue 10:00")
    assert found.hours_unknown.tolist() == ["S1"]
    assert found.facilities["open"].isna().all()
