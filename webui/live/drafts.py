"""Edited cells that were not sent anywhere yet, kept on the server so that every tab sees them.

A draft belongs to a variable of a trial. Whoever sets one says what he saw in the cell; if that is
not what it shows any more, because another tab was faster, he is told and nothing changes. All
edits are remembered in their order, so that each tab can undo its own. Pure.
"""

from collections.abc import Callable, Iterable, Mapping

import msgspec

from schema.errors import Conflict
from schema.figures import brief
from schema.values import Value
from webui.live.changes import Changes, Clock

Told = Callable[[int], None]
Path = str

UNDOABLE = 500
"""So many edits of a study can be undone."""


class Draft(msgspec.Struct, frozen=True):
    """What a cell is to say; ``base`` is what the trial said when it was first edited."""

    value: Value
    base: Value | None
    tab: str


class Edit(msgspec.Struct, frozen=True):
    """What one edit of a cell replaced by what; None is the trial's own value."""

    number: int
    path: Path
    before: Draft | None
    after: Draft | None
    tab: str


class Meanwhile(Conflict):
    """Somebody else edited the cell meanwhile; ``value`` is what it says now."""

    def __init__(self, path: Path, value: Value | None) -> None:
        text = "nothing" if value is None else brief(value)
        super().__init__(f"{path} was changed meanwhile to {text} by another tab")
        self.path = path
        self.value = value


class Drafts:
    """The edited cells of one study."""

    def __init__(self, clock: Clock) -> None:
        self.changes: Changes[int] = Changes(clock)
        """The trials of which a cell was edited, or is no more."""
        self._by_trial: dict[int, dict[Path, Draft]] = {}
        self._history: list[Edit] = []
        self._listeners: list[Told] = []

    # ------------------------------------------------------------------ looking

    def of(self, number: int) -> Mapping[Path, Draft]:
        """The edited cells of a trial."""
        return self._by_trial.get(number, {})

    def values(self, number: int) -> dict[Path, Value]:
        """What they are to say."""
        return {path: draft.value for path, draft in self.of(number).items()}

    @property
    def numbers(self) -> list[int]:
        """The trials that have edited cells."""
        return sorted(self._by_trial)

    def __len__(self) -> int:
        """How many cells are edited."""
        return sum(len(drafts) for drafts in self._by_trial.values())

    def listen(self, told: Told) -> Callable[[], None]:
        """Call `told` with the number of a trial at every change; returns how to stop that."""
        self._listeners.append(told)
        return lambda: self._listeners.remove(told)

    # ------------------------------------------------------------------ editing

    def edit(
        self,
        number: int,
        path: Path,
        value: Value,
        *,
        stored: Value | None,
        seen: Value | None,
        tab: str,
    ) -> bool:
        """Let a cell say `value`; what the trial itself says is `stored`, and then it is no draft.

        Returns False where it says so already.

        Raises:
            Meanwhile: it does not say `seen` any more, nor `value`.
        """
        before = self.of(number).get(path)
        shown = before.value if before else stored
        if _same(shown, value):
            return False
        if not _same(shown, seen):
            raise Meanwhile(path, shown)
        base = before.base if before else stored
        after = None if _same(value, stored) else Draft(value, base, tab)
        self._record(Edit(number, path, before, after, tab))
        return True

    def undo(self, tab: str) -> Edit | None:
        """Take back the last edit of this tab that still shows; None where there is none.

        Edits of which another one has made something else since are passed over.
        """
        for index in reversed(range(len(self._history))):
            edit = self._history[index]
            if edit.tab != tab:
                continue
            del self._history[index]
            if self.of(edit.number).get(edit.path) == edit.after:
                self._put(edit.number, edit.path, edit.before)
                return edit
        return None

    def discard(self, number: int, tab: str, paths: Iterable[Path] | None = None) -> int:
        """The cells say again what the trial does; returns how many did not. It can be undone."""
        drafts = dict(self.of(number))
        wanted = [path for path in drafts if paths is None or path in set(paths)]
        for path in wanted:
            self._record(Edit(number, path, drafts[path], None, tab))
        return len(wanted)

    def settle(self, number: int, stored: Mapping[Path, Value]) -> None:
        """The trial says something new: what it says by itself is no draft any more."""
        for path, draft in list(self.of(number).items()):
            if _same(stored.get(path), draft.value):
                self._put(number, path, None)

    def _record(self, edit: Edit) -> None:
        self._history.append(edit)
        del self._history[:-UNDOABLE]
        self._put(edit.number, edit.path, edit.after)

    def _put(self, number: int, path: Path, draft: Draft | None) -> None:
        drafts = self._by_trial.setdefault(number, {})
        if draft is None:
            drafts.pop(path, None)
        else:
            drafts[path] = draft
        if not drafts:
            del self._by_trial[number]
        self.changes.touch(number)
        for told in tuple(self._listeners):
            told(number)


def _same(left: Value | None, right: Value | None) -> bool:
    """Whether both are the same value of the same type: 1 is not True."""
    return left == right and type(left) is type(right)
