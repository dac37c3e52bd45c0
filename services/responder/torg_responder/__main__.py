"""`python -m torg_responder`: api, worker, serve, migrate, replay, resume, --check-config."""

from torg_shared.service import command_line

from torg_responder.app import build
from torg_responder.settings import ResponderSettings

app = command_line("responder", "torg_responder", build, ResponderSettings)

if __name__ == "__main__":
    app()
