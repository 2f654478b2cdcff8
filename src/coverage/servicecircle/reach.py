"""Reach: which demand point is within how many minutes' walk of which facility."""

from __future__ import annotations

import json
import warnings
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING, Literal, Self

import numpy as np
import pandas as pd
from scipy import sparse

from servicecircle._checks import as_cutoff, check_cutoff, check_ids, check_speed, name_some
from servicecircle._compile import announce_compilation
from servicecircle._said import say
from servicecircle.errors import CacheError, InputError, InputWarning

if TYPE_CHECKING:
    from pathlib import Path

    import geopandas as gpd

    from servicecircle._kernel.cover import Ints
    from servicecircle._kernel.search import Graph, Places
    from servicecircle.networks import WalkNetwork
    from servicecircle.networks.places import JoinedPlaces

FORMAT = "servicecircle-reach-1"
WALKING = 4.5  # km/h


@dataclass(frozen=True, repr=False)
class Reach:
    """Sparse table of walking minutes between facilities and demand points.

    Attributes
    ----------
    facility_ids, demand_ids : pandas.Index
        Ids of the rows and columns, in the caller's order.
    minutes : scipy.sparse.csr_array
        float32, facilities × demand; only pairs within ``cutoff`` are stored, and a
        stored 0 means "at the door".
    cutoff : float
        The largest minutes computed (``≤`` counts as within).
    facility_status, demand_status : pandas.Series
        One of ``ok``, ``unsnapped``, ``island``, ``no_geometry``, ``bad_coordinates``,
        ``bad_number`` for every id.
    """

    facility_ids: pd.Index
    demand_ids: pd.Index
    minutes: sparse.csr_array
    cutoff: float
    facility_status: pd.Series
    demand_status: pd.Series

    def __repr__(self) -> str:
        return (
            f"<Reach: {len(self.facility_ids):,} facilities × {len(self.demand_ids):,} demand "
            f"points, {self.minutes.nnz:,} pairs within {self.cutoff:g} minutes>"
        )

    def within(self, minutes: float) -> Self:
        """Keep the pairs within ``minutes`` (≤), which must not exceed ``cutoff``."""
        limit = as_cutoff(minutes)
        if limit > self.cutoff:
            raise InputError(
                f"`minutes` is {limit:g} but this reach was computed to {self.cutoff:g}. "
                f"Compute it again with `walk_times(…, cutoff={limit:g})`."
            )
        kept = keep_pairs(self.minutes, self.minutes.data <= np.float32(limit))
        return replace(self, minutes=kept, cutoff=limit)

    def select(self, facilities: pd.Index | None = None, demand: pd.Index | None = None) -> Self:
        """Return the rows and columns of the given ids, in the order given.

        Raises
        ------
        InputError
            An id is not part of this reach.
        """
        part = self
        if facilities is not None:
            rows = _positions(self.facility_ids, facilities, "facilities")
            part = replace(
                part,
                facility_ids=self.facility_ids[rows],
                minutes=self.minutes[rows],
                facility_status=self.facility_status.iloc[rows],
            )
        if demand is not None and not self.demand_ids.equals(demand):
            columns = _positions(self.demand_ids, demand, "demand")
            part = replace(
                part,
                demand_ids=self.demand_ids[columns],
                minutes=part.minutes[:, columns],
                demand_status=self.demand_status.iloc[columns],
            )
        return part

    def nearest(self) -> pd.DataFrame:
        """Return the nearest facility of every demand point.

        Returns
        -------
        pandas.DataFrame
            Indexed by demand id: ``facility`` (missing where none is within the cutoff)
            and ``minutes`` (float, NaN there). Ties go to the smaller facility id.
        """
        best = np.full(len(self.demand_ids), np.inf, dtype=np.float32)
        who = np.full(len(self.demand_ids), -1, dtype=np.int64)
        rank = id_order(self.facility_ids).argsort()
        pairs = self.minutes.tocoo()
        order = np.lexsort((rank[pairs.row], pairs.data, pairs.col))
        columns, first = np.unique(pairs.col[order], return_index=True)
        best[columns] = pairs.data[order][first]
        who[columns] = pairs.row[order][first]
        facility = pd.Series(pd.NA, index=self.demand_ids, dtype=object)
        facility.iloc[columns] = self.facility_ids[who[columns]]
        minutes = np.where(who < 0, np.nan, best.astype(float))
        return pd.DataFrame({"facility": facility, "minutes": minutes}, index=self.demand_ids)

    def to_frame(self) -> pd.DataFrame:
        """Return one row per pair: ``facility``, ``demand``, ``minutes``."""
        pairs = self.minutes.tocoo()
        return pd.DataFrame(
            {
                "facility": self.facility_ids.take(pairs.row),
                "demand": self.demand_ids.take(pairs.col),
                "minutes": pairs.data,
            }
        )

    @classmethod
    def from_frame(
        cls,
        frame: pd.DataFrame,
        *,
        facility_ids: pd.Index | None = None,
        demand_ids: pd.Index | None = None,
        cutoff: float | None = None,
    ) -> Self:
        """Build a reach from a table with columns ``facility``, ``demand``, ``minutes``.

        Parameters
        ----------
        frame : pandas.DataFrame
            One row per pair; a pair that occurs twice keeps its smaller minutes, and infinite
            minutes mean out of reach.
        facility_ids, demand_ids : pandas.Index, optional
            All ids, so that those that reach nothing are not lost. Default: those seen.
        cutoff : float, optional
            The largest minutes that were computed. Default: the largest seen.

        Raises
        ------
        InputError
            A column is missing, minutes are negative or missing, or an id is unknown.
        """
        missing = {"facility", "demand", "minutes"} - set(frame.columns)
        if missing:
            raise InputError(f"`frame` lacks the columns {sorted(missing)}.")
        minutes = pd.to_numeric(frame["minutes"], errors="coerce").to_numpy(dtype=float)
        wrong = np.isnan(minutes) | (minutes < 0)
        if wrong.any():
            raise InputError(
                f"`frame['minutes']` must be numbers, not negative; {int(wrong.sum())} rows are "
                f"not: {name_some(frame.index[wrong])}. Leave unreachable pairs out."
            )
        rows = pd.Index(frame["facility"].unique()) if facility_ids is None else facility_ids
        columns = pd.Index(frame["demand"].unique()) if demand_ids is None else demand_ids
        check_ids(rows, "facility_ids")
        check_ids(columns, "demand_ids")
        near = np.isfinite(minutes)
        limit = float(minutes[near].max(initial=0.0)) if cutoff is None else float(cutoff)
        table = _sparse(
            _positions(rows, pd.Index(frame["facility"]), "facility_ids")[near],
            _positions(columns, pd.Index(frame["demand"]), "demand_ids")[near],
            minutes[near],
            (len(rows), len(columns)),
        )
        ok = pd.Series("ok", index=rows), pd.Series("ok", index=columns)
        return cls(rows, columns, table, limit, *ok).within(limit)

    def save(self, path: str | Path) -> None:
        """Write this reach to one Parquet file, all of it or nothing; read it with :meth:`open`.

        Parameters
        ----------
        path : str or pathlib.Path
            Where to; the folder is made, an older file replaced.

        Raises
        ------
        InputError
            Ids or their names are neither text nor numbers, or the folder cannot be
            written to.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        from servicecircle._store import write_atomically

        pairs = self.minutes.tocoo()
        head = {
            "format": FORMAT,
            "cutoff": self.cutoff,
            "facility_ids": self.facility_ids.tolist(),
            "demand_ids": self.demand_ids.tolist(),
            "names": [self.facility_ids.name, self.demand_ids.name],
            "facility_status": self.facility_status.tolist(),
            "demand_status": self.demand_status.tolist(),
        }
        table = pa.table({"row": pairs.row, "column": pairs.col, "minutes": pairs.data})
        table = table.replace_schema_metadata({"servicecircle": _as_json(head)})
        with write_atomically(path) as temporary:
            pq.write_table(table, temporary)

    @classmethod
    def open(cls, path: str | Path) -> Self:
        """Read a reach written by :meth:`save`.

        Raises
        ------
        CacheError
            The file is not such a reach.
        """
        import pyarrow as pa
        import pyarrow.parquet as pq

        try:
            table = pq.read_table(path)
            head = json.loads((table.schema.metadata or {})[b"servicecircle"])
        except FileNotFoundError:
            raise InputError(f"There is no file {str(path)!r}.") from None
        except (OSError, KeyError, ValueError, pa.ArrowException) as error:
            raise CacheError(f"{str(path)!r} is not a saved reach ({error}).") from error
        if head.get("format") != FORMAT:
            raise CacheError(
                f"{str(path)!r} has the format {head.get('format')!r}, not {FORMAT!r}."
            )
        names = head.get("names", [None, None])  # files of before have none
        rows = pd.Index(head["facility_ids"], name=names[0])
        columns = pd.Index(head["demand_ids"], name=names[1])
        minutes = _sparse(
            table["row"].to_numpy(),
            table["column"].to_numpy(),
            table["minutes"].to_numpy(),
            (len(rows), len(columns)),
        )
        status = (
            pd.Series(head["facility_status"], index=rows, dtype=object, name="status"),
            pd.Series(head["demand_status"], index=columns, dtype=object, name="status"),
        )
        return cls(rows, columns, minutes, head["cutoff"], *status)


def _as_json(head: dict[str, object]) -> str:
    """Write what comes back as it was."""
    try:
        text = json.dumps(head)
    except TypeError as error:
        raise InputError(f"Ids must be text or numbers to be saved: {error}.") from error
    if json.loads(text) != head:
        raise InputError("Ids must be text or numbers to be saved, not lists of them.")
    return text


def walk_times(
    network: WalkNetwork,
    facilities: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    *,
    cutoff: float = 15,
    speed: float = 4.5,
    towards: Literal["facility", "demand"] = "facility",
) -> Reach:
    """Compute the walking minutes from every demand point to every facility near it.

    Parameters
    ----------
    network : WalkNetwork
        The streets.
    facilities, demand : geopandas.GeoDataFrame
        Places with a CRS; the index is the id. Areas are taken at a point inside them.
    cutoff : float
        Largest minutes (≤ counts as within).
    speed : float
        Walking speed in km/h.
    towards : {"facility", "demand"}
        Who walks: people to the facility, or from it. Matters only where a footway is
        one-way.

    Returns
    -------
    Reach
        Facilities × demand, sparse.

    Raises
    ------
    CrsError, InputError
        A table has no CRS or repeated ids; minutes or speed are out of range.

    Notes
    -----
    Cost is an integer: decimetres of walking (Dijkstra 1959, bounded). A place walks the
    straight line to its nearest street and joins it there; two places at the same street
    walk the shorter of the way along it and, up to ``max_access`` metres, the straight line.
    """
    limit = check_cutoff(cutoff)
    return _walk(network, facilities, demand, limit, speed, towards, "facilities")


def _walk(  # noqa: PLR0917 – the arguments of `walk_times`, and how to call the facilities
    network: WalkNetwork,
    facilities: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    limit: float,
    speed: float,
    towards: str,
    name: str,
) -> Reach:
    from servicecircle._kernel.batch import in_threads, join_ragged
    from servicecircle._kernel.search import reach_targets
    from servicecircle.networks.places import join_places

    per_minute = decimetres_per_minute(speed, network)
    graph = graph_towards(network, towards)
    joined = join_places(network, facilities, name)
    points = join_places(network, demand, "demand")
    by_street, targets, on_street = _targets(points, graph, len(network.ends))
    origins = joined.origins(graph)
    order = np.argsort(origins.street, kind="stable")
    whole = cutoff_decimetres(limit, per_minute)
    announce_compilation()
    parts = in_threads(
        lambda part: reach_targets(graph, origins, part, targets, on_street, whole), order
    )
    indptr, values = join_ragged(parts, order)
    found, cost = values or (np.empty(0, np.int32), np.empty(0, np.int32))
    minutes = np.minimum(cost / per_minute, limit).astype(np.float32)
    table = sparse.csr_array(
        (minutes, by_street[found], indptr), shape=(len(facilities), len(demand))
    )
    table.sort_indices()
    return Reach(
        facilities.index,
        demand.index,
        table,
        limit,
        pd.Series(joined.status, index=facilities.index, name="status"),
        pd.Series(points.status, index=demand.index, name="status"),
    )


def _targets(points: JoinedPlaces, graph: Graph, n_streets: int) -> tuple[Ints, Places, Ints]:
    """Sort the joined places by street; return their positions, themselves, and each street's."""
    by_street: Ints = np.argsort(points.street, kind="stable")
    by_street = by_street[points.street[by_street] >= 0]
    targets = points.take(by_street).targets(graph)
    return by_street, targets, np.searchsorted(targets.street, np.arange(n_streets + 1))


