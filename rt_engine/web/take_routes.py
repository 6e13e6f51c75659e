"""The requests about takes, records, exports and presets."""

from __future__ import annotations

import json
import threading
from collections.abc import Awaitable, Callable, Mapping
from pathlib import Path
from typing import Any

from starlette.concurrency import run_in_threadpool
from starlette.requests import Request
from starlette.responses import FileResponse, JSONResponse, Response
from starlette.routing import Route

from rt_engine.core import Graph
from rt_engine.exporting import FORMS
from rt_engine.record import Take
from rt_engine.relive import relive
from rt_engine.web import presets
from rt_engine.web.errors import PageError
from rt_engine.web.jobs import Jobs
from rt_engine.web.recording import Recording
from rt_engine.web.stage import Stage
from rt_engine.web.takes import Takes
from rt_engine.web.timeline import Timeline

__all__ = ["Desk", "take_routes"]

BODY = 65_536  # bytes of a request


class Desk:
    """Takes in a browser: the list, the one that is open, the exports under way."""

    def __init__(self, stage: Stage, takes: Takes, recording: Recording) -> None:
        self.stage, self.takes, self.recording = stage, takes, recording
        self.jobs = Jobs()
        self.timeline: Timeline | None = None
        self._opening = threading.Lock()

    def entries(self, _: Any, __: Mapping[str, str]) -> Any:
        """Answer GET /api/takes."""
        growing = self.recording.state()["name"]
        found = [entry for entry in self.takes.entries() if entry["name"] != growing]
        return {"folder": str(self.takes.folder), "takes": found, "forms": sorted(FORMS)}

    def about(self, _: Any, path: Mapping[str, str]) -> Any:
        """Answer GET /api/takes/NAME."""
        return self.takes.about(path["name"])

    def note(self, body: Any, path: Mapping[str, str]) -> Any:
        """Answer PATCH /api/takes/NAME."""
        self.takes.note(path["name"], body.get("notes"))
        return {"name": path["name"]}

    def remove(self, _: Any, path: Mapping[str, str]) -> Any:
        """Answer DELETE /api/takes/NAME."""
        self._idle(path["name"])
        if self.timeline is not None and self.timeline.name == path["name"]:
            self.close()
        self.takes.remove(path["name"])
        return {"name": path["name"]}

    def record(self, body: Any, _: Mapping[str, str]) -> Any:
        """Answer POST /api/record."""
        if body.get("on"):
            return self.recording.start(str(body.get("name") or ""))
        return {"is": "recording", "name": None, "last": self.recording.stop()}

    def mark(self, body: Any, _: Mapping[str, str]) -> Any:
        """Answer POST /api/marker."""
        return {"t": self.recording.mark(body.get("text", ""))}

    def open(self, body: Any, path: Mapping[str, str]) -> Any:
        """Answer POST /api/takes/NAME/open."""
        mode, name = body.get("mode", "scrub"), path["name"]
        file = self.takes.path(name)
        self._idle(name)
        if mode not in ("scrub", "live"):
            raise PageError(f"unknown mode {mode!r}", "scrub or live.")
        with self._opening:
            self._shut()
            if mode == "live":
                self.stage.play(*relive(file), name)
                return {"is": "take", "name": None}
            self.takes.tidy()
            take = Take(file)
            self.stage.show(take.graph(), take.spec, name)
            timeline = Timeline(file, self.takes.cache(file), self.stage.hub, self.stage.tell)
            self.stage.hub.on_watch = lambda node, output: timeline.again()
            self.timeline = timeline
            return timeline.state()

    def export(self, body: Any, path: Mapping[str, str]) -> Any:
        """Answer POST /api/takes/NAME/export."""
        file = self.takes.path(path["name"])
        self._idle(path["name"])
        form = "." + str(body.get("form", "")).lstrip(".")
        if form not in FORMS:
            raise PageError(f"unknown form {form[:20]!r}", f"One of {', '.join(sorted(FORMS))}.")
        folder = self.takes.export_folder(file.stem)
        folder.mkdir(parents=True, exist_ok=True)
        output = folder / (file.stem + form)
        chosen = str(body.get("output") or "")
        return {"id": self.jobs.start("export", str(file), str(output), chosen)}

    def job(self, _: Any, path: Mapping[str, str]) -> Any:
        """Answer GET /api/jobs/ID."""
        return self.jobs.state(path["id"])

    def file(self, path: Mapping[str, str]) -> Path:
        """What was exported under this name."""
        found = {file.name: file for file in self.takes.exports(path["name"])}
        if path["file"] not in found:
            raise PageError(f"no file {path['file'][:80]!r}", "Export it first.", 404)
        return found[path["file"]]

    def all_presets(self, _: Any, __: Mapping[str, str]) -> Any:
        """Answer GET /api/presets."""
        found = self._presets().all().items() if self.stage.graph else ()
        return [{"name": name, "settings": settings} for name, settings in found]

    def preset(self, body: Any, _: Mapping[str, str]) -> Any:
        """Answer POST /api/presets."""
        kept = self._presets()
        if "save" in body:
            kept.save(body["save"], presets.settings_of(self._graph()))
            return {"name": body["save"]}
        if "rename" in body:
            kept.rename(body["rename"], body.get("to"))
            return {"name": body.get("to")}
        if "apply" not in body:
            raise PageError("nothing to do", "One of save, apply, rename.")
        settings, live = kept.get(body["apply"]), self.stage.live
        if live is None:
            raise PageError("the graph does not run", "Start it, then apply the preset.", 409)
        skipped = presets.apply(self._graph(), settings, live.control)
        return {"applied": len(settings) - len(skipped), "skipped": skipped}

    def forget(self, body: Any, _: Mapping[str, str]) -> Any:
        """Answer DELETE /api/presets?name=NAME."""
        self._presets().remove(body.get("name"))
        return {"name": body.get("name")}

    def command(self, message: Any) -> None:
        """A message of the page about the take that is open."""
        if message.what == "close":
            self.close()
            self.stage.stop()
        elif self.timeline is not None:
            self.timeline.command(message.what, message.value)

    def close(self) -> None:
        """Close the take that is open."""
        with self._opening:
            self._shut()

    def end(self) -> None:
        """The server ends: let go of everything."""
        self.close()
        self.jobs.close()
        self.recording.detach()

    def _shut(self) -> None:
        timeline, self.timeline = self.timeline, None
        if timeline is not None:
            self.stage.hub.on_watch = lambda node, output: None
            timeline.close()
            self.stage.tell({"is": "take", "name": None})

    def _idle(self, name: str) -> None:
        if self.recording.state()["name"] == name:
            raise PageError(f"take {name!r} is being recorded", "Stop the record first.", 409)

    def _graph(self) -> Graph:
        if self.stage.graph is None:
            raise PageError("no graph is there", "Start one.", 409)
        return self.stage.graph

    def _presets(self) -> presets.Presets:
        graph = self._graph()
        return presets.Presets(presets.file_of(self.stage.file, graph.name))


