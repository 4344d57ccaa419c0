"""What a client can ask so as to understand a study."""

from collections.abc import Mapping

from orchestrator.client.asking import Asking
from schema.commands.insight import (
    GetImportance,
    GetPruners,
    GetReplay,
    GetScores,
    Importance,
    Number,
    Pruners,
    Replay,
    ScoresPage,
)
from schema.pruning import Aggressiveness
from schema.scores import Scores, decode_scores

NO_NUMBERS: Mapping[str, Number] = {}
REPLAY_SECONDS = 60.0
"""A replay of tens of thousands of trials takes its time."""


class InsightCalls(Asking):
    """A part of `Client`: scores, importance, and what pruners do and would do."""

    async def scores(self, study: str, number: int) -> Scores:
        """What a trial stored of its validation; `schema.detection.Detection` judges on it.

        Raises:
            WrongInput: it stored none.
        """
        data, attempt = b"", -1
        while True:
            question = GetScores(study=study, number=number, first=len(data))
            page = await self.ask(question, ScoresPage)
            if page.attempt != attempt:  # another one ended meanwhile
                data, attempt = b"" if data else page.data, page.attempt
            else:
                data += page.data
            if len(data) == page.size:
                return decode_scores(data)

    async def importance(self, study: str) -> Importance:
        """How much each variable has to do with being among the best, for each metric."""
        return await self.ask(GetImportance(study=study), Importance)

    async def pruners(self, study: str) -> Pruners:
        """The pruners that a study can have, and the line of the one in force."""
        return await self.ask(GetPruners(study=study), Pruners)

    async def replay(
        self,
        study: str,
        *,
        pruner: str | None = None,
        aggressiveness: Aggressiveness | None = None,
        parameters: Mapping[str, Number] = NO_NUMBERS,
    ) -> Replay:
        """What a pruner, or each, would have saved and lost at a level, or at each.

        Raises:
            WorkFailed: no complete trial reported anything that can be pruned on.
        """
        question = GetReplay(
            study=study,
            pruner=pruner,
            aggressiveness=aggressiveness,
            parameters=dict(parameters),
        )
        return await self.ask(question, Replay, deadline=REPLAY_SECONDS)
