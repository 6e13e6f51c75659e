"""Models that were trained and exported: their cards, and sessions that run them. No torch."""

from rt_engine.inference.card import (
    Card,
    CardError,
    Material,
    Metric,
    Port,
    State,
    check_file,
    find_card,
    model_folder,
    model_names,
    read_card,
    sha256_of,
    write_card,
)

__all__ = [
    "Card",
    "CardError",
    "Material",
    "Metric",
    "Port",
    "State",
    "check_file",
    "find_card",
    "model_folder",
    "model_names",
    "read_card",
    "sha256_of",
    "write_card",
]
