#!/usr/bin/python3
"""Installs the certificate nginx serves, and sees that every port serves it.

    deskside-certificate begin              something to start nginx with
    deskside-certificate install CHAIN KEY  check a pair, use it, see that it is served
    deskside-certificate deploy             the same for what certbot has renewed
    deskside-certificate check              see that it is served; write the metrics

Runs on the host with what Debian brings, so with the standard library alone. What is
served and where stands in /etc/deskside/certificate.json.
"""

import json
import os
import shutil
import socket
import ssl
import subprocess
import sys
import tempfile
import time
from pathlib import Path
from typing import Any


SETTINGS = Path(
    os.environ.get("DESKSIDE_CERTIFICATE", "/etc/deskside/certificate.json")
)
CHAIN, KEY = "fullchain.pem", "privkey.pem"
KEPT = 3
PATIENCE_SECONDS = 15
"""nginx reloads after its command has ended: look so long for the new certificate."""


class Wrong(Exception):
    """The certificate cannot be used or is not served; the text says why."""


def main(arguments: list[str]) -> int:
    """Run a command; gives the exit code."""
    settings = json.loads(SETTINGS.read_text(encoding="utf-8"))
    try:
        run(settings, arguments)
    except Wrong as wrong:
        sys.stderr.write(f"{wrong}\n")
        return 1
    return 0


def run(settings: dict[str, Any], arguments: list[str]) -> None:
    """Do what the arguments say."""
    if arguments == ["begin"]:
        begin(settings)
    elif len(arguments) == 3 and arguments[0] == "install":
        install(settings, Path(arguments[1]), Path(arguments[2]))
    elif arguments == ["deploy"]:
        lineage = Path(os.environ["RENEWED_LINEAGE"])
        install(settings, lineage / CHAIN, lineage / KEY)
    elif arguments == ["check"]:
        check(settings)
    else:
        raise Wrong(str(__doc__))


def begin(settings: dict[str, Any]) -> None:
    """Make a self-signed pair where there is none, so that nginx can start."""
    if (Path(settings["served"]) / CHAIN).exists():
        return
    names = settings["names"]
    with tempfile.TemporaryDirectory() as folder:
        chain, key = Path(folder) / CHAIN, Path(folder) / KEY
        given = ",".join(f"DNS:{name}" for name in names)
        openssl(
            *("req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256"),
            *("-nodes", "-days", "30", "-subj", f"/CN={names[0]}"),
            *("-addext", f"subjectAltName={given}"),
            *("-out", str(chain), "-keyout", str(key)),
        )
        use(settings, chain, key)
    say("installed a certificate to begin with")


def install(settings: dict[str, Any], chain: Path, key: Path) -> None:
    """Check a pair, use it, and see that it is served. Raises Wrong."""
    refuse_unfit(settings["names"], chain, key)
    if same(settings, chain, key):
        say("unchanged")
        return
    use(settings, chain, key)
    if reload_nginx():
        check(settings)
    say("installed")


def refuse_unfit(names: list[str], chain: Path, key: Path) -> None:
    """Raise Wrong for a pair that browsers would refuse."""
    of_chain = openssl("x509", "-noout", "-pubkey", "-in", str(chain))
    if of_chain != openssl("pkey", "-pubout", "-in", str(key)):
        raise Wrong(
            f"the key does not fit the first certificate of {chain.name}: the chain "
            "must begin with the certificate of this host, and the key must be its own"
        )
    if not asks(chain, "-checkend", "0"):
        raise Wrong("the certificate has ended: get a new one")
    missing = [name for name in names if not covers(chain, name)]
    if missing:
        raise Wrong(f"the certificate does not name {', '.join(missing)}")


def covers(chain: Path, name: str) -> bool:
    """Whether the certificate is good for a name."""
    answer = openssl("x509", "-noout", "-checkhost", name, "-in", str(chain))
    return "does match" in answer


def asks(chain: Path, *question: str) -> bool:
    """Whether openssl says yes."""
    command = ["openssl", "x509", "-noout", *question, "-in", str(chain)]
    done = subprocess.run(command, capture_output=True, check=False)  # noqa: S603
    return done.returncode == 0


def same(settings: dict[str, Any], chain: Path, key: Path) -> bool:
    """Whether this very pair is in use."""
    served = Path(settings["served"])
    pairs = ((chain, served / CHAIN), (key, served / KEY))
    return all(
        there.exists() and there.read_bytes() == new.read_bytes()
        for new, there in pairs
    )


def use(settings: dict[str, Any], chain: Path, key: Path) -> None:
    """Copy the pair to a folder of its own and turn the link: both change at once."""
    store, served = Path(settings["store"]), Path(settings["served"])
    folder = Path(tempfile.mkdtemp(prefix=f"{time.time_ns()}-", dir=store))
    folder.chmod(0o755)
    put(chain, folder / CHAIN, 0o644)
    put(key, folder / KEY, 0o600)
    link = store / "next"
    link.unlink(missing_ok=True)
    link.symlink_to(folder)
    link.replace(served)
    forget_old(store)


