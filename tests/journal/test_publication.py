"""Screening, preview and the public journal, on a real database and through REST."""

from dataclasses import dataclass
from datetime import UTC, datetime
from typing import Any
from uuid import UUID, uuid4

import httpx
import pytest
import sqlalchemy as sa
from torg_journal.jobs.journal import ACTOR, publish
from torg_journal.settings import Municipality
from torg_shared.auth import Role
from torg_shared.testing import FakeClock, TestTokens
from torg_shared.work import Works

from tests.journal.journal_rows import Register, a_case

TITLE = "Henvendelse fra Kari Nordmann om rullestol"
NAME = {"start": 16, "end": 29, "kind": "personnavn"}
EXEMPT = {"start": 33, "end": 42, "kind": "skjermet", "hjemmel": "taushetsplikt"}


@dataclass
class Archive:
    """What the archivist and the public do."""

    client: httpx.AsyncClient
    tokens: TestTokens

    async def preview(self, entry: UUID, role: Role = Role.ARK) -> httpx.Response:
        return await self.client.get(f"/journalposter/{entry}/preview", headers=self.tokens.header(role))

    async def screen(self, entry: UUID, version: int = 1, **body: Any) -> httpx.Response:
        headers = self.tokens.header(Role.ARK) | {"Idempotency-Key": uuid4().hex, "If-Match": f'"{version}"'}
        content = {"tittel": [], **body}
        return await self.client.post(f"/journalposter/{entry}/screen", json=content, headers=headers)

    async def public(self, path: str = "/offentlig-journal", **query: Any) -> httpx.Response:
        return await self.client.get(path, params=query)

    async def items(self, **query: Any) -> list[dict[str, Any]]:
        answer = await self.public(format="json", **query)
        found: list[dict[str, Any]] = answer.json()["items"]
        return found

    async def search(self, text: str) -> list[dict[str, Any]]:
        answer = await self.client.post("/offentlig-journal/search", json={"text": text})
        found: list[dict[str, Any]] = answer.json()["items"]
        return found


@pytest.fixture
def archive(reading: httpx.AsyncClient, tokens: TestTokens) -> Archive:
    return Archive(reading, tokens)


async def an_entry(works: Works, **values: Any) -> UUID:
    async with works.begin(ACTOR) as work:
        case = await a_case(work.db)
        return await Register(work.db).entry(case, **{"status": "J", "tittel": TITLE, **values})


async def events(works: Works) -> list[str]:
    async with works.begin(ACTOR) as work:
        rows = await work.db.execute(sa.text("SELECT type FROM log ORDER BY 1"))
        return [row[0] for row in rows]


async def test_an_entry_is_hidden_until_it_is_assessed_and_then_shows_what_it_may(
    archive: Archive, works: Works
) -> None:
    entry = await an_entry(works)
    assert await archive.items() == []
    before = (await archive.preview(entry)).json()
    assert before["skjermingMetadata"] == ["Midlertidig skjerming"]
    assert {one["kind"] for one in before["withheld_because"]} == {"sensitive", "untagged_name"}

    kept = await archive.screen(entry, tittel=[NAME, EXEMPT], assessed=False)
    assert kept.status_code == 200, kept.text
    assert kept.json()["published"] is False
    shown = (await archive.preview(entry)).json()["fields"][0]
    assert shown["shown"] == "Henvendelse fra Kari Nordmann om *****"
    assert shown["spans"][1]["hjemmel_tekst"] == "Offentleglova § 13 jf. fvl. § 13"
    assert await archive.items() == []

    done = await archive.screen(entry, version=2, tittel=[NAME, EXEMPT])
    assert (done.status_code, done.json()["published"], done.headers["etag"]) == (200, True, '"3"')
    [item] = await archive.items()
    assert item["offentligTittel"] == "Henvendelse fra Kari Nordmann om *****"
    assert item["korrespondanseparter"][0]["korrespondansepartNavn"] == "Kari Nordmann"
    assert item["skjermingshjemmel"] == "Offentleglova § 13 jf. fvl. § 13"
    assert item["administrativEnhet"] == "Servicetorget"
    assert await events(works) == ["journalpost.published.v1", "journalpost.screened.v1"]


async def test_a_registered_entry_is_published_when_it_becomes_journalfoert(
    archive: Archive, works: Works, sogne: Municipality
) -> None:
    entry = await an_entry(works, status="M", tittel="Henvendelse om gatelys")
    answer = (await archive.screen(entry)).json()
    assert (answer["published"], answer["withheld_because"]) == (False, [])
    assert await publish(works, sogne) is False
    assert await archive.items() == []
    async with works.begin(ACTOR) as work:
        await work.db.execute(sa.text("UPDATE journalposter SET journalstatus = 'J'"))
    await publish(works, sogne)
    await publish(works, sogne)
    assert len(await archive.items()) == 1
    assert (await events(works)).count("journalpost.published.v1") == 1


