"""The Word document for the meeting: finding and map, sites and reasons, districts and sources."""

from __future__ import annotations

import io
import math
from typing import TYPE_CHECKING, Any

from servicecircle import __version__
from servicecircle._said import in_chinese
from servicecircle._sentences import count_text, percent_text
from servicecircle._text import clean_text
from servicecircle.errors import InputError
from servicecircle.reports._headings import VALUES
from servicecircle.reports._parameters import credit_of, item_label
from servicecircle.reports._sheets import NONE, sheets_of
from servicecircle.siting import SitePlan
from servicecircle.standards import group_label, standard

if TYPE_CHECKING:
    from collections.abc import Iterable, Mapping, Sequence
    from pathlib import Path

    import geopandas as gpd
    import pandas as pd

    from servicecircle._sentences import Language
    from servicecircle.coverage import Coverage
    from servicecircle.standards import Standard

FONT, CHINESE_FONT = "Calibri", "Microsoft YaHei"
DPI = 200
MOST_ROWS = 15
MOST_CHARACTERS = 400
MISSING = (
    'Word documents need python-docx and matplotlib: `python -m pip install "servicecircle'
    '[report]"`.'
)
WORDS = {
    "zh": {
        "sites": "建议新站点（开设次序）",
        "site_heads": ("次序", "名称和所属区", "新增", "累计", "关闭即失", "理由"),
        "check": "达标",
        "checks": "✓ 达标，✗ 不达标，? 需现场核实（{0}）。",
        "stations": "现有站点（服务人数最多的）",
        "station_heads": ("名称", "所属区", "覆盖人数", "独有覆盖"),
        "by_district": "各区覆盖",
        "by_group": "各人群覆盖",
        "heads": ("名称", "职工", "现覆盖率", "方案后覆盖率", "新增"),
        "heads_today": ("名称", "职工", "覆盖率"),
        "gaps": "最大的盲区",
        "gap_heads": ("地点", "所属区", "人数"),
        "speeds": "步行快慢不同时的覆盖率",
        "speed_heads": ("步行速度", "分钟", "现覆盖率", "方案后覆盖率"),
        "lost": "任一站点关闭，最多失去 {1} 名职工（{0}），覆盖率降至 {2}。",
        "sources": "参数与数据",
        "item_heads": ("项目", "内容"),
        "figures": "{0:g} 分钟：{1} 名职工中，{2} 人有站点可到，{3} 人还没有。",
        "proved": "最优性：已证明没有更好的方案。",
        "bounded": "最优性：与可能的最好方案最多相差 {0:.2%}。",
        "infeasible": "这些要求不能同时满足，没有方案。",
        "more": "另有 {0} 行，见工作簿。",
        "none": "无",
        "nowhere": "（未标明）",
    },
    "en": {
        "sites": "Suggested sites, in opening order",
        "site_heads": ("No.", "Name, district", "Added", "Then", "If lost", "Reason"),
        "check": "OK",
        "checks": "✓ meets the standard, ✗ fails, ? to be checked on site ({0}).",
        "stations": "Stations today, largest first",
        "station_heads": ("Name", "District", "Workers", "Only by it"),
        "by_district": "Coverage by district",
        "by_group": "Coverage by group",
        "heads": ("Name", "Workers", "Today", "With the plan", "Added"),
        "heads_today": ("Name", "Workers", "Coverage"),
        "gaps": "Largest gaps",
        "gap_heads": ("Place", "District", "Workers"),
        "speeds": "Coverage if people walk slower or faster",
        "speed_heads": ("Speed", "Minutes", "Today", "With the plan"),
        "lost": "The loss of one station costs at most {1} workers ({0}); {2} stay covered.",
        "sources": "Parameters and data",
        "item_heads": ("Item", "Value"),
        "figures": "Within {0:g} minutes: of {1} workers {2} have a station, {3} have none.",
        "proved": "No plan under these rules is better (proved).",
        "bounded": "At most {0:.2%} away from the best possible plan.",
        "infeasible": "These rules cannot all be met: there is no plan.",
        "more": "{0} more rows: see the workbook.",
        "none": "none",
        "nowhere": "(not stated)",
    },
}


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
    page = _Page(docx.Document(), WORDS[language], language)
    page.foot(credit_of(result, about, language))
    _finding(page, result, districts, about)
    page.turn()
    if isinstance(result, SitePlan):
        _sites(page, result, tables["sites"])
        if rules is not None:
            page.say(page.words["checks"].format(_name_of(rules, language)))
    else:
        _stations(page, tables["stations"])
    _lost(page, tables["if_lost"])
    page.turn()
    _sums(page, tables, planned=isinstance(result, SitePlan))
    _speeds(page, tables.get("by_speed"))
    _gaps(page, tables["gaps"])
    _sources(page, tables["parameters"])
    page.document.save(str(path))


