//! The database itself keeps everybody inside their scope: these tests speak SQL as the role that
//! requests work as, and try to reach across.

use sqlx::{Connection as _, PgConnection, Postgres, Transaction};

use crate::city::{TestCity, place};

/// Cases of two districts and two units, and people who may see one side of it.
pub(crate) struct Town {
    pub(crate) city: TestCity,
    service: PgConnection,
    pub(crate) units: [i32; 2],
    pub(crate) districts: [i32; 2],
    /// One a district; the first is with the first unit, the second with the second.
    pub(crate) cases: [i64; 2],
}

/// What a scoped table's row of a case is reached by, and how one more is written.
struct Scoped {
    table: &'static str,
    read: &'static str,
    /// Refused or without effect where the case is another's; `None`: nobody writes it in a
    /// request.
    insert: Option<&'static str>,
    update: Option<&'static str>,
}

const SCOPED: &[Scoped] = &[
    Scoped {
        table: "city_case",
        read: "select count(*) from city_case where case_id = $1",
        insert: Some(
            "insert into city_case (class_code, source, location, semi_major_m, semi_minor_m,
                bearing_deg, cell_id, edition_id, because, first_seen_at, last_seen_at,
                sighting_count, opened_at, handling_unit_id)
             select class_code, 'hotline', location, 1, 1, 0, cell_id, edition_id, '{}', now(),
                now(), 1, now(), handling_unit_id
             from city_case_of_test where case_id = $1",
        ),
        update: Some("update city_case set text = 'changed' where case_id = $1"),
    },
    Scoped {
        table: "case_event",
        read: "select count(*) from case_event where case_id = $1",
        insert: Some(
            "insert into case_event (case_id, action, at, actor, detail)
             values ($1, 'assign', now(), 'test', '{}')",
        ),
        update: None,
    },
    Scoped {
        table: "case_clock",
        read: "select count(*) from case_clock where case_id = $1",
        insert: Some(
            "insert into case_clock (case_id, stage, round, calendar, limit_s, started_at)
             values ($1, 'review', 0, 'continuous', 60, now())",
        ),
        update: Some("update case_clock set limit_s = 61 where case_id = $1"),
    },
    Scoped {
        table: "case_evidence",
        read: "select count(*) from case_evidence where case_id = $1",
        insert: None,
        update: None,
    },
    Scoped {
        table: "case_attachment",
        read: "select count(*) from case_attachment where case_id = $1",
        insert: Some(
            "insert into case_attachment (case_id, kind, image_sha256, image_width_px,
                image_height_px, uploaded_by, uploaded_at)
             values ($1, 'report', sha256('x'), 1, 1,
                current_setting('cityward.person')::integer, now())",
        ),
        update: Some("update case_attachment set image_width_px = 2 where case_id = $1"),
    },
];

impl Town {
    pub(crate) async fn new() -> Self {
        let city = TestCity::new().await;
        let edition = city.edition().await;
        let cells = city.cells(edition, 2, 1).await;
        // the second cell lies in another district
        sqlx::query("update cell set code = '321203001001001' where cell_id = $1")
            .bind(cells[1])
            .execute(&city.db)
            .await
            .unwrap();
        let units = [city.unit(1).await, city.unit(2).await];
        let mut districts = [0; 2];
        for (place, code) in ["321202", "321203"].into_iter().enumerate() {
            districts[place] = sqlx::query_scalar(
                "insert into district (division_code, name_zh, name_en) values ($1, $1, $1)
                 returning district_id",
            )
            .bind(code)
            .fetch_one(&city.db)
            .await
            .unwrap();
        }
        let (platform, _) = city.platform("p").await;
        city.camera("CAM-1", platform).await;
        let photographer = hire(&city, "auditor", None, None).await;
        let mut cases = [0; 2];
        for (index, case) in cases.iter_mut().enumerate() {
            *case = lay_out_case(&city, edition, cells[index], units[index], photographer).await;
        }
        // the rows to copy from, in a table without policies
        sqlx::query("create table city_case_of_test as select * from city_case")
            .execute(&city.db)
            .await
            .unwrap();
        let options = city.options.clone().options([("role", "cityward_service")]);
        let service = PgConnection::connect_with(&options).await.unwrap();
        Self {
            city,
            service,
            units,
            districts,
            cases,
        }
    }