async def test_l12_what_may_not_go_online_is_withheld_and_queued(
    archive: Archive, works: Works, tokens: TestTokens
) -> None:
    entry = await an_entry(works, tittel="Om fødselsnummer 17849003070")
    answer = (await archive.screen(entry)).json()
    assert answer["published"] is False
    assert answer["withheld_because"] == [{"field": "tittel", "kind": "national_id"}]
    assert await archive.items() == []
    headers = tokens.header(Role.ARK)
    queue = (await archive.client.get("/screenings?state=withheld", headers=headers)).json()["items"]
    assert [one["withheld"] for one in queue] == ["tittel:national_id"]
    masked = [{"start": 17, "end": 28, "kind": "skjermet", "hjemmel": "foedselsnummer"}]
    again = (await archive.screen(entry, version=2, tittel=masked)).json()
    assert again["published"] is True
    assert (await archive.client.get("/screenings?state=withheld", headers=headers)).json()["items"] == []


async def test_a_name_is_found_for_a_year_and_then_neither_found_nor_shown(
    archive: Archive, works: Works, clock: FakeClock
) -> None:
    """Acceptance 35, INV-17, T-NAME."""
    entry = await an_entry(works, tittel="Henvendelse fra Kari Nordmann om gatelys")
    await archive.screen(entry, tittel=[NAME])
    assert len(await archive.search("kari nordmann")) == 1
    clock.at = datetime(2027, 6, 3, 21, 59, tzinfo=UTC)  # still the anniversary here
    assert len(await archive.search("Nordmann")) == 1
    clock.at = datetime(2027, 6, 3, 22, 0, tzinfo=UTC)
    assert await archive.search("Nordmann") == []
    assert len(await archive.search("gatelys")) == 1
    for kind in ("html", "json", "csv", "xml"):
        page = (await archive.public(format=kind)).text
        assert "Nordmann" not in page
        assert "2026/1-1" in page


async def test_an_exempt_word_is_never_found(archive: Archive, works: Works) -> None:
    entry = await an_entry(works)
    await archive.screen(entry, tittel=[NAME, EXEMPT])
    assert await archive.search("rullestol") == []
    assert await archive.search("%") == []
    assert await archive.search("_") == []
    assert len(await archive.search("henvendelse fra")) == 1


async def test_screening_again_takes_back_what_was_published(archive: Archive, works: Works) -> None:
    entry = await an_entry(works, tittel="Henvendelse om gatelys")
    assert (await archive.screen(entry)).json()["published"] is True
    await archive.screen(entry, version=2, assessed=False)
    assert await archive.items() == []


async def test_a_shielded_case_shows_no_word(archive: Archive, works: Works) -> None:
    async with works.begin(ACTOR) as work:
        case = await a_case(work.db, skjermet=True, tittel="Bekymring for barn")
        entry = await Register(work.db).entry(case, status="J", tittel="Bekymring for barn")
    refused = await archive.screen(entry)
    assert (refused.status_code, refused.json()["code"]) == (422, "SHIELDED_NEEDS_HJEMMEL")
    exempt = [{"start": 14, "end": 18, "kind": "skjermet", "hjemmel": "barnevern_taushet"}]
    assert (await archive.screen(entry, tittel=exempt)).json()["published"] is True
    [item] = await archive.items()
    assert item["offentligTittel"] == item["saksmappe_offentligTittel"] == "*****"
    assert item["korrespondanseparter"][0]["korrespondansepartNavn"] == "*****"
    assert item["tilgangsrestriksjon"] == "Unntatt offentlighet"
    assert await archive.search("barn") == []


async def test_the_answer_is_told_beside_the_enquiry(archive: Archive, works: Works) -> None:
    async with works.begin(ACTOR) as work:
        case, register = await a_case(work.db), Register(work.db)
        incoming = await register.entry(case, status="J")
        outgoing = await register.entry(case, type_="U", status="E", refers_to=[incoming], reply_id=uuid4())
    for entry in (incoming, outgoing):
        assert (await archive.screen(entry)).json()["published"] is True
    newest, oldest = await archive.items()
    assert oldest["avskrivningsmaate"] == "BU"
    assert oldest["referanseAvskrivesAvJournalpost"] == "2026/1-2"
    assert newest["avskrivningsmaate"] is None


async def test_the_case_title_can_be_screened_with_the_entry(archive: Archive, works: Works) -> None:
    entry = await an_entry(works, tittel="Henvendelse om gatelys")
    span = {"start": 27, "end": 34, "kind": "skjermet", "hjemmel": "organinternt"}
    await archive.screen(entry, saksmappe_tittel=[span])
    [item] = await archive.items()
    assert item["saksmappe_offentligTittel"] == "Henvendelse på Facebook om *****"
    async with works.begin(ACTOR) as work:
        title = await work.db.scalar(sa.text("SELECT offentlig_tittel FROM saksmapper"))
    assert title == "Henvendelse på Facebook om *****"


