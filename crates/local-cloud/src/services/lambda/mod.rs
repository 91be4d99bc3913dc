//! Lambda: functions with versions, aliases and permissions over the data plane's pools of environments.

mod configuration;
mod entry;
mod error;
mod permission;
mod reference;
mod wire;

use std::collections::BTreeMap;
use std::sync::{Arc, Mutex, MutexGuard, PoisonError};

use bytes::Bytes;
use data_plane::function::{Function, FunctionContext, Invocation, InvokeError, InvokeOptions};
use serde_json::{Value, json};

use crate::Services;
use crate::services::s3::S3Error;

pub use configuration::{Code, Configuration, Logging};
pub use entry::Alias;
use entry::{Entry, Runner, Version};
pub use error::LambdaError;
pub use permission::Permission;
pub use reference::FunctionReference;
pub use wire::LambdaApi;

/// The version that follows every change.
pub const LATEST: &str = "$LATEST";

/// Concurrent executions of the account, AWS's default.
pub const ACCOUNT_CONCURRENCY: u32 = 1000;

/// Functions of one region.
pub struct Lambda {
    account: String,
    context: FunctionContext,
    functions: Mutex<BTreeMap<String, Entry>>,
}

impl Lambda {
    /// A region without functions.
    #[must_use]
    pub fn new(account: &str, context: FunctionContext) -> Self {
        Self { account: account.to_owned(), context, functions: Mutex::default() }
    }

