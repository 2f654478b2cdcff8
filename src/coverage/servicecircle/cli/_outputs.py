"""Files that commands write, each whole or not at all."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    from pathlib import Path

LAYERS = (".gpkg", ".geojson")
RESULTS = (".xlsx", ".docx", ".gpkg", ".html")


def write_layer(frame: Any, path: Path) -> None:
    """Write places or areas; GeoJSON is always WGS84."""
    from servicecircle._store import write_atomically

    drivers = {".gpkg": "GPKG", ".geojson": "GeoJSON"}
    with write_atomically(path) as temporary:
        frame.to_crs(4326).to_file(temporary, driver=drivers[path.suffix.lower()])


def write_result(result: Any, path: Path | None) -> None:
    if path is None:
        return
    if path.suffix.lower() != ".html":
        from servicecircle.reports import write_report

        write_report(result, path)
        return
    from servicecircle.maps import map_coverage, map_plan, save_map
    from servicecircle.siting import SitePlan

    save_map(map_plan(result) if isinstance(result, SitePlan) else map_coverage(result), path)
