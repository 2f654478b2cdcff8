"""Places and areas of an OpenStreetMap file: points, outlines and the tags asked for."""

from __future__ import annotations

import re
from pathlib import Path
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pandas as pd
import shapely

from servicecircle._checks import check_places
from servicecircle._files import local_file
from servicecircle._store import past_cache
from servicecircle.errors import InputError, NetworkError
from servicecircle.networks.lines import clip_area
from servicecircle.networks.read import OSM_SUFFIXES

if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    Tags = dict[str, str]

MOST_OBJECTS = 3_000_000
LONGEST_TEXT = 255  # the limit of OpenStreetMap itself
BATCH = 50_000
_FILE = re.compile(r"[/\\]|\.[A-Za-z0-9]{2,8}$")
_AREA_TYPES = frozenset({"multipolygon", "boundary"})


def read_objects(
    path: str | Path,
    keys: Iterable[str],
    keep: Iterable[str],
    *,
    wanted: Callable[[Tags], bool] | None = None,
    clip: object = None,
) -> gpd.GeoDataFrame:
    """Read the objects of an OpenStreetMap file that carry one of some keys.

    Parameters
    ----------
    path : str or Path
        ``.osm.pbf``, ``.osm``, ``.osm.gz`` or ``.osm.bz2`` on this computer.
    keys : iterable of str
        An object needs one of them.
    keep : iterable of str
        Tags to return, one column each.
    wanted : callable, optional
        Told all tags of an object, says whether to keep it.
    clip : tuple, polygon or GeoDataFrame, optional
        Keep what touches it; bounds or polygon in degrees.

    Returns
    -------
    GeoDataFrame
        EPSG:4326, indexed by ``n123``, ``w45``, ``r6`` (node, way, relation), sorted. Nodes
        are points; closed ways and multipolygons are MultiPolygons; open ways, and ways of
        which an extract lacks nodes, are the line or point that is left; None where nothing
        is. ``.attrs`` holds ``source`` (file name) and ``year``.

    Raises
    ------
    InputError
        There is no such local file, it is damaged, or holds more than 3 million such objects.
    """
    file = _local_osm(path)
    found = _Collector(tuple(keep), None if clip is None else clip_area(clip))
    try:
        year = _scan(file, tuple(keys), wanted, found)
    except RuntimeError as error:
        raise InputError(
            f"{file.name!r} cannot be read as OpenStreetMap data ({error}). "
            "The file may be cut off or of another kind; download it again."
        ) from error
    frame = found.frame()
    frame.attrs = {"source": file.name, "year": year}
    return frame


def objects_of(
    path_or_frame: object,
    keys: Iterable[str],
    keep: Iterable[str],
    *,
    wanted: Callable[[Tags], bool] | None = None,
    clip: object = None,
) -> gpd.GeoDataFrame:
    """Read a file or download a place, or take a frame of features (OSMnx's too)."""
    keys = sorted(set(keys))
    source = None
    if isinstance(path_or_frame, str) and is_place_name(path_or_frame):
        source, path_or_frame = path_or_frame, _download(path_or_frame, keys)
    if isinstance(path_or_frame, (str, Path)):
        return read_objects(path_or_frame, keys, keep, wanted=wanted, clip=clip)
    if isinstance(path_or_frame, gpd.GeoDataFrame) and path_or_frame.index.nlevels > 1:
        path_or_frame = _from_osmnx(path_or_frame)
    frame = check_places(path_or_frame, "path_or_frame")
    attrs = {"source": source or "the table given", "year": None} | frame.attrs
    degrees = frame.to_crs(4326)
    if clip is not None:
        degrees = degrees[degrees.intersects(clip_area(clip))]
    none = pd.Series(None, index=degrees.index, dtype="str")
    cells = {key: degrees[key].astype("str") if key in degrees else none for key in keep}
    degrees = degrees.assign(**cells)
    degrees.attrs = attrs
    return degrees


def is_place_name(text: str) -> bool:
    """Tell a place name ("Gulou, Nanjing") from a path, which has a folder or a suffix."""
    return _FILE.search(text) is None and not Path(text).exists()


def _download(place: str, keys: list[str]) -> gpd.GeoDataFrame:
    """Download the objects of a place that carry one of some keys, through OSMnx's cache."""
    import osmnx

    try:
        return past_cache(lambda: osmnx.features_from_place(place, dict.fromkeys(keys, True)))
    except Exception as error:  # requests, OSMnx and JSON errors alike
        raise NetworkError(
            f"What OpenStreetMap has in {place!r} could not be downloaded ({error}). Check the "
            "place name and the connection, or read a .osm.pbf extract."
        ) from error


def _from_osmnx(frame: gpd.GeoDataFrame) -> gpd.GeoDataFrame:
    """Give OSMnx's features, indexed by (element, id), the ids used here."""
    element, number = frame.index.get_level_values(0), frame.index.get_level_values(-1)
    ids = [f"{str(kind)[0]}{i}" for kind, i in zip(element, number, strict=True)]
    return frame.set_axis(pd.Index(ids, name="id"), axis=0)


