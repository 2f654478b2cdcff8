"""SitePlan: the sites to open, in order, and how good that is."""

from __future__ import annotations

import math
from dataclasses import dataclass
from typing import TYPE_CHECKING, Literal

import pandas as pd

from servicecircle._notebook import with_map
from servicecircle._sentences import count_text, percent_text

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping

    import geopandas as gpd

    from servicecircle.coverage import Coverage
    from servicecircle.networks import WalkNetwork
    from servicecircle.reach import Reach

Status = Literal["proved", "gap", "time_limit", "infeasible"]


@dataclass(frozen=True)
class Asked:
    """What a plan was asked for; the names are those of `choose_sites`."""

    aim: str | tuple[str, str]
    n_open: int | None
    required: tuple[object, ...]
    forbidden: tuple[object, ...]
    minutes: tuple[float, ...]
    speed: float
    weight: str
    time_limit: float
    gap: float
    seed: int
    decay: str | tuple[float, ...] | None = None
    group_weights: Mapping[object, float] | None = None
    budget: float | None = None
    cost: str = "cost"
    at_least: Mapping[str, int | Mapping[object, int]] | None = None
    at_most: Mapping[str, int | Mapping[object, int]] | None = None
    count_existing: bool = True
    min_spacing: float | None = None
    min_spacing_minutes: float | None = None
    exclusive: str | Iterable[Iterable[object]] | None = None
    floor: Mapping[str, float | Mapping[object, float]] | None = None
    max_minutes: float | None = None
    share: float | None = None
    backup: bool = False
    capacity: str | None = None
    split: bool = True
    closable: str | Iterable[object] = ()
    closing_cost: str = "closing_cost"
    upgradable: str | None = None
    upgrade_cost: str = "upgrade_cost"
    prefer: str | Iterable[object] = ()
    fair_by: str | None = None

    @property
    def aims(self) -> tuple[str, ...]:
        """The aims in turn; the fairest plan is the one of these that covers most."""
        aims = (self.aim,) if isinstance(self.aim, str) else tuple(self.aim)
        return ("fairest", "most_covered") if aims == ("fairest",) else aims

    @property
    def need(self) -> int:
        """How many places a covered worker has within the cutoff."""
        return 2 if self.backup else 1

    @property
    def one_room_counts(self) -> bool:
        """Whether somebody who has room at one place only, of two, walks less for it."""
        rooms = self.capacity is not None and self.backup
        return rooms and "least_walking" in self.aims and self.decay is None


