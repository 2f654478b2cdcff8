"""Staged opening 分年开设: which sites of a plan open in which year."""

from __future__ import annotations

import math
import warnings
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from servicecircle._checks import name_some
from servicecircle._said import say
from servicecircle._sentences import count_text, percent_text
from servicecircle.errors import InputError, ModelError, ModelWarning
from servicecircle.scores import COUNTED, LANGUAGES
from servicecircle.siting import what_if
from servicecircle.siting._frames import IN_THE_PLAN

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from servicecircle.coverage import Coverage
    from servicecircle.siting import SitePlan

_OPENS = {"en": " Opens in {}.", "zh": "{} 年开设。"}


@dataclass(frozen=True, repr=False)
class YearlyPlan:
    """A plan whose sites open over several years.

    Attributes
    ----------
    plan : SitePlan
        The plan they come from.
    sites : geopandas.GeoDataFrame
        The plan's sites in the order in which they open, and ``year`` (missing for those
        for which no year has room, which come last); ``order``, ``gain``,
        ``covered_after``, ``share_after`` and the reasons are those of this order.
    years : pandas.DataFrame
        Indexed by ``year``: ``opened`` (sites in that year), ``open_sites`` (new sites by
        its end), ``cost`` (where known), ``gain``, ``covered`` and ``share`` (of all
        workers, by its end).
    """

    plan: SitePlan
    sites: gpd.GeoDataFrame
    years: pd.DataFrame

    def coverage(self, year: int) -> Coverage:
        """Return the coverage at the end of a year, for maps, districts and groups.

        Raises
        ------
        InputError
            The year is not one of the plan's.
        """
        if year not in self.years.index:
            raise InputError(f"`year` must be one of {self.years.index.tolist()}; got {year!r}.")
        later = self.sites["year"].isna() | (self.sites["year"] > year)
        return what_if(self.plan, without=self.sites.index[later])

    def summary(self) -> pd.DataFrame:
        """Return ``years``."""
        return self.years

    def __repr__(self) -> str:
        last = self.years.iloc[-1]
        return (
            f"<YearlyPlan: {last['open_sites']:.0f} new sites in {len(self.years)} years lift "
            f"coverage from {percent_text(self.plan.today.share)} to {percent_text(last['share'])}>"
        )

    def _repr_html_(self) -> str:
        shown = ["year", "order", "gain", "share_after", "reason_zh", "reason_en"]
        table = self.sites[[name for name in ("name", *shown) if name in self.sites.columns]]
        return f"{self.years.to_html()}{pd.DataFrame(table).to_html()}"


def open_by_year(
    plan: SitePlan,
    *,
    n_open: Mapping[int, int] | None = None,
    budget: Mapping[int, float] | None = None,
) -> YearlyPlan:
    """Spread the sites of a plan over years, in its opening order.

    Each year opens the next sites of the order while its number and its budget allow; a site
    that costs more than what is left waits for the next year, and cheaper ones after it go
    first. What a year leaves over is not carried on.

    Parameters
    ----------
    plan : SitePlan
        From `choose_sites`. Stations that it closes are closed from the first year on.
    n_open : mapping, optional
        Sites a year at most: ``{2026: 4, 2027: 8}``.
    budget : mapping, optional
        What sites may cost in each year: ``{2026: 300_000, 2027: 500_000}``, in the plan's
        column of costs. Sites without a valid cost stay closed. What closing or upgrading
        stations costs is not counted.

    Returns
    -------
    YearlyPlan

    Raises
    ------
    InputError
        Neither is given, a year or number is wrong, both name different years, or the
        sites have no costs.
    ModelError
        The plan is infeasible.

    Warns
    -----
    ModelWarning
        Sites of the plan for which no year has room.

    Examples
    --------
    >>> staged = open_by_year(plan, n_open={2026: 4, 2027: 8})  # doctest: +SKIP
    >>> map_coverage(staged.coverage(2027), before=staged.coverage(2026))  # doctest: +SKIP
    """
    if plan.status == "infeasible":
        raise ModelError("The plan is infeasible, so no sites open; see `plan.conflicts`.")
    limits = _limits(n_open, budget)
    cost = _costs(plan, needed=budget is not None)
    year = _years_of(cost, limits)
    opened = np.argsort(year, kind="stable")
    never = plan.sites.index[np.isinf(year)]
    if len(never):
        said = say(
            "{n} of {every} sites of the plan find no room in any year: {some}.",
            "方案的 {every} 个站点中有 {n} 个在各年度内都排不下：{some}。",
            n=len(never),
            every=len(plan.sites),
            some=name_some(never),
        )
        warnings.warn(said, ModelWarning, stacklevel=2)
    sites = _sites(plan, opened, year)
    return YearlyPlan(plan, sites, _table(plan, sites, cost, list(limits)))


