"""The page: a folium map that carries our data, script and style, and how it is saved."""

from __future__ import annotations

import base64
import hashlib
import re
import warnings
from importlib import resources
from typing import TYPE_CHECKING, Any

import folium
from branca.element import Element, Figure

from servicecircle._checks import name_some
from servicecircle._said import say
from servicecircle._store import write_atomically
from servicecircle._text import safe_json, safe_text
from servicecircle.errors import InputError, InputWarning
from servicecircle.maps._basemap import hosts_of

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

SCRIPTS = (
    *("dom", "codec", "sums", "words", "data", "canvas"),
    *("ground", "tiles", "marks", "panel", "card", "legend"),
    *("search", "tools", "print", "measure", "app"),
)
NO_SCRIPT = """<noscript>此图需要浏览器脚本。This map needs scripts.</noscript>
<script>
if (!window.L) {
  document.body.append("缺少 Leaflet，请存离线版。 Leaflet is missing: use offline=True.");
}
</script>
"""
MOST_IN_NOTEBOOK = 5.0  # megabytes
LEAFLET_HOST = "https://cdn.jsdelivr.net/npm/leaflet@1.9.4/dist/"
_LINK = re.compile(r"<(?:script[^>]+src|link[^>]+href)=[\"'](https?://[^\"']+)")
_SCRIPT = re.compile(r"<script(?![^>]*application/json)[^>]*>(.*?)</script>", re.DOTALL)


def asset(name: str) -> str:
    """Read one of the files in ``_assets``."""
    return resources.files("servicecircle").joinpath("_assets", *name.split("/")).read_text("utf-8")


class Literal(Element):
    """Text of ours that reaches the page as it is, without a template pass."""

    def __init__(self, text: str) -> None:
        super().__init__()
        self.text = text

    def render(self, **_kwargs: Any) -> str:
        """Return the text."""
        return self.text


class PlannerPage(Element):
    """Turns the folium map it is added to into the planner's map."""

    def __init__(self, data: Mapping[str, Any]) -> None:
        super().__init__()
        self._name = "PlannerPage"
        self.content = data
        self.data = safe_json(data)
        self.inline = True

    def render(self, **_kwargs: Any) -> str:
        """Hand style, data and script to the page around the map."""
        figure, parent = self.get_root(), self._parent
        if not isinstance(figure, Figure) or parent is None:
            raise InputError("A planner's map is shown as part of a folium map.")
        header, body, script = figure.header, figure.html, figure.script
        header.add_child(Literal(self._leaflet()), name="leaflet", index=1)
        header.add_child(
            Literal(f"<style>\n{asset('map/map.css')}</style>"), name="servicecircle_css"
        )
        data = f'<script type="application/json" id="servicecircle-data">{self.data}</script>'
        body.add_child(Literal(NO_SCRIPT + data), name="servicecircle_data")
        code = "\n".join(asset(f"map/{name}.js") for name in SCRIPTS)
        script.add_child(Literal(code), name="servicecircle_code")
        start = f"ServiceCircle.start({parent.get_name()});"
        script.add_child(Literal(start), name="servicecircle_start")
        return ""

    def _leaflet(self) -> str:
        style, code = asset("leaflet/leaflet.css"), asset("leaflet/leaflet.js")
        if self.inline:
            # The marker pictures of Leaflet are not used and would be asked for beside the file.
            style = re.sub(r"url\(images/[^)]*\)", "none", style)
            code = code.replace("//# sourceMappingURL=leaflet.js.map", "")
            return f"<style>\n{style}</style>\n<script>\n{code}</script>"
        return (
            f'<link rel="stylesheet" href="{LEAFLET_HOST}leaflet.css" '
            f'integrity="{_digest(style)}" crossorigin="anonymous"/>\n'
            f'<script src="{LEAFLET_HOST}leaflet.js" integrity="{_digest(code)}" '
            'crossorigin="anonymous"></script>'
        )


