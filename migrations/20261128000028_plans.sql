-- Redrawing the ground: plans and their steps, editions that wait for their date, what became of
-- which cell. Cells, responsibilities and areas keep their ends in time; which edition ended a row
-- is the time at which that was written.

-- Codes (GB/T 30428.1), each given once. What bears the code keeps its number through every change
-- of its border: plans name cells by it, and it is the cell's face in the partition.
create table cell_face (
    face_id  integer generated always as identity,
    code     text not null,
    constraint cell_face_pk primary key (face_id),
    constraint cell_face_code_once unique (code)
);
insert into cell_face (code)
select code from cell group by code order by min(cell_id);

create function give_cell_face() returns trigger
language plpgsql security definer set search_path = public, pg_catalog, pg_temp as $$
begin
    insert into cell_face (code) select new.code
    where not exists (select from cell_face where code = new.code)
    on conflict (code) do nothing;
    return new;
end $$;
create trigger cell_face before insert or update of code on cell
    for each row execute function give_cell_face();
alter table cell add constraint cell_code_fk foreign key (code) references cell_face (code);

-- An edition of a plan is published on its date, which may be in the future.
alter table edition
    -- null: of an import
    add column plan_id        integer,
    -- when its rows were written; null of a plan's edition: it waits for its date
    add column written_at     timestamptz,
    add column withdrawn_at   timestamptz,
    add constraint edition_one_end check (written_at is null or withdrawn_at is null);

alter table cell
    add column ended_edition_id  integer,
    add constraint cell_ended_edition_fk foreign key (ended_edition_id) references edition (edition_id);
alter table responsibility
    add column ended_edition_id  integer,
    add constraint responsibility_ended_edition_fk
        foreign key (ended_edition_id) references edition (edition_id);

-- When the ground changes: asked for every moment that is looked at.
create index cell_from_idx on cell (lower(valid));
create index cell_until_idx on cell (upper(valid)) where upper(valid) is not null;
create index responsibility_from_idx on responsibility (lower(valid));
create index responsibility_until_idx on responsibility (upper(valid)) where upper(valid) is not null;
create index responsibility_cell_idx on responsibility (cell_id);
create index city_case_open_cell_idx on city_case (cell_id) where ended_at is null;

-- Which ground a cell has from which cells that ended.
create table cell_lineage (
    parent_id   integer not null,
    child_id    integer not null,
    edition_id  integer not null,
    -- what went from one to the other
    area_m2     double precision not null,
    constraint cell_lineage_pk primary key (parent_id, child_id),
    constraint cell_lineage_parent_fk foreign key (parent_id) references cell (cell_id),
    constraint cell_lineage_child_fk foreign key (child_id) references cell (cell_id),
    constraint cell_lineage_edition_fk foreign key (edition_id) references edition (edition_id),
    constraint cell_lineage_area check (area_m2 > 0)
);
create index cell_lineage_child_idx on cell_lineage (child_id);
create trigger cell_lineage_append_only before update or delete or truncate on cell_lineage
    for each statement execute function refuse_change();

-- Where the millimetre grid of the city's partition has its origin; plans are written on it, so it
-- never moves. One row.
create table grid_origin (
    one   boolean not null default true,
    lon   double precision not null,
    lat   double precision not null,
    constraint grid_origin_pk primary key (one),
    constraint grid_origin_once check (one)
);
create trigger grid_origin_append_only before update or delete or truncate on grid_origin
    for each statement execute function refuse_change();

create type plan_state as enum ('draft', 'submitted', 'approved', 'in_force', 'withdrawn');

