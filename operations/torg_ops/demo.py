"""`make demo`: one question, all the way through the house, told as a story with its numbers.

Everything is done by REST with the personas' own tokens, as the people would do it; the simulator is the citizen.
"""

from collections.abc import Callable
from dataclasses import dataclass
from functools import partial
from typing import Any

from .client import Found, House, Refused

QUESTION = "Hvorfor er gatelyset i Høllebakken av? Det har vært mørkt der siden mandag."
POST = "God morgen! Spør oss gjerne om det dere lurer på i dag."
CITIZEN = "Solveig Tveit"
UNIT = "teknisk-drift"
ASKED = "Kan dere sjekke gatelyset i Høllebakken, og si når det er i orden igjen?"
ANSWERED = "Sikringen i tennskapet var gått. Den er skiftet i dag, og lyset tennes som vanlig i kveld."
REPLY = (
    "Hei! Takk for at du sa fra. Teknisk drift har undersøkt gatelyset i Høllebakken: en sikring var gått. "
    "Den er skiftet i dag, og lyset tennes som vanlig i kveld."
)

Say = Callable[[str], None]


@dataclass(slots=True)
class Story:
    """What the demonstration has come to: the ids and numbers that are told at the end."""

    comment_id: str = ""
    message_id: str = ""
    conversation_id: str = ""
    saksmappe_id: str = ""
    saksnummer: str = ""
    reply_id: str = ""
    permalink: str = ""
    entries: list[dict[str, Any]] | None = None


def demo(house: House, say: Say) -> Story:
    """The journey of the main job. Raises `Refused`, `WaitedInVain`, `NotRunning`."""
    story = Story()
    _a_citizen_asks(house, say, story)
    _it_is_stored(house, say, story)
    _a_handling_is_proposed_and_confirmed(house, say, story)
    _a_case_is_opened(house, say, story)
    _an_expert_is_asked(house, say, story)
    _an_answer_is_drafted_and_approved(house, say, story)
    _it_is_published(house, say, story)
    _it_is_journaled(house, say, story)
    _the_archivist_checks_and_screens(house, say, story)
    _the_public_sees_it(house, say, story)
    return story


def _a_citizen_asks(house: House, say: Say, story: Story) -> None:
    if not house.control("GET", "/_sim/posts")["data"]:
        house.control("POST", "/_sim/posts", {"message": POST})
    comment = house.control("POST", "/_sim/comments", {"message": QUESTION, "name": CITIZEN})
    story.comment_id = comment["id"]
    say(f"{CITIZEN} skriver på kommunens side på Facebook: «{QUESTION}»")
    say(f"    {comment['permalink']}")


def _it_is_stored(house: House, say: Say, story: Story) -> None:
    def arrived() -> dict[str, Any] | None:
        newest = house.get("ingest", "/messages", "sideadministrator", limit=50)["items"]
        return next((one for one in newest if one["external_id"] == story.comment_id), None)

    message = house.until("meldingen hos kommunen", arrived)
    story.message_id, story.conversation_id = message["id"], message["conversation_id"]
    say("Facebook leverer den signert. Den er lagret før Facebook fikk svar, med fingeravtrykk av det som sto der:")
    say(f"    melding {story.message_id}, SHA-256 {message['sha256'][:16]}…")


def _a_handling_is_proposed_and_confirmed(house: House, say: Say, story: Story) -> None:
    path = f"/messages/{story.message_id}/classification"
    proposal = house.until("et forslag til behandling", lambda: house.get("classifier", path, "sideadministrator"))
    reasons = ", ".join(dict.fromkeys(one["rule_id"] for one in proposal["reasons"])) or "ingen regel"
    say(
        f"Klassifisereren foreslår «{proposal['handling']}» med {proposal['confidence']:.0%} sikkerhet, på grunnlag av:"
    )
    say(f"    {reasons}; foreslått enhet {proposal['unit']}")
    triaged = house.post(
        "classifier",
        f"/messages/{story.message_id}/triage",
        "sideadministrator",
        _triage(proposal),
        version=proposal.version,
    )
    say(f"Sideadministrator Per Tangen bekrefter: {triaged['handling']}.")


