"""Puts together what was found: which operations lack a case, and which deviations are known ones."""

import json
from collections import defaultdict

from botocore.loaders import Loader


def _operations(difference):
    """The operations that a known difference is about; one that several share names them all."""
    named = difference["operation"]
    return named if isinstance(named, list) else [named]


class Verdict:
    """Everything that is wrong, as sentences, beside what is excused with a reason."""

    def __init__(self, served, findings, known):
        self.served = served
        self.findings = findings
        self.known = known
        self.complaints = []

    def judge(self):
        """The sentences; none where the cloud conforms."""
        seen = [each for finding in self.findings for each in finding["complaints"]]
        self.excuse(seen)
        successes = {name for finding in self.findings for name in finding["successes"]}
        errors = defaultdict(set)
        for finding in self.findings:
            for name, codes in finding["errors"].items():
                errors[name] |= codes
        served = {f"{service}.{name}" for service, facts in self.served.items() for name in facts["served"]}
        self.complaints += [f"{name}: served, but no call succeeds in the suite" for name in sorted(served - successes)]
        self.complaints += [f"{name}: answered, but not discovered" for name in sorted(successes - served)]
        infallible = self.known.get("cannot_fail", {})
        for name in sorted(served - set(errors) - set(infallible)):
            self.complaints.append(f"{name}: served, but no call is refused in the suite")
        for name in sorted(set(infallible) & set(errors)):
            self.complaints.append(f"{name}: said to be without errors, but refused with {', '.join(errors[name])}")
        for name in sorted(set(infallible) - served):
            self.complaints.append(f"{name}: said to be without errors, but not served")
        self.pagination(served)
        return self.complaints

    def excuse(self, seen):
        """Sorts the known differences from the rest; one that does not occur any more is a complaint itself."""
        known = [each for each in self.known.get("difference", []) if "finding" in each]
        begins = {f"{operation}: {each['finding']}" for each in known for operation in _operations(each)}
        met = set()
        for sentence in seen:
            excuse = next((begin for begin in begins if sentence.startswith(begin)), None)
            if excuse:
                met.add(excuse)
            elif sentence not in self.complaints:
                self.complaints.append(sentence)
        for begin in sorted(begins - met):
            self.complaints.append(f"{begin}: this known difference does not occur any more")

    def pagination(self, served):
        """Operations that page by their model must have been paged through."""
        paged = {name for finding in self.findings for name in finding["paged"]}
        known = [each for each in self.known.get("difference", []) if each.get("pages") is False]
        excused = {operation for each in known for operation in _operations(each)}
        for service in self.served:
            try:
                pagination = Loader().load_service_model(service, "paginators-1")["pagination"]
            except Exception as error:  # botocore's own error for a missing file differs with its versions.
                if "Unable to load data" not in str(error):
                    raise
                continue
            limited = {f"{service}.{name}" for name, rules in pagination.items() if "limit_key" in rules}
            for name in sorted((limited & served) - paged - excused):
                self.complaints.append(f"{name}: pages by its model, but is not paged through")
            for name in sorted(limited & excused & paged):
                self.complaints.append(f"{name}: said not to page, but does")

    def facts(self):
        """What docs/fidelity.md shows."""
        differences = [
            {"operation": operation, **{key: each[key] for key in ("difference", "reason", "link")}}
            for each in self.known.get("difference", [])
            for operation in _operations(each)
        ]
        return json.dumps({"services": self.served, "differences": differences}, indent=2, sort_keys=True) + "\n"