@pytest.mark.parametrize(
    ("body", "status", "code"),
    [
        ({"tittel": [{"start": 0, "end": 99, "kind": "personnavn"}]}, 422, "SPAN_OUTSIDE_TEXT"),
        ({"tittel": [{"start": 0, "end": 5, "kind": "skjermet"}]}, 422, "SPAN_HJEMMEL"),
        ({"tittel": [{"start": 0, "end": 5, "kind": "skjermet", "hjemmel": "innsyn"}]}, 422, "HJEMMEL_UNKNOWN"),
        ({"tittel": [{"start": 0, "end": 5, "kind": "skjermet", "hjemmel": "finnes_ikke"}]}, 422, "HJEMMEL_UNKNOWN"),
        ({"parties": [{"number": 9, "spans": []}]}, 422, "PARTY_UNKNOWN"),
        ({"parties": [{"number": 1, "spans": []}, {"number": 1, "spans": []}]}, 422, "PARTY_TWICE"),
        ({"dokument": "H"}, 422, "SPAN_HJEMMEL"),
        ({"published": True}, 422, "BODY_INVALID"),
        ({"tittel": [{"start": "0", "end": 5, "kind": "personnavn"}]}, 422, "BODY_INVALID"),
    ],
)
async def test_a_screening_that_cannot_be_is_refused_without_effect(
    archive: Archive, works: Works, body: dict[str, Any], status: int, code: str
) -> None:
    entry = await an_entry(works)
    answer = await archive.screen(entry, **body)
    assert (answer.status_code, answer.json()["code"]) == (status, code), answer.text
    assert (await archive.preview(entry)).json()["version"] == 1


async def test_an_entry_that_is_void_or_unknown_or_changed_is_not_screened(archive: Archive, works: Works) -> None:
    entry = await an_entry(works)
    assert (await archive.screen(entry, version=7)).status_code == 412
    assert (await archive.screen(uuid4())).status_code == 404
    async with works.begin(ACTOR) as work:
        await work.db.execute(sa.text("UPDATE journalposter SET journalstatus = 'U'"))
    void = await archive.screen(entry)
    assert (void.status_code, void.json()["code"]) == (409, "JOURNALPOST_VOID")


async def test_pages_of_the_journal_hold_every_entry_once(archive: Archive, works: Works) -> None:
    async with works.begin(ACTOR) as work:
        case, register = await a_case(work.db), Register(work.db)
        for number in range(7):
            await register.entry(
                case,
                status="J",
                tittel=f"Henvendelse {number}",
                offentlighetsvurdert_dato=register.journaldato,
                published_at=work.now,
            )
    seen, after = [], None
    while True:
        answer = await archive.public(format="json", limit=3, **({"after": after} if after else {}))
        seen += [one["journalsekvensnummer"] for one in answer.json()["items"]]
        after = answer.json()["next"]
        if after is None:
            break
        assert answer.headers["link"].endswith('rel="next"')
    assert seen == [7, 6, 5, 4, 3, 2, 1]


async def test_a_day_of_the_journal_and_an_interval(archive: Archive, works: Works) -> None:
    entry = await an_entry(works, tittel="Henvendelse om gatelys")
    await archive.screen(entry)
    assert "2026/1-1" in (await archive.public("/offentlig-journal/2026-06-03")).text
    assert "ingen innførsler" in (await archive.public("/offentlig-journal/2026-06-04")).text
    assert len(await archive.items(fra="2026-06-03", til="2026-06-03")) == 1
    assert await archive.items(fra="2026-06-04") == []
    assert await archive.items(unit="oppvekst") == []
    assert (await archive.public("/offentlig-journal/i-gaar")).status_code == 422


async def test_the_page_asks_not_to_be_indexed_and_names_a_contact_point(archive: Archive, works: Works) -> None:
    answer = await archive.client.get("/offentlig-journal", headers={"Accept": "text/html"})
    assert answer.headers["content-type"] == "text/html; charset=utf-8"
    assert answer.headers["x-robots-tag"].startswith("noindex")
    assert "default-src 'none'" in answer.headers["content-security-policy"]
    assert "arkiv@sogne.kommune.no" in answer.text
    for kind, media_type in (("csv", "text/csv"), ("xml", "application/xml"), ("json", "application/json")):
        answer = await archive.public(format=kind)
        assert answer.headers["content-type"].startswith(media_type)
        assert answer.headers["x-robots-tag"].startswith("noindex")


async def test_only_the_archivist_screens_and_every_preview_is_accounted_for(
    archive: Archive, works: Works, tokens: TestTokens
) -> None:
    entry = await an_entry(works)
    for role in Role:
        headers = tokens.header(role) | {"Idempotency-Key": uuid4().hex, "If-Match": '"99"'}
        answer = await archive.client.post(f"/journalposter/{entry}/screen", json={"tittel": []}, headers=headers)
        assert answer.status_code == (412 if role is Role.ARK else 403)
        assert (await archive.preview(entry, role)).status_code == (200 if role in (Role.ARK, Role.SA) else 403)
    async with works.begin(ACTOR) as work:
        seen = await work.db.scalar(sa.text("SELECT count(*) FROM audit WHERE action = 'journalpost.previewed'"))
    assert seen == 2
