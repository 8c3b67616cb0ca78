"""Where each setting comes from, and what is said when one is wrong."""

import subprocess
import sys
from pathlib import Path

import pytest
from hypothesis import given
from hypothesis import strategies as st

from persona_cli import strict_yaml, yaml_edit
from persona_cli.errors import InputError, UsageError
from persona_cli.setting_rules import RULES
from persona_cli.settings import (
    KEYS,
    Settings,
    SettingsFile,
    find_root,
    load_settings,
    read_file,
    resolve,
    set_user_setting,
    unknown_variables,
)


def said(**values):
    return SettingsFile(place="persona.yaml", values=values)


@pytest.fixture
def user(tmp_path):
    return tmp_path / "config" / "settings.yaml"


def test_each_source_wins_over_the_one_before():
    """Defaults, the user's file, the root's, the environment, the flag."""
    mine, ours = (
        said(seed=1, budget=10, threads=1, top_k=1),
        said(budget=20, threads=2, top_k=2),
    )
    found = resolve(
        [mine, ours], {"PERSONA_THREADS": "3", "PERSONA_TOP_K": "3"}, {"top_k": 4}
    )
    assert (found.model, found.seed, found.budget) == ("tiny", 1, 20)
    assert (found.threads, found.top_k) == (3, 4)


def test_none_is_not_given_and_zero_is():
    """A flag left out changes nothing; 0 and an empty file line are told apart."""
    found = resolve([said(seed=5, lock_timeout=9)], {}, {"seed": 0, "budget": None})
    assert (found.seed, found.budget, found.lock_timeout) == (0, None, 9.0)
    nothing = resolve([said(seed=None)], {"PERSONA_SEED": ""}, {"lora": []})
    assert nothing == Settings()


def test_every_setting_has_a_rule_and_its_default_keeps_it():
    """The table of rules and the class name the same settings."""
    assert tuple(RULES) == KEYS
    for key, rule in RULES.items():
        default = getattr(Settings(), key)
        assert default is None or rule.check(key, rule.take(default)) == default


@pytest.mark.parametrize(
    ("values", "problem", "remedy"),
    [
        ({"modle": "x"}, "unknown setting 'modle'", "Did you mean 'model'?"),
        ({"context-tokens": 1}, "unknown setting", "Did you mean 'context_tokens'?"),
        ({"zzz": 1}, "unknown setting 'zzz'", "Use one of: profile, model"),
        ({"seed": "7"}, "'7' is not a whole number", "Mend the line"),
        ({"seed": True}, "True is not a whole number", "Mend the line"),
        ({"seed": 1.0}, "1.0 is not a whole number", "Mend the line"),
        ({"seed": -1}, "seed is -1, and must be at least 0", "Mend"),
        ({"held_out": 1}, "must be at least 0 and below 1", "Mend"),
        ({"top_p": 0}, "must be above 0 and at most 1", "Mend"),
        ({"profile": 7}, "7 is not a text", "Mend"),
        ({"model": " "}, "model is empty", "Mend"),
        ({"lora": [1]}, "is not a list of paths", "Mend"),
        ({"max_record": {}}, "{} is not a whole number", "Mend"),
        ({"api_key": "hunter2"}, "does not belong in a file", "PERSONA_API_KEY"),
    ],
)
def test_a_wrong_line_is_named(values, problem, remedy):
    """File, line, what is wrong, what to do: and the exit code of an input file."""
    source = SettingsFile(
        place="persona.yaml", values=values, lines=dict.fromkeys(values, 4)
    )
    with pytest.raises(InputError) as caught:
        resolve([source], {}, {})
    assert str(caught.value).startswith("persona.yaml:4: ")
    assert problem in str(caught.value)
    assert remedy in caught.value.remedy
    assert "hunter2" not in str(caught.value)


def test_a_wrong_variable_or_flag_is_named():
    """The environment is a place like a file; a flag is a matter of usage."""
    with pytest.raises(InputError, match="PERSONA_SEED: 'x' is not a whole number"):
        resolve([], {"PERSONA_SEED": "x"}, {})
    with pytest.raises(InputError, match="PERSONA_HELD_OUT: held_out is nan"):
        resolve([], {"PERSONA_HELD_OUT": "nan"}, {})
    with pytest.raises(UsageError, match="--lock-timeout: lock_timeout is -1"):
        resolve([], {}, {"lock_timeout": -1.0})


