"""Sees that the servers and the browser which the tests start are installed.

As root on Debian it installs what is missing, else it names it and stops.
"""

import os
import shutil
import sys
from pathlib import Path

from tools.setup import Trouble, install_debian, say


NGINX_MODULES = "/usr/lib/nginx/modules"

PACKAGES = {
    "redis-server": "redis-server",
    "postgres": "postgresql",
    "turnserver": "coturn",
    "nginx": "nginx-light",
    f"{NGINX_MODULES}/ngx_stream_module.so": "libnginx-mod-stream",
    f"{NGINX_MODULES}/ngx_http_brotli_static_module.so": (
        "libnginx-mod-http-brotli-static"
    ),
    "chromium": "chromium",
    "firefox-esr": "firefox-esr",
    "prometheus": "prometheus",
    "promtool": "prometheus",
    "amtool": "prometheus-alertmanager",
    "prometheus-node-exporter": "prometheus-node-exporter",
    "prometheus-redis-exporter": "prometheus-redis-exporter",
    "prometheus-postgres-exporter": "prometheus-postgres-exporter",
    "certutil": "libnss3-tools",
    "curl": "curl",
    "debootstrap": "debootstrap",
    "dockerd": "docker.io",
    "ip": "iproute2",
    "age": "age",
    "nft": "nftables",
    "conntrack": "conntrack",
    "zstd": "zstd",
    "systemd-nspawn": "systemd-container",
    "dnsmasq": "dnsmasq-base",
    "pebble": "pebble",
    "ssh": "openssh-client",
    "testssl": "testssl.sh",
}
"""Program or file to the Debian package it is in."""


def main() -> int:
    """Install or name what is missing; gives the exit code."""
    missing = [package for program, package in PACKAGES.items() if not find(program)]
    if not missing:
        return 0
    if os.geteuid() != 0 or not shutil.which("apt-get"):
        say("The tests start these themselves, but they are not installed. Do:")
        say(f"    sudo apt-get install --no-install-recommends {' '.join(missing)}")
        return 1
    say(f"Installing for the tests: {' '.join(missing)} …")
    try:
        install_debian(missing)
    except Trouble as trouble:
        say(str(trouble))
        return 1
    return 0


def find(program: str) -> str | None:
    """Where a program is, also outside a plain user's PATH; or a file, by its path."""
    if program.startswith("/"):
        return program if Path(program).exists() else None
    folders = [os.environ.get("PATH", ""), "/usr/sbin"]
    folders += map(str, Path("/usr/lib/postgresql").glob("*/bin"))
    return shutil.which(program, path=os.pathsep.join(folders))


if __name__ == "__main__":
    sys.exit(main())
