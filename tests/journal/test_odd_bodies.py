"""Nothing that anybody sends to the journal's own resources makes an error of ours (reliability 7.1)."""

from typing import Any
from uuid import uuid4

import httpx
import pytest
from torg_shared.auth import Role
from torg_shared.testing import TestTokens

from .conftest import Journal, People
from .events import Told

_ODD: tuple[Any, ...] = (
    "",
    "%00",
    "\x00",
    "x" * 600,
    "'; --",
    "☃",
    -1,
    0,
    1.5,
    10**30,
    True,
    None,
    [],
    {},
    ["x"],
    {"a": 1},
)


@pytest.mark.parametrize(
    ("path", "names"),
    [
        ("/saksmapper", ("message_id", "saksnummer", "saksstatus", "stage", "after", "limit")),
        ("/consultations", ("message_id", "saksmappe_id", "state", "after")),
        ("/record-decisions", ("message_id", "record_class", "state", "after")),
        ("/arkivnotater", ("message_id", "after", "limit")),
    ],
)
async def test_odd_queries(rest: httpx.AsyncClient, tokens: TestTokens, path: str, names: tuple[str, ...]) -> None:
    header = tokens.header(Role.ARK)
    for name in names:
        for value in (
            "",
            "\x00",
            "x" * 300,
            "'; --",
            "☃",
            "-1",
            "1e9",
            "2026/999999999999",
            "0000/0",
            "9999/999999999",
        ):
            answer = await rest.get(path, params={name: value}, headers=header)
            assert answer.status_code in (200, 400, 422), (name, value, answer.text)


async def test_odd_bodies(journal: Journal, people: People, rest: httpx.AsyncClient) -> None:
    """Every field of every body, each with every odd value: refused as a problem, or taken; never a fault."""
    message = Told()
    await journal.take(message.received(), message.triaged())
    case = (await people.per.get("/saksmapper"))["items"][0]
    [entry] = (await people.astrid.get(f"/saksmapper/{case['id']}/journalposter"))["items"]
    message_id = str(message.message_id)
    party = {"korrespondanseparttype": "EM", "korrespondansepartNavn": "Ola"}
    good: list[tuple[str, dict[str, Any], Any]] = [
        ("/saksmapper", {"message_ids": [message_id]}, people.per),
        ("/consultations", {"message_id": message_id, "question": "Når?", "unit": "kultur"}, people.per),
        ("/arkivnotater", {"message_id": message_id}, people.astrid),
        (f"/messages/{message_id}/notes", {"text": "Husk"}, people.per),
        ("/messages/bulk-close", {"items": [{"message_id": message_id, "version": 1}]}, people.per),
        (
            f"/messages/{message_id}/close",
            {"close_reason": "spam", "legal_outcome": "refused", "ground": "x"},
            people.per,
        ),
        (f"/messages/{message_id}/reopen", {"reason": "x"}, people.per),
        (
            f"/saksmapper/{case['id']}/journalposter",
            {
                "journalposttype": "I",
                "tittel": "Brev",
                "text": "Tekst",
                "korrespondanseparter": [party],
                "mottattDato": "9999-12-31T23:59:59Z",
                "sendtDato": "0001-01-01T00:00:00+14:00",
                "avskriver": [str(uuid4())],
            },
            people.astrid,
        ),
        (
            f"/journalposter/{entry['id']}/avskriv",
            {"avskrivningsmaate": "TLF", "referanseAvskrivesAvJournalpost": str(uuid4()), "reason": "x"},
            people.astrid,
        ),
    ]
    for path, body, person in good:
        for name in (*body, "status", "journalsekvensnummer"):
            for value in _ODD:
                answer = await rest.post(
                    path,
                    json=body | {name: value},
                    headers=person.header | {"Idempotency-Key": str(uuid4()), "If-Match": '"1"'},
                )
                assert answer.status_code < 500, (path, name, value, answer.text)
                if name in ("status", "journalsekvensnummer"):
                    assert answer.status_code == 422, (path, name, value)


async def test_odd_document_numbers(journal: Journal, people: People, rest: httpx.AsyncClient) -> None:
    message = Told()
    await journal.take(message.received(), message.triaged())
    entry = await journal.one("SELECT id FROM journalposter")
    for number in ("0", "-1", "99", str(10**30), "x", "1.5"):
        answer = await rest.get(f"/journalposter/{entry['id']}/dokumenter/{number}", headers=people.astrid.header)
        assert answer.status_code in (404, 422), (number, answer.text)
    found = await rest.get(f"/journalposter/{entry['id']}/dokumenter/1", headers=people.astrid.header)
    assert found.status_code == 200
    assert "Hvorfor er gatelyset" in found.text
    assert found.headers["content-disposition"].startswith("attachment")
