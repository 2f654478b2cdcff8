"""Good sets of sites: greedy filling, swaps and an iterated local search, on arrays.

Rules are rows ``Σ amount · open ≤ limit`` over the sites; the number of sites to open is
one of them. A move is made only when every row still holds.
"""

from __future__ import annotations

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
from numba import njit

if TYPE_CHECKING:
    from numpy.typing import NDArray

    from servicecircle._kernel.cover import Bools, Cover, Ints

SHAKE = 0.3  # largest random cut of a gain when refilling
OPEN, CLOSE = np.int64(1), np.int64(-1)  # not literals: one compiled `turn` for both
RETURN = 0.0005  # how far a plan may fall in a round, mostly far less, before it is taken back


class Rules(NamedTuple):
    """Rows ``Σ amount · open ≤ limit``: those of site j are ``row[ptr[j]:ptr[j+1]]``."""

    ptr: Ints
    row: NDArray[np.int32]
    amount: Ints
    limit: Ints


class State(NamedTuple):
    """A plan and what follows from it; changed in place.

    ``chosen`` (m,): open sites. ``times`` (n,): how many open sites cover each row. ``gain``
    (m,): weight that a site would newly cover. ``slack``: room left in each rule. ``stale``
    (m,): sites that share rows with one that was turned since they were last looked at.
    """

    chosen: Bools
    times: Ints
    gain: Ints
    slack: Ints
    stale: Bools


def at_most(n_open: int, n_sites: int) -> Rules:
    """Return the one rule "open at most this many"."""
    return Rules(
        np.arange(n_sites + 1, dtype=np.int64),
        np.zeros(n_sites, dtype=np.int32),
        np.ones(n_sites, dtype=np.int64),
        np.array([n_open], dtype=np.int64),
    )


def use_up(rules: Rules, sites: Ints) -> Rules:
    """Return the rules with the room that the sites, once open, leave."""
    limit = rules.limit.copy()
    for j in sites:
        entries = slice(rules.ptr[j], rules.ptr[j + 1])
        np.subtract.at(limit, rules.row[entries], rules.amount[entries])
    return rules._replace(limit=limit)


def select_rules(rules: Rules, sites: Ints) -> Rules:
    """Keep the sites at the given positions."""
    size = np.diff(rules.ptr)[sites]
    ptr = np.concatenate([[0], np.cumsum(size)]).astype(np.int64)
    entries = np.repeat(rules.ptr[sites] - ptr[:-1], size) + np.arange(ptr[-1])
    return Rules(ptr, rules.row[entries], rules.amount[entries], rules.limit)


def empty_state(cover: Cover, rules: Rules) -> State:
    """Nothing open."""
    m, n = cover.shape
    sums = np.concatenate([[0], np.cumsum(cover.weight[cover.site_rows])])
    gain = sums[cover.site_ptr[1:]] - sums[cover.site_ptr[:-1]]
    none = np.zeros(m, dtype=bool)
    return State(none, np.zeros(n, dtype=np.int64), gain, rules.limit.copy(), none.copy())


@njit(cache=True, nogil=True)
def copy_state(state: State) -> State:
    """Return a plan that can be changed on its own."""
    return State(
        state.chosen.copy(),
        state.times.copy(),
        state.gain.copy(),
        state.slack.copy(),
        state.stale.copy(),
    )


@njit(cache=True, nogil=True)
def fits(rules: Rules, slack: Ints, j: int, leaving: int) -> bool:
    """Whether site j may open, given the room that ``leaving`` (or -1) would free."""
    for e in range(rules.ptr[j], rules.ptr[j + 1]):
        room = slack[rules.row[e]]
        if leaving >= 0:
            for f in range(rules.ptr[leaving], rules.ptr[leaving + 1]):
                if rules.row[f] == rules.row[e]:
                    room += rules.amount[f]
        if rules.amount[e] > room:
            return False
    return True


def settle(cover: Cover, rules: Rules, state: State) -> int:
    """Swap until no swap of any two sites helps; return the weight won."""
    extra, won, more = np.zeros(len(state.gain), dtype=np.int64), 0, 1
    while more:
        state.stale[:] = True
        more = swap(cover, rules, state, extra)
        won += more
    return won


@njit(cache=True, nogil=True)
def turn(cover: Cover, rules: Rules, state: State, j: int, sign: int | np.int64) -> int:
    """Open (``sign`` 1) or close (-1) site j; return the change of the covered weight."""
    change = 0
    edge = 0 if sign > 0 else 1  # a row changes hands when its number leaves this one
    state.chosen[j] = sign > 0
    for e in range(rules.ptr[j], rules.ptr[j + 1]):
        state.slack[rules.row[e]] -= sign * rules.amount[e]
    for e in range(cover.site_ptr[j], cover.site_ptr[j + 1]):
        row = cover.site_rows[e]
        moved = sign * cover.weight[row] if state.times[row] == edge else 0
        change += moved
        for f in range(cover.row_ptr[row], cover.row_ptr[row + 1]):
            state.gain[cover.row_sites[f]] -= moved
            state.stale[cover.row_sites[f]] = True
        state.times[row] += sign
    return change


