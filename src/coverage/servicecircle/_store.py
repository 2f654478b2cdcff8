"""Files on disk: written under a temporary name, synced, then renamed."""

from __future__ import annotations

import os
import tempfile
from contextlib import contextmanager
from pathlib import Path
from typing import TYPE_CHECKING

from servicecircle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Iterator


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