class _Page:
    """Adds headings, paragraphs and tables in one font for both scripts."""

    def __init__(self, document: Any, words: dict[str, Any], language: Language) -> None:
        from docx.oxml.ns import qn
        from docx.shared import Cm, Pt

        self.document, self.words, self.language = document, words, language
        self.point, self.east = Pt, qn("w:eastAsia")
        section = document.sections[0]
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = Cm(1.5)
        section.top_margin = section.bottom_margin = Cm(1.4)
        for name in ("Normal", "Title", "Heading 1"):
            style = document.styles[name]
            style.font.name = FONT
            fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
            # A theme's font would go before the named one.
            for theme in [key for key in fonts.attrib if key.endswith("Theme")]:
                del fonts.attrib[theme]
            fonts.set(self.east, CHINESE_FONT)
        document.styles["Normal"].font.size = Pt(10)
        document.styles["Normal"].paragraph_format.space_after = Pt(3)
        document.styles["Title"].font.size = Pt(20)
        document.styles["Heading 1"].font.size = Pt(13)
        document.styles["Heading 1"].paragraph_format.space_before = Pt(9)
        document.styles["Heading 1"].paragraph_format.space_after = Pt(3)
        document.core_properties.author = f"servicecircle {__version__}"

    def foot(self, text: str) -> None:
        """Put a line and the page number at the foot of every page."""
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        paragraph = self.document.sections[0].footer.paragraphs[0]
        for part in (f"{clean_text(text, MOST_CHARACTERS)} | ", None):
            run = paragraph.add_run(part)
            run.font.size = self.point(7.5)
        for kind, words in (("begin", None), (None, "PAGE"), ("end", None)):
            field = OxmlElement("w:instrText" if words else "w:fldChar")
            field.text = words
            if kind:
                field.set(qn("w:fldCharType"), kind)
            run._r.append(field)  # noqa: SLF001

    def cell(self, row: Mapping[Any, Any], column: str) -> str:
        """Return a cell of a table in the language of the page."""
        text = row.get(column)
        return clean_text(in_chinese(text) if self.language == "zh" else text)

    def name(self, row: Mapping[Any, Any]) -> str:
        """Return the name of a place, or its id."""
        return self.cell(row, "name") or self.cell(row, "id")

    def turn(self) -> None:
        self.document.add_page_break()

    def say(self, text: object, style: str | None = None) -> None:
        self.document.add_paragraph(clean_text(text, MOST_CHARACTERS), style=style)

    def table(
        self,
        title: str,
        heads: Sequence[str],
        rows: Iterable[Sequence[str]],
        widths: Sequence[float],
        most: int = MOST_ROWS,
    ) -> None:
        """Add a heading and a table of at most so many rows; widths in centimetres."""
        from docx.shared import Cm

        self.document.add_heading(title, level=1)
        rows = list(rows)
        table = self.document.add_table(rows=1, cols=len(heads), style="Light Grid Accent 1")
        table.autofit = False
        for column, width in zip(table.columns, widths, strict=True):
            column.width = Cm(width)
        for row in (heads, *rows[:most]):
            cells = table.rows[0].cells if row is heads else table.add_row().cells
            for cell, text, width in zip(cells, row, widths, strict=True):
                cell.width = Cm(width)
                cell.paragraphs[0].paragraph_format.space_after = 0
                run = cell.paragraphs[0].add_run(clean_text(text, MOST_CHARACTERS))
                run.font.size = self.point(8.5)
                run.bold = row is heads
        self._repeat_heads(table)
        if not rows:
            self.say(self.words["none"])
        if len(rows) > most:
            self.say(self.words["more"].format(len(rows) - most))

    @staticmethod
    def _repeat_heads(table: Any) -> None:
        from docx.oxml import OxmlElement

        table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))  # noqa: SLF001


def _finding(
    page: _Page,
    result: SitePlan | Coverage,
    districts: gpd.GeoDataFrame | None,
    about: Mapping[str, object],
) -> None:
    coverage = result.coverage if isinstance(result, SitePlan) else result
    page.document.add_heading(_headline(page, result, coverage), level=0)
    note = (page.language == "en" and about.get("note_en")) or about.get("note")
    if note:
        page.say(note)
    for minutes, row in coverage.summary().iterrows():
        left = row["workers"] - row["covered"]
        counts = (count_text(float(value)) for value in (row["workers"], row["covered"], left))
        page.say(page.words["figures"].format(minutes, *counts))
    if isinstance(result, SitePlan):
        proof = {"proved": "proved", "infeasible": "infeasible"}.get(result.status, "bounded")
        page.say(page.words[proof].format(result.optimality_gap))
    from docx.shared import Cm

    picture = _picture(result, districts, page.language)
    page.document.add_picture(io.BytesIO(picture), width=Cm(17.5))


def _headline(page: _Page, result: SitePlan | Coverage, coverage: Coverage) -> str:
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


