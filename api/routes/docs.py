"""The documentation as one plain page, made from ``/openapi.json``: no script, nothing fetched elsewhere."""

from __future__ import annotations

import json
from collections.abc import Iterator
from html import escape
from typing import Any

from fastapi import APIRouter, Request
from starlette.responses import HTMLResponse

from api.edge import DOCS_POLICY

router = APIRouter(include_in_schema=False)

_STYLE = """
:root { color-scheme: light dark } body { font: 1rem/1.5 system-ui, sans-serif; max-width: 70rem;
margin: 0 auto; padding: 1rem } pre { overflow-x: auto; padding: .75rem; border: 1px solid }
code, pre { font-size: .9rem } .verb { font-weight: bold } article { border-top: 1px solid; padding: .5rem 0 }
"""


@router.get("/docs")
async def docs(request: Request) -> HTMLResponse:
    page = _page(request.app.openapi(), str(request.base_url).rstrip("/"))
    return HTMLResponse(page, headers={"Content-Security-Policy": DOCS_POLICY})


def _page(contract: dict[str, Any], base: str) -> str:
    info, schemas = contract["info"], contract["components"]["schemas"]
    tags = contract["tags"]
    links = "".join(f'<li><a href="#{escape(_anchor(t))}">{escape(t["name"])}</a></li>' for t in tags)
    sections = "".join(_section(tag, contract["paths"], schemas, base) for tag in tags)
    return (
        '<!doctype html><html lang="fr"><head><meta charset="utf-8">'
        '<meta name="viewport" content="width=device-width, initial-scale=1">'
        f"<title>API {escape(info['title'])}</title><style>{_STYLE}</style></head><body>"
        f"<header><h1>API {escape(info['title'])} {escape(info['version'])}</h1>{_about(info['description'])}"
        '<p>Le contrat complet : <a href="/openapi.json">openapi.json</a>. '
        'Les codes de refus : <a href="/v1/problems">/v1/problems</a>.</p></header>'
        f'<nav aria-label="Chapitres"><ul>{links}</ul></nav><main>{sections}</main></body></html>'
    )


def _about(text: str) -> str:
    return f"<pre>{escape(text)}</pre>"


def _anchor(tag: dict[str, Any]) -> str:
    return "".join(sign if sign.isalnum() else "-" for sign in tag["name"])


def _section(tag: dict[str, Any], paths: dict[str, Any], schemas: dict[str, Any], base: str) -> str:
    found = "".join(
        _operation(method, path, operation, schemas, base)
        for path, methods in paths.items()
        for method, operation in methods.items()
        if tag["name"] in operation.get("tags", ())
    )
    return (
        f'<section><h2 id="{escape(_anchor(tag))}">{escape(tag["name"])}</h2>'
        f"<p>{escape(tag['description'])}</p>{found}</section>"
    )


def _operation(method: str, path: str, operation: dict[str, Any], schemas: dict[str, Any], base: str) -> str:
    refusals = "".join(
        f"<li><strong>{escape(status)}</strong> {escape(answer['description'])}</li>"
        for status, answer in sorted(operation["responses"].items())
    )
    roles = operation.get("x-roles")
    who = f"<p>Rôles : {escape(', '.join(roles))}.</p>" if roles else ""
    return (
        f'<article><h3><span class="verb">{method.upper()}</span> <code>{escape(path)}</code></h3>'
        f"<p>{escape(operation.get('summary', ''))}</p>{who}"
        f"<pre><code>{escape(_curl(method, path, operation, schemas, base))}</code></pre>"
        f"<details><summary>Réponses</summary><ul>{refusals}</ul></details></article>"
    )


def _curl(method: str, path: str, operation: dict[str, Any], schemas: dict[str, Any], base: str) -> str:
    return " \\\n  ".join(_curl_parts(method, path, operation, schemas, base))


def _curl_parts(
    method: str, path: str, operation: dict[str, Any], schemas: dict[str, Any], base: str
) -> Iterator[str]:
    verb = "" if method == "get" else f" -X {method.upper()}"
    yield f"curl{verb} '{base}{path}'"
    if operation.get("security"):
        yield '-H "Authorization: Bearer $TOKEN"'
    for parameter in operation.get("parameters", ()):
        if parameter["in"] == "header" and parameter.get("required"):
            yield f"-H '{parameter['name']}: {parameter['schema']['examples'][0]}'"
    if body := _example(operation, schemas):
        yield "-H 'Content-Type: application/json'"
        yield f"-d '{json.dumps(body, ensure_ascii=False, indent=1)}'"


def _example(operation: dict[str, Any], schemas: dict[str, Any]) -> Any:
    content = operation.get("requestBody", {}).get("content", {}).get("application/json", {})
    name = content.get("schema", {}).get("$ref", "").rpartition("/")[2]
    return next(iter(schemas.get(name, {}).get("examples", ())), None)