def reach_of(
    network: WalkNetwork | Reach,
    facilities: gpd.GeoDataFrame,
    demand: gpd.GeoDataFrame,
    *,
    cutoff: float,
    speed: float = 4.5,
    name: str = "facilities",
) -> Reach:
    """Return the reach of these facilities and demand points, computed or taken from one.

    ``name`` is what a warning calls the facilities.

    Raises
    ------
    InputError
        A given reach lacks some id, or ``cutoff`` is above its own.
    """
    if isinstance(network, Reach):
        check_ids(facilities.index, name)
        check_ids(demand.index, "demand")
        part = network.select(facilities.index, demand.index).within(cutoff)
        return _without_bad_rows(part, facilities, demand)
    return _walk(network, facilities, demand, cutoff, speed, "facility", name)


def _without_bad_rows(
    reach: Reach, facilities: gpd.GeoDataFrame, demand: gpd.GeoDataFrame
) -> Reach:
    """Keep what a reader found wrong with a row: a reach made elsewhere does not know it."""
    from servicecircle.networks.places import given_status

    rows, columns = given_status(facilities), given_status(demand)
    table = reach.minutes
    usable = np.repeat(rows == "ok", np.diff(table.indptr)) & (columns == "ok")[table.indices]
    return replace(
        reach,
        minutes=keep_pairs(table, usable),
        facility_status=reach.facility_status.where(rows == "ok", rows),
        demand_status=reach.demand_status.where(columns == "ok", columns),
    )


