"""R11: whatever stands in a profile, its evidence or the settings.

What can be read is kept to the byte; the rest is refused in two lines, with its place.
"""

import random
import re
import time
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

import pytest
import yaml

from persona_cli import profile as pr
from persona_cli import strict_yaml
from persona_cli.errors import InputError
from persona_cli.places import decoded
from tests.torture.in_process import Here, answering, pair
from tests.torture.mutations import mutated
from tests.torture.sizes import note_figure, size

PROFILE, EVIDENCE, SETTINGS = "me/profile.md", "me/evidence.jsonl", "persona.yaml"
GOOD_SETTINGS = b"seed: 7\nheld_out: 0\n# mine\nlock_timeout: 5\n"

# CPU seconds of a command on one file: no pattern and no bomb takes that long.
LONGEST = 4.0


@dataclass(frozen=True)
class Case:
    """A file, and what stands in it."""

    name: str
    path: str
    content: bytes


@pytest.fixture(scope="module")
def good(tmp_path_factory) -> Iterator[Here]:
    """A profile that has claims, evidence and settings, and a model that answers."""
    with pytest.MonkeyPatch.context() as patch:
        home = tmp_path_factory.mktemp("home")
        for name in ("HOME", "XDG_CONFIG_HOME", "XDG_DATA_HOME", "XDG_STATE_HOME"):
            patch.setenv(name, str(home))
        root = tmp_path_factory.mktemp("wrong") / "profiles"
        with answering(patch):
            persona = Here(root)
            persona("init", "me")
            log = root.parent / "first.jsonl"
            log.write_bytes(b"".join(pair(n) for n in range(6)))
            persona("update", "me", str(log))
            with (root / PROFILE).open("a") as file:
                file.write("\nSome words of mine.\n\n- I work in UTC, always.\n")
            (root / SETTINGS).write_bytes(GOOD_SETTINGS)
            yield persona


@pytest.fixture(autouse=True)
def model(good, monkeypatch) -> Iterator[None]:
    """The model, for each test anew: their homes are their own."""
    monkeypatch.setattr("persona_cli.cli.use.leave", lambda: None)  # ends the process
    with answering(monkeypatch):
        yield


def _head(line: str) -> Callable[[bytes], bytes]:
    return lambda old: old.replace(b"persona: 1\n", f"persona: 1\n{line}\n".encode())


BOMB = "a: &a [x, x]\n" + "".join(
    f"{new}: &{new} [{', '.join([f'*{old}'] * 9)}]\n"
    for old, new in zip("abcdefgh", "bcdefghi", strict=True)
)

# In front matter or settings, and none of it may pass.
HOSTILE = {
    "an alias bomb": BOMB.rstrip("\n"),
    "a merge key": "a: &a {b: 1}\nc:\n  <<: *a",
    "a key twice": "editor: vim\neditor: emacs",
    "a key twice, deep": "a: {b: 1, b: 2}",
    "a tag": "a: !!python/object/apply:os.system [id]",
    "deep lists": "a: " + "[" * 500 + "]" * 500,
    "deep maps": "".join(f"{' ' * n}a:\n" for n in range(60)).rstrip("\n"),
    "a line of 1 MB": f"a: {'x' * 1_000_001}",
    "NUL": "a: \x00",
    "half a character": "a: \ufffe",
    "no end": 'a: "never closed',
    "a tab": "a:\n\tb: 1",
    "two documents": "a: 1\n--- b",
}


def hostile_cases(profile: bytes) -> Iterator[Case]:
    for name, line in HOSTILE.items():
        yield Case(name, PROFILE, _head(line)(profile))
        if name != "two documents":
            content = GOOD_SETTINGS + line.encode() + b"\n"
            yield Case(name, SETTINGS, content)
    for at in (0, 3, 9):
        lines = profile.splitlines(keepends=True)
        lines.insert(at, b"<<<<<<< HEAD\n")
        yield Case("a conflict", PROFILE, b"".join(lines))


def chance_cases(good: Here, count: int) -> Iterator[Case]:
    contents = {path: (good.root / path).read_bytes() for path in (PROFILE, EVIDENCE)}
    contents[SETTINGS] = GOOD_SETTINGS
    paths = (PROFILE, PROFILE, PROFILE, EVIDENCE, SETTINGS)
    for number in range(count):
        path = paths[number % len(paths)]
        content = mutated(contents[path], random.Random(number))
        yield Case(f"mutation {number}", path, content)


def says_where(output: str, case: Case) -> bool:
    """Whether a refusal names the file and the line, and then what to try.

    What is no longer there has no line.
    """
    name = re.escape(Path(case.path).name)
    lost = r": line \d+ of .* is lost or changed.*"
    gone = lost if case.path == EVIDENCE else r"(?!)"
    place = rf"error: \S*{name}(?::\d+(?::\d+)?: .+|{gone})\n  try: .+"
    return re.search(place, output) is not None


def faults(persona: Here, case: Case) -> list[str]:
    """What is wrong with how the reading commands take a file; no more than that."""
    path = persona.root / case.path
    before = path.read_bytes()
    path.write_bytes(case.content)
    found: list[str] = []
    start = time.process_time()
    codes: dict[str, int] = {}
    try:
        for words in (("show", "me"), ("apply", "me", "Hello.")):
            done = persona(*words, code=None)
            codes[words[0]] = done.exit_code
            if done.exit_code not in (0, 3):
                found.append(f"{words[0]}: exit {done.exit_code}: {done.output[-300:]}")
            if done.exit_code == 3 and not says_where(done.output, case):
                found.append(f"{words[0]}: no line: {done.output[-300:]}")
        if path.read_bytes() != case.content:
            found.append("it was changed")
        if case.path == PROFILE:
            found += _profile_faults(case.content, codes["show"])
    finally:
        path.write_bytes(before)
    if (spent := time.process_time() - start) > LONGEST:
        found.append(f"{spent:.1f} s")
    return found


