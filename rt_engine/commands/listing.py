"""The commands that say what is here: `devices`, `nodes` and `doctor`."""

from __future__ import annotations

import argparse
import json
from typing import Any

from rt_engine.core import GraphError

__all__ = ["add_listing_commands"]


def add_listing_commands(commands: Any) -> None:
    """Register the commands with those of `rt-engine`."""
    commands.add_parser("devices", help="list sound and MIDI devices").set_defaults(call=_devices)
    nodes = commands.add_parser("nodes", help="list nodes with ports and settings")
    nodes.add_argument("names", nargs="*", metavar="NODE", help="such as audio.File")
    nodes.add_argument("--schema", action="store_true", help="JSON schema for editors")
    nodes.set_defaults(call=_nodes)
    doctor = commands.add_parser("doctor", help="what is here, what is missing")
    doctor.set_defaults(call=_doctor)


def _devices(_: argparse.Namespace) -> int:
    from rt_engine.devices import list_devices
    from rt_engine.doctor import midi_ports

    for direction in ("input", "output"):
        print(f"sound {direction}s:")
        for d in list_devices(direction):
            print(f"  {d['name']}  ({d['channels']} channels, {d['rate']} Hz, {d['api']})")
    for api, ports in midi_ports().items():
        for way, names in ports.items():
            print(f"MIDI {way} ({api}): {', '.join(names) or 'none'}")
    return 0


def _nodes(options: argparse.Namespace) -> int:
    from rt_engine.graphfile import catalog, resolve
    from rt_engine.schema import describe, graph_schema

    if options.schema:
        print(json.dumps(graph_schema(), indent=1))
        return 0
    try:
        found = {n: resolve(n) for n in options.names} if options.names else catalog()
    except LookupError as error:
        raise GraphError(str(error)) from None
    print("\n\n".join(describe(name, cls) for name, cls in found.items()))
    return 0


def _doctor(_: argparse.Namespace) -> int:
    from rt_engine.doctor import doctor

    report = doctor()
    print(report)
    return int("!!" in report)
