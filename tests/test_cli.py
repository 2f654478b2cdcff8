"""The command line, run in this process on a small made-up town."""

import json
import os
import subprocess
import sys
from pathlib import Path

import geopandas as gpd
import networkx as nx
import numpy as np
import openpyxl
import osmium
import pandas as pd
import pytest
import shapely

import servicecircle as sc
import town
from cities import City
from servicecircle import __version__
from servicecircle.cli import main

FILES = {"map.html", "plan.xlsx", "plan.gpkg", "summary.json"}


@pytest.fixture
def config(tmp_path) -> Path:
    return town.write_town(tmp_path / "城 town")


@pytest.fixture(scope="module")
def results(tmp_path_factory) -> Path:
    folder = tmp_path_factory.mktemp("plan")
    assert main(["plan", str(town.write_town(folder))]) == 0
    return folder / "results"


@pytest.fixture(scope="module")
def summary(results) -> dict:
    return json.loads((results / "summary.json").read_text(encoding="utf-8"))


def flags(config: Path, *names: str) -> list[str]:
    """Give the options that name the town's files."""
    files = {
        "network": "streets.geojson",
        "stations": "stations.csv",
        "demand": "workers.csv",
        "candidates": "shops.csv",
    }
    parts = [[f"--{name}", str(config.parent / files[name])] for name in names]
    return [*(text for pair in parts for text in pair), "--coordinates", "wgs84"]


def refused(arguments: list[str], capsys: pytest.CaptureFixture[str]) -> str:
    """Run a command that must end with code 2 and one line on stderr; return the line."""
    assert main(arguments) == 2
    said = capsys.readouterr()
    assert said.out == ""
    (line,) = said.err.splitlines()
    assert line.startswith("servicecircle: ")
    return line


def edit(path: Path, change) -> None:
    change(pd.read_csv(path)).to_csv(path, index=False)


def minutes_by_hand(people: gpd.GeoDataFrame, places: gpd.GeoDataFrame) -> np.ndarray:
    """Walk to the nearest place along the grid, by networkx; both lie on junctions."""
    side = range(town.BLOCKS + 1)
    grid = nx.grid_2d_graph(side, side)

    def junction(point: shapely.Point) -> tuple[int, int]:
        return round((point.x - town.WEST) / town.STEP), round((point.y - town.SOUTH) / town.STEP)

    sources = {junction(point) for point in places.geometry}
    blocks = nx.multi_source_dijkstra_path_length(grid, sources)
    return np.array([blocks[junction(point)] * town.STEP / 75 for point in people.geometry])


def test_plan_writes_four_files_and_nothing_else(results):
    assert {path.name for path in results.iterdir()} == FILES


def test_summary_counts_the_workers_that_networkx_counts(summary):
    people, stations, shops = town.workers(), town.stations(), town.shops()
    chosen = [site["id"] for site in summary["plan"]["sites"]]
    after = pd.concat([stations, shops.loc[chosen]])
    for key, places in (("coverage_before", stations), ("coverage_after", after)):
        walk = minutes_by_hand(people, places)
        for row in summary[key]:
            assert row["covered"] == people["workers"][walk < row["minutes"] + 0.01].sum()
            assert row["workers"] == people["workers"].sum()


def test_summary_carries_what_the_figures_rest_on(summary):
    assert summary["parameters"]["speed"] == 4.5
    assert summary["parameters"]["minutes"] == [5.0, 10.0]
    assert summary["seed"] == 0
    assert summary["note"] == "虚构"
    assert summary["inputs"]["demand"] == {"file": "workers.csv", "rows": 49, "status": {"ok": 49}}
    assert summary["inputs"]["network"]["streets"] == pytest.approx(62.4, rel=0.002)
    assert summary["versions"]["servicecircle"] == __version__
    plan = summary["plan"]
    assert plan["status"] == "proved"
    assert plan["value"] == plan["bound"] == summary["coverage_after"][-1]["covered"]
    assert {row["name"] for row in summary["by_district"]} == {"西区", "东区"}
    assert {row["name"] for row in summary["by_group"]} == {"factory", "office"}


