import json
import tomllib
from pathlib import Path

import pytest

from servicecircle import samples
from servicecircle.cli import main
from servicecircle.errors import InputError


def test_the_demo_city_is_found_in_a_clone(root):
    city = samples.wuhan()
    for path in (city.streets, city.stations, city.workers, city.shops, city.districts, city.plan):
        assert path.is_file()
        assert path.parent == root / "data" / "wuhan"
    assert city.coordinates == "gcj02"
    assert "OpenStreetMap" in city.attribution


def test_an_installed_copy_is_found_before_a_clone(tmp_path, monkeypatch):
    folder = tmp_path / "_data" / "wuhan"
    folder.mkdir(parents=True)
    (folder / "plan.toml").touch()
    monkeypatch.setattr(samples, "_FOLDERS", (tmp_path / "_data", tmp_path / "data"))
    assert samples.wuhan().streets == folder / "streets.parquet"


def test_a_missing_demo_city_is_an_error_with_a_cure(tmp_path, monkeypatch):
    monkeypatch.setattr(samples, "_FOLDERS", (tmp_path,))
    with pytest.raises(InputError, match="Clone the project"):
        samples.wuhan()


def test_a_wheel_carries_every_file_of_the_city(root):
    settings = tomllib.loads((root / "pyproject.toml").read_text(encoding="utf-8"))
    carried = settings["tool"]["hatch"]["build"]["targets"]["wheel"]["force-include"]
    files = {f"data/wuhan/{file.name}" for file in samples.wuhan().files}
    assert set(carried) == files | {"data/SOURCES.md"}
    assert {path.name for path in (root / "data" / "wuhan").iterdir() if path.is_file()} == {
        Path(file).name for file in files
    }


def test_the_demo_is_planned_where_it_can_be_changed_and_changes_stay(tmp_path, capsys):
    out = tmp_path / "示例 demo"
    assert main(["demo", "--out", str(out), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["plan"]["sites"]) == 12
    plan = out / "plan.toml"
    changed = plan.read_text(encoding="utf-8").replace("n_open = 12", "n_open = 1")
    plan.write_text(changed, encoding="utf-8")
    assert main(["demo", "--out", str(out), "--json"]) == 0
    assert len(json.loads(capsys.readouterr().out)["plan"]["sites"]) == 1
    assert (out / "plan" / "map.html").is_file()
