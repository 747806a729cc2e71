"""Frames of results as Arrow tables, which polars, DuckDB and pandas read without a copy."""

import json
from collections.abc import Mapping
from operator import methodcaller
from typing import TYPE_CHECKING, Any

if TYPE_CHECKING:
    import pandas as pd
    import pyarrow as pa

__all__ = ["RESULT_KEY", "UNIT_KEY", "ArrowRows", "table_of"]

UNIT_KEY = b"unit"
"""Key of a field's metadata that has its unit: a name, or JSON of names by instrument or asset."""
RESULT_KEY = b"firesale.result"
"""Key of a schema's metadata that has what the result is of, as JSON."""


class ArrowRows:
    """A result whose ``frame`` polars, DuckDB, pandas and others read as Arrow, as it is."""

    def frame(self) -> "pd.DataFrame":
        """The rows of the result."""
        raise NotImplementedError

    def _said(self) -> Mapping[str, Any]:
        """What the result is of, as JSON values: scenario or market, seeds, version, digests."""
        raise NotImplementedError

    def __arrow_c_stream__(self, requested_schema: object | None = None) -> object:
        """The rows of ``frame`` for polars, DuckDB and others that read Arrow: a fresh stream.

        Each column has its unit as metadata, and the schema what the result is of.

        Parameters
        ----------
        requested_schema
            A capsule of the schema that the reader wants, as the Arrow interface has it.
        """
        # By its name, for the stubs of pyarrow do not say its type.
        stream = methodcaller("__arrow_c_stream__", requested_schema)
        return stream(table_of(self.frame(), self._said()))


def table_of(frame: "pd.DataFrame", said: Mapping[str, Any]) -> "pa.Table":
    """A frame as an Arrow table; categories are dictionaries with their names.

    A column of values that have no one type of Arrow, as 5 and ``"2 BTC"``, is one of text.

    Parameters
    ----------
    frame
        Its ``attrs["units"]`` has the unit of each column.
    said
        What the result is of, as JSON values: scenario, seed, version, digests.
    """
    import pyarrow as pa

    units = frame.attrs.get("units", {})
    plain = frame.copy(deep=False)
    plain.attrs = {}
    for name, kind in plain.dtypes.items():
        if kind != "object":
            continue
        try:
            pa.array(plain[name], from_pandas=True)
        except (pa.ArrowException, OverflowError):
            plain[name] = [None if one is None else str(one) for one in plain[name]]
    found = pa.Table.from_pandas(plain, preserve_index=False)
    fields = []
    for field in found.schema:
        unit = units.get(field.name, "")
        text = unit if isinstance(unit, str) else json.dumps(unit)
        fields.append(field.with_metadata({UNIT_KEY: text.encode()} if text else {}))
    metadata: dict[Any, Any] = {
        **(found.schema.metadata or {}),
        RESULT_KEY: json.dumps(dict(said)).encode(),
    }
    made: pa.Table = found.cast(pa.schema(fields, metadata=metadata))
    return made
