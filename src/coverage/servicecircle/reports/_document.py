"""The Word document for the meeting: finding and map, sites and reasons, districts and sources."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

from servicecircle._sentences import count_text, percent_text
from servicecircle._text import clean_text, safe_link
from servicecircle.errors import InputError
from servicecircle.reports._document_page import CELL, HIGH, Listing, Page, paragraph_height
from servicecircle.reports._document_words import WORDS
from servicecircle.reports._headings import NONE, VALUES
from servicecircle.reports._parameters import credit_of, item_label
from servicecircle.reports._sheets import sheets_of
from servicecircle.siting import SitePlan
from servicecircle.standards import group_label, standard

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from servicecircle._sentences import Language
    from servicecircle.coverage import Coverage
    from servicecircle.standards import Standard

DPI = 200
MOST_GAPS = 5
MOST_VALUE = 60  # characters of a parameter; the workbook has all
TITLE = 2.6  # centimetres of the heading on two lines
HIGHEST = 19.7  # centimetres of the picture
MISSING = (
    'Word documents need python-docx and matplotlib: `python -m pip install "servicecircle'
    '[report]"`.'
)


def write_document(  # noqa: PLR0917 - the arguments of `write_report`
    result: SitePlan | Coverage,
    districts: gpd.GeoDataFrame | None,
    about: Mapping[str, object],
    path: Path,
    language: Language,
    rules: Standard | str | None = None,
) -> None:
    """Write the three pages."""
    try:
        import docx
    except ImportError:
        raise InputError(MISSING) from None
    tables = {
        block.layer: block.frame
        for sheet in sheets_of(result, districts, about, rules)
        for block in sheet.blocks
    }
    page = Page(docx.Document(), WORDS[language], language)
    page.foot(credit_of(result, about, language))
    _finding(page, result, districts, about)
    page.turn()
    _places(page, result, tables, rules)
    page.turn()
    listings = _sums(page, tables, planned=isinstance(result, SitePlan))
    listings += _speeds(page, tables.get("by_speed"))
    listings += _gaps(page, tables["gaps"])
    page.tables([*listings, _sources(page, tables["parameters"])])
    page.document.save(str(path))


def _finding(
    page: Page,
    result: SitePlan | Coverage,
    districts: gpd.GeoDataFrame | None,
    about: Mapping[str, object],
) -> None:
    coverage = result.coverage if isinstance(result, SitePlan) else result
    page.document.add_heading(_headline(page, result, coverage), level=0)
    note = (page.language == "en" and about.get("note_en")) or about.get("note")
    said = [str(note)] if note else []
    for minutes, row in coverage.summary().iterrows():
        left = row["workers"] - row["covered"]
        counts = (count_text(float(value)) for value in (row["workers"], row["covered"], left))
        said.append(page.words["figures"].format(minutes, *counts))
    if isinstance(result, SitePlan):
        proof = {"proved": "proved", "infeasible": "infeasible"}.get(result.status, "bounded")
        said.append(page.words[proof].format(result.optimality_gap))
    for text in said:
        page.say(text)
    room = HIGH - TITLE - sum(map(paragraph_height, said))
    page.picture(_picture(result, districts, page.language), min(room, HIGHEST))


def _headline(page: Page, result: SitePlan | Coverage, coverage: Coverage) -> str:
    from servicecircle.maps._plots import WORDS as SENTENCES

    words, limit = SENTENCES[page.language], coverage.minutes[-1]
    after = percent_text(coverage.share)
    if isinstance(result, SitePlan):
        before = percent_text(result.today.share)
        return words["plan"].format(len(result.sites), limit, before, after)
    return words["today"].format(len(coverage.facilities), limit, after)


def _picture(
    result: SitePlan | Coverage, districts: gpd.GeoDataFrame | None, language: str
) -> bytes:
    from servicecircle.maps._gather import scene_of_coverage, scene_of_plan
    from servicecircle.maps._plots import draw_scene

    common: dict[str, Any] = {"districts": districts, "water": None, "areas": None}
    if isinstance(result, SitePlan):
        scene = scene_of_plan(result, plan_areas=None, circles=False, **common)
    else:
        scene = scene_of_coverage(result, circles=False, **common)
    try:
        from matplotlib.figure import Figure
    except ImportError:
        raise InputError(MISSING) from None
    # A figure of its own: no window of the caller's knows of it.
    figure = Figure(figsize=(8, 9), layout="constrained")
    draw_scene(scene, language, figure.add_subplot()).set_title(
        "", loc="left"
    )  # it is the page's heading
    out = io.BytesIO()
    figure.savefig(out, dpi=DPI, format="png", bbox_inches="tight")
    return out.getvalue()


def _places(
    page: Page,
    result: SitePlan | Coverage,
    tables: Mapping[str, pd.DataFrame],
    rules: Standard | str | None,
) -> None:
    """Fill the second page: the sites of a plan, or today's stations."""
    said = list(_lost(page, tables["if_lost"]))
    if not isinstance(result, SitePlan):
        room = HIGH - sum(map(paragraph_height, said))
        page.tables([_stations(page, tables["stations"])], room)
    else:
        if rules is not None:
            said.insert(0, page.words["checks"].format(_name_of(rules, page.language)))
        reason, mend = f"reason_{page.language}", f"mend_{page.language}"
        said += [f"{row[reason]} {row[mend]}" for row in result.conflicts.to_dict("records")]
        room = HIGH - sum(map(paragraph_height, said))
        listing = _sites(page, tables["sites"])
        if listing.height <= room:
            page.tables([listing], room)
        else:
            _in_short(page, listing, room)
    for text in said:
        page.say(text)


