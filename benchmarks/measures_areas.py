"""Measures of circles, snapping and the raster: speed, recall, precision, agreement."""

from __future__ import annotations

import time
from functools import partial
from typing import TYPE_CHECKING

import numpy as np
import pyproj
import shapely
from harness import Section, Target, interleave, ratio, say
from quality import Fit, Streets, agreement, fit, our_shapes, recipe
from streets import MINUTES_10, MINUTES_15, at_nodes, beside_streets, pick_joined
from valhalla import Valhalla

from servicecircle._kernel.field import areas_of_each
from servicecircle.areas import service_areas
from servicecircle.networks import read_network
from servicecircle.networks.nearest_street import build_raster
from servicecircle.networks.places import join_places

if TYPE_CHECKING:
    from collections.abc import Callable
    from pathlib import Path

    import geopandas as gpd
    from bench import Bench

CITIES = ("porto_portugal", "porto_alegre", "monaco", "nanjing_core")
AHEAD = {"random": 4, "dense": 7}  # times Valhalla, to hold
RECIPE = "OSMnx recipe, both bands"
VALHALLA = "Valhalla, default"
FEW = 4  # origins for the recipe


def circles(bench: Bench) -> Section:
    """Time two-band circles up to the kernel, as shapely objects and in degrees."""
    network = bench.porto
    graph, raster = network.toward, network.raster
    levels, draw = np.array([MINUTES_10, MINUTES_15]), recipe(network)
    rows, targets, said = [], [], []
    valhalla = peer(bench, bench.city_file, said)
    for pool in ("random", "dense"):
        nodes = pick_joined(network, bench.few(1000, 100), dense=pool == "dense")
        places = at_nodes(network, nodes)
        degrees = places.to_crs(4326)
        origins = join_places(network, places, "facilities").origins(graph)
        order = np.argsort(origins.street, kind="stable")
        few = nodes[:: len(nodes) // FEW][:FEW].tolist()
        theirs: list[float] = []
        jobs: dict[str, Callable[[], object]] = {
            "ours, kernel": partial(areas_of_each, graph, origins, order, raster, levels),
            "ours, `service_areas`, metres": partial(service_areas, network, places),
            "ours, `service_areas`, degrees": partial(service_areas, network, degrees),
            RECIPE: partial(_draw_all, draw, few),
        }
        for job in list(jobs.values())[:3]:
            job()
        if valhalla:
            jobs[VALHALLA] = partial(_ask, valhalla, degrees, theirs)
        seconds = interleave(jobs)
        each = {k: s * 1e3 / (FEW if k == RECIPE else len(nodes)) for k, s in seconds.items()}
        if valhalla:
            each[VALHALLA] = min(theirs)  # of its own process
        rows += [(k, pool, f"{v:.3f}", ratio(v, each["ours, kernel"])) for k, v in each.items()]
        targets += _ahead(pool, each)
        say(f"  {pool} origins done")
    return Section(
        f"Two-band circles (10 and 15 minutes) in {bench.city}",
        ("method", "origins", "CPU ms per origin", "against our kernel"),
        rows,
        (
            (
                "The recipe: ego graph, whole edges buffered by 25 m, united, once per band; its "
                "time leaves out finding the nearest node. pandana and cityseer draw no polygons."
            ),
            *said,
        ),
        tuple(targets),
    )


def peer(bench: Bench, pbf: Path, said: list[str]) -> Valhalla | None:
    """Start Valhalla on a street file; add to ``said`` what it is, or why it is missing."""
    try:
        valhalla = Valhalla(bench.cache, pbf)
    except (OSError, RuntimeError) as error:
        said.append(f"Valhalla is not in this run: {error}.")
        return None
    said.append(
        f"Valhalla {valhalla.version} from npm, with its own tiles and walking rules, default "
        "`denoise` and `generalize`: CPU time of its Node process, all threads, GeoJSON text out; "
        "the tiles are in memory."
    )
    return valhalla


def _draw_all(draw: Callable[[int, int], object], nodes: list[int]) -> None:
    for node in nodes:
        draw(node, 10)
        draw(node, 15)


def _ask(valhalla: Valhalla, degrees: gpd.GeoDataFrame, seen: list[float]) -> None:
    seen.append(valhalla.draw(degrees, rounds=1).cpu_ms)


def _ahead(pool: str, each: dict[str, float]) -> list[Target]:
    metres = each["ours, `service_areas`, metres"]
    targets = [
        Target(
            f"circles, {pool}: `service_areas` in metres against {RECIPE}",
            "≥ 400 ×",
            ratio(each[RECIPE], metres),
            each[RECIPE] >= 400 * metres,
        )
    ]
    if VALHALLA in each:
        ours = each["ours, kernel"]
        targets.append(
            Target(
                f"circles, {pool}: kernel against {VALHALLA}",
                f"≥ {AHEAD[pool]} ×",
                ratio(each[VALHALLA], ours),
                each[VALHALLA] >= AHEAD[pool] * ours,
            )
        )
    return targets


def fits(bench: Bench) -> Section:
    """Measure recall and precision by street length, and agreement with the table."""
    rows, targets = [], []
    said: list[str] = []
    for city in CITIES if not bench.quick else CITIES[-1:]:
        file = bench.streets / f"{city}.osm.pbf"
        network, valhalla = read_network(file), peer(bench, file, said)
        draw, streets = recipe(network), Streets.of(network)
        for dense in (False, True):
            nodes = pick_joined(network, bench.few(30, 15), dense=dense, seed=3)
            places = at_nodes(network, nodes)
            pool = "dense" if dense else "random"
            agree = agreement(network, places)
            few = nodes[:: len(nodes) // bench.few(3, 5)]
            other = valhalla.draw(places, rounds=0).polygons if valhalla else None
            for band, minutes in enumerate((10, 15)):
                ours = fit(network, streets, places, minutes, our_shapes(network, places, minutes))
                drawn = np.array([draw(int(node), minutes) for node in few], dtype=object)
                shapely.prepare(drawn)
                theirs = fit(network, streets, at_nodes(network, few), minutes, drawn)
                asked = (
                    None
                    if other is None
                    else fit(network, streets, places, minutes, other[:, band])
                )
                rows.append(
                    (city, pool, minutes, _both(ours), _both(theirs), _both(asked),
                     f"{agree.recall:.4f} ({agree.precision:.4f})" if minutes == 15 else "")
                )  # fmt: skip
            targets += [
                Target(
                    f"{city}, {pool}, 15 minutes: recall / precision",
                    "≥ .98 / ≥ .975",
                    f"{ours.recall:.3f} / {ours.precision:.3f}",
                    ours.recall >= 0.98 and ours.precision >= 0.975,
                ),
                Target(
                    f"{city}, {pool}: circle and table agree within 150 m of the edge",
                    "≥ .99",
                    f"{agree.recall:.4f}",
                    agree.recall >= 0.99,
                ),
            ]
        say(f"  {city} done")
    return Section(
        "How well circles fit the streets really reached",
        (
            "city",
            "origins",
            "minutes",
            "ours: recall / precision",
            "OSMnx recipe",
            VALHALLA,
            "circle and table agree (or within 10 m)",
        ),
        rows,
        (
            (
                "Recall: share of the reached street length that lies inside. Precision: share "
                "of the street length inside (islands left out) that is reached. Samples every 5 "
                "m, exact costs from `reached_streets`; the recipe on every tenth origin. "
                "Agreement: 300 places round every circle within 150 m of its edge, joined to a "
                "street; in brackets, the share that agrees or lies within 10 m (one cell) of "
                "the edge. Valhalla is measured against our reading of the streets; its own rules "
                "differ a little."
            ),
            *said[:1],
        ),
        tuple(targets),
    )


def _both(measured: Fit | None) -> str:
    return f"{measured.recall:.3f} / {measured.precision:.3f}" if measured else "–"


def snapping(bench: Bench) -> Section:
    """Compare the nearest street of many places with shapely's tree; build the raster."""
    network = bench.porto
    places = beside_streets(network, bench.few(500_000, 20_000), off=40.0)
    points, xy = places.geometry.to_numpy(), shapely.get_coordinates(places.geometry.to_numpy())
    lines = network.streets.geometry.to_numpy()[~network.is_island]
    found: dict[str, np.ndarray] = {}

    def ours() -> None:
        found["ours"] = network.index.nearest(xy, network.max_access)[2]

    def theirs() -> None:
        who, line = tree.query_nearest(points, max_distance=network.max_access, all_matches=False)
        distance = np.full(len(points), np.inf)
        distance[who] = shapely.distance(points[who], lines[line])
        found["theirs"] = distance

    before = time.process_time()
    tree = shapely.STRtree(lines)
    tree.query_nearest(points[:1])
    built = time.process_time() - before
    ours()
    seconds = interleave({"ours": ours, "theirs": theirs}, rounds=bench.few(2, 1))
    before, wall = time.process_time(), time.perf_counter()
    build_raster(network)
    raster = time.process_time() - before, time.perf_counter() - wall
    both = np.isfinite(found["ours"]) & np.isfinite(found["theirs"])
    worst = np.abs(found["ours"] - found["theirs"])[both].max()
    unlike = int((np.isfinite(found["ours"]) != np.isfinite(found["theirs"])).sum())
    gain = ratio(seconds["theirs"], seconds["ours"])
    return Section(
        f"Nearest streets of {len(xy):,} places; the raster of nearest streets",
        ("work", "CPU s", "against ours"),
        [
            ("ours", f"{seconds['ours']:.2f}", ""),
            ("shapely STRtree.query_nearest, distances", f"{seconds['theirs']:.2f}", gain),
            ("building shapely's tree", f"{built:.2f}", ""),
            (f"raster of {bench.city}, wall {raster[1]:.1f} s", f"{raster[0]:.2f}", ""),
        ],
        (
            (
                f"Largest difference of distance {worst:.1e} m; {unlike} places joined by one only "
                f"(limit {network.max_access:g} m)."
            ),
        ),
        (
            Target(
                "snapping against STRtree, exact",
                "≥ 4 ×",
                f"{gain}, {worst:.0e} m",
                seconds["theirs"] >= 4 * seconds["ours"] and worst < 1e-6 and not unlike,
            ),
        ),
    )


def whole_set(bench: Bench) -> Section:
    """Compare the area of a whole set with the union of its circles."""
    network = bench.porto
    stations = at_nodes(network, pick_joined(network, bench.few(1000, 100), seed=9))
    one = partial(service_areas, network, stations, minutes=15, dissolve=True)
    shapes = service_areas(network, stations, minutes=15).geometry.to_numpy()
    one()
    seconds = interleave({"one": one, "union": lambda: shapely.union_all(shapes)})
    area, union = float(one()["area_km2"].iloc[0]), shapely.union_all(shapes).area / 1e6
    return Section(
        f"The area of {len(stations):,} stations at once (15 minutes)",
        ("method", "CPU ms", "km²"),
        [
            ("ours, `service_areas(dissolve=True)`", f"{seconds['one'] * 1e3:,.0f}", f"{area:.3f}"),
            ("`union_all` of their circles", f"{seconds['union'] * 1e3:,.0f}", f"{union:.3f}"),
        ],
        (f"CRS {pyproj.CRS(network.crs).to_string()}; the union's time leaves out drawing them.",),
        (
            Target(
                "area of the set against the union",
                "≥ 100 ×",
                ratio(seconds["union"], seconds["one"]),
                seconds["union"] >= 100 * seconds["one"],
            ),
        ),
    )
