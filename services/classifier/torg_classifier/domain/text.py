"""Working copies of a text for rules, each with the way back: every span refers to the text as it was written."""

import re
from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from itertools import pairwise

from torg_shared.personal_data import fold


@dataclass(frozen=True, slots=True)
class Copy:
    """`text[i]` stood at `places[i]` of the original, which has `length` characters."""

    text: str
    places: Sequence[int]
    length: int

    def span(self, start: int, end: int) -> tuple[int, int]:
        """The place of `text[start:end]` in the original; an empty span stays empty."""
        if start >= len(self.text):
            return self.length, self.length
        first = self.places[start]
        if end <= start:
            return first, first
        return first, self.places[end] if end < len(self.text) else self.length


class Prepared:
    """One text, prepared: composed, without invisible characters, in small letters, spaces collapsed.

    `cased` is the same, place by place, with its capital letters. `loose` are further copies for rules alone:
    leetspeak and look-alikes of other alphabets read, spaced letters joined, repeats cut; none when they would equal
    `plain`.
    """

    def __init__(self, original: str) -> None:
        self.original = original
        folded, places = fold(original)
        self.folded = Copy(folded, places, len(original))
        self.plain, self.cased = _plain(self.folded)

    @cached_property
    def loose(self) -> Sequence[Copy]:
        text = self.plain.text
        if not _ODD.search(text):
            return ()
        copies = []
        read = _joined(_read(self.plain))
        for keep in (2, 1) if _REPEATED.search(read.text) else (2,):
            cut = _cut(read, keep)
            if cut.text != text:
                copies.append(cut)
        return copies


def _plain(copy: Copy) -> tuple[Copy, Copy]:
    """Small letters, one space for any white space but line breaks, typographic quotes and dashes made plain; and
    the same with capital letters, look-alikes of other alphabets read."""
    characters: list[str] = []
    cased: list[str] = []
    places: list[int] = []
    for character, place in zip(copy.text, copy.places, strict=True):
        small = character.lower()
        plain = _PLAIN.get(character, small if len(small) == 1 else character)
        if plain == " " and characters and characters[-1] == " ":
            continue
        if plain == "." and _ends_no_sentence(characters):
            plain = QUIET_DOT
        characters.append(plain)
        cased.append(character if plain == small else plain)
        places.append(place)
    text, with_capitals = "".join(characters), "".join(cased)
    if _is_disguised(text):
        with_capitals = with_capitals.translate(_ALIKE)
    return Copy(text, places, copy.length), Copy(with_capitals, places, copy.length)


def _is_disguised(text: str) -> bool:
    """Letters of another alphabet among mostly Latin ones."""
    others = len(_CYRILLIC_OR_GREEK.findall(text))
    return others > 0 and len(_LATIN.findall(text)) > others


def quiet(text: str) -> str:
    """`text` with its dots as `Prepared` writes them: for words of a list that hold one («17. mai»)."""
    characters: list[str] = []
    for character in text:
        characters.append(QUIET_DOT if character == "." and _ends_no_sentence(characters) else character)
    return "".join(characters)


def _ends_no_sentence(before: list[str]) -> bool:
    """«7. trinn», «nr. 14», «kl. 12»: the dot belongs to the word."""
    if not before:
        return False
    if before[-1].isdigit():  # a year ends a sentence, a day or a class does not
        return len(before) < 3 or not before[-3].isdigit()
    return "".join(before[-3:]).strip() in _SHORTENED and (len(before) < 3 or not before[-3].isalnum())


QUIET_DOT = "·"
_SHORTENED = {"nr", "kl", "ca", "st", "tlf", "dr", "gt"}
_PLAIN = {
    **dict.fromkeys(
        "\t\v\f\u00a0\u2000\u2001\u2002\u2003\u2004\u2005\u2006\u2007\u2008\u2009\u200a\u202f\u3000\x00", " "
    ),
    **dict.fromkeys("\u2018\u2019\u201a\u201b´`", "'"),
    **dict.fromkeys("«»“”„‟", '"'),
    **dict.fromkeys("‐‑‒–—―", "-"),
    "\r": "\n",
    "\u2028": "\n",
    "\u2029": "\n",
}
_LEET = str.maketrans("01345@$€!|", "oieasaseii")
_ALIKE = str.maketrans("аеорсхукмтвійԁѕԛѡαορνιτκεАВЕКМНОРСТХУ", "aeopcxykmtbijdsqwaopvitkeABEKMHOPCTXY")
_LEET_WORD = re.compile(
    r"(?<![\w@])(?=[\w@$€!|]{2,30}(?![\w@]))(?=\S{0,30}?[^\W\d_])(?=\S{0,30}?[0-9@$€!|])[^\W_]?[\w@$€!|]{1,29}"
)
_CYRILLIC_OR_GREEK = re.compile("[\u0370-\u052f]")
_LATIN = re.compile("[a-zæøå]")
_SPACED = re.compile(r"(?<!\w)[^\W\d_](?:[ .*_-][^\W\d_]){2,30}(?!\w)")
_REPEATED = re.compile(r"(\w)\1\1")
_ODD = re.compile(r"[0-9@$€|\u0370-\u052f]|\w!\w|(?<!\w)\w[ .*_-]\w[ .*_-]\w(?!\w)|(\w)\1\1")


def _read(copy: Copy) -> Copy:
    """Digits and signs inside words as the letters they stand for; letters that only look Latin as Latin ones."""
    text = _LEET_WORD.sub(lambda match: _as_letters(match[0]), copy.text)
    if _is_disguised(text):
        text = text.translate(_ALIKE)
    return Copy(text, copy.places, copy.length)


def _as_letters(word: str) -> str:
    letters = sum(one.isalpha() for one in word)
    turns = sum(one.isalpha() != two.isalpha() for one, two in pairwise(word))
    if turns >= 3 and letters >= 2:  # «1d10t»
        return word.translate(_LEET)
    # «4b», «10-12», «50m»: numbers with a letter are no disguise; «dr3p», «h0r3», «1di0t» are
    if letters * 2 < len(word) or not any(one.isalpha() for one in word[1:]) or (word[0].isdigit() and letters < 3):
        return word
    return word[:-1].translate(_LEET) + (word[-1] if word[-1] in "!|" else word[-1].translate(_LEET))


def _joined(copy: Copy) -> Copy:
    """«d r e p» and «d.r.e.p» as «drep»."""
    drop: set[int] = set()
    for match in _SPACED.finditer(copy.text):
        if len(match[0]) >= 5:
            drop.update(range(match.start() + 1, match.end(), 2))
    return _without(copy, drop) if drop else copy


def _cut(copy: Copy, keep: int) -> Copy:
    """Three and more of the same letter cut to `keep`."""
    drop: set[int] = set()
    for match in re.finditer(r"(\w)\1{2,}", copy.text):
        drop.update(range(match.start() + keep, match.end()))
    return _without(copy, drop) if drop else copy


def _without(copy: Copy, drop: set[int]) -> Copy:
    kept = [index for index in range(len(copy.text)) if index not in drop]
    return Copy("".join(copy.text[index] for index in kept), [copy.places[index] for index in kept], copy.length)
