"""The main journey as people take it: consultation, answer, quality check, closing (issue line 6)."""

from typing import Any

from torg_shared.testing import FakeClock

from .conftest import Journal, People
from .events import Told, channel_activated


async def opened(journal: Journal, message: Told) -> None:
    await journal.take(channel_activated())
    await journal.take_each([message.received(), message.classified(), message.triaged()])


async def entries_of(people: People, case: dict[str, Any]) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = (await people.astrid.get(f"/saksmapper/{case['id']}/journalposter"))["items"]
    return found


async def stored(journal: Journal) -> None:
    """As if every snapshot had been fetched."""
    await journal.run(
        "INSERT INTO files (sha256, content, size, stored_at) SELECT DISTINCT sha256, 'x'::bytea, 1, now() FROM fetches"
    )


async def test_from_question_to_closed_case(journal: Journal, people: People, clock: FakeClock) -> None:
    message = Told()
    await opened(journal, message)
    [case] = (await people.per.get("/saksmapper", message_id=message.message_id))["items"]
    assert case["saksnummer"] == "2026/1"

    asked = await people.per.post(
        "/consultations",
        {"message_id": str(message.message_id), "unit": "teknisk-drift", "question": "Når er lyset i orden?"},
        status=201,
    )
    assert asked["saksmappe_id"] == case["id"]
    seen = await people.turid.get(f"/consultations/{asked['id']}")
    assert seen["message"]["text"] == "Hvorfor er gatelyset i Høllebakken av?"
    await people.lise.get(f"/consultations/{asked['id']}", status=404)
    assert (await people.per.get(f"/saksmapper/{case['id']}"))["stage"] == "awaiting_information"
    await people.turid.post(f"/consultations/{asked['id']}/answer", {"answer": "I kveld."}, version=seen["version"])
    entries = await entries_of(people, case)
    assert [(one["journalpostnummer"], one["journalposttype"]) for one in entries] == [(1, "I"), (2, "N"), (3, "N")]
    [written_off] = entries[1]["avskrivninger"]
    assert (written_off["avskrivningsmaate"], written_off["referanseAvskrivesAvJournalpost"]) == (
        "BN",
        entries[2]["id"],
    )
    assert [one["avskrivningsmaate"] for one in entries[2]["avskrivninger"]] == ["TE"]
    current = await people.per.get(f"/saksmapper/{case['id']}")
    assert (current["stage"], current["saksansvarlig"]) == ("ready_to_answer", "servicetorget")

    reply = message.reply()
    clock.at = reply.at
    await journal.take(reply.published())
    entries = await entries_of(people, case)
    assert entries[3]["journalposttype"] == "U"
    assert entries[3]["avskriver"] == [entries[0]["id"]]
    assert entries[0]["avskrivninger"][0]["referanseAvskrivesAvJournalpost"] == entries[3]["id"]

    first = entries[0]
    refused = await people.astrid.post(
        f"/journalposter/{first['id']}/journalfoer", status=409, version=first["version"]
    )
    assert refused["code"] == "DOCUMENTS_PENDING"
    await stored(journal)
    for one in entries:
        done = await people.astrid.post(f"/journalposter/{one['id']}/journalfoer", version=one["version"])
        assert done["journalstatus"] == "J"
        done = await people.astrid.post(f"/journalposter/{one['id']}/archive", version=done["version"])
        assert done["journalstatus"] == "A"

    current = await people.astrid.get(f"/saksmapper/{case['id']}")
    refused = await people.astrid.post(f"/saksmapper/{case['id']}/close", status=409, version=current["version"])
    assert (refused["code"], refused["obstacles"]) == ("SAKSMAPPE_NOT_READY", ["KLASSE_MISSING"])
    current = await people.astrid.patch(f"/saksmapper/{case['id']}", {"klasseID": "HENV"}, version=current["version"])
    closed = await people.astrid.post(f"/saksmapper/{case['id']}/close", version=current["version"])
    assert (closed["saksstatus"], closed["avsluttetAv"]) == ("A", "astrid")
    events = await journal.published()
    assert events[-1] == "saksmappe.closed.v1"

    row = await people.per.get(f"/messages/{message.message_id}")
    assert row["status"] == "answered"
    row = await people.per.post(
        f"/messages/{message.message_id}/close", {"close_reason": "answered"}, version=row["version"]
    )
    assert row["status"] == "closed"