def test_the_map_and_the_workbook_hold_the_plan(results, summary):
    assert "虚构" in (results / "map.html").read_text(encoding="utf-8")
    book = openpyxl.load_workbook(results / "plan.xlsx")
    ids = [row[1].value for row in book["建议新站 Suggested sites"].iter_rows(min_row=2)]
    assert ids == [site["id"] for site in summary["plan"]["sites"]]
    layer = gpd.read_file(results / "plan.gpkg", layer="sites", engine="pyogrio")
    assert list(layer["id"]) == ids


def test_plan_prints_shares_the_proof_and_the_paths(config, capsys):
    assert main(["plan", str(config), "--out", str(config.parent / "out")]) == 0
    said = capsys.readouterr()
    assert "proved" in said.out
    assert all(str(config.parent / "out" / name) in said.out for name in FILES)
    assert {path.name for path in (config.parent / "out").iterdir()} == FILES
    assert not (config.parent / "results").exists()


def test_json_is_the_summary_in_the_file_and_the_same_every_time(config, capsys, summary):
    assert main(["plan", str(config), "--json"]) == 0
    again = json.loads(capsys.readouterr().out)
    written = (config.parent / "results" / "summary.json").read_text(encoding="utf-8")
    assert again == json.loads(written)
    for one in (again, first := json.loads(json.dumps(summary))):
        one.pop("seconds")
        one["plan"].pop("seconds")
    assert again == first


def test_without_stations_everybody_is_a_gap_today(config, capsys):
    text = config.read_text(encoding="utf-8").replace('stations = "stations.csv"\n', "")
    config.write_text(text, encoding="utf-8")
    assert main(["plan", str(config), "--json"]) == 0
    summary = json.loads(capsys.readouterr().out)
    assert [row["covered"] for row in summary["coverage_before"]] == [0, 0]
    assert summary["coverage_after"][-1]["covered"] > 0


def test_impossible_rules_are_said_and_still_give_a_map_of_today(config, capsys):
    text = config.read_text(encoding="utf-8")
    text = text.replace("n_open = 2", 'n_open = 1\nrequired = ["C1", "C2"]')
    config.write_text(text, encoding="utf-8")
    assert main(["plan", str(config)]) == 0
    said = capsys.readouterr().out
    assert "No plan keeps all rules: " in said
    assert "没有方案能满足所有要求：" in said
    summary = json.loads((config.parent / "results" / "summary.json").read_text(encoding="utf-8"))
    for conflict in summary["plan"]["conflicts"]:
        assert conflict["reason_zh"] in said
        assert conflict["mend_en"] in said
    assert (config.parent / "results" / "map.html").is_file()


def test_rows_that_cannot_be_used_are_notes_not_errors(config, capsys):
    path = config.parent / "workers.csv"
    edit(path, lambda table: table.assign(lon=table["lon"].where(table["id"] != "W3")))
    assert main(["plan", str(config), "--json"]) == 0
    said = capsys.readouterr()
    assert "note: " in said.err
    assert "提示：" in said.err
    assert "'W3'" in said.err
    status = json.loads(said.out)["inputs"]["demand"]["status"]
    assert status == {"ok": 48, "bad_coordinates": 1}


def test_missing_files_are_named_all_at_once(config, capsys):
    (config.parent / "workers.csv").unlink()
    (config.parent / "streets.geojson").unlink()
    line = refused(["plan", str(config)], capsys)
    assert "workers.csv" in line
    assert "streets.geojson" in line


def drop_column(folder: Path) -> None:
    edit(folder / "workers.csv", lambda table: table.drop(columns="lon"))


def empty_table(folder: Path) -> None:
    edit(folder / "workers.csv", lambda table: table.iloc[:0])


def empty_file(folder: Path) -> None:
    (folder / "shops.csv").write_bytes(b"")


def nan_coordinates(folder: Path) -> None:
    edit(folder / "workers.csv", lambda table: table.assign(lon=np.nan, lat=np.nan))


def another_city(folder: Path) -> None:
    edit(folder / "workers.csv", lambda table: table.assign(lat=table["lat"] - 1))


