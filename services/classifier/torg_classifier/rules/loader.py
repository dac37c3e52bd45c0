"""From files to a `Config`: the service's own rules and words, and the municipality's guideline and gazetteers."""

import hashlib
import re
from collections.abc import Iterable, Mapping, Sequence
from pathlib import Path
from typing import Annotated, Literal

import yaml
from pydantic import BaseModel, ConfigDict, Field, ValidationError
from torg_shared.municipality import read

from torg_classifier.domain.decision import Config, Lexicon, Thresholds
from torg_classifier.domain.facets import FLAGS, GROUNDS, Handling
from torg_classifier.domain.language import Identify
from torg_classifier.domain.patterns import UnsafePattern, expand, safe
from torg_classifier.domain.rules import Effect, Rule, RuleSet
from torg_classifier.domain.text import quiet

HERE = Path(__file__).parent


class RuleError(Exception):
    """A rule file is not what it must be; the text names file and rule, in Norwegian."""


class _Closed(BaseModel):
    model_config = ConfigDict(extra="forbid", frozen=True)


class Sentence(_Closed):
    section: str
    code: str
    sentence: str


class Guideline(_Closed):
    """`config/<municipality>/guideline.yaml`."""

    name: str
    version: str
    sections: tuple[Sentence, ...]

    def quote(self, section: str, code: str) -> str | None:
        """The sentence `code` of `section`, else the section's first; None for an unknown section."""
        mine = [one for one in self.sections if one.section == section]
        return next((one.sentence for one in mine if one.code == code), mine[0].sentence if mine else None)


class Topic(_Closed):
    code: str
    name: str
    unit: str
    words: tuple[str, ...]


class Gazetteers(_Closed):
    """`config/<municipality>/gazetteers.yaml`."""

    front_line: str
    politics: str
    topics: tuple[Topic, ...]
    places: tuple[str, ...]
    elected: tuple[str, ...]


class _Texts(_Closed):
    nb: str
    nn: str
    en: str | None = None


class _Effect(_Closed):
    raise_: Annotated[Literal["remove"] | None, Field(alias="raise")] = None
    propose: Handling | None = None
    lower: Handling | None = None
    strength: Literal[1, 2, 3] = 2
    flags: tuple[str, ...] = ()
    ground: str | None = None
    urgent: Literal["self_harm", "fire", "violence", "child_danger", "life", "hazard"] | None = None
    marks: tuple[str, ...] = ()


class _Rule(_Closed):
    id: str = Field(pattern=r"^[A-Z]+(?:-[A-Z]+)*-\d{2}$")
    section: str
    sentence: str = ""
    basis: str | None = None
    explain: _Texts
    lang: tuple[str, ...] = ()
    reads: Literal["text", "leet", "context"] = "text"
    patterns: tuple[str, ...] = Field(min_length=1)
    unless: tuple[str, ...] = ()
    needs: tuple[str, ...] = ()
    not_with: tuple[str, ...] = ()
    effect: _Effect
    summary: bool = False
    positive: tuple[str, ...] = Field(min_length=2)
    negative: tuple[str, ...] = Field(min_length=2)


class _File(_Closed):
    rules: tuple[_Rule, ...]


class _Words(_Closed):
    lists: dict[str, tuple[str, ...]]
    positive: tuple[str, ...]
    negative: tuple[str, ...]
    negation: tuple[str, ...]
    first_names: str
    surnames: str
    no_names: str


def load(
    config_dir: Path,
    *,
    rules_dir: Path = HERE,
    identify: Identify | None = None,
    thresholds: Thresholds | None = None,
) -> tuple[Config, Guideline]:
    """Everything that decisions depend on. Raises `RuleError` and `ConfigError`, which name the file and the place."""
    guideline = read(config_dir / "guideline.yaml", Guideline)
    gazetteers = read(config_dir / "gazetteers.yaml", Gazetteers)
    words = read(rules_dir / "words.yaml", _Words)
    lists = {**words.lists, "elected": tuple(f"{re.escape(word)}~" for word in gazetteers.elected)}
    digest = hashlib.sha256()
    rules: list[Rule] = []
    for path in sorted(rules_dir.glob("*.yaml")):
        content = path.read_bytes()
        digest.update(path.name.encode() + b"\0" + content)
        if path.name != "words.yaml":
            rules += _rules_of(path, content, lists, guideline)
    _check_ids(rules)
    digest.update((config_dir / "gazetteers.yaml").read_bytes())
    config = Config(
        rules=RuleSet(sorted(rules, key=lambda rule: rule.id), digest.hexdigest()[:12]),
        lexicon=_lexicon(words, gazetteers, lists),
        guideline_version=guideline.version,
        identify=identify,
        thresholds=thresholds or Thresholds(),
    )
    return config, guideline


