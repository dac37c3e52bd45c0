"""What decides beside the rules of the files, in plain words: detectors, the order of decision, decisions by rule."""

from collections.abc import Sequence
from dataclasses import dataclass

from .facets import ORDER, SECTION


@dataclass(frozen=True, slots=True)
class Builtin:
    """`section` and `sentence` point into the guideline, as a rule's do."""

    id: str
    section: str
    sentence: str
    nb: str
    nn: str


_ORDER_NB = {
    "remove": "Teksten må ikke bli stående: trussel, hat, sjikane, uthenging, andres personopplysninger eller svindel.",
    "refer_politics": "Henvendelsen gjelder et valg folkevalgte organer tar; den henvises til politisk nivå.",
    "redirect_formal": "Kommunen måtte ha avgjort noens rett eller plikt; avsender bes sende en formell henvendelse.",
    "open_case": "Noen utenfor førstelinjen må undersøke; det opprettes saksmappe.",
    "archive_only": "Gir kommunen noe som trengs senere, og ber ikke om noe.",
    "answer": "Et spørsmål som kan besvares fra publisert informasjon.",
    "answer_criticism": "Negativ omtale uten spørsmål; kommunen forsøker å svare.",
    "thank": "Positiv omtale uten spørsmål; kommunen takker.",
    "none_needed": "Nøytral kommentar; svar er ikke nødvendig.",
}
_ORDER_NN = {
    "remove": "Teksten må ikkje bli ståande: trugsmål, hat, sjikane, uthenging, opplysningar om andre eller svindel.",
    "refer_politics": "Henvendinga gjeld eit val folkevalde organ tek; ho blir vist til politisk nivå.",
    "redirect_formal": "Kommunen måtte ha avgjort ein rett eller ei plikt; avsendar blir beden om formell henvending.",
    "open_case": "Nokon utanfor førstelina må undersøkje; det blir oppretta saksmappe.",
    "archive_only": "Gir kommunen noko som trengst seinare, og ber ikkje om noko.",
    "answer": "Eit spørsmål som kan svarast på frå publisert informasjon.",
    "answer_criticism": "Negativ omtale utan spørsmål; kommunen prøver å svare.",
    "thank": "Positiv omtale utan spørsmål; kommunen takkar.",
    "none_needed": "Nøytral kommentar; svar er ikkje nødvendig.",
}

BUILTINS: Sequence[Builtin] = (
    Builtin(
        "DETECTOR-NATIONAL-ID",
        "4.2",
        "taushetsplikt",
        "Elleve siffer som er et gyldig fødselsnummer eller D-nummer. Vises aldri; forfatteren veiledes privat.",
        "Elleve siffer som er eit gyldig fødselsnummer eller D-nummer. Blir aldri vist; rettleiing skjer privat.",
    ),
    Builtin(
        "DETECTOR-ID-LIKE",
        "4.2",
        "taushetsplikt",
        "Elleve siffer som kalles fødselsnummer, men har feil kontrollsiffer. Behandles som personopplysning.",
        "Elleve siffer som blir kalla fødselsnummer, men har feil kontrollsiffer. Blir handsama som personopplysning.",
    ),
    Builtin(
        "DETECTOR-PHONE",
        "4.2",
        "taushetsplikt",
        "Et telefonnummer. Andres nummer skal ikke stå offentlig.",
        "Eit telefonnummer. Nummeret til andre skal ikkje stå offentleg.",
    ),
    Builtin(
        "DETECTOR-EMAIL",
        "4.2",
        "taushetsplikt",
        "En e-postadresse. Andres adresse skal ikke stå offentlig.",
        "Ei e-postadresse. Adressa til andre skal ikkje stå offentleg.",
    ),
    Builtin(
        "DETECTOR-ADDRESS",
        "4.2",
        "taushetsplikt",
        "En adresse der noen sies å bo.",
        "Ei adresse der det blir sagt at nokon bur.",
    ),
    *(
        Builtin(
            f"ORDER-{handling.upper().replace('_', '-')}",
            *SECTION[handling],
            _ORDER_NB[handling],
            _ORDER_NN[handling],
        )
        for handling in ORDER
    ),
    Builtin(
        "D-6",
        "3.2.2",
        "innhenting",
        "Når noen utenfor førstelinjen er spurt, er henvendelsen en sak.",
        "Når nokon utanfor førstelina er spurd, er henvendinga ei sak.",
    ),
    Builtin(
        "PASS",
        "4.1",
        "enklere",
        "Forslaget er sikkert nok til å bekreftes uten et menneske. Ingenting sendes av seg selv.",
        "Framlegget er sikkert nok til å bli stadfesta utan eit menneske. Ingenting blir sendt av seg sjølv.",
    ),
)
