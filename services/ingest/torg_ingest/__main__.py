"""`python -m torg_ingest`: api, worker, serve, migrate, replay, resume, --check-config."""

from torg_shared.service import command_line

from torg_ingest.app import build
from torg_ingest.settings import IngestSettings

app = command_line("ingest", "torg_ingest", build, IngestSettings)

if __name__ == "__main__":
    app()
