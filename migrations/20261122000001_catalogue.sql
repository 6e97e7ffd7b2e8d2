-- What can be broken, and who answers for it.

create extension if not exists postgis;
create extension if not exists btree_gist;

create type class_kind as enum ('component', 'matter');

-- One row per class the city distinguishes. The code is stable across editions of the
-- standard; the numbers an edition gives it are in class_code.
create table class (
    code        text not null,
    kind        class_kind not null,
    name_zh     text not null,
    name_en     text not null,
    constraint class_pk primary key (code),
    -- C/M: component or matter of GB/T 47678.5-2026; P/E: component or event that only
    -- GB/T 30428.2-2013 knows.
    constraint class_code_form check (code ~ '^([CM][0-9]{5}|[PE][0-9]{4})$')
);
comment on table class is 'Classes of components (部件) and matters (管理事项, formerly 事件)';

create table class_code (
    edition     text not null,
    kind        class_kind not null,
    number      text not null,
    class_code  text not null,
    name_zh     text not null,
    mark        text not null,
    constraint class_code_pk primary key (edition, kind, number),
    constraint class_code_class_fk foreign key (class_code) references class (code),
    constraint class_code_edition_form check (edition in ('2013', '2026')),
    constraint class_code_mark check (mark in ('seen', 'inferred', 'unknown name', 'proposed, no source'))
);
comment on table class_code is 'The number each edition of the national standard gives a class';
comment on column class_code.mark is 'How well the number is attested: seen at a source, inferred, or name unknown';

-- How a machine sighting of this class becomes a case.
create table sighting_rule (
    class_code        text not null,
    -- component classes such a sighting can be pinned to; empty: never snapped
    snap_classes      text[] not null default '{}',
    join_radius_m     double precision not null,
    join_window_s     integer not null,
    confirm_frames    smallint not null,
    confirm_of        smallint not null,
    confidence_min    real not null,
    constraint sighting_rule_pk primary key (class_code),
    constraint sighting_rule_class_fk foreign key (class_code) references class (code),
    constraint sighting_rule_radius check (join_radius_m > 0 and join_radius_m <= 500),
    constraint sighting_rule_window check (join_window_s > 0),
    constraint sighting_rule_confirm check (confirm_frames between 1 and confirm_of and confirm_of <= 64),
    constraint sighting_rule_confidence check (confidence_min > 0 and confidence_min <= 1)
);

create table unit (
    unit_id      integer generated always as identity,
    credit_code  text not null,
    name_zh      text not null,
    name_en      text not null,
    valid        tstzrange not null default tstzrange(now(), null),
    constraint unit_pk primary key (unit_id),
    constraint unit_credit_code_form check (credit_code ~ '^[0-9A-HJ-NPQRTUWXY]{18}$'),
    constraint unit_credit_code_once exclude using gist (credit_code with =, valid with &&)
);
comment on table unit is 'Responsible units (责任单位)';
comment on column unit.credit_code is 'Unified social credit code, GB 32100-2015';
