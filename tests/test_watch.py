"""Updates that happen by themselves: what is written where, and that it runs."""

import json
import os
import re
import shutil
import subprocess
import time
from dataclasses import replace
from itertools import pairwise
from pathlib import Path

import pytest

from persona_cli.enabled import Wish, enable
from persona_cli.errors import InputError, UsageError
from persona_cli.init import init
from persona_cli.known_sources import Surroundings
from persona_cli.watch import Cron, Hook, Job, Systemd, every, job_for
from tests.chat_server import ChatServer
from tests.fakes import ScriptedEngine

# A path like this is allowed on every file system persona runs on.
ODD = "a b%c $d 'e' \"f\" \\g=ü"

# Stands in for cron's own program, which keeps the crontab of its caller.
CRONTAB = """#!/bin/sh
if [ "$1" = -l ]; then
    test -f "$TABLE" && exec cat "$TABLE"
    echo "no crontab for ada" >&2
    exit 1
fi
if [ -f "$TABLE.refuses" ]; then
    cat >/dev/null
    echo "errors in crontab file, can't install" >&2
    exit 1
fi
exec cat >"$TABLE"
"""

# Stands in for a systemd that is told things.
SYSTEMCTL = """#!/bin/sh
echo "$*" >>"$TOLD"
test ! -f "$TOLD.refuses" || { echo "Failed to connect to bus" >&2; exit 1; }
"""

# Stands in for persona: notes how it was called.
NOTES = """#!/bin/sh
{ for word in "$@"; do printf '%s\\0' "$word"; done
  printf '%s\\0' "$CLAUDE_CONFIG_DIR" "${GIT_DIR-no}${GIT_INDEX_FILE-no}"
} >"$NOTED.part"
echo "a claim" ; echo "1 logs read" >&2
mv "$NOTED.part" "$NOTED"
"""


def program(path: Path, text: str) -> Path:
    path.parent.mkdir(parents=True, exist_ok=True)
    path.write_text(text)
    path.chmod(0o755)
    return path


@pytest.fixture
def stand_ins(tmp_path, monkeypatch) -> Path:
    """A folder of programs that stand in for others, first on the PATH."""
    folder = tmp_path / "bin"
    folder.mkdir()
    monkeypatch.setenv("PATH", f"{folder}{os.pathsep}{os.environ['PATH']}")
    monkeypatch.setenv("TABLE", str(tmp_path / "table"))
    monkeypatch.setenv("TOLD", str(tmp_path / "told"))
    monkeypatch.setenv("NOTED", str(tmp_path / "noted"))
    program(folder / "crontab", CRONTAB)
    program(folder / "systemctl", SYSTEMCTL)
    program(folder / "logger", '#!/bin/sh\ncat >"$NOTED.log"\n')
    return folder


@pytest.fixture
def job(tmp_path, stand_ins) -> Job:
    """A job whose program, root and variables have every character that acts."""
    fake = program(tmp_path / ODD / "persona", NOTES)
    root = str(tmp_path / ODD / "profiles")
    argv = (str(fake), "update", "me", "--all", "--root", root)
    environ = {"PATH": "/usr/bin:/bin", "CLAUDE_CONFIG_DIR": str(tmp_path / ODD)}
    return Job("me-0123abcd", "me", argv, environ)


def noted(tmp_path: Path, job: Job) -> list[str]:
    """How the program was called, once it was."""
    path = tmp_path / "noted"
    for _ in range(200):
        if path.exists():
            break
        time.sleep(0.05)
    *words, claude, git_dir, _ = path.read_text().split("\0")
    assert [claude, git_dir] == [job.environ["CLAUDE_CONFIG_DIR"], "nono"]
    return words


def made(keeper, changes) -> list[str]:
    keeper.make(changes)
    return [change.where for change in changes]


def as_cron_runs_it(line: str) -> tuple[list[str], str]:
    """The five fields of a line, and the command that cron gives to a shell.

    A ``%`` without a backslash would end the command: crontab(5).
    """
    *fields, command = line.split(" ", 5)
    assert not re.search(r"(?<!\\)%", command), command
    return fields, command.replace("\\%", "%")


