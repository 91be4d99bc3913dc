"""Parameters."""


def parameters(suite):
    ssm = suite.client("ssm")
    for name in ["/app/a", "/app/b", "/app/c/d"]:
        suite.equal(ssm.put_parameter(Name=name, Value=name, Type="String")["Version"], 1, "ssm: first version")
    suite.fails("ParameterAlreadyExists", ssm.put_parameter, Name="/app/a", Value="x", Type="String")
    changed = ssm.put_parameter(Name="/app/a", Value="x", Type="String", Overwrite=True, Description="first")
    suite.equal(changed["Version"], 2, "ssm: second version")
    suite.equal(ssm.get_parameter(Name="/app/a")["Parameter"]["Value"], "x", "ssm: value")
    suite.fails("ParameterNotFound", ssm.get_parameter, Name="/app/absent")
    many = ssm.get_parameters(Names=["/app/a", "/app/absent"])
    suite.equal([len(many["Parameters"]), many["InvalidParameters"]], [1, ["/app/absent"]], "ssm: several")
    suite.fails("ValidationException", ssm.get_parameters, Names=[f"/p/{index}" for index in range(11)])
    found = suite.pages("ssm", "get_parameters_by_path", "Parameters", Path="/app", Recursive=True)
    suite.equal(sorted(each["Name"] for each in found), ["/app/a", "/app/b", "/app/c/d"], "ssm: by path")
    suite.fails("InvalidFilterKey", ssm.get_parameters_by_path, Path="/app", ParameterFilters=[{"Key": "Colour", "Values": ["red"]}])
    described = suite.pages("ssm", "describe_parameters", "Parameters")
    names = {each["Name"] for each in described}
    suite.check({"/app/a", "/app/b", "/app/c/d"} <= names, f"ssm: described {names}")
    suite.fails("InvalidFilterKey", ssm.describe_parameters, ParameterFilters=[{"Key": "Colour", "Values": ["red"]}])
    ssm.delete_parameter(Name="/app/b")
    suite.fails("ParameterNotFound", ssm.delete_parameter, Name="/app/b")