def keep_pairs(table: sparse.csr_array, kept: np.ndarray) -> sparse.csr_array:
    """Keep the stored entries that are marked, in their order."""
    ends = np.concatenate([[0], np.cumsum(kept)])
    return sparse.csr_array(
        (table.data[kept], table.indices[kept], ends[table.indptr]), shape=table.shape
    )


def ones_of(table: sparse.csr_array) -> sparse.csr_array:
    """Return the pattern of a table: 1 wherever it holds an entry."""
    ones = np.ones(table.nnz, dtype=np.int64)
    return sparse.csr_array((ones, table.indices, table.indptr), shape=table.shape)


def id_order(ids: pd.Index) -> np.ndarray:
    """Return the positions of the ids from small to large; ids of mixed kinds go as text."""
    try:
        return np.asarray(ids.argsort(), dtype=np.int64)
    except TypeError:
        return np.asarray(ids.map(str).argsort(), dtype=np.int64)


def decimetres_per_minute(speed: float, network: WalkNetwork) -> float:
    """Turn km/h into decimetres a minute (4.5 km/h = 750).

    Walking speed on a network for riders is probably forgotten: it warns.
    """
    if network.mode != "walk" and speed == WALKING:
        said = say(
            "This network is for mode {mode!r} and the speed is that of walking; pass "
            "`speed=network.speed` ({speed:g} km/h).",
            "该路网的出行方式为 {mode!r}，速度却是步行速度；请用 `speed=network.speed`"
            "（{speed:g} 公里/小时）。",
            mode=network.mode,
            speed=network.speed,
        )
        warnings.warn(said, InputWarning, stacklevel=4)
    return check_speed(speed) * 10_000 / 60


