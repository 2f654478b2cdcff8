"""Candidates and workers of a place name, against a server of our own on this machine."""

from __future__ import annotations

import pytest

import test_download
from servicecircle.errors import InputError, NetworkError
from servicecircle.sources import candidates_from_osm, demand_from_buildings
from test_download import Server, server  # noqa: F401 – a fixture

WAYS = {
    20: ([1, 2, 3, 1], {"building": "retail", "shop": "convenience", "name": "便利店甲"}),
    21: ([2, 3, 4, 2], {"building": "office", "building:levels": "10", "office": "company"}),
}


@pytest.fixture
def town(server, monkeypatch):  # noqa: F811
    monkeypatch.setattr(test_download, "WAYS", WAYS)
    return server


@pytest.mark.usefixtures("town")
def test_candidates_of_a_place_are_downloaded_once():
    shops = candidates_from_osm("Made-up district", kinds=["便利店"])
    assert shops["name"].to_dict() == {"w20": "便利店甲"}
    assert shops.attrs["source"] == "Made-up district"
    query = next(text for text in Server.asked if "shop" in text)
    assert "office" not in query  # only the tags of the kinds asked for
    asked = len(Server.asked)
    candidates_from_osm("Made-up district", kinds=["便利店"])
    assert len(Server.asked) == asked


@pytest.mark.usefixtures("town")
def test_buildings_of_a_place_are_downloaded_too():
    workers = demand_from_buildings("Made-up district")
    assert list(workers.index) == ["w20", "w21"]
    assert workers.loc["w21", "levels"] == 10
    assert workers.loc["w21", "workers"] > workers.loc["w20", "workers"] > 0


@pytest.mark.usefixtures("town")
def test_place_with_nothing_in_it_is_one_clear_error():
    Server.empty = True
    with pytest.raises(NetworkError, match="could not be downloaded"):
        candidates_from_osm("Made-up district")


@pytest.mark.usefixtures("town")
@pytest.mark.parametrize("path", ["no/such/place", "city.osm.pbf", "区.csv", "C:\\data\\city"])
def test_path_that_is_not_there_is_never_looked_up(path):
    with pytest.raises(InputError, match="There is no file"):
        candidates_from_osm(path)
    assert not Server.asked
