"""WalkNetwork: streets that can be walked, as arrays in a local metric CRS."""

from __future__ import annotations

from dataclasses import dataclass, field, replace
from functools import cached_property
from typing import TYPE_CHECKING, Any

import geopandas as gpd
import numpy as np
import pyproj
import shapely

from servicecircle._kernel.search import Graph
from servicecircle.errors import InputError
from servicecircle.networks.assemble import (
    arcs,
    components,
    join_streets,
    local_crs,
    street_costs,
)
from servicecircle.networks.profile import SPEEDS
from servicecircle.networks.squares import ACROSS

if TYPE_CHECKING:
    from pathlib import Path

    import networkx as nx
    import pandas as pd

    from servicecircle._kernel.field import Raster
    from servicecircle.networks.lines import StreetLines
    from servicecircle.networks.nearest_street import StreetIndex

ISLAND_KM = 2.0
MAX_ACCESS = 100.0
MOST_ACCESS = 5_000.0  # what the raster's 16 bits of decimetres hold


@dataclass(frozen=True, repr=False)
class WalkNetwork:
    """Streets that can be walked, joined at junctions.

    Attributes
    ----------
    crs : pyproj.CRS
        Local projected CRS in metres (the UTM zone of the streets).
    node_xy : numpy.ndarray
        (n, 2) float64 metres in ``crs``: junctions and street ends.
    ends : numpy.ndarray
        (m, 2) int32: first and last node of every street.
    street_cost : numpy.ndarray
        (m, 2) int32 decimetres of effective length, along the street and against it.
    metres : numpy.ndarray
        (m,) float64: length of every street.
    shape_xy, shape_offsets : numpy.ndarray
        (k, 2) float64 metres in ``crs`` and (m+1,) int64: the drawn streets.
    tags : pandas.DataFrame
        One row per street: ``highway``, ``name``, ``access``.
    component : numpy.ndarray
        (n,) int32: the connected part of every node.
    max_access : float
        Metres that a place may lie off its street.
    island_km : float
        A connected part with fewer kilometres than this, other than the largest, is an
        island: kept in ``streets``, never joined to.
    mode : str
        Who moves: ``"walk"``, ``"cycle"`` or ``"ebike"``.
    source : dict
        Where it came from: file name, vintage, counts, and the ``rules`` it was built by.
    """

    crs: pyproj.CRS
    node_xy: np.ndarray
    ends: np.ndarray
    street_cost: np.ndarray
    metres: np.ndarray
    shape_xy: np.ndarray
    shape_offsets: np.ndarray
    tags: pd.DataFrame
    component: np.ndarray
    max_access: float = MAX_ACCESS
    island_km: float = ISLAND_KM
    mode: str = "walk"
    source: dict[str, Any] = field(default_factory=dict)

    def __repr__(self) -> str:
        name = self.source.get("file", "streets")
        return (
            f"<WalkNetwork {name}: {len(self.node_xy):,} junctions, {len(self.ends):,} streets, "
            f"{self.metres.sum() / 1000:,.0f} km, {self.crs.to_string()}>"
        )

    @classmethod
    def from_lines(
        cls, lines: StreetLines, *, max_access: float = MAX_ACCESS, source: dict[str, Any]
    ) -> WalkNetwork:
        """Join street lines (degrees WGS84) into a network."""
        streets = join_streets(lines)
        crs = local_crs(streets.lonlat)
        project = pyproj.Transformer.from_crs(4326, crs, always_xy=True).transform
        tags = streets.tags
        return cls(
            crs=crs,
            node_xy=np.stack(project(*streets.node_lonlat.T), axis=1),
            ends=streets.ends.astype(np.int32),
            street_cost=street_costs(
                streets.effort, tags["along"].to_numpy(), tags["against"].to_numpy()
            ),
            metres=streets.metres,
            shape_xy=np.stack(project(*streets.lonlat.T), axis=1),
            shape_offsets=streets.offsets.astype(np.int64),
            tags=tags[["highway", "name", "access"]].astype(str),
            component=components(streets.ends, len(streets.node_lonlat)),
            mode=source.get("rules", {}).get("mode", "walk"),
            source=source,
        ).with_access(max_access)

    @cached_property
    def _csr(self) -> tuple[np.ndarray, ...]:
        return arcs(self.ends, self.street_cost, len(self.node_xy))

    @property
    def indptr(self) -> np.ndarray:
        """CSR row pointer of the arcs, (n+1,) int32."""
        return self._csr[0]

    @property
    def heads(self) -> np.ndarray:
        """Node that each arc leads to, int32."""
        return self._csr[1]

    @property
    def cost(self) -> np.ndarray:
        """Cost of each arc in whole decimetres, int32; 2**29 where it is barred."""
        return self._csr[2]

    @property
    def arc_street(self) -> np.ndarray:
        """Street (row of ``streets``) of each arc, int32."""
        return self._csr[4]

    @cached_property
    def away(self) -> Graph:
        """Graph for searches that walk away from their origins."""
        indptr, heads, leaving, _, street = self._csr
        return Graph(
            indptr, heads, leaving, street, self.ends, self.street_cost, round(self.max_access * 10)
        )

    @cached_property
    def toward(self) -> Graph:
        """Graph for searches in which everybody walks to the origin."""
        indptr, heads, _, arriving, street = self._csr
        cost = np.ascontiguousarray(self.street_cost[:, ::-1])
        return Graph(indptr, heads, arriving, street, self.ends, cost, round(self.max_access * 10))

    @cached_property
    def is_island(self) -> np.ndarray:
        """(m,) bool: whether the street belongs to a small unconnected part."""
        part = self.component[self.ends[:, 0]]
        mapped = (self.tags["highway"] != ACROSS).to_numpy()  # ways across squares do not count
        km = np.bincount(part, self.metres / 1000 * mapped)
        small = km < self.island_km
        small[int(km.argmax())] = False
        island: np.ndarray = small[part]
        return island

    @cached_property
    def streets(self) -> gpd.GeoDataFrame:
        """One row per street between junctions, index 0…m−1, in ``crs``.

        Columns ``highway``, ``name``, ``access``, ``from_node``, ``to_node``, ``length``
        (metres), ``component``, ``island``, ``geometry``.
        """
        lines = shapely.from_ragged_array(
            shapely.GeometryType.LINESTRING, self.shape_xy, (self.shape_offsets,)
        )
        frame = self.tags.assign(
            from_node=self.ends[:, 0],
            to_node=self.ends[:, 1],
            length=self.metres,
            component=self.component[self.ends[:, 0]],
            island=self.is_island,
        )
        return gpd.GeoDataFrame(frame, geometry=lines, crs=self.crs)

    @property
    def bounds(self) -> tuple[float, float, float, float]:
        """West, south, east, north in degrees WGS84."""
        west, south = self.shape_xy.min(axis=0)
        east, north = self.shape_xy.max(axis=0)
        project = pyproj.Transformer.from_crs(self.crs, 4326, always_xy=True)
        west, south, east, north = map(float, project.transform_bounds(west, south, east, north))
        return west, south, east, north

    @cached_property
    def index(self) -> StreetIndex:
        """Index of the nearest streets (islands left out), built once."""
        from servicecircle.networks.nearest_street import StreetIndex

        return StreetIndex.of(self, islands=False)

    @cached_property
    def island_index(self) -> StreetIndex:
        """Index of the streets of islands, to tell why a place is not joined."""
        from servicecircle.networks.nearest_street import StreetIndex

        return StreetIndex.of(self, islands=True)

    @cached_property
    def raster(self) -> Raster:
        """Nearest street of every raster cell within ``max_access``, built once."""
        from servicecircle.networks.nearest_street import build_raster

        return build_raster(self)

    @property
    def speed(self) -> float:
        """Usual speed of the mode in km/h: 4.5 walking, 12 cycling, 15 by e-bike."""
        return SPEEDS[self.mode]

    def with_access(self, max_access: float) -> WalkNetwork:
        """Return the same network with another limit for the walk off the street.

        Parameters
        ----------
        max_access : float
            Metres, above 0 and at most 5,000.

        Raises
        ------
        InputError
            ``max_access`` is no number or out of range.
        """
        try:
            metres = float(max_access)
        except (TypeError, ValueError):
            raise InputError(f"`max_access` must be metres; got {max_access!r}.") from None
        if not 0 < metres <= MOST_ACCESS:
            raise InputError(
                f"`max_access` must be above 0 and at most {MOST_ACCESS:,.0f} m; "
                f"got {max_access!r}."
            )
        return replace(self, max_access=metres)

    def quality(self) -> pd.DataFrame:
        """Measure the network and say in plain words what it is fit for."""
        from servicecircle.networks.quality import measure_quality

        return measure_quality(self)

    def to_networkx(self) -> nx.MultiDiGraph[Any]:
        """Return a ``MultiDiGraph`` with one edge per street and walkable direction.

        Nodes carry ``x``, ``y`` (metres in ``crs``); edges ``length`` (metres), ``cost``
        (decimetres), ``street`` (row of ``streets``) and ``geometry``.
        """
        from servicecircle.networks.graphs import to_networkx

        return to_networkx(self)

    def save(self, folder: str | Path) -> None:
        """Write the network and its raster to a folder that ``read_network`` opens at once."""
        from servicecircle.networks.saved import save_network

        save_network(self, folder)
