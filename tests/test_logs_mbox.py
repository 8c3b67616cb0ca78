"""Mailboxes: of everybody's mails, the words that the user wrote."""

import io
from datetime import UTC, datetime
from pathlib import Path

import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from persona_cli.archive import Archive
from persona_cli.errors import InputError, UsageError
from persona_cli.gather import gather
from persona_cli.interaction import Interaction
from persona_cli.logs import Tally, read_log, read_stream
from persona_cli.logs import mail as mails
from persona_cli.logs.mail import address, mail_of
from persona_cli.settings import load_settings
from persona_cli.stamps import read_as
from tests.chat_server import ChatServer
from tests.fakes import ScriptedEngine

BOX = Path(__file__).parent / "logs" / "mbox" / "sent.mbox"
TABLES = (
    "I prefer tables to prose.\n"
    "From the start I did so; a line that only begins so:\n"
    "From here on it is text."
)
ME = ["Ada <ADA@example.org>"]


def read(content: bytes, **how: object) -> tuple[list[Interaction], Tally]:
    tally = Tally()
    given = {"name": "mail.mbox", "tally": tally, "me": ME, **how}
    return list(read_stream(io.BytesIO(content), **given)), tally


def box(*bodies: str, head: str = "", sender: str = "ada@example.org") -> bytes:
    """A mailbox with one mail a body."""
    return b"".join(
        f"From {sender} Thu Jan  1 09:00:00 2026\nFrom: {sender}\n{head}\n{body}\n\n"
        .encode()
        for body in bodies
    )  # fmt: skip


def test_a_mailbox_tells_what_its_owner_wrote():
    """Without quotes, signatures, forwarded mails, attachments and others' mails."""
    tally = Tally()
    deeds = list(read_log(BOX, tally=tally, me=ME))
    assert [(deed.kind, deed.chosen, deed.query) for deed in deeds] == [
        (
            "post",
            TABLES,
            "",
        ),
        (
            "post",
            "No, short is schöner.\n\nTables it is.",
            "I love long prose, and you should too.",
        ),
        ("post", "I would not buy this, ever.", ""),
        ("post", "Tea is better than coffee.", ""),
    ]
    assert [deed.at for deed in deeds] == [
        datetime(2026, 1, 1, hour, tzinfo=UTC) for hour in (9, 11, 12, 15)
    ]
    assert {deed.source for deed in deeds} == {"mbox:sent"}
    assert tally.records == 8
    assert tally.left_out == {
        "a mail of somebody else's": 2,
        mails.FROM_OUTSIDE: 1,
        mails.HTML_ALONE: 1,
        mails.ATTACHED: 2,
        "a mail within a mail": 1,
        "a mail without words of its sender's": 2,
    }
    assert not tally.skipped


def test_without_an_address_nothing_is_read():
    """Everybody's words are in a mailbox; the remedy says how to name one's own."""
    for me in ([], ["ada"]):
        with pytest.raises(UsageError, match="which address is yours") as raised:
            list(read_log(BOX, tally=Tally(), me=me))
        assert "--me" in raised.value.remedy
        assert raised.value.exit_code == 2


def test_several_addresses_are_one_person():
    """Each of them; however they are written."""
    found, _ = read(
        box("a") + box("b", sender="kim@example.net"), me=["KIM@example.net"]
    )
    assert [deed.chosen for deed in found] == ["b"]
    found, _ = read(
        box("a") + box("b", sender="kim@example.net"),
        me=["<kim@example.net>", "ada@example.org"],
    )
    assert [deed.chosen for deed in found] == ["a", "b"]
    assert address("Ada <ADA@example.org>") == "ada@example.org"
    assert address("no address") == ""


@pytest.mark.parametrize(
    "head",
    [
        "From: kim@example.net\n",
        "from: kim@example.net\n",
        "Received: from a by b with SMTP\n",
        "Received: from a\n\tby b with ESMTPS id 7\n",
        "Received: from a by b with ESMTPSA\nReceived: from c by d with ESMTP\n",
        "Received: from a by b\n",
    ],
)
def test_who_only_says_to_be_the_user_is_not(head):
    """Two senders, or a mail that came in: a header proves nothing."""
    assert read(box("I prefer Zormip.", head=head))[0] == []


@pytest.mark.parametrize(
    "head",
    [
        "",
        "Received: by 192.0.2.1 with HTTP; Thu, 1 Jan 2026 09:00:00\n",
        "Received: from [192.0.2.1] by smtp with ESMTPSA id 3\n",
    ],
)
def test_what_was_handed_in_is_the_users(head):
    """A copy that never travelled, or a mail sent under a password."""
    assert [d.chosen for d in read(box("Mine.", head=head))[0]] == ["Mine."]


