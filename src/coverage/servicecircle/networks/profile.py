"""Who moves, and what costs more than its length: the rules a network is built with."""

from __future__ import annotations

from dataclasses import asdict, dataclass
from typing import TYPE_CHECKING, Any, Literal, get_args

import numpy as np

from servicecircle.errors import InputError

if TYPE_CHECKING:
    from pathlib import Path

Mode = Literal["walk", "cycle", "ebike"]
# km/h. E-bikes: the limit in cycle lanes (Road Traffic Safety Law of the PRC, article 58)
SPEEDS = {"walk": 4.5, "cycle": 12.0, "ebike": 15.0}
LARGEST_STEPS = 20.0
LONGEST_WAIT = 600.0


@dataclass(frozen=True)
class Profile:
    """Rules of one network; see ``read_network`` for what each means."""

    mode: Mode = "walk"
    steps: float = 1.0
    signals: float = 0.0
    private: bool = True
    squares: bool = True
    elevation: str | None = None

    @classmethod
    def of(
        cls,
        *,
        mode: Mode = "walk",
        steps: float = 1.0,
        signals: float = 0.0,
        private: bool = True,
        squares: bool = True,
        elevation: str | Path | None = None,
    ) -> Profile:
        """Check the rules.

        Raises
        ------
        InputError
            An unknown mode, or a number out of range.
        """
        if mode not in get_args(Mode):
            raise InputError(f'`mode` must be "walk", "cycle" or "ebike"; got {mode!r}.')
        for name, switch in (("private", private), ("squares", squares)):
            if not isinstance(switch, bool | np.bool_):
                raise InputError(f"`{name}` must be True or False; got {switch!r}.")
        if elevation is not None and mode == "ebike":
            raise InputError("`elevation` is not used by e-bikes: their motor levels the slopes.")
        if elevation is not None and mode == "cycle":
            raise InputError("`elevation` is known for walking only (Tobler 1993).")
        return cls(
            mode,
            _number(steps, "steps", 1.0, LARGEST_STEPS),
            _number(signals, "signals", 0.0, LONGEST_WAIT),
            bool(private),
            bool(squares),
            None if elevation is None else str(elevation),
        )

    @property
    def waiting_metres(self) -> float:
        """The wait at one signal as metres at the mode's usual speed."""
        return self.signals * SPEEDS[self.mode] / 3.6

    def to_dict(self) -> dict[str, Any]:
        """Return the rules as plain values."""
        return asdict(self)


def _number(value: float, name: str, low: float, high: float) -> float:
    try:
        number = float(value)
    except (TypeError, ValueError):
        number = np.nan
    if not low <= number <= high:
        raise InputError(f"`{name}` must be a number from {low:g} to {high:g}; got {value!r}.")
    return number
