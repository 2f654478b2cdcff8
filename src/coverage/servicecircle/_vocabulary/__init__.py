"""What planners' tables say, as readable data files: headers, values, groups, venue kinds."""

from __future__ import annotations

import re
import tomllib
import unicodedata
from functools import cache
from importlib.resources import files
from typing import Any

_BLANKS = re.compile(r"[\s_\-]+")


@cache
def read_vocabulary(name: str) -> dict[str, Any]:
    """Return one data file of this folder, e.g. ``read_vocabulary("groups")``."""
    text = files(__name__).joinpath(f"{name}.toml").read_text(encoding="utf-8")
    return tomllib.loads(text)


def fold(text: str) -> str:
    """Return text for comparing: half-width, lower case, without blanks, ``_`` and ``-``."""
    half_width = unicodedata.normalize("NFKC", text).casefold().strip()
    return _BLANKS.sub("", half_width) or half_width
