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
    "POST /replies/{reply_id}/correct": row(_RED, key=True, match=True),
    "GET /messages/{message_id}/claim": row(*_DRAFTERS),
    "POST /messages/{message_id}/claim": row(*_DRAFTERS, key=True),
    "DELETE /messages/{message_id}/claim": row(*_DRAFTERS),
    "GET /external-replies": row(STAFF),
    "POST /external-replies/{reply_id}/review": row(_RED, _LED, key=True, match=True),
    "GET /external-replies/{reply_id}": row(STAFF),
    "GET /templates": row(STAFF),
    "POST /templates": row(_SA, _FAG, _RED, key=True),
    "GET /templates/{template_id}": row(STAFF),
    "PUT /templates/{template_id}": row(_SA, _FAG, _RED, match=True),
    "POST /templates/{template_id}/approve": row(_RED, key=True, match=True),
    "GET /links": row(STAFF),
    "POST /links": row(_SA, _FAG, _RED, key=True),
    "POST /links/check": row(_SA, _FAG, _RED, key=True),
    "GET /links/{link_id}": row(STAFF),
    "PUT /links/{link_id}": row(_SA, _FAG, _RED, match=True),
    "DELETE /links/{link_id}": row(_RED, match=True),
    "GET /house-rules": row(public=True),
    "GET /house-rules/{version}": row(public=True),
    "POST /house-rules": row(_RED, key=True),
    "POST /house-rules/{version}/approve": row(_LED, key=True, match=True),
    "GET /handbook": row(STAFF),
    "POST /handbook/acknowledge": row(STAFF, key=True),
    "GET /referrals": row(_POL, _SA, _RED),
    "GET /outbound-pause": row(STAFF),
    "POST /outbound-pause": row(_LED, key=True, match=True),
}
