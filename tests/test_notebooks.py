"""Every notebook runs, agrees with its .py, and carries no outputs."""

import os
import sys
from pathlib import Path

import jupytext
import nbformat
import pytest

NOTEBOOKS = sorted((Path(__file__).parents[1] / "notebooks").glob("*.ipynb"))


def test_there_is_a_notebook_of_the_whole_way():
    assert "01_service_circles.ipynb" in [path.name for path in NOTEBOOKS]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_the_pair_agrees(path):
    notebook, script = jupytext.read(path), jupytext.read(path.with_suffix(".py"))
    cells = [[(cell.cell_type, cell.source) for cell in book.cells] for book in (notebook, script)]
    assert cells[0] == cells[1]


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_no_outputs_are_kept(path):
    for cell in nbformat.read(path, as_version=4).cells:
        assert not cell.get("outputs")
        assert cell.get("execution_count") is None


@pytest.mark.parametrize("path", NOTEBOOKS, ids=lambda path: path.stem)
def test_it_runs_from_top_to_bottom(path, tmp_path, monkeypatch):
    from nbclient import NotebookClient

    source = str(path.parents[1] / "src" / "coverage")
    monkeypatch.setenv("PYTHONPATH", os.pathsep.join([source, *sys.path[1:]]))
    notebook = nbformat.read(path, as_version=4)
    resources = {"metadata": {"path": str(tmp_path)}}
    done = NotebookClient(
        notebook, timeout=300, kernel_name="python3", resources=resources
    ).execute()
    assert all(cell.execution_count for cell in done.cells if cell.cell_type == "code")
    assert (tmp_path / "out" / "map.html").is_file()
