"""Many origins over threads; the answers come back in the order of the question."""

from __future__ import annotations

import os
from concurrent.futures import ThreadPoolExecutor
from typing import TYPE_CHECKING, TypeVar

import numpy as np

if TYPE_CHECKING:
    from collections.abc import Callable

T = TypeVar("T")
FEWEST = 32  # origins that are worth a thread
ENOUGH = 256  # origins that are worth a part: parts of a city differ, so threads take several


def in_threads(kernel: Callable[[np.ndarray], T], order: np.ndarray) -> list[T]:
    """Run a kernel that releases the interpreter lock over parts of ``order``, on all cores."""
    cores = os.cpu_count() or 1
    count = max(min(cores, len(order) // FEWEST), min(4 * cores, len(order) // ENOUGH), 1)
    parts = np.array_split(order, count) if len(order) else []
    if len(parts) < 2:
        return [kernel(part) for part in parts]
    with ThreadPoolExecutor(min(cores, count)) as pool:
        return list(pool.map(kernel, parts))


def join_ragged(
    parts: list[tuple[np.ndarray, ...]], order: np.ndarray
) -> tuple[np.ndarray, list[np.ndarray]]:
    """Put ragged answers (counts, values…) for ``order`` into the order of the question.

    Returns ``indptr`` (k+1,) int64 and the values.
    """
    counts = np.concatenate([part[0] for part in parts]) if parts else np.empty(0, np.int64)
    asked = np.zeros(len(order), np.int64)
    asked[order] = counts
    indptr = np.concatenate([[0], np.cumsum(asked)])
    found = np.concatenate([[0], np.cumsum(counts)])
    place = np.repeat(indptr[order] - found[:-1], counts) + np.arange(found[-1])
    values = []
    for column in range(1, len(parts[0]) if parts else 1):
        together = np.concatenate([part[column] for part in parts])
        sorted_ = np.empty_like(together)
        sorted_[place] = together
        values.append(sorted_)
    return indptr, values
