"""`latentlab doctor`: what this machine has, which operators are live and why, and whether they are right."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

from latentlab.cli.command import Command

if TYPE_CHECKING:
    from latentlab.cli.session import Session


@dataclass(frozen=True)
class Doctor(Command):
    """Tell what this machine has and test the operators.

    Each backend is compared with its definition in value, gradient and second gradient. Exits with 1 when one is wrong;
    a backend that is merely absent is told with its reason and is no failure.
    """

    def run(self, session: Session) -> int:
        from latentlab.studio import doctor

        machine, data = doctor.machine(), doctor.data()
        for name, value in machine.items():
            if name != "libraries":
                session.say(f"{name:<22} {', '.join(value) if isinstance(value, list) else value}")
        libraries = machine["libraries"]
        here = ", ".join(f"{name} {found}" for name, found in libraries.items() if found != "absent")
        absent = ", ".join(name for name, found in libraries.items() if found == "absent")
        session.say(f"{'libraries':<22} {here}")
        session.say(f"{'absent (optional)':<22} {absent or 'none'}")
        for name, value in data.items():
            session.say(f"{name:<22} {value}")
        with session.progress("testing the operators"):
            report = doctor.operators()
        return self._tell(session, machine, data, report)

    def _tell(self, session: Session, machine: dict, data: dict, report) -> int:  # type: ignore[no-untyped-def]
        session.emit(machine=machine, data=data, operators=report)
        return 0
