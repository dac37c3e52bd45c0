"""The seven promises, and the tests that prove each: what `make prove` runs and prints.

A test is named by file, or file and name (`tests/…/test_x.py::TestY::test_z`); `tests/architecture` checks that each
exists. `lacking` says what of a promise nothing proves yet.
"""

from dataclasses import dataclass


@dataclass(frozen=True, slots=True)
class Promise:
    text: str
    tests: tuple[str, ...]
    lacking: str = ""


_KILLED = "tests/faults/test_killed_processes.py::test_journeys_go_on_while_every_process_dies_at_every_point"
_AWAY = "tests/faults/test_database_away.py"
_DOOR = "tests/ingest/test_webhook_door.py"
_SENDING = "tests/responder/test_sending.py"
_RUNNER = "tests/shared/bus/test_runner.py"
_PROCESSES = "tests/shared/bus/test_processes.py::TestProcesses"

PROMISES: dict[str, Promise] = {
    "P1": Promise(
        "a webhook that was answered 2xx is never lost",
        (
            _KILLED,
            f"{_AWAY}::test_without_a_database_a_webhook_is_told_to_come_again_and_nothing_is_lost",
            f"{_AWAY}::test_connections_cut_in_the_middle_of_transactions_change_nothing",
            "tests/ingest/test_committer.py",
            "tests/shared/bus/test_log.py::test_a_reader_past_a_cursor_misses_nothing_whatever_the_writers_do",
        ),
        "a full disk (F14)",
    ),
    "P2": Promise(
        "every event of a platform takes effect once",
        (
            _KILLED,
            f"{_DOOR}::test_ten_at_once_make_one_event",
            f"{_DOOR}::test_a_replay_makes_no_event",
            "tests/ingest/test_any_order.py",
            f"{_RUNNER}::test_every_event_has_one_effect_however_often_it_comes",
            f"{_RUNNER}::test_a_dead_letter_is_replayed_once",
            f"{_PROCESSES}::test_members_that_come_and_go_under_traffic_lose_and_double_nothing",
            f"{_PROCESSES}::test_a_killed_member_s_events_are_taken_over",
        ),
    ),
    "P3": Promise(
        "journal numbers are 1..n per year without a gap, and any later change is detectable against a published head",
        (_KILLED, "tests/journal/test_chain.py", "tests/journal/test_oversight.py"),
        "a new epoch of numbers after a restore from backup (F23); without a published head, a cut tail is not seen",
    ),
    "P4": Promise(
        "a reply is posted at most once without a new human decision, and an unknown outcome reaches a person",
        (
            _KILLED,
            f"{_SENDING}::test_an_unknown_outcome_is_read_back_and_never_posted_again",
            f"{_SENDING}::test_a_person_reads_of_an_unknown_outcome_within_a_minute_of_the_settle_time",
            f"{_SENDING}::test_a_process_that_died_in_its_call_leaves_an_unknown_outcome",
            f"{_SENDING}::test_a_sender_without_the_lease_sends_nothing",
            "tests/simulator/test_adapters.py",
        ),
        "two responders, one of them stopped for a minute and woken before its call (F21)",
    ),
    "P5": Promise(
        "any one service, the broker or the database may be away for ten minutes: nothing lost, recovered in 60 s",
        (
            f"{_AWAY}::test_services_heal_without_a_restart_after_the_database_did",
            "tests/shared/bus/test_log.py::test_the_relay_carries_everything_in_order_though_the_bus_comes_and_goes",
            "tests/shared/bus/test_server_away.py::test_a_bus_that_restarts_costs_no_event",
            f"{_RUNNER}::test_a_silent_member_joins_again_once_and_then_asks_for_a_new_process",
        ),
        "ten whole minutes (seconds are tried), partitions and stalls of the network (F8, F9, F10)",
    ),
    "P6": Promise(
        "version N and N-1 run side by side",
        ("tests/contracts/test_golden_events.py", "tests/contracts/test_compatibility.py"),
        "there is no version N-1 yet: only that events of both would be understood",
    ),
    "P7": Promise(
        "no unauthenticated input causes an outbound request",
        (
            f"{_DOOR}::test_a_delivery_that_nobody_signed_is_refused_unread",
            f"{_DOOR}::test_links_of_attachments_are_never_followed_and_never_cost_the_text",
            "tests/shared/test_auth.py::test_keys_are_fetched_on_a_timer_and_never_because_of_a_token",
            "tests/shared/http/test_addresses.py",
        ),
    ),
}
