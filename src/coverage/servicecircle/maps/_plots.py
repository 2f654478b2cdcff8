"""The map as a picture on paper, drawn by matplotlib from the same scene as the page."""

from __future__ import annotations

import warnings
from typing import TYPE_CHECKING, Any

import numpy as np
import shapely

from servicecircle._sentences import count_text, percent_text
from servicecircle._text import clean_text
from servicecircle.errors import InputError, InputWarning
from servicecircle.maps._ground import make_ground
from servicecircle.maps._outlines import coordinates

if TYPE_CHECKING:
    from collections.abc import Iterable
    from types import ModuleType

    from matplotlib.artist import Artist
    from matplotlib.axes import Axes
    from numpy.typing import NDArray
    from shapely.geometry.base import BaseGeometry

    from servicecircle.maps._scene import Scene

FONTS = (
    *("Noto Sans CJK SC", "Source Han Sans SC", "PingFang SC", "HarmonyOS Sans SC"),
    *("Microsoft YaHei", "SimHei", "WenQuanYi Zen Hei", "WenQuanYi Micro Hei", "Hiragino Sans GB"),
    *("Noto Sans SC", "Noto Sans CJK JP", "Noto Sans CJK TC", "Noto Serif CJK SC"),
)
STREETS = (("#A9A69C", 1.0), ("#BDBAB1", 0.7), ("#CDCAC2", 0.35))
WORDS = {
    "zh": {
        "inner": "现状步行 {0:g} 分钟",
        "outer": "现状步行 {0:g} 分钟",
        "added": "方案新增",
        "site": "建议新站点（开设次序）",
        "station": "现有站点",
        "gap": "{0}未覆盖职工（面积 = 人数）",
        "still": "仍",
        "plan": "新开 {0} 个站点，{1:g} 分钟覆盖率由 {2} 升至 {3}",
        "today": "现有 {0} 个站点，{1:g} 分钟内覆盖 {2} 的职工",
        "credit": "街道 © OpenStreetMap contributors",
    },
    "en": {
        "inner": "{0:g} min walk today",
        "outer": "{0:g} min walk today",
        "added": "added by the plan",
        "site": "suggested site, in order",
        "station": "station today",
        "gap": "{0}uncovered workers (area = number)",
        "still": "still ",
        "plan": "{0} new stations lift {1:g}-minute coverage from {2} to {3}",
        "today": "{0} stations cover {2} of workers within {1:g} minutes",
        "credit": "Streets © OpenStreetMap contributors",
    },
}
NO_FONT = (
    "No font with Chinese characters was found: they will be empty boxes. Install one, e.g. "
    "`apt install fonts-noto-cjk` or Noto Sans SC from fonts.google.com, and delete "
    "matplotlib's font cache."
)


def draw_scene(scene: Scene, language: str, ax: Axes | None) -> Axes:
    """Draw a scene on axes of its own or the given ones."""
    plt = pyplot(stacklevel=4)
    if ax is None:
        _, ax = plt.subplots(figsize=(11, 8), layout="constrained")
    _draw(scene, language, ax)
    set_font(ax)
    return ax


def pyplot(*, stacklevel: int = 3) -> ModuleType:
    """Return matplotlib's pyplot; say how to get it, or a font, where one is missing."""
    try:
        from matplotlib import pyplot as plt
    except ImportError:
        raise InputError(
            'Pictures need matplotlib: `python -m pip install "servicecircle[plot]"`.'
        ) from None
    if chinese_font() is None:
        warnings.warn(NO_FONT, InputWarning, stacklevel=stacklevel)
    return plt


def set_font(drawn: Artist) -> None:
    """Write all words of a picture in a font that has Chinese characters, where there is one."""
    from matplotlib.text import Text

    font = chinese_font()
    for text in drawn.findobj(Text):
        text.set_fontfamily([*filter(None, [font]), "DejaVu Sans"])


def chinese_font() -> str | None:
    """Return the first installed font of the list that has Chinese characters."""
    from matplotlib import font_manager

    installed = {font.name for font in font_manager.fontManager.ttflist}
    return next((name for name in FONTS if name in installed), None)


def _draw(scene: Scene, language: str, ax: Axes) -> None:
    words = WORDS[language]
    ground = make_ground(
        scene.streets,
        None if scene.districts is None else scene.districts.geometry.union_all(),
        shapely.union_all([shapely.MultiPoint(coordinates(scene.demand)), *scene.areas.values()]),
        scene.water,
    )
    inner, outer = scene.minutes
    areas = scene.areas
    ax.set_facecolor("#F3F1EB")
    _fill(ax, ground.land, 1, facecolor="#FBFAF7")
    _fill(ax, ground.voids, 2, facecolor="#E3E8E9")
    _fill(ax, areas["outer"], 3, facecolor="#CBE8E1", label=words["outer"].format(outer))
    _fill(ax, areas["inner"], 4, facecolor="#8ACABC", label=words["inner"].format(inner))
    if "plan" in areas:
        added = shapely.difference(areas["plan"], areas["outer"])
        look = {"facecolor": "#FCE4C4", "hatch": "/////", "edgecolor": "#E9A95C"}
        _fill(ax, added, 4, linewidth=0, label=words["added"], **look)
        _lines(ax, _rings(added), color="#B4530A", linewidth=0.8, zorder=6)
    for (colour, width), lines in reversed(list(zip(STREETS, ground.streets, strict=True))):
        _lines(ax, lines, color=colour, linewidth=width, zorder=5)
    _lines(ax, _rings(areas["outer"]), color="#0F6B61", linewidth=0.8, zorder=6)
    if scene.districts is not None:
        edges = shapely.boundary(scene.districts.geometry.to_numpy())
        _lines(ax, shapely.get_parts(edges), color="#5B615E", linewidth=0.9,
               linestyle=(0, (8, 3, 1.5, 3)), zorder=7)  # fmt: skip
    _marks(scene, words, ax)
    _frame(scene, language, ax, ground.window if scene.districts is None else ground.land)


