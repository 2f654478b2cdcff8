"""Workbooks and GeoPackages, read back with openpyxl and sqlite."""

import json
import re
import shutil
import sqlite3
import subprocess
import zipfile
from dataclasses import replace
from pathlib import Path
from xml.etree import ElementTree as ET

import geopandas as gpd
import matplotlib.pyplot as plt
import numpy as np
import openpyxl
import pandas as pd
import pytest
import shapely

import test_cli
import town
from servicecircle import __version__
from servicecircle.areas import service_areas
from servicecircle.coordinates import from_wgs84
from servicecircle.coverage import Coverage, measure_coverage
from servicecircle.errors import InputError, InputWarning, UnsnappedWarning
from servicecircle.networks import WalkNetwork, read_network
from servicecircle.reports import _workbook, write_report
from servicecircle.siting import SitePlan, choose_sites, what_if
from servicecircle.standards import check_standard

GROUPS = (
    *("courier", "rider", "ride_hailing", "taxi", "truck", "sanitation", "security"),
    *("cleaner", "construction", "factory", "office", "market"),
)
SHEETS = [
    "摘要 Summary",
    "建议新站 Suggested sites",
    "候选点排名 Candidates ranked",
    "现有站点 Stations today",
    "盲区 Gaps",
    "各区各人群 District by group",
    "敏感性 Sensitivity",
    "指标与核对 Figures and checks",
    "前期评估表 Pre-assessment",
    "参数与来源 Parameters and sources",
]


ABOUT = {"note": "虚构", "note_en": "made up", "vintage": "streets 2024-05"}


@pytest.fixture(scope="module")
def network(tmp_path_factory) -> WalkNetwork:
    path = tmp_path_factory.mktemp("town") / "streets.geojson"
    town.streets().to_file(path, driver="GeoJSON")
    return read_network(path)


@pytest.fixture(scope="module")
def coverage(network) -> Coverage:
    return measure_coverage(network, town.stations(), town.workers(), minutes=[5, 10])


@pytest.fixture(scope="module")
def plan(network) -> SitePlan:
    return choose_sites(
        network,
        town.shops(),
        town.workers(),
        existing=town.stations(),
        minutes=[5, 10],
        n_open=2,
    )


@pytest.fixture(scope="module")
def workbook(plan, tmp_path_factory) -> Path:
    path = tmp_path_factory.mktemp("report") / "方案 plan.xlsx"
    with pytest.warns(InputWarning, match="control characters"):
        write_report(plan, path, districts=town.districts(), about=ABOUT)
    return path


def rows_of(path: Path, sheet: str) -> list[dict[str, object]]:
    """One dict per row of a sheet that is a single table, by English heading."""
    page = openpyxl.load_workbook(path)[sheet]
    header, *rows = page.iter_rows(values_only=True)
    names = [str(name).split("\n")[-1] for name in header]
    return [dict(zip(names, row, strict=True)) for row in rows]


def test_a_plan_has_its_sheets(workbook):
    assert openpyxl.load_workbook(workbook).sheetnames == SHEETS


def test_headers_are_bilingual_frozen_and_filtered(workbook):
    book = openpyxl.load_workbook(workbook)
    for name in [*SHEETS[1:6], SHEETS[-1]]:
        assert book[name].freeze_panes == ("C2" if name == SHEETS[-1] else "D2")
        assert book[name].auto_filter.ref is not None
    assert book[SHEETS[1]]["A1"].value == "开设次序\norder"
    assert book[SHEETS[1]].column_dimensions["B"].width >= 8


def test_sites_stand_in_opening_order_with_the_plans_figures(workbook, plan):
    rows = rows_of(workbook, SHEETS[1])
    assert [row["order"] for row in rows] == [1, 2]
    assert [row["id"] for row in rows] == list(plan.sites.index)
    assert [row["gain"] for row in rows] == pytest.approx(plan.sites["gain"].tolist())
    assert all(row["reason_zh"] and row["reason_en"] for row in rows)


def test_candidates_are_ranked_and_none_is_missing(workbook, plan):
    rows = rows_of(workbook, SHEETS[2])
    assert [row["rank"] for row in rows] == list(range(1, 6))
    assert {row["id"] for row in rows} == set(plan.candidates.index)


