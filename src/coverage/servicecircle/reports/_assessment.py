"""Pre-assessment sheets (前期评估表): items and values of a candidate, in three blocks."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import pandas as pd

from servicecircle._checks import name_some
from servicecircle._said import in_both
from servicecircle.errors import InputError
from servicecircle.reports._assessed_people import people_of
from servicecircle.reports._assessed_place import ground_of, place_of, range_of, result_of
from servicecircle.reports._workbook import Block
from servicecircle.standards import place_names

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd

    from servicecircle.siting import SitePlan
    from servicecircle.standards import Standard

PARTS = {
    "建设地点 Location": place_of,
    "辐射范围 Range": range_of,
    "覆盖人群 People": people_of,
    "结论 Result": result_of,
}


def pre_assessment(
    plan: SitePlan,
    sites: Iterable[object] | None = None,
    *,
    standard: Standard | str | None = None,
    districts: gpd.GeoDataFrame | None = None,
) -> pd.DataFrame:
    """Write the pre-assessment 前期评估表 of candidates: location, range, covered groups.

    Parameters
    ----------
    plan : SitePlan
        As from `choose_sites`: its candidates, stations, demand and streets.
    sites : iterable of ids, optional
        Candidates to write about. Default: every candidate, those of the plan first.
    standard : Standard or str, optional
        A standard whose rules are checked, e.g. ``"miyun"``.
    districts : geopandas.GeoDataFrame, optional
        Areas, to say which the walking circle crosses. Default: the districts of the
        workers reached.

    Returns
    -------
    pandas.DataFrame
        One row per item: ``site`` (id), ``part`` (location, range, people, result), ``item``
        and ``value``, as text in Chinese and English. What the tables do not say is
        "待核实 check on site".

    Raises
    ------
    InputError
        An id is not among the candidates, or the standard is not known.

    Notes
    -----
    The three blocks 建设地点、辐射范围、覆盖人群 are Miyun's. Amenities are counted of its
    nine; the four conveniences are Chiping's.

    Examples
    --------
    >>> sheet = pre_assessment(plan, ["C017"], standard="miyun")  # doctest: +SKIP
    """
    chosen = plan.sites.index
    everyone = chosen.append(plan.candidates.index.difference(chosen, sort=False))
    keys = everyone if sites is None else pd.Index(list(sites))
    unknown = [key for key in keys if key not in plan.candidates.index]
    if unknown:
        raise InputError(f"`sites` has ids that are no candidates: {name_some(unknown)}.")
    ground = ground_of(plan, keys, standard, districts)
    rows = [
        (key, part, item, value)
        for key in keys
        for part, write in PARTS.items()
        for item, value in write(ground, key)
    ]
    return pd.DataFrame(rows, columns=["site", "part", "item", "value"])


def assessments(
    plan: SitePlan,
    rules: Standard | str | None,
    districts: gpd.GeoDataFrame | None = None,
    *,
    every: bool = False,
) -> tuple[Block, ...]:
    """Return one table per site of the plan, or per candidate: part, item, value."""
    keys = None if every else plan.sites.index
    told = pre_assessment(plan, keys, standard=rules, districts=districts)
    blocks = []
    for order, (key, rows) in enumerate(told.groupby("site", sort=False), start=1):
        table = rows.drop(columns="site").reset_index(drop=True)
        blocks.append(Block(f"assessment_{order}", f"{order}. {_name(plan, key)}", "", table))
    return tuple(blocks)


def _name(plan: SitePlan, key: Any) -> str:
    return str(in_both(place_names(plan.candidates.loc[[key]]).iloc[0]))
