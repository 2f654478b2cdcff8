"""Downloading streets, against a server of our own on this machine."""

from __future__ import annotations

import json
import threading
from http.server import BaseHTTPRequestHandler, ThreadingHTTPServer
from typing import ClassVar

import osmnx
import pytest
import shapely

from servicecircle.errors import NetworkError
from servicecircle.networks import download_network

NODES = {1: (114.300, 30.500), 2: (114.302, 30.500), 3: (114.302, 30.502), 4: (114.304, 30.500)}
WAYS = {
    10: ([1, 2], {"highway": "residential", "oneway": "yes", "name": "解放大道"}),
    11: ([2, 3], {"highway": "footway"}),
    12: ([2, 4], {"highway": "motorway"}),
}
PLACE = [
    {
        "place_id": 1,
        "osm_type": "relation",
        "osm_id": 1,
        "lat": "30.5",
        "lon": "114.302",
        "display_name": "Made-up district",
        "boundingbox": ["30.49", "30.51", "114.29", "114.31"],
        "importance": 0.5,
        "geojson": shapely.geometry.mapping(shapely.box(114.29, 30.49, 114.31, 30.51)),
    }
]


class Server(BaseHTTPRequestHandler):
    """Answers like Nominatim (/search) and Overpass (/interpreter)."""

    asked: ClassVar[list[str]] = []
    empty = False

    def _answer(self, content: object) -> None:
        body = json.dumps(content).encode()
        self.send_response(200)
        self.send_header("Content-Type", "application/json")
        self.end_headers()
        self.wfile.write(body)

    def do_GET(self):
        self.asked.append(self.path)
        self._answer(PLACE)

    def do_POST(self):
        size = int(self.headers["Content-Length"])
        self.asked.append(self.rfile.read(size).decode())
        elements = [{"type": "node", "id": n, "lon": x, "lat": y} for n, (x, y) in NODES.items()]
        elements += [{"type": "way", "id": w, "nodes": n, "tags": t} for w, (n, t) in WAYS.items()]
        self._answer({"elements": [] if type(self).empty else elements})

    def log_message(self, *_):
        pass


@pytest.fixture
def server(tmp_path, monkeypatch):
    Server.asked, Server.empty = [], False
    service = ThreadingHTTPServer(("127.0.0.1", 0), Server)
    thread = threading.Thread(target=service.serve_forever, daemon=True)
    thread.start()
    address = f"http://127.0.0.1:{service.server_port}"
    monkeypatch.setattr(osmnx.settings, "overpass_url", address)
    monkeypatch.setattr(osmnx.settings, "overpass_rate_limit", False)
    monkeypatch.setattr(osmnx.settings, "nominatim_url", address + "/")
    monkeypatch.setattr(osmnx.settings, "cache_folder", str(tmp_path / "cache"))
    yield address
    service.shutdown()
    service.server_close()
    thread.join()


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize(
    "where",
    ["Made-up district", (114.29, 30.49, 114.31, 30.51), shapely.box(114.29, 30.49, 114.31, 30.51)],
)
def test_downloaded_streets_follow_the_walking_rules(where):
    network = download_network(where)
    assert sorted(network.streets["highway"]) == ["footway", "residential"]
    assert "解放大道" in set(network.streets["name"])
    assert network.metres.sum() == pytest.approx(192 + 222, rel=0.01)


@pytest.mark.usefixtures("server")
def test_second_download_comes_from_the_cache():
    download_network((114.29, 30.49, 114.31, 30.51))
    asked = len(Server.asked)
    download_network((114.29, 30.49, 114.31, 30.51))
    assert len(Server.asked) == asked > 0


@pytest.mark.usefixtures("server")
def test_place_without_streets_is_one_clear_error():
    Server.empty = True
    with pytest.raises(NetworkError, match="could not be downloaded"):
        download_network((114.29, 30.49, 114.31, 30.51))


@pytest.mark.usefixtures("server")
def test_server_that_does_not_answer_is_one_clear_error(monkeypatch):
    monkeypatch.setattr(osmnx.settings, "overpass_url", "http://127.0.0.1:9")
    with pytest.raises(NetworkError, match=r"\.osm\.pbf"):
        download_network((114.29, 30.49, 114.31, 30.51))
