"""The nearest street: of places (joining them to the network) and of raster cells."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from servicecircle._kernel.batch import in_threads
from servicecircle._kernel.field import Raster
from servicecircle._kernel.nearest import cell_stays, nearest_cells, snap_points

if TYPE_CHECKING:
    from servicecircle.networks.walk_network import WalkNetwork

BIN = 64.0  # metres
MOST_BINS = 4_000_000
CELL = 10.0  # metres; chosen by measurement, see docs/decisions
STRIP_CELLS = 1_000_000


def street_segments(
    network: WalkNetwork, *, islands: bool
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """List the straight segments of the streets that are (not) islands.

    Returns ``segments`` (k, 4), ``street`` (k,) and ``span`` (k, 2): the fractions of the
    drawn street at which each segment begins and ends.
    """
    xy, offsets = network.shape_xy, network.shape_offsets
    of_vertex = np.repeat(np.arange(len(network.ends), dtype=np.int32), np.diff(offsets))
    inner = of_vertex[:-1] == of_vertex[1:]
    step = np.where(inner, np.hypot(*(xy[1:] - xy[:-1]).T), 0.0)
    walked = np.concatenate([[0.0], np.cumsum(step)])
    begin = walked[offsets[:-1]][of_vertex]
    whole = (walked[offsets[1:] - 1] - walked[offsets[:-1]])[of_vertex]
    share = (walked - begin) / np.where(whole > 0, whole, 1.0)
    share[offsets[1:] - 1] = 1.0
    keep = np.flatnonzero(inner & (network.is_island[of_vertex[:-1]] == islands))
    segments = np.concatenate([xy[keep], xy[keep + 1]], axis=1)
    return segments, of_vertex[keep], np.stack([share[keep], share[keep + 1]], axis=1)


class _Grid(NamedTuple):
    """Squares of ``size`` metres from a first one at ``west``, ``south``."""

    west: float
    south: float
    size: float
    columns: int
    rows: int


class StreetIndex(NamedTuple):
    """Street segments sorted into square bins."""

    segments: np.ndarray
    street: np.ndarray
    span: np.ndarray
    start: np.ndarray
    members: np.ndarray
    west: float
    south: float
    size: float
    columns: int

    @classmethod
    def of(cls, network: WalkNetwork, *, islands: bool) -> StreetIndex:
        """Index the streets of a network (or only its islands)."""
        segments, street, span = street_segments(network, islands=islands)
        if not len(segments):
            empty = np.empty(0, np.int32)
            return cls(segments, street, span, np.zeros(2, np.int64), empty, 0.0, 0.0, BIN, 1)
        low = segments.reshape(-1, 2).min(axis=0)
        extent = segments.reshape(-1, 2).max(axis=0) - low
        size = max(BIN, float(np.sqrt(np.prod(np.maximum(extent, BIN)) / MOST_BINS)))
        columns, rows = (int(side) for side in extent // size + 1)
        west, south = map(float, low)
        start, members = _bin(segments, _Grid(west, south, size, columns, rows))
        return cls(segments, street, span, start, members, west, south, size, columns)

    def nearest(self, xy: np.ndarray, limit: float) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Find the nearest street within ``limit`` metres of points (k, 2).

        Returns ``street`` (-1 where none), ``fraction`` along it, ``distance`` in metres
        (inf where none).
        """
        xy = np.ascontiguousarray(xy, dtype=float)
        count = len(xy)
        found = np.full(count, -1, np.int32), np.zeros(count), np.full(count, np.inf)
        in_threads(
            lambda rows: snap_points(rows, xy, *self, float(limit), *found), np.arange(count)
        )
        return found


