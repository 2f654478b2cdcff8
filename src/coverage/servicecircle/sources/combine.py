"""Several estimates of workers put together, laid against known totals, and their overlap."""

from __future__ import annotations

import itertools
import warnings
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely
from scipy.spatial import cKDTree

from servicecircle._checks import check_places, check_weights, name_some
from servicecircle._said import Said, join, say
from servicecircle.errors import InputError, InputWarning
from servicecircle.networks.assemble import local_crs
from servicecircle.sources._rows import counted, percent, said_counts
from servicecircle.standards import group_label

if TYPE_CHECKING:
    from collections.abc import Mapping

    from numpy.typing import NDArray

NEAR = 30.0  # metres within which two sources may count the same people
UMBRELLAS = {"new_form": ("courier", "rider", "ride_hailing", "truck")}


def combine_demand(
    *frames: gpd.GeoDataFrame,
    totals: Mapping[Any, float] | pd.Series | None = None,
    districts: gpd.GeoDataFrame | None = None,
) -> gpd.GeoDataFrame:
    """Put several tables of workers together and lay them against known totals.

    Parameters
    ----------
    *frames : GeoDataFrame
        Demand of any source, with ``workers`` and, where known, ``group`` and ``district``.
    totals : mapping or Series, optional
        Known number of workers per district, ``{"江岸区": 120_000}``, or per district and
        group, ``{("江岸区", "rider"): 4_000}``. The rows of each are scaled by one factor,
        so that they add up to it; rows that no total names stay as they are.
    districts : GeoDataFrame, optional
        Areas whose index (or column ``name``) is the district; fills in rows without one.

    Returns
    -------
    GeoDataFrame
        All rows of all tables in order, EPSG:4326, with the ids they came with (preceded
        by "1/", "2/" … for the table where ids would repeat). ``workers_before`` and
        ``factor`` say what the totals changed. ``.attrs["notes"]`` says which sources
        there are, which share is a proxy, and what may be counted twice;
        ``.attrs["overlaps"]`` lists it (``first``, ``second``, ``group``, ``rows``,
        ``workers``: rows of the second table within 30 m of one of the first with the
        same group; of a building's edge, as if it were round).

    Raises
    ------
    InputError
        No frame is given, workers are negative, a total is negative, or a total has no
        rows with workers to be laid on.

    Examples
    --------
    >>> everyone = combine_demand(offices, riders, totals={"江岸区": 120_000})  # doctest: +SKIP
    """
    if not frames:
        raise InputError("`combine_demand` needs at least one table of workers.")
    tables = [_checked(frame, at) for at, frame in enumerate(frames, start=1)]
    _fill_districts(tables, districts)
    overlaps = _overlaps(tables)
    whole = pd.concat(_with_ids(tables))
    combined = gpd.GeoDataFrame(whole, geometry="geometry", crs=4326)
    doubtful = _say_overlaps(combined, overlaps)
    laid: list[str] = []
    if totals is not None:
        combined, laid = _calibrated(combined, totals)
    notes = [*_say_sources(combined), *laid, *doubtful]
    combined.attrs = {
        "source": ", ".join(dict.fromkeys(str(t.attrs["source"]) for t in tables)),
        "notes": [*notes, *_own_notes(tables)],
        "overlaps": overlaps.to_dict("records"),
    }
    return combined


def _own_notes(tables: list[gpd.GeoDataFrame]) -> list[Said]:
    return [
        say("{source}: {note}", "{source}：{note}", source=table.attrs["source"], note=note)
        for table in tables
        for note in table.attrs["notes"]
    ]


def _checked(frame: gpd.GeoDataFrame, at: int) -> gpd.GeoDataFrame:
    """Bring a table into EPSG:4326 with all the columns that sources share."""
    name = f"frames[{at - 1}]"
    check_weights(check_places(frame, name), "workers", name)
    source = str(frame.attrs.get("source", f"table {at}"))
    table = frame.to_crs(4326)
    if table.geometry.name != "geometry":
        table = table.rename_geometry("geometry")
    blank = pd.Series(None, index=table.index, dtype="str")
    fill = {"group": blank, "district": blank, "status": blank.fillna("ok"), "reason": blank}
    fill |= {"counts": blank.fillna("workers"), "source": blank.fillna(source)}
    table = table.assign(**{key: cells for key, cells in fill.items() if key not in table})
    table.attrs = {"source": source, "notes": list(frame.attrs.get("notes", []))}
    return table


