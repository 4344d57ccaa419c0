"""Who is let in: by token, cookie, host and origin, over http and websocket alike."""

from http.cookies import SimpleCookie

import pytest
from starlette.responses import PlainTextResponse
from starlette.types import ASGIApp, Message, Scope

from orchestrator.gateway.access import Access, names_this_machine
from schema.secrets import Secret

TOKEN = "the-token-of-the-tests"
HOST = "service.example:8484"
LETS_IN = PlainTextResponse("in")


class Asked:
    """What one request was answered."""

    def __init__(self) -> None:
        self.status = 0
        self.body = b""
        self.headers: dict[str, str] = {}

    async def take(self, message: Message) -> None:
        if message["type"].endswith("http.response.start"):
            self.status = message["status"]
            self.headers = {k.decode(): v.decode() for k, v in message["headers"]}
        else:
            self.body += message["body"]


async def ask(
    app: ASGIApp, kind: str = "http", path: str = "/page", query: str = "", **headers: str
) -> Asked:
    """One request, for ``HOST`` unless it says otherwise."""
    named = {"host": HOST} | headers
    scope: Scope = {
        "type": kind,
        "method": "GET",
        "scheme": "http",
        "path": path,
        "query_string": query.encode(),
        "headers": [(name.encode(), value.encode("latin-1")) for name, value in named.items()],
        "extensions": {"websocket.http.response": {}},
    }
    asked = Asked()

    async def receive() -> Message:
        return {"type": "http.request"}

    await app(scope, receive, asked.take)
    return asked


KINDS = pytest.mark.parametrize("kind", ["http", "websocket"])


@KINDS
async def test_a_wrong_token_is_refused_as_none_is(kind: str) -> None:
    app = Access(LETS_IN, Secret(TOKEN))
    nothing = await ask(app, kind)
    assert nothing.status == 401
    for wrong in (
        "Bearer",
        "Bearer ",
        f"Bearer {TOKEN[:-1]}",
        f"Bearer {TOKEN}x",
        f"Basic {TOKEN}",
    ):
        refused = await ask(app, kind, authorization=wrong)
        assert (refused.status, refused.body) == (401, nothing.body)
    assert (await ask(app, kind, query="token=x")).status == 401
    assert (await ask(app, kind, cookie=f"trialmq-8484={TOKEN}")).status == 401
    assert (await ask(app, kind, cookie="trialmq-8484=é", authorization="Bearer é")).status == 401
    assert (await ask(app, kind, authorization=f"bearer {TOKEN}")).body == b"in"


@KINDS
async def test_a_browser_gives_the_token_once_and_has_a_cookie_then(kind: str) -> None:
    app = Access(LETS_IN, Secret(TOKEN))
    login = await ask(app, query=f"token={TOKEN}&tab=2", path="//evil.example/x")
    assert login.status == 200
    assert b'content="0; url=/evil.example/x?tab=2"' in login.body
    assert login.headers["referrer-policy"] == "no-referrer"
    said = login.headers["set-cookie"]
    assert TOKEN not in said
    assert "HttpOnly" in said
    assert "SameSite=strict" in said
    [cookie] = SimpleCookie(said).values()
    given = f"{cookie.key}={cookie.value}"
    assert (await ask(app, kind, cookie=given)).body == b"in"
    assert (await ask(Access(LETS_IN, Secret("another")), kind, cookie=given)).status == 401


@KINDS
async def test_a_page_of_another_site_is_refused_with_and_without_a_token(kind: str) -> None:
    bearer = f"Bearer {TOKEN}"
    guarded, local = Access(LETS_IN, Secret(TOKEN)), Access(LETS_IN, None)
    for origin in ("http://evil.example", "null", "", f"http://{HOST}0", "http://service.example"):
        asked = await ask(guarded, kind, origin=origin, authorization=bearer)
        assert asked.status == 403, origin
        assert (await ask(local, kind, host="localhost:8484", origin=origin)).status == 403, origin
    own = await ask(guarded, kind, origin=f"https://{HOST}", authorization=bearer)
    assert own.body == b"in"


@KINDS
async def test_without_a_token_only_this_machine_is_served_whatever_leads_here(kind: str) -> None:
    app = Access(LETS_IN, None)
    for host in ("localhost:8484", "127.0.0.1:80", "[::1]:8484", "a.localhost"):
        assert (await ask(app, kind, host=host, origin=f"http://{host}")).body == b"in", host
    for host in ("evil.example:8484", "127.0.0.1.evil.example", "10.0.0.1", "", "[", "localhost.x"):
        assert (await ask(app, kind, host=host, origin=f"http://{host}")).status == 403, host


async def test_no_other_site_may_show_our_pages_inside_of_its_own() -> None:
    asked = await ask(Access(LETS_IN, None), host="localhost:1")
    assert asked.headers["content-security-policy"] == "frame-ancestors 'self'"


def test_names_of_this_machine() -> None:
    assert names_this_machine("LOCALHOST:1")
    assert not names_this_machine("localhost@evil.example:1x")