def _rules_of(path: Path, content: bytes, lists: Mapping[str, Iterable[str]], guideline: Guideline) -> list[Rule]:
    try:
        listed = _File.model_validate(yaml.safe_load(content))
    except yaml.YAMLError as error:
        raise RuleError(f"{path}: er ikke gyldig YAML ({str(error).splitlines()[0]})") from None
    except ValidationError as error:
        first = error.errors()[0]
        place = ".".join(str(part) for part in first["loc"])
        raise RuleError(f"{path}: {place}: {first['msg']}") from None
    return [_rule(path, one, lists, guideline) for one in listed.rules]


def _rule(path: Path, one: _Rule, lists: Mapping[str, Iterable[str]], guideline: Guideline) -> Rule:
    effect = one.effect
    if guideline.quote(one.section, one.sentence) is None:
        raise RuleError(f"{path}: {one.id}: seksjon {one.section} finnes ikke i retningslinjene")
    if effect.lower == "remove":
        raise RuleError(f"{path}: {one.id}: ingen regel kan tale mot «remove»")
    for flag in effect.flags:
        if flag not in FLAGS:
            raise RuleError(f"{path}: {one.id}: flagget {flag} finnes ikke")
    if effect.ground is not None and effect.ground not in GROUNDS:
        raise RuleError(f"{path}: {one.id}: grunnlaget {effect.ground} finnes ikke")
    patterns = [_pattern(path, one.id, written, lists) for written in one.patterns]
    unless = _pattern(path, one.id, "|".join(f"(?:{written})" for written in one.unless), lists) if one.unless else None
    strength = -effect.strength if effect.lower else effect.strength
    return Rule(
        id=one.id,
        section=one.section,
        sentence=one.sentence,
        explain={lang: text for lang, text in one.explain.model_dump().items() if text},
        patterns=patterns,
        effect=Effect(
            handling=effect.raise_ or effect.propose or effect.lower,
            strength=strength,
            flags=frozenset(effect.flags),
            ground=effect.ground,
            urgent=effect.urgent,
            marks=frozenset(effect.marks),
        ),
        unless=unless,
        on=one.reads,
        lang=frozenset(one.lang),
        needs=[frozenset(wanted.split("|")) for wanted in one.needs],
        not_with=frozenset(one.not_with),
        basis=one.basis,
        summary=one.summary,
        positive=one.positive,
        negative=one.negative,
    )


def _pattern(path: Path, rule_id: str, written: str, lists: Mapping[str, Iterable[str]]) -> re.Pattern[str]:
    try:
        return safe(expand(written, lists))
    except UnsafePattern as error:
        raise RuleError(f"{path}: {rule_id}: mønsteret «{written[:60]}» kan ikke brukes: {error}") from None


def _check_ids(rules: Sequence[Rule]) -> None:
    seen: set[str] = set()
    for rule in rules:
        if rule.id in seen:
            raise RuleError(f"{rule.id} er brukt to ganger")
        seen.add(rule.id)


def _lexicon(words: _Words, gazetteers: Gazetteers, lists: Mapping[str, Iterable[str]]) -> Lexicon:
    places = {part.lower() for place in gazetteers.places for part in (place, *place.split())}
    return Lexicon(
        first_names=frozenset(words.first_names.lower().split()),
        surnames=frozenset(words.surnames.lower().split()),
        no_names=frozenset(words.no_names.lower().split()) | places,
        positive=_either(words.positive, lists),
        negative=_either(words.negative, lists),
        negation=_either(words.negation, lists, end=r"\W{1,3}(?:\w{1,10} )?$"),
        topics=[(topic.code, _topic(topic.words)) for topic in gazetteers.topics],
        unit_of={topic.code: topic.unit for topic in gazetteers.topics},
        front_line=gazetteers.front_line,
        politics=gazetteers.politics,
    )


def _either(written: Sequence[str], lists: Mapping[str, Iterable[str]], end: str = r"(?!\w)") -> re.Pattern[str]:
    try:
        return safe(r"(?<!\w)(?:" + "|".join(expand(word, lists) for word in written) + ")" + end)
    except UnsafePattern as error:
        raise RuleError(f"words.yaml: {error}") from None


def _topic(words: Sequence[str]) -> re.Pattern[str]:
    ordered = sorted(words, key=len, reverse=True)
    return re.compile(r"(?<!\w)(?:" + "|".join(re.escape(quiet(word)) for word in ordered) + ")")
