"""The ledger: the end-to-end oracle of every fault test, and of whoever wants to know that nothing was lost.

Every accepted delivery led to exactly one stored message version; cases and journalposter are what they must be, with
numbers that have no gap and a chain that verifies; each approved reply stands on the platform at most once; nothing
waits. It looks from outside: at the platform, and at what the services tell.
"""

import time
from collections import Counter, defaultdict
from collections.abc import Callable, Iterator, Sequence
from dataclasses import dataclass, field
from typing import Any

from .client import House, Refused

SERVICES = ("ingest", "classifier", "journal", "responder")
_ANSWERING = {"full", "redirect", "referral"}


@dataclass(slots=True)
class Ledger:
    """What was counted, and what is wrong with it."""

    counts: Counter[str] = field(default_factory=Counter)
    faults: list[str] = field(default_factory=list)

    @property
    def balanced(self) -> bool:
        return not self.faults

    def must(self, condition: bool, fault: str) -> None:
        if not condition:
            self.faults.append(fault)


@dataclass(frozen=True, slots=True)
class Seen:
    """Everything that the checks compare, read once."""

    platform: Sequence[dict[str, Any]]
    messages: Sequence[dict[str, Any]]
    deliveries: Sequence[dict[str, Any]]
    classified: dict[str, int]
    saksmapper: Sequence[dict[str, Any]]
    journalposter: Sequence[dict[str, Any]]
    replies: Sequence[dict[str, Any]]


_RELAY_S = 10.0  # longer than a relay waits between two tries


def settle(house: House, within_s: float = 60.0) -> None:
    """Wait until nothing is under way: no delivery, no event that waits, no reply that is being sent."""
    house.until("simulatoren har levert alt", lambda: house.control("GET", "/_sim/idle")["idle"], within_s)
    house.until("ingenting venter på bussen", lambda: not _waiting(house), within_s)
    house.until("ingen svar er på vei ut", lambda: not _sending(house), within_s)
    last = time.monotonic() + _RELAY_S
    while check(house).faults and time.monotonic() < last:
        time.sleep(0.5)  # what a service has committed and not yet relayed waits nowhere that can be asked


def check(house: House) -> Ledger:
    """Look at everything, and compare."""
    seen = _look(house)
    ledger = Ledger()
    _deliveries(seen, ledger)
    _messages(seen, ledger)
    _classifications(seen, ledger)
    _cases(seen, ledger)
    _numbers(seen, ledger)
    _chain(house, ledger)
    _replies(seen, ledger)
    _nothing_waits(house, ledger)
    return ledger


def _look(house: House) -> Seen:
    events = [envelope for envelope in _feed(house, "journal") if envelope["type"].startswith("journalpost.")]
    return Seen(
        platform=house.control("GET", "/_sim/comments?removed=true")["data"],
        messages=list(house.items("ingest", "/messages", "leder", limit=200)),
        deliveries=list(house.items("ingest", "/deliveries", "leder", limit=200)),
        classified=_newest(house, "classifier", "message.classified.v1"),
        saksmapper=list(house.items("journal", "/saksmapper", "arkivar", limit=200)),
        journalposter=_entries(events),
        replies=list(house.items("responder", "/replies", "leder", limit=200)),
    )


def _entries(events: Sequence[dict[str, Any]]) -> Sequence[dict[str, Any]]:
    """The newest state of each entry, and by what it was signed off."""
    found: dict[str, dict[str, Any]] = {}
    signed_off: dict[str, dict[str, Any]] = {}
    for envelope in events:
        data = envelope["data"]
        if envelope["type"] == "journalpost.avskrevet.v1":
            signed_off[data["incoming"]] = data
        elif data["version"] >= found.get(data["journalpost_id"], data)["version"]:
            found[data["journalpost_id"]] = data
    return [entry | {"avskrevet": signed_off.get(identity)} for identity, entry in found.items()]


