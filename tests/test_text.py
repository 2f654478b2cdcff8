"""safe_text and safe_json: what a table says is shown, and never run."""

from __future__ import annotations

import html
import json
from urllib.parse import urlsplit

import jinja2
import pytest
from hypothesis import given
from hypothesis import strategies as st

from hostile import LINKS, PAYLOADS
from servicecircle._text import clean_text, safe_json, safe_link, safe_text


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_jinja_leaves_safe_text_alone_twice(payload):
    once = jinja2.Template(safe_text(payload)).render()
    assert jinja2.Template(once).render() == safe_text(payload)


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_a_browser_shows_safe_text_as_typed(payload):
    assert html.unescape(safe_text(payload)) == payload
    assert not set("<>&`{}\"'$%\\") & set(safe_text(payload).replace("&#", ""))


@given(st.text())
def test_safe_text_loses_nothing_that_can_be_printed(text):
    assert html.unescape(safe_text(text)) == clean_text(text)


@given(st.text())
def test_safe_json_reads_back_and_survives_jinja(text):
    shown = clean_text(text)
    written = safe_json({"a": shown, "b": {shown or "k": [shown, 1.5, None]}})
    assert json.loads(written)["a"] == shown
    assert json.loads(written)["b"][shown or "k"][1:] == [1.5, None]
    if written:
        rendered = jinja2.Template(written).render()
        assert rendered == written


@pytest.mark.parametrize("payload", PAYLOADS.values(), ids=PAYLOADS.keys())
def test_safe_json_holds_nothing_that_html_or_javascript_acts_on(payload):
    written = safe_json({"name": payload})
    assert not set("<>&`") & set(written)
    assert "{{" not in written
    assert "{%" not in written
    assert "{#" not in written
    assert json.loads(written) == {"name": payload}


def test_a_number_that_json_cannot_hold_is_refused():
    with pytest.raises(ValueError, match="JSON"):
        safe_json({"x": float("nan")})


@pytest.mark.parametrize(
    ("value", "shown"),
    [
        (None, ""),
        (float("nan"), ""),
        (12.0, "12"),
        ("驿站\n一号", "驿站 一号"),
        ("\u202etxt.exe", "txt.exe"),
        ("bad \ud800 half", "bad   half"),
        ("NaN", "NaN"),
        (True, "True"),
    ],
)
def test_a_cell_becomes_one_printable_line(value, shown):
    assert clean_text(value) == shown


def test_very_long_text_is_cut_with_an_ellipsis():
    assert clean_text("长" * 300) == "长" * 199 + "…"


def test_text_can_always_be_written_as_utf8():
    assert safe_json({"a": clean_text("\udcff\ud83d")}).encode("utf-8")


@pytest.mark.parametrize("text", [*LINKS, *PAYLOADS.values(), None, float("nan"), 7, "h" * 600])
def test_what_is_no_plain_https_address_is_no_link(text):
    assert safe_link(text) is None


@given(st.text())
def test_a_link_holds_nothing_that_ends_an_attribute_and_stays_on_its_host(text):
    link = safe_link(f"https://photos.example/{text}")
    if link is not None:
        assert not set("<>\"'`{} \\") & set(link)
        assert urlsplit(link)[:2] == ("https", "photos.example")


def test_a_link_keeps_its_path_query_and_port():
    asked = "https://photos.example:8443/a%20b/站.jpg?size=2&x=1#top"
    told = "https://photos.example:8443/a%20b/%E7%AB%99.jpg?size=2&x=1#top"
    assert safe_link(asked) == told
