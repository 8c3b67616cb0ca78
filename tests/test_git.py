"""A commit holds exactly what it names, and the user's own work is left alone."""

import os
import shutil
import subprocess
import sys
import time
from datetime import UTC, datetime, timedelta
from pathlib import Path

import pytest
from nothing_lost import git, left_behind, make_lived_in, theirs_in

from persona_cli.errors import BusyError, InputError
from persona_cli.git import Git
from persona_cli.git.run import environment, require_version

COMMITTED = ("profile.md", "evidence.jsonl")


@pytest.fixture
def ada(tmp_path) -> Path:
    """A profile's folder in a repository that its owner is at work in."""
    make_lived_in(tmp_path / "repo")
    folder = tmp_path / "repo" / "ada"
    (folder / "profile.md").write_bytes(b"one\n")
    (folder / "evidence.jsonl").write_bytes(b"{}\n")
    return folder


def commit(folder: Path, message: str = "ada v1") -> str | None:
    return Git(folder).commit([folder / name for name in COMMITTED], message)


def names(folder: Path, rev: str = "HEAD") -> list[str]:
    """Paths that a commit changed."""
    return git(folder, "show", "--name-only", "--format=", rev).split()


def test_new_changed_and_deleted(ada):
    """Each kind of change is committed, and only in the files that were named."""
    before = theirs_in(ada.parent)

    first = commit(ada)
    assert names(ada) == ["ada/evidence.jsonl", "ada/profile.md"]
    (ada / "profile.md").write_bytes(b"two\n")
    (ada / "evidence.jsonl").unlink()
    second = commit(ada, "ada v2")

    assert first != second == Git(ada).head()
    assert git(ada, "show", "--name-status", "--format=", "HEAD").split() == [
        *("D", "ada/evidence.jsonl"),
        *("M", "ada/profile.md"),
    ]
    assert theirs_in(ada.parent).status == before.status
    assert theirs_in(ada.parent).staged == before.staged
    assert git(ada, "status", "--porcelain", ".") == ""
    assert git(ada, "diff-files", "--name-only", ".") == "", "times were not refreshed"
    assert left_behind(ada.parent) == []


def test_nothing_changed_is_no_commit(ada):
    """The second time there is nothing to commit, and the first stays HEAD."""
    first = commit(ada)
    assert commit(ada) is None
    assert Git(ada).head() == first


def test_the_first_commit_of_a_repository(tmp_path):
    """An unborn branch gets its first commit; what is staged stays staged."""
    repo = Git(tmp_path / "repo")
    (tmp_path / "repo").mkdir()
    repo.init()
    (tmp_path / "repo" / "theirs").write_bytes(b"x")
    git(tmp_path / "repo", "add", "theirs")
    (tmp_path / "repo" / "profile.md").write_bytes(b"one\n")
    assert (repo.head(), repo.log(tmp_path / "repo" / "profile.md")) == (None, [])
    assert not repo.is_tracked(tmp_path / "repo" / "profile.md")

    sha = repo.commit([tmp_path / "repo" / "profile.md"], "first")

    assert sha == repo.head()
    assert names(tmp_path / "repo") == ["profile.md"]
    assert git(tmp_path / "repo", "status", "--porcelain") == "A  theirs\n"
    assert git(tmp_path / "repo", "symbolic-ref", "--short", "HEAD") == "main\n"


def test_a_linked_worktree(ada, tmp_path):
    """In a second working tree the commit goes to that tree's branch."""
    commit(ada)
    git(ada.parent, "worktree", "add", "-q", "-b", "side", str(tmp_path / "side"))
    side = tmp_path / "side" / "ada"
    (side / "profile.md").write_bytes(b"side\n")

    sha = commit(side)

    assert git(ada, "rev-parse", "side").strip() == sha
    assert Git(ada).show("HEAD", ada / "profile.md") == b"one\n"
    assert git(side, "status", "--porcelain") == ""
    assert left_behind(ada.parent) == []


