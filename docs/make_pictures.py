# ruff: noqa: INP001 - a script, not a package
"""Make the pictures of the README from a saved map, with an installed Chromium.

Run after ``servicecircle plan data/wuhan/plan.toml``::

    python docs/make_pictures.py data/wuhan/plan/map.html

The week of the demo and a tour of mobile homes are drawn by matplotlib; ``--week`` and ``--tour``
draw them alone. ``--report`` takes the pages of the Word document alone (LibreOffice and pdftoppm
must be installed).

Needs playwright and pillow (``pip install playwright pillow``); pictures go to
``docs/pictures``. Pillow reduces them to 256 colours, so that each stays below 400 kB.
"""

from __future__ import annotations

import argparse
import io
import shutil
import subprocess
import sys
import tempfile
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import pandas as pd
from PIL import Image
from playwright.sync_api import sync_playwright

import servicecircle as sc

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PICTURES = Path(__file__).resolve().parent / "pictures"
MOST_BYTES = 400_000
COLOURS = 256
DESKTOP, PHONE = (1440, 900), (390, 844)
NAMES = ("chromium", "chromium-browser", "google-chrome")

COMPASS = """
    app.pick({ type: 'station', index: app.data.stations.findIndex((station) => station.home) });
    app.compare(true)"""
MINUTES = """
    const { at } = app.data.sites[0];
    app.fly(at);
    app.map.setView(at, 15, { animate: false });
    app.tellWalk(L.latLng(at[0] + 0.0035, at[1] + 0.003))"""
# name → window, and what to do in the page before the picture is taken
SHOTS = {
    "map-plan": (DESKTOP, ""),
    "map-today": (DESKTOP, "app.set({ view: 'today', lang: 'zh' })"),
    "map-change": (DESKTOP, "app.set({ view: 'change', tab: 'districts', lang: 'en' })"),
    "map-card": (DESKTOP, "app.pick({ type: 'site', index: 1 })"),
    "map-compass": (DESKTOP, COMPASS),
    "map-minutes": (DESKTOP, MINUTES),
    "map-phone": (PHONE, "app.set({ lang: 'zh' })"),
}


def take(browser: Browser, page_url: str, size: tuple[int, int], action: str) -> bytes:
    """Open the map in a window of ``size``, act, and return a PNG."""
    width, height = size
    context = browser.new_context(
        viewport={"width": width, "height": height}, offline=True, reduced_motion="reduce"
    )
    page = context.new_page()
    page.goto(page_url)
    page.wait_for_selector("#panel h1")
    page.evaluate(f"() => {{ const {{ app }} = ServiceCircle; {action} }}")
    page.evaluate("() => document.activeElement?.blur()")
    page.wait_for_timeout(500)
    picture = page.screenshot()
    context.close()
    return picture


def reduced(picture: bytes) -> bytes:
    """Return the PNG with a palette: the map has few colours."""
    image = Image.open(io.BytesIO(picture)).convert("RGB")
    few = image.quantize(COLOURS, method=Image.Quantize.FASTOCTREE, dither=Image.Dither.NONE)
    out = io.BytesIO()
    few.save(out, "PNG", optimize=True)
    return out.getvalue()


def week() -> bytes:
    """Draw the week of the demo city as a PNG."""
    city = sc.samples.wuhan()
    streets = sc.read_network(city.streets)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the demo's faulty rows
        stations = sc.read_sites(city.stations, coordinates="gcj02")
        workers = sc.read_demand(city.workers, coordinates="gcj02")
        table = sc.coverage_week(streets, stations, workers)
    out = io.BytesIO()
    axes = sc.plot_week(table, title="武汉四区（示例：职工和站点均为虚构）")
    axes.figure.savefig(out, format="png", dpi=130)
    return out.getvalue()


