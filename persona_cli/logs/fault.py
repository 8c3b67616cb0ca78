"""Why a record was skipped."""


class Fault(ValueError):  # noqa: N818 (a part of the log is at fault, not we)
    """One record, or one part of it, cannot be read; its neighbours can.

    reason: one of few, since it is counted by; without the record's own words
    detail: what differs from record to record; may be empty
    words:  what to say instead of the two
    """

    def __init__(self, reason: str, detail: str = "", *, words: str = "") -> None:
        super().__init__(words or (f"{reason} ({detail})" if detail else reason))
        self.reason = reason
