"""Roles, databases and default privileges: what must exist before any service migrates.

Two roles per service: the owner migrates, the run-time role neither owns nor rules anything (architecture, section 5).
"""

from dataclasses import dataclass
from urllib.parse import quote, urlsplit, urlunsplit

import asyncpg

SERVICES = ("ingest", "classifier", "journal", "responder")
BUS = "bus"

_LIMITS = {
    "lock_timeout": "2s",  # a stalled holder of a lock must not stop the house
    "idle_in_transaction_session_timeout": "3s",
    "statement_timeout": "15s",
}


@dataclass(frozen=True, slots=True)
class Access:
    """The two addresses of one service's database."""

    url: str
    owner_url: str


async def prepare(admin_url: str, service: str, passwords: tuple[str, str], database: str | None = None) -> Access:
    """Make roles and database of `service` where they lack, set passwords (owner, run-time) and privileges.

    Running it again changes only the passwords. `database` is `torg_<service>` by default.
    """
    owner, runtime = f"torg_{service}_owner", f"torg_{service}"
    database = database or f"torg_{service}"
    admin = await asyncpg.connect(admin_url, timeout=10)
    try:
        # several services are prepared side by side: one at a time may create roles
        await admin.execute("SELECT pg_advisory_lock(7467)")
        for role, password in ((owner, passwords[0]), (runtime, passwords[1])):
            if not await admin.fetchval("SELECT 1 FROM pg_roles WHERE rolname = $1", role):
                await admin.execute(f'CREATE ROLE "{role}" LOGIN NOSUPERUSER NOCREATEDB NOCREATEROLE')
            literal = await admin.fetchval("SELECT quote_literal($1::text)", password)
            await admin.execute(f'ALTER ROLE "{role}" PASSWORD {literal}')
        for name, value in _LIMITS.items():
            await admin.execute(f"ALTER ROLE \"{runtime}\" SET {name} = '{value}'")
        if not await admin.fetchval("SELECT 1 FROM pg_database WHERE datname = $1", database):
            await admin.execute(f'CREATE DATABASE "{database}" OWNER "{owner}" TEMPLATE template0')
        await admin.execute(f'REVOKE ALL ON DATABASE "{database}" FROM PUBLIC')
        await admin.execute(f'GRANT CONNECT ON DATABASE "{database}" TO "{runtime}"')
    finally:
        await admin.close()
    access = Access(
        url=_as_role(admin_url, runtime, passwords[1], database),
        owner_url=_as_role(admin_url, owner, passwords[0], database),
    )
    inside = await asyncpg.connect(_as_role(admin_url, None, None, database), timeout=10)
    try:
        await inside.execute(
            f"""
            REVOKE ALL ON SCHEMA public FROM PUBLIC;
            GRANT ALL ON SCHEMA public TO "{owner}";
            GRANT USAGE ON SCHEMA public TO "{runtime}";
            ALTER DEFAULT PRIVILEGES FOR ROLE "{owner}" IN SCHEMA public
                GRANT SELECT, INSERT, UPDATE, DELETE ON TABLES TO "{runtime}";
            ALTER DEFAULT PRIVILEGES FOR ROLE "{owner}" IN SCHEMA public
                GRANT USAGE, SELECT ON SEQUENCES TO "{runtime}";
            ALTER DEFAULT PRIVILEGES FOR ROLE "{owner}" IN SCHEMA public REVOKE EXECUTE ON FUNCTIONS FROM PUBLIC;
            """  # noqa: S608 - role names are made of the fixed list of services
        )
    finally:
        await inside.close()
    return access


def _as_role(admin_url: str, role: str | None, password: str | None, database: str) -> str:
    parts = urlsplit(admin_url)
    netloc = parts.netloc
    if role is not None:
        netloc = f"{quote(role)}:{quote(password or '', safe='')}@{netloc.rpartition('@')[2]}"
    return urlunsplit((parts.scheme, netloc, f"/{database}", parts.query, ""))
