"""What pages told of their media, in words for whoever looks into a call afterwards."""

from collections.abc import Mapping

from app.domain.quality import Cause, Path, Step, Transport
from app.web.i18n import gettext as _


Data = Mapping[str, str | int | float | bool | None]


def way(data: Data) -> str:
    """The way that media took; empty where a fact has none."""
    protocol = str(data.get("protocol", "")).upper()
    if data.get("path") == Path.DIRECT:
        return _("directly, over %(protocol)s") % {"protocol": protocol}
    if data.get("path") == Path.RELAY and data.get("protocol") in list(Transport):
        return _("through a relay, over %(protocol)s") % {"protocol": protocol}
    return ""


def step(data: Data) -> str:
    """What brought media back."""
    steps: dict[str, str] = {
        Step.SELF: _("It came back by itself"),
        Step.RESTART: _("A new search for a path brought it back"),
        Step.RELAY: _("Going through the relay alone brought it back"),
        Step.REBUILD: _("A connection made anew brought it back"),
        Step.AUDIO: _("Leaving out pictures brought it back"),
    }
    return steps.get(str(data.get("step")), "")


def trouble(data: Data) -> tuple[str, str]:
    """What was wrong at `name`'s side, and what there is to do about it.

    A cause that this version does not know stands as it is.
    """
    cause = str(data.get("cause", ""))
    known: dict[str, tuple[str, str]] = {
        **_of_networks(),
        **_of_devices(),
        **_of_calls(),
    }
    return known.get(cause, (cause, ""))


def _of_networks() -> dict[str, tuple[str, str]]:
    return {
        Cause.UDP_BLOCKED: (
            _("The network of %(name)s blocked UDP."),
            _(
                "Between their device and the relay. To open there: UDP to port 3478 "
                "of the relay."
            ),
        ),
        Cause.ONLY_443: (
            _("The network of %(name)s let only port 443 through."),
            _(
                "Between their device and the relay. To open there: UDP and TCP to "
                "port 3478 of the relay."
            ),
        ),
        Cause.RELAY_UNREACHABLE: (
            _("%(name)s did not reach the relay on any port."),
            _(
                "Either their network blocks it, or the relay is away. To open there: "
                "UDP and TCP to port 3478 of the relay, or TCP to 443."
            ),
        ),
        Cause.RELAY_REFUSED: (
            _("The relay refused %(name)s."),
            _(
                "The relay was reached, but did not accept the credentials or had no "
                "room. Compare its secret and clock with the service's; see its log."
            ),
        ),
        Cause.NAME_NOT_FOUND: (
            _("The network of %(name)s did not find the relay's name."),
            _("Their DNS did not answer, or the name is not in the public DNS."),
        ),
        Cause.NO_PATH: (
            _("No way from %(name)s to the other side was found."),
            _(
                "Both reached what they asked, but not each other. Look whether the "
                "relay may send to itself and to the other network."
            ),
        ),
        Cause.OFFLINE: (_("The device of %(name)s was offline."), ""),
    }


def _of_devices() -> dict[str, tuple[str, str]]:
    held = _("Another program may have held it, or the system switched it off.")
    return {
        Cause.MICROPHONE_SILENT: (_("The microphone of %(name)s was silent."), held),
        Cause.CAMERA_STOPPED: (_("The camera of %(name)s stopped."), held),
        Cause.CAMERA_DARK: (
            _("The picture of %(name)s was black."),
            _("There may have been a cover on the camera."),
        ),
        Cause.SLOW_DEVICE: (
            _("The device of %(name)s was too busy for good pictures."),
            "",
        ),
    }


def _of_calls() -> dict[str, tuple[str, str]]:
    sent = _("The other side sent it, or said so. Connecting anew is tried by itself.")
    return {
        Cause.OVER: (_("At %(name)s's side all was well again."), ""),
        Cause.NO_SOUND_ARRIVES: (_("No sound came to %(name)s."), sent),
        Cause.NO_PICTURE_ARRIVES: (_("No picture came to %(name)s."), sent),
        Cause.SLOW_NETWORK: (
            _("The network of %(name)s was too slow for pictures."),
            _("Sound needs about 40 kbit/s, a picture 300 and more, each way."),
        ),
        Cause.HIGH_DELAY: (
            _("The network of %(name)s was slow to answer."),
            _("From 300 ms on, people talk into each other's words."),
        ),
        Cause.HIGH_LOSS: (
            _("The network of %(name)s lost much of what was sent."),
            _("Often a weak Wi-Fi, or a line that is full."),
        ),
    }