def test_gaps_are_all_who_have_no_station_today_the_uncovered_first(workbook, plan):
    rows = rows_of(workbook, SHEETS[4])
    assert {row["id"] for row in rows} == set(plan.today.gaps.index)
    covered = [row["covered"] for row in rows]
    assert covered == ["✗"] * covered.count("✗") + ["✓"] * covered.count("✓")
    assert covered.count("✗") == len(plan.coverage.gaps)
    left = [row["workers"] for row in rows if row["covered"] == "✗"]
    assert left == sorted(left, reverse=True)


def test_places_are_given_in_wgs84_and_in_gcj02(workbook, plan):
    row = rows_of(workbook, SHEETS[1])[0]
    point = plan.sites.geometry.to_crs(4326).iloc[0]
    lon, lat = from_wgs84((np.array([point.x]), np.array([point.y])), "gcj02")
    assert (row["lon"], row["lat"]) == pytest.approx((point.x, point.y))
    assert (row["lon_gcj02"], row["lat_gcj02"]) == pytest.approx((lon[0], lat[0]))
    assert abs(row["lon"] - row["lon_gcj02"]) > 0.003


def test_the_summary_carries_headline_shares_groups_districts_and_note(workbook, plan):
    page = openpyxl.load_workbook(workbook)["摘要 Summary"]
    cells = [cell for row in page.iter_rows(values_only=True) for cell in row if cell is not None]
    assert page["A1"].value.startswith("新开 2 个站点，10 分钟覆盖率由")
    assert [page["A3"].value, page["A4"].value] == ["虚构", "made up"]
    both = {"产业工人 Factory workers", "楼宇职工 Office workers", "已证明最优 proved"}
    assert both | {"西区", "东区"} <= set(map(str, cells))
    assert any(cell == pytest.approx(plan.today.share) for cell in cells if isinstance(cell, float))
    assert any(
        cell == pytest.approx(plan.coverage.share) for cell in cells if isinstance(cell, float)
    )


def test_parameters_name_speed_cutoffs_seed_sources_and_version(workbook):
    rows = {row["item"]: row["value"] for row in rows_of(workbook, SHEETS[-1])}
    assert rows["minutes"] == "5, 10"
    assert rows["speed (km/h)"] == "4.5"
    assert rows["seed"] == "0"
    assert rows["streets: file"] == "streets.geojson"
    assert rows["rows: demand"] == "49 (可用 ok: 49)"
    assert rows["servicecircle"]


def test_no_text_becomes_a_formula_or_a_link(workbook):
    names = {row["name"] for row in rows_of(workbook, SHEETS[2])}
    assert {"=1+1", "@SUM(A1)", "http://example.org", "bellshop"} <= names
    with zipfile.ZipFile(workbook) as archive:
        for name in archive.namelist():
            text = archive.read(name).decode("utf-8", errors="replace")
            assert "<f>" not in text
            assert "<hyperlink" not in text
            assert "\x07" not in text


def test_libreoffice_opens_the_workbook_and_shows_the_text_as_typed(workbook, tmp_path):
    office = shutil.which("soffice") or shutil.which("libreoffice")
    if office is None:
        pytest.skip("LibreOffice is not installed")
    copy = tmp_path / "plan.xlsx"
    shutil.copy(workbook, copy)
    # 44 = comma, 34 = quotes, 76 = UTF-8, 1 = first line, last: the third sheet.
    convert = "csv:Text - txt - csv (StarCalc):44,34,76,1,,0,false,true,false,false,false,3"
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    subprocess.run(
        [office, profile, "--headless", "--convert-to", convert, "--outdir", tmp_path, copy],
        check=True,
        capture_output=True,
        timeout=120,
    )
    (text,) = (path.read_text(encoding="utf-8") for path in tmp_path.glob("*.csv"))
    assert "=1+1" in text
    assert "@SUM(A1)" in text


def test_geopackage_layers_hold_the_same_rows(plan, tmp_path):
    path = tmp_path / "plan.gpkg"
    write_report(plan, path, districts=town.districts())
    with sqlite3.connect(path) as base:
        kinds = dict(base.execute("select table_name, data_type from gpkg_contents"))
        gain = base.execute('select sum("gain") from sites').fetchone()[0]
    base.close()
    spatial = {name for name, kind in kinds.items() if kind == "features"}
    assert spatial == {"sites", "candidates", "stations", "gaps", "area_today", "area_plan"}
    assert {"coverage", "plan", "by_group", "by_district", "parameters"} <= set(kinds)
    assert gain == pytest.approx(plan.sites["gain"].sum())
    sites = gpd.read_file(path, layer="sites", engine="pyogrio")
    assert sites.crs.to_epsg() == 4326
    assert list(sites["id"]) == list(plan.sites.index)
    near = sites.to_crs(town.METRES).distance(plan.sites.to_crs(town.METRES).reset_index().geometry)
    assert near.max() < 0.01


