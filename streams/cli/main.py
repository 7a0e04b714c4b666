"""The `floorcast` command: finds the subcommands, loads settings, turns errors into one line."""

from __future__ import annotations

import importlib
import os
import sys
from collections.abc import Sequence
from pathlib import Path

import click

from streams.core.errors import PipelineError, SettingsError
from streams.settings import Settings
from streams.settings_reader import load_settings

COMMANDS = {
    "topics": "streams.cli.topics",
    "worker": "streams.cli.worker",
    "simulate": "streams.cli.simulate",
    "import": "streams.cli.import_",
    "replay": "streams.cli.replay",
    "board": "streams.cli.board",
    "totals": "streams.cli.totals",
    "explain": "streams.cli.explain",
    "alerts": "streams.cli.alerts",
    "audit": "streams.cli.audit",
    "rebuild": "streams.cli.rebuild",
    "resume": "streams.cli.resume",
    "dead-letters": "streams.cli.dead_letters",
    "doctor": "streams.cli.doctor",
    "schema": "streams.cli.schema",
    "wallboard": "streams.cli.wallboard",
    "tokens": "streams.cli.tokens",
    "forget": "streams.cli.forget",
    "settings": "streams.cli.settings",
    "demo": "streams.cli.demo",
}
"""Command to the module whose `command` it is; modules are loaded when their command is used."""


class Context:
    """What every command gets: settings, read when first asked for."""

    def __init__(self, config: Path | None) -> None:
        self._config = config
        self._settings: Settings | None = None
        self._live: Settings | None = None

    def settings(self) -> Settings:
        """The settings; raises SettingsError."""
        if self._settings is None:
            self._settings = load_settings(os.environ, self._config)
        return self._settings

    def live(self) -> Settings:
        """The settings for the generation of the state that is live; asks Kafka, once.

        Raises SettingsError, and click.ClickException when no broker answers.
        """
        if self._live is None:
            from streams.cli.live import live_settings

            self._live = live_settings(self.settings())
        return self._live


class Commands(click.Group):
    """A group that imports a command's module only when that command is called."""

    def list_commands(self, ctx: click.Context) -> list[str]:
        """The commands in the order a newcomer meets them."""
        return list(COMMANDS)

    def get_command(self, ctx: click.Context, cmd_name: str) -> click.Command | None:
        """The command of that name."""
        module = COMMANDS.get(cmd_name)
        if module is None:
            return None
        command: click.Command = importlib.import_module(module).command
        return command


@click.command(cls=Commands, context_settings={"help_option_names": ["-h", "--help"]})
@click.option(
    "--config",
    type=click.Path(path_type=Path, dir_okay=False),
    help="Settings file (TOML); FLOORCAST_CONFIG names one too.",
)
@click.version_option(package_name="floorcast")
@click.pass_context
def cli(ctx: click.Context, config: Path | None) -> None:
    """Live performance numbers for telesales floors.

    Settings come from a TOML file and FLOORCAST_* variables; `floorcast settings` lists them.

    \b
    Example:
      FLOORCAST_BROKERS=kafka:9092 floorcast worker
    """
    ctx.obj = Context(config)


def main(args: Sequence[str] | None = None) -> None:
    """Run a command; exit code 0 ok, 1 a finding or a failure, 2 wrong usage or settings."""
    try:
        sys.exit(cli.main(args, prog_name="floorcast", standalone_mode=False) or 0)
    except click.exceptions.Abort:
        sys.exit(130)
    except click.ClickException as error:
        click.echo(f"floorcast: {in_one_line(error)}", err=True)
        sys.exit(error.exit_code)
    except SettingsError as error:
        for problem in error.problems:
            click.echo(f"floorcast: {problem}", err=True)
        sys.exit(2)
    except PipelineError as error:
        click.echo(f"floorcast: {error}", err=True)
        sys.exit(1)
    except BrokenPipeError:
        # The reader of our output (`| head`) has gone; nothing is left to be said to it.
        os.dup2(os.open(os.devnull, os.O_WRONLY), sys.stdout.fileno())
        sys.exit(0)


def in_one_line(error: click.ClickException) -> str:
    """What is wrong, and for wrong usage where the right one is told."""
    text = " ".join(error.format_message().split())
    if isinstance(error, click.UsageError) and error.ctx is not None:
        return f"{text.rstrip('.')}; see `{error.ctx.command_path} --help`"
    return text
