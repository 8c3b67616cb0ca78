"""A GGUF's header is read, and a file that is none is called what it is."""

import struct
from contextlib import suppress

import pytest
from gguf_files import gguf_bytes
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st

from persona_cli import gguf
from persona_cli.errors import ModelError
from persona_cli.tiny import embedded_model

HEADER = {
    "general.architecture": "llama",
    "general.file_type": 15,
    "llama.context_length": 4096,
    "llama.attention.head_count_kv": [4, 8, 8],
    "tokenizer.chat_template": "{{ messages }}",
    "tokenizer.ggml.tokens": ["a", "b"] * 200,
    "tokenizer.ggml.token_type": [1] * 400,
    "tokenizer.ggml.add_bos_token": False,
}
TENSORS = [("one.weight", (8, 4), [0.5] * 32), ("two.weight", (5,), [1.0] * 5)]


def test_a_header_is_read(tmp_path):
    """Architecture, context, quantization, template, counts and size."""
    path = tmp_path / "m.gguf"
    path.write_bytes(gguf_bytes(HEADER, TENSORS))
    header = gguf.check(path)
    assert header.version == 3
    assert header.architecture == "llama"
    assert header.context_length == 4096
    assert header.quantization == "Q4_K_M"
    assert header.chat_template == "{{ messages }}"
    assert (header.tensors, header.parameters) == (2, 37)
    assert header.number("attention.head_count_kv") == 8
    assert header.metadata["tokenizer.ggml.add_bos_token"] is False
    assert "tokenizer.ggml.tokens" not in header.metadata
    assert not header.is_adapter
    assert header.expected == header.size - 12  # the end of the last is padded


def test_the_embedded_model_is_whole():
    """The real file: its tensors end where the file ends."""
    header = gguf.check(embedded_model())
    assert header.expected == header.size
    assert header.quantization == "Q4_1"
    assert header.context_length == 8192
    assert 134e6 < header.parameters < 135e6


@pytest.mark.parametrize(
    ("raw", "fault"),
    [
        (b"", "is empty"),
        (b"\0" * 9000, "holds zeros"),
        (b"\n<!DOCTYPE html><html>404", "is an HTML page, not a model"),
        (b"<HTML>", "is an HTML page, not a model"),
        (
            b"version https://git-lfs.github.com/spec/v1\noid sha256:4d7a\nsize 9\n",
            "is a git-lfs pointer, not a model",
        ),
        (b"PK\x03\x04 a zip", "is not a GGUF file"),
        (b"GGUF", "is cut short inside its header"),
        (b"GGUF\3\0\0\0\1\0", "is cut short inside its header"),
        (gguf_bytes(HEADER, version=1), "is GGUF version 1"),
        (b"GGUF\0\0\0\3", "big-endian"),
        (gguf_bytes(HEADER, TENSORS)[:300], "is cut short inside its header"),
        (b"GGUF" + struct.pack("<IQQ", 3, 2**60, 0), "its header is damaged"),
        (gguf_bytes({"general.alignment": 0}), "its header is damaged"),
    ],
)
def test_what_is_no_model_is_called_what_it_is(tmp_path, raw, fault):
    """The place, the fault, and what to do."""
    path = tmp_path / "m.gguf"
    path.write_bytes(raw)
    with pytest.raises(ModelError) as failed:
        gguf.check(path)
    assert str(failed.value).startswith(f"{path}: ")
    assert fault in str(failed.value)
    assert failed.value.remedy.endswith(".")


def test_half_a_file_says_how_much_is_there(tmp_path):
    """In the unit that reads best."""
    path = tmp_path / "m.gguf"
    with embedded_model().open("rb") as whole:
        path.write_bytes(whole.read(40_000_000))
    with pytest.raises(ModelError, match="is cut short: 40 of 98 MB"):
        gguf.check(path)


def test_one_missing_byte_is_seen(tmp_path):
    """Both sizes are told apart, however near."""
    path = tmp_path / "m.gguf"
    path.write_bytes(gguf_bytes(HEADER, TENSORS)[:-13])
    with pytest.raises(ModelError, match=r"is cut short: \d+ of \d+ bytes"):
        gguf.check(path)


def test_a_missing_file_and_a_folder_are_named(tmp_path):
    """Neither is taken for a damaged file."""
    with pytest.raises(ModelError, match="no such model"):
        gguf.check(tmp_path / "none.gguf")
    with pytest.raises(ModelError, match="is a folder"):
        gguf.check(tmp_path)


def test_an_unknown_tensor_type_is_not_judged(tmp_path):
    """A newer quantization is llama.cpp's business."""
    raw = gguf_bytes({}, [("new.weight", (32,), [0.0] * 32)])
    at = raw.index(b"new.weight") + len(b"new.weight") + 4 + 8
    path = tmp_path / "m.gguf"
    path.write_bytes(raw[:at] + struct.pack("<I", 999) + raw[at + 4 :])
    assert gguf.check(path).expected is None


@settings(
    max_examples=200,
    deadline=None,
    suppress_health_check=[HealthCheck.function_scoped_fixture],
)
@given(at=st.integers(4, 700), byte=st.integers(0, 255))
def test_a_flipped_byte_never_ends_in_a_traceback(tmp_path, at, byte):
    """It is read, or refused with a name; quickly."""
    raw = bytearray(gguf_bytes(HEADER, TENSORS))
    raw[at] = byte
    path = tmp_path / "m.gguf"
    path.write_bytes(raw)
    with suppress(ModelError):
        assert gguf.check(path).size == len(raw)
