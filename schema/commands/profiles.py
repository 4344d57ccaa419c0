"""What clients ask of profiles, and change of them."""

import msgspec

from schema.profile import Profile
from schema.values import Value


class ListProfiles(msgspec.Struct, frozen=True, kw_only=True, tag="list profiles"):
    """The last version of each profile that is not deleted, by name."""


class GetProfile(msgspec.Struct, frozen=True, kw_only=True, tag="get profile"):
    """One version of a profile, by default its last."""

    name: str
    version: int | None = None


class GetProfileHistory(msgspec.Struct, frozen=True, kw_only=True, tag="get profile history"):
    """What happened to a profile, also to one that is deleted."""

    name: str


class SaveProfile(msgspec.Struct, frozen=True, kw_only=True, tag="save profile"):
    """Save a configuration as the next version of a profile.

    It is that of a ``trial`` of a ``study`` (``None``: its best), or without a study the profile's
    last version, with the values of ``set`` in their places.
    """

    name: str
    study: str = ""
    trial: int | None = None
    set: dict[str, Value] = {}
    because: str = ""


class ImportProfile(msgspec.Struct, frozen=True, kw_only=True, tag="import profile"):
    """Save a profile that comes from elsewhere as the next version of ``name`` (or of its own).

    It is checked by the space of ``study``, or by what is known here of its objective.
    """

    profile: Profile
    name: str = ""
    study: str = ""
    because: str = ""


class RenameProfile(msgspec.Struct, frozen=True, kw_only=True, tag="rename profile"):
    """Give a profile, with its history, a name that no other has or had."""

    name: str
    to: str


class DeleteProfile(msgspec.Struct, frozen=True, kw_only=True, tag="delete profile"):
    """List the profile no more; its versions stay in its history."""

    name: str
