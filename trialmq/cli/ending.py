"""What a run says when it is over: the best configuration, the time saved, and what to do next."""

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Console, Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from orchestrator.reading.summary import best_of
from schema.durations import shown_duration
from schema.figures import counted, shown_metrics
from schema.growing import as_used
from schema.results import Progress, Regret, TrialResult
from schema.trial import TrialState
from trialmq.cli.configuration import configuration_table
from trialmq.cli.front import front_sentence, front_table
from trialmq.cli.options import Common
from trialmq.cli.terminal import STATE_STYLE
from trialmq.sweep_result import SweepResult


@dataclass(frozen=True, slots=True, kw_only=True)
class Ending:
    """The end of one run.

    ``first`` is how the study stood at its start, ``command`` the words after ``trialmq`` that
    began it.
    """

    result: SweepResult
    first: Progress | None
    command: Sequence[str]
    common: Common

    def interrupted(self) -> str:
        """The one sentence after Ctrl-C."""
        limit = self.result.spec.settings.limits.trials
        of = "" if limit is None else f" of {limit}"
        done = f"{self._ended}{of} trials are done, none is lost"
        return f"interrupted: {done}; go on with: {written_command(self._again())}"

    def problem(self) -> str:
        """Why the run was of no use; empty when it was of some."""
        name = self.result.spec.name
        if because := self.result.broken_because:
            look = written_command(["show", name, str(self._failed()), *self.common.hint])
            return f"{because}; see where with: {look}"
        if self.result.summary.trials["complete"]:
            return ""
        reasons = Counter(t.reason for t in self.result.trials if t.state is TrialState.FAILED)
        most = f", most often because: {reasons.most_common(1)[0][0]}" if reasons else ""
        ended = ", ".join(f"{n} {state}" for state, n in self.result.summary.trials.items() if n)
        stopped = self.result.summary.stopped_because
        return f"no trial completed ({ended or stopped or 'none ran'}){most}"

    def show(self, console: Console) -> None:
        """The last screen of a run that was of use."""
        console.print()
        for block in self._blocks(console.width - 2):
            console.print(Padding(block, (0, 0, 0, 1), expand=False))
            console.print()
        console.print(Text(" Next", "name"))
        for what, words in self._commands():
            console.print(
                Text.assemble((f"   {what:<14}", "faint"), (words, "command")), soft_wrap=True
            )
        console.print()

    def _blocks(self, width: int) -> Iterator[RenderableType]:
        yield self._headline()
        best = self._best
        if best is not None:
            yield self._comparison(best)
            if front := front_sentence(self.result.spec, self.result.trials):
                yield Group(front, front_table(self.result.spec, self.result.trials))
            yield configuration_table(
                as_used(self.result.spec.objective, best.config), best.config, width
            )
        elif self.result.summary.trials["complete"]:
            yield Text("No complete trial holds the constraints.")
        yield from self._saved()
        for warning in self.result.summary.warnings:
            yield Text.assemble(("Warning", "failed"), f"  {warning}")

    def _headline(self) -> Text:
        summary = self.result.summary
        ended, took = counted(self._ended, "trial"), shown_duration(summary.seconds)
        before = self.first.ended if self.first else 0
        if self._nothing_to_do:
            had = f"has all its {ended} already: "
        elif before:
            had = f"{ended}, {self._ended - before} of them now, in {took}: "
        else:
            had = f"{ended} in {took}: "
        text = Text.assemble((summary.study, "name"), "  ", had)
        for index, (state, count) in enumerate(summary.trials.items()):
            style = STATE_STYLE[TrialState(state)] if count else "faint"
            text.append(", " if index else "").append(f"{count} {state}", style)
        if summary.stopped_because:
            text.append(f"\n{summary.stopped_because}", "faint")
        return text

    def _comparison(self, best: TrialResult) -> RenderableType:
        table = Table.grid(padding=(0, 2, 0, 0))
        table.add_row(
            Text("Best", "best"),
            Text(f"trial {best.number}", "best"),
            shown_metrics(best.metrics or {}),
        )
        default = self._default
        if default is not None and default is not best and default.metrics is not None:
            words = "Default", f"trial {default.number}", shown_metrics(default.metrics)
            table.add_row(*words, style="faint")
        return table

    def _saved(self) -> Iterator[Text]:
        summary = self.result.summary
        saved = [
            f"{shown_duration(seconds)} by {what}"
            for seconds, what in (
                (summary.saved_by_pruning, "pruning"),
                (summary.saved_by_parallelism, "running trials at once"),
            )
            if seconds >= 0.1
        ]
        if saved and not self._nothing_to_do:
            yield Text.assemble(("Saved", "name"), f"  about {', '.join(saved)} (estimated)")
        if summary.regret is not None:
            yield Text.assemble(("Regret", "name"), f"  {regret_sentence(summary.regret)}")

    def _commands(self) -> Iterator[tuple[str, str]]:
        name, hint = self.result.spec.name, self.common.hint
        yield "every trial", written_command(["trials", name, *hint])
        if best := self._best:
            yield "its curve", written_command(["show", name, str(best.number), *hint])
            yield "as a file", written_command(["best", name, "--format", "toml", *hint])
        yield "go on", written_command(self._again(more=True))

    # ------------------------------------------------------------------ what it is made of

    @property
    def _ended(self) -> int:
        return sum(trial.state.ended for trial in self.result.trials)

    @property
    def _nothing_to_do(self) -> bool:
        first = self.first
        return first is not None and first.limit is not None and (
            first.ended >= first.limit and not first.waiting
        )  # fmt: skip

    @property
    def _best(self) -> TrialResult | None:
        return best_of(self.result.spec, self.result.trials)

    @property
    def _default(self) -> TrialResult | None:
        space = self.result.spec.objective.space
        chosen = space.searched_active(space.defaults())
        return next((t for t in self.result.trials if t.sampled == chosen), None)

    def _failed(self) -> int:
        return next(t.number for t in self.result.trials if t.state is TrialState.FAILED)

    def _again(self, *, more: bool = False) -> list[str]:
        """The words of the same command once more, ``more`` with half as many trials again."""
        words = list(self.command)
        if more and self.result.spec.settings.limits.trials is not None:
            total = self._ended + max(1, self._ended // 2)
            words = [*without_option(words, "--trials"), "--trials", str(total)]
        return words


def regret_sentence(regret: Regret) -> str:
    """What the control trials say of the pruner."""
    control = counted(regret.trials, "control trial")
    if not regret.would_prune:
        return f"none: the pruner would have ended none of {control}"
    share = regret.saved / regret.seconds if regret.seconds else 0.0
    lost = "".join(f", {n} of the best {top}" for top, n in regret.lost.items())
    return (
        f"of {control} the pruner would have ended {regret.would_prune}{lost}, "
        f"to save {share:.0%} of their time"
    )


def without_option(words: Sequence[str], option: str) -> Iterator[str]:
    """The words of a command without an option and its value."""
    skip = False
    for word in words:
        if not (skip or word == option or word.startswith(f"{option}=")):
            yield word
        skip = word == option and not skip


def written_command(words: Sequence[str]) -> str:
    """A command as it can be pasted into a shell."""
    return shlex.join(["trialmq", *words])
