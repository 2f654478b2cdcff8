"""Who may come in: places for all, and those for the people of one unit."""

from __future__ import annotations

import warnings
from dataclasses import replace
from typing import TYPE_CHECKING

import numpy as np
import pandas as pd

from servicecircle import _values
from servicecircle._checks import name_some
from servicecircle._said import say
from servicecircle.errors import InputError, InputWarning
from servicecircle.reach import keep_pairs
from servicecircle.standards.words import known_word

if TYPE_CHECKING:
    import geopandas as gpd

    from servicecircle.reach import Reach


def open_to_all(facilities: pd.DataFrame) -> pd.Series:
    """Tell which facilities are open to all: True, False, or missing where not known.

    Parameters
    ----------
    facilities : pandas.DataFrame
        ``open_to_public`` (yes or no) where it says so, else ``access`` with the planners'
        words (对外开放, 会员, 仅本单位, 限制区域).

    Returns
    -------
    pandas.Series
        The facilities' index, nullable boolean.
    """
    if "open_to_public" not in facilities.columns:
        answers = pd.Series(pd.NA, index=facilities.index, dtype="boolean")
    elif pd.api.types.is_bool_dtype(facilities["open_to_public"].dtype):
        answers = facilities["open_to_public"].astype("boolean")
    else:
        answers = _values.yes_no(facilities["open_to_public"])[0]
    if "access" not in facilities.columns:
        return answers
    words = [known_word("access", word) for word in _values.texts(facilities["access"])]
    said = [None if word in (None, "unknown") else word == "public" for word in words]
    return answers.where(answers.notna(), pd.array(said, dtype="boolean"))


def own_only(
    reach: Reach, facilities: gpd.GeoDataFrame, demand: gpd.GeoDataFrame, unit: str
) -> Reach:
    """Return a reach in which what is not open to all reaches only people of its own unit.

    Facilities of which it is not known count as not open, with a warning.
    """
    for frame, name in ((facilities, "facilities"), (demand, "demand")):
        if unit not in frame.columns:
            raise InputError(
                f"`unit` names the column {unit!r}, which `{name}` does not have; it has "
                f"{list(map(str, frame.columns))}."
            )
    public = open_to_all(facilities)
    if public.isna().any():
        unknown = public.index[public.isna()]
        said = say(
            "Of {n} of {every} facilities it is not known whether they are open to all; they count "
            "for their own unit only: {some}.",
            "{every} 个站点中有 {n} 个不知是否对外开放，只计本单位职工：{some}。",
            n=len(unknown),
            every=len(facilities),
            some=name_some(unknown),
        )
        warnings.warn(said, InputWarning, stacklevel=3)
    table = reach.minutes
    units = pd.concat([_values.texts(frame[unit]).astype(object) for frame in (facilities, demand)])
    codes = pd.factorize(units)[0]
    row = np.repeat(np.arange(table.shape[0]), np.diff(table.indptr))
    theirs = codes[: table.shape[0]][row]
    own = (theirs == codes[table.shape[0] :][table.indices]) & (theirs >= 0)
    kept = own | public.fillna(value=False).to_numpy(dtype=bool)[row]
    return replace(reach, minutes=keep_pairs(table, kept))
