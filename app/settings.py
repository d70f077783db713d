"""Settings: each declared once, read from the environment, checked before the start."""

import difflib
import re
import secrets
from collections.abc import Callable, Iterator, Mapping
from dataclasses import MISSING, Field, dataclass, field, fields
from pathlib import Path
from typing import Any
from urllib.parse import urlsplit

from babel import Locale, UnknownLocaleError


PREFIX = "DESKSIDE_"
"""What the name of every environment variable of this service begins with."""


class SettingsError(Exception):
    """Everything that is wrong with the settings, one `Problem` each."""

    def __init__(self, problems: list["Problem"]) -> None:
        super().__init__("\n".join(str(problem) for problem in problems))
        self.problems = problems


@dataclass(frozen=True, slots=True)
class Problem:
    """One wrong setting: its name, what was wrong and a value that would do."""

    name: str
    wrong: str
    example: str

    def __str__(self) -> str:
        return f"{self.name}: {self.wrong}. Example: {self.example}"


@dataclass(frozen=True, slots=True)
class Declared:
    """What is known of a setting besides its type: for the reader and the manual."""

    group: str
    help: str
    example: str
    parse: Callable[[str], Any]
    secret: bool = False
    shown_default: str | None = None


# Parsers: text in, value out; a ValueError says what was wrong.


def text(raw: str) -> str:
    """Any text that is not blank."""
    if not raw.strip():
        raise ValueError("is empty")
    return raw.strip()


def whole(least: int, most: int) -> Callable[[str], int]:
    """A whole number between two bounds, both allowed."""

    def parse(raw: str) -> int:
        try:
            number = int(raw)
        except ValueError:
            raise ValueError(f"{raw!r} is not a whole number") from None
        if not least <= number <= most:
            raise ValueError(f"{number} is not between {least} and {most}")
        return number

    return parse


def yes_or_no(raw: str) -> bool:
    """1, true, yes, on; 0, false, no, off."""
    known = {"1": True, "true": True, "yes": True, "on": True}
    known |= {"0": False, "false": False, "no": False, "off": False}
    try:
        return known[raw.strip().lower()]
    except KeyError:
        raise ValueError(f"{raw!r} is neither 1 nor 0") from None


def one_of(*allowed: str) -> Callable[[str], str]:
    """One word of a list."""

    def parse(raw: str) -> str:
        if raw.lower() not in allowed:
            raise ValueError(f"{raw!r} is not one of {', '.join(allowed)}")
        return raw.lower()

    return parse


def url_of(*schemes: str) -> Callable[[str], str]:
    """A URL with one of the schemes."""

    def parse(raw: str) -> str:
        scheme = raw.partition(":")[0]
        if scheme not in schemes or "//" not in raw:
            # The value may hold a password, so it is not repeated.
            starts = " or ".join(f"{known}://" for known in schemes)
            raise ValueError(f"does not begin with {starts}")
        return raw

    return parse


def origin_url(raw: str) -> str:
    """Scheme, host and port, as a browser shows them: no path, no trailing slash."""
    parts = urlsplit(raw)
    if parts.scheme not in ("http", "https") or not parts.hostname:
        raise ValueError(f"{raw!r} is not an http or https URL")
    if parts.path not in ("", "/") or parts.query or parts.fragment or parts.username:
        raise ValueError(f"{raw!r} has more than scheme, host and port")
    try:
        port = parts.port
    except ValueError:
        raise ValueError(f"{raw!r} has a wrong port") from None
    standard = {"http": 80, "https": 443}[parts.scheme]
    host = f"[{parts.hostname}]" if ":" in parts.hostname else parts.hostname
    shown = "" if port in (None, standard) else f":{port}"
    return f"{parts.scheme}://{host}{shown}"


