"""Inputs of the commands: all checked first, then read, none silently useless."""

from __future__ import annotations

import os
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Any

from servicecircle._said import say
from servicecircle.errors import CrsError, InputError

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from servicecircle.coordinates import System
    from servicecircle.networks import WalkNetwork
    from servicecircle.standards import Standard


def check_files(files: Mapping[str, Path | None]) -> None:
    """Refuse files that are not there, all at once."""
    missing = [
        f"{name} {str(path)!r}" for name, path in files.items() if path and not path.exists()
    ]
    if missing:
        said = "There is no such file: {missing}.", "没有这样的文件：{missing}。"
        raise InputError(say(*said, missing=", ".join(missing)))


def check_target(path: Path, suffixes: tuple[str, ...]) -> None:
    """Refuse an output file of a kind we do not write, or in a folder we cannot write to."""
    if path.suffix.lower() not in suffixes:
        raise InputError(f"Cannot write {path.name!r}: give {', '.join(suffixes)}.")
    if path.is_dir():
        raise InputError(f"Cannot write {str(path)!r}: it is a folder.")
    check_folder(path.parent)


def check_folder(folder: Path) -> None:
    """Refuse a folder that cannot be made or written to, before anything is computed."""
    nearest = folder.absolute()
    while not nearest.exists():
        nearest = nearest.parent
    if not nearest.is_dir():
        raise InputError(f"Cannot write to {str(folder)!r}: {str(nearest)!r} is not a folder.")
    if not os.access(nearest, os.W_OK | os.X_OK):
        raise InputError(f"Cannot write to {str(folder)!r}: no permission.")


def require_rows(frame: pd.DataFrame, name: str, path: Path) -> None:
    """Refuse a table without a single row."""
    if len(frame) == 0:
        raise InputError(f"The {name} table {path.name!r} has no rows.")


def require_sheet(frame: pd.DataFrame, name: str) -> None:
    """Refuse a table that no workbook could hold, before anything is computed."""
    from servicecircle.reports import EXCEL_ROWS

    if len(frame) >= EXCEL_ROWS:
        raise InputError(
            f"The {name} table has {len(frame):,} rows; a workbook holds {EXCEL_ROWS:,}. Use "
            "`servicecircle site … --out plan.gpkg`."
        )


def require_joined(frame: pd.DataFrame, name: str, max_access: float) -> None:
    """Refuse a table of which no row lies on the network."""
    if len(frame) == 0 or (frame["status"] == "ok").any():
        return
    counts = ", ".join(f"{status} {n}" for status, n in frame["status"].value_counts().items())
    if not frame["status"].isin(["unsnapped", "island"]).any():
        raise InputError(f"None of the {len(frame)} rows of {name} can be used ({counts}).")
    raise InputError(
        f"None of the {len(frame)} rows of {name} lies within {max_access:g} m of a street of the "
        f"network ({counts}). Is it the same city, and is `coordinates` right?"
    )


def district_outlines(path: Path, coordinates: System | None) -> gpd.GeoDataFrame:
    """Read district outlines in WGS84, one row for each name, indexed by it."""
    from servicecircle.districts import read_districts

    try:
        areas = read_districts(path, coordinates=coordinates)
    except CrsError as error:
        raise CrsError(f"{error} In plan.toml: `districts_coordinates`.") from error
    if "name" not in areas.columns:
        raise InputError(
            f"The districts in {path.name} have no column of names; they have "
            f"{list(areas.columns)}. Call it 'district'."
        )
    if not areas["name"].is_unique:
        areas = areas.dissolve(by="name", as_index=False)
    return areas.set_index(areas["name"].astype(str).rename("district"))


@dataclass(frozen=True)
class Reader:
    """Reads tables in one system of coordinates; ``keep`` names unknown columns by table."""

    coordinates: Any = "auto"
    keep: Mapping[Any, Sequence[str]] = field(default_factory=dict)

    def places(self, path: Path, name: str, network: WalkNetwork | None = None) -> Any:
        """Read a table of sites that has rows."""
        from servicecircle.sites import read_sites

        frame = read_sites(
            path, coordinates=self.coordinates, network=network, keep=self.keep.get(name)
        )
        require_rows(frame, name, path)
        return frame

    def people(self, path: Path, network: WalkNetwork | None) -> Any:
        """Read a table of workers that has rows."""
        from servicecircle.demand import read_demand

        frame = read_demand(
            path, coordinates=self.coordinates, network=network, keep=self.keep.get("demand")
        )
        require_rows(frame, "demand", path)
        return frame

    def tables(
        self, candidates: Path, demand: Path, stations: Path | None, network: WalkNetwork
    ) -> tuple[Any, Any, Any]:
        """Read candidates, workers and, where there are some, today's stations."""
        shops = self.places(candidates, "candidates", network)
        people = self.people(demand, network)
        today = self.places(stations, "stations", network) if stations else None
        return shops, people, today


def rules_of(preset: str | None) -> Standard | None:
    """Return the standard of a preset, or of a file of the user's own."""
    from servicecircle.standards import standard

    return standard(preset) if preset else None


def speed_on(network: WalkNetwork, asked: float | None) -> float:
    """Return the speed asked for, else the usual one of the network's mode."""
    return network.speed if asked is None else asked
