"""`python -m torg_shared.bus migrate`: make the topics of the whole catalogue on the bus that TORG_BUS_URL names."""

import asyncio
import os
from typing import Annotated

import typer

from torg_shared.events.catalogue import TOPICS

from . import kafka, postgres

app = typer.Typer(no_args_is_help=True, add_completion=False, pretty_exceptions_enable=False)


@app.callback()
def main() -> None:
    """The bus and its topics."""


@app.command()
def migrate(
    replication: Annotated[int, typer.Option(help="Copies of each Kafka topic")] = 1,
) -> None:
    """Make what lacks and set retention; the partition count of a topic never changes in place."""
    url = os.environ.get("TORG_BUS_URL", "")
    scheme, _, rest = url.partition("://")
    wanted = [(topic.name, topic.partitions, topic.retention_days) for topic in TOPICS]
    if scheme == "kafka":
        asyncio.run(kafka.make(rest, wanted, replication))
    elif scheme == "postgresql":
        asyncio.run(postgres.make(os.environ.get("TORG_MIGRATE_URL", url), wanted))
    else:
        typer.echo("TORG_BUS_URL mangler: kafka://vert:port eller postgresql://…/torg_bus", err=True)
        raise typer.Exit(2)


if __name__ == "__main__":
    app()
