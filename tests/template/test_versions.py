"""Whatever invokes a function invokes its alias, and each change reaches the alias.

An alias names a published version. CloudFormation publishes one when the version's logical id
changes, or one of its properties that cannot be updated. SAM derives the logical id from the
function as the template writes it, so a parameter's value alone would not change it.
"""

import json
import re
from copy import deepcopy
from functools import cache

import pytest
from cfnlint.schema.manager import PROVIDER_SCHEMA_MANAGER

from local.aliases import ALIAS
from tests.template import stack

DESCRIPTION_LENGTH_MAX = 256  # Lambda's limit
NUMBER_LENGTH_MAX = 10
PLACEHOLDER = re.compile(r"\$\{(\w+)\}")
# Part of a published version. Other properties belong to the function as a whole: where only such
# a property changes, Lambda publishes nothing, and CloudFormation fails.
VERSIONED = {
    *("Architectures", "Code", "Environment", "Handler", "Layers", "LoggingConfig", "MemorySize"),
    *("KmsKeyArn", "Role", "Runtime", "SnapStart", "Timeout"),
}
CREATED_BY_SAM = {"Tags"}  # always the same
# Where a function may be named without its alias: nothing invokes it there.
UNQUALIFIED = {
    "AWS::CloudWatch::Alarm": ("Dimensions", "Metrics"),  # all versions, or one that it names
    "AWS::CloudWatch::Dashboard": ("DashboardBody",),  # metrics of all versions
    "AWS::Lambda::Alias": ("FunctionName",),  # the alias itself
    "AWS::Lambda::EventInvokeConfig": ("FunctionName",),  # its qualifier is the alias
    "AWS::Lambda::Version": ("FunctionName",),  # what the alias names
}
MOVES_ALIASES = "RolloutRole"  # CodeDeploy asks for the function, too
FUNCTIONS = stack.of_type("AWS::Lambda::Function")


def functions_only():
    """The expanded template, with nothing that SAM need not read to make a version."""
    return deepcopy(_functions_only())


@cache
def _functions_only():
    template = stack.expanded()
    kinds = {"AWS::Serverless::Function", "AWS::Serverless::LayerVersion"}
    template["Resources"] = {
        name: resource
        for name, resource in template["Resources"].items()
        if resource["Type"] in kinds
    }
    for resource in template["Resources"].values():
        resource["Properties"].pop("Events", None)
    return template


def deploy(template, **parameters):
    """The resources that SAM makes, with the values of the parameters."""
    values = {
        name: parameter.get("Default", f"a {name}")
        for name, parameter in stack.source()["Parameters"].items()
    } | parameters
    return stack.transformed(template, values), values


def versions(template=None, **parameters):
    """What each function's version is created from. Another one is another version."""
    resources, values = deploy(template or functions_only(), **parameters)
    return {
        resource["Properties"]["FunctionName"]["Ref"]: (name, fill_in(resource, values))
        for name, resource in resources.items()
        if resource["Type"] == "AWS::Lambda::Version"
    }


def fill_in(version, values):
    return PLACEHOLDER.sub(lambda found: str(values[found[1]]), description_of(version))


def description_of(version):
    return version["Properties"]["Description"]["Fn::Sub"]


@cache
def as_written():
    return versions()


def changed(after):
    """The functions that have another version after the change."""
    return {name for name, version in as_written().items() if version != after[name]}


def names_in(node):
    """Each name that an intrinsic function in the node refers to."""
    text = json.dumps(node)
    return {
        name
        for groups in re.findall(r'"Ref": "(\w+)"|"Fn::GetAtt": \["(\w+)"|\$\{(\w+)', text)
        for name in groups
        if name
    }


def test_every_function_has_the_alias_that_operators_use():
    aliases = stack.of_type("AWS::Lambda::Alias")

    assert {alias["FunctionName"]["Ref"] for alias in aliases.values()} == FUNCTIONS.keys()
    for name, alias in aliases.items():
        assert alias["Name"] == ALIAS, name
        (version,) = [names_in(alias["FunctionVersion"])]
        assert version < stack.of_type("AWS::Lambda::Version").keys(), name


@pytest.mark.parametrize("environment", ["local", "development", "production"])
def test_everything_that_invokes_a_function_names_its_alias(environment):
    unqualified = {
        name
        for name, resource in stack.resources(environment).items()
        if names_in(without_exceptions(resource)) & FUNCTIONS.keys()
    }

    assert unqualified == {MOVES_ALIASES}
    assert not names_in(stack.source()["Outputs"]) & FUNCTIONS.keys()


def without_exceptions(resource):
    excepted = UNQUALIFIED.get(resource["Type"], ())
    properties = resource.get("Properties", {})
    kept = {key: value for key, value in properties.items() if key not in excepted}
    return {**resource, "Properties": kept}


