"""How heavy and how quick the planner's map is, in an installed Chromium without network.

    python benchmarks/map_weight.py [--candidates 20000 200000] [--stations 600]

Writes one map per number of candidates over the demo city's streets (made-up places) and
prints sizes, time to the first drawing, and times of moves of the map. Timings are of the
machine it runs on; compare runs on one machine only.
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

PLACES, SITES, RUNS, MOVES = 3000, 12, 3, 12
MOVE = """async () => {
    const { map } = ServiceCircle.app;
    const frame = () => new Promise((done) => requestAnimationFrame(done));
    const times = [];
    for (let step = 0; step < %d; step++) {
        const from = performance.now();
        map.panBy([step %% 2 ? 220 : -220, step %% 4 < 2 ? 120 : -120], { animate: false });
        await frame();
        times.push(performance.now() - from);
        await frame();
    }
    return times;
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
    start = time.perf_counter()
    path = sc.save_map(sc.map_plan(plan), folder / f"map-{candidates}.html")
    return path, time.perf_counter() - start


def measure(browser: Browser, path: Path) -> tuple[list[float], list[float]]:
    """Return milliseconds to the first drawing, and of every move."""
    loads, moves = [], []
    for _ in range(RUNS):
        context = browser.new_context(viewport={"width": 1440, "height": 900}, offline=True)
        page = context.new_page()
        start = time.perf_counter()
        page.goto(path.as_uri())
        page.wait_for_selector("#panel h1")
        page.evaluate("() => new Promise((done) => requestAnimationFrame(done))")
        loads.append(1000 * (time.perf_counter() - start))
        moves += page.evaluate(MOVE % MOVES)
        context.close()
    return loads, moves


def main() -> None:
    from playwright.sync_api import sync_playwright

    parser = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    parser.add_argument("--candidates", type=int, nargs="+", default=[20_000, 200_000])
    parser.add_argument("--stations", type=int, default=600)
    asked = parser.parse_args()
    warnings.simplefilter("ignore", ServiceCircleWarning)
    chromium = next(filter(None, map(shutil.which, ("chromium", "google-chrome"))), None)
    network = sc.read_network(wuhan().streets)
    heads = "circles|places|candidates|file MB|gzip MB|made s|load ms|move ms mean|worst"
    print("| " + heads.replace("|", " | ") + " |")
    print("|---|---|---|---|---|---|---|---|---|")
    with tempfile.TemporaryDirectory() as folder, sync_playwright() as driver:
        browser = driver.chromium.launch(executable_path=chromium, args=["--no-sandbox"])
        for candidates in asked.candidates:
            path, made = make_map(network, asked.stations, candidates, Path(folder))
            loads, moves = measure(browser, path)
            text = path.read_bytes()
            print(
                f"| {asked.stations:,} | {PLACES:,} | {candidates:,} | {len(text) / 1e6:.2f} | "
                f"{len(gzip.compress(text)) / 1e6:.2f} | {made:.1f} | "
                f"{statistics.median(loads):.0f} | {statistics.mean(moves):.0f} | "
                f"{max(moves):.0f} |",
                flush=True,
            )
        browser.close()


if __name__ == "__main__":
    main()
