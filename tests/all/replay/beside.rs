//! Every shipped scenario with the sidecar in the place of each strict sender: where that makes a difference.

use std::fmt::Write as _;
use std::path::Path;

use stickler::replay::Networks;
use stickler::replay::beside::replay_beside;
use stickler::scenario::{discover, load};

/// What the sidecar does otherwise, each time with the reason. What changes here changes for its users: each new
/// line is to be one that the keeper's promises explain (an answer that is held comes first and the look behind it; a
/// negative answer is believed for a while; a refresh comes up to an hour early).
#[tokio::test]
async fn where_the_sidecar_makes_a_difference_it_is_known() {
    let folder = Path::new(env!("CARGO_MANIFEST_DIR")).join("scenarios");
    let mut told = String::new();
    for file in discover(&[folder]).unwrap() {
        let scenario = load(&file).unwrap();
        let replayed = replay_beside(&scenario.story, Networks::Model)
            .await
            .unwrap();
        assert_eq!(
            replayed.complaints(),
            Vec::<String>::new(),
            "{}",
            replayed.id
        );
        for difference in replayed.sidecar.iter().flatten() {
            let until = difference
                .until
                .map_or_else(|| "the end".to_owned(), |until| until.to_string());
            writeln!(
                told,
                "{}: {} to {}: {} instead of {} from {} to {until}\n    {}",
                replayed.id,
                difference.sender,
                difference.domain,
                difference.sidecar,
                difference.strict,
                difference.from,
                difference.because,
            )
            .unwrap();
        }
    }
    insta::assert_snapshot!("beside", told);
}
