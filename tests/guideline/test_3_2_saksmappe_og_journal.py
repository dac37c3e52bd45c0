"""Section 3.2 of the guideline in the journal: what is journaled, what is archived, what is neither, and how."""

from typing import Any

import pytest
from torg_shared.testing import FakeClock

from tests.journal.conftest import (  # noqa: F401 - fixtures
    Journal,
    People,
    house,
    journal,
    people,
    rest,
    sogne,
    works,
)
from tests.journal.events import RECEIVED_AT, Told, channel_activated

pytestmark = pytest.mark.usefixtures("channel")


@pytest.fixture
async def channel(journal: Journal) -> None:  # noqa: F811
    await journal.take(channel_activated())


async def counts(journal: Journal) -> tuple[int, int, int, int]:  # noqa: F811
    """Saksmapper, journalposter, arkivnotater, record decisions."""
    row = await journal.one(
        "SELECT (SELECT count(*) FROM saksmapper) AS s, (SELECT count(*) FROM journalposter) AS j, "
        "(SELECT count(*) FROM arkivnotater) AS a, (SELECT count(*) FROM record_decisions) AS r"
    )
    return row["s"], row["j"], row["a"], row["r"]


async def test_3_2_informal_communication_is_not_journaled(journal: Journal) -> None:  # noqa: F811
    """G-18: answered informally: no case, no entry, one decision `none`."""
    message = Told()
    reply = message.reply()
    none: dict[str, Any] = {"record_class": "none"}
    events = [message.received(), message.classified("answer", **none), message.triaged("answer"), reply.published()]
    await journal.take_each(events)
    assert await counts(journal) == (0, 0, 0, 1)
    decision = await journal.one("SELECT * FROM record_decisions")
    assert (decision["record_class"], decision["decided_by"], decision["section"]) == ("none", "per", "3.2.2")


@pytest.mark.parametrize(
    ("saksdokument", "saksbehandling", "dokumentasjonsverdi", "expected"),
    [
        (False, True, True, "none"),
        (True, True, True, "journal"),
        (True, True, False, "archive"),
        (True, False, True, "archive"),
        (True, False, False, "none"),
    ],
)
async def test_3_2_the_truth_table_decides_whatever_the_handling(
    journal: Journal,  # noqa: F811
    saksdokument: bool,
    saksbehandling: bool,
    dokumentasjonsverdi: bool,
    expected: str,
) -> None:
    """G-19, L-01: handled and worth keeping: journal; one of the two: archive; neither: none (D-1)."""
    message = Told()
    truths = {
        "saksdokument": saksdokument,
        "saksbehandling": saksbehandling,
        "dokumentasjonsverdi": dokumentasjonsverdi,
    }
    await journal.take(message.received(), message.triaged("answer", record_class="none", **truths))
    decision = await journal.one("SELECT record_class FROM record_decisions")
    assert decision["record_class"] == expected
    cases, entries, notes, _ = await counts(journal)
    assert (cases, entries, notes) == {"none": (0, 0, 0), "archive": (0, 0, 1), "journal": (1, 1, 0)}[expected]


async def test_3_2_1_a_redirect_is_kept_as_evidence_of_guidance(journal: Journal) -> None:  # noqa: F811
    """G-23, D-2: closed only when the redirect stands; snapshot and redirect are kept, nothing is journaled."""
    message = Told()
    reply = message.reply("redirect")
    await journal.take_each([message.received(), message.triaged("redirect_formal")])
    assert await counts(journal) == (0, 0, 0, 1)
    await journal.take(reply.published(text="Send søknaden til postmottak."))
    assert await counts(journal) == (0, 0, 1, 1)
    documents = await journal.rows("SELECT tittel FROM dokumenter ORDER BY dokumentnummer")
    assert [one["tittel"] for one in documents] == [
        "Meldingen som tekst",
        "Øyeblikksbilde fra plattformen",
        "Veiledningen slik den ble publisert",
    ]


async def test_3_2_2_confirming_opens_exactly_one_case(journal: Journal) -> None:  # noqa: F811
    """G-25: three deliveries, one case; servicetorget is case handler (G-26)."""
    message = Told()
    triaged = message.triaged()
    await journal.take(message.received())
    for _ in range(3):
        await journal.take(triaged)
    case = await journal.one("SELECT * FROM saksmapper")
    assert (case["saksaar"], case["sakssekvensnummer"], case["saksansvarlig"]) == (2026, 1, "servicetorget")