create table plan (
    plan_id        integer generated always as identity,
    title          text not null,
    reason         text not null,
    state          plan_state not null default 'draft',
    version        integer not null default 1,
    -- the ground its first step changes: as it is valid at this moment
    base_at        timestamptz not null,
    base_edition_id  integer not null,
    author_id      integer not null,
    -- whoever wrote any of it; none of them approves it
    authors        integer[] not null,
    created_at     timestamptz not null,
    changed_at     timestamptz not null,
    changed_by     integer not null,
    submitted_at   timestamptz,
    approved_by    integer,
    approved_at    timestamptz,
    in_force_from  timestamptz,
    edition_id     integer,
    -- why it was rejected or withdrawn last
    decision       text,
    constraint plan_pk primary key (plan_id),
    constraint plan_base_edition_fk foreign key (base_edition_id) references edition (edition_id),
    constraint plan_author_fk foreign key (author_id) references person (person_id),
    constraint plan_changed_by_fk foreign key (changed_by) references person (person_id),
    constraint plan_approved_by_fk foreign key (approved_by) references person (person_id),
    constraint plan_edition_fk foreign key (edition_id) references edition (edition_id),
    constraint plan_title check (title <> ''),
    constraint plan_two_people check (not approved_by = any (authors)),
    constraint plan_submitted check (state <> 'submitted' or submitted_at is not null),
    constraint plan_approved check (state not in ('approved', 'in_force')
        or (approved_by is not null and in_force_from is not null and edition_id is not null)),
    constraint plan_not_backdated check (in_force_from >= approved_at),
    constraint plan_withdrawn check (state <> 'withdrawn' or decision is not null)
);
comment on table plan is 'Changes of cells and their owners, before they are published';
alter table edition add constraint edition_plan_fk foreign key (plan_id) references plan (plan_id);
-- one waits for its date at a time, so that what was approved is what comes
create unique index plan_one_scheduled on plan ((true)) where state = 'approved';

-- undone: can be done again; dropped: something else was done instead
create type plan_step_state as enum ('done', 'undone', 'dropped');

create table plan_step (
    plan_id    integer not null,
    seq        integer not null,
    -- cityward_partition::Operation
    operation  jsonb not null,
    reason     text not null,
    person_id  integer not null,
    at         timestamptz not null,
    state      plan_step_state not null default 'done',
    -- cityward_partition::Warning
    warnings   jsonb not null,
    constraint plan_step_pk primary key (plan_id, seq),
    constraint plan_step_plan_fk foreign key (plan_id) references plan (plan_id),
    constraint plan_step_person_fk foreign key (person_id) references person (person_id),
    constraint plan_step_seq check (seq > 0)
);

-- What was decided stays: a plan that ended does not change, a step is written once, in a draft.
create function guard_plan() returns trigger language plpgsql as $$
begin
    if old.state in ('in_force', 'withdrawn') then
        raise exception 'plan % has ended', old.plan_id using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger plan_ended before update on plan for each row execute function guard_plan();

create function guard_plan_step() returns trigger language plpgsql as $$
begin
    if tg_op = 'UPDATE' and to_jsonb(new) - 'state' is distinct from to_jsonb(old) - 'state' then
        raise exception 'a step is written once' using errcode = 'restrict_violation';
    end if;
    if (select state from plan where plan_id = new.plan_id) <> 'draft' then
        raise exception 'plan % is no draft', new.plan_id using errcode = 'restrict_violation';
    end if;
    return new;
end $$;
create trigger plan_step_once before insert or update on plan_step
    for each row execute function guard_plan_step();

-- Whose business plans are: people with one of these roles for the whole city.
create function cityward_has_of_city(roles role[]) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from role_grant join person using (person_id)
        where person_id = cityward_person() and disabled_at is null and role = any (roles)
            and district_id is null and area_id is null and valid @> now())
$$;
revoke execute on function cityward_has_of_city from public;
grant execute on function cityward_has_of_city to cityward_service, cityward_machine;

alter table plan enable row level security;
create policy plan_read on plan for select to cityward_service using ((select cityward_has_of_city(
    '{planner,leader,administrator,data_officer,auditor}')));
create policy plan_begin on plan for insert to cityward_service
    with check (author_id = cityward_person() and (select cityward_has_of_city('{planner}')));
create policy plan_change on plan for update to cityward_service
    using ((select cityward_has_of_city('{planner,leader,administrator}')));
alter table plan_step enable row level security;
create policy plan_step_read on plan_step for select to cityward_service
    using (exists (select from plan p where p.plan_id = plan_step.plan_id));
create policy plan_step_take on plan_step for insert to cityward_service
    with check (person_id = cityward_person() and (select cityward_has_of_city('{planner}')));
create policy plan_step_turn on plan_step for update to cityward_service
    using ((select cityward_has_of_city('{planner}')));

revoke delete on plan, plan_step from cityward_service, cityward_machine;
revoke update, delete on cell_face, cell_lineage, grid_origin from cityward_service, cityward_machine;
