"""What each candidate alone would add, as a sum that can be read."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING, cast

import geopandas as gpd
import numpy as np
import pandas as pd
from scipy import sparse

from servicecircle._checks import (
    check_ids,
    check_minutes,
    check_places,
    check_speed,
    check_weights,
    name_some,
)
from servicecircle._kernel.cover import Bools, Floats, Ints, whole_weights
from servicecircle._sentences import Language, not_placed, site_sentence
from servicecircle.coverage import keep_rows
from servicecircle.errors import InputError
from servicecircle.reach import Reach, id_order, ones_of, reach_of, walk_times
from servicecircle.sites import in_use
from servicecircle.standards import check_standard, ensure_standard, group_label

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    from pyproj import CRS

    from servicecircle.networks import WalkNetwork
    from servicecircle.standards import Standard

LANGUAGES: tuple[Language, ...] = ("en", "zh")
COUNTED = ("ok", "unsnapped", "island")  # demand that is in the sums, reached or not
WEIGHTS: dict[str, float] = {
    "gain": 70.0,
    "overlap": 15.0,
    "access": 10.0,
    "cost": 5.0,
    "standard": 10.0,
}


@dataclass(frozen=True)
class SiteTable:
    """Candidates, existing stations and demand, checked and within the cutoff.

    Demand runs in the order of its ids, weights are whole units, so that no sum depends
    on the order of the caller's rows.

    Attributes
    ----------
    reach : Reach
        Candidates, then existing stations × demand in the caller's order; stations that are
        closed or only planned reach nobody.
    within : scipy.sparse.csr_array
        Minutes, candidates × ``demand_order``.
    units, scale : int64 array and float
        Weights by ``demand_order``; ``units / scale`` are workers.
    covered : bool array
        Demand that an existing station covers, by ``demand_order``.
    """

    candidates: gpd.GeoDataFrame
    existing: gpd.GeoDataFrame
    demand: gpd.GeoDataFrame
    reach: Reach
    demand_order: Ints
    within: sparse.csr_array
    units: Ints
    scale: float
    covered: Bools

    @property
    def status(self) -> pd.Series:
        """Status of every candidate: its own column's first, then the network's."""
        found = self.reach.facility_status.iloc[: len(self.candidates)]
        own = self.candidates.get("status", pd.Series("ok", index=found.index))
        return own.where(own.notna() & (own != "ok"), found).rename("status")

    def workers(self, demand: Bools) -> Ints:
        """Units of the marked demand that each candidate reaches."""
        return np.asarray(ones_of(self.within) @ np.where(demand, self.units, 0))


def score_sites(
    network: WalkNetwork | Reach,
    candidates: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    *,
    existing: gpd.GeoDataFrame | None = None,
    minutes: float | Sequence[float] = 15,
    speed: float = 4.5,
    weight: str = "workers",
    weights: Mapping[str, float] | None = None,
    standard: Standard | str | Path | None = None,
) -> gpd.GeoDataFrame:
    """Say what each candidate alone would add, and rank the candidates by it.

    Ranking single sites ignores that two of them may reach the same people: choose a set
    with :func:`servicecircle.choose_sites`.

    Parameters
    ----------
    network : WalkNetwork or Reach
        The streets, or walking times already computed, which must hold the candidates and
        the existing stations among their facilities.
    candidates : geopandas.GeoDataFrame
        Places that could host a station; a column ``cost`` is used where given.
    demand : geopandas.GeoDataFrame
        Places with workers, and a ``group`` where known.
    existing : geopandas.GeoDataFrame, optional
        Today's stations.
    minutes : float or sequence of float
        The cutoff (``≤`` is within); of several the largest.
    speed : float
        Walking speed in km/h.
    weight : str
        The column of ``demand`` that counts workers.
    weights : mapping, optional
        Points for each part of the score, to be changed singly: ``gain`` 70, ``overlap``
        15, ``access`` 10, ``cost`` 5, ``standard`` 10. Without a column ``cost``, or without
        a standard, that part falls away; what is left is scaled to 100 and kept in
        ``.attrs["weights"]``.
    standard : Standard, str or Path, optional
        A standard to check the candidates against, e.g. ``"miyun"`` (see `check_standard`).

    Returns
    -------
    geopandas.GeoDataFrame
        The candidates' rows and index, and: ``workers`` within the cutoff; ``gain``, those
        of them without a station today; ``overlap``, the share that has one (missing where
        nobody is reached); ``mean_minutes``, the walk of the gained; ``nearest_station``
        and ``nearest_minutes`` (missing beyond the cutoff, and when only a ``Reach`` is
        given); ``main_group`` of the gained; ``points_gain``, ``points_overlap``,
        ``points_access``, ``points_cost``, ``points_standard``; their
        sum ``score`` (0–100); ``rank`` (1 is best, ties by id); ``reason_en``,
        ``reason_zh``; ``status``; with a standard also ``standard_passed``,
        ``standard_en``, ``standard_zh``. Rows whose status is not ``ok`` carry no figures.

    Raises
    ------
    CrsError, InputError
        A table has no CRS, repeated ids or bad weights; an id is both candidate and
        existing; an argument is out of range.

    Notes
    -----
    ``points_gain`` = weight × gain / largest gain; ``points_overlap`` = weight × (1 −
    overlap); ``points_access`` = weight × (1 − mean_minutes / cutoff); ``points_cost`` =
    weight × (1 − cost / largest cost); a missing or negative cost earns none.
    ``points_standard`` = weight × rules met / rules; what is not known earns none.

    Examples
    --------
    >>> ranked = score_sites(streets, shops, workers, existing=stations)  # doctest: +SKIP
    >>> ranked.sort_values("rank").head()  # doctest: +SKIP
    """
    parts = _check_weights(weights)
    table = site_table(
        network, candidates, demand, existing, minutes=minutes, speed=speed, weight=weight
    )
    nearest = nearest_station(network, table, speed)
    checks = None if standard is None else _check_candidates(table.candidates, standard)
    return score_table(table, nearest, parts, checks)


def site_table(
    network: WalkNetwork | Reach,
    candidates: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    existing: gpd.GeoDataFrame | None,
    *,
    minutes: float | Sequence[float],
    speed: float,
    weight: str,
) -> SiteTable:
    """Check the inputs and walk once from candidates and existing stations together."""
    candidates = check_places(candidates, "candidates")
    demand = check_places(demand, "demand")
    limit = check_minutes(minutes)[-1]
    if existing is None:
        existing = gpd.GeoDataFrame(geometry=[], crs=candidates.crs)
    existing = check_places(existing, "existing")
    _check_apart(candidates, existing)
    values = check_weights(demand, weight, "demand")
    places = together(candidates, existing)
    check_ids(places.index, "candidates and existing")
    reach = reach_of(
        network,
        places,
        demand,
        cutoff=limit,
        speed=check_speed(speed),
        name="candidates and stations",
    )
    serves = np.concatenate([np.ones(len(candidates), bool), in_use(existing)])
    reach = keep_rows(reach, serves)
    counted = reach.demand_status.isin(COUNTED).to_numpy()
    units, scale = whole_weights(np.where(counted, values, 0.0))
    order = id_order(demand.index)
    within = sparse.csr_array(reach.minutes[:, order])
    within.sort_indices()
    n = len(candidates)
    covered = np.isin(np.arange(len(demand)), within[n:].indices)
    return SiteTable(
        candidates, existing, demand, reach, order, within[:n], units[order], scale, covered
    )


def _check_apart(candidates: gpd.GeoDataFrame, existing: gpd.GeoDataFrame) -> None:
    both = candidates.index.intersection(existing.index)
    if len(both):
        raise InputError(
            f"`candidates` and `existing` share {len(both)} ids: {name_some(both)}. Leave what is "
            "open out of `candidates`, or give the tables ids of their own, e.g. "
            '`existing.set_index("S" + existing.index.astype(str))`.'
        )


def together(first: gpd.GeoDataFrame, second: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Put two tables of places under each other, in the CRS of the first."""
    if len(second) == 0:
        return first
    name = first.geometry.name
    moved = second.to_crs(cast("CRS", first.crs))
    if moved.geometry.name != name:
        moved = moved.drop(columns=name, errors="ignore").rename_geometry(name)
    return moved if len(first) == 0 else gpd.GeoDataFrame(pd.concat([first, moved]))