class PlannerMap(folium.Map):
    """A folium map that keeps notebooks small: a large one is not put into their output."""

    def _repr_html_(self, **kwargs: Any) -> str:
        size = len(page_of(self).data.encode()) / 1e6
        if size > MOST_IN_NOTEBOOK:
            return (
                f"<p>This map is {size:.0f} MB and is not put into the notebook. Save it: "
                '<code>save_map(map, "map.html")</code>. '
                f"此图 {size:.0f} MB，未写入笔记本，请用 save_map 保存。</p>"
            )
        shown: str = super()._repr_html_(**kwargs)
        return shown


def make_map(data: Mapping[str, Any]) -> folium.Map:
    """Put the data into a folium map that needs nothing from another host."""
    page = PlannerPage(data)
    (south, west), (north, east) = data["bounds"]
    made = PlannerMap(
        location=[(south + north) / 2, (west + east) / 2],
        zoom_start=12,
        tiles=None,
        zoom_control=False,
        attribution_control=False,
        zoom_snap=0.25,
        zoom_delta=0.5,
        min_zoom=10,
        max_zoom=18,
        wheel_px_per_zoom_level=110,
    )
    made.default_js, made.default_css = [], []
    made.options.pop("preferCanvas", None)
    made._id = hashlib.sha256(page.data.encode()).hexdigest()[:32]  # noqa: SLF001 - same data, same file
    made.add_child(page, name="servicecircle")
    figure = made.get_root()
    if isinstance(figure, Figure):
        figure.title = safe_text(data["title"]) or "servicecircle"
    return made


def page_of(made: object) -> PlannerPage:
    """Return our page inside a folium map."""
    children = getattr(made, "_children", {})
    page = children.get("servicecircle")
    if not isinstance(page, PlannerPage):
        raise InputError(
            f"`map` must come from `map_coverage` or `map_plan`; got {type(made).__name__}."
        )
    return page


def render(made: folium.Map, *, offline: bool, tile_key: str | None = None) -> str:
    """Write the whole document, with a policy that allows our own scripts and no others."""
    page = page_of(made)
    plain, tiles = page.data, page.content.get("tiles")
    page.inline = offline
    if tile_key is not None:
        page.data = safe_json({**page.content, "tiles": _with_key(tiles, tile_key)})
    try:
        text: str = made.get_root().render()
    finally:
        page.inline, page.data = True, plain
    if offline:
        _warn_of_links(text)
    text = text.replace("maximum-scale=1.0, user-scalable=no", "maximum-scale=5.0")
    rules = _policy(text, offline=offline, tiles=hosts_of(tiles))
    policy = f'<meta http-equiv="Content-Security-Policy" content="{rules}"/>'
    return text.replace("<head>", f"<head>\n{policy}", 1)


def _with_key(tiles: Any, key: str) -> dict[str, Any]:
    if tiles is None:
        raise InputError("`tile_key` is for a map with a `basemap`; this one has none.")
    return {**tiles, "key": key}


def _warn_of_links(text: str) -> None:
    """Layers that the user added may load scripts; offline the policy keeps them out."""
    links = sorted(set(_LINK.findall(text)))
    if links:
        said = say(
            "{n} files of other hosts are not part of an offline map and will not load: {some}. "
            "Save with `offline=False`, or leave that layer out.",
            "离线地图不含其他网站的 {n} 个文件，无法加载：{some}。"
            "请用 `offline=False` 保存，或去掉该图层。",
            n=len(links),
            some=name_some(links),
        )
        warnings.warn(said, InputWarning, stacklevel=4)


def _policy(text: str, *, offline: bool, tiles: str) -> str:
    scripts = " ".join(f"'{_digest(code)}'" for code in _SCRIPT.findall(text) if code.strip())
    host = "" if offline else f" {LEAFLET_HOST}"
    return (
        f"default-src 'none'; script-src {scripts}{host}; style-src 'unsafe-inline'{host}; "
        f"img-src data:{tiles}; base-uri 'none'; form-action 'none'"
    )


def _digest(text: str) -> str:
    return "sha256-" + base64.b64encode(hashlib.sha256(text.encode()).digest()).decode()


def write_map(
    made: folium.Map, path: str | Path, *, offline: bool, tile_key: str | None = None
) -> None:
    """Save the document as utf-8, whole or not at all."""
    text = render(made, offline=offline, tile_key=tile_key)
    with write_atomically(path) as temporary:
        temporary.write_bytes(text.encode("utf-8"))
