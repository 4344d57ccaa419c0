"""What clients ask of runners, and want of them."""

from enum import StrEnum

import msgspec

from schema.messages import DeviceHealth, Steer


class Presence(StrEnum):
    """How long ago a runner was heard of."""

    LIVE = "live"
    SUSPECT = "suspect"  # silent for longer than a few heartbeats
    GONE = "gone"  # silent for longer than a lease, or it said goodbye


class Held(msgspec.Struct, frozen=True, kw_only=True):
    """A trial that a runner holds."""

    study: str
    number: int
    attempt: int
    slot: str = ""
    started: float | None = None
    step: int | None = None


class RunnerOverview(msgspec.Struct, frozen=True, kw_only=True):
    """A runner as the orchestrator knows it; ``silent_seconds`` since it was last heard of."""

    name: str
    host: str
    version: str
    slots: int
    offers: tuple[str, ...]
    presence: Presence
    silent_seconds: float
    steer: Steer = Steer.RUN
    draining: bool = False
    degraded: str = ""
    refused: str = ""
    devices: tuple[DeviceHealth, ...] = ()
    held: tuple[Held, ...] = ()


class ListOffers(msgspec.Struct, frozen=True, kw_only=True, tag="list offers"):
    """The objectives that runners offer."""


class ListRunners(msgspec.Struct, frozen=True, kw_only=True, tag="list runners"):
    """A page of the runners that were heard of since the orchestrator started, by name: those that
    come after ``after``."""

    after: str = ""


class SteerRunner(msgspec.Struct, frozen=True, kw_only=True, tag="steer runner"):
    """Let a runner run, drain or stop."""

    runner: str
    steer: Steer
