"""What a finished detector scored on validation, stored with its trial, compact and typed.

Scores of labelled clips, and of streams in which a detector listens all the time. They are kept as
numbers of `LEVELS` steps between ``lowest`` and ``highest``, two bytes each, so that a score is
known to within half a step: for scores from 0 to 1 that is 1/120,000, and those with up to four
decimals are exact. `schema.detection` judges any decision on them.
"""

import sys
from array import array
from collections.abc import Mapping, Sequence
from itertools import pairwise

import msgspec

from schema.errors import Undecodable
from schema.values import Value

LEVELS = 60_000
"""Steps from the lowest score to the highest; a multiple of 10,000, so that decimals are met."""

SCORES_BYTES = 4 * 1024 * 1024
"""The scores of one trial take at most so much."""

PART_BYTES = 128 * 1024
"""They travel in parts of this size."""


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """When a detector fires, given a score from each frame.

    It fires when the mean of the last ``smoothing`` scores (of fewer at the beginning) reaches
    ``threshold``, it is armed, and ``cool_down`` seconds have passed since it last fired. Having
    fired, it is armed again once that mean falls below ``low``, by default the level at which it
    fires. Where ``high`` is given the mean has to reach that instead, and the newest score itself
    the ``threshold``.
    """

    threshold: float
    smoothing: int = 1
    high: float | None = None
    low: float | None = None
    cool_down: float = 0.0


class Roles(msgspec.Struct, frozen=True, kw_only=True):
    """Which variables of the configuration are the values of a `Decision`, by path.

    A value without a variable is at its default.
    """

    threshold: str
    smoothing: str | None = None
    high: str | None = None
    low: str | None = None
    cool_down: str | None = None

    def paths(self) -> dict[str, str]:
        """The variables that have a role, by role."""
        named = {role: getattr(self, role) for role in self.__struct_fields__}
        return {role: path for role, path in named.items() if path is not None}

    def decision(self, values: Mapping[str, Value]) -> Decision:
        """The decision that a configuration, flat and complete, stands for."""
        found = {role: values[path] for role, path in self.paths().items()}
        return msgspec.convert(found, Decision)


class ClipScores(msgspec.Struct, frozen=True, kw_only=True):
    """Scores of labelled clips.

    ``wanted`` has a byte for each clip, 1 where there is something to detect, else 0; ``lengths``
    (clips,) of ``uint32`` how many frames each has; ``frames`` the ``uint16`` levels of all clips
    end to end. Little-endian. ``left_out`` is how many clips there were beside these, of which
    nothing is kept because it would have been too much.
    """

    wanted: bytes
    lengths: bytes
    frames: bytes
    left_out: int = 0


class StreamScores(msgspec.Struct, frozen=True, kw_only=True):
    """Scores of a stream: ``frames`` are the ``uint16`` levels, little-endian, ``hertz`` a second.

    The first is known at second ``start``; the stream took ``seconds``. ``events`` are what there
    is to detect: from when until when, in seconds, firing is right.
    """

    frames: bytes
    hertz: float
    seconds: float
    start: float = 0.0
    events: tuple[tuple[float, float], ...] = ()


class Scores(msgspec.Struct, frozen=True, kw_only=True):
    """All that is stored of one trial; at most `SCORES_BYTES`."""

    roles: Roles
    lowest: float = 0.0
    highest: float = 1.0
    clips: ClipScores | None = None
    streams: tuple[StreamScores, ...] = ()

    def level(self, score: float) -> float:
        """Where a score lies between the lowest, 0, and the highest, `LEVELS`."""
        return round((score - self.lowest) / (self.highest - self.lowest) * LEVELS, 6)

    def score(self, level: float) -> float:
        """The score at a level."""
        return self.lowest + level * (self.highest - self.lowest) / LEVELS


def levels_of(scores: Sequence[float], lowest: float, highest: float) -> bytes:
    """Finite scores from ``lowest`` to ``highest`` as levels."""
    scale = LEVELS / (highest - lowest)
    return _bytes(array("H", [int((score - lowest) * scale + 0.5) for score in scores]))


def lengths_of(lengths: Sequence[int]) -> bytes:
    """Whole numbers of 32 bits."""
    return _bytes(array("I", lengths))


def frames_from(data: bytes) -> "array[int]":
    """The levels in ``data``."""
    return _array("H", data)


def clips_from(clips: ClipScores) -> "list[tuple[bool, array[int]]]":
    """Each clip: whether it is wanted, and the levels of its frames."""
    frames = frames_from(clips.frames)
    ends = [0]
    for length in _array("I", clips.lengths):
        ends.append(ends[-1] + length)
    cut = [frames[start:end] for start, end in pairwise(ends)]
    return list(zip(map(bool, clips.wanted), cut, strict=True))


_decoder = msgspec.msgpack.Decoder(Scores)


def encode_scores(scores: Scores) -> bytes:
    """The scores as msgpack."""
    return msgspec.msgpack.encode(scores)


def decode_scores(data: bytes) -> Scores:
    """The scores in ``data``.

    Raises:
        Undecodable: it holds none, or some that do not fit together.
    """
    try:
        scores = _decoder.decode(data)
    except (msgspec.MsgspecError, ValueError, RecursionError) as error:
        raise Undecodable(f"no scores: {error}") from error
    if why := _flaw(scores):
        raise Undecodable(f"no scores: {why}")
    return scores


def _flaw(scores: Scores) -> str:
    """What does not fit together; mostly empty."""
    if not scores.lowest < scores.highest:
        return "the lowest is not below the highest"
    if (clips := scores.clips) is not None:
        if len(clips.lengths) != 4 * len(clips.wanted):
            return "not every clip has a label and a length"
        if len(clips.frames) != 2 * sum(_array("I", clips.lengths)):
            return "the clips have not as many frames as they say"
    for stream in scores.streams:
        if len(stream.frames) % 2 or not (stream.hertz > 0 and stream.seconds > 0):
            return "a stream has half a frame, or no length"
    return ""


def _bytes(numbers: "array[int]") -> bytes:
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers.tobytes()


def _array(kind: str, data: bytes) -> "array[int]":
    numbers: array[int] = array(kind)
    numbers.frombytes(data)
    if sys.byteorder == "big":
        numbers.byteswap()
    return numbers
