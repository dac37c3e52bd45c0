"""What must be kept, and how: the truth table of the archive duty and what follows from a handling (L-01, 3.2)."""

from .facts import Decision, Message, Reply

_ORDER = ("none", "archive", "journal")
ANSWERING = frozenset({"full", "redirect", "referral"})  # these avskriver the incoming (INV-2)
THANKS_WILL_DO = frozenset({"thank", "answer_criticism", "none_needed", "archive_only"})


def truth_table(*, saksdokument: bool, saksbehandling: bool, dokumentasjonsverdi: bool) -> str:
    """A saksdokument that is handled *and* of documentary value is journaled, one of the two archived, else kept out.

    L-01: National archivist's advice on social media.
    """
    if not saksdokument:
        return "none"
    return _ORDER[saksbehandling + dokumentasjonsverdi]


def record_class(decision: Decision) -> str:
    """The highest of what the person said and what the truth table gives (2.6 b); lowering is the archivist's.

    A lowered class stands, since the archivist's own truths come with it.
    """
    data = decision.data
    table = truth_table(
        saksdokument=bool(data.get("saksdokument")),
        saksbehandling=bool(data.get("saksbehandling")),
        dokumentasjonsverdi=bool(data.get("dokumentasjonsverdi")),
    )
    return max(decision.record_class, table, key=_ORDER.index)


def is_journaled(decision: Decision) -> bool:
    """True when a saksmappe and an I follow: `open_case` (G-25), a statutory request (2.3), or the truth table."""
    if not decision.decided:
        return False
    return decision.has("open_case") or bool(decision.legal_requests) or record_class(decision) == "journal"


def arkivnotat_for(message: Message, decision: Decision) -> tuple[bool, Reply | None]:
    """Whether an Arkivnotat is due, and the redirect that it documents.

    `archive_only` and other archive-worthy messages at once (G-31); a redirect when its reply stands (G-23). What is
    removed goes into its dossier instead.
    """
    if not decision.decided or is_journaled(decision) or decision.handling == "remove":
        return False, None
    if decision.handling == "redirect_formal":
        sent = next((one for one in message.replies if one.published and one.counts_as in ANSWERING), None)
        return sent is not None, sent
    return decision.has("archive_only") or record_class(decision) == "archive", None


def answers(reply: Reply, decision: Decision | None) -> bool:
    """True when a published `reply` meets the reply duty of the message.

    A statutory request is never met by a redirect or referral (2.3); thanks answer what asked for nothing (4.1).
    """
    if reply.published is None:
        return False
    kind = reply.counts_as
    if kind == "full":
        return True
    if kind in ("redirect", "referral"):
        return decision is None or not decision.legal_requests
    return kind == "thanks" and (decision is None or decision.handling in THANKS_WILL_DO)
