"""The objective: can a runner load it, and what would it offer?"""

from trial_runner.launcher import Launcher
from trialmq.doctor.findings import Finding, good


async def look_at_objective(entry: str) -> list[Finding]:
    """Load it as a runner does, in a process of its own.

    Raises:
        WrongInput: it cannot be loaded.
        WorkFailed: its process died.
    """
    async with Launcher(entry) as launcher:
        offer = await launcher.load()
    searched = sum(variable.searched for variable in offer.space.variables)
    goals = " and ".join(f"{metric.direction} {metric.name}" for metric in offer.metrics)
    steps = offer.reported_steps()
    said = f"{goals}; {searched} of {len(offer.space.variables)} variables are searched"
    if steps is not None:
        said += f"; a full trial reports {steps} steps"
    return [good(f"objective {entry}", said)]
