//! Answers that API Gateway makes itself.
//! <https://docs.aws.amazon.com/apigateway/latest/developerguide/supported-gateway-response-types.html>

/// The type of a gateway response.
#[derive(Debug, Clone, Copy, PartialEq, Eq)]
pub(super) enum Kind {
    AccessDenied,
    ApiConfigurationError,
    AuthorizerConfigurationError,
    AuthorizerFailure,
    BadRequestBody,
    BadRequestParameters,
    ExpiredToken,
    IntegrationFailure,
    IntegrationTimeout,
    InvalidApiKey,
    InvalidSignature,
    /// A function whose answer is not that of a proxy integration; the customisable type is `DEFAULT_5XX`.
    MalformedProxyResponse,
    MissingAuthenticationToken,
    RequestTooLarge,
    Throttled,
    Unauthorized,
    UnsupportedMediaType,
}

impl Kind {
    /// Name, default status and `x-amzn-ErrorType`.
    fn facts(self) -> (&'static str, u16, &'static str) {
        match self {
            Self::AccessDenied => ("ACCESS_DENIED", 403, "AccessDeniedException"),
            Self::ApiConfigurationError => ("API_CONFIGURATION_ERROR", 500, "InternalServerErrorException"),
            Self::AuthorizerConfigurationError => {
                ("AUTHORIZER_CONFIGURATION_ERROR", 500, "AuthorizerConfigurationException")
            }
            Self::AuthorizerFailure => ("AUTHORIZER_FAILURE", 500, "AuthorizerConfigurationException"),
            Self::BadRequestBody => ("BAD_REQUEST_BODY", 400, "BadRequestException"),
            Self::BadRequestParameters => ("BAD_REQUEST_PARAMETERS", 400, "BadRequestException"),
            Self::ExpiredToken => ("EXPIRED_TOKEN", 403, "ExpiredTokenException"),
            Self::IntegrationFailure => ("INTEGRATION_FAILURE", 504, "InternalServerErrorException"),
            Self::IntegrationTimeout => ("INTEGRATION_TIMEOUT", 504, "InternalServerErrorException"),
            Self::InvalidApiKey => ("INVALID_API_KEY", 403, "ForbiddenException"),
            Self::InvalidSignature => ("INVALID_SIGNATURE", 403, "InvalidSignatureException"),
            Self::MalformedProxyResponse => ("DEFAULT_5XX", 502, "InternalServerErrorException"),
            Self::MissingAuthenticationToken => {
                ("MISSING_AUTHENTICATION_TOKEN", 403, "MissingAuthenticationTokenException")
            }
            Self::RequestTooLarge => ("REQUEST_TOO_LARGE", 413, "RequestEntityTooLargeException"),
            Self::Throttled => ("THROTTLED", 429, "TooManyRequestsException"),
            Self::Unauthorized => ("UNAUTHORIZED", 401, "UnauthorizedException"),
            Self::UnsupportedMediaType => ("UNSUPPORTED_MEDIA_TYPE", 415, "BadRequestException"),
        }
    }

    pub(super) fn name(self) -> &'static str {
        self.facts().0
    }

    pub(super) fn status(self) -> u16 {
        self.facts().1
    }

    pub(super) fn error_type(self) -> &'static str {
        self.facts().2
    }

    /// The type that is used when this one is not customised.
    pub(super) fn fallback(self) -> &'static str {
        if self.status() < 500 { "DEFAULT_4XX" } else { "DEFAULT_5XX" }
    }
}

/// Why a request gets an answer of API Gateway itself.
#[derive(Debug, Clone)]
pub(super) struct Failure {
    pub(super) kind: Kind,
    /// For the client.
    pub(super) message: String,
    /// `$context.error.validationErrorString`.
    pub(super) validation: Option<String>,
    /// For the log only.
    pub(super) cause: Option<String>,
}

impl Failure {
    pub(super) fn new(kind: Kind, message: impl Into<String>) -> Self {
        Self { kind, message: message.into(), validation: None, cause: None }
    }

    /// A failure whose cause is none of the client's business.
    pub(super) fn internal(kind: Kind, cause: impl Into<String>) -> Self {
        Self { cause: Some(cause.into()), ..Self::new(kind, "Internal server error") }
    }

    pub(super) fn configuration(cause: impl Into<String>) -> Self {
        Self::internal(Kind::ApiConfigurationError, cause)
    }
}