def test_asynchronous_settings_are_those_of_the_alias():
    for name, config in stack.of_type("AWS::Lambda::EventInvokeConfig").items():
        assert config["Qualifier"] == ALIAS, name


def test_every_kind_of_invoker_names_an_alias():
    """The schedules, the bucket, the authorizer and the permissions outside of SAM's events."""
    resources = stack.resources()
    aliases = stack.of_type("AWS::Lambda::Alias").keys()
    kinds = {resource["Type"] for resource in resources.values() if names_in(resource) & aliases}

    assert kinds >= {
        "AWS::ApiGatewayV2::Api",
        "AWS::Events::Rule",
        "AWS::Lambda::EventSourceMapping",
        "AWS::Lambda::Permission",
        "AWS::S3::Bucket",
    }
    assert "AuthorizerFunctionAliaslive" in names_in(resources["Api"])
    assert "AuthorizerFunctionAliaslive" in names_in(
        resources["ApiTokenAuthorizerAuthorizerPermission"]
    )


@pytest.mark.parametrize("layer", ["SharedLayer", "PaymentsLayer", "PicturesLayer"])
def test_a_new_layer_alone_publishes_a_version_of_its_users(layer):
    """`sam package` writes the hash of a layer's files into its address."""
    template = functions_only()
    template["Resources"][layer]["Properties"]["ContentUri"] = "s3://bucket/another-hash"
    users = {
        name
        for name, function in FUNCTIONS.items()
        if any(stack.referenced_id(used).startswith(layer) for used in function["Layers"])
    }

    assert users
    assert changed(versions(template)) == users


@pytest.mark.parametrize(
    ("name", "value"),
    [
        ("CodeUri", "s3://bucket/another-hash"),
        ("Timeout", 28),
        ("MemorySize", 2048),
        ("Handler", "orders.other.handler"),
        ("Environment", {"Variables": {"NEW": "1"}}),
        ("Role", {"Fn::GetAtt": ["OtherRole", "Arn"]}),
    ],
)
def test_a_changed_property_publishes_a_version(name, value):
    template = functions_only()
    for function in FUNCTIONS:
        template["Resources"][function]["Properties"][name] = value

    assert changed(versions(template)) == FUNCTIONS.keys()


def test_a_function_has_only_properties_that_versions_keep():
    for name, function in FUNCTIONS.items():
        assert function.keys() - CREATED_BY_SAM <= VERSIONED, name


@cache
def readers():
    """The functions whose properties depend on each parameter, conditions included."""
    resources, values = deploy(functions_only())
    conditions = stack.source()["Conditions"]
    found = {name: set() for name in values}
    for function in FUNCTIONS:
        text = json.dumps(resources[function]["Properties"])
        chosen_by = [conditions[name] for name in re.findall(r'"Fn::If": \["(\w+)"', text)]
        for name in names_in([resources[function]["Properties"], *chosen_by]) & found.keys():
            found[name].add(function)
    return found


@pytest.mark.parametrize("name", sorted(stack.source()["Parameters"].keys() - {"Rollout"}))
def test_a_new_value_publishes_versions_of_its_readers_only(name):
    """Where nothing changed, Lambda publishes nothing, and CloudFormation would fail."""
    assert changed(versions(**{name: "another"})) == readers()[name]


def test_every_function_depends_on_parameters():
    assert readers()["LogLevel"] == readers()["Environment"] == FUNCTIONS.keys()
    assert readers()["BcryptCost"] == {"AuthFunction"}


def test_a_changed_description_replaces_the_version():
    """CloudFormation cannot update it, so it publishes another version."""
    schema = PROVIDER_SCHEMA_MANAGER.get_resource_schema("eu-central-1", "AWS::Lambda::Version")

    assert "/properties/Description" in schema.schema["createOnlyProperties"]


def test_a_version_s_description_is_short_enough():
    """Whatever values the parameters have. A longer one would fail the deployment."""
    resources, _ = deploy(functions_only())

    for name, resource in resources.items():
        if resource["Type"] == "AWS::Lambda::Version":
            longest = PLACEHOLDER.sub(
                lambda found: "x" * length_max(found[1]), description_of(resource)
            )
            assert len(longest) <= DESCRIPTION_LENGTH_MAX, name


def length_max(name):
    match stack.source()["Parameters"][name]:
        case {"AllowedValues": values}:
            return max(len(str(value)) for value in values)
        case {"MaxLength": length}:
            return length
        case {"MaxValue": number}:
            return len(str(number))
        case {"Type": "Number"}:
            return NUMBER_LENGTH_MAX
        case {"AllowedPattern": "^[A-Z]{3}$"}:
            return 3
        case _:
            raise AssertionError(f"give the parameter {name} a MaxLength")
