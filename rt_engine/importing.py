"""The command `rt-engine import WHAT`: models of others, brought by the user. Torch at need."""

from __future__ import annotations

import argparse
from pathlib import Path
from typing import Any

from rt_engine.core import GraphError
from rt_engine.extras import EXTRAS, require

__all__ = ["add_import_command"]


def add_import_command(commands: Any) -> None:
    """Register the command with those of `rt-engine`."""
    bring = commands.add_parser("import", help="make a model of published weights (extra 'train')")
    names = bring.add_subparsers(required=True, metavar="WHAT")
    m2sgan = names.add_parser("m2sgan", help="M2S-GAN: music to a conductor's motion")
    m2sgan.add_argument("file", type=Path, help="state dict of the published M2S-GAN (.pt)")
    m2sgan.add_argument("-o", "--output", type=Path, default=Path(),
                        help="folder for m2sgan.onnx and its card (here)")  # fmt: skip
    m2sgan.add_argument("--name", default="m2sgan", help="of the model (m2sgan)")
    m2sgan.add_argument("--seconds", type=int, default=20, help="of a window of music (20)")
    m2sgan.set_defaults(call=_m2sgan)


def _m2sgan(options: argparse.Namespace) -> int:
    for module in EXTRAS["train"]:
        require(module)
    from rt_engine.models.conducting.brought import bring

    try:
        card = bring(options.file, options.output, options.name, options.seconds)
    except ValueError as error:
        raise GraphError(str(error)) from error
    print(f"imported: {options.output / card.file} ({card.parameters} parameters), with its card")
    print("the licence of the weights is unstated: keep them to yourself")
    return 0
