#!/bin/sh
# Makes .venv with what requirements/$1.txt locks (demo or dev) and the project itself, editable.
# Uses uv where it is present, else venv and pip; both check the hash of every package.
# PYTHON names the interpreter; without it the first tested one (3.11 to 3.13) on PATH is taken,
# and only where there is none of these a later Python.
set -eu

lock="requirements/$1.txt"
venv=.venv

at_least_311() { "$1" -c 'import sys; sys.exit(sys.version_info < (3, 11))' 2>/dev/null; }
tested() { "$1" -c 'import sys; sys.exit(not (3, 11) <= sys.version_info[:2] <= (3, 13))' 2>/dev/null; }

pick_python() {
    if [ -n "${PYTHON:-}" ]; then
        if at_least_311 "$PYTHON"; then echo "$PYTHON"; fi
        return
    fi
    for name in python3 python3.13 python3.12 python3.11; do
        if tested "$name"; then echo "$name"; return; fi
    done
    for name in python3 python3.14 python3.15; do
        if at_least_311 "$name"; then echo "$name"; return; fi
    done
}

uv=$(command -v uv || true)

# An environment whose interpreter is gone or too old is made again; another one is brought up to date.
if ! at_least_311 "$venv/bin/python"; then
    python=$(pick_python)
    if [ -z "$python" ] && [ -n "$uv" ] && [ -z "${PYTHON:-}" ]; then
        python=3.13  # uv finds or fetches it
    elif [ -z "$python" ]; then
        found=$("${PYTHON:-python3}" --version 2>/dev/null || echo "no ${PYTHON:-python3}")
        echo "floorcast needs Python 3.11 or newer (found: $found); install one, or name it: make ... PYTHON=/path/to/python3.12" >&2
        exit 2
    fi
    rm -rf "$venv"
    if [ -n "$uv" ]; then
        "$uv" venv --quiet --python "$python" "$venv"
    elif ! "$python" -m venv "$venv"; then
        echo "floorcast: $python cannot make a virtual environment; on Debian: apt-get install python3-venv" >&2
        exit 2
    fi
fi

echo "floorcast: installing the locked packages of $lock into $venv"
if [ -n "$uv" ]; then
    "$uv" pip sync --quiet --python "$venv/bin/python" --require-hashes "$lock"
    "$uv" pip install --quiet --python "$venv/bin/python" --no-deps --no-build-isolation --editable .
else
    "$venv/bin/python" -m pip --version >/dev/null 2>&1 || "$venv/bin/python" -m ensurepip --upgrade >/dev/null
    pip="$venv/bin/python -m pip --quiet --disable-pip-version-check"
    $pip install --require-hashes --requirement "$lock"
    $pip install --no-deps --no-build-isolation --editable .
fi
