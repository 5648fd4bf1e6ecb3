//! `webhooks listen`: an HTTPS receiver on this machine that verifies and prints each callback.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use http::StatusCode;
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use uuid::Uuid;
use webhooks_client::callback::SigningSecret;
use webhooks_client::types::{AuthInput, WebhookRegistration, WebhookRegistrationEventTypesItem};

use crate::api::Api;
use crate::arguments::{Connection, Listen};
use crate::forward::Forwarder;
use crate::output::{Format, Screen, print, print_json, wrapped};
use crate::replay::Recorder;
use crate::requests;
use crate::secrets;

mod authority;
mod checks;
mod receiver;
mod report;

use authority::Authority;
use checks::{Checks, Credentials};
use receiver::{Event, Reply};

/// Maximum number of received callbacks that are not printed yet. When this number is reached, a new callback gets no
/// response until an earlier callback is printed.
const MAX_UNPRINTED: usize = 64;

pub(crate) async fn run(arguments: &Listen, connection: &Connection, format: Format) -> Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}: choose another --port"))?;
    let url = format!("https://{}/", listener.local_addr()?);
    let authority = Authority::open(&connection.data_dir, arguments.cert_dir.as_deref())?;
    let forwarder = arguments.forward_to.as_deref().map(|url| Forwarder::new(url, connection)).transpose()?;
    // `replay` is a convenience, so its file must not prevent the start.
    let recorder = Recorder::open(&connection.data_dir).inspect_err(|error| eprintln!("`replay` will have no callbacks: {error:#}")).ok();
    let receiver = Receiver {
        listener,
        tls: authority.server_config()?,
        reply: Reply { status: StatusCode::from_u16(arguments.status).unwrap_or(StatusCode::NO_CONTENT), forwarder },
        url,
        authority,
        format,
        with_headers: arguments.print_headers,
        recorder,
    };
    let mut stop = Stop::new()?;

    if arguments.register {
        return receive_registered(arguments, &Api::connect(connection)?, receiver, stop).await;
    }
    let checks = Checks { credentials: credentials(arguments)?, secrets: signing_secrets(arguments)? };
    receiver.announce(None)?;
    receiver.receive(checks, &mut stop).await
}

/// Registers the receiver as a webhook and receives callbacks. At the end, deletes the webhook, even after an error.
async fn receive_registered(arguments: &Listen, api: &Api, receiver: Receiver, mut stop: Stop) -> Result<()> {
    let (username, password) = ("webhooks-listen", secrets::random()?);
    let body = WebhookRegistration {
        target_url: requests::parse(&receiver.url, "a target URL")?,
        auth: Some(AuthInput::Basic {
            username: requests::parse(username, "a user name")?,
            password: password.parse().map_err(|_| anyhow!("the random password is not usable"))?,
        }),
        headers: None,
        event_types: event_types(&arguments.event_types)?,
        description: Some(requests::parse("webhooks listen", "a description")?),
        max_per_second: None,
        ordered: None,
    };
    let registration = api.settle(api.client.register_webhook().body(body).send().await);
    let webhook = registration.context("cannot register this receiver (does the server run with --dev?)")?;

    // The receiver needs the secret to verify callbacks. Until the receiver has the secret, new connections wait in the
    // socket's queue.
    let outcome = async {
        let signing = api.settle(api.client.get_signing_secret().id(webhook.id).send().await)?;
        let secret: SigningSecret = signing.secret.parse().context("the API returned an invalid signing secret")?;
        let checks = Checks { credentials: Credentials::Basic { username: username.to_owned(), password }, secrets: vec![secret] };
        receiver.announce(Some(webhook.id))?;
        receiver.receive(checks, &mut stop).await
    }
    .await;

    let deletion = tokio::select! {
        result = async { api.settle(api.client.delete_webhook().id(webhook.id).send().await) } => result,
        () = stop.wait() => Err(anyhow!("stopped before the API responded")),
    };
    let remaining = || format!("webhook {0} is still registered; delete it with `webhooks delete {0}`", webhook.id);
    match (outcome, deletion) {
        (Ok(()), Ok(())) => {
            eprintln!("deleted webhook {}", webhook.id);
            Ok(())
        }
        (Ok(()), Err(error)) => Err(error.context(remaining())),
        (Err(error), Ok(())) => Err(error),
        (Err(error), Err(_)) => Err(error.context(remaining())),
    }
}

