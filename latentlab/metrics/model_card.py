"""A network's card in Markdown, from its figures: each beside what was wanted, what is missing said."""

from __future__ import annotations

from collections.abc import Iterator, Mapping, Sequence
from typing import Any

from latentlab.core.text import escaped

Figures = Mapping[str, Any]


def page(name: str, figures: Figures, notes: str = "") -> str:
    """The whole card; `notes` is Markdown by whoever trained the network."""
    parts = [
        [f"# {name}", ""],
        _network(figures.get("network", {})),
        [notes.strip(), ""] if notes.strip() else [],
        _pictures(figures),
        _detection(figures.get("detection")),
        _distribution(figures.get("distribution")),
        _encoder("The encoder on held-out renders", figures.get("encoder on renders"), identity_below=0.45),
        _encoder(
            "The encoder on photographs of people never trained on", figures.get("encoder on photographs")
        ),
        _nearest(figures.get("nearest")),
        _scorers(figures.get("network", {}).get("files", {})),
        _directions(figures.get("directions", [])),
        _training(figures.get("network", {}).get("files", {})),
        _limits(figures),
    ]
    lines = (line for part in parts for text in part for line in text.split("\n"))
    return "\n".join(map(escaped, lines)).rstrip() + "\n"


def targets(figures: Figures) -> Iterator[tuple[str, float, str, bool]]:
    """(what, figure, what was wanted, whether it is reached) of everything that was measured."""
    for psi, least in ((0.7, 0.98), (1, 0.95)):
        value = _at(figures, "detection", f"psi {psi:g}")
        if value is not None:
            yield f"dlib finds a face, ψ {psi:g}", value, f"≥ {least:.0%}", value >= least
    for figure, least in (("precision", 0.6), ("recall", 0.3)):
        value = _at(figures, "distribution", "psi 1", figure)
        if value is not None:
            yield f"{figure}, ψ 1", value, f"≥ {least:g}", value >= least
    strangers = _at(figures, "nearest", "held-out people", "least")
    for key in ("0.7", "1"):
        value = _at(figures, "nearest", f"psi {key}", "least")
        if value is not None and strangers is not None:
            yield (
                f"nearest sample to a training photograph, ψ {key}",
                value,
                f"≥ {strangers:.3g}, where strangers come",
                value >= strangers,
            )
    value = _at(figures, "encoder on renders", "measures", "identity", "median")
    if value is not None:
        yield "dlib identity distance, encoder on renders", value, "< 0.45", value < 0.45


def reproduced(figures: Figures) -> tuple[float, float] | None:
    """(nearest sample to a training photograph, nearest person held out), where a sample comes nearer than any stranger."""
    told = figures.get("nearest")
    made = [value for key in ("psi 0.7", "psi 1") if (value := _at(told, key, "least")) is not None]
    strangers = _at(told, "held-out people", "least")
    return (min(made), strangers) if made and strangers is not None and min(made) < strangers else None


def _at(figures: Any, *path: str) -> float | None:
    for key in path:
        figures = figures.get(key) if isinstance(figures, Mapping) else None
    return float(figures) if isinstance(figures, int | float) else None


def _network(told: Figures) -> list[str]:
    if not told:
        return []
    return [
        f"{told['resolution']}×{told['resolution']} pixels, {told['parameters'] / 1e6:.1f} million numbers, {told['layers']} "
        f"layers of style, w of {told['w_width']}. Its tensors' hash is `{told['hash'][:16]}`.",
        "",
    ]  # fmt: skip


def _pictures(figures: Figures) -> list[str]:
    lines = ["Samples at ψ 0.7 and at ψ 1, seeds from 0, not chosen:", ""]
    lines += ["![samples at ψ 0.7](samples-psi0.7.jpg)", "", "![samples at ψ 1](samples-psi1.jpg)", ""]
    if "measures" in (figures.get("encoder on renders") or {}):
        lines += ["Held-out renders above, what the encoder and the network make of them below:", ""]
        lines += ["![renders and reconstructions](reconstructions.jpg)", ""]
    return lines


