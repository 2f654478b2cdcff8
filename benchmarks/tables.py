"""Seconds to read 100,000 rows of a gb18030 CSV; Nanjing's districts before and after the shift.

python benchmarks/tables.py FOLDER_OF_DATA
"""

from __future__ import annotations

import sys
import tempfile
import time
from pathlib import Path

import geopandas as gpd
import numpy as np
import osmium
import pandas as pd

import servicecircle as sc

ROWS = 100_000
CODES = (320102, 320104, 320106)


def read_rows() -> None:
    """Write a table as offices send it and read it."""
    random = np.random.default_rng(0)
    table = pd.DataFrame(
        {
            "编号": [f"{i:06}" for i in range(ROWS)],
            "单位名称": [f"示例单位{i}" for i in range(ROWS)],
            "职工人数": random.choice(["3", "约20", "1,200", "30-50", "十二"], ROWS),
            "经度": random.uniform(118.7, 118.9, ROWS).round(6),
            "纬度": random.uniform(32, 32.1, ROWS).round(6),
        }
    )
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder) / "table.csv"
        table.to_csv(path, index=False, encoding="gb18030")
        wall, cpu = time.perf_counter(), time.process_time()
        sc.read_demand(path, coordinates="gcj02")
        wall, cpu = time.perf_counter() - wall, time.process_time() - cpu
    print(f"{ROWS:,} rows: {wall:.2f} s, {cpu:.2f} s of CPU")


def shift_districts(data: Path) -> None:
    """Print the median metres from OpenStreetMap's boundary nodes to the outlines."""
    file = str(data / "streets" / "nanjing_core.osm.pbf")
    nodes = [
        (node.location.lon, node.location.lat)
        for way in osmium.FileProcessor(file).with_locations()
        if way.is_way() and way.tags.get("boundary") == "administrative"
        for node in way.nodes
        if node.location.valid()
    ]
    own = gpd.GeoSeries(gpd.points_from_xy(*np.array(nodes).T), crs=4326).to_crs(32650)
    for system in ("wgs84", "gcj02"):
        paths = [data / "districts" / "gcj02" / f"{code}.geojson" for code in CODES]
        parts = [sc.read_districts(path, coordinates=system).geometry for path in paths]
        lines = pd.concat(parts).to_crs(32650).boundary.union_all()
        print(f"read as {system}: median {own.distance(lines).median():.1f} m")


if __name__ == "__main__":
    read_rows()
    shift_districts(Path(sys.argv[1]))
