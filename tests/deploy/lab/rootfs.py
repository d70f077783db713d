"""A bare Debian or Ubuntu as an installer leaves it: made once, kept as a tarball."""

import hashlib
import os
import shutil
from pathlib import Path

from tests.deploy.lab.programs import CACHE, run


SUITE = os.environ.get("DEBIAN", "bookworm")
"""Also `trixie`, and Ubuntu's `noble`: `DEBIAN=trixie make deploy-test`."""
UBUNTU = ("noble",)
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


SOURCES_OF_UBUNTU = """\
Types: deb
URIs: {main}
Suites: {suite} {suite}-updates {suite}-security
Components: main universe
Signed-By: /usr/share/keyrings/ubuntu-archive-keyring.gpg
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
    make = _make_ubuntu if suite in UBUNTU else _make_debian
    _finish(root, make(suite, root))
    how = ["--numeric-owner", "--xattrs", "--use-compress-program=zstd -T0 -3"]
    run("tar", *how, "-C", root, "-cf", part, ".", seconds=300)
    part.rename(made)
    shutil.rmtree(root)


def _make_debian(suite: str, root: Path) -> str:
    """Make it; gives its sources of packages."""
    main, security = _mirrors()
    _bootstrap(suite, root, main)
    return SOURCES.format(main=main, security=security, suite=suite)


def _make_ubuntu(suite: str, root: Path) -> str:
    """The same from Ubuntu's own mirror, whose keyring must be on this machine."""
    # All its releases have one script; debootstrap may be older than this release.
    script = Path("/usr/share/debootstrap/scripts/gutsy")
    _bootstrap(suite, root, "", script, parts="main,universe")
    mirror = (root / "etc/apt/sources.list").read_text().split()[1]
    return SOURCES_OF_UBUNTU.format(main=mirror, suite=suite)


def _bootstrap(suite: str, root: Path, *where: str | Path, parts: str = "main") -> None:
    options = ["--variant=minbase", "--force-check-gpg", f"--components={parts}"]
    options.append(f"--include={PACKAGES}")
    log = CACHE / f"{suite}.debootstrap.log"
    run("debootstrap", *options, suite, root, *where, seconds=600, log=log)


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
    (root / "etc/apt/sources.list.d/lab.sources").write_text(sources)
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
