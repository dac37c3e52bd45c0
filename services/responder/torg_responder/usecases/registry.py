"""Templates, links, house rules, the handbook: what the municipality says of itself, proposed and approved."""

from collections.abc import Mapping, Sequence
from dataclasses import dataclass, replace
from datetime import datetime
from uuid import UUID

from torg_shared.auth import Principal, Role
from torg_shared.errors import Conflict, Forbidden, NotFound
from torg_shared.ids import uuid7
from torg_shared.versions import Expected
from torg_shared.work import Work

from torg_responder.domain import templates as domain
from torg_responder.store import registry as store
from torg_responder.store.registry import HouseRules, Link

from .rules import Rules


async def template_of(work: Work, template_id: UUID) -> domain.Template:
    """The newest version. Raises `NotFound`."""
    found = await store.template(work.db, template_id)
    if found is None:
        raise NotFound("TEMPLATE_NOT_THERE", template_id)
    return found


async def propose_template(work: Work, principal: Principal, template: domain.Template) -> domain.Template:
    """A new template; the editor approves it before it is used. Raises `Invalid` (G-21), `Conflict` if there is one."""
    domain.check(template)
    made = replace(template, id=uuid7(), version=1, approved_by=None, proposed_by=principal.subject)
    known = await store.template_named(work.db, template.code, template.lang)
    if known is not None or not await store.add_template(work.db, made):
        raise Conflict("TEMPLATE_EXISTS", f"{template.code}.{template.lang}")
    assert made.id is not None
    work.audit("template.proposed", made.id, version=1)
    return made


async def change_template(
    work: Work, principal: Principal, template_id: UUID, expected: Expected, wanted: domain.Template
) -> domain.Template:
    """A new version of a template. The approved one stays in use until the new one is approved.

    Raises `Invalid` with `PLACEHOLDER_REQUIRED`, `NotFound`, `Conflict` when code or language differ.
    """
    known = await _template_to_change(work, template_id, expected)
    if (wanted.code, wanted.lang) != (known.code, known.lang):
        raise Conflict("TEMPLATE_NAMED_OTHERWISE", template_id, template=f"{known.code}.{known.lang}")
    domain.check(wanted)
    made = replace(wanted, id=template_id, version=known.version + 1, approved_by=None, proposed_by=principal.subject)
    if not await store.add_template(work.db, made):
        raise Conflict("TEMPLATE_EXISTS", template_id)
    work.audit("template.proposed", template_id, version=made.version)
    return made


async def approve_template(work: Work, principal: Principal, template_id: UUID, expected: Expected) -> domain.Template:
    """From now on a standing approval (D-11), therefore by another person than the one who proposed it (B-23)."""
    known = await _template_to_change(work, template_id, expected)
    if known.approved_by is not None:
        raise Conflict("ALREADY_APPROVED", template_id)
    if known.proposed_by == principal.subject:
        raise Forbidden("SELF_APPROVAL", template_id)
    await store.approve_template(work.db, known, principal.subject, work.now)
    work.audit("template.approved", template_id, version=known.version)
    return replace(known, approved_by=principal.subject)


async def link_of(work: Work, link_id: UUID) -> Link:
    found = await store.link(work.db, link_id)
    if found is None:
        raise NotFound("LINK_UNKNOWN", link_id)
    return found


async def add_link(work: Work, principal: Principal, topic: str, lang: str, title: str, url: str) -> Link:
    """A form or page for a topic (G-22); the editor's is used at once, another's is a proposal."""
    made = Link(uuid7(), topic, lang, 1, title, url, principal.role is Role.RED, principal.subject)
    if not await store.add_link(work.db, made):
        raise Conflict("LINK_EXISTS", topic=topic, lang=lang)
    work.audit("link.added", made.id, topic=topic, approved=made.approved)
    return made


async def change_link(
    work: Work, principal: Principal, link_id: UUID, expected: Expected, title: str, url: str
) -> Link:
    """Another address or title; looked at anew. Only the editor's change is used at once."""
    known = await _link_to_change(work, link_id, expected)
    changed = replace(
        known,
        version=known.version + 1,
        title=title,
        url=url,
        approved=principal.role is Role.RED,
        changed_by=principal.subject,
        status=None,
        checked_at=None,
    )
    await store.change_link(work.db, changed)
    work.audit("link.changed", link_id, approved=changed.approved)
    return changed


