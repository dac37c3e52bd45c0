"""What stands on the platform: posts, comments, people, and the changes that are told about them. No I/O."""

import hashlib
import time
import zlib
from collections.abc import Iterator, Sequence
from dataclasses import asdict, dataclass, field
from typing import Any, Literal

Origin = Literal["citizen", "app", "graph"]
LONGEST_COMMENT = 8000


class Gone(LookupError):
    """No such object, or one that was removed: the platform does not tell the two apart."""


class Clock:
    """The platform's time in seconds since 1970; a script can push it forward."""

    def __init__(self) -> None:
        self.ahead_s = 0.0

    def now(self) -> float:
        return time.time() + self.ahead_s


@dataclass(frozen=True, slots=True)
class Person:
    id: str
    name: str


@dataclass(slots=True)
class Post:
    id: str
    author: Person
    message: str
    created: int
    removed: bool = False

    @property
    def number(self) -> str:
        return self.id.partition("_")[2]


@dataclass(slots=True)
class Comment:
    """`created_exact` is for the read lag: the platform itself tells whole seconds."""

    id: str
    post_id: str
    parent_id: str
    author: Person
    message: str
    created: int
    created_exact: float
    origin: Origin
    names_author: bool = True
    photo: str | None = None
    old_shape: bool = False
    hidden: bool = False
    removed: bool = False
    edits: list[str] = field(default_factory=list)

    @property
    def number(self) -> str:
        return self.id.partition("_")[2]


@dataclass(frozen=True, slots=True)
class Change:
    """One entry of a delivery's `changes`; `time` is entry.time, None where the platform leaves it out."""

    page_id: str
    time: int | None
    field: str
    value: dict[str, Any]


def person(name: str, author_id: str | None = None) -> Person:
    """A citizen; the same name is the same person, over restarts too."""
    told = int.from_bytes(hashlib.sha256(name.encode("utf-8", "surrogatepass")).digest()[:8], "big")
    return Person(author_id or str(10**15 + told % (9 * 10**15)), name)


