"""Starts Deskside for trying it: makes what it needs under var/, says how to log in.

`make run` calls it. PORT, HOST, TLS and TURN come from the environment, everything
else from the DESKSIDE_* settings.
"""

import asyncio
import contextlib
import ipaddress
import logging
import os
import secrets
import signal
import socket
import subprocess
import sys
from collections.abc import Iterator, Mapping
from pathlib import Path

from app import server
from app.adapters.sql.migrations import migrate
from app.adapters.sql.records import Records
from app.domain.records import AgentRole
from app.settings import Settings, SettingsError
from app.web.passwords import generate_password, hash_password
from tools import certificate, network
from tools.setup import say
from tools.test_services import find


VAR = Path("var")
LOG = VAR / "deskside.log"
LOG_BYTES = 10_000_000
TURN_PORT = 3478


def main() -> int:
    """Prepare, say what to open, serve until Ctrl-C; gives the exit code."""
    VAR.mkdir(mode=0o700, exist_ok=True)
    with own_foreground(), contextlib.ExitStack() as at_exit:
        try:
            settings = at_exit.enter_context(settings_with_turn(os.environ))
            listening = at_exit.enter_context(
                server.listen(settings.host, settings.port)
            )
            welcome(settings, asyncio.run(prepare(settings)))
            return serve(settings, listening)
        except SettingsError as error:
            say(f"These settings are wrong:\n{error}")
        except server.ServerError as error:
            say(str(error).replace("DESKSIDE_PORT or DESKSIDE_HOST", "PORT= or HOST="))
    return 1


def serve(settings: Settings, listening: socket.socket) -> int:
    """Serve with the log in a file, so that what was said stays readable."""
    if LOG.exists() and LOG.stat().st_size > LOG_BYTES:
        LOG.replace(LOG.with_suffix(".log.1"))
    terminal = os.dup(2)
    with LOG.open("ab") as log:
        os.dup2(log.fileno(), 2)
    try:
        code = server.run(settings, listening)
    except Exception:
        logging.getLogger(__name__).exception("crashed")
        say(f"\nDeskside crashed; {LOG} says where.")
        return 1
    finally:
        os.dup2(terminal, 2)
    say("\nStopped.")
    return code


# What is made under var/.


@contextlib.contextmanager
def settings_with_turn(environ: Mapping[str, str]) -> Iterator[Settings]:
    """The settings, with what can be made for trying; ends coturn in the end."""
    given = {k: v for k, v in environ.items() if k.startswith("DESKSIDE_")}
    chosen = defaults(environ) | given
    with turn(environ, chosen) as relay:
        settings = Settings.load(chosen | relay)
        # Workers read the environment themselves.
        os.environ.update(chosen | relay)
        yield settings


def defaults(environ: Mapping[str, str]) -> dict[str, str]:
    """Settings for trying, from the short variables of `make run`."""
    tls = is_on(environ.get("TLS", ""))
    host = host_of(environ, "0.0.0.0" if tls else "127.0.0.1")  # noqa: S104
    port = environ.get("PORT") or "8000"
    found = {"DESKSIDE_HOST": host, "DESKSIDE_PORT": port}
    if host in ("127.0.0.1", "::1", "localhost"):
        found["DESKSIDE_LOAD_TESTS"] = "1"  # For a key that nobody has yet.
    if not environ.get("DESKSIDE_SECRET") and not environ.get("DESKSIDE_SECRET_FILE"):
        found["DESKSIDE_SECRET_FILE"] = str(secret_file())
    if tls:
        cert, key = certificate.ensure(VAR / "tls", network.addresses())
        found |= {"DESKSIDE_TLS_CERT": str(cert), "DESKSIDE_TLS_KEY": str(key)}
    if tls and (address := network.main_address()):
        # Links are to work on a phone in the same network.
        found["DESKSIDE_PUBLIC_URL"] = f"https://{address}:{port}"
    return found


def host_of(environ: Mapping[str, str], default: str) -> str:
    """HOST, where it is an address: some shells put the machine's name there."""
    host = environ.get("HOST", "")
    with contextlib.suppress(ValueError):
        return str(ipaddress.ip_address(host))
    return host if host == "localhost" else default


def secret_file() -> Path:
    """A secret of this installation, made once."""
    path = VAR / "secret"
    if not path.exists():
        write_private(path, secrets.token_urlsafe(36))
    return path


async def prepare(settings: Settings) -> str | None:
    """Bring the database up to date; gives the password if an admin was made."""
    await migrate(settings.database_url)
    records = Records.open(settings.database_url)
    try:
        if await records.agents.list():
            return None
        password = settings.admin_password or generate_password()
        await records.agents.add(
            email=settings.admin_email,
            name="Administrator",
            role=AgentRole.ADMIN,
            password_hash=await hash_password(password),
        )
    finally:
        await records.close()
    return password


# coturn.


