"""One place by the Douro in Porto, four ways.

    python benchmarks/river_picture.py --shared ../shared docs/pictures/river.png

The compass circle, OSMnx's recipe (ego graph from the nearest junction, whole edges
buffered by 25 m), Valhalla's isochrone and the service area of this library, at 15 minutes
and 4.5 km/h. Needs the extra ``plot``, and Node for Valhalla.
"""

from __future__ import annotations

import argparse
import tempfile
import warnings
from pathlib import Path

import geopandas as gpd
import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
import shapely
from PIL import Image
from valhalla import Valhalla

import servicecircle as sc

MINUTES, METRES = 15, 1125.0
BUFFER = 25.0
QUAY = shapely.Point(-8.6128, 41.1407)  # Ribeira: the river before it, a bridge beside it


def recipe(network: sc.WalkNetwork, point: shapely.Point) -> shapely.Geometry:
    """Draw the area as OSMnx's examples do."""
    graph = network.to_networkx()
    nearest = int(np.argmin(np.hypot(*(network.node_xy - [point.x, point.y]).T)))
    near = nx.ego_graph(graph, nearest, radius=METRES, distance="length")
    edges = [data["geometry"] for *_, data in near.edges(data=True)]
    area: shapely.Geometry = shapely.union_all(shapely.buffer(edges, BUFFER))
    return area


def main() -> None:
    parser = argparse.ArgumentParser(description=(__doc__ or "").splitlines()[0])
    parser.add_argument("--shared", type=Path, required=True, help="folder with data/streets")
    parser.add_argument("--cache", type=Path, help="folder for downloads")
    parser.add_argument("out", type=Path)
    given = parser.parse_args()
    warnings.simplefilter("ignore")
    cache = given.cache or Path(tempfile.gettempdir()) / "servicecircle-benchmarks"
    pbf = given.shared.resolve() / "data" / "streets" / "porto_city_core.osm.pbf"
    network = sc.read_network(pbf)
    chosen = gpd.GeoDataFrame(geometry=[QUAY], crs=4326).to_crs(network.crs)
    point = chosen.geometry.iloc[0]
    reached = sc.reached_streets(network, chosen, minutes=MINUTES)
    shapes = {
        "compass circle": point.buffer(METRES),
        "OSMnx recipe": recipe(network, point),
        "Valhalla": Valhalla(cache, pbf).draw(chosen, rounds=0).polygons[0, 1],
        "servicecircle": sc.service_areas(network, chosen, minutes=MINUTES).geometry.iloc[0],
    }
    draw(network, point, reached, shapes, given.out)


def draw(
    network: sc.WalkNetwork,
    point: shapely.Point,
    reached: gpd.GeoDataFrame,
    shapes: dict[str, shapely.Geometry],
    out: Path,
) -> None:
    """Draw each shape over the streets, side by side."""
    streets = network.streets.geometry[~network.is_island]
    figure, axes = plt.subplots(2, 2, figsize=(11, 11.6), layout="constrained")
    for axis, (name, shape) in zip(axes.flat, shapes.items(), strict=True):
        network.streets.plot(ax=axis, color="#BDBAB1", linewidth=0.6)
        for part in shapely.get_parts(shape):
            axis.fill(*part.exterior.xy, color="#8ACABC", alpha=0.55, linewidth=0)
            for hole in part.interiors:
                axis.fill(*hole.xy, color="#FBFAF7", linewidth=0)
        reached.plot(ax=axis, color="#0F6B61", linewidth=1.1)
        axis.plot(point.x, point.y, "s", color="#C4281C", markersize=6)
        inside = reached.intersection(shape).length.sum()
        drawn = streets.intersection(shape).length.sum()
        axis.set_title(
            f"{name}: {shape.area / 1e6:.2f} km²\n{inside / reached.length.sum():.0%} of the "
            f"reached streets inside; {inside / drawn:.0%} of the streets inside are reached",
            fontsize=10,
        )
        axis.set_xlim(point.x - 1400, point.x + 1400)
        axis.set_ylim(point.y - 1400, point.y + 1400)
        axis.set_axis_off()
        axis.set_aspect("equal")
    figure.supxlabel(
        "15 minutes at 4.5 km/h; dark: streets really reached. "
        "Streets © OpenStreetMap contributors.",
        fontsize=9,
    )
    figure.savefig(out, dpi=100)
    Image.open(out).convert("RGB").quantize(64).save(out, optimize=True)


if __name__ == "__main__":
    main()