def test_columns_that_a_geopackage_cannot_hold_get_other_names(network, tmp_path):
    stations = town.stations().assign(FID="x", Name="again", tags=[["a", 1]])
    result = measure_coverage(network, stations, town.workers(), minutes=10)
    write_report(result, tmp_path / "a.gpkg")
    layer = gpd.read_file(tmp_path / "a.gpkg", layer="stations", engine="pyogrio")
    assert layer[["FID_", "name", "Name_", "tags"]].iloc[0].tolist() == [
        "x",
        "station S1",
        "again",
        "['a', 1]",
    ]


def test_a_coverage_has_the_sheets_that_apply(coverage, tmp_path):
    write_report(coverage, tmp_path / "today.xlsx")
    book = openpyxl.load_workbook(tmp_path / "today.xlsx")
    assert book.sheetnames == [SHEETS[0], *SHEETS[3:5], *SHEETS[6:8], SHEETS[-1]]
    assert "覆盖" in book[SHEETS[0]]["A1"].value
    assert len(rows_of(tmp_path / "today.xlsx", SHEETS[4])) == len(coverage.gaps)


def test_rows_without_a_place_are_kept_with_their_status(network, tmp_path):
    workers = town.workers().assign(status="ok")
    workers.loc["W48", "status"] = "no_geometry"
    workers.loc["W48", "geometry"] = None
    result = measure_coverage(network, town.stations(), workers, minutes=10)
    write_report(result, tmp_path / "a.xlsx")
    write_report(result, tmp_path / "a.gpkg")
    rows = {row["id"]: row for row in rows_of(tmp_path / "a.xlsx", SHEETS[4])}
    assert rows["W48"]["status"] == "没有坐标 no_geometry"
    assert rows["W48"]["lon"] is None
    layer = gpd.read_file(tmp_path / "a.gpkg", layer="gaps", engine="pyogrio").set_index("id")
    assert layer.loc["W48", "geometry"] is None


def test_a_plan_without_stations_and_without_gaps_is_written(network, tmp_path):
    everywhere = town.workers().rename(index=lambda name: f"N{name}")
    full = choose_sites(network, everywhere, town.workers(), minutes=10, n_open=49)
    assert len(full.coverage.gaps) == 0
    write_report(full, tmp_path / "full.xlsx")
    write_report(full, tmp_path / "full.gpkg")
    assert rows_of(tmp_path / "full.xlsx", SHEETS[3]) == []
    layer = gpd.read_file(tmp_path / "full.gpkg", layer="stations", engine="pyogrio")
    assert len(layer) == 0


def test_a_table_longer_than_a_sheet_is_refused_before_writing(coverage, tmp_path, monkeypatch):
    monkeypatch.setattr(_workbook, "MOST_ROWS", 20)
    with pytest.raises(InputError, match=r"Excel holds 20 .*\.gpkg"):
        write_report(coverage, tmp_path / "a.xlsx")
    assert list(tmp_path.iterdir()) == []


def test_a_very_long_text_is_cut_and_said(network, tmp_path):
    stations = town.stations().assign(address="长" * 40_000)
    result = measure_coverage(network, stations, town.workers(), minutes=10)
    with pytest.warns(InputWarning, match="1 texts"):
        write_report(result, tmp_path / "a.xlsx")
    (row,) = rows_of(tmp_path / "a.xlsx", SHEETS[3])
    assert row["address"] == "长" * 32_767