def _local_osm(path: str | Path) -> Path:
    """Accept only local files: libosmium would fetch an address by itself."""
    file = local_file(path)
    if not file.name.lower().endswith(OSM_SUFFIXES):
        raise InputError(f"{file.name!r} is not OpenStreetMap data ({', '.join(OSM_SUFFIXES)}).")
    return file


def _scan(
    file: Path, keys: tuple[str, ...], wanted: Callable[[Tags], bool] | None, found: _Collector
) -> int | None:
    """Hand every object with its geometry to the collector; return the year of the data."""
    import osmium

    shapes = osmium.geom.WKBFactory()
    newest = 0
    objects: Any = (  # nodes, ways, relations and areas, told apart below
        osmium.FileProcessor(str(file))
        .with_areas(osmium.filter.KeyFilter(*keys))
        .with_filter(osmium.filter.KeyFilter(*keys))
    )
    for item in objects:
        tags = {tag.k: tag.v[:LONGEST_TEXT] for tag in item.tags}
        if wanted is not None and not wanted(tags):
            continue
        if item.is_area():
            if item.num_rings()[0]:  # an outline that cannot be closed has none
                kind = "w" if item.from_way() else "r"
                found.add(kind, item.orig_id(), tags, shapes.create_multipolygon(item))
            continue
        newest = max(newest, item.timestamp.year)
        if item.is_node():
            found.add("n", item.id, tags, shapes.create_point(item))
        elif item.is_way():
            found.add("w", item.id, tags, _line(shapes, item))
        elif tags.get("type") in _AREA_TYPES:
            found.add("r", item.id, tags, None)
    found.flush()
    header = objects.header.get("osmosis_replication_timestamp")[:4]
    year = int(header) if header.isdigit() else newest
    return year if year > 1970 else None  # noqa: PLR2004 – the epoch stands for "not known"


def _line(shapes: Any, way: Any) -> str | bytes | None:
    """Write a way as a line; of a way cut by the extract, what is left of it."""
    import osmium

    try:
        line: str = shapes.create_linestring(way)
    except (osmium.InvalidLocationError, RuntimeError):  # nodes are missing, or all but one
        places = [node.location for node in way.nodes]
        known = [(at.lon, at.lat) for at in places if at.valid()]
        if not known:
            return None
        left = shapely.Point(known[0]) if len(known) == 1 else shapely.LineString(known)
        return shapely.to_wkb(left)
    return line


class _Collector:
    """Objects kept so far; a batch at a time is clipped, so that memory follows the clip.

    The area of a way or relation counts for more than the bare way or relation, whichever
    comes first.
    """

    def __init__(self, keep: tuple[str, ...], clip: shapely.Geometry | None) -> None:
        self.keep = keep
        self.clip = clip
        self.rows: dict[tuple[str, int], tuple[str | None, ...]] = {}
        self.shapes: dict[tuple[str, int], Any] = {}
        self.pending: list[tuple[tuple[str, int], str | bytes | None]] = []
        self.waiting: dict[tuple[str, int], tuple[str | None, ...]] = {}
        if clip is not None:
            shapely.prepare(clip)

    def add(self, kind: str, number: int, tags: Tags, wkb: str | bytes | None) -> None:
        """Take an object and its shape as WKB, if it has one."""
        self.pending.append(((kind, number), wkb))
        self.waiting[kind, number] = tuple([tags.get(key) for key in self.keep])
        if len(self.pending) >= BATCH:
            self.flush()

    def flush(self) -> None:
        """Decode the shapes waiting, and keep those inside."""
        shapes = shapely.from_wkb([wkb for _, wkb in self.pending])
        inside = np.ones(len(shapes), dtype=bool)
        if self.clip is not None:
            inside = shapely.intersects(self.clip, shapes)
        for at in np.flatnonzero(inside):
            key = self.pending[at][0]
            if isinstance(self.shapes.get(key), shapely.MultiPolygon):
                continue
            self.rows[key], self.shapes[key] = self.waiting[key], shapes[at]
        self.pending, self.waiting = [], {}
        if len(self.rows) > MOST_OBJECTS:
            raise InputError(
                f"The file holds more than {MOST_OBJECTS:,} such objects. Read a part of it with "
                "`clip=(west, south, east, north)`, or cut it first (`osmium extract`)."
            )

    def frame(self) -> gpd.GeoDataFrame:
        """Return everything kept, sorted by kind and number."""
        order = sorted(self.rows)
        index = pd.Index([f"{kind}{number}" for kind, number in order], name="id", dtype="str")
        table = pd.DataFrame(
            [self.rows[key] for key in order], columns=list(self.keep), index=index, dtype="str"
        )
        return gpd.GeoDataFrame(table, geometry=[self.shapes[key] for key in order], crs=4326)
