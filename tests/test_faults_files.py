"""Files, caches, disks and processes that fail: rows 68 to 95 of docs/faults.md."""

from __future__ import annotations

import ast
import bz2
import contextlib
import gzip
import inspect
import json
import os
import re
import signal
import struct
import subprocess
import sys
import threading
import time
import zipfile
from pathlib import Path

import numpy as np
import osmium
import pandas as pd
import pytest
from networkx.utils import graphs_equal

import servicecircle as sc
import town
from cities import City
from servicecircle._kernel import batch
from servicecircle._store import past_cache, write_atomically
from servicecircle.errors import CacheError, InputError, NetworkError, NetworkWarning
from test_download import server  # noqa: F401 – a fixture

PACKAGE = Path(sc.__file__).parent
SOURCES = {path: ast.parse(path.read_text(encoding="utf-8")) for path in PACKAGE.rglob("*.py")}
PLACE = "Made-up district"


def run(code, folder, **environment):
    """Start a Python process of its own in a folder; its tests are the town's modules."""
    paths = [str(PACKAGE.parent), str(Path(__file__).parent)]
    return subprocess.Popen(
        [sys.executable, "-c", code],
        cwd=folder,
        env={**os.environ, "PYTHONPATH": os.pathsep.join(paths), **environment},
        stdout=subprocess.PIPE,
        stderr=subprocess.PIPE,
        text=True,
    )


def ended(process, seconds=120):
    out, err = process.communicate(timeout=seconds)
    return process.returncode, out, err


def writers():
    """Give everything that writes a file, by the name of the file."""
    found = sc.measure_coverage(town.network(), town.stations(), town.workers(), minutes=[5, 10])
    return {
        "map.html": lambda path: sc.save_map(sc.map_coverage(found), path),
        "report.xlsx": lambda path: sc.write_report(found, path),
        "report.gpkg": lambda path: sc.write_report(found, path),
        "reach.parquet": found.reach.save,
        "network": town.network().save,
    }


# --- 68 to 83: files, cache, disk


@pytest.mark.usefixtures("server")
def test_a_torn_download_cache_is_passed_by(tmp_path):
    """Faults 68: OSMnx alone fails on every later run."""
    whole = sc.download_network(PLACE)
    for file in (tmp_path / "cache").iterdir():
        file.write_text(file.read_text(encoding="utf-8")[:40], encoding="utf-8")
    with pytest.warns(NetworkWarning, match="cache.*is passed by"):
        again = sc.download_network(PLACE)
    assert again.street_cost.tolist() == whole.street_cost.tolist()


@pytest.mark.usefixtures("server")
def test_a_cache_that_cannot_be_written_is_passed_by(tmp_path, monkeypatch):
    """Faults 72: a file lies where the folder should be, which stops even the superuser."""
    import osmnx

    (tmp_path / "file").write_text("x", encoding="utf-8")
    monkeypatch.setattr(osmnx.settings, "cache_folder", str(tmp_path / "file" / "cache"))
    with pytest.warns(NetworkWarning, match="cache.*is passed by"):
        assert len(sc.download_network(PLACE).ends) > 0
    assert osmnx.settings.use_cache


def test_other_errors_pass_the_cache_by_without_a_second_try():
    """Faults 72."""
    asked = []

    def ask():
        asked.append(1)
        raise KeyError("x")

    with pytest.raises(KeyError):
        past_cache(ask)
    assert asked == [1]


def test_a_cut_reach_file_is_one_clear_error(tmp_path):
    """Faults 68."""
    reach = sc.walk_times(town.network(), town.stations(), town.workers())
    path = tmp_path / "reach.parquet"
    reach.save(path)
    path.write_bytes(path.read_bytes()[:-100])
    with pytest.raises(CacheError, match=r"reach\.parquet"):
        sc.Reach.open(path)


def test_a_reader_never_sees_half_a_file(tmp_path):
    """Faults 69: one process saves again and again while another opens."""
    reach = sc.walk_times(town.network(), town.stations(), town.workers())
    path = tmp_path / "reach.parquet"
    reach.save(path)
    stop = threading.Event()

    def write():
        while not stop.is_set():
            reach.save(path)

    writers = [threading.Thread(target=write) for _ in range(2)]
    for writer in writers:
        writer.start()
    try:
        for _ in range(60):
            assert sc.Reach.open(path).minutes.nnz == reach.minutes.nnz
    finally:
        stop.set()
        for writer in writers:
            writer.join()
    assert [file.name for file in tmp_path.iterdir()] == ["reach.parquet"]


