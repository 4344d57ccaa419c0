"""What a check found, how grave it is, and what to do. Pure."""

from enum import StrEnum

import msgspec


class Grade(StrEnum):
    """How grave a finding is."""

    GOOD = "good"
    NOT_HERE = "not here"  # there is nothing to check
    DOUBTFUL = "doubtful"  # it works, and a person should know
    WRONG = "wrong"


class Finding(msgspec.Struct, frozen=True, kw_only=True):
    """One sentence about one subject; ``cure`` says what to do where something is not good."""

    subject: str
    grade: Grade
    found: str
    cure: str = ""


def good(subject: str, found: str) -> Finding:
    """All is well."""
    return Finding(subject=subject, grade=Grade.GOOD, found=found)


def not_here(subject: str, found: str) -> Finding:
    """There is nothing to check."""
    return Finding(subject=subject, grade=Grade.NOT_HERE, found=found)


def doubtful(subject: str, found: str, cure: str) -> Finding:
    """It works, and a person should know."""
    return Finding(subject=subject, grade=Grade.DOUBTFUL, found=found, cure=cure)


def wrong(subject: str, found: str, cure: str = "") -> Finding:
    """It does not work; ``found`` may say itself what to do."""
    return Finding(subject=subject, grade=Grade.WRONG, found=found, cure=cure)
