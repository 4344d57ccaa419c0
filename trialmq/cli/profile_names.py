"""How profiles and trials are named on the command line: ``quiet@3`` and ``wakeword:12``. Pure."""

from dataclasses import dataclass

from schema.errors import WrongInput
from schema.identity import checked_name
from schema.profile import checked_profile_name

VERSION, NUMBER = "@", ":"
"""Neither can be part of a name."""


@dataclass(frozen=True, slots=True)
class ProfileName:
    """A profile, and one of its versions or its last."""

    name: str
    version: int | None = None

    def __str__(self) -> str:
        return self.name if self.version is None else f"{self.name}{VERSION}{self.version}"


@dataclass(frozen=True, slots=True)
class TrialName:
    """A study, and one of its trials or its best."""

    study: str
    number: int | None = None


def profile_name(text: str) -> ProfileName:
    """The profile that a person wrote as ``NAME`` or ``NAME@VERSION``.

    Raises:
        WrongInput: no profile can be called so, or the version is no number from 1 on.
    """
    name, at, version = text.partition(VERSION)
    checked_profile_name(name)
    if not at:
        return ProfileName(name)
    if not _is_number(version) or int(version) < 1:
        raise WrongInput(f"{text!r}: write NAME{VERSION}VERSION, as in {name}{VERSION}1")
    return ProfileName(name, int(version))


def trial_name(text: str, option: str) -> TrialName:
    """The trial that a person wrote as ``STUDY`` (its best) or ``STUDY:NUMBER``.

    Raises:
        WrongInput: no study can be called so, or the number is none.
    """
    study, colon, number = text.partition(NUMBER)
    checked_name("study", study)
    if not colon:
        return TrialName(study)
    if not _is_number(number):
        raise WrongInput(f"{option} {text}: write STUDY{NUMBER}NUMBER, as in {study}{NUMBER}12")
    return TrialName(study, int(number))


def _is_number(text: str) -> bool:
    return text.isascii() and text.isdecimal() and len(text) < 10
