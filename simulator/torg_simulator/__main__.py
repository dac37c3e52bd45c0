"""`python -m torg_simulator serve`."""

import sys
from typing import Annotated

import httpx
import typer
import uvloop
from pydantic import ValidationError

from .app import serve as run
from .settings import CONTROL_HOST, Settings

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


@app.command()
def control(method: str, path: str, body: Annotated[str, typer.Argument(help="JSON")] = "") -> None:
    """One call to the control face of a simulator that runs on this machine."""
    content, headers = body.encode() or None, {"content-type": "application/json"}
    address = f"http://{CONTROL_HOST}:{_settings().control_port}{path}"
    try:
        answer = httpx.request(method, address, content=content, headers=headers, timeout=60, trust_env=False)
    except httpx.HTTPError as error:
        typer.echo(f"{address}: {type(error).__name__}", err=True)
        raise typer.Exit(1) from None
    typer.echo(answer.text)
    raise typer.Exit(0 if answer.is_success else 1)


if __name__ == "__main__":
    app()
