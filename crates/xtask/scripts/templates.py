"""The project's templates as plain data: tags become the functions that they stand for."""

from pathlib import Path

import yaml

ROOT = Path(__file__).resolve().parents[3]
# Ours, and the one that stands for the files which users bring.
FILES = sorted(
    [*ROOT.glob("templates/*/*.yaml"), *ROOT.glob("deploy/tests/own_variant/*.yaml")]
)


class Loader(yaml.SafeLoader):
    """YAML with CloudFormation's tags, and without dates: a policy's version is text."""


def function(loader, suffix, node):
    name = suffix if suffix in ("Ref", "Condition") else f"Fn::{suffix}"
    if isinstance(node, yaml.ScalarNode):
        value = loader.construct_scalar(node)
        if suffix == "GetAtt":
            value = value.split(".", 1)
    elif isinstance(node, yaml.SequenceNode):
        value = loader.construct_sequence(node, deep=True)
    else:
        value = loader.construct_mapping(node, deep=True)
    return {name: value}


Loader.add_multi_constructor("!", function)
Loader.yaml_implicit_resolvers = {
    first: [(tag, pattern) for tag, pattern in resolvers if tag != "tag:yaml.org,2002:timestamp"]
    for first, resolvers in yaml.SafeLoader.yaml_implicit_resolvers.items()
}


def load(path):
    return yaml.load(path.read_text(), Loader)


def name(path):
    """How a file is called in messages."""
    return str(path.relative_to(ROOT))
