"""What a client can ask of runners, and want of them."""

from orchestrator.client.asking import Asking
from schema.commands.runners import ListOffers, ListRunners, RunnerOverview, SteerRunner
from schema.messages import Steer
from schema.study import ObjectiveDescription


class RunnerCalls(Asking):
    """A part of `Client`: runners."""

    async def offers(self) -> tuple[ObjectiveDescription, ...]:
        """The objectives that runners offer."""
        return await self.ask(ListOffers(), tuple[ObjectiveDescription, ...])

    async def runners(self) -> tuple[RunnerOverview, ...]:
        """Every runner that was heard of since the orchestrator started, by name."""
        found: list[RunnerOverview] = []
        after = ""
        while page := await self.ask(ListRunners(after=after), tuple[RunnerOverview, ...]):
            found += page
            after = page[-1].name
        return tuple(found)

    async def steer(self, runner: str, steer: Steer) -> RunnerOverview:
        """Let a runner run, drain or stop."""
        return await self.ask(SteerRunner(runner=runner, steer=steer), RunnerOverview)
