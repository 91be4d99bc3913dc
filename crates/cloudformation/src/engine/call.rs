//! One call of a handler: reported as events, slowed down, made to fail, cancelled.

use std::future::Future;
use std::panic::AssertUnwindSafe;
use std::sync::{Arc, Mutex, PoisonError};
use std::time::Duration;

use futures::FutureExt;
use serde_json::{Map, Value};
use tokio_util::sync::CancellationToken;

use super::options::{Action, Attempt, Fault};
use super::stack::StackResource;
use super::{Inner, SharedStack, lock};
use crate::handler::{Failure, Handler, Request, Resource};
use crate::status::ResourceStatus;

/// What a call works on, with the events that it causes.
pub(crate) struct Call {
    inner: Arc<Inner>,
    reporter: Arc<Reporter>,
    handler: Arc<dyn Handler>,
    cancelled: CancellationToken,
}

/// Writes events about one resource.
pub(crate) struct Reporter {
    inner: Arc<Inner>,
    stack: SharedStack,
    face: Mutex<StackResource>,
    /// Whether the stack's own resource shows the status; a leftover has events only.
    attached: bool,
}

impl Reporter {
    pub(crate) fn new(inner: &Arc<Inner>, stack: &SharedStack, face: StackResource, attached: bool) -> Self {
        Self { inner: inner.clone(), stack: stack.clone(), face: Mutex::new(face), attached }
    }

    /// Records a status. With a resource, the event shows its physical ID.
    pub(crate) fn emit(&self, status: ResourceStatus, reason: Option<String>, resource: Option<&Resource>) {
        let face = {
            let mut face = self.face.lock().unwrap_or_else(PoisonError::into_inner);
            face.status = status;
            face.reason = reason;
            face.updated = (self.inner.options.clock)();
            if let Some(resource) = resource {
                face.resource = Some(resource.clone());
            }
            face.clone()
        };
        let mut stack = lock(&self.stack);
        stack.record(&face);
        if self.attached
            && let Some(own) = stack.resources.get_mut(&face.logical_id)
        {
            own.status = face.status;
            own.reason = face.reason;
            own.updated = face.updated;
        }
    }

    pub(crate) fn is_in_progress(&self) -> bool {
        self.status().is_in_progress()
    }

    fn status(&self) -> ResourceStatus {
        self.face.lock().unwrap_or_else(PoisonError::into_inner).status
    }

    fn face(&self) -> StackResource {
        self.face.lock().unwrap_or_else(PoisonError::into_inner).clone()
    }
}

impl Call {
    /// A call about the resource that the reporter reports on; `None` where the cloud does not offer its type.
    pub(crate) fn new(
        inner: &Arc<Inner>,
        reporter: &Arc<Reporter>,
        cancelled: &CancellationToken,
    ) -> Option<Self> {
        let handler = inner.registry.get(&reporter.face().type_name)?.clone();
        Some(Self { inner: inner.clone(), reporter: reporter.clone(), handler, cancelled: cancelled.clone() })
    }

    /// Creates the resource. A failure names what was left behind, even if the handler never came back.
    pub(crate) async fn create(&self) -> Result<Resource, Failure> {
        let initiated: Arc<Mutex<Option<Resource>>> = Arc::default();
        let mut request = self.request();
        request.initiated = {
            let (initiated, reporter) = (initiated.clone(), self.reporter.clone());
            Arc::new(move |resource| {
                let first = initiated
                    .lock()
                    .unwrap_or_else(PoisonError::into_inner)
                    .replace(resource.clone())
                    .is_none();
                if first && reporter.status().is_in_progress() {
                    reporter.emit(
                        reporter.status(),
                        Some("Resource creation Initiated".to_owned()),
                        Some(&resource),
                    );
                }
            })
        };
        let announce = request.initiated.clone();
        let creation = self.created_and_signalled(request);
        let result = self.guarded(Action::Create, "Resource creation cancelled", creation).await;
        let known = initiated.lock().unwrap_or_else(PoisonError::into_inner).take();
        match result {
            Ok(resource) if self.cancelled.is_cancelled() => {
                Err(Failure::new("Resource creation cancelled").leaving(resource))
            }
            Ok(resource) => {
                if known.is_none() {
                    announce(resource.clone());
                }
                Ok(resource)
            }
            Err(mut failure) => {
                failure.left_behind = failure.left_behind.or(known);
                Err(failure)
            }
        }
    }

