"""What several folders of tests share."""

import os
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.rabbitmq_node import RabbitMQNode, installed_home


@pytest.fixture(scope="session")
def rabbitmq(tmp_path_factory: pytest.TempPathFactory) -> Iterator[RabbitMQNode]:
    """A RabbitMQ of this process; where the server is not installed the test is skipped, not in CI.

    Each process of pytest-xdist has its own. A test that stops it, or hurts it otherwise, leaves it
    running and sound.
    """
    home = installed_home()
    if home is None:
        reason = "rabbitmq-server is not installed"
        if os.environ.get("CI") == "true":
            pytest.fail(reason)
        pytest.skip(reason)
    with RabbitMQNode(home, tmp_path_factory.mktemp("rabbitmq")) as node:
        yield node


@pytest.fixture(scope="session")
def tiny_cache(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A cache that holds the tiny corpus of the wake-word example."""
    from examples.wakeword.data import load
    from tests.examples.conftest import TINY

    cache = tmp_path_factory.mktemp("wakeword")
    load(TINY, cache)
    return cache