def tour() -> bytes:
    """Draw a made-up tour of two mobile homes among made-up sites of the demo city."""
    city = sc.samples.wuhan()
    streets = sc.read_network(city.streets)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the demo's faulty rows
        places = sc.read_demand(city.workers, coordinates="gcj02")
    days = pd.bdate_range("2026-05-06", periods=8)
    sites = places[places["status"] == "ok"].iloc[7::124].iloc[:24].assign(
        workers=[90 + 37 * k % 410 for k in range(24)],
        first_day=[days[k * 5 % 7] for k in range(24)],
        last_day=[days[min(k * 5 % 7 + k % 3, 7)] for k in range(24)],
    )  # fmt: skip
    sites["name"] = [f"工地 {k + 1}" for k in range(24)]
    depot = sites.iloc[[5]][["geometry"]].set_axis(["depot"])
    out = io.BytesIO()
    plan = sc.plan_tour(sites, days=days, vehicles=2, stops_a_day=2, depot=depot)
    figure = sc.plot_tour(plan, network=streets, title="流动职工之家（示例：工地均为虚构）")
    figure.savefig(out, format="png", dpi=90)
    return out.getvalue()


def report() -> bytes:
    """Take the three pages of the demo's Word document, side by side."""
    city = sc.samples.wuhan()
    streets = sc.read_network(city.streets)
    with warnings.catch_warnings():
        warnings.simplefilter("ignore")  # the demo's faulty rows
        stations = sc.read_sites(city.stations, coordinates="gcj02")
        workers = sc.read_demand(city.workers, coordinates="gcj02")
        shops = sc.read_sites(city.shops, coordinates="gcj02")
        minutes = [10, 15]
        plan = sc.choose_sites(
            streets, shops, workers, existing=stations, minutes=minutes, n_open=12
        )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "plan.docx"
        about = {"note": "示例：职工、站点和店铺均为虚构", "vintage": "OpenStreetMap"}
        sc.write_report(plan, path, about=about, rules="miyun", language="zh")
        for command in (
            ["soffice", "--headless", "--convert-to", "pdf", "--outdir", folder, str(path)],
            ["pdftoppm", "-r", "60", "-png", f"{folder}/plan.pdf", f"{folder}/page"],
        ):
            subprocess.run(command, check=True, capture_output=True)
        pages = [Image.open(page) for page in sorted(Path(folder).glob("page*.png"))]
        sheet = Image.new("RGB", (sum(page.width for page in pages), pages[0].height), "white")
        for number, page in enumerate(pages):
            sheet.paste(page, (number * page.width, 0))
    out = io.BytesIO()
    sheet.save(out, "PNG")
    return out.getvalue()


def main() -> int:
    """Take every picture; return 1 if one is too large."""
    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument(
        "map", type=Path, nargs="?", help="a map saved by save_map or `servicecircle plan`"
    )
    parser.add_argument("--week", action="store_true", help="draw the week alone")
    parser.add_argument("--tour", action="store_true", help="draw the tour of mobile homes alone")
    parser.add_argument("--report", action="store_true", help="take the Word document alone")
    asked = parser.parse_args()
    if asked.map is None and not (asked.week or asked.tour or asked.report):
        parser.error("give a map, --week, --tour or --report")
    if asked.report:
        (PICTURES / "report.png").write_bytes(reduced(report()))
        return 0
    drawn = {"week": week, "tour": tour}
    for name in [one for one in drawn if getattr(asked, one)] or drawn:
        (PICTURES / f"{name}.png").write_bytes(reduced(drawn[name]()))
    if asked.map is None:
        return 0
    page_url = asked.map.resolve().as_uri()
    chromium = next(filter(None, map(shutil.which, NAMES)), None)
    too_large = []
    with sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for name, (size, action) in SHOTS.items():
            picture = reduced(take(browser, page_url, size, action))
            (PICTURES / f"{name}.png").write_bytes(picture)
            sys.stdout.write(f"{name}.png: {len(picture):,} bytes\n")
            if len(picture) > MOST_BYTES:
                too_large.append(name)
        browser.close()
    return 1 if too_large else 0


if __name__ == "__main__":
    sys.exit(main())