def shops_in_another_city(folder: Path) -> None:
    edit(folder / "shops.csv", lambda table: table.assign(lat=table["lat"] - 1))


def metres_called_degrees(folder: Path) -> None:
    places = town.workers().geometry
    edit(
        folder / "workers.csv",
        lambda table: table.assign(lon=places.x.to_numpy(), lat=places.y.to_numpy()),
    )


def no_system(folder: Path) -> None:
    config = folder / "plan.toml"
    text = config.read_text(encoding="utf-8").replace('\ncoordinates = "wgs84"', "")
    config.write_text(text, encoding="utf-8")


def twice_the_same_id(folder: Path) -> None:
    edit(folder / "stations.csv", lambda table: pd.concat([table, table]))


def negative_workers(folder: Path) -> None:
    edit(folder / "workers.csv", lambda table: table.drop(columns="workers"))


def truncated_pbf(folder: Path) -> None:
    whole = folder / "whole.osm.pbf"
    with osmium.SimpleWriter(whole) as writer:
        for number in range(1, 20_000):
            place = (114.2 + number * 1e-6, 30.6 + (number * 7919 % 1000) * 1e-5)
            writer.add_node(osmium.osm.mutable.Node(id=number, location=place))
        tags = {"highway": "residential"}
        writer.add_way(osmium.osm.mutable.Way(id=1, nodes=[1, 2, 3], tags=tags))
    (folder / "cut.osm.pbf").write_bytes(whole.read_bytes()[:-2000])
    use_network(folder, "cut.osm.pbf")


def streets_without_crs(folder: Path) -> None:
    streets = gpd.read_file(folder / "streets.geojson").set_crs(None, allow_override=True)
    streets.to_parquet(folder / "bare.parquet")
    use_network(folder, "bare.parquet")


def not_a_network(folder: Path) -> None:
    (folder / "page.osm.pbf").write_text("<html>not found</html>", encoding="utf-8")
    use_network(folder, "page.osm.pbf")


def use_network(folder: Path, name: str) -> None:
    config = folder / "plan.toml"
    text = config.read_text(encoding="utf-8").replace("streets.geojson", name)
    config.write_text(text, encoding="utf-8")


def unnamed_districts(folder: Path) -> None:
    path = folder / "districts.geojson"
    gpd.read_file(path)[["geometry"]].to_file(path, driver="GeoJSON")


def broken_districts(folder: Path) -> None:
    (folder / "districts.geojson").write_text('{"type": "Fea', encoding="utf-8")


def unlabelled_districts(folder: Path) -> None:
    config = folder / "plan.toml"
    text = config.read_text(encoding="utf-8").replace('districts_coordinates = "wgs84"\n', "")
    config.write_text(text, encoding="utf-8")


def unknown_preset(folder: Path) -> None:
    use_standard(folder, 'preset = "atlantis"')


def use_standard(folder: Path, line: str) -> None:
    config = folder / "plan.toml"
    text = config.read_text(encoding="utf-8").replace("minutes = [5, 10]", line)
    config.write_text(text, encoding="utf-8")


@pytest.mark.parametrize(
    ("spoil", "said"),
    [
        (drop_column, "workers.csv has no column for lon"),
        (empty_table, "workers.csv"),
        (empty_file, "shops.csv"),
        (nan_coordinates, "None of the 49 rows of demand can be used"),
        (another_city, "None of the 49 rows of demand lies within 100 m of a street"),
        (shops_in_another_city, "None of the 5 rows of candidates"),
        (no_system, "gcj02"),
        (twice_the_same_id, "'S1'"),
        (negative_workers, "workers"),
        (truncated_pbf, "cut.osm.pbf"),
        (streets_without_crs, "CRS"),
        (not_a_network, "page.osm.pbf"),
        (unnamed_districts, "districts.geojson have no column of names"),
        (broken_districts, "districts.geojson"),
        (unlabelled_districts, "`districts_coordinates`"),
        (unknown_preset, "no standard 'atlantis'"),
    ],
)
def test_bad_input_is_one_line_and_leaves_nothing(config, capsys, spoil, said):
    spoil(config.parent)
    before = {path.name for path in config.parent.iterdir()}
    assert said in refused(["plan", str(config)], capsys)
    assert {path.name for path in config.parent.iterdir()} == before


