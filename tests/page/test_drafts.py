"""Edited cells on the server: seen by all tabs, overwritten by none unseen, undone by their own."""

import pytest

from webui.live.changes import Clock
from webui.live.drafts import Drafts, Meanwhile

RATE = "training.learning_rate"


@pytest.fixture
def drafts() -> Drafts:
    """Of one study; the cells of trial 2 say 0.1."""
    return Drafts(Clock())


def edit(drafts: Drafts, value: float, seen: float = 0.1, tab: str = "a") -> bool:
    return drafts.edit(2, RATE, value, stored=0.1, seen=seen, tab=tab)


def test_an_edit_is_there_for_whoever_looks(drafts: Drafts) -> None:
    heard: list[int] = []
    drafts.listen(heard.append)
    assert edit(drafts, 0.2)
    assert drafts.values(2) == {RATE: 0.2}
    assert drafts.of(2)[RATE].base == 0.1
    assert (drafts.numbers, len(drafts)) == ([2], 1)
    assert drafts.changes.since(0) == heard == [2]


def test_who_stops_listening_hears_nothing_more(drafts: Drafts) -> None:
    heard: list[int] = []
    end = drafts.listen(heard.append)
    end()
    edit(drafts, 0.2)
    assert heard == []


def test_the_second_of_two_tabs_is_told_and_nothing_is_overwritten(drafts: Drafts) -> None:
    edit(drafts, 0.2, tab="a")
    with pytest.raises(Meanwhile) as late:
        edit(drafts, 0.3, seen=0.1, tab="b")
    assert late.value.value == 0.2
    assert "changed meanwhile to 0.2 by another tab" in str(late.value)
    assert drafts.values(2) == {RATE: 0.2}
    assert edit(drafts, 0.3, seen=0.2, tab="b"), "once it has seen that, it may"
    assert drafts.of(2)[RATE].base == 0.1


def test_both_tabs_may_enter_the_same(drafts: Drafts) -> None:
    edit(drafts, 0.2, tab="a")
    assert not edit(drafts, 0.2, seen=0.1, tab="b")


def test_what_the_trial_says_itself_is_no_draft(drafts: Drafts) -> None:
    edit(drafts, 0.2)
    assert edit(drafts, 0.1, seen=0.2)
    assert (drafts.numbers, len(drafts)) == ([], 0)
    assert not edit(drafts, 0.1)


def test_one_is_not_true_in_a_cell(drafts: Drafts) -> None:
    assert drafts.edit(1, "x", True, stored=1, seen=1, tab="a")


def test_each_tab_undoes_its_own_edits_last_first(drafts: Drafts) -> None:
    edit(drafts, 0.2, tab="a")
    edit(drafts, 0.3, seen=0.2, tab="a")
    drafts.edit(5, "x", 1, stored=0, seen=0, tab="b")
    drafts.undo("a")
    assert drafts.values(2) == {RATE: 0.2}
    drafts.undo("a")
    assert drafts.values(2) == {}
    assert drafts.undo("a") is None
    assert drafts.values(5) == {"x": 1}, "that is the other's"


def test_an_edit_that_another_tab_changed_since_is_not_undone(drafts: Drafts) -> None:
    edit(drafts, 0.2, tab="a")
    edit(drafts, 0.3, seen=0.2, tab="b")
    assert drafts.undo("a") is None
    assert drafts.values(2) == {RATE: 0.3}


def test_what_is_discarded_can_be_had_back(drafts: Drafts) -> None:
    edit(drafts, 0.2)
    assert drafts.discard(2, "a") == 1
    assert drafts.values(2) == {}
    drafts.undo("a")
    assert drafts.values(2) == {RATE: 0.2}


def test_a_draft_ends_when_the_trial_says_it_itself(drafts: Drafts) -> None:
    edit(drafts, 0.2)
    drafts.settle(2, {RATE: 0.15})
    assert drafts.values(2) == {RATE: 0.2}
    drafts.settle(2, {RATE: 0.2})
    assert drafts.values(2) == {}
