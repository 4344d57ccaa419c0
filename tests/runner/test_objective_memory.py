"""How much memory of a GPU an objective says it needs, and what a lack of memory looks like."""

import os
import sys
from types import SimpleNamespace
from typing import Annotated

import pytest
from hypothesis import given
from hypothesis import strategies as st

import trialmq as tq
from schema.errors import WrongInput
from schema.study import ObjectiveDescription
from trial_runner import torch_support
from trial_runner.byte_size import UNITS, format_bytes, parse_bytes

GIB = 2**30


class Settings(tq.Config):
    """One variable."""

    x: Annotated[float, tq.Range(0.0, 1.0)] = 0.5


def described(gpu_memory: str | int | None) -> ObjectiveDescription:
    @tq.objective(minimize="loss", gpu_memory=gpu_memory)
    def train(config: Settings, trial: tq.Trial) -> float:
        return config.x

    return train.describe("here:train")


@pytest.mark.parametrize(
    ("said", "meant"),
    [("6GiB", 6 * GIB), ("800 MiB", 800 * 2**20), (5 * GIB, 5 * GIB), (None, None)],
)
def test_an_objective_describes_what_it_needs(said: str | int | None, meant: int | None) -> None:
    assert described(said).gpu_memory == meant


@given(st.integers(1, 2**20), st.sampled_from(sorted(UNITS)), st.booleans(), st.booleans())
def test_a_size_is_its_number_times_its_unit(
    number: int, unit: str, apart: bool, small: bool
) -> None:
    text = f"{number}{' ' if apart else ''}{unit.lower() if small else unit}"
    assert parse_bytes(text) == number * UNITS[unit]
    assert parse_bytes(number) == number


@given(st.decimals(0, 1000, places=3), st.sampled_from(["MB", "MiB", "GB", "GiB", "TB", "TiB"]))
def test_a_fraction_of_a_unit_is_exact_to_the_byte(number: object, unit: str) -> None:
    thousandths = int(str(number).replace(".", ""))
    if thousandths * UNITS[unit] >= 1000:
        assert parse_bytes(f"{number}{unit}") == thousandths * UNITS[unit] // 1000


@given(st.integers(1, 2**62))
def test_a_size_as_it_is_shown_reads_as_nearly_as_much_and_never_as_more(size: int) -> None:
    assert 0.9 * size <= parse_bytes(format_bytes(size)) <= size


@given(st.text())
def test_any_text_is_a_size_or_refused(text: str) -> None:
    try:
        assert 1 <= parse_bytes(text) < 2**63
    except WrongInput as refusal:
        assert '"6GiB"' in str(refusal)


@pytest.mark.parametrize(
    "wrong", ["6", "six GiB", "6Gi", "6 gigabytes", "-6GiB", "0GiB", "", "1e9B", 0, -1, True, 1.5]
)
def test_what_reads_otherwise_is_refused_with_the_form(wrong: str | int) -> None:
    with pytest.raises(WrongInput, match="write it as"):
        described(wrong)


@pytest.mark.parametrize("wrong", ["9999999TiB", 2**63])
def test_more_than_can_be_stored_is_refused(wrong: str | int) -> None:
    with pytest.raises(WrongInput, match="write it as"):
        parse_bytes(wrong)


@pytest.mark.parametrize(
    ("size", "shown"), [(6 * GIB, "6 GiB"), (999, "999 B"), (6 * GIB - 1, "5.9 GiB")]
)
def test_sizes_are_shown_in_binary_units(size: int, shown: str) -> None:
    assert format_bytes(size) == shown


# ------------------------------------------------------------------ torch


def test_torch_without_memory_of_the_host_is_out_of_memory() -> None:
    torch = pytest.importorskip("torch")
    with pytest.raises(RuntimeError) as caught:
        torch.empty(2**50)
    assert torch_support.out_of_memory(caught.value)


@pytest.mark.parametrize(
    ("message", "memory"),
    [
        ("CUDA error: out of memory\nCUDA kernel errors might be asynchronously reported", True),
        ("CUDA error: CUBLAS_STATUS_ALLOC_FAILED when calling `cublasCreate(handle)`", True),
        ("CUDA error: device-side assert triggered", False),
        ("mat1 and mat2 shapes cannot be multiplied (2x3 and 2x3)", False),
    ],
)
def test_a_general_error_of_cuda_is_told_apart_by_its_words(message: str, memory: bool) -> None:
    pytest.importorskip("torch")
    assert torch_support.out_of_memory(RuntimeError(message)) is memory
    assert not torch_support.out_of_memory(ValueError(message))


@pytest.mark.parametrize("counted", [True, False])
def test_a_process_that_counted_gpus_is_not_to_be_forked(
    counted: bool, monkeypatch: pytest.MonkeyPatch
) -> None:
    """torch says so to children alone; this one stands in for a build with CUDA."""
    parent = os.getpid()
    cuda = SimpleNamespace(
        is_initialized=lambda: False, _is_in_bad_fork=lambda: counted and os.getpid() != parent
    )
    backends = SimpleNamespace(cuda=SimpleNamespace(is_built=lambda: True))
    monkeypatch.setitem(sys.modules, "torch", SimpleNamespace(cuda=cuda, backends=backends))
    assert torch_support.cuda_initialised() is counted
