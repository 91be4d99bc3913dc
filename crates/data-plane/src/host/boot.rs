use std::collections::BTreeMap;
use std::io;
use std::net::SocketAddr;
use std::os::unix::fs::PermissionsExt;
use std::path::{Component, Path, PathBuf};
use std::sync::Arc;
use std::time::Duration;

use tokio::io::{AsyncReadExt, AsyncWriteExt};
use tokio::net::TcpStream;
use tokio::time::timeout;

use super::command::{Act, Command, Runs};
use super::journal::{CLOUD_INIT, Journal};
use super::ports::Ports;
use super::service::{Program, Service};
use super::unit::{Restart, Unit};
use super::{HostContext, HostPlan, HostSignal, HostSpec, WrittenFile};
use crate::mutex::Mutex;
use crate::process::LineSink;

/// How long one question to the host itself may take.
const ANSWER_TIMEOUT: Duration = Duration::from_secs(10);
/// Where programs are looked for.
const SEARCH_PATH: &str = "/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin";
/// Where nginx's directory is within the host's.
const NGINX_DIRECTORY: &str = "nginx";

/// The machine behind a [`super::Host`].
pub(super) struct Machine {
    id: String,
    plan: HostPlan,
    memory: u64,
    directory: PathBuf,
    context: HostContext,
    ports: Ports,
    journal: Arc<Journal>,
    console: Mutex<String>,
    services: Mutex<BTreeMap<String, Arc<Service>>>,
}

impl Machine {
    pub(super) fn new(spec: HostSpec, context: HostContext) -> io::Result<Self> {
        std::fs::create_dir_all(&spec.directory)?;
        let ports = Ports::allot(spec.plan.ports())?;
        let journal = Arc::new(Journal::new(&spec.id, Arc::clone(&context.logs)));
        let HostSpec { id, plan, memory, directory } = spec;
        let (console, services) = (Mutex::default(), Mutex::default());
        Ok(Self { id, plan, memory, directory, context, ports, journal, console, services })
    }

    pub(super) fn public_ports(&self) -> BTreeMap<u16, SocketAddr> {
        let public = self.plan.public_ports().into_iter();
        public.filter_map(|port| Some((port, self.ports.get(port)?))).collect()
    }

    pub(super) fn processes(&self) -> Vec<(String, u32)> {
        self.services.lock().values().filter_map(|service| service.process()).collect()
    }

    pub(super) fn console(&self) -> String {
        self.console.lock().clone()
    }

    pub(super) async fn stop(&self) {
        let services = std::mem::take(&mut *self.services.lock());
        futures::future::join_all(services.values().map(|service| service.stop())).await;
        if let Err(error) = tokio::fs::remove_dir_all(&self.directory).await {
            tracing::debug!(path = %self.directory.display(), %error, "the directory of a host could not be removed");
        }
    }

    fn say(&self, line: &str) {
        self.journal.write(CLOUD_INIT, line);
        let mut console = self.console.lock();
        console.push_str(line);
        console.push('\n');
    }

    /// Where an absolute path of the host is on this machine; never outside its directory.
    fn place(&self, path: &str) -> io::Result<PathBuf> {
        let inside = Path::new(path).components().filter_map(|part| match part {
            Component::RootDir | Component::CurDir => None,
            Component::Normal(name) => Some(Ok(name)),
            Component::ParentDir | Component::Prefix(_) => {
                Some(Err(io::Error::new(io::ErrorKind::InvalidInput, format!("{path} leads upwards"))))
            }
        });
        Ok(self.directory.join("root").join(inside.collect::<io::Result<PathBuf>>()?))
    }

    async fn write(&self, path: &str, content: &[u8], mode: u32) -> io::Result<()> {
        let place = self.place(path)?;
        if let Some(parent) = place.parent() {
            tokio::fs::create_dir_all(parent).await?;
        }
        tokio::fs::write(&place, content).await?;
        tokio::fs::set_permissions(&place, PermissionsExt::from_mode(mode)).await
    }

