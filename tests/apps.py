"""Applications made up for tests."""

from __future__ import annotations

from dodo_relkit.formats.app import AppSpec
from dodo_relkit.release.model import App
from dodo_relkit.terms.model import Atom


def made_up_app(
    name, uses=(), *, vsn="1.0", lib="lib", includes=(), optional=(), target=False
):
    """An application without modules, as a scan of `lib` would find it."""
    spec = AppSpec(
        name=name,
        vsn=vsn,
        description=[],
        id=[],
        modules=(),
        registered=(),
        applications=tuple(uses),
        optional_applications=tuple(optional),
        included_applications=tuple(includes),
        env=[],
        max_t=Atom("infinity"),
        max_p=Atom("infinity"),
        start_phases=Atom("undefined"),
        mod=[],
    )
    return App(spec=spec, directory=f"{lib}/{name}-{vsn}", beams=(), from_target=target)


OTP = (
    made_up_app("kernel", vsn="8.5.3", lib="/otp/lib", target=True),
    made_up_app("stdlib", ["kernel"], vsn="4.2", lib="/otp/lib", target=True),
    made_up_app("sasl", ["kernel", "stdlib"], vsn="4.2", lib="/otp/lib", target=True),
)
"""The least that a target has."""
