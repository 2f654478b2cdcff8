"""OpenStreetMap files (.osm.pbf, .osm, .osm.gz, .osm.bz2) to street lines, with osmium."""

from __future__ import annotations

import warnings
from datetime import UTC, datetime
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pandas as pd

from servicecircle.errors import NetworkError, NetworkWarning
from servicecircle.networks.lines import StreetLines, cut_lines, keep_segments
from servicecircle.networks.profile import Profile
from servicecircle.networks.rules import GATE_TAGS, gate_is_closed, street_rules, tags_for
from servicecircle.networks.squares import SQUARES, Square, cross_squares

if TYPE_CHECKING:
    from pathlib import Path

    import osmium

NEVER_EDITED = datetime.fromtimestamp(0, UTC)  # what a file without timestamps gives
MOST_MISSING = 0.5  # share of way references without a node that is still read


def read_osm(path: Path, profile: Profile | None = None) -> tuple[StreetLines, dict[str, object]]:
    """Read the ways of an OpenStreetMap file that the profile's travellers may use.

    References to nodes that a clipped extract lacks break their way; its valid parts are
    kept and the share is reported.

    Returns
    -------
    lines, facts
        The lines, and what the file says of itself (``vintage``, counts).

    Raises
    ------
    NetworkError
        The file is damaged, holds no usable way, or lacks most of its nodes.
    """
    profile = profile or Profile()
    try:
        scan = _Scan(path, profile)
    except RuntimeError as error:
        raise NetworkError(
            f"{path.name!r} cannot be read as OpenStreetMap data ({error}). "
            "The file may be cut off or of another kind; download it again."
        ) from error
    if not scan.rows:
        raise NetworkError(f"{path.name!r} holds no way for the mode {profile.mode!r}.")
    table = pd.DataFrame(scan.rows, columns=list(tags_for(profile)), dtype=object)
    rules = street_rules(table, profile)
    lines = _to_lines(scan, rules, profile)
    here = np.isfinite(lines.lonlat[:, 0])
    missing = 1.0 - here.mean()
    if missing > MOST_MISSING:
        raise NetworkError(
            f"{path.name!r} lacks {missing:.0%} of the nodes its ways refer to: it is cut off or "
            "was extracted without complete ways. Download it again."
        )
    squares = _squares(scan, rules, profile, whole=_whole(lines, here))
    walkable = np.repeat(rules["walkable"].to_numpy(bool), np.diff(lines.offsets))
    if squares:
        lines = cross_squares(lines, squares)
        walkable = np.concatenate([walkable, np.ones(len(lines.vertex) - len(walkable), bool)])
        here = np.isfinite(lines.lonlat[:, 0])
    lines = keep_segments(lines, (here[:-1] & here[1:]) & walkable[:-1])
    if missing > 0:
        warnings.warn(
            f"{path.name!r} lacks {missing:.1%} of the nodes its ways refer to (a clipped "
            "extract); the valid parts of those ways are kept.",
            NetworkWarning,
            stacklevel=4,
        )
    if not len(lines.tags):
        raise NetworkError(f"{path.name!r} holds no way for the mode {profile.mode!r}.")
    if scan.closed:
        lines = cut_lines(lines, np.array(sorted(scan.closed), np.int64))
    facts: dict[str, object] = {
        "vintage": scan.vintage,
        "ways": len(table),
        "missing_nodes": float(missing),
    }
    return lines, facts | {"squares": len(squares), "closed_gates": len(scan.closed)}


class _Outline(NamedTuple):
    """A multipolygon square: its tags and the ways of its rings."""

    row: tuple[str | None, ...]
    ways: tuple[int, ...]


