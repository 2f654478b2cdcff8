"""Workbook, GeoPackage and Word document of a coverage or a plan."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Literal

from servicecircle._store import write_atomically
from servicecircle.coverage import Coverage
from servicecircle.errors import InputError
from servicecircle.siting import SitePlan

if TYPE_CHECKING:
    from collections.abc import Mapping

    import geopandas as gpd

    from servicecircle.standards import Standard

__all__ = ["write_report"]

SUFFIXES = (".xlsx", ".gpkg", ".docx")
EXCEL_ROWS = 1_048_576


def write_report(
    plan_or_coverage: SitePlan | Coverage,
    path: str | Path,
    *,
    districts: gpd.GeoDataFrame | None = None,
    about: Mapping[str, object] | None = None,
    rules: Standard | str | None = None,
    language: Literal["zh", "en"] = "zh",
    assess: Literal["sites", "candidates"] = "sites",
) -> None:
    """Write a plan or a coverage as an Excel workbook, a GeoPackage or a Word document.

    A plan gets the sheets summary, suggested sites, all candidates ranked, today's
    stations, gaps, every group in every district, sensitivity (other walking speeds, one
    station lost), figures and checks (fairness, quotas, cash and in kind, overlap, smaller
    areas), pre-assessment of each site, parameters and sources; a coverage the ones
    that apply. A GeoPackage holds the same tables as
    layers, points in WGS84, the walking areas, and styles that QGIS opens them with. A
    Word document has three pages: the finding with a map, the sites with their reasons,
    and districts, gaps and sources. What does not fit is left to the workbook, and said:
    reasons first, then rows of long tables.

    Parameters
    ----------
    plan_or_coverage : SitePlan or Coverage
        What to write.
    path : str or Path
        ``.xlsx``, ``.gpkg`` or ``.docx``. Written under another name first, so that a failure
        leaves the old file or none.
    districts : geopandas.GeoDataFrame, optional
        Areas with a column ``name`` or ``district``, for coverage by district; else the
        column ``district`` of the demand is used where there is one.
    about : mapping, optional
        Further rows for parameters and sources, e.g. ``{"vintage": "2024"}``. The text
        under ``"note"`` (and ``"note_en"``, the same in English) also stands at the top and
        at the foot of every printed page.
    rules : Standard or str, optional
        A standard, or the name of a preset, that every site, candidate and station is
        checked by: ✓ meets it, ✗ fails, ? check on site.
    language : {"zh", "en"}
        Of the Word document; the workbook is in both.
    assess : {"sites", "candidates"}
        Whether the workbook's pre-assessment 前期评估表 is of the plan's sites or of every
        candidate; see `pre_assessment`.

    Raises
    ------
    InputError
        The suffix is unknown, the folder cannot be written to, or a table is larger than
        an Excel sheet.

    Notes
    -----
    Text is written as text, never as a formula. The workbook carries places in WGS84 and
    in GCJ-02, the system of Amap and Tencent maps. The column ``photo`` becomes a link
    where it is an https address, in the Word document too. A place without a name is called
    by its kind and street, as by `place_names` of ``servicecircle.standards``.

    Examples
    --------
    >>> write_report(plan, "plan.xlsx", about={"vintage": "2024"})  # doctest: +SKIP
    """
    path, about = Path(path), dict(about or {})
    if path.suffix.lower() not in SUFFIXES:
        raise InputError(f"{path.name!r}: a report is {' or '.join(SUFFIXES)}.")
    _check_asked(plan_or_coverage, language, assess)
    result = plan_or_coverage
    if path.suffix.lower() == ".docx":
        from servicecircle.reports._document import write_document

        with write_atomically(path) as temporary:
            write_document(result, districts, about, temporary, language, rules)
        return
    from servicecircle.reports._sheets import areas_of, foot_of, sheets_of

    sheets = sheets_of(result, districts, about, rules, every=assess == "candidates")
    if path.suffix.lower() == ".gpkg":
        from servicecircle.reports._geopackage import write_geopackage

        weight = (result.coverage if isinstance(result, SitePlan) else result).weight
        with write_atomically(path) as temporary:
            write_geopackage(sheets, areas_of(result), temporary, weight)
        return
    from servicecircle.reports._workbook import check_size, write_workbook

    check_size(sheets)
    with write_atomically(path) as temporary:
        write_workbook(sheets, temporary, foot_of(result, about))


def _check_asked(result: object, language: str, assess: str) -> None:
    if not isinstance(result, SitePlan | Coverage):
        raise InputError(
            f"A report is made of a SitePlan or a Coverage, not {type(result).__name__}."
        )
    if language not in ("zh", "en"):
        raise InputError(f"`language` must be 'zh' or 'en', not {language!r}.")
    if assess not in ("sites", "candidates"):
        raise InputError(f"`assess` must be 'sites' or 'candidates', not {assess!r}.")
