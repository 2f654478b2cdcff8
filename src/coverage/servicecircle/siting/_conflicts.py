"""Which rules exclude each other, and the smallest relaxation that mends it."""

from __future__ import annotations

import time
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from servicecircle._checks import name_some
from servicecircle._sentences import percent_text
from servicecircle.siting._model import NONE
from servicecircle.siting._stages import run, soft_model

if TYPE_CHECKING:
    from servicecircle._kernel.cover import Ints
    from servicecircle.siting._model import Rule
    from servicecircle.siting._rules import Problem

SECONDS = 10.0  # for looking for the smallest relaxation
BROKEN = 1e-6
SPACING = ("min_spacing", "min_spacing_minutes")


class Conflict(NamedTuple):
    """A row of ``plan.conflicts``."""

    rule: str
    ids: tuple[object, ...]
    reason_en: str
    reason_zh: str
    mend_en: str
    mend_zh: str


def find_conflicts(problem: Problem) -> list[Conflict]:
    """Break the rules by as little as makes a plan possible, and name those broken."""
    asked = problem.asked
    room = len(problem.places.closable) + (asked.n_open or 0)
    if asked.n_open is not None and len(asked.required) > room:
        return [_too_many_required(len(asked.required), asked.n_open, asked.required)]
    model = soft_model(problem)
    outcome, sites = run(model, NONE, time.monotonic() + SECONDS)
    if outcome.values is None:
        return []
    slack = [(rule, sign, outcome.values[column]) for rule, column, sign in model.broken]
    return [
        _in_words(problem, rule, sign * size, sites) for rule, sign, size in slack if size > BROKEN
    ]


def _too_many_required(number: int, n_open: int, ids: tuple[object, ...]) -> Conflict:
    return Conflict(
        "required",
        ids,
        f"{number} sites are required but only {n_open} may open.",
        f"必选站点有 {number} 个，但最多只能开设 {n_open} 个。",
        f"Allow `n_open={number}`, or require fewer.",
        f"把上限提高到 {number} 个，或减少必选站点。",
    )


def _in_words(problem: Problem, rule: Rule, missing: float, sites: Ints) -> Conflict:
    ids = problem.ids(rule.sites)
    if rule.rule == "n_open":
        texts = _number(rule.high + rule.counted, rule.high + rule.counted - missing)
    elif rule.rule == "budget":
        high = rule.high + rule.counted
        texts = _budget(high / rule.scale, (high - missing) / rule.scale)
    elif rule.rule in ("at_least", "at_most"):
        texts = _count(rule, missing)
    elif rule.rule in ("floor", "share"):
        wanted = (rule.low + rule.counted) / max(rule.scale, 1.0)
        best = (rule.low + rule.counted - missing) / max(rule.scale, 1.0)
        texts = _share(rule, wanted, best)
    else:
        ids = problem.ids(np.intersect1d(rule.sites, sites))
        texts = _together(rule, name_some(ids))
    return Conflict(rule.rule, ids, *texts)


def _number(limit: float, needed: float) -> tuple[str, str, str, str]:
    return (
        f"At most {limit:.0f} sites may open, but the other rules need {needed:.0f}.",
        f"最多开设 {limit:.0f} 个，但满足其他条件需要 {needed:.0f} 个。",
        f"Allow `n_open={needed:.0f}`.",
        f"把上限提高到 {needed:.0f} 个。",
    )


def _budget(limit: float, needed: float) -> tuple[str, str, str, str]:
    return (
        f"The budget is {limit:,.10g}, but the other rules cost {needed:,.10g}.",
        f"预算为 {limit:,.10g}，但满足其他条件需要 {needed:,.10g}。",
        f"Raise `budget` to {needed:,.10g}.",
        f"把预算提高到 {needed:,.10g}。",
    )


def _count(rule: Rule, missing: float) -> tuple[str, str, str, str]:
    least = rule.rule == "at_least"
    asked = (rule.low if least else rule.high) + rule.counted
    possible = asked - missing
    if least:
        return (
            f"{asked:.0f} sites are wanted for {rule.what}, but only {possible:.0f} can open.",
            f"{rule.what} 至少要 {asked:.0f} 个站点，但只能开设 {possible:.0f} 个。",
            f"Ask for {possible:.0f} there, or add candidates.",
            f"把 {rule.what} 的下限降到 {possible:.0f} 个，或增加候选点。",
        )
    return (
        f"At most {asked:.0f} sites may stand for {rule.what}, but {possible:.0f} are needed.",
        f"{rule.what} 最多 {asked:.0f} 个站点，但需要 {possible:.0f} 个。",
        f"Allow {possible:.0f} there.",
        f"把 {rule.what} 的上限提高到 {possible:.0f} 个。",
    )


def _share(rule: Rule, wanted: float, best: float) -> tuple[str, str, str, str]:
    english = f"of {rule.what} " if rule.what else ""
    chinese = rule.what or "全部职工"
    return (
        f"{percent_text(wanted)} {english}must be covered, but {percent_text(best)} can be.",
        f"{chinese}的覆盖率要求 {percent_text(wanted)}，但只能达到 {percent_text(best)}。",
        f"Lower `{rule.rule}` to {best:.4g}, or allow more sites.",
        f"把要求降到 {percent_text(best)}，或允许开设更多站点。",
    )


def _together(rule: Rule, names: str) -> tuple[str, str, str, str]:
    if rule.rule in SPACING and rule.what == "existing":
        return (
            f"{names}: nearer to an existing station than `{rule.rule}` allows.",
            f"{names}：与现有驿站的距离小于最小间距。",
            f"Do not require it, or lower `{rule.rule}`.",
            "取消必选，或减小最小间距。",
        )
    if rule.rule == "cost":
        return (
            f"{names}: must open but has no valid cost.",
            f"{names}：必须开设，但没有有效的费用。",
            "Give it a cost.",
            "填写费用。",
        )
    why = "too near to each other" if rule.rule in SPACING else "mutually exclusive"
    ground = "相互距离过近" if rule.rule in SPACING else "不能同时开设"
    return (
        f"{names}: needed together but {why}.",
        f"{names}：需要同时开设，但{ground}。",
        f"Give up one of them, or relax `{rule.rule}`.",
        "放弃其中一个，或放宽该条件。",
    )
