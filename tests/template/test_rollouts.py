"""Functions behind the API move to a release in steps, which alarms stop. Others move at once."""

import tomllib

import pytest

from tests.template import stack

SAMCONFIG = tomllib.loads((stack.TEMPLATE.parent / "samconfig.toml").read_text())
ALARMS_MAX = 10  # CodeDeploy's limit for a deployment group
ROLLOUTS = stack.source()["Parameters"]["Rollout"]["AllowedValues"]
IN_STEPS = [name for name in ROLLOUTS if name != "AllAtOnce"]
WATCHED_BY_ALL = {"ApiServerErrorsAlarm", "ApiLatencyAlarm"}


def groups(**parameters):
    """CodeDeploy's settings for each function that moves in steps."""
    found = {
        stack.referenced_id({"Ref": name}): resource
        for name, resource in stack.resources("production", **parameters).items()
        if resource["Type"] == "AWS::Lambda::Alias" and "UpdatePolicy" in resource
    }
    return {
        function: stack.resources("production", **parameters)[
            alias["UpdatePolicy"]["CodeDeployLambdaAliasUpdate"]["DeploymentGroupName"]["Ref"]
        ]["Properties"]
        for function, alias in found.items()
    }


def functions_behind_the_api():
    permissions = stack.of_type("AWS::Lambda::Permission").values()
    return {
        stack.referenced_id(permission["FunctionName"])
        for permission in permissions
        if permission["Principal"] == "apigateway.amazonaws.com"
    }


def watched(group):
    assert group["AlarmConfiguration"]["Enabled"] is True
    return {alarm["Name"]["Ref"] for alarm in group["AlarmConfiguration"]["Alarms"]}


def errors_alarm(function):
    return f"{function.removesuffix('Function')}ErrorsAlarm"


def test_the_functions_behind_the_api_move_in_steps():
    assert groups().keys() == functions_behind_the_api()
    assert {"AuthorizerFunction", "ReferenceFunction"} < groups().keys()


@pytest.mark.parametrize("function", groups())
def test_errors_and_slow_answers_bring_the_old_version_back(function):
    group = groups()[function]
    own = f"{function.removesuffix('Function')}NewVersionErrorsAlarm"

    assert watched(group) >= {*WATCHED_BY_ALL, own}
    assert len(watched(group)) <= ALARMS_MAX
    assert group["AutoRollbackConfiguration"]["Enabled"] is True
    assert "DEPLOYMENT_STOP_ON_ALARM" in group["AutoRollbackConfiguration"]["Events"]


def test_each_worker_s_errors_stop_exactly_one_rollout():
    """If one rollout fails, CloudFormation takes the whole update back."""
    workers = stack.of_type("AWS::Lambda::Function").keys() - functions_behind_the_api()
    stops = [alarm for group in groups().values() for alarm in watched(group) - WATCHED_BY_ALL]

    assert workers
    assert sorted(alarm for alarm in stops if "NewVersion" not in alarm) == sorted(
        errors_alarm(worker) for worker in workers
    )


@pytest.mark.parametrize("function", groups())
def test_only_errors_of_the_new_version_count_against_it(function):
    """CloudWatch counts a function's errors over all of its versions, unless told otherwise."""
    alarm = stack.of_type("AWS::CloudWatch::Alarm")[
        f"{function.removesuffix('Function')}NewVersionErrorsAlarm"
    ]
    name, resource, version = alarm["Dimensions"]
    newest = stack.resources()[f"{function}Aliaslive"]["Properties"]["FunctionVersion"]

    assert (alarm["Namespace"], alarm["MetricName"]) == ("AWS/Lambda", "Errors")
    assert name == {"Name": "FunctionName", "Value": {"Ref": function}}
    assert resource["Name"] == "Resource"
    assert resource["Value"] == {"Fn::Sub": ["${Function}:live", {"Function": {"Ref": function}}]}
    assert version == {"Name": "ExecutedVersion", "Value": newest}


@pytest.mark.parametrize("rollout", IN_STEPS)
def test_every_rollout_in_steps_is_one_that_codedeploy_has(rollout):
    chosen = groups(Rollout=rollout)

    assert chosen.keys() == functions_behind_the_api()
    for group in chosen.values():
        name = ["CodeDeployDefault.Lambda${ConfigName}", {"ConfigName": rollout}]
        assert group["DeploymentConfigName"] == {"Fn::Sub": name}


def test_every_rollout_says_whether_it_has_steps():
    rows = stack.source()["Mappings"]["Rollouts"]

    assert rows.keys() == set(ROLLOUTS)
    assert {name for name, row in rows.items() if row["HasSteps"] == "true"} == set(IN_STEPS)


@pytest.mark.parametrize("environment", ["local", "development", "production"])
def test_all_at_once_needs_no_codedeploy(environment):
    """The local stack has none, and a fix must not wait for an alarm to end."""
    resources = stack.resources(environment, Rollout="AllAtOnce")

    assert not [name for name, found in resources.items() if "CodeDeploy" in found["Type"]]
    assert not [name for name, found in resources.items() if "UpdatePolicy" in found]


def test_codedeploy_moves_only_the_aliases_that_it_must():
    statements = stack.of_type("AWS::IAM::Role")["RolloutRole"]["Policies"][0]["PolicyDocument"]
    move, watch, tell, encrypt = statements["Statement"]

    assert {stack.referenced_id(resource) for resource in move["Resource"]} == groups().keys()
    assert len(move["Resource"]) == 2 * len(groups())  # the function and its alias
    assert set(move["Action"]) == {
        *("lambda:GetAlias", "lambda:UpdateAlias"),
        "lambda:GetProvisionedConcurrencyConfig",
    }
    assert watch["Action"] == "cloudwatch:DescribeAlarms"
    assert (tell["Action"], tell["Resource"]) == ("sns:Publish", {"Ref": "AlarmTopic"})
    assert encrypt["Action"] == ["kms:Decrypt", "kms:GenerateDataKey"]
    (service,) = encrypt["Condition"]["StringEquals"].values()
    assert service["Fn::Sub"].startswith("sns.")


def test_operators_are_told_when_a_release_went_back():
    for function, group in groups().items():
        (trigger,) = group["TriggerConfigurations"]
        assert group["ServiceRoleArn"] == {"Fn::GetAtt": ["RolloutRole", "Arn"]}, function
        assert trigger["TriggerTargetArn"] == {"Ref": "AlarmTopic"}
        assert {"DeploymentFailure", "DeploymentRollback"} <= set(trigger["TriggerEvents"])


@pytest.mark.parametrize(
    ("deployment", "rollout"),
    [("prod", "Canary10Percent5Minutes"), ("default", "AllAtOnce"), ("local", "AllAtOnce")],
)
def test_production_moves_in_steps_and_development_at_once(deployment, rollout):
    overrides = SAMCONFIG[deployment]["deploy"]["parameters"]["parameter_overrides"]

    assert overrides["Rollout"] == rollout
    assert stack.source()["Parameters"]["Rollout"]["Default"] in IN_STEPS  # where none is chosen