def ice_urls(*schemes: str) -> Callable[[str], tuple[str, ...]]:
    """STUN or TURN URLs (RFC 7064, RFC 7065), separated by commas or spaces."""
    form = re.compile(
        rf"({'|'.join(schemes)}):(\[[0-9a-fA-F:.]+\]|[\w.-]+)(:\d+)?"
        r"(\?transport=(udp|tcp))?"
    )

    def parse(raw: str) -> tuple[str, ...]:
        urls = tuple(part for part in re.split(r"[,\s]+", raw) if part)
        for url in urls:
            if not form.fullmatch(url):
                raise ValueError(f"{url!r} is not a {' or '.join(schemes)} URL")
        return urls

    return parse


def secret_text(least: int) -> Callable[[str], str]:
    """A secret of at least so many characters; its value is never repeated."""

    def parse(raw: str) -> str:
        value = raw.strip()
        if len(value) < least:
            raise ValueError(f"has {len(value)} characters; it needs {least}")
        return value

    return parse


def readable_file(raw: str) -> Path:
    """A file that this process can read."""
    path = Path(raw)
    try:
        path.open("rb").close()
    except OSError as error:
        raise ValueError(f"{raw!r} cannot be read ({error.strerror})") from None
    return path


def colour(raw: str) -> str:
    """A colour as #rrggbb."""
    if not re.fullmatch(r"#[0-9a-fA-F]{6}", raw):
        raise ValueError(f"{raw!r} is not of the form #rrggbb")
    return raw.lower()


def country(raw: str) -> str:
    """A country as its two letters (ISO 3166), in lower case."""
    if not re.fullmatch(r"[a-zA-Z]{2}", raw):
        raise ValueError(f"{raw!r} is not a two-letter country code")
    return raw.lower()


def locale(raw: str) -> str:
    """A locale that Babel knows."""
    try:
        Locale.parse(raw, sep="-" if "-" in raw else "_")
    except (ValueError, UnknownLocaleError):
        raise ValueError(f"{raw!r} is not a known locale") from None
    return raw


def email(raw: str) -> str:
    """Something with one @ and no blanks; its owner knows the rest."""
    if not re.fullmatch(r"[^@\s]+@[^@\s]+", raw.strip()):
        raise ValueError(f"{raw!r} is not an e-mail address")
    return raw.strip().lower()


def node_name(raw: str) -> str:
    """Letters, digits, dots and dashes: it becomes part of Redis keys and log lines."""
    if not re.fullmatch(r"[A-Za-z0-9.-]{1,40}", raw):
        raise ValueError(f"{raw!r} is not 1 to 40 letters, digits, dots or dashes")
    return raw


def declare(
    default: Any,
    declared: Declared,
) -> Any:
    """A dataclass field that carries its declaration; a callable default is called."""
    how = {"default_factory": default} if callable(default) else {"default": default}
    return field(repr=not declared.secret, metadata={"declared": declared}, **how)


SERVICE, DATA, MEDIA, RULES = "Service", "Records and live state", "Media", "Rules"
BRAND, ACCESS, OPERATION = "Appearance", "Access", "Operation"


