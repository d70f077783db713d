"""Makes what docker-compose.yml needs: secrets, a certificate, configurations, `.env`.

`make compose-secrets` runs it. DOMAIN is the name browsers will use (default:
localhost), ADDRESS this machine's address (default: found), EXTERNAL_IP the one the
internet knows it by where that differs, ADMIN_EMAIL the first administrator, and
STATE_SUBNET a range of addresses for containers. What was chosen is remembered in
`.env`, and what was made stays.
"""

import ipaddress
import os
import re
import secrets
import sys
from collections.abc import Mapping
from dataclasses import dataclass
from hashlib import sha256
from pathlib import Path

import yaml
from cryptography import x509

from app.cli.configurations import Configurations, RenderError
from tools import authority, dotenv, network
from tools.setup import ROOT, Trouble, say


MADE = ROOT / "var" / "compose"
DOTENV = ROOT / ".env"
AUTHORITY = ROOT / "var" / "deskside-ca.pem"
"""What browsers are to trust: for everybody to read, as it holds no secret."""

REDIS_USERS = ROOT / "ansible" / "roles" / "redis" / "vars" / "main.yml"

FOLDERS = ("coturn", "nginx", "secrets", "tls")
PROFILES = "app,postgres,redis,relay,web"
STATE_SUBNET = "10.213.213.0/24"
"""The network in which Redis has a known address; any free range will do."""

CONTAINER_ID = 10001
"""User and group of the containers where root makes the secrets: not root."""

RANDOM = {
    "app_secret": 36,
    "turn_secret": 36,
    "postgres_password": 24,
    "redis_password": 24,
    "redis_relay_password": 24,
    "metrics_token": 24,
    "admin_password": 12,
}
"""Secrets and how many random bytes are in each."""


def main() -> int:
    """Make what is missing and say what to do next; gives the exit code."""
    try:
        before = dotenv.read(DOTENV)
        choices = Choices.of(os.environ, before)
        new = make(choices)
        # Which parts run is chosen there, too.
        wanted = choices.dotenv() | {"DESKSIDE_MADE": fingerprint()}
        dotenv.update(DOTENV, {"COMPOSE_PROFILES": PROFILES} | before | wanted)
    except (Trouble, RenderError) as trouble:
        say(str(trouble))
        return 1
    say(farewell(choices, new=new))
    return 0


@dataclass(frozen=True, slots=True)
class Choices:
    """What differs from one installation to the next, without any secret."""

    domain: str
    address: str
    external_ip: str
    admin_email: str
    state: ipaddress.IPv4Network
    uid: int
    gid: int

    @classmethod
    def of(cls, environ: Mapping[str, str], before: Mapping[str, str]) -> "Choices":
        """What is asked for now, else what was before, else the default.

        Raises Trouble with what to do.
        """
        found = {
            name: environ.get(name) or before.get(f"DESKSIDE_{name}", "")
            for name in ("DOMAIN", "EXTERNAL_IP", "ADMIN_EMAIL", "STATE_SUBNET")
        }
        domain = checked_domain(found["DOMAIN"] or "localhost")
        address = environ.get("ADDRESS") or address_of_this_machine(before)
        external = found["EXTERNAL_IP"]
        return cls(
            domain,
            checked_address("ADDRESS", address),
            external and checked_address("EXTERNAL_IP", external),
            found["ADMIN_EMAIL"] or f"admin@{default_mail_domain(domain)}",
            checked_subnet(found["STATE_SUBNET"] or STATE_SUBNET),
            os.getuid() or CONTAINER_ID,
            os.getgid() if os.getuid() else CONTAINER_ID,
        )

    @property
    def turn_domain(self) -> str:
        """Where browsers find TURN: they gather nothing at a loopback address."""
        return self.address if self.domain == "localhost" else self.domain

    @property
    def names(self) -> list[str]:
        """What the certificate is for."""
        return list(dict.fromkeys([self.domain, self.address, "localhost"]))

    @property
    def redis(self) -> ipaddress.IPv4Address:
        """Where Redis is for coturn, which is on no network that has names."""
        return self.state[2]

    @property
    def is_local(self) -> bool:
        """Whether no name of the internet is meant."""
        return self.domain == "localhost" or is_address(self.domain)

    def dotenv(self) -> dict[str, str]:
        """As settings of docker-compose.yml."""
        return {
            "DESKSIDE_DOMAIN": self.domain,
            "DESKSIDE_TURN_DOMAIN": self.turn_domain,
            "DESKSIDE_ADDRESS": self.address,
            "DESKSIDE_EXTERNAL_IP": self.external_ip,
            "DESKSIDE_ADMIN_EMAIL": self.admin_email,
            "DESKSIDE_STATE_SUBNET": str(self.state),
            # What Docker gives out by itself is the other half.
            "DESKSIDE_STATE_RANGE": str([*self.state.subnets()][1]),
            "DESKSIDE_REDIS_ADDRESS": str(self.redis),
            "DESKSIDE_UID": str(self.uid),
            "DESKSIDE_GID": str(self.gid),
        }


