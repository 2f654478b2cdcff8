"""Street lines as flat arrays, before they become a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
import pandas as pd
import pyproj
import shapely

from servicecircle.errors import CrsError, InputError, NetworkError
from servicecircle.networks.profile import Profile

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd

GEOD = pyproj.Geod(ellps="WGS84")
STEEPEST = 0.5  # beyond it, heights are noise or stairs


class StreetLines(NamedTuple):
    """Lines that a person may walk, as read.

    ``lonlat`` (k, 2) float64 degrees WGS84 of all vertices, line after line; ``vertex``
    (k,) int64: equal numbers are one place where lines join; ``offsets`` (w+1,) int64;
    ``tags``: one row per line with ``highway``, ``name``, ``access`` (text, "" where
    unknown), ``along`` and ``against`` (may it be walked that way), ``factor`` (times its
    length) and ``spans`` (bridge or tunnel); ``length`` (w,) float64 metres as given by
    the source, NaN where it gives none. Of each vertex: ``height`` (k,) float64 metres,
    NaN where unknown, and ``wait`` (k,) float64, the metres that one could walk while
    waiting there.
    """

    lonlat: np.ndarray
    vertex: np.ndarray
    offsets: np.ndarray
    tags: pd.DataFrame
    length: np.ndarray
    height: np.ndarray
    wait: np.ndarray


def segment_lengths(lines: StreetLines) -> np.ndarray:
    """Measure every segment in metres; a line's given length is spread over its segments.

    Returns (k-1,) float64; entries that bridge two lines are 0. Geodesic lengths on
    WGS84 (Karney 2013, through pyproj).
    """
    lon, lat = lines.lonlat.T
    metres = np.zeros(max(len(lon) - 1, 0))
    inner = np.ones(len(metres), bool)
    inner[lines.offsets[1:-1] - 1] = False
    at = np.flatnonzero(inner)
    metres[at] = GEOD.inv(lon[at], lat[at], lon[at + 1], lat[at + 1])[2]
    given = np.flatnonzero(np.isfinite(lines.length))
    if given.size:
        line_of = np.repeat(np.arange(len(lines.tags)), np.diff(lines.offsets))[:-1]
        drawn = np.bincount(line_of, metres, len(lines.tags))
        drawn_nowhere = given[drawn[given] <= 0]  # spread its length evenly
        metres[at] = np.where(np.isin(line_of[at], drawn_nowhere), 1.0, metres[at])
        drawn[drawn_nowhere] = np.diff(lines.offsets)[drawn_nowhere] - 1.0
        scale = np.ones(len(lines.tags))
        scale[given] = lines.length[given] / drawn[given]
        metres *= scale[line_of]
    return metres


def segment_efforts(lines: StreetLines, metres: np.ndarray) -> np.ndarray:
    """Weigh every segment: metres × factor + waiting, (k-1, 2) along it and against it.

    Half of the wait at a vertex is paid on either side of it. Slopes count by Tobler's
    hiking function; on steps the slower of the two rules.
    """
    line_of = np.repeat(np.arange(len(lines.tags)), np.diff(lines.offsets))
    inner = line_of[:-1] == line_of[1:]
    factor = lines.tags["factor"].to_numpy(float)[line_of[:-1], None]
    wait = np.where(inner, (lines.wait[:-1] + lines.wait[1:]) / 2, 0.0)
    pace = np.ones((len(metres), 2))
    if np.isfinite(lines.height).any():
        rise = np.diff(_fill_heights(lines, metres, line_of))
        slope = np.where(inner & (metres > 0), rise / np.where(metres > 0, metres, 1.0), 0.0)
        slope = np.nan_to_num(slope)
        pace = np.stack([tobler(slope), tobler(-slope)], axis=1)
    effort: np.ndarray = metres[:, None] * np.where(factor > 1, np.maximum(factor, pace), pace)
    return effort + wait[:, None]


def tobler(slope: np.ndarray) -> np.ndarray:
    """Time on a slope (rise over run) over time on the level.

    Walking speed is 6 exp(-3.5 |slope + 0.05|) km/h (Tobler 1993, "Three presentations on
    geographical analysis and modeling", NCGIA 93-1). Slopes beyond 1:2 count as 1:2.
    """
    slope = np.clip(slope, -STEEPEST, STEEPEST)
    pace: np.ndarray = np.exp(3.5 * (np.abs(slope + 0.05) - 0.05))
    return pace


def _fill_heights(lines: StreetLines, metres: np.ndarray, line_of: np.ndarray) -> np.ndarray:
    """Fill unknown heights between known ones of the same line; level beyond them.

    The ground says nothing of bridges and tunnels: they rise evenly from end to end.
    """
    height = lines.height.copy()
    end = np.zeros(len(height), bool)
    end[lines.offsets[:-1]] = end[lines.offsets[1:] - 1] = True
    height[lines.tags["spans"].to_numpy(bool)[line_of] & ~end] = np.nan
    walked = np.concatenate([[0.0], np.cumsum(metres)])
    known = np.isfinite(height)
    for line in np.unique(line_of[~known]):
        part = slice(lines.offsets[line], lines.offsets[line + 1])
        here = known[part]
        if here.any():
            height[part] = np.interp(walked[part], walked[part][here], height[part][here])
    return height


def keep_segments(lines: StreetLines, keep: np.ndarray) -> StreetLines:
    """Keep the segments where ``keep`` (k-1,) is true; lines break where one is left out."""
    first_of_line = np.zeros(len(lines.vertex), bool)
    first_of_line[lines.offsets[:-1]] = True
    keep = keep & ~first_of_line[1:]
    begins = keep & ~np.concatenate([[False], keep[:-1] & ~first_of_line[1:-1]])
    starts = np.flatnonzero(begins)
    ends = np.flatnonzero(keep & ~np.concatenate([keep[1:], [False]])) + 1
    counts = ends - starts + 1
    offsets = np.concatenate([[0], np.cumsum(counts)])
    at = np.repeat(starts - offsets[:-1], counts) + np.arange(offsets[-1])
    line_of = np.repeat(np.arange(len(lines.tags)), np.diff(lines.offsets))[starts]
    whole = counts == np.diff(lines.offsets)[line_of]
    return StreetLines(
        lines.lonlat[at],
        lines.vertex[at],
        offsets,
        lines.tags.iloc[line_of].reset_index(drop=True),
        np.where(whole, lines.length[line_of], np.nan),
        lines.height[at],
        lines.wait[at],
    )


def cut_lines(lines: StreetLines, places: np.ndarray) -> StreetLines:
    """Cut every line at some places (numbers as in ``vertex``): nothing passes there."""
    barred = np.isin(lines.vertex, places)
    inside = barred.copy()
    inside[lines.offsets[:-1]] = inside[lines.offsets[1:] - 1] = False
    at = np.repeat(np.arange(len(inside)), 1 + inside)
    before = np.concatenate([[0], np.cumsum(1 + inside)])
    line_of = np.repeat(np.arange(len(lines.tags)), np.diff(lines.offsets))
    owner = np.sort(np.concatenate([np.arange(len(lines.tags)), line_of[inside]]))
    vertex = lines.vertex[at]
    cut = np.flatnonzero(barred[at])
    vertex[cut] = lines.vertex.max() + 1 + np.arange(len(cut))
    return StreetLines(
        lines.lonlat[at],
        vertex,
        np.sort(np.concatenate([before[lines.offsets], before[:-1][inside] + 1])),
        lines.tags.iloc[owner].reset_index(drop=True),
        np.where(np.bincount(owner)[owner] == 1, lines.length[owner], np.nan),
        lines.height[at],
        lines.wait[at],
    )


def clip_lines(lines: StreetLines, clip: object) -> StreetLines:
    """Keep the segments with at least one end inside ``clip``, whole."""
    area = clip_area(clip)
    shapely.prepare(area)
    inside = shapely.contains_xy(area, lines.lonlat)
    return keep_segments(lines, inside[:-1] | inside[1:])


def clip_area(clip: object) -> shapely.Geometry:
    """Understand a clip: bounds (west, south, east, north), a polygon, or a frame of them."""
    if hasattr(clip, "to_crs"):
        frame = cast("gpd.GeoDataFrame", clip)
        if frame.crs is None:
            raise CrsError("`clip` has no CRS. Set it, e.g. `clip.set_crs(4326)`.")
        clip = frame.to_crs(4326).union_all()
    if isinstance(clip, shapely.Geometry):
        if shapely.is_empty(clip) or shapely.get_dimensions(clip) < 2:  # noqa: PLR2004 – an area
            kind = f"{'empty ' if shapely.is_empty(clip) else ''}{type(clip).__name__}"
            raise InputError(f"`clip` must be a Polygon or MultiPolygon; got {kind}.")
        _check_degrees(clip)
        return clip
    try:
        west, south, east, north = map(float, cast("Iterable[float]", clip))
    except (TypeError, ValueError):
        raise InputError(
            "`clip` must be (west, south, east, north) in degrees, a polygon in degrees, "
            f"or a GeoDataFrame; got {clip!r}."
        ) from None
    if west >= east or south >= north:
        raise InputError(f"`clip` must have west < east and south < north; got {clip!r}.")
    box = shapely.box(west, south, east, north)
    _check_degrees(box)
    return box


def _check_degrees(clip: shapely.Geometry) -> None:
    bounds = shapely.bounds(clip)
    if not (np.abs(bounds) <= (180, 90, 180, 90)).all():
        raise InputError(f"`clip` must lie within ±180° and ±90°; it spans {bounds.tolist()}.")


def lines_from_frame(
    frame: gpd.GeoDataFrame, source: str, profile: Profile | None = None
) -> StreetLines:
    """Turn a frame of street lines into joined lines: ends within 1 cm are one place.

    Columns such as ``highway``, ``name``, ``access``, ``foot`` are understood as in
    OpenStreetMap and the rules are applied where ``highway`` is given.

    Raises
    ------
    NetworkError
        No CRS, or no lines.
    """
    from servicecircle.networks.rules import street_rules

    if frame.crs is None:
        raise NetworkError(f"{source} has no CRS. Set it, e.g. `frame.set_crs(4326)`.")
    frame = frame.explode(ignore_index=True)
    usable = (frame.geom_type == "LineString") & ~frame.geometry.is_empty
    frame = frame[usable].reset_index(drop=True)
    if not len(frame):
        raise NetworkError(f"{source} holds no street lines.")
    attributes = pd.DataFrame(frame.drop(columns=frame.geometry.name))
    tags = street_rules(attributes, profile or Profile())
    frame = frame[tags["walkable"].to_numpy()]
    if not len(frame):
        raise NetworkError(f"{source} holds no street that may be used.")
    tags = tags[tags["walkable"]].drop(columns="walkable").reset_index(drop=True)
    degrees = frame.geometry.to_crs(4326)
    lonlat, line = shapely.get_coordinates(degrees.to_numpy(), return_index=True)
    if not np.isfinite(lonlat).all():
        bad = pd.unique(line[~np.isfinite(lonlat).all(axis=1)])
        raise NetworkError(f"{source}: {len(bad)} lines have coordinates that are no numbers.")
    counts = np.bincount(line, minlength=len(tags))
    offsets = np.concatenate([[0], np.cumsum(counts)])
    vertex = _join_ends(lonlat, offsets)
    length, height = np.full(len(tags), np.nan), np.full(len(lonlat), np.nan)
    return StreetLines(lonlat, vertex, offsets, tags, length, height, np.zeros(len(lonlat)))


def _join_ends(lonlat: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Give line ends at one place (to 1 cm) one number, every other vertex its own."""
    at = np.concatenate([offsets[:-1], offsets[1:] - 1])
    squeeze = np.cos(np.radians(lonlat[:, 1].mean()))
    centimetres = np.round(lonlat[at] * (11_132_000 * squeeze, 11_132_000)).astype(np.int64)
    _, place = np.unique(centimetres, axis=0, return_inverse=True)
    vertex = np.arange(len(lonlat), dtype=np.int64) + len(at)
    vertex[at] = place.ravel()
    return vertex
