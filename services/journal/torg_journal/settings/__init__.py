"""What an operations team sets for the journal, and the municipality's own data that it reads at start."""

from .house import house_of
from .municipality import LegalBasis, Municipality, load
from .service import JournalSettings

__all__ = ["JournalSettings", "LegalBasis", "Municipality", "house_of", "load"]
