use openapi::apis::{boards_api, configuration::Configuration, players_api, scores_api, Error};
use openapi::models::{AddScoreBody, Problem, RegisterBody, SubmitScoreBody};
use std::error::Error as Fault;
use std::time::{SystemTime, UNIX_EPOCH};

// The generated enum of errors takes the first status for any, so the body is read once more.
fn refuse<T, E>(answer: Result<T, Error<E>>) -> Result<(), Box<dyn Fault>> {
    let Err(Error::ResponseError(refusal)) = answer else { return Err("not refused".into()) };
    let problem: Problem = serde_json::from_str(&refusal.content)?;
    println!("{} {}", problem.status, problem.code);
    Ok(())
}

fn main() -> Result<(), Box<dyn Fault>> {
    let mut client = Configuration { base_path: std::env::var("LEADERBOARD_URL")?, ..Default::default() };
    let id = format!("rust-{}", SystemTime::now().duration_since(UNIX_EPOCH)?.as_nanos());
    let registration = RegisterBody::new(id.clone(), "Ada".into(), "EU".into());
    client.bearer_access_token = Some(players_api::register(&client, registration, None)?.token);

    let entry = scores_api::submit_score(&client, SubmitScoreBody::new(9007199254740991.0), None, None)?;
    println!("submitted {}", entry.score);
    let rank = boards_api::get_rank(&client, &id, None, None, None, None, Some("shared"), None, None, None)?;
    println!("rank {} of {}", rank.rank, rank.score);
    let top = boards_api::get_top(&client, None, None, None, None, None, None, Some(1), None, None, None, None)?;
    println!("top {}", top.entries[0].score);
    let board = boards_api::read_board(&client, "main", None)?;
    println!("board {}, bounds {}", board.id, board.bounds.map_or("none", |_| "some"));
    refuse(boards_api::get_rank(&client, "nobody", None, None, None, None, None, None, None, None))?;
    refuse(scores_api::add_score(&client, AddScoreBody::new(1.0), None, None))
}
