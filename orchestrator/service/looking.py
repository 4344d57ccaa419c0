"""Questions about a database that is only looked at: beside whoever runs on it, and without a lock.

They are the requests of a client here too, and answered by the code that answers them in a service.
"""

import asyncio
import time

from orchestrator.engine.trials import Moment
from orchestrator.reading.results import Results
from orchestrator.service.clients import answered, refused
from orchestrator.service.news import News
from orchestrator.service.stored_questions import StoredQuestions
from schema.codec import requests_codec
from schema.errors import TrialMQError, WrongInput
from schema.requests import Question


class Looking:
    """Answers clients in this process, of what ``results`` holds; it changes nothing."""

    def __init__(self, results: Results) -> None:
        async def get() -> Results:
            return results

        self._questions = StoredQuestions(get, News(term=0))
        self._requests = requests_codec()

    async def answer(self, body: bytes, sender: str) -> bytes:
        """The answer to a request."""
        request = self._requests.decode(body)
        now = Moment(time.time(), asyncio.get_running_loop().time())
        try:
            if not isinstance(request.command, Question):
                raise WrongInput("this database is only looked at, and nothing in it is changed")
            return answered(request.id, await self._questions.answer(request.command, now))
        except TrialMQError as error:
            return refused(request.id, error)
