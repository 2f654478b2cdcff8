"""Figures about a coverage or a register that planners quote: fairness, supply, review.

Where a denominator is zero the figure is missing, never 0 or 100 %.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
from scipy import sparse

from servicecircle import _values
from servicecircle._checks import check_weights
from servicecircle.errors import InputError
from servicecircle.measures.costs import amounts_of
from servicecircle.reach import ones_of

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from servicecircle.coverage import Coverage

    Floats = np.ndarray

_COUNTED = ("ok", "unsnapped", "island")

# What a yearly appraisal weighs (Quanzhou); it names no weights, so ours are equal
CRITERIA = ("area", "flow", "cooperation", "quality", "effect", "satisfaction")
_SHARED = ("cooperation", "quality", "effect", "satisfaction")


def equity(coverage: Coverage, by: str | gpd.GeoDataFrame) -> pd.DataFrame:
    """Say how evenly districts or groups are covered 公平性.

    Parameters
    ----------
    coverage : Coverage
        As from `measure_coverage`.
    by : str or geopandas.GeoDataFrame
        A column of its demand, or areas, as in ``Coverage.by``.

    Returns
    -------
    pandas.DataFrame
        One row: ``least`` and ``most`` (the smallest and largest share covered, 0–1),
        ``least_at`` and ``most_at`` (the first district with it), and ``gini`` (0 where all
        are covered alike, towards 1 where few have everything; missing where nobody is
        covered). Districts without workers do not count.

    Notes
    -----
    Weighted Gini of the shares x with workers w: ΣΣ w_a w_b |x_a − x_b| / (2 W² x̄), with
    x̄ the weighted mean (Gini 1912; Sen 1973).

    Examples
    --------
    >>> equity(today, "district")[["least_at", "gini"]]  # doctest: +SKIP
    """
    table = coverage.by(by)
    table = table[table["workers"] > 0]
    shares, workers = table["share"].to_numpy(), table["workers"].to_numpy()
    row: dict[str, object] = {"least": np.nan, "least_at": pd.NA, "most": np.nan, "most_at": pd.NA}
    if len(table):
        worst, best = int(shares.argmin()), int(shares.argmax())
        row = {"least": shares[worst], "least_at": table.index[worst]}
        row |= {"most": shares[best], "most_at": table.index[best]}
    return pd.DataFrame([row | {"gini": weighted_gini(shares, workers)}])


def weighted_gini(values: Floats, weights: Floats) -> float:
    """Return the weighted Gini coefficient of values; NaN where their mean is 0."""
    whole, total = float(weights.sum()), float((values * weights).sum())
    if total <= 0:
        return float("nan")
    order = np.argsort(values, kind="stable")
    x, w = values[order], weights[order]
    below = np.cumsum(w) - w
    pairs = 2 * float((x * w * (2 * below + w - whole)).sum())  # ΣΣ w_a w_b |x_a − x_b|
    return max(pairs / (2 * whole * total), 0.0)


def access_ratio(
    coverage: Coverage,
    *,
    capacity: str = "capacity",
    minutes: float | None = None,
    decay: Literal["gaussian"] | None = None,
) -> pd.DataFrame:
    """Set places offered against workers in reach, station by station 供需比.

    Parameters
    ----------
    coverage : Coverage
        As from `measure_coverage`.
    capacity : str
        Column of its facilities with the people served at once. A missing capacity
        offers no places.
    minutes : float, optional
        The cutoff (≤ counts). Default: the coverage's largest.
    decay : {"gaussian"}, optional
        What a worker within the cutoff counts by the walk t: (exp(−t²/2T²) − exp(−½)) /
        (1 − exp(−½)) (Dai 2010). Default: 1, however long the walk.

    Returns
    -------
    pandas.DataFrame
        The demand's index: ``places_per_worker``, 0 where no station is in reach. Its
        ``.attrs["facilities"]`` is a Series of every station's places per worker in its
        reach (NaN where nobody is, or its capacity is missing).

    Raises
    ------
    InputError
        The column is missing or negative, ``minutes`` exceed those of the coverage, or the
        decay is not known.

    Notes
    -----
    Two-step floating catchment area (Luo & Wang 2003): R_j = capacity_j ÷ Σ workers_i f(t_ij);
    A_i = Σ R_j f(t_ij), with f = 1 within reach, or the decay.

    Examples
    --------
    >>> access_ratio(today)["places_per_worker"].median()  # doctest: +SKIP
    """
    frame = coverage.facilities
    if capacity not in frame.columns:
        raise InputError(f"`facilities` has no column {capacity!r}; it has {list(frame.columns)}.")
    offered = _values.numbers(frame[capacity])
    if offered.unreadable.any():
        raise InputError(f"`{capacity}` holds cells that are no number of people.")
    if decay not in (None, "gaussian"):
        raise InputError(f'`decay` must be "gaussian" or None, not {decay!r}.')
    links = _links(coverage, minutes)
    if decay is not None:
        limit = coverage.minutes[-1] if minutes is None else minutes
        links = _bell(coverage.reach.within(limit).minutes, limit)
    workers = links @ _weights(coverage)
    known = np.isfinite(offered.amounts) & (workers > 0)
    ratio = np.full(len(frame), np.nan)
    ratio[known] = offered.amounts[known] / workers[known]
    out = pd.DataFrame(
        {"places_per_worker": links.T @ np.nan_to_num(ratio)}, index=coverage.demand.index
    )
    out.attrs["facilities"] = pd.Series(ratio, index=frame.index, name="places_per_worker")
    return out


def pair_overlap(coverage: Coverage) -> pd.DataFrame:
    """Say which stations serve the same workers 重叠.

    Parameters
    ----------
    coverage : Coverage
        As from `measure_coverage`.

    Returns
    -------
    pandas.DataFrame
        One row per pair of facilities that share workers: ``first``, ``second`` (ids),
        ``shared`` (workers within reach of both) and ``overlap`` (0–1), the largest first.

    Notes
    -----
    ``overlap`` = workers reached by both ÷ by either (Jaccard 1901).

    Examples
    --------
    >>> pair_overlap(today).head()  # doctest: +SKIP
    """
    links, weights = _links(coverage, None), _weights(coverage)
    both = sparse.triu((links * weights) @ links.T, k=1).tocoo()
    some = both.data > 0
    first, second, shared = both.row[some], both.col[some], both.data[some]
    reached = links @ weights
    ids = coverage.facilities.index
    table = pd.DataFrame(
        {
            "first": ids.take(first),
            "second": ids.take(second),
            "shared": shared,
            "overlap": shared / (reached[first] + reached[second] - shared),
        }
    )
    return table.sort_values("overlap", ascending=False, kind="stable", ignore_index=True)


def within_metres(coverage: Coverage, metres: float = 1000.0) -> float:
    """Share of workers whose nearest facility is within so many metres' walk 最后一公里.

    Parameters
    ----------
    coverage : Coverage
        As from `measure_coverage`, with minutes enough for the metres at its speed.
    metres : float
        Along the streets, the way to them included (≤ counts).

    Returns
    -------
    float
        0–1; NaN where there are no workers.

    Raises
    ------
    InputError
        The coverage was not computed that far.

    Examples
    --------
    >>> within_metres(today)  # doctest: +SKIP
    """
    limit = metres / (coverage.speed * 1000 / 60)
    if not 0 < limit <= coverage.minutes[-1]:
        raise InputError(
            f"`metres` is {metres:g}, {limit:.1f} minutes at {coverage.speed:g} km/h, but the "
            f"coverage was computed to {coverage.minutes[-1]:g} minutes."
        )
    weights = _weights(coverage)
    near = coverage.demand["minutes"].to_numpy(dtype=float) <= np.float32(limit)
    return float(weights[near].sum() / weights.sum()) if weights.sum() > 0 else float("nan")


def per_ten_thousand(coverage: Coverage) -> float:
    """Return facilities per 10,000 workers 每万人站点数; NaN where there are no workers.

    Parameters
    ----------
    coverage : Coverage
        As from `measure_coverage`; facilities whose status is not ``ok`` do not count.

    Returns
    -------
    float

    Examples
    --------
    >>> per_ten_thousand(today)  # doctest: +SKIP
    """
    workers = float(_weights(coverage).sum())
    stations = int((coverage.facilities["status"] == "ok").sum())
    return 1e4 * stations / workers if workers > 0 else float("nan")


def annual_review(
    stations: pd.DataFrame,
    *,
    weights: Mapping[str, float] | None = None,
    columns: Mapping[str, str] | None = None,
    missing: str = "reweight",
) -> pd.DataFrame:
    """Score a year's work of every station and rank them 年度考评.

    Parameters
    ----------
    stations : pandas.DataFrame
        One row per station with any of ``area`` (m² provided), ``flow`` (visits),
        ``cooperation``, ``quality``, ``effect``, ``satisfaction`` (0–1, or per cent).
    weights : mapping, optional
        Weight of each criterion, to be changed singly. Default: all the same, as the
        programme that names them (Quanzhou) gives none.
    columns : mapping, optional
        Criterion → column. Default: ``area_m2`` for area, ``visits`` for flow, else the
        criterion's own name.
    missing : {"reweight", "block"}
        A station without a criterion is scored by the others, or not at all.

    Returns
    -------
    pandas.DataFrame
        The stations' index: each criterion (0–1), ``score`` (0–100), ``rank`` (1 is best,
        equal scores share one), ``missing`` (criteria without a figure, as text).
        ``.attrs["weights"]`` holds the weights used, summing to 1.

    Raises
    ------
    InputError
        A weight is negative, of an unknown criterion, or all are 0.

    Notes
    -----
    Area and flow are shares of the largest of the table; the score is the weighted mean of
    the criteria that are known × 100.

    Examples
    --------
    >>> table = pd.DataFrame({"satisfaction": [0.9, 0.6], "visits": [500, 1000]})
    >>> annual_review(table)["score"].tolist()
    [70.0, 80.0]
    """
    if missing not in {"reweight", "block"}:
        raise InputError(f'`missing` must be "reweight" or "block", not {missing!r}.')
    parts = _review_weights(weights)
    named = {"area": "area_m2", "flow": "visits", **(columns or {})}
    marks = pd.DataFrame(
        {name: _criterion(stations, name, named.get(name, name)) for name in CRITERIA},
        index=stations.index,
    )
    asked = [name for name in CRITERIA if marks[name].notna().any() and parts[name] > 0]
    if missing == "block":
        asked = [name for name in CRITERIA if parts[name] > 0]
    weight = pd.Series(parts)[asked]
    known = marks[asked].notna()
    whole = (known * weight).sum(axis=1)
    score = 100 * (marks[asked].fillna(0.0) * weight).sum(axis=1) / whole.where(whole > 0)
    if missing == "block":
        score = score.where(known.all(axis=1))
    out = marks.assign(score=score, rank=score.rank(ascending=False, method="min").astype("Int64"))
    lacking = [", ".join(name for name in asked if not row[name]) for _, row in known.iterrows()]
    out["missing"] = pd.Series(lacking, index=out.index, dtype="str")
    out.attrs["weights"] = (weight / weight.sum()).to_dict() if len(weight) else {}
    return out


def _weights(coverage: Coverage) -> Floats:
    """Weights that count, as in the coverage's own sums."""
    counted = coverage.demand["status"].isin(_COUNTED).to_numpy()
    weights = check_weights(coverage.demand, coverage.weight, "demand")
    return np.where(counted, weights, 0.0)


