"""A spool on disk: whatever is cut off, flipped or refused, what is left is a beginning of it."""

import asyncio
import shutil
from pathlib import Path
from random import Random

import msgspec
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from schema.errors import WrongInput
from schema.messages import Assignment, Final, LeaseOrder, Record, Reported, Started
from tests.orchestrator.one_study import STARTED, completed, reported
from trial_runner.durable_spool import DurableSpool
from trial_runner.processes import mark_of
from trial_runner.replay import Replay
from trial_runner.spool import Lease
from trial_runner.spool_format import packed, unpacked

CAPACITY = 1024 * 1024
SEGMENT = 2048
"""Small, so that every test has several of them."""

Told = dict[tuple[int, int], list[Record]]


def opened(folder: Path, capacity: int = CAPACITY, segment: int = SEGMENT) -> DurableSpool:
    return DurableSpool(folder, capacity_bytes=capacity, segment_bytes=segment)


def assignment(spool: DurableSpool, trial: int, attempt: int = 1) -> Assignment:
    return Assignment(
        trial=trial,
        attempt=attempt,
        study="study",
        number=trial,
        objective="train.py:train",
        values={"x": 0.5},
        seed=1,
        boot=spool.boot,
    )


def accepted(spool: DurableSpool, trial: int, attempt: int = 1) -> Lease:
    lease = spool.accept(assignment(spool, trial, attempt))
    assert lease is not None
    return lease


def killed(folder: Path) -> Path:
    """A copy of the folder as the death of its process would leave it now."""
    copy = folder.with_name(f"{folder.name}-copy")
    shutil.rmtree(copy, ignore_errors=True)
    shutil.copytree(folder, copy)
    return copy


def held(folder: Path) -> Told:
    """The records that a runner finds when it is started on this folder."""
    spool = opened(folder)
    found = {lease.key: list(lease.records) for lease in spool.leases.values()}
    spool.close()
    return found


def size(folder: Path) -> int:
    """Bytes of all segments."""
    return sum(path.stat().st_size for path in folder.glob("*.log"))


def last_segment(folder: Path) -> Path:
    return max(folder.glob("*.log"))


def plain(told: Told) -> dict[tuple[int, int], list[bytes]]:
    return {key: [msgspec.msgpack.encode(r) for r in records] for key, records in told.items()}


async def live(spool: DurableSpool, dice: Random, steps: int) -> Told:
    """Random life; every record that was ever appended, by lease."""
    told: Told = {}
    for _ in range(steps):
        open_ones = [lease for lease in spool.leases.values() if not lease.ended]
        what = dice.random()
        if what < 0.25 or not open_ones:
            key = dice.randrange(6), dice.randrange(1, 30)
            lease = spool.accept(assignment(spool, *key))
            if lease is not None:
                told[lease.key] = []
                spool.began(lease, mark_of(1))
            continue
        lease = dice.choice(open_ones)
        if what < 0.7:
            body: Started | Reported | Final = reported((lease.seq, {"loss": dice.random()}))
            lease.batches += 1
        elif what < 0.8:
            body = completed(0.7)
        else:
            lease = dice.choice(list(spool.leases.values()))
            applied = dice.randrange(lease.applied, lease.seq + 1)
            spool.obey(LeaseOrder(*lease.key, applied, fenced=dice.random() < 0.1))
            continue
        record = spool.append(lease, body)
        assert record is not None
        told[lease.key].append(record)
        if dice.random() < 0.4:
            assert await spool.stored()
    return told


@settings(max_examples=60, deadline=None)
@given(seed=st.integers(0, 2**32), steps=st.integers(1, 120))
def test_what_was_stored_is_there_again_record_by_record(
    tmp_path_factory: pytest.TempPathFactory, seed: int, steps: int
) -> None:
    folder = tmp_path_factory.mktemp("spool") / "s"

    async def run() -> None:
        spool = opened(folder)
        await live(spool, Random(seed), steps)
        assert await spool.stored()
        now = {lease.key: list(lease.records) for lease in spool.leases.values()}
        batches = {lease.key: lease.batches for lease in spool.leases.values()}
        copy = killed(folder)
        spool.close()
        for place in (copy, folder):
            again = opened(place)
            assert again.boot == spool.boot
            assert plain({le.key: list(le.records) for le in again.leases.values()}) == plain(now)
            assert {le.key: le.seq for le in again.leases.values()} == {
                le.key: le.seq for le in spool.leases.values()
            }
            assert {le.key: le.batches for le in again.leases.values()} == batches
            assert again._highest == spool._highest
            again.close()

    asyncio.run(run())


