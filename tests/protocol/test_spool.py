"""What a runner remembers of its leases, and when it may forget."""

import msgspec
import pytest

from schema.messages import Assignment, LeaseClaim, LeaseOrder
from schema.trial import Desired, Outcome
from tests.orchestrator.one_study import STARTED, completed, ended, reported
from trial_runner.spool import Lease, Spool

ASSIGNMENT = Assignment(
    trial=7, attempt=1, study="study", number=3, objective="train.py:train", values={}, seed=1
)


def again(attempt: int, boot: str = "") -> Assignment:
    """The same trial in another attempt, or for another boot."""
    return msgspec.structs.replace(ASSIGNMENT, attempt=attempt, boot=boot)


@pytest.fixture
def spool() -> Spool:
    """An empty spool."""
    return Spool()


@pytest.fixture
def lease(spool: Spool) -> Lease:
    """A lease with three records: started, one report, complete."""
    lease = spool.accept(ASSIGNMENT)
    assert lease is not None
    for body in (STARTED, reported((0, {"score": 0.1})), completed(0.7)):
        spool.append(lease, body)
    return lease


def test_an_assignment_that_comes_twice_is_run_once(spool: Spool) -> None:
    assert spool.accept(ASSIGNMENT) is not None
    assert spool.accept(ASSIGNMENT) is None


def test_an_attempt_that_is_over_and_forgotten_is_not_run_again(spool: Spool, lease: Lease) -> None:
    spool.obey(LeaseOrder(7, 1, applied=3))
    assert spool.leases == {}
    assert spool.accept(ASSIGNMENT) is None
    assert spool.accept(again(2)) is not None


def test_an_attempt_that_an_earlier_boot_was_given_is_not_run() -> None:
    assert Spool(boot="second").accept(again(1, boot="first")) is None
    assert Spool(boot="second").accept(again(1, boot="second")) is not None


def test_a_new_attempt_waits_while_the_old_one_is_still_reported(
    spool: Spool, lease: Lease
) -> None:
    assert spool.accept(again(2)) is None
    spool.obey(LeaseOrder(7, 1, applied=3))
    assert spool.accept(again(2)) is not None


def test_records_are_numbered_from_one(lease: Lease) -> None:
    assert [record.seq for record in lease.records] == [1, 2, 3]


def test_nothing_follows_the_final(spool: Spool, lease: Lease) -> None:
    assert spool.append(lease, ended(Outcome.PRUNED)) is None
    assert lease.seq == 3


def test_what_is_committed_is_forgotten_and_nothing_more(spool: Spool, lease: Lease) -> None:
    spool.obey(LeaseOrder(7, 1, applied=2))
    assert [record.seq for record in spool.unacknowledged(10)] == [3]
    assert spool.claims() == (LeaseClaim(7, 1, 3),)
    spool.obey(LeaseOrder(7, 1, applied=3))
    assert spool.claims() == ()


def test_an_older_acknowledgement_brings_nothing_back(spool: Spool, lease: Lease) -> None:
    spool.obey(LeaseOrder(7, 1, applied=2))
    spool.obey(LeaseOrder(7, 1, applied=1))
    assert [record.seq for record in spool.unacknowledged(10)] == [3]


def test_a_window_of_records_is_sent_again_in_order(spool: Spool, lease: Lease) -> None:
    assert [record.seq for record in spool.unacknowledged(2)] == [1, 2]


def test_an_order_about_another_attempt_changes_nothing(spool: Spool, lease: Lease) -> None:
    assert spool.obey(LeaseOrder(7, 2, applied=3, fenced=True)) is None
    assert spool.obey(LeaseOrder(8, 1, applied=3)) is None
    assert len(lease.records) == 3


def test_a_fenced_lease_is_forgotten_and_writes_no_more(spool: Spool) -> None:
    lease = spool.accept(ASSIGNMENT)
    assert lease is not None
    assert spool.obey(LeaseOrder(7, 1, 0, Desired.STOP, True)) is lease
    assert lease.fenced
    assert spool.leases == {}
    assert spool.append(lease, completed(0.7)) is None


def test_what_is_wanted_only_grows(spool: Spool) -> None:
    lease = spool.accept(ASSIGNMENT)
    assert lease is not None
    assert spool.obey(LeaseOrder(7, 1, 0, Desired.PRUNE)) is lease
    assert spool.obey(LeaseOrder(7, 1, 0, Desired.PRUNE)) is None
    assert spool.obey(LeaseOrder(7, 1, 0, Desired.RUN)) is None
    assert lease.desired is Desired.PRUNE
    assert spool.obey(LeaseOrder(7, 1, 0, Desired.STOP)) is lease


def test_a_prune_order_after_the_end_asks_for_nothing(spool: Spool, lease: Lease) -> None:
    assert spool.obey(LeaseOrder(7, 1, 0, Desired.PRUNE)) is None