async def test_3_2_2_a_follow_up_by_the_same_author_joins_the_open_case(journal: Journal) -> None:  # noqa: F811
    """G-25: same conversation and author: the same case. Another author's enquiry has its own (INV-5)."""
    first = Told()
    second = Told(conversation=first.conversation_id)
    other = Told(conversation=first.conversation_id, author="u-2")
    for message in (first, second, other):
        await journal.take(message.received(), message.triaged())
    rows = await journal.rows(
        "SELECT s.sakssekvensnummer AS s, j.journalpostnummer AS j FROM journalposter j "
        "JOIN saksmapper s ON s.id = j.saksmappe_id ORDER BY j.journalsekvensnummer"
    )
    assert [(row["s"], row["j"]) for row in rows] == [(1, 1), (1, 2), (2, 1)]


async def test_3_2_2_the_incoming_has_its_received_time_and_no_name_in_its_title(journal: Journal) -> None:  # noqa: F811
    """G-27: type I, `mottattDato` the received time, sender tagged personnavn, document = snapshot and text."""
    message = Told()
    await journal.take(message.received(), message.triaged())
    entry = await journal.one("SELECT * FROM journalposter")
    assert (entry["journalposttype"], entry["mottatt_dato"], entry["dokumentets_dato"].isoformat()) == (
        "I",
        RECEIVED_AT,
        "2026-06-03",
    )
    assert entry["tittel"] == "Henvendelse på Facebook om vei, trafikk og gatelys"
    sender = await journal.one("SELECT * FROM korrespondanseparter WHERE korrespondanseparttype = 'EA'")
    assert (sender["navn"], sender["navn_spans"][0]["kind"]) == ("Ola Nordmann", "personnavn")
    documents = await journal.rows("SELECT * FROM dokumenter ORDER BY dokumentnummer")
    assert [(one["tilknyttet_som"], one["format"]) for one in documents] == [("H", "x-fmt/111"), ("V", "fmt/817")]
    assert documents[1]["sha256"] == "a" * 64


async def test_3_2_2_a_consultation_is_two_internal_documents(journal: Journal, people: People) -> None:  # noqa: F811
    """G-24, G-28: question and answer as N; both avskrevet, the restanseliste knows neither."""
    message = Told()
    await journal.take(message.received(), message.triaged())
    asked = await people.per.post(
        "/consultations",
        {"message_id": str(message.message_id), "unit": "teknisk-drift", "question": "Når?"},
        status=201,
    )
    await people.turid.post(f"/consultations/{asked['id']}/answer", {"answer": "I kveld."}, version=asked["version"])
    rows = await journal.rows(
        "SELECT j.journalpostnummer, j.journalposttype, a.avskrivningsmaate FROM journalposter j "
        "LEFT JOIN avskrivninger a ON a.incoming = j.id ORDER BY 1"
    )
    assert [tuple(row.values()) for row in rows] == [(1, "I", None), (2, "N", "BN"), (3, "N", "TE")]
    case = await journal.one("SELECT saksansvarlig FROM saksmapper")
    assert case["saksansvarlig"] == "servicetorget"  # G-26: an expert never becomes case handler


async def test_3_2_2_the_first_consultation_turns_an_answer_into_a_case(
    journal: Journal,  # noqa: F811
    people: People,  # noqa: F811
) -> None:
    """D-6: with the original received time."""
    message = Told()
    await journal.take(message.received(), message.triaged("answer"))
    await people.per.post(
        "/consultations",
        {"message_id": str(message.message_id), "source": "Statens vegvesen", "question": "Hvem eier veien?"},
        status=201,
    )
    entry = await journal.one("SELECT mottatt_dato FROM journalposter WHERE journalposttype = 'I'")
    assert entry["mottatt_dato"] == RECEIVED_AT
    assert "consultation.requested.v1" in await journal.published()


