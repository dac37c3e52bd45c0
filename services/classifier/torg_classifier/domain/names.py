"""Natural persons in a text: named with first and last name, or told by a role that fits one person."""

import re
from collections.abc import Collection, Sequence
from dataclasses import dataclass

_WORD = r"[A-ZÆØÅÄÖÁČĐŊŠŦŽŁŚĆ][\w'’-]{1,24}"
_RUN = re.compile(rf"(?<![\w.])@?({_WORD}(?: (?:[A-ZÆØÅ]\.|van|von|de|der|bin|al|el|{_WORD})){{1,4}})")
_LOWER_RUN = re.compile(r"(?<![\w@])([^\W\d_]{2,20}) ([^\W\d_]{2,24})(?!\w)")
_SURNAME_END = re.compile(
    r"(?:sen|sson|son|heim|vik|dal|dahl|berg|stad|land|nes|rud|haug|lid|strand|moen|bakken|lien|eide|leiv|brekke|vang"
    r"|dane|hei|gård|aas|ås|sli|heia|voll|tveit|set|seth|bø|mo|myr|øen|sund|fjell|helle|ski|ska|vič|ova|enko)$",
    re.IGNORECASE,
)
# «@navn» names a handle; «rektor på Langenes skole» and «kontaktlæreren til 4B» fit one person
_HANDLE = re.compile(r"(?<![\w.@])@[\w.]{2,40}")
_ROLE = re.compile(
    r"\b(?:rektor(?:en)?|inspektør(?:en)?|kontaktlærer(?:en)?|kontaktlærar(?:en)?|lærer(?:en)?|lærar(?:en)?"
    r"|(?:barnehage)?styrer(?:en)?|styrar(?:en)?|helsesykepleier(?:en)?|helsesjukepleiar(?:en)?|fastlege[nr]?"
    r"|kommunelege[n]?|legen|vaktmester(?:en)?|vaktmeister(?:en)?|saksbehandler(?:en)?|saksbehandlar(?:en)?"
    r"|enhetsleder(?:en)?|einingsleiar(?:en)?|sfo-?leder(?:en)?|trener(?:en)?|trenar(?:en)?|sjåfør(?:en)?"
    r"|bademester(?:en)?"
    r"|barnevernsleder(?:en)?|sjefen|lederen|leiaren|presten|klokker(?:en)?|rådmann(?:en)?|kommunedirektør(?:en)?|byggesaksleder(?:en)?"
    r"|ordfører(?:en)?|ordførar(?:en)?|varaordfører(?:en)?|varaordførar(?:en)?|dama|mannen|fyren|kjerringa|kjerringen"
    r"|typen|jenta|gutten|guten|kassadama|naboen|familien|paret|ekteparet|ungane|barna|barnet|sønnen"
    r"|dattera|mora|faren)"
    r" (?:min )?(?:på|ved|til|i|hos|for|oppi|nedi|fra|frå) (?:nr\.? ?|nummer |en |ei |et |eit |den "
    r"|det )?[\wÆØÅæøå.-]{1,30}"
    r"|\b(?:han|ho|hun|dama|fyren|typen|kjerringa) (?:der )?(?:i|på|ved) [\wæøå]{3,25}"
    r"|\b(?:han|ho|hun|dama|fyren|typen|kjerringa|mannen|kvinna|kvinnen) som [\wæøå]{2,20} [\wæøå]{2,25}"
    r"|\b(?:han|ho|hun|dama|ho der|hun der|fyren) (?:lærer|lærar|rektor|sjåfør|leder|leiar|styrer"
    r"|saksbehandler|lege|vakt)\w*"
    r"|\b(?:han|hun|ho|dama|fyren|mannen|kjerringa|de|dei) (?:som|der|i|på) (?:bor|bur|jobber|jobbar"
    r"|arbeider|sitter|sit|har|i|på|nede|oppe|klag|eier|eig|driv)\w*",
    re.IGNORECASE,
)
# «ho Liv på servicetorget», «Emma i 2B»: a first name is enough where few can be meant
_FIRST_WITH_PLACE = re.compile(
    r"\b(?:[Hh]an|[Hh]un|[Hh]o|[Ll]ille|[Vv]esle|[Dd]enne|[Gg]amle)(?: der)? (?P<told>[A-ZÆØÅ][a-zæøå]{1,15})\b"
    r"|(?<!\w)(?P<placed>[A-ZÆØÅ][a-zæøå]{1,15}) (?:i \d{1,2}[A-F]?\b"
    r"|på (?:servicetorget|byggesak|teknisk|plan|skolen|skulen|nav|sfo)"
    r"|(?:på|ved|frå|fra|i) [A-ZÆØÅ][a-zæøå]{2,20}(?: skole| skule| barnehage| sykehjem| sjukeheim))"
)
_POLITICIAN = re.compile(
    r"\b(?:vara)?ordfør\w*|\bpolitik\w*|\bgruppele\w*|\bkommunestyre\w*|\bformannskap\w*|\b\w{2,20}partiet\b"
)


