"""Cities drawn as text: letters are junctions, ``-`` and ``|`` are streets.

Each column of the drawing is ``step`` metres and each row twice that, since letters are
taller than wide: ``A---B`` and ``A``, ``|``, ``B`` below each other are both 200 m. At
``+`` one street passes over another and they do not meet. The drawing becomes
OpenStreetMap XML, so that a scenario runs through the whole pipeline.
"""

from __future__ import annotations

from typing import TYPE_CHECKING
from xml.sax.saxutils import quoteattr

import geopandas as gpd
import pyproj
import shapely

if TYPE_CHECKING:
    from pathlib import Path

    from servicecircle.networks import WalkNetwork

STEP = 50.0
CRS = pyproj.CRS.from_epsg(32650)
EAST, NORTH = 500_000.0, 3_300_000.0  # on the central meridian, where scale is 0.9996
TO_DEGREES = pyproj.Transformer.from_crs(CRS, 4326, always_xy=True)


class City:
    """A drawn city: places of its letters and the ways between them.

    ``tags``: of the junction "A" or of the way "AB" (named from west to east and from
    north to south). ``areas``: "ABCD" is an area with these corners, "ABCD/PQRS" one with
    a hole.
    """

    def __init__(
        self,
        drawing: str,
        tags: dict[str, dict[str, str]] | None = None,
        areas: dict[str, dict[str, str]] | None = None,
        step: float = STEP,
    ) -> None:
        self.step, self.areas = step, areas or {}
        rows = drawing.strip("\n").splitlines()
        self.grid = rows
        self.letters = {
            mark: (x, y)
            for y, row in enumerate(rows)
            for x, mark in enumerate(row)
            if mark.isalnum()
        }
        self.tags = tags or {}
        self.ways = [*self._ways(1, 0, "-=+"), *self._ways(0, 1, "|:+")]

    def _mark(self, x: int, y: int) -> str:
        inside = 0 <= y < len(self.grid) and 0 <= x < len(self.grid[y])
        return self.grid[y][x] if inside else " "

    def _ways(self, dx: int, dy: int, line: str) -> list[tuple[str, str]]:
        """Streets that lead east or south from every letter."""
        found = []
        for letter, (x, y) in self.letters.items():
            i, j = x + dx, y + dy
            while self._mark(i, j) in line:
                i, j = i + dx, j + dy
            if (i, j) != (x + dx, y + dy) and self._mark(i, j).isalnum():
                found.append((letter, self._mark(i, j)))
        return found

    def place(self, letter: str, east: float = 0.0, north: float = 0.0) -> shapely.Point:
        """Point of a letter in degrees, moved by some metres."""
        x, y = self.letters[letter]
        at = EAST + x * self.step + east, NORTH - 2 * y * self.step + north
        return shapely.Point(TO_DEGREES.transform(*at))

    def places(self, letters: str, **moved: tuple[float, float]) -> gpd.GeoDataFrame:
        """Table of places, one worker each; ``A=(0, 30)`` moves a place 30 m north."""
        points = [self.place(letter, *moved.get(letter, (0.0, 0.0))) for letter in letters]
        return gpd.GeoDataFrame({"workers": 1.0}, index=list(letters), geometry=points, crs=4326)

    def osm(self) -> str:
        """OpenStreetMap XML; ``tags["AB"]`` are the tags of the way from A to B."""
        ids = {letter: i + 1 for i, letter in enumerate(self.letters)}
        lines = ['<?xml version="1.0" encoding="UTF-8"?>', '<osm version="0.6">']
        for letter, number in ids.items():
            point = self.place(letter)
            tags = _tags(self.tags.get(letter, {}))
            at = f'lat="{point.y:.9f}" lon="{point.x:.9f}"'
            lines.append(f'<node id="{number}" version="1" {at}>{tags}</node>')
        way = '<way id="{}" version="1">{}{}</way>'
        relations = []
        for a, b in self.ways:
            tags = {"highway": "residential"} | self.tags.get(a + b, {})
            refs = f'<nd ref="{ids[a]}"/><nd ref="{ids[b]}"/>'
            lines.append(way.format(len(lines), refs, _tags(tags)))
        for corners, tags in self.areas.items():
            outer, *holes = rings = corners.split("/")
            members = []
            for ring in rings:
                refs = "".join(f'<nd ref="{ids[letter]}"/>' for letter in ring + ring[0])
                role = "outer" if ring == outer else "inner"
                members.append(f'<member type="way" ref="{len(lines)}" role="{role}"/>')
                lines.append(way.format(len(lines), refs, "" if holes else _tags(tags)))
            if holes:
                body = "".join(members) + _tags(tags | {"type": "multipolygon"})
                relations.append(f'<relation id="1" version="1">{body}</relation>')
        return "\n".join([*lines, *relations, "</osm>"])

    def network(self, folder: Path, **options: object) -> WalkNetwork:
        """Write the city to a file and read it as a network."""
        from servicecircle.networks import read_network

        path = folder / "city.osm"
        path.write_text(self.osm(), encoding="utf-8")
        return read_network(path, **options)


def _tags(tags: dict[str, str]) -> str:
    return "".join(f"<tag k={quoteattr(k)} v={quoteattr(v)}/>" for k, v in tags.items())
