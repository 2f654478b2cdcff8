"""How large a map becomes, and the overview that is drawn where it would be too large."""

from __future__ import annotations

import logging
import warnings
from dataclasses import replace
from typing import TYPE_CHECKING, Any

from servicecircle._said import say
from servicecircle._text import safe_json
from servicecircle.errors import InputWarning
from servicecircle.maps._payload import make_payload

if TYPE_CHECKING:
    import geopandas as gpd

    from servicecircle.maps._scene import Scene

_LOG = logging.getLogger(__name__)

MOST_MEGABYTES = 25.0
MOST_CANDIDATES = 5_000
FRAME = 0.3  # megabytes of Leaflet, script and style


def sized_payload(scene: Scene) -> dict[str, Any]:
    """Return the page's data, of an overview if all would pass 25 MB; say how large it is."""
    data = make_payload(scene)
    size = megabytes(data)
    if size > MOST_MEGABYTES:
        kept = _best(scene)
        data = make_payload(replace(scene, candidates=kept, candidates_all=len(scene.candidates)))
        smaller = megabytes(data)
        said = say(
            "The map would be {size:.0f} MB, which few browsers open well. An overview of "
            "{smaller:.1f} MB is made instead: it draws {kept:,} of {every:,} candidates. The "
            "report lists all.",
            "地图将达 {size:.0f} MB，多数浏览器难以打开。现改为 {smaller:.1f} MB 的概览图：绘出 "
            "{every:,} 个候选点中的 {kept:,} 个。报告列出全部。",
            size=size,
            smaller=smaller,
            kept=len(kept),
            every=len(scene.candidates),
        )
        warnings.warn(said, InputWarning, stacklevel=4)
        size = smaller
    _LOG.info("The map will be about %.1f MB.", size)
    return data


def megabytes(data: dict[str, Any]) -> float:
    """Return the size of the saved file, nearly."""
    return FRAME + len(safe_json(data).encode()) / 1e6


def _best(scene: Scene) -> gpd.GeoDataFrame:
    """Keep the sites, their runners-up, and the candidates that add most, in their order."""
    frame = scene.candidates
    needed = frame.index.isin([*scene.sites.index, *scene.sites["runner_up"].dropna()])
    best = frame["gain"].fillna(-1.0).nlargest(MOST_CANDIDATES).index
    return frame[needed | frame.index.isin(best)]
