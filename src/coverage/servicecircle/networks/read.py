"""Opening networks: from files, graphs and place names."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any, cast

from servicecircle._checks import name_some
from servicecircle._files import check_map_file, local_path
from servicecircle._store import past_cache
from servicecircle.errors import InputError, NetworkError
from servicecircle.networks.elevation import add_heights
from servicecircle.networks.graphs import lines_from_graph
from servicecircle.networks.lines import clip_area, clip_lines, lines_from_frame
from servicecircle.networks.profile import Mode, Profile
from servicecircle.networks.rules import tags_for
from servicecircle.networks.walk_network import MAX_ACCESS, WalkNetwork

if TYPE_CHECKING:
    from pathlib import Path

    import networkx as nx
    import shapely

    from servicecircle.networks.lines import StreetLines

OSM_SUFFIXES = (".osm.pbf", ".pbf", ".osm", ".osm.gz", ".osm.bz2")
LINE_SUFFIXES = (".gpkg", ".geojson", ".parquet")


def read_network(
    path: str | Path,
    *,
    mode: Mode = "walk",
    clip: object = None,
    max_access: float | None = None,
    steps: float = 1.0,
    signals: float = 0.0,
    private: bool = True,
    squares: bool = True,
    elevation: str | Path | None = None,
) -> WalkNetwork:
    """Read the streets that can be walked (or ridden) from a file.

    Parameters
    ----------
    path : str or Path
        An OpenStreetMap file (``.osm.pbf``, ``.osm``, ``.osm.gz``, ``.osm.bz2``), a
        ``.graphml`` written by OSMnx, street lines (``.gpkg``, ``.geojson``,
        ``.parquet``), or the folder of a saved network.
    mode : {"walk", "cycle", "ebike"}
        Who moves; each has its own rules and usual speed (``network.speed``: 4.5, 12 and
        15 km/h).
    clip : tuple, polygon or GeoDataFrame, optional
        Keep only the streets inside: (west, south, east, north) in degrees, or an area.
        Street pieces with one end inside stay whole.
    max_access : float, optional
        Metres that a place may lie off its street (at most 5,000). Default: 100, or what
        the saved network was saved with.
    steps : float
        How many times slower than a level street steps are (1 to 20; default 1).
    signals : float
        Seconds of waiting at every traffic signal (0 to 600; default 0), counted at the
        mode's usual speed. A walk that begins at the signal waits half of it.
    private : bool
        Whether streets with ``access=private`` may be used (default True: gated compounds
        and parks are where workers are).
    squares : bool
        Whether pedestrian areas are crossed straight from entrance to entrance (default
        True; OpenStreetMap files, walking only). Their outlines are walked in any case.
    elevation : str or Path, optional
        A raster of ground heights in metres (needs the extra ``[raster]``), or ``"ele"``
        for the heights that the nodes carry: slopes then count by Tobler's hiking
        function, uphill and downhill differently. Walking only.

    Returns
    -------
    WalkNetwork

    Raises
    ------
    InputError
        The file is missing or of an unknown kind, or an argument is wrong.
    CrsError
        ``clip`` or ``elevation`` has no CRS.
    NetworkError
        The file is damaged or holds nothing that can be walked.

    Notes
    -----
    Cost = length × factor + waiting, rounded to whole decimetres once per street. The
    rules for every tag are in ``docs/networks.md``.

    Examples
    --------
    >>> import servicecircle as sc
    >>> streets = sc.read_network(sc.samples.wuhan().streets)
    >>> streets.crs.to_epsg()
    32650
    """
    path = local_path(path)
    profile = Profile.of(
        mode=mode,
        steps=steps,
        signals=signals,
        private=private,
        squares=squares,
        elevation=elevation,
    )
    if path.is_dir():
        return _open_saved(path, profile, clip, max_access)
    lines, found = _read_streets(path, profile)
    access = MAX_ACCESS if max_access is None else max_access
    return _network(lines, {"file": path.name} | found, profile, clip, access)


def _read_streets(path: Path, profile: Profile) -> tuple[StreetLines, dict[str, Any]]:
    """Read a file by its kind: the street lines, and what it says of itself."""
    name = path.name.lower()
    if name.endswith(OSM_SUFFIXES):
        from servicecircle.networks.osm import read_osm

        return read_osm(path, profile)
    if name.endswith(".graphml"):
        return lines_from_graph(_read_graphml(path), profile), {}
    if name.endswith(LINE_SUFFIXES):
        return _read_lines(path, profile), {}
    raise InputError(
        f"{path.name!r} is of no known kind. Known are {', '.join(OSM_SUFFIXES)}, .graphml, "
        f"{', '.join(LINE_SUFFIXES)}, and the folder of a saved network."
    )


def _open_saved(
    path: Path, profile: Profile, clip: object, max_access: float | None
) -> WalkNetwork:
    """Open a saved network; rules that differ from those it was built with are refused."""
    from servicecircle.networks.saved import open_network

    if clip is not None:
        raise InputError("A saved network cannot be clipped; clip when reading its source.")
    network = open_network(path)
    built, plain = network.source.get("rules", {}), Profile().to_dict()
    differ = [
        name
        for name, value in profile.to_dict().items()
        if value != plain[name] and value != built.get(name, plain[name])
    ]
    if differ:
        raise InputError(
            f"{path.name!r} was saved with other rules for {name_some(differ)}; give them when "
            "reading its source."
        )
    if max_access is None or max_access == network.max_access:
        return network
    return network.with_access(max_access)


def network_from_osmnx(
    graph: nx.Graph[Any],
    *,
    mode: Mode = "walk",
    max_access: float = MAX_ACCESS,
    steps: float = 1.0,
    signals: float = 0.0,
    private: bool = True,
    elevation: str | Path | None = None,
) -> WalkNetwork:
    """Turn an OSMnx graph, or any networkx graph with lengths, into a walking network.

    Parameters
    ----------
    graph : networkx graph
        Nodes with ``x`` and ``y``, ``graph.graph["crs"]``; edges with ``length`` in
        metres and, where they bend, ``geometry``. Walkers ignore car one-way: every edge
        is walked both ways; two edges that are one street in both directions count once.
        Nodes may carry ``elevation`` (metres; use it with ``elevation="ele"``).
    mode, max_access, steps, signals, private, elevation
        As in ``read_network``.

    Raises
    ------
    InputError
        An argument is wrong.
    NetworkError
        No nodes or edges, no CRS or an unknown one, nodes without place, or lengths that
        are no numbers.
    """
    profile = Profile.of(
        mode=mode, steps=steps, signals=signals, private=private, elevation=elevation
    )
    return _network(lines_from_graph(graph, profile), {"file": "graph"}, profile, None, max_access)


def download_network(
    place_or_polygon: object,
    *,
    mode: Mode = "walk",
    max_access: float = MAX_ACCESS,
    steps: float = 1.0,
    signals: float = 0.0,
    private: bool = True,
    elevation: str | Path | None = None,
) -> WalkNetwork:
    """Download the streets of a place from OpenStreetMap, through OSMnx and its cache.

    Parameters
    ----------
    place_or_polygon : str, tuple or polygon
        A place name that Nominatim knows (``"Gulou, Nanjing, China"``), bounds (west,
        south, east, north) in degrees, or a polygon in degrees.
    mode, max_access, steps, signals, private, elevation
        As in ``read_network``.

    Raises
    ------
    InputError
        An argument is wrong.
    NetworkError
        The server cannot be reached, knows no such place, or has no streets there.

    Notes
    -----
    ``osmnx.settings`` decides the server, the cache folder and the time limit. Squares
    are not downloaded; read a .osm.pbf extract to have them crossed.
    """
    import osmnx

    profile = Profile.of(
        mode=mode, steps=steps, signals=signals, private=private, elevation=elevation
    )
    options: dict[str, Any] = {
        "custom_filter": '["highway"]["area"!~"yes"]',
        "simplify": False,
        "retain_all": True,
    }
    area = None if isinstance(place_or_polygon, str) else clip_area(place_or_polygon)
    before = osmnx.settings.useful_tags_way
    osmnx.settings.useful_tags_way = sorted({*before, *tags_for(profile)})
    try:
        if isinstance(place_or_polygon, str):
            graph = past_cache(lambda: osmnx.graph_from_place(place_or_polygon, **options))
        else:  # OSMnx itself refuses what is no area
            polygon = cast("shapely.Polygon", area)
            graph = past_cache(lambda: osmnx.graph_from_polygon(polygon, **options))
    except Exception as error:  # requests, OSMnx and JSON errors alike
        raise NetworkError(
            f"The streets of {place_or_polygon!r} could not be downloaded ({error}). Check the "
            "place name and the connection, or read a .osm.pbf extract with `read_network`."
        ) from error
    finally:
        osmnx.settings.useful_tags_way = before
    name = place_or_polygon if isinstance(place_or_polygon, str) else "download"
    return _network(lines_from_graph(graph, profile), {"file": name}, profile, None, max_access)


def _network(
    lines: StreetLines, facts: dict[str, Any], profile: Profile, clip: object, max_access: float
) -> WalkNetwork:
    if clip is not None:
        lines = clip_lines(lines, clip)
        if not len(lines.tags):
            raise NetworkError(f"No street of {facts['file']!r} lies inside `clip`.")
    lines = add_heights(lines, profile.elevation)
    rules = profile.to_dict()
    return WalkNetwork.from_lines(lines, max_access=max_access, source=facts | {"rules": rules})


def _read_graphml(path: Path) -> nx.Graph[Any]:
    import osmnx

    with path.open("rb") as file:
        if b"<!DOCTYPE" in file.read(4096):
            raise NetworkError(f"{path.name!r} has a DOCTYPE, which is refused in street files.")
    try:
        return osmnx.load_graphml(path)
    except Exception as error:  # expat, networkx and OSMnx errors alike
        raise NetworkError(f"{path.name!r} is not a GraphML file by OSMnx ({error}).") from error


def _read_lines(path: Path, profile: Profile) -> StreetLines:
    import geopandas as gpd

    if path.suffix.lower() != ".parquet":
        check_map_file(path)
    try:
        parquet = path.suffix.lower() == ".parquet"
        frame = gpd.read_parquet(path) if parquet else gpd.read_file(path, engine="pyogrio")
    except Exception as error:  # pyarrow, pyogrio and GDAL errors alike
        raise NetworkError(f"{path.name!r} cannot be read as street lines ({error}).") from error
    if not isinstance(frame, gpd.GeoDataFrame):
        raise NetworkError(f"{path.name!r} has no geometry: these are not street lines.")
    return lines_from_frame(frame, repr(path.name), profile)
