"""One flat column of types as planners keep it, told apart into class, setting and model."""

from __future__ import annotations

import pandas as pd

from servicecircle import _values
from servicecircle._vocabulary import read_vocabulary
from servicecircle.standards.words import known_word

_COLUMNS = {
    "station_class": "station_classes",
    "setting": "settings",
    "model": "models",
}


def station_types(sites: pd.DataFrame) -> pd.DataFrame:
    """Tell what a station is, where it stands and who runs it from one column of types.

    Parameters
    ----------
    sites : pandas.DataFrame
        A table as from `read_sites` with ``station_type`` (类型: 园区型, 主体型, 暖心驿站 …)
        and, where known, the columns below.

    Returns
    -------
    pandas.DataFrame
        The rows and ``station_class`` (暖心驿站 → "outdoor_station"), ``setting`` (园区型 →
        "park") and ``model`` (主体型 → "host"; 创新型 → "innovative"), each as our key:
        from its own column where that says something, else from ``station_type``; missing
        where neither does.

    Examples
    --------
    >>> homes = pd.DataFrame({"station_type": ["园区型", "主体型", "流动型"]})
    >>> station_types(homes)[["station_class", "setting", "model"]].fillna("").to_numpy().tolist()
    [['', 'park', ''], ['', '', 'host'], ['mobile_home', '', '']]
    """
    flat = _words(sites, "station_type")
    columns = {}
    for column, vocabulary in _COLUMNS.items():
        own = _words(sites, column).map(lambda word, name=column: known_word(name, word))
        keys = set(read_vocabulary(vocabulary))
        told = flat.map(lambda word: known_word("station_type", word))
        columns[column] = own.where(own.notna(), told.where(told.isin(keys))).astype("str")
    return sites.assign(**columns)


def _words(sites: pd.DataFrame, column: str) -> pd.Series:
    if column not in sites.columns:
        return pd.Series(None, index=sites.index, dtype="str")
    return _values.texts(sites[column])
