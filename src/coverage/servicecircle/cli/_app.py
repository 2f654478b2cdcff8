"""The application that the commands belong to."""

from typing import Annotated

import typer

from servicecircle import __version__

# Newer typers carry a click of their own: take the class from where both have it.
UsageError: type[Exception] = typer.BadParameter.__bases__[0]

app = typer.Typer(
    help="服务圈 Where workers' service stations should go: walking circles, coverage, sites.",
    no_args_is_help=False,
    add_completion=False,
    pretty_exceptions_enable=False,
    rich_markup_mode=None,
)


@app.callback(invoke_without_command=True)
def _top(
    version: Annotated[bool, typer.Option("--version", help="Print the version.")] = False,  # noqa: FBT002
) -> None:
    if version:
        typer.echo(__version__)
        raise typer.Exit
