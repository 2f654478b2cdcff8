"""Small OpenStreetMap files made for a test: points, squares and multipolygons in metres."""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

import pyproj

if TYPE_CHECKING:
    from pathlib import Path

METRES = 32650
WEST, SOUTH = 240_000.0, 3_390_000.0  # in Wuhan
_DEGREES = pyproj.Transformer.from_crs(METRES, 4326, always_xy=True).transform


def lonlat(x: float, y: float) -> tuple[float, float]:
    """Metres from the corner of the town as degrees."""
    return _DEGREES(WEST + x, SOUTH + y)


class MadeOsm:
    """Objects with tags, numbered as they come, from 1."""

    def __init__(self) -> None:
        self.nodes: list[str] = []
        self.ways: list[str] = []
        self.relations: list[str] = []
        self.count = 0

    def point(self, x: float, y: float, **tags: str) -> str:
        return f"n{self._node(x, y, tags)}"

    def square(self, x: float, y: float, side: float, **tags: str) -> str:
        """Draw a closed way with its south-west corner at (x, y)."""
        return f"w{self._ring(x, y, side, tags)}"

    def line(self, points: list[tuple[float, float]], **tags: str) -> str:
        return f"w{self._way([self._node(x, y, {}) for x, y in points], tags)}"

    def with_hole(self, x: float, y: float, side: float, hole: float, **tags: str) -> str:
        """Draw a multipolygon relation: a square with a square hole in its middle."""
        gap = (side - hole) / 2
        outer = self._ring(x, y, side, {})
        inner = self._ring(x + gap, y + gap, hole, {})
        number = self._next()
        members = (
            f'<member type="way" ref="{outer}" role="outer"/>'
            f'<member type="way" ref="{inner}" role="inner"/>'
        )
        self.relations.append(
            f'<relation id="{number}" version="1">{members}'
            f"{_tags(tags | {'type': 'multipolygon'})}</relation>"
        )
        return f"r{number}"

    def cut_way(self, x: float, y: float, **tags: str) -> str:
        """Draw a closed way of which the file lacks all nodes but one."""
        here = self._node(x, y, {})
        return f"w{self._way([here, 999_001, 999_002, here], tags)}"

    def write(self, folder: Path, name: str = "town.osm") -> Path:
        path = folder / name
        body = "\n".join([*self.nodes, *self.ways, *self.relations])
        path.write_text(
            f'<?xml version="1.0" encoding="UTF-8"?>\n<osm version="0.6">\n{body}\n</osm>\n',
            encoding="utf-8",
        )
        return path

    def _next(self) -> int:
        self.count += 1
        return self.count

    def _node(self, x: float, y: float, tags: dict[str, str]) -> int:
        lon, lat = lonlat(x, y)
        number = self._next()
        self.nodes.append(
            f'<node id="{number}" version="1" lat="{lat:.7f}" lon="{lon:.7f}">{_tags(tags)}</node>'
        )
        return number

    def _way(self, nodes: list[int], tags: dict[str, str]) -> int:
        number = self._next()
        refs = "".join(f'<nd ref="{node}"/>' for node in nodes)
        self.ways.append(f'<way id="{number}" version="1">{refs}{_tags(tags)}</way>')
        return number

    def _ring(self, x: float, y: float, side: float, tags: dict[str, str]) -> int:
        corners = [(x, y), (x + side, y), (x + side, y + side), (x, y + side)]
        nodes = [self._node(*corner, {}) for corner in corners]
        return self._way([*nodes, nodes[0]], tags)


def _tags(tags: dict[str, str]) -> str:
    return "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in tags.items())
