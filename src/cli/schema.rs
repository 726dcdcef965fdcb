//! `stickler schema`: its arguments.

use clap::Args;

/// Print the JSON Schema of a format, or list them
#[derive(Args, Clone, Debug, Eq, PartialEq)]
#[command(after_help = EXAMPLES)]
pub struct SchemaArgs {
    /// Which; without it the names are listed
    #[arg(value_name = "NAME")]
    pub name: Option<String>,
}

const EXAMPLES: &str = "\
Examples:
  stickler schema
  stickler schema check > check.schema.json
  stickler schema scenario > scenario.schema.json";
