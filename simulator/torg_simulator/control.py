"""The control face: what scripts do as a citizen or as fate. Loopback only; no service ever calls it."""

from collections.abc import Sequence
from typing import Annotated, Any, Literal

from fastapi import APIRouter, HTTPException, Query
from pydantic import Field

from .behaviour import Behaviour, Fault, Operation, Strict
from .deliveries import Attempt, Deliveries, Delivery
from .payloads import Signature, encode
from .platform import LONGEST_COMMENT, Change, Comment, Person, Platform, Post, iso, person
from .world import World

Text = Annotated[str, Field(max_length=LONGEST_COMMENT)]
Name = Annotated[str, Field(min_length=1, max_length=10_000)]


class WritePost(Strict):
    message: Annotated[str, Field(max_length=63_206)]
    name: Name | None = None
    author_id: str | None = None


class WriteComment(Strict):
    message: Text = ""
    parent: str | None = None
    name: Name = "Kari Nordmann"
    author_id: str | None = None
    as_page: bool = False
    without_from: bool = False
    photo: bool = False
    old_shape: bool = False


class WriteMany(Strict):
    count: Annotated[int, Field(ge=1, le=100_000)]
    parent: str | None = None
    message: Text = "Melding {n}"
    name: Name = "Innbygger {n}"
    batch: Annotated[int, Field(ge=1, le=1000)] = 1


class Edit(Strict):
    message: Text


class Release(Strict):
    batch: Annotated[int, Field(ge=1, le=1000)] = 1
    order: Literal["fifo", "reversed", "shuffled"] = "fifo"
    times: Annotated[int, Field(ge=1, le=100)] = 1
    limit: Annotated[int, Field(ge=1)] | None = None
    keep_holding: bool = False


class Times(Strict):
    times: Annotated[int, Field(ge=1, le=1000)] = 1


class ByHand(Strict):
    body: Annotated[Any, Field(alias="json")] = None
    raw: str | None = None
    signature: Signature = "right"
    times: Annotated[int, Field(ge=1, le=1000)] = 1
    headers: dict[str, str] = Field(default_factory=dict)


class Subscribe(Strict):
    url: str | None = None


class Forward(Strict):
    forward_s: float


