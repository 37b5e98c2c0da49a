"""`latentlab doctor`: what this machine has, which operators are live and why, and whether they are right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from latentlab.cli.command import Command
from latentlab.cli.words import in_flags

if TYPE_CHECKING:
    from latentlab.cli.session import Session


@dataclass(frozen=True)
class Doctor(Command):
    """Tell what this machine has and test the operators.

    Each backend is compared with its definition in value, gradient and second gradient. Exits with 1 when one is wrong;
    a backend that is merely absent is told with its reason and is no failure.
    """

    clean: bool = False
    """Only remove what killed runs left: temporary files in the lab, the working folder, the models and the cache."""

    def run(self, session: Session) -> int:
        from dataclasses import asdict

        if self.clean:
            return self._clean(session)

        from latentlab.studio import examine

        examined = examine()
        machine, data = examined.machine, examined.data
        libraries = machine["libraries"]
        rows = {name: value for name, value in machine.items() if name != "libraries"}
        rows["libraries"] = ", ".join(
            f"{name} {found}" for name, found in libraries.items() if found != "absent"
        )
        rows["absent, optional"] = (
            ", ".join(name for name, found in libraries.items() if found == "absent") or "none"
        )
        for name, value in (rows | data).items():
            session.say(in_flags(f"{name:<17} {value}"))

        with session.progress("testing the operators"):
            report = examined.operators()
        session.say("\n".join(report.lines()))
        session.say(
            "all self-tests passed" if report.good else "a self-test FAILED: do not trust pictures made here"
        )
        session.emit(machine=machine, data=data, operators=asdict(report), good=report.good)
        return 0 if report.good else 1

    def _clean(self, session: Session) -> int:
        from latentlab.studio import clean

        gone = clean(session.home)
        for path in gone:
            session.answer(f"removed {path}", removed=str(path))
        session.say(f"{len(gone)} leftovers of killed runs removed")
        return 0