@pytest.mark.parametrize(
    ("body", "text"),
    [
        ("a\n\n> b\n> c\n\nd", "a\n\nd"),
        ("Am 1.1.2026 um 9:00 schrieb Kim:\n> b\n\nd", "d"),
        (
            "a\n\nOn Thu, Jan 1, 2026 at 9:00 AM Kim\n<kim@example.net> wrote:\n\n> b",
            "a",
        ),
        ("I like three things:\n\n- tea\n\n> b", "I like three things:\n\n- tea"),
        ("a\n--\nAda", "a"),
        ("a\n-- \nAda", "a"),
        ("a\n--- \nb", "a\n---\nb"),
        ("a\n-----Original Message-----\nb", "a"),
        ("a\nBegin forwarded message:\nb", "a"),
        ("a\n\nVon: Kim\nGesendet: heute\nAn: Ada\n\nb", "a"),
        ("a\n________________________________\nb", "a"),
        ("From: here to there\nit is far", "From: here to there\nit is far"),
        ("> b", ""),
        ("", ""),
    ],
)
def test_of_a_mail_only_the_senders_own_words_are_kept(body, text):
    """Not what is quoted, by whatever mark, nor what leads it in."""
    assert mail_of(f"From: a@b.c\n\n{body}".encode()).text == text


@pytest.mark.parametrize(
    ("charset", "content", "text"),
    [
        ("utf-8", "Grüße".encode(), "Grüße"),
        ("iso-8859-15", "10 €".encode("iso-8859-15"), "10 €"),
        ("no-such-charset", "Grüße".encode(), "Grüße"),
        ("utf-8", b"a \xff b", "a \ufffd b"),
        ("unicode_escape", b"a \\u202e b", "a \\u202e b"),
        ("utf-16", "Grüße".encode("utf-16"), "Grüße"),
    ],
)
def test_words_are_decoded_or_replaced(charset, content, text):
    """An encoding that is unknown, or that is none of text, is taken for UTF-8."""
    head = f"From: a@b.c\nContent-Type: text/plain; charset={charset}\n\n"
    assert mail_of(head.encode() + content).text == text


def test_a_mail_is_met_again_in_another_mailbox():
    """By its Message-ID, of which no address is kept; else by its text."""
    head = "Message-ID: <m1@example.org>\n"
    (one,), _ = read(box("a", head=head))
    other, _ = read(box("b") + box("a", head=head))
    assert one.id == other[1].id
    assert "example" not in one.id
    (plain,), _ = read(box("a"))
    assert plain.id == read(box("b", "a"))[0][1].id != one.id


def test_an_attachment_costs_no_memory_and_no_words():
    """Of a mail as much is kept as a record may have; the next is read whole."""
    head = 'Content-Type: multipart/mixed; boundary="x"\n'
    lines = "QUJD" * 19 + "\n"
    body = f"--x\n\nWords.\n--x\nContent-Type: image/png\n\n{lines * 2000}--x--"
    deeds, tally = read(box(body, head=head) + box("Next."), max_record=4096)
    assert [deed.chosen for deed in deeds] == ["Words.", "Next."]
    assert tally.mended == {"a long mail, read in part": 1}


def test_a_line_without_end_is_passed_over():
    """Also in the headers; what comes after it is read."""
    deeds, _ = read(box("x" * 9000, "Next."), max_record=4096)
    assert deeds[-1].chosen == "Next."
    deeds, _ = read(box("a", head=f"X: {'x' * 9000}\n") + box("Next."), max_record=4096)
    assert deeds[-1].chosen == "Next."


def test_a_mail_made_to_break_readers_costs_itself():
    """Nested without end, a thousand headers, a boundary that never comes."""
    nested = "".join(
        f'--b{n}\nContent-Type: multipart/mixed; boundary="b{n + 1}"\n\n'
        for n in range(400)
    )
    first = 'Content-Type: multipart/mixed; boundary="b0"\n'
    many = "".join(f"X-{n}: y\n" for n in range(1500))
    content = box(nested, head=first) + box("a", head=many) + box("Next.")
    deeds, tally = read(content)
    assert [deed.chosen for deed in deeds] == ["Next."]
    assert tally.skipped == {
        "nested too deeply": 1,
        "a mail with too many headers": 1,
    }


def test_control_characters_do_not_come_through():
    """NUL is a fault, as in every log."""
    deeds, tally = read(box("a", "b\x00", "c" * 40))
    assert [deed.chosen[0] for deed in deeds] == ["a", "c"]
    assert tally.skipped == {"NUL character": 1}


WORDS = st.text(st.sampled_from("ab >\n-:From "), max_size=40)
BODIES = st.lists(WORDS, max_size=4)


def written(bodies: list[str]) -> bytes:
    """A mailbox, as its form wants it written."""
    lines = [[f">{line}" if line.lstrip(">").startswith("From ") else line
              for line in body.split("\n")] for body in bodies]  # fmt: skip
    return box(*("\n".join(one) for one in lines))


@given(BODIES, BODIES)
def test_mailboxes_can_be_joined(one, other):
    """What two tell is what both in one file tell."""
    content = [written(one), written(other)]
    apart = [deed for part in content if part for deed in read(part)[0]]
    assert read(b"".join(content))[0] == apart if any(content) else apart == []


