"""Valhalla, as a peer: its own tiles of a street file, its own pedestrian isochrones.

pyvalhalla has no tile builder for Python 3.11, so the engine comes from npm, as
``@valhallajs/valhallajs``, into the cache folder; Node runs it.
"""

from __future__ import annotations

import json
import shutil
import subprocess
from pathlib import Path
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import shapely
from harness import say

if TYPE_CHECKING:
    import geopandas as gpd

PACKAGE = "@valhallajs/valhallajs"
HERE = Path(__file__).resolve().parent
ASK = {
    "costing": "pedestrian",
    "costing_options": {"pedestrian": {"walking_speed": 4.5}},
    "contours": [{"time": 10}, {"time": 15}],
    "polygons": True,
}
RAW = {"denoise": 0, "generalize": 0}


class Isochrones(NamedTuple):
    """What Valhalla drew: CPU ms per origin, polygons (origins, 2) for 10 and 15 minutes."""

    cpu_ms: float
    polygons: np.ndarray


class Valhalla:
    """Valhalla's engine with the tiles of one street file."""

    def __init__(self, cache: Path, pbf: Path) -> None:
        if not (shutil.which("node") and shutil.which("npm")):
            message = "Valhalla runs on Node, which is not installed"
            raise RuntimeError(message)
        self._folder = cache / "valhalla"
        self._folder.mkdir(parents=True, exist_ok=True)
        package = self._folder / "node_modules" / PACKAGE
        if not package.exists():
            self._run(["npm", "install", "--silent", "--prefix", ".", PACKAGE])
        shutil.copy(HERE / "valhalla.mjs", self._folder / "valhalla.mjs")
        tiles = self._folder / pbf.name.split(".", 1)[0]
        self._config = self._configured(tiles)
        self.version = json.loads((package / "package.json").read_text())["version"]
        if not tiles.exists():
            say(f"  Valhalla builds tiles of {pbf.name}")
            tiles.mkdir()
            written = tiles.with_suffix(".json")
            written.write_text(json.dumps(self._config))
            build = package / "linux" / "x64" / "valhalla_build_tiles"
            self._run([str(build), "-c", str(written), str(pbf)])

    def draw(self, origins: gpd.GeoDataFrame, *, raw: bool = False, rounds: int = 3) -> Isochrones:
        """Draw circles of 10 and 15 minutes in the frame's CRS; ``raw`` neither thins nor drops.

        Parameters
        ----------
        origins : geopandas.GeoDataFrame
            Points.
        raw : bool, default False
            Contours as traced, in place of Valhalla's default ``denoise`` and ``generalize``.
        rounds : int, default 3
            The best counts; 0 draws once and times that.
        """
        points = shapely.get_coordinates(origins.to_crs(4326).geometry.to_numpy())
        asked = {
            "config": self._config,
            "points": points.tolist(),
            "ask": ASK | (RAW if raw else {}),
            "rounds": rounds,
        }
        answer = json.loads(self._run(["node", "valhalla.mjs"], given=json.dumps(asked)))
        return Isochrones(answer["cpu_ms"], _polygons(answer["shapes"], origins))

    def _configured(self, tiles: Path) -> dict[str, Any]:
        script = (
            "import { getConfig } from '@valhallajs/valhallajs';"
            "process.stdout.write(JSON.stringify(await getConfig({ verbose: false })));"
        )
        config: dict[str, Any] = json.loads(
            self._run(["node", "--input-type=module", "-e", script])
        )
        config["mjolnir"] |= {"tile_dir": str(tiles), "admin": "", "timezone": ""}
        del config["mjolnir"]["tile_extract"]
        for part in ("mjolnir", "loki", "thor"):
            config[part]["logging"] = {"type": ""}
        return config

    def _run(self, command: list[str], given: str | None = None) -> str:
        done = subprocess.run(
            command, cwd=self._folder, input=given, capture_output=True, text=True, check=False
        )
        if done.returncode:
            said = (done.stderr or done.stdout).strip().splitlines() or ["no message"]
            raise RuntimeError(said[-1])
        return done.stdout


def _polygons(answers: list[list[dict[str, Any]]], origins: gpd.GeoDataFrame) -> np.ndarray:
    import geopandas as gpd

    drawn = np.full((len(answers), 2), shapely.Polygon(), dtype=object)
    for row, features in enumerate(answers):
        for feature in features:
            shape = shapely.geometry.shape(feature["geometry"])
            drawn[row, int(feature["properties"]["contour"] == 15)] = shapely.make_valid(shape)
    flat = gpd.GeoSeries(drawn.ravel(), crs=4326).to_crs(origins.crs)
    return np.asarray(flat, dtype=object).reshape(drawn.shape)