@dataclass(frozen=True, slots=True)
class Person:
    """A span of the folded text. `kind`: `name`, `handle` or `role`; `elected`: told to be a politician."""

    kind: str
    start: int
    end: int
    elected: bool


def people(
    text: str, first_names: Collection[str], surnames: Collection[str], no_names: Collection[str]
) -> Sequence[Person]:
    """The persons in `text` (with its capital letters), by place. `no_names`: places and words that look like names."""
    found = [*_named(text, first_names, surnames, no_names)]
    taken = [(one.start, one.end) for one in found]
    for match in _FIRST_WITH_PLACE.finditer(text):
        name = match["told"] or match["placed"]
        if name.lower() in first_names and not any(start < match.end() and match.start() < end for start, end in taken):
            found.append(Person("role", match.start(), match.end(), _is_elected(text, match.start(), match.end())))
            taken.append((match.start(), match.end()))
    for kind, pattern in (("handle", _HANDLE), ("role", _ROLE)):
        for match in pattern.finditer(text):
            if not any(start < match.end() and match.start() < end for start, end in taken):
                found.append(Person(kind, match.start(), match.end(), _is_elected(text, match.start(), match.end())))
    return sorted(found, key=lambda one: one.start)


def _named(
    text: str, first_names: Collection[str], surnames: Collection[str], no_names: Collection[str]
) -> list[Person]:
    found = []
    for match in _RUN.finditer(text):
        words = match[1].split(" ")
        places = [match.start(1) + sum(len(word) + 1 for word in words[:at]) for at in range(len(words))]
        for at in range(len(words) - 1):
            first, last = words[at], words[-1]
            rest = words[at + 1 :]
            if first.lower() not in first_names and first.split("-")[0].lower() not in first_names:
                if not _looks_named(words[at : at + 2], text, places[at], no_names):
                    continue
                rest = rest[:1]
                last = rest[0]
            rest = _until_no_name(rest, no_names)
            if not rest or len(last) < 2:
                continue
            end = places[at] + len(first) + sum(len(word) + 1 for word in rest)
            found.append(Person("name", places[at], end, _is_elected(text, places[at], end)))
            break
    if not found:
        for match in _LOWER_RUN.finditer(text):
            if match[1].lower() in first_names and match[2].lower() in surnames:
                found.append(Person("name", match.start(), match.end(), _is_elected(text, match.start(), match.end())))
    return found


def _until_no_name(words: Sequence[str], no_names: Collection[str]) -> list[str]:
    kept: list[str] = []
    for word in words:
        if word.lower() in no_names:
            break
        kept.append(word)
    return kept


def _looks_named(words: Sequence[str], text: str, start: int, no_names: Collection[str]) -> bool:
    """Two capitalised words inside a sentence of which the second ends like a surname."""
    if len(words) < 2 or any(word.lower() in no_names for word in words) or text.isupper():
        return False
    begins = start == 0 or text[:start].rstrip().endswith((".", "!", "?", ":", "\n"))
    return not begins and len(words[1]) > 4 and bool(_SURNAME_END.search(words[1])) and words[0][1:].islower()


def _is_elected(text: str, start: int, end: int) -> bool:
    return bool(_POLITICIAN.search(text[max(0, start - 30) : end + 25].lower()))