def _feed(house: House, service: str) -> Iterator[dict[str, Any]]:
    position = 0
    while True:
        page = house.get(service, "/feed", "journal", after=position, limit=200, payload="full").body
        if not page["items"]:
            return
        yield from (item["payload"] for item in page["items"])
        position = page["next"]


def _newest(house: House, service: str, type_: str) -> dict[str, int]:
    newest: dict[str, int] = {}
    for envelope in _feed(house, service):
        if envelope["type"] == type_:
            data = envelope["data"]
            newest[data["message_id"]] = max(newest.get(data["message_id"], 0), data["message_version"])
    return newest


def _deliveries(seen: Seen, ledger: Ledger) -> None:
    ledger.counts["leveranser"] = len(seen.deliveries)
    for one in seen.deliveries:
        ledger.must(one["outcome"] != "failed", f"leveransen {one['id']} er ikke behandlet")


def _messages(seen: Seen, ledger: Ledger) -> None:
    ledger.counts["meldinger"] = len(seen.messages)
    known = defaultdict(list)
    for message in seen.messages:
        known[message["external_id"]].append(message)
    for comment in seen.platform:
        if comment["by_page"]:
            continue
        ledger.counts["kommentarer fra innbyggere"] += 1
        found = known.get(comment["id"], [])
        ledger.must(len(found) == 1, f"kommentaren {comment['id']} er lagret {len(found)} ganger")
        if len(found) == 1 and not comment["removed"]:
            same = (found[0]["text"] or "") == (comment["message"] or "")
            ledger.must(same, f"meldingen {found[0]['id']} har en annen ordlyd enn plattformen")


def _classifications(seen: Seen, ledger: Ledger) -> None:
    for message in seen.messages:
        version = seen.classified.get(message["id"], 0)
        ledger.counts["klassifiseringer"] += bool(version)
        ledger.must(
            version == message["message_version"] or message["removed_at"] is not None,
            f"meldingen {message['id']} versjon {message['message_version']} er klassifisert i versjon {version}",
        )


def _cases(seen: Seen, ledger: Ledger) -> None:
    ledger.counts["saksmapper"] = len(seen.saksmapper)
    twice = [number for number, count in Counter(one["saksnummer"] for one in seen.saksmapper).items() if count > 1]
    ledger.must(not twice, f"saksnummer er brukt to ganger: {twice}")
    for one in seen.journalposter:
        ledger.counts[f"journalposter {one['journalposttype']}"] += 1
    incoming = Counter(one["message_id"] for one in seen.journalposter if one["journalposttype"] == "I")
    for message_id, count in incoming.items():
        ledger.must(count == 1, f"meldingen {message_id} har {count} inngående journalposter")


def _numbers(seen: Seen, ledger: Ledger) -> None:
    by_year = defaultdict(list)
    by_case = defaultdict(list)
    for one in seen.journalposter:
        by_year[one["journalaar"]].append(one["journalsekvensnummer"])
        by_case[one["saksmappe_id"]].append(one["journalpostnummer"])
    for what, groups in (("journalen", by_year), ("saksmappen", by_case)):
        for name, numbers in groups.items():
            whole = sorted(numbers) == list(range(1, len(numbers) + 1))
            ledger.must(whole, f"numrene i {what} {name} har hull eller er brukt to ganger: {sorted(numbers)[-20:]}")


def _chain(house: House, ledger: Ledger) -> None:
    try:
        told = house.get("journal", "/verify", "arkivar").body
    except Refused as refused:
        ledger.must(False, f"journalens kjede kan ikke etterprøves: {refused}")
        return
    ledger.must(_is_whole(told), f"journalens kjede stemmer ikke: {told}")


def _is_whole(told: Any) -> bool:
    """`/verify` tells of each year what it found; any fault stands in a list that is empty otherwise."""
    return isinstance(told, dict) and told.get("whole", told.get("ok")) is True


