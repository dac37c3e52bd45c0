"""Who may do what with replies (requirements, sections 6 and 11)."""

from torg_shared.auth import STAFF, Matrix, Role, row

_SA, _RED, _FAG, _LED, _POL = Role.SA, Role.RED, Role.FAG, Role.LED, Role.POL
_DRAFTERS = (_SA, _RED, _FAG, _LED, _POL)
_APPROVERS = (_SA, _RED, _LED)
_PUBLISHERS = (_SA, _RED)

MATRIX: Matrix = {
    "GET /replies": row(STAFF),
    "POST /replies": row(*_DRAFTERS, key=True),
    "GET /replies/{reply_id}": row(STAFF),
    "PATCH /replies/{reply_id}": row(*_DRAFTERS, match=True),
    "DELETE /replies/{reply_id}": row(*_DRAFTERS, match=True),
    "POST /replies/{reply_id}/check": row(*_DRAFTERS, key=True, match=True),
    "POST /replies/{reply_id}/submit": row(*_DRAFTERS, key=True, match=True),
    "POST /replies/{reply_id}/approve": row(*_APPROVERS, key=True, match=True),
    "POST /replies/{reply_id}/return": row(*_APPROVERS, key=True, match=True),
    "POST /replies/{reply_id}/hold": row(*_APPROVERS, key=True, match=True),
    "POST /replies/{reply_id}/publish": row(*_PUBLISHERS, key=True, match=True),
    "POST /replies/{reply_id}/undo": row(*_PUBLISHERS, key=True, match=True),
    "POST /replies/{reply_id}/resolve": row(*_APPROVERS, key=True, match=True),
    "POST /replies/{reply_id}/withdraw": row(_RED, key=True, match=True),
    "GET /messages/{message_id}/claim": row(*_DRAFTERS),
    "POST /messages/{message_id}/claim": row(*_DRAFTERS, key=True),
    "DELETE /messages/{message_id}/claim": row(*_DRAFTERS),
    "GET /external-replies": row(STAFF),
    "POST /external-replies/{reply_id}/review": row(_RED, _LED, key=True, match=True),
    "GET /templates": row(STAFF),
    "GET /links": row(STAFF),
    "GET /outbound-pause": row(STAFF),
    "POST /outbound-pause": row(_LED, key=True, match=True),
}
