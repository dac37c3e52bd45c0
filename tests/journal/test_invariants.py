"""The invariants of requirements section 5 that the journal keeps, each by its number."""

from datetime import timedelta
from typing import Any

import asyncpg
import pytest
import sqlalchemy as sa
from torg_journal.usecases import settling
from torg_shared.testing import FakeClock

from .conftest import Journal, People
from .events import RECEIVED_AT, Told, channel_activated


async def asked(people: People, message: Told, status: int = 201) -> Any:
    body = {"message_id": str(message.message_id), "unit": "teknisk-drift", "question": "Når?"}
    return await people.per.post("/consultations", body, status=status)


async def test_inv_1_no_outgoing_without_a_case(journal: Journal) -> None:
    message = Told()
    await journal.take(message.received(), message.triaged("answer"), message.reply().published())
    assert not await journal.rows("SELECT 1 FROM journalposter")
    with pytest.raises(sa.exc.IntegrityError):
        await journal.do(
            lambda work: work.db.execute(
                sa.text(
                    "INSERT INTO journalposter (id, saksmappe_id, conversation_id, journalaar, journalsekvensnummer, "
                    "journalpostnummer, journalposttype, journalstatus, journaldato, sendt_dato, tittel, "
                    "tittel_commit, administrativ_enhet, saksbehandler, opprettet_dato, opprettet_av, "
                    "previous_hash, entry_hash, changed_at, changed_by, version) VALUES "
                    "(gen_random_uuid(), gen_random_uuid(), gen_random_uuid(), 2026, 1, 1, 'U', 'E', :day, :now, "
                    "'', '', '', '', :now, '', '', '', :now, '', 1)"
                ),
                {"day": work.now.date(), "now": work.now},
            )
        )


async def test_inv_2_a_late_case_takes_the_replies_that_were_there(journal: Journal) -> None:
    """Every published reply to a journaled enquiry gives exactly one U, also when it was answered before."""
    message = Told()
    reply = message.reply()
    await journal.take_each([message.received(), message.triaged("answer"), reply.published(), reply.verified()])
    await journal.take(message.triaged("open_case", triage=2))
    await journal.take(reply.published())
    rows = await journal.rows("SELECT journalposttype AS t FROM journalposter ORDER BY journalsekvensnummer")
    assert [row["t"] for row in rows] == ["I", "U"]
    assert len(await journal.rows("SELECT 1 FROM avskrivninger WHERE outgoing IS NOT NULL")) == 1


async def test_inv_2_a_captured_reply_counts_as_full_and_is_marked(journal: Journal) -> None:
    """B-21: typed in the native app: U, avskriver, not approved beforehand."""
    message = Told()
    await journal.take_each([message.received(), message.triaged(), message.reply().captured()])
    entry = await journal.one("SELECT unapproved FROM journalposter WHERE journalposttype = 'U'")
    assert entry["unapproved"]
    assert (await journal.one("SELECT avskrivningsmaate FROM avskrivninger"))["avskrivningsmaate"] == "BU"
    assert (await journal.one("SELECT status FROM messages"))["status"] == "answered"
    grounds = await journal.rows("SELECT grunnlag FROM merknader ORDER BY 1")
    assert [row["grunnlag"] for row in grounds] == ["answered", "unapproved"]


async def test_inv_4_what_was_really_published_stands_in_the_journal(journal: Journal) -> None:
    """B-24: a read-back that differs: the published text as a new version, the approved hash beside it, an incident."""
    message = Told()
    reply = message.reply()
    await journal.take_each([message.received(), message.triaged(), reply.published(), reply.mismatch("Noe annet.")])
    documents = await journal.rows(
        "SELECT d.versjonsnummer, f.content FROM dokumenter d JOIN files f USING (sha256) "
        "JOIN journalposter j ON j.id = d.registrering_id WHERE j.journalposttype = 'U' ORDER BY 1"
    )
    assert [bytes(one["content"]).decode() for one in documents] == ["Sikringen er skiftet.", "Noe annet."]
    assert (await journal.one("SELECT incident FROM messages"))["incident"]


async def test_inv_7_received_date_and_number_cannot_change(journal: Journal) -> None:
    message = Told()
    await journal.take(message.received(), message.triaged())
    for column, value in (("mottatt_dato", "now()"), ("journalpostnummer", "9"), ("journaldato", "'2020-01-01'")):
        with pytest.raises(sa.exc.ProgrammingError, match="permission denied"):
            await journal.run(f"UPDATE journalposter SET {column} = {value}")


