"""Everything a map shows, in metres and plain columns: the step between results and page."""

from __future__ import annotations

from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Literal

if TYPE_CHECKING:
    from collections.abc import Mapping, Sequence

    import geopandas as gpd
    import pyproj
    from shapely.geometry.base import BaseGeometry

    from servicecircle.standards import Standard

Language = Literal["zh", "en", "both"]
Pair = tuple[str, str]


@dataclass(frozen=True, kw_only=True)
class Circle:
    """Walking areas of one place, inner and outer, and the outer one's km²."""

    inner: BaseGeometry
    outer: BaseGeometry
    area_km2: float


@dataclass(frozen=True, kw_only=True)
class Scene:
    """What the page is made from. Frames are in ``crs`` (metres).

    Attributes
    ----------
    minutes : (inner, outer)
        The two cutoffs that are drawn.
    demand : GeoDataFrame
        ``workers``, ``group``, ``district`` (text or ""), ``status``, ``today`` and
        ``plan`` (minutes to the nearest facility, NaN where none within ``outer``),
        ``site`` (opening number of the site that newly covers the place, else 0).
    stations, sites, candidates : GeoDataFrame
        Places with ``name``, ``kind``, ``district`` (text), ``photo`` (an address or None),
        ``rules`` (one of ``y n ?`` per rule of the standard, or None), the conditions and
        figures: see `place_table` and `_gather`.
    years : (Pair, Pair) or None
        What two years are called: then ``today`` is the first, ``plan`` the second, the
        sites opened between them; stations ``gone`` close, by then or by the plan.
    standard : Standard or None
        The standard that ``rules`` answers.
    circles : mapping of (list name, id) to Circle
    areas : mapping
        ``inner``, ``outer`` (today) and ``plan`` (outer with the plan) geometries.
    walk : mapping or None
        Minutes to the nearest station, coded: see `minutes_grid`.
    near : sequence of (name, x, y)
        What the surroundings of gaps are called.
    data_source, notes : str, sequence of (Chinese, English)
        Where the workers come from, and what was assumed about them.
    candidates_all : int or None
        How many there are, where only some are drawn.
    """

    crs: pyproj.CRS
    minutes: tuple[float, float]
    speed: float
    demand: gpd.GeoDataFrame
    stations: gpd.GeoDataFrame
    sites: gpd.GeoDataFrame
    candidates: gpd.GeoDataFrame
    areas: Mapping[str, BaseGeometry]
    circles: Mapping[tuple[str, object], Circle] = field(default_factory=dict)
    streets: gpd.GeoDataFrame | None = None
    districts: gpd.GeoDataFrame | None = None
    water: BaseGeometry | None = None
    labels: Sequence[Mapping[str, object]] = ()
    has_plan: bool = False
    status: str = ""
    conflicts: Sequence[Pair] = ()
    empty_reason: Pair | None = None
    max_access: float = 100.0
    walk: Mapping[str, object] | None = None
    near: Sequence[tuple[str, float, float]] = ()
    data_source: str = ""
    notes: Sequence[Pair] = ()
    title: str | None = None
    date: str | None = None
    notice: Pair | None = None
    language: Language = "both"
    basemap: str = "none"
    candidates_all: int | None = None
    standard: Standard | None = None
    years: tuple[Pair, Pair] | None = None
