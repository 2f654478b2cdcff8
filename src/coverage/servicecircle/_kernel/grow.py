"""Arrays that grow, compiled: by loops, since slices bring numba's error texts along."""

from __future__ import annotations

import numpy as np

from servicecircle._kernel import compiled


@compiled
def longer(values, needed):
    """Return a copy of ``values`` (k,) with room for twice as many, or ``needed`` if more."""
    larger = np.empty(max(2 * values.size, needed), values.dtype)
    for i in range(values.size):
        larger[i] = values[i]
    return larger


@compiled
def taller(rows, needed):
    """Return a copy of ``rows`` (k, c) with room for twice as many, or ``needed`` if more."""
    larger = np.empty((max(2 * rows.shape[0], needed), rows.shape[1]), rows.dtype)
    for i in range(rows.shape[0]):
        for j in range(rows.shape[1]):
            larger[i, j] = rows[i, j]
    return larger
