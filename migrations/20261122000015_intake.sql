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
