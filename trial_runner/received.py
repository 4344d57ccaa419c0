"""What the process of a slot sent, as its runner passes it on.

What no orchestrator could read is refused here, for it would be sent to one for ever. Pure.
"""

import msgspec

from schema.errors import Undecodable
from schema.messages import RECORDS_BYTES, Final, Report, Revised, Scored
from trial_runner.ending import too_large

Told = Revised | Scored
"""What is told beside reports and the end: what became of a revision, and a part of the scores."""

_reports = msgspec.msgpack.Decoder(list[Report])
_told: msgspec.msgpack.Decoder[Told] = msgspec.msgpack.Decoder(Told)
_finals = msgspec.msgpack.Decoder(Final)
_WRONG = (msgspec.MsgspecError, ValueError, RecursionError)


def check_reports(body: bytes) -> bytes:
    """The msgpack of a ``list[Report]``, itself.

    Raises:
        Undecodable: it is no list of reports.
    """
    try:
        _reports.decode(body)
    except _WRONG as error:
        raise Undecodable(f"not a batch of reports: {error}") from error
    return body


def read_told(body: bytes) -> Told:
    """What became of a revision, or a part of the scores.

    Raises:
        Undecodable: it is neither, or takes more than `RECORDS_BYTES`.
    """
    if len(body) > RECORDS_BYTES:
        raise Undecodable(f"a part of {len(body)} bytes")
    try:
        return _told.decode(body)
    except _WRONG as error:
        raise Undecodable(f"neither the answer to a revision nor scores: {error}") from error


def read_final(body: bytes) -> Final:
    """How the task ended; as a failure where that takes more than `RECORDS_BYTES`.

    Raises:
        Undecodable: it is no result.
    """
    try:
        final = _finals.decode(body)
    except _WRONG as error:
        raise Undecodable(f"not a result: {error}") from error
    return final if len(body) <= RECORDS_BYTES else too_large(final, len(body))
