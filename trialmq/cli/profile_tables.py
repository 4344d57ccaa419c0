"""Profiles on the screen: their list, where one comes from, two side by side, a history."""

from collections.abc import Sequence
from datetime import datetime

from rich.table import Table
from rich.text import Text

from schema.figures import counted, shown_metrics, shown_value
from schema.profile import Difference, Provenance
from schema.profile_history import ProfileEvent, ProfileOverview, ProfileStep, StoredProfile
from schema.values import Change, Value, written

MISSING = "—"
CHANGES = 3
"""A line of a history has room for so many changes; `trialmq profile diff` has them all."""


def profiles_table(profiles: Sequence[ProfileOverview]) -> Table:
    """A line a profile."""
    table = _table("profile", "version", "from", "metrics", "objective", "saved", "by")
    table.columns[0].style = "name"
    table.columns[1].justify = "right"
    for profile in profiles:
        table.add_row(
            profile.name,
            str(profile.version),
            origin_of(profile.provenance),
            shown_metrics(profile.provenance.metrics),
            profile.objective,
            _when(profile.saved),
            profile.author,
        )
    return table


def heading(stored: StoredProfile) -> Text:
    """What a profile is called, and everything that is known of where it comes from."""
    profile, source = stored.profile, stored.profile.provenance
    text = Text.assemble((f"{profile.name}  ", "name"), f"version {profile.version}")
    text.append(f"  saved {_when(stored.saved)} by {stored.author}", "faint")
    text.append(f"\n{profile.objective}", "faint")
    if source.study:
        metrics = shown_metrics(source.metrics)
        text.append(f"\n{_trial_of(source)}{metrics and ': '}{metrics}")
    if source.author and (source.author != stored.author or source.at != stored.saved):
        at = "" if source.at is None else f" {_when(source.at)}"
        text.append(f"\nfirst saved{at} by {source.author}", "faint")
    if source.because:
        text.append(f"\nbecause: {source.because}")
    for edit in source.edits:
        text.append(f"\nedited: {edit.path} {' → '.join(_told_apart(edit.old, edit.new))}")
    return text


def differences_table(found: Sequence[Difference], left: str, right: str) -> Table:
    """A line a variable under the name of its group; faint where it has no effect in either."""
    table = _table("variable", left, right, "")
    group: str | None = None
    for each in found:
        inside, _, name = each.path.rpartition(".")
        if inside != group:
            group = inside
            table.add_row(Text(group or "(top)", "name"))
        style = "changed" if each.active else "faint"
        one, other = _told_apart(each.left, each.right)
        table.add_row(
            Text(f"  {name}", "" if each.active else "faint"),
            Text(one, style),
            Text(other, style),
            Text(_remark(each, left, right), "faint"),
        )
    return table


def history_table(steps: Sequence[ProfileEvent]) -> Table:
    """A line a step, first to last."""
    table = _table("version", "step", "when", "by", "from", "changes", "because")
    table.columns[0].justify = "right"
    for step in steps:
        saved = step.step is ProfileStep.SAVED
        table.add_row(
            str(step.version) if saved else "",
            Text(step.step, "" if saved else "changed"),
            _when(step.at),
            step.author,
            "" if step.provenance is None else origin_of(step.provenance),
            _changes(step.changes),
            step.text,
        )
    return table


def origin_of(source: Provenance) -> str:
    """``trial 7 of study wake, 1 value edited``; empty where a person wrote it."""
    parts = [_trial_of(source)] if source.study else []
    if source.edits:
        parts.append(f"{counted(len(source.edits), 'value')} edited")
    return ", ".join(parts)


def _trial_of(source: Provenance) -> str:
    trial = "" if source.trial is None else f"trial {source.trial} of "
    return f"{trial}study {source.study}"


def _remark(difference: Difference, left: str, right: str) -> str:
    if difference.left is None or difference.right is None:
        return f"only in {right if difference.left is None else left}"
    return "" if difference.active else "has no effect here"


def _changes(changes: Sequence[Change]) -> str:
    named = [f"{c.path} {' → '.join(_told_apart(c.old, c.new))}" for c in changes[:CHANGES]]
    more = len(changes) - len(named)
    return ", ".join([*named, f"{more} more"] if more else named)


def _told_apart(left: Value | None, right: Value | None) -> tuple[str, str]:
    """Two different values as people write them, or in full where that looks the same."""
    if left is None or right is None or shown_value(left) != shown_value(right):
        return _value(left), _value(right)
    return written(left), written(right)


def _value(value: Value | None) -> str:
    return MISSING if value is None else shown_value(value)


def _when(at: float) -> str:
    return f"{datetime.fromtimestamp(at):%Y-%m-%d %H:%M}"


def _table(*titles: str) -> Table:
    table = Table(box=None, header_style="faint", padding=(0, 2, 0, 0), pad_edge=False)
    for title in titles:
        table.add_column(Text(title), no_wrap=title in ("profile", "saved", "when", "step"))
    return table
