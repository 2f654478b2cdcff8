"""The planner's map: one file that opens anywhere, without any network."""

from __future__ import annotations

from pathlib import Path
from typing import TYPE_CHECKING, Any

from servicecircle.errors import InputError
from servicecircle.maps._basemap import check_basemap
from servicecircle.maps._gather import scene_of_coverage, scene_of_plan
from servicecircle.maps._page import make_map, write_map
from servicecircle.maps._payload import make_payload
from servicecircle.maps._size import sized_payload
from servicecircle.maps._tour import plot_tour
from servicecircle.maps._week import plot_week
from servicecircle.maps._years import scene_of_years
from servicecircle.maps.pictures import plot_coverage, plot_plan, save_png
from servicecircle.siting import SitePlan
from servicecircle.standards import ensure_standard

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import folium
    import geopandas as gpd

    from servicecircle.coverage import Coverage
    from servicecircle.maps._basemap import Basemap
    from servicecircle.maps._scene import Language
    from servicecircle.standards import Standard

__all__ = [
    "map_coverage",
    "map_plan",
    "plot_coverage",
    "plot_plan",
    "plot_tour",
    "plot_week",
    "save_map",
    "save_png",
]


def map_coverage(
    coverage: Coverage,
    *,
    before: Coverage | None = None,
    years: tuple[str, str] | None = None,
    title: str | None = None,
    date: str | None = None,
    language: Language = "both",
    districts: gpd.GeoDataFrame | None = None,
    water: gpd.GeoDataFrame | None = None,
    labels: Sequence[Mapping[str, object]] = (),
    areas: gpd.GeoDataFrame | None = None,
    areas_before: gpd.GeoDataFrame | None = None,
    standard: Standard | str | Path | None = None,
    notice: str | tuple[str, str] | None = None,
    basemap: Basemap = "none",
) -> folium.Map:
    """Draw who is within walking distance of a station today, and who is not.

    Parameters
    ----------
    coverage : Coverage
        From `measure_coverage`. Its largest minutes are the outer area, the next smaller
        ones the inner (two thirds of the largest, if there is only one).
    before : Coverage, optional
        The same workers and an earlier year's stations, measured alike. The map then
        switches between both years and what changed: stations opened and closed, places
        newly covered and no longer covered.
    years : (str, str), optional
        What the two are called, such as ``("2024", "2025")``.
    title, date : str, optional
        Place and date above the headline.
    language : {"both", "zh", "en"}
        The language at opening; readers can switch.
    districts : geopandas.GeoDataFrame, optional
        Areas with a CRS and a column ``name`` or ``district`` (``name_en`` if there is
        one): the land of the plan. Without them districts are known by the column
        ``district`` of the workers only.
    water : geopandas.GeoDataFrame, optional
        Rivers and lakes as polygons. Without it, only large areas without streets show.
    labels : sequence of mappings
        Names to write on the map: ``text``, ``at`` (longitude, latitude), and if wanted
        ``text_en`` and ``turn`` (degrees, clockwise).
    areas : geopandas.GeoDataFrame, optional
        As `service_areas` gives with ``dissolve=True``; needed when the coverage came
        from a `Reach` and so knows no streets: draw them ``towards`` the same as that reach.
        From a network both coverage and map are of people walking to the station.
    areas_before : geopandas.GeoDataFrame, optional
        The same of `before`.
    standard : Standard, str or Path, optional
        A standard, the name of a preset, or a TOML file: cards then show rule by rule
        whether a place meets it, does not, or has to be checked (`check_standard`).
    notice : str or (Chinese, English), optional
        A line at the foot of the map. Data that calls itself synthetic gets one anyway.
    basemap : {"none", "openstreetmap", "tianditu", "gaode"}
        Tiles that readers can switch on; until then no host is asked. Gaode's are moved to
        WGS84. Tianditu needs a key: the page asks for it, unless `save_map` is given one.

    Returns
    -------
    folium.Map
        Save it with `save_map`.

    Raises
    ------
    CrsError, InputError
        A table has no CRS, `districts` no names, `before` was measured otherwise, or
        `areas_before` is given without it.

    Examples
    --------
    >>> today = measure_coverage(streets, stations, workers, minutes=[10, 15])  # doctest: +SKIP
    >>> save_map(map_coverage(today), "today.html")  # doctest: +SKIP
    """
    common: dict[str, Any] = {
        "districts": districts,
        "water": water,
        "standard": _standard(standard),
        "title": title,
        "date": date,
        "language": _language(language),
        "labels": labels,
        "notice": _both(notice),
        "basemap": _known(basemap),
    }
    if before is None:
        if areas_before is not None:
            raise InputError("`areas_before` are those of `before`, which is missing.")
        return make_map(sized_payload(scene_of_coverage(coverage, areas=areas, **common)))
    drawn = (areas_before, areas)
    scene = scene_of_years(before, coverage, years=years, areas=drawn, **common)
    return make_map(sized_payload(scene))


