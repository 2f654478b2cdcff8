"""What conflicts between rules say, in English and Chinese."""

from __future__ import annotations

import math
from typing import TYPE_CHECKING

from servicecircle._said import Said, in_chinese, say
from servicecircle._sentences import count_text, percent_text
from servicecircle._vocabulary import read_vocabulary

if TYPE_CHECKING:
    from servicecircle.siting._model import Rule

Words = tuple[Said, Said]  # what is wrong, and what would mend it

RULES = {
    "n_open": ("number of new sites", "新设站点数"),
    "budget": ("budget", "预算"),
    "cost": ("cost of a site", "站点投入"),
    "required": ("sites that must open", "必选站点"),
    "at_least": ("minimum number of sites", "站点数下限"),
    "at_most": ("maximum number of sites", "站点数上限"),
    "exclusive": ("sites that exclude each other", "互斥站点"),
    "min_spacing": ("spacing in metres", "最小间距（米）"),
    "min_spacing_minutes": ("spacing in minutes", "最小间距（步行分钟）"),
    "floor": ("minimum share covered", "覆盖率下限"),
    "share": ("share to cover", "目标覆盖率"),
    "max_minutes": ("longest walk", "最长步行时间"),
    "capacity": ("capacity", "容纳人数"),
    "out_of_reach": ("out of everyone's reach", "够不着的职工"),
}
SPACING = ("min_spacing", "min_spacing_minutes")


def value_of_column(column: str, value: object) -> Said:
    """Name the rows with this value: ``district = 江岸区``, 区县“江岸区”."""
    known = read_vocabulary("headers").get(column)
    return say(
        "{column} = {value}",
        "{column}“{value}”",
        column=Said(column, known["zh"][0] if known else column),
        value=value,
    )


def too_many_required(number: int, n_open: int) -> Words:
    """More sites must open than may."""
    figures = {"number": number, "n_open": n_open}
    return (
        say(
            "{number} sites are required but only {n_open} may open.",
            "必选站点有 {number} 个，但最多只能开设 {n_open} 个。",
            **figures,
        ),
        say(
            "Allow `n_open={number}`, or require fewer.",
            "把上限提高到 {number} 个，或减少必选站点。",
            **figures,
        ),
    )


def too_few_sites(limit: float, needed: float) -> Words:
    """More sites are needed than may open."""
    return (
        say(
            "At most {limit:.0f} sites may open, but the other rules need {needed:.0f}.",
            "最多开设 {limit:.0f} 个，但满足其他条件需要 {needed:.0f} 个。",
            limit=limit,
            needed=needed,
        ),
        say("Allow `n_open={needed:.0f}`.", "把上限提高到 {needed:.0f} 个。", needed=needed),
    )


def too_little_money(limit: float, needed: float) -> Words:
    """Less money is there than the other rules cost."""
    return (
        say(
            "The budget is {limit:,.10g}, but the other rules cost {needed:,.10g}.",
            "预算为 {limit:,.10g}，但满足其他条件需要 {needed:,.10g}。",
            limit=limit,
            needed=needed,
        ),
        say("Raise `budget` to {needed:,.10g}.", "把预算提高到 {needed:,.10g}。", needed=needed),
    )


def wrong_count(rule: Rule, asked: float, possible: float) -> Words:
    """Too few sites can, or too many must, stand for a value of a column."""
    figures = {"asked": asked, "possible": possible, "what": rule.what}
    if rule.rule == "at_least":
        return (
            say(
                "{asked:.0f} sites are wanted for {what}, but only {possible:.0f} can open.",
                "{what}至少要 {asked:.0f} 个站点，但只能有 {possible:.0f} 个。",
                **figures,
            ),
            say(
                "Ask for {possible:.0f} there, or add candidates.",
                "把{what}的下限降到 {possible:.0f} 个，或增加候选点。",
                **figures,
            ),
        )
    return (
        say(
            "At most {asked:.0f} sites may stand for {what}, but {possible:.0f} are needed.",
            "{what}最多 {asked:.0f} 个站点，但需要 {possible:.0f} 个。",
            **figures,
        ),
        say(
            "Allow {possible:.0f} there.",
            "把{what}的上限提高到 {possible:.0f} 个。",
            **figures,
        ),
    )


