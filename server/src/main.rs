use std::process::ExitCode;

use webhooks_server::cli::{self, CommandLine};
use webhooks_server::config::layers::ConfigError;

/// Replaces the system's allocator. The system's allocator is slow when several threads make many small allocations.
#[global_allocator]
static ALLOCATOR: mimalloc::MiMalloc = mimalloc::MiMalloc;

#[tokio::main]
async fn main() -> ExitCode {
    let command_line = match CommandLine::load(std::env::args_os()) {
        Ok(command_line) => command_line,
        Err(ConfigError::Arguments(error)) => error.exit(),
        Err(error) => return fail(&error.into()),
    };
    match cli::run(command_line).await {
        Ok(()) => ExitCode::SUCCESS,
        Err(error) => fail(&error),
    }
}

fn fail(error: &anyhow::Error) -> ExitCode {
    eprintln!("webhooks-server: {error:#}");
    ExitCode::FAILURE
}