def put(source: Path, target: Path, mode: int) -> None:
    """Copy a file that has its mode from the first byte on."""
    with os.fdopen(os.open(target, os.O_WRONLY | os.O_CREAT, mode), "wb") as out:
        out.write(source.read_bytes())
        os.fsync(out.fileno())
    target.chmod(mode)


def forget_old(store: Path) -> None:
    """Remove all pairs but the newest."""
    for folder in sorted(store.glob("[0-9]*-*"))[:-KEPT]:
        shutil.rmtree(folder)


def reload_nginx() -> bool:
    """Have nginx read the pair; False where it does not run. Raises Wrong."""
    systemctl = ["systemctl", "--quiet"]
    running = subprocess.run([*systemctl, "is-active", "nginx"], check=False)  # noqa: S603
    if running.returncode:
        return False
    for command in (["nginx", "-t", "-q"], [*systemctl, "reload", "nginx"]):
        done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
        if done.returncode:
            raise Wrong(f"{' '.join(command)}: {done.stderr.strip()}")
    return True


def check(settings: dict[str, Any]) -> None:
    """Compare what each port serves with the file; write it down. Raises Wrong."""
    chain = Path(settings["served"]) / CHAIN
    wanted = ssl.PEM_cert_to_DER_cert(first(chain.read_text(encoding="ascii")))
    deadline = time.monotonic() + PATIENCE_SECONDS
    while stale := problems(settings["doors"], wanted):
        if time.monotonic() > deadline:
            break
        time.sleep(0.5)
    write_metrics(settings, chain, stale)
    if stale:
        raise Wrong(
            "; ".join(f"{door}: {what}" for door, what in stale.items())
            + ". Run `systemctl reload nginx`, and see `journalctl -u nginx`."
        )


def first(text: str) -> str:
    """The first certificate of a chain."""
    end = "-----END CERTIFICATE-----"
    return text[text.index("-----BEGIN CERTIFICATE-----") : text.index(end) + len(end)]


def problems(doors: list[dict[str, Any]], wanted: bytes) -> dict[str, str]:
    """The doors that do not serve the certificate, each with what is wrong."""
    found = {}
    for door in doors:
        try:
            if served(door) != wanted:
                found[door["door"]] = "another certificate is served"
        except OSError as error:
            found[door["door"]] = f"no TLS on port {door['port']} ({error})"
    return found


def served(door: dict[str, Any]) -> bytes:
    """The certificate a port serves, as a browser or a TURN client asks for it."""
    # Compared byte by byte, so that nothing has to be trusted.
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    if door["alpn"]:
        context.set_alpn_protocols(door["alpn"])
    with (
        socket.create_connection((door["host"], door["port"]), 5) as plain,
        context.wrap_socket(plain, server_hostname=door["name"]) as secure,
    ):
        return secure.getpeercert(binary_form=True) or b""


def write_metrics(settings: dict[str, Any], chain: Path, stale: dict[str, str]) -> None:
    """For Prometheus: when the certificate ends, and whether each port serves it."""
    target = Path(settings["metrics"])
    if not target.parent.is_dir():
        return
    ends = openssl("x509", "-noout", "-enddate", "-in", str(chain)).partition("=")[2]
    lines = [
        "# HELP deskside_certificate_ends_timestamp_seconds When it ends.",
        "# TYPE deskside_certificate_ends_timestamp_seconds gauge",
        "deskside_certificate_ends_timestamp_seconds "
        f"{ssl.cert_time_to_seconds(ends.strip())}",
        "# HELP deskside_certificate_served Whether a port serves the one in use.",
        "# TYPE deskside_certificate_served gauge",
    ]
    lines += [
        f'deskside_certificate_served{{door="{door["door"]}"}} '
        f"{int(door['door'] not in stale)}"
        for door in settings["doors"]
    ]
    new = target.with_suffix(".new")
    new.write_text("\n".join(lines) + "\n", encoding="ascii")
    new.chmod(0o644)
    new.replace(target)


def openssl(*arguments: str) -> str:
    """What openssl says. Raises Wrong with what it complains of."""
    command = ["openssl", *arguments]
    done = subprocess.run(command, capture_output=True, text=True, check=False)  # noqa: S603
    # `-checkhost` answers with its exit code in newer versions, and with words in all.
    if done.returncode and "-checkhost" not in arguments:
        complaint = done.stderr.strip().splitlines() or ["it failed"]
        raise Wrong(f"openssl {arguments[0]}: {complaint[0]}")
    return done.stdout


def say(text: str) -> None:
    """Tell the caller, who looks for these words."""
    sys.stdout.write(f"{text}\n")


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