@dataclass(frozen=True, kw_only=True)
class Settings:
    """One node's settings. Make it with `Settings.load`; it does not change."""

    host: str = declare(
        "127.0.0.1",
        Declared(SERVICE, "Address to listen on.", "0.0.0.0", text),  # noqa: S104
    )
    port: int = declare(
        8000, Declared(SERVICE, "Port to listen on.", "8000", whole(1, 65535))
    )
    socket_port: int | None = declare(
        None,
        Declared(
            SERVICE,
            "A second port, for `/ws` alone, to which a proxy may send sockets: they "
            "cost less there than at `DESKSIDE_PORT`, which takes them, too.",
            "8001",
            whole(1, 65535),
        ),
    )
    public_url: str = declare(
        "",
        Declared(
            SERVICE,
            "Where browsers reach the service: scheme, host and port. Links, cookies "
            "and the origin check follow it.",
            "https://help.example.org",
            origin_url,
            shown_default="`http://localhost:` and the port; https with TLS",
        ),
    )
    secret: str = declare(
        "",
        Declared(
            SERVICE,
            "Signs seat tickets and cookies; the same on every node. "
            "`make run` makes one in `var/secret`.",
            "`openssl rand -base64 36`",
            secret_text(32),
            secret=True,
            shown_default="none: must be set",
        ),
    )
    workers: int = declare(
        1,
        Declared(
            SERVICE,
            "Processes to run; each is a node of its own. More than one needs "
            "`DESKSIDE_REDIS_URL`.",
            "4",
            whole(1, 64),
        ),
    )
    node: str = declare(
        lambda: f"n{secrets.token_hex(5)}",
        Declared(
            SERVICE,
            "Name of this node in logs and metrics; each running node has its own.",
            "app-1",
            node_name,
            shown_default="a random one",
        ),
    )
    proxy_hops: int = declare(
        0,
        Declared(
            SERVICE,
            "How many reverse proxies stand before the service and set "
            "`X-Forwarded-For`, `-Proto` and `-Host`; 0 ignores these headers.",
            "1",
            whole(0, 5),
        ),
    )
    tls_cert: Path | None = declare(
        None,
        Declared(
            SERVICE,
            "PEM file with the certificate chain; with it the service speaks https "
            "itself.",
            "/etc/deskside/cert.pem",
            readable_file,
        ),
    )
    tls_key: Path | None = declare(
        None,
        Declared(
            SERVICE,
            "PEM file with the key of `DESKSIDE_TLS_CERT`.",
            "/etc/deskside/key.pem",
            readable_file,
        ),
    )
    database_url: str = declare(
        "sqlite+aiosqlite:///var/deskside.db",
        Declared(
            DATA,
            "SQLAlchemy URL of the records: SQLite or PostgreSQL.",
            "postgresql+asyncpg://deskside:password@db/deskside",
            url_of("sqlite+aiosqlite", "postgresql+asyncpg"),
            secret=True,
        ),
    )
    redis_url: str | None = declare(
        None,
        Declared(
            DATA,
            "Redis for the live state of rooms, shared by all nodes. Without it the "
            "live state is in the memory of one process: a restart ends the calls' "
            "signaling.",
            "redis://:password@redis:6379/0",
            url_of("redis", "rediss", "unix"),
            secret=True,
            shown_default="none: in memory",
        ),
    )
    stun_urls: tuple[str, ...] = declare(
        (),
        Declared(
            MEDIA,
            "STUN servers given to browsers. There is no default: no third party "
            "learns of your calls.",
            "stun:turn.example.org:3478",
            ice_urls("stun", "stuns"),
            shown_default="none",
        ),
    )
    turn_urls: tuple[str, ...] = declare(
        (),
        Declared(
            MEDIA,
            "Relays for browsers, with `DESKSIDE_TURN_SECRET`; each host is one, and "
            "more can be added at `/relays` or with `deskside relay add`. Without any, "
            "calls work only where browsers reach each other directly.",
            "turn:turn.example.org:3478?transport=udp,"
            "turns:turn.example.org:443?transport=tcp",
            ice_urls("turn", "turns"),
            shown_default="none",
        ),
    )
    turn_secret: str | None = declare(
        None,
        Declared(
            MEDIA,
            "The secret shared with every coturn (`use-auth-secret`, "
            "`static-auth-secret`).",
            "`openssl rand -hex 24`",
            secret_text(16),
            secret=True,
        ),
    )
    turn_ttl: int = declare(
        600,
        Declared(
            MEDIA,
            "Seconds for which TURN credentials are good to begin with.",
            "600",
            whole(60, 86400),
        ),
    )
    room_lifetime_hours: int = declare(
        24,
        Declared(
            RULES, "Hours after which an unused room ends.", "24", whole(1, 24 * 90)
        ),
    )
    no_show_minutes: int = declare(
        30,
        Declared(
            RULES,
            "Minutes one side waits in the room for the other before it ends.",
            "30",
            whole(1, 24 * 60),
        ),
    )
    max_call_minutes: int = declare(
        240,
        Declared(RULES, "Minutes after which a call ends.", "240", whole(1, 24 * 60)),
    )
    max_video_kbps: int = declare(
        2_500,
        Declared(
            RULES,
            "The most that one picture may take, in kbit/s each way: less where many "
            "share a connection. Sound takes up to 40 kbit/s besides.",
            "1200",
            whole(100, 50_000),
        ),
    )
    grace_seconds: int = declare(
        45,
        Declared(
            RULES,
            "Seconds for which a seat is kept for a browser whose connection broke.",
            "45",
            whole(5, 600),
        ),
    )
    report_days: int = declare(
        30,
        Declared(
            RULES,
            "Days for which reports are kept that people send from the check page.",
            "30",
            whole(1, 365),
        ),
    )
    brand_name: str = declare(
        "Deskside", Declared(BRAND, "The name in titles.", "Example Bank", text)
    )
    brand_accent: str | None = declare(
        None,
        Declared(
            BRAND,
            "The accent colour.",
            "#0b5cad",
            colour,
            shown_default="the built-in blue",
        ),
    )
    brand_logo_file: Path | None = declare(
        None,
        Declared(
            BRAND,
            "An SVG or PNG file shown beside the name.",
            "/etc/deskside/logo.svg",
            readable_file,
        ),
    )
    default_country: str = declare(
        "id",
        Declared(
            BRAND,
            "Country whose phone numbers may be typed without a prefix.",
            "id",
            country,
        ),
    )
    default_locale: str = declare(
        "en",
        Declared(
            BRAND,
            "Language of people whose browser asks for none we have.",
            "id",
            locale,
        ),
    )
    pseudo_locale: bool = declare(
        False,
        Declared(
            BRAND,
            "Offers the made-up right-to-left locale `ar-XB`, for testing.",
            "1",
            yes_or_no,
            shown_default="`0`",
        ),
    )
    admin_email: str = declare(
        "admin@localhost",
        Declared(
            ACCESS,
            "E-mail of the first administrator, made by `make run`.",
            "it@example.org",
            email,
        ),
    )
    admin_password: str | None = declare(
        None,
        Declared(
            ACCESS,
            "Password of the first administrator.",
            "`openssl rand -base64 15`",
            secret_text(10),
            secret=True,
            shown_default="a random one, shown once",
        ),
    )
    metrics_token: str | None = declare(
        None,
        Declared(
            OPERATION,
            "Bearer token for `/metrics`. Without it only loopback may read them.",
            "`openssl rand -hex 24`",
            secret_text(16),
            secret=True,
        ),
    )
    relay_statistics_url: str | None = declare(
        None,
        Declared(
            OPERATION,
            "The Redis that coturn writes its statistics to (`redis-statsdb`); they "
            "are then shown in `/metrics`. Without it nothing is known of the relay.",
            "redis://:password@redis:6379/2",
            url_of("redis", "rediss", "unix"),
            secret=True,
        ),
    )
    relay_quota: int = declare(
        0,
        Declared(
            OPERATION,
            "Allocations that the relays may hold together (coturn's `total-quota`, "
            "added up); `/metrics` shows the share in use. 0 for no bound.",
            "1000",
            whole(0, 1_000_000),
        ),
    )
    load_tests: bool = declare(
        False,
        Declared(
            OPERATION,
            "Allows load tests with a key of the scope `loadtest`: it makes agents of "
            "its own and removes them with their rooms. Turn it off again afterwards.",
            "1",
            yes_or_no,
            shown_default="`0`",
        ),
    )
    log_level: str = declare(
        "info",
        Declared(
            OPERATION,
            "The least important log lines to write.",
            "debug",
            one_of("debug", "info", "warning", "error"),
        ),
    )

    @classmethod
    def load(cls, environ: Mapping[str, str]) -> "Settings":
        """Read `DESKSIDE_*`; an empty value counts as unset.

        Raises SettingsError with every problem found, not only the first.
        """
        values, problems = _read(environ)
        problems += _strangers(environ)
        if not problems:
            problems += _contradictions(values)
        if problems:
            raise SettingsError(problems)
        values.setdefault("public_url", _local_url(values))
        return cls(**values)

    @property
    def secure(self) -> bool:
        """Whether browsers come by https."""
        return self.public_url.startswith("https:")


