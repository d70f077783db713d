"""The host the service runs on."""

import os
import shutil
from pathlib import Path

from sqlalchemy import make_url

from app.doctor.results import Finding, NotApplicable, fail, ok, warn
from app.doctor.target import Target
from app.settings import Settings


STATE = Path("/var/lib/deskside")
WARN_PERCENT, FAIL_PERCENT = 15.0, 5.0
GIB = 2**30

FREE = (
    "Make room: journalctl --vacuum-size=500M, apt-get clean, releases under "
    "/opt/deskside/releases that nobody needs. Then make the disk larger."
)


async def disk(target: Target) -> Finding:
    """There is room, in bytes and in files, wherever the service writes."""
    if target.settings is None:
        raise NotApplicable("only on the service's own host")
    places = {place.stat().st_dev: place for place in _places(target.settings)}
    place = min(places.values(), key=_free_percent)
    percent, free = _free_percent(place), shutil.disk_usage(place).free / GIB
    seen = f"{place} has {percent:.0f} % free ({free:.1f} GiB)"
    if percent < FAIL_PERCENT:
        return fail(seen, FREE, free_percent=percent)
    if percent < WARN_PERCENT:
        return warn(seen, FREE, free_percent=percent)
    return ok(seen, free_percent=percent)


def _places(settings: Settings) -> list[Path]:
    wanted = [Path("/"), Path("/var/log"), STATE]
    url = make_url(settings.database_url)
    if url.get_backend_name() == "sqlite" and url.database:
        wanted.append(Path(url.database).resolve().parent)
    return [place for place in wanted if place.is_dir()]


def _free_percent(place: Path) -> float:
    """What is left of bytes or of files, whichever is less."""
    found = os.statvfs(place)
    shares = [found.f_bavail / max(1, found.f_blocks)]
    if found.f_files:  # Some file systems count none.
        shares.append(found.f_favail / found.f_files)
    return 100.0 * min(shares)
