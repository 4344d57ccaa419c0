"""What a run says when it is over: the best configuration, the time saved, and what to do next."""

import shlex
from collections import Counter
from collections.abc import Iterator, Sequence
from dataclasses import dataclass

from rich.console import Group, RenderableType
from rich.padding import Padding
from rich.table import Table
from rich.text import Text

from orchestrator.progress import Progress
from orchestrator.summary import best_of
from orchestrator.trials import Trial
from schema.trial import TrialState
from trialmq.cli.configuration import configuration_table
from trialmq.cli.durations import shown_duration
from trialmq.cli.figures import counted, figure, shown_metrics
from trialmq.cli.options import Common
from trialmq.cli.terminal import STATE_STYLE
from trialmq.sweep import SweepResult


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
        limit = self.result.spec.limits.trials
        of = "" if limit is None else f" of {limit}"
        done = f"{self._ended}{of} trials are done, none is lost"
        return f"interrupted: {done}; go on with: {self._again()}"

    def problem(self) -> str:
        """Why the run was of no use; empty when it was of some."""
        name = self.result.spec.name
        if because := self.result.broken_because:
            look = shlex.join(["trialmq", "show", name, str(self._failed()), *self.common.hint])
            return f"{because}; see where with: {look}"
        if self.result.summary.trials["complete"]:
            return ""
        reasons = Counter(t.reason for t in self.result.trials if t.state is TrialState.FAILED)
        most = f", most often because: {reasons.most_common(1)[0][0]}" if reasons else ""
        ended = ", ".join(f"{n} {state}" for state, n in self.result.summary.trials.items() if n)
        stopped = self.result.summary.stopped_because
        return f"no trial completed ({ended or stopped or 'none ran'}){most}"

    def screen(self, width: int) -> RenderableType:
        """The last screen of a run that was of use."""
        return Padding(Group(*self._blocks(width - 2)), (1, 1), expand=False)

    def _blocks(self, width: int) -> Iterator[RenderableType]:
        yield self._headline()
        best = best_of(self.result.spec, self.result.trials)
        if best is not None:
            yield Text()
            yield self._best(best)
            yield Text()
            yield configuration_table(self.result.spec.objective.space, best.config, width)
        elif self.result.summary.trials["complete"]:
            yield Text("\nNo trial holds the constraints; see them all with the first command.")
        yield from self._time()
        yield Text()
        yield self._next(best)

    def _headline(self) -> Text:
        summary = self.result.summary
        if self._nothing_to_do:
            had = f"has all its {counted(self._ended, 'trial')} already: "
        else:
            had = f"{counted(self._ended, 'trial')} in {shown_duration(summary.seconds)}: "
        text = Text.assemble((summary.study, "name"), "  ", had)
        for index, (state, count) in enumerate(summary.trials.items()):
            style = STATE_STYLE[TrialState(state)] if count else "faint"
            text.append(", " if index else "").append(f"{count} {state}", style)
        if summary.stopped_because:
            text.append(f"\n{summary.stopped_because}", "faint")
        return text

    def _best(self, best: Trial) -> Text:
        text = Text.assemble(
            ("Best: ", "best"),
            (f"trial {best.number}", "best"),
            "  ",
            shown_metrics(best.metrics or {}),
        )
        default = self._default()
        metric = self.result.spec.metric.name
        if default is not None and default.value is not None and default is not best:
            was = f"   the default (trial {default.number}): {metric} {figure(default.value)}"
            text.append(was, "faint")
        return text

    def _time(self) -> Iterator[Text]:
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
            yield Text()
            yield Text.assemble(
                ("Saved ", "name"), f"about {' and '.join(saved)}",
                (f"   ({counted(summary.steps, 'step')}, "
                 f"{shown_duration(summary.trial_seconds)} of trials)", "faint"),
            )  # fmt: skip

    def _next(self, best: Trial | None) -> RenderableType:
        name, hint = self.result.spec.name, self.common.hint
        commands = [(["trials", name, *hint], "every trial in a table")]
        if best is not None:
            commands.append((["show", name, str(best.number), *hint], "one trial with its curve"))
            commands.append((["best", name, "--format", "toml", *hint], "the configuration alone"))
        table = Table.grid(padding=(0, 3))
        for words, what in commands:
            table.add_row(Text(shlex.join(["trialmq", *words]), "command"), Text(what, "faint"))
        table.add_row(Text(self._again(more=True), "command"), Text("go on searching", "faint"))
        return Group(Text("Next", "name"), table)

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

    def _default(self) -> Trial | None:
        defaults = self.result.spec.objective.space.defaults()
        return next((t for t in self.result.trials if t.config == defaults), None)

    def _failed(self) -> int:
        return next(t.number for t in self.result.trials if t.state is TrialState.FAILED)

    def _again(self, *, more: bool = False) -> str:
        """The same command once more, ``more`` with half as many trials again."""
        words = list(self.command)
        if more:
            words = [*without_option(words, "--trials"), "--trials", str(_larger(self._ended))]
        return shlex.join(["trialmq", *words])


def without_option(words: Sequence[str], option: str) -> Iterator[str]:
    """The words of a command without an option and its value."""
    skip = False
    for word in words:
        if not (skip or word == option or word.startswith(f"{option}=")):
            yield word
        skip = word == option and not skip


def _larger(count: int) -> int:
    return count + max(1, count // 2)
