"""Takes over HTTP: a graph of the tests as a process, recorded, opened, exported, deleted."""

from __future__ import annotations

import json
import time
import urllib.error
import urllib.parse
import urllib.request
from collections.abc import Callable, Iterator
from pathlib import Path
from typing import Any

import pytest

from tests.exports.nodes import take_of
from tests.rigs import wait_for
from tests.web.conftest import PATIENCE, Page, Server, on_page

Ask = Callable[..., tuple[int, Any]]


@pytest.fixture(scope="module")
def takes(tmp_path_factory: pytest.TempPathFactory) -> Path:
    folder = tmp_path_factory.mktemp("takes")
    higher = {"is": "Octave", "in": "band.notes"}
    take_of(folder / "band.mcap", band={"is": "Combo", "n": 4}, higher=higher)
    return folder


@pytest.fixture(scope="module")
def stage(folder: Path, takes: Path) -> Iterator[Server]:
    server = Server(folder, "run", "small.yaml", "--web", "0", "--takes", str(takes))
    on_page(server.port, running)
    yield server
    code, said = server.end()
    assert code == 0 and "Traceback" not in said


async def running(page: Page, _: dict[str, Any]) -> None:
    """Wait until the graph has started: meters are told."""
    await page.next("stats")


@pytest.fixture
def ask(stage: Server) -> Ask:
    """`ask(method, path, body)`: the status and the answer."""
    base = f"http://127.0.0.1:{stage.port}"

    def ask(method: str, path: str, body: Any = None) -> tuple[int, Any]:
        data = None if body is None else json.dumps(body).encode()
        headers = {"Origin": base, "Content-Type": "application/json"}
        request = urllib.request.Request(base + path, data, headers, method=method)
        try:
            answer = urllib.request.urlopen(request, timeout=PATIENCE)
        except urllib.error.HTTPError as error:
            answer = error
        content = answer.read()
        kind = answer.headers.get("Content-Type", "")
        return answer.status, json.loads(content) if "json" in kind else content

    return ask


def test_a_run_is_recorded_listed_exported_and_deleted(ask: Ask, takes: Path) -> None:
    assert ask("POST", "/api/record", {"on": True, "name": "one"})[1]["name"] == "one"
    assert ask("POST", "/api/record", {"on": True, "name": "two"})[0] == 409
    assert ask("POST", "/api/takes/one/open", {})[0] == 409, "not while it grows"
    assert ask("POST", "/api/marker", {"text": "now"})[1]["t"] >= 0
    time.sleep(0.5)
    assert ask("POST", "/api/record", {"on": False})[1]["last"] == "one"
    listed = {t["name"]: t for t in ask("GET", "/api/takes")[1]["takes"]}
    assert listed["one"]["graph"] == "small" and listed["one"]["seconds"] > 0
    assert ask("PATCH", "/api/takes/one", {"notes": "good"})[0] == 200
    about = ask("GET", "/api/takes/one")[1]
    assert about["notes"] == "good" and [m["text"] for m in about["markers"]] == ["now"]
    job = ask("POST", "/api/takes/one/export", {"form": "wav"})[1]["id"]
    state = finished(ask, job)
    assert state == {"done": 1.0, "file": "one.wav"}
    assert ask("GET", "/api/takes/one/files/one.wav")[1][:4] == b"RIFF"
    assert ask("DELETE", "/api/takes/one")[0] == 200
    assert ask("GET", "/api/takes/one")[0] == 404
    assert sorted(f.name for f in takes.glob("one*")) == []


def finished(ask: Ask, job: str) -> dict[str, Any]:
    end = time.monotonic() + PATIENCE
    while not {"file", "error"} & set(state := ask("GET", f"/api/jobs/{job}")[1]):
        assert time.monotonic() < end
        time.sleep(0.1)
    return state


def test_what_a_take_lacks_is_told_by_the_job(ask: Ask) -> None:
    state = finished(ask, ask("POST", "/api/takes/band/export", {"form": ".bvh"})[1]["id"])
    assert "band.mcap: has no skeletons, which .bvh needs; it has: band.beats" in state["error"]
    assert state["remedy"]


@pytest.mark.parametrize(
    ("method", "path", "body"),
    [
        ("GET", "/api/takes/{}", None), ("PATCH", "/api/takes/{}", {"notes": "x"}),
        ("DELETE", "/api/takes/{}", None), ("POST", "/api/takes/{}/open", {}),
        ("POST", "/api/takes/{}/export", {"form": "wav"}), ("GET", "/api/takes/{}/files/x", None),
    ],
)  # fmt: skip
@pytest.mark.parametrize("name", ["..", "../../etc/passwd", "..%2f..%2fx", "%00", "a b/../c", "no"])
def test_paths_out_of_the_folder_are_refused(
    ask: Ask, takes: Path, method: str, path: str, body: Any, name: str
) -> None:
    quoted = name if "%" in name else urllib.parse.quote(name, safe="")
    status, answer = ask(method, path.format(quoted), body)
    assert status in (400, 404, 405)
    assert b"root:" not in (answer if isinstance(answer, bytes) else b"")
    assert (takes / "band.mcap").is_file()


