"""The REST resources of ingest, and the door for the platforms."""

from .channels import router as channels
from .deliveries import deliveries
from .messages import router as messages
from .webhooks import Limits, Secrets, Webhook

__all__ = ["Limits", "Secrets", "Webhook", "channels", "deliveries", "messages"]
