"""What can be asked for, as data: checked names, types and ranges, nothing that names a file."""

from __future__ import annotations

from typing import Any, Literal

from pydantic import BaseModel, ConfigDict, Field

from latentlab.core.errors import BadInput
from latentlab.studio import Edit, EditPhotos, Invert, InvertPhotos, Look, choose_method, from_data

QUICK = "encode"
"""The method that is answered at once; others become jobs."""
EDITS = (
    "directions",
    "goals",
    "layers",
    "keep",
    "mask",
    "min_identity",
    "max_change",
    "transfer",
    "paste_back",
)


class InversionForm(BaseModel):
    """Invert the face of a photo."""

    model_config = ConfigDict(extra="forbid")

    photo: str | None = Field(
        None, description="The photo's file in base64; in a multipart request it is the part `photo`."
    )
    method: str = Field(
        QUICK, description="encode is answered at once, other methods become jobs.", max_length=40
    )
    settings: dict[str, Any] = Field({}, description='Fields of the method, `{"steps": 200}`.')
    face: int | None = Field(
        None, ge=1, le=1000, description="Which face of a photo with several, from the left."
    )
    profile: bool = Field(False, description="Also accept a face seen from the side.")
    aligned: bool = Field(False, description="The photo is an aligned face.")
    wait: bool = Field(True, description="false makes a job of it, whatever the method.")

    @property
    def slow(self) -> bool:
        """Whether it becomes a job."""
        return self.method != QUICK or not self.wait

    def inverter(self) -> Any:
        """The method with its fields."""
        if "encoder" in self.settings:
            raise BadInput("settings of a method hold no files")
        return choose_method(self.method, **self.settings)

    def look(self) -> Look:
        """How the face is sought."""
        return Look(self.aligned, self.face, self.profile)

    def invert(self) -> Invert:
        """As a request."""
        return Invert(self.inverter(), face=self.face, profile=self.profile, keep=False)

    def task(self) -> Any:
        """What is answered at once."""
        return InvertPhotos(self.invert(), self.look())


class EditForm(InversionForm):
    """Edit the face of a photo; strengths are steps, goals values of the guide scorer."""

    directions: dict[str, float] = Field({}, description='Directions and strengths, `{"age": 2}`.')
    goals: dict[str, float] = Field({}, description='Values to reach, `{"age": 60}`.')
    layers: tuple[int, int] | None = None
    keep: list[str] = Field([], description="Directions projected out of every other.", max_length=50)
    mask: str | None = Field(
        None, description="Edit only here: mouth, eyes, brows, nose, jaw, cheeks, face.", max_length=80
    )
    min_identity: float | None = None
    max_change: dict[str, float] = {}
    transfer: Literal["auto", "learned", "flow", "ratio", "none"] = "auto"
    paste_back: bool = Field(False, description="Put the face back into its photo.")

    def edit(self) -> Edit:
        """As a request; every name in it is a bare one."""
        data = {name: getattr(self, name) for name in EDITS}
        return from_data(Edit, {name: value for name, value in data.items() if value not in (None, {}, [])})

    def task(self) -> Any:
        return EditPhotos(self.edit(), self.invert(), self.look())
