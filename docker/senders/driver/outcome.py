"""What became of a message, in one vocabulary for every sender."""

from dataclasses import dataclass


@dataclass(frozen=True)
class Outcome:
    """`protected HOST`, `open HOST`, `deferred` or `bounced`, and what the log says of it."""

    result: str
    why: str

    def __str__(self):
        return self.result
