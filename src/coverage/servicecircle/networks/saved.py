"""Saved networks: a folder of plain arrays that opens by memory map."""

from __future__ import annotations

import hashlib
import json
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyproj

from servicecircle._kernel.field import Raster
from servicecircle.errors import CacheError, InputError
from servicecircle.networks.walk_network import WalkNetwork

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT = "servicecircle-network-1"
ARRAYS = (
    "node_xy",
    "ends",
    "street_cost",
    "metres",
    "shape_xy",
    "shape_offsets",
    "component",
)
CSR_ARRAYS = ("indptr", "heads", "leaving", "arriving", "arc_street")
NUMBERS = ("max_access", "island_km", "mode", "source")
RASTER_ARRAYS = ("runs", "run_start", "start", "fraction", "access", "stay", "box")


def save_network(network: WalkNetwork, folder: str | Path) -> None:
    """Write arrays, tags and raster beside each other, then rename the folder into place."""
    target = Path(folder)
    if target.exists() and not (target / "network.json").exists():
        raise InputError(f"{str(target)!r} exists and is not a saved network; give another folder.")
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        holder = tempfile.TemporaryDirectory(prefix=".writing-", dir=target.parent)
    except OSError as error:
        raise InputError(f"Cannot write to {str(target.parent)!r}: {error}.") from error
    with holder as work:
        new = Path(work) / "new"
        new.mkdir()
        for name, array in _arrays(network):
            np.save(new / f"{name}.npy", np.ascontiguousarray(array), allow_pickle=False)
        network.tags.to_parquet(new / "tags.parquet")
        head = {
            "format": FORMAT,
            "crs": network.crs.to_wkt(),
            **{name: getattr(network, name) for name in NUMBERS},
            "raster": {name: getattr(network.raster, name) for name in Raster._fields[7:]},
            "sha256": {file.name: _digest(file) for file in sorted(new.iterdir())},
        }
        (new / "network.json").write_text(json.dumps(head, ensure_ascii=False), encoding="utf-8")
        if target.exists():
            target.rename(Path(work) / "old")
        new.rename(target)


def _arrays(network: WalkNetwork) -> Iterator[tuple[str, np.ndarray]]:
    for name in ARRAYS:
        yield name, getattr(network, name)
    for name in RASTER_ARRAYS:
        yield f"raster_{name}", getattr(network.raster, name)
    csr = network._csr  # noqa: SLF001 – computed arrays that are saved with the network
    for name, array in zip(CSR_ARRAYS, csr, strict=True):
        yield f"csr_{name}", array


def _digest(file: Path) -> str:
    return hashlib.sha256(file.read_bytes()).hexdigest()


def open_network(folder: Path) -> WalkNetwork:
    """Open a saved network read-only.

    Raises
    ------
    CacheError
        The folder is not a saved network, is of another version, or a file is damaged.
    """
    try:
        head: dict[str, Any] = json.loads((folder / "network.json").read_text(encoding="utf-8"))
        if head.get("format") != FORMAT:
            raise CacheError(
                f"{folder.name!r} was saved as {head.get('format')!r}, not {FORMAT!r}: "
                "build it again."
            )
        arrays = {
            file.stem: np.asarray(np.load(file, mmap_mode="c", allow_pickle=False))
            for file in folder.glob("*.npy")
        }
        fields: dict[str, Any] = {name: arrays[name] for name in ARRAYS}
        fields |= {name: head[name] for name in NUMBERS}
        network = WalkNetwork(
            crs=pyproj.CRS.from_wkt(head["crs"]),
            tags=pd.read_parquet(folder / "tags.parquet"),
            **fields,
        )
        cells: dict[str, Any] = {name: arrays[f"raster_{name}"] for name in RASTER_ARRAYS}
        raster = Raster(**cells, **head["raster"])
        csr = tuple(arrays[f"csr_{name}"] for name in CSR_ARRAYS)
    except (OSError, KeyError, TypeError, ValueError) as error:
        if isinstance(error, CacheError):
            raise
        raise CacheError(
            f"{folder.name!r} is not a whole saved network ({error}). Build it again."
        ) from error
    vars(network).update(raster=raster, _csr=csr)  # what the cached properties would compute
    return network
