//! Units of systemd, and the file with the variables of the service.
//!
//! The sockets are systemd's, so that a restart refuses no connection, and a socket may stand where the service may
//! not write, as in Postfix's queue directory.

use std::fmt::Write as _;
use std::path::Path;

use super::Part;
use crate::sidecar::address::Address;

/// What the units are made from.
#[derive(Clone, Copy, Debug)]
pub struct Service<'a> {
    /// The program.
    pub program: &'a Path,
    /// Where Postfix is answered.
    pub socketmap: &'a [Address],
    /// Where Exim is answered.
    pub exim: &'a [Address],
}

/// Where Exim is answered if nothing else was said: in a directory that the socket's unit makes, and anybody may enter.
pub const EXIM_SOCKET: &str = "/run/stickler/exim.sock";

/// Where `stickler query` is answered, in the directory that the service's unit makes.
pub const CONTROL_SOCKET: &str = "/run/stickler/control/control.sock";

/// Returns the files: the service, a unit for the sockets of each protocol, and the variables.
#[must_use]
pub fn parts(service: &Service<'_>) -> [Part; 4] {
    [
        Part {
            place: "/etc/systemd/system/stickler.service".into(),
            text: SERVICE
                .replace("PROGRAM", &service.program.display().to_string())
                .into(),
        },
        Part {
            place: "/etc/systemd/system/stickler-postfix.socket".into(),
            text: socket("Postfix", "socketmap", service.socketmap).into(),
        },
        Part {
            place: "/etc/systemd/system/stickler-exim.socket".into(),
            text: socket("Exim", "exim", service.exim).into(),
        },
        Part {
            place: "/etc/default/stickler".into(),
            text: VARIABLES.into(),
        },
    ]
}

fn socket(client: &str, name: &str, addresses: &[Address]) -> String {
    let mut text = format!(
        "[Unit]\nDescription=Where stickler answers {client} about MTA-STS policies\n\n[Socket]\n\
         FileDescriptorName={name}\nService=stickler.service\n"
    );
    for address in addresses {
        let place = match address {
            Address::Tcp(address) => address.to_string(),
            Address::Unix(path) => path.display().to_string(),
        };
        // Writing to a string does not fail.
        let _ok = writeln!(text, "ListenStream={place}");
    }
    // As for a port of loopback: everybody on this host may ask.
    text.push_str("SocketMode=0666\nBacklog=1024\n");
    if addresses
        .iter()
        .any(|address| matches!(address, Address::Tcp(_)))
    {
        text.push_str("NoDelay=yes\n");
    }
    text.push_str("\n[Install]\nWantedBy=sockets.target\n");
    text
}

/// `notify-reload` would be the type, from systemd 253 on.
const SERVICE: &str = "\
[Unit]
Description=MTA-STS policies for Postfix and Exim (stickler)
After=network-online.target nss-lookup.target
Wants=network-online.target
Requires=stickler-postfix.socket stickler-exim.socket
# Given up, it would take the sockets along, and a mended cause would not bring them back.
StartLimitIntervalSec=0

[Service]
Type=notify
ExecStart=PROGRAM serve
# What is wrong is told to who reloads.
ExecReload=PROGRAM serve --check-config
# A shell's own kill: not every system has the program.
ExecReload=/bin/sh -c \"kill -HUP $MAINPID\"
EnvironmentFile=-/etc/default/stickler
Restart=always
RestartSec=5
WatchdogSec=30
TimeoutStopSec=60
LimitNOFILE=32768

DynamicUser=yes
StateDirectory=stickler
StateDirectoryMode=0700
# Below the directory of stickler-exim.socket, which belongs to root and outlives a restart.
RuntimeDirectory=stickler/control
UMask=0077

AmbientCapabilities=
CapabilityBoundingSet=
DevicePolicy=closed
LockPersonality=yes
MemoryDenyWriteExecute=yes
NoNewPrivileges=yes
PrivateDevices=yes
PrivateTmp=yes
PrivateUsers=yes
ProcSubset=pid
ProtectClock=yes
ProtectControlGroups=yes
ProtectHome=yes
ProtectHostname=yes
ProtectKernelLogs=yes
ProtectKernelModules=yes
ProtectKernelTunables=yes
ProtectProc=invisible
ProtectSystem=strict
RemoveIPC=yes
RestrictAddressFamilies=AF_INET AF_INET6 AF_UNIX
RestrictNamespaces=yes
RestrictRealtime=yes
RestrictSUIDSGID=yes
SystemCallArchitectures=native
SystemCallErrorNumber=EPERM
SystemCallFilter=@system-service
SystemCallFilter=~@privileged @resources

[Install]
WantedBy=multi-user.target
";

const VARIABLES: &str = "\
# Options of `stickler serve`, by their names in capitals (stickler serve --help). Those under Answers are read again
# by `systemctl reload stickler` from the file of --config, and from here by a restart.
#STICKLER_CONFIG=/etc/stickler.toml
#STICKLER_HTTP=127.0.0.1:8462
#STICKLER_UNKNOWN=notfound
#STICKLER_OWN_ADDRESS=192.0.2.1,2001:db8::1
#STICKLER_REPORT_TESTING=true
";

#[cfg(test)]
mod tests {
    use std::path::Path;

    use super::{Service, parts};

    #[test]
    fn each_protocol_has_its_sockets() {
        let listens = ["127.0.0.1:8461", "unix:/var/spool/postfix/sts/s"];
        let [service, postfix, exim, _variables] = parts(&Service {
            program: Path::new("/opt/bin/stickler"),
            socketmap: &listens.map(|text| text.parse().unwrap()),
            exim: &["[::1]:8463".parse().unwrap()],
        });
        for (part, expected) in [
            (service, "\nExecStart=/opt/bin/stickler serve\n"),
            (
                postfix,
                "\nFileDescriptorName=socketmap\nService=stickler.service\nListenStream=127.0.0.1:8461\n\
                 ListenStream=/var/spool/postfix/sts/s\nSocketMode=0666\nBacklog=1024\nNoDelay=yes\n",
            ),
            (
                exim,
                "\nFileDescriptorName=exim\nService=stickler.service\nListenStream=[::1]:8463\nSocketMode=",
            ),
        ] {
            assert!(part.text.contains(expected), "{part:?}");
        }
    }
}
