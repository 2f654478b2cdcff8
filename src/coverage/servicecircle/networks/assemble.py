"""Street lines to a network: split at junctions, merge chains, sort, number."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import pyproj
from scipy import sparse

from servicecircle._kernel.search import FAR
from servicecircle.errors import NetworkError
from servicecircle.networks.lines import StreetLines, segment_efforts, segment_lengths

if TYPE_CHECKING:
    import pandas as pd

DECIMETRES = 10.0


class Pieces(NamedTuple):
    """Stretches of line between two junctions.

    ``first``, ``last``: index of their first and last vertex; ``line``: their line;
    ``ends`` (p, 2): numbers of the places at both ends; ``metres``: length; ``effort``
    (p, 2): effective length along and against.
    """

    first: np.ndarray
    last: np.ndarray
    line: np.ndarray
    ends: np.ndarray
    metres: np.ndarray
    effort: np.ndarray


class Streets(NamedTuple):
    """Streets between junctions.

    ``node_lonlat`` (n, 2); ``ends`` (m, 2) int32; ``lonlat`` (k, 2) vertices, ``offsets``
    (m+1,); ``metres`` (m,); ``effort`` (m, 2): effective length along and against;
    ``tags``: one row per street.
    """

    node_lonlat: np.ndarray
    ends: np.ndarray
    lonlat: np.ndarray
    offsets: np.ndarray
    metres: np.ndarray
    effort: np.ndarray
    tags: pd.DataFrame


def join_streets(lines: StreetLines) -> Streets:
    """Split lines where they share a vertex and merge chains that have no junction.

    Lines of different ``highway``, ``name`` or ``access`` are not merged, nor lines that
    are walked one way only. Geometry and length are kept.
    """
    _check_degrees(lines.lonlat)
    pieces = _split(lines)
    codes = _tag_codes(lines.tags)
    if np.isfinite(lines.height).any():
        codes[:] = -1  # slopes change from piece to piece
    order, reverse, chain_start = _chains(pieces, codes)
    at, offsets = _vertices(pieces, order, reverse, chain_start)
    metres = np.add.reduceat(pieces.metres[order], chain_start[:-1])
    turned_effort = np.where(reverse[:, None], pieces.effort[order][:, ::-1], pieces.effort[order])
    effort = np.add.reduceat(turned_effort, chain_start[:-1], axis=0)
    ends = np.where(reverse[:, None], pieces.ends[order][:, ::-1], pieces.ends[order])
    ends = np.stack([ends[chain_start[:-1], 0], ends[chain_start[1:] - 1, 1]], axis=1)
    tags = lines.tags.iloc[pieces.line[order[chain_start[:-1]]]].reset_index(drop=True)
    streets = Streets(np.empty((0, 2)), ends, lines.lonlat[at], offsets, metres, effort, tags)
    return _sort(streets)


def _split(lines: StreetLines) -> Pieces:
    """Cut the lines at every vertex that occurs more than once."""
    _, place = np.unique(lines.vertex, return_inverse=True)
    is_end = np.bincount(place)[place] > 1
    is_first = np.zeros(len(place), bool)
    is_first[lines.offsets[:-1]] = True
    is_end[lines.offsets[:-1]] = True
    is_end[lines.offsets[1:] - 1] = True
    cuts = np.flatnonzero(is_end)
    inside = ~is_first[cuts[1:]]
    first, last = cuts[:-1][inside], cuts[1:][inside]
    line_of = np.repeat(np.arange(len(lines.tags)), np.diff(lines.offsets))
    lengths = segment_lengths(lines)
    metres = np.add.reduceat(lengths, first)
    effort = np.add.reduceat(segment_efforts(lines, lengths), first, axis=0)
    wrong = np.flatnonzero(~np.isfinite(metres) | (metres < 0))
    if wrong.size:
        raise NetworkError(f"{wrong.size} streets have a length that is no number or negative.")
    ends = np.stack([place[first], place[last]], axis=1)
    return Pieces(first, last, line_of[first], ends, metres, effort)


def _tag_codes(tags: pd.DataFrame) -> np.ndarray:
    """Code the tags: lines with equal codes may merge; -1 never merges."""
    codes = tags.groupby(["highway", "name", "access"], sort=False).ngroup().to_numpy().copy()
    codes[~(tags["along"] & tags["against"]).to_numpy()] = -1
    return codes


def _chains(pieces: Pieces, codes: np.ndarray) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Chain pieces over places where exactly two alike pieces meet.

    Returns the pieces chain after chain, whether each is turned round, and where the
    chains begin (c+1,). Chains are ordered by their smallest piece, which is not turned.
    """
    link = _links(pieces, codes)
    alone = (link.reshape(-1, 2) < 0).all(axis=1)
    slots, starts = _walk_chains(link.tolist(), np.flatnonzero(~alone).tolist())
    single = np.flatnonzero(alone)
    slot, start = np.append(slots, 2 * single), np.append(starts, single)
    order = np.argsort(start, kind="stable")
    slot, start = slot[order], start[order]
    begins = np.flatnonzero(np.diff(start, prepend=-1, append=-1))
    return slot // 2, slot % 2 == 1, begins


