"""When VMC frames arrive, seen from another process that shares no code with the engine.

    python benchmarks/_peers/vmc_times.py FILE.npy

Prints its UDP port. When stdin ends, it writes FILE.npy: for each frame the number in
/VMC/Ext/T (s) and the time at which that datagram was received (s, monotonic clock).
"""

from __future__ import annotations

import socket
import struct
import sys
import threading
import time

import numpy as np

MARK = b"/VMC/Ext/T\0\0,f\0\0"


def main(path: str) -> None:
    """Receive until stdin ends."""
    ear = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    ear.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, 1 << 20)
    ear.bind(("127.0.0.1", 0))
    ear.settimeout(0.2)
    print(ear.getsockname()[1], flush=True)
    ended = threading.Event()
    threading.Thread(target=lambda: (sys.stdin.read(), ended.set()), daemon=True).start()
    found: list[tuple[float, float]] = []
    while not ended.is_set():
        try:
            data = ear.recv(65536)
        except TimeoutError:
            continue
        arrival = time.monotonic()
        if (at := data.find(MARK)) >= 0:
            found.append((struct.unpack_from(">f", data, at + len(MARK))[0], arrival))
    np.save(path, np.array(found).reshape(-1, 2))


if __name__ == "__main__":
    main(sys.argv[1])
