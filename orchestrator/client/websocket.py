"""The requests of a client over a websocket, to the gateway of a service.

The connection is made again by itself, after pauses that grow and are never those of another
client, so that a service which restarts is not run over. What was under way when it broke is
asked again by the client, with the same ``id``. The only file that knows the library.
"""

import asyncio
import logging
import os
import random
import ssl

from websockets.asyncio.client import ClientConnection, connect
from websockets.exceptions import ConnectionClosed, InvalidHandshake, InvalidStatus

from orchestrator.client.gateway_address import TOKEN_VARIABLE, GatewayAddress
from orchestrator.client.transport import Receive, Transport
from schema.codec import ANSWER_BYTES
from schema.errors import GatewayError
from schema.identity import checked_name

logger = logging.getLogger(__name__)
library = logging.getLogger(f"{__name__}.library")
library.setLevel(logging.INFO)  # below that it would write the token into the log

FIRST_PAUSE_SECONDS = 0.1
LONGEST_PAUSE_SECONDS = 5.0
OPEN_SECONDS = 10.0
CLOSE_SECONDS = 2.0
PING_SECONDS = 30.0
REFUSALS = {400, 401, 403}
"""Answers that another attempt would not change."""


class WebSocketTransport(Transport):
    """To whichever orchestrator serves at ``address``.

    Raises:
        WrongInput: ``client`` is no name, or the file of the authority cannot be read.
    """

    orchestrator = ""

    def __init__(self, address: GatewayAddress, client: str) -> None:
        self.client = checked_name("client", client)
        self._address = address
        self._receive: Receive
        self._connection: ClientConnection | None = None
        self._refusal: GatewayError | None = None
        self._keeping: asyncio.Task[None] | None = None
        self._tls = _context(address)
        self._last_problem = ""

    @property
    def connected(self) -> bool:
        return self._connection is not None

    async def open(self, instance: str, receive: Receive) -> None:
        """As `Transport.open`.

        Raises:
            GatewayError: nobody serves there, or the token is refused.
        """
        self._receive = receive
        first: asyncio.Future[None] = asyncio.get_running_loop().create_future()
        self._keeping = asyncio.create_task(self._keep(first))
        try:
            await first
        except BaseException:
            await self.close()
            raise

    async def send(self, body: bytes) -> bool:
        if self._refusal is not None:
            raise self._refusal
        if self._connection is None:
            return False
        try:
            await self._connection.send(body)
        except ConnectionClosed:
            return False
        return True

    async def close(self) -> None:
        if self._keeping is not None:
            self._keeping.cancel()
            await asyncio.gather(self._keeping, return_exceptions=True)

    def silence(self, seconds: float, taken: bool) -> str:
        if not self.connected:
            return f"not connected for the last {seconds:g} s: {self._last_problem}"
        return f"the service at {self._address} did not answer within {seconds:g} s"

    async def _keep(self, first: asyncio.Future[None]) -> None:
        """Stay connected until it is refused; ``first`` is how the first attempt ended."""
        pause = FIRST_PAUSE_SECONDS
        while True:
            try:
                async with self._dial() as connection:
                    self._connection = connection
                    if not first.done():
                        first.set_result(None)
                    pause = FIRST_PAUSE_SECONDS
                    async for frame in connection:
                        if isinstance(frame, bytes):
                            self._receive(frame)
                    self._lost(f"{self._address} closed the connection")
            except ConnectionClosed as error:
                reason = error.rcvd.reason if error.rcvd else "the connection broke"
                self._lost(f"{self._address}: {reason}")
            except (OSError, TimeoutError, InvalidHandshake) as error:
                problem = self._explained(error)
                if not first.done():
                    first.set_exception(problem)
                    return
                if _is_refusal(error):
                    self._refusal = problem
                    return
                self._lost(str(problem))
            finally:
                self._connection = None
            await asyncio.sleep(pause * random.uniform(0.5, 1.5))
            pause = min(2 * pause, LONGEST_PAUSE_SECONDS)

    def _dial(self) -> connect:
        address = self._address
        headers = {}
        if address.token is not None:
            headers["Authorization"] = f"Bearer {address.token.reveal()}"
        return connect(
            f"{address.url}/client?client={self.client}",
            additional_headers=headers,
            proxy=None if _is_here(address.host) else True,
            compression=None if _is_here(address.host) else "deflate",
            max_size=ANSWER_BYTES,
            open_timeout=OPEN_SECONDS,
            close_timeout=CLOSE_SECONDS,
            ping_interval=PING_SECONDS,
            ping_timeout=PING_SECONDS,
            ssl=self._tls,
            logger=library,
        )

    def _lost(self, why: str) -> None:
        self._last_problem = why
        logger.debug("not connected: %s", why)

    def _explained(self, error: Exception) -> GatewayError:
        where = self._address
        match error:
            case InvalidStatus() if error.response.status_code == 401:
                why = (
                    f"{where} refuses the token, or wants one: give --token-file FILE or set "
                    f"{TOKEN_VARIABLE}"
                )
            case InvalidStatus() if _is_refusal(error):
                why = f"{where} refuses: {_said(error)}"
            case InvalidStatus():
                status = error.response.status_code
                why = f"{where} answers with status {status}: is a TrialMQ service there?"
            case ssl.SSLCertVerificationError():
                why = f"{where}: its certificate is not trusted: {error.verify_message}"
            case ssl.SSLError():
                why = f"{where}: TLS failed: {error.reason}"
            case InvalidHandshake():
                why = f"{where} does not speak websocket: is a TrialMQ service there?"
            case TimeoutError():
                why = f"{where} did not answer within {OPEN_SECONDS:g} s"
            case _:
                why = f"{where} cannot be reached: {_system_word(error)}"
        made = GatewayError(why)
        made.__cause__ = error
        return made


def _context(address: GatewayAddress) -> ssl.SSLContext | None:
    if not address.tls:
        return None
    try:
        return ssl.create_default_context(cafile=address.cafile or None)
    except OSError as error:
        raise GatewayError(f"{address.cafile} holds no certificates: {error}") from error


def _is_refusal(error: Exception) -> bool:
    return isinstance(error, InvalidStatus) and error.response.status_code in REFUSALS


def _said(error: InvalidStatus) -> str:
    return (error.response.body or b"").decode("utf-8", "replace").strip()[:300]


def _system_word(error: Exception) -> str:
    number = getattr(error, "errno", None) or 0
    return os.strerror(number) if number > 0 else str(error) or type(error).__name__


def _is_here(host: str) -> bool:
    """Would neither a proxy nor compression do any good?"""
    return host in ("localhost", "::1") or host.startswith("127.")
