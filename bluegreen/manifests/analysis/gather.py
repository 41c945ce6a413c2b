"""The templates that an analysis names, and those that they name in turn."""

from __future__ import annotations

from collections.abc import Mapping, Sequence

from attrs import define, field

from bluegreen.manifests.analysis.declared import DeclaredTemplate, Reference
from bluegreen.manifests.fields import did_you_mean

TEMPLATES_MAX = 100
"""In one analysis."""
Named = Mapping[tuple[str, str, str], DeclaredTemplate]
"""Templates by kind, namespace (empty for those of the cluster) and name."""


def named(templates: Sequence[DeclaredTemplate]) -> Named:
    """The templates by their names; of two with one name, which is a problem, the first."""
    found = dict[tuple[str, str, str], DeclaredTemplate]()
    for one in templates:
        if not one.name:
            continue
        if found.setdefault((one.kind, one.namespace, one.name), one) is not one:
            here = one.at.child("metadata").child("name")
            here.complain(f'two {one.kind}s are named "{one.name}"', "keep one of them")
    return found


@define(eq=False)
class Gathered:
    """Each template once, in the order in which they are named; `complete` unless one of them is not there.

    `quiet`: nothing is said about one that is not there.
    """

    known: Named
    namespace: str
    quiet: bool = False
    templates: list[DeclaredTemplate] = field(factory=list[DeclaredTemplate])
    complete: bool = True

    def take(self, references: Sequence[Reference], above: tuple[DeclaredTemplate, ...] = ()) -> None:
        """Takes the templates of these names in, and what those name. `above` are those that led here."""
        for reference in references:
            key = (reference.kind, "" if reference.cluster else self.namespace, reference.name)
            found = self.known.get(key)
            if found is None:
                self._missing(reference)
            elif any(one is found for one in above):
                self._cycle(reference, found, above)
            elif len(self.templates) >= TEMPLATES_MAX:
                reference.at.complain(f"more than {TEMPLATES_MAX} templates in one analysis", "leave some out")
                self.complete = False
                return
            elif not any(one is found for one in self.templates):
                self.templates.append(found)
                self.take(found.block.templates, (*above, found))

    def _missing(self, reference: Reference) -> None:
        self.complete = False
        if self.quiet or reference.at.report.full:
            return
        same = [one for one in self.known.values() if one.name == reference.name]
        if any(one.kind != reference.kind for one in same):
            remedy = "remove clusterScope" if reference.cluster else "write clusterScope: true beside it"
        elif same:
            remedy = f"it is in namespace {same[0].namespace}"
        else:
            names = dict.fromkeys(one.name for one in self.known.values() if one.kind == reference.kind)
            otherwise = f"the {reference.kind}s are {', '.join(list(names)[:10])}" if names else "declare it here too"
            remedy = did_you_mean(reference.name, names, otherwise)
        where = "" if reference.cluster else f" in namespace {self.namespace}"
        reference.at.complain(f"no {reference.kind} {reference.name}{where}", remedy)

    def _cycle(self, reference: Reference, found: DeclaredTemplate, above: tuple[DeclaredTemplate, ...]) -> None:
        self.complete = False
        begin = next(at for at, one in enumerate(above) if one is found)
        names = [one.name for one in (*above[begin:], found)]
        shown = names if len(names) <= 12 else [*names[:6], "...", *names[-5:]]
        reference.at.complain(f"a template that names itself: {' -> '.join(shown)}", "remove one of these names")