@pytest.mark.parametrize("setting", ["index.version=4", "core.splitIndex=true"])
def test_other_forms_of_index(ada, setting):
    """A compressed or a split index keeps the user's entries."""
    git(ada, "config", *setting.split("="))
    git(ada, "update-index", "--force-write-index")
    before = theirs_in(ada.parent)

    commit(ada)
    (ada / "profile.md").write_bytes(b"two\n")
    commit(ada)

    assert theirs_in(ada.parent).staged == before.staged
    assert git(ada, "status", "--porcelain", ".") == ""


def test_a_stale_staged_version_of_ours_is_replaced(ada):
    """The profile staged half way: the commit has what is on disk, and so the index."""
    git(ada, "add", "profile.md")
    (ada / "profile.md").write_bytes(b"two\n")

    commit(ada)

    assert Git(ada).show("HEAD", ada / "profile.md") == b"two\n"
    assert git(ada, "status", "--porcelain", ".") == ""


def test_bytes_are_committed_as_they_are(ada):
    """No line ending, filter or keyword of the user's changes a byte, or is run."""
    ran = ada.parent.parent / "ran"
    git(ada, "config", "core.autocrlf", "true")
    git(ada, "config", "filter.shout.clean", f"touch {ran}; tr a-z A-Z")
    git(ada, "config", "filter.shout.required", "true")
    (ada.parent / ".gitattributes").write_text(
        "*.md text eol=crlf filter=shout ident\n"
    )
    content = b"naked\nand\r\nmixed $Id$ \xff\n"
    (ada / "profile.md").write_bytes(content)

    commit(ada)

    assert Git(ada).show("HEAD", ada / "profile.md") == content
    assert Git(ada).status([ada / "profile.md"]) == set()
    assert not ran.exists()


def test_an_ignored_file_is_committed_when_named(ada):
    """Persona's files are asked for by name; the state folder never is."""
    (ada.parent / ".gitignore").write_text("ada/\n")

    commit(ada)

    assert Git(ada).is_tracked(ada / "profile.md")
    with pytest.raises(ValueError, match="never committed"):
        Git(ada).commit([ada / ".state" / "lock"], "no")


def test_no_code_of_the_repository_is_run(ada):
    """Hooks, file system monitor, signing and pagers: none runs, none hinders."""
    ran = ada.parent.parent / "ran"
    hooks = ada.parent / ".git" / "hooks"
    hooks.mkdir(exist_ok=True)
    for name in (
        *("pre-commit", "commit-msg", "post-commit", "post-index-change"),
        *("reference-transaction", "prepare-commit-msg"),
    ):
        (hooks / name).write_text(f"#!/bin/sh\ntouch {ran}\nexit 1\n")
        (hooks / name).chmod(0o755)
    for key, value in (
        ("core.fsmonitor", f"touch {ran}"),
        ("commit.gpgsign", "true"),
        ("gpg.program", f"touch {ran};false"),
        ("log.showSignature", "true"),
        ("core.pager", f"touch {ran}"),
        ("diff.external", f"touch {ran}"),
        ("core.editor", f"touch {ran}"),
        ("log.follow", "true"),
        ("color.ui", "always"),
    ):
        git(ada, "config", key, value)

    commit(ada)

    assert [found.subject for found in Git(ada).log(ada / "profile.md")] == ["ada v1"]
    assert not ran.exists()


def test_an_inherited_environment_is_not_believed(ada, tmp_path, monkeypatch):
    """Called from another repository's hook, the commit still goes where it belongs."""
    other = tmp_path / "other"
    other.mkdir()
    git(other, "init", "-q")
    monkeypatch.setenv("GIT_DIR", str(other / ".git"))
    monkeypatch.setenv("GIT_WORK_TREE", str(other))
    monkeypatch.setenv("GIT_INDEX_FILE", str(other / "index"))
    monkeypatch.setenv("GIT_OBJECT_DIRECTORY", str(other / "objects"))

    sha = commit(ada)

    for name in ("DIR", "WORK_TREE", "INDEX_FILE", "OBJECT_DIRECTORY"):
        monkeypatch.delenv(f"GIT_{name}")
    assert git(ada, "rev-parse", "HEAD").strip() == sha
    assert not (other / "index").exists()


