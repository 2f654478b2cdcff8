"""Pages of a Word document: headings, paragraphs, tables that fit, one font for both scripts."""

from __future__ import annotations

import io
import math
from dataclasses import dataclass, field, replace
from typing import TYPE_CHECKING, Any

from servicecircle import __version__
from servicecircle._said import in_chinese
from servicecircle._text import clean_text
from servicecircle.reports._workbook import text_width

if TYPE_CHECKING:
    from collections.abc import Iterator, Mapping, Sequence

    from servicecircle._sentences import Language

FONT, CHINESE_FONT = "Calibri", "Microsoft YaHei"
MOST_CHARACTERS = 400
WIDE, HIGH = 18.0, 25.0  # centimetres for text on an A4 page
TEXT, CELL = 10.0, 8.5  # points
LINE = 1.35  # height of a line of Microsoft YaHei, of its font size
HEADING = 1.1  # centimetres of a heading with the space around it
FEWEST = 3  # rows that a table keeps when it is cut
POINT = 2.54 / 72  # centimetres
PADDING = 0.4  # centimetres left and right in a cell


@dataclass(frozen=True)
class Listing:
    """A table to be: widths in centimetres, addresses behind the second cell of some rows.

    ``rest`` counts rows that were cut.
    """

    title: str
    heads: Sequence[str]
    rows: Sequence[Sequence[str]]
    widths: Sequence[float]
    links: Mapping[int, str] = field(default_factory=dict)
    rest: int = 0

    @property
    def height(self) -> float:
        """Estimate the height in centimetres."""
        rows = sum(_row_height(row, self.widths) for row in (self.heads, *self.rows))
        said = 1 if self.rest or not self.rows else 0
        return HEADING + rows + said * _line(TEXT)

    def without_last_column(self) -> Listing:
        """Leave the last column out; the second one, of names, takes its width."""
        *widths, spare = self.widths
        widths[1] += spare
        rows = [row[:-1] for row in self.rows]
        return replace(self, heads=self.heads[:-1], rows=rows, widths=widths)

    def cut(self) -> Listing:
        """Leave the last row out."""
        return replace(self, rows=self.rows[:-1], rest=self.rest + 1)


def fitted(listings: Sequence[Listing], room: float) -> list[Listing]:
    """Make tables fit into so many centimetres: the longest is cut, none below 3 rows."""
    tables = list(listings)
    heights = [table.height for table in tables]
    while sum(heights) > room:
        at = max(range(len(tables)), key=lambda one: len(tables[one].rows))
        if len(tables[at].rows) <= FEWEST:
            break
        tables[at] = tables[at].cut()
        heights[at] = tables[at].height
    return tables


def paragraph_height(text: str, points: float = TEXT) -> float:
    """Estimate the height of a paragraph in centimetres."""
    return _lines(text, WIDE, points) * _line(points) + 3 * POINT


def _row_height(row: Sequence[str], widths: Sequence[float]) -> float:
    lines = max(
        _lines(cell, width - PADDING, CELL) for cell, width in zip(row, widths, strict=True)
    )
    return lines * _line(CELL) + POINT


def _lines(text: str, width: float, points: float) -> int:
    """Count the lines of a text in centimetres; a tenth is lost where words end."""
    return max(math.ceil(text_width(text) * points * 0.5 * POINT / (0.9 * width)), 1)


def _line(points: float) -> float:
    return points * LINE * POINT


