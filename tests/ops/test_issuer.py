"""The development issuer: its tokens are what services accept, and its key stays where it was made."""

import stat
from pathlib import Path

import pytest
from pydantic import BaseModel
from torg_ops.issuer import ISSUER, PERSONAS, Issuer, Persona
from torg_shared.auth import Role, Tokens, Unauthenticated, open_keys
from torg_shared.municipality import read


class Unit(BaseModel):
    code: str


class Units(BaseModel):
    units: list[Unit]


def _tokens(issuer: Issuer) -> Tokens:
    return Tokens(open_keys(str(issuer.jwks), ISSUER))


@pytest.fixture
def issuer(tmp_path: Path) -> Issuer:
    return Issuer.open(tmp_path / "issuer")


class TestPersona:
    @pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.key)
    def test_is_accepted_with_role_unit_name_and_title(self, issuer: Issuer, persona: Persona) -> None:
        principal = _tokens(issuer).check(issuer.mint(persona))

        assert (principal.subject, principal.role, principal.unit) == (persona.subject, persona.role, persona.unit)
        assert (principal.name, principal.title) == (persona.name, persona.title)

    def test_there_is_one_for_each_role_of_people(self) -> None:
        assert {persona.role for persona in PERSONAS} == set(Role) - {Role.SYS}
        assert len(PERSONAS) == 7

    @pytest.mark.parametrize("persona", PERSONAS, ids=lambda persona: persona.key)
    def test_belongs_to_a_unit_of_the_municipality(self, persona: Persona) -> None:
        units = read(Path("config/sogne/units.yaml"), Units)

        assert persona.unit in {unit.code for unit in units.units}

    def test_outlives_its_day_by_no_more_than_the_leeway(self, issuer: Issuer) -> None:
        tokens = _tokens(issuer)

        with pytest.raises(Unauthenticated):
            tokens.check(issuer.mint(PERSONAS[0], lifetime_s=-61))


class TestKey:
    def test_is_readable_by_its_owner_alone(self, issuer: Issuer, tmp_path: Path) -> None:
        key = tmp_path / "issuer" / "issuer.json"

        assert stat.S_IMODE(key.stat().st_mode) == 0o600

    def test_is_never_in_the_public_key_set(self, issuer: Issuer) -> None:
        assert '"d"' not in issuer.jwks.read_text()

    def test_is_kept_from_run_to_run(self, issuer: Issuer, tmp_path: Path) -> None:
        token = issuer.mint(PERSONAS[0])

        again = Issuer.open(tmp_path / "issuer")

        assert _tokens(again).check(token).subject == PERSONAS[0].subject

    def test_of_another_issuer_signs_nothing_here(self, issuer: Issuer, tmp_path: Path) -> None:
        other = Issuer.open(tmp_path / "other")

        with pytest.raises(Unauthenticated):
            _tokens(issuer).check(other.mint(PERSONAS[0]))


def test_a_service_has_the_role_of_systems_and_no_other(issuer: Issuer) -> None:
    principal = _tokens(issuer).check(issuer.mint_system("journal"))

    assert (principal.subject, principal.roles) == ("journal", frozenset({Role.SYS}))
