"""`python -m torg_ops <command>`: what people who operate Torg type."""

import asyncio
import contextlib
import os
import time
from collections.abc import Iterator
from pathlib import Path
from typing import Annotated, Literal
from uuid import UUID

import orjson
import typer

from . import bootstrap as roles
from .client import House, NotRunning, Refused, WaitedInVain
from .credentials import open_credentials
from .demo import demo as tell_demo
from .issuer import PERSONAS, Issuer, write_secret
from .ledger import check, settle, tell
from .run import run as run_house
from .trace import trace as trace_message

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
def demo(folder: Folder = _RUN) -> None:
    """One message all the way, told as a story (beside a running `make run`)."""
    with _house(folder) as house:
        tell_demo(house, typer.echo)


@app.command()
def trace(message_id: UUID, folder: Folder = _RUN) -> None:
    """The story of one message across the services, without anybody's words."""
    with _house(folder) as house:
        for step in trace_message(house, message_id):
            typer.echo(step.line())


@app.command()
def ledger(
    folder: Folder = _RUN,
    wait_s: Annotated[float, typer.Option(help="Longest wait for what is under way")] = 60.0,
) -> None:
    """Check end to end that every accepted delivery led to exactly what it should; exit code 1 when not."""
    with _house(folder) as house:
        settle(house, wait_s)
        found = check(house)
        tell(found, typer.echo)
    raise typer.Exit(0 if found.balanced else 1)


@contextlib.contextmanager
def _house(folder: Path) -> Iterator[House]:
    """A running product; whatever it answers instead of what is wanted becomes one line."""
    house = None
    try:
        house = House.at(folder)
        yield house
    except (NotRunning, Refused, WaitedInVain) as error:
        typer.echo(str(error), err=True)
        raise typer.Exit(1) from None
    finally:
        if house:
            house.close()


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
