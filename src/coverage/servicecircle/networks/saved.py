"""Saved networks: a folder of plain arrays that opens by memory map."""

from __future__ import annotations

import hashlib
import json
import os
import tempfile
from pathlib import Path
from typing import TYPE_CHECKING, Any

import numpy as np
import pandas as pd
import pyproj

from servicecircle._checks import name_some
from servicecircle._kernel.field import Raster
from servicecircle._store import check_name
from servicecircle.errors import CacheError, InputError
from servicecircle.networks.walk_network import WalkNetwork

if TYPE_CHECKING:
    from collections.abc import Iterator

FORMAT = "servicecircle-network-2"  # raise it whenever an array changes
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
WHOLE = 2**20  # bytes: files up to here are summed whole, larger ones in samples
SAMPLE, SAMPLES = 2**12, 64
RASTER_ARRAYS = ("runs", "run_start", "start", "fraction", "access", "stay", "box")


def save_network(network: WalkNetwork, folder: str | Path) -> None:
    """Write arrays, tags and raster beside each other, sync, then rename into place.

    If the last rename fails, the network saved there before comes back.
    """
    target = Path(folder)
    check_name(target)
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
            "files": {file.name: _fingerprint(file) for file in sorted(new.iterdir())},
        }
        (new / "network.json").write_text(json.dumps(head, ensure_ascii=False), encoding="utf-8")
        for path in (*new.iterdir(), new):
            _sync(path)
        _swap(new, target, Path(work) / "old")
        _sync(target.parent)


def _swap(new: Path, target: Path, aside: Path) -> None:
    """Put the new folder in the place of the old one; if that fails the old one comes back."""
    replaces = target.exists()
    if replaces:
        target.rename(aside)
    try:
        new.rename(target)
    except BaseException:
        if replaces:
            aside.rename(target)
        raise


def _sync(path: Path) -> None:
    """Force a file or folder to disk, where the system can."""
    if path.is_dir() and os.name == "nt":
        return
    number = os.open(path, os.O_RDONLY if path.is_dir() else os.O_RDWR)
    try:
        os.fsync(number)
    finally:
        os.close(number)


def _arrays(network: WalkNetwork) -> Iterator[tuple[str, np.ndarray]]:
    for name in ARRAYS:
        yield name, getattr(network, name)
    for name in RASTER_ARRAYS:
        yield f"raster_{name}", getattr(network.raster, name)
    csr = network._csr  # noqa: SLF001 – computed arrays that are saved with the network
    for name, array in zip(CSR_ARRAYS, csr, strict=True):
        yield f"csr_{name}", array


def _fingerprint(file: Path) -> str:
    """Return the size and a SHA-256 sum: of all bytes up to 1 MB, else of samples."""
    size = file.stat().st_size
    digest = hashlib.sha256()
    with file.open("rb") as handle:
        if size <= WHOLE:
            digest.update(handle.read())
        else:
            for start in np.linspace(0, size - SAMPLE, SAMPLES).astype(int).tolist():
                handle.seek(start)
                digest.update(handle.read(SAMPLE))
    return f"{size}-{digest.hexdigest()}"


def _check_files(folder: Path, known: dict[str, str]) -> None:
    outside = [name for name in known if (folder / name).resolve().parent != folder.resolve()]
    if outside:
        raise CacheError(f"{folder.name!r} points to files elsewhere: {name_some(outside)}.")
    wrong = [name for name, told in known.items() if _fingerprint(folder / name) != told]
    if wrong:
        raise CacheError(f"{folder.name!r} is damaged: {name_some(wrong)}. Build it again.")


def open_network(folder: Path) -> WalkNetwork:
    """Open a saved network read-only.

    Checked on every opening: the format, the size of every file, all bytes of files up to
    1 MB, and of larger ones the first, the last and 62 evenly spread blocks of 4 kB. What
    changed between those blocks is not noticed.

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
        _check_files(folder, head["files"])
        arrays = {
            file.stem: np.asarray(np.load(file, mmap_mode="c", allow_pickle=False))
            for file in map(folder.joinpath, head["files"])
            if file.suffix == ".npy"
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
    except (OSError, KeyError, TypeError, ValueError, AttributeError) as error:
        if isinstance(error, CacheError):
            raise
        raise CacheError(
            f"{folder.name!r} is not a whole saved network ({error}). Build it again."
        ) from error
    vars(network).update(raster=raster, _csr=csr)  # what the cached properties would compute
    return network
