"""The profile that a study starts from: its values become the defaults of what is searched.

So the first trial is the profile, and the search goes on around it. What of an older profile could
not be taken over is said before anything runs.
"""

from schema.adaptation import as_defaults, fit
from schema.profile import Profile
from schema.space import Space
from schema.study import ObjectiveDescription
from trialmq.choices import Base
from trialmq.cli.notes import tell
from trialmq.cli.options import Place
from trialmq.cli.profile_names import profile_name


def base_from(name: str, place: Place) -> tuple[Base, str]:
    """The base that is called ``NAME`` or ``NAME@VERSION`` at this place, and what that is called
    with the version that it has now.

    Raises:
        WrongInput: there is no such profile; and as `trialmq.cli.reading.opened`.
    """
    from trialmq.cli.reading import read_profile

    profile = read_profile(place, profile_name(name)).profile

    def base(offer: ObjectiveDescription) -> Space:
        return based_on(profile, offer)

    return base, f"profile {profile.name}@{profile.version}"


def based_on(profile: Profile, offer: ObjectiveDescription) -> Space:
    """The objective's space with the profile as its defaults; tells what did not fit.

    Raises:
        WrongInput: the profile is one of another objective.
    """
    adapted = fit(profile, offer.space)
    tell(f"profile {profile.name}@{profile.version}", adapted.sentences())
    return as_defaults(adapted.values, offer.space)
