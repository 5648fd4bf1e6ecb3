//! Start of the server: the first start, keys, tokens, flags, and error messages.

use std::fs::Permissions;
use std::os::unix::fs::PermissionsExt as _;
use std::os::unix::process::ExitStatusExt as _;
use std::path::Path;

use crate::harness::{Authority, Process, Setup, id_of, run_binary, run_binary_wrapped, wrapper_enforcing_file_modes, write_private};

fn text(bytes: &[u8]) -> String {
    String::from_utf8_lossy(bytes).into_owned()
}

fn mode(path: &Path) -> u32 {
    std::fs::metadata(path).unwrap_or_else(|error| panic!("{}: {error}", path.display())).permissions().mode() & 0o777
}

#[tokio::test]
async fn the_first_start_creates_a_valid_token_and_does_not_print_it() {
    let mut process = Process::start_embedded(&[]).await;
    let token = std::fs::read_to_string(process.file("access-token")).expect("the token").trim().to_owned();
    assert_eq!(mode(&process.file("access-token")), 0o600);
    assert_eq!(mode(&process.file("master-key")), 0o600);
    assert_eq!(mode(&process.file("dev-ca-key.pem")), 0o600);
    assert_eq!(mode(&process.file("")), 0o700);
    assert!(!process.startup_output.contains(&token));
    assert!(process.startup_output.contains("export API_ACCESS_TOKEN=$(cat "), "{}", process.startup_output);
    process.api().register_url("https://example.com").await;
    assert_eq!(process.token_command(&["list"]).await.lines().count(), 2);
    assert!(process.terminate().await.success());
}

/// Returns a wrapper that runs shell commands before the server.
fn shell(commands: &str) -> Vec<String> {
    ["sh", "-c", &format!("{commands}; exec \"$0\" \"$@\"")].map(str::to_owned).to_vec()
}

fn set_mode(path: &Path, mode: u32) {
    std::fs::set_permissions(path, Permissions::from_mode(mode)).expect("our own file");
}

#[tokio::test]
async fn only_the_owner_can_read_the_files_of_the_data_directory() {
    for umask in ["000", "022", "277"] {
        let mut process = Process::start_embedded_wrapped(
            |data_dir| {
                // A directory and a database of an earlier version.
                std::fs::create_dir(data_dir).expect("a new directory");
                set_mode(data_dir, 0o755);
                std::fs::write(data_dir.join("webhooks.db"), "").expect("a writable directory");
                set_mode(&data_dir.join("webhooks.db"), 0o666);
                shell(&format!("umask {umask}"))
            },
            &[],
        )
        .await;
        let webhook = process.api().register_url("https://example.com").await;
        process.api().test(&webhook).await;
        process.token_command(&["list"]).await;
        let (data_dir, backup) = (process.data_dir(), process.file("backup.db").display().to_string());
        let output = run_binary_wrapped(&shell(&format!("umask {umask}")), &["--data-dir", &data_dir, "backup", &backup]).await;
        assert!(output.status.success(), "{}", text(&output.stderr));
        let mut names = Vec::new();
        for entry in std::fs::read_dir(process.file("")).expect("a directory") {
            let path = entry.expect("an entry").path();
            assert_eq!(mode(&path), 0o600, "umask {umask}: {}", path.display());
            names.push(path.file_name().expect("a name").to_string_lossy().into_owned());
        }
        for name in ["webhooks.db", "webhooks.db-wal", "webhooks.db-shm", "server.lock", "master-key", "access-token", "backup.db"] {
            assert!(names.iter().any(|found| found == name), "{name}: {names:?}");
        }
        assert!(process.terminate().await.success());
    }
}

