"""What Velocity.js is to render, as JSON on stdout: `corpus` with the answers that the corpus states, which `cargo test` holds,
`templates` without any, and the differences that are `settled`."""

import json
import sys
import tomllib

from filling import fillings
from templates import FILES, ROOT, load, name

# Cases of the bounds that API Gateway sets; Velocity has none, so that some of them would not end there.
BOUNDS = "limits"


def corpus():
    for file in sorted(ROOT.glob("crates/vtl/tests/corpus/*.toml")):
        if file.stem == BOUNDS:
            continue
        group = tomllib.loads(file.read_text())
        for case in group["case"]:
            quiet = group.get("undefined", "empty") == "empty"
            yield {**case, "name": f"{file.stem}: {case['name']}", "quiet": quiet}


def mappings():
    """Every mapping template of the variants, once, and where it stands first."""
    found = {}
    for file in FILES:
        template = load(file)
        for logical_id, resource in template["Resources"].items():
            if resource["Type"] != "AWS::ApiGateway::Method":
                continue
            integration = resource["Properties"]["Integration"]
            for owner in (integration, *integration.get("IntegrationResponses", [])):
                for key in ("RequestTemplates", "ResponseTemplates"):
                    for media, text in owner.get(key, {}).items():
                        place = f"{file.stem} {logical_id} {owner.get('StatusCode', 'request')} {media}"
                        for filled in fillings(template, text):
                            found.setdefault(filled, place)
    return found


def templates():
    given = tomllib.loads((ROOT / "crates/xtask/scripts/requests.toml").read_text())
    for text, place in mappings().items():
        for request in given["request"]:
            yield {
                **request,
                "name": f"{place}: {request['name']}",
                "template": text,
                "stage_variables": given["stage_variables"],
                "quiet": True,
            }


settled = tomllib.loads((ROOT / "crates/xtask/velocity-differences.toml").read_text())
json.dump({"corpus": list(corpus()), "templates": list(templates()), "settled": settled}, sys.stdout)