def minutes_of_a_day(fields: list[str]) -> list[int]:
    """Every minute of a day at which a line's time has come."""

    def all_of(field: str, most: int) -> set[int]:
        span, _, step = field.partition("/")
        first, _, last = span.partition("-")
        if span == "*":
            return set(range(0, most, int(step or 1)))
        assert int(last or first) < most
        return set(range(int(first), int(last or first) + 1, int(step or 1)))

    assert fields[2:] == ["*", "*", "*"]
    at, hours = all_of(fields[0], 60), all_of(fields[1], 24)
    return sorted(60 * hour + minute for hour in hours for minute in at)


@pytest.mark.parametrize(
    ("said", "seconds"), [("5m", 300), ("30m", 1800), ("1h", 3600), ("2d", 172_800)]
)
def test_how_often(said, seconds):
    """Minutes, hours or days."""
    assert every(said) == seconds


@pytest.mark.parametrize("said", ["1m", "0h", "32d", "1w", "h", "", "-1h", "1h; rm x"])
def test_how_often_not(said):
    """Anything else is refused, and never written anywhere."""
    with pytest.raises(UsageError, match="no time between 5m and 31d"):
        every(said)


def test_a_job_knows_its_program_its_root_and_where_logs_are(tmp_path):
    """By whole paths; of the environment no more than where things lie."""
    given = {"CODEX_HOME": "/c", "PERSONA_API_KEY": "sk", "PATH": os.environ["PATH"]}
    job = job_for("me", tmp_path / "profiles", given)
    assert Path(job.argv[0]).is_absolute()
    assert job.argv[-7:-2] == (
        "update",
        "me",
        "--all",
        "--root",
        str(tmp_path / "profiles"),
    )
    assert job.argv[-2] == "--lock-timeout"
    assert set(job.environ) == {"PATH", "CODEX_HOME"}
    assert shutil.which("git", path=job.environ["PATH"])
    assert job.id != job_for("me", tmp_path / "other", given).id
    assert job.id != job_for("you", tmp_path / "profiles", given).id


@pytest.mark.parametrize("before", [None, "", "# mine\n0 5 * * * /bin/true 100\\%\n"])
def test_a_line_of_cron_comes_and_goes(tmp_path, job, before):
    """No other line is touched, twice is once, and the shell gets what was meant."""
    table = tmp_path / "table"
    if before is not None:
        table.write_text(before)
    cron = Cron()
    assert made(cron, cron.install(job, 3600)) == ["crontab"]
    text = table.read_text()
    assert text.startswith(before or "")
    assert not cron.install(job, 3600)[0].needed
    made(cron, cron.install(job, 1800))
    assert len(table.read_text().splitlines()) == len(text.splitlines())
    made(cron, cron.install(job, 3600))
    assert table.read_text() == text
    (line,) = [one for one in text.splitlines() if ODD[0:3] in one.replace("\\", "")]
    _, command = as_cron_runs_it(line)
    environ = {"NOTED": os.environ["NOTED"]}
    subprocess.run(["/bin/sh", "-c", command], env=environ, check=True)
    assert noted(tmp_path, job) == list(job.argv[1:])
    # how it went is told, what was learned is not
    assert (tmp_path / "noted.log").read_text() == "1 logs read\n"
    made(cron, cron.remove(job))
    assert table.read_text() == (before or "")
    assert not cron.remove(job)[0].needed


