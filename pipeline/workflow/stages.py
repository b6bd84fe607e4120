"""What a run is told to, stage by stage, so that whoever waits can see how far it is."""

from __future__ import annotations


class Stages:
    """What a run is told to, stage by stage; this one tells nobody."""

    def say(self, words: str) -> None:
        """Take note of what is being done from now on."""

    def flow(self, time: float, steps: int) -> None:
        """Take note of how far the flow is."""
        self.say(f"The flow has reached t = {time:.4g} in {steps:,} steps ...")

    def reading(self, done: int, samples: int) -> None:
        """Take note of how many samples have been read."""
        self.say(f"Reading the network at {samples:,} instants: {done:,} done ...")


NOBODY = Stages()
"""Where nobody waits."""
