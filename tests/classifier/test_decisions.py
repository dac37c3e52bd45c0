"""From a text to a decision: offsets, disguises, whose data it is, implications, the same answer in any company."""

import json
import re
import unicodedata
from dataclasses import asdict
from itertools import product

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from torg_classifier.domain.decide import classify, classify_many, may_pass
from torg_classifier.domain.decision import Config, Item, Opinion, Thresholds
from torg_classifier.domain.facets import (
    CLASSES,
    DUTIES,
    FLAGS,
    IMPLY_REMOVE,
    LEGAL,
    ORDER,
    Record,
    imply,
    needs_human,
    prefilled,
    record_class,
    reply_duty,
    truth_table,
)
from torg_classifier.domain.reading import alert_of
from torg_classifier.domain.text import Prepared

THREAT = "Jeg skal komme ned på rådhuset og knuse trynet på saksbehandleren"
INSULT = "Kari Hansen i resepsjonen er en idiot"


def test_the_truth_table_is_the_advice_of_the_archives() -> None:
    """L-01."""
    table = {answers: truth_table(Record(*answers)) for answers in product((False, True), repeat=3)}
    assert {answers for answers, found in table.items() if found == "journal"} == {(True, True, True)}
    assert {answers for answers, found in table.items() if found == "archive"} == {
        (True, True, False),
        (True, False, True),
    }


def test_facets_are_total_and_flags_only_raise_them() -> None:
    for handling, flag in product(ORDER, FLAGS):
        implied, flags = imply(handling, {flag})
        plain = reply_duty(implied, (), frozenset(), own_data=False)
        assert DUTIES.index(reply_duty(implied, (), flags, own_data=False)) >= DUTIES.index(plain) or flag == "spam"
        assert CLASSES.index(record_class(implied, (), flags)) >= CLASSES.index(record_class(implied, (), ()))
        assert truth_table(prefilled(implied, flags)) in CLASSES


def test_what_flags_imply() -> None:
    for handling, flag in product(ORDER, FLAGS):
        implied, flags = imply(handling, {flag})
        assert (implied == "remove") == (flag in IMPLY_REMOVE or handling == "remove")
        if flag == "legal_request:child_concern":
            assert needs_human(implied, flags)
        if flag in LEGAL:
            assert record_class(implied, (), flags) == "journal"
            assert reply_duty(implied, (), flags, own_data=False) == "must"


@pytest.mark.parametrize(
    "disguise",
    [
        str.upper,
        lambda text: unicodedata.normalize("NFD", text),
        "\u200b".join,
        lambda text: text.replace("a", "а").replace("e", "е"),  # Cyrillic
        lambda text: text.replace(" ", "  \u00a0"),
        lambda text: text.replace("knuse", "knuuuuse").replace("idiot", "idiooot"),
        lambda text: text.replace("knuse", "k n u s e").replace("idiot", "i d i o t"),
        lambda text: text.replace("knuse", "knus3").replace("idiot", "1d10t"),
        lambda text: text + " !!! 😀😀",
        lambda text: "\u202e" + text,
    ],
    ids=["capitals", "nfd", "zero-width", "cyrillic", "spaces", "repeats", "spaced", "leet", "emoji", "right-to-left"],
)
@pytest.mark.parametrize(("text", "flag"), [(THREAT, "threat"), (INSULT, "harassment")])
def test_no_disguise_hides_what_must_go(config: Config, disguise: object, text: str, flag: str) -> None:
    found = classify(Item(disguise(text)), config)  # type: ignore[operator]
    assert (found.handling, flag in found.flags) == ("remove", True)


def test_spans_are_places_in_the_text_as_it_was_written(config: Config) -> None:
    for text in (
        "Hei!\u200b  Hvorfor er gatelyset  i Høllebakken av?",
        unicodedata.normalize("NFD", "Å, hvorfor er gatelyset i Høllebakken av?"),
        "😀 Fødselsnummeret mitt er 148592 10091, hvorfor er gatelyset av?",
    ):
        for reason in classify(Item(text), config).reasons:
            if reason.rule_id == "CASE-FAULT-01":
                assert reason.start is not None
                assert text[reason.start : reason.end].lower().startswith("gatelys")
            if reason.rule_id == "DETECTOR-NATIONAL-ID":
                assert text[reason.start : reason.end] == "148592 10091"