def _in_short(page: Page, listing: Listing, room: float) -> None:
    """List many sites without the column of reasons, and below as many reasons as there is room."""
    title = listing.heads[-1]
    room -= paragraph_height(page.words["reasons"]) + paragraph_height(title)
    (short,) = page.tables([listing.without_last_column()], room)
    room -= short.height
    page.say(title)
    for row in listing.rows:
        text = f"{row[0]}. {row[-1]}"
        room -= paragraph_height(text, CELL)
        if room < 0:
            page.say(page.words["reasons"])
            return
        page.say(text, points=CELL)


def _sites(page: Page, sites: pd.DataFrame) -> Listing:
    checked = "standard" in sites.columns
    records = sites.to_dict("records")
    rows = [
        (
            str(row["order"]),
            " ".join(filter(None, (page.name(row), page.cell(row, "district")))),
            f"+{count_text(float(row['gain']))}",
            percent_text(float(row["share_after"])),
            f"−{count_text(float(row['loss']))}",
            *([str(row["standard"])] if checked else []),
            str(row[f"reason_{page.language}"]),
        )
        for row in records
    ]
    heads, widths = list(page.words["site_heads"]), [1.0, 4.2, 1.6, 1.8, 1.7, 7.7]
    if checked:
        heads.insert(-1, page.words["check"])
        widths[-1:] = [1.0, 6.7]
    photos = {at: safe_link(row.get("photo")) for at, row in enumerate(records)}
    links = {at: address for at, address in photos.items() if address}
    return Listing(page.words["sites"], heads, rows, widths, links)


def _lost(page: Page, lost: pd.DataFrame) -> Iterator[str]:
    for row in lost.head(1).to_dict("records"):
        workers = count_text(float(row["lost"]))
        share = percent_text(row["share_then"])
        yield page.words["lost"].format(page.name(row), workers, share)


def _stations(page: Page, stations: pd.DataFrame) -> Listing:
    rows = [
        (
            page.name(row),
            page.cell(row, "district"),
            count_text(float(row["workers"])),
            count_text(float(row["workers_alone"])),
        )
        for row in stations.nlargest(len(stations), "workers").to_dict("records")
    ]
    return Listing(page.words["stations"], page.words["station_heads"], rows, (8, 3, 3, 3))


def _sums(page: Page, tables: Mapping[str, pd.DataFrame], *, planned: bool) -> list[Listing]:
    heads = page.words["heads" if planned else "heads_today"]
    widths = (5, 3, 3, 3, 3)[: len(heads)]
    listings = []
    for layer, column in (("by_district", "district"), ("by_group", "group")):
        if layer in tables:
            records = tables[layer].to_dict("records")
            rows = [
                _sum(page, row, column, planned=planned)
                for row in records
                if row["workers"] or row[column] != NONE
            ]
            listings.append(Listing(page.words[layer], heads, rows, widths))
    return listings


def _sum(page: Page, row: Mapping[Any, Any], column: str, *, planned: bool) -> list[str]:
    """Write one district or group: workers, shares, and what the plan adds."""
    label = page.words["nowhere"] if row[column] == NONE else row[column]
    if column == "group":
        label = group_label(label, page.language)
    shares = ("share_before", "share_after") if planned else ("share",)
    cells = [str(label), count_text(float(row["workers"]))]
    cells += [percent_text(float(row[share])) for share in shares]
    return cells + ([f"+{count_text(float(row['added']))}"] if planned else [])


def _gaps(page: Page, gaps: pd.DataFrame) -> list[Listing]:
    left = gaps[~gaps["covered"].astype(bool)] if "covered" in gaps.columns else gaps
    if "workers" not in left.columns:
        return []
    rows = [
        (page.name(row), page.cell(row, "district"), count_text(float(row["workers"])))
        for row in left.nlargest(MOST_GAPS, "workers").to_dict("records")
    ]
    return [Listing(page.words["gaps"], page.words["gap_heads"], rows, (9, 4, 4))]


def _speeds(page: Page, speeds: pd.DataFrame | None) -> list[Listing]:
    if speeds is None:
        return []
    shares = [name for name in ("share", "share_before", "share_after") if name in speeds.columns]
    speeds = speeds[speeds["minutes"] == speeds["minutes"].max()]
    rows = [
        (f"{row['speed']:g} km/h", f"{row['minutes']:g}", *(percent_text(row[s]) for s in shares))
        for row in speeds.to_dict("records")
    ]
    heads = page.words["speed_heads"][: 2 + len(shares)]
    return [Listing(page.words["speeds"], heads, rows, (5, 4, 4, 4)[: len(heads)])]


def _sources(page: Page, parameters: pd.DataFrame) -> Listing:
    """List what was set and read, two by two; remarks on single rows are in the workbook."""
    shown = parameters[~parameters["item"].str.match(r"note|.*: note ")]
    cells = [
        (item_label(item, page.language), clean_text(_in_one(value, page.language), MOST_VALUE))
        for item, value in zip(shown["item"], shown["value"], strict=True)
    ]
    half = math.ceil(len(cells) / 2)
    right = [*cells[half:], ("", "")][:half]
    rows = [one + other for one, other in zip(cells[:half], right, strict=True)]
    heads = page.words["item_heads"] * 2
    return Listing(page.words["sources"], heads, rows, (3.4, 5.6, 3.4, 5.6))


def _in_one(text: str, language: str) -> str:
    """Take the other language out of our words."""
    for english, chinese in VALUES.items():
        text = text.replace(f"{chinese} {english}", chinese if language == "zh" else english)
    return text


def _name_of(rules: Standard | str, language: str) -> str:
    found = standard(rules) if isinstance(rules, str) else rules
    return found.zh if language == "zh" else found.en
