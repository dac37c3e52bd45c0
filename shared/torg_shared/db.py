"""PostgreSQL: engines, migrations, and what kind of failure an error is."""

from collections.abc import Callable
from importlib.resources import files
from pathlib import Path
from typing import Any

import asyncpg
import sqlalchemy as sa
from sqlalchemy.exc import DBAPIError
from sqlalchemy.exc import TimeoutError as PoolTimeout
from sqlalchemy.ext.asyncio import AsyncConnection, AsyncEngine, create_async_engine

STATEMENT_TIMEOUT = "57014"
# a session whose machine is gone must give back its locks within half a minute, not within hours
_KEEPALIVES = {"tcp_keepalives_idle": "10", "tcp_keepalives_interval": "5", "tcp_keepalives_count": "4"}
# how asyncpg speaks of a connection that vanished under it, without any SQLSTATE: the second is what it says, now and
# then, when the server ended the session between two statements
VANISHED = (asyncpg.InterfaceError, asyncpg.exceptions.InternalClientError)
_TRANSIENT_CLASSES = ("08", "40", "53", "57")
_TRANSIENT_STATES = ("55P03", "25P03")  # lock_timeout, idle_in_transaction_session_timeout


def make_engine(url: str, *, name: str, pool_size: int = 8, command_timeout_s: float = 10.0) -> AsyncEngine:
    """A pool for the run-time role. `name` is what the server's activity view shows.

    Without `command_timeout_s` asyncpg waits for ever on a server that stands still.
    """
    return create_async_engine(
        _with_driver(url),
        isolation_level="AUTOCOMMIT",  # `Works` says BEGIN and COMMIT itself, so that the driver can be used beside
        pool_size=pool_size,
        max_overflow=0,
        pool_timeout=command_timeout_s,
        pool_recycle=1800,
        connect_args={
            "timeout": command_timeout_s,
            "command_timeout": command_timeout_s,
            "server_settings": {"application_name": name, "jit": "off"},
        },
    )


async def driver_of(db: AsyncConnection) -> asyncpg.Connection:
    """The driver's connection under `db`: for statements over long arrays, where binding by SQLAlchemy costs most."""
    raw = await db.get_raw_connection()
    return raw.driver_connection


async def connect(url: str, *, name: str, command_timeout_s: float = 10.0) -> asyncpg.Connection:
    """A connection outside the pool, for what must outlive a transaction: session locks and LISTEN."""
    return await asyncpg.connect(
        _plain(url),
        timeout=command_timeout_s,
        command_timeout=command_timeout_s,
        server_settings={"application_name": name, "jit": "off"} | _KEEPALIVES,
    )


def sqlstate(error: BaseException) -> str | None:
    """The SQLSTATE of a database error, however it was wrapped."""
    cause = error.orig if isinstance(error, DBAPIError) else error
    state = getattr(cause, "sqlstate", None)
    return str(state) if state else None


def is_transient(error: BaseException) -> bool:
    """True when the same work may succeed later: connection, deadlock, serialisation, time-out, disk full.

    SQLAlchemy wraps many of these as plain `DBAPIError`, therefore the SQLSTATE decides, not the class.
    """
    if isinstance(error, DBAPIError) and error.connection_invalidated:
        return True
    if isinstance(error, (OSError, TimeoutError, PoolTimeout)):
        return True
    state = sqlstate(error)
    if state is not None:
        return state.startswith(_TRANSIENT_CLASSES) or state in _TRANSIENT_STATES
    cause = error.orig if isinstance(error, DBAPIError) else error
    return isinstance(cause, VANISHED) or "connection is closed" in str(cause)


def migrate(url: str, package: str, revision: str = "head") -> None:
    """Bring the database of `package` to `revision`, as its owner. Runs its own event loop."""
    from alembic import command  # noqa: PLC0415 - a quarter of every service's start, for a command that few run
    from alembic.config import Config  # noqa: PLC0415

    scripts = Path(str(files(package))) / "migrations"
    config = Config()
    config.set_main_option("script_location", str(scripts))
    config.set_main_option("path_separator", "os")
    config.attributes["url"] = _with_driver(url)
    (command.downgrade if revision in {"base", "-1"} else command.upgrade)(config, revision)


def run_migrations(metadata: sa.MetaData, run: Callable[[Any], Any]) -> None:
    """The body of every service's `migrations/env.py`; `run` is `asyncio.run`."""
    from alembic import context  # noqa: PLC0415 - as above

    def configure(db: sa.Connection) -> None:
        context.configure(connection=db, target_metadata=metadata, compare_type=True)
        with context.begin_transaction():
            context.run_migrations()

    async def online() -> None:
        engine = create_async_engine(context.config.attributes["url"], poolclass=sa.NullPool)
        async with engine.connect() as db:
            await db.run_sync(configure)
            await db.commit()
        await engine.dispose()

    run(online())


async def is_privileged(db: AsyncConnection) -> bool:
    """True when the connected role is a superuser or owns tables here: the run-time role must be neither."""
    row = await db.scalar(
        sa.text(
            "SELECT rolsuper OR EXISTS (SELECT 1 FROM pg_class WHERE relowner = r.oid AND relkind = 'r') "
            "FROM pg_roles r WHERE rolname = current_user"
        )
    )
    return bool(row)


def _with_driver(url: str) -> str:
    return url.replace("postgresql://", "postgresql+asyncpg://", 1)


def _plain(url: str) -> str:
    return url.replace("postgresql+asyncpg://", "postgresql://", 1)
