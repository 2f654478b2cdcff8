"""What an OpenStreetMap file says of its streets, read with osmium.

osmium filters the file and writes what is left as text, one object a line ("object per
line", OPL), all of it compiled: reading that text takes a fraction of the time that one
Python object per node takes.
"""

from __future__ import annotations

import re
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import osmium
import pandas as pd
import pyarrow as pa
from pyarrow import csv

from servicecircle.networks.rules import GATE_TAGS, gate_is_closed, tags_for
from servicecircle.networks.squares import SQUARES

if TYPE_CHECKING:
    from collections.abc import Iterator

    from servicecircle.networks.profile import Profile

TEXT = "opl,add_metadata=timestamp,locations_on_ways=true"
ID, STAMP, TAGS, LIST = 0, 2, 3, 4  # fields of a line; LIST: nodes of a way, members
ESCAPED = re.compile("%([0-9a-f]+)%")
NODE = {"ref": pa.int64(), "x": pa.float64(), "y": pa.float64()}
TO_ROWS = bytes.maketrans(b",xy", b"\n,,")  # n1x114y30,n2x… becomes rows 1,114,30
MOST_TEXT = 2**22  # bytes of nodes that are kept as text


class Outline(NamedTuple):
    """A multipolygon square: its row of tags, its name and the ways of its rings."""

    row: int
    name: str
    ways: tuple[int, ...]


class Scan:
    """What is found: nodes and tags of the ways, gates, signals, heights.

    ``refs`` (k,) int64 and ``lonlat`` (k, 2) float64 degrees, NaN where the file lacks the
    node: the nodes of all ways, way after way, ``offsets`` (w+1,) int64; ``ids``, ``names``
    ("" where none) and ``rows`` of every way, the latter into ``tags``: the different
    combinations of the tags that the rules look at.
    """

    def __init__(self, path: Path, profile: Profile) -> None:
        self.profile = profile
        self.keys = tuple(key for key in tags_for(profile) if key != "name")
        self.ids: list[int] = []
        self.rows: list[int] = []
        self.names: list[str] = []
        self.closed: set[int] = set()
        self.signals: list[int] = []
        self.heights: dict[int, float] = {}
        self.outlines: list[Outline] = []
        self._known: dict[tuple[str | None, ...], int] = {}
        self._nodes = _Nodes()
        self._newest = ""
        self._read_streets(path)
        self._read_rings(path)
        table = [[_plain(value) for value in row] for row in self._known]
        self.tags = pd.DataFrame(table, columns=list(self.keys), dtype=object)
        self.refs, self.lonlat, self.offsets = self._nodes.arrays()
        self.vintage: str | None = _replicated(path) or self._newest[:10] or None

    def _read_streets(self, path: Path) -> None:
        shapes = osmium.osm.WAY | osmium.osm.RELATION
        streets = osmium.filter.KeyFilter("highway")
        streets.enable_for(shapes)
        keys = ["barrier"]
        keys += ["highway", "crossing"] if self.profile.signals > 0 else []
        keys += ["ele"] if self.profile.elevation == "ele" else []
        points = osmium.filter.KeyFilter(*keys)
        points.enable_for(osmium.osm.NODE)
        known: dict[bytes, tuple[int, str]] = {}  # many ways have the same tags
        for fields in _objects(path, osmium.osm.NODE | shapes, streets, points):
            kind, tags = fields[ID][:1], fields[TAGS]
            if kind == b"w":
                if tags not in known:
                    known[tags] = self._number(_tags(tags))
                self._way(fields, *known[tags])
                self._newest = max(self._newest, fields[STAMP][1:].decode())
            elif kind == b"n":
                self._node(fields)
            else:
                self._relation(fields)

    def _read_rings(self, path: Path) -> None:
        """Read the rings of multipolygons that are no streets themselves: a second pass."""
        streets = set(self.ids)
        rings = {way: o for o in self.outlines for way in o.ways if way not in streets}
        if not rings:
            return
        wanted = osmium.filter.IdFilter(list(rings))
        for fields in _objects(path, osmium.osm.NODE | osmium.osm.WAY, wanted):
            if fields[ID].startswith(b"w"):
                outline = rings[int(fields[ID][1:])]
                self._way(fields, outline.row, outline.name)

    def _way(self, fields: list[bytes], row: int, name: str) -> None:
        if self._nodes.add(fields[LIST]):
            self.ids.append(int(fields[ID][1:]))
            self.rows.append(row)
            self.names.append(name)

    def _number(self, tags: dict[str, str]) -> tuple[int, str]:
        """Return the number of the combination of tags, and the name."""
        row = tuple([tags.get(key) for key in self.keys])
        return self._known.setdefault(row, len(self._known)), _plain(tags.get("name")) or ""

    def _node(self, fields: list[bytes]) -> None:
        node, tags = int(fields[ID][1:]), _tags(fields[TAGS])
        if "barrier" in tags:
            told = {key: tags[key] for key in GATE_TAGS if key in tags}
            if gate_is_closed(told, self.profile):
                self.closed.add(node)
        if "traffic_signals" in (tags.get("highway"), tags.get("crossing")):
            self.signals.append(node)
        height = _metres(tags.get("ele"))
        if height is not None:
            self.heights[node] = height

    def _relation(self, fields: list[bytes]) -> None:
        tags = _tags(fields[TAGS])
        square = tags.get("type") == "multipolygon" and tags.get("highway") in SQUARES
        if square and self.profile.squares and self.profile.mode == "walk":
            members = fields[LIST][1:].decode().split(",")
            ways = tuple(int(m[1:].partition("@")[0]) for m in members if m.startswith("w"))
            self.outlines.append(Outline(*self._number(tags), ways))


