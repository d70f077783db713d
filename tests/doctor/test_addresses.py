"""What URLs and addresses mean."""

import pytest

from app.doctor.addresses import Site, is_public, kind, resolve
from app.doctor.results import Amiss
from app.domain.relay_urls import RelayUrl


@pytest.mark.parametrize(
    ("url", "expected"),
    [
        ("turn:t.example", ("turn", "t.example", 3478, "udp")),
        ("turn:t.example:80?transport=tcp", ("turn", "t.example", 80, "tcp")),
        ("turns:t.example?transport=tcp", ("turns", "t.example", 5349, "tcp")),
        ("turn:[2001:db8::1]", ("turn", "2001:db8::1", 3478, "udp")),
        ("turns:t.example", ("turns", "t.example", 5349, "tcp")),
        ("turns:[2001:db8::1]:443", ("turns", "2001:db8::1", 443, "tcp")),
        ("stun:192.0.2.1", ("stun", "192.0.2.1", 3478, "udp")),
    ],
)
def test_relay_url_has_what_it_leaves_out(
    url: str, expected: tuple[str, str, int, str]
) -> None:
    """Ports and transports are as RFC 7064 and RFC 7065 have them."""
    read = RelayUrl.of(url)
    assert (read.scheme, read.host, read.port, read.transport) == expected


@pytest.mark.parametrize(
    ("url", "origin", "port"),
    [
        ("https://a.example", "https://a.example", 443),
        ("https://a.example:8443/x", "https://a.example:8443", 8443),
        ("http://localhost:8000", "http://localhost:8000", 8000),
        ("https://[::1]:444", "https://[::1]:444", 444),
    ],
)
def test_site_is_an_origin(url: str, origin: str, port: int) -> None:
    """A site is scheme, host and port, however much more the URL says."""
    site = Site.of(url)
    assert (site.origin, site.port) == (origin, port)


@pytest.mark.parametrize("url", ["", "a.example", "ftp://a.example", "https://"])
def test_site_is_refused_where_it_is_none(url: str) -> None:
    """What is no web address is told so."""
    with pytest.raises(ValueError, match="https"):
        Site.of(url)


@pytest.mark.parametrize(
    ("address", "words"),
    [
        ("8.8.8.8", "public"),
        ("203.0.113.10", "public"),
        ("2001:db8::1", "public"),
        ("2606:4700::1", "public"),
        ("10.1.2.3", "private"),
        ("172.31.0.1", "private"),
        ("192.168.1.1", "private"),
        ("100.64.1.1", "carrier"),
        ("169.254.1.1", "link-local"),
        ("127.0.0.1", "loopback"),
        ("::1", "loopback"),
        ("fd00::1", "private"),
        ("fe80::1", "link-local"),
        ("0.0.0.0", "private"),
        ("224.0.0.1", "private"),
    ],
)
def test_address_is_told_in_words(address: str, words: str) -> None:
    """Only what anyone can reach is public; manuals' addresses stand for such."""
    assert kind(address).startswith(words)
    assert is_public(address) is (words == "public")


async def test_name_without_an_address_says_what_to_do() -> None:
    """A missing record is named, with the record to add."""
    with pytest.raises(Amiss, match="no address") as amiss:
        await resolve("nothing.invalid")
    assert "A record" in amiss.value.fix