NAMES = ["Kari Hansen", "Krzysztof Nowak", "Ayaan Mohamed", "Ahmed Al-Rashid", "Máret Somby", "Oksana Kovalenko"]


@pytest.mark.parametrize(
    ("text", "handling"),
    [
        ("{} i resepsjonen er en løgner og burde skamme seg", "remove"),
        ("Tenk på {}, ho fekk kreftdiagnosen i går", "remove"),
        ("{} på servicetorget lovet svar forrige uke. Jeg har ikke hørt noe.", "answer_criticism"),
        ("Takk for hjelpa {}, du er gull verdt", "thank"),
    ],
)
def test_whoever_is_named_the_proposal_is_the_same(config: Config, text: str, handling: str) -> None:
    for name in NAMES:
        found = classify(Item(text.format(name)), config)
        assert (found.handling, "named_person" in found.flags) == (handling, True), name


@given(text=st.text(max_size=200))
@settings(max_examples=60)
def test_every_copy_leads_back_into_the_original(text: str) -> None:
    prepared = Prepared(text)
    for copy in (prepared.folded, prepared.plain, *prepared.loose):
        assert len(copy.places) == len(copy.text)
        assert list(copy.places) == sorted(copy.places)
        start, end = copy.span(0, len(copy.text))
        assert 0 <= start <= end <= len(text)


@given(text=st.text(max_size=300))
@settings(max_examples=100)
def test_any_text_gets_a_decision_that_holds_the_implications(config: Config, text: str) -> None:
    found = classify(Item(text), config)
    flags = set(found.flags)
    assert flags.isdisjoint(IMPLY_REMOVE) or found.handling == "remove"
    assert found.needs_human == needs_human(found.handling, flags)
    assert not found.needs_human or found.needs_triage
    assert bool(found.secondary) <= ("mixed_intent" in flags)
    assert ("urgent" in flags) == (found.urgent not in {None, "child"})
    assert 0 < found.confidence <= 1
    assert sum(p for _, p in found.alternatives) <= 1.0001
    assert all(one.start is None or 0 <= one.start <= (one.end or 0) <= len(text) for one in found.reasons)


TEXTS = [THREAT, INSULT, "Fint bilde!", "Når åpner biblioteket?", "Elendig kommune. Igjen.", "", "Eg orkar ikkje meir."]


def test_a_decision_does_not_depend_on_its_company(config: Config) -> None:
    alone = [json.dumps(asdict(classify(Item(text), config)), sort_keys=True) for text in TEXTS]
    for size in (2, 3, 7):
        batch = (TEXTS * 3)[: size * 2]
        together = [json.dumps(asdict(one), sort_keys=True) for one in classify_many([Item(t) for t in batch], config)]
        assert together == (alone * 3)[: size * 2]


@pytest.mark.parametrize(
    ("text", "handling", "flags"),
    [
        ("Fødselsnummeret mitt er 14859210091, kan dere sjekke søknaden?", "open_case", {"national_id"}),
        ("Send regningen til Halvard Kvernes, nummeret hans er 54859210085.", "remove", {"national_id", "exposure"}),
        ("Ring meg på 91234567, når er det åpent?", "answer", {"personal_data"}),
        ("Telefonnummeret til naboen er 91234567, ring han på natta", "remove", {"personal_data", "exposure"}),
        ("Det er hull i veien ved Fuglevegen 9", "open_case", set()),
        ("Vi bor i Fuglevegen 9 og dunken er ikke tømt", "open_case", {"personal_data"}),
        ("Ho som klagar på støyen bur i Fuglevegen 9, ring på der de.", "remove", {"exposure", "personal_data"}),
    ],
)
def test_own_data_is_masked_and_that_of_others_must_go(
    config: Config, text: str, handling: str, flags: set[str]
) -> None:
    found = classify(Item(text), config)
    assert found.handling == handling
    assert flags <= set(found.flags)
    assert flags or "personal_data" not in found.flags


