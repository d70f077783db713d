"""The customer directory: list, search, add."""

from typing import Any
from urllib.parse import urlencode

from quart import (
    Blueprint,
    Response,
    abort,
    jsonify,
    redirect,
    render_template,
    request,
)
from quart.typing import ResponseReturnValue

from app.adapters.sql.records import Records
from app.domain.ids import CustomerId
from app.domain.records import CursorError, Customer, Taken
from app.web import forms
from app.web.auth import current_agent
from app.web.errors import error_json
from app.web.i18n import gettext as _


PER_PAGE = 50


def blueprint(records: Records, country: str) -> Blueprint:
    """The directory's page, and what the new-room page asks of it."""
    routes = Blueprint("customers", __name__, url_prefix="/customers")

    @routes.get("")
    async def page() -> str:
        return await _page(records, {}, {})

    @routes.post("")
    async def add() -> ResponseReturnValue:
        values = dict((await request.form).items())
        added = await _add(records, values, country)
        if isinstance(added, dict):
            return await _page(records, values, added), 422
        return redirect(f"/customers?added={added.id}", 303)

    @routes.get("/search")
    async def search() -> Response:
        found = await records.customers.search(request.args.get("q", "")[:120])
        return jsonify([_json(customer) for customer in found])

    return routes


def json_blueprint(records: Records, country: str) -> Blueprint:
    """`/customers.json`: add one without leaving the page."""
    routes = Blueprint("customers_json", __name__)

    @routes.post("/customers.json")
    async def add() -> ResponseReturnValue:
        values = await _read_json()
        texts = {name: str(value or "") for name, value in values.items()}
        added = await _add(records, texts, country)
        if isinstance(added, dict):
            text = _("Please correct the marked fields.")
            return error_json(422, text, "invalid", added)
        return jsonify(_json(added)), 201

    return routes


async def _read_json() -> dict[str, Any]:
    try:
        values = await request.get_json(silent=True)
    except (UnicodeDecodeError, RecursionError):  # These are not silenced.
        abort(400)
    if not isinstance(values, dict):
        abort(400)
    return values


async def _add(
    records: Records, values: dict[str, str], country: str
) -> Customer | forms.Errors:
    form = forms.customer(values, country)
    if isinstance(form, dict):
        return form
    try:
        return await records.customers.add(
            form.name, form.phone, form.email, form.reference, form.notes
        )
    except Taken as taken:
        return {taken.field: _("Another customer has this already.")}


async def _page(records: Records, values: dict[str, str], errors: forms.Errors) -> str:
    q = request.args.get("q", "")[:120]
    try:
        found = await records.customers.list(q, request.args.get("after"), PER_PAGE)
    except CursorError:
        abort(404)
    added = request.args.get("added")
    return await render_template(
        "customers.html",
        agent=current_agent(),
        customers=found.items,
        q=q,
        more=_more(q, found.next_cursor),
        added=await records.customers.read(CustomerId(added)) if added else None,
        values=values,
        errors=errors,
    )


def _more(q: str, cursor: str | None) -> str:
    if not cursor:
        return ""
    return "/customers?" + urlencode({"q": q, "after": cursor})


def _json(customer: Customer) -> dict[str, Any]:
    return {
        "id": customer.id,
        "name": customer.name,
        "phone": customer.phone,
        "email": customer.email,
        "reference": customer.reference,
    }
