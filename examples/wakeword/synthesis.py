"""Makes the corpus: every clip and stream is spoken, put in a room and mixed, in one fixed order.

`python -m examples.wakeword.synthesis SPEC FOLDER` reads the spec as JSON, writes the corpus to
the folder and prints the share that is done, line by line.  It runs as a process of its own
because eSpeak repeats itself only in a fresh one; `data.py` starts it.
"""

import json
import sys
from collections.abc import Callable
from pathlib import Path

import numpy as np

from examples.wakeword.acoustics import (
    CLIP_SAMPLES,
    SAMPLE_RATE,
    Wave,
    add_noise,
    in_a_room,
    steady_noises,
    to_pcm,
)
from examples.wakeword.corpus import Corpus, CorpusSpec, Recordings, Utterances
from examples.wakeword.phrases import BABBLE, SCRIPTS, WAKE_PHRASE, Split
from examples.wakeword.speech import Speaker

_LONGEST = CLIP_SAMPLES - 800  # an utterance in a clip, so that it has 50 ms to move in
_STREAM_SHARES = (0.15, 0.30)  # wake phrases and near misses among what is said in a stream

Progress = Callable[[float], None]  # called with the seconds of audio made since the last call


class Studio:
    """Everything one split needs: its script, its random numbers and its noises.

    Every draw comes from one generator, in a fixed order, so nothing here may be reordered or made
    conditional without changing all the speech that follows.
    """

    def __init__(
        self, speaker: Speaker, split: Split, spec: CorpusSpec, progress: Progress
    ) -> None:
        self.script = SCRIPTS[split]
        self.rng = np.random.default_rng([spec.seed, list(Split).index(split)])
        self._speaker = speaker
        self._spec = spec
        self._clips = spec.clips(split)
        self._progress = progress
        self.noises = self._make_noises()

    def _make_noises(self) -> Wave:
        """White, pink, hum, and the babble of the split's own voices; (4, samples), unit power."""
        samples = int(self._spec.noise_seconds * SAMPLE_RATE)
        noises = steady_noises(samples, self.rng)
        babble = np.zeros(samples)
        for _ in range(int(self._spec.noise_seconds * 4)):
            wave, _voice = self._speak(str(self.rng.choice(BABBLE)))
            start = int(self.rng.integers(0, samples - len(wave)))
            babble[start : start + len(wave)] += wave * self.rng.uniform(0.3, 1.0)
        self._progress(self._spec.noise_seconds)
        return np.stack([noise / noise.std() for noise in (*noises, babble)]).astype(np.float32)

    def _speak(self, text: str) -> tuple[Wave, str]:
        """Say `text` with a random voice of the split; return the wave and the variant's name."""
        rng, script = self.rng, self.script
        accent, variant = str(rng.choice(script.accents)), str(rng.choice(script.variants))
        wave = self._speaker.say(
            text,
            f"{accent}+{variant}",
            rate=int(rng.integers(*script.words_per_minute, endpoint=True)),
            pitch=int(rng.integers(*script.pitch, endpoint=True)),
            spread=int(rng.integers(20, 81)),
            seed=int(rng.integers(1, 2**31 - 1)),
        )
        return wave, variant

    def _choose_text(self, wake_share: float, near_miss_share: float) -> str:
        chance = self.rng.random()
        if chance < wake_share:
            return WAKE_PHRASE
        near = chance < wake_share + near_miss_share
        return str(self.rng.choice(self.script.near_misses if near else self.script.others))

    def _record(self) -> tuple[Wave, int, str, str]:
        """One utterance for a clip: the wave, where it starts, what is said, who says it."""
        rng, script = self.rng, self.script
        text = self._choose_text(script.wake_share, script.near_miss_share)
        dry, voice = self._speak(text)
        wave = in_a_room(dry, rng)
        if len(wave) > _LONGEST:
            cut = int(rng.integers(0, len(wave) - _LONGEST + 1)) if text != WAKE_PHRASE else 0
            wave = wave[cut : cut + _LONGEST]
        wave *= rng.uniform(0.15, 0.8)
        place = int(rng.integers(0, CLIP_SAMPLES - len(wave)))
        self._progress(CLIP_SAMPLES / SAMPLE_RATE)
        return wave, place, text, voice

    def _with_noise(self, wave: Wave, speech: Wave) -> Wave:
        """Add noise to `wave`, at a random level below that of the `speech` in it."""
        snr_db = self.rng.uniform(*self._spec.snr_db)
        power = float((speech**2).mean())
        return add_noise(wave, self.noises, self.rng, speech_power=power, snr_db=snr_db)

    def training(self) -> Utterances:
        """Clean utterances, ready to be mixed on the fly."""
        records = [self._record() for _ in range(self._clips)]
        waves, places, texts, voices = zip(*records, strict=True)
        lengths = np.array([len(wave) for wave in waves])
        return Utterances(
            audio=np.concatenate([to_pcm(wave) for wave in waves]),
            start=np.cumsum(lengths) - lengths,
            length=lengths,
            place=np.array(places),
            wake=np.array(texts) == WAKE_PHRASE,
            text=np.array(texts),
            voice=np.array(voices),
            noises=to_pcm(self.noises / 2),
        )

    def recordings(self) -> Recordings:
        """Fixed clips, then the stream."""
        clips = np.zeros((self._clips, CLIP_SAMPLES), np.int16)
        texts, voices = [], []
        for clip in clips:
            speech, place, text, voice = self._record()
            wave = np.zeros(CLIP_SAMPLES, np.float32)
            wave[place : place + len(speech)] = speech
            clip[:] = to_pcm(self._with_noise(wave, speech))
            texts.append(text)
            voices.append(voice)
        stream, stream_voices, wake_times = self._stream()
        return Recordings(
            clips=clips,
            wake=np.array(texts) == WAKE_PHRASE,
            text=np.array(texts),
            voice=np.array(voices),
            stream=to_pcm(stream),
            stream_voice=np.array(stream_voices),
            wake_times=np.array(wake_times).reshape(-1, 2),
        )

    def _stream(self) -> tuple[Wave, list[str], list[tuple[float, float]]]:
        """Utterances with pauses of 0.3 to 2.5 s; returns also the voices and the wake times."""
        rng = self.rng
        stream = np.zeros(int(self._spec.stream_seconds * SAMPLE_RATE), np.float32)
        voices: list[str] = []
        wake_times: list[tuple[float, float]] = []
        start = SAMPLE_RATE
        while True:
            text = self._choose_text(*_STREAM_SHARES)
            dry, voice = self._speak(text)
            speech = in_a_room(dry, rng) * np.float32(rng.uniform(0.15, 0.8))
            end = start + len(speech)
            if end + 2 * SAMPLE_RATE > len(stream):
                break
            stream[start:end] += speech
            noisy = slice(start - SAMPLE_RATE // 4, end + SAMPLE_RATE // 4)
            stream[noisy] = self._with_noise(stream[noisy], speech)
            voices.append(voice)
            if text == WAKE_PHRASE:
                wake_times.append((start / SAMPLE_RATE, end / SAMPLE_RATE))
            pause = int(rng.uniform(0.3, 2.5) * SAMPLE_RATE)
            self._progress((len(speech) + pause) / SAMPLE_RATE)
            start = end + pause
        pink = self.noises[1]
        stream += np.resize(pink, len(stream)) * np.float32(0.004)
        return stream, voices, wake_times


def synthesise(spec: CorpusSpec, progress: Progress) -> Corpus:
    """Speak the whole corpus.  It is repeatable only as the first synthesis of a process."""
    speaker = Speaker()
    return Corpus(
        training=Studio(speaker, Split.TRAINING, spec, progress).training(),
        validation=Studio(speaker, Split.VALIDATION, spec, progress).recordings(),
        test=Studio(speaker, Split.TEST, spec, progress).recordings(),
    )


def main() -> None:
    """Make the corpus that the command line describes; print the share done after each second."""
    spec = CorpusSpec(**json.loads(sys.argv[1]))
    clips = sum(spec.clips(split) for split in Split)
    total = clips * CLIP_SAMPLES / SAMPLE_RATE + 2 * spec.stream_seconds + 3 * spec.noise_seconds
    done = 0.0

    def show(seconds: float) -> None:
        nonlocal done
        done += seconds
        print(min(1.0, done / total), flush=True)

    synthesise(spec, show).save(Path(sys.argv[2]))


if __name__ == "__main__":
    main()
