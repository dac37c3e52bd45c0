"""One message all the way, through the product as it is started, and what it answers to what is not allowed."""

import stat
from uuid import UUID

import httpx
import orjson
import pytest
from torg_ops.client import House, Refused
from torg_ops.demo import Story, demo
from torg_ops.house import DEFAULT_PORTS
from torg_ops.issuer import PERSONAS
from torg_ops.ledger import check, settle
from torg_ops.trace import trace

from .conftest import Running


@pytest.fixture(scope="session")
def told(running: Running) -> tuple[Story, list[str]]:
    """The demonstration, run once: what came of it, and what it said."""
    house = House.at(running.folder)
    lines: list[str] = []
    story = demo(house, lines.append)
    house.close()
    return story, lines


class TestJourney:
    def test_ends_in_the_public_journal(self, told: tuple[Story, list[str]]) -> None:
        story, _ = told
        assert story.entries is not None

        kinds = [one["journalposttype"] for one in sorted(story.entries, key=lambda one: one["journalsekvensnummer"])]

        assert kinds == ["I", "N", "N", "U"]
        assert story.saksnummer.endswith("/1")

    def test_tells_message_case_entries_and_permalink(self, told: tuple[Story, list[str]]) -> None:
        story, lines = told
        whole = "\n".join(lines)

        assert story.message_id in whole
        assert f"sak {story.saksnummer}" in whole
        assert story.permalink in whole
        assert f"{story.saksnummer}-1" in whole

    def test_leaves_one_published_answer_under_the_question(self, told: tuple[Story, list[str]], house: House) -> None:
        story, _ = told

        ours = house.control("GET", f"/_sim/comments?by=page&parent={story.comment_id}")["data"]

        assert [one["origin"] for one in ours] == ["graph"]
        assert ours[0]["permalink"] == story.permalink

    def test_shows_the_answer_at_its_permalink(self, told: tuple[Story, list[str]]) -> None:
        story, _ = told

        page = httpx.get(story.permalink, trust_env=False)

        assert page.status_code == 200
        assert "Den er skiftet i dag" in page.text

    def test_shows_no_private_person_in_the_public_journal_after_a_search(
        self, told: tuple[Story, list[str]], house: House
    ) -> None:
        story, _ = told
        body = {"text": "Solveig Tveit"}

        url = f"{house.running['services']['journal']}/offentlig-journal/search"
        found = httpx.post(url, json=body, trust_env=False).json()["items"]

        assert {one["mappeID"] for one in found} <= {story.saksnummer}

    def test_balances_in_the_ledger(self, told: tuple[Story, list[str]], house: House) -> None:
        settle(house)

        ledger = check(house)

        assert ledger.faults == []
        assert ledger.counts["publiserte svar"] == 1

    def test_can_be_traced_through_all_services(self, told: tuple[Story, list[str]], house: House) -> None:
        story, _ = told

        steps = trace(house, UUID(story.message_id))

        assert {step.service for step in steps} == {"ingest", "classifier", "journal", "responder"}
        types = [step.type for step in steps]
        for name in ("message.received.v1", "message.triaged.v1", "saksmappe.opened.v1", "reply.published.v1"):
            assert types.count(name) == 1
        assert not any("gatelyset" in step.line() for step in steps)


class TestRunning:
    def test_writes_what_scripts_need_for_its_owner_alone(self, running: Running) -> None:
        path = running.folder / "running.json"
        told = orjson.loads(path.read_bytes())

        assert stat.S_IMODE(path.stat().st_mode) == 0o600
        assert set(told["services"]) == {"ingest", "classifier", "journal", "responder"}
        assert set(told["simulator"]) == {"public", "control"}
        assert set(told["tokens"]) == {persona.key for persona in PERSONAS}
        assert (told["page_id"], told["bus"]) == ("105678901234567", "postgres")
        assert told["app_secret"]
        assert told["verify_token"]

    def test_prints_one_line_with_every_address(self, running: Running) -> None:
        [line] = running.said().strip().splitlines()

        assert line.startswith("Torg kjører på postgres:")
        assert line.count("http://127.0.0.1:") == len(DEFAULT_PORTS)

    @pytest.mark.parametrize("service", ["ingest", "classifier", "journal", "responder"])
    def test_serves_health_numbers_and_its_description(self, house: House, service: str) -> None:
        assert house.get(service, "/healthz", None).body == "ok\n"
        ready = house.get(service, "/readyz", None).body
        assert (ready["status"], ready["checks"]["bus"]) == ("ready", "ok")
        assert "torg_" in house.get(service, "/metrics", None).body
        assert house.get(service, "/openapi.json", None)["openapi"].startswith("3.")

    @pytest.mark.parametrize("service", ["ingest", "classifier", "journal", "responder"])
    def test_logs_no_text_name_or_token(
        self, told: tuple[Story, list[str]], running: Running, house: House, service: str
    ) -> None:
        log = (running.folder / "logs" / f"{service}.log").read_text()

        for secret in ("Solveig", "gatelyset", house.running["app_secret"], *house.running["tokens"].values()):
            assert secret not in log


class TestRefusals:
    def test_a_delivery_without_the_right_signature_is_refused(self, house: House) -> None:
        url = f"{house.running['services']['ingest']}/webhooks/facebook"

        for headers in ({}, {"X-Hub-Signature-256": "sha256=" + "0" * 64}):
            assert httpx.post(url, content=b"{}", headers=headers, trust_env=False).status_code == 401

    def test_nobody_approves_their_own_reply(self, told: tuple[Story, list[str]], house: House) -> None:
        story, _ = told
        body = {"message_id": story.message_id, "kind": "holding", "visibility": "public", "text": "Vi ser på det."}
        reply = house.post("responder", "/replies", "sideadministrator", body)
        path = f"/replies/{reply['id']}"
        reply = house.post("responder", f"{path}/check", "sideadministrator", version=reply.version)
        reply = house.post("responder", f"{path}/submit", "sideadministrator", version=reply.version)

        with pytest.raises(Refused) as refused:
            house.post(
                "responder",
                f"{path}/approve",
                "sideadministrator",
                {"binding_sha256": reply["binding_sha256"]},
                version=reply.version,
            )

        assert (refused.value.status, refused.value.code) == (403, "SELF_APPROVAL")

    def test_an_expert_publishes_nothing(self, told: tuple[Story, list[str]], house: House) -> None:
        story, _ = told

        with pytest.raises(Refused) as refused:
            house.post("responder", f"/replies/{story.reply_id}/publish", "fagperson", version=1)

        assert refused.value.status == 403

    def test_the_public_reads_the_journal_and_nothing_else(self, told: tuple[Story, list[str]], house: House) -> None:
        assert house.get("journal", "/offentlig-journal", None, format="json")["items"]

        for service, path in (("ingest", "/messages"), ("journal", "/worklist"), ("responder", "/replies")):
            with pytest.raises(Refused) as refused:
                house.get(service, path, None)
            assert refused.value.status == 401

    def test_an_action_without_the_version_that_was_seen_is_refused(
        self, told: tuple[Story, list[str]], house: House
    ) -> None:
        story, _ = told

        with pytest.raises(Refused) as refused:
            house.post("responder", f"/replies/{story.reply_id}/publish", "sideadministrator")

        assert (refused.value.status, refused.value.code) == (428, "PRECONDITION_REQUIRED")
