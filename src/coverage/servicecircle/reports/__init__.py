"""Workbook and GeoPackage of a coverage or a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING

from servicecircle._store import write_atomically
from servicecircle.coverage import Coverage
from servicecircle.errors import InputError
from servicecircle.siting import SitePlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

__all__ = ["write_report"]

SUFFIXES = (".xlsx", ".gpkg")
EXCEL_ROWS = 1_048_576


def write_report(
    plan_or_coverage: SitePlan | Coverage,
    path: str | Path,
    *,
    districts: gpd.GeoDataFrame | None = None,
    about: Mapping[str, object] | None = None,
) -> None:
    """Write a plan or a coverage as an Excel workbook or a GeoPackage.

    A plan gets the sheets summary, suggested sites, all candidates ranked, today's
    stations, gaps, parameters and sources; a coverage the ones that apply. A GeoPackage
    holds the same tables as layers, points in WGS84.

    Parameters
    ----------
    plan_or_coverage : SitePlan or Coverage
        What to write.
    path : str or Path
        ``.xlsx`` or ``.gpkg``. Written under another name first, so that a failure
        leaves the old file or none.
    districts : geopandas.GeoDataFrame, optional
        Areas with a column ``name`` or ``district``, for coverage by district; else the
        column ``district`` of the demand is used where there is one.
    about : mapping, optional
        Further rows for parameters and sources, e.g. ``{"vintage": "2024"}``. The text
        under ``"note"`` also stands at the top and at the foot of every printed page.

    Raises
    ------
    InputError
        The suffix is unknown, the folder cannot be written to, or a table is larger than
        an Excel sheet.

    Notes
    -----
    Text is written as text, never as a formula. The workbook carries places in WGS84 and
    in GCJ-02, the system of Amap and Tencent maps.

    Examples
    --------
    >>> write_report(plan, "plan.xlsx", about={"vintage": "2024"})  # doctest: +SKIP
    """
    path, about = Path(path), dict(about or {})
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path.name!r}: a report is {' or '.join(SUFFIXES)}.")
    if not isinstance(plan_or_coverage, SitePlan | Coverage):
        raise InputError(
            f"A report is made of a SitePlan or a Coverage, not {type(plan_or_coverage).__name__}."
        )
    from servicecircle.reports._sheets import sheets_of

    sheets = sheets_of(plan_or_coverage, districts, about)
    if path.suffix.lower() == ".gpkg":
        from servicecircle.reports._geopackage import write_geopackage

        with write_atomically(path) as temporary:
            write_geopackage(sheets, temporary)
        return
    from servicecircle.reports._workbook import check_size, write_workbook

    check_size(sheets)
    with write_atomically(path) as temporary:
        write_workbook(sheets, temporary, str(about.get("note", "")))
