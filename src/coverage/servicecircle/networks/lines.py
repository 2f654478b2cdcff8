"""Street lines as flat arrays, before they become a network."""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple, cast

import numpy as np
import pandas as pd
import pyproj
import shapely

from servicecircle.errors import InputError, NetworkError

if TYPE_CHECKING:
    from collections.abc import Iterable

    import geopandas as gpd

GEOD = pyproj.Geod(ellps="WGS84")


class StreetLines(NamedTuple):
    """Lines that a person may walk, as read.

    ``lonlat`` (k, 2) float64 degrees WGS84 of all vertices, line after line; ``vertex``
    (k,) int64: equal numbers are one place where lines join; ``offsets`` (w+1,) int64;
    ``tags``: one row per line with ``highway``, ``name``, ``access`` (text, "" where
    unknown), ``along`` and ``against`` (may it be walked that way); ``length`` (w,)
    float64 metres as given by the source, NaN where it gives none.
    """

    lonlat: np.ndarray
    vertex: np.ndarray
    offsets: np.ndarray
    tags: pd.DataFrame
    length: np.ndarray


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
        scale = np.ones(len(lines.tags))
        scale[given] = lines.length[given] / np.where(drawn[given] > 0, drawn[given], 1.0)
        metres *= scale[line_of]
    return metres


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
        area: shapely.Geometry = cast("gpd.GeoDataFrame", clip).to_crs(4326).union_all()
        return area
    if isinstance(clip, shapely.Geometry):
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
    return shapely.box(west, south, east, north)


def lines_from_frame(frame: gpd.GeoDataFrame, source: str) -> StreetLines:
    """Turn a frame of street lines into joined lines: ends within 1 cm are one place.

    Columns ``highway``, ``name``, ``access``, ``foot`` are understood as in OpenStreetMap
    and the walking rules are applied where ``highway`` is given.

    Raises
    ------
    NetworkError
        No CRS, or no lines.
    """
    from servicecircle.networks.rules import walking_rules

    if frame.crs is None:
        raise NetworkError(f"{source} has no CRS. Set it, e.g. `frame.set_crs(4326)`.")
    frame = frame.explode(ignore_index=True)
    usable = (frame.geom_type == "LineString") & ~frame.geometry.is_empty
    frame = frame[usable].reset_index(drop=True)
    if not len(frame):
        raise NetworkError(f"{source} holds no street lines.")
    tags = walking_rules(pd.DataFrame(frame.drop(columns=frame.geometry.name)))
    frame = frame[tags["walkable"].to_numpy()]
    tags = tags[tags["walkable"]].drop(columns="walkable").reset_index(drop=True)
    degrees = frame.geometry.to_crs(4326)
    lonlat, line = shapely.get_coordinates(degrees.to_numpy(), return_index=True)
    if not np.isfinite(lonlat).all():
        bad = pd.unique(line[~np.isfinite(lonlat).all(axis=1)])
        raise NetworkError(f"{source}: {len(bad)} lines have coordinates that are no numbers.")
    counts = np.bincount(line, minlength=len(tags))
    offsets = np.concatenate([[0], np.cumsum(counts)])
    vertex = _join_ends(lonlat, offsets)
    return StreetLines(lonlat, vertex, offsets, tags, np.full(len(tags), np.nan))


def _join_ends(lonlat: np.ndarray, offsets: np.ndarray) -> np.ndarray:
    """Give line ends at one place (to 1 cm) one number, every other vertex its own."""
    at = np.concatenate([offsets[:-1], offsets[1:] - 1])
    squeeze = np.cos(np.radians(lonlat[:, 1].mean()))
    centimetres = np.round(lonlat[at] * (11_132_000 * squeeze, 11_132_000)).astype(np.int64)
    _, place = np.unique(centimetres, axis=0, return_inverse=True)
    vertex = np.arange(len(lonlat), dtype=np.int64) + len(at)
    vertex[at] = place.ravel()
    return vertex
