//! Contract tests against a deployment: checks the account of the access token, and removes the webhooks that a run created.

use anyhow::{Context as _, bail, ensure};
use serde_json::{Value, json};
use url::Url;

use crate::api::{Api, WEBHOOKS};

/// The target of every webhook that a run creates; hooks.py sets this target.
const TEST_TARGET: &str = "https://a.invalid";

/// An id that no webhook has. The id of a webhook contains its time of creation, so no id is zero.
const UNKNOWN_WEBHOOK: &str = "00000000-0000-0000-0000-000000000000";

pub(super) struct Deployment {
    api: Api,
}

#[derive(Clone, Debug, PartialEq)]
pub(super) struct Webhook {
    id: String,
    target_url: String,
}

impl Deployment {
    pub(super) fn at(url: &Url, token: &str) -> anyhow::Result<Deployment> {
        let loopback = matches!(url.host_str(), Some("127.0.0.1" | "[::1]" | "localhost"));
        ensure!(url.scheme() == "https" || (url.scheme() == "http" && loopback), "{url}: access tokens are sent over https only");
        let token = token.trim();
        let plain = !token.is_empty() && token.bytes().all(|byte| byte.is_ascii_graphic() && !matches!(byte, b'"' | b'\\'));
        ensure!(plain, "the file does not contain an access token");
        Ok(Deployment { api: Api { url: url.as_str().trim_end_matches('/').to_owned(), token: token.to_owned() } })
    }

    pub(super) fn url(&self) -> &str {
        &self.api.url
    }

    pub(super) fn token(&self) -> &str {
        &self.api.token
    }

    /// Fails unless the token belongs to `account` and to no other account.
    ///
    /// No operation of the API returns the account of a token. So this function publishes to a webhook that does not
    /// exist, and the service refuses. If the token does not belong to the account, the status is 400 with the pointer
    /// `/account`. Otherwise the status is 404.
    pub(super) fn require_account(&self, account: &str) -> anyhow::Result<()> {
        let another = if account == "nobody" { "somebody" } else { "nobody" };
        match (self.may_publish_to(account)?, self.may_publish_to(another)?) {
            (true, false) => Ok(()),
            (false, _) => bail!("the access token does not belong to the account {account}; nothing was changed"),
            (true, true) => bail!("this is a platform token; the run needs a token of the account {account} only"),
        }
    }

    fn may_publish_to(&self, account: &str) -> anyhow::Result<bool> {
        let body = json!({"type": "contract.test", "data": {}, "account": account, "webhook": {"id": UNKNOWN_WEBHOOK}});
        let (status, response) = self.api.call("POST", "/api/notifications/v1/notifications", Some(&body))?;
        may_publish(status, &response)
    }

    pub(super) fn webhooks(&self) -> anyhow::Result<Vec<Webhook>> {
        let mut webhooks = Vec::new();
        let mut path = format!("{WEBHOOKS}?limit=200");
        loop {
            let (status, page) = self.api.call("GET", &path, None)?;
            ensure!(status == 200, "cannot list the webhooks: {status} {page}");
            for webhook in page["data"].as_array().context("a page has no `data`")? {
                let member = |name: &str| webhook[name].as_str().map(str::to_owned).with_context(|| format!("a webhook has no `{name}`"));
                webhooks.push(Webhook { id: member("id")?, target_url: member("targetURL")? });
            }
            let Some(cursor) = page["cursor"].as_str() else { return Ok(webhooks) };
            path = format!("{WEBHOOKS}?limit=200&cursor={cursor}");
        }
    }

    /// Deletes the webhooks that the run created, and returns their number. `before` has the webhooks that existed
    /// before the run.
    pub(super) fn remove_created_since(&self, before: &[Webhook]) -> anyhow::Result<usize> {
        let created = created_since(before, self.webhooks()?);
        for webhook in &created {
            let (status, response) = self.api.call("DELETE", &format!("{WEBHOOKS}/{}", webhook.id), None)?;
            ensure!(matches!(status, 204 | 404), "cannot delete the webhook {}: {status} {response}", webhook.id);
        }
        Ok(created.len())
    }
}

fn may_publish(status: u16, response: &Value) -> anyhow::Result<bool> {
    match (status, response["errors"][0]["pointer"].as_str()) {
        (404, _) if response["code"] == "not_found" => Ok(true),
        (400, Some("/account")) => Ok(false),
        _ => bail!("cannot determine the account of the access token (it needs every scope): {status} {response}"),
    }
}

/// Returns the webhooks with the target [`TEST_TARGET`] that this run or an interrupted earlier run created. If a webhook had
/// another target before this run, it belongs to the owner of the account, and is not returned.
fn created_since(before: &[Webhook], mut after: Vec<Webhook>) -> Vec<Webhook> {
    after.retain(|webhook| has_test_target(webhook) && !before.iter().any(|known| known.id == webhook.id && !has_test_target(known)));
    after
}

fn has_test_target(webhook: &Webhook) -> bool {
    webhook.target_url.strip_prefix(TEST_TARGET).is_some_and(|rest| rest.is_empty() || rest.starts_with(['/', '?']))
}

#[cfg(test)]
mod tests {
    use super::*;

    #[test]
    fn a_token_is_sent_over_https_or_to_this_machine_only() {
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
    fn the_refusal_tells_the_account_of_the_token() {
        assert!(may_publish(404, &json!({"code": "not_found"})).expect("a known refusal"));
        assert!(!may_publish(400, &json!({"code": "invalid_request", "errors": [{"pointer": "/account"}]})).expect("a known refusal"));
        for (status, response) in [
            (404, json!({"message": "no such path"})),
            (400, json!({"errors": [{"pointer": "/data"}]})),
            (401, json!({"code": "unauthenticated"})),
            (403, json!({"code": "insufficient_scope"})),
            (202, json!({"id": "0197a5a4-91b2-7c41-8e57-1f7d3c2b9a60"})),
            (502, Value::Null),
        ] {
            assert!(may_publish(status, &response).is_err(), "{status} {response}");
        }
    }

    #[test]
    fn only_webhooks_that_the_run_created_are_removed() {
        let webhook = |id: &str, target_url: &str| Webhook { id: id.to_owned(), target_url: target_url.to_owned() };
        let before =
            [webhook("kept", "https://example.com"), webhook("changed", "https://example.com"), webhook("left", "https://a.invalid")];
        let after = vec![
            webhook("kept", "https://example.com"),
            webhook("changed", "https://a.invalid/now"),
            webhook("left", "https://a.invalid"),
            webhook("made", "https://a.invalid?x"),
            webhook("similar", "https://a.invalid.example.com"),
        ];
        let removed: Vec<String> = created_since(&before, after).into_iter().map(|webhook| webhook.id).collect();
        assert_eq!(removed, ["left", "made"]);
    }
}
