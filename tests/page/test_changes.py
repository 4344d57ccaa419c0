"""What would come of sending a configuration, before it is sent."""

from msgspec.structs import replace

from schema.revision import Revision, RevisionState
from schema.space import Space
from schema.values import Value
from tests.page.acting_runner import SPACE
from webui.editing.changes import Effect, Plan, head, misfits, plan
from webui.editing.plan_view import summary

THERE = SPACE.defaults()


def planned(wanted: dict[str, Value], searched: Space | None = None) -> Plan:
    return plan(THERE, wanted, SPACE, running=True, searched=searched)


def test_each_change_says_old_and_new_and_when_it_counts() -> None:
    made = planned({"training.learning_rate": 3e-4, "architecture.channels": 32})
    assert [(c.path, c.old, c.new, c.effect) for c in made.changes] == [
        ("architecture.channels", 16, 32, Effect.RESTART),
        ("training.learning_rate", 1e-3, 3e-4, Effect.LIVE),
    ]
    assert made.edits == {"training.learning_rate": 3e-4, "architecture.channels": 32}
    assert summary(made) == "1 live, 1 waits for a restart"


def test_what_is_so_already_is_not_sent() -> None:
    made = planned({"training.clip": False, "training.learning_rate": 0.01})
    assert made.edits == {"training.learning_rate": 0.01}
    assert made.already == ("training.clip",)


def test_what_has_no_effect_says_unless_what_and_is_not_sent() -> None:
    made = planned({"training.momentum": 0.5})
    assert (made.edits, made.changes) == ({}, ())
    assert made.left_out[0].why == "it has no effect unless training.optimizer is sgd"


def test_it_has_one_together_with_its_condition() -> None:
    made = planned({"training.momentum": 0.5, "training.optimizer": "sgd"})
    assert made.edits == {"training.momentum": 0.5, "training.optimizer": "sgd"}
    assert not made.left_out


def test_what_follows_from_a_change_is_shown_with_its_reason() -> None:
    sgd = {**THERE, "training.optimizer": "sgd", "training.momentum": 0.5}
    made = plan(sgd, {"training.optimizer": "adamw"}, SPACE, running=True)
    assert made.edits == {"training.optimizer": "adamw"}
    [follows] = [change for change in made.changes if change.path == "training.momentum"]
    assert (follows.old, follows.new) == (0.5, 0.9)
    assert follows.follows == (
        "back to its default: it has an effect only while training.optimizer is sgd"
    )


def test_what_leaves_the_searched_range_is_marked() -> None:
    narrow = replace(SPACE.variable("training.learning_rate"), low=5e-4, high=2e-3)
    searched = Space(
        variables=tuple(narrow if v.path == narrow.path else v for v in SPACE.variables)
    )
    made = planned({"training.learning_rate": 0.05, "training.epochs": 20}, searched)
    marks = {change.path: change.outside for change in made.changes}
    assert marks == {
        "training.learning_rate": "outside of what is searched: 0.0005..0.002,log",
        "training.epochs": "not searched",
    }
    assert made.outside == 2
    assert not any(c.outside for c in planned({"training.learning_rate": 0.05}).changes)


def test_what_does_not_fit_is_said_with_the_sentence_of_the_configuration() -> None:
    made = planned({"training.learning_rate": 7.5, "training.gone": 1})
    assert {left.path: left.why for left in made.left_out} == {
        "training.learning_rate": "7.5 is above 0.1",
        "training.gone": "there is no such variable",
    }


def test_spaces_that_differ_say_how() -> None:
    fewer = Space(variables=tuple(v for v in SPACE.variables if v.path != "training.clip"))
    assert misfits(fewer, SPACE) == ["training.clip: only the session has it"]
    assert misfits(SPACE, fewer) == ["training.clip: the session does not have it"]


def revision(number: int, state: RevisionState, **values: Value) -> Revision:
    return Revision(
        number=number,
        base=number - 1,
        values={**THERE, **values},
        changes=(),
        author="alice",
        at=0.0,
        state=state,
    )


def test_an_edit_is_made_from_the_newest_revision_that_was_not_refused() -> None:
    assert head(THERE, []) == (0, THERE)
    made = [
        revision(1, RevisionState.APPLIED, **{"training.epochs": 5}),
        revision(2, RevisionState.PENDING, **{"training.epochs": 6}),
        revision(3, RevisionState.REFUSED, **{"training.epochs": 7}),
    ]
    number, values = head(THERE, made)
    assert (number, values["training.epochs"]) == (2, 6)
