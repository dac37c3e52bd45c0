"""`python -m torg_simulator serve`."""

import sys
from typing import Annotated

import typer
import uvloop
from pydantic import ValidationError

from .app import serve as run
from .settings import Settings

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


def _settings() -> Settings:
    try:
        return Settings()
    except ValidationError as error:
        for problem in error.errors():
            typer.echo(f"{problem['loc'][0]}: {problem['msg']}", err=True)
        raise SystemExit(2) from None


@app.callback(invoke_without_command=True)
def main(
    check_config: Annotated[bool, typer.Option("--check-config", help="Print the effective settings")] = False,
) -> None:
    if check_config:
        typer.echo(_settings().model_dump_json(indent=2))
        raise typer.Exit


@app.command()
def serve() -> None:
    """Both faces, until SIGTERM."""
    try:
        uvloop.run(run(_settings()))
    except OSError as error:
        typer.echo(str(error), err=True)
        sys.exit(1)


if __name__ == "__main__":
    app()
