"""The main job: plan.toml to a map, a workbook, a GeoPackage and a summary."""

from __future__ import annotations

import datetime as dt
import json
import math
import platform
import shutil
import tempfile
import time
from dataclasses import dataclass
from functools import partial
from importlib.metadata import PackageNotFoundError, version
from importlib.util import find_spec
from pathlib import Path
from typing import TYPE_CHECKING, Any

from servicecircle import __version__
from servicecircle.cli._inputs import (
    Reader,
    check_files,
    check_folder,
    district_outlines,
    require_joined,
    require_sheet,
    rules_of,
    speed_on,
)
from servicecircle.cli._screen import steps
from servicecircle.errors import InputError

if TYPE_CHECKING:
    from collections.abc import Callable, Mapping

    import geopandas as gpd
    import pandas as pd

    from servicecircle.config import Inputs, Settings
    from servicecircle.networks import WalkNetwork
    from servicecircle.siting import SitePlan
    from servicecircle.standards import Standard

LIBRARIES = (
    "numpy",
    "scipy",
    "pandas",
    "geopandas",
    "shapely",
    "pyproj",
    "numba",
    "highspy",
    "folium",
)


SENTENCES = ("rule_zh", "rule_en", "reason_zh", "reason_en", "mend_zh", "mend_en")


@dataclass(frozen=True)
class Job:
    """A plan and what it was made from; ``systems`` are those the tables were read as."""

    settings: Settings
    plan: SitePlan
    districts: gpd.GeoDataFrame | None
    systems: str
    seconds: float


def make_plan(settings: Settings, out: Path | None) -> tuple[dict[str, Any], list[Path]]:
    """Do the whole job; return the summary and the files written."""
    folder = out or settings.output.folder
    inputs = settings.inputs
    check_files(_files(inputs))
    check_folder(folder)
    if settings.output.document and find_spec("docx") is None:
        raise InputError('`document` needs python-docx: `pip install "servicecircle[report]"`.')
    with steps(5) as step:
        job = _compute(settings, step)
        summary = summary_of(job)
        step("写出地图与工作簿 writing the map and the workbook")
        writers = _writers(job, summary)
        write_folder(folder, writers)
    return summary, [folder / name for name in writers]


def _files(inputs: Inputs) -> dict[str, Path]:
    names = ("network", "elevation", "stations", "demand", "candidates", "districts")
    given = {name: getattr(inputs, name) for name in names}
    return {name: path for name, path in given.items() if isinstance(path, Path)}


def _compute(settings: Settings, step: Callable[[str], None]) -> Job:
    started = time.monotonic()
    inputs, standard, choice = settings.inputs, settings.standard, settings.plan
    step("读取街道 reading the streets")
    from servicecircle.networks import read_network
    from servicecircle.siting import choose_sites

    network = read_network(inputs.network, elevation=inputs.elevation, **standard.rules)
    step("读取表格 reading the tables")
    demand, candidates, stations = _read_tables(inputs, network)
    districts = (
        district_outlines(inputs.districts, inputs.districts_coordinates)
        if inputs.districts
        else None
    )
    step("步行、评分、选址 walking, scoring, choosing")
    plan = choose_sites(
        network,
        candidates,
        demand,
        existing=stations,
        minutes=standard.minutes,
        speed=speed_on(network, standard.speed),
        **dict(choice),
    )
    require_joined(plan.demand, "demand", network.max_access)
    require_joined(plan.candidates, "candidates", network.max_access)
    require_joined(plan.today.facilities, "stations", network.max_access)
    tables = (table for table in (demand, candidates, stations) if table is not None)
    systems = ", ".join(dict.fromkeys(str(table.attrs["coordinates"]) for table in tables))
    return Job(settings, plan, districts, systems, time.monotonic() - started)


def _read_tables(
    inputs: Inputs, network: WalkNetwork
) -> tuple[gpd.GeoDataFrame, gpd.GeoDataFrame, gpd.GeoDataFrame | None]:
    reader = Reader(inputs.coordinates, inputs.keep)
    candidates, demand, stations = reader.tables(
        inputs.candidates, inputs.demand, inputs.stations, network
    )
    require_sheet(demand, "demand")
    require_sheet(candidates, "candidates")
    return demand, candidates, stations