    /// Creates the resource and waits for the signals that its creation policy wants.
    async fn created_and_signalled(&self, request: Request) -> Result<Resource, Failure> {
        let Some(policy) = self.reporter.face().creation_policy else {
            return self.handler.create(request).await;
        };
        // A signal may come before the handler returns.
        let signals = &self.inner.options.signals;
        let mut awaited = signals.expect(&request.stack_name, &request.logical_id);
        let (initiated, progress) = (request.initiated.clone(), request.progress.clone());
        let resource = self.handler.create(request).await?;
        initiated(resource.clone());
        let signalled = tokio::select! {
            signalled = awaited.fulfilled(policy, |text| progress(&text)) => signalled,
            () = self.cancelled.cancelled() => Err("Resource creation cancelled".to_owned()),
        };
        match signalled {
            Ok(()) => Ok(resource),
            Err(reason) => Err(Failure::new(reason).leaving(resource)),
        }
    }

    /// Changes the resource in place.
    pub(crate) async fn update(
        &self,
        current: Resource,
        previous: Map<String, Value>,
    ) -> Result<Resource, Failure> {
        let request = self.request();
        self.guarded(
            Action::Update,
            "Resource update cancelled",
            self.handler.update(request, current, previous),
        )
        .await
    }

    /// Deletes the resource.
    pub(crate) async fn delete(&self, current: Resource) -> Result<(), Failure> {
        let request = self.request();
        self.guarded(Action::Delete, "Resource deletion cancelled", self.handler.delete(request, current))
            .await
    }

    fn request(&self) -> Request {
        let face = self.reporter.face();
        let (stack_id, stack_name) = {
            let stack = lock(&self.reporter.stack);
            (stack.id.clone(), stack.name.clone())
        };
        let reporter = self.reporter.clone();
        Request {
            account: self.inner.options.account.clone(),
            region: self.inner.options.region.clone(),
            stack_id,
            stack_name,
            logical_id: face.logical_id,
            properties: face.properties,
            tags: face.tags,
            progress: Arc::new(move |text| {
                if reporter.status().is_in_progress() {
                    reporter.emit(reporter.status(), Some(text.to_owned()), None);
                }
            }),
            initiated: Arc::new(|_| {}),
            cancelled: self.cancelled.clone(),
        }
    }

    /// Waits for a handler's future, or for as long as a cancelled one may go on. A panic counts as a failure.
    async fn guarded<T>(
        &self,
        action: Action,
        cancelled: &str,
        future: impl Future<Output = Result<T, Failure>>,
    ) -> Result<T, Failure> {
        let face = self.reporter.face();
        let attempt = Attempt {
            stack_name: lock(&self.reporter.stack).name.clone(),
            logical_id: face.logical_id,
            earlier: self.inner.count(&face.type_name, action),
            type_name: face.type_name,
            action,
        };
        let fault = (self.inner.options.fault)(&attempt);
        let at_least = self.inner.options.durations.get(&attempt.type_name).copied();
        let work = AssertUnwindSafe(async {
            match fault {
                Some(Fault::Fail(reason)) => return Err(Failure::new(reason)),
                Some(Fault::Hang) => return futures::future::pending().await,
                Some(Fault::Delay(delay)) => tokio::time::sleep(delay).await,
                None => {}
            }
            let (result, ()) = tokio::join!(future, tokio::time::sleep(at_least.unwrap_or(Duration::ZERO)));
            result
        })
        .catch_unwind();
        tokio::pin!(work);
        let caught = tokio::select! {
            caught = &mut work => caught,
            () = self.cancelled.cancelled() => {
                let failed = match action {
                    Action::Create => ResourceStatus::CreateFailed,
                    Action::Update => ResourceStatus::UpdateFailed,
                    Action::Delete => ResourceStatus::DeleteFailed,
                };
                // A replacement creates, but its logical resource is being updated.
                let failed = if self.reporter.status() == ResourceStatus::UpdateInProgress {
                    ResourceStatus::UpdateFailed
                } else {
                    failed
                };
                self.reporter.emit(failed, Some(cancelled.to_owned()), None);
                match tokio::time::timeout(self.inner.options.cancel_grace, work).await {
                    Ok(caught) => caught,
                    Err(_) => return Err(Failure::new(cancelled)),
                }
            }
        };
        caught.unwrap_or_else(|_| Err(Failure::new("Internal Failure")))
    }
}
