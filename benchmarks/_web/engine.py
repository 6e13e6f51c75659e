"""The engine as a process, with or without its page, and a JACK server with an ear for it."""

from __future__ import annotations

import contextlib
import os
import re
import signal
import subprocess
import sys
import time
from collections.abc import Iterator
from pathlib import Path

ROOT = Path(__file__).parents[2]
sys.path.insert(0, str(ROOT))

SETTLE = 1.5  # s from the first block until the process is measured
STEPS = 16
POLICIES = {os.SCHED_OTHER: "the usual one", os.SCHED_RR: "real-time (chrt -r), for a busy machine"}


def scheduling() -> str:
    """The note that tells how the processes of a benchmark were scheduled."""
    return f"Scheduling of all processes: {POLICIES.get(os.sched_getscheduler(0), 'other')}."


def graph(folder: Path, jack: str | None, noted: bool) -> Path:
    """The graph file; `noted`: lateness is written down, and the clock goes to the listener."""
    lines = ["name: performance", "nodes:", "  card: {is: _web.nodes.Card}"]
    before = "card"
    for number in range(STEPS):
        lines.append(f"  step{number}: {{is: _web.nodes.Step, in: {before}}}")
        before = f"step{number}"
    file = "late.npy" if noted else ""
    lines.append(f"  judge: {{is: _web.nodes.Judge, in: {before}, file: '{file}'}}")
    lines += [f"  {name.lower()}: {{is: _web.nodes.{name}}}"
              for name in ("Camera", "Body", "Mel", "Beats")]  # fmt: skip
    if jack:
        lines.append("  ahead: {is: _web.nodes.Ahead}")
        port = "ear:jack" if noted else ""
        lines.append(
            f"  clock: {{is: midi.Clock, in: ahead, api: jack, client: jack, port: '{port}'}}"
        )
    path = folder / "performance.yaml"
    path.write_text("\n".join(lines) + "\n")
    return path


class Process:
    """The engine as a process, with or without its page."""

    def __init__(self, folder: Path, page: bool, jack: str | None, noted: bool = False) -> None:
        path = f"{ROOT}{os.pathsep}{ROOT / 'benchmarks'}"
        env = {**os.environ, "PYTHONPATH": path, "PYTHONUNBUFFERED": "1"}
        env |= {"JACK_DEFAULT_SERVER": jack} if jack else {}
        command = [sys.executable, "-m", "rt_engine.cli", "run", str(graph(folder, jack, noted))]
        command += ["--web", "0"] if page else []
        self.folder, self.port = folder, 0
        self.process = subprocess.Popen(
            command, cwd=folder, env=env, text=True,
            stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
        )  # fmt: skip
        if page:
            assert self.process.stdout
            self.port = int(re.search(r":(\d+)/", self.process.stdout.readline())[1])  # type: ignore[index]
        until = time.monotonic() + 60
        while not (folder / "running").exists() and time.monotonic() < until:
            time.sleep(0.1)
        time.sleep(SETTLE)

    def cpu(self) -> float:
        """CPU time so far, in s."""
        fields = Path(f"/proc/{self.process.pid}/stat").read_text().rpartition(")")[2].split()
        return (int(fields[11]) + int(fields[12])) / os.sysconf("SC_CLK_TCK")

    def memory(self) -> float:
        """Resident memory, in MB."""
        pages = int(Path(f"/proc/{self.process.pid}/statm").read_text().split()[1])
        return pages * os.sysconf("SC_PAGE_SIZE") / 1e6

    def end(self) -> None:
        """Stop it; RuntimeError where it failed, and left nothing to measure."""
        self.process.send_signal(signal.SIGINT)
        said, _ = self.process.communicate(timeout=30)
        if self.process.returncode:
            last = next((line for line in said.splitlines() if "error" in line), said)
            print(f"web: {last}", file=sys.stderr)
            if not (self.folder / "running").exists():
                raise RuntimeError(f"the engine failed: {said}")


@contextlib.contextmanager
def server() -> Iterator[str | None]:
    """A JACK server of our own; None where there is no JACK."""
    from tests.rigs import JackServer

    with contextlib.ExitStack() as stack:
        try:
            found: str | None = stack.enter_context(JackServer(sync=True)).name
        except (OSError, RuntimeError) as error:
            print(f"no JACK server, so no MIDI clock: {error}", file=sys.stderr)
            found = None
        yield found
