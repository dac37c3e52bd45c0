"""Who may do what in the journal (requirements sections 6 and 11): one row for each route."""

from torg_shared.auth import STAFF, Matrix, Role, row

MATRIX: Matrix = {
    # the working life
    "GET /worklist": row(STAFF),
    "GET /deadlines": row(STAFF),
    "GET /deadlines/{deadline_id}": row(STAFF),
    "POST /deadlines/{deadline_id}/pause": row(Role.SA, Role.LED, key=True, match=True),
    "POST /deadlines/{deadline_id}/resume": row(Role.SA, Role.LED, key=True, match=True),
    "GET /restanser": row(STAFF),
    "GET /forfall": row(STAFF),
    # the public journal
    "GET /offentlig-journal": row(public=True),
    "GET /offentlig-journal/{day}": row(public=True),
    "POST /offentlig-journal/search": row(public=True),
    "GET /screenings": row(Role.ARK, Role.SA, Role.LED, Role.REV),
    "GET /journalposter/{journalpost_id}/preview": row(Role.ARK, Role.SA),
    "POST /journalposter/{journalpost_id}/screen": row(Role.ARK, key=True, match=True),
    # oversight
    "GET /verify": row(Role.ARK, Role.REV, Role.LED),
    "GET /heads": row(Role.ARK, Role.REV, Role.LED),
    "GET /journalposter/{journalpost_id}/proof": row(Role.ARK, Role.REV, Role.LED),
    "GET /statistics": row(STAFF, public=True),
}
