//! To what each tunable is turned, and where AWS shows it then. A new tunable gets a line here.

use Told::{As, Is};

/// A tunable's other value.
pub struct Turn {
    /// The parameter that the tunable sets.
    pub parameter: &'static str,
    /// The first of these that goes with what is deployed is taken, so that a line serves services with other bounds.
    pub values: &'static [&'static str],
    /// Parameters without which the tunable means nothing where a variant has them, with their values; they are turned in
    /// the same redeploy.
    pub with: &'static [(&'static str, &'static str)],
    /// Resource types, the place in what AWS tells of such a resource, and what it tells there. Only those count whose
    /// resource names the parameter.
    pub shown: &'static [(&'static str, &'static str, Told)],
    /// What the program says where this machine cannot have the value.
    pub refused: Option<&'static str>,
}

/// What AWS tells.
pub enum Told {
    /// The value as it was given.
    As,
    /// Something else.
    Is(&'static str),
}

const fn turn(
    parameter: &'static str,
    values: &'static [&'static str],
    shown: &'static [(&'static str, &'static str, Told)],
) -> Turn {
    Turn { parameter, values, with: &[], shown, refused: None }
}

impl Turn {
    const fn with(self, with: &'static [(&'static str, &'static str)]) -> Self {
        Self { with, ..self }
    }

    const fn refused(self, words: &'static str) -> Self {
        Self { refused: Some(words), ..self }
    }
}

const FUNCTION: &str = "AWS::Lambda::Function";
const ALIAS: &str = "AWS::Lambda::Alias";
const STAGE: &str = "AWS::ApiGateway::Stage";
const TASK: &str = "AWS::ECS::TaskDefinition";
const SERVICE: &str = "AWS::ECS::Service";
const EXPRESS: &str = "AWS::ECS::ExpressGatewayService";
const APP_RUNNER: &str = "AWS::AppRunner::Service";
const SCALING: &str = "AWS::AppRunner::AutoScalingConfiguration";
const MACHINE: &str = "AWS::StepFunctions::StateMachine";

/// In the order in which a variant's tunables are turned, each staying as it is: more memory allows more CPU, and a cache
/// would keep pages of the earlier size.
pub const TURNS: &[Turn] = &[
    turn("MemorySize", &["1024"], &[(FUNCTION, "/MemorySize", As)]),
    turn("Architecture", &["arm64"], &[]).refused("functions of the embedded cloud run on this machine"),
    turn("ProvisionedConcurrency", &["1"], &[(ALIAS, "/RequestedProvisionedConcurrentExecutions", As)]),
    turn("WarmEnvironments", &["2"], &[("AWS::Scheduler::Schedule", "/State", Is("ENABLED"))]),
    turn(
        "Memory",
        &["1024", "4096"],
        &[
            (TASK, "/memory", As),
            (EXPRESS, "/activeConfigurations/0/memory", As),
            (APP_RUNNER, "/InstanceConfiguration/Memory", As),
        ],
    ),
    turn(
        "Cpu",
        &["512", "2048"],
        &[
            (TASK, "/cpu", As),
            (EXPRESS, "/activeConfigurations/0/cpu", As),
            (APP_RUNNER, "/InstanceConfiguration/Cpu", As),
        ],
    ),
    turn("InstanceType", &["t3.medium", "t3.small"], &[]),
    turn("Count", &["3"], &[(SERVICE, "/runningCount", As)]),
    turn("MaxConcurrency", &["80"], &[(SCALING, "/MaxConcurrency", As)]),
    turn("MinSize", &["2"], &[(SCALING, "/MinSize", As)]),
    turn("MaxSize", &["20"], &[(SCALING, "/MaxSize", As)]),
    turn("MinCount", &["2"], &[(EXPRESS, "/activeConfigurations/0/scalingTarget/minTaskCount", As)]),
    turn("MaxCount", &["60"], &[(EXPRESS, "/activeConfigurations/0/scalingTarget/maxTaskCount", As)]),
    turn("AllowedCidr", &["127.0.0.0/8"], &[]).with(&[("Auth", "resource-policy")]),
    turn(
        "PageSize",
        &["50"],
        &[
            (STAGE, "/variables/pageSize", As),
            (FUNCTION, "/Environment/Variables/PAGE_SIZE", As),
            (EXPRESS, "/activeConfigurations/0/primaryContainer/environment/4/value", As),
            (
                APP_RUNNER,
                "/SourceConfiguration/ImageRepository/ImageConfiguration/RuntimeEnvironmentVariables/PAGE_SIZE",
                As,
            ),
        ],
    ),
    turn("Auth", &["iam"], &[("AWS::ApiGateway::Method", "/authorizationType", Is("AWS_IAM"))]),
    // No request is let in by signatures and by tokens alike, so that none could be served meanwhile.
    turn("Auth", &["none"], &[("AWS::ApiGateway::Method", "/authorizationType", Is("NONE"))]),
    turn("Auth", &["authorizer"], &[("AWS::ApiGateway::Method", "/authorizationType", Is("CUSTOM"))]),
    turn("Cache", &["on"], &[(STAGE, "/methodSettings/*~1*/cachingEnabled", Is("true"))]),
    turn("Cache", &["encrypted"], &[(STAGE, "/methodSettings/*~1*/cacheDataEncrypted", Is("true"))]),
    turn("CacheTtl", &["60"], &[(STAGE, "/methodSettings/*~1*/cacheTtlInSeconds", As)]),
    turn("ThrottleRate", &["5000"], &[(STAGE, "/methodSettings/*~1*/throttlingRateLimit", As)]),
    turn("ThrottleBurst", &["2000"], &[(STAGE, "/methodSettings/*~1*/throttlingBurstLimit", As)]),
    turn("AccessLog", &["off"], &[(STAGE, "/accessLogSettings", Is(""))]),
    turn("LogLevel", &["ALL"], &[(MACHINE, "/loggingConfiguration/level", As)]),
];

/// What takes more than a variant's own stack has tests of its own. A domain moves the address of a variant, and its zone is
/// only known once it is made: `deploy/tests/domain.rs` turns both. Another region needs a table there:
/// `deploy/tests/regions.rs`.
pub const ELSEWHERE: [&str; 3] = ["BackendRegion", "DomainName", "HostedZoneId"];
