import asyncio

from torg_shared.db import run_migrations

from torg_ingest.tables import metadata

run_migrations(metadata, asyncio.run)
