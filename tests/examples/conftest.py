"""A corpus small enough for tests, yet really spoken."""

from pathlib import Path

import pytest

from examples.wakeword.corpus import Corpus, CorpusSpec
from examples.wakeword.data import load

TINY = CorpusSpec(
    training_clips=48,
    validation_clips=32,
    test_clips=32,
    stream_seconds=35.0,
    noise_seconds=3.0,
)
SMALLEST = CorpusSpec(
    training_clips=4,
    validation_clips=4,
    test_clips=4,
    stream_seconds=8.0,
    noise_seconds=3.0,
)


@pytest.fixture(scope="session")
def corpus(tiny_cache: Path) -> Corpus:
    """The tiny corpus."""
    return load(TINY, tiny_cache)