def nearest_station(
    network: WalkNetwork | Reach, table: SiteTable, speed: float
) -> pd.DataFrame | None:
    """Find the nearest existing station of every candidate; ``None`` if that is not known."""
    if isinstance(network, Reach) or len(table.existing) == 0:
        return None
    ok = (table.reach.facility_status == "ok").to_numpy()
    places = table.candidates[ok[: len(table.candidates)]]
    stations = table.existing[ok[len(table.candidates) :] & in_use(table.existing)]
    walks = walk_times(network, stations, places, cutoff=table.reach.cutoff, speed=speed)
    return walks.nearest().reindex(table.candidates.index)


def score_table(
    table: SiteTable,
    nearest: pd.DataFrame | None,
    parts: Mapping[str, float],
    checks: pd.DataFrame | None = None,
) -> gpd.GeoDataFrame:
    """Work out the score of every candidate from what it reaches."""
    out = table.candidates.copy()
    units, new = table.workers(np.ones(len(table.units), bool)), table.workers(~table.covered)
    ok = (table.status == "ok").to_numpy()
    some = np.where(units > 0, units, 1)
    out["workers"] = np.where(ok, units / table.scale, np.nan)
    out["gain"] = np.where(ok, new / table.scale, np.nan)
    out["overlap"] = np.where(ok & (units > 0), (units - new) / some, np.nan)
    out["mean_minutes"] = np.where(ok & (new > 0), _mean_minutes(table, new), np.nan)
    out["nearest_station"] = pd.NA if nearest is None else nearest["facility"].to_numpy()
    out["nearest_minutes"] = np.nan if nearest is None else nearest["minutes"].to_numpy()
    out["main_group"] = _main_group(table, new)
    shares = _shares(out, table.reach.cutoff)
    if checks is not None:
        shares["standard"] = checks.pop("share").to_numpy(dtype=float)
        out[list(checks.columns)] = checks
    used = _scaled({name: parts[name] for name in shares})
    for name, share in shares.items():
        out[f"points_{name}"] = np.where(ok, used[name] * share, np.nan)
    out["score"] = sum(out[f"points_{name}"] for name in shares)
    out["rank"] = _rank(out["score"], out.index)
    out["status"] = table.status.to_numpy()
    for language in LANGUAGES:
        out[f"reason_{language}"] = _reasons(out, table.reach.cutoff, nearest, language)
    out.attrs["weights"] = used
    return out