#[tokio::test]
async fn a_master_key_that_other_users_can_read_is_refused() {
    let mut process = Process::start_embedded(&[]).await;
    process.kill().await;
    let (key, data_dir) = (process.file("master-key"), process.data_dir());
    for exposed in [0o644, 0o640, 0o604, 0o660, 0o602] {
        set_mode(&key, exposed);
        let output = run_binary(&["--listen", "127.0.0.1:0", "--admin-listen", "off", "--data-dir", &data_dir]).await;
        let error = text(&output.stderr);
        let remedy = format!("the master key file {}: run `chmod 600 {}`", key.display(), key.display());
        assert!(!output.status.success() && error.contains(&remedy), "{exposed:o}: {error}");
    }
    set_mode(&key, 0o600);
    set_mode(Path::new(&data_dir), 0o777);
    let output = run_binary(&["--listen", "127.0.0.1:0", "--admin-listen", "off", "--data-dir", &data_dir]).await;
    assert!(text(&output.stderr).contains("run `chmod o-w "), "{}", text(&output.stderr));
    set_mode(Path::new(&data_dir), 0o755);
    process.start_again().await;
}

#[tokio::test]
async fn the_server_writes_no_core_dump() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let commands = format!("ulimit -c unlimited; cd {}", directory.path().display());
    let crashing = std::process::Command::new("sh").args(["-c", &format!("{commands} && kill -ABRT $$")]).status().expect("a shell");
    if !crashing.core_dumped() {
        eprintln!("skipped: needs core dumps");
        return;
    }
    let mut process = Process::start_embedded_wrapped(|_| shell(&commands), &[]).await;
    let status = process.abort().await;
    assert_eq!((status.signal(), status.core_dumped()), (Some(6), false));
}

#[tokio::test]
async fn the_printed_command_registers_a_webhook() {
    if webhooks_postgres::skip_without(&["curl"]) {
        return;
    }
    let process = Process::start_embedded(&[]).await;
    let start = process.startup_output.find("curl ").expect("the command");
    let command = process.startup_output[start..].replacen("curl ", "curl --silent --show-error ", 1);
    let mut shell = tokio::process::Command::new("sh");
    let token = std::fs::read_to_string(process.file("access-token")).expect("the token");
    shell.args(["-c", &command]).env("API_BASE_URL", process.base()).env("API_ACCESS_TOKEN", token.trim());
    let output = shell.output().await.expect("sh and curl are installed");
    assert!(output.status.success(), "{}", text(&output.stderr));
    let webhook: serde_json::Value = serde_json::from_slice(&output.stdout).expect("JSON");
    assert_eq!(webhook["targetURL"], "https://example.com");
    assert_eq!(process.api().webhook(&id_of(&webhook)).await, webhook);
}

#[tokio::test]
async fn a_later_start_creates_no_token() {
    let mut process = Process::start(&[]).await;
    process.kill().await;
    process.start_again().await;
    assert_eq!(process.token_command(&["list"]).await.lines().count(), 2);
}

#[tokio::test]
async fn the_first_token_is_shown_until_a_request_has_used_it() {
    let mut process = Process::start_embedded(&[]).await;
    let message = "An access token with every scope";
    assert!(process.output_until_end().await.contains(message));
    process.start_again().await;
    assert!(process.output_until_end().await.contains(message), "no request has used the token");
    process.start_again().await;
    process.api().list("/webhooks").await;
    assert!(process.output_until_end().await.contains(message));
    process.start_again().await;
    assert_eq!(process.output_until_end().await.lines().count(), 1, "a request has used the token");
}

#[tokio::test]
async fn a_database_without_tokens_causes_a_message_with_the_command_that_creates_one() {
    let mut process = Process::start(&[]).await;
    process.terminate().await;
    process.database().run("DELETE FROM tokens").await;
    process.start_again().await;
    let output = process.output_until_end().await;
    assert!(output.contains("There is no access token yet.") && output.contains("webhooks-server token create --account"), "{output}");
}

#[tokio::test]
async fn the_api_uses_tls_if_it_has_a_certificate() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (authority, authority_file) = Authority::create(directory.path());
    let [certificate, key] = authority.certificate_files(directory.path());
    // A byte order mark is skipped.
    for file in [&certificate, &key] {
        let pem = std::fs::read_to_string(file).expect("a PEM file");
        std::fs::write(file, format!("\u{feff}{pem}")).expect("a writable file");
    }
    let process = Process::start(&["--tls-cert-file", &certificate, "--tls-key-file", &key]).await;
    let (_, base) = process.startup_output.lines().next().and_then(|line| line.split_once(" on ")).expect("an address");
    assert!(base.starts_with("https://"), "{base}");
    let token = std::fs::read_to_string(process.file("access-token")).expect("the token");
    let trusted = std::fs::read(authority_file).expect("the authority");
    let client = webhooks_client::Client::builder(base).token(token.trim()).authorities(&trusted).build().expect("a client");
    assert!(client.list_webhooks().send().await.expect("a response").data.is_empty());
    let untrusting_client = webhooks_client::connect(base, token.trim()).expect("a client");
    assert!(untrusting_client.list_webhooks().send().await.is_err(), "the certificate is checked");
}

