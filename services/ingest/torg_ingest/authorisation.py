"""Who may do what in ingest (requirements sections 6 and 11)."""

from torg_shared.auth import STAFF, Matrix, Role, row

MATRIX: Matrix = {
    "GET /messages": row(STAFF, Role.SYS),
    "GET /messages/{message_id}": row(STAFF, Role.SYS),
    "GET /messages/{message_id}/versions": row(STAFF, Role.SYS),
    "GET /messages/{message_id}/snapshot": row(STAFF, Role.SYS),
    "GET /snapshots/{snapshot_id}": row(STAFF, Role.SYS),
    "GET /channels": row(STAFF, Role.SYS),
    "POST /channels": row(Role.SA, Role.RED, Role.FAG, Role.LED, key=True),
    "GET /channels/{channel_id}": row(STAFF, Role.SYS),
    "PATCH /channels/{channel_id}": row(Role.RED, match=True),
    "POST /channels/{channel_id}/decide": row(Role.LED, key=True, match=True),
    "POST /channels/{channel_id}/activate": row(Role.LED, key=True, match=True),
    "POST /channels/{channel_id}/suspend": row(Role.LED, Role.RED, key=True, match=True),
    "POST /channels/{channel_id}/close": row(Role.LED, key=True, match=True),
    "POST /channels/{channel_id}/mode": row(Role.LED, key=True, match=True),
    "GET /channels/{channel_id}/health": row(STAFF, Role.SYS),
    "GET /channels/{channel_id}/capabilities": row(STAFF, Role.SYS),
    "GET /deliveries": row(Role.SYS, Role.LED),
    "GET /deliveries/{delivery_id}": row(Role.SYS, Role.LED),
    "POST /deliveries/{delivery_id}/replay": row(Role.SYS, Role.LED, key=True),
}
