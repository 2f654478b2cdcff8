"""The walked way between two places, street by street: why a place is inside or outside."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, NamedTuple

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from servicecircle._checks import check_places
from servicecircle._compile import announce_compilation
from servicecircle._kernel.lines import cut_lines
from servicecircle._kernel.search import FAR, _on_own_street, spread
from servicecircle.errors import InputError
from servicecircle.networks.places import join_places
from servicecircle.reach import decimetres_per_minute

if TYPE_CHECKING:
    from servicecircle.networks import WalkNetwork
    from servicecircle.networks.places import JoinedPlaces

FARTHEST_KM = 50


class Leg(NamedTuple):
    """Part of a walk: on ``street`` between two fractions of it, or (-1) straight."""

    street: int
    start: float
    stop: float
    cost: int


def explain(
    network: WalkNetwork,
    facility: gpd.GeoDataFrame | tuple[float, float],
    place: gpd.GeoDataFrame | tuple[float, float],
    *,
    speed: float = 4.5,
) -> gpd.GeoDataFrame:
    """Show the walk from a place to a facility, street by street.

    Parameters
    ----------
    network : WalkNetwork
        The streets.
    facility, place : geopandas.GeoDataFrame or tuple
        A table with one row and a CRS, or (longitude, latitude) in degrees WGS84.
    speed : float
        Walking speed in km/h.

    Returns
    -------
    geopandas.GeoDataFrame
        In EPSG:4326, one row per stretch in walking order: ``name`` and ``highway`` of
        the street ("" off the streets), ``metres`` (effective, in which the minutes are
        counted), ``minutes``, ``minutes_so_far``, ``geometry``. ``.attrs["en"]`` and
        ``.attrs["zh"]`` say it in a sentence. Empty where there is no way.

    Raises
    ------
    InputError
        A table has not exactly one row, or a place lies too far from every street.

    Notes
    -----
    The way is read back from the same costs by which coverage is counted, so its minutes
    are those of ``walk_times``.
    """
    per_minute = decimetres_per_minute(speed, network)
    goal, start = _join(network, facility, "facility"), _join(network, place, "place")
    announce_compilation()
    legs = _way(network, start, goal)
    frame = _frame(network, legs, start, goal, per_minute)
    straight = float(np.hypot(*(goal.xy[0] - start.xy[0])))
    frame.attrs.update(_sentences(frame, straight))
    return frame


def _join(
    network: WalkNetwork, place: gpd.GeoDataFrame | tuple[float, float], name: str
) -> JoinedPlaces:
    if isinstance(place, tuple):
        place = gpd.GeoDataFrame(geometry=[shapely.Point(place)], crs=4326)
    check_places(place, name)
    if len(place) != 1:
        raise InputError(f"`{name}` must have one row; it has {len(place)}.")
    joined = join_places(network, place, name)
    if joined.status[0] != "ok":
        raise InputError(
            f"`{name}` cannot be joined to the streets ({joined.status[0]}): it lies more than "
            f"{network.max_access:g} m from every connected street, or has no place."
        )
    return joined


def _way(network: WalkNetwork, start: JoinedPlaces, goal: JoinedPlaces) -> list[Leg]:
    """Find the legs between the feet of two places; none where there is no way."""
    graph = network.toward
    to_goal, from_start = goal.origins(graph), start.targets(graph)
    street, at = int(start.street[0]), float(start.fraction[0])
    first, last = (int(node) for node in network.ends[street])
    ends = network.ends[to_goal.street[0]]
    seeds = np.array([to_goal.at_first[0], to_goal.at_last[0]], np.int32)
    dist = spread(graph, ends, seeds, FARTHEST_KM * 10_000)
    by_first = int(dist[first]) + int(from_start.at_first[0])
    by_last = int(dist[last]) + int(from_start.at_last[0])
    over_ends = min(by_first, by_last)
    if street == int(goal.street[0]):
        direct = _direct(network, start, goal)
        if sum(leg.cost for leg in direct) <= over_ends + _access(start) + _access(goal):
            return direct
    if over_ends >= FAR:
        return []
    node, leave = (first, 0.0) if by_first <= by_last else (last, 1.0)
    cost = int(from_start.at_first[0] if leave == 0.0 else from_start.at_last[0])
    legs = [Leg(street, at, leave, cost), *_descend(network, dist, node, goal)]
    return [Leg(-1, 0.0, 0.0, _access(start)), *legs, Leg(-1, 0.0, 0.0, _access(goal))]


def _access(place: JoinedPlaces) -> int:
    return int(np.floor(place.metres[0] * 10.0 + 0.5))


def _direct(network: WalkNetwork, start: JoinedPlaces, goal: JoinedPlaces) -> list[Leg]:
    """Legs between two places of one street that do not pass its ends."""
    graph = network.toward
    target = start.targets(graph)
    cost = _on_own_street(
        graph,
        goal.origins(graph),
        0,
        target.at_first[0],
        target.at_last[0],
        target.access[0],
        *start.xy[0],
    )
    off_street = _access(start) + _access(goal)
    straight = int(np.floor(10.0 * np.hypot(*(goal.xy[0] - start.xy[0])) + 0.5))
    if cost >= FAR:
        return [Leg(-1, 0.0, 0.0, FAR)]
    if cost == straight:
        return [Leg(-1, 0.0, 1.0, straight)]
    along = Leg(
        int(start.street[0]), float(start.fraction[0]), float(goal.fraction[0]), cost - off_street
    )
    return [Leg(-1, 0.0, 0.0, _access(start)), along, Leg(-1, 0.0, 0.0, _access(goal))]


def _descend(network: WalkNetwork, dist: np.ndarray, node: int, goal: JoinedPlaces) -> list[Leg]:
    """Follow the costs down from a node to the goal's street."""
    origins = goal.origins(network.toward)
    street, at = int(goal.street[0]), float(goal.fraction[0])
    ends = [int(end) for end in network.ends[street]]
    last_cost = {ends[0]: int(origins.at_first[0])}
    last_cost[ends[1]] = min(int(origins.at_last[0]), last_cost.get(ends[1], FAR))
    legs = []
    while last_cost.get(node) != dist[node]:
        for arc in range(network.indptr[node], network.indptr[node + 1]):
            head, cost = int(network.heads[arc]), int(network.cost[arc])
            if cost + dist[head] == dist[node]:
                along = network.ends[network.arc_street[arc], 0] == node
                legs.append(Leg(int(network.arc_street[arc]), float(not along), float(along), cost))
                node = head
                break
    from_first = node == ends[0] and int(origins.at_first[0]) == last_cost[node]
    return [*legs, Leg(street, 0.0 if from_first else 1.0, at, last_cost[node])]


