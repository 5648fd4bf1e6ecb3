//! Checks that the files in server/deploy match the server. `cargo xtask deploy` runs linters on these files.

use std::collections::BTreeMap;
use std::path::Path;

use clap::CommandFactory as _;
use http::Method;
use serde_json::Value;
use tempfile::NamedTempFile;
use webhooks_server::cli::CommandLine;
use webhooks_server::config::Settings;

use crate::harness::Server;

const CONTAINERFILE: &str = include_str!("../../deploy/Containerfile");
const MANIFEST: &str = include_str!("../../deploy/kubernetes.yaml");
const README: &str = include_str!("../../README.md");
const UNIT: &str = include_str!("../../deploy/webhooks-server.service");

/// Maximum time, in seconds, from the end of the drain timeout to the exit of the server.
const MAX_SECONDS_AFTER_DRAIN: u64 = 5;

fn defaults() -> Settings {
    CommandLine::load(["webhooks-server".into()]).expect("defaults").settings
}

fn objects(kind: &str) -> Vec<Value> {
    let all: Vec<Value> = serde_saphyr::from_multiple(MANIFEST).expect("YAML");
    let objects: Vec<Value> = all.into_iter().filter(|object| object["kind"] == kind).collect();
    assert!(!objects.is_empty(), "no {kind}");
    objects
}

/// Returns the configuration file of the pods.
fn config() -> String {
    objects("ConfigMap")[0]["data"]["config.toml"].as_str().expect("a text").to_owned()
}

/// Returns the port that an environment variable of the image sets for a listener. This port overrides the port in the
/// configuration file.
fn image_port(variable: &str) -> u64 {
    let (_, address) = CONTAINERFILE.split_once(&format!(" {variable}=0.0.0.0:")).unwrap_or_else(|| panic!("no {variable}"));
    address.split_whitespace().next().and_then(|port| port.parse().ok()).expect("a port")
}

/// Returns the container of a Deployment's pods. Each pod must have exactly one container.
fn container(deployment: &Value) -> &Value {
    let containers = deployment["spec"]["template"]["spec"]["containers"].as_array().expect("containers");
    assert_eq!(containers.len(), 1);
    &containers[0]
}

fn labels(of: &Value) -> BTreeMap<String, String> {
    serde_json::from_value(of.clone()).unwrap_or_else(|error| panic!("{of}: {error}"))
}

fn port(container: &Value, name: &str) -> u64 {
    let ports = container["ports"].as_array().expect("ports");
    let port = ports.iter().find(|port| port["name"] == name).unwrap_or_else(|| panic!("no port {name} in {container}"));
    port["containerPort"].as_u64().expect("a number")
}

#[test]
fn systemd_and_kubernetes_wait_long_enough_for_a_stop() {
    let settings = defaults();
    let timeout = UNIT.lines().find_map(|line| line.strip_prefix("TimeoutStopSec=")).expect("a time");
    assert!(timeout.parse::<u64>().expect("seconds") > settings.drain_timeout_seconds + MAX_SECONDS_AFTER_DRAIN);

    let config: toml::Table = config().parse().expect("TOML");
    let drain = u64::try_from(config["delivery"]["drain_timeout_seconds"].as_integer().expect("seconds")).expect("not negative");
    for deployment in objects("Deployment") {
        let sleep = container(&deployment).pointer("/lifecycle/preStop/sleep/seconds").and_then(Value::as_u64);
        let serves = container(&deployment)["ports"].as_array().is_some_and(|ports| ports.iter().any(|port| port["name"] == "api"));
        assert_eq!(sleep.is_some(), serves, "only pods that serve the API wait before they stop, so that load balancers notice the stop");
        let grace = deployment["spec"]["template"]["spec"]["terminationGracePeriodSeconds"].as_u64().expect("seconds");
        assert!(grace > sleep.unwrap_or(0) + drain + MAX_SECONDS_AFTER_DRAIN, "{grace}");
    }
}

#[test]
fn the_unit_allows_enough_open_files_for_the_default_attempts_in_flight() {
    let limit = UNIT.lines().find_map(|line| line.strip_prefix("LimitNOFILE=")).expect("a limit");
    assert!(limit.parse::<u32>().expect("a number") >= 4 * defaults().max_in_flight);
}

#[tokio::test]
async fn probes_and_prometheus_use_existing_ports_and_paths() {
    let server = Server::start().await;
    let (api_port, admin_port) = (image_port("WEBHOOKS_LISTEN"), image_port("WEBHOOKS_ADMIN_LISTEN"));
    for deployment in objects("Deployment") {
        let container = container(&deployment);
        assert_eq!(port(container, "admin"), admin_port);
        for probe in ["startupProbe", "livenessProbe", "readinessProbe"] {
            let get = &container[probe]["httpGet"];
            assert_eq!(get["port"], "admin", "{probe}");
            let path = get["path"].as_str().expect("a path");
            assert_eq!(server.admin_api().send(Method::GET, path, &[], "").await.status, 200, "{path}");
        }
        let annotations = labels(&deployment["spec"]["template"]["metadata"]["annotations"]);
        assert_eq!(annotations["prometheus.io/port"], admin_port.to_string());
        // No annotation sets a path, so Prometheus uses its default path `/metrics`.
        assert_eq!(server.admin_api().send(Method::GET, "/metrics", &[], "").await.status, 200);
    }
    let service = &objects("Service")[0];
    let served = objects("Deployment").into_iter().filter(|deployment| selects(&service["spec"]["selector"], deployment));
    let served: Vec<u64> = served.map(|deployment| port(container(&deployment), "api")).collect();
    assert_eq!((&service["spec"]["ports"][0]["targetPort"], served), (&Value::from("api"), vec![api_port]));
}

