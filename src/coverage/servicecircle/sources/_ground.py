"""Ground under several outlines: parts of a building, a building drawn twice, one in another."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import pandas as pd
import shapely

if TYPE_CHECKING:
    from numpy.typing import NDArray

LEAST = 1.0  # m²; less is the neighbours' common wall


class SharedGround(NamedTuple):
    """What each outline (n,) leaves to others, in m², and the one that takes most of it or -1."""

    area: NDArray[np.float64]
    taker: NDArray[np.intp]


def shared_ground(shapes: NDArray[np.object_], rank: NDArray[np.floating[Any]]) -> SharedGround:
    """Give ground that several outlines cover to one of them.

    The one with the lowest ``rank`` keeps it; among equals the smallest, then the first.

    Parameters
    ----------
    shapes : numpy.ndarray
        (n,) valid polygons in an equal-area projection.
    rank : numpy.ndarray
        (n,) lower keeps.
    """
    area, taker = np.zeros(len(shapes)), np.full(len(shapes), -1, dtype=np.intp)
    order = np.lexsort((np.arange(len(shapes)), shapely.area(shapes), rank))
    place = np.empty(len(shapes), dtype=np.intp)
    place[order] = np.arange(len(shapes))
    loser, keeper = shapely.STRtree(shapes).query(shapes, predicate="intersects")
    later = place[loser] > place[keeper]
    loser, keeper = loser[later], keeper[later]
    common = shapely.intersection(shapes[loser], shapes[keeper])
    pairs = pd.DataFrame({"loser": loser, "keeper": keeper, "area": shapely.area(common)})
    pairs["common"] = common
    for _, some in pairs[pairs["area"] >= LEAST].groupby("loser"):
        row = int(some["loser"].iloc[0])
        area[row] = shapely.area(shapely.union_all(some["common"].to_numpy()))
        taker[row] = some["keeper"].iloc[int(some["area"].to_numpy().argmax())]
    return SharedGround(area, taker)
