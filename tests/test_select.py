"""Which claims go into a prompt, and what they cost."""

from datetime import date

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_cli.errors import UsageError
from persona_cli.profile import Claim
from persona_cli.select import select
from persona_cli.tokens import estimate_tokens

CLAIMS = (
    Claim("c1", "communication", "Prefers short answers.", 14, date(2026, 5, 1)),
    Claim("c2", "communication", "Dislikes emoji.", 3, date(2026, 4, 1)),
    Claim("c3", "coding", "Writes pytest tests for Python code.", 9),
    Claim("c4", "coding", "Uses uv for packages.", 5, scope="project:web"),
    Claim("c5", "coding", "Wants type hints.", 1),
    Claim("c6", "food", "Never eats meat.", 1, stated=True),
    Claim("h7", "food", "I cook for two.", by="human"),
    Claim("c8", "media", "Likes films by Ozu.", 30),
)


def chosen(**asked):
    given = {"budget": None, "task": None, "scope": None, "tentative": False, **asked}
    found = select(CLAIMS, **given)
    ids = [claim.id for claim in found.kept]
    # Whatever was asked: each claim is either kept, or left out with a reason.
    left = [claim.id for claim in found.left_out]
    assert sorted(ids + left) == sorted(claim.id for claim in CLAIMS)
    assert set(left) == set(found.reasons)
    return ids, found


def test_without_a_wish_all_that_holds_everywhere_is_kept():
    """Profile order; a project's claims and those seen once stay out."""
    ids, found = chosen()
    assert ids == ["c1", "c2", "c3", "c6", "h7", "c8"]
    assert found.reasons == {"c4": "scope", "c5": "tentative"}


@pytest.mark.parametrize("scope", ["project:web", "web"])
def test_a_project_adds_its_own(scope):
    """A project is named with or without its prefix."""
    assert "c4" in chosen(scope=scope)[0]
    assert "c4" not in chosen(scope="project:api")[0]
    assert "c4" not in chosen(scope="global")[0]


def test_tentative_claims_are_asked_for():
    """What was seen once is kept with the flag."""
    assert "c5" in chosen(tentative=True)[0]


def test_sections_choose():
    """A section is found whatever its case; the others stay out."""
    assert chosen(sections=["Food", "media"])[0] == ["c6", "h7", "c8"]


def test_an_unknown_section_names_those_there_are():
    """The remedy is the list to choose from."""
    with pytest.raises(UsageError, match="section 'foood'") as failure:
        chosen(sections=["foood"])
    assert "communication, coding, food, media" in failure.value.remedy


def test_a_budget_keeps_the_most_useful_in_profile_order():
    """A person's words stay first, then what was stated, then what counts most."""
    ids, found = chosen(budget=35)
    assert ids == ["c6", "h7", "c8"]
    assert found.tokens <= 35
    assert set(found.reasons.values()) == {"budget", "scope", "tentative"}
    both = select(CLAIMS[5:7], budget=1000, task=None).tokens
    assert chosen(budget=both - 1)[0] == ["h7"]


def test_a_budget_too_small_for_one_claim_keeps_none():
    """Nothing chosen costs nothing, and each claim says why."""
    ids, found = chosen(budget=3)
    assert (ids, found.tokens) == ([], 0)
    assert list(found.reasons.values()).count("budget") == 6
    assert chosen(budget=60, overhead_tokens=60)[0] == []


def test_a_task_brings_what_bears_on_it_to_the_front():
    """Relevant first; how to answer comes before what has nothing to do with it."""
    ids, _ = chosen(task="Why does my pytest fixture fail?")
    assert ids[0] == "c3"
    assert set(ids[1:3]) == {"c1", "c2"}
    ids, _ = chosen(task="Plan a dinner without meat")
    assert ids[0] == "c6"


def test_a_task_decides_what_a_budget_keeps():
    """The most relevant claim fits even where the most counted does not."""
    ids, _ = chosen(task="Why does my pytest fixture fail?", budget=20)
    assert ids == ["c3"]


@given(budget=st.integers(0, 200), task=st.sampled_from([None, "tests", "films"]))
def test_no_selection_is_above_its_budget(budget, task):
    """The estimate holds whatever the budget."""
    _, found = chosen(budget=budget, task=task, overhead_tokens=10)
    assert found.tokens <= budget


CLAIM_TEXTS = """
Prefers short answers, with the code first and the reasons after.
Dislikes being asked whether to go on.
Writes Python with type hints and small pure functions.
Enjoys Scandinavian crime novels and slow-burning thrillers.
Uses PostgreSQL with foreign keys; avoids object-relational mappers.
Bevorzugt kurze Antworten mit Quellenangaben und möglichst wenig Geschwafel.
Möchte zuerst das Ergebnis, dann die Begründung.
Verwendet lieber Postgres als MySQL, und immer mit Fremdschlüsseln.
Liest am liebsten Kriminalromane aus Skandinavien.
Will keine Emojis und keine Ausrufezeichen.
Préfère des réponses courtes, sans introduction ni conclusion.
Pitää lyhyistä vastauksista ilman turhia selityksiä.
喜欢简短的回答，先给代码再解释原因。
不喜欢使用表情符号，偏好正式的语气。
短い答えを好み、コードを先に見たい。
Предпочитает короткие ответы без лишних слов.
Writes `for i, (a, b) in enumerate(zip(xs, ys, strict=True)):` and not index loops.
Formats dates as f"{at:%Y-%m-%d %H:%M}", in UTC.
Uses snake_case for functions, CONSTANT_CASE for constants, HTTPServerError for errors.
Keeps `git log --oneline --graph --decorate` as the alias `gl`.
Likes family emoji 👨‍👩‍👧 and hearts ❤️.
""".strip().splitlines()


@pytest.fixture(scope="module")
def vocabulary():
    """The embedded model's tokenizer alone: texts to counts."""
    from llama_cpp import Llama

    from persona_cli.tiny import embedded_model

    model = Llama(str(embedded_model()), vocab_only=True, verbose=False)
    yield lambda text: len(model.tokenize(text.encode(), add_bos=False, special=False))
    model.close()


@pytest.mark.model
@pytest.mark.parametrize("text", [*CLAIM_TEXTS, "\n".join(CLAIM_TEXTS)])
def test_the_estimate_is_never_below_a_real_tokenizer(text, vocabulary):
    """Measured on a small vocabulary, which cuts finer than most."""
    assert estimate_tokens(text) >= vocabulary(text)


@pytest.mark.model
def test_the_estimate_of_english_is_not_twice_the_truth(vocabulary):
    """An upper bound that wasted the budget would be no use."""
    text = "\n".join(CLAIM_TEXTS[:5])
    assert estimate_tokens(text) < 1.6 * vocabulary(text)


@given(st.text(), st.text())
def test_the_estimate_of_lines_adds_up(one, two):
    """So a block may be budgeted line by line."""
    joined = estimate_tokens(f"{one}\n{two}")
    assert joined == estimate_tokens(one) + 1 + estimate_tokens(two)
