"""Offentlighetsvurdering: spans and hjemmel by the archivist, and the preview of what the internet will show (B-30)."""

from typing import Annotated, Any, Literal
from uuid import UUID

from fastapi import Query
from pydantic import Field
from starlette.responses import Response
from torg_shared import personal_data
from torg_shared.errors import Invalid
from torg_shared.web import After, Answer, Body, Command, Limit, Router

from torg_journal.domain.public_journal import StoredEntry, plain
from torg_journal.domain.screening import Kind, Span
from torg_journal.settings import Municipality
from torg_journal.store import screening as store
from torg_journal.usecases import publication

_MostSpans = Field(max_length=200)
_Code = Annotated[str, Field(max_length=60, pattern=r"^[a-z][a-z0-9_]*$")]


class SpanBody(Body):
    """Characters [start, end) of the text; `hjemmel` is a code of the legal basis, for `skjermet` alone."""

    start: Annotated[int, Field(ge=0, le=10_000)]
    end: Annotated[int, Field(ge=1, le=10_000)]
    kind: Literal["personnavn", "skjermet"]
    hjemmel: _Code | None = None


class PartyBody(Body):
    """The spans of the name of the entry's korrespondansepart number `number`, counted from 1."""

    number: Annotated[int, Field(ge=1, le=1000)]
    spans: Annotated[list[SpanBody], _MostSpans]


class Screen(Body):
    """`assessed` false keeps the spans for a preview and leaves the entry under Midlertidig skjerming.

    Parties not named, and a `saksmappe_tittel` not given, stay as they are.
    """

    tittel: Annotated[list[SpanBody], _MostSpans]
    saksmappe_tittel: Annotated[list[SpanBody], _MostSpans] | None = None
    parties: Annotated[list[PartyBody], Field(max_length=100)] = Field(default_factory=list)
    dokument: Literal["H", "D"] | None = None
    dokument_hjemmel: _Code | None = None
    assessed: bool = True


def screening(municipality: Municipality) -> Router:
    router = Router()

    @router.get("/journalposter/{journalpost_id}/preview")
    async def preview(journalpost_id: UUID, command: Command) -> Response:
        found = await command.read(
            lambda work: publication.preview(work, municipality, command.principal, journalpost_id)
        )
        return command.answer(Answer(_screened(found, municipality), version=found.row.version))

    @router.post("/journalposter/{journalpost_id}/screen")
    async def screen(journalpost_id: UUID, body: Screen, command: Command) -> Response:
        decided = _decided(body)
        return await command.run(
            lambda work: publication.screen(work, municipality, journalpost_id, command.expected, decided),
            lambda found: Answer(_screened(found, municipality), version=found.row.version),
        )

    @router.get("/screenings")
    async def to_assess(
        command: Command,
        state: Annotated[Literal["waiting", "withheld"], Query(description="Which queue")] = "waiting",
        after: After = None,
        limit: Limit = 50,
    ) -> Response:
        page = command.page("screenings", after, limit, who=command.principal.subject, state=state)
        rows = await command.read(
            lambda work: store.to_assess(work.db, page, command.principal, withheld=state == "withheld")
        )
        return command.list(page, rows, lambda row: [row.journalaar, row.journalsekvensnummer], _queued)

    return router


def _decided(body: Screen) -> publication.Screening:
    parties = {one.number: _spans(one.spans) for one in body.parties}
    if len(parties) != len(body.parties):
        raise Invalid("PARTY_TWICE")
    return publication.Screening(
        tittel=_spans(body.tittel),
        parties=parties,
        saksmappe_tittel=None if body.saksmappe_tittel is None else _spans(body.saksmappe_tittel),
        dokument=body.dokument,
        dokument_hjemmel=body.dokument_hjemmel,
        assessed=body.assessed,
    )


def _spans(bodies: list[SpanBody]) -> list[Span]:
    return [Span(one.start, one.end, Kind(one.kind), one.hjemmel) for one in bodies]


def _screened(found: publication.Screened, municipality: Municipality) -> dict[str, Any]:
    entry, shown = found.entry, found.shown
    return {
        "journalpost_id": str(entry.journalpost_id),
        "registreringsID": shown.registrerings_id,
        "journalstatus": entry.journalstatus,
        "journaldato": entry.journaldato.isoformat(),
        "offentlighetsvurdertDato": (
            entry.offentlighetsvurdert_dato.isoformat() if entry.offentlighetsvurdert_dato else None
        ),
        "published": found.row.published_at is not None,
        "view": shown.view.value,
        "skjermingMetadata": list(shown.skjerming_metadata),
        "fields": _fields(entry, found, municipality),
        "withheld_because": [{"field": one.field, "kind": one.kind} for one in found.unfit],
        "version": found.row.version,
    }


def _fields(entry: StoredEntry, found: publication.Screened, municipality: Municipality) -> list[dict[str, Any]]:
    shown = found.shown
    texts: list[tuple[str, int | None, str, tuple[Span, ...], str]] = [
        ("tittel", None, entry.tittel, entry.tittel_spans, plain(shown.tittel)),
        ("saksmappe_tittel", None, entry.saksmappe_tittel, entry.saksmappe_spans, plain(shown.saksmappe_tittel)),
    ]
    for number, (party, public) in enumerate(zip(entry.parties, shown.parties, strict=True), 1):
        texts.append(("korrespondansepart", number, party.name, party.spans, plain(public.name)))
    return [
        {
            "field": field,
            "number": number,
            "text": text,
            "shown": rendered,
            "spans": [_span(one, text, municipality) for one in spans],
            "suggested": [{"start": one.start, "end": one.end, "kind": one.kind} for one in personal_data.find(text)],
        }
        for field, number, text, spans, rendered in texts
    ]


def _span(one: Span, text: str, municipality: Municipality) -> dict[str, Any]:
    basis = municipality.legal_basis.get(one.hjemmel or "")
    return {
        "start": one.start,
        "end": one.end,
        "kind": one.kind.value,
        "words": text[one.start : one.end],
        "hjemmel": one.hjemmel,
        "hjemmel_tekst": basis.label if basis else None,
    }


def _queued(row: store.EntryRow) -> dict[str, Any]:
    return {
        "journalpost_id": str(row.id),
        "saksmappe_id": str(row.saksmappe_id),
        "registreringsID": f"{row.saksnummer}-{row.journalpostnummer}",
        "journalaar": row.journalaar,
        "journalsekvensnummer": row.journalsekvensnummer,
        "journalposttype": row.journalposttype,
        "journalstatus": row.journalstatus,
        "withheld": row.withheld,
        "version": row.version,
    }
