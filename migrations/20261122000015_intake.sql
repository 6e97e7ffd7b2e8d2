-- What comes in through people: pictures, reporters, task orders, the quick-disposal ledger,
-- approved exports. Articles 3, 5, 11, 16.

-- unknown until an action names the picture
alter table case_attachment alter column kind drop not null;
create index case_attachment_unused_idx on case_attachment (uploaded_by) where case_id is null;
create index case_attachment_sha256_idx on case_attachment (image_sha256);

-- What quick disposal costs the city (Article 16). Money is whole fen (1/100 yuan).

-- The row of a year is the lock: two spends cannot both take the last money.
create table ledger_year (
    year           smallint not null,
    budget_fen     bigint not null default 0,
    spent_fen      bigint not null default 0,
    recovered_fen  bigint not null default 0,
    constraint ledger_year_pk primary key (year),
    constraint ledger_year_form check (year between 2000 and 2999),
    constraint ledger_year_sums check (budget_fen >= 0 and spent_fen >= 0 and recovered_fen >= 0)
);
comment on table ledger_year is 'Sums of ledger_entry, by year in Beijing time';

-- A case may be spent beyond the balance by so much, once.
create table ledger_approval (
    approval_id  bigint generated always as identity,
    case_id      bigint not null,
    amount_fen   bigint not null,
    reason       text not null,
    approved_by  integer not null,
    approved_at  timestamptz not null,
    constraint ledger_approval_pk primary key (approval_id),
    constraint ledger_approval_case_fk foreign key (case_id) references city_case (case_id),
    constraint ledger_approval_person_fk foreign key (approved_by) references person (person_id),
    constraint ledger_approval_amount check (amount_fen > 0)
);
create index ledger_approval_case_idx on ledger_approval (case_id);

create type ledger_entry_kind as enum ('budget', 'spend', 'recovery');

create table ledger_entry (
    entry_id      bigint generated always as identity,
    year          smallint not null,
    kind          ledger_entry_kind not null,
    -- spend lowers the balance, the others raise it; only a budget may be cut
    amount_fen    bigint not null,
    case_id       bigint,
    -- of a spend: [{"item": text, "quantity": number, "unit_price_fen": fen}]
    items         jsonb,
    -- of a recovery: the owner that was found later
    from_unit_id  integer,
    -- of a spend beyond the balance
    approval_id   bigint,
    reason        text not null default '',
    person_id     integer not null,
    at            timestamptz not null,
    constraint ledger_entry_pk primary key (entry_id),
    constraint ledger_entry_year_fk foreign key (year) references ledger_year (year),
    constraint ledger_entry_case_fk foreign key (case_id) references city_case (case_id),
    constraint ledger_entry_unit_fk foreign key (from_unit_id) references unit (unit_id),
    constraint ledger_entry_person_fk foreign key (person_id) references person (person_id),
    constraint ledger_entry_approval_fk foreign key (approval_id) references ledger_approval (approval_id),
    constraint ledger_entry_approval_once unique (approval_id),
    constraint ledger_entry_of_case check ((kind = 'budget') = (case_id is null)),
    constraint ledger_entry_items check ((kind = 'spend') = (items is not null)),
    constraint ledger_entry_amount check (amount_fen > 0 or (kind = 'budget' and amount_fen < 0))
);
create index ledger_entry_year_idx on ledger_entry (year, entry_id);
create index ledger_entry_case_idx on ledger_entry (case_id);

create trigger ledger_entry_append_only before update or delete or truncate on ledger_entry
    for each statement execute function refuse_change();
create trigger ledger_approval_append_only before update or delete or truncate on ledger_approval
    for each statement execute function refuse_change();

-- Task orders (布置): the centre tells several units to do something by a time, Article 3.

create table task_order (
    order_id   bigint generated always as identity,
    title      text not null,
    text       text not null,
    due_at     timestamptz not null,
    issued_by  integer not null,
    issued_at  timestamptz not null,
    constraint task_order_pk primary key (order_id),
    constraint task_order_person_fk foreign key (issued_by) references person (person_id),
    constraint task_order_due check (due_at > issued_at)
);

create table task_order_unit (
    order_id  bigint not null,
    unit_id   integer not null,
    -- when somebody of the unit first opened it
    read_at   timestamptz,
    read_by   integer,
    constraint task_order_unit_pk primary key (order_id, unit_id),
    constraint task_order_unit_order_fk foreign key (order_id) references task_order (order_id),
    constraint task_order_unit_unit_fk foreign key (unit_id) references unit (unit_id),
    constraint task_order_unit_person_fk foreign key (read_by) references person (person_id)
);
create index task_order_unit_unit_idx on task_order_unit (unit_id, order_id);

