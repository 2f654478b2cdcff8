"""TourPlan: which vehicle stops where and when, and how good that is."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import pandas as pd

from servicecircle._sentences import count_text, percent_text
from servicecircle.standards.labels import place_names

if TYPE_CHECKING:
    import geopandas as gpd

    from servicecircle.mobile._solve import Status


@dataclass(frozen=True, repr=False)
class TourPlan:
    """Which vehicle stops at which site on which day.

    Attributes
    ----------
    stops : geopandas.GeoDataFrame
        One row per stop in order of time, in the CRS of the sites: ``vehicle`` (1, 2, …),
        ``day``, ``arrive``, ``leave`` (of that day), ``site`` (id), ``name`` where the sites
        have names, ``workers``, ``visit`` (1 at the first stop there), ``driving`` (minutes
        from the depot or the stop before), ``cumulative`` (workers served by then).
    sites : geopandas.GeoDataFrame
        The caller's rows and ``stops`` (how many), ``first_stop`` (day, missing if none)
        and ``status``.
    unserved : geopandas.GeoDataFrame
        The sites without a stop, and why: ``reason`` (``"no_workers"``, ``"not_open"`` on
        any of the days, ``"too_far"`` for one day, ``"no_time"`` left by sites with more
        workers, or a status that is not ``ok``), ``reason_en``, ``reason_zh``.
    depot : geopandas.GeoDataFrame or None
        Where vehicles stay overnight.
    days : pandas.DatetimeIndex
        The days of the tour.
    value, bound : float
        Workers at the sites that are served, and the most that any tour could serve.
    optimality_gap : float
        ``(bound − value) / value``; 0 if proved.
    status : {"proved", "gap", "time_limit"}
        "proved": no tour serves more workers. "gap": not every possible day was tried,
        because there are too many; "time_limit": the search was stopped. ``bound`` holds
        in either case.
    seconds : float
        Time taken.
    parameters : dict
        What was asked for.
    """

    stops: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    unserved: gpd.GeoDataFrame
    depot: gpd.GeoDataFrame | None
    days: pd.DatetimeIndex
    value: float
    bound: float
    optimality_gap: float
    status: Status
    seconds: float
    parameters: dict[str, object]

    def summary(self) -> pd.DataFrame:
        """Return one row: the tour in figures.

        Returns
        -------
        pandas.DataFrame
            ``sites``, ``served_sites``, ``workers`` (at all sites with status ``ok``),
            ``served``, ``share``, ``stops``, ``worker_visits`` (workers, once for each
            stop), ``vehicle_days`` (days on which a vehicle is out, added up),
            ``driving_hours`` (without the way back to the depot), ``status``, ``value``,
            ``bound``, ``optimality_gap``, ``seconds``.
        """
        placed = self.sites[self.sites["status"] == "ok"]
        workers = float(placed[str(self.parameters["weight"])].sum())
        row = {
            "sites": len(self.sites),
            "served_sites": int((self.sites["stops"] > 0).sum()),
            "workers": workers,
            "served": self.value,
            "share": self.value / workers if workers > 0 else float("nan"),
            "stops": len(self.stops),
            "worker_visits": float(self.stops["workers"].sum()),
            "vehicle_days": len(self.stops[["vehicle", "day"]].drop_duplicates()),
            "driving_hours": float(self.stops["driving"].sum()) / 60,
            "status": self.status,
            "value": self.value,
            "bound": self.bound,
            "optimality_gap": self.optimality_gap,
            "seconds": self.seconds,
        }
        return pd.DataFrame([row])

    def timetable(self) -> pd.DataFrame:
        """Return the schedule to hang on the wall: days × vehicles.

        Returns
        -------
        pandas.DataFrame
            Indexed by ``day``, every day of the tour; one column per vehicle (1, 2, …) with
            lines such as ``08:00–11:00 站东工地``; empty where it does not go out.
        """
        names = place_names(self.stops.set_index("site"))
        lines = [
            f"{stop.arrive:%H:%M}–{stop.leave:%H:%M} {name}"
            for stop, name in zip(self.stops.itertuples(), names, strict=True)
        ]
        cells = pd.Series(lines, index=self.stops.index, dtype=object)
        cells = cells.groupby([self.stops["day"], self.stops["vehicle"]]).agg("\n".join)
        vehicles = pd.RangeIndex(1, int(str(self.parameters["vehicles"])) + 1, name="vehicle")
        everything = pd.MultiIndex.from_product([self.days, vehicles], names=["day", "vehicle"])
        return cells.reindex(everything).astype(object).fillna("").unstack()  # noqa: PD010

    def __repr__(self) -> str:
        row = self.summary().iloc[0]
        proof = (
            "proved best"
            if self.status == "proved"
            else f"at most {count_text(self.bound)} possible"
        )
        return (
            f"<TourPlan: {row['stops']} stops at {row['served_sites']} of {row['sites']} sites "
            f"serve {percent_text(row['share'])} of {count_text(row['workers'])} workers; {proof}>"
        )

    def _repr_html_(self) -> str:
        table = self.timetable().to_html().replace("\\n", "<br>")
        return f"{self.summary().to_html(index=False)}{table}"