def _triage(proposal: Found) -> dict[str, Any]:
    """Confirm, or change when the proposal is not what the demonstration is about."""
    if proposal["handling"] == "open_case":
        return {"handling": "open_case"}
    return {"handling": "open_case", "reason": "Noen utenfor servicetorget må undersøke saken."}


def _a_case_is_opened(house: House, say: Say, story: Story) -> None:
    case = house.until("saksmappen", lambda: _case(house, story))
    story.saksmappe_id, story.saksnummer = case["id"], case["saksnummer"]
    incoming = house.until("inngående journalpost", lambda: _entry(house, story, "I"))
    say(f"Journalen har åpnet sak {story.saksnummer} «{case['offentligTittel']}» med servicetorget som saksbehandler,")
    say(f"    og registrert spørsmålet som inngående dokument: {_number(story, incoming)} (nr. {_sequence(incoming)})")


def _an_expert_is_asked(house: House, say: Say, story: Story) -> None:
    asked = house.post(
        "journal",
        "/consultations",
        "sideadministrator",
        {"message_id": story.message_id, "unit": UNIT, "question": ASKED},
    )
    say(f"Per Tangen spør teknisk drift: «{ASKED}»")
    seen = house.get("journal", f"/consultations/{asked['id']}", "fagperson")
    house.post(
        "journal",
        f"/consultations/{asked['id']}/answer",
        "fagperson",
        {"answer": ANSWERED},
        version=seen.version,
    )
    say(f"Avdelingsingeniør Turid Høllen svarer: «{ANSWERED}»")


def _an_answer_is_drafted_and_approved(house: House, say: Say, story: Story) -> None:
    body = {"message_id": story.message_id, "kind": "full", "visibility": "public", "text": REPLY}
    reply = house.until(
        "meldingen hos svartjenesten", lambda: house.post("responder", "/replies", "sideadministrator", body)
    )
    story.reply_id = reply["id"]
    path = f"/replies/{story.reply_id}"
    reply = house.post("responder", f"{path}/check", "sideadministrator", version=reply.version)
    reply = house.post("responder", f"{path}/submit", "sideadministrator", version=reply.version)
    say(f"Per Tangen skriver svaret: «{REPLY}»")
    say(f"    sjekket mot retningslinjene: {_findings(reply)}; seglet {reply['binding_sha256'][:16]}…")
    seen = house.get("responder", path, "leder")
    house.post(
        "responder",
        f"{path}/approve",
        "leder",
        {"binding_sha256": seen["binding_sha256"]},
        version=seen.version,
    )
    say("Leder Leif Eik godkjenner akkurat denne teksten. Ingen godkjenner sitt eget.")


def _findings(reply: Found) -> str:
    found = [one["code"] for one in reply["checks"]]
    return ", ".join(found) if found else "ingen merknader"


def _it_is_published(house: House, say: Say, story: Story) -> None:
    path = f"/replies/{story.reply_id}"
    approved = house.get("responder", path, "sideadministrator")
    house.post("responder", f"{path}/publish", "sideadministrator", version=approved.version)
    say("Per Tangen publiserer. Angrefristen er kort i demonstrasjonen.")

    def out() -> Found | None:
        reply = house.get("responder", path, "sideadministrator")
        if reply["state"] == "needs_operator":
            _a_person_decides(house, say, story, reply)
        # the platform names the address only when the answer is read back
        return reply if reply["permalink"] and reply["state"] in {"published", "verified"} else None

    reply = house.until("svaret på plattformen", out, within_s=60)
    story.permalink = reply["permalink"]
    say(f"Svaret står i tråden, én gang: {story.permalink}")


def _a_person_decides(house: House, say: Say, story: Story, reply: Found) -> None:
    """Nobody knows whether the call had its effect, and it is never repeated without a human decision."""
    there = house.control("GET", f"/_sim/comments?by=page&parent={story.comment_id}")["data"]
    decision = {"outcome": "send_again", "reason": "Svaret står ikke i tråden."}
    if there:
        decision = {"outcome": "posted", "reason": "Svaret står i tråden.", "external_id": there[0]["id"]}
        decision["permalink"] = there[0]["permalink"]
    house.post("responder", f"/replies/{story.reply_id}/resolve", "sideadministrator", decision, version=reply.version)
    say(f"Ingen vet om svaret kom fram. Per Tangen ser etter i tråden og avgjør: {decision['outcome']}.")