    fn functions(&self) -> MutexGuard<'_, BTreeMap<String, Entry>> {
        self.functions.lock().unwrap_or_else(PoisonError::into_inner)
    }

    /// Starts a function under a name that is free; it is there once it asked for its first request.
    pub async fn create(
        &self,
        configuration: Configuration,
        reserved: Option<u32>,
        tags: BTreeMap<String, String>,
    ) -> Result<(), LambdaError> {
        let name = configuration.name.clone();
        if self.functions().contains_key(&name) {
            return Err(LambdaError::FunctionExists(name));
        }
        let runner = self.start(&configuration, LATEST, reserved, 0).await?;
        let entry = Entry::new(Version { configuration, runner }, reserved, tags);
        let Some(late) = self.insert(&name, entry) else { return Ok(()) };
        futures::future::join_all(late.into_runners().into_iter().map(Runner::retire)).await;
        Err(LambdaError::FunctionExists(name))
    }

    /// Adds an entry, or gives it back where another one was quicker.
    fn insert(&self, name: &str, entry: Entry) -> Option<Entry> {
        let mut functions = self.functions();
        if functions.contains_key(name) {
            return Some(entry);
        }
        functions.insert(name.to_owned(), entry);
        None
    }

    async fn start(
        &self,
        configuration: &Configuration,
        version: &str,
        reserved: Option<u32>,
        provisioned: u32,
    ) -> Result<Arc<Runner>, LambdaError> {
        let spec = configuration.spec(version, reserved, provisioned);
        let function = Function::start(spec, self.context.clone()).await?;
        Ok(Arc::new(Runner { function, timeout: configuration.timeout }))
    }

    /// Changes code and settings of `$LATEST`: it serves with the old ones until the new ones have started.
    pub async fn update(
        &self,
        configuration: Configuration,
        reserved: Option<u32>,
    ) -> Result<(), LambdaError> {
        let name = configuration.name.clone();
        let (runner, versions) = {
            let functions = self.functions();
            let entry = find(&functions, &name, &configuration.arn)?;
            let numbered = if entry.reserved == reserved { Vec::new() } else { entry.numbered() };
            (Arc::clone(&entry.latest.runner), numbered)
        };
        runner.function.update(configuration.spec(LATEST, reserved, 0)).await?;
        for (number, configuration, runner, provisioned) in versions {
            runner.function.update(configuration.spec(&number, reserved, provisioned)).await?;
        }
        let mut functions = self.functions();
        if let Some(entry) = functions.get_mut(&name) {
            entry.reserved = reserved;
            entry.latest =
                Version { runner: entry.latest.runner.with_timeout(configuration.timeout), configuration };
        }
        Ok(())
    }

    /// Replaces a function's tags.
    pub fn set_tags(&self, name: &str, tags: BTreeMap<String, String>) {
        if let Some(entry) = self.functions().get_mut(name) {
            entry.tags = tags;
        }
    }

    /// Deletes a function with its versions and aliases, after the requests that they serve; one that is gone already
    /// is a success.
    pub async fn delete(&self, name: &str) {
        let Some(entry) = self.functions().remove(name) else { return };
        let runners = entry.into_runners();
        futures::future::join_all(runners.into_iter().map(Runner::retire)).await;
    }

    /// Publishes `$LATEST` as the next version and starts it. Where nothing changed since the last one, that one is
    /// given, as in AWS.
    pub async fn publish(
        &self,
        name: &str,
        code_sha256: Option<&str>,
        description: Option<String>,
        provisioned: u32,
    ) -> Result<String, LambdaError> {
        let (number, configuration, reserved) = {
            let mut functions = self.functions();
            let entry = find_mut(&mut functions, name, &self.arn(name))?;
            let mut configuration = entry.latest.configuration.clone();
            if let Some(given) = code_sha256.filter(|given| *given != configuration.code.sha256) {
                let actual = configuration.code.sha256;
                return Err(LambdaError::CodeChanged { given: given.to_owned(), actual });
            }
            if let Some(description) = description {
                configuration.description = description;
            }
            if let Some(same) = entry.same_as(&configuration) {
                return Ok(same);
            }
            (entry.take_number(), configuration, entry.reserved)
        };
        let runner = self.start(&configuration, &number, reserved, provisioned).await?;
        let mut functions = self.functions();
        let entry = find_mut(&mut functions, name, &configuration.arn)?;
        entry.versions.insert(number.clone(), (Version { configuration, runner }, provisioned));
        Ok(number)
    }

    /// Deletes a published version after the requests that it serves; one that is gone already is a success.
    ///
    /// # Errors
    /// An alias points to it.
    pub async fn delete_version(&self, name: &str, number: &str) -> Result<(), LambdaError> {
        let removed = {
            let mut functions = self.functions();
            let Some(entry) = functions.get_mut(name) else { return Ok(()) };
            if let Some(alias) = entry.aliases.values().find(|alias| alias.uses(number)) {
                let message =
                    format!("Version {number} cannot be deleted: the alias {} points to it.", alias.name);
                return Err(LambdaError::InvalidParameter(message));
            }
            entry.versions.remove(number)
        };
        if let Some((version, _)) = removed {
            version.runner.retire().await;
        }
        Ok(())
    }

    /// Adds an alias, or changes it: invocations that begin from now on go where it points. Environments that it wants
    /// provisioned are started first.
    pub async fn put_alias(&self, name: &str, alias: Alias, new: bool) -> Result<(), LambdaError> {
        let provisioning = {
            let functions = self.functions();
            let entry = find(&functions, name, &self.arn(name))?;
            if new && entry.aliases.contains_key(&alias.name) {
                return Err(LambdaError::AliasExists(format!("{}:{}", self.arn(name), alias.name)));
            }
            for version in alias.versions() {
                if version != LATEST && !entry.versions.contains_key(version) {
                    return Err(LambdaError::FunctionNotFound {
                        arn: format!("{}:{version}", self.arn(name)),
                    });
                }
            }
            if alias.provisioned > 0 && alias.version == LATEST {
                let message =
                    "Provisioned Concurrency Configs cannot be applied to unpublished function versions.";
                return Err(LambdaError::InvalidParameter(message.into()));
            }
            entry.provisioning(&alias)
        };
        for (number, configuration, runner, reserved, provisioned) in provisioning {
            runner.function.update(configuration.spec(&number, reserved, provisioned)).await?;
        }
        let mut functions = self.functions();
        let entry = find_mut(&mut functions, name, &self.arn(name))?;
        entry.aliases.insert(alias.name.clone(), alias);
        Ok(())
    }

    /// Deletes an alias; one that is gone already is a success.
    pub async fn delete_alias(&self, name: &str, alias: &str) -> Result<(), LambdaError> {
        let released = {
            let mut functions = self.functions();
            let Some(entry) = functions.get_mut(name) else { return Ok(()) };
            let removed = entry.aliases.remove(alias);
            removed
                .filter(|alias| alias.provisioned > 0)
                .map(|alias| entry.provisioning(&Alias { provisioned: 0, ..alias }))
        };
        for (number, configuration, runner, reserved, provisioned) in released.unwrap_or_default() {
            runner.function.update(configuration.spec(&number, reserved, provisioned)).await?;
        }
        Ok(())
    }

    /// Adds a statement to a function's policy.
    pub fn add_permission(&self, name: &str, permission: Permission) -> Result<(), LambdaError> {
        let mut functions = self.functions();
        let entry = find_mut(&mut functions, name, &self.arn(name))?;
        entry.check_qualifier(permission.qualifier.as_deref())?;
        if entry.permissions.iter().any(|other| other.id == permission.id) {
            return Err(LambdaError::StatementExists(permission.id));
        }
        entry.permissions.push(permission);
        Ok(())
    }

    /// Takes a statement from a function's policy; one that is gone already is a success.
    pub fn remove_permission(&self, name: &str, id: &str) {
        if let Some(entry) = self.functions().get_mut(name) {
            entry.permissions.retain(|permission| permission.id != id);
        }
    }

    /// Whether the function's policy lets a service invoke it on behalf of `source_arn`.
    #[must_use]
    pub fn admits(&self, reference: &FunctionReference, principal: &str, source_arn: &str) -> bool {
        let functions = self.functions();
        let statements =
            functions.get(&reference.name).map(|entry| entry.permissions.as_slice()).unwrap_or_default();
        statements
            .iter()
            .any(|permission| permission.admits(principal, reference.qualifier.as_deref(), source_arn))
    }

    /// Runs a function once.
    pub async fn invoke(
        &self,
        reference: &FunctionReference,
        payload: Bytes,
        mut options: InvokeOptions,
    ) -> Result<Invocation, LambdaError> {
        let runner = {
            let functions = self.functions();
            let arn = self.arn(&reference.name);
            let entry = find(&functions, &reference.name, &arn)?;
            if let Some(qualifier) = &reference.qualifier {
                options.invoked_arn = Some(format!("{arn}:{qualifier}"));
            }
            entry.runner(reference.qualifier.as_deref())?
        };
        match runner.function.invoke(payload, options).await {
            Ok(invocation) => Ok(invocation),
            Err(InvokeError::Stopped { function }) => {
                Err(LambdaError::FunctionNotFound { arn: self.arn(&function) })
            }
            Err(error) => Err(error.into()),
        }
    }

    /// The ARN of a function by name, whether it exists or not.
    #[must_use]
    pub fn arn(&self, name: &str) -> String {
        format!("arn:aws:lambda:{}:{}:function:{name}", self.context.region, self.account)
    }

    /// The settings of what a reference names, with the version's number and the ARN that fits the reference.
    pub fn configuration(
        &self,
        reference: &FunctionReference,
    ) -> Result<(Configuration, String, String), LambdaError> {
        let functions = self.functions();
        let arn = self.arn(&reference.name);
        let entry = find(&functions, &reference.name, &arn)?;
        let number = entry.resolve(reference.qualifier.as_deref(), false)?;
        let configuration = entry.configuration(&number).clone();
        let qualified = match &reference.qualifier {
            Some(qualifier) => format!("{arn}:{qualifier}"),
            None => arn,
        };
        Ok((configuration, number, qualified))
    }

    /// The names of all functions.
    #[must_use]
    pub fn names(&self) -> Vec<String> {
        self.functions().keys().cloned().collect()
    }

    /// A function's tags, reservation, versions (`$LATEST` first) and aliases.
    pub fn details(&self, name: &str) -> Result<Details, LambdaError> {
        let functions = self.functions();
        let entry = find(&functions, name, &self.arn(name))?;
        let numbered = entry
            .versions
            .iter()
            .map(|(number, (version, _))| (number.clone(), version.configuration.clone()));
        let mut versions = vec![(LATEST.to_owned(), entry.latest.configuration.clone())];
        versions.extend(numbered);
        versions[1..].sort_by_key(|(number, _)| number.parse::<u64>().unwrap_or_default());
        Ok(Details {
            tags: entry.tags.clone(),
            reserved: entry.reserved,
            versions,
            aliases: entry.aliases.values().cloned().collect(),
        })
    }

    /// The policy document of a function, of one qualifier or of none.
    pub fn policy(&self, reference: &FunctionReference) -> Result<Value, LambdaError> {
        let functions = self.functions();
        let arn = self.arn(&reference.name);
        let entry = find(&functions, &reference.name, &arn)?;
        let own = entry.permissions.iter().filter(|permission| permission.qualifier == reference.qualifier);
        let statements: Vec<Value> = own.map(|permission| permission.statement(&arn)).collect();
        if statements.is_empty() {
            return Err(LambdaError::NoPolicy);
        }
        Ok(json!({"Version": "2012-10-17", "Id": "default", "Statement": statements}))
    }

    /// The processes of all functions, by function.
    #[must_use]
    pub fn processes(&self) -> Vec<(u32, String)> {
        let functions = self.functions();
        let runners =
            functions.iter().flat_map(|(name, entry)| entry.runners().map(move |runner| (name, runner)));
        runners
            .flat_map(|(name, runner)| {
                runner.function.process_ids().into_iter().map(|pid| (pid, name.clone()))
            })
            .collect()
    }

    /// Ends all environments.
    pub async fn stop(&self) {
        let entries = std::mem::take(&mut *self.functions());
        let runners = entries.into_values().flat_map(Entry::into_runners);
        futures::future::join_all(runners.map(|runner| async move { runner.function.stop().await })).await;
    }
}