def control(world: World) -> APIRouter:  # noqa: PLR0915 - one route after another
    router = APIRouter(prefix="/_sim")
    platform, deliveries, graph = world.platform, world.deliveries, world.graph

    @router.post("/posts", status_code=201)
    async def write_post(body: WritePost) -> Any:
        author = person(body.name, body.author_id) if body.name else None
        post, change = platform.write_post(body.message, author)
        deliveries.tell(change)
        return {"id": post.id, "permalink": platform.permalink(post), "created_time": iso(post.created)}

    @router.get("/posts")
    async def posts() -> Any:
        return {"data": [_post(platform, post) for post in platform.posts.values() if not post.removed]}

    @router.post("/comments", status_code=201)
    async def write_comment(body: WriteComment) -> Any:
        author = platform.page if body.as_page else person(body.name, body.author_id)
        made, change = platform.write_comment(
            _parent(platform, body.parent),
            body.message,
            author,
            "app" if body.as_page else "citizen",
            names_author=not body.without_from,
            photo=body.photo,
            old_shape=body.old_shape,
        )
        deliveries.tell(change)
        return _comment(platform, made)

    @router.post("/comments/bulk", status_code=201)
    async def write_many(body: WriteMany) -> Any:
        parent = _parent(platform, body.parent)
        ids, changes = [], []
        for n in range(1, body.count + 1):
            name, message = (text.replace("{n}", str(n)) for text in (body.name, body.message))
            made, change = platform.write_comment(parent, message, person(name), "citizen")
            ids.append(made.id)
            changes.append(change)
        deliveries.tell_in_batches(changes, body.batch)
        return {"ids": ids}

    @router.post("/comments/{comment_id}/edit")
    async def edit(comment_id: str, body: Edit) -> Any:
        return _told(deliveries, platform.edit(comment_id, body.message))

    @router.post("/comments/{comment_id}/remove")
    async def remove(comment_id: str) -> Any:
        return _told(deliveries, platform.remove(comment_id))

    @router.post("/comments/{comment_id}/hide")
    async def hide(comment_id: str) -> Any:
        return _told(deliveries, platform.set_hidden(comment_id, True))

    @router.post("/comments/{comment_id}/unhide")
    async def unhide(comment_id: str) -> Any:
        return _told(deliveries, platform.set_hidden(comment_id, False))

    @router.get("/comments")
    async def comments(
        parent: str | None = None, by: Literal["page", "citizen"] | None = None, removed: bool = False
    ) -> Any:
        found = [
            comment
            for comment in platform.comments.values()
            if (removed or not comment.removed)
            and (parent is None or comment.parent_id == parent)
            and (by is None or (comment.author == platform.page) == (by == "page"))
        ]
        return {"data": [_comment(platform, comment) for comment in found]}

    @router.get("/comments/{comment_id}")
    async def comment(comment_id: str) -> Any:
        if comment_id not in platform.comments:
            raise HTTPException(404, f"{comment_id} is not here")
        return _comment(platform, platform.comments[comment_id])

    @router.get("/counts")
    async def counts() -> Any:
        return _counts(world)

    @router.get("/calls")
    async def calls(operation: Operation | None = None, limit: Annotated[int, Query(ge=1, le=10_000)] = 100) -> Any:
        found = [call for call in graph.calls if operation in (None, call.operation)][-limit:]
        return {"data": found}

    @router.post("/faults", status_code=201)
    async def add_fault(fault: Fault) -> Any:
        world.faults.add(fault)
        return {"waiting": len(world.faults.waiting())}

    @router.get("/faults")
    async def faults() -> Any:
        return {"data": world.faults.waiting()}

    @router.delete("/faults")
    async def drop_faults() -> Any:
        world.faults.clear()
        return {"waiting": 0}

    @router.get("/behaviour")
    async def behaviour() -> Behaviour:
        return world.behaviour

    @router.patch("/behaviour")
    async def behave(traits: dict[str, Any]) -> Any:
        wanted = Behaviour.model_validate(world.behaviour.model_dump() | traits)
        for name in traits:
            setattr(world.behaviour, name, getattr(wanted, name))
        return world.behaviour

    @router.post("/hold")
    async def hold() -> Any:
        world.behaviour.hold = True
        return {"held": len(deliveries.held)}

    @router.post("/release")
    async def release(body: Release | None = None) -> Any:
        how = body or Release()
        if not how.keep_holding:
            world.behaviour.hold = False
        sent = await deliveries.release(batch=how.batch, order=how.order, times=how.times, limit=how.limit)
        return {"deliveries": sent}

    @router.get("/deliveries")
    async def list_deliveries(
        state: Literal["waiting", "delivered", "dropped"] | None = None, body: bool = False
    ) -> Any:
        found = [made for made in deliveries.journal.values() if state in (None, made.state)]
        return {"data": [_delivery(made, with_body=body) for made in found]}

    @router.post("/deliveries")
    async def by_hand(body: ByHand) -> Any:
        content = body.raw.encode("utf-8", "surrogatepass") if body.raw is not None else encode(body.body)
        attempts = await deliveries.send_by_hand(content, body.signature, body.headers, body.times)
        return {"attempts": [_attempt(attempt) for attempt in attempts]}

    @router.post("/deliveries/retry")
    async def retry() -> Any:
        deliveries.retry_now()
        return {"waiting": deliveries.waiting()}

    @router.post("/deliveries/{n}/resend")
    async def resend(n: int, body: Times | None = None) -> Any:
        if n not in deliveries.journal:
            raise HTTPException(404, f"delivery {n} is not here")
        attempts = await deliveries.resend(n, (body or Times()).times)
        return {"attempts": [_attempt(attempt) for attempt in attempts]}

    @router.post("/subscribe")
    async def subscribe(body: Subscribe | None = None) -> Any:
        url = (body or Subscribe()).url or world.settings.webhook
        if not url:
            raise HTTPException(422, "no address: give url, or set TORG_SIMULATOR_WEBHOOK")
        status = await deliveries.subscribe(url)
        return {"subscribed": deliveries.subscribed.is_set(), "status": status}

    @router.get("/idle")
    async def idle(timeout_s: Annotated[float, Query(ge=0, le=600)] = 10) -> Any:
        return {"idle": await deliveries.idle(timeout_s)}

    @router.post("/clock")
    async def clock(body: Forward) -> Any:
        platform.clock.ahead_s += body.forward_s
        return {"now": iso(int(platform.clock.now()))}

    @router.post("/reset")
    async def reset() -> Any:
        world.reset()
        return {"status": "empty"}

    return router


