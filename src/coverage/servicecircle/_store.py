"""Files on disk: written under a temporary name, synced, then renamed; downloads past a cache."""

from __future__ import annotations

import json
import os
import tempfile
import warnings
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING, TypeVar

from servicecircle._said import say
from servicecircle.errors import InputError, NetworkWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

T = TypeVar("T")
_LONGEST = 255  # bytes that a file system gives a name
_WINDOWS = {"CON", "PRN", "AUX", "NUL"} | {
    f"{port}{n}" for port in ("COM", "LPT") for n in "123456789"
}


@contextmanager
def write_atomically(path: str | Path) -> Iterator[Path]:
    """Give a temporary path beside ``path``; rename it over ``path`` if all goes well.

    The folder is made where it is missing. After an error the old file, or nothing, is
    left behind. The temporary name keeps the suffix, so that writers which choose their
    format by it work.

    Raises
    ------
    InputError
        The folder cannot be made or written to.
    """
    target = Path(path)
    check_name(target)
    try:
        target.parent.mkdir(parents=True, exist_ok=True)
        holder = tempfile.TemporaryDirectory(prefix=".writing-", dir=target.parent)
    except OSError as error:
        raise InputError(f"Cannot write to the folder {str(target.parent)!r}: {error}.") from error
    with holder as folder:
        temporary = Path(folder) / target.name
        yield temporary
        with temporary.open("rb+") as written:
            os.fsync(written.fileno())
        temporary.replace(target)


def check_name(target: Path) -> None:
    """Refuse names that Windows keeps for devices, and names that are too long to write."""
    if target.name.partition(".")[0].upper() in _WINDOWS:
        raise InputError(f"{target.name!r} is a name that Windows does not allow; choose another.")
    if len(os.fsencode(target.name)) > _LONGEST:
        raise InputError(f"The file name {target.name[:20]!r}… is too long; choose a shorter one.")


def past_cache(ask: Callable[[], T]) -> T:
    """Ask OSMnx; once more without its cache where that is damaged or cannot be written."""
    import osmnx
    import requests

    used = osmnx.settings.use_cache
    try:
        return ask()
    except (OSError, json.JSONDecodeError, UnicodeDecodeError) as error:
        if not used or isinstance(error, requests.RequestException):
            raise
        said = say(
            "OSMnx's cache in {folder!r} cannot be used ({error}); it is passed by. Delete what is "
            "damaged there, or choose another folder with `osmnx.settings.cache_folder`.",
            "OSMnx 的缓存文件夹 {folder!r} 无法使用（{error}），本次不用缓存。"
            "请删除其中损坏的文件，或用 `osmnx.settings.cache_folder` 另选文件夹。",
            folder=str(osmnx.settings.cache_folder),
            error=error,
        )
        warnings.warn(said, NetworkWarning, stacklevel=3)
    try:
        osmnx.settings.use_cache = False
        return ask()
    finally:
        osmnx.settings.use_cache = used
