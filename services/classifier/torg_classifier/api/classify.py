"""Dry run: what would be proposed. Nothing is stored."""

from typing import Annotated, Literal

from pydantic import Field
from starlette.responses import Response
from torg_shared.web import Answer, Body, Command, Router, Text

from torg_classifier.domain.decision import Item
from torg_classifier.usecases.classify import Classifier, decide_all, told

from .render import Quotes, with_reasons

_LONGEST = 70_000  # a comment on Facebook holds 63,206 characters; a post slightly more is another platform's


class Classify(Body):
    text: Annotated[Text, Field(max_length=_LONGEST)] | None
    context: Annotated[Text, Field(max_length=_LONGEST)] | None = None
    kind: Literal["post", "comment", "reply", "private", "mention"] = "comment"
    lang_hint: Annotated[Text, Field(max_length=10)] | None = None
    attachments: Annotated[int, Field(ge=0, le=1000)] = 0


def router(classifier: Classifier, quotes: Quotes) -> Router:
    made = Router(tags=["classify"])

    @made.post("/classify", summary="What would be proposed for this text; stores nothing")
    async def classify(body: Classify, command: Command) -> Response:
        """Offsets in the reasons are places in the text that was sent."""
        item = Item(body.text, body.context, body.kind, body.lang_hint, body.attachments)
        decision = (await decide_all(classifier, [item]))[0]
        return command.answer(Answer(with_reasons(told(decision), body.text, quotes)))

    return made
