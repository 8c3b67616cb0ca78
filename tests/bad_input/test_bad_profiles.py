"""Profiles, evidence, state and settings that are wrong."""

import shutil
from collections.abc import Callable

import pytest

from tests.bad_input.refusals import INPUT, USAGE, assert_refused, assert_works, running
from tests.nothing_lost import git
from tests.steady import litter


@pytest.mark.parametrize(
    "words",
    [["show"], ["update", "me", "good.jsonl"], ["apply", "me", "Hi."], ["why", "c1"]],
    ids=lambda words: words[0],
)
def test_no_profile_yet(run_persona, server, log, words):
    """What to do first; exit 3, and not so much as a folder is made."""
    done = run_persona(*words, code=INPUT)
    assert done.stderr.startswith(f"error: no profile in {run_persona.root}\n  try: ")
    assert "persona init" in done.stderr
    assert not run_persona.root.exists()
    if words[0] == "update":  # the remedy helps
        run_persona("init", "me")
        assert_works(run_persona, log)


@pytest.mark.parametrize("name", ["../x", "a/b", ".hidden", "-", "x\ny"])
def test_a_name_that_is_not_allowed(persona, log, name):
    """A way out of the root is no name; exit 2."""
    for word in ("show", "init"):
        run = running(persona, word, "--", name, code=USAGE)
        assert_refused(persona, run, USAGE, f"profile name {name!r} is not allowed")


def test_a_profile_that_leads_out_of_the_root(persona, tmp_path, log):
    """A folder that is a link to elsewhere; exit 2."""
    shutil.copytree(persona.root / "me", tmp_path / "elsewhere")
    (persona.root / "out").symlink_to(tmp_path / "elsewhere")
    for words in (["update", "out", str(log)], ["show", "out"], ["apply", "out", "Hi"]):
        run = running(persona, *words, code=USAGE)
        assert_refused(persona, run, USAGE, f"{persona.root / 'out'}: leads out of")
    (persona.root / "out").unlink()
    assert_works(persona, log)


def test_a_profile_file_that_leads_out(persona, tmp_path, log, server):
    """Its words would be written elsewhere: refused before a model is asked; exit 3."""
    path = persona.root / "me/profile.md"
    shutil.move(path, tmp_path / "elsewhere.md")
    path.symlink_to(tmp_path / "elsewhere.md")
    asked = len(server.requests)
    run = running(persona, "update", "me", str(log), code=INPUT)
    assert_refused(persona, run, INPUT, f"{path}: ", state=False)
    assert len(server.requests) == asked
    path.unlink()
    shutil.move(tmp_path / "elsewhere.md", path)
    assert_works(persona, log)


def head_with(line: str) -> Callable[[bytes], bytes]:
    """Adds a line to the front matter, as its fourth."""
    added = f"\npersona: 1\n{line}\n".encode()
    return lambda old: old.replace(b"\npersona: 1\n", added)


PROFILES = {
    "duplicate key": (
        head_with("editor: vim\neditor: emacs"),
        "6:1: duplicate key 'editor'",
    ),
    "alias": (head_with("a: &x [1]\nb: *x"), "5:4: anchors are not allowed"),
    "alias alone": (head_with("b: *x"), "5:4: aliases are not allowed"),
    "tag": (head_with("a: !!python/name:os.system x"), "5:4: tags are not allowed"),
    "too deep": (head_with("a: " + "[" * 30 + "]" * 30), "5:23: nested deeper than 20"),
    "too big": (head_with(f"a: {'x' * 1_000_001}"), "2:1: too large"),
    "no YAML": (head_with("a: [1"), "6:8: "),
    "no front matter": (lambda _: b"# Me\n", "1: not a profile: no front matter"),
    "empty": (lambda _: b"", "1: not a profile"),
    "of a newer persona": (
        lambda old: old.replace(b"persona: 1\n", b"persona: 99\n"),
        "1: written by a newer persona (format 99)",
    ),
    "another file": (
        lambda old: old.replace(b"type: persona-profile", b"type: note"),
        "1: not a profile",
    ),
    "conflict markers": (
        lambda old: old + b"<<<<<<< HEAD\n- a\n=======\n- b\n>>>>>>> other\n",
        "14: unresolved merge conflict",
    ),
    "not UTF-8": (lambda old: old + b"\xff\xfe", "14:1: not UTF-8 text (byte 0xff at"),
    "5 MB": (lambda _: b"\0" * (5 << 20), " 5 MB are no profile"),
}