    /// A transaction of this person, as a request has it.
    pub(crate) async fn act_as(&mut self, person: i32) -> Transaction<'_, Postgres> {
        let mut tx = self.service.begin().await.unwrap();
        sqlx::query("select cityward_act_as($1)")
            .bind(person)
            .execute(&mut *tx)
            .await
            .unwrap();
        tx
    }

    pub(crate) async fn count(&mut self, person: i32, sql: &'static str, case: i64) -> i64 {
        let mut tx = self.act_as(person).await;
        sqlx::query_scalar(sql)
            .bind(case)
            .fetch_one(&mut *tx)
            .await
            .unwrap()
    }

    /// Rows written; 0 when the database refused.
    pub(crate) async fn write(&mut self, person: i32, sql: &'static str, case: i64) -> u64 {
        let mut tx = self.act_as(person).await;
        match sqlx::query(sql).bind(case).execute(&mut *tx).await {
            Ok(done) => done.rows_affected(),
            Err(error) => {
                refused(&error);
                0
            }
        }
    }
}

/// It was row-level security or a missing right that refused, and no slip of the test.
pub(crate) fn refused(error: &sqlx::Error) {
    let code = error.as_database_error().and_then(|error| error.code());
    assert_eq!(code.as_deref(), Some("42501"), "{error}");
}

pub(crate) async fn hire(
    city: &TestCity,
    role: &str,
    unit: Option<i32>,
    district: Option<i32>,
) -> i32 {
    let person: i32 = sqlx::query_scalar(
        "insert into person (login, name, password_hash)
         select 'p' || count(*), 'somebody', 'none' from person returning person_id",
    )
    .fetch_one(&city.db)
    .await
    .unwrap();
    sqlx::query(
        "insert into role_grant (person_id, role, unit_id, district_id) values ($1, $2::role, $3, $4)",
    )
    .bind(person)
    .bind(role)
    .bind(unit)
    .bind(district)
    .execute(&city.db)
    .await
    .unwrap();
    person
}

/// A case with a row in every table that hangs on it.
async fn lay_out_case(city: &TestCity, edition: i32, cell: i32, unit: i32, person: i32) -> i64 {
    let case: i64 = sqlx::query_scalar(
        "insert into city_case (class_code, source, location, semi_major_m, semi_minor_m,
            bearing_deg, cell_id, edition_id, because, first_seen_at, last_seen_at,
            sighting_count, opened_at, handling_unit_id)
         values ((select min(code) from class), 'hotline', $1, 1, 1, 0, $2, $3, '{}', now(), now(),
            1, now(), $4)
         returning case_id",
    )
    .bind(place(50.0, 50.0))
    .bind(cell)
    .bind(edition)
    .bind(unit)
    .fetch_one(&city.db)
    .await
    .unwrap();
    for sql in [
        "insert into case_event (case_id, action, at, actor, detail)
         values ($1, 'opened', now(), 'test', jsonb_build_object('by', $2::integer))",
        "insert into case_clock (case_id, stage, round, calendar, limit_s, started_at)
         values ($1, 'handling', 0, 'continuous', 60 + $2 * 0, now())",
        "insert into case_attachment (case_id, kind, image_sha256, image_width_px,
            image_height_px, uploaded_by, uploaded_at)
         values ($1, 'report', sha256('x'), 1, 1, $2, now())",
        "insert into case_evidence (case_id, frame_id, camera_id, captured_at,
            image_width_px, image_height_px, box_left, box_top, box_right, box_bottom, confidence,
            model_name, model_version, calibration_id, location)
         select $1, '00000000-0000-7000-8000-000000000000', camera_id, now(), 1, 1,
            0, 0, 1, 1, 0.9, 'm', '1', calibration_id, c.location
         from calibration join camera c using (camera_id) where $2 is not null limit 1",
    ] {
        sqlx::query(sql)
            .bind(case)
            .bind(person)
            .execute(&city.db)
            .await
            .unwrap();
    }
    case
}

#[tokio::test]
async fn without_a_person_nothing_is_there_and_nothing_can_be_written() {
    let mut town = Town::new().await;
    for scoped in SCOPED {
        let seen: i64 = sqlx::query_scalar(scoped.read)
            .bind(town.cases[0])
            .fetch_one(&mut town.service)
            .await
            .unwrap();
        assert_eq!(seen, 0, "{}", scoped.table);
    }
    let written = sqlx::query("update city_case set text = 'changed'")
        .execute(&mut town.service)
        .await
        .unwrap();
    assert_eq!(written.rows_affected(), 0);
}

