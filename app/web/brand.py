"""The deployment's own name, logo and accent colour."""

import colorsys
import hashlib
from dataclasses import dataclass
from pathlib import Path

from quart import Blueprint, Response, abort


WHITE, NIGHT = "#ffffff", "#1c2124"
MIDDLE = 0.18
"""The luminance above which a ground is light: black shows better on it than white."""

READABLE = 4.6
"""Contrast to reach; WCAG 2.2 asks for 4.5 and rounding may cost a little."""


@dataclass(frozen=True, slots=True)
class Brand:
    """What a deployment sets of the look; the built-in one where it sets nothing."""

    name: str
    accent: str | None = None
    logo: Path | None = None

    @property
    def version(self) -> str:
        """Changes with what is served, so that browsers may keep it."""
        parts = (self.accent or "").encode()
        parts += self.logo.read_bytes() if self.logo else b""
        return hashlib.sha256(parts).hexdigest()[:12]

    @property
    def css(self) -> str:
        """The accent for the light and the dark theme, each readable there."""
        if not self.accent:
            return ""
        light, dark = readable(self.accent, WHITE), readable(self.accent, NIGHT)
        return f":root {{ --accent-light: {light}; --accent-dark: {dark}; }}\n"


def readable(colour: str, ground: str) -> str:
    """The colour, darker or lighter until text in it can be read on the ground."""
    hue, lightness, saturation = colorsys.rgb_to_hls(*_rgb(colour))
    step = -1 if _luminance(ground) > MIDDLE else 1
    percent = round(lightness * 100)
    while contrast(colour, ground) < READABLE and 0 <= percent <= 100:
        percent += step
        colour = _hex(*colorsys.hls_to_rgb(hue, percent / 100, saturation))
    return colour


def contrast(one: str, other: str) -> float:
    """The contrast ratio of two colours, 1 to 21 (WCAG 2.2, "contrast ratio")."""
    lights = sorted((_luminance(one), _luminance(other)))
    return (lights[1] + 0.05) / (lights[0] + 0.05)


def _luminance(colour: str) -> float:
    """Relative luminance (WCAG 2.2)."""
    channels = [
        c / 12.92 if c <= 0.04045 else ((c + 0.055) / 1.055) ** 2.4
        for c in _rgb(colour)
    ]
    return 0.2126 * channels[0] + 0.7152 * channels[1] + 0.0722 * channels[2]


def _rgb(colour: str) -> tuple[float, float, float]:
    red, green, blue = (int(colour[i : i + 2], 16) / 255 for i in (1, 3, 5))
    return red, green, blue


def _hex(*channels: float) -> str:
    return "#" + "".join(f"{round(c * 255):02x}" for c in channels)


def blueprint(brand: Brand) -> Blueprint:
    """The style sheet with the accent, and the logo."""
    routes = Blueprint("brand", __name__, url_prefix="/brand/<version>")

    @routes.get("/brand.css")
    async def css(version: str) -> Response:
        return _kept(Response(brand.css, content_type="text/css; charset=utf-8"))

    @routes.get("/logo")
    async def logo(version: str) -> Response:
        if not brand.logo:
            abort(404)
        kind = "image/svg+xml" if brand.logo.suffix == ".svg" else "image/png"
        return _kept(Response(brand.logo.read_bytes(), content_type=kind))

    return routes


def _kept(response: Response) -> Response:
    response.headers["Cache-Control"] = "public, max-age=31536000, immutable"
    return response
