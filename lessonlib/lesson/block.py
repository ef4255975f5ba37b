"""A kind of block is one class: what an author may write for it, how it is drawn, and how a lesson treats it.

Everything else follows from the class: the schema of a lesson file, the method of the notebook, the gate, the seal
and the script that draws it. A room further up adds kinds of its own (:mod:`lessonlib.show.blocks`).
"""

from __future__ import annotations

from collections.abc import Mapping
from html import escape
from typing import TYPE_CHECKING, Any, ClassVar

from lessonlib.lesson.fragments import ID, LINE, TEXT, Schema, keyed, one_of
from lessonlib.lesson.views import DrawnView, PanelKind
from lessonlib.lesson.words import Words, inline_markdown, link

if TYPE_CHECKING:
    from lessonlib.lesson.lesson import Lesson

Raw = Mapping[str, Any]


class Block:
    """One block of a lesson: ``raw`` is its entry in the YAML (already validated), ``lesson`` is where it stands.

    The first line of a kind's docstring is that of the notebook's method.
    """

    #: its key in a lesson file, and the notebook's method
    kind: ClassVar[str]
    #: which script of the page draws it
    panel: ClassVar[PanelKind] = "tell"
    #: what an author writes beside ``id`` and ``title``: key -> schema
    keys: ClassVar[Mapping[str, Schema]] = {}
    #: those of the keys that may be left out
    optional: ClassVar[frozenset[str]] = frozenset()
    #: said behind the title
    subtitle: ClassVar[str] = ""
    #: whether it is fingerprinted; not, if it shows the learner's own record, choice or machine
    sealed: ClassVar[bool] = True
    #: whether what it shows changes with what the learner does, though all that it can reveal is sealed
    changes: ClassVar[bool] = False
    #: whether it waits for no step
    open_at_once: ClassVar[bool] = False
    #: whether its cell stands with its code in view, and the comment that then follows the call
    by_hand: ClassVar[str] = ""

    def __init__(self, raw: Raw, lesson: Lesson):
        self.raw, self.lesson = raw, lesson
        self.where = f"{lesson.name} {raw['id']}"

    @classmethod
    def schema(cls) -> Schema:
        """What an author may write for a block of this kind, as JSON Schema."""
        keys = {"id": ID, "title": LINE, **cls.keys}
        return keyed(keys, required=[key for key in keys if key not in cls.optional])

    @classmethod
    def title_of(cls, raw: Raw) -> str:
        """The title over the panel and on the collapsed bar of its cell."""
        return f"{raw['title']} · {cls.subtitle}" if cls.subtitle else str(raw["title"])

    def draw(self) -> DrawnView:
        """What the panel shows once it is open."""
        raise NotImplementedError

    def parts(self) -> Mapping[str, Any]:
        """What goes into the seal; what is drawn, if a kind does not say otherwise."""
        return self.draw()

    def draw_for_nobody(self) -> DrawnView | None:
        """What a stored notebook may show of a block that is not sealed: the same, of no learner; None for nothing."""
        return None

    def handle(self, event: Mapping[str, Any]) -> bool:
        """Take an event of the panel; whether that changed anything. Most kinds take none."""
        return False


class Tell(Block):
    """A text with this lab's numbers; opens when the steps before it are revealed."""

    kind = "tell"
    keys: ClassVar[Mapping[str, Schema]] = {
        "block": one_of("mystery", "pantry", "kubernetes", "your-lab", "sources", "quiz"),
        "text": TEXT,
        "more": TEXT,
    }
    optional = frozenset({"block", "more"})

    def draw(self) -> DrawnView:
        """The text; what is for later stays closed."""
        html = self.words.html(self.raw["text"], self.where)
        if "more" in self.raw:
            html += more(self.words.html(self.raw["more"], f"{self.where} more"))
        return {"html": html}

    @property
    def words(self) -> Words:
        """Those that render its text."""
        return self.lesson.words


class Epilogue(Tell):
    """Opens the epilogue: what follows it is no part of the lesson's half hour and has a budget of its own."""

    kind = "epilogue"
    keys: ClassVar[Mapping[str, Schema]] = {"text": TEXT, "more": TEXT}
    optional = frozenset({"more"})

    def draw(self) -> DrawnView:
        """The text, and before it the minutes that the formula gives to the epilogue."""
        from lessonlib.lesson.budget import epilogue_budget  # which opens lessons, and so knows this module

        after = epilogue_budget(self.lesson)
        minutes = f'<p class="ll-minutes">About {after.minutes:.0f} minutes more.</p>' if after else ""
        return {"html": minutes + super().draw()["html"]}


class Case(Tell):
    """Opens a case: its exhibits, up to the entry that `until` names, are no part of the lesson's half hour and have a budget of their own."""

    kind = "case"
    keys: ClassVar[Mapping[str, Schema]] = {"text": TEXT, "more": TEXT, "until": ID}
    optional = frozenset({"more"})


class Sources(Block):
    """The sources, numbered as the text cites them."""

    kind = "sources"

    def draw(self) -> DrawnView:
        """The list of them."""
        return {"html": sources_html(self.lesson.raw["sources"])}


Blocks = Mapping[str, type[Block]]


def registry(*kinds: type[Block]) -> dict[str, type[Block]]:
    """Kinds of block by their name."""
    return {kind.kind: kind for kind in kinds}


#: the kinds that words alone can draw
WORD_BLOCKS: Blocks = registry(Tell, Epilogue, Case, Sources)


def more(html: str) -> str:
    """Words that are closed at first, so that who is in a hurry loses nothing: HTML in, HTML out."""
    return f'<details class="ll-more"><summary>More</summary>{html}</details>'


def sources_html(sources: Mapping[str, Mapping[str, Any]]) -> str:
    """The numbered list of sources, as the footnote marks count them."""
    rows = "".join(
        f"<li>{link(source['url'], inline_markdown(source['title']))}, "
        f"{escape(source['by'], quote=False)}{', ' + str(source['year']) if 'year' in source else ''}. {inline_markdown(source['says'])}</li>"
        for source in sources.values()
    )
    return f'<ol class="ll-sources">{rows}</ol>'
