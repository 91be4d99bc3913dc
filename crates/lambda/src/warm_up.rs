//! Calls that keep environments alive, and are no work.
//!
//! Lambda takes environments away that nobody calls for some minutes. Calls that overlap go to different environments, so
//! whoever wants to keep several alive makes that many calls at once, and asks each to be held until the others have begun.

use std::time::Duration;

use serde::Deserialize;

/// The longest that a call is held: an environment that is held serves nobody.
const LONGEST: Duration = Duration::from_secs(1);

/// A call that keeps an environment alive: the member `warmUp` of an event, such as `{"warmUp":{"holdMs":200}}`. No event of
/// API Gateway has one, whatever the client sends.
#[derive(Clone, Copy, Debug, Deserialize, PartialEq, Eq)]
#[serde(rename_all = "camelCase", deny_unknown_fields)]
pub struct WarmUp {
    hold_ms: u64,
}

impl WarmUp {
    /// How long the environment is to be busy.
    #[must_use]
    pub fn hold(self) -> Duration {
        Duration::from_millis(self.hold_ms).min(LONGEST)
    }
}

/// What a function may be called with.
pub(crate) trait Event {
    /// Set where the call is no work.
    fn warm_up(&self) -> Option<WarmUp>;
}

#[cfg(test)]
mod tests {
    use super::*;
    use crate::authorizer::TokenEvent;
    use crate::proxy::ProxyRequest;

    #[test]
    fn a_warm_up_is_told_from_work() {
        let proxied = |text: &str| serde_json::from_str::<ProxyRequest>(text).map(|event| event.warm_up());
        let asked = |text: &str| serde_json::from_str::<TokenEvent>(text).map(|event| event.warm_up());
        let warm_up = r#"{"warmUp":{"holdMs":200}}"#;
        let held = Some(Duration::from_millis(200));
        assert_eq!(proxied(warm_up).unwrap().map(WarmUp::hold), held);
        assert_eq!(asked(warm_up).unwrap().map(WarmUp::hold), held);
        let request = r#"{"httpMethod":"POST","path":"/","body":"{\"warmUp\":{\"holdMs\":200}}","headers":{"warmUp":"x"}}"#;
        assert_eq!(proxied(request).unwrap(), None);
        assert_eq!(asked(r#"{"type":"TOKEN","methodArn":"a"}"#).unwrap(), None);
        for wrong in
            [r#"{"warmUp":{}}"#, r#"{"warmUp":{"holdMs":-1}}"#, r#"{"warmUp":{"holdMs":1,"more":1}}"#]
        {
            assert!(proxied(wrong).is_err(), "{wrong}");
        }
    }

    #[test]
    fn nobody_is_held_for_long() {
        assert_eq!(WarmUp { hold_ms: u64::MAX }.hold(), LONGEST);
    }
}