@pytest.mark.parametrize("row", PROFILES)
def test_a_profile_that_cannot_be_read(persona, log, row):
    """File, line, column and fault; exit 3; ``undo`` takes the last good version.

    Not committed either: whoever broke it may yet mend it.
    """
    make, says = PROFILES[row]
    path = persona.root / "me/profile.md"
    good = path.read_bytes()
    path.write_bytes(make(good))
    assert path.read_bytes() != good
    run = running(persona, "update", "me", str(log), code=INPUT)
    assert_refused(persona, run, INPUT, f"{path}:{says}", logs=(log,))
    if row not in ("duplicate key", "empty", "not UTF-8", "5 MB"):
        return  # one of each kind of fault is enough
    persona("undo", "me")
    assert claim_lines(path.read_bytes()) == claim_lines(good)
    assert litter(persona.root) == []


def claim_lines(profile: bytes) -> list[bytes]:
    """The claims of a profile file."""
    return [line for line in profile.splitlines() if line.startswith(b"- ")]


def test_evidence_that_is_damaged(persona, log):
    """Its file and line; exit 3."""
    path = persona.root / "me/evidence.jsonl"
    good = path.read_bytes()
    path.write_bytes(good[:40] + b"\n" + good)
    run = running(persona, "update", "me", str(log), code=INPUT)
    assert_refused(persona, run, INPUT, f"{path}:1: ")
    path.write_bytes(good)
    assert_works(persona, log)


@pytest.mark.parametrize("name", ["archive.jsonl", "folded.jsonl", "cursors.json"])
def test_state_that_is_damaged(persona, log, name):
    """The file and what to do; doing it helps. Cursors only save time: no fault."""
    path = persona.root / "me/.state" / name
    path.write_bytes(b"}{ damaged\n" + path.read_bytes())
    if name != "cursors.json":
        run = running(persona, "update", "me", str(log), code=INPUT)
        remedy = "persona restore me"
        assert_refused(persona, run, INPUT, f"{path}:1: damaged", remedy)
        persona("restore", "me")
    assert_works(persona, log)


def test_edits_by_hand_come_first(persona, log):
    """What a person had not committed is committed as theirs; exit 0.

    The design commits it always; there is no ``--no-autocommit``.
    """
    path = persona.root / "me/profile.md"
    path.write_bytes(path.read_bytes() + b"- I drink tea.\n")
    (persona.root / "notes.txt").write_text("mine\n")
    persona("update", "me", str(log))
    assert b"- I drink tea.\n" in path.read_bytes()
    said = git(persona.root, "log", "-2", "--format=%s").splitlines()
    assert said[1] == "me: edited by hand"
    assert git(persona.root, "status", "--porcelain") == "?? notes.txt\n"


@pytest.mark.parametrize(
    ("words", "says"),
    [
        (["show", "nobody"], "no profile 'nobody' in"),
        (["update", "nobody", "good.jsonl"], "no profile 'nobody', and no such log"),
        (["why", "c0ffee"], "no claim 'c0ffee' in this profile"),
        (["forget", "c0ffee"], "no claim 'c0ffee' in this profile"),
        (["forget", "--source", "nowhere"], "nowhere"),
        (["undo", "--to", "99"], "no version '99'"),
        (["diff", "99"], "no version '99'"),
    ],
    ids=lambda value: " ".join(value) if isinstance(value, list) else "",
)
def test_a_word_that_names_nothing(persona, log, words, says):
    """A profile, claim, source or version that is not there; exit 2."""
    run = running(persona, *words, code=USAGE)
    assert_refused(persona, run, USAGE, says)


SETTINGS = {
    "unknown key": ("modle: tiny\n", "persona.yaml:1: unknown setting", "'model'"),
    "wrong type": ("seed: soon\n", "persona.yaml:1: 'soon' is not", "Mend"),
    "out of range": ("held_out: 1.5\n", "persona.yaml:1: held_out is 1.5", "Mend"),
    "not YAML": ("a: [\n", "persona.yaml:2:1: ", "Mend"),
}


@pytest.mark.parametrize("row", SETTINGS)
def test_settings_that_are_wrong(persona, log, row):
    """File, line, key, and the nearest that is known; exit 3."""
    text, says, tries = SETTINGS[row]
    path = persona.root / "persona.yaml"
    path.write_text(text)
    run = running(persona, "update", "me", str(log), code=INPUT)
    assert_refused(persona, run, INPUT, says, tries)
    path.unlink()
    if row == "not YAML":
        assert_works(persona, log)
