"""The page over https, as a phone's camera needs it."""

from __future__ import annotations

import asyncio
import http.client
import shutil
import ssl
import subprocess
import sys
from collections.abc import Iterator
from pathlib import Path

import pytest

from tests.web.conftest import PATIENCE, Page, Server, websockets

OPENSSL = shutil.which("openssl")
pytestmark = pytest.mark.skipif(OPENSSL is None, reason="needs openssl")


@pytest.fixture(scope="module")
def certificate(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A file with key and certificate, made by the commands of docs/web.md."""
    folder = tmp_path_factory.mktemp("certificate")
    key, made = folder / "stage.pem", folder / "stage.crt"
    line = "req -x509 -newkey rsa:2048 -nodes -days 2 -subj /CN=stage -keyout"
    subprocess.run(
        [str(OPENSSL), *line.split(), str(key), "-out", str(made)], check=True, capture_output=True
    )
    key.write_bytes(key.read_bytes() + made.read_bytes())
    return key


@pytest.fixture(scope="module")
def secure(folder: Path, certificate: Path) -> Iterator[Server]:
    """The small graph, for other machines, over https."""
    server = Server(
        folder, "run", "small.yaml", "--web", "0.0.0.0:0", "--certificate", str(certificate)
    )
    yield server
    server.end()


def trusting(certificate: Path) -> ssl.SSLContext:
    """A client that accepts this certificate and no other."""
    context = ssl.create_default_context(cafile=certificate.with_name("stage.crt"))
    context.check_hostname = False
    return context


def test_the_page_and_its_socket_are_served_over_tls(secure: Server, certificate: Path) -> None:
    assert secure.url.startswith("https://")
    context = trusting(certificate)
    client = http.client.HTTPSConnection(
        "127.0.0.1", secure.port, timeout=PATIENCE, context=context
    )
    client.request("GET", f"/?token={secure.token}")
    answer = client.getresponse()
    cookie = answer.headers["set-cookie"]
    assert answer.status == 303 and "Secure" in cookie and "HttpOnly" in cookie

    async def scene() -> str:
        headers = {"Cookie": cookie.partition(";")[0]}
        place = f"wss://127.0.0.1:{secure.port}/ws"
        async with websockets.connect(place, ssl=context, additional_headers=headers) as socket:
            return str((await Page(socket).next("graph"))["name"])

    assert asyncio.run(scene()) == "small"


def test_plain_http_is_not_answered_there(secure: Server) -> None:
    client = http.client.HTTPConnection("127.0.0.1", secure.port, timeout=PATIENCE)
    client.request("GET", f"/?token={secure.token}")
    with pytest.raises((http.client.HTTPException, ConnectionError)):
        client.getresponse()


@pytest.mark.parametrize("wrong", ["missing.pem", "stage.crt", "small.yaml", "."])
def test_a_certificate_that_cannot_serve_ends_the_start(
    wrong: str, folder: Path, certificate: Path
) -> None:
    file = certificate.with_name(wrong) if wrong == "stage.crt" else folder / wrong
    ended = subprocess.run(
        [sys.executable, "-m", "rt_engine.cli", "studio", "--certificate", str(file)],
        capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert ended.returncode == 2 and ended.stdout == ""
    assert f"--certificate {file}: " in ended.stderr and "Traceback" not in ended.stderr
    assert len(ended.stderr.splitlines()) == 1


@pytest.mark.parametrize("option", ["--certificate", "--takes"])
def test_what_is_of_a_page_is_refused_without_one(option: str, folder: Path) -> None:
    ended = subprocess.run(
        [sys.executable, "-m", "rt_engine.cli", "run", "small.yaml", option, "x"],
        cwd=folder, capture_output=True, text=True, timeout=PATIENCE, check=False,
    )  # fmt: skip
    assert ended.returncode == 2 and f"{option}: there is no page" in ended.stderr
