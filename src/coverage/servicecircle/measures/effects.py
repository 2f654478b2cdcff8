"""What a whole change would add: homes that open to all, or every venue of a trade."""

from __future__ import annotations

from typing import TYPE_CHECKING

import numpy as np
import pandas as pd
from scipy import sparse

from servicecircle._checks import check_minutes, check_places, check_weights
from servicecircle.access import open_to_all, own_only
from servicecircle.coverage import keep_rows
from servicecircle.errors import InputError
from servicecircle.reach import ones_of, reach_of
from servicecircle.scores import COUNTED, site_table
from servicecircle.sites import in_use
from servicecircle.standards.words import as_keys

if TYPE_CHECKING:
    from collections.abc import Sequence

    import geopandas as gpd

    from servicecircle.networks import WalkNetwork
    from servicecircle.reach import Reach


def openness_effect(
    network: WalkNetwork | Reach,
    homes: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    *,
    unit: str = "unit",
    minutes: float | Sequence[float] = 15,
    speed: float = 4.5,
    weight: str = "workers",
) -> gpd.GeoDataFrame:
    """Say whom each home now closed to outsiders would newly cover if it opened to all.

    Parameters
    ----------
    network : WalkNetwork or Reach
        The streets, or the walking minutes computed from them before.
    homes : geopandas.GeoDataFrame
        All of today's homes and stations with ``open_to_public`` (yes or no) or ``access``,
        and the unit (单位) of those that are not open.
    demand : geopandas.GeoDataFrame
        Places with workers, and their unit where known.
    unit : str
        The column of both with the unit.
    minutes : float or sequence of float
        The cutoff (≤ counts as covered); of several the largest.
    speed : float
        Walking speed in km/h.
    weight : str
        Column of ``demand`` with the number of workers.

    Returns
    -------
    geopandas.GeoDataFrame
        The rows of the homes in use that are not open to all, the largest effect first:
        ``workers`` (within the cutoff, of any unit), ``gain`` (of these, covered by nothing
        today and newly covered if this home alone opens) and ``rank``.
        ``.attrs["together"]``: workers newly covered if all of them open.

    Raises
    ------
    CrsError, InputError
        As from `measure_coverage`.

    Warns
    -----
    InputWarning
        Of some homes it is not known whether they are open; they count as not open.

    Examples
    --------
    >>> openness_effect(streets, homes, workers)[["gain", "rank"]]  # doctest: +SKIP
    """
    check_places(homes, "homes")
    check_places(demand, "demand")
    reach = reach_of(network, homes, demand, cutoff=check_minutes(minutes)[-1], speed=speed)
    weights = check_weights(demand, weight, "demand")
    weights = np.where(reach.demand_status.isin(COUNTED), weights, 0.0)
    reach = keep_rows(reach, in_use(homes))
    covered = np.isin(np.arange(len(demand)), own_only(reach, homes, demand, unit).minutes.indices)
    within = ones_of(reach.minutes)
    closed = in_use(homes) & ~open_to_all(homes).fillna(value=False).to_numpy(dtype=bool)
    new = np.where(covered, 0.0, weights)
    gain = within @ new
    out: gpd.GeoDataFrame = homes.assign(workers=within @ weights, gain=gain)[closed]
    out["rank"] = out["gain"].rank(ascending=False, method="min").astype("Int64")
    reached = np.isin(np.arange(len(demand)), within[np.flatnonzero(closed)].indices)
    out = out.sort_values("rank", kind="stable")
    out.attrs["together"] = float(new[reached].sum())
    return out


def gain_by(
    network: WalkNetwork | Reach,
    candidates: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    *,
    by: str = "kind",
    existing: gpd.GeoDataFrame | None = None,
    minutes: float | Sequence[float] = 15,
    speed: float = 4.5,
    weight: str = "workers",
) -> pd.DataFrame:
    """Say how many workers each trade, chain or owner of venues could newly cover.

    Parameters
    ----------
    network : WalkNetwork or Reach
        The streets, or walking times already computed, which must hold the candidates and
        the existing stations among their facilities.
    candidates, demand, existing : geopandas.GeoDataFrame
        As in `score_sites`.
    by : str
        A column of ``candidates``; the words of ``kind`` are brought to their keys.
    minutes : float or sequence of float
        The cutoff (≤ is within); of several the largest.
    speed : float
        Walking speed in km/h.
    weight : str
        Column of ``demand`` with the number of workers.

    Returns
    -------
    pandas.DataFrame
        One row per value, the largest gain first: ``candidates``, ``workers`` (within reach
        of any of them), ``gain`` (of these, without a station today: newly covered if all
        of them host one), ``gain_only`` (of the gain, in reach of no other value) and
        ``share`` (gain ÷ all workers; missing where there are none).

    Raises
    ------
    CrsError, InputError
        As from `score_sites`, or the column is missing.

    Examples
    --------
    >>> gain_by(streets, shops, workers, existing=stations)  # doctest: +SKIP
    """
    table = site_table(
        network, candidates, demand, existing, minutes=minutes, speed=speed, weight=weight
    )
    if by not in candidates.columns:
        raise InputError(
            f"`candidates` has no column {by!r}; it has {list(map(str, candidates.columns))}."
        )
    codes, names = pd.factorize(as_keys(candidates[by], by), sort=True, use_na_sentinel=False)
    rows = np.arange(len(codes))
    members = sparse.csr_array(
        (np.ones(len(codes), np.int64), (codes, rows)), shape=(len(names), len(codes))
    )
    reached = ones_of(sparse.csr_array(members @ ones_of(table.within)))
    new = np.where(table.covered, 0, table.units)
    alone = np.asarray(reached.sum(axis=0)) == 1
    out = pd.DataFrame(
        {
            "workers": reached @ table.units,
            "gain": reached @ new,
            "gain_only": reached @ np.where(alone, new, 0),
        },
        index=pd.Index(names, name=by),
    )
    out["share"] = out["gain"] / (table.units.sum() or np.nan)
    out[["workers", "gain", "gain_only"]] /= table.scale
    out.insert(0, "candidates", np.bincount(codes, minlength=len(names)))
    return out.sort_values("gain", ascending=False, kind="stable")
