"""What makes a study a session: one training, which nothing prunes, doubles or starts again. Pure.

Whoever asks, these hold; each is refused by the sentence that says what would be right.
"""

from schema.errors import WrongInput
from schema.pruning import Aggressiveness, PrunerSettings
from schema.study import StudySettings, StudySpec
from schema.trial import TrialState


def check_session(spec: StudySpec) -> None:
    """Can this be a session?

    Raises:
        WrongInput: a setting is one for a search, or a value that it begins with is wrong.
    """
    check_settings_of_session(spec.name, spec.settings)
    if spec.objective.dynamic:
        raise WrongInput(
            f"session {spec.name!r}: {spec.objective.entry} asks for its values while it runs, so "
            "there is no configuration to begin with or to edit; search with `trialmq run`"
        )
    spec.objective.space.complete(spec.start)


def check_settings_of_session(name: str, settings: StudySettings) -> None:
    """Can a session have these settings?

    Raises:
        WrongInput: it would be pruned, or have more than its one training.
    """
    if _prunes(settings.pruner):
        raise WrongInput(f"session {name!r} is a training for real: its pruner stays nop")
    if settings.limits.trials != 1:
        raise WrongInput(f"session {name!r} is one training: its limits.trials stays 1")
    if settings.parallelism not in (None, 1):
        raise WrongInput(f"session {name!r} is one training: its parallelism stays 1, or none")


def _prunes(pruner: PrunerSettings) -> bool:
    off = pruner.pruner == "nop" or pruner.aggressiveness is Aggressiveness.OFF
    return not off or pruner.prune_on is not None or pruner.control_fraction > 0


def check_goes_on(stored: StudySpec, wanted: StudySpec, state: TrialState) -> None:
    """Can the session go on, whose training is in this ``state``?

    Raises:
        WrongInput: it has ended, or is asked for with other values than it has.
    """
    name = stored.name
    if state.ended:
        raise WrongInput(
            f"session {name!r} has ended: it is {state}; take another name with --session, and "
            f"--from {name}:0 to begin with its configuration"
        )
    if wanted.start not in (stored.start, stored.objective.space.defaults(), {}):
        raise WrongInput(
            f"session {name!r} goes on with its own configuration; leave --set, --from and "
            f"--profile out, and change it with: trialmq session apply {name} VAR=VALUE"
        )


def check_queued(spec: StudySpec) -> None:
    """Can a configuration be queued for this study?

    Raises:
        WrongInput: it is a session.
    """
    if spec.is_session:
        raise WrongInput(
            f"session {spec.name!r} is one training, nothing can be queued for it; change it with "
            f"`trialmq session apply {spec.name}`, or begin another one with `trialmq train`"
        )
