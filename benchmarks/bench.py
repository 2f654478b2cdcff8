"""What the measures share: where the data lies, how much to do, the networks."""

from __future__ import annotations

from dataclasses import dataclass
from functools import cached_property
from typing import TYPE_CHECKING, TypeVar

from streets import composite, composite_arrays

from servicecircle.networks import WalkNetwork, read_network

if TYPE_CHECKING:
    from pathlib import Path

T = TypeVar("T")


@dataclass(frozen=True)
class Bench:
    """Folders and size of a run.

    Attributes
    ----------
    shared : pathlib.Path
        Folder that holds ``data/streets`` and ``data/tools``.
    cache : pathlib.Path
        Folder for downloads and arrays.
    quick : bool
        A small city and few origins, to see that everything runs.
    """

    shared: Path
    cache: Path
    quick: bool

    def few(self, full: T, quick: T) -> T:
        """Choose by the size of the run."""
        return quick if self.quick else full

    @property
    def streets(self) -> Path:
        """Folder of the street files."""
        return self.shared / "data" / "streets"

    @property
    def city_file(self) -> Path:
        """File of the large city."""
        return self.streets / self.few("porto_portugal.osm.pbf", "porto_city_core.osm.pbf")

    @property
    def city(self) -> str:
        """Name of the large city."""
        return self.few("Porto", "Porto's core")

    @cached_property
    def porto(self) -> WalkNetwork:
        """The large city."""
        return read_network(self.city_file)

    @cached_property
    def ways(self) -> WalkNetwork:
        """The large city without walks across squares: the graph of the targets for reach."""
        return read_network(self.city_file, squares=False)

    @cached_property
    def composite_file(self) -> Path:
        """Arrays of eight cities side by side."""
        return composite_arrays(self.shared, self.cache)

    @cached_property
    def composite(self) -> WalkNetwork:
        """Eight cities side by side."""
        return composite(self.composite_file)
