"""What happened in the demo, and whether it went as it should."""

from __future__ import annotations

from attrs import define, field
from rich.table import Table

from examples.demo.customers import Count, Customers

GOOD, BAD = "demo:v2", "demo:v3"


@define
class Story:
    """What happened. Times are seconds of the machine's monotonic clock.

    `failed_by_v2` is how many requests had failed when v2 had been released and v3 had not; None before that.
    `ended_on` is the image that answered at the end, or what was wrong then.
    """

    promoted_at: dict[str, float] = field(factory=dict[str, float])
    failed_by_v2: int | None = None
    aborted_at: float = 0.0
    ended_on: str = "nothing: it did not come to its end"

    @property
    def good(self) -> bool:
        """Whether v2's release failed no request, and live traffic ended on v2."""
        return self.failed_by_v2 == 0 and self.ended_on == GOOD


def table(story: Story, asking: Customers) -> Table:
    """What the customers saw of each revision."""
    drawn = Table(title="what the customers saw", title_justify="left")
    for column, where in (("revision", "left"), ("requests", "right"), ("failed", "right"), ("switched in", "right")):
        drawn.add_column(column, justify="right" if where == "right" else "left")
    for image in sorted(asking.counts):
        count = asking.of(image)
        promoted = story.promoted_at.get(image)
        switch = f"{(count.first - promoted) * 1000:.0f} ms" if promoted and count.first else ""
        drawn.add_row(image, str(count.ok + count.failed), str(count.failed), switch)
    drawn.add_row("all", str(asking.requests), str(asking.failed), "")
    return drawn


def verdict(story: Story, asking: Customers) -> str:
    """The end of the story, in a few lines."""
    bad: Count = asking.of(BAD)
    lines = [
        "switched in: from promote to the first answer of the new revision",
        f"v2's release failed {'?' if story.failed_by_v2 is None else story.failed_by_v2} requests",
        f"v3 had live traffic for {bad.last - bad.first:.1f} s, "
        f"the last {max(bad.last - story.aborted_at, 0) * 1000:.0f} ms of it after the abort",
        f"live traffic ended on {story.ended_on}",
        "all as it should be" if story.good else "NOT as it should be",
    ]
    return "\n".join(lines)
