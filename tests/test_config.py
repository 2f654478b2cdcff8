from pathlib import Path

import pytest

from servicecircle.config import read_config
from servicecircle.errors import InputError
from servicecircle.samples import wuhan

LEAST = """
[inputs]
network = "streets.parquet"
demand = "workers.csv"
candidates = "shops.csv"
[plan]
n_open = 3
"""


def write(folder: Path, text: str) -> Path:
    path = folder / "plan.toml"
    path.write_text(text, encoding="utf-8")
    return path


def test_paths_are_read_from_the_folder_of_the_file(tmp_path):
    settings = read_config(write(tmp_path, LEAST))
    assert settings.inputs.network == tmp_path / "streets.parquet"
    assert settings.output.folder == tmp_path / "plan"


def test_absolute_paths_stay(tmp_path):
    text = LEAST.replace("streets.parquet", "/data/streets.parquet")
    settings = read_config(write(tmp_path, text))
    assert settings.inputs.network == Path("/data/streets.parquet")


def test_what_is_left_out_has_the_programmes_defaults(tmp_path):
    settings = read_config(write(tmp_path, LEAST))
    assert settings.standard.minutes == (10.0, 15.0)
    assert settings.standard.speed is None  # the usual one of the mode
    assert settings.plan.aim == "most_covered"
    assert settings.inputs.stations is None
    assert settings.inputs.coordinates == "auto"


def test_a_file_saved_by_notepad_with_a_byte_order_mark_is_read(tmp_path):
    path = tmp_path / "plan.toml"
    path.write_bytes(b"\xef\xbb\xbf" + LEAST.encode())
    assert read_config(path).plan.n_open == 3


def test_one_number_of_minutes_is_enough(tmp_path):
    settings = read_config(write(tmp_path, LEAST + "[standard]\nminutes = 12\n"))
    assert settings.standard.minutes == (12.0,)


def test_settings_cannot_be_changed(tmp_path):
    settings = read_config(write(tmp_path, LEAST))
    with pytest.raises(ValueError, match="frozen"):
        settings.plan.n_open = 4


@pytest.mark.parametrize(
    ("old", "new", "said"),
    [
        ("n_open = 3", "n_open = -1", r"\[plan\] n_open = -1"),
        ("n_open = 3", "n_open = 1.5", r"\[plan\] n_open = 1.5"),
        ("n_open = 3", "n_open = true", r"\[plan\] n_open = True"),
        ("n_open = 3", "", r"\[plan\] n_open is missing"),
        ("n_open = 3", "n_opne = 3", r"\[plan\] n_opne is not a known setting"),
        ("n_open = 3", 'n_open = 3\naim = "best"', r"aim = 'best'"),
        ("n_open = 3", "n_open = 3\ngap = 1.0", r"gap = 1\.0"),
        ("n_open = 3", "n_open = 3\ntime_limit = nan", r"time_limit = nan"),
        ("[plan]", "[standard]\nspeed = 0\n[plan]", "above 0 km/h"),
        ("[plan]", "[standard]\nminutes = []\n[plan]", "`minutes` is empty"),
        ("[plan]", "[standard]\nminutes = [-5]\n[plan]", "not negative"),
        ("[plan]", "[inputs2]\nx = 1\n[plan]", r"\[inputs2\] is not a known setting"),
        ("[plan]", '[output]\nlanguage = "fr"\n[plan]', "language = 'fr'"),
    ],
)
def test_a_wrong_setting_is_named_with_its_table(tmp_path, old, new, said):
    with pytest.raises(InputError, match=said):
        read_config(write(tmp_path, LEAST.replace(old, new)))


def test_all_faults_are_named_at_once(tmp_path):
    with pytest.raises(InputError) as raised:
        read_config(write(tmp_path, "[plan]\nn_open = -1\n"))
    assert "[inputs] is missing" in str(raised.value)
    assert "n_open = -1" in str(raised.value)


def test_a_file_that_is_not_toml_or_not_there_is_named(tmp_path):
    with pytest.raises(InputError, match=r"plan\.toml.*not valid TOML"):
        read_config(write(tmp_path, "[inputs"))
    with pytest.raises(InputError, match=r"none\.toml"):
        read_config(tmp_path / "none.toml")
    path = tmp_path / "gbk.toml"
    path.write_bytes(LEAST.encode() + "# 武汉".encode("gb18030"))
    with pytest.raises(InputError, match="UTF-8"):
        read_config(path)


def test_the_demos_settings_are_valid_and_its_files_are_there():
    settings = read_config(wuhan().plan)
    inputs = settings.inputs
    files = (inputs.network, inputs.stations, inputs.demand, inputs.candidates, inputs.districts)
    assert all(path.is_file() for path in files)
    assert settings.plan.n_open == 12


def test_rules_of_a_plan_are_the_keywords_of_choose_sites(tmp_path):
    import inspect

    from servicecircle.siting import choose_sites

    text = LEAST + (
        'aim = "fairest"\nbudget = 50000\nat_least = { district = 1 }\n'
        "floor = { group = { \"骑手\" = 0.6 } }\nmin_spacing = 300\nexclusive = [['C1', 'C2']]\n"
    )
    plan = read_config(write(tmp_path, text)).plan
    assert plan.at_least == {"district": 1}
    assert plan.floor == {"group": {"骑手": 0.6}}
    assert plan.exclusive == (("C1", "C2"),)
    assert set(dict(plan)) <= set(inspect.signature(choose_sites).parameters)


def test_without_rules_a_plan_leaves_the_defaults_of_choose_sites(tmp_path):
    import inspect

    from servicecircle.siting import choose_sites

    known = inspect.signature(choose_sites).parameters
    for name, value in dict(read_config(write(tmp_path, LEAST)).plan).items():
        if name != "n_open":
            assert (value or None) == (known[name].default or None), name
