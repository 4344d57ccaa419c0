"""The log of a process that runs for long: calm lines on standard error, for people or machines.

Only the command line configures logging. A line stays one line: control characters are escaped,
what is very long is cut, and what looks like a password in a URL is masked.
"""

import logging
import re
import sys
import time
from enum import StrEnum
from typing import Any

import msgspec

OURS = ("orchestrator", "trial_runner", "schema", "trialmq")
LONGEST = 2_048
_PASSWORD = re.compile(r"(://[^:/@\s]*):[^@/\s]+@")
_CONTROL = {code: f"\\x{code:02x}" for code in (*range(32), *range(127, 160))} | {
    ord("\n"): "\\n",
    ord("\t"): "\\t",
    0x2028: "\\u2028",
    0x2029: "\\u2029",
}


class LogFormat(StrEnum):
    """How a line is written."""

    TEXT = "text"
    JSON = "json"


def configure_log(*, format: LogFormat, quiet: bool = False, debug: bool = False) -> None:
    """From now on log lines go to standard error: news, with ``quiet`` only warnings."""
    handler = logging.StreamHandler(sys.stderr)
    handler.setFormatter(JsonLines() if format is LogFormat.JSON else TextLines())
    logging.basicConfig(handlers=[handler], level=logging.WARNING, force=True)
    level = logging.DEBUG if debug else logging.WARNING if quiet else logging.INFO
    for name in OURS:
        logging.getLogger(name).setLevel(level)


def one_line(text: str) -> str:
    """``text`` as one line without a secret, and not endless."""
    masked = _PASSWORD.sub(r"\1:***@", text).translate(_CONTROL)
    return masked if len(masked) <= LONGEST else f"{masked[:LONGEST]}…"


class TextLines(logging.Formatter):
    """``14:02:11  runner gpu1 arrived``; a warning says that it is one."""

    def format(self, record: logging.LogRecord) -> str:
        """One line; the traceback of an error follows on lines of its own."""
        at = time.strftime("%H:%M:%S", time.localtime(record.created))
        level = "" if record.levelno <= logging.INFO else f"{record.levelname.lower()}: "
        line = f"{at}  {level}{one_line(record.getMessage())}"
        if record.exc_info:
            trace = _PASSWORD.sub(r"\1:***@", self.formatException(record.exc_info))
            return f"{line}\n{trace}"
        return line


class JsonLines(logging.Formatter):
    """``{"at": …, "level": "info", "from": "orchestrator.service.service", "text": …}``."""

    def format(self, record: logging.LogRecord) -> str:
        """One JSON object; ``at`` is in seconds since 1970, as everywhere."""
        line: dict[str, Any] = {
            "at": round(record.created, 3),
            "level": record.levelname.lower(),
            "from": record.name,
            "text": one_line(record.getMessage()),
        }
        if record.exc_info:
            line["traceback"] = one_line(self.formatException(record.exc_info))
        return msgspec.json.encode(line).decode()
