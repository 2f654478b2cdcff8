"""One station by the Yangtze, four ways: ``python benchmarks/river_picture.py OUT.png``.

The compass circle, OSMnx's recipe (ego graph from the nearest junction, whole edges
buffered by 25 m) and the service area of this library, at 15 minutes and 4.5 km/h.
Needs the extra ``plot``.
"""

from __future__ import annotations

import sys
import warnings

import geopandas as gpd
import matplotlib.pyplot as plt
import networkx as nx
import numpy as np
import shapely

import servicecircle as sc
from servicecircle.config import read_config

MINUTES, METRES = 15, 1125.0
BUFFER = 25.0


def recipe(network: sc.WalkNetwork, point: shapely.Point) -> shapely.Geometry:
    """Draw the area as OSMnx's examples do."""
    graph = network.to_networkx()
    nearest = int(np.argmin(np.hypot(*(network.node_xy - [point.x, point.y]).T)))
    near = nx.ego_graph(graph, nearest, radius=METRES, distance="length")
    edges = [data["geometry"] for *_, data in near.edges(data=True)]
    area: shapely.Geometry = shapely.union_all(shapely.buffer(edges, BUFFER))
    return area


def main(out: str) -> None:
    warnings.simplefilter("ignore")
    city = sc.samples.wuhan()
    network = sc.read_network(city.streets)
    stations = sc.read_sites(city.stations, coordinates=city.coordinates)
    placed = stations[stations["status"] == "ok"].to_crs(network.crs)
    river = shapely.MultiPoint([label.at for label in read_config(city.plan).output.labels])
    middle = gpd.GeoSeries([river], crs=4326).to_crs(network.crs).iloc[0]
    chosen = placed.loc[[placed.distance(middle).idxmin()]]
    point = chosen.geometry.iloc[0]
    ours = sc.service_areas(network, chosen, minutes=MINUTES).geometry.iloc[0]
    reached = sc.reached_streets(network, chosen, minutes=MINUTES)
    shapes = {
        "compass circle": point.buffer(METRES),
        "OSMnx recipe": recipe(network, point),
        "servicecircle": ours,
    }
    figure, axes = plt.subplots(1, 3, figsize=(13.5, 5.7), layout="constrained")
    for axis, (name, shape) in zip(axes, shapes.items(), strict=True):
        network.streets.plot(ax=axis, color="#BDBAB1", linewidth=0.6)
        for part in shapely.get_parts(shape):
            axis.fill(*part.exterior.xy, color="#8ACABC", alpha=0.55, linewidth=0)
            for hole in part.interiors:
                axis.fill(*hole.xy, color="#FBFAF7", linewidth=0)
        reached.plot(ax=axis, color="#0F6B61", linewidth=1.1)
        axis.plot(point.x, point.y, "s", color="#C4281C", markersize=6)
        inside = reached.intersection(shape).length.sum() / reached.length.sum()
        axis.set_title(
            f"{name}: {shape.area / 1e6:.2f} km²\n{inside:.0%} of the reached streets inside",
            fontsize=10,
        )
        axis.set_xlim(point.x - 1400, point.x + 1400)
        axis.set_ylim(point.y - 1400, point.y + 1400)
        axis.set_axis_off()
        axis.set_aspect("equal")
    figure.supxlabel(
        "15 minutes at 4.5 km/h; dark: streets really reached. "
        "Streets © OpenStreetMap contributors; the station is made up.",
        fontsize=9,
    )
    figure.savefig(out, dpi=100)


if __name__ == "__main__":
    main(sys.argv[1])