def test_the_environment_is_scrubbed():
    """No ``GIT_*`` of ours gets through; the rest does."""
    found = environment({"GIT_TRACE": "1", "PATH": "/bin", "LC_ALL": "de_DE"}, {})
    assert "GIT_TRACE" not in found
    assert (found["PATH"], found["LC_ALL"]) == ("/bin", "C")


def test_the_author_is_the_user_or_persona(ada):
    """The user's own name where git has one, else a name that says what it is."""
    commit(ada)
    assert git(ada, "log", "-1", "--format=%an %ae|%cn") == (
        "persona persona@localhost|persona\n"
    )
    git(ada, "config", "user.name", "Ada")
    git(ada, "config", "user.email", "ada@example.invalid")
    (ada / "profile.md").write_bytes(b"two\n")

    commit(ada)

    assert git(ada, "log", "-1", "--format=%an %ae|%cn") == (
        "Ada ada@example.invalid|Ada\n"
    )


def test_status_is_of_the_bytes_on_disk(ada):
    """New, changed, deleted; neither what is staged nor a changed time counts."""
    profile, evidence = (ada / name for name in COMMITTED)
    assert Git(ada).status([profile, evidence]) == {profile, evidence}
    commit(ada)
    os.utime(profile, (1, 1))
    assert Git(ada).status([profile, evidence, ada / "none"]) == set()
    profile.write_bytes(b"two\n")
    evidence.unlink()
    git(ada, "add", "profile.md")
    assert Git(ada).status([profile, evidence]) == {profile, evidence}


def test_log_and_show(ada):
    """Newest first, of that file alone, with subject, body, time and bytes."""
    first = commit(ada, "ada v1: é\n\nwhy\n\n# kept")
    (ada / "evidence.jsonl").write_bytes(b"other\n")
    commit(ada, "not the profile")
    (ada / "profile.md").write_bytes(b"two\n")
    third = commit(ada, "ada v2")

    found = Git(ada).log(ada / "profile.md")

    assert [(c.sha, c.subject, c.body) for c in found] == [
        (third, "ada v2", ""),
        (first, "ada v1: é", "why\n\n# kept"),
    ]
    assert datetime.now(UTC) - found[0].at < timedelta(minutes=1)
    assert [c.sha for c in Git(ada).log(ada / "profile.md", since=first)] == [third]
    assert Git(ada).show(first or "", ada / "profile.md") == b"one\n"
    assert Git(ada).show("HEAD~1", ada / "profile.md") == b"one\n"
    for rev in ("nonsense", "--help", "HEAD:ada", "", "f" * 40):
        assert Git(ada).show(rev, ada / "profile.md") is None
    assert Git(ada).show("HEAD", ada / "none") is None


def test_odd_names(ada):
    """Blanks, stars, umlauts and a leading dash name one file each."""
    for name in ("a b.md", "*.md", "ü\n.md", "-x", ":(top)y"):
        path = ada / name
        path.write_bytes(b"odd\n")
        sha = Git(ada).commit([path], "odd")
        assert [c.sha for c in Git(ada).log(path)] == [sha]
        assert Git(ada).show("HEAD", path) == b"odd\n"
    assert not Git(ada).is_tracked(ada / "profile.md")


def test_a_link_is_committed_with_its_words(ada):
    """A profile that is a link within the folder: link and file, both."""
    (ada / "profile.md").rename(ada / "real.md")
    (ada / "profile.md").symlink_to("real.md")

    commit(ada)

    assert names(ada) == ["ada/evidence.jsonl", "ada/profile.md", "ada/real.md"]
    assert Git(ada).show("HEAD", ada / "profile.md") == b"one\n"
    assert git(ada, "status", "--porcelain", ".") == ""