def _links(pieces: Pieces, codes: np.ndarray) -> np.ndarray:
    """Say which end of which piece each end continues in, (2p,); -1 where in none.

    End 0 of piece p is number 2p, end 1 is 2p + 1.
    """
    flat = pieces.ends.ravel()
    order = np.argsort(flat, kind="stable")
    pairs = np.flatnonzero(np.bincount(flat) == 2)  # noqa: PLR2004 – a pair
    at = np.searchsorted(flat[order], pairs)
    here, there = order[at], order[at + 1]
    code = codes[pieces.line]
    alike = (
        (here // 2 != there // 2) & (code[here // 2] == code[there // 2]) & (code[here // 2] >= 0)
    )
    link = np.full(len(flat), -1)
    link[here[alike]], link[there[alike]] = there[alike], here[alike]
    return link


def _walk_chains(link: list[int], linked: list[int]) -> tuple[np.ndarray, np.ndarray]:
    """Walk every chain from end to end: the ends entered, and each one's smallest piece."""
    done: set[int] = set()
    slots, starts = [], []
    for start in linked:
        if start in done:
            continue
        slot = 2 * start
        while link[slot] >= 0 and link[slot] // 2 != start:  # walk back to the chain's end
            slot = link[slot] ^ 1
        if link[slot] >= 0:
            slot = 2 * start  # a ring: begin anywhere
        while slot >= 0 and slot // 2 not in done:
            done.add(slot // 2)
            slots.append(slot)
            starts.append(start)
            slot = link[slot ^ 1]
    return np.array(slots, np.int64), np.array(starts, np.int64)


def _vertices(
    pieces: Pieces, order: np.ndarray, reverse: np.ndarray, chain_start: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """List the vertices of every chain; a joint between two pieces appears once."""
    first, last = pieces.first[order], pieces.last[order]
    continues = np.ones(len(order), bool)
    continues[chain_start[:-1]] = False
    counts = last - first + 1 - continues
    offsets = np.concatenate([[0], np.cumsum(counts)])
    rank = np.arange(offsets[-1]) - np.repeat(offsets[:-1] - continues, counts)
    start, step = np.where(reverse, last, first), np.where(reverse, -1, 1)
    return np.repeat(start, counts) + rank * np.repeat(step, counts), offsets[chain_start]


def _sort(streets: Streets) -> Streets:
    """Order nodes and streets along a space-filling curve, so that near ones lie close.

    Every street runs from its smaller node to its larger one: numbers and directions are
    the same in whatever order the lines were given.
    """
    firsts, lasts = streets.lonlat[streets.offsets[:-1]], streets.lonlat[streets.offsets[1:] - 1]
    places, at = np.unique(streets.ends.ravel(), return_index=True)
    lonlat = np.stack([firsts, lasts], axis=1).reshape(-1, 2)[at]
    curve = np.lexsort((lonlat[:, 1], lonlat[:, 0], morton(lonlat)))
    rank = np.empty(len(curve), np.int32)
    rank[curve] = np.arange(len(curve), dtype=np.int32)
    ends = rank[np.searchsorted(places, streets.ends)]
    second, second_last = (
        streets.lonlat[streets.offsets[:-1] + 1],
        streets.lonlat[streets.offsets[1:] - 2],
    )
    loop = ends[:, 0] == ends[:, 1]
    turn = np.where(loop, _after(second, second_last), ends[:, 0] > ends[:, 1])
    ends = np.where(turn[:, None], ends[:, ::-1], ends)
    via = np.where(turn[:, None], second_last, second)
    open_ways = streets.tags[["along", "against"]].to_numpy(bool)
    barred = ~np.where(turn[:, None], open_ways[:, ::-1], open_ways) @ (2, 1)
    shape = barred, via[:, 1], via[:, 0], streets.metres.round(6)
    order = _order(ends[:, 0] * np.int64(len(places)) + ends[:, 1], shape)
    counts, turn = np.diff(streets.offsets)[order], turn[order]
    offsets = np.concatenate([[0], np.cumsum(counts)])
    start = np.where(turn, streets.offsets[1:][order] - 1, streets.offsets[:-1][order])
    walked = np.arange(offsets[-1]) - np.repeat(offsets[:-1], counts)
    vertices = np.repeat(start, counts) + walked * np.repeat(np.where(turn, -1, 1), counts)
    tags = streets.tags.iloc[order].reset_index(drop=True)
    along, against = tags["along"].to_numpy(bool), tags["against"].to_numpy(bool)
    tags = tags.assign(along=np.where(turn, against, along), against=np.where(turn, along, against))
    effort = streets.effort[order]
    return Streets(
        lonlat[curve],
        ends[order],
        streets.lonlat[vertices],
        offsets,
        streets.metres[order],
        np.where(turn[:, None], effort[:, ::-1], effort),
        tags,
    )


def _order(key: np.ndarray, others: tuple[np.ndarray, ...]) -> np.ndarray:
    """Sort by ``key``; only what is equal in it is looked at in ``others``, the last first."""
    order = np.argsort(key, kind="stable")
    equal = np.diff(key[order]) == 0
    tied = np.flatnonzero(np.append(equal, False) | np.append(False, equal))
    among = order[tied]
    order[tied] = among[np.lexsort((*(other[among] for other in others), key[among]))]
    return order


def _after(a: np.ndarray, b: np.ndarray) -> np.ndarray:
    """Tell whether points ``a`` (n, 2) come after ``b``, by x, then y."""
    after: np.ndarray = (a[:, 0] > b[:, 0]) | ((a[:, 0] == b[:, 0]) & (a[:, 1] > b[:, 1]))
    return after


def morton(xy: np.ndarray) -> np.ndarray:
    """Position of points (n, 2) along a Z-order curve over their own extent (Morton 1966)."""
    low, high = xy.min(axis=0), xy.max(axis=0)
    scaled = (xy - low) / np.where(high > low, high - low, 1.0) * (2**16 - 1)
    parts = scaled.astype(np.uint64)
    for shift, mask in ((8, 0x00FF00FF), (4, 0x0F0F0F0F), (2, 0x33333333), (1, 0x55555555)):
        parts = (parts | (parts << np.uint64(shift))) & np.uint64(mask)
    code: np.ndarray = parts[:, 0] | (parts[:, 1] << np.uint64(1))
    return code


def _check_degrees(lonlat: np.ndarray) -> None:
    if not (np.abs(lonlat) <= (180, 90)).all():
        raise NetworkError(
            "The streets have coordinates that are no longitudes and latitudes. Is the CRS that "
            "the file declares its true one?"
        )


def local_crs(lonlat: np.ndarray) -> pyproj.CRS:
    """Choose the UTM zone of the middle of the points (WGS84 degrees).

    Raises
    ------
    NetworkError
        The points are no longitudes and latitudes, lie on both sides of the date line, or
        beyond 84° N or 80° S.
    """
    _check_degrees(lonlat)
    if np.ptp(lonlat[:, 0]) > 180:  # noqa: PLR2004 – half the globe
        raise NetworkError("Streets on both sides of the date line (180°) are not supported.")
    lon, lat = (lonlat.min(axis=0) + lonlat.max(axis=0)) / 2
    if not -80 <= lat <= 84:  # noqa: PLR2004 – where UTM ends
        raise NetworkError(f"Streets near the poles (latitude {lat:.1f}) are not supported.")
    zone = min(60, int((lon + 180) // 6) + 1)
    return pyproj.CRS.from_epsg((32600 if lat >= 0 else 32700) + zone)


def street_costs(effort: np.ndarray, along: np.ndarray, against: np.ndarray) -> np.ndarray:
    """Cost of each street both ways: (m, 2) int32 whole decimetres, ``FAR`` where barred.

    Micrometres are dropped first: sums in another order may not round to another cost.
    """
    cost = np.floor(np.round(effort, 6) * DECIMETRES + 0.5)
    if (cost >= FAR).any():
        raise NetworkError("A street is longer than 50,000 km; are the lengths in metres?")
    open_ = np.stack([along, against], axis=1).astype(bool)
    return np.where(open_, cost, FAR).astype(np.int32)


def arcs(ends: np.ndarray, cost: np.ndarray, nodes: int) -> tuple[np.ndarray, ...]:
    """Build the CSR of both directions of every street.

    Returns ``indptr``, ``heads``, ``leaving`` (cost from the node to the head),
    ``arriving`` (cost from the head to the node) and ``arc_street``, all int32.
    """
    tails = np.concatenate([ends[:, 0], ends[:, 1]])
    heads = np.concatenate([ends[:, 1], ends[:, 0]])
    leaving = np.concatenate([cost[:, 0], cost[:, 1]])
    arriving = np.concatenate([cost[:, 1], cost[:, 0]])
    street = np.tile(np.arange(len(ends), dtype=np.int32), 2)
    order = np.argsort(tails, kind="stable")
    indptr = np.concatenate([[0], np.cumsum(np.bincount(tails, minlength=nodes))])
    return (
        indptr.astype(np.int32),
        heads[order].astype(np.int32),
        leaving[order],
        arriving[order],
        street[order],
    )


def components(ends: np.ndarray, nodes: int) -> np.ndarray:
    """Label the connected parts: (n,) int32, direction ignored."""
    links = sparse.coo_array((np.ones(len(ends), bool), (ends[:, 0], ends[:, 1])), (nodes, nodes))
    return sparse.csgraph.connected_components(links, directed=False)[1].astype(np.int32)