def address_of_this_machine(before: Mapping[str, str]) -> str:
    """The one used before while it is ours, else the main one."""
    known = network.addresses()
    if (used := before.get("DESKSIDE_ADDRESS")) in known:
        return str(used)
    if not known:
        raise Trouble("This machine has no address. Give one: ADDRESS=192.0.2.7")
    return known[0]


def checked_domain(domain: str) -> str:
    """A name or an address, in small letters."""
    label = r"[a-z0-9]([a-z0-9-]{0,61}[a-z0-9])?"
    small = domain.strip().lower().removesuffix(".")
    if not re.fullmatch(rf"{label}(\.{label})*", small) or len(small) > 253:
        raise Trouble(f"DOMAIN={domain} is no name. Example: DOMAIN=help.example.org")
    return small


def checked_address(name: str, text: str) -> str:
    """An IPv4 address."""
    try:
        return str(ipaddress.IPv4Address(text))
    except ValueError:
        raise Trouble(f"{name}={text} is no IPv4 address. Example: 192.0.2.7") from None


def default_mail_domain(domain: str) -> str:
    """The domain of an address that nobody gave."""
    return "localhost" if is_address(domain) else domain


def checked_subnet(text: str) -> ipaddress.IPv4Network:
    """A range of addresses that holds a few containers."""
    try:
        subnet = ipaddress.IPv4Network(text)
        if subnet.prefixlen <= 28:
            return subnet
    except ValueError:
        pass
    raise Trouble(f"STATE_SUBNET={text} is no range. Example: 10.213.213.0/24")


def is_address(text: str) -> bool:
    """Whether it is an address and not a name."""
    try:
        ipaddress.ip_address(text)
    except ValueError:
        return False
    return True


# Making.


def make(choices: Choices) -> bool:
    """Make what is missing; tells whether the secrets are new."""
    for folder in (
        MADE,
        *(MADE / name for name in ("secrets", "tls", "coturn", "nginx")),
    ):
        folder.mkdir(mode=0o700, parents=True, exist_ok=True)
        give(folder, choices)
    new = not (MADE / "secrets" / "app_secret").exists()
    make_secrets(choices)
    make_certificate(choices)
    make_configurations(choices)
    return new


def make_secrets(choices: Choices) -> None:
    """Random ones, and what is made from them for one program or another."""
    folder = MADE / "secrets"
    for name, size in RANDOM.items():
        if not (folder / name).exists():
            write(folder / name, secrets.token_urlsafe(size), choices)
    known = {name: (folder / name).read_text() for name in RANDOM}
    for name, text in derived(known).items():
        write(folder / name, text, choices)


def derived(known: Mapping[str, str]) -> dict[str, str]:
    """Addresses that hold a password, and Redis's list of users."""
    redis = f"redis://deskside:{known['redis_password']}@redis:6379"
    return {
        "database_url": "postgresql+asyncpg://deskside:"
        f"{known['postgres_password']}@postgres:5432/deskside",
        "redis_url": f"{redis}/0",
        "relay_statistics_url": f"{redis}/2",
        "redis_acl": redis_users(
            default=known["redis_relay_password"], deskside=known["redis_password"]
        ),
    }


def redis_users(**passwords: str) -> str:
    """Users with the same rights as on a host of its own."""
    users = yaml.safe_load(REDIS_USERS.read_text(encoding="utf-8"))["redis_users"]
    rights = {user["name"]: user["rights"] for user in users}
    return "".join(
        f"user {name} on #{sha256(password.encode()).hexdigest()} {rights[name]}\n"
        for name, password in passwords.items()
    )


def make_certificate(choices: Choices) -> None:
    """One of the local authority, unless there is one that somebody else made."""
    folder = MADE / "tls"
    own = ensure_authority(folder, choices)
    chain, key = folder / "fullchain.pem", folder / "privkey.pem"
    if chain.exists() and key.exists():
        served = x509.load_pem_x509_certificate(chain.read_bytes())
        foreign = served.issuer != own.certificate.subject
        if foreign or authority.serves(served, choices.names):
            give(chain, choices)
            give(key, choices)
            return
    pair = authority.issue(own, choices.names)
    write(key, pair.key_pem, choices)
    write(chain, pair.certificate_pem, choices)


