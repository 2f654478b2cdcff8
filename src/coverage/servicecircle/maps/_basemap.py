"""Optional tiles under the map. They start switched off; only then is a host asked."""

from __future__ import annotations

from typing import Any, Literal, get_args

import numpy as np

from servicecircle.coordinates import from_wgs84
from servicecircle.errors import InputError

Basemap = Literal["none", "openstreetmap", "tianditu", "gaode"]

_TIANDITU = (
    "https://t{{s}}.tianditu.gov.cn/{layer}_w/wmts?SERVICE=WMTS&REQUEST=GetTile&VERSION=1.0.0"
    "&LAYER={layer}&STYLE=default&TILEMATRIXSET=w&FORMAT=tiles"
    "&TILEMATRIX={{z}}&TILEROW={{y}}&TILECOL={{x}}&tk={{key}}"
)
_GAODE = (
    "https://webrd0{s}.is.autonavi.com/appmaptile?lang=zh_cn&size=1&scale=1&style=8"
    "&x={x}&y={y}&z={z}"
)
_TILES: dict[str, dict[str, Any]] = {
    "openstreetmap": {
        "urls": ["https://tile.openstreetmap.org/{z}/{x}/{y}.png"],
        "hosts": "https://tile.openstreetmap.org",
        "servers": "",
        "credit": "© OpenStreetMap contributors",
    },
    "tianditu": {
        "urls": [_TIANDITU.format(layer=layer) for layer in ("vec", "cva")],
        "hosts": "https://*.tianditu.gov.cn",
        "servers": "01234567",
        "credit": "天地图 Tianditu",
        "needsKey": True,
    },
    "gaode": {
        "urls": [_GAODE],
        "hosts": "https://*.is.autonavi.com",
        "servers": "1234",
        "credit": "高德地图 © AutoNavi",
    },
}
STEPS = 9  # a bilinear grid this fine is true to GCJ-02 within decimetres over a city


def check_basemap(name: str) -> None:
    """Refuse a basemap we do not know."""
    if name not in get_args(Basemap):
        raise InputError(f"`basemap` must be one of {list(get_args(Basemap))}, not {name!r}.")


def tiles_of(name: str, bounds: list[list[float]]) -> dict[str, Any] | None:
    """Return what the page needs to know of the tiles.

    Gaode's tiles lie in GCJ-02: the page gets the shift at a grid of places, moves every
    tile by it, and so all that is drawn, clicked and copied stays in WGS84.
    """
    if name == "none":
        return None
    tiles = dict(_TILES[name])
    if name == "gaode":
        tiles["shift"] = _shift(bounds)
    return tiles


def hosts_of(tiles: dict[str, Any] | None) -> str:
    """Return the hosts that the page's policy must allow pictures from."""
    return "" if tiles is None else f" {tiles['hosts']}"


def _shift(bounds: list[list[float]]) -> dict[str, Any]:
    (south, west), (north, east) = bounds
    pad_lat, pad_lon = (north - south) / 4 + 0.01, (east - west) / 4 + 0.01
    latitudes = np.linspace(south - pad_lat, north + pad_lat, STEPS)
    longitudes = np.linspace(west - pad_lon, east + pad_lon, STEPS)
    lon, lat = (part.ravel() for part in np.meshgrid(longitudes, latitudes))
    gcj_lon, gcj_lat = (np.asarray(part) for part in from_wgs84((lon, lat), "gcj02"))
    return {
        "south": round(float(latitudes[0]), 6),
        "north": round(float(latitudes[-1]), 6),
        "west": round(float(longitudes[0]), 6),
        "east": round(float(longitudes[-1]), 6),
        "steps": STEPS,
        "lat": np.rint((gcj_lat - lat) * 1e6).astype(int).tolist(),
        "lon": np.rint((gcj_lon - lon) * 1e6).astype(int).tolist(),
    }
