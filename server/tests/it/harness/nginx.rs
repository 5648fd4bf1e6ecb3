//! A real nginx: either a callback server that accepts every callback over HTTP/2 or HTTP/1.1, and limits the requests of
//! each connection, or a proxy in front of the server.

use std::net::{SocketAddr, TcpListener};
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
        let http2 = if http2 { "http2" } else { "" };
        let path = directory.path().display().to_string();
        Nginx::launch(directory, |port| {
            format!(
                "listen 127.0.0.1:{port} ssl {http2};
                ssl_certificate {path}/tls.pem;
                ssl_certificate_key {path}/tls-key.pem;
                keepalive_requests {requests};
                location / {{ return 204; }}"
            )
        })
        .await
    }

    /// Starts nginx with a limit of requests per second. It refuses further requests with 429 and this `Retry-After`.
    pub(crate) async fn start_limited(authority: &Authority, per_second: u32, retry_after: u32) -> Nginx {
        let directory = TempDir::new().expect("a temporary directory");
        authority.certificate_files(directory.path());
        let path = directory.path().display().to_string();
        let [port] = free_ports();
        let servers = format!(
            "limit_req_zone $binary_remote_addr zone=limited:1m rate={per_second}r/s;
            server {{
                listen 127.0.0.1:{port} ssl;
                ssl_certificate {path}/tls.pem;
                ssl_certificate_key {path}/tls-key.pem;
                location / {{
                    limit_req zone=limited;
                    limit_req_status 429;
                    error_page 429 = @limited;
                    try_files /no-such-file @accepted;
                }}
                location @accepted {{ return 204; }}
                location @limited {{ add_header Retry-After {retry_after} always; return 429; }}
            }}"
        );
        Nginx::launch_all(directory, port, &servers).await
    }

    /// Starts a proxy that adds the address of the client to `X-Forwarded-For`, as the documentation of nginx shows.
    pub(crate) async fn start_proxy(upstream: SocketAddr) -> Nginx {
        let directory = TempDir::new().expect("a temporary directory");
        Nginx::launch(directory, |port| {
            format!(
                "listen 127.0.0.1:{port};
                location / {{
                    proxy_pass http://{upstream};
                    proxy_set_header X-Forwarded-For $proxy_add_x_forwarded_for;
                }}"
            )
        })
        .await
    }

    /// Starts nginx with one server. `server` returns the configuration of the server on a port.
    async fn launch(directory: TempDir, server: impl FnOnce(u16) -> String) -> Nginx {
        let [port] = free_ports();
        let config = server(port);
        Nginx::launch_all(directory, port, &format!("server {{ {config} }}")).await
    }

    /// Starts nginx with this configuration of its servers and zones. One of its servers listens on `port`.
    pub(crate) async fn launch_all(directory: TempDir, port: u16, servers: &str) -> Nginx {
        let path = directory.path().display();
        let config = format!(
            "worker_processes 1;
            error_log {path}/error.log;
            pid {path}/pid;
            events {{ worker_connections 1024; }}
            http {{
                access_log {path}/access.log;
                client_body_temp_path {path}/body;
                proxy_temp_path {path}/proxy;
                {servers}
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

    pub(crate) fn address(&self) -> SocketAddr {
        ([127, 0, 0, 1], self.port).into()
    }

    /// The number of requests that nginx has served.
    pub(crate) fn served(&self) -> usize {
        self.count(204)
    }

    /// The number of requests to which nginx has responded with this status.
    pub(crate) fn count(&self, status: u16) -> usize {
        let log = std::fs::read_to_string(self.directory.path().join("access.log")).unwrap_or_default();
        log.lines().filter(|line| line.contains(&format!("\" {status} "))).count()
    }
}

/// Returns different ports that are free now.
pub(crate) fn free_ports<const N: usize>() -> [u16; N] {
    let listeners = [(); N].map(|()| TcpListener::bind("127.0.0.1:0").expect("a free port"));
    listeners.map(|listener| listener.local_addr().expect("a bound listener").port())
}

impl Drop for Nginx {
    fn drop(&mut self) {
        // The master process ends its worker when it gets SIGTERM. SIGKILL would leave the worker.
        let _ = std::process::Command::new("kill").arg(self.process.id().to_string()).status();
        let _ = self.process.wait();
    }
}