/// Runs `openssl` in a directory.
fn openssl(directory: &Path, arguments: &[&str]) {
    let output = webhooks_process::command("openssl").args(arguments).current_dir(directory).output().expect("openssl runs");
    assert!(output.status.success(), "{arguments:?}: {}", text(&output.stderr));
}

#[tokio::test]
async fn a_tls_key_may_have_every_usual_form() {
    if webhooks_postgres::skip_without(&["openssl"]) {
        return;
    }
    let directory = tempfile::tempdir().expect("a temporary directory");
    let curve = ["ecparam", "-name", "prime256v1", "-genkey"];
    for (name, arguments) in [
        ("EC PARAMETERS and SEC1", &[&curve[..], &["-out", "key.pem"]].concat()[..]),
        ("SEC1", &[&curve[..], &["-noout", "-out", "key.pem"]].concat()),
        ("PKCS #8", &["genrsa", "-out", "key.pem", "2048"]),
        ("PKCS #1", &["rsa", "-traditional", "-in", "key.pem", "-out", "key.pem"]),
    ] {
        openssl(directory.path(), arguments);
        let certificate = ["req", "-x509", "-key", "key.pem", "-out", "tls.pem", "-days", "2", "-subj", "/CN=localhost"];
        openssl(directory.path(), &certificate);
        let [certificate, key] = ["tls.pem", "key.pem"].map(|file| directory.path().join(file).display().to_string());
        let mut process = Process::start(&["--tls-cert-file", &certificate, "--tls-key-file", &key]).await;
        assert!(process.startup_output.contains("https://"), "{name}");
        assert!(process.terminate().await.success(), "{name}");
    }
}

#[tokio::test]
async fn a_tls_file_that_cannot_be_used_prevents_the_start_and_is_named() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (authority, _) = Authority::create(directory.path());
    let [certificate, key] = authority.certificate_files(directory.path());
    let [other_certificate, _] = authority.pem_for(&["localhost"]);
    let data_dir = directory.path().join("data").display().to_string();
    for (content, expected) in [(other_certificate.as_str(), "cannot be used with"), ("\u{30}\u{82}", "contains no certificate")] {
        std::fs::write(&certificate, content).expect("a writable directory");
        let flags = ["--listen", "127.0.0.1:0", "--admin-listen", "off", "--data-dir", &data_dir];
        let output = run_binary(&[&flags[..], &["--tls-cert-file", &certificate, "--tls-key-file", &key]].concat()).await;
        let error = text(&output.stderr);
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(expected) && error.contains(&certificate) && !error.contains("panicked"), "{error}");
    }
}

#[tokio::test]
async fn a_tls_key_that_other_users_can_read_prevents_the_start() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let (authority, _) = Authority::create(directory.path());
    let [certificate, key] = authority.certificate_files(directory.path());
    std::fs::set_permissions(&key, Permissions::from_mode(0o644)).expect("our own file");
    let data_dir = directory.path().join("data").display().to_string();
    let flags = ["--listen", "127.0.0.1:0", "--admin-listen", "off", "--data-dir", &data_dir];
    let output = run_binary(&[&flags[..], &["--tls-cert-file", &certificate, "--tls-key-file", &key]].concat()).await;
    let error = text(&output.stderr);
    assert!(output.status.code() == Some(1) && error.contains(&format!("run `chmod 600 {key}`")), "{error}");
}

#[tokio::test]
async fn a_second_server_on_the_same_data_is_refused() {
    let server = Setup::dev().embedded().start().await;
    let data_dir = server.data_dir().display().to_string();
    let output = run_binary(&["--listen", "127.0.0.1:0", "--admin-listen", "off", "--data-dir", &data_dir]).await;
    assert!(!output.status.success());
    let error = text(&output.stderr);
    assert!(error.contains("another webhooks-server is running on the data directory") && error.contains(&data_dir), "{error}");
}

