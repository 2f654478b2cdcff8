"""Maps as pictures: on paper by matplotlib, or the page itself by an installed Chromium."""

from __future__ import annotations

import os
import shutil
import subprocess
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Literal

from servicecircle._store import write_atomically
from servicecircle.errors import InputError
from servicecircle.maps._gather import scene_of_coverage, scene_of_plan
from servicecircle.maps._page import render
from servicecircle.maps._plots import draw_scene

if TYPE_CHECKING:
    import folium
    import geopandas as gpd
    from matplotlib.axes import Axes

    from servicecircle.coverage import Coverage
    from servicecircle.siting import SitePlan

BROWSERS = ("chromium", "chromium-browser", "google-chrome", "google-chrome-stable", "msedge")
LEAST_SIZE, MOST_SIZE = 300, 10_000
SECONDS = 120


def plot_coverage(
    coverage: Coverage,
    *,
    districts: gpd.GeoDataFrame | None = None,
    title: str | None = None,
    language: Literal["zh", "en"] = "zh",
    ax: Axes | None = None,
) -> Axes:
    """Draw today's coverage with matplotlib, for papers and slides.

    Parameters
    ----------
    coverage : Coverage
        From `measure_coverage`.
    districts : geopandas.GeoDataFrame, optional
        As in `map_coverage`.
    title : str, optional
        Above the finding.
    language : {"zh", "en"}
        Of the legend and the finding.
    ax : matplotlib.axes.Axes, optional
        Where to draw; a figure of its own otherwise.

    Returns
    -------
    matplotlib.axes.Axes
        Save it with ``ax.figure.savefig("today.png", dpi=200)``.

    Raises
    ------
    InputError
        matplotlib is not installed, or `districts` has no names.

    Warns
    -----
    InputWarning
        No font with Chinese characters is installed; the message says how to get one.
    """
    scene = scene_of_coverage(
        coverage, districts=districts, water=None, areas=None, title=title, circles=False
    )
    return draw_scene(scene, _one_of(language), ax)


def plot_plan(
    plan: SitePlan,
    *,
    districts: gpd.GeoDataFrame | None = None,
    title: str | None = None,
    language: Literal["zh", "en"] = "zh",
    ax: Axes | None = None,
) -> Axes:
    """Draw a plan with matplotlib: areas today, what the plan adds, sites in order, gaps.

    Parameters
    ----------
    plan : SitePlan
        From `choose_sites`.
    districts, title, language, ax
        As in `plot_coverage`.

    Returns
    -------
    matplotlib.axes.Axes
        Save it with ``ax.figure.savefig("plan.png", dpi=200)``.

    Raises
    ------
    InputError
        matplotlib is not installed, or `districts` has no names.

    Warns
    -----
    InputWarning
        No font with Chinese characters is installed; the message says how to get one.
    """
    scene = scene_of_plan(
        plan,
        districts=districts,
        water=None,
        areas=None,
        plan_areas=None,
        title=title,
        circles=False,
    )
    return draw_scene(scene, _one_of(language), ax)


def save_png(
    map: folium.Map,  # noqa: A002
    path: str | Path,
    *,
    size: tuple[int, int] = (1440, 900),
) -> Path:
    """Save a map as a PNG, as an installed Chromium shows it at opening; no network is used.

    Parameters
    ----------
    map : folium.Map
        From `map_coverage` or `map_plan`.
    path : str or Path
        Where to; the folder is made if it is missing.
    size : (int, int)
        Width and height in pixels.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        No Chromium, Chrome or Edge is found, it made no picture, or the size is out of
        range.
    """
    if not all(LEAST_SIZE <= side <= MOST_SIZE for side in size):
        raise InputError(f"`size` must be {LEAST_SIZE} to {MOST_SIZE} pixels, not {size}.")
    browser = next(filter(None, _found(BROWSERS)), None)
    if browser is None:
        raise InputError(
            "A picture of the map needs Chromium, Chrome or Edge on the PATH, and none was "
            "found: install one (e.g. `apt install chromium`), or use `plot_plan`, which needs "
            "none."
        )
    page = render(map, offline=True)
    # Chromium from a snap sees no hidden folders, so the page lies in an ordinary one.
    with tempfile.TemporaryDirectory(ignore_cleanup_errors=True) as folder:
        shot = Path(folder) / "map.png"
        (Path(folder) / "map.html").write_text(page, encoding="utf-8")
        said = _shoot(browser, Path(folder), shot, size)
        if not shot.is_file():
            raise InputError(f"{browser} made no picture: {said[-300:]}")
        with write_atomically(path) as temporary:
            shutil.copyfile(shot, temporary)
    return Path(path)


def _found(names: tuple[str, ...]) -> list[str | None]:
    """Return where each program lies, or ``None``."""
    return [shutil.which(name) for name in names]


def _shoot(browser: str, folder: Path, shot: Path, size: tuple[int, int]) -> str:
    """Let the browser open ``map.html``; return what it complained about."""
    command = [
        browser,
        "--headless",
        "--disable-gpu",
        "--hide-scrollbars",
        "--no-first-run",
        "--force-prefers-reduced-motion",
        "--host-resolver-rules=MAP * ~NOTFOUND",
        f"--user-data-dir={folder / 'profile'}",
        f"--window-size={size[0]},{size[1]}",
        f"--screenshot={shot}",
        "--virtual-time-budget=4000",
    ]
    if getattr(os, "geteuid", lambda: 1)() == 0:
        command.append("--no-sandbox")  # Chromium refuses to start for root otherwise
    command.append((folder / "map.html").as_uri())
    try:
        done = subprocess.run(command, capture_output=True, timeout=SECONDS, check=False)
    except subprocess.TimeoutExpired:
        return f"it took longer than {SECONDS} s"
    return done.stderr.decode(errors="replace")


def _one_of(language: str) -> str:
    if language not in ("zh", "en"):
        raise InputError(f"`language` must be 'zh' or 'en', not {language!r}.")
    return language