def _writers(job: Job, summary: dict[str, Any]) -> dict[str, Callable[[Path], None]]:
    """Return what writes each file of the folder."""
    from servicecircle.reports import write_report

    def write_summary(path: Path) -> None:
        text = json.dumps(summary, ensure_ascii=False, indent=2, allow_nan=False)
        path.write_text(text + "\n", encoding="utf-8")

    preset, output = job.settings.standard.preset, job.settings.output
    rules = rules_of(preset)
    about = _about(job, summary["made_on"])
    report = partial(write_report, job.plan, districts=job.districts, about=about, rules=rules)
    languages = ("zh", "en") if output.language == "both" else (output.language,)
    documents = languages if output.document else ()
    return {
        "map.html": partial(_write_map, job, rules, summary["made_on"]),
        "plan.xlsx": report,
        "plan.gpkg": report,
        **{f"plan_{name}.docx": partial(report, language=name) for name in documents},
        "summary.json": write_summary,
    }


def _about(job: Job, day: str) -> dict[str, object]:
    inputs = job.settings.inputs
    return {
        "note": inputs.note,
        "note_en": inputs.note_en,
        "vintage": inputs.vintage,
        "coordinates read as": job.systems,
        "made on": day,
        **{f"file: {name}": path.name for name, path in _files(inputs).items()},
    }


def _write_map(job: Job, rules: Standard | None, day: str, path: Path) -> None:
    from servicecircle.maps import map_plan, save_map

    inputs, output = job.settings.inputs, job.settings.output
    drawn = map_plan(
        job.plan,
        districts=job.districts,
        title=output.title or None,
        language=output.language,
        date=day,
        labels=[label.model_dump() for label in output.labels],
        notice=(inputs.note, inputs.note_en or inputs.note) if inputs.note else None,
        standard=rules,
    )
    save_map(drawn, path)


def write_folder(folder: Path, writers: Mapping[str, Callable[[Path], None]]) -> None:
    """Write all files beside the folder's own, then move them in; on failure leave none."""
    made = not folder.exists()
    try:
        folder.mkdir(parents=True, exist_ok=True)
        with tempfile.TemporaryDirectory(prefix=".writing-", dir=folder) as holder:
            for name, write in writers.items():
                write(Path(holder) / name)
            for name in writers:
                (Path(holder) / name).replace(folder / name)
    except BaseException as error:
        if made:
            shutil.rmtree(folder, ignore_errors=True)
        if isinstance(error, OSError):
            raise InputError(
                f"Cannot write to {str(folder)!r}: {error.strerror or error}."
            ) from error
        raise


def summary_of(job: Job) -> dict[str, Any]:
    """Every figure of a plan, ready for JSON; what is missing is null."""
    settings, plan = job.settings, job.plan
    tables = {
        "demand": plan.demand,
        "stations": plan.today.facilities,
        "candidates": plan.candidates,
    }
    summary = {
        "made_on": dt.datetime.now(dt.UTC).date().isoformat(),
        "note": settings.inputs.note,
        "coverage_before": _rows(plan.today.summary()),
        "coverage_after": _rows(plan.coverage.summary()),
        "plan": _plan_of(plan),
        "by_group": _by(plan, "group"),
        "by_district": _by(plan, job.districts if job.districts is not None else "district"),
        "inputs": {
            "vintage": settings.inputs.vintage,
            "coordinates": job.systems,
            "network": _network(job),
            **{name: _table(job, name, frame) for name, frame in tables.items()},
        },
        "parameters": {key: _plain(value) for key, value in plan.parameters.items()},
        "seed": settings.plan.seed,
        "seconds": round(job.seconds, 3),
        "versions": _versions(),
    }
    ready: dict[str, Any] = json_ready(summary)
    return ready


