"""`docs/guideline.md`: paragraph -> rule -> code -> test, found where code and tests cite the rule's id or its section.

A rule is cited by its id (`G-42`) or its section (`3.2.2`) in the docstring of what carries it out.
"""

import ast
import re
from collections.abc import Iterator
from dataclasses import dataclass
from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[2]


@dataclass(frozen=True, slots=True)
class Rule:
    id: str
    section: str
    says: str


RULES = tuple(
    Rule(f"G-{number:02}", section, says)
    for number, section, says in (
        (1, "1", "a platform is an adapter behind one port"),
        (2, "1", "a sender needs no identity with the municipality, and may be unknown"),
        (3, "2", "statistics per channel, no profiles of persons"),
        (4, "2", "announcements are approved, scheduled and published once"),
        (5, "2", "no decision about a person is published as a reply"),
        (6, "2", "every channel names the formal ways in, or is not opened"),
        (7, "3.1", "what nobody owns is the front line's"),
        (8, "3.1", "announcements point to the municipality's own page"),
        (9, "3.1", "one responsible unit per channel"),
        (10, "3.1", "stale profiles and announcements are listed for the editor"),
        (11, "3.1", "every closed message has a record decision; none is one as well"),
        (12, "3.1.1", "a first answer is due in working time, by the channel's hours"),
        (13, "3.1.1", "a statutory deadline can be shortened, never lengthened"),
        (14, "3.1.1", "only what must or should be answered has a deadline"),
        (15, "3.1.2", "unlawful content is proposed for removal at once, with its ground"),
        (16, "3.1.2", "exposure and harassment need an identifiable person; criticism is never a ground"),
        (17, "3.1.2", "posts, comments, media and private messages alike"),
        (18, "3.2", "informal communication is not journaled"),
        (19, "3.2", "case handling and documentary value decide: both, one or none"),
        (20, "3.2.1", "the redirect says that this needs extensive handling, and that the page is not the place"),
        (21, "3.2.1", "the redirect names post address and e-mail"),
        (22, "3.2.1", "the redirect carries the form or the page"),
        (23, "3.2.1", "a redirect is closed when it is published, and kept as evidence of guidance"),
        (24, "3.2.2", "what others must be asked about is a consultation"),
        (25, "3.2.2", "a confirmed case opens exactly one saksmappe"),
        (26, "3.2.2", "the front line is case handler, never the expert who was asked"),
        (27, "3.2.2", "the enquiry is journaled as an incoming document"),
        (28, "3.2.2", "question and answer of a consultation are journaled, and signed off"),
        (29, "3.2.2", "the published answer is journaled as outgoing and signs off the incoming"),
        (30, "3.2.2", "cases from social media have tighter targets"),
        (31, "3.2.2", "what is worth keeping without case handling is archived, without a saksmappe"),
        (32, "3.2.2", "own pages are documented regularly"),
        (33, "4", "the leadership decides on each channel"),
        (34, "4", "proposed channels stay visible with their arguments"),
        (35, "4.1", "whoever writes represents the municipality"),
        (36, "4.1", "factual errors are always answered, with a source"),
        (37, "4.1", "questions about services are always answered"),
        (38, "4.1", "praise is thanked for"),
        (39, "4.1", "neutral comments may be left"),
        (40, "4.1", "an answer to criticism is attempted; leaving it needs a reason"),
        (41, "4.1", "the answer fits sender, form and content"),
        (42, "4.1", "an administrator answers for the municipality, without name or title"),
        (43, "4.1", "others always sign with full name and title"),
        (44, "4.1", "simple questions stay informal"),
        (45, "4.1", "extensive ones are guided to the formal way, at any time before the reply"),
        (46, "4.1", "political enquiries are referred, never judged"),
        (47, "4.2", "advice to staff is at hand"),
        (48, "4.2", "staff are reminded of their role"),
        (49, "4.2", "think before writing to a child or a user of services"),
        (50, "4.2", "confidential content never leaves"),
        (51, "4.2", "employees' private profiles are not watched"),
        (52, "4.2", "staff say that they work here, or that they write as private persons"),
        (53, "4.2", "only administrators publish"),
        (54, "4.2", "a published text cannot be changed: corrections are new and visible"),
    )
)
_IDS = {rule.id for rule in RULES}
_SECTIONS = sorted({rule.section for rule in RULES}, key=lambda section: [int(part) for part in section.split(".")])
_CITED_ID = re.compile(r"\bG-\d\d\b")
_CITED_SECTION = re.compile(r"(?<![\w.])[1-4](?:\.\d){1,2}(?![\w.]*\d)")


@dataclass(frozen=True, slots=True)
class Citation:
    cited: str
    place: str
    is_test: bool


def citations() -> Iterator[Citation]:
    """Every place in code and tests that cites a rule or a section of the guideline."""
    for path in sorted([*ROOT.glob("services/*/torg_*/**/*.py"), *ROOT.glob("tests/**/test_*.py")]):
        name = str(path.relative_to(ROOT))
        is_test = name.startswith("tests/")
        if is_test and "guideline" not in path.parts and "architecture" in path.parts:
            continue
        tree = ast.parse(path.read_text(encoding="utf-8"))
        if is_test and path.parent.name == "guideline":
            yield Citation(_section_of(path.stem), name, is_test=True)
        for node in ast.walk(tree):
            if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef, ast.ClassDef)):
                place = name if is_test else f"{name}::{node.name}"
            elif isinstance(node, ast.Module):
                place = name
            else:
                continue
            told = ast.get_docstring(node) or ""
            for cited in set(_CITED_ID.findall(told)) & _IDS:
                yield Citation(cited, place, is_test)
            if "domain" in path.parts or path.stem == "domain":
                for cited in set(_CITED_SECTION.findall(told)) & set(_SECTIONS):
                    yield Citation(cited, place, is_test)


def _section_of(stem: str) -> str:
    """`test_3_1_2_removal` is about 3.1.2."""
    found = re.match(r"test_(\d(?:_\d)*)_", stem)
    return found[1].replace("_", ".") if found else ""


def page() -> str:
    found = list(citations())
    text = yaml.safe_load((ROOT / "config" / "sogne" / "guideline.yaml").read_text(encoding="utf-8"))
    lines = [
        "# The guideline, rule by rule",
        "",
        f"{text['name']}: paragraph → rule → code → test.",
        "Generated by `make docs` from what code and tests cite; do not edit. The quoted sentences are",
        f"`config/sogne/guideline.yaml`, version {text['version']}. A rule without code or test here belongs to a part",
        "of the product that is not built yet.",
    ]
    for section in _SECTIONS:
        lines += ["", f"## {section}", ""]
        lines += [f"> {one['sentence']}" + "  " for one in text["sections"] if one["section"] == section]
        code, tests = _places(found, section)
        lines += ["", "| rule | says | code | tests |", "|---|---|---|---|"]
        if code or tests:
            lines.append(f"| {section} | the section as a whole | {code} | {tests} |")
        for rule in RULES:
            if rule.section == section:
                code, tests = _places(found, rule.id)
                lines.append(f"| {rule.id} | {rule.says} | {code or '–'} | {tests or '–'} |")
    return "\n".join(lines) + "\n"


def _places(found: list[Citation], cited: str) -> tuple[str, str]:
    code = sorted({one.place for one in found if one.cited == cited and not one.is_test})
    tests = sorted({one.place for one in found if one.cited == cited and one.is_test})
    return "<br>".join(f"`{place}`" for place in code), "<br>".join(f"`{place}`" for place in tests)