async def test_inv_8_a_journal_document_never_changes(journal: Journal) -> None:
    """B-13: an edit is a remark and a fact; the document is the wording that was decided on."""
    message = Told()
    await journal.take_each([message.received("Første ordlyd"), message.triaged(), message.edited(text="Andre ordlyd")])
    await journal.take(message.deleted())
    texts = await journal.rows("SELECT f.content FROM dokumenter d JOIN files f USING (sha256)")
    assert [b"F\xc3\xb8rste ordlyd" in bytes(one["content"]) for one in texts] == [True]
    remarks = await journal.rows("SELECT grunnlag FROM merknader ORDER BY 1")
    assert [row["grunnlag"] for row in remarks] == ["deleted", "version:2"]
    row = await journal.one("SELECT message_version, needs_triage, deleted_at FROM messages")
    assert (row["message_version"], row["needs_triage"]) == (2, True)
    assert row["deleted_at"] == RECEIVED_AT + timedelta(hours=2)


@pytest.mark.parametrize("handling", ["thank", "none_needed", "answer", "answer_criticism"])
async def test_inv_10_informal_handlings_open_no_case(journal: Journal, handling: Any) -> None:
    message = Told()
    await journal.take(message.received(), message.triaged(handling, reply_duty="should"), message.reply().published())
    assert not await journal.rows("SELECT 1 FROM saksmapper")


async def test_inv_18_projections_are_rebuilt_from_the_facts(journal: Journal, postgres_url: str) -> None:
    """Lost rows come back as they were; numbers are not taken again."""
    message, other = Told(), Told()
    reply = message.reply()
    await journal.take(channel_activated())
    await journal.take_each([message.received(), message.classified(), message.triaged(), reply.published()])
    await journal.take(other.received(), other.classified("thank", reply_duty="should", record_class="none"))
    kept = "SELECT id, status, handling, risk, next_due, next_due_code, answered_at, saksmappe_id, units FROM messages"
    clocks = "SELECT message_id, code, variant, state, due_at, ended_at FROM deadlines"
    before = [await journal.rows(f"{query} ORDER BY 1, 2, 3") for query in (kept, clocks)]
    url = journal.works.engine.url
    await _as_superuser(f"{postgres_url.rpartition('/')[0]}/{url.database}", "TRUNCATE messages, deadlines")
    ids = [message.conversation_id, other.conversation_id]
    await journal.do(lambda work: settling.again(work, journal.house, ids))
    after = [await journal.rows(f"{query} ORDER BY 1, 2, 3") for query in (kept, clocks)]
    assert after == before
    assert (await journal.one("SELECT count(*) AS n FROM journalposter"))["n"] == 2


async def _as_superuser(url: str, statement: str) -> None:
    connection = await asyncpg.connect(url)
    try:
        await connection.execute(statement)
    finally:
        await connection.close()


async def test_inv_20_the_same_batch_twice_has_one_effect(journal: Journal) -> None:
    message = Told()
    reply = message.reply()
    batch = [message.received(), message.classified(), message.triaged(), reply.published(), message.snapshot()]
    await journal.take(*batch)
    first = await journal.published()
    await journal.take(*batch)
    assert await journal.published() == first


async def test_inv_25_no_name_leaves_in_an_event(journal: Journal, people: People) -> None:
    message = Told()
    await journal.take(message.received("Ring Kari Hansen"), message.triaged(), message.reply().published())
    await asked(people, message)
    payloads = await journal.rows("SELECT payload FROM log")
    told = b"".join(bytes(row["payload"]) for row in payloads)
    for name in (b"Ola", b"Nordmann", b"Kari", b"u-1"):
        assert name not in told


async def test_a_closed_message_comes_back_with_a_follow_up(journal: Journal, people: People, clock: FakeClock) -> None:
    """Section 5, Message: closed to triaged by a new follow-up, or by somebody with a reason."""
    message = Told()
    await journal.take(message.received(), message.triaged("thank", reply_duty="should"))
    row = await people.per.get(f"/messages/{message.message_id}")
    clock.at = RECEIVED_AT + timedelta(hours=1)
    row = await people.per.post(
        f"/messages/{message.message_id}/close", {"close_reason": "no_reply_needed"}, version=row["version"]
    )
    later = Told(conversation=message.conversation_id)
    await journal.take(later.received("Forresten …", at=RECEIVED_AT + timedelta(hours=2)))
    row = await people.per.get(f"/messages/{message.message_id}")
    assert row["status"] == "triaged"
    assert "message.reopened.v1" in await journal.published()
    clock.at = RECEIVED_AT + timedelta(hours=3)
    row = await people.per.post(
        f"/messages/{message.message_id}/close", {"close_reason": "gjentakelse"}, version=row["version"]
    )
    row = await people.per.post(
        f"/messages/{message.message_id}/reopen", {"reason": "Ny opplysning"}, version=row["version"]
    )
    assert row["status"] == "triaged"


