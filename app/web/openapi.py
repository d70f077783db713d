"""The OpenAPI document: the REST API only, from its msgspec structs."""

from collections.abc import Callable, Iterable
from typing import Any, TypeVar

import msgspec
import quart_schema
from quart import Quart
from quart_schema.openapi import HttpSecurityScheme, OpenAPIProvider
from quart_schema.validation import DataSource
from werkzeug.routing.rules import Rule

from app.web.api_models import Error


View = TypeVar("View", bound=Callable[..., Any])
Schema = dict[str, Any]

REFERENCE = "#/components/schemas/{name}"
WORDS = {
    401: "No key, or one that is not good.",
    403: "The service does not allow it.",
    404: "There is no such thing, or it is not this key's to see.",
    409: "It contradicts what is there.",
    410: "It was there, and is over.",
    422: "A field is wrong; `fields` says which and why.",
    503: "Try again in a moment.",
}


def install(app: Quart, version: str) -> None:
    """Serve `/openapi.json`. No interactive pages: theirs would load from elsewhere."""
    quart_schema.QuartSchema(
        app,
        openapi_path="/openapi.json",
        swagger_ui_path=None,
        redoc_ui_path=None,
        scalar_ui_path=None,
        info=quart_schema.Info(title="Deskside", version=version),
        security_schemes={"key": HttpSecurityScheme(scheme="bearer")},
        security=[{"key": []}],
        conversion_preference="msgspec",
        openapi_provider_class=ApiProvider,
    )


def documented(
    *,
    takes: type | None = None,
    query: type | None = None,
    headers: type | None = None,
    gives: type | None = None,
    status: int = 200,
    errors: Iterable[int] = (401,),
) -> Callable[[View], View]:
    """Say what a view takes and gives."""

    def decorate(view: View) -> View:
        responses: dict[int, Any] = dict.fromkeys(errors, (Error, None))
        if gives is not None:
            responses[status] = (gives, None)
        document = quart_schema.document(
            querystring=query, request=takes, headers=headers, responses=responses
        )
        documented_view: View = document(view)
        return documented_view

    return decorate


class ApiProvider(OpenAPIProvider):
    """Documents `/api` and nothing else.

    Quart-Schema keeps one schema of a struct and drops those nested in it, so the
    bodies are built here.
    """

    def generate_rules(self) -> Iterable[Rule]:
        """Return the rules of the API."""
        return (r for r in self._app.url_map.iter_rules() if r.rule.startswith("/api/"))

    def build_request_body(
        self, model: Any, source: DataSource
    ) -> tuple[Schema, Schema]:
        """Return a JSON body and the schemas it refers to."""
        schema, components = _schema(model)
        return {"required": True, **_json(schema)}, components

    def build_response_object(
        self, model: Any, headers_model: Any
    ) -> tuple[Schema, Schema]:
        """Return a JSON answer and the schemas it refers to."""
        schema, components = _schema(model)
        return {"description": model.__doc__, **_json(schema)}, components

    def build_querystring_parameters(self, model: Any) -> tuple[list[Schema], Schema]:
        """Return a query's parameters and the schemas they refer to."""
        return _parameters(model, "query")

    def build_headers_parameters(self, model: Any) -> tuple[list[Schema], Schema]:
        """Return headers as parameters."""
        return _parameters(model, "header")

    def build_paths(self, rule: Rule) -> tuple[Schema, Schema]:
        """Return the paths of a rule, its errors in words."""
        paths, components = super().build_paths(rule)
        for operations in paths.values():
            for operation in operations.values():
                responses = operation["responses"]
                for status in set(responses) & set(WORDS):
                    responses[status]["description"] = WORDS[status]
        return paths, components


def _schema(model: Any) -> tuple[Schema, Schema]:
    (schema,), components = msgspec.json.schema_components(
        [model], ref_template=REFERENCE
    )
    return schema, components


def _json(schema: Schema) -> Schema:
    return {"content": {"application/json": {"schema": schema}}}


def _parameters(model: Any, where: str) -> tuple[list[Schema], Schema]:
    _reference, components = _schema(model)
    parameters = []
    for name, schema in components.pop(model.__name__)["properties"].items():
        shown = name.replace("_", "-").title() if where == "header" else name
        parameter = {"name": shown, "in": where, "schema": schema}
        if "description" in schema:
            parameter["description"] = schema.pop("description")
        parameters.append(parameter)
    return parameters, components
