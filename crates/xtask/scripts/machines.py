"""Every state machine of every template with its functions replaced, as JSON on stdout."""

import json
import sys

from filling import fillings
from templates import FILES, load, name

machines = []
for file in FILES:
    template = load(file)
    for logical_id, resource in template["Resources"].items():
        if resource["Type"] == "AWS::StepFunctions::StateMachine":
            for definition in fillings(template, resource["Properties"]["Definition"]):
                machines.append({"place": f"{name(file)} {logical_id}", "definition": definition})
json.dump(machines, sys.stdout)