def _sites(page: _Page, plan: SitePlan, sites: pd.DataFrame) -> None:
    reason = f"reason_{page.language}"
    checked = "standard" in sites.columns
    rows = [
        (
            str(row["order"]),
            " ".join(
                filter(
                    None,
                    (
                        page.name(row),
                        page.cell(row, "district"),
                    ),
                )
            ),
            f"+{count_text(float(row['gain']))}",
            percent_text(float(row["share_after"])),
            f"−{count_text(float(row['loss']))}",
            *([str(row["standard"])] if checked else []),
            str(row[reason]),
        )
        for row in sites.to_dict("records")
    ]
    heads, widths = list(page.words["site_heads"]), [1.1, 3.4, 1.5, 1.4, 1.6, 9.0]
    if checked:
        heads.insert(-1, page.words["check"])
        widths[-1:] = [1.1, 7.9]
    page.table(page.words["sites"], heads, rows, widths)
    for conflict in plan.conflicts.to_dict("records"):
        page.say(f"{conflict[reason]} {conflict[f'mend_{page.language}']}", "List Bullet")


def _lost(page: _Page, lost: pd.DataFrame) -> None:
    for row in lost.head(1).to_dict("records"):
        name, workers = page.name(row), count_text(float(row["lost"]))
        page.say(page.words["lost"].format(name, workers, percent_text(row["share_then"])))


def _stations(page: _Page, stations: pd.DataFrame) -> None:
    rows = [
        (
            page.name(row),
            page.cell(row, "district"),
            count_text(float(row["workers"])),
            count_text(float(row["workers_alone"])),
        )
        for row in stations.nlargest(len(stations), "workers").to_dict("records")
    ]
    page.table(page.words["stations"], page.words["station_heads"], rows, (8, 3, 3, 3))


def _sums(page: _Page, tables: Mapping[str, pd.DataFrame], *, planned: bool) -> None:
    heads = page.words["heads" if planned else "heads_today"]
    widths = (5, 3, 3, 3, 3)[: len(heads)]
    for layer in ("by_district", "by_group"):
        if layer not in tables:
            continue
        table = tables[layer]
        rows = []
        for row in table.to_dict("records"):
            label = row["district" if layer == "by_district" else "group"]
            if label == NONE and not row["workers"]:
                continue
            label = page.words["nowhere"] if label == NONE else label
            if layer == "by_group":
                label = group_label(label, page.language)
            shares = ("share_before", "share_after") if planned else ("share",)
            cells = [str(label), count_text(float(row["workers"]))]
            cells += [percent_text(float(row[share])) for share in shares if share in row]
            if planned:
                cells.append(f"+{count_text(float(row['added']))}")
            rows.append(cells)
        page.table(page.words[layer], heads, rows, widths)


def _gaps(page: _Page, gaps: pd.DataFrame) -> None:
    left = gaps[~gaps["covered"].astype(bool)] if "covered" in gaps.columns else gaps
    weight = "workers" if "workers" in left.columns else None
    if weight is None:
        return
    largest = left.nlargest(5, weight).to_dict("records")
    rows = [
        (
            page.name(row),
            page.cell(row, "district"),
            count_text(float(row[weight])),
        )
        for row in largest
    ]
    page.table(page.words["gaps"], page.words["gap_heads"], rows, (9, 4, 4))


def _speeds(page: _Page, speeds: pd.DataFrame | None) -> None:
    if speeds is None:
        return
    shares = [name for name in ("share", "share_before", "share_after") if name in speeds.columns]
    rows = [
        (f"{row['speed']:g} km/h", f"{row['minutes']:g}", *(percent_text(row[s]) for s in shares))
        for row in speeds.to_dict("records")
    ]
    heads = page.words["speed_heads"][: 2 + len(shares)]
    page.table(page.words["speeds"], heads, rows, (5, 4, 4, 4)[: len(heads)])


def _sources(page: _Page, parameters: pd.DataFrame) -> None:
    """List what was set and read, two by two; remarks on single rows are in the workbook."""
    shown = parameters[~parameters["item"].str.match(r"note|.*: note ")]
    cells = [
        (item_label(item, page.language), _in_one(value, page.language))
        for item, value in zip(shown["item"], shown["value"], strict=True)
    ]
    half = math.ceil(len(cells) / 2)
    right = [*cells[half:], ("", "")][:half]
    rows = [one + other for one, other in zip(cells[:half], right, strict=True)]
    heads = page.words["item_heads"] * 2
    page.table(page.words["sources"], heads, rows, (3.4, 5.6, 3.4, 5.6), most=half)


def _in_one(text: str, language: str) -> str:
    """Take the other language out of our words."""
    for english, chinese in VALUES.items():
        text = text.replace(f"{chinese} {english}", chinese if language == "zh" else english)
    return text


def _name_of(rules: Standard | str, language: str) -> str:
    found = standard(rules) if isinstance(rules, str) else rules
    return found.zh if language == "zh" else found.en
