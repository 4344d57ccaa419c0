"""What an objective hands over as scores of its validation, made into `Scores` that are stored.

Tensors, arrays and lists come in; everything that does not fit together is refused with a sentence.
What would be too much is thinned: streams are cut off, clips are chosen evenly, wanted ones and
others alike.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass
from math import isfinite
from typing import Any

import msgspec

from schema.errors import WrongInput
from schema.scores import (
    SCORES_BYTES,
    ClipScores,
    Roles,
    Scores,
    StreamScores,
    lengths_of,
    levels_of,
)
from schema.space import Space
from schema.values import Value

FRAME_BYTES, CLIP_BYTES, EVENT_BYTES = 2, 5, 19
ROOM_BYTES = SCORES_BYTES - 16 * 1024
"""What frames, clips and events may take, so that names and lengths have their place, too."""


@dataclass(frozen=True, kw_only=True)
class ScoredStream:
    """A stream in which a detector listened all the time.

    Args:
        scores: (frames,) a tensor, an array or numbers.
        hertz: scores a second.
        events: (events, 2) what there is to detect: from when until when, in seconds, firing is
            right.
        start: the second at which the first score is known.
        seconds: how long the stream is; by default as long as its frames.
    """

    scores: Any
    hertz: float
    events: Any = ()
    start: float = 0.0
    seconds: float | None = None


def check_roles(roles: Roles, space: Space, values: dict[str, Value]) -> None:
    """See that the roles name variables that can have them.

    Raises:
        UnknownName: there is no such variable.
        WrongInput: it is of another kind.
    """
    for path in roles.paths().values():
        space.variable(path)
    try:
        roles.decision(values)
    except msgspec.ValidationError as error:
        raise WrongInput(
            f"store_scores: smoothing= wants a whole number of frames, the others numbers: {error}"
        ) from error


def scores_of(roles: Roles, clips: Any, labels: Any, streams: Iterable[ScoredStream]) -> Scores:
    """The scores as they are stored.

    Raises:
        WrongInput: they do not fit together, are not finite, or there are none.
    """
    given = [_clip(clip) for clip in _numbers(clips, "clips")]
    wanted = [bool(label) for label in _numbers(labels, "labels")]
    if len(given) != len(wanted):
        raise WrongInput(f"store_scores: {len(given)} clips, and {len(wanted)} labels for them")
    heard = [(stream, _numbers(stream.scores, "a stream's scores")) for stream in streams]
    lowest, highest = _scale([*given, *(frames for _, frames in heard)])
    room = ROOM_BYTES // 2 if given and heard else ROOM_BYTES
    stored = _streams(heard, lowest, highest, room)
    room = ROOM_BYTES - sum(_stream_bytes(s.frames, s.events) for s in stored)
    return Scores(
        roles=roles,
        lowest=lowest,
        highest=highest,
        clips=_clips(given, wanted, lowest, highest, room) if given else None,
        streams=tuple(stored),
    )


def _numbers(given: Any, what: str) -> list[Any]:
    """A tensor, an array or anything else that can be gone through, as a list."""
    if given is None:
        return []
    try:
        return list(given.tolist() if hasattr(given, "tolist") else given)
    except TypeError as error:
        kind = type(given).__name__
        raise WrongInput(
            f"store_scores: {what} should be a tensor or a list, not {kind}"
        ) from error


def _clip(clip: Any) -> list[float]:
    """The scores of the frames of one clip, of which there may be a single one."""
    if isinstance(clip, int | float):
        return [clip]
    return _numbers(clip.reshape(-1) if hasattr(clip, "reshape") else clip, "a clip")


def _scale(frames: Sequence[Sequence[float]]) -> tuple[float, float]:
    """From 0 to 1, or from the lowest to the highest score where one is outside of that."""
    try:
        finite = all(all(map(isfinite, some)) for some in frames)
    except TypeError as error:
        raise WrongInput(f"store_scores: a score is no number: {error}") from error
    if not finite:
        raise WrongInput("store_scores: a score is NaN or infinite; store none of such a training")
    lowest = min((min(some) for some in frames if some), default=None)
    if lowest is None:
        raise WrongInput("store_scores: there is no score; give clips= and labels=, or streams=")
    highest = max(max(some) for some in frames if some)
    if lowest >= 0 and highest <= 1:
        return 0.0, 1.0
    return float(lowest), float(highest) if highest > lowest else lowest + 1.0


def _streams(
    heard: Sequence[tuple[ScoredStream, list[float]]], lowest: float, highest: float, room: int
) -> list[StreamScores]:
    """The streams, each cut off where there is no room for more of it."""
    stored: list[StreamScores] = []
    for stream, frames in heard:
        if not (stream.hertz > 0 and isfinite(stream.hertz)):
            raise WrongInput(f"store_scores: hertz={stream.hertz}; write how many scores a second")
        seconds = len(frames) / stream.hertz if stream.seconds is None else stream.seconds
        if not seconds > 0:
            raise WrongInput("store_scores: a stream without a frame, or of no length")
        events = _events(stream)
        most = max(0, room // len(heard) - EVENT_BYTES * len(events)) // FRAME_BYTES
        if len(frames) > most:
            frames, seconds = frames[:most], stream.start + most / stream.hertz
            events = [event for event in events if event[1] <= seconds]
        if frames:
            stored.append(
                StreamScores(
                    frames=levels_of(frames, lowest, highest),
                    hertz=float(stream.hertz),
                    seconds=float(seconds),
                    start=float(stream.start),
                    events=tuple(events),
                )
            )
    return stored


def _events(stream: ScoredStream) -> list[tuple[float, float]]:
    try:
        found = msgspec.convert(_numbers(stream.events, "events"), list[tuple[float, float]])
    except msgspec.ValidationError as error:
        raise WrongInput(f"store_scores: events= wants pairs, from and until: {error}") from error
    return sorted(found)


def _clips(
    given: Sequence[list[float]],
    wanted: Sequence[bool],
    lowest: float,
    highest: float,
    room: int,
) -> ClipScores:
    """The clips, evenly chosen where there is no room for all."""
    order = sorted(range(len(given)), key=lambda index: not wanted[index])
    every = 1
    while every <= len(given) and _bytes_of(given[index] for index in order[::every]) > room:
        every += 1
    kept = sorted(order[::every]) if every <= len(given) else []
    return ClipScores(
        wanted=bytes(wanted[index] for index in kept),
        lengths=lengths_of([len(given[index]) for index in kept]),
        frames=levels_of([score for index in kept for score in given[index]], lowest, highest),
        left_out=len(given) - len(kept),
    )


def _bytes_of(clips: Iterable[Sequence[float]]) -> int:
    return sum(CLIP_BYTES + FRAME_BYTES * len(clip) for clip in clips)


def _stream_bytes(frames: bytes, events: Sequence[object]) -> int:
    return len(frames) + EVENT_BYTES * len(events)
