"""What is said and by whom, in each of the three splits.

One wake phrase, near misses that share its sounds, and other sentences.  A voice is an eSpeak
accent with a variant (the timbre).  No variant is shared between splits, so validation and test
are always spoken by strangers; they also hear near misses, sentences, accents, rates and pitches
that training never does.
"""

from dataclasses import dataclass
from enum import StrEnum

WAKE_PHRASE = "hey computer"


class Split(StrEnum):
    """Which part of the experiment a recording belongs to."""

    TRAINING = "training"
    VALIDATION = "validation"
    TEST = "test"


@dataclass(frozen=True, kw_only=True)
class Script:
    """Everything that may be said in one split."""

    near_misses: tuple[str, ...]
    others: tuple[str, ...]
    accents: tuple[str, ...]
    variants: tuple[str, ...]
    words_per_minute: tuple[int, int]  # slowest and fastest, both included
    pitch: tuple[int, int]  # 0 to 100 as eSpeak counts, both included
    wake_share: float  # of the clips, how many say the wake phrase
    near_miss_share: float  # of the clips, how many say a near miss


def _listed(text: str) -> tuple[str, ...]:
    return tuple(" ".join(item.split()) for item in text.split(","))


_NEAR_MISSES = _listed("""
    hey commuter, a computer, hey peter, compute her, okay computer, they compute, hey commander,
    hay compiler, new computer, hey company, he commuted, say computer, hey, computer,
    hey competitor, hey compute""")
_UNHEARD_NEAR_MISSES = _listed("""
    hey customer, grey commuter, hey come here peter, hey conductor, a competitor, my computer,
    hey trumpeter""")
_OTHERS = _listed("""
    turn on the lights, what time is it, play some music, open the window please, good morning,
    set a timer for ten minutes, call my mother, the weather is cold today, where are my keys, stop,
    yes, no thank you, volume up, send a message to peter, he came home at five, read me the news,
    is dinner ready, we should go now, add milk to the list, never mind, i put it in the car,
    the train leaves at noon, how far is it, close the door""")
_UNHEARD_OTHERS = _listed("""
    remind me tomorrow, the committee met on sunday, who is at the door, turn it down, hello there,
    a cup of tea please, when does the shop open, they paid for the tickets, hang up the phone,
    it started to rain, maybe later, the meeting is at two, put the book on the table,
    i am going to bed, next song, how old are you""")

BABBLE = _OTHERS  # what the crowd in the background says, in every split

SCRIPTS = {
    Split.TRAINING: Script(
        near_misses=_NEAR_MISSES,
        others=_OTHERS,
        accents=_listed("en-us, en, en-gb-x-rp"),
        variants=_listed("""m1, m3, m6, m7, f1, f3, Alex, Annie, Gene, Lee, Michael, belinda, john,
            shelby, max, anika, edward, travis, rob, marcelo"""),
        words_per_minute=(140, 210),
        pitch=(25, 75),
        wake_share=0.30,
        near_miss_share=0.45,
    ),
    Split.VALIDATION: Script(
        near_misses=_NEAR_MISSES + _UNHEARD_NEAR_MISSES,
        others=_UNHEARD_OTHERS,
        accents=_listed("en-us, en, en-gb-x-rp, en-029, en-gb-x-gbclan"),
        variants=_listed("""m2, m5, f2, f4, Andy, Hugo, Mario, Alicia, boris, croak, whisperf,
            steph"""),
        words_per_minute=(125, 235),
        pitch=(15, 85),
        wake_share=0.25,
        near_miss_share=0.35,
    ),
    Split.TEST: Script(
        near_misses=_NEAR_MISSES + _UNHEARD_NEAR_MISSES,
        others=_UNHEARD_OTHERS,
        accents=_listed("en-us, en, en-gb-x-rp, en-gb-scotland, en-us-nyc"),
        variants=_listed("""m4, m8, f5, klatt4, whisper, Andrea, Denis, Henrique, Nguyen, aunty,
            grandpa, linda, paul, victor, grandma, quincy"""),
        words_per_minute=(125, 235),
        pitch=(15, 85),
        wake_share=0.25,
        near_miss_share=0.35,
    ),
}
