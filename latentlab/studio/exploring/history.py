"""Undo and redo: the views somebody has been at."""

from __future__ import annotations

from dataclasses import dataclass, replace

from latentlab.studio.exploring.view import View

LONGEST = 200


@dataclass(frozen=True)
class History:
    """The views so far and the place among them."""

    views: tuple[View, ...] = (View(),)
    place: int = 0

    @property
    def now(self) -> View:
        """What is looked at."""
        return self.views[self.place]

    @property
    def can_undo(self) -> bool:
        """Whether there is an earlier view."""
        return self.place > 0

    @property
    def can_redo(self) -> bool:
        """Whether a later view was left by an undo."""
        return self.place < len(self.views) - 1

    def to(self, view: View) -> History:
        """Go on to a view; what an undo had left behind is forgotten. The same view again changes nothing."""
        if view == self.now:
            return self
        views = (*self.views[: self.place + 1], view)[-LONGEST:]
        return History(views, len(views) - 1)

    def undo(self) -> History:
        """One view back, if there is one."""
        return replace(self, place=max(self.place - 1, 0))

    def redo(self) -> History:
        """One view forward, if there is one."""
        return replace(self, place=min(self.place + 1, len(self.views) - 1))

    def back_to(self, place: int) -> History:
        """To any view of the history."""
        return replace(self, place=min(max(place, 0), len(self.views) - 1))
