"""Which candidate covers which demand: exact reductions and a bound, on arrays.

A covering problem (MCLP, Church & ReVelle 1974) has sites, rows of demand with whole
weights, and 0/1 coverage between them. Everything here is exact: weights are integers,
hashes are checked, ties go to the smaller position.
"""

from __future__ import annotations

from typing import NamedTuple

import numpy as np
from numba import njit
from numpy.typing import NDArray
from scipy import sparse

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

MOST_UNITS = 2.0**50  # sums of weights stay exact in float64 and int64


class Cover(NamedTuple):
    """Coverage of ``m`` sites over ``n`` rows, held both ways.

    ``site_ptr`` (m+1), ``site_rows``: the sorted rows of each site. ``row_ptr`` (n+1),
    ``row_sites``: the sorted sites of each row. ``weight`` (n,) int64 ≥ 0.
    """

    site_ptr: Ints
    site_rows: NDArray[np.int32]
    row_ptr: Ints
    row_sites: NDArray[np.int32]
    weight: Ints

    @property
    def shape(self) -> tuple[int, int]:
        """Numbers of sites and of rows."""
        return len(self.site_ptr) - 1, len(self.row_ptr) - 1


class Reduced(NamedTuple):
    """A smaller problem with the same best plans.

    ``sites``: positions kept, in the larger problem. ``row_of``: the new row of every old
    row, -1 where it left.
    """

    cover: Cover
    sites: Ints
    row_of: Ints


def cover_from(table: sparse.csr_array, weight: Ints) -> Cover:
    """Build the two-way form from a sites × rows table; stored entries count as covered."""
    entries = np.ones(table.nnz, dtype=np.int8)
    by_site = sparse.csr_array((entries, table.indices, table.indptr), shape=table.shape)
    by_site.sort_indices()
    by_row = by_site.tocsc()
    return Cover(
        by_site.indptr.astype(np.int64),
        by_site.indices.astype(np.int32),
        by_row.indptr.astype(np.int64),
        by_row.indices.astype(np.int32),
        np.ascontiguousarray(weight, dtype=np.int64),
    )


def whole_weights(weight: Floats) -> tuple[Ints, float]:
    """Return integer weights and how many units are one worker.

    Whole numbers stay as they are; up to three decimals are scaled exactly; anything else
    is rounded to a power of two so fine that the total moves by less than 1e-9 of itself.
    """
    total = float(weight.sum())
    for scale in (1.0, 10.0, 100.0, 1000.0):
        units = np.rint(weight * scale)
        if total * scale < MOST_UNITS and np.array_equal(units / scale, weight):
            return units.astype(np.int64), scale
    scale = float(2.0 ** np.clip(np.floor(np.log2(MOST_UNITS) - np.log2(total)), -1000, 1000))
    return np.rint(weight * scale).astype(np.int64), scale


def select(cover: Cover, sites: Ints, rows: Ints) -> Cover:
    """Keep the sites and rows at the given positions, in that order."""
    m, n = cover.shape
    table = sparse.csr_array(
        (np.ones(len(cover.site_rows), dtype=np.int8), cover.site_rows, cover.site_ptr),
        shape=(m, n),
    )
    return cover_from(table[sites][:, rows], cover.weight[rows])


def reduce_cover(cover: Cover, *, drop_dominated: bool) -> Reduced:
    """Merge rows with the same sites; drop rows and sites that cannot matter.

    A site whose rows all lie inside another's is dropped only with ``drop_dominated``,
    because under some rules the smaller site may still be the better one.
    """
    m, n = cover.shape
    sites, row_of = np.arange(m), np.arange(n)
    while True:
        smaller, kept, merged = _reduce_once(cover, drop_dominated=drop_dominated)
        sites = sites[kept]
        live = row_of >= 0
        row_of[live] = merged[row_of[live]]
        done = smaller.shape == cover.shape
        cover = smaller
        if done:
            return Reduced(cover, sites, row_of)


