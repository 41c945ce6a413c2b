"""An analysis as it is asked for, whole: templates merged, arguments filled in, every metric checked."""

from __future__ import annotations

from collections.abc import Iterable, Mapping, Sequence
from contextlib import suppress

from attrs import field, frozen

from bluegreen.manifests.analysis.args import Arguments, DeclaredArg, flattened, known
from bluegreen.manifests.analysis.declared import Block, DeclaredTemplate
from bluegreen.manifests.analysis.extras import Extras
from bluegreen.manifests.analysis.filling import Filling, asked_for
from bluegreen.manifests.analysis.gather import Gathered, Named
from bluegreen.manifests.analysis.metric import Read, metric
from bluegreen.manifests.analysis.rules import ruled, same_twice
from bluegreen.manifests.fields import At, Unreadable, did_you_mean
from bluegreen.manifests.report import Report, shortened
from bluegreen.spec import Analysis, Arg

METRICS_MAX = 100
"""In one analysis."""
_SHOWN: Mapping[str, tuple[str, ...]] = {"command": ("argv", "cwd")}
"""What a provider is asked that everybody on the machine can read while it is measured."""


@frozen(eq=False)
class Resolved:
    """An analysis, and what it was made of. `analysis` is None when something is wrong with it: it was said what."""

    analysis: Analysis | None = None
    metrics: tuple[Read, ...] = ()
    templates: tuple[DeclaredTemplate, ...] = ()
    complete: bool = field(default=False)
    """Whether every metric could be read, so that it is known which there are."""


def resolved(block: Block, gathered: Gathered, rollout: At, extras: Extras) -> Resolved:
    """The analysis that a Rollout asks for in a block; what is wrong with it is a problem in the report.

    `gathered` has nothing yet, and knows where to look for templates.
    """
    gathered.take(block.templates)
    templates = tuple(gathered.templates)
    if not gathered.complete or not _sound(block, templates):
        return Resolved(templates=templates)
    declared = flattened(arg for one in templates for arg in one.block.args)
    given = _given(block, declared, rollout)
    missing = [name for name, one in declared.items() if name not in given and not one.given]
    if missing:
        message = f"missing: {_arguments(missing)} no value, here or in a template"
        block.at.child("args").complain(message, f"write args: [{{name: {missing[0]}, value: ...}}]", key=True)
    arguments = _arguments_of({**_defaults(declared, given, rollout), **given})
    if missing or not _sound(block, templates):
        return Resolved(templates=templates)
    return _put_together(block, templates, str(block.at.path[-1]), arguments, extras)


def measured(
    templates: Sequence[DeclaredTemplate], args: Mapping[str, str], named: Named, extras: Extras, report: Report
) -> Resolved:
    """The analysis of all these templates, with arguments from a command line, for no rollout."""
    gathered = Gathered(named, "")
    for one in templates:
        if not any(one is other for other in gathered.templates):
            gathered.namespace = one.namespace or "default"
            gathered.templates.append(one)
            gathered.take(one.block.templates, (one,))
    whole = tuple(gathered.templates)
    if not gathered.complete or not all(one.block.sound for one in whole):
        return Resolved(templates=whole)
    declared = flattened(arg for one in whole for arg in one.block.args)
    _given_fit(args, declared, report)
    for name, arg in declared.items():
        if name not in args and not arg.given:
            arg.at.child("name").complain("this argument has no value", f"give it: --arg {name}=VALUE")
    arguments = _arguments_of({**_defaults(declared, args, None), **args}, revision=False)
    if not all(one.block.sound for one in whole) or report.failed:
        return Resolved(templates=whole)
    found = _put_together(None, whole, "", arguments, extras)
    if found.complete:
        _about_nothing(extras, found)
    return found


def _given_fit(args: Mapping[str, str], declared: Mapping[str, DeclaredArg], report: Report) -> None:
    """Complains of what a command line gives and cannot."""
    for name in args:
        arg = declared.get(name)
        if arg is None:
            otherwise = f"there are: {', '.join(declared)}" if declared else "there are none"
            message = f'no template here has an argument "{name}"'
            report.whole_file("--arg", message, did_you_mean(name, declared, otherwise))
        elif arg.later is not None and (ref := arg.later.secret):
            message = f'the argument "{name}" is a secret, and everybody on the machine can read a command line'
            report.whole_file("--arg", message, f"write it to DIRECTORY/{ref.name}/{ref.key}: --secrets DIRECTORY")


def _about_nothing(extras: Extras, found: Resolved) -> None:
    """A policy may speak of metrics that are elsewhere, but of these templates only what they have."""
    templates = {one.name for one in found.templates}
    used = {key for read in found.metrics for key in read.keys}
    names = dict.fromkeys(f"{read.template}/{read.metric.name}" for read in found.metrics)
    for key, extra in extras.items():
        if key not in used and key.partition("/")[0] in templates and "/" in key and not extra.at.report.full:
            remedy = did_you_mean(key, names, f"there are: {shortened(', '.join(list(names)[:10]), 200)}")
            extra.at.complain("the template has no such metric", remedy, key=True)


