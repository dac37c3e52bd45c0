"""The journey of one message through the journal, told by events."""

from .conftest import Journal
from .events import Told, channel_activated


async def test_a_confirmed_open_case_is_registered_and_answered(journal: Journal) -> None:
    message = Told()
    await journal.take(channel_activated())
    await journal.take_each([message.received(), message.classified(), message.triaged()])

    case = await journal.one("SELECT * FROM saksmapper")
    assert (case["saksaar"], case["sakssekvensnummer"], case["saksstatus"]) == (2026, 1, "B")
    assert case["saksansvarlig"] == "servicetorget"
    incoming = await journal.one("SELECT * FROM journalposter")
    assert (incoming["journalposttype"], incoming["journalpostnummer"], incoming["journalstatus"]) == ("I", 1, "M")
    assert incoming["tittel"] == "Henvendelse på Facebook om vei, trafikk og gatelys"

    reply = message.reply()
    await journal.take_each([reply.published(), reply.verified()])

    outgoing = await journal.one("SELECT * FROM journalposter WHERE journalposttype = 'U'")
    assert (outgoing["journalpostnummer"], outgoing["journalstatus"], outgoing["sendt_dato"]) == (2, "E", reply.at)
    done = await journal.one("SELECT * FROM avskrivninger")
    assert (done["incoming"], done["outgoing"], done["avskrivningsmaate"]) == (incoming["id"], outgoing["id"], "BU")
    row = await journal.one("SELECT * FROM messages")
    assert (row["status"], row["answered_by_reply"]) == ("answered", reply.reply_id)
    assert [t for t in await journal.published() if not t.startswith("deadline")] == [
        "saksmappe.opened.v1",
        "journalpost.registered.v1",
        "record.decided.v1",
        "saksmappe.answered.v1",
        "journalpost.dispatched.v1",
        "journalpost.avskrevet.v1",
        "message.answered.v1",
    ]