#[tokio::test]
async fn a_wrong_or_missing_master_key_prevents_the_start_and_is_named() {
    let mut process = Process::start_embedded(&[]).await;
    process.kill().await;
    let key_file = process.file("master-key");
    let data_dir = process.data_dir();
    let key = std::fs::read_to_string(&key_file).expect("the key");
    let start = async |more: &[&str]| {
        let output = run_binary(&[&["--listen", "127.0.0.1:0", "--admin-listen", "off", "--data-dir", &data_dir], more].concat()).await;
        assert!(!output.status.success());
        assert!(!text(&output.stderr).contains(key.trim()), "a key is never shown");
        text(&output.stderr)
    };

    std::fs::remove_file(&key_file).expect("an existing file");
    let missing = start(&[]).await;
    assert!(missing.contains("are encrypted with the master key") && missing.contains("does not exist"), "{missing}");
    assert!(!key_file.exists(), "no new key replaces the missing one");

    let other = process.file("other-key");
    write_private(&other, "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n");
    let wrong = start(&["--master-key-file", &other.display().to_string()]).await;
    let ids: Vec<&str> = wrong.split(|c: char| !c.is_ascii_hexdigit()).filter(|word| word.len() == 8).collect();
    assert_eq!(ids.len(), 2, "{wrong}");
    assert_ne!(ids[0], ids[1]);
    assert!(missing.contains(ids[0]), "both errors name the required key: {missing}{wrong}");

    write_private(&other, "not base64");
    let unusable = start(&["--master-key-file", &other.display().to_string()]).await;
    assert!(unusable.contains("is not usable") && unusable.contains("base64"), "{unusable}");

    write_private(&key_file, &key);
    process.start_again().await;
    process.api().get("/webhooks").await.expect(200);
}

#[tokio::test]
async fn the_master_key_may_be_outside_the_data_directory() {
    let directory = tempfile::tempdir().expect("a temporary directory");
    let key = directory.path().join("key");
    write_private(&key, "MDEyMzQ1Njc4OTAxMjM0NTY3ODkwMTIzNDU2Nzg5MDE=\n");
    let mut process = Process::start(&["--master-key-file", &key.display().to_string()]).await;
    assert!(!process.file("master-key").exists());
    let webhook = process.api().register_url("https://example.com").await;
    let secret = process.api().signing_secret(&webhook).await;
    process.kill().await;
    process.start_again().await;
    assert_eq!(process.api().signing_secret(&webhook).await, secret);
}

#[tokio::test]
async fn a_missing_write_permission_is_reported_with_the_path_and_a_remedy() {
    let mut process = Process::start_embedded(&[]).await;
    let webhook = process.api().register_url("https://example.com").await;
    let directory = process.file("");
    let refused = async |protected: &Path, new_mode: u32, data_dir: &Path, expected_path: &Path| {
        let set_mode = |mode| std::fs::set_permissions(protected, Permissions::from_mode(mode)).expect("the test owns the file");
        let before = mode(protected);
        set_mode(new_mode);
        let data_dir = data_dir.display().to_string();
        let arguments = ["--listen", "127.0.0.1:0", "--admin-listen", "off", "--data-dir", &data_dir];
        let output = run_binary_wrapped(&wrapper_enforcing_file_modes(), &arguments).await;
        set_mode(before);
        let (expected_path, error) = (expected_path.display().to_string(), text(&output.stderr));
        assert_eq!(output.status.code(), Some(1), "{error}");
        assert!(error.contains(&format!("{expected_path}: run webhooks-server as a user who may write")), "{expected_path}: {error}");
    };
    let database = process.file("webhooks.db");
    process.kill().await;
    refused(&database, 0o400, &directory, &database).await;
    process.start_again().await;
    assert!(process.terminate().await.success());
    refused(&database, 0o400, &directory, &database).await;
    let lock = process.file("server.lock");
    refused(&lock, 0o400, &directory, &lock).await;
    // The error names the database: the lock file exists already, but SQLite cannot create its files next to the database.
    refused(&directory, 0o500, &directory, &database).await;
    let deeper = process.file("deeper");
    refused(&directory, 0o500, &deeper, &deeper).await;
    process.start_again().await;
    process.api().webhook(&webhook).await;
}