fn selects(selector: &Value, deployment: &Value) -> bool {
    let pods = labels(&deployment["spec"]["template"]["metadata"]["labels"]);
    labels(selector).into_iter().all(|(name, value)| pods.get(&name) == Some(&value))
}

#[test]
fn every_pod_selector_matches_a_deployment() {
    let deployments = objects("Deployment");
    let mut selectors: Vec<Value> = objects("Service").iter().map(|service| service["spec"]["selector"].clone()).collect();
    selectors.extend(objects("PodDisruptionBudget").iter().map(|budget| budget["spec"]["selector"]["matchLabels"].clone()));
    let policies = objects("NetworkPolicy");
    selectors.extend(policies.iter().filter_map(|policy| policy["spec"]["podSelector"].get("matchLabels").cloned()));
    for selector in &selectors {
        assert!(deployments.iter().any(|deployment| selects(selector, deployment)), "{selector}");
    }
    for deployment in &deployments {
        let spread = deployment["spec"]["template"]["spec"]["topologySpreadConstraints"].as_array().expect("constraints");
        let own = spread.iter().map(|spread| &spread["labelSelector"]).chain([&deployment["spec"]["selector"]]);
        own.for_each(|own| assert!(selects(&own["matchLabels"], deployment), "{own}"));
    }
}

#[test]
fn every_image_tag_is_the_version_of_the_server() {
    let version = env!("CARGO_PKG_VERSION");
    for (file, text) in [("Containerfile", CONTAINERFILE), ("kubernetes.yaml", MANIFEST), ("README.md", README)] {
        let tags: Vec<&str> = text.split("webhooks-server:").skip(1).filter_map(|rest| rest.split_whitespace().next()).collect();
        let tags: Vec<&str> = tags.into_iter().filter(|tag| tag.starts_with(|first: char| first.is_ascii_digit())).collect();
        assert!(!tags.is_empty() && tags.iter().all(|tag| *tag == version), "{file}: {tags:?}");
    }
}

/// Returns the name that follows each occurrence of `prefix`.
fn names<'a>(text: &'a str, prefix: &str) -> Vec<&'a str> {
    let is_part = |letter: char| letter.is_ascii_alphanumeric() || "-._".contains(letter);
    text.split(prefix).skip(1).map(|rest| rest.split(|letter| !is_part(letter)).next().unwrap_or_default()).collect()
}

#[test]
fn every_secret_that_is_read_is_provided() {
    for (read, provided) in
        [(names(&config(), "/etc/webhooks/secret/"), names(MANIFEST, "--from-file=")), (names(UNIT, "%d/"), names(UNIT, "LoadCredential="))]
    {
        assert!(read.len() > 2, "{read:?}");
        assert!(read.iter().all(|name| provided.contains(name)), "{read:?} {provided:?}");
    }
}

/// Returns a map from the environment variable of each setting to the key of the setting in the configuration file.
fn keys() -> BTreeMap<String, String> {
    let command = CommandLine::command();
    let keys = command.get_arguments().map(|argument| argument.get_id().to_string());
    keys.map(|key| (format!("WEBHOOKS_{}", key.replace('.', "_").to_uppercase()), key)).collect()
}

#[test]
fn every_environment_variable_in_the_files_is_a_setting() {
    let keys = keys();
    for entry in std::fs::read_dir(Path::new(env!("CARGO_MANIFEST_DIR")).join("deploy")).expect("the files") {
        let path = entry.expect("a file").path();
        let text = std::fs::read_to_string(&path).expect("a text");
        for name in names(&text, "WEBHOOKS_") {
            assert!(keys.contains_key(&format!("WEBHOOKS_{name}")), "WEBHOOKS_{name} in {}", path.display());
        }
    }
}

/// The environment variables of a container are also settings, so the test adds them to the configuration file.
#[test]
fn every_pod_has_valid_settings() {
    let keys = keys();
    for deployment in objects("Deployment") {
        let mut table: toml::Table = config().parse().expect("TOML");
        for variable in container(&deployment)["env"].as_array().expect("variables") {
            let (name, value) =
                (variable["name"].as_str().expect("a name"), variable["value"].as_str().expect("a plain value, not a secret"));
            let key = keys.get(name).unwrap_or_else(|| panic!("{name} is not a setting"));
            match key.as_str() {
                "config" => assert_eq!(value, "/etc/webhooks/config/config.toml"),
                key => drop(table.insert(key.to_owned(), value.into())),
            }
        }
        let file = NamedTempFile::new().expect("a temporary file");
        std::fs::write(file.path(), table.to_string()).expect("a writable file");
        let arguments = ["webhooks-server".into(), "--config".into(), file.path().into()];
        CommandLine::load(arguments).unwrap_or_else(|error| panic!("{}: {error}", deployment["metadata"]["name"]));
    }
}
