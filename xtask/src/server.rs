//! A server for one run of a command. It is built from this checkout, and starts on a free port without data.

use std::path::Path;

pub(crate) struct Server {
    pub(crate) url: String,
    pub(crate) access_token: String,
    /// The server process. It is killed on drop.
    _process: webhooks_process::Server,
}

impl Server {
    pub(crate) fn start(root: &Path, work: &Path, flags: &[&str]) -> anyhow::Result<Server> {
        let executable = crate::build::build(root, "webhooks-server", "dev")?;
        let data = work.join("data");
        crate::remove(&data)?;
        let mut command = webhooks_process::command(executable);
        command.args(["--listen", "127.0.0.1:0", "--admin-listen", "off", "--data-dir"]).arg(&data).args(flags).current_dir(work);
        let mut process = webhooks_process::Server::start(command, &work.join("server.log"))?;
        let url = format!("http://{}", process.address()?);
        let access_token = crate::read(&data.join("access-token"))?.trim().to_owned();
        Ok(Server { url, access_token, _process: process })
    }
}
