"""Coverage at a moment and over a week, worked out by hand on a tiny table."""

from __future__ import annotations

import datetime as dt

import geopandas as gpd
import numpy as np
import pandas as pd
import pytest

import servicecircle as sc
from servicecircle.errors import InputError, InputWarning

# Station A by day, B day and night, C on appointment; D1 is near A, D2 near A and B, D3 near C
PAIRS = [("A", "d1", 5.0), ("A", "d2", 4.0), ("B", "d2", 9.0), ("C", "d3", 1.0)]


def places(ids, **columns):
    points = gpd.points_from_xy(range(len(ids)), [0] * len(ids))
    return gpd.GeoDataFrame(columns, geometry=points, crs=4326, index=pd.Index(ids, name="id"))


@pytest.fixture
def stations():
    return places(["A", "B", "C"], hours=["周一至周五 8:00-18:00", "24小时", "预约开放"])


@pytest.fixture
def workers():
    return places(
        ["d1", "d2", "d3"],
        workers=[10.0, 30.0, 60.0],
        group=["rider", "courier", "rider"],
        shift=["22点至次日6点", None, "工作日8-18点"],
    )


@pytest.fixture
def reach(stations, workers):
    frame = pd.DataFrame(PAIRS, columns=["facility", "demand", "minutes"])
    return sc.Reach.from_frame(
        frame, facility_ids=stations.index, demand_ids=workers.index, cutoff=15
    )


@pytest.mark.parametrize(
    ("at", "covered", "nearest"),
    [
        ("Tue 10:00", 40, "A"),
        ("Tue 22:30", 30, "B"),
        ("周日 10:00", 30, "B"),
        (dt.datetime(2025, 6, 10, 10), 40, "A"),  # noqa: DTZ001
    ],
)
def test_only_what_is_open_covers(reach, stations, workers, *, at, covered, nearest):
    with pytest.warns(InputWarning, match=r"1 of 3 facilities .* count as closed: \['C'\]"):
        coverage = sc.measure_coverage(reach, stations, workers, at=at)
    assert coverage.summary()["covered"].item() == covered
    assert coverage.demand.loc["d2", "facility"] == nearest
    assert coverage.hours_unknown.tolist() == ["C"]
    assert coverage.facilities["open"].tolist()[1:] == [True, pd.NA]
    assert coverage.facilities.loc["C", "workers"] == 0
    assert isinstance(coverage.at, dt.datetime)


def test_without_a_moment_every_station_counts(reach, stations, workers):
    coverage = sc.measure_coverage(reach, stations, workers)
    assert coverage.share == 1.0
    assert coverage.at is None
    assert coverage.hours_unknown.empty
    assert "open" not in coverage.facilities


def test_a_moment_needs_opening_hours(reach, stations, workers):
    with pytest.raises(InputError, match="no column 'hours'"):
        sc.measure_coverage(reach, stations.drop(columns="hours"), workers, at="Tue 10:00")
    with pytest.raises(InputError, match="`at` must be a moment"):
        sc.measure_coverage(reach, stations, workers, at="noon")


def test_a_week_has_seven_days_of_twenty_four_hours(reach, stations, workers):
    with pytest.warns(InputWarning, match="count as closed"):
        week = sc.coverage_week(reach, stations, workers)
    assert week.shape == (7, 24)
    assert week.index.tolist() == ["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"]
    assert week.loc["Tu", 10] == pytest.approx(0.4)
    assert week.loc["Tu", 22] == pytest.approx(0.3)
    assert week.loc["Sa"].eq(0.3).all()
    assert week.attrs == {"minutes": 15.0, "hours_unknown": ["C"]}


@pytest.mark.filterwarnings("ignore::servicecircle.errors.InputWarning")
def test_every_hour_of_the_week_is_the_coverage_at_its_half(reach, stations, workers):
    week = sc.coverage_week(reach, stations, workers)
    for day, hour in [(0, 8), (0, 18), (4, 17), (5, 9), (6, 23)]:
        moment = dt.datetime(2025, 6, 9 + day, hour, 30)  # noqa: DTZ001
        share = sc.measure_coverage(reach, stations, workers, at=moment).share
        assert week.iloc[day, hour] == pytest.approx(share)


@pytest.mark.filterwarnings("ignore::servicecircle.errors.InputWarning")
def test_a_week_per_group(reach, stations, workers):
    week = sc.coverage_week(reach, stations, workers, by="group")
    assert week.index.names == ["group", "day"]
    assert week.loc[("rider", "Mo"), 10] == pytest.approx(10 / 70)
    assert week.loc[("courier", "Mo"), 3] == 1.0


@pytest.mark.filterwarnings("ignore::servicecircle.errors.InputWarning")
def test_shifts_leave_out_whoever_is_not_there(reach, stations, workers):
    week = sc.coverage_week(reach, stations, workers, shift="shift")
    assert week.loc["Mo", 10] == pytest.approx(30 / 90)  # d1 sleeps
    assert week.loc["Mo", 23] == pytest.approx(30 / 40)  # d3 is at home
    only_day = workers.loc[["d3"]]
    week = sc.coverage_week(reach, stations, only_day, shift="shift")
    assert np.isnan(week.loc["Su", 12])