def test_a_killed_writer_leaves_the_old_file(tmp_path):
    """Faults 70."""
    target = tmp_path / "out.bin"
    target.write_bytes(b"old")
    code = (
        "import sys, time\n"
        "from servicecircle._store import write_atomically\n"
        "with write_atomically('out.bin') as path, path.open('wb') as file:\n"
        "    file.write(b'x' * 10_000_000)\n"
        "    file.flush()\n"
        "    print('half', flush=True)\n"
        "    time.sleep(60)\n"
    )
    process = run(code, tmp_path)
    assert process.stdout.readline() == "half\n"
    process.kill()
    ended(process)
    assert target.read_bytes() == b"old"
    with write_atomically(target) as path:
        path.write_bytes(b"new")
    assert target.read_bytes() == b"new"


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no limit on the size of a file")
def test_a_full_disk_leaves_nothing_behind(tmp_path):
    """Faults 71: no file may grow beyond 1,000 bytes."""
    code = (
        "import resource, signal\n"
        "from pathlib import Path\n"
        "from test_faults_files import writers\n"
        "found = writers()\n"
        "signal.signal(signal.SIGXFSZ, signal.SIG_IGN)\n"
        "resource.setrlimit(resource.RLIMIT_FSIZE, (1000, 1000))\n"
        "for name, write in found.items():\n"
        "    try:\n"
        "        write(Path('out') / name)\n"
        "    except Exception as error:\n"
        "        print(name)\n"
    )
    returned, out, err = ended(run(code, tmp_path))
    assert returned == 0, err
    assert out.split() == list(writers())
    assert list((tmp_path / "out").iterdir()) == []


@pytest.mark.parametrize(
    "name", ["CON.html", "nul.xlsx", "com1.gpkg", "LPT9", "长" * 100 + ".html"]
)
def test_names_that_some_computer_cannot_hold_are_refused(tmp_path, name):
    """Faults 74."""
    suffix = Path(name).suffix
    write = next(w for known, w in writers().items() if Path(known).suffix == suffix)
    with pytest.raises(InputError, match="choose a"):
        write(tmp_path / name)
    assert list(tmp_path.iterdir()) == []


@pytest.mark.parametrize("name", ["长" * 2000, "a\0b", "C:\\nowhere\\x"])
@pytest.mark.parametrize("read", [sc.read_network, sc.read_sites])
def test_names_that_cannot_be_opened_are_no_files(read, name):
    """Faults 74."""
    with pytest.raises(InputError, match="There is no file"):
        read(name + ".geojson")


@pytest.mark.usefixtures("server")
@pytest.mark.parametrize("name", ["../../x", "CON", "汉口" * 2500])
def test_a_place_name_never_becomes_a_path(tmp_path, name):
    """Faults 75: OSMnx's cache names files by a digest."""
    sc.download_network(name)
    files = [path for path in tmp_path.rglob("*") if path.is_file()]
    assert files
    assert all(re.fullmatch(r"[0-9a-f]{40}\.json", file.name) for file in files)


def test_a_saved_network_does_not_lead_out_of_its_folder(tmp_path):
    """Faults 76."""
    town.network().save(tmp_path / "town")
    arrays = tmp_path / "town" / "metres.npy"
    arrays.rename(tmp_path / "elsewhere.npy")
    arrays.symlink_to(tmp_path / "elsewhere.npy")
    with pytest.raises(CacheError, match=r"files elsewhere: \['metres.npy'\]"):
        sc.read_network(tmp_path / "town")


def test_the_list_of_a_saved_network_does_not_lead_out_either(tmp_path):
    """Faults 76."""
    town.network().save(tmp_path / "town")
    head = tmp_path / "town" / "network.json"
    listed = json.loads(head.read_text(encoding="utf-8"))
    listed["files"]["../plan.toml"] = "1-2"
    head.write_text(json.dumps(listed), encoding="utf-8")
    with pytest.raises(CacheError, match="files elsewhere"):
        sc.read_network(tmp_path / "town")


def test_an_open_network_stays_what_it_was_when_another_is_saved_there(tmp_path):
    """Faults 78: files are replaced, never changed."""
    City("A---B").network(tmp_path).save(tmp_path / "saved")
    first = sc.read_network(tmp_path / "saved")
    City("A---B---C\n    |\n    D").network(tmp_path).save(tmp_path / "saved")
    assert len(first.node_xy) == 2
    assert np.isfinite(first.shape_xy).all()
    assert len(sc.read_network(tmp_path / "saved").node_xy) == 4