def _missing(title: str, told: Figures) -> list[str]:
    return [f"## {title}", "", f"Not measured: {told['missing']}.", ""]


def _detection(told: Figures | None) -> list[str]:
    if told is None:
        return []
    if "missing" in told:
        return _missing("Faces that dlib finds", told)
    rows = [(f"samples at ψ {psi}", told[f"psi {psi}"], told["n"]) for psi in ("0.7", "1")]
    if "renders" in told:
        rows.append(("renders of the same size", told["renders"], told["renders_n"]))
    return ["## Faces that dlib finds", "", "| | share | n |", "|---|---|---|"] + [
        f"| {name} | {share:.1%} | {n} |" for name, share, n in rows
    ] + [""]  # fmt: skip


def _distribution(told: Figures | None) -> list[str]:
    if told is None:
        return []
    title = "Samples against renders that no training saw"
    if "missing" in told:
        return _missing(title, told)
    lines = [
        f"## {title}", "",
        f"In the space of the {told['space']}, {told['n']} against {told['n']}; not FID, whose network is another one.", "",
        "| | Fréchet distance | kernel distance | precision | recall |", "|---|---|---|---|---|",
    ]  # fmt: skip
    for psi in ("0.7", "1"):
        row = told[f"psi {psi}"]
        lines.append(
            f"| samples at ψ {psi} | {row['frechet']:.4g} | {row['kernel']:.4g} | {row['precision']:.3f} | {row['recall']:.3f} |"
        )
    row = told["halves of renders"]
    return [*lines, f"| renders against other renders | {row['frechet']:.4g} | {row['kernel']:.4g} | | |", ""]


def _encoder(title: str, told: Figures | None, identity_below: float | None = None) -> list[str]:
    if told is None:
        return []
    if "missing" in told:
        return _missing(title, told)
    found = told["measures"]
    names = {
        "psnr": "PSNR, dB", "ms_ssim": "MS-SSIM", told["perceptual"]: told["perceptual"] or "perceptual distance",
        "identity": "dlib identity distance", "identity_floor": "its floor: the face itself at this resolution",
    }  # fmt: skip
    people = f" of {told['people']} people" if "people" in told else ""
    lines = [
        f"## {title}",
        "",
        f"{told['n']} pictures{people}, one pass each.",
        "",
        "| | median | quartiles |",
        "|---|---|---|",
    ]
    for key, shown in names.items():
        if key in found and found[key].get("n"):
            row = found[key]
            lines.append(f"| {shown} | {row['median']:.4g} | {row['low']:.4g} to {row['high']:.4g} |")
    if "impostor_1_percent" in found:
        lines.append(
            f"| 1 % of pairs of strangers are nearer than | {found['impostor_1_percent']['median']:.4g} | |"
        )
    return [*lines, ""]


def _nearest(told: Figures | None) -> list[str]:
    if told is None:
        return []
    title = "Does it reproduce somebody it learnt from?"
    if "missing" in told:
        return _missing(title, told)
    lines = [
        f"## {title}", "",
        f"dlib identity distance to the nearest of {told['training photographs']} training photographs; below about 0.6 dlib "
        "calls two pictures one person.", "",
        "| | n | least | 1 % | median |", "|---|---|---|---|---|",
    ]  # fmt: skip
    names = {
        "psi 0.7": "samples at ψ 0.7", "psi 1": "samples at ψ 1", "held-out people": "photographs of people held out",
        "training photographs among themselves": "training photographs, to the nearest other one",
    }  # fmt: skip
    for key, shown in names.items():
        if (row := told.get(key)) and row["n"]:
            lines.append(
                f"| {shown} | {row['n']} | {row['least']:.3f} | {row['1 %']:.3f} | {row['median']:.3f} |"
            )
    return [*lines, ""]


def _scorers(files: Figures) -> list[str]:
    found = {name: file for name, file in files.items() if name in {"guide", "judge", "identity"}}
    if not found:
        return []
    lines = ["## Scorers", ""]
    for name, file in found.items():
        if "r2" in file:
            best = sorted(file["r2"].items(), key=lambda item: -item[1])
            told = ", ".join(f"{key} {value:.2f}" for key, value in best)
            lines.append(
                f"- **{name}**, on {file.get('held_out', '?')} renders it never saw, share of variance explained: {told}."
            )
        elif "verification_accuracy" in file:
            lines.append(
                f"- **{name}**: tells two rendered people apart in {file['verification_accuracy']:.1%} of pairs."
            )
    return [*lines, ""]


