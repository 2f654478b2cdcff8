import pytest

from servicecircle import samples
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