def test_metres_called_degrees_are_mended_by_the_streets(config, capsys, summary):
    metres_called_degrees(config.parent)
    assert main(["plan", str(config), "--json"]) == 0
    said = capsys.readouterr()
    found = json.loads(said.out)
    assert found["coverage_after"] == summary["coverage_after"]
    assert "EPSG:32650" in said.err


def test_a_folder_that_cannot_be_written_is_refused_before_computing(config, capsys):
    (config.parent / "results").write_text("a file", encoding="utf-8")
    assert "not a folder" in refused(["plan", str(config)], capsys)


def test_a_disk_that_fills_up_leaves_neither_files_nor_folder(config, capsys, monkeypatch):
    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("servicecircle.reports.write_report", full)
    assert "No space left" in refused(["plan", str(config)], capsys)
    assert not (config.parent / "results").exists()


def test_a_failed_second_run_keeps_what_was_there(config, capsys, monkeypatch):
    (config.parent / "results").mkdir()
    (config.parent / "results" / "map.html").write_text("first", encoding="utf-8")

    def full(*_: object, **__: object) -> None:
        raise OSError(28, "No space left on device")

    monkeypatch.setattr("servicecircle.reports.write_report", full)
    refused(["plan", str(config)], capsys)
    (kept,) = (config.parent / "results").iterdir()
    assert kept.read_text(encoding="utf-8") == "first"


def test_a_table_too_long_for_a_workbook_is_refused_before_computing(config, capsys, monkeypatch):
    monkeypatch.setattr("servicecircle.reports.EXCEL_ROWS", 49)
    assert "--out plan.gpkg" in refused(["plan", str(config)], capsys)


@pytest.mark.parametrize(
    "arguments",
    [
        ["plan"],
        ["plan", "a.toml", "--nonsense"],
        ["nonsense"],
        ["network"],
        ["areas", "--network", "x"],
        ["site", "--network", "x", "--candidates", "x", "--demand", "x", "--n-open", "two"],
    ],
)
def test_a_mistyped_command_is_one_line(arguments, capsys):
    assert "--help" in refused(arguments, capsys)


@pytest.mark.parametrize(
    "command",
    [
        "plan",
        "demo",
        "areas",
        "coverage",
        "score",
        "site",
        "describe",
        "audit",
        "network build",
        "network inspect",
        "network quality",
    ],
)
def test_every_command_helps_with_an_example(command, capsys):
    assert main([*command.split(), "--help"]) == 0
    text = " ".join(capsys.readouterr().out.split())
    assert f"Example: servicecircle {command}" in text
    assert "--json" in text


def test_without_arguments_the_commands_are_listed(capsys):
    assert main([]) == 0
    assert "plan" in capsys.readouterr().out
    assert main(["--version"]) == 0
    assert capsys.readouterr().out.strip() == __version__


def test_areas_are_written_and_nest(config, capsys):
    out = config.parent / "circles.geojson"
    options = [*flags(config, "network", "stations"), "--minutes", "5", "--minutes", "10"]
    assert main(["areas", *options, "--out", str(out), "--json"]) == 0
    assert [row["minutes"] for row in json.loads(capsys.readouterr().out)["rows"]] == [5, 10]
    five, ten = gpd.read_file(out, engine="pyogrio").sort_values("minutes").geometry
    assert ten.buffer(1e-9).covers(five)


def test_coverage_agrees_with_the_plan_before_it(config, capsys, summary):
    out = config.parent / "today.xlsx"
    options = [*flags(config, "network", "stations", "demand"), "--minutes", "5", "--minutes", "10"]
    assert main(["coverage", *options, "--out", str(out), "--json"]) == 0
    rows = json.loads(capsys.readouterr().out)["rows"]
    assert [row["covered"] for row in rows] == [
        row["covered"] for row in summary["coverage_before"]
    ]
    assert out.is_file()


