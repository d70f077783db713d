"""Files that Chromium takes for a microphone and a camera."""

import math
import struct
import wave
from collections.abc import Iterator
from pathlib import Path


RATE = 48_000
LOUD = 8_000
"""Of 32,767."""
TONE = 440
BLACK, WHITE = 16, 235
"""Of a picture's brightness."""
FRAMES_A_SECOND = 15


def dead(folder: Path) -> list[str]:
    """Flags for a microphone that is silent, and a camera that sees nothing."""
    pictures = iter([bytes([BLACK]) * 640 * 480] * FRAMES_A_SECOND)
    return _flags(folder, bytes(2 * RATE), (640, 480), pictures)


def small(folder: Path) -> list[str]:
    """Flags for a steady tone and a small moving picture: the cheapest that are alive.

    What such a call costs two browsers leaves a machine time for the call itself.
    """
    samples = (LOUD * math.sin(2 * math.pi * TONE * n / RATE) for n in range(RATE))
    sound = struct.pack(f"<{RATE}h", *map(round, samples))
    return _flags(folder, sound, (320, 240), _stripes(320, 240))


def _stripes(width: int, height: int) -> Iterator[bytes]:
    """From dark to light, a little further in each picture of a second."""
    for number in range(FRAMES_A_SECOND):
        start = number * width // FRAMES_A_SECOND
        shades = ((x + start) % width / width for x in range(width))
        row = bytes(BLACK + round(shade * (WHITE - BLACK)) for shade in shades)
        yield row * height


def _flags(
    folder: Path, sound: bytes, size: tuple[int, int], pictures: Iterator[bytes]
) -> list[str]:
    """Write a second of each, which is repeated, and say where it is."""
    microphone, camera = folder / "microphone.wav", folder / "camera.y4m"
    with wave.open(str(microphone), "wb") as file:
        file.setnchannels(1)
        file.setsampwidth(2)
        file.setframerate(RATE)
        file.writeframes(sound)
    width, height = size
    colour = bytes([128]) * (width * height // 2)
    header = f"YUV4MPEG2 W{width} H{height} F{FRAMES_A_SECOND}:1 Ip A1:1 C420mpeg2\n"
    frames = (b"FRAME\n" + picture + colour for picture in pictures)
    camera.write_bytes(header.encode() + b"".join(frames))
    return [
        f"--use-file-for-fake-audio-capture={microphone}",
        f"--use-file-for-fake-video-capture={camera}",
    ]