async def drop_link(work: Work, link_id: UUID, expected: Expected) -> None:
    await _link_to_change(work, link_id, expected)
    await store.drop_link(work.db, link_id)
    work.audit("link.dropped", link_id)


async def house_rules(work: Work, version: int | None, *, proposals: bool = False) -> HouseRules:
    """The version named, or the one in force (B-02). `proposals`: also what is not approved. Raises `NotFound`."""
    found = await (store.house_rules_in_force(work.db) if version is None else store.house_rules_of(work.db, version))
    if found is None or (found.approved_by is None and not proposals):
        raise NotFound("HOUSE_RULES_UNKNOWN", str(version or ""))
    return found


async def propose_house_rules(work: Work, principal: Principal, clauses: Sequence[Mapping[str, str]]) -> HouseRules:
    codes = [clause["code"] for clause in clauses]
    if len(set(codes)) != len(codes):
        raise Conflict("CLAUSE_TWICE")
    number = await store.add_house_rules(work.db, clauses, principal.subject, work.now)
    work.audit("house_rules.proposed", str(number))
    return HouseRules(number, clauses, principal.subject, work.now)


async def approve_house_rules(work: Work, principal: Principal, version: int, expected: Expected) -> HouseRules:
    """The leadership puts a version into force. Raises `NotFound`, `Conflict`, `Forbidden` for one's own."""
    found = await store.house_rules_of(work.db, version, lock=True)
    if found is None:
        raise NotFound("HOUSE_RULES_UNKNOWN", str(version))
    expected.check(str(version), house_rules_revision(found))
    if found.approved_by is not None:
        raise Conflict("ALREADY_APPROVED", str(version))
    if found.proposed_by == principal.subject:
        raise Forbidden("SELF_APPROVAL", str(version))
    await store.approve_house_rules(work.db, version, principal.subject, work.now)
    work.audit("house_rules.approved", str(version))
    return replace(found, approved_by=principal.subject, approved_at=work.now)


def house_rules_revision(found: HouseRules) -> int:
    """What an ETag of a version counts: proposed is 1, approved is 2."""
    return 1 if found.approved_by is None else 2


def template_revision(template: domain.Template) -> int:
    """What the ETag of a template counts: every version, and its approval."""
    return template.version * 2 - (template.approved_by is None)


@dataclass(frozen=True, slots=True)
class Read:
    """The handbook as one reader meets it: `acknowledged_at` None means that its version is still to be confirmed."""

    version: str
    entries: Sequence[Mapping[str, str]]
    acknowledged_at: datetime | None


async def handbook(work: Work, principal: Principal, rules: Rules) -> Read:
    """The tips of 4.2 (G-47), and whether this reader has confirmed this version of the guideline (G-48)."""
    at = await store.acknowledged(work.db, principal.subject, rules.guideline_version)
    return Read(rules.guideline_version, rules.handbook, at)


async def acknowledge(work: Work, principal: Principal, rules: Rules, version: str) -> Read:
    """Once per person and version of the guideline (G-48). Raises `Conflict` for another version than the one shown."""
    if version != rules.guideline_version:
        raise Conflict("HANDBOOK_VERSION", version=rules.guideline_version)
    await store.acknowledge(work.db, principal.subject, version, work.now)
    work.audit("handbook.acknowledged", version)
    return await handbook(work, principal, rules)


async def _template_to_change(work: Work, template_id: UUID, expected: Expected) -> domain.Template:
    known = await store.template(work.db, template_id, lock=True)
    if known is None:
        raise NotFound("TEMPLATE_NOT_THERE", template_id)
    expected.check(template_id, template_revision(known), changed_by=known.proposed_by)
    return known


async def _link_to_change(work: Work, link_id: UUID, expected: Expected) -> Link:
    known = await store.link(work.db, link_id, lock=True)
    if known is None:
        raise NotFound("LINK_UNKNOWN", link_id)
    expected.check(link_id, known.version, changed_by=known.changed_by)
    return known
