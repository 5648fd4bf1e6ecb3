//! Somebody's own deployment: whose data a run may change there, and what it leaves behind.

use std::io::Write as _;
use std::process::{Command, Stdio};

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};
use url::Url;

/// Where hooks.py lets every webhook of a run point to.
const MADE_HERE: &str = "https://a.invalid";

const WEBHOOKS: &str = "/api/notifications/v1/webhooks";

/// No webhook has it: their identifiers hold the time at which they were made.
const NO_WEBHOOK: &str = "00000000-0000-0000-0000-000000000000";

pub(super) struct Deployment {
    url: String,
    token: String,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Webhook {
    id: String,
    target_url: String,
}

impl Deployment {
    pub(super) fn at(url: &Url, token: &str) -> anyhow::Result<Deployment> {
        let loopback = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        ensure!(url.scheme() == "https" || (url.scheme() == "http" && loopback), "{url}: an access token is sent over https alone");
        let token = token.trim();
        let plain = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'));
        ensure!(plain, "the file holds no access token");
        Ok(Deployment { url: url.as_str().trim_end_matches('/').to_owned(), token: token.to_owned() })
    }

    pub(super) fn url(&self) -> &str {
        &self.url
    }

    pub(super) fn token(&self) -> &str {
        &self.token
    }

    /// Ends the run unless the token is of `account` and of no other.
    ///
    /// The API has no operation that says whose a token is. But a notification for a webhook that does not exist is
    /// refused in different ways: 400 at `/account` where the account is not the token's, else 404. Nothing is published.
    pub(super) fn require_account(&self, account: &str) -> anyhow::Result<()> {
        let another = if account == "nobody" { "somebody" } else { "nobody" };
        match (self.may_publish_to(account)?, self.may_publish_to(another)?) {
            (true, false) => Ok(()),
            (false, _) => bail!("the access token is not of the account {account}: nothing was touched"),
            (true, true) => bail!("this is a platform's access token: the run needs one of the account {account} alone"),
        }
    }

    fn may_publish_to(&self, account: &str) -> anyhow::Result<bool> {
        let body = json!({"type": "contract.test", "data": {}, "account": account, "webhook": {"id": NO_WEBHOOK}});
        let (status, answer) = self.call("POST", "/api/notifications/v1/notifications", Some(&body))?;
        may_publish(status, &answer)
    }

    pub(super) fn webhooks(&self) -> anyhow::Result<Vec<Webhook>> {
        let mut webhooks = Vec::new();
        let mut path = format!("{WEBHOOKS}?limit=200");
        loop {
            let (status, page) = self.call("GET", &path, None)?;
            ensure!(status == 200, "cannot list the webhooks: {status} {page}");
            for webhook in page["data"].as_array().context("a page without data")? {
                let member = |name: &str| webhook[name].as_str().map(str::to_owned).with_context(|| format!("a webhook without {name}"));
                webhooks.push(Webhook { id: member("id")?, target_url: member("targetURL")? });
            }
            let Some(cursor) = page["cursor"].as_str() else { return Ok(webhooks) };
            path = format!("{WEBHOOKS}?limit=200&cursor={cursor}");
        }
    }

    /// How many it removed.
    pub(super) fn remove_made_since(&self, before: &[Webhook]) -> anyhow::Result<usize> {
        let made = made_since(before, self.webhooks()?);
        for webhook in &made {
            let (status, answer) = self.call("DELETE", &format!("{WEBHOOKS}/{}", webhook.id), None)?;
            ensure!(matches!(status, 204 | 404), "cannot delete the webhook {}: {status} {answer}", webhook.id);
        }
        Ok(made.len())
    }

