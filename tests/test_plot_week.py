"""The picture of a week, read back from its texts and colours."""

import numpy as np
import pandas as pd
import pytest

import servicecircle as sc
from servicecircle.errors import InputError

matplotlib = pytest.importorskip("matplotlib")
matplotlib.use("Agg")


@pytest.fixture
def week():
    shares = np.zeros((7, 24))
    shares[:5, 9:18] = 0.87
    shares[6] = np.nan
    index = pd.Index(["Mo", "Tu", "We", "Th", "Fr", "Sa", "Su"], name="day")
    frame = pd.DataFrame(shares, index, pd.RangeIndex(24, name="hour"))
    frame.attrs = {"minutes": 15.0, "hours_unknown": ["S3"]}
    return frame


def test_every_known_hour_carries_its_per_cent(week):
    axes = sc.plot_week(week, title="某区 $A$", language="zh")
    said = [text.get_text() for text in axes.texts]
    assert said.count("87") == 45
    assert said.count("0") == 6 * 24 - 45
    assert "1 个站点开放时间不明，按关闭计" in said
    assert axes.get_title(loc="left").startswith(r"某区 \$A\$")
    assert "15 分钟" in axes.get_title(loc="left")
    assert [label.get_text() for label in axes.get_yticklabels()] == [
        f"周{day}" for day in "一二三四五六日"
    ]
    matplotlib.pyplot.close(axes.figure)


def test_it_draws_where_it_is_told(week):
    figure, axes = matplotlib.pyplot.subplots()
    assert sc.plot_week(week, ax=axes, language="en") is axes
    assert axes.get_yticklabels()[0].get_text() == "Mon"
    matplotlib.pyplot.close(figure)


def test_several_groups_or_another_language_are_refused(week):
    with pytest.raises(InputError, match="7 days"):
        sc.plot_week(pd.concat({"rider": week, "office": week}))
    with pytest.raises(InputError, match="'fr'"):
        sc.plot_week(week, language="fr")
