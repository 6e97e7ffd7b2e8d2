-- Who has a plan open now, and which of its cells they have chosen, so that planners see each other.
-- What nobody renews is old within seconds; after a crash it is nobody, hence unlogged.
create unlogged table plan_presence (
    plan_id    integer not null,
    person_id  integer not null,
    seen_at    timestamptz not null,
    -- of the cells chosen
    faces      integer[] not null,
    constraint plan_presence_pk primary key (plan_id, person_id),
    constraint plan_presence_plan_fk foreign key (plan_id) references plan (plan_id),
    constraint plan_presence_person_fk foreign key (person_id) references person (person_id)
);
comment on table plan_presence is 'Who looks at a plan at this moment; a hint for people, never a lock';

alter table plan_presence enable row level security;
create policy plan_presence_read on plan_presence for select to cityward_service
    using (exists (select from plan p where p.plan_id = plan_presence.plan_id));
create policy plan_presence_own on plan_presence for all to cityward_service
    using (person_id = cityward_person()) with check (person_id = cityward_person());