async def test_archive_rules_of_chapter_3(journal: Journal, people: People) -> None:
    """L-13, L-24: 3.2.4, 3.2.17, 3.2.19, 3.4.5, and row 34: an archivist closes with an open I, avskrevet `SA`."""
    message = Told()
    await journal.take(message.received(), message.triaged())
    case = (await people.per.get("/saksmapper", message_id=message.message_id))["items"][0]
    path = f"/saksmapper/{case['id']}"
    [entry] = (await people.astrid.get(f"{path}/journalposter"))["items"]
    await journal.run("UPDATE dokumenter SET missing = true")
    done = await people.astrid.post(f"/journalposter/{entry['id']}/journalfoer", version=entry["version"])
    done = await people.astrid.post(f"/journalposter/{entry['id']}/archive", version=done["version"])
    current = await people.per.patch(path, {"klasseID": "HENV"}, version=case["version"])
    refused = await people.per.post(f"{path}/close", status=409, version=current["version"])
    assert refused["obstacles"] == ["RESTANSE_OPEN", "DEADLINE_OPEN"]
    closed = await people.astrid.post(f"{path}/close", version=current["version"])
    assert closed["saksstatus"] == "A"
    assert (await journal.one("SELECT avskrivningsmaate FROM avskrivninger"))["avskrivningsmaate"] == "SA"
    assert (await asked(people, message, status=409))["code"] == "SAKSMAPPE_CLOSED"
    refused = await people.per.patch(path, {"tittel": "Ny"}, status=409, version=closed["version"])
    assert refused["code"] == "SAKSMAPPE_CLOSED"
    reopened = await people.per.post(f"{path}/reopen", {"reason": "Glemt noe"}, version=closed["version"])
    assert reopened["saksstatus"] == "B"
    refused = await people.astrid.post(f"{path}/void", {"reason": "Feil"}, status=409, version=reopened["version"])
    assert refused["code"] == "LIVE_JOURNALPOST"
    gone = await people.astrid.post(f"/journalposter/{entry['id']}/void", {"reason": "Feil"}, version=done["version"])
    assert (gone["journalstatus"], gone["journalsekvensnummer"]) == ("U", 1)
    current = await people.astrid.get(path)
    void = await people.astrid.post(f"{path}/void", {"reason": "Feil"}, version=current["version"])
    assert void["saksstatus"] == "U"
    assert "saksmappe.voided.v1" in await journal.published()


async def test_rights_on_consultations(journal: Journal, people: People) -> None:
    """Section 6: FAG and POL see and answer their own unit's alone; a front line never answers for a unit."""
    message = Told()
    await journal.take(message.received(), message.triaged())
    one = await asked(people, message)
    path = f"/consultations/{one['id']}"
    await people.lise.get(path, status=404)
    await people.lise.post(f"{path}/answer", {"answer": "Nei"}, status=404, version=1)
    refused = await people.per.post(f"{path}/answer", {"answer": "Ja"}, status=403, version=1)
    assert refused["code"] == "ANSWER_FOR_ANOTHER_UNIT"
    assert (await people.lise.get("/consultations"))["items"] == []
    assert [c["id"] for c in (await people.turid.get("/consultations"))["items"]] == [one["id"]]
    assert (await people.turid.get("/saksmapper"))["items"]
    assert (await people.lise.get("/saksmapper"))["items"] == []
    declined = await people.turid.post(f"{path}/decline", {"reason": "Ikke vårt"}, version=1)
    assert declined["state"] == "declined"
    again = await people.turid.post(f"{path}/answer", {"answer": "Likevel"}, status=409, version=2)
    assert again["code"] == "CONSULTATION_STATE"
    question = await journal.one("SELECT avskrivningsmaate, reason FROM avskrivninger")
    assert tuple(question.values()) == ("TE", "declined")