class Platform:
    def __init__(self, page: Person, base: str, seed: str | None = None) -> None:
        self.page = page
        self.base = base
        self.clock = Clock()
        self.posts: dict[str, Post] = {}
        self.comments: dict[str, Comment] = {}
        self.children: dict[str, list[str]] = {}
        self.changed = 0
        # without a seed, numbers begin at the time of the start: an id is never used again after a restart
        start = int(time.time() * 1000) if seed is None else 10**12 + zlib.crc32(seed.encode())
        self._next_number = start * 1000

    def write_post(self, message: str, author: Person | None = None) -> tuple[Post, Change]:
        post = Post(f"{self.page.id}_{self._number()}", author or self.page, message, int(self.clock.now()))
        self.posts[post.id] = post
        self.changed += 1
        return post, self._change(
            {
                "from": {"id": post.author.id, "name": post.author.name},
                "message": message,
                "post_id": post.id,
                "created_time": post.created,
                "item": "post" if author else "status",
                "published": 1,
                "verb": "add",
            }
        )

    def write_comment(
        self,
        parent_id: str,
        message: str,
        author: Person,
        origin: Origin,
        *,
        names_author: bool = True,
        photo: bool = False,
        old_shape: bool = False,
    ) -> tuple[Comment, Change]:
        """A comment under a post, or a reply under a comment. Raises `Gone`."""
        post = self._post_of(parent_id)
        now, number = self.clock.now(), self._number()
        comment = Comment(
            id=f"{post.number}_{number}",
            post_id=post.id,
            parent_id=parent_id,
            author=author,
            message=message,
            created=int(now),
            created_exact=now,
            origin=origin,
            names_author=names_author,
            photo=f"{self.base}/photos/{number}.png" if photo else None,
            old_shape=old_shape,
        )
        self.comments[comment.id] = comment
        self.children.setdefault(parent_id, []).append(comment.id)
        self.changed += 1
        return comment, self._told("add", comment)

    def edit(self, comment_id: str, message: str) -> tuple[Comment, Change]:
        comment = self.comment(comment_id)
        comment.edits.append(comment.message)
        comment.message = message
        self.changed += 1
        return comment, self._told("edited", comment)

    def remove(self, comment_id: str) -> tuple[Comment, Change]:
        """The children go with it; one change is told, for the comment itself."""
        comment = self.comment(comment_id)
        for one in (comment, *self.below(comment_id)):
            one.removed = True
        self.changed += 1
        return comment, self._told("remove", comment)

    def set_hidden(self, comment_id: str, hidden: bool) -> tuple[Comment, Change | None]:
        """None when it was so already: nothing has changed, nothing is told."""
        comment = self.comment(comment_id)
        if comment.hidden == hidden:
            return comment, None
        comment.hidden = hidden
        self.changed += 1
        return comment, self._told("hide" if hidden else "unhide", comment)

    def post(self, post_id: str) -> Post:
        post = self.posts.get(post_id)
        if post is None or post.removed:
            raise Gone(post_id)
        return post

    def comment(self, comment_id: str) -> Comment:
        comment = self.comments.get(comment_id)
        if comment is None or comment.removed:
            raise Gone(comment_id)
        return comment

    def newest_post(self) -> Post:
        """The page's newest post; the first one comes by itself."""
        own = [post for post in self.posts.values() if post.author == self.page and not post.removed]
        return own[-1] if own else self.write_post("Velkommen til siden vår! Her kan du spørre oss.")[0]

    def below(self, parent_id: str) -> Iterator[Comment]:
        """Everything below a post or comment that is not removed, oldest first within each level."""
        for child_id in self.children.get(parent_id, ()):
            child = self.comments[child_id]
            if not child.removed:
                yield child
                yield from self.below(child_id)

    def direct(self, parent_id: str) -> Sequence[Comment]:
        found = (self.comments[child_id] for child_id in self.children.get(parent_id, ()))
        return [child for child in found if not child.removed]

    def permalink(self, thing: Post | Comment) -> str:
        if isinstance(thing, Post):
            return f"{self.base}/{self.page.id}/posts/{thing.number}"
        post_link = f"{self.base}/{self.page.id}/posts/{thing.post_id.partition('_')[2]}"
        if thing.parent_id == thing.post_id:
            return f"{post_link}?comment_id={thing.number}"
        return f"{post_link}?comment_id={thing.parent_id.partition('_')[2]}&reply_comment_id={thing.number}"

    def dump(self) -> dict[str, Any]:
        return {
            "next_number": self._next_number,
            "posts": [asdict(post) for post in self.posts.values()],
            "comments": [asdict(comment) for comment in self.comments.values()],
        }

    def load(self, kept: dict[str, Any]) -> None:
        self._next_number = max(self._next_number, kept["next_number"])
        for row in kept["posts"]:
            post = Post(**{**row, "author": Person(**row["author"])})
            self.posts[post.id] = post
        for row in kept["comments"]:
            comment = Comment(**{**row, "author": Person(**row["author"])})
            self.comments[comment.id] = comment
            self.children.setdefault(comment.parent_id, []).append(comment.id)

    def clear(self) -> None:
        self.posts.clear()
        self.comments.clear()
        self.children.clear()
        self.changed += 1

    def _post_of(self, parent_id: str) -> Post:
        if parent_id in self.comments:
            return self.post(self.comment(parent_id).post_id)
        return self.post(parent_id)

    def _number(self) -> str:
        self._next_number += 1
        return str(self._next_number)

    def _change(self, value: dict[str, Any]) -> Change:
        return Change(self.page.id, int(self.clock.now()), "feed", value)

    def _told(self, verb: str, comment: Comment) -> Change:
        """The value as the platform sends it: a removal has neither text nor time, a hide repeats both."""
        value: dict[str, Any] = {}
        if comment.names_author and comment.old_shape:
            value |= {"sender_id": int(comment.author.id), "sender_name": comment.author.name}
        elif comment.names_author:
            value["from"] = {"id": comment.author.id, "name": comment.author.name}
        if verb != "remove":
            post = self.posts[comment.post_id]
            if not comment.old_shape:
                value["post"] = {
                    "status_type": "mobile_status_update",
                    "is_published": True,
                    "updated_time": iso(comment.created),
                    "permalink_url": self.permalink(post),
                    "promotion_status": "inactive",
                    "id": post.id,
                }
            if comment.message:
                value["message"] = comment.message
            if comment.photo:
                value["photo"] = comment.photo
            value["created_time"] = comment.created
        value |= {
            "post_id": comment.post_id,
            "comment_id": comment.id,
            "item": "comment",
            "parent_id": comment.parent_id,
            "verb": verb,
        }
        return self._change(value)


def iso(seconds: int) -> str:
    """The Graph API's way of writing a time: no colon in the offset."""
    return time.strftime("%Y-%m-%dT%H:%M:%S+0000", time.gmtime(seconds))