def cutoff_decimetres(minutes: float, per_minute: float) -> int:
    """Return the largest whole cost within ``minutes`` (closed interval)."""
    return int(np.floor(minutes * per_minute + 1e-6))


def graph_towards(network: WalkNetwork, towards: str) -> Graph:
    """Choose the graph whose searches start at the facilities."""
    if towards not in ("facility", "demand"):
        raise InputError(f'`towards` must be "facility" or "demand"; got {towards!r}.')
    return network.toward if towards == "facility" else network.away


def _positions(ids: pd.Index, wanted: pd.Index, name: str) -> np.ndarray:
    """Positions of ``wanted`` among ``ids``."""
    at = ids.get_indexer(wanted)
    if (at < 0).any():
        unknown = wanted[at < 0].unique()
        raise InputError(f"{len(unknown)} ids are not among `{name}`: {name_some(unknown)}.")
    return at


def _sparse(
    rows: np.ndarray, columns: np.ndarray, minutes: np.ndarray, shape: tuple[int, int]
) -> sparse.csr_array:
    """Build the table from pairs; a pair that occurs twice keeps its smaller minutes."""
    order = np.lexsort((minutes, columns, rows))
    rows, columns, minutes = rows[order], columns[order], minutes[order]
    first = np.ones(len(rows), bool)
    first[1:] = (rows[1:] != rows[:-1]) | (columns[1:] != columns[:-1])
    indptr = np.searchsorted(rows[first], np.arange(shape[0] + 1))
    return sparse.csr_array(
        (minutes[first].astype(np.float32), columns[first], indptr), shape=shape
    )
