"""What the result would be if people walk slower or faster, or a station is lost."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING

import pandas as pd

from servicecircle.coverage import measure_coverage
from servicecircle.errors import UnsnappedWarning
from servicecircle.standards import place_names

if TYPE_CHECKING:
    from servicecircle.coverage import Coverage

WALKING = (4.0, 4.5, 5.0)  # km/h
RIDING = (0.9, 1.0, 1.1)  # times the speed of the result
COMPUTED = ("facility", "minutes", "band", "covered", "facilities_within")


def speeds_of(coverage: Coverage) -> tuple[float, ...]:
    """Return the speeds to look at: the usual ones on foot, a tenth around that of riders."""
    walks = coverage.network is None or coverage.network.mode == "walk"
    around = WALKING if walks else [coverage.speed * part for part in RIDING]
    return tuple(sorted({coverage.speed, *around}))


def by_speed(today: Coverage, planned: Coverage | None) -> pd.DataFrame:
    """Return the coverage at several speeds: one row per speed and cutoff; none without streets.

    Columns ``speed``, ``minutes``, and ``covered`` and ``share``, or both of them before and
    after the plan.
    """
    rows = []
    for speed in speeds_of(today) if today.network is not None else ():
        before = _again(today, speed)
        after = before if planned is None else _again(planned, speed)
        for minutes in today.minutes:
            old, new = before.loc[minutes], after.loc[minutes]
            row: dict[str, object] = {"speed": speed, "minutes": minutes}
            if planned is None:
                row |= {"covered": old["covered"], "share": old["share"]}
            else:
                row |= {
                    "covered_before": old["covered"],
                    "share_before": old["share"],
                    "covered_after": new["covered"],
                    "share_after": new["share"],
                }
            rows.append(row)
    return pd.DataFrame(rows)


def _again(coverage: Coverage, speed: float) -> pd.DataFrame:
    """Measure a coverage at another speed."""
    if speed == coverage.speed or coverage.network is None:
        return coverage.summary()
    with warnings.catch_warnings():
        warnings.simplefilter("ignore", UnsnappedWarning)  # said when the result was made
        again = measure_coverage(
            coverage.network,
            coverage.facilities,
            coverage.demand.drop(columns=[name for name in COMPUTED if name in coverage.demand]),
            minutes=coverage.minutes,
            speed=speed,
            weight=coverage.weight,
            at=coverage.at,
        )
    return again.summary()


def if_lost(coverage: Coverage, new: pd.Index) -> pd.DataFrame:
    """Return what is lost if one station or site closes, the largest loss first.

    Columns ``id``, ``name``, ``new`` (whether it is a site of the plan), ``lost`` (workers
    covered by it alone), ``covered_then`` and ``share_then`` (of all workers, without it).
    """
    last = coverage.summary().iloc[-1]
    open_ones = coverage.facilities[coverage.facilities["status"] == "ok"]
    rows = pd.DataFrame(index=open_ones.index)
    rows["name"] = place_names(open_ones)
    rows["new"] = open_ones.index.isin(new)
    rows["lost"] = open_ones["workers_alone"]
    rows["covered_then"] = last["covered"] - rows["lost"]
    rows["share_then"] = rows["covered_then"] / last["workers"] if last["workers"] else float("nan")
    rows = rows.sort_values("lost", ascending=False, kind="stable")
    return rows.rename_axis("id").reset_index()
