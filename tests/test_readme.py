"""What the README and the docs promise is what happens."""

import json
import re
import runpy
from pathlib import Path

import pytest

from servicecircle import config, samples
from servicecircle.cli import main
from servicecircle.errors import UnsnappedWarning

DOCS = (
    "README.md",
    "README.zh.md",
    "CONTRIBUTING.md",
    "SECURITY.md",
    "docs/command-line.md",
    "data/SOURCES.md",
)


@pytest.fixture(scope="module")
def readme(root) -> str:
    return (root / "README.md").read_text(encoding="utf-8")


def blocks(text: str, language: str) -> list[str]:
    return re.findall(rf"^```{language}\n(.*?)^```", text, flags=re.MULTILINE | re.DOTALL)


def test_the_two_commands_stand_in_the_readme(readme):
    commands = [block.strip() for block in blocks(readme, "")]
    assert "python -m pip install -e . && servicecircle plan data/wuhan/plan.toml" in commands
    assert 'python -m pip install -e ".[test]" && python -m pytest' in commands


@pytest.mark.filterwarnings("ignore::servicecircle.errors.InputWarning")
@pytest.mark.filterwarnings(f"ignore::{UnsnappedWarning.__module__}.UnsnappedWarning")
@pytest.mark.parametrize(
    ("name", "made"), [("README.md", "plan.html"), ("README.zh.md", "plan.docx")]
)
def test_the_quick_start_runs_as_it_stands(name, made, root, tmp_path, monkeypatch):
    text = (root / name).read_text(encoding="utf-8")
    (quick_start,) = [block for block in blocks(text, "python") if "choose_sites" in block]
    assert len(quick_start.splitlines()) <= 10
    (tmp_path / "data").symlink_to(root / "data")
    monkeypatch.chdir(tmp_path)
    (tmp_path / "quick_start.py").write_text(quick_start, encoding="utf-8")
    names = runpy.run_path(str(tmp_path / "quick_start.py"))
    assert len(names["plan"].sites) == 12
    assert (tmp_path / made).stat().st_size > 100_000


def test_the_demo_is_proved_and_prints_the_figures_shown(readme, root, tmp_path, capsys):
    assert main(["plan", str(samples.wuhan().plan), "--out", str(tmp_path)]) == 0
    printed = [line.rstrip() for line in capsys.readouterr().out.splitlines()[:5]]
    for text in (readme, (root / "README.zh.md").read_text(encoding="utf-8")):
        (shown,) = [block for block in blocks(text, "") if "covered today" in block]
        assert shown.rstrip().splitlines() == printed
    summary = json.loads((tmp_path / "summary.json").read_text(encoding="utf-8"))
    assert summary["plan"]["status"] == "proved"
    assert len(summary["plan"]["sites"]) == 12
    assert 0.45 < summary["coverage_before"][-1]["share"] < 0.6
    assert summary["inputs"]["demand"]["status"] == {
        "ok": 2990,
        "unsnapped": 3,
        "bad_number": 3,
        "no_geometry": 2,
        "bad_coordinates": 2,
    }
    assert (tmp_path / "map.html").stat().st_size < 900_000


@pytest.mark.parametrize("name", DOCS)
def test_links_lead_to_files(root, name):
    text = (root / name).read_text(encoding="utf-8")
    for target in re.findall(r"\]\(([^)#]+)\)", text):
        if not target.startswith("http"):
            assert (root / name).parent.joinpath(target).exists(), target


def test_the_settings_in_the_docs_are_valid(root, tmp_path):
    text = (root / "docs" / "command-line.md").read_text(encoding="utf-8")
    (example,) = blocks(text, "toml")
    path = tmp_path / "plan.toml"
    path.write_text(example, encoding="utf-8")
    settings = config.read_config(path)
    for part in (settings, settings.inputs, settings.standard, settings.plan, settings.output):
        left_out = set(type(part).model_fields) - part.model_fields_set
        assert not left_out, left_out


def test_every_command_in_the_docs_exists(root, capsys):
    text = (root / "docs" / "command-line.md").read_text(encoding="utf-8")
    for command in re.findall(r"^servicecircle (\w+) ", text, flags=re.MULTILINE):
        assert main([command, "--help"]) == 0
    assert "Usage: servicecircle" in capsys.readouterr().out


@pytest.mark.parametrize("name", DOCS)
def test_no_machine_path_in_the_docs(root, name):
    text = (root / name).read_text(encoding="utf-8")
    assert not re.search(r"(?<![\w.])/(home|root|work|tmp|Users)/", text)
    assert Path(root / name).is_file()
