"""A bare Debian as an installer leaves it: made once, kept as a tarball."""

import hashlib
import os
import shutil
from pathlib import Path

from tests.deploy.lab.programs import CACHE, run


SUITE = os.environ.get("DEBIAN", "bookworm")
"""Also `trixie`: `DEBIAN=trixie make deploy-test`."""
PACKAGES = (
    "systemd,systemd-sysv,dbus,libpam-systemd,python3,python3-apt,openssh-server,"
    "iproute2,nftables,ca-certificates,sudo,procps,iputils-ping,netbase"
)
KEY = CACHE / "ssh_key"
"""Logs in as root at every host of the laboratory."""

SOURCES = """\
Types: deb
URIs: {main}
Suites: {suite} {suite}-updates
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: {security}
Suites: {suite}-security
Components: main
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg
"""


def tarball(suite: str = SUITE) -> Path:
    """The tarball of a Debian, made if need be (a minute)."""
    made_by = hashlib.sha256(Path(__file__).read_bytes()).hexdigest()[:12]
    made = CACHE / f"{suite}-{made_by}.tar.zst"
    if not made.exists() or not KEY.exists():
        for old in CACHE.glob(f"{suite}-*.tar.zst"):
            old.unlink()
        _make(suite, made)
    return made


def unpack(suite: str, root: Path) -> None:
    """Make a file system from the tarball."""
    root.mkdir(parents=True)
    how = ["--numeric-owner", "--xattrs", "--use-compress-program=zstd"]
    run("tar", *how, "-C", root, "-xf", tarball(suite), seconds=120)


def _make(suite: str, made: Path) -> None:
    CACHE.mkdir(parents=True, exist_ok=True)
    root, part = CACHE / f"{suite}.building", made.with_suffix(".part")
    shutil.rmtree(root, ignore_errors=True)
    main, security = _mirrors()
    options = ["--variant=minbase", f"--include={PACKAGES}"]
    log = CACHE / f"{suite}.debootstrap.log"
    run("debootstrap", *options, suite, root, main, seconds=600, log=log)
    _finish(root, SOURCES.format(main=main, security=security, suite=suite))
    how = ["--numeric-owner", "--xattrs", "--use-compress-program=zstd -T0 -3"]
    run("tar", *how, "-C", root, "-cf", part, ".", seconds=300)
    part.rename(made)
    shutil.rmtree(root)


def _mirrors() -> tuple[str, str]:
    """The mirrors that this machine's own apt uses: Debian's, and its security's."""
    form = ["--format", "$(CODENAME) $(REPO_URI)", "Created-By: Packages"]
    lines = run("apt-get", "indextargets", *form).split("\n")
    found = {line.split()[0]: line.split()[1] for line in lines if " " in line}
    security = next(uri for name, uri in found.items() if name.endswith("-security"))
    main = next(uri for name, uri in found.items() if f"{name}-security" in found)
    return main, security


def _finish(root: Path, sources: str) -> None:
    (root / "etc/apt/sources.list").unlink(missing_ok=True)
    (root / "etc/apt/sources.list.d/debian.sources").write_text(sources)
    # How this machine reaches its mirror: a proxy, or a mirror that is a snapshot.
    for part in Path("/etc/apt/apt.conf.d").glob("[0-9]*"):
        if "Acquire::" in part.read_text() and "docker" not in part.name:
            shutil.copy(part, root / "etc/apt/apt.conf.d")
    # A power cut costs the laboratory nothing.
    (root / "etc/dpkg/dpkg.cfg.d/lab").write_text("force-unsafe-io\n")
    (root / "etc/machine-id").write_text("")
    for key in root.glob("etc/ssh/ssh_host_*"):
        key.unlink()
    _let_us_in(root)
    run("chroot", root, "systemctl", "enable", "systemd-networkd", "ssh")
    run("chroot", root, "apt-get", "clean")
    lists = root / "var/lib/apt/lists"
    shutil.rmtree(lists)
    (lists / "partial").mkdir(parents=True)
    # Or Ansible takes the empty lists for fresh ones.
    run("touch", "-d", "2000-01-01", lists)


def _let_us_in(root: Path) -> None:
    if not KEY.exists():
        run("ssh-keygen", "-q", "-t", "ed25519", "-N", "", "-C", "lab", "-f", KEY)
    allowed = root / "root/.ssh/authorized_keys"
    allowed.parent.mkdir(mode=0o700, exist_ok=True)
    shutil.copy(KEY.with_suffix(".pub"), allowed)
    allowed.chmod(0o600)