def blocks_of(path):
    """Find where the blocks of a .osm.pbf end: length, header with the size of its blob, blob."""
    data, ends = path.read_bytes(), [0]
    while ends[-1] < len(data):
        at = ends[-1]
        size = struct.unpack(">I", data[at : at + 4])[0]
        header = data[at + 4 : at + 4 + size]
        place, length, shift = header.rindex(b"\x18") + 1, 0, 0  # field 3: datasize
        while True:
            length |= (header[place] & 127) << shift
            if header[place] < 128:
                break
            place, shift = place + 1, shift + 7
        ends.append(at + 4 + size + length)
    assert ends[-1] == len(data)
    return ends[1:]


@pytest.fixture(scope="module")
def long_street(tmp_path_factory):
    """Three blocks of nodes, one of ways: a street of 20,000 nodes in ways of 100."""
    path = tmp_path_factory.mktemp("pbf") / "long.osm.pbf"
    count = 20_000
    with osmium.SimpleWriter(path) as writer:
        for node in range(count):
            at = 114 + node * 1e-5, 30.6
            writer.add_node(osmium.osm.mutable.Node(id=node + 1, version=1, location=at))
        for way in range(count // 100):
            nodes = range(way * 100 + 1, min(way * 100 + 102, count + 1))
            tags = {"highway": "residential"}
            writer.add_way(osmium.osm.mutable.Way(id=way + 1, version=1, nodes=nodes, tags=tags))
    return path


def test_a_pbf_cut_between_two_blocks_of_nodes_is_refused(long_street, tmp_path):
    """Faults 79: osmium alone reads what is left without a word."""
    ends = blocks_of(long_street)
    assert len(ends) == 5
    assert len(sc.read_network(long_street).ends) > 0
    data, cut = long_street.read_bytes(), tmp_path / "cut.osm.pbf"
    for end in ends[:-1]:  # after the header and after each block of nodes
        cut.write_bytes(data[:end])
        with pytest.raises(NetworkError, match=r"cut\.osm\.pbf"):
            sc.read_network(cut)
    cut.write_bytes(data[: ends[1]] + data[ends[3] :])  # 8,000 of 20,000 nodes are left
    with pytest.raises(NetworkError, match="lacks 60% of the nodes"):
        sc.read_network(cut)
    cut.write_bytes(data[: ends[2]] + data[ends[3] :])  # 16,000
    with pytest.warns(NetworkWarning, match=r"lacks 20\.\d% of the nodes"):
        sc.read_network(cut)


@pytest.mark.parametrize("seed", range(12))
def test_a_damaged_pbf_gives_named_errors_only(long_street, tmp_path, seed):
    """Faults 79: bits are flipped and ends cut off at random."""
    random = np.random.default_rng(seed)
    data = bytearray(long_street.read_bytes())
    for at in random.integers(0, len(data), 5):
        data[at] ^= 1 << int(random.integers(8))
    path = tmp_path / "bad.osm.pbf"
    path.write_bytes(data[: int(random.integers(len(data) // 2, len(data) + 1))])
    with contextlib.suppress(NetworkError):
        assert np.isfinite(sc.read_network(path).metres).all()


TAG = b'<osm version="0.6"><node id="1" lat="1" lon="1"><tag k="n" v="'


@pytest.mark.parametrize("pack", [gzip.compress, bz2.compress])
def test_a_packed_bomb_is_refused_before_it_is_read(tmp_path, pack):
    """Faults 80: 70 MB of one letter in 70 kB or less."""
    suffix = {"gzip": ".gz", "bz2": ".bz2"}[pack.__module__]
    path = tmp_path / f"bomb.osm{suffix}"
    path.write_bytes(pack(TAG + b"a" * 70_000_000))
    started = time.process_time()
    with pytest.raises(InputError, match="unpacks to more than 200 times"):
        sc.read_network(path)
    assert time.process_time() - started < 20


def test_a_workbook_that_is_a_bomb_is_refused(tmp_path):
    """Faults 80."""
    path = tmp_path / "bomb.xlsx"
    with zipfile.ZipFile(path, "w", zipfile.ZIP_DEFLATED) as book:
        book.writestr("xl/worksheets/sheet1.xml", b"a" * 70_000_000)
    with pytest.raises(InputError, match="unpacks to more than 200 times"):
        sc.read_sites(path)


ENTITIES = (
    '<?xml version="1.0"?><!DOCTYPE osm [<!ENTITY a "aaaaaaaaaa"><!ENTITY b "&a;&a;">'
    '<!ENTITY c SYSTEM "file:///etc/hostname">]>'
)


@pytest.mark.parametrize("name", ["bomb.osm", "bomb.graphml"])
def test_xml_with_entities_is_refused(tmp_path, name):
    """Faults 80."""
    body = '<osm version="0.6"><node id="1" lat="1" lon="1"><tag k="n" v="&b;&c;"/></node></osm>'
    (tmp_path / name).write_text(ENTITIES + body, encoding="utf-8")
    with pytest.raises(NetworkError, match=name):
        sc.read_network(tmp_path / name)


def names_used():
    """Everything that the package imports or calls by name."""
    for path, tree in SOURCES.items():
        for node in ast.walk(tree):
            if isinstance(node, ast.Import):
                yield from ((path, name.name) for name in node.names)
            elif isinstance(node, ast.ImportFrom):
                yield path, node.module or ""
            elif isinstance(node, ast.Call):
                yield path, getattr(node.func, "id", getattr(node.func, "attr", ""))


def test_nothing_is_pickled_or_evaluated(tmp_path):
    """Faults 81."""
    used = {name.split(".")[0] for _, name in names_used()}
    assert not used & {"pickle", "cPickle", "dill", "cloudpickle", "joblib", "shelve", "marshal"}
    assert not used & {"eval", "exec", "read_pickle", "to_pickle", "yaml"}
    pd.DataFrame({"id": ["a"]}).to_pickle(tmp_path / "sites.pkl")
    with pytest.raises(InputError, match="not a table we read"):
        sc.read_sites(tmp_path / "sites.pkl")


def test_an_array_of_objects_in_a_saved_network_is_refused(tmp_path):
    """Faults 81: even with the right sum in the list."""
    from servicecircle.networks.saved import _fingerprint

    town.network().save(tmp_path / "town")
    np.save(tmp_path / "town" / "metres.npy", np.array([{"a": 1}], object), allow_pickle=True)
    head = tmp_path / "town" / "network.json"
    listed = json.loads(head.read_text(encoding="utf-8"))
    listed["files"]["metres.npy"] = _fingerprint(tmp_path / "town" / "metres.npy")
    head.write_text(json.dumps(listed), encoding="utf-8")
    with pytest.raises(CacheError, match="not a whole saved network"):
        sc.read_network(tmp_path / "town")


READERS = {
    "network": sc.read_network,
    "sites": sc.read_sites,
    "demand": sc.read_demand,
    "districts": sc.read_districts,
    "buildings": sc.demand_from_buildings,
    "candidates": sc.candidates_from_osm,
    "raster": sc.demand_from_raster,
    "description": sc.describe_table,
}
ADDRESSES = [
    "https://a.example/x.gpkg",
    "/vsicurl/https://a.example/x.gpkg",
    "/VSIzip/x.zip/x.gpkg",
]


@pytest.mark.parametrize("read", READERS.values(), ids=READERS)
@pytest.mark.parametrize("address", [*ADDRESSES, "s3://bucket/x.parquet", "zip://x.zip!x.geojson"])
def test_an_address_is_not_a_file(read, address):
    """Faults 82."""
    with pytest.raises(InputError, match="not a file on this computer"):
        read(address)


@pytest.mark.parametrize("name", ["a.vrt", "a.geojson", "a.gpkg", "a.json"])
@pytest.mark.parametrize("kind", ["network", "sites", "districts"])
def test_a_file_that_points_to_another_is_not_followed(tmp_path, name, kind):
    """Faults 82: whatever the pointer is called."""
    town.write_town(tmp_path)
    pointer = (
        '<OGRVRTDataSource><OGRVRTLayer name="streets"><SrcDataSource>'
        f"{tmp_path / 'streets.geojson'}</SrcDataSource></OGRVRTLayer></OGRVRTDataSource>"
    )
    (tmp_path / name).write_text(pointer, encoding="utf-8")
    with pytest.raises(InputError, match=r"not a \.|no known kind|not a table"):
        READERS[kind](tmp_path / name)


def test_heights_come_from_plain_rasters_only(tmp_path):
    """Faults 82: a GDAL .vrt could lead anywhere."""
    city = City("A---B")
    (tmp_path / "dem.vrt").write_text('<VRTDataset rasterXSize="1" rasterYSize="1"/>')
    with pytest.raises(InputError, match=r"dem\.vrt"):
        city.network(tmp_path, elevation=tmp_path / "dem.vrt")


def test_the_clock_of_a_file_says_nothing(tmp_path):
    """Faults 83: 1970 and 2100 are as good as today; nothing reads the time of a change."""
    town.network().save(tmp_path / "town")
    for k, file in enumerate(sorted((tmp_path / "town").iterdir())):
        os.utime(file, (0, 0) if k % 2 else (4_102_444_800, 4_102_444_800))
    again = sc.read_network(tmp_path / "town")
    assert graphs_equal(again.to_networkx(), sc.read_network(tmp_path / "town").to_networkx())
    assert again.street_cost.tolist() == town.network().street_cost.tolist()
    for path, tree in SOURCES.items():
        names = {node.attr for node in ast.walk(tree) if isinstance(node, ast.Attribute)}
        assert not names & {"st_mtime", "st_ctime", "getmtime", "st_mtime_ns"}, path


# --- 84 to 95: processes. The library has threads and no processes of its own.


def test_there_are_no_processes_to_lose():
    """Faults 84, 85, 86, 88, 91, 93: nothing forks, spawns or restarts."""
    users = {path.name for path, name in names_used() if name.split(".")[0] == "subprocess"}
    assert users <= {"pictures.py"}  # asks a browser for a picture
    names = {name for _, name in names_used()}
    heads = {name.split(".")[0] for name in names}
    assert not heads & {"multiprocessing", "loky", "joblib", "ray", "distributed", "fork"}
    assert not names & {"ProcessPoolExecutor", "Popen", "system", "spawn"}


def test_an_error_in_one_part_of_the_work_is_raised_as_itself(monkeypatch):
    """Faults 89: and the threads are gone."""
    monkeypatch.setattr(batch, "FEWEST", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)

    def kernel(part):
        if 7 in part:
            raise InputError("seven")
        return part

    before = threading.active_count()
    with pytest.raises(InputError, match="seven"):
        batch.in_threads(kernel, np.arange(64))
    assert threading.active_count() == before


def test_parts_that_end_in_any_order_come_back_in_order(monkeypatch):
    """Faults 90."""
    monkeypatch.setattr(batch, "FEWEST", 1)
    monkeypatch.setattr(os, "cpu_count", lambda: 4)

    def kernel(part):
        time.sleep(0.05 if part[0] == 0 else 0.0)
        return part

    parts = batch.in_threads(kernel, np.arange(64))
    assert len(parts) > 1
    assert np.concatenate(parts).tolist() == list(range(64))


@pytest.mark.skipif(sys.platform == "win32", reason="Windows has no SIGINT to send")
def test_control_c_ends_a_plan_at_once(tmp_path):
    """Faults 87: with the usual exception."""
    code = (
        "import town, servicecircle as sc\n"
        "def tell(*_): print('at it', flush=True)\n"
        "asked = town.network(), town.shops(), town.workers()\n"
        "while True:\n"
        "    sc.choose_sites(*asked, n_open=2, minutes=10)\n"
        "    tell()\n"
    )
    process = run(code, tmp_path)
    assert process.stdout.readline() == "at it\n"
    process.send_signal(signal.SIGINT)
    returned, _, err = ended(process, 20)  # fails if it takes longer; 2 s on a quiet machine
    assert returned != 0
    assert "KeyboardInterrupt" in err


def test_a_script_needs_no_main_guard(tmp_path):
    """Faults 92: run as typed, with more places than one thread takes."""
    code = (
        "import pandas as pd, town, servicecircle as sc\n"
        "people = pd.concat([town.workers().add_prefix('', axis=0)] * 8).reset_index(drop=True)\n"
        "reach = sc.walk_times(town.network(), people, town.workers(), cutoff=10)\n"
        "print(reach.minutes.nnz)\n"
    )
    returned, out, err = ended(run(code, tmp_path))
    assert returned == 0, err
    assert int(out) > 8 * len(town.workers())


def test_no_function_takes_code_that_would_have_to_travel():
    """Faults 94: the only callable is the progress of a plan, which stays in its process."""
    public = [getattr(sc, name) for name in sc.__all__]
    for function in filter(inspect.isfunction, public):
        for name, parameter in inspect.signature(function).parameters.items():
            assert "Callable" not in str(parameter.annotation) or name == "progress", function


def test_a_plan_ends_in_time():
    """Faults 95, 97: the only work that could go on for ever has a limit, and says so."""
    started = time.monotonic()
    plan = sc.choose_sites(town.network(), town.shops(), town.workers(), n_open=2, time_limit=0.0)
    assert time.monotonic() - started < 30
    assert plan.status in ("time_limit", "proved")
    assert plan.bound >= plan.value
