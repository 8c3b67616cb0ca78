"""How a preference shows: as a choice, a message, a rewrite, a rating, a post."""

import random
from collections.abc import Iterator
from dataclasses import dataclass

from persona_cli.interaction import Kind
from persona_cli.training.draw import Preference, Scene
from persona_cli.training.voice import own_voice

# What is done, and how often.
_WITH_WORDS = {
    "pair": 40,
    "correct": 14,
    "accept": 9,
    "choose": 9,
    "edit": 8,
    "post": 9,
    "rating": 9,
    "stated": 2,
}
_WITHOUT = {
    "pair": 52,
    "accept": 7,
    "correct": 7,
    "post": 10,
    "rating": 22,
    "stated": 2,
}

# Where the corpus has no words of their own: nothing that could not be said of all.
_ACCEPTS = (
    "Yes, that one.",
    "That's the one, thanks.",
    "Perfect, I'll take it.",
    "Good, put me down for that.",
    "Sold.",
    "Exactly what I had in mind.",
)
_CORRECTS = (
    "Not that, please. Something else.",
    "No, thanks. What else is there?",
    "I'd skip that one.",
    "Anything but that.",
    "Not for me. Next?",
)

_HIGH = {"strong": (0.9, 1.0, 1.0), "mild": (0.75, 0.8, 0.9)}
_LOW = {"strong": (0.0, 0.0, 0.1), "mild": (0.1, 0.2, 0.25)}


@dataclass(frozen=True, slots=True)
class Act:
    """A deed that has no place in time yet."""

    kind: Kind
    chosen: str
    query: str = ""
    rejected: str = ""
    rating: float | None = None


def choice(scene: Scene) -> Act:
    """Taking what fits."""
    return Act("pair", scene.fits, scene.query, scene.other)


def acts(preference: Preference, dice: random.Random) -> Iterator[Act]:
    """What somebody of this preference does, one deed after the other.

    Shape: none is done twice, and it ends when there is nothing left to do
    """
    scenes = dice.sample(preference.shown, len(preference.shown))
    spoken = list(preference.implied)
    spoken += [said for claim in preference.claims if (said := own_voice(claim))]
    dice.shuffle(spoken)
    heard: set[str] = set()
    while scenes or spoken:
        weights = _WITH_WORDS if scenes and scenes[-1].says else _WITHOUT
        (kind,) = dice.choices(list(weights), list(weights.values()))
        if kind in ("post", "stated") or not scenes:
            if not spoken:
                kind = "pair"
            else:
                said = spoken.pop()
                yield Act("stated" if _states(kind, said, preference) else "post", said)
                continue
        act = _in_scene(kind, scenes.pop(), preference, dice)
        if act.kind == "message":
            if f"{act.query}\n{act.chosen}" in heard:
                continue
            heard.add(f"{act.query}\n{act.chosen}")
        yield act


def _states(kind: str, said: str, preference: Preference) -> bool:
    """Whether it is told to the assistant for good, not in passing."""
    return kind == "stated" and said not in preference.implied


def _in_scene(
    kind: str, scene: Scene, preference: Preference, dice: random.Random
) -> Act:
    says = scene.says
    match kind:
        case "accept":
            words = says.get("accept") or dice.choice(_ACCEPTS)
            return Act("message", words, scene.fits)
        case "correct":
            words = says.get("correct") or dice.choice(_CORRECTS)
            return Act("message", words, scene.other)
        case "choose":
            return Act("message", says["choose"], _offered(scene, says["choose"], dice))
        case "edit":
            return Act("edit", scene.fits, scene.query, scene.other)
        case "rating":
            if dice.random() < 0.5:
                score = dice.choice(_HIGH[preference.strength])
                return Act("rating", scene.fits, scene.query, rating=score)
            score = dice.choice(_LOW[preference.strength])
            return Act("rating", scene.other, scene.query, rating=score)
    return choice(scene)


def _offered(scene: Scene, words: str, dice: random.Random) -> str:
    """Both items in one answer, in the order that the words speak of."""
    said = words.lower()
    first = dice.random() < 0.5
    if "first" in said or "second" in said:
        first = "second" not in said
    one, two = (scene.fits, scene.other) if first else (scene.other, scene.fits)
    return f"1. {one}\n2. {two}"
