"""What every Torg service stands on: the bus, the log, work, the REST kernel and identity.

No municipal rule lives here.
"""
