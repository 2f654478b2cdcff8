"""The command line: parse, call, write."""

from __future__ import annotations

import io
import sys

from servicecircle.cli._screen import notes, say_error
from servicecircle.errors import ServiceCircleError

BAD_INPUT = 2
FAILED = 1
STOPPED = 130


def main(arguments: list[str] | None = None) -> int:
    """Run ``servicecircle`` and return its exit code.

    Returns
    -------
    int
        0 when all went well, 2 when the input or the command is wrong, 1 when a file
        could not be written, 130 when stopped by hand. An error is one line on stderr.
    """
    # The modules add their commands, in the order that help lists them.
    from servicecircle.cli import _commands, _networks, _site, _tables  # noqa: F401
    from servicecircle.cli._app import UsageError, app

    for stream in (sys.stdout, sys.stderr):
        if isinstance(stream, io.TextIOWrapper):
            stream.reconfigure(errors="replace")  # a console that cannot show 汉字 or ≤
    if arguments is None:
        arguments = sys.argv[1:]
    try:
        with notes():
            code = app(arguments or ["--help"], prog_name="servicecircle", standalone_mode=False)
    except ServiceCircleError as error:
        return say_error(error.args[0] if error.args else str(error), BAD_INPUT)
    except UsageError as error:
        return say_error(f"{str(error).rstrip(chr(46))}. See `servicecircle --help`.", BAD_INPUT)
    except OSError as error:
        return say_error(f"{error}", FAILED)
    except KeyboardInterrupt:
        return say_error("stopped.", STOPPED)
    return int(code or 0)
