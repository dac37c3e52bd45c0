"""`python -m torg_ops <command>`: what people who operate Torg type."""

import asyncio
import os
import time
from pathlib import Path
from typing import Annotated, Literal

import orjson
import typer

from . import bootstrap as roles
from .credentials import open_credentials
from .issuer import PERSONAS, Issuer, write_secret
from .run import run as run_house

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)

Folder = Annotated[Path, typer.Option(help="Where everything that is made lies", envvar="TORG_RUN_DIR")]
_RUN = Path(".run")


@app.callback()
def main() -> None:
    """Run, demonstrate and examine a Torg installation."""


@app.command()
def run(
    bus: Annotated[Literal["postgres", "kafka"], typer.Option(help="What carries the events")] = "postgres",
    ports: Annotated[Literal["fixed", "free"], typer.Option(help="8101-8111, or any that are free")] = "fixed",
    folder: Folder = _RUN,
) -> None:
    """The whole product on this machine, until Ctrl-C."""

    def say(line: str) -> None:
        typer.echo(line)

    code = run_house(Path.cwd(), folder.resolve(), bus, ports, say, os.environ.get("TORG_ADMIN_URL"))
    raise typer.Exit(code)


@app.command()
def bootstrap(
    admin_url: Annotated[str, typer.Option(envvar="TORG_ADMIN_URL", help="PostgreSQL, as a superuser")],
    folder: Folder = _RUN,
) -> None:
    """Roles, databases, default privileges, development secrets and keys; for an installation of one's own."""
    credentials = open_credentials(folder / "secrets")
    Issuer.open(folder / "issuer")

    async def prepare() -> None:
        for name in (*roles.SERVICES, roles.BUS):
            await roles.prepare(admin_url, name, credentials.passwords[name])
            typer.echo(f"torg_{name}: database og roller er klare")

    asyncio.run(prepare())
    typer.echo(f"Passord og nøkler ligger i {folder}")


@app.command()
def mint(
    folder: Folder = _RUN,
    every_hours: Annotated[float, typer.Option(help="Go on for ever, and mint anew this often; 0 mints once")] = 0.0,
) -> None:
    """Tokens of a day from the development issuer: for each service where it looks, for personas in tokens.json."""
    while True:
        issuer = Issuer.open(folder / "issuer")
        credentials = open_credentials(folder / "secrets")
        for name in roles.SERVICES:
            credentials.write_system_token(name, issuer.mint_system(name))
        personas = {persona.key: issuer.mint(persona) for persona in PERSONAS}
        write_secret(folder / "tokens.json", orjson.dumps(personas, option=orjson.OPT_INDENT_2))
        typer.echo(f"Tokens for et døgn: {folder / 'tokens.json'}")
        if every_hours <= 0:
            return
        time.sleep(every_hours * 3600)


if __name__ == "__main__":
    app()