def test_columns_that_do_not_exist_are_refused(reach, stations, workers):
    with pytest.raises(InputError, match="no column 'trade'"):
        sc.coverage_week(reach, stations, workers, by="trade")


@pytest.mark.filterwarnings("ignore::servicecircle.errors.InputWarning")
def test_empty_tables_give_a_week_without_numbers(reach, stations, workers):
    week = sc.coverage_week(reach, stations, workers.iloc[:0])
    assert week.shape == (7, 24)
    assert week.isna().all(axis=None)
    week = sc.coverage_week(reach, stations.iloc[:0], workers)
    assert week.eq(0).all(axis=None)


def test_scores_count_how_far_a_standard_is_met(reach, stations, workers):
    shops = stations.assign(
        amenities=["饮水机、微波炉、雨具、WiFi", "饮水机", None],
        street_front=[True, True, None],
        floor=["1", "1", None],
        open_to_public=[True, False, None],
    )
    plain = sc.score_sites(reach, shops, workers)
    scored = sc.score_sites(reach, shops, workers, standard="miyun")
    assert "points_standard" not in plain
    assert scored["standard_passed"].tolist() == [True, False, pd.NA]
    weight = scored.attrs["weights"]["standard"]
    assert scored["points_standard"].tolist() == pytest.approx([weight, weight / 2, 0])
    parts = scored[[f"points_{name}" for name in scored.attrs["weights"]]]
    np.testing.assert_allclose(parts.sum(axis=1), scored["score"])
    assert sum(scored.attrs["weights"].values()) == pytest.approx(100)
    assert scored.loc["A", "standard_zh"] == "✓ 全部符合。"


def national_week():
    """Stations that say different things of public holidays, and one worker beside them."""
    hours = {
        "off": "Mo-Fr 09:00-17:00; PH off",
        "on": "Mo-Su,PH 09:00-17:00",
        "only": "Sa-Su,PH 09:00-17:00",
        "silent": "Mo-Fr 09:00-17:00",
    }
    points = gpd.points_from_xy([0.0] * 4, [0.0] * 4)
    stations = gpd.GeoDataFrame({"hours": list(hours.values())}, index=list(hours), geometry=points)
    demand = gpd.GeoDataFrame({"workers": [10.0]}, index=["w"], geometry=points[:1])
    frame = pd.DataFrame({"facility": list(hours), "demand": "w", "minutes": 15.0})
    reach = sc.Reach.from_frame(frame)
    return reach, stations.set_crs(32650), demand.set_crs(32650)


# 6 October 2026 is a Tuesday in the holiday week; the evaluator itself only knows 1 October
@pytest.mark.parametrize(
    ("holidays", "open_now"),
    [
        (None, {"off": True, "on": True, "only": False, "silent": True}),
        (["2026-10-06"], {"off": False, "on": True, "only": True, "silent": True}),
        ([dt.date(2026, 10, 6)], {"off": False, "on": True, "only": True, "silent": True}),
        (["2026年10月7日"], {"off": True, "on": True, "only": False, "silent": True}),
    ],
)
def test_days_given_as_holidays_are_holidays(holidays, open_now):
    reach, stations, demand = national_week()
    found = sc.measure_coverage(reach, stations, demand, at="2026-10-06 10:00", holidays=holidays)
    assert found.facilities["open"].to_dict() == open_now


def test_the_week_of_the_national_day_is_closed_where_it_is_given():
    reach, stations, demand = national_week()
    whole = [dt.date(2026, 10, 1) + dt.timedelta(days=n) for n in range(7)]
    only_off = stations[stations.index == "off"]
    alone = sc.Reach.from_frame(reach.to_frame().query("facility == 'off'"))
    plain = sc.coverage_week(alone, only_off, demand, week="2026-10-06")
    closed = sc.coverage_week(alone, only_off, demand, week=dt.date(2026, 10, 6), holidays=whole)
    assert plain[10].to_list() == [1, 1, 1, 1, 1, 0, 0]
    assert closed[10].to_list() == [0, 0, 0, 1, 1, 0, 0]  # 8 and 9 October are work days


@pytest.mark.parametrize("holidays", ["2026-10-01", ["October"], [None]])
def test_what_is_no_day_is_no_holiday(holidays):
    reach, stations, demand = national_week()
    with pytest.raises(InputError, match="`holidays` must be"):
        sc.measure_coverage(reach, stations, demand, at="2026-10-06 10:00", holidays=holidays)


def test_holidays_go_for_shifts_too():
    reach, stations, demand = national_week()
    demand = pd.concat([demand, demand.set_axis(["office"])]).assign(
        workers=[10.0, 30.0], shift=["24/7", "Mo-Fr 09:00-17:00; PH off"]
    )
    reach = sc.Reach.from_frame(reach.to_frame(), demand_ids=demand.index)
    week = {"week": "2026-10-06", "shift": "shift"}
    plain = sc.coverage_week(reach, stations, demand, **week)
    away = sc.coverage_week(reach, stations, demand, holidays=["2026-10-05"], **week)
    assert plain.loc[["Mo", "Tu"], 10].to_list() == [0.25, 0.25]  # the office is out of reach
    assert away.loc[["Mo", "Tu"], 10].to_list() == [1, 0.25]  # on Monday nobody is in it
