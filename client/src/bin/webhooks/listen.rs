//! `webhooks listen`: an HTTPS receiver on this machine that checks each callback, prints it, and answers.

use std::net::{Ipv4Addr, SocketAddr};
use std::sync::Arc;

use anyhow::{Context as _, Result, anyhow};
use serde_json::json;
use tokio::net::TcpListener;
use tokio::signal::unix::{Signal, SignalKind, signal};
use tokio::sync::mpsc;
use uuid::Uuid;
use webhooks_client::callback::SigningSecret;
use webhooks_client::types::{AuthInput, WebhookRegistration, WebhookRegistrationEventTypesItem};

use crate::api::Api;
use crate::arguments::{Connection, Listen};
use crate::output::{print, print_json};
use crate::requests;
use crate::secrets;

mod authority;
mod checks;
mod receiver;
mod report;

use authority::Authority;
use checks::{Checks, Credentials};
use receiver::Event;

/// Callbacks that wait to be printed; when the terminal is slower than that, senders wait.
const UNPRINTED: usize = 64;

pub(crate) async fn run(arguments: &Listen, connection: &Connection, json: bool) -> Result<()> {
    let address = SocketAddr::from((Ipv4Addr::LOCALHOST, arguments.port));
    let listener = TcpListener::bind(address).await.with_context(|| format!("cannot listen on {address}: choose another --port"))?;
    let url = format!("https://{}/", listener.local_addr()?);
    let authority = Authority::open(&connection.data_dir, arguments.cert_dir.as_deref())?;
    let receiver = Receiver { listener, tls: authority.server_config()?, status: arguments.status, url, authority, json };
    let mut stop = Stop::new()?;

    if arguments.register {
        return registered(arguments, &Api::connect(connection)?, receiver, stop).await;
    }
    let checks = Checks { credentials: credentials(arguments)?, secrets: signing_secrets(arguments)? };
    receiver.announce(None)?;
    receiver.receive(checks, &mut stop).await
}

/// Registers the receiver for as long as it runs. Whatever ends it, the webhook is deleted.
async fn registered(arguments: &Listen, api: &Api, receiver: Receiver, mut stop: Stop) -> Result<()> {
    let (username, password) = ("webhooks-listen", secrets::random()?);
    let body = WebhookRegistration {
        target_url: requests::read(&receiver.url, "a target URL")?,
        auth: Some(AuthInput::Basic {
            username: requests::read(username, "a user name")?,
            password: password.parse().map_err(|_| anyhow!("the random password is not usable"))?,
        }),
        headers: None,
        event_types: event_types(&arguments.event_types)?,
        description: Some(requests::read("webhooks listen", "a description")?),
        max_per_second: None,
        ordered: None,
    };
    let registration = api.settle(api.client.register_webhook().body(body).send().await);
    let webhook = registration.context("this receiver could not be registered (does the server run with --dev?)")?;

    // Nothing is accepted before the secret is known: until then callbacks wait in the socket's queue.
    let outcome = async {
        let answer = api.settle(api.client.get_signing_secret().id(webhook.id).send().await)?;
        let secret: SigningSecret = answer.secret.parse().context("the API gave a signing secret that is not one")?;
        let checks = Checks { credentials: Credentials::Basic { username: username.to_owned(), password }, secrets: vec![secret] };
        receiver.announce(Some(webhook.id))?;
        receiver.receive(checks, &mut stop).await
    }
    .await;

    let deletion = tokio::select! {
        result = async { api.settle(api.client.delete_webhook().id(webhook.id).send().await) } => result,
        () = stop.wait() => Err(anyhow!("stopped before the API had answered")),
    };
    let left = || format!("webhook {0} is still registered: `webhooks delete {0}`", webhook.id);
    match (outcome, deletion) {
        (Ok(()), Ok(())) => {
            eprintln!("deleted webhook {}", webhook.id);
            Ok(())
        }
        (Ok(()), Err(error)) => Err(error.context(left())),
        (Err(error), Ok(())) => Err(error),
        (Err(error), Err(_)) => Err(error.context(left())),
    }
}

/// Everything, unless some types are named: also what the service tells of the account's other webhooks.
fn event_types(named: &[String]) -> Result<Vec<WebhookRegistrationEventTypesItem>> {
    if named.is_empty() { requests::event_types(&["*".to_owned(), "webhook.*".to_owned()]) } else { requests::event_types(named) }
}

/// The receiver before it receives: it is bound, so that nobody else gets its port, and has its certificate.
struct Receiver {
    listener: TcpListener,
    tls: rustls::ServerConfig,
    status: u16,
    url: String,
    authority: Authority,
    json: bool,
}

impl Receiver {
    fn announce(&self, webhook: Option<Uuid>) -> Result<()> {
        let ca_file = self.authority.certificate_path.display().to_string();
        if self.json {
            let ready = json!({ "event": "ready", "url": self.url, "webhookID": webhook, "caFile": ca_file });
            return Ok(print_json(&ready)?);
        }
        if self.authority.own {
            print(&format!("the server must trust this receiver: webhooks-server --allow-network 127.0.0.0/8 --ca-file {ca_file}"))?;
        }
        match webhook {
            Some(webhook) => print(&format!("registered webhook {webhook}; it is deleted when this stops (Ctrl-C)"))?,
            None => print("not registered: callbacks come when a webhook with this URL is")?,
        }
        Ok(print(&format!("ready at {}\n", self.url))?)
    }

    /// Prints what comes, until it is told to stop or nobody reads it any more.
    async fn receive(self, checks: Checks, stop: &mut Stop) -> Result<()> {
        let (events, mut arrived) = mpsc::channel(UNPRINTED);
        let accepting = tokio::spawn(receiver::accept(self.listener, Arc::new(self.tls), Arc::new(checks), self.status, events));
        let printed = loop {
            tokio::select! {
                () = stop.wait() => break Ok(()),
                event = arrived.recv() => match event {
                    Some(Event::Callback(callback)) => {
                        if let Err(error) = report::callback(&callback, self.json) {
                            break Err(error.into());
                        }
                    }
                    Some(Event::Note(note)) => eprintln!("{}", crate::output::printable(&note)),
                    None => break Err(anyhow!("the receiver has ended")),
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

/// One secret a line: while a webhook's secret is being rotated it has two.
fn signing_secrets(arguments: &Listen) -> Result<Vec<SigningSecret>> {
    let Some(file) = &arguments.secret_file else { return Ok(vec![]) };
    let text = secrets::from_file(file)?;
    text.lines().map(|line| line.parse().with_context(|| format!("{} has a line that is no signing secret", file.display()))).collect()
}

/// The signals that end this command in an orderly way. They are taken from the beginning, so that none is missed
/// between registering and receiving.
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