@settings(max_examples=25, deadline=None)
@given(seed=st.integers(0, 2**32), data=st.data())
def test_a_tail_that_is_torn_or_flipped_leaves_a_beginning(
    tmp_path_factory: pytest.TempPathFactory, seed: int, data: st.DataObject
) -> None:
    folder = tmp_path_factory.mktemp("spool") / "s"
    told: Told = {}

    async def run() -> None:
        nonlocal told
        spool = opened(folder)
        told = await live(spool, Random(seed), 60)
        assert await spool.stored()
        spool.close()

    asyncio.run(run())
    last = last_segment(folder)
    whole = last.read_bytes()
    place = data.draw(st.integers(0, len(whole) - 1))
    if data.draw(st.booleans()):
        last.write_bytes(whole[:place])
    else:
        flipped = bytearray(whole)
        flipped[place] ^= 1 << data.draw(st.integers(0, 7))
        last.write_bytes(flipped)
    for key, records in plain(held(folder)).items():
        everything = plain(told)[key]
        if records:
            first = everything.index(records[0])
            assert records == everything[first : first + len(records)]


def test_a_log_that_ends_at_any_byte_is_read_up_to_its_last_whole_entry(tmp_path: Path) -> None:
    async def run() -> bytes:
        spool = opened(tmp_path, segment=CAPACITY)
        lease = accepted(spool, 1)
        for body in (STARTED, reported((0, {"loss": 1.0})), completed(0.5)):
            spool.append(lease, body)
        assert await spool.stored()
        spool.close()
        return last_segment(tmp_path).read_bytes()

    whole = asyncio.run(run())
    entries = list(unpacked(whole))
    ends = [sum(len(packed(e)) for e in entries[:n]) for n in range(len(entries) + 1)]
    assert ends[-1] == len(whole)
    for length in range(len(whole) + 1):
        replay = Replay()
        replay.take(1, whole[:length])
        complete = sum(end <= length for end in ends) - 1
        seen = [len(held.lease()[0].records) for held in replay.leases.values()]
        assert seen == ([] if complete < 1 else [max(0, complete - 2)])


async def test_committed_records_take_no_room(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    for trial in range(200):
        lease = accepted(spool, trial)
        for body in (STARTED, reported((0, {"loss": 1.0})), completed(0.5)):
            spool.append(lease, body)
        assert await spool.stored()
        spool.obey(LeaseOrder(trial, 1, applied=3))
    assert await spool.stored()
    assert size(tmp_path) < 6 * SEGMENT
    spool.close()


async def test_a_lease_that_goes_on_and_on_keeps_only_what_is_not_committed(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    lease = accepted(spool, 1)
    spool.append(lease, STARTED)
    for step in range(600):
        spool.append(lease, reported((step, {"loss": 1.0})))
        spool.obey(LeaseOrder(1, 1, applied=lease.seq - 2))  # there is always something under way
        assert await spool.stored()
    assert size(tmp_path) < 4 * SEGMENT
    spool.close()
    assert [len(records) for records in held(tmp_path).values()] == [2]


async def test_an_attempt_is_not_accepted_twice_in_two_lives(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    accepted(spool, 7)
    assert await spool.stored()
    spool.obey(LeaseOrder(7, 1, 0, fenced=True))
    spool.close()
    again = opened(tmp_path)
    assert again.identity.starts == spool.identity.starts + 1
    assert again.accept(assignment(again, 7)) is None
    assert again.accept(assignment(again, 7, attempt=2)) is not None
    again.close()


async def test_a_folder_has_one_runner(tmp_path: Path) -> None:
    spool = opened(tmp_path)
    with pytest.raises(WrongInput, match="another runner uses the folder"):
        opened(tmp_path)
    spool.close()
    opened(tmp_path).close()


def test_a_folder_that_cannot_be_made_is_named(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    with pytest.raises(WrongInput, match=r"file/spool cannot be used: .*--state-dir"):
        opened(tmp_path / "file" / "spool")


async def test_a_spool_that_is_nearly_full_asks_for_fewer_reports(tmp_path: Path) -> None:
    spool = opened(tmp_path, capacity=100_000)
    lease = accepted(spool, 1)
    asked = [spool.every]
    while spool.every:
        spool.append(lease, reported(*((step, {"loss": 1.0}) for step in range(30))))
        assert await spool.stored()
        asked.append(spool.every)
    assert list(dict.fromkeys(asked)) == [1, 2, 4, 8, 16, 32, 0]
    assert spool.append(lease, completed(0.5)) is not None, "an end is always taken"
    spool.close()