@njit(cache=True, nogil=True)
def draw(seed: NDArray[np.uint64]) -> float:
    """Next random number in [0, 1) (xorshift64*); ``seed`` is an array of one uint64."""
    x = seed[0]
    x ^= x >> np.uint64(12)
    x ^= x << np.uint64(25)
    x ^= x >> np.uint64(27)
    seed[0] = x
    return float((x * np.uint64(0x2545F4914F6CDD1D)) >> np.uint64(11)) / 9007199254740992.0


@njit(cache=True, nogil=True)
def fill(
    cover: Cover, rules: Rules, state: State, shake: float, seed: NDArray[np.uint64]
) -> tuple[Ints, int]:
    """Open the site of largest gain again and again.

    Gains are cut at random by up to ``shake``. Returns the sites in that order and the
    weight they cover.
    """
    order = np.empty(state.gain.size, dtype=np.int64)
    n_opened, value = 0, 0
    while True:
        best, who = 0.0, -1
        for j in range(state.gain.size):
            gain = float(state.gain[j])
            if gain <= best or state.chosen[j]:
                continue
            if shake > 0.0:
                gain *= 1.0 - shake * draw(seed)
            if gain > best and fits(rules, state.slack, j, -1):
                best, who = gain, j
        if who < 0:
            return order[:n_opened], value
        value += turn(cover, rules, state, who, OPEN)
        order[n_opened] = who
        n_opened += 1


@njit(cache=True, nogil=True)
def swap(cover: Cover, rules: Rules, state: State, extra: Ints) -> int:
    """Swap one stale site for another while that covers more; return the weight won.

    ``extra`` (m,) int64 zeros: scratch, left as zeros.
    """
    won, better = 0, True
    while better:
        better = False
        for i in range(state.chosen.size):
            if not (state.chosen[i] and state.stale[i]):
                continue
            state.stale[i] = False
            loss = 0
            for e in range(cover.site_ptr[i], cover.site_ptr[i + 1]):
                row = cover.site_rows[e]
                if state.times[row] == 1:
                    loss += cover.weight[row]
                    for f in range(cover.row_ptr[row], cover.row_ptr[row + 1]):
                        extra[cover.row_sites[f]] += cover.weight[row]
            best, who = loss, -1
            for j in range(extra.size):
                gain = state.gain[j] + extra[j]
                extra[j] = 0
                if gain > best and not state.chosen[j] and fits(rules, state.slack, j, i):
                    best, who = gain, j
            if who >= 0:
                won += turn(cover, rules, state, i, CLOSE) + turn(cover, rules, state, who, OPEN)
                better = True
    return won


@njit(cache=True, nogil=True)
def _take_out(cover: Cover, rules: Rules, state: State, seed: NDArray[np.uint64]) -> int:
    """Close 2 to 7 sites, half of them neighbours of the one before; return the change."""
    open_sites = np.flatnonzero(state.chosen)
    change, last = 0, -1
    for _ in range(min(2 + int(draw(seed) * 6), open_sites.size)):
        j = open_sites[int(draw(seed) * open_sites.size)]
        if last >= 0 and draw(seed) < 0.5:
            start, end = cover.site_ptr[last], cover.site_ptr[last + 1]
            row = cover.site_rows[start + int(draw(seed) * (end - start))]
            start, end = cover.row_ptr[row], cover.row_ptr[row + 1]
            near = cover.row_sites[start + int(draw(seed) * (end - start))]
            j = near if state.chosen[near] else j
        if state.chosen[j]:
            change += turn(cover, rules, state, j, CLOSE)
            last = j
    return change


@njit(cache=True, nogil=True)
def search(
    cover: Cover, rules: Rules, state: State, best: State, rounds: int, seed: NDArray[np.uint64]
) -> int:
    """Shake, refill and swap for some rounds, starting from ``state``.

    ``state`` and ``best`` are changed in place; ``seed`` is an array of one uint64.
    Returns the value of ``best``.
    """
    extra = np.zeros(state.gain.size, dtype=np.int64)
    value, best_value = _value(cover, state), _value(cover, best)
    before, kept = copy_state(state), value
    for _ in range(rounds):
        value += _take_out(cover, rules, state, seed)
        for shake in (SHAKE, 0.0):  # the second time for room that a swap has made
            value += fill(cover, rules, state, shake, seed)[1]
            value += swap(cover, rules, state, extra)
        if value > best_value:
            best_value = value
            _copy(state, best)
        if value >= kept * (1.0 - RETURN * draw(seed) ** 3):
            kept = value
            _copy(state, before)
        else:
            value = kept
            _copy(before, state)
    return best_value


@njit(cache=True, nogil=True)
def _value(cover: Cover, state: State) -> int:
    """Weight that the open sites cover."""
    total = 0
    for row in range(state.times.size):
        if state.times[row] > 0:
            total += cover.weight[row]
    return total


@njit(cache=True, nogil=True)
def _copy(source: State, target: State) -> None:
    """Copy one plan over another; loops compile in a tenth of the time of slices."""
    for j in range(source.chosen.size):
        target.chosen[j] = source.chosen[j]
        target.gain[j] = source.gain[j]
        target.stale[j] = source.stale[j]
    for i in range(source.times.size):
        target.times[i] = source.times[i]
    for k in range(source.slack.size):
        target.slack[k] = source.slack[k]
