"""A small made-up town on a perfect street grid, as files, for tests of the whole path."""

from __future__ import annotations

import tempfile
from functools import cache
from pathlib import Path
from typing import TYPE_CHECKING

import geopandas as gpd
import pandas as pd
import shapely
import shapely.affinity

from servicecircle.networks import read_network

if TYPE_CHECKING:
    from servicecircle.networks import WalkNetwork

METRES = 32650
WEST, SOUTH = 240_000.0, 3_390_000.0  # in Wuhan
STEP, BLOCKS = 200.0, 12


def write_town(folder: Path) -> Path:
    """Write streets, tables, districts and a plan.toml; return the plan.toml."""
    folder.mkdir(parents=True, exist_ok=True)
    streets().to_file(folder / "streets.geojson", driver="GeoJSON")
    table(workers()).to_csv(folder / "workers.csv", index=False)
    table(stations()).to_csv(folder / "stations.csv", index=False)
    table(shops()).to_csv(folder / "shops.csv", index=False)
    districts().to_file(folder / "districts.geojson", driver="GeoJSON")
    config = folder / "plan.toml"
    config.write_text(PLAN, encoding="utf-8")
    return config


PLAN = """
[inputs]
network = "streets.geojson"
stations = "stations.csv"
demand = "workers.csv"
candidates = "shops.csv"
districts = "districts.geojson"
coordinates = "wgs84"
districts_coordinates = "wgs84"
note = "虚构"
note_en = "made up"
[standard]
minutes = [5, 10]
[plan]
n_open = 2
[output]
folder = "results"
"""


def streets() -> gpd.GeoDataFrame:
    """Street lines from junction to junction, in degrees."""
    lines = []
    for i in range(BLOCKS + 1):
        for j in range(BLOCKS):
            a, b, at = j * STEP, (j + 1) * STEP, i * STEP
            lines += [shapely.LineString([(a, at), (b, at)])]
            lines += [shapely.LineString([(at, a), (at, b)])]
    moved = [placed(line) for line in lines]
    frame = gpd.GeoDataFrame(geometry=moved, crs=METRES)
    return frame.assign(highway="residential").to_crs(4326)


def placed(shape: shapely.Geometry) -> shapely.Geometry:
    """Move a shape from the town's corner to Wuhan."""
    return shapely.affinity.translate(shape, WEST, SOUTH)


def places(names: list[str], xy: list[tuple[float, float]]) -> gpd.GeoDataFrame:
    """Places in metres from the south-west corner of the town."""
    points = [shapely.Point(WEST + x, SOUTH + y) for x, y in xy]
    frame = gpd.GeoDataFrame({"name": names}, geometry=points, crs=METRES)
    frame.index = pd.Index([name.split()[-1] for name in names], name="id")
    return frame


def workers() -> gpd.GeoDataFrame:
    """One workplace at every second junction; every third is a factory."""
    xy = [(i * 2 * STEP, j * 2 * STEP) for i in range(7) for j in range(7)]
    frame = places([f"firm W{k}" for k in range(len(xy))], xy)
    frame["group"] = ["factory" if k % 3 == 0 else "office" for k in range(len(xy))]
    return frame.assign(workers=[10 + k for k in range(len(xy))])


def stations() -> gpd.GeoDataFrame:
    """One station in the south-west."""
    return places(["station S1"], [(2 * STEP, 2 * STEP)]).assign(kind="暖心驿站")


def shops() -> gpd.GeoDataFrame:
    """Five shops; the names try what spreadsheets fall for."""
    xy = [(1800, 1800), (1800, 600), (600, 1800), (1600, 1800), (400, 400)]
    frame = places([f"shop C{k}" for k in range(1, 6)], xy)
    frame["name"] = ["=1+1", "+cmd|' /C calc'!A1", "@SUM(A1)", "http://example.org", "bell\x07shop"]
    return frame


def districts() -> gpd.GeoDataFrame:
    """Halves of the town, west and east."""
    half, last = BLOCKS * STEP / 2, BLOCKS * STEP
    boxes = [shapely.box(-50, -50, half, last + 50), shapely.box(half, -50, last + 50, last + 50)]
    moved = [placed(box) for box in boxes]
    frame = gpd.GeoDataFrame({"name": ["西区", "东区"]}, geometry=moved, crs=METRES)
    return frame.to_crs(4326)


def table(frame: gpd.GeoDataFrame) -> pd.DataFrame:
    """Write places as columns of longitude and latitude."""
    degrees = frame.geometry.to_crs(4326)
    columns = pd.DataFrame(frame.drop(columns="geometry"))
    return columns.assign(lon=degrees.x.round(7), lat=degrees.y.round(7)).reset_index()


@cache
def network() -> WalkNetwork:
    """Read the town's streets once for all tests."""
    with tempfile.TemporaryDirectory() as folder:
        write_town(Path(folder))
        return read_network(Path(folder) / "streets.geojson")