async def test_registering_by_hand_and_avskrivning(journal: Journal, people: People) -> None:
    """Section 11: a letter in the case by hand; avskrivning by telephone, and never twice."""
    message = Told()
    await journal.take(message.received(), message.triaged())
    case = (await people.per.get("/saksmapper"))["items"][0]
    [incoming] = (await people.astrid.get(f"/saksmapper/{case['id']}/journalposter"))["items"]
    body = {
        "journalposttype": "U",
        "tittel": "Brev til avsender",
        "text": "Vi har ringt deg.",
        "korrespondanseparter": [{"korrespondanseparttype": "EM", "korrespondansepartNavn": "Ola", "person": True}],
    }
    path = f"/saksmapper/{case['id']}/journalposter"
    assert (await people.astrid.post(path, body, status=422))["code"] == "SENDT_DATO_REQUIRED"
    made = await people.astrid.post(path, {**body, "sendtDato": "2026-06-03T08:00:00Z"}, status=201)
    assert (made["registreringsID"], made["journalstatus"]) == ("2026/1-2", "E")
    entry = f"/journalposter/{incoming['id']}"
    refused = await people.per.post(f"{entry}/avskriv", {"avskrivningsmaate": "SA"}, status=422, version=1)
    assert refused["code"] == "AVSKRIVNINGSMAATE_INVALID"
    refused = await people.per.post(f"{entry}/avskriv", {"avskrivningsmaate": "BU"}, status=422, version=1)
    assert refused["code"] == "REFERENCE_REQUIRED"
    done = await people.per.post(f"{entry}/avskriv", {"avskrivningsmaate": "TLF"}, version=1)
    assert [one["avskrivningsmaate"] for one in done["avskrivninger"]] == ["TLF"]
    refused = await people.per.post(
        f"{entry}/avskriv", {"avskrivningsmaate": "TLF"}, status=409, version=done["version"]
    )
    assert refused["code"] == "ALREADY_AVSKREVET"


async def test_b_19_a_decision_not_to_journal_can_be_raised(journal: Journal, people: People) -> None:
    """The archivist raises: registered with the original received time."""
    message = Told()
    await journal.take(message.received(), message.triaged("answer"))
    [decision] = (await people.astrid.get("/record-decisions", record_class="none"))["items"]
    path = f"/record-decisions/{decision['id']}/review"
    reviewed = await people.astrid.post(
        path, {"verdict": "raise", "reason": "Må kunne gjenfinnes"}, version=decision["version"]
    )
    assert (reviewed["state"], reviewed["verdict"]) == ("reviewed", "raise")
    entry = await journal.one("SELECT mottatt_dato FROM journalposter")
    assert entry["mottatt_dato"] == RECEIVED_AT
    again = await people.astrid.post(path, {"verdict": "agree"}, status=409, version=reviewed["version"])
    assert again["code"] == "RECORD_DECISION_REVIEWED"


async def test_opening_by_hand_and_archiving_by_hand(journal: Journal, people: People) -> None:
    first, second = Told(), Told()
    await journal.take(first.received(), first.triaged("answer"), second.received(), second.triaged("answer"))
    both = {"message_ids": [str(first.message_id), str(second.message_id)]}
    assert (await people.per.post("/saksmapper", both, status=422))["code"] == "MESSAGES_OF_SEVERAL_ENQUIRIES"
    case = await people.per.post("/saksmapper", {"message_ids": [str(first.message_id)]}, status=201)
    assert (case["saksnummer"], case["antallJournalposter"]) == ("2026/1", 1)
    notat = await people.astrid.post("/arkivnotater", {"message_id": str(second.message_id)}, status=201)
    assert notat["klasseID"] == "NETT"
    again = await people.astrid.post("/arkivnotater", {"message_id": str(first.message_id)}, status=409)
    assert again["code"] == "MESSAGE_JOURNALED"


async def test_waiting_facts_are_seen(journal: Journal, clock: FakeClock) -> None:
    """Architecture section 4: what waits for its partner is measured, and no longer when it came."""
    message = Told()
    await journal.take(message.triaged())
    row = await journal.one("SELECT waiting_since, waiting_for FROM conversations")
    assert (row["waiting_since"], row["waiting_for"]) == (clock.at, "message.received")
    await journal.take(message.received())
    row = await journal.one("SELECT waiting_since FROM conversations")
    assert row["waiting_since"] is None


async def test_every_problem_has_its_texts(journal: Journal, people: People) -> None:
    """A refusal tells in Norwegian what to do."""
    message = Told()
    await journal.take(message.received())
    problem = await people.per.post(
        f"/messages/{message.message_id}/close", {"close_reason": "answered"}, status=409, version=1
    )
    assert problem["code"] == "RECORD_DECISION_MISSING"
    assert "Bekreft behandlingen" in str(problem)
