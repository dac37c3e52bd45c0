"""The bus port and its three implementations. No service knows which one carries its events."""