def _bell(table: sparse.csr_array, limit: float) -> sparse.csr_array:
    """Weigh every walk along a bell from 1 at the door to 0 at the cutoff."""
    flat = np.exp(-0.5)
    walks = table.data.astype(float) / limit if limit > 0 else np.zeros(table.nnz)
    worth = (np.exp(-(walks**2) / 2) - flat) / (1 - flat)
    return sparse.csr_array((worth, table.indices, table.indptr), shape=table.shape)


def _links(coverage: Coverage, minutes: float | None) -> sparse.csr_array:
    """Ones where a demand point is within reach of a facility."""
    table = coverage.reach.within(coverage.minutes[-1] if minutes is None else minutes).minutes
    return ones_of(table)


def _criterion(stations: pd.DataFrame, name: str, column: str) -> Floats:
    """Bring one criterion to 0–1: a share as it stands, an amount against the largest."""
    if name in _SHARED:
        if column not in stations.columns:
            return np.full(len(stations), np.nan)
        return _values.shares(stations[column]).amounts
    amounts = amounts_of(stations, column)
    most = np.nanmax(amounts, initial=0.0)
    return amounts / most if most > 0 else amounts


def _review_weights(weights: Mapping[str, float] | None) -> dict[str, float]:
    unknown = sorted(set(weights or {}) - set(CRITERIA))
    if unknown:
        raise InputError(f"`weights` has unknown criteria {unknown}; known are {list(CRITERIA)}.")
    parts = dict.fromkeys(CRITERIA, 1.0) | dict(weights or {})
    if not all(np.isfinite(value) and value >= 0 for value in parts.values()) or not any(
        parts.values()
    ):
        raise InputError(f"`weights` must be finite, not negative, not all 0; got {weights}.")
    return parts
