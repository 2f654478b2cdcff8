"""What the user sees: the answer on stdout; progress, notes or one error on stderr."""

from __future__ import annotations

import logging
import warnings
from contextlib import contextmanager
from functools import cache
from typing import TYPE_CHECKING

from rich.console import Console
from rich.progress import BarColumn, MofNCompleteColumn, Progress, TextColumn, TimeElapsedColumn

from servicecircle._said import Said, in_both
from servicecircle.errors import ServiceCircleWarning

if TYPE_CHECKING:
    from collections.abc import Callable, Iterator


def one_line(text: str) -> str:
    """Put a text on one line."""
    return " ".join(text.split())


def say_error(text: str, code: int) -> int:
    """Write one line to stderr, in each language it was said in, and give back the exit code."""
    text = str(in_both(text))
    _stderr().print(f"servicecircle: {one_line(text)}", style="red", markup=False, soft_wrap=True)
    return code


def say_note(text: str) -> None:
    """Write a note to stderr, one line in each language it was said in."""
    lines = [f"提示：{one_line(text.zh)}"] if isinstance(text, Said) else []
    for line in (*lines, f"note: {one_line(text)}"):
        _stderr().print(line, style="dim", markup=False, soft_wrap=True)


# Warnings wait here until the work is done, so that bad input is one line and no more.
_waiting: dict[str, None] = {}


@contextmanager
def notes() -> Iterator[None]:
    """Show log messages at once, and the library's warnings, each once, when all went well."""
    _waiting.clear()

    class Notes(logging.Handler):
        def emit(self, record: logging.LogRecord) -> None:
            say_note(record.getMessage())

    logger, handler = logging.getLogger("servicecircle"), Notes(logging.WARNING)
    logger.addHandler(handler)
    try:
        with warnings.catch_warnings():
            warnings.simplefilter("always", ServiceCircleWarning)
            show = warnings.showwarning

            def keep(message: Warning | str, category: type[Warning], *rest: object) -> None:
                if issubclass(category, ServiceCircleWarning):
                    said = message.args[0] if isinstance(message, Warning) else message
                    _waiting[said] = None
                else:
                    show(message, category, *rest)  # type: ignore[arg-type]

            warnings.showwarning = keep  # type: ignore[assignment]
            yield
    finally:
        logger.removeHandler(handler)
    _say_waiting()


def _say_waiting() -> None:
    for text in _waiting:
        say_note(text)
    _waiting.clear()


@contextmanager
def steps(total: int) -> Iterator[Callable[[str], None]]:
    """Show a progress bar of so many steps; call the result at the start of each."""
    columns = (TextColumn("{task.description}"), BarColumn(), MofNCompleteColumn())
    console = _stderr()
    with Progress(
        *columns,
        TimeElapsedColumn(),
        console=console,
        transient=True,
        disable=not console.is_terminal,
    ) as progress:
        task = progress.add_task("", total=total)
        done = -1

        def step(name: str) -> None:
            nonlocal done
            done += 1
            progress.update(task, description=name, completed=done)

        yield step
    _say_waiting()


@cache
def _stderr() -> Console:
    """Return the one console, so that a note is written above the progress bar."""
    return Console(stderr=True, highlight=False)