def declarations() -> Iterator[tuple[str, Field[Any], Declared]]:
    """Every setting: variable name, dataclass field, declaration."""
    for item in fields(Settings):
        yield PREFIX + item.name.upper(), item, item.metadata["declared"]


def _read(environ: Mapping[str, str]) -> tuple[dict[str, Any], list[Problem]]:
    values: dict[str, Any] = {}
    problems: list[Problem] = []
    for name, item, declared in declarations():
        try:
            raw = _raw(environ, name, secret=declared.secret)
            if raw:
                values[item.name] = declared.parse(raw)
        except ValueError as error:
            problems.append(Problem(name, str(error), declared.example))
    if not environ.get(f"{PREFIX}SECRET") and not environ.get(f"{PREFIX}SECRET_FILE"):
        example = "`openssl rand -base64 36`"
        problems.append(Problem(f"{PREFIX}SECRET", "is not set", example))
    return values, problems


def _raw(environ: Mapping[str, str], name: str, *, secret: bool) -> str:
    direct = environ.get(name, "")
    path = environ.get(f"{name}_FILE", "") if secret else ""
    if not path:
        return direct
    if direct:
        raise ValueError(f"is set twice, also as {name}_FILE")
    try:
        return Path(path).read_text(encoding="utf-8").strip()
    except (OSError, UnicodeError) as error:
        wrong = getattr(error, "strerror", None) or "not text"
        raise ValueError(f"{name}_FILE {path!r} cannot be read ({wrong})") from None


