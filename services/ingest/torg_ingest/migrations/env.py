import asyncio

from torg_ingest.tables import metadata
from torg_shared.db import run_migrations

run_migrations(metadata, asyncio.run)