def _profile_faults(content: bytes, code: int) -> Iterator[str]:
    place = Path("profile.md")
    try:
        profile = pr.parse(decoded(content, place), place="profile.md")
    except InputError:
        if code != 3:
            yield "show takes what cannot be read"
        return
    if code != 0:
        yield "show refuses what can be read"
    if pr.render(profile).encode() != content:
        yield "read and written it is another"


def refused(persona: Here, case: Case) -> bool:
    """Whether ``show`` refuses a file, and is none the worse for it."""
    path = persona.root / case.path
    before = path.read_bytes()
    path.write_bytes(case.content)
    try:
        done = persona("show", "me", code=None)
    finally:
        path.write_bytes(before)
    return done.exit_code == 3 and says_where(done.output, case)


def test_what_is_dangerous_is_refused_with_its_line(good, monkeypatch):
    """Bombs, doubles, tags and conflicts; a YAML reader off the shelf takes them."""
    cases = list(hostile_cases((good.root / PROFILE).read_bytes()))
    passed = [(case.name, case.path) for case in cases if not refused(good, case)]
    assert passed == []
    small = [case for case in cases if "bomb" not in case.name]
    with monkeypatch.context() as patch:
        patch.setattr(strict_yaml, "load", yaml.safe_load)
        taken = [case for case in small if not _refused_somehow(good, case)]
    assert len(taken) >= 6
    note_figure(
        "R11",
        "hostile YAML and conflict marks",
        len(cases),
        twin=f"PyYAML's own reader: {len(taken)} of {len(small)} taken",
    )


def _refused_somehow(persona: Here, case: Case) -> bool:
    try:
        return refused(persona, case)
    except (AssertionError, yaml.YAMLError):
        return False


def test_whatever_stands_there(good, monkeypatch):
    """By chance: kept to the byte, or refused with its line; never a traceback."""
    count = size(400, 1_900)
    cases = list(chance_cases(good, count))
    found = {case.name: wrong for case in cases if (wrong := faults(good, case))}
    assert not found, "\n".join(f"{name}: {said}" for name, said in found.items())
    with monkeypatch.context() as patch:
        patch.setattr(pr, "render", _tidied)
        some = [case for case in cases[:100] if case.path == PROFILE]
        twin = sum(bool(faults(good, case)) for case in some)
    assert twin
    note_figure(
        "R11",
        "profile, evidence and settings, mutated: show, apply",
        count,
        twin=f"a writer that tidies up: {twin} of {len(some)} not the same",
    )


def _tidied(profile: pr.Profile) -> str:
    return "".join(line.rstrip() + "\n" for line in profile.head + profile.body)


def updated_and_undone(good: Here, case: Case, folder: Path) -> list[str]:
    """What is wrong after an update and an undo of a profile in which a file is so."""
    persona = good.copied(folder / "profiles")
    path = persona.root / case.path
    path.write_bytes(case.content)
    log = folder / "log.jsonl"
    log.write_bytes(pair(20))
    found: list[str] = []
    done = persona("update", "me", str(log), code=None)
    if done.exit_code not in (0, 3, 4):
        found.append(f"update: exit {done.exit_code}: {done.output[-300:]}")
    elif done.exit_code:  # 4: a claim of thousands of words leaves a model no room
        if done.exit_code == 3 and not says_where(done.output, case):
            found.append(f"update: no line: {done.output[-300:]}")
        if path.read_bytes() != case.content:
            found.append("update: refused, and changed all the same")
    elif case.path == PROFILE:
        lost = _hand_written(case.content) - _hand_written(path.read_bytes())
        found += [f"update: lost {line!r}" for line in lost]
    done = persona("undo", "me", code=None)
    if done.exit_code not in (0, 2, 3):
        found.append(f"undo: exit {done.exit_code}: {done.output[-300:]}")
    if case.path == PROFILE and done.exit_code == 0:
        persona("show", "me")
    return found


def test_an_update_and_an_undo_of_whatever_stands_there(good, tmp_path, monkeypatch):
    """Both end by name; a person's lines survive the one, and the other brings back."""
    count = size(14, 80)
    cases = list(chance_cases(good, count))
    for number, case in enumerate(cases):
        assert updated_and_undone(good, case, tmp_path / str(number)) == [], case.name
    with monkeypatch.context() as patch:
        patch.setattr(pr, "render", _without_what_is_not_marked)
        some = [case for case in cases if case.path == PROFILE][:5]
        folders = [tmp_path / f"twin {number}" for number in range(len(some))]
        twin = sum(
            bool(updated_and_undone(good, case, folder))
            for case, folder in zip(some, folders, strict=True)
        )
    assert twin
    note_figure(
        "R11",
        "mutated, then update and undo",
        count,
        twin=f"a writer of its own lines alone: {twin} of {len(some)} lost words",
    )


def _without_what_is_not_marked(profile: pr.Profile) -> str:
    marked = [line for line in profile.body if "<!--" in line or line.startswith("#")]
    return "".join([*profile.head, *marked])


def _hand_written(content: bytes) -> set[bytes]:
    """Lines that no mark says are persona's, and no front matter's."""
    body = content.split(b"---", 2)[-1]
    return {line for line in body.splitlines() if line.strip() and b"<!--" not in line}
