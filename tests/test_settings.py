"""Settings from the environment."""

import re
from pathlib import Path

import pytest

from app.settings import Settings, SettingsError, declarations
from tools import settings_docs


ENOUGH = {"DESKSIDE_SECRET": "s" * 32}


def problems(**given: str) -> dict[str, str]:
    """What is wrong with these settings, by name."""
    environ = ENOUGH | {f"DESKSIDE_{name.upper()}": v for name, v in given.items()}
    with pytest.raises(SettingsError) as caught:
        Settings.load(environ)
    return {p.name.removeprefix("DESKSIDE_"): p.wrong for p in caught.value.problems}


def load(**given: str) -> Settings:
    """Good settings."""
    environ = ENOUGH | {f"DESKSIDE_{name.upper()}": v for name, v in given.items()}
    return Settings.load(environ)


def test_defaults_serve_localhost_from_memory_and_sqlite() -> None:
    """With a secret and nothing else the service runs embedded, on localhost."""
    settings = load()
    assert (settings.host, settings.port) == ("127.0.0.1", 8000)
    assert settings.public_url == "http://localhost:8000"
    assert settings.database_url.startswith("sqlite")
    assert settings.redis_url is None
    assert settings.turn_urls == ()


def test_no_secret_no_start() -> None:
    """There is no default secret."""
    with pytest.raises(SettingsError, match="DESKSIDE_SECRET: is not set"):
        Settings.load({})


def test_all_problems_come_at_once() -> None:
    """Whoever mends settings sees every wrong one, not the first."""
    found = problems(port="x", workers="0", public_url="ftp://x", grace_seconds="1")
    assert set(found) == {"PORT", "WORKERS", "PUBLIC_URL", "GRACE_SECONDS"}


def test_problem_names_setting_fault_and_example() -> None:
    """Each problem says what is wrong and what would do."""
    with pytest.raises(SettingsError) as caught:
        Settings.load(ENOUGH | {"DESKSIDE_PORT": "eighty"})
    text = "DESKSIDE_PORT: 'eighty' is not a whole number. Example: 8000"
    assert str(caught.value) == text


def test_unknown_setting_is_a_typo() -> None:
    """A misspelled setting does not pass silently; the nearest name is offered."""
    with pytest.raises(SettingsError) as caught:
        Settings.load(ENOUGH | {"DESKSIDE_PROXY_HOP": "1"})
    assert str(caught.value).endswith("Example: DESKSIDE_PROXY_HOPS")


def test_other_variables_are_none_of_our_business() -> None:
    """Only DESKSIDE_* is looked at."""
    assert Settings.load(ENOUGH | {"PATH": "/bin", "DESK": "1"})


def test_empty_counts_as_unset() -> None:
    """An empty variable is what compose files make of an unset one."""
    assert load(redis_url="", port="").port == 8000


def test_secret_from_file(tmp_path: Path) -> None:
    """A secret may come from a file; its last newline does not belong to it."""
    file = tmp_path / "secret"
    file.write_text("f" * 40 + "\n")
    settings = Settings.load({"DESKSIDE_SECRET_FILE": str(file)})
    assert settings.secret == "f" * 40


def test_every_secret_may_come_from_a_file(tmp_path: Path) -> None:
    """There is a *_FILE variable for each secret and for nothing else."""
    file = tmp_path / "value"
    file.write_text("redis://:geheim@localhost/0")
    for name, _field, declared in declarations():
        if name == "DESKSIDE_SECRET":
            continue
        environ = ENOUGH | {f"{name}_FILE": str(file)}
        try:
            Settings.load(environ)
            found = ""
        except SettingsError as error:
            found = str(error)
        assert (f"{name}_FILE: is no setting" in found) is not declared.secret


def test_secret_given_twice_is_refused(tmp_path: Path) -> None:
    """Variable and file together contradict each other."""
    file = tmp_path / "secret"
    file.write_text("f" * 40)
    assert "also as DESKSIDE_SECRET_FILE" in problems(secret_file=str(file))["SECRET"]


def test_missing_secret_file_is_named() -> None:
    """A path that cannot be read is in the message."""
    found = problems(turn_secret_file="/nowhere/turn", turn_urls="turn:t.example")
    assert "'/nowhere/turn' cannot be read" in found["TURN_SECRET"]


