"""Low-rate outputs of a take as one table in Parquet, for pandas, polars, DuckDB and R."""

from __future__ import annotations

from pathlib import Path
from typing import Any

import msgspec
import numpy as np

from rt_engine.core import Kind, Packet
from rt_engine.exports.material import Material
from rt_engine.extras import require
from rt_engine.kinds import Audio, Frames, Images, Poses, Skeletons

__all__ = ["to_parquet"]

FAST = (Audio, Images, Poses, Skeletons)  # not for a table
WIDEST = 32  # numbers a frame, that are still a row of a table

Row = dict[str, Any]


def to_parquet(material: Material, output: Path) -> str:
    """One row for each packet of every output but sound, pictures and bodies.

    Columns: seconds (from the start of the take), t (ns on the engine clock), node, output,
    kind, then the fields of the payloads; what a kind does not have is null. A `Measured` field
    makes two columns, NAME and NAME_reliability; arrays are lists.
    """
    arrow, parquet = require("pyarrow"), require("pyarrow.parquet")
    places = [p for p in material.of(Kind) if _low(material.places[p])]
    if not places:
        raise material.lacks(".parquet", "output of a low rate")
    rows: list[Row] = []

    def see(node: str, output: str, packet: Packet | None) -> None:
        if packet is not None:
            kind = type(material.places[node, output]).__name__
            at = {"seconds": material.seconds(packet.t), "t": packet.t}
            rows.append({**at, "node": node, "output": output, "kind": kind, **_flat(packet.data)})

    material.play(places, see)
    if not rows:
        raise material.lacks(".parquet", "row in all its length")
    rows.sort(key=lambda row: row["t"])
    names = dict.fromkeys(name for row in rows for name in row)
    columns = {name: _column(arrow, [row.get(name) for row in rows]) for name in names}
    parquet.write_table(arrow.table(columns), str(output), compression="zstd")
    return f"{len(rows)} rows, {len(names)} columns"


def _low(kind: Kind) -> bool:
    if isinstance(kind, Frames):
        return 0 < kind.size <= WIDEST
    return not isinstance(kind, FAST)


def _flat(data: Any) -> Row:
    """The fields of a payload, plain."""
    if not isinstance(data, msgspec.Struct):
        return {"value": _plain(data)}
    row: Row = {}
    for name in data.__struct_fields__:
        value = getattr(data, name)
        if isinstance(value, msgspec.Struct):
            inner = _flat(value)
            row[name] = inner.pop("value", None)
            row.update({f"{name}_{key}": each for key, each in inner.items()})
        else:
            row[name] = _plain(value)
    return row


def _plain(value: Any) -> Any:
    if isinstance(value, np.ndarray):
        return value.astype(float).reshape(-1).tolist()
    return value.item() if isinstance(value, np.generic) else msgspec.to_builtins(value)


def _column(arrow: Any, values: list[Any]) -> Any:
    """One type for all rows: that of the values, the wider one where kinds differ."""
    types = {type(value) for value in values if value is not None}
    if types <= {int, bool, float} and len(types) > 1:
        values = [None if value is None else float(value) for value in values]
    elif list in types and len(types) > 1:
        values = [value if isinstance(value, list | None) else [value] for value in values]
    elif len(types) > 1 or dict in types:
        values = [None if value is None else str(value) for value in values]
    return arrow.array(values)
