"""How heavy and how quick the planner's map is, in an installed Chromium without network.

    python benchmarks/map_weight.py [--candidates 20000 200000] [--stations 600]

Writes one map per number of candidates over the demo city's streets (made-up places) and
prints sizes, seconds of processor time to make the map, and milliseconds to the first
drawing, of moves inside and out of the drawn buffer and of zooms: mean (worst). Timings are
of the machine it runs on; compare runs on one machine only.
"""

from __future__ import annotations

import argparse
import gzip
import shutil
import statistics
import tempfile
import time
import warnings
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import numpy as np
import shapely

import servicecircle as sc
from servicecircle.errors import ServiceCircleWarning
from servicecircle.samples import wuhan

if TYPE_CHECKING:
    from playwright.sync_api import Browser

PLACES, SITES, RUNS, STEPS = 3000, 12, 3, 12
WITHIN, BEYOND = (220, 120), (900, 500)  # pixels: inside the buffer that is drawn, and out of it
# Every step goes there and back, and is timed until the page has shown it.
MOVE = """async ([x, y, steps]) => {
    const { map } = ServiceCircle.app;
    const shown = async () => {
        for (let frames = 0; frames < 2; frames++)
            await new Promise((done) => requestAnimationFrame(done));
    };
    await shown();
    const times = [];
    for (let step = 0; step < steps; step++) {
        const from = performance.now();
        const way = step % 2 ? 1 : -1;
        map.panBy([way * x, way * y], { animate: false });
        await shown();
        times.push(performance.now() - from);
    }
    return times;
}"""
ZOOM = """async ([zoom, candidates]) => {
    const { app } = ServiceCircle;
    const hidden = new Set(app.state.hidden);
    if (candidates) hidden.delete("candidates");
    else hidden.add("candidates");
    app.whole();
    app.set({ hidden });
    const from = performance.now();
    app.map.setZoom(zoom, { animate: false });
    for (let frames = 0; frames < 2; frames++)
        await new Promise((done) => requestAnimationFrame(done));
    return performance.now() - from;
}"""


def scattered(streets: gpd.GeoDataFrame, count: int, seed: int, name: str) -> gpd.GeoDataFrame:
    """Place rows beside streets, drawn with a fixed seed."""
    rng = np.random.default_rng(seed)
    lines = streets.geometry.to_numpy()
    metres = shapely.length(lines)
    chosen = lines[rng.choice(len(lines), count, p=metres / metres.sum())]
    points = shapely.line_interpolate_point(chosen, rng.random(count), normalized=True)
    moved = shapely.get_coordinates(points) + rng.normal(0, 15, (count, 2))
    frame = gpd.GeoDataFrame(
        {"name": [f"{name} {number}" for number in range(count)]},
        geometry=shapely.points(moved),
        crs=streets.crs,
    )
    frame.index = [f"{name[0]}{number}" for number in range(count)]
    return frame.to_crs(4326)


def make_map(
    network: sc.WalkNetwork, stations: int, candidates: int, folder: Path
) -> tuple[Path, float]:
    """Plan over made-up places and save the map."""
    streets = network.streets
    rng = np.random.default_rng(3)
    workers = scattered(streets, PLACES, 1, "place").assign(
        workers=rng.integers(5, 80, PLACES), group=rng.choice(["courier", "office"], PLACES)
    )
    plan = sc.choose_sites(
        network,
        scattered(streets, candidates, 2, "candidate").assign(kind="bank_branch"),
        workers,
        existing=scattered(streets, stations, 4, "station"),
        n_open=SITES,
        minutes=[10, 15],
        time_limit=20,
    )
    start = time.process_time()
    path = sc.save_map(sc.map_plan(plan), folder / f"map-{candidates}.html")
    return path, time.process_time() - start


def measure(browser: Browser, path: Path) -> dict[str, list[float]]:
    """Return milliseconds to the first drawing, of moves and of zooms, candidates shown or not."""
    times: dict[str, list[float]] = {"load": [], "move": [], "far move": [], "zoom": []}
    for _ in range(RUNS):
        context = browser.new_context(viewport={"width": 1440, "height": 900}, offline=True)
        page = context.new_page()
        start = time.perf_counter()
        page.goto(path.as_uri())
        page.wait_for_selector("#panel h1")
        page.evaluate("() => new Promise((done) => requestAnimationFrame(done))")
        times["load"].append(1000 * (time.perf_counter() - start))
        for zoom, candidates in ((12.5, False), (12.75, True), (15, True)):
            times["zoom"].append(page.evaluate(ZOOM, [zoom, candidates]))
            times["move"] += page.evaluate(MOVE, [*WITHIN, STEPS])
            times["far move"] += page.evaluate(MOVE, [*BEYOND, STEPS // 2])
        context.close()
    return times


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--candidates", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--stations", type=int, default=600)
    asked = parser.parse_args()
    warnings.simplefilter("ignore", ServiceCircleWarning)
    chromium = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    network = sc.read_network(wuhan().streets)
    heads = "circles|places|candidates|file MB|gzip MB|made s|load ms|move|far move|zoom"
    print("| " + heads.replace("|", " | ") + " |")
    print("|---" * 10 + "|")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for candidates in asked.candidates:
            path, made = make_map(network, asked.stations, candidates, Path(folder))
            times = measure(browser, path)
            shown = " | ".join(
                f"{statistics.mean(part):.0f} ({max(part):.0f})" for part in times.values()
            )
            text = path.read_bytes()
            print(
                f"| {asked.stations:,} | {PLACES:,} | {candidates:,} | {len(text) / 1e6:.2f} | "
                f"{len(gzip.compress(text)) / 1e6:.2f} | {made:.1f} | {shown} |",
                flush=True,
            )
        browser.close()


if __name__ == "__main__":
    main()
