"""OpenStreetMap files (.osm.pbf, .osm, .osm.gz, .osm.bz2) to street lines, with osmium."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from servicecircle.errors import NetworkError, NetworkWarning
from servicecircle.networks.lines import StreetLines, keep_segments
from servicecircle.networks.rules import TAGS, walking_rules

if TYPE_CHECKING:
    from collections.abc import Iterable
    from pathlib import Path

MOST_MISSING = 0.5  # share of way references without a node that is still read


def read_osm(path: Path) -> tuple[StreetLines, dict[str, object]]:
    """Read the walkable ways of an OpenStreetMap file.

    References to nodes that a clipped extract lacks break their way; its valid parts are
    kept and the share is reported.

    Returns
    -------
    lines, facts
        The lines, and what the file says of itself (``vintage``, counts).

    Raises
    ------
    NetworkError
        The file is damaged, holds no walkable way, or lacks most of its nodes.
    """
    try:
        refs, places, offsets, table, newest = _scan(path)
    except RuntimeError as error:
        raise NetworkError(
            f"{path.name!r} cannot be read as OpenStreetMap data ({error}). "
            "The file may be cut off or of another kind; download it again."
        ) from error
    if len(offsets) == 1:
        raise NetworkError(f"{path.name!r} holds no way that may be walked.")
    rules = walking_rules(table)
    tags = rules.drop(columns="walkable")
    lines = StreetLines(places, refs, offsets, tags, np.full(len(tags), np.nan))
    here = np.isfinite(places[:, 0])
    missing = 1.0 - here.mean()
    if missing > MOST_MISSING:
        raise NetworkError(
            f"{path.name!r} lacks {missing:.0%} of the nodes its ways refer to: it is cut off or "
            "was extracted without complete ways. Download it again."
        )
    walkable = np.repeat(rules["walkable"].to_numpy(), np.diff(offsets))
    lines = keep_segments(lines, (here[:-1] & here[1:]) & walkable[:-1])
    if missing > 0:
        warnings.warn(
            f"{path.name!r} lacks {missing:.1%} of the nodes its ways refer to (a clipped "
            "extract); the valid parts of those ways are kept.",
            NetworkWarning,
            stacklevel=4,
        )
    if not len(lines.tags):
        raise NetworkError(f"{path.name!r} holds no way that may be walked.")
    return lines, {"vintage": newest, "ways": len(table), "missing_nodes": float(missing)}


def _scan(path: Path) -> tuple[np.ndarray, np.ndarray, np.ndarray, pd.DataFrame, str | None]:
    """Collect node ids, places and tags of all ways that carry ``highway``."""
    import osmium

    refs: list[int] = []
    x: list[int] = []
    y: list[int] = []
    ends = [0]
    rows: list[tuple[str | None, ...]] = []
    newest = ""
    file = osmium.FileProcessor(str(path), osmium.osm.NODE | osmium.osm.WAY)
    ways = (
        file.with_locations()
        .with_filter(osmium.filter.EntityFilter(osmium.osm.WAY))
        .with_filter(osmium.filter.KeyFilter("highway"))
    )
    for way in cast("Iterable[osmium.osm.Way]", ways):  # the filters let only ways through
        nodes = way.nodes
        if len(nodes) > 1:
            for node in nodes:
                refs.append(node.ref)
                x.append(node.x)
                y.append(node.y)
            ends.append(len(refs))
            get = way.tags.get
            rows.append(tuple([get(key) for key in TAGS]))
            newest = max(newest, way.timestamp.isoformat()[:10])
    places = np.array([x, y], dtype=float).T.reshape(-1, 2)
    places[places[:, 0] == osmium.osm.Location().x] = np.nan  # nodes the file lacks
    table = pd.DataFrame(rows, columns=list(TAGS), dtype=object)
    replicated = file.header.get("osmosis_replication_timestamp")[:10]
    vintage = replicated or (newest if newest > "1970-01-01" else None)
    return np.array(refs, np.int64), places * 1e-7, np.array(ends, np.int64), table, vintage