/// Returns the named event types. Without names, returns all event types. They include `webhook.*`: the events about
/// other webhooks of the account.
fn event_types(named: &[String]) -> Result<Vec<WebhookRegistrationEventTypesItem>> {
    if named.is_empty() { requests::event_types(&["*".to_owned(), "webhook.*".to_owned()]) } else { requests::event_types(named) }
}

/// A receiver that does not accept connections yet. Its socket is already bound, so no other process can use the port.
struct Receiver {
    listener: TcpListener,
    tls: rustls::ServerConfig,
    reply: Reply,
    url: String,
    authority: Authority,
    format: Format,
    with_headers: bool,
    recorder: Option<Recorder>,
}

impl Receiver {
    fn announce(&self, webhook: Option<Uuid>) -> Result<()> {
        let ca_file = self.authority.certificate_path.display().to_string();
        if self.format.is_json() {
            let ready = json!({ "event": "ready", "url": self.url, "webhookID": webhook, "caFile": ca_file });
            return Ok(print_json(&ready)?);
        }
        if self.authority.own {
            print(&format!("the server must trust this receiver: webhooks-server --allow-network 127.0.0.0/8 --ca-file {ca_file}"))?;
        }
        match webhook {
            Some(webhook) => {
                let text = format!("registered webhook {webhook}; it is deleted when this command stops (Ctrl-C)");
                print(&wrapped(&text, Screen::stdout().width.unwrap_or(usize::MAX)))?;
            }
            None => print("not registered: register a webhook with this URL to receive callbacks")?,
        }
        Ok(print(&format!("ready at {}\n", self.url))?)
    }

    /// Prints received callbacks until a stop signal arrives or the output is closed.
    async fn receive(mut self, checks: Checks, stop: &mut Stop) -> Result<()> {
        let (sender, mut events) = mpsc::channel(MAX_UNPRINTED);
        let accepting = tokio::spawn(receiver::accept(self.listener, Arc::new(self.tls), Arc::new(checks), Arc::new(self.reply), sender));
        let printed = loop {
            tokio::select! {
                () = stop.wait() => break Ok(()),
                event = events.recv() => match event {
                    Some(Event::Callback(callback)) => {
                        if let Err(error) = report::callback(&callback, self.format, self.with_headers) {
                            break Err(error.into());
                        }
                        if let (Some(recorder), false) = (&mut self.recorder, callback.refused) {
                            let status = callback.status.as_u16();
                            if let Err(error) = recorder.append(callback.at, &callback.headers, &callback.body, status) {
                                eprintln!("cannot record the callback for `webhooks replay`: {error}");
                            }
                        }
                    }
                    Some(Event::Note(note)) => eprintln!("{}", crate::output::printable(&note)),
                    None => break Err(anyhow!("the receiver has stopped")),
                },
            }
        };
        accepting.abort();
        printed
    }
}

fn credentials(arguments: &Listen) -> Result<Credentials> {
    if let Some(username) = &arguments.username {
        let password = secrets::password(None, arguments.password_file.as_deref())?;
        return Ok(Credentials::Basic { username: username.clone(), password });
    }
    match &arguments.bearer_file {
        Some(file) => Ok(Credentials::Bearer { token: secrets::from_file(file)? }),
        None => Ok(Credentials::Any),
    }
}

/// Reads the signing secrets from the file, one per line. During a rotation, a webhook has two secrets.
fn signing_secrets(arguments: &Listen) -> Result<Vec<SigningSecret>> {
    let Some(file) = &arguments.secret_file else { return Ok(vec![]) };
    let text = secrets::from_file(file)?;
    text.lines().map(|line| line.parse().with_context(|| format!("{} has a line that is not a signing secret", file.display()))).collect()
}

/// The signals that stop this command. The command installs the handlers before it registers the webhook, so that no signal
/// during the registration is lost.
struct Stop([Signal; 3]);

impl Stop {
    fn new() -> Result<Stop> {
        let [interrupt, terminate, hangup] = [SignalKind::interrupt(), SignalKind::terminate(), SignalKind::hangup()].map(signal);
        Ok(Stop([interrupt?, terminate?, hangup?]))
    }

    async fn wait(&mut self) {
        let [interrupt, terminate, hangup] = &mut self.0;
        tokio::select! {
            _ = interrupt.recv() => {}
            _ = terminate.recv() => {}
            _ = hangup.recv() => {}
        }
    }
}
