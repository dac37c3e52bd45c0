"""Every rule holds its own texts, no pattern can be made slow, and a wrong file is refused by name."""

import shutil
from pathlib import Path
from typing import Any

import pytest
import yaml
from torg_classifier.domain.decide import classify
from torg_classifier.domain.decision import Config, Item
from torg_classifier.domain.facets import FLAGS
from torg_classifier.domain.patterns import UnsafePattern, expand, literals, safe
from torg_classifier.domain.reading import rules_that_fail
from torg_classifier.domain.rules import Rule
from torg_classifier.rules import RuleError, load
from torg_classifier.rules import loader as rule_files
from torg_classifier.rules.loader import Guideline
from torg_shared.municipality import ConfigError

from .conftest import CONFIG_DIR


def test_every_rule_fits_its_own_texts_and_no_others(config: Config) -> None:
    assert rules_that_fail(config) == []


def test_every_rule_explains_itself_in_both_written_forms_and_cites_the_guideline(loaded: Any) -> None:
    config, guideline = loaded
    for rule in config.rules.rules:
        assert set(rule.explain) >= {"nb", "nn"}, rule.id
        quoted = [one for one in guideline.sections if (one.section, one.code) == (rule.section, rule.sentence)]
        assert len(quoted) == 1, rule.id
        assert rule.effect.flags <= set(FLAGS)
        assert len(rule.positive) >= 2
        assert len(rule.negative) >= 2


def test_nothing_speaks_against_removal_or_danger(config: Config) -> None:
    for rule in config.rules.rules:
        assert rule.effect.handling != "remove" or rule.effect.strength > 0, rule.id


@pytest.mark.parametrize(
    "written",
    [
        r"(a+)+b",
        r"(?:a|aa){0,40}b",
        r"\w*skole",
        r"a.*b",
        r"a{0,200}",
        r"(?:a{0,9}){0,9}b",
        r"a…b…c…d",
        r"(x)\1",
        r"(?:a|b)?",
        r"(",
        r"{ukjent}",
    ],
)
def test_a_pattern_that_a_text_could_make_slow_is_refused(written: str) -> None:
    with pytest.raises(UnsafePattern):
        safe(expand(written, {}))


@pytest.mark.parametrize("written", [r"\bdrep~…\bdeg\b", r"(?:ein|en) (?:hund|katt)~", r"\d{1,4} (?:kr|kroner)"])
def test_patterns_for_people_are_accepted(written: str) -> None:
    assert safe(expand(written, {})).pattern


@pytest.mark.parametrize(
    ("written", "grams"),
    [
        (r"\b(?:drep|drap)~", {"dre", "dra"}),
        (r"\bikke (?:tømt|hentet)", {"ikk"}),
        (r"(?:å )?x~", None),
        (r"\b(?:kum|[dg]ata)\b", {"kum", "dat", "gat"}),
    ],
)
def test_what_a_match_must_hold_is_read_from_the_pattern(written: str, grams: set[str] | None) -> None:
    found = literals(expand(written, {}))
    assert found == grams


def _hostile(rule: Rule) -> list[str]:
    """Long texts of the rule's own making: what it looks for, again and again, never to its end."""
    words = [word for text in (*rule.positive, *rule.negative) for word in text.lower().split()]
    return [
        " ".join((words * 400)[:1600])[:10_000],
        "".join((words * 400)[:2000])[:10_000],
        *((word + " ") * 2_000 for word in words[:4]),
    ]


def test_hostile_texts_come_to_an_end_for_every_rule(config: Config) -> None:
    for rule in config.rules.rules:
        for text in _hostile(rule):
            for pattern in (*rule.patterns, *([rule.unless] if rule.unless else [])):
                pattern.search(text[:10_000])


@pytest.mark.parametrize(
    "text",
    [
        "a" * 63_206,
        "ikke " * 12_000,
        "😀" * 30_000,
        "1" * 63_206,
        "@" * 63_206,
        "jeg skal ta " * 5_000,
        "e\u0301" * 30_000,
    ],
    ids=["letters", "words", "emoji", "digits", "signs", "threats", "marks"],
)
def test_the_longest_comment_is_decided(config: Config, text: str) -> None:
    assert classify(Item(text), config).handling


