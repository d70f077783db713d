"""The words in which a page tells of its media: the way, what went wrong, how good."""

from enum import StrEnum


class Path(StrEnum):
    """The way that media takes."""

    DIRECT = "direct"
    RELAY = "relay"


class Transport(StrEnum):
    """What carries it; with a relay, from the page to the relay."""

    UDP = "udp"
    TCP = "tcp"
    TLS = "tls"


class Step(StrEnum):
    """What brought media back: the ladder's step, or nothing of ours."""

    SELF = "self"
    RESTART = "restart"
    RELAY = "relay"
    REBUILD = "rebuild"
    AUDIO = "audio"


class Level(StrEnum):
    """How good a call is, in a word."""

    GOOD = "good"
    FAIR = "fair"
    POOR = "poor"


class Cause(StrEnum):
    """What is wrong, as the page that suffers it found out."""

    OVER = ""
    UDP_BLOCKED = "udp_blocked"
    ONLY_443 = "only_443"
    RELAY_UNREACHABLE = "relay_unreachable"
    RELAY_REFUSED = "relay_refused"
    NAME_NOT_FOUND = "name_not_found"
    NO_PATH = "no_path"
    OFFLINE = "offline"
    MICROPHONE_SILENT = "microphone_silent"
    CAMERA_STOPPED = "camera_stopped"
    CAMERA_DARK = "camera_dark"
    NO_SOUND_ARRIVES = "no_sound_arrives"
    NO_PICTURE_ARRIVES = "no_picture_arrives"
    SLOW_NETWORK = "slow_network"
    HIGH_DELAY = "high_delay"
    HIGH_LOSS = "high_loss"
    SLOW_DEVICE = "slow_device"
