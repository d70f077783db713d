"""`deskside doctor`: whether a deployed service works, as its customers need it."""

import asyncio
import os
import ssl
import sys
import time
from pathlib import Path
from typing import TYPE_CHECKING, Any

import click

from app import __version__
from app.settings import Settings


if TYPE_CHECKING:
    from app.doctor.registry import Check
    from app.doctor.results import Result
    from app.doctor.target import Target

COULD_NOT_RUN = 2
KEY_NAME = "doctor_key"
"""The credential that systemd hands over, where `--key-file` is not given."""

SHOWN = 4
"""How many of the checks that still run are named on a terminal."""

STANDARD_INPUT = Path("-")
READABLE = click.Path(exists=True, dir_okay=False, allow_dash=True, path_type=Path)
"""A file, or - for standard input."""


class CouldNotRun(click.ClickException):
    """Nothing was examined."""

    exit_code = COULD_NOT_RUN


@click.command()
@click.argument("url", required=False)
@click.option(
    "--key-file", type=READABLE, help="An API key to ask the service with; - reads it."
)
@click.option("--turn-secret-file", type=READABLE, help="The secret of the relay.")
@click.option("--turn-host", help="Name of the relay, where no key tells it.")
@click.option("--ca-file", type=READABLE, help="An internal CA to trust besides.")
@click.option(
    "--only",
    multiple=True,
    metavar="NAME",
    help="A check or subject; repeat it for more.",
)
@click.option("--no-call", is_flag=True, help="Without the call of two made-up people.")
@click.option("--json", "as_json", is_flag=True, help="Write JSON instead of words.")
@click.option(
    "--metrics",
    type=click.Path(dir_okay=False, path_type=Path),
    help="Also write this file for the node exporter.",
)
@click.option("--http-port", default=80, hidden=True)
@click.option("--idle", default=90.0, hidden=True)
def doctor(url: str | None, **options: Any) -> None:
    """Examine the service at URL: names, TLS, pages, socket, relay, and a call.

    Without URL the service of this host is examined by its settings, and besides its
    database, Redis and disk. Exit code: 0 all is well, 1 something failed, 2 nothing
    could be examined.
    """
    _require_packages()
    # Here, because they need packages that only hosts have.
    from app.doctor import report

    checks = _checks(options["only"], with_call=not options["no_call"])
    target = _target(url, options)
    results = asyncio.run(_run(checks, target, quiet=options["as_json"]))
    if options["metrics"]:
        _write(options["metrics"], results)
    if options["as_json"]:
        click.echo(report.as_json(target.site.origin, results))
    else:
        click.echo(report.verdict(results))
    sys.exit(0 if report.well(results) else 1)


def _require_packages() -> None:
    try:
        import aioice  # noqa: F401
    except ImportError:
        raise CouldNotRun(
            "The doctor needs more packages than the service. Install them with: "
            "pip install --no-deps --require-hashes -r requirements/host.txt"
        ) from None


def _checks(only: tuple[str, ...], *, with_call: bool) -> list["Check"]:
    from app.doctor.registry import choose

    wanted = [name for given in only for name in given.replace(",", " ").split()]
    try:
        return choose(wanted, with_call=with_call)
    except ValueError as error:
        raise CouldNotRun(f"--only: {error}") from None


def _target(url: str | None, options: dict[str, Any]) -> "Target":
    from app.doctor.addresses import Site
    from app.doctor.target import Target

    settings = None if url else _settings()
    try:
        site = Site.of(url or (settings.public_url if settings else ""))
    except ValueError as error:
        raise CouldNotRun(str(error)) from None
    return Target(
        site=site,
        authority=_certificate(options["ca_file"]),
        key=_read(options["key_file"] or _handed_over(KEY_NAME)),
        turn_secret=_read(options["turn_secret_file"]),
        turn_host=options["turn_host"],
        settings=settings,
        http_port=options["http_port"],
        idle_seconds=options["idle"],
        expected_version=__version__,
    )


def _settings() -> Settings:
    from app.cli.shared import load_settings

    try:
        return load_settings()
    except click.ClickException as error:
        raise CouldNotRun(
            f"Give the URL of a service, or run beside one. {error.message}"
        ) from error


def _certificate(path: Path | None) -> str:
    text = _read(path)
    try:
        if text:
            ssl.create_default_context(cadata=text)
    except (ssl.SSLError, ValueError) as error:
        raise CouldNotRun(f"{path} holds no certificate: {error}") from None
    return text


def _handed_over(name: str) -> Path | None:
    folder = os.environ.get("CREDENTIALS_DIRECTORY")
    path = Path(folder, name) if folder else None
    return path if path and path.is_file() else None


def _read(path: Path | None) -> str:
    if path is None:
        return ""
    try:
        if path == STANDARD_INPUT:
            return sys.stdin.read().strip()
        return path.read_text(encoding="utf-8").strip()
    except (OSError, UnicodeDecodeError) as error:
        raise CouldNotRun(f"{path} cannot be read: {error}") from None


async def _run(
    checks: list["Check"], target: "Target", *, quiet: bool
) -> list["Result"]:
    from app.doctor import report, runner

    waiting = [check.name for check in checks]

    def tell(result: "Result") -> None:
        waiting.remove(result.name)
        if not quiet:
            _clear_line()
            click.echo(report.line(result))

    clock = asyncio.create_task(_tell_waiting(waiting))
    try:
        return await runner.run(checks, target, tell)
    finally:
        clock.cancel()
        _clear_line()


async def _tell_waiting(waiting: list[str]) -> None:
    """Show on a terminal what is still worked on."""
    began = time.monotonic()
    while sys.stderr.isatty():
        await asyncio.sleep(1)
        shown = ", ".join(waiting[:SHOWN]) + (" …" if waiting[SHOWN:] else "")
        _clear_line()
        click.echo(f"{time.monotonic() - began:4.0f} s  {shown}", nl=False, err=True)


def _clear_line() -> None:
    if sys.stderr.isatty():
        click.echo("\r\x1b[K", nl=False, err=True)


def _write(path: Path, results: list["Result"]) -> None:
    from app.doctor import report

    try:
        report.write_metrics(path, results)
    except OSError as error:
        raise CouldNotRun(f"{path} cannot be written: {error}") from None
