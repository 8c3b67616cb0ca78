"""What a run costs, on paper, from a throughput that was measured.

A weight takes part in one multiplication and one addition a token: 2 FLOP forward, and
4 backward, of which 2 are its own gradient. That one is not computed for a weight that
is frozen, so a token costs 6 N where all weights are trained, 4 N under a LoRA, and 2 N
where it is only written or read. Attention is left out: see scripts/recipes/README.md.

Source: J. Kaplan et al., "Scaling Laws for Neural Language Models", 2020, section 2.1.
"""

from dataclasses import dataclass

TRAINED, ADAPTED, READ = 6, 4, 2  # FLOP a weight and token


@dataclass(frozen=True, slots=True)
class Cost:
    """What training on so many tokens takes.

    flop:    of the whole run
    speed:   tokens a second, of one device
    rate:    FLOP a second, of one device
    seconds: with all devices at work, none waiting for another
    devices: how many
    """

    flop: float
    speed: float
    rate: float
    seconds: float
    devices: int

    @property
    def device_hours(self) -> float:
        """What is paid for."""
        return self.seconds * self.devices / 3600


def flop_of_token(parameters: int, *, adapter: bool) -> float:
    """FLOP of training on one token; ``adapter``: a LoRA, not every weight."""
    return float((ADAPTED if adapter else TRAINED) * parameters)


def cost_of(
    tokens: int,
    *,
    each: float,
    speed: float,
    measured: float | None = None,
    devices: int = 1,
) -> Cost:
    """The cost of training on ``tokens``, padding included and epochs counted.

    each:     FLOP of a token, of the model that is to be trained
    speed:    tokens a second that one device trained on, > 0
    measured: FLOP of a token, of the model that it did so with; None is the same. The
              same share of the device's peak is taken for granted: on the safe side
              for a larger model, whose matrices fill a device better
    devices:  >= 1
    """
    rate = speed * (measured or each)
    own = rate / each
    return Cost(tokens * each, own, rate, tokens / (own * devices), devices)
