"""How a result shows itself in a notebook: its table, and below it a small map."""

from __future__ import annotations

import importlib
import warnings
from typing import TYPE_CHECKING, Protocol

from servicecircle.errors import ServiceCircleError, ServiceCircleWarning

if TYPE_CHECKING:
    import geopandas as gpd

    from servicecircle.networks import WalkNetwork

MOST_PLACES = 30_000
MOST_STREETS = 150_000
TOO_LARGE = (
    "<p>地图较大，未自动绘制，请用 {0}(…)。 "
    "Too large to be drawn unasked: use <code>{0}(…)</code>.</p>"
)


class Result(Protocol):
    """A coverage or a plan."""

    @property
    def demand(self) -> gpd.GeoDataFrame:
        """The places of the workers."""

    @property
    def network(self) -> WalkNetwork | None:
        """The streets, if it knows them."""


def with_map(result: Result, table: str, drawn_by: str) -> str:
    """Return the table and the map of a result that knows its streets and is not too large.

    Maps stand below the results and import them. So they are asked for by name, and only
    when a notebook wants to see one.
    """
    if result.network is None:
        return table
    if len(result.demand) > MOST_PLACES or len(result.network.streets) > MOST_STREETS:
        return table + TOO_LARGE.format(drawn_by)
    maps = importlib.import_module("servicecircle.maps")
    with warnings.catch_warnings():
        # What there was to warn of was said when the result was made.
        warnings.simplefilter("ignore", ServiceCircleWarning)
        try:
            return table + str(maps.small_map(result)._repr_html_())
        except ServiceCircleError:
            return table
