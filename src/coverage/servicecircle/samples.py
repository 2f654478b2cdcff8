"""The demo city: real streets of central Wuhan, made-up workers, stations and shops."""

from __future__ import annotations

from dataclasses import dataclass
from pathlib import Path

from servicecircle.errors import InputError

_HERE = Path(__file__).resolve().parent
# An installed wheel carries the files inside the package; a clone has them in data/.
_FOLDERS = (_HERE / "_data", _HERE.parents[2] / "data")


@dataclass(frozen=True)
class SampleCity:
    """Where the files of a sample city lie.

    Attributes
    ----------
    streets, stations, workers, shops, districts, plan : Path
        Street lines, three tables, planning zones, and the plan.toml beside them.
    coordinates : str
        The system the three tables are in.
    attribution : str
        What every map, figure or report made from it must show.
    """

    streets: Path
    stations: Path
    workers: Path
    shops: Path
    districts: Path
    plan: Path
    coordinates: str
    attribution: str

    @property
    def files(self) -> tuple[Path, ...]:
        """All files of the city."""
        tables = (self.stations, self.workers, self.shops)
        return (self.streets, *tables, self.districts, self.plan)


def wuhan() -> SampleCity:
    """Find the demo city in a clone or in an installed package.

    Streets are OpenStreetMap's (ODbL). Workers, stations, shops and districts are
    synthetic: they show how the library works and say nothing about Wuhan.

    Returns
    -------
    SampleCity
        Paths to about 13 × 13 km of streets (EPSG:32650), 3,000 workplaces, 41 stations
        and 600 candidate shops (GCJ-02, a few rows faulty on purpose).

    Raises
    ------
    InputError
        The files are not installed.

    Examples
    --------
    >>> from servicecircle import read_sites
    >>> city = wuhan()
    >>> len(read_sites(city.stations, coordinates=city.coordinates))
    41
    """
    folder = next((f / "wuhan" for f in _FOLDERS if (f / "wuhan" / "plan.toml").is_file()), None)
    if folder is None:
        raise InputError("The demo city is not installed. Clone the project: it lies in data/.")
    return SampleCity(
        streets=folder / "streets.parquet",
        stations=folder / "stations.csv",
        workers=folder / "workers.csv",
        shops=folder / "shops.xlsx",
        districts=folder / "districts.geojson",
        plan=folder / "plan.toml",
        coordinates="gcj02",
        attribution="© OpenStreetMap contributors (ODbL); workers, stations, shops: synthetic",
    )
