"""Workers along streets: street cleaners by length and class."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyproj
import shapely

from servicecircle._said import say
from servicecircle._vocabulary import read_vocabulary
from servicecircle.errors import InputError
from servicecircle.sources._rows import amounts, demand_rows, listed, proxy_note

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd
    from numpy.typing import NDArray

    from servicecircle.networks import WalkNetwork

LONGEST = 100.0  # metres of street that one point stands for


def demand_from_streets(
    network: WalkNetwork,
    *,
    group: str = "sanitation",
    metres_per_worker: Mapping[str, float] | float | None = None,
    year: int | None = None,
) -> gpd.GeoDataFrame:
    """Spread workers along the streets they look after, by length and class of street.

    Parameters
    ----------
    network : WalkNetwork
        The streets.
    group : str
        The worker group.
    metres_per_worker : mapping or float, optional
        Metres of street per worker by OpenStreetMap's class (``highway``), or for all
        classes that are looked after. Default: round figures of our own choice. A mapping
        may name classes that ours does not.
    year : int, optional
        Year of the data, where the network does not say.

    Returns
    -------
    GeoDataFrame
        EPSG:4326, one point in the middle of every piece of street of at most 100 m,
        indexed by ``s12-0`` (street of ``network.streets``, piece): ``name``, ``highway``,
        ``metres``, ``workers``, ``group``, ``counts``, ``source``, ``year``, ``status``,
        ``reason``. ``.attrs["notes"]`` says what was assumed.

    Raises
    ------
    InputError
        A figure is not above 0.

    Examples
    --------
    >>> import servicecircle as sc
    >>> streets = sc.read_network(sc.samples.wuhan().streets)
    >>> cleaners = demand_from_streets(streets, metres_per_worker=1000, year=2025)
    >>> float(cleaners["workers"].sum().round(3)) == round(cleaners["metres"].sum() / 1000, 3)
    True
    """
    per_worker = _per_worker(metres_per_worker)
    of, part, count, lonlat = _pieces(network, list(per_worker))
    tags = network.tags.iloc[of]
    metres = network.metres[of] / count
    index = pd.Index([f"s{i}-{k}" for i, k in zip(of, part, strict=True)], name="id", dtype="str")
    table = pd.DataFrame(
        {
            "name": tags["name"].to_numpy(),
            "highway": tags["highway"].to_numpy(),
            "metres": metres,
            "workers": metres / tags["highway"].map(per_worker).to_numpy(dtype=float),
            "group": group,
        },
        index=index,
    ).astype({"group": "str"})
    vintage = str(network.source.get("vintage") or "")[:4]
    return demand_rows(
        table,
        shapely.points(lonlat),
        counts="street length",
        source=str(network.source.get("file", "streets")),
        year=year or (int(vintage) if vintage.isdigit() else None),
        notes=_notes(table, network, per_worker),
    )


def _pieces(network: WalkNetwork, classes: list[str]) -> tuple[NDArray[Any], ...]:
    """Cut the streets of some classes into equal pieces of at most 100 m.

    Returns the street, number and count of every piece, and its middle (k, 2) in degrees.
    """
    street = np.flatnonzero(network.tags["highway"].isin(classes).to_numpy())
    pieces = np.maximum(np.ceil(network.metres[street] / LONGEST), 1).astype(int)
    of = np.repeat(street, pieces)
    part = np.arange(len(of)) - np.repeat(np.cumsum(pieces) - pieces, pieces)
    count = np.repeat(pieces, pieces)
    lines = network.streets.geometry.to_numpy()[of]
    middle = shapely.line_interpolate_point(lines, (part + 0.5) / count, normalized=True)
    degrees = pyproj.Transformer.from_crs(network.crs, 4326, always_xy=True).transform
    lonlat = np.column_stack(degrees(shapely.get_x(middle), shapely.get_y(middle)))
    return of, part, count, lonlat


def _notes(table: pd.DataFrame, network: WalkNetwork, per_worker: Mapping[str, float]) -> list[str]:
    km, total = table["metres"].sum() / 1000, network.metres.sum() / 1000
    return [
        proxy_note(float(table["workers"].sum()), "street length"),
        say(
            "metres of street per worker (chosen, not measured; `metres_per_worker=`): {figures}",
            "每人负责的街道长度（米；设定值，非实测；`metres_per_worker=`）：{figures}",
            figures=listed(per_worker, table["highway"]),
        ),
        say(
            "{km:,.0f} of {total:,.0f} km are of these classes; the rest counts nobody",
            "{total:,.0f} 公里街道中 {km:,.0f} 公里属于这些等级，其余不计人数",
            km=km,
            total=total,
        ),
    ]


def _per_worker(given: Mapping[str, float] | float | None) -> dict[str, float]:
    """Metres per worker by class; the user may add classes of their own."""
    standard: dict[str, float] = read_vocabulary("worker_sources")["metres_per_worker"]
    if given is None or isinstance(given, (int, float)):
        return amounts(standard, given, "metres_per_worker")
    if not all(isinstance(key, str) for key in given):
        raise InputError(f"`metres_per_worker` maps classes of street to metres; got {given!r}.")
    return amounts(standard | dict.fromkeys(given, 1.0), given, "metres_per_worker")
