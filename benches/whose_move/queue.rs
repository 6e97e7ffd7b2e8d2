//! The live queue over a million cases: what a desk waits for when it asks the running service,
//! from the request to the last byte of the answer, each person seeing what is theirs.

use std::time::{Duration, Instant};

use anyhow::ensure;
use cityward::access;
use cityward::database::Database;
use reqwest::{Client, StatusCode};
use serde_json::{Value, json};
use sqlx::PgPool;

use crate::latencies::Latencies;
use crate::stage::{with_database, with_service};

const CASES: i32 = 1_000_000;
/// One of so many is open.
const ONE_OPEN_OF: i32 = 20;
const GOAL: Duration = Duration::from_millis(20);
const WARM_UP: usize = 50;
const ASKED: usize = 1_000;

/// Who asks what.
struct Question {
    what: &'static str,
    login: &'static str,
    query: &'static str,
}

const QUESTIONS: [Question; 6] = [
    Question {
        what: "dispatcher: open, newest first",
        login: "dispatcher",
        query: "open=true&order=newest&limit=100",
    },
    Question {
        what: "dispatcher: open, first due first",
        login: "dispatcher",
        query: "open=true&order=due&limit=100",
    },
    Question {
        what: "dispatcher: to be dispatched, first due first",
        login: "dispatcher",
        query: "state=filed&order=due&limit=100",
    },
    Question {
        what: "dispatcher: open of one class",
        login: "dispatcher",
        query: "open=true&class=M06042&order=due&limit=100",
    },
    Question {
        what: "district: open, first due first",
        login: "district",
        query: "open=true&order=due&limit=100",
    },
    Question {
        what: "unit: open, first due first",
        login: "unit",
        query: "open=true&order=due&limit=100",
    },
];

pub(crate) fn run() -> anyhow::Result<()> {
    let runtime = tokio::runtime::Builder::new_multi_thread()
        .enable_all()
        .build()?;
    runtime.block_on(with_database(8, measure))
}

async fn measure(database: &Database) -> anyhow::Result<()> {
    let began = Instant::now();
    fill(&database.pool).await?;
    println!(
        "{CASES} cases, one of {ONE_OPEN_OF} open; made in {:.0} s",
        began.elapsed().as_secs_f64()
    );
    let password = people(&database.pool).await?;
    with_service(database, async |base| {
        println!("| question | asked | p50 ms | p99 ms | worst ms | goal |");
        println!("|---|---:|---:|---:|---:|---|");
        for question in &QUESTIONS {
            let desk = Desk::sign_in(base, question.login, &password).await?;
            desk.ask(question).await?;
        }
        Ok(())
    })
    .await
}

/// A signed-in person.
struct Desk {
    client: Client,
    base: String,
    cookie: String,
}

impl Desk {
    async fn sign_in(base: &str, login: &str, password: &str) -> anyhow::Result<Self> {
        let client = Client::new();
        let answer = client
            .post(format!("{base}/api/v1/session"))
            .json(&json!({ "login": login, "password": password }))
            .send()
            .await?;
        ensure!(answer.status() == StatusCode::OK, "{login} cannot sign in");
        let cookie = answer.headers()["set-cookie"].to_str()?.to_owned();
        let cookie = cookie.split(';').next().unwrap_or_default().to_owned();
        let base = base.to_owned();
        Ok(Self {
            client,
            base,
            cookie,
        })
    }

    async fn ask(&self, question: &Question) -> anyhow::Result<()> {
        let url = format!("{}/api/v1/cases?{}", self.base, question.query);
        let mut taken = Vec::with_capacity(ASKED);
        for number in 0..WARM_UP + ASKED {
            let began = Instant::now();
            let request = self.client.get(&url).header("cookie", &self.cookie);
            let answer = request.send().await?;
            let status = answer.status();
            let body = answer.bytes().await?;
            if number >= WARM_UP {
                taken.push(began.elapsed());
            } else {
                ensure!(
                    status == StatusCode::OK,
                    "{status}: {}",
                    String::from_utf8_lossy(&body)
                );
                let body: Value = serde_json::from_slice(&body)?;
                let rows = body["cases"].as_array().map_or(0, Vec::len);
                ensure!(rows == 100, "{} shows {rows} cases", question.what);
            }
        }
        let latencies = Latencies::of(taken)?;
        println!(
            "| {} | {} | {}",
            question.what,
            latencies.count(),
            latencies.columns(GOAL)
        );
        Ok(())
    }
}

