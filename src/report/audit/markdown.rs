//! The scores of an audit as a Markdown table: a row a requirement, a column a sender.

use crate::audit::{Level, Outcome, Score};
use crate::report::escape;

/// Returns the table, and below it what was seen instead.
pub(super) fn table(scores: &[Score]) -> String {
    let mut text = row(
        ["requirement", "level", "its domain shows"],
        scores.iter().map(|score| cell(&score.sender)),
    );
    let rule = vec!["---".to_owned(); scores.len()];
    text.push_str(&row(["---", "---", "---"], rule));
    let mut ids: Vec<(&str, Level, &str)> = Vec::new();
    for scored in scores.iter().flat_map(|score| &score.requirements) {
        if !ids.iter().any(|(id, ..)| *id == scored.id) {
            ids.push((scored.id, scored.level, scored.shows));
        }
    }
    let mut notes = Vec::new();
    for (id, level, shows) in ids {
        let cells = scores.iter().map(|score| {
            let found = score.requirements.iter().find(|scored| scored.id == id);
            found.map_or_else(String::new, |scored| {
                if scored.because.is_empty() {
                    return scored.outcome.to_string();
                }
                notes.push(format!(
                    "{}, {id}: {}",
                    cell(&score.sender),
                    cell(&scored.because.join("; "))
                ));
                format!("{} ({})", marked(scored.outcome), notes.len())
            })
        });
        let cells: Vec<String> = cells.collect();
        text.push_str(&row(
            [&format!("`{id}`"), &level.to_string(), &cell(shows)],
            cells,
        ));
    }
    let totals = scores.iter().map(|score| {
        let of_level = |level| {
            let all = Outcome::ALL
                .iter()
                .map(|outcome| score.count(level, *outcome));
            format!(
                "{} of {} {level}",
                score.count(level, Outcome::Enforced),
                all.sum::<usize>()
            )
        };
        format!("{}, {}", of_level(Level::Must), of_level(Level::Should))
    });
    text.push_str(&row(["enforced", "", ""], totals));
    for (number, note) in notes.iter().enumerate() {
        text.push_str(&format!("\n{}. {note}", number + 1));
    }
    if !notes.is_empty() {
        text.push('\n');
    }
    text
}

fn row(first: [&str; 3], cells: impl IntoIterator<Item = String>) -> String {
    let cells = first.into_iter().map(str::to_owned).chain(cells);
    format!("| {} |\n", cells.collect::<Vec<_>>().join(" | "))
}

/// What must be seen is bold.
fn marked(outcome: Outcome) -> String {
    match outcome {
        Outcome::NotEnforced | Outcome::NotShown => format!("**{outcome}**"),
        Outcome::Enforced | Outcome::KnownDivergence => outcome.to_string(),
    }
}

fn cell(text: &str) -> String {
    escape::line(text).replace('|', "\\|")
}

#[cfg(test)]
mod tests {
    use super::table;
    use crate::audit::{Level, Outcome, Score, Scored};

    fn score(sender: &str, outcome: Outcome, because: &[&str]) -> Score {
        Score {
            sender: sender.into(),
            alive: true,
            requirements: vec![Scored {
                id: "8461/5/a",
                level: Level::Must,
                number: "A1",
                sentence: "MUST",
                shows: "a | b",
                outcome,
                because: because.iter().map(|why| (*why).into()).collect(),
            }],
        }
    }

    #[test]
    fn a_requirement_is_a_row_a_sender_a_column_and_a_reason_a_note() {
        let scores = [
            score("strict", Outcome::Enforced, &[]),
            score("a|b", Outcome::NotEnforced, &["it arrived"]),
        ];
        insta::assert_snapshot!(table(&scores), @r"
        | requirement | level | its domain shows | strict | a\|b |
        | --- | --- | --- | --- | --- |
        | `8461/5/a` | MUST | a \| b | enforced | **not enforced** (1) |
        | enforced |  |  | 1 of 1 MUST, 0 of 0 SHOULD | 0 of 1 MUST, 0 of 0 SHOULD |

        1. a\|b, 8461/5/a: it arrived
        ");
    }
}
