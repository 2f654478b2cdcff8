"""What a good station is: words of the programmes, their rules as presets, and checks."""

from servicecircle.standards.benchmarks import benchmarks
from servicecircle.standards.check import check_standard, ensure_standard, site_amenities
from servicecircle.standards.labels import Language, group_label, kind_label, place_names
from servicecircle.standards.offers import offers, service_calendar
from servicecircle.standards.presets import PRESETS, Standard, standard
from servicecircle.standards.types import station_types
from servicecircle.standards.words import Amenities, known_word, read_amenities

__all__ = [
    "PRESETS",
    "Amenities",
    "Language",
    "Standard",
    "benchmarks",
    "check_standard",
    "ensure_standard",
    "group_label",
    "kind_label",
    "known_word",
    "offers",
    "place_names",
    "read_amenities",
    "service_calendar",
    "site_amenities",
    "standard",
    "station_types",
]