@pytest.mark.parametrize("name", ["secret", "turn_secret", "metrics_token"])
def test_short_secret_is_refused_and_not_repeated(name: str) -> None:
    """A guessable secret stops the start, and does not get into a log."""
    found = problems(**{name: "geheim"})
    assert "geheim" not in found[name.upper()]


def test_secrets_are_not_in_repr() -> None:
    """Printing the settings gives nothing away."""
    shown = repr(load(metrics_token="t" * 20, redis_url="redis://:geheim@r/0"))
    assert "s" * 32 not in shown
    assert "t" * 20 not in shown
    assert "geheim" not in shown


def test_workers_need_redis() -> None:
    """Several processes share rooms through Redis, and the message says so."""
    assert "needs DESKSIDE_REDIS_URL" in problems(workers="2")["WORKERS"]
    assert load(workers="2", redis_url="redis://localhost/0").workers == 2


@pytest.mark.parametrize(
    ("given", "missing"),
    [
        ({"turn_urls": "turn:t.example:3478"}, "TURN_SECRET"),
        ({"tls_cert": __file__}, "TLS_KEY"),
        ({"tls_key": __file__}, "TLS_CERT"),
    ],
)
def test_half_of_a_pair_is_refused(given: dict[str, str], missing: str) -> None:
    """What is of no use alone is missed by name."""
    assert missing in problems(**given)


@pytest.mark.parametrize(
    ("given", "kept"),
    [
        ("https://help.example.org/", "https://help.example.org"),
        ("https://help.example.org:443", "https://help.example.org"),
        ("http://10.0.0.5:8000", "http://10.0.0.5:8000"),
        ("https://[2001:db8::1]:8443", "https://[2001:db8::1]:8443"),
    ],
)
def test_public_url_is_an_origin(given: str, kept: str) -> None:
    """It is kept as browsers write an origin, so that it can be compared."""
    assert load(public_url=given).public_url == kept


@pytest.mark.parametrize(
    "wrong",
    ["help.example.org", "https://x/path", "https://u@x", "https://x:y", "https://"],
)
def test_public_url_with_more_or_less_is_refused(wrong: str) -> None:
    """No path, no user, no nonsense."""
    assert "PUBLIC_URL" in problems(public_url=wrong)


def test_public_url_follows_port_and_tls() -> None:
    """On one's own machine the URL need not be given."""
    assert load(port="9000").public_url == "http://localhost:9000"
    settings = load(tls_cert=__file__, tls_key=__file__)
    assert settings.public_url == "https://localhost:8000"
    assert settings.secure


def test_ice_urls_are_lists() -> None:
    """Commas or blanks separate them."""
    settings = load(
        turn_urls="turn:t.example:3478?transport=udp, turns:[2001:db8::1]:443",
        turn_secret="t" * 24,
        stun_urls="stun:t.example",
    )
    assert len(settings.turn_urls) == 2
    assert settings.stun_urls == ("stun:t.example",)


@pytest.mark.parametrize(
    ("name", "wrong"),
    [
        ("turn_urls", "stun:t.example"),
        ("turn_urls", "turn:t.example?transport=sctp"),
        ("stun_urls", "https://t.example"),
        ("brand_accent", "blue"),
        ("brand_logo_file", "/nowhere/logo.svg"),
        ("default_country", "Indonesia"),
        ("default_locale", "klingon"),
        ("pseudo_locale", "perhaps"),
        ("log_level", "loud"),
        ("admin_email", "admin"),
        ("database_url", "mysql://db/deskside"),
        ("redis_url", "localhost:6379"),
        ("node", "a node"),
        ("brand_name", "  "),
        ("port", "65536"),
    ],
)
def test_wrong_value_is_refused(name: str, wrong: str) -> None:
    """Each kind of value is checked before the start."""
    assert name.upper() in problems(**{name: wrong})


def test_nodes_are_named_apart() -> None:
    """Without a name each node makes up its own."""
    assert load().node != load().node


def test_every_setting_is_documented() -> None:
    """The manual is what the declarations say, and names every one."""
    page = settings_docs.PAGE.read_text(encoding="utf-8")
    assert page == settings_docs.page()
    headings = re.findall(r"^### `(\w+)`$", page, re.MULTILINE)
    assert headings == [name for name, _field, _declared in declarations()]


def test_examples_are_good_values() -> None:
    """What a message offers as an example would be accepted."""
    for name, item, declared in declarations():
        if declared.example.startswith(("`", "/")):
            continue  # A command that makes one, or a file of the operator.
        declared.parse(declared.example)
        assert name.endswith(item.name.upper())
