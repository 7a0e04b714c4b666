#!/bin/sh
# Writes the locked requirements from pyproject.toml: exact versions with hashes for every platform
# and Python from 3.11 on. No index, mirror or local folder is named, whatever this machine is set
# to use. The smaller sets take their versions from dev.txt, so all environments agree.
set -eu
cd "$(dirname "$0")/.."

compile() {
    output="requirements/$1.txt"
    shift
    "${UV:-uv}" pip compile --no-config --quiet --universal --python-version 3.11 --generate-hashes \
        --no-emit-index-url --no-emit-find-links --no-annotate --custom-compile-command "make lock" \
        "$@" pyproject.toml --output-file "$output"
}

compile dev "$@" --extra audit --extra demo --group dev
compile demo "$@" --extra audit --extra demo --group build --constraint requirements/dev.txt
compile runtime "$@" --extra audit --constraint requirements/dev.txt