def _limits(
    n_open: Mapping[int, int] | None, budget: Mapping[int, float] | None
) -> dict[int, tuple[float, float]]:
    """Check what each year allows; return number and money by year, in order."""
    if n_open is None and budget is None:
        raise InputError("Give `n_open={2026: 4, 2027: 8}`, `budget=` by year, or both.")
    years = list(n_open if n_open is not None else budget or {})
    wrong = [one for one in years if isinstance(one, bool) or not isinstance(one, int | np.integer)]
    if wrong or not years:
        raise InputError(f"Years must be whole numbers such as 2026; got {wrong or years}.")
    if n_open is not None and budget is not None and set(years) != set(budget):
        raise InputError(f"`n_open` and `budget` name different years: {years}, {list(budget)}.")
    for name, given in (("n_open", n_open), ("budget", budget)):
        for year, most in (given or {}).items():
            number = isinstance(most, int | float | np.number) and math.isfinite(most)
            if not number or most < 0 or (name == "n_open" and most % 1):
                raise InputError(f"`{name}[{year}]` must be a number from 0; got {most!r}.")
    return {
        year: ((n_open or {}).get(year, math.inf), (budget or {}).get(year, math.inf))
        for year in sorted(years)
    }


def _costs(plan: SitePlan, *, needed: bool) -> np.ndarray:
    """Return what each site costs; NaN where that is not known."""
    column = str(plan.parameters["cost"])
    if column not in plan.sites.columns:
        if needed:
            raise InputError(f"`plan.sites` has no column {column!r}, so no budget can be kept.")
        return np.full(len(plan.sites), np.nan)
    cost = pd.to_numeric(plan.sites[column], errors="coerce")
    return cost.where(cost >= 0).to_numpy(dtype=float, na_value=np.nan)


def _years_of(cost: np.ndarray, limits: dict[int, tuple[float, float]]) -> np.ndarray:
    """Give every site a year, infinite for never."""
    year = np.full(len(cost), np.inf)
    for this, (number, money) in limits.items():
        opened, spent = 0, 0.0
        for site in np.flatnonzero(np.isinf(year)):
            price = 0.0 if math.isinf(money) else cost[site]
            if opened < number and spent + price <= money:
                year[site] = this
                opened, spent = opened + 1, spent + price
    return year


def _sites(plan: SitePlan, opened: np.ndarray, year: np.ndarray) -> gpd.GeoDataFrame:
    """Put the sites into the order of their years, with what each adds then."""
    sites = plan.sites.iloc[opened].copy()
    some = np.isfinite(year[opened])
    sites["year"] = pd.array(np.where(some, year[opened], np.nan), dtype="Int64")
    sites["order"] = pd.array(np.where(some, np.arange(1, len(sites) + 1), np.nan), dtype="Int64")
    base, gain, total = _gains(plan, sites.index[some])
    covered = base + np.cumsum(gain)
    share = covered / total if total > 0 else np.full(len(covered), np.nan)
    for name, values in (("gain", gain), ("covered_after", covered), ("share_after", share)):
        sites[name] = np.concatenate([values, np.full(int((~some).sum()), np.nan)])
    for language in LANGUAGES:
        sites[f"reason_{language}"] = _reasons(plan, sites, language)
    return sites


def _gains(plan: SitePlan, ids: pd.Index) -> tuple[float, np.ndarray, float]:
    """Return workers covered without any site, what each site adds in turn, and all workers."""
    start = what_if(plan, without=plan.sites.index)
    people = start.demand
    counted = people["status"].isin(COUNTED).to_numpy()
    workers = np.where(counted, people[start.weight].to_numpy(dtype=float, na_value=0.0), 0.0)
    covered = people["covered"].to_numpy(dtype=bool, copy=True)
    base, gains = float(workers[covered].sum()), np.zeros(len(ids))
    near = plan.reach.within(start.minutes[-1]).select(ids, people.index).minutes
    for row in range(len(ids)):
        new = near.indices[near.indptr[row] : near.indptr[row + 1]]
        gains[row] = workers[new[~covered[new]]].sum()
        covered[new] = True
    return base, gains, float(workers.sum())


def _reasons(plan: SitePlan, sites: gpd.GeoDataFrame, language: str) -> list[str]:
    """Put the figures of this order in place of the plan's, and say the year."""
    planned = plan.sites.loc[sites.index]
    before, now = _told(planned, language), _told(sites, language)
    opens = ["" if pd.isna(year) else _OPENS[language].format(year) for year in sites["year"].array]
    rows = zip(planned[f"reason_{language}"], before, now, opens, strict=True)
    return [reason.replace(old, new if year else "") + year for reason, old, new, year in rows]


def _told(sites: gpd.GeoDataFrame, language: str) -> list[str]:
    figures = zip(*(sites[name] for name in ("order", "gain", "share_after", "loss")), strict=True)
    return [
        IN_THE_PLAN[language].format(k, count_text(gain), percent_text(share), count_text(loss))
        for k, gain, share, loss in figures
    ]


def _table(
    plan: SitePlan, sites: gpd.GeoDataFrame, cost: np.ndarray, years: list[int]
) -> pd.DataFrame:
    """Sum up each year."""
    costs = pd.Series(cost, index=plan.sites.index).reindex(sites.index)
    by_year = sites["year"].astype("Float64").astype(float)
    base, _, total = _gains(plan, sites.index[:0])
    rows = []
    for year in years:
        mine = (by_year == year).to_numpy()
        by_now = (by_year <= year).to_numpy()
        covered = base + float(sites.loc[by_now, "gain"].sum())
        rows.append(
            {
                "opened": int(mine.sum()),
                "open_sites": int(by_now.sum()),
                "cost": costs[mine].sum(min_count=1) if mine.any() else 0.0,
                "gain": float(sites.loc[mine, "gain"].sum()),
                "covered": covered,
                "share": covered / total if total > 0 else math.nan,
            }
        )
    return pd.DataFrame(rows, index=pd.Index(years, name="year"))