@pytest.fixture
def copied(tmp_path: Path) -> Path:
    """The rule files, to be spoiled."""
    for path in rule_files.HERE.glob("*.yaml"):
        shutil.copy(path, tmp_path)
    return tmp_path


def a_rule(**facts: Any) -> dict[str, Any]:
    return {
        "id": "TEST-RULE-01",
        "section": "4.1",
        "sentence": "form",
        "explain": {"nb": "Prøve.", "nn": "Prøve."},
        "patterns": [r"\bprøvesten\b"],
        "effect": {"propose": "thank"},
        "positive": ["prøvesten", "en prøvesten"],
        "negative": ["prøve", "sten"],
    } | facts


@pytest.mark.parametrize(
    ("facts", "told"),
    [
        ({"section": "9.9"}, "9.9 finnes ikke"),
        ({"patterns": [r"(a+)+"]}, "kan ikke brukes"),
        ({"patterns": ["{ingen_liste}"]}, "kan ikke brukes"),
        ({"effect": {"flags": ["made_up"]}}, "made_up finnes ikke"),
        ({"effect": {"lower": "remove"}}, "tale mot"),
        ({"effect": {"raise": "thank"}}, "raise"),
        ({"effect": {"propose": "thank", "ground": "UPASSENDE"}}, "UPASSENDE finnes ikke"),
        ({"positive": ["bare en"]}, "positive"),
        ({"id": "REMOVE-THREAT-01"}, "to ganger"),
        ({"id": "small"}, "id"),
        ({"something": 1}, "something"),
        ({"explain": {"nb": "Bare bokmål."}}, "nn"),
    ],
)
def test_a_wrong_rule_is_refused_with_its_file(copied: Path, facts: dict[str, Any], told: str) -> None:
    (copied / "zz.yaml").write_text(yaml.safe_dump({"rules": [a_rule(**facts)]}, allow_unicode=True))
    with pytest.raises(RuleError) as refused:
        load(CONFIG_DIR, rules_dir=copied)
    assert told in str(refused.value)
    assert "zz.yaml" in str(refused.value) or "to ganger" in told


def test_a_file_that_is_no_yaml_is_refused_with_its_name(copied: Path) -> None:
    (copied / "zz.yaml").write_text("rules: [")
    with pytest.raises(RuleError, match=r"zz\.yaml"):
        load(CONFIG_DIR, rules_dir=copied)


def test_a_municipality_without_guideline_is_refused(tmp_path: Path) -> None:
    with pytest.raises(ConfigError, match=r"guideline\.yaml"):
        load(tmp_path)


def test_the_version_is_the_content(copied: Path, config: Config) -> None:
    assert load(CONFIG_DIR, rules_dir=copied)[0].rules.version == config.rules.version
    (copied / "zz.yaml").write_text(yaml.safe_dump({"rules": [a_rule()]}, allow_unicode=True))
    changed, _ = load(CONFIG_DIR, rules_dir=copied)
    assert changed.rules.version != config.rules.version
    assert classify(Item("En prøvesten"), changed).handling == "thank"


def test_an_added_rule_never_lowers_caution(copied: Path, config: Config) -> None:
    """Hard rules may add caution, never lower it (2.6 c)."""
    texts = [text for rule in config.rules.rules if rule.effect.handling == "remove" for text in rule.positive]
    for handling in ("thank", "none_needed", "answer", "open_case"):
        rule = a_rule(patterns=[r"\b\w{1,20}\b"], effect={"propose": handling, "strength": 3})
        (copied / "zz.yaml").write_text(yaml.safe_dump({"rules": [rule]}, allow_unicode=True))
        added, _ = load(CONFIG_DIR, rules_dir=copied)
        for text in texts:
            before, after = classify(Item(text), config), classify(Item(text), added)
            assert (after.handling == "remove") or before.handling != "remove", text
            assert set(before.flags) - {"mixed_intent"} <= set(after.flags), text


def test_guideline_quotes_are_found_by_section_and_code(loaded: tuple[Config, Guideline]) -> None:
    guideline = loaded[1]
    assert guideline.quote("4.1", "faktafeil") == "Svar alltid ved faktafeil"
    assert guideline.quote("4.1", "no such") == guideline.quote("4.1", "delta")
    assert guideline.quote("9.9", "faktafeil") is None