def _parent(platform: Platform, told: str | None) -> str:
    return told or platform.newest_post().id


def _told(deliveries: Deliveries, done: tuple[Comment, Change | None]) -> dict[str, str]:
    comment, change = done
    if change:
        deliveries.tell(change)
    return {"id": comment.id}


def _author(author: Person) -> dict[str, str]:
    return {"id": author.id, "name": author.name}


def _post(platform: Platform, post: Post) -> dict[str, Any]:
    return {
        "id": post.id,
        "from": _author(post.author),
        "message": post.message,
        "created_time": iso(post.created),
        "permalink": platform.permalink(post),
        "comments": sum(1 for _ in platform.below(post.id)),
    }


def _comment(platform: Platform, comment: Comment) -> dict[str, Any]:
    return {
        "id": comment.id,
        "post_id": comment.post_id,
        "parent_id": comment.parent_id,
        "from": _author(comment.author),
        "message": comment.message,
        "created_time": iso(comment.created),
        "hidden": comment.hidden,
        "removed": comment.removed,
        "edits": comment.edits,
        "by_page": comment.author == platform.page,
        "origin": comment.origin,
        "permalink": platform.permalink(comment),
    }


def _attempt(attempt: Attempt) -> dict[str, Any]:
    return {"at": attempt.at, "status": attempt.status, "error": attempt.error, "ms": attempt.ms}


def _delivery(made: Delivery, *, with_body: bool) -> dict[str, Any]:
    told: dict[str, Any] = {
        "n": made.n,
        "state": made.state,
        "changes": made.changes,
        "created_at": made.created,
        "attempts": [_attempt(attempt) for attempt in made.attempts],
    }
    if with_body:
        told["body"] = made.body.decode("utf-8", "replace")
        told["signature"] = made.headers.get("X-Hub-Signature-256")
    return told


def _counts(world: World) -> dict[str, Any]:
    platform, deliveries = world.platform, world.deliveries
    standing: Sequence[Comment] = [one for one in platform.comments.values() if not one.removed]
    by_page = sum(1 for one in standing if one.author == platform.page)
    counted = deliveries.counts
    return {
        "posts": sum(1 for post in platform.posts.values() if not post.removed),
        "comments": len(standing),
        "by_citizens": len(standing) - by_page,
        "by_page": by_page,
        "removed": len(platform.comments) - len(standing),
        "hidden": sum(1 for one in standing if one.hidden),
        "changes": counted["changes"],
        "deliveries": {
            "held": len(deliveries.held),
            "waiting": deliveries.waiting(),
            "delivered": counted["delivered"],
            "dropped": counted["dropped"],
        },
        "attempts": counted["attempts"],
        "refused_attempts": counted["refused_attempts"],
        "graph": dict(world.graph.counts),
        "effects": dict(+world.graph.effects),
    }
