"""What is done to a call so that something is wrong with it, and undone afterwards."""

import os
import signal
from collections.abc import Iterator
from contextlib import AbstractContextManager, ExitStack, contextmanager
from pathlib import Path

from playwright.sync_api import Browser

from tests.network.lab.internet import address
from tests.network.lab.laboratory import Lab
from tests.network.lab.names import Known
from tests.network.lab.poor_line import Line
from tests.network.lab.servers import HOSTS, SECRET, TURN, Host


NOWHERE = address(126)
"""An address of the laboratory's internet that nobody has."""
SIDE = "customer"
"""Whoever has it; the other is well, unless both share it."""

RTP = "@th,64,8 128-191 @th,72,8"
"""The second byte of RTP, which is the payload type and before it the marker bit, or
the type of RTCP (RFC 3550, sections 5.1 and 6.4)."""
SOUND, PICTURE = f"{RTP} {{ 111, 239 }}", f"{RTP} != {{ 111, 239, 200-207 }}"
"""Opus, as Chromium numbers it, and what is neither Opus nor RTCP."""


Ill = AbstractContextManager[None]


@contextmanager
def relay_without_ports(lab: Lab) -> Iterator[None]:
    """Both reach the relay, but a firewall is before the ports that it gives them."""
    place = lab.servers.hosts[0].place
    place.nft(
        """
        table inet ill {
          chain input {
            type filter hook input priority 0
            udp dport 49152-65535 drop
          }
        }
        """
    )
    try:
        yield
    finally:
        place.nft("delete table inet ill")


@contextmanager
def names(lab: Lab, changed: Known) -> Iterator[None]:
    """The customer's name server has other addresses for some, and none for others."""
    known = lab.servers.names()
    told = {name: changed.get(name, where) for name, where in known.items()}
    lab.router(SIDE).know({name: where for name, where in told.items() if where})
    try:
        yield
    finally:
        lab.router(SIDE).know(known)


def relay_out_of_reach(lab: Lab) -> Ill:
    """Nothing of what is sent to the relay arrives."""
    return names(lab, {name: [NOWHERE] for name in TURN})


def relay_without_name(lab: Lab) -> Ill:
    """The network's name server does not know the relay."""
    return names(lab, {name: [] for name in TURN})


@contextmanager
def relay_that_refuses(lab: Lab) -> Iterator[None]:
    """The customer comes to a relay that has another secret, and to no other."""
    second = lab.servers.hosts[1]
    with ExitStack() as stack:
        stack.enter_context(another_secret(second))
        stack.enter_context(names(lab, {TURN[0]: [second.address]}))
        lab.block(SIDE, f"ip daddr {address(HOSTS[0])} udp dport 1024-65535 drop")
        yield


@contextmanager
def another_secret(host: Host) -> Iterator[None]:
    """A relay whose secret is not that of the service."""
    host.configure(coturn_secret="that of another service")
    host.coturn.restart()
    try:
        yield
    finally:
        host.configure(coturn_secret=SECRET)
        host.coturn.restart()


@contextmanager
def no_network(lab: Lab) -> Iterator[None]:
    """The cable is out, or the Wi-Fi is off."""
    client = lab.lan(SIDE)
    client.place.ip(f"link set {client.device} down")
    try:
        yield
    finally:
        client.place.ip(
            f"link set {client.device} up",
            f"route replace default via {client.router.lan(1)}",
        )


@contextmanager
def without(lab: Lab, media: str) -> Iterator[None]:
    """A firewall lets everything through to the customer but one kind of media."""
    lab.block(SIDE, f'iifname "pub" meta l4proto udp {media} drop')
    yield


def without_sound(lab: Lab) -> Ill:
    """No sound comes to the customer."""
    return without(lab, SOUND)


def without_picture(lab: Lab) -> Ill:
    """No picture comes to the customer."""
    return without(lab, PICTURE)


@contextmanager
def line(lab: Lab, up: Line, down: Line | None = None) -> Iterator[None]:
    """The customer's line is poor."""
    with lab.poor(SIDE) as made:
        made.become(up, down)
        yield


@contextmanager
def frozen(browser: Browser, service: str) -> Iterator[None]:
    """A device gives nothing any more: the process that reads it stands still."""
    (pid,) = _processes(browser, service)
    os.kill(pid, signal.SIGSTOP)
    try:
        yield
    finally:
        os.kill(pid, signal.SIGCONT)


def _processes(browser: Browser, service: str) -> Iterator[int]:
    session = browser.new_browser_cdp_session()
    for one in session.send("SystemInfo.getProcessInfo")["processInfo"]:
        command = Path(f"/proc/{one['id']}/cmdline").read_text()
        if service in command:
            yield int(one["id"])
    session.detach()