def map_plan(
    plan: SitePlan,
    *,
    title: str | None = None,
    date: str | None = None,
    language: Language = "both",
    districts: gpd.GeoDataFrame | None = None,
    water: gpd.GeoDataFrame | None = None,
    labels: Sequence[Mapping[str, object]] = (),
    areas: gpd.GeoDataFrame | None = None,
    plan_areas: gpd.GeoDataFrame | None = None,
    standard: Standard | str | Path | None = None,
    notice: str | tuple[str, str] | None = None,
    basemap: Basemap = "none",
) -> folium.Map:
    """Draw a plan: which places to open, in which order, and what each adds.

    Parameters
    ----------
    plan : SitePlan
        From `choose_sites`.
    title, date, language, districts, water, labels, standard, notice, basemap
        As in `map_coverage`.
    areas, plan_areas : geopandas.GeoDataFrame, optional
        Areas of today's stations, and of stations and sites together, as `service_areas`
        gives with ``dissolve=True``; needed when the plan came from a `Reach`.

    Returns
    -------
    folium.Map
        Save it with `save_map`.

    Raises
    ------
    CrsError, InputError
        A table has no CRS, or `districts` no names.

    Warns
    -----
    InputWarning
        The file would pass 25 MB: an overview with the best 5,000 candidates is made.

    Examples
    --------
    >>> plan = choose_sites(streets, shops, workers, existing=stations, n_open=12)  # doctest: +SKIP
    >>> save_map(map_plan(plan), "plan.html")  # doctest: +SKIP
    """
    scene = scene_of_plan(
        plan,
        districts=districts,
        water=water,
        areas=areas,
        plan_areas=plan_areas,
        standard=_standard(standard),
        title=title,
        date=date,
        language=_language(language),
        labels=labels,
        notice=_both(notice),
        basemap=_known(basemap),
    )
    return make_map(sized_payload(scene))


def small_map(result: Coverage | SitePlan) -> folium.Map:
    """Draw a result for a notebook: without the circles of single places, so that it is light."""
    ground: dict[str, Any] = {"districts": None, "water": None, "areas": None, "circles": False}
    if isinstance(result, SitePlan):
        return make_map(make_payload(scene_of_plan(result, plan_areas=None, **ground)))
    return make_map(make_payload(scene_of_coverage(result, **ground)))


def save_map(
    map: folium.Map,  # noqa: A002
    path: str | Path,
    *,
    offline: bool = True,
    tile_key: str | None = None,
) -> Path:
    """Save a map as one HTML file.

    Parameters
    ----------
    map : folium.Map
        From `map_coverage` or `map_plan`.
    path : str or Path
        Where to; the folder is made if it is missing.
    offline : bool
        With True the file carries all it needs and asks no other host for anything. With
        False Leaflet (162 kB) is linked from its public host.
    tile_key : str, optional
        Key of the basemap's host, written into the file for everyone to read. Without it
        the page asks its reader for one.

    Returns
    -------
    Path
        The file.

    Raises
    ------
    InputError
        The map is not one of ours, or the folder cannot be written to.
    """
    write_map(map, path, offline=offline, tile_key=tile_key)
    return Path(path)


def _known(basemap: Basemap) -> Basemap:
    check_basemap(basemap)
    return basemap


def _standard(rules: Standard | str | Path | None) -> Standard | None:
    return None if rules is None else ensure_standard(rules)


def _language(language: str) -> Language:
    if language not in ("zh", "en", "both"):
        raise InputError(f"`language` must be 'zh', 'en' or 'both', not {language!r}.")
    return language  # type: ignore[return-value]


def _both(notice: str | tuple[str, str] | None) -> tuple[str, str] | None:
    return (notice, "") if isinstance(notice, str) else notice
