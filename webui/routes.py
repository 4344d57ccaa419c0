"""What the page's own server answers beside pages: the rows of a table, as JSON."""

from fastapi import FastAPI, HTTPException, Response

from webui import addresses
from webui.live.service import LiveService


def add_routes(app: FastAPI, live: LiveService) -> None:
    """Answer below ``/api``."""

    @app.get(addresses.rows("{name}"))
    async def rows(name: str) -> Response:
        """Every row of a study as of a version of its `LiveStudy`."""
        study = live.study(name)
        await study.ready()
        if study.deleted:
            raise HTTPException(404)
        return Response(await study.table.everything(), media_type="application/json")

    @app.get("/api/{rest:path}")
    async def nothing(rest: str) -> Response:
        """So that a wrong address is not taken for a page."""
        raise HTTPException(404)