-- What a unit fed back, once.
create table task_order_receipt (
    receipt_id  bigint generated always as identity,
    order_id    bigint not null,
    unit_id     integer not null,
    text        text not null,
    person_id   integer not null,
    at          timestamptz not null,
    constraint task_order_receipt_pk primary key (receipt_id),
    constraint task_order_receipt_unit_fk foreign key (order_id, unit_id) references task_order_unit (order_id, unit_id),
    constraint task_order_receipt_person_fk foreign key (person_id) references person (person_id),
    constraint task_order_receipt_once unique (order_id, unit_id)
);
create trigger task_order_append_only before update or delete or truncate on task_order
    for each statement execute function refuse_change();
create trigger task_order_receipt_append_only before update or delete or truncate on task_order_receipt
    for each statement execute function refuse_change();

-- Who told the city, kept apart from the case (Article 5).

create table reporter (
    case_id            bigint not null,
    -- XChaCha20-Poly1305: 24 bytes of nonce, then the text; bound to the case and the field
    name_sealed        bytea,
    phone_sealed       bytea,
    -- which key of the key file sealed them
    key_id             text not null,
    wants_reply        boolean not null,
    -- of the code the reporter asks about the case with; the code itself is shown once
    query_code_sha256  bytea not null,
    told_at            timestamptz not null,
    -- a tombstone: somebody reported it, and nobody can say who any more
    erased_at          timestamptz,
    constraint reporter_pk primary key (case_id),
    constraint reporter_case_fk foreign key (case_id) references city_case (case_id),
    constraint reporter_query_code_once unique (query_code_sha256),
    constraint reporter_query_code_length check (octet_length(query_code_sha256) = 32),
    constraint reporter_erased check (erased_at is null or (name_sealed is null and phone_sealed is null))
);
comment on table reporter is 'Personal data of reporters, sealed; erased after the policy''s retention';

-- Who read it in clear, when and what for; written before it is shown.
create table reporter_access (
    access_id  bigint generated always as identity,
    case_id    bigint not null,
    person_id  integer not null,
    purpose    text not null,
    at         timestamptz not null,
    constraint reporter_access_pk primary key (access_id),
    constraint reporter_access_reporter_fk foreign key (case_id) references reporter (case_id),
    constraint reporter_access_person_fk foreign key (person_id) references person (person_id)
);
create index reporter_access_case_idx on reporter_access (case_id);
create trigger reporter_access_append_only before update or delete or truncate on reporter_access
    for each statement execute function refuse_change();

-- After the end of a case; 365 days until a city decides.
alter table rule_policy add column reporter_retention_days integer not null default 365,
    add constraint rule_policy_reporter_retention check (reporter_retention_days between 1 and 3650);

-- What anybody may know who has the reporter's code; looks past row-level security for that.
create function public_case_status(code_sha256 bytea)
returns table (case_id bigint, class_code text, state case_state, opened_at timestamptz,
    changed_at timestamptz, ended_at timestamptz)
language sql stable security definer set search_path = public, pg_temp as $$
    select c.case_id, c.class_code, c.state, c.opened_at,
        (select max(e.at) from case_event e where e.case_id = c.case_id), c.ended_at
    from reporter r join city_case c using (case_id)
    where r.query_code_sha256 = code_sha256
$$;

-- Messages of other systems (Article 3, R3.3): each becomes one case, however often it comes.
create table case_external (
    source       text not null,
    external_id  text not null,
    case_id      bigint not null,
    constraint case_external_pk primary key (source, external_id),
    constraint case_external_case_fk foreign key (case_id) references city_case (case_id),
    constraint case_external_form check (source ~ '^[a-z0-9._-]{1,64}$' and length(external_id) between 1 and 128)
);
create index case_external_case_idx on case_external (case_id);

-- Scopes: what hangs on a case is seen and changed with the case.

alter table reporter enable row level security;
create policy reporter_read on reporter for select to cityward_service
    using (exists (select from city_case c where c.case_id = reporter.case_id));
create policy reporter_tell on reporter for insert to cityward_service
    with check (cityward_works_case(case_id));

alter table reporter_access enable row level security;
create policy reporter_access_read on reporter_access for select to cityward_service
    using (exists (select from city_case c where c.case_id = reporter_access.case_id));