def _rings(area: BaseGeometry) -> Iterable[BaseGeometry]:
    return np.atleast_1d(shapely.get_parts(shapely.boundary(area)))


def _fill(ax: Axes, area: BaseGeometry, zorder: float, **look: Any) -> None:
    from matplotlib.patches import PathPatch
    from matplotlib.path import Path

    corners, codes = [], []
    for part in shapely.get_parts(area):
        if not isinstance(part, shapely.Polygon):
            continue
        for ring in shapely.get_rings(part):
            points = shapely.get_coordinates(ring)
            corners.append(points)
            codes.append([Path.MOVETO, *[Path.LINETO] * (len(points) - 2), Path.CLOSEPOLY])
    if corners:
        path = Path(np.concatenate(corners), np.concatenate(codes))
        look.setdefault("edgecolor", "none")
        ax.add_patch(PathPatch(path, zorder=zorder, **look))


def _lines(ax: Axes, lines: Iterable[BaseGeometry], **look: Any) -> None:
    from matplotlib.collections import LineCollection

    parts = [shapely.get_coordinates(line) for line in lines]
    ax.add_collection(LineCollection([part for part in parts if len(part) > 1], **look))


def _marks(scene: Scene, words: dict[str, str], ax: Axes) -> None:
    gaps = scene.demand[scene.demand["plan"].isna() & ~scene.demand.geometry.is_empty]
    gaps = gaps[gaps["workers"] > 0].nlargest(len(gaps), "workers")
    at, workers = coordinates(gaps), gaps["workers"].to_numpy(dtype=float)
    label = words["gap"].format(words["still"] if scene.has_plan else "")
    ax.scatter(at[:, 0], at[:, 1], s=_sizes(workers), color="#6F2A66", alpha=0.84,
               edgecolor="white", linewidth=0.4, zorder=8, label=label)  # fmt: skip
    for closed, face in ((False, "#0B4F4A"), (True, "white")):
        rows = scene.stations[scene.stations["closed"].astype(bool) == closed]
        if len(rows):
            at = coordinates(rows)
            ax.scatter(at[:, 0], at[:, 1], s=34, marker="s", color=face, zorder=9,
                       edgecolor="white" if not closed else "#0B4F4A",
                       label=None if closed else words["station"])  # fmt: skip
    at = coordinates(scene.sites)
    if not len(at):
        return
    ax.scatter(at[:, 0], at[:, 1], s=190, color="#C4281C", edgecolor="white", linewidth=1.4,
               zorder=10, label=words["site"])  # fmt: skip
    for order, (x, y) in enumerate(at, start=1):
        ax.text(x, y, str(order), color="white", weight="bold", size=8, ha="center",
                va="center_baseline", zorder=11, clip_on=True)  # fmt: skip


def _sizes(workers: NDArray[np.float64]) -> NDArray[np.float64]:
    """Areas in points²; the largest is as wide as a pin."""
    if not len(workers):
        return workers
    sizes: NDArray[np.float64] = np.maximum(
        1.5, np.minimum(1.1 * workers, 160 * workers / workers.max())
    )
    return sizes


def _frame(scene: Scene, language: str, ax: Axes, shown: BaseGeometry) -> None:
    words = WORDS[language]
    west, south, east, north = shown.bounds
    ax.set(xlim=(west, east), ylim=(south, north), aspect="equal", xticks=[], yticks=[])
    handles, labels = ax.get_legend_handles_labels()
    ax.legend(handles, labels, loc="upper left", bbox_to_anchor=(0.0, -0.03), fontsize=8,
              ncols=3, frameon=False, borderpad=0)  # fmt: skip
    workers = scene.demand["workers"].fillna(0.0)
    before, after = (
        percent_text(float(workers[scene.demand[when].notna()].sum() / workers.sum()))
        if workers.sum() > 0
        else "–"
        for when in ("today", "plan")
    )
    open_today = int((~scene.stations["closed"].astype(bool)).sum())
    text = (
        words["plan"].format(len(scene.sites), scene.minutes[1], before, after)
        if scene.has_plan
        else words["today"].format(count_text(open_today), scene.minutes[1], before)
    )
    head = " · ".join(filter(None, (clean_text(scene.title), clean_text(scene.date))))
    # "$" would start a formula.
    ax.set_title("\n".join(filter(None, (head, text))).replace("$", r"\$"), loc="left", size=12)
    notice = clean_text(scene.notice[language == "en"]) if scene.notice else ""
    credit = " ｜ ".join(filter(None, (notice, words["credit"], f"{scene.speed:g} km/h")))
    ax.text(0, -0.01, credit.replace("$", r"\$"), transform=ax.transAxes, size=7, va="top",
            color="#565C59")  # fmt: skip
    _scale(ax, west, south, east)


def _scale(ax: Axes, west: float, south: float, east: float) -> None:
    from matplotlib.patches import Rectangle

    room = (east - west) / 6
    power = 10 ** np.floor(np.log10(room))
    metres = max(step * power for step in (1, 2, 5) if step * power <= room)
    left, bottom = east - metres * 1.2, south + room / 4
    ax.add_patch(Rectangle((left, bottom), metres, room / 30, color="#1E2422", zorder=12))
    text = f"{metres / 1000:g} km" if metres >= 1000 else f"{metres:g} m"  # noqa: PLR2004
    ax.text(left + metres / 2, bottom + room / 12, text, size=8, ha="center", zorder=12)