def test_outside_of_the_repository(ada, tmp_path):
    """A path that is not in this working tree is named; no repository is None."""
    with pytest.raises(InputError, match="not inside"):
        Git(ada).commit([tmp_path / "elsewhere"], "no")
    assert Git(tmp_path / "not" / "there").top() is None
    assert Git(ada / "not" / "there").top() == ada.parent
    with pytest.raises(InputError, match="not in a git repository"):
        Git(tmp_path).require_ready()


HALF_DONE = {
    "merge": ["git merge -q side || true"],
    "rebase": ["git rebase -q side || true"],
    "cherry-pick": ["git cherry-pick side || true"],
    "revert": ["git revert --no-edit HEAD~1 || true"],
    "bisect": ["git bisect start -q HEAD HEAD~1"],
}


@pytest.mark.parametrize("what", HALF_DONE)
def test_half_done_work_of_the_user_is_not_built_on(tmp_path, what):
    """In the middle of a merge or the like: busy, with its name and the way out."""
    top = tmp_path / "repo"
    script = (
        "git init -q -b main . && git config user.name T && git config user.email t@e"
        " && echo 1 > f && git add f && git commit -qm 1"
        " && git checkout -qb side && echo 2 > f && git commit -qam 2"
        " && git checkout -q main && echo 3 > f && git commit -qam 3"
        " && echo 4 > f && git commit -qam 4; " + HALF_DONE[what][0]
    )
    top.mkdir()
    subprocess.run(["sh", "-c", script], cwd=top, capture_output=True, check=True)
    (top / "profile.md").write_bytes(b"one\n")
    for attempt in (
        Git(top).require_ready,
        lambda: Git(top).commit([top / "profile.md"], "no"),
    ):
        with pytest.raises(BusyError, match=f"in the middle of a {what}"):
            attempt()


def test_a_conflict_without_a_merge_is_not_cleared(ada):
    """``git stash pop`` leaves conflicts and no merge: they are the user's."""
    commit(ada)
    blob = git(ada, "hash-object", "-w", "--stdin", stdin="x").strip()
    lines = "".join(f"100644 {blob} {n}\tada/profile.md\n" for n in (1, 2, 3))
    git(ada.parent, "update-index", "--index-info", stdin=lines)
    (ada / "profile.md").write_bytes(b"two\n")

    with pytest.raises(InputError, match=r"profile\.md: unresolved merge conflict"):
        commit(ada)
    assert left_behind(ada.parent) == []


def test_no_branch_or_no_files(ada, tmp_path):
    """A detached HEAD and a bare repository are named as what they are."""
    git(ada, "checkout", "-q", "--detach")
    with pytest.raises(BusyError, match="no branch is checked out"):
        Git(ada).require_ready()
    git(tmp_path, "init", "-q", "--bare", "bare.git")
    with pytest.raises(BusyError, match="bare"):
        Git(tmp_path / "bare.git").require_ready()


def test_another_git_is_waited_for_and_then_named(ada):
    """A held index: a short wait, then busy with its age; of an old one, more."""
    lock = ada.parent / ".git" / "index.lock"
    lock.write_bytes(b"DIRC")
    begun = time.monotonic()
    for attempt in (Git(ada).require_ready, lambda: commit(ada)):
        with pytest.raises(BusyError, match=r"holds \.git/index\.lock \(age \d s\)"):
            attempt()
    assert time.monotonic() - begun < 4

    os.utime(lock, (time.time() - 3600,) * 2)
    with pytest.raises(BusyError) as caught:
        commit(ada)
    assert f"remove {lock}" in caught.value.remedy
    assert lock.read_bytes() == b"DIRC"


