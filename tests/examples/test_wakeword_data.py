"""The corpus: repeatable, split by voice, built once, and clear about a missing wheel."""

import dataclasses
import pickle
import subprocess
import sys
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path

import numpy as np
import pytest

from examples.wakeword.acoustics import from_pcm
from examples.wakeword.corpus import Corpus, CorpusSpec
from examples.wakeword.data import CACHE_VARIABLE, cache_folder, corpus_folder, load
from examples.wakeword.phrases import SCRIPTS, WAKE_PHRASE, Split
from examples.wakeword.speech import NoSpeechSynthesiser
from tests.examples.conftest import SMALLEST, TINY


def files_of(folder: Path) -> dict[str, bytes]:
    return {
        str(file.relative_to(folder)): file.read_bytes() for file in sorted(folder.rglob("*.npy"))
    }


def test_two_fresh_processes_speak_the_same_bytes(tiny_cache: Path, tmp_path: Path) -> None:
    load(TINY, tmp_path)
    first, second = (
        files_of(corpus_folder(TINY, tiny_cache)),
        files_of(corpus_folder(TINY, tmp_path)),
    )
    assert len(first) == 22
    assert first == second


def test_another_seed_speaks_otherwise(corpus: Corpus, tmp_path: Path) -> None:
    spec = dataclasses.replace(SMALLEST, seed=8)
    other = load(spec, tmp_path)
    assert not np.array_equal(other.validation.clips, corpus.validation.clips[:4])


def test_no_voice_is_heard_in_two_splits(corpus: Corpus) -> None:
    recorded = {
        Split.TRAINING: set(corpus.training.voice),
        Split.VALIDATION: {*corpus.validation.voice, *corpus.validation.stream_voice},
        Split.TEST: {*corpus.test.voice, *corpus.test.stream_voice},
    }
    for split, voices in recorded.items():
        assert len(voices) > 5
        assert voices <= set(SCRIPTS[split].variants)
    assert [len(SCRIPTS[split].variants) for split in Split] == [20, 12, 16]
    assert len(set().union(*(SCRIPTS[split].variants for split in Split))) == 48


def test_training_never_hears_the_sentences_and_near_misses_of_the_other_splits(
    corpus: Corpus,
) -> None:
    training = SCRIPTS[Split.TRAINING]
    allowed = {WAKE_PHRASE, *training.near_misses, *training.others}
    assert set(corpus.training.text) <= allowed
    for split in (Split.VALIDATION, Split.TEST):
        assert not set(SCRIPTS[split].others) & allowed
        assert len(set(SCRIPTS[split].near_misses) - allowed) == 7


def test_labels_say_where_the_wake_phrase_is(corpus: Corpus) -> None:
    for recordings in (corpus.training, corpus.validation, corpus.test):
        assert np.array_equal(recordings.wake, recordings.text == WAKE_PHRASE)
        assert 0 < recordings.wake.sum() < len(recordings.wake)
    stream = from_pcm(corpus.test.stream)
    assert len(corpus.test.wake_times) > 0
    for start, end in corpus.test.wake_times:
        assert 0.3 < end - start < 2.0
        spoken = stream[int(start * 16_000) : int(end * 16_000)]
        noise_before = stream[int((start - 0.2) * 16_000) : int(start * 16_000)]
        assert spoken.std() > 1.3 * noise_before.std()


def test_the_corpus_cannot_be_written_to(corpus: Corpus) -> None:
    with pytest.raises(ValueError, match="read-only"):
        corpus.training.audio[0] = 1


def test_two_that_come_at_once_build_it_once(tmp_path: Path) -> None:
    with ThreadPoolExecutor(2) as pool:  # a second building would find the corpus in its place
        both = list(pool.map(load, [SMALLEST, SMALLEST], [tmp_path, tmp_path]))
    assert np.array_equal(both[0].test.clips, both[1].test.clips)


def test_a_synthesis_that_was_killed_leaves_no_corpus_behind(tmp_path: Path) -> None:
    folder = corpus_folder(SMALLEST, tmp_path)
    left_over = folder.with_suffix(".partial") / "training"
    left_over.mkdir(parents=True)
    (left_over / "audio.npy").write_bytes(b"half")
    assert len(load(SMALLEST, tmp_path).training.wake) == 4
    assert not left_over.exists()


def test_a_synthesis_that_fails_says_why_and_can_be_tried_again(tmp_path: Path) -> None:
    impossible = CorpusSpec(training_clips=2, noise_seconds=0.1)
    with pytest.raises(RuntimeError, match="could not be synthesised: ValueError"):
        load(impossible, tmp_path)
    assert not corpus_folder(impossible, tmp_path).exists()
    assert not corpus_folder(impossible, tmp_path).with_suffix(".partial").exists()


def test_the_recipe_decides_where_a_corpus_lies(tmp_path: Path) -> None:
    assert corpus_folder(SMALLEST, tmp_path) == corpus_folder(SMALLEST, tmp_path)
    assert corpus_folder(SMALLEST, tmp_path) != corpus_folder(CorpusSpec(), tmp_path)


def test_an_environment_variable_moves_the_cache(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setenv(CACHE_VARIABLE, str(tmp_path))
    assert cache_folder() == tmp_path


def test_a_missing_wheel_is_one_sentence_with_the_command(
    monkeypatch: pytest.MonkeyPatch, tmp_path: Path
) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    with pytest.raises(NoSpeechSynthesiser, match="run `pip install espeakng-loader`") as raised:
        load(TINY, tmp_path)
    assert "\n" not in str(raised.value)
    assert str(pickle.loads(pickle.dumps(raised.value))) == str(raised.value)


def test_a_corpus_that_exists_needs_no_wheel(
    monkeypatch: pytest.MonkeyPatch, tiny_cache: Path
) -> None:
    monkeypatch.setitem(sys.modules, "espeakng_loader", None)
    assert len(load(TINY, tiny_cache).training.wake) == 48


def test_building_the_corpus_imports_no_torch() -> None:
    code = "import sys, examples.wakeword.data; assert 'torch' not in sys.modules"
    subprocess.run([sys.executable, "-c", code], check=True)
