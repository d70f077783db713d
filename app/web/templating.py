"""What every template can use besides its own page's values."""

from datetime import UTC, datetime
from inspect import iscoroutinefunction
from typing import Any
from urllib.parse import urlencode

from babel.dates import format_datetime
from jinja2.utils import htmlsafe_json_dumps
from markupsafe import Markup
from quart import Quart, request

from app.web import i18n
from app.web.brand import Brand
from app.web.i18n import Languages
from app.web.static import StaticFiles


def install(app: Quart, files: StaticFiles, languages: Languages, brand: Brand) -> None:
    """Give the templates `_`, `static`, `page_script`, `when`, `brand`, `language`."""
    jinja = app.jinja_env
    jinja.add_extension("jinja2.ext.i18n")
    jinja.install_gettext_callables(  # type: ignore[attr-defined]
        i18n.gettext, i18n.ngettext, newstyle=True
    )
    jinja.trim_blocks = jinja.lstrip_blocks = True
    jinja.filters["when"] = when

    def page_script(path: str) -> Markup:
        return _page_script(path, files, languages)

    @app.context_processor
    async def helpers() -> dict[str, Any]:
        return {
            "brand": brand,
            "language": i18n.current(),
            "languages": languages.offered,
            "page_script": page_script,
            "in_language": in_language,
            "static": files.url,
        }


def run_in_the_loop(app: Quart) -> None:
    """Drop what comes from Flask with every blueprint, and Quart runs in a thread.

    It gives nothing to templates here, and pages would wait while all threads are busy.
    Call it when the blueprints are there.
    """
    for processors in app.template_context_processors.values():
        processors[:] = filter(iscoroutinefunction, processors)


def in_language(tag: str) -> str:
    """The query that shows this page in another language, the rest as it is."""
    return "?" + urlencode({**request.args, "lang": tag})


def when(at: datetime, shape: str = "datetime") -> Markup:
    """A time for lib/time.js to write in the reader's zone; in UTC until it has.

    `shape` is one of its shapes: time, seconds, date, datetime, or since.
    """
    machine = at.astimezone(UTC).isoformat(timespec="milliseconds")
    text = format_datetime(at, "medium", tzinfo=UTC, locale=i18n.current().locale)
    tag = Markup('<time datetime="{}" data-shape="{}">{} UTC</time>')
    return tag.format(machine, shape, text)


def _page_script(path: str, files: StaticFiles, languages: Languages) -> Markup:
    """The tags that run a page's module: its texts, its whole graph at once, itself."""
    language = i18n.current()
    modules = files.modules(path)
    scripts = [module.removeprefix("app/static/") for module in modules]
    texts = languages.for_scripts(language, scripts)
    data = htmlsafe_json_dumps({"locale": language.formats, "texts": texts})
    block = Markup('<script type="application/json" id="texts">{}</script>')
    preload = Markup('<link rel="modulepreload" href="{}">')
    module = Markup('<script type="module" src="{}"></script>')
    tags = [block.format(data)]
    tags += [preload.format(files.url(needed)) for needed in modules[1:]]
    return Markup("\n").join([*tags, module.format(files.url(path))])
