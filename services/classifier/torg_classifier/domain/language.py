"""The language of a text: nb nn en pl uk se da sv und, and whether it is written dialect (classifier.md 7.2)."""

import re
from collections.abc import Callable
from dataclasses import dataclass

# a code among no, nn, en, pl, uk, da, sv, and whether the text told anything at all
Identify = Callable[[str], tuple[str, bool]]

_CYRILLIC = re.compile("[\u0400-\u04ff]")
_UKRAINIAN, _RUSSIAN = re.compile("[іїєґІЇЄҐ]"), re.compile("[ыэъёЫЭЪЁ]")
_LETTERS = re.compile(r"[^\W\d_]")
_SAMI_LETTERS = re.compile("[áđŋšžčŧÁĐŊŠŽČŦ]")


def _words(*listed: str) -> re.Pattern[str]:
    return re.compile(r"(?<![\w'])(?:" + "|".join(" ".join(listed).split()) + r")(?![\w'])")


_SAMI = _words(
    "lea leat ja mun don son mii dii sii giella sámi sámegiella gielda gullo buorre beaivi giitu gos "
    "goas manne maid dat"
    " leago ii eai galgá boahtit mánát skuvla ruovttus odne ihttin bures ollu mu du su iežan sáhtán sáhttá dáppe"
)
_NN = _words(
    "ikkje eg kva korleis kvifor kven kvar dykk dykkar frå vart berre nokon noko nokre ein eit ei vera vere gjer gjere"
    " meir mykje heile heim heime no kjem skuleskyss skule skulen kommunestyret me hjå sjølv saman også tilsette"
    " ynskjer ynskje vil de dei veit held fekk fekk vore blei heiter byrja fleire kvart kvarandre opp ut åt sidan"
    " born borna ungane vegen vegar gatene gonger gong gongen lyt skal"
)
_NN_SURE = _words(
    "ikkje eg kva korleis kvifor kven dykk dykkar frå vart berre nokon noko nokre mykje meir ein eit hjå sjølv kjem"
    " ynskjer ynskje gjer dei veit sidan fleire gonger gong no me vore vere heile ungane vegen skulen skule kvar"
)
_NB = _words(
    "ikke jeg hva hvordan hvorfor hvem hvor dere deres fra ble bare noen noe en et være gjør gjøre mer mye hele hjem"
    " hjemme nå kommer skole skolen vi hos selv også ansatte ønsker vet fikk vært flere hver hverandre siden barna"
    " veien veier gang ganger når hvilke hvilken hvilket deg meg seg takk har er"
)
_DIALECT_SURE = _words(
    "æ mæ dæ sæ æg ka korsn kossen koffor kefor kem kemm dokker dokkar døkk dåkke dåkker okker itj "
    "ittj itte nåkka nåke någe"
    " noge någen nokka nokke sjæl hainn hannj åssen åbne åbent møje jysla kordan kordn koss kåss kåffår hjøpe ude gade"
    " uge værra vettu kje båd båden hårr fårr haill dissan jør gjørr ti te au "
)
_EN = _words(
    "the is are was were you your have has why when what where how can could would please thanks thank "
    "my our we they this"
    " that with from not it to of and for on at there i do does will a an been be school road"
)
_PL = _words(
    "jest nie się czy dla jak kiedy gdzie dlaczego proszę dziękuję mam mój moja gmina szkoła dzieci "
    "dzień dobry w na z do"
    " że są może można po od co to ja my pan pani tylko bardzo już przy"
)
_PL_LETTERS = re.compile("[ąćęłńśźżĄĆĘŁŃŚŹŻ]")
_SV_SURE = _words("och inte jag är för varför när hur vad också mycket från ni era")
_DA_ONLY = re.compile(
    r"(?<!\w)(?:af|hvad|hvornår|børn|børnene|skole[nr]?ne|meget|jeres|jer|nogle|også|bliver|gør|gøre|sige"
    r"|kigge|tak|æ?rgerligt|uden|vejen|vej|gaden|igen|tage|noget|nogen|efter|lige nu)(?!\w)"
)


_SWEDISH = re.compile("[äö]|och|inte")
_FEW = 15  # letters below which no identifier is asked


@dataclass(frozen=True, slots=True)
class Language:
    code: str
    dialect: bool


def language_of(text: str, identify: Identify | None) -> Language:
    """`text` with its capital letters; `identify` is asked when the marker words leave a doubt, None when absent."""
    letters = len(_LETTERS.findall(text[:2000]))
    low = text[:8000].lower()
    if letters == 0:
        return Language("und", False)
    other = _other_letters(text, low, letters) or _foreign(text, low, letters, identify)
    if other is not None:
        return Language(other, False)
    if letters < _FEW and _norwegian_words(low) == 0:
        return Language("und", False)
    return _norwegian(low)


def _other_letters(text: str, low: str, letters: int) -> str | None:
    """By its alphabet: Cyrillic, or Sami letters beside Sami words."""
    if len(_CYRILLIC.findall(text)) * 2 > letters:
        return "uk" if _UKRAINIAN.search(text) or not _RUSSIAN.search(text) else "und"
    if _SAMI_LETTERS.search(low) and len(_SAMI.findall(low)) >= 1 + (letters > 60):
        return "se"
    return None


def _foreign(text: str, low: str, letters: int, identify: Identify | None) -> str | None:
    """en, pl, sv or da when its words outweigh the Norwegian ones; None for Norwegian."""
    norwegian = _norwegian_words(low)
    danish = len(_DA_ONLY.findall(low))
    words = {
        "en": len(_EN.findall(low)),
        "pl": len(_PL.findall(low)) + 2 * bool(_PL_LETTERS.search(low)),
        "sv": 2 * len(_SV_SURE.findall(low)) if _SWEDISH.search(low) else 0,
    }
    best = max(words, key=lambda code: (words[code], code))
    no_letters_of_ours = not re.search("[æø]" if best == "sv" else "[æøå]", low)
    if words[best] > norwegian and words[best] >= 2 and no_letters_of_ours:
        return best
    if identify is not None and letters >= _FEW and norwegian < 2:
        code, sure = identify(text[:2000])
        if sure and code in {"en", "pl", "uk", "sv"} and not re.search("[æø]", low):
            return code
        # written southern dialect often comes out as Danish: it needs Danish-only words to stand
        if sure and code == "da" and danish >= 2 and not _DIALECT_SURE.search(low):
            return "da"
    return "da" if danish >= 3 and danish * 2 > len(_NB.findall(low)) else None


def _norwegian_words(low: str) -> int:
    return max(len(_NB.findall(low)), len(_NN.findall(low))) + 2 * len(_DIALECT_SURE.findall(low))


def _norwegian(low: str) -> Language:
    nn, nb = len(_NN_SURE.findall(low)), len(_NB.findall(low))
    dialect = len(_DIALECT_SURE.findall(low))
    is_dialect = dialect >= 1 + (len(low) > 250) and dialect * 2 >= min(nb, nn)
    if is_dialect and not (nn > nb and dialect <= 1):
        return Language("nb", True)
    return Language("nn" if nn > nb or (nn == nb and nn > 0 and len(_NN.findall(low)) > nb) else "nb", False)