-- data officers see cases without working them
create policy reporter_access_write on reporter_access for insert to cityward_service
    with check (person_id = cityward_person() and cityward_sees_case(case_id));

alter table case_external enable row level security;
create policy case_external_read on case_external for select to cityward_service
    using (exists (select from city_case c where c.case_id = case_external.case_id));
create policy case_external_write on case_external for insert to cityward_service
    with check (cityward_works_case(case_id));

alter table ledger_entry enable row level security;
create policy ledger_entry_read on ledger_entry for select to cityward_service using (
    (select cityward_sees_all())
    or exists (select from city_case c where c.case_id = ledger_entry.case_id));
create policy ledger_entry_write on ledger_entry for insert to cityward_service with check (
    person_id = cityward_person()
    and case when case_id is null then cityward_sees_all() else cityward_works_case(case_id) end);

alter table ledger_approval enable row level security;
create policy ledger_approval_read on ledger_approval for select to cityward_service
    using (exists (select from city_case c where c.case_id = ledger_approval.case_id));
create policy ledger_approval_write on ledger_approval for insert to cityward_service
    with check (approved_by = cityward_person() and cityward_works_case(case_id));

-- Orders: whoever reads the whole city, whoever issued it, and the units it is for. The functions
-- look past the policies of the other table, which would else ask each other for ever.
create function cityward_issued_order(of_order bigint) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from task_order where order_id = of_order and issued_by = cityward_person())
$$;
create function cityward_receives_order(of_order bigint) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from task_order_unit
        where order_id = of_order and unit_id = any (cityward_units()))
$$;

alter table task_order enable row level security;
create policy task_order_read on task_order for select to cityward_service using (
    (select cityward_sees_all()) or issued_by = (select cityward_person())
    or cityward_receives_order(order_id));
create policy task_order_issue on task_order for insert to cityward_service
    with check (issued_by = cityward_person());

alter table task_order_unit enable row level security;
create policy task_order_unit_read on task_order_unit for select to cityward_service using (
    (select cityward_sees_all()) or unit_id = any ((select cityward_units())::integer[])
    or cityward_issued_order(order_id));
create policy task_order_unit_issue on task_order_unit for insert to cityward_service
    with check (cityward_issued_order(order_id));
create policy task_order_unit_open on task_order_unit for update to cityward_service
    using (unit_id = any ((select cityward_units())::integer[]))
    with check (unit_id = any ((select cityward_units())::integer[]));

alter table task_order_receipt enable row level security;
create policy task_order_receipt_read on task_order_receipt for select to cityward_service using (
    (select cityward_sees_all()) or unit_id = any ((select cityward_units())::integer[])
    or cityward_issued_order(order_id));
create policy task_order_receipt_write on task_order_receipt for insert to cityward_service
    with check (person_id = cityward_person() and unit_id = any (cityward_units()));

-- What is written once stays as it is; erasing personal data is the city's own doing.
revoke update, delete on reporter_access, ledger_entry, ledger_approval, task_order,
    task_order_receipt, case_external from cityward_service, cityward_machine;
revoke update, delete on reporter, task_order_unit from cityward_service;
grant update (read_at, read_by) on task_order_unit to cityward_service;

-- Lists of cases leave with an approval only (Article 5).
create table export_request (
    export_id     bigint generated always as identity,
    -- export::ExportFilter
    filter        jsonb not null,
    purpose       text not null,
    requested_by  integer not null,
    requested_at  timestamptz not null,
    approved_by   integer,
    approved_at   timestamptz,
    constraint export_request_pk primary key (export_id),
    constraint export_request_requester_fk foreign key (requested_by) references person (person_id),
    constraint export_request_approver_fk foreign key (approved_by) references person (person_id),
    constraint export_request_approved check ((approved_by is null) = (approved_at is null)),
    constraint export_request_two_people check (approved_by <> requested_by)
);
alter table export_request enable row level security;
create policy export_request_read on export_request for select to cityward_service
    using (requested_by = (select cityward_person()) or (select cityward_sees_all()));
create policy export_request_ask on export_request for insert to cityward_service
    with check (requested_by = cityward_person() and approved_by is null);
create policy export_request_approve on export_request for update to cityward_service
    using (cityward_sees_all()) with check (approved_by = cityward_person());
revoke update, delete on export_request from cityward_service, cityward_machine;
grant update (approved_by, approved_at) on export_request to cityward_service;