def test_no_word_of_the_text_is_in_a_decision(config: Config) -> None:
    for text in (THREAT, INSULT, "Fødselsnummeret mitt er 14859210091, ring 91234567"):
        told = json.dumps(asdict(classify(Item(text), config)), ensure_ascii=False)
        assert not re.search(r"14859210091|91234567|Hansen|resepsjonen|rådhuset|trynet", told)


@pytest.mark.parametrize(
    ("text", "lang", "dialect"),
    [
        ("Hvorfor er gatelyset i Høllebakken av?", "nb", False),
        ("Kva tid opnar hallen? Eg veit ikkje.", "nn", False),
        ("Ka ti åbne biblioteket? Æ har itj tid", "nb", True),
        ("When does the library open, please?", "en", False),
        ("Kiedy jest otwarta biblioteka?", "pl", False),
        ("Коли відкриється бібліотека?", "uk", False),
        ("Goas lea girjerádju rabas? Mun lean Sámis", "se", False),
        ("😀😀", "und", False),
        ("", "und", False),
    ],
)
def test_languages(config: Config, text: str, lang: str, dialect: bool) -> None:
    found = classify(Item(text), config)
    assert (found.lang, "dialect" in found.flags) == (lang, dialect)


def test_sami_always_goes_to_a_person(config: Config) -> None:
    found = classify(Item("Goas lea girjerádju rabas? Mun lean Sámis"), config)
    assert "unknown_language" in found.triage_reasons


@pytest.mark.parametrize(
    ("text", "tone", "length"),
    [
        ("Kan noen skru på sommeren, please? 😂", "humorous", "short"),
        ("På vegne av Kleplia velforening tillater vi oss å spørre om tidspunkt for brøyting.", "formal", "normal"),
        ("Kva tid opnar hallen?", "matter_of_fact", "short"),
    ],
)
def test_tone_and_length(config: Config, text: str, tone: str, length: str) -> None:
    """G-41."""
    found = classify(Item(text), config)
    assert (found.tone, found.length) == (tone, length)


def test_an_attachment_without_text_goes_to_a_person(config: Config) -> None:
    found = classify(Item(None, attachments=1), config)
    assert found.triage_reasons[-1] == "attachment_without_text" or "attachment_without_text" in found.triage_reasons


def test_the_urgent_screening_sees_what_the_decision_sees(config: Config) -> None:
    for rule in config.rules.rules:
        for text in (*rule.positive, *rule.negative):
            alert = alert_of(Item(text), config)
            assert (alert[0] if alert else None) == classify(Item(text), config).urgent


class _Model:
    """Thinks the same of everything: to see that rules stand above a model."""

    version = "0.0.0+test"

    def __init__(self, best: str) -> None:
        self.best = best

    def opinions(self, items: list[Item]) -> list[Opinion]:
        left = 0.1 / (len(ORDER) - 1)
        handling = {one: 0.9 if one == self.best else left for one in ORDER}
        return [Opinion(handling, remove=0.5, urgent=0.5) for _ in items]


def test_a_model_decides_where_rules_are_silent_and_never_takes_caution_away(config: Config) -> None:
    model = _Model("thank")
    found = classify(Item("Ja, da er det høst igjen."), config, model)  # type: ignore[arg-type]
    assert (found.handling, found.confidence, found.model_version) == ("thank", 0.9, "0.0.0+test")
    assert {"remove_suspected", "urgent_suspected"} <= set(found.triage_reasons)
    threat = classify(Item(THREAT), config, model)  # type: ignore[arg-type]
    assert (threat.handling, "rule_and_model_disagree" in threat.triage_reasons) == ("remove", True)


def test_nothing_passes_without_a_person_unless_it_is_switched_on(config: Config) -> None:
    thanks = classify(Item("Tusen takk for flott brøyting, strålende jobb!"), config)
    assert not may_pass(thanks, config)
    on = Config(config.rules, config.lexicon, "1", None, Thresholds(passes={"thank": 0.6, "remove": 0.1}))
    assert may_pass(thanks, on)
    assert not may_pass(classify(Item(THREAT), on), on)
