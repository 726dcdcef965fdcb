//! `replay --sender-under-test`: what it refuses before there is a mail server.

use super::Program;

const STORY: &str = r#"id    = "story"
title = "The policy lists the host"
start = "2026-03-02T08:00:00Z"
[domains."corp.test"]
txt    = { records = ["v=STSv1; id=1;"] }
policy = { mode = "enforce", mx = ["mx.new.test"], max_age = "7d" }
mx     = { records = ["10 mx.new.test"] }
[servers."mx.new.test"]
[[step]]
at = "0s"
[[step.expect]]
verdict = "deliver"
"#;

#[test]
fn a_mail_server_under_test_takes_one_scenario_and_what_is_about_it_only_goes_with_it() {
    let program = Program::new();
    program.write("good.toml", STORY);
    program.write("bad.toml", STORY);
    program.write("broken.toml", STORY.replace("10 mx", "mx"));
    let server = "--sender-under-test smtp://127.0.0.1:2525";
    for (words, told) in [
        (
            "--sender-under-test localhost:25 good.toml".to_owned(),
            "!a mail server is an address with a port, as in smtp://127.0.0.1:25",
        ),
        (
            format!("{server} good.toml bad.toml"),
            "!--sender-under-test takes one scenario, and here are 2",
        ),
        (format!("{server} broken.toml"), "!broken.toml:7:"),
        (
            format!("{server} --network lab good.toml"),
            "!cannot be used with '--network <NETWORK>'",
        ),
        (
            "--queue-run true good.toml".to_owned(),
            "!--queue-run is about a mail server, and there is none",
        ),
        (
            "--factor 60 good.toml".to_owned(),
            "!--sender-under-test <smtp://ADDR:PORT>",
        ),
        // Its servers stand at the addresses that the DNS gives.
        (
            format!("{server} good.toml"),
            "!`good.toml`: the lab cannot be set up: 192.0.2.1, ",
        ),
    ] {
        let words: Vec<&str> = ["replay"].into_iter().chain(words.split(' ')).collect();
        program.run(&words).check(2, &[told], &words);
    }
}
