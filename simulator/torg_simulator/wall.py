"""The website: the page's wall, where the visitor is the citizen, and a permalink for every thread."""

import base64
from collections.abc import Sequence
from datetime import datetime
from typing import Any
from urllib.parse import parse_qsl
from zoneinfo import ZoneInfo

from jinja2 import Environment, PackageLoader
from starlette.requests import Request
from starlette.responses import RedirectResponse, Response

from .deliveries import Deliveries
from .platform import LONGEST_COMMENT, Comment, Gone, Platform, Post, iso, person

_OSLO = ZoneInfo("Europe/Oslo")
_LARGEST_FORM = 256 * 1024
_LONGEST_NAME = 100
_NEWEST_POSTS = 30
_PICTURE = base64.b64decode(
    "iVBORw0KGgoAAAANSUhEUgAAAAEAAAABCAYAAAAfFcSJAAAADUlEQVR42mNkaPj/HwAFBQIB4KQm+wAAAABJRU5ErkJggg=="
)
_HEADERS = {
    "content-security-policy": "default-src 'none'; style-src 'self'; img-src 'self'; form-action 'self'; "
    "frame-ancestors 'none'; base-uri 'none'",
    "referrer-policy": "no-referrer",
    "x-content-type-options": "nosniff",
}


class Wall:
    def __init__(self, platform: Platform, deliveries: Deliveries) -> None:
        self._platform = platform
        self._deliveries = deliveries
        self._pages = Environment(
            loader=PackageLoader("torg_simulator"), autoescape=True, trim_blocks=True, lstrip_blocks=True
        )

    async def wall(self, _request: Request) -> Response:
        self._platform.newest_post()
        newest = [post for post in reversed(self._platform.posts.values()) if not post.removed][:_NEWEST_POSTS]
        return self._page("wall.html", posts=[self._post(post) for post in newest])

    async def permalink(self, request: Request) -> Response:
        number = request.path_params["number"]
        marked = request.query_params.get("reply_comment_id") or request.query_params.get("comment_id")
        try:
            if request.path_params["page"] != self._platform.page.id:
                raise Gone(number)
            post = self._platform.post(f"{self._platform.page.id}_{number}")
            if marked:
                self._platform.comment(f"{number}_{marked}")
        except Gone:
            return self._page("gone.html", status=404)
        return self._page("thread.html", post=self._post(post, marked))

    async def comment(self, request: Request) -> Response:
        form = await _form(request)
        name, message = form.get("name", "").strip()[:_LONGEST_NAME], form.get("message", "").strip()
        if not name or not 0 < len(message) <= LONGEST_COMMENT or name == self._platform.page.name:
            return self._page("refused.html", status=422)
        try:
            made, change = self._platform.write_comment(form.get("parent", ""), message, person(name), "citizen")
        except Gone:
            return self._page("gone.html", status=404)
        self._deliveries.tell(change)
        return _see(made, self._platform)

    async def edit(self, request: Request) -> Response:
        form = await _form(request)
        message = form.get("message", "").strip()
        if not 0 < len(message) <= LONGEST_COMMENT:
            return self._page("refused.html", status=422)
        try:
            self._citizens(form.get("id", ""))
            changed, change = self._platform.edit(form["id"], message)
        except Gone:
            return self._page("gone.html", status=404)
        self._deliveries.tell(change)
        return _see(changed, self._platform)

    async def remove(self, request: Request) -> Response:
        form = await _form(request)
        try:
            self._citizens(form.get("id", ""))
            _, change = self._platform.remove(form["id"])
        except Gone:
            return self._page("gone.html", status=404)
        self._deliveries.tell(change)
        return RedirectResponse("/", status_code=303)

    async def style(self, _request: Request) -> Response:
        source, *_ = self._pages.loader.get_source(self._pages, "style.css")  # type: ignore[union-attr]
        return Response(source, media_type="text/css", headers=_HEADERS)

    async def photo(self, _request: Request) -> Response:
        return Response(_PICTURE, media_type="image/png", headers=_HEADERS)

    def _citizens(self, comment_id: str) -> None:
        if self._platform.comment(comment_id).author == self._platform.page:
            raise Gone(comment_id)

    def _post(self, post: Post, marked: str | None = None) -> dict[str, Any]:
        return {
            **self._common(post),
            "below": self._thread(self._platform.direct(post.id), marked),
            "count": sum(1 for _ in self._platform.below(post.id)),
            "named": True,
        }

    def _thread(self, comments: Sequence[Comment], marked: str | None) -> list[dict[str, Any]]:
        return [
            {
                **self._common(comment),
                "named": comment.names_author,
                "edited": bool(comment.edits),
                "hidden": comment.hidden,
                "photo": comment.photo and f"/photos/{comment.number}.png",
                "marked": comment.number == marked,
                "below": self._thread(self._platform.direct(comment.id), marked),
            }
            for comment in comments
        ]

    def _common(self, thing: Post | Comment) -> dict[str, Any]:
        when = datetime.fromtimestamp(thing.created, _OSLO)
        return {
            "id": thing.id,
            "number": thing.number,
            "author": thing.author,
            "message": thing.message,
            "iso": iso(thing.created),
            "when": when.strftime("%d.%m.%Y %H:%M"),
            "link": self._platform.permalink(thing).removeprefix(self._platform.base),
        }

    def _page(self, template: str, status: int = 200, **shown: Any) -> Response:
        page = self._pages.get_template(template).render(page=self._platform.page, **shown)
        return Response(page, status_code=status, media_type="text/html", headers=_HEADERS)


def _see(comment: Comment, platform: Platform) -> Response:
    link = platform.permalink(comment).removeprefix(platform.base)
    return RedirectResponse(f"{link}#c{comment.number}", status_code=303)


async def _form(request: Request) -> dict[str, str]:
    body = b""
    async for chunk in request.stream():
        body += chunk
        if len(body) > _LARGEST_FORM:
            return {}
    try:
        return dict(parse_qsl(body.decode("utf-8"), keep_blank_values=True, max_num_fields=20))
    except ValueError:
        return {}