def _fill_districts(tables: list[gpd.GeoDataFrame], districts: gpd.GeoDataFrame | None) -> None:
    if districts is None:
        return
    areas = check_places(districts, "districts").to_crs(4326)
    names = (areas["name"] if "name" in areas else areas.index.to_series()).to_numpy()
    for table in tables:
        points = shapely.point_on_surface(table.geometry.to_numpy())
        row, area = areas.sindex.query(points, predicate="intersects")
        row, first = np.unique(row, return_index=True)
        found = pd.Series(names[area[first]], index=table.index[row])
        table["district"] = table["district"].astype(object).fillna(found.astype(object))


def _with_ids(tables: list[gpd.GeoDataFrame]) -> list[pd.DataFrame]:
    """Keep ids where all are different, else put the table's number before them."""
    every = pd.Index([str(i) for table in tables for i in table.index])
    if every.is_unique:
        return [pd.DataFrame(table.set_axis(table.index.astype("str"))) for table in tables]
    return [
        pd.DataFrame(table.set_axis(pd.Index([f"{at}/{i}" for i in table.index], name="id")))
        for at, table in enumerate(tables, start=1)
    ]


def _overlaps(tables: list[gpd.GeoDataFrame]) -> pd.DataFrame:
    """List what a table may count that an earlier one has counted already."""
    found = []
    places = [_metres(tables, table) for table in tables]
    people = [counted(table) for table in tables]
    for a, b in itertools.combinations(range(len(tables)), 2):
        groups = set(tables[a]["group"].dropna()) & set(tables[b]["group"].dropna())
        for group in sorted(groups):
            here = (tables[a]["group"] == group).to_numpy(dtype=bool) & (people[a] > 0)
            there = (tables[b]["group"] == group).to_numpy(dtype=bool) & (people[b] > 0)
            if not here.any() or not there.any():
                continue
            tree = cKDTree(places[b][there])
            lists = tree.query_ball_point(places[a][here], NEAR + _radius(tables[a])[here])
            near = np.zeros(int(there.sum()), dtype=bool)
            near[list(set(itertools.chain.from_iterable(lists)))] = True
            if near.any():
                names = [str(tables[k].attrs["source"]) for k in (a, b)]
                kinds = [str(tables[k]["counts"].iloc[0]) for k in (a, b)]
                first, second = (f"{n} ({k})" for n, k in zip(names, kinds, strict=True))
                workers = float(people[b][there][near].sum())
                found.append((first, second, group, int(near.sum()), workers))
    return pd.DataFrame(found, columns=["first", "second", "group", "rows", "workers"])