def test_the_key_comes_from_the_environment_and_is_never_shown():
    """The API key is there, and in no text that the settings become."""
    found = resolve([], {"PERSONA_API_KEY": "hunter2"}, {})
    assert found.api_key == "hunter2"
    assert "hunter2" not in repr(found)
    with pytest.raises(InputError) as caught:
        resolve([], {"PERSONA_API_KEY": "  "}, {})
    assert str(caught.value) == "PERSONA_API_KEY"


def test_settings_guard_themselves():
    """A value outside its range never becomes settings."""
    with pytest.raises(ValueError, match="held_out is 2"):
        Settings(held_out=2)


def test_files_are_read_with_lines_and_paths(tmp_path, user):
    """Relative paths start at the file that names them; a fault has its line."""
    user.parent.mkdir()
    user.write_text("# mine\nmodel: models/x.gguf\nlora: [a.gguf, /b.gguf]\n")
    (tmp_path / "persona.yaml").write_text("seed: 3\n")
    found = load_settings(tmp_path, {}, {}, user=user)
    assert found.model == str(user.parent / "models/x.gguf")
    assert found.lora == (user.parent / "a.gguf", Path("/b.gguf"))
    assert found.seed == 3

    (tmp_path / "persona.yaml").write_text("seed: 3\n\nmodels: tiny\n")
    with pytest.raises(InputError, match=r"persona\.yaml:3: unknown setting"):
        load_settings(tmp_path, {}, {}, user=user)


@pytest.mark.parametrize(
    ("content", "problem"),
    [
        (b"seed: 1\nseed: 2\n", ":2:1: duplicate key 'seed'"),
        (b"- seed\n", "not a list of"),
        (b"\xff\xfe", "not UTF-8"),
        (b"a: [", ":2:1: "),
    ],
)
def test_a_broken_file_is_refused(tmp_path, content, problem):
    """A settings file that is no settings file ends with its place."""
    path = tmp_path / "persona.yaml"
    path.write_bytes(content)
    with pytest.raises(InputError) as caught:
        read_file(path)
    assert str(caught.value).startswith(str(path))
    assert problem in str(caught.value)


def test_no_file_and_an_empty_file_say_nothing(tmp_path):
    """Missing, empty, or only comments: the defaults hold."""
    (tmp_path / "persona.yaml").write_text("# later\n")
    found = load_settings(tmp_path, {}, {}, user=tmp_path / "none.yaml")
    assert found == Settings()


@pytest.mark.parametrize(
    ("model", "refused"),
    [
        ("https://api.example.com/v1", True),
        ("http://10.0.0.7:8080/v1#qwen", True),
        ("http://localhost:8080/v1", False),
        ("http://127.0.0.1:8080/v1", False),
        ("http://[::1]:8080/v1", False),
        ("http://[broken/v1", True),
        ("qwen3-8b", False),
    ],
)
def test_a_cloned_repository_cannot_name_where_logs_are_sent(tmp_path, model, refused):
    """persona.yaml may come with a clone: a far model has to be named by the user."""
    (tmp_path / "persona.yaml").write_text(f'model: "{model}"\n')
    none = tmp_path / "none.yaml"
    if refused:
        with pytest.raises(InputError, match=r"persona\.yaml:1: a remote model"):
            load_settings(tmp_path, {}, {}, user=none)
    else:
        assert load_settings(tmp_path, {}, {}, user=none).model == model
    none.write_text(f'model: "{model}"\n')
    (tmp_path / "persona.yaml").unlink()
    assert load_settings(tmp_path, {}, {}, user=none).model == model


HAND_WRITTEN = """\
# my settings
model: tiny   # until the big one is here
budget: 400

lora:
- a.gguf
- b.gguf
# the end
"""


def test_one_setting_is_rewritten_and_the_rest_stays(user):
    """Comments, order and other lines are byte for byte what they were."""
    user.parent.mkdir()
    user.write_text(HAND_WRITTEN)
    set_user_setting("model", "qwen3-8b", path=user)
    assert user.read_text() == HAND_WRITTEN.replace("tiny ", "qwen3-8b ")
    set_user_setting("lora", ["/c.gguf"], path=user)
    set_user_setting("seed", 3, path=user)
    set_user_setting("budget", None, path=user)
    assert user.read_text() == (
        "# my settings\nmodel: qwen3-8b   # until the big one is here\n"
        '\nlora: ["/c.gguf"]\n# the end\nseed: 3\n'
    )


def test_a_first_setting_makes_the_file(user):
    """Where there is no file yet, folder and file are made."""
    assert set_user_setting("model", "hf:a/b:Q4_K_M", path=user) == user
    assert read_file(user).values == {"model": "hf:a/b:Q4_K_M"}


