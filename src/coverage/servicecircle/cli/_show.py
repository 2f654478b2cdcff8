"""The answer on stdout: tables, single facts, JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table

from servicecircle._said import in_both

if TYPE_CHECKING:
    from collections.abc import Mapping
    from pathlib import Path

    import pandas as pd

WIDE = 200


def stdout() -> Console:
    console = Console(highlight=False, markup=False)
    if not console.is_terminal:
        console.width = WIDE  # a file or a pipe has no edge to fold at
    return console


def print_rows(rows: pd.DataFrame, facts: Mapping[Any, Any], *, as_json: bool) -> None:
    """Print rows and single facts as a table, or all as JSON."""
    if as_json:
        print_json({"rows": rows.to_dict("records"), **facts})
        return
    from servicecircle.reports._headings import heading

    table = Table(*map(heading, rows.columns), box=None, header_style="bold")
    for row in rows.to_numpy(dtype=object):
        table.add_row(*map(_short, row))
    console = stdout()
    console.print(table)
    for name, value in facts.items():
        console.print(f"{heading(name, ' ')}: {_short(value)}", soft_wrap=True)


def with_names(places: pd.DataFrame) -> pd.DataFrame:
    """Call places without a name by their kind and street, where they have those."""
    from servicecircle.standards import place_names

    known = {"name", "brand", "kind"} & set(places.columns)
    return places.assign(name=place_names(places)) if known else places


def print_json(data: dict[str, Any]) -> None:
    """Print figures; what is missing is null."""
    from servicecircle.cli._plan import json_ready

    typer.echo(json.dumps(json_ready(data), ensure_ascii=False, indent=2, allow_nan=False))


def print_plan(summary: dict[str, Any], files: list[Path]) -> None:
    """Print the coverage before and after, the proof and the files, in both languages."""
    heads = ("分钟 minutes", "职工 workers", "现覆盖 covered today", "方案后 with the plan")
    table = Table(*heads, box=None, header_style="bold")
    pairs = zip(summary["coverage_before"], summary["coverage_after"], strict=True)
    for old, new in pairs:
        table.add_row(
            f"{new['minutes']:g}",
            f"{new['workers']:,.0f}",
            f"{old['covered']:,.0f} ({_percent(old['share'])})",
            f"{new['covered']:,.0f} ({_percent(new['share'])})",
        )
    console = stdout()
    console.print(table)
    for sentence in _proof(summary["plan"]):
        console.print(sentence, soft_wrap=True)
    for path in files:
        console.print(f"  {path}", soft_wrap=True)


def _proof(plan: dict[str, Any]) -> tuple[str, str]:
    n = len(plan["sites"])
    if plan["status"] == "infeasible":
        zh = "".join(one["reason_zh"] + one["mend_zh"] for one in plan["conflicts"])
        en = " ".join(f"{one['reason_en']} {one['mend_en']}" for one in plan["conflicts"])
        return f"没有方案能满足所有要求：{zh}", f"No plan keeps all rules: {en}"
    if plan["status"] == "proved":
        return (
            f"新开 {n} 个站点；已证明在这些要求下没有更好的方案。",
            f"{n} new sites; proved: no plan under these rules is better.",
        )
    gap = plan["optimality_gap"]
    return (
        f"新开 {n} 个站点；与可能的最好方案最多相差 {gap:.2%}。",
        f"{n} new sites; at most {gap:.2%} away from the best possible plan.",
    )


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".") if value == value else "–"  # noqa: PLR0124
    return "–" if value is None else str(in_both(value))
