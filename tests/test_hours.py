"""Opening hours: every phrase of the planners' documents, and what is open when."""

from __future__ import annotations

import datetime as dt

import opening_hours
import pandas as pd
import pytest
from hypothesis import given
from hypothesis import strategies as st

from servicecircle import read_hours
from servicecircle.errors import InputError
from servicecircle.hours import open_at, open_between, open_in_week, read_moment, weekly_hours

# OpenStreetMap value, hours a week → phrases; the hours were computed by another evaluator
PHRASES = {
    ("24/7", 168): [
        "24小时", "24h", "24小时开放", "24小时自助", "全天", "全天开放", "全天候", "0:00-24:00",
        "智能无人值守24小时", "周一至周日全天",
    ],
    ("Tu-Su 09:00-20:00", 66): [
        "早9点到晚8点,周一休息", "早9点一直开到晚8点,除了周一休息", "9:00-20:00(周一闭馆)",
    ],
    ("Mo-Fr 09:00-17:00", 40): [
        "9:00-17:00 工作日", "工作日9时至17时", "周一至周五 9:00—17:00", "周1-周5 9:00-17:00",
        "星期一到星期五 9:00-17:00", "星期一到星期五。9:00-17:00", "周一至五9:00-17:00",
    ],
    ("Mo-Su 08:00-20:00", 84): [
        "每天8点到20点", "每日 8:00~20:00", "8:00-20:00", "全年无休 8:00-20:00",
        "８：００－２０：００", "早上八点到晚上八点", "8:00–20:00", "8:00～20:00",
    ],
    ("Mo-Fr 08:30-12:00,13:30-17:30", 37.5): [
        "上午8:30-12:00 下午1:30-5:30 (午休) 工作日", "8:30-12:00,13:30-17:30 周一至周五",
    ],
    ("Mo-Fr 08:30-17:30; PH off", 45): [
        "8:30-17:30,法定节假日除外", "周一至周五8:30-17:30,节假日休息",
    ],
    ("Mo-Fr 08:00-18:00; Sa-Su 09:00-17:00", 66): ["工作日8-18点,周末9-17点"],
    ("Sa-Su 09:00-17:00", 16): ["双休日 9:00-17:00"],
    ("Mo-Sa 08:00-18:00", 60): ["周一至周六 8:00-18:00"],
    ("Sa-Su,PH 09:00-17:00", 16): ["节假日及周末 9:00-17:00"],
    ("Mo-Su,PH 08:00-20:00", 84): ["每天8:00-20:00,节假日不休", "8:00-20:00 节假日照常"],
    ("22:00-06:00", 56): ["22点至次日6点", "22:00-6:00"],
    ("08:00-02:00", 126): ["8:00-次日2:00"],
    ("Jun-Sep 08:00-20:00; Oct-May 08:00-18:00", 84): ["夏季8-20点,冬季8-18点"],
    ("Mo-Fr 11:30-13:30", 10): ["午间 11:30-13:30", "工作日午间11:30-13:30"],
    ("Fr[-1] 09:00-11:00", None): ["每月最后一个周五 9-11点"],
    ("SH 08:30-17:30", 0): ["寒暑假 8:30-17:30", "寒暑假(8:30-17:30)"],
    ("off", 0): ["暂停开放", "停用", "周一9:00-17:00,周一休息"],
    ("Mo-Su 08:30-11:00,13:30-17:00", 42): ["8:30-11:00\n13:30-17:00"],
    ("Mo-Su 06:00-18:00", 84): ["6:00-18:00"],
    ("Mo,We,Fr 09:00-11:00", 6): ["周一、三、五 9:00-11:00"],
    ("Mo-Fr 08:00-18:00; Sa 09:00-12:00", 53): ["周一至周五 8:00-18:00,周六 9:00-12:00"],
    ("Mo-Su 09:30-21:15", 82.25): ["上午9点半到晚上9点一刻"],
    ("Mo-Su 12:00-14:00", 14): ["中午12点-下午2点"],
    ("Mo-Su 18:00-24:00", 42): ["晚6点到晚12点"],
    ("Mo-Fr 00:00-24:00", 120): ["周一至周五24小时"],
    ("Mo-Fr 09:00-17:00; PH off", 40): ["Mo-Fr 09:00-17:00; PH off"],
}  # fmt: skip
WORDS = (
    "周星期一二三四五六日天至到-—~,、;:：0123456789点时半早晚上下午中次日工作末"
    "节假休息除了夏冬季月每()（） 24/7MoPH"
)
UNKNOWN = {
    "与门店同步": "host",
    "同营业时间": "host",
    "预约开放": "appointment",
    "电话预约": "appointment",
    "不定时": "not fixed",
    "视情况": "not fixed",
    "9-8点": "ambiguous",
    "很好": "",
    "": "",
}


