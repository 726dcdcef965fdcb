//! What Postfix, Exim and systemd must say for the sidecar to be asked, for one installation.
//!
//! Pure: what the programs say of themselves and where the sidecar listens come in, settings, warnings and files
//! come out, each with its reason. The command line runs `postconf` and prints.
//!
//! | file | what |
//! |---|---|
//! | [`postconf`](Postconf) | what `postconf` prints, as values |
//! | [`table`](Table) | the look-up tables of a parameter |
//! | [`place`](Sidecar) | where the sidecar listens, as Postfix writes it |
//! | [`main_cf`](plan) | the settings, or why there are none |
//! | [`warning`](Warning) | what goes around a policy all the same |
//! | [`exim`] | routers and transport of Exim |
//! | [`systemd`] | units and the file of their variables |

pub mod exim;
mod main_cf;
mod place;
mod postconf;
pub mod systemd;
mod table;
mod warning;

pub use main_cf::{Advice, Refusal, Setting, Setup, plan};
pub use place::Sidecar;
pub use postconf::{
    Interfaces, Override, PARAMETERS, Postconf, PostconfError, SecurityLevel, Version,
};
pub use table::{Answerer, Table};
pub use warning::Warning;

/// A piece of configuration, and where it belongs.
#[derive(Clone, Debug, Eq, PartialEq)]
pub struct Part {
    /// A file, or a section of one.
    pub place: Box<str>,
    /// What belongs there.
    pub text: Box<str>,
}

#[cfg(test)]
mod tests;
