//! Rules in memory: evaluations per second on one core. One evaluation answers "this class under
//! this condition, this place, this time: whose is it, why, due when, warned when".

use std::hint::black_box;
use std::time::{Duration, Instant};

use chrono::{DateTime, TimeDelta, Utc};
use cityward::clock::{Clock, Stage};
use cityward::database::Database;
use cityward::rules::{Condition, RouteAsk, RuleSet, Rules};
use cityward::space::GroundPoint;
use cityward::territory::Territory;

use crate::city::{self, CitySize};
use crate::stage::with_database;

const GOAL_PER_S: f64 = 200_000.0;
const QUESTIONS: usize = 500_000;
const MEASURED_FOR: Duration = Duration::from_secs(3);
const SIZE: CitySize = CitySize {
    columns: 40,
    rows: 40,
    components: 200_000,
};

/// A class under a condition, a place, a time.
struct Question<'a> {
    condition: &'a Condition,
    point: GroundPoint,
    at: DateTime<Utc>,
}

pub(crate) fn run() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_current_thread()
        .enable_all()
        .build()?;
    runtime.block_on(with_database(4, measure))
}

async fn measure(database: &Database) -> anyhow::Result<()> {
    let db = &database.pool;
    city::build(db, &SIZE).await?;
    let now: DateTime<Utc> = sqlx::query_scalar("select now()").fetch_one(db).await?;
    let territory = Territory::load(db, now).await?;
    let rules = Rules::open(db.clone()).await?;
    let set = rules.in_force(now);
    let questions = questions(&set, now);

    let answered = questions.iter().filter(|question| {
        let ask = RouteAsk::at(&territory, question.condition.class, question.point, now);
        rules.route(&set, &ask).unit_id.is_some()
    });
    let answered = answered.count();
    anyhow::ensure!(answered > QUESTIONS / 2, "hardly anything has an owner");
    println!(
        "{} cells, {} components, {} conditions; {answered} of {QUESTIONS} questions have an owner",
        SIZE.cells(),
        SIZE.components,
        set.conditions().len(),
    );
    let route = |question: &Question<'_>| {
        let Question {
            condition,
            point,
            at,
        } = question;
        rules.route(
            &set,
            &RouteAsk::at(&territory, condition.class, *point, *at),
        )
    };
    let due = |question: &Question<'_>| {
        let Question { condition, at, .. } = question;
        let (calendar, limit) = (condition.calendar, condition.limit);
        let clock = Clock::start(Stage::Handling, 0, calendar, limit, *at);
        (clock.due_at(set.calendar()), clock.warn_at(set.calendar()))
    };
    println!("| question | evaluations/s | goal |");
    println!("|---|---:|---|");
    println!(
        "| whose, and why | {:.0} | |",
        per_second(&questions, route)
    );
    println!(
        "| due when, warned when | {:.0} | |",
        per_second(&questions, due)
    );
    let whole = per_second(&questions, |question| (route(question), due(question)));
    let met = if whole >= GOAL_PER_S { "met" } else { "missed" };
    println!("| both | {whole:.0} | {GOAL_PER_S:.0}: {met} |");
    Ok(())
}

/// Every condition in turn, all over the city, all over the year.
fn questions(set: &RuleSet, now: DateTime<Utc>) -> Vec<Question<'_>> {
    let conditions = set.conditions().iter().cycle();
    let minutes = (0..525_600_i64).step_by(7).cycle();
    city::points(&SIZE, QUESTIONS)
        .into_iter()
        .zip(conditions.zip(minutes))
        .map(|(point, (condition, minutes))| Question {
            condition,
            point,
            at: now - TimeDelta::minutes(minutes),
        })
        .collect()
}

/// Evaluations per second on this thread: the best of several passes, because what else runs on
/// the machine only ever takes away.
fn per_second<A>(questions: &[Question<'_>], answer: impl Fn(&Question<'_>) -> A) -> f64 {
    let began = Instant::now();
    let mut best = Duration::MAX;
    while began.elapsed() < MEASURED_FOR {
        let pass = Instant::now();
        for question in questions {
            black_box(answer(black_box(question)));
        }
        best = best.min(pass.elapsed());
    }
    questions.len() as f64 / best.as_secs_f64()
}