def test_coverage_draws_a_map_and_prints_a_table(config, capsys):
    out = config.parent / "today.html"
    options = flags(config, "network", "stations", "demand")
    assert main(["coverage", *options, "--out", str(out)]) == 0
    assert "covered_twice" in capsys.readouterr().out
    assert out.read_text(encoding="utf-8").startswith("<!DOCTYPE html>")


def test_score_ranks_all_candidates(config, capsys):
    out = config.parent / "scores.gpkg"
    options = flags(config, "network", "stations", "demand", "candidates")
    assert main(["score", *options, "--out", str(out), "--json"]) == 0
    assert [row["rank"] for row in json.loads(capsys.readouterr().out)["rows"]] == [1, 2, 3, 4, 5]
    layer = gpd.read_file(out, engine="pyogrio")
    assert list(layer["rank"]) == [1, 2, 3, 4, 5]
    assert set(layer["id"]) == {"C1", "C2", "C3", "C4", "C5"}


def test_site_chooses_the_sites_of_the_plan(config, capsys, summary):
    out = config.parent / "plan.html"
    options = flags(config, "network", "stations", "demand", "candidates")
    options += ["--minutes", "5", "--minutes", "10", "--n-open", "2"]
    assert main(["site", *options, "--out", str(out), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert [row["id"] for row in answer["rows"]] == [s["id"] for s in summary["plan"]["sites"]]
    assert answer["status"] == "proved"
    assert out.is_file()


def test_a_saved_network_serves_every_command(config, capsys):
    folder = config.parent / "network"
    source = str(config.parent / "streets.geojson")
    assert main(["network", "build", source, "--out", str(folder)]) == 0
    assert main(["network", "quality", str(folder), "--json"]) == 0
    capsys.readouterr()
    assert main(["network", "inspect", str(folder), "--json"]) == 0
    (kinds,) = json.loads(capsys.readouterr().out)["rows"]
    assert kinds["highway"] == "residential"
    assert kinds["metres"] == pytest.approx(62_400, rel=0.002)
    use_network(config.parent, "network")
    assert main(["plan", str(config)]) == 0


def test_walking_rules_are_options_wherever_streets_are_read(config, capsys):
    """A grid without steps or signals: only who moves, and how far off the street, tell."""

    def covered(*options: str) -> float:
        files = flags(config, "network", "stations", "demand")
        assert main(["coverage", *files, "--minutes", "5", "--json", *options]) == 0
        return json.loads(capsys.readouterr().out)["rows"][0]["covered"]

    by_bike = sc.read_network(config.parent / "streets.geojson", mode="ebike", max_access=60)
    stations = sc.read_sites(config.parent / "stations.csv", coordinates="wgs84")
    workers = sc.read_demand(config.parent / "workers.csv", coordinates="wgs84")
    there = sc.measure_coverage(by_bike, stations, workers, minutes=5, speed=15)
    riding = covered("--mode", "ebike", "--max-access", "60")
    assert riding == there.summary()["covered"].iloc[0] > covered()
    assert covered("--mode", "ebike", "--speed", "4.5") == covered()


def test_a_network_is_saved_with_its_rules_and_keeps_them(config, capsys):
    folder = str(config.parent / "network")
    source = str(config.parent / "streets.geojson")
    rules = ["--mode", "ebike", "--no-private", "--signals", "20", "--max-access", "60"]
    assert main(["network", "build", source, "--out", folder, *rules]) == 0
    capsys.readouterr()
    saved = sc.read_network(folder)
    assert (saved.mode, saved.max_access) == ("ebike", 60)
    asked = {"mode": "ebike", "steps": 1, "signals": 20, "private": False}
    assert asked.items() <= saved.source["rules"].items()
    line = refused(["network", "quality", folder, "--signals", "10"], capsys)
    assert "saved with other rules for ['signals']" in line


def test_a_plan_is_made_by_the_walking_rules_of_its_standard(config, capsys):
    text = config.read_text(encoding="utf-8")
    rules = 'mode = "ebike"\nsignals = 20\nprivate = false\nmax_access = 60\n'
    config.write_text(text.replace("[standard]\n", f"[standard]\n{rules}"), encoding="utf-8")
    assert main(["plan", str(config), "--json"]) == 0
    made = json.loads(capsys.readouterr().out)
    asked = {"mode": "ebike", "signals": 20, "private": False, "squares": True}
    assert asked.items() <= made["inputs"]["network"]["rules"].items()
    assert made["inputs"]["network"]["max_access"] == 60
    heights = text.replace("[inputs]\n", '[inputs]\nelevation = "dem.tif"\n')
    config.write_text(heights, encoding="utf-8")
    assert "dem.tif" in refused(["plan", str(config)], capsys)


def test_a_document_in_each_language_is_written_on_demand(config, capsys):
    pytest.importorskip("docx")
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("[output]", "[output]\ndocument = true"), encoding="utf-8")
    assert main(["plan", str(config)]) == 0
    written = {path.name for path in (config.parent / "results").iterdir()}
    assert written == FILES | {"plan_zh.docx", "plan_en.docx"}
    printed = capsys.readouterr().out
    assert all(name in printed for name in written)


def test_a_document_is_refused_before_computing_where_word_cannot_be_written(
    config, capsys, monkeypatch
):
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("[output]", "[output]\ndocument = true"), encoding="utf-8")
    monkeypatch.setattr("servicecircle.cli._plan.find_spec", lambda _: None)
    assert "servicecircle[report]" in refused(["plan", str(config)], capsys)


