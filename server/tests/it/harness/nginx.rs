//! A real nginx that accepts every callback over HTTP/2 or HTTP/1.1, and limits the requests of each connection.

use std::net::TcpListener;
use std::process::Child;

use tempfile::TempDir;

use super::{Authority, eventually};

/// Many systems install nginx in this directory, which is not always on the path.
const PROGRAM: &str = "/usr/sbin/nginx";

pub(crate) struct Nginx {
    port: u16,
    process: Child,
    directory: TempDir,
}

impl Nginx {
    /// Whether nginx is missing, so that the test must be skipped.
    pub(crate) fn is_missing() -> bool {
        webhooks_postgres::skip_without(&[PROGRAM])
    }

    /// Starts nginx. Each of its connections serves `requests` requests and is then closed.
    pub(crate) async fn start(authority: &Authority, http2: bool, requests: usize) -> Nginx {
        let directory = TempDir::new().expect("a temporary directory");
        authority.certificate_files(directory.path());
        let port = TcpListener::bind("127.0.0.1:0").and_then(|listener| listener.local_addr()).expect("a free port").port();
        let http2 = if http2 { "http2" } else { "" };
        let path = directory.path().display();
        let config = format!(
            "worker_processes 1;
            error_log {path}/error.log;
            pid {path}/pid;
            events {{ worker_connections 1024; }}
            http {{
                access_log {path}/access.log;
                client_body_temp_path {path}/body;
                server {{
                    listen 127.0.0.1:{port} ssl {http2};
                    ssl_certificate {path}/tls.pem;
                    ssl_certificate_key {path}/tls-key.pem;
                    keepalive_requests {requests};
                    location / {{ return 204; }}
                }}
            }}"
        );
        let file = directory.path().join("nginx.conf");
        std::fs::write(&file, config).expect("a writable directory");
        let mut command = webhooks_process::command(PROGRAM);
        command.arg("-c").arg(&file).arg("-p").arg(directory.path()).args(["-g", "daemon off;"]);
        let process = command.spawn().expect("nginx starts");
        let nginx = Nginx { port, process, directory };
        eventually("nginx to listen", async || tokio::net::TcpStream::connect(("127.0.0.1", port)).await.ok()).await;
        nginx
    }

    pub(crate) fn url(&self) -> String {
        format!("https://127.0.0.1:{}/notify", self.port)
    }

    /// The number of requests that nginx has served.
    pub(crate) fn served(&self) -> usize {
        std::fs::read_to_string(self.directory.path().join("access.log"))
            .unwrap_or_default()
            .lines()
            .filter(|line| line.contains(" 204 "))
            .count()
    }
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master process ends its worker when it gets SIGTERM. SIGKILL would leave the worker.
        let _ = std::process::Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}
