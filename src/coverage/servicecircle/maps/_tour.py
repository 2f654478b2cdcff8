"""The tour of mobile homes as a picture: a map of the stops, and the timetable beside it."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np
import pandas as pd
import shapely

from servicecircle._sentences import count_text, percent_text
from servicecircle._text import clean_text
from servicecircle.errors import InputError
from servicecircle.maps._plots import pyplot, set_font
from servicecircle.standards.labels import place_names

if TYPE_CHECKING:
    import geopandas as gpd
    from matplotlib.axes import Axes
    from matplotlib.figure import Figure

    from servicecircle.mobile import TourPlan
    from servicecircle.networks import WalkNetwork

COLOURS = ("#0B6E4F", "#C4281C", "#1F4E8C", "#B4530A", "#6F2A66", "#3F6C1E", "#8A6D00", "#4A4A4A")
HOUR = 3600.0
MOST_NAMED = 40  # beyond that, names cover each other
WORDS = {
    "zh": {
        "vehicle": "{0} 号车（{1} 站）",
        "unserved": "未安排的工地",
        "depot": "停车场",
        "head": "{0} 辆车停靠 {1} 站，服务 {2} 个工地的 {3} 名职工（{4}）",
        "proved": "已证明最多",
        "bound": "至多 {0} 名",
        "hour": "时",
        "size": "圆面积 = 职工人数",
        "days": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
        "credit": "街道 © OpenStreetMap contributors",
    },
    "en": {
        "vehicle": "vehicle {0} ({1} stops)",
        "unserved": "sites without a stop",
        "depot": "depot",
        "head": "{1} stops of {0} vehicles serve {3} workers at {2} sites ({4})",
        "proved": "proved the most",
        "bound": "at most {0}",
        "hour": "hour",
        "size": "area of a circle = workers",
        "days": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
        "credit": "Streets © OpenStreetMap contributors",
    },
}


def plot_tour(
    tour: TourPlan,
    *,
    network: WalkNetwork | None = None,
    title: str | None = None,
    language: Literal["zh", "en"] = "zh",
) -> Figure:
    """Draw a tour with matplotlib: where the vehicles stop, and when.

    Parameters
    ----------
    tour : TourPlan
        From `plan_tour`.
    network : WalkNetwork, optional
        Streets to draw below.
    title : str, optional
        Above the finding.
    language : {"zh", "en"}
        Of the words.

    Returns
    -------
    matplotlib.figure.Figure
        A map on the left, one row a day on the right. Save it with
        ``figure.savefig("tour.png", dpi=200)``.

    Raises
    ------
    InputError
        matplotlib is not installed, or ``language`` is another.

    Warns
    -----
    InputWarning
        No font with Chinese characters is installed; the message says how to get one.

    Examples
    --------
    >>> plot_tour(plan_tour(sites, days=days))  # doctest: +SKIP
    """
    if language not in WORDS:
        raise InputError(f"`language` must be 'zh' or 'en', not {language!r}.")
    plt = pyplot()
    rows = len(tour.days) * int(str(tour.parameters["vehicles"]))
    size = (15, float(np.clip(2.0 + 0.3 * rows, 6.5, 20)))
    figure: Figure
    figure, (left, right) = plt.subplots(1, 2, figsize=size, layout="constrained")
    _map(left, tour, network, language)
    _timetable(right, tour, language)
    head = [clean_text(title)] if title else []
    # "$" would start a formula.
    text = "\n".join([*head, _finding(tour, language)]).replace("$", r"\$")
    figure.suptitle(text, x=0.01, ha="left", size=12)
    set_font(figure)
    return figure


def _finding(tour: TourPlan, language: str) -> str:
    words, row = WORDS[language], tour.summary().iloc[0]
    proof = words["proved"] if tour.status == "proved" else words["bound"]
    text = str(words["head"]).format(
        tour.parameters["vehicles"],
        row["stops"],
        row["served_sites"],
        count_text(tour.value),
        percent_text(float(row["share"])),
    )
    comma = "，" if language == "zh" else ", "
    return text + comma + str(proof).format(count_text(tour.bound))


def _map(ax: Axes, tour: TourPlan, network: WalkNetwork | None, language: str) -> None:
    words = WORDS[language]
    placed = tour.sites[tour.sites["status"] == "ok"]
    crs = network.crs if network is not None else placed.estimate_utm_crs() if len(placed) else None
    sites = placed.to_crs(crs) if crs is not None else placed
    at = _xy(sites)
    size = _sizes(sites[str(tour.parameters["weight"])].to_numpy(dtype=float))
    base = None if tour.depot is None or crs is None else _xy(tour.depot.to_crs(crs))[0]
    _routes(ax, tour, pd.DataFrame(at, sites.index, columns=["x", "y"]), base)
    free = ~sites.index.isin(tour.stops["site"])
    ax.scatter(at[free, 0], at[free, 1], s=size[free], facecolor="white", edgecolor="#565C59",
               zorder=3, label=words["unserved"] if free.any() else None)  # fmt: skip
    first = tour.stops.drop_duplicates("site").set_index("site")["vehicle"]
    for vehicle, stops in tour.stops.groupby("vehicle"):
        mine = sites.index.isin(first.index[first == vehicle])
        label = str(words["vehicle"]).format(vehicle, len(stops))
        ax.scatter(at[mine, 0], at[mine, 1], s=size[mine], color=_colour(vehicle), alpha=0.75,
                   edgecolor="white", zorder=4, label=label)  # fmt: skip
    if base is not None:
        ax.scatter(base[0], base[1], marker="s", color="#1E2422", s=60, zorder=5,
                   label=words["depot"])  # fmt: skip
    if len(sites) <= MOST_NAMED:
        for name, (x, y) in zip(_names(sites), at, strict=True):
            ax.annotate(name, (x, y), xytext=(0, 7), textcoords="offset points", size=7,
                        ha="center", zorder=6)  # fmt: skip
    _ground(ax, network, str(words["credit"]))
    ax.set(aspect="equal", xticks=[], yticks=[])
    ax.set_adjustable("datalim")
    ax.margins(0.08)
    ax.set_xlabel(str(words["size"]), loc="left", size=8)
    if len(sites):
        ax.legend(loc="upper center", bbox_to_anchor=(0.5, -0.04), ncols=3, fontsize=8,
                  frameon=False)  # fmt: skip


def _routes(ax: Axes, tour: TourPlan, at: pd.DataFrame, base: np.ndarray | None) -> None:
    """Draw each vehicle's day as a line, from and to the depot."""
    home = [] if base is None else [base]
    for (vehicle, _), stops in tour.stops.groupby(["vehicle", "day"]):
        line = np.array([*home, *at.loc[stops["site"]].to_numpy(), *home])
        ax.plot(*line.T, color=_colour(vehicle), linewidth=0.9, alpha=0.5, zorder=2)


