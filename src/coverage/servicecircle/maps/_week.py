"""The week of a coverage as a picture: seven days × 24 hours."""

from __future__ import annotations

from typing import TYPE_CHECKING, Literal

import numpy as np

from servicecircle._text import clean_text
from servicecircle.errors import InputError
from servicecircle.hours import DAYS
from servicecircle.maps._plots import pyplot, set_font

if TYPE_CHECKING:
    import pandas as pd
    from matplotlib.axes import Axes

_HOURS = 24
_DARK = 0.6  # shares from here on are written in white
_WORDS = {
    "zh": {
        "days": ("周一", "周二", "周三", "周四", "周五", "周六", "周日"),
        "title": "{0:g} 分钟内有开放站点的职工占比（%）",
        "unknown": "{0} 个站点开放时间不明，按关闭计",
        "hour": "时",
    },
    "en": {
        "days": ("Mon", "Tue", "Wed", "Thu", "Fri", "Sat", "Sun"),
        "title": "% of workers with an open station within {0:g} minutes",
        "unknown": "{0} stations with unknown hours count as closed",
        "hour": "hour",
    },
}


def plot_week(
    week: pd.DataFrame,
    *,
    ax: Axes | None = None,
    title: str | None = None,
    language: Literal["zh", "en"] = "zh",
) -> Axes:
    """Draw the week of a coverage: one row a day, one cell an hour, its share in per cent.

    Parameters
    ----------
    week : pandas.DataFrame
        As from `coverage_week` without ``by``, or one group of it: ``week.loc["rider"]``.
    ax : matplotlib Axes, optional
        Where to draw. Default: a figure of its own.
    title : str, optional
        Stands above the picture.
    language : {"zh", "en"}
        Of the words.

    Returns
    -------
    matplotlib Axes

    Raises
    ------
    InputError
        ``week`` is not seven days × 24 hours, ``language`` is another, or matplotlib is not
        installed.

    Examples
    --------
    >>> plot_week(coverage_week(streets, stations, workers))  # doctest: +SKIP
    """
    if week.index.tolist() != [*DAYS] or week.columns.tolist() != [*range(_HOURS)]:
        raise InputError(
            "`week` must be 7 days × 24 hours, as from coverage_week without `by`; of several "
            "groups give one, e.g. week.loc['rider']."
        )
    if language not in _WORDS:
        raise InputError(f"`language` must be 'zh' or 'en', not {language!r}.")
    plt = pyplot()
    if ax is None:
        _, ax = plt.subplots(figsize=(11, 3.6), layout="constrained")
    _cells(ax, week.to_numpy(dtype=float))
    _labels(ax, week, title, language)
    set_font(ax)
    return ax


def _cells(ax: Axes, shares: np.ndarray) -> None:
    from matplotlib.colors import LinearSegmentedColormap

    colours = LinearSegmentedColormap.from_list("week", ["#F7F5EF", "#8ACABC", "#0B4F4A"])
    ax.imshow(shares, cmap=colours, vmin=0, vmax=1, aspect="auto")
    for (day, hour), share in np.ndenumerate(shares):
        if not np.isnan(share):
            colour = "white" if share >= _DARK else "#1E2422"
            ax.text(hour, day, f"{100 * share:.0f}", color=colour, size=8, ha="center",
                    va="center_baseline")  # fmt: skip
    # White lines between the cells
    ax.set_xticks(np.arange(_HOURS + 1) - 0.5, minor=True)
    ax.set_yticks(np.arange(len(DAYS) + 1) - 0.5, minor=True)
    ax.grid(which="minor", color="white", linewidth=1)
    ax.tick_params(which="both", length=0)
    ax.spines[:].set_visible(False)


def _labels(ax: Axes, week: pd.DataFrame, title: str | None, language: str) -> None:
    words = _WORDS[language]
    ax.set_xticks(range(_HOURS), list(map(str, range(_HOURS))))
    ax.set_yticks(range(len(DAYS)), list(words["days"]))
    ax.set_xlabel(str(words["hour"]), loc="right", size=8)
    head = [clean_text(title)] if title else []
    if "minutes" in week.attrs:
        head.append(str(words["title"]).format(week.attrs["minutes"]))
    # "$" would start a formula.
    ax.set_title("\n".join(head).replace("$", r"\$"), loc="left", size=12,
                 linespacing=1.4)  # fmt: skip
    unknown = len(week.attrs.get("hours_unknown", ()))
    if unknown:
        ax.text(0, -0.12, str(words["unknown"]).format(unknown), transform=ax.transAxes, size=8,
                va="top", color="#565C59")  # fmt: skip