def _replies(seen: Seen, ledger: Ledger) -> None:
    ours = {one["id"]: one for one in seen.platform if one["by_page"] and one.get("origin") == "graph"}
    ledger.counts["svar på plattformen"] = len(ours)
    outgoing = Counter(
        (one["message_id"], one["journalposttype"]) for one in seen.journalposter if one["journalposttype"] == "U"
    )
    claimed: Counter[str] = Counter()
    for reply in seen.replies:
        if reply["state"] not in {"published", "verified", "mismatch", "withdrawn"}:
            continue
        ledger.counts["publiserte svar"] += 1
        claimed[reply["external_id"]] += 1
        ledger.must(reply["external_id"] in ours, f"svaret {reply['id']} står ikke på plattformen")
    for identity, count in claimed.items():
        ledger.must(count == 1, f"kommentaren {identity} er svaret på {count} svar")
    open_ones = sum(1 for reply in seen.replies if reply["state"] in {"sending", "unknown", "needs_operator"})
    extra = len(ours.keys() - claimed.keys())
    ledger.must(extra <= open_ones, f"{extra - open_ones} svar står på plattformen uten å høre til et godkjent svar")
    texts = Counter((one["parent_id"], one["message"]) for one in ours.values() if not one["removed"])
    for (parent, _), count in texts.items():
        ledger.must(count == 1, f"samme svar står {count} ganger under {parent}")
    journaled = {one["message_id"] for one in seen.journalposter if one["journalposttype"] == "I"}
    wanted = Counter(
        reply["message_id"]
        for reply in seen.replies
        if reply["state"] in {"published", "verified", "mismatch"} and reply["message_id"] in journaled
    )
    for message_id, count in wanted.items():
        found = outgoing[(message_id, "U")]
        ledger.must(found == count, f"meldingen {message_id} har {count} publiserte svar og {found} utgående poster")
    answered = {
        reply["message_id"]
        for reply in seen.replies
        if reply["state"] in {"published", "verified"} and reply["kind"] in _ANSWERING
    }
    for one in seen.journalposter:
        if one["journalposttype"] == "I" and one["message_id"] in answered:
            ledger.must(
                one["avskrevet"] is not None, f"journalpost {one['saksnummer']}-1 er besvart, men ikke avskrevet"
            )


def _nothing_waits(house: House, ledger: Ledger) -> None:
    waiting = _waiting(house)
    ledger.must(not waiting, f"hendelser venter: {waiting}")
    for service in SERVICES:
        parked = list(house.items(service, "/dead-letters", "leder", limit=200))
        left = [one["id"] for one in parked if one["replayed_at"] is None]
        ledger.counts["parkerte hendelser"] += len(left)
        ledger.must(not left, f"{service} har parkerte hendelser: {left}")


def _waiting(house: House) -> dict[str, Any]:
    """Events not yet handled by group, and logs that are not yet on the bus, by service."""
    found: dict[str, Any] = {}
    for service in SERVICES:
        checks = house.get(service, "/readyz", None).body["checks"]
        if checks["bus"] != "ok":
            found[service] = "bussen svarer ikke"
        found |= {group: lag for group, lag in checks["lag"].items() if lag}
        age = _metric(house, service, "torg_log_unrelayed_age_seconds")
        if age > 0:
            found[f"{service} (logg)"] = f"{age:.1f} s"
    return found


def _metric(house: House, service: str, name: str) -> float:
    text: str = house.get(service, "/metrics", None).body
    return max((float(line.split()[-1]) for line in text.splitlines() if line.startswith(name)), default=0.0)


def _sending(house: House) -> bool:
    on_the_way = {"released", "sending", "unknown"}
    return any(one["state"] in on_the_way for one in house.items("responder", "/replies", "leder", limit=200))


def tell(ledger: Ledger, say: Callable[[str], None]) -> None:
    for name, count in sorted(ledger.counts.items()):
        say(f"  {count:>6}  {name}")
    for fault in ledger.faults:
        say(f"  FEIL  {fault}")
    say("Regnskapet går opp." if ledger.balanced else f"Regnskapet går ikke opp: {len(ledger.faults)} feil.")
