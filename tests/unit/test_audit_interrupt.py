"""Ctrl-C ends an audit without a traceback, also in the middle of a query."""

from __future__ import annotations

import duckdb
import pytest

from streams.cli.audit_run import interruptible


def test_what_duckdb_makes_of_ctrl_c_is_ctrl_c_again() -> None:
    # Its words when it sees the signal between two steps of a query.
    with pytest.raises(KeyboardInterrupt), interruptible():
        raise RuntimeError("Query interrupted")
    with pytest.raises(KeyboardInterrupt), interruptible():
        raise duckdb.InterruptException("INTERRUPT Error: Interrupted!")


def test_any_other_error_stays_what_it_is() -> None:
    with duckdb.connect() as connection, pytest.raises(duckdb.Error), interruptible():
        connection.execute("SELECT nothing FROM nowhere")
    with pytest.raises(RuntimeError, match="of ours"), interruptible():
        raise RuntimeError("of ours")