/// What a function has beside its settings.
#[derive(Clone, Debug)]
pub struct Details {
    pub tags: BTreeMap<String, String>,
    pub reserved: Option<u32>,
    pub versions: Vec<(String, Configuration)>,
    pub aliases: Vec<Alias>,
}

/// A zip in this region's S3.
///
/// # Errors
/// There is no such bucket or object; the words are those with which Lambda passes on S3's.
pub async fn code_from_s3(services: &Services, bucket: &str, key: &str) -> Result<Bytes, LambdaError> {
    services.s3.get_object(bucket, key, None).await.map_err(|error| {
        let code = match &error {
            S3Error::NoSuchBucket { .. } => "NoSuchBucket",
            S3Error::NoSuchKey { .. } => "NoSuchKey",
            _ => "InternalError",
        };
        LambdaError::InvalidParameter(format!(
            "Error occurred while GetObject. S3 Error Code: {code}. S3 Error Message: {error} (s3://{bucket}/{key})"
        ))
    })
}

fn find<'e>(entries: &'e BTreeMap<String, Entry>, name: &str, arn: &str) -> Result<&'e Entry, LambdaError> {
    entries.get(name).ok_or_else(|| LambdaError::FunctionNotFound { arn: arn.to_owned() })
}

fn find_mut<'e>(
    entries: &'e mut BTreeMap<String, Entry>,
    name: &str,
    arn: &str,
) -> Result<&'e mut Entry, LambdaError> {
    entries.get_mut(name).ok_or_else(|| LambdaError::FunctionNotFound { arn: arn.to_owned() })
}
