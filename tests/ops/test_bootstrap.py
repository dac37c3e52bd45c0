"""Roles and privileges as architecture section 5 wants them, on a real server."""

import asyncpg
import pytest
from torg_ops.bootstrap import Access, prepare

from tests.conftest import Factory


@pytest.fixture
async def access(database: Factory) -> Access:
    made = await database("torg_shared")
    return Access(made.url, made.owner_url)


async def test_the_run_time_role_owns_nothing_and_rules_nothing(access: Access) -> None:
    db = await asyncpg.connect(access.url)
    try:
        role = await db.fetchrow("SELECT * FROM pg_roles WHERE rolname = current_user")
        owned = await db.fetchval(
            "SELECT count(*) FROM pg_class WHERE relowner = (SELECT oid FROM pg_roles WHERE rolname = current_user)"
        )
    finally:
        await db.close()

    assert not any(role[right] for right in ("rolsuper", "rolcreatedb", "rolcreaterole", "rolreplication"))
    assert owned == 0


@pytest.mark.parametrize(
    "statement",
    [
        "CREATE TABLE mine (id int)",
        "DELETE FROM log",
        "UPDATE log SET topic = 'x'",
        "TRUNCATE log",
        "DELETE FROM audit",
        "UPDATE audit SET action = 'x'",
        "DROP TABLE inbox",
        "ALTER TABLE log DISABLE TRIGGER ALL",
    ],
)
async def test_the_run_time_role_is_refused(access: Access, statement: str) -> None:
    db = await asyncpg.connect(access.url)
    try:
        with pytest.raises(asyncpg.PostgresError) as refused:
            await db.execute(statement)
    finally:
        await db.close()

    assert refused.value.sqlstate == "42501"


async def test_the_run_time_role_has_limits_so_that_a_stalled_holder_cannot_stop_the_house(access: Access) -> None:
    db = await asyncpg.connect(access.url)
    try:
        limits = {name: await db.fetchval(f"SHOW {name}") for name in ("lock_timeout", "statement_timeout")}
        idle = await db.fetchval("SHOW idle_in_transaction_session_timeout")
    finally:
        await db.close()

    assert limits == {"lock_timeout": "2s", "statement_timeout": "15s"}
    assert idle == "3s"


async def test_a_service_cannot_enter_the_database_of_another(database: Factory, postgres_url: str) -> None:
    of_another = (await database("torg_shared")).url.rpartition("/")[2]
    mine = await prepare(postgres_url, "bus", ("only-for-tests", "only-for-tests"), "torg_test_of_the_bus")
    try:
        with pytest.raises(asyncpg.InsufficientPrivilegeError):
            await asyncpg.connect(mine.url.rpartition("/")[0] + f"/{of_another}")
    finally:
        admin = await asyncpg.connect(postgres_url)
        await admin.execute("DROP DATABASE torg_test_of_the_bus WITH (FORCE)")
        await admin.close()
