r"""The only door by which text from tables reaches a map.

folium hands every string to Jinja twice, in the planner's own process, and the browser
then reads it as HTML. So text is written here in a form that neither of them can act on:
entities in HTML, ``\uXXXX`` in JSON. Everything else in the library calls these.
"""

from __future__ import annotations

import json
import math
import re
from typing import TYPE_CHECKING
from urllib.parse import quote, urlsplit, urlunsplit

if TYPE_CHECKING:
    from collections.abc import Mapping

MOST_CHARACTERS = 200
MOST_IN_LINK = 500

_PLAIN = re.compile(r"[^A-Za-z0-9 .,\-_\u0080-\U0010ffff]")
_HOST = re.compile(r"[a-z0-9-]+(\.[a-z0-9-]+)+")
_HOSTILE_JSON = "{<>&`\u2028\u2029"
_BETWEEN = "\x00"  # in JSON always written as \u0000
# Lone surrogates cannot be written as UTF-8; control and direction marks only deceive.
_UNPRINTABLE = re.compile(
    "[\x00-\x1f\x7f-\x9f\u061c\u200b\u200e\u200f\u202a-\u202e\u2066-\u2069\ud800-\udfff]+"
)


def clean_text(value: object, most: int = MOST_CHARACTERS) -> str:
    """Turn a table's cell into one printable line of at most ``most`` characters.

    Missing cells (``None``, NaN, ``NA``) give ``""``; whole floats lose their ``.0``.
    """
    if type(value) is str and len(value) <= most and value.isprintable():
        return value.strip()
    if value is None or (isinstance(value, float) and math.isnan(value)):
        return ""
    if isinstance(value, float) and value.is_integer():
        value = int(value)
    text = str(value)
    if text in {"<NA>", "NaT", "nan"} and not isinstance(value, str):
        return ""
    text = _UNPRINTABLE.sub(" ", text).strip()
    return text if len(text) <= most else text[: most - 1] + "…"


def safe_text(value: object, most: int = MOST_CHARACTERS) -> str:
    """Write text for an HTML place of a folium map: popup, tooltip, name, title, icon.

    ASCII letters, digits, blank and ``. , - _`` stay; every other ASCII character becomes
    a decimal entity, so that neither Jinja nor the browser finds anything to run. Text
    that is already encoded is encoded again: call this once, at the end.

    Examples
    --------
    >>> safe_text("{{ 7*7 }} <b>")
    '&#123;&#123; 7&#42;7 &#125;&#125; &#60;b&#62;'
    """
    return _PLAIN.sub(lambda found: f"&#{ord(found.group())};", clean_text(value, most))


def safe_link(value: object) -> str | None:
    """Return a cell as an address that a page may link to, or ``None`` if it is none.

    Only ``https`` with a host and without a user's name in it; what cannot stand in an
    address is percent-encoded.

    Examples
    --------
    >>> safe_link("https://photos.example/驿站 1.jpg")
    'https://photos.example/%E9%A9%BF%E7%AB%99%201.jpg'
    >>> safe_link("javascript:alert(1)") is None
    True
    """
    text = clean_text(value, MOST_IN_LINK + 1)
    try:
        parts = urlsplit(text)
        port = parts.port
    except ValueError:
        return None
    host = parts.hostname or ""
    if parts.scheme != "https" or not _HOST.fullmatch(host) or "@" in parts.netloc:
        return None
    where = host if port is None else f"{host}:{port}"
    rest = (quote(part, safe="/%:=&?,;+~") for part in (parts.path, parts.query, parts.fragment))
    link = urlunsplit(("https", where, *rest))
    return link if len(text) <= MOST_IN_LINK else None


def safe_json(data: Mapping[str, object]) -> str:
    r"""Write plain data as JSON for a script element.

    Inside strings ``{ < > &``, the backtick and the two Unicode line ends become
    ``\uXXXX``; missing numbers must be ``None`` already.

    Raises
    ------
    ValueError
        A number is NaN or infinite.

    Examples
    --------
    >>> safe_json({"name": "</script>{{x}}"})
    '{"name":"\\u003c/script\\u003e\\u007b\\u007bx}}"}'
    """
    text = json.dumps(data, ensure_ascii=False, allow_nan=False, separators=(",", ":"))
    # Without escaped quotes every quote is an end of a string: braces outside them stay.
    text = text.replace(r"\\", r"\u005c").replace(r"\"", r"\u0022")
    parts = text.split('"')
    inside = _BETWEEN.join(parts[1::2])
    for sign in _HOSTILE_JSON:
        inside = inside.replace(sign, f"\\u{ord(sign):04x}")
    parts[1::2] = inside.split(_BETWEEN)[: len(parts) // 2]
    return '"'.join(parts)
