"""Which interactions one call of the model folds in, and how it sees them.

Windows are cut between interactions and never inside one, so that an interaction
is folded in once, whole. One that alone is too long is shortened in its middle,
and the window says so.
"""

from collections.abc import Callable, Iterable
from dataclasses import dataclass, replace

from persona_cli.interaction import Interaction

# More than a model can keep apart by number; and the grammar grows with it.
MOST_INTERACTIONS = 48

# Of the assistant's words before a message: enough to see what "shorter" refers to.
LONGEST_CONTEXT = 400

# An interaction may take this share of a window's room before it is shortened.
LARGEST_SHARE = 0.5

_LABEL = {
    "pair": "choice",
    "message": "message",
    "post": "post",
    "rating": "rating",
    "edit": "edit",
    "stated": "statement",
}


@dataclass(frozen=True, slots=True)
class Window:
    """The interactions of one call, oldest first.

    shortened: ids of those that lost their middle
    """

    interactions: tuple[Interaction, ...]
    shortened: tuple[str, ...] = ()


def cut_window(
    pending: Iterable[Interaction], *, room: int, count: Callable[[str], int]
) -> Window:
    """Take as many interactions as fit, from the front.

    room:  tokens that the interactions may have together, >= 1
    count: tokens of a text
    Shape: at least one interaction when ``pending`` has one
    """
    taken: list[Interaction] = []
    shortened: list[str] = []
    left = room
    for interaction in pending:
        if len(taken) == MOST_INTERACTIONS:
            break
        fitting = shorten(interaction, room=int(room * LARGEST_SHARE), count=count)
        cost = count(block(fitting, 10))
        if taken and cost > left:
            break
        left -= cost
        taken.append(fitting)
        if fitting is not interaction:
            shortened.append(interaction.id)
    return Window(tuple(taken), tuple(shortened))


def shorten(
    interaction: Interaction, *, room: int, count: Callable[[str], int]
) -> Interaction:
    """The same interaction, its texts cut in the middle until it fits ``room``."""
    size = max(len(interaction.chosen), len(interaction.rejected))
    fitting = interaction
    while count(block(fitting, 10)) > room and size > 40:
        size //= 2
        fitting = replace(
            interaction,
            query=middle_cut(interaction.query, size),
            chosen=middle_cut(interaction.chosen, size),
            rejected=middle_cut(interaction.rejected, size),
        )
    return fitting


def middle_cut(text: str, longest: int) -> str:
    """A text of at most about ``longest`` characters: its beginning and its end."""
    if len(text) <= longest:
        return text
    half = max(longest // 2, 1)
    return f"{text[:half]} […] {text[-half:]}"


def block(interaction: Interaction, number: int) -> str:
    """An interaction as a model sees it, fenced as data.

    number: its place in the window, from 1; the model cites it as ``i<number>``
    """
    label = "memory" if interaction.secondhand else _LABEL[interaction.kind]
    parts = [f'<interaction id="i{number}" kind="{label}">']
    context = middle_cut(interaction.query.strip(), LONGEST_CONTEXT)
    match interaction.kind:
        case "pair":
            parts += ["asked: " + context] if context else []
            parts += ["took: " + interaction.chosen.strip()]
            parts += ["passed over: " + interaction.rejected.strip()]
        case "edit":
            parts += ["was offered: " + interaction.rejected.strip()]
            parts += ["rewrote it as: " + interaction.chosen.strip()]
        case "rating":
            parts += ["asked: " + context] if context else []
            score = round((interaction.rating or 0) * 100)
            parts += [f"rated {score} of 100: " + interaction.chosen.strip()]
        case "stated" if interaction.secondhand:
            parts += ["another tool remembers: " + interaction.chosen.strip()]
        case "post":
            parts += ["in answer to: " + context] if context else []
            parts += ["wrote: " + interaction.chosen.strip()]
        case _:
            parts += ["the assistant had said: " + context] if context else []
            parts += ["wrote: " + interaction.chosen.strip()]
    fenced = "\n".join([parts[0], *map(inside, parts[1:])])
    return fenced + "\n</interaction>"


def inside(
    text: str, *, fences: Iterable[str] = ("interaction", "past", "observed")
) -> str:
    """Text that cannot close, or open, a fence of the prompts.

    fences: names of the tags
    """
    for tag in fences:
        text = text.replace(f"</{tag}", f"< /{tag}").replace(f"<{tag}", f"< {tag}")
    return text
