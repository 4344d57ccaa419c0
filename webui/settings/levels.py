"""What each aggressiveness means in numbers for a study, and what it would have saved. Pure."""

from collections.abc import Iterable, Mapping
from typing import Any

from schema.commands.insight import PrunerLevel, Pruners, Replay, Replayed
from schema.figures import measured, shown_value
from schema.pruning import Aggressiveness

Row = dict[str, Any]
TOPS = (1, 3, 10)
UNKNOWN = "–"


def level_rows(pruners: Pruners, pruner: str) -> list[Row]:
    """A row a number behind ``pruner``, with its value at each level and what it does."""
    levels = _levels(pruners.levels, pruner)
    names = list(dict.fromkeys(name for level in levels.values() for name in level.numbers))
    return [
        {
            "number": name,
            **{word: _number(level, name) for word, level in levels.items()},
            "what": pruners.phrases.get(name, ""),
        }
        for name in names
    ]


def why_not(pruners: Pruners, pruner: str) -> str:
    """Why the numbers of a pruner are not known; empty where they are."""
    return next((level.because for level in _levels(pruners.levels, pruner).values()), "")


def saved(replay: Replay) -> list[Row]:
    """A row a pruner and level: what it would have saved of the complete trials, and lost."""
    return [_saved(replay, row) for row in replay.replayed]


def remark(replay: Replay) -> str:
    """What to know when reading the table."""
    said = (
        f"{replay.complete} complete trials with {replay.steps:,} reports of {replay.metric}, "
        "reported once more to each. Only trials that ran to their end count: they are the truth "
        "that is known."
    )
    if replay.pruned:
        said += f" {replay.pruned} were pruned when the study ran, and their ends are not known."
    return said


def _saved(replay: Replay, row: Replayed) -> Row:
    share = row.steps_saved / replay.steps if replay.steps else 0.0
    return {
        "pruner": row.pruner,
        "level": str(row.aggressiveness),
        "ended": row.pruned,
        "saved": f"{share:.0%}",
        **{f"top{top}": row.lost.get(top, UNKNOWN) for top in TOPS},
        "best": UNKNOWN if row.best is None else measured(row.best),
    }


def _levels(levels: Iterable[PrunerLevel], pruner: str) -> Mapping[str, PrunerLevel]:
    return {
        str(level.aggressiveness): level
        for level in levels
        if level.pruner == pruner and level.aggressiveness is not Aggressiveness.OFF
    }


def _number(level: PrunerLevel, name: str) -> str:
    return shown_value(level.numbers[name]) if name in level.numbers else UNKNOWN