@dataclass(frozen=True, repr=False)
class SitePlan:
    """Which sites to open, in which order, and how far from the best that can be.

    Attributes
    ----------
    sites : geopandas.GeoDataFrame
        The chosen candidates' rows in opening order (largest further gain first) and
        ``order`` (1, 2, …), ``gain`` (workers newly covered when it opens),
        ``covered_after``, ``share_after`` (of all workers, with today's stations),
        ``reason_en``, ``reason_zh``; ``loss`` (workers covered by it alone: lost if it
        closes), ``cost_per_worker`` (per worker gained, where costs are known),
        ``runner_up`` (the candidate within 200 m that could best stand in) and
        ``runner_up_loss`` (workers lost by that change; negative if it covers more),
        ``needed_for`` (rules that would be broken without it: ``"required"``,
        ``"district = 鼓楼区 ≥ 1"``; missing where none would);
        with ``capacity`` ``served`` (workers who are sent there; with ``backup`` everybody
        counts at two places).
    candidates : geopandas.GeoDataFrame
        All candidates as :func:`servicecircle.score_sites` gives them, and ``order``
        (missing if not chosen) and ``gain_after`` (what it would add once the plan is open).
    existing : geopandas.GeoDataFrame
        Today's stations; with ``closable`` or ``upgradable`` also ``action``: ``"stays"``,
        ``"closes"`` or ``"upgraded"``, and with ``capacity`` also ``served``.
    today, coverage : Coverage
        Before the plan, and with it.
    status : {"proved", "gap", "time_limit", "infeasible"}
        "proved": no plan under these rules is better. "gap": within the optimality gap
        that was asked for. "time_limit": the search was stopped; ``bound`` says how much
        better a plan could be at most. "infeasible": the rules exclude each other.
    value, bound : float
        In the unit of the aim; NaN if infeasible. ``most_covered``: workers covered (twice,
        with ``backup``; served, with ``capacity``) by today's stations and the plan
        together, and the most that any plan could cover. ``fewest_sites``: new sites, and
        the fewest possible. ``least_walking``: worker-minutes to the nearest (the mean of
        the two nearest, with ``backup``), where nobody within the cutoff counts the cutoff.
        ``shortest_worst``: minutes of the longest walk (to the second, with ``backup``).
        ``fairest``: the smallest share of any group.
    optimality_gap : float
        ``|bound − value| / |value|``; 0 if proved.
    aims : pandas.DataFrame
        One row per aim in turn, ``"prefer"`` last: ``value``, ``bound``,
        ``optimality_gap``, ``status``. ``value`` and ``status`` above are those of the first.
    seconds : float
        Time taken.
    curve : pandas.DataFrame
        Indexed by number of new sites from 0: ``site``, ``covered``, ``share``, ``knee``
        (true where the curve bends most: beyond it sites add less than on average). Row 0
        is what stays open of today's stations.
    conflicts : pandas.DataFrame
        ``rule`` (the keyword; ``rule_en``, ``rule_zh``: in words), ``ids`` (a tuple),
        ``reason_en``, ``reason_zh``, ``mend_en``, ``mend_zh``: rules that exclude each
        other, and the smallest change found that mends it (all rows together); demand out
        of everyone's reach.
    parameters : dict
        What was asked for: aim, minutes, speed, n_open, seed and so on.
    reach : Reach
        Walking minutes of all candidates and stations behind the figures.
    network : WalkNetwork or None
        The streets, if the plan was made from them.
    """

    sites: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame
    existing: gpd.GeoDataFrame
    today: Coverage
    coverage: Coverage
    status: Status
    value: float
    bound: float
    optimality_gap: float
    seconds: float
    curve: pd.DataFrame
    conflicts: pd.DataFrame
    parameters: dict[str, object]
    reach: Reach
    aims: pd.DataFrame
    network: WalkNetwork | None = None

    @property
    def kept(self) -> gpd.GeoDataFrame:
        """Today's stations that stay open."""
        if "action" not in self.existing.columns:
            return self.existing
        return self.existing[self.existing["action"] != "closes"]

    @property
    def demand(self) -> gpd.GeoDataFrame:
        """The caller's demand with the plan open: as in ``Coverage.demand``."""
        return self.coverage.demand

    @property
    def served(self) -> float | None:
        """Workers who have room, with ``capacity`` (at each of two places, with ``backup``)."""
        if "served" not in self.sites.columns:
            return None
        return float(self.sites["served"].sum() + self.existing["served"].sum())

    def summary(self) -> pd.DataFrame:
        """Return one row: the plan in figures.

        Returns
        -------
        pandas.DataFrame
            ``sites``, ``workers`` (all), ``covered_today``, ``covered``, ``share_today``,
            ``share``, with ``capacity`` ``served`` (see the property), ``status``, ``value``,
            ``bound``, ``optimality_gap``, ``seconds``.
        """
        before, after = (one.summary().iloc[-1] for one in (self.today, self.coverage))
        table = pd.DataFrame(
            {
                "sites": [len(self.sites)],
                "workers": [float(after["workers"])],
                "covered_today": [before["covered"]],
                "covered": [after["covered"]],
                "share_today": [before["share"]],
                "share": [after["share"]],
                "status": [self.status],
                "value": [self.value],
                "bound": [self.bound],
                "optimality_gap": [self.optimality_gap],
                "seconds": [self.seconds],
            }
        )
        if self.served is not None:
            table.insert(list(table.columns).index("status"), "served", self.served)
        return table

    def __repr__(self) -> str:
        before, after = self.today.share, self.coverage.share
        closed = len(self.existing) - len(self.kept)
        closing = f" ({closed} close)" if closed else ""
        room = "" if self.served is None else f", serving {count_text(self.served)} workers"
        room += " (each at two places)" if room and self.parameters["backup"] else ""
        return (
            f"<SitePlan: {len(self.sites)} new sites{closing} lift coverage within "
            f"{self.coverage.minutes[-1]:g} minutes from {percent_text(before)} to "
            f"{percent_text(after)}{room}; {self._proof()}>"
        )

    def _proof(self) -> str:
        if self.status in ("proved", "infeasible"):
            return "proved best" if self.status == "proved" else "infeasible"
        if self.parameters["aim"] == "most_covered" and self.parameters["decay"] is None:
            return f"at most {count_text(self.bound)} possible ({self.optimality_gap:.2%} more)"
        return f"value {self.value:,.6g}, bound {self.bound:,.6g} ({self.optimality_gap:.2%})"

    def _repr_html_(self) -> str:
        shown = ["order", "gain", "covered_after", "share_after", "reason_zh", "reason_en"]
        table = self.sites[[name for name in ("name", *shown) if name in self.sites.columns]]
        tables = f"{self.summary().to_html(index=False)}{pd.DataFrame(table).to_html()}"
        return with_map(self, tables, "map_plan")


def gap_between(value: float, bound: float) -> float:
    """Return ``|bound − value| / |value|``: 0 where they meet, infinite over nothing."""
    if value == bound or math.isnan(value):
        return 0.0 if value == bound else math.nan
    return abs(bound - value) / abs(value) if value else math.inf