def test_a_path_given_here_is_meant_from_here(user, monkeypatch, tmp_path):
    """`persona model use x.gguf` means the file in this folder, whenever it is read."""
    monkeypatch.chdir(tmp_path)
    set_user_setting("model", "x.gguf", path=user)
    assert resolve([read_file(user)], {}, {}).model == str(tmp_path / "x.gguf")


def test_a_linked_file_stays_a_link(tmp_path, user):
    """A settings file kept among dotfiles is changed there."""
    kept = tmp_path / "dotfiles.yaml"
    kept.write_text("seed: 1\n")
    user.parent.mkdir()
    user.symlink_to(kept)
    set_user_setting("seed", 2, path=user)
    assert user.is_symlink()
    assert kept.read_text() == "seed: 2\n"


@pytest.mark.parametrize(
    ("key", "value", "problem"),
    [
        ("modle", "x", "no setting"),
        ("api_key", "x", "no setting"),
        ("seed", -1, "seed is -1"),
        ("seed", "x", "'x' is not"),
    ],
)
def test_a_wrong_setting_is_not_written(user, key, value, problem):
    """Nothing is written that could not be read back."""
    with pytest.raises(UsageError, match=problem):
        set_user_setting(key, value, path=user)
    assert not user.exists()


def test_a_file_in_braces_is_left_alone(user):
    """What cannot be changed by line is not changed at all."""
    user.parent.mkdir()
    user.write_text("{model: tiny, seed: 1}\n")
    with pytest.raises(InputError, match="cannot be changed"):
        set_user_setting("model", "qwen3-8b", path=user)
    assert user.read_text() == "{model: tiny, seed: 1}\n"


def test_a_change_that_would_mean_something_else_is_refused():
    """A value that goes on after a blank line cannot be taken for replaced."""
    with pytest.raises(ValueError, match="cannot be changed"):
        yaml_edit.with_key("model: |\n  one\n\n  two\nseed: 1\n", "model", "tiny")


@given(
    st.lists(
        st.sampled_from(
            ["a: 1", "a: 'x # y'  # c", 'a: "q"', "b: x#y", "b:", "  - z", "- z",
             "# c", "", "c: |", "  text", "a : [1,", "  2]", "d: {x: 1}"]
        )
    ),
    st.sampled_from(["a", "b", "new"]),
    st.sampled_from([None, 7, "text", "a # b", ["x", "y"]]),
)  # fmt: skip
def test_editing_changes_one_key_or_nothing(lines, key, value):
    """Whatever the file looks like, only the named key means something else."""
    text = "\n".join(lines)
    try:
        before = strict_yaml.load(text)
        after = yaml_edit.with_key(text, key, value)
    except ValueError:
        return
    want = {k: v for k, v in (before or {}).items() if k != key}
    want |= {} if value is None else {key: value}
    assert (strict_yaml.load(after) or {}) == want
    assert [n for n in after.splitlines() if n.startswith("#")] == [
        n for n in lines if n.startswith("#")
    ]


def test_the_root_is_found_in_order(tmp_path):
    """The flag, the variable, the nearest profiles/ upward, the data folder."""
    deep = tmp_path / "repo" / "src" / "deep"
    deep.mkdir(parents=True)
    (tmp_path / "repo" / "profiles").mkdir()
    shell = {"PERSONA_ROOT": str(tmp_path / "shell")}
    assert find_root(Path("here"), shell, deep) == deep / "here"
    assert find_root(None, shell, deep) == tmp_path / "shell"
    assert find_root(None, {}, deep) == tmp_path / "repo" / "profiles"
    assert find_root(None, {}, Path("/proc")).parts[-2:] == ("persona", "profiles")


def test_a_misspelt_variable_is_noticed():
    """PERSONA_MODLE is near to one that is read; PERSONA_THEME is not."""
    environ = {"PERSONA_MODLE": "x", "PERSONA_THEME": "x", "PERSONA_SEED": "1"}
    assert unknown_variables(environ) == [("PERSONA_MODLE", "PERSONA_MODEL")]


def test_importing_settings_is_light():
    """`persona apply` starts with settings: no YAML and no platformdirs by then."""
    code = (
        "import sys, persona_cli.settings;"
        "print([m for m in ('yaml','platformdirs','huggingface_hub','llama_cpp')"
        " if m in sys.modules])"
    )
    found = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True)
    assert found.stdout == "[]\n", found.stderr
