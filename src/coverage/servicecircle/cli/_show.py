"""The answer on stdout: tables, single facts, JSON."""

from __future__ import annotations

import json
from typing import TYPE_CHECKING, Any

import typer
from rich.console import Console
from rich.table import Table

if TYPE_CHECKING:
    from collections.abc import Mapping

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
    table = Table(*map(str, rows.columns), box=None, header_style="bold")
    for row in rows.to_numpy(dtype=object):
        table.add_row(*map(_short, row))
    console = stdout()
    console.print(table)
    for name, value in facts.items():
        console.print(f"{name}: {_short(value)}", soft_wrap=True)


def print_json(data: dict[str, Any]) -> None:
    """Print figures; what is missing is null."""
    from servicecircle.cli._plan import json_ready

    typer.echo(json.dumps(json_ready(data), ensure_ascii=False, indent=2, allow_nan=False))


def print_coverage(before: list[dict[str, Any]], after: list[dict[str, Any]]) -> None:
    table = Table(
        "minutes", "workers", "covered today", "with the plan", box=None, header_style="bold"
    )
    for old, new in zip(before, after, strict=True):
        table.add_row(
            f"{new['minutes']:g}",
            f"{new['workers']:,.0f}",
            f"{old['covered']:,.0f} ({_percent(old['share'])})",
            f"{new['covered']:,.0f} ({_percent(new['share'])})",
        )
    stdout().print(table)


def proof_of(plan: dict[str, Any]) -> str:
    n = len(plan["sites"])
    if plan["status"] == "infeasible":
        return "No plan keeps all rules: " + "; ".join(c["reason"] for c in plan["conflicts"])
    if plan["status"] == "proved":
        return f"{n} new sites; proved: no set of as many covers more."
    return f"{n} new sites; the best possible covers at most {plan['optimality_gap']:.2%} more."


def _percent(share: float | None) -> str:
    return "–" if share is None else f"{share:.1%}"


def _short(value: Any) -> str:
    if isinstance(value, float):
        return f"{value:,.3f}".rstrip("0").rstrip(".") if value == value else "–"  # noqa: PLR0124
    return "–" if value is None else str(value)