def test_a_file_beside_the_exports_is_not_given_out(ask: Ask) -> None:
    for file in ("..%2f..%2fband.mcap", "band.mcap", "..", "%2e%2e"):
        assert ask("GET", f"/api/takes/band/files/{file}")[0] in (404, 405)


@pytest.mark.parametrize(
    ("path", "body"),
    [
        ("/api/record", []), ("/api/record", {"on": True, "name": "../x"}),
        ("/api/marker", {"text": 5}), ("/api/marker", {"text": "x" * 300}),
        ("/api/takes/band/open", {"mode": "explode"}), ("/api/takes/band/export", {"form": "exe"}),
        ("/api/takes/band/export", {"form": "../x"}), ("/api/presets", {}),
        ("/api/presets", {"save": ""}), ("/api/presets", {"apply": "none"}), ("/api/presets", "x"),
    ],
)  # fmt: skip
def test_malformed_requests_are_said(ask: Ask, path: str, body: Any) -> None:
    status, answer = ask("POST", path, body)
    assert 400 <= status < 500 and answer["error"] and answer["remedy"]


def test_what_a_form_of_a_foreign_page_can_send_is_refused(stage: Server) -> None:
    request = urllib.request.Request(
        f"http://127.0.0.1:{stage.port}/api/record", b'{"on": true}', {"Content-Type": "text/plain"}
    )
    with pytest.raises(urllib.error.HTTPError) as refused:
        urllib.request.urlopen(request, timeout=PATIENCE)
    assert refused.value.code == 415


def test_whatever_a_body_holds_the_answer_is_one_in_words(ask: Ask, takes: Path) -> None:
    """Wrong types everywhere; what is allowed changes nothing that another test needs."""
    odd: list[Any] = [None, -1, 10**400, 1e308, "x" * 500, [], {}, [[]] * 9, True, "\0", ["a"]]
    bodies = {
        "/api/start": ("graph", "changes", "without", "demo"), "/api/presets": ("apply", "rename"),
        "/api/record": ("name",), "/api/marker": ("text",),
        "/api/takes/band/open": ("mode",), "/api/takes/none/export": ("form", "output"),
    }  # fmt: skip
    for path, keys in bodies.items():
        for key in keys:
            for value in odd:
                body = {key: value} if path != "/api/record" else {"on": False, key: value}
                if key == "mode" and value is None:
                    continue
                status, answer = ask("POST", path, body)
                assert status < 500 and (status == 200 or answer["remedy"]), (path, body)


def test_a_request_that_is_too_large_is_refused(ask: Ask) -> None:
    assert ask("POST", "/api/presets", {"save": "x" * 2_000_000})[0] in (400, 413)


def test_presets_are_saved_applied_and_deleted(ask: Ask, folder: Path) -> None:
    assert ask("POST", "/api/presets", {"save": "a"})[0] == 200
    kept = ask("GET", "/api/presets")[1]
    assert kept[0]["name"] == "a" and kept[0]["settings"]["gain.gain"] == 1.0
    assert ask("POST", "/api/presets", {"apply": "a"})[1]["skipped"] == []
    assert ask("POST", "/api/presets", {"rename": "a", "to": "b"})[1] == {"name": "b"}
    assert (folder / "small.presets.yaml").is_file()
    assert ask("DELETE", "/api/presets?name=b")[0] == 200
    assert not (folder / "small.presets.yaml").exists()


def test_an_open_take_shows_its_moments_on_the_socket(stage: Server, ask: Ask) -> None:
    """Last but one: it ends the graph that runs."""

    async def scene(page: Page, _: dict[str, Any]) -> list[dict[str, Any]]:
        import asyncio

        status, state = await asyncio.to_thread(ask, "POST", "/api/takes/band/open", {})
        assert status == 200 and state["length"] > 1
        shown = await page.next("graph")
        assert shown["take"] == "band"
        for number, place in enumerate((("band", "beats"), ("higher", "higher")), 1):
            await page.say(do="watch", id=number, node=place[0], output=place[1], rate=30)
        while (await page.next("take"))["cache"] < 1:
            pass
        await page.say(do="take", what="seek", value=1.2)
        found = [await page.next("event", node="band")]
        while found[-1]["data"]["index"] != 2:
            found.append(await page.next("event", node="band"))
        higher = await page.next("event", node="higher")
        while higher["data"]["pitch"] != 74:
            higher = await page.next("event", node="higher")
        await page.say(do="take", what="explode")
        assert "unknown command" in (await page.next("error"))["text"]
        await page.say(do="take", what="close")
        await page.next("ended")
        return found

    assert on_page(stage.port, scene)


def test_a_take_is_played_out_as_if_it_were_live(stage: Server, ask: Ask) -> None:
    assert ask("POST", "/api/takes/band/open", {"mode": "live"})[0] == 200
    wait_for(lambda: ask("GET", "/api/state")[1]["running"], PATIENCE)
    assert ask("GET", "/api/state")[1]["take"] == "band"
    wait_for(lambda: not ask("GET", "/api/state")[1]["running"], PATIENCE)  # it ends with the take