async def test_3_2_2_the_published_answer_is_registered_and_answers(journal: Journal) -> None:  # noqa: F811
    """G-29: U, Ekspedert, the platform's time, the text exactly as published; `-1` avskrevet BU with the reference."""
    message = Told()
    reply = message.reply()
    await journal.take_each([message.received(), message.triaged(), reply.published(text="Lyset er på.\n")])
    entry = await journal.one("SELECT * FROM journalposter WHERE journalposttype = 'U'")
    assert (entry["journalstatus"], entry["sendt_dato"]) == ("E", reply.at)
    content = await journal.one(
        "SELECT f.content FROM dokumenter d JOIN files f USING (sha256) WHERE d.registrering_id = :id", id=entry["id"]
    )
    assert bytes(content["content"]).decode() == "Lyset er på.\n"
    remark = await journal.one("SELECT merknadstekst FROM merknader WHERE grunnlag = 'answered'")
    assert remark["merknadstekst"] == "Besvart i sosialt medium: https://facebook.test/77"


@pytest.mark.parametrize("kind", ["holding", "preliminary", "correction", "thanks"])
async def test_3_2_2_a_lesser_reply_is_registered_and_leaves_the_restanse(
    journal: Journal,  # noqa: F811
    kind: Any,
) -> None:
    """G-30, INV-2: it stands in the journal and avskriver nothing."""
    message = Told()
    await journal.take_each([message.received(), message.triaged(), message.reply(kind).published()])
    assert len(await journal.rows("SELECT 1 FROM journalposter WHERE journalposttype = 'U'")) == 1
    assert not await journal.rows("SELECT 1 FROM avskrivninger")
    row = await journal.one("SELECT status FROM messages")
    assert row["status"] == "triaged"


async def test_3_2_2_what_is_worth_keeping_in_itself_becomes_an_arkivnotat(journal: Journal) -> None:  # noqa: F811
    """G-31: directly under the klasse, no case, no journalpost."""
    message = Told()
    await journal.take(message.received(), message.triaged("archive_only", reply_duty="may"))
    assert await counts(journal) == (0, 0, 1, 1)
    notat = await journal.one("SELECT * FROM arkivnotater")
    assert (notat["klasse_tittel"], notat["avsender"]) == ("Hjemmeside og nettdokumentasjon", "Ola Nordmann")
    assert "arkivnotat.recorded.v1" in await journal.published()


async def test_4_1_a_case_that_became_a_redirect_is_kept_and_closes(
    journal: Journal,  # noqa: F811
    people: People,  # noqa: F811
    clock: FakeClock,
) -> None:
    """G-45: the incoming is avskrevet by the redirect; the case closes itself as soon as L-24 lets it, with reason."""
    message = Told()
    reply = message.reply("redirect")
    await journal.take_each([message.received(), message.triaged(), message.triaged("redirect_formal", triage=2)])
    clock.at = reply.at
    await journal.take(reply.published())
    case = await journal.one("SELECT * FROM saksmapper")
    assert (case["saksstatus"], case["stage"], case["close_when_ready"]) == ("B", "answered", "redirected")
    await journal.run("UPDATE dokumenter SET missing = true")
    current = await people.astrid.get(f"/saksmapper/{case['id']}")
    await people.astrid.patch(f"/saksmapper/{case['id']}", {"klasseID": "HENV"}, version=current["version"])
    for entry in (await people.astrid.get(f"/saksmapper/{case['id']}/journalposter"))["items"]:
        done = await people.astrid.post(f"/journalposter/{entry['id']}/journalfoer", version=entry["version"])
        await people.astrid.post(f"/journalposter/{entry['id']}/archive", version=done["version"])
    case = await journal.one("SELECT * FROM saksmapper")
    assert (case["saksstatus"], case["reason"]) == ("A", "redirected")


async def test_2_3_a_confirmed_statutory_request_is_registered_whatever_its_handling(
    journal: Journal,  # noqa: F811
) -> None:
    """INV-21: a redirect alone never meets it; the clock runs from the received time."""
    message = Told()
    flags = ("legal_request:access",)
    await journal.take_each(
        [
            message.received(),
            message.classified("redirect_formal", flags=flags),
            message.triaged("redirect_formal", flags=flags),
            message.reply("redirect").published(),
        ]
    )
    assert (await counts(journal))[:3] == (1, 2, 0)
    running = await journal.rows("SELECT code, variant, state, started_at FROM deadlines WHERE code = 'T-INNSYN'")
    assert [(row["variant"], row["state"]) for row in sorted(running, key=lambda row: row["variant"])] == [
        ("limit", "running"),
        ("target", "running"),
    ]
    assert {row["started_at"] for row in running} == {RECEIVED_AT}
    assert (await journal.one("SELECT status FROM messages"))["status"] == "triaged"