def _sound(block: Block, templates: Sequence[DeclaredTemplate]) -> bool:
    return block.sound and all(one.block.sound for one in templates)


def _given(block: Block, declared: Mapping[str, DeclaredArg], rollout: At) -> dict[str, str | Arg]:
    """What the Rollout gives; for metrics of its own, its arguments need no declaration."""
    own = {name for at in block.metrics for name in asked_for(at.value)}
    given = dict[str, str | Arg]()
    for arg in block.args:
        if arg.name not in declared and arg.name not in own:
            names = dict.fromkeys(declared)
            otherwise = f"they have: {', '.join(list(names)[:10])}" if names else "remove it"
            remedy = did_you_mean(arg.name, names, otherwise)
            arg.at.child("name").complain("no template of this analysis has such an argument", remedy)
        elif not arg.given:
            arg.at.child("name").complain("this argument has no value", "write value: ... beside it")
        else:
            _know(given, arg, rollout)
    return given


def _defaults(declared: Mapping[str, DeclaredArg], given: Iterable[str], rollout: At | None) -> dict[str, str | Arg]:
    """What the templates themselves give, for arguments that nobody else does."""
    found = dict[str, str | Arg]()
    for name, arg in declared.items():
        if name not in given and arg.given:
            _know(found, arg, rollout)
    return found


def _know(into: dict[str, str | Arg], arg: DeclaredArg, rollout: At | None) -> None:
    with suppress(Unreadable):  # it was said, and makes the argument's block unsound
        into[arg.name] = known(arg, rollout)


def _arguments_of(found: Mapping[str, str | Arg], *, revision: bool = True) -> Arguments:
    return Arguments(
        {name: value for name, value in found.items() if isinstance(value, str)},
        {name: value for name, value in found.items() if isinstance(value, Arg)},
        revision,
    )


def _put_together(
    block: Block | None, templates: tuple[DeclaredTemplate, ...], own: str, arguments: Arguments, extras: Extras
) -> Resolved:
    """The metrics of the templates, then those of the block itself; the rules of all of them hold for all of them."""
    blocks = [(one.name, one.block) for one in templates] + ([(own, block)] if block else [])
    places = [(name, at) for name, one in blocks for at in one.metrics]
    if len(places) > METRICS_MAX:
        places[METRICS_MAX][1].complain(f"more than {METRICS_MAX} metrics in one analysis", "leave some out")
        return Resolved(templates=templates)
    read, used = list[Read](), set[str]()
    for name, at in places:
        filling = Filling(arguments)
        try:
            read.append(metric(filling.metric(at), name, filling.texts, extras))
        except Unreadable:
            continue
        used |= filling.used
    hidden = [_hides(one, arguments) for one in read]
    fine = _differ(read) and len(read) == len(places) and all(one.fine for one in read) and all(hidden)
    dry_run = [rule for _, one in blocks for rule in one.dry_run]
    retention = [rule for _, one in blocks for rule in one.retention]
    same_twice(dry_run)
    same_twice(retention)
    complete = len(read) == len(places)
    metrics = tuple(ruled([one.metric for one in read], dry_run, retention)) if complete else ()
    args = tuple(arg for name, arg in arguments.later.items() if name in used)
    analysis = Analysis(metrics, args, tuple(one.name for one in templates))
    rules_fine = all(rule.at.sound for rule in (*dry_run, *retention))
    return Resolved(analysis if fine and rules_fine else None, tuple(read), templates, complete)


def _hides(read: Read, arguments: Arguments) -> bool:
    """Whether no secret stands where a program's arguments do, or its folder."""
    places = [read.query.child(key) for key in _SHOWN.get(read.metric.provider, ())]
    shown = [one for at in places for one in (at.children() if at.is_list else (at,))]
    bare = [at for at in shown if any(_is_secret(arguments, name) for name in asked_for(at.value))]
    for at in bare:
        at.complain("a secret in it could be read by everybody on the machine", "put it in env")
    return not bare


def _is_secret(arguments: Arguments, name: str) -> bool:
    later = arguments.later.get(name)
    return later is not None and later.secret is not None


def _differ(read: Sequence[Read]) -> bool:
    """Whether no two metrics have one name."""
    first = dict[str, Read]()
    for one in read:
        if first.setdefault(one.metric.name, one) is not one:
            other = first[one.metric.name].template
            where = f", the other in {other}" if other != one.template else ""
            message = f'two metrics of this analysis are named "{one.metric.name}"{where}'
            one.at.child("name").complain(message, "name each of them differently")
    return len(first) == len(read)


def _arguments(names: Sequence[str]) -> str:
    return f"the argument {names[0]} has" if len(names) == 1 else f"the arguments {', '.join(names)} have"
