-- Who reaches what, where a role of one district or area passed for the city's.

-- The city's administrator keeps webhooks of every unit; one of a district does not.
create or replace function cityward_administers() returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select cityward_keeps_people()
$$;

-- The record is one chain over the whole city, and so are its readers.
create or replace function cityward_audits() returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from role_grant join person using (person_id)
        where person_id = cityward_person() and disabled_at is null
            and role in ('administrator', 'auditor')
            and district_id is null and area_id is null and valid @> now())
$$;

-- Old failures are looked for at every try.
create index sign_in_failure_last_at_idx on sign_in_failure (last_at);

-- What the organisation's own sign-in calls somebody: an administrator says so, and only then is
-- an identity there linked to the person.
alter table person
    add column oidc_login text,
    add constraint person_oidc_login_once unique (oidc_login),
    add constraint person_oidc_login_form check (oidc_login <> '');

-- An order goes to units where its issuer has the role: a district's leader orders its own units.
create function cityward_orders_unit(of_unit integer) returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from role_grant g
        join person p using (person_id)
        join unit u on u.unit_id = of_unit
        where p.person_id = cityward_person() and p.disabled_at is null
            and g.role in ('dispatcher', 'duty_chief', 'leader')
            and g.area_id is null and g.valid @> now()
            and (g.district_id is null or g.district_id = u.district_id))
$$;
drop policy task_order_unit_issue on task_order_unit;
create policy task_order_unit_issue on task_order_unit for insert to cityward_service
    with check (cityward_issued_order(order_id) and cityward_orders_unit(unit_id));

-- An export is approved or refused, by a data officer of the city who did not ask for it.
alter table export_request
    add column refused_by   integer,
    add column refused_at   timestamptz,
    add column refused_for  text,
    add constraint export_request_refuser_fk foreign key (refused_by) references person (person_id),
    add constraint export_request_refused check (num_nulls(refused_by, refused_at, refused_for) in (0, 3)),
    add constraint export_request_refused_for check (refused_for <> ''),
    add constraint export_request_one_decision check (approved_by is null or refused_by is null),
    add constraint export_request_two_people_refuse check (refused_by <> requested_by);
create function cityward_releases() returns boolean
language sql stable security definer set search_path = public, pg_temp as $$
    select exists (select from role_grant join person using (person_id)
        where person_id = cityward_person() and disabled_at is null and role = 'data_officer'
            and district_id is null and area_id is null and valid @> now())
$$;
drop policy export_request_ask on export_request;
create policy export_request_ask on export_request for insert to cityward_service
    with check (requested_by = cityward_person() and approved_by is null and refused_by is null);
drop policy export_request_approve on export_request;
create policy export_request_decide on export_request for update to cityward_service
    using (cityward_releases() and approved_by is null and refused_by is null)
    with check (cityward_person() in (approved_by, refused_by));
grant update (refused_by, refused_at, refused_for) on export_request to cityward_service;