def _directions(found: Sequence[Figures]) -> list[str]:
    if not found:
        return []
    ported = any(one.get("kept_of_step") is not None for one in found)
    lines = [
        "## Directions",
        "",
        f"| | one step | span, steps | judge reads | works for | leakage, sd |{' keeps of the step | leakage in the parent, sd |' * ported}",
        f"|---|---|---|---|---|---|{'---|---|' * ported}",
    ]
    if ported:
        lines[1:1] = [
            "",
            "Taken over from the parent, whose latents these are; both networks moved the same faces.",
        ]
    for one in found:
        span = f"{one['span'][0]:g} to {one['span'][1]:g}" if one.get("span") else ""
        works = f"{one['works']:.0%}" if one.get("works") is not None else ""
        lines.append(
            f"| {one['name']} | {one['step']:g} {one['unit']} | {span} | {_number(one.get('judge_step'))} | {works} | "
            f"{_number(one.get('total_leakage'))} |{_kept(one) * ported}"
        )
    return [*lines, ""]


def _kept(one: Figures) -> str:
    share = one.get("kept_of_step")
    kept = f"{share:.0%}" if isinstance(share, int | float) else ""
    return f" {kept} | {_number(one.get('leakage_in_parent'))} |"


def _number(value: Any) -> str:
    return f"{value:.3g}" if isinstance(value, int | float) else ""


def _training(files: Figures) -> list[str]:
    rows = [
        (name, file["training"], file.get("settings", {}))
        for name, file in files.items()
        if "training" in file
    ]
    if not rows:
        return []
    lines = [
        "## How it was trained",
        "",
        "| | images shown | steps | hours | machine |",
        "|---|---|---|---|---|",
    ]
    for name, told, _ in rows:
        hours = f"{told['seconds'] / 3600:.2f}" if "seconds" in told else "not recorded"
        threads = (
            f", {told['threads']} thread{'s' if told['threads'] > 1 else ''}"
            if told.get("device") == "CPU" and "threads" in told
            else ""
        )
        lines.append(
            f"| {name} | {told.get('images', 0):,} | {told.get('steps', 0):,} | {hours} | {told.get('device', '?')}{threads} |"
        )
    lines.append("")
    for name, _, settings in rows:
        told = _how(settings)
        if told:
            lines += [f"The {name}: {'; '.join(told)}.", ""]
    return lines


def _how(settings: Figures) -> list[str]:
    """What a reader should know of the settings, in words."""
    found = []
    if settings.get("warm_start"):
        found.append(
            f"a warm start as the decoder of an autoencoder for the first {settings['warm_start']:,} images"
        )
    if 0 < settings.get("noise_from", 0) < 2**60:
        found.append(f"noise inputs off until image {settings['noise_from']:,}")
    if "r1" in settings:
        found.append(f"R1 weight {settings['r1']:g}")
    if settings.get("path_length"):
        found.append(f"path length weight {settings['path_length']:g}")
    if settings.get("augment") not in (None, "none"):
        found.append(f"augmentation {settings['augment']}")
    if settings.get("freeze_mapping"):
        found.append("mapping frozen")
    if "channel_base" in settings:
        found.append(f"channel base {settings['channel_base']}, at most {settings['channel_max']} channels")
    if "precision" in settings:
        found.append(str(settings["precision"]))
    return found


def _limits(figures: Figures) -> list[str]:
    rows = list(targets(figures))
    if not rows:
        return []
    lines = ["## Wanted and reached", "", "| | reached | wanted | |", "|---|---|---|---|"]
    for name, value, wanted, met in rows:
        shown = f"{value:.1%}" if "%" in wanted else f"{value:.3g}"
        lines.append(f"| {name} | {shown} | {wanted} | {'yes' if met else '**no**'} |")
    return [*lines, ""]
