use clap::CommandFactory as _;

use stickler::cli::variables::Variables;

use super::{Program, Run};

/// Prints what a test has written into its folder.
const POSTCONF: &str = concat!(env!("CARGO_MANIFEST_DIR"), "/tests/all/cli/postconf");

/// Prints the page for an installation of which `parameters` is told.
fn print(parameters: &str, options: &[&str]) -> Run {
    let program = Program::new();
    program.write("x", parameters);
    program.write("M", "smtp unix - - y - - smtp\nrelay unix - - y - - smtp\n");
    program.write("P", "relay/unix/smtp_fallback_relay = [last.test]\n");
    let words = [
        &["serve", "--print-postfix", "--postconf", POSTCONF],
        options,
    ]
    .concat();
    let mut command = program.command(&words);
    command
        .env("PATH", "/usr/bin:/bin")
        .env("POSTCONF_PRINTED", program.folder());
    Run::of(&mut command)
}

#[test]
fn an_installation_gets_its_lines_each_with_its_reason() {
    let run = print(
        "mail_version = 3.7.11\nconfig_directory = /etc/postfix\nqueue_directory = /var/spool/postfix\n\
         compatibility_level = 3.6\nsmtp_host_lookup = dns\nsmtp_tls_security_level = may\n\
         smtp_tls_CAfile = /etc/ca.pem\nsmtp_tls_session_cache_database = btree:/var/lib/postfix/smtp_scache\n\
         smtp_dns_reply_filter = pcre:/etc/postfix/rr\nrelay_domains = backed.test\n\
         inet_interfaces = 127.0.0.1, 192.0.2.1\n",
        &["--socketmap", "unix:/var/spool/postfix/stickler/s.sock"],
    );
    assert_eq!(run.exit, Some(0), "{}", run.stderr);
    insta::assert_snapshot!(run.stdout, @r"
    # Postfix 3.7.11, /etc/postfix/main.cf; smtp runs chrooted in /var/spool/postfix
    # In the place of the lines of the same names, then: postfix reload

    # stickler says which next hops have a policy to be enforced
    smtp_tls_policy_maps = socketmap:unix:stickler/s.sock:postfix

    # a cached session outlives a policy: a host taken off it stays accepted, one put on it refused
    smtp_tls_session_cache_database =

    # this Postfix compares certificates only; the filter drops MX hosts that the policy does not list
    smtp_dns_reply_filter = pcre:/etc/postfix/rr, socketmap:unix:stickler/s.sock:mx-filter

    # where this backup MX may use no better host the mail waits; without it, it would bounce (5.4.6)
    best_mx_transport = retry:4.4.6 no better MX host may be used

    # The sidecar needs besides: stickler serve --own-address 192.0.2.1

    # Mind:
    # - smtp_dns_reply_filter: no static table exempts a domain from it; on Postfix 3.10 it meets TLS reports and mail with the header `TLS-Required: no` too
    # - relay/unix in master.cf: sets smtp_fallback_relay = [last.test] for itself, and main.cf does not count there
    ");
}

#[test]
fn an_installation_that_is_complete_is_told_so() {
    let run = print(
        "mail_version = 3.10.13\nsmtp_host_lookup = dns\nsmtp_tls_security_level = encrypt\n\
         smtp_tls_CAfile = /etc/ca.pem\nsmtp_tls_enforce_sts_mx_patterns = yes\n\
         smtp_tls_policy_maps = socketmap:inet:127.0.0.1:8461:postfix310\n",
        &[],
    );
    run.check(
        0,
        &[
            "# Postfix 3.10.13, /etc/postfix/main.cf; smtp runs chrooted in /var/spool/postfix\n\
             # It says all that is needed.\n\n# Mind:\n# - relay/unix in master.cf: sets smtp_fallback_relay",
        ],
        &"complete",
    );
}

#[test]
fn an_installation_that_cannot_have_the_sidecar_is_told_why() {
    for (parameters, options, exit, expected) in [
        (
            "mail_version = 3.7.11\nsmtp_tls_security_level = dane\n",
            &[][..],
            1,
            "!error: main.cf says smtp_tls_security_level = dane, and an answer of the sidecar would take the place \
             of a failing DANE validation, which RFC 8461 forbids (Section 2)",
        ),
        (
            "mail_version = 3.3.22\n",
            &[],
            1,
            "!Postfix 3.3.22 does not know the attribute servername",
        ),
        (
            "mail_version = 3.7.11\n",
            &["--socketmap", "unix:/run/s"],
            1,
            "!listen at --socketmap 127.0.0.1:8461, or at --socketmap unix:/var/spool/postfix/stickler/postfix.sock",
        ),
        (
            "smtp_tls_security_level = may\n",
            &[],
            2,
            "!prints something else than postconf does: no mail_version stands in it",
        ),
        ("", &["--print-exim"], 2, "!cannot be used with"),
    ] {
        print(parameters, options).check(exit, &[expected], &parameters);
    }
}

#[test]
fn a_program_that_is_no_postconf_is_named() {
    for (program, expected) in [
        ("/no/postconf", "!there is no program /no/postconf"),
        ("/etc", "!asking /etc how Postfix is set up: "),
        (
            "/bin/false",
            "!asking /bin/false how Postfix is set up: exit status: 1",
        ),
        (
            "/bin/true",
            "!/bin/true prints something else than postconf does",
        ),
    ] {
        let words = ["serve", "--print-postfix", "--postconf", program];
        Program::new().run(&words).check(2, &[expected], &program);
    }
}

#[test]
fn exim_and_systemd_get_their_files() {
    let program = Program::new();
    program
        .run(&["serve", "--print-exim", "--exim", "127.0.0.1:8463"])
        .check(
            0,
            &[
                "\nSTS_SOCK = inet:127.0.0.1:8463\n",
                "\nsts_ask:\n",
                "\nremote_smtp_sts:\n",
            ],
            &"exim",
        );
    let socket = "unix:/var/spool/postfix/stickler/s.sock";
    program
        .run(&["serve", "--print-systemd", "--socketmap", socket])
        .check(
            0,
            &[
                "# /etc/systemd/system/stickler.service\n[Unit]\n",
                "\nExecStart=/",
                "\n# /etc/systemd/system/stickler-postfix.socket\n[Unit]\n",
                "\nListenStream=/var/spool/postfix/stickler/s.sock\n",
                "\nListenStream=/run/stickler/exim.sock\n",
                "\n# /etc/default/stickler\n",
            ],
            &"systemd",
        );
}

#[test]
fn the_variables_of_the_unit_are_options_of_the_sidecar() {
    let printed = Program::new().run(&["serve", "--print-systemd"]).stdout;
    let (_, variables) = printed.split_once("# /etc/default/stickler\n").unwrap();
    let variables: Vec<(&str, &str)> = variables
        .lines()
        .filter_map(|line| line.strip_prefix("#STICKLER_"))
        .filter_map(|line| line.split_once('='))
        .collect();
    assert!(variables.len() > 3, "{variables:?}");
    let command = stickler::cli::Cli::command();
    let serve = command.find_subcommand("serve").unwrap();
    for (name, value) in variables {
        let option = name.to_lowercase().replace('_', "-");
        let is_option = option == "config"
            || serve
                .get_arguments()
                .any(|argument| argument.get_long() == Some(&option));
        assert!(is_option, "{name}");
        // The file of --config is not there.
        let variables: Variables = (name != "CONFIG")
            .then(|| (format!("STICKLER_{name}"), value))
            .into_iter()
            .collect();
        let words = ["stickler", "serve"].map(Into::into);
        if let Err(error) = stickler::cli::Cli::read(&words, &variables) {
            panic!("{name}: {error}");
        }
    }
}