@pytest.mark.parametrize(
    ("osm", "weekly", "phrase"),
    [(osm, weekly, phrase) for (osm, weekly), lines in PHRASES.items() for phrase in lines],
)
def test_every_phrase_means_what_the_documents_say(osm, weekly, phrase):
    read = read_hours(phrase)
    assert read.osm == osm
    assert opening_hours.validate(osm)
    assert read.weekly() == weekly


@pytest.mark.parametrize(("phrase", "note"), UNKNOWN.items())
def test_what_is_not_said_is_unknown_and_not_closed(phrase, note):
    read = read_hours(phrase)
    assert read.osm is None
    assert note in read.note
    assert read.weekly() is None
    assert read.is_open(dt.datetime(2025, 6, 10, 12)) is None  # noqa: DTZ001


@pytest.mark.parametrize("cell", [None, 8.5, float("nan"), pd.NA])
def test_cells_without_text_are_unknown(cell):
    assert read_hours(cell).osm is None


def test_assumptions_are_noted():
    assert "Jun-Sep" in read_hours("夏季8-20点,冬季8-18点").note
    assert "weekdays" in read_hours("午间 11:30-13:30").note
    assert "weekends" in read_hours("8:30-17:30,法定节假日除外").note
    assert "school" in read_hours("寒暑假 8:30-17:30").note


@pytest.mark.parametrize(
    ("moment", "answer"),
    [
        (dt.datetime(2025, 6, 9, 12), False),  # noqa: DTZ001 (a Monday)
        (dt.datetime(2025, 6, 10, 12), True),  # noqa: DTZ001
        (dt.datetime(2025, 6, 10, 20, 30), False),  # noqa: DTZ001
    ],
)
def test_the_space_in_the_historic_street_is_closed_on_monday_and_at_night(moment, answer):
    hours = pd.Series(["早9点一直开到晚8点,除了周一休息", "预约"], index=["a", "b"])
    read = open_at(hours, moment)
    assert read["a"] == answer
    assert read["b"] is pd.NA


def test_a_slot_of_demand_is_open_for_a_share_of_it():
    cells = pd.Series(
        ["24小时", "8:00-18:00", "18:00-02:00", "9:00-22:00,周二休息", "预约", None], list("abcdef")
    )
    found = open_between(cells, "Tue 17:30", "Tue 20:30")  # the riders' evening peak
    assert found.fillna(-1).to_dict() == {
        "a": 1, "b": pytest.approx(1 / 6), "c": pytest.approx(5 / 6), "d": 0, "e": -1, "f": -1,
    }  # fmt: skip
    with pytest.raises(InputError, match="has no length"):
        open_between(cells, "Tue 17:30", "Tue 17:30")


def test_a_public_holiday_closes_what_says_so():
    phrase = "8:30-17:30,法定节假日除外"
    assert read_hours(phrase).is_open(dt.datetime(2026, 5, 1, 10)) is False  # noqa: DTZ001
    assert read_hours(phrase).is_open(dt.datetime(2026, 5, 8, 10)) is True  # noqa: DTZ001


def test_hours_of_a_column_and_of_its_week():
    hours = pd.Series(["24小时", None, "周一至周五 8:30-17:30", "24小时"], index=list("abcd"))
    assert weekly_hours(hours).tolist()[::2] == [168, 45]
    week = open_in_week(hours)
    assert week.shape == (4, 168)
    assert week.sum(axis=1).tolist() == [168, 0, 5 * 9, 168]


@pytest.mark.parametrize(
    ("text", "moment"),
    [
        ("Tue 22:30", dt.datetime(2025, 6, 10, 22, 30)),  # noqa: DTZ001
        ("tuesday 22:30", dt.datetime(2025, 6, 10, 22, 30)),  # noqa: DTZ001
        ("周二 22:30", dt.datetime(2025, 6, 10, 22, 30)),  # noqa: DTZ001
        ("星期日 8:00", dt.datetime(2025, 6, 15, 8)),  # noqa: DTZ001
        ("2025-10-02 09:00", dt.datetime(2025, 10, 2, 9)),  # noqa: DTZ001
        (dt.datetime(2025, 1, 1, 3), dt.datetime(2025, 1, 1, 3)),  # noqa: DTZ001
    ],
)
def test_moments_are_read(text, moment):
    assert read_moment(text) == moment


@pytest.mark.parametrize("text", ["", "soon", "Foo 12:00", "Tue 25:00", 7, None])
def test_what_is_no_moment_is_refused(text):
    with pytest.raises(InputError, match="`at` must be a moment"):
        read_moment(text)


@given(st.text(alphabet=WORDS, max_size=24))
def test_no_text_breaks_the_reader_or_gives_hours_that_cannot_be_evaluated(text):
    read = read_hours(text)
    if read.osm is not None:
        assert opening_hours.validate(read.osm)
        weekly = read.weekly()
        assert weekly is None or 0 <= weekly <= 168
