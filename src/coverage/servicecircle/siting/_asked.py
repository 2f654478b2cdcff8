"""Check what a plan is asked for, once, at the door."""

from __future__ import annotations

import math
from collections.abc import Iterable, Mapping
from dataclasses import replace
from typing import TYPE_CHECKING, Any, cast

import numpy as np

from servicecircle._checks import name_some
from servicecircle.errors import InputError, ModelError
from servicecircle.siting._rules import check_groups

if TYPE_CHECKING:
    import pandas as pd

    from servicecircle.siting.plan import Asked

AIMS = ("most_covered", "fewest_sites", "least_walking", "shortest_worst", "fairest")


def check_asked(asked: Asked, known: pd.Index) -> Asked:
    """Return what is asked for, checked; ``known`` are the candidates' ids."""
    if asked.aim not in AIMS:
        raise ModelError(f"`aim` must be one of {list(AIMS)}; got {asked.aim!r}.")
    for name in ("time_limit", "gap", "seed"):
        _number(getattr(asked, name), name)
    if asked.seed != int(asked.seed):
        raise InputError(f"`seed` must be a whole number; got {asked.seed!r}.")
    for name in ("budget", "min_spacing"):
        if getattr(asked, name) is not None:
            _number(getattr(asked, name), name)
    _check_together(asked)
    return replace(
        asked,
        n_open=None if asked.n_open is None else _whole(asked.n_open, "n_open"),
        required=check_ids(asked.required, "required", known),
        forbidden=check_ids(asked.forbidden, "forbidden", known),
        at_least=_numbers(asked.at_least, "at_least"),
        at_most=_numbers(asked.at_most, "at_most"),
        exclusive=cast("Any", check_groups(asked.exclusive)),
        floor=_shares(asked.floor),
        share=None if asked.share is None else _share(asked.share, "share"),
    )


def _check_together(asked: Asked) -> None:
    """Refuse rules that have no meaning together."""
    if asked.n_open is None and asked.budget is None and asked.aim != "fewest_sites":
        raise ModelError(
            "`n_open` is missing: say how many sites may open, e.g. `n_open=12`, or what they "
            "may cost together with `budget=`."
        )
    if asked.share is not None and asked.aim != "fewest_sites":
        raise ModelError('`share` belongs to `aim="fewest_sites"`; use `floor` for other aims.')
    if asked.fair_by is not None and asked.aim != "fairest":
        raise ModelError('`fair_by` belongs to `aim="fairest"`.')
    if asked.backup and (asked.capacity or asked.aim in ("least_walking", "shortest_worst")):
        raise ModelError(
            "`backup` counts places with two stations: it goes with the aims most_covered, "
            "fewest_sites and fairest, and without `capacity`."
        )
    if asked.capacity and asked.aim == "shortest_worst":
        raise ModelError('`capacity` does not go with `aim="shortest_worst"`.')


def check_ids(ids: Iterable[object], name: str, known: pd.Index) -> tuple[object, ...]:
    """Check a list of candidates' ids."""
    if isinstance(ids, str):
        raise InputError(f"`{name}` must be a list of ids, e.g. `{name}=[{ids!r}]`.")
    wanted = tuple(dict.fromkeys(ids))
    unknown = [one for one in wanted if one not in known]
    if unknown:
        raise ModelError(f"`{name}` has ids that are not in `candidates`: {name_some(unknown)}.")
    return wanted


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
