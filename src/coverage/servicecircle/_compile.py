"""One line to the user while the kernels are compiled, once per machine."""

from __future__ import annotations

import logging
from pathlib import Path

_log = logging.getLogger("servicecircle")
_told = False


def kernels_compiled() -> bool:
    """Say whether the search kernels lie compiled in numba's cache."""
    from servicecircle._kernel.search import reach_targets

    cache = getattr(reach_targets, "_cache", None)
    folder = getattr(cache, "cache_path", None)
    return bool(folder) and any(Path(str(folder)).glob("search.reach_targets-*.nbi"))


def announce_compilation() -> None:
    """Tell once, through the log, that the first run compiles the kernels."""
    global _told  # noqa: PLW0603 – one notice per process
    if not _told and not kernels_compiled():
        _log.warning("servicecircle compiles its search kernels, once: this takes up to a minute.")
    _told = True
