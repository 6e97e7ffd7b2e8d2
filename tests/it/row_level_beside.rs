//! The database keeps scopes also of what stands beside the cases: the record, webhooks, the
//! ledger, orders, exports.

use crate::row_level_security::{Town, hire};

/// The city's administrator keeps every unit's webhooks and reads the record; one of a district
/// does neither.
#[tokio::test]
async fn a_districts_administrator_is_not_the_citys() {
    let mut town = Town::new().await;
    let (unit, district) = (town.units[0], town.districts[0]);
    let city = hire(&town.city, "administrator", None, None).await;
    let of_district = hire(&town.city, "administrator", None, Some(district)).await;
    let auditor = hire(&town.city, "auditor", None, Some(district)).await;
    sqlx::query(
        "insert into webhook (unit_id, url, secret_sealed, created_at, created_by)
         values ($1, 'https://unit.example/', 'x', now(), $2)",
    )
    .bind(unit)
    .bind(city)
    .execute(&town.city.db)
    .await
    .unwrap();
    sqlx::query(
        "insert into audit_entry (at, actor, subject, action) values (now(), 'test', 'x:1', 'x')",
    )
    .execute(&town.city.db)
    .await
    .unwrap();
    let hooks = "select count(*) from webhook where unit_id = $1";
    let entries = "select count(*) from audit_entry where $1 is not null";
    let unit = i64::from(unit);
    assert_eq!(town.count(city, hooks, unit).await, 1);
    assert_eq!(town.count(city, entries, unit).await, 1);
    for person in [of_district, auditor] {
        assert_eq!(town.count(person, hooks, unit).await, 0);
        assert_eq!(town.count(person, entries, unit).await, 0);
    }
    let end = "update webhook set ended_at = now() where unit_id = $1";
    assert_eq!(town.write(of_district, end, unit).await, 0);
    assert_eq!(town.write(city, end, unit).await, 1);
}

/// What devices, pulled cameras and upload URLs come in by.
#[tokio::test]
async fn what_lets_cameras_in_is_kept_by_the_citys_administrators() {
    let mut town = Town::new().await;
    let city = hire(&town.city, "administrator", None, None).await;
    let auditor = hire(&town.city, "auditor", None, None).await;
    let of_district = hire(&town.city, "administrator", None, Some(town.districts[0])).await;
    let dispatcher = hire(&town.city, "dispatcher", None, None).await;
    let (platform, _token) = town.city.platform("library").await;
    sqlx::query(
        "insert into viid_access (platform_id, username, ha1_md5, ha1_sha256, coordinates, set_at)
         values ($1, 'u', decode(repeat('00', 16), 'hex'), sha256('x'), 'wgs84', now())",
    )
    .bind(platform)
    .execute(&town.city.db)
    .await
    .unwrap();
    let platform = i64::from(platform);
    let read = "select count(*) from viid_access where platform_id = $1";
    let change = "update viid_access set username = 'v' where platform_id = $1";
    for (person, reads, changes) in [
        (city, 1, 1),
        (auditor, 1, 0),
        (of_district, 0, 0),
        (dispatcher, 0, 0),
    ] {
        assert_eq!(town.count(person, read, platform).await, reads);
        assert_eq!(town.write(person, change, platform).await, changes);
    }
    let open: Vec<String> = sqlx::query_scalar(
        "select distinct c.relname::text from pg_class c
         join pg_attribute a on a.attrelid = c.oid and not a.attisdropped
         where c.relkind = 'r' and not c.relrowsecurity
            and (a.attname like '%\\_sealed' or a.attname like 'ha1\\_%')
            and has_table_privilege('cityward_service', c.oid, 'select')",
    )
    .fetch_all(&town.city.db)
    .await
    .unwrap();
    assert!(
        open.is_empty(),
        "secrets that every request reads: {open:?}"
    );
}

/// R5.2: a role of one district does not show what somebody sees by another role.
#[tokio::test]
async fn an_original_is_shown_by_a_role_where_the_case_is() {
    let mut town = Town::new().await;
    let case = town.cases[0];
    let here = hire(&town.city, "duty_chief", None, Some(town.districts[0])).await;
    let of_city = hire(&town.city, "data_officer", None, None).await;
    let elsewhere = hire(&town.city, "duty_chief", None, Some(town.districts[1])).await;
    let (unit, district) = (town.units[0], town.districts[0]);
    sqlx::query(
        "insert into role_grant (person_id, role, unit_id, district_id)
         values ($1, 'unit_worker', $2, $3)",
    )
    .bind(elsewhere)
    .bind(unit)
    .bind(district)
    .execute(&town.city.db)
    .await
    .unwrap();
    let may =
        "select count(*) from city_case where case_id = $1 and cityward_views_original(case_id)";
    for (person, shown) in [(here, 1), (of_city, 1), (elsewhere, 0)] {
        assert_eq!(town.count(person, may, case).await, shown, "{person}");
    }
}

