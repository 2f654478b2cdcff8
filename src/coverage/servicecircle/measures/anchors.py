"""Anchors 锚点: the firms, markets, sites or exits that a place has within reach, by name."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from servicecircle import _values
from servicecircle._checks import check_minutes, check_places
from servicecircle.reach import Reach, id_order, reach_of

if TYPE_CHECKING:
    import geopandas as gpd

    from servicecircle.networks import WalkNetwork

BETWEEN = "、"


def reached_anchors(
    network: WalkNetwork | Reach,
    facilities: gpd.GeoDataFrame,
    anchors: gpd.GeoDataFrame,
    *,
    minutes: float = 15,
    speed: float = 4.5,
    name: str = "name",
) -> gpd.GeoDataFrame:
    """Name the anchors that each station or candidate reaches, the nearest first.

    The columns go along into scores, plans and reports; candidates too far from every
    anchor are filtered by them before a choice.

    Parameters
    ----------
    network : WalkNetwork or Reach
        The streets, or walking times already computed between these facilities and anchors.
    facilities : geopandas.GeoDataFrame
        Stations or candidates; the index is the id.
    anchors : geopandas.GeoDataFrame
        Named places that a station should serve; the index is the id.
    minutes : float
        The cutoff (``≤`` is within).
    speed : float
        Walking speed in km/h; at 60 a minute is a kilometre along the streets.
    name : str
        The column of anchors with their names; the id stands in where there is none.

    Returns
    -------
    geopandas.GeoDataFrame
        The facilities' rows and index, and ``anchors`` (names, parted by ``、``),
        ``anchor_count``, ``nearest_anchor`` (id) and ``nearest_anchor_minutes``. Beyond
        the cutoff there is none: empty text, 0, missing, missing. All four are missing for
        facilities whose status is not ``ok``.

    Raises
    ------
    CrsError, InputError
        A table has no CRS or repeated ids, or a number is out of range.

    Examples
    --------
    >>> shops = reached_anchors(streets, shops, markets)  # doctest: +SKIP
    >>> near = shops[shops["nearest_anchor_minutes"] <= 5]  # doctest: +SKIP
    """
    facilities = check_places(facilities, "facilities")
    anchors = check_places(anchors, "anchors")
    (limit,) = check_minutes(minutes)
    reach = reach_of(network, facilities, anchors, cutoff=limit, speed=speed)
    pairs = reach.minutes.tocoo()
    order = np.lexsort((id_order(anchors.index).argsort()[pairs.col], pairs.data, pairs.row))
    named = pd.Series(_names(anchors, name)[pairs.col[order]], index=pairs.row[order], dtype=object)
    rows = range(len(facilities))
    placed = (reach.facility_status == "ok").to_numpy()
    joined = named.groupby(level=0).agg(BETWEEN.join).reindex(rows, fill_value="").astype(object)
    joined[~placed] = pd.NA
    counts = pd.Series(np.diff(reach.minutes.indptr), dtype="Int64").where(placed)
    first = ~named.index.duplicated()
    nearest = pd.Series(pd.NA, index=rows, dtype=object)
    nearest[named.index[first]] = anchors.index[pairs.col[order][first]]
    walk = pd.Series(np.nan, index=rows)
    walk[named.index[first]] = pairs.data[order][first].astype(float)
    return facilities.assign(
        anchors=joined.to_numpy(),
        anchor_count=counts.array,
        nearest_anchor=nearest.to_numpy(),
        nearest_anchor_minutes=walk.to_numpy(),
    )


def _names(anchors: gpd.GeoDataFrame, column: str) -> np.ndarray:
    """Return the names, with ids where there is none."""
    ids = anchors.index.astype(str).to_series(index=anchors.index).astype(object)
    if column not in anchors.columns:
        return ids.to_numpy()
    names = _values.texts(anchors[column]).astype(object)
    return names.where(names.notna(), ids).to_numpy(dtype=object)