    async fn write_file(&self, file: &WrittenFile) {
        let mode = file.permissions.as_deref().and_then(|digits| u32::from_str_radix(digits, 8).ok());
        match self.write(&file.path, file.content.as_bytes(), mode.unwrap_or(0o644)).await {
            Ok(()) => self.say(&format!("wrote {}", file.path)),
            Err(error) => self.say(&format!("{} could not be written: {error}", file.path)),
        }
    }

    /// Does one simple command.
    async fn act(&self, act: &Act, failed: Option<&String>) -> Result<(), String> {
        let of_io = |error: io::Error| error.to_string();
        match act {
            Act::Fetch { bucket, key, path } => {
                let content = self.context.outside.fetch(&self.id, bucket, key).await?;
                self.write(path, &content, 0o644).await.map_err(of_io)
            }
            Act::Permit { mode, path } => {
                let place = self.place(path).map_err(of_io)?;
                tokio::fs::set_permissions(place, PermissionsExt::from_mode(*mode)).await.map_err(of_io)
            }
            Act::MakeDirectory { path } => {
                tokio::fs::create_dir_all(self.place(path).map_err(of_io)?).await.map_err(of_io)
            }
            Act::Reload => Ok(()),
            Act::Start { units } => {
                for unit in units {
                    self.start(unit).await?;
                }
                Ok(())
            }
            Act::Collect { path } => {
                let collected = self.plan.collected.get(path).into_iter().flatten();
                collected.for_each(|one| self.journal.collect(one));
                Ok(())
            }
            Act::Ask { port, path, retries, pause } => {
                let mut left = *retries;
                loop {
                    let Err(reason) = self.ask(*port, path).await else { return Ok(()) };
                    if left == 0 {
                        return Err(format!("http://127.0.0.1:{port}{path} {reason}"));
                    }
                    left -= 1;
                    tokio::time::sleep(Duration::from_secs(*pause)).await;
                }
            }
            Act::Signal { success, stack, resource } => {
                let signal = HostSignal {
                    host: self.id.clone(),
                    stack: stack.clone(),
                    resource: resource.clone(),
                    success: *success,
                    detail: failed.cloned(),
                };
                self.context.outside.signal(signal).await
            }
        }
    }

    /// `GET path`, of which only the status counts.
    async fn ask(&self, port: u16, path: &str) -> Result<(), String> {
        let address = self.ports.get(port).ok_or("nothing listens there")?;
        let asked = async {
            let mut stream = TcpStream::connect(address).await?;
            let request = format!(
                "GET {path} HTTP/1.1\r\nHost: 127.0.0.1:{port}\r\nAccept: */*\r\nConnection: close\r\n\r\n"
            );
            stream.write_all(request.as_bytes()).await?;
            let mut head = [0; 12];
            stream.read_exact(&mut head).await?;
            Ok::<_, io::Error>(head)
        };
        let head = timeout(ANSWER_TIMEOUT, asked).await.map_err(|_| "did not answer in time")?;
        let head = head.map_err(|error| format!("did not answer: {error}"))?;
        let status = String::from_utf8_lossy(&head[9..]).into_owned();
        if status.starts_with(['1', '2', '3']) { Ok(()) } else { Err(format!("answered {status}")) }
    }

    /// Starts a unit, or starts it anew.
    async fn start(&self, name: &str) -> Result<(), String> {
        let program = match self.plan.units.get(name) {
            Some(unit) => self.program(unit),
            None => self.nginx().await,
        };
        let program = program.map_err(|error| format!("{name}.service: {error}"))?;
        let before = self.services.lock().remove(name);
        if let Some(before) = before {
            before.stop().await;
        }
        self.services.lock().insert(name.to_owned(), Arc::new(Service::start(program)));
        Ok(())
    }

    fn sink(&self, file: Option<&str>) -> LineSink {
        let Some(file) = file.map(str::to_owned) else { return Arc::new(|_: &str| {}) };
        let journal = Arc::clone(&self.journal);
        Arc::new(move |line: &str| journal.write(&file, line))
    }

