"""Frozen readers: they ask what the judge asks, and leave the policy as it was."""

import pytest

torch = pytest.importorskip("torch")

from fakes import ScriptedEngine  # noqa: E402  needs nothing, and comes second
from toy_models import write_peft  # noqa: E402
from toy_training import write_model  # noqa: E402

from persona_cli.backward import NEUTRAL, backward_messages, claims_of  # noqa: E402
from persona_cli.engine import sigmoid  # noqa: E402
from persona_cli.errors import InputError  # noqa: E402
from persona_cli.judge import Judge, Question  # noqa: E402
from persona_cli.training import readers  # noqa: E402
from persona_cli.training.base import (  # noqa: E402
    chat_template,
    encode,
    encode_answer,
    load_base,
)
from persona_cli.training.readers import (  # noqa: E402
    FrozenReader,
    forward_messages,
    shared,
)
from persona_cli.training.reading import Reading  # noqa: E402

# Our libraries warn of each other.
pytestmark = pytest.mark.filterwarnings("ignore::FutureWarning", "ignore::UserWarning")

PROFILE = "## food\n- Likes tea.\n- Hates </profile> mud."
READINGS = [
    Reading(PROFILE, "What to drink?", "tea, " * 300, "mud </item_a>"),
    Reading("", "", "jazz", "rock and roll"),
    Reading("- Likes maps.", "", "a map", "none"),
]


@pytest.fixture(scope="module")
def folder(tmp_path_factory):
    return write_model(tmp_path_factory.mktemp("model"))


@pytest.fixture
def loaded(folder):
    model, tokenizer = load_base(folder, dtype=torch.float32)
    return model.eval(), tokenizer, chat_template(tokenizer)


def log_odds(model, tokenizer, template, messages, words):
    """Of the first word over the second, by the whole model, alone."""
    ids = torch.tensor([encode(tokenizer, template, messages)])
    with torch.no_grad():
        logits = model(ids).logits[0, -1]
    first, second = (encode_answer(tokenizer, word)[0] for word in words)
    return float(logits[first] - logits[second])


@pytest.mark.parametrize("form", ["pair", "item"])
@pytest.mark.parametrize("reading", READINGS)
def test_what_is_asked_is_what_the_judge_asks(form, reading):
    """To the letter, both prompts."""
    engine = ScriptedEngine(chooses=lambda *_: 0.5)
    question = Question("q", reading.query, reading.chosen, reading.rejected)
    Judge(engine, form).judge(reading.profile, [question])
    asked = [
        (before.content, after.content)
        for before, after in forward_messages(reading, form)
    ]
    assert asked == engine.questions


@pytest.mark.parametrize(("form", "words"), [("pair", "AB"), ("item", ("Yes", "No"))])
def test_forward_readers_read_the_logits(loaded, form, words):
    """Both orders averaged, or Yes minus No; a batch changes nothing."""
    found = FrozenReader(*loaded, form).p(READINGS)
    for reading, p in zip(READINGS, found, strict=True):
        one, two = (
            log_odds(*loaded, messages, words)
            for messages in forward_messages(reading, form)
        )
        expected = (
            (sigmoid(one) + sigmoid(-two)) / 2 if form == "pair" else sigmoid(one - two)
        )
        assert p == pytest.approx(expected, abs=1e-4)
    assert len({round(p, 6) for p in found}) == 3


def test_a_backward_reader_weighs_the_claims(loaded, monkeypatch):
    """As the whole model would, claim by claim; no claims say nothing."""
    # So small a model is never loud: here every nat counts.
    monkeypatch.setattr(
        readers, "combine", lambda told: sigmoid(sum(w.ratio for w in told))
    )
    model, tokenizer, template = loaded

    def weight(claim, took, left, query):
        prompt = encode(tokenizer, template, backward_messages(query, took, left))
        answer = encode_answer(tokenizer, claim)
        with torch.no_grad():
            logits = model(torch.tensor([prompt + answer])).logits[0].log_softmax(-1)
        return sum(
            float(logits[len(prompt) - 1 + place, token])
            for place, token in enumerate(answer)
        )

    found = FrozenReader(*loaded, "backward").p(READINGS)
    for reading, p in zip(READINGS, found, strict=True):
        sides = reading.chosen, reading.rejected
        ratios = [
            weight(claim, *sides, reading.query)
            - weight(claim, *sides[::-1], reading.query)
            for claim in claims_of(reading.profile)
        ]
        assert p == pytest.approx(sigmoid(sum(ratios)), abs=1e-4)
    assert found[1] == 0.5
    assert abs(found[0] - 0.5) > 1e-3
    empty = [Reading("", "q", "a", "b")]
    assert FrozenReader(*loaded, "backward").p(empty) == [0.5]
    told = FrozenReader(*loaded, "backward").weights(READINGS[:1])[0]
    for claim, one in zip(claims_of(READINGS[0].profile), told, strict=True):
        likely = [weight(claim, took, left, query) for query, took, left in NEUTRAL]
        assert one.anyway == pytest.approx(sum(likely) / len(NEUTRAL), abs=1e-3)


def test_a_lent_model_reads_with_the_readers_adapter(folder, loaded, tmp_path):
    """Not with the policy's; and it learns on afterwards, the reader never."""
    from peft import LoraConfig, get_peft_model

    write_peft(load_base(folder, dtype=torch.float32)[0], tmp_path / "judge")
    base, tokenizer, template = loaded
    policy = get_peft_model(base, LoraConfig(r=4, target_modules="all-linear"))
    for name, one in policy.named_parameters():
        if "lora_B" in name:
            torch.nn.init.normal_(one, std=0.5)
    learned = {n for n, one in policy.named_parameters() if one.requires_grad}
    policy.train()

    def read(**more):
        return FrozenReader(policy, tokenizer, template, "item", **more).p(READINGS)

    with_policys = read()
    bare = read(lent=shared(policy, None))
    with_readers = read(lent=shared(policy, tmp_path / "judge"))

    alone, _ = load_base(folder, dtype=torch.float32)
    plain = FrozenReader(alone.eval(), tokenizer, template, "item").p(READINGS)
    assert bare == pytest.approx(plain, abs=1e-5)
    from peft import PeftModel

    judge = PeftModel.from_pretrained(alone, tmp_path / "judge").eval()
    own = FrozenReader(judge, tokenizer, template, "item").p(READINGS)
    assert with_readers == pytest.approx(own, abs=1e-5)
    assert with_policys != pytest.approx(own, abs=1e-3)
    assert read() == pytest.approx(with_policys, abs=1e-6)
    assert policy.training
    assert {n for n, one in policy.named_parameters() if one.requires_grad} == learned


def test_what_cannot_read_is_said(loaded, tmp_path):
    """A form that nobody knows, and an adapter that is none."""
    from peft import LoraConfig, get_peft_model

    with pytest.raises(InputError, match="no form 'sideways'"):
        FrozenReader(*loaded, "sideways")
    policy = get_peft_model(loaded[0], LoraConfig(target_modules="all-linear"))
    with pytest.raises(InputError, match="does not fit the reader's model"):
        shared(policy, tmp_path / "nothing")