class _Nodes:
    """The nodes of all ways, as text that becomes arrays now and then."""

    def __init__(self) -> None:
        self.counts: list[int] = []
        self.parts: list[tuple[np.ndarray, np.ndarray]] = []
        self.text: list[bytes] = []
        self.size = 0

    def add(self, field: bytes) -> bool:
        """Add a way unless it has fewer than two nodes."""
        count = field.count(b"x")
        if count < 2:  # noqa: PLR2004 – no line
            return False
        self.counts.append(count)
        self.text.append(field)
        self.size += len(field)
        if self.size > MOST_TEXT:
            self._parse()
        return True

    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return ``refs``, ``lonlat`` and ``offsets``."""
        self._parse()
        refs, places = (np.concatenate(column) for column in zip(*self.parts, strict=True))
        return refs, places * 1e-7, np.concatenate([[0], np.cumsum(self.counts)])

    def _parse(self) -> None:
        rows = b",".join(self.text).translate(TO_ROWS, b"Nn\n")
        self.text, self.size = [], 0
        if not rows:
            self.parts.append((np.empty(0, np.int64), np.empty((0, 2))))
            return
        table = csv.read_csv(
            pa.BufferReader(rows),
            read_options=csv.ReadOptions(column_names=list(NODE)),
            convert_options=csv.ConvertOptions(column_types=NODE),
        )
        lonlat = np.stack([table["x"].to_numpy(), table["y"].to_numpy()], axis=1)
        self.parts.append((table["ref"].to_numpy(), np.rint(lonlat * 1e7)))


def _objects(
    path: Path, kinds: osmium.osm.osm_entity_bits, *filters: object
) -> Iterator[list[bytes]]:
    """List what passes the filters, in the order of the file: the fields of each line."""
    places = osmium.NodeLocationsForWays(osmium.index.create_map("flex_mem"))
    places.ignore_errors()
    with tempfile.TemporaryDirectory(prefix="servicecircle-") as folder:
        file = Path(folder) / "streets.opl"
        with (
            osmium.io.Reader(str(path), kinds) as reader,
            osmium.SimpleWriter(osmium.io.File(str(file), TEXT)) as writer,
        ):
            osmium.apply(reader, places, *filters, writer)
        with file.open("rb") as lines:
            for line in lines:
                yield line.split(b" ")


def _replicated(path: Path) -> str:
    """Return the day up to which the file follows OpenStreetMap, "" where it says none."""
    with osmium.io.Reader(str(path), osmium.osm.NOTHING) as reader:
        return reader.header().get("osmosis_replication_timestamp")[:10]


def _tags(field: bytes) -> dict[str, str]:
    """Read the tags of an object; their values may still be escaped."""
    return dict([pair.split("=") for pair in field[1:].decode().split(",")])


def _plain(text: str | None) -> str | None:
    """Undo the escapes of a text: ``%20%`` is a blank."""
    if text is None or "%" not in text:
        return text
    return ESCAPED.sub(lambda found: chr(int(found[1], 16)), text)


def _metres(text: str | None) -> float | None:
    """Read a height such as "43.5" or "43.5 m"."""
    try:
        return None if text is None else float(text.removesuffix("m").removesuffix("%20%"))
    except ValueError:
        return None
