"""What a command found out, such as the summary of a run, as a JSON file; ``-`` is standard output.

Whether it can be written is checked before the work, and it is there as a whole or not at all.
"""

import os
import sys
from pathlib import Path

import msgspec

from schema.errors import WrongInput

STDOUT = "-"


def check_json_file(target: str) -> None:
    """See that ``target`` can be written.

    Raises:
        WrongInput: it cannot.
    """
    if target == STDOUT:
        return
    path = Path(target)
    if path.is_dir():
        raise WrongInput(f"--json {target}: it is a directory; write the path of a file")
    if not path.parent.is_dir():
        raise WrongInput(f"--json {target}: there is no directory {path.parent}")
    if not os.access(path.parent, os.W_OK) or (path.exists() and not os.access(path, os.W_OK)):
        raise WrongInput(f"--json {target}: it cannot be written, no permission")


def write_json_file(target: str, found: msgspec.Struct) -> None:
    """Write ``found``; NaN and the infinities become null.

    Raises:
        WrongInput: it cannot be written any more.
    """
    text = msgspec.json.format(msgspec.json.encode(found), indent=2) + b"\n"
    if target == STDOUT:
        sys.stdout.write(text.decode())
        return
    path = Path(target)
    beside = path.with_name(f".{path.name}.{os.getpid()}")
    try:
        beside.write_bytes(text)
        beside.replace(path)
    except OSError as error:
        beside.unlink(missing_ok=True)
        raise WrongInput(f"--json {target}: {error.strerror or error}") from error