def _it_is_journaled(house: House, say: Say, story: Story) -> None:
    outgoing = house.until("utgående journalpost", lambda: _entry(house, story, "U"))

    def signed_off() -> dict[str, Any] | None:
        incoming = _entry(house, story, "I")
        return incoming if incoming and incoming["avskrivninger"] else None

    incoming = house.until("avskrivningen", signed_off)
    how = incoming["avskrivninger"][0]["avskrivningsmaate"]
    say(f"Journalen registrerer svaret som utgående dokument {_number(story, outgoing)} (nr. {_sequence(outgoing)}),")
    say(f"    og avskriver {_number(story, incoming)} med {how}.")


def _the_archivist_checks_and_screens(house: House, say: Say, story: Story) -> None:
    entries = _entries(house, story)
    for entry in sorted(entries, key=lambda one: int(one["journalpostnummer"])):
        path = f"/journalposter/{entry['id']}"
        house.until("dokumentene til journalposten", partial(_journaled, house, path))
        preview = house.get("journal", f"{path}/preview", "arkivar")
        house.post("journal", f"{path}/screen", "arkivar", _screening(preview), version=preview.version)
    numbers = ", ".join(_number(story, one) for one in entries)
    say(f"Arkivar Astrid Langenes kvalitetssikrer og skjermer {numbers}.")


def _journaled(house: House, path: str) -> Found | None:
    """The entry as journaled; None while its documents are still being fetched from ingest."""
    seen = house.get("journal", path, "arkivar")
    try:
        return house.post("journal", f"{path}/journalfoer", "arkivar", version=seen.version)
    except Refused as refused:
        if refused.code != "DOCUMENTS_PENDING":
            raise
        return None


def _screening(preview: Found) -> dict[str, Any]:
    """Names of private persons are marked, so that nobody finds them by search when the entry is a year old."""
    parties = [
        {"number": field["number"], "spans": [_name_span(field["text"])]}
        for field in preview["fields"]
        if field["field"] == "korrespondansepart" and field["text"] == CITIZEN
    ]
    return {"tittel": [], "saksmappe_tittel": [], "parties": parties}


def _name_span(text: str) -> dict[str, Any]:
    return {"start": 0, "end": len(text), "kind": "personnavn"}


def _the_public_sees_it(house: House, say: Say, story: Story) -> None:
    def listed() -> list[dict[str, Any]] | None:
        page = house.get("journal", "/offentlig-journal", None, format="json", limit=200)
        found = [one for one in page["items"] if one["mappeID"] == story.saksnummer]
        return found if len(found) == len(_entries(house, story)) else None

    story.entries = house.until("postene i offentlig journal", listed)
    say("I offentlig journal kan alle lese:")
    for one in sorted(story.entries, key=lambda one: one["journalsekvensnummer"]):
        say(f"    {one['registreringsID']}  {one['journalposttype']}  {one['journaldato']}  {one['offentligTittel']}")
    say(f"Ferdig: melding {story.message_id} · sak {story.saksnummer} · {len(story.entries)} journalposter")
    say(f"    {story.permalink}")


def _case(house: House, story: Story) -> dict[str, Any] | None:
    found = house.get("journal", "/saksmapper", "sideadministrator", message_id=story.message_id)["items"]
    return found[0] if found else None


def _entries(house: House, story: Story) -> list[dict[str, Any]]:
    path = f"/saksmapper/{story.saksmappe_id}/journalposter"
    return list(house.items("journal", path, "arkivar"))


def _entry(house: House, story: Story, kind: str) -> dict[str, Any] | None:
    return next((one for one in _entries(house, story) if one["journalposttype"] == kind), None)


def _number(story: Story, entry: dict[str, Any]) -> str:
    return f"{story.saksnummer}-{entry['journalpostnummer']}"


def _sequence(entry: dict[str, Any]) -> str:
    return f"{entry['journalsekvensnummer']}/{entry['journalaar']}"
