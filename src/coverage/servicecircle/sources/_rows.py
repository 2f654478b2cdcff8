"""What every estimate of workers returns: points with workers, group, source, year, status."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd

from servicecircle._said import Said, join, say
from servicecircle._vocabulary import read_vocabulary
from servicecircle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    from numpy.typing import NDArray

COUNTS = {
    "floor area": "建筑面积",
    "places": "场所",
    "street length": "街道长度",
    "residents": "居民",
    "workers": "职工",
}
COLUMNS = ("workers", "group", "counts", "source", "year", "status", "reason")


def demand_rows(
    table: pd.DataFrame,
    points: Any,
    *,
    counts: str,
    source: str,
    year: int | None,
    notes: Sequence[str],
) -> gpd.GeoDataFrame:
    """Finish a table that holds ``workers`` and ``group`` (EPSG:4326 points).

    Rows get ``counts`` (what was counted), ``source``, ``year``, and ``status`` and
    ``reason`` where the table does not have them; notes go into ``.attrs``.
    """
    own = {
        "counts": pd.Series(counts, index=table.index, dtype="str"),
        "source": pd.Series(source, index=table.index, dtype="str"),
        "year": pd.Series(pd.NA if year is None else year, index=table.index, dtype="Int64"),
    }
    if "status" not in table:
        own["status"] = pd.Series("ok", index=table.index, dtype="str")
        own["reason"] = pd.Series(None, index=table.index, dtype="str")
    full = table.assign(**own)
    first = [name for name in full.columns if name not in COLUMNS]
    frame = gpd.GeoDataFrame(full[[*first, *COLUMNS]], geometry=points, crs=4326)
    said = list(notes)
    if not year:
        undated = (
            "{source} does not say of which year it is (`year=`)",
            "{source} 未注明年份（`year=`）",
        )
        said.append(say(*undated, source=source))
    frame.attrs = {"source": source, "year": year, "counts": counts, "notes": said}
    return frame


def counted(frame: pd.DataFrame) -> NDArray[np.float64]:
    """Workers of every row, 0 in rows that are not ok."""
    workers = pd.to_numeric(frame["workers"]).to_numpy(dtype=float, na_value=np.nan)
    ok = np.ones(len(frame), dtype=bool)
    if "status" in frame:
        ok = (frame["status"] == "ok").to_numpy()
    return np.where(ok & np.isfinite(workers), workers, 0.0)


def amounts(
    standard: Mapping[str, float], given: Mapping[str, float] | float | None, name: str
) -> dict[str, float]:
    """Lay the user's figures over ours; one number goes for all.

    Raises
    ------
    InputError
        A name is unknown, or a figure is not above 0.
    """
    if given is None:
        return dict(standard)
    over = dict.fromkeys(standard, given) if isinstance(given, (int, float)) else dict(given)
    unknown = [key for key in over if key not in standard]
    if unknown:
        raise InputError(f"`{name}` knows {sorted(standard)}, not {unknown}.")
    bad = {key: value for key, value in over.items() if not _above_zero(value)}
    if bad:
        raise InputError(f"`{name}` must hold numbers above 0; got {bad}.")
    return dict(standard) | {key: float(value) for key, value in over.items()}


def _above_zero(value: object) -> bool:
    return isinstance(value, (int, float)) and math.isfinite(value) and value > 0


def listed(figures: Mapping[str, float], used: Any) -> Said:
    """Write the figures that were used: ``office 25, retail 50``."""
    names = set(used)
    sources = read_vocabulary("worker_sources")
    known = {
        key: entry["zh"] for part in ("uses", "places") for key, entry in sources[part].items()
    }
    parts = [
        Said(f"{key} {value:g}", f"{known.get(key, key)} {value:g}")
        for key, value in figures.items()
        if key in names
    ]
    return join(parts, ", ", "，")


def percent(part: float, whole: float) -> str:
    """Write a share; "–" where there is nothing to share."""
    return f"{part / whole:.0%}" if whole > 0 else "–"


def proxy_note(total: float, counts: str) -> Said:
    """Say that nothing was counted."""
    return say(
        "workers are estimated from {counts}: 100% of {total:,.0f} come from a proxy, none from "
        "a count of people",
        "职工人数由{counts}估算：{total:,.0f} 人全部来自替代指标，没有实际人数",
        counts=said_counts(counts),
        total=total,
    )


def said_counts(counts: str) -> Said:
    """Name in both languages what was counted."""
    return Said(counts, COUNTS.get(counts, counts))
