use serde_json::{Value, json};

use super::scope::Step;
use super::{Run, attempts, choice, timestamp};
use crate::definition::{Kind, Language, Pause, Selection, State, timestamp_of};
use crate::failure::names;
use crate::template::{Data, Template, Variables};
use crate::{Details, Failure, payload};

/// One visit of a state.
pub(super) struct Visit<'a> {
    pub(super) run: &'a Run<'a>,
    pub(super) state: &'a State,
    pub(super) variables: &'a Variables<'a>,
    pub(super) context: Value,
    entered: u64,
    /// The latest event of this visit.
    pub(super) last: u64,
}

impl<'a> Visit<'a> {
    pub(super) fn new(
        run: &'a Run<'a>,
        state: &'a State,
        variables: &'a Variables<'a>,
        entered: u64,
    ) -> Self {
        let mut context = run.context.clone();
        context["State"] =
            json!({"EnteredTime": timestamp(run.host.clock.now()), "Name": state.name, "RetryCount": 0});
        Self { run, state, variables, context, entered, last: entered }
    }

    pub(super) fn emit(&mut self, details: impl FnOnce() -> Details) -> u64 {
        self.last = self.run.emit(self.last, details);
        self.last
    }

    /// Says where the interpreter itself failed, as Step Functions does.
    pub(super) fn located(&mut self, failure: Failure) -> Failure {
        let cause = format!(
            "An error occurred while executing the state '{}' (entered at the event id #{}). {}",
            self.state.name,
            self.entered,
            failure.cause.unwrap_or_default()
        );
        let failure = Failure { error: failure.error, cause: Some(cause) };
        if failure.error_name() == names::QUERY_EVALUATION_ERROR {
            let state = self.state.name.clone();
            self.emit(|| Details::EvaluationFailed { state, failure: failure.clone() });
        }
        failure
    }
}

/// Does what the state says.
pub(super) async fn visit(visit: &mut Visit<'_>, input: &Value) -> Result<Step, Failure> {
    let state = visit.state;
    match &state.kind {
        Kind::Task(_) | Kind::Parallel { .. } | Kind::Map(_) => attempts::run(visit, input).await,
        Kind::Wait(pause) => {
            let waited = wait_time(visit, pause, input);
            let duration = waited.map_err(|failure| visit.located(failure))?;
            visit.run.host.clock.sleep(duration).await;
            instant(visit, input).map_err(|failure| visit.located(failure))
        }
        Kind::Fail { error, cause } => {
            let failure = declared(visit, input, error.as_ref(), cause.as_ref());
            Err(failure.unwrap_or_else(|failure| visit.located(failure)))
        }
        _ => instant(visit, input).map_err(|failure| visit.located(failure)),
    }
}

/// What Pass, Choice and Succeed states do, and a Wait state after its wait.
fn instant(visit: &Visit<'_>, input: &Value) -> Result<Step, Failure> {
    let state = visit.state;
    let data = Data::new(input, &visit.context, visit.variables);
    let effective = state.effective_input(&data)?;
    let data = data.with_dollar(&effective);
    if let Kind::Choice(choice) = &state.kind {
        return choice::step(state, choice, &data);
    }
    let (output, assigned) = match &state.kind {
        Kind::Pass { result } if state.language == Language::JsonPath => {
            let result = match (result, &state.parameters) {
                (Some(result), _) => result.clone(),
                (None, Some(parameters)) => parameters.evaluate(&data)?,
                (None, None) => effective.clone().into_owned(),
            };
            let assigned = state.assignments(&data.with_dollar(&result))?;
            (state.placed(result, &data)?, assigned)
        }
        _ => (state.plain_output(&data)?, state.assignments(&data)?),
    };
    payload::check(&output, "output of the state")?;
    Ok(Step { output, assigned, next: state.next.clone() })
}

fn wait_time(visit: &Visit<'_>, pause: &Pause, input: &Value) -> Result<std::time::Duration, Failure> {
    let data = Data::new(input, &visit.context, visit.variables);
    let effective = visit.state.effective_input(&data)?;
    let data = data.with_dollar(&effective);
    match pause {
        Pause::Seconds(seconds) => Ok(std::time::Duration::from_secs(seconds.evaluate(&data)?)),
        Pause::Until(template) => {
            let value = template.evaluate(&data)?;
            let until = timestamp_of(&value).ok_or_else(|| {
                wrong(template, format!("The field 'Timestamp' has a wrong value: {value} must be a timestamp such as 2016-03-14T01:59:00Z."))
            })?;
            // A time in the past makes a negative duration, which is no wait.
            Ok((until - visit.run.host.clock.now()).try_into().unwrap_or_default())
        }
    }
}

/// The failure that a Fail state declares; an error if that cannot be computed.
fn declared(
    visit: &Visit<'_>,
    input: &Value,
    error: Option<&Template>,
    cause: Option<&Template>,
) -> Result<Failure, Failure> {
    let data = Data::new(input, &visit.context, visit.variables);
    let text = |name: &str, template: Option<&Template>| -> Result<Option<String>, Failure> {
        let Some(template) = template else { return Ok(None) };
        match template.evaluate(&data)? {
            Value::String(text) => Ok(Some(text)),
            other => Err(wrong(
                template,
                format!("The field '{name}' has a wrong value: {other} must be a string."),
            )),
        }
    };
    Ok(Failure { error: text("Error", error)?, cause: text("Cause", cause)? })
}

/// The failure of a field whose value does not fit: JSONata's can be handled, a path's cannot.
pub(super) fn wrong(template: &Template, cause: String) -> Failure {
    if template.is_expression() { Failure::query(cause) } else { Failure::runtime(cause) }
}

impl Selection {
    pub(super) fn apply(&self, data: &Data<'_>, field: &str) -> Result<Value, Failure> {
        match self {
            Self::All => Ok(data.dollar.clone()),
            Self::Nothing => Ok(json!({})),
            Self::Part(path) => data.select(path, field),
        }
    }
}