def too_low_share(rule: Rule, wanted: float, best: float) -> Words:
    """Less than the share asked for can be covered."""
    whom = Said(f"of {rule.what} " if rule.what else "", in_chinese(rule.what) or "全部职工")
    return (
        say(
            "{wanted} {whom}must be covered, but {best} can be.",
            "{whom}的覆盖率要求 {wanted}，但只能达到 {best}。",
            whom=whom,
            wanted=percent_text(wanted),
            best=percent_text(best),
        ),
        say(
            "Lower `{rule}` to {best:.4g}, or allow more sites.",
            "把要求降到 {best:.4g}，或允许开设更多站点。",
            rule=rule.rule,
            best=math.floor(1e4 * best + 1e-9) / 1e4,
        ),
    )


def too_little_room(wanted: float, best: float) -> Words:
    """Not everybody whom a place reaches finds room."""
    figures = {"wanted": count_text(wanted), "best": count_text(best)}
    return (
        say(
            "{wanted} workers must find room, but only {best} can.",
            "需要为 {wanted} 名职工提供容纳空间，但只够 {best} 人。",
            **figures,
        ),
        say(
            "Add room for {more} more, or allow more sites.",
            "再增加可容纳 {more} 人的空间，或允许开设更多站点。",
            more=count_text(wanted - best),
        ),
    )


def too_far(limit: float, needed: float | None) -> Words:
    """Not all who could have a place so near can have one open; ``needed``: minutes that do."""
    reason = say(
        "Not everybody whom a place reaches within {limit:g} minutes can have an open one so near.",
        "有站点或候选点在 {limit:g} 分钟内的职工，无法都在 {limit:g} 分钟内走到开放的站点。",
        limit=limit,
    )
    if needed is None:
        return reason, say("Leave out `max_minutes`.", "取消最长步行时间的要求。")
    return reason, say(
        "Raise `max_minutes` to {needed:g}.",
        "把最长步行时间放宽到 {needed:g} 分钟。",
        needed=needed,
    )


def not_together(rule: Rule, names: str) -> Words:
    """Sites are needed that one rule keeps closed, or apart."""
    if rule.rule in SPACING and rule.what == "existing":
        return (
            say(
                "{names}: nearer to an existing station than `{rule}` allows.",
                "{names}：与现有驿站的距离小于最小间距。",
                names=names,
                rule=rule.rule,
            ),
            say(
                "Do not require it, or lower `{rule}`.",
                "取消必选，或减小最小间距。",
                rule=rule.rule,
            ),
        )
    if rule.rule == "cost":
        return (
            say(
                "{names}: must open but has no valid cost.",
                "{names}：必须开设，但没有有效的费用。",
                names=names,
            ),
            say("Give it a cost.", "填写费用。"),
        )
    apart = rule.rule in SPACING
    why = Said("too near to each other", "相互距离过近") if apart else None
    return (
        say(
            "{names}: needed together but {why}.",
            "{names}：需要同时开设，但{why}。",
            names=names,
            why=why or Said("mutually exclusive", "不能同时开设"),
        ),
        say(
            "Give up one of them, or relax `{rule}`.",
            "放弃其中一个，或放宽该条件。",
            rule=rule.rule,
        ),
    )


def out_of_reach(limit: float, workers: float, places: int) -> Words:
    """Say of whom nobody is within the cutoff, whatever opens."""
    return (
        say(
            "No station and no candidate is within {limit:g} minutes of {workers} workers at "
            "{places:,} places.",
            "{places:,} 处共 {workers} 名职工，{limit:g} 分钟内既没有驿站也没有候选点。",
            limit=limit,
            workers=count_text(workers),
            places=places,
        ),
        say("Add candidates near them.", "在附近增加候选点。"),
    )
