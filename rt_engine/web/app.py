"""The page's addresses."""

from __future__ import annotations

import contextlib
import re
from collections.abc import AsyncIterator, Callable, Sequence
from pathlib import Path
from typing import Any

import msgspec
from starlette.applications import Starlette
from starlette.concurrency import run_in_threadpool
from starlette.exceptions import HTTPException
from starlette.middleware import Middleware
from starlette.requests import ClientDisconnect, Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import BaseRoute, Route, WebSocketRoute
from starlette.websockets import WebSocket

from rt_engine.core import GraphError
from rt_engine.devices import DeviceError
from rt_engine.extras import MissingExtra
from rt_engine.web.errors import PageError, remedy_of
from rt_engine.web.security import Guard
from rt_engine.web.stage import Stage
from rt_engine.web.studio import Start, Studio
from rt_engine.web.viewer import LATER, Viewer

__all__ = ["application", "body_of"]

PAGE = Path(__file__).parent / "page"
FILE = re.compile(r"[A-Za-z0-9][\w.-]*\.(js|css|svg|png|woff2|json|webmanifest)", re.ASCII)
TYPES = {"js": "text/javascript", "svg": "image/svg+xml", "woff2": "font/woff2"}
UNDERSTOOD = (GraphError, DeviceError, MissingExtra)


def application(
    stage: Stage, studio: Studio, token: str = "", routes: Sequence[BaseRoute] = ()
) -> Starlette:
    """The page's server as an ASGI application; `routes` are those of takes and presets."""

    @contextlib.asynccontextmanager
    async def lifespan(_: Starlette) -> AsyncIterator[None]:
        import asyncio

        ticking = asyncio.ensure_future(stage.tick())
        await asyncio.sleep(0)
        yield
        ticking.cancel()

    handlers: dict[Any, Callable[..., Any]] = {HTTPException: _http, PageError: _refusal}
    handlers[ClientDisconnect] = _too_slow
    handlers |= dict.fromkeys(UNDERSTOOD, _misuse)
    return Starlette(
        routes=[*_own(stage, studio), *routes],
        middleware=[Middleware(Guard, token=token)],
        exception_handlers=handlers,
        lifespan=lifespan,
    )


async def body_of(request: Request, form: type[Any]) -> Any:
    """The body of a request, JSON of type `form`; PageError says what is wrong with it."""
    if not request.headers.get("content-type", "").startswith("application/json"):
        raise PageError("the body is not JSON", "Send Content-Type: application/json.", 415)
    try:
        return msgspec.json.decode(await request.body() or b"{}", type=form)
    except (msgspec.MsgspecError, RecursionError) as error:
        raise PageError(f"the body is not understood: {error}", "See docs/web.md.", 422) from None


def _own(stage: Stage, studio: Studio) -> list[BaseRoute]:
    async def state(_: Request) -> Response:
        return _json(stage.state())

    async def graphs(_: Request) -> Response:
        return _json(await run_in_threadpool(studio.graphs))

    async def devices(request: Request) -> Response:
        again = request.query_params.get("again") == "1"
        return _json(await run_in_threadpool(studio.devices, again))

    async def start(request: Request) -> Response:
        asked = await body_of(request, Start)
        await run_in_threadpool(studio.start, asked)
        return _json(stage.state())

    async def stop(_: Request) -> Response:
        await run_in_threadpool(stage.stop)
        return _json(stage.state())

    async def socket(websocket: WebSocket) -> None:
        await websocket.accept()
        if stage.full:
            await websocket.close(LATER, "too many viewers")
            return
        await stage.serve(Viewer(websocket, stage))

    return [
        Route("/", _index),
        Route("/static/{name}", _static),
        Route("/api/state", state),
        Route("/api/graphs", graphs),
        Route("/api/devices", devices),
        Route("/api/start", start, methods=["POST"]),
        Route("/api/stop", stop, methods=["POST"]),
        WebSocketRoute("/ws", socket),
    ]


async def _index(_: Request) -> Response:
    return FileResponse(PAGE / "index.html", headers={"cache-control": "no-cache"})


async def _static(request: Request) -> Response:
    name = request.path_params["name"]
    if not FILE.fullmatch(name) or not (PAGE / name).is_file():
        raise PageError("there is no such file", "Reload the page.", 404)
    kind = TYPES.get(name.rpartition(".")[2])
    return FileResponse(PAGE / name, media_type=kind, headers={"cache-control": "no-cache"})


def _json(content: Any) -> Response:
    return Response(msgspec.json.encode(content), media_type="application/json")


async def _http(_: Request, error: Exception) -> Response:
    assert isinstance(error, HTTPException)
    what = {404: "there is no such address", 405: "this address takes other requests"}
    text = what.get(error.status_code, str(error.detail))
    return JSONResponse({"error": text, "remedy": "See docs/web.md."}, error.status_code)


async def _refusal(_: Request, error: Exception) -> Response:
    assert isinstance(error, PageError)
    return JSONResponse({"error": error.what, "remedy": error.remedy}, error.status)


async def _misuse(_: Request, error: Exception) -> Response:
    return JSONResponse({"error": str(error), "remedy": remedy_of(str(error))}, 400)


async def _too_slow(_: Request, error: Exception) -> Response:
    """The body was cut: too large, or too long on its way."""
    body = {"error": "the request did not arrive", "remedy": "Send it again, whole."}
    return JSONResponse(body, 408, headers={"connection": "close"})