class Page:
    """Adds headings, paragraphs and tables in one font for both scripts."""

    def __init__(self, document: Any, words: Mapping[str, Any], language: Language) -> None:
        from docx.oxml.ns import qn
        from docx.shared import Cm, Pt

        self.document, self.words, self.language = document, words, language
        self.point, self.east = Pt, qn("w:eastAsia")
        section = document.sections[0]
        section.page_width, section.page_height = Cm(21), Cm(29.7)
        section.left_margin = section.right_margin = Cm(1.5)
        section.top_margin = section.bottom_margin = Cm(1.4)
        for name in ("Normal", "Title", "Heading 1"):
            self._set_fonts(document.styles[name])
        document.styles["Normal"].font.size = Pt(TEXT)
        document.styles["Normal"].paragraph_format.space_after = Pt(3)
        document.styles["Title"].font.size = Pt(20)
        document.styles["Heading 1"].font.size = Pt(13)
        document.styles["Heading 1"].paragraph_format.space_before = Pt(9)
        document.styles["Heading 1"].paragraph_format.space_after = Pt(3)
        document.core_properties.author = f"servicecircle {__version__}"

    def _set_fonts(self, style: Any) -> None:
        style.font.name = FONT
        fonts = style.element.get_or_add_rPr().get_or_add_rFonts()
        # A theme's font would go before the named one.
        for theme in [key for key in fonts.attrib if key.endswith("Theme")]:
            del fonts.attrib[theme]
        fonts.set(self.east, CHINESE_FONT)

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

    def turn(self) -> None:
        """Begin a new page."""
        self.document.add_page_break()

    def say(self, text: object, style: str | None = None, points: float = TEXT) -> None:
        """Add a paragraph."""
        run = self.document.add_paragraph(style=style).add_run(clean_text(text, MOST_CHARACTERS))
        run.font.size = self.point(points)

    def picture(self, image: bytes, height: float) -> None:
        """Add a picture of so many centimetres."""
        from docx.shared import Cm

        self.document.add_picture(io.BytesIO(image), height=Cm(height))

    def cell(self, row: Mapping[Any, Any], column: str) -> str:
        """Return a cell of a table in the language of the page."""
        text = row.get(column)
        return clean_text(in_chinese(text) if self.language == "zh" else text)

    def name(self, row: Mapping[Any, Any]) -> str:
        """Return the name of a place, or its id."""
        return self.cell(row, "name") or self.cell(row, "id")

    def tables(self, listings: Sequence[Listing], room: float = HIGH) -> list[Listing]:
        """Add tables, made to fit into so many centimetres together, and return them so."""
        made = fitted(listings, room)
        for listing in made:
            self._table(listing)
        return made

    def _table(self, listing: Listing) -> None:
        from docx.shared import Cm

        self.document.add_heading(listing.title, level=1)
        style = "Light Grid Accent 1"
        table = self.document.add_table(rows=1, cols=len(listing.heads), style=style)
        table.autofit = False
        for column, width in zip(table.columns, listing.widths, strict=True):
            column.width = Cm(width)
        for number, row in enumerate((listing.heads, *listing.rows), start=-1):
            cells = table.rows[0].cells if number < 0 else table.add_row().cells
            for cell, text, width in zip(cells, row, listing.widths, strict=True):
                cell.width = Cm(width)
                cell.paragraphs[0].paragraph_format.space_after = 0
                run = cell.paragraphs[0].add_run(clean_text(text, MOST_CHARACTERS))
                run.font.size, run.bold = self.point(CELL), number < 0
            if number in listing.links:
                self._link(cells[1].paragraphs[0], listing.links[number])
        self._repeat_heads(table)
        for note in self._notes(listing):
            self.say(note)

    def _notes(self, listing: Listing) -> Iterator[str]:
        if not listing.rows:
            yield self.words["none"]
        if listing.rest:
            yield self.words["more"].format(listing.rest)

    def _link(self, paragraph: Any, address: str) -> None:
        """Add a link to a photo behind a name."""
        from docx.opc.constants import RELATIONSHIP_TYPE
        from docx.oxml import OxmlElement
        from docx.oxml.ns import qn

        key = paragraph.part.relate_to(address, RELATIONSHIP_TYPE.HYPERLINK, is_external=True)
        run = paragraph.add_run(f" {self.words['photo']}")
        run.font.size, run.font.underline = self.point(CELL), True
        link = OxmlElement("w:hyperlink")
        link.set(qn("r:id"), key)
        link.append(run._r)  # noqa: SLF001
        paragraph._p.append(link)  # noqa: SLF001

    @staticmethod
    def _repeat_heads(table: Any) -> None:
        from docx.oxml import OxmlElement

        table.rows[0]._tr.get_or_add_trPr().append(OxmlElement("w:tblHeader"))  # noqa: SLF001