Call = Callable[[Any, Mapping[str, str]], Any]


def take_routes(desk: Desk) -> list[Route]:
    """The routes, for the application of the page."""
    calls: list[tuple[str, str, Call]] = [
        ("GET", "/api/takes", desk.entries),
        ("POST", "/api/record", desk.record),
        ("POST", "/api/marker", desk.mark),
        ("GET", "/api/takes/{name}", desk.about),
        ("PATCH", "/api/takes/{name}", desk.note),
        ("DELETE", "/api/takes/{name}", desk.remove),
        ("POST", "/api/takes/{name}/open", desk.open),
        ("POST", "/api/takes/{name}/export", desk.export),
        ("GET", "/api/jobs/{id}", desk.job),
        ("GET", "/api/presets", desk.all_presets),
        ("POST", "/api/presets", desk.preset),
        ("DELETE", "/api/presets", desk.forget),
    ]

    async def send(request: Request) -> Response:
        file = await run_in_threadpool(desk.file, request.path_params)
        return FileResponse(file, filename=file.name)

    routes = [Route(path, _answer(call), methods=[method]) for method, path, call in calls]
    return [*routes, Route("/api/takes/{name}/files/{file}", send, methods=["GET"])]


def _answer(call: Call) -> Callable[[Request], Awaitable[Response]]:
    async def answer(request: Request) -> Response:
        body = await _body(request)
        return JSONResponse(await run_in_threadpool(call, body, request.path_params))

    return answer


async def _body(request: Request) -> Mapping[str, Any]:
    """The map that a request sends, or what its address asks for."""
    if request.method in ("GET", "DELETE"):
        return request.query_params
    kind = request.headers.get("content-type", "")
    if not kind.startswith("application/json"):  # what a form of a foreign page cannot send
        raise PageError("the body is not JSON", "Send Content-Type: application/json.", 415)
    raw = b""
    async for part in request.stream():
        raw += part
        if len(raw) > BODY:
            raise PageError("the request is too large", f"At most {BODY} bytes.", 413)
    try:
        found = json.loads(raw or b"{}")
    except (ValueError, RecursionError):
        found = None
    if not isinstance(found, dict):
        raise PageError("the request is no JSON map", 'Such as {"on": true}.')
    return found
