"""`python -m rt_engine.models.violinists`: make takes of simulated violinists."""

from __future__ import annotations

import argparse
import sys
from collections.abc import Sequence
from pathlib import Path

from rt_engine.models.violinists.store import make


def main(arguments: Sequence[str] | None = None) -> int:
    """Make the takes that are missing; 1, with one line, where the data is not there."""
    parser = argparse.ArgumentParser(description="Make takes of simulated violinists.")
    parser.add_argument("--data", type=Path, required=True, help="has violin/bach and soundfonts")
    parser.add_argument("--work", type=Path, required=True, help="where the takes go")
    parser.add_argument("--hours", type=float, default=3.0)
    parser.add_argument("--workers", type=int, default=1)
    parser.add_argument("--seed", type=int, default=0)
    options = parser.parse_args(arguments)
    try:
        make(options.data, options.work, options.hours, options.workers, options.seed)
    except FileNotFoundError as missing:
        print(missing, file=sys.stderr)
        return 1
    return 0


if __name__ == "__main__":
    sys.exit(main())
