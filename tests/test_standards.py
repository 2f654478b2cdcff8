"""Names of worker groups and venue kinds in two languages."""

from __future__ import annotations

from collections import Counter

import pytest

from servicecircle._vocabulary import fold, read_vocabulary
from servicecircle.errors import InputError
from servicecircle.standards import group_label, kind_label, known_word


@pytest.mark.parametrize(
    ("text", "zh", "en", "chip_zh", "chip_en"),
    [
        ("office", "楼宇职工", "Office workers", "楼宇", "Office"),
        ("快递物流", "快递员", "Couriers", "物流", "Courier"),
        ("快递小哥", "快递员", "Couriers", "物流", "Courier"),
        ("市场商户", "市场商户", "Market traders", "市场", "Market"),
        ("Factory workers", "产业工人", "Factory workers", "工厂", "Factory"),
        (" 建筑工人 ", "建筑工人", "Construction workers", "工地", "Building"),
        ("SANITATION", "环卫工人", "Street cleaners", "环卫", "Cleaning"),
    ],
)
def test_a_group_is_named_in_both_languages(text, zh, en, chip_zh, chip_en):
    assert group_label(text, "zh") == zh
    assert group_label(text, "en") == en
    assert group_label(text, "zh", short=True) == chip_zh
    assert group_label(text, "en", short=True) == chip_en


@pytest.mark.parametrize(
    ("text", "zh", "en"),
    [
        ("便利店", "便利店", "Convenience store"),
        ("银行", "银行网点", "Bank branch"),
        ("estate_agency", "房屋中介", "Estate agency"),
        ("房地产经纪门店", "房屋中介", "Estate agency"),
        ("党群服务中心", "党群服务中心", "Party-mass service centre"),
        ("通信营业厅", "通信营业厅", "Telecom shop"),
    ],
)
def test_a_venue_kind_is_named_in_both_languages(text, zh, en):
    assert kind_label(text, "zh") == zh
    assert kind_label(text, "en") == en


@pytest.mark.parametrize(("word", "group"), [("农民工", "migrant"), ("灵活就业", "flexible")])
def test_a_word_that_the_texts_use_for_several_groups_means_the_wide_one(word, group):
    assert known_word("group", word) == group


@pytest.mark.parametrize(
    "vocabulary",
    ["groups", "venue_kinds", "station_classes", "settings", "models", "states", "access"],
)
def test_no_word_means_two_things(vocabulary):
    meaning = {}
    for key, entry in read_vocabulary(vocabulary).items():
        for name in {fold(n) for n in (key, entry["zh"], entry["en"], *entry["synonyms"])}:
            assert meaning.setdefault(name, key) == key, name


@pytest.mark.parametrize("label", [group_label, kind_label])
def test_unknown_text_comes_back_as_it_is(label):
    assert label("<b>{{7*7}}</b> ", "en") == "<b>{{7*7}}</b> "
    assert label(7, "zh") == "7"
    assert label(None, "en") == ""
    assert label(float("nan"), "en") == ""


@pytest.mark.parametrize("label", [group_label, kind_label])
def test_other_languages_are_refused(label):
    with pytest.raises(InputError, match="`language`"):
        label("office", "fr")


def shorts(entry):
    return entry["short"].values()


@pytest.mark.parametrize("vocabulary", ["groups", "venue_kinds"])
def test_no_name_means_two_things(vocabulary):
    entries = read_vocabulary(vocabulary)
    names = Counter(
        name
        for key, entry in entries.items()
        for name in {
            fold(text)
            for text in (
                key,
                entry["zh"],
                entry["en"],
                *entry["synonyms"],
                *entry["short"].values(),
            )
        }
    )
    assert [name for name, number in names.items() if number > 1] == []


def test_no_header_means_two_columns():
    names = Counter(
        header
        for entry in read_vocabulary("headers").values()
        for header in {fold(text) for text in (*entry["zh"], *entry["en"], *entry.get("weak", []))}
    )
    assert [name for name, number in names.items() if number > 1] == []
