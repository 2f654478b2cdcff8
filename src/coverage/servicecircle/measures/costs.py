"""What homes and plans cost, in cash and in kind, beside a published figure.

Where a denominator is zero the figure is missing, never 0 or 100 %.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, cast

import numpy as np
import pandas as pd

from servicecircle import _values
from servicecircle.errors import InputError
from servicecircle.siting.compare import station_costs
from servicecircle.standards import standard
from servicecircle.standards.words import as_keys

if TYPE_CHECKING:
    from servicecircle.siting import SitePlan


def home_figures(homes: pd.DataFrame, *, by: str | None = "setting") -> pd.DataFrame:
    """Say what homes cost and how they are used, by setting, beside a published figure.

    Parameters
    ----------
    homes : pandas.DataFrame
        A table as from `read_sites`, with ``cost`` (yuan), ``visits`` and, where known,
        ``own_funds`` and ``other_funds`` (yuan).
    by : str, optional
        A column to group by; the words of ``setting``, ``station_type``, ``model`` and
        ``station_class`` are brought to their keys. Default: ``"setting"`` where there is
        one; None for all together.

    Returns
    -------
    pandas.DataFrame
        One row per value, then ``all`` and ``Xiamen 2020``: ``homes``, ``cost``,
        ``visits``, ``cost_per_home``, ``cost_per_visit`` (yuan), ``visits_per_home``,
        ``leverage`` (other ÷ own funds), ``cost_missing``, ``visits_missing`` (homes).
        Averages are over the homes that state both figures.

    Notes
    -----
    Xiamen to December 2020: 100 homes, 22.6 million yuan, 550,000 visits, so 226,000 yuan a
    home and 41.1 a visit.

    Examples
    --------
    >>> home_figures(homes)[["cost_per_visit", "visits_missing"]]  # doctest: +SKIP
    """
    amounts = pd.DataFrame(
        {name: amounts_of(homes, name) for name in ("cost", "visits", "own_funds", "other_funds")},
        index=homes.index,
    )
    rows: dict[object, dict[str, float]] = {}
    if by is not None and by in homes.columns:
        groups = amounts.groupby(as_keys(homes[by], by).to_numpy(), dropna=False)
        rows |= {name: _figures(part) for name, part in groups}
    elif by not in {None, "setting"}:
        raise InputError(f"`homes` has no column {by!r}; it has {list(homes.columns)}.")
    rows["all"] = _figures(amounts)
    text = standard("xiamen").facts.set_index("key")["value"]
    published = pd.DataFrame({"cost": [text["money"]], "visits": [text["visits"]]})
    rows["Xiamen 2020"] = _figures(published) | {
        "homes": text["homes"],
        "cost_per_home": text["money"] / text["homes"],
        "visits_per_home": text["visits"] / text["homes"],
    }
    return pd.DataFrame(rows).T.rename_axis(by or "homes")


def plan_costs(plan: SitePlan) -> pd.DataFrame:
    """Say what a plan costs in cash and in kind, beside its budget 现金与实物投入.

    Parameters
    ----------
    plan : SitePlan
        As from `choose_sites`, of candidates with the plan's column of costs (yuan) and,
        where known, ``in_kind_value`` (yuan) and ``in_kind_area_m2`` (m² free of charge).

    Returns
    -------
    pandas.DataFrame
        One row: ``cost`` (cash of new sites, closings and upgrades), ``cost_missing``
        (sites that state none), ``in_kind_value``, ``in_kind_area_m2``, ``free_sites``
        (sites that cost nothing in cash), ``budget``, ``left`` (of the budget),
        ``newly_covered`` (workers) and ``cost_per_worker`` (missing where nobody is new, 0
        where all is in kind). Amounts of which no site says anything are missing.

    Examples
    --------
    >>> plan_costs(plan)[["cost", "in_kind_area_m2"]]  # doctest: +SKIP
    """
    sites, asked = plan.sites, plan.parameters
    amounts = {
        name: pd.Series(amounts_of(sites, column), dtype=float)
        for name, column in (
            ("cost", str(asked["cost"])),
            ("in_kind_value", "in_kind_value"),
            ("in_kind_area_m2", "in_kind_area_m2"),
        )
    }
    cost = amounts["cost"].sum(min_count=1) + sum(station_costs(plan))
    new = float(sites["gain"].sum())
    budget = cast("float | None", asked["budget"])
    return pd.DataFrame(
        {
            "cost": [cost],
            "cost_missing": [int(amounts["cost"].isna().sum())],
            "in_kind_value": [amounts["in_kind_value"].sum(min_count=1)],
            "in_kind_area_m2": [amounts["in_kind_area_m2"].sum(min_count=1)],
            "free_sites": [int((amounts["cost"] == 0).sum())],
            "budget": [np.nan if budget is None else budget],
            "left": [np.nan if budget is None else budget - cost],
            "newly_covered": [new],
            "cost_per_worker": [_ratio(float(cost), new)],
        }
    )


def amounts_of(frame: pd.DataFrame, name: str) -> np.ndarray:
    """Return the numbers of a column; all missing where there is none."""
    if name not in frame.columns:
        return np.full(len(frame), np.nan)
    return _values.numbers(frame[name]).amounts


def _figures(part: pd.DataFrame) -> dict[str, float]:
    cost, visits = part["cost"], part["visits"]
    paired = cost.notna() & visits.notna()
    funds = part.reindex(columns=["own_funds", "other_funds"]).dropna()
    return {
        "homes": len(part),
        "cost": cost.sum(min_count=1),
        "visits": visits.sum(min_count=1),
        "cost_per_home": cost.mean(),
        "cost_per_visit": _ratio(cost[paired].sum(), visits[paired].sum()),
        "visits_per_home": visits.mean(),
        "leverage": _ratio(funds["other_funds"].sum(), funds["own_funds"].sum()),
        "cost_missing": int(cost.isna().sum()),
        "visits_missing": int(visits.isna().sum()),
    }


def _ratio(part: float, whole: float) -> float:
    return float(part / whole) if whole > 0 else float("nan")
