"""fabric's sessions."""

import shutil
from pathlib import Path

from persona_cli.logs import Tally, find_logs, read_log

LOG = Path(__file__).parent / "logs" / "fabric" / "sessions" / "review.json"


def test_only_single_lines_are_deeds():
    """What has more lines may have been piped in; patterns and notes are fabric's."""
    tally = Tally()
    deeds = list(read_log(LOG, tally=tally))
    assert [(deed.query, deed.chosen) for deed in deeds] == [
        ("Three points. I always want CANARY.", "Without the numbers, please."),
        ("No numbers.", "Only the second one."),
    ]
    assert {deed.source for deed in deeds} == {"fabric:review"}
    assert tally.left_out == {
        "a row of another type": 2,
        "piped in, or a document": 2,
        "message without text": 1,
        "unknown role": 1,
    }
    assert tally.skipped == {"a message without `role`": 1}


def test_a_session_is_known_by_its_folder_or_by_name(tmp_path):
    """Its messages look like anyone's."""
    moved = Path(shutil.copy(LOG, tmp_path / "moved.json"))
    named = list(read_log(moved, tally=Tally(), format="fabric"))
    assert [deed.chosen for deed in named] == [
        "Without the numbers, please.",
        "Only the second one.",
    ]
    (other, *_) = read_log(moved, tally=Tally())
    assert other.source == "messages:moved"
    assert find_logs([str(LOG.parent.parent)]) == [LOG]
