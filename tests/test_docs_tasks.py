"""The examples of docs/mobile.md, anchors.md and years.md run as they stand."""

from __future__ import annotations

import dataclasses
import re
import runpy

import geopandas as gpd
import pandas as pd
import pytest

import servicecircle as sc
import town

pytestmark = pytest.mark.filterwarnings("ignore::servicecircle.errors.ServiceCircleWarning")


def run(page, folder, **names):
    """Run all Python blocks of a page in a folder; return the names they leave."""
    code = "\n".join(re.findall(r"^```python\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL))
    (folder / "page.py").write_text(code, encoding="utf-8")
    return runpy.run_path(str(folder / "page.py"), init_globals={"sc": sc, **names})


@pytest.fixture
def in_town(tmp_path, monkeypatch):
    town.write_town(tmp_path)
    monkeypatch.chdir(tmp_path)
    streets = sc.read_network(tmp_path / "streets.geojson")
    workers = town.workers().assign(
        patch=["一片", "二片", "三片", "四片", "五片", "六片", "七片"] * 7
    )
    workers["district"] = "西区"
    return {
        "streets": streets,
        "shops": town.shops(),
        "workers": workers,
        "stations": town.stations(),
        "homes": town.stations().assign(amenities="停车、饮水机"),
    }


def test_mobile_homes(root, tmp_path, monkeypatch):
    pyplot = pytest.importorskip("matplotlib.pyplot", reason="matplotlib is not installed")
    pyplot.switch_backend("agg")
    monkeypatch.chdir(tmp_path)
    names = ["项目名称", "职工人数", "经度", "纬度", "开工", "竣工"]
    rows = [
        ("甲", 300, 118.60, 24.90, "2026.5.6", "2026.5.7"),
        ("乙", 80, 118.65, 24.92, "", "2026年5月"),
    ]
    pd.DataFrame(rows, columns=names).to_csv(tmp_path / "sites.csv", index=False)
    depot = pd.DataFrame({"编号": ["D"], "名称": ["车库"], "经度": [118.62], "纬度": [24.91]})
    depot.to_csv(tmp_path / "depot.csv", index=False)
    left = run((root / "docs/mobile.md").read_text(encoding="utf-8"), tmp_path)
    assert left["tour"].value == 380
    assert set(left["tour"].stops["name"]) == {"甲", "乙"}
    sheet = pd.read_excel(tmp_path / "timetable.xlsx", index_col=0, engine="calamine")
    assert sheet.shape == (8, 2)
    assert (tmp_path / "tour.png").stat().st_size > 10_000


def test_anchors(root, in_town, tmp_path):
    page = (root / "docs/anchors.md").read_text(encoding="utf-8")
    (standard,) = re.findall(r"^```toml\n(.*?)^```", page, flags=re.MULTILINE | re.DOTALL)
    (tmp_path / "haven.toml").write_text(standard, encoding="utf-8")
    town.table(town.shops().assign(name="商场")).to_csv(tmp_path / "markets.csv", index=False)
    at = gpd.points_from_xy([town.WEST - 300], [town.SOUTH], crs=town.METRES)
    tags = {"highway": ["motorway_junction"], "name": ["茌平北"]}
    exits = gpd.GeoDataFrame(tags, geometry=at, index=["n1"]).to_crs(4326)
    page = page.replace('"chiping.osm.pbf"', "extract").replace("gcj02", "wgs84")
    left = run(page, tmp_path, extract=exits, **in_town)
    assert left["plan"].sites["anchor_count"].min() >= 1
    assert left["havens"].index.tolist() == ["S1"]
    assert left["havens"]["anchors"].tolist() == ["茌平北"]


def test_opening_over_years(root, in_town, tmp_path):
    page = (root / "docs/years.md").read_text(encoding="utf-8")
    left = run(page, tmp_path, **in_town)
    assert left["staged"].years["opened"].tolist() == [4, 1]
    assert left["staged"].years["share"].is_monotonic_increasing
    staged = left["staged"]
    sc.write_report(dataclasses.replace(left["plan"], sites=staged.sites), tmp_path / "plan.xlsx")
    book = pd.read_excel(tmp_path / "plan.xlsx", sheet_name=None, header=None, engine="calamine")
    sheet = next(one for name, one in book.items() if name.startswith("建议新站"))
    head = [str(cell) for row in sheet.to_numpy()[:4] for cell in row]
    assert any(cell.startswith("年度") for cell in head)
    assert {"2026", "2027"} <= {str(cell)[:4] for cell in sheet.to_numpy().ravel()}
    sc.save_map(left["page"], tmp_path / "years.html")
    assert "2027" in (tmp_path / "years.html").read_text(encoding="utf-8")


# --- units that no map knows ---


def test_a_patch_is_a_grouping_column_and_nothing_more(in_town):
    streets, workers, stations = (in_town[name] for name in ("streets", "workers", "stations"))
    workers.loc["W3", "patch"] = None
    coverage = sc.measure_coverage(streets, stations, workers, minutes=[5, 15])
    found = coverage.by("patch")
    people = coverage.demand.assign(patch=coverage.demand["patch"].fillna("none"))
    for patch, rows in people.groupby("patch"):
        row = found[found.index.isna()].iloc[0] if patch == "none" else found.loc[patch]
        assert row["workers"] == rows["workers"].sum()
        assert row["covered"] == rows.loc[rows["covered"], "workers"].sum()
        assert row["share_5"] == rows.loc[rows["band"] == 5, "workers"].sum() / row["workers"]
        assert row["places"] == len(rows)
    assert found["covered"].sum() == coverage.summary().iloc[-1]["covered"] > 0
    assert found.index.name == "patch"
    assert sc.equity(coverage, "patch")["least"].iloc[0] == found["share"].min()


def test_rules_of_a_plan_take_patches(in_town):
    streets, workers, stations = (in_town[name] for name in ("streets", "workers", "stations"))
    shops = in_town["shops"].assign(patch=["一片", "一片", "二片", "一片", "三片"])
    stations = stations.assign(patch="三片")
    plan = sc.choose_sites(
        streets, shops, workers, existing=stations, n_open=2, at_least={"patch": 1}
    )
    assert {"一片", "二片"} <= set(plan.sites["patch"])
    even = sc.choose_sites(
        streets, shops, workers, existing=stations, n_open=2, aim="fairest", fair_by="patch"
    )
    assert even.value == pytest.approx(even.coverage.by("patch")["share"].min())
