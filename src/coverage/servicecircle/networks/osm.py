"""OpenStreetMap files (.osm.pbf, .osm, .osm.gz, .osm.bz2) to street lines."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from servicecircle._files import check_packed
from servicecircle._said import say
from servicecircle.errors import NetworkError, NetworkWarning
from servicecircle.networks.lines import StreetLines, cut_lines, keep_segments
from servicecircle.networks.profile import Profile
from servicecircle.networks.rules import street_rules
from servicecircle.networks.scan import Scan
from servicecircle.networks.squares import SQUARES, Square, cross_squares

if TYPE_CHECKING:
    from pathlib import Path

PACKED = (".gz", ".bz2")
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
    scan = _scan(path, profile)
    # the rules see every combination of tags once
    rules = street_rules(scan.tags, profile).iloc[scan.rows].reset_index(drop=True)
    rules["name"] = np.array(scan.names, dtype=object)
    lines = _to_lines(scan, rules, profile)
    here = np.isfinite(lines.lonlat[:, 0])
    missing = 1.0 - float(here.mean())
    _check_missing(path, missing)
    squares = _squares(scan, rules, profile, whole=_whole(lines, here))
    walkable = np.repeat(rules["walkable"].to_numpy(bool), np.diff(lines.offsets))
    if squares:
        lines = cross_squares(lines, squares)
        walkable = np.concatenate([walkable, np.ones(len(lines.vertex) - len(walkable), bool)])
        here = np.isfinite(lines.lonlat[:, 0])
    lines = keep_segments(lines, (here[:-1] & here[1:]) & walkable[:-1])
    if not len(lines.tags):
        raise NetworkError(f"{path.name!r} holds no way for the mode {profile.mode!r}.")
    if scan.closed:
        lines = cut_lines(lines, np.array(sorted(scan.closed), np.int64))
    facts: dict[str, object] = {
        "vintage": scan.vintage,
        "ways": len(scan.ids),
        "missing_nodes": missing,
    }
    return lines, facts | {"squares": len(squares), "closed_gates": len(scan.closed)}


def _scan(path: Path, profile: Profile) -> Scan:
    try:
        if path.suffix in PACKED:
            check_packed(path)
        scan = Scan(path, profile)
    except RuntimeError as error:
        raise NetworkError(
            f"{path.name!r} cannot be read as OpenStreetMap data ({error}). "
            "The file may be cut off or of another kind; download it again."
        ) from error
    if not scan.ids:
        raise NetworkError(f"{path.name!r} holds no way for the mode {profile.mode!r}.")
    return scan


def _check_missing(path: Path, missing: float) -> None:
    if missing > MOST_MISSING:
        raise NetworkError(
            f"{path.name!r} lacks {missing:.0%} of the nodes its ways refer to: it is cut off or "
            "was extracted without complete ways. Download it again."
        )
    if missing > 0:
        said = say(
            "{file!r} lacks {missing:.1%} of the nodes its ways refer to (a clipped extract); the "
            "valid parts of those ways are kept.",
            "{file!r} 缺少其道路所引用节点的 {missing:.1%}（数据经过裁剪）；"
            "这些道路的有效部分保留。",
            file=path.name,
            missing=missing,
        )
        warnings.warn(said, NetworkWarning, stacklevel=5)


def _to_lines(scan: Scan, rules: pd.DataFrame, profile: Profile) -> StreetLines:
    height, wait = np.full(len(scan.refs), np.nan), np.zeros(len(scan.refs))
    if scan.heights:
        height = pd.Series(scan.heights).reindex(scan.refs).to_numpy(float)
    if scan.signals:
        wait[np.isin(scan.refs, scan.signals)] = profile.waiting_metres
    tags = rules.drop(columns="walkable")
    length = np.full(len(tags), np.nan)
    return StreetLines(scan.lonlat, scan.refs, scan.offsets, tags, length, height, wait)


def _whole(lines: StreetLines, here: np.ndarray) -> np.ndarray:
    """Tell which lines lack no node."""
    whole: np.ndarray = np.logical_and.reduceat(here, lines.offsets[:-1])
    return whole


def _squares(
    scan: Scan, rules: pd.DataFrame, profile: Profile, *, whole: np.ndarray
) -> list[Square]:
    """Find the closed ways and multipolygons that may be walked across."""
    if not profile.squares or profile.mode != "walk":
        return []
    usable = rules["walkable"].to_numpy(bool) & whole
    position = dict(zip(scan.ids, range(len(scan.ids)), strict=True)) if scan.outlines else {}
    rings = [
        tuple(position[way] for way in outline.ways if way in position) for outline in scan.outlines
    ]
    area = scan.tags["area"].eq("yes").to_numpy()[scan.rows] & rules["highway"].isin(SQUARES)
    closed = scan.refs[scan.offsets[:-1]] == scan.refs[scan.offsets[1:] - 1]
    part = np.zeros(len(usable), bool)
    part[[line for ring in rings for line in ring]] = True
    found = [Square((i,), i) for i in np.flatnonzero(usable & area & closed & ~part).tolist()]
    for outline, ring in zip(scan.outlines, rings, strict=True):
        if ring and len(ring) == len(outline.ways) and usable[list(ring)].all():
            found.append(Square(ring, ring[0]))
    return found