def _plan_of(plan: SitePlan) -> dict[str, Any]:
    return {
        "status": plan.status,
        "value": plan.value,
        "bound": plan.bound,
        "optimality_gap": plan.optimality_gap,
        "seconds": round(plan.seconds, 3),
        "aims": _rows(plan.aims),
        "sites": _sites(plan),
        "stations": _stations(plan),
        "conflicts": [
            {"rule": row["rule"], "ids": list(map(str, row["ids"]))}
            | {name: row[name] for name in SENTENCES if name in row.index}
            for _, row in plan.conflicts.iterrows()
        ],
    }


def _sites(plan: SitePlan) -> list[dict[str, Any]]:
    shown = ("order", "name", "gain", "covered_after", "share_after", "reason_en", "reason_zh")
    points = plan.sites.geometry.to_crs(4326)
    rows = []
    for (site, row), lon, lat in zip(plan.sites.iterrows(), points.x, points.y, strict=True):
        figures = {name: _plain(row[name]) for name in shown if name in row.index}
        rows.append({"id": str(site), "lon": lon, "lat": lat, **figures})
    return rows


def _stations(plan: SitePlan) -> list[dict[str, str]]:
    """Today's stations that close or are upgraded."""
    if "action" not in plan.existing.columns:
        return []
    changed = plan.existing.loc[plan.existing["action"] != "stays", "action"]
    return [{"id": str(one), "action": action} for one, action in changed.items()]


def _by(plan: SitePlan, by: str | gpd.GeoDataFrame) -> list[dict[str, Any]]:
    if isinstance(by, str) and by not in plan.demand.columns:
        return []
    before, after = plan.today.by(by), plan.coverage.by(by)
    return [
        {
            "name": _plain(name),
            "workers": row["workers"],
            "covered_before": before["covered"].iloc[place],
            "covered_after": row["covered"],
            "share_before": before["share"].iloc[place],
            "share_after": row["share"],
        }
        for place, (name, row) in enumerate(after.iterrows())
    ]


def _table(job: Job, name: str, frame: pd.DataFrame) -> dict[str, Any]:
    path = getattr(job.settings.inputs, name)
    counts = frame["status"].value_counts()
    return {
        "file": path.name if path else None,
        "rows": len(frame),
        "status": {str(status): int(n) for status, n in counts.items()},
    }


def _network(job: Job) -> dict[str, Any]:
    network = job.plan.network
    facts: dict[str, Any] = {"file": job.settings.inputs.network.name}
    if network is not None:
        quality = network.quality()["value"]
        facts |= {str(name): _plain(value) for name, value in quality.items()}
        facts |= {str(key): _plain(value) for key, value in network.source.items()}
        facts["max_access"] = network.max_access
    return facts


def _rows(frame: pd.DataFrame) -> list[dict[str, Any]]:
    table = frame.reset_index()
    return [
        {str(name): _plain(value) for name, value in row.items()}
        for row in table.to_dict(orient="records")
    ]


def _versions() -> dict[str, str]:
    found = {"servicecircle": __version__, "python": platform.python_version()}
    for name in LIBRARIES:
        try:
            found[name] = version(name)
        except PackageNotFoundError:
            continue
    return found


def _plain(value: Any) -> Any:
    """Turn numpy scalars, tuples and dates into what JSON knows."""
    if isinstance(value, dict):
        return {str(key): _plain(part) for key, part in value.items()}
    if isinstance(value, tuple | list | set | frozenset):
        return [_plain(part) for part in value]
    if hasattr(value, "item"):
        value = value.item()
    if value is None or isinstance(value, bool | int | float | str):
        return value
    return None if value != value or str(value) == "<NA>" else str(value)  # noqa: PLR0124


def json_ready(value: Any) -> Any:
    """Turn a nest of dicts and lists into what JSON knows; NaN becomes null."""
    if isinstance(value, dict):
        return {key: json_ready(part) for key, part in value.items()}
    if isinstance(value, list):
        return [json_ready(part) for part in value]
    value = _plain(value)
    return None if isinstance(value, float) and not math.isfinite(value) else value
