-- Who there is: districts, organisations, people and what they may do. Articles 3, 4, 8, 10.

-- Article 8 (2): a district shares the city's system or runs its own.
create type district_mode as enum ('shared', 'own_system');

create table district (
    district_id    integer generated always as identity,
    -- GB/T 2260; cells whose code begins with it lie in the district
    division_code  text not null,
    name_zh        text not null,
    name_en        text not null,
    mode           district_mode not null default 'shared',
    constraint district_pk primary key (district_id),
    constraint district_division_once unique (division_code),
    constraint district_division_form check (division_code ~ '^[0-9]{6}$')
);
comment on table district is 'Districts (市、区)';

create type unit_kind as enum
    ('city_centre', 'district_centre', 'committee', 'department', 'responsible', 'collection', 'crew');

alter table unit
    add column kind           unit_kind not null default 'responsible',
    -- null: a unit of the city
    add column district_id    integer,
    -- the city department (主管部门) of the unit's sector
    add column department_id  integer,
    add column contact_name   text not null default '',
    add column contact_phone  text not null default '',
    add column duties         text not null default '',
    add constraint unit_district_fk foreign key (district_id) references district (district_id),
    add constraint unit_department_fk foreign key (department_id) references unit (unit_id),
    add constraint unit_valid check (not isempty(valid)),
    -- Article 4: one city centre, one centre a district
    add constraint unit_one_city_centre exclude using gist (kind with =, valid with &&)
        where (kind = 'city_centre'),
    add constraint unit_one_district_centre exclude using gist (district_id with =, valid with &&)
        where (kind = 'district_centre'),
    add constraint unit_district_centre_has_district check (kind <> 'district_centre' or district_id is not null);

create type role as enum
    ('collector', 'operator', 'duty_chief', 'dispatcher', 'unit_manager', 'unit_worker',
     'district_dispatcher', 'checker', 'planner', 'data_officer', 'evaluator', 'leader',
     'committee', 'administrator', 'auditor');

-- A person has a role for a unit, in a district and an area, for a time.
create table role_grant (
    grant_id     integer generated always as identity,
    person_id    integer not null,
    role         role not null,
    -- whom they act for; units' roles need one
    unit_id      integer,
    -- null: the whole city
    district_id  integer,
    -- null: no narrower than the district
    area_id      integer,
    valid        tstzrange not null default tstzrange(now(), null),
    granted_by   integer,
    constraint role_grant_pk primary key (grant_id),
    constraint role_grant_person_fk foreign key (person_id) references person (person_id),
    constraint role_grant_unit_fk foreign key (unit_id) references unit (unit_id),
    constraint role_grant_district_fk foreign key (district_id) references district (district_id),
    constraint role_grant_area_fk foreign key (area_id) references area (area_id),
    constraint role_grant_granted_by_fk foreign key (granted_by) references person (person_id),
    constraint role_grant_valid check (not isempty(valid)),
    constraint role_grant_of_unit check (role not in ('unit_manager', 'unit_worker') or unit_id is not null),
    constraint role_grant_of_district check (role <> 'district_dispatcher' or district_id is not null),
    constraint role_grant_once exclude using gist (person_id with =, role with =,
        coalesce(unit_id, 0) with =, coalesce(district_id, 0) with =, coalesce(area_id, 0) with =,
        valid with &&)
);
create index role_grant_person_idx on role_grant (person_id);

-- What a person may do at a moment, as the program reads it.
create function grants_at(of_person integer, moment timestamptz) returns jsonb
language sql stable as $$
    select coalesce(jsonb_agg(jsonb_build_object('role', role, 'unit_id', unit_id,
        'district_id', district_id, 'area_id', area_id) order by grant_id), '[]')
    from role_grant where person_id = of_person and valid @> moment
$$;
