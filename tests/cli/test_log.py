"""A log line is one line, bounded, without a password, whatever it is made of."""

import json
import logging

import pytest
from hypothesis import given
from hypothesis import strategies as st

from trialmq.cli.log import LONGEST, JsonLines, TextLines, one_line


def record(text: str, level: int = logging.INFO) -> logging.LogRecord:
    """A record as a module of ours would make it."""
    return logging.LogRecord("orchestrator.service.service", level, "", 0, "%s", (text,), None)


def test_news_is_plain_and_a_warning_says_that_it_is_one() -> None:
    assert TextLines().format(record("runner gpu1 arrived"))[8:] == "  runner gpu1 arrived"
    assert TextLines().format(record("x", logging.WARNING)).endswith("  warning: x")


def test_a_json_line_names_its_source() -> None:
    line = json.loads(JsonLines().format(record("runner gpu1 arrived")))
    assert line.keys() == {"at", "level", "from", "text"}
    assert (line["level"], line["from"]) == ("info", "orchestrator.service.service")


@pytest.mark.parametrize(
    "text", ["amqp://alice:secret@host/vhost", "lost amqps://:secret@host", "x://a:secret@h y"]
)
def test_a_password_in_a_url_is_masked(text: str) -> None:
    assert "secret" not in one_line(text)
    assert "host" in one_line(text) or "@h y" in one_line(text)


@given(st.text())
def test_a_line_stays_one_line(text: str) -> None:
    line = one_line(text)
    assert len(line) <= LONGEST + 1
    assert len(line.splitlines()) <= 1
    assert "\x1b" not in line
    assert json.loads(JsonLines().format(record(text)))["text"] == line