@given(BODIES)
def test_a_mail_ends_where_the_next_begins(bodies):
    """Whatever stands in one: none is lost, and none is made of another's words."""
    _, tally = read(written(bodies)) if bodies else ([], Tally())
    assert tally.records == len(bodies)
    assert not tally.skipped


class Dripping(io.RawIOBase):
    """A stream that gives so many bytes at a time."""

    def __init__(self, content: bytes, sizes: list[int]) -> None:
        self._left, self._sizes = content, sizes

    def readable(self) -> bool:
        return True

    def readinto(self, buffer: bytearray) -> int:
        size = self._sizes[0] if self._sizes else len(buffer)
        self._sizes = self._sizes[1:]
        part, self._left = self._left[:size], self._left[size:]
        buffer[: len(part)] = part
        return len(part)


@given(BODIES, st.lists(st.integers(1, 60), max_size=30))
def test_however_a_stream_is_cut_it_tells_the_same(bodies, sizes):
    """A pipe gives what it has."""
    content = written(["I like tea.", *bodies])
    stream = io.BufferedReader(Dripping(content, sizes), 64)
    deeds = list(read_stream(stream, name="mail.mbox", tally=Tally(), me=ME))
    assert deeds == read(content)[0]


@settings(max_examples=200, derandomize=True)
@given(st.binary(max_size=300))
def test_no_mail_breaks_the_reader(content):
    """Its neighbours are read."""
    bad = content.replace(b"\nFrom ", b"\nfrom ")
    around = (
        box(*["Good."] * 30),
        b"From: ada@example.org\n" + bad + b"\n\n",
        box("Good."),
    )
    start = b"From a Thu Jan  1 09:00:00 2026\n"
    deeds, tally = read(around[0] + start + around[1] + around[2])
    assert sum(deed.chosen == "Good." for deed in deeds) >= 31
    assert tally.records == 32


def test_the_command_line_asks_whose_mails_they_are(run_persona):
    """And reads the same file again when it is told of another address."""
    run_persona("init", "me")
    done = run_persona("update", "me", str(BOX), code=2)
    assert "which address is yours" in done.stderr
    assert "--me" in done.stderr
    said = "- [i1] writing | Prefers tables to prose.\n"
    with ChatServer(ScriptedEngine(said, context=50_000)).running() as server:
        words = ("update", "me", str(BOX), "-m", server.url)
        done = run_persona(*words, "--me", "Ada@example.org", "--me", "a@example.org")
    assert "Prefers tables to prose." in done.stdout
    cursors = (run_persona.root / "me/.state/cursors.json").read_text()
    assert "example.org" not in cursors
    config = Path(run_persona.environ["XDG_CONFIG_HOME"]) / "persona"
    config.mkdir(parents=True, exist_ok=True)
    (config / "settings.yaml").write_text("me: [a@example.org, ada@example.org]\n")
    assert run_persona("update", "me", str(BOX)).stderr == "me: nothing new\n"


def test_who_one_is_stands_in_no_file_that_others_write(tmp_path):
    """In a shared persona.yaml, an address would make another's mails the user's."""
    (tmp_path / "persona.yaml").write_text("me: mallory@example.com\n")
    with pytest.raises(InputError, match="would count as yours"):
        load_settings(tmp_path, {}, {}, user=tmp_path / "none.yaml")
    mine = tmp_path / "mine.yaml"
    mine.write_text("me: ada@example.org\n")
    (tmp_path / "persona.yaml").unlink()
    assert load_settings(tmp_path, {}, {}, user=mine).me == ("ada@example.org",)
    several = {"PERSONA_ME": "a@example.org, b@example.org"}
    found = load_settings(tmp_path, {}, several, user=mine).me
    assert found == ("a@example.org", "b@example.org")


@pytest.mark.parametrize(
    ("before", "after", "same"),
    [
        (["a@b.c"], ["A@b.c "], True),
        (["a@b.c", "d@e.f"], ["d@e.f", "a@b.c"], True),
        (["a@b.c"], ["d@e.f"], False),
        (["a@b.c"], [], False),
    ],
)
def test_a_cursor_knows_for_whom_a_log_was_read(before, after, same):
    """Without keeping an address."""
    assert (read_as("mbox", before) == read_as("mbox", after)) == same
    assert "a@b.c" not in str(read_as("mbox", before))
    assert read_as(None, []) is None


def test_a_mailbox_in_a_folder_does_not_end_the_run(tmp_path):
    """Found and not named: it is passed over, and that is said."""
    logs, state = tmp_path / "logs", tmp_path / "state"
    logs.mkdir()
    state.mkdir()
    (logs / "a.mbox").write_bytes(BOX.read_bytes())
    (logs / "b.md").write_text("I like tea.\n")
    archive = Archive(state, held_share=0)
    done = gather(
        archive,
        [str(logs)],
        root=tmp_path / "p",
        stdin=io.BytesIO(),
        max_record=1 << 20,
    )
    assert (done.new, done.broken) == (1, 1)
    assert "passed over" in done.tally.notes[-1]