def test_heights_that_are_not_there_are_refused_before_reading(config, capsys):
    files = flags(config, "network", "stations", "demand")
    assert "elevation 'dem.tif'" in refused(["coverage", *files, "--elevation", "dem.tif"], capsys)


def test_direction_tells_on_a_street_that_is_one_way_on_foot(tmp_path):
    """The way leads from A to B: people walk to a station at B, and nobody from it."""
    city = City("A----------B", {"AB": {"highway": "footway", "oneway:foot": "yes"}})
    streets, table, out = (tmp_path / name for name in ("city.osm", "b.csv", "out.gpkg"))
    streets.write_text(city.osm(), encoding="utf-8")
    at = city.place("B")
    table.write_text(f"id,lon,lat\nB,{at.x},{at.y}\n", encoding="utf-8")
    files = ["--network", str(streets), "--stations", str(table), "--coordinates", "wgs84"]

    def area(*options: str) -> float:
        assert main(["areas", *files, "--minutes", "5", "--out", str(out), *options]) == 0
        return gpd.read_file(out)["area_km2"].iloc[0]

    assert area() > 4 * area("--towards", "demand")


@pytest.mark.parametrize(
    ("arguments", "said"),
    [
        (["--out", "circles.csv"], ".gpkg, .geojson"),
        (["--out", "circles.gpkg", "--minutes", "-1"], "not negative"),
        (["--out", "circles.gpkg", "--speed", "0"], "above 0"),
    ],
)
def test_wrong_options_are_refused(config, capsys, arguments, said):
    assert said in refused(["areas", *flags(config, "network", "stations"), *arguments], capsys)
    assert not Path("circles.gpkg").exists()


def test_a_wrong_box_is_refused(config, capsys):
    source = str(config.parent / "streets.geojson")
    line = refused(["network", "build", source, "--out", "x", "--clip", "1,2,3"], capsys)
    assert "west,south,east,north" in line


def test_it_runs_under_the_c_locale_with_chinese_paths(config):
    """Also the installed way: a process of its own."""
    code = "import sys; from servicecircle.cli import main; sys.exit(main())"
    source = str(Path(__file__).parents[1] / "src" / "coverage")
    environment = {**os.environ, "LC_ALL": "C", "PYTHONPATH": source}
    done = subprocess.run(
        [sys.executable, "-c", code, "plan", str(config)],
        env=environment,
        capture_output=True,
        check=False,
        timeout=300,
    )
    assert done.returncode == 0, done.stderr.decode(errors="replace")
    assert {path.name for path in (config.parent / "results").iterdir()} == FILES
