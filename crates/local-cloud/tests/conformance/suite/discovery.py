"""Finds out which operations of which services the cloud serves, by asking it for every operation that botocore knows.

The cloud's own routing is the second witness: a fault that is planned for an operation by its name must meet the same
request, so that an operation is not taken for served because another one answers.
"""

import gzip
import http.client
import json
import re
from concurrent.futures import ThreadPoolExecutor
from pathlib import Path
from urllib.parse import urlencode, urlsplit

import botocore
from botocore.loaders import Loader
from botocore.model import ServiceModel
from botocore.parsers import ResponseParserError, create_parser
from botocore.serialize import create_serializer

# Codes with which the cloud says that it has no such operation, in the words of AWS's protocols.
UNSERVED = {"InvalidAction", "UnknownOperationException", "NotImplemented"}
# Handlers behind which there is no AWS API with operations, but a data plane of its own.
DATA_PLANES = {
    "ecr-registry": "the registry's own protocol, which container tools speak",
    "execute-api": "requests to the users' REST APIs",
    "load-balancer": "requests to the users' load balancers",
}


def models_of(signing_names):
    """Names of botocore's services by their signing name, for those that are asked for."""
    found = {name: [] for name in signing_names}
    data = Path(botocore.__file__).parent / "data"
    for folder in sorted(path for path in data.iterdir() if path.is_dir()):
        versions = sorted(folder.glob("*/service-2.json*"))
        if not versions:
            continue
        opener = gzip.open if versions[-1].suffix == ".gz" else open
        with opener(versions[-1], "rb") as file:
            # The metadata comes first; whole models are large.
            head = re.sub(r"\s", "", file.read(3000).decode("utf-8", "replace"))
        named = re.search(r'"signingName":"([^"]+)"', head) or re.search(r'"endpointPrefix":"([^"]+)"', head)
        if named and named[1] in found:
            found[named[1]].append(folder.name)
    return found


def load(service):
    """The model of a service, a copy that nobody changes."""
    return ServiceModel(Loader().load_service_model(service, "service-2"), service)


def value_of(shape, depth=0):
    """A value of the kind of a shape, with the required members only."""
    kind = shape.type_name
    if kind == "structure":
        names = shape.required_members
        if not names and shape.metadata.get("union"):
            names = list(shape.members)[:1]
        return {name: value_of(shape.members[name], depth + 1) for name in names} if depth < 8 else {}
    if kind == "list":
        return [value_of(shape.member, depth + 1)] if depth < 8 else []
    if kind == "map":
        return {}
    if kind == "string":
        text = shape.enum[0] if shape.enum else "probe"
        return text.ljust(shape.metadata.get("min", 0), "x")
    values = {"integer": 1, "long": 1, "float": 1.0, "double": 1.0, "boolean": False, "timestamp": 0, "blob": b"probe"}
    return values[kind]


class Prober:
    """Asks for the operations of one service over one connection."""

    def __init__(self, endpoint, signing_name, service):
        self.address = urlsplit(endpoint).netloc
        self.signing_name = signing_name
        self.model = load(service)
        protocol = self.model.resolved_protocol
        self.serializer = create_serializer(protocol, False)
        self.parser = create_parser(protocol)
        scope = f"test/20260101/us-east-1/{signing_name}/aws4_request"
        self.authorization = f"AWS4-HMAC-SHA256 Credential={scope}, SignedHeaders=host, Signature=0"

    def answers(self):
        """All operations that can be told from each other by name: whether each is served, and under its name."""
        connection = http.client.HTTPConnection(self.address, timeout=30)
        operations = [self.model.operation_model(name) for name in self.model.operation_names]
        # Some operations are old names of others, and a few are told by the host only.
        operations.sort(key=lambda operation: (operation.deprecated, operation.name))
        asked = {}
        try:
            for operation in operations:
                request = self.request(operation)
                *line, headers = request
                wire = (*map(str, line), *sorted(map(str, headers.items())))
                if wire not in asked:
                    served = self.is_served(connection, operation, request)
                    named = served and self.is_known_by_name(connection, operation, request)
                    asked[wire] = (operation.name, served, named)
        finally:
            connection.close()
        return sorted(asked.values())

    def request(self, operation):
        """Method, URL, body and headers of a well-formed request."""
        params = value_of(operation.input_shape) if operation.input_shape else {}
        request = self.serializer.serialize_to_request(params, operation)
        query = request["query_string"]
        query = urlencode(query, doseq=True) if isinstance(query, dict) else query
        path = request["url_path"] or "/"
        url = path + (("&" if "?" in path else "?") + query if query else "")
        body = request["body"]
        body = urlencode(body, doseq=True) if isinstance(body, dict) else body
        return request["method"], url, body, request["headers"]

    def ask(self, connection, request):
        """Sends a request as its service's caller."""
        method, url, body, headers = request
        connection.request(method, url, body=body, headers={**headers, "Authorization": self.authorization})
        answer = connection.getresponse()
        return answer, answer.read()

    def is_known_by_name(self, connection, operation, request):
        """Whether the request meets a fault that is planned by the operation's name."""
        fault = {"service": self.signing_name, "operation": operation.name, "error": "internal", "times": 1}
        connection.request("PUT", "/_local/faults", body=json.dumps(fault))
        connection.getresponse().read()
        answer, _ = self.ask(connection, request)
        return answer.status >= 500

    def is_served(self, connection, operation, request):
        """Whether the answer is another one than "no such operation"."""
        answer, content = self.ask(connection, request)
        if answer.status < 300:
            return True
        response = {"status_code": answer.status, "headers": answer.headers, "body": content}
        try:
            code = self.parser.parse(response, operation.output_shape)["Error"]["Code"]
        except ResponseParserError:
            code = ""
        return answer.status != 501 and code not in UNSERVED


def discover(endpoint, signing_names):
    """Served operations and the number of all of them, by botocore's name of the service; and what is wrong with them."""
    services = models_of([name for name in signing_names if name not in DATA_PLANES])
    for name, models in services.items():
        if not models:
            raise SystemExit(f"the cloud offers {name}, which botocore does not know: name it in DATA_PLANES with its reason")
    pairs = [(signing, model) for signing, models in services.items() for model in models]

    def ask(pair):
        prober = Prober(endpoint, *pair)
        answers = prober.answers()
        served = [name for name, served, _ in answers if served]
        others = [name for name, served, named in answers if served and not named]
        others = [f"{pair[1]}.{name}: answered, but the cloud has another name for it" for name in others]
        return pair[1], served, len(answers), others

    with ThreadPoolExecutor(4) as pool:
        answers = list(pool.map(ask, pairs))
    served = {service: {"served": names, "of": total} for service, names, total, _ in answers if names}
    return served, [each for *_, others in answers for each in others]
