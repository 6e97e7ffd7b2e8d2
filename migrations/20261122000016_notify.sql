-- Who is told what happened: notices in the page, and deliveries to systems of units. Both are
-- derived from what was committed, so that an action writes nothing more for them and none of
-- them can be lost between the two.

-- How far each of those who follow case_event and audit_entry has come: every transaction that
-- this snapshot shows is done with.
create table follower (
    name      text not null,
    snapshot  pg_snapshot not null,
    constraint follower_pk primary key (name)
);
insert into follower select name, pg_current_snapshot() from unnest(array['notice', 'webhook']) as name;

-- One row per addressee: a person, or a role, of a unit or where a case is.
create table notice (
    notice_id    bigint generated always as identity,
    kind         text not null,
    at           timestamptz not null,
    case_id      bigint,
    -- what the page needs to say it: action, class, stage, reason
    params       jsonb not null,
    person_id    integer,
    role         role,
    unit_id      integer,
    district_id  integer,
    -- who did it knows already
    done_by      integer,
    constraint notice_pk primary key (notice_id),
    constraint notice_case_fk foreign key (case_id) references city_case (case_id),
    constraint notice_kind_form check (kind ~ '^[a-z_]{1,40}$'),
    constraint notice_addressee check ((person_id is null) <> (role is null))
);
create index notice_person_idx on notice (person_id, notice_id) where person_id is not null;
create index notice_unit_idx on notice (role, unit_id, notice_id) where unit_id is not null;
create index notice_role_idx on notice (role, notice_id) where role is not null and unit_id is null;
create index notice_at_idx on notice (at);

-- A person has read everything up to a notice.
create table notice_mark (
    person_id  integer not null,
    up_to      bigint not null,
    at         timestamptz not null,
    constraint notice_mark_pk primary key (person_id, up_to),
    constraint notice_mark_person_fk foreign key (person_id) references person (person_id)
);

alter table notice enable row level security;
create policy notice_read on notice for select to cityward_service using (
    (person_id = (select cityward_person()) or exists (
        select from role_grant g
        where g.person_id = (select cityward_person()) and g.role = notice.role
            and g.valid @> now() and g.valid @> notice.at
            and (notice.unit_id is null or g.unit_id = notice.unit_id)
            and (notice.unit_id is not null or g.district_id is null
                or g.district_id = notice.district_id)))
    and (case_id is null or exists (select from city_case c where c.case_id = notice.case_id)));

alter table notice_mark enable row level security;
create policy notice_mark_own on notice_mark for all to cityward_service
    using (person_id = cityward_person()) with check (person_id = cityward_person());

-- Systems of units that are told of their cases.
create table webhook (
    webhook_id     integer generated always as identity,
    unit_id        integer not null,
    url            text not null,
    -- actions; null: all
    events         text[],
    -- what deliveries are signed with, sealed under the key file of the service
    secret_sealed  bytea not null,
    created_at     timestamptz not null,
    created_by     integer not null,
    ended_at       timestamptz,
    constraint webhook_pk primary key (webhook_id),
    constraint webhook_unit_fk foreign key (unit_id) references unit (unit_id),
    constraint webhook_created_by_fk foreign key (created_by) references person (person_id),
    constraint webhook_url_length check (length(url) between 8 and 2000)
);
create index webhook_unit_idx on webhook (unit_id);

create type delivery_state as enum ('waiting', 'delivered', 'dead');

create table webhook_delivery (
    delivery_id   bigint generated always as identity,
    webhook_id    integer not null,
    event_id      bigint not null,
    case_id       bigint not null,
    action        text not null,
    -- the same bytes at every attempt
    body          text not null,
    state         delivery_state not null default 'waiting',
    attempts      integer not null default 0,
    created_at    timestamptz not null,
    -- not before this; while somebody is at it, when somebody else may take over
    next_at       timestamptz not null,
    delivered_at  timestamptz,
    -- of the last answer
    status        smallint,
    error         text,
    constraint webhook_delivery_pk primary key (delivery_id),
    constraint webhook_delivery_webhook_fk foreign key (webhook_id) references webhook (webhook_id),
    constraint webhook_delivery_case_fk foreign key (case_id) references city_case (case_id),
    constraint webhook_delivery_once unique (webhook_id, event_id),
    constraint webhook_delivery_delivered check ((state = 'delivered') = (delivered_at is not null))
);
create index webhook_delivery_waiting_idx on webhook_delivery (next_at) where state = 'waiting';
-- of a case, one is on its way at a time
create index webhook_delivery_order_idx on webhook_delivery (webhook_id, case_id, delivery_id)
    where state = 'waiting';

-- Whether who acts is an administrator.
create function cityward_administers() returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from role_grant where person_id = cityward_person()
        and role = 'administrator' and valid @> now())
$$;

-- Whose webhooks a person sees: those of their units, all of them as administrator.
alter table webhook enable row level security;
create policy webhook_own on webhook for all to cityward_service
    using (unit_id = any ((select cityward_units())::integer[]) or (select cityward_administers()))
    with check (unit_id = any (cityward_units()) or cityward_administers());
alter table webhook_delivery enable row level security;
create policy webhook_delivery_read on webhook_delivery for select to cityward_service
    using (exists (select from webhook w where w.webhook_id = webhook_delivery.webhook_id));
create policy webhook_delivery_retry on webhook_delivery for update to cityward_service
    using (exists (select from webhook w where w.webhook_id = webhook_delivery.webhook_id));

-- The record is for administrators and auditors, whatever a query asks; everybody adds to it.
create function cityward_audits() returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from role_grant where person_id = cityward_person()
        and role in ('administrator', 'auditor') and valid @> now())
$$;
alter table audit_entry enable row level security;
create policy audit_entry_add on audit_entry for insert to cityward_service with check (true);
create policy audit_entry_read on audit_entry for select to cityward_service
    using ((select cityward_audits()));
