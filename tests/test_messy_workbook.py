"""A workbook as districts send it in: merged cells, a line of who reports, units in cells."""

from __future__ import annotations

from typing import TYPE_CHECKING

import pytest
from openpyxl import Workbook

import servicecircle as sc
from servicecircle.standards.labels import group_label

if TYPE_CHECKING:
    from pathlib import Path


@pytest.fixture
def workbook(tmp_path: Path) -> Path:
    book = Workbook()
    sheet = book.active
    assert sheet is not None
    sheet.append(["候选场所摸排汇总表"])
    sheet.merge_cells("A1:H1")
    sheet.append(["填报单位：某区总工会", None, None, None, "填报日期：2026.5.6"])
    sheet.append(
        ["编号", "名称", "所属区", "位置（高德）", None, "投入（万元）", "容纳人数", "联系电话"]
    )
    sheet.append([None, None, None, "经度", "纬度"])
    for area in ("A3:A4", "B3:B4", "C3:C4", "D3:E3", "F3:F4", "G3:G4", "H3:H4"):
        sheet.merge_cells(area)
    costs = ["约2万", 2.5, "1.8万元", "18000元", "2.5左右", "2-3"]
    for number, cost in enumerate(costs):
        district = {0: "江岸区", 3: "武昌区"}.get(number)
        room = {1: "三百"}.get(number)
        sheet.append([f"C{number}", f"店{number}", district, 114.30, 30.60, cost, room, "138"])
    for row in ([], [], ["备注：以上由各街道上报"]):
        sheet.append(row)
    sheet.merge_cells("C5:C7")
    sheet.merge_cells("C8:C12")  # drawn two rows too far
    sheet.merge_cells("G6:G7")
    path = tmp_path / "候选点.xlsx"
    book.save(path)
    return path


@pytest.mark.filterwarnings(
    "ignore:.*(personal data|remarks left out):servicecircle.errors.InputWarning"
)
class TestAWorkbookAsItIsSentIn:
    def test_a_line_of_who_reports_is_title_not_header(self, workbook: Path) -> None:
        sites = sc.read_sites(workbook, coordinates="gcj02")
        assert (sites["status"] == "ok").all()

    def test_a_remark_at_the_foot_is_no_site(self, workbook: Path) -> None:
        assert len(sc.read_sites(workbook, coordinates="gcj02")) == 6
        assert "略去 1 行备注" in repr(sc.describe_table(workbook))

    def test_a_cell_with_a_unit_of_its_own_is_not_multiplied_by_the_headers(
        self, workbook: Path
    ) -> None:
        sites = sc.read_sites(workbook, coordinates="gcj02")
        assert sites["cost"].tolist() == [20_000, 25_000, 18_000, 18_000, 25_000, 25_000]
        assert sites["cost_low"].tolist()[-1] == 20_000
        assert "3 个单元格自带单位" in repr(sc.describe_table(workbook))

    def test_rows_of_a_merged_cell_share_its_text_but_not_its_number(self, workbook: Path) -> None:
        sites = sc.read_sites(workbook, coordinates="gcj02")
        assert sites["district"].tolist() == ["江岸区"] * 3 + ["武昌区"] * 3
        assert sites["capacity"].notna().sum() == 1
        assert "合并单元格：4 个单元格填入首行的文字" in repr(sc.describe_table(workbook))


def test_riders_are_called_as_everybody_calls_them() -> None:
    assert group_label("骑手", "en") == "Food-delivery riders"