def _reduce_once(cover: Cover, *, drop_dominated: bool) -> Reduced:
    m, n = cover.shape
    row_of = np.full(n, -1, dtype=np.int64)
    live = np.flatnonzero((np.diff(cover.row_ptr) > 0) & (cover.weight > 0))
    if len(live) == 0:
        nothing = np.zeros(0, dtype=np.int64)
        return Reduced(select(cover, nothing, nothing), nothing, row_of)
    group, first = same_rows(cover, live)
    row_of[live] = group
    weight = np.zeros(len(first), dtype=np.int64)
    np.add.at(weight, group, cover.weight[live])
    smaller = select(cover, np.arange(m), first)._replace(weight=weight)
    inside = dominated(smaller) if drop_dominated else np.diff(smaller.site_ptr) == 0
    sites = np.flatnonzero(~inside)
    return Reduced(select(smaller, sites, np.arange(len(first))), sites, row_of)


def same_rows(cover: Cover, live: Ints) -> tuple[Ints, Ints]:
    """Group the live rows by their sites; return each one's group and a row of each group."""
    salt = 0
    while True:
        hashes = _row_hashes(cover, live, np.uint64(salt))
        order = np.lexsort((hashes[:, 1], hashes[:, 0]))
        new = np.ones(len(live), dtype=bool)
        new[1:] = (hashes[order[1:]] != hashes[order[:-1]]).any(axis=1)
        group = np.empty(len(live), dtype=np.int64)
        group[order] = np.cumsum(new) - 1
        first = live[order[new]]
        if _all_alike(cover, live, first[group]):
            return group, first
        salt += 1  # two different sets met in 128 bits: draw again


@njit(cache=True, nogil=True)
def _row_hashes(cover: Cover, rows: Ints, salt: np.uint64) -> NDArray[np.uint64]:
    """Two sums of random numbers per row, one number for each of its sites (splitmix64)."""
    out = np.zeros((rows.size, 2), dtype=np.uint64)
    for i in range(rows.size):
        row = rows[i]
        for e in range(cover.row_ptr[row], cover.row_ptr[row + 1]):
            z = (np.uint64(cover.row_sites[e]) + salt * np.uint64(1 << 32)) * np.uint64(2)
            for k in range(2):
                x = (z + np.uint64(k + 1)) * np.uint64(0x9E3779B97F4A7C15)
                x = (x ^ (x >> np.uint64(30))) * np.uint64(0xBF58476D1CE4E5B9)
                x = (x ^ (x >> np.uint64(27))) * np.uint64(0x94D049BB133111EB)
                out[i, k] += x ^ (x >> np.uint64(31))
    return out


@njit(cache=True, nogil=True)
def _all_alike(cover: Cover, rows: Ints, others: Ints) -> bool:
    """Whether each row has exactly the sites of the row beside it."""
    for i in range(rows.size):
        a, b = cover.row_ptr[rows[i]], cover.row_ptr[others[i]]
        size = cover.row_ptr[rows[i] + 1] - a
        if size != cover.row_ptr[others[i] + 1] - b:
            return False
        for e in range(size):
            if cover.row_sites[a + e] != cover.row_sites[b + e]:
                return False
    return True


@njit(cache=True, nogil=True)
def dominated(cover: Cover) -> Bools:
    """Mark the sites whose rows all lie inside another site's; of equal ones the later."""
    ptr, rows = cover.site_ptr, cover.site_rows
    m = ptr.size - 1
    out = np.zeros(m, dtype=np.bool_)
    for a in range(m):
        start, end = ptr[a], ptr[a + 1]
        out[a] = start == end
        if start == end:
            continue
        rare = rows[start]  # every site around `a` covers its rarest row too
        for e in range(start, end):
            row = rows[e]
            if cover.row_ptr[row + 1] - cover.row_ptr[row] < (
                cover.row_ptr[rare + 1] - cover.row_ptr[rare]
            ):
                rare = row
        for e in range(cover.row_ptr[rare], cover.row_ptr[rare + 1]):
            b = cover.row_sites[e]
            larger = (ptr[b + 1] - ptr[b]) - (end - start)
            if b == a or out[b] or larger < 0 or (larger == 0 and b > a):
                continue
            if _inside(rows[start:end], rows[ptr[b] : ptr[b + 1]]):
                out[a] = True
                break
    return out


@njit(cache=True, nogil=True)
def _inside(small: NDArray[np.int32], large: NDArray[np.int32]) -> bool:
    """Whether every element of one sorted array is in the other."""
    at = 0
    for value in small:
        while at < large.size and large[at] < value:
            at += 1
        if at == large.size or large[at] != value:
            return False
    return True