def test_another_git_that_is_soon_done_is_no_trouble(ada):
    """The index is free after 0.2 s: the commit is made."""
    lock = ada.parent / ".git" / "index.lock"
    lock.write_bytes(b"DIRC")
    other = subprocess.Popen(["sh", "-c", f"sleep 0.2; rm '{lock}'"])

    assert commit(ada) is not None
    assert other.wait() == 0


def test_a_branch_that_is_damaged_is_not_begun_anew(ada):
    """An empty branch file, as a power cut leaves it: said, and no commit made."""
    commit(ada)
    (ada.parent / ".git/refs/heads/work").write_bytes(b"")
    (ada / "profile.md").write_bytes(b"two\n")

    with pytest.raises(InputError, match="the history is damaged"):
        commit(ada)


def test_git_must_be_there_and_new_enough(ada, tmp_path, monkeypatch):
    """No git, or one from before ``core.fsync``, is named with what was found."""
    require_version((2, 36, 0))
    with pytest.raises(InputError, match=r"git 2\.36 or newer is needed \(found 2\.20"):
        require_version((2, 20, 1))
    assert Git(ada).version() >= (2, 36, 0)

    monkeypatch.setenv("PATH", str(tmp_path))
    with pytest.raises(InputError, match=r"needed \(found none\)"):
        Git(ada).require_ready()


@pytest.mark.parametrize(("times", "made"), [(1, True), (3, True), (4, False)])
def test_a_gc_that_sweeps_a_folder_away_beside_us(
    ada, tmp_path, monkeypatch, times, made
):
    """The object is written once more; when that never helps, it is said."""
    swept = tmp_path / "swept"
    wrapper = tmp_path / "bin" / "git"
    wrapper.parent.mkdir()
    wrapper.write_text(
        f"""#!/bin/sh
case " $* " in
*" hash-object -w "*)
    if [ "$(cat {swept} 2>/dev/null | wc -l)" -lt {times} ]; then
        echo >>{swept}
        echo 'error: unable to create temporary file: No such file or directory' >&2
        exit 128
    fi ;;
esac
exec {shutil.which("git")} "$@"
"""
    )
    wrapper.chmod(0o755)
    monkeypatch.setenv("PATH", f"{wrapper.parent}{os.pathsep}{os.environ['PATH']}")
    (ada / "profile.md").write_text("# ada, anew\n")
    before = names(ada)
    if made:
        assert commit(ada) is not None
    else:
        with pytest.raises(InputError, match="temporary file"):
            commit(ada)
        assert names(ada) == before
    assert len(swept.read_text()) == times


@pytest.mark.skipif(not shutil.which("strace"), reason="needs strace")
def test_a_commit_is_flushed_to_the_disk(ada):
    """Fsync reaches every object, the branch, its reflog, the index, and their folders.

    With git's own defaults a power cut within seconds leaves a branch that names
    empty objects.
    """
    code = (
        "import sys; from pathlib import Path; from persona_cli.git import Git\n"
        "print(Git(Path(sys.argv[1])).commit([Path(sys.argv[1], 'profile.md')], 'm'))"
    )
    done = subprocess.run(
        [
            *("strace", "-f", "-y", "-qq", "-e", "trace=fsync", "-e", "signal=none"),
            *(sys.executable, "-c", code, ada),
        ],
        capture_output=True,
        text=True,
        check=True,
    )
    top = ada.parent
    sha = done.stdout.strip()
    tree, sub, blob = git(
        top, "rev-parse", f"{sha}^{{tree}}", f"{sha}:ada", f"{sha}:ada/profile.md"
    ).split()
    for found in (sha, tree, sub, blob):
        assert f".git/objects/{found[:2]}/{found[2:]}>" in done.stderr
        assert f".git/objects/{found[:2]}>" in done.stderr
    for name in (
        *("objects", "refs/heads/work", "refs/heads", "logs/refs/heads/work"),
        *("logs/HEAD", "logs", "persona-next-index.lock"),
    ):
        assert f"<{top}/.git/{name}>" in done.stderr, name
    assert f"<{top}/.git>" in done.stderr
