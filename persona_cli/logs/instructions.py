"""What was asked, and what answered: Alpaca's and TRL's sets for tuning.

    {"instruction": "…", "input": "…", "output": "…",         Alpaca, in LLaMA-Factory
     "history": [["…", "…"], …]}                              with what went before
    {"prompt": "…", "completion": "…"}                        TRL, prompt and completion
    {"prompt": [{"role": …}, …], "completion": [{"role": …}]}  the same, as messages
    {"prompt": "…"}                                           TRL, prompts alone

Whose words: such a set is read as the chats of whoever hands it in. The instruction is
what they typed, a ``message``. The output is the assistant's, whoever wrote it: nothing
says that it was wanted so. The input is what the instruction is to be done to: it was
pasted, and is left out.
"""

from collections.abc import Iterator
from typing import Any

from persona_cli.interaction import Interaction
from persona_cli.logs.fault import Fault
from persona_cli.logs.log import Log, scope_of, when_of
from persona_cli.logs.messages import Talk, Turn, hear_all, turns


class InstructionsReader:
    """Reads one question and its answer a record."""

    def __init__(self, log: Log) -> None:
        self._log = log

    def read(self, record: Any) -> Iterator[Interaction]:
        """What the user asked in one record."""
        match record:
            case {"instruction": str(asked)}:
                asks: str | list[Any] = asked
                if record.get("input"):
                    self._log.leave_out("the input of an instruction")
            case {"prompt": str() | list() as asks}:
                pass
            case _:
                raise Fault("no `instruction` or `prompt`")
        when = when_of(record)
        talk = Talk(self._log, scope=scope_of(record))
        if isinstance(asks, list):
            yield from hear_all(self._log, talk, turns(asks, when))
            return
        last = Turn("user", asks, given=record.get("id"), when=when)
        before = record.get("history")
        rounds = before if isinstance(before, list) else []
        yield from hear_all(self._log, talk, [*_rounds(rounds, when), last])


def _rounds(rounds: list[Any], when: object) -> Iterator[Turn | Fault]:
    for one in rounds:
        match one:
            case [str(asked), str(answered)]:
                yield Turn("user", asked, when=when)
                yield Turn("assistant", answered)
            case _:
                yield Fault("a round that is no question and answer")