#[tokio::test]
async fn tokens_are_created_listed_and_revoked_on_the_command_line() {
    let process = Process::start(&[]).await;
    let secret =
        process.token_command(&["create", "--account", "acme", "--scope", "webhooks.read,webhooks.write", "--expires-in-days", "1"]).await;
    assert!(secret.starts_with("wht_") && secret.lines().count() == 1, "{secret}");
    process.api_with(&secret).register_url("https://example.com").await;
    let platform = process.token_command(&["create", "--platform", "--scope", "notifications.publish"]).await;
    let published = process.api_with(&platform).publish(&serde_json::json!({ "type": "a.b", "data": {}, "account": "nobody" })).await;
    assert_eq!(published["deliveryCount"], 0);
    let list = process.token_command(&["list"]).await;
    assert!(list.contains("(platform)") && list.contains("acme") && list.contains("webhooks.read webhooks.write"), "{list}");
    assert!(!list.contains(&secret) && !list.contains(&platform));
    for (arguments, expected) in [
        (&["create", "--account", "acme"][..], "--scope"),
        (&["create", "--scope", "webhooks.read"], "--account"),
        (&["create", "--account", "acme", "--platform", "--scope", "webhooks.read"], "--platform"),
        (&["create", "--platform", "--scope", "webhooks.write"], "a platform token cannot have the scope webhooks.write"),
        (&["create", "--account", "acme", "--scope", "pauses.write"], "a token of an account cannot have the scope pauses.write"),
        (&["create", "--account", "acme", "--scope", "everything"], "webhooks.read"),
        (&["create", "--account", "UPPER", "--scope", "webhooks.read"], "lower-case"),
        (&["revoke", "0197a5a0-3c7e-7d2a-9f10-6b1f2f6f3d55"], "there is no token"),
        (&["revoke", "x"], "invalid value"),
    ] {
        let output = process.try_token_command(arguments).await;
        assert!(!output.status.success(), "{arguments:?}");
        assert!(text(&output.stderr).contains(expected), "{arguments:?}: {}", text(&output.stderr));
    }
}

#[tokio::test]
async fn the_licences_are_printed_whatever_the_settings_are() {
    let environment = ["env", "WEBHOOKS_LISTEN=0.0.0.0:8080", "WEBHOOKS_CONFIG=/nowhere.toml"].map(str::to_owned);
    let output = run_binary_wrapped(&environment, &["--licenses"]).await;
    assert!(output.status.success() && text(&output.stdout).contains("licence MIT OR Apache-2.0"), "{}", text(&output.stderr));
}

#[tokio::test]
async fn the_command_line_has_help_and_names_mistakes() {
    for (arguments, success, expected) in [
        (&["--help"][..], true, "--data-dir"),
        (&["--version"], true, env!("CARGO_PKG_VERSION")),
        (&["--licenses"], true, "licence MIT OR Apache-2.0"),
        (&["token", "--help"], true, "revoke"),
        (&["token", "create", "--help"], true, "--never-expires"),
        (&["token", "create", "--help"], true, "[default: 365]"),
        (&["token", "rotate", "--help"], true, "--overlap-hours"),
        (&["--colour"], false, "--colour"),
        (&["--retry-schedule", "often"], false, "--retry-schedule"),
        (&["--dev", "--listen", "0.0.0.0:0"], false, "--dev is only for this machine"),
        (&["--listen", "0.0.0.0:0"], false, "must not be sent unencrypted"),
        (&["--config", "/nowhere.toml"], false, "/nowhere.toml"),
        (&["token", "list", "--data-dir", "/nowhere"], false, "there is no database in /nowhere"),
    ] {
        let output = run_binary(arguments).await;
        assert_eq!(output.status.success(), success, "{arguments:?}");
        let output_text = text(&output.stdout) + &text(&output.stderr);
        assert!(output_text.contains(expected), "{arguments:?}: {output_text}");
    }
}