/// R16.2: what was spent on a case is seen and written with the case.
#[tokio::test]
async fn the_ledger_keeps_to_the_scope_of_its_case() {
    let mut town = Town::new().await;
    let [own, others] = town.cases;
    let district = town.districts[0];
    let chief = hire(&town.city, "duty_chief", None, Some(district)).await;
    let city = hire(&town.city, "leader", None, None).await;
    sqlx::query("insert into ledger_year (year) values (2026)")
        .execute(&town.city.db)
        .await
        .unwrap();
    let spend = "insert into ledger_entry (year, kind, amount_fen, case_id, items, person_id, at)
         values (2026, 'spend', 1, $1, '[]', current_setting('cityward.person')::integer, now())";
    let budget = "insert into ledger_entry (year, kind, amount_fen, person_id, at)
         select 2026, 'budget', 1, current_setting('cityward.person')::integer, now()
         where $1 is not null";
    let approve =
        "insert into ledger_approval (case_id, amount_fen, reason, approved_by, approved_at)
         values ($1, 1, 'x', current_setting('cityward.person')::integer, now())";
    for write in [spend, approve] {
        assert_eq!(town.write(chief, write, own).await, 1, "{write}");
        assert_eq!(town.write(chief, write, others).await, 0, "{write}");
    }
    assert_eq!(town.write(chief, budget, own).await, 0);
    assert_eq!(town.write(city, budget, own).await, 1);
    for sql in [
        "insert into ledger_entry (year, kind, amount_fen, case_id, items, person_id, at)
         select 2026, 'spend', 1, case_id, '[]', $1, now() from city_case",
        "insert into ledger_approval (case_id, amount_fen, reason, approved_by, approved_at)
         select case_id, 1, 'x', $1, now() from city_case",
    ] {
        sqlx::query(sql)
            .bind(city)
            .execute(&town.city.db)
            .await
            .unwrap();
    }
    for read in [
        "select count(*) from ledger_entry where case_id = $1",
        "select count(*) from ledger_approval where case_id = $1",
    ] {
        assert_eq!(town.count(chief, read, own).await, 1, "{read}");
        assert_eq!(town.count(chief, read, others).await, 0, "{read}");
        assert_eq!(town.count(city, read, others).await, 1, "{read}");
    }
    let change = "update ledger_entry set amount_fen = 2 where case_id = $1";
    assert_eq!(town.write(city, change, own).await, 0);
}

/// R3.4: a district's leader orders the district's units; a unit sees what is for it.
#[tokio::test]
async fn r3_4_an_order_is_for_units_of_its_issuer_and_seen_by_them() {
    let mut town = Town::new().await;
    let (units, districts) = (town.units, town.districts);
    for (unit, district) in units.into_iter().zip(districts) {
        sqlx::query("update unit set district_id = $2 where unit_id = $1")
            .bind(unit)
            .bind(district)
            .execute(&town.city.db)
            .await
            .unwrap();
    }
    let leader = hire(&town.city, "leader", None, Some(districts[0])).await;
    let city = hire(&town.city, "dispatcher", None, None).await;
    let managers = [
        hire(&town.city, "unit_manager", Some(units[0]), None).await,
        hire(&town.city, "unit_manager", Some(units[1]), None).await,
    ];
    for issuer in [leader, city] {
        sqlx::query(
            "insert into task_order (title, text, due_at, issued_by, issued_at)
             values ('x', 'x', now() + interval '1 day', $1, now())",
        )
        .bind(issuer)
        .execute(&town.city.db)
        .await
        .unwrap();
    }
    let (own, others) = (i64::from(units[0]), i64::from(units[1]));
    let address = "insert into task_order_unit (order_id, unit_id)
         select order_id, $1 from task_order
         where issued_by = current_setting('cityward.person')::integer";
    assert_eq!(town.write(leader, address, own).await, 1);
    assert_eq!(town.write(leader, address, others).await, 0);
    assert_eq!(town.write(city, address, others).await, 1);
    let foreign = "insert into task_order_unit (order_id, unit_id)
         select max(order_id) + $1 * 0, (select min(unit_id) from unit) from task_order_of_test";
    sqlx::query("create table task_order_of_test as select * from task_order")
        .execute(&town.city.db)
        .await
        .unwrap();
    assert_eq!(town.write(leader, foreign, own).await, 0);

    sqlx::query(
        "insert into task_order_unit (order_id, unit_id)
         select min(order_id), $1 from task_order",
    )
    .bind(units[0])
    .execute(&town.city.db)
    .await
    .unwrap();
    let read = "select count(*) from task_order_unit where unit_id = $1";
    let orders = "select count(*) from task_order where $1 is not null";
    assert_eq!(town.count(managers[0], read, own).await, 1);
    assert_eq!(town.count(managers[0], orders, own).await, 1);
    assert_eq!(town.count(managers[1], read, own).await, 0);
    assert_eq!(town.count(managers[1], orders, own).await, 0);
    let open = "update task_order_unit set read_at = now() where unit_id = $1";
    assert_eq!(town.write(managers[0], open, own).await, 1);
    assert_eq!(town.write(managers[1], open, own).await, 0);
    let receipt = "insert into task_order_receipt (order_id, unit_id, text, person_id, at)
         select order_id, unit_id, 'x', current_setting('cityward.person')::integer, now()
         from task_order_unit where unit_id = $1";
    assert_eq!(town.write(managers[0], receipt, own).await, 1);
    assert_eq!(town.write(managers[1], receipt, own).await, 0);
}

