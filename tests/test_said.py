"""Sentences that reach a planner's file are there in both languages."""

import copy
import pickle
import re
import warnings

import pytest

import servicecircle as sc
from servicecircle._said import Said, count, in_chinese, join, reason_said, say

CHINESE = re.compile("[\u4e00-\u9fff]")


def test_a_sentence_is_english_text_that_carries_its_chinese():
    said = say("{rows} left out: {some}", "略去 {rows}：{some}", rows=count(3, "row"), some="{x}")
    assert said == "3 rows left out: {x}"
    assert said.zh == "略去 3 行：{x}"
    assert in_chinese(said) == said.zh
    assert in_chinese("only English") == "only English"


def test_sentences_nest_and_join():
    inner = say("{n} cells", "{n} 个单元格", n=2)
    outer = say("a.csv: {inner}", "a.csv：{inner}", inner=inner)
    both = join([outer, "b"], "; ", "；")
    assert (both, both.zh) == ("a.csv: 2 cells; b", "a.csv：2 个单元格；b")


def test_the_chinese_survives_copies_and_processes():
    said = say("yes", "是")
    through_a_process = pickle.loads(pickle.dumps(said))  # noqa: S301 - our own bytes
    for again in (copy.deepcopy([said])[0], through_a_process):
        assert isinstance(again, Said)
        assert (again, again.zh) == ("yes", "是")


@pytest.mark.parametrize(
    ("reason", "chinese"),
    [
        ("no coordinates", "没有坐标"),
        ("workers: 'abc' is not a number", "人数：'abc' 不是数字"),
        ("workers: -3 is negative", "人数：-3 为负数"),
    ],
)
def test_reasons_of_rows_are_known_in_chinese(reason, chinese):
    assert in_chinese(reason_said(reason)) == chinese


def test_every_note_and_warning_of_a_messy_table_is_in_both_languages(tmp_path):
    path = tmp_path / "乱.csv"
    path.write_text(
        "某街道户外职工统计表,,,,,\n"
        "编号,名称,经度,纬度,职工人数,联系电话\n"
        "A1,甲,2.35,48.85,约30人,1\n"
        "A1,乙,2.36,48.86,10-20,2\n"
        ",丙,2.36,48.86,abc,3\n"
        "A4,丁,,,-5,4\n"
        "A5,戊,0,0,7,5\n"
        "合计,,,,57,\n",
        encoding="gb18030",
    )
    with warnings.catch_warnings(record=True) as caught:
        warnings.simplefilter("always")
        workers = sc.read_demand(path, repeated_ids="suffix")
    said = [*workers.attrs["notes"], *(one.message.args[0] for one in caught)]
    assert len(said) >= 12
    for one in said:
        assert isinstance(one, Said), one
        assert CHINESE.search(one.zh), one
    reasons = [reason_said(one) for one in workers["reason"].dropna()]
    assert len(reasons) == 3
    assert all(isinstance(reason, Said) for reason in reasons)
