//! What a lab of this machine serves: a scenario, from one of its moments on.

use std::path::PathBuf;

use clap::Args;
use clap::builder::BoolishValueParser;

use super::moment::LabTime;
use crate::world::Listen;

/// What is served, and at which ports.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
pub struct SceneArgs {
    /// The scenario
    #[arg(value_name = "FILE")]
    pub file: PathBuf,

    /// The moment of the scenario to start at: counted from its start, or by its clock
    #[arg(long, value_name = "TIME", default_value = "0s")]
    pub at: LabTime,

    /// Serve every address of the scenario at itself, at ports 25 and 443, and the DNS at 127.0.0.1, port 53:
    /// for programs that know no routes, in a container or network namespace that has the addresses
    #[arg(long, value_parser = BoolishValueParser::new())]
    pub real_ports: bool,
}

impl SceneArgs {
    pub(super) const fn listen(&self) -> Listen {
        if self.real_ports {
            Listen::RealPorts
        } else {
            Listen::FreePorts
        }
    }
}