    fn program(&self, unit: &Unit) -> io::Result<Program> {
        let (path, arguments) = unit.exec.split_first().ok_or(io::ErrorKind::InvalidInput)?;
        let executable = self.place(path)?;
        let mode = executable.metadata().map_err(|error| io::Error::other(format!("{path}: {error}")))?;
        if mode.permissions().mode() & 0o111 == 0 {
            return Err(io::Error::other(format!("{path} is not executable")));
        }
        let mut environment = self.context.environment.clone();
        environment.insert("PATH".to_owned(), SEARCH_PATH.to_owned());
        environment.extend(unit.environment.clone());
        if let Some(port) = unit.environment.get("PORT").and_then(|port| self.ports.get(port.parse().ok()?)) {
            environment.insert("PORT".to_owned(), port.port().to_string());
            // All that others may reach is behind the address of the host.
            environment.insert("BIND_ADDRESS".to_owned(), port.ip().to_string());
        }
        let mut unit = unit.clone();
        unit.memory = Some(unit.memory.unwrap_or(self.memory).min(self.memory));
        let words = std::iter::once(executable.into_os_string()).chain(arguments.iter().map(Into::into));
        Ok(Program {
            words: words.collect(),
            environment,
            directory: self.place("/")?,
            sink: self.sink(unit.output.as_deref()),
            launcher: self.context.launcher.clone(),
            unit,
        })
    }

    /// nginx in a directory of its own, with this machine's ports.
    async fn nginx(&self) -> io::Result<Program> {
        let missing = || io::Error::other("nginx is not installed");
        let configuration = self.plan.nginx.as_ref().ok_or_else(missing)?;
        let directory = self.directory.join(NGINX_DIRECTORY);
        tokio::fs::create_dir_all(&directory).await?;
        tokio::fs::write(directory.join("nginx.conf"), configuration.render(&self.ports)).await?;
        let arguments = ["-p", ".", "-c", "nginx.conf"].map(Into::into);
        Ok(Program {
            unit: Unit {
                name: "nginx".to_owned(),
                exec: Vec::new(),
                environment: BTreeMap::new(),
                restart: Restart::OnFailure,
                restart_pause: Duration::from_millis(100),
                stop_timeout: Duration::from_secs(5),
                open_files: None,
                memory: Some(self.memory),
                output: None,
            },
            launcher: self.context.launcher.clone(),
            words: self.context.nginx.iter().cloned().chain(arguments).collect(),
            environment: BTreeMap::from([("PATH".to_owned(), SEARCH_PATH.to_owned())]),
            directory,
            sink: self.sink(Some(&configuration.error_log)),
        })
    }
}

/// Does what cloud-init does, in its order: files, packages, deferred files, commands. What fails is said on the console and does not
/// keep the rest from being done.
/// <https://cloudinit.readthedocs.io/en/latest/explanation/boot.html>
pub(super) async fn run(machine: Arc<Machine>) {
    let config = &machine.plan.config;
    for file in config.files.iter().filter(|file| !file.defer) {
        machine.write_file(file).await;
    }
    for package in &config.packages {
        machine.say(&format!("installed {package}"));
    }
    for file in config.files.iter().filter(|file| file.defer) {
        machine.write_file(file).await;
    }
    for command in &config.commands {
        perform(&machine, command).await;
    }
    machine.say("cloud-init finished");
}

async fn perform(machine: &Machine, command: &Command) {
    let mut failed: Option<String> = None;
    for step in &command.steps {
        let runs = match step.runs {
            Runs::Always => true,
            Runs::AfterSuccess => failed.is_none(),
            Runs::AfterFailure => failed.is_some(),
        };
        if !runs {
            continue;
        }
        match machine.act(&step.act, failed.as_ref()).await {
            Ok(()) => failed = None,
            Err(reason) => {
                machine.say(&format!("{}: {reason}", step.act));
                failed = Some(format!("{}: {reason}", step.act));
            }
        }
    }
}
