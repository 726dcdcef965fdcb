//! Which addresses a lab of containers has.

use std::net::IpAddr;

use clap::Args;

use crate::replay::far::servers::Lab;
use crate::story::Places;

/// Which addresses a lab of containers has; at each of them `stickler lab serve` runs.
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(next_help_heading = "The lab")]
pub struct PlacesArgs {
    /// Where names are resolved
    #[arg(long, value_name = "ADDR")]
    pub dns: IpAddr,

    /// Where edges of policy hosts stand; repeat it for more
    #[arg(long, value_name = "ADDR", required = true, value_delimiter = ',')]
    pub edge: Vec<IpAddr>,

    /// Where MX hosts stand, the first one of the story first; repeat it for more
    #[arg(long, value_name = "ADDR", required = true, value_delimiter = ',')]
    pub mx: Vec<IpAddr>,
}

impl From<&PlacesArgs> for Lab {
    fn from(args: &PlacesArgs) -> Self {
        Self {
            resolver: args.dns,
            places: Places {
                edges: args.edge.clone(),
                mx: args.mx.clone(),
            },
        }
    }
}