def _check_candidates(
    candidates: gpd.GeoDataFrame, standard: Standard | str | Path
) -> pd.DataFrame:
    """Check the candidates against a standard: share of rules met, verdict, sentences."""
    rules = ensure_standard(standard)
    checks = check_standard(candidates, rules)
    return pd.DataFrame(
        {
            "share": checks["rules_met"] / max(len(rules.rules), 1),
            "standard_passed": checks["passed"],
            "standard_en": checks["sentence_en"],
            "standard_zh": checks["sentence_zh"],
        }
    )


def _mean_minutes(table: SiteTable, new: Ints) -> Floats:
    """Mean walk of the newly covered workers of every candidate."""
    walk = table.within.astype(np.float64) @ np.where(table.covered, 0, table.units)
    return np.asarray(walk / np.where(new > 0, new, 1))


def _main_group(table: SiteTable, new: Ints) -> pd.Series:
    """Name the group with most newly covered workers; of equal ones the first by name."""
    out = pd.Series(pd.NA, index=table.candidates.index, dtype=object)
    if "group" not in table.demand.columns:
        return out
    codes, names = pd.factorize(table.demand["group"].iloc[table.demand_order], sort=True)
    counted = (codes >= 0) & ~table.covered & (table.units > 0)
    rows = np.flatnonzero(counted)
    groups = sparse.csr_array(
        (table.units[rows], (rows, codes[rows])), shape=(len(codes), max(len(names), 1))
    )
    sums = (ones_of(table.within) @ groups).tocoo()
    order = np.lexsort((sums.col, -sums.data, sums.row))
    who, first = np.unique(sums.row[order], return_index=True)
    out.iloc[who] = np.asarray(names, dtype=object)[sums.col[order][first]]
    return out.where(new > 0, pd.NA)


def _shares(out: pd.DataFrame, limit: float) -> dict[str, Floats]:
    """Put each part of the score between 0 and 1."""
    gain = out["gain"].fillna(0.0).to_numpy(dtype=float)
    walk = out["mean_minutes"].to_numpy(dtype=float) / limit if limit > 0 else 0.0 * gain
    shares = {
        "gain": gain / (gain.max(initial=0.0) or 1.0),
        "overlap": 1.0 - out["overlap"].fillna(1.0).to_numpy(dtype=float),
        "access": np.where(gain > 0, 1.0 - walk, 0.0),
    }
    if "cost" in out.columns:
        cost = pd.to_numeric(out["cost"], errors="coerce").to_numpy(dtype=float, na_value=np.nan)
        known = np.isfinite(cost) & (cost >= 0)
        most = cost[known].max(initial=0.0) or 1.0
        shares["cost"] = np.where(known, 1.0 - cost / most, 0.0)
    return shares


def _scaled(parts: Mapping[str, float]) -> dict[str, float]:
    total = sum(parts.values())
    return {name: 100.0 * value / total if total else 0.0 for name, value in parts.items()}


def _rank(score: pd.Series, ids: pd.Index) -> pd.Series:
    """Rank from the highest score; ties by id; missing where there is no score."""
    order = id_order(ids)
    place = np.empty(len(ids), dtype=np.int64)
    place[order[np.argsort(-score.to_numpy()[order], kind="stable")]] = np.arange(1, len(ids) + 1)
    return pd.Series(place, index=ids, dtype="Int64").where(score.notna())


def _reasons(
    out: pd.DataFrame, minutes: float, nearest: pd.DataFrame | None, language: Language
) -> list[str]:
    columns = out["status"], out["workers"], out["gain"], out["main_group"], out["nearest_minutes"]
    return [
        site_sentence(
            language,
            minutes=minutes,
            workers=workers,
            gain=gain,
            group="" if pd.isna(group) else group_label(str(group), language),
            nearest=None if nearest is None else walk,
        )
        if status == "ok"
        else not_placed(status, language)
        for status, workers, gain, group, walk in zip(*columns, strict=True)
    ]


def _check_weights(weights: Mapping[str, float] | None) -> dict[str, float]:
    """Merge the caller's points into the usual ones."""
    unknown = sorted(set(weights or {}) - set(WEIGHTS))
    if unknown:
        raise InputError(f"`weights` has unknown parts {unknown}; known are {sorted(WEIGHTS)}.")
    parts = {**WEIGHTS, **(weights or {})}
    if not all(np.isfinite(value) and value >= 0 for value in parts.values()):
        raise InputError(f"`weights` must be finite and not negative; got {dict(weights or {})}.")
    return parts