def _radius(table: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Metres from the middle of a place to its edge, as if it were round."""
    area = table["footprint_m2"] if "footprint_m2" in table else pd.Series(0.0, table.index)
    radius: NDArray[np.float64] = np.sqrt(area.fillna(0.0).to_numpy(dtype=float) / np.pi)
    return radius


def _metres(tables: list[gpd.GeoDataFrame], table: gpd.GeoDataFrame) -> NDArray[np.float64]:
    """Places in metres, in one CRS for all tables; far off where there is no place."""
    whole = np.concatenate([shapely.get_coordinates(t.geometry.to_numpy()) for t in tables])
    crs = local_crs(whole) if len(whole) else 3857
    points = gpd.GeoSeries(shapely.point_on_surface(table.geometry.to_numpy()), crs=4326)
    moved = points.to_crs(crs)
    xy: NDArray[np.float64] = np.column_stack([moved.x, moved.y])
    return np.nan_to_num(xy, nan=1e12)


def _say_sources(combined: gpd.GeoDataFrame) -> list[str]:
    """Say what every source counts, and which share of the workers is a proxy."""
    people = pd.Series(counted(combined), index=combined.index)
    total = float(people.sum())
    keys = [combined["source"], combined["counts"]]
    sums = people.groupby(keys, sort=False).sum()
    notes = [
        say(
            "{source}: {part:,.0f} from {counts} ({share})",
            "{source}：{part:,.0f} 人来自{counts}（{share}）",
            source=source,
            part=part,
            counts=said_counts(counts),
            share=percent(part, total),
        )
        for source, counts, part in zip(
            sums.index.get_level_values(0), sums.index.get_level_values(1), sums, strict=True
        )
    ]
    proxy = float(people[combined["counts"] != "workers"].sum())
    said = say(
        "{share} of {total:,.0f} come from proxies, not from counts",
        "{total:,.0f} 人中 {share} 来自替代指标，而非实际人数",
        share=percent(proxy, total),
        total=total,
    )
    return [*notes, said]


def _say_overlaps(combined: gpd.GeoDataFrame, overlaps: pd.DataFrame) -> list[str]:
    """Say what may be counted twice, and warn."""
    said = [
        say(
            "{workers:,.0f} {group} of {second} lie within {near:g} m of the same group in {first}",
            "{second} 中的 {workers:,.0f} 名{group}，在 {first} 同类人群的 {near:g} 米以内",
            workers=row.workers,
            group=_group(str(row.group)),
            second=row.second,
            near=NEAR,
            first=row.first,
        )
        for row in overlaps.itertuples()
    ]
    present = set(combined["group"].dropna())
    for group, members in UMBRELLAS.items():
        inside = sorted(present.intersection(members))
        if group in present and inside:
            both = say(
                "{group} includes {inside}, which are there as well",
                "{group}包含{inside}，而后者也单独列出",
                group=_group(group),
                inside=join([_group(one) for one in inside], ", ", "、"),
            )
            said.append(both)
    kinds = set(combined["counts"].dropna())
    if "residents" in kinds and len(kinds) > 1:
        mixed = say(
            "residents (where people live) are added to workers (where they work)",
            "居民（居住地）与职工（工作地）相加",
        )
        said.append(mixed)
    if said:
        warned = say(
            "Some people may be counted twice: {all}.",
            "部分人员可能重复计入：{all}。",
            all=join(said, "; ", "；"),
        )
        warnings.warn(warned, InputWarning, stacklevel=4)
    return [say("may be counted twice: {text}", "可能重复计入：{text}", text=text) for text in said]


def _group(group: str) -> Said:
    return Said(group, group_label(group, "zh"))


def _calibrated(
    combined: gpd.GeoDataFrame, totals: Mapping[Any, float] | pd.Series
) -> tuple[gpd.GeoDataFrame, list[str]]:
    """Scale the rows of every district (and group) so that they add up to the total."""
    known = dict(totals.items())
    bad = {key: value for key, value in known.items() if not (np.isfinite(value) and value >= 0)}
    if bad:
        raise InputError(f"`totals` must be finite and not negative; got {bad}.")
    people = counted(combined)
    factor = np.ones(len(combined))
    named = np.zeros(len(combined), dtype=bool)
    for key, total in known.items():
        rows = _rows_of(combined, key)
        if (rows & named).any():
            raise InputError(f"`totals` names rows twice: {key!r} overlaps an earlier one.")
        named |= rows
        have = float(people[rows].sum())
        if have <= 0 < total:
            raise InputError(
                f"`totals`: {key!r} has no rows with workers on which {total:,.0f} could be laid. "
                f"Districts there are {name_some(pd.unique(combined['district'].dropna()))}."
            )
        factor[rows] = total / have if have > 0 else 1.0
    before = combined["workers"]
    scaled = combined.assign(workers=before * factor, workers_before=before, factor=factor)
    return scaled, _say_totals(len(known), people, factor, named)


def _say_totals(
    known: int, people: NDArray[np.float64], factor: NDArray[np.float64], named: NDArray[np.bool_]
) -> list[str]:
    """Say what known totals made of the estimate."""
    rest = float(people[~named].sum())
    spread = np.unique(factor[named])[[0, -1]] if named.any() else np.ones(0)
    notes: list[str] = [
        say(
            "laid against {n} known totals: {before:,.0f} estimated became {after:,.0f} (factors "
            "{factors})",
            "按 {n} 个已知总数校准：估算的 {before:,.0f} 人调整为 {after:,.0f} 人"
            "（系数 {factors}）",
            n=known,
            before=float(people[named].sum()),
            after=float((people * factor)[named].sum()),
            factors=join([f"{value:.3g}" for value in spread], " to ", " 至 "),
        )
    ]
    if rest > 0:
        said = say(
            "{rest:,.0f} workers lie in no district or group that `totals` names",
            "{rest:,.0f} 名职工不在 `totals` 所列的区或人群中",
            rest=rest,
        )
        notes.append(said)
    return notes


def _rows_of(combined: gpd.GeoDataFrame, key: Any) -> NDArray[np.bool_]:
    if isinstance(key, tuple):
        district, group = key
        rows = (combined["district"] == district) & (combined["group"] == group)
    else:
        rows = combined["district"] == key
    found: NDArray[np.bool_] = rows.to_numpy(dtype=bool, na_value=False)
    return found