def ensure_authority(folder: Path, choices: Choices) -> authority.Pair:
    """The local authority, made once; its key is not for containers."""
    certificate, key = AUTHORITY, folder / "ca.key"
    if not certificate.exists() or not key.exists():
        pair = authority.make(f"Deskside on {choices.address}")
        write(key, pair.key_pem)
        certificate.write_text(pair.certificate_pem)
        certificate.chmod(0o644)
    return authority.Pair.read(certificate, key)


def make_configurations(choices: Choices) -> None:
    """What nginx and coturn run with, from the one template of each."""
    known = {name: (MADE / "secrets" / name).read_text() for name in RANDOM}
    made = Configurations(coturn_variables(choices, known) | nginx_variables(choices))
    for server in ("coturn", "nginx"):
        for name, text in made.texts(server):
            write(MADE / server / name, text, choices)


def coturn_variables(choices: Choices, known: Mapping[str, str]) -> dict[str, object]:
    """What differs from a host of its own."""
    return {
        "coturn_realm": choices.turn_domain,
        "coturn_secret": known["turn_secret"],
        "coturn_addresses": [choices.address],
        "coturn_external_ip": choices.external_ip,
        "coturn_redis_host": str(choices.redis),
        "coturn_redis_password": known["redis_relay_password"],
        "coturn_log": "stdout",
        "coturn_userdb": "/tmp/turndb",  # noqa: S108  (in the container)
        "coturn_version": "4.6.1",
    }


def nginx_variables(choices: Choices) -> dict[str, object]:
    """What differs from a host of its own."""
    own: dict[str, object] = {
        "nginx_domain": choices.domain,
        "nginx_turn_domain": choices.domain,
        "nginx_web": True,
        "nginx_relay": True,
        "nginx_app_addresses": ["app"],
        "nginx_app_ports": [8000],
        "nginx_relay_upstream": f"{choices.address}:3481",
        "nginx_listen": ["0.0.0.0"],  # noqa: S104  (of the container)
        "nginx_certificate_file": "/run/secrets/tls_certificate",
        "nginx_certificate_key_file": "/run/secrets/tls_key",
        "nginx_static_root": "",
        "nginx_brotli": False,
        "nginx_user": "",
        "nginx_pid": "/tmp/nginx.pid",  # noqa: S108
        "nginx_temp": "/tmp",  # noqa: S108
        "nginx_acme_root": "/tmp/acme",  # noqa: S108
        "nginx_log": "/dev/stdout",
        "nginx_error_log": "stderr",
        "nginx_version": "1.26.3",
    }
    if choices.is_local:
        # It would bind every other service under that name on this machine, too.
        own["nginx_hsts_seconds"] = 0
    return own


# Files.


def fingerprint() -> str:
    """What was made, as one hash: with another, Compose makes the containers anew."""
    paths = sorted(path for name in FOLDERS for path in (MADE / name).iterdir())
    texts = b"".join(path.read_bytes() for path in paths)
    return sha256(texts).hexdigest()[:16]


def write(path: Path, text: str, choices: Choices | None = None) -> None:
    """Write a file that its owner alone can read; one that is right stays."""
    if not path.exists() or path.read_text(encoding="utf-8") != text:
        part = path.with_name(f".{path.name}.part")
        part.unlink(missing_ok=True)
        part.touch(mode=0o600)
        part.write_text(text, encoding="utf-8")
        part.replace(path)
    path.chmod(0o600)
    if choices:
        give(path, choices)


def give(path: Path, choices: Choices) -> None:
    """Make the containers' user its owner, where that is another."""
    if os.getuid() == 0:
        os.chown(path, choices.uid, choices.gid)


# Words.


def farewell(choices: Choices, *, new: bool) -> str:
    """What to do next."""
    ca, tls = AUTHORITY.relative_to(ROOT), (MADE / "tls").relative_to(ROOT)
    password = MADE / "secrets" / "admin_password"
    shown = password.read_text() if new else f"as in {password.relative_to(ROOT)}"
    return f"""
  Start   docker compose up -d --wait
  Open    https://{choices.domain}
  Email   {choices.admin_email}
  Password  {shown}

  Browsers warn until they trust {ca}, the local authority:
    Debian, Ubuntu  sudo cp {ca} /usr/local/share/ca-certificates/deskside.crt
                    sudo update-ca-certificates
    Chrome          chrome://certificate-manager: Local certificates, Import
    Firefox         Settings, Privacy & Security, View Certificates, Import
    macOS           open {ca}, then "Always Trust" in Keychain Access
    Windows         certutil -addstore Root {ca}
  A certificate of your own goes to {tls}/fullchain.pem and privkey.pem.
"""


if __name__ == "__main__":
    sys.exit(main())