@pytest.mark.parametrize(
    ("seconds", "times"),
    [(300, 288), (1800, 48), (3600, 24), (7200, 12), (21_600, 4), (86_400, 1)],
)
def test_cron_comes_as_often_as_it_should(tmp_path, job, seconds, times):
    """With the same time between any two."""
    cron = Cron()
    made(cron, cron.install(job, seconds))
    line = (tmp_path / "table").read_text().splitlines()[1]
    found = minutes_of_a_day(as_cron_runs_it(line)[0])
    assert len(found) == times
    gaps = {b - a for a, b in pairwise(found)}
    assert gaps in ({seconds // 60}, set())


@pytest.mark.parametrize("seconds", [420, 5400, 18_000, 172_800])
def test_what_cron_cannot_do_is_refused(job, seconds):
    """Seven minutes, or five hours, do not go into its clock."""
    with pytest.raises(UsageError, match="does not go evenly"):
        Cron().install(job, seconds)


def test_a_crontab_that_is_damaged_or_refused_stays(tmp_path, job):
    """One mark without the other is a person's to mend."""
    table, cron = tmp_path / "table", Cron()
    table.write_text("# persona watch begin me-0123abcd\n1 * * * * x\n")
    with pytest.raises(InputError, match="marks around persona's lines are damaged"):
        cron.install(job, 3600)
    table.write_text("1 * * * * x\n")
    (tmp_path / "table.refuses").touch()
    with pytest.raises(InputError, match="can't install; nothing was changed"):
        made(cron, cron.install(job, 3600))
    assert table.read_text() == "1 * * * * x\n"


def test_jobs_of_two_profiles_stand_side_by_side(tmp_path, job):
    """Each takes its own away."""
    cron = Cron()
    other = Job("you-0123abcd", "you", job.argv, job.environ)
    made(cron, cron.install(job, 3600))
    one = (tmp_path / "table").read_text()
    made(cron, cron.install(other, 3600))
    made(cron, cron.remove(other))
    assert (tmp_path / "table").read_text() == one


def test_no_line_break_gets_into_anybodys_file(tmp_path, stand_ins):
    """A path with one is refused, and says so."""
    job = Job("me-1", "me", ("/bin/persona\n* * * * * x",), {})
    git_repository(tmp_path / "repo")
    for keeper in (
        Cron(),
        Systemd(Surroundings({}, tmp_path)),
        Hook(tmp_path / "repo"),
    ):
        with pytest.raises(UsageError, match="cannot hold it"):
            keeper.install(job, 3600)


def unquoted(text: str) -> list[str]:
    """The words of a line of a unit file: systemd.syntax(7), the part that we use."""
    words = re.findall(r'"((?:[^"\\]|\\.)*)"', text)
    return [re.sub(r"\\(.)", r"\1", word).replace("%%", "%") for word in words]


def unquoting(job: Job, tmp_path: Path) -> Job:
    """The job, with a program that systemd starts."""
    fake = program(tmp_path / "a b%c $d ü" / "persona", NOTES)
    return replace(job, argv=(str(fake), *job.argv[1:]))


def test_a_timer_of_systemd(tmp_path, job):
    """Real systemd has no fault to find with it, and finds the program it names."""
    systemd = Systemd(Surroundings({}, tmp_path / "home"))
    with pytest.raises(UsageError, match="no program with quotes"):
        systemd.install(job, 7200)
    job = unquoting(job, tmp_path)
    service, timer = map(Path, made(systemd, systemd.install(job, 7200)))
    assert (tmp_path / "told").read_text().splitlines() == [
        "--user daemon-reload",
        f"--user enable {timer.name}",
        f"--user restart {timer.name}",
    ]
    said = dict(
        line.split("=", 1) for line in service.read_text().splitlines() if "=" in line
    )
    assert said["ExecStart"].startswith(':"')
    assert unquoted(said["ExecStart"]) == list(job.argv)
    assert said["StandardOutput"] == "null"
    environ = unquoted(service.read_text().partition("ExecStart")[0])
    assert environ == [f"{name}={value}" for name, value in job.environ.items()]
    assert "OnUnitInactiveSec=7200\n" in timer.read_text()
    assert not any(change.needed for change in systemd.install(job, 7200))
    verified(tmp_path, service, timer)
    Path(job.argv[0]).rename(tmp_path / "moved")
    with pytest.raises(AssertionError, match="is not executable"):
        verified(tmp_path, service, timer)
    made(systemd, systemd.remove(job))
    assert [p for p in (tmp_path / "home").rglob("*") if p.is_file()] == []


def verified(tmp_path: Path, *units: Path) -> None:
    """What systemd itself says of unit files."""
    if shutil.which("systemd-analyze") is None:
        pytest.skip("no systemd-analyze here")
    (tmp_path / "run").mkdir(exist_ok=True)
    done = subprocess.run(
        ["systemd-analyze", "verify", "--user", *units],
        capture_output=True,
        text=True,
        env={**os.environ, "XDG_RUNTIME_DIR": str(tmp_path / "run")},
    )
    assert (done.returncode, done.stderr) == (0, ""), done.stderr


def test_systemd_that_refuses_leaves_nothing_behind(tmp_path, job):
    """Or what was there before."""
    job = unquoting(job, tmp_path)
    systemd = Systemd(Surroundings({"XDG_CONFIG_HOME": str(tmp_path / "c")}, tmp_path))
    (tmp_path / "told.refuses").touch()
    with pytest.raises(InputError, match="Failed to connect to bus; nothing was"):
        made(systemd, systemd.install(job, 3600))
    assert [p for p in (tmp_path / "c").rglob("*") if p.is_file()] == []
    (tmp_path / "told.refuses").unlink()
    _, timer = map(Path, made(systemd, systemd.install(job, 3600)))
    before = timer.read_text()
    (tmp_path / "told.refuses").touch()
    with pytest.raises(InputError):
        made(systemd, systemd.install(job, 7200))
    assert timer.read_text() == before


def test_a_unit_of_somebody_elses_stays(tmp_path, job):
    """Neither written over nor taken away."""
    job = unquoting(job, tmp_path)
    systemd = Systemd(Surroundings({}, tmp_path))
    path = systemd.folder / "persona-me-0123abcd.timer"
    path.parent.mkdir(parents=True)
    path.write_text("[Timer]\n")
    for plan in (lambda: systemd.install(job, 3600), lambda: systemd.remove(job)):
        with pytest.raises(UsageError, match="is not persona's"):
            plan()
    assert path.read_text() == "[Timer]\n"


def git_repository(folder: Path) -> Path:
    subprocess.run(["git", "init", "-q", folder], check=True)
    shutil.rmtree(folder / ".git" / "hooks", ignore_errors=True)
    return folder


def commit(folder: Path) -> None:
    words = ["commit", "-q", "--allow-empty", "-m", "x"]
    subprocess.run(["git", "-C", folder, *words], check=True, timeout=20)


def test_a_hook_runs_after_a_commit(tmp_path, job):
    """Real git starts it, and it is told nothing of that repository's own."""
    repo = git_repository(tmp_path / "my repo")
    hook = Hook(repo)
    (where,) = made(hook, hook.install(job, 0))
    assert Path(where) == repo / ".git" / "hooks" / "post-commit"
    assert not hook.install(job, 0)[0].needed
    commit(repo)
    assert noted(tmp_path, job) == list(job.argv[1:])
    made(hook, hook.remove(job))
    assert not Path(where).exists()
    assert not hook.remove(job)[0].needed


def test_a_hook_that_is_there_is_never_changed(tmp_path, job):
    """The lines to add are said; once added they are known, renewed and taken out."""
    repo = git_repository(tmp_path / "repo")
    path = program(repo / ".git/hooks/post-commit", "#!/bin/sh\necho mine\n")
    with pytest.raises(UsageError, match="persona changes none") as caught:
        Hook(repo).install(job, 0)
    assert path.read_text() == "#!/bin/sh\necho mine\n"
    lines = caught.value.remedy.partition("\n")[2]
    path.write_text(f"#!/bin/sh\n{lines.replace('--all', '--none')}echo mine\n")
    made(Hook(repo), Hook(repo).install(job, 0))
    assert path.read_text() == f"#!/bin/sh\n{lines}echo mine\n"
    assert path.stat().st_mode & 0o777 == 0o755
    made(Hook(repo), Hook(repo).remove(job))
    assert path.read_text() == "#!/bin/sh\necho mine\n"


def test_hooks_that_are_kept_elsewhere_are_not_ours(tmp_path, job):
    """Those may be tracked, or everybody's; and a link may lead there too."""
    repo = git_repository(tmp_path / "repo")
    subprocess.run(
        ["git", "-C", repo, "config", "core.hooksPath", ".husky"], check=True
    )
    with pytest.raises(UsageError, match=r"is kept outside of \.git"):
        Hook(repo).install(job, 0)
    assert not (repo / ".husky").exists()
    other = git_repository(tmp_path / "other")
    (other / ".git/hooks").mkdir()
    (other / ".git/hooks/post-commit").symlink_to(tmp_path / "elsewhere")
    with pytest.raises(UsageError, match="persona changes none"):
        Hook(other).install(job, 0)
    with pytest.raises(UsageError, match="not in a git repository"):
        Hook(tmp_path).install(job, 0)


@pytest.fixture
def persona(run_persona, stand_ins):
    """A command line with an empty profile, and the stand-ins on its PATH."""
    for name in ("TABLE", "TOLD", "NOTED"):
        run_persona.environ[name] = os.environ[name]
    run_persona.environ["PATH"] = os.environ["PATH"]
    init(run_persona.root, "me", title=None)
    return run_persona


def test_it_is_shown_first_and_asked(persona, tmp_path):
    """Without a terminal and without --yes nothing is written."""
    table = tmp_path / "table"
    shown = persona("watch", "me", "--install", "cron", "--dry-run")
    assert "writes to crontab:\n    # persona watch begin me-" in shown.stdout
    asked = persona("watch", "me", "--install", "cron", code=2)
    assert asked.stdout == shown.stdout
    assert "--yes" in asked.stderr
    assert not table.exists()
    persona("watch", "me", "--install", "cron", "--every", "1d", "--yes")
    starts = json.loads(persona("watch", "--json").stdout)["starts"]
    assert starts == {"systemd": None, "cron": "crontab", "hook": None}
    again = persona("watch", "me", "--install", "cron", "--every", "1d")
    assert "is there already" in again.stderr
    gone = persona("watch", "me", "--remove", "cron", "--yes")
    assert "takes out of crontab:" in gone.stdout
    assert table.read_text() == ""
    assert "nothing to take away" in persona("watch", "--remove", "cron").stderr


@pytest.mark.parametrize(
    "words",
    [
        ("--install", "at"),
        ("--install", "cron", "--remove", "cron"),
        ("--every", "1h"),
        ("--install", "hook", "--every", "1h"),
        ("--install", "cron", "--every", "7m"),
    ],
)
def test_what_cannot_be_is_refused(persona, words, tmp_path):
    """With exit code 2."""
    persona("watch", "me", *words, code=2)
    assert not (tmp_path / "table").exists()


def test_the_line_of_cron_folds_in_what_is_new(persona, own_home, tmp_path):
    """As cron would start it: an empty environment, a shell, the real persona."""
    notes = tmp_path / "notes.md"
    notes.write_text("I like rain, and I like fog.")
    enable(persona.root, Wish("notes", "text", str(notes)))
    server = ChatServer(ScriptedEngine("- [i1] general | Likes rain and fog.\n"))
    with (persona.root / "persona.yaml").open("a") as file:
        file.write(f"model: {server.url}\n")
    persona("watch", "me", "--install", "cron", "--yes")
    lines = (tmp_path / "table").read_text().splitlines()
    _, command = as_cron_runs_it(lines[1])
    environ = {
        "HOME": str(own_home),
        "NOTED": os.environ["NOTED"],
        "GIT_CONFIG_GLOBAL": os.devnull,
        "GIT_CONFIG_NOSYSTEM": "1",
    }
    with server.running():
        subprocess.run(["/bin/sh", "-c", command], env=environ, check=True, timeout=30)
    told = (tmp_path / "noted.log").read_text()
    assert "1 logs read, 1 new interactions" in told
    assert "rain" not in told
    assert "Likes rain and fog." in persona("show", "me").stdout
