"""Who may do what in the classifier (requirements 6 and 11)."""

from torg_shared.auth import STAFF, Matrix, Role, row

MATRIX: Matrix = {
    "POST /classify": row(STAFF, Role.SYS),
    "GET /messages/{message_id}/classification": row(STAFF, Role.SYS),
    "GET /messages/{message_id}/classifications": row(STAFF, Role.SYS),
    "GET /messages/{message_id}/triages": row(STAFF, Role.SYS),
    "POST /messages/{message_id}/triage": row(Role.SA, Role.RED, Role.LED, Role.ARK, Role.POL, key=True, match=True),
    "POST /messages/{message_id}/urgent/acknowledge": row(Role.SA, Role.RED, Role.LED, key=True),
    "GET /alerts": row(Role.SA, Role.RED, Role.LED, Role.REV, Role.SYS),
    "GET /rules": row(public=True),
    "GET /rules/{rule_id}": row(public=True),
    "GET /statistics": row(STAFF),
}
