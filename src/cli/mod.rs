//! The command line: arguments in, an exit code out; one file a verb.
//!
//! Only this room reads the environment. An option's value comes from the command line, else from its
//! `STICKLER_*` variable, else from the file of `--config`, else from its default.

use std::ffi::OsString;
use std::process::ExitCode;

use tracing_subscriber::Layer as _;
use tracing_subscriber::filter::Targets;
use tracing_subscriber::layer::SubscriberExt as _;
use tracing_subscriber::util::SubscriberInitExt as _;

pub use self::command_line::{Cli, Verb};

use self::arguments::{ArgumentError, color_when};
use self::config::ConfigError;
use self::environment::{Environment, Messages};
use self::exit::Exit;
use self::interrupt::Interrupts;
use self::output::{is_broken_pipe, tell, tell_problem};
use self::variables::Variables;
use crate::report::text::Look;

pub mod arguments;
pub mod audit;
pub mod cache;
pub mod check;
mod command_line;
pub mod completions;
pub mod config;
pub mod environment;
pub mod exit;
pub mod inherited;
pub mod interrupt;
pub mod jobs;
pub mod lab;
pub mod lint;
pub mod live;
pub mod man;
pub mod network_args;
pub mod output;
pub mod output_args;
pub mod query;
mod repeat;
pub mod replay;
pub mod schema;
pub mod serve;
pub mod server_args;
mod spelling;
pub mod values;
pub mod variables;

/// Runs the program: `words` is its command line, with its own name first.
#[must_use]
pub fn main(words: &[OsString]) -> ExitCode {
    let variables = Variables::of_process();
    let cli = match Cli::read(words, &variables) {
        Ok(cli) => cli,
        Err(error) => {
            let color = color_when(words, &variables);
            let look = Environment::look_without_arguments(color, &variables);
            return refuse(error, look).into();
        }
    };
    let environment = Environment::read(&cli.common, &variables);
    log_to_stderr(
        cli.verb.log_levels(cli.common.verbose),
        environment.messages,
    );
    let runtime = match tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()
    {
        Ok(runtime) => runtime,
        Err(error) => {
            tell(format_args!("error: no thread can be started: {error}"));
            return Exit::Usage.into();
        }
    };
    let closes_itself = cli.verb.closes_itself();
    let result = runtime.block_on(async {
        let run = Box::pin(cli.verb.run(environment));
        if closes_itself {
            return run.await;
        }
        // Listening begins before the work does.
        let mut interrupts = Interrupts::listen();
        tokio::select! {
            biased;
            interrupt = interrupts.next() => Ok(interrupt.exit()),
            result = run => result,
        }
    });
    // Blocking work that was interrupted is not waited for; its transaction falls with the process.
    runtime.shutdown_background();
    match result {
        Ok(exit) => exit,
        Err(error) if is_broken_pipe(&error) => Exit::BrokenPipe,
        Err(error) => {
            tell(format_args!("error: {error:#}"));
            Exit::Usage
        }
    }
    .into()
}

/// Says what is wrong with the arguments, or gives the help that was asked for.
fn refuse(error: ArgumentError, look: Look) -> Exit {
    match error {
        ArgumentError::CommandLine(error) => {
            // If nobody reads it, nobody misses it.
            drop(error.print());
            if error.use_stderr() {
                Exit::Usage
            } else {
                Exit::Success
            }
        }
        ArgumentError::Config(ConfigError::Fault(problem)) => {
            tell_problem("error: ", &problem, look);
            Exit::Usage
        }
        ArgumentError::Config(ConfigError::Unreadable { .. })
        | ArgumentError::Variables(_)
        | ArgumentError::Value { .. } => {
            tell(format_args!("error: {:#}", anyhow::Error::from(error)));
            Exit::Usage
        }
    }
}

/// Sends what is logged to standard error.
fn log_to_stderr(levels: &str, messages: Messages) {
    let levels: Targets = levels.parse().expect("a verb's levels are well-formed");
    let log = tracing_subscriber::fmt::layer()
        .with_writer(std::io::stderr)
        .with_ansi(messages == Messages::Coloured)
        .with_target(false);
    let log = if messages == Messages::ToJournal {
        log.without_time().boxed()
    } else {
        log.boxed()
    };
    tracing_subscriber::registry().with(levels).with(log).init();
}