@contextlib.contextmanager
def turn(
    environ: Mapping[str, str], chosen: Mapping[str, str]
) -> Iterator[dict[str, str]]:
    """Run coturn where it is installed and wanted; yields the settings it needs."""
    program = find("turnserver")
    if chosen.get("DESKSIDE_TURN_URLS"):
        yield {}
    elif not program:
        say("No turnserver here (Debian package coturn): calls connect where browsers")
        say("reach each other directly, as on one machine or one network.")
        yield {}
    elif not turn_wanted(environ):
        say("Without turnserver (TURN=1 uses it): calls connect where browsers reach")
        say("each other directly.")
        yield {}
    else:
        with coturn(program) as settings:
            yield settings


def turn_wanted(environ: Mapping[str, str]) -> bool:
    """TURN=1 or 0, else the answer to the question, asked once on a terminal."""
    if asked := environ.get("TURN"):
        return is_on(asked)
    kept = VAR / "turn"
    if not kept.exists() and sys.stdin.isatty():
        answer = input("turnserver is installed. Relay calls through it? [y/N] ")
        kept.write_text("1" if answer.strip().lower() in ("y", "yes") else "0")
    return kept.exists() and is_on(kept.read_text())


@contextlib.contextmanager
def coturn(program: str) -> Iterator[dict[str, str]]:
    """Run coturn as our child, with a secret of its own."""
    address, secret = network.main_address() or "127.0.0.1", secrets.token_hex(24)
    port = (
        TURN_PORT if network.is_free(address, TURN_PORT) else network.free_port(address)
    )
    config = VAR / "turnserver.conf"
    # In a file, because other users can read a command line.
    write_private(config, coturn_config(address, port, secret))
    # Of its own group: Ctrl-C must not end it before the calls were told.
    child = subprocess.Popen(
        ["setpriv", "--pdeathsig=KILL", program, "-c", config],
        stdout=subprocess.DEVNULL,
        stderr=subprocess.DEVNULL,
        process_group=0,
    )
    say(f"turnserver relays calls at {address}:{port}.")
    urls = ",".join(
        f"turn:{address}:{port}?transport={kind}" for kind in ("udp", "tcp")
    )
    try:
        yield {
            "DESKSIDE_STUN_URLS": f"stun:{address}:{port}",
            "DESKSIDE_TURN_URLS": urls,
            "DESKSIDE_TURN_SECRET": secret,
        }
    finally:
        child.kill()  # It has nothing to save, and takes seconds over SIGTERM.
        child.wait()


def coturn_config(address: str, port: int, secret: str) -> str:
    """A relay for this machine's network, that keeps its files under var/."""
    return f"""\
listening-ip={address}
relay-ip={address}
listening-port={port}
realm=deskside
use-auth-secret
static-auth-secret={secret}
no-multicast-peers
no-cli
no-tls
no-dtls
simple-log
log-file={VAR / "turnserver.log"}
pidfile={VAR / "turnserver.pid"}
userdb={VAR / "turnserver.db"}
"""


# The terminal.


def welcome(settings: Settings, password: str | None) -> None:
    """Say what to open and how to log in."""
    say(f"\n  {settings.brand_name} is at {settings.public_url}\n")
    if settings.tls_cert:
        say("  The certificate is self-signed: the browser warns once, go on.")
        for address in network.addresses():
            say(f"  Also at https://{address}:{settings.port}")
        say("")
    if password and not settings.admin_password:
        say(f"  Email     {settings.admin_email}")
        say(f"  Password  {password}   (shown only now)\n")
    else:
        say(f"  Log in as {settings.admin_email} with the password you have.")
        say("  Forgotten? .venv/bin/deskside agent password EMAIL\n")
    say(f"  Log: {LOG}. Stop with Ctrl-C.")


@contextlib.contextmanager
def own_foreground() -> Iterator[None]:
    """Have Ctrl-C reach us and our children only.

    It would reach make too, which then reports an error although all ended well.
    """
    try:
        terminal = os.open("/dev/tty", os.O_RDWR)
        before = os.tcgetpgrp(terminal)
    except OSError:
        yield  # There is no terminal, so there is no Ctrl-C.
        return
    # Whoever is not in the foreground is stopped when changing that; and Ctrl-Z would
    # stop us without make or the shell knowing.
    signal.signal(signal.SIGTTOU, signal.SIG_IGN)
    signal.signal(signal.SIGTSTP, signal.SIG_IGN)
    if before == os.getpgrp() and os.getpgrp() != os.getpid():
        os.setpgid(0, 0)
        os.tcsetpgrp(terminal, os.getpgrp())
    try:
        yield
    finally:
        with contextlib.suppress(OSError):
            os.tcsetpgrp(terminal, before)
        os.close(terminal)


def write_private(path: Path, text: str) -> None:
    """Write a file that only this user can read."""
    path.touch(mode=0o600)
    path.chmod(0o600)
    path.write_text(text, encoding="utf-8")


def is_on(text: str) -> bool:
    """Whether a switch is on."""
    return text.strip().lower() in ("1", "yes", "true", "on", "y")


if __name__ == "__main__":
    sys.exit(main())