    /// The status, and the body if there is one.
    fn call(&self, method: &str, path: &str, body: Option<&Value>) -> anyhow::Result<(u16, Value)> {
        let mut curl = Command::new("curl")
            .args(["--silent", "--show-error", "--max-time", "30", "--write-out", "\n%{http_code}", "--config", "-", "--request", method])
            .args(body.map(|body| ["--data-raw".to_owned(), body.to_string()]).into_iter().flatten())
            .args(["--header", "Content-Type: application/json", "--url", &format!("{}{path}", self.url)])
            .stdin(Stdio::piped())
            .stdout(Stdio::piped())
            .spawn()
            .context("cannot start curl: sudo apt-get install --yes curl")?;
        // Not an argument, which `ps` would show.
        let mut secret = curl.stdin.take().context("curl takes no input")?;
        writeln!(secret, "header = \"Authorization: Bearer {}\"", self.token).context("cannot tell curl the token")?;
        drop(secret);
        let output = curl.wait_with_output().context("cannot wait for curl")?;
        ensure!(output.status.success(), "{method} {}{path}: no answer", self.url);
        let answer = String::from_utf8(output.stdout).context("the answer is not text")?;
        let (body, status) = answer.rsplit_once('\n').context("curl printed no status")?;
        Ok((status.parse()?, serde_json::from_str(body).unwrap_or_default()))
    }
}

fn may_publish(status: u16, answer: &Value) -> anyhow::Result<bool> {
    match (status, answer["errors"][0]["pointer"].as_str()) {
        (404, _) if answer["code"] == "not_found" => Ok(true),
        (400, Some("/account")) => Ok(false),
        _ => bail!("cannot find out whose the access token is (it needs every scope): {status} {answer}"),
    }
}

/// A webhook that pointed elsewhere before the run is its owner's, wherever it points now. One that pointed to
/// [`MADE_HERE`] already is left over from a run that was cut off.
fn made_since(before: &[Webhook], mut after: Vec<Webhook>) -> Vec<Webhook> {
    after.retain(|webhook| at_ours(webhook) && !before.iter().any(|known| known.id == webhook.id && !at_ours(known)));
    after
}

fn at_ours(webhook: &Webhook) -> bool {
    webhook.target_url.strip_prefix(MADE_HERE).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_goes_over_https_or_stays_on_this_machine() {
        for (url, accepted) in [
            ("https://api.example.com", true),
            ("http://127.0.0.1:8080/", true),
            ("http://localhost:8080", true),
            ("http://api.example.com", false),
            ("http://localhost.example.com", false),
            ("ftp://127.0.0.1", false),
        ] {
            assert_eq!(Deployment::at(&url.parse().expect("a URL"), "token\n").is_ok(), accepted, "{url}");
        }
        let url = "https://api.example.com".parse().expect("a URL");
        for no_token in ["", "two words", "quo\"ted", "two\nlines"] {
            assert!(Deployment::at(&url, no_token).is_err(), "{no_token}");
        }
    }

    #[test]
    fn the_refusal_says_whose_the_token_is() {
        assert!(may_publish(404, &json!({"code": "not_found"})).expect("told"));
        assert!(!may_publish(400, &json!({"code": "invalid_request", "errors": [{"pointer": "/account"}]})).expect("told"));
        for (status, answer) in [
            (404, json!({"message": "no such path"})),
            (400, json!({"errors": [{"pointer": "/data"}]})),
            (401, json!({"code": "unauthenticated"})),
            (403, json!({"code": "insufficient_scope"})),
            (202, json!({"id": "0197a5a4-91b2-7c41-8e57-1f7d3c2b9a60"})),
            (502, Value::Null),
        ] {
            assert!(may_publish(status, &answer).is_err(), "{status} {answer}");
        }
    }

    #[test]
    fn only_webhooks_of_the_run_are_removed() {
        let webhook = |id: &str, target_url: &str| Webhook { id: id.to_owned(), target_url: target_url.to_owned() };
        let before =
            [webhook("kept", "https://example.com"), webhook("changed", "https://example.com"), webhook("left", "https://a.invalid")];
        let after = vec![
            webhook("kept", "https://example.com"),
            webhook("changed", "https://a.invalid/now"),
            webhook("left", "https://a.invalid"),
            webhook("made", "https://a.invalid?x"),
            webhook("by another", "https://a.invalid.example.com"),
        ];
        let removed: Vec<String> = made_since(&before, after).into_iter().map(|webhook| webhook.id).collect();
        assert_eq!(removed, ["left", "made"]);
    }
}
