"""The corpus of this machine: synthesised once, then opened from the user's cache in milliseconds.

`load` is called by every process that trains; the first one to come builds, the others wait for
it.  A corpus appears in the cache whole or not at all.  `python -m examples.wakeword.data` builds
it ahead of time.
"""

import fcntl
import hashlib
import json
import logging
import os
import shutil
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from dataclasses import asdict
from pathlib import Path

from platformdirs import user_cache_path
from rich.console import Console
from rich.progress import Progress

from examples.wakeword.corpus import Corpus, CorpusSpec
from examples.wakeword.speech import NoSpeechSynthesiser, require_espeak

CACHE_VARIABLE = "TRIALMQ_WAKEWORD_CACHE"  # the environment variable that moves the cache
_RECIPE = ("phrases.py", "speech.py", "acoustics.py", "corpus.py", "synthesis.py")

logger = logging.getLogger(__name__)


def cache_folder() -> Path:
    """Where corpora are kept: $TRIALMQ_WAKEWORD_CACHE, else the user's cache directory."""
    chosen = os.environ.get(CACHE_VARIABLE)
    return Path(chosen) if chosen else user_cache_path("trialmq") / "wakeword"


def corpus_folder(spec: CorpusSpec, cache: Path) -> Path:
    """Where the corpus of `spec` is kept; its name changes with the spec and with the recipe."""
    digest = hashlib.sha256(json.dumps(asdict(spec)).encode())
    for name in _RECIPE:
        digest.update(Path(__file__).with_name(name).read_bytes())
    return cache / digest.hexdigest()[:16]


def load(spec: CorpusSpec | None = None, cache: Path | None = None) -> Corpus:
    """Open the corpus, which is built first (about 12 s) if this machine has none.

    Raises `NoSpeechSynthesiser` if it must be built and eSpeak is missing, `RuntimeError` with the
    reason if the synthesis fails.
    """
    spec, cache = spec or CorpusSpec(), cache or cache_folder()
    folder = corpus_folder(spec, cache)
    if not folder.exists():
        require_espeak()
        cache.mkdir(parents=True, exist_ok=True)
        with _locked(folder.with_suffix(".lock")):
            if not folder.exists():
                _build(spec, folder)
    return Corpus.open(folder)


@contextmanager
def _locked(path: Path) -> Iterator[None]:
    """Hold the lock at `path`; the system releases it if the process dies."""
    with path.open("w") as file:
        fcntl.flock(file, fcntl.LOCK_EX)
        yield


def _build(spec: CorpusSpec, folder: Path) -> None:
    """Synthesise in a fresh process, into a folder beside, which is renamed when it is complete."""
    logger.info("synthesising the wake-word corpus into %s", folder)
    partial = folder.with_suffix(".partial")
    shutil.rmtree(partial, ignore_errors=True)  # left by a process that was killed
    command = [sys.executable, "-m", "examples.wakeword.synthesis", json.dumps(asdict(spec))]
    root = str(Path(__file__).parents[2])
    with (
        subprocess.Popen(
            [*command, str(partial)],
            cwd=root,
            stdout=subprocess.PIPE,
            stderr=subprocess.PIPE,
            text=True,
        ) as process,
        Progress(console=Console(stderr=True), transient=True) as bar,
    ):
        task = bar.add_task("speaking the wake-word corpus, once", total=1.0)
        assert process.stdout and process.stderr
        for line in process.stdout:
            bar.update(task, completed=float(line))
        problem = process.stderr.read().strip()
    if process.returncode != 0:
        shutil.rmtree(partial, ignore_errors=True)
        last = problem.splitlines()[-1] if problem else f"exit code {process.returncode}"
        raise RuntimeError(f"the wake-word corpus could not be synthesised: {last}")
    partial.rename(folder)


def main() -> None:
    """Build the corpus if there is none, and say where it lies."""
    spec, cache = CorpusSpec(), cache_folder()
    try:
        load(spec, cache)
    except NoSpeechSynthesiser as error:
        print(error, file=sys.stderr)
        sys.exit(2)
    print(f"the wake-word corpus is in {corpus_folder(spec, cache)}")


if __name__ == "__main__":
    main()
