//! What `serve --print-postfix`, `--print-exim` and `--print-systemd` print.

use std::fmt::{self, Write as _};
use std::io::Write as _;
use std::path::{Path, PathBuf};
use std::process::Command;

use anyhow::{Context as _, bail};

use super::ServeArgs;
use crate::cli::exit::Exit;
use crate::cli::output::{Output, tell};
use crate::sidecar::address::Address;
use crate::sidecar::setup::{self, Advice, PARAMETERS, Part, Postconf, Setup, Sidecar, systemd};

/// Where the systems that have Postfix keep the certificate authorities of the web.
const CA_BUNDLES: [&str; 4] = [
    "/etc/ssl/certs/ca-certificates.crt",
    "/etc/pki/tls/certs/ca-bundle.crt",
    "/etc/ssl/ca-bundle.pem",
    "/etc/ssl/cert.pem",
];

/// Where `postconf` is, though PATH may not have it.
const POSTCONFS: [&str; 3] = ["postconf", "/usr/sbin/postconf", "/usr/local/sbin/postconf"];

/// Directories whose programs a service may run: homes are shut to it.
const PROGRAM_DIRECTORIES: [&str; 3] = ["/usr", "/opt", "/bin"];

/// Prints what was asked for; `None` if nothing was.
///
/// # Errors
///
/// When Postfix cannot be asked how it is set up.
pub(super) fn print(args: &ServeArgs) -> anyhow::Result<Option<Exit>> {
    let text = if args.print.print_postfix {
        let postconf = read_postconf(args.print.postconf.as_deref())?;
        let ca_bundle = CA_BUNDLES
            .map(Path::new)
            .into_iter()
            .find(|path| path.exists());
        let sidecar = Sidecar {
            listens: &args.listen.socketmap,
            salt: args.answers.salt.as_ref(),
            reports_testing: args.answers.report_testing,
            own_addresses: &args.answers.own_address,
            ca_bundle,
        };
        match setup::plan(&postconf, &sidecar) {
            Ok(setup) => Page(&postconf, &setup).to_string(),
            Err(refusal) => {
                tell(format_args!("error: {refusal}"));
                return Ok(Some(Exit::Failure));
            }
        }
    } else if args.print.print_exim {
        let sockets = exim_sockets(args);
        let socket = sockets.first().context("name a socket with --exim")?;
        text_of(&setup::exim::parts(socket))
    } else if args.print.print_systemd {
        text_of(&systemd::parts(&systemd::Service {
            program: &program()?,
            socketmap: &args.listen.socketmap,
            exim: &exim_sockets(args),
        }))
    } else {
        return Ok(None);
    };
    let mut output = Output::open(None)?;
    output.write_all(text.as_bytes())?;
    output.finish()?;
    Ok(Some(Exit::Success))
}

/// Returns where Exim is answered, by a service whose units are the printed ones.
fn exim_sockets(args: &ServeArgs) -> Vec<Address> {
    match args.listen.exim.as_slice() {
        [] => vec![Address::Unix(systemd::EXIM_SOCKET.into())],
        named => named.to_vec(),
    }
}

/// Returns the path of this program where the service can run it, or the one where it belongs.
fn program() -> anyhow::Result<PathBuf> {
    let this = std::env::current_exe().context("this program does not know its own path")?;
    let can_be_run = PROGRAM_DIRECTORIES
        .iter()
        .any(|directory| this.starts_with(directory));
    Ok(if can_be_run {
        this
    } else {
        "/usr/local/bin/stickler".into()
    })
}

/// Each part begins with a comment that says where it belongs, which for a file is its path alone: awk can part
/// them.
fn text_of(parts: &[Part]) -> String {
    let parts: Vec<String> = parts
        .iter()
        .map(|Part { place, text }| format!("# {place}\n{text}"))
        .collect();
    parts.join("\n")
}

fn read_postconf(named: Option<&Path>) -> anyhow::Result<Postconf> {
    let candidates: Vec<&Path> = match named {
        Some(path) => vec![path],
        None => POSTCONFS.map(Path::new).into(),
    };
    let mut asked = vec!["-x"];
    asked.extend(PARAMETERS);
    for program in candidates {
        let Some(expanded) = ask(program, &asked)? else {
            continue;
        };
        let services = ask(program, &["-M"])?.unwrap_or_default();
        let of_services = ask(program, &["-P"])?.unwrap_or_default();
        return Postconf::read(&expanded, &services, &of_services).with_context(|| {
            format!(
                "{} prints something else than postconf does",
                program.display()
            )
        });
    }
    match named {
        Some(path) => bail!("there is no program {}", path.display()),
        None => bail!("postconf is not in PATH nor in /usr/sbin: say where with --postconf PATH"),
    }
}

/// Returns what a program prints, `None` if there is no such program. Of a parameter that an older Postfix does not
/// know it warns, and that is nothing to report.
fn ask(program: &Path, arguments: &[&str]) -> anyhow::Result<Option<String>> {
    let asked = || format!("asking {} how Postfix is set up", program.display());
    let output = match Command::new(program).args(arguments).output() {
        Ok(output) => output,
        Err(error) if error.kind() == std::io::ErrorKind::NotFound => return Ok(None),
        Err(error) => return Err(error).with_context(asked),
    };
    if !output.status.success() {
        let said = String::from_utf8_lossy(&output.stderr);
        return Err(anyhow::anyhow!("{}: {}", output.status, said.trim())).with_context(asked);
    }
    Ok(Some(String::from_utf8_lossy(&output.stdout).into_owned()))
}

/// The page for Postfix: lines for main.cf, everything else behind `#`.
struct Page<'a>(&'a Postconf, &'a Setup);

impl fmt::Display for Page<'_> {
    fn fmt(&self, f: &mut fmt::Formatter<'_>) -> fmt::Result {
        let Self(postconf, setup) = self;
        let directory = postconf.config_directory.display();
        write!(
            f,
            "# Postfix {}, {directory}/main.cf; smtp runs ",
            postconf.version
        )?;
        if postconf.is_chrooted {
            writeln!(f, "chrooted in {}", postconf.queue_directory.display())?;
        } else {
            writeln!(f, "without a chroot")?;
        }
        if setup.settings.is_empty() {
            writeln!(f, "# It says all that is needed.")?;
        } else {
            writeln!(
                f,
                "# In the place of the lines of the same names, then: postfix reload"
            )?;
        }
        for setting in &setup.settings {
            let line = format!("{} = {}", setting.parameter(), setting.value());
            write!(f, "\n# {}\n{}\n", setting.reason(), line.trim_end())?;
        }
        let mut options = String::new();
        for advice in &setup.advice {
            match advice {
                Advice::OwnAddresses(addresses) => {
                    for address in addresses {
                        write!(options, " --own-address {address}")?;
                    }
                }
                Advice::OwnAddressesUnlisted => options.push_str(
                    " --own-address ADDRESS (each at which this host is reached, as a backup MX finds itself by it)",
                ),
                Advice::ReportTesting => options.push_str(" --report-testing"),
            }
        }
        if !options.is_empty() {
            write!(
                f,
                "\n# The sidecar needs besides: stickler serve{options}\n"
            )?;
        }
        if !setup.warnings.is_empty() {
            write!(f, "\n# Mind:\n")?;
        }
        for warning in &setup.warnings {
            writeln!(f, "# - {warning}")?;
        }
        Ok(())
    }
}
