"""What can be seen in a text without deciding anything: question, mood, tone, length, topic, whose data it is."""

import re
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

from .names import Person

_ASKS = re.compile(
    r"(?:^|[.!?,;:\n] ?|\bog |\bmen |\bhei |\bhallo )(?:hei |hallo |hallo dere |og |men |så )?"
    r"(?:hva|kva|ka|hvor|kor|hvordan|korleis|kordan|åssen|kossen|hvorfor|kvifor|koffor|hvem|kven|kem|når"
    r"|hvilken|hvilke|hvilket|korleis|kva"
    r"|kan (?:noen|dere|de|man|vi|jeg|eg|nokon)|kunne (?:dere|de|noen)|er (?:det|dere|de|biblioteket"
    r"|skolen|hallen)|har (?:dere|de|noen|nokon)"
    r"|blir det|vert det|finnes det|finst det|skal det|må (?:man|jeg|eg|vi)|får (?:man|jeg|eg|vi)|where"
    r"|when|why|how|what|can you|is there|who"
    r"|czy|gdzie|kiedy|dlaczego|jak|де|коли|чому|як|чи)\b"
)
_FORMAL = re.compile(
    r"\bviser til\b|\bvedlagt\b|\bjf\.|\bmed vennlig hilsen\b|\bmed venleg helsing\b|\bmed hilsen\b"
    r"|\bpå vegne av\b|\bpå vegner av\b"
    r"|\btillater (?:vi|jeg) (?:oss|meg)\b|\bhøflig\b|\bherved\b|\bhermed\b|\bsaksnummer\b|\b§"
    r"|\btil orientering\b|\bvi ber om\b"
    r"|\bvelforening|\bstyret (?:i|har)\b|\bvedtok\b|\bdet vises til\b|\bundertegnede\b|\bmvh\b"
)
_LAUGH = re.compile(r"[😂🤣😆😅😄😁😜😝🙃😹😉]|\bhaha|\bhihi|\bhehe|\blol\b")
_GRIEF = re.compile(
    r"\bbegrav|\bdødsfall|\bgikk bort|\bsorg|\bkondol|\bminnes|\bmistet (?:mor|far|sønn|datter|kona|mannen)"
)
_ANGRY = re.compile(r"[😡🤬👎😠🤮😤🖕💩]")
_HAPPY = re.compile(r"[👏❤🥰😍👍💚💙💛🙏😊🎉🤩💪🌞☀😃😀🤗💐🌷♥💖🥳🏆👌⭐🌟]")
_URL = re.compile(r"https?://|\bwww\b|\b[\w-]{2,40}\.(?:com|net|no|ru|xyz|info|biz|top|click|shop|io|me)\b")
_OWN = re.compile(
    r"\b(?:min|mitt|mine|mi|mæ|meg|jeg|eg|æ|(?<!i )vår|vårt|våre|oss|my|mój|moje|moja|мій|моя|sønnen vår|dattera mi)\b"
)
_WE = re.compile(_OWN.pattern + r"|\b(?:vi|me|we)\b")
_OTHERS = re.compile(
    r"\b(?:hans|hennes|hennar|hannes|deres|sin|han|hun|ho|naboen|naboens|til|på|for|om|hos|sjefen|eksen"
    r"|mannen|kona|kjerringa|fyren)\b"
)
_CHILD = re.compile(r"\b(?:barn|born|unge|ungan|elev|gutt|jent|baby|småbarn|spedbarn|sønn|datter|dotter|bonn)\w{0,8}\b")
_QUOTED = re.compile(r'"[^"\n]{3,200}"')


@dataclass(frozen=True, slots=True)
class Mood:
    """`score` counts for and against; `sentiment` is its sign."""

    positive: int
    negative: int

    @property
    def sentiment(self) -> int:
        return (self.positive > self.negative) - (self.positive < self.negative)


def mood_of(plain: str, positive: re.Pattern[str], negative: re.Pattern[str], negation: re.Pattern[str]) -> Mood:
    """Counted words and emoji; a negation just before a positive word makes it a negative one."""
    good = bad = 0
    for match in positive.finditer(plain):
        before = plain[max(0, match.start() - 18) : match.start()]
        if negation.search(before):
            bad += 1
        else:
            good += 1
    for match in negative.finditer(plain):
        bad += not negation.search(plain[max(0, match.start() - 12) : match.start()])
    return Mood(good + bool(_HAPPY.search(plain)), bad + 2 * bool(_ANGRY.search(plain)))


def asks(plain: str) -> bool:
    return "?" in plain or bool(_ASKS.search(plain))


def tone_of(plain: str) -> str:
    """G-41: `humorous`, `formal` or `matter_of_fact`, of the sender."""
    if _LAUGH.search(plain) and not _ANGRY.search(plain):
        return "humorous"
    if len(_FORMAL.findall(plain)) >= (1 if len(plain) > 60 else 2) and not _HAPPY.search(plain):
        return "formal"
    return "matter_of_fact"


def length_of(text: str) -> str:
    count = len(text)
    return "short" if count < 60 else "normal" if count < 400 else "long"


def topic_of(plain: str, topics: Sequence[tuple[str, re.Pattern[str]]]) -> str | None:
    """The topic whose words weigh most by their letters; earlier topics win a tie."""
    best, weight = None, 0
    for code, words in topics:
        mine = sum(len(match) for match in set(words.findall(plain)))
        if mine > weight:
            best, weight = code, mine
    return best


def whose(plain: str, start: int, people: Sequence[Person]) -> str:
    """`own`, `other` or `unknown`: whose value stands at `start`, by the nearest word before it in its sentence."""
    sentence = max(plain.rfind(mark, 0, start) for mark in ".!?\n") + 1
    before = plain[sentence:start]
    own = max((match.start() for match in _WE.finditer(before)), default=-1)
    other = max((match.start() for match in _OTHERS.finditer(before) if match[0] not in _WEAK), default=-1)
    named = max((one.start - sentence for one in people if one.end <= start and one.start >= sentence), default=-1)
    if max(other, named) > own:
        return "other"
    return "own" if own >= 0 else "unknown"


_WEAK = {"til", "på", "for", "om", "hos", "deres"}


def signals_of(plain: str, people: Sequence[Person], mood: Mood, context: bool) -> set[str]:
    """The names that rules may ask for."""
    found: set[str] = set()
    for name, holds in _checks(plain, people, mood).items():
        if holds:
            found.add(name)
    if context:
        found.add("context")
    return found


def _checks(plain: str, people: Sequence[Person], mood: Mood) -> Mapping[str, bool]:
    return {
        "named": any(one.kind == "name" for one in people),
        "person": bool(people),
        "private": any(not one.elected for one in people),
        "elected": any(one.elected for one in people),
        "question": asks(plain),
        "positive": mood.sentiment > 0,
        "negative": mood.sentiment < 0,
        "laugh": bool(_LAUGH.search(plain)),
        "grief": bool(_GRIEF.search(plain)),
        "link": bool(_URL.search(plain)),
        "own": bool(_OWN.search(plain)),
        "child": bool(_CHILD.search(plain)),
        "quote": bool(_QUOTED.search(plain)),
        "short": len(plain) < 40,
    }