async def test_2_3_a_proposed_statutory_request_starts_its_clock_and_takes_no_number(
    journal: Journal,  # noqa: F811
) -> None:
    """INV-21: numbers cannot be taken back, so a machine alone takes none."""
    message = Told()
    await journal.take(message.received(), message.classified("redirect_formal", flags=("legal_request:privacy",)))
    assert await counts(journal) == (0, 0, 0, 0)
    row = await journal.one("SELECT state, statutory FROM deadlines WHERE code = 'T-GDPR'")
    assert (row["state"], row["statutory"]) == ("running", True)
    assert (await journal.one("SELECT risk FROM messages"))["risk"] == 1


async def closing(people: People, message: Told, reason: str, status: int, **more: Any) -> Any:  # noqa: F811
    row = await people.per.get(f"/messages/{message.message_id}")
    body = {"close_reason": reason, **more}
    return await people.per.post(f"/messages/{message.message_id}/close", body, status=status, version=row["version"])


async def test_3_1_a_message_is_closed_with_a_record_decision_only(
    journal: Journal,  # noqa: F811
    people: People,  # noqa: F811
) -> None:
    """G-11, INV-9."""
    message = Told()
    await journal.take(message.received(), message.classified("none_needed", reply_duty="may", record_class="none"))
    assert (await closing(people, message, "no_reply_needed", 409))["code"] == "RECORD_DECISION_MISSING"
    await journal.take(message.triaged("none_needed", reply_duty="may"))
    assert (await closing(people, message, "no_reply_needed", 200))["status"] == "closed"
    assert "message.closed.v1" in await journal.published()


async def test_4_1_a_question_is_not_closed_unanswered(journal: Journal, people: People) -> None:  # noqa: F811
    """G-37: must; a phone call outside the platform ends the duty, and is said to."""
    message = Told()
    await journal.take(message.received(), message.triaged("answer"))
    for reason in ("no_reply_needed", "answered", "gjentakelse"):
        assert (await closing(people, message, reason, 409))["code"] == "REPLY_DUTY_OPEN"
    assert (await closing(people, message, "author_deleted", 409))["code"] == "AUTHOR_NOT_DELETED"
    assert (await closing(people, message, "handled_externally", 200))["close_reason"] == "handled_externally"


async def test_4_1_criticism_is_closed_unanswered_with_a_reason(
    journal: Journal,  # noqa: F811
    people: People,  # noqa: F811
) -> None:
    """G-40."""
    message = Told()
    await journal.take(message.received(), message.triaged("answer_criticism", reply_duty="should"))
    assert (await closing(people, message, "answered", 409))["code"] == "REPLY_DUTY_OPEN"
    assert (await closing(people, message, "gjentakelse", 200))["status"] == "closed"


async def test_4_1_neutral_ones_are_closed_in_bulk(journal: Journal, people: People) -> None:  # noqa: F811
    """G-39: one click for many; what asks for more is refused by itself, and says why."""
    neutral, question = Told(), Told()
    await journal.take(
        neutral.received(),
        neutral.triaged("none_needed", reply_duty="may"),
        question.received(),
        question.triaged("answer"),
    )
    items = [
        {"message_id": str(one.message_id), "version": (await people.per.get(f"/messages/{one.message_id}"))["version"]}
        for one in (neutral, question)
    ]
    told = await people.per.post("/messages/bulk-close", {"items": items})
    assert told["closed"] == [str(neutral.message_id)]
    assert told["refused"] == [{"message_id": str(question.message_id), "code": "NOT_IN_BULK"}]


async def test_2_3_a_statutory_request_is_not_closed_without_its_outcome(
    journal: Journal,  # noqa: F811
    people: People,  # noqa: F811
) -> None:
    """INV-21: answer, refusal with ground, or accepted hand-over."""
    message = Told()
    await journal.take(message.received(), message.triaged("redirect_formal", flags=("legal_request:access",)))
    assert (await closing(people, message, "redirected", 409))["code"] == "LEGAL_REQUEST_OPEN"
    assert (await closing(people, message, "referred", 422, legal_outcome="refused"))["code"] == "GROUND_REQUIRED"
    row = await closing(people, message, "referred", 200, legal_outcome="refused", ground="offl. § 13")
    assert row["status"] == "closed"
    ended = await journal.rows("SELECT state FROM deadlines WHERE code = 'T-INNSYN'")
    assert {one["state"] for one in ended} == {"satisfied"}
