"""rt-engine: a real-time streaming engine for music and motion."""

import os

# NumPy's linear algebra would start a thread a core beside the engine's own; read at its import.
os.environ.setdefault("OPENBLAS_NUM_THREADS", "1")

__version__ = "0.1.0"
