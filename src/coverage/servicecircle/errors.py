"""Every error and warning of the library.

::

    ServiceCircleError
    ├── InputError     (ValueError)  a table, a column, a row or an argument is wrong
    │   └── CrsError                 coordinates have no system, or the wrong one
    ├── NetworkError   (ValueError)  a street file or graph cannot be walked on
    ├── ModelError     (ValueError)  contradictory or unknown rules for a plan
    └── CacheError     (ValueError)  a saved network or cache does not fit

    ServiceCircleWarning (UserWarning)
    ├── InputWarning      rows that were repaired, left out or look odd
    ├── CrsWarning        coordinates were converted or detected
    ├── UnsnappedWarning  places far from every walkable street
    ├── NetworkWarning    parts of a network that could not be used
    └── ModelWarning      a plan that is allowed but probably not meant
"""

from __future__ import annotations


class ServiceCircleError(Exception):
    """Base of every error raised on purpose by this library."""


class InputError(ServiceCircleError, ValueError):
    """A table, a column, a row or an argument is wrong."""


class CrsError(InputError):
    """Coordinates have no coordinate system, or the wrong one."""


class NetworkError(ServiceCircleError, ValueError):
    """A street file or graph cannot be used as a walking network."""


class ModelError(ServiceCircleError, ValueError):
    """The rules for a plan contradict each other or are unknown."""


class CacheError(ServiceCircleError, ValueError):
    """A saved network or cached file is damaged or of another version."""


class ServiceCircleWarning(UserWarning):
    """Base of every warning given by this library."""


class InputWarning(ServiceCircleWarning):
    """Rows were repaired, left out of a sum, or look odd."""


class CrsWarning(ServiceCircleWarning):
    """Coordinates were converted or their system was detected."""


class UnsnappedWarning(ServiceCircleWarning):
    """Places lie too far from every walkable street."""


class NetworkWarning(ServiceCircleWarning):
    """A part of a street file could not be used."""


class ModelWarning(ServiceCircleWarning):
    """A plan is allowed as asked but is probably not what was meant."""