/// R13.1: a unit sees only its cases; R8.2: a district only what lies in it.
#[tokio::test]
async fn r8_2_r13_1_nobody_reads_or_writes_across_scopes() {
    let mut town = Town::new().await;
    let (units, districts) = (town.units, town.districts);
    let [own, others] = town.cases;
    let manager = hire(&town.city, "unit_manager", Some(units[0]), None).await;
    let worker = hire(&town.city, "unit_worker", Some(units[0]), None).await;
    let district = hire(&town.city, "district_dispatcher", None, Some(districts[0])).await;
    for person in [manager, worker, district] {
        for scoped in SCOPED {
            let table = scoped.table;
            assert_eq!(town.count(person, scoped.read, own).await, 1, "{table}");
            assert_eq!(town.count(person, scoped.read, others).await, 0, "{table}");
            if let Some(insert) = scoped.insert {
                assert_eq!(town.write(person, insert, own).await, 1, "{table}");
                assert_eq!(town.write(person, insert, others).await, 0, "{table}");
            }
            if let Some(update) = scoped.update {
                assert_eq!(town.write(person, update, others).await, 0, "{table}");
            }
        }
        let update = "update city_case set text = 'changed' where case_id = $1";
        assert_eq!(town.write(person, update, own).await, 1);
        // a case cannot be carried out of one's own scope either
        let give_away = format!(
            "update city_case set handling_unit_id = {}, cell_id = (select cell_id from cell
             where code = '321203001001001') where case_id = $1",
            units[1]
        );
        let mut tx = town.act_as(person).await;
        let carried = sqlx::query(&give_away).bind(own).execute(&mut *tx).await;
        refused(&carried.expect_err("carried away"));
    }
}

#[tokio::test]
async fn people_on_site_reach_what_was_given_to_them() {
    let mut town = Town::new().await;
    let [own, others] = town.cases;
    let collector = hire(&town.city, "collector", None, None).await;
    let read = "select count(*) from city_case where case_id = $1";
    assert_eq!(town.count(collector, read, own).await, 0);
    sqlx::query("update city_case set assignee_id = $2 where case_id = $1")
        .bind(own)
        .bind(collector)
        .execute(&town.city.db)
        .await
        .unwrap();
    assert_eq!(town.count(collector, read, own).await, 1);
    assert_eq!(town.count(collector, read, others).await, 0);
    let write = "update city_case set text = 'seen' where case_id = $1";
    assert_eq!(town.write(collector, write, own).await, 1);
    assert_eq!(town.write(collector, write, others).await, 0);
}

/// R10.3: a district that runs its own system is worked by nobody of the city, but read.
#[tokio::test]
async fn r10_3_the_city_reads_but_does_not_work_a_district_with_its_own_system() {
    let mut town = Town::new().await;
    let districts = town.districts;
    let [own, others] = town.cases;
    let dispatcher = hire(&town.city, "dispatcher", None, None).await;
    let write = "update city_case set text = 'sent' where case_id = $1";
    let read = "select count(*) from city_case where case_id = $1";
    assert_eq!(town.write(dispatcher, write, own).await, 1);
    sqlx::query("update district set mode = 'own_system' where district_id = $1")
        .bind(districts[0])
        .execute(&town.city.db)
        .await
        .unwrap();
    assert_eq!(town.write(dispatcher, write, own).await, 0);
    assert_eq!(town.write(dispatcher, write, others).await, 1);
    assert_eq!(town.count(dispatcher, read, own).await, 1);
    let district = hire(&town.city, "operator", None, Some(districts[0])).await;
    assert_eq!(town.write(district, write, own).await, 1);
    assert_eq!(town.count(district, read, others).await, 0);
}

