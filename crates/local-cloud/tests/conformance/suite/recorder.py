"""Real boto3 clients whose every call is compared with the model and noted."""

from collections import defaultdict

import boto3
from botocore.config import Config
from botocore.exceptions import ClientError

from shapes import deviations, error_deviations

CONFIG = Config(
    retries={"total_max_attempts": 1},
    connect_timeout=5,
    read_timeout=60,
    # A prefix such as `sync-` before 127.0.0.1 is no host.
    inject_host_prefix=False,
    s3={"addressing_style": "path"},
)


class Suite:
    """What the scenarios of one worker found out: calls by operation, and complaints."""

    def __init__(self, endpoint, documented, fixture):
        self.endpoint = endpoint
        # The program that stands for users' functions and containers.
        self.fixture = fixture
        self.documented = documented
        self.clients = {}
        self.successes = defaultdict(int)
        self.errors = defaultdict(set)
        self.paged = set()
        self.complaints = []

    def client(self, service):
        """A client that is made once."""
        if service not in self.clients:
            client = boto3.client(
                service,
                endpoint_url=self.endpoint,
                region_name="us-east-1",
                aws_access_key_id="test",
                aws_secret_access_key="test",
                config=CONFIG,
            )
            # Later events come when botocore has rewritten some answers, such as IAM's policies.
            client.meta.events.register("response-received", lambda **call: self.note(client, **call))
            self.clients[service] = client
        return self.clients[service]

    def note(self, client, event_name, response_dict, parsed_response, **_):
        """Compares one answer with the model."""
        if parsed_response is None:
            return
        service = client.meta.service_model.service_name
        model = client.meta.service_model.operation_model(event_name.rsplit(".", 1)[1])
        operation = f"{service}.{model.name}"
        status, body = response_dict["status_code"], response_dict["body"]
        if status < 300:
            self.successes[operation] += 1
            found = deviations(model, status, body, parsed_response)
        else:
            self.errors[operation].add(parsed_response.get("Error", {}).get("Code", ""))
            found = error_deviations(model, status, body, parsed_response, self.documented.get(service, {}))
        self.complaints += [f"{operation}: {each}" for each in found]

    def check(self, holds, words):
        """Complains where something does not hold."""
        if not holds:
            self.complaints.append(words)

    def equal(self, is_value, expected, words):
        """Complains where two values differ."""
        self.check(is_value == expected, f"{words}: {is_value!r} instead of {expected!r}")

    def fails(self, code, call, **params):
        """Calls what must be refused with a code, and gives the error."""
        name = f"{call.__self__.meta.service_model.service_name}.{call.__name__}"
        try:
            call(**params)
        except ClientError as error:
            self.equal(error.response["Error"]["Code"], code, f"{name} {params}: code")
            return error.response
        self.complaints.append(f"{name} {params} is accepted, but {code} is expected")
        return {}

    def refuses(self, call, **params):
        """Whether a call is refused that AWS accepts."""
        try:
            call(**params)
        except ClientError:
            return True
        return False

    def pages(self, service, operation, result, size=1, **params):
        """All that an operation lists, in pages of `size`: at least two pages, none with more than `size` entries."""
        client = self.client(service)
        pages = list(client.get_paginator(operation).paginate(PaginationConfig={"PageSize": size}, **params))
        name = f"{service}.{client.meta.method_to_api_mapping[operation]}"
        self.check(len(pages) > 1, f"{name}: one page of {len(pages[0].get(result, []))} although {size} were asked for")
        for page in pages:
            self.check(len(page.get(result, [])) <= size, f"{name}: a page of {len(page.get(result, []))} instead of {size}")
        self.paged.add(name)
        return [entry for page in pages for entry in page.get(result, [])]

    def findings(self):
        """What another process can take over."""
        return {
            "successes": dict(self.successes),
            "errors": dict(self.errors),
            "paged": self.paged,
            "complaints": self.complaints,
        }
