"""What clients ask so as to understand a study: scores, importance, and what pruners do and would.

They are questions like all in `schema.requests`; none of them changes anything.
"""

import msgspec

from schema.pruning import Aggressiveness

Number = int | float | str


class ScoresPage(msgspec.Struct, frozen=True, kw_only=True):
    """A piece of the encoded `schema.scores.Scores` of a trial, of ``size`` bytes in all; with
    another ``attempt`` they are others."""

    attempt: int
    size: int
    data: bytes


class GetScores(msgspec.Struct, frozen=True, kw_only=True, tag="get scores"):
    """What a trial stored of its validation, from byte ``first`` on, up to `PAGE_BYTES`."""

    study: str
    number: int
    first: int = 0


class Importance(msgspec.Struct, frozen=True, kw_only=True):
    """How much each searched variable has to do with a trial being among the best.

    ``shares`` has for each metric the variables by path, the most important one first; they add up
    to 1. It is nothing where too few ``trials`` are complete, as ``because`` then says.
    """

    study: str
    trials: int
    shares: dict[str, dict[str, float]]
    because: str = ""


class GetImportance(msgspec.Struct, frozen=True, kw_only=True, tag="get importance"):
    """The importance of the variables of a study."""

    study: str


class PrunerLevel(msgspec.Struct, frozen=True, kw_only=True):
    """A pruner, or a rule such as Pareto's, at one aggressiveness, with the numbers behind it.

    Where it cannot do without a number of the user's, ``because`` says which.
    """

    pruner: str
    aggressiveness: Aggressiveness
    numbers: dict[str, Number]
    because: str = ""


class PrunerLine(msgspec.Struct, frozen=True, kw_only=True):
    """Below which value (above, of a metric to minimize) a trial is ended at each step, now.

    ``points`` are (step, value) of ``metric``, by step. Where the pruner draws no line ``because``
    says why.
    """

    metric: str
    points: tuple[tuple[int, float], ...]
    because: str = ""


class Pruners(msgspec.Struct, frozen=True, kw_only=True):
    """The pruners that a study can have, the numbers behind them, and what each number does.

    ``steps`` is how many steps a full trial is taken to report; ``line`` that of the pruner in
    force.
    """

    study: str
    steps: int | None
    levels: tuple[PrunerLevel, ...]
    phrases: dict[str, str]
    line: PrunerLine


class GetPruners(msgspec.Struct, frozen=True, kw_only=True, tag="get pruners"):
    """The pruners of a study, and the line of the one in force."""

    study: str


class Replayed(msgspec.Struct, frozen=True, kw_only=True):
    """What one pruner would have done with the complete trials of a study.

    It would have ended ``pruned`` of them and saved ``steps_saved`` of their steps. ``lost`` says
    how many of the best 1, 3 and 10 it would have ended, ``best`` is the best value left, and
    ``front_lost`` how many trials of the Pareto front it would have ended. ``pruner`` may be a rule
    such as Pareto's.
    """

    pruner: str
    aggressiveness: Aggressiveness
    numbers: dict[str, Number]
    pruned: int
    steps_saved: int
    lost: dict[int, int]
    best: float | None
    front_lost: int = 0


class Replay(msgspec.Struct, frozen=True, kw_only=True):
    """A study replayed through several pruners.

    ``complete`` trials made ``steps`` reports; ``pruned`` others had been ended early, so that
    their ends are not known. ``metric`` is what the best are best in; ``front`` is how many are on
    the Pareto front, 0 with one metric. ``left_out`` says why a pruner could not be asked.
    """

    study: str
    metric: str
    complete: int
    pruned: int
    steps: int
    replayed: list[Replayed]
    left_out: dict[str, str]
    front: int = 0


class GetReplay(msgspec.Struct, frozen=True, kw_only=True, tag="get replay"):
    """What a pruner, or each, would have done at an aggressiveness, or at each, in a study.

    ``parameters`` are numbers of that one ``pruner``.
    """

    study: str
    pruner: str | None = None
    aggressiveness: Aggressiveness | None = None
    parameters: dict[str, Number] = {}