class _Scan:
    """What one pass over a file finds: nodes and tags of its ways, gates, signals, heights."""

    def __init__(self, path: Path, profile: Profile) -> None:
        import osmium

        self.profile = profile
        self.keys = tags_for(profile)
        self.refs: list[int] = []
        self.x: list[int] = []
        self.y: list[int] = []
        self.ends = [0]
        self.rows: list[tuple[str | None, ...]] = []
        self.ways: dict[int, int] = {}
        self.closed: set[int] = set()
        self.signals: list[int] = []
        self.heights: dict[int, float] = {}
        self.outlines: list[_Outline] = []
        self.newest = NEVER_EDITED
        kinds = osmium.osm.WAY | osmium.osm.RELATION
        node_keys = ["barrier"]
        node_keys += ["highway", "crossing"] if profile.signals > 0 else []
        node_keys += ["ele"] if profile.elevation == "ele" else []
        file = osmium.FileProcessor(str(path), osmium.osm.NODE | kinds).with_locations()
        streets = osmium.filter.KeyFilter("highway")
        streets.enable_for(kinds)
        points = osmium.filter.KeyFilter(*node_keys)
        points.enable_for(osmium.osm.NODE)
        file = file.with_filter(streets).with_filter(points)
        way, node, relation = osmium.osm.Way, osmium.osm.Node, osmium.osm.Relation
        for item in file:
            if isinstance(item, way):
                self._way(item)
            elif isinstance(item, node):
                self._node(item)
            elif isinstance(item, relation) and self._is_square(item):
                self._outline(item)
        self._read_rings(path)
        self.undefined = osmium.osm.Location().x
        replicated = file.header.get("osmosis_replication_timestamp")[:10]
        newest = self.newest.isoformat()[:10] if self.newest > NEVER_EDITED else None
        self.vintage: str | None = replicated or newest

    def _way(self, way: osmium.osm.Way, row: tuple[str | None, ...] | None = None) -> None:
        nodes = way.nodes
        if len(nodes) < 2:  # noqa: PLR2004 – no line
            return
        refs, x, y = self.refs, self.x, self.y
        for node in nodes:
            refs.append(node.ref)
            x.append(node.x)
            y.append(node.y)
        self.ends.append(len(refs))
        if row is None:
            get = way.tags.get
            row = tuple([get(key) for key in self.keys])
            self.newest = max(self.newest, way.timestamp)
        self.ways[way.id] = len(self.rows)
        self.rows.append(row)

    def _node(self, node: osmium.osm.Node) -> None:
        tags = node.tags
        if "barrier" in tags:
            told = {key: value for key in GATE_TAGS if (value := tags.get(key)) is not None}
            if gate_is_closed(told, self.profile):
                self.closed.add(node.id)
        if "traffic_signals" in (tags.get("highway"), tags.get("crossing")):
            self.signals.append(node.id)
        height = _metres(tags.get("ele"))
        if height is not None:
            self.heights[node.id] = height

    def _is_square(self, relation: osmium.osm.Relation) -> bool:
        tags = relation.tags
        kind = tags.get("type") == "multipolygon" and tags.get("highway") in SQUARES
        return kind and self.profile.squares and self.profile.mode == "walk"

    def _outline(self, relation: osmium.osm.Relation) -> None:
        get = relation.tags.get
        ways = tuple(m.ref for m in relation.members if m.type == "w")
        self.outlines.append(_Outline(tuple([get(key) for key in self.keys]), ways))

    def _read_rings(self, path: Path) -> None:
        """Read the rings of multipolygons that are no streets themselves: a second pass."""
        import osmium

        rows = {way: o.row for o in self.outlines for way in o.ways if way not in self.ways}
        if not rows:
            return
        file = osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY).with_locations()
        for way in file.with_filter(osmium.filter.IdFilter(list(rows))):
            if isinstance(way, osmium.osm.Way):
                self._way(way, rows[way.id])


def _metres(text: str | None) -> float | None:
    """Read a height such as "43.5" or "43.5 m"."""
    try:
        return None if text is None else float(text.removesuffix("m"))
    except ValueError:
        return None


def _to_lines(scan: _Scan, rules: pd.DataFrame, profile: Profile) -> StreetLines:
    places = np.array([scan.x, scan.y], dtype=float).T.reshape(-1, 2)
    places[places[:, 0] == scan.undefined] = np.nan  # nodes the file lacks
    refs = np.array(scan.refs, np.int64)
    height, wait = np.full(len(refs), np.nan), np.zeros(len(refs))
    if scan.heights:
        height = pd.Series(scan.heights).reindex(refs).to_numpy(float)
    if scan.signals:
        wait[np.isin(refs, scan.signals)] = profile.waiting_metres
    tags = rules.drop(columns="walkable")
    offsets = np.array(scan.ends, np.int64)
    return StreetLines(places * 1e-7, refs, offsets, tags, np.full(len(tags), np.nan), height, wait)


def _whole(lines: StreetLines, here: np.ndarray) -> np.ndarray:
    """Tell which lines lack no node."""
    whole: np.ndarray = np.logical_and.reduceat(here, lines.offsets[:-1])
    return whole


def _squares(
    scan: _Scan, rules: pd.DataFrame, profile: Profile, *, whole: np.ndarray
) -> list[Square]:
    """Find the closed ways and multipolygons that may be walked across."""
    if not profile.squares or profile.mode != "walk":
        return []
    refs, ends = scan.refs, scan.ends
    area = scan.keys.index("area")
    usable = rules["walkable"].to_numpy(bool) & whole
    rings = {scan.ways[way] for o in scan.outlines for way in o.ways if way in scan.ways}
    found = [
        Square((i,), i)
        for i in np.flatnonzero(usable & rules["highway"].isin(SQUARES)).tolist()
        if i not in rings and scan.rows[i][area] == "yes" and refs[ends[i]] == refs[ends[i + 1] - 1]
    ]
    for outline in scan.outlines:
        lines = tuple(scan.ways[way] for way in outline.ways if way in scan.ways)
        if lines and len(lines) == len(outline.ways) and usable[list(lines)].all():
            found.append(Square(lines, lines[0]))
    return found
