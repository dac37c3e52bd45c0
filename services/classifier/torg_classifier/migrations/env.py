"""Migrations of the classifier's database."""

import asyncio

from torg_classifier.tables import metadata
from torg_shared.db import run_migrations

run_migrations(metadata, asyncio.run)
