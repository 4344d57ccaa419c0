"""Which devices a runner trains on, by name, by slots, and by what CUDA_VISIBLE_DEVICES leaves."""

import pytest

from schema.errors import WrongInput
from tests.runner.fake_driver import Chip, FakeDriver, instance
from trial_runner.devices import Device, choose_devices
from trial_runner.host import cores

A, B, C = "GPU-aaaa-1", "GPU-aabb-2", "GPU-cccc-3"
M0, M1 = "MIG-1111", "MIG-1122"


@pytest.fixture(autouse=True)
def nothing_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.delenv("CUDA_VISIBLE_DEVICES", raising=False)


def two_gpus() -> FakeDriver:
    return FakeDriver([Chip(A), Chip(B)])


def a_gpu_and_one_in_mig_mode() -> FakeDriver:
    split = Chip(C, mig=True, instances={0: instance(M0), 3: instance(M1)})
    return FakeDriver([Chip(A, mig=None), split])


def uuids(devices: list[Device]) -> list[str]:
    return [device.uuid for device in devices]


def test_without_a_driver_the_slots_share_the_cores() -> None:
    none = FakeDriver(loaded=False)
    assert choose_devices(nvml=none) == [Device(name="cpu")] * cores()
    [one] = choose_devices(1, nvml=none)
    assert one == Device(name="cpu", threads=cores())
    assert len(choose_devices(3 * cores(), nvml=none)) == 3 * cores()


def test_each_gpu_is_a_slot_of_its_own_name() -> None:
    first, second = choose_devices(nvml=two_gpus())
    assert (first.name, first.uuid) == ("NVIDIA H200 0", A)
    assert (second.name, second.uuid) == ("NVIDIA H200 1", B)
    assert second.environment() == {"CUDA_VISIBLE_DEVICES": B}
    assert second.torch_name == "cuda:0"


def test_a_driver_that_gives_bytes_is_understood() -> None:
    driver = two_gpus()
    driver.as_bytes = True
    assert choose_devices(nvml=driver) == choose_devices(nvml=two_gpus())


def test_the_driver_is_let_go_of() -> None:
    driver = two_gpus()
    choose_devices(nvml=driver)
    assert driver.users == 0


def test_slots_take_the_gpus_in_turn() -> None:
    assert uuids(choose_devices(3, nvml=two_gpus())) == [A, B, A]
    assert uuids(choose_devices(slots_per_device=2, nvml=two_gpus())) == [A, B, A, B]
    assert uuids(choose_devices(1, nvml=two_gpus())) == [A]


def test_slots_share_the_cores_whatever_they_train_on() -> None:
    threads = [d.threads for d in choose_devices(slots_per_device=2, nvml=two_gpus())]
    assert threads == [max(1, cores() // 4)] * 4


@pytest.mark.parametrize(
    ("names", "chosen"),
    [
        (["0"], [A]),
        (["1", "0"], [B, A]),
        (["1,0"], [B, A]),
        (["GPU-aab"], [B]),
        ([A, "0"], [A]),
        (["cpu"], [""] * cores()),
    ],
)
def test_devices_are_chosen_by_index_or_by_the_start_of_the_uuid(
    names: list[str], chosen: list[str]
) -> None:
    assert uuids(choose_devices(names=names, nvml=two_gpus())) == chosen


def test_the_instances_of_a_gpu_in_mig_mode_are_the_devices() -> None:
    driver = a_gpu_and_one_in_mig_mode()
    devices = choose_devices(nvml=driver)
    assert uuids(devices) == [A, M0, M1]
    assert devices[2].name == "NVIDIA H200 MIG 1g.10gb 1:3"
    assert devices[2].environment() == {"CUDA_VISIBLE_DEVICES": M1}


@pytest.mark.parametrize(
    ("name", "chosen"), [("1", [M0, M1]), ("1:3", [M1]), ("MIG-112", [M1]), ("GPU-cc", [M0, M1])]
)
def test_an_instance_is_chosen_alone_or_with_its_whole_gpu(name: str, chosen: list[str]) -> None:
    assert uuids(choose_devices(names=[name], nvml=a_gpu_and_one_in_mig_mode())) == chosen


def test_a_gpu_that_is_lost_is_not_there_and_the_others_are() -> None:
    driver = two_gpus()
    driver.chips[0].lost = True
    assert uuids(choose_devices(nvml=driver)) == [B]
    with pytest.raises(WrongInput, match="there is no device '0'"):
        choose_devices(names=["0"], nvml=driver)


@pytest.mark.parametrize(
    ("value", "left"),
    [
        ("1", [B]),
        ("1,0", [B, A]),
        (f"{B}", [B]),
        ("GPU-aab", [B]),
        ("0, 1", [A, B]),
        ("1,-1,0", [B]),  # CUDA reads up to what is no device
        ("1,GPU-aa,0", [B]),  # the start of two
        ("0,0", [A]),
    ],
)
def test_what_cuda_visible_devices_leaves_is_there(
    value: str, left: list[str], monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert uuids(choose_devices(nvml=two_gpus())) == left


@pytest.mark.parametrize("value", ["", "-1", "NoDevFiles"])
def test_where_it_leaves_nothing_the_cpu_is_left(
    value: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", value)
    assert set(uuids(choose_devices(nvml=two_gpus()))) == {""}


def test_a_hidden_device_is_said_to_be_hidden(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setenv("CUDA_VISIBLE_DEVICES", "1")
    with pytest.raises(WrongInput, match="'0' is hidden by CUDA_VISIBLE_DEVICES='1'"):
        choose_devices(names=["0"], nvml=two_gpus())


def test_an_unknown_device_is_answered_with_those_there_are() -> None:
    with pytest.raises(WrongInput) as caught:
        choose_devices(names=["7"], nvml=two_gpus())
    assert str(caught.value) == (
        f"there is no device '7'; here are cpu, 0 (NVIDIA H200, {A}), 1 (NVIDIA H200, {B})"
    )


@pytest.mark.parametrize(
    ("arguments", "sentence"),
    [
        ({"names": ["GPU-aa"]}, f"the start of several: {A}, {B}"),
        ({"names": ["cpu", "0"]}, "another runner"),
        ({"slots": 0}, "0 slots: it should be at least 1"),
        ({"slots_per_device": 0}, "0 slots per device: it should be at least 1"),
        ({"slots": 2, "slots_per_device": 2}, "not both"),
        ({"names": ["cpu"], "slots_per_device": 2}, "that is for GPUs"),
    ],
)
def test_what_contradicts_itself_is_refused(arguments: dict[str, object], sentence: str) -> None:
    with pytest.raises(WrongInput, match=sentence):
        choose_devices(**arguments, nvml=two_gpus())  # type: ignore[arg-type]
