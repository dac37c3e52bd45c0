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
    "lea leat ja mun don son mii dii sii giella sámi sámegiella gielda gullo buorre beaivi giitu gos goas manne maid dat"
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
_DIALECT = _words(
    "æ mæ dæ æg ej i e ka kor korsn kossen koffor kefor kem kemm ke kæm hu dokker dokkar døkk dåkke dykkan okker oss"
    " ikkje itj itte ikke inkje nåkka nåke någe noge någen nogen nokka nokke sjøl sjæl hainn hannj ho hu hell au åssen"
    " hårr hår væra værra varte blitt sku ska kje vettu tru ti te åbne åpent åbent møje mye mådde tenkte jysla jamen"
    " fårr førr enno haill heilt hæ sæ sånn mett kåffår kordan kordn koss kåss nårr dåkker hjøpe ude ud ud gade uge lige"
    " bilane dåre dar då gjørr jør ittj itj detta dette dissan demm di dessan hi hæ hann båden båd"
)
_DIALECT_SURE = _words(
    "æ mæ dæ sæ æg ka kor korsn kossen koffor kefor kem kemm dokker dokkar døkk dåkke dåkker okker itj ittj itte nåkka nåke någe"
    " noge någen nokka nokke sjæl hainn hannj åssen åbne åbent møje jysla kordan kordn koss kåss kåffår hjøpe ude gade"
    " uge varte værra vettu kje båd båden hårr fårr haill dissan jør gjørr ti te au enno"
)
_EN = _words(
    "the is are was were you your have has why when what where how can could would please thanks thank my our we they this"
    " that with from not it to of and for on at there i do does will a an been be school road"
)
_PL = _words(
    "jest nie się czy dla jak kiedy gdzie dlaczego proszę dziękuję mam mój moja gmina szkoła dzieci dzień dobry w na z do"
    " że są może można po od co to ja my pan pani tylko bardzo już przy"
)
_PL_LETTERS = re.compile("[ąćęłńśźżĄĆĘŁŃŚŹŻ]")
_SV = _words("och inte jag är för att det varför när hur vad som på kommunen från också mycket barn skola ni era")
_SV_SURE = _words("och inte jag är för varför när hur vad också mycket från ni era")
_DA_SURE = _words(
    "hvad hvorfor ikke jeg af nogle hvornår børn skole gade meget også eget hvilke selvfølgelig kommunens lige jer jeres uge"
)
_DA_ONLY = re.compile(
    r"(?<!\w)(?:af|hvad|hvornår|børn|børnene|skole[nr]?ne|meget|jeres|jer|nogle|også|bliver|gør|gøre|sige|kigge|tak|æ?rgerligt|uden|vejen|vej|gaden|igen|tage|noget|nogen|efter|lige nu)(?!\w)"
)


@dataclass(frozen=True, slots=True)
class Language:
    code: str
    dialect: bool


def language_of(text: str, identify: Identify | None) -> Language:
    """`text` with its capital letters; `identify` is asked when the marker words leave a doubt, None when absent."""
    letters = len(_LETTERS.findall(text[:2000]))
    if letters == 0:
        return Language("und", False)
    cyrillic = len(_CYRILLIC.findall(text))
    if cyrillic * 2 > letters:
        ukrainian = bool(_UKRAINIAN.search(text)) or not _RUSSIAN.search(text)
        return Language("uk" if ukrainian else "und", False)
    low = text[:8000].lower()
    if _SAMI_LETTERS.search(low) and len(_SAMI.findall(low)) >= 1 + (letters > 60):
        return Language("se", False)
    norwegian = max(len(_NB.findall(low)), len(_NN.findall(low))) + 2 * len(_DIALECT_SURE.findall(low))
    foreign = {
        "en": len(_EN.findall(low)),
        "pl": len(_PL.findall(low)) + 2 * bool(_PL_LETTERS.search(low)),
        "sv": 2 * len(_SV_SURE.findall(low)) if re.search("[äö]|och|inte", low) else 0,
    }
    best = max(foreign, key=lambda code: (foreign[code], code))
    if (
        foreign[best] > norwegian
        and foreign[best] >= 2
        and not re.search("[æøå]", low.replace("å", "" if best == "sv" else "å"))
    ):
        return Language(best, False)
    if identify is not None and letters >= 15 and norwegian < 2:
        code, sure = identify(text[:2000])
        if sure and code in {"en", "pl", "uk", "sv"} and not re.search("[æø]", low):
            return Language(code, False)
        if sure and code == "da" and len(_DA_ONLY.findall(low)) >= 2 and not _DIALECT_SURE.search(low):
            return Language("da", False)
        if code in {"no", "nn"}:
            norwegian += 1
    if len(_DA_ONLY.findall(low)) >= 3 and len(_DA_ONLY.findall(low)) > len(_NB.findall(low)) / 2:
        return Language("da", False)
    if letters < 15 and norwegian == 0:
        return Language("und", False)
    return _norwegian(low)


def _norwegian(low: str) -> Language:
    nn, nb = len(_NN_SURE.findall(low)), len(_NB.findall(low))
    dialect = len(_DIALECT_SURE.findall(low))
    is_dialect = dialect >= 1 + (len(low) > 250) and dialect * 2 >= min(nb, nn)
    if is_dialect and not (nn > nb and dialect <= 1):
        return Language("nb", True)
    return Language("nn" if nn > nb or (nn == nb and nn > 0 and len(_NN.findall(low)) > nb) else "nb", False)
