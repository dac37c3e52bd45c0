"""`fields=`: what was not asked for is absent, as on the platform."""

from collections.abc import Callable, Sequence
from typing import Any

from .errors import GraphError
from .platform import Comment, Platform, Post, iso

_COMMENT_DEFAULT = ("created_time", "from", "message", "id")
_POST_DEFAULT = ("created_time", "message", "id")
_DEEPEST = 10


def split(asked: str | None) -> list[str]:
    """The names at the top of `id,from{id,name},comments.limit(5){id}`: `id`, `from`, `comments`."""
    names, depth, name = [], 0, ""
    for sign in asked or "":
        if sign in "{(":
            depth += 1
        elif sign in "})":
            depth -= 1
        elif sign == "," and depth == 0:
            names.append(name)
            name = ""
        elif depth == 0:
            name += sign
        if not 0 <= depth <= _DEEPEST:
            break
    if depth:
        raise GraphError(2500, "Syntax error in field expression")
    return [one.strip().partition(".")[0] for one in [*names, name] if one.strip()]


def comment_fields(platform: Platform, comment: Comment, asked: str | None) -> dict[str, Any]:
    own = comment.author == platform.page
    children = len(platform.direct(comment.id))
    known: dict[str, Callable[[], Any]] = {
        "id": lambda: comment.id,
        "message": lambda: comment.message,
        "created_time": lambda: iso(comment.created),
        "from": lambda: {"name": comment.author.name, "id": comment.author.id} if comment.names_author else None,
        "parent": lambda: _parent(platform, comment),
        "object": lambda: {"id": comment.post_id},
        "permalink_url": lambda: platform.permalink(comment),
        "is_hidden": lambda: comment.hidden,
        "is_private": lambda: False,
        "can_hide": lambda: not own,
        "can_remove": lambda: True,
        "can_comment": lambda: True,
        "can_reply_privately": lambda: not own,
        "comment_count": lambda: children,
        "like_count": lambda: 0,
        "user_likes": lambda: False,
        "attachment": lambda: _attachment(comment),
    }
    return _chosen(known, split(asked) or _COMMENT_DEFAULT, "Comment")


def post_fields(platform: Platform, post: Post, asked: str | None) -> dict[str, Any]:
    known: dict[str, Callable[[], Any]] = {
        "id": lambda: post.id,
        "message": lambda: post.message,
        "created_time": lambda: iso(post.created),
        "updated_time": lambda: iso(max([post.created, *(child.created for child in platform.below(post.id))])),
        "from": lambda: {"name": post.author.name, "id": post.author.id},
        "permalink_url": lambda: platform.permalink(post),
        "status_type": lambda: "mobile_status_update",
        "is_published": lambda: True,
        "is_hidden": lambda: False,
    }
    return _chosen(known, split(asked) or _POST_DEFAULT, "Post")


def page_fields(platform: Platform, asked: str | None) -> dict[str, Any]:
    known: dict[str, Callable[[], Any]] = {
        "id": lambda: platform.page.id,
        "name": lambda: platform.page.name,
        "link": lambda: f"{platform.base}/",
        "username": lambda: platform.page.name.replace(" ", ""),
        "category": lambda: "Government organization",
        "followers_count": lambda: 1204,
        "fan_count": lambda: 1187,
    }
    return _chosen(known, split(asked) or ("name", "id"), "Page")


def _parent(platform: Platform, comment: Comment) -> dict[str, Any] | None:
    """Only a reply has a parent; a comment directly under a post has none."""
    parent = platform.comments.get(comment.parent_id)
    return None if parent is None else comment_fields(platform, parent, "created_time,from,message,id")


def _attachment(comment: Comment) -> dict[str, Any] | None:
    if comment.photo is None:
        return None
    image = {"height": 1, "src": comment.photo, "width": 1}
    return {"media": {"image": image}, "target": {"id": comment.number, "url": comment.photo}, "type": "photo"}


def _chosen(known: dict[str, Callable[[], Any]], names: Sequence[str], kind: str) -> dict[str, Any]:
    for name in names:
        if name not in known:
            raise GraphError(100, f"(#100) Tried accessing nonexisting field ({name}) on node type ({kind})")
    told = {name: known[name]() for name in [*names, "id"]}
    return {name: value for name, value in told.items() if value is not None}