#[tokio::test]
async fn who_only_looks_writes_nothing_and_who_has_no_role_now_sees_nothing() {
    let mut town = Town::new().await;
    let own = town.cases[0];
    let read = "select count(*) from city_case where case_id = $1";
    let write = "update city_case set text = 'x' where case_id = $1";
    for role in [
        "administrator",
        "auditor",
        "evaluator",
        "data_officer",
        "planner",
    ] {
        let person = hire(&town.city, role, None, None).await;
        assert_eq!(town.count(person, read, own).await, 1, "{role}");
        assert_eq!(town.write(person, write, own).await, 0, "{role}");
    }
    let former = hire(&town.city, "operator", None, None).await;
    sqlx::query(
        "update role_grant set valid = tstzrange('2020-01-01', '2021-01-01') where person_id = $1",
    )
    .bind(former)
    .execute(&town.city.db)
    .await
    .unwrap();
    assert_eq!(town.count(former, read, own).await, 0);
    let disabled = hire(&town.city, "operator", None, None).await;
    sqlx::query("update person set disabled_at = now() where person_id = $1")
        .bind(disabled)
        .execute(&town.city.db)
        .await
        .unwrap();
    assert_eq!(town.count(disabled, read, own).await, 0);
}

/// R5.3: rows of the record cannot be changed, whatever a policy says.
#[tokio::test]
async fn r5_3_neither_role_changes_what_is_append_only() {
    let town = Town::new().await;
    let tables: Vec<String> = sqlx::query_scalar(
        "select distinct c.relname::text from pg_trigger t
         join pg_class c on c.oid = t.tgrelid
         where t.tgname like '%\\_append\\_only'",
    )
    .fetch_all(&town.city.db)
    .await
    .unwrap();
    assert!(tables.len() >= 4, "{tables:?}");
    for table in tables {
        for role in ["cityward_service", "cityward_machine"] {
            let may: bool = sqlx::query_scalar(
                "select has_table_privilege($1, $2, 'update, delete, truncate')
                    or has_any_column_privilege($1, $2, 'update')",
            )
            .bind(role)
            .bind(&table)
            .fetch_one(&town.city.db)
            .await
            .unwrap();
            assert!(!may, "{role} may change {table}");
        }
    }
}

/// R5.3: what a role of the service adds to a case's history is chained by the database; it cannot
/// come with a hash, a number or a transaction of its own.
#[tokio::test]
async fn r5_3_no_role_of_the_service_brings_its_own_link_of_the_chain() {
    let town = Town::new().await;
    for role in ["cityward_service", "cityward_machine"] {
        for (column, expected) in [
            ("event_id", false),
            ("xact", false),
            ("prev_hash", false),
            ("hash", false),
            ("detail", true),
        ] {
            let may: bool =
                sqlx::query_scalar("select has_column_privilege($1, 'case_event', $2, 'insert')")
                    .bind(role)
                    .bind(column)
                    .fetch_one(&town.city.db)
                    .await
                    .unwrap();
            assert_eq!(may, expected, "{role} inserts {column}");
        }
    }
}

/// A new table about cases, or a view of them, cannot be forgotten.
#[tokio::test]
async fn every_table_with_a_case_has_a_policy_and_every_view_its_readers_eyes() {
    let town = Town::new().await;
    let open: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c
         join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
         join pg_attribute a on a.attrelid = c.oid and a.attname = 'case_id' and not a.attisdropped
         where c.relkind in ('r', 'p') and c.relname <> 'city_case_of_test'
            and has_table_privilege('cityward_service', c.oid, 'select')
            and not (c.relrowsecurity and exists (select from pg_policy p where p.polrelid = c.oid))",
    )
    .fetch_all(&town.city.db)
    .await
    .unwrap();
    assert!(open.is_empty(), "tables without a policy: {open:?}");
    let views: Vec<String> = sqlx::query_scalar(
        "select c.relname::text from pg_class c
         join pg_namespace n on n.oid = c.relnamespace and n.nspname = 'public'
         where c.relkind in ('v', 'm')
            and not coalesce('security_invoker=true' = any(c.reloptions), false)
            and not exists (select from pg_depend d where d.objid = c.oid and d.deptype = 'e')",
    )
    .fetch_all(&town.city.db)
    .await
    .unwrap();
    assert!(
        views.is_empty(),
        "views that look with their owner's eyes: {views:?}"
    );
}

#[tokio::test]
async fn secrets_of_signing_in_are_out_of_reach_of_a_request() {
    let mut town = Town::new().await;
    for table in ["session", "sign_in_failure", "oidc_sign_in"] {
        let read = sqlx::query(&format!("select * from {table}"))
            .execute(&mut town.service)
            .await;
        refused(&read.expect_err(table));
    }
}