def _strangers(environ: Mapping[str, str]) -> list[Problem]:
    known = {name for name, _, _ in declarations()}
    known |= {f"{name}_FILE" for name, _, declared in declarations() if declared.secret}
    given = sorted(name for name in environ if name.startswith(PREFIX))
    return [_typo(name, known) for name in given if name not in known]


def _typo(name: str, known: set[str]) -> Problem:
    near = difflib.get_close_matches(name, sorted(known), n=1, cutoff=0.75)
    if near:
        return Problem(name, "is no setting, probably a typo", near[0])
    return Problem(name, "is no setting", "any of docs/settings.md")


def _contradictions(values: Mapping[str, Any]) -> list[Problem]:
    """What each value alone does not show."""
    rules = [
        (
            values.get("workers", 1) > 1 and not values.get("redis_url"),
            ("WORKERS", "more than one worker needs DESKSIDE_REDIS_URL"),
            "DESKSIDE_REDIS_URL=redis://127.0.0.1:6379/0",
        ),
        (
            values.get("turn_urls") and not values.get("turn_secret"),
            ("TURN_SECRET", "is not set, but DESKSIDE_TURN_URLS is"),
            "`openssl rand -hex 24`",
        ),
        (
            values.get("tls_cert") and not values.get("tls_key"),
            ("TLS_KEY", "is not set, but DESKSIDE_TLS_CERT is"),
            "/etc/deskside/key.pem",
        ),
        (
            values.get("tls_key") and not values.get("tls_cert"),
            ("TLS_CERT", "is not set, but DESKSIDE_TLS_KEY is"),
            "/etc/deskside/cert.pem",
        ),
    ]
    return [
        Problem(PREFIX + name, wrong, example)
        for broken, (name, wrong), example in rules
        if broken
    ]


def _local_url(values: Mapping[str, Any]) -> str:
    scheme = "https" if values.get("tls_cert") else "http"
    return origin_url(f"{scheme}://localhost:{values.get('port', 8000)}")


def shown_default(item: Field[Any], declared: Declared) -> str:
    """The default as the manual shows it."""
    if declared.shown_default is not None:
        return declared.shown_default
    if item.default in (None, "", MISSING):
        return "none"
    return f"`{item.default}`"
