"""Which rules exclude each other, and the smallest relaxation that mends it."""

from __future__ import annotations

import math
import time
from typing import TYPE_CHECKING, NamedTuple, Self

import numpy as np

from servicecircle._checks import name_some
from servicecircle.siting import _words as words
from servicecircle.siting._covering import minutes_by_row, nearest_walks
from servicecircle.siting._model import NONE
from servicecircle.siting._stages import run, soft_model

if TYPE_CHECKING:
    from servicecircle._kernel.cover import Bools, Floats, Ints
    from servicecircle.scores import SiteTable
    from servicecircle.siting._model import Model, Rule
    from servicecircle.siting._rules import Problem

SECONDS = 10.0  # for looking for the smallest relaxation
BROKEN = 1e-6


class Conflict(NamedTuple):
    """A row of ``plan.conflicts``."""

    rule: str
    rule_en: str
    rule_zh: str
    ids: tuple[object, ...]
    reason_en: str
    reason_zh: str
    mend_en: str
    mend_zh: str

    @classmethod
    def of(cls, rule: str, ids: tuple[object, ...], texts: words.Words) -> Self:
        """Name the rule in words, and say what is wrong and what would mend it."""
        reason, mend = texts
        both = (str(reason), reason.zh, str(mend), mend.zh)
        return cls(rule, *words.RULES[rule], ids, *both)


def find_conflicts(problem: Problem) -> list[Conflict]:
    """Break the rules by as little as makes a plan possible, and name those broken."""
    asked = problem.asked
    room = len(problem.places.closable) + (asked.n_open or 0)
    if asked.n_open is not None and len(asked.required) > room:
        texts = words.too_many_required(len(asked.required), asked.n_open)
        return [Conflict.of("required", asked.required, texts)]
    model = soft_model(problem)
    outcome, sites = run(model, NONE, time.monotonic() + SECONDS)
    if outcome.values is None:
        return []
    slack = [(rule, sign, outcome.values[column]) for rule, column, sign in model.broken]
    broken = [
        _in_words(problem, rule, sign * size, sites) for rule, sign, size in slack if size > BROKEN
    ]
    return broken + _longest_walk(model, outcome.values, sites)


def _in_words(problem: Problem, rule: Rule, missing: float, sites: Ints) -> Conflict:
    """Say by how much a rule is broken; ``missing``: what it lacks, negative if it is too much."""
    ids, name = problem.ids(rule.sites), rule.rule
    asked = ((rule.high if missing < 0 else rule.low) + rule.counted) / rule.scale
    possible = asked - missing / rule.scale
    if name == "n_open":
        texts = words.too_few_sites(asked, possible)
    elif name == "budget":
        texts = words.too_little_money(asked, possible)
    elif name in ("at_least", "at_most"):
        texts = words.wrong_count(rule, asked, possible)
    elif name in ("floor", "share"):
        texts = words.too_low_share(rule, asked, possible)
    elif name == "capacity":
        texts = words.too_little_room(asked, possible)
    else:
        ids = problem.ids(np.intersect1d(rule.sites, sites))
        texts = words.not_together(rule, name_some(ids))
    return Conflict.of(name, ids, texts)


def _longest_walk(model: Model, values: Floats, sites: Ints) -> list[Conflict]:
    """Name `max_minutes` if a longer walk had to be allowed, and the places that need it."""
    if model.maxima is None or (chosen := int(values[model.maxima.columns].argmax())) == 0:
        return []
    problem = model.problem
    minutes, _ = minutes_by_row(problem)
    asked, longest = (float(model.maxima.minutes[k]) for k in (0, chosen))
    every = np.arange(problem.n_places)
    ever = nearest_walks(minutes, np.intersect1d(every, [*problem.fixed, *problem.usable]))[0]
    opened = nearest_walks(minutes, np.intersect1d(every, [*problem.fixed, *sites]))[0]
    held = problem.table.units > 0
    beyond = held & (ever <= np.float32(asked)) & (opened > np.float32(asked))
    needed = None
    if math.isfinite(longest):
        walk = float(opened[held & (ever <= np.float32(longest))].max())
        needed = min(math.ceil(round(10 * walk, 4)) / 10, longest)
    ids = problem.table.demand.index[problem.table.demand_order[beyond]]
    return [Conflict.of("max_minutes", tuple(ids), words.too_far(asked, needed))]


def out_of_reach(table: SiteTable, lost: Bools) -> Conflict:
    """List the demand of which no station and no candidate is within the cutoff."""
    ids = table.demand.index[table.demand_order[lost]]
    workers = float(table.units[lost].sum() / table.scale)
    texts = words.out_of_reach(table.reach.cutoff, workers, len(ids))
    return Conflict.of("out_of_reach", tuple(ids), texts)