def test_a_failure_leaves_the_old_file(coverage, tmp_path, monkeypatch):
    path = tmp_path / "a.xlsx"
    path.write_bytes(b"old")

    def full_disk(*_: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr(_workbook, "write_workbook", full_disk)
    with pytest.raises(OSError, match="No space"):
        write_report(coverage, path)
    assert path.read_bytes() == b"old"
    assert list(tmp_path.iterdir()) == [path]


def test_other_suffixes_and_other_objects_are_refused(coverage, network, tmp_path):
    with pytest.raises(InputError, match=r"\.xlsx or \.gpkg"):
        write_report(coverage, tmp_path / "a.pdf")
    areas = service_areas(network, town.stations(), minutes=5)
    with pytest.raises(InputError, match="not GeoDataFrame"):
        write_report(areas, tmp_path / "a.xlsx")


def test_number_formats_follow_the_columns():
    whole, half = pd.Series([1.0, np.nan]), pd.Series([0.5])
    assert _workbook.number_kind("gain", whole) == "whole"
    assert _workbook.number_kind("minutes", half) == "decimal"
    assert _workbook.number_kind("workers", pd.Series([0.5, 1234.5])) == "whole"
    assert _workbook.number_kind("share_after", half) == "percent"
    assert _workbook.number_kind("share", half) == "percent"
    assert _workbook.number_kind("shared", half) == "decimal"
    assert _workbook.number_kind("lat", half) == "degrees"
    assert _workbook.number_kind("covered", pd.Series([True])) == "text"
    assert _workbook.text_width("武汉ab") == 6


def test_every_group_in_every_district_adds_up_to_the_plan(workbook, plan):
    rows = rows_of(workbook, "各区各人群 District by group")
    assert sum(row["covered_after"] for row in rows) == pytest.approx(plan.value)
    assert sum(row["workers"] for row in rows) == pytest.approx(
        plan.coverage.summary()["workers"].iloc[-1]
    )


def test_each_site_has_a_pre_assessment_with_place_range_people_and_result(workbook, plan):
    page = openpyxl.load_workbook(workbook)["前期评估表 Pre-assessment"]
    rows = [row[:3] for row in page.iter_rows(values_only=True)]
    for key, gain in plan.sites["gain"].items():
        start = rows.index(("建设地点 Location", "编号 Id", str(key)))
        (added,) = [
            value for _, item, value in rows[start : start + 40]
            if str(item).startswith("新增覆盖")
        ][:1]  # fmt: skip
        assert added == f"+{gain:,.0f}"
    assert {part for part, *_ in rows if part} >= {"辐射范围 Range", "覆盖人群 People"}


def test_people_in_the_pre_assessment_are_those_the_walk_reaches(workbook, plan):
    page = openpyxl.load_workbook(workbook)["前期评估表 Pre-assessment"]
    rows = [row[:3] for row in page.iter_rows(values_only=True)]
    key = plan.sites.index[0]
    start = rows.index(("建设地点 Location", "编号 Id", str(key)))
    reached = plan.reach.to_frame().query("facility == @key")["demand"]
    expected = plan.demand.loc[reached, "workers"].sum()
    (said,) = [v for _, i, v in rows[start : start + 40] if str(i).startswith("10 分钟内职工")][:1]
    assert said.startswith(f"{expected:,.0f}，")


def test_bars_and_odd_rows_are_formatted_by_rule(workbook):
    book = openpyxl.load_workbook(workbook)
    kinds = {
        name: {rule.type for held in book[name].conditional_formatting for rule in held.rules}
        for name in book.sheetnames
    }
    assert "dataBar" in kinds["建议新站 Suggested sites"]
    assert kinds["盲区 Gaps"] == {"cellIs"}


def test_notes_on_the_data_stand_among_the_parameters(network, tmp_path):
    workers = town.workers()
    workers.attrs = {"source": "WorldPop", "year": 2020, "notes": ["half of the people work"]}
    path = tmp_path / "today.xlsx"
    write_report(measure_coverage(network, town.stations(), workers, minutes=[5, 10]), path)
    said = {row["item"]: row["value"] for row in rows_of(path, SHEETS[-1])}
    assert said["demand: source"] == "WorldPop"
    assert said["demand: year"] == "2020"
    assert said["demand: note 1"] == "half of the people work"


def test_geopackage_carries_areas_and_a_default_style_for_every_layer_of_places(plan, tmp_path):
    path = tmp_path / "plan.gpkg"
    write_report(plan, path)
    area = gpd.read_file(path, layer="area_today")
    drawn = service_areas(
        plan.network, plan.existing, minutes=[5, 10], speed=plan.coverage.speed, dissolve=True
    )
    assert sorted(area["area_km2"]) == pytest.approx(sorted(drawn["area_km2"]))
    with sqlite3.connect(path) as base:
        spatial = dict(base.execute("select table_name, column_name from gpkg_geometry_columns"))
        styles = base.execute(
            "select f_table_name, f_geometry_column, f_table_schema, useAsDefault, styleQML "
            "from layer_styles"
        ).fetchall()
    assert {name: column for name, column, *_ in styles} == spatial
    for name, _, schema, default, text in styles:
        assert (schema, default) == ("", 1)
        root = ET.fromstring(text.split("\n", 1)[1])  # noqa: S314 - our own
        assert root.tag == "qgis"
        kind = "fill" if name.startswith("area") else "marker"
        assert root.find("renderer-v2/symbols/symbol").get("type") == kind
        assert (
            root.find("renderer-v2/symbols/symbol/layer/Option/Option[@name='color']") is not None
        )
    label = {name: text for name, *_, text in styles}["sites"]
    assert 'fieldName="order"' in label


def test_qgis_opens_the_layers_in_our_colours(plan, tmp_path):
    python = "/usr/bin/python3"
    found = subprocess.run([python, "-c", "import qgis.core"], capture_output=True, check=False)
    if found.returncode:
        pytest.skip("QGIS is not installed (Debian: python3-qgis)")
    write_report(plan, tmp_path / "plan.gpkg")
    script = Path(__file__).with_name("qgis_render.py")
    done = subprocess.run(
        [python, script, tmp_path / "plan.gpkg", tmp_path / "plan.png"],
        capture_output=True,
        check=True,
        timeout=120,
        env={"QT_QPA_PLATFORM": "offscreen", "HOME": str(tmp_path), "PATH": "/usr/bin"},
    )
    layers = json.loads(done.stdout)
    assert all(layer["styled"] for layer in layers.values()), layers
    for name in ("area_today", "area_plan"):
        assert layers[name]["legend"] == ["10 分钟 min", "5 分钟 min"]
    assert layers["gaps"]["legend"] == ["仍未覆盖 still a gap", "方案覆盖 by the plan"]
    picture = plt.imread(tmp_path / "plan.png")[:, :, :3]
    colours = {tuple(colour) for colour in np.rint(picture * 255).astype(int).reshape(-1, 3)}
    areas = {(203, 232, 225), (138, 202, 188), (252, 228, 196), (247, 205, 150)}
    assert areas | {(196, 40, 28), (11, 79, 74)} <= colours  # sites and stations


def blocks_of(path: Path, sheet: str) -> list[list[tuple[object, ...]]]:
    """List the tables of a sheet that stand below each other, without their titles."""
    tables, rows = [], []
    for row in [*openpyxl.load_workbook(path)[sheet].iter_rows(values_only=True), (None,)]:
        if any(cell is not None for cell in row):
            rows.append(tuple(cell for cell in row if cell is not None))
        elif rows:
            tables.append(rows[1:])
            rows = []
    return tables


def test_at_other_speeds_networkx_counts_the_same_workers(workbook):
    """On a grid whose workers stand at junctions; 4, 4.5 and 5 km/h."""
    speeds, _ = blocks_of(workbook, SHEETS[6])
    header, *rows = speeds
    assert [name.split("\n")[-1] for name in header] == [
        *("speed", "minutes", "covered_before", "share_before", "covered_after", "share_after")
    ]
    workers = town.workers()
    at_speed = test_cli.minutes_by_hand(workers, town.stations()) * 4.5
    for speed, minutes, covered, share, *_ in rows:
        near = workers["workers"][at_speed / speed <= minutes + 1e-6].sum()
        assert (covered, share) == pytest.approx((near, near / workers["workers"].sum()))
    assert [row[:2] for row in rows] == [(v, m) for v in (4, 4.5, 5) for m in (5, 10)]


def test_a_report_does_not_warn_again_of_places_off_the_streets(network, tmp_path):
    workers = town.workers()
    workers.loc["W48", "geometry"] = shapely.Point(0, 0)
    with pytest.warns(UnsnappedWarning):
        result = measure_coverage(network, town.stations(), workers, minutes=10)
    write_report(result, tmp_path / "a.xlsx")  # warnings are errors
    speeds, _ = blocks_of(tmp_path / "a.xlsx", SHEETS[6])
    assert [row[0] for row in speeds[1:]] == [4, 4.5, 5]


def test_what_is_lost_with_a_station_is_what_is_missing_without_it(workbook, plan):
    _, lost = blocks_of(workbook, SHEETS[6])
    assert {row[0] for row in lost[1:]} == {*plan.existing.index, *plan.sites.index}
    for station, *_, new, workers, covered, share in lost[1:]:
        without = what_if(plan, without=[station]).summary().iloc[-1]
        assert (covered, share) == pytest.approx((without["covered"], without["share"]))
        assert workers == pytest.approx(plan.coverage.summary()["covered"].iloc[-1] - covered)
        assert new == ("✓" if station in plan.sites.index else "✗")


def test_a_standard_is_told_by_a_mark_and_a_sentence(plan, tmp_path):
    marked = replace(plan, sites=plan.sites.assign(street_front=[True, False], floor=1))
    with pytest.warns(InputWarning, match="control characters"):
        write_report(marked, tmp_path / "a.xlsx", rules="miyun")
    rows = rows_of(tmp_path / "a.xlsx", SHEETS[1])
    checks = check_standard(marked.sites, "miyun")
    assert [row["standard"] for row in rows] == ["?", "✗"]
    assert [row["standard_zh"] for row in rows] == checks["sentence_zh"].tolist()


def test_only_https_photos_become_links(network, tmp_path):
    photos = [
        "https://example.org/a.jpg",
        "http://example.org",
        "javascript:alert(1)",
        "=HYPERLINK()",
    ]
    shops = town.shops().assign(photo=[*photos, 'https://example.org/"onclick="x'])
    plan = choose_sites(network, shops, town.workers(), minutes=10, n_open=1)
    with pytest.warns(InputWarning, match="control characters"):
        write_report(plan, tmp_path / "a.xlsx")
    page = openpyxl.load_workbook(tmp_path / "a.xlsx")[SHEETS[2]]
    links = {cell.hyperlink.target for row in page for cell in row if cell.hyperlink}
    assert links == {photos[0], "https://example.org/%22onclick=%22x"}
    cells = {cell for row in page.iter_rows(values_only=True) for cell in row}
    assert set(photos) <= cells


def crowded(network: WalkNetwork, sites: int) -> SitePlan:
    """Make a plan of so many sites with long names, 16 districts and 12 groups."""
    workers = town.workers().assign(
        group=[GROUPS[at % len(GROUPS)] for at in range(49)],
        district=[f"第{at % 16}街道办事处辖区" for at in range(49)],
    )
    names = [f"中国邮政储蓄银行股份有限公司第{at}支行营业部" for at in range(49)]
    shops = workers.drop(columns=["workers", "group"]).assign(name=names)
    shops = shops.rename(index=lambda name: f"N{name}")
    asked = {"n_open": sites, "required": shops.index[:sites]}
    return choose_sites(network, shops, workers, minutes=[5, 10, 15], **asked)


def test_the_word_document_of_a_plan_has_three_pages_however_many_sites(network, tmp_path):
    office = shutil.which("lowriter")
    if office is None:
        pytest.skip("LibreOffice Writer is not installed")
    docx = pytest.importorskip("docx")
    about = ABOUT | {"note": "虚构的数据，仅作示例。" * 25, "note_en": "made up, an example. " * 18}
    sites = (1, 16, 40)
    for number in sites:
        plan = crowded(network, number)
        assert len(plan.sites) == number
        for language in ("zh", "en"):
            path = tmp_path / f"{number}_{language}.docx"
            rules = "miyun" if number > 8 else None
            write_report(plan, path, language=language, rules=rules, about=about)
    profile = f"-env:UserInstallation={(tmp_path / 'profile').as_uri()}"
    command = [office, profile, "--headless", "--convert-to", "pdf", "--outdir", tmp_path]
    documents = sorted(tmp_path.glob("*.docx"))
    subprocess.run([*command, *documents], check=True, capture_output=True, timeout=300)
    counts = {
        path.stem: len(re.findall(rb"/Type\s*/Page\b", path.with_suffix(".pdf").read_bytes()))
        for path in documents
    }
    assert counts == dict.fromkeys(counts, 3)
    rows = [len(docx.Document(tmp_path / f"{n}_zh.docx").tables[0].rows) - 1 for n in sites]
    assert rows == list(sites)  # every site is listed; what gives way is reasons
    heads = [cell.text for cell in docx.Document(tmp_path / "1_en.docx").tables[0].rows[0].cells]
    assert heads[-1] == "Reason"
    said = [one.text for one in docx.Document(tmp_path / "40_en.docx").paragraphs]
    assert any("reasons of the other sites" in text for text in said)


@pytest.mark.parametrize("language", ["zh", "en"])
def test_a_word_document_has_finding_picture_sites_with_reasons_and_sources(
    plan, tmp_path, language
):
    docx = pytest.importorskip("docx")
    pytest.importorskip("matplotlib")
    path = tmp_path / "plan.docx"
    write_report(plan, path, districts=town.districts(), language=language, about=ABOUT)
    document = docx.Document(path)
    said = "\n".join(paragraph.text for paragraph in document.paragraphs)
    cells = [cell.text for table in document.tables for row in table.rows for cell in row.cells]
    share = f"{plan.curve['share'].iloc[-1]:.1%}"
    assert share in said.split("\n")[0]
    assert len(document.inline_shapes) == 1
    assert set(plan.sites[f"reason_{language}"]) <= set(cells)
    assert {f"+{gain:,.0f}" for gain in plan.sites["gain"]} <= set(cells)
    foot = document.sections[0].footer.paragraphs[0].text
    for part in ("streets 2024-05", "4.5 km/h", "5, 10", f"servicecircle {__version__}"):
        assert part in foot
    assert ("虚构" in said, "made up" in said) == (language == "zh", language == "en")
    chinese = any("\u4e00" <= character <= "\u9fff" for character in said.split("\n")[0])
    assert chinese == (language == "zh")


def test_nameless_places_photos_and_reasons_of_rows_read_well_in_both_languages(network, tmp_path):
    docx = pytest.importorskip("docx")
    photo = "https://photos.example/1.jpg"
    shops = town.shops().assign(name=None, kind="convenience_store", photo=[photo] * 5)
    shops["street"] = "珠江路"
    workers = town.workers().assign(status="ok", reason=None)
    workers.loc["W48", ["status", "reason"]] = ["bad_number", "workers: 'x' is not a number"]
    plan = choose_sites(network, shops, workers, minutes=10, n_open=2)
    write_report(plan, tmp_path / "a.xlsx")
    rows = rows_of(tmp_path / "a.xlsx", SHEETS[1])
    assert {row["name"] for row in rows} == {
        "便利店（无名，珠江路） Convenience store (no name, 珠江路)"
    }
    gaps = {row["id"]: row for row in rows_of(tmp_path / "a.xlsx", SHEETS[4])}
    assert gaps["W48"]["reason"] == "人数：'x' 不是数字 workers: 'x' is not a number"
    names = {"zh": "便利店（无名，珠江路）", "en": "Convenience store (no name, 珠江路)"}
    for language, name in names.items():
        path = tmp_path / f"{language}.docx"
        write_report(plan, path, language=language)
        document = docx.Document(path)
        cells = [row.cells[1].text for row in document.tables[0].rows[1:]]
        assert all(cell.startswith(name) for cell in cells)
        links = [one.target_ref for one in document.part.rels.values() if one.is_external]
        assert links == [photo]


def test_what_stands_in_the_way_is_said_in_words_of_both_languages(network, tmp_path):
    asked = {"n_open": 1, "required": ["C1", "C2"]}
    plan = choose_sites(network, town.shops(), town.workers(), minutes=10, **asked)
    assert plan.status == "infeasible"
    with pytest.warns(InputWarning, match="control characters"):
        write_report(plan, tmp_path / "a.xlsx")
    page = openpyxl.load_workbook(tmp_path / "a.xlsx")[SHEETS[0]]
    cells = {str(cell) for row in page.iter_rows(values_only=True) for cell in row}
    for conflict in plan.conflicts.to_dict("records"):
        assert f"{conflict['rule_zh']} {conflict['rule_en']}" in cells
        assert {conflict["reason_zh"], conflict["reason_en"], conflict["mend_zh"]} <= cells


def test_a_coverage_becomes_a_word_document_too(coverage, tmp_path):
    docx = pytest.importorskip("docx")
    pytest.importorskip("matplotlib")
    path = tmp_path / "today.docx"
    write_report(coverage, path)
    assert len(docx.Document(path).tables) >= 2


def test_a_language_no_document_is_written_in_is_refused(plan, tmp_path):
    with pytest.raises(InputError, match="'zh' or 'en'"):
        write_report(plan, tmp_path / "plan.docx", language="fr")
