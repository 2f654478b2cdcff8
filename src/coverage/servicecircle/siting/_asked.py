"""Check what a plan is asked for, once, at the door."""

from __future__ import annotations

import math
from collections.abc import Mapping
from dataclasses import replace
from itertools import pairwise
from typing import TYPE_CHECKING, Any

import numpy as np

from servicecircle.errors import InputError, ModelError
from servicecircle.siting._rules import chosen_rows

if TYPE_CHECKING:
    import geopandas as gpd

    from servicecircle.siting.plan import Asked

AIMS = ("most_covered", "fewest_sites", "least_walking", "shortest_worst", "fairest")
DECAYS = ("linear", "gaussian")


def check_asked(asked: Asked, candidates: gpd.GeoDataFrame) -> Asked:
    """Return what is asked for, checked."""
    _check_aims(asked)
    for name in ("time_limit", "gap", "seed"):
        _number(getattr(asked, name), name)
    if asked.seed != int(asked.seed):
        raise InputError(f"`seed` must be a whole number; got {asked.seed!r}.")
    for name in ("budget", "min_spacing", "min_spacing_minutes", "max_minutes"):
        if getattr(asked, name) is not None:
            _number(getattr(asked, name), name)
    _check_together(asked)
    return replace(
        asked,
        n_open=None if asked.n_open is None else _whole(asked.n_open, "n_open"),
        required=_ids(asked.required, "required", candidates),
        forbidden=_ids(asked.forbidden, "forbidden", candidates),
        at_least=_numbers(asked.at_least, "at_least"),
        at_most=_numbers(asked.at_most, "at_most"),
        exclusive=_groups(asked.exclusive),
        decay=_decay(asked),
        group_weights=_weights(asked.group_weights),
        closable=_rows(asked.closable),
        prefer=_rows(asked.prefer),
        floor=_shares(asked.floor),
        share=None if asked.share is None else _share(asked.share, "share"),
    )


def _check_aims(asked: Asked) -> None:
    aims = (asked.aim,) if isinstance(asked.aim, str) else asked.aim
    wrong = [aim for aim in aims if aim not in AIMS]
    if wrong or len(aims) not in (1, 2) or len(set(aims)) < len(aims):
        raise ModelError(f"`aim` must be one of {list(AIMS)}, or two of them; got {asked.aim!r}.")


def _check_together(asked: Asked) -> None:
    """Refuse rules that have no meaning together."""
    if asked.n_open is None and asked.budget is None and "fewest_sites" not in asked.aims:
        raise ModelError(
            "`n_open` is missing: say how many sites may open, e.g. `n_open=12`, or what they "
            "may cost together with `budget=`."
        )
    belongs = {
        "share": ("fewest_sites",),
        "fair_by": ("fairest",),
        "decay": ("most_covered",),
        "group_weights": ("most_covered", "least_walking"),
    }
    for name, aims in belongs.items():
        if getattr(asked, name) is not None and not set(aims) & set(asked.aims):
            raise ModelError(f"`{name}` belongs to the aim {' or '.join(aims)}.")
    if asked.upgradable is not None and not asked.capacity:
        raise ModelError(
            "`upgradable` raises the capacity of stations: name the column of `capacity=` too."
        )
    if asked.max_minutes is not None and asked.max_minutes > asked.minutes[-1]:
        raise ModelError(
            f"`max_minutes` is {asked.max_minutes:g}, above the cutoff of {asked.minutes[-1]:g}."
        )


def _decay(asked: Asked) -> str | tuple[float, ...] | None:
    """Read a named decay, or one value per cutoff, falling."""
    if asked.decay is None or (isinstance(asked.decay, str) and asked.decay in DECAYS):
        return asked.decay
    try:
        values = tuple(float(value) for value in asked.decay)
    except (TypeError, ValueError):
        values = ()
    falling = all(one >= two for one, two in pairwise((1.0, *values, 0.0)))
    if len(values) != len(asked.minutes) or not falling or values[0] == 0:
        raise InputError(
            f"`decay` must be one of {list(DECAYS)}, or one falling value from 1 to 0 for each of "
            f"the {len(asked.minutes)} cutoffs in `minutes`; got {asked.decay!r}."
        )
    return values


def _weights(weights: Any) -> Mapping[object, float] | None:
    if weights is None:
        return None
    if not isinstance(weights, Mapping):
        raise InputError(
            f'`group_weights` must name groups, e.g. `{{"rider": 2}}`; got {weights!r}.'
        )
    for value in weights.values():
        _number(value, "group_weights")
    return dict(weights)


def _rows(wanted: Any) -> str | tuple[object, ...]:
    """Keep the name of a column, or the ids."""
    return wanted if isinstance(wanted, str) else tuple(dict.fromkeys(wanted))


def _groups(exclusive: Any) -> Any:
    """Check what is mutually exclusive: a column, or groups of ids."""
    if exclusive is None or isinstance(exclusive, str):
        return exclusive
    groups = tuple(exclusive)
    if any(isinstance(group, str) for group in groups):
        raise InputError(
            "`exclusive` must be a column name or a list of groups of ids, e.g. "
            '`exclusive=[("C001", "C002")]`.'
        )
    return tuple(tuple(group) for group in groups)


def _ids(wanted: Any, name: str, candidates: gpd.GeoDataFrame) -> tuple[object, ...]:
    """Return the ids of the candidates that a list, or a column of yes and no, names."""
    if isinstance(wanted, str) and wanted not in candidates.columns:
        raise InputError(
            f"`{name}` must be a list of ids, e.g. `{name}=[{wanted!r}]`, or a column of "
            f"`candidates`, which has no {wanted!r}."
        )
    rows = wanted if isinstance(wanted, str) else tuple(dict.fromkeys(wanted))
    marked = chosen_rows(candidates, rows, name, "candidates")
    return tuple(candidates.index[marked]) if isinstance(rows, str) else rows


def _number(value: object, name: str) -> None:
    good = isinstance(value, int | float | np.number) and math.isfinite(value) and value >= 0
    if not good:
        raise InputError(f"`{name}` must be a finite number, not negative; got {value!r}.")


def _whole(value: Any, name: str) -> int:
    whole = isinstance(value, int | np.integer) or (isinstance(value, float) and value.is_integer())
    if not whole or value < 0:
        raise InputError(f"`{name}` must be a whole number, not negative; got {value!r}.")
    return int(value)


def _share(value: Any, name: str) -> float:
    if not isinstance(value, int | float | np.number) or not 0 <= value <= 1:
        raise InputError(f"`{name}` must be a share from 0 to 1; got {value!r}.")
    return float(value)


def _mapping(value: Any, name: str, example: str) -> Mapping[str, Any]:
    if value is None:
        return {}
    if not isinstance(value, Mapping):
        raise InputError(f"`{name}` must name columns, e.g. `{name}={example}`; got {value!r}.")
    return value


def _numbers(wanted: Any, name: str) -> dict[str, int | dict[object, int]]:
    """Read ``{"district": 1}`` or ``{"district": {"江岸区": 2}}``."""
    return {
        column: {value: _whole(one, name) for value, one in number.items()}
        if isinstance(number, Mapping)
        else _whole(number, name)
        for column, number in _mapping(wanted, name, '{"district": 1}').items()
    }


def _shares(wanted: Any) -> dict[str, float | dict[object, float]]:
    return {
        column: {value: _share(one, "floor") for value, one in share.items()}
        if isinstance(share, Mapping)
        else _share(share, "floor")
        for column, share in _mapping(wanted, "floor", '{"group": 0.6}').items()
    }
