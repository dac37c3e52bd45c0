"""Migrations of the classifier's database."""

import asyncio

from torg_shared.db import run_migrations

from torg_classifier.tables import metadata

run_migrations(metadata, asyncio.run)
