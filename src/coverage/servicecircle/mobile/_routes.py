"""What one vehicle can do in one day: every set of sites, in its quickest order."""

from __future__ import annotations

from dataclasses import dataclass, replace

import numpy as np
from numpy.typing import NDArray

Ints = NDArray[np.int64]
Floats = NDArray[np.float64]
Bools = NDArray[np.bool_]

ROUNDING = 1e-6  # minutes


@dataclass(frozen=True)
class Day:
    """A vehicle's day in minutes.

    Attributes
    ----------
    between : (n, n) array
        Driving from site to site.
    out, back : (n,) arrays
        Driving from and to the depot; zeros without one.
    stop : (n,) array
        How long a vehicle stays.
    length : float
        From leaving the depot, or opening at the first site, to the end.
    most : int
        Stops at most.
    """

    between: Floats
    out: Floats
    back: Floats
    stop: Floats
    length: float
    most: int

    def take(self, order: Ints) -> Day:
        """Put the sites into this order."""
        between = self.between[np.ix_(order, order)]
        return replace(self, between=between, out=self.out[order], back=self.back[order],
                       stop=self.stop[order])  # fmt: skip

    def alone(self) -> Floats:
        """Minutes that a day with this one stop takes."""
        return self.out + self.stop + self.back


@dataclass(frozen=True)
class Routes:
    """Routes of as many stops each: sites in driving order, and minutes of driving."""

    sites: Ints
    driving: Floats


def day_routes(day: Day, together: Bools, most_sets: int) -> tuple[list[Routes], bool]:
    """List the sets of sites that one vehicle can serve in a day, from one stop up.

    Held and Karp's way (1962): of the orders of a set that end at the same site only the
    quickest goes on.

    Parameters
    ----------
    day : Day
        What a day allows.
    together : bool array, (n, d)
        When each site is open; sites of a route share such a day.
    most_sets : int
        Of each length only so many sets go on, the quickest.

    Returns
    -------
    list of Routes, bool
        One entry per number of stops, and whether no set was left out.
    """
    sites = np.flatnonzero((day.alone() <= day.length + ROUNDING) & together.any(axis=1))
    orders, left = sites[:, None], (day.out + day.stop)[sites]
    found: list[Routes] = []
    complete = True
    while len(orders):
        orders, left, whole = _quickest(orders, left, most_sets)
        complete &= whole
        found.append(_finished(day, orders, left))
        if orders.shape[1] == day.most:
            break
        orders, left = _one_more(day, together, orders, left)
    return found, complete


def _quickest(orders: Ints, left: Floats, most: int) -> tuple[Ints, Floats, bool]:
    """Keep the quickest order of each set and last site, and the quickest sets."""
    sets = np.sort(orders, axis=1)
    by = np.lexsort((*orders.T[::-1], left, orders[:, -1], *sets.T[::-1]))
    orders, left, sets = orders[by], left[by], sets[by]
    new_set = np.ones(len(by), dtype=bool)
    new_set[1:] = (sets[1:] != sets[:-1]).any(axis=1)
    first = new_set.copy()
    first[1:] |= orders[1:, -1] != orders[:-1, -1]
    of_set = np.cumsum(new_set) - 1
    shortest = np.minimum.reduceat(left, np.flatnonzero(new_set))
    kept = np.ones(len(shortest), dtype=bool)
    kept[np.argsort(shortest, kind="stable")[most:]] = False
    first &= kept[of_set]
    return orders[first], left[first], bool(kept.all())


def _finished(day: Day, orders: Ints, left: Floats) -> Routes:
    """Drive back from each, and keep the quickest order of every set."""
    sets = np.sort(orders, axis=1)
    whole = left + day.back[orders[:, -1]]
    by = np.lexsort((*orders.T[::-1], whole, *sets.T[::-1]))
    sets = sets[by]
    first = np.ones(len(by), dtype=bool)
    first[1:] = (sets[1:] != sets[:-1]).any(axis=1)
    best = by[first]
    return Routes(orders[best], whole[best] - day.stop[orders[best]].sum(axis=1))


def _one_more(day: Day, together: Bools, orders: Ints, left: Floats) -> tuple[Ints, Floats]:
    """Add every further site for which there is time."""
    last = orders[:, -1]
    then = left[:, None] + day.between[last] + day.stop
    fits = then + day.back <= day.length + ROUNDING
    shared = together[orders].all(axis=1)
    fits &= shared.astype(np.float32) @ together.T.astype(np.float32) > 0
    np.put_along_axis(fits, orders, values=False, axis=1)
    row, site = np.nonzero(fits)
    return np.hstack([orders[row], site[:, None]]), then[row, site]