/// R5.1: a list leaves when a data officer of the city says so, about somebody else's request,
/// once.
#[tokio::test]
async fn r5_1_an_export_is_decided_by_another_data_officer_of_the_city() {
    let mut town = Town::new().await;
    let district = town.districts[0];
    let evaluator = hire(&town.city, "evaluator", None, None).await;
    let operator = hire(&town.city, "operator", None, Some(district)).await;
    let officer = hire(&town.city, "data_officer", None, None).await;
    let of_district = hire(&town.city, "data_officer", None, Some(district)).await;
    let export: i64 = sqlx::query_scalar(
        "insert into export_request (filter, purpose, requested_by, requested_at)
         values ('{}', 'x', $1, now()) returning export_id",
    )
    .bind(evaluator)
    .fetch_one(&town.city.db)
    .await
    .unwrap();
    let read = "select count(*) from export_request where export_id = $1";
    for (person, seen) in [
        (evaluator, 1),
        (officer, 1),
        (operator, 0),
        (of_district, 0),
    ] {
        assert_eq!(town.count(person, read, export).await, seen);
    }
    let approve = "update export_request set approved_at = now(),
            approved_by = current_setting('cityward.person')::integer where export_id = $1";
    let refuse = "update export_request set refused_at = now(), refused_for = 'x',
            refused_by = current_setting('cityward.person')::integer where export_id = $1";
    for decide in [approve, refuse] {
        for person in [evaluator, operator, of_district] {
            assert_eq!(town.write(person, decide, export).await, 0, "{decide}");
        }
        assert_eq!(town.write(officer, decide, export).await, 1, "{decide}");
    }
    let rewrite = "update export_request set purpose = 'y' where export_id = $1";
    assert_eq!(town.write(officer, rewrite, export).await, 0);
    sqlx::query("update export_request set refused_at = now(), refused_for = 'x', refused_by = $1")
        .bind(officer)
        .execute(&town.city.db)
        .await
        .unwrap();
    assert_eq!(
        town.write(officer, approve, export).await,
        0,
        "decided before"
    );
    let alone = "insert into export_request (filter, purpose, requested_by, requested_at,
            approved_by, approved_at)
         select '{}', 'x', current_setting('cityward.person')::integer, now(), max(person_id),
            now() from person where $1 is not null";
    assert_eq!(town.write(evaluator, alone, export).await, 0);
}

/// What a person is called at the organisation's own sign-in decides who comes in as them.
#[tokio::test]
async fn of_their_own_row_a_person_changes_the_password_and_nothing_else() {
    let mut town = Town::new().await;
    let dispatcher = hire(&town.city, "dispatcher", None, None).await;
    let administrator = hire(&town.city, "administrator", None, None).await;
    let own = i64::from(dispatcher);
    let password = "update person set password_hash = 'other' where person_id = $1";
    assert_eq!(town.write(dispatcher, password, own).await, 1);
    for change in [
        "update person set oidc_login = 'chief' where person_id = $1",
        "update person set login = 'chief' where person_id = $1",
        "update person set disabled_at = now() where person_id = $1",
        "update person set password_hash = 'x', name = 'chief' where person_id = $1",
    ] {
        assert_eq!(town.write(dispatcher, change, own).await, 0, "{change}");
        assert_eq!(town.write(administrator, change, own).await, 1, "{change}");
    }
    let others = i64::from(administrator);
    assert_eq!(town.write(dispatcher, password, others).await, 0);
}

#[tokio::test]
async fn what_runs_with_its_owners_rights_is_for_the_service_alone() {
    let town = Town::new().await;
    let open: Vec<String> = sqlx::query_scalar(
        "select proname::text from pg_proc
         where pronamespace = 'public'::regnamespace and prosecdef
            and prorettype <> 'trigger'::regtype
            and has_function_privilege('public', oid, 'execute')
            and not exists (select from pg_depend where objid = pg_proc.oid and deptype = 'e')
         order by 1",
    )
    .fetch_all(&town.city.db)
    .await
    .unwrap();
    assert_eq!(open, Vec::<String>::new());
}
