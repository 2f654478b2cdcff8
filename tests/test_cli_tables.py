"""What the command line makes of tables: systems told from streets, standards, the check-up."""

import json

import geopandas as gpd
import openpyxl
import pandas as pd
import pytest

import servicecircle as sc
import town
from servicecircle.cli import main
from servicecircle.config import read_config
from test_cli import edit, flags, refused, use_standard


@pytest.fixture
def config(tmp_path):
    return town.write_town(tmp_path / "城 town")


def test_a_presets_minutes_hold_unless_others_are_given(config):
    folder = config.parent
    use_standard(folder, 'preset = "chiping"')
    assert read_config(config).standard.minutes == (15.0,)
    text = config.read_text(encoding="utf-8")
    config.write_text(text.replace("[standard]", "[standard]\nminutes = 7"), encoding="utf-8")
    assert read_config(config).standard.minutes == (7.0,)


def test_a_preset_that_states_no_minutes_leaves_both_rings(config):
    use_standard(config.parent, 'preset = "miyun"')
    assert read_config(config).standard.minutes == (10.0, 15.0)


def test_a_standard_of_ones_own_lies_beside_the_plan(config, capsys):
    (config.parent / "ours.toml").write_text(
        'zh = "我区"\nminutes = [5]\n[[rules]]\ncheck = "has_sign"\nvalue = true\n'
        'zh = "须挂我区牌"\n',
        encoding="utf-8",
    )
    use_standard(config.parent, 'preset = "ours.toml"')
    assert main(["plan", str(config), "--json"]) == 0
    assert json.loads(capsys.readouterr().out)["parameters"]["minutes"] == [5.0]
    book = openpyxl.load_workbook(config.parent / "results" / "plan.xlsx")
    cells = [str(c) for page in book for row in page.iter_rows(values_only=True) for c in row]
    assert any("须挂我区牌" in cell for cell in cells)


def test_the_demo_tables_are_told_apart_by_their_streets(tmp_path, capsys):
    city = sc.samples.wuhan()
    out = tmp_path / "scores.gpkg"
    options = ["--network", str(city.streets), "--candidates", str(city.shops)]
    options += ["--demand", str(city.workers), "--out", str(out), "--standard", "fujian"]
    assert main(["score", *options, "--json"]) == 0
    said = capsys.readouterr()
    assert "workers.csv: coordinates detected as gcj02" in said.err
    rows = json.loads(said.out)["rows"]
    assert {"rank", "standard_passed"} <= set(rows[0])
    written = gpd.read_file(out)
    assert written["standard_zh"].notna().any()


def test_streets_that_do_not_tell_are_said_in_one_line(tmp_path, capsys):
    city = sc.samples.wuhan()
    options = ["--network", str(city.streets), "--stations", str(city.stations)]
    line = refused(["areas", *options, "--out", str(tmp_path / "a.gpkg")], capsys)
    assert "the streets do not tell" in line
    assert "由街道也无法判定" in line
    assert not list(tmp_path.iterdir())


def test_columns_to_keep_are_named_by_table(config, capsys):
    folder = config.parent
    shops = pd.read_csv(folder / "shops.csv")
    shops.assign(门头宽度="街道办", 楼龄="12").to_csv(folder / "shops.csv", index=False)
    out = folder / "scores.gpkg"
    options = flags(config, "network", "candidates", "demand")
    assert main(["score", *options, "--keep", "candidates:门头宽度", "--out", str(out)]) == 0
    written = gpd.read_file(out)
    assert set(written["门头宽度"]) == {"街道办"}
    assert "楼龄" not in written
    text = config.read_text(encoding="utf-8")
    kept = text.replace("[inputs]", '[inputs]\nkeep = { candidates = ["楼龄"] }')
    config.write_text(kept, encoding="utf-8")
    assert main(["plan", str(config)]) == 0
    heads = pd.read_excel(folder / "results" / "plan.xlsx", sheet_name=2, engine="openpyxl").columns
    assert "楼龄" in heads
    assert "门头宽度" not in heads
    capsys.readouterr()
    line = refused(["score", *options, "--keep", "门头宽度", "--out", str(out)], capsys)
    assert "--keep must read like candidates:门头宽度" in line
    line = refused(["score", *options, "--keep", "demand:没有", "--out", str(out)], capsys)
    assert "There is no column '没有'" in line


def test_a_table_is_described(config, capsys):
    path = str(config.parent / "workers.csv")
    assert main(["describe", path]) == 0
    said = capsys.readouterr().out
    assert said == repr(sc.describe_table(path)) + "\n"
    assert main(["describe", path, "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    assert answer["rows"] == 49
    assert len(answer["notes_zh"]) == len(answer["notes"])
    assert "workers" in [row["understood_as"] for row in answer["columns"]]


def test_a_table_that_is_not_there_or_no_table_is_one_line(config, capsys):
    assert "nowhere.xlsx" in refused(["describe", "nowhere.xlsx"], capsys)
    path = config.parent / "streets.xlsx"
    path.write_bytes(b"no workbook")
    assert "streets.xlsx" in refused(["describe", str(path)], capsys)


def spoil_stations(folder) -> None:
    more = {"满意度": "80%", "挂牌": "否", "状态": "正常", "名称": "=1+1"}
    edit(folder / "stations.csv", lambda t: t.drop(columns="name").assign(**more))


@pytest.mark.parametrize("suffix", [".xlsx", ".gpkg"])
def test_the_check_up_is_printed_and_written(config, capsys, suffix):
    spoil_stations(config.parent)
    out = config.parent / f"audit{suffix}"
    options = flags(config, "stations", "network", "demand")
    assert main(["audit", *options, "--minutes", "10", "--out", str(out), "--json"]) == 0
    answer = json.loads(capsys.readouterr().out)
    (row,) = answer["rows"]
    assert row["id"] == "S1"
    assert "满意度低于85%" in row["findings_zh"]
    if suffix == ".xlsx":
        page = openpyxl.load_workbook(out)["体检 Check-up"]
        assert "=1+1" in [cell.value for cell in page[2]]
        assert all(cell.data_type != "f" for cell in page[2])
    else:
        layer = gpd.read_file(out, layer="audit", engine="pyogrio")
        assert layer["workers"].item() > 0
        assert len(pd.DataFrame(gpd.read_file(out, layer="questions", engine="pyogrio"))) == 8


def test_the_check_up_needs_neither_streets_nor_workers(config, capsys):
    spoil_stations(config.parent)
    assert main(["audit", *flags(config, "stations"), "--standard", "miyun"]) == 0
    assert "unsatisfied" in capsys.readouterr().out


@pytest.mark.parametrize(
    ("more", "said"),
    [
        (["--out", "audit.csv"], ".xlsx, .gpkg"),
        (["--standard", "atlantis"], "no standard 'atlantis'"),
        (["--demand", "DEMAND"], "--network"),
    ],
)
def test_a_wrong_check_up_is_one_line(config, capsys, more, said):
    more = [str(config.parent / "workers.csv") if part == "DEMAND" else part for part in more]
    assert said in refused(["audit", *flags(config, "stations"), *more], capsys)
