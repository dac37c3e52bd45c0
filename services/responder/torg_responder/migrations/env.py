"""Alembic's entry: the work is done by `torg_shared.db`."""

import asyncio

from torg_responder.tables import metadata
from torg_shared.db import run_migrations

run_migrations(metadata, asyncio.run)
