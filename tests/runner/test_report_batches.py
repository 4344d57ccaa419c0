"""Batches of reports: cut, thinned and gathered, and nothing lost but what was to be left out."""

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from schema.errors import Undecodable
from schema.messages import Report
from trial_runner.received import check_reports
from trial_runner.report_batches import Gate, cut, merged


def batch(*steps: int) -> bytes:
    return msgspec.msgpack.encode([(step, 0.5, {"loss": float(step)}) for step in steps])


def steps(*batches: bytes) -> list[int]:
    return [r[0] for b in batches for r in msgspec.msgpack.decode(b, type=list[Report])]


@given(count=st.integers(0, 200), limit=st.integers(60, 4000))
def test_the_parts_of_a_batch_are_small_enough_and_are_it(count: int, limit: int) -> None:
    parts = cut(batch(*range(count)), limit)
    assert all(len(part) <= limit for part in parts)
    assert steps(*parts) == list(range(count))


def test_a_report_that_is_larger_than_the_limit_is_refused() -> None:
    with pytest.raises(Undecodable, match="one report takes"):
        cut(batch(1, 2), 12)


@given(st.lists(st.lists(st.integers(0, 10**6), max_size=70), min_size=1))
def test_merged_batches_hold_all_reports_in_order(all_steps: list[list[int]]) -> None:
    whole = merged([batch(*some) for some in all_steps])
    assert steps(check_reports(whole)) == [step for some in all_steps for step in some]


@pytest.mark.parametrize("body", [b"", b"\xc1", batch(1)[:-1], msgspec.msgpack.encode([1, 2])])
def test_what_is_no_batch_is_told_from_one(body: bytes) -> None:
    with pytest.raises(Undecodable):
        check_reports(body)


@given(sizes=st.lists(st.integers(1, 20), min_size=1), every=st.integers(0, 9))
def test_a_gate_lets_every_kth_report_through_and_always_the_newest(
    sizes: list[int], every: int
) -> None:
    gate, out, next_step = Gate(), [], 0
    for size in sizes:
        gate.take(batch(*range(next_step, next_step + size)), every)
        next_step += size
        if (let_out := gate.let_out()) is not None:
            out.append(let_out)
    if (rest := gate.let_out(all_of_it=True)) is not None:
        out.append(rest)
    wanted = list(range(every - 1, next_step, every)) if every else []
    assert steps(*out) == sorted({*wanted, next_step - 1})
