"""The examples of docs/programmes.md run as they stand, on the demo city."""

from __future__ import annotations

import re
import runpy

import numpy as np
import pandas as pd
import pytest

import servicecircle as sc

pytestmark = pytest.mark.filterwarnings("ignore::servicecircle.errors.ServiceCircleWarning")


@pytest.fixture
def tables(root):
    folder = root / "data" / "wuhan"
    streets = sc.read_network(folder / "streets.parquet")
    stations = sc.read_sites(folder / "stations.csv", coordinates="gcj02")
    workers = sc.read_demand(folder / "workers.csv", coordinates="gcj02")
    shops = sc.read_sites(folder / "shops.xlsx", coordinates="gcj02").iloc[:120]
    shops["idle"] = shops["kind"].isin(["社区服务中心", "党群服务中心"])
    shops["in_kind_area_m2"] = np.where(shops["idle"], 50.0, 0.0)
    areas = sc.read_districts(folder / "districts.geojson", coordinates="wgs84")
    communities = areas.assign(community=areas["name"], street_town="街道")
    workers["unit"] = np.where(np.arange(len(workers)) % 2, "甲厂", "乙厂")
    homes = stations.assign(
        station_type="园区型", cost=200_000, visits=5000, satisfaction="84%", capacity="200-300",
        open_to_public=np.arange(len(stations)) % 3 == 0, unit="甲厂",
    )  # fmt: skip
    units = pd.DataFrame({"members": [60, 80], "has_home": ["是", "否"]})
    return {
        "streets": streets, "stations": stations, "workers": workers, "shops": shops,
        "communities": communities, "homes": homes, "units": units,
    }  # fmt: skip


def test_every_line_runs_and_gives_what_the_page_says(root, tables, tmp_path, monkeypatch):
    page = (root / "docs" / "programmes.md").read_text(encoding="utf-8")
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL))
    (tmp_path / "page.py").write_text(code, encoding="utf-8")
    monkeypatch.chdir(tmp_path)
    left = runpy.run_path("page.py", init_globals={"sc": sc, **tables})
    assert len(left["plan"].sites) == 12
    assert left["four"].notna().all(axis=None)
    added = left["after"]["covered"].sum() - left["before"]["covered"].sum()
    assert added == pytest.approx(left["plan"].sites["gain"].sum())
    assert set(left["sheets"]["site"]) == set(left["street"].index)
    assert left["rate"]["sentence_en"].item() == "1 of 2 = 50.0%"
    assert left["public"].share < left["coverage"].share
    assert left["checked"].attrs["extra_sites"] == 0
    assert left["evening"].share < left["coverage"].share
    assert 0 < left["night"] < left["week"].loc["Tu", 12]
    assert left["opened"]["gain"].is_monotonic_decreasing
    assert left["flagged"].all()
    assert left["too_small"].any()
    assert (tmp_path / "plan.xlsx").stat().st_size > 0
