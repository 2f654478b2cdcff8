"""What a covered worker counts for: by how far the walk is, and by group."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
from scipy import sparse

from servicecircle._checks import name_some
from servicecircle._kernel.cover import MOST_UNITS, whole_weights
from servicecircle.errors import ModelError

if TYPE_CHECKING:
    from servicecircle._kernel.cover import Floats, Ints
    from servicecircle.scores import SiteTable
    from servicecircle.siting.plan import Asked

MOST_PARTS = 1000
MOST_STEPS = 60  # of a decay that falls with every minute


@dataclass(frozen=True)
class Worth:
    """Weights for the aims, by ``demand_order``.

    ``limits`` (L,): minutes, rising, the last being the cutoff. ``units`` (L, n): whole
    units won by covering a place within each limit; ``scale`` of them are one worker.
    ``places`` (n,), ``place_scale``: the same without the decay, for worker-minutes.
    ``plain``: every covered worker simply counts.
    """

    limits: Floats
    units: Ints
    scale: float
    places: Ints
    place_scale: float
    plain: bool


def worth_of(table: SiteTable, asked: Asked) -> Worth:
    """Weigh every place by its group and every walk by the decay."""
    places, place_scale = table.units, table.scale
    if asked.group_weights:
        places, place_scale = whole_weights(places / place_scale * _group_weights(table, asked))
    limits, drops = _steps(asked)
    if asked.decay is None:
        plain = not asked.group_weights
        return Worth(limits, places[None, :], place_scale, places, place_scale, plain)
    parts = _whole_parts(drops)
    if parts and float(places.sum()) * parts < MOST_UNITS:
        whole = np.rint(drops * parts).astype(np.int64)
        units, scale = whole[:, None] * places, place_scale * parts
    else:
        units, scale = whole_weights((drops[:, None] * (places / place_scale)).ravel())
    units = units.reshape(len(limits), -1)
    return Worth(limits, units, scale, places, place_scale, plain=False)


def _whole_parts(drops: Floats) -> int:
    """Find the fewest parts of a worker that make every drop whole; 0 if there are none."""
    for parts in range(1, MOST_PARTS + 1):
        if np.allclose(drops * parts, np.rint(drops * parts), rtol=0, atol=1e-9):
            return parts
    return 0


def _steps(asked: Asked) -> tuple[Floats, Floats]:
    """Return the limits and by how much the worth of a walk falls after each of them."""
    cutoff = asked.minutes[-1]
    if asked.decay is None:
        return np.array([cutoff]), np.ones(1)
    if isinstance(asked.decay, str):
        minute = max(1.0, cutoff / MOST_STEPS)
        limits = np.unique([*np.arange(minute, cutoff, minute), cutoff])
        begun = np.concatenate([[0.0], limits[:-1]]) / (cutoff or 1.0)
        flat = np.exp(-0.5)
        bell = (np.exp(-(begun**2) / 2) - flat) / (1 - flat)
        values = 1 - begun if asked.decay == "linear" else bell
    else:
        limits, values = np.array(asked.minutes), np.array(asked.decay, dtype=float)
    drops = -np.diff([*values, 0.0])
    kept = (drops > 0) | (limits == cutoff)
    return limits[kept], drops[kept]


def _group_weights(table: SiteTable, asked: Asked) -> Floats:
    if "group" not in table.demand.columns:
        raise ModelError("`group_weights` needs a column 'group' in `demand`.")
    groups = table.demand["group"].iloc[table.demand_order]
    known = set(groups.dropna())
    unknown = [group for group in asked.group_weights or {} if group not in known]
    if unknown:
        raise ModelError(
            f"`group_weights` names {name_some(unknown)}, which occur nowhere; there are "
            f"{name_some(sorted(known, key=str))}."
        )
    return np.array([(asked.group_weights or {}).get(group, 1.0) for group in groups], dtype=float)


def within_each(minutes: sparse.csr_array, limits: Floats) -> sparse.csr_array:
    """Say who is within each limit: facilities × (limits × places), 0/1."""
    parts = []
    for limit in limits:
        keep = minutes.data <= np.float32(limit)
        ends = np.concatenate([[0], np.cumsum(keep)])[minutes.indptr]
        near = (np.ones(int(keep.sum()), np.int8), minutes.indices[keep], ends)
        parts.append(sparse.csr_array(near, shape=minutes.shape))
    return parts[0] if len(parts) == 1 else sparse.csr_array(sparse.hstack(parts, format="csr"))