/// A dispatcher of the city, one of a district, the manager of a unit; returns their password.
async fn people(db: &PgPool) -> anyhow::Result<String> {
    let (login, password) = access::reset_administrator(db).await?;
    sqlx::query(
        "with new as (
            insert into person (login, name, password_hash)
            select new.login, new.login, known.password_hash
            from person known, unnest(array['dispatcher', 'district', 'unit']) as new (login)
            where known.login = $1
            returning person_id, login
        )
        insert into role_grant (person_id, role, unit_id, district_id)
        select person_id,
            case login when 'district' then 'district_dispatcher' when 'unit' then 'unit_manager'
                else 'dispatcher' end::role,
            case login when 'unit' then 7 end, case login when 'district' then 3 end
        from new",
    )
    .bind(login)
    .execute(db)
    .await?;
    Ok(password.reveal().to_owned())
}

/// Six districts of a hundred cells each, forty units, and cases everywhere, the open ones with a
/// due time.
async fn fill(db: &PgPool) -> anyhow::Result<()> {
    for statement in [
        "insert into edition (note, source) values ('bench', 'bench')",
        "insert into unit (credit_code, name_zh, name_en)
         select '11321200MB' || to_char(number, 'fm0000000') || 'X', '单位' || number, 'Unit ' || number
         from generate_series(1, 40) as number",
        "insert into district (division_code, name_zh, name_en)
         select '32120' || number, '区' || number, 'District ' || number
         from generate_series(1, 6) as number",
        "insert into cell (code, geom, edition_id)
         select '32120' || n / 100 + 1 || to_char(n, 'fm000000000'),
             st_multi(st_makeenvelope(119.9 + n % 25 * 0.01, 32.4 + n / 25 * 0.01,
                 119.91 + n % 25 * 0.01, 32.41 + n / 25 * 0.01, 4326)), 1
         from generate_series(0, 599) as n",
    ] {
        sqlx::query(statement).execute(db).await?;
    }
    sqlx::query(
        "insert into city_case (class_code, state, source, location, semi_major_m, semi_minor_m,
            bearing_deg, cell_id, edition_id, because, first_seen_at, last_seen_at,
            sighting_count, opened_at, handling_unit_id, unit_id, text, clock_stage, due_at,
            warn_at, ended_at)
        select (array['M06042', 'M06010', 'C01001', 'C03005'])[s % 4 + 1],
            (case when n % $2 <> 0 then 'closed' when s / 4 % 5 = 0 then 'filed'
                else 'handling' end)::case_state,
            'hotline', st_point(119.9 + s % 600 % 25 * 0.01, 32.4 + s % 600 / 25 * 0.01, 4326),
            1, 1, 0, s % 600 + 1, 1, '{}', at, at, 1, at, s / 20 % 40 + 1, s / 20 % 40 + 1,
            'a case of the bench',
            case when n % $2 = 0 then 'handling'::clock_stage end,
            case when n % $2 = 0 then at + interval '3 days' end,
            case when n % $2 = 0 then at + interval '2 days' end,
            case when n % $2 <> 0 then at + interval '1 day' end
        from generate_series(1, $1) as n,
            lateral (select n / $2 as s, now() - (($1 - n) % 9973) * interval '1 minute' as at)
                as opened",
    )
    .bind(CASES)
    .bind(ONE_OPEN_OF)
    .execute(db)
    .await?;
    sqlx::query("vacuum analyze").execute(db).await?;
    Ok(())
}