def _frame(
    network: WalkNetwork,
    legs: list[Leg],
    start: JoinedPlaces,
    goal: JoinedPlaces,
    per_minute: float,
) -> gpd.GeoDataFrame:
    """One row per stretch of one street name, with geometry and minutes."""
    table = pd.DataFrame(legs, columns=list(Leg._fields))
    street = table["street"].to_numpy(np.int64)
    points, ends = cut_lines(
        network.shape_xy,
        network.shape_offsets,
        np.maximum(street, 0),
        table["start"].to_numpy(float),
        table["stop"].to_numpy(float),
    )
    shapes = shapely.from_ragged_array(shapely.GeometryType.LINESTRING, points, (ends,))
    on_street = street >= 0
    _tie_ends(shapes, start.xy[0], goal.xy[0])
    tags = network.tags.iloc[np.maximum(street, 0)].reset_index(drop=True)
    table = pd.DataFrame(
        {
            "name": tags["name"].where(on_street, ""),
            "highway": tags["highway"].where(on_street, ""),
            "metres": table["cost"] / 10.0,
            "shape": shapes,
        }
    )
    table = table[table["metres"] > 0]
    changes = (table[["name", "highway"]] != table[["name", "highway"]].shift()).any(axis=1)
    rows: dict[str, Any] = dict.fromkeys(("name", "highway"), "first")
    rows |= {"metres": "sum", "shape": _one_line}
    table = table.groupby(changes.cumsum()).agg(rows).reset_index(drop=True)
    table["minutes"] = table["metres"] * 10.0 / per_minute
    table["minutes_so_far"] = table["minutes"].cumsum()
    lines = table.pop("shape").to_list()
    return gpd.GeoDataFrame(table, geometry=lines, crs=network.crs).to_crs(4326)


def _tie_ends(shapes: np.ndarray, start: np.ndarray, goal: np.ndarray) -> None:
    """Draw the first and last legs, off the street, from the facility and to the place."""
    if len(shapes) > 1:
        feet = shapely.get_point(shapes[1], 0), shapely.get_point(shapes[-2], -1)
        shapes[0] = shapely.LineString([start, *feet[0].coords])
        shapes[-1] = shapely.LineString([*feet[1].coords, goal])
    elif len(shapes):
        shapes[0] = shapely.LineString([start, goal])


def _one_line(parts: pd.Series) -> shapely.Geometry:
    """Join lines that follow one another; a straight piece without length is left out."""
    points = [point for part in parts for point in part.coords]
    return shapely.LineString(points)


def _sentences(frame: gpd.GeoDataFrame, straight: float) -> dict[str, str]:
    if frame.empty:
        return {
            "en": f"There is no way on foot, though it is {straight:,.0f} m as the crow flies.",
            "zh": f"步行无法到达，虽然直线距离只有 {straight:,.0f} 米。",
        }
    minutes, metres = frame["minutes"].sum(), frame["metres"].sum()
    longest = frame.iloc[int(frame["minutes"].to_numpy().argmax())]
    name = longest["name"] or longest["highway"] or "–"
    return {
        "en": (
            f"{minutes:.1f} minutes on foot ({metres:,.0f} m; {straight:,.0f} m as the crow "
            f"flies); the longest stretch is {name}, {longest['minutes']:.1f} minutes."
        ),
        "zh": (
            f"步行 {minutes:.1f} 分钟（{metres:,.0f} 米，直线 {straight:,.0f} 米）；"
            f"最长的一段是 {name}，{longest['minutes']:.1f} 分钟。"
        ),
    }