def _bin(segments: np.ndarray, grid: _Grid) -> tuple[np.ndarray, np.ndarray]:
    """Sort segments into the square bins that their boxes meet: CSR ``start``, ``members``."""
    west, south, size, columns, rows = grid
    column = ((segments[:, 0::2] - west) // size).astype(np.int64)
    row = ((segments[:, 1::2] - south) // size).astype(np.int64)
    wide = np.abs(np.diff(column)).ravel() + 1
    counts = wide * (np.abs(np.diff(row)).ravel() + 1)
    members = np.repeat(np.arange(len(segments), dtype=np.int32), counts)
    place = np.arange(len(members)) - np.repeat(np.cumsum(counts) - counts, counts)
    step = np.divmod(place, wide[members])
    bins = (row.min(axis=1)[members] + step[0]) * columns + column.min(axis=1)[members] + step[1]
    start = np.concatenate([[0], np.cumsum(np.bincount(bins, minlength=rows * columns))])
    return start, members[np.argsort(bins, kind="stable")]


class _Cells(NamedTuple):
    """Raster cells near streets: number, street, place along it, distance, stays."""

    cell: np.ndarray
    street: np.ndarray
    fraction: np.ndarray
    distance: np.ndarray
    stay: np.ndarray


def build_raster(network: WalkNetwork, size: float = CELL) -> Raster:
    """Find the nearest street of every raster cell within the network's ``max_access``.

    The raster is computed in strips of rows, so that memory follows the strip.
    """
    segments, street, span = street_segments(network, islands=False)
    limit = network.max_access
    low = np.floor((segments.reshape(-1, 2).min(axis=0) - limit) / size) * size
    high = segments.reshape(-1, 2).max(axis=0) + limit
    columns, rows = (int(count) for count in np.ceil((high - low) / size) + 1)
    west, south = map(float, low)
    tall = max(1, STRIP_CELLS // columns)
    lowest = segments[:, 1::2].min(axis=1) - limit
    highest = segments[:, 1::2].max(axis=1) + limit

    def strip(row: int) -> _Cells:
        height = min(tall, rows - row) + 2  # and one row on either side
        base = south + (row - 1) * size
        near = (highest >= base) & (lowest <= base + (height - 1) * size)
        part = segments[near], street[near], span[near]
        cells = _strip(*part, _Grid(west, base, size, columns, height), limit)
        return cells._replace(cell=(cells.cell + (row - 1) * columns).astype(np.int32))

    with ThreadPoolExecutor(os.cpu_count()) as pool:
        parts = list(pool.map(strip, range(0, rows, tall)))
    cells = _Cells(*(np.concatenate(column) for column in zip(*parts, strict=True)))
    order = np.argsort(cells.street, kind="stable")
    cells = _Cells(*(column[order] for column in cells))
    grid = _Grid(west, south, size, columns, rows)
    return _by_street(cells, len(network.ends), grid)


def _strip(
    segments: np.ndarray, street: np.ndarray, span: np.ndarray, grid: _Grid, limit: float
) -> _Cells:
    """Find the nearest streets in a strip; its first and last rows only serve their neighbours."""
    x0, y0, cell, columns, rows = grid
    count = rows * columns
    best, nearest = np.full(count, limit * limit), np.full(count, -1, np.int32)
    fraction = np.zeros(count, np.float32)
    nearest_cells(segments, span, x0, y0, cell, columns, rows, limit, best, nearest, fraction)
    cells = columns + np.flatnonzero(nearest[columns : count - columns] >= 0)
    stay = np.full((len(cells), 4), 255, np.uint8)
    cell_stays(cells, nearest, segments, street, x0, y0, cell, columns, limit, stay)
    return _Cells(cells, street[nearest[cells]], fraction[cells], np.sqrt(best[cells]), stay)


def _by_street(cells: _Cells, streets: int, grid: _Grid) -> Raster:
    """Put cells that are sorted by street into runs."""
    cell, street = cells.cell, cells.street
    west, south, size, columns, rows = grid
    start = np.searchsorted(street, np.arange(streets + 1))
    access = np.floor(cells.distance * 10.0 + 0.5).astype(np.uint16)
    begins = np.ones(len(cell), bool)
    begins[1:] = (cell[1:] != cell[:-1] + 1) | (street[1:] != street[:-1])
    begins[1:] |= cell[1:] % columns == 0
    first = np.flatnonzero(begins)
    length = np.diff(np.append(first, len(cell)))
    runs = np.stack([cell[first] // columns, cell[first] % columns, length], axis=1)
    runs = runs.astype(np.int32)
    run_start = np.searchsorted(street[first], np.arange(streets + 1))
    box = _boxes(runs, run_start, np.maximum.reduceat(access, first))
    arrays = runs, run_start, start, cells.fraction, access, cells.stay, box
    return Raster(*arrays, west, south, size, rows, columns)


def _boxes(runs: np.ndarray, run_start: np.ndarray, access: np.ndarray) -> np.ndarray:
    """Extent of every street's cells and their largest access, (m, 5) int32."""
    some = np.flatnonzero(run_start[1:] > run_start[:-1])
    box = np.zeros((len(run_start) - 1, 5), np.int32)
    row, column, length = runs.T
    measures = (
        (row, np.minimum),
        (row, np.maximum),
        (column, np.minimum),
        (column + length - 1, np.maximum),
        (access, np.maximum),
    )
    for i, (values, pick) in enumerate(measures):
        box[some, i] = pick.reduceat(values, run_start[some])
    return box