def _ground(ax: Axes, network: WalkNetwork | None, credit: str) -> None:
    from matplotlib.collections import LineCollection

    ax.set_facecolor("#FBFAF7")
    if network is None:
        return
    lines = [shapely.get_coordinates(line) for line in network.streets.geometry]
    below = LineCollection(lines, color="#CDCAC2", linewidth=0.4, zorder=1)
    ax.add_collection(below, autolim=False)
    ax.text(0, 1.005, credit, transform=ax.transAxes, size=7, color="#565C59")


def _timetable(ax: Axes, tour: TourPlan, language: str) -> None:
    """Draw one row a day, in it one bar for every stop."""
    words = WORDS[language]
    vehicles = int(str(tour.parameters["vehicles"]))
    stops = tour.stops
    begins = (stops["arrive"] - stops["day"]).dt.total_seconds() / HOUR
    long = (stops["leave"] - stops["arrive"]).dt.total_seconds() / HOUR
    high = 0.84 / vehicles
    middle = tour.days.get_indexer(pd.Index(stops["day"])) - 0.42 + (stops["vehicle"] - 0.5) * high
    colours = [_colour(vehicle) for vehicle in stops["vehicle"]]
    ax.barh(middle, long, height=0.92 * high, left=begins, color=colours, alpha=0.85)
    for x, y, name in zip(begins + long / 2, middle, _names(stops, "site"), strict=True):
        ax.text(x, y, name, color="white", size=7, ha="center", va="center", clip_on=True)
    names = [f"{day:%m-%d} {words['days'][day.weekday()]}" for day in tour.days]
    ax.set_yticks(range(len(names)), names, size=8)
    ax.set_ylim(len(names) - 0.5, -0.5)
    ax.grid(axis="x", color="#E3E1DA")
    ax.set_axisbelow(True)
    ax.tick_params(length=0)
    ax.spines[:].set_visible(False)
    ax.set_xlabel(str(words["hour"]), loc="right", size=8)


def _xy(places: gpd.GeoDataFrame) -> np.ndarray:
    return shapely.get_coordinates(places.geometry.representative_point())


def _names(rows: pd.DataFrame, ids: str | None = None) -> list[str]:
    """Return names fit to draw; ids from a column or the index where there are none."""
    own = rows.index if ids is None else pd.Index(rows[ids])
    names = place_names(rows.reindex(columns=["name"]).set_axis(own))
    return [clean_text(str(name)).replace("$", r"\$") for name in names]


def _sizes(workers: np.ndarray) -> np.ndarray:
    """Areas in points²."""
    largest = workers.max(initial=0.0) or 1.0
    return np.asarray(12 + 300 * np.nan_to_num(workers) / largest)


def _colour(vehicle: object) -> str:
    return COLOURS[(int(str(vehicle)) - 1) % len(COLOURS)]
